"""What the peer deleted, or did not send though it sent all it has: found when its changes are complete, and carried
out then. A single Delete, and what it means for an item that was edited here, stands in incoming.py.
Loaded when the first sync is complete.
"""

from __future__ import annotations

from minisyncml.store.base import DOOMED, UNHEARD
from minisyncml.sync.conflict import Policy
from minisyncml.sync.forms import Forms
from minisyncml.sync.incoming import remove
from minisyncml.sync.match import copies
from minisyncml.sync.run import Run


class Deletions:
    """Those of one datastore.

    :param run: the sync of the datastore
    :param forms: the batch that changes are put into
    :param client: whether we are the client
    :param policy: decides where we edited what the peer deleted
    """

    def __init__(self, run: Run, forms: Forms, client: bool, policy: Policy) -> None:
        self._run, self._forms, self._client, self._policy = run, forms, client, policy

    def end_of_waiting(self) -> None:
        """What the peer did not name in a slow sync that kept what is known, it does not have any more."""
        for entry in [entry for entry in self._forms.batch.entries(self._run.peer) if entry.flags & UNHEARD]:
            self._forms.batch.set_entry(self._run.peer, entry._replace(flags=entry.flags & ~UNHEARD | DOOMED))

    def doomed(self) -> "tuple[list[str], int]":
        """What the peer deleted. What was edited here since it said so is a conflict, decided as one.

        :returns: the ids, and how many items of the peer are left
        """
        known = self._forms.batch.unflagged(self._run.peer)
        if known is not None:
            return [], known
        self._keep_one()
        gone, left, edited = [], 0, []
        for entry in self._forms.batch.entries(self._run.peer):
            if not entry.flags & DOOMED:
                left += 1
                continue
            row = self._forms.batch.row(entry.id)
            if row is None or not self._forms.changed(row, entry):
                gone.append(entry.id)
            else:
                edited.append(entry.id)
        for id in edited:
            self._run.local_counts["conflicts"] += 1
            if self._client or self._policy.edit_beats_deletion(False):
                self._forms.batch.drop_entry(self._run.peer, id)    # goes there again as new
            else:
                gone.append(id)
        return gone, left

    def _keep_one(self) -> None:
        """Something was there twice, and on each side another one of both was thrown out: who cleans up wants to keep
        one. So what is left at the peer is what stayed here."""
        batch, peer = self._forms.batch, self._run.peer
        for other, kept in list(copies(batch, peer, peer)):
            entry = batch.entry(peer, kept)
            if other.flags or entry is None or not entry.flags & DOOMED or batch.row(kept) is None:
                continue
            shadow = batch.shadow(peer, other.id)
            batch.drop_entry(peer, other.id)
            batch.set_entry(peer, other._replace(id=kept, seen=entry.seen if other.digest == entry.digest else 0))
            batch.set_shadow(peer, kept, shadow)

    def carry_out(self, gone: "list[str]") -> None:
        """Delete what the peer deleted; the bodies go to the trash.

        :param gone: ids from :meth:`doomed`
        """
        for id in gone:
            remove(self._run, self._forms.batch, id, "deleted by the peer")

    def wipe_rest(self, rest: "list[str]") -> None:
        """A refresh is complete: what the peer did not send goes to the trash.

        :param rest: ids without an entry
        """
        for id in rest:
            remove(self._run, self._forms.batch, id, "replaced by a refresh")
