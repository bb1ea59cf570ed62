"""Conflicts that wait for a person: which there are, and what becomes of one when the person has decided."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional

from minisyncml.content.form import Form
from minisyncml.content.formats import convert, format_of, hub
from minisyncml.content.kind import kind
from minisyncml.content.title import title
from minisyncml.errors import ItemError, UsageError
from minisyncml.store.base import Item, Store
from minisyncml.sync import asking

KEEP = ("ours", "theirs", "both", "merged")


class Question(NamedTuple):
    """An open conflict. `mine` is None where the item was deleted here meanwhile."""

    name: str               #: of the datastore
    conflict: asking.Conflict
    mine: Optional[Item]
    merged: Optional[bytes]

    @property
    def key(self) -> str:
        """How people name it."""
        return f"{self.name}/{self.conflict.entry.id}"

    @property
    def device(self) -> str:
        """Who has the other version."""
        return self.conflict.peer.rpartition("|")[0]

    @property
    def title(self) -> str:
        """How people call the item."""
        return title(self.conflict.theirs.body)


def questions(name: str, store: Store) -> "Iterator[Question]":
    """The open conflicts of a datastore.

    :param name: its name
    :param store: the datastore
    :returns: one for each peer and item
    :raises StoreError: when it cannot be read
    """
    for peer in store.peers():
        for conflict in asking.waiting(store, peer):
            yield Question(name, conflict, store.get(conflict.entry.id), asking.merged(store, conflict))


def answer(store: Store, question: Question, keep: str, body: bytes = b"",
           session: str = "conflicts") -> None:
    """Solve a conflict. What counts goes out with the next sync, to all peers; what does not goes to the trash.

    :param store: the datastore
    :param question: from :func:`questions`
    :param keep: one of :data:`KEEP`; or empty: `body` counts
    :param body: a version that a person made
    :param session: what the trash calls this
    :raises UsageError: when that cannot be, or a newer version came meanwhile
    :raises StoreError: when it cannot be written; nothing was changed then
    """
    conflict, theirs = question.conflict, question.conflict.theirs
    wanted: Optional[bytes] = None
    if not keep:
        wanted = fitting(store, theirs.type, body)
    elif keep == "merged":
        wanted = question.merged
        if wanted is None:
            raise UsageError(f"{question.key}: both sides changed the same, so nothing can be merged; use --edit")
    elif keep != "ours":
        wanted = theirs.body
    with store.begin(session) as batch:
        entry = batch.entry(conflict.peer, conflict.entry.id)
        now = next((one for one in asking.waiting(batch, conflict.peer) if one.entry.id == conflict.entry.id), None)
        row = batch.row(conflict.entry.id)
        if entry is None or now is None or not asking.same(now, conflict) \
                or (row.digest if row else b"") != (question.mine.digest if question.mine else b""):
            raise UsageError(f"{question.key}: it changed meanwhile; look at it again")
        try:
            asking.solve(batch, conflict, wanted, keep == "both")
            batch.commit()
        except ItemError as error:
            raise UsageError(f"{question.key}: {error}") from None


def fitting(store: Store, type: str, body: bytes) -> bytes:
    """A version that a person made, in the form of the store.

    :param store: the datastore
    :param type: media type of its items
    :param body: as it was made; line ends do not matter
    :returns: the item
    :raises UsageError: when it is none
    """
    if not body.strip():
        raise UsageError("an empty item; nothing was changed")
    found = format_of(body, type)
    if format_of(b"", type) is None or found is None:
        return body
    try:
        if found.family in ("contact", "calendar"):
            body = b"\r\n".join([*body.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n"), b""])
            if not _whole(body):
                raise ItemError("BEGIN and END do not match")
        if store.form[0] and (found.type, found.version) != store.form:
            return convert(body, type, Form(*store.form))
        hub(body, type)
    except ItemError as error:
        raise UsageError(f"that is no {kind(body, type)} that can be kept: {error}") from None
    return body


def _whole(body: bytes) -> bool:
    upper = [line.strip() for line in body.upper().splitlines()]
    return upper[0].startswith(b"BEGIN:") and upper[-1] == upper[0].replace(b"BEGIN:", b"END:")
