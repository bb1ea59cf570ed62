"""Which notifications a client listens to: their form is found out, their proof checked, repeats dropped. What is to be
synced then is decided elsewhere. No clock: the time is handed in.
"""

from __future__ import annotations

from typing import Iterable, NamedTuple, Optional, Union

from minisyncml.digest import md5
from minisyncml.errors import AuthError, UsageError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.notify import legacy, san
from minisyncml.notify.base import ACCEPT, IGNORE, POLICIES, REQUIRE, Notification
from minisyncml.notify.legacy import Legacy
from minisyncml.notify.san import San
from minisyncml.transport.base import Packet

WINDOW = 60.0       #: how long after its session a repeat is known, in seconds
REMEMBERED = 16     #: notifications whose repeats are known
_RUNNING = float("inf")


class Received(NamedTuple):
    """A notification to act on. `trusted`: it was proven, or nobody wanted a proof; only then may it cost data."""

    form: Union[San, Legacy]
    trusted: bool
    name: bytes = b""           #: equal for repeats

    @property
    def notification(self) -> Notification:
        """What it says."""
        return self.form.notification


def read(packet: Packet, limits: Limits = DEFAULT) -> Union[San, Legacy]:
    """Read a notification of either form; the bytes decide, since phones label them wrongly.

    :param packet: as the bearer delivered it
    :param limits: bounds
    :returns: what it says, its proof not yet checked
    :raises RemoteProtocolError: when it is no notification
    """
    if san.is_packet(packet.body):
        return san.parse(packet.body, limits)
    return legacy.parse(packet.body, packet.content_type, limits)


class Inbox:
    """Takes the notifications of one client.

    :param keys: from :func:`minisyncml.notify.san.key`, of the servers that may wake us
    :param nonces: decoded, the newest first
    :param policy: `require`: act on proven ones only; `accept`: on those, on such that carry no proof, and when there
        are no keys on any; `ignore`: look at no proof
    :param window: seconds after its session in which a repeat is dropped
    :param limits: bounds
    :raises UsageError: when there is no such policy
    """

    def __init__(self, keys: Iterable[bytes] = (), nonces: Iterable[bytes] = (san.NONCE, b""), policy: str = ACCEPT,
                 window: float = WINDOW, limits: Limits = DEFAULT) -> None:
        if policy not in POLICIES:
            raise UsageError(f"policy must be one of {', '.join(POLICIES)}, not {policy!r}")
        self.keys = tuple(keys)
        self.nonces = tuple(nonces)
        self.policy = policy
        self.window = window
        self.limits = limits
        self._until: "dict[bytes, float]" = {}

    def give(self, nonce: bytes) -> None:
        """A new nonce was given to the server; the last one counts until the new one was used (SAN 1.2.1, nonces).

        :param nonce: decoded
        """
        self.nonces = (nonce, *self.nonces[:1])

    def take(self, packet: Packet, now: float) -> Optional[Received]:
        """Judge a notification. Call :meth:`ended` when the session that it starts is over.

        :param packet: as the bearer delivered it
        :param now: seconds that never go back
        :returns: what to act on, None for the repeat of one that was acted on
        :raises RemoteProtocolError: when it is no notification
        :raises AuthError: when its proof is wrong or missing; the peer is not to be told
        """
        form = read(packet, self.limits)
        name = md5(packet.body)
        if self._until.get(name, now) > now:
            return None
        trusted = self.policy == IGNORE or self._proven(form)
        if not trusted and (self.policy == REQUIRE or self.keys and not form.anonymous):
            raise AuthError(f"a notification of {form.notification.server_id[:60]!r} has no right digest; dropped")
        self._forget(now)
        self._until[name] = _RUNNING
        return Received(form, trusted, name)

    def ended(self, received: Received, now: float) -> None:
        """The session is over; the same bytes mean a new wish when the window has passed.

        :param received: from :meth:`take`
        :param now: seconds that never go back
        """
        self._until[received.name] = now + self.window

    def _proven(self, form: Union[San, Legacy]) -> bool:
        if isinstance(form, Legacy):
            return legacy.proven(form, self.keys, self.nonces)
        nonce = san.proven(form, self.keys, self.nonces)
        if nonce is not None:
            self.nonces = (nonce,)
        return nonce is not None

    def _forget(self, now: float) -> None:
        """Make room; what is over goes first."""
        self._until = {name: until for name, until in self._until.items() if until > now}
        while len(self._until) >= REMEMBERED:
            del self._until[min(self._until, key=lambda name: self._until[name])]
