"""OBEX over a Link: the caller, and SyncML to a peer that we called (SyncML OBEX binding). The side that is called
stands in :mod:`minisyncml.transport.obexserve`; its names can be had here too.

It knows time and the line. What OBEX packets look like is known in :mod:`minisyncml.obex`, what SyncML messages say is
not known here.
"""

from __future__ import annotations

import os
import time
from typing import Callable, NoReturn, Optional

from minisyncml.errors import Error, LinkError, ObexError, RemoteProtocolError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.obex import codes, headers
from minisyncml.obex.client import Answer
from minisyncml.obex.client import Client as Machine
from minisyncml.obex.headers import Headers, Pair
from minisyncml.obex.packets import BODY_LAST
from minisyncml.transport.base import WBXML, Packet, Transport, media_type
from minisyncml.transport.link import Link
from minisyncml.transport.obexserve import QUIET, TIMEOUT, Reply, Service, Services, SyncMLService, serve

__all__ = ["QUIET", "TIMEOUT", "ObexClient", "ObexTransport", "Reply", "Service", "Services", "SyncMLService",
           "refused", "serve"]

LEAVE = 2.0         #: for the answer to ABORT when the user gave up, in seconds
DRAIN = 64          #: reads of what is in the line before a call

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
        self._exchange(min(self.timeout, QUIET))

    def disconnect(self) -> None:
        """End the session; does nothing when there is none.

        :raises ObexError: when the peer knows of no session
        :raises LinkError: when the line fails
        """
        if self._connected:
            self._connected = False
            self._machine.disconnect()
            self._run("did not take leave", min(self.timeout, QUIET))

    def close(self) -> None:
        """End the session when there is one, and give the line up. Never raises."""
        try:
            if self._connected and self._machine.busy:      # the user broke it off
                self._machine.abort()
                self._exchange(LEAVE)
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

    def _run(self, failure: str, timeout: "Optional[float]" = None) -> Answer:
        """Pass bytes to and fro until the operation is over."""
        machine = self._machine
        try:
            answer = self._exchange(self.timeout if timeout is None else timeout)
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
        if not answer.body:
            return None
        return Packet(answer.headers.type or media_type("", answer.body) or content_type, answer.body)

    def close(self) -> None:
        self.client.close()
