"""The side that calls: what it sends, how it takes every kind of answer, and offences of the peer."""

from __future__ import annotations

from typing import Any, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obex.vectors import MESSAGE, REQUESTS, RESPONSES, TYPE

from minisyncml.errors import AuthError, DecodeError, EncodeError, LimitError, LocalProtocolError, RemoteProtocolError
from minisyncml.obex import auth, codes, headers, packets
from minisyncml.obex.client import Answer, Client
from minisyncml.obex.headers import Headers
from minisyncml.obex.packets import BODY_LAST, EMPTY_LAST
from minisyncml.obex.server import Connect, Disconnect, Fault, Get, Lock, Put, Server, SetPath

NONCE = bytes(range(16))
SYNCML = bytes.fromhex(RESPONSES[0][4])


def answer(code: int, *pairs: Any, fields: bytes = b"") -> bytes:
    return packets.build(code | codes.FINAL, b"".join(headers.encode(*pair) for pair in pairs), fields)


def made(**options: Any) -> Client:
    return Client(options.pop("packet", 0x2000), options.pop("max_body", 5000), **options)


def connected(reply: bytes = SYNCML, **options: Any) -> Client:
    client = made(**options)
    client.connect(codes.SYNCML)
    client.output()
    client.receive(reply)
    assert client.poll() is not None and not client.busy
    return client


def told(client: Client, data: bytes) -> Optional[Answer]:
    client.output()
    client.receive(data)
    return client.poll()


def test_the_session_of_the_specification() -> None:
    client = made()
    client.connect(codes.SYNCML)
    assert client.output().hex() == REQUESTS[0][3]
    assert told(client, SYNCML) == Answer(codes.OK, Headers([(codes.CONNECTION, 1), (codes.WHO, codes.SYNCML)]))
    client._room = 148
    client.put([(codes.TYPE, TYPE), (codes.LENGTH, 139)], MESSAGE)
    assert client.output().hex() == REQUESTS[3][3] and client.sent == 100
    assert told(client, b"\x90\0\3") is None
    assert client.output().hex() == REQUESTS[4][3] and client.sent == 139
    assert told(client, b"\xa0\0\3") == Answer(codes.OK, Headers())
    client.get([(codes.TYPE, TYPE)])
    assert client.output().hex() == REQUESTS[5][3]
    assert told(client, answer(codes.CONTINUE, (codes.LENGTH, 6), (codes.BODY, b"abc"))) is None
    assert client.output() == b"\x83\0\3" and client.received == 3
    assert told(client, answer(codes.OK, (codes.END_OF_BODY, b"def"))) == Answer(
        codes.OK, Headers([(codes.LENGTH, 6)]), b"abcdef")
    client.disconnect()
    assert client.output().hex() == REQUESTS[7][3]
    assert told(client, b"\xa0\0\3") is not None


def test_folders() -> None:
    client = made()
    for name, up, create, data in ((None, True, False, "8500050300"), ("", False, False, "8500080200" + "010003"),
                                   ("sub", False, True, "8500100000" + "01000b0073007500620000")):
        client.setpath(name, up, create)
        assert client.output().hex() == data
        assert told(client, b"\xa0\0\3") == Answer(codes.OK, Headers())


def test_a_deletion_has_no_body() -> None:
    client = made()
    client.put([(codes.NAME, "a")], None)
    assert client.output().hex() == "82000a" + "01000700610000"


@pytest.mark.parametrize("code", [0x40, 0x41, 0x43, 0x44, 0x53, 0x60, 0x61])
@pytest.mark.parametrize("operation", ["connect", "put", "get", "setpath", "disconnect", "abort"])
def test_every_refusal_of_every_operation(operation: str, code: int) -> None:
    client = connected()
    arguments: Any = {"put": ([], MESSAGE * 90), "get": ([],), "setpath": ("x",)}.get(operation, ())
    getattr(client, operation)(*arguments)
    found = told(client, answer(code, (codes.DESCRIPTION, "no")))
    assert found is not None and found.code == code and found.headers.text(codes.DESCRIPTION) == "no"
    assert not client.busy and client.output() == b""


def test_refusals_of_connect_with_and_without_fixed_fields() -> None:
    for fields in (b"", packets.connect_fields(1024)):
        client = made()
        client.connect()
        found = told(client, answer(codes.FORBIDDEN, (codes.CONNECTION, 5), fields=fields))
        assert found is not None and found.code == codes.FORBIDDEN and client.connection is None


def test_one_operation_at_a_time() -> None:
    client = made()
    client.connect()
    for call in (lambda: client.connect(), lambda: client.get([]), lambda: client.put([], b""), client.disconnect):
        with pytest.raises(LocalProtocolError):
            call()
    client.abort()
    assert client.output()[-3:] == b"\xff\0\3"


@pytest.mark.parametrize("data, error, words", [
    (answer(codes.OK, (codes.END_OF_BODY, b"a"), (codes.BODY, b"b")), DecodeError, "after its end"),
    (bytes.fromhex("a00006 49ffff"), DecodeError, "goes past"),
    (bytes.fromhex("a00006 490000"), DecodeError, "shorter"),
    (answer(codes.OK, (codes.LENGTH, 5001)), LimitError, "of 5001"),
    (answer(codes.OK, (codes.BODY, bytes(5001))), LimitError, "more than 5000"),
    (b"\xa0\x20\x01", LimitError, "were agreed"),
    (answer(codes.OK, *[(0x93, 0)] * 65), LimitError, "too many headers"),
])
def test_offences_end_the_operation(data: bytes, error: "type[Exception]", words: str) -> None:
    client = connected()
    client.get([])
    with pytest.raises(error, match=words):
        told(client, data)
    assert not client.busy
    client.abort()
    if words != "were agreed":      # where the next packet begins is not known then
        assert told(client, b"\xa0\0\3") is not None


def test_a_peer_that_continues_for_ever() -> None:
    client = connected()
    client.get([])
    with pytest.raises(LimitError, match="for ever"):
        for _ in range(66):
            assert told(client, answer(codes.CONTINUE, (codes.BODY, b""))) is None


def test_a_peer_that_wants_more_than_there_is() -> None:
    client = connected()
    client.put([], b"x")
    with pytest.raises(DecodeError, match="more than there is"):
        told(client, answer(codes.CONTINUE))


def test_a_peer_that_has_enough_too_early() -> None:
    client = connected()
    client.put([], MESSAGE * 50)
    with pytest.raises(DecodeError, match="before it was complete"):
        told(client, answer(codes.OK))


def test_noise_and_stale_answers_before_the_answer() -> None:
    for noise in (b"AT\r\r\nOK\r\n", bytes(100), b"\x90", b"\xa0\0\3", bytes.fromhex(REQUESTS[0][3])):
        client = made()
        client.connect(codes.SYNCML)
        client.output()
        client.receive(noise + SYNCML)
        found = client.poll() or client.quiet()
        assert found is not None and found.code == codes.OK and client.connection == 1
        assert client.garbage == noise[:packets.SAMPLE] or noise[:1] == b"\xa0"


def test_noise_that_promises_a_long_answer() -> None:
    client = made()
    client.connect()
    client.output()
    client.receive(b"\xa0\x10\x00" + SYNCML)
    assert client.poll() is None and client.inside
    assert client.quiet() is not None


def test_a_peer_that_says_too_much() -> None:
    client = made()
    client.connect()
    with pytest.raises(LimitError):
        for _ in range(1000):
            assert told(client, b"blah " * 100) is None
    assert not client.busy


@pytest.mark.parametrize("reply, room", [("a0000710000400", 1024), ("a0000710000010", 255), ("a000071000ffff", 65_535)])
def test_packets_stay_below_what_the_peer_takes(reply: str, room: int) -> None:
    for limit in (65_535, 300):
        client = connected(bytes.fromhex(reply), send_limit=limit)
        client.put([], bytes(70_000))
        assert len(client.output()) == min(room, limit)


def test_before_connect_is_answered_packets_are_small() -> None:
    client = made()
    client.put([], bytes(1000))
    assert len(client.output()) == 255
    with pytest.raises(EncodeError):
        made().connect(bytes(300))
    with pytest.raises(EncodeError):
        made().setpath("x" * 200)


def test_a_name_that_needs_packets_of_its_own() -> None:
    client = made()
    client.get([(codes.NAME, "x" * 100), (codes.DESCRIPTION, "y" * 100)])
    first = client.output()
    assert first[0] == codes.GET and packets.request(first).headers.name == "x" * 100
    assert told(client, answer(codes.CONTINUE)) is None
    assert packets.request(client.output()) == (codes.GET_FINAL, b"", Headers([(codes.DESCRIPTION, "y" * 100)]))


# -- passwords

CHALLENGE = (codes.CHALLENGE, auth.build_challenge(auth.Challenge(NONCE, True, "phone")))


@pytest.mark.parametrize("operation", ["connect", "put", "get"])
def test_a_challenge_is_answered_once(operation: str) -> None:
    client = connected(password="1234", user="ada")
    arguments: Any = {"put": ([(codes.NAME, "n")], b"body"), "get": ([(codes.NAME, "n")],)}.get(operation, ())
    getattr(client, operation)(*arguments)
    asked = packets.request(client.output()).headers
    assert told(client, answer(codes.UNAUTHORIZED, CHALLENGE)) is None
    again = packets.request(client.output()).headers
    proof = auth.parse_proof(again)
    assert auth.proves(proof, NONCE, "1234") and proof is not None and proof.user == b"ada"
    assert again.without(codes.RESPONSE) == asked
    found = told(client, answer(codes.UNAUTHORIZED, CHALLENGE))
    assert found is not None and found.code == codes.UNAUTHORIZED


def test_without_a_password_a_challenge_is_an_answer() -> None:
    client = made()
    client.connect()
    found = told(client, answer(codes.UNAUTHORIZED, CHALLENGE, fields=packets.connect_fields(1024)))
    assert found is not None and found.code == codes.UNAUTHORIZED
    assert auth.parse_challenge(found.headers) == auth.Challenge(NONCE, True, "phone")


@pytest.mark.parametrize("password, good", [("1234", True), ("4321", False), ("", False)])
def test_the_peer_has_to_prove_the_password(password: str, good: bool) -> None:
    client, server = made(password="1234"), Server(1024, 100, password=password)
    client.connect(codes.SYNCML, demand=NONCE)
    server.receive(client.output())
    assert isinstance(server.poll(), Connect)
    server.answer()
    if good:
        assert told(client, server.output()) is not None
        return
    with pytest.raises(AuthError, match="does not know the password"):
        told(client, server.output())
    assert not client.busy


# -- both sides

OPERATION = st.one_of(
    st.tuples(st.just("put"), st.text("ab/ü", max_size=9), st.one_of(st.none(), st.binary(max_size=3000))),
    st.tuples(st.just("get"), st.text("ab/ü", max_size=9), st.binary(max_size=3000)),
    st.tuples(st.just("setpath"), st.one_of(st.none(), st.text("ab", max_size=5)), st.booleans()))


@settings(max_examples=60, deadline=None)
@given(st.lists(OPERATION, max_size=5), st.sampled_from([255, 300, 1024, 65_535]),
       st.sampled_from([255, 300, 1024, 65_535]), st.sampled_from([BODY_LAST, EMPTY_LAST]),
       st.sampled_from([BODY_LAST, EMPTY_LAST]), st.integers(1, 1000), st.booleans())
def test_both_sides_understand_each_other(operations: "list[Any]", ours: int, theirs: int, eob: str, other: str,
                                          cut: int, lock: bool) -> None:
    client = Client(ours, 5000, eob=eob, password="1234")
    server = Server(theirs, 5000, eob=other, lock=Lock(lambda user: "1234", lambda: NONCE) if lock else None)
    seen: "list[Any]" = []

    def run(body: bytes = b"") -> Answer:
        while True:
            data = client.output()
            assert len(data) <= theirs
            for at in range(0, len(data), cut):
                server.receive(data[at:at + cut])
                event = server.poll()
                if event is not None:
                    assert not isinstance(event, Fault)
                    seen.append(event)
                    server.answer(body=body) if isinstance(event, Get) else server.answer()
            data = server.output()
            assert len(data) <= ours
            for at in range(0, len(data), cut):
                client.receive(data[at:at + cut])
                found = client.poll()
                if found is not None:
                    assert at + cut >= len(data) and not client.busy
                    return found

    client.connect(codes.FOLDERS)
    assert run().code == codes.OK and isinstance(seen.pop(), Connect)
    for name, first, second in operations:
        if name == "put":
            client.put([(codes.NAME, first)], second)
            assert run().code == codes.OK and seen.pop() == Put(
                Headers([(codes.CONNECTION, 1), (codes.NAME, first)]), second)
        elif name == "get":
            client.get([(codes.NAME, first)])
            assert run(second).body == second
            assert seen.pop() == Get(Headers([(codes.CONNECTION, 1), (codes.NAME, first)]))
        else:
            client.setpath(first, second, True)
            assert run().code == codes.OK and seen.pop() == SetPath(first, second, True)
    client.disconnect()
    assert run().code == codes.OK and seen == [Disconnect()]
    assert not issubclass(LocalProtocolError, RemoteProtocolError)
