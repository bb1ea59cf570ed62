"""Bluetooth: RFCOMM lines and the sockets of service discovery. What records say is in `sdp`.

Python's socket module does it; no Bluetooth library is needed. Pairing is the system's business.
"""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING, NamedTuple, Optional, Sequence

from minisyncml.errors import DecodeError, LinkError, UsageError
from minisyncml.transport import sdp
from minisyncml.transport.sdpdata import Element, build
from minisyncml.transport.tcp import SocketLink, SocketListener

if TYPE_CHECKING:
    import socket

PACKET = 16_384     # what phones of that time offer on Bluetooth
ANY = "00:00:00:00:00:00"
HANDLES = 0x4D530000    # of our records; any that no other program here uses
CALLERS = 8             # phones that ask at the same time
SDP_PSM = 1
DAEMON = "/run/sdp"     # bluetoothd's own socket, there when it was started with --compat
WORDS = {
    errno.EHOSTDOWN: "the phone is switched off, out of reach, or its Bluetooth is off",
    errno.EHOSTUNREACH: "the phone is switched off, out of reach, or its Bluetooth is off",
    errno.ETIMEDOUT: "the phone did not answer in time",
    errno.ECONNREFUSED: "the phone refused: pair it with this computer first, and allow the connection on its screen",
    errno.EACCES: "the phone refused: remove the pairing on both sides and pair again",
    errno.EPERM: "the phone refused: remove the pairing on both sides and pair again",
    errno.EBADE: "the pairing is no longer valid: remove it on both sides and pair again",
    errno.ECONNRESET: "the phone hung up",
    errno.EBUSY: "another program uses this service of the phone",
    errno.EINVAL: "no Bluetooth adapter takes the call",
    errno.ENODEV: "there is no Bluetooth adapter, or it is switched off",
    errno.ENETDOWN: "there is no Bluetooth adapter, or it is switched off",
    errno.EAFNOSUPPORT: "this system has no Bluetooth",
    errno.EPROTONOSUPPORT: "this system has no Bluetooth",
}


class Target(NamedTuple):
    """A Bluetooth address and an RFCOMM channel, 0 when it is to be looked up."""

    address: str
    channel: int


class RfcommLink(SocketLink):
    """An RFCOMM line.

    :ivar service: what was looked up to get here, None when the channel was given
    """

    service: Optional[bytes] = None


def target(text: str) -> Target:
    """Take `00:11:22:33:44:55` or `00:11:22:33:44:55:CHANNEL` apart.

    :param text: what stands after `bt://`
    :returns: the address in capitals, and the channel
    :raises UsageError: when it is something else
    """
    parts = text.rstrip("/").split(":")
    digits = "0123456789abcdefABCDEF"
    if len(parts) in (6, 7) and all(len(part) == 2 and part[0] in digits and part[1] in digits for part in parts[:6]):
        number = parts[6] if len(parts) == 7 else "0"
        if number.isascii() and number.isdigit() and len(number) < 4 and (len(parts) == 6 or 1 <= int(number) <= 30):
            return Target(":".join(parts[:6]).upper(), int(number))
    raise UsageError(f"{text!r} is no Bluetooth address: bt://00:11:22:33:44:55, with :CHANNEL (1 to 30) if needed")


def connect(address: str, channel: int = 0, *, services: Sequence[bytes] = sdp.PHONE, timeout: float = 20.0,
            packet: int = PACKET) -> RfcommLink:
    """Call a phone.

    :param address: its Bluetooth address
    :param channel: RFCOMM channel; 0 looks it up, which is the way that keeps working
    :param services: UUIDs to look up, the best first
    :param timeout: seconds for each step
    :param packet: OBEX packet size in bytes
    :returns: the line
    :raises LinkError: when the phone does not answer or has none of the services
    """
    name = f"bt://{address}"
    found = None
    if not channel:
        found, channel = look_up(address, services, timeout)
    sock = bluetooth("RFCOMM")
    try:
        sock.settimeout(timeout)
        sock.connect((address, channel))
    except OSError as error:
        sock.close()
        raise LinkError(f"{name} channel {channel}: {reason(error)}") from None
    link = RfcommLink(sock, name, packet)
    link.service = found
    return link


def look_up(address: str, services: Sequence[bytes], timeout: float = 20.0) -> "tuple[bytes, int]":
    """Find the RFCOMM channel of the first of some services that a phone has.

    :param address: its Bluetooth address
    :param services: UUIDs, the best first
    :param timeout: seconds for each step
    :returns: the UUID found and its channel
    :raises LinkError: when the phone does not answer or has none of them
    """
    with Discovery(address, timeout) as discovery:
        for wanted in services:
            found = sdp.pick(discovery.search(wanted))
            if found is not None:
                return wanted, found.channel
    asked = " or ".join(dict.fromkeys(sdp.NAMES.get(wanted, wanted.hex()) for wanted in services))
    raise LinkError(f"bt://{address}: this phone offers no service for {asked}; `minisyncml phone info bt://{address}` "
                    "shows what it offers")


class Discovery:
    """A connection to the service discovery of another device.

    :param address: its Bluetooth address
    :param timeout: seconds for each step
    :raises LinkError: when it does not answer
    """

    def __init__(self, address: str, timeout: float = 20.0) -> None:
        self._name = f"bt://{address}"
        self._sock = bluetooth("L2CAP")
        try:
            self._sock.settimeout(timeout)
            self._sock.connect((address, SDP_PSM))
        except OSError as error:
            self._sock.close()
            raise LinkError(f"{self._name}: {reason(error)}") from None

    def search(self, wanted: bytes) -> "list[sdp.Service]":
        """Which services have a UUID?

        :param wanted: 16 bytes
        :returns: the services
        :raises LinkError: when the phone falls silent or answers nonsense
        """
        search = sdp.Search(wanted)
        try:
            while True:
                self._sock.sendall(search.request())
                data = self._sock.recv(65_540)
                if not data:
                    raise LinkError(f"{self._name}: the phone hung up while it was asked for its services")
                if search.feed(data):
                    return search.services()
        except OSError as error:
            raise LinkError(f"{self._name}: {reason(error)}") from None
        except DecodeError as error:
            raise LinkError(f"{self._name}: the list of its services cannot be read ({error})") from None

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def __enter__(self) -> "Discovery":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def listen(channel: int = 0, *, services: Sequence[bytes] = (), packet: int = PACKET) -> "RfcommListener":
    """Wait for RFCOMM calls.

    :param channel: 1 to 30; 0 takes a free one
    :param services: UUIDs under which phones find us, for example :data:`minisyncml.transport.sdp.SERVER`
    :param packet: OBEX packet size in bytes
    :returns: the listener; its `port` is the channel
    :raises LinkError: when there is no Bluetooth, the channel is taken, or neither a channel nor an announcement leads
        phones here
    """
    sock = bluetooth("RFCOMM")
    try:
        sock.bind((ANY, channel))
        sock.listen(1)
        sock.setblocking(False)
        taken = channel or int(sock.getsockname()[1])
    except OSError as error:
        sock.close()
        what = "another program has it" if error.errno == errno.EADDRINUSE else reason(error)
        raise LinkError(f"cannot take Bluetooth calls on channel {channel}: {what}") from None
    listener = RfcommListener(sock, f"bt://:{taken}", packet)
    try:
        if services:
            listener.announcement = Announcement(
                [sdp.record(HANDLES + taken * 16 + number, kind, taken, sdp.NAMES.get(kind, "OBEX"))
                 for number, kind in enumerate(services)])
    except LinkError as error:
        if not channel:
            listener.close()
            raise
        listener.unannounced = str(error)
    return listener


class RfcommListener(SocketListener):
    """Takes calls, and answers phones that look for us meanwhile where bluetoothd does not."""

    announcement: "Optional[Announcement]" = None

    def accept(self, timeout: Optional[float] = None) -> Optional[SocketLink]:
        """Wait for a call, see :meth:`minisyncml.transport.tcp.SocketListener.accept`.

        :param timeout: seconds; None waits for ever
        :returns: the line to the caller, None when nobody called in time
        :raises LinkError: when listening is no longer possible
        """
        own = self.announcement
        if own is None or own.asleep:
            return super().accept(timeout)
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            ready = own.answer(left, self._sock.fileno())
            if ready:
                return super().accept(0)
            if end is not None and time.monotonic() >= end:
                return None

    def close(self) -> None:
        """Take no more calls, and be found no more."""
        if self.announcement is not None:
            self.announcement.close()
        super().close()


class Announcement:
    """Makes records of ours known: through bluetoothd where it lets us, by answering ourselves where it does not run.

    :ivar asleep: whether bluetoothd answers; else somebody must call :meth:`answer` again and again
    :param records: attribute lists, see :func:`minisyncml.transport.sdp.record`
    :param daemon: bluetoothd's socket; records handed to it live as long as this object
    :raises LinkError: when neither works
    """

    def __init__(self, records: Sequence[Element], daemon: str = DAEMON) -> None:
        self._responder = sdp.Responder(records)
        self._callers: "list[socket.socket]" = []
        self.asleep = True
        try:
            self._sock = register(records, daemon)
        except OSError:
            self._sock = self._own()
            self.asleep = False

    def answer(self, timeout: Optional[float] = None, also: int = -1) -> bool:
        """Wait for phones that look for us, and answer what they ask.

        :param timeout: seconds; None waits for ever
        :param also: another descriptor to wait for
        :returns: whether there is something to read at `also`
        """
        if self.asleep:
            return False
        import select
        poll = select.poll()
        for number in [also] if also >= 0 else []:
            poll.register(number, select.POLLIN)
        for sock in [self._sock, *self._callers]:
            poll.register(sock.fileno(), select.POLLIN)
        ready = {number for number, _ in poll.poll(None if timeout is None else max(0, int(timeout * 1000 + 0.999)))}
        for caller in [one for one in self._callers if one.fileno() in ready]:
            if not self._reply(caller):
                self._callers.remove(caller)
                caller.close()
        if self._sock.fileno() in ready:
            self._take()
        return also in ready

    def _take(self) -> None:
        try:
            caller, _ = self._sock.accept()
        except OSError:
            return      # gone again
        caller.setblocking(False)
        self._callers.append(caller)
        if len(self._callers) > CALLERS:    # who asks nothing makes room
            self._callers.pop(0).close()

    def _reply(self, caller: "socket.socket") -> bool:
        try:
            data = caller.recv(65_540)
            if data:
                caller.send(self._responder.answer(data))
            return bool(data)
        except OSError:
            return False

    def close(self) -> None:
        """Take the records back."""
        for sock in [self._sock, *self._callers]:
            sock.close()

    def __enter__(self) -> "Announcement":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @staticmethod
    def _own() -> "socket.socket":
        sock = bluetooth("L2CAP")
        try:
            sock.bind((ANY, SDP_PSM))
            sock.listen(4)
            sock.setblocking(False)
        except OSError as error:
            sock.close()
            if error.errno == errno.EADDRINUSE:
                raise LinkError("bluetoothd takes no record from us: start it with --compat (systemctl edit bluetooth) "
                                "and be in the group of /run/sdp") from None
            if error.errno == errno.EACCES:
                raise LinkError("no right to announce a Bluetooth service: this needs root, or bluetoothd "
                                "with --compat") from None
            raise LinkError(f"no Bluetooth service can be announced: {reason(error)}") from None
        return sock


def register(records: Sequence[Element], daemon: str = DAEMON) -> "socket.socket":
    """Hand records to bluetoothd over its own socket, where they stay until it is closed.

    :param records: attribute lists
    :param daemon: the socket's path
    :returns: the connection
    :raises OSError: when nobody listens there or a record is refused
    """
    import socket
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(5.0)
        sock.connect(daemon)
        for number, one in enumerate(records, 1):
            sock.sendall(sdp.packet(0x75, number, b"\0" + build(one)))  # flags 0: gone when we are
            if sock.recv(256)[:1] != b"\x76":
                raise OSError(errno.EPROTO, "the record was refused")
    except OSError:
        sock.close()
        raise
    return sock


def bluetooth(kind: str) -> "socket.socket":
    """A Bluetooth socket.

    :param kind: `RFCOMM` or `L2CAP`
    :returns: the socket, not connected
    :raises LinkError: when Python or the system has none
    """
    import socket
    family = getattr(socket, "AF_BLUETOOTH", None)
    protocol = getattr(socket, f"BTPROTO_{kind}", None)
    if family is None or protocol is None:
        raise LinkError("this Python was built without Bluetooth; the system's own /usr/bin/python3 usually has it, "
                        "or connect the phone by cable")
    try:
        return socket.socket(family, socket.SOCK_STREAM if kind == "RFCOMM" else socket.SOCK_SEQPACKET, protocol)
    except OSError as error:
        raise LinkError(f"no Bluetooth socket: {reason(error)}") from None


def reason(error: OSError) -> str:
    """What a Bluetooth error means to people.

    :param error: what the socket raised
    :returns: lower case, no full stop
    """
    import socket
    if isinstance(error, (socket.timeout, TimeoutError)):
        return WORDS[errno.ETIMEDOUT]
    return WORDS.get(error.errno or 0) or (error.strerror or str(error)).lower()
