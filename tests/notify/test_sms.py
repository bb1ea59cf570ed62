"""WAP push and short messages: published frames, and what a receiver puts together again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.errors import UsageError
from minisyncml.notify import base, sms, wap
from minisyncml.transport.base import WBXML


def test_frame_of_a_push() -> None:
    assert wap.push(b"packet") == bytes.fromhex("01 06 03 CE AF 85") + b"packet"


def test_a_type_without_a_number_is_text() -> None:
    assert wap.push(b"x", WBXML, 7) == b"\7\6\x1f" + WBXML.encode() + b"\0\xaf\x85x"


def test_a_long_header_length_takes_two_bytes() -> None:
    assert wap.push(b"", "a" * 200)[2:4] == b"\x81\x4b"


def test_one_short_message() -> None:
    found, = sms.submits("+491701234567", wap.push(b"packet"))
    assert found.pdu == ("0041000C91947110325476" "0004" "13" "0605040B8423F0" "010603CEAF85" + b"packet".hex().upper())
    assert found.length == len(found.pdu) // 2 - 1


@pytest.mark.parametrize("number, address", [
    ("+491701234567", "0C91947110325476"), ("0170 123456-7", "0B811007214365F7"), ("12345", "05812143F5"),
    ("+49 (170) 12", "0791947110F2"),
])
def test_numbers(number: str, address: str) -> None:
    found, = sms.submits(number, b"x")
    assert found.pdu[6:6 + len(address)] == address


@pytest.mark.parametrize("number", ["", "+", "abc", "+49x", "++49", "123456789012345678901", "٣٣٣", "49+1"])
def test_what_is_no_number(number: str) -> None:
    with pytest.raises(UsageError, match="no phone number"):
        sms.submits(number, b"x")


def test_too_much_for_short_messages() -> None:
    assert len(sms.submits("1", bytes(255 * 128))) == 255
    with pytest.raises(UsageError, match="too many"):
        sms.submits("1", bytes(255 * 128 + 1))


def receive(parts: "list[sms.Submit]") -> bytes:
    """What a phone makes of the parts."""
    whole = []
    for part in parts:
        pdu = bytes.fromhex(part.pdu)
        assert pdu[:1] == b"\0" and len(pdu) == 1 + part.length
        assert pdu[1:11] == bytes.fromhex("41 00 05 81 21 43 F5 00 04") + bytes((len(pdu) - 11,))
        user = pdu[10:]
        assert user[0] <= sms.USER_DATA
        header, data = user[2:2 + user[1]], user[2 + user[1]:]
        assert header[:6] == b"\5\4\x0b\x84\x23\xf0"
        place = tuple(header[6:])
        whole.append((place, data))
    if len(whole) > 1:
        assert [place for place, _ in whole] == [(0, 3, 42, len(whole), number + 1) for number in range(len(whole))]
    else:
        assert whole[0][0] == ()
    return b"".join(data for _, data in whole)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600))
def test_parts_become_whole_again(body: bytes) -> None:
    parts = sms.submits("12345", wap.push(body, base.PACKET), 42)
    assert receive(parts) == b"\1\6\3\xce\xaf\x85" + body
    assert len(parts) == (1 if len(body) + 6 <= 133 else -(-(len(body) + 6) // 128))
