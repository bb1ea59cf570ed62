"""Flat XML, as Funambol's SIF and the OMA objects have it: read with bounds, and written. What elements mean is not
known here.

No DTD is taken, so there is no entity to expand and nothing to fetch.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import Any, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

from minisyncml.content.charsets import decoded
from minisyncml.errors import ItemError

MAX_SIZE = 48 << 20         #: bytes of one document: a large object in base64
MAX_ELEMENTS = 20_000       #: of one document
MAX_DEPTH = 16              #: of elements in elements


class Element(NamedTuple):
    """One element. A pair of name and text will do where it has nothing else: `Element("Subject", "Milk")`."""

    name: str                                           #: as written, without a prefix
    text: str = ""                                      #: line breaks are LF; empty when it has children
    attributes: Tuple[Tuple[str, str], ...] = ()
    children: Tuple[Any, ...] = ()                      #: elements again

    def attribute(self, name: str) -> str:
        """The value of an attribute.

        :param name: in lower case
        :returns: empty when there is none
        """
        return next((value for key, value in self.attributes if key.lower() == name), "")


def read_elements(body: bytes, root: "Union[str, Sequence[str]]" = "", limit: int = MAX_SIZE) -> "List[Element]":
    """What stands in the root element, in order, unknown things included.

    :param body: the document, with or without a declaration
    :param root: the name or names that its root may have, case does not count; empty: any
    :param limit: bytes at most
    :returns: the children of the root
    :raises ItemError: when it is no XML (415), has a DTD (415), another root (415), or is too large (413)
    """
    names = (root,) if isinstance(root, str) else tuple(root)
    found = read_document(body, limit)
    if any(names) and found.name.lower() not in (name.lower() for name in names):
        raise ItemError(f"this is no {names[0]} but {found.name[:40]}")
    return list(found.children)


def read_document(body: bytes, limit: int = MAX_SIZE) -> Element:
    """The root element.

    :param body: the document, with or without a declaration
    :param limit: bytes at most
    :returns: the root with all that is in it
    :raises ItemError: when it is no XML or has a DTD (415), or is too large (413)
    """
    from xml.parsers import expat
    if len(body) > limit:
        raise ItemError(f"an object of {len(body)} bytes is too large", 413)
    tree = _Tree()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.buffer_size = 65_536
    parser.StartDoctypeDeclHandler = tree.doctype
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.texts.append
    try:
        parser.Parse(_utf8(body), True)
    except (expat.ExpatError, UnicodeError, ValueError) as error:
        raise ItemError(f"this is no XML: {error}") from None
    return tree.open[0][0]


class _Tree:
    """Gathers elements while a document is read."""

    def __init__(self) -> None:
        self.open: "List[List[Element]]" = [[]]     # the children so far of each open element
        self.heads: "List[Tuple[str, Tuple[Tuple[str, str], ...]]]" = []
        self.texts: "List[str]" = []
        self.count = 0

    def doctype(self, *_: object) -> None:
        raise ItemError("an object with a DTD is not taken")

    def start(self, name: str, attributes: "dict[str, str]") -> None:
        self.count += 1
        if self.count > MAX_ELEMENTS or len(self.heads) >= MAX_DEPTH:
            raise ItemError("too many elements, or too deep in one another", 413)
        self.heads.append((name.rpartition(":")[2], tuple(attributes.items())))
        self.open.append([])
        self.texts.clear()

    def end(self, _: str) -> None:
        children = tuple(self.open.pop())
        name, attributes = self.heads.pop()
        self.open[-1].append(Element(name, "" if children else "".join(self.texts), attributes, children))
        self.texts.clear()


_WIDE = ("utf-16", "utf-32", "utf_16", "utf_32")    # bytes that begin with `<?xml` are none of these


def _utf8(body: bytes) -> bytes:
    """The document in UTF-8, whatever it says it is in; what lies about that is Latin-1."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16").rstrip("\0").encode("utf-8")
    body = body.strip(b" \t\r\n\0").replace(b"\r\r\n", b"\r\n")      # two line breaks, to a parser
    head = body[:200].partition(b"?>")[0]
    charset = "utf-8"
    if head.startswith(b"<?xml") and b"encoding" in head:
        words = head.partition(b"encoding")[2].replace(b"'", b'"').split(b'"')
        said = words[1].decode("latin-1").strip().lower() if len(words) > 2 else charset
        charset = charset if said[:6] in _WIDE else said
    for name in (charset, "utf-8"):
        text = decoded(body, name)
        if text is not None:
            return body if name in ("utf-8", "us-ascii") else text.encode("utf-8")
    return body.decode("latin-1").encode("utf-8")


_CONTROLS = {**dict.fromkeys((*range(32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), " "), 9: "\t", 10: "\n", 13: "\r"}
_MARKUP = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def escape(text: str) -> str:
    """Text of an element. Line breaks stay what they are: not every peer knows what `&#13;` is, and shows it.

    :param text: any text; a control character becomes a space, for XML cannot hold it
    :returns: escaped text
    """
    for sign, word in _MARKUP:
        text = text.replace(sign, word)
    return text if text.isprintable() else text.translate(_CONTROLS)


def write_elements(root: str, elements: "Iterable[Element]",
                   attributes: "Sequence[Tuple[str, str]]" = ()) -> bytes:
    """A document.

    :param root: the name of its root
    :param elements: what stands in the root, in order
    :param attributes: of the root
    :returns: UTF-8 with a declaration, no white space between elements
    """
    parts = ['<?xml version="1.0" encoding="UTF-8"?>']
    _write(parts, Element(root, "", tuple(attributes), tuple(elements)))
    return "".join(parts).encode("utf-8")


def fragment(element: Element) -> str:
    """One element as text, to be read by :func:`read_document`.

    :param element: the element
    :returns: XML without a declaration
    """
    parts: "List[str]" = []
    _write(parts, element)
    return "".join(parts)


def _write(parts: "List[str]", element: Element) -> None:
    words = "".join(f' {name}="{_quoted(value)}"' for name, value in element.attributes)
    parts.append(f"<{element.name}{words}>")
    for child in element.children:
        _write(parts, child)
    if not element.children:
        parts.append(escape(element.text))
    parts.append(f"</{element.name}>")


def _quoted(value: str) -> str:
    return escape(value).replace('"', "&quot;").replace("\r", " ").replace("\n", " ")


def first(elements: "Iterable[Element]", name: str) -> Optional[Element]:
    """The first element of a name.

    :param elements: elements
    :param name: case does not count
    :returns: None when there is none
    """
    name = name.lower()
    return next((each for each in elements if each.name.lower() == name), None)
