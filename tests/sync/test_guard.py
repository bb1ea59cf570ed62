"""A side that turned up empty, or a peer that reports everything gone: nothing is deleted unless somebody says so."""

from __future__ import annotations

import pytest
from pair import Pair, delete, edit, fill, fine, transferred
from probe import Probe, add, children
from probe import delete as remove
from scenes import BASE, TEXT, Scene, named

from minisyncml.errors import DataAtRisk
from minisyncml.gateway.exchange import Exchange
from minisyncml.limits import DEFAULT
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore


def wipe(store: Store) -> None:
    delete(store, *(row.id for row in store.rows()))


def stopped(scene: Scene, mode: str) -> bool:
    """Whether some side said that data is at risk, after which no item is gone anywhere."""
    left, right = scene.pair.sync(mode)
    codes = {exchange.report.exit_code for exchange in (left, right)}
    errors = [part.error for exchange in (left, right) for part in exchange.report.datastores.values()]
    assert (6 in codes) == any(isinstance(error, DataAtRisk) for error in errors)
    return 6 in codes


# who turned up empty, mode, whether the run has to stop
TABLE = (
    ("client", "two-way", True), ("client", "one-way-from-client", True), ("client", "refresh-from-client", True),
    ("client", "slow", False), ("client", "refresh-from-server", False),
    ("server", "two-way", True), ("server", "one-way-from-server", True), ("server", "refresh-from-server", True),
    ("server", "slow", False), ("server", "refresh-from-client", False),
)


@pytest.mark.parametrize("side, mode, stops", TABLE)
def test_a_side_is_empty(side: str, mode: str, stops: bool) -> None:
    scene = Scene()
    empty, full = (scene.client, scene.server) if side == "client" else (scene.server, scene.client)
    wipe(empty)
    assert stopped(scene, mode) == stops
    assert len(full) == len(BASE)
    assert len(empty) == (0 if stops else len(BASE))


@pytest.mark.parametrize("side, mode", [row[:2] for row in TABLE if row[2]])
def test_it_stays_stopped_until_allowed(side: str, mode: str) -> None:
    scene = Scene()
    empty, full = (scene.client, scene.server) if side == "client" else (scene.server, scene.client)
    wipe(empty)
    for _ in range(3):
        assert stopped(scene, mode)
        assert len(full) == len(BASE)
    scene.pair.client_options = scene.pair.client_options._replace(allow_empty=True)
    scene.pair.server_options = scene.pair.server_options._replace(allow_empty=True)
    left, right = scene.pair.sync(mode)
    assert fine(left) and fine(right)
    assert len(full) == len(empty) == 0
    assert {x.body for x in full.trash()} == {text.encode() for text in BASE}


@pytest.mark.parametrize("side, mode", [("client", "refresh-from-client"), ("server", "refresh-from-server")])
def test_an_empty_side_replaces_nothing_at_a_peer_without_a_guard(side: str, mode: str) -> None:
    """Such as a phone, when the folder was mistyped."""
    scene = Scene()
    empty, full = (scene.client, scene.server) if side == "client" else (scene.server, scene.client)
    wipe(empty)
    if side == "client":
        scene.pair.server_options = scene.pair.server_options._replace(allow_empty=True)
    else:
        scene.pair.client_options = scene.pair.client_options._replace(allow_empty=True)
    assert stopped(scene, mode)
    assert len(full) == len(BASE)


def test_when_only_the_client_allows_it_both_say_that_nothing_was_deleted() -> None:
    scene = Scene()
    wipe(scene.client)
    scene.pair.client_options = scene.pair.client_options._replace(allow_empty=True)
    for _ in range(2):
        left, right = scene.pair.sync()
        assert right.report.exit_code == 6
        part, = left.report.datastores.values()
        assert left.report.exit_code == 6 and part.remote.deleted == 0 and not part.slow
        assert "the peer has nothing left" in str(part.error)
        assert len(scene.server) == len(BASE)
    scene.pair.server_options = scene.pair.server_options._replace(allow_empty=True)
    left, right = scene.pair.sync()
    assert fine(left) and fine(right)
    assert len(scene.server) == len(scene.client) == 0


@pytest.mark.parametrize("side", ("client", "server"))
def test_items_that_come_back_make_it_go_on(side: str) -> None:
    scene = Scene()
    empty = scene.client if side == "client" else scene.server
    wipe(empty)
    assert stopped(scene, "two-way")
    fill(empty, *BASE)      # the disk is mounted again: other ids, the same items
    left, right = scene.pair.sync("slow")
    assert fine(left) and fine(right)
    client, server = scene.contents()
    assert client == server and len(client) == len(BASE) == sum(client.values())


@pytest.mark.parametrize("side", ("client", "server"))
class TestSplitPackage:
    """Deletions are answered as they come and carried out at the end: when the guard stops them there, each side
    still has to know what the other has."""

    TEXTS = tuple(f"note {number}" for number in range(400))

    def stopped(self, side: str) -> Scene:
        """A scene where `side` is empty, allows itself to be, and was stopped by the other."""
        scene = Scene(first=True, size=2000)
        empty = self.empty(scene, side)
        fill(scene.client, *self.TEXTS)
        scene.pair.sync()
        wipe(empty)
        self.allow(scene, side)
        assert stopped(scene, "two-way")
        way = "up" if side == "client" else "down"
        assert sum(bool(children(message)) for sent, message in scene.pair.messages() if sent == way) > 2
        assert not any(part.remote.deleted for part in self.sender(scene, side).report.datastores.values())
        assert len(self.full(scene, side)) == len(self.TEXTS)
        return scene

    def empty(self, scene: Scene, side: str) -> Store:
        return scene.client if side == "client" else scene.server

    def full(self, scene: Scene, side: str) -> Store:
        return scene.server if side == "client" else scene.client

    def sender(self, scene: Scene, side: str) -> Exchange:
        sender = scene.pair.left if side == "client" else scene.pair.right
        assert sender is not None
        return sender

    def allow(self, scene: Scene, side: str) -> None:
        if side == "client":
            scene.pair.client_options = scene.pair.client_options._replace(allow_empty=True)
        else:
            scene.pair.server_options = scene.pair.server_options._replace(allow_empty=True)

    def check(self, scene: Scene, *wanted: str) -> None:
        for _ in range(2):
            left, right = scene.pair.sync()
            assert fine(left) and fine(right)
            assert [sorted(side.elements()) for side in scene.contents()] == [sorted(x.encode() for x in wanted)] * 2
        assert not transferred(left) and not transferred(right)

    def test_it_stays_stopped(self, side: str) -> None:
        scene = self.stopped(side)
        for _ in range(2):
            assert stopped(scene, "two-way")
            assert len(self.full(scene, side)) == len(self.TEXTS)

    @pytest.mark.parametrize("mode", ("two-way", "slow"))
    def test_what_comes_back_is_there_once(self, side: str, mode: str) -> None:
        scene = self.stopped(side)
        fill(self.empty(scene, side), *self.TEXTS)
        left, right = scene.pair.sync(mode)
        assert fine(left) and fine(right)
        self.check(scene, *self.TEXTS)

    def test_a_slow_sync_brings_everything_back(self, side: str) -> None:
        scene = self.stopped(side)
        scene.pair.sync("slow")
        self.check(scene, *self.TEXTS)

    def test_when_it_is_allowed_all_goes_to_the_trash(self, side: str) -> None:
        scene = self.stopped(side)
        self.allow(scene, "server" if side == "client" else "client")
        scene.pair.sync()
        self.check(scene)
        assert {x.body for x in self.full(scene, side).trash()} == {text.encode() for text in self.TEXTS}

    def test_what_is_edited_meanwhile_stays(self, side: str) -> None:
        scene = self.stopped(side)
        self.allow(scene, "server" if side == "client" else "client")
        full = self.full(scene, side)
        for text in (self.TEXTS[0], self.TEXTS[-1]):
            edit(full, named(full, text), f"{text}, edited")
        scene.pair.sync()
        self.check(scene, *(f"{text}, edited" for text in (self.TEXTS[0], self.TEXTS[-1])))


@pytest.mark.parametrize("left, stops", ((4, True), (5, False)))
@pytest.mark.parametrize("mode", ("two-way", "refresh-from-client"))
def test_next_to_nothing_is_left(mode: str, left: int, stops: bool) -> None:
    scene = Scene(first=True)
    ids = fill(scene.client, *(f"note {number}" for number in range(100)))
    scene.pair.sync()
    delete(scene.client, *ids[left:])
    assert stopped(scene, mode) == stops
    assert len(scene.server) == (100 if stops else left)
    assert DEFAULT.guard_share == 20


@pytest.mark.parametrize("count", (1, 2))
def test_few_items_are_no_address_book(count: int) -> None:
    scene = Scene(first=True)
    fill(scene.client, *BASE[:count])
    scene.pair.sync()
    wipe(scene.client)
    assert not stopped(scene, "two-way")
    assert len(scene.server) == 0
    assert DEFAULT.guard_items == 3


def test_another_datastore_goes_on() -> None:
    pair = Pair({name: MemoryStore(TEXT) for name in ("notes", "memos")},
                {name: MemoryStore(TEXT) for name in ("notes", "memos")})
    fill(pair.client["notes"], *BASE)
    pair.sync()
    wipe(pair.client["notes"])
    fill(pair.client["memos"], "a memo")
    left, _ = pair.sync()
    assert left.report.exit_code == 6
    assert len(pair.server["notes"]) == len(BASE)
    assert len(pair.server["memos"]) == 1


class TestPhone:
    """A client that has no guard of its own."""

    def phone(self) -> Probe:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.session(*(add(f"L{number}", text) for number, text in enumerate(BASE)), code=201)
        assert len(probe.stores["notes"]) == len(BASE)
        return probe

    def test_deletes_everything(self) -> None:
        probe = self.phone()
        probe.new().begin()
        probe.send(probe.sync(*(remove(f"L{number}") for number in range(len(BASE)))))
        assert len(probe.stores["notes"]) == len(BASE)
        assert probe.exchange.report.exit_code == 6

    def test_sends_nothing_in_a_refresh(self) -> None:
        probe = self.phone()
        probe.new().begin(code=203)
        probe.send(probe.sync())
        assert len(probe.stores["notes"]) == len(BASE)
        assert probe.exchange.report.exit_code == 6

    def test_deletes_nearly_everything(self) -> None:
        probe = self.phone()
        probe.session(*(remove(f"L{number}") for number in range(1, len(BASE))))
        assert [x.body for x in probe.stores["notes"].trash()] == [text.encode() for text in BASE[1:]]
        assert len(probe.stores["notes"]) == 1

    def test_after_the_stop_the_deletions_do_not_linger(self) -> None:
        probe = self.phone()
        probe.new().begin()
        probe.send(probe.sync(*(remove(f"L{number}") for number in range(len(BASE)))))
        back = probe.session(*(add(f"L{number}", text) for number, text in enumerate(BASE)), code=201)
        assert not back
        assert len(probe.stores["notes"]) == len(BASE)
