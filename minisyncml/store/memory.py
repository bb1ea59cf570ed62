"""Items in memory, for tests and for things that need not last. Nothing here touches a file."""

from __future__ import annotations

from _thread import allocate_lock
from bisect import bisect_right
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from minisyncml import limits as _limits
from minisyncml.errors import ItemError, StoreBusy
from minisyncml.store.base import Entry, Item, Parked, Row, Store, Trashed
from minisyncml.store.batch import Keeper, Overlay, PeerChanges, number, plain
from minisyncml.store.trash import surplus


class _Peer:
    """What is known about one peer."""

    __slots__ = ("entries", "remotes", "parked", "facts", "shadows")

    def __init__(self) -> None:
        self.entries: "Dict[int, Entry]" = {}
        self.remotes: "Dict[str, int]" = {}
        self.parked: "Dict[str, Parked]" = {}
        self.facts: "Dict[str, object]" = {}
        self.shadows: "Dict[int, bytes]" = {}

    def take(self, changes: PeerChanges) -> None:
        """Carry out what a batch changed."""
        if changes.entries_cleared:
            self.entries.clear()
            self.remotes.clear()
        for key, entry in changes.entries.items():
            old = self.entries.pop(key, None)
            if old is not None and self.remotes.get(old.remote) == key:
                del self.remotes[old.remote]
            if entry is not None:
                self.entries[key] = entry
                if entry.remote:
                    self.remotes[entry.remote] = key
        if changes.parked_cleared:
            self.parked.clear()
        for remote, one in changes.parked.items():
            if one is None:
                self.parked.pop(remote, None)
            else:
                self.parked[remote] = one
        if changes.facts is not None:
            self.facts = changes.facts
        for key, body in changes.shadows.items():
            self.shadows[key] = body
            if not body:
                del self.shadows[key]


class MemoryStore(Keeper):
    """A store that is gone with its process.

    :param types: (media type, version) pairs that it takes and gives, the preferred one first
    :param limits: bounds of the trash and of an item
    """

    def __init__(
        self, types: "Optional[Tuple[Tuple[str, str], ...]]" = None, limits: _limits.Limits = _limits.DEFAULT
    ) -> None:
        super().__init__(types, limits)
        self._items: "Dict[int, Item]" = {}
        self._peers: "Dict[str, _Peer]" = {}
        self._trash: "List[Trashed]" = []
        self._trashed = 0
        self._last_id = 0
        self._revision = 0
        self._mutex = allocate_lock()

    @classmethod
    def copy(cls, store: Store) -> "MemoryStore":
        """Everything that a store holds but its trash, to try things on; what cannot be read is left out.

        :param store: the original, which is refreshed
        :returns: the copy, with the same ids, revisions and entries
        :raises StoreError: when it cannot be read
        """
        store.refresh()
        copy = cls(store.types, store.limits)
        copy.form = store.form
        for row in store.rows():
            try:
                item = store.get(row.id)
            except ItemError:
                continue
            if item is not None:
                copy._items[int(item.id)] = item
        for peer in store.peers():
            with copy.begin() as batch:
                batch.set_facts(peer, store.facts(peer))
                for entry in store.entries(peer):
                    batch.set_entry(peer, entry)
                for parked in store.parked(peer):
                    batch.park(peer, parked)
                for id in store.shadows(peer):
                    batch.set_shadow(peer, id, store.shadow(peer, id))
                batch.commit()
        copy._last_id = max([copy._last_id, *copy._items])
        copy._revision = store.revision
        return copy

    def __len__(self) -> int:
        return len(self._items)

    @property
    def revision(self) -> int:
        """The highest revision so far."""
        return self._revision

    @property
    def last_id(self) -> int:
        """The highest id so far."""
        return self._last_id

    def get(self, id: str) -> Optional[Item]:
        """One item; see :meth:`Reading.get`."""
        return self._items.get(number(id))

    def row(self, id: str) -> Optional[Row]:
        """One row; see :meth:`Reading.row`."""
        item = self._items.get(number(id))
        return None if item is None else Row(item.id, item.revision, item.digest)

    def rows(self, after: str = "") -> Iterator[Row]:
        """All rows; see :meth:`Reading.rows`."""
        items = self._items
        for key in _behind(items, after):
            item = items.get(key)
            if item is not None:
                yield Row(item.id, item.revision, item.digest)

    def entry(self, peer: str, id: str) -> Optional[Entry]:
        """One entry; see :meth:`Reading.entry`."""
        return self._peer(peer).entries.get(number(id))

    def by_remote(self, peer: str, remote: str) -> Optional[Entry]:
        """The entry of a remote name; see :meth:`Reading.by_remote`."""
        known = self._peer(peer)
        return known.entries.get(known.remotes.get(remote, 0))

    def entries(self, peer: str, after: str = "") -> Iterator[Entry]:
        """All entries; see :meth:`Reading.entries`."""
        entries = self._peer(peer).entries
        for key in _behind(entries, after):
            entry = entries.get(key)
            if entry is not None:
                yield entry

    def shadow(self, peer: str, id: str) -> bytes:
        """A shadow; see :meth:`Reading.shadow`."""
        return self._peer(peer).shadows.get(number(id), b"")

    def shadows(self, peer: str) -> Iterator[str]:
        """Who has one; see :meth:`Reading.shadows`."""
        return iter([str(key) for key in self._peer(peer).shadows])

    def facts(self, peer: str) -> "Dict[str, object]":
        """The facts; see :meth:`Reading.facts`."""
        copy = plain(self._peer(peer).facts)
        assert isinstance(copy, dict)
        return copy

    def parked(self, peer: str) -> Iterator[Parked]:
        """What is parked; see :meth:`Reading.parked`."""
        return iter(list(self._peer(peer).parked.values()))

    def peers(self) -> "List[str]":
        """All peers; see :meth:`Store.peers`."""
        return sorted(key for key, known in self._peers.items() if known.entries or known.facts or known.shadows)

    def trash(self) -> Iterator[Trashed]:
        """The trash; see :meth:`Store.trash`."""
        return iter(list(self._trash))

    def refresh(self, rescan: bool = False) -> None:
        """Nobody else can change it."""

    def close(self) -> None:
        """Nothing to write."""

    def _peer(self, peer: str) -> _Peer:
        return self._peers.get(peer) or _Peer()

    def _lock(self) -> None:
        if not self._mutex.acquire(timeout=self.lock_timeout):
            raise StoreBusy("another session holds this datastore; sync again when it is over")

    def _unlock(self) -> None:
        self._mutex.release()

    def _take(self, batch: Overlay) -> None:
        for key, item in batch.items.items():
            if item is None:
                self._items.pop(key, None)
            else:
                self._items[key] = item
        for peer, changes in batch.peers.items():
            self._peers.setdefault(peer, _Peer()).take(changes)
        self._last_id, self._revision = batch.last_id, batch.revision
        self._take_trash(batch)

    def _take_trash(self, batch: Overlay) -> None:
        kept = [one for one in self._trash if one.number not in batch.untrash]
        for id, type, body, reason in batch.trash:
            self._trashed += 1
            kept.append(Trashed(self._trashed, batch.session, id, type, body, reason))
        sizes = ((one.number, len(one.body)) for one in kept)
        size = sum(len(one.body) for one in kept)
        leaving = set(surplus(len(kept), size, sizes, self.limits.trash_items, self.limits.trash_bytes))
        self._trash = [one for one in kept if one.number not in leaving]


def _behind(numbers: "Mapping[int, object]", after: str) -> "List[int]":
    keys = sorted(numbers)
    return keys[bisect_right(keys, number(after)):]
