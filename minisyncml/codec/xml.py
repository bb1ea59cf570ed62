"""SyncML in XML: text to tree through lxml, tree to text by hand. No message meaning.

Nothing is fetched, no DTD is read, no entity is expanded: a document that uses one of its own is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisyncml.codec import tokens
from minisyncml.codec.node import Node
from minisyncml.errors import DecodeError, EncodeError, LimitError
from minisyncml.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from lxml.etree import _Element

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'


def parse(data: bytes, limits: Limits = DEFAULT, strip_cdata: bool = True) -> "_Element":
    """Parse XML that may come from anywhere.

    :param data: the document
    :param limits: `max_message` counts here
    :param strip_cdata: False keeps CDATA sections apart from text
    :returns: the root element of lxml
    :raises DecodeError: not well-formed
    :raises LimitError: too long
    """
    from lxml import etree
    if len(data) > limits.max_message:
        raise LimitError("document is too long")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
                             remove_comments=True, remove_pis=strip_cdata, strip_cdata=strip_cdata)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DecodeError(f"no XML document: {error}") from None


def decode(data: bytes, limits: Limits = DEFAULT) -> "tuple[Node, str, str]":
    """Decode a document.

    :param data: the document
    :param limits: `max_message` and `max_depth` count here
    :returns: (root, kind, SyncML version); kind and version "" when neither namespace nor DOCTYPE says them
    :raises DecodeError: not well-formed, or with an entity of its own
    :raises LimitError: too long or too deep
    """
    element = parse(data, limits)
    return (_node(element, limits.max_depth), *public(element))


def public(element: "_Element") -> "tuple[str, str]":
    """What a document is, by its DOCTYPE, else its namespace, else the name of its root.

    :param element: its root
    :returns: (kind, SyncML version), either may be ""
    """
    found = tokens.public_of(element.getroottree().docinfo.public_id or "")
    if found[0]:
        return found
    space, _, local = str(element.tag).rpartition("}")
    space = space.lstrip("{").upper()
    if space.startswith("SYNCML:SYNCML"):
        return "syncml", space[13:]
    return {"SyncML": "syncml", "DevInf": "devinf", "MetInf": "metinf"}.get(local, ""), ""


def local_name(element: "_Element") -> str:
    """The name of an element without its namespace.

    :param element: an element, or an entity that was not expanded
    :returns: the name
    :raises DecodeError: an entity
    """
    tag: Any = element.tag
    if not isinstance(tag, str):
        raise DecodeError("entity that the document defines itself")
    return tag.rpartition("}")[2]


def _node(element: "_Element", depth: int) -> Node:
    """The tree of an element. White space between elements is not kept, text of leaves is."""
    if depth <= 0:
        raise LimitError("elements nested too deep")
    node = Node(local_name(element))
    mixed = len(element) > 0
    _add(node, element.text, mixed)
    for child in element:
        node.children.append(_node(child, depth - 1))
        _add(node, child.tail, mixed)
    return node


def _add(node: Node, text: "str | None", mixed: bool) -> None:
    if text and not (mixed and text.isspace()):
        node.children.append(text)


# -- encoding ---------------------------------------------------------------------------------------------------------

_ESCAPES = {**dict.fromkeys((*range(0x20), 0xFFFF), "\ufffe"),
            9: "\t", 10: "\n", 13: "&#13;", ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


def escape(value: "str | bytes") -> str:
    """Text of an element. CR becomes a reference, else a parser would make LF of it.

    :param value: text, or bytes in UTF-8
    :returns: escaped text
    :raises EncodeError: a character that XML cannot hold
    """
    try:
        text = value.decode() if isinstance(value, bytes) else value
        escaped = text.translate(_ESCAPES)
        escaped.encode()
    except UnicodeError:
        raise EncodeError("XML cannot hold bytes that are no UTF-8") from None
    if "\ufffe" in escaped:
        bad = next(c for c in text if c == "\ufffe" or _ESCAPES.get(ord(c)) == "\ufffe")
        raise EncodeError(f"XML cannot hold the character U+{ord(bad):04X}")
    return escaped


def fragment(node: Node, namespace: str = "", namespaces: bool = True) -> bytes:
    """Encode one element.

    :param node: the element
    :param namespace: the namespace in force where it will stand: "metinf", "devinf" or "" for that of SyncML
    :param namespaces: False leaves all xmlns attributes out
    :returns: UTF-8 without line breaks
    :raises EncodeError: a name or character that XML cannot hold
    """
    out: "list[str]" = []
    _write(out, node, namespace, namespaces)
    return "".join(out).encode()


def _write(out: "list[str]", node: Node, outer: str, namespaces: bool) -> None:
    space = "devinf" if node.tag == "DevInf" or outer == "devinf" else "metinf" if node.tag in tokens.METINF else ""
    declared = f' xmlns="{tokens.NAMESPACES[space]}"' if namespaces and space and space != outer else ""
    _element(out, node, declared, space, namespaces)


def _element(out: "list[str]", node: Node, declared: str, space: str, namespaces: bool) -> None:
    if not node.tag.replace("-", "_").replace(".", "_").isidentifier():
        raise EncodeError(f"XML cannot hold an element named {node.tag!r}")
    at = len(out)
    out.append("")
    for child in node.children:
        if isinstance(child, Node):
            _write(out, child, space, namespaces)
        elif child:
            out.append(escape(child))
    if len(out) > at + 1:
        out[at] = f"<{node.tag}{declared}>"
        out.append(f"</{node.tag}>")
    else:
        out[at] = f"<{node.tag}{declared}/>"


def root_tag(version: str = "1.2", kind: str = "syncml", namespaces: bool = True) -> str:
    """The xmlns attribute of a root, with a space before it.

    :param version: of SyncML
    :param kind: "syncml", "devinf" or "metinf"
    :param namespaces: False for none
    :returns: the attribute, or ""
    """
    return f' xmlns="{tokens.NAMESPACES[kind]}{version if kind == "syncml" else ""}"' if namespaces else ""


def encode(root: Node, version: str = "1.2", kind: str = "syncml", namespaces: bool = True) -> bytes:
    """Encode a whole document, compact, in UTF-8.

    :param root: its root
    :param version: of SyncML
    :param kind: "syncml", "devinf" or "metinf"
    :param namespaces: False leaves all xmlns attributes out, as some phones want it
    :returns: the document with its XML declaration
    :raises EncodeError: a name or character that XML cannot hold
    """
    out: "list[str]" = []
    space = "" if kind == "syncml" else kind
    _element(out, root, root_tag(version, kind, namespaces), space, namespaces)
    return DECLARATION + "".join(out).encode()
