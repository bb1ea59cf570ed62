"""Seeded data for the benchmarks: vCards of about 300 bytes, and SyncML messages full of them."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Iterator, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from minisyncml import codec  # noqa: E402
from minisyncml.codec.node import Node  # noqa: E402

FIRST = "Anna Bruno Clara David Elena Fritz Greta Hugo Irene Jonas Karla Lukas Maria Nils Olga Paul Rosa Simon".split()
LAST = "Becker Fischer Hoffmann Keller Lehmann Neumann Richter Schäfer Vogel Wagner Zimmermann Ångström".split()
STREETS = "Hauptstraße Lindenweg Bahnhofstraße Gartenweg Marktplatz Schulstraße".split()
CITIES = "Hamburg München Köln Dresden Bremen Freiburg".split()


def contact(number: int, seed: int = 1) -> bytes:
    """One vCard 3.0.

    :param number: which
    :param seed: of all of them
    :returns: about 300 bytes, CRLF line ends
    """
    pick = random.Random(seed * 1_000_003 + number)
    first, last = pick.choice(FIRST), pick.choice(LAST)
    lines = [
        "BEGIN:VCARD", "VERSION:3.0", f"UID:{pick.getrandbits(64):016x}", f"N:{last};{first};;;", f"FN:{first} {last}",
        f"TEL;TYPE=CELL:+49 17{pick.randrange(10)} {pick.randrange(10**7):07d}",
        f"TEL;TYPE=HOME:+49 40 {pick.randrange(10**6):06d}",
        f"EMAIL:{first.lower()}.{number}@example.org",
        f"ADR;TYPE=HOME:;;{pick.choice(STREETS)} {pick.randrange(1, 99)};{pick.choice(CITIES)};;"
        f"{pick.randrange(10**5):05d};DE",
        f"NOTE:{pick.getrandbits(208):052x}", "END:VCARD", ""]
    return "\r\n".join(lines).encode()


def contacts(count: int, seed: int = 1) -> Iterator[bytes]:
    """Many vCards.

    :param count: how many
    :param seed: equal seeds give equal cards
    :returns: an iterator of them
    """
    return (contact(number, seed) for number in range(count))


def event(number: int, seed: int = 1) -> bytes:
    """One iCalendar 2.0 event: in a time zone, weekly, with an exception and an alarm.

    :param number: which
    :param seed: of all of them
    :returns: about 700 bytes, CRLF line ends
    """
    pick = random.Random(seed * 1_000_003 + number)
    month, day, hour = pick.randrange(1, 13), pick.randrange(1, 22), pick.randrange(7, 18)
    begin = f"2009{month:02}{day:02}T{hour:02}0000"
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//made up//EN", "BEGIN:VTIMEZONE", "TZID:Europe/Berlin",
        "BEGIN:STANDARD", "DTSTART:19701025T030000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
        "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD", "BEGIN:DAYLIGHT", "DTSTART:19700329T020000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "END:DAYLIGHT",
        "END:VTIMEZONE", "BEGIN:VEVENT", f"UID:{pick.getrandbits(64):016x}@example.org",
        f"DTSTAMP:2009{month:02}{day:02}T060000Z", f"SUMMARY:{pick.choice(FIRST)} with {pick.choice(LAST)}",
        f"DTSTART;TZID=Europe/Berlin:{begin}", f"DTEND;TZID=Europe/Berlin:{begin[:9]}{hour + 1:02}0000",
        f"RRULE:FREQ=WEEKLY;COUNT={pick.randrange(3, 9)}", f"EXDATE;TZID=Europe/Berlin:2009{month:02}{day + 7:02}"
        f"T{hour:02}0000", f"LOCATION:{pick.choice(STREETS)} {pick.randrange(1, 99)}\\, {pick.choice(CITIES)}",
        "CATEGORIES:BUSINESS,WAITING", "CLASS:PUBLIC", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:soon",
        "TRIGGER;RELATED=START:-PT15M", "END:VALARM", "END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def events(count: int, seed: int = 1) -> Iterator[bytes]:
    """Many events.

    :param count: how many
    :param seed: equal seeds give equal events
    :returns: an iterator of them
    """
    return (event(number, seed) for number in range(count))


def _leaves(**texts: str) -> List[Node]:
    return [Node(tag, [text]) for tag, text in texts.items()]


def _place(tag: str, uri: str) -> Node:
    return Node(tag, _leaves(LocURI=uri))


def header() -> Node:
    """A SyncHdr with credentials."""
    cred = Node("Cred", [Node("Meta", _leaves(Format="b64", Type="syncml:auth-md5")),
                         *_leaves(Data="Zz6EivR3yeaaENcRN6lpAQ==")])
    return Node("SyncHdr", [
        *_leaves(VerDTD="1.2", VerProto="SyncML/1.2", SessionID="1", MsgID="3"),
        _place("Target", "http://127.0.0.1:8080/sync"), _place("Source", "IMEI:004999010640000"), cred,
        Node("Meta", _leaves(MaxMsgSize="150000", MaxObjSize="4000000"))])


def status(number: int) -> Node:
    """The answer to the Add of an item."""
    return Node("Status", _leaves(CmdID=str(number + 1), MsgRef="2", CmdRef=str(number + 3), Cmd="Add",
                                  TargetRef=f"guid-{number:05d}-0123456789abcdef", SourceRef=f"luid-{number:05d}",
                                  Data="201"))


def add(number: int, body: bytes) -> Node:
    """An Add of one vCard."""
    return Node("Add", [*_leaves(CmdID=str(number + 3)), Node("Meta", _leaves(Type="text/x-vcard")),
                        Node("Item", [_place("Source", f"luid-{number:05d}"), Node("Data", [body])])])


def message(bodies: Iterator[bytes], statuses: int = 0) -> Node:
    """A message that adds items.

    :param bodies: one for each Add
    :param statuses: how many Status stand before them
    :returns: the SyncML element
    """
    adds = [add(number, body) for number, body in enumerate(bodies)]
    sync = [Node("Sync", [*_leaves(CmdID="2"), _place("Target", "./contacts"), _place("Source", "./phone"),
                          *_leaves(NumberOfChanges=str(len(adds))), *adds])] if adds else []
    return Node("SyncML", [header(), Node("SyncBody", [*(status(number) for number in range(statuses)), *sync,
                                                       Node("Final")])])


def documents() -> Iterator[Tuple[str, bytes]]:
    """The documents of the codec benchmark.

    :returns: (name, WBXML) of a small message, 100 and 5,000 vCards, 5,000 Status, and one opaque item of 1 MiB
    """
    yield "3 vCards", codec.encode(message(contacts(3), 3))
    yield "100 vCards", codec.encode(message(contacts(100)))
    yield "5,000 vCards", codec.encode(message(contacts(5000)))
    yield "5,000 Status", codec.encode(message(iter(()), 5000))
    yield "1 MiB item", codec.encode(message(iter([b"0123456789abcdef" * 65536])))
