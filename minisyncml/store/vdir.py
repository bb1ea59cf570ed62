"""A plain folder as a store: one item, one file. What we know of the files is in a journal elsewhere.

A commit is one record of the journal with the new bodies; the files are written after it, beside and renamed, and not
synced. Until a checkpoint has synced them, the record can write them again. A file that holds neither what was there
before nor what was to be there was changed by its user: that is a local change and is never overwritten.
"""

from __future__ import annotations

import os
from typing import Any, Iterator, List, Optional, Sequence, Set, Tuple

from minisyncml import limits as _limits
from minisyncml.digest import digest as digest_of
from minisyncml.errors import ItemError, StoreError
from minisyncml.store import folder as _folder
from minisyncml.store.base import Item
from minisyncml.store.batch import Overlay, number
from minisyncml.store.files import FILES, Files, failure
from minisyncml.store.filetables import FileTable, Marks, RedoTable
from minisyncml.store.folder import TEMPORARY, Signature
from minisyncml.store.kept import Kept
from minisyncml.store.records import Group
from minisyncml.store.scan import Scan
from minisyncml.store.table import Table
from minisyncml.store.tables import ValueTable, to_bytes

UNSYNCED = 2000     #: so many files are written before they are synced in the middle of a session


class VdirStore(Kept):
    """A folder of files.

    :param folder: the folder; it is created at the first use, and never again; empty: the one that the journal knows
    :param path: the journal
    :param types: (media type, version) pairs that it takes and gives, the preferred one first
    :param suffix: of the files that are items; others are left alone, and so are names that begin with a dot
    :param limits: bounds of the trash and of an item
    :param files: what writes
    :raises StoreError: when the journal cannot be read, is damaged, or of a newer version
    """

    _items: FileTable

    def __init__(
        self,
        folder: str,
        path: str,
        types: "Optional[Tuple[Tuple[str, str], ...]]" = None,
        suffix: str = ".vcf",
        limits: _limits.Limits = _limits.DEFAULT,
        files: Files = FILES,
    ) -> None:
        self.folder = folder
        self.suffix = suffix
        self.skipped: "List[str]" = []      #: files that the last refresh could not take: too large, unreadable
        self._files = files
        self._redo = RedoTable()
        self._redo.boot = files.boot()
        self._place = ValueTable()
        self._buried = ValueTable()     # items whose files are gone, and which peers may still have: see Scan
        # another journal may look after the same folder: its unfinished files are not ours
        self._beside = TEMPORARY + digest_of(os.fsencode(os.path.abspath(path)))[:4].hex()
        super().__init__(path, types, limits, files)
        if not folder:
            self.folder = (self._place.values.get(2) or [""])[0]

    def _item_table(self) -> FileTable:
        return FileTable(self._type_codes)

    def _table(self, name: str) -> Table:
        if name == "redo":
            return self._redo
        if name == "place":
            return self._place
        if name == "buried":
            return self._buried
        return Marks(self._items, self._redo) if name == "marks" else super()._table(name)

    # -- reading

    def get(self, id: str) -> Optional[Item]:
        """One item, as its file is now: see :meth:`Reading.get`.

        :raises ItemError: when the file has become too large
        """
        key = number(id)
        with self._guard:
            fields = self._items.rows.get(key)
            if fields is None:
                return None
            name = self._items.name(key)
            body = self._redo_body(key) if key in self._redo.open else None
        if body is None:
            try:
                body = self._now(name)
            except OSError as e:
                raise failure(self._path(name), e) from e
        if body is None:
            return None
        return Item(id, self._type_codes.names[fields[2]], body, fields[0], digest_of(body))

    # -- the folder

    def refresh(self, rescan: bool = False) -> None:
        """Find what the user changed in the folder; see :meth:`Store.refresh`.

        :param rescan: read all files; also accept a folder that is empty and not the one it was
        :raises StoreError: when the folder is missing or cannot be read
        """
        if not self.folder:
            return      # a journal begun for a folder that could not be opened: there is nothing
        self._lock()
        try:
            inode = self._check_folder()
            self._checkpoint()
            Scan(self, rescan, inode).run()
            if [inode] != self._place.values.get(1) or [os.path.abspath(self.folder)] != self._place.values.get(2):
                self._keep_place(inode)
            self._journal.compact()
        except OSError as e:
            raise failure(self.folder, e) from e
        finally:
            self._unlock()

    def checkpoint(self) -> None:
        """Make all files durable; call it when a session is over.

        :raises StoreError: when that fails; the journal keeps what is not written
        """
        self._lock()
        try:
            self._checkpoint()
            self._journal.compact()
        except OSError as e:
            raise failure(self.folder, e) from e
        finally:
            self._unlock()

    def close(self) -> None:
        """Make all files durable and release the journal."""
        try:
            if len(self._redo.rows):
                self.checkpoint()
        finally:
            super().close()

    def _check_folder(self) -> int:
        """Its inode; the folder is created when it never was there."""
        try:
            return os.stat(os.path.join(self.folder, "")).st_ino
        except FileNotFoundError:
            if self._place.values:
                raise StoreError(f"{self.folder} is gone; nothing was deleted anywhere else") from None
        except OSError as e:
            raise failure(self.folder, e) from e
        try:
            self._files.make_folder(self.folder)
            inode = os.stat(self.folder).st_ino
        except OSError as e:
            raise failure(self.folder, e) from e
        self._keep_place(inode)
        return inode

    def _keep_place(self, inode: int) -> None:
        self._journal.append([("place", [[1, -1, inode], [2, -1, os.path.abspath(self.folder)]])])

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    # -- what an item looks like as a file: here its body is the content

    def _names(self, left: "List[str]") -> "Iterator[Tuple[str, Signature]]":
        return _folder.names(self.folder, self.suffix, left)

    def _body(self, name: str, data: bytes, seen: Signature) -> bytes:
        """The item that a file is."""
        return data

    def _write(self, path: str, body: bytes, mode: int) -> None:
        """The file that an item is; it has another name yet."""
        fd = self._files.open(path, fresh=True, mode=mode)
        try:
            self._files.write(fd, body, 0)
        finally:
            self._files.close(fd)

    def _torn(self, there: bytes, body: bytes) -> bool:
        """Whether a power cut can have left this of what we wrote."""
        return torn(there, body)

    def _placed(self, body: bytes, old: str, taken: "Set[str]") -> "Tuple[str, bytes]":
        """The name of the file for an item, and the item as it will be read from there."""
        return old or self._free_name(body, taken), body

    def _kind(self, body: bytes) -> str:
        return _folder.kind(body, self.types)

    def _counts(self, data: bytes, seen: Signature) -> bool:
        """Whether a file is an item; one without content is just being written."""
        return bool(data)

    def _now(self, name: str) -> Optional[bytes]:
        """The item that a file is now, None when it is gone."""
        seen = _folder.signature(self._path(name))
        data = None if seen is None else _folder.body(self._path(name), self.limits.max_obj_size)
        return None if data is None or seen is None else self._body(name, data, seen)

    def _free_name(self, data: bytes, taken: "Set[str]") -> str:
        wanted = _folder.stem(data)
        while True:
            name = (wanted or os.urandom(8).hex()) + self.suffix
            known = name in taken or name in self._redo.going or self._items.rows.by_text(to_bytes(name))
            if not known and not os.path.lexists(self._path(name)):
                taken.add(name)
                return name
            wanted = ""

    # -- writing

    def _lock(self) -> None:
        super()._lock()
        if self._redo.open:
            try:
                self._settle(sorted(self._redo.open))
            except (OSError, StoreError):
                pass            # told by the next refresh or checkpoint
            except BaseException:
                self._unlock()
                raise

    def _take(self, batch: Overlay) -> None:
        if batch.items:
            self._check_folder()
        if any(key in self._redo.rows for key in batch.items):
            # the record knows one old and one new digest: no other version may turn up after a power cut
            try:
                self._checkpoint()
            except OSError as e:
                raise failure(self.folder, e) from e
        self._journal.append(*self._record(batch))
        try:
            self._settle(sorted(self._redo.open))
            if len(self._redo.rows) > UNSYNCED:
                self._checkpoint()
            self._journal.compact()
        except (OSError, StoreError):
            pass                # the commit is done; the files are written later from the journal

    def _record_items(self, batch: Overlay, groups: "List[Group]", bodies: "List[bytes]") -> None:
        rows: "List[List[Any]]" = []
        redo: "List[List[Any]]" = []
        taken: "Set[str]" = set()
        boot = self._redo.boot
        for key, item in batch.items.items():
            row = self._items.rows.get(key)
            former, old = ("", "") if row is None else (self._items.name(key), row[1].hex())
            if item is None:
                if former:
                    rows.append([key])
                    redo.append([key, -1, former, "", old, boot, 0])
                continue
            name, body = self._placed(item.body, former, taken)
            if former and name != former:       # the old file goes under an id of its own
                batch.last_id += 1
                redo.append([batch.last_id, -1, former, "", old, boot, 0])
                old = ""
            digest = (item.digest if body is item.body else digest_of(body)).hex()
            rows.append([key, -1, item.type, item.revision, digest, name])
            redo.append([key, len(body), name, digest, old, boot, 0])
            bodies.append(body)
        groups += [("redo", redo), ("items", rows)]

    def _redo_body(self, key: int) -> Optional[bytes]:
        """What is to be in a file, None when it is to go. Hold the guard."""
        at, length, new, *_ = self._redo.rows.get(key) or (0, 0, b"")
        if not new:
            return None
        data = self._journal.read(at, length)
        if digest_of(data) != new:
            raise self._journal.damage(at)
        return data

    def _settle(self, keys: "Sequence[int]") -> None:
        """Bring files in line with the journal, except those that the user changed; these bring the journal in line."""
        marks: "List[List[Any]]" = []
        failed: Optional[OSError] = None
        for key in keys:
            if key not in self._redo.rows:
                continue
            try:
                edited = self._bring(key)
            except OSError as e:
                failed, e.filename = e, self._path(self._redo.name(key))      # not the one that we write beside it
            except ItemError:           # what the user put there is too large to be an item
                self._adopt(key, None)
            else:
                if edited is None:
                    marks.append([key, -1, self._redo.boot])
                else:
                    self._adopt(key, edited)
        if marks:
            self._journal.append([("marks", marks)], sync=False)
            self._redo.open.difference_update(mark[0] for mark in marks)
        if failed is not None:
            raise failed

    def _bring(self, key: int) -> Optional[bytes]:
        """Write or delete a file; else what the user wrote in its place."""
        path = self._path(self._redo.name(key))
        _, _, new, old, boot, _ = self._redo.rows.get(key) or ()
        with self._guard:
            ours = self._redo_body(key)
        before = _folder.signature(path)
        there = None if before is None else _folder.body(path, self.limits.max_obj_size)
        if there and before is not None:
            found = self._body(self._redo.name(key), there, before)
            digest = digest_of(found)
            if digest == new:
                return None
            cut = boot != self._redo.boot or not boot
            if digest != old and not (cut and ours is not None and self._torn(there, ours)):
                return found
        if ours is None:
            if _folder.signature(path) != before:
                return self._bring(key)     # changed this very moment
            if there is not None:
                self._files.unlink(path)
            return None
        beside = os.path.join(os.path.dirname(path), f"{self._beside}-{key}.tmp")
        self._write(beside, ours, 0o666 if before is None else os.lstat(path).st_mode & 0o777)
        if _folder.signature(path) != before:
            return self._bring(key)         # changed this very moment
        self._files.replace(beside, path)
        return None

    def _adopt(self, key: int, body: Optional[bytes]) -> None:
        """The user changed a file that we were to write or delete: his is the newest version, ours goes to the trash.

        With `body` None what he wrote is no item; the next refresh will pass over it.
        """
        groups: "List[Group]" = []
        bodies: "List[bytes]" = []
        last, revision, trashed = self._counters()
        with self._guard:
            ours = self._redo_body(key)
        if ours is not None:
            trashed += 1
            type = self._type_codes.names[(self._items.rows.get(key) or (0, 0, 0))[2]]
            groups.append(("trash", [[trashed, len(ours), "", str(key), type, "edited meanwhile"]]))
            bodies.append(ours)
        if body is not None:
            revision += 1
            type = self._kind(body)
            groups.append(("items", [[key, -1, type, revision, digest_of(body).hex(), self._redo.name(key)]]))
        groups += [("redo", [[key]]), ("meta", [[1, -1, last, revision, trashed]])]
        self._journal.append(groups, bodies)

    def _checkpoint(self) -> None:
        self._settle(sorted(self._redo.open))
        if not len(self._redo.rows):
            return
        paths = [
            self._path(self._redo.name(key)) for key in self._redo.rows.keys()
            if (self._redo.rows.get(key) or (0, 0, b""))[2]
        ]
        folders = {os.path.dirname(self._path(self._redo.name(key))) for key in self._redo.rows.keys()}
        self._files.sync_all(paths, sorted(folders))
        self._journal.append([("redo", None)])


def torn(there: bytes, ours: bytes) -> bool:
    """Whether a power cut can have made this of our body: cut short, or zeros where it was not yet written.

    :param there: what is in the file
    :param ours: what was written
    :returns: True when it can
    """
    return len(there) <= len(ours) and all(one in (0, other) for one, other in zip(there, ours))
