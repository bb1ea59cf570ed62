"""Real messages of a real session, cut, spliced and scribbled on at any place, in both directions.

Whatever happens: only typed errors come out, answers stay small, and the next sync ends with both sides equal.
"""

from __future__ import annotations

from typing import NamedTuple, Optional
from xml.sax.saxutils import escape

import hypothesis.strategies as st
import pytest
from hostile import ALERT, PASSWORD, TEXT, URL, Talker, World, add, cred
from hostile import sync as sync_command
from hypothesis import HealthCheck, example, given, settings
from pair import Noise, bodies, fill

from minisyncml.errors import LocalProtocolError, RemoteProtocolError, TransportError
from minisyncml.gateway.client import Client
from minisyncml.gateway.report import Report
from minisyncml.limits import DEFAULT
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.transport.base import Packet
from minisyncml.transport.pipe import Pipe

SMALL = DEFAULT._replace(max_msg_size=2000)


class Change(NamedTuple):
    """What happens to one message: places are parts of 1000 of its length."""

    way: str
    message: int
    what: str
    at: int
    length: int
    text: bytes
    other: int


CHANGES = st.builds(
    Change, st.sampled_from(("up", "down")), st.integers(1, 8),
    st.sampled_from(("cut", "drop", "double", "write", "insert", "splice", "swap")), st.integers(0, 999),
    st.integers(1, 60), st.binary(min_size=1, max_size=4), st.integers(0, 20))


def changed(change: Change, body: bytes, seen: "list[bytes]") -> bytes:
    """A message with a change."""
    at, other = change.at * len(body) // 1000, seen[change.other % len(seen)]
    there = change.at * len(other) // 1000
    middle = {"cut": b"", "drop": b"", "double": body[at:at + change.length] * 2, "write": change.text,
              "insert": change.text, "splice": other[there:], "swap": other[there:there + change.length]}[change.what]
    skip = {"insert": 0, "double": change.length, "drop": change.length, "swap": change.length,
            "write": len(change.text)}.get(change.what, len(body))
    return body[:at] + middle + body[at + skip:]


class Meddler(Pipe):
    """A line that changes messages, and tells of refusals as HTTP would."""

    def __init__(self, world: World, changes: "list[Change]") -> None:
        super().__init__(world.server.handle, URL, "10.0.0.1")
        self.changes, self.count = changes, 0
        self.seen: "list[bytes]" = []

    def send(self, packet: Packet) -> Optional[Packet]:
        self.count += 1
        try:
            answer = super().send(self.meddle("up", packet))
        except RemoteProtocolError as error:
            raise TransportError(f"HTTP 400: {error}") from None
        assert answer is None or len(answer.body) < 8000
        return answer and self.meddle("down", answer)

    def meddle(self, way: str, packet: Packet) -> Packet:
        self.seen.append(packet.body)
        for change in self.changes:
            if (change.way, change.message) == (way, self.count):
                packet = packet._replace(body=changed(change, packet.body, self.seen))
        return packet


def sync(world: World, store: Store, peers: Peers, mode: str, encoding: str, changes: "list[Change]") -> Report:
    """A session with changes on its way."""
    return Client(URL, {"notes": store}, user="ada", password=PASSWORD, peers=peers, device_id="phone",
                  encoding=encoding, limits=SMALL, random=Noise(), allow_empty=True,
                  transport=lambda: Meddler(world, changes)).sync(mode)


def play(encoding: str, mode: str, changes: "list[Change]") -> None:
    world = World(SMALL, random=Noise(), allow_empty=True)
    store, peers = MemoryStore(TEXT), Peers()
    fill(world.stores["ada"], *(f"there {number} {'y' * 200}" for number in range(6)))
    fill(store, *(f"here {number} {'x' * 200}" for number in range(6)), "large " + "z" * 3000)
    report = sync(world, store, peers, mode, encoding, changes)
    assert not isinstance(report.error, LocalProtocolError)
    for part in report.datastores.values():
        assert not isinstance(part.error, LocalProtocolError)
    for again in ("slow", "two-way"):
        report = sync(world, store, peers, again, encoding, [])
        assert report.exit_code == 0, report.table()
    assert bodies(store) == bodies(world.stores["ada"])
    part = report.datastores["notes"]
    assert not part.local and not part.remote
    assert world.log == [] and world.works()


@pytest.mark.parametrize("encoding", ("wbxml", "xml"))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(mode=st.sampled_from(("two-way", "slow", "refresh-from-server", "one-way-from-client")),
       changes=st.lists(CHANGES, min_size=1, max_size=4))
@example("two-way", [Change("up", 3, "splice", 236, 1, b"", 0), Change("up", 4, "write", 275, 1, b"?", 0)])
def test_spoiled_messages(encoding: str, mode: str, changes: "list[Change]") -> None:
    play(encoding, mode, changes)


WORDS = st.sampled_from((
    "", "1", "0", "-1", "200", "201", "205", "222", "223", "224", "225", "./notes", "./mine", "./devinf12", "L1", "L2",
    "b64", "text/plain", "syncml:auth-md5", "QUJD", "99999999999999999999", "a note", "\ud7ff", "&"))
TAGS = st.sampled_from((
    "Add", "Alert", "Anchor", "Archive", "Atomic", "Chal", "Cmd", "CmdID", "CmdRef", "Copy", "Cred", "Data", "Delete",
    "DevInf", "Final", "Format", "Get", "Item", "Last", "LocURI", "Map", "MapItem", "MaxObjSize", "Mem", "Meta",
    "MetInf", "MoreData", "Move", "MsgRef", "Next", "NextNonce", "NoResp", "NumberOfChanges", "Put", "Replace",
    "Results", "Search", "Sequence", "SftDel", "Size", "Source", "SourceRef", "Status", "Sync",
    "SyncHdr", "Target", "TargetRef", "Type"))
TREES = st.recursive(
    st.builds(lambda tag, word: f"<{tag}>{escape(word)}</{tag}>", TAGS, WORDS),
    lambda inner: st.builds(lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>", TAGS, st.lists(inner, max_size=5)),
    max_leaves=25)
GOOD = st.sampled_from((
    ALERT, sync_command(add("L1", "one")), sync_command(add("L2", "x", "<Size>5</Size>", more=True)),
    sync_command(add("L1", "", command="Delete"), "<Replace><CmdID>5</CmdID><Item/></Replace>"),
    "<Put><CmdID>1</CmdID><Item><Source><LocURI>./devinf12</LocURI></Source><Data><DevInf><DataStore/></DevInf></Data>"
    "</Item></Put>"))
MESSAGES = st.tuples(st.lists(TREES | GOOD, max_size=4), st.booleans(), st.booleans())


@pytest.mark.parametrize("encoding", ("wbxml", "xml"))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(messages=st.lists(MESSAGES, min_size=1, max_size=5), early=st.booleans())
def test_words_in_no_order(encoding: str, messages: "list[tuple[list[str], bool, bool]]", early: bool) -> None:
    """Elements of SyncML anywhere: each message is answered or refused, and somebody else is served."""
    world = World(allow_empty=True)
    talker = Talker(world, encoding)
    if not early:
        talker.login()
    for trees, final, answer in messages:
        text = talker.text("".join(trees), final, answer, **({"Cred": cred()} if early else {}))
        try:
            talker.post(talker.encode(text))
        except RemoteProtocolError:
            continue
        assert not [s for s in talker.statuses() if s.cmd == "Status"]
    assert world.log == [] and world.works() and world.works("ada")
