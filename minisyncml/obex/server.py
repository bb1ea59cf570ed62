"""The side that is called, without IO: bytes in, requests out, each answered once.

It collects objects that come in several packets and hands out answers in as many as the peer needs. What a request
means (folders, SyncML, IrMC) is not known here.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterable, NamedTuple, Optional, Union

from minisyncml.errors import DecodeError, EncodeError, LimitError, LocalProtocolError, RemoteProtocolError
from minisyncml.obex import auth, codes, headers, packets
from minisyncml.obex.headers import Headers, Pair
from minisyncml.obex.packets import BODY_LAST, Frame, Framer, Incoming, Outgoing

#: obexftp asks a serial port with this Connection ID whether it speaks OBEX, and takes no packet above about 500 bytes
PROBE = int.from_bytes(b"ATZ\r", "big")
PROBE_PACKET = 480
PROBE_OFFER = 1024
MAX_FAULTS = 16

IDLE, READY, PUTTING, ASKING, SENDING = "idle", "ready", "putting", "asking", "sending"


class Connect(NamedTuple):
    """A peer wants in. `target` names the service, empty for the inbox."""

    target: bytes
    headers: Headers


class Put(NamedTuple):
    """An object came, whole; `body` is None when it is to be deleted."""

    headers: Headers
    body: Optional[bytes]


class Get(NamedTuple):
    """An object is asked for."""

    headers: Headers


class SetPath(NamedTuple):
    """Another folder: `up` first, then into `name`; None: no name was given, empty: the root."""

    name: Optional[str]
    up: bool
    create: bool


class Disconnect(NamedTuple):
    """The peer takes leave."""


class Fault(NamedTuple):
    """The peer sent what cannot be; it is answered already. `error` says what."""

    error: RemoteProtocolError


Event = Union[Connect, Put, Get, SetPath, Disconnect, Fault]


class Lock(NamedTuple):
    """Who may connect: `secret` gives the password of a user (None: unknown), `nonce` 16 bytes, new each time."""

    secret: "Callable[[str], Optional[str]]"
    nonce: "Callable[[], bytes]"
    realm: str = ""


class Server:
    """One line's responder.

    :param packet: the largest packet that we take, in bytes
    :param max_body: the largest object that we take, in bytes
    :param eob: how our objects end, :data:`packets.BODY_LAST` or :data:`packets.EMPTY_LAST`
    :param send_limit: never send a packet above this, whatever the peer takes
    :param lock: None lets everybody in
    :param password: what to prove when the peer asks us; empty: leave that unanswered
    :ivar state: one of the words of :data:`TABLE`
    """

    def __init__(self, packet: int, max_body: int, *, eob: str = BODY_LAST, send_limit: int = codes.MAX_PACKET,
                 lock: Optional[Lock] = None, password: str = "") -> None:
        self.packet = min(max(packet, codes.MIN_PACKET), codes.MAX_PACKET)
        self.state = IDLE
        self._framer = Framer(codes.REQUESTS, self.packet)
        self._max_body, self._eob, self._limit = max_body, eob, max(send_limit, codes.MIN_PACKET)
        self._probed = False    # a program that asked whether we speak OBEX takes small packets only
        self._lock, self._password = lock, password
        self._out = bytearray()
        self._room = codes.MIN_PACKET           # what the peer takes
        self._connection: Optional[int] = None  # None: this peer was given none
        self._given = 0
        self._nonce = b""
        self._asked: Optional[Event] = None     # handed out, not answered yet
        self._proof: "list[bytes]" = []
        self._insists = False                   # the last request was a CONNECT that was refused for being the second
        self._incoming: Optional[Incoming] = None
        self._outgoing: Optional[Outgoing] = None
        self._served = Headers()                # what the object that is being sent was asked with
        self._faults = 0
        self._held = b""                        # a packet that comes after noise that is told first

    # -- what the owner of the line calls

    def receive(self, data: bytes) -> None:
        """Take bytes from the line.

        :param data: as they came
        :raises LimitError: when the peer sends without waiting for answers
        """
        self._framer.feed(data)

    def poll(self) -> Optional[Event]:
        """The next thing to react to. All but :class:`Fault` have to be answered before there is another one.

        :returns: an event, None when more bytes are needed
        :raises LimitError: when the line has to be given up; what :meth:`output` has is to be sent before
        """
        return self._take(self._framer.next)

    def quiet(self) -> Optional[Event]:
        """Nothing came for a while: a packet that began is none. Looks for whole ones behind its first byte.

        :returns: as :meth:`poll`
        :raises LimitError: when the line has to be given up
        """
        event = self._take(self._framer.resync)
        return self._garbage() if event is None else event      # one without fields is false

    def _take(self, find: "Callable[[], Optional[bytes]]") -> Optional[Event]:
        while self._asked is None:
            packet, self._held = self._held, b""
            try:
                packet = packet or find() or b""
            except LimitError:
                self._say(codes.TOO_LARGE)
                raise
            if not packet:
                return None
            noise = self._garbage()
            if noise is not None:
                self._held = packet
                return noise
            event = self._packet(packet)
            if event is not None:
                return event
        return None

    def output(self) -> bytes:
        """What has to be sent now.

        :returns: bytes, empty when there is nothing
        """
        out = bytes(self._out)
        self._out.clear()
        return out

    @property
    def inside(self) -> bool:
        """Whether something came that is no whole packet: its beginning, or noise."""
        return len(self._framer) > 0 or self._framer.skipped > 0

    def answer(self, pairs: "Iterable[Pair]" = (), body: bytes = b"", code: int = codes.OK) -> None:
        """Do what the last event asked for.

        :param pairs: headers of the answer
        :param body: the object that was asked for
        :param code: a code of success
        :raises LocalProtocolError: when there is nothing to answer
        :raises EncodeError: when a header cannot be written
        """
        encoded = [headers.encode(id, value) for id, value in pairs]
        event = self._pop()
        if isinstance(event, Connect):
            self._admit(event, encoded)
        elif isinstance(event, Get):
            self._outgoing = Outgoing([headers.encode(codes.LENGTH, len(body)), *encoded], body, self._eob)
            self._served, self.state = event.headers, SENDING
            self._part()
        else:
            self.state = IDLE if isinstance(event, Disconnect) else READY
            block = b"".join(encoded)
            self._say(code, block if len(block) + 3 <= self._room else b"")

    def refuse(self, code: int) -> None:
        """Do not do what the last event asked for.

        :param code: why, without the final bit
        :raises LocalProtocolError: when there is nothing to refuse
        """
        event = self._pop()
        self.state = IDLE if isinstance(event, (Connect, Disconnect)) else READY
        self._say(code, fields=packets.connect_fields(self.packet) if isinstance(event, Connect) else b"")

    def hang_up(self) -> None:
        """The session is over though nobody took leave."""
        self._asked, self._held, self._insists = None, b"", False
        self._drop()
        self.state = IDLE

    # -- one packet

    def _packet(self, data: bytes) -> Optional[Event]:
        try:
            frame = packets.request(data)
            self._check(frame)
            event: Optional[Event] = getattr(self, TABLE[self.state][_kind(frame.code)])(frame)
        except RemoteProtocolError as error:
            self._drop()
            code = codes.TOO_LARGE if isinstance(error, LimitError) else codes.BAD_REQUEST
            fixed = data[0] == codes.CONNECT
            self._say(code, fields=packets.connect_fields(self.packet) if fixed else b"")
            return self._wrong(error)
        except _Refused as refused:
            self._say(refused.code, fields=packets.connect_fields(self.packet) if refused.fixed else b"")
            return self._wrong(RemoteProtocolError(refused.words)) if refused.words else None
        finally:
            self._insists = self._insists and data[0] == codes.CONNECT
        self._faults = 0
        self._asked = event
        return event

    def _garbage(self) -> Optional[Fault]:
        skipped, sample = self._framer.forget()
        if not skipped:
            return None
        return self._wrong(DecodeError(f"{skipped} bytes that are no OBEX: {sample!r}"))

    def _wrong(self, error: RemoteProtocolError) -> Fault:
        self._faults += 1
        if self._faults > MAX_FAULTS:
            raise LimitError(f"the line carries something else than OBEX: {error}")
        return Fault(error)

    def _check(self, frame: Frame) -> None:
        """A Connection ID must be the one that we gave; many peers leave it away."""
        given = frame.headers.number(codes.CONNECTION)
        if frame.code == codes.CONNECT or given is None or given == self._connection:
            return
        if given == PROBE and frame.code == codes.ABORT:
            return
        raise _Refused(codes.UNAVAILABLE, f"a request with the Connection ID {given}, which is another session's")

    # -- the cells of the table

    def _connect(self, frame: Frame) -> Optional[Event]:
        self.state = IDLE
        self._room = packets.packet_size(frame.fields)
        if self._probed and self._room > PROBE_OFFER:
            self._probed = False        # another program: the one that we take small packets for offers 1024
        self._proof = []
        if self._lock is not None and not self._knows(frame.headers):
            self._nonce = self._lock.nonce()
            question = auth.Challenge(self._nonce, True, self._lock.realm)
            self._say(codes.UNAUTHORIZED, headers.encode(codes.CHALLENGE, auth.build_challenge(question)),
                      packets.connect_fields(self.packet))
            return None
        challenge = auth.parse_challenge(frame.headers)
        if challenge is not None and self._password:
            self._proof = [headers.encode(codes.RESPONSE, auth.build_proof(challenge.nonce, self._password))]
        return Connect(frame.headers.data(codes.TARGET), frame.headers)

    def _knows(self, block: Headers) -> bool:
        """Whether the peer proved a password; a nonce is good for one try."""
        nonce, self._nonce = self._nonce, b""
        proof = auth.parse_proof(block)
        if self._lock is None or proof is None:
            return False
        secret = self._lock.secret(proof.user.decode("utf-8", "replace"))
        return secret is not None and auth.proves(proof, nonce, secret)

    def _admit(self, event: Connect, encoded: "list[bytes]") -> None:
        self.state, self._connection = READY, None
        block = b""
        if event.target:
            self._given = self._given % 0xFFFF + 1      # 0 is refused by some
            self._connection = self._given
            block = headers.encode(codes.CONNECTION, self._connection) + headers.encode(codes.WHO, event.target)
        self._say(codes.OK, b"".join((block, *self._proof, *encoded)), packets.connect_fields(self.packet))

    def _second(self, frame: Frame) -> Optional[Event]:
        """CONNECT while connected. One that insists has been started anew."""
        self._drop()
        if self._insists:
            self._insists = False
            return self._connect(frame)
        self._insists = True
        raise _Refused(codes.UNAVAILABLE, "a second CONNECT in one session", fixed=True)

    def _abort(self, frame: Frame) -> Optional[Event]:
        self._drop()
        if frame.headers.number(codes.CONNECTION) == PROBE:
            self._probed = True
            self.state = IDLE       # a program that starts: whoever was here before is gone
        self._say(codes.OK)
        return None

    def _leave(self, frame: Frame) -> Optional[Event]:
        self._drop()
        return Disconnect()

    def _gone(self, frame: Frame) -> Optional[Event]:
        self._say(codes.OK)
        return None

    def _early(self, frame: Frame) -> Optional[Event]:
        raise _Refused(codes.UNAVAILABLE, "a request without a CONNECT before it")

    def _unknown(self, frame: Frame) -> Optional[Event]:
        self._drop()
        raise _Refused(codes.NOT_IMPLEMENTED)

    def _begin(self, frame: Frame) -> Optional[Event]:
        """The first packet of a PUT or GET."""
        self._drop()
        self._incoming = Incoming(self._max_body)
        return self._more(frame)

    def _more(self, frame: Frame) -> Optional[Event]:
        incoming = self._incoming
        assert incoming is not None
        incoming.take(frame.headers)
        if not frame.code & codes.FINAL:
            self.state = PUTTING if frame.code == codes.PUT else ASKING
            self._say(codes.CONTINUE)
            return None
        self._drop()
        if frame.code == codes.GET_FINAL:
            return Get(incoming.headers)
        return Put(incoming.headers, incoming.body if incoming.has_body else None)

    def _send_more(self, frame: Frame) -> Optional[Event]:
        """The rest of an object; a GET that names another one begins anew."""
        asked = frame.headers.without(codes.CONNECTION)
        if len(asked) and asked != self._served.without(codes.CONNECTION):
            return self._begin(frame)
        self._part()
        return None

    def _setpath(self, frame: Frame) -> Optional[Event]:
        self._drop()
        flags = frame.fields[0]
        return SetPath(frame.headers.text(codes.NAME), bool(flags & codes.SETPATH_UP),
                       not flags & codes.SETPATH_NO_CREATE)

    def _torn(self, frame: Frame) -> Optional[Event]:
        raise DecodeError("a request in the middle of another one")

    # -- out

    def _part(self) -> None:
        outgoing = self._outgoing
        assert outgoing is not None
        try:
            most = PROBE_PACKET if self._probed else self._limit
            block, last = outgoing.block(min(self._room, self._limit, most) - 3)
        except EncodeError:
            self._drop()
            return self._say(codes.INTERNAL_ERROR)
        if last:
            self._drop()
        self._say(codes.OK if last else codes.CONTINUE, block)

    def _say(self, code: int, block: bytes = b"", fields: bytes = b"") -> None:
        self._out += packets.build(code | codes.FINAL, block, fields)

    def _drop(self) -> None:
        """Forget an operation that is under way."""
        self._incoming = self._outgoing = None
        if self.state != IDLE:
            self.state = READY

    def _pop(self) -> Event:
        event, self._asked = self._asked, None
        if event is None:
            raise LocalProtocolError("there is no OBEX request to answer")
        return event


class _Refused(Exception):
    """A request gets an error code; `words` are for the log, empty when there is nothing to say."""

    def __init__(self, code: int, words: str = "", fixed: bool = False) -> None:
        super().__init__(words)
        self.code, self.words, self.fixed = code, words, fixed


def _kind(code: int) -> int:
    return {codes.PUT: codes.PUT_FINAL, codes.GET: codes.GET_FINAL, codes.ACTION: codes.SESSION,
            codes.ACTION_FINAL: codes.SESSION}.get(code, code)


def _row(connect: str, put: str, get: str, setpath: str, leave: str = "_leave") -> "Dict[int, str]":
    return {codes.CONNECT: connect, codes.PUT_FINAL: put, codes.GET_FINAL: get, codes.SETPATH: setpath,
            codes.DISCONNECT: leave, codes.ABORT: "_abort", codes.SESSION: "_unknown"}


#: what is done with a request, by state; PUT stands for both its forms, GET too
TABLE: "Dict[str, Dict[int, str]]" = {
    IDLE: _row("_connect", "_early", "_early", "_early", "_gone"),
    READY: _row("_second", "_begin", "_begin", "_setpath"),
    PUTTING: _row("_second", "_more", "_torn", "_torn"),
    ASKING: _row("_second", "_torn", "_more", "_torn"),
    SENDING: _row("_second", "_begin", "_send_more", "_setpath"),
}
