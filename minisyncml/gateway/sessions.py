"""The sessions that a server has open: found by token or by who sends, bounded in number, dropped when idle.

It knows nothing of what a session does; the owner works on a seat only while it holds the seat's lock.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from _thread import allocate_lock
from typing import Callable, Generic, NamedTuple, Optional, TypeVar

from minisyncml.errors import TransportError
from minisyncml.limits import Limits
from minisyncml.transport.base import Packet

T = TypeVar("T")


class Key(NamedTuple):
    """What names a session whose client does not follow RespURI: device, its SessionID, and where it calls from."""

    source: str
    session_id: str
    sender: str


class Seat(Generic[T]):
    """One session in the server.

    `current` is the digest of the message being handled or handled last, `answered` that of the one `reply` belongs to.
    """

    __slots__ = ("token", "key", "session", "lock", "seen", "current", "answered", "reply", "number", "trusted",
                 "owner", "ended")

    def __init__(self, token: str, key: Key, session: T, now: float, current: bytes) -> None:
        self.token = token
        self.key = key
        self.session = session
        self.lock = allocate_lock()
        self.seen = now
        self.current = current
        self.answered = b""
        self.reply: Optional[Packet] = None
        self.number = ""        # MsgID of what `reply` answers
        self.trusted = False    # logged in
        self.owner = ("", "")   # who did: the user, or the address where nobody has to
        self.ended = False      # only its last reply is still of use


class Sessions(Generic[T]):
    """The table of open sessions.

    :param limits: `max_sessions`, `max_sessions_unauthenticated`, `max_sessions_per_user`, `session_timeout`
    :param clock: seconds that only go forward
    :param token: makes a random name that cannot be guessed
    """

    def __init__(self, limits: Limits, clock: Callable[[], float], token: Callable[[], str]) -> None:
        self._limits = limits
        self._clock = clock
        self._token = token
        self._lock = allocate_lock()
        self._seats: "dict[str, Seat[T]]" = {}
        self._keys: "dict[Key, Seat[T]]" = {}

    def __len__(self) -> int:
        return len(self._seats)

    def by_token(self, token: str) -> "Optional[Seat[T]]":
        """The session that a RespURI names.

        :param token: from the URI
        :returns: its seat, None when there is none (any more)
        """
        with self._lock:
            return self._touch(self._seats.get(token))

    def by_key(self, key: Key) -> "Optional[Seat[T]]":
        """The session of a client that calls the server by its general address.

        :param key: who sends
        :returns: its seat, None when there is none
        """
        with self._lock:
            return self._touch(self._keys.get(key))

    def open(self, key: Key, make: "Callable[[str], T]", current: bytes,
             sure: bool = True) -> "tuple[Seat[T], list[Seat[T]]]":
        """A new session, unless this message opened one a moment ago and is being handled.

        :param key: who sends
        :param make: makes the session, told its token
        :param current: digest of the message that opens it
        :param sure: whether nobody else can have that key; else the former session stays until this one has logged in
        :returns: its seat, and those that had to leave: the same client's former one, and one to make room
        :raises TransportError: when all seats are taken by sessions that are logged in
        """
        with self._lock:
            former = self._keys.get(key)
            if former is not None and former.current == current and not former.ended:
                return former, []
            left = [former] if former is not None and sure else []
            for seat in left:
                self._remove(seat)
            left += self._make_room()
            token = self._token()
            seat = Seat(token, key, make(token), self._clock(), current)
            self._seats[token] = self._keys[key] = seat
            return seat, left

    def trust(self, seat: "Seat[T]", user: str) -> "list[Seat[T]]":
        """A session has logged in. Nobody takes the seats of others: who begins anew loses the former one, who has too
        many the one idle for longest.

        :param seat: its seat
        :param user: who it is, empty where nobody has to log in
        :returns: the seats that had to leave
        """
        with self._lock:
            seat.trusted, seat.owner = True, (user, "" if user else seat.key.sender)
            own = [other for other in self._seats.values() if other.owner == seat.owner and other.trusted
                   and not other.ended and other is not seat]
            own.sort(key=lambda other: (other.lock.locked(), other.seen))
            again = [other for other in own if other.key == seat.key]
            own = [other for other in own if other.key != seat.key]
            left = again + own[:max(0, len(own) + 1 - self._limits.max_sessions_per_user)]
            for other in left:
                self._remove(other)
            return left

    def expire(self) -> "list[Seat[T]]":
        """Drop what was idle for too long.

        :returns: the seats that were dropped
        """
        with self._lock:
            oldest = self._clock() - self._limits.session_timeout
            idle = [seat for seat in self._seats.values() if seat.seen < oldest]
            for seat in idle:
                self._remove(seat)
            return idle

    def leave(self, sender: str) -> "list[Seat[T]]":
        """Drop all sessions of a caller.

        :param sender: where it calls from
        :returns: the seats that were dropped
        """
        with self._lock:
            gone = [seat for seat in self._seats.values() if seat.key.sender == sender]
            for seat in gone:
                self._remove(seat)
            return gone

    def clear(self) -> "list[Seat[T]]":
        """Drop all.

        :returns: the seats that were dropped
        """
        with self._lock:
            seats = list(self._seats.values())
            self._seats.clear()
            self._keys.clear()
            return seats

    def _touch(self, seat: "Optional[Seat[T]]") -> "Optional[Seat[T]]":
        if seat is not None:
            seat.seen = self._clock()
        return seat

    def _make_room(self) -> "list[Seat[T]]":
        """Ended sessions leave first, then those that never logged in: a flood of strangers locks out nobody."""
        seats = sorted(self._seats.values(), key=lambda seat: (not seat.ended, seat.trusted, seat.seen))
        strangers = [seat for seat in seats if not seat.ended and not seat.trusted]
        left: "list[Seat[T]]" = []
        if len(strangers) >= self._limits.max_sessions_unauthenticated:
            left.append(strangers[0])
        elif len(seats) >= self._limits.max_sessions:
            if not seats[0].ended and seats[0].trusted:
                raise TransportError("too many sessions; try again later")
            left.append(seats[0])
        for seat in left:
            self._remove(seat)
        return left

    def _remove(self, seat: "Seat[T]") -> None:
        del self._seats[seat.token]
        if self._keys.get(seat.key) is seat:
            del self._keys[seat.key]
