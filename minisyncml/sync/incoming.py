"""What becomes of an item that the peer sent. One class for both roles: they differ in who names the items, and in
who decides a conflict (the server; a client keeps its own newer version and says so).

Statuses: Representation 1.2.2 section 10; what Add, Replace and Delete mean for each side: DS Protocol 1.2.1.
"""

from __future__ import annotations

from typing import Optional

from minisyncml import status as codes
from minisyncml.content.keys import key_of, same
from minisyncml.content.kind import fits, kind
from minisyncml.digest import digest
from minisyncml.engine.events import ItemArrived
from minisyncml.errors import ItemError
from minisyncml.store.base import DOOMED, PENDING, SOFT, UNHEARD, Batch, Entry, Item, Parked, Row
from minisyncml.sync.conflict import REASON, Policy, policy
from minisyncml.sync.match import Matcher
from minisyncml.sync.run import Run


class Incoming:
    """Applies items to one datastore.

    :param run: the run they belong to
    :param batch: where changes are put
    :param client: whether we are the client
    :param types: (media type, version) pairs that the datastore takes
    :param matcher: for slow and refresh syncs, else None
    :param chosen: name of the conflict policy
    """

    def __init__(self, run: Run, batch: Batch, client: bool, types: "tuple[tuple[str, str], ...]",
                 matcher: Optional[Matcher], chosen: str) -> None:
        self.run, self.batch, self.client, self.types, self.matcher = run, batch, client, types, matcher
        # where only the client's word counts, there is nobody to send another version to
        self.policy: Policy = policy("client-wins" if not run.from_server and not client else chosen)
        self.refusing = not (run.from_server if client else run.from_client)

    def take(self, event: ItemArrived) -> int:
        """Apply one command.

        :param event: the item
        :returns: the status to answer
        :raises ItemError: when this item cannot be taken
        """
        self.run.incoming += 1
        if self.refusing and not (self.run.slow and not self.client):
            return codes.NOT_EXECUTED if self.run.slow else codes.NOT_ALLOWED
        if not (event.target if self.client and event.command != "Add" else event.source) and not event.target:
            return codes.INCOMPLETE_COMMAND
        if event.command == "Delete":
            return self._delete(event)
        if event.command == "Copy" and event.body is None:
            return codes.UNSUPPORTED_FEATURE
        if event.body is None:
            return codes.INCOMPLETE_COMMAND
        body = event.body
        media_type = kind(body, event.type)
        if not fits(media_type, self.types):
            raise ItemError(f"{media_type} does not belong into {self.run.name}", codes.UNSUPPORTED_TYPE)
        return self._edit(event, media_type, body)

    # -- who is meant

    def _entry(self, event: ItemArrived) -> Optional[Entry]:
        """What we know of the item: by LUID when we are server; when we are client by our own id, or by the GUID."""
        if not self.client:
            name = event.source or event.target
            return self.batch.by_remote(self.run.peer, name) if name else None
        if event.target:
            return self.batch.entry(self.run.peer, event.target) or self._own(event.target)
        return self.batch.by_remote(self.run.peer, event.source) if event.source else None

    def _own(self, id: str) -> Optional[Entry]:
        """An item of ours that the server knows though we have no entry: its Status got lost."""
        row = self.batch.row(id)
        return Entry(id, "", 0, row.digest) if row is not None else None

    # -- Add and Replace

    def _edit(self, event: ItemArrived, media_type: str, body: bytes) -> int:
        entry = self._entry(event)
        if entry is not None and entry.flags & DOOMED:
            # the peer gave the name of a deleted item to a new one
            self.batch.set_entry(self.run.peer, entry._replace(remote=""))
            entry = None
        name = digest(body)
        if entry is not None and self.client and event.command == "Add" and not entry.flags & PENDING \
                and entry.digest != name:
            entry = None    # a GUID of an older life of the server
        if entry is None:
            return self._new(event, media_type, body, name)
        if entry.flags & UNHEARD:
            return self._heard(event, entry, media_type, body, name)
        row = self.batch.row(entry.id)
        if row is None:
            return self._deleted_here(event, entry, media_type, body)
        if row.digest == name or (entry.digest == name and row.revision <= entry.seen):
            self._known(event, entry, row, name)
            return codes.OK
        if row.revision > entry.seen and row.digest != entry.digest:
            return self._both_edited(event, entry, media_type, body)
        self._write(event, entry, media_type, body)
        return codes.OK

    def _new(self, event: ItemArrived, media_type: str, body: bytes, name: bytes) -> int:
        remote = event.source or event.target or ""
        if self.matcher is not None:
            id = self.matcher.exact(name)
            row = self.batch.row(id) if id is not None else None
            if row is not None:
                self._map(Entry(row.id, remote, row.revision, name))
                return codes.OK if not self.client else codes.ITEM_ADDED
            if self.refusing:
                return codes.NOT_EXECUTED
            if self.run.slow and not (self.client and self.run.from_client) and len(self.matcher):
                self.batch.park(self.run.peer, Parked(remote, media_type, body))
                return codes.ITEM_ADDED     # most probably; what it really was shows at the end
        self._create(media_type, body, remote)
        return codes.ITEM_ADDED

    def _heard(self, event: ItemArrived, entry: Entry, media_type: str, body: bytes, name: bytes) -> int:
        """A slow sync that kept what is known: what the peer has as it was leaves our edit or deletion in force, what
        it edited is taken; when both did, it is as in any slow sync."""
        entry = entry._replace(flags=entry.flags & ~UNHEARD)
        self.batch.set_entry(self.run.peer, entry)
        if entry.digest == name:
            return codes.OK
        mine, row = self.batch.get(entry.id), self.batch.row(entry.id)
        if mine is None or row is None:
            return self._deleted_here(event, entry, media_type, body)
        if same(media_type, mine.body, body):
            self.batch.set_entry(self.run.peer, entry._replace(digest=name))
        elif row.revision <= entry.seen:
            row = self.batch.put(entry.id, media_type, body, REASON)
            self._known(event, entry, row, name)
            self.run.local_counts["replaced"] += 1
        else:
            self.batch.drop_entry(self.run.peer, entry.id)
            self._pair(mine, Parked(entry.remote, media_type, body))
        return codes.OK

    def _create(self, media_type: str, body: bytes, remote: str) -> None:
        row = self.batch.put(None, media_type, body)
        self._map(Entry(row.id, remote, row.revision, row.digest))
        self.run.local_counts["added"] += 1

    def _map(self, entry: Entry) -> None:
        """A client owes the server a Map for what it was sent."""
        self.batch.set_entry(self.run.peer, entry._replace(flags=PENDING if self.client else 0))

    def _known(self, event: ItemArrived, entry: Entry, row: Row, name: bytes) -> None:
        """Sent again, or the same edit on both sides: nothing to do but to remember."""
        flags = entry.flags & ~SOFT
        if self.client and event.command == "Add":
            flags |= PENDING
        remote = entry.remote if self.client and event.target else (event.source or entry.remote)
        self.batch.set_entry(self.run.peer, Entry(entry.id, remote, row.revision, name, flags))

    def _write(self, event: ItemArrived, entry: Entry, media_type: str, body: bytes) -> None:
        row = self.batch.put(entry.id, media_type, body)
        self._known(event, entry, row, row.digest)
        self.run.local_counts["replaced"] += 1

    # -- both sides changed

    def _deleted_here(self, event: ItemArrived, entry: Entry, media_type: str, body: bytes) -> int:
        if not self.client:
            self.run.local_counts["conflicts"] += 1
            if not self.policy.edit_beats_deletion(True):
                self.batch.bin(entry.id, media_type, body, REASON)
                return codes.CONFLICT_SERVER_WON
        row = self.batch.put(entry.id, media_type, body)
        self._known(event, entry, row, row.digest)
        self.run.local_counts["added"] += 1
        return codes.ITEM_ADDED if self.client else codes.CONFLICT_CLIENT_WON

    def _both_edited(self, event: ItemArrived, entry: Entry, media_type: str, body: bytes) -> int:
        if self.client and self.run.from_client:
            self.run.local_counts["conflicts"] += 1
            return codes.CONFLICT        # edited while the sync ran; goes out next time, the server decides then
        mine = self.batch.get(entry.id)
        if mine is None:
            return self._deleted_here(event, entry, media_type, body)
        if self.client:
            row = self.batch.put(entry.id, media_type, body, REASON)
            self._known(event, entry, row, row.digest)
            self.run.local_counts["replaced"] += 1
            return codes.OK
        return self._decide(self.policy, entry, mine, media_type, body)

    def _decide(self, chosen: Policy, entry: Entry, mine: Item, media_type: str, body: bytes) -> int:
        self.run.local_counts["conflicts"] += 1
        code = chosen.edited(self.batch, self.run.peer, entry, mine, media_type, body)
        if code != codes.CONFLICT_SERVER_WON:
            self.run.local_counts["replaced"] += 1
        return code

    # -- Delete

    def _delete(self, event: ItemArrived) -> int:
        entry = self._entry(event)
        if entry is None:
            self.batch.unpark(self.run.peer, event.source or event.target or "")
            return codes.NOT_DELETED
        row = self.batch.row(entry.id)
        if event.soft and not self.client:
            self.batch.set_entry(self.run.peer, entry._replace(
                remote="", flags=SOFT, seen=row.revision if row else entry.seen))
            return codes.OK
        if row is None or entry.flags & DOOMED:
            if row is None:
                self.batch.drop_entry(self.run.peer, entry.id)
            return codes.OK
        if row.revision > entry.seen and row.digest != entry.digest:
            self.run.local_counts["conflicts"] += 1
            if self.client or self.policy.edit_beats_deletion(False):
                self.batch.drop_entry(self.run.peer, entry.id)      # goes there again as new
                return codes.CONFLICT if self.client else codes.CONFLICT_SERVER_WON
            self._remove(entry.id, REASON)
            return codes.CONFLICT_CLIENT_WON
        self.batch.set_entry(self.run.peer, entry._replace(flags=entry.flags | DOOMED))
        return codes.OK

    def _remove(self, id: str, reason: str) -> None:
        self.batch.remove(id, reason)
        self.batch.drop_entry(self.run.peer, id)
        self.run.local_counts["deleted"] += 1

    # -- the peer has sent everything

    def settle_parked(self, one: Parked, keys: "dict[str, str]") -> None:
        """Match what a slow sync parked; what finds no counterpart is new.

        Its sender was told that it is here: what the store refuses stays parked, and is tried again in each session.

        :param one: the item
        :param keys: from :func:`minisyncml.sync.match.by_key`; what is matched leaves it
        """
        try:
            if self.batch.by_remote(self.run.peer, one.remote) is None:
                self._place(one, keys)
            self.batch.unpark(self.run.peer, one.remote)
        except ItemError as error:
            self.run.note("local", one.remote, error.status, str(error))

    def _place(self, one: Parked, keys: "dict[str, str]") -> None:
        id = keys.pop(key_of(one.type, one.body), None)
        mine = self.batch.get(id) if id is not None else None
        if mine is not None:
            self._pair(mine, one)
        else:
            self._create(one.type, one.body, one.remote)

    def _pair(self, mine: Item, one: Parked) -> None:
        """Two versions of the same thing. A second copy at each slow sync is what people hate most, so keep-both
        keeps ours and puts theirs into the trash."""
        entry = Entry(mine.id, one.remote, 0, digest(one.body))
        if same(one.type, mine.body, one.body):
            self._map(entry._replace(seen=mine.revision))
            return
        if self.client:
            row = self.batch.put(mine.id, one.type, one.body, REASON)
            self._map(entry._replace(seen=row.revision))
            self.run.local_counts["replaced"] += 1
            return
        chosen = policy("server-wins") if self.policy is policy("keep-both") else self.policy
        self._decide(chosen, entry, mine, one.type, one.body)
        if self.batch.entry(self.run.peer, mine.id) is None:
            self.batch.set_entry(self.run.peer, entry)

    def end_of_waiting(self) -> None:
        """What the peer did not name in a slow sync that kept what is known, it does not have any more."""
        for entry in [entry for entry in self.batch.entries(self.run.peer) if entry.flags & UNHEARD]:
            self.batch.set_entry(self.run.peer, entry._replace(flags=entry.flags & ~UNHEARD | DOOMED))

    def doomed(self) -> "tuple[list[str], int]":
        """What the peer deleted. What was edited here since it said so is a conflict, decided as one.

        :returns: the ids, and how many items of the peer are left
        """
        known = self.batch.unflagged(self.run.peer)
        if known is not None:
            return [], known
        gone, left, edited = [], 0, []
        for entry in self.batch.entries(self.run.peer):
            if not entry.flags & DOOMED:
                left += 1
                continue
            row = self.batch.row(entry.id)
            if row is None or row.revision <= entry.seen or row.digest == entry.digest:
                gone.append(entry.id)
            else:
                edited.append(entry.id)
        for id in edited:
            self.run.local_counts["conflicts"] += 1
            if self.client or self.policy.edit_beats_deletion(False):
                self.batch.drop_entry(self.run.peer, id)    # goes there again as new
            else:
                gone.append(id)
        return gone, left

    def carry_out(self, gone: "list[str]") -> None:
        """Delete what the peer deleted; the bodies go to the trash.

        :param gone: ids from :meth:`doomed`
        """
        for id in gone:
            self._remove(id, "deleted by the peer")

    def wipe_rest(self, rest: "list[str]") -> None:
        """A refresh is complete: what the peer did not send goes to the trash.

        :param rest: ids without an entry
        """
        for id in rest:
            self._remove(id, "replaced by a refresh")
