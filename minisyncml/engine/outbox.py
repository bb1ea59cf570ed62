"""Putting the next message of a session together: Statuses, queued commands, Sync containers, within the peer's
MaxMsgSize. Works on the session's state; session.py decides what it means.

Order of commands: Representation 1.2.2, section 4; multiple messages and large objects: DS Protocol 1.2.1, 6 and 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Protocol

from minisyncml import status as codes
from minisyncml.engine import auth
from minisyncml.engine.config import CLIENT, SERVER
from minisyncml.engine.pack import pack, unpack
from minisyncml.errors import LocalProtocolError
from minisyncml.message import commands as c
from minisyncml.message.devinf import devinf_data, without_sizes
from minisyncml.message.fields import xml_safe
from minisyncml.message.writer import Writer

if TYPE_CHECKING:
    from minisyncml.engine.session import Session

_RANK = {"Results": 0, "Put": 1, "Get": 2, "Alert": 3, "Map": 4}
MIN_CHUNK = 256         #: a smaller rest of a message is not worth a chunk


class Feed(Protocol):
    """Where the content of the Sync containers comes from: a cursor over what is due, datastore by datastore."""

    def container(self) -> "Optional[tuple[c.Sync, list[Any]]]":
        """The Sync that is to be opened, or opened again in this message, and a ref for its Status; None: all sent."""

    def item(self) -> "Optional[tuple[c.ItemCommand, list[Any]]]":
        """The next command in it, with one item, and its ref; the same until :meth:`took`. None: container done."""

    def took(self) -> None:
        """The command of :meth:`item` was written."""

    def refuse(self, code: int) -> None:
        """The command of :meth:`item` can not be sent, or the peer refused a part of its object."""

    def close(self) -> None:
        """The container is complete."""


def build(session: "Session", feed: Optional[Feed]) -> Optional[bytes]:
    """The next message.

    :param session: whose message; its state moves on
    :param feed: source of the Sync containers, None when there are none
    :returns: the encoded message, or None when nothing is owed
    """
    stages = range(session.ours, session.turn)
    if not stages and not session.answering:
        raise LocalProtocolError("it is the peer's turn")
    if _nothing_to_say(session, feed):
        return None
    if session.config.role == CLIENT and not session.authenticated:
        session.retry = [_snapshot(session.queue), session.ours]
    writing = _Writing(session)
    complete = writing.statuses()
    if session.suspended:       # DS Protocol 1.2.1, 6.1: no further commands, no Final
        return writing.finish(False)
    if complete:
        complete = writing.queued(bool(stages) or session.prelude)
    if complete and stages:
        if 1 in stages and _waits(session):
            return writing.finish(False)
        if feed is not None and 1 in stages:
            complete = writing.syncs(feed)
    if complete and stages:
        session.ours = session.turn
        return writing.finish(True)
    alone = session.refused or session.prelude      # a package of its own, which does not count
    if not stages and not alone and session.ours < 3:
        writing.more()
    return writing.finish(alone)


def _waits(session: "Session") -> bool:
    """Whether our changes have to wait until the client asks for them."""
    return session.profile.wait_222 and session.config.role == SERVER and not session.called


def _rank(packed: "list[Any]") -> int:
    """The place of a queued command in its message; less than 0: it cannot wait for our turn."""
    return -1 if packed[0] == "Alert" and packed[2] == codes.ALERT_NO_END_OF_DATA else _RANK.get(packed[0], 3)


def _halves(command: c.Map, ref: "Optional[list[Any]]") -> "list[list[Any]]":
    """A Map in two; the list at the end of its ref, one value for each item, is parted with it."""
    half = len(command.items) // 2
    parts = (slice(half), slice(half, None))
    return [[pack(command._replace(items=command.items[part])), ref and [*ref[:-1], ref[-1][part]]] for part in parts]


def _snapshot(queue: "list[list[Any]]") -> "list[list[Any]]":
    return [list(entry) for entry in queue]


def _nothing_to_say(session: "Session", feed: Optional[Feed]) -> bool:
    """Whether a client is done: it must not send a message that only says that the last one arrived."""
    if session.config.role == SERVER or session.sent_msg == 0 or session.queue or not session.slots.only_header():
        return False
    if not session.authenticated or session.ours < 1 or session.theirs < session.ours:
        return False
    return session.ours >= 2 or feed is None or feed.container() is None


class _Writing:
    """One message in the making."""

    def __init__(self, session: "Session") -> None:
        self.session = session
        session.sent_msg += 1
        self.msg = str(session.sent_msg)
        self.cmd = 0
        self.items = 0
        self.last: Optional[c.ItemCommand] = None       # what a further item may join
        self.writer = Writer(_header(session), session.encoding, session.msg_size, session.version,
                             session.namespace, session.profile.string_table)

    def _next(self) -> str:
        self.cmd += 1
        return str(self.cmd)

    def _wait(self, ref: "Optional[list[Any]]") -> None:
        if ref is not None:
            self.session.waiting[f"{self.msg}/{self.cmd}"] = ref

    def statuses(self) -> bool:
        slots = self.session.slots
        while True:
            status, count = slots.take(self.session.packs)
            if status is None:
                return True
            if not self.writer.add(status._replace(cmd_id=self._next())):
                self.cmd -= 1
                return False
            slots.taken(count)

    def queued(self, ours: bool) -> bool:
        """The commands of our package; while the peer's is open, only what cannot wait."""
        queue = self.session.queue
        queue.sort(key=lambda entry: _rank(entry[0]))
        while queue and (ours or _rank(queue[0][0]) < 0):
            packed, ref = queue[0]
            command = self._command(packed)
            if not self.writer.add(command):
                self.cmd -= 1
                if isinstance(command, c.Map) and len(command.items) > 1:
                    queue[0:1] = _halves(command, ref)
                    continue
                return self._too_big(command)
            self._wait(ref)
            del queue[0]
        return True

    def _too_big(self, command: c.Command) -> bool:
        """A single command fills no message: only device information can, and is left out then."""
        if self.writer.room() < self.session.msg_size // 2 or not isinstance(command, (c.Put, c.Results)):
            return False
        del self.session.queue[0]
        return self.queued(True)

    def _command(self, packed: "list[Any]") -> c.Command:
        cmd_id = self._next()
        session = self.session
        if packed[0] not in ("Put", "Results"):
            return unpack(packed)._replace(cmd_id=cmd_id)   # type: ignore[no-any-return]
        devinf, held = session.config.devinf(session.version), session.profile.devinf_out
        if "no-size" in held:
            devinf = without_sizes(devinf)
        data = devinf_data(devinf, session.encoding, session.version, "no-ctcap" not in held)
        meta = c.Meta(type=f"application/vnd.syncml-devinf+{session.encoding}")
        item = c.Item(source=session.devinf_uri, data=data)
        if packed[0] == "Put":
            return c.Put(cmd_id, (item,), meta)
        return c.Results(cmd_id, packed[1], packed[2], (item,), meta)

    def syncs(self, feed: Feed) -> bool:
        while True:
            opened = feed.container()
            if opened is None:
                return True
            sync, ref = opened
            if not self.writer.open_sync(sync._replace(cmd_id=self._next())):
                self.cmd -= 1
                return False
            self._wait(ref)
            self.last = None
            full = self._fill(feed)
            self.writer.close_sync()
            if full:
                return False
            feed.close()

    def _fill(self, feed: Feed) -> bool:
        """The items of one container; True when the message is full."""
        most = self.session.profile.max_items_per_msg
        while True:
            following = feed.item()
            if following is None:
                return False
            if 0 < most <= self.items:
                return True
            hopeless = self._hopeless(following[0].items[0])
            if hopeless:
                feed.refuse(hopeless)
                continue
            command, ref = self._encoded(following[0]), following[1]
            if self._refused(ref):
                feed.refuse(-self.session.sending[0])
                self.session.sending = []
                continue
            if self._joins(command):
                self._wait_too(command.items[0], ref)
            elif self.session.sending or not self.writer.add(command._replace(cmd_id=self._next())):
                self.cmd -= not self.session.sending
                self.last = None
                if not self._chunk(feed, command, ref):
                    return True
                continue
            else:
                self.last = command
                self._wait(["items", _named(command.items[0]), ref] if self.session.packs else ref)
            self.items += 1
            feed.took()

    def _joins(self, command: c.ItemCommand) -> bool:
        """Whether an item went into the command before it: the peer is known to take several in one."""
        last = self.last
        return (last is not None and self.session.packs and not self.session.sending
                and last.__class__ is command.__class__ and last[2:] == command[2:] and self.writer.extend(command))

    def _wait_too(self, item: c.Item, ref: "list[Any]") -> None:
        self.session.waiting[f"{self.msg}/{self.cmd}"] += _named(item), ref

    def _refused(self, ref: "list[Any]") -> bool:
        """Whether the peer will not have the object whose first chunks it got."""
        sending = self.session.sending
        return bool(sending) and sending[0] < 0 and sending[3] == ref

    def _hopeless(self, item: c.Item) -> int:
        """Why an item can not be sent at all, as a status: its name came in WBXML and XML cannot hold it, or it is
        larger than what the peer takes."""
        if self.session.encoding == "xml" and not xml_safe(f"{item.source or ''}{item.target or ''}".encode()):
            return codes.BAD_REQUEST
        return codes.TOO_LARGE if 0 < self.session.obj_size < len(item.data or b"") else 0    # type: ignore[arg-type]

    def _encoded(self, command: c.ItemCommand) -> c.ItemCommand:
        """In XML, bodies that are no XML text travel as base64."""
        item = command.items[0]
        if self.session.encoding != "xml" or not isinstance(item.data, bytes) or xml_safe(item.data):
            return command
        meta = (item.meta or c.Meta())._replace(format="b64")
        return command._replace(items=(item._replace(data=auth.b64(item.data), meta=meta),))

    def _chunk(self, feed: Feed, command: c.ItemCommand, ref: "list[Any]") -> bool:
        """Sends a part of an object that fits no message; False when this message is full.

        `session.sending` is [offset, total, length of the chunk on its way, ref]; minus the status in place of the
        offset when the peer refused.
        """
        session, item = self.session, command.items[0]
        data = item.data if isinstance(item.data, bytes) else b""
        crowded = self.items > 0 or self.writer.room() < session.msg_size // 2
        whole = session.version == "1.0" or not session.peer_large
        if not session.sending and crowded and len(data) < session.msg_size * (4 if whole else 3) // 4:
            return False        # a message of its own will hold it
        if whole:
            feed.refuse(codes.TOO_LARGE)
            return True
        if session.sending and session.sending[3] != ref:
            session.sending = []        # the item changed meanwhile: from the start
        offset = session.sending[0] if session.sending else 0
        meta = (item.meta or command.meta or c.Meta())._replace(size=None if offset else len(data))
        part = command._replace(cmd_id=self._next(), items=(item._replace(data=b"", meta=meta, more=True),))
        room = self.writer.fit(part, data[offset:])
        if room < min(MIN_CHUNK, len(data) - offset):
            self.cmd -= 1
            return False
        last = offset + room >= len(data)
        chunk = part.items[0]._replace(data=data[offset:offset + room], more=not last)
        if not self.writer.add(part._replace(items=(chunk,))):
            self.cmd -= 1
            return False
        self.items += 1
        if last:
            session.sending = []
            self._wait(ref)
            feed.took()
            return True
        session.sending = [offset, len(data), room, ref]
        self._wait(["chunk", ref])
        return False

    def more(self) -> None:
        """Asks for the next message of the peer's package (Alert 222)."""
        session = self.session
        self.writer.add(c.Alert(self._next(), codes.ALERT_NEXT_MESSAGE,
                                (c.Item(source=session.source, target=session.target),)))

    def finish(self, final: bool) -> bytes:
        return self.writer.finish(final)


def _named(item: c.Item) -> str:
    """By what a Status tells the items of a command apart."""
    return item.source or item.target or ""


def answered(session: "Session", status: c.Status) -> "list[list[Any]]":
    """The refs that a Status answers: all of its command that are open, or those of the items that it names.

    :param session: whose commands
    :param status: from the peer
    :returns: the refs; they are not waited for any more
    """
    key = f"{status.msg_ref}/{status.cmd_ref}"
    ref = session.waiting.pop(key, None)
    if ref is None or ref[0] != "items":
        return [] if ref is None else [ref]
    named = {*status.target_refs, *status.source_refs}
    open_ = list(zip(ref[1::2], ref[2::2]))
    if not named or len(open_) == 1:
        return [one for _, one in open_]
    left = [part for name, one in open_ if name not in named for part in (name, one)]
    if left:
        session.waiting[key] = ["items", *left]
    return [one for name, one in open_ if name in named]


def chunk_answered(session: "Session", code: int) -> None:
    """The Status of a chunk came: the object goes on, or the peer will not have it.

    :param session: whose chunk
    :param code: SyncML status code
    """
    if session.sending:
        offset, total, room, ref = session.sending
        going_on = code in (codes.CHUNK_ACCEPTED, codes.CANCELLED)
        session.sending = [offset + room if going_on else -code, total, 0, ref]


def _header(session: "Session") -> c.Header:
    config = session.config
    meta = c.Meta(max_msg_size=session.bounded(config.limits.max_msg_size),
                  max_obj_size=config.limits.max_obj_size if session.version != "1.0" else None)
    cred = None
    name: Optional[str] = None
    login = config.login
    session.presented = login is not None and login.scheme != "none" and config.role == CLIENT \
        and (session.always or not session.authenticated)
    if login is not None and session.presented:
        session.scheme = session.scheme or ("basic" if login.scheme == "basic" else "md5")
        cred = auth.make(login, session.scheme, session.nonce, session.version)
        name = login.user
    return c.Header(session.version, f"SyncML/{session.version}", session.session_id, str(session.sent_msg),
                    session.target, session.source, None, name,
                    config.resp_uri if config.role == SERVER and session.profile.resp_uri else None, False, cred, meta)
