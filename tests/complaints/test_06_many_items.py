"""Complaint 6: transfers stall, or the phone hangs, with many items (120 of 400 events on an N73)."""

from __future__ import annotations

import pytest
from hub import Handset, Hub
from samples import calendar

from minisyncml.message.commands import ItemCommand, Sync
from minisyncml.profile import find

EVENTS = tuple(calendar("VEVENT", f"{number:016}@example.org", f"SUMMARY:Appointment {number}",
                        f"DTSTART:200904{number % 28 + 1:02}T120000Z", "DESCRIPTION:" + "words " * 20)
               for number in range(400))


@pytest.mark.parametrize("name", ["nokia-s60", "nokia-s40", "nokia-5800"])
def test_small_helpings_for_a_phone_that_hangs_on_large_ones(name: str) -> None:
    profile = find(user=name)
    hub, phone = Hub({"contacts": (), "calendar": EVENTS, "notes": ()}), Handset(profile)
    phone.fine(hub)
    assert len(phone.items("calendar")) == 400
    helpings = [sum(len(one.items) for part in message.commands if isinstance(part, Sync) for one in part.commands
                    if isinstance(one, ItemCommand)) for way, message in hub.passed if way == "<-"]
    assert sum(helpings) == 400 and 0 < max(helpings) <= profile.max_items_per_msg <= 20
