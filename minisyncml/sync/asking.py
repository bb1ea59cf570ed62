"""Conflicts that wait for a person: the other version is parked beside the item, durably, and the entry says so. What
is asked of the person, and shown, is for others.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import Iterator, NamedTuple, Optional

from minisyncml.content.uid import apart
from minisyncml.digest import digest
from minisyncml.store.base import ASKED, Batch, Entry, Parked, Reading
from minisyncml.store.batch import OPEN

REASON = "conflict"
_MERGED, _SHADOW = "+merged", "+shadow"


class Theirs(NamedTuple):
    """The other version of an item, in the form of our store."""

    type: str
    body: bytes


class Conflict(NamedTuple):
    """One that is open, at one peer. `entry` is what is known of the item there."""

    peer: str
    entry: Entry
    theirs: Theirs


def keep(batch: Batch, peer: str, entry: Entry, theirs: Theirs, merged: Optional[bytes]) -> None:
    """Open a conflict, or put a newer version into one that is open.

    :param batch: where to
    :param peer: key of the peer
    :param entry: what is known of the item there
    :param theirs: the peer's version
    :param merged: ours with its changes; None: both changed the same thing
    """
    batch.park(OPEN + peer, Parked(entry.id, *theirs))
    if merged is None:
        batch.unpark(OPEN + peer, entry.id + _MERGED)
    else:
        batch.park(OPEN + peer, Parked(entry.id + _MERGED, theirs.type, merged))
    batch.set_entry(peer, entry._replace(flags=entry.flags | ASKED))


def keep_shadow(batch: Batch, peer: str, id: str, shadow: bytes) -> None:
    """What the peer has of the item meanwhile; it counts when the conflict is solved. Until then what it had before
    both edited tells who changed what.

    :param batch: where to
    :param peer: key of the peer
    :param id: our name of the item
    :param shadow: see :meth:`minisyncml.store.base.Reading.shadow`
    """
    if shadow:
        batch.park(OPEN + peer, Parked(id + _SHADOW, "", shadow))
    else:
        batch.unpark(OPEN + peer, id + _SHADOW)


def close(batch: Batch, peer: str, entry: Entry) -> Entry:
    """A conflict is none any more.

    :param batch: where it is open
    :param peer: key of the peer
    :param entry: what is known of the item there
    :returns: the same, without the flag; it is not put into the batch
    """
    if not entry.flags & ASKED:
        return entry
    for what in ("", _MERGED, _SHADOW):
        batch.unpark(OPEN + peer, entry.id + what)
    return entry._replace(flags=entry.flags & ~ASKED)


def waiting(reading: Reading, peer: str) -> "Iterator[Conflict]":
    """What is open at a peer.

    :param reading: a store or batch
    :param peer: key of the peer
    :returns: in the order in which it came
    """
    for one in reading.parked(OPEN + peer):
        entry = reading.entry(peer, one.remote) if one.remote.isdigit() else None
        if entry is not None and entry.flags & ASKED:
            yield Conflict(peer, entry, Theirs(one.type, one.body))


def merged(reading: Reading, conflict: Conflict) -> Optional[bytes]:
    """Both versions in one, as far as that was possible when the other one came.

    :param reading: a store or batch
    :param conflict: from :func:`waiting`
    :returns: None where both changed the same thing
    """
    return _part(reading, conflict.peer, conflict.entry.id + _MERGED)


def tidy(batch: Batch, peer: str) -> None:
    """What became pointless meanwhile, as when the peer deleted the item, goes to the trash.

    :param batch: where to look
    :param peer: key of the peer
    """
    for one in list(batch.parked(OPEN + peer)):
        id = one.remote.partition("+")[0]
        entry = batch.entry(peer, id)
        if entry is None or not entry.flags & ASKED:
            batch.unpark(OPEN + peer, one.remote)
            if one.remote == id:
                batch.bin(id, one.type, one.body, REASON)


def solve(batch: Batch, conflict: Conflict, body: Optional[bytes], both: bool = False) -> None:
    """A person has decided. What goes to the trash is what neither side keeps.

    :param batch: where it is open
    :param conflict: from :func:`waiting`
    :param body: what counts, in the form of our store; None: ours as it is, a deletion included
    :param both: keep ours as an item of its own as well
    """
    peer, theirs = conflict.peer, conflict.theirs
    mine, shadow = batch.get(conflict.entry.id), _part(batch, peer, conflict.entry.id + _SHADOW)
    entry = close(batch, peer, conflict.entry)
    if shadow is not None:
        batch.set_shadow(peer, entry.id, shadow)
    if body is None or mine is not None and mine.body == body:
        batch.bin(entry.id, theirs.type, theirs.body, REASON)
    else:
        if both and mine is not None:
            batch.put(None, mine.type, apart(mine.type, mine.body))
        row = batch.put(entry.id, theirs.type, body, "" if both else REASON)
        if body == theirs.body:
            entry = entry._replace(seen=row.revision)
        else:
            batch.bin(entry.id, theirs.type, theirs.body, REASON)
    batch.set_entry(peer, entry)


def same(one: Conflict, other: Conflict) -> bool:
    """Whether a conflict is still the one that a person saw.

    :param one: from :func:`waiting`
    :param other: the same conflict, at another time
    :returns: False when a newer version came meanwhile
    """
    return one.entry == other.entry and digest(one.theirs.body) == digest(other.theirs.body)


def _part(reading: Reading, peer: str, name: str) -> Optional[bytes]:
    return next((one.body for one in reading.parked(OPEN + peer) if one.remote == name), None)
