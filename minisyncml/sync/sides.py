"""The items of one side of a comparison as short digests in arrays: who shares something with whom, in little room.

What is compared, and what follows from that, is not known here.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import Iterator, List

from minisyncml.content.facts import Facts

CROWD = 16      #: a block that more than so many items share says nothing
_INDEX = (1 << 24) - 1


class Side:
    """The items of one side, in the order they were added.

    :ivar handles: their names
    :ivar open: for each whether it has no counterpart yet
    :ivar blocks: 40 bits of each block, and 24 of the index of whose it is; in order of index
    """

    def __init__(self) -> None:
        self.handles: "list[str]" = []
        self.uids, self.meanings, self.blocks, self.open = array("Q"), array("Q"), array("Q"), bytearray()

    def add(self, handle: str, facts: Facts) -> None:
        """One more item.

        :param handle: its name
        :param facts: what it is known by
        """
        at = len(self.handles)
        self.handles.append(handle)
        self.uids.append(facts.uid)
        self.meanings.append(facts.meaning)
        self.open.append(1)
        self.blocks.extend([block & ~_INDEX | at for block in facts.blocks])

    def left(self) -> "Iterator[int]":
        """Those without counterpart.

        :returns: an iterator over indexes
        """
        return (at for at, is_open in enumerate(self.open) if is_open)


class Classes:
    """The items of a side that have no counterpart; those of one meaning are a class, and one stands for all of them,
    the same one in whatever order they came.

    :param side: the side
    :ivar heads: for each item whether it stands for its class
    """

    def __init__(self, side: Side) -> None:
        self.heads = bytearray(len(side.open))
        self._rest: "dict[int, list[int]]" = {}
        head = -1
        for at in sorted(side.left(), key=lambda at: side.meanings[at] << 64 | side.uids[at]):
            if head < 0 or side.meanings[at] != side.meanings[head]:
                head = at
                self.heads[at] = 1
            else:
                self._rest.setdefault(head, []).append(at)

    def __iter__(self) -> "Iterator[int]":
        return (at for at, is_head in enumerate(self.heads) if is_head)

    def __len__(self) -> int:
        """How many classes there are."""
        return self.heads.count(1)

    def members(self, head: int) -> "list[int]":
        """All of a class.

        :param head: index of who stands for it
        :returns: indexes
        """
        return [head, *self._rest.get(head, ())]


class Blocks:
    """Who shares a block, among those that stand for a class.

    :param side: the side
    :param classes: its classes
    """

    def __init__(self, side: Side, classes: Classes) -> None:
        self._sorted = array("Q", sorted(block for block in side.blocks if classes.heads[block & _INDEX]))

    def sharing(self, block: int) -> "List[int]":
        """Who has a block.

        :param block: one of a side's
        :returns: indexes; none when it is a crowd
        """
        first = bisect_left(self._sorted, block & ~_INDEX)
        last = bisect_right(self._sorted, block | _INDEX, first)
        return [each & _INDEX for each in self._sorted[first:last]] if last - first <= CROWD else []


def candidates(side: Side, classes: Classes, other: Side, other_classes: Classes) -> "Iterator[tuple[int, list[int]]]":
    """Who of another side shares a block with somebody of this one.

    :param side: this side
    :param classes: its classes
    :param other: the other one; it may be the same
    :param other_classes: its classes
    :returns: an iterator over indexes of this side, ascending, each with those of the other, ascending
    """
    here, there = Blocks(side, classes), Blocks(other, other_classes)
    at = -1
    found: "set[int]" = set()
    for block in side.blocks:
        if block & _INDEX != at:
            if found:
                yield at, sorted(found)
            at, found = block & _INDEX, set()
        if classes.heads[at] and here.sharing(block):
            found.update(there.sharing(block))
    if found:
        yield at, sorted(found)
