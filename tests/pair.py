"""Two real engines back to back, with every message visible and every fault possible. No transport, no files."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

from minisyncml.engine.auth import Login, Secret
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.options import Options
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import document
from minisyncml.message.commands import Message
from minisyncml.store.base import Store
from minisyncml.transport.base import Packet


class Notebook:
    """What is remembered of devices, in a dict."""

    def __init__(self) -> None:
        self.known: "dict[str, dict[str, Any]]" = {}

    def get(self, device: str) -> "dict[str, Any]":
        return dict(self.known.get(device, {}))

    def set(self, device: str, facts: "dict[str, Any]") -> None:
        self.known[device] = dict(facts)


class Noise:
    """Random bytes that are the same in each run."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, size: int) -> bytes:
        self.count += 1
        return (self.count * 2654435761).to_bytes(16, "big")[-size:]


def options(device: str, limits: Limits = DEFAULT, **more: Any) -> Options:
    """Settings of one side; time stands still."""
    return Options(device, Noise(), lambda: 0.0, limits, **more)


class Cut(Exception):
    """A test lets the line drop here."""


class Pair:
    """A client and a server with their stores; :meth:`sync` runs a session.

    `carry` sees every packet on its way (direction "up" or "down", number, packet) and may change it or raise Cut.
    With `reborn` both ends are made anew from their state after every message.
    """

    def __init__(self, client: "Mapping[str, Store]", server: "Mapping[str, Store]", **common: Any) -> None:
        self.client, self.server = client, server
        self.client_memory, self.server_memory = Notebook(), Notebook()
        self.client_options = options("phone-1", common.get("client_limits", DEFAULT),
                                      **common.get("client_options", {}))
        self.server_options = options("server-1", common.get("server_limits", DEFAULT),
                                      **common.get("server_options", {}))
        self.users: "Optional[dict[str, Secret]]" = common.get("users")
        self.reborn = common.get("reborn", True)
        self.up: "list[Packet]" = []
        self.down: "list[Packet]" = []
        self.left: Optional[Exchange] = None
        self.right: Optional[Exchange] = None

    def login(self, user: str, password: str, scheme: str = "auto") -> None:
        """What the client presents from now on."""
        self.client_options = self.client_options._replace(login=Login(user, password, scheme))

    def _left(self, state: Any = None) -> Exchange:
        return Exchange.client(self.client_options, self.client, self.client_memory, "http://server/", state=state)

    def _right(self, state: Any = None) -> Exchange:
        secrets = self.users.get if self.users is not None else None
        return Exchange.server(self.server_options, self.server, self.server_memory, secrets, state=state)

    def sync(self, mode: str = "two-way", carry: "Optional[Callable[[str, int, Packet], Packet]]" = None,
             remotes: "Optional[Mapping[str, str]]" = None, rounds: int = 500) -> "tuple[Exchange, Exchange]":
        """One session from start to end.

        :returns: both exchanges
        :raises Cut: when `carry` raised it; both ends are told by nobody, as in real life
        """
        self.up, self.down = [], []
        left, right = self._left(), self._right()
        self.left, self.right = left, right
        packet = left.start(mode, remotes)
        for number in range(rounds):
            if packet is None:
                return left, right
            if carry:
                packet = carry("up", number, packet)
            self.up.append(packet)
            answer = right.handle(packet)
            assert answer is not None, "a server answers every message"
            if carry:
                answer = carry("down", number, answer)
            self.down.append(answer)
            packet = left.handle(answer)
            if self.reborn:
                left, right = self._left(left.state()), self._right(right.state())
                self.left, self.right = left, right
        raise AssertionError(f"no end after {rounds} messages")

    def messages(self) -> "list[tuple[str, Message]]":
        """What went over the wire in the last session, decoded."""
        both = []
        for up, down in zip(self.up, self.down):
            both += [("up", document.parse(up.body).message), ("down", document.parse(down.body).message)]
        return both


def bodies(store: Store) -> "list[bytes]":
    """The items of a store, sorted, without ids."""
    return sorted(item.body for item in (store.get(row.id) for row in store.rows()) if item is not None)


def fill(store: Store, *texts: "str | bytes", type: str = "text/plain") -> "list[str]":
    """Put items into a store, as a person would; their ids."""
    ids = []
    with store.begin() as batch:
        for text in texts:
            ids.append(batch.put(None, type, text if isinstance(text, bytes) else text.encode()).id)
        batch.commit()
    return ids


def edit(store: Store, id: str, text: str) -> None:
    """Change an item, as a person would."""
    with store.begin() as batch:
        item = store.get(id)
        batch.put(id, item.type if item else "text/plain", text.encode())
        batch.commit()


def delete(store: Store, *ids: str) -> None:
    """Delete items, as a person would."""
    with store.begin() as batch:
        for id in ids:
            batch.remove(id)
        batch.commit()


def transferred(exchange: Exchange) -> int:
    """How many items a session moved, in both directions."""
    total = 0
    for part in exchange.report.datastores.values():
        for counts in (part.local, part.remote):
            total += counts.added + counts.replaced + counts.deleted + counts.failed + counts.conflicts
    return total


def fine(exchange: Exchange) -> bool:
    """Whether a session had no complaint."""
    return exchange.failed is None and exchange.report.exit_code == 0


