"""From the name of a port to an open line, and which ports there are. Each bearer has its own module."""

from __future__ import annotations

from typing import Optional

from minisyncml.errors import UsageError
from minisyncml.transport import tcp
from minisyncml.transport.link import Link
from minisyncml.transport.serial import SPEED, open_serial


def open_link(port: str, *, speed: int = SPEED, flow: Optional[bool] = None, timeout: float = 15.0) -> Link:
    """Open a line to a phone.

    :param port: `/dev/ttyACM0` or any other name that pyserial takes, a pty, `tcp://HOST:PORT`
    :param speed: baud of a serial port
    :param flow: hardware flow control of a serial port; None decides by the wire
    :param timeout: seconds to wait for a peer on a network
    :returns: the open line
    :raises LinkError: when it cannot be opened; the words say why and what to do
    :raises UsageError: when it is no name of a port
    """
    scheme, mark, rest = port.partition("://")
    if not mark:
        return open_serial(port, speed=speed, flow=flow)
    scheme = scheme.lower()
    if scheme == "tcp":
        return tcp.connect(*tcp.address(rest), timeout=timeout)
    if scheme in ("http", "https"):
        raise UsageError(f"{port} is a SyncML server; `minisyncml sync` talks to those")
    return open_serial(port, speed=speed, flow=flow)
