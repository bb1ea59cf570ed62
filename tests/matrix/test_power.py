"""The power fails at every effect on the disks of a client and a server: what was answered is there, and the next
sync makes both sides equal."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Iterator

import pytest
from pair import Notebook, Pair, fine, transferred
from store.powercut import Disk, Recorder, rebuild

from .world import KINDS, NAMES, SIDES, base, change, folders, held, open_all, wanted

#: whose power fails
VICTIMS = {"client": ("client",), "server": ("server",), "both": SIDES}


class Play:
    """One recorded session between a client and a server, and its replays from every state of the disks."""

    def __init__(self, kind: str, where: Path) -> None:
        self.make = KINDS[kind]
        self.where = {side: where / side for side in SIDES}
        self.files = {side: Recorder() for side in SIDES}
        stores = {side: open_all(self.make, self.where[side], self.files[side]) for side in SIDES}
        pair = Pair(stores["client"], stores["server"], reborn=False)
        base(pair)
        change(pair)
        self.memories = pair.client_memory.known, pair.server_memory.known
        self.order: "list[dict[str, int]]" = []     # how many effects each side had had, after each effect
        self.watch()
        left, right = pair.sync()
        assert fine(left) and fine(right)
        for side in SIDES:
            for store in stores[side].values():
                store.close()

    def watch(self) -> None:
        """Note the order of effects from now on."""
        self.order.append({side: len(self.files[side].log) for side in SIDES})
        for side in SIDES:
            self.files[side].log = Log(self.files[side].log, self)

    def note(self) -> None:
        self.order.append({side: len(self.files[side].log) for side in SIDES})

    def states(self, victims: "tuple[str, ...]", some: int, step: int) -> "Iterator[dict[str, dict[str, bytes]]]":
        """The disks of both sides after the power of the victims failed; the others lost nothing."""
        chance = random.Random(7)
        for counts in self.order[::step]:
            disks = {side: Disk(list(self.files[side].log)[:counts[side]]) for side in SIDES}
            draws: "list[Any]" = [lambda: 0.0, lambda: 1.0, *[chance.random] * some]
            for draw in draws:
                yield {side: disks[side].state(draw if side in victims else lambda: 1.0) for side in SIDES}

    def go_on(self, state: "dict[str, dict[str, bytes]]") -> None:
        """Reopen, sync, compare."""
        stores = {}
        for side in SIDES:
            rebuild(state[side], *folders(self.where[side]))
            files = Recorder()
            files.now = 2
            stores[side] = open_all(self.make, self.where[side], files)
        pair = Pair(stores["client"], stores["server"], reborn=False)
        pair.client_memory, pair.server_memory = Notebook(), Notebook()
        pair.client_memory.known, pair.server_memory.known = (dict(known) for known in self.memories)
        left, right = pair.sync()
        assert fine(left) and fine(right)
        goal = {name: wanted(name) for name in NAMES}
        assert held(stores["client"]) == held(stores["server"]) == goal
        assert not any(part.slow for part in left.report.datastores.values())
        left, right = pair.sync()
        assert not transferred(left) and not transferred(right)
        for side in SIDES:
            for store in stores[side].values():
                store.close()


class Log(list):    # type: ignore[type-arg]
    """A recorder's log that tells the play of each effect."""

    def __init__(self, log: "list[Any]", play: Play) -> None:
        super().__init__(log)
        self.play = play

    def append(self, effect: Any) -> None:
        super().append(effect)
        self.play.note()


@pytest.mark.parametrize("victims", VICTIMS)
@pytest.mark.parametrize("kind", KINDS)
def test_power_cuts(kind: str, victims: str, tmp_path: Path) -> None:
    play = Play(kind, tmp_path)
    assert len(play.order) > 12
    for state in play.states(VICTIMS[victims], 1, 4):
        play.go_on(state)


@pytest.mark.full
@pytest.mark.parametrize("victims", VICTIMS)
@pytest.mark.parametrize("kind", KINDS)
def test_all_power_cuts(kind: str, victims: str, tmp_path: Path) -> None:
    play = Play(kind, tmp_path)
    for state in play.states(VICTIMS[victims], 8, 1):
        play.go_on(state)
