"""SyncEvolution as client of `minisyncml serve`."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from interop import ours, syncevolution
from interop.matrix import Settings, everything, pairwise
from interop.pairs import Pair, WithClient
from interop.scenarios import Make, Scenarios, settled
from interop.vcards import cards, fill, find, vcard, write

pytestmark = [pytest.mark.interop, pytest.mark.skipif(bool(syncevolution.missing()), reason=syncevolution.missing())]
ROLE = "client"
DEFAULT = Settings(ROLE)


class TestSyncEvolutionClient(Scenarios):
    role = ROLE

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        def pair(settings: Settings = DEFAULT, **sizes: object) -> "AbstractContextManager[Pair]":
            return WithClient(tmp_path / "pair", settings, **sizes)  # type: ignore[arg-type]
        return pair

    @pytest.mark.parametrize("settings", [one for one in pairwise() if one.role == ROLE], ids=str)
    def test_every_pair_of_settings(self, make: Make, settings: Settings) -> None:
        self.matrix(make, settings)

    @pytest.mark.full
    @pytest.mark.parametrize("settings", [one for one in everything() if one.role == ROLE], ids=str)
    def test_all_settings(self, make: Make, settings: Settings) -> None:
        self.matrix(make, settings)

    @pytest.mark.parametrize("policy, left", [
        ("server-wins", [b"edited here"]),
        ("client-wins", [b"edited there"]),
        ("keep-both", [b"edited here", b"edited there"]),
        ("newest", [b"edited there"]),                      # neither says when: the client's
        ("merge", [b"edited here", b"edited there"]),       # the same field
    ])
    def test_conflict_policies(self, make: Make, policy: str, left: "list[bytes]") -> None:
        with make(options=("--conflict", policy)) as pair:
            fill(pair.ours, range(5))
            pair.sync()
            write(find(pair.ours, 3), vcard(3, "edited here"))
            write(find(pair.theirs, 3), vcard(3, "edited there"))
            assert pair.attempt().ours.conflicts == 1
            pair.attempt()
            for folder in (pair.ours, pair.theirs):
                texts = [path.read_bytes() for path in cards(folder)]
                assert sorted(words for words in (b"edited here", b"edited there")
                              if any(words in text for text in texts)) == left
            settled(pair, 4 + len(left))

    def test_newest(self, make: Make) -> None:
        with make(options=("--conflict", "newest")) as pair:
            fill(pair.ours, range(3))
            pair.sync()
            write(find(pair.ours, 1), vcard(1, "edited here").replace(b"END:", b"REV:20240201T000000Z\r\nEND:"))
            write(find(pair.theirs, 1), vcard(1, "edited there").replace(b"END:", b"REV:20240101T000000Z\r\nEND:"))
            assert pair.attempt().ours.conflicts == 1
            assert all(b"edited there" not in path.read_bytes() for path in cards(pair.ours))
            settled(pair, 3)

    def test_merge(self, make: Make) -> None:
        with make(options=("--conflict", "merge")) as pair:
            fill(pair.ours, range(3))
            pair.sync()
            write(find(pair.ours, 1), vcard(1, "edited here"))
            write(find(pair.theirs, 1), vcard(1).replace(b"person1@", b"someone@"))
            assert pair.attempt().ours.conflicts == 1
            for folder in (pair.ours, pair.theirs):
                body = find(folder, 1).read_bytes()
                assert b"someone@" in body and b"edited here" in body, body
            settled(pair, 3)

    def test_ask(self, make: Make) -> None:
        with make(options=("--conflict", "ask")) as pair:
            fill(pair.ours, range(3))
            pair.sync()
            write(find(pair.ours, 1), vcard(1, "edited here"))
            write(find(pair.theirs, 1), vcard(1, "edited there"))
            for _ in range(2):
                assert pair.attempt().ours.exit == 1
                assert b"edited here" in find(pair.ours, 1).read_bytes()
                assert b"edited there" in find(pair.theirs, 1).read_bytes()
            assert isinstance(pair, WithClient)
            number, = json.loads(ours.command(pair.server.home, "conflicts", "--json"))
            ours.command(pair.server.home, "conflicts", "solve", number["id"], "--keep", "theirs")
            pair.sync()
            assert b"edited there" in find(pair.ours, 1).read_bytes()
            settled(pair, 3)

    def test_wrong_password(self, make: Make) -> None:
        with make() as pair:
            assert isinstance(pair, WithClient)
            fill(pair.ours, range(3))
            pair.client.set(password="wrong")
            result = pair.client.run()
            assert result.status in (401, 407, 10401), result
            assert not cards(pair.theirs)
            pair.client.set(password=pair.password)
            pair.sync()
            settled(pair, 3)
