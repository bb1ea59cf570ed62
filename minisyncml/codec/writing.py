"""WBXML out of trees: whole documents, and fragments for who writes a message piece by piece. No string table but for
elements without token, no attributes, no entities.
"""

from __future__ import annotations

from typing import Optional

from minisyncml.codec import tokens
from minisyncml.codec.node import Node
from minisyncml.errors import EncodeError

_SYNCML_TOKENS: "dict[str, tuple[int, int]]" = {
    **{name: (0, token) for name, token in tokens.SYNCML.items()},
    **{name: (1, token) for name, token in tokens.METINF.items()}}
_DEVINF_TOKENS: "dict[str, tuple[int, int]]" = {
    **{name: (0, token) for name, token in tokens.DEVINF.items()}, "Size": (0, tokens.DEVINF_SIZE)}


def mb(value: int) -> bytes:
    """A multi-byte integer.

    :param value: 0 to 0xFFFFFFFF
    :returns: one to five bytes
    """
    out = [value & 0x7F]
    while value > 0x7F:
        value >>= 7
        out.append(value & 0x7F | 0x80)
    return bytes(out[::-1])


def header(version: str = "1.2", kind: str = "syncml", wbxml_version: int = 2, table: bytes = b"",
           fpi: bool = False) -> bytes:
    """The head of a document in UTF-8.

    :param version: of SyncML
    :param kind: "syncml" or "devinf"
    :param wbxml_version: 0 to 3 for WBXML 1.0 to 1.3
    :param table: the string table
    :param fpi: name the document by its formal public identifier, as some early devices want it
    :returns: the bytes before the root
    """
    number = tokens.PUBLIC_IDS.get((kind, version), 1)
    public = mb(number)
    if fpi or kind == "metinf" and number == 1:
        public = b"\0" + mb(len(table))
        table += tokens.fpi_of(kind, version).encode() + b"\0"
    return bytes((wbxml_version,)) + public + (mb(tokens.UTF8) if wbxml_version else b"") + mb(len(table)) + table


def text(value: "str | bytes") -> bytes:
    """Text as STR_I, opaque data as OPAQUE; text with a NUL in it can only be OPAQUE.

    :param value: str or bytes
    :returns: the piece of content, nothing for empty text
    :raises EncodeError: half a surrogate pair in the text
    """
    if isinstance(value, str):
        try:
            raw = value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise EncodeError(f"text holds half a surrogate pair, U+{ord(value[error.start]):04X}") from None
        if 0 not in raw:
            return b"\x03" + raw + b"\0" if raw else b""
        value = raw
    return b"\xc3" + mb(len(value)) + value


class Writer:
    """Writes elements, switching pages only where the next start tag needs it.

    :param kind: "syncml", "devinf" or "metinf"
    :param version: of SyncML
    :param wbxml_version: 0 to 3 for WBXML 1.0 to 1.3
    :param page: code page in force at the start
    :param literals: whether names without token may go into a string table
    """

    def __init__(self, kind: str, version: str, wbxml_version: int, page: int, literals: bool) -> None:
        self.tags = _DEVINF_TOKENS if kind == "devinf" else _SYNCML_TOKENS
        self.devinf = kind != "devinf"      # a DevInf in here becomes a document of its own
        self.version = version
        self.wbxml_version = wbxml_version
        self.page = page
        self.out: "list[bytes]" = []
        self.literals: "Optional[dict[str, int]]" = {} if literals else None
        self.table = b""

    def element(self, node: Node) -> None:
        """Write one element with all it holds.

        :param node: the element
        :raises EncodeError: a name without token, or text that is none
        """
        body = [child for child in node.children if child != ""]
        self.out.append(self.tag(node.tag, tokens.CONTENT if body else 0))
        for child in body:
            if not isinstance(child, Node):
                self.out.append(text(child))
            elif child.tag == "DevInf" and self.devinf:
                self.out.append(text(encode(child, self.version, "devinf", self.wbxml_version)))
            else:
                self.element(child)
        if body:
            self.out.append(b"\x01")

    def tag(self, name: str, content: int) -> bytes:
        """A start tag, with the switch of code page that it needs.

        :param name: of the element
        :param content: the content bit, 0 for an empty element
        :returns: one byte or more
        :raises EncodeError: a name without token
        """
        page, token = self.tags.get(name) or _numbered(name)
        if token < 0:
            return bytes((tokens.LITERAL | content,)) + mb(self.literal(name))
        if page == self.page:
            return bytes((token | content,))
        self.page = page
        return bytes((tokens.SWITCH_PAGE, page, token | content))

    def literal(self, name: str) -> int:
        """Where a name without token stands in the string table.

        :param name: of the element
        :returns: its offset
        :raises EncodeError: when there is no string table to put it into
        """
        if self.literals is None:
            raise EncodeError(f"element {name} has no token")
        if name not in self.literals:
            self.literals[name] = len(self.table)
            self.table += text(name)[1:]
        return self.literals[name]


def _numbered(name: str) -> "tuple[int, int]":
    """Page and token of an element that was unknown when it was decoded; token -1 for all other names."""
    if name.startswith("token-") and len(name) == 11:
        try:
            page, token = int(name[6:8], 16), int(name[9:], 16)
        except ValueError:
            return 0, -1
        if 5 <= token < 0x40:
            return page, token
    return 0, -1


def fragment(node: Node, page: int = 0) -> "tuple[bytes, int]":
    """Encode one element of a SyncML document, to be put into a message.

    :param node: the element
    :param page: code page in force where it will stand
    :returns: (bytes, code page in force after it)
    :raises EncodeError: an element without token, or text that is none
    """
    writer = Writer("syncml", "1.2", 2, page, False)
    writer.element(node)
    return b"".join(writer.out), writer.page


def encode(root: Node, version: str = "1.2", kind: str = "syncml", wbxml_version: int = 2, fpi: bool = False) -> bytes:
    """Encode a whole document. Elements without token become literal tags.

    :param root: its root
    :param version: of SyncML
    :param kind: "syncml", "devinf" or "metinf"
    :param wbxml_version: 0 to 3 for WBXML 1.0 to 1.3
    :param fpi: see :func:`header`
    :returns: the document
    :raises EncodeError: text that is none
    """
    writer = Writer(kind, version, wbxml_version, 0, True)
    writer.element(root)
    return header(version, kind, wbxml_version, writer.table, fpi) + b"".join(writer.out)
