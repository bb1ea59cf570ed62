"""Views of notes, of SIF, of bookmarks, and of what nobody can take apart."""

from __future__ import annotations

import pytest

from minisyncml.content.form import Cap, Form
from minisyncml.content.view import View
from minisyncml.errors import ItemError

TEXT, VNOTE = Form("text/plain", "1.0"), Form("text/x-vnote", "1.1")
NOTE = "Shopping\nmilk, bread\nand more\n".encode()
PHOTO = b"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
CARD = (b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1-2-3\r\nN:Lovelace;Ada\r\nFN:Ada Lovelace\r\nTEL;TYPE=CELL:123\r\n"
        b"X-OWN:kept\r\nNOTE:one\\ntwo\r\nPHOTO;ENCODING=b;TYPE=GIF:" + PHOTO + b"\r\nEND:VCARD\r\n")


def edited(body: bytes, old: bytes, new: bytes) -> bytes:
    assert old in body, old
    return body.replace(old, new)


@pytest.mark.parametrize("peer", [TEXT, VNOTE, Form("text/calendar", "2.0"), Form("text/x-s4j-sifn", "1.0")])
def test_a_note_comes_back_as_it_was(peer: Form) -> None:
    view = View(peer, TEXT)
    type, body = view.sent("text/plain", NOTE)
    assert type == peer.type
    assert view.updated("text/plain", NOTE, b"", type, body) == NOTE
    assert view.updated("text/plain", NOTE, view.shadow(type, body), type, body) == NOTE
    made = view.updated("text/plain", NOTE, view.shadow(type, body), type, edited(body, b"and more", b"and tea"))
    assert made.replace(b"\r\n", b"\n").strip() == b"Shopping\nmilk, bread\nand tea"
    assert view.merged("text/plain", edited(NOTE, b"milk", b"wine"), view.shadow(type, body), type,
                       edited(body, b"and more", b"and tea")) is None


def test_what_only_the_note_of_a_phone_says_comes_back_to_it() -> None:
    theirs = (b"BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY:Shopping\r\nCATEGORIES:Home\r\nX-PHONE:1\r\nEND:VNOTE\r\n")
    view = View(VNOTE, TEXT)
    type, stored = view.stored("text/x-vnote", theirs)
    assert (type, stored.strip()) == ("text/plain", b"Shopping")
    body = view.sent("text/plain", b"Shopping today", view.shadow("text/x-vnote", theirs))[1]
    assert b"BODY:Shopping today" in body and b"CATEGORIES:Home" in body and b"X-PHONE:1" in body
    assert view.updated("text/plain", stored, view.shadow("text/x-vnote", theirs), "text/x-vnote", theirs) == stored
    assert b"CATEGORIES" not in view.sent("text/plain", b"Shopping today")[1]


def test_a_note_that_is_too_long_for_the_phone_keeps_its_end() -> None:
    note = b"Title\n" + b"word " * 50 + b"end"
    view = View(VNOTE._replace(limits=(Cap("DESCRIPTION", size=60),)), TEXT)
    type, body = view.sent("text/plain", note)
    assert b"end" not in body
    made = view.updated("text/plain", note, b"", type, edited(body, b"word word word", b"word tree word"))
    assert made.startswith(b"Title") and b"tree" in made and made.endswith(b"end")


def test_sif_contacts() -> None:
    view = View(Form("text/x-s4j-sifc", "1.0"), Form("text/vcard", "3.0"))
    type, body = view.sent("text/vcard", CARD)
    shadow = view.shadow(type, body)
    assert PHOTO in body and PHOTO not in shadow
    assert view.updated("text/vcard", CARD, shadow, type, body) == CARD
    assert view.updated("text/vcard", CARD, shadow, type, edited(body, b"123", b"456")) == edited(CARD, b"123", b"456")


def test_opaque_items_go_as_they_are() -> None:
    view = View(Form(), Form())
    png = b"\x89PNG\n\n"
    assert view.sent("image/png", png) == ("image/png", png)
    assert view.stored("image/png", png) == ("image/png", png)
    assert view.updated("image/png", png, b"", "image/png", png + b"1") == png + b"1"
    assert view.same("image/png", png, "image/png", png) and not view.same("image/png", png, "image/png", b"")
    assert view.shadow("image/png", png) == b""
    assert view.merged("image/png", png, b"", "image/png", png) == png
    assert view.merged("image/png", png, png, "image/png", b"1") == b"1"
    assert view.merged("image/png", b"2", png, "image/png", b"1") is None


def test_bombs() -> None:
    """As many numbers and categories as an item may have, all of them changed, cost no more than reading them does."""
    head, foot = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;b\r\nFN:b a\r\n", "END:VCARD\r\n"
    view = View(Form(), Form())

    def card(line: str, start: int) -> bytes:
        return (head + "".join(line.format(at) for at in range(start, start + 3_000)) + foot).encode()

    for line in ("TEL:{}00\r\n", "TEL;TYPE=X{}:1\r\n", "X-{}:1\r\n", "NOTE:{}\r\n"):
        mine, theirs = card(line, 1), card(line, 20_001)
        assert view.updated("text/vcard", mine, mine, "text/vcard", theirs).count(b"\r\n") == 3_005
        assert view.merged("text/vcard", mine, b"", "text/vcard", theirs)
    parts = [f"{head}CATEGORIES:{','.join(map(str, range(at, at + 3_000)))}\r\n{foot}".encode() for at in (0, 30_000)]
    assert len(view.updated("text/vcard", parts[0], parts[0], "text/vcard", parts[1])) > 15_000
    with pytest.raises(ItemError):
        view.updated("text/vcard", CARD, b"", "text/vcard", b"BEGIN:VCARD\r\n" + b"A:1\r\n" * 30_000)


@pytest.mark.parametrize("peer", [Form("text/plain"), Form("text/x-vnote", "1.1"), Form("text/x-s4j-sifn")],
                         ids=lambda peer: peer.type)
@pytest.mark.parametrize("inner", [
    "DESCRIPTION:marker\r\n", "SUMMARY:marker\r\nDESCRIPTION:marker\r\n", "SUMMARY:marker\r\n",
    "SUMMARY:a\r\nDESCRIPTION:marker\r\n", "DESCRIPTION:a\\nmarker\r\n",
])
def test_an_edit_leaves_nothing_of_the_old_text(inner: str, peer: Form) -> None:
    """A peer has one text; here the same stands as a title, as a text, or as both."""
    mine = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VJOURNAL\r\nCLASS:PRIVATE\r\n" + inner
            + "END:VJOURNAL\r\nEND:VCALENDAR\r\n").encode()
    view = View(peer, Form("text/calendar", "2.0"))
    type, sent = view.sent("text/calendar", mine)
    theirs = sent.replace(b"marker", b"edited")
    for edited in (view.updated("text/calendar", mine, sent, type, theirs),
                   view.merged("text/calendar", mine, sent, type, theirs)):
        assert edited is not None and b"marker" not in edited and b"CLASS:PRIVATE\r\n" in edited
        assert view.sent("text/calendar", edited) == (type, theirs.replace(b"SUMMARY:\r\n", b"")), "it has a title now"
