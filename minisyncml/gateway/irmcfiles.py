"""The files of IrMC: many vCards, vCalendars or vNotes in one, each with its X-IRMC-LUID. Lines only, no properties."""

from __future__ import annotations

from typing import Iterable, Iterator

LUID = b"X-IRMC-LUID:"
_OPEN = b"BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:"
_CLOSE = b"\r\nEND:VNOTE\r\n"


def split(data: bytes) -> "Iterator[bytes]":
    """The single objects of a file, without their LUIDs; each event or task gets a vCalendar of its own.

    :param data: what a peer put
    :returns: an iterator of bodies
    """
    inner: "list[bytes]" = []
    depth, calendar = 0, False
    for line in data.splitlines():
        word, _, kind = line.strip().upper().partition(b":")
        if not depth and kind == b"VCALENDAR" and word in (b"BEGIN", b"END"):
            calendar = word == b"BEGIN"
            continue
        depth += word == b"BEGIN"
        if depth and not (depth == 1 and word + b":" == LUID):
            inner.append(line)
        depth -= word == b"END" and depth > 0
        if not depth and inner:
            yield _wrapped(inner) if calendar else b"\r\n".join([*inner, b""])
            inner = []


def _wrapped(lines: "Iterable[bytes]") -> bytes:
    return b"\r\n".join([b"BEGIN:VCALENDAR", b"VERSION:1.0", *lines, b"END:VCALENDAR", b""])


def label(body: bytes, luid: str) -> bytes:
    """Put the LUID into an object.

    :param body: a vCard, vCalendar or vNote
    :param luid: what the peer is to call it
    :returns: the object with it
    """
    lines = [line for line in body.splitlines() if line]
    at = next((at for at in range(len(lines) - 1, -1, -1)
               if lines[at].upper().startswith(b"END:") and not lines[at].upper().startswith(b"END:VCALENDAR")), None)
    if at is not None:
        lines.insert(at, LUID + luid.encode())
    return b"\r\n".join([*lines, b""])


def inside(body: bytes) -> bytes:
    """The events and tasks of a vCalendar, to stand in another one.

    :param body: a vCalendar
    :returns: its components
    """
    found: "list[bytes]" = []
    depth = 0
    for line in body.splitlines():
        word, _, kind = line.strip().upper().partition(b":")
        if kind == b"VCALENDAR" and word in (b"BEGIN", b"END"):
            continue
        depth += word == b"BEGIN"
        if depth:
            found.append(line)
        depth -= word == b"END" and depth > 0
    return b"\r\n".join([*found, b""]) if found else b""


def to_vnote(text: bytes) -> bytes:
    """A plain note as vNote.

    :param text: UTF-8
    :returns: the vNote
    """
    from binascii import b2a_qp
    flat = b2a_qp(text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), istext=False)
    return _OPEN + flat.replace(b"=\n", b"=\r\n") + _CLOSE


def from_vnote(body: bytes) -> bytes:
    """The text of a vNote.

    :param body: a vNote; anything else is taken for text
    :returns: its BODY, decoded where it is quoted-printable
    """
    from binascii import a2b_qp
    lines = iter(body.splitlines())
    for line in lines:
        head, colon, value = line.partition(b":")
        if colon and head.upper().split(b";")[0] == b"BODY":
            if b"QUOTED-PRINTABLE" not in head.upper():
                return value
            while value.endswith(b"="):
                value = value[:-1] + next(lines, b"")
            return a2b_qp(value)
    return body
