"""A line of bytes to a phone: serial, RFCOMM, USB or TCP. What runs on it (AT, OBEX) is not known here."""

from __future__ import annotations

#: ports that lead to OBEX at once, where no AT command must be sent
STRAIGHT = ("tcp://", "bt://", "usb://")


class Link:
    """An open line. Subclass it for another bearer; the errors of the bearer become LinkError where they enter.

    :ivar name: what people call it, for example `/dev/ttyACM0`
    :ivar packet: the OBEX packet size in bytes that suits the bearer
    """

    name = ""
    packet = 8192

    def read(self, timeout: float) -> bytes:
        """Wait for bytes.

        :param timeout: how long, in seconds; 0 takes what is there
        :returns: whatever came, at least one byte; empty when nothing did in time
        :raises LinkError: when the line dropped or was closed at the other end
        """
        raise NotImplementedError

    def write(self, data: bytes, timeout: float) -> None:
        """Send all of it.

        :param data: the bytes
        :param timeout: how long to wait for a peer that takes nothing, in seconds
        :raises LinkError: when the line dropped, or took nothing for so long
        """
        raise NotImplementedError

    def send_break(self) -> None:
        """Send a break where the bearer has one, to bring a stuck phone back to its AT mode."""

    def set_speed(self, speed: int) -> bool:
        """Change the speed where the bearer has one.

        :param speed: baud
        :returns: whether it has
        :raises LinkError: when the port does not take this speed
        """
        return False

    def close(self) -> None:
        """Give the line up; it is not used afterwards. Never raises."""

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def is_port(target: str) -> bool:
    """Whether a target is a line and no URL of a server.

    :param target: what the user gave
    :returns: True for `tcp://`, `bt://`, `usb://` and devices
    """
    return target.lower().startswith((*STRAIGHT, "/dev/"))


def speaks_at(port: str) -> bool:
    """Whether the phone at a port may be in AT mode.

    :param port: as :func:`minisyncml.transport.ports.open_link` takes it
    :returns: False where OBEX is all there is: Bluetooth and USB services, TCP
    """
    return not port.lower().startswith(STRAIGHT)
