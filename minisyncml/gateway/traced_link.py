"""A line that tells a trace what runs on it: OBEX packet by packet, AT line by line. Nothing is changed on the way.

Bodies of OBEX objects and answers to OBEX passwords are overwritten with zeros in the trace, byte for byte: messages
stand there anyway, without their secrets, and the digest of a password is one.
"""

from __future__ import annotations

from typing import Callable, Iterator, Optional, Protocol

from minisyncml.errors import RemoteProtocolError
from minisyncml.obex import codes, headers
from minisyncml.obex.headers import Headers
from minisyncml.transport.link import Link

STARTS = codes.REQUESTS | codes.RESPONSES
TEXT = 200          #: a line of AT is not longer; what is, could be anything
_HIDDEN = frozenset((codes.BODY, codes.END_OF_BODY, codes.RESPONSE))
_WORDS = {codes.CONNECT: "CONNECT", codes.DISCONNECT: "DISCONNECT", codes.PUT: "PUT...", codes.PUT_FINAL: "PUT",
          codes.GET: "GET...", codes.GET_FINAL: "GET", codes.SETPATH: "SETPATH", codes.SESSION: "SESSION",
          codes.ACTION: "ACTION...", codes.ACTION_FINAL: "ACTION", codes.ABORT: "ABORT"}


class Listener(Protocol):
    """Who is told; see :class:`minisyncml.gateway.recorder.Recorder`."""

    def packet(self, link: str, way: str, data: bytes) -> None:
        """Take a packet, or text."""


class TracedLink(Link):
    """A line that is written down.

    :param link: does the work
    :param recorder: of the trace
    """

    def __init__(self, link: Link, recorder: Listener) -> None:
        self._link = link
        self.name, self.packet = link.name, link.packet
        self._out = _Cutter(lambda data: recorder.packet(link.name, "out", data))
        self._in = _Cutter(lambda data: recorder.packet(link.name, "in", data))

    def read(self, timeout: float) -> bytes:
        """See :meth:`Link.read`."""
        data = self._link.read(timeout)
        self._in.feed(data)
        return data

    def write(self, data: bytes, timeout: float) -> None:
        """See :meth:`Link.write`."""
        self._out.feed(data)
        self._link.write(data, timeout)

    def send_break(self) -> None:
        """See :meth:`Link.send_break`."""
        self._link.send_break()

    def close(self) -> None:
        """See :meth:`Link.close`."""
        for cutter in (self._in, self._out):
            cutter.end()
        self._link.close()


class _Cutter:
    """Cuts one direction into packets and text."""

    def __init__(self, tell: "Callable[[bytes], None]") -> None:
        self._tell = tell
        self._held = bytearray()

    def feed(self, data: bytes) -> None:
        """Take bytes; whole packets and all text are told at once."""
        held = self._held
        held += data
        while held:
            size = _size(held)
            if size > len(held):
                return
            part = bytes(held[:size])
            del held[:size]
            self._tell(hidden(part) if part[0] in STARTS and size >= 3 else text(part))

    def end(self) -> None:
        """The line closes inside a packet."""
        if self._held:
            self._tell(bytes(self._held[:3]) + bytes(max(0, len(self._held) - 3)))
            self._held.clear()


def _size(held: bytearray) -> int:
    """Bytes of the packet, or of the text, that begins here."""
    if held[0] in STARTS:
        if len(held) < 3:
            return 3
        size = held[1] << 8 | held[2]
        return size if size >= 3 else 1
    at = 1
    while at < len(held) and held[at] not in STARTS:
        at += 1
    return at


def _start(packet: bytes) -> int:
    """Where the headers of a packet begin: the answer to CONNECT has a version where none has a header."""
    if packet[0] == codes.CONNECT or (packet[0] not in codes.REQUESTS and packet[3:4] == bytes((codes.VERSION,))):
        return 7
    return 5 if packet[0] == codes.SETPATH else 3


def hidden(packet: bytes) -> bytes:
    """A packet as it may be written.

    :param packet: a whole OBEX packet
    :returns: as many bytes
    """
    out = bytearray(packet)
    at = _start(packet)
    while at < len(packet):
        kind = packet[at] >> 6
        size = (packet[at + 1] << 8 | packet[at + 2]) if kind < 2 and at + 2 < len(packet) else (0, 0, 2, 5)[kind]
        if size < 2 or at + size > len(packet):
            out[at:] = bytes(len(packet) - at)
            break
        if packet[at] in _HIDDEN:
            out[at + 3:at + size] = bytes(size - 3)
        at += size
    return bytes(out)


def text(data: bytes) -> bytes:
    """Bytes that are no OBEX, as they may be written: what is no short line could be anything.

    :param data: the bytes
    :returns: as many bytes
    """
    import re
    rows = [row if len(row) <= TEXT else bytes(len(row)) for row in data.splitlines(keepends=True)]
    return re.sub(rb'(?i)((?:CPIN|CPWD|CLCK)=?[^\r\n]{0,8}?")([^"\r\n]*)',
                  lambda found: found.group(1) + b"*" * len(found.group(2)), b"".join(rows))


def describe(data: bytes) -> str:
    """What went over a line, in a few words.

    :param data: a packet or text, from a trace
    :returns: one line
    """
    if len(data) >= 3 and data[0] in STARTS and (data[1] << 8 | data[2]) == len(data):
        word = _WORDS.get(data[0]) or codes.words(data[0]).partition(":")[0]
        try:
            found = headers.parse(data, _start(data))
        except RemoteProtocolError as error:
            return f"OBEX {word}: {error}"
        return " ".join(["OBEX", word, *_told(found)])
    if all(byte in b"\r\n\t" or 32 <= byte < 127 for byte in data):
        return " ".join(data.decode("ascii").split())
    return f"{len(data)} bytes, no OBEX: {data[:16].hex(' ')}"


def _told(found: Headers) -> "Iterator[str]":
    target = found.data(codes.TARGET) or found.data(codes.WHO)
    words: "list[tuple[str, Optional[str]]]" = [
        ("", target.decode("ascii", "replace") if target else None), ("name ", found.name or None),
        ("", found.type or None)]
    yield from (word + value for word, value in words if value)
    if found.get(codes.LENGTH) is not None:
        yield f"length {found.number(codes.LENGTH)}"
    body = sum(len(value) for id, value in found if id in (codes.BODY, codes.END_OF_BODY) and isinstance(value, bytes))
    if found.get(codes.BODY) is not None or found.get(codes.END_OF_BODY) is not None:
        yield f"body of {body} bytes{'' if found.get(codes.END_OF_BODY) is None else ', the end'}"
    for id, word in ((codes.CHALLENGE, "asks for a password"), (codes.RESPONSE, "with a password")):
        if found.get(id) is not None:
            yield word
