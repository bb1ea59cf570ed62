"""Several datastores in one session, several clients on one store, and sessions of unusual shape."""

from __future__ import annotations

from pathlib import Path

import pytest
from pair import Pair, bodies, delete, edit, fill, fine, transferred
from probe import Probe, add, children, replace
from probe import delete as remove
from scenes import TEXT, Scene, cut_at

from minisyncml import status as codes
from minisyncml.errors import ItemError, RemoteProtocolError, StoreError
from minisyncml.gateway.exchange import Exchange
from minisyncml.limits import DEFAULT
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.message.writer import Writer
from minisyncml.store.base import Item
from minisyncml.store.batch import Overlay
from minisyncml.store.files import Files
from minisyncml.store.memory import MemoryStore
from minisyncml.store.vdir import VdirStore
from minisyncml.transport.base import Packet

NAMES = ("notes", "memos", "jokes")


class Broken(MemoryStore):
    """A store whose disk is gone when a session begins, or when an item comes."""

    def __init__(self, when: str) -> None:
        super().__init__(TEXT)
        self.when = when

    def refresh(self, rescan: bool = False) -> None:
        if self.when == "begin":
            raise StoreError("the disk is gone")

    def check(self, id: int, type: str, body: bytes) -> None:
        if self.when == "item":
            raise StoreError("the disk is gone")


class Ordered(MemoryStore):
    """A store that no session may wait for while it holds one of a later name."""

    held: "list[str]" = []

    def __init__(self, name: str) -> None:
        super().__init__(TEXT)
        self.name = name

    def refresh(self, rescan: bool = False) -> None:
        with self.begin():
            pass

    def _lock(self) -> None:
        assert all(other < self.name for other in self.held), f"waits for {self.name} and holds {self.held}"
        super()._lock()
        self.held.append(self.name)

    def _unlock(self) -> None:
        self.held.remove(self.name)
        super()._unlock()


class Filling(MemoryStore):
    """A store whose disk is full from some commit on."""

    left = 1000

    def _take(self, batch: Overlay) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreError("the disk is full")
        super()._take(batch)


def several() -> Pair:
    return Pair({name: MemoryStore(TEXT) for name in NAMES}, {name: MemoryStore(TEXT) for name in NAMES})


class TestDatastores:
    def test_all_in_one_session(self) -> None:
        pair = several()
        for name in NAMES:
            fill(pair.client[name], f"{name} of the client")
            fill(pair.server[name], f"{name} of the server")
        left, right = pair.sync()
        assert fine(left) and fine(right)
        assert len(pair.up) == 3
        for name in NAMES:
            wanted = sorted(f"{name} of the {side}".encode() for side in ("client", "server"))
            assert bodies(pair.client[name]) == bodies(pair.server[name]) == wanted
        left, right = pair.sync()
        assert not transferred(left) and not transferred(right)

    @pytest.mark.parametrize("names", (NAMES, NAMES[::-1]))
    def test_no_two_sessions_can_wait_for_each_other(self, names: "tuple[str, ...]") -> None:
        pair = Pair({name: MemoryStore(TEXT) for name in names}, {name: Ordered(name) for name in names})
        for _ in range(3):
            for name in names:
                fill(pair.client[name], f"{name} of the client")
                fill(pair.server[name], f"{name} of the server")
            left, right = pair.sync()
            assert fine(left) and fine(right)
        for name in names:
            assert bodies(pair.client[name]) == bodies(pair.server[name])
            assert len(bodies(pair.client[name])) == 6

    @pytest.mark.parametrize("left", range(5))
    def test_a_commit_that_fails_gives_its_lock_back(self, left: int) -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": Filling(TEXT)})
        fill(pair.client["notes"], *(f"note {number}" for number in range(500)))
        fill(pair.server["notes"], "another")
        server = pair.server["notes"]
        assert isinstance(server, Filling)
        server.left, server.lock_timeout = left, 0.0
        try:
            _, right = pair.sync()
            error = right.report.datastores["notes"].error
        except StoreError as raised:
            error = raised
        assert isinstance(error, StoreError) and "full" in str(error)
        server.left = 1000
        pair.sync()
        assert bodies(pair.client["notes"]) == bodies(server) and len(bodies(server)) == 501

    @pytest.mark.parametrize("when", ("begin", "item"))
    @pytest.mark.parametrize("side", ("client", "server"))
    def test_one_fails_the_others_go_on(self, side: str, when: str) -> None:
        pair = several()
        stores = pair.client if side == "client" else pair.server
        stores["memos"] = Broken(when)      # type: ignore[index]
        other = pair.server if side == "client" else pair.client
        for name in NAMES:
            fill(other[name], f"one of {name}")
        left, right = pair.sync()
        failing = left if side == "client" else right
        errors = failing.report.datastores
        assert isinstance(errors["memos"].error, StoreError)
        assert not errors["notes"].error and not errors["jokes"].error
        for name in ("notes", "jokes"):
            assert bodies(pair.client[name]) == bodies(pair.server[name]) == [f"one of {name}".encode()]
        assert len(stores["memos"]) == 0 and len(other["memos"]) == 1
        stores["memos"] = MemoryStore(TEXT)     # type: ignore[index]
        left, right = pair.sync()
        assert fine(left) and fine(right)
        assert bodies(stores["memos"]) == [b"one of memos"]
        assert not left.report.datastores["notes"].slow

    @pytest.mark.parametrize("size", (2000, 150_000))
    @pytest.mark.parametrize("left", range(9))
    @pytest.mark.parametrize("side", ("client", "server"))
    def test_one_that_cannot_commit_fails_alone(self, side: str, left: int, size: int) -> None:
        limits = DEFAULT._replace(max_msg_size=size)
        pair = Pair({name: MemoryStore(TEXT) for name in NAMES}, {name: MemoryStore(TEXT) for name in NAMES},
                    client_limits=limits, server_limits=limits)
        stores = pair.client if side == "client" else pair.server
        full = stores["memos"] = Filling(TEXT)      # type: ignore[index]
        for name in NAMES:
            ids = fill(pair.client[name], *(f"{name} {number} of the client" for number in range(70)))
            fill(pair.server[name], *(f"{name} {number} of the server" for number in range(70)))
        pair.sync()
        for name in NAMES:
            delete(pair.client[name], *ids[:20])
            for where, items in (("client", pair.client), ("server", pair.server)):
                fill(items[name], *(f"{name} {number} of the {where}" for number in range(70, 140)))
        full.left, full.lock_timeout = left, 0.0
        try:
            sessions = pair.sync()
        except StoreError:      # half of it was sent or answered, and must not count as all
            assert size == 2000
        else:
            report = sessions[side == "server"].report.datastores
            assert full.left >= 0 or isinstance(report["memos"].error, StoreError)
            for name in ("notes", "jokes"):
                assert report[name].error is None
                assert bodies(pair.client[name]) == bodies(pair.server[name]) and len(pair.client[name]) == 260
        full.left = 1000
        first, second = pair.sync()
        assert fine(first) and fine(second)
        for name in NAMES:
            assert bodies(pair.client[name]) == bodies(pair.server[name]) and len(pair.client[name]) == 260
        first, second = pair.sync()
        assert not transferred(first) and not transferred(second)

    @pytest.mark.parametrize("mode", ("refresh-from-client", "refresh-from-server"))
    @pytest.mark.parametrize("left", range(6))
    @pytest.mark.parametrize("side", ("client", "server"))
    def test_half_of_a_refresh_is_never_taken_for_all(self, side: str, left: int, mode: str) -> None:
        limits = DEFAULT._replace(max_msg_size=2000)
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)}, client_limits=limits,
                    server_limits=limits)
        full = (pair.client if side == "client" else pair.server)["notes"] = Filling(TEXT)  # type: ignore[index]
        fill(pair.client["notes"], *(f"note {number}" for number in range(140)))
        pair.sync()
        full.left, full.lock_timeout = left, 0.0
        try:
            pair.sync(mode)
        except StoreError:
            pass
        assert len(pair.client["notes"]) == len(pair.server["notes"]) == 140

    def test_a_datastore_that_the_server_has_not(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        meta = c.Meta(next="1")
        other = c.Alert("", 200, (c.Item(source="./x", target="./nothing", meta=meta),))
        probe.send(other, probe.alert(201))
        assert probe.codes("Alert") == [404, 200]
        probe.send(c.Sync("", "./nothing", "./x", (add("L1", "lost"),)), probe.sync(add("L1", "a")))
        assert probe.codes("Sync") == [404, 200]
        assert probe.codes("Add")[0] >= 400 and probe.codes("Add")[1] == 201
        assert bodies(probe.stores["notes"]) == [b"a"]

    def test_a_sync_without_an_alert(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.send()
        probe.send(probe.sync(add("L1", "a")))
        assert probe.codes("Sync")[0] >= 400 and probe.codes("Add")[0] >= 400
        assert len(probe.stores["notes"]) == 0

    def test_one_alert_with_two_items(self) -> None:
        stores = {name: MemoryStore(TEXT) for name in NAMES}
        probe = Probe(stores)
        items = tuple(c.Item(source=f"./my{name}", target=f"./{name}", meta=c.Meta(next="1")) for name in NAMES)
        probe.send(c.Alert("", 201, items))
        assert probe.codes("Alert") == [200] * 3 and probe.alerts() == [201] * 3
        assert len({x.cmd_ref for x in probe.statuses() if x.cmd == "Alert"}) == 1
        assert [x.source_refs for x in probe.statuses() if x.cmd == "Alert"] == [(f"./my{name}",) for name in NAMES]

    def test_the_same_datastore_twice(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.send(probe.alert(201), probe.alert(201))
        assert probe.codes("Alert") == [200, 405]


class Picky(MemoryStore):
    """A store that cannot take, or cannot give, one of its items."""

    refused = b"unwanted"

    def check(self, id: int, type: str, body: bytes) -> None:
        if self.refused in body:
            raise ItemError("no such things here", 415)

    def get(self, id: str) -> "Item | None":
        item = super().get(id)
        if item is not None and b"unreadable" in item.body:
            raise ItemError("this one cannot be read", 413)
        return item


class Blocked(Files):
    """A folder in which nothing can be written for a while."""

    on = True

    def replace(self, old: str, new: str) -> None:
        if self.on and new.endswith(".txt"):
            raise PermissionError(13, "Permission denied", old)
        super().replace(old, new)


@pytest.mark.parametrize("server", (True, False))
def test_files_that_cannot_be_written_are_told_and_written_later(tmp_path: Path, server: bool) -> None:
    files = Blocked()
    here = VdirStore(str(tmp_path / "notes"), str(tmp_path / "journal"), TEXT, ".txt", files=files)
    there = MemoryStore(TEXT)
    fill(there, "a", "b")
    pair = Pair({"notes": there if server else here}, {"notes": here if server else there})
    left, right = pair.sync()
    report = (right if server else left).report
    failure, = report.datastores["notes"].local.failures
    assert report.exit_code == 1 and report.datastores["notes"].local.added == 2
    assert failure.words.endswith(".txt: no rights to read or write it") and ".tmp" not in failure.words
    files.on = False
    left, right = pair.sync()
    assert left.report.exit_code == right.report.exit_code == 0
    assert sorted(path.read_text() for path in (tmp_path / "notes").iterdir()) == ["a", "b"]
    assert bodies(there) == bodies(here) == [b"a", b"b"]
    here.close()


class TestOneItemFails:
    @pytest.mark.parametrize("mode", ("two-way", "slow", "refresh-from-client"))
    def test_one_that_cannot_be_given(self, mode: str) -> None:
        picky = Picky(TEXT)
        pair = Pair({"notes": picky}, {"notes": MemoryStore(TEXT)})
        fill(picky, "a", "unreadable", "c")
        fill(pair.server["notes"], "like c ")
        left, right = pair.sync(mode)
        assert left.report.exit_code == 1
        assert [x.status for x in left.report.datastores["notes"].local.failures] == [413]
        assert {b"a", b"c"} <= set(bodies(pair.server["notes"]))

    @pytest.mark.parametrize("there", ((), ("something",)))
    def test_one_that_cannot_be_taken(self, there: "tuple[str, ...]") -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": Picky(TEXT)})
        fill(pair.client["notes"], "a", "unwanted", "c")
        fill(pair.server["notes"], *there)      # so that the items are parked first
        left, right = pair.sync()
        assert right.report.exit_code == 1
        assert bodies(pair.server["notes"]) == sorted((b"a", b"c", *(text.encode() for text in there)))
        left, right = pair.sync()
        assert len(bodies(pair.server["notes"])) == 2 + len(there)


class TestParkedAndRefused:
    """A slow sync parked it and said 201; the store refuses it only when it is to be placed."""

    def phone(self) -> Probe:
        probe = Probe({"notes": Picky(TEXT)})
        fill(probe.stores["notes"], "of the server")
        assert len(probe.session(add("L1", "a"), add("L2", "unwanted"), code=201)) == 1
        assert self.failed(probe) == ["L2"]
        return probe

    def failed(self, probe: Probe) -> "list[str]":
        return [one.id for one in probe.exchange.report.datastores["notes"].local.failures]

    def test_it_is_tried_again_in_each_session(self) -> None:
        probe = self.phone()
        store = probe.stores["notes"]
        for _ in range(2):
            assert not probe.session()
            assert self.failed(probe) == ["L2"]
        store.refused = b"something else"      # type: ignore[attr-defined]
        assert not probe.session()
        assert not self.failed(probe)
        assert bodies(store) == [b"a", b"of the server", b"unwanted"]
        assert not probe.session() and len(store) == 3

    def test_what_the_client_says_later_counts(self) -> None:
        probe = self.phone()
        probe.session(replace("L2", "now fine"))
        assert not self.failed(probe)
        assert bodies(probe.stores["notes"]) == [b"a", b"now fine", b"of the server"]
        probe = self.phone()
        probe.session(remove("L2"))
        assert not self.failed(probe)
        assert bodies(probe.stores["notes"]) == [b"a", b"of the server"]


def test_a_server_may_do_less_than_asked() -> None:
    def only_from_client(way: str, number: int, packet: Packet) -> Packet:
        if (way, number) != ("down", 0):
            return packet
        parsed = document.parse(packet.body)
        writer = Writer(parsed.message.header, parsed.encoding, None, "1.2")
        for command in parsed.message.commands:
            writer.add(command._replace(code=204) if isinstance(command, c.Alert) else command)
        return packet._replace(body=writer.finish(True))
    scene = Scene()
    fill(scene.client, "of the client")
    scene.run("two-way", only_from_client)
    changes = [child for way, message in scene.pair.messages() if way == "up" for child in children(message)]
    assert not changes


class TestTwoClients:
    def pairs(self) -> "tuple[Pair, Pair]":
        server = MemoryStore(TEXT)
        one = Pair({"notes": MemoryStore(TEXT)}, {"notes": server})
        two = Pair({"notes": MemoryStore(TEXT)}, {"notes": server})
        two.client_options = two.client_options._replace(device="phone-2")
        return one, two

    def check(self, one: Pair, two: Pair, *wanted: str) -> None:
        for _ in range(2):
            for pair in (one, two):
                left, right = pair.sync()
                assert fine(left) and fine(right)
        everywhere = [bodies(store) for store in (one.client["notes"], two.client["notes"], one.server["notes"])]
        assert everywhere == [sorted(text.encode() for text in wanted)] * 3
        for pair in (one, two):
            left, right = pair.sync()
            assert not transferred(left) and not transferred(right)

    def test_they_see_each_others_items(self) -> None:
        one, two = self.pairs()
        fill(one.client["notes"], "a", "both")
        fill(two.client["notes"], "b", "both")
        self.check(one, two, "a", "b", "both")

    def test_edits_and_deletions_travel(self) -> None:
        one, two = self.pairs()
        ids = fill(one.client["notes"], "a", "b", "c")
        self.check(one, two, "a", "b", "c")
        edit(one.client["notes"], ids[0], "A")
        delete(one.client["notes"], ids[1])
        fill(two.client["notes"], "d")
        self.check(one, two, "A", "c", "d")

    def test_both_edit_the_same(self) -> None:
        one, two = self.pairs()
        ids = fill(one.client["notes"], "a")
        self.check(one, two, "a")
        edit(one.client["notes"], ids[0], "one")
        edit(two.client["notes"], "1", "two")
        self.check(one, two, "one", "two")

    def test_one_deletes_what_the_other_edits(self) -> None:
        one, two = self.pairs()
        ids = fill(one.client["notes"], "a")
        self.check(one, two, "a")
        delete(one.client["notes"], ids[0])
        edit(two.client["notes"], "1", "two")
        self.check(one, two, "two")

    def test_one_syncs_while_the_other_does(self) -> None:
        one, two = self.pairs()
        fill(one.client["notes"], "a")
        fill(two.client["notes"], "b")
        left, right = one._left(), one._right()
        packet = left.start()
        while packet is not None:
            answer = right.handle(packet)
            other, _ = two.sync()       # a whole session between any two messages
            assert fine(other) and answer is not None
            packet = left.handle(answer)
        self.check(one, two, "a", "b")


class TestWithoutInitialization:
    """Changes that come with the first message, in one package."""

    def phone(self) -> Probe:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.session(add("L1", "a"), code=201)
        fill(probe.stores["notes"], "of the server")
        return probe.new()

    def test_a_normal_sync(self) -> None:
        phone = self.phone()
        reply = phone.send(phone.alert(), phone.sync(add("L2", "b")))
        assert phone.codes("Alert") == [200] and phone.codes("Sync") == [200] and phone.codes("Add") == [201]
        assert phone.alerts() == [200] and reply.final
        assert [x.items[0].data for x in children(reply)] == [b"of the server"]
        phone.send(c.Map("", "./notes", "./mine", (c.MapItem("2", "L3"),)))
        assert phone.exchange.finished
        assert not phone.session()
        assert len(phone.stores["notes"]) == 3

    def test_a_slow_sync(self) -> None:
        phone = self.phone()
        reply = phone.send(phone.alert(201), phone.sync(replace("L1", "a"), replace("L2", "b")))
        assert phone.codes("Replace") == [200, 201]
        assert [x.items[0].data for x in children(reply)] == [b"of the server"]

    def test_a_sync_that_has_to_be_slow(self) -> None:
        phone = self.phone()
        phone.anchors["notes"] = "something else"
        phone.send(phone.alert(), phone.sync(add("L2", "b")))
        assert phone.codes("Alert") == [508] and phone.alerts() == [201]
        assert phone.codes("Sync")[0] >= 400 and phone.codes("Add")[0] >= 400
        reply = phone.send(phone.sync(replace("L1", "a"), replace("L2", "b")))
        assert phone.codes("Replace") == [200, 201]
        assert [x.items[0].data for x in children(reply)] == [b"of the server"]

    def test_with_one_datastore_that_goes_and_one_that_does_not(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT), "memos": MemoryStore(TEXT)})
        probe.session(add("L1", "a"), code=201)
        other = c.Alert("", 200, (c.Item(source="./my", target="./memos", meta=c.Meta(next="1")),))
        changes = c.Sync("", "./memos", "./my", (add("M1", "memo"),))
        probe.new().send(probe.alert(), other, probe.sync(add("L2", "b")), changes)
        assert probe.codes("Alert") == [200, 508]
        probe.send(changes)
        for _ in range(3):
            if not probe.exchange.finished:
                probe.send()
        assert bodies(probe.stores["memos"]) == [b"memo"]
        assert bodies(probe.stores["notes"]) == [b"a", b"b"]


class TestPackages:
    def test_final_is_missing_and_the_package_goes_on(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.begin(code=201)
        reply = probe.send(probe.sync(add("L1", "a")), final=False)
        assert not reply.final and probe.alerts() == [222]
        assert probe.codes("Add") == [201]
        reply = probe.send(probe.sync(add("L2", "b")))
        assert reply.final
        assert bodies(probe.stores["notes"]) == [b"a", b"b"]

    def test_final_comes_too_often(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        fill(probe.stores["notes"], *("note %d %s" % (n, "x" * 100) for n in range(60)))
        probe.begin(code=201)
        got = len(children(probe.send(probe.sync(add("L1", "a")), size=2000)))
        for _ in range(40):
            if probe.reply.final:
                break
            got += len(children(probe.send(c.Alert("", 222), size=2000)))      # with a Final each time
        assert got == 60
        probe.send()
        assert probe.exchange.finished

    def test_a_peer_that_never_says_final_is_given_up(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.begin(code=201)
        with pytest.raises(RemoteProtocolError, match="never says"):
            for _ in range(100):
                probe.send(c.Alert("", 222), final=False)

    def test_an_empty_message_is_an_implicit_next(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        fill(probe.stores["notes"], *("note %d %s" % (n, "x" * 100) for n in range(60)))
        probe.begin(code=201)
        got = len(children(probe.send(probe.sync(), size=2000)))
        for _ in range(40):
            if not probe.reply.final:
                got += len(children(probe.send(size=2000, final=False)))
        assert got == 60

    def test_the_session_ends_with_the_last_package(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.begin(code=201)
        probe.send(probe.sync())
        assert not probe.exchange.finished
        reply = probe.send()
        assert probe.exchange.finished and reply.final
        assert [x.cmd for x in probe.statuses()] == ["SyncHdr"]

    @pytest.mark.parametrize("later", (0, 1, 2))
    def test_changes_after_their_package_are_refused(self, later: int) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.begin(code=201)
        probe.send(probe.sync(add("L1", "a"), add("L2", "b")))
        for _ in range(later):
            probe.send()
        probe.send(probe.sync(remove("L1"), replace("L2", "B"), add("L3", "c")))
        assert [probe.codes(name) for name in ("Sync", "Delete", "Replace", "Add")] == [[405]] * 4
        assert bodies(probe.stores["notes"]) == [b"a", b"b"]
        assert not probe.session(remove("L1"), replace("L2", "B"), add("L3", "c"))
        assert bodies(probe.stores["notes"]) == [b"B", b"c"]

    def test_a_map_of_what_is_not_there_does_no_harm(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        ids = fill(probe.stores["notes"], "a", "b")
        probe.begin(code=201)
        probe.send(probe.sync())
        delete(probe.stores["notes"], ids[0])
        pairs = ((ids[0], "L1"), ("77", "L2"), ("9" * 30, "L3"), ("x", "L4"), (ids[1], "L5"))
        for _ in range(2):      # a repeat is accepted, too
            probe.send(c.Map("", "./notes", "./mine", tuple(c.MapItem(*pair) for pair in pairs)))
            assert probe.codes("Map") == [200]
        assert not [x for x in probe.session(replace("L5", "B")) if not isinstance(x, c.Delete)]
        assert bodies(probe.stores["notes"]) == [b"B"]

    def test_a_server_that_sends_nothing_where_only_the_client_counts(self) -> None:
        for code in (202, 203):
            probe = Probe({"notes": MemoryStore(TEXT)})
            probe.session(add("L1", "a"), code=201)
            fill(probe.stores["notes"], "of the server")
            probe.new().begin(code=code)
            reply = probe.send(probe.sync(replace("L1", "A")))
            assert not [x for x in reply.commands if isinstance(x, c.Sync)] and reply.final

    @pytest.mark.parametrize("here", (0, 90))
    def test_suspending(self, here: int) -> None:
        """Also while the server has more to send."""
        probe = Probe({"notes": MemoryStore(TEXT)})
        fill(probe.stores["notes"], *(f"note {number} {'x' * 60}" for number in range(here)))
        probe.begin(code=201)
        probe.send(probe.sync(add("L1", "a")), final=bool(here), size=2000)
        probe.send(c.Alert("", codes.ALERT_SUSPEND, (c.Item(source="phone-9", target="http://server/"),)), final=False)
        assert probe.codes("Alert") == [200]
        assert not probe.reply.final and all(isinstance(x, c.Status) for x in probe.reply.commands)
        assert probe.exchange.finished
        assert "before notes was synced" in str(probe.exchange.report.datastores["notes"].error)
        probe.new().send(probe.alert(codes.ALERT_RESUME))
        assert probe.codes("Alert") == [508] and probe.alerts() == [201]
        probe.send(probe.sync(replace("L1", "a"), replace("L2", "b")))
        assert bodies(probe.stores["notes"])[:2] == [b"a", b"b"] and len(probe.stores["notes"]) == here + 2


class TestServerOnly:
    """A server whose client leaves the Map to the next session."""

    def test_an_item_deleted_before_its_map_comes(self) -> None:
        scene = Scene(first=True)
        ids = fill(scene.server, "x")
        scene.run("two-way", cut_at("up", 2))
        assert bodies(scene.client) == [b"x"]
        delete(scene.server, *ids)
        scene.pair.sync()
        scene.pair.sync()
        client, server = scene.contents()
        assert client == server


def test_reports_are_whole_after_a_rebirth() -> None:
    scene = Scene()
    scene.change()
    left, right = scene.pair.sync()
    assert isinstance(left, Exchange) and left.report.messages == right.report.messages == 6
    assert left.report.bytes_out == right.report.bytes_in > 0
