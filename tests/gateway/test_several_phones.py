"""Several phones of different makes on one hub: each has its own map, form, charset and limits, and none of them harms
what another one, or the hub, has of an item.
"""

from __future__ import annotations

from typing import Iterator

import pytest
from forgetful import Forgetful, described, edited, says
from hub import Handset, Hub, change, items
from samples import CARD, EVENTS, TASKS, meaning

from minisyncml.profile import find
from minisyncml.store.place import KINDS

NAMES = ("nokia-s60", "sony-ericsson", "siemens")
OURS = {"contacts": (CARD,), "calendar": EVENTS[1:2], "tasks": TASKS, "notes": ("milk, bread",)}


def phones() -> "Iterator[Handset]":
    for number, name in enumerate(NAMES):
        profile = find(user=name)
        stores, kinds = {}, {}
        for value in profile.stores:
            stores[value.name] = Forgetful(value.kind, value.types or KINDS[value.kind][0][:1], profile.charset_out,
                                           profile.charset_in)
            kinds[value.name] = kinds[f"./{value.name}"] = value.kind
        yield Handset(profile, stores, device=f"IMEI:00499901064{number:04d}",
                      says=lambda devinf, kinds=kinds: described(devinf, kinds))


class World:
    """A hub and the phones, all in sync."""

    def __init__(self) -> None:
        self.hub, self.phones = Hub(OURS), list(phones())
        self.settle()

    def settle(self) -> None:
        """All call, twice: what one changed reaches the others."""
        for _ in range(2):
            for phone in self.phones:
                report = phone.sync(self.hub)
                assert all(part.error is None and not part.local.failed and not part.remote.failed
                           for part in self.hub.reports[-1].datastores.values()), self.hub.reports[-1].table()
                assert report.error is None

    def names(self, kind: str) -> "list[int]":
        """How many items of a kind each phone has."""
        return [len(phone.items(kind)) for phone in self.phones if phone.profile.store(kind).name]


def test_each_has_everything_once_and_in_its_form() -> None:
    world = World()
    assert [meaning(body) for body in world.hub.bodies("contacts")] == [meaning(CARD.encode())]
    for kind, bodies in OURS.items():
        assert set(world.names(kind)) == {len(bodies)}, kind
    peers = world.hub.stores["contacts"].peers()
    assert len(peers) == len(world.phones)
    assert all(world.hub.stores["contacts"].shadow(peer, "1") for peer in peers), "what each of them has is known"
    assert all(world.hub.stores["contacts"].entry(peer, "1") for peer in peers)


@pytest.mark.parametrize("who", range(len(NAMES)), ids=NAMES)
def test_an_edit_on_one_reaches_the_others_and_harms_nothing(who: int) -> None:
    world = World()
    phone = world.phones[who]
    writes = phone.profile.charset_in
    [item] = [item for item in phone.items("contacts") if says(item.body, "TEL", "5550 100", writes)]
    change(phone.stores[phone.name("contacts")], item, edited(item.body, "TEL", {"5550 100": "5550 111"}, writes))
    world.settle()
    expected = meaning(CARD.replace("5550 100", "5550 111").encode())
    assert [meaning(body) for body in world.hub.bodies("contacts")] == [expected]
    for other in world.phones:
        [card] = other.items("contacts")
        assert says(card.body, "TEL", "5550 111", other.profile.charset_in)
    before = {kind: store.revision for kind, store in world.hub.stores.items()}
    world.settle()
    assert {kind: store.revision for kind, store in world.hub.stores.items()} == before, "nothing is going round"


def test_a_new_item_and_a_deletion_reach_all() -> None:
    world = World()
    first, second = world.phones[:2]
    store = first.stores[first.name("contacts")]
    with store.begin() as batch:
        batch.put(None, store.types[0][0],
                  b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Hopper;Grace\r\nTEL;CELL:1\r\nEND:VCARD\r\n")
        batch.commit()
    world.settle()
    assert world.names("contacts") == [2] * 3 and len(world.hub.bodies("contacts")) == 2
    theirs = second.stores[second.name("contacts")]
    [gone] = [item for item in items(theirs) if b"Hopper" in item.body]
    with theirs.begin() as batch:
        batch.remove(gone.id)
        batch.commit()
    world.settle()
    assert world.names("contacts") == [1] * 3
    assert [meaning(body) for body in world.hub.bodies("contacts")] == [meaning(CARD.encode())]


def test_a_phone_that_lost_everything_gets_it_again_and_the_others_notice_nothing() -> None:
    world = World()
    before = {kind: [meaning(body) for body in world.hub.bodies(kind)] for kind in OURS}
    replaced = list(phones())[1]
    world.phones[1] = replaced
    world.settle()
    assert {kind: [meaning(body) for body in world.hub.bodies(kind)] for kind in OURS} == before
    for kind, bodies in OURS.items():
        assert set(world.names(kind)) == {len(bodies)}, kind
