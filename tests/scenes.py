"""Scenes for fault tests: a synced pair, edits on both sides, what each mode must make of them. No assertions here."""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Optional

from pair import Cut, Pair, delete, edit, fill

from minisyncml.limits import DEFAULT
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import Packet

TEXT = (("text/plain", "1.0"),)
MODES = ("two-way", "slow", "one-way-from-client", "one-way-from-server", "refresh-from-client", "refresh-from-server")
BASE = tuple(f"base {number}" for number in range(8))
Carry = Callable[[str, int, Packet], Packet]


class Scene:
    """A pair with one datastore. `first`: nothing was ever synced; else :data:`BASE` is on both sides.

    `size` is the MaxMsgSize of both, `more` how many items are added by a change.
    """

    def __init__(self, first: bool = False, size: Optional[int] = None, more: int = 3, **common: Any) -> None:
        self.first, self.more = first, more
        limits = DEFAULT if size is None else DEFAULT._replace(max_msg_size=size, min_msg_size=min(size, 2000))
        self.pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)},
                         client_limits=limits, server_limits=limits, **common)
        if not first:
            fill(self.client, *BASE)
            left, _ = self.pair.sync()
            assert left.report.exit_code == 0

    @property
    def client(self) -> Store:
        """The client's only store."""
        return self.pair.client["notes"]

    @property
    def server(self) -> Store:
        """The server's only store."""
        return self.pair.server["notes"]

    def change(self, word: str = "early", at: int = 0) -> None:
        """An edit, a deletion and additions on each side, on different items."""
        for store, side, start in ((self.client, "client", at), (self.server, "server", at + 2)):
            if not self.first:
                edit(store, named(store, BASE[start]), f"{BASE[start]}, {word} edit of the {side}")
                delete(store, named(store, BASE[start + 1]))
            fill(store, *(f"{word} addition {number} of the {side}" for number in range(self.more)))

    def contents(self) -> "tuple[Counter[bytes], Counter[bytes]]":
        """What both sides hold."""
        return multiset(self.client), multiset(self.server)

    def run(self, mode: str, carry: Optional[Carry] = None) -> bool:
        """A session.

        :returns: False when the line was cut
        """
        try:
            self.pair.sync(mode, carry)
        except Cut:
            return False
        return True


def cut_at(way: str, number: int) -> Carry:
    """The line drops when message `number` is on its way up or down."""
    def carry(direction: str, at: int, packet: Packet) -> Packet:
        if (direction, at) == (way, number):
            raise Cut
        return packet
    return carry


def multiset(store: Store) -> "Counter[bytes]":
    """The items of a store, without ids."""
    return Counter(item.body for item in (store.get(row.id) for row in store.rows()) if item is not None)


def named(store: Store, text: str) -> str:
    """The id of an item with this text."""
    return next(row.id for row in store.rows() if store.get(row.id).body == text.encode())  # type: ignore[union-attr]


def merged(base: "Counter[bytes]", one: "Counter[bytes]", other: "Counter[bytes]") -> "Counter[bytes]":
    """A three-way merge of edits that do not touch the same item."""
    gone = (base - one) + (base - other)
    return (base - gone) + (one - base) + (other - base)


def expected(mode: str, base: "Counter[bytes]", client: "Counter[bytes]", server: "Counter[bytes]",
             ) -> "tuple[Counter[bytes], Counter[bytes]]":
    """What the two sides hold after a sync in a mode."""
    if mode == "slow":
        return client | server, client | server
    if mode.startswith("refresh"):
        return (client, client) if mode.endswith("client") else (server, server)
    both = merged(base, client, server)
    return {"two-way": (both, both), "one-way-from-client": (client, both), "one-way-from-server": (both, server)}[mode]


def delete_named(store: Store, id: str, text: str) -> None:
    """Delete an item; the text is of no importance."""
    delete(store, id)
