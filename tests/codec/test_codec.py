"""The room as its users see it: fragments, what is written how, light imports, the twin by request."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from codec.documents import MESSAGES
from hypothesis import given, settings

from minisyncml import codec
from minisyncml.codec import native, tokens, wbxml
from minisyncml.codec.node import Node
from minisyncml.errors import EncodeError, LocalProtocolError


@settings(max_examples=80, deadline=None)
@given(MESSAGES)
def test_tree_back(root: Node) -> None:
    again = codec.decode(codec.encode(root)).root
    assert without_empty(again) == without_empty(root)


def without_empty(node: Node) -> Node:
    """Text with NUL in it goes as opaque data, empty text not at all."""
    return Node(node.tag, [without_empty(c) if isinstance(c, Node) else c.encode() if isinstance(c, str) else c
                           for c in node.children if c != ""])


def test_fragments_make_a_document() -> None:
    meta, page = wbxml.fragment(Node("Meta", [Node("Type", ["t"])]), 0)
    assert (meta, page) == (bytes.fromhex("5a000153037400" "0101"), 1)
    final, page = wbxml.fragment(Node("Final"), page)
    assert (final, page) == (b"\x00\x00\x12", 0)
    whole = wbxml.header("1.1", "syncml") + b"\x6d\x6b" + meta + final + b"\x01\x01"
    assert codec.decode(whole).root == Node("SyncML", [Node("SyncBody", [
        Node("Meta", [Node("Type", ["t"])]), Node("Final")])])


@pytest.mark.parametrize("piece, data", [
    ("a", b"\x03a\0"), ("", b""), ("a\0", b"\xc3\x02a\0"), (b"", b"\xc3\0"), (b"a", b"\xc3\x01a"),
    ("\udcff", b"\x03\xff\0"), (b"x" * 128, b"\xc3\x81\x00" + b"x" * 128)])
def test_pieces(piece: "str | bytes", data: bytes) -> None:
    assert wbxml.text(piece) == data


@pytest.mark.parametrize("value, data", [(0, "00"), (127, "7f"), (128, "8100"), (0xFD1, "9f51"), (0xFD4, "9f54"),
                                         (0x1201, "a401"), (1015, "8777"), (0xFFFFFFFF, "8fffffff7f")])
def test_integers(value: int, data: str) -> None:
    assert wbxml.mb(value).hex() == data
    assert wbxml.integer(bytes.fromhex(data), 0) == (value, len(data) // 2)


def test_what_cannot_be_written() -> None:
    with pytest.raises(EncodeError, match="Foo"):
        wbxml.fragment(Node("Foo"))
    with pytest.raises(EncodeError, match="U\\+D800"):
        codec.encode(Node("SyncML", ["\ud800"]))
    with pytest.raises(LocalProtocolError):
        codec.encode(Node("SyncML"), "json")


def test_public_identifiers() -> None:
    for kind, version in tokens.PUBLIC_IDS:
        for fpi in (False, True):
            ctx = wbxml.context(wbxml.header(version, kind, fpi=fpi) + b"\x05")
            assert (ctx.kind, ctx.version) == (kind, version)
    for name, what in [("-//OMA//DTD SYNCML-DEVINF 1.1//EN", ("devinf", "1.1")), ("", ("", "")),
                       ("-//SYNCML//DTD MetaInf 1.2//EN", ("metinf", "1.2")), ("-//WAPFORUM//DTD SI 1.0//EN", ("", "")),
                       ("-//OMA//DTD SYNCML-METINF 1.1//EN", ("metinf", "1.1"))]:
        assert tokens.public_of(name) == what


def test_content_type_tells_device_information() -> None:
    data = bytes.fromhex("02016a004a51034d0001" "01")
    document = codec.decode(data, "application/vnd.syncml-devinf+wbxml")
    assert document.root == Node("DevInf", [Node("Man", ["M"])])
    assert document.kind == "devinf"


CHECK = """
import sys
from minisyncml import codec
from minisyncml.codec import native, text, wbxml
heavy = {"lxml", "xml", "ssl", "http", "re", "dataclasses", "enum", "json", "binascii"} & set(sys.modules)
print(codec.IMPLEMENTATION, sorted(heavy), codec.decode(bytes.fromhex("02a4016a006d12" "01")).root)
"""


@pytest.mark.parametrize("pure", ["1", "0"])
def test_implementation_and_imports(pure: str) -> None:
    out = subprocess.run([sys.executable, "-S", "-c", "import sys; sys.path = %r\n%s" % (sys.path, CHECK)], check=True,
                         env={**os.environ, "MINISYNCML_PURE": pure}, capture_output=True, text=True).stdout
    name = "Python" if pure == "1" or native.lib is None else "C"
    assert out.startswith(name + " ")
    assert "lxml" not in out and "ssl" not in out and "'xml'" not in out


OTHER = """
import sys, types
from minisyncml.codec import _wbxml
older = types.SimpleNamespace(**{name: getattr(_wbxml.lib, name) for name in dir(_wbxml.lib)})
CHANGE
for name in [name for name in sys.modules if name.startswith("minisyncml")]:
    del sys.modules[name]
sys.modules["minisyncml.codec._wbxml"] = types.SimpleNamespace(ffi=_wbxml.ffi, lib=older)
from minisyncml.cli.main import main
main(["--version"])
"""


@pytest.mark.skipif(native.lib is None, reason="no C codec")
@pytest.mark.parametrize("change, name", [("", "C"), ("del older.WBXML_CONTRACT", "Python"),
                                          ("older.WBXML_CONTRACT -= 1", "Python"),
                                          ("older.WBXML_CONTRACT += 1", "Python")])
def test_extension_of_another_contract(change: str, name: str) -> None:
    """One that was built from older or newer sources is not used, and `--version` says so."""
    script = "import sys; sys.path = %r\n%s" % (sys.path, OTHER.replace("CHANGE", change))
    out = subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "MINISYNCML_PURE": "0"},
                         capture_output=True, text=True).stdout
    assert out.endswith(f"codec: {name}\n")


def test_one_contract() -> None:
    """The number stands in two places."""
    words = (Path(__file__).parents[2] / "native" / "wbxml.cdef").read_text().split()
    assert words[words.index("WBXML_CONTRACT") + 1] == str(native.CONTRACT)
