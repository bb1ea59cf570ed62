"""The batch that all our stores share: changes gathered in memory on top of a store, handed over in one piece.

Here is what every store does alike. What is written where, and the locks, belong to the store.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Protocol, Set, Tuple, TypeVar

from minisyncml import limits as _limits
from minisyncml.digest import digest
from minisyncml.errors import ItemError, StoreError
from minisyncml.store.base import Batch, Entry, Item, Parked, Row, Store

OPEN = "ask|"       #: stands before a peer's key where the other versions of its open conflicts are parked
MAX_ID = 2**53      #: ids are numbers that JSON, and everybody who reads it, keeps exactly


class _Numbered(Protocol):
    """A row or an entry."""

    @property
    def id(self) -> str:
        """Our name of the item."""


T = TypeVar("T", bound=_Numbered)


def number(id: str) -> int:
    """The number that an id is.

    :param id: an id, or anything a peer sent in its place
    :returns: the number; 0 when it is no id of ours
    """
    if not (id.isascii() and id.isdigit()) or id[0] == "0" or len(id) > 16:
        return 0
    value = int(id)
    return value if value <= MAX_ID else 0


def plain(value: object) -> object:
    """A deep copy of a JSON-able value, as it would come back from JSON.

    :param value: dict, list, tuple, text, number, bool or None
    :returns: the copy, with lists for tuples
    :raises TypeError: for anything else
    """
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    raise TypeError(f"no JSON for {type(value).__name__}")


def merged(below: Iterator[T], above: "Dict[int, Optional[T]]", after: int) -> Iterator[T]:
    """Two sorted sources as one; what is above hides what is below, None hides it altogether.

    :param below: in ascending order of id
    :param above: number of an id to what is there now
    :param after: start behind this number
    :returns: an iterator in ascending order of id
    """
    keys = sorted(key for key in above if key > after)
    keys.reverse()
    for one in below:
        here = int(one.id)
        while keys and keys[-1] < here:
            extra = above.get(keys.pop())
            if extra is not None:
                yield extra
        if keys and keys[-1] == here:
            keys.pop()
        changed = above.get(here, one)
        if changed is not None:
            yield changed
    while keys:
        extra = above.get(keys.pop())
        if extra is not None:
            yield extra


class PeerChanges:
    """What a batch changes at one peer."""

    __slots__ = ("entries", "remotes", "entries_cleared", "parked", "parked_cleared", "facts", "shadows")

    def __init__(self) -> None:
        self.entries: "Dict[int, Optional[Entry]]" = {}
        self.remotes: "Dict[str, int]" = {}
        self.entries_cleared = False
        self.parked: "Dict[str, Optional[Parked]]" = {}
        self.parked_cleared = False
        self.facts: "Optional[Dict[str, object]]" = None
        self.shadows: "Dict[int, bytes]" = {}       # empty: it is gone


class Keeper(Store):
    """A store that takes batches as a whole.

    :param types: (media type, version) pairs that it takes and gives, the preferred one first
    :param limits: bounds of the trash and of an item
    :ivar lock_timeout: seconds to wait for another session or process
    """

    def __init__(self, types: "Optional[Tuple[Tuple[str, str], ...]]", limits: _limits.Limits) -> None:
        if types is not None:
            self.types = tuple(types)
        self.limits = limits
        self.lock_timeout = limits.lock_wait

    @property
    def last_id(self) -> int:
        """The highest id given so far."""
        raise NotImplementedError

    def begin(self, session: str = "") -> "Overlay":
        """Start a batch; see :meth:`Store.begin`."""
        self._lock()
        return Overlay(self, session)

    def forget(self, peer: str) -> None:
        """Drop everything about a peer; see :meth:`Store.forget`."""
        with self.begin() as batch:
            batch.clear_entries(peer)
            batch.clear_parked(peer)
            batch.clear_parked(OPEN + peer)
            batch.set_facts(peer, {})
            for id in self.shadows(peer):
                batch.set_shadow(peer, id, b"")
            batch.commit()

    def check(self, id: int, type: str, body: bytes) -> None:
        """Refuse an item that this store cannot hold.

        :param id: number of the item
        :param type: media type
        :param body: what it is to hold
        :raises ItemError: with the reason
        """
        if len(body) > self.limits.max_obj_size:
            raise ItemError(f"item of {len(body)} bytes is larger than {self.limits.max_obj_size}", 413)

    def _lock(self) -> None:
        raise NotImplementedError

    def _unlock(self) -> None:
        raise NotImplementedError

    def _take(self, batch: "Overlay") -> None:
        raise NotImplementedError


class Overlay(Batch):
    """Changes on top of a :class:`Keeper`, which takes them when `commit` is called; that ends the batch."""

    def __init__(self, store: Keeper, session: str) -> None:
        self.store = store
        self.session = session
        self.items: "Dict[int, Optional[Item]]" = {}
        self.peers: "Dict[str, PeerChanges]" = {}
        self.trash: "List[Tuple[str, str, bytes, str]]" = []     # id, type, body, reason
        self.untrash: "Set[int]" = set()
        self.last_id = store.last_id
        self.revision = store.revision
        self._rows: "Dict[int, Optional[Row]]" = {}
        self._open = True

    # -- reading

    def get(self, id: str) -> Optional[Item]:
        """One item; see :meth:`Reading.get`."""
        key = number(id)
        return self.items[key] if key in self.items else self.store.get(id)

    def row(self, id: str) -> Optional[Row]:
        """One row; see :meth:`Reading.row`."""
        key = number(id)
        return self._rows[key] if key in self._rows else self.store.row(id)

    def rows(self, after: str = "") -> Iterator[Row]:
        """All rows; see :meth:`Reading.rows`."""
        below = self.store.rows(after)
        return merged(below, self._rows, number(after)) if self._rows else below

    def entry(self, peer: str, id: str) -> Optional[Entry]:
        """One entry; see :meth:`Reading.entry`."""
        changes = self.peers.get(peer)
        if changes is not None:
            key = number(id)
            if changes.entries_cleared or key in changes.entries:
                return changes.entries.get(key)
        return self.store.entry(peer, id)

    def by_remote(self, peer: str, remote: str) -> Optional[Entry]:
        """The entry of a remote name; see :meth:`Reading.by_remote`."""
        if not remote:
            return None
        changes = self.peers.get(peer)
        if changes is None:
            return self.store.by_remote(peer, remote)
        mine = changes.entries.get(changes.remotes.get(remote, 0))
        if mine is not None and mine.remote == remote:
            return mine
        below = None if changes.entries_cleared else self.store.by_remote(peer, remote)
        return None if below is None or int(below.id) in changes.entries else below

    def entries(self, peer: str, after: str = "") -> Iterator[Entry]:
        """All entries; see :meth:`Reading.entries`."""
        changes = self.peers.get(peer)
        if changes is None:
            return self.store.entries(peer, after)
        below = iter(()) if changes.entries_cleared else self.store.entries(peer, after)
        return merged(below, changes.entries, number(after))

    def shadow(self, peer: str, id: str) -> bytes:
        """A shadow; see :meth:`Reading.shadow`."""
        changes = self.peers.get(peer)
        known = changes.shadows.get(number(id)) if changes is not None else None
        return self.store.shadow(peer, id) if known is None else known

    def shadows(self, peer: str) -> Iterator[str]:
        """Who has one; see :meth:`Reading.shadows`."""
        changes = self.peers.get(peer)
        fresh = changes.shadows if changes is not None else {}
        yield from (id for id in self.store.shadows(peer) if int(id) not in fresh)
        yield from (str(key) for key, body in fresh.items() if body)

    def unflagged(self, peer: str) -> Optional[int]:
        """See :meth:`Reading.unflagged`; what the batch changed has to be looked at."""
        changes = self.peers.get(peer)
        if changes is not None and (changes.entries or changes.entries_cleared):
            return None
        return self.store.unflagged(peer)

    def facts(self, peer: str) -> "Dict[str, object]":
        """The facts; see :meth:`Reading.facts`."""
        changes = self.peers.get(peer)
        if changes is None or changes.facts is None:
            return self.store.facts(peer)
        copy = plain(changes.facts)
        assert isinstance(copy, dict)
        return copy

    def parked(self, peer: str) -> Iterator[Parked]:
        """What is parked; see :meth:`Reading.parked`."""
        changes = self.peers.get(peer)
        if changes is None:
            yield from self.store.parked(peer)
            return
        fresh = dict(changes.parked)
        if not changes.parked_cleared:
            for one in self.store.parked(peer):
                kept = fresh.pop(one.remote, one)
                if kept is not None:
                    yield kept
        yield from (new for new in fresh.values() if new is not None)

    # -- changing

    def put(self, id: Optional[str], type: str, body: bytes, reason: str = "") -> Row:
        """Create or replace an item; see :meth:`Batch.put`."""
        self._check_open()
        key = self.last_id + 1 if id is None else number(id)
        if not key:
            raise ItemError(f"{id!r} is no item id", 400)
        self.store.check(key, type, body)
        if reason:
            self._keep(str(key), reason)
        self.last_id = max(self.last_id, key)
        self.revision += 1
        item = Item(str(key), type, bytes(body), self.revision, digest(body))
        self.items[key] = item
        row = self._rows[key] = Row(item.id, item.revision, item.digest)
        return row

    def remove(self, id: str, reason: str = "") -> None:
        """Delete an item; see :meth:`Batch.remove`."""
        self._check_open()
        key = number(id)
        if self.row(id) is None:
            return
        if reason:
            self._keep(id, reason)
        self.items[key] = self._rows[key] = None

    def bin(self, id: str, type: str, body: bytes, reason: str) -> None:
        """Put a body into the trash; see :meth:`Batch.bin`."""
        self._check_open()
        self.trash.append((id, type, bytes(body), reason))

    def unbin(self, number: int) -> None:
        """Take a body out of the trash, for good.

        :param number: of the :class:`Trashed`
        """
        self._check_open()
        self.untrash.add(number)

    def set_entry(self, peer: str, entry: Entry) -> None:
        """Create or replace an entry; see :meth:`Batch.set_entry`."""
        key = number(entry.id)
        if not key:
            raise StoreError(f"{entry.id!r} is no item id")
        if len(entry.digest) > 16:
            raise StoreError("a digest has 16 bytes")
        changes = self._changes(peer)
        changes.entries[key] = entry
        self.last_id = max(self.last_id, key)
        if entry.remote:
            changes.remotes[entry.remote] = key

    def drop_entry(self, peer: str, id: str) -> None:
        """Forget an entry; see :meth:`Batch.drop_entry`."""
        if self.entry(peer, id) is not None:
            self._changes(peer).entries[number(id)] = None
        if self.shadow(peer, id):
            self.set_shadow(peer, id, b"")

    def clear_entries(self, peer: str) -> None:
        """Forget all entries; see :meth:`Batch.clear_entries`."""
        changes = self._changes(peer)
        changes.entries.clear()
        changes.remotes.clear()
        changes.entries_cleared = True

    def set_shadow(self, peer: str, id: str, body: bytes) -> None:
        """Keep a shadow; see :meth:`Batch.set_shadow`."""
        key = number(id)
        if not key:
            raise StoreError(f"{id!r} is no item id")
        self._changes(peer).shadows[key] = bytes(body)

    def park(self, peer: str, parked: Parked) -> None:
        """Keep an item aside; see :meth:`Batch.park`."""
        self._changes(peer).parked[parked.remote] = parked

    def unpark(self, peer: str, remote: str) -> None:
        """Forget one parked item; see :meth:`Batch.unpark`."""
        self._changes(peer).parked[remote] = None

    def clear_parked(self, peer: str) -> None:
        """Forget what was parked; see :meth:`Batch.clear_parked`."""
        changes = self._changes(peer)
        changes.parked.clear()
        changes.parked_cleared = True

    def set_facts(self, peer: str, facts: "Dict[str, object]") -> None:
        """Replace the facts; see :meth:`Batch.set_facts`."""
        copy = plain(facts)
        assert isinstance(copy, dict)
        self._changes(peer).facts = copy

    def commit(self) -> None:
        """Make everything durable and end the batch; see :meth:`Batch.commit`."""
        self._check_open()
        if self.items or self.peers or self.trash or self.untrash:
            self.store._take(self)
        self._end()

    def __enter__(self) -> "Overlay":
        return self

    def __exit__(self, *exc: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._open:
            self._open = False
            self.store._unlock()

    def _check_open(self) -> None:
        if not self._open:
            raise StoreError("this batch is over")

    def _changes(self, peer: str) -> PeerChanges:
        self._check_open()
        changes = self.peers.get(peer)
        if changes is None:
            changes = self.peers[peer] = PeerChanges()
        return changes

    def _keep(self, id: str, reason: str) -> None:
        old = self.get(id)
        if old is not None:
            self.trash.append((id, old.type, old.body, reason))
