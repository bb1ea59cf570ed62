"""A trace played once more: the peer's side as it was recorded, ours as it is now, and where the two runs part.

Each session of a trace holds what an equal run needs, so that sessions are played one by one and in any order.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Optional

from minisyncml import codec
from minisyncml.codec.node import Node
from minisyncml.engine import auth
from minisyncml.engine.auth import Login, Secret
from minisyncml.engine.config import VERSIONS
from minisyncml.errors import Error, TraceError
from minisyncml.gateway import masking
from minisyncml.gateway.compare import Difference, differences
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.options import Options, Stores
from minisyncml.gateway.recorder import Drawn
from minisyncml.gateway.seeded import Remembered, Seeded, digest_of
from minisyncml.gateway.tracefile import Fields, read
from minisyncml.gateway.wake import Order, Reply
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import document
from minisyncml.message.commands import Status
from minisyncml.message.devinf import DevInf, from_dict
from minisyncml.profile import Identity, names
from minisyncml.sync.conflict import policies
from minisyncml.sync.run import MODES
from minisyncml.transport.base import Packet

SHOWN = 20          #: differences told of one message
PASSWORD = "replayed"   #: of everybody; what is masked in a trace is wrong unless it was right
_HARD = frozenset(("max_depth", "max_message", "max_commands"))     # ours count, whatever those of the trace
OPEN = 256          #: sessions that a trace may have open at once


class Played(NamedTuple):
    """What a replay did: how many messages of ours were compared, and what differs."""

    sessions: int
    messages: int
    differences: "list[Difference]"


def replay(path: str, stores: "Optional[Callable[[str], Stores]]" = None) -> Played:
    """Play a trace.

    :param path: the file
    :param stores: our datastores for a user; by default those of the trace, in memory
    :returns: what differs
    :raises TraceError: when the file is none, or damaged
    """
    return Player(_names(path), stores).run(read(path))


def _names(path: str) -> "dict[bytes, bytes]":
    """The digests of anonymised bodies: as they were written, and as the bodies in the trace have them."""
    lines = read(path)
    found: "dict[bytes, bytes]" = {}
    if next(lines).get("anonymised"):
        for line in lines:
            fields = Fields(line)
            for old, new in fields.rows("names", str, str):
                found[digest_of(fields, "names", old)] = digest_of(fields, "names", new)
    return found


class Player:
    """Plays the sessions of a trace as their lines come.

    :param names: digests of anonymised bodies
    :param stores: our datastores for a user, None for those of the trace
    """

    def __init__(self, names: "Mapping[bytes, bytes]", stores: "Optional[Callable[[str], Stores]]") -> None:
        self._names, self._stores = names, stores
        self._open: "dict[int, Session]" = {}
        self.played = Played(0, 0, [])

    def run(self, lines: "Iterable[dict[str, Any]]") -> Played:
        """Play all.

        :param lines: of the trace
        :returns: what differs
        :raises TraceError: when it is damaged
        """
        for line in lines:
            if line.get("kind") == "session":
                self._begin(Fields(line))
            elif "session" in line:
                self._go_on(Fields(line))
        return self.played

    def _begin(self, fields: Fields) -> None:
        name = fields.number("session")
        if name in self._open or len(self._open) >= OPEN:
            raise fields.fail("session")
        self._open[name] = Session(fields, self._names, self._stores)
        self.played = self.played._replace(sessions=self.played.sessions + 1)

    def _go_on(self, fields: Fields) -> None:
        name = fields.number("session")
        if not name:
            self._stray(fields)
            return
        session = self._open.get(name)
        if session is None:
            raise fields.fail("session")
        compared, found = session.take(fields)
        self.played = self.played._replace(messages=self.played.messages + compared)
        self.played.differences.extend(found)
        if fields.line["kind"] == "end":
            del self._open[name]

    def _stray(self, fields: Fields) -> None:
        """A message that belonged to no session: it still must be refused, for whatever reason it has."""
        if fields.line["kind"] != "message" or "unread" not in fields.line:
            return
        try:
            document.parse(fields.bytes("raw"), fields.text("type", ""))
        except Error:
            return
        self.played.differences.append(Difference(0, fields.line["line"], "message", fields.text("unread"), "readable"))


class Session:
    """One session.

    :param fields: its first line
    :param names: digests of anonymised bodies
    :param stores: our datastores for a user, None for those of the trace
    """

    def __init__(self, fields: Fields, names: "Mapping[bytes, bytes]",
                 stores: "Optional[Callable[[str], Stores]]") -> None:
        self.number = fields.number("session")
        self._first = fields
        self._names = names
        self._given = stores
        self._seeded: "dict[str, Seeded]" = {}
        self._memory = Remembered()
        self._now = 0.0
        self._incoming: "Optional[Packet]" = None
        self._doubt = False
        self._started = False
        self._exchange: Optional[Exchange] = None

    def take(self, fields: Fields) -> "tuple[int, list[Difference]]":
        """The next line. What the session needed for a message stands between the message and what it led to.

        :param fields: the line
        :returns: how many of our messages were compared with it, and what differs
        :raises TraceError: when it is damaged
        """
        kind = fields.line["kind"]
        self._now = float(fields.line["t"])
        if kind == "message" and fields.text("dir") == "in":
            self._incoming = Packet(fields.text("type"), fields.bytes("raw"), fields.text("to", "") or None,
                                    fields.text("hmac", "") or None)
            self._doubt = fields.line.get("doubt") is True
        elif kind == "message":
            recorded = Packet(fields.text("type"), fields.bytes("raw"), fields.text("to", "") or None)
            return self._compare(fields, recorded, "")
        elif kind == "silence":
            return self._compare(fields, None, "")
        elif kind == "error" and (self._incoming is not None or not self._started):
            return self._compare(fields, None, fields.text("error"))
        else:
            self._prepare(kind, fields)
        return 0, []

    def _prepare(self, kind: str, fields: Fields) -> None:
        if kind == "memory" and "fingerprint" in fields.line:
            self._memory.fingerprint = fields.text("fingerprint")
        elif kind == "memory" and "devinf" in fields.line:
            self._memory.devinf[fields.text("version")] = fields.map("devinf")
        elif kind == "memory":
            self._memory.facts.setdefault(fields.text("device"), fields.map("facts"))
        elif kind == "store":
            types = tuple((one, two) for one, two in fields.rows("types", str, str))
            form = next(((one, two) for one, two in fields.rows("form", str, str)), ("", ""))
            self._seeded[fields.text("store")] = Seeded(types or (("text/plain", "1.0"),), form)
        elif kind in ("items", "peer", "shadow", "body"):
            store = self._seeded.get(fields.text("store"))
            if store is None:
                raise fields.fail("store")
            store.seed(kind, fields, self._names)

    # -- playing

    def _compare(self, fields: Fields, recorded: Optional[Packet], error: str) -> "tuple[int, list[Difference]]":
        line, found = fields.line["line"], []
        try:
            ours, failed = self._step(recorded), ""
        except TraceError:
            raise
        except Exception as problem:    # a bug, too, is something that differs
            ours, failed = None, type(problem).__name__
        if failed != error:
            found.append(Difference(self.number, line, "error", error or "none", failed or "none"))
        elif (ours is None) != (recorded is None):
            found.append(Difference(self.number, line, "message", _there(recorded), _there(ours)))
        elif ours is not None and recorded is not None:
            found += self._differ(line, recorded, ours)
        self._incoming = None
        return int(recorded is not None), found

    def _step(self, recorded: Optional[Packet]) -> Optional[Packet]:
        if self._exchange is None:
            self._exchange = self._make()
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            self._started = True
            first = self._first
            mode = first.text("mode")
            if mode not in MODES:
                raise first.fail("mode")
            return self._exchange.start(mode, _texts(first, "remotes"), _order(first))
        self._started = True
        if self._first.text("role") == "server" and (_accepted(recorded) or self._doubt and recorded is None):
            incoming = incoming._replace(body=self._sign(incoming))
        return self._exchange.doubt(incoming) if self._doubt else self._exchange.handle(incoming)

    def _make(self) -> Exchange:
        first = self._first
        login = first.line.get("user")
        options = Options(
            first.text("device"), Drawn(first.bytes("seed")), lambda: self._now, _limits(first),
            _choice(first, "conflict", policies()), first.line.get("allow_empty") is True,
            first.line.get("rescan") is True,
            login=Login(first.text("user"), PASSWORD, first.text("scheme")) if login is not None else None,
            challenge=_choice(first, "challenge", ("md5", "basic")), version=_choice(first, "version", VERSIONS),
            encoding=_choice(first, "encoding", ("wbxml", "xml")), demand=_choice(first, "demand", ("", *MODES)),
            remotes=_texts(first, "remotes"), identity=_identity(first), profile=self._profile(),
            trial=first.line.get("trial") is True, apart=first.line.get("apart") is True, zone=first.text("zone", ""))
        if _choice(first, "role", ("client", "server")) == "client":
            return _Replayed.client(options, self._stores(""), self._memory, first.text("target"))
        secrets = (lambda user: Secret(PASSWORD)) if first.line.get("asks") is True else None
        url = first.line.get("resp_uri")
        return _Replayed.server(options, self._stores, self._memory, secrets, url if isinstance(url, str) else None)

    def _profile(self) -> str:
        """The name of the profile that the user wanted, or a file with it."""
        import tempfile
        profile = _texts(self._first, "profile")
        if "text" not in profile:
            return _choice(Fields({"name": "", **profile, "line": self._first.line["line"]}), "name", ("", *names()))
        self._file = tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8")  # gone with this object
        self._file.write(profile["text"])
        self._file.flush()
        return str(self._file.name)

    def _stores(self, user: str) -> Stores:
        return self._seeded if self._given is None else self._given(user)

    def _sign(self, packet: Packet) -> bytes:
        """The peer's message with credentials that are right for the nonce it was given: those of the trace are
        masked."""
        exchange = self._exchange
        assert exchange is not None
        header = document.parse(packet.body, packet.content_type).message.header
        if header.cred is None:
            return packet.body
        session = exchange.session
        nonce = session.asked_nonce if session.asked_nonce is not None else session.config.recall(header.source)
        user = auth.user_of(header.cred, header.source_name, header.source)
        scheme = "md5" if header.cred.type == auth.MD5 else "basic"
        right = auth.make(Login(user, PASSWORD), scheme, nonce or b"", header.version)

        def change(parents: "list[Node]", node: Node) -> Optional[bytes]:
            inside = len(parents) > 1 and parents[-1].tag == "Cred" and parents[-2].tag == "SyncHdr"
            return bytes(right.data) if inside and node.tag == "Data" else None

        return masking.rewrite(packet.body, packet.content_type, change)

    def _differ(self, line: int, recorded: Packet, ours: Packet) -> "Iterator[Difference]":
        body = masking.rewrite(ours.body, ours.content_type, masking.credentials)
        pairs = [("the URL it goes to", str(recorded.to), masking.url(str(ours.to))),
                 ("its type", recorded.content_type, ours.content_type)]
        for where, old, new in pairs:
            if old != new:
                yield Difference(self.number, line, where, old, new)
        try:
            before = codec.decode(recorded.body, recorded.content_type).root
        except Error as error:
            yield Difference(self.number, line, "message", str(error), "readable")
            return
        shown = 0
        for where, old, new in differences(before, codec.decode(body, ours.content_type).root):
            yield Difference(self.number, line, where, old, new)
            shown += 1
            if shown == SHOWN:
                return


class _Replayed(Exchange):
    """What we say of ourselves may have changed since; what was said, and whether it had to be, the trace knows."""

    def _describe(self, version: str) -> DevInf:
        memory = self.peer.memory
        known = memory.devinf.get(version) if isinstance(memory, Remembered) else None
        return super()._describe(version) if known is None else from_dict(known)

    def _fingerprint(self) -> str:
        memory = self.peer.memory
        return memory.fingerprint if isinstance(memory, Remembered) and memory.fingerprint else super()._fingerprint()


def _there(packet: Optional[Packet]) -> str:
    return "none" if packet is None else f"one of {len(packet.body)} bytes"


def _accepted(recorded: Optional[Packet]) -> bool:
    """Whether our recorded answer let the peer in."""
    try:
        commands = document.parse(recorded.body, recorded.content_type).commands if recorded is not None else ()
    except Error:
        return False
    status = next((one for one in commands if isinstance(one, Status) and one.cmd_ref == "0"), None)
    return status is not None and status.code < 400


def _limits(first: Fields) -> Limits:
    known = first.map("limits")
    values: "dict[str, Any]" = {}
    default: Any
    for name, default in DEFAULT._asdict().items():
        value: Any = known.get(name, default)
        least = 1 if name == "batch_items" else 0
        if type(value) not in (int, float) or not least <= value <= default * 1024:
            raise first.fail("limits")
        values[name] = type(default)(min(value, default) if name in _HARD else value)
    return Limits(**values)


def _choice(first: Fields, name: str, choices: "Iterable[str]") -> str:
    value = first.text(name)
    if value not in choices:
        raise first.fail(name)
    return value


def _texts(first: Fields, name: str) -> "dict[str, str]":
    found = first.map(name)
    if not all(isinstance(value, str) for value in found.values()):
        raise first.fail(name)
    return dict(found)


def _identity(first: Fields) -> Identity:
    known = _texts(first, "identity")
    return Identity(**{name: value for name, value in known.items() if name in Identity._fields})


def _order(first: Fields) -> Optional[Order]:
    if first.line.get("order") is None:
        return None
    fields = Fields({**first.map("order"), "line": first.line["line"]})
    replies = []
    for row in fields.line.get("replies", []):
        if not isinstance(row, list) or len(row) != 6 or not isinstance(row[5], int):
            raise first.fail("order")
        replies.append(Reply(*row))
    modes = _texts(fields, "modes")
    if not set(modes.values()) <= set(MODES):
        raise first.fail("order")
    return Order(modes, _texts(fields, "remotes"), fields.text("session_id"), fields.text("version"),
                 fields.text("encoding"), fields.text("server_id"), tuple(replies))


