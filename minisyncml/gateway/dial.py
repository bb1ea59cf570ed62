"""From a port to a phone that speaks OBEX: open the line, leave AT mode when the phone is in it, connect to a service,
and the same way back. What is said over it afterwards (SyncML, IrMC) stands elsewhere.
"""

from __future__ import annotations

import time
from typing import Callable, Optional

from minisyncml.errors import Error, ObexError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.obex import codes
from minisyncml.profile import DEFAULT as ANY
from minisyncml.profile import Identity, Profile
from minisyncml.transport.at import SPEEDS, Dialogue
from minisyncml.transport.link import Link, speaks_at
from minisyncml.transport.obex import TIMEOUT, ObexClient, ObexTransport
from minisyncml.transport.ports import open_link
from minisyncml.transport.sdp import SERVER

Opener = Callable[[], Link]


class Call:
    """One call to a phone. A context manager: leaving it hangs up, and brings the phone back to AT mode.

    :param opener: opens the line
    :param at: whether the phone may be in AT mode
    :param profile: what is known of it
    :param password: OBEX password, the one that is set on the phone
    :param timeout: for one answer, in seconds
    :param progress: is told the bytes of the object under way
    :param limits: bounds
    :param wait: waits some seconds, as phones need between AT and OBEX
    :param patience: how long to listen for a phone that is in OBEX mode already, in seconds
    :ivar link: the line
    :ivar identity: what the phone said of itself in AT mode; empty when it was not asked
    :ivar switch: how OBEX was entered, `none` when the phone was there already
    :raises LinkError: when there is no line, or no phone at its end that takes OBEX
    """

    def __init__(self, opener: Opener, *, at: bool, profile: Profile = ANY, password: str = "",
                 timeout: float = TIMEOUT, progress: Callable[[int], None] = lambda count: None,
                 limits: Limits = DEFAULT, wait: Callable[[float], object] = time.sleep,
                 patience: float = 1.0) -> None:
        self.link = opener()
        self.identity = Identity()
        self.switch = "none"
        self._at, self._patience = at, patience
        self._profile, self._password = profile, password
        self._timeout, self._progress, self._limits = timeout, progress, limits
        self._dialogue = Dialogue(self.link, wait=wait)
        self._client: Optional[ObexClient] = None
        try:
            self._enter()
        except BaseException:
            self.link.close()
            raise

    def _enter(self) -> None:
        if not self._at:
            return
        self.switch = self._dialogue.enter_obex(self._profile.at_switch, patience=self._patience,
                                                speeds=SPEEDS)
        said = self._dialogue.identity
        if said is not None:
            self.identity = Identity(said.manufacturer, said.model, said.firmware)

    def connect(self, target: bytes = codes.SYNCML) -> ObexClient:
        """Begin an OBEX session; one that is under way ends.

        :param target: the service
        :returns: what speaks with it
        :raises ObexError: when the phone has no such service, or does not let us in
        :raises LinkError: when nothing there speaks OBEX
        """
        if self._client is not None:
            self._client.disconnect()
        profile = self._profile
        self._client = ObexClient(self.link, password=self._password, timeout=self._timeout, limits=self._limits,
                                  progress=self._progress, eob=profile.eob_mode,
                                  send_limit=profile.obex_packet or codes.MAX_PACKET)
        try:
            self._client.connect(target)
        except ObexError as error:
            if error.code != codes.UNAVAILABLE:
                raise
            self._client.forget()   # the phone may not have noticed that the last call broke off
            self._enter()           # ... and be in AT mode now
            self._client.connect(target)
        return self._client

    def close(self) -> None:
        """Take leave. What fails now has no consequence: whatever was agreed on was answered before."""
        try:
            if self._client is not None:
                self._client.disconnect()
            if self.switch != "none":
                self._dialogue.leave(self.switch)
        except Error:
            pass
        finally:
            self.link.close()

    def __enter__(self) -> "Call":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Dialled(ObexTransport):
    """The way to a SyncML server that is called over a line, for a :class:`minisyncml.gateway.client.Client`.

    :param call: the call; it ends with the transport
    :raises ObexError: when there is no SyncML service
    :raises LinkError: when nothing there speaks OBEX
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        try:
            super().__init__(call.connect())
        except BaseException:
            call.close()
            raise

    def close(self) -> None:
        """Take leave, and hang up."""
        self._call.close()


def dialled(port: str, limits: Limits = DEFAULT) -> Dialled:
    """Call a SyncML server.

    :param port: as :func:`minisyncml.transport.ports.open_link` takes it
    :param limits: bounds
    :returns: the way to it
    :raises ObexError: when there is no SyncML service
    :raises LinkError: when nothing there speaks OBEX
    """
    return Dialled(Call(lambda: open_link(port, services=SERVER), at=speaks_at(port), limits=limits))
