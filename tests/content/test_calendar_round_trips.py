"""Events and tasks to the form of any phone and back: they say what they said before."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from content.calendar_meaning import said
from content.samples_calendar import SAMPLES, calendar
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content.form import Form
from minisyncml.content.formats import convert
from minisyncml.content.pieces import pieces

ITEMS = Path(os.environ.get("MINISYNCML_SHARED", ROOT.parent / "shared")) / "corpus" / "items"
HUB = "text/calendar"
OLD, NEW = Form("text/x-vcalendar", "1.0"), Form(HUB, "2.0")
FORMS = {
    "plain": OLD,
    "utc": OLD._replace(time="utc", zone="Europe/Berlin", alarm="absolute"),
    "utc, no zone known": OLD._replace(time="utc", alarm="absolute"),
    "local": OLD._replace(time="local", zone="Europe/Berlin", alarm="relative"),
    "local, no zone known": OLD._replace(time="local"),
    "local, absolute alarms": OLD._replace(time="local", zone="America/New_York", alarm="absolute"),
    "tz": OLD._replace(time="tz", zone="Europe/Berlin"),
    "received as utc": OLD._replace(time="received-as-utc", zone="Asia/Tokyo"),
    "epoc": OLD._replace(time="utc", zone="Europe/Berlin", all_day="epoc"),
    "epoc, local": OLD._replace(time="local", zone="Europe/London", all_day="epoc", alarm="absolute"),
    "next midnight": OLD._replace(time="utc", zone="Australia/Sydney", all_day="next-midnight"),
    "iCalendar in UTC": NEW._replace(time="utc", zone="Europe/Berlin", alarm="absolute"),
    "iCalendar, local": NEW._replace(time="local", zone="America/New_York", alarm="relative"),
    "iCalendar with zones": NEW._replace(time="tz", zone="Europe/Berlin", all_day="next-midnight"),
}


SIF = {
    "in UTC": Form(time="utc", zone="Europe/Berlin"), "plain": Form(),
    "local": Form(time="local", zone="America/New_York"),
}


def there_and_back(body: bytes, form: Form) -> bytes:
    there = convert(body, HUB, form)
    return convert(there, form.type, NEW, form)


def corpus(name: str) -> "list[bytes]":
    file = ITEMS / name
    return list(pieces(file.read_bytes())) if file.is_file() else []


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_items_of_another_program(form: Form) -> None:
    for body in corpus("eds_task.ics"):
        assert said(there_and_back(body, form)) == said(body)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_items_of_a_phone(form: Form) -> None:
    for body in corpus("vcal10.ics"):
        ours = convert(body, "text/x-vcalendar", NEW, OLD)
        assert said(there_and_back(ours, form)) == said(ours)
        again = convert(ours, HUB, OLD)
        assert convert(again, "text/x-vcalendar", NEW, OLD) == ours


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"),
                              blacklist_characters="\x85\xa0\ufeff\ufffe\uffff"),
                min_size=1, max_size=40).map(str.strip).filter(bool)
LINES = st.lists(TEXTS, min_size=1, max_size=3).map("\n".join)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney",
         "/softwarestudio.org/Tzfile/Asia/Kolkata")
MOMENTS = st.datetimes(datetime(1985, 1, 1), datetime(2045, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0))
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def escaped(text: str) -> str:
    for sign, word in (("\\", "\\\\"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
        text = text.replace(sign, word)
    return text


def stamp(at: datetime, zone: str) -> str:
    return at.strftime("%Y%m%dT%H%M%S") + ("Z" if zone == "UTC" else "")


def timed(name: str, at: datetime, zone: str, day: bool) -> str:
    if day:
        return f"{name};VALUE=DATE:{at:%Y%m%d}"
    return f"{name}:{stamp(at, zone)}" if zone in ("", "UTC") else f"{name};TZID={zone}:{stamp(at, zone)}"


@st.composite
def rules(draw: st.DrawFn, start: datetime, zone: str, day: bool) -> str:
    days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True).map(",".join)
    places = st.lists(st.tuples(st.sampled_from((-2, -1, 1, 2, 3, 4)), st.sampled_from(WEEKDAYS)), min_size=1,
                      max_size=3, unique=True).map(lambda found: ",".join(f"{at}{word}" for at, word in found))
    numbers = st.lists(st.integers(-3, 28).filter(bool), min_size=1, max_size=3, unique=True)
    months = st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True)
    word = draw(st.one_of(
        st.just("FREQ=DAILY"), st.just("FREQ=WEEKLY"), st.just("FREQ=MONTHLY"), st.just("FREQ=YEARLY"),
        days.map("FREQ=WEEKLY;BYDAY={}".format), places.map("FREQ=MONTHLY;BYDAY={}".format),
        numbers.map(lambda found: "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(map(str, found))),
        months.map(lambda found: "FREQ=YEARLY;BYMONTH=" + ",".join(map(str, found))),
        places.map(f"FREQ=YEARLY;BYMONTH={start.month};BYDAY={{}}".format),
        st.integers(1, 366).map("FREQ=YEARLY;BYYEARDAY={}".format), days.map("FREQ=DAILY;BYDAY={}".format),
        days.map("FREQ=WEEKLY;WKST=SU;BYDAY={}".format), st.just("FREQ=HOURLY"),
        days.map("FREQ=MONTHLY;BYSETPOS=-1;BYDAY={}".format), st.just("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR")))
    word += draw(st.sampled_from(("", "", ";INTERVAL=2", ";INTERVAL=3")))
    end = draw(st.sampled_from(("", "count", "until")))
    if end == "count":
        return f"{word};COUNT={draw(st.integers(1, 30))}"
    if end == "until":
        last = start + timedelta(days=draw(st.integers(0, 400)))
        return f"{word};UNTIL={last:%Y%m%d}" if day else f"{word};UNTIL={stamp(last, 'UTC' if zone else '')}"
    return word


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """An iCalendar with one event or task that has a little of everything."""
    zone = draw(st.sampled_from(("", "UTC", "UTC", *ZONES)))
    start, day = draw(MOMENTS), draw(st.booleans())
    kind = draw(st.sampled_from(("VEVENT", "VEVENT", "VTODO")))
    lines = [timed("DTSTART", start, zone, day)]
    span = timedelta(days=draw(st.integers(1, 3))) if day else timedelta(minutes=draw(st.integers(1, 3000)))
    lines += draw(st.sampled_from(([], [timed("DTEND" if kind == "VEVENT" else "DUE", start + span, zone, day)])))
    if draw(st.booleans()):
        lines.append("RRULE:" + draw(rules(start, zone, day)))
        gone = draw(st.lists(st.integers(1, 40), max_size=3, unique=True))
        lines += [timed("EXDATE", start + timedelta(days=at), zone, day) for at in gone]
    lines.append("SUMMARY:" + escaped(draw(TEXTS)))
    lines += draw(st.lists(st.one_of(
        LINES.map(lambda text: "DESCRIPTION:" + escaped(text)), TEXTS.map(lambda text: "LOCATION:" + escaped(text)),
        st.lists(TEXTS, min_size=1, max_size=3).map(lambda found: "CATEGORIES:" + ",".join(map(escaped, found))),
        st.sampled_from(("CLASS:PRIVATE", "TRANSP:TRANSPARENT", "PRIORITY:7", "SEQUENCE:3", "URL:http://a.example/?b;c,d",
                         "UID:a,b@example.org", "DTSTAMP:20090401T145153Z", "CREATED:20090401T145153Z",
                         "LAST-MODIFIED:20090401T145153Z", "GEO:37.386013;-122.082932", "X-OTHER;X-A=b:c\\;d",
                         "ORGANIZER;CN=Ada:mailto:ada@example.org", "RELATED-TO:x", "ATTACH:http://a.example/b.pdf",
                         "ATTENDEE;CN=\"Love, Bob\";PARTSTAT=ACCEPTED;RSVP=TRUE;ROLE=OPT-PARTICIPANT:mailto:b@c.org",
                         "RESOURCES:Room\\; big,Screen", "COMMENT;LANGUAGE=de:ach", "PERCENT-COMPLETE:40",
                         "ATTENDEE;CUTYPE=ROOM:urn:x:y"))), max_size=6, unique_by=lambda line: line.partition(":")[0]))
    states = ("TENTATIVE", "CONFIRMED", "CANCELLED") if kind == "VEVENT" else (
        "NEEDS-ACTION", "COMPLETED", "IN-PROCESS", "CANCELLED")
    lines += draw(st.sampled_from(([], *([f"STATUS:{state}"] for state in states))))
    for _ in range(draw(st.integers(0, 2))):
        lines += ["BEGIN:VALARM", draw(st.sampled_from(("ACTION:AUDIO", "ACTION:DISPLAY\r\nDESCRIPTION:wake\\, up"))),
                  draw(st.sampled_from(("TRIGGER:-PT15M", "TRIGGER:PT0S", "TRIGGER;VALUE=DATE-TIME:20090401T145153Z",
                                        "TRIGGER;RELATED=END:-PT1H", "TRIGGER:-P1D"))),
                  *draw(st.sampled_from(([], ["REPEAT:2", "DURATION:PT5M"]))), "END:VALARM"]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//a//b//EN", f"BEGIN:{kind}", *lines, f"END:{kind}",
             "END:VCALENDAR", ""]
    return "\r\n".join(whole).encode()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@settings(max_examples=40, deadline=None)
@given(body=events())
def test_there_and_back(form: Form, body: bytes) -> None:
    assert said(there_and_back(body, form)) == said(body)


@pytest.mark.parametrize("form", SIF.values(), ids=SIF)
@settings(max_examples=40, deadline=None)
@given(body=events())
def test_to_sif_and_back(form: Form, body: bytes) -> None:
    kind = "text/x-s4j-sife" if b"BEGIN:VEVENT" in body else "text/x-s4j-sift"
    assert said(there_and_back(body, form._replace(type=kind, version="1.0"))) == said(body)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_each_property(form: Form) -> None:
    for name, lines in SAMPLES:
        body = calendar(name, lines)
        assert said(there_and_back(body, form)) == said(body), name


@pytest.mark.parametrize("form", SIF.values(), ids=SIF)
def test_each_property_to_sif(form: Form) -> None:
    for name, lines in SAMPLES:
        body = calendar(name, lines)
        kind = "text/x-s4j-sife" if name.startswith("VEVENT") else "text/x-s4j-sift"
        assert said(there_and_back(body, form._replace(type=kind, version="1.0"))) == said(body), name


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_edit_on_the_phone_touches_nothing_else(form: Form) -> None:
    for name, lines in SAMPLES:
        body = calendar(name, lines)
        there = convert(body, HUB, form)
        assert there.count(b"\nSUMMARY:a\r\n") == body.count(b"\nSUMMARY:a\r\n") == 1
        back = convert(there.replace(b"\nSUMMARY:a\r\n", b"\nSUMMARY:edited\r\n"), form.type, NEW, form)
        assert said(back) == said(body.replace(b"\nSUMMARY:a\r\n", b"\nSUMMARY:edited\r\n")), name
