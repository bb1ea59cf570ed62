"""A store whose state is in a journal: items or what is known of them, entries, facts, parked items and trash,
changed together by one record. Where the bodies of items are is for the subclass to say.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Dict, Iterator, List, Optional, Tuple

from minisyncml import limits as _limits
from minisyncml.digest import digest as digest_of
from minisyncml.store.base import Entry, Item, Parked, Row, Trashed
from minisyncml.store.batch import Keeper, Overlay, PeerChanges, number, plain
from minisyncml.store.files import FILES, Files
from minisyncml.store.journal import Journal
from minisyncml.store.records import Group
from minisyncml.store.table import Table
from minisyncml.store.tables import (
    CHUNK,
    BodyTable,
    DocTable,
    EntryTable,
    ItemTable,
    ParkedTable,
    RowTable,
    TrashTable,
    Types,
    ValueTable,
    to_bytes,
    to_text,
)
from minisyncml.store.trash import surplus

Record = Tuple[List[Group], List[bytes]]


class Kept(Keeper):
    """A store with a journal; the bodies are in it.

    :param path: the journal
    :param types: (media type, version) pairs that it takes and gives, the preferred one first
    :param limits: bounds of the trash and of an item
    :param files: what writes
    :raises StoreError: when the journal cannot be read, is damaged, or of a newer version
    """

    def __init__(
        self,
        path: str,
        types: "Optional[Tuple[Tuple[str, str], ...]]" = None,
        limits: _limits.Limits = _limits.DEFAULT,
        files: Files = FILES,
    ) -> None:
        super().__init__(types, limits)
        self._type_codes = Types()
        self._items: "ItemTable" = self._item_table()
        self._trash = TrashTable()
        self._meta = ValueTable()
        self._journal = Journal(path, self._table, files, self.lock_timeout)
        self._guard = self._journal.guard

    # -- tables

    def _item_table(self) -> ItemTable:
        return ItemTable(self._type_codes)

    def _table(self, name: str) -> Table:
        if name == "items":
            return self._items
        if name == "trash":
            return self._trash
        if name == "meta":
            return self._meta
        kind = name.partition("/")[0]
        if kind == "entry":
            return EntryTable()
        if kind == "parked":
            return ParkedTable(self._type_codes)
        if kind == "shadow":
            return BodyTable()
        return DocTable() if kind in ("doc", "extra") else ValueTable()

    def _counters(self) -> "List[int]":
        """The highest id, revision and number in the trash so far."""
        return self._meta.values.get(1) or [0, 0, 0]

    def _entries(self, peer: str) -> EntryTable:
        table = self._journal.tables.get("entry/" + peer)
        return table if isinstance(table, EntryTable) else EntryTable()

    def _parked(self, peer: str) -> ParkedTable:
        table = self._journal.tables.get("parked/" + peer)
        return table if isinstance(table, ParkedTable) else ParkedTable(self._type_codes)

    def _shadows(self, peer: str) -> BodyTable:
        table = self._journal.tables.get("shadow/" + peer)
        return table if isinstance(table, BodyTable) else BodyTable()

    # -- reading

    def __len__(self) -> int:
        return len(self._items.rows)

    @property
    def last_id(self) -> int:
        """The highest id so far."""
        return self._counters()[0]

    @property
    def revision(self) -> int:
        """The highest revision so far."""
        return self._counters()[1]

    def get(self, id: str) -> Optional[Item]:
        """One item; see :meth:`Reading.get`."""
        with self._guard:
            fields = self._items.rows.get(number(id))
            if fields is None:
                return None
            revision, digest, type, at, length = fields
            body = self._journal.read(at, length)
            if digest_of(body) != digest:
                raise self._journal.damage(at)
            return Item(id, self._type_codes.names[type], body, revision, digest)

    def row(self, id: str) -> Optional[Row]:
        """One row; see :meth:`Reading.row`."""
        with self._guard:
            fields = self._items.rows.get(number(id))
        return None if fields is None else Row(id, fields[0], fields[1])

    def rows(self, after: str = "") -> Iterator[Row]:
        """All rows; see :meth:`Reading.rows`."""
        key = number(after)
        while True:
            with self._guard:
                chunk = self._items.rows.chunk(key, CHUNK)
            for key, fields in chunk:
                yield Row(str(key), fields[0], fields[1])
            if len(chunk) < CHUNK:
                return

    def entry(self, peer: str, id: str) -> Optional[Entry]:
        """One entry; see :meth:`Reading.entry`."""
        with self._guard:
            return self._entries(peer).entry(number(id))

    def by_remote(self, peer: str, remote: str) -> Optional[Entry]:
        """The entry of a remote name; see :meth:`Reading.by_remote`."""
        with self._guard:
            return self._entries(peer).by_remote(remote) if remote else None

    def entries(self, peer: str, after: str = "") -> Iterator[Entry]:
        """All entries; see :meth:`Reading.entries`."""
        key = number(after)
        while True:
            with self._guard:
                chunk = self._entries(peer).chunk(key)
            yield from chunk
            if len(chunk) < CHUNK:
                return
            key = int(chunk[-1].id)

    def shadow(self, peer: str, id: str) -> bytes:
        """A shadow; see :meth:`Reading.shadow`."""
        with self._guard:
            fields = self._shadows(peer).rows.get(number(id))
            return b"" if fields is None else self._journal.read(*fields)

    def shadows(self, peer: str) -> Iterator[str]:
        """Who has one; see :meth:`Reading.shadows`."""
        with self._guard:
            return map(str, self._shadows(peer).rows.keys())

    def unflagged(self, peer: str) -> Optional[int]:
        """How many entries there are when none is flagged; see :meth:`Reading.unflagged`."""
        with self._guard:
            table = self._entries(peer)
            return None if table.flagged else len(table.rows)

    def facts(self, peer: str) -> "Dict[str, object]":
        """The facts; see :meth:`Reading.facts`."""
        with self._guard:
            table = self._journal.tables.get("facts/" + peer)
            kept = table.values.get(1) if isinstance(table, ValueTable) else None
            facts = plain(kept[0] if kept else {})
        assert isinstance(facts, dict)
        return facts

    def parked(self, peer: str) -> Iterator[Parked]:
        """What is parked; see :meth:`Reading.parked`."""
        key = 0
        while True:
            with self._guard:
                table = self._parked(peer)
                chunk = table.rows.chunk(key, 1)
                if not chunk:
                    return
                key, (at, length, type) = chunk[0]
                remote = to_text(table.rows.text(key) or b"")
                parked = Parked(remote, self._type_codes.names[type], self._journal.read(at, length))
            yield parked

    def peers(self) -> "List[str]":
        """All peers; see :meth:`Store.peers`."""
        found = set()
        with self._guard:
            for name, table in self._journal.tables.items():
                kind, _, peer = name.partition("/")
                if kind in ("entry", "facts", "shadow") and table.weight()[0]:
                    found.add(peer)
        return sorted(found)

    def trash(self) -> Iterator[Trashed]:
        """The trash; see :meth:`Store.trash`."""
        key = 0
        while True:
            with self._guard:
                chunk = self._trash.rows.chunk(key, 1)
                if not chunk:
                    return
                key, (at, length) = chunk[0]
                session, id, type, reason = self._trash.about(key)
                trashed = Trashed(key, session, id, type, self._journal.read(at, length), reason)
            yield trashed

    # -- writing

    def refresh(self, rescan: bool = False) -> None:
        """Read what other processes wrote; see :meth:`Store.refresh`."""
        self._journal.catch_up()

    def close(self) -> None:
        """Release the journal."""
        self._journal.close()

    def _lock(self) -> None:
        self._journal.lock()

    def _unlock(self) -> None:
        self._journal.unlock()

    def _take(self, batch: Overlay) -> None:
        self._journal.append(*self._record(batch))
        self._journal.compact()

    def _record(self, batch: Overlay) -> Record:
        """Everything that a batch changes, as one record."""
        groups: "List[Group]" = []
        bodies: "List[bytes]" = []
        if batch.items:
            self._record_items(batch, groups, bodies)
        for peer, changes in batch.peers.items():
            self._record_peer(peer, changes, groups, bodies)
        trashed = self._record_trash(batch, groups, bodies)
        groups.append(("meta", [[1, -1, batch.last_id, batch.revision, trashed]]))
        return groups, bodies

    def _record_items(self, batch: Overlay, groups: "List[Group]", bodies: "List[bytes]") -> None:
        rows: "List[List[Any]]" = []
        for key, item in batch.items.items():
            if item is None:
                rows.append([key])
            else:
                rows.append([key, len(item.body), item.type, item.revision, item.digest.hex()])
                bodies.append(item.body)
        groups.append(("items", rows))

    def _record_peer(self, peer: str, changes: PeerChanges, groups: "List[Group]", bodies: "List[bytes]") -> None:
        if changes.entries_cleared:
            groups.append(("entry/" + peer, None))
        if changes.entries:
            groups.append(("entry/" + peer, [
                [key] if entry is None else [key, -1, entry.remote, entry.seen, entry.digest.hex(), entry.flags]
                for key, entry in changes.entries.items()
            ]))
        if changes.parked_cleared:
            groups.append(("parked/" + peer, None))
        if changes.parked:
            self._record_parked(peer, changes, groups, bodies)
        if changes.facts is not None:
            groups.append(("facts/" + peer, [[1, -1, changes.facts]] if changes.facts else [[1]]))
        if changes.shadows:
            groups.append(("shadow/" + peer, [[key, len(body)] if body else [key]
                                              for key, body in changes.shadows.items()]))
            bodies += (body for body in changes.shadows.values() if body)

    def _record_parked(self, peer: str, changes: PeerChanges, groups: "List[Group]", bodies: "List[bytes]") -> None:
        there = RowTable().rows if changes.parked_cleared else self._parked(peer).rows
        last = there.ids[-1] if there.ids else 0
        rows: "List[List[Any]]" = []
        for remote, parked in changes.parked.items():
            key = there.by_text(to_bytes(remote))
            if parked is None:
                rows += [[key]] if key else []
                continue
            if not key:
                key = last = last + 1
            rows.append([key, len(parked.body), remote, parked.type])
            bodies.append(parked.body)
        if rows:
            groups.append(("parked/" + peer, rows))

    def _record_trash(self, batch: Overlay, groups: "List[Group]", bodies: "List[bytes]") -> int:
        """The highest number in the trash."""
        last = self._counters()[2]
        fresh: "List[List[Any]]" = []
        for id, type, body, reason in batch.trash:
            last += 1
            fresh.append([last, len(body), batch.session, id, type, reason])
            bodies.append(body)
        gone = {key for key in batch.untrash if key in self._trash.rows}
        stay = (one for one in self._trash.sizes() if one[0] not in gone)
        count = len(self._trash.rows) - len(gone) + len(fresh)
        size = self._trash.size + sum(row[1] for row in fresh)
        size -= sum(one[1] for one in self._trash.sizes() if one[0] in gone) if gone else 0
        sizes = chain(stay, ((row[0], row[1]) for row in fresh))
        gone.update(surplus(count, size, sizes, self.limits.trash_items, self.limits.trash_bytes))
        rows = fresh + [[key] for key in sorted(gone)]
        if rows:
            groups.append(("trash", rows))
        return last
