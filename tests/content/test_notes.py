"""Notes: text, vNote, SIF-N and VJOURNAL say the same thing to a person, whichever way they went."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator, List

import pytest
from content.samples_notes import SAMPLES, Sample, lines, sif
from hypothesis import example, given
from hypothesis import strategies as st

from minisyncml.content.form import PLAIN, Form
from minisyncml.content.formats import convert, find, format_of, hub
from minisyncml.content.notes import journal, text_of
from minisyncml.content.pieces import pieces
from minisyncml.errors import ItemError

TEXT, VNOTE, SIF = Form(type="text/plain", version="1.0"), Form(type="text/x-vnote", version="1.1"), \
    Form(type="text/x-s4j-sifn", version="1.1")
JOURNAL = Form(type="text/calendar", version="2.0")
NOTES = [sample for sample in SAMPLES if sample.type in (TEXT.type, VNOTE.type, SIF.type, JOURNAL.type)]
SHARED = Path(os.environ.get("MINISYNCML_SHARED") or Path(__file__).resolve().parents[3] / "shared")
FORMS = pytest.mark.parametrize("form", (TEXT, VNOTE, SIF, JOURNAL), ids=lambda form: form.type)


def said(body: bytes, media_type: str, form: Form = PLAIN) -> str:
    """What a person reads."""
    family, found = hub(body, media_type, form)
    assert family == "note"
    return text_of(found)


def values(body: bytes, media_type: str) -> "dict[str, str]":
    """The properties of a note by name, in the hub's words."""
    return {each.name: each.value for each in hub(body, media_type)[1] if each.name not in ("BEGIN", "END", "VERSION")}


# -- every format to every other

@FORMS
@pytest.mark.parametrize("sample", NOTES, ids=lambda sample: sample.name)
def test_every_note_says_the_same_in_every_format(sample: Sample, form: Form) -> None:
    other = convert(sample.body, sample.type, form)
    assert said(other, form.type) == said(sample.body, sample.type)
    back = convert(other, form.type, Form(type=sample.type, version=sample.version))
    assert said(back, sample.type) == said(sample.body, sample.type)


@pytest.mark.parametrize("sample", [each for each in NOTES if each.type == JOURNAL.type], ids=lambda each: each.name)
def test_a_vnote_keeps_aside_what_it_cannot_say(sample: Sample) -> None:
    before = values(sample.body, sample.type)
    back = values(convert(convert(sample.body, sample.type, VNOTE), VNOTE.type, JOURNAL), JOURNAL.type)
    for name in ("SUMMARY", "DESCRIPTION", "PRODID"):
        before.pop(name, None), back.pop(name, None)
    assert back == before


def test_a_vnote_has_a_title_only_where_there_is_one() -> None:
    body = lines("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VJOURNAL", "DESCRIPTION:Milk", "END:VJOURNAL",
                 "END:VCALENDAR")
    assert convert(b"\xef\xbb\xbf" + body, JOURNAL.type, VNOTE) == lines(
        "BEGIN:VNOTE", "VERSION:1.1", "BODY:Milk", "END:VNOTE")


def test_a_vnote_loses_nothing_on_the_way_through_a_journal() -> None:
    sample = next(each for each in NOTES if each.type == VNOTE.type)
    found = values(convert(sample.body, sample.type, JOURNAL), JOURNAL.type)
    assert found == {"SUMMARY": "Shopping", "DESCRIPTION": "Shopping\\nbread\\, milk\\; eggs\\näöü",
                     "CREATED": "20090401T145153Z", "LAST-MODIFIED": "20090402T145153Z", "CATEGORIES": "Private,Food",
                     "CLASS": "PRIVATE", "X-IRMC-LUID": "000001000000"}
    again = convert(convert(sample.body, sample.type, JOURNAL), JOURNAL.type, VNOTE)
    assert values(again, VNOTE.type) == values(sample.body, VNOTE.type)


def test_a_phone_has_its_own_clock() -> None:
    sample = next(each for each in NOTES if each.type == VNOTE.type)
    berlin = VNOTE._replace(time="local", zone="Europe/Berlin")
    body = convert(sample.body, sample.type, berlin, VNOTE)
    assert b"DCREATED:20090401T165153\r\n" in body and b"LAST-MODIFIED:20090402T165153\r\n" in body
    assert values(convert(body, VNOTE.type, JOURNAL, berlin), JOURNAL.type)["CREATED"] == "20090401T145153Z"
    assert b"DCREATED:20090401T165153\r\n" in convert(body, VNOTE.type, VNOTE)      # whatever clock that was


def test_sif_keeps_color_date_and_place_on_the_screen() -> None:
    sample = next(each for each in NOTES if each.type == SIF.type)
    found = values(sample.body, sample.type)
    assert (found["COLOR"], found["DTSTART"], found["CATEGORIES"]) == ("yellow", "20090401", "Private,Food")
    assert convert(convert(sample.body, SIF.type, JOURNAL), JOURNAL.type, SIF) == sample.body


def test_nested_components_and_what_is_around_a_journal_come_back_from_a_vnote() -> None:
    body = lines("BEGIN:VCALENDAR", "VERSION:2.0", "X-WR-CALNAME:Mine", "BEGIN:VTIMEZONE", "TZID:Here",
                 "END:VTIMEZONE", "BEGIN:VJOURNAL", "SUMMARY:A", "BEGIN:X-PART", "X-IN:1", "END:X-PART",
                 "END:VJOURNAL", "END:VCALENDAR")
    back = convert(convert(body, JOURNAL.type, VNOTE), VNOTE.type, JOURNAL)
    assert sorted(back.splitlines()) == sorted(body.splitlines())
    assert back.index(b"END:VTIMEZONE") < back.index(b"BEGIN:VJOURNAL") < back.index(b"BEGIN:X-PART\r\nX-IN:1")


# -- text

ALPHABET = st.text(st.characters(codec="utf-8", exclude_characters="\r\0")).filter(lambda text: "&#" not in text)


@given(ALPHABET)
@example("A\nA\nB")
@example("\n\nlate title\n")
@example("  x  ")
@example("\\n \\, \\; \\\\ = =3D =\n=")
@example("END:VNOTE\nEND:VJOURNAL")
@example("\ufeffmark")
def test_any_text_survives_a_journal(text: str) -> None:
    assert text_of(journal(text)) == text
    body = convert(text.encode(), "text/plain", JOURNAL) if not text.startswith("\ufeff") else b""
    if body and format_of(text.encode(), "text/plain") is find("text/plain"):
        assert convert(body, JOURNAL.type, TEXT._replace(crlf=False)).decode() == text


@given(ALPHABET.filter(lambda text: not text.startswith("\ufeff")))
@example("x" * 500 + " \nlast=")
@example("tab\there \n blank before and after ")
def test_any_text_survives_a_vnote(text: str) -> None:
    body = find(VNOTE.type).write(journal(text), VNOTE)     # type: ignore[union-attr]
    assert said(body, VNOTE.type) == text


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), include_characters="\n\t"))
       .filter(lambda text: "&#" not in text))
@example("]]> <b> &amp; \"'")
def test_any_printable_text_survives_sif(text: str) -> None:
    body = find(SIF.type).write(journal(text), SIF)         # type: ignore[union-attr]
    assert said(body, SIF.type) == text


NO_REFERENCE = st.text(max_size=30).filter(lambda text: "&#" not in text)


@given(NO_REFERENCE, NO_REFERENCE)
def test_a_title_of_its_own_is_never_lost(title: str, text: str) -> None:
    whole = text_of(journal(text, title=title))
    assert title.replace("\r\n", "\n").replace("\r", "\n").strip() in whole
    assert text_of(journal(text)) in whole
    assert text_of(journal(whole)) == whole


@pytest.mark.parametrize("body, form", (
    ("ä\nb".encode("latin-1"), PLAIN), ("ä\nb".encode("latin-1"), Form(charset_in="iso-8859-1")),
    ("ä\nb".encode("utf-16"), PLAIN), (b"\xef\xbb\xbf\xc3\xa4\r\nb", PLAIN), (b"\xc3\xa4\rb\0", PLAIN),
    (b"\xc3\xa4\r\r\nb", PLAIN), (b"\xc3\xa4&#xD;\r\nb", PLAIN), (b"\xc3\xa4&#13;\nb", PLAIN),
    (b"\xc3\xa4\nb", Form(charset_in="nonsense")),
))
def test_text_is_read_whatever_its_charset_and_line_ends(body: bytes, form: Form) -> None:
    assert said(body, "text/plain", form) == "ä\nb"


def test_text_is_written_as_its_receiver_wants_it() -> None:
    body = "ä\nb".encode()
    assert convert(body, "text/plain", TEXT) == "ä\r\nb".encode()
    assert convert(body, "text/plain", TEXT._replace(crlf=False, charset_out="iso-8859-1")) == b"\xe4\nb"
    assert convert("€".encode(), "text/plain", TEXT._replace(charset_out="iso-8859-1")) == "€".encode()


@pytest.mark.parametrize("text", ("a&#xD;b", "&#xD;", "see &#13; there"))
def test_a_reference_in_the_middle_is_what_somebody_wrote(text: str) -> None:
    assert said(text.encode(), "text/plain") == ("" if text == "&#xD;" else text)


# -- what phones and others send

@pytest.mark.parametrize("body, text", (
    (lines("BEGIN:VNOTE", "VERSION:1.1", "BODY:never closed"), "never closed"),
    (b"BEGIN:VNOTE\nVERSION:1.1\nBODY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:a=0A=C3=A4\nEND:VNOTE", "a\nä"),
    (b"begin:vnote\r\nversion:1.1\r\nbody:small\r\nend:vnote\r\n", "small"),
    (lines("BEGIN:VNOTE", "VERSION:1.1", "BODY:first", "second, not encoded", "", "DCREATED:20090401T145153",
           "END:VNOTE"), "first\nsecond, not encoded"),
    (lines("BEGIN:VNOTE", "VERSION:1.1", "BODY;CHARSET=UTF-8;ENCODING=BASE64:w6Q=", "", "END:VNOTE"), "ä"),
    (lines("BEGIN:VNOTE", "VERSION:1.1", "NOTE;ENCODING=QUOTED-PRINTABLE:blah=0D=0A", "SUMMARY:blah", "END:VNOTE"),
     "blah\n"),
    (lines("BEGIN:VNOTE", "SUMMARY:Title", "BODY:Text", "END:VNOTE"), "Title\nText"),
    (lines("BEGIN:VNOTE", "END:VNOTE"), ""),
))
def test_vnotes_as_they_come(body: bytes, text: str) -> None:
    assert said(body, "text/x-vnote") == text


def test_a_vnote_without_quoted_printable_has_its_line_breaks_all_the_same() -> None:
    form = VNOTE._replace(qp=False)
    body = convert(b"a\nb", "text/plain", form)
    assert body == lines("BEGIN:VNOTE", "VERSION:1.1", "BODY:a\\nb", "END:VNOTE")
    assert said(body, VNOTE.type, form) == "a\nb"


@pytest.mark.parametrize("body, text", (
    (b"<note><Subject>A</Subject><Body>A\nb</Body></note>", "A\nb"),
    (b"\xef\xbb\xbf\r\n<note><Subject/><Body>b&#13;&#10;c</Body></note>\0", "b\nc"),
    (sif(("Subject", "A"), ("Body", "b")), "A\nb"),
    (sif(("subject", "A"), ("body", "")), "A"),
    (sif(("Body", "b&amp;#xD;\nc")), "b\nc"),
    ("<?xml version='1.0' encoding='ISO-8859-1'?><note><Body>ä</Body></note>".encode("latin-1"), "ä"),
    ("<?xml version='1.0'?><note><Body>ä</Body></note>".encode("latin-1"), "ä"),
    (b"<note><Body><![CDATA[a < b]]></Body></note>", "a < b"),
))
def test_sif_as_it_comes(body: bytes, text: str) -> None:
    assert said(body, "text/x-sifn") == text


def test_empty_elements_are_written_unless_the_receiver_wants_none() -> None:
    assert b"<Categories></Categories>" in convert(b"x", "text/plain", SIF)
    assert b"Categories" not in convert(b"x", "text/plain", SIF._replace(empty=False))


def test_no_note_has_a_reference_for_a_line_end() -> None:
    for form in (TEXT, VNOTE, SIF, JOURNAL):
        body = convert(b"a\r\nb\rc\n", "text/plain", form)
        assert b"&#" not in body, form.type
        assert said(body, form.type) == "a\nb\nc\n"


def test_a_journal_is_a_note_and_an_event_is_none() -> None:
    event = lines("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "DESCRIPTION:BEGIN:VJOURNAL", "END:VEVENT",
                  "END:VCALENDAR")
    assert format_of(lines("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VJOURNAL"), "text/calendar") is \
        find("text/calendar", family="note")
    found = find("text/calendar", family="note")
    assert found is not None
    with pytest.raises(ItemError):
        found.read(event, PLAIN)


def journals() -> "Iterator[bytes]":
    path = SHARED / "corpus/items/eds_memo.ics"
    yield from pieces(path.read_bytes()) if path.is_file() else ()


@FORMS
def test_the_memos_of_evolution_come_back(form: Form) -> None:
    found: "List[bytes]" = list(journals())
    if not found:
        pytest.skip("needs the corpus")
    assert len(found) == 4
    for body in found:
        back = convert(convert(body, JOURNAL.type, form), form.type, JOURNAL)
        assert said(back, JOURNAL.type) == said(body, JOURNAL.type)
        assert values(back, JOURNAL.type)["SUMMARY"] == values(body, JOURNAL.type)["SUMMARY"]
