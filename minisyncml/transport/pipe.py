"""A transport without a network: the client calls the server. For demonstrations and tests."""

from __future__ import annotations

from typing import Callable, Optional

from minisyncml.transport.base import Packet, Transport

Handler = Callable[[Packet, str], Optional[Packet]]


class Pipe(Transport):
    """Hands each message to a server in the same process.

    :param handle: what answers, for example :meth:`minisyncml.gateway.serve.Server.handle`
    :param url: the address of the server, put into messages that name none
    :param sender: the address that the server takes us for
    :param tap: is shown every message, in both directions
    """

    def __init__(self, handle: Handler, url: str = "pipe://server", sender: str = "pipe",
                 tap: Optional[Callable[[Packet], None]] = None) -> None:
        self.url = url
        self._handle = handle
        self._sender = sender
        self._tap = tap

    def send(self, packet: Packet) -> Optional[Packet]:
        """Deliver one message and return the answer.

        :param packet: the message
        :returns: the answer, None when the server has nothing more to say
        """
        self._show(packet)
        answer = self._handle(packet if packet.to else packet._replace(to=self.url), self._sender)
        if answer is not None:
            self._show(answer)
        return answer

    def _show(self, packet: Packet) -> None:
        if self._tap is not None:
            self._tap(packet)
