"""Generated values of every class of a message, each as its version and encoding can hold it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from minisyncml.codec.node import Node
from minisyncml.message import commands as c

VERSIONS = ("1.0", "1.1", "1.2")

# what XML can hold; ends are stripped by every reader. Mostly from a list: drawing letter by letter is slow
_CHARACTERS = st.one_of(st.sampled_from("a1./&<>\"'\r\n\t]"), st.characters(blacklist_categories=("Cc", "Cs", "Cn")))
_LETTERS = st.text(_CHARACTERS, max_size=4).map(str.strip)
_SOME = ["1", "2", "b64", "./contacts", "text/x-vcard", "a & b", "<Item>", "]]>", "l\r\nm",
         "\u00e9\u20ac\U0001f600", "x" * 200]
WORDS = st.one_of(st.sampled_from(_SOME), st.sampled_from(_SOME), _LETTERS.map(lambda text: text or "0"))
TEXTS = st.one_of(st.sampled_from(["", *_SOME]), st.sampled_from(_SOME), _LETTERS)
NUMBERS = st.integers(0, 10**12)


def build(make: Any, *parts: "st.SearchStrategy[Any]") -> "st.SearchStrategy[Any]":
    """As st.builds, but the fields not given keep their defaults."""
    return st.tuples(*parts).map(lambda values: make(*values))


def maybe(values: "st.SearchStrategy[Any]") -> "st.SearchStrategy[Any]":
    return st.one_of(st.none(), values)


def several(values: "st.SearchStrategy[Any]") -> "st.SearchStrategy[tuple[Any, ...]]":
    return st.lists(values, max_size=2).map(tuple)


_BODIES = [b"", b" ", b"\r\n", b"BEGIN:VCARD\r\nN:\xc3\xa9;&<>\r\nEND:VCARD\r\n", b"]]>", b"y" * 130]


def bodies(xml: bool) -> "st.SearchStrategy[bytes]":
    text = _LETTERS.map(lambda text: text.encode())
    return st.one_of(st.sampled_from(_BODIES), text if xml else st.binary(max_size=20))


def metas(version: str) -> "st.SearchStrategy[c.Meta]":
    late = version >= "1.1"
    mem = build(c.Mem, maybe(NUMBERS), maybe(NUMBERS), st.booleans())
    return build(
        c.Meta, maybe(TEXTS), maybe(TEXTS), maybe(NUMBERS), maybe(TEXTS), maybe(TEXTS), maybe(TEXTS), maybe(NUMBERS),
        maybe(NUMBERS) if late else st.none(), maybe(TEXTS), maybe(TEXTS),
        st.booleans() if version >= "1.2" else st.just(False),
        several(TEXTS) if late else st.just(()), maybe(mem) if late else st.none()).filter(lambda m: m != c.Meta())


def creds(xml: bool) -> "st.SearchStrategy[c.Cred]":
    return build(c.Cred, bodies(xml), maybe(TEXTS), maybe(TEXTS))


MARKUP = st.sampled_from([
    Node("Data", [Node("Anchor", [Node("Next", ["20260101T000000Z"])])]),
    Node("Data", [Node("Anchor", [Node("Last"), Node("Next", ["7 & 8"])])]),
])
INNER = WORDS.map(lambda text: Node("Item", [Node("Meta", [Node("Type", [text])]), Node("Data", [text])]))


def items(version: str, xml: bool) -> "st.SearchStrategy[c.Item]":
    late = version >= "1.2"
    filters = build(c.Filter, maybe(TEXTS), maybe(INNER), maybe(INNER), maybe(st.just("INCLUSIVE")))
    return build(
        c.Item, maybe(TEXTS), maybe(TEXTS), maybe(metas(version)), st.one_of(st.none(), bodies(xml), MARKUP),
        st.booleans() if version >= "1.1" else st.just(False), maybe(TEXTS) if late else st.none(),
        maybe(TEXTS) if late else st.none(), maybe(TEXTS), maybe(TEXTS), maybe(filters) if late else st.none())


def plain_items(xml: bool) -> "st.SearchStrategy[c.Item]":
    """The items that address books are made of."""
    return build(c.Item, maybe(TEXTS), maybe(TEXTS), st.sampled_from([None, c.Meta("text/x-vcard")]),
                     maybe(bodies(xml)))


def commands(version: str, xml: bool, depth: int = 1) -> "st.SearchStrategy[Any]":
    item, meta, cred, flag = items(version, xml), maybe(metas(version)), maybe(creds(xml)), st.booleans()
    many = several(item)
    simple = [c.Add, c.Replace, c.Copy] + ([c.Move] if version >= "1.2" else [])
    kinds = [build(cls, TEXTS, many, meta, flag, cred) for cls in simple]
    kinds += [build(cls, WORDS, several(plain_items(xml)), meta) for cls in (c.Add, c.Replace, c.Delete)]
    kinds += [
        build(c.Delete, TEXTS, many, meta, flag, cred, flag, flag),
        build(c.Status, TEXTS, TEXTS, TEXTS, TEXTS, st.integers(0, 999), several(TEXTS), several(TEXTS), meta, many,
                  cred),
        build(c.Status, WORDS, WORDS, WORDS, WORDS, st.integers(0, 999), several(WORDS), several(WORDS)),
        build(c.Alert, TEXTS, maybe(st.integers(0, 999)), many, flag, cred,
                  maybe(TEXTS) if version >= "1.2" else st.none()),
        build(c.Map, TEXTS, maybe(TEXTS), maybe(TEXTS), several(build(c.MapItem, TEXTS, TEXTS)), meta, cred),
        build(c.Put, TEXTS, many, meta, flag, cred, maybe(TEXTS)),
        build(c.Get, TEXTS, many, meta, flag, cred, maybe(TEXTS)),
        build(c.Results, TEXTS, maybe(TEXTS), maybe(TEXTS), many, meta, maybe(TEXTS), maybe(TEXTS)),
        WORDS.map(lambda text: c.Unknown(text, "Exec", Node("Exec", [Node("CmdID", [text]), Node("NoResp")]), True)),
    ]
    if depth:
        inner = several(commands(version, xml, depth - 1))
        kinds += [build(cls, TEXTS, inner, meta, flag) for cls in (c.Atomic, c.Sequence)]
        kinds.append(build(c.Sync, TEXTS, maybe(TEXTS), maybe(TEXTS), inner, meta,
                               maybe(NUMBERS) if version >= "1.1" else st.none(), flag, cred))
    return st.one_of(kinds)


def headers(version: str, xml: bool) -> "st.SearchStrategy[c.Header]":
    return build(c.Header, st.just(version), st.just(f"SyncML/{version}"), WORDS, WORDS, TEXTS, WORDS, maybe(TEXTS),
                     maybe(TEXTS), maybe(TEXTS), st.booleans(), maybe(creds(xml)), maybe(metas(version)))


@st.composite
def messages(draw: Any, encoding: str) -> "tuple[c.Message, str]":
    """A message, and the version to write it in."""
    version = draw(st.sampled_from(VERSIONS))
    found = draw(st.lists(COMMANDS[encoding, version], max_size=4))
    return c.Message(draw(HEADERS[encoding, version]), tuple(found), draw(st.booleans())), version


ENCODINGS = ("wbxml", "xml")
COMMANDS = {(e, v): commands(v, e == "xml") for e in ENCODINGS for v in VERSIONS}
HEADERS = {(e, v): headers(v, e == "xml") for e in ENCODINGS for v in VERSIONS}
