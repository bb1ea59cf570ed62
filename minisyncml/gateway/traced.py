"""An exchange that tells a trace what it does: the same session, with ears in what it is given.

Nothing of the protocol is known here. A datastore is written down when the session first looks at it, what is known of
a peer likewise, and a body when it is read: so the trace holds what an equal run needs, and no more.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping, Optional, TypeVar, Union, cast

from minisyncml.engine.config import Config
from minisyncml.errors import Error
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.options import Options, Stores
from minisyncml.gateway.peer import Memory
from minisyncml.gateway.recorder import PAGE, Recorder, Recording
from minisyncml.gateway.traced_link import TracedLink
from minisyncml.gateway.wake import Order
from minisyncml.message.devinf import DevInf, to_dict
from minisyncml.profile import names
from minisyncml.store.base import Item, Store
from minisyncml.transport.base import Packet
from minisyncml.transport.link import Link

T = TypeVar("T")
PROFILE = 65_536    #: characters of a user's profile that are written down
#: what a store is asked about a peer
_OF_PEER = frozenset(("facts", "entry", "by_remote", "entries", "parked", "set_entry", "drop_entry", "clear_entries",
                      "park", "unpark", "clear_parked", "set_facts", "forget", "shadows"))


class Trace(Recorder):
    """A trace file to hand to a :class:`~minisyncml.gateway.client.Client` or a
    :class:`~minisyncml.gateway.serve.Server`; see :class:`~minisyncml.gateway.recorder.Recorder`."""

    def exchange(self, options: Options) -> "tuple[type[Exchange], Options]":
        """A session begins.

        :param options: how to run it
        :returns: the class that tells of itself, and its options
        """
        recording = self.session()
        return Traced, options._replace(nonce=recording.random, record=recording)

    def link(self, link: Link) -> Link:
        """A line to a phone is opened.

        :param link: the line
        :returns: the same, told
        """
        return TracedLink(link, self)


class Traced(Exchange):
    """See :class:`minisyncml.gateway.exchange.Exchange`; `options.record` is told what happens."""

    def __init__(self, options: Options, config: Config, memory: Memory,
                 stores: "Union[Stores, Callable[[str], Stores]]", state: "Optional[dict[str, Any]]" = None) -> None:
        record = options.record
        assert record is not None
        self._record: Recording = record
        self._names: "set[str]" = set()
        self._said: "dict[str, DevInf]" = {}

        def opened(user: str) -> Stores:
            found = stores(user) if callable(stores) else stores
            return {name: _told(name, store, record) for name, store in found.items()}

        super().__init__(options, config, _Memory(memory, record), opened, state)
        self._tell("", dict(options.remotes))

    def start(self, mode: str = "two-way", remotes: "Optional[Mapping[str, str]]" = None,
              order: Optional[Order] = None) -> Optional[Packet]:
        """See :meth:`Exchange.start`."""
        self._tell(mode, dict(remotes or {}), order)
        return self._told(lambda: super(Traced, self).start(mode, remotes, order))

    def handle(self, packet: Packet) -> Optional[Packet]:
        """See :meth:`Exchange.handle`."""
        self._record.message("in", packet)
        return self._told(lambda: super(Traced, self).handle(packet))

    def doubt(self, packet: Packet) -> Optional[Packet]:
        """See :meth:`Exchange.doubt`."""
        self._record.message("in", packet, doubt=True)
        return self._told(lambda: super(Traced, self).doubt(packet))

    def abort(self, error: Error) -> None:
        """See :meth:`Exchange.abort`."""
        over = self.finished
        super().abort(error)
        if not over:
            self._record.error(type(error).__name__, str(error), True)
        self._end()

    def _describe(self, version: str) -> DevInf:
        devinf = super()._describe(version)
        if self._said.get(version) != devinf:
            self._said[version] = devinf
            self._record.devinf(version, to_dict(devinf))
        return devinf

    def _fingerprint(self) -> str:
        name = super()._fingerprint()
        if name not in self._names:
            self._names.add(name)
            self._record.fingerprint(name)
        return name

    def _told(self, work: "Callable[[], Optional[Packet]]") -> Optional[Packet]:
        try:
            packet = work()
        except Error as error:
            self._record.error(type(error).__name__, str(error), self.finished)
            self._end()
            raise
        self._record.message("out", packet)
        self._end()
        return packet

    def _end(self) -> None:
        if self.finished:
            self._record.end(self.report.as_dict())

    def _tell(self, mode: str, remotes: "dict[str, str]", order: Optional[Order] = None) -> None:
        options, config, login = self._options, self._config, self._options.login
        if (config.role == "client") != bool(mode):
            return      # a client's settings are complete when it starts
        self._record.begin(
            role=config.role, device=options.device, target=config.target, resp_uri=config.resp_uri, mode=mode,
            remotes=remotes, order=None if order is None else order._asdict(), version=options.version,
            encoding=options.encoding, identity=options.identity._asdict(), profile=_profile(options.profile),
            conflict=options.conflict, allow_empty=options.allow_empty, rescan=options.rescan,
            trial=options.trial, zone=options.zone, apart=options.apart, challenge=options.challenge,
            demand=options.demand, asks=config.secrets is not None,
            limits=options.limits._asdict(), user=self._record.user(login.user) if login is not None else None,
            scheme=login.scheme if login is not None else None)


def _profile(name: str) -> "dict[str, str]":
    """A profile by its name; one of the user's with all that is in it."""
    if not name or name in names():
        return {"name": name}
    try:
        with open(name, encoding="utf-8") as file:
            return {"name": "", "text": file.read(PROFILE)}
    except (OSError, ValueError):
        return {"name": ""}


class _Memory:
    """Tells what is known of a peer when it is asked first."""

    def __init__(self, memory: Memory, record: Recording) -> None:
        self._memory, self._record = memory, record
        self._told: "set[str]" = set()

    def get(self, device: str) -> "dict[str, Any]":
        facts = self._memory.get(device)
        if device not in self._told:
            self._told.add(device)
            self._record.known(device, facts)
        return facts

    def set(self, device: str, facts: "dict[str, Any]") -> None:
        self.get(device)
        self._memory.set(device, facts)


def _told(name: str, store: Store, record: Recording) -> Store:
    record.store(name, store.types, store.form)
    return cast(Store, _Told(name, store, record))


class _Told:
    """A store that tells what is in it. What it does not need to hear goes straight to the store."""

    def __init__(self, name: str, store: Store, record: Recording) -> None:
        self._name, self._store, self._record = name, store, record
        self._peers: "set[str]" = set()
        self._bodies: "set[str]" = set()
        self._shadows: "set[tuple[str, str]]" = set()
        self._upto = -1     # the revision that the rows were told at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return self.first(found) if name in _OF_PEER else found

    def __len__(self) -> int:
        return len(self._store)

    def refresh(self, rescan: bool = False) -> None:
        """The session begins to look: here is what is in it."""
        self._store.refresh(rescan)
        if self._upto < 0:
            store = self._store
            self._upto = store.revision
            last = getattr(store, "last_id", 0)
            for page in _pages(store.rows()):
                self._record.items(self._name, last, self._upto, page)

    def get(self, id: str) -> Optional[Item]:
        """A body is read."""
        return self.read(self._store.get(id))

    def begin(self, session: str = "") -> "_ToldBatch":
        """The same for a batch."""
        return _ToldBatch(self, self._store.begin(session))

    def read(self, item: Optional[Item]) -> Optional[Item]:
        """Tells a body that was there when the session began."""
        if item is not None and item.revision <= self._upto and item.id not in self._bodies:
            self._bodies.add(item.id)
            self._record.body(self._name, item)
        return item

    def shadow(self, peer: str, id: str) -> bytes:
        """A shadow is read."""
        self.seen(peer, id)
        return self._store.shadow(peer, id)

    def seen(self, peer: str, id: str) -> None:
        """Tells the shadow of an item that was there when the session began."""
        if (peer, id) not in self._shadows:
            self._shadows.add((peer, id))
            body = self._store.shadow(peer, id)
            if body:
                self._record.shadow(self._name, peer, id, body)

    def first(self, method: "Callable[..., T]") -> "Callable[..., T]":
        """Tells what is known of a peer before a method sees or changes it."""
        def call(peer: str, *more: Any) -> T:
            if peer not in self._peers:
                self._peers.add(peer)
                self._tell(peer)
            return method(peer, *more)
        return call

    def _tell(self, peer: str) -> None:
        facts = self._store.facts(peer)
        for one in self._store.parked(peer):
            self._record.peer(self._name, peer, facts, [], [one])
        for entries in _pages(self._store.entries(peer)):
            self._record.peer(self._name, peer, facts, entries, [])


class _ToldBatch:
    """A batch of such a store."""

    def __init__(self, store: _Told, batch: Any) -> None:
        self._store, self._batch = store, batch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._batch, name)
        return self._store.first(found) if name in _OF_PEER else found

    def get(self, id: str) -> Optional[Item]:
        """A body is read."""
        return self._store.read(self._batch.get(id))

    def shadow(self, peer: str, id: str) -> bytes:
        """A shadow is read."""
        self._store.seen(peer, id)
        found: bytes = self._batch.shadow(peer, id)
        return found

    def set_shadow(self, peer: str, id: str, body: bytes) -> None:
        """A shadow is changed."""
        self._store.seen(peer, id)
        self._batch.set_shadow(peer, id, body)

    def __enter__(self) -> "_ToldBatch":
        self._batch.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._batch.__exit__(*exc)


def _pages(rows: "Iterable[T]") -> "Iterable[list[T]]":
    """Rows in handy pieces; one empty piece when there are none."""
    page: "list[T]" = []
    empty = True
    for row in rows:
        page.append(row)
        if len(page) == PAGE:
            yield page
            page, empty = [], False
    if page or empty:
        yield page
