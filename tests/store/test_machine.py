"""All stores driven by the same random steps, against plain dicts. Handles are closed, opened and compacted between."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from minisyncml.limits import Limits
from minisyncml.store.base import Entry, Parked
from minisyncml.store.batch import Keeper
from minisyncml.store.due import changes
from minisyncml.store.memory import MemoryStore
from minisyncml.store.tiny import TinyStore
from minisyncml.store.vdir import VdirStore

from .powercut import Quick

PEERS = st.sampled_from(["p", "dev/ü"])
IDS = st.integers(1, 8).map(str)
BODIES = st.binary(min_size=1, max_size=12) | st.sampled_from([b"\nUID:a\n", b"\nUID:b\n", b"same"])
LIMITS = Limits(trash_items=4, trash_bytes=40)
TYPE = "text/plain"


class Machine(RuleBasedStateMachine):
    """`open` makes the store; the model is what a reader of the interface expects."""

    store: Keeper

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.where = Path(self.folder.name)
        self.store = self.open()
        self.items: "dict[int, bytes]" = {}
        self.entries: "dict[str, dict[int, Entry]]" = {"p": {}, "dev/ü": {}}
        self.parked: "dict[str, dict[str, Parked]]" = {"p": {}, "dev/ü": {}}
        self.facts: "dict[str, Any]" = {}
        self.shadows: "dict[str, dict[str, bytes]]" = {"p": {}, "dev/ü": {}}
        self.trash: "list[tuple[str, bytes, str]]" = []
        self.last = self.revision = 0
        self.remotes = 0
        self.batch: Any = None

    def open(self) -> Keeper:
        raise NotImplementedError

    def seen(self) -> Any:
        return self.store if self.batch is None else self.batch

    # -- a batch may be open over several steps, and be forgotten

    @precondition(lambda self: self.batch is None)
    @rule()
    def begin(self) -> None:
        self.before = (dict(self.items), {key: dict(one) for key, one in self.entries.items()},
                       {key: dict(one) for key, one in self.parked.items()}, dict(self.facts), list(self.trash),
                       self.last, self.revision, {key: dict(one) for key, one in self.shadows.items()})
        self.batch = self.store.begin("s")

    @precondition(lambda self: self.batch is not None)
    @rule()
    def commit(self) -> None:
        self.batch.commit()
        self.batch = None
        while len(self.trash) > 4 or sum(len(one[1]) for one in self.trash) > 40:
            self.trash.pop(0)

    @precondition(lambda self: self.batch is not None)
    @rule()
    def forget(self) -> None:
        with self.batch:
            pass
        self.batch = None
        (self.items, self.entries, self.parked, self.facts, self.trash, self.last, self.revision,
         self.shadows) = self.before

    @precondition(lambda self: self.batch is not None)
    @rule(id=st.none() | IDS, body=BODIES, reason=st.sampled_from(["", "why"]))
    def put(self, id: "str | None", body: bytes, reason: str) -> None:
        row = self.batch.put(id, TYPE, body, reason)
        key = int(row.id)
        assert row.id == (id or str(self.last + 1))
        assert row.revision > self.revision
        if reason and key in self.items:
            self.trash.append((row.id, self.items[key], reason))
        self.items[key] = body
        self.last, self.revision = max(self.last, key), row.revision

    @precondition(lambda self: self.batch is not None)
    @rule(id=IDS, reason=st.sampled_from(["", "why"]))
    def remove(self, id: str, reason: str) -> None:
        self.batch.remove(id, reason)
        old = self.items.pop(int(id), None)
        if old is not None and reason:
            self.trash.append((id, old, reason))

    @precondition(lambda self: self.batch is not None)
    @rule(peer=PEERS, id=IDS, named=st.booleans(), seen=st.integers(0, 20), flags=st.just(0) | st.integers(0, 15))
    def set_entry(self, peer: str, id: str, named: bool, seen: int, flags: int) -> None:
        self.remotes += 1
        entry = Entry(id, f"L{self.remotes}" if named else "", seen, b"d" * (self.remotes % 17), flags)
        self.batch.set_entry(peer, entry)
        self.entries[peer][int(id)] = entry
        self.last = max(self.last, int(id))

    @precondition(lambda self: self.batch is not None)
    @rule(peer=PEERS, id=IDS)
    def drop_entry(self, peer: str, id: str) -> None:
        self.batch.drop_entry(peer, id)
        self.entries[peer].pop(int(id), None)
        self.shadows[peer].pop(id, None)

    @precondition(lambda self: self.batch is not None)
    @rule(peer=PEERS, id=IDS, body=st.just(b"") | BODIES)
    def set_shadow(self, peer: str, id: str, body: bytes) -> None:
        self.batch.set_shadow(peer, id, body)
        self.shadows[peer][id] = body
        if not body:
            del self.shadows[peer][id]

    @precondition(lambda self: self.batch is not None)
    @rule(peer=PEERS)
    def clear_entries(self, peer: str) -> None:
        self.batch.clear_entries(peer)
        self.entries[peer].clear()

    @precondition(lambda self: self.batch is not None)
    @rule(peer=PEERS, remote=st.sampled_from(["r1", "r2", "r3"]), body=BODIES)
    def park(self, peer: str, remote: str, body: bytes) -> None:
        self.batch.park(peer, Parked(remote, TYPE, body))
        self.parked[peer][remote] = Parked(remote, TYPE, body)

    @precondition(lambda self: self.batch is not None)
    @rule(peer=PEERS, remote=st.sampled_from(["r1", "r2", "r3"]))
    def unpark(self, peer: str, remote: str) -> None:
        self.batch.unpark(peer, remote)
        self.parked[peer].pop(remote, None)

    @precondition(lambda self: self.batch is not None)
    @rule(peer=PEERS)
    def clear_parked(self, peer: str) -> None:
        self.batch.clear_parked(peer)
        self.parked[peer].clear()

    @precondition(lambda self: self.batch is not None)
    @rule(peer=PEERS, facts=st.dictionaries(st.text(max_size=2), st.integers() | st.text(max_size=2), max_size=2))
    def set_facts(self, peer: str, facts: "dict[str, object]") -> None:
        self.batch.set_facts(peer, facts)
        self.facts[peer] = facts

    @precondition(lambda self: self.batch is None)
    @rule(compact=st.booleans())
    def reopen(self, compact: bool) -> None:
        self.store.close()
        self.store = self.open()
        self.store.refresh()
        journal = getattr(self.store, "_journal", None)
        if compact and journal is not None:
            with self.store.begin():
                journal.compact(force=True)

    @precondition(lambda self: self.batch is None)
    @rule(rescan=st.booleans())
    def refresh(self, rescan: bool) -> None:
        self.store.refresh(rescan)
        self.store.checkpoint()

    @invariant()
    def same(self) -> None:
        seen = self.seen()
        rows = list(seen.rows())
        assert [int(row.id) for row in rows] == sorted(self.items)
        assert {int(row.id): seen.get(row.id).body for row in rows} == self.items
        for peer, entries in self.entries.items():
            found = list(seen.entries(peer))
            assert found == [entries[key] for key in sorted(entries)]
            flagged, plain = any(entry.flags for entry in found), seen.unflagged(peer)
            assert plain is None or plain == len(found) and not flagged
            if self.batch is None and hasattr(self.store, "_journal"):
                assert (plain is None) == flagged
            for entry in found:
                assert not entry.remote or seen.by_remote(peer, entry.remote) == entry
            assert sorted(seen.parked(peer)) == sorted(self.parked[peer].values())
            assert seen.facts(peer) == self.facts.get(peer, {})
            assert {id: seen.shadow(peer, id) for id in seen.shadows(peer)} == self.shadows[peer]
            one_by_one = [change for after in ["", *map(str, range(1, self.last))]
                          for change in changes(seen, peer, 10**9, after, 1) if int(change.id) == int(after or 0) + 1]
            assert changes(seen, peer, 10**9) == one_by_one
        if self.batch is None:
            assert [(t.id, t.body, t.reason) for t in self.store.trash()] == self.trash
            assert len(self.store) == len(self.items)

    def teardown(self) -> None:
        if self.batch is not None:
            self.forget()
        self.store.close()
        self.folder.cleanup()


class Memory(Machine):
    kept: "MemoryStore | None" = None

    def open(self) -> Keeper:
        self.kept = self.kept or MemoryStore(limits=LIMITS)
        return self.kept


class Tiny(Machine):
    def open(self) -> Keeper:
        return TinyStore(str(self.where / "x"), limits=LIMITS, files=Quick())


class Vdir(Machine):
    def open(self) -> Keeper:
        return VdirStore(str(self.where / "items"), str(self.where / "x"), limits=LIMITS, files=Quick())


@pytest.mark.parametrize("machine", [Memory, Tiny, Vdir])
def test_machine(machine: "type[Machine]") -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))
