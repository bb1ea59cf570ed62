"""One SyncML session bound to its stores: a packet in, a packet out, everything durable in between. HTTP server and
client, OBEX, emulator and tests all drive this one class; it has no transport of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Union

from minisyncml import status as codes
from minisyncml.content.form import PLAIN
from minisyncml.digest import digest
from minisyncml.engine.auth import Secret
from minisyncml.engine.config import CLIENT, SERVER, Config
from minisyncml.engine.events import Described, Event, LoggedIn
from minisyncml.engine.session import Session
from minisyncml.errors import Error, PeerError, RefusedError, RemoteProtocolError, StoreError
from minisyncml.gateway.identity import describe, is_ours
from minisyncml.gateway.manners import BOUND
from minisyncml.gateway.options import Options, Stores
from minisyncml.gateway.outcome import fill
from minisyncml.gateway.peer import Memory, Peer
from minisyncml.gateway.report import Report
from minisyncml.gateway.serving import Serving
from minisyncml.gateway.together import Together
from minisyncml.message.devinf import DevInf, devinf_bytes
from minisyncml.profile import Profile
from minisyncml.sync.client import ClientSyncer
from minisyncml.sync.run import MODES, Run
from minisyncml.sync.server import ServerSyncer
from minisyncml.sync.syncer import Options as SyncOptions
from minisyncml.sync.uris import plain_uri
from minisyncml.transport.base import Packet

if TYPE_CHECKING:
    from minisyncml.content.view import View
    from minisyncml.gateway.wake import Order


class Exchange:
    """One session. Made by :meth:`server` or :meth:`client`.

    :ivar finished: nothing more is to come
    :ivar failed: why the session broke, None while it did not
    :ivar mark: tells it apart from other sessions of that device with the same number, in the trash and to people
    :ivar peer: who is at the other end
    """

    def __init__(self, options: Options, config: Config, memory: Memory,
                 stores: "Union[Stores, Callable[[str], Stores]]", state: "Optional[dict[str, Any]]" = None) -> None:
        self._options = options
        self.peer = Peer(memory, options.identity, options.profile, config.target if config.role == CLIENT else "")
        self._stores_of = stores if callable(stores) else lambda user: stores
        self._stores: Stores = {}
        self._config = config._replace(devinf=self._describe, recall=self.peer.nonce)
        self.session = Session(self._config, state["session"] if state else None)
        self.failed: Optional[Error] = None
        self.mark = ""
        # bytes in, bytes out, messages; bytes out that are not known to have arrived
        self._count = state["count"] if state else [0, 0, 0, 0]
        self._began = options.clock()
        self._spared: "dict[str, StoreError]" = {}      # datastores that failed in the first message
        self.syncer: "Optional[ClientSyncer | ServerSyncer]" = None
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
    def user(self) -> str:
        """Who logged in, empty when nobody had to."""
        return self.peer.user

    @property
    def device(self) -> str:
        """The peer's device id."""
        return self.peer.device

    @property
    def profile(self) -> Profile:
        """What the peer is like, as far as that is known."""
        return self.peer.profile

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
        self._ask()
        wanted = self._obey(order) if order is not None else dict.fromkeys(self._stores, mode)
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
        self._greet(tell)
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

    def _greet(self, tell: bool = True) -> None:
        """A client begins: what is known of the server counts, and it is told who we are where it has not heard."""
        self.session.session_id = str(int.from_bytes(self._options.nonce(2), "big") % 9000 + 1000)
        self.session.nonce = self.peer.nonce(self.device) or b""
        self._open(None)
        if tell and self.peer.facts().get("told") != self._fingerprint():
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
        syncer.view_of, syncer.base_of = self._view, _base
        self.syncer = syncer
        self._learn()
        return syncer

    def _step(self) -> int:
        return int.from_bytes(self._options.nonce(2), "big") + 1

    # -- device information

    def _describe(self, version: str) -> DevInf:
        named = {self._options.remotes.get(name, name): store for name, store in self._stores.items()}
        runs = self.syncer.runs if isinstance(self.syncer, ServerSyncer) else ()
        uris = {self._options.remotes.get(run.name, run.name): run.local for run in runs}
        client = self._config.role == CLIENT
        return self._options.present(describe(named, self._options.device, client, version, uris,
                                              None if client else self.peer.devinf))

    def _fingerprint(self) -> str:
        """Changes when our DevInf does, so that it is told again."""
        return digest(devinf_bytes(self._describe(self._options.version), "wbxml", self._options.version)).hex()

    def _ask(self) -> None:
        """A peer that is not known yet is asked what it is."""
        if "devinf" not in self.peer.facts() and "no-get" not in self.profile.devinf_out:
            self.session.ask()

    def _adapt(self, known: "dict[str, Any]") -> None:
        """What the peer is like, as far as it is known, counts from now on."""
        profile = self.peer.adapt(known, self.session.target if self._config.role == SERVER else "")
        self.session.profile = profile
        if self.syncer is not None:
            self.syncer.outgoing.slow_command = profile.slow_cmd.capitalize()
        if isinstance(self.syncer, Serving):
            self.syncer.profile = profile
            self.syncer.undecided = int(profile.open_conflict)
            self.syncer.bound = self.syncer.bound or known.get(BOUND, {})

    def _learn(self) -> None:
        """What is known of the peer means something for this session."""
        self._adapt(self.peer.facts())
        if self.syncer is None:
            return
        self.syncer.look_again()
        devinf = self.peer.devinf
        if devinf is None:
            return
        if isinstance(self.syncer, Serving):
            self.syncer.devinf = devinf
        self.syncer.ours = is_ours(devinf)
        self.session.packs = self.profile.packs or (
            self.syncer.ours and is_ours(self._describe(self._options.version)))
        if not isinstance(self.syncer, ServerSyncer):
            return
        self.session.peer_large = devinf.large_objects
        self.syncer.outgoing.count = devinf.number_of_changes

    def _view(self, run: Run) -> "Optional[View]":
        """What the peer sees of a datastore."""
        assert self.syncer is not None
        return self.peer.view(run, self.syncer.stores[run.name], self._options.zone)

    @property
    def missing(self) -> "dict[str, str]":
        """Our names of datastores that the server does not have, and the URI that was tried."""
        runs = self.syncer.runs if self.syncer is not None else []
        return {run.name: run.remote for run in runs if run.status == codes.NOT_FOUND}

    def unknown(self) -> "dict[str, str]":
        """After a session: datastores that the server does not know by the name we used, but by another.

        :returns: our name to the server's URI, as its DevInf has it
        """
        missing = self.missing
        runs = self.syncer.runs if self.syncer is not None else []
        runs = [run for run in runs if run.name in self._stores]
        found = {run.name: run.remote for run in runs if run.name not in missing}
        kept = {name: uri for name, uri in self.peer.facts().get(BOUND, {}).items() if name in found}
        other = self.peer.bind({run.name: self._stores[run.name].types for run in runs}, found, kept)
        return {run.name: other[run.name] for run in runs if other[run.name] != run.remote}

    def _keep(self) -> None:
        """What the next session needs: nonces, that a server has our DevInf, how datastores are called."""
        session, client = self.session, self._config.role == CLIENT
        if session.authenticated:
            bound = {name: run.remote for run in self.syncer.runs if run.answered
                     for name in self.syncer.locks(run.name)} if client and self.syncer else {}
            self.peer.keep(session.nonce if client else session.new_nonce, self._fingerprint() if client else "", bound)
        if isinstance(self.syncer, Serving) and self.syncer.fresh:
            self.peer.called(self.syncer.bound)
            self.syncer.fresh = False

    # -- what became of it

    @property
    def report(self) -> Report:
        """What was done so far, or in the whole session when it is finished."""
        login = self._options.login
        report = Report(self.device, login.user if login is not None else self.user)
        report.bytes_in, report.bytes_out, report.messages = self._count[:3]
        report.seconds = self._options.clock() - self._began
        report.error, report.session = self.failed, self.mark
        for run in self.syncer.runs if self.syncer is not None else ():
            fill(report, run)
        return report


def _base(run: Run) -> "View":
    """What makes shadows where a peer sees just what we have."""
    from importlib import import_module
    view: "View" = import_module("minisyncml.content.view").View(PLAIN, PLAIN)
    return view


def _serving(trial: bool) -> "type[Serving]":
    if not trial:
        return Serving
    from importlib import import_module
    found: "type[Serving]" = import_module("minisyncml.gateway.trying").Trying
    return found


def _no_devinf(version: str) -> DevInf:
    raise StoreError("no datastores are open")
