"""Files that were away and come back are what they were, as long as no peer was told that they are gone."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import Iterator

import pytest
from pair import Cut, Pair, edit, fine, transferred

from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.vdir import VdirStore
from minisyncml.transport.base import Packet

TEXT = (("text/plain", "1.0"),)
NAMES = [f"{number}.txt" for number in range(5)]


class Home:
    """A folder that syncs with somebody, as client or as server."""

    def __init__(self, place: Path, role: str) -> None:
        self.folder, self.attic = place / "notes", place / "attic"
        self.folder.mkdir()
        self.attic.mkdir()
        for name in NAMES:
            (self.folder / name).write_bytes(b"note " + name.encode())
        self.here, self.there = VdirStore(str(self.folder), str(place / "journal"), TEXT, ".txt"), MemoryStore(TEXT)
        stores: "tuple[Store, Store]" = (self.here, self.there)
        left, right = stores if role == "client" else stores[::-1]
        self.pair = Pair({"notes": left}, {"notes": right})
        assert self.sync() == 5

    def sync(self) -> int:
        self.here.refresh()
        left, right = self.pair.sync()
        assert fine(left) and fine(right)
        return transferred(left)

    def away(self, *names: str) -> None:
        for name in names:
            os.rename(self.folder / name, self.attic / name)
        self.here.refresh()

    def back(self) -> None:
        for name in os.listdir(self.attic):
            os.rename(self.attic / name, self.folder / name)
        self.here.refresh()

    def whole(self) -> bool:
        """Whether each item is there once, on both sides."""
        bodies = [sorted(item.body for row in store.rows() for item in [store.get(row.id)] if item is not None)
                  for store in (self.here, self.there)]
        return bodies == [[b"note " + name.encode() for name in NAMES]] * 2


@pytest.fixture(params=["client", "server"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> "Iterator[Home]":
    made = Home(tmp_path, request.param)
    yield made
    made.here.close()


def test_a_folder_that_was_empty_for_a_while(home: Home) -> None:
    """As when somebody moved the files out, was stopped, and moved them back."""
    before = [row.id for row in home.there.rows()]
    home.away(*NAMES)
    assert 6 in {each.report.exit_code for each in home.pair.sync()}
    home.back()
    assert home.sync() == 0 and home.whole() and [row.id for row in home.there.rows()] == before


def test_what_the_other_side_brought_back_first(home: Home) -> None:
    """It edited the item meanwhile, so there is a file again; the old one is one more."""
    home.away("1.txt")
    row = next(row for row in home.there.rows() if home.there.get(row.id).body == b"note 1.txt")     # type: ignore[union-attr]
    edit(home.there, row.id, "edited")
    home.pair.sync()
    assert len(home.here) == 5
    home.back()
    home.sync()
    assert len(home.here) == len(home.there) == len(os.listdir(home.folder)) == 6 and home.sync() == 0


def test_what_was_told_is_told(home: Home) -> None:
    home.away("1.txt")
    assert home.sync() == 1
    home.back()
    assert home.sync() == 1 and home.whole()
    assert home.sync() == 0


@pytest.mark.parametrize("home", ["server"], indirect=True)
def test_what_came_back_is_told_to_those_who_heard_that_it_was_gone(home: Home) -> None:
    """Two phones, one of which was told; the other one keeps what it has."""
    phone = MemoryStore(TEXT)
    second = Pair({"notes": phone}, {"notes": home.here})
    second.client_options = second.client_options._replace(device="phone-2")
    assert transferred(second.sync()[0]) == 5
    ids = [row.id for row in phone.rows()]
    home.away("1.txt")
    home.sync()
    home.back()
    assert home.sync() == 1 and home.whole()
    assert transferred(second.sync()[0]) == 0 and [row.id for row in phone.rows()] == ids


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_session_that_was_cut_between(home: Home, way: str) -> None:
    """Wherever it is: what the peer may have heard is said again."""
    for cut in count():
        def carry(direction: str, number: int, packet: Packet, cut: int = cut) -> Packet:
            if (direction, number) == (way, cut):
                raise Cut
            return packet

        home.away("1.txt", "3.txt")
        try:
            home.pair.sync(carry=carry)
        except Cut:
            home.back()
            home.sync()
            assert home.whole() and home.sync() == 0
        else:
            assert cut > 2
            return
