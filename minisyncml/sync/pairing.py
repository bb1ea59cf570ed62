"""Which of the peer's items is which of ours, once all of them are here. Loaded when a slow sync has something parked.

In this order, each one item to one:

1. UID and meaning are equal;
2. the UID is, and nobody else on either side has it;
3. the meaning is, whatever the UID: which of several that a person cannot tell apart does not matter;
4. the score says that they are the same, the highest first. Where two would fit as well, a *tie*, all of them stay
   apart: nothing is guessed.

What resembles without being sure is told, not joined. Only short digests are held; bodies are read again for a score.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from minisyncml.content.facts import Facts
from minisyncml.content.facts import facts as _facts
from minisyncml.content.score import NEAR, SURE, score
from minisyncml.errors import ItemError
from minisyncml.store.base import Parked, Reading
from minisyncml.sync.match import unsettled

if TYPE_CHECKING:
    from minisyncml.content.view import View

CROWD = 16      #: a block that more than so many items share says nothing
WORK = 20       #: for each item at most so many scores, on the average
_INDEX = (1 << 24) - 1
TOLD = 200      #: so many near-duplicates are told

Ask = Callable[[int], Optional[Facts]]
Classes = Dict[int, List[int]]
Edge = Tuple[int, int, int]     # score, index of theirs, of ours


class Near(NamedTuple):
    """Two items that look like the same thing and stay apart: their names, and what people call them."""

    mine: str
    theirs: str
    mine_title: str
    theirs_title: str


class Side:
    """The items of one side, in the order they were added, as short digests.

    :ivar handles: their names
    :ivar open: for each whether it has no counterpart yet
    """

    def __init__(self) -> None:
        self.handles: "list[str]" = []
        self.uids, self.meanings, self.open = array("Q"), array("Q"), bytearray()
        self._blocks = array("Q")       # 40 bits of digest, 24 of index

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
        self._blocks.extend([block & ~_INDEX | at for block in facts.blocks])

    def left(self) -> "Iterator[int]":
        """Those without counterpart.

        :returns: an iterator over indexes
        """
        return (at for at, is_open in enumerate(self.open) if is_open)

    def classes(self) -> "dict[int, list[int]]":
        """Those without counterpart, by meaning. The first of each stands for all, the same one in whatever order.

        :returns: indexes by meaning
        """
        found: "dict[int, list[int]]" = {}
        for at in self.left():
            found.setdefault(self.meanings[at], []).append(at)
        for ats in found.values():
            ats.sort(key=self.uids.__getitem__)
        return found

    def blocks(self, members: "set[int]") -> "dict[int, list[int]]":
        """Which of some items share a block.

        :param members: indexes
        :returns: indexes by block; crowds are left out
        """
        found: "dict[int, list[int]]" = {}
        for packed in self._blocks:
            if packed & _INDEX in members:
                found.setdefault(packed >> 24, []).append(packed & _INDEX)
        return {block: ats for block, ats in found.items() if len(ats) <= CROWD}


class Pairing:
    """Finds the pairs of two sides.

    :param mine: our items
    :param theirs: the peer's
    :ivar pairs: index of theirs to index of ours
    :ivar near: handles, ours and theirs, of what looks like the same thing and is not joined
    """

    def __init__(self, mine: Side, theirs: Side) -> None:
        self.mine, self.theirs = mine, theirs
        self.pairs: "dict[int, int]" = {}
        self.near: "list[tuple[str, str]]" = []
        self._join(_both)
        self._join(_uid, alone=True)
        self._join(_meaning)

    def _take(self, mine: int, theirs: int) -> None:
        self.pairs[theirs] = mine
        self.mine.open[mine] = self.theirs.open[theirs] = 0

    def _join(self, key: "Callable[[Side, int], int]", alone: bool = False) -> None:
        """Pair what has an equal key, in order; with `alone` only where one item of each side has it."""
        mine, theirs = self._sorted(self.mine, key), self._sorted(self.theirs, key)
        at = other = 0
        while at < len(mine) and other < len(theirs):
            one, two = key(self.mine, mine[at]), key(self.theirs, theirs[other])
            end = at + (one <= two)
            while at < end < len(mine) and key(self.mine, mine[end]) == one:
                end += 1
            last = other + (two <= one)
            while other < last < len(theirs) and key(self.theirs, theirs[last]) == two:
                last += 1
            if one == two and (not alone or end - at == last - other == 1):
                for my, their in zip(mine[at:end], theirs[other:last]):
                    self._take(my, their)
            at, other = end, last

    @staticmethod
    def _sorted(side: Side, key: "Callable[[Side, int], int]") -> "array[int]":
        """Those without counterpart that have a key; equal keys are neighbours, in order of age."""
        return array("L", sorted((at for at in side.left() if key(side, at)), key=lambda at: key(side, at)))

    def by_score(self, their_facts: Ask, my_facts: Ask,
                 more: "Optional[Callable[[int, int], bool]]" = None) -> None:
        """Pair the rest by what their facts say together.

        :param their_facts: gives those of one of theirs, asked for in ascending order; None: it cannot be read
        :param my_facts: gives those of one of ours
        :param more: whether two that are not sure (ours, theirs) are the same after all
        """
        ours, others = self.mine.classes(), self.theirs.classes()
        work = WORK * (len(ours) + len(others))
        edges: "list[Edge]" = []
        for their, candidates in self._candidates(ours, others):
            facts = their_facts(their) if work > 0 else None
            work -= len(candidates)
            for my in candidates if facts is not None else ():
                mine = my_facts(my)
                points = score(mine, facts) if mine is not None and facts is not None else 0
                if NEAR <= points < SURE and more is not None and more(my, their):
                    points = SURE
                if points >= NEAR:
                    edges.append((points, their, my))
        self._settle(edges, ours, others)

    def _candidates(self, ours: Classes, others: Classes) -> "Iterator[tuple[int, list[int]]]":
        """Which of ours one of theirs may be; one of each class stands for all."""
        if not ours or not others:
            return
        blocks = self.mine.blocks({ats[0] for ats in ours.values()})
        found: "dict[int, set[int]]" = {}
        for block, ats in self.theirs.blocks({ats[0] for ats in others.values()}).items():
            for at in ats if block in blocks else ():
                found.setdefault(at, set()).update(blocks[block])
        for at in sorted(found):
            yield at, sorted(found.pop(at))

    def _settle(self, edges: "list[Edge]", ours: Classes, others: Classes) -> None:
        """The best first; what would fit two stays apart, and so do these two."""
        tied: "set[tuple[int, int]]" = set()        # (side, index of who stands for a class)
        edges.sort(reverse=True)
        at = 0
        while at < len(edges) and edges[at][0] >= SURE:
            points, level = edges[at][0], []
            while at < len(edges) and edges[at][0] == points:
                _, their, my = edges[at]
                if self.theirs.open[their] and self.mine.open[my] and not {(0, my), (1, their)} & tied:
                    level.append((their, my))
                at += 1
            mine, theirs = Counter(my for _, my in level), Counter(their for their, _ in level)
            for their, my in level:
                if mine[my] == theirs[their] == 1:
                    for one, other in zip(others[self.theirs.meanings[their]], ours[self.mine.meanings[my]]):
                        self._take(other, one)
                tied |= {(0, my), (1, their)}
        for _, their, my in edges:
            if self.theirs.open[their] and self.mine.open[my] and len(self.near) < TOLD:
                self.near.append((self.mine.handles[my], self.theirs.handles[their]))


def find(reading: Reading, peer: str, view: "Optional[View]" = None) -> "tuple[dict[str, str], list[Near]]":
    """Pair what a peer sent in a slow sync, and was parked, with what is here and has no entry.

    :param reading: a batch
    :param peer: key of the peer
    :param view: what the peer sees of our items
    :returns: the peer's names to ours; and what looks like the same thing but stays apart
    """
    mine = Side()
    for id, _ in unsettled(reading, peer):
        known = _mine(reading, id, view)
        if known is not None:
            mine.add(id, known)
    theirs = Side()
    for one in _parked(reading, peer):
        theirs.add(one.remote, _facts(one.type, one.body, view.peer.zone if view is not None else ""))
    found = Pairing(mine, theirs)
    rest = _Rest(reading, peer, view, mine.handles)
    found.by_score(rest.theirs, rest.mine, rest.same if view is not None else None)
    return ({theirs.handles[their]: mine.handles[my] for their, my in found.pairs.items()},
            list(_titles(reading, peer, found.near)))


class _Rest:
    """Reads again what is to be scored; theirs are read in the order they came."""

    def __init__(self, reading: Reading, peer: str, view: "Optional[View]", ids: "list[str]") -> None:
        self._reading, self._view, self._ids = reading, view, ids
        self._parked = enumerate(_parked(reading, peer))
        self._one: Optional[Parked] = None

    def theirs(self, index: int) -> Optional[Facts]:
        self._one = next((one for at, one in self._parked if at == index), None)
        zone = self._view.peer.zone if self._view is not None else ""
        return _facts(self._one.type, self._one.body, zone) if self._one is not None else None

    def mine(self, index: int) -> Optional[Facts]:
        return _mine(self._reading, self._ids[index], self._view)

    def same(self, my: int, their: int) -> bool:
        """Whether the peer can say no more of ours than it said."""
        try:
            item, one = self._reading.get(self._ids[my]), self._one
            return item is not None and one is not None and self._view is not None \
                and self._view.same(item.type, item.body, one.type, one.body)
        except ItemError:
            return False


def _parked(reading: Reading, peer: str) -> "Iterator[Parked]":
    """What is parked and has no entry yet."""
    return (one for one in reading.parked(peer) if reading.by_remote(peer, one.remote) is None)


def _mine(reading: Reading, id: str, view: "Optional[View]") -> Optional[Facts]:
    try:
        item = reading.get(id)
    except ItemError:
        return None
    zone = (view.store.zone or view.peer.zone) if view is not None else ""
    return _facts(item.type, item.body, zone) if item is not None else None


def _titles(reading: Reading, peer: str, near: "list[tuple[str, str]]") -> "Iterator[Near]":
    """What people call those that are near."""
    wanted = {theirs for _, theirs in near}
    titles = {one.remote: _facts(one.type, one.body).title for one in reading.parked(peer)
              if one.remote in wanted} if wanted else {}
    for mine, theirs in near:
        known = _mine(reading, mine, None)
        yield Near(mine, theirs, known.title if known is not None else "", titles.get(theirs, ""))


def _both(side: Side, at: int) -> int:
    return side.uids[at] and side.uids[at] ^ side.meanings[at]


def _uid(side: Side, at: int) -> int:
    return side.uids[at]


def _meaning(side: Side, at: int) -> int:
    return side.meanings[at]
