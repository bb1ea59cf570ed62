"""Calendars that are broken, random or huge: an error of ours or a result, in bounded time and memory."""

from __future__ import annotations

import pytest
from content.samples_calendar import SAMPLES, calendar
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content.form import Form
from minisyncml.content.formats import convert, find
from minisyncml.errors import ItemError

NEW = Form("text/calendar", "2.0")
FORMS = (
    NEW, NEW._replace(time="utc", zone="Europe/Berlin", alarm="absolute", all_day="epoc"),
    Form("text/x-vcalendar", "1.0", time="local", zone="America/New_York", alarm="relative", min_date="1980-01-01"),
    Form("text/x-vcalendar", "1.0", time="tz", zone="Nowhere", all_day="next-midnight", min_date="never"),
    Form("text/x-vcalendar", "1.0"), Form("text/x-s4j-sife", "1.0", time="utc", zone="Asia/Tokyo"),
    Form("text/x-s4j-sift", "1.0"),
)
OLD = [convert(calendar(name, lines), "text/calendar", FORMS[4]) for name, lines in SAMPLES]
SIF = [convert(calendar(name, lines), "text/calendar", FORMS[5 if name.startswith("VEVENT") else 6])
       for name, lines in SAMPLES]
SEEDS = [calendar(name, lines) for name, lines in SAMPLES] + OLD + SIF
WORDS = (b"00000000", b"99999999T999999Z", b"T240000", b"#", b"#0", b";;;", b"=", b"\\", b"-", b"PT", b"-P9999999999D",
         b"TZID=", b"VALUE=DATE", b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"BEGIN:VALARM\r\n", b"RRULE:D1 #0\r\n",
         b"LD", b"RRULE:FREQ=YEARLY;BYMONTH=13;BYDAY=99MO;COUNT=4000\r\n", b"\xff\xfe", b"\0", b"\r\n\r\n", b" ", b"0",
         b"9" * 50, b"DTSTART:00010101T000000Z\r\n", b"DTSTART:99991231T235959Z\r\n", b"DTEND:99991231\r\n",
         b"DURATION:P999999D\r\n", b"X-EPOCAGENDAENTRYTYPE:EVENT\r\n", b"TZ:+99\r\n", b"TZ:-12\r\n", b"<x>",
         b"</appointment>", b"\xc2\xb2", b"DTSTART:99991231T120\nTZ:-12",
         b"DTSTART;TZID=../../etc/passwd:20060406T160000\r\n", b"DTSTART;TZID=Europe:20060406T160000\r\n",
         b"DAYLIGHT:TRUE;+02;00010101T000000;99991231T000000;A;B\r\n", b"PRIORITY:12\r\n", "²".encode(), "٣".encode())


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """An item with pieces cut out, moved and put in."""
    body = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        at, end = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        end = min(end, at + 20)
        piece = draw(st.one_of(st.sampled_from(WORDS), st.binary(max_size=4), st.just(body[at:end] * 2)))
        body = body[:at] + piece + body[draw(st.sampled_from((at, end))):]
    return body


def tried(body: bytes) -> None:
    for source in ("text/calendar", "text/x-vcalendar", "text/x-s4j-sife", "text/x-s4j-sift"):
        for form in FORMS:
            format = find(source)
            assert format is not None
            try:
                found = format.read(body, form)
                there = find(form.type)
                assert there is not None
                made = there.write(found, form)
                there.read(made, form)
            except ItemError:
                continue


@settings(max_examples=80, deadline=None)
@given(mutated())
def test_mutated_items(body: bytes) -> None:
    tried(body)


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(WORDS), max_size=20).map(b"".join)),
       st.sampled_from((b"", b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\n", b"<appointment>",
                        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\n")))
def test_random_bytes(body: bytes, head: bytes) -> None:
    tried(head + body)


def item(version: str, *lines: str) -> bytes:
    whole = ["BEGIN:VCALENDAR", f"VERSION:{version}", "BEGIN:VEVENT", "DTSTART:20060706T160000Z", *lines, "END:VEVENT",
             "END:VCALENDAR", ""]
    return "\r\n".join(whole).encode()


DATES = ",".join(["20060708T160000Z"] * 10_000)


@pytest.mark.parametrize("body", [
    item("1.0", *["X-A:b"] * 1_000_000),
    item("2.0", *["RRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=4999"] * 1000),
    item("2.0", "RRULE:FREQ=DAILY", "EXDATE:" + ",".join([DATES] * 3)),
    item("2.0", *["BEGIN:X"] * 1000),
    b"x" * (17 << 20),
], ids=["lines", "rules", "dates", "depth", "size"])
def test_too_much_is_refused(body: bytes) -> None:
    with pytest.raises(ItemError) as caught:
        convert(b"BEGIN:VCALENDAR\r\n" + body, "text/calendar", FORMS[2])
    assert caught.value.status == 413


@pytest.mark.parametrize("body", [
    item("2.0", "RRULE:FREQ=DAILY", f"EXDATE:{DATES}"),
    item("2.0", "RRULE:FREQ=DAILY", *["EXDATE:20060708T160000Z"] * 10_000),
    item("1.0", "RRULE:D1 #0", *["AALARM:x"] * 10_000),
    item("1.0", *["AALARM:20060706T155000Z"] * 10_000),
    item("1.0", *["no colon"] * 10_000),
    item("2.0", *[f"EXDATE;TZID=X/Y{at}/Z:20060708T160000" for at in range(5000)]),
    item("2.0", "RRULE:FREQ=SECONDLY"), item("1.0", "RRULE:W1 " + "TH " * 100_000 + "#0"),
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + b"BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n" * 2000
    + b"BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20060707T160000Z\r\nEND:VEVENT\r\n" * 2000 + b"END:VCALENDAR\r\n",
], ids=["dates in one", "dates", "bad alarms", "alarms", "no colons", "zones", "seconds", "weekdays", "series"])
def test_much_is_taken(body: bytes) -> None:
    for form in FORMS[1:3]:
        there = convert(body, "text/calendar", form)
        assert len(there) < 30 * len(body)
        convert(there, form.type, NEW, form)
