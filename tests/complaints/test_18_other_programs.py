"""Complaint 18: people want Google or CalDAV in the same chain: what a phone brings is a folder of files that other
programs read and write. (tests/interop/test_chain.py goes on from there to a CardDAV and CalDAV server.)
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from hub import Handset, Hub, put
from samples import meaning

from minisyncml.profile import find
from minisyncml.store.place import open_store

CARD = ("BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Mu=C3=B1oz;Jos=C3=A9\r\n"
        "TEL;CELL;PREF:+34600000000\r\nEND:VCARD\r\n")
EVENT = ("BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:Weekly\r\nDTSTART:20090401T120000Z\r\n"
         "DTEND:20090401T123000Z\r\nRRULE:W1 WE #8\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


def test_other_programs_read_what_a_phone_brought(tmp_path: Path) -> None:
    vobject, icalendar = pytest.importorskip("vobject"), pytest.importorskip("icalendar")
    hub, phone = Hub({"contacts": (), "calendar": (), "notes": ()}), Handset(find(user="nokia-s60"))
    for kind in ("contacts", "calendar"):
        (tmp_path / kind).mkdir()
        hub.stores[kind] = open_store(str(tmp_path / kind), kind, str(tmp_path / "data"))  # type: ignore[assignment]
        hub.server._stores = hub.stores
    put(phone.stores[phone.name("contacts")], CARD, type="text/x-vcard")
    put(phone.stores[phone.name("calendar")], EVENT, type="text/x-vcalendar")
    phone.fine(hub)
    [card], [event] = ([path.read_text("utf-8") for path in (tmp_path / kind).iterdir()]
                       for kind in ("contacts", "calendar"))
    read = vobject.readOne(card)
    assert (read.version.value, read.n.value.family, read.fn.value) == ("3.0", "Muñoz", "José Muñoz")
    [part] = icalendar.Calendar.from_ical(event).walk("VEVENT")
    assert part["RRULE"].to_ical() == b"FREQ=WEEKLY;COUNT=8;BYDAY=WE"
    assert part["DTSTART"].dt == datetime(2009, 4, 1, 12, tzinfo=timezone.utc)
    assert "VERSION:2.0" in event and meaning(event.encode())
