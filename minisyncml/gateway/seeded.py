"""What a session of a trace found when it began: datastores in memory, and what was known of peers."""

from __future__ import annotations

from typing import Any, Mapping

from minisyncml.gateway.tracefile import Fields
from minisyncml.store.base import Entry, Item, Parked
from minisyncml.store.batch import number
from minisyncml.store.memory import MemoryStore


class Remembered:
    """What is known of peers, from the trace; see :class:`minisyncml.gateway.peer.Memory`."""

    def __init__(self) -> None:
        self.facts: "dict[str, dict[str, Any]]" = {}
        self.fingerprint = ""
        self.devinf: "dict[str, dict[str, Any]]" = {}

    def get(self, device: str) -> "dict[str, Any]":
        """See :meth:`minisyncml.gateway.peer.Memory.get`."""
        return dict(self.facts.get(device, {}))

    def set(self, device: str, facts: "dict[str, Any]") -> None:
        """See :meth:`minisyncml.gateway.peer.Memory.set`."""
        self.facts[device] = facts


class Seeded(MemoryStore):
    """A store in the state that a trace tells of; bodies that the session never read are empty.

    :param types: that it takes
    :param form: that it keeps items in
    """

    def __init__(self, types: "tuple[tuple[str, str], ...]", form: "tuple[str, str]" = ("", "")) -> None:
        super().__init__(types)
        self.form = form

    def seed(self, kind: str, fields: Fields, names: "Mapping[bytes, bytes]") -> None:
        """Take a line of the trace.

        :param kind: `items`, `peer`, `shadow` or `body`
        :param fields: the line
        :param names: digests of anonymised bodies
        :raises TraceError: when it is damaged
        """
        if kind == "items":
            self._last_id = max(self._last_id, fields.number("last"))
            self._revision = max(self._revision, fields.number("revision"))
            for id, revision, name in fields.rows("rows", str, int, str):
                digest = digest_of(fields, "rows", name)
                self._items[_id(fields, id)] = Item(id, self.types[0][0], b"", revision, names.get(digest, digest))
        elif kind == "body":
            item = self.get(fields.text("id"))
            if item is not None:
                self._items[int(item.id)] = item._replace(type=fields.text("type"), body=fields.bytes("data"))
        elif kind == "shadow":
            with self.begin() as batch:
                batch.set_shadow(fields.text("peer"), str(_id(fields, fields.text("id"))), fields.bytes("data"))
                batch.commit()
        else:
            self._seed_peer(fields, names)

    def _seed_peer(self, fields: Fields, names: "Mapping[bytes, bytes]") -> None:
        peer = fields.text("peer")
        with self.begin() as batch:
            batch.set_facts(peer, fields.map("facts"))
            for id, remote, seen, name, flags in fields.rows("entries", str, str, int, str, int):
                digest = digest_of(fields, "entries", name)
                batch.set_entry(peer, Entry(str(_id(fields, id)), remote, seen, names.get(digest, digest), flags))
            for remote, type_, data in fields.rows("parked", str, str, str):
                body = Fields({"parked": data, "line": fields.line["line"]}).bytes("parked")
                batch.park(peer, Parked(remote, type_, body))
            batch.commit()


def _id(fields: Fields, id: str) -> int:
    key = number(id) if id else 0
    if not key:
        raise fields.fail("an id")
    return key


def digest_of(fields: Fields, name: str, text: str) -> bytes:
    """A digest that stands in a line.

    :param fields: the line
    :param name: of the field it is in
    :param text: base64
    :returns: 16 bytes, or none
    :raises TraceError: when it is damaged
    """
    value = Fields({name: text, "line": fields.line["line"]}).bytes(name)
    if len(value) not in (0, 16):
        raise fields.fail(name)
    return value
