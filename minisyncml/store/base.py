"""The interface of a datastore: items, and what we know about them at each peer, changed together or not at all.

Words that stay fixed:

* an *id* is our own name of an item: short text, decimal number, given once and never again. A peer sees it as LUID
  when we are client, as GUID when we are server.
* *remote* is the peer's name of an item: its LUID when we are server, its GUID when we are client.
* a *revision* is a number that the store hands out, higher at each change of an item; no clock is involved.
* a *digest* (16 bytes, :func:`minisyncml.digest.digest`) names the bytes of a body.
* a *peer* is a text key for one database of one device; its *facts* (anchors and such) are a small JSON-able dict.
* a *shadow* is what a peer had of an item when both last agreed on it, where that is not what the store holds: another
  form, or not all of it. What is in it is for others to say, see :mod:`minisyncml.content.view`.
* an *entry* is what we know of one item at one peer. An item is due for a peer when it has no entry (Add), when its
  revision is higher than the entry's `seen` (Replace), or when only the entry is left (Delete). So entries are the
  tombstones, and the guard against doing something twice.

All reading and writing of one message happens in one :class:`Batch`; `commit` is atomic and durable when it returns.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import Iterator, NamedTuple, Optional, Sequence

from minisyncml import limits as _limits

#: entry flag: the Map for this item is owed (client) or awaited (server); client, no `remote`: its Add is unanswered
PENDING = 1
DOOMED = 2      #: entry flag: the peer deleted the item; carried out when its package is complete
UNHEARD = 8     #: entry flag: a slow sync that keeps what is known waits for the peer to name this item
ASKED = 16      #: entry flag: both sides edited the item; nothing is sent until a person says which version counts
TOLD = 32       #: entry flag: the peer was told that the item is deleted here, and may have done so
SOFT = 4        #: entry flag: the peer dropped its copy to save memory (SftDel); send it again only when changed


class Item(NamedTuple):
    """One item with its body. `type` is the media type, for example `text/vcard`."""

    id: str
    type: str
    body: bytes
    revision: int
    digest: bytes


class Row(NamedTuple):
    """One item without its body."""

    id: str
    revision: int
    digest: bytes


class Entry(NamedTuple):
    """What we know of one item at one peer.

    `remote` is empty while unknown; `seen` is the revision the peer has (0: none); `digest` that of the body as it
    went over the wire, in either direction.
    """

    id: str
    remote: str = ""
    seen: int = 0
    digest: bytes = b""
    flags: int = 0


class Parked(NamedTuple):
    """An item that a slow sync brought and that waits, durably, for the end of the package to be matched."""

    remote: str
    type: str
    body: bytes


class Trashed(NamedTuple):
    """A body that a sync deleted or replaced. `number` orders the trash, `session` names what did it."""

    number: int
    session: str
    id: str
    type: str
    body: bytes
    reason: str


class Reading:
    """What can be asked of a :class:`Store`, and of a :class:`Batch`, which sees its own changes on top."""

    def get(self, id: str) -> Optional[Item]:
        """One item.

        :param id: our name of it
        :returns: the item with its body, None when there is none
        :raises StoreError: when it cannot be read
        """
        raise NotImplementedError

    def row(self, id: str) -> Optional[Row]:
        """One item without its body, cheaply.

        :param id: our name of it
        :returns: the row, None when there is no such item
        """
        raise NotImplementedError

    def rows(self, after: str = "") -> Iterator[Row]:
        """All items without bodies, in ascending numeric order of id.

        :param after: start behind this id
        :returns: an iterator; memory does not grow with the store
        """
        raise NotImplementedError

    def entry(self, peer: str, id: str) -> Optional[Entry]:
        """The entry of one item.

        :param peer: key of the peer
        :param id: our name of the item
        :returns: the entry, or None
        """
        raise NotImplementedError

    def by_remote(self, peer: str, remote: str) -> Optional[Entry]:
        """The entry with the peer's name of an item.

        :param peer: key of the peer
        :param remote: its name of the item, not empty
        :returns: the entry, or None
        """
        raise NotImplementedError

    def entries(self, peer: str, after: str = "") -> Iterator[Entry]:
        """All entries of a peer, in ascending numeric order of id.

        :param peer: key of the peer
        :param after: start behind this id
        :returns: an iterator
        """
        raise NotImplementedError

    def shadow(self, peer: str, id: str) -> bytes:
        """What a peer had of an item when both last agreed on it.

        :param peer: key of the peer
        :param id: our name of the item
        :returns: empty when nothing is kept, as a store that keeps no shadows always says
        :raises StoreError: when it cannot be read
        """
        return b""

    def shadows(self, peer: str) -> Iterator[str]:
        """The items that have a shadow; the entry of one may be gone since a slow sync began.

        :param peer: key of the peer
        :returns: an iterator over ids
        """
        return iter(())

    def unflagged(self, peer: str) -> Optional[int]:
        """How many entries a peer has, where the store knows without looking that none of them has a flag.

        :param peer: key of the peer
        :returns: the number; None: look at :meth:`entries`, as a store that keeps no count always says
        """
        return None

    def facts(self, peer: str) -> "dict[str, object]":
        """The peer's facts.

        :param peer: key of the peer
        :returns: a new dict, empty when nothing is known
        """
        raise NotImplementedError

    def parked(self, peer: str) -> Iterator[Parked]:
        """The items parked for a peer, in the order they came.

        :param peer: key of the peer
        :returns: an iterator
        """
        raise NotImplementedError


class Batch(Reading):
    """Changes that become durable together. Use as a context manager: leaving it without `commit` forgets them.

    It holds the store's lock. Reads see the changes made so far.

    :ivar revision: the highest revision handed out so far, in this batch too
    """

    revision: int

    def put(self, id: Optional[str], type: str, body: bytes, reason: str = "") -> Row:
        """Create an item, or replace its body.

        :param id: None for a new item (the store picks the id); an id that is not there (any more) is created
        :param type: media type
        :param body: the bytes to keep
        :param reason: not empty: keep the body that is replaced in the trash, for this reason
        :returns: the new row; its revision is higher than any before
        :raises ItemError: when this store cannot hold that item
        """
        raise NotImplementedError

    def remove(self, id: str, reason: str = "") -> None:
        """Delete an item; nothing happens when it is not there.

        :param id: our name of it
        :param reason: not empty: keep the body in the trash, for this reason
        """
        raise NotImplementedError

    def bin(self, id: str, type: str, body: bytes, reason: str) -> None:
        """Put a body that was never an item into the trash: the loser of a conflict.

        :param id: the item it belongs to
        :param type: media type
        :param body: the bytes to keep
        :param reason: why it lost
        """
        raise NotImplementedError

    def set_entry(self, peer: str, entry: Entry) -> None:
        """Create or replace the entry of `entry.id`.

        :param peer: key of the peer
        :param entry: the whole entry
        """
        raise NotImplementedError

    def drop_entry(self, peer: str, id: str) -> None:
        """Forget one entry, and the shadow of its item.

        :param peer: key of the peer
        :param id: our name of the item
        """
        raise NotImplementedError

    def clear_entries(self, peer: str) -> None:
        """Forget all entries of a peer: a slow sync begins. Shadows stay, it compares with them.

        :param peer: key of the peer
        """
        raise NotImplementedError

    def set_shadow(self, peer: str, id: str, body: bytes) -> None:
        """Keep what a peer has of an item, see :meth:`Reading.shadow`. A store may do without: then what a peer leaves
        out of an item is told apart less well from what it deletes.

        :param peer: key of the peer
        :param id: our name of the item
        :param body: the shadow; empty: forget it
        """

    def park(self, peer: str, parked: Parked) -> None:
        """Keep an incoming item aside; one with the same `remote` replaces the former.

        :param peer: key of the peer
        :param parked: the item
        """
        raise NotImplementedError

    def unpark(self, peer: str, remote: str) -> None:
        """Forget one parked item; nothing happens when it is not there.

        :param peer: key of the peer
        :param remote: its name of the item
        """
        raise NotImplementedError

    def clear_parked(self, peer: str) -> None:
        """Forget what was parked for a peer.

        :param peer: key of the peer
        """
        raise NotImplementedError

    def set_facts(self, peer: str, facts: "dict[str, object]") -> None:
        """Replace the facts of a peer.

        :param peer: key of the peer
        :param facts: JSON-able values
        """
        raise NotImplementedError

    def commit(self) -> None:
        """Make everything durable, in one step. Returns when it is; does nothing when nothing changed.

        :raises StoreError: nothing was changed then
        """
        raise NotImplementedError

    def __enter__(self) -> "Batch":
        return self

    def __exit__(self, *exc: object) -> None:
        raise NotImplementedError


class Store(Reading):
    """One datastore of one user. Subclass it to keep items wherever you like.

    `types` are the (media type, version) pairs that it takes and gives, the preferred one first; `form` is the one that
    items are kept in, whatever they come as; empty: as they come. `parts` are the names of the datastores that it is
    put together from. `skipped` names what the last refresh found and could not take: no item, and no deleted one.
    """

    types: "tuple[tuple[str, str], ...]" = (("text/plain", "1.0"),)
    form: "tuple[str, str]" = ("", "")
    parts: "tuple[str, ...]" = ()
    limits: _limits.Limits = _limits.DEFAULT
    skipped: "Sequence[str]" = ()

    def __len__(self) -> int:
        """How many items there are."""
        raise NotImplementedError

    def __bool__(self) -> bool:
        return True

    @property
    def revision(self) -> int:
        """The highest revision handed out so far, 0 in a new store."""
        raise NotImplementedError

    def refresh(self, rescan: bool = False) -> None:
        """Notice what others changed behind our back and give it revisions; called when a session begins.

        :param rescan: read everything, trust no time stamp
        :raises StoreError: when the place is missing or cannot be read
        """
        raise NotImplementedError

    def begin(self, session: str = "") -> Batch:
        """Start a batch; waits for the lock.

        :param session: names the session in the trash
        :returns: the batch
        :raises StoreBusy: when the lock is not to be had in time
        """
        raise NotImplementedError

    def peers(self) -> "list[str]":
        """The keys of all peers that have facts, entries or shadows.

        :returns: sorted keys
        """
        raise NotImplementedError

    def forget(self, peer: str) -> None:
        """Drop everything about a peer, durably; its next sync is a first one.

        :param peer: key of the peer
        """
        raise NotImplementedError

    def trash(self) -> Iterator[Trashed]:
        """What syncs deleted or replaced, oldest first; bounded by `limits`.

        :returns: an iterator
        """
        raise NotImplementedError

    def checkpoint(self) -> None:
        """A session is over: a good moment to write what may lag. A store where nothing lags does nothing.

        :raises StoreError: when that fails; nothing that was committed is lost
        """

    def close(self) -> None:
        """Write what may still lag and release files; the store is not used afterwards."""
        raise NotImplementedError
