"""The HTTP client: one POST for each message, repeated unchanged when its answer is lost (HTTP binding 1.2.1).

It knows connections, TLS, proxies, redirects and repeats. It knows nothing of what a message says.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
import os
import time
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Optional

from minisyncml.errors import AuthError, Error, RefusedError, TransportError, UsageError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.transport.base import WBXML, XML, Packet, Transport, media_type
from minisyncml.transport.proxy import Proxy, proxy_for
from minisyncml.version import VERSION

if TYPE_CHECKING:
    import http.client
    import socket
    import ssl

REDIRECTS = (301, 302, 307, 308)
BUSY = (429, 502, 503, 504)
MAX_REDIRECTS = 5
HINTS = {404: "check the path of the URL", 405: "this is no SyncML address"}


class Lost(Exception):
    """The connection failed or the answer was lost; the same message may be sent again."""


class Address(NamedTuple):
    """A URL taken apart: `target` is path and query as they stand in the request line."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a connection leads to."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class Reply(NamedTuple):
    """An HTTP answer, read whole. Header names are in lower case."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


def parse_url(url: str) -> Address:
    """Take a server's URL apart.

    :param url: an http or https URL without user and password
    :returns: the parts
    :raises UsageError: when it is something else
    """
    from urllib.parse import quote, urlsplit
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise UsageError(f"{url!r} is no URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c <= " " for c in url):
        raise UsageError(f"{url!r} is no http:// or https:// URL")
    if parts.username is not None:
        raise UsageError("a URL must not hold user and password; use --user and --password-file")
    target = quote(parts.path or "/", safe="/%:=&;,+!$'()*~@")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:=&;,+!$'()*~@?")
    return Address(parts.scheme, parts.hostname, port, target)


class HttpTransport(Transport):
    """A keep-alive connection to a SyncML server.

    :param url: where to send messages that name no other address
    :param limits: timeouts, repeats and the largest answer accepted
    :param credentials: (user, password) for a web server that asks for HTTP authentication of its own
    :param ca_file: PEM file with the certificate authority to trust instead of the system's
    :param insecure: accept any certificate
    :param environ: where proxies are looked up
    :param sleep: waits between repeats, in seconds
    """

    def __init__(self, url: str, *, limits: Limits = DEFAULT, credentials: "Optional[tuple[str, str]]" = None,
                 ca_file: Optional[str] = None, insecure: bool = False,
                 environ: Mapping[str, str] = os.environ, sleep: Callable[[float], None] = time.sleep) -> None:
        parse_url(url)
        self.url = url
        self.limits = limits
        self.sent = 0       #: bytes of message bodies sent, repeats included
        self.received = 0   #: bytes of answer bodies
        self._credentials = credentials
        self._ca_file = ca_file
        self._insecure = insecure
        self._environ = environ
        self._sleep = sleep
        self._connection: "Optional[http.client.HTTPConnection]" = None
        self._origin = ""               # what the connection leads to
        self._used = False              # it has carried an answer: it may be stale now
        self._reached = False           # the server answered at least once
        self._authorized = ""           # origin that asked for HTTP credentials
        self._moved: "dict[str, str]" = {}

    def send(self, packet: Packet) -> Optional[Packet]:
        """Post one message. A lost answer makes it send the identical message again.

        :param packet: the message; a relative `to` is taken from the transport's URL
        :returns: the answer, None when the server answers with nothing
        :raises TransportError: when no answer is to be had
        :raises RefusedError: when the web server answers with an HTTP error
        :raises AuthError: when the web server refuses its HTTP credentials
        """
        url = self._resolve(packet.to)
        delay = self.limits.retry_delay
        for left in range(self.limits.retries, -1, -1):
            try:
                return self._answer(url, self._post(url, packet))
            except Lost as lost:
                self._drop()
                if not left or not self._reached:
                    raise TransportError(str(lost)) from None
            self._sleep(delay)
            delay *= 2
        raise AssertionError  # the loop returns or raises

    @property
    def landed(self) -> str:
        """Where the server's redirects led to."""
        url = self.url
        for _ in range(MAX_REDIRECTS):
            url = self._moved.get(url, url)
        return url

    @property
    def reached(self) -> bool:
        """Whether a web server answered at all."""
        return self._reached

    def close(self) -> None:
        """Close the connection."""
        self._drop()

    # -- one message -----------------------------------------------------------------------------------------------

    def _resolve(self, to: Optional[str]) -> str:
        from urllib.parse import urljoin
        url = urljoin(self.url, to) if to else self.url
        return self._moved.get(url, url)

    def _post(self, url: str, packet: Packet) -> Reply:
        for _ in range(MAX_REDIRECTS + 1):
            address = self._address(url)
            reply = self._request(address, packet)
            self._reached = True
            if reply.status in BUSY:
                raise Lost(f"{address.origin} is busy (HTTP {reply.status}); try again later")
            if reply.status == 401 and self._credentials and self._authorized != address.origin:
                self._authorized = address.origin
            elif reply.status in REDIRECTS and reply.headers.get("location"):
                url = self._redirect(url, reply.headers["location"])
            else:
                return reply
        raise TransportError(f"{self.url} redirects in a circle")

    def _address(self, url: str) -> Address:
        try:
            address = parse_url(url)
        except UsageError:
            if url == self.url:
                raise
            raise TransportError(f"the server names an address that cannot be used: {url[:200]!r}") from None
        if address.scheme == "http" and self.url.lower().startswith("https:"):
            raise TransportError(f"the server leads from https to the unencrypted address {address.origin}; stopped")
        return address

    def _redirect(self, url: str, location: str) -> str:
        from urllib.parse import urljoin
        target = urljoin(url, location)
        self._moved[url] = target
        return target

    def _request(self, address: Address, packet: Packet) -> Reply:
        reused = self._connect(address)
        try:
            return self._exchange(address, packet)
        except Lost:
            self._drop()
            if not reused:
                raise
        self._connect(address)  # the server had closed the idle connection: a fresh one, at once
        return self._exchange(address, packet)

    def _exchange(self, address: Address, packet: Packet) -> Reply:
        from http.client import HTTPException
        connection = self._connection
        assert connection is not None
        proxy = self._proxy(address)
        target = address.origin + address.target if proxy and address.scheme == "http" else address.target
        try:
            connection.request("POST", target, packet.body, self._headers(address, packet, proxy))
            self.sent += len(packet.body)
            reply = self._read(address, connection.getresponse())
        except (OSError, HTTPException) as error:
            raise self._failure(error, address) from None
        self._used = True
        return reply

    def _headers(self, address: Address, packet: Packet, proxy: Optional[Proxy]) -> "dict[str, str]":
        headers = {"User-Agent": f"minisyncml/{VERSION}", "Accept": f"{WBXML}, {XML}", "Accept-Charset": "utf-8",
                   "Cache-Control": "no-store", "Content-Type": packet.content_type}
        if packet.hmac:
            headers["x-syncml-hmac"] = packet.hmac
        if self._credentials and self._authorized == address.origin:
            headers["Authorization"] = _basic(":".join(self._credentials))
        if proxy and proxy.credentials and address.scheme == "http":
            headers["Proxy-Authorization"] = _basic(proxy.credentials)
        return headers

    def _read(self, address: Address, response: "http.client.HTTPResponse") -> Reply:
        limit = self.limits.max_message
        promised = response.length
        if promised is not None and promised > limit:
            raise self._too_large(address)
        body = response.read(limit + 1)
        if len(body) > limit:
            raise self._too_large(address)
        if promised is not None and len(body) < promised:
            raise Lost(f"{address.origin} broke off in the middle of an answer")
        response.read()  # the end of a chunked answer, so that the connection can be used again
        self.received += len(body)
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, response.reason, headers, body)

    def _too_large(self, address: Address) -> TransportError:
        self._drop()
        return TransportError(f"{address.origin} sends a message of more than {self.limits.max_message} bytes; stopped")

    def _answer(self, url: str, reply: Reply) -> Optional[Packet]:
        if reply.status in (401, 407):
            who = "the proxy" if reply.status == 407 else "the web server"
            raise AuthError(f"{who} of {url} refuses the HTTP credentials (HTTP {reply.status})")
        if not 200 <= reply.status < 300:
            hint = HINTS.get(reply.status) or _said(reply)
            raise RefusedError(f"{url} answers HTTP {reply.status} {reply.reason}; {hint}".rstrip("; "), reply.status)
        if not reply.body:
            return None
        content_type = reply.headers.get("content-type", "")
        kind = media_type(content_type, reply.body)
        if kind is None:
            raise TransportError(f"{url} answers with {content_type or 'something'}, not with SyncML; check the URL")
        return Packet(kind, reply.body, None, reply.headers.get("x-syncml-hmac"))

    # -- the connection --------------------------------------------------------------------------------------------

    def _proxy(self, address: Address) -> Optional[Proxy]:
        return proxy_for(address.scheme, address.host, address.port, self._environ)

    def _connect(self, address: Address) -> bool:
        """Make the connection lead to the address; whether it is one that was used before."""
        if self._connection is not None and self._origin == address.origin:
            return self._used
        self._drop()
        connection = self._open(address)
        try:
            if address.scheme == "http":
                connection.sock = _dial(connection.host, connection.port, self.limits.connect_timeout)
            else:
                connection.connect()
        except OSError as error:
            connection.close()
            raise self._failure(error, address) from None
        if connection.sock is not None:
            connection.sock.settimeout(self.limits.read_timeout)
        self._connection, self._origin, self._used = connection, address.origin, False
        return False

    def _open(self, address: Address) -> "http.client.HTTPConnection":
        from http.client import HTTPConnection, HTTPSConnection
        proxy = self._proxy(address)
        host, port = (proxy.host, proxy.port) if proxy else (address.host, address.port)
        if address.scheme == "http":
            return HTTPConnection(host, port, timeout=self.limits.connect_timeout)
        secure = HTTPSConnection(host, port, timeout=self.limits.connect_timeout, context=self._tls())
        if proxy:
            headers = {"Proxy-Authorization": _basic(proxy.credentials)} if proxy.credentials else {}
            secure.set_tunnel(address.host, address.port, headers)
        return secure

    def _tls(self) -> "ssl.SSLContext":
        import ssl
        try:
            context = ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:  # ssl.SSLError is one
            reason = error.strerror or "no certificate in it"
            raise UsageError(f"cannot use the CA file {self._ca_file}: {reason}") from None
        if self._insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._origin = None, ""

    def _failure(self, error: Exception, address: Address) -> "Error | Lost":
        """What a low-level error means for the user; Lost when the same message may be tried again."""
        import socket
        import ssl
        where = address.origin
        if isinstance(error, ssl.SSLCertVerificationError):
            return TransportError(f"the certificate of {where} is not trusted ({error.verify_message}); "
                                  "--ca-file names its authority, --insecure skips the check")
        if isinstance(error, ssl.SSLError):
            return TransportError(f"no TLS with {where} ({error.reason or error}); is it an http:// address?")
        if isinstance(error, socket.gaierror):
            return Lost(f"the name {address.host} is not known; check the URL and the network")
        if isinstance(error, ConnectionRefusedError):
            return Lost(f"cannot connect to {where}: connection refused; is the server running?")
        if isinstance(error, socket.timeout):
            return Lost(f"{where} does not answer")
        if isinstance(error, OSError) and error.strerror:
            return Lost(f"no connection with {where}: {error.strerror.lower()}")
        if isinstance(error, ConnectionError):
            return Lost(f"{where} closed the connection without an answer")
        return Lost(f"{where} does not speak HTTP or broke off: {str(error) or type(error).__name__}")


def _dial(host: str, port: int, timeout: float) -> "socket.socket":
    """A connected socket. For a name as bytes the tables of IDNA, 0.7 MB of them, are not loaded."""
    import socket
    name: Any = host.encode("ascii") if host.isascii() else host
    sock = socket.create_connection((name, port), timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _said(reply: Reply) -> str:
    """What a server says for people in the body of an error, one line of it."""
    if not reply.headers.get("content-type", "").lower().startswith("text/plain"):
        return ""
    line = reply.body[:200].decode("utf-8", "replace").strip().partition("\n")[0]
    return "".join(c for c in line if c.isprintable())


def _basic(credentials: str) -> str:
    from binascii import b2a_base64
    return "Basic " + b2a_base64(credentials.encode("utf-8"), newline=False).decode("ascii")
