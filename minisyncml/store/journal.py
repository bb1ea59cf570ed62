"""An append-only log of rows in named tables, with bodies raw beside them. One append and one fsync is one commit.

What the rows mean is not known here: a :class:`Table` for each name keeps in memory what it wants of them.

The file: one line with name, format version and a random salt; then records. A record is a frame (magic, length of
the payload, how far the file was known to be synced when it was written, CRC of the payload, CRC of all that with
offset and salt) and the payload: length of a JSON text, the text, bodies. The text is a list of groups `[table, rows]`
in the order in which they apply; rows None empties the table; a row is `[number]` (gone) or `[number, length of its
body or -1, fields...]`.

A power cut may lose, tear or reorder what was not synced. A record that is not whole is cut off, with all behind it,
when no record behind it claims that it was synced; else the file is damaged, and that is an error, never a loss.
"""

from __future__ import annotations

import os
import zlib
from _thread import allocate_lock
from struct import Struct
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from minisyncml.errors import StoreBusy, StoreError
from minisyncml.limits import DEFAULT
from minisyncml.store.files import FILES, Files, failure

VERSION = 1
_NAME = b"minisyncml journal "
_HEADER = len(_NAME) + 2 + 16 + 1       # name, version, salt, newline
_MAGIC = b"\xabRec"
_FRAME = Struct("<4sIQII")
_COUNT = Struct("<I")
_WINDOW = 65_536        # bytes read or written at once, and of rows in one record of a new file, about
_SLICE = 64             # rows made into text at once: the encoder of json makes an object of every comma
_SLACK = 262_144        # bytes of garbage that are never worth a compaction
_ROW = 100              # bytes that a row takes in the file, about

Group = Tuple[str, Optional[Sequence[Sequence[Any]]]]


class Table:
    """What is kept in memory of one table."""

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """A row is there now.

        :param key: its number
        :param at: where its body is in the file
        :param length: of its body in bytes; -1: it has none; the fields of the row follow
        """
        raise NotImplementedError

    def drop(self, key: int) -> None:
        """A row is gone.

        :param key: its number
        """
        raise NotImplementedError

    def clear(self) -> None:
        """All rows are gone."""
        raise NotImplementedError

    def touch(self) -> None:
        """It was named in a record, perhaps without rows."""

    def lasting(self) -> bool:
        """Whether it is to be remembered when it has no rows.

        :returns: no, unless the table knows better
        """
        return False

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All rows, to be written anew.

        :returns: each as the list `[number, length, fields...]`, and where its body is
        """
        raise NotImplementedError

    def weight(self) -> "Tuple[int, int]":
        """How much of the file is still needed.

        :returns: count of rows, bytes of bodies and long texts
        """
        raise NotImplementedError


class _Damaged(Exception):
    """No whole record here."""


class _Window:
    """Reads a file front to back with few calls."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.start = 0
        self.data = b""

    def take(self, at: int, count: int) -> bytes:
        """So many bytes from there; fewer at the end of the file."""
        here = at - self.start
        if here < 0 or here + count > len(self.data):
            self.data = os.pread(self.fd, max(count, _WINDOW), at)
            self.start, here = at, 0
        return self.data[here:here + count]

    def crc(self, at: int, count: int, crc: int) -> int:
        """The CRC of so many bytes, in pieces."""
        while count > 0:
            data = self.take(at, min(count, _WINDOW))
            if not data:
                raise _Damaged
            crc = zlib.crc32(data, crc)
            at += len(data)
            count -= len(data)
        return crc


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
        at = self._end + _FRAME.size + _COUNT.size + text
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
        head = os.pread(self._fd, _HEADER, 0)
        version = head[len(_NAME):].split(b" ")[0]
        if head.startswith(_NAME) and version.isdigit() and int(version) > VERSION:
            raise StoreError(f"{self.path} was written by a newer version of minisyncml")
        if head == self._header(_salt(head)):
            self._salt = _salt(head)
            self._end = _HEADER
            self._replay()
        elif os.fstat(self._fd).st_size > _HEADER or not (b"\0" in head or _NAME.startswith(head[:len(_NAME)])):
            raise StoreError(f"{self.path} is no journal of minisyncml")
        # else it is new, or the power went before its first line was durable: lock() writes it

    def _mend(self) -> None:
        """With the lock held: nothing behind the last whole record, and all of it durable once."""
        if self._end == 0:
            self._salt = int.from_bytes(os.urandom(8), "big")
            self.files.truncate(self._fd, 0)
            self.files.write(self._fd, self._header(self._salt), 0)
            self.files.sync(self._fd)
            self.files.sync_folder(os.path.dirname(self.path))
            self._end = self._synced = _HEADER
        elif os.fstat(self._fd).st_size > self._end:
            with self.guard:
                self._load()                # what another process wrote and took back may have led us astray
            if os.fstat(self._fd).st_size > self._end:
                self.files.truncate(self._fd, self._end)
            self._synced = 0
        if not self._synced:
            self.files.sync(self._fd)
            self._synced = self._end

    @staticmethod
    def _header(salt: int) -> bytes:
        return b"%s%d %016x\n" % (_NAME, VERSION, salt)

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

        window = _Window(self._fd)
        while True:
            try:
                size, text = self._check(window, self._end)
            except _Damaged:
                break
            at = self._end + _FRAME.size + _COUNT.size
            self._apply(json.loads(window.take(at, text)), at + text)
            self._end += size
        if os.fstat(self._fd).st_size > self._end:
            self._judge(window)

    def _check(self, window: _Window, at: int) -> "Tuple[int, int]":
        """Size of the record there, and of its text."""
        length, _, check = self._frame(window.take(at, _FRAME.size), at)
        at += _FRAME.size
        if length < _COUNT.size or window.crc(at, length, self._salt & 0xFFFFFFFF) != check:
            raise _Damaged
        text = int(_COUNT.unpack(window.take(at, _COUNT.size))[0])
        if text > length - _COUNT.size:
            raise _Damaged
        return _FRAME.size + length, text

    def _frame(self, frame: bytes, at: int) -> "Tuple[int, int, int]":
        """Length, how far it was synced, CRC of the payload."""
        if len(frame) < _FRAME.size or frame[:4] != _MAGIC:
            raise _Damaged
        _, length, synced, check, own = _FRAME.unpack(frame)
        if own != self._own(frame, at):
            raise _Damaged
        return length, synced, check

    def _own(self, frame: bytes, at: int) -> int:
        return zlib.crc32(b"%d %d" % (self._salt, at), zlib.crc32(frame[:-4]))

    def _judge(self, window: _Window) -> None:
        """The record at `_end` is not whole: is that the end, or damage?"""
        at = self._end + 1
        while True:
            data = window.take(at, _WINDOW)
            found = data.find(_MAGIC)
            if found < 0:
                if len(data) < _WINDOW:
                    return
                at += len(data) - len(_MAGIC) + 1
                continue
            at += found
            try:
                _, synced, _ = self._frame(window.take(at, _FRAME.size), at)
            except _Damaged:
                synced = 0
            if synced > self._end:
                raise self.damage(self._end)
            at += 1

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
        import json

        parts = _text(json.JSONEncoder(separators=(",", ":")).encode, groups)
        text = sum(map(len, parts))
        parts = [_COUNT.pack(text), *parts, *bodies]
        check, length = self._salt & 0xFFFFFFFF, 0
        for part in parts:
            check = zlib.crc32(part, check)
            length += len(part)
        synced = self._synced if fd == self._fd else at
        frame = _FRAME.pack(_MAGIC, length, synced, check, 0)
        parts.insert(0, frame[:-4] + _COUNT.pack(self._own(frame, at)))
        for piece in _pieces(parts):
            self.files.write(fd, piece, at)
            at += len(piece)
        return text, _FRAME.size + length

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
            self.files.write(fd, self._header(self._salt), 0)
            at = _HEADER
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
                if size > _WINDOW:
                    yield [(name, rows)], bodies
                    rows, bodies, size = [], [], 0
            if rows or table.lasting():
                yield [(name, rows)], bodies


def _text(encode: "Callable[[Any], str]", groups: "Sequence[Group]") -> "List[bytes]":
    """The groups as JSON, in pieces of a few rows each."""
    parts = [b"["]
    for name, rows in groups:
        parts.append((",[" if len(parts) > 1 else "[").encode() + encode(name).encode() + b",")
        if rows is None:
            parts.append(b"null]")
            continue
        for at in range(0, len(rows), _SLICE):
            parts += [b"," if at else b"[", encode(rows[at:at + _SLICE])[1:-1].encode()]
        parts.append(b"]]" if rows else b"[]]")
    parts.append(b"]")
    return parts


def _pieces(parts: "List[bytes]") -> Iterator[bytes]:
    """Small parts together, large ones alone: few writes, and no second copy of a large body."""
    held: "List[bytes]" = []
    size = 0
    for part in parts:
        if held and size + len(part) > _WINDOW:
            yield b"".join(held)
            held, size = [], 0
        held.append(part)
        size += len(part)
    yield held[0] if len(held) == 1 else b"".join(held)


def _salt(head: bytes) -> int:
    try:
        return int(head[-17:], 16)
    except ValueError:
        return 0


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
