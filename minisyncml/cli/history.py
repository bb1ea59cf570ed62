"""`minisyncml history`: what the last sessions did, with all that went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator

from minisyncml.cli.common import add_common, data_to_read, sessions_of
from minisyncml.cli.output import line
from minisyncml.gateway.report import visible

if TYPE_CHECKING:
    import argparse


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("history", help="show what the last sessions did")
    parser.add_argument("--sessions", type=int, default=50, metavar="N",
                        help="how many sessions (default: %(default)s)")
    parser.add_argument("--peer", metavar="DEVICE", default="", help="only those with this device or server")
    add_common(parser)
    parser.set_defaults(run=run)
    return parser


VERBS = {"history": _add}


def run(args: "argparse.Namespace") -> int:
    """Show it, the last session first.

    :param args: the options
    :returns: 0
    :raises UsageError: when the folder that was named is not there
    :raises StoreError: when it cannot be read
    """
    data = data_to_read(args)
    sessions = [one for one in sessions_of(data, args.sessions) if args.peer in ("", one.get("peer"))]
    for session in sessions:
        if args.json:
            import json
            print(json.dumps(session, ensure_ascii=False))
        else:
            print("\n".join((line(session), *("    " + visible(more) for more in _more(session)))))
    if not sessions and not args.json:
        print("nothing was synced yet")
    return 0


def _more(session: "dict[str, Any]") -> "Iterator[str]":
    """What there is to say beside the counts."""
    yield from map(str, session.get("notes", ()))
    for part in session.get("datastores", ()):
        for side, place in (("local", "here"), ("remote", "there")):
            for failure in part[side].get("failures", ()):
                yield f"{part['name']}: {failure['id']} failed {place}: {failure['words']} ({failure['status']})"
        for one in part.get("open", ()):
            yield f"{part['name']}: {one['title'] or one['id']!r} was changed on both sides and waited for a person"
    if session.get("session") and any(part["local"].get(way) for part in session.get("datastores", ())
                                      for way in ("replaced", "deleted", "conflicts")):
        yield f"what it deleted or replaced here: minisyncml restore {session['session']}"
