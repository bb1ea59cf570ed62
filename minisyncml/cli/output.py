"""What the verbs show: reports, sessions, messages under way, and what went wrong meanwhile."""

from __future__ import annotations

import sys
import time
from typing import Any

from minisyncml.gateway.report import COLUMNS, Report
from minisyncml.gateway.trace import summary
from minisyncml.transport.base import Packet


def line(session: "dict[str, Any]") -> str:
    """A session in one line.

    :param session: what was recorded of it
    :returns: when, with whom, what was done
    """
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.get("when", 0)))
    parts = []
    for part in session.get("datastores", ()):
        done = [f"{part[side][column]} {column} {place}" for side, place in (("local", "here"), ("remote", "there"))
                for column in COLUMNS if part[side][column]]
        parts.append(f"{part['name']}: {part['error'] or ', '.join(done) or 'nothing to do'}")
    user = f" as {session['user']}" if session.get("user") else ""
    return f"{when}  {session.get('peer', '')}{user}  {session.get('error') or '; '.join(parts)}"


def log(words: str) -> None:
    """Say on standard error what happened.

    :param words: one line
    """
    print(f"minisyncml: {words}", file=sys.stderr, flush=True)


def show(report: Report, as_json: bool) -> None:
    """Print one report on standard output.

    :param report: a finished session
    :param as_json: one line for machines instead of a table
    """
    print(report.json() if as_json else report.table(), flush=True)


def tell(way: str, packet: Packet) -> None:
    """Show a message on standard error, for `--verbose`.

    :param way: who sends it
    :param packet: the message
    """
    print(f"{way} {summary(packet)}", file=sys.stderr, flush=True)


class Progress:
    """A line on a terminal's standard error that tells how far a session is; silent in a pipe.

    :param quiet: show nothing there either
    """

    def __init__(self, quiet: bool = False) -> None:
        self._on = not quiet and sys.stderr.isatty()
        self._written = 0

    def __call__(self, words: str) -> None:
        """Show where things stand.

        :param words: a short line
        """
        if self._on:
            sys.stderr.write("\r" + words.ljust(self._written))
            sys.stderr.flush()
            self._written = len(words)

    def clear(self) -> None:
        """Wipe the line."""
        if self._written:
            self("")
            sys.stderr.write("\r")
            sys.stderr.flush()
        self._written = 0
