"""Cuts at every message again, where more is at stake: conflicts, large objects, logins, several datastores, phones."""

from __future__ import annotations

from collections import Counter
from typing import Callable, Iterator

import pytest
from pair import Cut, Pair, bodies, delete, edit, fill, fine, transferred
from probe import Probe, add, children, replace
from scenes import BASE, TEXT, Scene, cut_at, named
from scenes import delete_named as gone

from minisyncml.engine.auth import Secret
from minisyncml.limits import DEFAULT
from minisyncml.message import commands as c
from minisyncml.store.memory import MemoryStore

Play = Callable[[], Pair]


def cuts(make: Play) -> "Iterator[tuple[Pair, tuple[str, int]]]":
    """The pair after each possible cut of its next session."""
    whole = make()
    whole.sync()
    for number in range(len(whole.up)):
        for way in ("up", "down"):
            pair = make()
            with pytest.raises(Cut):
                pair.sync(carry=cut_at(way, number))
            yield pair, (way, number)


def check(pair: Pair, cut: "tuple[str, int]", slow: bool = False) -> None:
    """The next session is a good one, needs no comparison, and leaves nothing to do."""
    left, right = pair.sync()
    assert fine(left) and fine(right), cut
    assert slow or not any(part.slow for part in left.report.datastores.values()), cut
    for name in pair.client:
        assert bodies(pair.client[name]) == bodies(pair.server[name]), cut
    left, right = pair.sync()
    assert not transferred(left) and not transferred(right), cut


MINE, THEIRS = "edit of the client", "edit of the server"
#: what both sides do, by policy what is left
CONFLICTS = {
    "edit/edit": (edit, edit, {"keep-both": {MINE, THEIRS}, "server-wins": {THEIRS}, "client-wins": {MINE}}),
    "edit/delete": (edit, gone, {"keep-both": {MINE}, "server-wins": set(), "client-wins": {MINE}}),
    "delete/edit": (gone, edit, {"keep-both": {THEIRS}, "server-wins": {THEIRS}, "client-wins": set()}),
    "delete/delete": (gone, gone, {"keep-both": set(), "server-wins": set(), "client-wins": set()}),
}


@pytest.mark.parametrize("policy", ("keep-both", "server-wins", "client-wins"))
@pytest.mark.parametrize("origin", ("client", "server"))
@pytest.mark.parametrize("what", CONFLICTS)
def test_conflicts(what: str, origin: str, policy: str) -> None:
    mine, theirs, left_over = CONFLICTS[what]

    def make() -> Pair:
        scene = Scene(first=True, server_options={"conflict": policy})
        fill(scene.client if origin == "client" else scene.server, *BASE)
        scene.pair.sync()
        mine(scene.client, named(scene.client, BASE[0]), MINE)
        theirs(scene.server, named(scene.server, BASE[0]), THEIRS)
        return scene.pair

    for pair, cut in cuts(make):
        check(pair, cut)
        wanted = sorted(text.encode() for text in left_over[policy] | set(BASE[1:]))
        assert bodies(pair.server["notes"]) == wanted, cut


def test_what_is_deleted_before_its_addition_was_answered() -> None:
    def make() -> Pair:
        scene = Scene(size=2000)
        for store, side in ((scene.client, "client"), (scene.server, "server")):
            fill(store, *(f"new at the {side}: {number}" for number in range(3)))
        return scene.pair

    for pair, cut in cuts(make):
        for store, side in ((pair.client["notes"], "client"), (pair.server["notes"], "server")):
            gone(store, named(store, f"new at the {side}: 1"), "")
        check(pair, cut)
        wanted = [*BASE, *(f"new at the {side}: {number}" for side in ("client", "server") for number in (0, 2))]
        assert bodies(pair.server["notes"]) == sorted(text.encode() for text in wanted), cut


@pytest.mark.parametrize("encoding", ("wbxml", "xml"))
@pytest.mark.parametrize("between", (False, True))
def test_large_objects(encoding: str, between: bool) -> None:
    limits = DEFAULT._replace(max_msg_size=2000)
    large = {side: (f"{side} ä" * 900).encode() for side in ("client", "server")}

    def make() -> Pair:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)}, client_limits=limits,
                    server_limits=limits, client_options={"encoding": encoding})
        fill(pair.client["notes"], "small")
        pair.sync()
        fill(pair.client["notes"], large["client"], "after it")
        fill(pair.server["notes"], large["server"], "after that")
        return pair

    for pair, cut in cuts(make):
        wanted = {b"small", b"after it", b"after that", *large.values()}
        if between:
            store = pair.client["notes"]
            edit(store, named(store, large["client"].decode()), "short now")
            wanted = wanted - {large["client"]} | {b"short now"}
        check(pair, cut)
        assert bodies(pair.client["notes"]) == sorted(wanted), cut


@pytest.mark.parametrize("challenge", ("md5", "basic"))
@pytest.mark.parametrize("version", ("1.2", "1.0"))
def test_logins(version: str, challenge: str) -> None:
    def make() -> Pair:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)}, users={"me": Secret("secret")},
                    client_options={"version": version}, server_options={"challenge": challenge})
        pair.login("me", "secret")
        fill(pair.client["notes"], "a")
        pair.sync()
        fill(pair.client["notes"], "b")
        fill(pair.server["notes"], "c")
        return pair

    for pair, cut in cuts(make):
        check(pair, cut)
        assert bodies(pair.server["notes"]) == [b"a", b"b", b"c"]


def test_several_datastores() -> None:
    names = ("notes", "memos")

    def make() -> Pair:
        pair = Pair({name: MemoryStore(TEXT) for name in names}, {name: MemoryStore(TEXT) for name in names})
        for name in names:
            fill(pair.client[name], "a", "b")
        pair.sync()
        for name in names:
            fill(pair.client[name], f"{name} client")
            fill(pair.server[name], f"{name} server")
            delete(pair.client[name], named(pair.client[name], "a"))
        return pair

    for pair, cut in cuts(make):
        check(pair, cut)
        for name in names:
            assert bodies(pair.client[name]) == sorted((b"b", f"{name} client".encode(), f"{name} server".encode()))


@pytest.mark.parametrize("mode", ("refresh-from-client", "refresh-from-server", "slow"))
def test_the_mode_may_change_after_a_cut(mode: str) -> None:
    """What was new on the side that counts is there, and nothing twice."""
    def make() -> Scene:
        scene = Scene()
        scene.change()
        return scene

    whole = make()
    whole.run(mode)
    for number in range(len(whole.pair.up)):
        for way in ("up", "down"):
            scene = make()
            before = scene.contents()
            assert not scene.run(mode, cut_at(way, number))
            for _ in range(2):
                left, right = scene.pair.sync()
                assert fine(left) and fine(right)
            client, server = scene.contents()
            assert client == server and set(client.values()) == {1}
            kept = before[0] if mode == "refresh-from-client" else before[1]
            assert not kept - client - Counter(text.encode() for text in BASE), (way, number)


class TestPhones:
    """A client that forgets what it was sent when nobody answers its Map."""

    @pytest.mark.parametrize("got_it", (False, True), ids=("lost", "arrived"))
    @pytest.mark.parametrize("mapped", (False, True))
    def test_no_item_is_doubled(self, got_it: bool, mapped: bool) -> None:
        phone = Probe({"notes": MemoryStore(TEXT)})
        phone.session(add("L1", "a"), code=201)
        fill(phone.stores["notes"], "new")
        before = phone.anchors["notes"]
        phone.new().begin()
        phone.send(phone.sync())
        assert len(children(phone.reply)) == 1
        if mapped:      # and the answer to the Map gets lost
            phone.send(c.Map("", "./notes", "./mine", (c.MapItem("2", "L2"),)))
        phone.anchors["notes"] = before
        phone.new().begin()
        has = ["a", "new"] if got_it or mapped else ["a"]
        if phone.alerts() == [201]:
            phone.send(phone.sync(*(replace(f"L{number}", text) for number, text in enumerate(has, 1))))
        else:
            phone.send(phone.sync())
        assert [x.items[0].data for x in children(phone.reply)] == ([] if len(has) == 2 else [b"new"])
        phone.send()
        assert bodies(phone.stores["notes"]) == [b"a", b"new"]

    @pytest.mark.parametrize("at", range(3))
    def test_commands_are_sent_again(self, at: int) -> None:
        phone = Probe({"notes": MemoryStore(TEXT)})
        phone.session(add("L1", "a"), add("L2", "b"), code=201)
        before = phone.anchors["notes"]
        changes = (replace("L1", "A"), c.Delete("", (c.Item(source="L2"),)), add("L3", "c"))
        for _ in range(3):
            phone.anchors["notes"] = before
            phone.new().begin()
            if at >= 1:
                phone.send(phone.sync(*changes), final=at == 2)
        phone.anchors["notes"] = before
        phone.new().begin()
        assert phone.alerts() == [200]
        phone.send(phone.sync(*changes))
        phone.send()
        assert bodies(phone.stores["notes"]) == [b"A", b"c"]


def test_a_deletion_waits_for_the_end_of_its_package() -> None:
    """Cut in the middle of the client's changes, nothing is deleted yet: the guard has not seen all."""
    phone = Probe({"notes": MemoryStore(TEXT)})
    phone.session(*(add(f"L{n}", text) for n, text in enumerate(BASE)), code=201)
    phone.new().begin()
    phone.send(phone.sync(*(c.Delete("", (c.Item(source=f"L{n}"),)) for n in range(len(BASE)))), final=False)
    assert len(phone.stores["notes"]) == len(BASE)
