"""Packets and headers: vectors both ways, what is malformed, packets found in noise, objects cut and put together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obex.vectors import REQUESTS, RESPONSES

from minisyncml.errors import DecodeError, EncodeError, LimitError
from minisyncml.obex import codes, headers, packets
from minisyncml.obex.headers import Headers
from minisyncml.obex.packets import BODY_LAST, EMPTY_LAST, Framer, Incoming, Outgoing

PAIR = st.one_of(
    st.tuples(st.integers(0x00, 0x3F), st.text("aü€😀 ./", max_size=40)),
    st.tuples(st.integers(0x40, 0x7F), st.binary(max_size=80)),
    st.tuples(st.integers(0x80, 0xBF), st.integers(0, 255)),
    st.tuples(st.integers(0xC0, 0xFF), st.integers(0, 0xFFFFFFFF)))


def block(pairs: Any) -> bytes:
    return b"".join(headers.encode(id, value) for id, value in pairs)


def framer(*parts: bytes, largest: int = 1024, starts: "frozenset[int]" = codes.REQUESTS) -> Framer:
    found = Framer(starts, largest)
    for part in parts:
        found.feed(part)
    return found


@pytest.mark.parametrize("opcode, fields, pairs, data", REQUESTS)
def test_requests(opcode: int, fields: bytes, pairs: Any, data: str) -> None:
    wire = bytes.fromhex(data)
    assert packets.build(opcode, block(pairs), fields) == wire
    assert packets.request(wire) == (opcode, fields, Headers(pairs))


@pytest.mark.parametrize("opcode, code, fields, pairs, data", RESPONSES)
def test_responses(opcode: int, code: int, fields: bytes, pairs: Any, data: str) -> None:
    wire = bytes.fromhex(data)
    assert packets.build(code | codes.FINAL, block(pairs), fields) == wire
    assert packets.response(wire, opcode) == (code | codes.FINAL, fields, Headers(pairs))


def test_a_stream_is_cut_into_packets_wherever_it_is_cut() -> None:
    wire = b"".join(bytes.fromhex(case[3]) for case in REQUESTS)
    for size in (1, 2, 3, 7, len(wire)):
        found, cutter = [], framer()
        for at in range(0, len(wire), size):
            cutter.feed(wire[at:at + size])
            while (packet := cutter.next()) is not None:
                found.append(packet.hex())
        assert found == [case[3] for case in REQUESTS]


@settings(max_examples=100)
@given(st.lists(PAIR, max_size=20))
def test_headers_round_trip(pairs: "list[Any]") -> None:
    assert headers.parse(block(pairs)) == Headers(pairs)


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=255)), max_size=6))
def test_tags_round_trip(tags: "list[tuple[int, bytes]]") -> None:
    assert headers.parse_tags(headers.build_tags(tags)) == tags


@pytest.mark.parametrize("data, words", [
    ("48", "goes past"), ("4800", "goes past"), ("480002", "shorter than itself"), ("480000", "shorter than itself"),
    ("48000461", None), ("480005 61", "goes past"), ("48ffff61", "goes past"), ("cb000001", "goes past"),
    ("93", "goes past"), ("01000461", "half a character"), ("0100056100", None), ("cb00000001 48", "goes past"),
])
def test_malformed_headers(data: str, words: "str | None") -> None:
    if words is None:
        assert len(headers.parse(bytes.fromhex(data))) == 1
        return
    with pytest.raises(DecodeError, match=words):
        headers.parse(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["80000310", "8000061000ff", "850003", "85000402"])
def test_packets_that_are_too_short(data: str) -> None:
    with pytest.raises(DecodeError, match="too short"):
        packets.request(bytes.fromhex(data))


def test_too_many_headers() -> None:
    assert len(headers.parse(b"\x93\0" * headers.MAX_HEADERS)) == headers.MAX_HEADERS
    with pytest.raises(LimitError):
        headers.parse(b"\x93\0" * (headers.MAX_HEADERS + 1))


@pytest.mark.parametrize("id, value", [
    (0x01, b"bytes"), (0x42, "text"), (0xCB, "1"), (0xCB, -1), (0xCB, 1 << 32), (0x93, 256), (0x48, b"x" * 65_533),
    (0x01, "x" * 40_000)])
def test_values_that_do_not_fit(id: int, value: Any) -> None:
    with pytest.raises(EncodeError):
        headers.encode(id, value)


def test_other_values_that_do_not_fit() -> None:
    with pytest.raises(EncodeError):
        headers.type_value("text/ü")
    with pytest.raises(EncodeError):
        headers.build_tags([(1, b"x" * 256)])
    with pytest.raises(EncodeError):
        packets.build(codes.PUT, b"x" * 65_533)
    with pytest.raises(DecodeError):
        headers.parse_tags(b"\1\5abc")
    assert Headers([(codes.APPLICATION, b"\1\5abc")]).application == {}


def test_what_headers_are_asked_for() -> None:
    found = Headers([(codes.NAME, "a"), (codes.TYPE, b"text/plain\0"), (codes.NAME, "b"), (codes.LENGTH, 3),
                     (codes.APPLICATION, b"\1\1x")])
    assert (found.name, found.type, found.application, found.number(codes.LENGTH)) == ("a", "text/plain", {1: b"x"}, 3)
    assert found.number(codes.NAME) is None and found.data(codes.NAME) == b"" and found.text(codes.LENGTH) is None
    assert found.without(codes.NAME, codes.TYPE).pairs[0] == (codes.LENGTH, 3) and len(found) == 5
    assert hash(found) == hash(Headers(found)) and found != Headers() and "text/plain" in repr(found)


@pytest.mark.parametrize("code, words", [
    (0xC3, "forbidden (0x43): look at the phone's screen"), (0x43, "forbidden (0x43)"), (0x44, "another name"),
    (0x40, "SyncML 1.1"), (0x60, "memory is full"), (0x5F, "unknown answer (0x5F)"), (0x20, "success (0x20)")])
def test_words_for_people(code: int, words: str) -> None:
    assert words in codes.words(code)


# -- packets in noise

CONNECT, GET = bytes.fromhex(REQUESTS[0][3]), bytes.fromhex(REQUESTS[5][3])


@pytest.mark.parametrize("noise", [
    b"AT\r", b"\r\nNO CARRIER\r\n", b"\0" * 300, bytes(range(0x20, 0x7F)), b"\x02", b"\x83\0", b"\x80\0\7",
    b"\xff\0\0", b"+CREG: 1\r\nRING\r\n"])
def test_noise_before_a_packet_is_skipped(noise: bytes) -> None:
    for whole in (True, False):
        parts = [noise + CONNECT] if whole else [bytes((byte,)) for byte in noise + CONNECT]
        cutter = framer(*parts)
        assert (cutter.next() or cutter.resync()) == CONNECT
        skipped, sample = cutter.forget()
        assert skipped == len(noise) and sample == noise[:packets.SAMPLE]
        assert cutter.forget() == (0, b"") and cutter.next() is None


def test_a_packet_inside_what_only_looked_like_one_is_found() -> None:
    cutter = framer(b"\x83\0\x40" + b"\x48" * 20 + CONNECT + b"\x48" * 40)
    assert cutter.next() == CONNECT


def test_noise_that_promises_a_long_packet_is_given_up_in_silence() -> None:
    cutter = framer(b"\x02\x03\xe8" + CONNECT)
    assert cutter.next() is None and len(cutter) == 3 + len(CONNECT)
    assert cutter.resync() == CONNECT and cutter.resync() is None


def test_a_broken_packet_in_its_place_is_given_out() -> None:
    broken = bytes.fromhex("830008" + "48ffff6161")
    cutter = framer(GET + broken + GET)
    assert [cutter.next() for _ in range(4)] == [GET, broken, GET, None]
    assert cutter.forget() == (0, b"")


def test_a_packet_longer_than_agreed() -> None:
    cutter = framer(GET + b"\x02\x04\x01\x48")
    assert cutter.next() == GET
    with pytest.raises(LimitError, match="of 1025 bytes, 1024 were agreed"):
        cutter.next()
    assert framer(b"\x02\x04\x01\x48" + GET).next() == GET     # from a peer that we do not know it is noise


def test_noise_without_end_is_given_up() -> None:
    cutter = framer(starts=codes.RESPONSES)
    with pytest.raises(LimitError, match="something else than OBEX"):
        for _ in range(100):
            cutter.feed(b"garbage " * 128)
            assert cutter.next() is None and len(cutter) < 3


def test_what_waits_is_bounded() -> None:
    cutter = framer(largest=65_535)
    with pytest.raises(LimitError, match="more than was asked"):
        for _ in range(10):
            cutter.feed(b"\x02" * 50_000)


# -- objects

@settings(max_examples=60)
@given(st.binary(max_size=2000), st.integers(60, 600), st.sampled_from([BODY_LAST, EMPTY_LAST]))
def test_an_object_comes_out_as_it_went_in(body: bytes, room: int, mode: str) -> None:
    pairs = [(codes.NAME, "a name"), (codes.LENGTH, len(body)), (codes.DESCRIPTION, "of it")]
    outgoing, incoming = Outgoing([headers.encode(*pair) for pair in pairs], body, mode), Incoming(2000)
    last, seen = False, b""
    while not last:
        seen, last = outgoing.block(room)
        assert len(seen) <= room
        incoming.take(headers.parse(seen))
    assert (incoming.headers, incoming.body, incoming.has_body) == (Headers(pairs), body, True)
    assert outgoing.sent == len(incoming) == len(body)
    end = headers.parse(seen).data(codes.END_OF_BODY)
    assert headers.parse(seen).get(codes.END_OF_BODY) is not None
    assert end == b"" if mode == EMPTY_LAST else (end != b"" or not body)


def test_no_object_is_not_an_empty_one() -> None:
    for body, there in ((None, False), (b"", True)):
        incoming = Incoming(10)
        incoming.take(headers.parse(Outgoing([], body).block(100)[0]))
        assert incoming.has_body is there and incoming.body == b""


def test_a_header_that_fits_no_packet() -> None:
    with pytest.raises(EncodeError, match="does not fit"):
        Outgoing([headers.encode(codes.NAME, "x" * 200)], b"").block(252)


def take(incoming: Incoming, *pairs: Any) -> None:
    incoming.take(Headers(pairs))


def test_a_body_after_its_end() -> None:
    for late in (codes.BODY, codes.END_OF_BODY):
        incoming = Incoming(100)
        take(incoming, (codes.BODY, b"a"), (codes.END_OF_BODY, b"b"))
        with pytest.raises(DecodeError, match="after its end"):
            take(incoming, (late, b"c"))


def test_a_body_that_is_too_large() -> None:
    incoming = Incoming(10)
    take(incoming, (codes.BODY, b"0123456789"))
    with pytest.raises(LimitError, match="more than 10"):
        take(incoming, (codes.END_OF_BODY, b"x"))
    with pytest.raises(LimitError, match="of 11 bytes"):
        take(Incoming(10), (codes.LENGTH, 11))


@pytest.mark.parametrize("pairs", [(), ((codes.BODY, b""),), ((0x93, 1),)])
def test_a_continuation_without_end(pairs: Any) -> None:
    incoming = Incoming(10)
    with pytest.raises(LimitError, match="for ever"):
        for _ in range(1000):
            take(incoming, *pairs)
    assert len(incoming.headers) <= Incoming.MAX_PAIRS + 1


def test_headers_without_end() -> None:
    incoming = Incoming(1 << 20)
    with pytest.raises(LimitError, match="for ever"):
        for _ in range(1000):
            take(incoming, (codes.BODY, b"x"), *[(0x93, 1)] * 60)
