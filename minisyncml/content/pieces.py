"""Files that hold many vCards, vCalendar objects or vNotes, as phones give them: cut into single ones, byte for byte.

Lines only, no properties: what a line means does not matter here.
"""

from __future__ import annotations

from io import BytesIO
from typing import Iterable, Iterator

HEAD = 65_536       #: bytes of a calendar's own properties (VERSION, TZ, DAYLIGHT...) that go with each of its parts
_CALENDAR = b"VCALENDAR"
MARK = b"\xef\xbb\xbf"       #: of UTF-8, which programs for Windows put at the start of a file


def pieces(data: bytes) -> "Iterator[bytes]":
    """The single objects of a file. Each event or task of a calendar gets a calendar of its own, with all properties
    and time zones of the common one; what is inside an object stays as it is.

    Memory does not grow with the number of objects.

    :param data: the file
    :returns: an iterator of objects; the last one may lack its end when the file does
    """
    data = data[3:] if data.startswith(MARK) else data
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


def joined(found: "Iterable[bytes]") -> "Iterator[bytes]":
    """What belongs together again: a recurring event and its exceptions, which stand one after the other in a calendar
    and have the same UID, are one item.

    :param found: as :func:`pieces` gives them
    :returns: an iterator of objects
    """
    last, last_uid = b"", b""
    for body in found:
        uid = _uid(body)
        if last and uid and uid == last_uid and (b"\nRECURRENCE-ID" in body or b"\nRECURRENCE-ID" in last):
            end = last.upper().rfind(b"END:VCALENDAR")
            start = max(body.upper().rfind(b"\nBEGIN:VEVENT"), body.upper().rfind(b"\nBEGIN:VTODO")) + 1
            last = last[:end] + body[start:]
            continue
        if last:
            yield last
        last, last_uid = body, uid
    if last:
        yield last


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
