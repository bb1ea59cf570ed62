"""Files that hold many vCards, vCalendar objects or vNotes, as phones give them: cut into single ones, byte for byte.

Lines only, no properties: what a line means does not matter here.
"""

from __future__ import annotations

from io import BytesIO
from typing import Iterable, Iterator

HEAD = 65_536       #: bytes of a calendar's own properties (VERSION, TZ, DAYLIGHT...) that go with each of its parts
_CALENDAR = b"VCALENDAR"
_PARTS = (b"VEVENT", b"VTODO", b"VJOURNAL")
_EXCEPTION = b"\nRECURRENCE-ID"
_OF_SERIES = (_EXCEPTION, b"\nRRULE", b"\nRDATE")
MARK = b"\xef\xbb\xbf"       #: of UTF-8, which programs for Windows put at the start of a file


def pieces(data: bytes) -> "Iterator[bytes]":
    """The single objects of a file. Each event or task of a calendar gets a calendar of its own, with all properties
    and time zones of the common one; what is inside an object stays as it is. Where an object begins inside one of its
    own sort, the end of the first is missing; only a card's AGENT may be a card.

    Memory does not grow with the number of objects.

    :param data: the file
    :returns: an iterator of objects; one may lack its end when the file does
    """
    data = data[3:] if data.startswith(MARK) else data
    if b"\n" not in data:
        data = data.replace(b"\r", b"\r\n")
    head = bytearray()      # of the calendar that we are in
    start = inner = at = depth = 0
    soft = agent = False
    outer = b""             # kind of the object that we are in
    for line in BytesIO(data):
        word, _, kind = (b"", b"", b"") if soft else line.strip().upper().partition(b":")
        soft = _goes_on(line, soft)
        kind = kind.strip()
        if depth and word == b"BEGIN" and not agent and (kind == outer or kind in _PARTS and outer in _PARTS):
            if data[inner:at].strip():
                yield _wrapped(bytes(head), data[start:at])
            depth = 0
        if not depth and kind == _CALENDAR and word in (b"BEGIN", b"END"):
            head = bytearray(line if word == b"BEGIN" else b"")
        elif word == b"BEGIN":
            if not depth:
                start, inner, outer = at, at + len(line), kind
            depth += 1
        elif word == b"END" and depth:
            depth -= 1
            if not depth:
                whole = data[start:at + len(line)]
                if not head or outer != b"VTIMEZONE":
                    yield _wrapped(bytes(head), whole)
                elif len(head) + len(whole) <= HEAD:
                    head += whole
        elif not depth and head and len(head) + len(line) <= HEAD:
            head += line
        agent = word.endswith(b"AGENT") and not kind or agent and not line.strip()
        at += len(line)
    if depth:
        yield _wrapped(bytes(head), data[start:])


def joined(found: "Iterable[bytes]") -> "Iterator[bytes]":
    """What belongs together again: a recurring event and its exceptions, which have its UID, are one item.

    :param found: as :func:`pieces` gives them
    :returns: an iterator of objects; series come last, since their parts may stand anywhere
    """
    series: "dict[bytes, list[bytes]]" = {}
    for body in found:
        uid, part = _uid(body), body[_part(body):]
        if not uid or not any(mark in part for mark in _OF_SERIES):
            yield body
        elif uid not in series or _EXCEPTION in part or _EXCEPTION in series[uid][0]:
            series.setdefault(uid, []).append(body)
        else:
            yield body
    yield from map(_one, series.values())


def _one(bodies: "list[bytes]") -> bytes:
    """One calendar with the parts of all. Zones of a later one are left out where it has the same as the first."""
    if len(bodies) == 1:
        return bodies[0]
    made, end = [], b""
    head = bodies[0][:_part(bodies[0])]
    for body in bodies:
        upper = body.upper()
        start = _part(body)
        if body[:start] != head:
            start = upper.find(b"\nBEGIN:") + 1
        last = upper.rfind(b"END:VCALENDAR")
        end = end or body[last:]
        made.append(body[start:last])
    return b"".join([head, *made, end])


def _part(body: bytes) -> int:
    """Where the first event or task of a calendar begins."""
    upper = body.upper()
    return min((at + 1 for at in (upper.find(b"\nBEGIN:" + kind) for kind in _PARTS) if at >= 0), default=len(body))


def _uid(body: bytes) -> bytes:
    """The UID of a calendar's object; folded ones count as none."""
    if body[:15].upper() != b"BEGIN:VCALENDAR":
        return b""
    at = body.find(b"\nUID")
    return body[at + 1:body.find(b"\n", at + 1)].strip() if at >= 0 else b""


def _goes_on(line: bytes, soft: bool) -> bool:
    """Whether the next line belongs to the same quoted-printable value: it may well say BEGIN."""
    return line.rstrip(b"\r\n").endswith(b"=") and (soft or b"QUOTED-PRINTABLE" in line.partition(b":")[0].upper())


def _wrapped(head: bytes, part: bytes) -> bytes:
    if not head:
        return part
    return head + part + (b"" if part.endswith(b"\n") else b"\r\n") + b"END:VCALENDAR\r\n"


def without(body: bytes, name: bytes) -> bytes:
    """A body without the lines of a property.

    :param body: the object
    :param name: of the property, in capitals, with its colon: `X-IRMC-LUID:`
    :returns: the rest, byte for byte
    """
    if name not in body.upper():
        return body
    return b"".join(line for line in BytesIO(body) if not line.upper().startswith(name))
