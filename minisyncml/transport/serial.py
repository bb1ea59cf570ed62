"""Serial ports through pyserial: every name it takes, and ptys. What runs on them (AT, OBEX) is not known here.

pyserial opens and configures; waiting is ours where the port has a file descriptor, since each change of pyserial's
own timeouts sets up the whole port again (over rfc2217:// that is a round trip for each).
"""

from __future__ import annotations

import errno
import os
import time
from typing import Any, Optional

from minisyncml.errors import LinkError, UsageError
from minisyncml.transport.link import Link
from minisyncml.transport.stream import FdLink

SPEED = 115_200
PACKET = 1024       # a packet lost on a slow line is repeated whole; more than this gains nothing below 921,600 baud
PTYS = range(136, 144)      # device numbers of Linux
SLICE = 0.1         # seconds that a port without descriptor waits at a time
MODEM_MANAGER = ("ModemManager likes to take such ports: stop it (systemctl stop ModemManager) or exclude the phone "
                 "by a udev rule that sets ENV{ID_MM_DEVICE_IGNORE}=\"1\"")


class SerialLink(FdLink):
    """A serial port with a file descriptor: a device, a pty or `socket://`."""

    def __init__(self, port: Any, name: str, packet: int) -> None:
        super().__init__(port.fileno(), name, packet, port.close)
        self._port = port

    def send_break(self) -> None:
        """Send a break of a quarter of a second; ports that cannot do so do nothing."""
        send_break(self._port)

    def set_speed(self, speed: int) -> bool:
        """Change the speed.

        :param speed: baud
        :returns: whether the port has a speed at all
        :raises LinkError: when the port does not take this one
        """
        return set_speed(self._port, self.name, speed)

    def _blocked(self, timeout: float) -> LinkError:
        try:
            self._port.reset_output_buffer()    # else closing waits half a minute for it to go out
        except Exception:
            pass    # the port is gone, or has no such buffer
        return LinkError(f"{super()._blocked(timeout)}, or the cable lacks the lines for hardware flow control (switch "
                         "it off)")


class PollingLink(Link):
    """A port of pyserial without a file descriptor: `loop://`, `rfc2217://` and whatever else it may learn."""

    def __init__(self, port: Any, name: str, packet: int) -> None:
        self.name = name
        self.packet = packet
        self._port = port
        self._timed = not name.startswith("rfc2217://")     # its socket has a timeout of its own, 5 s

    def read(self, timeout: float) -> bytes:
        """Wait for bytes, see :meth:`minisyncml.transport.link.Link.read`.

        :param timeout: seconds, rounded up to tenths
        :returns: at least one byte, or nothing when nothing came in time
        :raises LinkError: when the line dropped
        """
        end = time.monotonic() + timeout
        try:
            while True:
                waiting = self._port.in_waiting
                if waiting or timeout > 0:
                    data: bytes = self._port.read(max(1, waiting))
                    if data:
                        return data
                if time.monotonic() >= end:
                    return b""
        except Exception as error:
            raise dropped(self.name, error) from None

    def write(self, data: bytes, timeout: float) -> None:
        """Send all of it, see :meth:`minisyncml.transport.link.Link.write`.

        :param data: the bytes
        :param timeout: seconds for each 256 bytes
        :raises LinkError: when the line dropped or is blocked
        """
        try:
            if self._timed and self._port.write_timeout != timeout:
                self._port.write_timeout = timeout
            for start in range(0, len(data), 256):
                self._port.write(data[start:start + 256])
        except Exception as error:
            if type(error).__name__ == "SerialTimeoutException":
                raise LinkError(f"{self.name} took nothing for {timeout:g} s: the phone hangs") from None
            raise dropped(self.name, error) from None

    def send_break(self) -> None:
        """Send a break of a quarter of a second where the port can."""
        send_break(self._port)

    def set_speed(self, speed: int) -> bool:
        """Change the speed, see :meth:`SerialLink.set_speed`.

        :param speed: baud
        :returns: whether the port has a speed at all
        :raises LinkError: when the port does not take this one
        """
        return set_speed(self._port, self.name, speed)

    def close(self) -> None:
        """Give the port up."""
        try:
            self._port.close()
        except Exception:
            pass    # a port that is gone cannot be closed better


class PtyLink(FdLink):
    """Our end of a new pseudo-terminal; its `name` is the device that the other program opens.

    We keep that device open as well: so programs come and go without the line dropping, as on a cable.

    :raises LinkError: when the system has no pseudo-terminals
    """

    def __init__(self, packet: int = PACKET) -> None:
        import tty
        try:
            ours, theirs = os.openpty()
        except OSError as error:
            raise LinkError(f"no pseudo-terminal is to be had ({error.strerror})") from None
        tty.setraw(theirs)
        os.set_blocking(ours, False)

        def release() -> None:
            os.close(theirs)
            os.close(ours)

        super().__init__(ours, os.ttyname(theirs), packet, release)


def open_serial(port: str, *, speed: int = SPEED, flow: Optional[bool] = None, packet: int = PACKET) -> Link:
    """Open a serial port for us alone.

    :param port: a device, a pty or a URL of pyserial
    :param speed: baud; USB and Bluetooth ports do not care
    :param flow: hardware flow control (RTS/CTS); None switches it on when the other side raises CTS: a cable
        without that wire would block for ever
    :param packet: OBEX packet size in bytes
    :returns: the open line
    :raises LinkError: when it cannot be opened; the words say why
    :raises UsageError: when the name or the speed is impossible
    """
    import serial
    if "\0" in port or not port:
        raise UsageError(f"{port!r} is no name of a port")
    try:
        opened = serial.serial_for_url(port, do_not_open=True, baudrate=speed, timeout=SLICE, rtscts=bool(flow))
        if "://" not in port:
            opened.exclusive = True
            check_free(port)
        opened.open()
    except LinkError:
        raise
    except ValueError as error:
        raise UsageError(f"{port}: {error}") from None
    except Exception as error:      # pyserial lets termios.error and OSError through at places
        raise refused(port, error) from None
    if flow is None:
        flow_if_wired(opened)
    try:
        return SerialLink(opened, port, packet)
    except Exception:               # io.UnsupportedOperation, AttributeError: no descriptor
        return PollingLink(opened, port, packet)


def check_free(port: str) -> None:
    """See that no other program has a device open: opening it twice works for root, and garbles both.

    :param port: the device; a pseudo-terminal may well be open at its other end
    :raises LinkError: when another program has it
    """
    holder = "" if is_pty(port) else holder_of(port)
    if holder:
        raise LinkError(f"{port} is in use by {holder}. {MODEM_MANAGER}")


def is_pty(port: str) -> bool:
    """Whether a device is a pseudo-terminal.

    :param port: its path
    :returns: True when it is one
    """
    try:
        return os.major(os.stat(port).st_rdev) in PTYS
    except OSError:
        return False


def flow_if_wired(port: Any) -> None:
    """Switch RTS/CTS on when the other side raises CTS.

    :param port: an open port of pyserial
    """
    try:
        if port.cts:
            port.rtscts = True
    except Exception:
        pass    # ptys have no such lines, rfc2217 servers may not tell


def send_break(port: Any) -> None:
    """Send a break where the port can.

    :param port: an open port of pyserial
    """
    try:
        port.send_break()
    except Exception:
        pass    # a port without break: the caller has other ways


def set_speed(port: Any, name: str, speed: int) -> bool:
    """Change the speed of a port.

    :param port: an open port of pyserial
    :param name: what people call it
    :param speed: baud
    :returns: whether the port has a speed at all
    :raises LinkError: when the port does not take this one
    """
    if name.startswith(("socket://", "loop://")) or is_pty(name):
        return False
    try:
        port.baudrate = speed
    except Exception as error:
        raise LinkError(f"{name} does not take {speed} baud ({error})") from None
    return True


def dropped(name: str, error: Exception) -> LinkError:
    """Words for a port that failed while it was open.

    :param name: the port
    :param error: what pyserial raised
    :returns: the error to raise
    """
    return LinkError(f"the line {name} dropped: the phone was unplugged or switched off, or another program reads the "
                     f"same port ({first_line(error)})")


def refused(port: str, error: Exception) -> LinkError:
    """Words for a port that could not be opened.

    :param port: its name
    :param error: what pyserial raised
    :returns: the error to raise
    """
    code = getattr(error, "errno", None)
    if code is None and error.args and isinstance(error.args[0], int):
        code = error.args[0]
    if "://" in port:
        return LinkError(f"{port} cannot be opened: {first_line(error)}")
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR):
        return LinkError(f"there is no port {port}: is the phone plugged in? `minisyncml phone list` shows the ports")
    if code in (errno.EACCES, errno.EPERM):
        group = group_of(port)
        return LinkError(f"no right to open {port}: add yourself to the group {group} (sudo usermod -aG {group} $USER) "
                         "and log in again")
    if code in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
        holder = holder_of(port)
        return LinkError(f"{port} is in use by {holder or 'another program'}. {MODEM_MANAGER}")
    if code == errno.EISDIR or "configure" in str(error) or code == errno.ENOTTY:
        return LinkError(f"{port} is no serial port")
    return LinkError(f"{port} cannot be opened: {first_line(error)}")


def first_line(error: Exception) -> str:
    """What an exception of another library says, as one line.

    :param error: the exception
    :returns: the words
    """
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).strip().partition("\n")[0]


def group_of(path: str) -> str:
    """The group that may open a device.

    :param path: the device
    :returns: its name; `dialout` when it cannot be told or is root's
    """
    import grp
    try:
        name = grp.getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"
    return "dialout" if name == "root" else name


def holder_of(path: str) -> str:
    """Which program has a device open, as far as we may look.

    :param path: the device
    :returns: for example `ModemManager (process 812)`, empty when it cannot be told
    """
    try:
        device = os.stat(path).st_rdev
        if not device:
            return ""
        processes = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
    except OSError:
        return ""
    for process in processes:
        try:
            for fd in os.listdir(f"/proc/{process}/fd"):
                if os.stat(f"/proc/{process}/fd/{fd}").st_rdev == device:
                    with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as comm:
                        return f"{comm.read(64).strip()} (process {process})"
        except OSError:
            continue    # not ours to look into, or gone meanwhile
    return ""
