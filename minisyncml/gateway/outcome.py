"""What became of each datastore of a session, for its report."""

from __future__ import annotations

import time

from minisyncml import status as codes
from minisyncml.errors import DataAtRisk, Error, PeerError, StoreBusy, StoreError, UsageError
from minisyncml.gateway.report import Near, Open, Report
from minisyncml.gateway.together import JOINT
from minisyncml.sync.run import MODE_NAMES, Run


def stamp(when: float) -> str:
    """What people call a session.

    :param when: seconds since 1970
    :returns: local date and time
    """
    return time.strftime("%Y%m%d-%H%M%S", time.localtime(when))


def fill(report: Report, run: Run) -> None:
    """Count what was done to one datastore.

    :param report: gets the counts
    :param run: the sync of the datastore
    """
    part = report.datastore(run.name)
    part.mode, part.slow = MODE_NAMES.get(run.asked, str(run.asked)), run.slow
    for counts, values in ((part.local, run.local_counts), (part.remote, run.remote_counts)):
        for name, value in values.items():
            setattr(counts, name, value)
    for side, id, status, words in run.failures:
        counts = part.local if side == "local" else part.remote
        counts.fail(id, status, words)
        counts.failed -= 1
    part.open = [Open(side, _key(run.name, id), title) for side, id, title in run.open]
    part.near = [Near(*near) for near in run.near]
    if run.failed:
        part.error = _error(run)


def _key(name: str, id: str) -> str:
    """How people call an item."""
    if JOINT in name:
        from importlib import import_module
        name, id = import_module("minisyncml.store.combined").own_name(tuple(name.split(JOINT)), id)
    return f"{name}/{id}"


def _error(run: Run) -> Error:
    """Why a run failed, as the class that has the exit code of it."""
    if run.at_risk:
        return DataAtRisk(run.problem)
    if run.status in (codes.STORE_FAILURE, codes.RETRY_LATER):
        return StoreBusy(run.problem) if run.status == codes.RETRY_LATER else StoreError(run.problem)
    return UsageError(run.problem) if run.status == codes.NOT_FOUND else PeerError(run.problem, run.status)
