"""What the email, file and folder objects of OMA DS 1.2 have in common: XML of flags and dates around opaque content.

The content is lifted out before the XML is read: a parser would make LF of its CR LF, and some peers close its CDATA
in a way that no parser takes.
"""

from __future__ import annotations

import binascii
from typing import Iterable, Iterator, Optional, Sequence

from minisyncml.content.elements import MAX_SIZE, Element, fragment, read_document, write_elements
from minisyncml.content.form import Form
from minisyncml.content.formats import Format
from minisyncml.content.lines import Property
from minisyncml.errors import ItemError

_OPEN, _CLOSE = b"<![CDATA[", (b"]]>", b"]]&gt;")
_REFERENCES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&#13;", b"\r"),
               (b"&#xD;", b"\r"), (b"&#xd;", b"\r"), (b"&#10;", b"\n"), (b"&#xA;", b"\n"), (b"&#xa;", b"\n"),
               (b"&#9;", b"\t"), (b"&amp;", b"&"))
#: the order that the elements of all three objects have to stand in
_ORDER = ("name", "read", "forwarded", "replied", "received", "created", "modified", "accessed", "deleted", "flagged",
          "attributes", "cttype", "size", "role", "Ext")


def read(body: bytes, roots: "Sequence[str]", content: str) -> "list[Property]":
    """The properties of an object.

    :param body: the XML
    :param roots: names that its root may have
    :param content: the element with the content
    :returns: BEGIN and END with the root's name; one property for each element, named in capitals, ATTRIBUTES and EXT
        one for each thing in them (parameter NAME); BODY in base64 where there is one. Values have no escapes
    :raises ItemError: when it is none
    """
    if len(body) > MAX_SIZE:
        raise ItemError(f"an object of {len(body)} bytes is too large", 413)
    shell, raw = _lifted(body, content.encode())
    root = read_document(shell)
    if root.name.lower() not in (name.lower() for name in roots):
        raise ItemError(f"this is no {roots[0]} but {root.name[:40]}")
    found = [Property("BEGIN", root.name.upper())]
    for each in root.children:
        if each.name.lower() != content:
            found += _properties(each)
        elif raw is not None or each.text:
            data = _decoded(each.text.encode() if raw is None else raw, each.attribute("enc").strip().lower())
            found.append(holding(data))
    return [*found, Property("END", root.name.upper())]


def holding(content: bytes) -> Property:
    """Content as a property.

    :param content: any bytes
    :returns: BODY in base64
    """
    return Property("BODY", binascii.b2a_base64(content, newline=False).decode(), (("ENCODING", "BASE64"),))


def content_of(found: "Iterable[Property]") -> Optional[bytes]:
    """The content of an object.

    :param found: its properties
    :returns: None when it has none: only what is known about it was sent
    """
    body = next((each for each in found if each.name == "BODY"), None)
    return None if body is None else _unbased(body.value.encode())


class Content(Format):
    """The content alone, byte for byte.

    :param type: media type
    :param family: mail or file
    :param root: of the object around it
    """

    def __init__(self, type: str, family: str, root: str) -> None:
        self.type, self.family, self.root = type, family, root

    def read(self, body: bytes, form: Form) -> "list[Property]":
        if len(body) > MAX_SIZE:
            raise ItemError(f"an object of {len(body)} bytes is too large", 413)
        return [Property("BEGIN", self.root), holding(body), Property("END", self.root)]

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        body = content_of(found)
        if body is None:
            raise ItemError("it has no content")
        return body


def completed(mine: bytes, theirs: bytes) -> bytes:
    """Theirs with what only ours says: a peer that changes a flag or a name need not send the content again.

    :param mine: an email or file object
    :param theirs: one of the same kind, without content
    :returns: an object with our content; ours as it is when nothing of theirs can be understood
    """
    for roots, content in ((("Email",), "emailitem"), (("File",), "body")):
        try:
            ours, found = read(mine, roots, content), read(theirs, roots, content)
        except ItemError:
            continue
        data = content_of(ours)
        if data is None or content_of(found) is not None:
            return theirs
        names = {(each.name, each.param("NAME")) for each in found}
        kept = [each for each in ours[1:-1] if (each.name, each.param("NAME")) not in names and each.name != "BODY"]
        body = Element(content, holding(data).value, (("enc", "base64"),))
        return write(roots[0], [*found[:-1], *kept], body)
    return mine


def write(root: str, found: "Iterable[Property]", body: Optional[Element]) -> bytes:
    """An object.

    :param root: the name of its root
    :param found: the properties, as from :func:`read`
    :param body: the element with the content
    :returns: the XML
    """
    groups: "dict[str, list[Property]]" = {}
    for each in found:
        if each.name not in ("BEGIN", "END", "BODY"):
            groups.setdefault(each.name, []).append(each)
    names = [name for name in _ORDER if name.upper() in groups]
    rest = [name for name in groups if name not in (known.upper() for known in _ORDER)]
    elements: "list[Element]" = []
    for name in (*names, *rest):
        elements += _elements(name, groups[name.upper()])
    if body is not None:
        elements.append(body)
    return write_elements(root, elements)


def _lifted(body: bytes, name: bytes) -> "tuple[bytes, Optional[bytes]]":
    """The XML without the content of an element, and that; None where there is none."""
    at = body.find(b"<" + name)
    start = body.find(b">", at) + 1 if at >= 0 else 0
    end = body.rfind(b"</" + name)
    if at < 0 or not start or end < start or body[start - 2:start] == b"/>":
        return body, None
    return body[:start] + body[end:], body[start:end]


def _decoded(raw: bytes, encoding: str) -> bytes:
    inner = _bare(raw)
    data = inner if inner is not None else _plain(raw)
    if encoding == "base64":
        return _unbased(data)
    if encoding == "quoted-printable":
        data = binascii.a2b_qp(data)
        if inner is None and data.lstrip().startswith(_OPEN):   # one maker encodes the section with what is in it
            data = _bare(data) or b""
    return data


def _unbased(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error as error:
        raise ItemError(f"the content is no base64: {error}") from None


def _bare(raw: bytes) -> Optional[bytes]:
    """What stands in a CDATA section, byte for byte; None when it is none."""
    start = len(raw) - len(raw.lstrip())
    if not raw.startswith(_OPEN, start):
        return None
    rest = raw.rstrip()
    end = max(rest.rfind(close) for close in _CLOSE)
    if end < start + len(_OPEN):
        raise ItemError("the content has no end")
    return rest[start + len(_OPEN):end].replace(b"]]]]><![CDATA[>", b"]]>")


def _plain(raw: bytes) -> bytes:
    if b"&" in raw:
        for reference, sign in _REFERENCES:
            raw = raw.replace(reference, sign)
    return raw


def _properties(each: Element) -> "Iterator[Property]":
    name = each.name.upper()
    if name == "ATTRIBUTES":
        for flag in each.children:
            yield Property(name, flag.text.strip().lower() or "true", (("NAME", flag.name.lower()),))
    elif name == "EXT":
        label = next((one.text for one in each.children if one.name.lower() == "xnam"), "")
        for one in each.children:
            if one.name.lower() == "xval":
                yield Property(name, one.text, (("NAME", label),))
    elif each.children:
        yield Property(name, fragment(each), (("VALUE", "XML"),))
    else:
        yield Property(name, each.text if name == "NAME" else each.text.strip(),
                       () if each.name.islower() else (("X-CASE", each.name),))


def _elements(name: str, found: "list[Property]") -> "Iterator[Element]":
    if name.upper() == "ATTRIBUTES":
        yield Element(name, "", (), tuple(Element(each.param("NAME") or "", each.value) for each in found
                                          if (each.param("NAME") or "").isalpha()))
    elif name.upper() == "EXT":
        for each in found:
            yield Element(name, "", (), (Element("XNam", each.param("NAME") or ""), Element("XVal", each.value)))
    else:
        for each in found:
            if each.param("VALUE") == "XML":
                yield read_document(each.value.encode("utf-8", "replace"))
            else:
                yield Element(_cased(name, each.param("X-CASE") or ""), each.value)


def _cased(name: str, case: str) -> str:
    """A name as it was written; of what came from elsewhere no more than XML can say."""
    plain = case if case.upper() == name.upper() else name if not name.isupper() else name.lower()
    good = "".join(sign for sign in plain if sign.isascii() and (sign.isalnum() or sign in "-_."))
    return good if good[:1].isalpha() else "x-" + good
