"""A notification as a connectionless WAP push: the WSP PDU, and the ports it is addressed to.

WSP 1.0 (WAP-230), sections 8.2 and 8.4; numbers from the OMNA registry; SyncML SAN 1.2.1, section on WAP push.
"""

from __future__ import annotations

from minisyncml.notify.base import PACKET

PORT = 2948             #: connectionless push, unsecured
SOURCE_PORT = 9200
PUSH = 0x06             #: the type of the PDU
APPLICATION = 0x05      #: x-wap-application:push.syncml
APPLICATION_NAME = "x-wap-application:push.syncml"
_SHORT = 0x80           #: marks a number below 128 in a header
_APPLICATION_ID = 0x2F  #: X-Wap-Application-Id
_CODES = {PACKET: 0x4E}


def push(body: bytes, content_type: str = PACKET, transaction: int = 1) -> bytes:
    """The PDU that carries a notification.

    :param body: the notification
    :param content_type: its media type; one without a WSP number travels as text
    :param transaction: 0 to 255, tells one push from the next
    :returns: what goes to :data:`PORT` in a datagram or in SMS
    """
    code = _CODES.get(content_type)
    kind = bytes((code | _SHORT,)) if code is not None else content_type.encode("ascii", "replace") + b"\0"
    headers = kind + bytes((_APPLICATION_ID | _SHORT, APPLICATION | _SHORT))
    return bytes((transaction & 0xFF, PUSH)) + _uintvar(len(headers)) + headers + body


def _uintvar(number: int) -> bytes:
    """Seven bits in each byte, the highest first; all but the last are marked (WSP, 8.1.2)."""
    parts = [number & 0x7F]
    while number > 0x7F:
        number >>= 7
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))
