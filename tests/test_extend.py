"""One of each thing that can be added from outside: a datastore, a kind of place, a content type with its matching key,
a conflict policy, a transport, a push bearer. Each is a class or function against a public interface, of some 30 lines
at most.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from pathlib import Path
from typing import Iterator, Optional

import pytest
from pair import bodies, delete, edit, fill

from minisyncml import DEFAULT, Batch, Client, Item, ItemError, MemoryStore, Packet, Pipe, Policy, Server, Transport
from minisyncml import status as codes
from minisyncml.content import keys
from minisyncml.gateway.options import Stores
from minisyncml.gateway.wake import order_of
from minisyncml.notify import base, san
from minisyncml.notify.base import Notification, Wanted
from minisyncml.notify.bearer import Bearer
from minisyncml.notify.inbox import Inbox
from minisyncml.store import place
from minisyncml.store.base import Entry, Store
from minisyncml.store.tiny import TinyStore
from minisyncml.sync import conflict
from minisyncml.transport.base import WBXML


def client_of(server: Server, stores: Stores, **options: object) -> Client:
    return Client("pipe://server", stores, transport=lambda: Pipe(server.handle), **options)  # type: ignore[arg-type]


# -- a datastore ---------------------------------------------------------------------------------------------------


class ShoppingList(TinyStore):
    """A text file with one item on each line, which other programs write, too.

    What was synced is kept in a journal beside it; the file is brought up to date when a session is over.
    """

    types = (("text/plain", "1.0"),)

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}.journal", self.types)
        self.path = path

    def check(self, id: int, type: str, body: bytes) -> None:
        super().check(id, type, body)
        if b"\n" in body:
            raise ItemError("an item of a shopping list has one line")

    def refresh(self, rescan: bool = False) -> None:
        super().refresh(rescan)
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        kept = {item.body: item.id for item in (self.get(row.id) for row in self.rows()) if item is not None}
        written = self.facts("file").get("revision") == self.revision
        with self.begin() as batch:
            for line in lines:
                if line not in kept:
                    batch.put(None, "text/plain", line)
            for body, id in kept.items():
                if body not in lines and written:   # not written: we were stopped before it got into the file
                    batch.remove(id, "deleted in the file")
            batch.commit()

    def checkpoint(self) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_bytes(b"".join(body + b"\n" for body in bodies(self)))
        os.replace(beside, self.path)
        with self.begin() as batch:
            batch.set_facts("file", {"revision": self.revision})
            batch.commit()
        super().checkpoint()


def test_a_datastore(tmp_path: Path) -> None:
    path = tmp_path / "shopping.txt"
    path.write_text("milk\nbread\n")
    phone = MemoryStore()
    server = Server({"notes": ShoppingList(path)})
    client = client_of(server, {"notes": phone})
    assert client.sync().exit_code == 0
    assert bodies(phone) == [b"bread", b"milk"]
    fill(phone, "eggs")
    delete(phone, next(row.id for row in phone.rows()))
    path.write_text(path.read_text() + "tea\n")
    assert client.sync().exit_code == 0
    assert sorted(path.read_bytes().split()) == bodies(phone)
    assert {b"eggs", b"tea"} < set(bodies(phone)) and len(bodies(phone)) == 3
    fill(phone, "two\nlines")
    report = client.sync()
    assert report.exit_code == 1 and report.datastores["notes"].remote.failed == 1
    reopened = Server({"notes": ShoppingList(path)})
    report = client_of(reopened, {"notes": phone}).sync()
    assert report.datastores["notes"].local.added == 0


# -- a kind of place ----------------------------------------------------------------------------------------------


def test_a_kind_of_place(tmp_path: Path) -> None:
    def open_list(where: place.Place) -> Store:
        return ShoppingList(Path(where.rest))

    place.register("lines", open_list)
    (tmp_path / "list.txt").write_text("milk\n")
    store = place.open_store(f"lines:{tmp_path / 'list.txt'}", "shopping", str(tmp_path))
    store.refresh()
    assert bodies(store) == [b"milk"]
    store.close()


# -- a content type and its matching key ----------------------------------------------------------------------------

BOOKMARK = (("application/x-bookmark", "1.0"),)


def address(body: bytes) -> str:
    """Two bookmarks are the same when they lead to the same place, whatever their titles are."""
    return body.decode("utf-8", "replace").partition(" ")[0].rstrip("/").lower()


@pytest.fixture
def bookmark_key() -> Iterator[None]:
    keys.register("application/x-bookmark", address)
    yield
    keys.register("application/x-bookmark", keys.text)


def test_a_content_type_with_a_key(bookmark_key: None) -> None:
    here, there = MemoryStore(BOOKMARK), MemoryStore(BOOKMARK)
    fill(here, "http://example.org/ An example", "http://example.com/ Only here", type="application/x-bookmark")
    fill(there, "http://EXAMPLE.org The same example", "http://example.net/ Only there", type="application/x-bookmark")
    client = client_of(Server({"bookmarks": there}), {"bookmarks": here})
    assert client.sync().exit_code == 0
    client.sync()
    assert len(bodies(here)) == len(bodies(there)) == 3
    assert bodies(here) == bodies(there)


# -- a conflict policy ----------------------------------------------------------------------------------------------


class LongerWins(Policy):
    """Whoever wrote more is right; the loser goes to the trash."""

    def edited(self, batch: Batch, peer: str, entry: Entry, mine: Item, type: str, body: bytes) -> int:
        if len(mine.body) >= len(body):
            batch.bin(mine.id, type, body, "shorter")
            return codes.CONFLICT_SERVER_WON
        row = batch.put(mine.id, type, body, "shorter")
        batch.set_entry(peer, entry._replace(seen=row.revision, digest=row.digest, flags=0))
        return codes.CONFLICT_CLIENT_WON

    def edit_beats_deletion(self, by_client: bool) -> bool:
        return True


@pytest.mark.parametrize("mine, theirs, winner", [("long text", "short", "long text"), ("a", "longer", "longer")])
def test_a_conflict_policy(mine: str, theirs: str, winner: str) -> None:
    conflict.register("longer-wins", LongerWins())
    here, there = MemoryStore(), MemoryStore()
    id, = fill(here, "start")
    client = client_of(Server({"notes": there}, conflict="longer-wins"), {"notes": here})
    client.sync()
    edit(here, id, mine)
    edit(there, next(row.id for row in there.rows()), theirs)
    client.sync()
    client.sync()
    assert bodies(here) == bodies(there) == [winner.encode()]
    assert len([one for one in there.trash() if one.reason == "shorter"]) == 1


# -- a transport -----------------------------------------------------------------------------------------------------


class Wire(Transport):
    """Messages over any stream socket, each with its length in front."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream.makefile("rwb")

    def send(self, packet: Packet) -> Optional[Packet]:
        self.write(packet.body)
        body = self.read()
        return Packet(WBXML, body) if body else None

    def write(self, body: bytes) -> None:
        self.stream.write(struct.pack(">I", len(body)) + body)
        self.stream.flush()

    def read(self) -> bytes:
        head = self.stream.read(4)
        return self.stream.read(struct.unpack(">I", head)[0]) if head else b""

    def close(self) -> None:
        self.stream.close()


def test_a_transport() -> None:
    near, far = socket.socketpair()
    here, there = MemoryStore(), MemoryStore()
    fill(here, *(f"note {number}" for number in range(90)))
    server = Server({"notes": there}, limits=DEFAULT._replace(max_msg_size=2000))

    def serve() -> None:
        with Wire(far) as wire:
            assert isinstance(wire, Wire)
            while True:
                body = wire.read()
                if not body:
                    return
                answer = server.handle(Packet(WBXML, body), "wire")
                wire.write(answer.body if answer else b"")

    thread = threading.Thread(target=serve)
    thread.start()
    report = Client("wire://server", {"notes": here}, transport=lambda: Wire(near)).sync()
    near.close()
    thread.join(20)
    far.close()
    assert report.exit_code == 0 and report.messages > 6
    assert bodies(here) == bodies(there) and len(bodies(there)) == 90


# -- a push bearer ---------------------------------------------------------------------------------------------------


class Datagram(Bearer):
    """Notifications as UDP datagrams, the media type in the first line."""

    def __init__(self, address: "tuple[str, int]") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(address)

    def push(self, notification: bytes, content_type: str) -> None:
        self.socket.send(content_type.encode() + b"\n" + notification)

    def close(self) -> None:
        self.socket.close()


def test_a_push_bearer() -> None:
    here, there = MemoryStore(), MemoryStore()
    fill(there, "wake up")
    key = san.key("server", "secret")
    client, inbox = client_of(Server({"notes": there}), {"notes": here}), Inbox([key], policy="require")
    wish = san.build(Notification("server", (Wanted("notes"),), session_id="7"), key)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(20)
        with Datagram(listening.getsockname()) as bearer:
            bearer.push(wish, base.PACKET)
        kind, _, body = listening.recv(2000).partition(b"\n")
    received = inbox.take(Packet(kind.decode(), body), now=0.0)
    assert received is not None
    assert client.sync(order=order_of(received, {"notes": here})).exit_code == 0
    assert bodies(here) == [b"wake up"]
