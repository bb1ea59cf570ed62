"""When a phone that comes and goes is synced."""

from __future__ import annotations

import pytest

from minisyncml.gateway.attend import LONGEST, RETRY, Attendant


class World:
    """A clock, a phone that is there or not, and syncs that succeed or not."""

    def __init__(self, every: float = 0.0) -> None:
        self.now, self.there = 0.0, False
        self.works: "bool | None" = True
        self.synced: "list[float]" = []
        self.attendant = Attendant(lambda: self.there, self._sync, lambda: self.now, 2.0, every)

    def _sync(self) -> "bool | None":
        self.synced.append(self.now)
        return self.works

    def run(self, seconds: float) -> "list[float]":
        """Let time pass; when it was synced meanwhile."""
        self.synced.clear()
        end = self.now + seconds
        while self.now < end:
            self.now += self.attendant.look()
        return list(self.synced)


def test_once_each_time_it_shows_up() -> None:
    world = World()
    assert world.run(100) == []
    world.there = True
    assert world.run(3600) == [100.0]
    world.there = False
    assert world.run(10) == []
    world.there = True
    assert len(world.run(3600)) == 1


def test_again_while_it_stays() -> None:
    world = World(every=600)
    world.there = True
    assert world.run(1800) == [0.0, 600.0, 1200.0]


@pytest.mark.parametrize("every", [0.0, 5.0])
def test_one_that_cannot_be_synced_is_tried_less_and_less(every: float) -> None:
    world = World(every)
    world.there, world.works = True, False
    tries = world.run(20 * LONGEST)
    gaps = [later - sooner for sooner, later in zip(tries, tries[1:])]
    assert gaps[:4] == [RETRY, 2 * RETRY, 4 * RETRY, 8 * RETRY] and max(gaps) == LONGEST
    world.there = False
    world.run(2)
    world.there = True
    assert len(world.run(RETRY)) == 1      # it came back: at once
    world.works = True
    assert len(world.run(RETRY)) >= 1


def test_one_that_only_shows_when_it_is_called() -> None:
    """By Bluetooth: a call that nobody took is no failure, and the next one is as soon as ever."""
    world = World()
    world.there, world.works = True, None
    assert len(world.run(100)) == 50
    world.works = True
    assert len(world.run(100)) == 1
