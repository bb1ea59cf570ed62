"""What is no document: the error and where it is, from the tree and from the records of both implementations."""

from __future__ import annotations

from typing import Callable, Iterator

import pytest

from minisyncml import codec
from minisyncml.codec import kinds, native, pure, wbxml
from minisyncml.errors import DecodeError, LimitError
from minisyncml.limits import DEFAULT

HEAD = "02a4016a00"

MALFORMED = [
    # hex, words of the error, offset; None where only the head is looked at
    ("", "neither WBXML nor XML", 0),
    ("04", "neither WBXML nor XML", 0),
    ("hello".encode().hex(), "neither WBXML nor XML", 0),
    ("02", "document is cut short", 1),
    ("02a4", "document is cut short", 2),
    ("02ffffffffff016a00", "integer is too long", 1),
    ("029fffffff7f6a00", "integer is too large", 1),
    ("02a4016a056d", "string table is longer", 5),
    ("02a40187ff7f00", "unknown character set", 7),
    (HEAD, "document is cut short", 5),
    (HEAD + "03", "where an element should be", 5),
    (HEAD + "01", "where an element should be", 5),
    (HEAD + "6d", "document is cut short", 6),
    (HEAD + "6d6b", "document is cut short", 7),
    (HEAD + "6d6b00", "document is cut short", 8),
    (HEAD + "6d6b464b0331", "string without end", 9),
    (HEAD + "6d6b464fc305616263", "opaque data longer", 9),
    (HEAD + "6d6b464fc38fffffff7f61", "opaque data longer", 9),
    (HEAD + "6d6b464fc3ffffffff7f61", "too large", 10),
    (HEAD + "6d6b464fc38080808080", "too long", 10),
    (HEAD + "6d6b464f8305010101", "beyond the string table", 9),
    (HEAD + "6d6b44050101", "beyond the string table", 7),
    (HEAD + "6d6b464f0283b000010101", "no character", 9),          # U+D800
    (HEAD + "6d6b464f02c480000101", "no character", 9),            # U+110000
    (HEAD + "6d6b464f400101", "token 0x40", 9),                    # EXT_I_0
    (HEAD + "6d6b464fc00101", "token 0xC0", 9),                    # EXT_0
    (HEAD + "6d6b4682", "token 0x82", 8),
    (HEAD + "6d6bc605", "document is cut short", 9),               # attributes without end
    (HEAD + "6d6b43", "document is cut short", 8),                 # instruction without end
]


def make(name: str) -> "Callable[[wbxml.Context], Iterator[tuple[int, ...]]]":
    records = native.records if name == "C" else pure.records

    def run(ctx: wbxml.Context) -> "Iterator[tuple[int, ...]]":
        return records(ctx.data, wbxml._root(ctx), len(ctx.table), DEFAULT.max_depth, DEFAULT.max_commands)

    return run


@pytest.mark.parametrize("data, words, offset", MALFORMED)
def test_tree(data: str, words: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        codec.decode(bytes.fromhex(data))
    assert words in str(caught.value)
    assert caught.value.offset == offset


@pytest.mark.parametrize("implementation", ["C", "Python"])
@pytest.mark.parametrize("data, words, offset", [case for case in MALFORMED if case[0].startswith(HEAD + "6d")])
def test_records(implementation: str, data: str, words: str, offset: int) -> None:
    if implementation == "C" and native.lib is None:
        pytest.skip("no C codec")
    with pytest.raises(DecodeError) as caught:
        list(make(implementation)(wbxml.context(bytes.fromhex(data))))
    assert words in str(caught.value) or "too long or too large" in str(caught.value)
    assert caught.value.offset == offset


def nested(depth: int) -> bytes:
    return bytes.fromhex(HEAD) + b"\x6d" + b"\x6b" + b"\x54" * (depth - 2) + b"\x01" * depth


@pytest.mark.parametrize("implementation", ["C", "Python"])
def test_depth(implementation: str) -> None:
    if implementation == "C" and native.lib is None:
        pytest.skip("no C codec")
    limit = DEFAULT.max_depth
    codec.decode(nested(limit))
    assert [record[0] for record in make(implementation)(wbxml.context(nested(limit)))] == [kinds.GENERIC]
    for run in (codec.decode, lambda data: list(make(implementation)(wbxml.context(data)))):
        with pytest.raises(LimitError):
            run(nested(limit + 1))
    with pytest.raises(LimitError):
        codec.decode(nested(1_000_000))


def test_size() -> None:
    with pytest.raises(LimitError):
        codec.decode(nested(10) + b" " * DEFAULT.max_message)
    with pytest.raises(LimitError):
        codec.decode(b"<SyncML>" + b" " * DEFAULT.max_message + b"</SyncML>")


@pytest.mark.parametrize("implementation", ["C", "Python"])
def test_too_many_commands(implementation: str) -> None:
    if implementation == "C" and native.lib is None:
        pytest.skip("no C codec")
    records = native.records if implementation == "C" else pure.records
    data = bytes.fromhex(HEAD) + b"\x6d\x6b" + b"\x12" * 5000 + b"\x01\x01"
    ctx = wbxml.context(data)
    assert len(list(records(data, wbxml._root(ctx), 0, 64, 5000))) == 5000
    with pytest.raises(LimitError):
        list(records(data, wbxml._root(ctx), 0, 64, 4999))
