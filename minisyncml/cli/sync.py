"""`minisyncml sync`: be the client of a SyncML server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable, TypeVar

from minisyncml.cli.common import (
    add_sync_options,
    ask_password,
    close_quietly,
    data_of,
    home_zone,
    limits_of,
    locals_of,
    peers_of,
    spool_of,
)
from minisyncml.cli.output import Progress, log, show, tell
from minisyncml.cli.tracing import trace_of
from minisyncml.errors import RefusedError, UsageError
from minisyncml.gateway.client import Client
from minisyncml.gateway.config import login, pairs
from minisyncml.gateway.discovery import lines
from minisyncml.gateway.report import Report, visible
from minisyncml.gateway.trace import Watched
from minisyncml.gateway.wellknown import GONE, Search, is_host, remembered
from minisyncml.limits import DEFAULT, Limits
from minisyncml.notify.base import ACCEPT, POLICIES
from minisyncml.store.base import Store
from minisyncml.store.peers import Peers
from minisyncml.store.place import open_store
from minisyncml.store.rehearsal import Rehearsal
from minisyncml.sync.run import MODES
from minisyncml.transport.base import Packet, Transport
from minisyncml.transport.http import HttpTransport
from minisyncml.transport.link import is_port

if TYPE_CHECKING:
    import argparse

    from minisyncml.gateway.wake import Order

T = TypeVar("T")


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("sync", help="sync with a SyncML server")
    parser.add_argument("target", nargs="?", metavar="TARGET", help="URL of the server, or only its host: the usual "
                        "addresses are tried, and what answers is remembered; or the port of one that is reached over "
                        "OBEX: tcp://HOST:PORT, bt://..., /dev/...")
    parser.add_argument("local", nargs="*", default=[], metavar="NAME[=PLACE]",
                        help="a datastore and where it is: a folder, or tinydb:FILE (default: under --data)")
    parser.add_argument("--mode", choices=list(MODES), default="two-way", help="(default: %(default)s)")
    parser.add_argument("--user", metavar="NAME[:PASSWORD]", help="log in; better without the password, which "
                        "others on this machine could see")
    parser.add_argument("--auth", choices=("auto", "none", "basic", "md5"), default="auto",
                        help="how to log in (default: %(default)s)")
    parser.add_argument("--remote", action="append", default=[], metavar="NAME=URI",
                        help="the server's name of a datastore, where it is not found out")
    parser.add_argument("--device-id", metavar="ID", help="what we call ourselves (default: a random name, kept)")
    parser.add_argument("--syncml-version", choices=("1.2", "1.1", "1.0"), default="1.2",
                        help="the newest to speak; where the server refuses it, older ones are tried "
                        "(default: %(default)s)")
    parser.add_argument("--encoding", choices=("wbxml", "xml"), default="wbxml", help="(default: %(default)s)")
    parser.add_argument("--wbxml", dest="encoding", action="store_const", const="wbxml", help="the same")
    parser.add_argument("--xml", dest="encoding", action="store_const", const="xml", help="--encoding xml")
    parser.add_argument("--profile", metavar="NAME|FILE", default="", help="what the server is like, where it does not "
                        "become clear by what it says of itself")
    parser.add_argument("--ca-file", metavar="FILE", help="certificate authority to trust instead of the system's")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate")
    parser.add_argument("--notified", metavar="FILE", help="sync what the notification in this file asks for, as "
                        "`minisyncml notify` sends it; - is standard input")
    parser.add_argument("--proof", choices=POLICIES, default=ACCEPT, help="of a notification: require a right digest, "
                        "accept a missing one too, or ignore it. Without a right one nothing is replaced as a whole "
                        "(default: %(default)s)")
    parser.add_argument("--dry-run", action="store_true",
                        help="list what would be sent; contact nobody and write nothing")
    parser.add_argument("--explain", action="store_true", help="sync nothing; ask the server for its databases, and "
                        "tell which one each datastore would be synced with, and why")
    add_sync_options(parser)
    parser.set_defaults(run=run)
    return parser


VERBS = {"sync": _add}


def run(args: "argparse.Namespace") -> int:
    """Run one session.

    :param args: the options
    :returns: the exit code of its report
    :raises UsageError: when something is missing
    """
    if not args.target:
        raise UsageError("sync wants TARGET, the URL of the server")
    places = locals_of(args)
    if not places:
        raise UsageError("sync wants at least one datastore, for example contacts=./contacts")
    if args.explain:
        return _explain(args, places)
    report = _plan(args, places) if args.dry_run else _sync(args, places)
    show(report, args.json)
    if report.error is not None:
        log(str(report.error))
    return report.exit_code


def _sync(args: "argparse.Namespace", places: "dict[str, str]") -> Report:
    with _Calling(args, places) as calling:
        order = _order(args, calling.stores, *calling.login) if args.notified else None
        return calling.run(lambda client: client.sync(args.mode, order), lambda report: report)


def _explain(args: "argparse.Namespace", places: "dict[str, str]") -> int:
    with _Calling(args, places) as calling:
        report, found = calling.run(lambda client: client.bindings(), lambda outcome: outcome[0])
    if report.error is not None:
        raise report.error
    if args.json:
        import json
        print(json.dumps([{**one._asdict(), "others": [other._asdict() for other in one.others]} for one in found]))
    else:
        print("\n".join(visible(line) for line in lines(found)))
    return 0


class _Calling:
    """A client as the options want it; a context manager."""

    def __init__(self, args: "argparse.Namespace", places: "dict[str, str]") -> None:
        self.args, self.data, self.limits = args, data_of(args), limits_of(args)
        self.login = login(args.user, args.password_file, os.environ, ask_password) if args.user else ("", "")
        self.peers = peers_of(self.data)
        self.progress = Progress(quiet=args.verbose)
        self.trace = trace_of(args)
        self.stores = {name: open_store(place, name, self.data) for name, place in places.items()}

    def run(self, work: "Callable[[Client], T]", report_of: "Callable[[T], Report]") -> "T":
        """Do it at the server that was named; when an address found by ourselves is none any more, look once more."""
        known = address_of(self.args, self.peers, self.limits, look=False)
        outcome = work(self._client(known or address_of(self.args, self.peers, self.limits, self.progress)))
        error = report_of(outcome).error
        if known and known != self.args.target and isinstance(error, RefusedError) and error.code in GONE:
            outcome = work(self._client(address_of(self.args, self.peers, self.limits, self.progress)))
        return outcome

    def _client(self, target: str) -> Client:
        args = self.args
        return Client(target, self.stores, user=self.login[0], password=self.login[1], auth=args.auth,
                      peers=self.peers, remotes=pairs(args.remote, "NAME=URI"), version=args.syncml_version,
                      encoding=args.encoding, device_id=args.device_id or "", conflict=args.conflict,
                      zone=home_zone(args),
                      allow_empty=args.allow_empty, rescan=args.rescan, profile=args.profile, limits=self.limits,
                      spool=spool_of(self.data), progress=self.progress, trace=self.trace,
                      transport=lambda: _transport(args, target, self.limits))

    def __enter__(self) -> "_Calling":
        return self

    def __exit__(self, *exc: object) -> None:
        self.progress.clear()
        if self.trace is not None:
            self.trace.close()
        for store in self.stores.values():
            close_quietly(store)
        self.peers.close()


def address_of(args: "argparse.Namespace", peers: Peers, limits: Limits,
               progress: "Callable[[str], None]" = lambda words: None, look: bool = True) -> str:
    """Where the target is. That of a host alone has to be found, once.

    :param args: has `target`, `device_id`, `ca_file` and `insecure`
    :param peers: remembers what was found
    :param limits: bounds
    :param progress: is told what is tried
    :param look: whether to look where nothing is remembered
    :returns: a URL or port; empty where it would have to be looked for
    :raises TransportError: when there is no SyncML server
    """
    if is_port(args.target) or not is_host(args.target):
        return str(args.target)
    if not look:
        return remembered(peers, args.target)
    search = Search(peers, lambda url, bounds: HttpTransport(url, limits=bounds, ca_file=args.ca_file,
                                                             insecure=args.insecure),
                    args.device_id or "", limits, progress)
    return search.find(args.target)


def _order(args: "argparse.Namespace", stores: "dict[str, Store]", user: str, password: str) -> "Order":
    """What the notification asks for. What reads it is loaded only then, as OBEX is in :func:`_transport`."""
    try:
        with open(0 if args.notified == "-" else args.notified, "rb", closefd=args.notified != "-") as file:
            body = file.read(DEFAULT.max_message + 1)
    except OSError as error:
        raise UsageError(f"cannot read {args.notified}: {(error.strerror or str(error)).lower()}") from None
    from importlib import import_module
    wake = import_module("minisyncml.gateway.wake")
    order: Order = wake.order_of(wake.judge(Packet("", body), user, password, args.proof), stores,
                                 pairs(args.remote, "NAME=URI"))
    return order


def _plan(args: "argparse.Namespace", places: "dict[str, str]") -> Report:
    """A dry run, on a copy of our state: not even what it finds out is kept."""
    with Rehearsal(data_of(args, make=False)) as state:
        stores = {name: open_store(state.place(place), name, state.data, files=state.files)
                  for name, place in places.items()}
        try:
            return Client(_remembered(args), stores, rescan=args.rescan, limits=limits_of(args)).plan(args.mode)
        finally:
            for store in stores.values():
                close_quietly(store)


def _remembered(args: "argparse.Namespace") -> str:
    """The target of a dry run, which contacts nobody."""
    data = data_of(args, make=False)
    if not is_host(args.target) or not os.path.isfile(os.path.join(data, "peers")):
        return str(args.target)
    peers = peers_of(data)
    try:
        return address_of(args, peers, DEFAULT, look=False) or str(args.target)
    finally:
        peers.close()


def _transport(args: "argparse.Namespace", target: str, limits: Limits) -> Transport:
    way: Transport
    if is_port(target):
        from importlib import import_module
        way = import_module("minisyncml.gateway.dial").dialled(target, limits)
    else:
        way = HttpTransport(target, limits=limits, ca_file=args.ca_file, insecure=args.insecure)
    return Watched(way, tell) if args.verbose else way
