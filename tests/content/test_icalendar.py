"""iCalendar: byte for byte where nothing is asked for, with other times where a peer wants them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers import ROOT

from minisyncml.content.components import flat
from minisyncml.content.form import Form
from minisyncml.content.formats import find
from minisyncml.content.lines import parse, write
from minisyncml.content.pieces import pieces
from minisyncml.content.vtimezone import timezone, transitions
from minisyncml.content.zones import Rules, known
from minisyncml.errors import ItemError

ITEMS = Path(os.environ.get("MINISYNCML_SHARED", ROOT.parent / "shared")) / "corpus" / "items"
NEW = Form("text/calendar", "2.0")
FORMAT = find("text/calendar", "2.0")
assert FORMAT is not None
EVENT = b"""BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:20060306T090000
DTEND;TZID=Europe/Berlin:20060306T100000
RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20060424T070000Z
EXDATE;TZID=Europe/Berlin:20060403T090000
SUMMARY:a
BEGIN:VALARM
ACTION:AUDIO
TRIGGER:-PT15M
END:VALARM
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")


def changed(body: bytes, form: Form) -> "list[str]":
    made = FORMAT.write(FORMAT.read(body, NEW), form).replace(b"\r\n ", b"").decode()
    return [line for line in made.split("\r\n") if line and not line.startswith("X-MINISYNCML-KEPT")]


@pytest.mark.parametrize("name", ["eds_task.ics", "eds_memo.ics"])
def test_nothing_is_changed_when_nothing_is_asked_for(name: str) -> None:
    for body in pieces((ITEMS / name).read_bytes()) if (ITEMS / name).is_file() else ():
        assert FORMAT.write(FORMAT.read(body, NEW), NEW) == body


def test_times_in_utc() -> None:
    made = changed(EVENT, NEW._replace(time="utc", zone="Europe/Berlin", alarm="absolute"))
    assert made[2:] == [
        "BEGIN:VEVENT", "DTSTART:20060306T080000Z", "DTEND:20060306T090000Z",
        "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20060424T070000Z", "EXDATE:20060403T070000Z", "SUMMARY:a", "BEGIN:VALARM",
        "ACTION:AUDIO", "TRIGGER;VALUE=DATE-TIME:20060306T074500Z", "END:VALARM", "END:VEVENT", "END:VCALENDAR"]


def test_times_by_the_clock_of_the_peer() -> None:
    made = changed(EVENT, NEW._replace(time="local", zone="America/New_York"))
    assert made[3:7] == ["DTSTART:20060306T030000", "DTEND:20060306T040000",
                         "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20060424T030000", "EXDATE:20060403T030000"]


def test_plain_names_of_zones_with_their_rules() -> None:
    body = EVENT.replace(b"TZID=Europe/Berlin", b"TZID=/freeassociation.sourceforge.net/Tzfile/Europe/Berlin")
    made = changed(body, NEW._replace(time="tz"))
    assert "DTSTART;TZID=Europe/Berlin:20060306T090000" in made and "TZID:Europe/Berlin" in made
    assert "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU" in made


@pytest.mark.parametrize("body", [b"", b"hello", b"BEGIN:VCARD\r\nEND:VCARD\r\n",
                                  b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
                                  b"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n"])
def test_what_is_no_calendar(body: bytes) -> None:
    with pytest.raises(ItemError):
        FORMAT.read(body, NEW)


@pytest.mark.parametrize("body, end", [
    (EVENT[:EVENT.index(b"END:VEVENT")], b"END:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
    (EVENT[EVENT.index(b"BEGIN:VEVENT"):EVENT.index(b"END:VCAL")], b"END:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
    (EVENT + b"trailing\r\n", b"END:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
    (EVENT.replace(b"END:VALARM\r\n", b""), b"TRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
])
def test_ends_that_are_missing(body: bytes, end: bytes) -> None:
    made = FORMAT.write(FORMAT.read(body, NEW), NEW)
    assert made.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT") and made.endswith(end)


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe",
                                  "Asia/Tokyo", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Kathmandu"])
@pytest.mark.parametrize("year", [1985, 2006, 2007, 2026])
def test_written_rules_of_a_zone_say_what_the_zone_does(name: str, year: int) -> None:
    from datetime import datetime, timedelta
    part, there = timezone(name, year), known(name)
    assert part is not None and there is not None
    rules = Rules(part)
    for day in range(0, 365 * 8, 5):
        at = datetime(year, 1, 1, 12) + timedelta(days=day)
        assert rules.utcoffset(at) == there[1].utcoffset(at), (at, write(flat(part), False).decode())


def test_the_moment_when_clocks_change() -> None:
    found = transitions("Europe/Berlin", 2006, 1)
    assert [f"{each.local:%Y%m%dT%H%M} {each.name}" for each in found] == ["20060326T0200 CEST", "20061029T0300 CET"]
    assert [each.value for each in parse(EVENT)][0] == "VCALENDAR"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "Europe", "Europe/", "", "Nowhere/At/All",
                                  "a" * 500, "Europe/Ber\0lin", "posix", "zone.tab", "Berlin"])
def test_names_of_no_zone(name: str) -> None:
    assert known(name) is None
