"""The AT dialogue against phones of our own and lines that misbehave; both sides' parsers against any bytes."""

from __future__ import annotations

from typing import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transport.wire import Wire

from minisyncml.errors import LinkError, UsageError
from minisyncml.transport.at import PROBE, Dialogue
from minisyncml.transport.atlines import LINE, LineReader, is_response, result_code, unsolicited
from minisyncml.transport.atphone import AtFront, AtResponder
from minisyncml.transport.atswitches import NAMES, SWITCHES, Identity, by_name, order_of_tries

MAKERS = {"eobex": "SONY ERICSSON", "sqwe3": "SIEMENS", "mode22": "Motorola CE", "xlnk": "SHARP",
          "syncml-mobexstart": "SAMSUNG", "tsspcsw": "SAMSUNG"}
PROBED = [switch.name for switch in SWITCHES if switch.name not in ("msync", "sbfb")]
CONNECT, DISCONNECT, OK = b"\x80\x00\x07\x10\x00\x04\x00", b"\x81\x00\x03", b"\xa0\x00\x03"


class Phone:
    """A phone at the far end: AT, then an OBEX server that says OK to everything."""

    def __init__(self, responder: AtResponder) -> None:
        self._wire = Wire(lambda data: b"")
        self._front = AtFront(self._wire, responder)
        self.requests: "list[bytes]" = []

    def __call__(self, data: bytes) -> bytes:
        self._wire.coming += data
        while self._wire.coming:
            request = self._front.read(0)
            if request:
                self.requests.append(request)
                self._front.write(OK, 1)
        out, self._wire.sent = b"".join(self._wire.sent), []
        return out


def phone(switch: str, **more: bool) -> Phone:
    return Phone(AtResponder(MAKERS.get(switch, "Toy"), "X1", "R1", switch, **more))


def talk(far: "Callable[[bytes], bytes]", chunk: int = 4096) -> "tuple[Wire, Dialogue, list[float]]":
    wire = Wire(far, chunk)
    waited: "list[float]" = []
    return wire, Dialogue(wire, wait=waited.append), waited


def script(answers: "dict[bytes, bytes]", other: bytes = b"\r\nERROR\r\n") -> "Callable[[bytes], bytes]":
    return lambda data: answers.get(data, other)


@pytest.mark.parametrize("chunk", [1, 2, 4096])
@pytest.mark.parametrize("echo", [True, False])
def test_identity_is_read_with_and_without_echo_in_any_pieces(echo: bool, chunk: int) -> None:
    _, dialogue, _ = talk(phone("eobex", echo=echo), chunk)
    assert dialogue.identify() == Identity("SONY ERICSSON", "X1", "R1")


@pytest.mark.parametrize("answer", [
    b"AT+CGMI\r\r\nNokia\r\n\r\nOK\r\n",
    b"\r\n+CGMI: \"Nokia\"\r\n\r\nOK\r\n",
    b"\r\nRING\r\n\r\n+CREG: 1,5\r\n\r\nNokia\r\n\r\n*ECAV: 1\r\n\r\nOK\r\n",
    b"\x00\xff\xfe\r\x00Nokia\r\nOK\r",
    b"\nNokia\nOK\n",
])
def test_noise_between_the_lines_is_stepped_over(answer: bytes) -> None:
    _, dialogue, _ = talk(script({b"AT+CGMI\r": answer}))
    assert dialogue.identify().manufacturer.endswith("Nokia")


def test_older_names_are_asked_when_the_newer_fail() -> None:
    wire, dialogue, _ = talk(script({b"AT+GMI\r": b"ERICSSON\r\nOK\r\n", b"AT+GMR\r": b"R1\r\nB02\r\nOK\r\n"},
                                    b"\r\n+CME ERROR: 100\r\n"))
    assert dialogue.identify() == Identity("ERICSSON", "", "R1 B02")
    assert wire.sent == [b"AT+CGMI\r", b"AT+GMI\r", b"AT+CGMM\r", b"AT+GMM\r", b"AT+CGMR\r", b"AT+GMR\r"]


def test_a_command_tells_lines_and_result() -> None:
    _, dialogue, _ = talk(script({b"AT+CPBS=?\r": b'\r\n+CPBS: ("ME","SM")\r\n\r\nOK\r\n', b"AT+X\r": b"half"}))
    answer = dialogue.command("AT+CPBS=?")
    assert answer == (('+CPBS: ("ME","SM")',), "OK") and answer.ok
    assert dialogue.command("AT+Y") == ((), "ERROR") and not dialogue.command("AT+Y").ok
    assert dialogue.command("AT+X") == ((), "")


def test_a_prompt_takes_a_body() -> None:
    wire, dialogue, _ = talk(script({b"AT+CMGS=20\r": b"\r\n> ", b"0011AA\x1a": b"0011AA\r\n+CMGS: 7\r\n\r\nOK\r\n"}))
    assert dialogue.prompt("AT+CMGS=20", b"0011AA").final == "OK"
    wire, dialogue, _ = talk(script({}))
    assert dialogue.prompt("AT+CMGS=20", b"0011AA").final == "ERROR"
    assert wire.sent == [b"AT+CMGS=20\r"]


@pytest.mark.parametrize("switch", PROBED)
def test_each_switch_is_found_by_itself_and_left_again(switch: str) -> None:
    far = phone(switch)
    wire, dialogue, waited = talk(far)
    assert dialogue.enter_obex() == switch
    assert waited[-1] == 1.0                        # the phone gets a second before the first OBEX byte
    wire.write(CONNECT, 1)
    assert wire.read(1) == OK and far.requests == [CONNECT]
    wire.write(DISCONNECT, 1)
    assert wire.read(1) == OK
    assert dialogue.leave(switch)
    assert (b"+++" in wire.sent) == (switch == "sqwe3")
    assert dialogue.identify().model == "X1"


@pytest.mark.parametrize("switch", PROBED + ["msync"])
def test_a_switch_that_was_learnt_is_used_at_once(switch: str) -> None:
    wire, dialogue, _ = talk(phone(switch))
    assert dialogue.enter_obex(switch) == switch
    assert wire.sent[:2] == [PROBE, b"AT\r"]
    assert wire.sent[-1] == by_name(switch).command.encode() + b"\r"


def test_what_was_learnt_may_be_out_of_date() -> None:
    wire, dialogue, _ = talk(phone("cprot"))
    assert dialogue.enter_obex("eobex") == "cprot"
    assert wire.sent[2] == b"AT*EOBEX\r" and wire.sent[-1] == b"AT+CPROT=0\r"


def test_siemens_is_brought_to_command_mode_first() -> None:
    modes = {b"AT^SQWE?\r": b"\r\n^SQWE: 2\r\n\r\nOK\r\n", b"AT^SQWE=0\r": b"\r\nOK\r\n", b"AT\r": b"\r\nOK\r\n",
             b"AT^SQWE=3\r": b"\r\nOK\r\n", PROBE: b""}
    wire, dialogue, waited = talk(script(modes))
    assert dialogue.enter_obex("sqwe3") == "sqwe3"
    assert wire.sent[-2:] == [b"AT^SQWE=0\r", b"AT^SQWE=3\r"] and waited == [1.0, 1.0]


def test_a_port_in_obex_mode_is_left_alone() -> None:
    wire, dialogue, _ = talk(phone("none"))
    assert dialogue.enter_obex() == "none"
    assert wire.sent == [PROBE]
    assert dialogue.leave("none") is False


@pytest.mark.parametrize("answer, obex", [
    (b"\xa0\x00\x03", True), (b"\xd3\x00\x03", True), (b"\xa0\x00\x08\xcb\x00\x00\x00\x01", True),
    (PROBE, False), (PROBE + b"\r\nOK\r\n", False), (b"\r\nOK\r\n", False), (b"\r\nERROR\r\n", False), (b"", False),
    (b"\xa0\x00\x02", False), (b"\xa0\xff\xff", False),
])
def test_the_probe_tells_obex_from_at(answer: bytes, obex: bool) -> None:
    wire, dialogue, _ = talk(script({PROBE: answer}), 2)
    assert dialogue.in_obex() is obex
    assert obex or not wire.coming      # nothing is left that would pass for the answer to the next command


def test_a_stuck_phone_gets_escape_and_break() -> None:
    wire, dialogue, _ = talk(lambda data: b"")
    assert dialogue.leave("cprot") is False
    assert b"+++" in wire.sent and wire.breaks == 1


def test_samsung_gets_two_seconds() -> None:
    _, dialogue, waited = talk(phone("tsspcsw"))
    assert dialogue.leave("tsspcsw") and waited == [2.0]


@pytest.mark.parametrize("far, words", [
    (lambda data: b"", "silent"),
    (lambda data: data, "only sends back"),
    (lambda data: b"\x80\xfe\x13\x00\x91" * 9, "garbage"),
    (lambda data: b"$GPGGA,123519,4807.038,N\r\n", "answers no AT command but says '.GPGGA"),
])
def test_a_line_without_a_phone_is_told_in_one_sentence(far: "Callable[[bytes], bytes]", words: str) -> None:
    _, dialogue, _ = talk(far)
    with pytest.raises(LinkError, match=words) as caught:
        dialogue.enter_obex()
    assert str(caught.value).startswith("wire ") and "\n" not in str(caught.value)


def test_speeds_are_tried_in_turn() -> None:
    wire, dialogue, _ = talk(lambda data: b"\r\nOK\r\n" if wire.speeds[-1:] == [19_200] else b"\xe3\x01")
    dialogue.wake((57_600, 19_200, 9_600))
    assert wire.speeds == [57_600, 19_200] and dialogue.speed == 19_200


def test_numeric_result_codes_are_switched_to_words() -> None:
    wire, dialogue, _ = talk(script({b"ATV1\r": b"\r\nOK\r\n"}, b"0\r"))
    dialogue.wake()
    assert wire.sent == [b"AT\r", b"ATV1\r"]


def test_a_phone_without_obex_is_told() -> None:
    far = AtResponder("ACME", "Brick", switch="msync").feed
    with pytest.raises(LinkError, match="ACME Brick answers AT commands but takes none"):
        talk(far)[1].enter_obex()
    with pytest.raises(LinkError, match="takes none of the known commands"):
        talk(far)[1].enter_obex("eobex")
    with pytest.raises(LinkError, match="BFB frames"):
        talk(AtResponder("SIEMENS", "S45", switch="sbfb").feed)[1].enter_obex()
    with pytest.raises(UsageError, match="no AT switch 'bogus'; known are none, cprot"):
        talk(far)[1].enter_obex("bogus")


def test_order_of_tries() -> None:
    def names(maker: str, model: str) -> "list[str]":
        return [switch.name for switch in order_of_tries(Identity(maker, model, ""))]

    assert names("Motorola CE", "V3")[0] == "mode22"
    assert names("SIEMENS", "S65")[0] == "sqwe3" and names("SIEMENS", "S45")[-1] == "sbfb"
    assert names("Sony Ericsson", "K750i")[0] == "eobex" and names("SHARP", "GX30")[0] == "xlnk"
    assert names("SAMSUNG", "B2100")[:2] == ["syncml-mobexstart", "tsspcsw"]
    for model in ("PEBL U6", "MOTO L7-GSM", "A1200e", "SGH-J700"):
        assert "mode22" not in names("Motorola", model)
    assert names("", "") == ["cprot", "sqwe3", "syncml-mobexstart", "tsspcsw", "mode22", "eobex"]
    assert set(NAMES) == {"none", "cprot", "eobex", "sqwe3", "sbfb", "mode22", "xlnk", "syncml-mobexstart", "tsspcsw",
                          "msync"}


def test_an_answer_without_end_is_given_up() -> None:
    wire, dialogue, _ = talk(lambda data: b"another line\r\n" * 100_000)
    with pytest.raises(LinkError, match="has no end"):
        dialogue.command("AT+CGMI")


def test_a_line_without_end_takes_no_memory() -> None:
    reader = LineReader()
    for _ in range(64):
        assert reader.feed(b"x" * 10_000) == []
    assert len(reader.pending()) == LINE
    assert [len(line) for line in reader.feed(b"\rOK\r")] == [LINE, 2]


def test_time_ends_an_answer_that_trickles() -> None:
    now = [0.0]

    class Slow(Wire):
        def read(self, timeout: float) -> bytes:
            now[0] += 0.5
            return b"x"

    answer = Dialogue(Slow(lambda data: b""), clock=lambda: now[0]).command("AT", 3.0)
    assert answer.final == "" and now[0] == 3.0


def test_a_dropped_line_is_a_link_error() -> None:
    wire, dialogue, _ = talk(lambda data: b"")
    wire.dropped = True
    with pytest.raises(LinkError):
        dialogue.enter_obex()


# --- the phone's side

def test_the_phone_answers_what_other_programs_ask() -> None:
    responder = AtResponder("Toy", "X1", "R1", "cprot", serial="123")
    assert responder.feed(b"ATE0\r") == b"ATE0\r\r\nOK\r\n"
    for asked, said in [("AT+CSCS?", '+CSCS: "GSM"'), ("AT+CGMM", "X1"), ("AT+CGSN", "123"),
                        ("AT+CPROT=?", "+CPROT: (0)"), ("AT+CSCS=?", '+CSCS: ("GSM","UCS2","UTF-8")')]:
        assert responder.feed(asked.encode() + b"\r") == f"\r\n{said}\r\n\r\nOK\r\n".encode()
    for asked in ("\x1b", "AT+CPBS?", "AT+MODE=2", "AT+SYNCML=?", "AT*EOBEX=?", "nonsense"):
        assert responder.feed(asked.encode() + b"\r") == b"\r\nERROR\r\n"
    assert responder.feed(b'AT+CSCS="UTF-8"\r\n') == b"\r\nOK\r\n"
    assert responder.feed(b"at+cscs?\r\n") == b'\r\n+CSCS: "UTF-8"\r\n\r\nOK\r\n'
    assert responder.feed(PROBE) == b""
    assert responder.feed(b"x" * 100_000 + b"\r") == b"\r\nERROR\r\n"


def test_bytes_after_the_switch_belong_to_obex() -> None:
    responder = AtResponder("Toy", "X1", switch="mode22", echo=False)
    assert responder.feed(b"AT+MODE=22\r" + CONNECT) == b"\r\nCONNECT\r\n"
    assert responder.obex and responder.take() == CONNECT and responder.take() == b""


@pytest.mark.parametrize("chunk", [1, 3, 4096])
def test_the_front_shows_obex_only(chunk: int) -> None:
    wire = Wire(lambda data: b"", chunk)
    front = AtFront(wire, AtResponder("Toy", "X1", switch="cprot", echo=False))
    wire.coming = b"AT\rAT+CPROT=0\r" + CONNECT
    got = b""
    while len(got) < len(CONNECT):
        got += front.read(1)
    assert got == CONNECT and b"".join(wire.sent) == b"\r\nOK\r\n\r\nCONNECT\r\n"
    front.write(OK, 1)
    wire.coming = b"\x82\x00\x06\x81\x81\x81"       # a packet that only contains what a DISCONNECT looks like
    while front.read(1):
        pass
    front.write(OK, 1)
    wire.coming = b"AT\r\x00\x00"                   # still OBEX, not for us
    assert front.read(1)[:1] == b"A"


def test_a_front_goes_back_after_disconnect() -> None:
    wire = Wire(lambda data: b"")
    front = AtFront(wire, AtResponder("Toy", "X1", switch="cprot", echo=False))
    wire.coming = b"AT+CPROT=0\r" + DISCONNECT
    assert front.read(1) == DISCONNECT
    front.write(OK, 1)
    wire.coming = b"AT\r"
    assert front.read(1) == b"" and wire.sent[-1] == b"\r\nOK\r\n"


# --- any bytes

@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=12))
def test_lines_do_not_depend_on_pieces(pieces: "list[bytes]") -> None:
    apart, whole = LineReader(), LineReader()
    lines = [line for piece in pieces for line in apart.feed(piece)]
    assert lines == whole.feed(b"".join(pieces))
    assert apart.pending() == whole.pending()


WORDS = st.sampled_from([b"\r\n", b"OK", b"ERROR", b"CONNECT", b"AT", b"+CGMI: ", b"RING", b"\xff", PROBE, b"0",
                         b"\xa0\x00\x03", b"> ", b"x" * 3000, b"+++", b"A\r\n" * 300])
PARTS = st.lists(WORDS | st.binary(max_size=20), max_size=20).map(b"".join)


@settings(max_examples=80, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=8), st.sampled_from(("",) + NAMES[1:]))
def test_whatever_a_phone_says_ends_in_a_result_or_a_link_error(answers: "list[bytes]", switch: str) -> None:
    count = [0]

    def far(data: bytes) -> bytes:
        count[0] += 1
        return answers[count[0] % len(answers)]

    dialogue = Dialogue(Wire(far), wait=lambda seconds: None)
    try:
        entered = dialogue.enter_obex(switch)
        assert entered in NAMES
        dialogue.leave(entered)
        dialogue.identify()
    except LinkError as error:
        assert "\n" not in str(error)
    assert count[0] < 100


@settings(max_examples=80, deadline=None)
@given(st.lists(PARTS, max_size=8), st.sampled_from(NAMES))
def test_whatever_a_computer_says_a_phone_survives(pieces: "list[bytes]", switch: str) -> None:
    wire = Wire(lambda data: b"")
    front = AtFront(wire, AtResponder("Toy", "X1", switch=switch))
    for piece in pieces:
        wire.coming += piece
        while wire.coming:
            if front.read(0):
                front.write(OK, 1)
    assert sum(map(len, wire.sent)) <= 64 + 40 * sum(map(len, pieces))


@given(st.text(max_size=40))
def test_a_result_code_is_never_unsolicited(line: str) -> None:
    assert not (result_code(line) and unsolicited(line, "AT+CGMI"))


@given(st.binary(max_size=12))
def test_a_response_fits_what_came(data: bytes) -> None:
    assert not is_response(data) or (data[0] & 0x80 and 3 <= int.from_bytes(data[1:3], "big") <= len(data))
