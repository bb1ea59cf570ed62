"""`minisyncml phone doctor`: why a phone does not sync, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisyncml.cli.common import ask_password, data_of, peers_of
from minisyncml.cli.output import Progress
from minisyncml.cli.phone.backup import add_line, line_of
from minisyncml.cli.phone.common import add_port, port_of
from minisyncml.cli.tracing import trace_of
from minisyncml.gateway.config import login
from minisyncml.gateway.doctor import Doctor, Found
from minisyncml.gateway.portcheck import OK, TROUBLE, WRONG, Step
from minisyncml.gateway.report import visible

if TYPE_CHECKING:
    import argparse

EXAMPLE = "phone doctor /dev/ttyACM0"
SIGNS = {OK: "ok     ", TROUBLE: "!      ", WRONG: "FAILED "}


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    """The parser of this action.

    :param actions: where to add it
    :returns: the parser
    """
    parser = actions.add_parser("doctor", help="find out why a phone does not sync, and what works")
    add_port(parser)
    parser.add_argument("--user", metavar="NAME[:PASSWORD]", help="let the phone log in, where its profile has a user")
    parser.add_argument("--password-file", metavar="FILE", help="file with the password; - is standard input")
    add_line(parser, "where what works is kept (default: the XDG data folder)")
    parser.set_defaults(run=run)
    return parser


def run(args: "argparse.Namespace") -> int:
    """Examine a phone.

    :param args: the options
    :returns: 0: it syncs; 1: only a backup is possible; 3: nothing is
    :raises UsageError: when something is missing
    """
    import os
    port_of(args, EXAMPLE)
    user, password = login(args.user, args.password_file, os.environ, ask_password) if args.user else ("", "")
    progress, trace, peers = Progress(quiet=args.verbose), trace_of(args), peers_of(data_of(args))
    line = line_of(args, progress, trace)
    line = line._replace(options={**line.options, "user": user, "password": password})

    def say(step: Step) -> None:
        progress.clear()
        if not args.json:
            tell_step(step)

    try:
        found = Doctor(line, peers, say).run()
    finally:
        progress.clear()
        peers.close()
        if trace is not None:
            trace.close()
    if args.json:
        import json
        print(json.dumps(found.as_dict(), ensure_ascii=False), flush=True)
    else:
        print(_verdict(found, args.port), flush=True)
    return found.exit_code


def tell_step(step: Step) -> None:
    """Print one step for people.

    :param step: what was looked at
    """
    print(f"{SIGNS[step.state]} {step.name}: {visible(step.words)}", flush=True)
    if step.advice:
        print(f"{'':8}-> {visible(step.advice)}", flush=True)


def _verdict(found: Found, port: str) -> str:
    if found.syncs:
        return (f"It works. To sync: minisyncml phone sync {port} contacts=./contacts calendar=./calendar\n"
                f"To copy all it has: minisyncml phone backup {port} ./rescue")
    if found.exit_code == 1:
        return f"No SyncML, but a copy of all it has can be made: minisyncml phone backup {port} ./rescue"
    return "It does not work yet; what failed stands above."
