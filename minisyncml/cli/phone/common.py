"""What the actions of `minisyncml phone` share: the port and how to open it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Callable

from minisyncml.errors import UsageError
from minisyncml.obex import codes
from minisyncml.profile import Identity, find
from minisyncml.transport.link import Link, speaks_at
from minisyncml.transport.obex import ObexClient
from minisyncml.transport.ports import list_ports, open_link
from minisyncml.transport.serial import SPEED

if TYPE_CHECKING:
    import argparse

ASKING = 10.0       #: seconds for each interface of a USB phone to say whether it speaks SyncML


def add_port(parser: "argparse.ArgumentParser") -> None:
    """The phone and its line.

    :param parser: the parser of an action
    """
    parser.add_argument("port", nargs="?", metavar="PORT", help="/dev/ttyACM0, /dev/rfcomm0, "
                        "bt://00:11:22:33:44:55[:CHANNEL], usb://0421:0508, tcp://HOST:PORT or a pseudo-terminal")
    add_profile(parser)
    parser.add_argument("--speed", type=int, metavar="BAUD", help="of a serial port (default: as the profile says, "
                        f"else {SPEED})")
    parser.add_argument("--no-at", action="store_true", help="send no AT commands: the port leads to OBEX at once")
    parser.add_argument("--obex-password", default="", metavar="PASSWORD",
                        help="the password that is set on the phone for OBEX")


def add_profile(parser: "argparse.ArgumentParser") -> None:
    """What the phone is like.

    :param parser: the parser of an action
    """
    parser.add_argument("--profile", default="", metavar="NAME|FILE", help="what the phone is like, where it does not "
                        "become clear by what it says of itself")


def port_of(args: "argparse.Namespace", example: str) -> str:
    """The port.

    :param args: has `port`
    :param example: of a whole command
    :returns: the port
    :raises UsageError: when it is missing
    """
    if not args.port:
        raise UsageError(f"which port? for example: minisyncml {example}")
    return str(args.port)


def opener(args: "argparse.Namespace") -> "Callable[[], Link]":
    """How to open the line.

    :param args: options of :func:`add_port`
    :returns: opens it, each time it is called
    :raises UsageError: when there is no such profile
    """
    speed = args.speed or find(user=args.profile).serial_speed or SPEED
    return lambda: open_link(args.port, speed=speed, accept=_speaks_syncml)


def identity_of(port: str) -> Identity:
    """What the link knows of a phone before it says anything.

    :param port: as the user named it
    :returns: its USB id, where there is one
    """
    if port.lower().startswith("usb://"):
        return Identity(usb=port[6:15].lower())
    device = os.path.realpath(port)
    found = [one for one in list_ports() if one.port in (port, device) and one.vendor] if os.path.exists(port) else []
    return Identity(usb=f"{found[0].vendor:04x}:{found[0].product:04x}") if found else Identity()


def may_speak_at(args: "argparse.Namespace") -> bool:
    """Whether the phone may be in AT mode.

    :param args: options of :func:`add_port`
    :returns: False where it never is
    """
    return not args.no_at and speaks_at(args.port)


def _speaks_syncml(link: Link) -> bool:
    """Whether an interface of a USB phone is the one for SyncML."""
    client = ObexClient(link, timeout=ASKING)
    client.connect(codes.SYNCML)
    client.disconnect()
    return True


def end_on_signals() -> None:
    """Let SIGTERM and SIGINT end the program as Ctrl-C does, wherever it is: what is on disk is whole at any moment."""
    def stop(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
