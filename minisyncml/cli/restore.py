"""`minisyncml restore`: bring back what a session deleted or replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisyncml.cli.common import add_common, datastores_of
from minisyncml.content.title import title
from minisyncml.content.uid import apart
from minisyncml.errors import UsageError
from minisyncml.gateway.report import visible
from minisyncml.store.base import Store
from minisyncml.store.batch import Keeper
from minisyncml.store.trash import restore

if TYPE_CHECKING:
    import argparse


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("restore", help="bring back what a session deleted or replaced here")
    parser.add_argument("local", nargs="*", default=[], metavar="[SESSION] [NAME[=PLACE]]",
                        help="which session; without it those are shown that left something in the trash. A datastore "
                        "is to be named where it is outside the data folder, or where only it is meant")
    parser.add_argument("--user", metavar="NAME", help="whose datastores, on a server with users")
    add_common(parser)
    parser.set_defaults(run=run)
    return parser


VERBS = {"restore": _add}


def run(args: "argparse.Namespace") -> int:
    """Show sessions, or bring back what one took.

    :param args: the options
    :returns: 0
    :raises UsageError: when there is no such session
    :raises StoreError: when a datastore cannot be read or written
    """
    session = ""
    if args.local and "=" not in args.local[0] and _is_session(args.local[0]):
        session = args.local.pop(0)
    with datastores_of(args, writing=bool(session)) as stores:
        return _restore(args, stores, session) if session else _show(args, stores)


def _is_session(word: str) -> bool:
    """Sessions are called by date and time, older ones by device and number."""
    return " " in word or (word[:8].isdigit() and len(word) > 8)


def _name(session: str) -> str:
    """How people call a session that the trash names."""
    last = session.rpartition(" ")[2]
    return last if _is_session(last) else session


def _show(args: "argparse.Namespace", stores: "list[tuple[str, Store]]") -> int:
    found: "dict[str, dict[str, list[str]]]" = {}
    peers: "dict[str, str]" = {}
    for name, store in stores:
        for trashed in store.trash():
            if trashed.id.isdigit():
                key = _name(trashed.session)
                peers[key] = trashed.session.partition(" ")[0]
                found.setdefault(key, {}).setdefault(name, []).append(title(trashed.body))
    if args.json:
        import json
        print(json.dumps([{"session": key, "peer": peers[key], "items": items} for key, items in found.items()],
                         ensure_ascii=False))
        return 0
    for key, items in found.items():
        what = "; ".join(f"{name}: {len(titles)} ({', '.join(titles[:3])}{', ...' if len(titles) > 3 else ''})"
                         for name, titles in items.items())
        print(visible(f"{key}  {peers[key]}  {what}"))
    print("minisyncml restore SESSION brings them back" if found else "the trash is empty")
    return 0


def _restore(args: "argparse.Namespace", stores: "list[tuple[str, Store]]", session: str) -> int:
    done: "list[dict[str, str]]" = []
    known = False
    for name, store in stores:
        names = {one.session for one in store.trash() if session in (one.session, _name(one.session))}
        known = known or bool(names)
        if not names or not isinstance(store, Keeper):
            continue
        store.refresh()
        for one in sorted(names):
            there = {trashed.id for trashed in store.trash() if trashed.session == one}
            for row in restore(store, one, apart):
                item = store.get(row.id)
                done.append({"datastore": name, "id": row.id, "title": title(item.body) if item else "",
                             "how": "restored" if row.id in there else "beside"})
        store.checkpoint()
    if not known:
        raise UsageError(f"nothing in the trash is of a session {session!r}; minisyncml restore shows what is there")
    if args.json:
        import json
        print(json.dumps(done, ensure_ascii=False))
        return 0
    for each in done:
        more = "" if each["how"] == "restored" else ": beside the item that is there now, which stays as it is"
        print(visible(f"{each['datastore']}: {each['title'] or each['id']} is back{more}"))
    print("they go out with the next sync" if done else "all of it is there already")
    return 0
