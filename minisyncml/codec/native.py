"""The C codec: the only module that sees ffi and lib. Without it, or with one of another contract, everything runs on
:mod:`minisyncml.codec.pure`.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
import os
import struct
from typing import Any, Callable, Iterator, NamedTuple, Sequence

from minisyncml.errors import DecodeError, LimitError

CONTRACT = 4            #: WBXML_CONTRACT of native/wbxml.cdef that this module is written for

try:
    from minisyncml.codec._wbxml import ffi, lib
    if getattr(lib, "WBXML_CONTRACT", 0) != CONTRACT:   # built from other sources, before a pull for example
        ffi = lib = None
except ImportError:
    ffi = lib = None

PORTION = 256           #: records filled by one call, 16 KiB
_TEXTS = 128 * PORTION    #: bytes for their texts; a record whose texts find no room is only read the slower way

_new: Any = ffi.new_allocator(should_clear_after_alloc=False) if ffi else None
_RECORD = struct.Struct("=16i")
_STATE = struct.Struct("=7I")       # the beginning of a wbxml_state


class Chunk(NamedTuple):
    """Some records, and which of them are plain and alike (see native/wbxml.h)."""

    row: Callable[[int], tuple[int, ...]]       #: a record by its number
    ints: memoryview                            #: all integers of the records that are in runs, one after the other
    runs: Sequence[int]                         #: how many records are alike, 0 for one that is not plain
    texts: list[str]                            #: of all plain records, as many of each


def available() -> bool:
    """Whether the C module was built, from these sources, and is not forbidden by MINISYNCML_PURE=1.

    :returns: True when it can be used
    """
    return lib is not None and os.environ.get("MINISYNCML_PURE", "0") in ("", "0")


class _Room:
    """What C fills. Made once and used again: for a small document it would cost more to make than to fill."""

    __slots__ = ("state", "state_bytes", "array", "bytes", "ints", "runs", "run_ints", "texts", "text_bytes", "used")

    def __init__(self) -> None:
        self.state = ffi.new("wbxml_state *")
        self.state_bytes = ffi.buffer(self.state)
        self.array = _new("int32_t[]", lib.WBXML_INTS * PORTION)
        self.bytes = memoryview(ffi.buffer(self.array))
        self.ints = self.bytes.cast("i")
        self.runs = _new("int32_t[]", PORTION)
        self.run_ints = memoryview(ffi.buffer(self.runs)).cast("i")
        self.texts = _new("char[]", _TEXTS)
        self.text_bytes = memoryview(ffi.buffer(self.texts))
        self.used = ffi.new("size_t *")

    def row(self, number: int) -> "tuple[int, ...]":
        return _RECORD.unpack_from(self.bytes, number * _RECORD.size)

    def chunk(self, data: bytes, count: int, max_text: int) -> Chunk:
        groups = lib.wbxml_runs(data, self.array, count, max_text, self.runs, self.texts, _TEXTS, self.used)
        try:
            texts = str(self.text_bytes[:self.used[0]], "utf-8").split("\0")
        except UnicodeDecodeError:
            return Chunk(self.row, self.ints, (0,) * count, [])
        return Chunk(self.row, self.ints, self.run_ints[:groups].tolist(), texts)


_ROOMS: "list[_Room]" = []      # that nobody uses now; pop and append are atomic


def records(data: bytes, pos: int, table: int, max_depth: int, max_records: int,
            portion: int = PORTION) -> "Iterator[tuple[int, ...]]":
    """As :func:`minisyncml.codec.pure.records`.

    :param data: the document
    :param pos: where the content of its root begins
    :param table: length of its string table in bytes
    :param max_depth: elements may nest so deep
    :param max_records: at most so many records
    :param portion: records that one call fills
    :returns: an iterator of tuples of 16 integers
    :raises DecodeError: malformed
    :raises LimitError: too deep or too many
    """
    for chunk in chunks(data, pos, table, max_depth, max_records, 0, portion):
        yield from map(chunk.row, range(sum(count or 1 for count in chunk.runs)))


def chunks(data: bytes, pos: int, table: int, max_depth: int, max_records: int, max_text: int,
           portion: int = PORTION) -> "Iterator[Chunk]":
    """The same records in portions, with the texts of those that are plain. A portion is only good until the next.

    :param data: the document
    :param pos: where the content of its root begins
    :param table: length of its string table in bytes
    :param max_depth: elements may nest so deep
    :param max_records: at most so many records
    :param max_text: bytes; a record with a longer text is not plain
    :param portion: records that one call fills
    :returns: an iterator of chunks
    :raises DecodeError: malformed
    :raises LimitError: too deep or too many
    """
    try:
        room = _ROOMS.pop()
    except IndexError:
        room = _Room()
    try:
        _STATE.pack_into(room.state_bytes, 0, pos, 0, table, max_depth, 0, 1, 0)
        left = max_records
        while True:
            count = lib.wbxml_records(data, len(data), room.state, room.array, portion)
            if count <= 0:
                break
            left -= count
            if left < 0:
                raise LimitError("too many commands")
            yield room.chunk(data, count, max_text)
            if not room.state.depth:        # the root has ended: no call only to hear that
                return
        if count < 0:
            raise error(count, room.state.error, data)
    finally:
        _ROOMS.append(room)


def error(code: int, offset: int, data: bytes) -> DecodeError:
    """The exception for an error code of C, in the words of the twin.

    :param code: a negative result of C
    :param offset: where in the document
    :param data: the document
    :returns: what to raise
    """
    what: "dict[Any, str]" = {
        lib.WBXML_E_SHORT: "document is cut short",
        lib.WBXML_E_INTEGER: "integer is too long or too large",
        lib.WBXML_E_STRING: "string without end",
        lib.WBXML_E_OPAQUE: "opaque data longer than the document",
        lib.WBXML_E_TABLE: "reference beyond the string table",
        lib.WBXML_E_ENTITY: "entity is no character",
    }
    if code == lib.WBXML_E_DEPTH:
        return LimitError("elements nested too deep", offset)
    if code == lib.WBXML_E_TOKEN:
        return DecodeError(f"unexpected token 0x{data[offset]:02X}", offset)
    return DecodeError(what.get(code, "document is too long"), offset)


def to_xml(data: bytes, pos: int, devinf: int, space: bytes, max_depth: int) -> Any:
    """Indented XML of a document in UTF-8, without XML declaration.

    :param data: the document
    :param pos: where its root stands
    :param devinf: 0 for SyncML, 10, 11 or 12 for the version of a DevInf document
    :param space: the xmlns attribute of the root
    :param max_depth: elements may nest so deep
    :returns: the XML as a buffer, or None when the general decoder has to do it (an error included)
    """
    size, length = 0, 4 * len(data) + 1024     # more is needed where there is little text and much markup
    while length > size:
        size = length
        out = _new("char[]", size)
        length = lib.wbxml_to_xml(data, len(data), pos, devinf, space, max_depth, out, size)
    return ffi.buffer(out, length) if length >= 0 else None
