"""The 1.2 packet: published and captured bytes, both forms of its digest, round trips, and lies."""

from __future__ import annotations

import string

import pytest
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.errors import DecodeError, LimitError, RemoteProtocolError, UsageError
from minisyncml.limits import DEFAULT
from minisyncml.notify import base, san
from minisyncml.notify.base import Notification, Wanted
from minisyncml.notify.inbox import read
from minisyncml.transport.base import Packet

VECTORS = ROOT / "tests" / "vectors"

PUBLISHED = (   # SyncML DS 1.2.1, section 12: the packet without its digest
    "03 18 00 00 00 00 01 0F 73 79 6E 63 2E 73 65 72 76 65 72 2E 63 6F 6D 10 60 00 00 07 04 2F 63 6F 6E",
    Notification("sync.server.com", (Wanted("/con", 206, "text/x-vcard", 7),), "1", base.BACKGROUND))
WORKED = (      # server id srv1, password secret, nonce Nonce
    "30 f3 22 61 89 03 b6 b0 28 74 56 76 4c a0 47 86 03 18 00 00 00 12 34 04 73 72 76 31 20 60 00 00"
    "07 04 63 61 72 64 90 00 00 06 03 63 61 6c",
    Notification("srv1", (Wanted("card", 206, "text/x-vcard", 7), Wanted("cal", 209, "text/x-vcalendar", 6)),
                 str(0x1234), base.BACKGROUND))
SYNCEVOLUTION = (
    "fa a4 e2 bc 7d 5d 1b 44 4a 6a 78 6f c7 4d 81 94 03 08 00 00 00 00 01 08 50 43 20 53 75 69 74 65"
    "10 60 00 00 07 08 43 6f 6e 74 61 63 74 73",
    Notification("PC Suite", (Wanted("Contacts", 206, "text/x-vcard", 7),), "1"))


def test_published_example() -> None:
    signed, notification = bytes.fromhex(PUBLISHED[0]), PUBLISHED[1]
    assert san.build(notification) == bytes(16) + signed
    assert san.parse(bytes(16) + signed) == (notification, bytes(16), signed)


@pytest.mark.parametrize("text, notification, key, nonce", [
    (*WORKED, san.key("srv1", "secret"), b"Nonce"), (*SYNCEVOLUTION, san.key("", ""), san.NONCE)])
def test_whole_packets(text: str, notification: Notification, key: bytes, nonce: bytes) -> None:
    body = bytes.fromhex(text)
    assert san.build(notification, key, nonce) == body
    parsed = san.parse(body)
    assert parsed.notification == notification
    assert san.proven(parsed, (key,), (nonce,)) == nonce
    assert san.proven(parsed, (san.key("a", "b"), key), (b"x", b"", nonce)) == nonce
    assert san.proven(parsed, (key,), (b"x",)) is None
    assert san.proven(parsed, (san.key("srv1", "Secret"),), (nonce,)) is None
    assert san.proven(parsed, (), (nonce,)) is None


def test_captured_packet() -> None:
    assert (VECTORS / "se-server-xml12.san.bin").read_bytes() == bytes.fromhex(SYNCEVOLUTION[0])


def test_a_user_s_digest_is_the_same_formula_with_another_name() -> None:
    body = san.build(SYNCEVOLUTION[1], san.key("alice", "secret"))
    assert san.proven(san.parse(body), (san.key("PC Suite", "secret"),)) is None
    assert san.proven(san.parse(body), (san.key("alice", "secret"),)) == san.NONCE


@pytest.mark.parametrize("key, anonymous", [(None, True), (san.key("", ""), True), (san.key("a", ""), False)])
def test_who_proves_nothing(key: "bytes | None", anonymous: bool) -> None:
    assert san.parse(san.build(SYNCEVOLUTION[1], key)).anonymous == anonymous


def test_changed_packets_are_not_proven() -> None:
    body, key = bytes.fromhex(WORKED[0]), san.key("srv1", "secret")
    for at in range(len(body)):
        changed = body[:at] + bytes((body[at] ^ 1,)) + body[at + 1:]
        try:
            parsed = san.parse(changed)
        except DecodeError:
            continue
        assert san.proven(parsed, (key,), (b"Nonce",)) is None


def test_no_datastores_and_vendor_rest() -> None:
    signed = bytes.fromhex("03 08 00 00 00 00 00 01 73 00")
    parsed = san.parse(bytes(16) + signed + b"vendor's own")
    assert parsed.notification == Notification("s", ()) and parsed.signed.endswith(b"own")


def test_codes_and_types_that_are_not_known_are_kept() -> None:
    parsed = san.parse(bytes(16) + bytes.fromhex("03 08 00 00 00 00 00 00 20 10 12 34 56 01 61 f0 00 00 00 00"))
    assert parsed.notification.wanted == (Wanted("a", 201, "", 0x123456), Wanted("", 215))


@pytest.mark.parametrize("end", range(46))
def test_cut_short(end: int) -> None:
    with pytest.raises(DecodeError):
        san.parse(bytes.fromhex(WORKED[0])[:end])


@pytest.mark.parametrize("at, lie", [(23, 255), (23, 22), (28, 0xF0), (33, 255), (33, 14), (42, 4)])
def test_lengths_that_lie(at: int, lie: int) -> None:
    body = bytearray(bytes.fromhex(WORKED[0]))
    body[at] = lie
    with pytest.raises(DecodeError):
        san.parse(bytes(body))


def test_too_long() -> None:
    with pytest.raises(LimitError):
        san.parse(bytes.fromhex(WORKED[0]) + bytes(100), DEFAULT._replace(max_message=100))


@pytest.mark.parametrize("change, words", [
    ({"server_id": "x" * 256}, "at most 255 bytes"), ({"server_id": "é" * 128}, "at most 255 bytes"),
    ({"session_id": "65536"}, "65536"), ({"session_id": "-1"}, "-1"), ({"session_id": "abc"}, "abc"),
    ({"session_id": "٣"}, "number"), ({"version": "2"}, "no SyncML"), ({"version": "1.22"}, "no SyncML"),
    ({"wanted": (Wanted("a"),) * 16}, "at most 15"), ({"wanted": (Wanted("a", 199),)}, "199"),
    ({"wanted": (Wanted("a", 216),)}, "216"), ({"wanted": (Wanted("a" * 256),)}, "255"),
    ({"wanted": (Wanted("a", number=1 << 24),)}, "16777216"),
])
def test_what_a_packet_has_no_room_for(change: "dict[str, object]", words: str) -> None:
    with pytest.raises(UsageError, match=words):
        san.build(Notification("s")._replace(**change))


TEXT = st.text(max_size=60)
WANTED = st.builds(lambda uri, code, type: Wanted(uri, code, type, base.number_of(type)), TEXT,
                   st.integers(200, 215), st.sampled_from(["", *base.NUMBERS]))
NOTIFICATIONS = st.builds(
    lambda *values: Notification(*values), TEXT, st.lists(WANTED, max_size=15).map(tuple),
    st.integers(0, 65535).map(lambda number: str(number) if number else ""), st.integers(0, 3), st.booleans(),
    st.sampled_from(["1.0", "1.1", "1.2", "2.0"]))


@settings(max_examples=100, deadline=None)
@given(NOTIFICATIONS, st.binary(max_size=20), st.text(string.printable, max_size=20))
def test_round_trip(notification: Notification, nonce: bytes, password: str) -> None:
    key = san.key("name", password)
    body = san.build(notification, key, nonce)
    parsed = san.parse(body)
    assert parsed.notification == notification
    assert san.proven(parsed, (key,), (b"other" + nonce, nonce)) == nonce
    assert san.is_packet(body)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=120), st.binary(max_size=80).map(lambda rest: bytes(16) + b"\3\x08\0\0\0" + rest),
                 st.binary(max_size=80).map(lambda rest: b"\2\x9fSj\0" + rest)))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        notification = read(Packet("", body)).notification
    except RemoteProtocolError:
        return
    assert len(notification.wanted) <= max(15, len(body))
