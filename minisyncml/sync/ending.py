"""The peer's changes of a datastore are complete: what had to wait for that is settled. Loaded when the first sync is
complete; what few syncs need, in its turn, when it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisyncml import status as codes
from minisyncml.content.title import title
from minisyncml.limits import Limits
from minisyncml.store.batch import OPEN
from minisyncml.sync.deletions import Deletions
from minisyncml.sync.match import WAS, unsettled
from minisyncml.sync.run import Run

if TYPE_CHECKING:
    from minisyncml.sync.syncer import Syncer

SLICE = 200     #: parked items settled in one commit


def end(syncer: "Syncer", run: Run) -> None:
    """All that the peer had for a run is here.

    :param syncer: the session
    :param run: one of its runs
    """
    _settle_parked(syncer, run)
    if run.slow and not syncer.client:
        syncer.batch(run).clear_entries(WAS + run.peer)
    incoming = syncer.incoming(run)
    deletions = Deletions(run, incoming.forms, syncer.client, incoming.policy)
    deletions.end_of_waiting()
    gone, left = deletions.doomed()
    refresh = codes.ALERT_REFRESH_FROM_SERVER if syncer.client else codes.ALERT_REFRESH_FROM_CLIENT
    rest = [id for id, _ in unsettled(syncer.batch(run), run.peer)] if run.code == refresh else []
    if not syncer.options.allow_empty and _all_lost(len(gone) + len(rest), left, syncer.options.limits):
        syncer.risk(run, f"the peer has {left or 'nothing'} left of {run.name}: "
                    f"{len(gone) + len(rest)} items would be deleted")
        return
    deletions.carry_out(gone)
    deletions.wipe_rest(rest)
    _tell_open(syncer, run)


def _settle_parked(syncer: "Syncer", run: Run) -> None:
    """Slice by slice: all that was parked does not have to fit into memory at once."""
    if next(syncer.batch(run).parked(run.peer), None) is None:
        return
    from importlib import import_module
    pairing = import_module("minisyncml.sync.pairing")
    incoming, (pairs, near) = syncer.incoming(run), pairing.find(syncer.batch(run), run.peer, syncer.view(run))
    run.near += map(list, near)
    incoming.forms.batch = syncer.flush(run)
    for done, one in enumerate(syncer.stores[run.name].parked(run.peer), 1):
        incoming.settle_parked(one, pairs)
        if done % SLICE == 0:
            incoming.forms.batch = syncer.flush(run)


def _tell_open(syncer: "Syncer", run: Run) -> None:
    """The conflicts that wait for a person; and what waits no more goes to the trash."""
    if syncer.client or next(syncer.batch(run).parked(OPEN + run.peer), None) is None:
        return
    from importlib import import_module
    asking = import_module("minisyncml.sync.asking")
    asking.tidy(syncer.batch(run), run.peer)
    for one in asking.waiting(syncer.batch(run), run.peer):
        run.ask("local", one.entry.id, title(one.theirs.body))


def _all_lost(gone: int, left: int, limits: Limits) -> bool:
    return gone >= limits.guard_items and left * limits.guard_share < gone
