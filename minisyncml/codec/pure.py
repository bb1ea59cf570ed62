"""The Python twin of the C codec: command records out of a WBXML document, one for one as native/wbxml.h says.

A command is first matched against the strict grammar; whatever does not match, malformed bytes included, is walked
over by :meth:`.walk.Walk.skip`, the only place that reports errors.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from minisyncml.codec.kinds import (
    ADD,
    ARCHIVE,
    DELETE,
    END,
    FINAL,
    FURTHER,
    GENERIC,
    MAP,
    MORE,
    NORESP,
    OPAQUE,
    OUTSIDE,
    REPLACE,
    SFTDEL,
    STATUS,
    SYNC,
    SYNCHDR,
)
from minisyncml.codec.walk import Mismatch, Walk
from minisyncml.errors import DecodeError, LimitError

Record = Tuple[int, ...]

_SYNCBODY, _CMDID, _DATA, _ITEM, _LOCURI, _MAPITEM, _META = 0x2B, 0x0B, 0x0F, 0x14, 0x17, 0x19, 0x1A
_NORESP, _SOURCE, _TARGET, _NUMBER, _MOREDATA = 0x1D, 0x27, 0x2E, 0x33, 0x34

#: every command that may stand in a Sync (page 0)
_COMMANDS = frozenset((0x05, 0x06, 0x08, 0x0D, 0x10, 0x11, 0x12, 0x13, 0x18, 0x1F, 0x20, 0x22, 0x23, 0x24, 0x29, 0x2A,
                       0x3B))


class _Walk(Walk):
    """A position in a document, and how to match the strict grammar there: all raise Mismatch or IndexError."""

    def __init__(self, data: bytes, pos: int, table: int, max_depth: int) -> None:
        super().__init__(data, pos, table, max_depth)
        self.last_meta = b"\x01"        # no Meta begins so
        self.last_page = 0

    def leaf(self, token: int, record: "list[int]", slot: int) -> int:
        """One STR_I or OPAQUE, or nothing, after a tag; its span goes into the record. Returns the content token."""
        data, start = self.data, self.pos
        length = found = 0
        if token & 0x40:
            found = data[start]
            start += 1
            if found == 0x03:
                end = data.find(0, start)
                if end < 0 or data[end + 1] != 1:
                    raise Mismatch
                length = end - start
                self.pos = end + 2
            elif found == 0xC3:
                self.pos = start
                length = self.integer()
                start = self.pos
                self.pos = start + length + 1
                if data[start + length] != 1:
                    raise Mismatch
            elif found == 0x01:
                self.pos = start
            else:
                raise Mismatch
        record[slot] = start
        record[slot + 1] = length
        return found

    def body(self, token: int, record: "list[int]", slot: int) -> None:
        """The Data of an item."""
        if self.leaf(token, record, slot) == 0xC3:
            record[1] |= OPAQUE

    def flag(self, token: int, record: "list[int]", flag: int) -> None:
        """An empty element."""
        if token & 0x40:
            if self.data[self.pos] != 1:
                raise Mismatch
            self.pos += 1
        record[1] |= flag

    def uri(self, token: int, record: "list[int]", slot: int) -> None:
        """A Target or Source that holds one LocURI and nothing else."""
        data, start = self.data, self.pos + 2
        if data.startswith(b"\x57\x03", start - 2) and token & 0x40 and not self.page:     # as nearly all are
            end = data.find(0, start)
            if end > 0 and data.startswith(b"\x01\x01", end + 1):
                record[slot] = start
                record[slot + 1] = end - start
                self.pos = end + 3
                return
        if not token & 0x40 or self.tag() & 0xBF != _LOCURI:
            raise Mismatch
        self.leaf(self.data[self.pos - 1], record, slot)
        if self.data[self.pos] != 1:
            raise Mismatch
        self.pos += 1

    def range(self, token: int, record: "list[int]", slot: int) -> None:
        """A Meta that stands for itself: pages 0 and 1, no string table, no literal tag."""
        start = self.pos - 1
        if self.data.startswith(self.last_meta, start):     # the same again, as in most commands
            self.pos = start + len(self.last_meta)
            self.page = self.last_page
        elif token & 0x40:
            self.meta()
            self.last_meta, self.last_page = self.data[start:self.pos], self.page
        record[slot] = start
        record[slot + 1] = self.pos - start

    def meta(self) -> None:
        data = self.data
        depth = 1
        while depth:
            token = data[self.pos]
            self.pos += 1
            if token == 0x01:
                depth -= 1
            elif token == 0x03:
                self.pos = data.find(0, self.pos) + 1
                if not self.pos:
                    raise Mismatch
            elif token == 0x00:
                self.page = data[self.pos]
                self.pos += 1
                if self.page > 1:
                    raise Mismatch
            elif token == 0xC3:
                length = self.integer()
                self.pos += length
            elif token & 0x80 or token & 0x3F < 5:
                raise Mismatch
            elif token & 0x40:
                depth += 1
                if depth + 8 > self.max_depth:
                    raise Mismatch

    def tag(self) -> int:
        """The next byte after page switches, which must be a tag of page 0, or END."""
        token = self.data[self.pos]
        self.pos += 1
        while token == 0x00:
            self.page = self.data[self.pos]
            token = self.data[self.pos + 1]
            self.pos += 2
        if token != 0x01 and (self.page or token & 0x80 or token & 0x3F < 5):
            raise Mismatch
        return token

    def children(self, grammar: "_Grammar", record: "list[int]", until: int = END) -> int:
        """Children after the grammar, each at most once, up to END or an element `until`. Returns that token."""
        seen, data = 0, self.data
        while True:
            token = data[self.pos]
            if token and not self.page and token < 0x80 and token & 0x3F > 4:      # tag() without the call
                self.pos += 1
            else:
                token = self.tag()
            identity = token & 0x3F
            if token == 0x01 or identity == until:
                return token
            if identity not in grammar or seen >> identity & 1:
                raise Mismatch
            seen |= 1 << identity
            take, where = grammar[identity]
            take(self, token, record, where)

    def status(self, kind: int) -> "list[Record]":
        record = [kind, 0] + [-1, 0] * 7
        self.children(_STATUS_BODY, record)
        return [tuple(record)]

    def items(self, kind: int) -> "list[Record]":
        """A command of items: one record for each."""
        until, body = (_MAPITEM, _MAPITEM_BODY) if kind == MAP else (_ITEM, _ITEM_BODY)
        head = [kind, 0] + [-1, 0] * 7
        token = self.children(_HEADS[kind], head, until)
        out: "list[Record]" = []
        while token != 0x01:
            if token & 0x3F != until:
                raise Mismatch
            record = list(head)
            if out:
                record[1] |= FURTHER
            if token & 0x40:
                self.children(body, record)
            out.append(tuple(record))
            token = self.data[self.pos]
            if token == 0x01:
                self.pos += 1
            else:
                token = self.tag()
        if not out:
            raise Mismatch
        return out


#: what a child of a command is: how to match it, and the place of its span in the record, or its flag
_Grammar = Dict[int, Tuple[Callable[[_Walk, int, List[int], int], Any], int]]

_COMMAND: _Grammar = {_CMDID: (_Walk.leaf, 2), _META: (_Walk.range, 4), _NORESP: (_Walk.flag, NORESP)}
_HEADS: "dict[int, _Grammar]" = {
    ADD: _COMMAND, REPLACE: _COMMAND,
    DELETE: {**_COMMAND, 0x07: (_Walk.flag, ARCHIVE), 0x26: (_Walk.flag, SFTDEL)},
    MAP: {_CMDID: (_Walk.leaf, 2), _META: (_Walk.range, 4), _TARGET: (_Walk.uri, 6), _SOURCE: (_Walk.uri, 8)},
}
_SYNC_HEAD: _Grammar = {**_COMMAND, _TARGET: (_Walk.uri, 6), _SOURCE: (_Walk.uri, 8), _NUMBER: (_Walk.leaf, 10)}
_ITEM_BODY: _Grammar = {_TARGET: (_Walk.uri, 6), _SOURCE: (_Walk.uri, 8), _META: (_Walk.range, 10),
                        _DATA: (_Walk.body, 12), _MOREDATA: (_Walk.flag, MORE)}
_MAPITEM_BODY: _Grammar = {_TARGET: (_Walk.uri, 10), _SOURCE: (_Walk.uri, 12)}
_STATUS_BODY: _Grammar = {token: (_Walk.leaf, 2 + 2 * number) for number, token in enumerate(
    (_CMDID, 0x1C, 0x0C, 0x0A, 0x2F, 0x28, _DATA))}


def _blank(kind: int, flags: int = 0, start: int = -1, length: int = 0) -> Record:
    return (kind, flags, start, length) + (-1, 0) * 6


_MATCH: "dict[int, Callable[[_Walk, int], list[Record]]]" = {
    ADD: _Walk.items, REPLACE: _Walk.items, DELETE: _Walk.items, MAP: _Walk.items, STATUS: _Walk.status}


def _range(walk: _Walk, kind: int, flags: int) -> Record:
    start, page = walk.pos, walk.page
    walk.skip()
    return _blank(kind, flags | page, start, walk.pos - start)


def _command(walk: _Walk, token: int) -> "list[Record]":
    """The records of a child of SyncBody or Sync that begins at `walk`."""
    start, page = walk.pos, walk.page
    match = _MATCH.get(token ^ 0x40)
    if page == 0 and match is not None:
        walk.pos += 1
        try:
            return match(walk, token ^ 0x40)
        except (Mismatch, IndexError):
            walk.pos, walk.page = start, page
    if page == 0 and token == FINAL:
        walk.pos += 1
        return [_blank(FINAL)]
    return [_range(walk, GENERIC, 0)]


def _sync(walk: _Walk) -> Optional[Record]:
    """The head of a Sync, up to its first command; None when it is unusual."""
    start, page = walk.pos, walk.page
    record = [SYNC, 0] + [-1, 0] * 7
    walk.pos += 1
    seen = 0
    try:
        while True:
            before, page_before = walk.pos, walk.page
            token = walk.data[walk.pos]
            if token in (0x03, 0x83, 0xC3, 0x02, 0x43):
                walk.token(0)
                continue
            token = walk.tag()
            identity = token & 0x3F
            if token == 0x01 or identity in _COMMANDS:
                walk.pos, walk.page = before, page_before
                return tuple(record)
            if identity not in _SYNC_HEAD or seen >> identity & 1:
                raise Mismatch
            seen |= 1 << identity
            take, where = _SYNC_HEAD[identity]
            take(walk, token, record, where)
    except (Mismatch, IndexError, DecodeError):
        walk.pos, walk.page = start, page
        return None


def records(data: bytes, pos: int, table: int, max_depth: int, max_records: int) -> Iterator[Record]:
    """The records of a SyncML document.

    :param data: the document
    :param pos: where the content of its root begins
    :param table: length of its string table in bytes
    :param max_depth: elements may nest so deep
    :param max_records: at most so many records
    :returns: an iterator of tuples of 16 integers
    :raises DecodeError: malformed
    :raises LimitError: too deep or too many
    """
    walk = _Walk(data, pos, table, max_depth)
    count = 0
    for batch in _batches(walk):
        count += len(batch)
        if count > max_records:
            raise LimitError("too many commands")
        yield from batch


def _batches(walk: _Walk) -> "Iterator[list[Record]]":
    """The records, command by command. `walk.depth` is 1 in SyncML, 2 in SyncBody, 3 in Sync."""
    data = walk.data
    while walk.depth:
        if walk.pos >= len(data):
            raise DecodeError("document is cut short", len(data))
        token = data[walk.pos]
        if token == 0x01:
            if walk.depth == 3:
                yield [_blank(END)]
            walk.pos += 1
            walk.depth -= 1
        elif token & 0x3F < 5 and token & 0x3F != 0x04:
            walk.skip()
        elif walk.depth == 1:
            yield from _outside(walk, token)
        elif walk.depth == 2 and token == SYNC | 0x40 and walk.page == 0:
            record = _sync(walk)
            if record is None:
                yield [_range(walk, GENERIC, 0)]
            else:
                walk.depth = 3
                yield [record]
        else:
            yield _command(walk, token)


def _outside(walk: _Walk, token: int) -> "Iterator[list[Record]]":
    """A child of SyncML."""
    identity = token & 0x3F
    if walk.page == 0 and identity == _SYNCBODY:
        walk.pos += 1
        try:
            if token & 0x80:
                walk.attributes()
        except IndexError:
            raise DecodeError("document is cut short", len(walk.data)) from None
        walk.depth += token >> 6 & 1
    elif walk.page == 0 and identity == SYNCHDR:
        yield [_range(walk, SYNCHDR, 0)]
    else:
        yield [_range(walk, GENERIC, OUTSIDE)]
