"""Documents from bytes and back, WBXML or XML, by what the bytes are. What the elements mean is not known here.

:mod:`.wbxml` also gives command records, the fast way to read a message; :mod:`.text` is the wire made readable.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple

from minisyncml.codec import wbxml, xml
from minisyncml.codec.node import Node
from minisyncml.codec.wbxml import IMPLEMENTATION
from minisyncml.errors import DecodeError, LimitError, LocalProtocolError
from minisyncml.limits import DEFAULT, Limits

__all__ = ["IMPLEMENTATION", "Document", "Node", "decode", "encode", "encoding_of"]


class Document(NamedTuple):
    """A decoded document."""

    root: Node
    encoding: str           #: "wbxml" or "xml"
    kind: str = ""          #: "syncml", "devinf", "metinf" or "" when nothing says it
    version: str = ""       #: of SyncML: "1.0", "1.1", "1.2" or "", as its head or namespace says
    wbxml: str = ""         #: version of WBXML: "1.0" to "1.3"; "" for XML
    charset: int = 106      #: MIBenum of a WBXML document


def encoding_of(data: bytes) -> str:
    """Tell WBXML from XML by the first bytes; a content type may lie.

    :param data: a document
    :returns: "wbxml" or "xml"
    :raises DecodeError: neither
    """
    if data[:1] and data[0] <= 3:
        return "wbxml"
    start = data[:64].lstrip(b" \t\r\n")
    if start[:1] == b"<" or data[:3] == b"\xef\xbb\xbf" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "xml"
    raise DecodeError("neither WBXML nor XML", 0)


def decode(data: bytes, content_type: str = "", limits: Limits = DEFAULT) -> Document:
    """Decode a document of either encoding into a tree.

    :param data: the document
    :param content_type: its media type, a hint only: it tells a DevInf without public identifier
    :param limits: bounds on size (bytes) and depth
    :returns: the document
    :raises DecodeError: malformed
    :raises LimitError: too long or too deep
    """
    if len(data) > limits.max_message:
        raise LimitError("document is too long", limits.max_message)
    if encoding_of(data) == "xml":
        root, kind, version = xml.decode(data, limits)
        return Document(root, "xml", kind, version)
    ctx = wbxml.context(data, "devinf" if "devinf" in content_type.lower() else "")
    root = wbxml.document(ctx, limits)
    kind = ctx.kind or {"SyncML": "syncml", "MetInf": "metinf"}.get(root.tag, "")
    return Document(root, "wbxml", kind, ctx.version, ctx.wbxml, ctx.charset)


def encode(root: Node, encoding: str = "wbxml", version: str = "1.2", kind: str = "syncml",
           wbxml_version: int = 2) -> bytes:
    """Encode a tree.

    :param root: the root element
    :param encoding: "wbxml" or "xml"
    :param version: of SyncML: "1.0", "1.1" or "1.2"
    :param kind: "syncml", "devinf" or "metinf"
    :param wbxml_version: 0 to 3 for WBXML 1.0 to 1.3
    :returns: the document
    :raises EncodeError: what this encoding cannot hold
    :raises LocalProtocolError: an encoding that does not exist
    """
    if encoding == "wbxml":
        return wbxml.encode(root, version, kind, wbxml_version)
    if encoding == "xml":
        return xml.encode(root, version, kind)
    raise LocalProtocolError(f"no such encoding: {encoding}")
