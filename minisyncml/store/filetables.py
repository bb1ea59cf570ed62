"""What a store of files remembers of each file: its name and how it looked, and which ones wait to be synced.

Only tables of a journal; files are written and read in vdir.py.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Set, Tuple

from minisyncml.store.folder import UNSURE
from minisyncml.store.table import Table
from minisyncml.store.tables import ItemTable, RowTable, to_bytes, to_text


class FileTable(ItemTable):
    """Items whose bodies are files: revision, digest, type, signature; found by the file name."""

    layout = "<Q16sHQqqQ"

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """An item is there now."""
        type, revision, digest, name, *signature = fields
        fixed = (revision, bytes.fromhex(digest), self.types.code(type), *(signature or UNSURE))
        self.keep(key, fixed, to_bytes(name))

    def body_size(self, fields: "Optional[Tuple[Any, ...]]") -> int:
        """The bodies are elsewhere."""
        return 0

    def name(self, key: int) -> str:
        """The file name of an item, empty when there is no such item."""
        return to_text(self.rows.text(key) or b"")

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All items."""
        for key in self.rows.keys():
            revision, digest, type, *signature = self.rows.get(key) or ()
            yield [key, -1, self.types.names[type], revision, digest.hex(), self.name(key), *signature], 0


class RedoTable(RowTable):
    """Files that may not be on the disk yet: where the body is, its length, its digest (empty: the file is to go), that
    of what was there (empty: nothing), in which run of the machine the commit was, and in which the file was written.
    The text is the name.
    """

    layout = "<QI17p17pII"

    def __init__(self) -> None:
        super().__init__()
        self.boot = 0
        self.open: "Set[int]" = set()           # not written in this run of the machine, as far as we know
        self.going: "Set[str]" = set()          # names of files that are to go

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """A file is to be written, or to go."""
        name, new, old, boot, written = fields
        fixed = (at, max(length, 0), bytes.fromhex(new), bytes.fromhex(old), boot, 0)
        self.keep(key, fixed, to_bytes(name))
        self.open.add(key)
        if not new:
            self.going.add(name)
        if written:
            self.written(key, written)

    def drop(self, key: int) -> None:
        """A file needs no care any more."""
        self.going.discard(self.name(key))
        super().drop(key)
        self.open.discard(key)

    def clear(self) -> None:
        """No file needs care any more."""
        super().clear()
        self.open.clear()
        self.going.clear()

    def written(self, key: int, boot: int) -> None:
        """A file was written."""
        fields = self.rows.get(key)
        if fields is not None:
            self.rows.set(key, (*fields[:5], boot), to_bytes(self.name(key)))
            if boot and boot == self.boot:
                self.open.discard(key)

    def name(self, key: int) -> str:
        """The name of the file."""
        return to_text(self.rows.text(key) or b"")

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All of them."""
        for key in self.rows.keys():
            at, length, new, old, boot, written = self.rows.get(key) or ()
            yield [key, length if new else -1, self.name(key), new.hex(), old.hex(), boot, written], at


class Marks(Table):
    """Rows that only change another table: files that were written, and signatures seen since."""

    def __init__(self, items: FileTable, redo: RedoTable) -> None:
        self.items = items
        self.redo = redo

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """A mark."""
        if len(fields) == 1:
            self.redo.written(key, fields[0])
            return
        row = self.items.rows.get(key)
        if row is not None:
            self.items.rows.set(key, (*row[:3], *fields), self.items.rows.text(key) or b"")

    def drop(self, key: int) -> None:
        """Nothing is kept."""

    def clear(self) -> None:
        """Nothing is kept."""

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """Nothing is kept here."""
        return iter(())

    def weight(self) -> "Tuple[int, int]":
        """Nothing is kept here."""
        return 0, 0
