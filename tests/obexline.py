"""Both ends of a line with OBEX on it: a responder in a thread, over a socket pair, TCP or a pseudo-terminal."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator

from minisyncml.errors import LinkError
from minisyncml.transport.link import Link
from minisyncml.transport.obex import Services, serve
from minisyncml.transport.serial import PtyLink
from minisyncml.transport.tcp import SocketLink, listen


class Responder:
    """Answers on a link until it drops or the block ends.

    :ivar log: what it said
    :ivar error: why it ended, None while it is none
    """

    def __init__(self, link: Link, services: Services, **options: Any) -> None:
        self.link = link
        self.log: "list[str]" = []
        self.error: "LinkError | None" = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(services, options), daemon=True)

    def _run(self, services: Services, options: "dict[str, Any]") -> None:
        try:
            serve(self.link, services, stop=self._stop.is_set, log=self.log.append, **options)
        except LinkError as error:
            self.error = error
        finally:
            self.link.close()

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()

    def __enter__(self) -> "Responder":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self.join()


def pair(packet: int = 1024) -> "tuple[SocketLink, SocketLink]":
    """Two ends of one line."""
    ours, theirs = socket.socketpair()
    return SocketLink(ours, "our end", packet), SocketLink(theirs, "their end", packet)


@contextmanager
def on_pty(services: Services, packet: int = 1024, **options: Any) -> "Iterator[Responder]":
    """A responder on a pseudo-terminal; `link.name` is what a caller opens."""
    with Responder(PtyLink(packet), services, **options) as responder:
        yield responder


@contextmanager
def on_tcp(services: Services, packet: int = 1024, **options: Any) -> "Iterator[int]":
    """A responder on a free TCP port for one caller after the other; the port."""
    with listen("127.0.0.1", 0, packet) as listener:
        done = threading.Event()

        def work() -> None:
            while not done.is_set():
                link = listener.accept(0.2)
                if link is not None:
                    with link:
                        _quietly(lambda link=link: serve(link, services, stop=done.is_set, **options))  # type: ignore[misc]

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield listener.port
        finally:
            done.set()
            thread.join(20)
            assert not thread.is_alive()


def _quietly(work: "Callable[[], None]") -> None:
    try:
        work()
    except LinkError:
        pass    # the caller hung up
