"""Stores beside their peers: adds, edits, reopen at 100 and 10,000 items; scans; memory.

    python benchmarks/bench_store.py [--runs 5] [--large 10000]

Every case runs in a process of its own, the runs of all cases interleaved; the table shows medians. The contents are
checked in each run. "bare" is an append-only file of JSON and bodies with one fsync for each commit and nothing else:
what the disk costs (sqlite3 syncs in C, where nobody counts). Commits hold 100 items for adds (a message), one for
edits. Times are wall clock where the disk is waited for, CPU for opening and scans. Opening vdir includes the first
look at the files, which reads all that were written within two seconds of it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

BATCH = 100
EDITS = 200
PEER = "IMEI:1/contacts"
TYPES = (("text/x-vcard", "2.1"), ("text/vcard", "3.0"))


def body(n: int, edition: int = 0) -> bytes:
    """A vCard of 300 bytes."""
    text = f"BEGIN:VCARD\r\nVERSION:2.1\r\nUID:bench-{n:07}\r\nN:Family{n};Given{edition}\r\nTEL;CELL:+49170{n:07}\r\n"
    return (text + "NOTE:" + "x" * (300 - len(text) - 18) + "\r\nEND:VCARD\r\n").encode()


class Bare:
    """An append-only file and a list of offsets."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, "bare")
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT)
        self.index: "dict[int, tuple[int, int]]" = {}
        at = 0
        with open(self.path, "rb") as file:
            for line in file:
                at += len(line)
                for key, length in json.loads(line):
                    self.index[key] = (at, length)
                    at += length
                file.seek(at)
        self.end = at

    def commit(self, items: "dict[int, bytes]") -> None:
        head = json.dumps([[key, len(data)] for key, data in items.items()]).encode() + b"\n"
        record = head + b"".join(items.values())
        os.pwrite(self.fd, record, self.end)
        os.fsync(self.fd)
        at = self.end + len(head)
        for key, data in items.items():
            self.index[key] = (at, len(data))
            at += len(data)
        self.end += len(record)

    def bodies(self) -> "Iterator[bytes]":
        for at, length in self.index.values():
            yield os.pread(self.fd, length, at)

    def close(self) -> None:
        os.close(self.fd)


class BareFiles(Bare):
    """The same, and a file for each item, written beside and renamed."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = os.path.join(folder, "files")
        os.makedirs(self.folder, exist_ok=True)

    def commit(self, items: "dict[int, bytes]") -> None:
        super().commit(items)
        for key, data in items.items():
            beside = os.path.join(self.folder, ".new")
            with open(beside, "wb", buffering=0) as file:
                file.write(data)
            os.replace(beside, os.path.join(self.folder, f"bench-{key:07}.vcf"))


class Sqlite:
    """sqlite3 with its defaults."""

    def __init__(self, folder: str) -> None:
        import sqlite3
        self.db = sqlite3.connect(os.path.join(folder, "sqlite"))
        self.db.execute("create table if not exists items (id integer primary key, body blob)")

    def commit(self, items: "dict[int, bytes]") -> None:
        with self.db:
            self.db.executemany("insert or replace into items values (?, ?)", items.items())

    def bodies(self) -> "Iterator[bytes]":
        for row in self.db.execute("select body from items order by id"):
            yield row[0]

    def close(self) -> None:
        self.db.close()


class PlainTiny:
    """TinyDB with its JSONStorage, which syncs at each write."""

    def __init__(self, folder: str) -> None:
        from tinydb import TinyDB
        self.path = os.path.join(folder, "tiny.json")
        self.db = TinyDB(self.path)

    def commit(self, items: "dict[int, bytes]") -> None:
        from tinydb.table import Document
        known = len(self.db)
        if min(items) > known:
            self.db.insert_multiple(Document({"body": data.decode()}, key) for key, data in items.items())
        else:
            for key, data in items.items():
                self.db.update({"body": data.decode()}, doc_ids=[key])

    def bodies(self) -> "Iterator[bytes]":
        for doc in self.db:
            yield doc["body"].encode()

    def close(self) -> None:
        self.db.close()


class Ours:
    """One of our stores, with an entry for one peer beside each item, as a sync leaves it."""

    def __init__(self, store: Any) -> None:
        self.store = store
        store.refresh()

    def commit(self, items: "dict[int, bytes]") -> None:
        from minisyncml.store.base import Entry
        with self.store.begin("bench") as batch:
            for key, data in items.items():
                row = batch.put(str(key), "text/x-vcard", data)
                batch.set_entry(PEER, Entry(row.id, f"{key}", row.revision, row.digest))
            batch.commit()

    def bodies(self) -> "Iterator[bytes]":
        for row in self.store.rows():
            yield self.store.get(row.id).body

    def close(self) -> None:
        self.store.close()


def ours_tiny(folder: str) -> Ours:
    from minisyncml.store.tiny import TinyStore
    return Ours(TinyStore(os.path.join(folder, "ours"), TYPES))


def ours_tiny_db(folder: str) -> Ours:
    ours = ours_tiny(folder)
    assert ours.store.db is not None
    return ours


def ours_vdir(folder: str) -> Ours:
    from minisyncml.store.vdir import VdirStore
    return Ours(VdirStore(os.path.join(folder, "items"), os.path.join(folder, "journal"), TYPES))


CASES: "dict[str, Callable[[str], Any]]" = {
    "bare": Bare, "bare and files": BareFiles, "sqlite3": Sqlite, "tinydb": PlainTiny,
    "ours tinydb": ours_tiny, "ours tinydb, db open": ours_tiny_db, "ours vdir": ours_vdir,
}


def memory() -> float:
    """Resident MiB now."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def timed(work: "Callable[[], Any]", cpu: bool = False) -> float:
    """Milliseconds of it."""
    clock = time.process_time if cpu else time.perf_counter
    start = clock()
    work()
    return (clock() - start) * 1000


def run(case: str, count: int) -> "dict[str, float]":
    """One case in this process; figures by name."""
    folder = tempfile.mkdtemp(prefix="bench-store-")
    try:
        return measure(CASES[case], folder, count)
    finally:
        shutil.rmtree(folder)


def measure(make: "Callable[[str], Any]", folder: str, count: int) -> "dict[str, float]":
    base = memory()
    syncs = 0
    real = os.fsync

    def counting(fd: int) -> None:
        nonlocal syncs
        syncs += 1
        real(fd)

    store = make(folder)
    figures: "dict[str, float]" = {}
    editions = bytearray(count + 1)

    def add() -> None:
        for start in range(1, count + 1, BATCH):
            items = {n: body(n) for n in range(start, min(start + BATCH, count + 1))}
            store.commit(items)

    chance = random.Random(1)
    edits = chance.sample(range(1, count + 1), min(EDITS, count)) if count >= EDITS else [
        chance.randrange(1, count + 1) for _ in range(EDITS)]

    def edit() -> None:
        for n in edits[:5] if isinstance(store, PlainTiny) and count > 1000 else edits:
            editions[n] = 1
            store.commit({n: body(n, 1)})

    os.fsync = counting  # type: ignore[assignment]
    cpu = time.process_time()
    figures["add us/item"] = timed(add) * 1000 / count
    figures["add CPU us"] = (time.process_time() - cpu) * 1e6 / count
    figures["RSS MiB"] = memory() - base
    edited = 5 if isinstance(store, PlainTiny) and count > 1000 else len(edits)
    syncs = 0
    cpu = time.process_time()
    figures["edit us"] = timed(edit) * 1000 / edited
    figures["edit CPU us"] = (time.process_time() - cpu) * 1e6 / edited
    figures["fsyncs/edit"] = syncs / edited
    os.fsync = real
    figures["close ms"] = timed(store.close)
    reopened: "list[Any]" = []
    figures["open ms"] = timed(lambda: reopened.append(make(folder)), cpu=True)
    store = reopened[0]
    found = 0
    for found, data in enumerate(store.bodies(), 1):    # noqa: B007
        assert data == body(found, editions[found]), "contents differ"
    assert found == count, "contents differ"
    if isinstance(store, Ours):
        scans(store.store, count, figures)
    store.close()
    return figures


def scans(store: Any, count: int, figures: "dict[str, float]") -> None:
    from minisyncml.store.due import changes

    assert len(list(store.rows())) == len(list(store.entries(PEER))) == count
    figures["rows ms"] = timed(lambda: sum(1 for _ in store.rows()), cpu=True)
    figures["entries ms"] = timed(lambda: sum(1 for _ in store.entries(PEER)), cpu=True)
    assert changes(store, PEER, store.revision) == []
    figures["changes ms"] = timed(lambda: changes(store, PEER, store.revision), cpu=True)
    store.refresh()
    if hasattr(store, "folder"):
        for name in os.listdir(store.folder):
            os.utime(os.path.join(store.folder, name), (1, 1))
        time.sleep(2.1)         # a file so young is read again each time, as it must be
        store.refresh()
        figures["stat ms"] = timed(lambda: [one.stat() for one in os.scandir(store.folder)], cpu=True)
    figures["refresh ms"] = timed(store.refresh, cpu=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--case", nargs=2, metavar=("NAME", "COUNT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(run(options.case[0], int(options.case[1]))))
        return
    found: "dict[tuple[str, int], list[dict[str, float]]]" = {}
    for _ in range(options.runs):
        for count in (100, options.large):
            for case in CASES:
                done = subprocess.run([sys.executable, __file__, "--case", case, str(count)], check=True,
                                      stdout=subprocess.PIPE)
                found.setdefault((case, count), []).append(json.loads(done.stdout))
    report(found, options.large)


def report(found: "dict[tuple[str, int], list[dict[str, float]]]", large: int) -> None:
    medians = {key: {name: statistics.median(run[name] for run in runs) for name in runs[0]}
               for key, runs in found.items()}
    names = list(dict.fromkeys(name for figures in medians.values() for name in figures))
    print(f"{'store':22}{'items':>7}" + "".join(f"{name:>15}" for name in names))
    for (case, count), figures in medians.items():
        cells = (f"{figures[name]:15.2f}" if name in figures else f"{'':15}" for name in names)
        print(f"{case:22}{count:7}" + "".join(cells))
    for case in CASES:
        small, big = medians[case, 100], medians[case, large]
        bare = medians["bare and files" if "vdir" in case else "bare", large]
        add, edit = big["add us/item"] / bare["add us/item"], big["edit us"] / bare["edit us"]
        print(f"{case}: +{big['RSS MiB'] - small['RSS MiB']:.2f} MiB from 100 to {large} items, edit "
              f"{big['edit us'] / small['edit us']:.2f} times as long, add {add:.2f} and edit {edit:.2f} times bare")


if __name__ == "__main__":
    main()
