"""SyncEvolution as server of `minisyncml sync`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Iterator

import pytest

from interop import syncevolution
from interop.matrix import Settings, everything, pairwise
from interop.pairs import Pair, WithServer
from interop.scenarios import Make, Scenarios
from interop.syncevolution import SyncEvolutionServer
from interop.vcards import cards, fill

pytestmark = [pytest.mark.interop, pytest.mark.skipif(bool(syncevolution.missing()), reason=syncevolution.missing())]
ROLE = "server"
DEFAULT = Settings(ROLE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncEvolutionServer]:
    with SyncEvolutionServer(tmp_path_factory.mktemp("syncevolution")) as server:
        yield server


class TestSyncEvolutionServer(Scenarios):
    role = ROLE

    @pytest.fixture
    def make(self, tmp_path: Path, server: SyncEvolutionServer) -> Make:
        def pair(settings: Settings = DEFAULT, **sizes: object) -> "AbstractContextManager[Pair]":
            return WithServer(server, tmp_path / "pair", settings, **sizes)  # type: ignore[arg-type]
        return pair

    @pytest.mark.parametrize("settings", [one for one in pairwise() if one.role == ROLE], ids=str)
    def test_every_pair_of_settings(self, make: Make, settings: Settings) -> None:
        self.matrix(make, settings)

    @pytest.mark.full
    @pytest.mark.parametrize("settings", [one for one in everything() if one.role == ROLE], ids=str)
    def test_all_settings(self, make: Make, settings: Settings) -> None:
        self.matrix(make, settings)

    def test_wrong_password(self, make: Make) -> None:
        with make() as pair:
            assert isinstance(pair, WithServer)
            fill(pair.theirs, range(3))
            pair.password = "wrong"
            pair.run()
            assert pair.output.startswith("exit 4\n"), pair.output
            assert not cards(pair.ours)
