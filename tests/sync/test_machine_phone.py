"""Random edits, modes and cuts on a hub, a phone with an old form and a short memory, and a laptop, against a model:
what a person wrote and nobody deleted is everywhere in the end, once, and what the phone cannot hold is unharmed.

Only two-way and slow syncs are played: the others throw data away on purpose.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis.strategies as st
import pytest
from forgetful import Forgetful
from hypothesis import Phase, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule, run_state_machine_as_test
from oldphone import NEW, OLD, modern, modern_store, name_of, old, presented
from pair import Cut, Pair, bodies, delete, fill, transferred

from minisyncml.limits import DEFAULT
from minisyncml.store.base import Store

SMALL = DEFAULT._replace(max_msg_size=2500)
PHONE = 1


def unfolded(body: bytes) -> bytes:
    return body.replace(b"\r\n ", b"")


class Nodes(RuleBasedStateMachine):
    """A phone and a laptop that sync with a hub."""

    items = Bundle("items")
    policy = "keep-both"
    reborn = True

    def __init__(self) -> None:
        super().__init__()
        hub, phone, laptop = modern_store(), Forgetful("contacts", (OLD,)), modern_store()
        phone.form = OLD
        self.stores: "list[Store]" = [hub, phone, laptop]
        self.pairs = []
        for number, store in enumerate((phone, laptop), 1):
            pair = Pair({"contacts": store}, {"contacts": hub}, client_limits=SMALL, server_limits=SMALL,
                        reborn=self.reborn)
            pair.client_options = pair.client_options._replace(device=f"phone-{number}", allow_empty=True)
            pair.server_options = pair.server_options._replace(conflict=self.policy, allow_empty=True)
            self.pairs.append(pair)
        self.pairs[0].client_options = self.pairs[0].client_options._replace(present=presented)
        self.count = 0
        self.on_phone: "set[int]" = set()
        self.written: "Counter[int]" = Counter()
        self.deleted: "set[int]" = set()

    def card(self, node: int, name: int, word: str) -> bytes:
        if node == PHONE:
            return old(name, word)
        body = modern(name, word)
        if name not in self.on_phone:
            return body
        return b"".join(line for line in body.splitlines(True) if not line.startswith((b"ROLE", b"X-SECRET", b"UID")))

    def find(self, store: Store, name: int) -> "list[str]":
        return [row.id for row in store.rows() if name_of(store.get(row.id).body) == name]  # type: ignore[union-attr]

    @rule(target=items, node=st.integers(0, 2), many=st.integers(1, 4))
    def add(self, node: int, many: int) -> Any:
        names = [self.count + number for number in range(many)]
        self.count += many
        if node == PHONE:
            self.on_phone.update(names)
        fill(self.stores[node], *(self.card(node, name, "new") for name in names), type=(NEW, OLD)[node == PHONE][0])
        return multiple(*names)

    @rule(node=st.integers(0, 2), name=items)
    def edit(self, node: int, name: int) -> None:
        self.written[name] += 1
        store = self.stores[node]
        with store.begin() as batch:
            for id in self.find(store, name)[:1]:
                batch.put(id, (NEW, OLD)[node == PHONE][0], self.card(node, name, f"version {self.written[name]}"))
            batch.commit()

    @rule(node=st.integers(0, 2), name=consumes(items))
    def delete(self, node: int, name: int) -> None:
        ids = self.find(self.stores[node], name)
        if ids:
            delete(self.stores[node], *ids)
            self.deleted.add(name)

    @rule(which=st.integers(0, 1), mode=st.sampled_from(("two-way", "two-way", "slow")))
    def sync(self, which: int, mode: str) -> None:
        self.run(which, mode, "", 0)

    @rule(which=st.integers(0, 1), mode=st.sampled_from(("two-way", "two-way", "slow")),
          way=st.sampled_from(("up", "down")), number=st.integers(0, 6))
    def broken_sync(self, which: int, mode: str, way: str, number: int) -> None:
        self.run(which, mode, way, number)

    @rule(which=st.integers(0, 1), number=st.integers(0, 6), node=st.integers(0, 2), name=items)
    def edit_during_sync(self, which: int, number: int, node: int, name: int) -> None:
        def carry(way: str, at: int, packet: Any) -> Any:
            if (way, at) == ("down", number):
                self.edit(node, name)
            return packet
        self.pairs[which].sync("two-way", carry)

    def run(self, which: int, mode: str, way: str, number: int) -> None:
        def carry(direction: str, at: int, packet: Any) -> Any:
            if (direction, at) == (way, number):
                raise Cut
            return packet
        try:
            self.pairs[which].sync(mode, carry)
        except Cut:
            pass

    def teardown(self) -> None:
        for _ in range(3):
            for pair in self.pairs:
                pair.sync()
        hub, phone, laptop = (bodies(store) for store in self.stores)
        # what two people wrote alike stays as each of them folded it
        assert sorted(map(unfolded, hub)) == sorted(map(unfolded, laptop))
        for pair in self.pairs:
            left, right = pair.sync()
            assert not transferred(left) and not transferred(right)
        there = Counter(map(name_of, hub))
        assert there == Counter(map(name_of, phone))
        assert set(range(self.count)) - self.deleted <= there.keys()
        for name, number in there.items():
            several = self.policy in ("keep-both", "merge") or name in self.deleted
            assert number <= (1 + self.written[name] if several else 1)
        for body in hub:
            name = name_of(body)
            if name not in self.on_phone | self.deleted:    # what was deleted here came back as the phone had it
                for line in (f"ROLE:role {name}\r\n", f"X-SECRET:secret {name}\r\n"):
                    assert line.encode() in body
                # a copy beside it has a UID of its own
                assert any(f"UID:urn:uuid:{name:032d}\r\n".encode() in one for one in hub if name_of(one) == name)


class ServerWins(Nodes):
    policy = "server-wins"


class ClientWins(Nodes):
    policy = "client-wins"
    reborn = False


class Merge(Nodes):
    policy = "merge"


QUICK = settings(max_examples=10, stateful_step_count=12, deadline=None, phases=(Phase.explicit, Phase.generate))
LONG = settings(max_examples=400, stateful_step_count=30, deadline=None)
MACHINES = (Nodes, ServerWins, ClientWins, Merge)


@pytest.mark.parametrize("machine", MACHINES)
def test_phone(machine: "type[Nodes]") -> None:
    run_state_machine_as_test(machine, settings=QUICK)


@pytest.mark.full
@pytest.mark.parametrize("machine", MACHINES)
def test_phone_long(machine: "type[Nodes]") -> None:
    run_state_machine_as_test(machine, settings=LONG)
