"""One SyncML session bound to its stores: a packet in, a packet out, everything durable in between. HTTP server and
client, OBEX, emulator and tests all drive this one class; it has no transport of its own. What the two ends say of
themselves, and know of each other, stands in meeting.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Union

from minisyncml.engine.auth import Secret
from minisyncml.engine.config import CLIENT, SERVER, Config
from minisyncml.engine.events import Described, Event, LoggedIn
from minisyncml.engine.session import Session
from minisyncml.errors import Error, PeerError, RefusedError, RemoteProtocolError, StoreError
from minisyncml.gateway.meeting import Meeting
from minisyncml.gateway.options import Options, Stores
from minisyncml.gateway.outcome import fill
from minisyncml.gateway.peer import Memory
from minisyncml.gateway.report import Report
from minisyncml.gateway.serving import Serving
from minisyncml.gateway.together import Together
from minisyncml.message.devinf import DevInf
from minisyncml.sync.client import ClientSyncer
from minisyncml.sync.run import MODES
from minisyncml.sync.server import ServerSyncer
from minisyncml.sync.syncer import Options as SyncOptions
from minisyncml.sync.uris import plain_uri
from minisyncml.transport.base import Packet

if TYPE_CHECKING:
    from minisyncml.gateway.wake import Order


class Exchange(Meeting):
    """One session. Made by :meth:`server` or :meth:`client`.

    :ivar finished: nothing more is to come
    :ivar failed: why the session broke, None while it did not
    :ivar mark: tells it apart from other sessions of that device with the same number, in the trash and to people
    """

    def __init__(self, options: Options, config: Config, memory: Memory,
                 stores: "Union[Stores, Callable[[str], Stores]]", state: "Optional[dict[str, Any]]" = None) -> None:
        super().__init__(options, config, memory, state["session"] if state else None)
        self._stores_of = stores if callable(stores) else lambda user: stores
        self.failed: Optional[Error] = None
        self.mark = ""
        # bytes in, bytes out, messages; bytes out that are not known to have arrived
        self._count = state["count"] if state else [0, 0, 0, 0]
        self._began = options.clock()
        self._spared: "dict[str, StoreError]" = {}      # datastores that failed in the first message
        if state:
            self.peer.user, self.peer.device = state["user"], state["device"]
            if state["syncer"] is not None:
                self._open(state["syncer"])

    @classmethod
    def server(cls, options: Options, stores: "Union[Stores, Callable[[str], Stores]]", memory: Memory,
               secrets: "Optional[Callable[[str], Optional[Secret]]]" = None, resp_uri: Optional[str] = None,
               state: "Optional[dict[str, Any]]" = None) -> "Exchange":
        """A session that a client begins.

        :param options: how to run it
        :param stores: datastores by name, or a function from user to them
        :param memory: what is known of devices
        :param secrets: what is kept of a user's password; None: no credentials are asked for
        :param resp_uri: where the client is to send its further messages
        :param state: from an earlier :meth:`state`
        :returns: the exchange
        """
        config = Config(SERVER, options.device, _no_devinf, lambda: options.nonce(16), secrets=secrets,
                        challenge=options.challenge, resp_uri=resp_uri, limits=options.limits, spool=options.spool)
        return cls(options, config, memory, stores, state)

    @classmethod
    def client(cls, options: Options, stores: Stores, memory: Memory, url: str,
               state: "Optional[dict[str, Any]]" = None) -> "Exchange":
        """A session that we begin.

        :param options: how to run it
        :param stores: datastores by name
        :param memory: what is known of servers
        :param url: of the server
        :param state: from an earlier :meth:`state`
        :returns: the exchange
        """
        config = Config(CLIENT, options.device, _no_devinf, lambda: options.nonce(16), target=url,
                        version=options.version, encoding=options.encoding, login=options.login,
                        limits=options.limits, spool=options.spool)
        return cls(options, config, memory, stores, state)

    def state(self) -> "dict[str, Any]":
        """The whole exchange as plain values; valid between two messages.

        :returns: for the `state` parameter of the constructors
        """
        return {"session": self.session.state(), "syncer": self.syncer.state() if self.syncer else None,
                "user": self.user, "device": self.device, "count": list(self._count)}

    @property
    def finished(self) -> bool:
        """Whether nothing more is to come."""
        return self.session.finished or self.failed is not None

    # -- what the owner does

    def start(self, mode: str = "two-way", remotes: "Optional[Mapping[str, str]]" = None,
              order: "Optional[Order]" = None) -> Optional[Packet]:
        """The client's first message.

        :param mode: a key of :data:`minisyncml.sync.run.MODES`
        :param remotes: our datastore name to the server's URI; what is missing is found out
        :param order: what a notification asked for, see :func:`minisyncml.gateway.wake.order_of`
        :returns: a packet, or None when no datastore can be synced; the report says why
        :raises StoreError: when nothing could be kept
        """
        self._greet()
        wanted = self._obey(order) if order is not None else dict.fromkeys(self._stores, mode)
        anew = "slow" in wanted.values()        # what one remembers of the other may be what is wrong
        self._introduce(anew)
        self._ask(anew)
        bound = self.peer.bind({name: self._stores[name].types for name in wanted},
                               {**(remotes or {}), **(order.remotes if order is not None else {})})
        for one in wanted.values():
            self.profile.require_mode(one)
        modes = {name: MODES[mode] for name, mode in wanted.items()}
        return self._guarded(lambda: self._begin(self.peer.united(bound), modes))

    def inquire(self, tell: bool = True) -> Optional[Packet]:
        """The client's first message, in place of :meth:`start`: nothing is synced, the server is asked what it has.

        :param tell: whether it is told who we are, where it has not heard
        :returns: a packet
        """
        self._greet()
        if tell:
            self._introduce()
        self.session.ask()
        return self._guarded(self._send)

    def handle(self, packet: Packet) -> Optional[Packet]:
        """Take a message and answer it. What the answer promises is durable when this returns.

        :param packet: from the peer
        :returns: the answer, None when nothing is owed
        :raises RemoteProtocolError: a message that is none; the session goes on
        :raises Error: anything that ended the session; `failed` is set
        """
        self._arrived()
        self._count[0] += len(packet.body)
        self._count[2] += 1
        return self._guarded(lambda: self._answer(packet))

    def doubt(self, packet: Packet) -> Optional[Packet]:
        """Ask for credentials again, because a message may come from anybody. The session does not notice.

        :param packet: the message
        :returns: the refusal, None when the message has the credentials of who logged in
        :raises RemoteProtocolError: a message that is none
        """
        secrets = self._config.secrets
        stranger = Session(self._config._replace(
            resp_uri=None, secrets=lambda user: secrets(user) if secrets is not None and user == self.user else None))
        stranger.asked_nonce, stranger.new_nonce = self.session.asked_nonce, self.session.new_nonce
        stranger.receive(packet)
        if stranger.authenticated:
            return None
        self.session.asked_nonce = stranger.asked_nonce
        return stranger.send()

    def abort(self, error: Error) -> None:
        """The session broke outside: the link is gone, the peer stays away.

        :param error: why
        """
        if isinstance(error, RefusedError):
            self._arrived()
        if not self.finished:
            self.failed = error
            self.session.chunks.forget()
            if self.syncer is not None:
                self.syncer.rollback()

    # -- inside

    def _guarded(self, work: "Callable[[], Optional[Packet]]") -> Optional[Packet]:
        """Runs one step; an error leaves no lock behind and nothing half done."""
        try:
            return work()
        except RemoteProtocolError as error:
            if isinstance(error, PeerError) or self._config.role == CLIENT:
                self.failed = error
            raise
        except Error as error:
            self.failed = error
            raise
        finally:
            if self.syncer is not None:
                self.syncer.rollback()
            if self.finished:
                self.session.chunks.forget()

    def _greet(self) -> None:
        """A client begins: what is known of the server counts."""
        self.session.session_id = str(int.from_bytes(self._options.nonce(2), "big") % 9000 + 1000)
        self.session.nonce = self.peer.nonce(self.device) or b""
        self._open(None)

    def _introduce(self, anew: bool = False) -> None:
        """The server is told who we are where it has not heard, or when all is compared anew."""
        if anew or self.peer.facts().get("told") != self._fingerprint():
            self.session.describe()

    def _obey(self, order: "Order") -> "Mapping[str, str]":
        """The session that a server asked for, with the answers it is owed; the modes of the datastores."""
        self.session.session_id = order.session_id or self.session.session_id
        slots = self.session.slots
        for owed in order.replies:
            slots.fill(slots.open(owed.msg_ref, owed.cmd_ref, owed.cmd, owed.target, owed.source), owed.code)
        return order.modes

    def _begin(self, bound: "dict[str, str]", modes: "Mapping[str, int]") -> Optional[Packet]:
        syncer = self.syncer
        assert isinstance(syncer, ClientSyncer)
        syncer.begin(self.device, bound, {name: modes[syncer.locks(name)[0]] for name in bound})
        if all(run.failed for run in syncer.runs):
            syncer.commit()
            self.session.finished = True
            return None
        return self._send()

    def _answer(self, packet: Packet) -> Optional[Packet]:
        """Takes a message; when a datastore fails on the way, as if it had been given up before that message."""
        while True:
            before = self.state()
            try:
                return self._take(packet)
            except StoreError as error:
                if not self._spare(before, error):
                    raise

    def _spare(self, before: "dict[str, Any]", error: StoreError) -> bool:
        """Give up the datastore that failed, and forget what the message did to the session. What it did to the others
        may be durable: they know it again, as they do when a message is repeated.

        :returns: whether the message can be taken once more
        """
        syncer = self.syncer
        name = syncer.broken if syncer is not None else ""
        if syncer is None or not name or name in syncer.spared:
            return False
        syncer.rollback()
        spared, synced = {**syncer.spared, name: error}, syncer.synced
        self.session, self.syncer = Session(self._config, before["session"]), None
        if before["syncer"] is None:
            self._spared = spared       # it failed in the message that opened it
            return True
        return self._sync(before["syncer"]).spare(spared, synced)

    def _take(self, packet: Packet) -> Optional[Packet]:
        if self.syncer is not None:
            self.syncer.synced.clear()
        for event in self.session.receive(packet):
            self._react(event)
        if self.syncer is not None:
            self.syncer.answer()
        else:
            self._adapt({})     # of a stranger so far
        if isinstance(self.syncer, ServerSyncer) and self.session.synced_early and self.syncer.early:
            self.session.merge_packages()
        return self._send()

    def _send(self) -> Optional[Packet]:
        reply = self.session.send(self.syncer.outgoing if self.syncer is not None else None)
        if self.syncer is not None:
            if self.session.finished:
                self.syncer.close()
            self.syncer.commit()
            if self.session.finished:
                self.syncer.checkpoint()
        self._keep()
        if reply is not None:
            self._count[3] = len(reply.body)
            if self._config.role == SERVER:
                self._arrived()
        return reply

    def _arrived(self) -> None:
        """A client counts a message when it was answered; a server never hears of it."""
        if self._count[3]:
            self._count[1] += self._count[3]
            self._count[2] += 1
            self._count[3] = 0

    def _react(self, event: Event) -> None:
        if isinstance(event, LoggedIn):
            if self.syncer is None:
                self.peer.user, self.peer.device = event.user, self.session.target
                self._open(None)
                self._ask()
        elif isinstance(event, Described):
            self.peer.said(event.devinf)
            self._learn()
        elif self.syncer is not None:
            self.syncer.handle(event)

    def _open(self, state: "Optional[dict[str, Any]]") -> None:
        """Open the datastores; only now is it known whose."""
        self._stores = self._stores_of(self.user)
        self._sync(state)

    def _sync(self, state: "Optional[dict[str, Any]]") -> "ClientSyncer | Serving":
        options = SyncOptions(self._options.conflict, self._options.allow_empty, self._options.rescan, self._step,
                              self._options.limits)
        syncer: "ClientSyncer | Serving"
        stores = Together(self._stores)
        if self._config.role == CLIENT:
            syncer = ClientSyncer(self.session, stores, options, state)
        else:
            syncer = _serving(self._options.trial)(self.session, stores, options, state)
            syncer.device, syncer.demand = self.device, MODES.get(self._options.demand, 0)
            syncer.apart = self._options.apart
            syncer.names = {plain_uri(uri): name for name, uri in self._options.remotes.items()}
        syncer.session = " ".join(filter(None, (self.device, self.session.session_id, self.mark)))
        syncer.spared = self._spared
        syncer.view_of, syncer.base_of = self._view, self._base
        self.syncer = syncer
        self._learn()
        return syncer

    def _step(self) -> int:
        return int.from_bytes(self._options.nonce(2), "big") + 1

    # -- what became of it

    @property
    def report(self) -> Report:
        """What was done so far, or in the whole session when it is finished."""
        login = self._options.login
        report = Report(self.device, login.user if login is not None else self.user)
        report.bytes_in, report.bytes_out, report.messages = self._count[:3]
        report.seconds = self._options.clock() - self._began
        report.error, report.session = self.failed, self.mark
        for run in self.runs:
            fill(report, run)
        return report


def _serving(trial: bool) -> "type[Serving]":
    if not trial:
        return Serving
    from importlib import import_module
    found: "type[Serving]" = import_module("minisyncml.gateway.trying").Trying
    return found


def _no_devinf(version: str) -> DevInf:
    raise StoreError("no datastores are open")
