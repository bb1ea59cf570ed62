"""What a Status says of an item that was sent."""

from __future__ import annotations

from typing import Optional

from minisyncml import status as codes
from minisyncml.message import commands as c
from minisyncml.store.base import Entry


def settled(entry: Optional[Entry], id: str, revision: int, digest: bytes) -> Entry:
    """An entry after the peer took an item.

    :param entry: what was known before, None for an item that is new there
    :param id: the item
    :param revision: that was sent
    :param digest: of the body as sent
    :returns: the entry to keep
    """
    old = entry or Entry(id)
    return old._replace(seen=revision, digest=digest)


def taken(kind: str, code: int) -> bool:
    """Whether a status says that the peer has (or no longer has) the item, as it was to be.

    :param kind: Add, Replace or Delete
    :param code: SyncML status code
    :returns: True when nothing is left to be sent
    """
    if kind == "Delete":
        return codes.succeeded(code) or code in (codes.NOT_FOUND, codes.NOT_DELETED, codes.CONFLICT_SERVER_WON)
    return codes.succeeded(code) or code in (codes.ALREADY_EXISTS, codes.CONFLICT_SERVER_WON)


def words(status: c.Status) -> str:
    """What a peer says for people about a refusal.

    :param status: the refusal
    :returns: one line of it, behind a colon
    """
    for item in status.items:
        if isinstance(item.data, bytes) and item.data:
            line = item.data[:200].decode("utf-8", "replace").strip().partition("\n")[0]
            return ": " + "".join(char for char in line if char.isprintable())
    return ""
