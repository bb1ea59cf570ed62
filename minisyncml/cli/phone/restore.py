"""`minisyncml phone restore`: a backup back onto this or another phone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from minisyncml.cli.output import Progress
from minisyncml.cli.phone.backup import add_line, folder_of, line_of, name_of, print_json, tell_failures
from minisyncml.cli.phone.common import add_port, port_of
from minisyncml.cli.tracing import trace_of
from minisyncml.gateway.backup import WAYS
from minisyncml.gateway.restore import Restored, restore

if TYPE_CHECKING:
    import argparse

EXAMPLE = "phone restore /dev/ttyACM0 ./rescue"


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    """The parser of this action.

    :param actions: where to add it
    :returns: the parser
    """
    parser = actions.add_parser("restore", help="put a backup on a phone: add what it lacks, delete nothing")
    add_port(parser)
    parser.add_argument("folder", nargs="?", metavar="DIR", help="of a backup, or any folder with contacts/, "
                        "calendar/, tasks/ or notes/")
    parser.add_argument("--dry-run", action="store_true", help="say what would be added, and change nothing")
    parser.add_argument("--replace", action="store_true", help="delete on the phone what is not in the backup, for the "
                        "kinds of items that it holds")
    parser.add_argument("--via", choices=WAYS, default="auto", help="how to write to the phone (default: SyncML if it "
                        "answers that, else IrMC)")
    add_line(parser)
    parser.set_defaults(run=run)
    return parser


def run(args: "argparse.Namespace") -> int:
    """Restore a backup.

    :param args: the options
    :returns: 0 when the phone has all of it; 1 when it did not take some items
    :raises UsageError: when something is missing
    """
    port_of(args, EXAMPLE)
    folder = folder_of(args, EXAMPLE)
    progress, trace = Progress(quiet=args.verbose), trace_of(args)
    try:
        done = restore(line_of(args, progress, trace), folder, via=args.via, replace=args.replace,
                       dry_run=args.dry_run)
    finally:
        progress.clear()
        if trace is not None:
            trace.close()
    if args.json:
        print_json(done, folder)
    else:
        _tell(done, args.dry_run, args.replace, folder)
    return done.exit_code


def _tell(done: Restored, dry: bool, replace: bool, folder: str) -> None:
    if dry and done.error is None:
        for paths in done.titles.values():
            for path in paths:
                print(f"would add {os.path.relpath(path, os.path.abspath(folder))}")
        count = sum(map(len, done.titles.values()))
        what = "take the place of all that is on" if replace else "be added to"
        print(f"{count} items would {what} {name_of(done)}; nothing was changed")
    elif done.counts or done.error is None:
        print(f"added to {name_of(done)}: " + (", ".join(
            f"{count:,} {kind}" for kind, count in done.counts.items() if count) or "nothing"))
    tell_failures(done)
