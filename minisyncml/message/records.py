"""Command records of the WBXML codec to typed values: the fast way to read a message.

Gives what the schema gives from the tree of the same document. A record (layout: native/wbxml.h) names the spans of
a plain command; everything else comes as the range of one element, and goes through the tree.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, NamedTuple, Optional

from minisyncml.codec import pure, wbxml
from minisyncml.codec.node import Node
from minisyncml.errors import LimitError
from minisyncml.limits import Limits
from minisyncml.message.commands import Add, Command, Delete, Item, Map, MapItem, Meta, Replace, Status, Sync
from minisyncml.message.fields import Reading, number
from minisyncml.message.schema import COMMANDS, META, NO_CODE, read_command

_PAGE = 0xFF                                # of the flags: code page at the start of a range
_NEW: Any = tuple.__new__                   # half the time of calling the class
_METAS: "dict[bytes, Meta]" = {}            # by the bytes of the element, which mean the same in every document
_METAS_MAX, _META_LENGTH = 256, 512


class _Records:
    """Takes the records of one document.

    :param ctx: the document
    :param limits: bounds
    """

    def __init__(self, ctx: wbxml.Context, limits: Limits) -> None:
        self.ctx = ctx
        self.data = ctx.data
        self.limits = limits
        self.reading = Reading(limits)
        self.max_uri = limits.max_uri
        self.commands: "list[Any]" = []
        self.final = False
        self._head: "Optional[tuple[int, int, int]]" = None
        self._outer: "Optional[list[Any]]" = None
        self._sync: Any = None
        self._late: "list[Any]" = []
        self._further: "list[Any]" = []
        self._texts: "dict[bytes, str]" = {}
        self.take: "dict[int, Callable[[tuple[int, ...]], None]]" = {
            pure.ADD: self._add, pure.REPLACE: self._replace, pure.DELETE: self._delete, pure.STATUS: self._status,
            pure.MAP: self._map, pure.SYNC: self._open, pure.END: self._close, pure.GENERIC: self._generic,
            pure.FINAL: self._final, pure.SYNCHDR: self._header,
        }

    def head(self) -> Optional[Node]:
        """The SyncHdr element, None when there was none."""
        if self._head is None:
            return None
        start, length, page = self._head
        return wbxml.subtree(self.ctx, start, length, page, self.limits)

    def _add(self, record: "tuple[int, ...]") -> None:
        self._command(Add, record)

    def _replace(self, record: "tuple[int, ...]") -> None:
        self._command(Replace, record)

    def _delete(self, record: "tuple[int, ...]") -> None:
        self._command(Delete, record)

    def _command(self, cls: Any, record: "tuple[int, ...]") -> None:
        _, flags, cmd, cmd_length, meta, meta_length, target, target_length, source, source_length, item_meta, \
            item_meta_length, body, length, _, _ = record
        data = self.data
        if target_length > self.max_uri or source_length > self.max_uri:
            raise LimitError("an address too long", max(target, source))
        item = _NEW(Item, (
            data[source:source + source_length].decode("utf-8", "replace").strip() if source >= 0 else None,
            data[target:target + target_length].decode("utf-8", "replace").strip() if target >= 0 else None,
            self._meta(item_meta, item_meta_length) if item_meta >= 0 else None,
            data[body:body + length] if body >= 0 else None,
            flags & pure.MORE != 0, None, None, None, None, None))
        self.reading.left -= 2
        if flags & pure.FURTHER:
            self._further.append(item)
            return
        if self._further:
            self._join()
        self.commands.append(_NEW(cls, (
            data[cmd:cmd + cmd_length].decode("utf-8", "replace").strip() if cmd >= 0 else "",
            (item,),
            self._meta(meta, meta_length) if meta >= 0 else None,
            flags & pure.NORESP != 0, None, flags & pure.ARCHIVE != 0, flags & pure.SFTDEL != 0)))

    def _join(self) -> None:
        """Put the further items into their command."""
        last = self.commands[-1]
        self.reading.left += len(self._further)
        self.commands[-1] = last._replace(items=(*last.items, *self._further))
        self._further = []

    def _status(self, record: "tuple[int, ...]") -> None:
        _, _, cmd, cmd_length, msg, msg_length, ref, ref_length, name, name_length, target, target_length, source, \
            source_length, code, code_length = record
        data = self.data
        if target_length > self.max_uri or source_length > self.max_uri:
            raise LimitError("an address too long", max(target, source))
        self.reading.left -= 1
        result = number(self._text(code, code_length)) if code >= 0 else None
        self._append(_NEW(Status, (
            data[cmd:cmd + cmd_length].decode("utf-8", "replace").strip() if cmd >= 0 else "",
            self._text(msg, msg_length) if msg >= 0 else "",
            data[ref:ref + ref_length].decode("utf-8", "replace").strip() if ref >= 0 else "",
            self._text(name, name_length) if name >= 0 else "",
            NO_CODE if result is None else result,
            self._refs(target, target_length), self._refs(source, source_length), None, (), None)))

    def done(self) -> None:
        """After the last record.

        :raises LimitError: too many commands and items
        """
        if self._further:
            self._join()
        if self.reading.left < 0:
            raise LimitError("too many commands and items in one message")

    def _map(self, record: "tuple[int, ...]") -> None:
        _, flags, cmd, cmd_length, meta, meta_length, target, target_length, source, source_length, guid, \
            guid_length, luid, luid_length, _, _ = record
        if max(target_length, source_length, guid_length, luid_length) > self.max_uri:
            raise LimitError("an address too long", max(guid, luid))
        item = MapItem(self._uri(guid, guid_length) or "", self._uri(luid, luid_length) or "")
        self.reading.left -= 2
        if flags & pure.FURTHER:
            self._further.append(item)
            return
        self._append(Map(self._uri(cmd, cmd_length) or "", self._uri(target, target_length),
                         self._uri(source, source_length), (item,),
                         self._meta(meta, meta_length) if meta >= 0 else None))

    def _open(self, record: "tuple[int, ...]") -> None:
        _, flags, cmd, cmd_length, meta, meta_length, target, target_length, source, source_length, changes, \
            changes_length, _, _, _, _ = record
        if target_length > self.max_uri or source_length > self.max_uri:
            raise LimitError("an address too long", max(target, source))
        sync = Sync(self._uri(cmd, cmd_length) or "", self._uri(target, target_length),
                    self._uri(source, source_length), (), self._meta(meta, meta_length) if meta >= 0 else None,
                    number(self._text(changes, changes_length)) if changes >= 0 else None,
                    flags & pure.NORESP != 0)
        self._append(sync)
        self._sync, self._outer, self.commands, self._late = sync, self.commands, [], []

    def _close(self, record: "tuple[int, ...]") -> None:
        if self._further:
            self._join()
        outer = self._outer
        if outer is not None:
            sync = self._sync._replace(commands=tuple(self.commands))
            outer[-1] = _complete(sync, self._late, self.reading) if self._late else sync
            self.commands, self._outer = outer, None

    def _generic(self, record: "tuple[int, ...]") -> None:
        _, flags, start, length = record[:4]
        if flags & pure.OUTSIDE:
            return
        node = wbxml.subtree(self.ctx, start, length, flags & _PAGE, self.limits)
        command = read_command(node, self.reading)
        if command is not None:
            self.reading.take()
            self._append(command)
        elif self._outer is not None:
            self._late.append(node)
        elif node.tag == "Final":
            self.final = True

    def _final(self, record: "tuple[int, ...]") -> None:
        self.final = self.final or self._outer is None

    def _header(self, record: "tuple[int, ...]") -> None:
        if self._head is None:
            self._head = (record[2], record[3], record[1] & _PAGE)

    def _append(self, command: Any) -> None:
        if self._further:
            self._join()
        self.commands.append(command)

    def _uri(self, start: int, length: int) -> Optional[str]:
        return self.data[start:start + length].decode("utf-8", "replace").strip() if start >= 0 else None

    def _refs(self, start: int, length: int) -> "tuple[str, ...]":
        if start < 0:
            return ()
        self.reading.left -= 1
        return (self.data[start:start + length].decode("utf-8", "replace").strip(),)

    def _text(self, start: int, length: int) -> str:
        """Text that many commands have in common."""
        key = self.data[start:start + length]
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = key.decode("utf-8", "replace").strip()
        return text

    def _meta(self, start: int, length: int) -> Meta:
        key = self.data[start:start + length]
        meta = _METAS.get(key)
        if meta is None:
            meta = META.read(wbxml.subtree(self.ctx, start, length, 0, self.limits), self.reading)
            if len(_METAS) >= _METAS_MAX:
                _METAS.clear()
            if length <= _META_LENGTH:
                _METAS[key] = meta
        return meta


class Scanned(NamedTuple):
    """What the records of a document held; `head` gives its SyncHdr element, None when there is none."""

    commands: "list[Command]"
    final: bool
    head: "Callable[[], Optional[Node]]"


def scan_records(ctx: wbxml.Context, records: "Iterator[tuple[int, ...]]", limits: Limits) -> Scanned:
    """Turn the records of a document into commands.

    :param ctx: the document
    :param records: of :func:`minisyncml.codec.wbxml.records`
    :param limits: bounds
    :returns: the commands, whether Final was there, and the way to the header
    :raises DecodeError: malformed
    :raises LimitError: too many commands or items, or an address too long
    """
    taker = _Records(ctx, limits)
    take = taker.take
    for record in records:
        take[record[0]](record)
    taker.done()
    return Scanned(taker.commands, taker.final, taker.head)


def _complete(sync: Sync, late: "list[Any]", reading: Reading) -> Sync:
    """A Sync some of whose own parts came after its first command."""
    found = COMMANDS["Sync"].read(Node("Sync", late), reading)
    return Sync._make(mine if mine != none else other
                      for mine, other, none in zip(sync, found, ("", None, None, (), None, None, False, None)))
