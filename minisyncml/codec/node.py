"""A SyncML document as a plain tree: what the codecs read and write when a whole tree is wanted.

Two kinds of leaf keep what matters on the wire apart: `str` is text (WBXML STR_I, XML character data), `bytes` is
opaque data (WBXML OPAQUE, XML CDATA). Names are element names without namespace: the two code pages of a SyncML
document share none, and DevInf is a document of its own.
"""

from __future__ import annotations

from typing import Iterator, Optional, Union


class Node:
    """One element.

    :param tag: element name, for example `Meta`
    :param children: elements, text (str) and opaque data (bytes), in order
    """

    __slots__ = ("tag", "children")

    def __init__(self, tag: str, children: "Optional[list[Union[Node, str, bytes]]]" = None) -> None:
        self.tag = tag
        self.children: "list[Union[Node, str, bytes]]" = [] if children is None else children

    def elements(self) -> "Iterator[Node]":
        """The child elements, in order.

        :returns: an iterator of nodes
        """
        return (child for child in self.children if isinstance(child, Node))

    def find(self, tag: str) -> "Optional[Node]":
        """The first child element of that name.

        :param tag: element name
        :returns: the node, or None
        """
        for child in self.children:
            if isinstance(child, Node) and child.tag == tag:
                return child
        return None

    def data(self) -> bytes:
        """All text and opaque pieces directly inside, joined in order (text as UTF-8).

        :returns: bytes, empty when there are none
        """
        return b"".join(c.encode("utf-8", "surrogateescape") if isinstance(c, str) else c
                        for c in self.children if not isinstance(c, Node))

    def text(self) -> str:
        """:meth:`data` as text; bytes that are no UTF-8 become U+FFFD.

        :returns: the text, white space at both ends removed
        """
        return self.data().decode("utf-8", "replace").strip()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.tag == other.tag and self.children == other.children

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Node({self.tag!r}, {self.children!r})"
