"""The client: one session with one server, from the first message to the report."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Optional

from minisyncml.engine.auth import Login
from minisyncml.engine.chunks import Held, Spool
from minisyncml.engine.config import VERSIONS
from minisyncml.errors import Error, RefusedError, StoreError, TransportError, UsageError, VersionError
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.manners import BOUND, profile_of
from minisyncml.gateway.options import Options, Stores
from minisyncml.gateway.outcome import stamp
from minisyncml.gateway.report import Report
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.devinf import DevInf, from_dict
from minisyncml.profile import UNKNOWN, Profile
from minisyncml.store.base import Store
from minisyncml.store.due import changes
from minisyncml.store.peers import Peers
from minisyncml.sync.conflict import DEFAULT as KEEP_BOTH
from minisyncml.sync.conflict import policy
from minisyncml.sync.run import MODES
from minisyncml.transport.base import Packet, Transport
from minisyncml.transport.http import HttpTransport

if TYPE_CHECKING:
    from minisyncml.gateway.discovery import Binding
    from minisyncml.gateway.traced import Trace
    from minisyncml.gateway.wake import Order

PAGE = 200
#: HTTP statuses with which servers answer a version that they do not understand
NOT_UNDERSTOOD = (400, 406, 415, 422)


class Client:
    """A SyncML client.

    :param target: the URL of the server
    :param stores: the datastores by name
    :param user: name to log in with; empty: without credentials
    :param password: its password
    :param auth: `auto`, `basic`, `md5` or `none`
    :param remotes: the server's URI for a datastore, by our name of it; others are found in its device information
    :param version: newest SyncML version to speak; older ones are tried when the server refuses it
    :param encoding: `wbxml` or `xml`
    :param peers: what is known of servers; by default it lasts as long as the client
    :param device_id: what the client calls itself; by default the name that `peers` keeps
    :param conflict: name of a policy, see :func:`minisyncml.sync.conflict.policies`; the server's counts for most
    :param allow_empty: go on when a side turned up empty
    :param rescan: let stores read everything, and trust no time stamp
    :param profile: name of a profile for the server, or a file, where it is not to be judged by what it says
    :param zone: the IANA name of the time zone we live in, as `Europe/Berlin`, for peers that know local time only
    :param limits: bounds
    :param spool: keeps the parts of a large object until it is whole, see :class:`minisyncml.store.spool.Spools`; in
        memory by default
    :param transport: makes the way to the server; HTTP by default
    :param progress: is told in a few words how far the session is
    :param trace: writes down each session
    :param present: what we say of ourselves, from what we would
    :param clock: seconds that only go forward
    :param now: seconds since 1970, for the history that people read; no decision rests on it
    :param random: gives so many random bytes
    :raises UsageError: when an argument is none of its choices
    """

    def __init__(self, target: str, stores: Stores, *, user: str = "", password: str = "", auth: str = "auto",
                 remotes: "Optional[Mapping[str, str]]" = None, version: str = "1.2", encoding: str = "wbxml",
                 peers: Optional[Peers] = None, device_id: str = "", conflict: str = KEEP_BOTH,
                 allow_empty: bool = False, rescan: bool = False, profile: str = "", zone: str = "",
                 limits: Limits = DEFAULT, spool: "Callable[[Any], Spool]" = Held,
                 transport: Optional[Callable[[], Transport]] = None,
                 progress: Callable[[str], None] = lambda words: None, trace: "Optional[Trace]" = None,
                 present: Callable[[DevInf], DevInf] = lambda devinf: devinf,
                 clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time,
                 random: Callable[[int], bytes] = os.urandom) -> None:
        _choose("auth", auth, ("auto", "basic", "md5", "none"))
        _choose("version", version, VERSIONS)
        _choose("encoding", encoding, ("wbxml", "xml"))
        policy(conflict)    # raises when there is none of that name
        self._peers = peers or Peers()
        login = Login(user, password, auth) if user and auth != "none" else None
        self._options = Options(device_id or self._peers.identity, random, clock, limits, conflict, allow_empty, rescan,
                                login=login, version=version, encoding=encoding, present=present, profile=profile,
                                zone=zone, spool=spool)
        profile_of({}, UNKNOWN, profile)    # raises when there is none of that name
        self._newest = version
        self._target = target
        self._stores = stores
        self._remotes = dict(remotes or {})
        self._transport = transport or (lambda: HttpTransport(target, limits=limits))
        self._progress = progress
        self._trace = trace
        self._now = now
        self._mark = ""

    def sync(self, mode: str = "two-way", order: "Optional[Order]" = None) -> Report:
        """Run one session; and another one for datastores whose name on the server turned out only then.

        :param mode: `two-way`, `slow`, `one-way-from-client`, `one-way-from-server`, `refresh-from-client` or
            `refresh-from-server`
        :param order: what a notification asked for, see :func:`minisyncml.gateway.wake.order_of`; its modes count then
        :returns: what was done; its `error` is set when the session broke off or the server refused it
        :raises UsageError: when there is no such mode, or the target is no URL, or the server's profile
            has no such mode
        """
        _choose("mode", mode, MODES)
        self._mark = stamp(self._now())
        parts: "list[Stores]" = [self._stores]
        if order is None and self._profile().one_store_per_session:
            parts = [{name: store} for name, store in self._stores.items()]
        report = self._session(parts[0], mode, order)
        for part in parts[1:]:
            if report.error is None:
                report.add(self._session(part, mode, None))
        self._peers.record({"when": int(self._now()), "role": "client", **report.as_dict()})
        return report

    def plan(self, mode: str = "two-way") -> Report:
        """What a sync would send; nobody is contacted and no item is changed. The datastores are refreshed: give copies
        (:mod:`minisyncml.store.rehearsal`) where nothing at all is to be written.

        :param mode: as for :meth:`sync`
        :returns: the counts stand on the peer's side; `slow` where the server was never met, `error` of a
            datastore that cannot be read
        """
        _choose("mode", mode, MODES)
        report = Report(self._target)
        for name, store in self._stores.items():
            part = report.datastore(name)
            try:
                store.refresh(self._options.rescan)
            except StoreError as error:
                part.error = error
                continue
            peer = next((key for key in store.peers() if key.rpartition("|")[0] == self._target), "")
            part.mode, part.slow = mode, not peer or mode == "slow"
            if mode in ("one-way-from-server", "refresh-from-server"):
                continue
            for kind in _due(store, "" if mode in ("slow", "refresh-from-client") else peer):
                if kind == "Add":
                    part.remote.added += 1
                elif kind == "Replace":
                    part.remote.replaced += 1
                else:
                    part.remote.deleted += 1
        return report

    def _profile(self) -> Profile:
        """What the server is like, as far as that is known before it says anything."""
        return profile_of(self._peers.get(self._target), UNKNOWN, self._options.profile)

    def bindings(self) -> "tuple[Report, list[Binding]]":
        """Ask the server what it has; nothing is synced.

        :returns: what that cost, its `error` set when the server did not say; and what each of our datastores would be
            synced with, and why
        :raises UsageError: when two of ours would be synced with the same, or the target is no URL
        """
        report, known = self._ask(), self._peers.get(self._target)
        values: Any = known.get("devinf")
        kept: Any = known.get(BOUND)
        from importlib import import_module
        found: "list[Binding]" = import_module("minisyncml.gateway.discovery").explain(
            from_dict(values) if isinstance(values, dict) else None,
            {name: store.types for name, store in self._stores.items()}, self._remotes, self._profile(), kept)
        return report, found

    def _ask(self) -> Report:
        """Ask the server for its device information, and remember that."""
        exchange, refused = self._negotiate(self._stores, Exchange.inquire)
        report = exchange.report
        for attempt in refused:
            report.spend(attempt.report)
        return report

    def _session(self, stores: Stores, mode: str, order: "Optional[Order]") -> Report:
        before = self._peers.get(self._target)
        exchange, refused = self._negotiate(stores, lambda one: one.start(mode, self._remotes, order), order)
        report, missing = exchange.report, exchange.missing
        for attempt in refused:
            report.spend(attempt.report)
        if not missing or report.error is not None:
            return report
        lost = self._lost(before, missing)
        if lost:
            report.spend(self._ask())       # what it said of itself in an earlier session no longer holds
        renamed = exchange.unknown()
        if renamed:
            again = self._run({name: stores[name] for name in renamed}, lambda one: one.start(mode, renamed))
            report.add(again.report)
        report.notes += [f"{name}: the server has no {missing[name]!r} any more; it was synced with {uri!r}"
                         for name, uri in renamed.items() if name in lost and report.datastore(name).error is None]
        return report

    def _lost(self, before: "dict[str, Any]", missing: "Mapping[str, str]") -> "set[str]":
        """Those of ours that the server had under a name that it does not have any more; that name is forgotten."""
        bound = before.get(BOUND, {})
        lost = {name for name, uri in missing.items() if "devinf" in before and (name in bound or uri != name)}
        known = self._peers.get(self._target)
        kept: Any = known.get(BOUND, {})
        if lost & set(kept):
            self._peers.set(self._target, {**known, BOUND: {name: uri for name, uri in kept.items()
                                                            if name not in lost}})
        return lost

    def _negotiate(self, stores: Stores, begin: "Callable[[Exchange], Optional[Packet]]",
                   order: "Optional[Order]" = None) -> "tuple[Exchange, list[Exchange]]":
        """A session in the newest version that the server takes, and those it refused. What it took is remembered."""
        known, profile = self._peers.get(self._target), self._profile()
        if profile.encoding == "xml":
            self._options = self._options._replace(encoding="xml")
        newest = max(VERSIONS.index(version) for version in (
            self._newest, order.version if order and order.version else "1.2",
            profile.protocol if profile.protocol in VERSIONS else "1.2"))
        versions = list(VERSIONS[newest:])
        versions.sort(key=lambda version: version != known.get("version"))
        refused: "list[Exchange]" = []
        for version in versions:
            self._options = self._options._replace(version=version)
            exchange = self._run(stores, begin)
            if not _too_new(exchange):
                break
            refused.append(exchange)
        else:
            return refused[0], refused[1:]      # none will do: what the server said first says most
        if refused and exchange.failed is None:
            self._peers.set(self._target, {**self._peers.get(self._target), "version": version})
        return exchange, refused

    def _run(self, stores: Stores, begin: "Callable[[Exchange], Optional[Packet]]") -> Exchange:
        kind, options = (Exchange, self._options) if self._trace is None else self._trace.exchange(self._options)
        exchange = kind.client(options, stores, self._peers, self._target)
        exchange.mark = self._mark
        try:
            with self._transport() as transport:
                packet = begin(exchange)
                while packet is not None:
                    self._progress(f"message {exchange.session.sent_msg}")
                    answer = transport.send(packet)
                    if answer is None:
                        exchange.abort(TransportError("the server ended the session before it was over"))
                        break
                    packet = exchange.handle(answer)
        except UsageError:
            raise
        except Error as error:
            exchange.abort(error)
        return exchange


def _too_new(exchange: Exchange) -> bool:
    """Whether a session broke at once, as one does in a version that the server does not speak."""
    error = exchange.failed
    return isinstance(error, VersionError) or (
        isinstance(error, RefusedError) and error.code in NOT_UNDERSTOOD and exchange.session.sent_msg == 1)


def _due(store: Store, peer: str) -> "Iterator[str]":
    """The kinds of change that are due for a peer, page by page."""
    after = ""
    while True:
        page = changes(store, peer, store.revision, after, PAGE)
        yield from (change.kind for change in page)
        if len(page) < PAGE:
            return
        after = page[-1].id


def _choose(what: str, value: str, choices: "tuple[str, ...] | Mapping[str, object]") -> None:
    if value not in choices:
        raise UsageError(f"{what} must be one of {', '.join(choices)}, not {value!r}")
