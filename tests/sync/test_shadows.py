"""A phone with an old form and a short memory: what it changed arrives, what it cannot hold stays, what it only wrote
in another way is no change, and an odd item stops nothing.
"""

from __future__ import annotations

import base64

import pytest
from forgetful import Forgetful
from oldphone import NEW, OLD, modern, modern_store, name_of, old, presented
from pair import Cut, Pair, bodies, delete, edit, fill, fine, transferred

from minisyncml import status as codes
from minisyncml.content.view import View
from minisyncml.gateway.exchange import Exchange
from minisyncml.limits import DEFAULT
from minisyncml.message import commands as c
from minisyncml.message.devinf import ContentType, CTCap, DevInf, Property
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import Packet


class World:
    """A hub and a phone. The hub may be the server, as it is with phones, or the client of a server that is as old."""

    def __init__(self, server: bool = True, policy: str = "keep-both", reborn: bool = True,
                 forgets: bool = True) -> None:
        self.hub = modern_store()
        self.phone: Store = Forgetful("contacts", (OLD,)) if forgets else MemoryStore((OLD,))
        self.phone.form = OLD
        sides = (self.phone, self.hub) if server else (self.hub, self.phone)
        self.server = server
        self.pair = Pair({"contacts": sides[0]}, {"contacts": sides[1]}, reborn=reborn,
                         server_options={"conflict": policy})
        if server:
            self.pair.client_options = self.pair.client_options._replace(present=presented)
        else:
            self.pair.server_options = self.pair.server_options._replace(present=presented)
            self.pair.client_memory.known["http://server/"] = {}
            self.pair.sync()    # the client knows what its server is like from the second session on

    def tells_no_limits(self) -> None:
        """The phone does not say what it keeps of an item."""
        def bare(devinf: DevInf) -> DevInf:
            return presented(devinf)._replace(
                ct_caps=(), datastores=tuple(store._replace(ct_caps=()) for store in devinf.datastores))
        self.pair.client_options = self.pair.client_options._replace(present=bare)
        self.pair.server_options = self.pair.server_options._replace(present=bare)

    def sync(self, mode: str = "two-way", carry: object = None) -> "tuple[Exchange, Exchange]":
        """The hub's end, and the phone's."""
        left, right = self.pair.sync(mode, carry)       # type: ignore[arg-type]
        return (right, left) if self.server else (left, right)

    def quiet(self) -> bool:
        left, right = self.pair.sync()
        return fine(left) and fine(right) and not transferred(left) and not transferred(right)

    def shadow(self, id: str) -> bytes:
        peer, = self.hub.peers()
        return self.hub.shadow(peer, id)


@pytest.fixture(params=["server", "client", "server that stays"])
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param != "client", reborn=request.param != "server that stays")


def there(store: Store) -> bytes:
    body, = bodies(store)
    return body


def id_of(store: Store) -> str:
    return next(store.rows()).id


def body_of(store: Store, id: str) -> bytes:
    item = store.get(id)
    assert item is not None
    return item.body


def hub_edit(world: World, old: str, new: str) -> None:
    item = world.hub.get(id_of(world.hub))
    assert item is not None and old.encode() in item.body
    edit(world.hub, item.id, item.body.decode().replace(old, new))


def phone_edit(world: World, old: str, new: str) -> None:
    item = world.phone.get(id_of(world.phone))
    assert item is not None and old.encode() in item.body
    edit(world.phone, item.id, item.body.decode().replace(old, new))


def conflicts(exchange: Exchange) -> int:
    part = exchange.report.datastores["contacts"]
    return part.local.conflicts + part.remote.conflicts


class TestFields:
    def test_the_phone_gets_what_it_knows_in_its_form(self, world: World) -> None:
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        body = there(world.phone)
        assert b"VERSION:2.1" in body and b"ROLE" not in body and b"N:Person;1" in body
        assert world.shadow(id_of(world.hub)) and world.quiet()

    def test_an_edit_of_the_phone_leaves_what_it_does_not_know(self, world: World) -> None:
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        phone_edit(world, "1000001", "1000002")
        world.sync()
        assert there(world.hub) == modern(1, "word").replace(b"1000001", b"1000002") and world.quiet()

    def test_what_is_only_written_otherwise_is_no_change(self, world: World) -> None:
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        before = world.hub.revision
        phone_edit(world, "N:Person;1", "N;CHARSET=UTF-8:Person;1")
        world.sync()
        assert world.hub.revision == before and there(world.hub) == modern(1, "word") and world.quiet()

    def test_an_edit_that_the_phone_cannot_see_is_not_sent(self, world: World) -> None:
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        before = world.phone.revision
        hub_edit(world, "ROLE:role 1", "ROLE:another")
        assert transferred(world.sync()[0]) == 0
        assert world.phone.revision == before and world.quiet()

    @pytest.mark.parametrize("limits", [True, False])
    @pytest.mark.parametrize("old_line, new_line, sent", [
        ("TEL:55", "TEL:+55", b"TEL:+55"), ("TEL:55", "TEL;TYPE=PREF:55", b"TEL;PREF:55"),
        ("TEL:55", "TEL;TYPE=HOME:55", b"TEL;HOME:55"), ("END:VCARD", "TITLE:Baker\r\nEND:VCARD", b"TITLE:Baker")])
    def test_what_is_only_put_in_here_goes_out(self, old_line: str, new_line: str, sent: bytes, limits: bool) -> None:
        """A phone may drop each of these by itself, so it is no change where one is missing that the phone sends."""
        world = World()
        if not limits:
            world.tells_no_limits()
        fill(world.phone, old(1, "word").replace(b"END:", b"TEL:55\r\nEND:"), type=OLD[0])
        world.sync()
        hub_edit(world, old_line, new_line)
        world.sync()
        assert sent in there(world.phone) and new_line.encode() in there(world.hub) and world.quiet()
        hub_edit(world, "TEL;TYPE=CELL", "X-SECRET:us\r\nTEL;TYPE=CELL")
        assert not limits or world.quiet()

    def test_it_goes_out_also_where_the_phone_edits_something_else(self) -> None:
        world = World()
        fill(world.phone, old(1, "word").replace(b"END:", b"TEL:55\r\nEND:"), type=OLD[0])
        world.sync()
        hub_edit(world, "TEL:55", "TEL:+55")
        phone_edit(world, "1000001", "1000002")
        assert not conflicts(world.sync()[0])
        for store in (world.hub, world.phone):
            assert b"1000002" in there(store) and b"TEL:+55" in there(store)
        assert world.quiet()

    def test_a_new_one_of_the_phone_is_in_our_form(self, world: World) -> None:
        fill(world.phone, old(2, "word"), type=OLD[0])
        world.sync()
        assert there(world.hub).startswith(b"BEGIN:VCARD\r\nVERSION:3.0\r\n") and b"N:Person;2" in there(world.hub)
        item = world.hub.get(id_of(world.hub))
        assert item is not None and item.type == NEW[0] and world.quiet()

    @pytest.mark.parametrize("reborn", [True, False])
    def test_a_picture_in_many_parts(self, reborn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """It goes in another form than it is kept in, and comes back when something else is edited. Where the end
        stays alive, it is put into that form once, not for each part."""
        world = World(reborn=reborn)
        made: "list[bytes]" = []
        monkeypatch.setattr(View, "sent", lambda view, type, body, shadow=b"", sent=View.sent:
                            made.append(body) or sent(view, type, body, shadow))    # type: ignore[func-returns-value]
        small = DEFAULT._replace(max_msg_size=3000)
        world.pair.client_options = world.pair.client_options._replace(limits=small)
        world.pair.server_options = world.pair.server_options._replace(limits=small)
        photo = base64.b64encode(bytes(range(256)) * 60).decode()
        card = modern(1, "word").replace(b"END:", f"PHOTO;ENCODING=b;TYPE=JPEG:{photo}\r\nEND:".encode())
        fill(world.hub, card, type=NEW[0])
        world.sync()
        assert len(world.pair.up) > 6 and (reborn or len(made) == 1)
        assert photo[-100:].encode() in there(world.phone).replace(b"\r\n ", b"")
        phone_edit(world, "1000001", "1000002")
        world.sync()
        assert there(world.hub) == card.replace(b"1000001", b"1000002")
        assert len(world.shadow(id_of(world.hub))) < 1500 and world.quiet()


class TestBoth:
    """Both sides were edited."""

    def test_each_in_what_the_other_does_not_see(self) -> None:
        world = World()
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        hub_edit(world, "ROLE:role 1", "ROLE:another")
        phone_edit(world, "1000001", "1000002")
        assert conflicts(world.sync()[0]) == 0
        assert there(world.hub) == modern(1, "word").replace(b"1000001", b"1000002").replace(b"role 1", b"another")
        assert world.quiet()

    def test_the_phone_only_wrote_it_otherwise(self) -> None:
        world = World()
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        hub_edit(world, "1000001", "1000002")
        phone_edit(world, "N:Person;1", "N;CHARSET=UTF-8:Person;1")
        assert conflicts(world.sync()[0]) == 0
        assert there(world.hub) == modern(1, "word").replace(b"1000001", b"1000002")
        assert b"1000002" in there(world.phone) and world.quiet()

    def test_the_same_edit(self) -> None:
        world = World()
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        hub_edit(world, "1000001", "1000002")
        phone_edit(world, "1000001", "1000002")
        before = world.hub.revision
        assert conflicts(world.sync()[0]) == 0 and world.hub.revision == before and world.quiet()

    def test_the_same_edit_and_more(self) -> None:
        """Who typed a plus here wants it there, though the phone typed the rest as well."""
        world = World()
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        hub_edit(world, "1000001", "+1000002")
        phone_edit(world, "1000001", "1000002")
        assert conflicts(world.sync()[0]) == 0 and b"+1000002" in there(world.hub) and b"+1000002" in there(world.phone)
        assert world.quiet()

    @pytest.mark.parametrize("policy, left", [("server-wins", {b"1000003"}), ("client-wins", {b"1000002"}),
                                              ("keep-both", {b"1000002", b"1000003"})])
    def test_a_conflict_leaves_what_the_phone_does_not_know(self, policy: str, left: "set[bytes]") -> None:
        world = World(policy=policy)
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        phone_edit(world, "1000001", "1000002")
        hub_edit(world, "1000001", "1000003")
        assert conflicts(world.sync()[0]) == 1
        world.sync()
        assert {body.split(b"CELL:")[1].split(b"\r\n")[0] for body in bodies(world.hub)} == left
        assert all(b"ROLE:role 1" in body and b"X-SECRET" in body for body in bodies(world.hub))
        assert len(bodies(world.phone)) == len(left) and world.quiet()

    @pytest.mark.parametrize("reborn", [True, False])
    def test_an_edit_while_the_answer_is_on_its_way(self, reborn: bool) -> None:
        """The phone takes the second version; meanwhile there is a third."""
        world = World(reborn=reborn)
        fill(world.hub, modern(1, "word"), type=NEW[0])
        world.sync()
        hub_edit(world, "1000001", "1000002")
        down: "list[int]" = []

        def carry(way: str, number: int, packet: Packet) -> Packet:
            if way == "down" and b"1000002" in packet.body and not down:
                down.append(number)
                hub_edit(world, "1000002", "1000003")
            return packet

        world.sync(carry=carry)
        assert down
        phone_edit(world, "1000002", "1000002\r\nTITLE:Dr")
        world.sync()
        world.sync()
        assert any(b"1000003" in body for body in bodies(world.hub))
        assert any(b"TITLE:Dr" in body for body in bodies(world.hub))
        assert all(b"ROLE:role 1" in body for body in bodies(world.hub)) and world.quiet()


class TestSlow:
    def test_nothing_changes(self, world: World) -> None:
        fill(world.hub, *(modern(number, "word") for number in range(1, 8)), type=NEW[0])
        fill(world.phone, *(old(number, "word") for number in range(8, 12)), type=OLD[0])
        world.sync()
        before = bodies(world.hub), bodies(world.phone)
        world.sync("slow")
        assert (bodies(world.hub), bodies(world.phone)) == before and world.quiet()

    def test_edits_of_both_sides_in_one(self) -> None:
        world = World()
        fill(world.hub, *(modern(number, "word") for number in range(1, 4)), type=NEW[0])
        world.sync()
        hub_edit(world, "FN:1 Person", "TITLE:Dr\r\nFN:1 Person")
        item = next(item for item in (world.phone.get(row.id) for row in world.phone.rows())
                    if item is not None and b"Person;1" in item.body)
        edit(world.phone, item.id, item.body.decode().replace("=77=6F=72=64", "edited").replace("word", "edited"))
        world.sync("slow")
        world.sync()
        [mine] = [body for body in bodies(world.hub) if b"Person;1" in body]
        assert b"NOTE:edited" in mine and b"TITLE:Dr" in mine and b"ROLE:role 1" in mine
        [theirs] = [body for body in bodies(world.phone) if b"Person;1" in body]
        assert b"TITLE:Dr" in theirs and b"=65=64=69=74=65=64" in theirs
        assert len(bodies(world.hub)) == len(bodies(world.phone)) == 3 and world.quiet()

    @pytest.mark.parametrize("new", ["TEL;CELL:5550199", "TEL;CELL:1000002"])
    @pytest.mark.parametrize("broken", [False, True])
    def test_a_number_that_was_changed_on_the_phone(self, new: str, broken: bool) -> None:
        """The name it has there tells that it is still the same."""
        world = World()
        fill(world.hub, *(modern(number, "word") for number in range(1, 6)), type=NEW[0])
        world.sync()
        item = next(item for item in (world.phone.get(row.id) for row in world.phone.rows())
                    if item is not None and b"Person;1" in item.body)
        edit(world.phone, item.id, item.body.decode().replace("TEL;CELL:1000001", new))

        def carry(way: str, at: int, packet: Packet) -> Packet:
            if broken and (way, at) == ("down", 1):
                raise Cut
            return packet
        try:
            world.sync("slow", carry)
        except Cut:
            world.sync("slow")
        world.sync()
        assert len(bodies(world.hub)) == len(bodies(world.phone)) == 5
        [mine] = [body for body in bodies(world.hub) if b"Person;1" in body]
        assert new.split(":")[1].encode() in mine and b"1000001" not in mine and b"ROLE:role 1" in mine
        assert [peer for peer in world.hub.peers() if peer.startswith("was")] == [] and world.quiet()

    def test_a_phone_that_was_filled_by_others(self) -> None:
        """The same people on both sides, never synced before: each once, what only one side knows on both."""
        world = World()
        fill(world.hub, *(modern(number, "word") for number in range(1, 6)), type=NEW[0])
        fill(world.phone, *(old(number, "word").replace(b"END:", b"TITLE:Dr\r\nEND:") for number in range(1, 6)),
             type=OLD[0])
        world.sync()
        world.sync()
        assert len(bodies(world.hub)) == len(bodies(world.phone)) == 5
        assert all(b"ROLE" in body and b"TITLE:Dr" in body for body in bodies(world.hub)) and world.quiet()


class TestOdd:
    """One item that cannot be taken: the others are, and nothing is lost."""

    EVENT = (b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:Tea\r\nDTSTART:20260101T100000Z\r\n"
             b"END:VEVENT\r\nEND:VCALENDAR\r\n")

    def test_an_item_that_does_not_belong_here(self) -> None:
        world = World(forgets=False)
        fill(world.phone, old(1, "word"), type=OLD[0])
        fill(world.phone, self.EVENT, type="text/x-vcalendar")
        fill(world.phone, old(2, "word"), type=OLD[0])
        for _ in range(2):
            hub, _ = world.sync()
            failures = hub.report.datastores["contacts"].local.failures
            assert [one.status for one in failures] == [codes.UNSUPPORTED_TYPE]
            assert failures[0].words.startswith("'Tea': ")
        assert len(bodies(world.hub)) == 2
        assert [one.body for one in world.hub.trash()] == [self.EVENT], "kept, and once only"

    def test_the_phone_is_told(self) -> None:
        world = World()
        fill(world.phone, self.EVENT, type="text/x-vcalendar")
        world.sync()
        told = [(x.code, x.items) for way, message in world.pair.messages() for x in message.commands
                if way == "down" and isinstance(x, c.Status) and x.cmd in ("Add", "Replace")]
        assert [code for code, _ in told] == [codes.UNSUPPORTED_TYPE] and told[0][1]

    def test_the_rest_of_a_slow_sync(self) -> None:
        world = World()
        fill(world.hub, modern(1, "word"), modern(2, "word"), type=NEW[0])
        world.sync()
        fill(world.phone, self.EVENT, type="text/x-vcalendar")
        world.sync("slow")
        assert bodies(world.hub) == [modern(1, "word"), modern(2, "word")]
        assert len(bodies(world.phone)) == 3


class TestUid:
    """No view: the peer reads our form, but is no minisyncml and knows no UID."""

    CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\n%sFN:Ada\r\nN:Lovelace;Ada\r\nTEL:1\r\nEND:VCARD\r\n"
    LONG = "UID:1234567890-1234567890-1234567890-1234567890-1234567890-1234567890-12\r\n 34567890\r\n"

    @pytest.mark.parametrize("uid", ["UID:abc\r\n", "uid;X=1:abc\r\n", LONG])
    def test_it_stays(self, uid: str) -> None:
        pair = Pair({"contacts": MemoryStore((NEW,))}, {"contacts": MemoryStore((NEW,))})
        pair.client_options = pair.client_options._replace(
            present=lambda devinf: devinf._replace(exts=(), dev_type="workstation"))
        here, peer = pair.server["contacts"], pair.client["contacts"]
        id, = fill(here, self.CARD % uid, type=NEW[0])
        pair.sync()
        for number in (2, 3):
            edit(peer, id_of(peer), (self.CARD % "").replace("TEL:1", f"TEL:{number}"))
            pair.sync()
            body = there(here).decode()
            assert uid in body and body.replace(uid, "") == (self.CARD % "").replace("TEL:1", f"TEL:{number}")
            left, right = pair.sync()
            assert fine(left) and not transferred(left) and not transferred(right)
        pair.sync("slow")
        assert uid in there(here).decode() and len(bodies(peer)) == 1

    @pytest.mark.parametrize("server", [True, False])
    @pytest.mark.parametrize("limits", [True, False])
    def test_who_has_none_gets_one_here(self, server: bool, limits: bool) -> None:
        """Programs that know items by it need it; the phone hears nothing of it."""
        def foreign(devinf: DevInf) -> DevInf:
            caps = (CTCap(*NEW, tuple(Property(name) for name in ("FN", "N", "TEL"))),) if limits else ()
            stores = tuple(store._replace(rx_pref=ContentType(*NEW), rx=(), ct_caps=caps)
                           for store in devinf.datastores)
            return devinf._replace(exts=(), dev_type="workstation", datastores=stores)

        hub, phone = modern_store(), MemoryStore((NEW,))
        pair = Pair({"contacts": phone if server else hub}, {"contacts": hub if server else phone})
        if server:
            pair.client_options = pair.client_options._replace(present=foreign)
        else:
            pair.server_options = pair.server_options._replace(present=foreign)
            pair.client_memory.known["http://server/"] = {}
            pair.sync()
        id, _ = fill(phone, self.CARD % "", (self.CARD % "").replace("Ada", "Zoe"), type=NEW[0])
        fill(phone, (self.CARD % "UID:abc\r\n").replace("Ada", "Emmy"), type=NEW[0])
        pair.sync()
        made, there = bodies(hub), bodies(phone)
        assert [body.count(b"\r\nUID:") for body in made] == [1, 1, 1]
        assert len({body.partition(b"UID:")[2] for body in made}) == 3
        refresh = "refresh-from-client" if server else "refresh-from-server"
        for mode in ("two-way", "slow", "two-way", refresh, "two-way"):
            left, right = pair.sync(mode)
            assert fine(left) and fine(right) and (bodies(hub), bodies(phone)) == (made, there)
            assert mode != "two-way" or not transferred(left) + transferred(right)
        ours = next(row.id for row in hub.rows() if b"Ada" in body_of(hub, row.id))
        edit(phone, id, (self.CARD % "").replace("TEL:1", "TEL:2"))
        if server:      # else it decides
            edit(hub, ours, body_of(hub, ours).decode().replace("TEL:1", "TEL:2"))
            assert not any(conflicts(side) for side in pair.sync()) and len(hub) == len(phone) == 3
        pair.sync()
        edit(hub, ours, body_of(hub, ours).decode().replace("TEL:2", "TEL:3"))
        pair.sync()
        assert b"TEL:3" in body_of(phone, id) and transferred(pair.sync()[0]) == 0 and len(hub) == 3

    def test_two_edits_that_differ_in_a_type_are_two(self) -> None:
        """The phone wrote the item anew; what was changed here is not lost for that."""
        hub, phone = modern_store(), MemoryStore((NEW,))
        pair = Pair({"contacts": phone}, {"contacts": hub}, server_options={"conflict": "server-wins"})
        pair.client_options = pair.client_options._replace(present=lambda devinf: devinf._replace(
            exts=(), datastores=tuple(store._replace(rx_pref=ContentType(*NEW)) for store in devinf.datastores)))
        card = (self.CARD % "").replace("TEL:", "TEL;TYPE=HOME:")
        id, = fill(phone, card, type=NEW[0])
        pair.sync()
        hub_id = id_of(hub)
        edit(hub, hub_id, body_of(hub, hub_id).decode().replace("HOME", "WORK"))
        edit(phone, id, card.replace("FN:", "REV:20260101T000000Z\r\nFN:"))
        pair.sync()
        assert b"TYPE=WORK" in there(hub) and b"TYPE=WORK" in there(phone)

    def test_where_items_are_kept_as_they_come_none_gets_one(self) -> None:
        pair = Pair({"contacts": MemoryStore((NEW,))}, {"contacts": MemoryStore((NEW,))})
        pair.client_options = pair.client_options._replace(present=lambda devinf: devinf._replace(exts=()))
        fill(pair.client["contacts"], self.CARD % "", type=NEW[0])
        pair.sync()
        assert there(pair.server["contacts"]).decode() == self.CARD % ""

    def test_another_one_is_the_peers_word(self) -> None:
        pair = Pair({"contacts": MemoryStore((NEW,))}, {"contacts": MemoryStore((NEW,))})
        here, peer = pair.server["contacts"], pair.client["contacts"]
        fill(here, self.CARD % "UID:abc\r\n", type=NEW[0])
        pair.sync()
        edit(peer, id_of(peer), self.CARD % "UID:def\r\n")
        pair.sync()
        assert there(here).decode() == self.CARD % "UID:def\r\n"


def test_a_deleted_item_leaves_no_shadow(world: World) -> None:
    ids = fill(world.hub, modern(1, "word"), modern(2, "word"), modern(3, "word"), type=NEW[0])
    world.sync()
    assert all(map(world.shadow, ids))
    delete(world.hub, ids[0])
    delete(world.phone, *[row.id for row in world.phone.rows()
                          if b"Person;2" in world.phone.get(row.id).body])   # type: ignore[union-attr]
    world.sync()
    world.sync()
    assert [bool(world.shadow(id)) for id in ids] == [False, False, True]


def test_a_lost_answer_doubles_nothing(world: World) -> None:
    fill(world.hub, modern(1, "word"), type=NEW[0])
    for number in range(6):
        def carry(way: str, at: int, packet: Packet, number: int = number) -> Packet:
            if (way, at) == (("up", "down")[number % 2], number // 2):
                raise Cut
            return packet
        try:
            world.sync(carry=carry)
        except Cut:
            pass
    world.sync()
    world.sync()
    assert there(world.hub) == modern(1, "word") and len(bodies(world.phone)) == 1 and world.quiet()


class TestLimitsThatChange:
    """A phone that told limits, and tells none any more, as when it speaks an older version: it still has only what it
    got."""

    def test_what_it_never_got_stays(self) -> None:
        hub, phone = modern_store(), MemoryStore((NEW,))
        phone.form = NEW
        pair = Pair({"contacts": phone}, {"contacts": hub})
        fill(hub, modern(1, "word"), type=NEW[0])
        self._tell(pair, CTCap("text/vcard", "3.0", tuple(map(Property, ("UID", "N", "FN", "TEL", "NOTE")))))
        pair.sync()
        assert b"ROLE" not in there(phone)
        self._tell(pair)
        for number in range(2, 4):
            edit(phone, id_of(phone), there(phone).decode().replace(f"100000{number - 1}", f"100000{number}"))
            pair.sync()
            assert there(hub) == modern(1, "word").replace(b"1000001", b"100000%d" % number)

    @staticmethod
    def _tell(pair: Pair, *caps: CTCap) -> None:
        def phone(devinf: DevInf) -> DevInf:
            stores = tuple(store._replace(ct_caps=caps) for store in devinf.datastores)
            return devinf._replace(dev_type="phone", man="Old", mod="Phone", exts=(), datastores=stores)

        pair.client_options = pair.client_options._replace(present=phone)
        pair.client_memory.known.clear()


def test_both_versions_of_a_conflict_are_items_of_their_own(world: World) -> None:
    """Two files of one UID are an error to what takes them to a CalDAV or CardDAV server."""
    fill(world.hub, modern(1, "word"), type=NEW[0])
    world.sync()
    hub_edit(world, "1000001", "1000002")
    phone_edit(world, "1000001", "1000003")
    world.sync()
    found = [line for body in bodies(world.hub) for line in body.splitlines() if line.startswith(b"UID:")]
    assert len(found) == len(set(found)) > 0
    assert len(bodies(world.hub)) == len(bodies(world.phone)) == 2 and world.quiet()


def test_what_is_found_out_late_to_be_no_contact_is_named() -> None:
    world = World(forgets=False)
    fill(world.phone, "no card at all", type=OLD[0])
    fill(world.hub, modern(1, "word"), type=NEW[0])
    hub, _ = world.sync()
    part = hub.report.datastores["contacts"]
    assert [failure[-1] for failure in part.local.failures] == ["'no card at all': this is no vCard"]
    assert len(world.hub) == 1 and len(world.phone) == 2


def test_a_refresh_leaves_what_the_phone_cannot_hold(world: World) -> None:
    """All that the phone has counts, and all that it does not have goes; a contact that it has keeps its ROLE."""
    fill(world.hub, modern(1, "word"), modern(2, "other"), modern(3, "gone"), type=NEW[0])
    world.sync()
    for row in list(world.phone.rows()):
        item = world.phone.get(row.id)
        assert item is not None
        if name_of(item.body) == 3:
            delete(world.phone, row.id)
        else:
            edit(world.phone, row.id, item.body.decode().replace("CELL:1000001", "CELL:1000001\r\nTEL;HOME:55"))
    fill(world.phone, old(4, "new"), type=OLD[0])
    world.sync("refresh-from-client" if world.server else "refresh-from-server")
    first, second, new = sorted(bodies(world.hub), key=name_of)
    assert b"ROLE:role 1" in first and b"HOME:55" in first and second == modern(2, "other")
    assert {name_of(body) for body in bodies(world.hub)} == {1, 2, 4} and world.quiet()


def test_what_a_server_replaces_in_a_slow_sync_goes_to_the_trash() -> None:
    world = World(server=False)
    fill(world.hub, modern(1, "word"), type=NEW[0])
    world.sync()
    hub_edit(world, "1000001", "1000002")
    world.sync("slow")
    assert b"1000001" in there(world.phone) and b"1000001" in there(world.hub)
    assert [one.body for one in world.hub.trash()] == [modern(1, "word").replace(b"1000001", b"1000002")]
