"""The C codec: the only module that sees ffi and lib. Without it everything runs on :mod:`minisyncml.codec.pure`."""

from __future__ import annotations

import os
import struct
from typing import Any, Iterator

from minisyncml.errors import DecodeError, LimitError

try:
    from minisyncml.codec._wbxml import ffi, lib
except ImportError:
    ffi = lib = None

CHUNK = 256     #: records filled by one call, 16 KiB

_new: Any = ffi.new_allocator(should_clear_after_alloc=False) if ffi else None
_RECORD = struct.Struct("=16i")


def available() -> bool:
    """Whether the C module was built and is not forbidden by MINISYNCML_PURE=1.

    :returns: True when it can be used
    """
    return lib is not None and os.environ.get("MINISYNCML_PURE", "0") in ("", "0")


def records(data: bytes, pos: int, table: int, max_depth: int, max_records: int,
            chunk: int = CHUNK) -> "Iterator[tuple[int, ...]]":
    """As :func:`minisyncml.codec.pure.records`.

    :param data: the document
    :param pos: where the content of its root begins
    :param table: length of its string table in bytes
    :param max_depth: elements may nest so deep
    :param max_records: at most so many records
    :param chunk: records that one call fills
    :returns: an iterator of tuples of 16 integers
    :raises DecodeError: malformed
    :raises LimitError: too deep or too many
    """
    state = ffi.new("wbxml_state *", {"pos": pos, "table": table, "max_depth": max_depth, "depth": 1})
    document = ffi.from_buffer("uint8_t[]", data)
    array = _new("int32_t[]", lib.WBXML_INTS * chunk)
    whole = ffi.buffer(array)
    left = max_records
    while True:
        count = lib.wbxml_records(document, len(data), state, array, chunk)
        if count <= 0:
            break
        left -= count
        if left < 0:
            raise LimitError("too many commands")
        yield from _RECORD.iter_unpack(whole[:count * _RECORD.size])
    if count < 0:
        raise error(count, state.error, data)


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


def to_xml(data: bytes, pos: int, devinf: int, space: str, max_depth: int) -> "bytes | None":
    """Indented XML of a document in UTF-8, without XML declaration.

    :param data: the document
    :param pos: where its root stands
    :param devinf: 0 for SyncML, 10, 11 or 12 for the version of a DevInf document
    :param space: the xmlns attribute of the root
    :param max_depth: elements may nest so deep
    :returns: the XML, or None when the general decoder has to do it (an error included)
    """
    used = ffi.new("size_t *", 2 * len(data) + 1024)
    code = lib.WBXML_E_SPACE
    while code == lib.WBXML_E_SPACE:
        size = used[0]
        out = _new("char[]", size)
        code = lib.wbxml_to_xml(data, len(data), pos, devinf, space.encode(), max_depth, out, size, used)
    return bytes(ffi.buffer(out, used[0])) if code == 0 else None
