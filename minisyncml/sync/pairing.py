"""Which of the peer's items is which of ours, once all of them are here. Loaded when a slow sync has something parked.

In this order, each one item to one:

1. UID and meaning are equal;
2. the UID is, and nobody else on either side has it;
3. the meaning is, whatever the UID: which of several that a person cannot tell apart does not matter;
4. the score says that they are the same, the highest first. Where two would fit as well, a *tie*, all of them stay
   apart: nothing is guessed. What resembles without being sure is the same, too, when the peer has called it by the
   same name before.

What resembles without being sure is told, not joined. Only short digests are held; bodies are read again for a score.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Callable, Iterator, NamedTuple, Optional

from minisyncml.content.facts import Facts
from minisyncml.content.facts import facts as _facts
from minisyncml.content.score import NEAR, SURE, score
from minisyncml.errors import ItemError
from minisyncml.store.base import Parked, Reading
from minisyncml.sync.match import WAS, unsettled
from minisyncml.sync.sides import Classes, Side, candidates

if TYPE_CHECKING:
    from minisyncml.content.view import View

WORK = 20       #: for each item at most so many scores, on the average
INDEX = (1 << 24) - 1       # edges are packed: score, index of theirs, of ours
TOLD = 200      #: so many near-duplicates are told

Ask = Callable[[int], Optional[Facts]]


class Near(NamedTuple):
    """Two items that look like the same thing and stay apart: their names, and what people call them."""

    mine: str
    theirs: str
    mine_title: str
    theirs_title: str


class Pairing:
    """Finds the pairs of two sides.

    :param mine: our items
    :param theirs: the peer's
    :ivar near: handles, ours and theirs, of what looks like the same thing and is not joined
    """

    def __init__(self, mine: Side, theirs: Side) -> None:
        self.mine, self.theirs = mine, theirs
        self._mine_of = array("L", bytes(len(theirs.open) * array("L").itemsize))     # where theirs is not open
        self.near: "list[tuple[str, str]]" = []
        self._join(_both)
        self._join(_uid, alone=True)
        self._join(_meaning)

    def pairs(self) -> "Iterator[tuple[int, int]]":
        """What was found.

        :returns: an iterator over indexes of theirs and ours
        """
        return ((their, my) for their, my in enumerate(self._mine_of) if not self.theirs.open[their])

    def _take(self, mine: int, theirs: int) -> None:
        self._mine_of[theirs] = mine
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
        ours, others = Classes(self.mine), Classes(self.theirs)
        work = WORK * (len(ours) + len(others))
        edges = array("Q")
        for their, found in candidates(self.theirs, others, self.mine, ours) if len(ours) and len(others) else ():
            facts = their_facts(their) if work > 0 else None
            work -= len(found)
            for my in found if facts is not None else ():
                mine = my_facts(my)
                points = score(mine, facts) if mine is not None and facts is not None else 0
                if NEAR <= points < SURE and more is not None and more(my, their):
                    points = SURE
                if points >= NEAR:
                    edges.append(points << 48 | their << 24 | my)
        self._settle(array("Q", sorted(edges, reverse=True)), ours, others)

    def _settle(self, edges: "array[int]", ours: Classes, others: Classes) -> None:
        """The best first; what would fit two stays apart, and so do these two."""
        at = 0
        mine, theirs = bytearray(self.mine.open), bytearray(self.theirs.open)     # who may still be joined
        while at < len(edges) and edges[at] >> 48 >= SURE:
            end = at
            while end < len(edges) and edges[end] >> 48 == edges[at] >> 48:
                end += 1
            level = array("Q", [edge for edge in edges[at:end] if theirs[edge >> 24 & INDEX] and mine[edge & INDEX]])
            self._level(level, ours, others)
            for edge in level:
                theirs[edge >> 24 & INDEX] = mine[edge & INDEX] = 0
            at = end
        for edge in edges:
            their, my = edge >> 24 & INDEX, edge & INDEX
            if self.theirs.open[their] and self.mine.open[my] and len(self.near) < TOLD:
                self.near.append((self.mine.handles[my], self.theirs.handles[their]))

    def _level(self, level: "array[int]", ours: Classes, others: Classes) -> None:
        """Join what fits only each other, of those that fit equally well."""
        mine, theirs = bytearray(len(self.mine.open)), bytearray(len(self.theirs.open))
        for edge in level:
            their, my = edge >> 24 & INDEX, edge & INDEX
            mine[my], theirs[their] = min(2, mine[my] + 1), min(2, theirs[their] + 1)
        for edge in level:
            their, my = edge >> 24 & INDEX, edge & INDEX
            if mine[my] == theirs[their] == 1:
                for one, other in zip(others.members(their), ours.members(my)):
                    self._take(other, one)


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
    found.by_score(rest.theirs, rest.mine, rest.same)
    return ({theirs.handles[their]: mine.handles[my] for their, my in found.pairs()},
            list(_titles(reading, peer, found.near)))


class _Rest:
    """Reads again what is to be scored; theirs are read in the order they came."""

    def __init__(self, reading: Reading, peer: str, view: "Optional[View]", ids: "list[str]") -> None:
        self._reading, self._peer, self._view, self._ids = reading, peer, view, ids
        self._parked = enumerate(_parked(reading, peer))
        self._one: Optional[Parked] = None

    def theirs(self, index: int) -> Optional[Facts]:
        self._one = next((one for at, one in self._parked if at == index), None)
        zone = self._view.peer.zone if self._view is not None else ""
        return _facts(self._one.type, self._one.body, zone) if self._one is not None else None

    def mine(self, index: int) -> Optional[Facts]:
        return _mine(self._reading, self._ids[index], self._view)

    def same(self, my: int, their: int) -> bool:
        """Whether the peer can say no more of ours than it said, or had this very name for it."""
        one = self._one
        if one is None:
            return False
        was = self._reading.by_remote(WAS + self._peer, one.remote)
        if was is not None and was.id == self._ids[my]:
            return True
        try:
            item = self._reading.get(self._ids[my]) if self._view is not None else None
            return item is not None and self._view is not None \
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
