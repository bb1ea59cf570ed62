"""XML: trees out of what phones send, text that parses back equal, and bombs that do not go off."""

from __future__ import annotations

import pytest
from codec.documents import MESSAGES
from hypothesis import given, settings
from lxml import etree

from minisyncml import codec
from minisyncml.codec import xml
from minisyncml.codec.node import Node
from minisyncml.errors import DecodeError, EncodeError, LimitError
from minisyncml.limits import DEFAULT

DOCTYPE = ('<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.1//EN" '
           '"http://www.syncml.org/docs/syncml_represent_v11_20020213.dtd">')
BOMB = '<!DOCTYPE SyncML [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{"&" + before + ";" * 1}{("&" + before + ";") * 9}">'
    for before, name in zip("abcdefgh", "bcdefghi")) + "]><SyncML><Cmd>&i;</Cmd></SyncML>"

DOCUMENTS = [
    # XML, kind, version, what is in its root
    ("<SyncML xmlns='SYNCML:SYNCML1.1'><Cmd>x</Cmd></SyncML>", "syncml", "1.1", [Node("Cmd", ["x"])]),
    ("<SyncML xmlns='syncml:syncml1.2'/>", "syncml", "1.2", []),
    ("<SyncML/>", "syncml", "", []),
    (f"{DOCTYPE}<SyncML/>", "syncml", "1.1", []),
    ("\ufeff<?xml version='1.0' encoding='UTF-8'?><SyncML/>", "syncml", "", []),
    ("<?xml version='1.0'?>\n<!-- c --><SyncML>\n <Cmd> x </Cmd>\n</SyncML>", "syncml", "", [Node("Cmd", [" x "])]),
    ("<s:SyncML xmlns:s='SYNCML:SYNCML1.0'><s:Cmd>x</s:Cmd></s:SyncML>", "syncml", "1.0", [Node("Cmd", ["x"])]),
    ("<SyncML><Cmd>a<![CDATA[<b>]]>c<!-- d --></Cmd></SyncML>", "syncml", "", [Node("Cmd", ["a<b>c"])]),
    ("<SyncML><Cmd>a&#13;\r\nb&amp;</Cmd></SyncML>", "syncml", "", [Node("Cmd", ["a\r\nb&"])]),
    ("<SyncML><Meta><Type xmlns='syncml:metinf'>t</Type></Meta></SyncML>", "syncml", "",
     [Node("Meta", [Node("Type", ["t"])])]),
    ("<DevInf xmlns='syncml:devinf'><Man/></DevInf>", "devinf", "", [Node("Man")]),
    ("<SyncML><!-- c --><?pi x?><Cmd/></SyncML>", "syncml", "", [Node("Cmd")]),
]

REFUSED = [
    "<SyncML>", "<SyncML></Sync>", "<SyncML/>x", "<", "<SyncML>\x01</SyncML>", "<SyncML>&undefined;</SyncML>",
    '<!DOCTYPE SyncML [<!ENTITY e "x">]><SyncML><Cmd>&e;</Cmd></SyncML>',
    '<!DOCTYPE SyncML [<!ENTITY e SYSTEM "file:///etc/passwd">]><SyncML><Cmd>&e;</Cmd></SyncML>',
    BOMB, '<?xml version="1.0" encoding="no-such"?><SyncML/>',
]


@pytest.mark.parametrize("text, kind, version, children", DOCUMENTS)
def test_decode(text: str, kind: str, version: str, children: "list[Node]") -> None:
    document = codec.decode(text.encode())
    assert (document.encoding, document.kind, document.version) == ("xml", kind, version)
    assert document.root.children == children


def test_encodings() -> None:
    for name in ("utf-16", "iso-8859-1", "windows-1252", "utf-8"):
        data = f"<?xml version='1.0' encoding='{name}'?><SyncML><Cmd>é</Cmd></SyncML>".encode(name)
        assert codec.decode(data).root.children == [Node("Cmd", ["é"])]


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        codec.decode(text.encode())


def test_no_file_is_read(tmp_path: object) -> None:
    secret = f"{tmp_path}/secret"
    with open(secret, "w") as file:
        file.write('<!ENTITY e "secret">')
    for head in (f'<!DOCTYPE SyncML SYSTEM "{secret}">',
                 f'<!DOCTYPE SyncML [<!ENTITY % p SYSTEM "{secret}"> %p;]>'):
        with pytest.raises(DecodeError):
            codec.decode(f"{head}<SyncML><Cmd>&e;</Cmd></SyncML>".encode())


def test_depth() -> None:
    limit = DEFAULT.max_depth
    codec.decode(b"<a>" * limit + b"</a>" * limit)
    for depth in (limit + 1, 300, 100_000):
        with pytest.raises(DecodeError):
            codec.decode(b"<a>" * depth + b"</a>" * depth)
    with pytest.raises(LimitError):
        codec.decode(b"<a>" * (limit + 1) + b"</a>" * (limit + 1))


def test_encode() -> None:
    root = Node("SyncML", [
        Node("SyncHdr", [Node("Meta", [Node("MaxMsgSize", ["1"])])]),
        Node("SyncBody", [
            Node("Alert", [Node("Meta", [Node("Anchor", [Node("Next", ["2"])])])]),
            Node("Put", [Node("Data", [Node("DevInf", [Node("SharedMem"), Node("Man", ["<&>"])])])]), Node("Final")])])
    assert codec.encode(root, "xml", "1.1").decode() == (
        '<?xml version="1.0" encoding="UTF-8"?><SyncML xmlns="SYNCML:SYNCML1.1"><SyncHdr><Meta>'
        '<MaxMsgSize xmlns="syncml:metinf">1</MaxMsgSize></Meta></SyncHdr><SyncBody><Alert><Meta>'
        '<Anchor xmlns="syncml:metinf"><Next>2</Next></Anchor></Meta></Alert><Put><Data>'
        '<DevInf xmlns="syncml:devinf"><SharedMem/><Man>&lt;&amp;&gt;</Man></DevInf></Data></Put><Final/>'
        "</SyncBody></SyncML>")
    assert b"xmlns" not in xml.encode(root, "1.1", namespaces=False)
    assert xml.fragment(Node("Meta", [Node("Type", ["t"])])) == b'<Meta><Type xmlns="syncml:metinf">t</Type></Meta>'


@pytest.mark.parametrize("piece, name", [
    ("a\0", "U+0000"), ("\x0b", "U+000B"), ("\x1f", "U+001F"), ("\ufffe", "U+FFFE"), ("x\uffff", "U+FFFF"),
    ("\ud800", "no UTF-8"), (b"\xff", "no UTF-8"), (b"\x08", "U+0008")])
def test_what_xml_cannot_hold(piece: "str | bytes", name: str) -> None:
    with pytest.raises(EncodeError, match=name.replace("+", r"\+")):
        codec.encode(Node("SyncML", [piece]), "xml")
    with pytest.raises(EncodeError):
        codec.encode(Node("a b"), "xml")


@settings(max_examples=80, deadline=None)
@given(MESSAGES)
def test_parses_back(root: Node) -> None:
    try:
        data = codec.encode(root, "xml")
    except EncodeError:
        return
    etree.fromstring(data)
    assert meaning(codec.decode(data).root) == meaning(root)


def meaning(node: Node) -> object:
    children = [meaning(child) for child in node.elements()]
    return node.tag, children, b"" if children else node.data()
