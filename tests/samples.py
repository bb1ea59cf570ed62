"""Made-up items with everything in them that got lost or shifted in the old days, and what they say in the eyes of
vobject and icalendar, which know nothing of us.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

PHOTO = base64.b64encode(bytes(range(256)) * 4).decode()
CARD = "\r\n".join((
    "BEGIN:VCARD", "VERSION:3.0", "UID:9f5b0c1e-6b1d-4c0e-9c50-0a1b2c3d4e5f", "N:Lovelace;Ada;King;Countess;",
    "FN:Countess Ada King Lovelace", "NICKNAME:Enchantress", "ORG:Analytical\\, Ltd.;Engines", "TITLE:Programmer",
    "TEL;TYPE=CELL,VOICE:+44 20 5550 100", "TEL;TYPE=WORK,VOICE:+44 20 5550 200", "TEL;TYPE=HOME,FAX:+44 20 5550 300",
    "EMAIL;TYPE=INTERNET:ada@example.org", "EMAIL;TYPE=INTERNET:lovelace@example.com",
    "ADR;TYPE=HOME:;;12 St James's Square\\nBack door;London;;SW1Y 4JH;England", "BDAY:1815-12-10",
    "NOTE:First line\\nsecond\\; with umlauts äöü and an = at the end=", "URL:http://example.org/ada",
    "CATEGORIES:Friends,Math", "X-EVOLUTION-SPOUSE:William", f"PHOTO;ENCODING=b;TYPE=JPEG:{PHOTO}", "END:VCARD", ""))
ZONE = "\r\n".join((
    "BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "BEGIN:STANDARD", "DTSTART:19701025T030000",
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD",
    "BEGIN:DAYLIGHT", "DTSTART:19700329T020000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200", "END:DAYLIGHT", "END:VTIMEZONE", ""))


def calendar(kind: str, uid: str, *lines: str, zone: bool = False) -> str:
    inner = "\r\n".join((f"BEGIN:{kind}", f"UID:{uid}", "DTSTAMP:20090401T145153Z", *lines, f"END:{kind}", ""))
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//made up//EN\r\n" + (ZONE if zone else "")
            + inner + "END:VCALENDAR\r\n")


EVENTS = (
    calendar("VEVENT", "meeting-0123456789abcdef", "SUMMARY:Meeting", "DTSTART;TZID=Europe/Berlin:20090706T100000",
             "DTEND;TZID=Europe/Berlin:20090706T113000", "LOCATION:Room 5\\, 2nd floor",
             "DESCRIPTION:bring\\nthe engine", "CLASS:PRIVATE", "CATEGORIES:Business,Waiting",
             "X-MOZ-SNOOZE-TIME:20090706T075500Z", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Meeting",
             "TRIGGER:-PT15M", "END:VALARM", zone=True),
    calendar("VEVENT", "weekly-0123456789abcdef", "SUMMARY:Weekly", "DTSTART:20090401T120000Z",
             "DTEND:20090401T123000Z", "RRULE:FREQ=WEEKLY;COUNT=8;BYDAY=WE", "EXDATE:20090415T120000Z"),
    calendar("VEVENT", "birthday-0123456789abcdef", "SUMMARY:Birthday", "DTSTART;VALUE=DATE:20091210",
             "DTEND;VALUE=DATE:20091211", "RRULE:FREQ=YEARLY"),
)
TASKS = (
    calendar("VTODO", "task-0123456789abcdef", "SUMMARY:Write the notes", "DUE:20090502T130000Z", "PRIORITY:1",
             "STATUS:NEEDS-ACTION", "PERCENT-COMPLETE:40", "CATEGORIES:Business", "DESCRIPTION:all seven\\, A to G"),
)
NOTES = ("Shopping\r\nbread, milk; eggs\r\n\r\näöü",)

_NO_CHANGE = ("PRODID", "REV", "DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "VERSION", "X-MINISYNCML-KEPT")


def meaning(body: bytes) -> Any:
    """What a card or calendar object says, by others' readers."""
    vobject, icalendar = pytest.importorskip("vobject"), pytest.importorskip("icalendar")
    if body.startswith(b"BEGIN:VCARD"):
        card = vobject.readOne(body.decode())
        return sorted((one.name, sorted(str(value).upper() for values in one.params.values() for value in values),
                       str(one.value).rstrip()) for one in card.getChildren() if one.name not in _NO_CHANGE)
    if not body.startswith(b"BEGIN:VCALENDAR"):
        return body.decode().splitlines()
    found = []
    for part in icalendar.Calendar.from_ical(body).walk():
        if part.name in ("VCALENDAR", "VTIMEZONE", "STANDARD", "DAYLIGHT"):
            continue
        for name, value in part.property_items(recursive=False):
            if name not in (*_NO_CHANGE, "BEGIN", "END"):
                found.append((part.name, name, sorted(getattr(value, "params", {}).items()), value.to_ical()))
    return sorted(found, key=repr)
