"""`minisyncml dedupe`: find what is in a datastore more than once, and clean it up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from minisyncml.cli.common import add_common, close_quietly, data_of, home_zone, locals_of
from minisyncml.errors import UsageError
from minisyncml.gateway import kept
from minisyncml.gateway.dedupe import EQUAL, Done, Found, apply, find
from minisyncml.gateway.report import visible
from minisyncml.store.base import Store
from minisyncml.store.place import open_store
from minisyncml.store.rehearsal import Inside, Rehearsal

if TYPE_CHECKING:
    import argparse

LISTED = 40     #: groups and pairs shown to people, for each datastore


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("dedupe", help="find what is in a datastore more than once, and clean it up")
    parser.add_argument("local", nargs="*", default=[], metavar="NAME[=PLACE]",
                        help="a datastore and where it is: a folder, or tinydb:FILE (default: under --data)")
    parser.add_argument("--apply", action="store_true",
                        help="make one item of each group; the others go to the trash, and at the next sync from peers")
    parser.add_argument("--dry-run", action="store_true", help="only show what there is (the default)")
    parser.add_argument("--user", metavar="NAME", default="", help="whose datastore it is, on a server with users")
    parser.add_argument("--zone", metavar="NAME", help="the time zone of times that name none, as Europe/Berlin "
                        "(default: that of this machine, but for UTC)")
    add_common(parser)
    parser.set_defaults(run=run)
    return parser


VERBS = {"dedupe": _add}


def run(args: "argparse.Namespace") -> int:
    """Show or clean up.

    :param args: the options
    :returns: 0
    :raises UsageError: when no datastore is named, one is not known, or both is wanted
    :raises StoreError: when a datastore cannot be read or written
    """
    places = {name: place or _place(args, name) for name, place in locals_of(args).items()}
    if not places:
        raise UsageError("dedupe wants at least one datastore, for example contacts=./contacts")
    if args.apply and args.dry_run:
        raise UsageError("--apply changes what --dry-run only shows: give one of them")
    found = _clean(args, places) if args.apply else _look(args, places)
    if args.json:
        import json
        print(json.dumps({"applied": bool(args.apply), "datastores": [part.as_dict() for part in found]},
                         ensure_ascii=False))
    else:
        for part in found:
            print("\n".join(visible(line) for line in part.lines()))
    return 0


def _place(args: "argparse.Namespace", name: str) -> str:
    """Where a datastore is that was synced before: a folder, or empty for a database under the data folder."""
    data = data_of(args, make=False)
    known = [one for one in kept.find(data) if (one.user, one.name) == (args.user, name)]
    if len(known) != 1:
        raise UsageError(f"there is {'more than one' if known else 'no'} {name} under {data}; say where it is: "
                         f"{name}=PLACE")
    if not known[0].is_folder:
        return ""
    store = kept.open_kept(known[0], Inside(data))
    try:
        return kept.place_of(known[0], store)
    finally:
        close_quietly(store)


class Part:
    """What was found, and done, in one datastore.

    :param name: of the datastore
    :param found: what :func:`minisyncml.gateway.dedupe.find` gave
    :param done: None where nothing was to be done
    :param session: what :mod:`minisyncml.cli.restore` calls this
    :param room: how many items the trash keeps
    """

    def __init__(self, name: str, found: Found, done: "Done | None", session: str, room: int) -> None:
        self.name, self.found, self.done, self.session, self.room = name, found, done, session, room

    def as_dict(self) -> "dict[str, Any]":
        """For machines.

        :returns: a JSON-able dict
        """
        part: "dict[str, Any]" = {
            "name": self.name, "extra": self.found.extra,
            "groups": [{"title": one.title, "ids": list(one.ids), "why": one.why} for one in self.found.groups],
            "near": [one._asdict() for one in self.found.near]}
        if self.done is not None:
            part.update(self.done._asdict(), session=self.session)
        return part

    def lines(self) -> "list[str]":
        """For people.

        :returns: lines
        """
        groups, near = self.found.groups, self.found.near
        lines = [f"{self.name}: {self.found.extra} too many in {len(groups)} group{'s'[:len(groups) > 1]}" if groups
                 else f"{self.name}: nothing is there twice"]
        lines += [f"  {len(one.ids)} times {one.title!r}{'' if one.why == EQUAL else ', not quite equal'}"
                  for one in groups[:LISTED]]
        lines += [f"  ... and {len(groups) - LISTED} more groups"] if len(groups) > LISTED else []
        lines += [f"  {one.title!r} and {one.other_title!r} look alike and stay" for one in near[:LISTED]]
        lines += [f"  ... and {len(near) - LISTED} more pairs"] if len(near) > LISTED else []
        return lines + self._outcome()

    def _outcome(self) -> "list[str]":
        if self.done is None:
            return ["nothing was changed; --apply makes one of each group"] if self.found.groups else []
        lines = [f"  {self.done.removed} removed, {self.done.united} united"]
        if self.done.removed:
            lines[0] += f"; minisyncml restore {self.session} brings back what was removed or united"
        if self.done.removed > self.room:
            lines.append(f"  the trash keeps {self.room}: copies that were equal and removed first do not come back")
        if self.done.left:
            lines.append(f"  {self.done.left} more are left for another run, so that the trash keeps what differs")
        for peer, count in self.done.due.items():
            device, _, uri = peer.partition("|")
            lines.append(f"  the next sync deletes {count} in {uri or self.name} of {device}; if it stops there "
                         "because next to nothing would be left, run it once with --allow-empty")
        return lines


def _look(args: "argparse.Namespace", places: "dict[str, str]") -> "list[Part]":
    """On a copy of our state: not even what it finds out is kept."""
    with Rehearsal(data_of(args, make=False), args.user) as state:
        stores = {name: open_store(state.place(place), name, state.data, args.user, files=state.files)
                  for name, place in places.items()}
        try:
            return [_part(args, name, store) for name, store in stores.items()]
        finally:
            for store in stores.values():
                close_quietly(store)


def _clean(args: "argparse.Namespace", places: "dict[str, str]") -> "list[Part]":
    data = data_of(args)
    stores = {name: open_store(place, name, data, args.user) for name, place in places.items()}
    try:
        return [_part(args, name, store) for name, store in stores.items()]
    finally:
        for store in stores.values():
            store.close()


def _part(args: "argparse.Namespace", name: str, store: Store) -> Part:
    store.refresh()
    found = find(store, home_zone(args))
    session = time.strftime("%Y%m%d-%H%M%S")
    done = apply(store, found.groups, f"dedupe {session}") if args.apply else None
    if done is not None:
        store.checkpoint()
    return Part(name, found, done, session, store.limits.trash_items)
