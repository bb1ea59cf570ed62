"""What a peer sees of our items, and what its edits do to them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content.fields import groups, units
from minisyncml.content.form import ALL, Cap, Form
from minisyncml.content.formats import hub
from minisyncml.content.view import View
from minisyncml.errors import ItemError

OLD, NEW = Form("text/x-vcard", "2.1"), Form("text/vcard", "3.0")
CARD = b"""BEGIN:VCARD
VERSION:3.0
UID:5a1e9c1e-77aa-4f4d-8e0b-0d5a5b0f1c11
N:Lovelace;Ada;Augusta;Countess;
FN:Ada Lovelace
TEL;TYPE=CELL,VOICE,PREF:+44 20 123-456
TEL;TYPE=HOME:020 789
item1.EMAIL;TYPE=INTERNET,HOME:ada@example.com
item1.X-ABLabel:private
ORG:Analytical;Engines
ADR;TYPE=HOME:;;12 St James's Square\\nFlat 2;London;;SW1Y;UK
CATEGORIES:Friends,Maths
NOTE:Line one\\nLine two\\, more text
X-SECRET:keep me
BDAY:1815-12-10
PHOTO;ENCODING=b;TYPE=JPEG:AAECAwQ=
REV:20200101T000000Z
END:VCARD
""".replace(b"\n", b"\r\n")


def phone(*names: str, **more: object) -> View:
    """A phone that keeps these properties alone."""
    return View(OLD._replace(caps=tuple(map(Cap, names)), **more), NEW)  # type: ignore[arg-type]


def said(body: bytes, type: str = "text/vcard") -> "dict[tuple[str, str], set[object]]":
    return {key: {(unit.value, unit.types) for unit in found}
            for key, found in groups(units(hub(body, type)[1])).items()}


def edited(body: bytes, *pairs: "tuple[bytes, bytes]") -> bytes:
    for old, new in pairs:
        assert old in body
        body = body.replace(old, new)
    return body


# -- out

def test_an_item_in_the_form_of_the_peer_goes_as_it_is() -> None:
    assert View(NEW, NEW).sent("text/vcard", CARD) == ("text/vcard", CARD)
    assert View(Form(), NEW).sent("text/vcard", CARD) == ("text/vcard", CARD)
    everything = tuple(Cap(name) for name in "N FN TEL EMAIL ORG ADR CATEGORIES NOTE X-* BDAY PHOTO REV".split())
    assert View(NEW._replace(caps=everything), NEW).sent("text/vcard", CARD) == ("text/vcard", CARD)


def test_bare_line_feeds_become_crlf() -> None:
    bare = CARD.replace(b"\r\n", b"\n")
    assert View(NEW, NEW).sent("text/vcard", bare) == ("text/vcard", CARD)
    assert View(NEW._replace(crlf=False), NEW).sent("text/vcard", bare)[1].count(b"\r") == 0


def test_another_format() -> None:
    type, body = View(OLD, NEW).sent("text/vcard", CARD)
    assert type == "text/x-vcard" and b"VERSION:2.1" in body and b"X-MINISYNCML" not in body
    assert said(body, type) == said(CARD)


def test_what_is_kept_aside_for_other_peers_does_not_go_out() -> None:
    kept = CARD.replace(b"REV:", b"X-MINISYNCML-KEPT:4.0/alone GENDER:F\r\nREV:")
    for view in (View(OLD, NEW), phone("N", "X-*"), phone("N")):
        assert b"GENDER" not in view.sent("text/vcard", kept)[1]


def test_another_family_is_refused() -> None:
    with pytest.raises(ItemError) as error:
        View(Form("text/x-vcalendar", "1.0"), NEW).sent("text/vcard", CARD)
    assert error.value.status == 415
    with pytest.raises(ItemError) as error:
        View(OLD, Form("text/calendar", "2.0")).stored("text/x-vcard", CARD)
    assert error.value.status == 415
    with pytest.raises(ItemError) as error:
        View(OLD, NEW).stored("image/png", b"\x89PNG")
    assert error.value.status == 415


def test_what_the_peer_does_not_keep_is_not_sent() -> None:
    body = phone("N", "TEL", "NOTE").sent("text/vcard", CARD)[1]
    assert set(name for _, name in said(body, "text/x-vcard")) == {"N", "FN", "TEL", "NOTE"}
    assert b"UID:" in body


@pytest.mark.parametrize("cap, left", [
    (Cap("TEL", most=1), {"+4420123456"}),
    (Cap("TEL", size=8), {"020789"}),
    (Cap("TEL"), {"+4420123456", "020789"}),
])
def test_numbers_are_whole_or_not_sent(cap: Cap, left: "set[str]") -> None:
    body = View(OLD._replace(limits=(cap,)), NEW).sent("text/vcard", CARD)[1]
    assert {value for value, _ in said(body, "text/x-vcard")["", "TEL"]} == left


def test_the_preferred_ones_are_kept() -> None:
    card = CARD.replace(b"TEL;TYPE=HOME:", b"TEL;TYPE=HOME,PREF:").replace(b"VOICE,PREF", b"VOICE")
    body = View(OLD._replace(limits=(Cap("TEL", most=1),)), NEW).sent("text/vcard", card)[1]
    assert b"020 789" in body and b"+44" not in body


def test_long_values_are_cut_at_a_character() -> None:
    card = CARD.replace(b"Line one\\nLine", "äöü\\n日本".encode())
    body = View(OLD._replace(limits=(Cap("NOTE", size=5), Cap("N", size=10))), NEW).sent("text/vcard", card)[1]
    found = said(body, "text/x-vcard")
    assert {value for value, _ in found["", "NOTE"]} == {"äöü\n日"}
    assert {value for value, _ in found["", "N"]} == {"Lovelace\x1fA"}
    whole = View(OLD._replace(limits=(Cap("NOTE", size=5, whole=True),)), NEW).sent("text/vcard", card)[1]
    assert b"NOTE" not in whole


def test_values_and_types_that_the_peer_does_not_know() -> None:
    caps = (Cap("N"), Cap("CLASS", values=("PRIVATE",)), Cap("TEL", types=("CELL", "HOME")))
    card = CARD.replace(b"REV:", b"CLASS:CONFIDENTIAL\r\nREV:").replace(b"CELL,", b"CELL,X-OWN,")
    body = View(OLD._replace(caps=caps), NEW).sent("text/vcard", card)[1]
    assert b"CLASS" not in body and b"X-OWN" not in body and b"TEL;CELL:" in body


def test_habits() -> None:
    form = OLD._replace(strip=("X-SECRET",), empty=False, internet=True, prefix="X-", photo=3)
    card = CARD.replace(b"REV:", b"TITLE:\r\nREV:").replace(b"INTERNET,", b"")
    body = View(form, NEW).sent("text/vcard", card)[1]
    assert b"X-SECRET" not in body and b"TITLE" not in body and b"PHOTO" not in body
    assert b"EMAIL;INTERNET;HOME:" in body and b"CATEGORIES:X-Friends,X-Maths" in body
    assert View(form, NEW).updated("text/vcard", card, b"", "text/x-vcard", body) == card
    more = edited(body, (b"X-Maths", b"X-Poetry"))
    assert b"CATEGORIES:Friends,Poetry\r\n" in View(form, NEW).updated("text/vcard", card, b"", "text/x-vcard", more)


# -- in

def test_a_new_item_is_stored_in_our_form() -> None:
    body = View(OLD, NEW).sent("text/vcard", CARD)[1]
    type, stored = View(OLD, NEW).stored("text/x-vcard", body)
    assert type == "text/vcard" and said(stored) == said(CARD)
    assert View(OLD, Form()).stored("text/x-vcard", body) == ("text/x-vcard", body)
    with pytest.raises(ItemError):
        View(OLD, NEW).stored("text/x-vcard", b"BEGIN:VCALENDAR\r\n")


def test_an_item_that_was_only_written_anew_is_no_change() -> None:
    for view in (View(OLD, NEW), View(NEW, NEW), phone("N", "TEL")):
        type, body = view.sent("text/vcard", CARD)
        assert view.updated("text/vcard", CARD, b"", type, body) == CARD
        assert view.updated("text/vcard", CARD, view.shadow(type, body), type, body) == CARD
        lines = body.split(b"\r\n")
        other = b"\n".join([*lines[:2], *(line for line in lines[2:-2] if line[:2] not in (b"UI", b"RE")), *lines[-2:]])
        assert view.updated("text/vcard", CARD, b"", type, other) == CARD
        assert view.same("text/vcard", CARD, type, other)


@pytest.mark.parametrize("old, new", [
    (b"BDAY:18151210", b"BDAY:1815-12-10"), (b"TEL;HOME:020 789", b"TEL;HOME:020789"),
    (b"TEL;CELL;VOICE;PREF", b"TEL;PREF;CELL"), (b"TEL;HOME", b"TEL;home;VOICE"), (b"TEL;HOME:", b"TEL:"),
    (b"ORG:Analytical;Engines", b"ORG:Analytical;Engines;;"), (b"=0D=0ALine", b"=0ALine"), (b"=0D=0ALine", b"=0DLine"),
    (b"=0D=0ALine", b"&#xD;=0ALine"), (b"more text", b"more text   "), (b"20200101", b"20210101"),
    (b"CATEGORIES:Friends,Maths", b"CATEGORIES:Maths\r\nCATEGORIES:Friends"), (b"+44 20 123-456", b"4420123456"),
    (b"UID:5a1e9c1e-77aa-4f4d-8e0b-0d5a5b0f1c11\r\n", b"UID:7\r\n"), (b"X-SECRET:keep me\r\n", b""),
    (b"PHOTO;JPEG;ENCODING=BASE64:\r\n AAECAwQ=\r\n\r\n", b""), (b"REV:", b"CLASS:PUBLIC\r\nREV:"),
    (b"PHOTO;JPEG;ENCODING=BASE64:\r\n AAECAwQ=\r\n\r\n", b"PHOTO;ENCODING=BASE64;JPEG:AAECAwQ\r\n\r\n"),
])
def test_what_programs_do_on_the_way_is_no_change(old: bytes, new: bytes) -> None:
    view = View(OLD, NEW)
    type, body = view.sent("text/vcard", CARD)
    assert view.updated("text/vcard", CARD, view.shadow(type, body), type, edited(body, (old, new))) == CARD


def test_an_edit_changes_one_line() -> None:
    view = View(OLD, NEW)
    type, body = view.sent("text/vcard", CARD)
    for old, new, line, wanted in (
            (b"020 789", b"020 790", b"TEL;TYPE=HOME:020 789", b"TEL;TYPE=HOME:020 790"),
            (b"ada@", b"eda@", b"ada@", b"eda@"),
            (b"Friends,", b"", b"Friends,", b""),
            (b"CATEGORIES:Friends", b"CATEGORIES:Work,Friends", b"Maths", b"Maths,Work"),
            (b"TEL;HOME", b"TEL;WORK", b"TEL;TYPE=HOME", b"TEL;TYPE=WORK"),
            (b"BDAY:1815", b"BDAY:1816", b"BDAY:1815-12-10", b"BDAY:1816-12-10"),
            (b"TEL;HOME:020 789\r\n", b"", b"TEL;TYPE=HOME:020 789\r\n", b""),
            (b"Engines", b"Engine", b"Engines", b"Engine"),
            (b"REV:2020", b"TITLE:Dr\r\nREV:2021", b"REV:20200101T000000Z\r\n",
             b"REV:2021-01-01T00:00:00Z\r\nTITLE:Dr\r\n"),
            (b"Lovelace;Ada", b"Byron;Ada", b"Lovelace", b"Byron")):
        theirs = edited(body, (old, new)).replace(b"FN:Ada Byron", b"FN:Ada Lovelace")
        made = view.updated("text/vcard", CARD, view.shadow(type, body), type, theirs)
        assert made == edited(CARD, (line, wanted)), new


@pytest.mark.parametrize("other", [b"TEL;HOME:020789", b"TEL;HOME:44789"], ids=["as ours", "without its plus as well"])
def test_a_number_is_found_again_in_a_phone_with_an_order_of_its_own(other: bytes) -> None:
    """It lost the plus of ours, and has another number first."""
    view, body = View(OLD, NEW), b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A\r\n%b\r\n%b\r\nEND:VCARD\r\n"
    mine = b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:A\r\nTEL;TYPE=CELL:+4420123\r\nTEL;TYPE=HOME:%b\r\nEND:VCARD\r\n" % (
        b"020789" if b"020" in other else b"+44789")
    changed = body % (other, b"TEL;WORK:020555")
    made = view.updated("text/vcard", mine, body % (other, b"TEL;CELL:4420123"), "text/x-vcard", changed)
    assert {unit.value for unit in units(hub(made, "text/vcard")[1]) if unit.name == "TEL"} == {
        "020555", "020789" if b"020" in other else "+44789"}


def test_fields_that_the_peer_never_had_survive() -> None:
    view = phone("N", "TEL")
    type, body = view.sent("text/vcard", CARD)
    theirs = edited(body, (b"020 789", b"030"))
    assert view.updated("text/vcard", CARD, b"", type, theirs) == edited(CARD, (b"020 789", b"030"))


def test_the_tail_that_was_cut_off_stays() -> None:
    view = View(OLD._replace(limits=(Cap("NOTE", size=10), Cap("ORG", size=10))), NEW)
    type, body = view.sent("text/vcard", CARD)
    theirs = edited(body, (b"Line one", b"Row one"), (b"ORG:Analytical", b"ORG:Difference"))
    made = view.updated("text/vcard", CARD, view.shadow(type, body), type, theirs)
    assert made == edited(CARD, (b"Line one", b"Row one"), (b"ORG:Analytical", b"ORG:Difference"))


def test_a_phone_that_cuts_more_than_it_says_does_not_cut_ours() -> None:
    """What is known of a Nokia 7210c: a note of about 80 characters with other blanks, one address in one line, types
    of addresses lost, digits only and PREF added, the first part of a company alone; other properties lost."""
    long = b"A note that is long enough to be cut somewhere near the end of eighty characters, and has more"
    card = edited(CARD, (b"Line one\\nLine two\\, more text", long),
                  (b"REV:", b"ADR;TYPE=WORK:;;Else 1;Paris\r\nNICKNAME:Enchantress\r\nROLE:Author\r\nREV:"))
    view = View(OLD._replace(
        caps=tuple(map(Cap, ("N", "TEL", "EMAIL", "ADR", "ORG", "NOTE", "BDAY"))),
        limits=(Cap("NOTE", size=80), Cap("ADR", most=1), Cap("EMAIL", most=3), Cap("TEL", most=5),
                Cap("ORG", most=1))), NEW)
    type, body = view.sent("text/vcard", card)
    theirs = (b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada;Augusta;Countess\r\nTEL;PREF;CELL:4420123456\r\n"
              b"TEL;HOME:020789\r\nEMAIL:ada@example.com\r\nORG:Analytical\r\nBDAY:18151210\r\n"
              b"ADR:;;12 St James's Square Flat 2 London SW1Y UK\r\n"
              b"NOTE:A note that is long  enough to be cut somewhere near the end of eighty char\r\nEND:VCARD\r\n")
    shadow = view.shadow(type, body)
    assert view.same("text/vcard", card, type, theirs)
    assert view.updated("text/vcard", card, shadow, type, theirs) == card
    edit = edited(theirs, (b"020789", b"020790"), (b"Analytical", b"Difference"))
    made = view.updated("text/vcard", card, shadow, type, edit)
    assert made == edited(card, (b"020 789", b"020790"), (b"ORG:Analytical", b"ORG:Difference"))
    again = view.updated("text/vcard", made, view.shadow(type, edit), type, edited(edit, (b"020790", b"5")))
    assert again == edited(made, (b"020790", b"5"))


def test_what_is_missing_was_lost_unless_the_peer_says_that_it_keeps_it() -> None:
    silent, telling, alike = View(OLD, NEW), phone("N", "FN", "TEL", "CATEGORIES"), View(Form(), NEW)
    for view, lost in ((silent, False), (telling, True), (alike, True), (View(OLD._replace(caps=ALL), NEW), True)):
        type, body = view.sent("text/vcard", CARD)
        theirs = edited(body, (b"CATEGORIES:Friends,Maths\r\n", b""))
        made = view.updated("text/vcard", CARD, view.shadow(type, body), type, theirs)
        assert made == (edited(CARD, (b"CATEGORIES:Friends,Maths\r\n", b"")) if lost else CARD)
    type, body = silent.sent("text/vcard", CARD)
    theirs = edited(body, (b"Friends,", b""), (b"TEL;HOME:020 789\r\n", b""),
                    (b"item1.EMAIL;INTERNET;HOME:ada@example.com\r\n", b""))
    made = silent.updated("text/vcard", CARD, silent.shadow(type, body), type, theirs)
    assert b"CATEGORIES:Maths\r\n" in made and b"020 789" not in made and b"EMAIL" not in made


def test_a_phone_keeps_what_it_sends_whatever_it_says() -> None:
    view = phone("N", "TEL")
    theirs = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada\r\nTEL:1\r\nX-LIST:own\r\nEND:VCARD\r\n"
    type, mine = view.stored("text/x-vcard", theirs)
    assert view.same(type, mine, "text/x-vcard", theirs)
    shadow = view.shadow("text/x-vcard", theirs)
    more = edited(mine, (b"TEL:1", b"TEL:2\r\nNOTE:ours"))
    body = view.sent(type, more, shadow)[1]
    assert b"X-LIST:own" in body and b"TEL:2" in body and b"NOTE" not in body
    assert view.updated(type, more, shadow, "text/x-vcard", edited(theirs, (b"X-LIST:own", b"X-LIST:new"))) == edited(
        more, (b"X-LIST:own", b"X-LIST:new"))


@pytest.mark.parametrize("view", [
    View(OLD._replace(limits=(Cap("TEL", 1), Cap("NOTE", 0, 5))), NEW),
    View(OLD._replace(caps=(Cap("N"), Cap("TEL", 1), Cap("NOTE", 0, 5))), NEW)])
def test_a_phone_keeps_more_than_it_says(view: View) -> None:
    """What it sent itself goes there whole and in full number; what is new to it does not."""
    theirs = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada\r\nTEL:123\r\nTEL:456\r\nNOTE:some words\r\nEND:VCARD\r\n"
    type, ours = view.stored("text/x-vcard", theirs)
    more = edited(ours, (b"N:Lovelace", b"N:King"), (b"NOTE:", b"TEL:789\r\nNOTE:"))
    body = view.sent(type, more, view.shadow("text/x-vcard", theirs))[1]
    assert b"N:King;Ada" in body and b"TEL:123" in body and b"TEL:456" in body and b"NOTE:some words" in body
    assert b"TEL:789" not in body
    assert b"NOTE:other\r\n" in view.sent(type, edited(more, (b"some", b"other")), theirs)[1]


@pytest.mark.parametrize("view", [
    View(OLD, NEW), View(OLD._replace(limits=(Cap("TEL", 1),)), NEW), phone("N", "TEL", "NOTE")])
def test_what_it_wrote_itself_needs_nothing_more(view: View) -> None:
    """Even where it holds more than it says; only what somebody put in here does."""
    theirs = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada\r\nTEL:123\r\nTEL:456\r\nNOTE:some words\r\nEND:VCARD\r\n"
    type, ours = view.stored("text/x-vcard", theirs)
    assert view.shows(type, ours, "text/x-vcard", view.shadow("text/x-vcard", theirs))
    for old, new in ((b"TEL:123", b"TEL:+123"), (b"TEL:123", b"TEL;TYPE=PREF:123"), (b"TEL:123", b"TEL;TYPE=HOME:123"),
                     (b"TEL:456", b"TEL:789"), (b"NOTE:some", b"NOTE:more")):
        mine = edited(ours, (old, new))
        if view.sent(type, mine)[1] != view.sent(type, ours)[1]:
            assert not view.shows(type, mine, "text/x-vcard", theirs)
            assert view.shows(type, mine, *view.sent(type, mine))


def test_a_photo_of_the_peer_is_taken_and_a_missing_one_deletes_nothing() -> None:
    view = View(OLD, NEW)
    type, body = view.sent("text/vcard", CARD)
    shadow = view.shadow(type, body)
    assert b"AAECAwQ=" not in shadow
    made = view.updated("text/vcard", CARD, shadow, type, edited(body, (b"AAECAwQ=", b"/9j/4AA=")))
    assert b"PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AA=" in made.replace(b"TYPE=JPEG;ENCODING=b", b"ENCODING=b;TYPE=JPEG")


def test_two_phones_settle() -> None:
    """Each keeps something else; after both had the item, neither reports a change."""
    one, other = phone("N", "TEL"), phone("N", "EMAIL", "NOTE", limits=(Cap("NOTE", size=8),))
    mine = CARD
    for _ in range(3):
        for view in (one, other):
            type, body = view.sent("text/vcard", mine)
            back = view.updated("text/vcard", mine, view.shadow(type, body), type, body)
            assert back == mine
    theirs = edited(other.sent("text/vcard", mine)[1], (b"ada@", b"eda@"))
    changed = other.updated("text/vcard", mine, b"", "text/x-vcard", theirs)
    assert changed == edited(mine, (b"ada@", b"eda@"))
    assert one.sent("text/vcard", changed) == one.sent("text/vcard", mine)


# -- both

def test_three_ways() -> None:
    view = View(OLD, NEW)
    type, body = view.sent("text/vcard", CARD)
    shadow = view.shadow(type, body)
    mine = edited(CARD, (b"020 789", b"030 1"), (b"X-SECRET:keep me", b"X-SECRET:kept"))
    theirs = edited(body, (b"ada@", b"eda@"), (b"Friends", b"Poetry"))
    assert view.merged("text/vcard", mine, shadow, type, theirs) == edited(
        mine, (b"ada@", b"eda@"), (b"Friends,Maths", b"Maths,Poetry"))
    assert view.merged("text/vcard", mine, shadow, type, edited(body, (b"Line one", b"Line 1"))) == edited(
        mine, (b"Line one", b"Line 1"))
    both = edited(CARD, (b"Line one", b"Row one"))
    assert view.merged("text/vcard", both, shadow, type, edited(body, (b"Line one", b"Line 1"))) is None
    assert view.merged("text/vcard", both, shadow, type, edited(body, (b"Line one", b"Row one"))) == both
    gone = edited(body, (b"TEL;HOME:020 789\r\n", b""))
    assert view.merged("text/vcard", CARD, shadow, type, gone) == edited(CARD, (b"TEL;TYPE=HOME:020 789\r\n", b""))
    united = view.merged("text/vcard", mine, shadow, type, edited(body, (b"020 789", b"040 1")))
    assert united is not None and b"030 1" in united and b"040 1" in united and b"020 789" not in united


@pytest.mark.parametrize("ours, theirs, wanted", [
    ((b"TYPE=HOME:020 789", b"TYPE=HOME,FAX:020 789"), (b"HOME:020 789", b"HOME:030"), b"TEL;TYPE=HOME,FAX:030\r\n"),
    ((b"TYPE=HOME:020 789", b"TYPE=HOME:030"), (b"TEL;HOME:020", b"TEL;WORK:020"), b"TEL;TYPE=HOME:030\r\n"),
    ((b"TYPE=HOME:020 789", b"TYPE=HOME,FAX:020 789"), (b"HOME:020", b"HOME;CELL:020"),
     b"TEL;TYPE=HOME,FAX,CELL:020 789\r\n"),
    ((b"TYPE=HOME:020 789", b"TYPE=HOME,FAX:020 789"), (b"TEL;HOME:020 789\r\n", b""),
     b"TEL;TYPE=HOME,FAX:020 789\r\n"),
    ((b"TEL;TYPE=HOME:020 789\r\n", b""), (b"TEL;HOME:020 789", b"TEL;HOME:030"), b"TEL;TYPE=HOME:030\r\n"),
    ((b"TEL;TYPE=HOME:020 789\r\n", b""), (b"TEL;HOME:020", b"TEL;WORK:020"), b""),
])
def test_both_changed_the_same_number(ours: "tuple[bytes, bytes]", theirs: "tuple[bytes, bytes]",
                                      wanted: bytes) -> None:
    view = View(OLD, NEW)
    type, body = view.sent("text/vcard", CARD)
    made = view.merged("text/vcard", edited(CARD, ours), view.shadow(type, body), type, edited(body, theirs))
    assert made is not None
    rest = made.replace(b"TEL;TYPE=CELL,VOICE,PREF:+44 20 123-456\r\n", b"")
    numbers = [line for line in rest.splitlines(True) if line.startswith(b"TEL")]
    assert b"".join(numbers) == wanted


def test_different_parts_of_a_name() -> None:
    view = View(OLD, NEW)
    type, body = view.sent("text/vcard", CARD)
    shadow = view.shadow(type, body)
    mine = edited(CARD, (b"Countess", b"Lady"))
    made = view.merged("text/vcard", mine, shadow, type, edited(body, (b"Lovelace;Ada", b"Byron;Ada")))
    assert made == edited(mine, (b"Lovelace", b"Byron"))
    assert view.merged("text/vcard", mine, shadow, type, edited(body, (b"Countess", b"Dame"))) is None


def test_nothing_known_unites() -> None:
    view = View(OLD, NEW)
    theirs = (b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada\r\nTEL:020789\r\nTEL;WORK:555\r\n"
              b"TITLE:Dr\r\nEND:VCARD\r\n")
    made = view.merged("text/vcard", CARD, b"", "text/x-vcard", theirs)
    assert made is not None and b"TEL;TYPE=WORK:555\r\n" in made and b"TITLE:Dr\r\n" in made
    assert said(made).keys() - said(CARD).keys() == {("", "TITLE")} and made.count(b"TEL") == 3
    assert view.merged("text/vcard", CARD, b"", "text/x-vcard", theirs.replace(b"Ada", b"Bea")) is None
    assert view.merged("text/vcard", CARD, b"", "text/x-vcard", theirs.replace(b"TITLE:Dr", b"NOTE:else")) is None


# -- laws

FIELDS = ("TEL", "EMAIL", "CATEGORIES", "NOTE", "TITLE", "ORG", "ROLE")
TOLD = tuple(map(Cap, ("N", "FN", *FIELDS)))
_TYPES = {"1": "HOME", "2": "WORK", "3": "CELL", "4": "FAX"}
_WORDS = st.text("abcdefgh ,;\n", min_size=1, max_size=12).filter(lambda text: bool(text.strip(" ,;\n")))


def _escape(text: str) -> str:
    return text.strip().replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")


@st.composite
def cards(draw: st.DrawFn) -> "dict[str, list[str]]":
    """A card by property names, each with its lines."""
    family, given = _escape(draw(_WORDS)), _escape(draw(_WORDS))
    made = {"N": [f"N:{family};{given}"], "FN": [f"FN:{given} {family}"]}
    numbers = draw(st.lists(st.text("1234", min_size=3, max_size=6), max_size=4, unique=True))
    made["TEL"] = [f"TEL;TYPE={_TYPES[number[0]]}:{number}" for number in numbers]
    made["EMAIL"] = [f"EMAIL:{name}@x.org" for name in draw(st.lists(st.text("abc", min_size=1, max_size=3),
                                                                     max_size=3, unique=True))]
    parts = draw(st.lists(st.text("abc", min_size=1, max_size=3), max_size=3, unique=True))
    made["CATEGORIES"] = ["CATEGORIES:" + ",".join(parts)] if parts else []
    for name in ("NOTE", "TITLE", "ORG", "ROLE"):
        text = draw(st.none() | _WORDS)
        made[name] = [] if text is None else [f"{name}:{_escape(text)}"]
    return made


def card(parts: "dict[str, list[str]]") -> bytes:
    lines = ["BEGIN:VCARD", "VERSION:3.0", *(line for found in parts.values() for line in found), "END:VCARD", ""]
    return "\r\n".join(lines).encode()


@given(cards(), cards(), st.sampled_from([OLD._replace(caps=TOLD), NEW._replace(caps=TOLD), Form()]))
@settings(max_examples=80, deadline=None)
def test_when_one_side_changed_the_merge_is_that_side(one: "dict[str, list[str]]", two: "dict[str, list[str]]",
                                                      form: Form) -> None:
    view, base, other = View(form, NEW), card(one), card(two)
    type, sent = view.sent("text/vcard", base)
    shadow = view.shadow(type, sent)
    theirs = view.sent("text/vcard", other)[1]
    assert view.merged("text/vcard", other, shadow, type, sent) == other
    for made in (view.merged("text/vcard", base, shadow, type, theirs),
                 view.updated("text/vcard", base, shadow, type, theirs)):
        assert made is not None and said(made) == said(other)
        assert view.same("text/vcard", made, type, theirs)


@given(cards(), cards(), st.sets(st.sampled_from(FIELDS)))
@settings(max_examples=80, deadline=None)
def test_edits_of_different_fields_are_both_kept(one: "dict[str, list[str]]", two: "dict[str, list[str]]",
                                                 ours: "set[str]") -> None:
    view, base = View(OLD._replace(caps=TOLD), NEW), card(one)
    mine = card({name: two[name] if name in ours else lines for name, lines in one.items()})
    theirs = card({name: lines if name in ours else two[name] for name, lines in one.items()})
    type, sent = view.sent("text/vcard", base)
    made = view.merged("text/vcard", mine, view.shadow(type, sent), type, view.sent("text/vcard", theirs)[1])
    assert made is not None and said(made) == said(card(two))


@given(cards(), cards(), st.sets(st.sampled_from(FIELDS)))
@settings(max_examples=80, deadline=None)
def test_no_edit_reaches_what_the_peer_does_not_keep(one: "dict[str, list[str]]", two: "dict[str, list[str]]",
                                                     keeps: "set[str]") -> None:
    view, base = phone("N", *keeps), card(one)
    type, sent = view.sent("text/vcard", base)
    theirs = view.sent("text/vcard", card(two))[1]
    made = view.updated("text/vcard", base, view.shadow(type, sent), type, theirs)
    before, after, there = said(base), said(made), said(card(two))
    for name in FIELDS:
        assert after.get(("", name)) == (there if name in keeps else before).get(("", name))


@given(st.binary(max_size=60) | st.lists(st.sampled_from(
    [b"BEGIN:VCARD\r\n", b"VERSION:2.1\r\n", b"VERSION:3.0\r\n", b"N:a;b\r\n", b"TEL:1\r\n", b"END:VCARD\r\n",
     b"BEGIN:X\n", b"CATEGORIES:a,b\r\n", b"X-MINISYNCML-KEPT:2.1 TEL:1\r\n", b"PHOTO;BASE64:\r\n", b" AAEC\r\n",
     b"\xff:;=\n"]), max_size=12).map(b"".join))
@settings(max_examples=150, deadline=None)
def test_anything_is_taken_or_refused(body: bytes) -> None:
    for view in (View(OLD, NEW), phone("N", "TEL"), View(Form(), Form())):
        for work, given_ in ((view.stored, ("text/x-vcard", body)), (view.shadow, ("text/x-vcard", body)),
                             (view.updated, ("text/vcard", CARD, b"", "text/x-vcard", body)),
                             (view.updated, ("text/vcard", body, body, "text/vcard", CARD)),
                             (view.merged, ("text/vcard", CARD, body, "text/x-vcard", body)),
                             (view.sent, ("text/vcard", body, body))):
            with contextlib.suppress(ItemError):
                work(*given_)
