"""Command records of the WBXML codec to typed values: the fast way to read a message.

Gives what the schema gives from the tree of the same document. A record (layout: native/wbxml.h) names the spans of
a plain command; everything else comes as the range of one element, and goes through the tree.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from itertools import repeat
from typing import Any, Callable, Dict, Iterable, Iterator, NamedTuple, Optional

from minisyncml.codec import kinds, wbxml
from minisyncml.codec.native import Chunk
from minisyncml.codec.node import Node
from minisyncml.errors import LimitError
from minisyncml.limits import Limits
from minisyncml.message.commands import Add, Command, Delete, Item, Map, MapItem, Meta, Replace, Status, Sync
from minisyncml.message.fields import Reading, number
from minisyncml.message.schema import COMMANDS, META, NO_CODE, read_command

_CLASSES: "dict[int, Any]" = {kinds.ADD: Add, kinds.REPLACE: Replace, kinds.DELETE: Delete}
_NAMES = {name: name for name in ("SyncHdr", *COMMANDS)}    # so that a thousand Status share one string
_NEW: Any = tuple.__new__                   # half the time of calling the class
_NONE, _FALSE, _NOTHING = repeat(None), repeat(False), repeat(())     # columns without end
_METAS: "dict[bytes, Meta]" = {}            # by the bytes of the element, which mean the same in every document
_METAS_MAX, _META_LENGTH = 256, 512


class _Codes(Dict[str, int]):
    """Status codes by their text: most messages have very few."""

    def __missing__(self, text: str) -> int:
        code = number(text)
        return NO_CODE if code is None else code


_code = _Codes({str(code): code for code in (200, 201, 208, 211, 212, 213, 418, 419, 420)}).__getitem__


class _Records:
    """Takes the records of one document.

    :param ctx: the document
    :param limits: bounds
    """

    __slots__ = ("ctx", "data", "limits", "reading", "commands", "final", "_head", "_outer", "_sync", "_late",
                 "_further")

    def __init__(self, ctx: wbxml.Context, limits: Limits) -> None:
        self.ctx = ctx
        self.data = ctx.data
        self.limits = limits
        self.reading = Reading(limits)
        self.commands: "list[Any]" = []
        self.final = False
        self._head: "Optional[tuple[int, ...]]" = None
        self._outer: "Optional[list[Any]]" = None
        self._sync: Any = None              #: fields of the Sync that is open
        self._late: "list[Any]" = []
        self._further: "list[tuple[int, list[Any]]]" = []

    def head(self) -> Optional[Node]:
        """The SyncHdr element, None when there was none."""
        if self._head is None:
            return None
        _, flags, start, length = self._head[:4]
        return wbxml.subtree(self.ctx, start, length, flags & kinds.PAGE, self.limits)

    def run(self, chunks: "Iterator[Chunk]") -> None:
        """Take all records."""
        for chunk in chunks:
            number = text = 0
            for count in chunk.runs:
                if count:
                    text = self._alike(chunk, number, count, text)
                    number += count
                else:
                    record = chunk.row(number)
                    _TAKE[record[0]](self, record)
                    number += 1
        self._join()
        self.reading.left -= len(self.commands)
        if self.reading.left < 0:
            raise LimitError("too many commands and items in one message")

    def _alike(self, chunk: Chunk, number: int, count: int, text: int) -> int:
        """A run of plain records that are alike. Returns the number of the text after theirs.

        Values are made column by column, since a loop of Python over the items would cost twice as much.
        """
        first = chunk.row(number)
        width = 7 if first[0] == kinds.STATUS else 3
        end = text + width * count
        columns = [chunk.texts[at:end:width] for at in range(text, text + width)]
        if first[0] == kinds.STATUS:
            self._statuses(first, count, *columns)
        elif first[12] < 0:
            self._items(first, count, _NONE, *columns)
        else:
            data, begin, stop = self.data, number * 16, (number + count) * 16
            self._items(first, count, [data[start:start + length] for start, length in zip(
                chunk.ints[begin + 12:stop:16].tolist(), chunk.ints[begin + 13:stop:16].tolist())], *columns)
        return end

    def _items(self, first: "tuple[int, ...]", count: int, bodies: "Iterable[Optional[bytes]]", cmds: "list[str]",
               targets: "list[str]", sources: "list[str]") -> None:
        items = map(_NEW, repeat(Item), zip(
            _NONE if first[8] < 0 else sources, _NONE if first[6] < 0 else targets,
            repeat(self._meta(first[10], first[11])), bodies, _FALSE, _NONE, _NONE, _NONE, _NONE, _NONE))
        self.commands += map(_NEW, repeat(_CLASSES[first[0]]), zip(
            cmds, zip(items), repeat(self._meta(first[4], first[5])), _FALSE, _NONE, _FALSE, _FALSE))
        self.reading.left -= count

    def _statuses(self, first: "tuple[int, ...]", count: int, cmds: "list[str]", msgs: "list[str]", refs: "list[str]",
                  names: "list[str]", targets: "list[str]", sources: "list[str]", codes: "list[str]") -> None:
        self.commands += map(_NEW, repeat(Status), zip(
            cmds, msgs, refs, map(_NAMES.get, names, names), map(_code, codes),
            _NOTHING if first[10] < 0 else zip(targets), _NOTHING if first[12] < 0 else zip(sources), _NONE, _NOTHING,
            _NONE))
        self.reading.left -= count * ((first[10] >= 0) + (first[12] >= 0))

    def _item(self, record: "tuple[int, ...]") -> None:
        """An Item of Add, Replace or Delete, whatever is in it."""
        kind, flags, cmd, cmd_length, meta, meta_length, target, target_length, source, source_length, own_meta, \
            own_length, body, length, _, _ = record
        item = _NEW(Item, (
            None if source < 0 else self._uri(source, source_length),
            None if target < 0 else self._uri(target, target_length), self._meta(own_meta, own_length),
            self.data[body:body + length] if body >= 0 else None, flags & kinds.MORE != 0,
            None, None, None, None, None))
        if flags & kinds.FURTHER:
            self._more(item)
            return
        self.reading.left -= 1
        self.commands.append(_NEW(_CLASSES[kind], (
            self._text(cmd, cmd_length), (item,), self._meta(meta, meta_length), flags & kinds.NORESP != 0, None,
            flags & kinds.ARCHIVE != 0, flags & kinds.SFTDEL != 0)))

    def _more(self, item: Any) -> None:
        """A further item of the last command."""
        last = len(self.commands) - 1
        if not self._further or self._further[-1][0] != last:
            self._further.append((last, []))
        self._further[-1][1].append(item)

    def _join(self) -> None:
        """Put the further items into their commands, and count all."""
        for index, items in self._further:
            command = self.commands[index]
            self.commands[index] = command._replace(items=(*command.items, *items))
            self.reading.left -= len(items)
        self._further = []

    def _status(self, record: "tuple[int, ...]") -> None:
        _, _, cmd, cmd_length, msg, msg_length, ref, ref_length, name, name_length, target, target_length, source, \
            source_length, code, code_length = record
        text, uri = self._text, self._uri
        self.reading.left -= (target >= 0) + (source >= 0)
        self.commands.append(_NEW(Status, (
            text(cmd, cmd_length), text(msg, msg_length), text(ref, ref_length), text(name, name_length),
            _code(text(code, code_length)), () if target < 0 else (uri(target, target_length),),
            () if source < 0 else (uri(source, source_length),), None, (), None)))

    def _map(self, record: "tuple[int, ...]") -> None:
        _, flags, cmd, cmd_length, meta, meta_length, target, target_length, source, source_length, guid, \
            guid_length, luid, luid_length, _, _ = record
        item = MapItem(self._uri(guid, guid_length) or "", self._uri(luid, luid_length) or "")
        if flags & kinds.FURTHER:
            self._more(item)
            return
        self.reading.left -= 1
        self.commands.append(Map(
            self._text(cmd, cmd_length), self._uri(target, target_length), self._uri(source, source_length), (item,),
            self._meta(meta, meta_length)))

    def _open(self, record: "tuple[int, ...]") -> None:
        _, flags, cmd, cmd_length, meta, meta_length, target, target_length, source, source_length, changes, \
            changes_length, _, _, _, _ = record
        self._join()
        self._sync = (
            self._text(cmd, cmd_length), self._uri(target, target_length), self._uri(source, source_length), (),
            self._meta(meta, meta_length), number(self._text(changes, changes_length)), flags & kinds.NORESP != 0, None)
        self._outer, self.commands, self._late = self.commands, [], []

    def _close(self, record: "tuple[int, ...]") -> None:
        self._join()
        outer = self._outer
        if outer is not None:
            self.reading.left -= len(self.commands)
            sync = _NEW(Sync, (*self._sync[:3], tuple(self.commands), *self._sync[4:]))
            outer.append(_complete(sync, self._late, self.reading) if self._late else sync)
            self.commands, self._outer = outer, None

    def _generic(self, record: "tuple[int, ...]") -> None:
        _, flags, start, length = record[:4]
        if flags & kinds.OUTSIDE:
            return
        node = wbxml.subtree(self.ctx, start, length, flags & kinds.PAGE, self.limits)
        command = read_command(node, self.reading)
        if command is not None:
            self.commands.append(command)
        elif self._outer is not None:
            self._late.append(node)
        elif node.tag == "Final":
            self.final = True

    def _final(self, record: "tuple[int, ...]") -> None:
        self.final = self.final or self._outer is None

    def _header(self, record: "tuple[int, ...]") -> None:
        if self._head is None:
            self._head = record

    def _text(self, start: int, length: int) -> str:
        return self.data[start:start + length].decode("utf-8", "replace").strip() if start >= 0 else ""

    def _uri(self, start: int, length: int) -> Optional[str]:
        if length > self.limits.max_uri:
            raise LimitError(f"an address of {length} bytes", start)
        return self.data[start:start + length].decode("utf-8", "replace").strip() if start >= 0 else None

    def _meta(self, start: int, length: int) -> Optional[Meta]:
        if start < 0:
            return None
        key = self.data[start:start + length]
        meta = _METAS.get(key)
        if meta is None:
            meta = META.read(wbxml.subtree(self.ctx, start, length, 0, self.limits), self.reading)
            if len(_METAS) >= _METAS_MAX:
                _METAS.clear()
            if length <= _META_LENGTH:
                _METAS[key] = meta
        return meta


_TAKE: "dict[int, Callable[[_Records, tuple[int, ...]], None]]" = {
    kinds.ADD: _Records._item, kinds.REPLACE: _Records._item, kinds.DELETE: _Records._item,
    kinds.STATUS: _Records._status, kinds.MAP: _Records._map, kinds.SYNC: _Records._open, kinds.END: _Records._close,
    kinds.GENERIC: _Records._generic, kinds.FINAL: _Records._final, kinds.SYNCHDR: _Records._header,
}


class Scanned(NamedTuple):
    """What the records of a document held; `head` gives its SyncHdr element, None when there is none."""

    commands: list[Command]
    final: bool
    head: Callable[[], Optional[Node]]


def scan_records(ctx: wbxml.Context, records: "Iterator[Chunk]", limits: Limits) -> Scanned:
    """Turn the records of a document into commands.

    :param ctx: the document
    :param records: of :func:`minisyncml.codec.wbxml.records`
    :param limits: bounds
    :returns: the commands, whether Final was there, and the way to the header
    :raises DecodeError: malformed
    :raises LimitError: too many commands or items, or an address too long
    """
    taker = _Records(ctx, limits)
    taker.run(records)
    return Scanned(taker.commands, taker.final, taker.head)


def _complete(sync: Sync, late: "list[Any]", reading: Reading) -> Sync:
    """A Sync some of whose own parts came after its first command."""
    found = COMMANDS["Sync"].read(Node("Sync", late), reading)
    return Sync._make(mine if mine != none else other
                      for mine, other, none in zip(sync, found, ("", None, None, (), None, None, False, None)))
