"""Two sessions of one device with one datastore: the one that began last goes on, the other is told to come back later.
Each end is opened twice here, as two processes would have it."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional

import pytest
from pair import Pair, bodies, delete, fill, fine, transferred
from probe import Probe, add
from scenes import TEXT

from minisyncml.errors import Error, StoreBusy, StoreError
from minisyncml.limits import DEFAULT
from minisyncml.message import commands as c
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.tiny import TinyStore
from minisyncml.store.vdir import VdirStore
from minisyncml.transport.base import Packet

Opener = Callable[[], Store]


def opener(kind: str, path: Path) -> Opener:
    """Opens the same place again and again."""
    if kind == "memory":
        store = MemoryStore(TEXT)
        return lambda: store
    if kind == "tinydb":
        return lambda: TinyStore(str(path / "notes.tinydb"), TEXT)
    return lambda: VdirStore(str(path / "notes"), str(path / "notes.vdir"), TEXT, ".txt")


class Line:
    """A session stepped message by message."""

    def __init__(self, pair: Pair, mode: str) -> None:
        self.left, self.right = pair._left(), pair._right()
        self.packet: Optional[Packet] = self.left.start(mode)

    def step(self) -> None:
        assert self.packet is not None
        answer = self.right.handle(self.packet)
        assert answer is not None
        self.packet = self.left.handle(answer)

    def finish(self) -> "list[Optional[Error]]":
        """The rest of it; what went wrong with the notes, at both ends."""
        try:
            while self.packet is not None:
                self.step()
        except Error:
            pass
        return [one.failed or one.report.datastores["notes"].error for one in (self.left, self.right)]


@pytest.mark.parametrize("kind", ("memory", "tinydb", "vdir"))
@pytest.mark.parametrize("mode", ("two-way", "slow"))
@pytest.mark.parametrize("size", (2000, 150_000))
@pytest.mark.parametrize("steps", range(1, 4))
def test_the_one_that_began_last_goes_on(kind: str, mode: str, size: int, steps: int, tmp_path: Path) -> None:
    limits = DEFAULT._replace(max_msg_size=size)
    client, server = opener("memory", tmp_path), opener(kind, tmp_path)
    ids = fill(client(), *(f"note {number} {'x' * 50}" for number in range(60)))
    first = Pair({"notes": client()}, {"notes": server()}, client_limits=limits, server_limits=limits)
    second = Pair({"notes": client()}, {"notes": server()}, client_limits=limits, server_limits=limits)
    first.sync()
    fill(client(), *(f"of the client {number} {'x' * 50}" for number in range(60)))
    fill(first.server["notes"], *(f"of the server {number} {'x' * 50}" for number in range(60)))
    delete(client(), *ids[:5])
    stale = Line(first, mode)
    for _ in range(steps):
        if stale.packet is not None:
            stale.step()
    over = stale.packet is None
    fresh = Line(second, mode)
    fresh.step()
    errors = stale.finish()
    assert over or isinstance(errors[0], StoreBusy) or isinstance(errors[1], StoreError)
    assert fresh.finish() == [None, None]
    for pair in (first, second):
        left, right = pair.sync()
        assert fine(left) and fine(right) and not transferred(left) and not transferred(right)
        assert bodies(client()) == bodies(pair.server["notes"])
        assert len(set(bodies(client()))) == len(client()) == (175 if mode == "two-way" else 180)


class TestPhone:
    @pytest.mark.parametrize("kind", ("memory", "tinydb", "vdir"))
    def test_the_former_session_is_told_to_come_back(self, kind: str, tmp_path: Path) -> None:
        opened = opener(kind, tmp_path)
        probe = Probe({"notes": opened()})
        probe.session(add("L1", "a"), code=201)
        probe.new().begin()
        stale, before = probe.exchange, (probe.msg, probe.reply)
        probe.stores, probe.anchors = {"notes": opened()}, {"notes": "1"}
        probe.new().begin()
        fresh, after = probe.exchange, (probe.msg, probe.reply)
        (probe.msg, probe.reply), probe.exchange = before, stale
        probe.send(probe.sync(add("L2", "late")))
        assert probe.codes("Sync") == probe.codes("Add") == [417]
        assert isinstance(stale.report.datastores["notes"].error, StoreError)
        (probe.msg, probe.reply), probe.exchange = after, fresh
        probe.send(probe.sync(add("L2", "in time")))
        assert probe.codes("Sync") == [200] and probe.codes("Add") == [201]
        probe.send()
        assert bodies(opened()) == [b"a", b"in time"]
        assert not probe.session()

    def test_its_other_datastores_go_on(self) -> None:
        stores = {"notes": MemoryStore(TEXT), "memos": MemoryStore(TEXT)}
        probe = Probe(stores)
        other = c.Alert("", 201, (c.Item(source="./my", target="./memos", meta=c.Meta(next="1")),))
        probe.send(other, probe.alert(201))
        stale, before = probe.exchange, (probe.msg, probe.reply)
        probe.new().begin(code=201)
        (probe.msg, probe.reply), probe.exchange = before, stale
        probe.send(probe.sync(add("L1", "a")), c.Sync("", "./memos", "./my", (add("M1", "memo"),)))
        assert probe.codes("Sync") == [417, 200] and probe.codes("Add") == [417, 201]
        assert bodies(stores["memos"]) == [b"memo"] and not len(stores["notes"])


@pytest.mark.parametrize("kind", ("memory", "tinydb", "vdir"))
def test_two_clients_on_one_datastore(kind: str, tmp_path: Path) -> None:
    """The same program started twice."""
    client, server = opener(kind, tmp_path), MemoryStore(TEXT)
    fill(client(), "a", "b", "c")
    first, second = Pair({"notes": client()}, {"notes": server}), Pair({"notes": client()}, {"notes": server})
    second.client_options = second.client_options._replace(device="phone-1 of another program")
    stale = Line(first, "two-way")
    stale.step()
    fresh = Line(second, "two-way")
    assert isinstance(stale.finish()[0], StoreBusy)
    assert fresh.finish() == [None, None]
    assert bodies(client()) == bodies(server) == [b"a", b"b", b"c"]
