"""TCP lines: OBEX over TCP (IANA port 650), emulated phones, serial servers in raw mode. No HTTP here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from minisyncml.errors import LinkError, UsageError
from minisyncml.transport.stream import FdLink

if TYPE_CHECKING:
    import socket

PORT = 650
PACKET = 32_767


class SocketLink(FdLink):
    """A connected stream socket.

    :param sock: the socket, connected; it is ours from now on
    :param name: what people call the line
    :param packet: OBEX packet size in bytes
    """

    def __init__(self, sock: "socket.socket", name: str, packet: int = PACKET) -> None:
        sock.setblocking(False)
        super().__init__(sock.fileno(), name, packet, sock.close)
        self._sock = sock   # a socket object that is collected closes its descriptor


class SocketListener:
    """Takes calls, one after the other.

    :ivar name: where it listens
    :ivar unannounced: why phones cannot find it by themselves and must be told its number; empty when they can, or
        when such a thing is not known to the bearer
    :param sock: a listening socket; it is ours from now on
    :param name: where it listens
    :param packet: OBEX packet size in bytes for its lines
    """

    def __init__(self, sock: "socket.socket", name: str, packet: int = PACKET) -> None:
        self.name = name
        self.unannounced = ""
        self._sock = sock
        self._packet = packet

    @property
    def port(self) -> int:
        """The TCP port or RFCOMM channel."""
        return int(self._sock.getsockname()[1])

    def accept(self, timeout: Optional[float] = None) -> Optional[SocketLink]:
        """Wait for a call.

        :param timeout: seconds; None waits for ever
        :returns: the line to the caller, None when nobody called in time
        :raises LinkError: when listening is no longer possible
        """
        import select
        try:
            poll = select.poll()
            poll.register(self._sock.fileno(), select.POLLIN)
            if not poll.poll(None if timeout is None else max(0, int(timeout * 1000))):
                return None
            sock, peer = self._sock.accept()
        except BlockingIOError:
            return None     # the caller was gone again before we looked
        except (OSError, ValueError) as error:
            raise LinkError(f"{self.name} takes no calls any more ({error})") from None
        return SocketLink(sock, f"{self.name} from {peer[0]}" if peer else self.name, self._packet)

    def close(self) -> None:
        """Take no more calls."""
        self._sock.close()

    def __enter__(self) -> "SocketListener":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def address(text: str) -> "tuple[str, int]":
    """Take `HOST:PORT` apart; a host with colons stands in brackets, the port may be missing (650).

    :param text: the address, without `tcp://`
    :returns: host and port
    :raises UsageError: when it is something else
    """
    host, _, port = text.rpartition(":") if not text.endswith("]") and ":" in text else (text, "", str(PORT))
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise UsageError(f"{text!r}: an address with colons stands in brackets, as in [::1]:650")
    if not host or not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65_536):
        raise UsageError(f"{text!r} is no HOST:PORT, for example 127.0.0.1:650")
    return host, int(port)


def connect(host: str, port: int, timeout: float = 15.0, packet: int = PACKET) -> SocketLink:
    """Call a TCP peer.

    :param host: name or address
    :param port: port
    :param timeout: seconds to wait for it
    :param packet: OBEX packet size in bytes
    :returns: the line
    :raises LinkError: when nobody answers there
    """
    import socket
    name = f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
    try:
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, UnicodeError) as error:
        raise LinkError(f"{name}: {reason(error)}") from None
    return SocketLink(sock, name, packet)


def listen(host: str, port: int = PORT, packet: int = PACKET) -> SocketListener:
    """Wait for TCP calls.

    :param host: address to listen on
    :param port: port; 0 picks a free one
    :param packet: OBEX packet size in bytes
    :returns: the listener
    :raises LinkError: when the port is taken or not allowed
    """
    import socket
    sock = None
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM,
                                                              flags=socket.AI_PASSIVE)[0]
        sock = socket.socket(family, kind, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)
        sock.listen(4)
        sock.setblocking(False)
    except (OSError, UnicodeError) as error:
        if sock is not None:
            sock.close()
        hint = "; ports below 1024 are root's, take another" if isinstance(error, PermissionError) else ""
        raise LinkError(f"cannot listen on {host} port {port}: {reason(error)}{hint}") from None
    shown = f"[{host}]" if ":" in host else host
    return SocketListener(sock, f"tcp://{shown}:{sock.getsockname()[1]}", packet)


def reason(error: Exception) -> str:
    """What a socket error says, in words.

    :param error: an OSError or what a host name raised
    :returns: lower case, no full stop
    """
    import socket
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "no answer in time"
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return "there is no such host"
    return str(getattr(error, "strerror", None) or error).lower()
