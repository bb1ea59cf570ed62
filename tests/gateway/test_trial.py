"""A server on trial: it says what it would do, does nothing, and leaves everything due at both ends."""

from __future__ import annotations

import pytest
from pair import bodies, delete, edit, fill

from minisyncml.errors import DataAtRisk
from minisyncml.gateway.client import Client
from minisyncml.gateway.report import DatastoreReport, Report
from minisyncml.gateway.serve import Server
from minisyncml.limits import DEFAULT
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.sync.run import MODES
from minisyncml.transport.pipe import Pipe

TEXTS = [f"note {number} {'x' * 40}" for number in range(40)]


class Trial:
    """A client and a server that were synced, and both changed since."""

    def __init__(self, first: bool, size: int, user: str = "") -> None:
        self.mine, self.theirs = MemoryStore(), MemoryStore()
        self.peers, self.limits, self.user = Peers(), DEFAULT._replace(max_msg_size=size), user
        fill(self.mine, *TEXTS)
        if not first:
            assert self.sync().exit_code == 0
            edit(self.mine, "1", "edited by the client")
            edit(self.theirs, "2", "edited by the server")
            delete(self.mine, "3")
            delete(self.theirs, "4")
            fill(self.mine, "added by the client")
        fill(self.theirs, "added by the server", "another")

    def sync(self, mode: str = "two-way", trial: bool = False) -> Report:
        self.reports: "list[Report]" = []
        server = Server({"notes": self.theirs}, users={"ada": "pw"} if self.user else None, peers=self.peers,
                        limits=self.limits, trial=trial, on_report=self.reports.append)
        return Client("http://box/", {"notes": self.mine}, device_id="phone", limits=self.limits, user=self.user,
                      password="pw", transport=lambda: Pipe(server.handle, "http://box/")).sync(mode)

    def trial(self, mode: str) -> DatastoreReport:
        """What the server says that it would do; nothing may have happened."""
        before = self.everything()
        known = self.peers.get("phone"), list(self.peers.history())
        report = self.sync(mode, trial=True)
        assert report.exit_code == 1 and "417" in str(report.datastores["notes"].error)
        assert self.everything() == before
        assert (self.peers.get("phone"), list(self.peers.history())) == known
        return self.reports[-1].datastores["notes"]

    def everything(self) -> "list[object]":
        theirs, kept = self.theirs, []
        for peer in theirs.peers():
            kept.append([theirs.facts(peer), list(theirs.entries(peer)), list(theirs.parked(peer))])
        return [bodies(self.mine), [theirs.get(row.id) for row in theirs.rows()], theirs.revision, kept,
                list(theirs.trash())]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", (2000, 150_000))
@pytest.mark.parametrize("first", (True, False))
@pytest.mark.parametrize("user", ("", "ada"))
def test_it_says_what_the_next_sync_does(mode: str, size: int, first: bool, user: str) -> None:
    trial = Trial(first, size, user)
    for _ in range(2):
        told = trial.trial(mode)
    report = trial.sync(mode)
    assert report.exit_code == 0
    done = trial.reports[-1].datastores["notes"]
    assert told.local.as_dict() == done.local.as_dict()
    refused = first and mode == "one-way-from-client"       # its first sync asks for all, and takes nothing
    for what in ("added", "replaced", "deleted", "failed"):
        assert getattr(told.remote, what) == getattr(done.remote, what) or refused, what
    trial.sync()
    assert bodies(trial.mine) == bodies(trial.theirs)


def test_data_at_risk_is_told() -> None:
    trial = Trial(False, 2000)
    delete(trial.theirs, *(row.id for row in trial.theirs.rows()))
    report = trial.sync(trial=True)
    assert report.exit_code >= 5 and isinstance(trial.reports[-1].datastores["notes"].error, DataAtRisk)


def test_a_copy_of_a_store() -> None:
    trial = Trial(False, 2000)
    peer, = trial.theirs.peers()
    with trial.theirs.begin() as batch:
        batch.set_shadow(peer, "1", b"as it had it")
        batch.commit()
    copy: Store = MemoryStore.copy(trial.theirs)
    assert [copy.get(row.id) for row in copy.rows()] == [trial.theirs.get(row.id) for row in trial.theirs.rows()]
    assert list(copy.entries(peer)) == list(trial.theirs.entries(peer)) and copy.revision == trial.theirs.revision
    assert [copy.shadow(peer, id) for id in copy.shadows(peer)] == [b"as it had it"]
    assert fill(copy, "new") == fill(trial.theirs, "new")
