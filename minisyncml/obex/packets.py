"""OBEX packets: find them in a stream of bytes, take them apart, build them, and cut an object into them.

A packet is opcode or code (1 byte), length (2 bytes, of the whole packet), for some requests fixed fields, headers.
What may follow what is not known here.
"""

from __future__ import annotations

from typing import FrozenSet, NamedTuple, Optional, Sequence

from minisyncml.errors import DecodeError, EncodeError, LimitError, RemoteProtocolError
from minisyncml.obex import codes, headers
from minisyncml.obex.headers import Headers

MAX_GARBAGE = 65_536    #: bytes in a row that are no OBEX before a line is given up
MAX_TRIES = 256         #: places in a broken packet where a good one is looked for
MAX_LIKELY = 16         #: headers of what is taken for a packet in noise
SAMPLE = 64             #: of these, kept to show

BODY_LAST = "body-last"      #: the last packet of an object carries the last of its bytes
EMPTY_LAST = "empty-last"    #: the last packet carries an empty End-of-Body


class Frame(NamedTuple):
    """One packet. `code` is the opcode or response code with its final bit, `fields` what stands before the headers."""

    code: int
    fields: bytes
    headers: Headers


def build(code: int, block: bytes = b"", fields: bytes = b"") -> bytes:
    """Write a packet.

    :param code: opcode or response code, with its final bit
    :param block: encoded headers
    :param fields: what stands before the headers
    :returns: the packet
    :raises EncodeError: when it is longer than any packet may be
    """
    size = 3 + len(fields) + len(block)
    if size > codes.MAX_PACKET:
        raise EncodeError(f"an OBEX packet cannot have {size} bytes")
    return bytes((code, size >> 8, size & 0xFF)) + fields + block


def connect_fields(packet: int) -> bytes:
    """The fixed fields of CONNECT and its answer.

    :param packet: the largest packet that we take, in bytes
    :returns: version, flags, size
    """
    return bytes((codes.VERSION, 0, packet >> 8, packet & 0xFF))


def packet_size(fields: bytes) -> int:
    """The largest packet that the peer takes, by the fixed fields of its CONNECT.

    :param fields: version, flags, size
    :returns: bytes, at least 255
    """
    return max(codes.MIN_PACKET, int.from_bytes(fields[2:4], "big"))


def request(data: bytes) -> Frame:
    """Take a request apart.

    :param data: a whole packet
    :returns: its parts
    :raises DecodeError: when it is malformed
    """
    return _frame(data, _fixed(data[0]))


def response(data: bytes, opcode: int) -> Frame:
    """Take an answer apart.

    :param data: a whole packet
    :param opcode: what it answers; only the answer to CONNECT has fixed fields, and refusals may lack them
    :returns: its parts
    :raises DecodeError: when it is malformed
    """
    if opcode != codes.CONNECT:
        return _frame(data, 3)
    bare = len(data) < 7 or data[3] >> 4 != codes.VERSION >> 4
    return _frame(data, 3 if bare and data[0] != codes.OK | codes.FINAL else 7)


def _fixed(opcode: int) -> int:
    """Where the headers of a request begin."""
    return 7 if opcode == codes.CONNECT else 5 if opcode == codes.SETPATH else 3


def _frame(data: bytes, start: int) -> Frame:
    if len(data) < start:
        raise DecodeError(f"OBEX packet 0x{data[0]:02X} is too short")
    return Frame(data[0], data[3:start], headers.parse(data, start))


class Framer:
    """Finds packets in what a line brings. What is none is skipped: noise, echoes, the words of a modem.

    A packet is recognised by its first byte, a length that can be, and headers that fit it; one with broken headers is
    given out only when no good one is inside, so that noise does not swallow a request.

    :param starts: the bytes that can begin a packet: :data:`codes.REQUESTS` or :data:`codes.RESPONSES`
    :param largest: longest packet accepted, in bytes
    :ivar skipped: bytes skipped since the last packet
    :ivar sample: the first of these
    """

    def __init__(self, starts: "FrozenSet[int]", largest: int) -> None:
        self._starts = starts
        self._largest = largest
        self._buffer = bytearray()
        self._synced = False    # the bytes before these were packets
        self.skipped = 0
        self.sample = b""

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes from the line.

        :param data: as they came
        :raises LimitError: when more is waiting than two packets
        """
        self._buffer += data
        if len(self._buffer) > 2 * codes.MAX_PACKET + len(data):
            raise LimitError("the peer sends more than was asked for")

    def next(self) -> Optional[bytes]:
        """The next packet; its headers may still be malformed.

        :returns: a whole packet, None when more bytes are needed
        :raises LimitError: when too much is no OBEX, or a packet is longer than allowed
        """
        buffer = self._buffer
        while len(buffer) >= 3:
            size = self._size(0)
            if not size:
                self._drop(self._start(1))
                continue
            if size > self._largest:
                raise LimitError(f"an OBEX packet of {size} bytes, {self._largest} were agreed")
            if len(buffer) < size:
                return None
            good = self._good(0, size)
            inner = size if good else self._inside(size)
            if inner < size or (self.skipped and not good):
                self._drop(inner)
                continue
            packet = bytes(buffer[:size])
            del buffer[:size]
            self._synced = self._synced or good
            return packet
        return None

    def resync(self) -> Optional[bytes]:
        """The line fell silent inside a packet: it was none, or its end is lost. Look for a whole one behind it.

        :returns: a packet, None when there is none; what was waiting is skipped then
        :raises LimitError: when too much is no OBEX
        """
        while self._buffer:
            self._drop(self._start(1))
            packet = self.next()
            if packet is not None:
                return packet
        return None

    def forget(self) -> "tuple[int, bytes]":
        """What was skipped since the last call.

        :returns: how many bytes, and the first of them
        """
        found = self.skipped, self.sample
        self.skipped, self.sample = 0, b""
        return found

    def _size(self, at: int) -> int:
        """The length of a packet that may begin here, 0 when none does."""
        buffer = self._buffer
        if buffer[at] not in self._starts:
            return 0
        size = buffer[at + 1] << 8 | buffer[at + 2]
        if buffer[at] == codes.CONNECT and len(buffer) > at + 3 and buffer[at + 3] >> 4 != codes.VERSION >> 4:
            return 0
        # a length that cannot be is an offence of a peer that we know, else noise
        return size if size >= _fixed(buffer[at]) and (size <= self._largest or (self._synced and not at)) else 0

    def _good(self, at: int, size: int) -> bool:
        """Whether the headers of a packet fit it. What an answer answers is not known: one to CONNECT has fixed fields.
        """
        code, end = self._buffer[at], at + size
        if code == codes.CONNECT or code == codes.SETPATH:
            return self._fits(at + _fixed(code), end)
        return self._fits(at + 3, end) or (size >= 7 and code not in codes.REQUESTS and self._fits(at + 7, end))

    def _fits(self, start: int, end: int) -> bool:
        try:
            for _ in headers.spans(self._buffer, start, end, MAX_LIKELY):
                pass
        except RemoteProtocolError:
            return False
        return True

    def _inside(self, size: int) -> int:
        """Where in a broken packet a good one begins, or in noise one that is not whole yet; else its size."""
        tries = 0
        for at in range(1, min(size, len(self._buffer) - 2)):
            inner = self._size(at)
            if inner and at + inner > len(self._buffer):
                if self.skipped:
                    return at
            elif inner:
                tries += 1
                if tries > MAX_TRIES or self._good(at, inner):
                    return at if tries <= MAX_TRIES or self.skipped else size
        return size

    def _start(self, at: int) -> int:
        """The next byte that could begin a packet."""
        buffer, starts = self._buffer, self._starts
        while at < len(buffer) and buffer[at] not in starts:
            at += 1
        return at

    def _drop(self, count: int) -> None:
        self.sample = (self.sample + bytes(self._buffer[:count]))[:SAMPLE]
        self.skipped += count
        self._synced = False
        del self._buffer[:count]
        if self.skipped > MAX_GARBAGE:
            raise LimitError("the line carries something else than OBEX")


class Outgoing:
    """An object on its way out, cut into packets. Headers come first and may need packets of their own.

    :param pairs: headers, encoded one by one
    :param body: the object, None when there is none (a GET, a delete)
    :param mode: :data:`BODY_LAST` or :data:`EMPTY_LAST`
    """

    def __init__(self, pairs: "Sequence[bytes]", body: Optional[bytes] = None, mode: str = BODY_LAST) -> None:
        self._pairs = list(pairs)
        self._body = None if body is None else memoryview(body)
        self._mode = mode
        self.sent = 0   #: bytes of the object cut off so far

    def block(self, room: int) -> "tuple[bytes, bool]":
        """The headers of the next packet.

        :param room: how many bytes they may have
        :returns: the bytes, and whether they are the last
        :raises EncodeError: when a header is longer than a packet
        """
        out = bytearray()
        while self._pairs and len(out) + len(self._pairs[0]) <= room:
            out += self._pairs.pop(0)
        if self._pairs and not out:
            raise EncodeError(f"an OBEX header of {len(self._pairs[0])} bytes does not fit into {room}")
        if self._pairs:
            return bytes(out), False
        if self._body is None:
            return bytes(out), True
        free = room - len(out) - 3
        left = len(self._body) - self.sent
        if free < 0 or (left and not free):
            return bytes(out), False
        part = bytes(self._body[self.sent:self.sent + free])
        self.sent += len(part)
        last = left == 0 if self._mode == EMPTY_LAST else left <= free
        return bytes(out) + headers.encode(codes.END_OF_BODY if last else codes.BODY, part), last


class Incoming:
    """An object on its way in, put together from packets: bounded headers, bounded body, no end without an end.

    :param largest: longest body accepted, in bytes
    """

    MAX_IDLE = 64           # packets in a row that bring no byte of the body
    MAX_PAIRS = 128

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._pairs: "list[headers.Pair]" = []
        self._body = bytearray()
        self._idle = 0
        self._ended = False
        self.has_body = False   #: whether any Body or End-of-Body came

    def take(self, block: Headers) -> None:
        """Add the headers of one packet.

        :param block: as parsed
        :raises DecodeError: when a body goes on behind its end
        :raises LimitError: when it is too large, or goes on for ever without growing
        """
        before = len(self._body)
        for id, value in block:
            if id in (codes.BODY, codes.END_OF_BODY) and isinstance(value, bytes):
                self._part(id, value)
            else:
                self._pairs.append((id, value))
        self._idle = 0 if len(self._body) > before else self._idle + 1
        if self._idle > self.MAX_IDLE or len(self._pairs) > self.MAX_PAIRS:
            raise LimitError("an OBEX operation goes on for ever")
        if (block.number(codes.LENGTH) or 0) > self._largest:
            raise LimitError(f"an OBEX object of {block.number(codes.LENGTH)} bytes, at most {self._largest} are taken")

    def _part(self, id: int, value: bytes) -> None:
        if self._ended:
            raise DecodeError("OBEX body after its end")
        if len(self._body) + len(value) > self._largest:
            raise LimitError(f"an OBEX object of more than {self._largest} bytes")
        self._body += value
        self.has_body = True
        self._ended = id == codes.END_OF_BODY

    @property
    def headers(self) -> Headers:
        """All headers so far, without the body."""
        return Headers(self._pairs)

    @property
    def body(self) -> bytes:
        """The body so far."""
        return bytes(self._body)

    def __len__(self) -> int:
        return len(self._body)
