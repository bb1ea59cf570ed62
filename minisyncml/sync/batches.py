"""The stores of a session: one batch for each in a message, whose turn it is, and who failed.

Locks are taken and given back here, and nowhere else in this room; what is put into a batch is for others.
"""

from __future__ import annotations

from typing import Mapping

from minisyncml import status as codes
from minisyncml.errors import StoreBusy, StoreError
from minisyncml.store.base import Batch, Store
from minisyncml.sync.run import OPEN, Run


class Batches:
    """The open batches of a session.

    :param stores: our datastores by name
    :param runs: those of the session
    :param rescan: let stores read everything
    """

    def __init__(self, stores: "Mapping[str, Store]", runs: "list[Run]", rescan: bool) -> None:
        self.stores, self.runs = stores, runs
        self.session = ""       # names the session in the trash
        self.broken = ""        # the datastore whose lock or commit failed last
        self.spared: "dict[str, StoreError]" = {}       # by name: what failed in the message that is taken again
        self._rescan = rescan
        self._batches: "dict[str, Batch]" = {}

    def batch(self, run: Run) -> Batch:
        """The batch of a run in this message.

        :param run: one of `runs`
        :returns: an open batch
        """
        batch = self._batches.get(run.name)
        if batch is None:
            self._give_way(run.name)
            self.broken = run.name
            batch = self._batches[run.name] = self.stores[run.name].begin(self.session).__enter__()
            if run.turn and batch.facts(run.peer).get("turn") != run.turn:
                raise StoreBusy(f"another session with the same peer has begun to sync {run.name}")
            self.broken = ""
        return batch

    def take_turn(self, run: Run) -> None:
        """Only one session at a time syncs a datastore with a peer: the one that began last. Who lost the link begins
        anew, and what may be left of the former session, here or in another process, changes nothing any more.

        :param run: one of `runs`
        """
        last = self.facts(run).get("turn")
        turn = last + 1 if isinstance(last, int) else 1
        self.remember(run, turn=turn)
        run.turn = turn

    def refresh(self, run: Run) -> None:
        """Let a run's store notice what others changed, before anything is asked of it.

        :param run: one of `runs`
        :raises StoreError: when the place is missing or cannot be read
        """
        self._give_way(run.name)
        store = self.stores[run.name]
        store.refresh(self._rescan)
        for name in store.skipped:
            run.note("local", name.encode("utf-8", "replace").decode(), codes.TOO_LARGE,
                     "left out: it is too large, cannot be read, or its name cannot be sent")

    def locks(self, name: str) -> "tuple[str, ...]":
        """Whose locks a batch of a datastore takes.

        :param name: one of `stores`
        :returns: names in ascending order
        """
        return tuple(sorted(self.stores[name].parts)) or (name,)

    def _give_way(self, name: str) -> None:
        """Locks are taken in the order of names, so that no two sessions ever wait for each other: what is held
        behind a name is made durable before its lock is waited for."""
        first = self.locks(name)[0]
        for later in [held for held in self._batches if self.locks(held)[-1] > first]:
            self._finish(later)

    def _finish(self, name: str) -> None:
        """When that fails, the batch stays where `rollback` finds it."""
        self.broken = name
        self._batches[name].commit()
        self.broken = ""
        del self._batches[name]

    def commit(self) -> None:
        """Make durable what the last message brought, and give the locks back.

        :raises StoreError: the message must not be answered then
        """
        try:
            for name in list(self._batches):
                self._finish(name)
        finally:
            self.rollback()

    def checkpoint(self) -> None:
        """The session is over. What lags is in the journals: when it cannot be written now, it will be when they are
        opened next."""
        for run in self.runs:
            try:
                self.stores[run.name].checkpoint()
            except StoreError as error:
                if not run.failed:
                    run.note("local", "files", codes.STORE_FAILURE, f"kept for later: {error}")

    def rollback(self) -> None:
        """Forget what was not committed, and give the locks back."""
        batches, self._batches = self._batches, {}
        for batch in batches.values():
            batch.__exit__(None, None, None)

    def spare(self, failed: "dict[str, StoreError]", synced: "set[str]") -> bool:
        """Give up datastores that failed, so that the others can go on.

        :param failed: what happened, by name
        :param synced: those that have a Sync in the message, which can be refused
        :returns: whether the peer will know, and not take what it sent or got of them for complete
        """
        self.spared = failed
        runs = [run for run in self.runs if run.name in failed]
        for run in runs:
            if run.opened and run.phase == OPEN or run.heard and not run.complete and run.name not in synced:
                return False
            self.give_up(run, failed[run.name])
        return True

    def forget(self, run: Run) -> None:
        """Drop what was not committed of a run.

        :param run: one of `runs`
        """
        batch = self._batches.pop(run.name, None)
        if batch is not None:
            batch.__exit__(None, None, None)

    def give_up(self, run: Run, error: StoreError) -> None:
        """A run cannot go on because of its store.

        :param run: one of `runs`
        :param error: what happened
        """
        self.broken = ""
        run.fail(codes.RETRY_LATER if isinstance(error, StoreBusy) else codes.STORE_FAILURE, str(error))

    def facts(self, run: Run) -> "dict[str, object]":
        """The facts of a run's peer.

        :param run: one of `runs`
        :returns: a new dict, see :meth:`minisyncml.store.base.Reading.facts`
        """
        return self.batch(run).facts(run.peer)

    def remember(self, run: Run, **changed: object) -> None:
        """Change some facts of a run's peer; None removes one.

        :param run: one of `runs`
        :param changed: facts and their new values
        """
        facts = self.facts(run)
        facts.update(changed)
        self.batch(run).set_facts(run.peer, {key: value for key, value in facts.items() if value is not None})

    def flush(self, run: Run) -> Batch:
        """Make durable what there is of a run, and go on.

        :param run: one of `runs`, with an open batch
        :returns: the next batch
        """
        self._finish(run.name)
        return self.batch(run)
