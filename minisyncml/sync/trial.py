"""A server that only looks: it takes what the client sends into stores that are copies, counts what it would send, and
tells the client to come back later, so that everything stays due there. What is written where is for the owner.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Optional

from minisyncml import status as codes
from minisyncml.engine.events import Alerted, Event
from minisyncml.message import commands as c
from minisyncml.store.base import Store
from minisyncml.store.due import changes
from minisyncml.sync.run import OPEN, SENT, Run
from minisyncml.sync.server import ServerSyncer
from minisyncml.sync.syncer import Options, Port

COUNTED = {"Add": "added", "Replace": "replaced", "Delete": "deleted"}


class _Later:
    """Answers everything but an Alert with 417."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self.later = False

    def put(self, command: c.Command, ref: "Optional[list[Any]]" = None) -> None:
        self._port.put(command, ref)

    def settle(self, slot: int, code: int, anchor: Optional[str] = None, texts: "Iterable[str]" = (),
               uris: "Iterable[tuple[str, str]]" = ()) -> None:
        later = self.later and code != codes.SYNC_FAILED    # data at risk is so today, too
        self._port.settle(slot, codes.RETRY_LATER if later else code, anchor, texts, uris)


class TrialSyncer(ServerSyncer):
    """See :class:`minisyncml.sync.server.ServerSyncer`; `stores` are copies."""

    def __init__(self, port: Port, stores: "Mapping[str, Store]", options: Options,
                 state: "Optional[dict[str, Any]]" = None) -> None:
        self._later = _Later(port)
        super().__init__(self._later, stores, options, state)

    def handle(self, event: Event) -> None:
        """See :meth:`minisyncml.sync.syncer.Syncer.handle`."""
        self._later.later = not isinstance(event, Alerted)
        super().handle(event)

    def answer(self) -> None:
        """A Sync that is refused stops its client, so only the last one is."""
        syncs, self._syncs = self._syncs, []
        for slot, run in syncs:
            self._later.later = run.complete
            self._syncs = [(slot, run)]
            super().answer()

    def on_package(self, number: int) -> None:
        """The client's changes are complete: count ours, and send none."""
        super().on_package(number)
        for run in self.runs:
            if run.phase == OPEN:
                self._count(run)
                run.phase = SENT

    def _count(self, run: Run) -> None:
        batch, after, limit = self.batch(run), "", self.options.limits.batch_items
        while run.from_server:
            page = changes(batch, run.peer, run.upto, after, limit)
            for change in page:
                run.remote_counts[COUNTED[change.kind]] += 1
            if len(page) < limit:
                break
            after = page[-1].id
