"""From the name of a port to an open line, and which ports there are. Each bearer has its own module."""

from __future__ import annotations

import os
from typing import Callable, NamedTuple, Optional, Sequence

from minisyncml.errors import UsageError
from minisyncml.transport import rfcomm, sdp, tcp, usb
from minisyncml.transport.link import Link
from minisyncml.transport.serial import SPEED, open_serial


class Port(NamedTuple):
    """Something that is plugged in or paired.

    `port` is what :func:`open_link` takes; `kind` is `serial`, `usb` or `bluetooth`; `label` what people call it;
    `vendor` and `product` are the USB ids, 0 when there are none; `serial` is the USB serial number.
    """

    port: str
    kind: str
    label: str
    vendor: int = 0
    product: int = 0
    serial: str = ""


def open_link(port: str, *, speed: int = SPEED, flow: Optional[bool] = None, timeout: float = 15.0,
              services: Sequence[bytes] = sdp.PHONE, accept: Optional[Callable[[Link], bool]] = None) -> Link:
    """Open a line to a phone.

    :param port: `/dev/ttyACM0`, a pty or any other name that pyserial takes, `bt://00:11:22:33:44:55[:CHANNEL]`,
        `usb://0421:0508[:INTERFACE]`, `tcp://HOST:PORT`
    :param speed: baud of a serial port
    :param flow: hardware flow control of a serial port; None decides by the wire
    :param timeout: seconds to wait for a peer on a network or a radio
    :param services: which Bluetooth services to look up when no channel is given, the best first
    :param accept: chooses among the interfaces of a USB phone, see :func:`minisyncml.transport.usb.open_usb`
    :returns: the open line
    :raises LinkError: when it cannot be opened; the words say why and what to do
    :raises UsageError: when it is no name of a port
    """
    scheme, mark, rest = port.partition("://")
    scheme = scheme.lower() if mark else ""
    if scheme == "tcp":
        return tcp.connect(*tcp.address(rest), timeout=timeout)
    if scheme == "bt":
        return rfcomm.connect(*rfcomm.target(rest), services=services, timeout=timeout)
    if scheme == "usb":
        return usb.open_usb(usb.identity(rest), accept)
    if scheme in ("http", "https"):
        raise UsageError(f"{port} is a SyncML server; `minisyncml sync` talks to those")
    return open_serial(port, speed=speed, flow=flow)


def open_listener(port: str, services: Sequence[bytes] = sdp.SERVER) -> tcp.SocketListener:
    """Let phones call.

    :param port: `tcp://HOST:PORT`, `bt://` for a free channel or `bt://:CHANNEL`
    :param services: what phones look for when they call over Bluetooth
    :returns: the listener
    :raises LinkError: when nobody can call there
    :raises UsageError: when it is something else
    """
    scheme, mark, rest = port.partition("://")
    if mark and scheme.lower() == "tcp":
        return tcp.listen(*tcp.address(rest))
    number = rest.lstrip(":")
    if mark and scheme.lower() == "bt" and (not number or number.isascii() and number.isdigit() and len(number) < 3
                                            and 1 <= int(number) <= 30):
        return rfcomm.listen(int(number or 0), services=services)
    raise UsageError(f"phones can call on tcp://HOST:PORT, or on bt:// or bt://:CHANNEL (1 to 30), not on {port!r}")


def list_ports(sys: str = "/sys", bluetooth: str = "/var/lib/bluetooth") -> "list[Port]":
    """What is plugged in or paired, as far as it can be told without rights and without asking a device.

    :param sys: where the kernel tells about devices
    :param bluetooth: where paired devices stand (root may look there)
    :returns: serial ports, USB devices with an OBEX interface, paired Bluetooth devices
    """
    return serial_ports() + usb_devices(sys) + paired_devices(bluetooth)


def serial_ports() -> "list[Port]":
    """The serial ports of this machine.

    :returns: those that pyserial finds
    """
    from serial.tools import list_ports as tool
    try:
        found = sorted(tool.comports())
    except OSError:
        return []
    return [Port(one.device, "serial", one.description if one.description != "n/a" else one.device,
                 one.vid or 0, one.pid or 0, one.serial_number or "") for one in found]


def usb_devices(sys: str = "/sys") -> "list[Port]":
    """USB devices with a CDC OBEX interface: phones in their `PC Suite` mode.

    :param sys: where the kernel tells about devices
    :returns: one entry for each device
    """
    base = os.path.join(sys, "bus/usb/devices")
    found: "dict[str, Port]" = {}
    for entry in names(base):
        device, colon, _ = entry.partition(":")
        where = os.path.join(base, entry)
        if not colon or (text(where, "bInterfaceClass"), text(where, "bInterfaceSubClass")) != ("02", "0b"):
            continue
        parent = os.path.join(base, device)
        vendor, product = hexadecimal(text(parent, "idVendor")), hexadecimal(text(parent, "idProduct"))
        label = " ".join(filter(None, (text(parent, "manufacturer"), text(parent, "product"))))
        found[device] = Port(f"usb://{vendor:04x}:{product:04x}", "usb", label or "USB phone", vendor, product,
                             text(parent, "serial"))
    return list(found.values())


def paired_devices(bluetooth: str = "/var/lib/bluetooth") -> "list[Port]":
    """Bluetooth devices that this machine is paired with.

    :param bluetooth: the folder of bluetoothd; who may not read it gets nothing
    :returns: one entry for each device
    """
    found: "dict[str, Port]" = {}
    for adapter in names(bluetooth):
        for address in names(os.path.join(bluetooth, adapter)):
            lines = text(os.path.join(bluetooth, adapter, address), "info", 16_384).splitlines()
            if len(address) == 17 and address.count(":") == 5 and "[LinkKey]" in lines:
                label = next((line[5:] for line in lines if line.startswith("Name=")), address)
                found[address] = Port(f"bt://{address}", "bluetooth", label)
    return list(found.values())


def names(folder: str) -> "list[str]":
    """What a folder holds.

    :param folder: its path
    :returns: names in order; none when it cannot be read
    """
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def text(folder: str, name: str, size: int = 256) -> str:
    """The start of a small text file.

    :param folder: where it is
    :param name: its name
    :param size: bytes to read
    :returns: its text without blanks around it; empty when it cannot be read
    """
    try:
        with open(os.path.join(folder, name), "rb") as file:
            return file.read(size).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def hexadecimal(digits: str) -> int:
    """A number that may not be there.

    :param digits: hexadecimal digits
    :returns: the number, 0 when it is none
    """
    try:
        return int(digits, 16)
    except ValueError:
        return 0
