"""Two datastores as one: each item, entry and shadow is in the one it belongs to, and all are seen together."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from minisyncml.errors import StoreBusy, StoreError
from minisyncml.limits import DEFAULT
from minisyncml.store.base import DOOMED, Entry, Parked, Store
from minisyncml.store.combined import Combined
from minisyncml.store.due import changes
from minisyncml.store.memory import MemoryStore
from minisyncml.store.tiny import TinyStore

PEER = "phone|calendar"
TYPE = "text/calendar"
EVENT, TASK = b"BEGIN:VEVENT\r\nSUMMARY:%s\r\nEND:VEVENT\r\n", b"BEGIN:VTODO\r\nSUMMARY:%s\r\nEND:VTODO\r\n"


def belongs(type: str, body: bytes) -> int:
    return int(b"VTODO" in body)


class Both:
    """A combined store, and its parts."""

    def __init__(self, make: "Callable[[str], Store]" = lambda name: MemoryStore()) -> None:
        self.first, self.second = make("calendar"), make("tasks")
        self.store = Combined(("calendar", "tasks"), self.first, self.second, belongs)

    def put(self, *bodies: bytes) -> "list[str]":
        with self.store.begin("s") as batch:
            ids = [batch.put(None, TYPE, body).id for body in bodies]
            batch.commit()
        return ids


@pytest.fixture(params=["memory", "tinydb"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Both:
    return Both() if request.param == "memory" else Both(lambda name: TinyStore(str(tmp_path / name)))


def test_items_go_where_they_belong(both: Both) -> None:
    bodies = [EVENT % b"a", TASK % b"b", TASK % b"c", EVENT % b"d"]
    ids = both.put(*bodies)
    assert ids == ["2", "3", "5", "4"]
    assert (len(both.first), len(both.second), len(both.store)) == (2, 2, 4)
    assert [row.id for row in both.store.rows()] == ["2", "3", "4", "5"]
    assert [row.id for row in both.store.rows("3")] == ["4", "5"]
    for id, body in zip(ids, bodies):
        item, row = both.store.get(id), both.store.row(id)
        assert item is not None and row is not None and (item.id, item.body, item.digest) == (id, body, row.digest)
    for id in ("", "0", "1", "x", "6", "-2"):
        assert both.store.get(id) is None and both.store.row(id) is None and both.store.entry(PEER, id) is None
    with both.store.begin("s") as batch:
        batch.put("3", TYPE, TASK % b"again", "edited")
        batch.remove("2", "deleted")
        assert batch.row("2") is None and [row.id for row in batch.rows()] == ["3", "4", "5"]
        batch.commit()
    item = both.second.get("1")
    assert item is not None and item.body == TASK % b"again"
    assert [(one.id, one.body) for one in both.store.trash()] == [("2", EVENT % b"a"), ("3", TASK % b"b")]


def test_what_is_known_of_a_peer(both: Both) -> None:
    both.put(EVENT % b"a", TASK % b"b")
    entries = [Entry("2", "L1", 1, b"d" * 16), Entry("3", "L2", 1, b"", DOOMED)]
    parked = Parked("L9", TYPE, TASK % b"parked")
    with both.store.begin() as batch:
        for entry in reversed(entries):
            batch.set_entry(PEER, entry)
        batch.set_shadow(PEER, "3", b"as it had it")
        batch.park(PEER, parked)
        batch.set_facts(PEER, {"anchor": 1})
        assert list(batch.entries(PEER)) == entries and batch.shadow(PEER, "3") == b"as it had it"
        batch.commit()
    for reading in (both.store, both.store.begin()):
        assert list(reading.entries(PEER)) == entries and list(reading.entries(PEER, "2")) == entries[1:]
        assert [reading.by_remote(PEER, remote) for remote in ("L1", "L2", "L3")] == [*entries, None]
        assert reading.entry(PEER, "3") == entries[1]
        assert (list(reading.shadows(PEER)), list(reading.parked(PEER))) == (["3"], [parked])
        assert reading.facts(PEER) == {"anchor": 1} and reading.unflagged(PEER) is None
    assert both.second.entry(PEER, "1") == Entry("1", "L2", 1, b"", DOOMED) and both.second.facts(PEER) == {}
    batch.__exit__(None, None, None)


def test_changes_and_forgetting(both: Both) -> None:
    both.put(EVENT % b"a", TASK % b"b", TASK % b"c")
    for batch in (both.store.begin(),):
        for id in ("2", "3"):
            batch.set_entry(PEER, Entry(id, "L" + id, 99))
        batch.set_facts(PEER, {"x": 1})
        batch.set_shadow(PEER, "3", b"x")
        batch.remove("3")
        batch.commit()
    assert [(one.kind, one.id) for one in changes(both.store, PEER, 99)] == [("Delete", "3"), ("Add", "5")]
    assert both.store.peers() == [PEER]
    with both.store.begin() as batch:
        batch.clear_entries(PEER)
        assert list(batch.entries(PEER)) == [] and list(batch.shadows(PEER)) == ["3"]
        batch.commit()
    both.store.forget(PEER)
    assert both.store.peers() == list(both.store.shadows(PEER)) == [] and len(both.store) == 2


def test_without_commit_nothing_happens_and_the_locks_are_free(both: Both) -> None:
    with both.store.begin() as batch:
        batch.put(None, TYPE, EVENT % b"a")
        batch.put(None, TYPE, TASK % b"a")
    assert len(both.store) == 0
    both.put(EVENT % b"a", TASK % b"a")
    assert len(both.store) == 2


@pytest.mark.parametrize("name", ["calendar", "tasks"])
def test_one_part_is_busy(name: str) -> None:
    both = Both(lambda name: MemoryStore(limits=DEFAULT._replace(lock_wait=0.01)))
    busy = both.first if name == "calendar" else both.second
    with busy.begin():
        with pytest.raises(StoreBusy):
            both.store.begin()
    both.put(EVENT % b"a")


def test_locks_are_taken_in_the_order_of_names() -> None:
    """Whatever part is called first: others take them in that order."""
    taken: "list[str]" = []

    class Noted(MemoryStore):
        name = ""

        def _lock(self) -> None:
            taken.append(self.name)
            super()._lock()

    first, second = Noted(), Noted()
    first.name, second.name = "termine", "aufgaben"
    with Combined(("termine", "aufgaben"), first, second, belongs).begin():
        assert taken == ["aufgaben", "termine"]


def test_anchors_are_not_newer_than_items() -> None:
    """The second part cannot be written: nothing of the first is, either."""
    class Broken(MemoryStore):
        def _take(self, batch: object) -> None:
            raise StoreError("the disk is full")

    stores = iter([MemoryStore(), Broken()])
    both = Both(lambda name: next(stores))
    with pytest.raises(StoreError):
        with both.store.begin() as batch:
            batch.set_facts(PEER, {"anchor": 2})
            batch.put(None, TYPE, TASK % b"a")
            batch.commit()
    assert both.first.facts(PEER) == {}
    with both.first.begin(), both.second.begin():
        pass
