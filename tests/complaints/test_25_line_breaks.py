"""Complaint 25: line breaks in addresses and notes are mangled differently by each client. They come through, however
a phone writes them and however it wants them: quoted-printable with soft breaks, folded, escaped, or bare.
"""

from __future__ import annotations

from typing import Dict, Tuple

import pytest
from hub import Handset, Hub, change, items, put
from samples import CARD, NOTES

from minisyncml.content.form import Form
from minisyncml.content.formats import convert, hub
from minisyncml.content.notes import text_of
from minisyncml.profile import find

EMPTY: "Dict[str, Tuple[str, ...]]" = {"contacts": (), "calendar": (), "tasks": (), "notes": ()}
PROFILES = ("nokia-s60", "nokia-s40", "nokia-7210c", "sony-ericsson-w595", "siemens-sx1", "uiq-p900", "synthesis",
            "syncevolution", "funambol")
STREET, NOTE = "Line one\nLine two, and more", "First = line\n\nthird; with ä and a long tail " + "x" * 120 + "\nlast ="
PLAIN = NOTE.replace("\n", "\\n").replace(";", "\\;")
CARDS = {
    "quoted": "ADR;HOME;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:;;Line one=0D=0ALine two, and more;Town;;;\r\n"
              "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:First =3D line=0D=0A=0D=0Athird; with =\r\n"
              "=C3=A4 and a long tail " + "x" * 40 + "=\r\n" + "x" * 80 + "=0D=0A=\r\nlast =3D\r\n",
    "quoted LF": "ADR;HOME;ENCODING=QUOTED-PRINTABLE:;;Line one=0ALine two, and more;Town;;;\r\n"
                 "NOTE;QUOTED-PRINTABLE;CHARSET=UTF-8:First =3D line=0A=0Athird; with =C3=A4 and a long tail "
                 + "x" * 120 + "=0Alast =3D\r\n",
    "latin": "ADR;HOME;ENCODING=QUOTED-PRINTABLE:;;Line one=0D=0ALine two, and more;Town;;;\r\n"
             "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:First =3D line=0D=0A=0D=0Athird; with =E4 and a =\r\n"
             "long tail " + "x" * 120 + "=0D=0Alast =3D\r\n",
}
NEW = {
    "escaped": f"ADR;TYPE=HOME:;;Line one\\nLine two\\, and more;Town;;;\r\nNOTE:{PLAIN}\r\n",
    "folded": f"ADR;TYPE=HOME:;;Line one\\nLine\r\n  two\\, and more;Town;;;\r\nNOTE:{PLAIN[:40]}\r\n {PLAIN[40:]}\r\n",
    "tabs": f"ADR;TYPE=HOME:;;Line one\\NLine two\\, and more;Town;;;\r\nNOTE:{PLAIN[:13]}\r\n\t{PLAIN[13:]}\r\n",
}
BODIES = {name: f"BEGIN:VCARD\r\nVERSION:{version}\r\nN:Doe;Joan\r\nFN:Joan Doe\r\n{inner}END:VCARD\r\n"
          for version, found in (("2.1", CARDS), ("3.0", NEW)) for name, inner in found.items()}


def values(body: bytes) -> "dict[str, str]":
    """Address and note of a card in the hub's words; its escape for a line break may be in capitals."""
    return {each.name: each.value.rstrip(";").replace("\\N", "\\n")
            for each in hub(body, "text/x-vcard")[1] if each.name in ("ADR", "NOTE")}


@pytest.mark.parametrize("how", BODIES)
@pytest.mark.parametrize("eol", ["\r\n", "\n"])
def test_however_a_phone_writes_them_we_read_them(how: str, eol: str) -> None:
    there, phone = Hub(dict(EMPTY)), Handset(find(user="nokia-s60"))
    put(phone.stores[phone.name("contacts")], BODIES[how].replace("\r\n", eol))
    phone.fine(there)
    [body] = there.bodies("contacts")
    assert values(body) == {"ADR": ";;Line one\\nLine two\\, and more;Town", "NOTE": PLAIN}
    assert phone.quiet(there)


@pytest.mark.parametrize("name", PROFILES)
def test_however_a_phone_wants_them_it_gets_them(name: str) -> None:
    there, phone = Hub({**EMPTY, "contacts": (CARD,), "notes": NOTES}), Handset(find(user=name))
    phone.fine(there)
    there.edit("contacts", "Back door", "Front door\\nring twice")
    phone.fine(there)
    for item in phone.items("contacts"):
        found = values(item.body)
        if "ADR" in found:      # some phones have one line for it
            assert "12 St James's Square\\nFront door\\nring twice" in found["ADR"].replace("\\,", ",")
        if "NOTE" in found:
            assert found["NOTE"] == "First line\\nsecond\\; with umlauts äöü and an = at the end="
    if "notes" in {store.kind for store in phone.profile.stores}:
        [note] = phone.items("notes")
        assert text_of(hub(note.body, note.type)[1]) == NOTES[0].replace("\r\n", "\n")
    assert phone.quiet(there)


@pytest.mark.parametrize("name", PROFILES)
def test_an_edit_of_something_else_leaves_them_alone(name: str) -> None:
    there, phone = Hub({**EMPTY, "contacts": (CARD,)}), Handset(find(user=name))
    before = values(CARD.encode())
    phone.fine(there)
    [item] = phone.items("contacts")
    assert b"Lovelace" in item.body
    change(phone.stores[phone.name("contacts")], item, item.body.replace(b"Lovelace", b"Byron"))
    phone.fine(there)
    [body] = there.bodies("contacts")
    assert b"Byron" in body and values(body) == before
    assert phone.quiet(there)


@pytest.mark.parametrize("type", ["text/plain", "text/x-vnote", "text/x-s4j-sifn", "text/calendar"])
@pytest.mark.parametrize("eol", ["\r\n", "\n", "\r"])
def test_notes_keep_theirs_in_every_form(type: str, eol: str) -> None:
    text = NOTE.replace("\n", eol).encode()
    body = convert(text, "text/plain", Form(type))
    assert convert(body, type, Form("text/plain", crlf=False)).decode() == NOTE


def test_a_phone_with_bare_line_feeds_keeps_them_to_itself() -> None:
    there, phone = Hub({**EMPTY, "notes": NOTES}), Handset(find(user="nokia-s60")._replace(eol="lf"))
    phone.fine(there)
    [note] = items(phone.stores[phone.name("notes")])
    assert note.body.count(b"\n") == 3
    assert there.bodies("notes") == [NOTES[0].encode()] and phone.quiet(there)
