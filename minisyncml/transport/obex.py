"""OBEX over a Link: the caller, the responder's loop, and SyncML over both (SyncML OBEX binding).

It knows time and the line. What OBEX packets look like is known in :mod:`minisyncml.obex`, what SyncML messages say is
not known here.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Mapping, NamedTuple, NoReturn, Optional

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
from minisyncml.obex.client import Answer
from minisyncml.obex.client import Client as Machine
from minisyncml.obex.headers import Headers, Pair
from minisyncml.obex.packets import BODY_LAST
from minisyncml.obex.server import Connect, Disconnect, Event, Fault, Get, Lock, Put, SetPath
from minisyncml.obex.server import Server as Responder
from minisyncml.transport.base import WBXML, Packet, Transport
from minisyncml.transport.link import Link

TIMEOUT = 120.0     #: for one answer, in seconds; phones may think for more than a minute
QUIET = 10.0        #: a line silent for so long inside a packet has lost its end, or it was none
DRAIN = 64          #: reads of what is in the line before a call
SLICE = 1.0         #: how often a responder that waits looks up, in seconds

NOTHING = (codes.NO_CONTENT, codes.UNAVAILABLE)     #: answers of a peer that has no message for us


def refused(what: str, code: int) -> ObexError:
    """The error for an answer that is no success.

    :param what: what was asked, for example `the phone refused the connection`
    :param code: the response code
    :returns: an error with words for people
    """
    return ObexError(f"{what}: {codes.words(code)}", code & 0x7F)


class ObexClient:
    """The caller on a line. One operation at a time.

    :param link: the open line; closed with the client
    :param packet: the largest packet that we take, in bytes; None: what suits the line
    :param timeout: how long to wait for an answer, in seconds
    :param password: what to prove when the peer asks for it
    :param user: who we are then
    :param limits: `max_message` bounds an object
    :param progress: is told the bytes of the object under way, after each packet
    :param eob: how objects end, `body-last` or `empty-last` (profile switch `eob_mode`)
    :param send_limit: never send a packet above this, in bytes
    :param random: gives so many random bytes
    :ivar connection: the Connection ID, None when there is none
    """

    def __init__(self, link: Link, *, packet: Optional[int] = None, timeout: float = TIMEOUT, password: str = "",
                 user: str = "", limits: Limits = DEFAULT, progress: Callable[[int], None] = lambda count: None,
                 eob: str = BODY_LAST, send_limit: int = codes.MAX_PACKET,
                 random: Callable[[int], bytes] = os.urandom) -> None:
        self.link = link
        self.timeout = timeout
        self._progress = progress
        self._random = random
        self._connected = False
        self._machine = Machine(packet or link.packet, limits.max_message, eob=eob, send_limit=send_limit,
                                password=password, user=user)

    @property
    def connection(self) -> Optional[int]:
        """The Connection ID that the peer gave."""
        return self._machine.connection

    def connect(self, target: bytes = b"", mutual: bool = False) -> Headers:
        """Begin a session.

        :param target: the service, for example :data:`minisyncml.obex.codes.SYNCML`; empty: the inbox
        :param mutual: let the peer prove that it knows our password
        :returns: the headers of the answer
        :raises ObexError: when the peer does not let us in, or knows no such service
        :raises AuthError: when the peer cannot prove the password
        :raises LinkError: when nothing that speaks OBEX is there
        :raises RemoteProtocolError: when the peer breaks the rules
        """
        self._drain()
        self._machine.connect(target, demand=self._random(16) if mutual else b"")
        answer = self._run("refused the connection")
        who = answer.headers.data(codes.WHO)
        if target and who != target and (who or self.connection is None):
            # it took us for somebody who wants its inbox
            raise ObexError("the other side has no such service", codes.NOT_FOUND)
        self._connected = True
        return answer.headers

    def put(self, body: bytes, *, name: Optional[str] = None, type: str = "", application: bytes = b"",
            description: str = "", modified: str = "") -> Headers:
        """Send an object.

        :param body: its bytes
        :param name: its name
        :param type: its media type
        :param application: Application Parameters, see :func:`minisyncml.obex.headers.build_tags`
        :param description: of it, for people
        :param modified: when it was changed, ISO 8601
        :returns: the headers of the answer
        :raises ObexError: when the peer refuses it
        :raises LinkError: when the line fails
        :raises RemoteProtocolError: when the peer breaks the rules
        """
        pairs = [*_named(name, type), (codes.LENGTH, len(body)), *_more(application, description, modified)]
        self._machine.put(pairs, body)
        return self._run(f"refused {name or type or 'an object'}").headers

    def delete(self, name: str, *, application: bytes = b"") -> Headers:
        """Delete an object (PUT without a body).

        :param name: its name
        :param application: Application Parameters
        :returns: the headers of the answer
        :raises ObexError: when the peer refuses it
        :raises LinkError: when the line fails
        """
        self._machine.put([*_named(name, ""), *_more(application)], None)
        return self._run(f"did not delete {name}").headers

    def get(self, *, name: Optional[str] = None, type: str = "", application: bytes = b"") -> bytes:
        """Fetch an object.

        :param name: its name
        :param type: its media type
        :param application: Application Parameters
        :returns: its bytes
        :raises ObexError: when the peer does not give it
        :raises LinkError: when the line fails
        :raises RemoteProtocolError: when the peer breaks the rules
        """
        return self.fetch(name=name, type=type, application=application).body

    def fetch(self, *, name: Optional[str] = None, type: str = "", application: bytes = b"") -> Answer:
        """As :meth:`get`, with the headers of the answer.

        :param name: its name
        :param type: its media type
        :param application: Application Parameters
        :returns: code, headers and body
        :raises ObexError: when the peer does not give it
        :raises LinkError: when the line fails
        :raises RemoteProtocolError: when the peer breaks the rules
        """
        self._machine.get([*_named(name, type), *_more(application)])
        return self._run(f"does not give {name or type or 'its object'}")

    def setpath(self, name: Optional[str], up: bool = False, create: bool = False) -> None:
        """Go to another folder.

        :param name: of a child; empty: the root; None together with `up`
        :param up: to the parent first
        :param create: the child when it is missing
        :raises ObexError: when there is none
        :raises LinkError: when the line fails
        """
        self._machine.setpath(name, up, create)
        self._run(f"has no folder {name}")

    def abort(self) -> None:
        """Give up an operation that broke off; the session goes on.

        :raises LinkError: when the line fails
        """
        self._machine.abort()
        self._run("did not stop")

    def forget(self) -> None:
        """End whatever session the peer believes in, for example that of a program that was killed.

        :raises LinkError: when the line fails
        :raises RemoteProtocolError: when the peer breaks the rules
        """
        self._connected = False
        self._machine.disconnect()
        self._exchange()

    def disconnect(self) -> None:
        """End the session; does nothing when there is none.

        :raises ObexError: when the peer knows of no session
        :raises LinkError: when the line fails
        """
        if self._connected:
            self._connected = False
            self._machine.disconnect()
            self._run("did not take leave")

    def close(self) -> None:
        """End the session when there is one, and give the line up. Never raises."""
        try:
            if not self._machine.busy:
                self.disconnect()
        except Error:
            pass
        self.link.close()

    def __enter__(self) -> "ObexClient":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _drain(self) -> None:
        """What came before we called was meant for somebody else."""
        for _ in range(DRAIN):
            if not self.link.read(0):
                return

    def _run(self, failure: str) -> Answer:
        """Pass bytes to and fro until the operation is over."""
        machine = self._machine
        try:
            answer = self._exchange(self.timeout)
        except RemoteProtocolError:
            if self._connected:
                self._stop()
            raise
        except LinkError:
            self._connected = False
            raise
        finally:
            machine.output()
        if answer.code >> 4 != codes.OK >> 4:
            raise refused(f"the other side {failure}", answer.code)
        return answer

    def _exchange(self, timeout: float) -> Answer:
        machine, link = self._machine, self.link
        while True:
            out = machine.output()
            link.write(out, timeout)
            self._progress(machine.sent or machine.received)
            until = time.monotonic() + timeout
            answer = machine.poll()
            while answer is None and not machine.ready:
                left = until - time.monotonic()
                if left <= 0:
                    self._silent(out, timeout)
                data = link.read(min(left, QUIET))
                machine.receive(data)
                answer = machine.poll() if data or not machine.inside else machine.quiet()
            if answer is not None:
                return answer

    def _stop(self) -> None:
        """An operation broke the rules; the session may still be good."""
        try:
            self._machine.abort()
            self._exchange(min(self.timeout, QUIET))
        except Error:
            self._connected = False

    def _silent(self, out: bytes, timeout: float) -> NoReturn:
        self._machine.busy = False
        noise = self._machine.garbage
        if not noise:
            raise LinkError(f"{self.link.name}: no answer within {timeout:g} seconds")
        if noise[:4] == out[:4]:
            raise LinkError(f"{self.link.name}: the line sends back what we send; the phone is in its command mode, or "
                            "nothing is connected")
        if noise[0] in codes.RESPONSES:
            raise LinkError(f"{self.link.name}: the answer broke off")
        raise LinkError(f"{self.link.name}: the other side does not speak OBEX, it says {noise!r}")


def _named(name: Optional[str], media_type: str) -> "list[Pair]":
    pairs: "list[Pair]" = [] if name is None else [(codes.NAME, name)]
    if media_type:
        pairs.append((codes.TYPE, headers.type_value(media_type)))
    return pairs


def _more(application: bytes = b"", description: str = "", modified: str = "") -> "list[Pair]":
    pairs: "list[Pair]" = []
    if application:
        pairs.append((codes.APPLICATION, application))
    if description:
        pairs.append((codes.DESCRIPTION, description))
    if modified:
        pairs.append((codes.TIME, modified.encode("ascii", "replace")))
    return pairs


class ObexTransport(Transport):
    """SyncML to a peer that we called. Connect the client before; closing ends the session properly.

    A SyncML client uses :meth:`send`. A SyncML server that called uses :meth:`post` and :meth:`fetch`.

    :param client: connected to :data:`minisyncml.obex.codes.SYNCML`
    :ivar sent: bytes of messages sent
    :ivar received: bytes of messages received
    """

    def __init__(self, client: ObexClient) -> None:
        self.client = client
        self.sent = 0
        self.received = 0

    def send(self, packet: Packet) -> Optional[Packet]:
        self.post(packet)
        return self.fetch(packet.content_type)

    def post(self, packet: Packet) -> None:
        """Deliver a message that needs no answer, or whose answer is fetched later.

        :param packet: the message
        :raises TransportError: when it did not arrive, or was refused
        :raises RemoteProtocolError: when the peer breaks the rules
        """
        self.client.put(packet.body, type=packet.content_type)
        self.sent += len(packet.body)

    def fetch(self, content_type: str = WBXML) -> Optional[Packet]:
        """Ask for the peer's message and wait until it is ready.

        :param content_type: the type that is wanted
        :returns: the message, None when the peer has nothing more to say
        :raises TransportError: when it does not come
        :raises RemoteProtocolError: when the peer breaks the rules
        """
        try:
            answer = self.client.fetch(type=content_type)
        except ObexError as error:
            if error.code in NOTHING:
                return None
            raise
        self.received += len(answer.body)
        return Packet(answer.headers.type or content_type, answer.body) if answer.body else None

    def close(self) -> None:
        self.client.close()


# -- the side that is called


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
    machine = Responder(packet or link.packet, limits.max_message, eob=eob, send_limit=send_limit, lock=lock,
                        password=password)
    _Loop(link, machine, services, timeout, log).run(wait, once, stop)


class _Loop:
    """One line that is answered."""

    def __init__(self, link: Link, machine: Responder, services: Services, timeout: float,
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
