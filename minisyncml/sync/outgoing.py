"""What we send: a cursor over the changes that are due, one datastore after the other. The session asks for one
command at a time, so memory follows the message.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, Optional

from minisyncml import status as codes
from minisyncml.content.title import title
from minisyncml.errors import ItemError
from minisyncml.limits import Limits
from minisyncml.message import commands as c
from minisyncml.store.base import PENDING, TOLD, Batch, Entry, Item
from minisyncml.store.due import Change, changes
from minisyncml.sync.forms import Forms, Recent
from minisyncml.sync.run import FAILED, OPEN, SENT, Run

if TYPE_CHECKING:
    from minisyncml.engine.outbox import Feed


class Outgoing:
    """Feeds a session with the Sync containers of its runs.

    :param runs: all runs of the session, in order
    :param client: whether we are the client
    :param forms: gives the open batch of a run, and how the peer sees what is in it
    :param limits: how many items to look at in one go
    :param count: whether NumberOfChanges may be told
    """

    def __init__(self, runs: "list[Run]", client: bool, forms: "Callable[[Run], Forms]", limits: Limits,
                 count: bool) -> None:
        self._runs, self._client, self._forms, self._limits, self.count = runs, client, forms, limits, count
        self.recent = Recent()
        self.slow_command = "Replace"       # what a client sends all its items with
        self._page: "deque[Change]" = deque()
        self._end = False
        self._last_meta = c.Meta()
        self._current: Optional[Run] = None
        self._item: "Optional[tuple[c.ItemCommand, list[Any]]]" = None
        self._made: "Optional[tuple[tuple[object, ...], Item, tuple[str, bytes, bytes]]]" = None

    def container(self) -> "Optional[tuple[c.Sync, list[Any]]]":
        """See :class:`minisyncml.engine.outbox.Feed`."""
        run = next((run for run in self._runs if run.phase == OPEN and self._has_sync(run)), None)
        if run is None:
            return None
        self._item = None       # what did not fit into the last message may have changed since
        if run is not self._current:
            self._current, self._page, self._end = run, deque(), False
        number = None
        if not run.opened and self.count:
            number = self._total(run)
            self._end = number == 0     # no need to look twice
        return c.Sync("", run.remote, run.local, (), None, number), ["sync", self._runs.index(run)]

    def _has_sync(self, run: Run) -> bool:
        """A server sends no Sync where only the client's changes are wanted; a client always sends one."""
        if self._client or run.from_server or run.slow:
            return True
        run.phase = SENT
        return False

    def _sends(self, run: Run) -> bool:
        return run.from_client if self._client else run.from_server

    def _total(self, run: Run) -> int:
        if not self._sends(run):
            return 0
        total, after = 0, ""
        while True:
            page = self._due(run, after)
            total += len(page)
            if len(page) < self._limits.batch_items:
                return total
            after = page[-1].id

    def _due(self, run: Run, after: str) -> "list[Change]":
        """One page of what is to be sent."""
        batch, limit = self._forms(run).batch, self._limits.batch_items
        if not (self._client and run.whole):
            return changes(batch, run.peer, run.upto, after, limit)
        # what is edited meanwhile goes along: what we do not send, the server takes for missing, and sends
        return [Change(self.slow_command, row.id, row.revision, row.digest, None)
                for row in islice(batch.rows(after), limit)]

    def item(self) -> "Optional[tuple[c.ItemCommand, list[Any]]]":
        """See :class:`minisyncml.engine.outbox.Feed`."""
        run = self._current
        if run is None:
            return None
        run.opened = True
        if not self._sends(run):
            return None
        while self._item is None:
            if not self._page and not self._more(run):
                return None
            try:
                self._item = self._command(run, self._page[0])
            except ItemError as error:
                self._cannot(run, self._page[0].id, error)
            if self._item is None:
                run.after = self._page.popleft().id
        return self._item

    def _more(self, run: Run) -> bool:
        if self._end:
            return False
        page = self._due(run, run.after)
        self._end = len(page) < self._limits.batch_items
        self._page.extend(page)
        return bool(page)

    def _command(self, run: Run, change: Change) -> "Optional[tuple[c.ItemCommand, list[Any]]]":
        """The command for a change, None when there is nothing to say after all."""
        ref = ["item", self._runs.index(run), change.kind, change.id, change.revision, change.digest]
        remote, forms = change.entry.remote if change.entry is not None else "", self._forms(run)
        if change.kind == "Delete":
            if not self._client and not remote:
                forms.batch.drop_entry(run.peer, change.id)     # it never knew the item
                return None
            return c.Delete("", (self._named(change.id, remote),)), ref
        if run.full and change.kind == "Add":
            return None
        ready = self._ready(forms, change.id)
        if ready is None:
            return None
        item, (type, body, name) = ready
        if forms.view is not None:
            ref[5] = name
            if change.entry is not None and change.kind == "Replace" and not _unanswered(change.entry, self._client) \
                    and forms.has(item, type, name, change.entry):
                forms.batch.set_entry(run.peer, change.entry._replace(seen=change.revision))
                return None     # what changed is nothing that the peer keeps
        meta = self._meta(type)
        if change.kind == "Add" or _unanswered(change.entry, self._client):
            ref[2] = "Add"
            return c.Add("", (c.Item(source=item.id, data=body),), meta), ref
        return c.Replace("", (self._named(item.id, remote)._replace(data=body),), meta), ref

    def _ready(self, forms: Forms, id: str) -> "Optional[tuple[Item, tuple[str, bytes, bytes]]]":
        """An item, and what goes to the peer. A large one goes in many messages, and is read and converted once."""
        key = forms.batch.row(id), forms.view, forms.batch.shadow(forms.peer, id) if forms.view is not None else b""
        if self._made is None or self._made[0] != key:
            item = forms.batch.get(id)
            self._made = None if item is None else (key, item, forms.sent(item))
        return self._made and self._made[1:]

    def _cannot(self, run: Run, id: str, error: ItemError) -> None:
        """An item that cannot be said in the peer's form, or not be read; the others go on."""
        try:
            item = self._forms(run).batch.get(id)
        except ItemError:
            item = None
        run.note("local", id, error.status, f"{title(item.body)!r}: {error}" if item is not None else str(error))

    def _meta(self, media_type: str) -> c.Meta:
        """One Meta for all items of a type: writers recognize it, and write it once."""
        if self._last_meta.type != media_type:
            self._last_meta = c.Meta(type=media_type)
        return self._last_meta

    def _named(self, id: str, remote: str) -> c.Item:
        return c.Item(source=id) if self._client else c.Item(target=remote)

    def took(self) -> None:
        """See :class:`minisyncml.engine.outbox.Feed`."""
        run, change = self._current, self._page.popleft()
        assert run is not None and self._item is not None
        command, ref = self._item
        run.after = change.id
        forms = self._forms(run)
        if ref[2] == "Add" and not (self._client and run.whole):
            # until its answer comes (to a server: its Map) nobody knows whether the peer has it: when it is deleted
            # here meanwhile, that has to be said
            forms.batch.set_entry(run.peer, Entry(change.id, "", 0, ref[5], PENDING))
        known = forms.batch.entry(run.peer, change.id) if ref[2] == "Delete" else None
        if known is not None:
            forms.batch.set_entry(run.peer, known._replace(flags=known.flags | TOLD))
        self._made, body = None, command.items[0].data
        if forms.base is not None and isinstance(body, bytes) and command.meta is not None:
            self.recent.keep(run.name, change.id, ref[5], command.meta.type or "", body)
        self._item = None

    def refuse(self, code: int) -> None:
        """See :class:`minisyncml.engine.outbox.Feed`."""
        run = self._current
        assert run is not None and self._item is not None
        body = self._item[0].items[0].data
        run.after = self._page.popleft().id
        self._item = None
        run.full = run.full or code == codes.DEVICE_FULL
        words = "too large for the peer" if code == codes.TOO_LARGE else codes.name(code)
        run.note("remote", run.after, code, f"{title(body)!r}: {words}" if isinstance(body, bytes) else words)

    def close(self) -> None:
        """See :class:`minisyncml.engine.outbox.Feed`."""
        if self._current is not None and self._current.phase != FAILED:
            self._current.phase = SENT
        self._current = None


def _unanswered(entry: Optional[Entry], client: bool) -> bool:
    """Whether the peer may or may not have an item that it was sent."""
    return entry is not None and not entry.remote and (not client or entry.flags & PENDING != 0)


if TYPE_CHECKING:
    _: Feed = Outgoing([], True, lambda run: Forms(Batch(), ""), Limits(), True)
