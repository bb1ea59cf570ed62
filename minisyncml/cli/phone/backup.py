"""`minisyncml phone backup`: a rescue copy of a phone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from minisyncml.cli.common import data_of
from minisyncml.cli.output import Progress, log, tell
from minisyncml.cli.phone.common import add_port, identity_of, may_speak_at, opener, port_of
from minisyncml.cli.tracing import add_trace, trace_of
from minisyncml.errors import UsageError
from minisyncml.gateway.archive import called
from minisyncml.gateway.backup import WAYS, Line, Taken, backup
from minisyncml.gateway.report import visible
from minisyncml.store.peersfile import FilePeers
from minisyncml.transport import sdp
from minisyncml.transport.ports import open_link
from minisyncml.transport.serial import SPEED

if TYPE_CHECKING:
    import argparse

    from minisyncml.gateway.traced import Trace

EXAMPLE = "phone backup /dev/ttyACM0 ./rescue"


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    """The parser of this action.

    :param actions: where to add it
    :returns: the parser
    """
    parser = actions.add_parser("backup", help="copy all that a phone has into a folder, and change nothing on it")
    add_port(parser)
    parser.add_argument("folder", nargs="?", metavar="DIR", help="a new or empty folder, or one whose backup broke off")
    parser.add_argument("--via", choices=WAYS, default="auto", help="how to read the phone (default: SyncML if it "
                        "answers that, else IrMC, which only reads files)")
    add_line(parser)
    parser.set_defaults(run=run)
    return parser


def add_line(parser: "argparse.ArgumentParser", data: str = "where `phone doctor` left what it learnt (default: the "
             "XDG data folder); nothing is written there") -> None:
    """What the actions that only look share beside the port.

    :param parser: the parser of an action
    :param data: what the data folder is for, in words
    """
    parser.add_argument("--server-id", default="", metavar="ID", help="what we call ourselves (default: as the phone's "
                        "profile says, mostly PC Suite)")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS",
                        help="for one answer of the phone (default: %(default).0f)")
    parser.add_argument("--data", metavar="DIR", help=data)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--verbose", action="store_true", help="tell each message on standard error")
    add_trace(parser)


def run(args: "argparse.Namespace") -> int:
    """Make the backup.

    :param args: the options
    :returns: 0 when all is here; 1 when some items are not
    :raises UsageError: when something is missing, or the folder is in use
    """
    port_of(args, EXAMPLE)
    folder = folder_of(args, EXAMPLE)
    progress, trace = Progress(quiet=args.verbose), trace_of(args)
    try:
        taken = backup(line_of(args, progress, trace), folder, args.via)
    finally:
        progress.clear()
        if trace is not None:
            trace.close()
    if args.json:
        print_json(taken, folder)
    else:
        _tell(taken, folder)
    return taken.exit_code


def folder_of(args: "argparse.Namespace", example: str) -> str:
    """The folder of the backup.

    :param args: has `folder`
    :param example: of a whole command
    :returns: its path
    :raises UsageError: when it is missing
    """
    if not args.folder:
        raise UsageError(f"which folder? for example: minisyncml {example}")
    return str(args.folder)


def line_of(args: "argparse.Namespace", progress: Progress, trace: "Trace | None" = None) -> Line:
    """How to reach the phone.

    :param args: options of :func:`add_port` and :func:`add_line`
    :param progress: shows how far it is
    :param trace: writes everything down
    :returns: the line
    """
    more: "dict[str, Any]" = {"trace": trace, "tap": tell if args.verbose else None,
                              "identity": identity_of(args.port)}
    return Line(opener(args), args.port, may_speak_at(args), args.profile, args.server_id, args.obex_password,
                args.timeout, progress=progress, known=known_of(args), options=more,
                files=lambda: open_link(args.port, speed=args.speed or SPEED, services=sdp.FILES))


def known_of(args: "argparse.Namespace") -> "dict[str, dict[str, object]]":
    """What was learnt with phones before, where something was. Looking makes no folder and no file.

    :param args: has `data`
    :returns: facts by device
    """
    path = os.path.join(data_of(args, make=False), "peers")
    if not os.path.exists(path):
        return {}
    peers = FilePeers(path)
    try:
        return {device: peers.get(device) for device in peers.devices()}
    finally:
        peers.close()


def print_json(taken: Taken, folder: str) -> None:
    """Print a result for machines.

    :param taken: what was done
    :param folder: of the backup
    """
    import json
    print(json.dumps({"folder": os.path.abspath(folder), **taken.as_dict()}, ensure_ascii=False), flush=True)


def tell_failures(taken: Taken) -> None:
    """Print what did not go well, for people.

    :param taken: what was done
    """
    for remark in taken.remarks:
        print(visible(remark))
    for failure in taken.failures:
        print(visible(f"{failure.id} was not taken: {failure.words} ({failure.status})"))
    if taken.error is not None:
        log(visible(str(taken.error)))


def name_of(taken: Taken) -> str:
    """The phone as people call it.

    :param taken: has its names
    :returns: for example `Nokia 6230`
    """
    return visible(called(taken.phone.get("man", ""), taken.phone.get("mod", ""))) or "the phone"


def _tell(taken: Taken, folder: str) -> None:
    way = {"syncml": "SyncML", "irmc": "IrMC"}[taken.via]
    found = [f"{count:7,} {kind:9} {os.path.join(folder, kind)}" for kind, count in taken.counts.items() if count]
    if taken.error is None:
        print(f"{name_of(taken)}, read by {way}:")
    elif found:
        print(f"INCOMPLETE, {name_of(taken)} by {way}:")
    print("\n".join(found or ["        nothing"]), flush=True)
    tell_failures(taken)
    if taken.error is not None and found:
        other = "irmc" if taken.via == "syncml" else "syncml"
        print(f"what came is in {folder}; run it again (that is kept aside then), or try --via {other}", flush=True)
