"""Finding what is in a datastore more than once, and making one item of it.

Two items are the same when a person sees no difference, or when their score says so (see
:mod:`minisyncml.content.score`). A group is made only where each is the same as each other: one that could belong to
two different people belongs to none of them.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from minisyncml.content.facts import Facts, facts
from minisyncml.content.form import Form
from minisyncml.content.score import NEAR, SURE, score
from minisyncml.content.view import View
from minisyncml.errors import ItemError
from minisyncml.store.base import ASKED, Batch, Item, Reading, Store
from minisyncml.sync.match import COPIES
from minisyncml.sync.pairing import WORK
from minisyncml.sync.sides import Classes, Side, candidates

EQUAL, ALIKE = "equal", "alike"
REASON = "duplicate"
PAGE = 100      #: groups in one commit
MOST = 10_000   #: names of copies that are remembered for a peer that compares everything


class Group(NamedTuple):
    """Items that are the same thing. `why`: EQUAL when a person sees no difference at all, else ALIKE."""

    title: str
    ids: Tuple[str, ...]
    why: str


class Pair(NamedTuple):
    """Two items that look alike and may be two things."""

    one: str
    other: str
    title: str
    other_title: str


class Found(NamedTuple):
    """What a search found."""

    groups: List[Group]
    near: List[Pair]

    @property
    def extra(self) -> int:
        """How many items are too many."""
        return sum(len(group.ids) - 1 for group in self.groups)


class Done(NamedTuple):
    """What was done. `due` says how many deletions each peer will get, `left` how many groups wait for another run."""

    removed: int
    united: int
    due: Dict[str, int]
    left: int = 0


def find(store: Reading, zone: str = "") -> Found:
    """Find what is there more than once. In near-linear time; only short digests are held.

    :param store: the store
    :param zone: IANA name of the zone of its local times; empty: not known
    :returns: groups, largest first, and what only looks alike
    :raises StoreError: when it cannot be read
    """
    return _Search(store, zone).found()


class _Search:
    """One search through one store."""

    def __init__(self, store: Reading, zone: str) -> None:
        self._store, self._zone = store, zone
        self.side = Side()
        for row in store.rows():
            known = self._read(row.id)
            if known is not None:
                self.side.add(row.id, known)
        self.classes = Classes(self.side)
        self._recent: "Dict[int, Optional[Facts]]" = {}

    def _read(self, id: str) -> Optional[Facts]:
        try:
            item = self._store.get(id)
        except ItemError:
            return None
        return facts(item.type, item.body, self._zone) if item is not None else None

    def _facts(self, at: int) -> Optional[Facts]:
        if at not in self._recent:
            if len(self._recent) > 256:
                self._recent.clear()
            self._recent[at] = self._read(self.side.handles[at])
        return self._recent[at]

    def found(self) -> Found:
        """Groups, and what is near."""
        edges = list(self._edges())
        sure = [(one, other) for points, one, other in edges if points >= SURE]
        together = _cliques(sure)
        near = [(one, other) for _, one, other in edges if together.get(one, one) != together.get(other, other)]
        members: "Dict[int, List[int]]" = {}
        for head in self.classes:
            members.setdefault(together.get(head, head), []).extend(self.classes.members(head))
        groups = [Group(self._title(first), tuple(self.side.handles[at] for at in sorted(ats)),
                        EQUAL if len({self.side.meanings[at] for at in ats}) == 1 else ALIKE)
                  for first, ats in members.items() if len(ats) > 1]
        return Found(sorted(groups, key=lambda group: (-len(group.ids), group.title)),
                     [Pair(self.side.handles[one], self.side.handles[other], self._title(one), self._title(other))
                      for one, other in near])

    def _title(self, at: int) -> str:
        known = self._facts(at)
        return known.title if known is not None else ""

    def _edges(self) -> "Iterator[Tuple[int, int, int]]":
        """Score and indexes of two that share a block; one stands for all that are equal."""
        work = WORK * len(self.classes)
        for one, found in candidates(self.side, self.classes, self.side, self.classes):
            for other in found if work > 0 else ():
                if other <= one:
                    continue    # met from the other side
                work -= 1
                mine, theirs = self._facts(one), self._facts(other)
                points = score(mine, theirs) if mine is not None and theirs is not None else 0
                if points >= NEAR:
                    yield points, one, other


def _cliques(pairs: "List[Tuple[int, int]]") -> "Dict[int, int]":
    """The first of its group for each that belongs to one in which all are paired with all."""
    beside: "Dict[int, Set[int]]" = {}
    for one, other in pairs:
        beside.setdefault(one, {one}).add(other)
        beside.setdefault(other, {other}).add(one)
    return {at: min(group) for at, group in beside.items() if all(beside[each] == group for each in group)}


def apply(store: Store, groups: "List[Group]", session: str = "dedupe") -> Done:
    """Make one item of each group. What is removed or replaced goes to the trash. What peers have counts: one that has
    several of a group gets deletions at the next sync, one that has a single one keeps it, and gets what was united. An
    item with an open conflict is left alone, and so are groups of what differs once the trash would not keep them.

    :param store: the store
    :param groups: from :func:`find`
    :param session: names what was done in the trash
    :returns: what was done
    :raises StoreError: when it cannot be written; groups that were committed before stay so
    """
    removed = united = left = 0
    due: "Dict[str, int]" = {}
    groups = sorted(groups, key=lambda group: group.why == ALIKE)   # the trash has a bound: what differs last
    room, size = store.limits.trash_items, store.limits.trash_bytes
    peers = store.peers()
    for start in range(0, len(groups), PAGE):
        with store.begin(session) as batch:
            names: "Dict[str, Dict[str, str]]" = {}
            for group in groups[start:start + PAGE]:
                one = _One(batch, group, peers)
                if group.why == ALIKE:
                    room, size = room - len(one.items), size - sum(len(item.body) for item in one.items)
                if room < 0 or size < 0:
                    left += 1
                    continue
                one.clean()
                removed += one.removed
                united += one.united
                for peer, name, kept in one.due:
                    names.setdefault(peer, {})[name] = kept
                    due[peer] = due.get(peer, 0) + 1
            _note(batch, names)
            batch.commit()
    return Done(removed, united, due, left)


def _note(batch: Batch, due: "Dict[str, Dict[str, str]]") -> None:
    """For peers that do not ask for changes next time, but compare everything; or threw out another one."""
    for peer, names in due.items():
        facts = batch.facts(peer)
        known = facts.get(COPIES)
        all = {**(known if isinstance(known, dict) else {}), **names}
        all.pop("", None)
        batch.set_facts(peer, {**facts, COPIES: dict(list(all.items())[-MOST:])})


class _One:
    """One group made into one item."""

    def __init__(self, batch: Batch, group: Group, peers: "List[str]") -> None:
        self.batch, self.peers, self.equal = batch, peers, group.why == EQUAL
        self.removed, self.united = 0, False
        self.due: "List[Tuple[str, str, str]]" = []     # peer, its name of what goes, ours of what stays
        self.items = [item for item in map(batch.get, group.ids) if item is not None and not self._asked(item.id)]

    def clean(self) -> None:
        """Do it."""
        if len(self.items) < 2:
            return
        self.items.sort(key=self._worth, reverse=True)
        kept, body = self.items[0], self.items[0].body
        for item in self.items[1:]:
            body = body if self.equal else _united(kept._replace(body=body), item)
            self.batch.remove(item.id, REASON)
            self.removed += 1
            self._unknow(item.id, kept.id)
        if body != kept.body:
            self.batch.put(kept.id, kept.type, body, REASON)
            self.united = True

    def _asked(self, id: str) -> bool:
        """Whether an open conflict waits for a person: that one is solved first."""
        entries = [self.batch.entry(peer, id) for peer in self.peers]
        return any(entry is not None and entry.flags & ASKED for entry in entries)

    def _worth(self, item: Item) -> "Tuple[int, int, int, int]":
        """What says most is kept, of equal ones what most peers have, of these the oldest."""
        known = sum(self.batch.entry(peer, item.id) is not None for peer in self.peers)
        return len(set(item.body.split(b"\n"))), len(item.body), known, -int(item.id)

    def _unknow(self, gone: str, kept: str) -> None:
        """A peer that has only the item that goes has the one that stays from now on."""
        for peer in self.peers:
            entry = self.batch.entry(peer, gone)
            if entry is None:
                continue
            if entry.flags or not entry.remote or self.batch.entry(peer, kept) is not None:
                self.due.append((peer, entry.remote, kept))
                continue
            shadow = self.batch.shadow(peer, gone)
            self.batch.drop_entry(peer, gone)
            self.batch.set_entry(peer, entry._replace(id=kept, seen=0))
            self.batch.set_shadow(peer, kept, shadow)


def _united(kept: Item, other: Item) -> bytes:
    """What both say; where they contradict each other, what is kept says."""
    try:
        return View(Form(), Form()).merged(kept.type, kept.body, b"", other.type, other.body) or kept.body
    except ItemError:
        return kept.body
