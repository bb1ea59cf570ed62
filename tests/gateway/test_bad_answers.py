"""What a server can do wrong, and what becomes of our client: how its session ends, and that its notes stay whole.

A real server answers; the table says what is done to its answers. Afterwards the line is good again and a sync ends
with both sides equal.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

import pytest
from hostile import BASE, PASSWORD, TEXT, URL, World, add
from pair import bodies, fill

from minisyncml.errors import (
    AuthError,
    DecodeError,
    Error,
    LimitError,
    MessageError,
    PeerError,
    RemoteProtocolError,
    TransportError,
    VersionError,
)
from minisyncml.gateway.client import Client
from minisyncml.gateway.report import Report
from minisyncml.limits import DEFAULT
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.transport.base import Packet
from minisyncml.transport.pipe import Pipe

MINE = ("mine 0", "mine 1", "mine 2", "mine 3")
LIMITS = DEFAULT._replace(idle_messages=4, max_messages=12)
Spoil = Callable[[bytes], bytes]


def swap(old: str, new: str) -> Spoil:
    """Replaces what must be there, everywhere."""
    def spoil(body: bytes) -> bytes:
        assert old.encode() in body, body
        return body.replace(old.encode(), new.encode())
    return spoil


def inside(text: str) -> Spoil:
    """More commands, before all others."""
    return swap("<SyncBody>", f"<SyncBody>{text}")


def in_sync(text: str) -> Spoil:
    """More changes for our notes."""
    return swap("</SyncHdr><SyncBody>", "</SyncHdr><SyncBody><Sync><CmdID>99</CmdID><Target><LocURI>./notes</LocURI>"
                f"</Target><Source><LocURI>notes</LocURI></Source>{text}</Sync>")


def header(code: int) -> Spoil:
    """Another Status for our header."""
    return inside(f"<Status><CmdID>98</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>{code}</Data>"
                  "</Status>")


class Row(NamedTuple):
    """`spoil` is done to the answer number `at`, counted after the login; 0 is every answer.

    `error` is how the session ends, None where it does not care; `more` what our notes gain beside those of the server.
    """

    name: str
    at: int
    spoil: Spoil
    error: "Optional[type[Error]]" = None
    words: str = ""
    more: "tuple[str, ...]" = ()


ROWS = [
    Row("nothing", 1, lambda body: b"", DecodeError),
    Row("half of it", 1, lambda body: body[:len(body) // 2], DecodeError, "no XML document"),
    Row("half of the changes", 2, lambda body: body[:len(body) // 2], DecodeError, "no XML document"),
    Row("a page of a hotel", 1, lambda body: b"<html><body>Welcome!</body></html>", MessageError, "html"),
    Row("no header", 2, lambda body: b"<SyncML><SyncBody/></SyncML>", MessageError, "SyncHdr"),
    Row("a long name", 2, swap(URL, "x" * 600), LimitError, "bytes"),
    Row("an entity of its own", 2, lambda body: body.replace(
        b"<SyncML", b"<!DOCTYPE SyncML [<!ENTITY e 'x'>]><SyncML").replace(b"base 1", b"&e;"), DecodeError, "entity"),
    Row("the same answer again", 2, swap("<MsgID>3</MsgID>", "<MsgID>2</MsgID>"), RemoteProtocolError, "MsgID"),
    Row("a jump", 3, swap("<MsgID>4</MsgID>", "<MsgID>400</MsgID>")),
    Row("a jump and back", 2, swap("<MsgID>3</MsgID>", "<MsgID>300</MsgID>"), RemoteProtocolError, "MsgID"),
    Row("another session", 1, swap("<SessionID>", "<SessionID>9")),
    Row("another version", 1, header(505), VersionError, "1.2"),
    Row("no more of it", 2, header(503), PeerError, "503"),
    Row("a nonce that is none", 1, inside("<Status><CmdID>98</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr"
        "</Cmd><Chal><Meta><NextNonce>?</NextNonce></Meta></Chal><Data>401</Data></Status>"), RemoteProtocolError,
        "base64"),
    Row("credentials, for ever", 0, header(401), AuthError, "'ada'"),
    Row("Statuses of what we never sent", 2, inside(
        "<Status/><Status><CmdID>1</CmdID><MsgRef>9</MsgRef><CmdRef>9</CmdRef><Cmd>Add</Cmd><Data>500</Data></Status>")),
    Row("a Status twice", 2, lambda body: body.replace(b"<Data>201</Data></Status>", b"<Data>201</Data></Status>"
        b"<Status><CmdID>97</CmdID><MsgRef>3</MsgRef><CmdRef>6</CmdRef><Cmd>Add</Cmd><Data>500</Data></Status>")),
    Row("commands without CmdID", 2, lambda body: body.replace(b"<Add><CmdID>", b"<Add><CmdID/><CmdID>")),
    Row("commands that are none", 2, inside("<Exec/><Search/><Map/><Get/><Put/><Results/><Alert/><Atomic/><Foo/>")),
    Row("changes that are none", 2, in_sync("<Add/><Replace><Item/></Replace><Delete/><Copy/><Move/><Sync/>"
        "<Delete><CmdID>1</CmdID><Item><Target><LocURI>99</LocURI></Target></Item></Delete>")),
    Row("an addition without name", 2, in_sync(add("", "x"))),
    Row("an addition of a wrong type", 2, in_sync(add("77", "x").replace("text/plain", "image/png"))),
    Row("an addition more", 2, in_sync(add("77", "more")), None, "", ("more",)),
    Row("a GUID that leads elsewhere", 2, in_sync(add("../../77", "more")), None, "", ("more",)),
    Row("a part without end", 2, in_sync(add("77", "x", "<Size>5</Size>", more=True))),
    Row("a Sync of what we do not have", 2, inside("<Sync><CmdID>9</CmdID><Target><LocURI>./x</LocURI></Target>"
        f"{add('77', 'x')}</Sync>")),
    Row("an Alert to replace everything", 1, lambda body: body.replace(b"<Data>201</Data><Item>",
                                                                      b"<Data>205</Data><Item>")),
    Row("never Final", 0, lambda body: body.replace(b"<Final/>", b""),
        RemoteProtocolError, "done"),
    Row("news without end", 0, lambda body: inside("<Exec/>")(body.replace(b"<Final/>", b"")), LimitError,
        "too many messages"),
]


class Spoiled(Pipe):
    """A line with a row at work; nothing is done while the client logs in."""

    def __init__(self, world: World, row: Optional[Row]) -> None:
        super().__init__(world.server.handle, URL, "10.0.0.1")
        self.row, self.count = row, 0

    def send(self, packet: Packet) -> Optional[Packet]:
        try:
            answer = super().send(packet)
        except RemoteProtocolError as error:
            raise TransportError(f"HTTP 400: {error}") from None
        self.count += 1
        if answer is None or self.row is None or self.count < 2 or self.row.at not in (0, self.count - 1):
            return answer
        return answer._replace(body=self.row.spoil(answer.body))


def sync(world: World, store: Store, peers: Peers, row: Optional[Row] = None, mode: str = "two-way") -> Report:
    """A session, spoiled or not."""
    return Client(URL, {"notes": store}, user="ada", password=PASSWORD, peers=peers, device_id="phone", limits=LIMITS,
                  encoding="xml", transport=lambda: Spoiled(world, row)).sync(mode)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_answers(row: Row) -> None:
    world, store, peers = World(), MemoryStore(TEXT), Peers()
    fill(store, *MINE)
    error = sync(world, store, peers, row).error
    if row.error is None:
        assert error is None
    else:
        assert isinstance(error, row.error) and row.words in str(error)
        assert PASSWORD not in str(error) and len(str(error)) < 300
    assert {note.encode() for note in MINE} <= set(bodies(store))
    for mode in ("slow", "two-way"):    # a slow one also tells the server of items that it said it had
        report = sync(world, store, peers, mode=mode)
    assert report.exit_code == 0, report.table()
    part = report.datastores["notes"]
    assert not part.local and not part.remote
    assert bodies(store) == bodies(world.stores["ada"])
    assert [body.decode() for body in bodies(store)] == sorted([*MINE, *BASE, *row.more])
