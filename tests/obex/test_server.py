"""The side that is called: every request in every state, connections, objects in parts, passwords, offences."""

from __future__ import annotations

from typing import Any, Optional

import pytest
from obex.vectors import MESSAGE, REQUESTS, TYPE

from minisyncml.errors import EncodeError, LimitError, LocalProtocolError
from minisyncml.obex import auth, codes, headers, packets
from minisyncml.obex.headers import Headers
from minisyncml.obex.packets import EMPTY_LAST
from minisyncml.obex.server import (
    ASKING,
    IDLE,
    MAX_FAULTS,
    PUTTING,
    READY,
    SENDING,
    TABLE,
    Connect,
    Disconnect,
    Event,
    Fault,
    Get,
    Lock,
    Put,
    Server,
    SetPath,
)

FIELDS = packets.connect_fields(1024)
NONCE = bytes(range(16))


def packet(code: int, *pairs: Any, fields: bytes = b"") -> bytes:
    return packets.build(code, b"".join(headers.encode(*pair) for pair in pairs), fields)


def connect(target: bytes = codes.SYNCML, *pairs: Any, size: int = 1024) -> bytes:
    named = ((codes.TARGET, target),) if target else ()
    return packet(codes.CONNECT, *named, *pairs, fields=packets.connect_fields(size))


class Side:
    """A server, and what it said."""

    def __init__(self, **options: Any) -> None:
        self.server = Server(options.pop("packet", 1024), options.pop("max_body", 5000), **options)

    def say(self, data: bytes) -> Optional[Event]:
        self.server.receive(data)
        return self.server.poll()

    def heard(self, opcode: int = codes.PUT) -> packets.Frame:
        """The one answer."""
        data = self.server.output()
        assert data and len(data) == int.from_bytes(data[1:3], "big")
        return packets.response(data, opcode)

    def code(self, opcode: int = codes.PUT) -> int:
        return self.heard(opcode).code & 0x7F

    def connect(self, target: bytes = codes.SYNCML, size: int = 1024) -> "Side":
        assert isinstance(self.say(connect(target, size=size)), Connect)
        self.server.answer()
        assert self.code(codes.CONNECT) == codes.OK
        return self

    def into(self, state: str) -> "Side":
        """Bring a new side into a state."""
        if state != IDLE:
            self.connect()
        if state == PUTTING:
            assert self.say(packet(codes.PUT, (codes.BODY, b"begun"))) is None
        elif state == ASKING:
            assert self.say(packet(codes.GET, (codes.NAME, "x"))) is None
        elif state == SENDING:
            assert isinstance(self.say(packet(codes.GET_FINAL, (codes.NAME, "x"))), Get)
            self.server.answer(body=MESSAGE * 20)
        self.server.output()
        assert self.server.state == state
        return self


INPUTS = {
    "CONNECT": connect(), "DISCONNECT": packet(codes.DISCONNECT), "ABORT": packet(codes.ABORT),
    "PUT": packet(codes.PUT, (codes.BODY, b"+")), "PUT final": packet(codes.PUT_FINAL, (codes.END_OF_BODY, b"!")),
    "GET": packet(codes.GET, (codes.TYPE, b"t\0")), "GET final": packet(codes.GET_FINAL, (codes.TYPE, b"t\0")),
    "GET more": packet(codes.GET_FINAL), "SETPATH": packet(codes.SETPATH, (codes.NAME, "sub"), fields=b"\0\0"),
    "SESSION": packet(codes.SESSION), "ACTION": packet(codes.ACTION), "ACTION final": packet(codes.ACTION_FINAL),
    "malformed": bytes.fromhex("820006 49ffff"),
    "foreign": packet(codes.PUT_FINAL, (codes.CONNECTION, 77), (codes.END_OF_BODY, b"!")),
}
BAD, NO, OK, ON = codes.BAD_REQUEST, codes.UNAVAILABLE, codes.OK, codes.CONTINUE
PATH = SetPath("sub", False, True)
ASKED = Headers([(codes.TYPE, b"t\0")])
#: state, input: the event or the code of the answer, and the state afterwards (of an event: when it is answered)
CELLS = {
    IDLE: {"CONNECT": (Connect(codes.SYNCML, Headers([(codes.TARGET, codes.SYNCML)])), READY), "DISCONNECT": (OK, IDLE),
           "ABORT": (OK, IDLE), "PUT": (NO, IDLE), "PUT final": (NO, IDLE), "GET": (NO, IDLE), "GET final": (NO, IDLE),
           "GET more": (NO, IDLE), "SETPATH": (NO, IDLE), "malformed": (BAD, IDLE), "foreign": (NO, IDLE)},
    READY: {"CONNECT": (NO, READY), "DISCONNECT": (Disconnect(), IDLE), "ABORT": (OK, READY), "PUT": (ON, PUTTING),
            "PUT final": (Put(Headers(), b"!"), READY), "GET": (ON, ASKING), "GET final": (Get(ASKED), SENDING),
            "GET more": (Get(Headers()), SENDING), "SETPATH": (PATH, READY), "malformed": (BAD, READY),
            "foreign": (NO, READY)},
    PUTTING: {"CONNECT": (NO, READY), "DISCONNECT": (Disconnect(), IDLE), "ABORT": (OK, READY), "PUT": (ON, PUTTING),
              "PUT final": (Put(Headers(), b"begun!"), READY), "GET": (BAD, READY), "GET final": (BAD, READY),
              "GET more": (BAD, READY), "SETPATH": (BAD, READY), "malformed": (BAD, READY), "foreign": (NO, PUTTING)},
    ASKING: {"CONNECT": (NO, READY), "DISCONNECT": (Disconnect(), IDLE), "ABORT": (OK, READY), "PUT": (BAD, READY),
             "PUT final": (BAD, READY), "GET": (ON, ASKING),
             "GET final": (Get(Headers([(codes.NAME, "x"), (codes.TYPE, b"t\0")])), SENDING),
             "GET more": (Get(Headers([(codes.NAME, "x")])), SENDING), "SETPATH": (BAD, READY),
             "malformed": (BAD, READY), "foreign": (NO, ASKING)},
    SENDING: {"CONNECT": (NO, READY), "DISCONNECT": (Disconnect(), IDLE), "ABORT": (OK, READY), "PUT": (ON, PUTTING),
              "PUT final": (Put(Headers(), b"!"), READY), "GET": (ON, ASKING), "GET final": (Get(ASKED), SENDING),
              "GET more": (ON, SENDING), "SETPATH": (PATH, READY), "malformed": (BAD, READY), "foreign": (NO, SENDING)},
}


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize("state, input", [(state, input) for state in TABLE for input in INPUTS])
def test_every_input_in_every_state(state: str, input: str, bytewise: bool) -> None:
    side = Side().into(state)
    event: Optional[Event] = None
    for part in [INPUTS[input][at:at + 1] for at in range(len(INPUTS[input]))] if bytewise else [INPUTS[input]]:
        assert event is None
        event = side.say(part)
    expected, after = CELLS[state].get(input, (codes.NOT_IMPLEMENTED, READY if state != IDLE else IDLE))
    if isinstance(expected, int):
        assert event is None or isinstance(event, Fault)
        assert side.code(codes.CONNECT if input == "CONNECT" else codes.PUT) == expected
    else:
        assert event == expected and side.server.output() == b"" and side.server.poll() is None
        side.server.answer(body=MESSAGE * 20 if isinstance(expected, Get) else b"")
        assert side.code(codes.CONNECT if input == "CONNECT" else codes.PUT) in (codes.OK, codes.CONTINUE)
    assert side.server.state == after


@pytest.mark.parametrize("state, input", [(state, input) for state in TABLE for input in INPUTS])
def test_every_event_can_be_refused(state: str, input: str) -> None:
    side = Side().into(state)
    event = side.say(INPUTS[input])
    side.server.output()
    if event is None or isinstance(event, Fault):
        with pytest.raises(LocalProtocolError):
            side.server.refuse(codes.FORBIDDEN)
        return
    side.server.refuse(codes.FORBIDDEN)
    assert side.code(codes.CONNECT if input == "CONNECT" else codes.PUT) == codes.FORBIDDEN
    assert side.server.state == (IDLE if isinstance(event, (Connect, Disconnect)) else READY)


def test_the_session_of_the_specification() -> None:
    side = Side()
    event = side.say(bytes.fromhex(REQUESTS[0][3]))
    assert event == Connect(codes.SYNCML, Headers([(codes.TARGET, codes.SYNCML)]))
    side.server.answer()
    assert side.server.output().hex() == "a0001a10000400cb000000014a000e53594e434d4c2d53594e43"
    assert side.say(bytes.fromhex(REQUESTS[3][3])) is None and side.server.output() == b"\x90\0\3"
    put = side.say(bytes.fromhex(REQUESTS[4][3]))
    assert isinstance(put, Put) and put.body == MESSAGE and put.headers.type == TYPE[:-1].decode()
    side.server.answer()
    assert side.server.output() == b"\xa0\0\3"
    assert isinstance(side.say(bytes.fromhex(REQUESTS[5][3])), Get)
    side.server.answer(body=b"abc")
    assert side.server.output().hex() == "a0000e" + "c300000003" + "490006616263"
    assert side.say(bytes.fromhex(REQUESTS[7][3])) == Disconnect()
    side.server.answer()
    assert side.server.output() == b"\xa0\0\3"


@pytest.mark.parametrize("last", [codes.BODY, codes.END_OF_BODY])
def test_the_final_bit_ends_an_object_whatever_its_last_header(last: int) -> None:
    side = Side().connect()
    assert side.say(packet(codes.PUT, (codes.BODY, b"one "))) is None
    side.heard()
    event = side.say(packet(codes.PUT_FINAL, (last, b"two")))
    assert isinstance(event, Put) and event.body == b"one two"


def test_an_object_without_a_body_is_a_deletion() -> None:
    for pairs, body in (((), None), (((codes.END_OF_BODY, b""),), b""), (((codes.BODY, b""),), b"")):
        event = Side().connect().say(packet(codes.PUT_FINAL, (codes.NAME, "x"), *pairs))
        assert isinstance(event, Put) and event.body == body


@pytest.mark.parametrize("size, limit, eob", [(255, 65_535, "body-last"), (0, 65_535, "body-last"),
                                              (1024, 480, EMPTY_LAST), (65_535, 65_535, EMPTY_LAST)])
def test_no_packet_is_larger_than_the_peer_takes(size: int, limit: int, eob: str) -> None:
    side = Side(eob=eob, send_limit=limit).connect(size=size)
    assert isinstance(side.say(packet(codes.GET_FINAL)), Get)
    side.server.answer(body=MESSAGE * 20)
    body, frame = b"", side.heard()
    assert frame.headers.number(codes.LENGTH) == len(MESSAGE * 20)
    while frame.code & 0x7F == codes.CONTINUE:
        body += frame.headers.data(codes.BODY)
        side.server.receive(packet(codes.GET_FINAL))
        assert side.server.poll() is None
        data = side.server.output()
        assert len(data) <= min(max(size, 255), limit)
        frame = packets.response(data, codes.GET)
    assert frame.headers.get(codes.END_OF_BODY) is not None
    last = frame.headers.data(codes.END_OF_BODY)
    assert body + last == MESSAGE * 20 and (last == b"") == (eob == EMPTY_LAST)


def test_obexftp_asks_before_it_connects_and_has_a_small_buffer() -> None:
    side = Side()
    assert side.say(bytes.fromhex("ff0008cb41545a0d")) is None and side.server.output() == b"\xa0\0\3"
    side.connect(b"", size=1024)
    side.say(packet(codes.GET_FINAL, (codes.NAME, "x")))
    side.server.answer(body=MESSAGE * 20)
    assert len(side.server.output()) <= 480


def test_who_takes_large_packets_gets_them_though_a_port_was_asked_before() -> None:
    side = Side()
    side.say(bytes.fromhex("ff0008cb41545a0d"))
    side.server.output()
    side.connect(b"", size=8192)
    side.say(packet(codes.GET_FINAL, (codes.NAME, "x")))
    side.server.answer(body=MESSAGE * 40)
    assert 4096 < len(side.server.output()) <= 8192


def test_connection_ids() -> None:
    side = Side()
    given = []
    for _ in range(3):
        side.say(connect())
        side.server.answer()
        given.append(side.heard(codes.CONNECT).headers.number(codes.CONNECTION))
        side.say(packet(codes.DISCONNECT, (codes.CONNECTION, given[-1])))
        side.server.answer()
        assert side.code() == codes.OK
    assert given == [1, 2, 3]
    side.say(connect(b""))
    side.server.answer()
    assert len(side.heard(codes.CONNECT).headers) == 0


@pytest.mark.parametrize("opcode", [codes.PUT, codes.PUT_FINAL, codes.GET, codes.GET_FINAL, codes.DISCONNECT,
                                    codes.ABORT])
@pytest.mark.parametrize("number", [0, 2, 0xFFFF_FFFF])
def test_the_connection_id_of_another_session(opcode: int, number: int) -> None:
    side = Side().connect()
    event = side.say(packet(opcode, (codes.CONNECTION, number)))
    assert isinstance(event, Fault) and "another session's" in str(event.error)
    assert side.code() == codes.UNAVAILABLE and side.server.state == READY


def test_one_that_insists_on_connecting_was_started_anew() -> None:
    side = Side().connect()
    event = side.say(connect())
    assert isinstance(event, Fault) and "second CONNECT" in str(event.error)
    assert side.code(codes.CONNECT) == codes.UNAVAILABLE
    side.say(packet(codes.PUT_FINAL, (codes.CONNECTION, 1)))    # the session goes on
    side.server.answer()
    assert side.code() == codes.OK
    side.say(connect())
    assert side.code(codes.CONNECT) == codes.UNAVAILABLE
    assert isinstance(side.say(connect()), Connect)
    side.server.answer()
    assert side.heard(codes.CONNECT).headers.number(codes.CONNECTION) == 2


def test_a_get_that_names_something_else_begins_anew() -> None:
    side = Side().into(SENDING)
    assert side.say(packet(codes.GET_FINAL, (codes.NAME, "x"))) is None     # some repeat what they want
    assert side.code() == codes.CONTINUE
    assert side.say(packet(codes.GET_FINAL, (codes.NAME, "y"))) == Get(Headers([(codes.NAME, "y")]))


def test_requests_wait_for_the_answer_to_the_one_before() -> None:
    side = Side().connect()
    assert isinstance(side.say(packet(codes.PUT_FINAL) + packet(codes.GET_FINAL)), Put)
    assert side.server.poll() is None and side.server.output() == b""
    side.server.answer()
    assert isinstance(side.server.poll(), Get)


def test_a_session_that_works_whatever_noise_is_between() -> None:
    side = Side()
    for noise in (b"AT\r", b"\r\nRING\r\n", bytes(300)):
        event = side.say(noise + connect())
        assert isinstance(event, Fault) and f"{len(noise)} bytes that are no OBEX" in str(event.error)
        assert isinstance(side.server.poll(), Connect)
        side.server.answer()
        side.heard(codes.CONNECT)
        assert side.say(noise) is None and side.server.inside
        assert isinstance(side.server.quiet(), Fault) and not side.server.inside
        assert side.server.output() == b""
        assert isinstance(side.say(packet(codes.DISCONNECT)), Disconnect)
        side.server.answer()
        assert side.code() == codes.OK


def test_a_leave_behind_noise_is_found_in_silence() -> None:
    side = Side().connect()
    side.server.receive(bytes.fromhex("8100fec7") + INPUTS["DISCONNECT"])
    assert side.server.poll() is None
    assert isinstance(side.server.quiet(), Fault)
    assert side.server.quiet() == Disconnect()


@pytest.mark.parametrize("data, code, words", [
    (bytes.fromhex("820006 49ffff"), BAD, "goes past"), (bytes.fromhex("820006 490002"), BAD, "shorter"),
    (packet(codes.PUT_FINAL, (codes.END_OF_BODY, b"a"), (codes.BODY, b"b")), BAD, "after its end"),
    (packet(codes.PUT, (codes.LENGTH, 5001)), codes.TOO_LARGE, "of 5001 bytes"),
    (bytes.fromhex("020034") + b"\x93\0" * 24 + b"\x93", BAD, "goes past"),
    (packet(codes.PUT, *[(0x93, 0)] * 65), codes.TOO_LARGE, "too many headers"),
])
def test_offences_are_answered_and_said(data: bytes, code: int, words: str) -> None:
    side = Side().connect()
    event = side.say(data)
    assert isinstance(event, Fault) and words in str(event.error)
    assert side.code() == code and side.server.state == READY
    assert isinstance(side.say(packet(codes.PUT_FINAL, (codes.END_OF_BODY, b"good"))), Put)


def test_an_object_that_grows_too_large() -> None:
    side = Side().connect()
    for _ in range(5):
        assert side.say(packet(codes.PUT, (codes.BODY, bytes(1000)))) is None
        assert side.code() == codes.CONTINUE
    assert isinstance(side.say(packet(codes.PUT, (codes.BODY, b"x"))), Fault)
    assert side.code() == codes.TOO_LARGE and side.server.state == READY


@pytest.mark.parametrize("opcode", [codes.PUT, codes.GET])
def test_a_continuation_without_end(opcode: int) -> None:
    side = Side().connect()
    answers = []
    while len(answers) < 66 and not isinstance(side.say(packet(opcode)), Fault):
        answers.append(side.code())
    assert set(answers) == {codes.CONTINUE} and len(answers) < 66
    assert side.code() == codes.TOO_LARGE and side.server.state == READY


def test_a_packet_larger_than_agreed_ends_the_line() -> None:
    side = Side(packet=300).connect()
    side.server.receive(bytes.fromhex("82012d") + bytes(298))
    with pytest.raises(LimitError, match="of 301 bytes"):
        side.server.poll()
    assert side.code() == codes.TOO_LARGE


def test_one_that_only_offends_is_given_up() -> None:
    side = Side().connect()
    with pytest.raises(LimitError):
        for _ in range(MAX_FAULTS + 1):
            assert isinstance(side.say(bytes.fromhex("820006 49ffff")), Fault)
    side = Side().connect()
    for _ in range(3 * MAX_FAULTS):
        assert isinstance(side.say(bytes.fromhex("820006 49ffff")), Fault)
        side.say(packet(codes.ABORT))


def test_an_answer_that_does_not_fit() -> None:
    side = Side().connect(size=255)
    side.say(packet(codes.GET_FINAL))
    with pytest.raises(EncodeError):
        side.server.answer([(codes.NAME, b"bytes")])
    side.server.answer([(codes.NAME, "x" * 200)], b"abc")
    assert side.code() == codes.CONTINUE
    side.say(packet(codes.GET_FINAL))
    assert side.code() == codes.INTERNAL_ERROR and side.server.state == READY
    side.say(packet(codes.PUT_FINAL))
    side.server.answer([(codes.NAME, "x" * 200)])
    assert side.heard() == (codes.OK | codes.FINAL, b"", Headers())


# -- passwords

def locked(**options: Any) -> Side:
    secrets = {"": "1234", "ada": "5678"}
    return Side(lock=Lock(secrets.get, lambda: NONCE, "phone"), **options)


def test_a_password() -> None:
    for user, password, good in (("", "1234", True), ("ada", "5678", True), ("ada", "1234", False), ("eve", "", False)):
        side = locked()
        assert side.say(connect()) is None
        frame = side.heard(codes.CONNECT)
        challenge = auth.parse_challenge(frame.headers)
        assert frame.code & 0x7F == codes.UNAUTHORIZED and challenge == auth.Challenge(NONCE, True, "phone")
        proof = auth.build_proof(challenge.nonce, password, user)
        event = side.say(connect(codes.SYNCML, (codes.RESPONSE, proof)))
        assert isinstance(event, Connect) is good
        if not good:
            assert side.code(codes.CONNECT) == codes.UNAUTHORIZED and side.server.state == IDLE
            assert isinstance(side.say(packet(codes.PUT_FINAL)), Fault) and side.code() == codes.UNAVAILABLE


def test_a_proof_is_good_for_one_challenge() -> None:
    side = locked()
    proof = (codes.RESPONSE, auth.build_proof(NONCE, "1234"))
    assert side.say(connect(codes.SYNCML, proof)) is None     # nobody was asked yet
    assert side.code(codes.CONNECT) == codes.UNAUTHORIZED
    assert isinstance(side.say(connect(codes.SYNCML, proof)), Connect)


def test_we_prove_ours() -> None:
    challenge = (codes.CHALLENGE, auth.build_challenge(auth.Challenge(NONCE)))
    for password in ("1234", ""):
        side = Side(password=password)
        side.say(connect(codes.SYNCML, challenge))
        side.server.answer()
        proof = auth.parse_proof(side.heard(codes.CONNECT).headers)
        assert auth.proves(proof, NONCE, "1234") is bool(password)
    side = Side()
    assert isinstance(side.say(connect(codes.SYNCML, (codes.CHALLENGE, b"\0\1x"))), Fault)
    assert side.code(codes.CONNECT) == codes.BAD_REQUEST
