"""The HTTP client against real sockets that answer, redirect, break off, lie and hang up."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Iterator

import pytest
from helpers import RawServer, Request, answer, read_request

from minisyncml.errors import AuthError, TransportError, UsageError
from minisyncml.limits import DEFAULT
from minisyncml.transport.base import WBXML, XML, Packet
from minisyncml.transport.http import HttpTransport, parse_url

HELLO = Packet(XML, b"<SyncML>hello</SyncML>")
FAST = DEFAULT._replace(read_timeout=0.2, connect_timeout=5.0)


def client(url: str, **options: object) -> HttpTransport:
    options.setdefault("environ", {})
    options.setdefault("sleep", lambda seconds: None)
    return HttpTransport(url, **options)  # type: ignore[arg-type]


def echo(request: Request, number: int) -> bytes:
    return answer(b"<SyncML>%d</SyncML>" % number)


def test_one_connection_carries_all_messages() -> None:
    with RawServer(echo) as server, client(server.url) as http:
        assert [http.send(HELLO), http.send(HELLO)] == [Packet(XML, b"<SyncML>1</SyncML>"),
                                                        Packet(XML, b"<SyncML>2</SyncML>")]
    assert server.connections == 1
    request = server.requests[0]
    assert request.line == "POST /sync HTTP/1.1"
    assert request.body == HELLO.body
    expected = {"content-type": XML, "content-length": str(len(HELLO.body)), "cache-control": "no-store",
                "accept-charset": "utf-8", "accept-encoding": "identity", "host": f"127.0.0.1:{server.port}"}
    assert {name: request.headers.get(name) for name in expected} == expected
    assert request.headers["user-agent"].startswith("minisyncml/")
    assert WBXML in request.headers["accept"] and XML in request.headers["accept"]
    assert "cookie" not in request.headers and "expect" not in request.headers


def test_cookies_are_ignored() -> None:
    script = lambda request, number: answer(b"<SyncML/>", "200 OK", XML, "Set-Cookie: a=b")  # noqa: E731
    with RawServer(script) as server, client(server.url) as http:
        http.send(HELLO)
        http.send(HELLO)
    assert all("cookie" not in request.headers for request in server.requests)


def test_hmac_header_both_ways() -> None:
    script = lambda request, number: answer(b"<SyncML/>", "200 OK", XML, "X-SyncML-HMAC: mac=theirs")  # noqa: E731
    with RawServer(script) as server, client(server.url) as http:
        reply = http.send(HELLO._replace(hmac="mac=ours"))
    assert server.requests[0].headers["x-syncml-hmac"] == "mac=ours"
    assert reply is not None and reply.hmac == "mac=theirs"


def test_resp_uri_is_the_next_target() -> None:
    with RawServer(echo) as server, client(server.url) as http:
        http.send(HELLO._replace(to=server.url + "?s=1&x=%20y"))
        http.send(HELLO._replace(to="/other;s=2"))
    assert [request.line for request in server.requests] == ["POST /sync?s=1&x=%20y HTTP/1.1",
                                                              "POST /other;s=2 HTTP/1.1"]


def test_chunked_answer() -> None:
    chunked = (b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.syncml+xml\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"4\r\n<Syn\r\n5\r\ncML/>\r\n0\r\n\r\n")
    with RawServer(lambda request, number: chunked) as server, client(server.url) as http:
        assert http.send(HELLO) == http.send(HELLO) == Packet(XML, b"<SyncML/>")
    assert server.connections == 1


def test_answer_that_ends_with_the_connection() -> None:
    with RawServer(lambda request, number: b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n<SyncML/>") as server:
        with client(server.url) as http:
            assert http.send(HELLO) == http.send(HELLO) == Packet(XML, b"<SyncML/>")
    assert server.connections == 2


@pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "204 No Content"])
def test_nothing_more_to_say(status: str) -> None:
    with RawServer(lambda request, number: answer(b"", status)) as server, client(server.url) as http:
        assert http.send(HELLO) is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_keeps_method_and_body(status: int) -> None:
    def script(request: Request, number: int) -> bytes:
        if "/sync " in request.line:
            return answer(b"moved", f"{status} Moved", "text/html", "Location: /there?x=1")
        return echo(request, number)

    with RawServer(script) as server, client(server.url) as http:
        assert http.send(HELLO) == Packet(XML, b"<SyncML>2</SyncML>")
        http.send(HELLO)  # goes to the new place at once
    assert [request.line.split()[1] for request in server.requests] == ["/sync", "/there?x=1", "/there?x=1"]
    assert all(request.line.startswith("POST ") and request.body == HELLO.body for request in server.requests)


def test_redirect_to_another_host() -> None:
    with RawServer(echo) as there:
        script = lambda request, number: answer(b"", "307 Moved", XML, f"Location: {there.url}")  # noqa: E731
        with RawServer(script) as here, client(here.url) as http:
            assert http.send(HELLO) == Packet(XML, b"<SyncML>1</SyncML>")


@pytest.mark.parametrize("location, words", [
    ("/sync", "in a circle"), ("ftp://127.0.0.1/", "cannot be used"), ("http://127.0.0.1:99999/", "cannot be used"),
])
def test_redirects_that_lead_nowhere(location: str, words: str) -> None:
    script = lambda request, number: answer(b"", "301 Moved", XML, f"Location: {location}")  # noqa: E731
    with RawServer(script) as server, client(server.url) as http, pytest.raises(TransportError, match=words):
        http.send(HELLO)


def test_lost_answer_makes_the_identical_message_go_again() -> None:
    waits: "list[float]" = []

    def script(request: Request, number: int) -> "bytes | None":
        return None if number in (2, 3) else echo(request, number)

    with RawServer(script) as server, client(server.url, sleep=waits.append) as http:
        http.send(HELLO)
        second = Packet(XML, b"<SyncML>second</SyncML>")
        assert http.send(second) == Packet(XML, b"<SyncML>4</SyncML>")
    assert [request.body for request in server.requests[1:]] == [second.body] * 3
    # 2: the kept connection fails; 3: at once on a fresh one; 4: after the first delay
    assert waits == [DEFAULT.retry_delay]


def test_repeats_are_bounded_and_back_off() -> None:
    waits: "list[float]" = []
    script = lambda request, number: echo(request, number) if number == 1 else None  # noqa: E731
    with RawServer(script) as server, client(server.url, sleep=waits.append) as http:
        http.send(HELLO)
        with pytest.raises(TransportError, match="closed the connection without an answer"):
            http.send(HELLO)
    assert waits == [1.0, 2.0, 4.0]
    assert len(server.requests) <= 2 + DEFAULT.retries + 1


@pytest.mark.parametrize("broken", [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 50\r\nConnection: close\r\n\r\n<Syn",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n50\r\n<Syn",
    b"garbage\r\nConnection: close\r\n\r\n",
])
def test_broken_answer_is_asked_for_again(broken: bytes) -> None:
    script = lambda request, number: broken if number == 2 else echo(request, number)  # noqa: E731
    with RawServer(script) as server, client(server.url) as http:
        http.send(HELLO)
        assert http.send(HELLO) == Packet(XML, b"<SyncML>3</SyncML>")


def test_busy_server_is_tried_again() -> None:
    waits: "list[float]" = []
    script = lambda request, number: answer(b"", "503 Busy") if number < 3 else echo(request, number)  # noqa: E731
    with RawServer(script) as server, client(server.url, sleep=waits.append) as http:
        assert http.send(HELLO) == Packet(XML, b"<SyncML>3</SyncML>")
    assert waits == [1.0, 2.0]


def test_silence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with client(url, limits=FAST) as http, pytest.raises(TransportError, match="does not answer"):
            http.send(HELLO)


def test_first_contact_is_not_repeated() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    waits: "list[float]" = []
    with client(f"http://127.0.0.1:{port}/", sleep=waits.append) as http:
        with pytest.raises(TransportError, match="connection refused; is the server running"):
            http.send(HELLO)
    assert waits == []


def test_unknown_name() -> None:
    with client("http://no-such-host.invalid/") as http, pytest.raises(TransportError, match="not known"):
        http.send(HELLO)


@pytest.mark.parametrize("head", [b"Content-Length: 1001\r\n", b"Transfer-Encoding: chunked\r\n",
                                  b"Connection: close\r\n"])
def test_too_large_answer(head: bytes) -> None:
    body = b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n" if b"chunked" in head else b"x" * 1001
    raw = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.syncml+xml\r\n" + head + b"\r\n" + body
    limits = DEFAULT._replace(max_message=1000)
    with RawServer(lambda request, number: raw) as server, client(server.url, limits=limits) as http:
        with pytest.raises(TransportError, match="more than 1000 bytes"):
            http.send(HELLO)


@pytest.mark.parametrize("status, content_type, words", [
    ("404 Not Found", "text/html", "HTTP 404 Not Found; check the path"),
    ("500 Oops", "text/plain", "HTTP 500 Oops; <html>sorry</html>$"),
    ("500 Oops", "text/html", "HTTP 500 Oops$"),
    ("200 OK", "text/html; charset=utf-8", "answers with text/html; charset=utf-8, not with SyncML"),
    ("303 See Other", "text/html", "HTTP 303"),
])
def test_what_is_no_syncml(status: str, content_type: str, words: str) -> None:
    script = lambda request, number: answer(b"<html>sorry</html>", status, content_type)  # noqa: E731
    with RawServer(script) as server, client(server.url) as http, pytest.raises(TransportError, match=words) as caught:
        http.send(HELLO)
    assert "\n" not in str(caught.value)


def test_http_authentication_only_when_asked() -> None:
    def script(request: Request, number: int) -> bytes:
        if request.headers.get("authorization") == "Basic YWRhOnMzY3JldA==":
            return echo(request, number)
        return answer(b"", "401 Unauthorized", "text/html", 'WWW-Authenticate: Basic realm="x"')

    with RawServer(script) as server:
        with client(server.url, credentials=("ada", "s3cret")) as http:
            assert http.send(HELLO) == Packet(XML, b"<SyncML>2</SyncML>")
            assert http.send(HELLO) == Packet(XML, b"<SyncML>3</SyncML>")
        for options in ({}, {"credentials": ("ada", "wrong")}):
            with client(server.url, **options) as http, pytest.raises(AuthError, match="HTTP 401"):
                http.send(HELLO)
    assert "authorization" not in server.requests[0].headers


def test_proxy_for_http_sees_the_whole_url() -> None:
    with RawServer(echo) as proxy:
        environ = {"http_proxy": f"http://ada:pw@127.0.0.1:{proxy.port}"}
        with client("http://sync.example.org/path?x=1", environ=environ) as http:
            http.send(HELLO)
    assert proxy.requests[0].line == "POST http://sync.example.org:80/path?x=1 HTTP/1.1"
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic YWRhOnB3"


@pytest.mark.parametrize("url", ["ftp://host/", "host", "http://", "http://a:b@host/", "http://host:port/",
                                 "http://h/a b"])
def test_urls_that_are_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UsageError):
        HttpTransport(url)


def test_parse_url() -> None:
    assert parse_url("http://Host:8080/a%20b?c=d") == ("http", "host", 8080, "/a%20b?c=d")
    assert parse_url("https://[::1]").origin == "https://[::1]:443"
    assert parse_url("http://host/sync/ü").target == "/sync/%C3%BC"


# -- TLS -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, Path]":
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def tls_port(certificate: "tuple[Path, Path]") -> Iterator[int]:
    """A TLS server that answers every request with a redirect for /down, else with SyncML."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(raw, server_side=True) as connection:
                    request = read_request(connection)
                    if request is not None:
                        moved = answer(b"", "301 Moved", XML, "Location: http://localhost:1/", "Connection: close")
                        connection.sendall(moved if " /down " in request.line else
                                           answer(b"<SyncML/>", "200 OK", XML, "Connection: close"))
            except OSError:
                continue

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(20)


def test_tls(certificate: "tuple[Path, Path]", tls_port: int) -> None:
    url = f"https://localhost:{tls_port}/"
    with client(url, ca_file=str(certificate[0])) as http:
        assert http.send(HELLO) == Packet(XML, b"<SyncML/>")
        assert http.send(HELLO) == Packet(XML, b"<SyncML/>")
    with client(url, insecure=True) as http:
        assert http.send(HELLO) == Packet(XML, b"<SyncML/>")
    with client(url) as http, pytest.raises(TransportError, match="not trusted.*--ca-file"):
        http.send(HELLO)
    with client(url + "down", insecure=True) as http, pytest.raises(TransportError, match="unencrypted address"):
        http.send(HELLO)


def test_tls_against_plain_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        with client(url) as http, pytest.raises(TransportError, match="http:// address"):
            http.send(HELLO)
        thread.join(20)


def test_tls_through_a_proxy(certificate: "tuple[Path, Path]", tls_port: int) -> None:
    connects: "list[str]" = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def relay() -> None:
            near, _ = listener.accept()
            request = read_request(near)
            assert request is not None
            connects.append(request.line)
            far = socket.create_connection(("127.0.0.1", tls_port))
            near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(far, near))
            back.start()
            pump(near, far)
            back.join(20)
            near.close()
            far.close()

        thread = threading.Thread(target=relay)
        thread.start()
        environ = {"https_proxy": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        with client(f"https://localhost:{tls_port}/", ca_file=str(certificate[0]), environ=environ) as http:
            assert http.send(HELLO) == Packet(XML, b"<SyncML/>")
        thread.join(20)
    assert [line.rpartition("/")[0] for line in connects] == [f"CONNECT localhost:{tls_port} HTTP"]


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_missing_ca_file(tmp_path: Path) -> None:
    with client("https://localhost:1/", ca_file=str(tmp_path / "none.pem")) as http:
        with pytest.raises(UsageError, match="none.pem"):
            http.send(HELLO)
