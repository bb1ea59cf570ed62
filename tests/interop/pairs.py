"""A minisyncml and a SyncEvolution joined over HTTP, each with a folder of vCards, whichever of them is the server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, NamedTuple, Optional

from interop import ours
from interop.matrix import Settings
from interop.relay import Relay
from interop.syncevolution import Account, Result, SyncEvolutionClient, SyncEvolutionServer

USER, PASSWORD = "alice", "wonder land"


class Outcome(NamedTuple):
    """Both reports of one session."""

    ours: ours.Report
    theirs: Result


class Pair:
    """Two ends with their address books as folders `ours` and `theirs`. `record` holds what went over the wire.

    :param home: a private folder
    :param settings: how they meet
    :param max_msg_size: what we announce
    :param peer_max_msg_size: what SyncEvolution announces
    :param options: further options of our command
    """

    def __init__(self, home: Path, settings: Settings, max_msg_size: int = 150_000, peer_max_msg_size: int = 150_000,
                 options: "tuple[str, ...]" = ()) -> None:
        self.home = home
        self.settings = settings
        self.max_msg_size, self.peer_max_msg_size = max_msg_size, peer_max_msg_size
        self.options = options
        self.ours = home / "ours"
        self.ours.mkdir(parents=True)
        self.theirs: Path
        self.record = home / "wire"
        self.user = USER if settings.auth != "none" else ""
        self.password = PASSWORD if settings.auth != "none" else ""

    def sync(self, mode: str = "two-way") -> Outcome:
        """Sync once, and expect that both ends say it went well."""
        outcome = self.attempt(mode)
        assert outcome.theirs.status == 200, (outcome, self.log())
        assert outcome.ours.exit == 0, outcome
        assert not outcome.ours.local.failed + outcome.ours.remote.failed, outcome
        return outcome

    def attempt(self, mode: str = "two-way") -> Outcome:
        """Sync once, whatever comes of it."""
        raise NotImplementedError

    def log(self) -> str:
        """What our side wrote, for the message of a failed test."""
        return ""

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def requests(self) -> List[int]:
        """The sizes of all messages to the server."""
        return self._sizes(rb"POST /")

    def answers(self) -> List[int]:
        """The sizes of all messages to the client."""
        return self._sizes(rb"HTTP/1\.[01] 2")

    def _sizes(self, start: bytes) -> List[int]:
        heads = re.findall(start + rb"[^\r]*\r\n(?:[^\r]+\r\n)*?(?i:content-length): *(\d+)", self.record.read_bytes())
        return list(map(int, heads))


class WithClient(Pair):
    """SyncEvolution is the client of `minisyncml serve`."""

    server: ours.Served
    relay: Relay
    client: SyncEvolutionClient

    def __enter__(self) -> "WithClient":
        challenge = ["--auth", self.settings.auth] if self.user else []
        self.server = ours.Served(self.home / "serve", [f"contacts={self.ours}"], self.user, self.password,
                                  [*ours.limits(self.max_msg_size), *challenge, *self.options])
        self.server.__enter__()
        self.relay = Relay(self.server.port, self.record).__enter__()
        self.client = SyncEvolutionClient(
            self.home / "client", f"http://127.0.0.1:{self.relay.port}/", wbxml=self.settings.encoding == "wbxml",
            version=self.settings.version, user=self.user, password=self.password,
            auth="basic" if self.settings.auth == "basic" else "md5", max_msg_size=self.peer_max_msg_size)
        self.theirs = self.client.folder
        return self

    def attempt(self, mode: str = "two-way") -> Outcome:
        result = self.client.run(mode)
        assert result.status != -124, result.output
        return Outcome(self.server.report(), result)

    def log(self) -> str:
        return self.server.background.output()

    def __exit__(self, *exc: object) -> None:
        self.relay.__exit__()
        self.server.__exit__()


class WithServer(Pair):
    """SyncEvolution is the server of `minisyncml sync`. `server` runs already, for as many pairs as like."""

    def __init__(self, server: SyncEvolutionServer, home: Path, settings: Settings, max_msg_size: int = 150_000,
                 peer_max_msg_size: int = 150_000, options: "tuple[str, ...]" = ()) -> None:
        super().__init__(home, settings, max_msg_size, peer_max_msg_size, options)
        self.server = server
        self.device = f"device-{server.accounts + 1}"
        self.account: Account = server.account(self.device, self.user, self.password, peer_max_msg_size)
        self.theirs = self.account.folder
        self.output = ""

    def __enter__(self) -> "WithServer":
        self.relay = Relay(self.server.port, self.record).__enter__()
        return self

    def run(self, mode: str = "two-way") -> Optional[ours.Report]:
        """Our command alone; the report of the server stays where it is."""
        settings = self.settings
        report, self.output = ours.sync(
            self.home / "sync", f"http://127.0.0.1:{self.relay.port}/syncevolution", [f"contacts={self.ours}"],
            ["--mode", mode, "--device-id", self.device, "--remote", f"contacts={self.server.uri}",
             *ours.login(settings.auth, self.user, self.password),
             *ours.wire(settings.encoding, settings.version, self.max_msg_size), *self.options])
        return report

    def attempt(self, mode: str = "two-way") -> Outcome:
        report = self.run(mode)
        assert report is not None, self.output
        return Outcome(report, self.account.result())

    def log(self) -> str:
        return self.output

    def __exit__(self, *exc: object) -> None:
        self.relay.__exit__()


def agree(outcome: Outcome, mode: str = "two-way") -> None:
    """Expect that both reports tell the same.

    SyncEvolution does not know what the other side removed before a refresh, and counts whatever it sent in a refresh,
    as client in a slow sync too, as added at the other side, whether it was there or not.
    """
    our, their = outcome
    if mode.startswith("refresh"):
        assert our.local.added <= their.remote.added and our.remote.added == their.local.added, outcome
    elif their.mode == "slow":
        assert tuple(our.remote) == tuple(their.local), outcome
        assert our.local.added <= their.remote.added, outcome
    else:
        assert (tuple(our.local), tuple(our.remote)) == (tuple(their.remote), tuple(their.local)), outcome
