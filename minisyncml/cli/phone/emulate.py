"""`minisyncml phone emulate`: be a phone, for trying things out without one."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from minisyncml.cli.common import ask_password
from minisyncml.cli.output import log, show
from minisyncml.cli.phone.common import add_profile, end_on_signals, port_of
from minisyncml.cli.tracing import add_trace, trace_of
from minisyncml.errors import TransportError, UsageError
from minisyncml.gateway.config import login
from minisyncml.gateway.emulator import STATE, Emulator, phone_stores
from minisyncml.gateway.report import Report
from minisyncml.notify.base import IGNORE, POLICIES
from minisyncml.profile import find
from minisyncml.store.peers import Peers
from minisyncml.store.peersfile import FilePeers
from minisyncml.sync.run import MODES
from minisyncml.transport import sdp
from minisyncml.transport.atswitches import NAMES
from minisyncml.transport.ports import open_listener
from minisyncml.transport.serial import PtyLink, open_serial

if TYPE_CHECKING:
    import argparse

EXAMPLE = "phone emulate pty ./phone --profile sony-ericsson-w595"


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    """The parser of this action.

    :param actions: where to add it
    :returns: the parser
    """
    parser = actions.add_parser("emulate", help="be a phone, on a pseudo-terminal, a serial port, TCP or HTTP")
    parser.add_argument("port", nargs="?", metavar="PORT", help="`pty` for a new pseudo-terminal, a serial port, "
                        "tcp://HOST:PORT or bt:// to listen on, or the URL of a server to dial once")
    parser.add_argument("folder", nargs="?", metavar="DIR", help="holds the phone's contacts/, calendar/, tasks/ and "
                        "notes/, which are made (default: in memory)")
    add_profile(parser)
    parser.add_argument("--at", choices=NAMES, help="the AT command that brings it to OBEX (default: as its profile "
                        "says; on TCP none)")
    parser.add_argument("--user", metavar="NAME[:PASSWORD]", help="to log in with, and to check notifications")
    parser.add_argument("--password-file", metavar="FILE", help="file with the password; - is standard input")
    parser.add_argument("--proof", choices=POLICIES, default=IGNORE, help="of a notification: require a right digest, "
                        "accept it without one, or ignore whether it is right (default: %(default)s)")
    parser.add_argument("--mode", choices=list(MODES), default="two-way", help="of a session that it begins itself")
    add_trace(parser)
    parser.add_argument("--json", action="store_true", help="print reports as JSON, one line for each session")
    parser.set_defaults(run=run)
    return parser


def run(args: "argparse.Namespace") -> int:
    """Be a phone until it is stopped; at the URL of a server for one session.

    :param args: the options
    :returns: 0, or the exit code of the session
    :raises UsageError: when something is missing
    """
    port, profile = port_of(args, EXAMPLE), find(user=args.profile)
    on_tcp = port.startswith(("tcp://", "bt://", "http://", "https://"))
    folder = os.path.abspath(os.path.expanduser(args.folder)) if args.folder else ""
    with ExitStack() as stack:
        if folder:
            _make(os.path.join(folder, STATE))
        peers = FilePeers(os.path.join(folder, STATE, "peers")) if folder else Peers()
        stack.callback(peers.close)
        stores = phone_stores(profile, folder)
        for store in stores.values():
            stack.callback(store.close)
        trace = trace_of(args)
        if trace is not None:
            stack.callback(trace.close)
        user, password = login(args.user, args.password_file, os.environ, ask_password) if args.user else ("", "")
        emulator = Emulator(stores, profile, user=user, password=password, proof=args.proof,
                            switch=args.at or ("none" if on_tcp else None), peers=peers, trace=trace,
                            on_report=lambda report: _show(report, args.json), log=log)
        if port.startswith(("http://", "https://")):
            return emulator.call(port, mode=args.mode).exit_code
        end_on_signals()
        try:
            _answer(emulator, port)
        except KeyboardInterrupt:
            pass
    return 0


def _make(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {(error.strerror or str(error)).lower()}") from None


def _answer(emulator: Emulator, port: str) -> None:
    if port.startswith(("tcp://", "bt://")):
        _take_calls(emulator, port)
        return
    with PtyLink() if port == "pty" else open_serial(port) as link:
        _say_where(emulator, link.name if port == "pty" else f"the other end of {port}")
        emulator.answer(link)


def _take_calls(emulator: Emulator, port: str) -> None:
    with open_listener(port, (sdp.SYNCML_CLIENT,)) as listener:
        _say_where(emulator, listener.name)
        while True:
            link = listener.accept()
            if link is None:
                continue
            with link:
                try:
                    emulator.answer(link)
                except TransportError:
                    continue        # the caller is gone


def _say_where(emulator: Emulator, name: str) -> None:
    profile = emulator.profile
    what = " ".join(part for part in (profile.man, profile.mod) if part) or "phone"
    print(f"a {what} is at {name}", flush=True)


def _show(report: Report, as_json: bool) -> None:
    show(report, as_json)
    if report.error is not None:
        log(str(report.error))
