"""Large objects and packages of many messages: nothing longer than MaxMsgSize, nothing lost at the borders."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest
from pair import Cut, Pair, bodies, fill, fine, transferred
from probe import Probe, children
from scenes import TEXT, Scene

from minisyncml import status as codes
from minisyncml.errors import TransportError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.store.base import Item
from minisyncml.store.memory import MemoryStore
from minisyncml.store.spool import Spools
from minisyncml.transport.base import Packet

ANY = (("*/*", ""),)
WIRES = [(version, encoding) for version in ("1.2", "1.1") for encoding in ("wbxml", "xml")]


def limits(size: int) -> Limits:
    return DEFAULT._replace(max_msg_size=size, min_msg_size=min(size, 2000))


def pair_of(up: int, down: int, version: str = "1.2", encoding: str = "wbxml") -> Pair:
    """A pair whose client takes messages of `down` bytes and whose server takes `up`."""
    wire = {"version": version, "encoding": encoding}
    return Pair({"notes": MemoryStore(ANY)}, {"notes": MemoryStore(ANY)}, client_limits=limits(down),
                server_limits=limits(up), client_options=wire, server_options=wire)


def check_sizes(pair: Pair, up: int, down: int) -> None:
    """No message is longer than its receiver can take; the server's size is known after its first answer."""
    assert all(len(packet.body) <= down for packet in pair.down)
    assert all(len(packet.body) <= up for packet in pair.up[1:])
    assert len(pair.up[0].body) <= DEFAULT.default_peer_msg_size


def check_synced(pair: Pair, up: int, down: int) -> None:
    left, right = pair.sync()
    assert fine(left) and fine(right)
    check_sizes(pair, up, down)
    assert bodies(pair.client["notes"]) == bodies(pair.server["notes"])
    left, right = pair.sync()
    assert not transferred(left) and not transferred(right)


def texts(size: int) -> "dict[str, bytes]":
    """Bodies of about a size, by what is hard about them."""
    euro = "€uro und Ümläut 😀 ".encode()
    return {
        "ascii": b"x" * size,
        "multi-byte": euro * (size // len(euro) + 1),
        "markup": b"<&>]]>" * (size // 6 + 1),
        "lines": b"one\r\ntwo\n" * (size // 9 + 1),
        "binary": bytes(range(256)) * (size // 256 + 1),
    }


@pytest.mark.parametrize("kind", texts(1))
@pytest.mark.parametrize("version, encoding", WIRES, ids=["-".join(wire) for wire in WIRES])
class TestLargeObjects:
    @pytest.mark.parametrize("size", (1500, 1990, 2000, 2100, 3990, 4100, 20_000))
    def test_both_ways(self, kind: str, version: str, encoding: str, size: int) -> None:
        pair = pair_of(2000, 2000, version, encoding)
        body = texts(size)[kind]
        kind_of = "application/octet-stream"
        fill(pair.client["notes"], b"small 1", body + b" up", b"small 2", type=kind_of)
        fill(pair.server["notes"], b"small 3", body + b" down", b"small 4", type=kind_of)
        check_synced(pair, 2000, 2000)
        assert len(bodies(pair.client["notes"])) == 6


def test_a_large_object_is_read_once() -> None:
    """Not for each message that carries a part of it."""
    read: "list[str]" = []

    class Counting(MemoryStore):
        def get(self, id: str) -> "Optional[Item]":
            read.append(id)
            return super().get(id)

    client = Counting(ANY)
    pair = Pair({"notes": client}, {"notes": MemoryStore(ANY)}, reborn=False, client_limits=limits(2000),
                server_limits=limits(2000))
    fill(client, "x" * 40_000)
    left, right = pair.sync()
    assert fine(left) and fine(right) and len(pair.up) > 20 and len(read) <= 2
    assert bodies(pair.server["notes"]) == [b"x" * 40_000]


class TestSpool:
    """Parts that wait in files and not in the state of the session."""

    def pair(self, folder: Path) -> Pair:
        pair = pair_of(2000, 2000)
        spools = Spools(str(folder))
        pair.client_options = pair.client_options._replace(spool=spools)
        pair.server_options = pair.server_options._replace(spool=spools)
        return pair

    def test_the_state_does_not_grow(self, tmp_path: Path) -> None:
        pair, sizes, most = self.pair(tmp_path), [], []
        fill(pair.client["notes"], b"up" * 50_000)
        fill(pair.server["notes"], b"down" * 25_000)

        def carry(way: str, number: int, packet: Packet) -> Packet:
            assert pair.left is not None and pair.right is not None
            sizes.extend(len(repr(end.state())) for end in (pair.left, pair.right))
            most.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
            return packet
        left, right = pair.sync(carry=carry)
        assert fine(left) and fine(right)
        assert max(sizes) < 10_000 and max(most) > 90_000
        assert bodies(pair.client["notes"]) == bodies(pair.server["notes"]) and len(pair.client["notes"]) == 2
        assert [path.name for path in tmp_path.iterdir()] == ["lock"]

    @pytest.mark.parametrize("what", ("lost", "short", "gone wrong"))
    def test_a_spool_that_fails_costs_one_object(self, what: str, tmp_path: Path) -> None:
        pair = self.pair(tmp_path)
        fill(pair.client["notes"], b"large" * 2000, b"small")

        def carry(way: str, number: int, packet: Packet) -> Packet:
            for path in tmp_path.iterdir():
                if path.name != "lock" and path.is_file() and number == 4:
                    if what == "short":
                        path.write_bytes(b"large")
                    else:
                        path.unlink()
                    if what == "gone wrong":
                        path.mkdir()
            return packet
        left, right = pair.sync(carry=carry)
        assert left.report.datastores["notes"].remote.failed == 1 and right.failed is None
        assert bodies(pair.server["notes"]) == [b"small"]
        left, right = pair.sync()
        assert fine(left) and fine(right)
        assert bodies(pair.client["notes"]) == bodies(pair.server["notes"])

    @pytest.mark.parametrize("end", ("abort", "refuse"))
    def test_a_session_that_breaks_leaves_no_file(self, end: str, tmp_path: Path) -> None:
        probe = Probe({"notes": MemoryStore(ANY)}, spool=Spools(str(tmp_path)))
        probe.begin(code=201)
        item = c.Item(source="L1", data=b"x" * 500, more=True)
        probe.send(probe.sync(c.Add("", (item,), c.Meta(type="text/plain", size=5000))), final=False)
        assert probe.codes("Add") == [213] and len(list(tmp_path.iterdir())) == 2
        if end == "abort":
            probe.exchange.abort(TransportError("gone"))
        else:
            probe.send(c.Alert("", codes.ALERT_SUSPEND), final=False)
        assert [path.name for path in tmp_path.iterdir()] == ["lock"]


@pytest.mark.parametrize("encoding", ("wbxml", "xml"))
@pytest.mark.parametrize("step", range(0, 260, 4))
def test_every_size_near_a_message(encoding: str, step: int) -> None:
    pair = pair_of(2000, 2000, "1.2", encoding)
    fill(pair.client["notes"], *(("ä%d" % n).encode() * ((1150 + step * 2) // 3) for n in range(2)))
    fill(pair.server["notes"], *(b"x" * (1400 + step * 3 + n) for n in range(2)))
    check_synced(pair, 2000, 2000)


@pytest.mark.parametrize("encoding", ("wbxml", "xml"))
@pytest.mark.parametrize("up, down", ((2000, 2000), (2000, 10_000), (10_000, 2000), (5000, 3000)))
class TestManyMessages:
    def test_300_items_each_way(self, up: int, down: int, encoding: str) -> None:
        pair = pair_of(up, down, "1.2", encoding)
        fill(pair.client["notes"], *(f"client {n} " + "x" * (n * 7 % 300) for n in range(300)))
        fill(pair.server["notes"], *(f"server {n} " + "y" * (n * 11 % 300) for n in range(300)))
        left, right = pair.sync()
        assert fine(left) and fine(right)
        check_sizes(pair, up, down)
        assert len(bodies(pair.client["notes"])) == 600
        assert bodies(pair.client["notes"]) == bodies(pair.server["notes"])
        for exchange in (left, right):
            part = exchange.report.datastores["notes"]
            assert (part.local.added, part.remote.added) == (300, 300)
        self.check_syncs(pair)

    def check_syncs(self, pair: Pair) -> None:
        """NumberOfChanges in the first Sync only, and right; Final once in each package."""
        for side in ("up", "down"):
            syncs = [command for way, message in pair.messages() if way == side
                     for command in message.commands if isinstance(command, c.Sync)]
            assert [sync.number_of_changes for sync in syncs] == [300] + [None] * (len(syncs) - 1)
            assert sum(len(command.items) for sync in syncs for command in sync.commands) == 300
            assert sum(message.final for way, message in pair.messages() if way == side) == 3

    def test_messages_are_filled(self, up: int, down: int, encoding: str) -> None:
        pair = pair_of(up, down, "1.2", encoding)
        fill(pair.client["notes"], *(f"client {n} {'x' * 40}" for n in range(300)))
        pair.sync()
        full = [len(packet.body) for packet, (_, message) in zip(pair.up, pair.messages()[::2])
                if not message.final and any(isinstance(x, c.Sync) for x in message.commands)]
        assert len(full) >= 2
        assert min(full[1:]) > up - 400


def test_a_map_in_several_messages_is_owed_until_each_is_answered() -> None:
    pair = pair_of(2000, 20_000)
    fill(pair.server["notes"], *(f"note {n}" for n in range(200)))

    def carry(way: str, number: int, packet: Packet) -> Packet:
        maps = [x for x in document.parse(packet.body).message.commands if isinstance(x, c.Map)]
        if maps and parts:
            raise Cut
        parts.extend(maps)
        return packet
    parts: "list[c.Map]" = []
    with pytest.raises(Cut):
        pair.sync(carry=carry)
    pair.sync()
    again = [item for way, message in pair.messages() for x in message.commands if isinstance(x, c.Map)
             for item in x.items]
    assert 0 < len(parts[0].items) < 200 and len(again) == 200 - sum(len(part.items) for part in parts)
    left, right = pair.sync()
    assert not transferred(left) and not transferred(right)


class TestSmallMessages:
    @pytest.mark.parametrize("size", (300, 1000, 1999))
    def test_a_peer_that_announces_nearly_nothing(self, size: int) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        fill(probe.stores["notes"], *(f"note {n} " + "x" * 100 for n in range(50)))
        probe.begin(code=201)
        reply, items = probe.send(probe.sync(), size=size), 0
        for _ in range(100):
            items += len(children(reply))
            assert len(probe.raw) <= max(size, DEFAULT.min_msg_size)
            if reply.final:
                break
            reply = probe.send(c.Alert("", 222), size=size, final=False)
        assert items == 50

    def test_a_peer_that_changes_its_mind(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        fill(probe.stores["notes"], *(f"note {n} " + "x" * 100 for n in range(300)))
        probe.begin(code=201)
        probe.send(probe.sync(), size=20_000)
        assert 15_000 < len(probe.raw) <= 20_000
        probe.send(c.Alert("", 222), size=4_000, final=False)
        assert 3_000 < len(probe.raw) <= 4_000

    def test_statuses_alone_fill_messages(self) -> None:
        scene = Scene(first=True, size=2000)
        fill(scene.client, *(f"n{n}" for n in range(400)))
        left, right = scene.pair.sync()
        assert fine(left) and fine(right)
        check_sizes(scene.pair, 2000, 2000)
        assert left.report.datastores["notes"].remote.added == 400


def chunk(probe: Probe, data: bytes, more: bool, size: Optional[int] = None, luid: str = "L1",
          final: Optional[bool] = None) -> "list[int]":
    """Send a part of an object; the Statuses of the item."""
    item = c.Item(source=luid, data=data, more=more)
    meta = c.Meta(type="text/plain", size=size)
    probe.send(probe.sync(c.Add("", (item,), meta)), final=not more if final is None else final)
    return probe.codes("Add")


class TestChunksFromPhones:
    @pytest.fixture
    def phone(self) -> Probe:
        small = DEFAULT._replace(max_obj_size=1000)
        probe = Probe({"notes": MemoryStore(TEXT)}, limits=small)
        probe.begin(code=201)
        return probe

    def stored(self, probe: Probe) -> "list[bytes]":
        if not probe.reply.final:
            probe.send(probe.sync())
        return bodies(probe.stores["notes"])

    def test_in_three_parts(self, phone: Probe) -> None:
        assert chunk(phone, b"abc", True, 9) == [213]
        assert 222 in phone.alerts()
        assert chunk(phone, b"def", True) == [213]
        assert chunk(phone, b"ghi", False) == [201]
        assert self.stored(phone) == [b"abcdefghi"]

    def test_the_size_is_missing(self, phone: Probe) -> None:
        assert chunk(phone, b"abc", True) == [411]
        assert self.stored(phone) == []

    def test_the_size_is_nothing(self, phone: Probe) -> None:
        assert chunk(phone, b"abc", True, 0) == [411]

    def test_the_object_is_larger_than_what_we_take(self, phone: Probe) -> None:
        assert chunk(phone, b"abc", True, 1001) == [416]
        assert self.stored(phone) == []

    def test_an_object_in_one_piece_is_larger_than_what_we_take(self, phone: Probe) -> None:
        assert chunk(phone, b"x" * 1001, False) == [416]

    @pytest.mark.parametrize("size", (5, 7))
    def test_the_parts_are_not_the_whole(self, phone: Probe, size: int) -> None:
        chunk(phone, b"abc", True, size)
        assert chunk(phone, b"def", False) == [424]
        assert self.stored(phone) == []

    def test_too_much_comes(self, phone: Probe) -> None:
        chunk(phone, b"abc", True, 5)
        assert chunk(phone, b"def", True) == [424]

    def test_the_size_is_said_again(self, phone: Probe) -> None:
        chunk(phone, b"abc", True, 6)
        assert chunk(phone, b"def", False, 6) == [201]
        assert self.stored(phone) == [b"abcdef"]

    def test_the_sender_begins_anew(self, phone: Probe) -> None:
        chunk(phone, b"abc", True, 6)
        assert chunk(phone, b"ABC", True, 8) == [213]
        assert chunk(phone, b"DEFGH", False) == [201]
        assert self.stored(phone) == [b"ABCDEFGH"]

    def test_another_item_comes_between(self, phone: Probe) -> None:
        chunk(phone, b"abc", True, 6)
        assert chunk(phone, b"whole", False, luid="L2", final=False) == [201]
        assert codes.ALERT_NO_END_OF_DATA in phone.alerts()
        assert chunk(phone, b"abc", True, 6) == [213]
        assert chunk(phone, b"def", False) == [201]
        assert self.stored(phone) == [b"abcdef", b"whole"]

    def test_the_package_ends_before_the_object(self, phone: Probe) -> None:
        assert chunk(phone, b"abc", True, 6, final=True) == [213]
        assert codes.ALERT_NO_END_OF_DATA in phone.alerts()
        assert self.stored(phone) == []

    def test_base64_cut_anywhere(self, phone: Probe) -> None:
        text = b"aGVsbG8gd29ybGQ="
        item = c.Item(source="L1", data=text[:7], more=True)
        phone.send(phone.sync(c.Add("", (item,), c.Meta(type="text/plain", format="b64", size=16))), final=False)
        assert chunk(phone, text[7:], False) == [201]
        assert self.stored(phone) == [b"hello world"]

    def test_base64_whose_size_is_that_of_the_data(self, phone: Probe) -> None:
        item = c.Item(source="L1", data=b"aGVsbG8=", more=True)
        phone.send(phone.sync(c.Add("", (item,), c.Meta(type="text/plain", format="b64", size=11))), final=False)
        assert phone.codes("Add") == [213]
        assert chunk(phone, b"IHdvcmxk", False) == [201]
        assert self.stored(phone) == [b"hello world"]


class TestAPeerThatWantsNoLargeObjects:
    def test_it_is_told_and_the_rest_goes_on(self) -> None:
        scene = Scene(first=True, size=2000, client_options={"version": "1.0"})
        fill(scene.client, "small 1", "x" * 5000, "small 2")
        left, right = scene.pair.sync()
        assert bodies(scene.server) == [b"small 1", b"small 2"]
        assert left.report.exit_code == 1
        assert left.report.datastores["notes"].remote.failures[0].status == codes.TOO_LARGE

    @pytest.mark.parametrize("size", (1200, 1500, 1600))
    def test_what_fills_nearly_a_message_gets_one_for_itself(self, size: int) -> None:
        scene = Scene(first=True, size=2000, client_options={"version": "1.0"})
        texts = ["small 1", "x" * size, "small 2", "y" * size]
        fill(scene.client, *texts)
        left, right = scene.pair.sync()
        assert bodies(scene.server) == sorted(map(str.encode, texts)) and fine(left) and fine(right)

    @pytest.mark.parametrize("code", (416, 413, 420, 500))
    def test_a_refused_chunk_ends_the_object(self, code: int) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        fill(probe.stores["notes"], "x" * 5000, "small")
        probe.begin(code=201)
        probe.send(probe.sync(), size=2000)
        assert [x.items[0].more for x in children(probe.reply)] == [True]
        refused = [x._replace(code=code) if x.cmd == "Add" else x for x in probe.answers()]
        probe.send(*refused, c.Alert("", 222), answer=False, final=False, size=2000)
        datas = [x.items[0].data for x in children(probe.reply)]
        assert datas == ([b"small"] if code != 420 else [])
        assert probe.reply.final
        assert probe.exchange.report.exit_code == 1
