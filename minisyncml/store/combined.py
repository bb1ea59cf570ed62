"""Two datastores as one, for peers that keep in one database what we keep in two: appointments and tasks, mostly.

The number of an item here is twice that which it has in its own datastore, and one more in the second. What is known of
a peer as a whole is in the first: facts and parked items. Each part commits for itself, the first last: so when only
one of two commits is durable, the peer's anchors are the old ones.
"""

from __future__ import annotations

from typing import Callable, Iterator, Optional, Tuple, TypeVar

from minisyncml.store.base import Batch, Entry, Item, Parked, Reading, Row, Store, Trashed
from minisyncml.store.batch import OPEN, number

T = TypeVar("T", Row, Entry)
#: which of the two an item belongs to, 0 or 1, by media type and body
Belongs = Callable[[str, bytes], int]


def _here(part: int, id: str) -> str:
    return str(2 * int(id) + part)


def _merged(one: "Iterator[T]", other: "Iterator[T]") -> "Iterator[T]":
    """Both in ascending order of id."""
    left, right = next(one, None), next(other, None)
    while left is not None and right is not None:
        if int(left.id) < int(right.id):
            yield left
            left = next(one, None)
        else:
            yield right
            right = next(other, None)
    for rest, more in ((left, one), (right, other)):
        if rest is not None:
            yield rest
            yield from more


class _Both(Reading):
    """Reads from both; `_parts` are stores or batches of them."""

    _parts: "Tuple[Reading, Reading]"
    _belongs: Belongs

    def get(self, id: str) -> Optional[Item]:
        """See :meth:`Reading.get`."""
        part, own = _own(id)
        item = self._parts[part].get(own)
        return item._replace(id=id) if item is not None else None

    def row(self, id: str) -> Optional[Row]:
        """See :meth:`Reading.row`."""
        part, own = _own(id)
        row = self._parts[part].row(own)
        return row._replace(id=id) if row is not None else None

    def rows(self, after: str = "") -> Iterator[Row]:
        """See :meth:`Reading.rows`."""
        one, other = (self._rows(part, after) for part in (0, 1))
        return _merged(one, other)

    def _rows(self, part: int, after: str) -> Iterator[Row]:
        for row in self._parts[part].rows(_behind(part, after)):
            yield row._replace(id=_here(part, row.id))

    def entry(self, peer: str, id: str) -> Optional[Entry]:
        """See :meth:`Reading.entry`."""
        part, own = _own(id)
        entry = self._parts[part].entry(peer, own)
        return entry._replace(id=id) if entry is not None else None

    def by_remote(self, peer: str, remote: str) -> Optional[Entry]:
        """See :meth:`Reading.by_remote`. When the first was synced without the second for a while, both may know the
        name: then it is that of the item that is where it belongs."""
        one, other = (part.by_remote(peer, remote) for part in self._parts)
        if one is not None and other is not None:
            item = self._parts[1].get(other.id)
            if item is not None and self._belongs(item.type, item.body) == 1:
                one = None
        if one is not None:
            return one._replace(id=_here(0, one.id))
        return other._replace(id=_here(1, other.id)) if other is not None else None

    def entries(self, peer: str, after: str = "") -> Iterator[Entry]:
        """See :meth:`Reading.entries`."""
        one, other = (self._entries(part, peer, after) for part in (0, 1))
        return _merged(one, other)

    def _entries(self, part: int, peer: str, after: str) -> Iterator[Entry]:
        for entry in self._parts[part].entries(peer, _behind(part, after)):
            yield entry._replace(id=_here(part, entry.id))

    def shadow(self, peer: str, id: str) -> bytes:
        """See :meth:`Reading.shadow`."""
        part, own = _own(id)
        return self._parts[part].shadow(peer, own)

    def shadows(self, peer: str) -> Iterator[str]:
        """See :meth:`Reading.shadows`."""
        for part in (0, 1):
            yield from (_here(part, id) for id in self._parts[part].shadows(peer))

    def unflagged(self, peer: str) -> Optional[int]:
        """See :meth:`Reading.unflagged`."""
        one, other = (part.unflagged(peer) for part in self._parts)
        return None if one is None or other is None else one + other

    def facts(self, peer: str) -> "dict[str, object]":
        """See :meth:`Reading.facts`."""
        return self._parts[0].facts(peer)

    def parked(self, peer: str) -> Iterator[Parked]:
        """See :meth:`Reading.parked`; what belongs to an item is with it."""
        if not peer.startswith(OPEN):
            yield from self._parts[0].parked(peer)
            return
        for part in (0, 1):
            for one in self._parts[part].parked(peer):
                id, more, what = one.remote.partition("+")
                yield one._replace(remote=_here(part, id) + more + what)


class Combined(_Both, Store):
    """Two datastores as one. It takes the locks of both, in the order of their names.

    :param parts: their names
    :param first: what is called by the first of them
    :param second: what is called by the second
    :param belongs: which of them a new item belongs to
    """

    def __init__(self, parts: "Tuple[str, str]", first: Store, second: Store, belongs: Belongs) -> None:
        self.parts = parts
        self._parts = self._stores = first, second
        self._belongs = belongs
        self.types = tuple(dict.fromkeys((*first.types, *second.types)))
        self.form = first.form if first.form == second.form else ("", "")
        self.limits = first.limits

    def __len__(self) -> int:
        return sum(len(store) for store in self._stores)

    @property
    def revision(self) -> int:
        """The higher one of both."""
        return max(store.revision for store in self._stores)

    def refresh(self, rescan: bool = False) -> None:
        """See :meth:`Store.refresh`."""
        for store in self._stores:
            store.refresh(rescan)

    def begin(self, session: str = "") -> "_CombinedBatch":
        """See :meth:`Store.begin`."""
        order = (0, 1) if self.parts[0] < self.parts[1] else (1, 0)
        batches = {order[0]: self._stores[order[0]].begin(session)}
        try:
            batches[order[1]] = self._stores[order[1]].begin(session)
        except BaseException:
            batches[order[0]].__exit__(None, None, None)
            raise
        return _CombinedBatch(batches[0], batches[1], self._belongs)

    def peers(self) -> "list[str]":
        """See :meth:`Store.peers`."""
        return sorted({peer for store in self._stores for peer in store.peers()})

    def forget(self, peer: str) -> None:
        """See :meth:`Store.forget`."""
        for store in self._stores:
            store.forget(peer)

    def trash(self) -> Iterator[Trashed]:
        """See :meth:`Store.trash`; that of the first comes first."""
        for part, store in enumerate(self._stores):
            for one in store.trash():
                yield one._replace(number=2 * one.number + part, id=_here(part, one.id) if number(one.id) else one.id)

    def checkpoint(self) -> None:
        """See :meth:`Store.checkpoint`."""
        for store in self._stores:
            store.checkpoint()

    def close(self) -> None:
        """Both are closed."""
        for store in self._stores:
            store.close()


class _CombinedBatch(_Both, Batch):
    """Changes to both."""

    def __init__(self, first: Batch, second: Batch, belongs: Belongs) -> None:
        self._parts = self._batches = first, second
        self._belongs = belongs

    @property
    def revision(self) -> int:  # type: ignore[override]
        """The higher one of both."""
        return max(batch.revision for batch in self._batches)

    def put(self, id: Optional[str], type: str, body: bytes, reason: str = "") -> Row:
        """See :meth:`Batch.put`."""
        part, own = (self._belongs(type, body), None) if id is None else _own(id)
        row = self._batches[part].put(own, type, body, reason)
        return row._replace(id=_here(part, row.id))

    def remove(self, id: str, reason: str = "") -> None:
        """See :meth:`Batch.remove`."""
        part, own = _own(id)
        self._batches[part].remove(own, reason)

    def bin(self, id: str, type: str, body: bytes, reason: str) -> None:
        """See :meth:`Batch.bin`."""
        part, own = _own(id) if number(id) else (0, id)
        self._batches[part].bin(own, type, body, reason)

    def set_entry(self, peer: str, entry: Entry) -> None:
        """See :meth:`Batch.set_entry`."""
        part, own = _own(entry.id)
        self._batches[part].set_entry(peer, entry._replace(id=own))

    def drop_entry(self, peer: str, id: str) -> None:
        """See :meth:`Batch.drop_entry`."""
        part, own = _own(id)
        self._batches[part].drop_entry(peer, own)

    def clear_entries(self, peer: str) -> None:
        """See :meth:`Batch.clear_entries`."""
        for batch in self._batches:
            batch.clear_entries(peer)

    def set_shadow(self, peer: str, id: str, body: bytes) -> None:
        """See :meth:`Batch.set_shadow`."""
        part, own = _own(id)
        self._batches[part].set_shadow(peer, own, body)

    def park(self, peer: str, parked: Parked) -> None:
        """See :meth:`Batch.park`."""
        part, remote = _parking(peer, parked.remote)
        self._batches[part].park(peer, parked._replace(remote=remote))

    def unpark(self, peer: str, remote: str) -> None:
        """See :meth:`Batch.unpark`."""
        part, own = _parking(peer, remote)
        self._batches[part].unpark(peer, own)

    def clear_parked(self, peer: str) -> None:
        """See :meth:`Batch.clear_parked`."""
        for batch in self._batches:
            batch.clear_parked(peer)

    def set_facts(self, peer: str, facts: "dict[str, object]") -> None:
        """See :meth:`Batch.set_facts`."""
        self._batches[0].set_facts(peer, facts)

    def commit(self) -> None:
        """See :meth:`Batch.commit`; the second one's first."""
        for batch in reversed(self._batches):
            batch.commit()

    def __enter__(self) -> "_CombinedBatch":
        for batch in self._batches:
            batch.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        for batch in reversed(self._batches):
            batch.__exit__(*exc)


def own_name(parts: "Tuple[str, ...]", id: str) -> "Tuple[str, str]":
    """Where an item of a combined datastore is.

    :param parts: the names of both
    :param id: what it is called there
    :returns: the name of its own datastore, and what it is called in that
    """
    part, own = _own(id)
    return parts[part], own


def _parking(peer: str, remote: str) -> "Tuple[int, str]":
    """Where something is parked: what waits for a person with its item, all else in the first."""
    if not peer.startswith(OPEN):
        return 0, remote
    id, more, what = remote.partition("+")
    part, own = _own(id)
    return part, own + more + what


def _own(id: str) -> "Tuple[int, str]":
    """Which part an item is in, and its id there; empty for what is no id."""
    key = number(id)
    return key % 2, str(key // 2) if key > 1 else ""


def _behind(part: int, after: str) -> str:
    """Behind which id of a part to start."""
    key = (number(after) - part) // 2
    return str(key) if key > 0 else ""
