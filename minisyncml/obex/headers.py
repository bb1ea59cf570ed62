"""OBEX headers and the tag-length-value lists inside some of them (IrOBEX 1.2, section 2.1): parse and build.

The two top bits of an id say how its value is written: text, bytes, one byte, or four.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Optional, Tuple, Union

from minisyncml.errors import DecodeError, EncodeError, LimitError
from minisyncml.obex import codes

Value = Union[str, bytes, int]
Pair = Tuple[int, Value]

MAX_HEADERS = 64    #: in one packet; real ones have fewer than ten


class Headers:
    """The headers of a request or an answer, in the order they came. Of a repeated one the first counts.

    :ivar pairs: (id, value); text without its closing NUL
    """

    __slots__ = ("pairs",)

    def __init__(self, pairs: "Iterable[Pair]" = ()) -> None:
        self.pairs: "tuple[Pair, ...]" = tuple(pairs)

    def __iter__(self) -> "Iterator[Pair]":
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.pairs == other.pairs

    def __hash__(self) -> int:
        return hash(self.pairs)

    def __repr__(self) -> str:
        return f"Headers({list(self.pairs)!r})"

    def get(self, id: int) -> Optional[Value]:
        """The first value of a header.

        :param id: its number
        :returns: text, bytes or a number, as the id says; None when it is missing
        """
        return next((value for key, value in self.pairs if key == id), None)

    def text(self, id: int) -> Optional[str]:
        """A header of text, or of bytes that hold ASCII with a closing NUL.

        :param id: its number
        :returns: the text, None when it is missing
        """
        value = self.get(id)
        if isinstance(value, bytes):
            return value.rstrip(b"\0").decode("ascii", "replace")
        return value if isinstance(value, str) else None

    def data(self, id: int) -> bytes:
        """A header of bytes.

        :param id: its number
        :returns: the bytes, empty when it is missing
        """
        value = self.get(id)
        return value if isinstance(value, bytes) else b""

    def number(self, id: int) -> Optional[int]:
        """A header of one or four bytes.

        :param id: its number
        :returns: the number, None when it is missing
        """
        value = self.get(id)
        return value if isinstance(value, int) else None

    @property
    def name(self) -> str:
        """Name, empty when it is missing."""
        return self.text(codes.NAME) or ""

    @property
    def type(self) -> str:
        """Type without its NUL, empty when it is missing."""
        return self.text(codes.TYPE) or ""

    @property
    def application(self) -> "dict[int, bytes]":
        """Application Parameters by tag; none when they are missing or broken."""
        try:
            return dict(parse_tags(self.data(codes.APPLICATION)))
        except DecodeError:
            return {}

    def without(self, *ids: int) -> "Headers":
        """A copy that lacks some headers.

        :param ids: their numbers
        :returns: the copy
        """
        return Headers(pair for pair in self.pairs if pair[0] not in ids)


def parse(data: bytes, start: int = 0) -> Headers:
    """Take the header block of a packet apart.

    :param data: the packet
    :param start: where its headers begin
    :returns: the headers
    :raises DecodeError: when a header goes past the packet, or lies about its length
    :raises LimitError: when there are too many
    """
    return Headers((data[at], _value(data, at, size)) for at, size in spans(data, start, len(data)))


def spans(data: "bytes | bytearray", start: int, end: int, most: int = MAX_HEADERS) -> "Iterator[tuple[int, int]]":
    """Where the headers of a packet are; nothing is copied.

    :param data: holds the packet
    :param start: where its headers begin
    :param end: where the packet ends
    :param most: so many headers at most
    :returns: an iterator of (offset, length)
    :raises DecodeError: when a header goes past the packet, or lies about its length
    :raises LimitError: when there are too many
    """
    count = 0
    while start < end:
        count += 1
        if count > most:
            raise LimitError("too many headers in an OBEX packet", start)
        size = _size(data, start, end)
        if start + size > end:
            raise DecodeError(f"OBEX header 0x{data[start]:02X} goes past its packet", start)
        yield start, size
        start += size


def _size(data: "bytes | bytearray", start: int, end: int) -> int:
    kind = data[start] >> 6
    if kind >= 2:
        return 2 if kind == 2 else 5
    if start + 3 > end:
        return 3    # which is past the end
    size = data[start + 1] << 8 | data[start + 2]
    if size < 3:
        raise DecodeError(f"OBEX header 0x{data[start]:02X} is shorter than itself", start)
    if kind == 0 and size % 2 == 0:
        raise DecodeError(f"OBEX header 0x{data[start]:02X} has half a character", start)
    return size


def _value(data: bytes, start: int, size: int) -> Value:
    kind = data[start] >> 6
    if kind == 1:
        return data[start + 3:start + size]
    if kind >= 2:
        return int.from_bytes(data[start + 1:start + size], "big")
    text = data[start + 3:start + size].decode("utf-16-be", "replace")
    return text[:-1] if text.endswith("\0") else text


def encode(id: int, value: Value) -> bytes:
    """Write one header. Empty text is written without its NUL, as an empty Name has to be.

    :param id: its number; the two top bits must fit the value
    :param value: text, bytes or a number
    :returns: the header with its id and length
    :raises EncodeError: when the value does not fit the id, or is too long
    """
    kind = id >> 6
    if kind == 0 and isinstance(value, str):
        return _sized(id, (value + "\0").encode("utf-16-be", "replace") if value else b"")
    if kind == 1 and isinstance(value, bytes):
        return _sized(id, value)
    if kind >= 2 and isinstance(value, int) and 0 <= value < (1 << 8 if kind == 2 else 1 << 32):
        return bytes((id,)) + value.to_bytes(1 if kind == 2 else 4, "big")
    raise EncodeError(f"OBEX header 0x{id:02X} cannot hold {value!r:.40}")


def _sized(id: int, value: bytes) -> bytes:
    size = len(value) + 3
    if size > 0xFFFF:
        raise EncodeError(f"OBEX header 0x{id:02X} is too long: {size} bytes")
    return bytes((id, size >> 8, size & 0xFF)) + value


def type_value(media_type: str) -> bytes:
    """The value of a Type header.

    :param media_type: for example `text/x-vcard`
    :returns: ASCII with a closing NUL
    :raises EncodeError: when it is not ASCII
    """
    if not media_type.isascii():
        raise EncodeError(f"{media_type!r} is no media type")
    return media_type.encode() + b"\0"


def parse_tags(data: bytes) -> "list[tuple[int, bytes]]":
    """Application Parameters, Authenticate Challenge and Response: tag, length, value.

    :param data: the value of such a header
    :returns: (tag, value) in their order
    :raises DecodeError: when a value goes past the end
    """
    found, at = [], 0
    while at < len(data):
        end = at + 2 + (data[at + 1] if at + 1 < len(data) else 0)
        if at + 2 > len(data) or end > len(data):
            raise DecodeError("an OBEX parameter goes past its header", at)
        found.append((data[at], data[at + 2:end]))
        at = end
    return found


def build_tags(tags: "Iterable[tuple[int, bytes]]") -> bytes:
    """Write Application Parameters.

    :param tags: (tag, value) in their order
    :returns: the value of the header
    :raises EncodeError: when a value is longer than 255 bytes
    """
    out = bytearray()
    for tag, value in tags:
        if len(value) > 255:
            raise EncodeError(f"OBEX parameter {tag} is too long")
        out += bytes((tag, len(value))) + value
    return bytes(out)
