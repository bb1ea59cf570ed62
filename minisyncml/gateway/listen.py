"""Phones that call us: a SyncML server that answers on a line. Its sessions are those of the HTTP server."""

from __future__ import annotations

from typing import Callable, Optional

from minisyncml.errors import Error
from minisyncml.gateway.serve import Server
from minisyncml.gateway.trace import Tap, watched
from minisyncml.limits import DEFAULT, Limits
from minisyncml.obex import codes
from minisyncml.transport.link import Link
from minisyncml.transport.obex import TIMEOUT, SyncMLService, serve


def listen(link: Link, server: Server, *, timeout: float = TIMEOUT, wait: Optional[float] = None, once: bool = False,
           limits: Limits = DEFAULT, tap: Optional[Tap] = None, stop: Callable[[], bool] = lambda: False,
           log: Callable[[str], None] = lambda line: None) -> None:
    """Answer whoever calls on a line.

    :param link: the open line; it is left open
    :param server: has the datastores, and reports what was done
    :param timeout: a session silent for so long is given up, in seconds
    :param wait: return when nobody called for so long, in seconds; None: never
    :param once: return after one OBEX session
    :param limits: bounds
    :param tap: is shown each message
    :param stop: asked about once in a second; true ends it
    :param log: is told in one line what went wrong
    :raises LinkError: when the line dropped, or carries something else than OBEX
    """
    handle = server.handle if tap is None else watched(server.handle, tap)

    def ended(error: Optional[Error]) -> None:
        server.hang_up(link.name)

    serve(link, {codes.SYNCML: lambda: SyncMLService(lambda packet: handle(packet, link.name), ended)},
          timeout=timeout, wait=wait, once=once, limits=limits, stop=stop, log=log)
