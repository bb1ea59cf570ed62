"""The Writer: exact counts, a limit that is never passed, chunks that fill what is left."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message.values import COMMANDS, ENCODINGS, HEADERS

from minisyncml.errors import EncodeError, ItemError, LocalProtocolError
from minisyncml.message.commands import Add, Header, Item, Map, MapItem, Meta, Move, Replace, Status, Sync
from minisyncml.message.document import parse
from minisyncml.message.fields import xml_safe
from minisyncml.message.writer import Writer

HEADER = Header("1.2", "SyncML/1.2", "1", "1", "http://h/s", "IMEI:1")
VCARD = Meta("text/x-vcard")


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_limit_is_kept_and_count_is_exact(encoding: str, data: Any) -> None:
    header = data.draw(HEADERS[encoding, "1.2"])
    limit = Writer(header, encoding).size + data.draw(st.integers(0, 1500))
    writer = Writer(header, encoding, limit)
    taken: "list[Any]" = []
    for command in data.draw(st.lists(COMMANDS[encoding, "1.2"], max_size=8)):
        step = data.draw(st.sampled_from((command, command, command, "open", "close")))
        before = writer.size, writer.room(), writer.finish(True)
        if do(writer, step):
            taken.append(step)
        else:
            assert (writer.size, writer.room(), writer.finish(True)) == before
            free = Writer(header, encoding)
            assert not all(do(free, old) for old in [*taken, step]) or free.size > limit
        assert len(writer.finish(True)) == writer.size <= limit
        assert writer.room() == limit - writer.size
        assert len(writer.finish(False)) <= writer.size
    free = Writer(header, encoding)
    assert all(do(free, old) for old in taken)
    assert free.finish(True) == writer.finish(True)
    parse(writer.finish(True))


def do(writer: Writer, step: Any) -> bool:
    if step == "close":
        writer.close_sync()
        return True
    return writer.open_sync(Sync("7", "./t", "./s")) if step == "open" else writer.add(step)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_fit_is_what_add_takes(encoding: str, data: Any) -> None:
    body = data.draw(st.text(st.sampled_from("abc &<>\r\n\u00e9\u20ac\U0001f600"), max_size=600)).encode()
    meta = data.draw(st.sampled_from((None, VCARD)))
    more = data.draw(st.booleans())
    writer = Writer(HEADER, encoding, 400 + data.draw(st.integers(0, 700)), "1.2")
    if data.draw(st.booleans()):
        writer.add(Status("1", "1", "0", "SyncHdr", 200, chal=VCARD))      # leaves WBXML on another page
    writer.open_sync(Sync("2", "./a", "./b"))

    def command(part: bytes) -> Add:
        return Add("3", (Item(source="1", data=part, more=more),), meta)

    size = writer.fit(command(b""), body)
    assert 0 <= size <= len(body)
    if encoding == "xml":
        body[:size].decode()
    room = writer.room()
    assert writer.add(command(body[:size])) or size == 0
    if 0 < size < len(body):
        assert writer.room() < (4 + 2 if encoding == "wbxml" else 16), (room, size)


def test_chunk_of_a_large_object_costs_what_the_chunk_costs() -> None:
    body = bytes(32 * 1024 * 1024)
    writer = Writer(HEADER, "wbxml", 10_000, "1.2")
    size = writer.fit(Add("1", (Item(source="1", data=b"", more=True),), VCARD), body)
    assert writer.add(Add("1", (Item(source="1", data=body[:size], more=True),), VCARD))
    assert 0 <= writer.room() <= 2


def test_header_longer_than_the_limit() -> None:
    writer = Writer(HEADER, "wbxml", 50, "1.2")
    assert writer.room() < 0
    assert not writer.add(Status("1", "1", "0", "SyncHdr", 200))
    assert writer.fit(Add("1", (Item(source="1", data=b""),)), b"data") == 0
    assert parse(writer.finish(True)).message == (HEADER, (), True)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_sync_filled_one_by_one(encoding: str) -> None:
    writer = Writer(HEADER, encoding)
    adds = tuple(Add(str(n), (Item(source=f"{n}", data=b"x\r\n"),), VCARD) for n in range(3, 6))
    assert writer.add(Map("1", "./t", "./s", (MapItem("g", "l"),)))
    assert writer.open_sync(Sync("2", "./t", "./s", adds[:1], number_of_changes=3))
    assert not writer.open_sync(Sync("3"))
    assert all(writer.add(add) for add in adds[1:])
    writer.close_sync()
    writer.close_sync()
    assert writer.add(Status("9", "1", "1", "Map", 200))
    message = parse(writer.finish()).message
    assert [type(command) for command in message.commands] == [Map, Sync, Status]
    assert message.commands[1] == Sync("2", "./t", "./s", adds, number_of_changes=3)
    assert not message.final


def test_open_sync_is_closed_by_finish() -> None:
    for encoding in ENCODINGS:
        writer = Writer(HEADER, encoding)
        assert writer.open_sync(Sync("1", "./t", "./s"))
        assert parse(writer.finish(True)).message.commands == (Sync("1", "./t", "./s"),)


@pytest.mark.parametrize("data", [b"\0", b"\x1b", b"\xff", b"\xc3", b"\xef\xbf\xbf", b"\xed\xa0\x80"])
def test_data_that_xml_cannot_hold(data: bytes) -> None:
    assert not xml_safe(data)
    add = Add("1", (Item(source="1", data=data),))
    writer = Writer(HEADER, "xml")
    before = writer.finish()
    with pytest.raises(ItemError):
        writer.add(add)
    assert writer.finish() == before
    writer = Writer(HEADER, "wbxml")
    assert writer.add(add)
    assert parse(writer.finish()).message.commands == (add,)


def test_text_that_xml_cannot_hold() -> None:
    with pytest.raises(EncodeError):
        Writer(HEADER, "xml").add(Add("1", (Item(source="\x01"),)))


def test_versions() -> None:
    """Representation 1.2.2 and 1.0: what older versions do not have is left out."""
    sync = Sync("1", "t", "s", (Replace("2", (Item("a", data=b"d", more=True, source_parent="p"),)),),
                Meta(max_obj_size=5, max_msg_size=9), 4)
    for encoding in ENCODINGS:
        found = {}
        for version in ("1.0", "1.1", "1.2"):
            writer = Writer(HEADER._replace(version=version), encoding, None, version)
            assert writer.add(sync)
            found[version] = parse(writer.finish()).message.commands[0]
        assert found["1.2"] == sync
        no_parent = Item("a", data=b"d", more=True)
        assert found["1.1"] == sync._replace(commands=(Replace("2", (no_parent,)),))
        assert found["1.0"] == Sync("1", "t", "s", (Replace("2", (Item("a", data=b"d"),)),), Meta(max_msg_size=9))
    with pytest.raises(LocalProtocolError):
        Writer(HEADER, "wbxml", None, "1.1").add(Move("1"))


def test_root_without_namespace() -> None:
    body = Writer(HEADER, "xml", None, "1.0", namespace=False).finish()
    assert b"<SyncML><SyncHdr>" in body
    assert b"xmlns" not in body
