"""What several tests share: servers on loopback that live as long as a `with` block."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, Optional

from minisyncml.transport.wsgi import HttpServer

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MINISYNCML_SHARED") or ROOT.parent / "shared")


@contextmanager
def serving(app: object, **options: object) -> Iterator[HttpServer]:
    """Run a WSGI application on a free port of loopback."""
    server = HttpServer(app, "127.0.0.1", 0, **options)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()


class Request:
    """One HTTP request as it came over the wire."""

    def __init__(self, head: bytes, body: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.headers = {name.strip().lower(): value.strip() for name, _, value in
                        (line.partition(":") for line in lines[1:])}
        self.body = body


class RawServer:
    """Answers each request with what `script` says: bytes to send, or None to hang up without an answer.

    `script` is called with the request and its number; answers that say `Connection: close` end the connection.
    """

    def __init__(self, script: Callable[[Request, int], Optional[bytes]]) -> None:
        self.script = script
        self.requests: "list[Request]" = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/sync"
        self._thread = threading.Thread(target=self._accept)
        self._open: "list[socket.socket]" = []

    def __enter__(self) -> "RawServer":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _accept(self) -> None:
        workers = []
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            self.connections += 1
            self._open.append(connection)
            workers.append(threading.Thread(target=self._talk, args=(connection,)))
            workers[-1].start()
        for worker in workers:
            worker.join(20)

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                while True:
                    request = read_request(connection)
                    if request is None:
                        return
                    self.requests.append(request)
                    answer = self.script(request, len(self.requests))
                    if answer is None:
                        return
                    connection.sendall(answer)
                    if b"connection: close" in answer.lower():
                        return
            except OSError:
                return


def read_request(connection: socket.socket) -> Optional[Request]:
    """Read one request with Content-Length; None when the client is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    request = Request(head, body)
    while len(request.body) < int(request.headers.get("content-length", "0")):
        part = connection.recv(65536)
        if not part:
            return None
        request.body += part
    return request


def answer(body: bytes = b"", status: str = "200 OK", content_type: str = "application/vnd.syncml+xml",
           *headers: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
