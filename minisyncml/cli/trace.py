"""`minisyncml trace show|replay|anonymise`: what `--trace` wrote, for people and for tests."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Callable, Mapping

from minisyncml.errors import TraceError, UsageError
from minisyncml.gateway.config import pairs
from minisyncml.gateway.replay import replay
from minisyncml.gateway.report import visible
from minisyncml.gateway.rewrite import anonymise
from minisyncml.gateway.trace import summary
from minisyncml.gateway.traced_link import describe
from minisyncml.gateway.tracefile import Fields, read
from minisyncml.store.base import Store
from minisyncml.store.place import open_store
from minisyncml.transport.base import Packet

if TYPE_CHECKING:
    import argparse

ARROWS = {"in": "<-", "out": "->"}


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("trace", help="show, replay or anonymise what --trace wrote")
    parser.add_argument("action", choices=("show", "replay", "anonymise"),
                        help="show: what happened; replay: play the peer's side once more and compare our answers, "
                        "exit code 1 when they differ; anonymise: write a copy with made-up data")
    parser.add_argument("file", metavar="FILE", help="the trace")
    parser.add_argument("more", nargs="*", metavar="LOCAL|OUT",
                        help="replay: datastores to play into, NAME=PLACE, which are changed (default: those of the "
                        "trace, in memory); anonymise: the file to write")
    parser.add_argument("--full", action="store_true", help="show: messages as XML, bytes in hexadecimal")
    parser.add_argument("--data", metavar="DIR", help="replay: where the state of datastores lives (default: a folder "
                        "that is thrown away)")
    parser.set_defaults(run=run)
    return parser


VERBS = {"trace": _add}


def run(args: "argparse.Namespace") -> int:
    """Do what was asked for with a trace.

    :param args: action, file, more
    :returns: 0; 1 when a replay differs
    :raises UsageError: when the trace cannot be read, or something is missing
    """
    if args.action == "show":
        for line in read(args.file):
            if "kind" in line:
                _show(Fields(line), args.full)
        return 0
    if args.action == "replay":
        return _replay(args)
    if len(args.more) != 1:
        raise UsageError("trace anonymise wants FILE and OUT")
    anonymise(args.file, args.more[0])
    return 0


# -- show

def _show(fields: Fields, full: bool) -> None:
    kind = fields.text("kind")
    session = f"{fields.number('session'):>3}" if "session" in fields.line else "   "
    words = _WORDS[kind](fields) if kind in _WORDS else ""
    if words:
        print(f"{fields.line['t']:10.3f} {session}  {visible(words)}")
    if full and kind == "message":
        print("\n" + "\n".join(visible(row) for row in fields.text("xml", "").splitlines()) + "\n")
    elif full and kind == "packet":
        print(f"{'':18}{fields.bytes('raw').hex(' ')}")


def _arrow(fields: Fields) -> str:
    way = fields.text("dir")
    if way not in ARROWS:
        raise fields.fail("dir")
    return ARROWS[way]


def _session(fields: Fields) -> str:
    role = fields.text("role")
    if role != "client":
        return "we are the server"
    return f"we are a client of {fields.text('target')}: {fields.text('mode')}, SyncML {fields.text('version')}"


def _message(fields: Fields) -> str:
    return f"{_arrow(fields)} {summary(Packet(fields.text('type'), fields.bytes('raw')))}"


def _packet(fields: Fields) -> str:
    data = fields.bytes("raw")
    return f"{_arrow(fields)} {len(data):>7,} bytes  {describe(data)}"


def _end(fields: Fields) -> str:
    report = fields.map("report")
    parts = []
    for part in report.get("datastores", []) if isinstance(report.get("datastores"), list) else []:
        if isinstance(part, dict):
            parts.append(f"{part.get('name')}: here {_counts(part.get('local'))}, there {_counts(part.get('remote'))}"
                         + (f", {part['error']}" if part.get("error") else ""))
    return "over: " + "; ".join([str(report["error"])] if report.get("error") else parts or ["nothing was synced"])


def _counts(counts: Any) -> str:
    found = [f"{value} {name}" for name, value in counts.items() if isinstance(value, int) and value] \
        if isinstance(counts, dict) else []
    return " ".join(found) or "nothing"


_WORDS: "Mapping[str, Callable[[Fields], str]]" = {
    "session": _session, "message": _message, "packet": _packet, "end": _end,
    "silence": lambda fields: "-> nothing more to say",
    "error": lambda fields: f"{fields.text('error')}: {fields.text('words')}",
    "note": lambda fields: fields.text("words"),
    "items": lambda fields: f"{fields.text('store')}: {len(list(fields.rows('rows', str, int, str)))} items here",
}


# -- replay

def _replay(args: "argparse.Namespace") -> int:
    import tempfile
    with ExitStack() as stack:
        opened: "dict[str, dict[str, Store]]" = {}
        places = pairs(args.more, "NAME=PLACE")
        data = os.path.abspath(args.data or ".") if args.data or not places else stack.enter_context(
            tempfile.TemporaryDirectory(prefix="minisyncml-"))

        def stores_of(user: str) -> "dict[str, Store]":
            if user not in opened:
                opened[user] = {name: open_store(place, name, data, user) for name, place in places.items()}
                for store in opened[user].values():
                    stack.callback(store.close)
            return opened[user]

        played = replay(args.file, stores_of if places else None)
    for difference in played.differences:
        print(visible(str(difference)))
    if not played.sessions:
        raise TraceError(f"{args.file} holds no session")
    print(f"{played.sessions} sessions, {played.messages} messages of ours, "
          f"{len(played.differences) or 'no'} difference{'s' if len(played.differences) != 1 else ''}")
    return int(bool(played.differences))
