"""The notification packet of SyncML 1.2: 16 bytes of digest, a bit string as header, the wanted datastores.

SyncML Server Alerted Notification 1.2.1; body: DS Protocol 1.2.1, section 12. The digest is made in two ways: with the
server's identifier and a password (the specification), or with a user and a password (SyncEvolution).
"""

from __future__ import annotations

import binascii
from typing import Iterable, NamedTuple, Optional

from minisyncml.digest import equal, md5
from minisyncml.errors import DecodeError, LimitError, UsageError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.notify.base import TYPES, Notification, Wanted, number_of

DIGEST = 16
HEADER = 8                          #: bytes of header before the server identifier
RECORD = 5                          #: bytes of a record before its URI
NO_DIGEST = bytes(DIGEST)           #: by convention: no authentication
NONCE = b"SyncEvolution"            #: the nonce of who was never given another one
MAX_WANTED = 15


class San(NamedTuple):
    """A packet as it came: what it says and what proves it."""

    notification: Notification
    digest: bytes
    signed: bytes                   #: what the digest is made of: all bytes after it

    @property
    def anonymous(self) -> bool:
        """Whether it proves nothing: no digest, or one that anybody can make."""
        return equal(self.digest, NO_DIGEST) or equal(self.digest, digest(self.signed, key("", ""), NONCE))


def key(name: str, password: str) -> bytes:
    """What a digest is made with, and all that has to be kept of a password to check one.

    :param name: the server identifier, or the user name in SyncEvolution's form
    :param password: its password; both empty is the key of who has none
    :returns: B64(MD5(name:password)), 24 ASCII bytes
    """
    return _b64(md5(f"{name}:{password}".encode() if name or password else b""))


def digest(signed: bytes, key: bytes, nonce: bytes = NONCE) -> bytes:
    """The digest of a packet.

    :param signed: the packet without its first 16 bytes
    :param key: from :func:`key`
    :param nonce: decoded nonce that the client gave to the server
    :returns: 16 bytes
    """
    return md5(b":".join((key, nonce, _b64(md5(signed)))))


def proven(san: San, keys: Iterable[bytes], nonces: Iterable[bytes] = (NONCE,)) -> Optional[bytes]:
    """Which nonce a packet was signed with; all are tried, in a time that does not tell which was right.

    :param san: the packet
    :param keys: of those who may send notifications
    :param nonces: the newest first; an old one counts until the new one is known to have arrived
    :returns: the nonce, None when the digest is wrong
    """
    nonces = tuple(nonces)
    right = [nonce for key in keys for nonce in nonces if equal(san.digest, digest(san.signed, key, nonce))]
    return min(right, key=nonces.index) if right else None


def build(notification: Notification, key: Optional[bytes] = None, nonce: bytes = NONCE) -> bytes:
    """Write a packet.

    :param notification: what to say; a media type without a number is left out
    :param key: what to sign it with, from :func:`key`; None: no digest
    :param nonce: decoded nonce that the client gave
    :returns: the packet
    :raises UsageError: what the packet has no room for: an identifier of more than 255 bytes, a SessionID that is no
        number up to 65535, more than 15 datastores
    """
    signed = _header(notification) + _body(notification.wanted)
    return (NO_DIGEST if key is None else digest(signed, key, nonce)) + signed


def _header(notification: Notification) -> bytes:
    name = _text("server identifier", notification.server_id)
    bits = _version(notification.version) << 6 | (notification.ui_mode & 3) << 4 | notification.by_server << 3
    return bits.to_bytes(2, "big") + bytes(3) + _session(notification.session_id).to_bytes(2, "big") + name


def _version(version: str) -> int:
    major, _, minor = version.partition(".")
    if not (_digits(major, 2) and _digits(minor, 1)):
        raise UsageError(f"{version!r} is no SyncML version")
    return int(major) * 10 + int(minor)


def _session(session_id: str) -> int:
    number = int(session_id or "0") if _digits(session_id or "0", 5) else -1
    if not 0 <= number <= 0xFFFF:
        raise UsageError(f"the SessionID of a notification is a number from 1 to 65535, not {session_id!r}")
    return number


def _body(wanted: "tuple[Wanted, ...]") -> bytes:
    if len(wanted) > MAX_WANTED:
        raise UsageError(f"a notification names at most {MAX_WANTED} datastores")
    return bytes((len(wanted) << 4,)) + b"".join(map(_record, wanted))


def _record(one: Wanted) -> bytes:
    if not 200 <= one.code <= 215:
        raise UsageError(f"{one.code} is no alert code of a notification")
    number = one.number or number_of(one.type)
    if not 0 <= number <= 0xFFFFFF:
        raise UsageError(f"{number} is no content type number")
    return bytes(((one.code - 200) << 4,)) + number.to_bytes(3, "big") + _text("datastore name", one.uri)


def _text(what: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if len(data) > 255:
        raise UsageError(f"the {what} of a notification has at most 255 bytes")
    return bytes((len(data),)) + data


def parse(body: bytes, limits: Limits = DEFAULT) -> San:
    """Read a packet; what a vendor added at its end is ignored.

    :param body: the packet
    :param limits: bounds
    :returns: what it says and what proves it, not yet checked
    :raises DecodeError: when it ends too early
    :raises LimitError: when it is longer than a message may be
    """
    if len(body) > limits.max_message:
        raise LimitError(f"a notification of {len(body)} bytes")
    if len(body) < DIGEST + HEADER + 1:
        raise DecodeError("a notification is too short", len(body))
    bits = int.from_bytes(body[DIGEST:DIGEST + 2], "big")
    session = int.from_bytes(body[DIGEST + 5:DIGEST + 7], "big")
    server_id, at = _read_text(body, DIGEST + HEADER - 1)
    wanted = _read_body(body, at)
    notification = Notification(server_id, wanted, str(session) if session else "", bits >> 4 & 3, bool(bits >> 3 & 1),
                                f"{(bits >> 6) // 10}.{(bits >> 6) % 10}")
    return San(notification, body[:DIGEST], body[DIGEST:])


def _read_body(body: bytes, at: int) -> "tuple[Wanted, ...]":
    if at >= len(body):
        raise DecodeError("a notification ends before its datastores", at)
    count, at = body[at] >> 4, at + 1
    found = []
    for _ in range(count):
        if at + RECORD > len(body):
            raise DecodeError("a notification ends within its datastores", at)
        number = int.from_bytes(body[at + 1:at + 4], "big")
        code = 200 + (body[at] >> 4)
        uri, at = _read_text(body, at + RECORD - 1)
        found.append(Wanted(uri, code, TYPES.get(number, ""), number))
    return tuple(found)


def _read_text(body: bytes, at: int) -> "tuple[str, int]":
    """A text whose length stands in front of it, and where the next field begins."""
    end = at + 1 + body[at]
    if end > len(body):
        raise DecodeError("a length in a notification goes past its end", at)
    return body[at + 1:end].decode("utf-8", "replace"), end


def is_packet(body: bytes) -> bool:
    """Tell the packet from a message by its bytes; the label on it may be wrong.

    :param body: a notification of either form
    :returns: True for the packet, False for a SyncML message in WBXML or XML
    """
    if body[DIGEST:DIGEST + 1] in (b"\2", b"\3", b"\4", b"\5") and body[DIGEST + 2:DIGEST + 5] == bytes(3):
        return True     # versions 0.8 to 2.3 and 27 bits of nothing: a message has no three NULs there
    return not (body.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")[:1] == b"<" or body[:1] in (b"\0", b"\1", b"\2", b"\3"))


def _digits(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most


def _b64(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False)
