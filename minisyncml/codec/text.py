"""The wire made readable: WBXML as indented XML for people, and back. For command line and traces, not for sessions.

The way back writes what `xml2wbxml -n` of libwbxml 0.11 writes for the same XML, byte for byte: white space around text
goes, CDATA becomes OPAQUE, the content of items gets CRLF, an embedded DevInf becomes a document of its own. Where that
would not give back what was decoded, the readable XML carries a processing instruction: `<?wbxml text?>` (STR_I exactly
as written), `<?wbxml lf?>` and `<?wbxml crlf?>` (OPAQUE with these line ends), `<?wbxml base64 ...?>` (OPAQUE that XML
cannot hold).
"""

from __future__ import annotations

from typing import Any, Iterable, Optional, Union

from minisyncml.codec import native, tokens, wbxml, xml
from minisyncml.codec.node import Node
from minisyncml.codec.writing import Writer
from minisyncml.errors import DecodeError, EncodeError, LimitError
from minisyncml.limits import DEFAULT, Limits

DECLARATION = xml.DECLARATION + b"\n"
_BLANK = " \t\n\v\f\r"
_TYPES = {"application/vnd.syncml-devinf+wbxml": "application/vnd.syncml-devinf+xml",
          "application/vnd.syncml.dmtnds+wbxml": "application/vnd.syncml.dmtnds+xml"}
_TYPES_BACK = {after: before for before, after in _TYPES.items()}
_DOCUMENT_TYPES = [("", type_) for type_ in (*_TYPES, *_TYPES_BACK)]
_OBJECT_TYPES = [("", type_) for type_ in ("text/directory;profile=vCard", "text/x-vcard", "text/x-vcalendar")]
_KINDS = {"SyncML": "syncml", "MetInf": "metinf", "DevInf": "devinf"}


# -- WBXML to XML -----------------------------------------------------------------------------------------------------

def wbxml_to_xml(data: bytes, limits: Limits = DEFAULT) -> str:
    """A WBXML document as indented XML; a DevInf inside it is shown as elements.

    :param data: the document
    :param limits: bound on depth
    :returns: XML, each element on a line of its own
    :raises DecodeError: malformed
    :raises LimitError: nested too deep
    :raises EncodeError: a name that XML cannot hold
    """
    return readable(data, limits).decode()


def readable(data: bytes, limits: Limits = DEFAULT) -> bytes:
    """:func:`wbxml_to_xml` in UTF-8, for who writes it to a file.

    :param data: the document
    :param limits: bound on depth
    :returns: XML
    :raises DecodeError: malformed
    :raises LimitError: nested too deep
    :raises EncodeError: a name that XML cannot hold
    """
    ctx = wbxml.context(data)
    fast = _native(ctx, limits) if wbxml.IMPLEMENTATION == "C" else None
    body = _Indented(limits).document(ctx).encode() if fast is None else fast
    return b"".join((DECLARATION, _doctype(ctx) if ctx.kind == "devinf" else b"", body, b"\n"))


def _doctype(ctx: wbxml.Context) -> bytes:
    """Only a DevInf needs one: its namespace does not say its version."""
    return f'<!DOCTYPE DevInf PUBLIC "{tokens.fpi_of(ctx.kind, ctx.version)}" "">\n'.encode()


#: what the C codec has to know of a document of a kind and version: that of a DevInf, and the xmlns of the root
_DRESS = {(kind, version): (int(version.replace(".", "")) if kind == "devinf" else 0,
                            xml.root_tag(version, kind).encode())
          for kind in ("syncml", "devinf") for version in ("1.0", "1.1", "1.2")}


def _native(ctx: wbxml.Context, limits: Limits) -> Any:
    """The same by the C codec; None for documents that it leaves to Python."""
    dress = _DRESS.get((ctx.kind, ctx.version))
    if dress is None or ctx.charset not in tokens.UTF8_CHARSETS:
        return None
    return native.to_xml(ctx.data, ctx.body, *dress, limits.max_depth)


class _Indented:
    """Writes a tree as indented XML."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.out: "list[str]" = []

    def document(self, ctx: wbxml.Context) -> str:
        root = wbxml.document(ctx, self.limits)
        kind = ctx.kind or _KINDS.get(root.tag, "")
        space = xml.root_tag(ctx.version or "1.2", kind) if kind else ""
        self.element(root, space, "\n", kind if kind != "syncml" else "")
        return "".join(self.out)

    def element(self, node: Node, space: str, indent: str, inside: str) -> None:
        if not _is_name(node.tag):
            raise EncodeError(f"XML cannot hold an element named {node.tag!r}")
        if not node.children:
            self.out.append(f"<{node.tag}{space}/>")
            return
        self.out.append(f"<{node.tag}{space}>")
        elements = all(isinstance(child, Node) for child in node.children)
        nested = self.nested(node) if inside != "devinf" else None
        if nested is not None:
            self.child(nested, indent + "  ", inside, True)
        for child in node.children if nested is None else ():
            if isinstance(child, Node):
                self.child(child, indent + "  ", inside, elements)
            else:
                self.out.append(_piece(node.tag, child, len(node.children) > 1))
        if elements or nested is not None:
            self.out.append(indent)
        self.out.append(f"</{node.tag}>")

    def child(self, node: Node, indent: str, inside: str, own_line: bool) -> None:
        space = ""
        if node.tag == "DevInf" and inside != "devinf":
            space, inside = xml.root_tag(kind="devinf"), "devinf"
        elif not inside and node.tag in tokens.METINF:
            space, inside = xml.root_tag(kind="metinf"), "metinf"
        if own_line:
            self.out.append(indent)
        self.element(node, space, indent, inside)

    def nested(self, node: Node) -> "Optional[Node]":
        """The DevInf document that an element holds as opaque data."""
        data = node.children[0]
        if len(node.children) != 1 or not isinstance(data, bytes) or not 1 <= (data[0] if data else 0) <= 3:
            return None
        try:
            ctx = wbxml.context(data)
            root = wbxml.document(ctx, self.limits) if ctx.kind == "devinf" else None
        except LimitError:
            raise
        except DecodeError:
            return None
        return root if root and root.tag == "DevInf" else None


def _is_name(tag: str) -> bool:
    return tag.replace("-", "_").replace(".", "_").isidentifier()


def _piece(tag: str, piece: "str | bytes", mark: bool) -> str:
    """Text or opaque data, marked where the way back would change it."""
    try:
        return _text(tag, piece, mark) if isinstance(piece, str) else _cdata(piece, mark)
    except EncodeError:
        from binascii import b2a_base64
        raw = piece.encode("utf-8", "surrogateescape") if isinstance(piece, str) else piece
        return f"<?wbxml base64 {b2a_base64(raw, newline=False).decode()}?>"


def _text(tag: str, text: str, mark: bool) -> str:
    if tag == "Type" and text in _TYPES:
        text = _TYPES[text]
    elif mark or text in _TYPES_BACK or "\n" in text or text.strip(_BLANK) != text:
        return "<?wbxml text?>" + xml.escape(text)
    return xml.escape(text)


def _cdata(data: bytes, mark: bool) -> str:
    xml.escape(data)        # raises for what XML cannot hold
    text = data.decode()
    lines = text.count("\n")
    crlf = text.count("\r\n")
    how = ""
    if lines and lines == crlf == text.count("\r"):
        how, text = "<?wbxml crlf?>", text.replace("\r\n", "\n")
    elif mark or lines or "\r" in text or not text:
        how = "<?wbxml lf?>"
    text = text.replace("]]>", "]]]]><![CDATA[>").replace("\r", "]]>&#13;<![CDATA[")
    return f"{how}<![CDATA[{text}]]>"


# -- XML to WBXML -----------------------------------------------------------------------------------------------------

def xml_to_wbxml(data: bytes, wbxml_version: int = 2, limits: Limits = DEFAULT) -> bytes:
    """XML as WBXML without string table, as `xml2wbxml -n -v 1.X` of libwbxml writes it.

    :param data: the XML document
    :param wbxml_version: 0 to 3 for WBXML 1.0 to 1.3
    :param limits: bounds on size and depth
    :returns: the WBXML document
    :raises DecodeError: not well-formed, or with an entity of its own
    :raises LimitError: too long or too deep
    :raises EncodeError: an element that has no token becomes a literal tag; text that is none is refused
    """
    if len(data) > limits.max_message:
        raise LimitError("document is too long")
    root, kind, version = _Events(limits.max_depth).parse(data)
    return _encode(root, kind, version, wbxml_version)


def _encode(root: "_Element", kind: str, version: str, wbxml_version: int) -> bytes:
    writer = _Tokens(kind, version, wbxml_version, 0, True)
    writer.write(root, None, None)
    return wbxml.header(version, kind, wbxml_version, writer.table) + b"".join(writer.out)


class _Element:
    """An element as the parser saw it: children are elements and pieces (how, text) with how one of "" (text), "cdata",
    and the words of a processing instruction."""

    __slots__ = ("tag", "children")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.children: "list[Union[_Element, tuple[str, str]]]" = []

    def find(self, tag: str) -> "Optional[_Element]":
        for child in self.children:
            if isinstance(child, _Element) and child.tag == tag:
                return child
        return None


class _Events:
    """Builds elements from the events of expat, which tells CDATA from text."""

    def __init__(self, max_depth: int) -> None:
        self.max_depth = max_depth
        self.stack: "list[_Element]" = []
        self.root: "Optional[_Element]" = None
        self.public = ("", "")
        self.how = ""

    def parse(self, data: bytes) -> "tuple[_Element, str, str]":
        from xml.parsers import expat
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self.doctype
        parser.EntityDeclHandler = self.entity
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartCdataSectionHandler = self.cdata
        parser.EndCdataSectionHandler = self.cdata_end
        parser.ProcessingInstructionHandler = self.instruction
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise DecodeError(f"no XML document: {error}") from None
        assert self.root is not None
        kind, version = self.public
        return self.root, kind or _KINDS.get(self.root.tag, "syncml"), version or "1.2"

    def doctype(self, name: str, system: "str | None", public: "str | None", internal: int) -> None:
        self.public = tokens.public_of(public or "")

    def entity(self, *declaration: Any) -> None:
        raise DecodeError("entity that the document defines itself")

    def start(self, name: str, attributes: Any) -> None:
        space, _, local = name.rpartition(" ")
        element = _Element(local)
        if self.stack:
            self.stack[-1].children.append(element)
        else:
            self.root = element
            if not self.public[0] and space.upper().startswith("SYNCML:SYNCML"):
                self.public = "syncml", space[13:]
        if len(self.stack) >= self.max_depth:
            raise LimitError("elements nested too deep")
        self.stack.append(element)
        self.how = ""

    def end(self, name: str) -> None:
        self.stack.pop()
        self.how = ""

    def characters(self, text: str) -> None:
        children = self.stack[-1].children
        last = children[-1] if children else None
        if isinstance(last, tuple) and last[0] == self.how:
            children[-1] = (self.how, last[1] + text)
        else:
            children.append((self.how, text))

    def cdata(self) -> None:
        if self.how == "":
            self.how = "cdata"
            self.stack[-1].children.append(("cdata", ""))

    def cdata_end(self) -> None:
        if self.how == "cdata":
            self.how = ""

    def instruction(self, target: str, data: str) -> None:
        word, _, rest = data.partition(" ")
        if target == "wbxml" and self.stack and word in ("text", "lf", "crlf", "base64"):
            self.stack[-1].children.append((word, rest))
            self.how = "" if word == "base64" else word


class _Tokens(Writer):
    """Writes parsed XML the way libwbxml does."""

    def write(self, element: _Element, parent: "Optional[_Element]", command: "Optional[_Element]") -> None:
        self.out.append(self.tag(element.tag, tokens.CONTENT if element.children else 0))
        line_end = _line_end(element, parent, command)
        for child in element.children:
            if isinstance(child, tuple):
                self.out.extend(_content(*child, line_end, element.children))
            elif child.tag == "DevInf" and self.devinf:
                self.out.append(wbxml.text(_encode(child, "devinf", self.version, self.wbxml_version)))
            else:
                self.write(child, element, parent)
        if element.children:
            self.out.append(b"\x01")


def _line_end(data: _Element, item: "Optional[_Element]", command: "Optional[_Element]") -> "Optional[str]":
    """The line end of item data that goes as OPAQUE even when it is written as text; None for ordinary text."""
    if data.tag != "Data" or item is None or any(isinstance(child, _Element) for child in data.children):
        return None
    for element in (item, command):
        meta = element.find("Meta") if element else None
        type_ = meta.find("Type") if meta else None
        if type_:
            value = type_.children[0] if type_.children else None
            if value == ("", "text/clear"):
                return "\n"
            if value in _OBJECT_TYPES:
                return "\r\n"
            if value in _DOCUMENT_TYPES:
                return None
            break
    return "\r\n" if command and command.tag in ("Add", "Replace") else None


def _content(how: str, text: str, line_end: "Optional[str]", siblings: "Iterable[Any]") -> "Iterable[bytes]":
    """One piece of content as tokens."""
    if how == "text":
        yield wbxml.text(text) or b"\x03\0"
    elif how == "base64":
        yield _opaque_base64(text)
    elif how in ("lf", "crlf"):
        yield wbxml.text((text.replace("\n", "\r\n") if how == "crlf" else text).encode())
    elif how == "cdata" or line_end and next(iter(siblings))[0] == "":
        if text:
            yield wbxml.text(_with_ends(text, line_end if line_end else "\r\n" if text == "\n" else "\n").encode())
    elif line_end:          # text after a CDATA section
        stripped = _with_ends(text, line_end).strip(_BLANK)
        yield wbxml.text(stripped)
    else:
        stripped = text.strip(_BLANK)
        yield wbxml.text(_TYPES_BACK.get(stripped, stripped))


def _with_ends(text: str, line_end: str) -> str:
    return text if line_end == "\n" else text.replace("\r\n", "\n").replace("\n", line_end)


def _opaque_base64(text: str) -> bytes:
    from binascii import Error, a2b_base64
    try:
        return wbxml.text(a2b_base64(text))
    except (Error, ValueError):
        raise DecodeError("no base64 in a wbxml instruction") from None
