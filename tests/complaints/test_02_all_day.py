"""Complaint 2: birthdays and all-day events come back as midnight-to-midnight events, and one more copy per sync. A day
stays a day, however a phone writes one, and there is one of it.
"""

from __future__ import annotations

from typing import Dict, Tuple

import pytest
from hub import Handset, Hub, items, put

from minisyncml.content.formats import hub as parsed
from minisyncml.profile import find

EMPTY: "Dict[str, Tuple[str, ...]]" = {"contacts": (), "calendar": (), "tasks": (), "notes": ()}
BIRTHDAY = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//b//EN\r\nBEGIN:VEVENT\r\nUID:1@example.org\r\n"
            "DTSTAMP:20090401T145153Z\r\nSUMMARY:Ada\r\nDTSTART;VALUE=DATE:20091210\r\nDTEND;VALUE=DATE:20091211\r\n"
            "RRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
TRIP = BIRTHDAY.replace("RRULE:FREQ=YEARLY\r\n", "").replace("20091211", "20091213").replace("Ada", "Trip").replace(
    "1@", "2@")
#: how phones write the tenth of December
DAYS = {
    "to the last second": ("20091210T000000", "20091210T235959", ""),
    "to midnight": ("20091210T000000", "20091211T000000", ""),
    "to the hour 24": ("20091210T000000Z", "20091210T240000Z", "X-EPOCAGENDAENTRYTYPE:EVENT\r\n"),
    "midnight in UTC": ("20091209T230000Z", "20091210T230000Z", ""),
}
PHONES = ("nokia-5800", "nokia-s60", "nokia-s40", "nokia-7210c", "sony-ericsson-w595", "siemens", "uiq-p900")


def days(body: bytes) -> "list[str]":
    return [f"{each.param('VALUE')} {each.value}" for each in parsed(body, "text/calendar")[1]
            if each.name in ("DTSTART", "DTEND")]


@pytest.mark.parametrize("name", PHONES)
def test_our_days_come_back_as_days(name: str) -> None:
    ours = Hub({**EMPTY, "calendar": (BIRTHDAY, TRIP)})
    handset = Handset(find(user=name))
    handset.fine(ours)
    for turn in ("one", "two"):
        for item in handset.items("calendar"):
            assert b"DTSTART" in item.body
            put_back(handset, item.id, item.body.replace(b"SUMMARY:", f"SUMMARY:{turn} ".encode()))
        handset.fine(ours)
        assert handset.quiet(ours)
    found = sorted(ours.bodies("calendar"))
    assert sorted(map(days, found)) == [["DATE 20091210", "DATE 20091211"], ["DATE 20091210", "DATE 20091213"]]
    assert all(b"SUMMARY:two one " in body for body in found) and len(handset.items("calendar")) == 2


def put_back(handset: Handset, id: str, body: bytes) -> None:
    store = handset.stores[handset.name("calendar")]
    item = store.get(id)
    assert item is not None
    with store.begin() as batch:
        batch.put(id, item.type, body)
        batch.commit()


@pytest.mark.parametrize("name, how", [
    (name, how) for name in PHONES for how in DAYS
    if how != "midnight in UTC" or find(user=name).time_mode != "local"])     # such a clock knows no UTC
def test_days_of_a_phone_are_days_here(name: str, how: str) -> None:
    start, end, more = DAYS[how]
    handset = Handset(find(user=name))
    ours = Hub({**EMPTY, "calendar": ()})
    put(handset.stores[handset.name("calendar")], "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:Ada\r\n"
        f"DTSTART:{start}\r\nDTEND:{end}\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n", type="text/x-vcalendar")
    for mode in ("two-way", "two-way", "slow", "slow"):
        handset.sync(ours, mode)
        assert [days(body) for body in ours.bodies("calendar")] == [["DATE 20091210", "DATE 20091211"]]
        assert len(items(handset.stores[handset.name("calendar")])) == 1
