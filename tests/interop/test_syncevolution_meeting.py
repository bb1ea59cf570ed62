"""Us and SyncEvolution when both hold the same people or events before they meet, each written by another program:
nobody is there twice afterwards, and the next sync finds nothing to do.
"""

from __future__ import annotations

from typing import Callable, Tuple

import pytest
from samples import calendar

from interop import syncevolution
from interop.syncevolution import Source
from interop.test_syncevolution_content import Ends, Kind, ends, phone_form, texts  # noqa: F401

pytestmark = [pytest.mark.interop, pytest.mark.skipif(bool(syncevolution.missing()), reason=syncevolution.missing())]
COUNT = 60


def person(number: int) -> "Tuple[str, str]":
    """As a phone was emptied into a folder, and as a desktop program has it."""
    name = f"Müller{number};Zoë {'ABCDEF'[number % 6]}"
    ours = ["BEGIN:VCARD", "VERSION:3.0", f"N:{name};;;", f"FN:{name.partition(';')[2]} {name.partition(';')[0]}",
            f"TEL;TYPE=CELL:+4930{number:07}", f"EMAIL:person{number}@example.org", "END:VCARD", ""]
    theirs = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{number:036}", f"EMAIL;TYPE=INTERNET:person{number}@example.org",
              f"TEL;TYPE=CELL,VOICE:+4930{number:07}", *ours[2:4][::-1], "REV:20200101T000000Z", "END:VCARD", ""]
    return "\r\n".join(ours), "\r\n".join(theirs)


def meeting(number: int) -> "Tuple[str, str]":
    """A lesson: in UTC, and with a zone; each has a UID of its own maker."""
    day, hour = 1 + number % 28, 8 + number // 28
    return (calendar("VEVENT", f"ours-{number:020}", "SUMMARY:Lesson", f"DTSTART:200907{day:02}T{hour:02}0000Z",
                     f"DTEND:200907{day:02}T{hour:02}4500Z", "LOCATION:Room 5"),
            calendar("VEVENT", f"theirs-{number:020}", "SUMMARY:Lesson", "LOCATION:Room 5",
                     f"DTSTART;TZID=Europe/Berlin:200907{day:02}T{hour + 2:02}0000",
                     f"DTEND;TZID=Europe/Berlin:200907{day:02}T{hour + 2:02}4500", zone=True))


@pytest.mark.parametrize("form", ((), phone_form("text/x-vcard")), ids=("3.0", "2.1"))
def test_people(ends: "Callable[[Kind], Ends]", form: "Tuple[str, ...]") -> None:  # noqa: F811
    met(ends(Kind("contacts", Source("addressbook", "text/vcard", form), (), (), ())), person, "vcf")


@pytest.mark.parametrize("form", ((), phone_form("text/x-vcalendar")), ids=("2.0", "1.0"))
def test_events(ends: "Callable[[Kind], Ends]", form: "Tuple[str, ...]") -> None:  # noqa: F811
    met(ends(Kind("calendar", Source("calendar", "text/calendar", form), (), (), ())), meeting, "ics")


def met(pair: Ends, make: "Callable[[int], Tuple[str, str]]", suffix: str) -> None:
    for number in range(COUNT):
        for folder, body in zip((pair.mine, pair.theirs), make(number)):
            (folder / f"before-{number}.{suffix}").write_bytes(body.encode())
    mine, _ = pair.sync()
    assert (mine.local.added, mine.remote.added) == (0, 0), mine
    assert len(texts(pair.mine)) == len(texts(pair.theirs)) == COUNT
    pair.sync()
    pair.settled()
    assert len(texts(pair.mine)) == len(texts(pair.theirs)) == COUNT
