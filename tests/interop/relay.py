"""A TCP relay in front of an HTTP server: counts bytes and requests, and keeps what passed when asked to."""

from __future__ import annotations

import selectors
import socket
import threading
from pathlib import Path
from typing import Dict, NamedTuple, Optional

from interop.processes import HOST


class Traffic(NamedTuple):
    """Bytes with HTTP headers to the server and back, and how many requests there were."""

    up: int
    down: int
    requests: int


class Relay:
    """Listens on a free port and passes everything on to `target`. Use as a context manager.

    :param target: port of the server
    :param record: a file for all bytes, in the order they passed
    """

    def __init__(self, target: int, record: Optional[Path] = None) -> None:
        self.target = target
        self.record = open(record, "wb") if record else None
        self.listener = socket.create_server((HOST, 0))
        self.port = int(self.listener.getsockname()[1])
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.wake, self.stopper = socket.socketpair()
        self.selector.register(self.wake, selectors.EVENT_READ)
        self.others: Dict[socket.socket, socket.socket] = {}
        self.clients: Dict[socket.socket, bytes] = {}
        self.up = self.down = self.requests = 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def take(self) -> Traffic:
        """What passed since the last call."""
        traffic = Traffic(self.up, self.down, self.requests)
        self.up = self.down = self.requests = 0
        return traffic

    def __enter__(self) -> "Relay":
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopper.send(b"x")
        self.thread.join()
        for one in (self.listener, self.wake, self.stopper, *self.others):
            one.close()
        if self.record:
            self.record.close()

    def _run(self) -> None:
        while True:
            for key, _ in self.selector.select():
                one = key.fileobj
                assert isinstance(one, socket.socket)
                if one is self.wake:
                    return
                if one is self.listener:
                    self._accept()
                elif one in self.others:
                    self._pass(one)

    def _accept(self) -> None:
        client, _ = self.listener.accept()
        try:
            server = socket.create_connection((HOST, self.target))
        except OSError:
            client.close()
            return
        self.others[client], self.others[server] = server, client
        self.clients[client] = b""
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(one, selectors.EVENT_READ)

    def _pass(self, one: socket.socket) -> None:
        other = self.others[one]
        try:
            data = one.recv(1 << 18)
            if data:
                self._count(one, data)
                other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for end in (one, other):
                self.selector.unregister(end)
                self.others.pop(end)
                self.clients.pop(end, None)
                end.close()

    def _count(self, one: socket.socket, data: bytes) -> None:
        if self.record:
            self.record.write(data)
            self.record.flush()
        if one not in self.clients:
            self.down += len(data)
            return
        self.up += len(data)
        seen = self.clients[one] + data
        self.requests += seen.count(b"POST /")
        self.clients[one] = seen[-5:]
