"""What is due for a peer: found by looking at what a store holds, and at what it knows of the peer."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple, Optional

from minisyncml.store.base import ASKED, DOOMED, SOFT, Entry, Reading, Row


class Change(NamedTuple):
    """What is due for a peer: `kind` is Add, Replace or Delete; `entry` is None for an Add of something new."""

    kind: str
    id: str
    revision: int
    digest: bytes
    entry: Optional[Entry]


def changes(reading: Reading, peer: str, upto: int, after: str = "", limit: int = 200) -> "list[Change]":
    """What is due for a peer, found by walking items and entries side by side.

    An item newer than `upto` waits for the next session. Entries flagged DOOMED or ASKED are left out.

    :param reading: a store or a batch of it
    :param peer: key of the peer
    :param upto: highest revision that belongs to this session
    :param after: continue behind this id
    :param limit: at most so many
    :returns: changes in ascending order of id; fewer than `limit` means that there are no more
    """
    found: "list[Change]" = []
    entries = iter(reading.entries(peer, after))
    entry: Optional[Entry] = next(entries, None)

    def gone(e: Entry) -> None:
        if not e.flags & (DOOMED | SOFT | ASKED):
            found.append(Change("Delete", e.id, 0, b"", e))

    for row in reading.rows(after):
        while entry is not None and int(entry.id) < int(row.id):
            gone(entry)
            entry = next(entries, None)
            if len(found) >= limit:
                return found
        mine: Optional[Entry] = None
        if entry is not None and entry.id == row.id:
            mine, entry = entry, next(entries, None)
        change = due(row, mine, upto)
        if change is not None:
            found.append(change)
            if len(found) >= limit:
                return found
    while entry is not None and len(found) < limit:
        gone(entry)
        entry = next(entries, None)
    return found


def due(row: Row, entry: Optional[Entry], upto: int) -> Optional[Change]:
    """What one item means for a peer.

    :param row: the item
    :param entry: what is known of it at that peer
    :param upto: highest revision that belongs to this session
    :returns: the change that is due, or None
    """
    if row.revision > upto or (entry is not None and (
            entry.seen >= row.revision or entry.flags & (DOOMED | ASKED))):
        return None
    if entry is None or (entry.flags & SOFT):
        return Change("Add", row.id, row.revision, row.digest, entry)
    return Change("Replace", row.id, row.revision, row.digest, entry)
