"""The side that is called over a Link: the responder's loop, what a session is answered with, and SyncML as one such
service (SyncML OBEX binding). It knows time and the line; OBEX packets are known in :mod:`minisyncml.obex`.
"""

from __future__ import annotations

import time
from typing import Callable, Mapping, NamedTuple, Optional

from minisyncml.errors import (
    Error,
    ItemError,
    LimitError,
    LinkError,
    ObexError,
    RemoteProtocolError,
    StoreError,
    TransportError,
)
from minisyncml.limits import DEFAULT, Limits
from minisyncml.obex import codes, headers
from minisyncml.obex.headers import Pair
from minisyncml.obex.packets import BODY_LAST
from minisyncml.obex.server import Connect, Disconnect, Event, Fault, Get, Lock, Put, Server, SetPath
from minisyncml.transport.base import Packet
from minisyncml.transport.link import Link

TIMEOUT = 120.0     #: for one answer, in seconds; phones may think for more than a minute
QUIET = 10.0        #: a line silent for so long inside a packet has lost its end, or it was none
SLICE = 1.0         #: how often a responder that waits looks up, in seconds


class Reply(NamedTuple):
    """What a service gives: a body, and headers where there are any."""

    body: bytes = b""
    headers: "tuple[Pair, ...]" = ()


class Service:
    """What one session is answered with. Subclass it; raise :class:`ObexError` to refuse with its code.

    Another error of this package becomes the code that says it best. Methods may take their time: the peer waits.
    """

    def connect(self, request: Connect) -> None:
        """A session begins.

        :param request: with the target
        """

    def put(self, request: Put) -> "tuple[Pair, ...]":
        """Take an object, or delete it when `request.body` is None.

        :param request: headers and body
        :returns: headers of the answer
        """
        raise ObexError("nothing can be put here", codes.NOT_IMPLEMENTED)

    def get(self, request: Get) -> Reply:
        """Give an object.

        :param request: its headers say which
        :returns: the object
        """
        raise ObexError("nothing can be fetched here", codes.NOT_IMPLEMENTED)

    def setpath(self, request: SetPath) -> None:
        """Go to another folder.

        :param request: which
        """
        raise ObexError("there are no folders here", codes.NOT_IMPLEMENTED)

    def disconnect(self) -> None:
        """The session ended properly; it is answered when this returns."""

    def lost(self, error: Error) -> None:
        """The session ended otherwise: the line dropped, fell silent, or another session began on it.

        :param error: why
        """


Services = Mapping[bytes, Callable[[], Service]]


class SyncMLService(Service):
    """SyncML for a peer that called us: its PUT is handed on, its GET fetches the answer.

    :param handle: answers a message, None when nothing is owed; it may take its time
    :param on_end: is told None when the session ended properly, else why not
    :param ask: gives a message that was asked for though none is due; it is told the media type that is wanted
    """

    def __init__(self, handle: "Callable[[Packet], Optional[Packet]]",
                 on_end: "Callable[[Optional[Error]], None]" = lambda error: None,
                 ask: "Callable[[str], Optional[Packet]]" = lambda content_type: None) -> None:
        self._handle = handle
        self._on_end = on_end
        self._ask = ask
        self._answer: Optional[Packet] = None

    def put(self, request: Put) -> "tuple[Pair, ...]":
        if request.body is None:
            raise ObexError("a message without a body", codes.BAD_REQUEST)
        self._answer = None
        self._answer = self._handle(Packet(request.headers.type, request.body))
        return ()

    def get(self, request: Get) -> Reply:
        """The answer to the last message; asked for again, it is given again."""
        if self._answer is None:
            self._answer = self._ask(request.headers.type)
        if self._answer is None:
            raise ObexError("no message is due", codes.UNAVAILABLE)
        return Reply(self._answer.body, ((codes.TYPE, headers.type_value(self._answer.content_type)),))

    def disconnect(self) -> None:
        self._on_end(None)

    def lost(self, error: Error) -> None:
        self._on_end(error)


def serve(link: Link, services: Services, *, packet: Optional[int] = None, timeout: float = TIMEOUT,
          wait: Optional[float] = None, once: bool = False, limits: Limits = DEFAULT, eob: str = BODY_LAST,
          send_limit: int = codes.MAX_PACKET, lock: Optional[Lock] = None, password: str = "",
          stop: Callable[[], bool] = lambda: False, log: Callable[[str], None] = lambda line: None) -> None:
    """Answer whoever calls on a line, session after session, until the line drops.

    :param link: the open line; it is left open
    :param services: makes the service for a target, one for each session; the key of the inbox is empty
    :param packet: the largest packet that we take, in bytes; None: what suits the line
    :param timeout: a session silent for so long is given up, in seconds
    :param wait: return when nobody called for so long, in seconds; None: wait for ever
    :param once: return after one session
    :param limits: `max_message` bounds an object
    :param eob: how our objects end, `body-last` or `empty-last`
    :param send_limit: never send a packet above this, in bytes
    :param lock: who may connect; None: everybody
    :param password: what to prove when a caller asks
    :param stop: asked about once in a second; true ends it
    :param log: is told in one line what a peer did wrong, or what went wrong here
    :raises LinkError: when the line dropped, or carries something else than OBEX
    """
    machine = Server(packet or link.packet, limits.max_message, eob=eob, send_limit=send_limit, lock=lock,
                        password=password)
    _Loop(link, machine, services, timeout, log).run(wait, once, stop)


class _Loop:
    """One line that is answered."""

    def __init__(self, link: Link, machine: Server, services: Services, timeout: float,
                 log: Callable[[str], None]) -> None:
        self._link, self._machine, self._services = link, machine, services
        self._timeout, self._log = timeout, log
        self._service: Optional[Service] = None
        self._ended = False     # a session was and is no more

    def run(self, wait: Optional[float], once: bool, stop: Callable[[], bool]) -> None:
        heard = time.monotonic()
        try:
            while not stop() and not (once and self._ended):
                data = self._link.read(SLICE)
                silent = time.monotonic() - heard
                if data:
                    self._machine.receive(data)
                    self._work(self._machine.poll())
                    heard = time.monotonic()
                elif self._service is not None and silent >= self._timeout:
                    self._give_up(once)
                elif self._machine.inside and silent >= QUIET:
                    self._work(self._machine.quiet())
                elif self._service is None and wait is not None and silent >= wait:
                    return
        except LimitError as error:
            self._lose(error)
            self._link.write(self._machine.output(), QUIET)
            raise LinkError(f"{self._link.name}: {error}") from None
        except Error as error:
            self._lose(error)
            raise
        self._lose(LinkError("stopped"))

    def _give_up(self, once: bool) -> None:
        """The caller said nothing for too long; on a cable another one may come."""
        error = LinkError(f"{self._link.name}: the caller fell silent in the middle of a session")
        if once:
            raise error
        self._log(str(error))
        self._lose(error)
        self._machine.hang_up()

    def _work(self, event: Optional[Event]) -> None:
        """React to all that is there."""
        while True:
            if event is not None:
                self._react(event)
            out = self._machine.output()
            if out:
                self._link.write(out, self._timeout)
            if event is None:
                return
            event = self._machine.poll()

    def _react(self, event: Event) -> None:
        if isinstance(event, Fault):
            self._log(f"{self._link.name}: {event.error}")
            return
        try:
            self._serve(event)
        except ObexError as error:
            self._refuse(event, error.code & 0x7F or codes.INTERNAL_ERROR)
        except Error as error:
            self._log(str(error))
            self._refuse(event, _code(error))
        except Exception as error:  # a bug must cost this request only
            self._log(f"internal error: {type(error).__name__}: {error}")
            self._refuse(event, codes.INTERNAL_ERROR)

    def _serve(self, event: Event) -> None:
        machine, service = self._machine, self._service
        if isinstance(event, Connect):
            self._connect(event)
            machine.answer()
            return
        assert service is not None     # the machine lets nothing through before CONNECT
        if isinstance(event, Put):
            machine.answer(service.put(event))
        elif isinstance(event, Get):
            reply = service.get(event)
            machine.answer(reply.headers, reply.body)
        elif isinstance(event, SetPath):
            service.setpath(event)
            machine.answer()
        elif isinstance(event, Disconnect):
            self._service, self._ended = None, True
            service.disconnect()
            machine.answer()

    def _connect(self, event: Connect) -> None:
        self._lose(LinkError("the caller began another session"))
        make = self._services.get(event.target)
        if make is None:
            raise ObexError("no such service", codes.NOT_FOUND)
        self._ended = False
        service = make()
        service.connect(event)
        self._service = service

    def _refuse(self, event: Event, code: int) -> None:
        if isinstance(event, Disconnect):
            self._machine.answer()      # it leaves all the same
        else:
            self._machine.refuse(code)

    def _lose(self, error: Error) -> None:
        service, self._service = self._service, None
        if service is not None:
            self._ended = True
            try:
                service.lost(error)
            except Error as trouble:
                self._log(str(trouble))


def _code(error: Error) -> int:
    """The response code that says best what went wrong."""
    if isinstance(error, LimitError):
        return codes.TOO_LARGE
    if isinstance(error, RemoteProtocolError):
        return codes.BAD_REQUEST
    if isinstance(error, ItemError):
        return codes.TOO_LARGE if error.status == 413 else codes.UNSUPPORTED_TYPE
    if isinstance(error, StoreError):
        return codes.DATABASE_LOCKED if error.status == 417 else codes.DATABASE_FULL
    return codes.UNAVAILABLE if isinstance(error, TransportError) else codes.INTERNAL_ERROR
