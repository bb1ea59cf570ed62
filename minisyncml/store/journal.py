"""An append-only log of rows in named tables, with bodies raw beside them. One append and one fsync is one commit.

What the rows mean is not known here: a :class:`.table.Table` for each name keeps in memory what it wants of them.

What the file looks like stands in records.py.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple

from minisyncml.errors import StoreBusy, StoreError
from minisyncml.limits import DEFAULT
from minisyncml.store.files import FILES, Files, failure
from minisyncml.store.records import (
    BEFORE,
    HEADER,
    NAME,
    VERSION,
    WINDOW,
    Damaged,
    Group,
    Window,
    check,
    damaged,
    header,
    record,
    salt_of,
)
from minisyncml.store.table import Table

_SLACK = 262_144        # bytes of garbage that are never worth a compaction
_ROW = 100              # bytes that a row takes in the file, about


class Journal:
    """One file of records. Reading needs no lock; everything that writes stands between `lock` and `unlock`.

    :param path: the file; it is created, with the folders above it
    :param table: makes the :class:`Table` for a name when that is first seen
    :param files: what writes
    :param timeout: seconds to wait for the lock
    :raises StoreError: when it cannot be read, is damaged, or of a newer version
    """

    def __init__(
        self, path: str, table: "Callable[[str], Table]", files: Files = FILES, timeout: float = DEFAULT.lock_wait
    ) -> None:
        self.path = path
        self.files = files
        self.timeout = timeout
        self.tables: "Dict[str, Table]" = {}
        self.guard = allocate_lock()        # held while tables or the descriptor change, and by those who read them
        self._make = table
        self._mutex = allocate_lock()
        self._fd = -1
        self._salt = 0
        self._end = 0                       # behind the last whole record
        self._synced = 0                    # so much is surely on the disk
        self._packed = 0                    # size after the last compaction
        try:
            self._open()
        except OSError as e:
            raise failure(path, e) from e

    # -- reading

    def table(self, name: str) -> Table:
        """A table; made when it is new.

        :param name: its name
        :returns: the table
        """
        table = self.tables.get(name)
        if table is None:
            table = self.tables[name] = self._make(name)
        return table

    def read(self, at: int, length: int) -> bytes:
        """A body. Hold `guard` since the place was looked up.

        :param at: where it is
        :param length: in bytes
        :returns: the bytes
        :raises StoreError: when the file is shorter
        """
        try:
            data = os.pread(self._fd, length, at)
        except OSError as e:
            raise failure(self.path, e) from e
        if len(data) != length:
            raise self.damage(at)
        return data

    def damage(self, at: int) -> StoreError:
        """The error for bytes that are not what was written.

        :param at: where, in bytes
        :returns: the error to raise
        """
        return StoreError(f"{self.path} is damaged at byte {at}; restore it from a backup or remove it")

    def state(self) -> "Tuple[int, int]":
        """What differs when anything was written.

        :returns: two numbers
        """
        return self._salt, self._end

    def catch_up(self) -> None:
        """Read what other processes appended since. Nothing is to be read while somebody here is writing: he did that
        when he took the lock.

        :raises StoreError: when it cannot be read
        """
        if not self._mutex.acquire(blocking=False):
            return
        try:
            with self.guard:
                self._catch_up()
        except OSError as e:
            raise failure(self.path, e) from e
        finally:
            self._mutex.release()

    # -- writing

    def lock(self) -> None:
        """Wait for the lock, then read what others appended.

        :raises StoreBusy: when it is not to be had in time
        """
        if not self._mutex.acquire(timeout=self.timeout):
            raise StoreBusy(f"{self.path} is in use by another session; sync again when it is over")
        try:
            while True:
                self._flock()
                with self.guard:
                    if self._catch_up():
                        break               # else it was replaced meanwhile: the new file is to be locked
            self._mend()
        except BaseException as e:
            self.unlock()
            if isinstance(e, OSError):
                raise failure(self.path, e) from e
            raise

    def unlock(self) -> None:
        """Let others write."""
        if self._fd >= 0:
            _flock(self._fd, False)
        self._mutex.release()

    def append(self, groups: "Sequence[Group]", bodies: "Sequence[bytes]" = (), sync: bool = True) -> None:
        """Write one record and carry it out on the tables.

        :param groups: what changes
        :param bodies: those of the rows that have one, in the same order
        :param sync: durable on return; else only once a later one is
        :raises StoreError: nothing was changed then
        """
        try:
            text, size = self._write(self._fd, self._end, groups, bodies)
            if sync:
                self.files.sync(self._fd)
        except OSError as e:
            self._take_back()
            raise failure(self.path, e) from e
        at = self._end + BEFORE + text
        self._end += size
        if sync:
            self._synced = self._end
        with self.guard:
            self._apply(groups, at)

    def compact(self, force: bool = False) -> None:
        """Write the file anew, without what is no longer needed, when there is enough of that.

        :param force: in any case
        :raises StoreError: the old file is still good then
        """
        live = 0
        for table in self.tables.values():
            count, size = table.weight()
            live += count * _ROW + size
        if not force and self._end < 2 * max(live, self._packed) + _SLACK:
            return
        try:
            fd = self._pack(self.path + ".new")
            self.files.replace(self.path + ".new", self.path)
        except OSError as e:
            if force:
                raise failure(self.path, e) from e
            self._packed = self._end        # try again when it has doubled
            return
        with self.guard:
            self._turn_to(fd)
        self._synced = self._packed = self._end
        try:
            self.files.sync_folder(os.path.dirname(self.path))
        except OSError as e:
            raise failure(self.path, e) from e

    def close(self) -> None:
        """Release the file."""
        with self.guard:
            if self._fd >= 0:
                self.files.close(self._fd)
                self._fd = -1

    # -- inside

    def _open(self) -> None:
        self.files.make_folder(os.path.dirname(os.path.abspath(self.path)), 0o700)
        self._fd = self.files.open(self.path)
        self._load()

    def _turn_to(self, fd: int) -> None:
        self.files.close(self._fd)          # gives up its lock, too
        self._fd = fd
        self._load()

    def _load(self) -> None:
        for table in self.tables.values():
            table.clear()
        self._end = self._synced = self._packed = 0
        head = os.pread(self._fd, HEADER, 0)
        version = head[len(NAME):].split(b" ")[0]
        if head.startswith(NAME) and version.isdigit() and int(version) > VERSION:
            raise StoreError(f"{self.path} was written by a newer version of minisyncml")
        if head == header(salt_of(head)):
            self._salt = salt_of(head)
            self._end = HEADER
            self._replay()
        elif os.fstat(self._fd).st_size > HEADER or not (b"\0" in head or NAME.startswith(head[:len(NAME)])):
            raise StoreError(f"{self.path} is no journal of minisyncml")
        # else it is new, or the power went before its first line was durable: lock() writes it

    def _mend(self) -> None:
        """With the lock held: nothing behind the last whole record, and all of it durable once."""
        if self._end == 0:
            self._salt = int.from_bytes(os.urandom(8), "big")
            self.files.truncate(self._fd, 0)
            self.files.write(self._fd, header(self._salt), 0)
            self.files.sync(self._fd)
            self.files.sync_folder(os.path.dirname(self.path))
            self._end = self._synced = HEADER
        elif os.fstat(self._fd).st_size > self._end:
            with self.guard:
                self._load()                # what another process wrote and took back may have led us astray
            if os.fstat(self._fd).st_size > self._end:
                self.files.truncate(self._fd, self._end)
            self._synced = 0
        if not self._synced:
            self.files.sync(self._fd)
            self._synced = self._end

    def _catch_up(self) -> bool:
        """False: the file was replaced, and the new one read."""
        there = os.stat(self.path)
        here = os.fstat(self._fd)
        if (there.st_ino, there.st_dev) != (here.st_ino, here.st_dev):
            self._turn_to(self.files.open(self.path))
            return False
        if here.st_size < self._end or (self._end == 0 and here.st_size):
            self._load()
        elif here.st_size > self._end:
            self._replay()
        return True

    def _flock(self) -> None:
        import time

        deadline = time.monotonic() + self.timeout
        pause = 0.001
        while not _flock(self._fd, True):
            if time.monotonic() > deadline:
                raise StoreBusy(f"{self.path} is in use by another process, such as a minisyncml server or a sync by "
                                "timer; sync again when it is done")
            time.sleep(pause)
            pause = min(2 * pause, 0.05)

    def _replay(self) -> None:
        """Read records from `_end` on."""
        import json

        window = Window(self._fd)
        while True:
            try:
                size, text = check(window, self._end, self._salt)
            except Damaged:
                break
            at = self._end + BEFORE
            self._apply(json.loads(window.take(at, text)), at + text)
            self._end += size
        if os.fstat(self._fd).st_size > self._end and damaged(window, self._end, self._salt):
            raise self.damage(self._end)

    def _apply(self, groups: "Sequence[Group]", at: int) -> None:
        for name, rows in groups:
            table = self.table(name)
            if rows is None:
                table.clear()
                continue
            table.touch()
            for row in rows:
                if len(row) == 1:
                    table.drop(row[0])
                    continue
                table.set(row[0], at, *row[1:])
                if row[1] > 0:
                    at += row[1]

    def _write(self, fd: int, at: int, groups: "Sequence[Group]", bodies: "Sequence[bytes]") -> "Tuple[int, int]":
        """Write a record; size of its text, and of all of it."""
        synced = self._synced if fd == self._fd else at
        pieces, text, size = record(groups, bodies, at, synced, self._salt)
        for piece in pieces:
            self.files.write(fd, piece, at)
            at += len(piece)
        return text, size

    def _take_back(self) -> None:
        try:
            self.files.truncate(self._fd, self._end)
        except OSError:
            pass                            # lock() cuts it
        self._synced = 0

    def _pack(self, path: str) -> int:
        """Write all rows to a new file, durably; it is open and locked then."""
        fd = self.files.open(path, fresh=True)
        old, self._salt = self._salt, int.from_bytes(os.urandom(8), "big")
        try:
            _flock(fd, True)
            self.files.write(fd, header(self._salt), 0)
            at = HEADER
            for groups, bodies in self._chunks():
                at += self._write(fd, at, groups, bodies)[1]
            self._write(fd, at, [], [])     # its frame says that all before it is on the disk
            self.files.sync(fd)
        except BaseException:
            self.files.close(fd)
            self.files.unlink(path)
            raise
        finally:
            self._salt = old
        return fd

    def _chunks(self) -> "Iterator[Tuple[List[Group], List[bytes]]]":
        for name, table in list(self.tables.items()):
            rows: "List[List[Any]]" = []
            bodies: "List[bytes]" = []
            size = 0
            for row, at in table.dump():
                rows.append(row)
                if row[1] >= 0:
                    bodies.append(self.read(at, row[1]))
                size += _ROW + max(row[1], 0)
                if size > WINDOW:
                    yield [(name, rows)], bodies
                    rows, bodies, size = [], [], 0
            if rows or table.lasting():
                yield [(name, rows)], bodies


def _flock(fd: int, on: bool) -> bool:
    """False: somebody else has it. Where the system has no flock, only this process is kept in order."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(fd, (fcntl.LOCK_EX | fcntl.LOCK_NB) if on else fcntl.LOCK_UN)
    except BlockingIOError:
        return False
    return True
