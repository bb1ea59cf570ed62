"""The client's side of a sync: it starts, sends its changes first, owes the server the Map."""

from __future__ import annotations

from typing import Any, Mapping

from minisyncml import status as codes
from minisyncml.content.title import title
from minisyncml.engine.events import Alerted
from minisyncml.errors import StoreError
from minisyncml.message import commands as c
from minisyncml.store.base import PENDING
from minisyncml.sync.answers import settled, taken
from minisyncml.sync.run import ALERTED, OPEN, Run, anchors, following
from minisyncml.sync.syncer import Syncer
from minisyncml.sync.uris import peer_key, plain_uri

MAP_ITEMS = 500     #: MapItems in one Map; split further when it does not fit
_REFRESH = (codes.ALERT_REFRESH_FROM_CLIENT, codes.ALERT_REFRESH_FROM_SERVER)
_ONE_WAY = (codes.ALERT_ONE_WAY_FROM_CLIENT, codes.ALERT_ONE_WAY_FROM_SERVER)


class ClientSyncer(Syncer):
    """See :class:`minisyncml.sync.syncer.Syncer`."""

    client = True

    def begin(self, device: str, remotes: "Mapping[str, str]", modes: "Mapping[str, int]") -> None:
        """Queue an Alert for each datastore.

        :param device: the server's name, key of what is known about it
        :param remotes: our datastore name to the server's URI
        :param modes: our datastore name to the alert code, 200 to 205
        """
        for name, remote in remotes.items():
            run = Run(name, f"./{name}", remote, peer_key(device, remote), modes[name])
            self.runs.append(run)
            try:
                self.refresh(run)
                self.take_turn(run)
                self.flush(run)
                self._alert(run)
            except StoreError as error:
                self.forget(run)
                self.give_up(run, error)

    def _alert(self, run: Run) -> None:
        facts = self.facts(run)
        ours = anchors(facts, "confirmed")[0]
        slow = facts.get("slow")
        if run.code not in _REFRESH and (not ours or slow or self.regrouped(run)):
            run.code = slow if slow in _REFRESH and run.asked == codes.ALERT_TWO_WAY else codes.ALERT_SLOW
        run.next = following(anchors(facts, "pending")[0] or ours, self.options.step())
        run.upto = self.stores[run.name].revision
        if self.guard(run):
            return
        meta = c.Meta(last=ours or None, next=run.next, max_obj_size=self.options.limits.max_obj_size)
        alert = c.Alert("", run.code, (c.Item(source=run.local, target=run.remote, meta=meta),))
        self.port.put(alert, ["alert", self.runs.index(run)])

    def answered(self, run: Run, ref: "list[Any]", code: int) -> None:
        """The Status of an Alert or Map."""
        if ref[0] == "map" and codes.succeeded(code):
            for id in ref[2]:
                entry = self.batch(run).entry(run.peer, id)
                if entry is not None:
                    self.batch(run).set_entry(run.peer, entry._replace(flags=entry.flags & ~PENDING))
        elif ref[0] == "alert" and code >= 400 and code != codes.REFRESH_REQUIRED:
            what = "the server has no database" if code == codes.NOT_FOUND else "the server refused"
            run.fail(code, f"{what} {run.remote!r}: {codes.name(code)} ({code})")

    def on_alert(self, event: Alerted) -> None:
        """The server's Alert: the type it agrees to, its anchor."""
        run = next((run for run in self.runs if plain_uri(run.remote) == plain_uri(event.source)), None) \
            or self._find(event.target, event.source)
        if run is None or run.failed:
            self.port.settle(event.slot, run.status if run is not None and run.status else codes.NOT_FOUND)
            return
        if event.code in _REFRESH and event.code not in (run.asked, run.code):
            run.fail(codes.FORBIDDEN, f"the server wants to replace everything in {run.name}; "
                     f"to allow that, ask for a refresh mode")
            self.port.settle(event.slot, codes.FORBIDDEN)
            return
        if event.code == codes.ALERT_SLOW or event.code in _ONE_WAY and run.code == codes.ALERT_TWO_WAY:
            run.code = event.code       # less than what we asked for, never more
        run.answered = True
        run.peer_next = event.next or ""
        self.port.settle(event.slot, codes.OK, event.next or "")

    def on_package(self, number: int) -> None:
        """The server closed its initialization (0), its changes (1), or everything (2)."""
        for run in self.runs:
            if number == 0 and run.phase == ALERTED:
                self._start(run)
            elif number == 1 and run.code == codes.ALERT_REFRESH_FROM_SERVER and not run.heard:
                run.fail(codes.SYNC_FAILED, f"the server sent nothing to replace {run.name} with")
            elif number == 1 and run.answered and not run.failed:
                self.complete(run)
                if run.incoming:
                    self._owe_map(run)
                self._done(run)

    def _start(self, run: Run) -> None:
        if not run.answered:
            run.fail(codes.SYNC_FAILED, f"the server did not agree to sync {run.remote!r}")
            return
        run.phase = OPEN
        if run.whole:
            self.begin_whole(run)
        else:
            self._owe_map(run)

    def _done(self, run: Run) -> None:
        """All that counts is settled, so the anchors count from now on. Waiting for the answer to the Map would make a
        slow sync of each one that gets lost, and a Map that gets lost is owed still."""
        if not run.failed:
            self.remember(run, slow=None)
            self.confirm(run, [run.next, run.peer_next])

    def _owe_map(self, run: Run) -> None:
        """Map what the server sent and has no answer for yet; also what an earlier session left over."""
        batch = self.batch(run)
        if batch.unflagged(run.peer) is not None:
            return
        owed = [(entry.remote, entry.id) for entry in batch.entries(run.peer) if entry.flags & PENDING and entry.remote]
        for start in range(0, len(owed), MAP_ITEMS):
            part = owed[start:start + MAP_ITEMS]
            command = c.Map("", run.remote, run.local, tuple(c.MapItem(guid, id) for guid, id in part))
            self.port.put(command, ["map", self.runs.index(run), [id for _, id in part]])

    def item_answered(self, run: Run, change: "list[Any]", code: int) -> None:
        """The Status of an item that we sent."""
        kind, id, revision, digest = change
        batch, counts = self.batch(run), run.remote_counts
        if code in (codes.CONFLICT_MERGED, codes.CONFLICT_CLIENT_WON, codes.CONFLICT_DUPLICATE,
                    codes.CONFLICT_SERVER_WON, codes.CONFLICT):
            counts["conflicts"] += 1
        if code == codes.CONFLICT:
            item = batch.get(id)
            run.ask("remote", id, title(item.body) if item is not None else "")
        if code == codes.CONFLICT or code == codes.NOT_EXECUTED:
            return
        if not taken(kind, code):
            run.full = run.full or code == codes.DEVICE_FULL
            self.refused(run, id, code)
            return
        if kind == "Delete":
            batch.drop_entry(run.peer, id)
            counts["deleted"] += code not in (codes.CONFLICT_SERVER_WON, codes.NOT_DELETED, codes.NOT_FOUND)
            return
        entry = settled(batch.entry(run.peer, id), id, revision, digest)
        batch.set_entry(run.peer, entry if entry.remote else entry._replace(flags=0))
        self.agreed(run, id, revision, digest)
        if code == codes.ITEM_ADDED or (kind == "Add" and not run.whole):
            counts["added"] += code != codes.ALREADY_EXISTS
        elif not run.whole and code != codes.CONFLICT_SERVER_WON:
            counts["replaced"] += 1
