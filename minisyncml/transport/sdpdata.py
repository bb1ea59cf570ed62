"""SDP data elements: the typed values that Bluetooth service records are made of (Core, volume 3 part B, section 3).

Only values and their bytes; what records and requests mean stands in `sdp`.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple, Union

from minisyncml.errors import DecodeError, LimitError

NIL, UINT, INT, UUID, TEXT, BOOL, SEQ, ALT, URL = range(9)
DEPTH = 12          # nesting; real records have 5
ELEMENTS = 4096     # in one answer
BASE = bytes.fromhex("00001000800000805f9b34fb")   # what follows the first four bytes of a short UUID

Value = Union[None, int, bytes, Tuple["Element", ...]]


class Element(NamedTuple):
    """One value.

    `kind` is one of the constants above. `value` is None (NIL), a number (UINT, INT, BOOL), 16 bytes (UUID), bytes
    (TEXT, URL) or a tuple of elements (SEQ, ALT). `size` is how many bytes a number or UUID takes on the wire.
    """

    kind: int
    value: Value = None
    size: int = 0

    def items(self) -> "tuple[Element, ...]":
        """The members of a sequence.

        :returns: elements; none for all other kinds
        """
        return self.value if isinstance(self.value, tuple) else ()

    def number(self) -> int:
        """The number.

        :returns: its value; -1 for all other kinds
        """
        return self.value if isinstance(self.value, int) and self.kind in (UINT, INT, BOOL) else -1


def uint(value: int, size: int) -> Element:
    """An unsigned number.

    :param value: the number
    :param size: bytes on the wire: 1, 2, 4, 8 or 16
    :returns: the element
    """
    return Element(UINT, value, size)


def short(number: int) -> bytes:
    """The 16 bytes of a short UUID (section 2.5.1).

    :param number: its 16 or 32 bits
    :returns: the whole UUID
    """
    return number.to_bytes(4, "big") + BASE


def uuid(value: bytes) -> Element:
    """A UUID, as short as it goes.

    :param value: 16 bytes
    :returns: the element
    """
    return Element(UUID, value, 2 if value[4:] == BASE and value[:2] == b"\0\0" else 16)


def text(value: str) -> Element:
    """A text.

    :param value: the text
    :returns: the element
    """
    return Element(TEXT, value.encode("utf-8"))


def seq(*items: Element) -> Element:
    """A sequence.

    :param items: its members
    :returns: the element
    """
    return Element(SEQ, items)


def build(element: Element) -> bytes:
    """The bytes of an element.

    :param element: the element
    :returns: its bytes, with header
    """
    kind, value, size = element
    if kind == NIL:
        return b"\0"
    if isinstance(value, int):
        index = (1, 2, 4, 8, 16).index(1 if kind == BOOL else size)
        return bytes([kind << 3 | index]) + value.to_bytes(1 << index, "big", signed=kind == INT)
    if isinstance(value, tuple):
        value = b"".join(build(item) for item in value)
    data = value or b""
    if kind == UUID:
        return bytes([kind << 3 | {2: 1, 4: 2, 16: 4}[size]]) + (data if size == 16 else data[4 - size:4])
    width = 1 if len(data) < 1 << 8 else 2 if len(data) < 1 << 16 else 4
    return bytes([kind << 3 | {1: 5, 2: 6, 4: 7}[width]]) + len(data).to_bytes(width, "big") + data


def parse(data: bytes) -> Element:
    """Read one element that fills the bytes.

    :param data: the bytes
    :returns: the element
    :raises DecodeError: when they are something else; LimitError when it is too deep or has too many parts
    """
    element, end = parse_at(data, 0)
    if end != len(data):
        raise DecodeError("SDP: bytes after the last element", end)
    return element


def parse_at(data: bytes, at: int) -> "tuple[Element, int]":
    """Read one element.

    :param data: the bytes
    :param at: where it begins
    :returns: the element, and where the next one begins
    :raises DecodeError: when there is none; LimitError when it is too deep or has too many parts
    """
    return _parse(data, at, len(data), DEPTH, [ELEMENTS])


def _parse(data: bytes, at: int, end: int, depth: int, left: "list[int]") -> "tuple[Element, int]":
    left[0] -= 1
    if depth < 0 or left[0] < 0:
        raise LimitError("SDP: too many elements, or too deep", at)
    if at >= end:
        raise DecodeError("SDP: an element is missing", at)
    kind, index = data[at] >> 3, data[at] & 7
    start, size = _extent(data, at, end)
    stop = start + size
    if stop > end:
        raise DecodeError("SDP: an element is longer than what holds it", at)
    body = data[start:stop]
    if kind == NIL and index == 0:
        return Element(NIL), at + 1
    if kind in (UINT, INT) and index < 5 or kind == BOOL and index == 0:
        return Element(kind, int.from_bytes(body, "big", signed=kind == INT), size), stop
    if kind == UUID and size in (2, 4, 16) and index < 5:
        return Element(UUID, body if size == 16 else body.rjust(4, b"\0") + BASE, size), stop
    if kind in (TEXT, URL) and index > 4:
        return Element(kind, body), stop
    if kind in (SEQ, ALT) and index > 4:
        items = []
        while start < stop:
            item, start = _parse(data, start, stop, depth - 1, left)
            items.append(item)
        return Element(kind, tuple(items)), stop
    raise DecodeError("SDP: no such type of element", at)


def _extent(data: bytes, at: int, end: int) -> "tuple[int, int]":
    """Where the bytes of the element at `at` begin, and how many they are."""
    index = data[at] & 7
    if index < 5:
        return at + 1, 0 if data[at] == 0 else 1 << index
    width = 1 << index - 5
    if at + 1 + width > end:
        raise DecodeError("SDP: the length of an element is cut short", at)
    return at + 1 + width, int.from_bytes(data[at + 1:at + 1 + width], "big")
