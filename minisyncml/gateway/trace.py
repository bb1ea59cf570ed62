"""What passes between two ends, told in a few words for people who watch."""

from __future__ import annotations

from typing import Callable, Iterator, Optional

from minisyncml.errors import RemoteProtocolError
from minisyncml.gateway.report import visible
from minisyncml.message import document
from minisyncml.message.commands import Alert, Command, Sync, name_of
from minisyncml.notify.base import PACKET as NOTIFICATION
from minisyncml.transport.base import Packet, Transport
from minisyncml.transport.pipe import Handler

Tap = Callable[[str, Packet], None]


class Watched(Transport):
    """A transport that tells what passes.

    :param transport: does the work
    :param tap: is shown each message, and `->` for one to the server, `<-` for an answer
    """

    def __init__(self, transport: Transport, tap: Tap) -> None:
        self._transport = transport
        self._tap = tap

    def send(self, packet: Packet) -> Optional[Packet]:
        """See :meth:`minisyncml.transport.base.Transport.send`."""
        self._tap("->", packet)
        answer = self._transport.send(packet)
        if answer is not None:
            self._tap("<-", answer)
        return answer

    def close(self) -> None:
        """Give up the connection."""
        self._transport.close()


def watched(handle: Handler, tap: Tap) -> Handler:
    """A server's handler that tells what passes.

    :param handle: does the work
    :param tap: is shown each message, with `->` or `<-` and the client's address in front
    :returns: the handler to use instead
    """
    def tell(packet: Packet, sender: str) -> Optional[Packet]:
        tap(f"{sender} ->", packet)
        answer = handle(packet, sender)
        if answer is not None:
            tap(f"{sender} <-", answer)
        return answer

    return tell


def summary(packet: Packet) -> str:
    """What a message says, in a few words.

    :param packet: the message
    :returns: its size, and its commands counted in order
    """
    size = f"{len(packet.body):>7,} bytes  "
    if packet.content_type == NOTIFICATION:
        return size + "notification"
    try:
        message = document.parse(packet.body, packet.content_type).message
    except RemoteProtocolError as error:
        return visible(size + f"no SyncML: {error}")
    counts: "dict[str, int]" = {}
    for word in _words(message.commands):
        counts[word] = counts.get(word, 0) + 1
    words = [word if count == 1 else f"{count} {word}" for word, count in counts.items()]
    return visible(size + ", ".join([*words, "Final"] if message.final else words))


def _words(commands: "tuple[Command, ...]") -> "Iterator[str]":
    for command in commands:
        if isinstance(command, Alert):
            yield f"Alert {command.code}"
        elif not isinstance(command, Sync):
            yield name_of(command)
        else:
            yield f"Sync {command.source}"
            for inner in command.commands:
                yield from [name_of(inner)] * len(getattr(inner, "items", ("",)))
