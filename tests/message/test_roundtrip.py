"""Every typed value survives WBXML and XML in each version, by either way of reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message.values import COMMANDS, ENCODINGS, VERSIONS, WORDS, messages

from minisyncml import codec
from minisyncml.codec.node import Node
from minisyncml.errors import RemoteProtocolError
from minisyncml.message import commands as c
from minisyncml.message.document import parse, parse_tree
from minisyncml.message.fields import Writing
from minisyncml.message.schema import read_command, write_command, write_header
from minisyncml.message.writer import Writer


def write(message: c.Message, encoding: str, version: str) -> bytes:
    writer = Writer(message.header, encoding, None, version)
    assert all(writer.add(command) for command in message.commands)
    return writer.finish(message.final)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_message_round_trip(encoding: str, data: Any) -> None:
    message, version = data.draw(messages(encoding))
    body = write(message, encoding, version)
    for parsed in (parse(body), parse_tree(body)):
        assert parsed.message == message
        assert (parsed.encoding, parsed.version) == (encoding, version)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_writer_says_what_the_schema_says(encoding: str, data: Any) -> None:
    message, version = data.draw(messages(encoding))
    writing = Writing(version, encoding == "xml")
    body: "list[Any]" = [write_command(command, writing) for command in message.commands]
    root = Node("SyncML", [write_header(message.header, writing),
                           Node("SyncBody", body + ([Node("Final")] if message.final else []))])
    general = codec.encode(root, encoding, version, "syncml")
    assert codec.decode(write(message, encoding, version)).root == codec.decode(general).root


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_sync_opening_says_what_the_schema_says(encoding: str, data: Any) -> None:
    message, version = data.draw(messages(encoding))
    text = st.one_of(st.none(), WORDS)
    sync = c.Sync(data.draw(WORDS), data.draw(text), data.draw(text),
                  number_of_changes=data.draw(st.sampled_from((None, 0, 1, 70000))), no_resp=data.draw(st.booleans()))
    ways = []
    for write_sync in (Writer.add, lambda writer, sync: writer.open_sync(sync) and writer.close_sync() is None):
        writer = Writer(message.header, encoding, None, version)
        assert write_sync(writer, sync)
        ways.append(codec.decode(writer.finish()).root)
    assert ways[0] == ways[1]


@given(st.sampled_from(VERSIONS).flatmap(lambda v: st.tuples(st.just(v), COMMANDS["wbxml", v])))
@settings(max_examples=60, deadline=None)
def test_command_round_trip_as_tree(case: "tuple[str, Any]") -> None:
    version, command = case
    assert read_command(write_command(command, Writing(version))) == command


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_both_ways_agree_on_damaged_documents(data: Any) -> None:
    message, version = data.draw(messages("wbxml"))
    body = bytearray(write(message, "wbxml", version))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(5, len(body) - 1))] = data.draw(st.one_of(
            st.integers(0, 255), st.sampled_from((0, 1, 3, 0x12, 0x54, 0x5A, 0x4F, 0x6A, 0x45, 0xC3))))
    assert outcome(parse, bytes(body)) == outcome(parse_tree, bytes(body))


def outcome(read: Any, body: bytes) -> Any:
    try:
        return read(body).message
    except RemoteProtocolError:
        return None
