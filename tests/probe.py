"""A client made by hand: sends the commands it is told to a real server exchange, and reads the answers."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from pair import Notebook, options

from minisyncml import status as codes
from minisyncml.engine.auth import Secret
from minisyncml.gateway.exchange import Exchange
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.message.writer import Writer
from minisyncml.store.base import Store
from minisyncml.transport.base import WBXML, XML, Packet


class Probe:
    """One session after the other with a server; each :meth:`send` is one message."""

    def __init__(self, stores: "Mapping[str, Store]", version: str = "1.2", encoding: str = "xml",
                 limits: Limits = DEFAULT, users: "Optional[Mapping[str, Secret]]" = None, **server: Any) -> None:
        self.stores, self.version, self.encoding, self.users = stores, version, encoding, users
        self.options, self.memory = options("server-1", limits, **server), Notebook()
        self.anchors: "dict[str, str]" = {}
        self.count = 0
        self.raw = b""
        self.reply = c.Message(c.Header("", "", "", "", "", ""))
        self.new()

    def new(self, resp_uri: Optional[str] = None) -> "Probe":
        """A new session begins."""
        self.exchange = Exchange.server(self.options, self.stores, self.memory,
                                        self.users.get if self.users is not None else None, resp_uri)
        self.msg = self.cmd = 0
        return self

    def id(self) -> str:
        """The next CmdID."""
        self.cmd += 1
        return str(self.cmd)

    def send(self, *commands: c.Command, final: bool = True, answer: bool = True, **header: Any) -> c.Message:
        """One message; with `answer` a Status for each command of the reply before is put in front."""
        self.msg += 1
        head = c.Header(self.version, f"SyncML/{self.version}", "7", str(self.msg), "http://server/", "phone-9",
                        meta=c.Meta(max_msg_size=header.pop("size", 10000)))._replace(**header)
        writer = Writer(head, self.encoding, None, self.version)
        for command in (*(self.answers() if answer else ()), *commands):
            assert writer.add(numbered(command, self))
        return self.push(writer.finish(final))

    def push(self, body: bytes) -> c.Message:
        """Bytes as they are."""
        packet = self.exchange.handle(Packet(XML if self.encoding == "xml" else WBXML, body))
        assert packet is not None
        self.raw = packet.body
        self.reply = document.parse(packet.body).message
        return self.reply

    def answers(self) -> "list[c.Status]":
        """Good news for each command of the last reply."""
        if not self.reply.header.msg_id:
            return []
        ref, found = self.reply.header.msg_id, [c.Status("", self.reply.header.msg_id, "0", "SyncHdr", codes.OK)]
        for command in self.reply.commands:
            for one in (command, *getattr(command, "commands", ())):
                if not isinstance(one, c.Status):
                    found.append(c.Status("", ref, one.cmd_id, c.name_of(one), codes.OK))
        return found

    # -- what sessions consist of

    def alert(self, code: int = codes.ALERT_TWO_WAY, last: Optional[str] = None, next: str = "") -> c.Alert:
        """An Alert for the notes; anchors follow each other by themselves."""
        self.count += 1
        last = self.anchors.get("notes") if last is None else last
        self.anchors["notes"] = next or str(self.count)
        meta = c.Meta(last=last or None, next=self.anchors["notes"])
        return c.Alert("", code, (c.Item(source="./mine", target="./notes", meta=meta),))

    def sync(self, *commands: c.Command, **more: Any) -> c.Sync:
        """A Sync of the notes."""
        return c.Sync("", "./notes", "./mine", tuple(commands), **more)

    def begin(self, *commands: c.Command, code: int = codes.ALERT_TWO_WAY) -> c.Message:
        """The initialization."""
        return self.send(self.alert(code), *commands)

    def session(self, *commands: c.Command, code: int = codes.ALERT_TWO_WAY,
                luids: "Optional[Mapping[bytes, str]]" = None) -> "list[c.ItemCommand]":
        """A whole session with our changes.

        :returns: the server's changes; a Map gives its additions names from `luids` by body, else `s` and the GUID
        """
        self.new().begin(code=code)
        reply = self.send(self.sync(*commands))
        changes = children(reply)
        pairs = tuple(c.MapItem(item.source or "", (luids or {}).get(item.data, f"s{item.source}"))  # type: ignore
                      for change in changes if isinstance(change, c.Add) for item in change.items)
        self.send(*([c.Map("", "./notes", "./mine", pairs)] if pairs else ()))
        return changes

    # -- what came back

    def codes(self, name: str) -> "list[int]":
        """The Status codes for commands of a name in the last reply."""
        return [s.code for s in self.statuses() if s.cmd == name]

    def statuses(self) -> "list[c.Status]":
        """All Statuses of the last reply."""
        return [command for command in self.reply.commands if isinstance(command, c.Status)]

    def alerts(self) -> "list[Optional[int]]":
        """The codes of all Alerts of the last reply."""
        return [command.code for command in self.reply.commands if isinstance(command, c.Alert)]


def numbered(command: Any, probe: Probe) -> Any:
    """A command with a CmdID, unless it has one; its children too."""
    command = command if command.cmd_id else command._replace(cmd_id=probe.id())
    if getattr(command, "commands", ()):
        command = command._replace(commands=tuple(numbered(child, probe) for child in command.commands))
    return command


def children(message: c.Message) -> "list[c.ItemCommand]":
    """The commands in all Sync containers of a message."""
    return [child for command in message.commands if isinstance(command, c.Sync)
            for child in command.commands if isinstance(child, c.ItemCommand)]


def add(luid: Optional[str], body: "str | bytes | None", kind: "Optional[str]" = "text/plain", **meta: Any) -> c.Add:
    """An Add."""
    return c.Add("", (_item(luid, body),), c.Meta(type=kind, **meta))


def replace(luid: Optional[str], body: "str | bytes | None", kind: "Optional[str]" = "text/plain",
            **meta: Any) -> c.Replace:
    """A Replace."""
    return c.Replace("", (_item(luid, body),), c.Meta(type=kind, **meta))


def delete(luid: str, **more: Any) -> c.Delete:
    """A Delete."""
    return c.Delete("", (c.Item(source=luid),), **more)


def _item(luid: Optional[str], body: "str | bytes | None") -> c.Item:
    return c.Item(source=luid, data=body.encode() if isinstance(body, str) else body)
