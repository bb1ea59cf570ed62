"""Large objects, received: joining the chunks of one item (DS Protocol 1.2.1, section 7: large object handling)."""

from __future__ import annotations

from typing import Any, Callable, Optional, Protocol

from minisyncml import status as codes
from minisyncml.engine.auth import unb64
from minisyncml.errors import StoreError
from minisyncml.message.commands import Item, Meta


class Spool(Protocol):
    """Where the parts of one object are kept until it is whole."""

    def state(self) -> object:
        """A plain value, from which what makes spools makes this one again."""

    def add(self, data: bytes, at: int) -> None:
        """Append a part to the `at` bytes there are; what is behind them is dropped. May raise StoreError."""

    def read(self) -> bytes:
        """All of it. May raise StoreError."""

    def drop(self) -> None:
        """It is not needed any more."""


class Held:
    """A spool in memory.

    :param state: from an earlier `state`, or None
    """

    def __init__(self, state: Any = None) -> None:
        self._data = bytes(state or b"")

    def state(self) -> object:
        """The parts themselves.

        :returns: bytes
        """
        return self._data

    def add(self, data: bytes, at: int) -> None:
        """See :meth:`Spool.add`."""
        self._data = self._data[:at] + data

    def read(self) -> bytes:
        """See :meth:`Spool.read`."""
        return self._data

    def drop(self) -> None:
        """See :meth:`Spool.drop`."""
        self._data = b""


class Assembly:
    """The one object whose chunks are coming in.

    :param state: plain values from an earlier `state`, or None
    :param spool: makes what keeps the chunks
    """

    def __init__(self, state: "Optional[list[Any]]" = None, spool: "Callable[[Any], Spool]" = Held) -> None:
        self._make = spool
        self._spool: Optional[Spool] = None
        self.key: "Optional[list[Any]]" = None
        self.size: Optional[int] = None
        self.length = 0         # bytes received so far
        self.meta: "tuple[Optional[str], Optional[str]]" = (None, None)
        if state:
            self.key, self.size, self.length, kept, meta = state
            self._spool, self.meta = spool(kept), (meta[0], meta[1])

    def state(self) -> "Optional[list[object]]":
        """Everything as plain values.

        :returns: a list for the constructor, None when no object is open
        """
        if self.key is None or self._spool is None:
            return None
        return [self.key, self.size, self.length, self._spool.state(), list(self.meta)]

    def forget(self) -> None:
        """Give the object up."""
        if self._spool is not None:
            self._spool.drop()
        self.key, self.size, self.length, self.meta, self._spool = None, None, 0, (None, None), None

    def take(self, key: "list[Any]", item: Item, meta: Meta, max_size: int) -> "tuple[int, Optional[bytes]]":
        """One item or chunk.

        :param key: names datastore, command and item
        :param item: as received
        :param meta: its Meta, with that of the command
        :param max_size: MaxObjSize that we announced
        :returns: (status, body): 213 and None for a chunk, an error and None, or 0 and the whole data
        """
        data = bytes(item.data) if isinstance(item.data, bytes) else b""
        size = meta.size
        if size and size != self.size and item.more:
            self.forget()       # the sender begins anew
        if self.key is None:
            if not item.more:
                return (codes.SIZE_TOO_BIG, None) if len(data) > max_size else (0, data)
            if not size:
                return codes.SIZE_REQUIRED, None
            if size > max_size:
                return codes.SIZE_TOO_BIG, None
            self.key, self.size, self.meta, self._spool = key, size, (meta.type, meta.format), self._make(None)
        try:
            return self._add(data, item.more)
        except StoreError:
            self.forget()
            return codes.DEVICE_FULL, None

    def _add(self, data: bytes, more: bool) -> "tuple[int, Optional[bytes]]":
        assert self._spool is not None
        length = self.length + len(data)
        if length <= self._most():
            self._spool.add(data, self.length)
            self.length = length
            if more:
                return codes.CHUNK_ACCEPTED, None
            whole = self._spool.read()
            if len(whole) == length and self._complete(whole):
                self.forget()
                return 0, whole
        self.forget()
        return codes.SIZE_MISMATCH, None

    def _most(self) -> int:
        """Bytes that may come: of base64 Size is the length of the text, or, at some peers, of what it stands for."""
        size = self.size or 0
        return size * 3 // 2 + 8 if self.meta[1] == "b64" else size

    def _complete(self, whole: bytes) -> bool:
        if len(whole) == self.size:
            return True
        try:
            return self.meta[1] == "b64" and len(unb64(whole)) == self.size
        except ValueError:
            return False
