"""Files that hold many vCards, vCalendar objects or vNotes, as phones give them: cut into single ones, byte for byte.

Lines only, no properties: what a line means does not matter here.
"""

from __future__ import annotations

from io import BytesIO
from typing import Iterator

HEAD = 65_536       #: bytes of a calendar's own properties (VERSION, TZ, DAYLIGHT...) that go with each of its parts
_CALENDAR = b"VCALENDAR"


def pieces(data: bytes) -> "Iterator[bytes]":
    """The single objects of a file. Each event or task of a calendar gets a calendar of its own, with all properties
    and time zones of the common one; what is inside an object stays as it is.

    Memory does not grow with the number of objects.

    :param data: the file
    :returns: an iterator of objects; the last one may lack its end when the file does
    """
    if b"\n" not in data:
        data = data.replace(b"\r", b"\r\n")
    head = bytearray()      # of the calendar that we are in
    start = at = depth = 0
    soft = zone = False
    for line in BytesIO(data):
        word, _, kind = (b"", b"", b"") if soft else line.strip().upper().partition(b":")
        soft = _goes_on(line, soft)
        kind = kind.strip()
        if not depth and kind == _CALENDAR and word in (b"BEGIN", b"END"):
            head = bytearray(line if word == b"BEGIN" else b"")
        elif word == b"BEGIN":
            if not depth:
                start, zone = at, bool(head) and kind == b"VTIMEZONE"
            depth += 1
        elif word == b"END" and depth:
            depth -= 1
            if not depth:
                whole = data[start:at + len(line)]
                if not zone:
                    yield _wrapped(bytes(head), whole)
                elif len(head) + len(whole) <= HEAD:
                    head += whole
        elif not depth and head and len(head) + len(line) <= HEAD:
            head += line
        at += len(line)
    if depth:
        yield _wrapped(bytes(head), data[start:])


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
