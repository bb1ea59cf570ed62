"""The bytes of a journal: what a record looks like, how it is written, and how damage is told from an end.

The file: one line with name, format version and a random salt; then records. A record is a frame (magic, length of
the payload, how far the file was known to be synced when it was written, CRC of the payload, CRC of all that with
offset and salt) and the payload: length of a JSON text, the text, bodies. The text is a list of groups `[table, rows]`
in the order in which they apply; rows None empties the table; a row is `[number]` (gone) or `[number, length of its
body or -1, fields...]`.

A power cut may lose, tear or reorder what was not synced. A record that is not whole is cut off, with all behind it,
when no record behind it claims that it was synced; else the file is damaged, and that is an error, never a loss.
"""

from __future__ import annotations

import os
from binascii import crc32  # as that of zlib, in a module that is loaded anyway
from struct import Struct
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

VERSION = 1
NAME = b"minisyncml journal "
HEADER = len(NAME) + 2 + 16 + 1         # name, version, salt, newline
WINDOW = 65_536         #: bytes read or written at once
_MAGIC = b"\xabRec"
_FRAME = Struct("<4sIQII")
_COUNT = Struct("<I")
_SLICE = 64             # rows made into text at once: the encoder of json makes an object of every comma
BEFORE = _FRAME.size + _COUNT.size      #: bytes of a record before its text

Group = Tuple[str, Optional[Sequence[Sequence[Any]]]]


class Damaged(Exception):
    """No whole record here."""


class Window:
    """Reads a file front to back with few calls.

    :param fd: of the file
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.start = 0
        self.data = b""

    def take(self, at: int, count: int) -> bytes:
        """Read.

        :param at: offset in the file
        :param count: how many bytes
        :returns: so many bytes from there, fewer at the end of the file
        """
        here = at - self.start
        if here < 0 or here + count > len(self.data):
            self.data = os.pread(self.fd, max(count, WINDOW), at)
            self.start, here = at, 0
        return self.data[here:here + count]

    def crc(self, at: int, count: int, crc: int) -> int:
        """The CRC of so many bytes, in pieces.

        :param at: offset in the file
        :param count: how many bytes
        :param crc: to begin with
        :returns: the CRC
        :raises Damaged: when the file ends before
        """
        while count > 0:
            data = self.take(at, min(count, WINDOW))
            if not data:
                raise Damaged
            crc = crc32(data, crc)
            at += len(data)
            count -= len(data)
        return crc


def header(salt: int) -> bytes:
    """The first line of a file.

    :param salt: a random number, of this file alone
    :returns: the line
    """
    return b"%s%d %016x\n" % (NAME, VERSION, salt)


def salt_of(head: bytes) -> int:
    """The salt in a first line.

    :param head: as read
    :returns: the number, 0 when there is none
    """
    try:
        return int(head[-17:], 16)
    except ValueError:
        return 0


def check(window: Window, at: int, salt: int) -> "Tuple[int, int]":
    """Whether there is a whole record.

    :param window: of the file
    :param at: where it begins
    :param salt: of the file
    :returns: size of the record there, and of its text
    :raises Damaged: when there is none
    """
    length, _, crc = _frame(window.take(at, _FRAME.size), at, salt)
    at += _FRAME.size
    if length < _COUNT.size or window.crc(at, length, salt & 0xFFFFFFFF) != crc:
        raise Damaged
    text = int(_COUNT.unpack(window.take(at, _COUNT.size))[0])
    if text > length - _COUNT.size:
        raise Damaged
    return _FRAME.size + length, text


def _frame(frame: bytes, at: int, salt: int) -> "Tuple[int, int, int]":
    """Length, how far it was synced, CRC of the payload."""
    if len(frame) < _FRAME.size or frame[:4] != _MAGIC:
        raise Damaged
    _, length, synced, crc, own = _FRAME.unpack(frame)
    if own != _own(frame, at, salt):
        raise Damaged
    return length, synced, crc


def _own(frame: bytes, at: int, salt: int) -> int:
    return crc32(b"%d %d" % (salt, at), crc32(frame[:-4]))


def damaged(window: Window, end: int, salt: int) -> bool:
    """The record at `end` is not whole: is that the end, or damage?

    :param window: of the file
    :param end: behind the last whole record
    :param salt: of the file
    :returns: whether a record behind it claims that it was synced
    """
    at = end + 1
    while True:
        data = window.take(at, WINDOW)
        found = data.find(_MAGIC)
        if found < 0:
            if len(data) < WINDOW:
                return False
            at += len(data) - len(_MAGIC) + 1
            continue
        at += found
        try:
            _, synced, _ = _frame(window.take(at, _FRAME.size), at, salt)
        except Damaged:
            synced = 0
        if synced > end:
            return True
        at += 1


def record(groups: "Sequence[Group]", bodies: "Sequence[bytes]", at: int, synced: int,
           salt: int) -> "Tuple[Iterator[bytes], int, int]":
    """A record.

    :param groups: what changes
    :param bodies: those of the rows that have one, in the same order
    :param at: where it will be in the file
    :param synced: how far the file is surely on the disk
    :param salt: of the file
    :returns: the record in pieces, size of its text, and of all of it
    """
    import json

    parts = _text(json.JSONEncoder(separators=(",", ":")).encode, groups)
    text = sum(map(len, parts))
    parts = [_COUNT.pack(text), *parts, *bodies]
    crc, length = salt & 0xFFFFFFFF, 0
    for part in parts:
        crc = crc32(part, crc)
        length += len(part)
    frame = _FRAME.pack(_MAGIC, length, synced, crc, 0)
    parts.insert(0, frame[:-4] + _COUNT.pack(_own(frame, at, salt)))
    return _pieces(parts), text, _FRAME.size + length


def _text(encode: "Callable[[Any], str]", groups: "Sequence[Group]") -> "List[bytes]":
    """The groups as JSON, in pieces of a few rows each."""
    parts = [b"["]
    for name, rows in groups:
        parts.append((",[" if len(parts) > 1 else "[").encode() + encode(name).encode() + b",")
        if rows is None:
            parts.append(b"null]")
            continue
        for at in range(0, len(rows), _SLICE):
            parts += [b"," if at else b"[", encode(rows[at:at + _SLICE])[1:-1].encode()]
        parts.append(b"]]" if rows else b"[]]")
    parts.append(b"]")
    return parts


def _pieces(parts: "List[bytes]") -> Iterator[bytes]:
    """Small parts together, large ones alone: few writes, and no second copy of a large body."""
    held: "List[bytes]" = []
    size = 0
    for part in parts:
        if held and size + len(part) > WINDOW:
            yield b"".join(held)
            held, size = [], 0
        held.append(part)
        size += len(part)
    yield held[0] if len(held) == 1 else b"".join(held)
