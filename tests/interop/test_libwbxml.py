"""Our codec beside libwbxml 0.11 (apt libwbxml2-utils): its bytes shown as its XML, its XML encoded to its bytes.

Documents: those in the `corpus` folder beside the repository when it is there, and generated ones. EXCEPTIONS names
each deviation on purpose, with the reason; every one is checked to be real.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Optional

import pytest
from codec.documents import HEAD, ITEMS, LEAF, META, element, leaf, maybe, one, place
from helpers import SHARED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from minisyncml.codec import text, tokens, wbxml, xml
from minisyncml.codec.node import Node

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(not (shutil.which("xml2wbxml") and shutil.which("wbxml2xml")), reason="libwbxml not installed")]

VERSIONS = {"1.1": 1, "1.2": 2, "1.3": 3}
CORPUS = sorted([*(SHARED / "corpus" / "wbxml").glob("*.xml"), *(SHARED / "corpus" / "sessions").glob("*/*.xml")])

ROOT = '<SyncML xmlns="SYNCML:SYNCML1.1"><SyncBody>%s</SyncBody></SyncML>'
ITEM = ROOT % "<Add><Item><Data>%s</Data></Item></Add>"

#: why: (XML, what libwbxml does with it: hex found in it, or None for an error; what we do)
EXCEPTIONS = {
    "a CR written as a reference in item data gets a second CR":
        (ITEM % "a&#13;\nb", "c305610d0d0a62", "c304610d0a62"),
    "white space around an element in item data becomes opaque data, and the element loses its order":
        (ITEM % "\n<Cmd>3</Cmd>\n", "4a01c3050d0a330d0a", "4f4a0333000101"),
    "white space around a DevInf in an Add becomes opaque data behind it":
        (ITEM % '\n<DevInf xmlns="syncml:devinf"><VerDTD>1.1</VerDTD></DevInf>\n', "0101c3040d0a0d0a",
         "4fc30e029f546a004a6503312e3100010101"),
    "text before a CDATA section in item data is an internal error":
        (ITEM % "a<![CDATA[b]]>", None, "4fc30161c3016201"),
    "an unknown element cannot be written without string table":
        (ROOT % "<Foo>1</Foo>", None, "04466f6f006d6b44000331000101"),
    "a DevInf without its namespace inside a message is taken for an unknown element":
        (ROOT % "<Put><Item><Data><DevInf><VerDTD>1.1</VerDTD></DevInf></Data></Item></Put>", None,
         "4fc30e029f546a004a6503312e3100010101"),
}


def theirs(document: str, version: str = "1.2") -> "Optional[bytes]":
    """What xml2wbxml makes of it, None for an error."""
    ran = subprocess.run(["xml2wbxml", "-n", "-v", version, "-o", "-", "-"], input=document.encode(),
                         capture_output=True)
    return ran.stdout if b"succeeded" in ran.stderr else None


def their_xml(data: bytes) -> bytes:
    ran = subprocess.run(["wbxml2xml", "-k", "-m", "0", "-o", "-", "-"], input=data, capture_output=True, check=True)
    assert b"succeeded" in ran.stderr
    return ran.stdout


def canonical(document: bytes) -> bytes:
    """Canonical XML without instructions, comments and white space between elements."""
    root = etree.fromstring(document, etree.XMLParser(remove_pis=True, remove_comments=True, resolve_entities=False))
    for node in root.iter():
        if len(node) and not (node.text or "").strip():
            node.text = None
        if not (node.tail or "").strip():
            node.tail = None
    return etree.tostring(root, method="c14n2")


@pytest.mark.skipif(not CORPUS, reason="no corpus here")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_corpus(path: Path, version: str) -> None:
    source = path.read_bytes()
    data = theirs(source.decode(), version)
    assert data is not None
    assert text.xml_to_wbxml(source, VERSIONS[version]) == data
    shown = text.wbxml_to_xml(data).encode()
    assert canonical(shown) == canonical(their_xml(data))
    assert text.wbxml_to_xml(text.xml_to_wbxml(shown, VERSIONS[version])).encode() == shown


@pytest.mark.parametrize("why", EXCEPTIONS)
def test_exceptions(why: str) -> None:
    document, body, ours = EXCEPTIONS[why]
    data = theirs(document)
    assert data is None if body is None else data is not None and body in data.hex()
    assert ours in text.xml_to_wbxml(document.encode()).hex()


def test_header_of_wbxml_1_0() -> None:
    """libwbxml writes a character set into WBXML 1.0, which has no field for it."""
    document = ROOT % "<Final/>"
    data = theirs(document, "1.0")
    assert data is not None and data.hex() == "009f516a00".replace("51", "53") + "6d6b120101"
    assert text.xml_to_wbxml(document.encode(), 0).hex() == "009f53006d6b120101"


# -- generated --------------------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, blacklist_categories=("Cc",)), max_size=10)
CDATA = st.builds(str.encode, TEXT)


def simple(strategy: "st.SearchStrategy[Node]") -> "st.SearchStrategy[Node]":
    """Leaves with one piece of text, as messages have them."""
    return strategy.map(_simple)


def _simple(node: Node) -> Node:
    parts = [_simple(child) for child in node.elements()]
    if parts:
        return Node(node.tag, list(parts))
    return Node(node.tag, [clean(child) for child in node.children[:1] if not isinstance(child, Node)])


def clean(piece: "str | bytes") -> "str | bytes":
    """Only characters that XML can hold and that no line end rule touches."""
    value = piece.decode("latin-1") if isinstance(piece, bytes) else piece
    value = "".join(c for c in value if c.isprintable() or c == "\n")
    return value.encode() if isinstance(piece, bytes) else value


HEADER = element("SyncHdr", one(leaf("VerDTD")), maybe(place("Target")), maybe(META))
MESSAGES = simple(element("SyncML", one(HEADER), one(
    element("SyncBody", st.lists(st.one_of(
        element(st.sampled_from(["Add", "Replace", "Alert", "Put", "Get", "Delete"]), *HEAD, ITEMS),
        element("Status", one(leaf("CmdID")), one(leaf("Cmd")), one(element("Data", LEAF))),
        element("Sync", one(leaf("CmdID")), maybe(place("Target")), st.lists(
            element(st.sampled_from(["Add", "Replace"]), *HEAD, ITEMS), max_size=3)), element("Final")), max_size=4)))))


def xml_of(node: Node) -> str:
    """The tree as XML, opaque data in CDATA sections."""
    parts = []
    for child in node.children:
        if isinstance(child, Node):
            parts.append(xml_of(child))
        elif isinstance(child, bytes):
            parts.append("<![CDATA[" + child.decode().replace("]]>", "]] >") + "]]>")
        else:
            parts.append(xml.escape(child))
    space = "SYNCML:SYNCML1.2" if node.tag in tokens.SYNCML else "syncml:metinf"
    inside = "".join(parts)
    return f'<{node.tag} xmlns="{space}">{inside}</{node.tag}>' if inside else f'<{node.tag} xmlns="{space}"/>'


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MESSAGES, st.sampled_from(sorted(VERSIONS)))
def test_generated(root: Node, version: str) -> None:
    document = xml_of(root)
    data = theirs(document, version)
    assert data is not None
    assert text.xml_to_wbxml(document.encode(), VERSIONS[version]) == data
    assert canonical(text.wbxml_to_xml(data).encode()) == canonical(their_xml(data))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MESSAGES, st.sampled_from(sorted(VERSIONS)))
def test_they_read_what_we_write(root: Node, version: str) -> None:
    """The encoder of sessions: any content, read back equal through libwbxml."""
    data = wbxml.encode(root, wbxml_version=VERSIONS[version])
    assert canonical(text.wbxml_to_xml(data).encode()) == canonical(their_xml(data))
