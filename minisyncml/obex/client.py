"""The side that calls, without IO: one operation at a time, bytes out and in until its answer is whole."""

from __future__ import annotations

from typing import Callable, Iterable, NamedTuple, Optional

from minisyncml.errors import AuthError, DecodeError, EncodeError, LocalProtocolError, RemoteProtocolError
from minisyncml.obex import auth, codes, headers, packets
from minisyncml.obex.headers import Headers, Pair
from minisyncml.obex.packets import BODY_LAST, Frame, Framer, Incoming, Outgoing


class Answer(NamedTuple):
    """How an operation ended: `code` without the final bit, the body of a GET."""

    code: int
    headers: Headers
    body: bytes = b""


class Client:
    """One line's caller.

    :param packet: the largest packet that we take, in bytes
    :param max_body: the largest object that we take, in bytes
    :param eob: how our objects end, :data:`packets.BODY_LAST` or :data:`packets.EMPTY_LAST`
    :param send_limit: never send a packet above this, whatever the peer takes
    :param password: what to prove when we are asked; empty: give the question back as an answer
    :param user: who we are then
    :ivar busy: an operation waits for its answer
    :ivar connection: the Connection ID that the peer gave, None when it gave none
    :ivar sent: bytes of the object sent by the operation under way
    """

    def __init__(self, packet: int, max_body: int, *, eob: str = BODY_LAST, send_limit: int = codes.MAX_PACKET,
                 password: str = "", user: str = "") -> None:
        self.packet = min(max(packet, codes.MIN_PACKET), codes.MAX_PACKET)
        self.connection: Optional[int] = None
        self.busy = False
        self._framer = Framer(codes.RESPONSES, self.packet)
        self._max_body, self._eob, self._limit = max_body, eob, max(send_limit, codes.MIN_PACKET)
        self._password, self._user = password, user
        self._out = bytearray()
        self._room = codes.MIN_PACKET       # what the peer takes
        self._opcode = 0                    # of the request that waits, without PUT's and GET's final bit
        self._fields = b""
        self._pairs: "list[Pair]" = []
        self._body: Optional[bytes] = None
        self._demand = b""                  # the nonce with which we asked the peer for a proof
        self._proved = False
        self._whole = False                 # the request is out, its final packet too
        self._outgoing = Outgoing(())
        self._incoming = Incoming(max_body)

    # -- operations

    def connect(self, target: bytes = b"", pairs: "Iterable[Pair]" = (), demand: bytes = b"") -> None:
        """Begin a session.

        :param target: the service; empty: the inbox
        :param pairs: further headers
        :param demand: a new nonce of 16 bytes: let the peer prove that it knows our password; empty: do not
        :raises LocalProtocolError: when an operation is under way
        """
        named: "list[Pair]" = [(codes.TARGET, target)] if target else []
        if demand:
            named.append((codes.CHALLENGE, auth.build_challenge(auth.Challenge(demand))))
        self.connection, self._room, self._demand = None, codes.MIN_PACKET, demand
        self._begin(codes.CONNECT, [*named, *pairs], fields=packets.connect_fields(self.packet))

    def put(self, pairs: "Iterable[Pair]", body: Optional[bytes]) -> None:
        """Send an object.

        :param pairs: its headers
        :param body: its bytes; None deletes it
        :raises LocalProtocolError: when an operation is under way
        """
        self._begin(codes.PUT, pairs, body)

    def get(self, pairs: "Iterable[Pair]") -> None:
        """Ask for an object.

        :param pairs: what it is called
        :raises LocalProtocolError: when an operation is under way
        """
        self._begin(codes.GET, pairs)

    def setpath(self, name: Optional[str], up: bool = False, create: bool = False) -> None:
        """Go to another folder.

        :param name: of a child; empty: to the root; None: nowhere, as with `up`
        :param up: to the parent first
        :param create: the child, when it is missing
        :raises LocalProtocolError: when an operation is under way
        """
        flags = (codes.SETPATH_UP if up else 0) | (0 if create else codes.SETPATH_NO_CREATE)
        self._begin(codes.SETPATH, [] if name is None else [(codes.NAME, name)], fields=bytes((flags, 0)))

    def disconnect(self) -> None:
        """End the session.

        :raises LocalProtocolError: when an operation is under way
        """
        self._begin(codes.DISCONNECT, ())

    def abort(self) -> None:
        """Give up the operation that is under way; its answer is that to ABORT."""
        self.busy = False
        self._begin(codes.ABORT, ())

    # -- bytes

    def output(self) -> bytes:
        """What has to be sent now.

        :returns: bytes, empty when there is nothing
        """
        out = bytes(self._out)
        self._out.clear()
        return out

    def receive(self, data: bytes) -> None:
        """Take bytes from the line.

        :param data: as they came
        :raises LimitError: when more comes than was asked for
        """
        self._framer.feed(data)

    def poll(self) -> Optional[Answer]:
        """The answer to the operation, when it is whole. Until then :meth:`output` may have something new.

        :returns: the answer, None when more has to come
        :raises RemoteProtocolError: when the peer breaks the rules; the operation is over
        :raises AuthError: when the peer cannot prove its password
        """
        return self._take(self._framer.next)

    def quiet(self) -> Optional[Answer]:
        """Nothing came for a while: a packet that began is none. Looks for whole ones behind its first byte.

        :returns: as :meth:`poll`
        :raises RemoteProtocolError: as :meth:`poll`
        :raises AuthError: as :meth:`poll`
        """
        return self._take(self._framer.resync)

    def _take(self, next: "Callable[[], Optional[bytes]]") -> Optional[Answer]:
        answer = None
        try:
            while self.busy and not self._out and answer is None:
                packet = next()
                if packet is None:
                    return None
                if not self._stale(packet):
                    answer = self._packet(packets.response(packet, self._opcode))
        except (RemoteProtocolError, AuthError):
            self.busy = False
            raise
        self.busy = self.busy and answer is None
        return answer

    def _stale(self, packet: bytes) -> bool:
        """What an earlier program was answered may still be in the line; it has no fixed fields."""
        return self._opcode == codes.CONNECT and packet[0] == codes.OK | codes.FINAL and len(packet) < 7

    @property
    def inside(self) -> bool:
        """Whether a packet has begun and not ended."""
        return len(self._framer) > 0

    @property
    def ready(self) -> bool:
        """Whether :meth:`output` has something."""
        return bool(self._out)

    @property
    def garbage(self) -> bytes:
        """The first bytes of what came since the last answer and was no OBEX."""
        return self._framer.sample

    @property
    def sent(self) -> int:
        """Bytes of the object that were sent."""
        return self._outgoing.sent

    @property
    def received(self) -> int:
        """Bytes of the object that came."""
        return len(self._incoming)

    # -- inside

    def _begin(self, opcode: int, pairs: "Iterable[Pair]", body: Optional[bytes] = None, fields: bytes = b"") -> None:
        if self.busy:
            raise LocalProtocolError("an OBEX operation is under way")
        self._opcode, self._pairs, self._body, self._fields = opcode, list(pairs), body, fields
        self._proved = False
        self._start()

    def _start(self, *first: Pair) -> None:
        """Send the request, or once more with headers in front."""
        pairs = [*first, *self._pairs]
        if self.connection is not None:
            pairs.insert(0, (codes.CONNECTION, self.connection))
        encoded = [headers.encode(id, value) for id, value in pairs]
        if any(len(one) > self._free for one in encoded):
            raise EncodeError(f"an OBEX header is longer than the {self._free} bytes that the peer takes")
        self._outgoing = Outgoing(encoded, self._body, self._eob)
        self._incoming = Incoming(self._max_body)
        self._framer.forget()
        self._part()
        self.busy = True

    @property
    def _free(self) -> int:
        """Bytes for headers in a packet."""
        return min(self._room, self._limit) - 3 - len(self._fields)

    def _part(self) -> None:
        block, self._whole = self._outgoing.block(self._free)
        code = self._opcode
        if code in (codes.PUT, codes.GET):
            code |= codes.FINAL if self._whole else 0
        elif not self._whole:
            raise EncodeError("OBEX headers do not fit into one packet")
        self._out += packets.build(code, block, self._fields)

    def _packet(self, frame: Frame) -> Optional[Answer]:
        code = frame.code & ~codes.FINAL
        if code == codes.CONTINUE:
            self._continued(frame)
            return None
        if code == codes.UNAUTHORIZED and self._answers(frame.headers):
            return None
        self._incoming.take(frame.headers)
        answer = Answer(code, self._incoming.headers, self._incoming.body)
        if code >> 4 != codes.OK >> 4:
            return answer
        if not self._whole:
            raise DecodeError("the peer ended an OBEX transfer before it was complete")
        if self._opcode == codes.CONNECT:
            self._connected(frame)
        return answer

    def _continued(self, frame: Frame) -> None:
        if not self._whole:
            self._part()
        elif self._opcode == codes.GET:
            self._incoming.take(frame.headers)
            self._out += packets.build(codes.GET_FINAL)
        else:
            raise DecodeError("the peer wants more than there is")

    def _answers(self, block: Headers) -> bool:
        """Repeat the request with a proof, once."""
        challenge = auth.parse_challenge(block)
        if challenge is None or not self._password or self._proved:
            return False
        self._proved = True
        self._start((codes.RESPONSE, auth.build_proof(challenge.nonce, self._password, self._user)))
        return True

    def _connected(self, frame: Frame) -> None:
        if self._demand and not auth.proves(auth.parse_proof(frame.headers), self._demand, self._password):
            raise AuthError("the other side does not know the password")
        self._room = packets.packet_size(frame.fields)
        given = frame.headers.number(codes.CONNECTION)
        self.connection = None if given == codes.NO_CONNECTION else given
