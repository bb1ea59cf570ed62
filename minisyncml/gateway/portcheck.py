"""What can be said of a port before it is opened: is it there, may we, does another program have it."""

from __future__ import annotations

import os
import stat
from typing import Iterator, NamedTuple

from minisyncml.errors import LinkError, UsageError
from minisyncml.transport import rfcomm, sdp
from minisyncml.transport.ports import list_ports
from minisyncml.transport.serial import MODEM_MANAGER, check_free, group_of

OK, TROUBLE, WRONG = "ok", "trouble", "wrong"
MANAGER = "ModemManager"


class Step(NamedTuple):
    """One thing that was looked at. `state` is ok, trouble (it may go on) or wrong (it cannot)."""

    name: str
    state: str
    words: str
    advice: str = ""


def check_port(port: str) -> "Iterator[Step]":
    """Look at a port; the last step is `wrong` when it cannot be used.

    :param port: as the user gave it
    :returns: the steps
    """
    scheme, mark, rest = port.partition("://")
    if not mark:
        yield from _device(port)
    elif scheme.lower() == "bt":
        yield from _bluetooth(rest)
    elif scheme.lower() == "usb":
        yield _usb()


def _device(port: str) -> "Iterator[Step]":
    if not os.path.exists(port):
        others = ", ".join(f"{one.port} ({one.label})" for one in list_ports()) or "none"
        yield Step("port", WRONG, f"there is no {port}; there are: {others}", "plug the phone in, choose the USB mode "
                   "PC Suite (or Phone mode) on it, and see `minisyncml phone list`")
        return
    if not stat.S_ISCHR(os.stat(port).st_mode):
        yield Step("port", WRONG, f"{port} is no serial port")
        return
    yield Step("port", OK, f"{port} is there")
    if not os.access(port, os.R_OK | os.W_OK):
        group = group_of(port)
        yield Step("rights", WRONG, f"no right to use {port}: it belongs to the group {group}",
                   f"sudo usermod -aG {group} $USER, then log in again")
        return
    yield Step("rights", OK, "we may read and write it")
    try:
        check_free(port)
    except LinkError as error:
        yield Step("free", WRONG, str(error).partition(". ")[0], MODEM_MANAGER)
        return
    if _runs(MANAGER) and os.path.basename(port).startswith(("ttyACM", "ttyUSB")):
        yield Step("free", TROUBLE, f"{MANAGER} runs; it may talk to the phone at the same time", MODEM_MANAGER)
    else:
        yield Step("free", OK, "no other program has it open")


def _bluetooth(rest: str) -> "Iterator[Step]":
    """The services by their UUIDs: three of similar names are common, and their channels differ from phone to phone."""
    try:
        address, channel = rfcomm.target(rest)
    except UsageError as error:
        yield Step("port", WRONG, str(error))
        return
    found: "list[tuple[bytes, sdp.Service]]" = []
    try:
        with rfcomm.Discovery(address) as discovery:
            for kind in (*sdp.PHONE, *sdp.FILES[:1], *sdp.FILES[2:]):
                found += [(kind, one) for one in discovery.search(kind)]
    except LinkError as error:
        yield Step("Bluetooth", WRONG, str(error),
                   "switch Bluetooth on at both ends, and pair them (bluetoothctl pair)")
        return
    for kind, one in found:
        yield Step("Bluetooth", OK, f"{sdp.NAMES.get(kind, kind.hex())} on channel {one.channel}"
                   + (f", called {one.name!r}" if one.name else ""))
    right = [one.channel for kind, one in found if kind == sdp.SYNCML_CLIENT]
    if channel and right and channel not in right:
        yield Step("channel", TROUBLE, f"channel {channel} is not the one for SyncML, that is {right[0]}",
                   f"leave the channel out: bt://{address}")
    elif not right:
        yield Step("channel", TROUBLE, "the phone announces no SyncML client")


def _usb() -> Step:
    try:
        import usb.core  # noqa: F401
    except ImportError:
        return Step("program", WRONG, "USB phones need pyusb, which is not installed", "pip install 'minisyncml[usb]'")
    return Step("program", OK, "pyusb is installed")


def _runs(name: str) -> bool:
    """Whether a program runs, as far as we may look."""
    try:
        processes = [one for one in os.listdir("/proc") if one.isdigit()]
    except OSError:
        return False
    for process in processes:
        try:
            with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as comm:
                if comm.read(64).strip() == name:
                    return True
        except OSError:
            continue
    return False
