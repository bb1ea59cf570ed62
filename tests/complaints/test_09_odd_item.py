"""Complaint 9: one odd item (DUE with a TZID, rare characters) kills the whole sync. It is left out by name at most;
all others go on.
"""

from __future__ import annotations

from typing import Dict, Tuple

import pytest
from hub import Handset, Hub, put

from minisyncml.profile import find

EMPTY: "Dict[str, Tuple[str, ...]]" = {"contacts": (), "calendar": (), "tasks": (), "notes": ()}
TASK = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//b//EN\r\nBEGIN:VTODO\r\nUID:{0}@example.org\r\n"
        "DTSTAMP:20090401T145153Z\r\nSUMMARY:task {0}\r\n{1}END:VTODO\r\nEND:VCALENDAR\r\n")
ODD = (
    "DUE;TZID=/softwarestudio.org/Tzfile/America/New_York:20090502T130000\r\n", "DUE;TZID=Nowhere:20090502T130000\r\n",
    "DUE:someday\r\n", "DESCRIPTION:\U0001f600 \u200b \u2028 \x0b \ufeff \u0001\r\n", "DUE:20090502T250000Z\r\n",
    "RRULE:FREQ=NEVER\r\nDTSTART:20090502T130000Z\r\n", "PRIORITY:99999999999999999999\r\n", "DUE:\r\nDTSTART:\r\n",
    "DTSTART:99991231T235959Z\r\nDUE:00010101T000000Z\r\n", "BEGIN:VALARM\r\nTRIGGER:now\r\nEND:VALARM\r\n",
)


@pytest.mark.parametrize("name", ["nokia-s60", "sony-ericsson-w595", "uiq-p900", "siemens"])
def test_odd_tasks_stop_nothing(name: str) -> None:
    bodies = [TASK.format(number, more) for number, more in enumerate((*ODD, ""))]
    hub, handset = Hub({**EMPTY, "tasks": bodies}), Handset(find(user=name))
    handset.sync(hub)
    there = b"".join(item.body for item in handset.items("tasks"))
    known = [number for number in range(len(bodies)) if f"task {number}\r\n".encode() in there]
    assert len(bodies) - 1 in known and len(known) >= len(bodies) - 1, known
    handset.sync(hub)
    assert len(hub.bodies("tasks")) == len(bodies) and len(handset.items("tasks")) == len(known), "nothing doubled"


@pytest.mark.parametrize("name", ["nokia-s60", "sony-ericsson-w595", "uiq-p900", "siemens"])
def test_odd_tasks_of_a_phone_stop_nothing(name: str) -> None:
    bodies = [TASK.format(number, more).replace("VERSION:2.0", "VERSION:1.0") for number, more in enumerate((*ODD, ""))]
    hub, handset = Hub({**EMPTY, "tasks": ()}), Handset(find(user=name))
    put(handset.stores[handset.name("tasks")], *bodies, type="text/x-vcalendar")
    handset.sync(hub)
    here = b"".join(hub.bodies("tasks"))
    assert all(f"task {number}\r\n".encode() in here for number in range(len(bodies)))
    handset.sync(hub)
    assert len(hub.bodies("tasks")) == len(bodies)
