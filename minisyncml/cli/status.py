"""`minisyncml status`: what is kept, and what the last sessions did."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple

from minisyncml.cli.common import add_common, data_of, peers_of
from minisyncml.errors import StoreError, UsageError
from minisyncml.gateway.report import COLUMNS, visible
from minisyncml.store.base import Store
from minisyncml.store.place import ANONYMOUS
from minisyncml.store.rehearsal import Inside
from minisyncml.store.tiny import TinyStore
from minisyncml.store.vdir import VdirStore

if TYPE_CHECKING:
    import argparse


class Kept(NamedTuple):
    """One datastore whose state is under the data folder."""

    user: str
    name: str
    place: str      #: its file or folder
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
    :raises UsageError: when the folder that was named is not there
    :raises StoreError: when something cannot be read
    """
    data = data_of(args, make=False)
    if args.data and not os.path.isdir(data):
        raise UsageError(f"{data} does not exist")
    kept, sessions = list(_kept(data)), _sessions(data, args.sessions)
    if args.json:
        import json
        print(json.dumps({"data": data, "datastores": [part._asdict() for part in kept], "sessions": sessions}))
        return 0
    print(f"data: {data}")
    for part in kept:
        print(f"{part.user or '(anonymous)'}  {part.name}: {part.items} items, {part.trash} in the trash  "
              f"{visible(part.place)}")
    for session in sessions:
        print(_line(session))
    if not kept and not sessions:
        print("nothing was synced yet")
    return 0


def _sessions(data: str, most: int) -> "list[dict[str, Any]]":
    if not os.path.isfile(os.path.join(data, "peers")):
        return []
    peers = peers_of(data)
    try:
        return peers.history(most)
    finally:
        peers.close()


def _kept(data: str) -> "Iterator[Kept]":
    """The databases that live under the data folder, and the folders that a journal there knows; a database that lives
    elsewhere shows in the sessions."""
    from urllib.parse import unquote
    folders = sorted(entry.name for entry in os.scandir(data) if entry.is_dir()) if os.path.isdir(data) else []
    for folder in folders:
        user = "" if folder == ANONYMOUS else unquote(folder)
        for file in sorted(os.listdir(os.path.join(data, folder))):
            name, _, kind = file.rpartition(".")
            path = os.path.join(data, folder, file)
            if name and kind == "tinydb":
                yield _count(user, unquote(name), TinyStore(path), path)
            elif name and kind == "vdir":
                store = VdirStore("", path, files=Inside(data))
                yield _count(user, unquote(name.rpartition("-")[0]), store, store.folder)


def _count(user: str, name: str, store: Store, place: str) -> Kept:
    kept = Kept(user, name, place, len(store), sum(1 for _ in store.trash()))
    try:
        store.close()
    except StoreError:      # files that wait for the next sync, which a look does not write
        pass
    return kept


def _line(session: "dict[str, Any]") -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.get("when", 0)))
    parts = []
    for part in session.get("datastores", ()):
        done = [f"{part[side][column]} {column} {place}" for side, place in (("local", "here"), ("remote", "there"))
                for column in COLUMNS if part[side][column]]
        parts.append(f"{part['name']}: {part['error'] or ', '.join(done) or 'nothing to do'}")
    user = f" as {session['user']}" if session.get("user") else ""
    return f"{when}  {session.get('peer', '')}{user}  {session.get('error') or '; '.join(parts)}"
