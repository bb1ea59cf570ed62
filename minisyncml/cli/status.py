"""`minisyncml status`: what is kept, and what the last sessions did."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple

from minisyncml.cli.common import add_common, data_of, peers_of
from minisyncml.gateway.report import COLUMNS
from minisyncml.store.place import ANONYMOUS, open_store

if TYPE_CHECKING:
    import argparse


class Kept(NamedTuple):
    """One datastore under the data folder."""

    user: str
    name: str
    items: int
    trash: int


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("status", help="show what is kept and what the last sessions did")
    parser.add_argument("--sessions", type=int, default=10, metavar="N",
                        help="how many sessions (default: %(default)s)")
    add_common(parser)
    parser.set_defaults(run=run)
    return parser


VERBS = {"status": _add}


def run(args: "argparse.Namespace") -> int:
    """Show it.

    :param args: the options
    :returns: 0
    :raises StoreError: when something cannot be read
    """
    data = data_of(args)
    peers = peers_of(data)
    kept, sessions = list(_kept(data)), peers.history(args.sessions)
    peers.close()
    if args.json:
        import json
        print(json.dumps({"data": data, "datastores": [part._asdict() for part in kept], "sessions": sessions}))
        return 0
    print(f"data: {data}")
    for part in kept:
        print(f"{part.user or '(anonymous)'}  {part.name}: {part.items} items, {part.trash} in the trash")
    for session in sessions:
        print(_line(session))
    if not kept and not sessions:
        print("nothing was synced yet")
    return 0


def _kept(data: str) -> "Iterator[Kept]":
    """The databases that live under the data folder; folders elsewhere show in the sessions."""
    from urllib.parse import unquote
    for folder in sorted(entry.name for entry in os.scandir(data) if entry.is_dir()):
        user = "" if folder == ANONYMOUS else unquote(folder)
        for file in sorted(os.listdir(os.path.join(data, folder))):
            name, dot, kind = file.rpartition(".")
            if dot and kind == "tinydb":
                path = os.path.join(data, folder, file)
                store = open_store(f"tinydb:{path}", unquote(name), data, user)
                yield Kept(user, unquote(name), len(store), sum(1 for _ in store.trash()))
                store.close()


def _line(session: "dict[str, Any]") -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.get("when", 0)))
    parts = []
    for part in session.get("datastores", ()):
        done = [f"{part[side][column]} {column} {place}" for side, place in (("local", "here"), ("remote", "there"))
                for column in COLUMNS if part[side][column]]
        parts.append(f"{part['name']}: {part['error'] or ', '.join(done) or 'nothing to do'}")
    user = f" as {session['user']}" if session.get("user") else ""
    return f"{when}  {session.get('peer', '')}{user}  {session.get('error') or '; '.join(parts)}"
