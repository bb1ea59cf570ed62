"""`minisyncml serve`: a SyncML server for phones and programs, over HTTP."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

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
from minisyncml.cli.output import log, tell
from minisyncml.cli.tracing import trace_of
from minisyncml.engine.chunks import Held
from minisyncml.errors import UsageError
from minisyncml.gateway.config import DATASTORES, Listen, listen_address, server_users
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.store.place import open_store
from minisyncml.store.rehearsal import Rehearsal
from minisyncml.transport.wsgi import HttpServer

if TYPE_CHECKING:
    import argparse

# M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD of malloc.h; bytes but for the first
HEAP = ((-8, 1), (-3, 32_768), (-1, 65_536), (-2, 16_384))


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("serve", help="be a SyncML server over HTTP")
    parser.add_argument("local", nargs="*", default=[], metavar="NAME[=PLACE]",
                        help="a datastore and where it is: a folder, or tinydb:FILE; {user} stands for the user, "
                        f"(default: {', '.join(DATASTORES)}, under --data for each user)")
    parser.add_argument("--listen", metavar="HOST:PORT", default="", help="where to listen; port 0 picks a free one "
                        "(default: port 8080, with --user on all addresses, else on this machine only)")
    parser.add_argument("--user", action="append", default=[], metavar="NAME[:PASSWORD]",
                        help="a user; may be repeated, or stand as lines in the --password-file")
    parser.add_argument("--allow-anonymous", action="store_true", help="let everybody in the network in")
    parser.add_argument("--auth", choices=("md5", "basic"), default="md5",
                        help="how clients are asked to log in (default: %(default)s)")
    parser.add_argument("--profile", metavar="NAME|FILE", default="", help="what all clients are like, where it does "
                        "not become clear by what they say of themselves")
    parser.add_argument("--url", default="", help="the address as clients see it, where a proxy stands between")
    parser.add_argument("--device-id", metavar="ID", help="what we call ourselves (default: a random name, kept)")
    parser.add_argument("--dry-run", action="store_true", help="list what would be done; write nothing, send no items, "
                        "and tell each client to come back later")
    add_sync_options(parser)
    parser.set_defaults(run=run)
    return parser


VERBS = {"serve": _add}


def run(args: "argparse.Namespace") -> int:
    """Serve until SIGTERM or SIGINT.

    :param args: the options
    :returns: 0
    :raises UsageError: when strangers could come in without it being said
    :raises TransportError: when it cannot listen
    """
    asked = args.user or args.password_file
    users = server_users(args.user, args.password_file, os.environ, ask_password) if asked else None
    _save_memory()
    address = listen_address(args.listen, loopback=users is None and not args.allow_anonymous)
    if users is None and not args.allow_anonymous and not address.loopback:
        raise UsageError(f"without --user anybody could read and change your data on {address.host}; "
                         "name users, or say --allow-anonymous")
    data, places = data_of(args, make=not args.dry_run), locals_of(args) or dict.fromkeys(DATASTORES, "")
    peers = Peers() if args.dry_run else peers_of(data)

    def stores_of(user: str) -> "dict[str, Store]":
        if args.dry_run:
            return _copies(places, data, user)
        return {name: open_store(place, name, data, user) for name, place in places.items()}

    if users is None:
        stores_of("")   # what is wrong with a place is said now
    trace = trace_of(args)
    server = Server(stores_of, users=users, peers=peers, device_id=args.device_id or "",
                    url=args.url, conflict=args.conflict, zone=home_zone(args), challenge=args.auth,
                    allow_empty=args.allow_empty, rescan=args.rescan, profile=args.profile, limits=limits_of(args),
                    trial=args.dry_run, spool=Held if args.dry_run else spool_of(data),
                    on_report=lambda report: _show(report, args.json),
                    tap=tell if args.verbose else None, trace=trace, log=log)
    http = HttpServer(server.wsgi_app, *address)
    _say_where(args, Listen(address.host, http.port), list(places), sorted(users or ()))
    _run(http, server)
    if trace is not None:
        trace.close()
    return 0


def _copies(places: "dict[str, str]", data: str, user: str) -> "dict[str, Store]":
    """Datastores of a dry run: what is in them now, in memory."""
    with Rehearsal(data, user) as state:
        stores = {name: open_store(state.place(place), name, state.data, user, files=state.files)
                  for name, place in places.items()}
        try:
            return {name: MemoryStore.copy(store) for name, store in stores.items()}
        finally:
            for store in stores.values():
                close_quietly(store)


def _save_memory() -> None:
    """Tell the GNU C library, where it is the one in use, that threads which take turns need no heap each (1 MiB and
    more), and that a freed message is to go back to the system at once."""
    import ctypes
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):    # another C library
        return
    for name, value in HEAP:
        mallopt(name, value)


def _run(http: HttpServer, server: Server) -> None:
    import signal
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: http.stop())
    try:
        http.run()
    finally:
        server.close()


def _show(report: Report, as_json: bool) -> None:
    user = f" as {report.user}" if report.user else ""
    text = report.json() if as_json else f"\n{report.peer}{user}: {report.error or 'done'}\n{report.table()}"
    try:
        print(text, flush=True)
    except OSError:     # nobody reads any more; the client must not suffer for it
        pass


def _say_where(args: "argparse.Namespace", address: Listen, names: "list[str]", users: "list[str]") -> None:
    url = args.url or f"http://{_reachable(address.host)}:{address.port}/"
    if args.json:
        import json
        print(json.dumps({"url": url, "port": address.port}), flush=True)
        return
    print("Enter this in the synchronization settings of a phone or program:\n"
          f"  server address  {url}\n"
          f"  databases       {', '.join(names)}\n"
          f"  user            {' or '.join(users) if users else '(any; no password is asked for)'}\n"
          "Old phones speak no TLS 1.2 and need http; for https put a proxy in front and name it with --url.",
          flush=True)
    if address.loopback:
        print("Only programs on this machine can connect; --user NAME and --listen 0.0.0.0:PORT let phones in.",
              flush=True)


def _reachable(host: str) -> str:
    """The address that others in the network can use."""
    import socket
    if host not in ("0.0.0.0", "::"):
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))     # sends nothing; the system only picks a route
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
