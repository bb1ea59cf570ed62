"""A hub with datastores in modern forms, and an emulated phone that calls it; every message between them is kept."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from minisyncml.gateway.emulator import Emulator, phone_stores
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.message import document
from minisyncml.message.commands import Message
from minisyncml.message.devinf import DevInf
from minisyncml.profile import Profile
from minisyncml.store.base import Item, Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.place import KINDS
from minisyncml.transport.base import Packet
from minisyncml.transport.pipe import Pipe

ZONE = "Europe/Berlin"
URL = "http://hub/"


def items(store: Store) -> "list[Item]":
    """All that a store holds."""
    return [item for item in (store.get(row.id) for row in store.rows()) if item is not None]


def put(store: Store, *bodies: "str | bytes", type: str = "") -> None:
    """New items, as somebody beside us makes them."""
    with store.begin() as batch:
        for body in bodies:
            batch.put(None, type or store.form[0] or store.types[0][0],
                      body.encode() if isinstance(body, str) else body)
        batch.commit()


def change(store: Store, item: Item, body: bytes) -> None:
    """Somebody beside us edits an item."""
    with store.begin() as batch:
        batch.put(item.id, item.type, body)
        batch.commit()


def datastore(kind: str) -> MemoryStore:
    """A datastore of the hub, which keeps items in the form of a folder of files."""
    store = MemoryStore(KINDS[kind][0])
    store.form = KINDS[kind][0][-1]
    return store


class Hub:
    """Datastores by kind, and a server for them.

    :param contents: what is in them
    :ivar passed: the messages of the last session, `->` those to the hub
    """

    def __init__(self, contents: "Mapping[str, Sequence[str]]", **server: Any) -> None:
        self.stores = {kind: datastore(kind) for kind in contents}
        for kind, bodies in contents.items():
            put(self.stores[kind], *bodies)
        self.log: "list[str]" = []
        self.reports: "list[Report]" = []
        self.server = Server(self.stores, log=self.log.append, on_report=self.reports.append,
                             **{"zone": ZONE, **server})
        self.passed: "list[tuple[str, Message]]" = []

    def bodies(self, kind: str) -> "list[bytes]":
        """What a datastore holds."""
        return [item.body for item in items(self.stores[kind])]

    def handle(self, packet: Packet, sender: str) -> Optional[Packet]:
        """Answer a phone."""
        self.passed.append(("->", document.parse(packet.body).message))
        answer = self.server.handle(packet, sender)
        if answer is not None:
            self.passed.append(("<-", document.parse(answer.body).message))
        return answer

    def edit(self, kind: str, old: str, new: str) -> None:
        """The hub's owner changes the one item where that stands."""
        [item] = [item for item in items(self.stores[kind]) if old.encode() in item.body]
        change(self.stores[kind], item, item.body.replace(old.encode(), new.encode()))


class Handset:
    """An emulated phone.

    :param stores: its databases by its names of them; by default those of the profile
    :param says: what it says of itself, from what the emulator would
    """

    def __init__(self, profile: Profile, stores: "Optional[Mapping[str, Store]]" = None, device: str = "",
                 says: "Any" = None) -> None:
        self.profile = profile
        self.stores: "dict[str, Store]" = dict(stores if stores is not None else phone_stores(profile))
        self.emulator = Emulator(self.stores, profile)
        present = self.emulator.options.present

        def presented(devinf: DevInf) -> DevInf:
            return says(present(devinf)) if says is not None else present(devinf)
        self.emulator.options = self.emulator.options._replace(
            present=presented, device=device or self.emulator.options.device)
        self.emulator._present = presented      # type: ignore[method-assign]

    def sync(self, hub: Hub, mode: str = "two-way") -> Report:
        """Call the hub."""
        hub.passed.clear()
        return self.emulator.call(URL, mode=mode, transport=lambda: Pipe(hub.handle, URL))

    def fine(self, hub: Hub) -> Report:
        """Call the hub; nothing may fail."""
        report = self.sync(hub)
        assert report.exit_code == 0, (report, hub.log, [one.as_dict() for one in hub.reports[-1:]])
        return report

    def quiet(self, hub: Hub) -> bool:
        """Whether a call finds nothing to do."""
        parts = self.fine(hub).datastores.values()
        return not any(getattr(side, word) for part in parts for side in (part.local, part.remote)
                       for word in ("added", "replaced", "deleted", "conflicts"))

    def name(self, kind: str) -> str:
        """How the phone calls the database that holds a kind."""
        value = self.profile.store(kind)
        return value.name or value.kind

    def items(self, kind: str) -> "list[Item]":
        """The items of a kind; some phones have others in the same database."""
        word = {"tasks": b"BEGIN:VTODO", "calendar": b"BEGIN:VEVENT"}.get(kind, b"")
        return [item for item in items(self.stores[self.name(kind)])
                if word in item.body or not item.body.startswith(b"BEGIN:")]
