"""WBXML documents: their head, trees out of them, and the way to the command records. No XML, no message meaning.

The general decoder lives here, in Python, once; the encoder in :mod:`.writing`. The fast way (records, see
native/wbxml.h) is taken from the C module where it was built, else from its twin :mod:`minisyncml.codec.pure`; both
give equal records.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from itertools import islice
from typing import Iterator, NamedTuple, Optional

from minisyncml.codec import native, tokens
from minisyncml.codec.node import Node
from minisyncml.codec.writing import encode, fragment, header, mb, text
from minisyncml.errors import DecodeError, LimitError
from minisyncml.limits import DEFAULT, Limits

__all__ = ["IMPLEMENTATION", "Context", "context", "document", "encode", "fragment", "header", "integer", "mb",
           "records", "subtree", "text"]

#: "C" or "Python": who makes the records
IMPLEMENTATION = "C" if native.available() else "Python"


class Context(NamedTuple):
    """The head of a WBXML document, and the document: all that reading a part of it takes."""

    data: bytes
    wbxml: str              #: version of WBXML: "1.0" to "1.3"
    kind: str               #: "syncml", "devinf", "metinf", or "" when the public identifier says nothing
    version: str            #: of SyncML: "1.0", "1.1", "1.2" or ""
    charset: int            #: MIBenum, 0 unknown
    table: bytes            #: the string table
    body: int               #: where the body begins


#: the head that nearly all documents have, and what it says: a known public identifier, UTF-8, no string table
_HEADS = {header(version, kind, number): (f"1.{number}", kind, version, tokens.UTF8, b"", 5)
          for number in (1, 2, 3) for kind, version in tokens.PUBLIC_IDS if len(header(version, kind, number)) == 5}
_ROOT = bytes((tokens.SYNCML["SyncML"] | tokens.CONTENT,))


def integer(data: bytes, pos: int) -> "tuple[int, int]":
    """Read a multi-byte integer (WBXML 5.1): at most 32 bits in at most five bytes.

    :param data: the document
    :param pos: where it begins
    :returns: (value, position after it)
    :raises DecodeError: it is cut short or too large
    """
    value = 0
    for here in range(pos, pos + 5):
        if here >= len(data):
            raise DecodeError("document is cut short", len(data))
        byte = data[here]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    else:
        raise DecodeError("integer is too long", pos)
    if value > 0xFFFFFFFF:
        raise DecodeError("integer is too large", pos)
    return value, here + 1


def context(data: bytes, kind: str = "") -> Context:
    """Read the head of a document.

    :param data: the document
    :param kind: what it is when its public identifier says nothing: "syncml", "devinf" or ""
    :returns: its context
    :raises DecodeError: no WBXML of version 1.0 to 1.3, or cut short
    """
    known = _HEADS.get(data[:5])
    if known is not None:
        return Context(data, *known)
    if not data or data[0] > 3:
        raise DecodeError("no WBXML document", 0)
    public, pos = integer(data, 1)
    index = -1
    if public == 0:
        index, pos = integer(data, pos)
    charset = 0
    if data[0]:
        charset, pos = integer(data, pos)
    length, pos = integer(data, pos)
    if length > len(data) - pos:
        raise DecodeError("string table is longer than the document", pos)
    table = data[pos:pos + length]
    if charset not in tokens.UTF8_CHARSETS and charset not in tokens.CHARSETS:
        raise DecodeError(f"unknown character set {charset}", pos)
    if public == 0:
        found = tokens.public_of(_entry(table, index, charset, pos) if index < length else "")
    else:
        found = tokens.PUBLIC.get(public, ("", ""))
    return Context(data, f"1.{data[0]}", found[0] or kind, found[1], charset, table, pos + length)


def _decode(raw: bytes, charset: int) -> str:
    """Text of the document's character set; what is not valid survives as lone surrogates or U+FFFD."""
    if charset in tokens.UTF8_CHARSETS:
        return raw.decode("utf-8", "surrogateescape")
    if charset == 1015 and raw[:2] == b"\xff\xfe":
        return raw[2:].decode("utf-16-le", "replace")
    return raw.decode(tokens.CHARSETS[charset], "replace").lstrip("\ufeff")


def _terminator(data: bytes, pos: int, charset: int) -> int:
    """Where the string that begins at `pos` ends: at a NUL of the width of the character set; -1 when nowhere."""
    if not 1000 <= charset <= 1015:
        return data.find(0, pos)
    end = data.find(b"\0\0", pos)
    while end >= 0 and (end - pos) % 2:
        end = data.find(b"\0\0", end + 1)
    return end


def _entry(table: bytes, index: int, charset: int, offset: int) -> str:
    """A string of the string table; the end of the table ends the last one, as reference-toolkit senders need it."""
    if index >= len(table):
        raise DecodeError("reference beyond the string table", offset)
    end = _terminator(table, index, charset)
    return _decode(table[index:end if end >= 0 else len(table)], charset)


def _names(table: "dict[str, int]") -> "tuple[Optional[str], ...]":
    names: "list[Optional[str]]" = [None] * 64
    for name, token in table.items():
        names[token] = name
    return tuple(names)


_NO_NAMES = _names({})
_SYNCML = (_names(tokens.SYNCML), _names(tokens.METINF))
_SYNCML_10 = (*_SYNCML, _names(tokens.METINF_10))
_DEVINF = (_names(tokens.DEVINF),)


def _pages(ctx: Context) -> "tuple[tuple[Optional[str], ...], ...]":
    if ctx.kind == "devinf":
        return _DEVINF
    return _SYNCML_10 if ctx.version == "1.0" else _SYNCML


class _Reader:
    """Reads one element with all it holds. Keeps the code page, which outlives the element."""

    def __init__(self, ctx: Context, pos: int, end: int, page: int, max_depth: int) -> None:
        self.ctx = ctx
        self.data = ctx.data if end == len(ctx.data) else ctx.data[:end]
        self.pos = pos
        self.pages = _pages(ctx)
        self.max_depth = max_depth
        self.names = _NO_NAMES
        self.switch(page)

    def switch(self, page: int) -> None:
        self.page = page
        self.names = self.pages[page] if page < len(self.pages) else _NO_NAMES

    def root(self) -> Node:
        """The next element, after processing instructions and page switches."""
        try:
            while self.data[self.pos] in (tokens.SWITCH_PAGE, tokens.PI):
                self.other(self.data[self.pos], [])
            token = self.data[self.pos]
            self.pos += 1
            node = self.open(token)
            if token & tokens.CONTENT:
                self.content(node)
        except IndexError:
            raise DecodeError("document is cut short", len(self.data)) from None
        return node

    def content(self, node: Node) -> None:
        """All that `node` holds, up to and with its END. One loop, no recursion: depth is bounded by a number."""
        data, utf8 = self.data, self.ctx.charset in tokens.UTF8_CHARSETS
        stack = [node]
        children = node.children
        while True:
            token = data[self.pos]
            if token == tokens.END:
                self.pos += 1
                stack.pop()
                if not stack:
                    return
                children = stack[-1].children
            elif token == tokens.STR_I and utf8:
                end = data.find(0, self.pos)
                if end < 0:
                    raise DecodeError("string without end", self.pos)
                if end > self.pos + 1:
                    children.append(data[self.pos + 1:end].decode("utf-8", "surrogateescape"))
                self.pos = end + 1
            elif token & 0x3F > 4 or token & 0x3F == tokens.LITERAL:
                self.pos += 1
                child = self.open(token)
                children.append(child)
                if token & tokens.CONTENT:
                    if len(stack) >= self.max_depth:
                        raise LimitError("elements nested too deep", self.pos - 1)
                    stack.append(child)
                    children = child.children
            else:
                self.other(token, children)

    def open(self, token: int) -> Node:
        """A new node for a start tag whose token was read; attributes are passed over."""
        here = self.pos - 1
        identity = token & 0x3F
        if identity == tokens.LITERAL:
            index, self.pos = integer(self.data, self.pos)
            name = _entry(self.ctx.table, index, self.ctx.charset, here)
        elif identity < 5:
            raise DecodeError(f"token 0x{token:02X} where an element should be", here)
        else:
            name = self.names[identity] or f"token-{self.page:02X}-{identity:02X}"
        if token & tokens.ATTRIBUTES:
            self.attributes()
        return Node(name)

    def other(self, token: int, children: "list[Node | str | bytes]") -> None:
        """The rarer kinds of content."""
        data, here = self.data, self.pos
        self.pos += 1
        if token == tokens.SWITCH_PAGE:
            self.switch(data[self.pos])
            self.pos += 1
        elif token == tokens.OPAQUE:
            start = self.opaque(here)
            children.append(data[start:self.pos])
        elif token == tokens.STR_I:
            start = self.pos
            self.string(here)
            width = 2 if 1000 <= self.ctx.charset <= 1015 else 1
            self.append(children, _decode(data[start:self.pos - width], self.ctx.charset))
        elif token == tokens.STR_T:
            index, self.pos = integer(data, self.pos)
            self.append(children, _entry(self.ctx.table, index, self.ctx.charset, here))
        elif token == tokens.ENTITY:
            code, self.pos = integer(data, self.pos)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise DecodeError("entity is no character", here)
            children.append(chr(code))
        elif token == tokens.PI:
            self.attributes()
        else:
            raise DecodeError(f"unexpected token 0x{token:02X}", here)

    @staticmethod
    def append(children: "list[Node | str | bytes]", text: str) -> None:
        """An empty string is no content."""
        if text:
            children.append(text)

    def opaque(self, here: int) -> int:
        length, start = integer(self.data, self.pos)
        if length > len(self.data) - start:
            raise DecodeError("opaque data longer than the document", here)
        self.pos = start + length
        return start

    def string(self, here: int) -> None:
        end = _terminator(self.data, self.pos, self.ctx.charset)
        if end < 0:
            raise DecodeError("string without end", here)
        self.pos = end + (2 if 1000 <= self.ctx.charset <= 1015 else 1)

    def attributes(self) -> None:
        """Pass over an attribute list. SyncML has none; some phones write a namespace as one."""
        while True:
            here = self.pos
            token = self.data[here]
            self.pos += 1
            if token == tokens.END:
                return
            if token == tokens.SWITCH_PAGE:
                self.data[self.pos]
                self.pos += 1
            elif token == tokens.STR_I or 0x40 <= token <= 0x42:
                self.string(here)
            elif token in (tokens.ENTITY, tokens.LITERAL, tokens.STR_T) or 0x80 <= token <= 0x82:
                _, self.pos = integer(self.data, self.pos)
            elif token == tokens.OPAQUE:
                self.opaque(here)


def document(ctx: Context, limits: Limits = DEFAULT) -> Node:
    """Decode a whole document; bytes after its root are ignored, as some phones pad.

    :param ctx: its context
    :param limits: `max_depth` counts here
    :returns: the root
    :raises DecodeError: malformed
    :raises LimitError: nested too deep
    """
    root = _Reader(ctx, ctx.body, len(ctx.data), 0, limits.max_depth).root()
    if ctx.kind == "devinf":
        _name_size(root, ctx.version)
    return root


def _name_size(root: Node, version: str) -> None:
    """DevInf token 0x1C is Size before 1.2 and MaxSize since; VerDTD knows better than the public identifier."""
    verdtd = root.find("VerDTD")
    if (verdtd.text() if verdtd else version) in ("1.0", "1.1"):
        stack = [root]
        while stack:
            node = stack.pop()
            if node.tag == "MaxSize":
                node.tag = "Size"
            stack.extend(node.elements())


def subtree(ctx: Context, offset: int, length: int, page: int = 0, limits: Limits = DEFAULT) -> Node:
    """Decode one element out of a document: a range span of a record.

    :param ctx: context of the document
    :param offset: where its tag stands
    :param length: bytes up to and with its END
    :param page: code page in force there; 0 for Meta ranges
    :param limits: `max_depth` counts here
    :returns: the element
    :raises DecodeError: malformed (never for a span of a record)
    """
    return _Reader(ctx, offset, offset + length, page, limits.max_depth).root()


def records(ctx: Context, limits: Limits = DEFAULT) -> "Optional[Iterator[native.Chunk]]":
    """The command records of a SyncML document, as native/wbxml.h describes them.

    :param ctx: its context
    :param limits: `max_depth`, `max_commands` and `max_uri` count here
    :returns: an iterator of records (kind, flags, offset, length, ...) in portions, each good until the next, or None
        when this document has to be read as a tree: another character set than UTF-8, or a root other than SyncML
    :raises DecodeError: malformed; raised by the iterator, as far as it got
    :raises LimitError: too deep, or far more records than `max_commands`
    """
    if ctx.charset not in tokens.UTF8_CHARSETS or ctx.kind not in ("syncml", ""):
        return None
    start = _root(ctx)
    if start < 0:
        return None
    table, most = len(ctx.table), 2 * limits.max_commands
    if IMPLEMENTATION == "C":
        return native.chunks(ctx.data, start, table, limits.max_depth, most, limits.max_uri)
    from importlib import import_module  # nobody needs it who has the other
    pure = import_module("minisyncml.codec.pure")
    return _plainly(pure.records(ctx.data, start, table, limits.max_depth, most))


_NO_INTS = memoryview(b"")


def _plainly(rows: "Iterator[tuple[int, ...]]") -> "Iterator[native.Chunk]":
    """Records in portions of which nothing else is known."""
    while True:
        some = list(islice(rows, native.PORTION))
        if not some:
            return
        yield native.Chunk(some.__getitem__, _NO_INTS, (0,) * len(some), [])


def _root(ctx: Context) -> int:
    """Where the content of the root begins, -1 when the root is not SyncML with content."""
    if ctx.data.startswith(_ROOT, ctx.body):        # as nearly all are
        return ctx.body + 1
    reader = _Reader(ctx, ctx.body, len(ctx.data), 0, 1)
    try:
        while reader.data[reader.pos] in (tokens.SWITCH_PAGE, tokens.PI):
            reader.other(reader.data[reader.pos], [])
        token = reader.data[reader.pos]
        if reader.page or token & 0x7F != tokens.SYNCML["SyncML"] | tokens.CONTENT:
            return -1
        reader.pos += 1
        reader.open(token)
    except IndexError:
        raise DecodeError("document is cut short", len(ctx.data)) from None
    return reader.pos
