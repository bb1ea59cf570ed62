"""Messages without their secrets: elements of a document replaced in its very bytes, so that all else stays as it came.

What a trace needs and nothing more. Passwords and digests go (DS Protocol 1.2.1, section 5.3: `Cred`); the nonces of
`Chal` stay, they are sent in the clear and say nothing without the password.
"""

from __future__ import annotations

from typing import Callable, Iterator, Optional, Union

from minisyncml import codec
from minisyncml.codec.node import Node
from minisyncml.engine.auth import BASIC, MD5, b64, unb64, user_of
from minisyncml.errors import Error
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.commands import Cred

#: what stands where a password stood
PASSWORD = "masked"
BLIND = 512         #: bytes that go behind a sign of credentials in what cannot be read
_SIGNS = (b"<Cred", b":Cred", b"auth-basic", b"auth-md5", b"auth-MAC")
_NO_DIGEST = bytes(16)

#: is shown each element that holds data, with the elements around it; gives what is to stand there, None to leave it
Change = Callable[["list[Node]", Node], Optional[bytes]]
Leaf = Union[str, bytes]


def rewrite(body: bytes, content_type: str, change: Change, limits: Limits = DEFAULT) -> bytes:
    """Replace the data of some elements. Bytes around them stay where that can be; else the document is encoded anew.

    :param body: a document
    :param content_type: its media type, a hint
    :param change: says what is replaced
    :param limits: bounds
    :returns: a document that decodes to what was asked for
    :raises DecodeError: malformed, or beyond a limit
    """
    document = codec.decode(body, content_type, limits)
    changed: "list[tuple[Leaf, Leaf]]" = []
    for parents, node in _leaves(document.root, []):
        data = change(parents, node)
        if data is not None:
            changed += _put(node, data)
    if not changed:
        return body
    for spell in _SPELLINGS if document.encoding == "xml" else _SPELLINGS[:1]:
        candidate = _splice(body, changed, spell)
        if candidate is not None and _reads(candidate, content_type, document.root, limits):
            return candidate
    wbxml = int(document.wbxml[2:]) if document.wbxml else 2
    return codec.encode(document.root, document.encoding, document.version or "1.2", document.kind or "syncml", wbxml)


def _leaves(node: Node, parents: "list[Node]") -> "Iterator[tuple[list[Node], Node]]":
    """Elements with data, in document order, and what they are inside of."""
    if any(not isinstance(child, Node) for child in node.children):
        yield parents, node
    for child in list(node.elements()):
        yield from _leaves(child, [*parents, node])


def _put(node: Node, data: bytes) -> "list[tuple[Leaf, Leaf]]":
    """Puts data into an element, cut as the old was where the length allows."""
    leaves = [child for child in node.children if not isinstance(child, Node)]
    sizes = [len(_bytes(leaf)) for leaf in leaves]
    changed: "list[tuple[Leaf, Leaf]]" = []
    start = 0
    for number, (leaf, size) in enumerate(zip(leaves, sizes)):
        end = start + size if sum(sizes) == len(data) and number < len(leaves) - 1 else len(data)
        part = data[start:end]
        start = end
        changed.append((leaf, part.decode("utf-8", "surrogateescape") if isinstance(leaf, str) else part))
    new = iter(changed)
    node.children = [child if isinstance(child, Node) else next(new)[1] for child in node.children]
    return changed


def _bytes(leaf: Leaf) -> bytes:
    return leaf.encode("utf-8", "surrogateescape") if isinstance(leaf, str) else leaf


def _escaped(data: bytes) -> bytes:
    return data.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


#: how a leaf may stand in the bytes of a document
_SPELLINGS: "tuple[Callable[[bytes], bytes], ...]" = (
    lambda data: data,
    lambda data: data.replace(b"\n", b"\r\n"),
    _escaped,
    lambda data: _escaped(data).replace(b"\n", b"\r\n"),
    lambda data: _escaped(data).replace(b"\r", b"&#13;"),
    lambda data: _escaped(data).replace(b"\r", b"&#xD;"),
)


def _splice(body: bytes, changed: "list[tuple[Leaf, Leaf]]", spell: "Callable[[bytes], bytes]") -> Optional[bytes]:
    parts: "list[bytes]" = []
    at = 0
    for before, after in changed:
        old, new = spell(_bytes(before)), spell(_bytes(after))
        found = body.find(old, at)
        if found < 0:
            return None
        head = body[at:found]
        if isinstance(before, bytes) and len(old) != len(new) and head[-2:] == bytes((0xC3, len(old) & 0xFF)):
            if max(len(old), len(new)) > 127:
                return None
            head = head[:-1] + bytes((len(new),))    # the length of an OPAQUE
        parts += (head, new)
        at = found + len(old)
    parts.append(body[at:])
    return b"".join(parts)


def _reads(body: bytes, content_type: str, root: Node, limits: Limits) -> bool:
    try:
        return codec.decode(body, content_type, limits).root == root
    except Error:
        return False


# -- secrets

def credentials(parents: "list[Node]", node: Node,
                user: "Callable[[str], str]" = lambda name: name) -> Optional[bytes]:
    """A :data:`Change` that takes the secret out of credentials.

    :param parents: the elements around
    :param node: an element with data
    :param user: what to write for the name of a user
    :returns: what stands there instead, None for anything else
    """
    if node.tag != "Data" or not parents or parents[-1].tag != "Cred":
        return None
    return masked(node.data(), kind(parents[-1]), _meta(parents[-1], "Format"), user)


def kind(cred: Node) -> str:
    """How credentials are made.

    :param cred: the Cred element
    :returns: the Type of its Meta; basic when it names none
    """
    return _meta(cred, "Type") or BASIC


def _meta(cred: Node, name: str) -> str:
    meta = cred.find("Meta")
    found = meta.find(name) if meta is not None else None
    return found.text() if found is not None else ""


def masked(data: bytes, scheme: str, format: str, user: "Callable[[str], str]") -> bytes:
    """Credentials without their secret; all passwords look alike.

    :param data: as they stand in Cred
    :param scheme: the Type of their Meta
    :param format: its Format
    :param user: what to write for the name of a user
    :returns: what stands there instead
    """
    if scheme == BASIC:
        words = f"{user(user_of(Cred(data, BASIC, format), None, ''))}:{PASSWORD}".encode()
        return words if format == "chr" and b":" in data else b64(words)
    if scheme == MD5:
        return {16: _NO_DIGEST, 32: b"0" * 32}.get(len(data)) or b64(_NO_DIGEST)
    return PASSWORD.encode()


def blind(body: bytes) -> bytes:
    """A body that cannot be read, without what may be a secret in it.

    :param body: any bytes
    :returns: as many bytes; what is near a sign of credentials, or looks like some, is overwritten
    """
    import re
    out = bytearray(re.sub(rb"[A-Za-z0-9+/]{8,}={0,2}", lambda found: _stars(found.group()), body))
    for sign in _SIGNS:
        at = body.find(sign)
        while at >= 0:
            start = max(0, at - (BLIND if sign[:4] == b"auth" else 0))
            end = min(len(out), at + len(sign) + BLIND)
            out[start:end] = b"*" * (end - start)
            at = body.find(sign, at + 1)
    return bytes(out)


def _stars(word: bytes) -> bytes:
    """A word of base64; overwritten when it may be a user with a password, or a digest."""
    try:
        data = unb64(word)
    except ValueError:
        return word
    secret = len(data) == 16 or b":" in data
    return b"*" * len(word) if secret else word


def header(hmac: Optional[str]) -> Optional[str]:
    """The x-syncml-hmac header without its digest.

    :param hmac: the header, None when there was none
    :returns: the same with `mac=masked`
    """
    if hmac is None:
        return None
    fields = [field.strip() for field in hmac.split(",")]
    return ", ".join(f"mac={PASSWORD}" if field.lower().startswith("mac") else field for field in fields)


def url(text: str) -> str:
    """A URL without a password.

    :param text: a URL, or anything else
    :returns: the same without what stands before an `@` in its authority
    """
    scheme, found, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}" if found else text
