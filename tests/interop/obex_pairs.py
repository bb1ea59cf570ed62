"""A minisyncml and a SyncEvolution joined over OBEX, each with a folder of vCards: SyncEvolution calls our emulated
phone, or we call SyncEvolution, which is the phone. Over TCP, a pseudo-terminal, or the air, which is Unix sockets.
"""

from __future__ import annotations

import binascii
import json
import re
import sys
from pathlib import Path
from typing import List, NamedTuple

from interop import ours, radio
from interop.matrix import Settings
from interop.pairs import Outcome, Pair
from interop.peers.ptyrelay import Relay as Cable
from interop.processes import HOST, Background, free_port, wait_until
from interop.syncevolution import SyncEvolutionCaller, SyncEvolutionPhone, shim

#: our command in a Python that need not be the one of the tests
COMMAND = "import sys; from minisyncml.cli.main import main; sys.exit(main(sys.argv[1:]))"


class Emulated:
    """`minisyncml phone emulate`. Use as a context manager.

    :param home: its private folder; the contacts are in `home/phone/contacts`
    :param link: `tcp`, `pty` or `air`
    :param options: further options
    """

    def __init__(self, home: Path, link: str, options: "tuple[str, ...]" = ()) -> None:
        home.mkdir(parents=True, exist_ok=True)
        port = {"tcp": f"tcp://{HOST}:0", "pty": "pty", "air": "bt://:11"}[link]
        self.folder = home / "phone" / "contacts"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.out = home / "phone.out"
        python, env = sys.executable, ours.environment(home)
        if link == "air":
            self.air = {"BTSHIM_RFCOMM": f"unix:{home}/rfcomm-%d", "BTSHIM_L2CAP": f"unix:{home}/l2cap-%d"}
            python, env = radio.python(), {**env, **self.air, "LD_PRELOAD": str(shim("btshim"))}
        self.background = Background(
            [python, "-c", COMMAND, "phone", "emulate", port, str(home / "phone"), "--json", *options], self.out, env)
        self.link, self.seen = link, 0

    def report(self) -> ours.Report:
        """The report of the session after the one asked for last; waits until it is printed."""
        wait_until(lambda: len(self._lines()) > self.seen, f"report {self.seen + 1} of the phone:\n{self.output()}", 10)
        self.seen += 1
        return ours.parse(self._lines()[self.seen - 1])

    def output(self) -> str:
        """All it printed."""
        return self.background.output()

    def _lines(self) -> List[str]:
        return [line for line in self.output().split("\n")[:-1] if line.startswith("{")]

    def __enter__(self) -> "Emulated":
        self.background.start()
        wait_until(lambda: self.background.output().count("\n") > 0, "the emulated phone")
        found = re.search(r" is at (\S+)\n", self.output())
        assert found, self.output()
        self.port = found[1]
        if self.link == "tcp":
            self.air = {"BTSHIM_RFCOMM": f"tcp:{self.port.rpartition(':')[2]}"}
        elif self.link == "pty":
            self.air = {"BTSHIM_RFCOMM": f"tty:{self.port}"}
        return self

    def __exit__(self, *exc: object) -> None:
        self.background.stop()


class Message(NamedTuple):
    """A SyncML message of a trace. `inward`: it came to us."""

    inward: bool
    type: str
    size: int


class OnALine(Pair):
    """A pair whose messages are known by our trace."""

    @property
    def trace(self) -> "tuple[str, ...]":
        """The option for the trace of the next session."""
        return ("--trace", str(self.record / str(len(list(self.record.iterdir())))))

    def messages(self) -> List[Message]:
        """All SyncML messages so far."""
        lines = (json.loads(line) for path in sorted(self.record.iterdir()) for line in path.read_text().splitlines())
        return [Message(line["dir"] == "in", line["type"], len(binascii.a2b_base64(line["raw"]))) for line in lines
                if line.get("kind") == "message"]

    def requests(self) -> List[int]:
        return [one.size for one in self.messages() if one.inward == (self.settings.role == "client")]

    def answers(self) -> List[int]:
        return [one.size for one in self.messages() if one.inward == (self.settings.role == "server")]


class WithCaller(OnALine):
    """SyncEvolution calls our emulated phone. `settings.role` is "server": that is what SyncEvolution is.

    :param link: `tcp`, `pty` or `air`
    """

    def __init__(self, home: Path, settings: Settings, link: str = "tcp", max_msg_size: int = 16_000,
                 peer_max_msg_size: int = 16_000, options: "tuple[str, ...]" = ()) -> None:
        super().__init__(home, settings, max_msg_size, peer_max_msg_size, options)
        login = ("--user", f"{self.user}:{self.password}") if self.user else ()
        self.record.mkdir()
        profile = home / "profile.toml"
        profile.write_text(f"[values]\nmax_msg = {max_msg_size}\n")
        self.phone = Emulated(home, link, (*login, "--profile", str(profile), *self.trace, *options))
        self.ours = self.phone.folder
        self.caller = SyncEvolutionCaller(
            home / "caller", wbxml=settings.encoding == "wbxml", version=settings.version, user=self.user,
            password=self.password, channel=0 if link == "air" else 11, max_msg_size=peer_max_msg_size)
        self.theirs = self.caller.folder

    def __enter__(self) -> "WithCaller":
        self.phone.__enter__()
        return self

    def attempt(self, mode: str = "two-way") -> Outcome:
        result = self.caller.call(self.phone.air, mode)
        return Outcome(self.phone.report(), result)

    def log(self) -> str:
        return self.phone.output()

    def __exit__(self, *exc: object) -> None:
        self.phone.__exit__()


class WithPhone(OnALine):
    """SyncEvolution is the phone that `minisyncml phone sync` calls. `settings.role` is "client".

    :param link: `tcp` or `pty`
    :param speed: baud of the pseudo-terminals
    """

    def __init__(self, home: Path, settings: Settings, link: str = "tcp", max_msg_size: int = 16_000,
                 peer_max_msg_size: int = 16_000, options: "tuple[str, ...]" = (), speed: int = 10_000_000) -> None:
        super().__init__(home, settings, max_msg_size, peer_max_msg_size, options)
        self.record.mkdir()
        self.cable = Cable(speed) if link == "pty" else None
        number = str(free_port())
        self.port = self.cable.b if self.cable is not None else f"tcp://{HOST}:{number}"
        self.phone = SyncEvolutionPhone(home / "phone", self.cable.a if self.cable is not None else number,
                                        wbxml=settings.encoding == "wbxml", max_msg_size=peer_max_msg_size)
        self.theirs = self.phone.folder
        self.output = ""

    def __enter__(self) -> "WithPhone":
        if self.cable is not None:
            self.cable.__enter__()
        self.phone.__enter__()
        return self

    def attempt(self, mode: str = "two-way") -> Outcome:
        report, self.output = ours.run(self.home / "sync", [
            "phone", "sync", self.port, f"contacts={self.ours}", "--mode", mode,
            *ours.limits(self.max_msg_size), *self.trace, *self.options])
        assert report is not None, (self.output, self.log())
        return Outcome(report, self.phone.result())

    def log(self) -> str:
        return self.output + self.phone.background.output()

    def __exit__(self, *exc: object) -> None:
        self.phone.__exit__()
        if self.cable is not None:
            self.cable.__exit__()
