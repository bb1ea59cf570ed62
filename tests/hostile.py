"""A server with two users, and a client that says what it is told, well-formed or not. No assertions here."""

from __future__ import annotations

from typing import Any, Optional
from xml.sax.saxutils import escape

from pair import bodies, fill

from minisyncml import codec
from minisyncml.engine.auth import b64
from minisyncml.gateway.client import Client
from minisyncml.gateway.serve import Server
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import WBXML, XML, Packet
from minisyncml.transport.pipe import Pipe

URL = "http://box.lan/sync"
TEXT = (("text/plain", "1.0"),)
BASE = ("base 0", "base 1", "base 2")
PASSWORD = "p:ä55 w<rd"
DEEP = DEFAULT._replace(max_depth=10_000, max_message=1 << 30)      #: for making what is too much


class World:
    """Ada's notes are under attack, Bob's are not. Nothing may ever be logged: the server has no trouble of its own."""

    def __init__(self, limits: Limits = DEFAULT, **options: Any) -> None:
        self.stores: "dict[str, Store]" = {"ada": MemoryStore(TEXT), "bob": MemoryStore(TEXT)}
        fill(self.stores["ada"], *BASE)
        self.log: "list[str]" = []
        self.server = Server(lambda user: {"notes": self.stores[user]}, users={"ada": PASSWORD, "bob": PASSWORD},
                             limits=limits, log=self.log.append, **options)

    @property
    def notes(self) -> "list[str]":
        """What Ada has on the server."""
        return [body.decode() for body in bodies(self.stores["ada"])]

    def client(self, user: str, store: Store, device: str = "") -> Client:
        """A client as it should be."""
        return Client(URL, {"notes": store}, user=user, password=PASSWORD, device_id=device or f"phone of {user}",
                      transport=lambda: Pipe(self.server.handle, URL, "10.0.0.2"))

    def works(self, user: str = "bob") -> bool:
        """Whether somebody else is served as ever, and then both sides are equal."""
        store = MemoryStore(TEXT)
        fill(store, f"a note of {user}")
        report = self.client(user, store).sync()
        return report.exit_code == 0 and bodies(store) == bodies(self.stores[user])


class Talker:
    """Ada's device, made by hand: each message is a text of XML commands in a header that may be changed."""

    def __init__(self, world: World, encoding: str = "xml", version: str = "1.2", sender: str = "10.0.0.1",
                 device: str = "phone-9") -> None:
        self.world, self.encoding, self.version, self.sender, self.device = world, encoding, version, sender, device
        self.msg = 0
        self.to = URL
        self.raw = b""
        self.reply: Optional[c.Message] = None

    def text(self, body: str, final: bool = False, answer: bool = True, **head: str) -> str:
        """The next message as XML; a header element given by name replaces the usual one."""
        self.msg += 1
        parts = {"VerDTD": f"<VerDTD>{self.version}</VerDTD>",
                 "VerProto": f"<VerProto>SyncML/{self.version}</VerProto>",
                 "SessionID": "<SessionID>7</SessionID>", "MsgID": f"<MsgID>{self.msg}</MsgID>",
                 "Target": f"<Target><LocURI>{URL}</LocURI></Target>",
                 "Source": f"<Source><LocURI>{self.device}</LocURI></Source>", "Cred": "",
                 "Meta": "<Meta><MaxMsgSize>10000</MaxMsgSize></Meta>", **head}
        return (f"<SyncML><SyncHdr>{''.join(parts.values())}</SyncHdr><SyncBody>{self.answers() if answer else ''}"
                f"{body}{'<Final/>' if final else ''}</SyncBody></SyncML>")

    def encode(self, text: str) -> bytes:
        """A message in the encoding of this device."""
        if self.encoding == "xml":
            return text.encode()
        return codec.encode(codec.decode(text.encode(), XML, DEEP).root, "wbxml", self.version)

    def say(self, body: str, final: bool = False, answer: bool = True, **head: str) -> "list[str]":
        """Send the next message; what it was answered, as `Add 201`."""
        return self.post(self.encode(self.text(body, final, answer, **head)))

    def post(self, body: bytes) -> "list[str]":
        """Send bytes as they are."""
        reply = self.world.server.handle(Packet(XML if self.encoding == "xml" else WBXML, body, self.to), self.sender)
        if reply is None:
            return []
        self.raw = reply.body
        self.reply = document.parse(reply.body, reply.content_type).message
        self.to = self.reply.header.resp_uri or self.to
        return self.codes()

    def codes(self) -> "list[str]":
        """The Statuses of the last reply that are about our last message."""
        return [f"{s.cmd} {s.code}" for s in self.statuses() if s.msg_ref == str(self.msg)]

    def statuses(self) -> "list[c.Status]":
        """All Statuses of the last reply."""
        return [s for s in self.reply.commands if isinstance(s, c.Status)] if self.reply else []

    def answers(self) -> str:
        """A Status 200 for each command of the last reply."""
        found = ""
        for command in self.reply.commands if self.reply else ():
            for one in (command, *getattr(command, "commands", ())):
                if not isinstance(one, c.Status) and self.reply:
                    found += (f"<Status><CmdID>9</CmdID><MsgRef>{self.reply.header.msg_id}</MsgRef><CmdRef>{one.cmd_id}"
                              f"</CmdRef><Cmd>{c.name_of(one)}</Cmd><Data>200</Data></Status>")
        return found

    # -- a session

    def login(self) -> "list[str]":
        """The initialization, with credentials: a slow sync of the notes."""
        return self.say(ALERT, final=True, answer=False, Cred=cred())

    def change(self) -> "list[str]":
        """A first change, and the package goes on."""
        return self.say(sync(add("L1", "first")))

    def part(self, number: int) -> "list[str]":
        """Half of an object of 10 bytes."""
        return self.say(sync(add("L2", "01234", "<Size>10</Size>", more=True) if number == 1 else add("L2", "56789")))

    def finish(self) -> "list[str]":
        """The last change and what belongs to the end."""
        codes = self.say(sync(add("L3", "last")), final=True)
        self.say("", final=True)
        return codes


ALERT = ("<Alert><CmdID>1</CmdID><Data>201</Data><Item><Target><LocURI>./notes</LocURI></Target><Source><LocURI>./mine"
         "</LocURI></Source><Meta><Anchor><Next>1</Next></Anchor></Meta></Item></Alert>")


def cred(user: str = "ada", password: str = PASSWORD) -> str:
    """Basic credentials."""
    return (f"<Cred><Meta><Format>b64</Format><Type>syncml:auth-basic</Type></Meta><Data>"
            f"{b64(f'{user}:{password}'.encode()).decode()}</Data></Cred>")


def sync(*commands: str, more: str = "") -> str:
    """A Sync of the notes."""
    return ("<Sync><CmdID>2</CmdID><Target><LocURI>./notes</LocURI></Target><Source><LocURI>./mine</LocURI></Source>"
            f"{more}{''.join(commands)}</Sync>")


def add(luid: str, data: str, meta: str = "", more: bool = False, command: str = "Add") -> str:
    """An Add of a note."""
    return (f"<{command}><CmdID>3</CmdID><Meta><Type>text/plain</Type>{meta}</Meta><Item><Source><LocURI>{escape(luid)}"
            f"</LocURI></Source><Data>{escape(data)}</Data>{'<MoreData/>' if more else ''}</Item></{command}>")
