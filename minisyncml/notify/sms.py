"""A WAP push in short messages: SMS-SUBMIT PDUs with 8-bit data, several when one is too small. No modem here.

3GPP 23.040, sections 9.2.2.2 (SUBMIT), 9.1.2.5 (addresses) and 9.2.3.24 (user data header); 3GPP 27.005 for AT+CMGS.
"""

from __future__ import annotations

from typing import NamedTuple

from minisyncml.errors import UsageError
from minisyncml.notify.wap import PORT, SOURCE_PORT

USER_DATA = 140                     #: bytes of one short message, its header included
MAX_PARTS = 255
_SUBMIT_WITH_HEADER = 0x41          # TP-MTI SUBMIT, TP-UDHI
_SERVICE_CENTRE = "00"              # the one that the phone knows
_EIGHT_BIT = 0x04                   # TP-DCS
_INTERNATIONAL, _UNKNOWN = 0x91, 0x81
_PORTS = b"\x05\x04" + PORT.to_bytes(2, "big") + SOURCE_PORT.to_bytes(2, "big")
_CONCATENATED = b"\x00\x03"
_CONCATENATED_SIZE = 5


class Submit(NamedTuple):
    """One short message. `pdu` is hex text as AT+CMGS takes it, `length` the number that AT+CMGS wants."""

    pdu: str
    length: int


def submits(number: str, data: bytes, reference: int = 0) -> "list[Submit]":
    """The short messages that carry a WAP push.

    :param number: of the phone, `+` in front when it is international
    :param data: from :func:`minisyncml.notify.wap.push`
    :param reference: 0 to 255, the same in all parts of one push, another for the next one
    :returns: one or more, to be sent in order
    :raises UsageError: when the number is none, or there is too much data
    """
    address = _address(number)
    if 1 + len(_PORTS) + len(data) <= USER_DATA:
        return [_submit(address, _PORTS, data)]
    room = USER_DATA - 1 - len(_PORTS) - _CONCATENATED_SIZE
    count = -(-len(data) // room)
    if count > MAX_PARTS:
        raise UsageError(f"{len(data)} bytes are too many for short messages")
    return [_submit(address, _PORTS + _CONCATENATED + bytes((reference & 0xFF, count, part + 1)),
                    data[part * room:(part + 1) * room]) for part in range(count)]


def _submit(address: bytes, header: bytes, data: bytes) -> Submit:
    user = bytes((len(header),)) + header + data
    tpdu = bytes((_SUBMIT_WITH_HEADER, 0)) + address + bytes((0, _EIGHT_BIT, len(user))) + user
    return Submit(_SERVICE_CENTRE + tpdu.hex().upper(), len(tpdu))


def _address(number: str) -> bytes:
    """A phone number: how many digits, its kind, two digits in each byte with the first one low."""
    digits = number.lstrip("+").translate({ord(sign): None for sign in " -/()."})
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20) or number.count("+") > 1:
        raise UsageError(f"{number!r} is no phone number")
    even = digits + "F" * (len(digits) % 2)
    pairs = "".join(even[at + 1] + even[at] for at in range(0, len(even), 2))
    return bytes((len(digits), _INTERNATIONAL if number.startswith("+") else _UNKNOWN)) + bytes.fromhex(pairs)
