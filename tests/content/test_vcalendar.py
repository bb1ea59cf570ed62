"""vCalendar 1.0 as phones send it and as they want it: times, whole days, alarms, tasks, people, exceptions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers import ROOT

from minisyncml.content.form import Cap, Form
from minisyncml.content.formats import convert
from minisyncml.content.lines import parse
from minisyncml.errors import ItemError

SESSIONS = Path(os.environ.get("MINISYNCML_SHARED", ROOT.parent / "shared")) / "corpus" / "sessions"
OLD, NEW = Form("text/x-vcalendar", "1.0"), Form("text/calendar", "2.0")
BERLIN = OLD._replace(time="utc", zone="Europe/Berlin")
P900 = BERLIN._replace(all_day="epoc", min_date="1980-01-01")


def item(version: str, kind: str, lines: "tuple[str, ...]") -> bytes:
    whole = ["BEGIN:VCALENDAR", f"VERSION:{version}", f"BEGIN:{kind}", *lines, f"END:{kind}", "END:VCALENDAR", ""]
    return "\r\n".join(whole).encode()


def shown(body: bytes) -> "list[str]":
    """The lines of the item itself, without its frame and what is kept aside."""
    text = body.replace(b"\r\n ", b"").decode().split("\r\n")
    start = next(at for at, line in enumerate(text) if line in ("BEGIN:VEVENT", "BEGIN:VTODO"))
    return [line for line in text[start + 1:-3] if not line.startswith("X-MINISYNCML-KEPT")]


def new(*lines: str, kind: str = "VEVENT", form: Form = OLD) -> "list[str]":
    return shown(convert(item("1.0", kind, lines), "text/x-vcalendar", NEW, form))


def old(*lines: str, kind: str = "VEVENT", form: Form = OLD) -> "list[str]":
    """What a phone sees: nothing is kept aside for it."""
    return shown(convert(item("2.0", kind, lines), "text/calendar", form._replace(strip=("X-MINISYNCML-KEPT",))))


def test_a_mark_at_the_start_is_nothing() -> None:
    lines = ("DTSTART:20260106T233000Z", "SUMMARY:Tea")
    for version, type in (("1.0", "text/x-vcalendar"), ("2.0", "text/calendar")):
        assert shown(convert(b"\xef\xbb\xbf" + item(version, "VEVENT", lines), type, NEW, OLD)) == list(lines)


def test_what_recurs_in_utc_does_so_by_the_clock_of_a_zone_that_is_known() -> None:
    """vCalendar 1.0 has no other way to say it; iCalendar has."""
    lines = ("DTSTART:20260106T233000Z", "DTEND:20260107T003000Z", "RRULE:W1 WE #6")
    assert new(*lines, form=OLD._replace(zone="Europe/Berlin")) == [
        "DTSTART;TZID=Europe/Berlin:20260107T003000", "DTEND;TZID=Europe/Berlin:20260107T013000",
        "RRULE:FREQ=WEEKLY;BYDAY=WE;COUNT=6"]
    lines = ("DTSTART:20260106T233000Z", "RRULE:FREQ=WEEKLY;COUNT=6")
    same = convert(item("2.0", "VEVENT", lines), "text/calendar", NEW, Form(zone="Europe/Berlin"))
    assert shown(same) == list(lines)


# -- whole days ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("form, lines, first, end", [
    (OLD, ("DTSTART:20070101T000000", "DTEND:20070101T235959"), "20070101", "20070102"),
    (OLD, ("DTSTART:20070101T000000", "DTEND:20070101T235900"), "20070101", "20070102"),
    (OLD, ("DTSTART:20070101T000000", "DTEND:20070102T000000"), "20070101", "20070102"),
    (OLD, ("DTSTART:20070101T000000", "DTEND:20070101T240000"), "20070101", "20070102"),
    (OLD, ("DTSTART:20070101", "DTEND:20070103"), "20070101", "20070103"),
    (OLD, ("DTSTART;VALUE=DATE:20070101",), "20070101", "20070102"),
    (P900, ("DTSTART:20061225T000000Z", "DTEND:20061225T240000Z", "X-EPOCAGENDAENTRYTYPE:EVENT"), "20061225",
     "20061226"),
    (P900, ("DTSTART:20061225T000000Z", "DTEND:20061227T240000Z", "X-EPOCAGENDAENTRYTYPE:EVENT"), "20061225",
     "20061228"),
    (OLD, ("DTSTART:20061225T000000Z", "DTEND:20061226T000000Z"), "20061225", "20061226"),
    (BERLIN, ("DTSTART:20060405T220000Z", "DTEND:20060407T220000Z"), "20060406", "20060408"),
    (BERLIN, ("DTSTART:20061225T000000", "DTEND:20061225T000000", "X-EPOCAGENDAENTRYTYPE:ANNIVERSARY"), "20061225",
     "20061226"),
    (OLD, ("DTSTART:20061225T000000", "X-EPOCAGENDAENTRYTYPE:REMINDER"), "20061225", "20061226"),
    (BERLIN, ("DTSTART:20060405T220000Z", "X-EPOCAGENDAENTRYTYPE:EVENT"), "20060406", "20060407"),
    (OLD, ("DTSTART:20061225T080000", "DTEND:20061225T090000", "X-EPOCAGENDAENTRYTYPE:EVENT"), "20061225", "20061226"),
])
def test_whole_days_are_known(form: Form, lines: "tuple[str, ...]", first: str, end: str) -> None:
    assert new(*lines, form=form)[:2] == [f"DTSTART;VALUE=DATE:{first}", f"DTEND;VALUE=DATE:{end}"]


@pytest.mark.parametrize("lines", [
    ("DTSTART:20070101T000000", "DTEND:20070101T010000"), ("DTSTART:20070101T000000", "DTEND:20070101T000000"),
    ("DTSTART:20070101T000000",), ("DTSTART:20060405T220000Z", "DTEND:20060407T220000Z"),
    ("DTSTART:20070101T120000", "DTEND:20070102T120000"), ("DTSTART:20070101T000000", "DTEND:20061231T000000"),
])
def test_hours_stay_hours(lines: "tuple[str, ...]") -> None:
    assert new(*lines) == list(lines)


@pytest.mark.parametrize("all_day, start, end, more", [
    ("date", "20070101T000000", "20070102T235959", []),
    ("epoc", "20070101T000000Z", "20070102T240000Z", ["X-EPOCAGENDAENTRYTYPE:EVENT"]),
    ("next-midnight", "20070101T000000", "20070103T000000", ["X-EPOCAGENDAENTRYTYPE:EVENT"]),
])
@pytest.mark.parametrize("time", ["auto", "utc", "local", "tz"])
def test_whole_days_are_written_as_the_phone_knows_them(all_day: str, start: str, end: str, more: "list[str]",
                                                         time: str) -> None:
    form = OLD._replace(all_day=all_day, time=time, zone="America/New_York")
    lines = ("DTSTART;VALUE=DATE:20070101", "DTEND;VALUE=DATE:20070103", "SUMMARY:a")
    there = old(*lines, form=form)
    assert there == [f"DTSTART:{start}", f"DTEND:{end}", *more, "SUMMARY:a"]
    assert new(*there, form=form) == list(lines)


def test_a_birthday_before_the_first_date_of_a_phone_begins_later_there() -> None:
    lines = ("DTSTART;VALUE=DATE:19560229", "DTEND;VALUE=DATE:19560301", "RRULE:FREQ=YEARLY", "SUMMARY:b")
    there = old(*lines, form=P900)
    assert there[:2] == ["DTSTART:19800229T000000Z", "DTEND:19800229T240000Z"] and "RRULE:YM1 2 #0" in there
    body = item("2.0", "VEVENT", lines)
    back = convert(convert(body, "text/calendar", P900), "text/x-vcalendar", NEW, P900)
    assert "DTSTART;VALUE=DATE:19560229" in shown(back) and "DTEND;VALUE=DATE:19560301" in shown(back)


def test_an_event_before_the_first_date_of_a_phone_is_left_out_by_name() -> None:
    with pytest.raises(ItemError, match="before 1980-01-01"):
        old("DTSTART:19790101T120000Z", "SUMMARY:a", form=P900)
    with pytest.raises(ItemError, match="before 1980-01-01"):
        old("DTSTART:19700101T120000Z", "RRULE:FREQ=DAILY;COUNT=3", form=P900)
    assert "DUE:20090501T100000Z" in old("DTSTART:19700101T000001Z", "DUE:20090501T100000Z", kind="VTODO", form=P900)


# -- time zones ------------------------------------------------------------------------------------------------------

EVENT = ("DTSTART;TZID=Europe/Berlin:20060706T160000", "DTEND;TZID=Europe/Berlin:20060706T170000")


@pytest.mark.parametrize("form, start", [
    (OLD, "20060706T140000Z"),
    (OLD._replace(time="utc"), "20060706T140000Z"),
    (OLD._replace(time="utc", zone="Asia/Tokyo"), "20060706T140000Z"),
    (OLD._replace(time="received-as-utc", zone="Asia/Tokyo"), "20060706T140000Z"),
    (OLD._replace(time="local", zone="Europe/Berlin"), "20060706T160000"),
    (OLD._replace(time="local", zone="America/New_York"), "20060706T100000"),
    (OLD._replace(time="local"), "20060706T160000"),
])
def test_a_time_with_a_zone(form: Form, start: str) -> None:
    assert old(*EVENT, form=form)[0] == f"DTSTART:{start}"
    body = item("2.0", "VEVENT", (*EVENT, "SUMMARY:a"))
    back = convert(convert(body, "text/calendar", form), "text/x-vcalendar", NEW, form)
    assert shown(back) == [*EVENT, "SUMMARY:a"], "its zone comes back"
    assert b"BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT" in back


def test_a_phone_that_moves_an_event_takes_it_out_of_its_zone() -> None:
    body = item("2.0", "VEVENT", (*EVENT, "SUMMARY:a"))
    there = convert(body, "text/calendar", BERLIN)
    moved = there.replace(b"T140000Z", b"T143000Z")
    assert shown(convert(moved, "text/x-vcalendar", NEW, BERLIN))[:2] == [
        "DTSTART:20060706T143000Z", "DTEND:20060706T150000Z"]
    renamed = there.replace(b"SUMMARY:a", b"SUMMARY:b")
    assert shown(convert(renamed, "text/x-vcalendar", NEW, BERLIN)) == [*EVENT, "SUMMARY:b"]


@pytest.mark.parametrize("form, sent, start", [
    (OLD, "20060706T160000Z", ":20060706T160000Z"),
    (OLD, "20060706T160000", ":20060706T160000"),
    (OLD._replace(time="local", zone="Europe/Berlin"), "20060706T160000", ";TZID=Europe/Berlin:20060706T160000"),
    (OLD._replace(time="local", zone="Europe/Berlin"), "20060706T160000Z", ":20060706T160000Z"),
    (OLD._replace(time="local"), "20060706T160000", ":20060706T160000"),
    (OLD._replace(time="local", zone="No/Where"), "20060706T160000", ":20060706T160000"),
    (OLD._replace(time="received-as-utc", zone="Asia/Tokyo"), "20060706T160000", ":20060706T160000Z"),
    (OLD, "2006-07-06T16:00:00Z", ":20060706T160000Z"),
    (OLD, "20060706T160000+0200", ":20060706T140000Z"),
    (OLD, "20060706T1600Z", ":20060706T160000Z"),
])
def test_a_time_from_a_phone(form: Form, sent: str, start: str) -> None:
    assert new(f"DTSTART:{sent}", form=form) == [f"DTSTART{start}"]


def test_what_recurs_does_so_by_the_clock_on_the_wall() -> None:
    lines = ["DTSTART:20060306T080000Z", "RRULE:W1 MO #0", "EXDATE:20060403T070000Z;20060410T070000Z"]
    there = new(*lines, form=BERLIN)
    assert there == ["DTSTART;TZID=Europe/Berlin:20060306T090000", "RRULE:FREQ=WEEKLY;BYDAY=MO",
                     "EXDATE;TZID=Europe/Berlin:20060403T090000,20060410T090000"]
    assert old(*there, form=BERLIN) == lines
    assert new(*lines, form=BERLIN._replace(zone="Asia/Tokyo"))[0] == "DTSTART:20060306T080000Z", "no summer time"


def test_an_exception_may_name_the_day() -> None:
    lines = ("DTSTART:20060706T160000Z", "RRULE:D1 #0")
    for date in ("20060708", "20060708T000000Z", "20060708T000000", "20060708T160000Z"):
        assert new(*lines, f"EXDATE:{date}")[-1] == "EXDATE:20060708T160000Z"


def test_a_phone_that_describes_its_zone() -> None:
    form = OLD._replace(time="tz", zone="Europe/Berlin")
    there = old(*EVENT, form=form)
    assert there == ["TZ:+01:00", "DAYLIGHT:TRUE;+02:00;20060326T020000;20061029T030000;CET;CEST",
                     "DTSTART:20060706T160000", "DTEND:20060706T170000"] or there[0] == "TZ:+01:00"
    assert "DAYLIGHT:TRUE;+02:00;20060326T020000;20061029T030000;CET;CEST" in there
    assert new(*there, form=form) == list(EVENT)
    assert new("TZ:+01", "DTSTART:20060706T160000") == ["DTSTART:20060706T150000Z"]
    assert new("TZ:-0500", "DAYLIGHT:TRUE;-04;20060402T020000;20061029T020000;EST;EDT", "DTSTART:20060706T160000") == [
        "DTSTART;TZID=America/New_York:20060706T160000"]


OUTLOOK = b"""BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID="Customized Time Zone":20060706T160000
DTEND;TZID="Customized Time Zone":20060706T170000
SUMMARY:a
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")


@pytest.mark.parametrize("day, hour", [("20060706", "14"), ("20060106", "15"), ("20060326", "14"), ("20061028", "14"),
                                       ("20061029", "15"), ("15000706", "14")])
def test_a_zone_that_only_the_item_knows(day: str, hour: str) -> None:
    body = OUTLOOK.replace(b"20060706", day.encode())
    there = convert(body, "text/calendar", BERLIN)
    assert shown(there)[0] == f"DTSTART:{day}T{hour}0000Z" or day < "1601"
    assert convert(there, "text/x-vcalendar", NEW, BERLIN).partition(b"BEGIN:VTIMEZONE")[2] == \
        body.partition(b"BEGIN:VTIMEZONE")[2]


def test_a_zone_that_nobody_knows_is_no_reason_to_stop() -> None:
    lines = ("DTSTART;TZID=Nowhere:20060706T160000", "DUE;TZID=Nowhere:20060707T160000", "SUMMARY:a")
    assert old(*lines, kind="VTODO", form=BERLIN) == ["DTSTART:20060706T160000", "DUE:20060707T160000", "SUMMARY:a"]
    body = item("2.0", "VTODO", lines)
    assert shown(convert(convert(body, "text/calendar", BERLIN), "text/x-vcalendar", NEW, BERLIN)) == list(lines)


# -- alarms ----------------------------------------------------------------------------------------------------------

def alarm(trigger: str = "TRIGGER:-PT10M", *more: str) -> "tuple[str, ...]":
    return ("BEGIN:VALARM", *(more or ("ACTION:AUDIO",)), trigger, "END:VALARM")


@pytest.mark.parametrize("form, start, sent", [
    (OLD, "DTSTART:20060706T160000Z", "20060706T155000Z"),
    (OLD, "DTSTART:20060706T160000", "20060706T155000"),
    (OLD._replace(alarm="relative"), "DTSTART:20060706T160000Z", "-PT10M"),
    (BERLIN._replace(alarm="absolute"), "DTSTART;TZID=Europe/Berlin:20060706T160000", "20060706T135000Z"),
    (BERLIN._replace(alarm="absolute", time="local"), "DTSTART;TZID=Europe/Berlin:20060706T160000", "20060706T135000Z"),
    (BERLIN._replace(time="local"), "DTSTART;TZID=Europe/Berlin:20060706T160000", "20060706T155000"),
    (BERLIN._replace(alarm="absolute"), "DTSTART:20060706T160000", "20060706T135000Z"),
    (OLD._replace(alarm="absolute"), "DTSTART:20060706T160000", "20060706T155000"),
    (BERLIN._replace(alarm="absolute"), "DTSTART;VALUE=DATE:20060706", "20060705T215000Z"),
    (BERLIN._replace(alarm="absolute"), "DTSTART;TZID=Europe/Berlin:20060106T160000\r\nRRULE:FREQ=DAILY",
     "20060106T145000Z"),
])
def test_alarms_there_and_back(form: Form, start: str, sent: str) -> None:
    lines = (*start.split("\r\n"), "DTEND" + start.split("\r\n")[0][7:].replace("T16", "T17").replace("E:20060706",
                                                                                              "E:20060707"), *alarm())
    there = convert(item("2.0", "VEVENT", lines), "text/calendar", form)
    assert f"AALARM:{sent}" in shown(there)
    bare = b"".join(each.raw for each in parse(there) if each.name != "X-MINISYNCML-KEPT")
    assert "TRIGGER:-PT10M" in shown(convert(bare, "text/x-vcalendar", NEW, form)), "also without what is kept aside"


@pytest.mark.parametrize("sent, lines", [
    ("AALARM:20060706T155000Z", ["ACTION:AUDIO", "TRIGGER:-PT10M"]),
    ("AALARM:20060706T155000Z;;;", ["ACTION:AUDIO", "TRIGGER:-PT10M"]),
    ("AALARM;TYPE=X-EPOCSOUND:20060706T155000Z;;0;c:\\a\\b.mp3",
     ["ACTION:AUDIO", "TRIGGER:-PT10M", "ATTACH;X-TYPE=X-EPOCSOUND:c:\\a\\b.mp3"]),
    ("AALARM;TYPE=WAVE;VALUE=URL:20060706T155000Z;PT5M;2;file:///mmedia/taps.wav",
     ["ACTION:AUDIO", "TRIGGER:-PT10M", "DURATION:PT5M", "REPEAT:2", "ATTACH;X-TYPE=WAVE:file:///mmedia/taps.wav"]),
    ("DALARM:20060706T155000Z;PT5M;2;Your taxes, due!",
     ["ACTION:DISPLAY", "TRIGGER:-PT10M", "DURATION:PT5M", "REPEAT:2", "DESCRIPTION:Your taxes\\, due!"]),
    ("DALARM:20060706T155000Z", ["ACTION:DISPLAY", "TRIGGER:-PT10M", "DESCRIPTION:a"]),
    ("MALARM:20060706T155000Z;PT1H;1;ada@example.org;hello",
     ["ACTION:EMAIL", "TRIGGER:-PT10M", "DURATION:PT1H", "REPEAT:1", "DESCRIPTION:hello", "SUMMARY:a",
      "ATTENDEE:mailto:ada@example.org"]),
    ("PALARM:20060706T155000Z;PT5M;2;file:///myapps/shockme.exe",
     ["ACTION:PROCEDURE", "TRIGGER:-PT10M", "DURATION:PT5M", "REPEAT:2", "ATTACH:file:///myapps/shockme.exe"]),
    ("AALARM:-PT30M", ["ACTION:AUDIO", "TRIGGER:-PT30M"]),
    ("AALARM:20060706T160500Z", ["ACTION:AUDIO", "TRIGGER:PT5M"]),
])
def test_alarms_of_phones(sent: str, lines: "list[str]") -> None:
    made = new("DTSTART:20060706T160000Z", sent, "SUMMARY:a")
    assert made == ["DTSTART:20060706T160000Z", "SUMMARY:a", "BEGIN:VALARM", *lines, "END:VALARM"]


def test_an_alarm_that_makes_no_sense_comes_back_to_the_phone() -> None:
    body = item("1.0", "VEVENT", ("DTSTART:20060706T160000Z", "AALARM:soon;;0;x"))
    ours = convert(body, "text/x-vcalendar", NEW)
    assert b"BEGIN:VALARM" not in ours
    assert "AALARM:soon;;0;x" in shown(convert(ours, "text/calendar", OLD))


def test_a_task_rings_at_a_distance_to_the_day_it_is_due() -> None:
    made = new("DUE:20060706T160000Z", "AALARM:20060706T155000Z", kind="VTODO")
    assert "TRIGGER;RELATED=END:-PT10M" in made
    assert "AALARM:20060706T155000Z" in old(*made, kind="VTODO")


def test_a_phone_that_knows_no_text_alarm_gets_one_with_a_sound() -> None:
    lines = ("DTSTART:20060706T160000Z", *alarm("TRIGGER:-PT10M", "ACTION:DISPLAY", "DESCRIPTION:a"))
    assert "DALARM:20060706T155000Z;;0;a" in old(*lines)
    assert "AALARM:20060706T155000Z" in old(*lines, form=OLD._replace(caps=(Cap("AALARM"),)))


# -- the rest --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind, before, after", [
    ("VTODO", "STATUS:NEEDS ACTION", ["STATUS:NEEDS-ACTION"]), ("VEVENT", "STATUS:NEEDS ACTION", []),
    ("VTODO", "STATUS:COMPLETED", ["STATUS:COMPLETED"]), ("VTODO", "STATUS:ACCEPTED", ["STATUS:IN-PROCESS"]),
    ("VTODO", "STATUS:SENT", ["STATUS:NEEDS-ACTION"]), ("VEVENT", "STATUS:SENT", []),
    ("VEVENT", "STATUS:CONFIRMED", ["STATUS:CONFIRMED"]), ("VEVENT", "STATUS:TENTATIVE", ["STATUS:TENTATIVE"]),
    ("VEVENT", "STATUS:DECLINED", ["STATUS:CANCELLED"]), ("VTODO", "STATUS:DELEGATED", ["STATUS:IN-PROCESS"]),
    ("VEVENT", "TRANSP:0", ["TRANSP:OPAQUE"]), ("VEVENT", "TRANSP:1", ["TRANSP:TRANSPARENT"]),
    ("VEVENT", "TRANSP:OPAQUE", ["TRANSP:OPAQUE"]),
    ("VEVENT", "CATEGORIES:MEETING;Work\\;shop", ["CATEGORIES:MEETING,Work\\;shop"]),
    ("VEVENT", "CATEGORIES:A,B", ["CATEGORIES:A,B"]),
    ("VEVENT", "DCREATED:20061221T230000Z", ["CREATED:20061221T230000Z"]),
    ("VEVENT", "SUMMARY:a\\;b, c", ["SUMMARY:a\\;b\\, c"]),
    ("VEVENT", "DESCRIPTION;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=BC=0D=0Ab", ["DESCRIPTION:ü\\nb"]),
    ("VEVENT", "ATTENDEE;ROLE=OWNER;STATUS=ACCEPTED;RSVP=YES:Ada <ada@example.org>",
     ["ATTENDEE;CN=Ada;ROLE=CHAIR;PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:ada@example.org"]),
    ("VEVENT", "ATTENDEE;ROLE=ORGANIZER:ada@example.org", ["ORGANIZER:mailto:ada@example.org"]),
    ("VEVENT", "ATTACH;VALUE=URL:http://example.org/a", ["ATTACH:http://example.org/a"]),
    ("VEVENT", "GEO:37.24,-17.87", ["GEO:37.24;-17.87"]), ("VEVENT", "X-OTHER;X-A=1:b;c", ["X-OTHER;X-A=1:b;c"]),
    ("VEVENT", "X-EPOCAGENDAENTRYTYPE:APPOINTMENT", []), ("VTODO", "X-EPOCAGENDAENTRYTYPE:TODO", []),
])
def test_single_properties(kind: str, before: str, after: "list[str]") -> None:
    body = item("1.0", kind, ("DTSTART:20060706T160000Z", before))
    ours = convert(body, "text/x-vcalendar", NEW)
    assert shown(ours) == ["DTSTART:20060706T160000Z", *after]
    again = convert(convert(ours, "text/calendar", OLD), "text/x-vcalendar", NEW)
    assert shown(again) == shown(ours)


def test_a_status_that_icalendar_does_not_know_comes_back() -> None:
    for kind, word in (("VTODO", "SENT"), ("VEVENT", "SENT"), ("VTODO", "TENTATIVE"), ("VEVENT", "DELEGATED")):
        ours = convert(item("1.0", kind, ("DTSTART:20060706T160000Z", f"STATUS:{word}")), "text/x-vcalendar", NEW)
        assert f"STATUS:{word}" in shown(convert(ours, "text/calendar", OLD))


def test_a_task_that_the_phone_calls_done_is_no_longer_half_done() -> None:
    lines = ("DUE:20060706T160000Z", "STATUS:IN-PROCESS", "PERCENT-COMPLETE:40")
    there = convert(item("2.0", "VTODO", lines), "text/calendar", OLD)
    done = convert(there.replace(b"STATUS:ACCEPTED", b"STATUS:COMPLETED"), "text/x-vcalendar", NEW)
    assert shown(done) == ["DUE:20060706T160000Z", "STATUS:COMPLETED"]


SERIES = ("UID:a", "DTSTART:20060706T160000Z", "RRULE:FREQ=DAILY", "SUMMARY:a")
MOVED = ("UID:a", "RECURRENCE-ID:20060708T160000Z", "DTSTART:20060708T180000Z", "SUMMARY:later")
CANCELLED = ("UID:a", "RECURRENCE-ID:20060709T160000Z", "DTSTART:20060709T160000Z", "STATUS:CANCELLED")
RENAMED = ("UID:a", "RECURRENCE-ID:20060710T160000Z", "DTSTART:20060710T160000Z", "SUMMARY:other")


def test_exceptions_are_neither_lost_nor_doubled() -> None:
    parts = [("BEGIN:VEVENT", *lines, "END:VEVENT") for lines in (SERIES, MOVED, CANCELLED, RENAMED)]
    body = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *(line for part in parts for line in part),
                        "END:VCALENDAR", ""]).encode()
    there = convert(body, "text/calendar", OLD)
    assert [each.value for each in parse(there) if each.name == "BEGIN"] == ["VCALENDAR", "VEVENT"]
    assert "EXDATE:20060708T160000Z;20060709T160000Z" in shown(there) and "RDATE:20060708T180000Z" in shown(there)
    assert convert(there, "text/x-vcalendar", NEW) == body
    renamed = convert(there.replace(b"SUMMARY:a", b"SUMMARY:b"), "text/x-vcalendar", NEW)
    assert renamed == body.replace(b"SUMMARY:a", b"SUMMARY:b")


def test_the_items_of_a_recorded_phone() -> None:
    files = sorted((SESSIONS / "sony-ericsson-p900").glob("syncml_client_*.xml"))
    bodies = [part.partition("]]>")[0].encode() for file in files
              for part in file.read_text("latin-1").split("<![CDATA[")[1:] if part.startswith("BEGIN:VCALENDAR")]
    for body in bodies:
        ours = convert(body, "text/calendar", NEW, P900)
        again = convert(ours, "text/calendar", P900)
        mine, theirs = ({(each.name, each.value) for each in parse(each)} for each in (again, body))
        assert {pair for pair in theirs if pair not in mine} <= {("STATUS", "NEEDS ACTION")}, "the default"
        assert convert(again, "text/x-vcalendar", NEW, P900) == ours


@pytest.mark.parametrize("body", [
    b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nDTSTART:20060706T160000Z\r\nSUMMARY:a\r\n",
    b"BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nDTSTART:20060706T160000Z\nSUMMARY:a\nEND:VEVENT\nEND:VCALENDAR\n",
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART:20060706T160000Z\r\nSUMMARY:a\r\nEND:VCALENDAR\r\n",
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20060706T160000Z\r\nSUMMARY:a\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    b"begin:vcalendar\r\nversion:1.0\r\nbegin:vevent\r\ndtstart:20060706T160000Z\r\nsummary:a\r\nend:vevent\r\nend:vcalendar",
])
def test_what_phones_leave_out(body: bytes) -> None:
    made = convert(body, "text/calendar", OLD)
    assert shown(made) == ["DTSTART:20060706T160000Z", "SUMMARY:a"]
    made = convert(body, "text/calendar", NEW)
    assert made.endswith((b"END:VCALENDAR", b"END:VCALENDAR\r\n", b"END:VCALENDAR\n")) and b"END:VEVENT" in made
