"""Numbered rows in memory, packed: some 50 bytes each where Python objects take 400. Nothing here knows a file.

A row has a number, fields of fixed width and, if wanted, a text that it can be found by.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from struct import Struct
from typing import Any, Iterator, List, Optional, Tuple

_NARROW = 0xFFFF_FFFF   #: numbers up to this one find room in four bytes
_LITTLE = 65_536    #: so many bytes of a heap may be garbage before it is rebuilt


class Rows:
    """Rows of one layout in ascending order of their numbers.

    :param layout: format of :mod:`struct` for the fields
    """

    __slots__ = ("ids", "_data", "_struct", "_width", "_heap", "_starts", "_ends", "_waste", "_slots", "_used")

    def __init__(self, layout: str) -> None:
        self._struct = Struct(layout)
        self._width = self._struct.size
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.ids = array("q")
        self._data = bytearray()
        self._heap = bytearray()
        self._starts = array("I")
        self._ends = array("I")
        self._waste = 0
        self._slots: "Optional[array[int]]" = None
        self._used = 0

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def text_bytes(self) -> int:
        """Length of all texts together."""
        return len(self._heap) - self._waste

    def find(self, key: int) -> int:
        """Where a row is among the others.

        :param key: its number
        :returns: its place, counted from 0; -1 when there is no such row
        """
        ids = self.ids
        if not ids or key > ids[-1]:
            return -1
        at = bisect_left(ids, key)
        return at if ids[at] == key else -1

    def __contains__(self, key: int) -> bool:
        return self.find(key) >= 0

    def get(self, key: int) -> "Optional[Tuple[Any, ...]]":
        """The fields of a row.

        :param key: its number
        :returns: the fields, None when there is no such row
        """
        at = self.find(key)
        return None if at < 0 else self._struct.unpack_from(self._data, at * self._width)

    def text(self, key: int) -> Optional[bytes]:
        """The text of a row.

        :param key: its number
        :returns: the text, None when there is no such row
        """
        at = self.find(key)
        return None if at < 0 else bytes(self._heap[self._starts[at]:self._ends[at]])

    def set(self, key: int, fields: "Tuple[Any, ...]", text: bytes = b"") -> None:
        """Create or replace a row.

        :param key: its number, more than 0
        :param fields: as the layout says
        :param text: what it is found by, may be empty
        """
        packed = self._struct.pack(*fields)
        at = self.find(key)
        if at < 0:
            self._insert(key, packed, text)
        else:
            width = self._width
            self._data[at * width:at * width + width] = packed
            start, end = self._starts[at], self._ends[at]
            if self._heap[start:end] == text:
                return
            self._waste += end - start
            self._starts[at] = len(self._heap)
            self._heap += text
            self._ends[at] = len(self._heap)
            self._tidy()
        if text and self._slots is not None:
            self._remember(key, text)

    def _insert(self, key: int, packed: bytes, text: bytes) -> None:
        start = len(self._heap)
        self._heap += text
        if not self.ids or key > self.ids[-1]:      # as nearly always
            self.ids.append(key)
            self._data += packed
            self._starts.append(start)
            self._ends.append(len(self._heap))
            return
        at = bisect_left(self.ids, key)
        self.ids.insert(at, key)
        self._data[at * self._width:at * self._width] = packed
        self._starts.insert(at, start)
        self._ends.insert(at, len(self._heap))

    def drop(self, key: int) -> bool:
        """Forget a row.

        :param key: its number
        :returns: whether there was one
        """
        at = self.find(key)
        if at < 0:
            return False
        self._waste += self._ends[at] - self._starts[at]
        del self.ids[at], self._starts[at], self._ends[at]
        del self._data[at * self._width:(at + 1) * self._width]
        self._tidy()
        return True

    def chunk(self, after: int, count: int) -> "List[Tuple[int, Tuple[Any, ...]]]":
        """Some rows.

        :param after: start behind this number
        :param count: at most so many
        :returns: number and fields of each, in ascending order
        """
        at = bisect_right(self.ids, after)
        keys = self.ids[at:at + count]
        data = self._data[at * self._width:(at + len(keys)) * self._width]
        return list(zip(keys, self._struct.iter_unpack(data)))

    def texts(self, after: int, count: int) -> "List[str]":
        """The texts to the same :meth:`chunk`.

        :param after: start behind this number
        :param count: at most so many
        :returns: the texts, in ascending order of the numbers
        """
        at = bisect_right(self.ids, after)
        heap = self._heap
        spans = zip(self._starts[at:at + count], self._ends[at:at + count])
        return [heap[start:end].decode("utf-8", "surrogatepass") for start, end in spans]

    def keys(self) -> Iterator[int]:
        """All numbers, as they are now.

        :returns: an iterator in ascending order
        """
        return iter(self.ids[:])

    def by_text(self, text: bytes) -> int:
        """Find a row.

        :param text: the whole text, not empty
        :returns: its number, 0 when there is none
        """
        at = self.search(text)
        return self.ids[at] if at >= 0 else 0

    def search(self, text: bytes) -> int:
        """Find where a row is among the others.

        :param text: the whole text, not empty
        :returns: its place, counted from 0; -1 when there is none
        """
        if self._slots is None:
            self._index()
        slots = self._slots
        assert slots is not None
        mask = len(slots) - 1
        slot = hash(text) & mask
        while slots[slot]:
            at = self.find(slots[slot])
            if at >= 0 and self._heap[self._starts[at]:self._ends[at]] == text:
                return at
            slot = (slot + 1) & mask
        return -1

    def at(self, place: int) -> "Tuple[int, Tuple[Any, ...]]":
        """The row at a place, see :meth:`search`.

        :param place: counted from 0
        :returns: number and fields
        """
        return self.ids[place], self._struct.unpack_from(self._data, place * self._width)

    def _index(self) -> None:
        size = 64
        while size < 3 * len(self.ids):
            size *= 2
        narrow = not self.ids or self.ids[-1] <= _NARROW
        self._slots = array("I" if narrow else "q", (0,)) * size
        self._used = 0
        heap = self._heap
        for key, start, end in zip(self.ids, self._starts, self._ends):
            if end > start:
                self._remember(key, bytes(heap[start:end]))

    def _remember(self, key: int, text: bytes) -> None:
        # a slot of a row that is gone or changed stays: by_text compares the text; too many of them: built anew
        slots = self._slots
        assert slots is not None
        if 2 * self._used > len(slots) or (key > _NARROW and slots.typecode == "I"):
            self._slots = None
            return
        mask = len(slots) - 1
        at = hash(text) & mask
        while slots[at]:
            at = (at + 1) & mask
        slots[at] = key
        self._used += 1

    def _tidy(self) -> None:
        if self._waste < _LITTLE or 2 * self._waste < len(self._heap):
            return
        heap = bytearray()
        for at, (start, end) in enumerate(zip(self._starts[:], self._ends[:])):
            self._starts[at] = len(heap)
            heap += self._heap[start:end]
            self._ends[at] = len(heap)
        self._heap = heap
        self._waste = 0
