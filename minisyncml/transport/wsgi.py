"""The HTTP server side: a plain WSGI application, and a waitress server to run it (HTTP binding 1.2.1).

Whatever SyncML has to say, refusals included, goes out with HTTP status 200; other statuses are for what is no SyncML.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Callable, Iterable, Optional

from minisyncml.errors import Error, LimitError, RemoteProtocolError, TransportError, UsageError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.transport.base import Packet, media_type
from minisyncml.transport.pipe import Handler

if TYPE_CHECKING:
    import socket

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ABOUT = "This is the address of a SyncML server. Enter it in the synchronization settings of a phone or program.\n"
REASONS = {200: "OK", 400: "Bad Request", 405: "Method Not Allowed", 406: "Not Acceptable", 411: "Length Required",
           413: "Content Too Large", 415: "Unsupported Media Type", 500: "Internal Server Error",
           503: "Service Unavailable"}


class Refusal(Exception):
    """A request that gets no SyncML answer."""

    def __init__(self, status: int, words: str, *headers: "tuple[str, str]") -> None:
        super().__init__(words)
        self.status = status
        self.headers = list(headers)


class App:
    """A WSGI application that answers SyncML messages.

    :param handle: takes a message and the client's address, returns the answer or None. A TransportError of it says
        that the server is full, any RemoteProtocolError that the message cannot be answered
    :param limits: `max_message` bounds a request
    :param about: what a person sees who opens the address in a browser
    :param log: is told in one line what went wrong on our side
    """

    def __init__(self, handle: Handler, *, limits: Limits = DEFAULT, about: str = ABOUT,
                 log: Callable[[str], None] = lambda line: None) -> None:
        self._handle = handle
        self._limits = limits
        self._about = about
        self._log = log

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333).

        :param environ: the request
        :param start_response: takes status and headers
        :returns: the body
        """
        headers = [("Cache-Control", "private, no-store")]
        try:
            answer = self._answer(environ)
            status, body = 200, b"" if answer is None else answer.body
            if answer is not None:
                headers.append(("Content-Type", answer.content_type))
                if answer.hmac:
                    headers.append(("x-syncml-hmac", answer.hmac))
        except Refusal as refusal:
            status, body = refusal.status, f"{refusal}\n".encode()
            headers += [("Content-Type", "text/plain; charset=utf-8"), *refusal.headers]
        headers.append(("Content-Length", str(len(body))))
        start_response(f"{status} {REASONS[status]}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: "WSGIEnvironment") -> Optional[Packet]:
        if environ["REQUEST_METHOD"] != "POST":
            raise Refusal(405, self._about.rstrip(), ("Allow", "POST"))
        body = read_body(environ, self._limits.max_message)
        kind = media_type(environ.get("CONTENT_TYPE") or "", body)
        if kind is None:
            raise Refusal(415, "SyncML is expected, application/vnd.syncml+wbxml or application/vnd.syncml+xml")
        if not takes_utf8(environ.get("HTTP_ACCEPT_CHARSET") or ""):
            raise Refusal(406, "Answers are in UTF-8.")
        packet = Packet(kind, body, request_url(environ), environ.get("HTTP_X_SYNCML_HMAC"))
        try:
            return self._handle(packet, environ.get("REMOTE_ADDR") or "")
        except LimitError as error:
            raise Refusal(413, str(error)) from None
        except RemoteProtocolError as error:
            raise Refusal(400, str(error)) from None
        except TransportError as error:
            raise Refusal(503, str(error), ("Retry-After", "30")) from None
        except Error as error:
            self._log(str(error))
        except Exception as error:  # a bug must cost this request only
            self._log(f"internal error: {type(error).__name__}: {error} ({_place(error)})")
        raise Refusal(500, "The server failed; its log says why.")


def takes_utf8(accepted: str) -> bool:
    """Whether an Accept-Charset admits what we answer in (HTTP binding 1.2.1: else 406).

    :param accepted: the header, empty when there is none
    :returns: True when UTF-8, or anything, is named with a weight above 0, or nothing is named at all
    """
    weights: "dict[str, bool]" = {}
    for one in accepted.lower().split(","):
        name, _, rest = one.partition(";")
        weight = rest.partition("=")[2].strip()
        if name.strip():
            weights[name.strip().strip('"')] = not weight or any(char in "123456789" for char in weight)
    return not weights or weights.get("utf-8", weights.get("utf8", weights.get("*", False)))


def read_body(environ: "WSGIEnvironment", limit: int) -> bytes:
    """Read a request body, refusing it by its length before reading where that is possible.

    :param environ: the request
    :param limit: the largest body, in bytes
    :returns: the whole body
    :raises Refusal: without length, too long, or cut short
    """
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH") or ""
    if length:
        if not (length.isascii() and length.isdigit()):
            raise Refusal(400, "Content-Length is no number")
        if len(length) > 12 or int(length) > limit:
            raise Refusal(413, f"A message may have {limit} bytes.")
        body: bytes = _read(stream, int(length))
        if len(body) < int(length):
            raise Refusal(400, "The request was cut short.")
        return body
    if not environ.get("wsgi.input_terminated"):
        raise Refusal(411, "Content-Length is missing.")
    body = _read(stream, limit + 1)
    if len(body) > limit:
        raise Refusal(413, f"A message may have {limit} bytes.")
    return body


def _read(stream: object, size: int) -> bytes:
    parts: "list[bytes]" = []
    while size > 0:
        try:
            part: bytes = stream.read(min(size, 1 << 18))  # type: ignore[attr-defined]
        except OSError:
            part = b""
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def request_url(environ: "WSGIEnvironment") -> str:
    """The URL that the client posted to, as far as we can see it (a proxy may have changed it).

    :param environ: the request
    :returns: an absolute URL
    """
    from urllib.parse import quote
    host = environ.get("HTTP_HOST") or ""
    if not host.isascii() or not all(c.isalnum() or c in "-._:[]" for c in host) or not 0 < len(host) < 256:
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    path = quote(path, safe="/:;,=@!$&'()*+~", encoding="latin-1")
    query = environ.get("QUERY_STRING") or ""
    return f"{environ['wsgi.url_scheme']}://{host}{path or '/'}" + (f"?{query}" if query else "")


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


class HttpServer:
    """A waitress server for one application, listening from its construction on.

    :param app: a WSGI application
    :param host: address to listen on, for example `127.0.0.1` or `::`
    :param port: port; 0 picks a free one
    :param limits: `max_message` bounds a request, `max_sessions` the open connections
    :raises UsageError: when there is no such address here
    :raises TransportError: when the port is taken or not allowed
    """

    THREADS = 4

    def __init__(self, app: "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]", host: str, port: int,
                 limits: Limits = DEFAULT) -> None:
        import logging

        from waitress.server import create_server
        logging.getLogger("waitress").setLevel(logging.CRITICAL)  # the app says what a user must know
        sock = _listen(host, port)
        self.host, self.port = sock.getsockname()[:2]
        self._stopping = False
        self._awake = allocate_lock()
        self._map: "dict[int, object]" = {}
        self._server = create_server(
            app, map=self._map, sockets=[sock], threads=self.THREADS, ident=None, expose_tracebacks=False,
            connection_limit=2 * limits.max_sessions + self.THREADS, channel_timeout=300, backlog=64,
            max_request_body_size=limits.max_message, max_request_header_size=16_384, asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True)

    def run(self) -> None:
        """Serve until :meth:`stop`, SystemExit or KeyboardInterrupt; then close everything."""
        loop = self._server.asyncore.loop
        try:
            while not self._stopping:
                loop(timeout=60, use_poll=True, map=self._map, count=1)
        finally:
            self._awake.acquire()   # for good: nobody wakes what is closed
            self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
            self._server.asyncore.close_all(map=self._map, ignore_all=True)

    def stop(self) -> None:
        """Make :meth:`run` return; may be called from any thread and from a signal handler."""
        self._stopping = True
        if self._awake.acquire(False):  # else it is ending or being woken; a handler must not wait
            self._server.pull_trigger()
            self._awake.release()


def _listen(host: str, port: int) -> "socket.socket":
    import socket
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM,
                                                                flags=socket.AI_PASSIVE)[0]
        sock = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError):
        raise UsageError(f"{host!r} is no address of this machine") from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise TransportError(f"cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}") from None
    return sock
