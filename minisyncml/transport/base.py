"""What passes between a transport and a session: one packet, one SyncML message. No sockets here."""

from __future__ import annotations

from typing import NamedTuple, Optional

WBXML = "application/vnd.syncml+wbxml"
XML = "application/vnd.syncml+xml"


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
