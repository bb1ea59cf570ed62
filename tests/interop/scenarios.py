"""What must hold between us and SyncEvolution, whichever of the two is the server: inherited by a test class for each.

Every scenario ends with both sides equal and a sync that transfers nothing.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Callable

import pytest

from interop.matrix import Settings
from interop.pairs import Pair, agree
from interop.vcards import cards, fields, fill, find, people, vcard, write

Make = Callable[..., "AbstractContextManager[Pair]"]


def settled(pair: Pair, size: int) -> None:
    """Expect both sides equal, of this size, and that the next sync transfers nothing."""
    assert people(pair.ours) == people(pair.theirs)
    assert len(cards(pair.ours)) == size
    outcome = pair.sync()
    assert outcome.ours.idle and outcome.theirs.idle, outcome
    assert outcome.theirs.mode == "two-way" and not outcome.ours.slow, outcome
    assert len(cards(pair.ours)) == len(cards(pair.theirs)) == size


def change(folder: Path, start: int) -> None:
    """Two edits, an addition and a deletion."""
    for number in (start, start + 1):
        write(find(folder, number), vcard(number, "moved"))
    find(folder, start + 2).unlink()
    add(folder, start)


def add(folder: Path, start: int) -> None:
    """An addition: all that a slow sync can see as a change."""
    fill(folder, range(start + 500_000, start + 500_001))


def within(pair: Pair, max_msg_size: int) -> None:
    """Expect no message larger than its receiver takes. SyncEvolution announces 10,240 when it is told less."""
    to_us, to_peer = (pair.requests(), pair.answers()) if pair.settings.role == "client" else \
        (pair.answers(), pair.requests())
    assert max(to_peer) <= max(max_msg_size, 10_240), "a message larger than SyncEvolution takes"
    assert max(to_us) <= max_msg_size, "a message larger than we take"


class Scenarios:
    """`make(settings, **sizes)` gives a pair; `role` is that of SyncEvolution."""

    role = ""

    @pytest.fixture
    def make(self) -> Make:
        raise NotImplementedError

    def test_first_sync_of_1000_from_us(self, make: Make) -> None:
        with make() as pair:
            fill(pair.ours, range(1000))
            outcome = pair.sync()
            assert (outcome.ours.remote.added, outcome.theirs.local.added) == (1000, 1000)
            agree(outcome)
            settled(pair, 1000)

    def test_first_sync_of_1000_to_us(self, make: Make) -> None:
        with make() as pair:
            fill(pair.theirs, range(1000))
            outcome = pair.sync()
            assert (outcome.ours.local.added, outcome.theirs.remote.added) == (1000, 1000)
            agree(outcome)
            settled(pair, 1000)

    def test_first_sync_finds_what_both_have(self, make: Make) -> None:
        with make() as pair:
            fill(pair.ours, range(0, 15))
            fill(pair.theirs, range(10, 25))
            outcome = pair.sync()
            assert (outcome.ours.local.added, outcome.ours.remote.added) == (10, 10)
            agree(outcome)
            settled(pair, 25)

    def test_nothing_on_both_sides(self, make: Make) -> None:
        with make() as pair:
            pair.sync()
            settled(pair, 0)

    def test_adds_edits_and_deletes_on_both_sides(self, make: Make) -> None:
        with make() as pair:
            fill(pair.ours, range(20))
            pair.sync()
            change(pair.ours, 0)
            change(pair.theirs, 10)
            outcome = pair.sync()
            assert tuple(outcome.ours.local) == tuple(outcome.ours.remote) == (1, 2, 1, 0)
            agree(outcome)
            assert b"moved" in find(pair.theirs, 0).read_bytes() and b"moved" in find(pair.ours, 10).read_bytes()
            settled(pair, 20)

    def test_same_item_edited_on_both_sides(self, make: Make) -> None:
        with make() as pair:
            fill(pair.ours, range(5))
            pair.sync()
            write(find(pair.ours, 3), vcard(3, "edited here"))
            write(find(pair.theirs, 3), vcard(3, "edited there"))
            outcome = pair.attempt()
            assert outcome.theirs.status == 200 and outcome.ours.exit in (0, 1), outcome
            assert outcome.ours.conflicts or outcome.theirs.conflicts, outcome
            assert outcome.ours.conflicts <= 1 and outcome.theirs.conflicts <= 1, outcome
            pair.attempt()
            text = b"".join(path.read_bytes() for path in cards(pair.ours))
            assert b"edited here" in text or b"edited there" in text
            settled(pair, len(cards(pair.theirs)))

    def test_edit_wins_over_delete(self, make: Make) -> None:
        with make() as pair:
            fill(pair.ours, range(6))
            pair.sync()
            write(find(pair.ours, 1), vcard(1, "kept here"))
            find(pair.theirs, 1).unlink()
            find(pair.ours, 2).unlink()
            write(find(pair.theirs, 2), vcard(2, "kept there"))
            pair.attempt()
            pair.attempt()
            assert b"kept here" in find(pair.theirs, 1).read_bytes()
            assert b"kept there" in find(pair.ours, 2).read_bytes()
            settled(pair, 6)

    def test_packages_split_at_10000_bytes(self, make: Make) -> None:
        with make(max_msg_size=10_000, peer_max_msg_size=10_000) as pair:
            fill(pair.ours, range(0, 150))
            fill(pair.theirs, range(150, 300))
            agree(pair.sync())
            within(pair, 10_000)
            assert len(pair.requests()) > 8 and len(pair.answers()) > 8
            settled(pair, 300)

    @pytest.mark.parametrize("max_msg_size", [150_000, 10_000])
    def test_item_of_300_kb(self, make: Make, max_msg_size: int) -> None:
        with make(max_msg_size=max_msg_size, peer_max_msg_size=max_msg_size) as pair:
            fill(pair.ours, range(3))
            fill(pair.theirs, range(3, 6))
            write(pair.ours / "large.vcf", vcard(100, note=300_000))
            write(pair.theirs / "large.vcf", vcard(200, note=300_000))
            agree(pair.sync())
            within(pair, max_msg_size)
            for number, folder in ((100, pair.theirs), (200, pair.ours)):
                assert fields(find(folder, number).read_bytes()) == fields(vcard(number, note=300_000))
            settled(pair, 8)

    @pytest.mark.parametrize("giver", ["client", "server"])
    def test_one_way_keeps_what_the_receiver_added(self, make: Make, giver: str) -> None:
        with make() as pair:
            fill(pair.ours, range(5))
            pair.sync()
            fill(pair.ours, range(10, 12))
            fill(pair.theirs, range(20, 23))
            outcome = pair.sync(f"one-way-from-{giver}")
            assert outcome.theirs.mode.startswith("one-way") or outcome.theirs.mode == "two-way"
            we_give = (giver == "server") == (self.role == "client")
            received = pair.theirs if we_give else pair.ours
            assert len(cards(received)) == 10
            assert len(cards(pair.ours if we_give else pair.theirs)) == 5 + (2 if we_give else 3)
            pair.sync()
            settled(pair, 10)

    def matrix(self, make: Make, settings: Settings) -> None:
        """A first sync and one of changes in the mode of `settings`, with 20 items."""
        with make(settings) as pair:
            client, server = (pair.theirs, pair.ours) if self.role == "client" else (pair.ours, pair.theirs)
            both = settings.mode in ("two-way", "slow")
            giver = server if settings.mode.endswith("from-server") else client
            receiver = client if giver is server else server
            fill(giver, range(10) if both else range(20))
            if both:
                fill(receiver, range(10, 20))
            elif settings.mode.startswith("refresh"):
                fill(receiver, range(18, 22))
            agree(pair.sync(settings.mode), settings.mode)
            assert people(pair.ours) == people(pair.theirs)
            assert len(cards(pair.ours)) == 20
            make_changes = add if settings.mode == "slow" else change
            make_changes(giver, 0)
            if both:
                make_changes(receiver, 10)
            agree(pair.sync(settings.mode), settings.mode)
            if self.role == "client" and settings.mode == "one-way-from-server":
                pair.sync()     # SyncEvolution now sends back, as its own, what a one-way sync brought it
            settled(pair, 22 if settings.mode == "slow" else 20)
