"""Service discovery: bytes seen from real programs, round trips, and whatever else a radio may bring."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.errors import DecodeError, LimitError
from minisyncml.transport import sdp, sdpdata
from minisyncml.transport.sdpdata import ALT, BOOL, INT, NIL, SEQ, TEXT, UINT, URL, UUID, Element, build, parse, seq

# a SyncEvolution 2.0 (libbluetooth 5.66) looking for a phone, and a phone's answer
ASKED = bytes.fromhex("060000001d35111c000000020000100080000002ee000002ffff35050a0000ffff00")
SAID = bytes.fromhex("070000004d004a354835460900000a00010001090001"
                     "35111c000000020000100080000002ee000002090004351135031901003505190003080f3503190008"
                     "090100250d53796e634d4c20436c69656e7400")
RECORDS = [sdp.record(0x10001, sdp.SYNCML_CLIENT, 15, "SyncML Client"),
           sdp.record(0x10002, sdp.SYNCML_SERVER, 16, "SyncML Server"),
           sdp.record(0x10003, sdp.SYNCML_SERVER_2, 16, "SyncML Server")]


def ask(wanted: bytes, responder: sdp.Responder) -> "list[sdp.Service]":
    search = sdp.Search(wanted)
    while not search.feed(responder.answer(search.request())):
        pass
    return search.services()


@pytest.mark.parametrize("element, hexadecimal", [
    (Element(NIL), "00"), (sdpdata.uint(7, 1), "0807"), (sdpdata.uint(0x100, 2), "090100"),
    (Element(INT, -2, 1), "10fe"), (Element(BOOL, 1, 1), "2801"), (Element(UINT, 1 << 127, 16), "0c80" + "00" * 15),
    (sdpdata.uuid(sdpdata.short(0x1104)), "191104"), (Element(UUID, sdpdata.short(0x11223344), 4), "1a11223344"),
    (sdpdata.uuid(sdp.SYNCML_CLIENT), "1c000000020000100080000002ee000002"),
    (sdpdata.text("hi"), "25026869"), (Element(URL, b"x:"), "4502783a"),
    (Element(TEXT, b"a" * 300), "26012c" + "61" * 300), (Element(TEXT, b"a" * 70_000), "2700011170" + "61" * 70_000),
    (seq(), "3500"), (seq(seq(Element(NIL))), "3503350100"), (Element(ALT, (Element(NIL),)), "3d0100"),
])
def test_elements_both_ways(element: Element, hexadecimal: str) -> None:
    assert build(element).hex() == hexadecimal
    assert parse(bytes.fromhex(hexadecimal)) == element


@pytest.mark.parametrize("hexadecimal", [
    "", "01", "0d01", "09", "0901", "1800", "1b" + "00" * 8, "2001", "25", "2505aa", "2600", "3502", "350209ff", "f8",
    "3900", "0000", "2dff", "37ffffffff", "2bffffffffffffffff",
])
def test_what_is_no_element(hexadecimal: str) -> None:
    with pytest.raises(DecodeError):
        parse(bytes.fromhex(hexadecimal))


def test_depth_and_number_are_bounded() -> None:
    deep = b"\0"
    for _ in range(20):
        deep = build(Element(TEXT, deep)).replace(b"\x25", b"\x35", 1)
    with pytest.raises(LimitError):
        parse(deep)
    with pytest.raises(LimitError):
        parse(build(Element(TEXT, bytes(60_000))).replace(b"\x26", b"\x36", 1))


def test_a_phone_found_by_syncevolution_is_found_by_us() -> None:
    search = sdp.Search(sdp.SYNCML_CLIENT)
    search.request()
    assert search.feed(b"\7\0\1" + SAID[3:])
    assert search.services() == [sdp.Service((sdp.SYNCML_CLIENT,), 15, "SyncML Client")]


def test_the_question_of_syncevolution_is_answered() -> None:
    answer = sdp.Responder(RECORDS).answer(ASKED)
    assert answer[:3] == b"\7\0\0" and answer[-1] == 0
    record, = parse(answer[7:-1]).items()
    assert sdp.service(sdp.attributes(record)) == sdp.Service((sdp.SYNCML_CLIENT,), 15, "SyncML Client")
    assert sorted(sdp.attributes(record)) == [0, 1, 4, 5, 6, 0x100]


@pytest.mark.parametrize("mtu", [48, 64, 672, 65_535])
def test_answers_in_any_number_of_packets(mtu: int) -> None:
    responder = sdp.Responder(RECORDS, mtu)
    for wanted, channel, name in [(sdp.SYNCML_CLIENT, 15, "SyncML Client"), (sdp.SYNCML_SERVER, 16, "SyncML Server"),
                                  (sdp.SYNCML_SERVER_2, 16, "SyncML Server")]:
        assert ask(wanted, responder) == [sdp.Service((wanted,), channel, name)]
    assert len(ask(sdp.OBEX, responder)) == 3
    assert ask(sdp.IRMC, responder) == []
    assert len(responder.answer(ASKED)) <= mtu


def test_handles_and_attributes_can_be_asked_one_by_one() -> None:
    responder = sdp.Responder(RECORDS)
    pattern = build(seq(sdpdata.uuid(sdp.OBEX), sdpdata.uuid(sdp.SYNCML_SERVER)))
    found = responder.answer(sdp.packet(sdp.SEARCH, 5, pattern + b"\0\5\0"))
    assert found == sdp.packet(sdp.SEARCH + 1, 5, bytes.fromhex("0001" "0001" "00010002" "00"))
    some = build(seq(sdpdata.uint(4, 2), sdpdata.uint(0x0100_0200, 4)))
    answer = responder.answer(sdp.packet(sdp.ATTRIBUTES, 6, bytes.fromhex("00010002" "ffff") + some + b"\0"))
    assert sorted(sdp.attributes(parse(answer[7:-1]))) == [4, 0x100]


@pytest.mark.parametrize("request_, code", [
    (b"", 3), (b"\6\0\0\0\1", 3), (sdp.packet(9, 1, b""), 3), (sdp.packet(6, 1, b"\x35\0\xff\xff\x35\0\0"), 3),
    (sdp.packet(4, 1, b"\0\0\0\1\xff\xff\x35\0\0"), 2), (ASKED[:-1], 3),
    (sdp.packet(6, 1, ASKED[5:-1] + b"\1\1"), 5), (sdp.packet(6, 1, ASKED[5:-1] + b"\4\0\1\0\0"), 5),
    (sdp.packet(6, 1, ASKED[5:-1] + b"\5\0"), 4), (sdp.packet(6, 1, ASKED[5:24] + b"\0\1" + ASKED[26:]), 3),
    (sdp.packet(2, 1, b"\x35\x03\x19\x11\x05\0\0\0"), 3),
])
def test_bad_questions_get_an_error(request_: bytes, code: int) -> None:
    answer = sdp.Responder(RECORDS).answer(request_)
    assert answer[:1] == b"\1" and answer[5:] == bytes([0, code])


@pytest.mark.parametrize("answer, words", [
    (b"", "no packet"), (b"\7\0\1\0\3\0\0", "no packet"), (sdp.packet(1, 1, b"\0\3"), "refused the search .error 3"),
    (sdp.packet(7, 2, b"\0\0\0"), "no answer to the search"), (sdp.packet(5, 1, b"\0\0\0"), "no answer"),
    (sdp.packet(7, 1, b"\0\5\0"), "lengths"), (sdp.packet(7, 1, b"\0\0\1"), "lengths"),
    (sdp.packet(7, 1, b"\0\0\x11" + b"x" * 17), "lengths"), (sdp.packet(7, 1, b"\0\0\0\0"), "lengths"),
])
def test_bad_answers_are_told(answer: bytes, words: str) -> None:
    search = sdp.Search(sdp.SYNCML_CLIENT)
    search.request()
    with pytest.raises(DecodeError, match=words):
        search.feed(answer)


@pytest.mark.parametrize("size", [0, 600])
def test_continuation_without_end_is_given_up(size: int) -> None:
    search = sdp.Search(sdp.SYNCML_CLIENT)
    rounds = 0
    with pytest.raises(LimitError, match="no end"):
        while True:
            transaction = int.from_bytes(search.request()[1:3], "big")
            search.feed(sdp.packet(7, transaction, size.to_bytes(2, "big") + bytes(size) + b"\1x"))
            rounds += 1
    assert rounds <= sdp.ROUNDS


def test_channels_are_found_where_stacks_put_them() -> None:
    def protocols(*parts: "tuple[int, int]") -> Element:
        return seq(*(seq(sdpdata.uuid(sdpdata.short(number)), *([sdpdata.uint(port, 1)] if port else []))
                     for number, port in parts))

    stack = protocols((0x100, 0), (3, 9), (8, 0))
    assert sdp.channel(stack) == 9
    assert sdp.channel(Element(ALT, (protocols((0x100, 0), (8, 0)), stack))) == 9
    for bad in (protocols((0x100, 0), (3, 31), (8, 0)), protocols((3, 0)), protocols(), Element(TEXT, b"x")):
        assert sdp.channel(bad) == 0
    found = [sdp.Service((), 0, ""), sdp.Service((), 9, "")]
    assert sdp.pick(found) == found[1] and sdp.pick(found[:1]) is None


# --- any bytes

def damaged(whole: bytes, size: int, first: int = 0) -> "st.SearchStrategy[bytes]":
    """Any bytes, or a good packet with some bytes changed or its end cut off."""
    changed = st.tuples(st.integers(first, len(whole)), st.binary(max_size=4)).map(
        lambda where: whole[:where[0]] + where[1] + whole[where[0] + len(where[1]):])
    return st.binary(max_size=size) | changed | st.integers(first, len(whole)).map(lambda end: whole[:end])


ELEMENTS = st.recursive(
    st.one_of(st.just(Element(NIL)), st.integers(0, 255).map(lambda n: Element(UINT, n, 1)),
              st.integers(-2**31, 2**31 - 1).map(lambda n: Element(INT, n, 4)),
              st.binary(min_size=16, max_size=16).map(lambda b: Element(UUID, b, 16)),
              st.binary(max_size=300).map(lambda b: Element(TEXT, b))),
    lambda inner: st.lists(inner, max_size=5).map(lambda items: Element(SEQ, tuple(items))), max_leaves=20)


@settings(max_examples=60, deadline=None)
@given(ELEMENTS)
def test_what_is_built_is_read_back(element: Element) -> None:
    data = build(element)
    if data.count(b"\x35") < sdpdata.DEPTH:
        assert parse(data) == element


@settings(max_examples=150, deadline=None)
@given(damaged(build(seq(*RECORDS)), 80))
def test_any_bytes_are_elements_or_a_decode_error(data: bytes) -> None:
    try:
        element = parse(data)
    except DecodeError:
        return
    sdp.service(sdp.attributes(element))
    for one in element.items():
        sdp.service(sdp.attributes(one))


@settings(max_examples=150, deadline=None)
@given(damaged(ASKED, 60))
def test_any_question_gets_one_packet(data: bytes) -> None:
    kind, _, body = sdp.unpack(sdp.Responder(RECORDS, 100).answer(data))
    assert kind in (1, 3, 5, 7) and len(body) <= 95


@settings(max_examples=150, deadline=None)
@given(st.lists(damaged(SAID, 60, 5), min_size=1, max_size=4))
def test_any_answer_ends_in_services_or_a_decode_error(answers: "list[bytes]") -> None:
    search = sdp.Search(sdp.SYNCML_CLIENT)
    try:
        for answer in answers:
            transaction = search.request()[1:3]
            if search.feed(answer[:1] + transaction + answer[3:]):
                assert all(0 <= one.channel <= 30 for one in search.services())
                return
    except DecodeError:
        pass
