"""SyncEvolution over OBEX, in both roles: it calls our emulated phone, and it is the phone that we call."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from interop import syncevolution
from interop.matrix import Settings
from interop.obex_pairs import OnALine, WithCaller, WithPhone
from interop.pairs import Pair, agree
from interop.scenarios import Make, Scenarios, change, settled
from interop.syncevolution import MODES
from interop.vcards import fill

pytestmark = [pytest.mark.interop, pytest.mark.skipif(bool(syncevolution.missing()), reason=syncevolution.missing())]
CALLED, CALLING = Settings("server", auth="none"), Settings("client", auth="none")


def whole(pair: OnALine, count: int) -> None:
    """A first sync with contacts on both sides, then changes on both sides, then nothing.

    :param count: contacts in all
    """
    fill(pair.ours, range(count // 2))
    fill(pair.theirs, range(count // 2, count))
    outcome = pair.sync()
    assert (outcome.ours.local.added, outcome.ours.remote.added) == (count - count // 2, count // 2), outcome
    agree(outcome)
    change(pair.ours, 0)
    change(pair.theirs, count // 2 + 5)
    outcome = pair.sync()
    assert tuple(outcome.ours.local) == tuple(outcome.ours.remote) == (1, 2, 1, 0), outcome
    agree(outcome)
    settled(pair, count)
    assert {one.type for one in pair.messages()} == {f"application/vnd.syncml+{pair.settings.encoding}"}


@pytest.mark.parametrize("link, encoding, version", [
    ("tcp", "wbxml", "1.2"), ("tcp", "xml", "1.2"), ("tcp", "wbxml", "1.1"), ("tcp", "xml", "1.1"),
    ("pty", "wbxml", "1.2"), ("air", "wbxml", "1.2"),
])
def test_it_calls_our_phone(tmp_path: Path, link: str, encoding: str, version: str) -> None:
    with WithCaller(tmp_path, CALLED._replace(encoding=encoding, version=version), link) as pair:
        whole(pair, 500)


@pytest.mark.parametrize("auth", ["none", "md5"])
def test_its_digest_is_checked(tmp_path: Path, auth: str) -> None:
    with WithCaller(tmp_path, Settings("server", "wbxml", "1.2", auth), options=("--proof", "require")) as pair:
        fill(pair.ours, range(3))
        pair.sync()
        settled(pair, 3)
        pair.caller.set(username="mallory", password="wrong")
        fill(pair.ours, range(3, 4))
        refused = pair.caller.call(pair.phone.air)
        assert refused.status not in (0, 200) and refused.idle, refused
        assert "no right digest" in pair.log()
        pair.caller.set(username=pair.user, password=pair.password)
        pair.sync()
        settled(pair, 4)        # so the phone told of no session between


def test_a_phone_that_looks_at_no_digest_is_woken_by_anyone(tmp_path: Path) -> None:
    with WithCaller(tmp_path, Settings("server")) as pair:
        fill(pair.ours, range(3))
        pair.caller.set(username="mallory", password="wrong")
        pair.sync()
        settled(pair, 3)


@pytest.mark.parametrize("link, encoding", [("tcp", "wbxml"), ("tcp", "xml"), ("pty", "wbxml")])
def test_it_is_the_phone_that_we_call(tmp_path: Path, link: str, encoding: str) -> None:
    with WithPhone(tmp_path, CALLING._replace(encoding=encoding), link) as pair:
        whole(pair, 500)


@pytest.mark.full
class TestItCallsOurPhone(Scenarios):
    role = "server"

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        def pair(settings: Settings = CALLED, **more: object) -> "AbstractContextManager[Pair]":
            return WithCaller(tmp_path / "pair", settings, **more)  # type: ignore[arg-type]
        return pair

    @pytest.mark.parametrize("mode", list(MODES))
    @pytest.mark.parametrize("version", ["1.2", "1.1"])
    @pytest.mark.parametrize("encoding", ["wbxml", "xml"])
    def test_modes(self, make: Make, encoding: str, version: str, mode: str) -> None:
        self.matrix(make, CALLED._replace(encoding=encoding, version=version, mode=mode))


@pytest.mark.full
class TestItIsThePhoneThatWeCall(Scenarios):
    role = "client"

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        def pair(settings: Settings = CALLING, **more: object) -> "AbstractContextManager[Pair]":
            return WithPhone(tmp_path / "pair", settings, **more)  # type: ignore[arg-type]
        return pair

    @pytest.mark.parametrize("mode", ["two-way", "slow"])
    @pytest.mark.parametrize("encoding", ["wbxml", "xml"])
    def test_modes(self, make: Make, encoding: str, mode: str) -> None:
        self.matrix(make, CALLING._replace(encoding=encoding, mode=mode))

    @pytest.mark.parametrize("giver", ["client"])
    def test_one_way_keeps_what_the_receiver_added(self, make: Make, giver: str) -> None:
        super().test_one_way_keeps_what_the_receiver_added(make, giver)

    def test_refresh_from_the_phone(self, make: Make) -> None:
        with make() as pair:
            fill(pair.ours, range(5))
            pair.sync()
            change(pair.theirs, 0)
            fill(pair.ours, range(20, 22))
            pair.sync("refresh-from-client")
            settled(pair, 5)

    @pytest.mark.parametrize("mode", ["one-way-from-server", "refresh-from-server"])
    def test_it_begins_another_way_and_nothing_is_changed(self, make: Make, mode: str) -> None:
        """It means to drop what it has itself, and says two-way or slow: we cannot know."""
        with make() as pair:
            fill(pair.ours, range(5))
            pair.sync()
            fill(pair.ours, range(10, 12))
            fill(pair.theirs, range(20, 23))
            outcome = pair.attempt(mode)
            assert outcome.ours.exit and outcome.ours.idle and outcome.theirs.idle, outcome
            assert f"instead of {mode}" in str(outcome.ours.raw), outcome
            pair.sync()
            settled(pair, 10)
