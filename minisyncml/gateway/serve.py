"""The server: many sessions at once, each answered by an exchange of its own. Transports call :meth:`Server.handle`."""

from __future__ import annotations

import os
import time
from _thread import allocate_lock
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Union

from minisyncml.digest import digest
from minisyncml.engine.auth import Secret
from minisyncml.engine.chunks import Held, Spool
from minisyncml.errors import Error, RemoteProtocolError, RepeatedError, StoreError, TransportError
from minisyncml.gateway.config import secret_of
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.manners import profile_of
from minisyncml.gateway.options import Options, Stores
from minisyncml.gateway.outcome import stamp
from minisyncml.gateway.peer import Memory
from minisyncml.gateway.report import Report
from minisyncml.gateway.sessions import Key, Seat, Sessions
from minisyncml.gateway.trace import Tap, watched
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import document
from minisyncml.profile import UNKNOWN
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.sync.conflict import DEFAULT as KEEP_BOTH
from minisyncml.sync.conflict import policy
from minisyncml.transport.base import Packet
from minisyncml.transport.wsgi import App

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from minisyncml.gateway.traced import Trace

Users = Union[Mapping[str, str], Callable[[str], Optional[str]]]
TOKEN_BYTES = 12


class Server:
    """A SyncML server. It holds no socket: give :attr:`wsgi_app` to a WSGI server, or call :meth:`handle` yourself.

    :param stores: the datastores by name, the same for everybody, or a function that gives those of a user
    :param users: passwords by name (or what :func:`minisyncml.gateway.config.secret_of` takes for one), or a function
        that gives one, None for an unknown user; None asks nobody for credentials
    :param peers: what is known of devices; by default it lasts as long as the server
    :param device_id: what the server calls itself; by default the name that `peers` keeps
    :param url: the address as clients see it, where a proxy stands between
    :param conflict: name of a policy, see :func:`minisyncml.sync.conflict.policies`
    :param challenge: how to ask for credentials: `md5` or `basic`
    :param allow_empty: go on when a side turned up empty
    :param rescan: let stores read everything, and trust no time stamp
    :param profile: name of a profile for all clients, or a file, where they are not to be judged by what they say
    :param zone: the IANA name of the time zone we live in, as `Europe/Berlin`, for peers that know local time only
    :param limits: bounds
    :param trial: only look: sessions work on copies in memory, clients are told to come back later, and the reports say
        what would have been done
    :param spool: keeps the parts of a large object until it is whole, see :class:`minisyncml.store.spool.Spools`; in
        memory by default
    :param on_report: is shown the report of each session when it ended
    :param log: is told in one line what went wrong on our side
    :param tap: is shown every message that :attr:`wsgi_app` takes or gives, see :mod:`minisyncml.gateway.trace`
    :param trace: writes down each session
    :param clock: seconds that only go forward
    :param now: seconds since 1970, for the history that people read; no decision rests on it
    :param random: gives so many random bytes
    :raises UsageError: when there is no such policy or profile
    """

    def __init__(self, stores: "Union[Stores, Callable[[str], Stores]]", *, users: Optional[Users] = None,
                 peers: Optional[Peers] = None, device_id: str = "", url: str = "", conflict: str = KEEP_BOTH,
                 challenge: str = "md5", allow_empty: bool = False, rescan: bool = False, profile: str = "",
                 zone: str = "", limits: Limits = DEFAULT, trial: bool = False, spool: "Callable[[Any], Spool]" = Held,
                 on_report: Callable[[Report], None] = lambda report: None,
                 log: Callable[[str], None] = lambda line: None, tap: Optional[Tap] = None,
                 trace: "Optional[Trace]" = None, clock: Callable[[], float] = time.monotonic,
                 now: Callable[[], float] = time.time, random: Callable[[int], bytes] = os.urandom) -> None:
        self._stores = stores
        self._users = users
        self._url = url
        self._alike = bool(url) and users is not None   # behind a proxy all clients have one address
        self._limits = limits
        policy(conflict)    # raises when there is none of that name
        self._peers = peers or Peers()
        self._memory: Memory = _Aside(self._peers) if trial else self._peers
        self._options = Options(device_id or self._peers.identity, random, clock, limits, conflict, allow_empty, rescan,
                                challenge=challenge, profile=profile, zone=zone, trial=trial,
                                spool=spool)
        profile_of({}, UNKNOWN, profile)    # raises when there is none of that name
        self._on_report = on_report
        self._log = log
        self._tap = tap
        self._trace = trace
        self._now = now
        self._known: "dict[str, Stores]" = {}
        self._opening = allocate_lock()
        self._sessions: "Sessions[Exchange]" = Sessions(limits, clock, lambda: random(TOKEN_BYTES).hex())

    @property
    def wsgi_app(self) -> "WSGIApplication":
        """The server as a WSGI application (PEP 3333)."""
        handle = self.handle if self._tap is None else watched(self.handle, self._tap)
        return App(handle, limits=self._limits, log=self._log)

    def handle(self, packet: Packet, sender: str = "") -> Optional[Packet]:
        """Answer one message. What the answer promises is durable when this returns. May be called from many threads.

        :param packet: the message; `to` is the URL it was sent to, None on a line that has no addresses
        :param sender: the client's network address
        :returns: the answer, None when the session is over and nothing is owed
        :raises RemoteProtocolError: when it is no SyncML message, or one that fits no session
        :raises TransportError: when the server is full
        :raises StoreError: when a datastore cannot be used at all
        """
        for idle in self._sessions.expire():
            self._dismiss(idle)
        base, token = self._address(packet.to or "")
        name = digest(packet.body)
        seat = self._sessions.by_token(token) if token else None
        if seat is None:
            seat = self._opened(packet, sender, base, name)
        try:
            return self._answer(seat, packet, name, token == seat.token)
        except RemoteProtocolError:
            if token != seat.token or not _begins(self._header(packet)):
                raise
        # a client that keeps to the RespURI of an earlier session
        return self._answer(self._seat(packet, sender, base, name), packet, name, False)

    def hang_up(self, sender: str) -> None:
        """The line to a client is gone, and with it the sessions on it.

        :param sender: as given to :meth:`handle`
        """
        for seat in self._sessions.leave(sender):
            self._dismiss(seat)

    def close(self) -> None:
        """Give up all sessions and close the datastores that were opened for users."""
        for seat in self._sessions.clear():
            self._dismiss(seat)
        known, self._known = self._known, {}
        for stores in known.values():
            for store in stores.values():
                store.close()

    # -- which session

    def _address(self, url: str) -> "tuple[str, str]":
        """The general address of this server, and the token that a RespURI had at its end."""
        base, _, last = url.rpartition("/")
        if len(last) == 2 * TOKEN_BYTES and all(c in "0123456789abcdef" for c in last):
            return self._url or base, last
        return self._url or url, ""

    def _header(self, packet: Packet) -> "tuple[str, str, str]":
        header = document.parse(packet.body, packet.content_type, self._limits).message.header
        return header.source, header.session_id, header.msg_id

    def _opened(self, packet: Packet, sender: str, base: str, name: bytes) -> "Seat[Exchange]":
        try:
            return self._seat(packet, sender, base, name)
        except Error as error:
            if self._trace is not None:
                self._trace.stray(packet, error)
            raise

    def _seat(self, packet: Packet, sender: str, base: str, name: bytes) -> "Seat[Exchange]":
        header = self._header(packet)
        key = Key(header[0], header[1], sender)
        if not _begins(header):
            seat = self._sessions.by_key(key)
            if seat is not None:
                return seat
        seat, left = self._sessions.open(
            key, lambda token: self._exchange(f"{base.rstrip('/')}/{token}" if base else None), name, not self._alike)
        for former in left:
            self._dismiss(former)
        return seat

    def _exchange(self, url: Optional[str]) -> Exchange:
        secrets = None if self._users is None else self._secret
        kind, options = (Exchange, self._options) if self._trace is None else self._trace.exchange(self._options)
        exchange = kind.server(options, self._stores_of, self._memory, secrets, url)
        exchange.mark = stamp(self._now())
        return exchange

    # -- one message

    def _answer(self, seat: "Seat[Exchange]", packet: Packet, name: bytes, proven: bool) -> Optional[Packet]:
        left: "list[Seat[Exchange]]" = []
        try:
            return self._turn(seat, packet, name, proven, left)
        finally:
            for former in left:     # not while this seat is locked: the other may be doing the same
                self._dismiss(former)

    def _turn(self, seat: "Seat[Exchange]", packet: Packet, name: bytes, proven: bool,
              left: "list[Seat[Exchange]]") -> Optional[Packet]:
        with seat.lock:
            if self._alike and seat.trusted and not proven:
                refusal = seat.session.doubt(packet)
                if refusal is not None:
                    return refusal
            if seat.answered == name:
                if self._trace is not None:
                    self._trace.note(f"message {seat.session.session.got_msg} of session "
                                     f"{seat.session.session.session_id} came again; the answer is sent again")
                return seat.reply   # a repeat: its answer was lost
            if seat.session.failed is not None:
                raise RemoteProtocolError("this session is over")
            seat.current = name
            try:
                reply = seat.session.handle(packet)
                seat.answered, seat.reply, seat.number = name, reply, seat.session.session.got_msg
            except RepeatedError:       # the same message in other words, as some phones repeat it
                if seat.number != seat.session.session.got_msg:
                    raise
                return seat.reply
            finally:
                if seat.session.session.authenticated and not seat.trusted:
                    left += self._sessions.trust(seat, seat.session.user)
                if seat.session.finished and not seat.ended:
                    self._end(seat)
        return reply

    def _dismiss(self, seat: "Seat[Exchange]") -> None:
        """A session that left the table: when it is not over, its client went away."""
        with seat.lock:
            if not seat.ended:
                seat.session.abort(TransportError("the client went away"))
                self._end(seat)

    def _end(self, seat: "Seat[Exchange]") -> None:
        seat.ended = True
        report = seat.session.report
        # who only asked what there is, and left, did not sync
        if seat.trusted and (report.datastores or not isinstance(report.error, TransportError)):
            try:
                if not self._options.trial:
                    self._peers.record({"when": int(self._now()), "role": "server", **report.as_dict()})
            except StoreError as error:     # the history may lag
                self._log(str(error))
            self._on_report(report)

    # -- whose data

    def _stores_of(self, user: str) -> Stores:
        if self._options.trial:
            stores = self._stores(user) if callable(self._stores) else self._stores
            return {name: MemoryStore.copy(store) for name, store in stores.items()}
        if not callable(self._stores):
            return self._stores
        with self._opening:
            if user not in self._known:
                self._known[user] = self._stores(user)
            return self._known[user]

    def _secret(self, user: str) -> Optional[Secret]:
        assert self._users is not None
        password = self._users(user) if callable(self._users) else self._users.get(user)
        return None if password is None else secret_of(password)


class _Aside:
    """What is known of devices; what is learnt on trial is forgotten with the server."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._learnt: "dict[str, dict[str, Any]]" = {}

    def get(self, device: str) -> "dict[str, Any]":
        return dict(self._learnt.get(device) or self._memory.get(device))

    def set(self, device: str, facts: "dict[str, Any]") -> None:
        self._learnt[device] = dict(facts)


def _begins(header: "tuple[str, str, str]") -> bool:
    return header[2].strip().lstrip("0") == "1"
