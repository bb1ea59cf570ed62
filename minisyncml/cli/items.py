"""`minisyncml import` and `minisyncml export`: items from files into a datastore, and out of it into files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Iterator

from minisyncml.cli.common import add_common, close_quietly, data_of
from minisyncml.cli.convert import WORDS, Output, add_form_options, given_type, source_form
from minisyncml.cli.output import Progress
from minisyncml.content.form import Form
from minisyncml.content.title import title
from minisyncml.errors import ItemError, UsageError
from minisyncml.gateway.config import pairs
from minisyncml.gateway.intake import Intake, Outcome, contents
from minisyncml.gateway.itemfiles import CHOICES, FILE, NAMES, Found, Kind, Made, files_in, items_of, made
from minisyncml.gateway.report import visible
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.place import open_store, safe
from minisyncml.store.rehearsal import Rehearsal

if TYPE_CHECKING:
    import argparse

LISTED = 40         #: lines about items, for people
LOCAL = "the datastore: NAME=PLACE, a folder or tinydb:FILE, or NAME of one under --data"


def _add_import(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("import", help="put items from files into a datastore", epilog=WORDS)
    parser.add_argument("words", nargs="*", default=[], metavar="FILE|FOLDER... LOCAL",
                        help="files with one or many items, or folders of such; then " + LOCAL)
    add_form_options(parser)
    parser.add_argument("--replace", action="store_true", help="an item replaces another version of it that is there "
                        "(by default that one stays)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done; write nothing")
    _add_shared(parser)
    parser.set_defaults(run=run_import)
    return parser


def _add_export(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("export", help="write the items of a datastore into files", epilog=WORDS)
    parser.add_argument("words", nargs="*", default=[], metavar="LOCAL OUT", help=LOCAL + "; then a file for all of "
                        "them, - for standard output, or an empty or new folder for a file for each (one that is "
                        "there, or a name that ends in / or has no suffix)")
    parser.add_argument("--to", choices=CHOICES, metavar="FORMAT", help="the format wanted, see below (default: as "
                        "they are kept)")
    add_form_options(parser)
    _add_shared(parser)
    parser.set_defaults(run=run_export)
    return parser


VERBS = {"import": _add_import, "export": _add_export}


def _add_shared(parser: "argparse.ArgumentParser") -> None:
    parser.add_argument("--user", metavar="NAME", default="", help="whose datastore it is, on a server with users")
    add_common(parser)


def run_import(args: "argparse.Namespace") -> int:
    """Put items into a datastore.

    :param args: the options
    :returns: 0, or 1 when some items could not be put there
    :raises UsageError: when a file cannot be read, or something is missing
    :raises StoreError: when the datastore cannot be read or written
    """
    if len(args.words) < 2:
        raise UsageError("import wants files or folders, then a datastore, for example: minisyncml import "
                         "cards.vcf contacts=./contacts")
    *sources, local = args.words
    name, place = _local(local)
    paths = [path for source in sources for path in files_in(source)]
    if not args.dry_run:
        store = open_store(place, name, data_of(args), args.user)
        try:
            done = _import(args, store, paths)
        finally:
            store.close()
    else:
        with Rehearsal(data_of(args, make=False), args.user) as state:
            there = state.place(place) if _is_there(place, args.user) else "memory:"
            store = open_store(there, name, state.data, args.user, files=state.files)
            try:
                done = _rehearsed(args, store, paths)
            finally:
                close_quietly(store)
    _tell(args, done)
    return 1 if done.failed else 0


def _import(args: "argparse.Namespace", store: Store, paths: "list[str]") -> Outcome:
    progress = Progress(quiet=args.verbose)
    try:
        store.refresh()
        intake = Intake(store, source_form(args), args.replace, progress)
        whole = store.form[0] == FILE
        intake.take(item for path in paths
                    for item in items_of(path, intake.done.failed.append, given_type(args), whole))
        store.checkpoint()
    finally:
        progress.clear()
    return intake.done


def _rehearsed(args: "argparse.Namespace", store: Store, paths: "list[str]") -> Outcome:
    """In memory: the copy must not write to the folder of the real one."""
    store.refresh()
    copy = MemoryStore.copy(store)
    copy.form = store.form
    return _import(args, copy, paths)


def _tell(args: "argparse.Namespace", done: Outcome) -> None:
    if args.json:
        import json
        print(json.dumps(done.as_dict(), ensure_ascii=False))
        return
    lines = [*done.failed, *done.differing]
    for line in lines[:LISTED]:
        print(visible(line), file=sys.stderr)
    if len(lines) > LISTED:
        print(f"and {len(lines) - LISTED} more; --json lists them all", file=sys.stderr)
    replaced = f", {done.replaced} replaced" if args.replace else ""
    print(f"{done.added} added{replaced}, {done.there} already there, {len(done.failed)} failed"
          + (" (dry run: nothing was written)" if args.dry_run else ""))


def run_export(args: "argparse.Namespace") -> int:
    """Write the items of a datastore into files.

    :param args: the options
    :returns: 0, or 1 when some items could not be converted
    :raises UsageError: when something is missing, or a file cannot be written
    :raises StoreError: when the datastore cannot be read
    """
    if len(args.words) != 2:
        raise UsageError("export wants a datastore, then a file or folder, for example: minisyncml export "
                         "contacts=./contacts cards.vcf")
    local, result = args.words
    name, place = _local(local)
    if not _is_there(place, args.user):
        raise UsageError(f"{place} does not exist")
    with Rehearsal(data_of(args, make=False), args.user) as state:      # it reads, and keeps nothing in mind
        store = open_store(state.place(place), name, state.data, args.user, files=state.files)
        try:
            store.refresh()
            output = Output(result, is_folder(result), fresh=True)
            items = _Export(args, store, name, output)
            output.take(items.pairs())
            output.finish()
        finally:
            close_quietly(store)
    if result != "-":
        print(f'{{"written": {output.written}, "failed": {output.failed}}}' if args.json else
              f"{output.written} written, {output.failed} failed")
    return 1 if output.failed else 0


class _Export:
    """The items of a store in the format wanted."""

    def __init__(self, args: "argparse.Namespace", store: Store, name: str, output: Output) -> None:
        self._store, self._name, self._output = store, name, output
        self._choice = args.to or ("raw" if store.form[0] == FILE else "")
        self._source = source_form(args)

    def pairs(self) -> "Iterator[tuple[Found, Made]]":
        """Each item, and what goes into a file; what fails is told.

        :returns: an iterator
        """
        for item in contents(self._store, self._name):
            try:
                one = made(item, self._choice, Form(zone=self._source.zone), self._source) if self._choice else \
                    Made(item.body, _as_is(item))
                yield item._replace(name=title(item.body) or self._name), one
            except ItemError as error:
                self._output.fail(f"{item.label}: {error}")


def _as_is(item: Found) -> Kind:
    return next((kind for kind in NAMES.values() if kind.type == item.type), NAMES["raw"])


def is_folder(result: str) -> bool:
    """Whether a user means a folder.

    :param result: a path
    :returns: True for one that is there, and for a name that looks like one
    """
    if result == "-" or os.path.isfile(result):
        return False
    return os.path.isdir(result) or result.endswith(os.sep) or not os.path.splitext(result)[1]


def _is_there(place: str, user: str) -> bool:
    """Whether a place is no folder that has yet to be made."""
    if place.partition(":")[0] in ("vdir", "filedir"):
        place = place.partition(":")[2]
    elif ":" in place and place[0] not in "./~" or not place:
        return True
    return os.path.isdir(os.path.expanduser(place.replace("{user}", safe(user))))


def _local(word: str) -> "tuple[str, str]":
    (name, place), = pairs([word], "NAME=PLACE").items()
    return name, place
