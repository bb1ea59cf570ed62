from __future__ import annotations

import pytest

from minisyncml.transport.base import WBXML, XML, Packet, media_type
from minisyncml.transport.pipe import Pipe

DOCUMENT = b"\x02\xa4\x01\x6a\x00"


@pytest.mark.parametrize("content_type, body, kind", [
    ("application/vnd.syncml+wbxml", DOCUMENT, WBXML),
    ("Application/vnd.SyncML+WBXML; charset=UTF-8", DOCUMENT, WBXML),   # Nokia 515 sends a charset here
    ("application/vnd.syncml+xml;charset=utf-8", b"<SyncML/>", XML),
    ("application/vnd.syncml+wbxml", b"<SyncML/>", XML),                # a wrong label: the bytes decide
    ("application/vnd.syncml+xml", DOCUMENT, WBXML),
    ("", b" \n<SyncML/>", XML),
    ("", b"\xef\xbb\xbf<SyncML/>", XML),
    ("", b"\xff\xfe<\0S\0", XML),
    ("", b"\xfe\xff\0<\0S", XML),
    ("", DOCUMENT, WBXML),
    ("text/xml", b"<SyncML/>", XML),
    ("application/octet-stream", b"\x01\x9f\x53", WBXML),
    ("application/vnd.syncml+xml", b"", XML),                           # for the codec to refuse
    ("text/xml", b"hello", None),
    ("", b"", None),
    ("text/html", b"<html>", None),
    ("application/vnd.syncml.dm+wbxml", DOCUMENT, None),                # device management is another protocol
])
def test_media_type(content_type: str, body: bytes, kind: str) -> None:
    assert media_type(content_type, body) == kind


def test_pipe_hands_over_both_ways() -> None:
    seen = []

    def handle(packet: Packet, sender: str) -> "Packet | None":
        seen.append((packet.to, sender))
        return Packet(XML, packet.body[::-1]) if packet.body != b"bye" else None

    wire = []
    with Pipe(handle, "pipe://here", sender="me", tap=wire.append) as pipe:
        assert pipe.send(Packet(XML, b"abc")) == Packet(XML, b"cba")
        assert pipe.send(Packet(XML, b"bye", to="pipe://here/2")) is None
    assert seen == [("pipe://here", "me"), ("pipe://here/2", "me")]
    assert [packet.body for packet in wire] == [b"abc", b"cba", b"bye"]
