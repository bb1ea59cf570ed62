"""What becomes of an item that the peer sent. One class for both roles: they differ in who names the items, and in
who decides a conflict (the server; a client keeps its own newer version and says so).

Statuses: Representation 1.2.2 section 10; what Add, Replace and Delete mean for each side: DS Protocol 1.2.1.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from minisyncml import status as codes
from minisyncml.content.kind import fits, kind
from minisyncml.content.title import title
from minisyncml.digest import digest
from minisyncml.engine.events import ItemArrived
from minisyncml.errors import ItemError
from minisyncml.store.base import ASKED, DOOMED, PENDING, SOFT, UNHEARD, Batch, Entry, Item, Parked, Row
from minisyncml.sync.conflict import REASON, Policy, policy
from minisyncml.sync.forms import Forms
from minisyncml.sync.match import Matcher
from minisyncml.sync.run import Run

ASIDE = 100         #: items set aside that are known again
#: statuses of items that may be understood some day, by a person or by a newer version
_REFUSED = (codes.UNSUPPORTED_TYPE, codes.STORE_FAILURE, codes.COMMAND_FAILED)


class Incoming:
    """Applies items to one datastore.

    :param run: the run they belong to
    :param forms: the batch that changes are put into, and how the peer sees what is in it
    :param client: whether we are the client
    :param types: (media type, version) pairs that the datastore takes
    :param matcher: for slow and refresh syncs, else None
    :param chosen: name of the conflict policy
    :param hear: is told a media type that was not heard before, and gives the forms that count from then on
    """

    def __init__(self, run: Run, forms: Forms, client: bool, types: "tuple[tuple[str, str], ...]",
                 matcher: Optional[Matcher], chosen: str, hear: "Callable[[Run, str], Forms]") -> None:
        self._hear = hear
        self.run, self.forms, self.client, self.types, self.matcher = run, forms, client, types, matcher
        # where only the client's word counts, there is nobody to send another version to
        self.policy: Policy = policy("client-wins" if not run.from_server and not client else chosen)
        self.refusing = not (run.from_server if client else run.from_client)
        self.answering = run.from_client if client else run.from_server     # what we changed goes to the peer
        self.named: "tuple[tuple[str, str], ...]" = ()      #: what a 207 or 209 speaks of: the peer's name and ours

    @property
    def batch(self) -> Batch:
        """Where changes are put."""
        return self.forms.batch

    def take(self, event: ItemArrived) -> int:
        """Apply one command.

        :param event: the item
        :returns: the status to answer
        :raises ItemError: when this item cannot be taken
        """
        self.run.incoming += 1
        self.named = ()
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
        try:
            if not fits(media_type, self.types, body):
                raise ItemError(f"{media_type} does not belong into {self.run.name}", codes.UNSUPPORTED_TYPE)
            if media_type not in self.run.spoken:
                self.forms = self._hear(self.run, media_type)
            return self._edit(event, media_type, body)
        except ItemError as error:
            if error.status in _REFUSED:
                self._set_aside(event, media_type, body)
            raise

    def _set_aside(self, event: ItemArrived, media_type: str, body: bytes) -> None:
        """What cannot be taken is kept in the trash, once: who sent it will send it again and again."""
        facts = self.batch.facts(self.run.peer)
        known, name = facts.get("aside"), digest(body).hex()
        aside = known if isinstance(known, list) else []
        if name not in aside:
            self.batch.bin(f"@{event.source or event.target}", media_type, body, "not understood")
            self.batch.set_facts(self.run.peer, {**facts, "aside": [*aside[1 - ASIDE:], name]})

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
        if entry.flags & ASKED and row.digest != name:
            return self._both_edited(event, entry, media_type, body)
        if row.digest == name or (entry.digest == name and row.revision <= entry.seen):
            self._known(event, entry, row, name)
            if row.digest == name:
                self.forms.remember(entry.id, media_type, body)
        elif entry.digest == name and self.answering:
            # it did not change that at all, and ours goes there
            self._known(event, entry, row._replace(revision=entry.seen), name)
        elif self.forms.changed(row, entry):
            return self._both_edited(event, entry, media_type, body)
        else:   # in a slow sync nobody knows whether we changed it
            self._write(event, entry, row, media_type, body, name, REASON if self.matcher is not None else "")
        return codes.OK

    def _new(self, event: ItemArrived, media_type: str, body: bytes, name: bytes) -> int:
        remote = event.source or event.target or ""
        if self.matcher is not None:
            copy = self.matcher.copy(remote, name) if self.answering else None
            if copy is not None:    # it goes there, too
                self.batch.set_entry(self.run.peer, copy)
                return codes.OK
            if self._matched(remote, media_type, body, name):
                return codes.OK if not self.client else codes.ITEM_ADDED
            if self.refusing:
                return codes.NOT_EXECUTED
            compared = self.run.slow or self.forms.loose    # what it cannot hold of an item is ours to keep
            if compared and not (self.client and self.run.from_client) and len(self.matcher):
                self.batch.park(self.run.peer, Parked(remote, media_type, body))
                return codes.ITEM_ADDED     # most probably; what it really was shows at the end
        self._create(media_type, body, remote)
        return codes.ITEM_ADDED

    def _matched(self, remote: str, media_type: str, body: bytes, name: bytes) -> bool:
        """A slow sync: the item is the same, byte for byte, as one here, or as the peer had it of one."""
        matcher, view = self.matcher, self.forms.view
        assert matcher is not None
        id = matcher.exact(name)
        if id is None and view is not None:
            id = matcher.had(digest(view.shadow(media_type, body)))
        mine = self.batch.row(id) if id is not None else None
        if mine is None:
            return False
        item = self.batch.get(mine.id) if mine.digest != name else None
        seen = mine.revision if item is None or self.forms.same(item, media_type, body) else 0
        if not seen and not self.answering:
            seen = self.batch.put(mine.id, *self.forms.theirs(mine.id, media_type, body), REASON).revision
            self.run.local_counts["replaced"] += 1
        self._map(Entry(mine.id, remote, seen, name))
        self.forms.remember(mine.id, media_type, body)
        return True

    def _heard(self, event: ItemArrived, entry: Entry, media_type: str, body: bytes, name: bytes) -> int:
        """A slow sync that kept what is known: what the peer has as it was leaves our edit or deletion in force, what
        it edited is taken; when both did, it is as in any slow sync."""
        entry = entry._replace(flags=entry.flags & ~UNHEARD)
        self.batch.set_entry(self.run.peer, entry)
        if entry.digest == name:
            return codes.CONFLICT if entry.flags & ASKED else codes.OK
        mine, row = self.batch.get(entry.id), self.batch.row(entry.id)
        if mine is None or row is None:
            return self._deleted_here(event, entry, media_type, body)
        if self.forms.same(mine, media_type, body):
            self.batch.set_entry(self.run.peer, self._closed(entry)._replace(digest=name))
            self.forms.remember(entry.id, media_type, body)
        elif not self.forms.changed(row, entry):
            self._write(event, entry, row, media_type, body, name, REASON)
        else:
            self._pair(mine, Parked(entry.remote, media_type, body))
        return codes.OK

    def _create(self, media_type: str, body: bytes, remote: str) -> None:
        row = self.batch.put(None, *self.forms.stored(media_type, body, remote))
        self._map(Entry(row.id, remote, row.revision, digest(body)))
        self.forms.remember(row.id, media_type, body)
        self.run.local_counts["added"] += 1

    def _map(self, entry: Entry) -> None:
        """A client owes the server a Map for what it was sent."""
        self.batch.set_entry(self.run.peer, entry._replace(flags=PENDING if self.client else 0))

    def _known(self, event: ItemArrived, entry: Entry, row: Row, name: bytes) -> None:
        """Sent again, or the same edit on both sides: nothing to do but to remember."""
        flags = self._closed(entry).flags & ~SOFT
        if self.client and event.command == "Add":
            flags |= PENDING
        remote = entry.remote if self.client and event.target else (event.source or entry.remote)
        self.batch.set_entry(self.run.peer, Entry(entry.id, remote, row.revision, name, flags))

    def _write(self, event: ItemArrived, entry: Entry, row: Row, media_type: str, body: bytes, name: bytes,
               reason: str = "") -> None:
        """Only the peer changed it, or it counts more. It may have written the same in another way."""
        edited = row.revision > entry.seen and self.answering and self.forms.view is not None
        type, wanted = self.forms.updated(entry.id, media_type, body)
        if row.digest != (name if wanted is body else digest(wanted)):
            row = self.batch.put(entry.id, type, wanted, reason or self.forms.doubt(entry.id, wanted))
            self.run.local_counts["replaced"] += 1
        mine = self.batch.get(entry.id) if edited else None
        if mine is not None and not self.forms.shows(mine, media_type, body):
            row = row._replace(revision=entry.seen)     # an edit of ours that contradicts nothing goes there
        self._known(event, entry, row, name)
        self.forms.remember(entry.id, media_type, body)

    # -- both sides changed

    def _deleted_here(self, event: ItemArrived, entry: Entry, media_type: str, body: bytes) -> int:
        entry = self._closed(entry)
        if not self.client:
            self.run.local_counts["conflicts"] += 1
            if not self.policy.edit_beats_deletion(True):
                self.batch.bin(entry.id, media_type, body, REASON)
                return codes.CONFLICT_SERVER_WON
        row = self.batch.put(entry.id, *self.forms.stored(media_type, body, entry.remote))
        self._known(event, entry, row, digest(body))
        self.forms.remember(entry.id, media_type, body)
        self.run.local_counts["added"] += 1
        return codes.ITEM_ADDED if self.client else codes.CONFLICT_CLIENT_WON

    def _both_edited(self, event: ItemArrived, entry: Entry, media_type: str, body: bytes) -> int:
        mine = self.batch.get(entry.id)
        if mine is None:
            return self._deleted_here(event, entry, media_type, body)
        if self.forms.loose and self._agrees(event, entry, mine, media_type, body):
            return codes.OK
        if self.client and self.run.from_client:
            self.run.local_counts["conflicts"] += 1
            return codes.CONFLICT        # edited while the sync ran; goes out next time, the server decides then
        if self.client:
            row = self.batch.put(entry.id, *self.forms.theirs(entry.id, media_type, body), REASON)
            self._known(event, entry, row, digest(body))
            self.forms.remember(entry.id, media_type, body)
            self.run.local_counts["replaced"] += 1
            return codes.OK
        return self._decide(self.policy, entry, mine, media_type, body)

    def _agrees(self, event: ItemArrived, entry: Entry, mine: Item, media_type: str, body: bytes) -> bool:
        """Whether there is no conflict after all: both made the same of it, or the peer only wrote what it had in
        another way, and ours goes there."""
        row = self.batch.row(mine.id)
        if row is None or not self.forms.same(mine, media_type, body):
            shadow = self.batch.shadow(self.run.peer, mine.id)
            if row is None or not (shadow and self.answering) or self._news(mine, media_type, body):
                return False
            row = row._replace(revision=entry.seen)
        elif self.answering and not self.forms.shows(mine, media_type, body):
            row = row._replace(revision=entry.seen)     # the same, and more
        self._known(event, entry, row, digest(body))
        self.forms.remember(mine.id, media_type, body)
        return True

    def _news(self, mine: Item, media_type: str, body: bytes) -> bool:
        """Whether the peer says anything that ours does not."""
        return self.forms.updated(mine.id, media_type, body)[1] != mine.body

    def _decide(self, chosen: Policy, entry: Entry, mine: Item, media_type: str, body: bytes) -> int:
        self.run.local_counts["conflicts"] += 1
        peer, name = self.run.peer, digest(body)
        clash = self.forms.clash(entry, mine, media_type, body, self.batch.shadow(peer, mine.id))
        code = chosen.settle(clash)
        if code == codes.CONFLICT_MERGED or clash.copy:
            self.named = (("", clash.copy) if clash.copy else (entry.remote, mine.id),)
        decided = self.batch.entry(peer, mine.id) or entry
        if code == codes.CONFLICT:      # it stays open: what it had before both edited is wanted still
            _asking().keep_shadow(self.batch, peer, mine.id, self.forms.shadow(mine.id, media_type, body))
        else:
            self._closed(entry)
            decided = decided._replace(flags=decided.flags & ~ASKED)
            self.forms.remember(mine.id, media_type, body)
            self.run.local_counts["replaced"] += code != codes.CONFLICT_SERVER_WON
        self.batch.set_entry(peer, decided._replace(digest=name))
        return code

    def _closed(self, entry: Entry) -> Entry:
        """A conflict that waited for a person is none any more."""
        if not entry.flags & ASKED:
            return entry
        closed: Entry = _asking().close(self.batch, self.run.peer, entry)
        return closed

    # -- Delete

    def _delete(self, event: ItemArrived) -> int:
        entry = self._entry(event)
        if entry is None:
            self.batch.unpark(self.run.peer, event.source or event.target or "")
            return codes.NOT_DELETED
        row = self.batch.row(entry.id)
        if entry.flags & ASKED:
            entry = self._closed(entry)
            self.batch.set_entry(self.run.peer, entry)
        if event.soft and not self.client:
            self.batch.set_entry(self.run.peer, entry._replace(
                remote="", flags=SOFT, seen=row.revision if row else entry.seen))
            return codes.OK
        if row is None or entry.flags & DOOMED:
            if row is None:
                self.batch.drop_entry(self.run.peer, entry.id)
            return codes.OK
        if self.forms.changed(row, entry):
            self.run.local_counts["conflicts"] += 1
            if self.client or self.policy.edit_beats_deletion(False):
                self.batch.drop_entry(self.run.peer, entry.id)      # goes there again as new
                return codes.CONFLICT if self.client else codes.CONFLICT_SERVER_WON
            remove(self.run, self.batch, entry.id, REASON)
            return codes.CONFLICT_CLIENT_WON
        self.batch.set_entry(self.run.peer, entry._replace(flags=entry.flags | DOOMED))
        return codes.OK

    # -- the peer has sent everything

    def settle_parked(self, one: Parked, pairs: "dict[str, str]") -> None:
        """Match what a slow sync parked; what finds no counterpart is new.

        Its sender was told that it is here: what the store refuses stays parked, and is tried again in each session.

        :param one: the item
        :param pairs: the peer's names to ours, from :func:`minisyncml.sync.pairing.find`
        """
        try:
            if self.batch.by_remote(self.run.peer, one.remote) is None:
                self._place(one, pairs)
            self.batch.unpark(self.run.peer, one.remote)
        except ItemError as error:
            self.run.note("local", one.remote, error.status, f"{title(one.body)!r}: {error}")

    def _place(self, one: Parked, pairs: "dict[str, str]") -> None:
        id = pairs.get(one.remote)
        mine = self.batch.get(id) if id is not None else None
        if mine is not None:
            self._pair(mine, one)
        else:
            self._create(one.type, one.body, one.remote)

    def _pair(self, mine: Item, one: Parked) -> None:
        """Two versions of the same thing. A second copy at each slow sync is what people hate most, so keep-both
        keeps ours and puts theirs into the trash."""
        entry = Entry(mine.id, one.remote, 0, digest(one.body))
        if self.forms.same(mine, one.type, one.body):
            self._map(entry._replace(seen=mine.revision))
            self.forms.remember(mine.id, one.type, one.body)
        elif self.client or not self.run.slow:
            row = self.batch.put(mine.id, *self.forms.theirs(mine.id, one.type, one.body), REASON)
            self._map(entry._replace(seen=row.revision))
            self.forms.remember(mine.id, one.type, one.body)
            self.run.local_counts["replaced"] += 1
        elif self.forms.view is None or self.policy.asks or not self._unite(entry, mine, one):
            self._decide(self.policy.in_slow, entry, mine, one.type, one.body)

    def _unite(self, entry: Entry, mine: Item, one: Parked) -> bool:
        """Both versions in one, where they do not contradict each other: nobody knows which is the newer one."""
        clash = self.forms.clash(entry, mine, one.type, one.body, self.batch.shadow(self.run.peer, mine.id))
        both = clash.merged()
        if both is None:
            return False
        row = self.batch.row(mine.id)
        if both != mine.body:
            row = self.batch.put(mine.id, mine.type, both, REASON)
            self.run.local_counts["replaced"] += 1
        known = self.forms.same(mine._replace(body=both), one.type, one.body)
        self._map(entry._replace(seen=row.revision if known and row is not None else 0))
        self.forms.remember(mine.id, one.type, one.body)
        return True


def remove(run: Run, batch: Batch, id: str, reason: str) -> None:
    """Delete one item; its body goes to the trash.

    :param run: counts it
    :param batch: that it is deleted in
    :param id: our name of it
    :param reason: what the trash says
    """
    batch.remove(id, reason)
    batch.drop_entry(run.peer, id)
    run.local_counts["deleted"] += 1


def _asking() -> Any:
    """What keeps conflicts open, loaded where there is one."""
    from importlib import import_module
    return import_module("minisyncml.sync.asking")
