"""Our own side: the commands `minisyncml serve` and `minisyncml sync` as processes, and what they report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from interop.processes import HOST, Background, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]


class Counts(NamedTuple):
    """What a sync did to one side."""

    added: int
    changed: int
    removed: int
    failed: int


class Report(NamedTuple):
    """One datastore of one session, as `--json` tells it."""

    exit: int
    mode: str
    slow: bool
    local: Counts
    remote: Counts
    conflicts: int
    raw: "Dict[str, Any]"

    @property
    def idle(self) -> bool:
        """Whether nothing was transferred or changed on either side."""
        return not any(self.local) and not any(self.remote)


def parse(line: str, exit_code: Optional[int] = None) -> Report:
    """Read one line of `--json`.

    :param line: the line
    :param exit_code: of the process; by default the one that the report names
    """
    raw: Dict[str, Any] = json.loads(line)
    [part] = raw["datastores"] or [{"mode": "", "slow": False, "local": {}, "remote": {}}]
    sides = [Counts(*(part[side].get(kind, 0) for kind in ("added", "replaced", "deleted", "failed")))
             for side in ("local", "remote")]
    conflicts = sum(int(part[side].get("conflicts", 0)) for side in ("local", "remote"))
    return Report(raw["exit_code"] if exit_code is None else exit_code, part["mode"], part["slow"], sides[0], sides[1],
                  conflicts, raw)


def environment(folder: Path) -> Dict[str, str]:
    """An environment with a home of its own, in which this working tree is imported."""
    env = {key: value for key, value in os.environ.items()
           if not key.startswith("XDG_") and not key.lower().endswith("_proxy")}
    return {**env, "HOME": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


class Served:
    """`minisyncml serve` on a free port. Use as a context manager.

    :param home: its private folder; data go to `home/data`
    :param places: LOCAL arguments, as in `contacts=/some/folder`
    :param user: empty: no credentials are asked
    :param options: further options
    """

    def __init__(self, home: Path, places: Sequence[str], user: str = "", password: str = "",
                 options: Sequence[str] = (), port: Optional[int] = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.port = port or free_port()
        self.url = f"http://{HOST}:{self.port}/"
        self.out = home / "serve.out"
        credentials = ["--user", f"{user}:{password}"] if user else []
        self.background = Background(
            [sys.executable, "-m", "minisyncml", "serve", "--data", str(home / "data"), "--listen",
             f"{HOST}:{self.port}", "--json", *credentials, *options, *places], self.out, environment(home))
        self.seen = 0

    def report(self) -> Report:
        """The report of the session after the one asked for last; waits until it is printed."""
        wait_until(lambda: len(self._lines()) > self.seen, f"report {self.seen + 1} of serve:\n{self._all()}", 10)
        self.seen += 1
        return parse(self._lines()[self.seen - 1])

    def _all(self) -> str:
        return self.out.read_text("utf-8", "replace") if self.out.exists() else ""

    def _lines(self) -> List[str]:
        return [line for line in self._all().split("\n")[:-1] if line.startswith("{") and '"datastores"' in line]

    def __enter__(self) -> "Served":
        self.background.start().wait_port(self.port)
        return self

    def __exit__(self, *exc: object) -> None:
        self.background.stop()


def sync_command(home: Path, url: str, places: Sequence[str], options: Sequence[str] = ()) -> List[str]:
    """The command line of a sync."""
    return [sys.executable, "-m", "minisyncml", "sync", url, *places, "--data", str(home / "data"), "--json", *options]


def sync(home: Path, url: str, places: Sequence[str], options: Sequence[str] = ()) -> "Tuple[Optional[Report], str]":
    """Run `minisyncml sync` once, see :func:`run`."""
    return _run(home, sync_command(home, url, places, options))


def run(home: Path, words: Sequence[str]) -> "Tuple[Optional[Report], str]":
    """Run a command that syncs once.

    :param home: its private folder; data go to `home/data`
    :param words: the command and its arguments
    :returns: its report, None when there was none, and all it printed
    """
    return _run(home, [sys.executable, "-m", "minisyncml", *words, "--data", str(home / "data"), "--json"])


def command(home: Path, *words: str) -> str:
    """Run a command that syncs nothing; what it printed."""
    done = subprocess.run([sys.executable, "-m", "minisyncml", *words, "--data", str(home / "data")],
                          env=environment(home), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60)
    return done.stdout.decode("utf-8", "replace")


def _run(home: Path, command: Sequence[str]) -> "Tuple[Optional[Report], str]":
    home.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, env=environment(home), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    text = done.stdout.decode("utf-8", "replace")
    output = f"exit {done.returncode}\n{text}\n{done.stderr.decode('utf-8', 'replace')}"
    lines = [line for line in text.splitlines() if line.startswith("{")]
    return (parse(lines[-1], done.returncode) if lines else None), output


def login(auth: str, user: str, password: str) -> List[str]:
    """The options of a client for one way to log in."""
    return ["--user", f"{user}:{password}", "--auth", auth] if auth != "none" else []


def wire(encoding: str, version: str, max_msg_size: int) -> List[str]:
    """The options of a client for what goes over the wire."""
    return ["--encoding", encoding, "--syncml-version", version, *limits(max_msg_size)]


def limits(max_msg_size: int) -> List[str]:
    """The option for the size of messages, either role."""
    return ["--max-msg-size", str(max_msg_size)]
