"""All modes, in every version and encoding: first time, later, both sides with content."""

from __future__ import annotations

from collections import Counter

import pytest
from pair import fill, fine, transferred
from scenes import BASE, MODES, Scene, expected, multiset

from minisyncml import status as codes
from minisyncml.message import commands as c

WIRES = [(version, encoding) for version in ("1.2", "1.1", "1.0") for encoding in ("wbxml", "xml")]
every_wire = pytest.mark.parametrize("version, encoding", WIRES, ids=["-".join(wire) for wire in WIRES])
every_mode = pytest.mark.parametrize("mode", MODES)


def scene_of(version: str, encoding: str, **more: object) -> Scene:
    wire = {"version": version, "encoding": encoding}
    return Scene(client_options=wire, server_options=wire, **more)  # type: ignore[arg-type]


def check_wire(scene: Scene, version: str, encoding: str) -> None:
    """Every message keeps to the version and encoding, and each Status answers a command of the message before."""
    for packet in scene.pair.up + scene.pair.down:
        assert (packet.body[:5] == b"<?xml") == (encoding == "xml")
    for _, message in scene.pair.messages():
        assert (message.header.version, message.header.protocol) == (version, f"SyncML/{version}")


def check_statuses(scene: Scene) -> None:
    """Each command got its Status, in order, the one for SyncHdr first; items share it, or it names those it is for."""
    messages = scene.pair.messages()
    for side in ("up", "down"):
        wanted, given = [], []
        for way, message in messages:
            if way == side:
                wanted += [(message.header.msg_id, *key) for key in commands_of(message)]
            else:
                own = [x for x in message.commands if isinstance(x, c.Status)]
                assert not own or own[0].cmd == "SyncHdr"
                named = [((x.msg_ref, x.cmd_ref, x.cmd), x.target_refs + x.source_refs) for x in own
                         if x.cmd != "SyncHdr"]
                given += [key for number, (key, refs) in enumerate(named)
                          if not (number and named[number - 1][0] == key and refs)]
        if side == "down":
            # a client ends silently when there is nothing but good news
            assert given == wanted[:len(given)]
        else:
            assert given == wanted


def commands_of(message: c.Message) -> "list[tuple[str, str]]":
    found = []
    for command in message.commands:
        if not isinstance(command, c.Status):
            found.append((command.cmd_id, c.name_of(command)))
            found += [(child.cmd_id, c.name_of(child)) for child in getattr(command, "commands", ())]
    return found


@every_mode
@every_wire
class TestModes:
    def test_first(self, mode: str, version: str, encoding: str) -> None:
        scene = scene_of(version, encoding, first=True)
        fill(scene.client, "on both", "of the client")
        fill(scene.server, "on both", "of the server")
        before = (Counter[bytes](), *scene.contents())
        left, right = scene.pair.sync(mode)
        assert fine(left) and fine(right)
        check_wire(scene, version, encoding)
        check_statuses(scene)
        client, server = scene.contents()
        if mode.startswith("one-way"):
            # there is no common past, so all is compared, but only one side changes
            receiver, sender = (server, client) if mode.endswith("client") else (client, server)
            assert receiver == before[1] | before[2]
            assert sender == before[1 if mode.endswith("client") else 2]
        elif mode.startswith("refresh"):
            assert (client, server) == expected(mode, *before)
        else:
            assert client == server == before[1] | before[2]

    def test_later(self, mode: str, version: str, encoding: str) -> None:
        scene = scene_of(version, encoding)
        base = multiset(scene.client)
        scene.change()
        before = (base, *scene.contents())
        left, right = scene.pair.sync(mode)
        assert fine(left) and fine(right)
        check_wire(scene, version, encoding)
        check_statuses(scene)
        assert scene.contents() == expected(mode, *before)
        assert left.report.datastores["notes"].slow == (mode == "slow")

    def test_an_ordinary_sync_follows(self, mode: str, version: str, encoding: str) -> None:
        scene = scene_of(version, encoding)
        scene.change()
        scene.pair.sync(mode)
        left, right = scene.pair.sync()
        assert fine(left) and not left.report.datastores["notes"].slow
        client, server = scene.contents()
        assert client == server and set(client.values()) == {1}
        left, right = scene.pair.sync()
        assert not transferred(left) and not transferred(right)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "refresh-from-server"])
def test_counts_of_both_reports_agree(mode: str) -> None:
    scene = Scene()
    scene.change()
    left, right = scene.pair.sync(mode)
    mine, theirs = left.report.datastores["notes"], right.report.datastores["notes"]
    assert mine.local.as_dict() == theirs.remote.as_dict()
    done = theirs.local.as_dict()
    if mode == "refresh-from-client":
        done["deleted"] = 0     # what had to go at the server, the client never hears of
    assert mine.remote.as_dict() == done


@pytest.mark.parametrize("mode, sizes", (
    ("two-way", (5, 5)), ("slow", (10, 11)), ("one-way-from-client", (5, None)), ("refresh-from-client", (10, None)),
    ("one-way-from-server", (0, 5)), ("refresh-from-server", (0, 10)),
))
def test_number_of_changes(mode: str, sizes: "tuple[int, int | None]") -> None:
    scene = Scene()
    scene.change()
    scene.pair.sync(mode)
    told: "dict[str, int | None]" = {"up": None, "down": None}
    sent = {"up": 0, "down": 0}
    for way, message in scene.pair.messages():
        for command in message.commands:
            if isinstance(command, c.Sync):
                told[way] = command.number_of_changes
                sent[way] += sum(len(child.items) for child in command.commands)
    assert sent == {way: number or 0 for way, number in told.items()}
    assert told["up"] == sizes[0]
    if mode == "slow":
        return      # what the comparison leaves for the client
    assert told["down"] == sizes[1]


def lose(scene: Scene, side: str) -> None:
    """Bring back what a side knew before its last sync, as a restored backup does."""
    store = scene.client if side == "client" else scene.server
    peer = store.peers()[0]
    with store.begin() as batch:
        facts = batch.facts(peer)
        batch.set_facts(peer, {**facts, "confirmed": ["1", "1"]})
        batch.commit()


@pytest.mark.parametrize("side", ("client", "server"))
@pytest.mark.parametrize("mode", ("two-way", "one-way-from-client", "one-way-from-server"))
def test_anchors_that_disagree_make_it_slow(mode: str, side: str) -> None:
    scene = Scene()
    lose(scene, side)
    fill(scene.client, "new at the client")
    fill(scene.server, "new at the server")
    before = scene.contents()
    left, right = scene.pair.sync(mode)
    assert fine(left) and fine(right)
    assert left.report.datastores["notes"].slow and right.report.datastores["notes"].slow
    statuses = [x for way, message in scene.pair.messages() for x in message.commands
                if isinstance(x, c.Status) and x.cmd == "Alert" and way == "down"]
    assert [x.code for x in statuses] == [codes.REFRESH_REQUIRED]
    union = before[0] | before[1]
    wanted = {"two-way": (union, union), "one-way-from-client": (before[0], union),
              "one-way-from-server": (union, before[1])}[mode]
    assert scene.contents() == wanted
    assert union.keys() >= {text.encode() for text in BASE}


def test_a_lost_server_is_slow_but_not_doubled() -> None:
    scene = Scene()
    peer = scene.server.peers()[0]
    scene.server.forget(peer)
    left, right = scene.pair.sync()
    assert left.report.datastores["notes"].slow
    assert not transferred(left) and not transferred(right)
    assert scene.contents()[0] == scene.contents()[1] == Counter(text.encode() for text in BASE)


def test_a_lost_client_is_slow_but_not_doubled() -> None:
    scene = Scene()
    scene.client.forget(scene.client.peers()[0])
    left, right = scene.pair.sync()
    assert left.report.datastores["notes"].slow
    assert not transferred(left) and not transferred(right)
