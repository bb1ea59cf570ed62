"""The server's side of a sync: it decides on slow syncs, compares, sends its changes second, learns the Map."""

from __future__ import annotations

from typing import Any, Optional

from minisyncml import status as codes
from minisyncml.engine.events import Alerted, Mapped
from minisyncml.errors import StoreError
from minisyncml.message import commands as c
from minisyncml.store.base import PENDING, Entry
from minisyncml.sync.answers import settled, taken
from minisyncml.sync.run import ALERTED, MODE_NAMES, OPEN, Run, anchors, first_contact, following
from minisyncml.sync.syncer import Syncer
from minisyncml.sync.uris import peer_key

_REPLACING = (codes.ALERT_REFRESH_FROM_CLIENT, codes.ALERT_REFRESH_FROM_SERVER)
_ONE_WAY = (codes.ALERT_ONE_WAY_FROM_CLIENT, codes.ALERT_ONE_WAY_FROM_SERVER)


class ServerSyncer(Syncer):
    """See :class:`minisyncml.sync.syncer.Syncer`."""

    device = ""
    demand = 0      # the alert code that we asked the client for, where we called it

    def resolve(self, uri: str) -> Optional[str]:
        """The name of the datastore that a client means.

        :param uri: Target/LocURI
        :returns: a key of `stores`, None when there is none
        """
        raise NotImplementedError

    def meant(self, target: str, source: str) -> Optional[str]:
        """The name of the datastore that a client's Alert means; some leave the target empty.

        :param target: Target/LocURI, ours
        :param source: Source/LocURI, the client's
        :returns: a key of `stores`, None when there is none
        """
        return self.resolve(target) or self.resolve(source)

    def called(self, name: str, source: str) -> str:
        """Under which name a database of the client is known, whatever it calls it now.

        :param name: a key of `stores`
        :param source: Source/LocURI of its Alert
        :returns: a URI
        """
        return source

    def on_alert(self, event: Alerted) -> None:
        """The client wants to sync a datastore."""
        name = self.meant(event.target, event.source)
        if name is None:
            self.port.settle(event.slot, codes.NOT_FOUND)
            return
        if not event.next:
            self.port.settle(event.slot, codes.INCOMPLETE_COMMAND)
            return
        in_use = {one for run in self.runs for one in self.locks(run.name)}
        if not in_use.isdisjoint(self.locks(name)) or len(self.runs) >= self.options.limits.max_datastores:
            self.port.settle(event.slot, codes.NOT_ALLOWED)
            return
        asked = event.code if event.code != codes.ALERT_RESUME else codes.ALERT_TWO_WAY
        run = Run(name, event.target or f"./{name}", event.source,
                  peer_key(self.device, self.called(name, event.source)), asked)
        run.peer_next = event.next
        self.runs.append(run)
        try:
            if name in self.spared:
                raise self.spared[name]
            self._check_demand(run)
            if not run.failed:
                self.refresh(run)
                self._agree(run, event)
        except StoreError as error:
            self.give_up(run, error)
        if run.failed:
            self.port.settle(event.slot, run.status, event.next, (run.problem,) if run.at_risk else ())

    def _check_demand(self, run: Run) -> None:
        """A client that was called must not do both directions where one was asked for, nor replace all of a side where
        nobody spoke of that; slow it may always be, in what was asked for."""
        both = (codes.ALERT_TWO_WAY, codes.ALERT_SLOW)
        if self.demand in (0, run.asked) or self.demand in both and run.asked not in _REPLACING:
            return
        if run.asked == codes.ALERT_SLOW and self.demand in _ONE_WAY:
            run.asked = self.demand
        else:
            what = "replace all" if run.asked in _REPLACING else "sync"
            run.fail(codes.UNSUPPORTED_FEATURE, f"the phone wants to {what} {run.name} {MODE_NAMES.get(run.asked, '')} "
                     f"instead of {MODE_NAMES[self.demand]}; look for the direction of syncs in its settings")

    def _agree(self, run: Run, event: Alerted) -> None:
        self.take_turn(run)
        facts = self.facts(run)
        run.upto = self.stores[run.name].revision
        ours = self._common(facts, event.last)
        refused = event.code == codes.ALERT_RESUME
        if ours is not None and ours == anchors(facts, "pending")[0]:
            self.confirm(run)       # it finished that session, though we never heard of it
        wanted = self.demand == codes.ALERT_SLOW
        slow = ours is None or facts.get("slow") or wanted or run.slow
        doubt = not run.whole and (self._in_doubt(run) or self.regrouped(run))
        # its names hold as long as the anchors do, also when the sync that was to settle the doubt broke off
        keep = ours is not None and not wanted and bool(facts.get("kept") if slow else doubt)
        if not run.whole and (slow or doubt):
            run.code, refused = codes.ALERT_SLOW, True
        if self.guard(run):
            return
        run.next = following(anchors(facts, "pending")[0] or anchors(facts, "confirmed")[0], self.options.step())
        if run.whole:
            self.begin_whole(run, keep and run.slow)
        meta = c.Meta(last=ours or None, next=run.next, max_obj_size=self.options.limits.max_obj_size)
        self.port.settle(event.slot, codes.REFRESH_REQUIRED if refused else codes.OK, event.next)
        self.port.put(c.Alert("", run.code, (c.Item(source=run.local, target=run.remote, meta=meta),)),
                      ["alert", self.runs.index(run)])

    def _common(self, facts: "dict[str, object]", last: Optional[str]) -> Optional[str]:
        """Our anchor of the last sync that both know. The client's last word may have been lost on its way to us, or
        ours on its way to it: so the anchors of the last but one count as well, what was done is in the entries."""
        if first_contact(last):
            return None
        for which in ("pending", "confirmed"):
            ours, theirs = anchors(facts, which)
            if theirs and theirs == last:
                return ours
        return None

    def _in_doubt(self, run: Run) -> bool:
        """Items were sent, and whether the client has them, nobody knows: sending them again could double them."""
        batch = self.batch(run)
        return not self.ours and batch.unflagged(run.peer) is None and any(
            entry.flags & PENDING and not entry.remote for entry in batch.entries(run.peer))

    def answered(self, run: Run, ref: "list[Any]", code: int) -> None:
        """The Status of our Alert: a client may demand a slow sync there."""
        if ref[0] == "alert" and code == codes.REFRESH_REQUIRED and not run.whole:
            run.code = codes.ALERT_SLOW
            self.begin_whole(run)
        elif ref[0] == "alert" and code >= 400 and code != codes.REFRESH_REQUIRED:
            run.fail(code, f"the client refused to sync {run.name}: {codes.name(code)} ({code})")

    def may_begin(self, run: Run) -> bool:
        """Changes that come with the initialization are taken, unless a slow sync is needed."""
        return self.initialized or run.code == run.asked

    def on_map(self, event: Mapped) -> None:
        """The client's names of what we sent."""
        run = self._find(event.target, event.source)
        if run is None or run.failed:
            self.port.settle(event.slot, codes.NOT_FOUND)
            return
        batch = self.batch(run)
        # before a slow sync names mean nothing any more
        for guid, luid in event.items if not (run.whole and run.phase == ALERTED) else ():
            entry = batch.entry(run.peer, guid)
            if not luid or entry is None and batch.row(guid) is None:
                continue
            other = batch.by_remote(run.peer, luid)
            if other is not None and other.id != guid:
                batch.set_entry(run.peer, other._replace(remote=""))
            entry = entry or Entry(guid)
            batch.set_entry(run.peer, entry._replace(remote=luid, flags=entry.flags & ~PENDING))
        self.port.settle(event.slot, codes.OK)

    def on_package(self, number: int) -> None:
        """The client closed its initialization (0), its changes (1), its maps (2)."""
        for run in self.runs:
            if number == 1 and run.phase == ALERTED and run.heard:
                self.complete(run)
                if not run.failed:
                    run.phase = OPEN
                    run.upto = self.batch(run).revision     # the copies of conflicts go out at once
                    self.remember(run, slow=None, pending=[run.next, run.peer_next])
            elif number == 2:
                self.confirm(run)

    @property
    def early(self) -> bool:
        """Whether all that came with the initialization was taken, so that both packages are complete."""
        return all(run.failed or run.heard for run in self.runs)

    def item_answered(self, run: Run, change: "list[Any]", code: int) -> None:
        """The Status of an item that we sent."""
        kind, id, revision, digest = change
        batch, counts = self.batch(run), run.remote_counts
        entry = batch.entry(run.peer, id)
        if code in (codes.CONFLICT, codes.NOT_EXECUTED):
            counts["conflicts"] += code == codes.CONFLICT
            if kind == "Add":
                batch.drop_entry(run.peer, id)
            return
        if not taken(kind, code):
            run.full = run.full or code == codes.DEVICE_FULL
            self.refused(run, id, code)
            if kind == "Add" and entry is not None and not entry.remote:
                batch.drop_entry(run.peer, id)      # it said no: not in doubt
            return
        if kind == "Delete":
            batch.drop_entry(run.peer, id)
            counts["deleted"] += 1
            return
        batch.set_entry(run.peer, settled(entry, id, revision, digest))
        self.agreed(run, id, revision, digest)
        counts["added" if kind == "Add" or code == codes.ITEM_ADDED else "replaced"] += 1
