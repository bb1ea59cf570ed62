"""One SyncML session, client or server, as a state machine without IO: `receive` a packet, act on the events, `settle`
their status slots, `send` the next packet. What goes out is put together in outbox.py.

All state is plain values: `state()` can be kept, and a session built from it goes on as if nothing had happened.

Packages (DS Protocol 1.2.1, section 5): each side closes its package n with Final. Counting those Finals is all there
is to turn taking: the client may send package n when the server has closed n-1, the server when the client has closed
n. Package 0 initializes, 1 carries the changes, 2 the maps.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Optional

from minisyncml import status as codes
from minisyncml.codec import xml
from minisyncml.codec.node import Node
from minisyncml.engine import auth, outbox
from minisyncml.engine.chunks import Assembly
from minisyncml.engine.config import CLIENT, SERVER, VERSIONS, Config
from minisyncml.engine.events import (
    Alerted,
    Answered,
    Described,
    Event,
    ItemArrived,
    LoggedIn,
    Mapped,
    PackageEnded,
    Suspended,
    SyncOpened,
)
from minisyncml.engine.pack import pack
from minisyncml.engine.slots import Slots
from minisyncml.errors import AuthError, LimitError, PeerError, RemoteProtocolError, VersionError
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.message.devinf import read_devinf
from minisyncml.transport.base import WBXML, XML, Packet

MAX_LOGINS = 3
_START = range(codes.ALERT_TWO_WAY, codes.ALERT_REFRESH_FROM_SERVER + 1)


class Session:
    """One session.

    :param config: what it is told once
    :param state: plain values from an earlier :meth:`state`, to go on with
    """

    def __init__(self, config: Config, state: "Optional[dict[str, Any]]" = None) -> None:
        self.config = config
        self.slots = Slots(state["slots"] if state else None)
        self.chunks = Assembly(state["chunks"] if state else None)
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
        self.synced_early = False       # changes came in the initialization package
        self.idle = 0
        self.finished = False
        self.queue: "list[list[Any]]" = []          # [packed command, ref]
        self.waiting: "dict[str, list[Any]]" = {}   # MsgID/CmdID of ours -> ref
        self.retry: "list[Any]" = []                # what to send again after a challenge
        self.sending: "list[Any]" = []              # a large object on its way: offset, total, length of last chunk
        if state:
            for name, value in state["plain"].items():
                setattr(self, name, _copy(value))

    def state(self) -> "dict[str, Any]":
        """The whole session as plain values.

        :returns: a dict of str, int, bytes, list, dict, None
        """
        plain = {name: _copy(value) for name, value in vars(self).items() if name not in ("config", "slots", "chunks")}
        return {"plain": plain, "slots": self.slots.state(), "chunks": self.chunks.state()}

    @property
    def turn(self) -> int:
        """How many packages we may have closed by now; see the first lines of this module."""
        return self.theirs + (self.config.role == CLIENT)

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

    def settle(self, slot: int, code: int, anchor: Optional[str] = None, texts: "Iterable[str]" = ()) -> None:
        """Answer what an event brought.

        :param slot: the event's slot
        :param code: SyncML status code
        :param anchor: the peer's Next anchor, to be echoed to an Alert
        :param texts: explanations, one Item each
        :raises LocalProtocolError: when it was answered before
        """
        self.slots.fill(slot, code, anchor, tuple(texts))

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
        if self.config.role == SERVER and self.ours >= 2 and not self.waiting:
            self.finished = True
        return Packet(WBXML if self.encoding == "wbxml" else XML, body, self.resp_uri or None)

    # -- what comes in

    def receive(self, packet: Packet) -> "list[Event]":
        """Take the peer's next message.

        :param packet: as the transport delivered it
        :returns: what happened, in order; each slot in it has to be settled before :meth:`send`
        :raises RemoteProtocolError: when it is no message, or not one of this session; the session goes on
        :raises AuthError: when the peer refused our credentials
        :raises PeerError: when the peer ended the session
        """
        parsed = document.parse(packet.body, packet.content_type, self.config.limits)
        message, header = parsed.message, parsed.message.header
        self._check_order(header)
        self.encoding = parsed.encoding
        self.got_msg = header.msg_id
        self.answering = True
        if self.config.role == SERVER:
            self._adopt(header)
        refused = self._refusal(header)
        self.refused = refused is not None
        self.quiet = header.no_resp and not self.refused
        slot = self.slots.open(header.msg_id, "0", "SyncHdr", header.target, header.source, self.quiet)
        events: "list[Event]" = []
        if refused:
            code, texts, chal = refused
            self.slots.fill(slot, code, None, texts, chal)
            self._refuse_all(message.commands, code)
            return events
        self._meta(header)
        if self._challenged(message):
            self.slots.fill(slot, codes.OK)
            return events
        if not self.announced:
            self.announced = True
            events.append(LoggedIn(self.user))
        self._greet(slot, header)
        self._take(message, events)
        return events

    def _check_order(self, header: c.Header) -> None:
        if self.got_msg and self.config.role == SERVER and header.session_id != self.session_id:
            raise RemoteProtocolError(f"message of session {header.session_id[:20]!r} in session {self.session_id!r}")
        new, old = _number(header.msg_id), _number(self.got_msg)
        if self.got_msg and (header.msg_id == self.got_msg or 0 < new <= old):
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
            self.peer_msg_size = max(header.meta.max_msg_size, limits.min_msg_size)
        if header.meta and header.meta.max_obj_size:
            self.peer_obj_size = header.meta.max_obj_size
        if header.resp_uri and self.config.role == CLIENT:
            self.resp_uri = header.resp_uri

    def _refusal(self, header: c.Header) -> "Optional[tuple[int, tuple[str, ...], Optional[c.Meta]]]":
        """Why a message is not even looked at: version, then credentials."""
        if header.version not in VERSIONS:
            return codes.UNSUPPORTED_DTD, VERSIONS, None
        if header.protocol.upper() not in ("", f"SYNCML/{header.version}"):
            return codes.UNSUPPORTED_PROTOCOL, tuple(f"SyncML/{v}" for v in VERSIONS), None
        if self.config.secrets is None or self.authenticated and header.cred is None:
            return None
        if header.cred is None:
            return codes.MISSING_CREDENTIALS, (), self._challenge()
        user = auth.user_of(header.cred, header.source_name, header.source)
        if not self._right(header, header.cred, user) or self.authenticated and user != self.user:
            return codes.INVALID_CREDENTIALS, (), self._challenge()
        if header.cred.type == auth.MD5 and not self.authenticated:
            self.new_nonce = self.config.nonce()
        self.authenticated = True
        self.user = user
        return None

    def _right(self, header: c.Header, cred: c.Cred, user: str) -> bool:
        """Whether credentials are right; those that come with every message may use the nonce for the next one."""
        if self.asked_nonce is None:
            self.asked_nonce = self.config.recall(header.source)
        secret = self.config.secrets(user) if self.config.secrets is not None else None
        nonces = (self.asked_nonce, self.new_nonce) if self.authenticated else (self.asked_nonce,)
        return any([auth.check(cred, user, secret, nonce, header.version) for nonce in nonces])

    def _challenge(self) -> c.Meta:
        """Each challenge has a nonce of its own; MD5 of 1.0 needs the password, which may not be kept."""
        self.asked_nonce = self.config.nonce()
        return auth.challenge(self.config.challenge, self.asked_nonce)

    def _greet(self, slot: int, header: c.Header) -> None:
        if self.config.secrets is not None and header.cred is not None:
            chal = auth.challenge("md5", self.new_nonce) if self.new_nonce else None
            self.slots.fill(slot, codes.AUTH_ACCEPTED, None, (), chal)
        else:
            self.slots.fill(slot, codes.OK)

    def _refuse_all(self, commands: "Iterable[c.Command]", code: int) -> None:
        """One Status for every command of a message that is not executed."""
        for command in commands:
            if isinstance(command, c.Status):
                continue
            self.slots.fill(self._slot(command), code)
            if isinstance(command, (c.Sync, c.Group)):
                self._refuse_all(command.commands, code)

    def _slot(self, command: c.Command, item: Optional[c.Item] = None, target: Optional[str] = None,
              source: Optional[str] = None) -> int:
        if item is not None:
            target, source = item.target, item.source
        quiet = self.quiet or getattr(command, "no_resp", False)
        return self.slots.open(self.got_msg, command.cmd_id, c.name_of(command), target, source, quiet)

    def _challenged(self, message: c.Message) -> bool:
        """Reads the Status of our SyncHdr: refused credentials are tried again, any other refusal ends the session."""
        status = next((x for x in message.commands if isinstance(x, c.Status) and _is_header(x)), None)
        if status is None or self.config.role == SERVER:
            return False
        if status.chal is not None and status.chal.next_nonce:
            try:
                self.nonce = auth.unb64(status.chal.next_nonce.encode())
            except ValueError:
                raise RemoteProtocolError("a challenge whose NextNonce is no base64") from None
        if status.code in (codes.INVALID_CREDENTIALS, codes.MISSING_CREDENTIALS):
            self._login_again(status)
            return True
        if status.code in (codes.UNSUPPORTED_DTD, codes.UNSUPPORTED_PROTOCOL):
            raise VersionError(f"the server does not speak SyncML {self.version}")
        if status.code >= 400:
            raise PeerError(f"the server ended the session: {codes.name(status.code)} ({status.code})", status.code)
        self.always = self.presented and status.code != codes.AUTH_ACCEPTED
        self.authenticated = True
        self.retry = []
        return False

    def _login_again(self, status: c.Status) -> None:
        login = self.config.login
        wanted = "md5" if status.chal is not None and status.chal.type == auth.MD5 else "basic"
        if login is None or login.scheme == "none":
            raise AuthError("the server asks for a user and a password")
        if login.scheme not in ("auto", wanted):
            raise AuthError(f"the server wants {wanted} authentication, we were told to use {login.scheme}")
        self.logins += 1
        if self.logins >= MAX_LOGINS or (self.logins > 1 and wanted == "basic" and self.scheme == "basic"):
            raise AuthError(f"the server refused user {login.user!r} or the password")
        self.scheme = wanted
        if self.retry:
            queue, self.ours = self.retry
            self.queue, self.waiting = _copy(queue), {}

    def _take(self, message: c.Message, events: "list[Event]") -> None:
        waiting = len(self.waiting)
        news = len(self.slots) > 1      # there are answers that did not fit yet, and are worth asking for
        for command in message.commands:
            news = news or not isinstance(command, c.Status) and not _is_next(command)
            handler = _HANDLERS.get(type(command))
            if handler is None:
                self._unknown(command)
            else:
                handler(self, command, events)
        news = news or message.final or self.ours < self.turn or len(self.waiting) < waiting
        self.idle = 0 if news else self.idle + 1
        if self.idle > self.config.limits.idle_messages:
            raise RemoteProtocolError("the peer keeps asking and never says that it is done")
        if message.final:
            if self.chunks.key:
                self._no_end(self.chunks.key)
            self._close_package(events)

    def _close_package(self, events: "list[Event]") -> None:
        if self.theirs > self.ours or (self.config.role == CLIENT and self.theirs >= self.ours):
            return      # Final once too often
        events.append(PackageEnded(self.theirs))
        self.theirs += 1
        if self.synced_early and self.theirs == 1:
            events.append(PackageEnded(1))

    def merge_packages(self) -> None:
        """The client sent its changes with the initialization and they were taken: both packages are complete."""
        if self.synced_early and self.theirs == 1 and self.ours == 0:
            self.theirs = 2

    # -- commands, one by one

    def _on_status(self, command: c.Status, events: "list[Event]") -> None:
        if _is_header(command):
            return
        ref = self.waiting.pop(f"{command.msg_ref}/{command.cmd_ref}", None)
        if ref is not None and ref[0] == "chunk":
            outbox.chunk_answered(self, command.code)
        elif ref is not None:
            events.append(Answered(ref, command.code, command))

    def _on_alert(self, command: c.Alert, events: "list[Event]") -> None:
        if command.code in _START or command.code == codes.ALERT_RESUME:
            for item in command.items:
                meta = item.meta or c.Meta()
                events.append(Alerted(self._slot(command, item), command.code or 0, item.target or "",
                                      item.source or "", meta.last, meta.next, meta.max_obj_size))
            if command.items:
                return
        slot = self._slot(command)
        if command.code in (codes.ALERT_NEXT_MESSAGE, codes.ALERT_NO_END_OF_DATA, codes.ALERT_DISPLAY):
            if command.code == codes.ALERT_NO_END_OF_DATA:
                self.sending = []       # the peer gave our object up: once more from the start
            self.slots.fill(slot, codes.OK)
        elif command.code == codes.ALERT_SUSPEND and self.config.role == SERVER:
            self.slots.fill(slot, codes.OK)
            events.append(Suspended())
        elif command.code is None or command.code in _START or command.code == codes.ALERT_RESUME:
            self.slots.fill(slot, codes.INCOMPLETE_COMMAND)
        else:
            self.slots.fill(slot, codes.UNSUPPORTED_FEATURE)

    def _on_devinf(self, command: Any, events: "list[Event]") -> None:
        """Put and Results."""
        slot = self._slot(command, None, None, command.items[0].source if command.items else None)
        for item in command.items:
            if "devinf" in (item.source or "").lower():
                try:
                    events.append(Described(read_devinf(item, command.meta)))
                except RemoteProtocolError as error:
                    self.slots.fill(slot, error.status, None, (str(error),))
                    return
                self.slots.fill(slot, codes.OK)
                return
        self.slots.fill(slot, codes.INCOMPLETE_COMMAND if not command.items else codes.UNSUPPORTED_FEATURE)

    def _on_get(self, command: c.Get, events: "list[Event]") -> None:
        target = command.items[0].target if command.items else None
        slot = self._slot(command, None, target)
        if target is None:
            self.slots.fill(slot, codes.INCOMPLETE_COMMAND)
        elif target.lower().lstrip("./") in ("devinf10", "devinf11", "devinf12"):
            self.slots.fill(slot, codes.OK)
            self.describe("Results", command.cmd_id)
        else:
            self.slots.fill(slot, codes.NOT_FOUND)

    def _on_map(self, command: c.Map, events: "list[Event]") -> None:
        slot = self._slot(command, None, command.target, command.source)
        events.append(Mapped(slot, command.target or "", command.source or "", command.items))

    def _on_sync(self, command: c.Sync, events: "list[Event]") -> None:
        slot = self._slot(command, None, command.target, command.source)
        target, source = command.target or "", command.source or ""
        if self.config.role == SERVER and self.theirs == 0:
            self.synced_early = True
        events.append(SyncOpened(slot, target, source, command.number_of_changes,
                                 command.meta.mem if command.meta else None))
        for child in command.commands:
            self._on_child(child, events, target, source)

    def _on_child(self, command: c.Command, events: "list[Event]", target: str, source: str) -> None:
        if isinstance(command, c.Sequence):
            self.slots.fill(self._slot(command), codes.OK)
            for child in command.commands:
                self._on_child(child, events, target, source)
        elif isinstance(command, c.ItemCommand) and not isinstance(command, c.Move):
            if not command.items:
                self.slots.fill(self._slot(command), codes.INCOMPLETE_COMMAND)
            for item in command.items:
                self._on_item(command, item, events, target, source)
        else:
            self._unknown(command)

    def _on_item(self, command: c.ItemCommand, item: c.Item, events: "list[Event]", target: str, source: str) -> None:
        slot = self._slot(command, item)
        if isinstance(item.data, Node):
            item = item._replace(data=markup(item.data))
        name = c.name_of(command)
        meta = _merged(item.meta, command.meta)
        key = [target, source, name, item.source, item.target]
        if self.chunks.key and self.chunks.key != key:
            self._no_end(self.chunks.key)
        began = self.chunks.meta
        code, whole = self.chunks.take(key, item, meta, self.config.limits.max_obj_size)
        if code:
            self.slots.fill(slot, code)
            return
        kind, form = meta.type or began[0], meta.format or began[1]
        body = whole if item.data is not None else None
        if body and form == "b64":
            try:
                body = auth.unb64(body)
            except ValueError:
                self.slots.fill(slot, codes.UNSUPPORTED_TYPE, None, ("the data is no base64",))
                return
        events.append(ItemArrived(slot, name, item.source, item.target, kind, body, command.archive, command.soft))

    def _no_end(self, key: "list[Any]") -> None:
        """A new item began, or the package ended, before the last chunk of an object (Alert 223)."""
        self.chunks.forget()
        self.put(c.Alert("", codes.ALERT_NO_END_OF_DATA, (c.Item(source=key[3], target=key[4]),)))

    def _unknown(self, command: c.Command) -> None:
        if isinstance(command, (c.Atomic, c.Sequence)):
            self.slots.fill(self._slot(command), codes.UNSUPPORTED_FEATURE)
            self._refuse_all(command.commands, codes.NOT_EXECUTED)
        elif isinstance(command, c.ItemCommand) and not isinstance(command, c.Move):
            self.slots.fill(self._slot(command), codes.NOT_ALLOWED)     # outside of a Sync
        else:
            known = isinstance(command, c.Move) or c.name_of(command) in ("Exec", "Search")
            self.slots.fill(self._slot(command), codes.UNSUPPORTED_FEATURE if known else codes.NOT_IMPLEMENTED)


_HANDLERS: "dict[type, Callable[[Session, Any, list[Event]], None]]" = {
    c.Status: Session._on_status, c.Alert: Session._on_alert, c.Put: Session._on_devinf,
    c.Results: Session._on_devinf, c.Get: Session._on_get, c.Map: Session._on_map, c.Sync: Session._on_sync,
}


def _is_header(status: c.Status) -> bool:
    return status.cmd_ref == "0" or (status.cmd == "SyncHdr" and not status.cmd_ref)


def _is_next(command: c.Command) -> bool:
    return isinstance(command, c.Alert) and command.code in (codes.ALERT_NEXT_MESSAGE, codes.ALERT_NO_END_OF_DATA)


def _merged(item: Optional[c.Meta], command: Optional[c.Meta]) -> c.Meta:
    """Meta of a command holds for its items, each element of the item's own wins."""
    if item is None or command is None:
        return item or command or c.Meta()
    return c.Meta._make(mine if mine else theirs for mine, theirs in zip(item, command))


def markup(data: Node) -> bytes:
    """Item data that came as elements, not as text: some XML senders neither escape nor use CDATA.

    :param data: the Data element
    :returns: its content as XML text
    """
    return b"".join(xml.fragment(part, namespaces=False) if isinstance(part, Node) else
                    part if isinstance(part, bytes) else part.encode() for part in data.children)


def _number(msg_id: str) -> int:
    return int(msg_id) if msg_id.isascii() and msg_id.isdigit() and len(msg_id) < 10 else 0


def _copy(value: Any) -> Any:
    """A deep copy of plain values."""
    if isinstance(value, list):
        return [_copy(part) for part in value]
    if isinstance(value, dict):
        return {key: _copy(part) for key, part in value.items()}
    return value
