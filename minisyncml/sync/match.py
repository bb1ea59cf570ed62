"""Slow sync: finding the item here that an item from the peer already is.

Equal bytes settle at once. The rest is parked, durably, until the peer has sent everything, and only then paired, see
:mod:`minisyncml.sync.pairing`: an early resemblance must not take the place of a later exact match.
"""

from __future__ import annotations

from typing import Iterator, Optional

from minisyncml.digest import digest
from minisyncml.store.base import Entry, Reading

#: before the key of a peer: the names that it had for our items before a slow sync made them doubtful
WAS = "was "
#: fact of a peer: its names of what was here more than once, and was taken out; with each our name of what stayed
COPIES = "copies"


class Matcher:
    """The items here that have no counterpart at the peer yet, by digest. A cache: built anew after an interruption.

    :param reading: the store
    :param peer: key of the peer
    :param shadows: whether the peer has items in another form
    """

    def __init__(self, reading: Reading, peer: str, shadows: bool = False) -> None:
        self._copies = {entry.remote: entry._replace(flags=0) for entry, _ in copies(reading, peer, WAS + peer)}
        self._open: "dict[bytes, list[str]]" = {}
        self._had: "dict[bytes, list[str]]" = {}
        self._taken: "Optional[set[str]]" = set() if shadows else None      # who may be found in both ways
        self._count = 0
        for id, name in unsettled(reading, peer):
            self._open.setdefault(name, []).append(id)
            self._count += 1
            shadow = reading.shadow(peer, id) if shadows else b""
            if shadow:
                self._had.setdefault(digest(shadow), []).append(id)

    def __len__(self) -> int:
        """How many items here are without counterpart."""
        return self._count

    def copy(self, remote: str, name: bytes) -> Optional[Entry]:
        """Whether the peer still has what was one too many here.

        :param remote: its name of an item
        :param name: digest of its body
        :returns: what was known of that; None: it is something else
        """
        known = self._copies.get(remote)
        return known if known is not None and known.digest == name else None

    def exact(self, name: bytes) -> Optional[str]:
        """Takes an item with these bytes.

        :param name: digest of the peer's body
        :returns: our name of it, None when there is none
        """
        return self._take(self._open, name)

    def had(self, name: bytes) -> Optional[str]:
        """Takes an item that the peer had like this when both last agreed.

        :param name: digest of the shadow of the peer's body
        :returns: our name of it, None when there is none
        """
        return self._take(self._had, name)

    def _take(self, among: "dict[bytes, list[str]]", name: bytes) -> Optional[str]:
        ids = among.get(name)
        while ids:
            id = ids.pop(0)
            if not ids:
                del among[name]
            if self._taken is not None and id in self._taken:
                continue
            if self._taken is not None:
                self._taken.add(id)
            self._count -= 1
            return id
        return None


def copies(reading: Reading, peer: str, key: str) -> "Iterator[tuple[Entry, str]]":
    """What was taken out here because it was there more than once, and was not deleted at the peer yet.

    :param reading: a store or batch
    :param peer: key of the peer
    :param key: the same, or where its names were put when a slow sync began
    :returns: what is known of each, and our name of the item that stayed
    """
    known = reading.facts(peer).get(COPIES)
    for remote, kept in known.items() if isinstance(known, dict) else ():
        entry = reading.by_remote(key, remote)
        if entry is not None and reading.row(entry.id) is None:
            yield entry, kept


def unsettled(reading: Reading, peer: str) -> "Iterator[tuple[str, bytes]]":
    """The items without an entry for a peer.

    :param reading: a store or batch
    :param peer: key of the peer
    :returns: pairs of id and digest, in order of id
    """
    entries = iter(reading.entries(peer))
    entry = next(entries, None)
    for row in reading.rows():
        while entry is not None and int(entry.id) < int(row.id):
            entry = next(entries, None)
        if entry is None or entry.id != row.id:
            yield row.id, row.digest
