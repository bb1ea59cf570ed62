"""`minisyncml phone sync`: be the SyncML server of a phone that we call, or that calls us."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Optional

from minisyncml.cli.common import (
    add_sync_options,
    ask_password,
    close_quietly,
    data_of,
    home_zone,
    limits_of,
    locals_of,
    peers_of,
)
from minisyncml.cli.output import Progress, log, show, tell
from minisyncml.cli.phone.common import add_port, end_on_signals, identity_of, may_speak_at, opener, port_of
from minisyncml.cli.tracing import trace_of
from minisyncml.errors import Error, LinkError, TransportError, UsageError
from minisyncml.gateway.attend import Attendant
from minisyncml.gateway.config import login, pairs
from minisyncml.gateway.listen import listen
from minisyncml.gateway.phone import Phone
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.profile import Identity, find
from minisyncml.store.base import Store
from minisyncml.store.peers import Peers
from minisyncml.store.place import open_store
from minisyncml.sync.run import MODES
from minisyncml.transport.at import Dialogue
from minisyncml.transport.link import Link
from minisyncml.transport.ports import open_listener

if TYPE_CHECKING:
    import argparse

    from minisyncml.gateway.traced import Trace

EXAMPLE = "phone sync /dev/ttyACM0 contacts=./contacts"
POLL, POLL_RADIO = 2.0, 30.0        #: seconds between two looks for a phone; a radio that pages costs power


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    """The parser of this action.

    :param actions: where to add it
    :returns: the parser
    """
    parser = actions.add_parser("sync", help="sync a phone on a cable or by Bluetooth")
    add_port(parser)
    parser.add_argument("local", nargs="*", default=[], metavar="NAME[=PLACE]",
                        help="a datastore and where it is: a folder, or tinydb:FILE (default: under --data)")
    parser.add_argument("--wait", action="store_true", help="stay, and sync whenever the phone shows up")
    parser.add_argument("--every", type=float, default=0.0, metavar="MINUTES", help="with --wait: sync a phone that "
                        "stays there again after so many minutes")
    parser.add_argument("--poll", type=float, default=0.0, metavar="SECONDS", help="with --wait: from one look for the "
                        f"phone to the next (default: {POLL:.0f}, over a radio or network {POLL_RADIO:.0f})")
    parser.add_argument("--listen", action="store_true", help="stay, and let phones call that begin by themselves; "
                        "PORT is tcp://HOST:PORT or bt:// to listen on, or a line")
    parser.add_argument("--mode", choices=list(MODES), default="two-way", help="(default: %(default)s)")
    parser.add_argument("--remote", action="append", default=[], metavar="NAME=URI",
                        help="the phone's name of a datastore, where it is not found out")
    parser.add_argument("--server-id", default="", metavar="ID", help="what we call ourselves (default: as the phone's "
                        "profile says, mostly PC Suite)")
    parser.add_argument("--user", metavar="NAME[:PASSWORD]", help="let the phone log in; better without the password, "
                        "which others on this machine could see")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS",
                        help="for one answer of the phone (default: %(default).0f)")
    add_sync_options(parser)
    parser.set_defaults(run=run)
    return parser


def run(args: "argparse.Namespace") -> int:
    """Sync once, or until it is stopped.

    :param args: the options
    :returns: the exit code of the report; 0 when it was to stay, and was stopped
    :raises UsageError: when something is missing
    """
    port_of(args, EXAMPLE)
    places = locals_of(args)
    if not places:
        raise UsageError(f"phone sync wants at least one datastore, for example: minisyncml {EXAMPLE}")
    if args.wait and args.listen:
        raise UsageError("--wait calls the phone, --listen lets it call: only one of them")
    data = data_of(args)
    peers = peers_of(data)
    stores: "dict[str, Store]" = {}
    trace = trace_of(args)
    try:
        for name, place in places.items():
            stores[name] = open_store(place, name, data)
        if args.listen:
            return _listen(args, stores, peers, trace)
        return _Caller(args, stores, peers, trace).run()
    finally:
        if trace is not None:
            trace.close()
        for store in stores.values():
            close_quietly(store)
        peers.close()


def _credentials(args: "argparse.Namespace") -> "tuple[str, str]":
    return login(args.user, args.password_file, os.environ, ask_password) if args.user else ("", "")


class _Caller:
    """Calls the phone, once or whenever it shows up."""

    def __init__(self, args: "argparse.Namespace", stores: "dict[str, Store]", peers: Peers,
                 trace: "Optional[Trace]") -> None:
        user, password = _credentials(args)
        self._args, self._open = args, opener(args)
        self._progress = Progress(quiet=args.verbose)
        self._said = ""
        self._lines = 0         # opened in this try
        self._phone = Phone(
            self._line, stores, port=args.port, at=may_speak_at(args), profile=args.profile,
            identity=identity_of(args.port), peers=peers, user=user, password=password,
            obex_password=args.obex_password, server_id=args.server_id,
            remotes=pairs(args.remote, "NAME=URI"), conflict=args.conflict, zone=home_zone(args),
            allow_empty=args.allow_empty, rescan=args.rescan, limits=limits_of(args), timeout=args.timeout,
            progress=self._progress, trace=trace, tap=tell if args.verbose else None)

    def run(self) -> int:
        """Sync.

        :returns: the exit code
        """
        if not self._args.wait:
            return self._sync()
        end_on_signals()
        slow = self._args.port.lower().startswith(("bt://", "tcp://"))
        attendant = Attendant(self._present, self._reached, time.monotonic,
                              self._args.poll or (POLL_RADIO if slow else POLL), 60 * self._args.every)
        print(f"waiting for the phone at {self._args.port}", file=sys.stderr, flush=True)
        try:
            while True:
                time.sleep(attendant.look())
        except KeyboardInterrupt:
            return 0

    def _sync(self) -> int:
        try:
            report = self._phone.sync(self._args.mode)
        finally:
            self._progress.clear()
        absent = self._args.wait and not self._lines
        if report.datastores or self._args.json and not absent:
            show(report, self._args.json)
        self._say("" if absent and "://" in self._args.port else str(report.error or ""))
        return report.exit_code

    def _reached(self) -> Optional[bool]:
        """For weeks of running: no error of a phone or a disk ends it, and none is told twice in a row."""
        self._lines = 0
        try:
            code = self._sync()
        except UsageError:
            raise
        except Error as error:
            self._say(str(error))
            code = TransportError.exit_code
        return None if not self._lines else code != TransportError.exit_code

    def _line(self) -> Link:
        link = self._open()
        self._lines += 1
        return link

    def _say(self, words: str) -> None:
        if words and words != self._said:
            log(words)
        self._said = words

    def _present(self) -> bool:
        """A device is there or not; a radio or network shows it when it is called."""
        port = self._args.port
        return "://" in port or os.path.exists(port)


def _listen(args: "argparse.Namespace", stores: "dict[str, Store]", peers: Peers, trace: "Optional[Trace]") -> int:
    user, password = _credentials(args)
    server = Server(stores, users={user: password} if user else None, peers=peers, conflict=args.conflict,
                    zone=home_zone(args),
                    device_id=args.server_id or find(user=args.profile).server_id, allow_empty=args.allow_empty,
                    rescan=args.rescan, profile=args.profile, limits=limits_of(args), trace=trace,
                    on_report=lambda report: _told(report, args.json), log=log)
    end_on_signals()
    try:
        if args.port.lower().startswith(("tcp://", "bt://")):
            _take_calls(args, server)
        else:
            _on_a_line(args, server)
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    return 0


def _told(report: Report, as_json: bool) -> None:
    show(report, as_json)
    if report.error is not None:
        log(f"{report.peer}: {report.error}")


def _take_calls(args: "argparse.Namespace", server: Server) -> None:
    """Phone after phone."""
    with open_listener(args.port) as listener:
        print(f"waiting for phones on {listener.name}", file=sys.stderr, flush=True)
        if listener.unannounced:
            log(f"phones do not find this by themselves: {listener.unannounced}")
        while True:
            link = listener.accept()
            if link is None:
                continue
            with link:
                try:
                    listen(link, server, timeout=args.timeout, tap=tell if args.verbose else None, log=log)
                except TransportError:
                    server.hang_up(link.name)       # the line dropped, as it does after each session


def _on_a_line(args: "argparse.Namespace", server: Server) -> None:
    """A phone that calls on a cable; some want a command first."""
    with opener(args)() as link:
        if may_speak_at(args):
            _let_it_call(Dialogue(link), args.profile)
        listen(link, server, timeout=args.timeout, tap=tell if args.verbose else None, log=log)


def _let_it_call(dialogue: Dialogue, profile: str) -> None:
    """A phone in AT mode is told to; one that is silent may call when its owner tells it to."""
    try:
        if dialogue.in_obex():
            return
        dialogue.wake()
        said = dialogue.identify()
        switch = find(Identity(said.manufacturer, said.model, said.firmware), profile).at_switch
        if switch not in ("", "none"):
            dialogue.enter_obex(switch)
    except LinkError as error:
        log(f"{error}; waiting for it to call all the same")
