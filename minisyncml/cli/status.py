"""`minisyncml status`: what is kept, and what the last sessions did."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minisyncml.cli.common import add_common, close_quietly, data_to_read, sessions_of
from minisyncml.cli.output import line
from minisyncml.gateway.kept import Kept, find, open_kept, place_of
from minisyncml.gateway.report import visible
from minisyncml.store.rehearsal import Inside
from minisyncml.sync.asking import waiting

if TYPE_CHECKING:
    import argparse


class Count(NamedTuple):
    """What is in one datastore."""

    user: str
    name: str
    place: str      #: its file or folder
    items: int
    trash: int
    open: int       #: conflicts


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
    data = data_to_read(args)
    kept, sessions = [_count(one, data) for one in find(data)], sessions_of(data, args.sessions)
    if args.json:
        import json
        print(json.dumps({"data": data, "datastores": [part._asdict() for part in kept], "sessions": sessions}))
        return 0
    print(f"data: {data}")
    for part in kept:
        print(f"{part.user or '(anonymous)'}  {part.name}: {part.items} items, {part.trash} in the trash"
              f"{f', {part.open} conflicts open' if part.open else ''}  {visible(part.place)}")
    for session in sessions:
        print(line(session))
    if not kept and not sessions:
        print("nothing was synced yet")
    return 0


def _count(one: Kept, data: str) -> Count:
    store = open_kept(one, Inside(data))
    made = Count(one.user, one.name, place_of(one, store), len(store), sum(1 for _ in store.trash()),
                 sum(1 for peer in store.peers() for _ in waiting(store, peer)))
    close_quietly(store)
    return made
