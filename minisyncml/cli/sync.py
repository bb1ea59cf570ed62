"""`minisyncml sync`: be the client of a SyncML server."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from minisyncml.cli.common import (
    Progress,
    add_common,
    add_sync_options,
    ask_password,
    close_quietly,
    data_of,
    limits_of,
    locals_of,
    peers_of,
    show,
    spool_of,
    tell,
)
from minisyncml.cli.tracing import add_trace, trace_of
from minisyncml.errors import UsageError
from minisyncml.gateway.client import Client
from minisyncml.gateway.config import login, pairs
from minisyncml.gateway.report import Report
from minisyncml.gateway.trace import Watched
from minisyncml.limits import DEFAULT, Limits
from minisyncml.notify.base import ACCEPT, POLICIES
from minisyncml.store.base import Store
from minisyncml.store.place import open_store
from minisyncml.store.rehearsal import Rehearsal
from minisyncml.sync.run import MODES
from minisyncml.transport.base import Packet, Transport
from minisyncml.transport.http import HttpTransport
from minisyncml.transport.link import is_port

if TYPE_CHECKING:
    import argparse

    from minisyncml.gateway.wake import Order


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("sync", help="sync with a SyncML server")
    parser.add_argument("target", nargs="?", metavar="TARGET", help="URL of the server, or the port of one that is "
                        "reached over OBEX: tcp://HOST:PORT, bt://..., /dev/...")
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
    add_sync_options(parser)
    add_trace(parser)
    add_common(parser)
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
    report = _plan(args, places) if args.dry_run else _sync(args, places)
    show(report, args.json)
    if report.error is not None:
        print(f"minisyncml: {report.error}", file=sys.stderr)
    return report.exit_code


def _sync(args: "argparse.Namespace", places: "dict[str, str]") -> Report:
    data, limits = data_of(args), limits_of(args)
    user, password = login(args.user, args.password_file, os.environ, ask_password) if args.user else ("", "")
    peers = peers_of(data)
    progress = Progress(quiet=args.verbose)
    trace = trace_of(args)
    stores = {name: open_store(place, name, data) for name, place in places.items()}
    try:
        order = _order(args, stores, user, password) if args.notified else None
        client = Client(args.target, stores, user=user, password=password, auth=args.auth, peers=peers,
                        remotes=pairs(args.remote, "NAME=URI"), version=args.syncml_version, encoding=args.encoding,
                        device_id=args.device_id or "", conflict=args.conflict,
                        allow_empty=args.allow_empty, rescan=args.rescan, profile=args.profile, limits=limits,
                        spool=spool_of(data), progress=progress, trace=trace,
                        transport=lambda: _transport(args, limits))
        return client.sync(args.mode, order)
    finally:
        progress.clear()
        if trace is not None:
            trace.close()
        for store in stores.values():
            store.close()
        peers.close()


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
            return Client(args.target, stores, rescan=args.rescan, limits=limits_of(args)).plan(args.mode)
        finally:
            for store in stores.values():
                close_quietly(store)


def _transport(args: "argparse.Namespace", limits: Limits) -> Transport:
    way: Transport
    if is_port(args.target):
        from importlib import import_module
        way = import_module("minisyncml.gateway.dial").dialled(args.target, limits)
    else:
        way = HttpTransport(args.target, limits=limits, ca_file=args.ca_file, insecure=args.insecure)
    return Watched(way, tell) if args.verbose else way
