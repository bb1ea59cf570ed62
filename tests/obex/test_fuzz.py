"""Whatever comes, both machines raise nothing but their errors, keep what they hold bounded, answer only requests, and
still understand a good session on the same line after a silence.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obex.vectors import REQUESTS, RESPONSES

from minisyncml.errors import AuthError, LimitError, RemoteProtocolError
from minisyncml.obex import auth, codes, headers, packets
from minisyncml.obex.client import Client
from minisyncml.obex.server import Connect, Fault, Get, Server

SESSION = [bytes.fromhex(case[3]) for case in REQUESTS]
ANSWERS = [bytes.fromhex(case[4]) for case in RESPONSES]
LARGEST = 1000


def mutated(samples: "list[bytes]") -> "st.SearchStrategy[bytes]":
    """Packets of real sessions, some of them with bytes changed, inserted, taken away or repeated."""

    @st.composite
    def make(draw: Any) -> bytes:
        data = bytearray(b"".join(draw(st.lists(st.sampled_from(samples), min_size=1, max_size=6))))
        for _ in range(draw(st.integers(0, 6))):
            at = draw(st.integers(0, len(data) - 1))
            how = draw(st.integers(0, 4))
            if how == 0:
                data[at] = draw(st.integers(0, 255))
            elif how == 1:
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
            elif how == 2 and len(data) > 8:
                del data[at:at + draw(st.integers(1, 4))]
            elif how == 3:
                data[at:at + 2] = draw(st.sampled_from([b"\0\0", b"\0\2", b"\xff\xff", b"\0\3", b"\x04\0"]))
            else:
                data[at:at] = data[:draw(st.integers(1, 60))]
            if not data:
                data = bytearray(b"\0")
        return bytes(data)

    return make()


def serve(server: Server, data: bytes, cut: int) -> None:
    """As a line does it: some bytes, all events, all output."""
    for at in range(0, len(data), cut):
        server.receive(data[at:at + cut])
        event = server.poll()
        while event is not None:
            if not isinstance(event, Fault):
                server.answer(body=b"x" * 3000) if isinstance(event, Get) else server.answer()
            event = server.poll()
        out = server.output()
        while out:      # whole packets, none above what the other side takes or may take
            size = int.from_bytes(out[1:3], "big")
            assert 3 <= size <= min(len(out), codes.MAX_PACKET) and out[0] & codes.FINAL
            out = out[size:]
        assert len(server._framer) <= 2 * codes.MAX_PACKET
        assert server._incoming is None or len(server._incoming) <= LARGEST


@settings(max_examples=250, deadline=None)
@given(st.one_of(st.binary(max_size=600), mutated(SESSION)), st.integers(1, 700))
def test_server(data: bytes, cut: int) -> None:
    server = Server(1024, LARGEST, password="1234")
    try:
        serve(server, data, cut)
    except LimitError:
        return      # the line is given up
    while server.inside:
        try:
            event = server.quiet()
        except LimitError:
            return
        if event is not None and not isinstance(event, Fault):
            server.answer()
    server.output()
    server.hang_up()
    server.receive(SESSION[0])
    event = server.poll()
    while isinstance(event, Fault):
        event = server.poll()
    assert isinstance(event, Connect) and event.target == codes.SYNCML


@settings(max_examples=250, deadline=None)
@given(st.one_of(st.binary(max_size=600), mutated(ANSWERS)), st.integers(1, 700),
       st.sampled_from(["connect", "put", "get", "setpath", "disconnect", "abort"]))
def test_client(data: bytes, cut: int, operation: str) -> None:
    client = Client(1024, LARGEST, password="1234")
    arguments: Any = {"put": ([], bytes(2000)), "get": ([],), "setpath": ("x",)}.get(operation, ())
    getattr(client, operation)(*arguments)
    try:
        for at in range(0, len(data), cut):
            client.output()
            client.receive(data[at:at + cut])
            while client.poll() is None and client.ready:
                client.output()
            assert len(client._framer) <= 2 * codes.MAX_PACKET and client.received <= LARGEST
        while client.busy and client.inside:
            client.output()
            client.quiet()
    except (RemoteProtocolError, AuthError):
        assert not client.busy or len(client._framer) > 1024


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), mutated([data[3:] for data in SESSION if len(data) > 3])))
def test_headers_read_back_as_they_were_written(data: bytes) -> None:
    try:
        found = headers.parse(data)
    except RemoteProtocolError:
        return
    again = headers.parse(b"".join(headers.encode(id, value) for id, value in found))
    assert again == found
    for parse in (auth.parse_challenge, auth.parse_proof):
        try:
            parse(found)
        except RemoteProtocolError:
            pass
    assert isinstance(found.application, dict)


@pytest.mark.parametrize("unit", [b"\x83", b"\x02\x02\x40\x48", b"\xff\xff", b"\x83\x83\x00", b"\x80\x00", b"\x90",
                                  b"\xa0\x00"])
def test_the_worst_noise_takes_bounded_work(unit: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte begins a search at most once: the headers looked at stay in proportion to the bytes."""
    looked = 0
    real = headers._size

    def counting(*args: Any) -> int:
        nonlocal looked
        looked += 1
        return real(*args)

    monkeypatch.setattr(headers, "_size", counting)
    for starts in (codes.REQUESTS, codes.RESPONSES):
        framer = packets.Framer(starts, codes.MAX_PACKET)
        data = unit * (60_000 // len(unit))
        try:
            for at in range(0, len(data), 1000):
                framer.feed(data[at:at + 1000])
                while framer.next() is not None:
                    pass
            while framer.resync() is not None:
                pass
        except LimitError:
            pass
    assert looked <= 2 * 60_000 * (packets.MAX_LIKELY + 1)
