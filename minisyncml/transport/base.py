"""What passes between a transport and a session: one packet, one SyncML message. No sockets here."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple, Optional

WBXML = "application/vnd.syncml+wbxml"
XML = "application/vnd.syncml+xml"

#: types under which some clients send SyncML all the same; the first bytes decide then
VAGUE = frozenset({"", "text/xml", "application/xml", "text/plain", "application/octet-stream",
                   "application/vnd.wap.wbxml", "application/x-www-form-urlencoded"})


class Packet(NamedTuple):
    """One SyncML message on its way.

    `content_type` is the media type as the transport carried it (parameters allowed, may be empty), `body` the
    encoded message, `to` the URI it was or is to be sent to (RespURI, where the peer named one), `hmac` the
    x-syncml-hmac header where there was one.
    """

    content_type: str
    body: bytes
    to: Optional[str] = None
    hmac: Optional[str] = None


class Transport:
    """A way to one SyncML server, as a client uses it. Subclass it for another bearer.

    Use it as a context manager, or call :meth:`close`.
    """

    def send(self, packet: Packet) -> Optional[Packet]:
        """Deliver one message and wait for the answer.

        :param packet: the message; `to` is None for the address that the transport was made with
        :returns: the answer, None when the server has nothing more to say
        :raises TransportError: when no answer is to be had; the message may have arrived all the same
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give up the connection; the transport is not used afterwards."""

    def __enter__(self) -> "Transport":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def media_type(content_type: str, body: bytes) -> Optional[str]:
    """Which encoding a body has; its first bytes count for more than a vague or wrong label.

    Types are compared without parameters and case (HTTP binding 1.2.1, section 5.3).

    :param content_type: the Content-Type as it came, may be empty
    :param body: the message
    :returns: :data:`WBXML`, :data:`XML`, or None when it is neither
    """
    name = content_type.partition(";")[0].strip().lower()
    if name not in (WBXML, XML) and name not in VAGUE:
        return None
    start = body[:64].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")
    if start[:1] == b"<":
        return XML
    if body[:1] in (b"\0", b"\1", b"\2", b"\3"):  # WBXML 1.0 to 1.3
        return WBXML
    return name if name in (WBXML, XML) else None
