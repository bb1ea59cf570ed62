"""What a body is by its first lines, and where it belongs."""

from __future__ import annotations

import pytest
from content.samples_notes import SAMPLES, Sample, lines
from hypothesis import given
from hypothesis import strategies as st

from minisyncml.content.formats import find, format_of
from minisyncml.content.kind import FAMILIES, bare, fits, kind

JOURNAL = lines("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VJOURNAL", "END:VJOURNAL", "END:VCALENDAR")
PHOTO = "PHOTO;ENCODING=BASE64:" + "A" * 5000


@pytest.mark.parametrize("body, declared, wanted", (
    (lines("BEGIN:VCARD", PHOTO, "", "VERSION:2.1", "END:VCARD"), "text/vcard", "text/x-vcard"),
    (lines("BEGIN:VCARD", PHOTO, "", "VERSION:3.0", "END:VCARD"), "text/x-vcard", "text/vcard"),
    (lines("BEGIN:VCARD", "version: 2.1", "END:VCARD"), "text/vcard", "text/x-vcard"),
    (b"BEGIN:VCARD\rVERSION:2.1\rEND:VCARD\r", "text/vcard", "text/x-vcard"),
    (lines("BEGIN:VCARD", "N:x", "END:VCARD"), "text/x-vcard", "text/x-vcard"),
    (lines("BEGIN:VCARD", "N:x", "END:VCARD"), "text/plain", "text/vcard"),
    (lines("BEGIN:VCARD", "VERSION:1.0", "N;ENCODING=QUOTED-PRINTABLE:x", "END:VCARD"), "", "text/x-vcard"),
    (lines("BEGIN:VCARD", "VERSION:9.9", "END:VCARD"), None, "text/vcard"),
    (lines("BEGIN:VCALENDAR", "PRODID:x", "VERSION:1.0"), "text/calendar", "text/x-vcalendar"),
    (lines("BEGIN:VCALENDAR", "VERSION:1.1"), "text/x-vcalendar", "text/x-vcalendar"),
    (lines("BEGIN:VCALENDAR", "METHOD:PUBLISH"), "", "text/calendar"),
    (JOURNAL, "text/x-vcalendar", "text/calendar"),
    (b"begin:vbkm\n", "text/plain", "text/x-vbookmark"),
    (b"<contact></contact>", "text/x-sifc", "text/x-s4j-sifc"),
    (b"<?xml version='1.0'?>\n<!-- by hand --><appointment>\n</appointment>", "text/plain", "text/x-s4j-sife"),
    (b"\xef\xbb\xbf <task><Subject>x</Subject></task>\r\n\0", None, "text/x-s4j-sift"),
    (b"<note a='1'></note>", "application/xml", "text/x-s4j-sifn"),
    (b"<note> remember: brackets", "text/plain", "text/plain"),
    (b"<html></html>", "text/html", "text/html"),
    (b"<", "", "text/plain"), (b"<!--", "", "text/plain"), (b"<?", "text/x-sife", "text/x-s4j-sife"),
    (b"From: a\r\n\r\nb", None, "text/plain"), (b"From: a\r\n\r\nb", "message/rfc822", "message/rfc822"),
    (lines("BEGIN:VCARD"), "application/octet-stream", "application/octet-stream"),
    (lines("BEGIN:VCARD"), "message/rfc822", "message/rfc822"),
    (b"<contact></contact>", "Application/Octet-Stream; name=x", "application/octet-stream"),
))
def test_the_first_lines_decide(body: bytes, declared: "str | None", wanted: str) -> None:
    assert kind(body, declared) == wanted


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_sample_is_what_it_is_called(sample: Sample) -> None:
    assert kind(sample.body, sample.type) == sample.type
    format = format_of(sample.body, sample.type)
    assert format is not None and format.type == sample.type


@pytest.mark.parametrize("name", FAMILIES)
def test_every_type_of_a_family_is_taken_by_a_store_of_another(name: str) -> None:
    for other, family in FAMILIES.items():
        assert fits(name, ((other, ""),)) == (family == FAMILIES[name])
        assert fits(bare(name), ((other, ""), ("*/*", "")))


def test_a_journal_goes_where_notes_are_and_an_event_does_not() -> None:
    notes, calendar = (("text/plain", "1.0"),), (("text/calendar", "2.0"),)
    event = JOURNAL.replace(b"VJOURNAL", b"VEVENT")
    assert fits("text/calendar", notes, JOURNAL) and not fits("text/calendar", notes, event)
    assert fits("text/calendar", calendar, event)
    assert not fits("text/calendar", notes)


def test_families_are_those_of_the_formats() -> None:
    for name, family in FAMILIES.items():
        format = find(name)
        assert format is not None and format.family == family


@given(st.binary(max_size=60), st.one_of(st.none(), st.text(max_size=20)))
def test_nothing_is_too_odd_to_be_something(body: bytes, declared: "str | None") -> None:
    for head in (b"", b"<", b"<?xml ", b"BEGIN:VCARD\r\n", b"BEGIN:VCALENDAR\n"):
        assert kind(head + body, declared)
        assert isinstance(fits(kind(head + body, declared), (("text/plain", ""),), body), bool)
