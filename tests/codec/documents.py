"""Documents for the codec tests: the vectors, and a wild encoder that writes one tree in all the ways WBXML allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Union

from hypothesis import strategies as st

from minisyncml.codec import tokens, wbxml
from minisyncml.codec.node import Node

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "wbxml.md"


class Vector(NamedTuple):
    name: str
    data: bytes
    xml: str
    both_ways: bool


def vectors() -> "list[Vector]":
    """The cases of vectors/wbxml.md."""
    found = []
    for part in VECTORS.read_text(encoding="utf-8").split("\n## ")[1:]:
        name = part.split("\n", 1)[0]
        data = part.split("```hex\n")[1].split("```")[0]
        xml = part.split("```xml\n")[1].split("\n```")[0]
        found.append(Vector(name, bytes.fromhex(data.replace("\n", "")), xml, name.endswith("(both ways)")))
    return found


# -- any tree, any way ------------------------------------------------------------------------------------------------

PAGE0 = sorted(tokens.SYNCML)
PAGE1 = sorted(tokens.METINF)
TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=12)
PIECES = st.one_of(TEXT, st.binary(max_size=12))


def element(tag: "Union[str, st.SearchStrategy[str]]", *children: Any) -> "st.SearchStrategy[Node]":
    """A node whose children are drawn from strategies of lists."""
    tags = st.just(tag) if isinstance(tag, str) else tag
    return st.builds(lambda name, parts: Node(name, [child for part in parts for child in part]), tags,
                     st.tuples(*children))


def one(strategy: "st.SearchStrategy[Any]") -> "st.SearchStrategy[list[Any]]":
    return st.builds(lambda value: [value], strategy)


def maybe(strategy: "st.SearchStrategy[Any]") -> "st.SearchStrategy[list[Any]]":
    return st.lists(strategy, max_size=1)


LEAF = st.lists(PIECES, min_size=1, max_size=1)


def leaf(tag: "Union[str, st.SearchStrategy[str]]") -> "st.SearchStrategy[Node]":
    return element(tag, st.one_of(LEAF, LEAF, LEAF, st.lists(PIECES, max_size=2)))


def place(tag: str) -> "st.SearchStrategy[Node]":
    return element(tag, one(leaf("LocURI")), st.one_of(st.just([]), st.just([]), maybe(leaf("LocName"))))


META = element("Meta", maybe(leaf("Type")), maybe(leaf("Format")),
               maybe(element("Anchor", maybe(leaf("Last")), one(leaf("Next")))))
ITEM = element("Item", maybe(place("Source")), maybe(place("Target")), maybe(META), maybe(leaf("Data")),
               maybe(element("MoreData")))
HEAD = (one(leaf("CmdID")), maybe(element("NoResp")), maybe(META))
ITEMS = st.lists(ITEM, max_size=4)
COMMAND = st.one_of(
    element(st.sampled_from(["Add", "Replace", "Delete", "Copy"]), *HEAD, ITEMS),
    element("Delete", *HEAD, maybe(element("Archive")), maybe(element("SftDel")), ITEMS),
    element("Status", *(maybe(leaf(tag)) for tag in ("CmdID", "MsgRef", "CmdRef", "Cmd", "TargetRef", "SourceRef",
                                                    "Data")), st.one_of(st.just([]), st.just([]), ITEMS)),
    element("Map", one(leaf("CmdID")), maybe(place("Target")), maybe(place("Source")), maybe(META),
            st.lists(element("MapItem", maybe(place("Target")), maybe(place("Source"))), max_size=4)),
    element("Alert", one(leaf("CmdID")), one(leaf("Data")), ITEMS),
    element("Final"))
STRANGE = st.recursive(leaf(st.sampled_from(PAGE0 + PAGE1)),
                       lambda inner: element(st.sampled_from(PAGE0 + PAGE1), st.lists(inner, max_size=4)), max_leaves=8)
SYNC = element("Sync", one(leaf("CmdID")), maybe(place("Target")), maybe(place("Source")), maybe(META),
               maybe(leaf("NumberOfChanges")), st.one_of(st.just([]), st.just([]), maybe(STRANGE)),
               st.lists(st.one_of(COMMAND, COMMAND, COMMAND, STRANGE), max_size=5))
BODY = st.lists(st.one_of(COMMAND, SYNC, SYNC, STRANGE), max_size=4)
MESSAGES = element("SyncML", maybe(element("SyncHdr", one(leaf("VerDTD")), one(leaf("MsgID")), maybe(META))),
                   st.one_of(st.just([]), st.just([]), maybe(STRANGE)), one(element("SyncBody", BODY)))


class Wild:
    """Writes a tree as strangely as the grammar allows, as `choose` says: a function that picks a number below n."""

    def __init__(self, choose: Any) -> None:
        self.choose = choose
        self.page = 0
        self.table = b""
        self.out = b""

    def document(self, root: Node) -> bytes:
        self.element(root)
        return wbxml.header(table=self.table) + self.out

    def element(self, node: Node) -> None:
        page, token = (0, tokens.SYNCML[node.tag]) if node.tag in tokens.SYNCML else (1, tokens.METINF[node.tag])
        if self.choose(12) == 0:
            self.out += b"\0" + bytes([self.choose(3)])
            self.page = self.out[-1]
        if page != self.page or self.choose(12) == 0:
            self.out += b"\0" + bytes([page])
            self.page = page
        literal = self.choose(24) == 0
        attributes = 0x80 if self.choose(24) == 0 else 0
        content = 0x40 if node.children or self.choose(4) == 0 else 0
        self.out += bytes([(4 if literal else token) | attributes | content])
        if literal:
            self.out += wbxml.mb(self.string(node.tag.encode()))
        self.out += b"\x05\x03a\0\x85\xc3\x01\x01\x01" if attributes else b""
        for child in node.children:
            self.element(child) if isinstance(child, Node) else self.piece(child)
        self.out += b"\x01" if content else b""

    def piece(self, piece: "str | bytes") -> None:
        if self.choose(24) == 0:
            self.out += b"\x43\x05\x03pi\0\x01"
        if isinstance(piece, bytes):
            self.out += b"\xc3" + wbxml.mb(len(piece)) + piece
        elif self.choose(10) == 0:
            self.out += b"\x83" + wbxml.mb(self.string(piece.encode()))
        elif self.choose(10) == 0 and len(piece) == 1:
            self.out += b"\x02" + wbxml.mb(ord(piece))
        elif self.choose(10) == 0:
            self.out += b"\x03" + piece[:1].encode() + b"\0\x03" + piece[1:].encode() + b"\0"
        else:
            self.out += b"\x03" + piece.encode() + b"\0"

    def string(self, raw: bytes) -> int:
        self.table += raw + b"\0"
        return len(self.table) - len(raw) - 1


@st.composite
def wild_documents(draw: Any) -> "tuple[bytes, Node]":
    """A document, and the tree it was made of."""
    root = draw(MESSAGES)
    random = draw(st.randoms(use_true_random=False))
    return Wild(random.randrange).document(root), root


@st.composite
def damaged_documents(draw: Any) -> bytes:
    """A document with some bytes replaced, taken away or put in."""
    data = bytearray(draw(wild_documents())[0])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at:at + draw(st.integers(0, 3))] = draw(st.one_of(
            st.binary(max_size=3), st.sampled_from([b"\0", b"\1", b"\3", b"\4", b"\xc3", b"\x83", b"\x02", b"\x54"])))
    return bytes(data)


def plain(node: Node) -> Any:
    """A tree with text and opaque data alike, pieces joined: what a message means."""
    children = [plain(child) for child in node.children if isinstance(child, Node)]
    return node.tag, node.data() if not children else b"", children
