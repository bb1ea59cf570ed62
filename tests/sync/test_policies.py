"""`newest`, `merge` and `ask`: what each makes of two edits of a card, what the client is told, and what comes next."""

from __future__ import annotations

import pytest
from pair import Cut, Pair, bodies, delete, edit, fill, fine, transferred
from scenes import cut_at

from minisyncml import status as codes
from minisyncml.message import commands as c
from minisyncml.store.base import ASKED, Store
from minisyncml.store.batch import OPEN
from minisyncml.store.memory import MemoryStore
from minisyncml.sync import asking
from minisyncml.transport.base import Packet

CARD = (("text/vcard", "3.0"), ("text/x-vcard", "2.1"))
JAN, FEB = "REV:20240101T000000Z", "REV:20240201T000000Z"
BASE = ("TEL:1", "NOTE:old")


def card(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", "N:Lovelace;Ada;;;", "FN:Ada Lovelace", *lines, "END:VCARD", ""])


class Two:
    """A synced card, then an edit on each side, and the session that finds them."""

    def __init__(self, policy: str, base: "tuple[str, ...]" = BASE) -> None:
        self.pair = Pair({"contacts": MemoryStore(CARD)}, {"contacts": MemoryStore(CARD)},
                         server_options={"conflict": policy})
        fill(self.client, card(*base), type="text/vcard")
        left, _ = self.pair.sync()
        assert fine(left), left.report.table()

    @property
    def client(self) -> Store:
        return self.pair.client["contacts"]

    @property
    def server(self) -> Store:
        return self.pair.server["contacts"]

    def edit(self, mine: "tuple[str, ...] | None", theirs: "tuple[str, ...] | None") -> None:
        """Of the client and of the server; None: it deletes the card."""
        for store, lines in ((self.client, mine), (self.server, theirs)):
            id = next(store.rows()).id
            if lines is None:
                delete(store, id)
            else:
                edit(store, id, card(*lines))

    def sync(self, mode: str = "two-way") -> "list[int]":
        """The statuses that the client's items got."""
        self.left, self.right = self.pair.sync(mode)
        return [x.code for way, message in self.pair.messages() for x in message.commands
                if way == "down" and isinstance(x, c.Status) and x.cmd in ("Replace", "Delete", "Add")]

    def settled(self, *cards: "tuple[str, ...]") -> None:
        """Both hold these, and there is nothing more to do."""
        wanted = sorted(sorted(line for line in lines if not line.startswith("REV")) for lines in cards)
        for store in (self.client, self.server):
            assert sorted(said(body) for body in bodies(store)) == wanted
        assert self.sync() == [] and fine(self.left) and fine(self.right) and not transferred(self.left)


def said(body: bytes) -> "list[str]":
    """What a card says beside the name."""
    frame = ("BEGIN", "VERSION", "N:", "FN", "END", "REV")
    return sorted(line for line in body.decode().split("\r\n") if line and not line.startswith(frame))


NEWEST = (
    ("the client's is newer", ("TEL:2", FEB), ("TEL:3", JAN), ("TEL:2",), 208),
    ("the server's is newer", ("TEL:2", JAN), ("TEL:3", FEB), ("TEL:3",), 419),
    ("both are as old", ("TEL:2", JAN), ("TEL:3", JAN), ("TEL:2",), 208),
    ("the client's does not say", ("TEL:2",), ("TEL:3", FEB), ("TEL:2",), 208),
    ("the server's does not say", ("TEL:2", JAN), ("TEL:3",), ("TEL:2",), 208),
    ("the client deleted it", None, ("TEL:3",), ("TEL:3",), 419),
    ("the server deleted it", ("TEL:2",), None, ("TEL:2",), 208),
)


@pytest.mark.parametrize("what, mine, theirs, left, code", NEWEST, ids=[row[0] for row in NEWEST])
def test_newest(what: str, mine: "tuple[str, ...] | None", theirs: "tuple[str, ...] | None", left: "tuple[str, ...]",
                code: int) -> None:
    two = Two("newest")
    two.edit(mine, theirs)
    assert two.sync() == [code]
    two.settled(left)
    if None not in (mine, theirs):
        assert len([x for store in (two.client, two.server) for x in store.trash()]) >= 1


MERGE = (
    ("different fields", ("TEL:2", "NOTE:old"), ("TEL:1", "NOTE:new"), [("TEL:2", "NOTE:new")], 207),
    ("one adds, one edits", ("TEL:1", "NOTE:old", "EMAIL:a@x"), ("TEL:2", "NOTE:old"),
     [("TEL:2", "NOTE:old", "EMAIL:a@x")], 207),
    ("sets are united", ("TEL:1", "TEL:2", "NOTE:old"), ("TEL:1", "TEL:3", "NOTE:old"),
     [("TEL:1", "TEL:2", "TEL:3", "NOTE:old")], 207),
    ("one removes a field, one edits another", ("TEL:1",), ("TEL:2", "NOTE:old"), [("TEL:2",)], 207),
    ("the server's says all of it", ("TEL:2", "NOTE:old"), ("TEL:2", "NOTE:new"), [("TEL:2", "NOTE:new")], 419),
    ("the client's says all of it", ("TEL:2", "NOTE:new"), ("TEL:2", "NOTE:old"), [("TEL:2", "NOTE:new")], 208),
    ("the same field", ("TEL:1", "NOTE:mine"), ("TEL:1", "NOTE:theirs"),
     [("TEL:1", "NOTE:mine"), ("TEL:1", "NOTE:theirs")], 209),
    ("both the same", ("TEL:2",), ("TEL:2",), [("TEL:2",)], 200),
    ("the client deleted it", None, ("TEL:3",), [("TEL:3",)], 419),
    ("the server deleted it", ("TEL:2",), None, [("TEL:2",)], 208),
)


@pytest.mark.parametrize("what, mine, theirs, left, code", MERGE, ids=[row[0] for row in MERGE])
def test_merge(what: str, mine: "tuple[str, ...] | None", theirs: "tuple[str, ...] | None",
               left: "list[tuple[str, ...]]", code: int) -> None:
    two = Two("merge")
    two.edit(mine, theirs)
    assert two.sync() == [code]
    two.settled(*left)


@pytest.mark.parametrize("policy, code", (("merge", 207), ("keep-both", 209), ("newest", 208)))
@pytest.mark.parametrize("reborn", (True, False))
def test_the_client_is_told_which_items(policy: str, code: int, reborn: bool) -> None:
    """Of what was merged both names, of what is there twice now that of the second one, which follows."""
    two = Two(policy)
    two.pair.reborn = reborn
    delete(two.server, *fill(two.server, card("TEL:9"), type="text/vcard"))
    delete(two.client, next(two.client.rows()).id)
    fill(two.client, card(*BASE), type="text/vcard")
    two.sync()
    luid, guid = (next(store.rows()).id for store in (two.client, two.server))
    assert luid != guid
    two.edit(("TEL:2", "NOTE:old"), ("TEL:1", "NOTE:new"))
    assert two.sync() == [code]
    down = [command for way, message in two.pair.messages() if way == "down" for command in message.commands]
    items, = (one.items for one in down if isinstance(one, c.Status) and one.cmd == "Replace")
    sent = [one for sync in down if isinstance(sync, c.Sync) for one in sync.commands]
    if policy == "merge":
        assert items == (c.Item(luid, guid),) and [one.items[0].target for one in sent] == [luid]
    elif policy == "keep-both":
        copy, = (row.id for row in two.server.rows() if row.id != guid)
        assert items == (c.Item(None, copy),) and [one.items[0].source for one in sent] == [copy]
    else:
        assert items == () and sent == []


def test_merge_goes_on_from_what_was_merged() -> None:
    two = Two("merge")
    for number in range(2, 6):
        two.edit((f"TEL:{number}", f"NOTE:{number - 1}"), (f"TEL:{number - 1}", f"NOTE:{number}"))
        if number == 2:
            two.edit(("TEL:2", "NOTE:old"), ("TEL:1", "NOTE:2"))
        assert two.sync() == [207]
        two.settled((f"TEL:{number}", f"NOTE:{number}"))


@pytest.mark.parametrize("policy", ("newest", "merge", "keep-both"))
def test_a_slow_sync_makes_no_second_copy(policy: str) -> None:
    two = Two(policy)
    two.edit(("TEL:1", "NOTE:mine"), ("TEL:1", "NOTE:theirs"))
    two.sync("slow")
    for store in (two.client, two.server):
        assert len(store) == 1


# -- ask


def asked(mine: "tuple[str, ...]" = ("TEL:2", "NOTE:old"), theirs: "tuple[str, ...]" = ("TEL:3", "NOTE:old")) -> Two:
    """An open conflict."""
    two = Two("ask")
    two.edit(mine, theirs)
    assert two.sync() == [409]
    return two


def only(two: Two) -> asking.Conflict:
    """The only open one."""
    store, = (two.server,)
    conflict, = (one for peer in store.peers() for one in asking.waiting(store, peer))
    return conflict


def solve(two: Two, lines: "tuple[str, ...] | None", both: bool = False) -> None:
    with two.server.begin() as batch:
        asking.solve(batch, only(two), None if lines is None else card(*lines).encode(), both)
        batch.commit()


def test_nothing_moves_until_it_is_solved() -> None:
    two = asked()
    assert said(bodies(two.client)[0]) == ["NOTE:old", "TEL:2"] and said(bodies(two.server)[0]) == ["NOTE:old", "TEL:3"]
    for _ in range(3):
        assert two.sync() == [409]      # it is changed still, so it comes again
        assert (two.left.report.exit_code, two.right.report.exit_code) == (1, 1)
        here, there = two.right.report.datastores["contacts"], two.left.report.datastores["contacts"]
        assert [one.title for one in here.open] == ["Ada Lovelace"] == [one.title for one in there.open]
        assert not here.local.replaced and not here.remote.replaced and not here.local.failed
        assert "waits for you: minisyncml conflicts solve contacts/1" in two.right.report.table()
        assert "waits for somebody to say there which version counts" in two.left.report.table()
    assert said(only(two).theirs.body) == ["NOTE:old", "TEL:2"]
    assert len(two.client) == len(two.server) == 1 and not list(two.server.trash())


@pytest.mark.parametrize("lines, both, left", [
    (None, False, [("TEL:3", "NOTE:old")]),
    (("TEL:2", "NOTE:old"), False, [("TEL:2", "NOTE:old")]),
    (("TEL:2", "NOTE:old"), True, [("TEL:2", "NOTE:old"), ("TEL:3", "NOTE:old")]),
    (("TEL:4", "NOTE:edited"), False, [("TEL:4", "NOTE:edited")]),
], ids=["ours", "theirs", "both", "edited"])
@pytest.mark.parametrize("again", [False, True], ids=["once", "sent again"])
def test_a_solution_goes_out(lines: "tuple[str, ...] | None", both: bool, left: "list[tuple[str, ...]]",
                             again: bool) -> None:
    two = asked()
    if again:
        two.sync()
    solve(two, lines, both)
    assert 409 not in two.sync() and fine(two.left) and fine(two.right), two.right.report.table()
    two.settled(*left)
    lost = {tuple(said(x.body)) for x in two.server.trash()}
    assert lost >= {("NOTE:old", f"TEL:{number}") for number in (2, 3)} - {tuple(sorted(one)) for one in left}
    assert [one for one in two.server.parked(OPEN + only_peer(two))] == []


def only_peer(two: Two) -> str:
    peer, = two.server.peers()
    return peer


def test_what_goes_to_other_peers_is_the_solution() -> None:
    two = asked()
    other = Pair({"contacts": MemoryStore(CARD)}, two.pair.server, server_options={"conflict": "ask"})
    other.client_options = other.client_options._replace(device="phone-2")
    left, _ = other.sync()
    assert fine(left) and said(bodies(other.client["contacts"])[0]) == ["NOTE:old", "TEL:3"]
    solve(two, ("TEL:5", "NOTE:old"))
    other.sync()
    assert said(bodies(other.client["contacts"])[0]) == ["NOTE:old", "TEL:5"]


def test_a_newer_version_takes_the_place_of_the_one_that_is_kept() -> None:
    two = asked()
    edit(two.client, next(two.client.rows()).id, card("TEL:7", "NOTE:old"))
    assert two.sync() == [409]
    assert said(only(two).theirs.body) == ["NOTE:old", "TEL:7"]
    edit(two.server, next(two.server.rows()).id, card("TEL:3", "NOTE:later"))
    assert two.sync() == [409]
    solve(two, None)
    two.sync()
    two.settled(("TEL:3", "NOTE:later"))


def test_what_can_be_merged_is_offered() -> None:
    two = asked(("TEL:2", "NOTE:old"), ("TEL:1", "NOTE:new"))
    two.sync()
    both = asking.merged(two.server, only(two))
    assert both is not None and said(both) == ["NOTE:new", "TEL:2"]
    with two.server.begin() as batch:
        asking.solve(batch, only(two), both)
        batch.commit()
    two.sync()
    two.settled(("TEL:2", "NOTE:new"))
    apart = asked(("TEL:1", "NOTE:mine"), ("TEL:1", "NOTE:theirs"))
    assert asking.merged(apart.server, only(apart)) is None


def test_a_new_edit_after_the_solution_is_a_new_conflict() -> None:
    two = asked()
    solve(two, ("TEL:5", "NOTE:old"))
    edit(two.client, next(two.client.rows()).id, card("TEL:8", "NOTE:old"))
    assert two.sync() == [409]
    assert said(only(two).theirs.body) == ["NOTE:old", "TEL:8"]


def test_the_client_makes_the_same_of_it() -> None:
    two = asked()
    edit(two.client, next(two.client.rows()).id, card("TEL:3", "NOTE:old"))
    assert two.sync() == [200] and fine(two.right)
    two.settled(("TEL:3", "NOTE:old"))


def test_the_client_deletes_its_version() -> None:
    two = asked()
    delete(two.client, next(two.client.rows()).id)
    assert two.sync() == [419] and two.right.report.exit_code == 0
    two.settled(("TEL:3", "NOTE:old"))


def test_the_server_deletes_its_version() -> None:
    two = asked()
    delete(two.server, next(two.server.rows()).id)
    assert two.sync() == [208]
    two.settled(("TEL:2", "NOTE:old"))


@pytest.mark.parametrize("policy, left", [("server-wins", "TEL:3"), ("client-wins", "TEL:2"), ("newest", "TEL:2")])
def test_another_policy_solves_what_is_open(policy: str, left: str) -> None:
    two = asked()
    two.pair.server_options = two.pair.server_options._replace(conflict=policy)
    two.sync()
    two.settled((left, "NOTE:old"))
    assert list(two.server.parked(OPEN + only_peer(two))) == []


@pytest.mark.parametrize("mode", ["slow", "refresh-from-client", "refresh-from-server"])
def test_whole_syncs(mode: str) -> None:
    mine, theirs = ("TEL:1", "NOTE:mine"), ("TEL:1", "NOTE:theirs")
    two = asked(mine, theirs)
    two.sync(mode)
    if mode == "slow":
        assert said(only(two).theirs.body) == ["NOTE:mine", "TEL:1"] and two.right.report.exit_code == 1
        solve(two, None)
        two.sync()
    two.settled(mine if mode == "refresh-from-client" else theirs)
    kept = [*(x.body for store in (two.client, two.server) for x in store.trash()), *bodies(two.server)]
    assert {"NOTE:mine", "NOTE:theirs"} == {said(body)[0] for body in kept}


@pytest.mark.parametrize("mine, theirs, open, left", [
    ("TEL:2", "TEL:3", ["TEL:2"], None), ("TEL:4", "TEL:3", ["TEL:4"], None), ("TEL:1", "TEL:3", ["TEL:1"], None),
    ("TEL:2", "TEL:5", ["TEL:2"], None), ("TEL:3", "TEL:3", [], "TEL:3"), (None, "TEL:3", [], "TEL:3"),
    ("TEL:2", None, [], "TEL:2"), (None, None, [], None)],
    ids=["nothing", "edit", "revert", "theirs edited", "agreed", "deleted", "theirs deleted", "both deleted"])
@pytest.mark.parametrize("doubt", [False, True])
def test_a_slow_sync_while_one_is_open(mine: "str | None", theirs: "str | None", open: "list[str]", left: "str | None",
                                       doubt: bool) -> None:
    """It stays open with what each side has now, or both are the same: nothing is lost, nothing is there twice."""
    two = asked()
    two.pair.client_options = two.pair.client_options._replace(present=lambda devinf: devinf._replace(exts=()))
    if doubt:   # what was sent and not answered is to be found out first
        fill(two.server, card("TEL:99").replace("Ada", "Zoe"), type="text/vcard")

        def carry(way: str, at: int, packet: Packet) -> Packet:
            if way == "up" and two.pair.down and b"Zoe" in two.pair.down[-1].body:
                raise Cut
            return packet
        with pytest.raises(Cut):
            two.pair.sync(carry=carry)
    for store, wanted in ((two.client, mine), (two.server, theirs)):
        id = next(store.rows()).id
        if wanted is None:
            delete(store, id)
        else:
            edit(store, id, card(wanted, "NOTE:old"))
    two.sync("two-way" if doubt else "slow")
    assert two.right.report.datastores["contacts"].slow
    waits = [said(one.theirs.body)[1] for one in asking.waiting(two.server, only_peer(two))]
    if not (doubt and theirs is None):      # it is asked once more what the client says to that
        assert waits == open and len(two.right.report.datastores["contacts"].open) == len(open)
    two.sync()
    two.sync()
    if open:
        assert said(only(two).theirs.body)[1] == open[0] and said(bodies(two.server)[0])[1] == theirs
        solve(two, None)
        two.sync()
        left = theirs
    zoe = [("TEL:99",)] if doubt else []
    two.settled(*([(left, "NOTE:old")] if left else []), *zoe)
    assert list(two.server.parked(OPEN + only_peer(two))) == []


def test_forgetting_a_peer_forgets_its_conflicts() -> None:
    two = asked()
    peer = only_peer(two)
    two.server.forget(peer)
    assert list(two.server.parked(OPEN + peer)) == [] and two.server.entry(peer, "1") is None


def test_the_flag_is_in_the_entry() -> None:
    two = asked()
    entry = two.server.entry(only_peer(two), "1")
    assert entry is not None and entry.flags & ASKED and codes.CONFLICT == 409


@pytest.mark.parametrize("way, number", [(way, number) for number in range(3) for way in ("up", "down")])
@pytest.mark.parametrize("policy", ["merge", "ask", "newest"])
def test_a_line_that_drops_in_the_middle_of_a_conflict(policy: str, way: str, number: int) -> None:
    """The conflict is settled once, whichever message got lost."""
    two = Two(policy)
    two.edit(("TEL:2", "NOTE:old", FEB), ("TEL:1", "NOTE:new", JAN))
    with pytest.raises(Cut):
        two.pair.sync(carry=cut_at(way, number))
    for _ in range(2):
        two.sync()
        if policy == "ask":
            assert said(only(two).theirs.body) == ["NOTE:old", "TEL:2"]
            assert said(bodies(two.server)[0]) == ["NOTE:new", "TEL:1"] and len(two.server) == len(two.client) == 1
    if policy == "ask":
        both = asking.merged(two.server, only(two))
        with two.server.begin() as batch:
            asking.solve(batch, only(two), both)
            batch.commit()
        two.sync()
    two.settled(("TEL:2", "NOTE:old") if policy == "newest" else ("TEL:2", "NOTE:new"))
