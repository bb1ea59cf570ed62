"""The WSGI application called directly, and behind a real waitress on a real socket."""

from __future__ import annotations

import io
import socket
import threading
from typing import Optional
from wsgiref.validate import validator

import pytest
from helpers import serving

from minisyncml.errors import DecodeError, LimitError, StoreError, TransportError, UsageError
from minisyncml.limits import DEFAULT
from minisyncml.transport.base import WBXML, XML, Packet
from minisyncml.transport.http import HttpTransport
from minisyncml.transport.wsgi import App, HttpServer

BODY = b"<SyncML>hello</SyncML>"


def call(app: object, method: str = "POST", body: bytes = BODY, content_type: str = XML,
         **environ: object) -> "tuple[str, dict[str, str], bytes]":
    base: "dict[str, object]" = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": "/sync", "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "box.lan:8080", "REMOTE_ADDR": "10.0.0.7",
        "CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body)), "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False}
    base.update(environ)
    base = {name: value for name, value in base.items() if value is not None}
    seen: "list[tuple[str, list[tuple[str, str]]]]" = []

    def start_response(status: str, headers: "list[tuple[str, str]]", exc_info: object = None) -> "object":
        seen.append((status, headers))
        return lambda data: None

    parts = app(base, start_response)  # type: ignore[operator]
    try:
        content = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    (status, headers), = seen
    return status, {name.lower(): value for name, value in headers}, content


def echo(packet: Packet, sender: str) -> Optional[Packet]:
    return Packet(packet.content_type, packet.body.upper(), hmac=packet.hmac)


def test_answer() -> None:
    status, headers, body = call(validator(App(echo)), HTTP_X_SYNCML_HMAC="mac=1")
    assert (status, body) == ("200 OK", BODY.upper())
    assert headers == {"content-type": XML, "content-length": str(len(BODY)), "cache-control": "private, no-store",
                       "x-syncml-hmac": "mac=1"}


def test_what_the_handler_is_told() -> None:
    seen = []

    def handle(packet: Packet, sender: str) -> None:
        seen.append((packet, sender))

    status, headers, body = call(App(handle), QUERY_STRING="s=1")
    assert (status, body, headers["content-length"]) == ("200 OK", b"", "0")
    assert seen == [(Packet(XML, BODY, "http://box.lan:8080/sync?s=1"), "10.0.0.7")]


@pytest.mark.parametrize("host", ["", "a b", "x<y", "x\"y", "ä.lan", "x" * 300])
def test_a_strange_host_header_is_not_believed(host: str) -> None:
    seen = []
    call(App(lambda packet, sender: seen.append(packet.to)), HTTP_HOST=host)
    assert seen == ["http://127.0.0.1:80/sync"]


def test_missing_type_is_sniffed() -> None:
    seen = []
    for body, content_type in ((BODY, None), (b"\x02\xa4\x01\x6a\x00", "application/octet-stream"), (BODY, "text/xml")):
        call(App(lambda packet, sender: seen.append(packet.content_type)), body=body, CONTENT_TYPE=content_type)
    assert seen == [XML, WBXML, XML]


@pytest.mark.parametrize("change, status", [
    ({"method": "GET"}, "405 Method Not Allowed"),
    ({"method": "PUT"}, "405 Method Not Allowed"),
    ({"method": "HEAD"}, "405 Method Not Allowed"),
    ({"content_type": "text/html"}, "415 Unsupported Media Type"),
    *(({"HTTP_ACCEPT_CHARSET": charset}, "406 Not Acceptable")
      for charset in ("iso-8859-1", "utf-16, us-ascii;q=0.5", "utf-8;q=0", "*;q=0.000", "*, utf-8; q=0.0")),
    ({"content_type": "", "body": b""}, "415 Unsupported Media Type"),
    ({"CONTENT_LENGTH": None}, "411 Length Required"),
    ({"CONTENT_LENGTH": "-5"}, "400 Bad Request"),
    ({"CONTENT_LENGTH": "+5"}, "400 Bad Request"),
    ({"CONTENT_LENGTH": "5x"}, "400 Bad Request"),
    ({"CONTENT_LENGTH": "99"}, "400 Bad Request"),               # the client hung up half-way
    ({"CONTENT_LENGTH": "9" * 5000}, "413 Content Too Large"),
    ({"CONTENT_LENGTH": str(DEFAULT.max_message + 1)}, "413 Content Too Large"),
])
def test_refused_before_the_handler(change: "dict[str, object]", status: str) -> None:
    def handle(packet: Packet, sender: str) -> None:
        raise AssertionError("not to be called")

    got, headers, body = call(App(handle), **change)  # type: ignore[arg-type]
    assert got == status
    assert headers["content-type"].startswith("text/plain")
    assert body.count(b"\n") == (0 if change.get("method") == "HEAD" else 1)
    assert ("allow" in headers) == status.startswith("405")


def test_a_body_of_unknown_length_where_the_server_ends_it() -> None:
    limits = DEFAULT._replace(max_message=len(BODY))
    app = App(echo, limits=limits)
    chunked = {"CONTENT_LENGTH": None, "wsgi.input_terminated": True}
    assert call(app, **chunked)[2] == BODY.upper()  # type: ignore[arg-type]
    assert call(app, body=BODY + b" ", **chunked)[0] == "413 Content Too Large"  # type: ignore[arg-type]


def test_too_large_is_refused_without_reading() -> None:
    class Stream(io.BytesIO):
        def read(self, size: Optional[int] = -1) -> bytes:
            raise AssertionError("read")

    app = App(echo, limits=DEFAULT._replace(max_message=10))
    assert call(app, **{"wsgi.input": Stream(BODY)})[0] == "413 Content Too Large"  # type: ignore[arg-type]


@pytest.mark.parametrize("error, status, told", [
    (DecodeError("no WBXML", 7), "400 Bad Request", b"no WBXML at byte 7\n"),
    (LimitError("too deep"), "413 Content Too Large", b"too deep\n"),
    (TransportError("too many sessions"), "503 Service Unavailable", b"too many sessions\n"),
    (StoreError("/home/ada/x is full"), "500 Internal Server Error", b"The server failed; its log says why.\n"),
    (ZeroDivisionError("1/0"), "500 Internal Server Error", b"The server failed; its log says why.\n"),
])
def test_errors_become_one_line(error: Exception, status: str, told: bytes) -> None:
    log: "list[str]" = []

    def handle(packet: Packet, sender: str) -> None:
        raise error

    got, headers, body = call(App(handle, log=log.append))
    assert (got, body) == (status, told)
    assert len(log) == (status[0] == "5" and status[:3] == "500")
    assert not log or (str(error) in log[0] and "\n" not in log[0])


# -- behind waitress -----------------------------------------------------------------------------------------------


def raw(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(data)
        connection.settimeout(20)
        got = b""
        while True:
            part = connection.recv(65536)
            if not part:
                return got
            got += part


def test_over_a_socket() -> None:
    with serving(App(echo)) as server:
        with HttpTransport(f"http://127.0.0.1:{server.port}/sync", environ={}) as http:
            for _ in range(3):
                assert http.send(Packet(XML, BODY)) == Packet(XML, BODY.upper())


def test_chunked_request_expect_and_http_1_0() -> None:
    with serving(App(echo)) as server:
        chunked = raw(server.port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nConnection: close\r\n"
                                   b"Transfer-Encoding: chunked\r\n\r\n4\r\n<abc\r\n2\r\n/>\r\n0\r\n\r\n")
        assert chunked.startswith(b"HTTP/1.1 200 OK\r\n") and chunked.endswith(b"\r\n\r\n<ABC/>")
        assert b"Content-Length: 6\r\n" in chunked
        expect = raw(server.port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nConnection: close\r\n"
                                  b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n<a/>")
        assert expect.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n") and expect.endswith(b"<A/>")
        old = raw(server.port, b"POST / HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<a/>")
        assert b" 200 OK\r\n" in old and old.endswith(b"<A/>")


def test_waitress_refuses_what_is_too_large() -> None:
    limits = DEFAULT._replace(max_message=1000)
    with serving(App(echo, limits=limits), limits=limits) as server:
        got = raw(server.port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 1001\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 413 ")
        got = raw(server.port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n"
                               b"Transfer-Encoding: chunked\r\n\r\n"
                               + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 413 ")
        assert b"Traceback" not in got


def test_clients_are_answered_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=20)

    def handle(packet: Packet, sender: str) -> Packet:
        together.wait()  # passes only when three requests are in the handler at once
        return packet

    with serving(App(handle)) as server:
        answers: "list[Optional[Packet]]" = []

        def ask() -> None:
            with HttpTransport(f"http://127.0.0.1:{server.port}/", environ={}) as http:
                answers.append(http.send(Packet(XML, BODY)))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert [a.body for a in answers if a] == [BODY] * 3


def test_where_it_cannot_listen() -> None:
    with pytest.raises(UsageError, match="no address"):
        HttpServer(App(echo), "no-such-host.invalid", 0)
    with serving(App(echo)) as server:
        with pytest.raises(TransportError, match="in use"):
            HttpServer(App(echo), "127.0.0.1", server.port)
