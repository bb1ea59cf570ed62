"""SyncEvolution as client of `minisyncml serve`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from interop import syncevolution
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
