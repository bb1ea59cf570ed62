"""Every commit, compaction and write of files, cut at every effect: what was acknowledged is there, and nothing else
but the whole of the commit that was under way."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Callable

import pytest

from minisyncml.limits import Limits
from minisyncml.store.base import Entry, Parked
from minisyncml.store.batch import Keeper
from minisyncml.store.tiny import TinyStore
from minisyncml.store.vdir import VdirStore

from .powercut import Disk, Recorder, rebuild

PEER = "p"
LIMITS = Limits(trash_items=3)


def tiny(where: Path, files: Recorder) -> Keeper:
    return TinyStore(str(where / "data" / "x"), limits=LIMITS, files=files)


def vdir(where: Path, files: Recorder) -> Keeper:
    return VdirStore(str(where / "items"), str(where / "data" / "x"), limits=LIMITS, files=files)


def view(store: Keeper) -> "dict[str, Any]":
    """All that a store knows; revisions only as far as they order."""
    return {
        "items": {row.id: getattr(store.get(row.id), "body", None) for row in store.rows()},
        "entries": [entry._replace(seen=0) for entry in store.entries(PEER)],
        "facts": store.facts(PEER),
        "parked": list(store.parked(PEER)),
        "shadows": {id: store.shadow(PEER, id) for id in store.shadows(PEER)},
        "trash": [(t.id, t.body, t.reason) for t in store.trash()],
    }


class Script:
    """A store, its recorder, and what had been acknowledged at which effect."""

    def __init__(self, where: Path, make: "Callable[[Path, Recorder], Keeper]") -> None:
        self.where = where
        self.make = make
        self.files = Recorder()
        self.store = make(where, self.files)
        self.store.refresh()
        self.folders = [str(one) for one in (where / "data", where / "items") if one.is_dir()]
        self.acknowledged = [(len(self.files.log), view(self.store))]

    def batch(self, change: "Callable[[Any], object]") -> None:
        with self.store.begin("s") as batch:
            change(batch)
            batch.commit()
        self.note()

    def note(self) -> None:
        self.acknowledged.append((len(self.files.log), view(self.store)))

    def same(self) -> None:
        """More was done to the disk, nothing changed."""
        self.acknowledged.append((len(self.files.log), self.acknowledged[-1][1]))

    def expected(self, effects: int) -> "list[dict[str, Any]]":
        """The views that are right after so many effects."""
        known = [at for at, (count, _) in enumerate(self.acknowledged) if count <= effects]
        return [seen for _, seen in self.acknowledged[known[-1]:known[-1] + 2]]

    def cut_everywhere(self, some: int) -> int:
        """Reopen after every cut; how many states were looked at."""
        chance = random.Random(3)
        looked = 0
        start = self.acknowledged[0][0]
        for effects in range(start, len(self.files.log) + 1):
            for state in Disk(self.files.log[:effects]).states(chance, some):
                rebuild(state, *self.folders)
                looked += 1
                self.check(effects)
        return looked

    def check(self, effects: int) -> None:
        after = Recorder()
        after.now = 2
        store = self.make(self.where, after)
        store.refresh()
        seen = view(store)
        assert seen in self.expected(effects), f"after {effects} effects: {self.files.log[effects - 1][:2]}"
        with store.begin("t") as batch:
            batch.set_facts("after", {"x": effects})
            new = batch.put(None, "text/plain", b"after the cut")
            batch.commit()
        store.close()
        store = self.make(self.where, after)
        store.refresh()
        assert store.facts("after") == {"x": effects}
        with store.begin("t") as batch:
            batch.remove(new.id)
            batch.commit()
        assert view(store) == seen
        store.close()


def work(script: Script) -> None:
    put = "text/plain"
    script.batch(lambda b: [b.put(None, put, b"one"), b.set_entry(PEER, Entry("1", "r1", 1)),
                            b.set_shadow(PEER, "1", b"as it had it")])
    script.batch(lambda b: [b.put(None, put, b"two " * 50), b.put(None, put, b"UID\nUID:three\n"), b.park(
        PEER, Parked("r9", put, b"parked"))])
    script.batch(lambda b: [b.put("1", put, b"one again", "replaced"), b.remove("2", "deleted"),
                            b.set_facts(PEER, {"anchor": 1}), b.set_shadow(PEER, "1", b"1"),
                            b.set_shadow(PEER, "3", b"\xff" * 50)])
    script.batch(lambda b: [b.put("1", put, b"one a third time"), b.clear_parked(PEER), b.drop_entry(PEER, "1")])


@pytest.mark.parametrize("make", [tiny, vdir])
def test_commits(tmp_path: Path, make: "Callable[[Path, Recorder], Keeper]") -> None:
    script = Script(tmp_path, make)
    work(script)
    script.store.close()
    script.same()
    assert script.cut_everywhere(8) > 100


@pytest.mark.parametrize("make", [tiny, vdir])
def test_checkpoints_between(tmp_path: Path, make: "Callable[[Path, Recorder], Keeper]") -> None:
    script = Script(tmp_path, make)
    work(script)
    script.store.checkpoint()
    script.note()
    script.batch(lambda b: [b.put("2", "text/plain", b"two is back"), b.remove("3"), b.put("1", "text/plain", b"1")])
    script.store.refresh()
    script.note()
    script.batch(lambda b: [b.remove("1"), b.put("3", "text/plain", b"three is back")])
    script.store.close()
    script.same()
    assert script.cut_everywhere(5) > 100


@pytest.mark.parametrize("make", [tiny, vdir])
def test_compaction(tmp_path: Path, make: "Callable[[Path, Recorder], Keeper]") -> None:
    script = Script(tmp_path, make)
    work(script)
    script.store._journal.lock()            # type: ignore[attr-defined]
    script.store._journal.compact(True)     # type: ignore[attr-defined]
    script.store._journal.unlock()          # type: ignore[attr-defined]
    script.note()
    work(script)
    assert script.cut_everywhere(5) > 100


def test_edits_of_the_user_are_kept(tmp_path: Path) -> None:
    """He edits what a commit replaces, deletes and creates, and what was written but not synced."""
    script = Script(tmp_path, vdir)
    items = tmp_path / "items"
    script.batch(lambda b: [b.put(None, "text/plain", b"\nUID:%s\n" % name) for name in (b"a", b"b", b"c")])
    script.store.refresh()
    script.note()
    script.files.user(str(items / "a.vcf"), b"mine a")
    script.files.user(str(items / "b.vcf"), b"mine b")
    script.batch(lambda b: [b.put("1", "text/plain", b"theirs a"), b.remove("2"), b.put("3", "text/plain", b"new c")])
    script.files.user(str(items / "c.vcf"), b"mine c")
    edited = len(script.files.log)
    script.store.checkpoint()
    script.store.refresh()
    bodies = {"1": b"mine a", "2": b"mine b", "3": b"mine c"}
    assert view(script.store)["items"] == bodies
    assert [t.body for t in script.store.trash()] == [b"theirs a"]
    chance = random.Random(5)
    for effects in range(edited, len(script.files.log) + 1):
        for state in Disk(script.files.log[:effects]).states(chance, 10):
            rebuild(state, *script.folders)
            after = Recorder()
            after.now = 2
            store = vdir(tmp_path, after)
            store.refresh()
            assert view(store)["items"] == bodies
            assert b"theirs a" in [t.body for t in store.trash()]
            store.close()


@pytest.mark.parametrize("make", [tiny, vdir])
def test_one_sync_for_each_commit(tmp_path: Path, make: "Callable[[Path, Recorder], Keeper]") -> None:
    script = Script(tmp_path, make)
    put = "text/plain"
    script.batch(lambda b: [b.put(None, put, b"%d" % n) for n in range(60)])
    script.store.checkpoint()
    for n in range(1, 21):
        before = len(script.files.log)
        script.batch(lambda b, n=n: [
            b.put(None, put, b"new"), b.put(str(n), put, b"edited", "old"), b.remove(str(n + 20), "gone"),
            b.set_entry(PEER, Entry(str(n), f"r{n}", 1)), b.set_facts(PEER, {"n": n}),
            b.park(PEER, Parked(f"r{n}", put, b"parked"))])
        assert script.files.syncs(before) == 1
    before = len(script.files.log)
    with script.store.begin() as batch:
        batch.commit()
    assert len(script.files.log) == before, "nothing changed, nothing is written"


def test_every_torn_tail(tmp_path: Path) -> None:
    """The last record cut at every byte, and followed by zeros: the commit before it is what counts."""
    script = Script(tmp_path, tiny)
    work(script)
    script.store.close()
    path = tmp_path / "data" / "x"
    whole = path.read_bytes()
    last, size = next((effect[3], len(effect[2])) for effect in reversed(script.files.log) if effect[0] == "write")
    assert last + size == len(whole)
    for cut in range(last, len(whole)):
        for tail in (b"", bytes(len(whole) - cut)):
            if whole[cut:] == tail:
                continue
            path.write_bytes(whole[:cut] + tail)
            store = tiny(tmp_path, Recorder())
            assert view(store) == script.acknowledged[-2][1], cut
            with store.begin() as batch:
                batch.set_facts("x", {"y": 1})
                batch.commit()
            store.close()
            store = tiny(tmp_path, Recorder())
            assert store.facts("x") == {"y": 1}
            store.close()
