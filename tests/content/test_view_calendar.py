"""What a peer sees of our events and tasks, and what its edits do to them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content.form import Cap, Form
from minisyncml.content.view import View
from minisyncml.errors import ItemError

NEW = Form("text/calendar", "2.0")
OLD = Form("text/x-vcalendar", "1.0", zone="Europe/Berlin")
ZONE = b"""BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""
LATER = b"""BEGIN:VEVENT
UID:20200406-weekly-meeting
DTSTAMP:20200101T000000Z
RECURRENCE-ID;TZID=Europe/Berlin:20200420T163000
DTSTART;TZID=Europe/Berlin:20200420T180000
DTEND;TZID=Europe/Berlin:20200420T190000
SUMMARY:Meeting later
END:VEVENT
"""
EVENT = (b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//test
""" + ZONE + b"""BEGIN:VEVENT
UID:20200406-weekly-meeting
DTSTAMP:20200101T000000Z
DTSTART;TZID=Europe/Berlin:20200406T163000
DTEND;TZID=Europe/Berlin:20200406T173000
RRULE:FREQ=WEEKLY;BYDAY=MO
EXDATE;TZID=Europe/Berlin:20200413T163000
SUMMARY:Meeting
LOCATION:Room\\, 2
DESCRIPTION:Bring\\nthings
X-FOO:bar
ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.org
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Meeting
TRIGGER:-PT15M
X-OWN:1
END:VALARM
END:VEVENT
""" + LATER + b"END:VCALENDAR\n").replace(b"\n", b"\r\n")
TASK = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//test
BEGIN:VTODO
UID:20200406-write-letter
DTSTAMP:20200101T000000Z
DUE;VALUE=DATE:20200410
SUMMARY:Write a letter
PRIORITY:1
CATEGORIES:Home
X-OWN:kept
END:VTODO
END:VCALENDAR
""".replace(b"\n", b"\r\n")
MODES = ("auto", "utc", "local")


def edited(body: bytes, *pairs: "tuple[bytes, bytes]") -> bytes:
    for old, new in pairs:
        assert old in body, old
        body = body.replace(old, new, 1)
    return body


@pytest.mark.parametrize("time", MODES)
@pytest.mark.parametrize("alarm", ["auto", "absolute"])
@pytest.mark.parametrize("item", [EVENT, TASK])
def test_an_item_that_was_only_written_anew_is_no_change(item: bytes, time: str, alarm: str) -> None:
    for peer in (OLD, NEW._replace(zone="Europe/Berlin")):
        view = View(peer._replace(time=time, alarm=alarm), NEW)
        type, body = view.sent("text/calendar", item)
        assert b"X-MINISYNCML" not in body
        assert view.updated("text/calendar", item, b"", type, body) == item
        assert view.updated("text/calendar", item, view.shadow(type, body), type, body) == item
        other = b"\n".join(line for line in body.split(b"\r\n") if line[:4] not in (b"X-FO", b"UID:", b"X-OW"))
        assert view.updated("text/calendar", item, b"", type, other) == item


def test_the_same_form_goes_as_it_is() -> None:
    assert View(NEW._replace(zone="Europe/Berlin"), NEW).sent("text/calendar", EVENT) == ("text/calendar", EVENT)


@pytest.mark.parametrize("time", MODES)
def test_edits_of_a_phone(time: str) -> None:
    view = View(OLD._replace(time=time), NEW)
    type, body = view.sent("text/calendar", EVENT)
    hour = {"local": (b"T163000", b"T173000", b"T183000")}.get(time, (b"T143000Z", b"T153000Z", b"T163000Z"))
    shadow = view.shadow(type, body)
    made = view.updated("text/calendar", EVENT, shadow, type, edited(
        body, (b"DTEND:20200406" + hour[1], b"DTEND:20200406" + hour[2])))
    assert made == edited(EVENT, (b"20200406T173000", b"20200406T183000"))
    made = view.updated("text/calendar", EVENT, shadow, type, edited(body, (b"SUMMARY:Meeting", b"SUMMARY:Party")))
    assert made == edited(EVENT, (b"SUMMARY:Meeting", b"SUMMARY:Party"))
    dates = b"EXDATE:20200413" + hour[0]
    made = view.updated("text/calendar", EVENT, shadow, type, edited(body, (dates, dates + b";20200427" + hour[0])))
    assert made == edited(EVENT, (b"20200413T163000", b"20200413T163000,20200427T163000"))
    made = view.updated("text/calendar", EVENT, shadow, type, edited(body, (b"W1 MO", b"W2 MO")))
    assert made == edited(EVENT, (b"FREQ=WEEKLY;BYDAY=MO", b"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"))


@pytest.mark.parametrize("time", MODES)
def test_an_alarm_of_a_phone(time: str) -> None:
    view = View(OLD._replace(time=time, alarm="absolute"), NEW)
    type, body = view.sent("text/calendar", EVENT)
    line = next(line for line in body.split(b"\r\n") if line.startswith(b"DALARM"))
    made = view.updated("text/calendar", EVENT, b"", type, body.replace(line, line.replace(b"1500", b"0000")))
    assert b"TRIGGER:-PT30M" in made and b"X-OWN:1" in made and made.count(b"BEGIN:VALARM") == 1
    assert edited(EVENT, (b"BEGIN:VALARM", b""))[:400] == edited(made, (b"BEGIN:VALARM", b""))[:400]
    made = view.updated("text/calendar", EVENT, b"", type, body.replace(line + b"\r\n", b""))
    assert b"VALARM" not in made and b"RECURRENCE-ID" in made


def test_an_end_that_we_have_as_a_duration() -> None:
    mine = edited(EVENT, (b"DTEND;TZID=Europe/Berlin:20200406T173000", b"DURATION:PT1H"))
    view = View(OLD._replace(time="utc"), NEW)
    type, body = view.sent("text/calendar", mine)
    assert view.updated("text/calendar", mine, b"", type, body) == mine
    made = view.updated("text/calendar", mine, b"", type, edited(body, (b"DTEND:20200406T153000Z",
                                                                        b"DTEND:20200406T163000Z")))
    assert made == edited(EVENT, (b"20200406T173000", b"20200406T183000"))


def test_exceptions_that_a_peer_knows() -> None:
    view = View(NEW._replace(caps=tuple(map(Cap, ("DTEND", "RRULE", "EXDATE", "RECURRENCE-ID", "LOCATION")))), NEW)
    type, body = view.sent("text/calendar", EVENT)
    assert b"ATTENDEE" not in body and b"RECURRENCE-ID" in body and b"VALARM" not in body and b"VTIMEZONE" in body
    shadow = view.shadow(type, body)
    later = LATER.replace(b"\n", b"\r\n")
    assert view.updated("text/calendar", EVENT, shadow, type, edited(body, (later, b""))) == edited(EVENT, (later, b""))
    made = view.updated("text/calendar", EVENT, shadow, type, edited(body, (b"Meeting later", b"Meeting after")))
    assert made == edited(EVENT, (b"Meeting later", b"Meeting after"))
    third = later.replace(b"20200420", b"20200427")
    made = view.updated("text/calendar", EVENT, shadow, type, edited(body, (later, later + third)))
    assert made == edited(EVENT, (later, later + third))


def test_exceptions_that_a_peer_does_not_know_are_not_events_of_their_own() -> None:
    view = View(NEW._replace(caps=(Cap("RRULE"), Cap("EXDATE"))), NEW)
    assert view.sent("text/calendar", EVENT)[1].count(b"BEGIN:VEVENT") == 1
    body = View(OLD._replace(caps=(Cap("RRULE"), Cap("EXDATE"), Cap("DTEND"))), NEW).sent("text/calendar", EVENT)[1]
    assert body.count(b"BEGIN:VEVENT") == 1 and b";20200420T143000Z" in body


def test_caps_of_an_old_calendar_mean_ours() -> None:
    view = View(OLD._replace(caps=tuple(map(Cap, ("DTSTART", "DTEND", "SUMMARY", "DALARM")))), NEW)
    body = view.sent("text/calendar", EVENT)[1]
    assert b"DALARM" in body and b"LOCATION" not in body and b"RRULE" not in body
    theirs = edited(body, (b"SUMMARY:Meeting", b"SUMMARY:Party"))
    assert view.updated("text/calendar", EVENT, b"", "text/x-vcalendar", theirs) == edited(
        EVENT, (b"SUMMARY:Meeting", b"SUMMARY:Party"))


def test_a_task_on_both_sides() -> None:
    view = View(OLD, NEW)
    type, body = view.sent("text/calendar", TASK)
    shadow = view.shadow(type, body)
    mine = edited(TASK, (b"SUMMARY:Write", b"SUMMARY:Send"))
    theirs = edited(body, (b"END:VTODO", b"STATUS:COMPLETED\r\nCOMPLETED:20200409T100000Z\r\nEND:VTODO"))
    made = view.merged("text/calendar", mine, shadow, type, theirs)
    assert made is not None and b"SUMMARY:Send" in made and b"STATUS:COMPLETED" in made and b"X-OWN:kept" in made
    assert b"DUE;VALUE=DATE:20200410" in made and b"PRIORITY:1" in made
    moved = edited(TASK, (b"20200410", b"20200411"))
    there = next(line for line in body.split(b"\r\n") if line.startswith(b"DUE"))
    assert view.merged("text/calendar", moved, shadow, type, body.replace(there, b"DUE:20200412T100000")) is None


def test_what_one_side_does_to_an_occurrence_that_the_other_took_out() -> None:
    view = View(NEW, NEW)
    later = LATER.replace(b"\n", b"\r\n")
    gone, changed = edited(EVENT, (later, b"")), edited(EVENT, (b"Meeting later", b"Meeting after"))
    assert view.merged("text/calendar", changed, EVENT, "text/calendar", gone) is None
    assert view.merged("text/calendar", edited(EVENT, (b"Room", b"Hall")), EVENT, "text/calendar", gone) == edited(
        EVENT, (b"Room", b"Hall"), (later, b""))


@pytest.mark.parametrize("time", ["auto", "utc", "tz"])
def test_an_occurrence_that_the_peer_counts_in_utc(time: str) -> None:
    view = View(NEW._replace(time=time, zone="Europe/Berlin"), NEW)
    type, body = view.sent("text/calendar", EVENT)
    shadow = view.shadow(type, body)
    theirs = edited(body, (b"Meeting later", b"Meeting after"))
    assert view.updated("text/calendar", EVENT, shadow, type, theirs) == edited(
        EVENT, (b"Meeting later", b"Meeting after"))
    mine = edited(EVENT, (b"SUMMARY:Meeting\r\n", b"SUMMARY:Gathering\r\n"))
    assert view.merged("text/calendar", mine, shadow, type, theirs) == edited(
        mine, (b"Meeting later", b"Meeting after"))
    head, _, tail = body.rpartition(b"BEGIN:VEVENT")
    gone = head + tail.partition(b"END:VEVENT\r\n")[2]
    later = LATER.replace(b"\n", b"\r\n")
    assert view.updated("text/calendar", EVENT, shadow, type, gone) == edited(EVENT, (later, b""))


@pytest.mark.parametrize("time", ["utc", "local", "tz"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_times_by_whatever_clock_stay_so(time: str, end: bytes) -> None:
    """A phone that writes iCalendar without zones, and a program that ends lines as files do."""
    mine = end.join((b"BEGIN:VCALENDAR", b"VERSION:2.0", b"BEGIN:VEVENT", b"UID:dentist", b"DTSTART:20260701T090000",
                     b"DURATION:PT1H", b"SUMMARY:Dentist", b"END:VEVENT", b"END:VCALENDAR", b""))
    view = View(NEW._replace(time=time, zone="Europe/Berlin"), NEW)
    type, body = view.sent("text/calendar", mine)
    for shadow in (b"", view.shadow(type, body)):
        assert view.updated("text/calendar", mine, shadow, "text/calendar", mine) == mine
        for stamp in (b"20260701T110000", *((b"20260701T090000Z",) if time == "utc" else ())):
            theirs = mine.replace(b"20260701T090000", stamp)
            assert view.updated("text/calendar", mine, shadow, "text/calendar", theirs) == mine.replace(
                b"T090000", b"T110000")


def test_an_occurrence_that_we_took_out_stays_out() -> None:
    view = View(NEW, NEW)
    later = LATER.replace(b"\n", b"\r\n")
    gone = edited(EVENT, (later, b""))
    theirs = edited(EVENT, (b"Room", b"Hall"))
    assert view.merged("text/calendar", gone, EVENT, "text/calendar", theirs) == edited(gone, (b"Room", b"Hall"))
    theirs = edited(EVENT, (b"Meeting later", b"Meeting after"))
    assert view.merged("text/calendar", gone, EVENT, "text/calendar", theirs) is None


@pytest.mark.parametrize("ours, theirs, same", [
    (b"FREQ=WEEKLY;BYDAY=MO", b"FREQ=WEEKLY", True), (b"FREQ=WEEKLY;BYDAY=TU", b"FREQ=WEEKLY", False),
    (b"FREQ=YEARLY;BYMONTH=4", b"FREQ=YEARLY", True), (b"FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=6", b"FREQ=YEARLY", True),
    (b"FREQ=YEARLY;BYMONTHDAY=6", b"FREQ=YEARLY", False), (b"FREQ=MONTHLY;BYMONTHDAY=6", b"FREQ=MONTHLY", True),
    (b"FREQ=DAILY;INTERVAL=1", b"FREQ=DAILY", True), (b"FREQ=MONTHLY;BYMONTHDAY=7", b"FREQ=MONTHLY", False),
])
def test_what_a_rule_leaves_to_be_understood(ours: bytes, theirs: bytes, same: bool) -> None:
    view = View(NEW, NEW)
    mine, other = edited(EVENT, (b"FREQ=WEEKLY;BYDAY=MO", ours)), edited(EVENT, (b"FREQ=WEEKLY;BYDAY=MO", theirs))
    assert view.same("text/calendar", mine, "text/calendar", other) is same
    assert view.same("text/calendar", other, "text/calendar", mine) is same
    assert view.merged("text/calendar", mine, b"", "text/calendar", other) == (mine if same else None)


def test_one_moment_in_utc_and_in_a_zone() -> None:
    view = View(NEW, NEW)
    theirs = edited(EVENT, (b"DTSTART;TZID=Europe/Berlin:20200406T163000", b"DTSTART:20200406T143000Z"),
                    (b"EXDATE;TZID=Europe/Berlin:20200413T163000", b"EXDATE:20200413T143000Z"))
    assert view.same("text/calendar", EVENT, "text/calendar", theirs)
    assert view.updated("text/calendar", EVENT, EVENT, "text/calendar", theirs) == EVENT
    assert view.merged("text/calendar", EVENT, b"", "text/calendar", theirs) == EVENT
    assert not view.same("text/calendar", EVENT, "text/calendar", edited(theirs, (b"T143000Z", b"T144000Z")))


@given(st.lists(st.sampled_from(EVENT.splitlines(True) + TASK.splitlines(True) + [
    b"BEGIN:VEVENT\r\n", b"END:VCALENDAR\r\n", b"RRULE:W1 MO #0\r\n", b"RDATE:99991231T235959Z\r\n",
    b"DTSTART;TZID=Nowhere:00000000T000000\r\n", b"TRIGGER;VALUE=DATE-TIME:2020\r\n", b"DURATION:P\xb3D\r\n",
    b"X-MINISYNCML-KEPT:1.0 x y\r\n"]),
    max_size=25).map(b"".join).map(lambda inner: b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + inner))
@settings(max_examples=100, deadline=None)
def test_anything_is_taken_or_refused(body: bytes) -> None:
    for view in (View(OLD._replace(time="utc", alarm="absolute"), NEW), View(NEW._replace(time="local"), NEW),
                 View(OLD._replace(caps=(Cap("RRULE"), Cap("EXDATE", 1, 20))), NEW), View(Form(), Form())):
        for work, given_ in ((view.stored, ("text/calendar", body)), (view.sent, ("text/calendar", body, body)),
                             (view.updated, ("text/calendar", EVENT, b"", "text/calendar", body)),
                             (view.updated, ("text/calendar", body, EVENT, "text/calendar", EVENT)),
                             (view.merged, ("text/calendar", EVENT, body, "text/calendar", body)),
                             (view.same, ("text/calendar", TASK, "text/calendar", body))):
            with contextlib.suppress(ItemError):
                work(*given_)
