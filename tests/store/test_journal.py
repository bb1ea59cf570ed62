"""The log itself: damage, versions, several processes, a full disk; and that garbage is bounded."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
from helpers import ROOT

from minisyncml.errors import StoreBusy, StoreError
from minisyncml.store.base import Entry
from minisyncml.store.files import Files
from minisyncml.store.journal import Journal
from minisyncml.store.table import Table
from minisyncml.store.tiny import TinyStore

PUT = "text/plain"


class Plain(Table):
    """A table as a dict."""

    def __init__(self) -> None:
        self.rows: "dict[int, tuple[int, int, tuple[Any, ...]]]" = {}

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        self.rows[key] = (at, length, fields)

    def drop(self, key: int) -> None:
        self.rows.pop(key, None)

    def clear(self) -> None:
        self.rows.clear()

    def dump(self) -> "Iterator[tuple[list[Any], int]]":
        for key, (at, length, fields) in list(self.rows.items()):
            yield [key, length, *fields], at

    def weight(self) -> "tuple[int, int]":
        return len(self.rows), sum(max(length, 0) for _, length, _ in self.rows.values())


def rows(journal: Journal, name: str) -> "dict[int, Any]":
    table = journal.table(name)
    assert isinstance(table, Plain)
    return {key: (fields, journal.read(at, length) if length >= 0 else None)
            for key, (at, length, fields) in table.rows.items()}


def fill(store: TinyStore, count: int) -> None:
    for n in range(count):
        with store.begin() as batch:
            batch.put(None, PUT, b"body %d" % n)
            batch.commit()


def test_documents_and_bodies(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "er" / "j")
    journal = Journal(path, lambda name: Plain())
    journal.lock()
    journal.append([("a", [[1, 3, {"x": [1, "ü", None]}], [2, -1, "no body"], [7, 0]]), ("b/c", [[1, 2]])],
                   [b"\x00\xff\n", b"", b"bc"])
    journal.append([("a", [[2], [1, 1, 5]]), ("b/c", None), ("b/c", [[9, -1]])], [b"!"])
    journal.unlock()
    expected = ({1: ((5,), b"!"), 7: ((), b"")}, {9: ((), None)})
    assert (rows(journal, "a"), rows(journal, "b/c")) == expected
    journal.close()
    journal = Journal(path, lambda name: Plain())
    assert (rows(journal, "a"), rows(journal, "b/c")) == expected
    journal.lock()
    journal.compact(force=True)
    assert (rows(journal, "a"), rows(journal, "b/c")) == expected
    journal.unlock()
    journal.close()
    assert oct(os.stat(path).st_mode & 0o777) == "0o600"


@pytest.mark.parametrize("at", [5, 25, 45, 60, 64, 70, 100, 180, 260])
def test_damage_in_the_middle_is_an_error(tmp_path: Path, at: int) -> None:
    path = tmp_path / "x"
    store = TinyStore(str(path))
    fill(store, 5)
    store.close()
    data = bytearray(path.read_bytes())
    assert at < len(data) - 120
    data[at] ^= 0x41
    path.write_bytes(data)
    with pytest.raises(StoreError) as caught:
        TinyStore(str(path))
    assert str(path) in str(caught.value)
    assert "byte" in str(caught.value) or at < 38
    assert path.read_bytes() == data, "nothing is cut off"


def test_damage_after_a_compaction_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x"
    store = TinyStore(str(path))
    fill(store, 5)
    store._journal.lock()
    store._journal.compact(force=True)
    store._journal.unlock()
    store.close()
    data = path.read_bytes()
    for at in range(40, data.index(b"body 4"), 7):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        with pytest.raises(StoreError, match="damaged at byte"):
            TinyStore(str(path))


def test_damage_while_open_is_seen_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    store = TinyStore(str(path))
    fill(store, 3)
    data = path.read_bytes()
    at = data.index(b"body 1")
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(b"BODY")
    with pytest.raises(StoreError, match=f"damaged at byte {at}"):
        store.get("2")
    assert store.get("1") is not None
    store.close()


def test_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for version in (b"2", b"10"):
        path.write_bytes(b"minisyncml journal %s 0123456789abcdef\nwhatever" % version)
        with pytest.raises(StoreError, match="newer version of minisyncml"):
            TinyStore(str(path))


@pytest.mark.parametrize("data", [b'{"_default": {}}', b"x" * 100, b"minisyncml journalist" * 5, b"SQLite 3\0" * 9])
def test_other_files_are_left_alone(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(StoreError, match="no journal"):
        TinyStore(str(path))
    assert path.read_bytes() == data


def test_no_rights_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "file" / "x", tmp_path / ("n" * 300)):
        with pytest.raises(StoreError) as caught:
            TinyStore(str(path))
        assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)


class Full(Files):
    """A disk with so many bytes left."""

    left = 10**9
    broken = False

    def write(self, fd: int, data: bytes, at: int) -> None:
        if len(data) > self.left:
            super().write(fd, data[:self.left], at)
            self.left = 0
            raise OSError(errno.ENOSPC, "No space left on device")
        self.left -= len(data)
        super().write(fd, data, at)

    def sync(self, fd: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        super().sync(fd)


@pytest.mark.parametrize("left", [0, 1, 19, 20, 30, 150])
def test_full_disk(tmp_path: Path, left: int) -> None:
    files = Full()
    store = TinyStore(str(tmp_path / "x"), files=files)
    other = TinyStore(str(tmp_path / "x"))
    fill(store, 2)
    size = os.path.getsize(tmp_path / "x")
    files.left = left
    with store.begin() as batch:
        batch.put(None, PUT, b"y" * 500)
        with pytest.raises(StoreError, match="disk is full"):
            batch.commit()
    assert (len(store), store.revision, os.path.getsize(tmp_path / "x")) == (2, 2, size)
    fill(other, 1)
    files.left = 10**9
    fill(store, 1)
    store.close()
    other.refresh()
    assert [row.id for row in other.rows()] == ["1", "2", "3", "4"]
    other.close()


def test_failing_sync(tmp_path: Path) -> None:
    files = Full()
    store = TinyStore(str(tmp_path / "x"), files=files)
    fill(store, 1)
    files.broken = True
    with store.begin() as batch:
        batch.put(None, PUT, b"y")
        with pytest.raises(StoreError, match="input/output error"):
            batch.commit()
    files.broken = False
    fill(store, 1)
    store.close()
    assert [row.id for row in TinyStore(str(tmp_path / "x")).rows()] == ["1", "2"]


def test_full_disk_at_a_compaction_loses_nothing(tmp_path: Path) -> None:
    files = Full()
    store = TinyStore(str(tmp_path / "x"), files=files)
    for n in range(30):
        if n == 2:
            files.left = 1_200_000
        with store.begin() as batch:
            batch.put("1" if n else None, PUT, b"%d" % n * 20_000)
            batch.commit()
    store._journal.lock()
    files.left = 10
    with pytest.raises(StoreError, match="disk is full"):
        store._journal.compact(force=True)
    store._journal.unlock()
    assert sorted(os.listdir(tmp_path)) == ["x"]
    store.close()
    item = TinyStore(str(tmp_path / "x")).get("1")
    assert item is not None and item.body == b"29" * 20_000


def test_garbage_is_bounded(tmp_path: Path) -> None:
    store = TinyStore(str(tmp_path / "x"))
    fill(store, 50)
    most = 0
    for n in range(400):
        with store.begin() as batch:
            batch.put(str(n % 50 + 1), PUT, b"z" * 5000)
            batch.set_entry("p", Entry(str(n % 50 + 1), "r" * 300, n))
            batch.commit()
        most = max(most, os.path.getsize(tmp_path / "x"))
    live = 50 * (5000 + 300 + 200)
    assert most < 2 * live + 2 * 262_144
    assert len(store) == 50
    store.close()


def test_deleted_journal_is_noticed(tmp_path: Path) -> None:
    store = TinyStore(str(tmp_path / "x"))
    fill(store, 1)
    os.unlink(tmp_path / "x")
    with pytest.raises(StoreError):
        store.begin()
    store.close()


CHILD = """
import os, signal, sys
sys.path.insert(0, {root!r})
from minisyncml.store.{module} import {name}
from minisyncml.store.base import Entry
from minisyncml.store.files import Files

class Deadly(Files):
    left = {left}
    def hit(self):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

def deadly(name):
    def method(self, *args, **kwargs):
        self.hit()
        return getattr(Files, name)(self, *args, **kwargs)
    return method

for name in ("open", "write", "sync", "replace", "unlink", "sync_folder", "sync_all"):
    setattr(Deadly, name, deadly(name))
store = {make}
store.refresh()
for n in range({rounds}):
    with store.begin({who!r}) as batch:
        row = batch.put(None, "text/plain", ({who!r} + " %d" % n).encode())
        batch.set_entry({who!r}, Entry(row.id, "r%d" % n, row.revision))
        if n % 3 == 2:
            old = batch.by_remote({who!r}, "r%d" % (n - 1))
            batch.remove(old.id)
            batch.drop_entry({who!r}, old.id)
        batch.commit()
    os.write(1, b"%d\\n" % n)
    if n % 4 == 3:
        store.checkpoint()
        store._journal.lock()
        store._journal.compact(True)
        store._journal.unlock()
os.write(1, b"end\\n")
store.close()
"""
MAKE = {
    "tiny": ("TinyStore", "TinyStore({path!r}, files=Deadly())"),
    "vdir": ("VdirStore", "VdirStore({path!r} + '.items', {path!r}, suffix='', files=Deadly())"),
}


def child(kind: str, path: Path, who: str, rounds: int, left: int = 0) -> "subprocess.Popen[str]":
    name, make = MAKE[kind]
    program = CHILD.format(root=str(ROOT), module=kind, name=name, make=make.format(path=str(path)), who=who,
                           rounds=rounds, left=left)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def reopen(kind: str, path: Path) -> Any:
    name, make = MAKE[kind]
    from minisyncml.store.vdir import VdirStore
    return eval(make.format(path=str(path)), {"TinyStore": TinyStore, "VdirStore": VdirStore, "Deadly": Files})


def bodies(count: int, who: str) -> "set[bytes]":
    return {b"%s %d" % (who.encode(), n) for n in range(count)
            if not (n % 3 == 1 and n + 1 < count)}


@pytest.mark.parametrize("kind", sorted(MAKE))
def test_two_processes(tmp_path: Path, kind: str) -> None:
    processes = [child(kind, tmp_path / "x", who, 24) for who in ("a", "b")]
    for process in processes:
        assert process.communicate(timeout=60)[0].endswith("end\n")
        assert process.returncode == 0
    store = reopen(kind, tmp_path / "x")
    store.refresh()
    found = {store.get(row.id).body for row in store.rows()}
    assert found == bodies(24, "a") | bodies(24, "b")
    assert len(list(store.entries("a"))) == len(list(store.entries("b"))) == len(bodies(24, "a"))
    assert len(store) == 2 * len(bodies(24, "a"))
    store.close()


@pytest.mark.parametrize("kind", sorted(MAKE))
@pytest.mark.parametrize("left", [1, 3, 6, 7, 8, 9, 10, 11, 12, 13, 16, 18, 21, 23, 26, 28, 31, 33])
def test_kill(tmp_path: Path, kind: str, left: int) -> None:
    process = child(kind, tmp_path / "x", "k", 8, left)
    said = process.communicate(timeout=60)[0].split()
    acknowledged = len([one for one in said if one != "end"])
    store = reopen(kind, tmp_path / "x")
    store.refresh()
    found = {store.get(row.id).body for row in store.rows()}
    entries = {entry.id for entry in store.entries("k")}
    assert found in (bodies(acknowledged, "k"), bodies(acknowledged + 1, "k"))
    assert entries == {row.id for row in store.rows()}
    with store.begin() as batch:
        batch.put(None, PUT, b"after")
        batch.commit()
    store.close()
    store = reopen(kind, tmp_path / "x")
    store.refresh()
    assert len(store) == len(found) + 1
    store.close()
    if kind == "vdir":
        assert not [name for name in os.listdir(str(tmp_path / "x") + ".items") if name.startswith(".")]


def test_another_process_has_it(tmp_path: Path) -> None:
    one, two = TinyStore(str(tmp_path / "x")), TinyStore(str(tmp_path / "x"))
    two._journal.timeout = 0.01
    with one.begin():
        with pytest.raises(StoreBusy, match="another process"):
            two.begin()
    two.begin().commit()
    one.close()
    two.close()


class Watched(Files):
    """A disk whose sync fails once, while somebody else is reading."""

    watcher: "TinyStore | None" = None

    def sync(self, fd: int) -> None:
        if self.watcher is not None:
            self.watcher.refresh()
            self.watcher = None
            raise OSError(errno.EIO, "Input/output error")
        super().sync(fd)


def test_a_record_that_was_taken_back_leads_nobody_astray(tmp_path: Path) -> None:
    files = Watched()
    one, two = TinyStore(str(tmp_path / "x"), files=files), TinyStore(str(tmp_path / "x"))
    fill(one, 1)
    files.watcher = two
    with one.begin() as batch:
        batch.put(None, PUT, b"never acknowledged")
        with pytest.raises(StoreError):
            batch.commit()
    assert len(two) == 2, "it was seen"
    with one.begin() as batch:
        batch.put(None, PUT, b"acknowledged, and longer than what was taken back")
        batch.commit()
    fill(two, 1)
    assert [getattr(two.get(row.id), "body", b"")[:4] for row in two.rows()] == [b"body", b"ackn", b"body"]
    one.close()
    two.close()
    again = TinyStore(str(tmp_path / "x"))
    assert len(again) == 3
    again.close()
