"""A line to a phone in a trace: what is told, what is overwritten, and that the bytes go their way unchanged."""

from __future__ import annotations

import binascii
import json
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.gateway.demo import make_phone
from minisyncml.gateway.emulator import Emulator
from minisyncml.gateway.phone import Phone
from minisyncml.gateway.replay import replay
from minisyncml.gateway.traced import Trace
from minisyncml.gateway.traced_link import describe, hidden
from minisyncml.gateway.tracefile import read
from minisyncml.obex import codes, headers, packets
from minisyncml.profile import find
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.link import Link
from minisyncml.transport.ports import open_link
from minisyncml.transport.serial import PtyLink

PUT = packets.build(codes.PUT_FINAL, headers.encode(codes.CONNECTION, 1)
                    + headers.encode(codes.TYPE, headers.type_value("application/vnd.syncml+wbxml"))
                    + headers.encode(codes.LENGTH, 11) + headers.encode(codes.END_OF_BODY, b"hello alice"))
CONNECT = packets.build(codes.CONNECT, headers.encode(codes.TARGET, codes.SYNCML), packets.connect_fields(1024))
WELCOME = packets.build(codes.OK | codes.FINAL, headers.encode(codes.CONNECTION, 1)
                        + headers.encode(codes.WHO, codes.SYNCML), packets.connect_fields(512))
LOGIN = packets.build(codes.CONNECT, headers.encode(codes.RESPONSE, b"\0\x10" + b"digestofpassword"),
                      packets.connect_fields(1024))


class Wire(Link):
    """Gives what it was made with, in pieces; keeps what is written."""

    name = "a wire"

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.written = b""
        self.closed = False

    def read(self, timeout: float) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def write(self, data: bytes, timeout: float) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True


def run(path: Path, wire: Wire, *written: bytes, anonymise: bool = False) -> "list[tuple[str, bytes]]":
    """Write and read all; what the trace says of it."""
    pieces = list(wire.pieces)
    with Trace(str(path), anonymise=anonymise) as trace:
        link = trace.link(wire)
        for data in written:
            link.write(data, 1)
        assert [link.read(0) for _ in pieces] == pieces
        link.close()
    assert wire.written == b"".join(written) and wire.closed
    lines = list(read(str(path)))[1:]
    assert {line["link"] for line in lines} <= {"a wire"}
    return [(line["dir"], binascii.a2b_base64(line["raw"])) for line in lines]


def test_at_then_obex(tmp_path: Path) -> None:
    wire = Wire(b"\r\nOK\r\n", WELCOME[:5], WELCOME[5:])
    told = run(tmp_path / "trace", wire, b"AT*EOBEX\r", CONNECT, PUT[:9], PUT[9:])
    assert [way for way, _ in told] == ["out", "out", "out", "in", "in"]
    words = [describe(data) for _, data in told]
    assert words == ["AT*EOBEX", "OBEX CONNECT SYNCML-SYNC",
                     "OBEX PUT application/vnd.syncml+wbxml length 11 body of 11 bytes, the end", "OK",
                     "OBEX success (0x20) SYNCML-SYNC"]
    assert sum(len(data) for way, data in told if way == "out") == len(b"AT*EOBEX\r" + CONNECT + PUT)
    assert not [data for _, data in told if b"alice" in data]


def test_secrets_of_a_line(tmp_path: Path) -> None:
    told = run(tmp_path / "trace", Wire(), b'AT+CPIN="1234"\r', LOGIN)
    assert [describe(data) for _, data in told] == ['AT+CPIN="****"', "OBEX CONNECT with a password"]
    assert b"digest" not in told[1][1]


def test_anonymised(tmp_path: Path) -> None:
    told = run(tmp_path / "trace", Wire(b'+CPBR: 1,"+49305550102",145,"Ada"\r\n490154203237518\r\n'), anonymise=True)
    assert not [data for _, data in told for word in (b"5550", b"Ada", b"4901542") if word in data]


def test_half_a_packet_is_told_when_the_line_closes(tmp_path: Path) -> None:
    told = run(tmp_path / "trace", Wire(PUT[:-3]))
    assert [len(data) for _, data in told] == [len(PUT) - 3]
    assert b"hello" not in told[0][1]


@pytest.mark.parametrize("data", [b"\x82\x00\x02", b"\x82\x00\x03\x48\xff\xff", b"\x00\x01", b"\xff" * 9])
def test_garbage(tmp_path: Path, data: bytes) -> None:
    told = run(tmp_path / "trace", Wire(data))
    assert sum(len(part) for _, part in told) == len(data)
    assert all(describe(part) for _, part in told)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([PUT, CONNECT, WELCOME, b"ATZ\r"])), max_size=6))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, pieces: "list[bytes]") -> None:
    told = run(tmp_path_factory.getbasetemp() / "any.trace", Wire(*filter(None, pieces)))
    assert sum(len(data) for _, data in told) == sum(map(len, pieces))
    for _, data in told:
        assert "\n" not in describe(data)


@pytest.mark.parametrize("anonymise", [False, True])
def test_a_phone_on_a_cable(tmp_path: Path, anonymise: bool) -> None:
    """Both ends of two syncs over a pseudo-terminal, with all that was said before and between."""
    paths = tmp_path / "computer", tmp_path / "phone"
    types = {"contacts": (("text/x-vcard", "2.1"),), "calendar": (("text/x-vcalendar", "1.0"),)}
    stores = {name: MemoryStore(pairs) for name, pairs in types.items()}
    over: "list[bool]" = []
    with Trace(str(paths[0]), anonymise=anonymise) as here, Trace(str(paths[1]), anonymise=anonymise) as there, \
            PtyLink() as cable:
        phone = Emulator(make_phone(), find(user="sony-ericsson-w595"), trace=there)
        thread = Thread(target=lambda: phone.answer(cable, stop=lambda: bool(over)))
        thread.start()
        try:
            caller = Phone(lambda: open_link(cable.name), stores, port="cable", patience=0.3, wait=lambda seconds: None,
                           trace=here)
            assert [caller.sync().error for _ in range(2)] == [None, None]
        finally:
            over.append(True)
            thread.join()
    assert len(stores["contacts"]) == 5
    for path in paths:
        played = replay(str(path))
        assert played.differences == [] and (played.sessions, played.messages >= 6) == (2, True)
        lines = [line for line in read(str(path)) if line.get("kind") == "packet"]
        words = [describe(binascii.a2b_base64(line["raw"])) for line in lines]
        assert any(word.startswith("AT") for word in words)
        assert any(word.startswith("OBEX PUT application/vnd.syncml.ds.notification") for word in words)
        assert not [line for line in lines if b"Lovelace" in binascii.a2b_base64(line["raw"])]
        told = [json.dumps(line).encode() + binascii.a2b_base64(line.get("raw", "")) for line in read(str(path))]
        for word in (b"Lovelace", phone.options.device.encode()):
            assert any(word in data for data in told) is not anonymise


def test_a_packet_whose_headers_lie_keeps_none_of_what_follows() -> None:
    packet = b"\x82\x00\x10" + b"\x48\x00\x05hi" + b"\x49\xff\xffsecre"
    assert hidden(packet + b"") == b"\x82\x00\x10" + b"\x48\x00\x05\0\0" + bytes(8)
