"""Large objects, received: joining the chunks of one item (DS Protocol 1.2.1, section 7: large object handling)."""

from __future__ import annotations

from typing import Any, Optional

from minisyncml import status as codes
from minisyncml.engine.auth import unb64
from minisyncml.message.commands import Item, Meta


class Assembly:
    """The one object whose chunks are coming in.

    :param state: plain values from an earlier `state`, or None
    """

    def __init__(self, state: "Optional[list[object]]" = None) -> None:
        self.key: "Optional[list[Any]]" = None
        self.size: Optional[int] = None
        self.data = bytearray()
        self.meta: "tuple[Optional[str], Optional[str]]" = (None, None)
        if state:
            self.key, self.size, data, meta = state  # type: ignore[assignment]
            self.data, self.meta = bytearray(data), tuple(meta)  # type: ignore[assignment, arg-type, call-overload]

    def state(self) -> "Optional[list[object]]":
        """Everything as plain values.

        :returns: a list for the constructor, None when no object is open
        """
        return [self.key, self.size, bytes(self.data), list(self.meta)] if self.key else None

    def forget(self) -> None:
        """Give the object up."""
        self.key, self.size, self.data, self.meta = None, None, bytearray(), (None, None)

    @property
    def length(self) -> int:
        """Bytes received so far."""
        return len(self.data)

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
            self.key, self.size, self.meta = key, size, (meta.type, meta.format)
        self.data += data
        if item.more and self.length <= self._most():
            return codes.CHUNK_ACCEPTED, None
        whole, complete = bytes(self.data), not item.more and self._complete()
        self.forget()
        return (0, whole) if complete else (codes.SIZE_MISMATCH, None)

    def _most(self) -> int:
        """Bytes that may come: of base64 Size is the length of the text, or, at some peers, of what it stands for."""
        size = self.size or 0
        return size * 3 // 2 + 8 if self.meta[1] == "b64" else size

    def _complete(self) -> bool:
        if self.length == self.size:
            return True
        try:
            return self.meta[1] == "b64" and len(unb64(bytes(self.data))) == self.size
        except ValueError:
            return False
