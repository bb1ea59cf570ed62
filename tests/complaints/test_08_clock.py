"""Complaint 8: times and alarms move by the offset to UTC. Whatever clock a phone has, an event begins and rings at
the same moment on both sides, before and after somebody edits it there.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Dict, Tuple
from zoneinfo import ZoneInfo

import pytest
from hub import ZONE, Handset, Hub, put

from minisyncml.content.alarms import OLD
from minisyncml.content.formats import hub as parsed
from minisyncml.content.lines import parse
from minisyncml.profile import find

EMPTY: "Dict[str, Tuple[str, ...]]" = {"contacts": (), "calendar": (), "tasks": (), "notes": ()}
EVENING = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//b//EN\r\nBEGIN:VEVENT\r\nUID:1@example.org\r\n"
           "DTSTAMP:20090401T145153Z\r\nSUMMARY:Opera\r\nDTSTART;TZID=Europe/Berlin:20090710T193000\r\n"
           "DTEND;TZID=Europe/Berlin:20090710T223000\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT45M\r\nEND:VALARM\r\n"
           "END:VEVENT\r\nEND:VCALENDAR\r\n")
WEEKLY = EVENING.replace("BEGIN:VALARM", "RRULE:FREQ=WEEKLY;COUNT=30\r\nBEGIN:VALARM")
PHONES = ("nokia-s60", "nokia-s40", "nokia-7210c", "nokia-9210", "sony-ericsson-w595", "sony-ericsson-k750i", "siemens",
          "uiq-p900", "synthesis")
START = datetime(2009, 7, 10, 17, 30, tzinfo=timezone.utc)
RINGS = START - timedelta(minutes=45)


def moment(text: str) -> datetime:
    """A moment by what a phone with a clock in Berlin takes it for."""
    at = datetime.strptime(text[:15], "%Y%m%dT%H%M%S")
    return at.replace(tzinfo=timezone.utc if text.endswith("Z") else ZoneInfo(ZONE)).astimezone(timezone.utc)


def on_the_phone(body: bytes) -> "tuple[datetime, datetime]":
    found = {each.name: each.value for each in parse(body)}
    start = moment(found["DTSTART"])
    rings = next(found[name] for name in OLD if name in found).split(";")[0]
    return start, start - timedelta(minutes=45) if rings == "-PT45M" else moment(rings)


@pytest.mark.parametrize("body", [EVENING, WEEKLY], ids=["once", "weekly"])
@pytest.mark.parametrize("name", PHONES)
def test_our_events_begin_and_ring_when_they_should(name: str, body: str) -> None:
    hub, handset = Hub({**EMPTY, "calendar": (body,)}), Handset(find(user=name))
    handset.fine(hub)
    [item] = handset.items("calendar")
    assert on_the_phone(item.body) == (START, RINGS)
    store = handset.stores[handset.name("calendar")]
    with store.begin() as batch:
        batch.put(item.id, item.type, item.body.replace(b"SUMMARY:", b"SUMMARY:Grand "))
        batch.commit()
    handset.fine(hub)
    [ours] = hub.bodies("calendar")
    assert b"SUMMARY:Grand Opera" in ours and b"DTSTART;TZID=Europe/Berlin:20090710T193000" in ours
    assert b"TRIGGER:-PT45M" in ours and handset.quiet(hub)


@pytest.mark.parametrize("name", PHONES)
def test_events_of_a_phone_begin_and_ring_when_they_should(name: str) -> None:
    profile = find(user=name)
    hub, handset = Hub({**EMPTY, "calendar": ()}), Handset(profile)
    local = profile.time_mode in ("local", "tz")
    start, end = ("20090710T193000", "20090710T223000") if local else ("20090710T173000Z", "20090710T203000Z")
    rings = "20090710T164500Z" if profile.alarm_mode == "absolute" or not local else "20090710T184500"
    put(handset.stores[handset.name("calendar")], "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:Opera\r\n"
        f"DTSTART:{start}\r\nDTEND:{end}\r\nAALARM:{rings}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", type="text/x-vcalendar")
    handset.fine(hub)
    [ours] = hub.bodies("calendar")
    event = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + ours[ours.index(b"BEGIN:VEVENT"):]
    found = {each.name: each for each in parsed(event, "text/calendar")[1]}
    assert moment(found["DTSTART"].value) == START and found["DTSTART"].param("TZID") in (None, ZONE)
    assert found["TRIGGER"].value == "-PT45M" and handset.quiet(hub)
