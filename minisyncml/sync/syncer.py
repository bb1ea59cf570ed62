"""The sync logic of one session: what is agreed on, when which package is complete, what an answer means. Client and
server are this one class; what differs stands in client.py and server.py.

It works on the events of a session and answers through a :class:`Port`; stores are touched in batches only, which
the owner commits before the next message leaves.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping, Optional, Protocol

from minisyncml import status as codes
from minisyncml.content.title import title
from minisyncml.engine.events import (
    Alerted,
    Answered,
    Event,
    ItemArrived,
    Mapped,
    PackageEnded,
    SyncOpened,
)
from minisyncml.errors import ItemError, StoreError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import commands as c
from minisyncml.store.base import SOFT, UNHEARD, Store
from minisyncml.sync.answers import words
from minisyncml.sync.conflict import DEFAULT as KEEP_BOTH
from minisyncml.sync.conflict import policy
from minisyncml.sync.incoming import Incoming
from minisyncml.sync.match import COPIES, WAS, Matcher, copies
from minisyncml.sync.outgoing import Outgoing
from minisyncml.sync.run import ALERTED, OPEN, Run, anchors
from minisyncml.sync.uris import plain_uri
from minisyncml.sync.views import Views


class Port(Protocol):
    """What the sync logic asks of a session."""

    def put(self, command: c.Command, ref: "Optional[list[Any]]" = None) -> None:
        """Queue a command; `ref` comes back with its answer."""

    def settle(self, slot: int, code: int, anchor: Optional[str] = None, texts: "Iterable[str]" = (),
               uris: "Iterable[tuple[str, str]]" = ()) -> None:
        """Answer an event."""


class Options:
    """How to sync.

    :param conflict: name of a conflict policy
    :param allow_empty: go on when a side turned up empty
    :param step: gives random numbers of 1 and more, for anchors
    :param limits: bounds
    """

    def __init__(self, conflict: str = KEEP_BOTH, allow_empty: bool = False, rescan: bool = False,
                 step: "Callable[[], int]" = lambda: 1, limits: Limits = DEFAULT) -> None:
        self.conflict, self.allow_empty, self.rescan, self.step, self.limits = \
            conflict, allow_empty, rescan, step, limits


class Syncer(Views):
    """One session's datastores.

    :param port: the session
    :param stores: our datastores by name
    :param options: how to sync
    :param state: from an earlier :meth:`state`, to go on with
    """

    def __init__(self, port: Port, stores: "Mapping[str, Store]", options: Options,
                 state: "Optional[dict[str, Any]]" = None) -> None:
        super().__init__(stores, [Run.load(run) for run in state["runs"]] if state else [], options.rescan,
                         policy(options.conflict).wants_shadow)
        self.port, self.options = port, options
        self.initialized = bool(state and state["initialized"])     # the peer closed its first package
        self.synced: "set[str]" = set()                 # by name: those with a Sync in this message
        self.undecided = codes.CONFLICT     # what the client is told of an item that a person has to decide on
        self._incoming: Optional[Incoming] = None
        self._matchers: "dict[str, Matcher]" = {}
        self._open: Optional[Run] = None
        self._syncs: "list[tuple[int, Run]]" = []       # of this message, not answered yet
        self.outgoing = Outgoing(self.runs, self.client, self.forms, options.limits, True)

    def state(self) -> "dict[str, Any]":
        """Everything as plain values.

        :returns: for the `state` parameter
        """
        return {"runs": [run.state() for run in self.runs], "initialized": self.initialized}

    def rollback(self) -> None:
        """See :meth:`minisyncml.sync.batches.Batches.rollback`."""
        self._syncs.clear()
        super().rollback()

    # -- events

    def handle(self, event: Event) -> None:
        """React to one event; its slot is settled when this returns, that of a Sync by :meth:`answer`.

        :param event: from the session
        """
        if isinstance(event, ItemArrived):
            self._on_item(event)
        elif isinstance(event, Answered):
            self._on_answer(event)
        elif isinstance(event, Alerted):
            self.on_alert(event)
        elif isinstance(event, SyncOpened):
            self._on_sync(event)
        elif isinstance(event, Mapped):
            self.on_map(event)
        elif isinstance(event, PackageEnded):
            self.initialized = True
            self.on_package(event.number)

    def on_alert(self, event: Alerted) -> None:
        """The peer wants or agrees on a sync.

        :param event: from the session
        """
        raise NotImplementedError

    def on_map(self, event: Mapped) -> None:
        """The client tells its names.

        :param event: from the session
        """
        self.port.settle(event.slot, codes.NOT_ALLOWED)

    def on_package(self, number: int) -> None:
        """The peer closed a package.

        :param number: which, from 0: its initialization
        """
        raise NotImplementedError

    def answered(self, run: Run, ref: "list[Any]", code: int) -> None:
        """The Status of a command that was not about an item: Alert, Sync, Map.

        :param run: one of `runs`
        :param ref: what was given when the command was sent
        :param code: SyncML status code
        """

    def item_answered(self, run: Run, change: "list[Any]", code: int) -> None:
        """The Status of an item.

        :param run: one of `runs`
        :param change: kind, id, revision and digest, as sent
        :param code: SyncML status code
        """
        raise NotImplementedError

    def _on_answer(self, event: Answered) -> None:
        what = event.ref[0]
        if what not in ("item", "alert", "sync", "map"):
            return
        run = self.runs[event.ref[1]]  # type: ignore[call-overload]
        if run.failed:
            return
        if what == "item":
            self.item_answered(run, event.ref[2:], event.code)
        elif what == "sync" and event.code >= 400:
            run.fail(event.code, f"the peer refused the changes of {run.name}: {codes.name(event.code)} ({event.code})")
        else:
            self.answered(run, event.ref, event.code)
        if run.failed:
            run.problem += words(event.status)
            run.at_risk = self.ours and event.code == codes.SYNC_FAILED
            if run.at_risk:
                run.remote_counts["deleted"] = 0    # it said 200 to each, as they came, and kept them all

    def _on_sync(self, event: SyncOpened) -> None:
        self._open = run = self._find(event.target, event.source)
        if run is not None:
            self.synced.add(run.name)
        if run is None:
            self.port.settle(event.slot, codes.NOT_FOUND)
        elif run.failed:
            self.port.settle(event.slot, run.status)
        elif run.complete:      # its package was closed; what comes now belongs to another session
            self._open = None
            self.port.settle(event.slot, codes.NOT_ALLOWED)
        elif run.phase == ALERTED and not self.may_begin(run):
            self._open = None
            self.port.settle(event.slot, codes.REFRESH_REQUIRED if run.slow else codes.NOT_ALLOWED)
        else:
            run.heard = True
            self._syncs.append((event.slot, run))

    def answer(self) -> None:
        """Settle the Syncs of a message; only at its end is it known what became of them."""
        syncs, self._syncs = self._syncs, []
        for slot, run in syncs:
            self.port.settle(slot, run.status if run.failed else codes.OK, None, (run.problem,) if run.at_risk else ())

    def may_begin(self, run: Run) -> bool:
        """Whether a Sync may come though the initialization is not complete.

        :param run: one of `runs`
        :returns: whether its items are taken
        """
        return True

    def _find(self, target: str, source: str) -> Optional[Run]:
        """The run of a Sync or Map. Some phones leave the target empty: then the source decides."""
        for run in self.runs:
            if plain_uri(run.local) == plain_uri(target):
                return run
        return next((run for run in self.runs if plain_uri(run.remote) == plain_uri(source)), None)

    def _on_item(self, event: ItemArrived) -> None:
        run = self._open
        if run is None or run.failed:
            self.port.settle(event.slot, run.status if run is not None and run.status else codes.NOT_ALLOWED)
            return
        uris: "tuple[tuple[str, str], ...]" = ()
        try:
            incoming = self.incoming(run)
            code, why = incoming.take(event), ""
            if code in (codes.CONFLICT_MERGED, codes.CONFLICT_DUPLICATE):
                uris = incoming.named
            if code == codes.CONFLICT and not self.client:
                code = self.undecided
        except ItemError as error:
            code, why = error.status, str(error)
        except StoreError as error:
            self.give_up(run, error)
            code, why = run.status, ""
        if code >= 400 and code not in (codes.CONFLICT, codes.CONFLICT_SERVER_WON):
            named = f"{title(event.body)!r}: {why}" if why and event.body else why
            run.note("local", event.source or event.target or "?", code, named)
        self.port.settle(event.slot, code, None, (why,) if why else (), uris)

    def incoming(self, run: Run) -> Incoming:
        """What applies items to a run's datastore, with the batch of this message.

        :param run: one of `runs`
        :returns: good until the next commit
        """
        matcher, forms = None, self.forms(run)
        if run.whole and not run.complete:
            matcher = self._matchers.get(run.name)
            if matcher is None:
                matcher = self._matchers[run.name] = Matcher(forms.batch, run.peer, forms.view is not None)
        known = self._incoming
        if known is None or known.run is not run or known.forms is not forms or known.matcher is not matcher:
            known = self._incoming = Incoming(run, forms, self.client, self.stores[run.name].types, matcher,
                                              self.options.conflict, self.hear)
        return known

    def refused(self, run: Run, id: str, code: int) -> None:
        """The peer did not take an item.

        :param run: one of `runs`
        :param id: our name of the item
        :param code: SyncML status code
        """
        try:
            item = self.batch(run).get(id)
        except ItemError:
            item = None
        run.note("remote", id, code, f"{title(item.body)!r}: {codes.name(code)}" if item is not None else "")

    def agreed(self, run: Run, id: str, revision: int, digest: bytes) -> None:
        """The peer has an item as it was sent.

        :param run: one of `runs`
        :param id: our name of the item
        :param revision: that was sent
        :param digest: of the body as sent
        """
        forms = self.forms(run)
        if forms.plain:
            return
        sent = self.outgoing.recent.sent(forms, run.name, id, revision, digest) if forms.base is not None else None
        if sent is not None:
            forms.remember(id, *sent)
        else:
            forms.forget(id)

    # -- the peer's changes are complete

    def complete(self, run: Run) -> None:
        """All that the peer had for a run is here: settle what had to wait for that.

        :param run: one of `runs`
        """
        if run.complete or run.failed:
            return
        run.complete = True
        self._matchers.pop(run.name, None)      # what pairs the rest needs the room
        from importlib import import_module
        import_module("minisyncml.sync.ending").end(self, run)

    def risk(self, run: Run, problem: str) -> None:
        """Stop a run because a side turned up empty.

        :param run: one of `runs`
        :param problem: what would be lost, in words
        """
        run.at_risk = True
        run.fail(codes.SYNC_FAILED, problem)

    def guard(self, run: Run) -> bool:
        """Whether our own side turned up empty while the peer still has what we synced, or is to be replaced by it; the
        run is stopped then.

        :param run: one of `runs`
        :returns: whether it was stopped
        """
        if self.options.allow_empty or len(self.stores[run.name]):
            return False
        if run.code == (codes.ALERT_REFRESH_FROM_CLIENT if self.client else codes.ALERT_REFRESH_FROM_SERVER):
            self.risk(run, f"{run.name} is empty here: all that the peer has would be deleted")     # a folder mistyped
            return True
        if run.whole:
            return False
        known = sum(1 for _ in self.batch(run).entries(run.peer))
        if known < self.options.limits.guard_items:
            return False
        self.risk(run, f"{run.name} turned up empty here: {known} items would be deleted at the peer")
        return True

    def regrouped(self, run: Run) -> bool:
        """Whether the peer's database is synced with other ones of ours than it was.

        :param run: one of `runs`
        :returns: whether everything has to be compared
        """
        return self.facts(run).get("parts", "") != "+".join(self.stores[run.name].parts)

    def begin_whole(self, run: Run, keep: bool = False) -> None:
        """A slow or refresh sync begins: what was known of the peer no longer counts.

        :param run: one of `runs`
        :param keep: the peer's names still hold, only which of our additions it has is not known: each item is waited
            for, and compared with what it was
        """
        batch = self.batch(run)
        self.remember(run, slow=run.code, kept=keep or None, parts="+".join(self.stores[run.name].parts) or None)
        batch.clear_parked(run.peer)
        if not keep:
            for id in [id for id in batch.shadows(run.peer) if batch.row(id) is None]:
                batch.set_shadow(run.peer, id, b"")     # no item to compare with any more
            for entry in list(batch.entries(run.peer)) if run.slow and not self.client else ():
                if entry.remote:
                    batch.set_entry(WAS + run.peer, entry)
            batch.clear_entries(run.peer)
            return
        for entry in list(batch.entries(run.peer)):
            if entry.remote:
                batch.set_entry(run.peer, entry._replace(flags=entry.flags | UNHEARD))
            elif not entry.flags & SOFT:
                batch.drop_entry(run.peer, entry.id)

    def confirm(self, run: Run, pair: "Optional[list[str]]" = None) -> None:
        """The sync of a run is finished on both sides: its anchors count from now on.

        :param run: one of `runs`
        :param pair: our anchor and the peer's; those that are pending by default
        """
        if not run.failed:
            facts = self.facts(run)
            left = {entry.remote: kept for entry, kept in copies(self.batch(run), run.peer, run.peer)}
            self.remember(run, confirmed=pair or anchors(facts, "pending"), pending=None, kept=None,
                          **{COPIES: left or None})

    def close(self) -> None:
        """The session is over; whatever was not confirmed stays unconfirmed."""
        for run in self.runs:
            if not run.complete or run.phase == OPEN:
                run.fail(codes.SYNC_FAILED, f"the session ended before {run.name} was synced")
