"""Slow sync: finding the item here that an item from the peer already is.

Equal bytes settle at once. The rest is parked, durably, until the peer has sent everything, and only then matched by
key: an early resemblance must not take the place of a later exact match.
"""

from __future__ import annotations

from typing import Iterator, Optional

from minisyncml.content.keys import key_of
from minisyncml.errors import ItemError
from minisyncml.store.base import Reading


class Matcher:
    """The items here that have no counterpart at the peer yet, by digest. A cache: built anew after an interruption.

    :param reading: the store
    :param peer: key of the peer
    """

    def __init__(self, reading: Reading, peer: str) -> None:
        self._open: "dict[bytes, list[str]]" = {}
        self._count = 0
        for id, digest in unsettled(reading, peer):
            self._open.setdefault(digest, []).append(id)
            self._count += 1

    def __len__(self) -> int:
        """How many items here are without counterpart."""
        return self._count

    def exact(self, digest: bytes) -> Optional[str]:
        """Takes an item with these bytes.

        :param digest: of the peer's body
        :returns: our name of it, None when there is none
        """
        ids = self._open.get(digest)
        if not ids:
            return None
        id = ids.pop(0)
        if not ids:
            del self._open[digest]
        self._count -= 1
        return id


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


def by_key(reading: Reading, peer: str) -> "dict[str, str]":
    """Keys of the items without counterpart. A key that two items share is left out: a tie is never guessed.

    :param reading: a store or batch
    :param peer: key of the peer
    :returns: key to id
    """
    found: "dict[str, str]" = {}
    for id, _ in unsettled(reading, peer):
        try:
            item = reading.get(id)
        except ItemError:
            continue
        key = key_of(item.type, item.body) if item is not None else ""
        if key:
            found[key] = "" if key in found else id
    return {key: id for key, id in found.items() if id}
