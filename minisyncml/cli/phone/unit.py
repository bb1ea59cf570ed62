"""`minisyncml phone unit` and `minisyncml phone udev`: files for systemd and udev, so that a phone is synced whenever
it is plugged in. They are printed, and nothing is installed.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Optional

from minisyncml.cli.phone.common import identity_of, port_of
from minisyncml.errors import UsageError
from minisyncml.gateway.config import pairs
from minisyncml.profile.match import INDEX

if TYPE_CHECKING:
    import argparse

NAME = "minisyncml-phone.service"
EXAMPLE = "phone unit /dev/ttyACM0 contacts=./contacts"
UNIT = """\
# Save as ~/.config/systemd/user/{name}, then: systemctl --user enable --now {name}
# To go on when nobody is logged in: loginctl enable-linger
[Unit]
Description=Sync a phone whenever it shows up

[Service]
WorkingDirectory={folder}
ExecStart={command}
Restart=on-failure
RestartSec=30
RestartPreventExitStatus=2
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""
RULE = """\
# Save as /etc/udev/rules.d/70-minisyncml-phone.rules, then: udevadm control --reload
# ModemManager keeps off the serial ports of these phones, who sits at the machine may open them, and /dev/{link} is the
# port of the one that was plugged in last.
ACTION=="remove", GOTO="minisyncml_end"
SUBSYSTEM!="tty|usb", GOTO="minisyncml_end"

SUBSYSTEMS=="usb", {match}, ENV{{MINISYNCML_PHONE}}="1"
ENV{{MINISYNCML_PHONE}}!="1", GOTO="minisyncml_end"

ENV{{ID_MM_DEVICE_IGNORE}}="1", TAG+="uaccess"
SUBSYSTEM=="tty", SYMLINK+="{link}"

LABEL="minisyncml_end"
"""


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    """The parser of `unit`.

    :param actions: where to add it
    :returns: the parser
    """
    parser = actions.add_parser("unit", help="print a systemd unit that syncs the phone whenever it shows up")
    parser.add_argument("port", nargs="?", metavar="PORT", help="of the phone; /dev/phone with the rule of "
                        "`phone udev`")
    parser.add_argument("local", nargs="*", default=[], metavar="NAME[=PLACE]", help="as `phone sync` takes it")
    parser.add_argument("--data", metavar="DIR", help="where state lives (default: the XDG data folder)")
    parser.add_argument("--every", type=float, default=0.0, metavar="MINUTES", help="sync a phone that stays there "
                        "again after so many minutes")
    parser.add_argument("--profile", default="", metavar="NAME|FILE", help="what the phone is like")
    parser.set_defaults(run=run)
    return parser


def run(args: "argparse.Namespace") -> int:
    """Print the unit.

    :param args: the options
    :returns: 0
    :raises UsageError: when something is missing
    """
    port_of(args, EXAMPLE)
    if not pairs(args.local, "NAME=PLACE"):
        raise UsageError(f"which datastores? for example: minisyncml {EXAMPLE}")
    words = [sys.executable, "-m", "minisyncml", "phone", "sync", args.port, *args.local, "--wait"]
    for name in ("data", "profile"):
        value = getattr(args, name)
        words += [f"--{name}", value] if value else []
    words += ["--every", f"{args.every:g}"] if args.every else []
    print(UNIT.format(name=NAME, folder=_escaped(os.getcwd()), command=" ".join(map(_quoted, words))), end="")
    return 0


def add_udev(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    """The parser of `udev`.

    :param actions: where to add it
    :returns: the parser
    """
    parser = actions.add_parser("udev", help="print a udev rule that gives you the phone and keeps ModemManager away")
    parser.add_argument("port", nargs="?", metavar="PORT", help="for this phone only: its port while it is plugged "
                        "in, or usb://0421:0508 (default: phones of all makers that are known)")
    parser.add_argument("--link", default="phone", metavar="NAME", help="its name in /dev (default: %(default)s)")
    parser.set_defaults(run=run_udev)
    return parser


def run_udev(args: "argparse.Namespace") -> int:
    """Print the rule.

    :param args: the options
    :returns: 0
    :raises UsageError: when the port says nothing of a USB device
    """
    if not args.link.replace("-", "").replace("_", "").isalnum() or not args.link.isascii():
        raise UsageError(f"--link takes letters and digits, not {args.link!r}")
    print(RULE.format(match=_match(args.port), link=args.link), end="")
    return 0


def _match(port: "Optional[str]") -> str:
    """Which devices are meant, in the language of rules."""
    if not port:
        makers = [word[4:] for words, _ in INDEX for word in words if word.startswith("usb ")]
        return f'ATTRS{{idVendor}}=="{"|".join(makers)}"'
    vendor, _, product = identity_of(port).usb.partition(":")
    if not all(len(number) == 4 and set(number) <= set("0123456789abcdef") for number in (vendor, product)):
        raise UsageError(f"{port} has no USB id; plug the phone in, see `lsusb`, and say usb://VENDOR:PRODUCT, for "
                         "example usb://0421:0508")
    return f'ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}"'


def _escaped(text: str) -> str:
    """A text in a unit: its own signs for what systemd fills in (systemd.unit, specifiers)."""
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """A word of a command line (systemd.service, command lines)."""
    word = _escaped(word).replace("$", "$$")
    if word and not set(word) & set(" \t\"'\\;"):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
