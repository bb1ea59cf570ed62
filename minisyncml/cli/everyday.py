"""`minisyncml contacts`, `calendar`, `tasks`, `notes` and `files`: one kind of data kept in step with a folder.

Nothing syncs here: what was said becomes the options of `minisyncml sync` or `minisyncml phone sync`.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from minisyncml.cli.common import add_sync_options
from minisyncml.errors import UsageError
from minisyncml.sync.run import MODES
from minisyncml.transport.link import is_port

if TYPE_CHECKING:
    import argparse

KINDS = {
    "contacts": "a .vcf file for each contact",
    "calendar": "an .ics file for each appointment",
    "tasks": "an .ics file for each task",
    "notes": "a .txt file for each note",
    "files": "any files, and the folders in it",
}
#: options that only a phone, or only a server, has a use for
_PHONE = ("wait", "speed", "no_at", "obex_password")
_SERVER = ("dry_run", "auth", "encoding", "ca_file", "insecure")


def _add(kind: str, verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    what = "a calendar" if kind == "calendar" else kind
    parser = verbs.add_parser(kind, help=f"keep {what} in a folder in step with a phone or server", epilog=(
        f"It does what `minisyncml sync TARGET {kind}=DIR` and `minisyncml phone sync TARGET {kind}=DIR` do; "
        "these have more options."))
    parser.add_argument("target", nargs="?", metavar="TARGET", help="URL or host of a server, or the port of a phone: "
                        "/dev/ttyACM0, bt://..., usb://..., tcp://HOST:PORT")
    parser.add_argument("folder", nargs="?", metavar="DIR", help=f"{KINDS[kind]}; made when it is missing")
    parser.add_argument("--mode", choices=list(MODES), default="two-way", help="(default: %(default)s)")
    parser.add_argument("--remote", default="", metavar="URI", help="what the other side calls its database, where it "
                        "is not found out")
    parser.add_argument("--user", metavar="NAME[:PASSWORD]", help="log in, or let the phone; better without the "
                        "password, which others on this machine could see")
    parser.add_argument("--profile", metavar="NAME|FILE", default="", help="what the other side is like, where it does "
                        "not become clear by what it says of itself")
    server = parser.add_argument_group("of a server")
    server.add_argument("--dry-run", action="store_true", help="list what would be sent; contact nobody and write "
                        "nothing")
    server.add_argument("--auth", choices=("auto", "none", "basic", "md5"), default="auto",
                        help="how to log in (default: %(default)s)")
    server.add_argument("--encoding", choices=("wbxml", "xml"), default="wbxml", help="(default: %(default)s)")
    server.add_argument("--ca-file", metavar="FILE", help="certificate authority to trust instead of the system's")
    server.add_argument("--insecure", action="store_true", help="accept any certificate")
    phone = parser.add_argument_group("of a phone")
    phone.add_argument("--wait", action="store_true", help="stay, and sync whenever the phone shows up")
    phone.add_argument("--speed", type=int, metavar="BAUD", help="of a serial port")
    phone.add_argument("--no-at", action="store_true", help="send no AT commands: the port leads to OBEX at once")
    phone.add_argument("--obex-password", default="", metavar="PASSWORD", help="that is set on the phone for OBEX")
    add_sync_options(parser)
    parser.set_defaults(run=partial(run, kind, parser))
    return parser


VERBS = {kind: partial(_add, kind) for kind in KINDS}


def run(kind: str, parser: "argparse.ArgumentParser", args: "argparse.Namespace") -> int:
    """Sync one kind.

    :param kind: of :data:`KINDS`
    :param parser: of the verb
    :param args: the options
    :returns: the exit code
    :raises UsageError: when something is missing or does not go together
    """
    if not args.target or not args.folder:
        raise UsageError(f"{kind} wants TARGET and DIR, for example: minisyncml {kind} https://sync.example.org/ "
                         f"./{kind}")
    phone = is_phone(args.target)
    for name in _SERVER if phone else _PHONE:
        if getattr(args, name) != parser.get_default(name):
            raise UsageError(f"--{name.replace('_', '-')} is for {'servers' if phone else 'phones'}; {args.target} is "
                             f"a {'port' if phone else 'server'}")
    if "=" in args.remote:
        raise UsageError("--remote wants the name of one database, and no NAME=URI")
    words = {**vars(args), "port": args.target, "local": [f"{kind}={args.folder}"],
             "remote": [f"{kind}={args.remote}"] if args.remote else []}
    from importlib import import_module
    action = import_module("minisyncml.cli.phone.sync" if phone else "minisyncml.cli.sync")
    all_options = _options(action.add if phone else action.VERBS["sync"])
    for name in words.keys() & vars(all_options).keys() - {"run"}:
        setattr(all_options, name, words[name])
    code: int = action.run(all_options)
    return code


def is_phone(target: str) -> bool:
    """Whether a target is the port of a phone.

    :param target: what the user gave
    :returns: False for URLs and hosts
    """
    return is_port(target) or os.path.exists(target) and not os.path.isdir(target)


def _options(add: Any) -> "argparse.Namespace":
    """The options of another verb as they are when nothing is said."""
    import argparse
    parser: "argparse.ArgumentParser" = add(argparse.ArgumentParser().add_subparsers())
    return parser.parse_args([])
