"""`minisyncml notify`: ask a device to begin a session, over whatever reaches it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Optional

from minisyncml.cli.common import ask_password
from minisyncml.errors import UsageError
from minisyncml.gateway.config import login, read_password_file
from minisyncml.gateway.names import KINDS
from minisyncml.gateway.wake import ANSWERS
from minisyncml.notify import base, legacy, san
from minisyncml.notify.base import Notification, Wanted
from minisyncml.notify.bearer import Bearer, deliver
from minisyncml.notify.bearers import CommandBearer, HttpBearer, PduBearer, PortBearer, SmsBearer
from minisyncml.sync.run import MODE_NAMES
from minisyncml.transport.base import Packet
from minisyncml.transport.ports import open_link

if TYPE_CHECKING:
    import argparse

UI = {"none": base.UNSPECIFIED, "background": base.BACKGROUND, "inform": base.INFORM, "ask": base.ASK}
MODES = {MODE_NAMES[answer]: code for code, answer in ANSWERS.items()}
#: the types that most phones know
TYPES = {"contacts": "text/x-vcard", "calendar": "text/x-vcalendar", "tasks": "text/x-vcalendar", "notes": "text/plain"}


class Sender(NamedTuple):
    """Who signs; `name` is the server identifier where no user was given."""

    name: str
    password: str


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("notify", help="ask a device to begin a sync")
    parser.add_argument("target", metavar="TARGET", help="http:// or https:// URL of a push gateway; PORT of a phone, "
                        "for OBEX; sms:+NUMBER@PORT to send through the modem there; sms:+NUMBER to print PDUs; "
                        "command:WORDS, run without a shell: {hex}, {file}, {type} in it are filled in, without the "
                        "first two the notification comes on its standard input")
    parser.add_argument("--server-id", metavar="ID", default="PC Suite",
                        help="by which the device knows its server (default: %(default)s, which phones expect)")
    parser.add_argument("--datastore", metavar="NAME[=MODE]", action="append", default=[],
                        help=f"what to sync: the server's name, and {', '.join(MODES)} (default: all, two-way)")
    parser.add_argument("--user", metavar="NAME[:PASSWORD]", help="sign as this user, as SyncEvolution does, instead "
                        "of as the server")
    parser.add_argument("--password-file", metavar="FILE", help="file with the password to sign with; - is standard "
                        "input. MINISYNCML_PASSWORD is another way")
    parser.add_argument("--nonce", metavar="TEXT", help="nonce that the device gave (default: SyncEvolution's, which "
                        "never changes)")
    parser.add_argument("--protocol", choices=("1.2", "1.1", "1.0"), help="form of the notification "
                        "(default: 1.2; a phone on a PORT that refuses it gets 1.1)")
    parser.add_argument("--encoding", choices=("wbxml", "xml"), default="wbxml",
                        help="of 1.1 and 1.0 (default: %(default)s)")
    parser.add_argument("--ui", choices=list(UI), default="none",
                        help="how the device should treat its user (default: %(default)s)")
    parser.add_argument("--session", metavar="NUMBER", default="", help="the session's number, 1 to 65535 "
                        "(default: the device chooses; 1 in the forms that cannot say so)")
    parser.set_defaults(run=run)
    return parser


VERBS = {"notify": _add}


def run(args: "argparse.Namespace") -> int:
    """Push one notification.

    :param args: the options
    :returns: 0
    :raises UsageError: when an option is wrong
    :raises TransportError: when it could not be delivered, or the device will not have it
    """
    taken = deliver(lambda: _bearer(args.target), _offers(args))
    if not _printed(args.target):
        form = "1.2" if taken.content_type == base.PACKET else args.protocol or "1.1"
        print(f"notified {args.target} (SyncML {form}, {len(taken.body)} bytes)")
    return 0


def _printed(target: str) -> bool:
    return target.startswith("sms:") and "@" not in target


def _bearer(target: str) -> Bearer:
    kind, _, rest = target.partition(":")
    if kind in ("http", "https"):
        return HttpBearer(target)
    if kind == "command":
        import shlex
        try:
            return CommandBearer(shlex.split(rest))
        except ValueError as error:
            raise UsageError(f"{target!r} cannot be taken apart: {str(error).lower()}") from None
    if kind == "sms":
        number, at, port = rest.partition("@")
        return SmsBearer(open_link(port), number) if at else PduBearer(number, print)
    return PortBearer(target)


def _offers(args: "argparse.Namespace") -> "list[Packet]":
    """The notification in the forms that are to be tried, in order."""
    wanted = tuple(_wanted(*value.partition("=")[::2]) for value in args.datastore)
    notification = Notification(args.server_id, wanted, args.session, UI[args.ui])
    sender = _sender(args)
    nonce: Optional[bytes] = None if args.nonce is None else args.nonce.encode()
    versions = [args.protocol or "1.2"]
    if not args.protocol and wanted and not args.target.startswith(("http:", "https:", "command:", "sms:")):
        versions.append("1.1")
    return [_packet(notification, sender, nonce) if version == "1.2" else
            _message(notification._replace(version=version), sender, nonce, args.encoding) for version in versions]


def _packet(notification: Notification, sender: Optional[Sender], nonce: Optional[bytes]) -> Packet:
    """Without a password it is signed as SyncEvolution does it then: phones are known to take that."""
    key = san.key(*(sender or ("", "")))
    return Packet(base.PACKET, san.build(notification, key, san.NONCE if nonce is None else nonce))


def _message(notification: Notification, sender: Optional[Sender], nonce: Optional[bytes], encoding: str) -> Packet:
    cred = None
    if sender is not None:
        cred = legacy.credentials(sender.name, sender.password, nonce or b"", notification.version)
    return legacy.build(notification, encoding, cred=cred)


def _wanted(name: str, mode: str) -> Wanted:
    if not name:
        raise UsageError("--datastore wants NAME or NAME=MODE")
    if mode == "slow":
        raise UsageError("a notification cannot ask for a slow sync; ask for two-way, and the server for slow then")
    if mode and mode not in MODES:
        raise UsageError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
    return Wanted(name, MODES[mode or "two-way"], TYPES.get(KINDS.get(name.lower(), ""), ""))


def _sender(args: "argparse.Namespace") -> Optional[Sender]:
    if args.user:
        return Sender(*login(args.user, args.password_file, os.environ, ask_password))
    if args.password_file:
        return Sender(args.server_id, read_password_file(args.password_file)[0])
    password = os.environ.get("MINISYNCML_PASSWORD")
    return Sender(args.server_id, password) if password else None
