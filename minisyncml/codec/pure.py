"""The Python twin of the C codec: command records out of a WBXML document, one for one as native/wbxml.h says.

A command is first matched against the strict grammar; whatever does not match, malformed bytes included, is walked
over by :meth:`_Walk.skip`, the only place that reports errors.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator, Optional, Tuple

from minisyncml.errors import DecodeError, LimitError

Record = Tuple[int, ...]

GENERIC, END = 0x00, 0x01
ADD, DELETE, FINAL, MAP, REPLACE, STATUS, SYNC, SYNCHDR = 0x05, 0x10, 0x12, 0x18, 0x20, 0x29, 0x2A, 0x2C
FURTHER, MORE, ARCHIVE, SFTDEL, OPAQUE, NORESP, OUTSIDE = 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000

_SYNCBODY, _CMDID, _DATA, _ITEM, _LOCURI, _MAPITEM, _META = 0x2B, 0x0B, 0x0F, 0x14, 0x17, 0x19, 0x1A
_NORESP, _SOURCE, _TARGET, _NUMBER, _MOREDATA = 0x1D, 0x27, 0x2E, 0x33, 0x34

#: every command that may stand in a Sync (page 0)
_COMMANDS = frozenset((0x05, 0x06, 0x08, 0x0D, 0x10, 0x11, 0x12, 0x13, 0x18, 0x1F, 0x20, 0x22, 0x23, 0x24, 0x29, 0x2A,
                       0x3B))

#: what a child of a command is: a span of the record by leaf, by LocURI inside, a Meta range, or a flag
_LEAF, _BODY, _URI, _RANGE, _FLAG = range(5)
_Grammar = Dict[int, Tuple[int, int]]

_COMMAND: _Grammar = {_CMDID: (_LEAF, 0), _META: (_RANGE, 1), _NORESP: (_FLAG, NORESP)}
_HEADS: "dict[int, _Grammar]" = {
    ADD: _COMMAND, REPLACE: _COMMAND, DELETE: {**_COMMAND, 0x07: (_FLAG, ARCHIVE), 0x26: (_FLAG, SFTDEL)},
    MAP: {_CMDID: (_LEAF, 0), _META: (_RANGE, 1), _TARGET: (_URI, 2), _SOURCE: (_URI, 3)},
}
_SYNC_HEAD: _Grammar = {**_COMMAND, _TARGET: (_URI, 2), _SOURCE: (_URI, 3), _NUMBER: (_LEAF, 4)}
_ITEM_BODY: _Grammar = {_TARGET: (_URI, 2), _SOURCE: (_URI, 3), _META: (_RANGE, 4), _DATA: (_BODY, 5),
                          _MOREDATA: (_FLAG, MORE)}
_MAPITEM_BODY: _Grammar = {_TARGET: (_URI, 4), _SOURCE: (_URI, 5)}
_STATUS_BODY: _Grammar = {_CMDID: (_LEAF, 0), 0x1C: (_LEAF, 1), 0x0C: (_LEAF, 2), 0x0A: (_LEAF, 3),
                            0x2F: (_LEAF, 4), 0x28: (_LEAF, 5), _DATA: (_LEAF, 6)}


class _Mismatch(Exception):
    """Not of the strict grammar."""


class _Walk:
    """A position in a document, and the code page there."""

    def __init__(self, data: bytes, pos: int, table: int, max_depth: int) -> None:
        self.data = data
        self.pos = pos
        self.page = 0
        self.table = table
        self.max_depth = max_depth
        self.depth = 1
        self.last_meta = b"\x01"        # no Meta begins so
        self.last_page = 0

    # -- the strict grammar: all raise _Mismatch or IndexError when it is not met

    def integer(self) -> int:
        """A multi-byte integer."""
        value = 0
        for _ in range(5):
            byte = self.data[self.pos]
            self.pos += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                if value > 0xFFFFFFFF:
                    break
                return value
        raise _Mismatch

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
                    raise _Mismatch
                length = end - start
                self.pos = end + 2
            elif found == 0xC3:
                self.pos = start
                length = self.integer()
                start = self.pos
                self.pos = start + length + 1
                if data[start + length] != 1:
                    raise _Mismatch
            elif found == 0x01:
                self.pos = start
            else:
                raise _Mismatch
        record[slot] = start
        record[slot + 1] = length
        return found

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
            raise _Mismatch
        self.leaf(self.data[self.pos - 1], record, slot)
        if self.data[self.pos] != 1:
            raise _Mismatch
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
                    raise _Mismatch
            elif token == 0x00:
                self.page = data[self.pos]
                self.pos += 1
                if self.page > 1:
                    raise _Mismatch
            elif token == 0xC3:
                length = self.integer()
                self.pos += length
            elif token & 0x80 or token & 0x3F < 5:
                raise _Mismatch
            elif token & 0x40:
                depth += 1
                if depth + 8 > self.max_depth:
                    raise _Mismatch

    def tag(self) -> int:
        """The next byte after page switches, which must be a tag of page 0, or END."""
        token = self.data[self.pos]
        self.pos += 1
        while token == 0x00:
            self.page = self.data[self.pos]
            token = self.data[self.pos + 1]
            self.pos += 2
        if token != 0x01 and (self.page or token & 0x80 or token & 0x3F < 5):
            raise _Mismatch
        return token

    def children(self, grammar: _Grammar, record: "list[int]", until: int = END) -> int:
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
                raise _Mismatch
            seen |= 1 << identity
            how, where = grammar[identity]
            if how == _LEAF:
                self.leaf(token, record, 2 + 2 * where)
            else:
                self.child(how, where, token, record)

    def child(self, how: int, where: int, token: int, record: "list[int]") -> None:
        """A child that is more than a leaf."""
        slot = 2 + 2 * where
        if how == _URI:
            self.uri(token, record, slot)
        elif how == _RANGE:
            self.range(token, record, slot)
        elif how <= _BODY:
            if self.leaf(token, record, slot) == 0xC3 and how == _BODY:
                record[1] |= OPAQUE
        else:
            if token & 0x40:
                if self.data[self.pos] != 1:
                    raise _Mismatch
                self.pos += 1
            record[1] |= where

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
                raise _Mismatch
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
            raise _Mismatch
        return out

    # -- everything else

    def skip(self) -> None:
        """Walk over one element or piece of content, checking all that the general decoder checks."""
        try:
            depth = 0
            while True:
                depth += self.token(depth)
                if depth <= 0:
                    return
        except IndexError:
            raise DecodeError("document is cut short", len(self.data)) from None

    def token(self, depth: int) -> int:
        """Walk over one token and its operands. Returns by how much it changes the depth."""
        data, here = self.data, self.pos
        token = data[here]
        self.pos += 1
        if token == 0x01:
            return -1
        if token & 0x3F >= 5 or token & 0x3F == 0x04:
            if token & 0x3F == 0x04 and self.number() >= self.table:
                raise DecodeError("reference beyond the string table", here)
            if token & 0x80:
                self.attributes()
            if token & 0x40 and depth + self.depth >= self.max_depth:
                raise LimitError("elements nested too deep", here)
            return token >> 6 & 1
        if token == 0x00:
            self.page = data[self.pos]
            self.pos += 1
        elif token == 0x03:
            self.string(here)
        elif token == 0xC3:
            self.opaque(here)
        elif token == 0x83:
            if self.number() >= self.table:
                raise DecodeError("reference beyond the string table", here)
        elif token == 0x02:
            code = self.number()
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise DecodeError("entity is no character", here)
        elif token == 0x43:
            self.attributes()
        else:
            raise DecodeError(f"unexpected token 0x{token:02X}", here)
        return 0

    def number(self) -> int:
        here = self.pos
        try:
            return self.integer()
        except _Mismatch:
            raise DecodeError("integer is too long or too large", here) from None

    def string(self, here: int) -> None:
        end = self.data.find(0, self.pos)
        if end < 0:
            raise DecodeError("string without end", here)
        self.pos = end + 1

    def opaque(self, here: int) -> None:
        length = self.number()
        if length > len(self.data) - self.pos:
            raise DecodeError("opaque data longer than the document", here)
        self.pos += length

    def attributes(self) -> None:
        while True:
            here = self.pos
            token = self.data[here]
            self.pos += 1
            if token == 0x01:
                return
            if token == 0x00:
                self.data[self.pos]
                self.pos += 1
            elif token == 0x03 or 0x40 <= token <= 0x42:
                self.string(here)
            elif token in (0x02, 0x04, 0x83) or 0x80 <= token <= 0x82:
                self.number()
            elif token == 0xC3:
                self.opaque(here)


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
        except (_Mismatch, IndexError):
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
                raise _Mismatch
            seen |= 1 << identity
            how, where = _SYNC_HEAD[identity]
            walk.child(how, where, token, record)
    except (_Mismatch, IndexError, DecodeError):
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
