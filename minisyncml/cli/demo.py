"""`minisyncml demo`: see it work without hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisyncml.gateway.demo import Demo

if TYPE_CHECKING:
    import argparse


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("demo", help="sync an emulated phone with a server, all on this machine")
    parser.set_defaults(run=run)
    return parser


VERBS = {"demo": _add}


def run(args: "argparse.Namespace") -> int:
    """Run the demonstration in a temporary folder.

    :param args: nothing of it is used
    :returns: 0 when both sides were equal after each sync
    """
    import tempfile
    with tempfile.TemporaryDirectory(prefix="minisyncml-demo-") as folder:
        good = Demo(folder, print).run()
    print("\nIt works." if good else "\nThis should not have happened: please report it.")
    return 0 if good else 1
