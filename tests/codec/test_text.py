"""Readable XML and back: every tree that a document can be survives it, in C as in Python."""

from __future__ import annotations

import pytest
from codec.documents import MESSAGES, damaged_documents, plain, wild_documents
from hypothesis import given, settings

from minisyncml import codec
from minisyncml.codec import native, text, wbxml
from minisyncml.codec.node import Node
from minisyncml.errors import DecodeError, EncodeError, Error, LimitError
from minisyncml.limits import DEFAULT


@settings(max_examples=80, deadline=None)
@given(MESSAGES)
def test_there_and_back(root: Node) -> None:
    data = wbxml.encode(root)
    assert plain(wbxml.document(wbxml.context(text.xml_to_wbxml(text.wbxml_to_xml(data).encode())))) == plain(root)


@settings(max_examples=50, deadline=None)
@given(wild_documents())
def test_wild(document: "tuple[bytes, Node]") -> None:
    data, root = document
    back = text.xml_to_wbxml(text.wbxml_to_xml(data).encode())
    assert plain(wbxml.document(wbxml.context(back))) == plain(root)


@pytest.mark.skipif(native.lib is None, reason="no C codec")
@settings(max_examples=120, deadline=None)
@given(damaged_documents())
def test_equal_in_c(data: bytes) -> None:
    try:
        ctx = wbxml.context(data)
    except DecodeError:
        return
    fast = text._native(ctx, DEFAULT)
    if fast is not None:
        assert bytes(fast).decode() == text._Indented(DEFAULT).document(ctx)


def test_device_information_of_another_version() -> None:
    inner = Node("DevInf", [Node("VerDTD", ["1.1"]), Node("DataStore", [Node("DSMem", [Node("Size", ["9"])])])])
    outer = Node("SyncML", [Node("SyncBody", [Node("Put", [Node("Item", [Node("Data", [inner])])])])])
    data = codec.encode(outer, "wbxml", "1.1")
    shown = text.wbxml_to_xml(data)
    assert '<DevInf xmlns="syncml:devinf">' in shown and "<Size>9</Size>" in shown
    assert text.xml_to_wbxml(shown.encode()) == data
    nested = codec.decode(data).root.find("SyncBody")
    assert nested is not None


@pytest.mark.parametrize("bad", [b"", b"<a>", b"<a></b>", b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
                                 b"<SyncML><Data><?wbxml base64 A?></Data></SyncML>"])
def test_refused(bad: bytes) -> None:
    with pytest.raises(DecodeError):
        text.xml_to_wbxml(bad)


def test_limits() -> None:
    with pytest.raises(LimitError):
        text.xml_to_wbxml(b"<SyncML>" * 65 + b"</SyncML>" * 65)
    with pytest.raises(LimitError):
        text.xml_to_wbxml(b"<SyncML/>" + b" " * DEFAULT.max_message)
    with pytest.raises(LimitError):
        text.wbxml_to_xml(b"\x02\xa4\x01\x6a\x00" + b"\x6d" * 65 + b"\x01" * 65)


def test_name_that_xml_cannot_hold() -> None:
    with pytest.raises(EncodeError):
        text.wbxml_to_xml(b"\x02\xa4\x01\x6a\x03a b\x04\x00")


@settings(max_examples=80, deadline=None)
@given(damaged_documents())
def test_typed_errors_only(data: bytes) -> None:
    for run in (codec.decode, text.wbxml_to_xml, text.xml_to_wbxml):
        try:
            run(data)
        except Error:
            pass


def _leaves(texts: "list[str | bytes]", depth: int) -> Node:
    node = Node("SyncBody", [Node("Cmd", [text]) for text in texts] + [Node("Type", [text]) for text in texts])
    for _ in range(depth):
        node = Node("Sync", [Node("CmdID", ["1"]), node, Node("Meta", [Node("Type", ["a"]), Node("Mark", ["b"])])])
    return Node("SyncML", [node])


@pytest.mark.skipif(native.lib is None, reason="no C codec")
@pytest.mark.parametrize("depth", [0, 1, 27, 28, 29, 30, 31, 32, 40])
def test_plain_leaves_in_c(depth: int) -> None:
    """Texts with and without what XML has another word for, at each length and depth where C goes another way."""
    lengths = [*range(1, 70), 255, 256, 257, 4095, 4096, 4097]
    texts: "list[str | bytes]" = ["x" * length for length in lengths]
    texts += ["", " ", "a ", " a", "a b", "a\nb", "a&b", "<", ">", "]]>", "~\x7f", "ä", "a\x80", "\ud7ff", "\U0010ffff"]
    texts += ["application/vnd.syncml-devinf+wbxml", "application/vnd.syncml-devinf+xml", b"a\r\nb\r\n", b"a\rb\n",
              b"x" * 70 + b"\r\n" + b"y" * 64 + b"\r\n", b"\r\n" * 70, b"x" * 4096 + b"]]>", b"x" * 5000 + b"&\r\n"]
    data = wbxml.encode(_leaves(texts, depth))
    for cut in range(40):       # the last leaf ever nearer to the end
        ctx = wbxml.context(data[:len(data) - cut])
        fast = text._native(ctx, DEFAULT)
        if cut:
            assert fast is None
        else:
            assert fast is not None and bytes(fast).decode() == text._Indented(DEFAULT).document(ctx)


@pytest.mark.skipif(native.lib is None, reason="no C codec")
@pytest.mark.parametrize("bad", [b"\x01", b"\x7f\x1f", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbf\xbe", b"\xc0\x80"])
@pytest.mark.parametrize("before", [0, 1, 255, 256, 4095, 4096, 5000])
def test_what_xml_cannot_hold_is_left_to_python(bad: bytes, before: int) -> None:
    for data in (bad, bad + b"x" * 300):
        ctx = wbxml.context(wbxml.encode(Node("SyncML", [Node("Data", [b"x" * before + data])])))
        assert text._native(ctx, DEFAULT) is None
        assert "<?wbxml base64 " in text.wbxml_to_xml(ctx.data)
