"""The commands of a message that came in, one by one: what is answered at once, and what is an event for the owner.
Works on the session's state, as outbox.py does for what goes out.

Commands: Representation 1.2.2, section 6; alerts and large objects: DS Protocol 1.2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional

from minisyncml import status as codes
from minisyncml.codec import xml
from minisyncml.codec.node import Node
from minisyncml.engine import auth, outbox
from minisyncml.engine.config import CLIENT, SERVER
from minisyncml.engine.events import (
    Alerted,
    Answered,
    Described,
    Event,
    ItemArrived,
    Mapped,
    PackageEnded,
    Suspended,
    SyncOpened,
)
from minisyncml.engine.gate import is_header
from minisyncml.errors import EncodeError, RemoteProtocolError
from minisyncml.message import commands as c
from minisyncml.message.devinf import read_devinf

if TYPE_CHECKING:
    from minisyncml.engine.session import Session

_START = range(codes.ALERT_TWO_WAY, codes.ALERT_REFRESH_FROM_SERVER + 1)


def take(session: "Session", message: c.Message, events: "list[Event]") -> None:
    """Take the commands of a message that is welcome.

    :param session: whose message
    :param message: from the peer
    :param events: what happened is appended here
    :raises RemoteProtocolError: when the peer only asks and brings nothing
    """
    waiting = len(session.waiting)
    session.prelude = False
    news = len(session.slots) > 1      # there are answers that did not fit yet, and are worth asking for
    for command in message.commands:
        news = news or not isinstance(command, c.Status) and not _is_next(command)
        handler = _HANDLERS.get(type(command))
        if handler is None:
            _unknown(session, command)
        else:
            handler(session, command, events)
    news = news or message.final or session.ours < session.turn or len(session.waiting) < waiting
    session.idle = 0 if news else session.idle + 1
    if session.idle > session.config.limits.idle_messages:
        raise RemoteProtocolError("the peer keeps asking and never says that it is done")
    if message.final:
        if session.chunks.key:
            _no_end(session, session.chunks.key)
        _close_package(session, events)


def _close_package(session: "Session", events: "list[Event]") -> None:
    session.prelude = session.config.role == SERVER and session.theirs == 0 and not session.alerted
    if session.prelude:
        return      # device information only, as pysyncml sends it ahead of its Alerts
    if session.theirs > session.ours or (session.config.role == CLIENT and session.theirs >= session.ours):
        return      # Final once too often
    events.append(PackageEnded(session.theirs))
    session.theirs += 1
    if session.synced_early and session.theirs == 1:
        events.append(PackageEnded(1))


def refuse_all(session: "Session", commands: "Iterable[c.Command]", code: int) -> None:
    """One Status for every command of a message that is not executed.

    :param session: whose message
    :param commands: those that the message, or a container in it, holds
    :param code: SyncML status code
    """
    for command in commands:
        if isinstance(command, c.Status):
            continue
        session.slots.fill(_slot(session, command), code)
        if isinstance(command, (c.Sync, c.Group)):
            refuse_all(session, command.commands, code)


def _slot(session: "Session", command: c.Command, item: Optional[c.Item] = None, target: Optional[str] = None,
          source: Optional[str] = None) -> int:
    if item is not None:
        target, source = item.target, item.source
    quiet = session.quiet or getattr(command, "no_resp", False)
    omit = item is not None and isinstance(command, c.ItemCommand) and session.profile.item_status == "omit"
    most = session.config.limits.max_id     # they come back with each of its items
    return session.slots.open(session.got_msg, command.cmd_id[:most], c.name_of(command)[:most], target, source, quiet,
                              omit)

# -- commands, one by one


def _on_status(session: "Session", command: c.Status, events: "list[Event]") -> None:
    if is_header(command):
        return
    for ref in outbox.answered(session, command):
        if ref[0] == "chunk":
            outbox.chunk_answered(session, command.code)
        else:
            events.append(Answered(ref, command.code, command))


def _on_alert(session: "Session", command: c.Alert, events: "list[Event]") -> None:
    if command.code in _START or command.code == codes.ALERT_RESUME:
        session.alerted = True
        for item in command.items:
            meta = item.meta or c.Meta()
            events.append(Alerted(_slot(session, command, item), command.code or 0, item.target or "",
                                  item.source or "", meta.last, meta.next, meta.max_obj_size))
        if command.items:
            return
    slot = _slot(session, command)
    session.called = session.called or command.code == codes.ALERT_NEXT_MESSAGE and session.theirs > 1
    if command.code in (codes.ALERT_NEXT_MESSAGE, codes.ALERT_NO_END_OF_DATA, codes.ALERT_DISPLAY):
        if command.code == codes.ALERT_NO_END_OF_DATA:
            session.sending = []       # the peer gave our object up: once more from the start
        session.slots.fill(slot, codes.OK)
    elif command.code == codes.ALERT_SUSPEND and session.config.role == SERVER:
        session.slots.fill(slot, codes.OK)
        session.suspended = True
        events.append(Suspended())
    elif command.code is None or command.code in _START or command.code == codes.ALERT_RESUME:
        session.slots.fill(slot, codes.INCOMPLETE_COMMAND)
    else:
        session.slots.fill(slot, codes.UNSUPPORTED_FEATURE)


def _on_devinf(session: "Session", command: Any, events: "list[Event]") -> None:
    """Put and Results."""
    slot = _slot(session, command, None, None, command.items[0].source if command.items else None)
    for item in command.items:
        if "devinf" in (item.source or "").lower():
            try:
                events.append(Described(read_devinf(item, command.meta)))
            except RemoteProtocolError as error:
                session.slots.fill(slot, error.status, None, (str(error),))
                return
            session.slots.fill(slot, codes.OK)
            return
    session.slots.fill(slot, codes.INCOMPLETE_COMMAND if not command.items else codes.UNSUPPORTED_FEATURE)


def _on_get(session: "Session", command: c.Get, events: "list[Event]") -> None:
    target = command.items[0].target if command.items else None
    slot = _slot(session, command, None, target)
    if target is None:
        session.slots.fill(slot, codes.INCOMPLETE_COMMAND)
    elif target.lower().lstrip("./") in ("devinf10", "devinf11", "devinf12"):
        session.slots.fill(slot, codes.OK)
        session.describe("Results", command.cmd_id)
    else:
        session.slots.fill(slot, codes.NOT_FOUND)


def _on_map(session: "Session", command: c.Map, events: "list[Event]") -> None:
    slot = _slot(session, command, None, command.target, command.source)
    events.append(Mapped(slot, command.target or "", command.source or "", command.items))


def _on_sync(session: "Session", command: c.Sync, events: "list[Event]") -> None:
    slot = _slot(session, command, None, command.target, command.source)
    target, source = command.target or "", command.source or ""
    if session.config.role == SERVER and session.theirs == 0:
        session.synced_early = True
    events.append(SyncOpened(slot, target, source, command.number_of_changes,
                             command.meta.mem if command.meta else None))
    for child in command.commands:
        _on_child(session, child, events, target, source)


def _on_child(session: "Session", command: c.Command, events: "list[Event]", target: str, source: str) -> None:
    if isinstance(command, c.Sequence):
        session.slots.fill(_slot(session, command), codes.OK)
        for child in command.commands:
            _on_child(session, child, events, target, source)
    elif isinstance(command, c.ItemCommand) and not isinstance(command, c.Move):
        if not command.items:
            session.slots.fill(_slot(session, command), codes.INCOMPLETE_COMMAND)
        for item in command.items:
            _on_item(session, command, item, events, target, source)
    else:
        _unknown(session, command)


def _on_item(session: "Session", command: c.ItemCommand, item: c.Item, events: "list[Event]", target: str,
             source: str) -> None:
    slot = _slot(session, command, item)
    if isinstance(item.data, Node):
        try:
            item = item._replace(data=markup(item.data))
        except EncodeError as error:
            session.slots.fill(slot, codes.UNSUPPORTED_TYPE, None, (str(error),))
            return
    name = c.name_of(command)
    meta = _merged(item.meta, command.meta)
    key = [target, source, name, item.source, item.target]
    if session.chunks.key and session.chunks.key != key:
        _no_end(session, session.chunks.key)
    began = session.chunks.meta
    code, whole = session.chunks.take(key, item, meta, session.config.limits.max_obj_size)
    if code:
        session.slots.fill(slot, code)
        return
    kind, form = meta.type or began[0], meta.format or began[1]
    body = whole if item.data is not None else None
    if body and form == "b64":
        try:
            body = auth.unb64(body)
        except ValueError:
            session.slots.fill(slot, codes.UNSUPPORTED_TYPE, None, ("the data is no base64",))
            return
    events.append(ItemArrived(slot, name, item.source, item.target, kind, body, command.archive, command.soft))


def _no_end(session: "Session", key: "list[Any]") -> None:
    """A new item began, or the package ended, before the last chunk of an object (Alert 223)."""
    session.chunks.forget()
    session.put(c.Alert("", codes.ALERT_NO_END_OF_DATA, (c.Item(source=key[3], target=key[4]),)))


def _unknown(session: "Session", command: c.Command) -> None:
    if isinstance(command, c.Status):
        return      # at a wrong place; there is never a Status for a Status
    if isinstance(command, (c.Atomic, c.Sequence, c.Sync)):     # a Sync inside of another one
        session.slots.fill(_slot(session, command), codes.UNSUPPORTED_FEATURE)
        refuse_all(session, command.commands, codes.NOT_EXECUTED)
    elif isinstance(command, c.ItemCommand) and not isinstance(command, c.Move):
        session.slots.fill(_slot(session, command), codes.NOT_ALLOWED)     # outside of a Sync
    else:
        known = isinstance(command, c.Move) or c.name_of(command) in ("Exec", "Search")
        session.slots.fill(_slot(session, command), codes.UNSUPPORTED_FEATURE if known else codes.NOT_IMPLEMENTED)


_HANDLERS: "dict[type, Callable[[Any, Any, list[Event]], None]]" = {
    c.Status: _on_status, c.Alert: _on_alert, c.Put: _on_devinf,
    c.Results: _on_devinf, c.Get: _on_get, c.Map: _on_map, c.Sync: _on_sync,
}


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
