"""One SyncML session, client or server, as a state machine without IO: `receive` a packet, act on the events, `settle`
their status slots, `send` the next packet. Who is let in stands in gate.py, what a message brings in inbox.py, how the
next one is put together in outbox.py.

All state is plain values: `state()` can be kept, and a session built from it goes on as if nothing had happened.

Packages (DS Protocol 1.2.1, section 5): each side closes its package n with Final. Counting those Finals is all there
is to turn taking: the client may send package n when the server has closed n-1, the server when the client has closed
n. Package 0 initializes, 1 carries the changes, 2 the maps.
"""

from __future__ import annotations

from typing import Any, Iterable, Optional

from minisyncml import status as codes
from minisyncml.engine import gate, inbox, outbox
from minisyncml.engine.chunks import Assembly
from minisyncml.engine.config import CLIENT, SERVER, VERSIONS, Config
from minisyncml.engine.events import Event, LoggedIn
from minisyncml.engine.pack import copy, pack
from minisyncml.engine.slots import Slots
from minisyncml.errors import LimitError, RemoteProtocolError, RepeatedError
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.profile import DEFAULT, Profile
from minisyncml.transport.base import WBXML, XML, Packet

_APART = ("config", "profile", "slots", "chunks")      # not among the plain values


class Session:
    """One session.

    :param config: what it is told once
    :param state: plain values from an earlier :meth:`state`, to go on with; not the profile
    :ivar profile: what the peer is like, as soon as that is known
    """

    def __init__(self, config: Config, state: "Optional[dict[str, Any]]" = None) -> None:
        self.config = config
        self.profile: Profile = DEFAULT
        self.slots = Slots(state["slots"] if state else None)
        self.chunks = Assembly(state["chunks"] if state else None, config.spool)
        self.session_id = "1"
        self.source, self.target = config.source, config.target
        self.version, self.encoding = config.version, config.encoding
        self.sent_msg = 0               # MsgID of our last message
        self.got_msg = ""               # MsgID of the peer's last message
        self.ours = self.theirs = 0     # packages closed with Final
        self.answering = False          # a message came in that has no answer yet
        self.peer_msg_size = config.limits.default_peer_msg_size
        self.peer_obj_size = 0          # 0: not announced
        self.peer_large = True          # the peer joins chunks of large objects
        self.packs = False              # the peer takes several items in a command, and one Status for all of them
        self.declares = True            # the peer names its namespaces
        self.called = False             # Alert 222 asked for our changes
        self.refused = False            # the last message was not executed: version or credentials
        self.quiet = False              # the last message wants no Status at all
        self.resp_uri = ""
        self.authenticated = config.role == SERVER and config.secrets is None
        self.announced = False          # LoggedIn was given out
        self.user = ""
        self.nonce = b""                # for our login at the peer
        self.scheme = ""                # how we log in: basic or md5
        self.logins = 0
        self.presented = False          # our last message had credentials
        self.always = False             # the server wants them in each message: it answered 200, not 212
        self.asked_nonce: Optional[bytes] = None    # what we gave the peer for its login
        self.new_nonce: Optional[bytes] = None      # what we gave it for the next session
        self.alerted = False            # an Alert for a datastore came
        self.prelude = False            # the client closed a package that asked for no sync: it begins once more
        self.synced_early = False       # changes came in the initialization package
        self.suspended = False          # the client said so: nothing follows but what was answered
        self.idle = 0
        self.finished = False
        self.queue: "list[list[Any]]" = []          # [packed command, ref]
        self.waiting: "dict[str, list[Any]]" = {}   # MsgID/CmdID of ours -> ref
        self.retry: "list[Any]" = []                # what to send again after a challenge
        self.sending: "list[Any]" = []              # a large object on its way: offset, total, length of last chunk
        if state:
            for name, value in state["plain"].items():
                setattr(self, name, copy(value))

    def state(self) -> "dict[str, Any]":
        """The whole session as plain values.

        :returns: a dict of str, int, bytes, list, dict, None
        """
        plain = {name: copy(value) for name, value in vars(self).items() if name not in _APART}
        return {"plain": plain, "slots": self.slots.state(), "chunks": self.chunks.state()}

    @property
    def turn(self) -> int:
        """How many packages we may have closed by now; see the first lines of this module."""
        return self.theirs + (self.config.role == CLIENT)

    @property
    def msg_size(self) -> int:
        """How long our messages may be: what the peer says, or less where its profile knows better."""
        return self.bounded(self.peer_msg_size)

    def bounded(self, size: int) -> int:
        """A size of messages, within the bound of the peer's profile.

        :param size: bytes
        :returns: bytes; a bound that leaves no room for anything is none
        """
        most = self.profile.max_msg
        return min(size, max(most, self.config.limits.min_msg_size)) if most else size

    @property
    def obj_size(self) -> int:
        """How long an item may be, likewise; 0: of any length."""
        known, most = self.peer_obj_size, self.profile.max_obj
        return min(known or most, most or known)

    @property
    def namespace(self) -> bool:
        """Whether our XML names its namespaces."""
        choice = self.profile.namespace
        return self.config.namespace and choice != "none" and (choice != "echo" or self.declares)

    # -- what the owner does

    def put(self, command: c.Command, ref: "Optional[list[Any]]" = None) -> None:
        """Queue a command for the next message: Alert, Map, Get, Put, Results. Its CmdID is filled in.

        :param command: the command, without nodes
        :param ref: plain values that come back with :class:`Answered`; None when the answer does not matter
        """
        self.queue.append([pack(command), ref])

    def describe(self, command: str = "Put", cmd_id: str = "") -> None:
        """Queue our device information.

        :param command: `Put`, or `Results` as the answer to a Get
        :param cmd_id: CmdID of that Get
        """
        self.queue.append([[command, self.got_msg, cmd_id], ["devinf"] if command == "Put" else None])

    def ask(self) -> None:
        """Queue a Get for the peer's device information (DevInf 1.2, exchange)."""
        meta = c.Meta(type=f"application/vnd.syncml-devinf+{self.encoding}")
        self.put(c.Get("", (c.Item(target=self.devinf_uri),), meta))

    @property
    def devinf_uri(self) -> str:
        """Where device information of this version lives, for example `./devinf12`."""
        return f"./devinf{self.version.replace('.', '')}"

    def settle(self, slot: int, code: int, anchor: Optional[str] = None, texts: "Iterable[str]" = (),
               uris: "Iterable[tuple[str, str]]" = ()) -> None:
        """Answer what an event brought.

        :param slot: the event's slot
        :param code: SyncML status code
        :param anchor: the peer's Next anchor, to be echoed to an Alert
        :param texts: explanations, one Item each
        :param uris: source and target of an item that the answer is about, an Item each
        :raises LocalProtocolError: when it was answered before
        """
        self.slots.fill(slot, code, anchor, (*texts, *uris))

    def send(self, feed: "Optional[outbox.Feed]" = None) -> Optional[Packet]:
        """The next message.

        :param feed: where the commands of the Sync containers come from
        :returns: a packet, or None when nothing is owed
        :raises LocalProtocolError: when a slot is still open, or it is not our turn
        """
        if self.finished and not self.answering:
            return None
        if self.sent_msg >= self.config.limits.max_messages:
            raise LimitError("too many messages in one session")
        body = outbox.build(self, feed)
        if body is None:
            self.finished = True
            return None
        self.answering = False
        if self.refused and not self.authenticated:
            self.slots.forget()     # a stranger gets one message of answers, and does not fill our memory
        if self.suspended or self.config.role == SERVER and self.ours >= (3 if self.waiting else 2):
            self.finished = True    # with Statuses still owed: some clients never send the last of them
        return Packet(WBXML if self.encoding == "wbxml" else XML, body, self.resp_uri or None)

    # -- what comes in

    def receive(self, packet: Packet) -> "list[Event]":
        """Take the peer's next message.

        :param packet: as the transport delivered it
        :returns: what happened, in order; each slot in it has to be settled before :meth:`send`
        :raises RemoteProtocolError: when it is no message, or not one of this session; the session goes on
        :raises RepeatedError: when it has the number of the one before it
        :raises AuthError: when the peer refused our credentials
        :raises PeerError: when the peer ended the session
        """
        parsed = document.parse(packet.body, packet.content_type, self.config.limits)
        message, header = parsed.message, parsed.message.header
        self._check_order(header)
        self.encoding = parsed.encoding
        self.declares = parsed.encoding == "wbxml" or bool(parsed.version)
        self.got_msg = header.msg_id
        self.answering = True
        if self.config.role == SERVER:
            self._adopt(header)
        refused = gate.refusal(self, header)
        self.refused = refused is not None
        self.quiet = header.no_resp and not self.refused
        slot = self.slots.open(header.msg_id, "0", "SyncHdr", header.target, header.source, self.quiet)
        events: "list[Event]" = []
        if refused:
            code, texts, chal = refused
            self.slots.fill(slot, code, None, texts, chal)
            inbox.refuse_all(self, message.commands, code)
            return events
        self._meta(header)
        if gate.challenged(self, message):
            self.slots.fill(slot, codes.OK)
            return events
        if not self.announced:
            self.announced = True
            events.append(LoggedIn(self.user))
        gate.greet(self, slot, header)
        inbox.take(self, message, events)
        return events

    def merge_packages(self) -> None:
        """The client sent its changes with the initialization and they were taken: both packages are complete."""
        if self.synced_early and self.theirs == 1 and self.ours == 0:
            self.theirs = 2

    def _check_order(self, header: c.Header) -> None:
        limits = self.config.limits
        if max(len(header.session_id), len(header.msg_id)) > limits.max_id:
            raise LimitError("a SessionID or MsgID that is too long")
        if self.sent_msg >= limits.max_messages:
            raise LimitError("too many messages in one session")
        if len(self.slots) + len(self.queue) > limits.max_commands:
            raise LimitError("too many commands that are not answered yet")
        if self.got_msg and self.config.role == SERVER and header.session_id != self.session_id:
            raise RemoteProtocolError(f"message of session {header.session_id[:20]!r} in session {self.session_id!r}")
        new, old = _number(header.msg_id), _number(self.got_msg)
        if self.got_msg and header.msg_id == self.got_msg:
            raise RepeatedError(f"MsgID {header.msg_id[:20]!r} once more")
        if self.got_msg and 0 < new <= old:
            raise RemoteProtocolError(f"MsgID {header.msg_id[:20]!r} after {self.got_msg!r}")

    def _adopt(self, header: c.Header) -> None:
        """A server answers in the client's terms."""
        self.session_id = header.session_id
        self.target = header.source
        self.source = header.target or self.config.source
        if header.version in VERSIONS:
            self.version = header.version

    def _meta(self, header: c.Header) -> None:
        limits = self.config.limits
        if header.meta and header.meta.max_msg_size:
            self.peer_msg_size = min(max(header.meta.max_msg_size, limits.min_msg_size), limits.max_message)
        if header.meta and header.meta.max_obj_size:
            self.peer_obj_size = header.meta.max_obj_size
        if header.resp_uri and self.config.role == CLIENT:
            self.resp_uri = header.resp_uri


def _number(msg_id: str) -> int:
    return int(msg_id) if msg_id.isascii() and msg_id.isdigit() and len(msg_id) < 10 else 0
