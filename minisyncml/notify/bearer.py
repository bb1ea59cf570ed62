"""What a way to push notifications is, and how the form that a device takes is found. The ways are in bearers.py."""

from __future__ import annotations

from typing import Callable, Iterable

from minisyncml.errors import Error, LinkError, RefusedError, RemoteProtocolError, UsageError
from minisyncml.transport.base import Packet


class Bearer:
    """A way to one device. Subclass it for another one. Use it as a context manager, or call :meth:`close`."""

    def push(self, notification: bytes, content_type: str) -> None:
        """Hand a notification over; nobody answers it.

        :param notification: the bytes
        :param content_type: their media type
        :raises RefusedError: when the device, or what leads to it, will not have it; another form may do
        :raises TransportError: when it cannot be delivered
        """
        raise NotImplementedError

    def close(self) -> None:
        """Give up the connection; the bearer is not used afterwards."""

    def __enter__(self) -> "Bearer":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def deliver(bearer: "Callable[[], Bearer]", offers: "Iterable[Packet]") -> Packet:
    """Push a notification in the first form that the device takes, each on a connection of its own: a phone that knows
    only the old form may refuse the new one, hang up, or be confused by it.

    :param bearer: opens the way to the device
    :param offers: the same wish in several forms, the best first
    :returns: what was taken
    :raises Error: when none was, for the reason that the first one was refused; or when the device cannot be reached
    """
    refused: "list[Error]" = []
    for offer in offers:
        with bearer() as way:
            try:
                way.push(offer.body, offer.content_type)
                return offer
            except (RefusedError, LinkError, RemoteProtocolError) as error:
                refused.append(error)
    raise refused[0] if refused else UsageError("there is nothing to push")
