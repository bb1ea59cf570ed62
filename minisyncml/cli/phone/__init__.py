"""`minisyncml phone ACTION`: phones on a cable, by Bluetooth, or emulated. Each action has a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisyncml.cli.phone import backup, doctor, emulate, info, restore, sync, unit

if TYPE_CHECKING:
    import argparse

#: adds the parser of an action, and gives it back
ACTIONS = {"list": info.add_list, "info": info.add, "doctor": doctor.add, "backup": backup.add,
           "restore": restore.add, "sync": sync.add, "emulate": emulate.add, "unit": unit.add,
           "udev": unit.add_udev}


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "dict[str, argparse.ArgumentParser]":
    parser = verbs.add_parser("phone", help="sync a phone on a cable or by Bluetooth, or emulate one")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    return {f"phone {name}": add(actions) for name, add in ACTIONS.items()}


VERBS = {"phone": _add}
