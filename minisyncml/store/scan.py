"""Finds what the user changed in a folder of items: part of :class:`minisyncml.store.vdir.VdirStore`, which writes."""

from __future__ import annotations

from os.path import basename
from time import time_ns
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Set, Tuple

from minisyncml.digest import digest as digest_of
from minisyncml.errors import ItemError, StoreError
from minisyncml.store import folder as _folder
from minisyncml.store.base import TOLD
from minisyncml.store.folder import Signature
from minisyncml.store.records import Group
from minisyncml.store.tables import CHUNK, EntryTable, to_bytes

if TYPE_CHECKING:
    from minisyncml.store.vdir import VdirStore


class Scan:
    """One look at the whole folder.

    :param store: whose lock is held
    :param rescan: read all files, trust no time stamp
    :param inode: of the folder as it is now
    """

    def __init__(self, store: "VdirStore", rescan: bool, inode: int) -> None:
        self.store = store
        self.rescan = rescan
        self.moved = [inode] != store._place.values.get(1)
        self.items = store._items
        self.now = time_ns()
        self.seen = bytearray(len(self.items.rows))
        self.fresh: "List[str]" = []
        self.rows: "List[List[Any]]" = []
        self.marks: "List[List[Any]]" = []
        self.buried: "List[List[Any]]" = []
        self.changed = False
        self.last, self.revision, self.trashed = store._counters()
        store.skipped = []

    def run(self) -> None:
        """Find what changed and tell the journal.

        :raises StoreError: when the folder is empty and not the one it was
        """
        store, rows = self.store, self.items.rows
        left: "List[str]" = []
        for name, signature in store._names(left):
            at = rows.search(to_bytes(name))
            if at < 0:
                self.fresh.append(name)
                continue
            self.seen[at] = 1
            key, fields = rows.at(at)
            if self.rescan or fields[3:] != signature:
                self._look(key, name, signature, fields)
        gone = {key for key, seen in zip(rows.keys(), self.seen) if not seen}
        if gone and len(gone) == len(self.seen) and not self.fresh and self.moved and not self.rescan:
            raise StoreError(f"{store.folder} is empty and not the folder it was; is its disk mounted?")
        self._take_fresh(gone)
        self._bury(sorted(gone))
        self._flush()
        if self.changed:
            store._journal.append([("meta", [[1, -1, self.last, self.revision, self.trashed]])])
        for name in left:           # of an interrupted write; we have the lock, so nobody is writing
            if basename(name).startswith(store._beside):
                store._files.unlink(store._path(name))

    def _look(self, key: int, name: str, signature: Signature, fields: "Tuple[Any, ...]") -> None:
        """Read a file that may have changed."""
        body = self._read(name, signature, b"" if fields[1] == digest_of(b"") else None)
        if body is None:
            return              # not readable, or just being written
        digest = digest_of(body)
        known = _folder.settled(signature, self.now)
        if digest == fields[1]:
            if known != fields[3:]:
                self.marks.append([key, -1, *known])
        else:
            self.revision += 1
            type = self.store._kind(body)
            self.rows.append([key, -1, type, self.revision, digest.hex(), name, *known])
        self._flush(CHUNK)

    def _take_fresh(self, gone: "Set[int]") -> None:
        """New files; one with the body of a file that is gone was renamed."""
        lost: "Dict[bytes, int]" = {(self.items.rows.get(key) or ())[1]: key for key in gone}
        back = self._exhumed()
        for name in self.fresh:
            signature = _folder.signature(self.store._path(name))
            body = None if signature is None else self._read(name, signature)
            if body is None or signature is None:
                continue
            digest = digest_of(body)
            known = _folder.settled(signature, self.now)
            key = lost.pop(digest, 0)
            if key:
                gone.remove(key)
                revision, _, type, *_ = self.items.rows.get(key) or ()
                row = [key, -1, self.items.types.names[type], revision, digest.hex(), name, *known]
            elif digest in back:
                key, revision, type = back.pop(digest)
                row = [key, -1, type, revision, digest.hex(), name, *known]
                self.buried.append([key])
            else:
                self.last += 1
                self.revision += 1
                type = self.store._kind(body)
                row = [self.last, -1, type, self.revision, digest.hex(), name, *known]
            self.rows.append(row)
            self._flush(CHUNK)

    def _bury(self, gone: "List[int]") -> None:
        """Files that are gone. While no peer was told, they may come back as what they were, as from a backup."""
        for key in gone:
            revision, digest, type, *_ = self.items.rows.get(key) or ()
            self.rows.append([key])
            if self._untold(key):
                self.buried.append([key, -1, revision, digest.hex(), self.items.types.names[type]])
            self._flush(CHUNK)

    def _exhumed(self) -> "Dict[bytes, Tuple[int, int, str]]":
        """Id, revision and type of what may come back, by digest. What may not any more is forgotten."""
        back: "Dict[bytes, Tuple[int, int, str]]" = {}
        for key, (revision, digest, type) in self.store._buried.values.items():
            if self._untold(key) and self.items.rows.get(key) is None:
                back[bytes.fromhex(digest)] = key, revision, type
            else:
                self.buried.append([key])
        return back

    def _untold(self, key: int) -> bool:
        """Whether peers have an item, and none of them was told that it is deleted."""
        found = [table.entry(key) for table in self.store._journal.tables.values() if isinstance(table, EntryTable)]
        entries = [each for each in found if each is not None]
        return bool(entries) and not any(each.flags & TOLD for each in entries)

    def _read(self, name: str, signature: Signature, empty: Optional[bytes] = None) -> Optional[bytes]:
        """The item that a file is, None when it has to be left alone; `empty` for one without content."""
        try:
            data = _folder.body(self.store._path(name), self.store.limits.max_obj_size)
            if data is None or not self.store._counts(data, signature):
                return empty if data is not None else None
            return self.store._body(name, data, signature)
        except (OSError, ItemError):
            self.store.skipped.append(name)
            return None

    def _flush(self, most: int = 0) -> None:
        """Hand over what was gathered; the last append of the scan makes it durable."""
        if len(self.rows) + len(self.marks) + len(self.buried) <= most:
            return
        self.changed = self.changed or bool(self.rows)
        groups: "List[Group]" = [("items", self.rows), ("marks", self.marks), ("buried", self.buried)]
        groups.append(("meta", [[1, -1, self.last, self.revision, self.trashed]]))
        self.store._journal.append(groups, sync=False)
        self.rows, self.marks, self.buried = [], [], []
