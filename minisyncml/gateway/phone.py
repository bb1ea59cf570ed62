"""A phone that we call: OBEX client and SyncML server at once. The phone is woken by a notification, then its messages
are fetched and the answers delivered. The session itself is :class:`minisyncml.gateway.exchange.Exchange`.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple, Optional

from minisyncml.engine.auth import Secret
from minisyncml.errors import AuthError, Error, PeerError, TransportError, UsageError
from minisyncml.gateway.config import secret_of
from minisyncml.gateway.dial import Call, Opener
from minisyncml.gateway.discovery import bind
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.manners import learn, profile_of
from minisyncml.gateway.names import KINDS
from minisyncml.gateway.options import Options, Stores
from minisyncml.gateway.outcome import stamp
from minisyncml.gateway.report import Report
from minisyncml.gateway.together import JOINT, joined
from minisyncml.gateway.trace import Tap
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.devinf import DevInf, from_dict
from minisyncml.notify import base, legacy, san
from minisyncml.notify.base import Notification, Wanted
from minisyncml.profile import UNKNOWN, Identity, Profile
from minisyncml.store.peers import Peers
from minisyncml.sync.conflict import DEFAULT as KEEP_BOTH
from minisyncml.sync.conflict import policy
from minisyncml.sync.run import MODES
from minisyncml.transport.base import WBXML, XML, Packet
from minisyncml.transport.link import Link
from minisyncml.transport.obex import TIMEOUT, ObexTransport

if TYPE_CHECKING:
    from minisyncml.gateway.traced import Trace

#: what a notification asks for; slow cannot be said there, it is demanded when the phone answers
ALERTS = {"two-way": base.TWO_WAY, "slow": base.TWO_WAY, "one-way-from-client": base.FROM_CLIENT,
          "refresh-from-client": base.REFRESH_FROM_CLIENT, "one-way-from-server": base.FROM_SERVER,
          "refresh-from-server": base.REFRESH_FROM_SERVER}
NAMES = "names"     #: where the memory of a phone keeps its names of our datastores
REPEATS = 3         #: so often a phone may send the same message again
UNREADY = 10        #: so often it may say that its message is not ready, a second apart


class Known(NamedTuple):
    """What we know of the phone before it answers."""

    device: str                     #: its device id, empty when it was never met
    devinf: Optional[DevInf]
    said: Identity                  #: what the link knows of it
    profile: Profile
    names: "Mapping[str, str]"      #: how it called our datastores last time


class Phone:
    """A phone at a port. What it is like is found out: by AT, by what it said in earlier sessions, or it is told.

    :param opener: opens the line
    :param stores: our datastores by name
    :param port: what the line is called; by it we guess which phone will answer
    :param at: whether the phone may be in AT mode
    :param profile: name or file of a profile, where the phone is not to be judged by what it says
    :param identity: what the link knows of it, as a USB id
    :param peers: what is known of phones; by default it lasts as long as this object
    :param user: SyncML user that the phone has to log in as; empty: nobody has to
    :param password: its password
    :param obex_password: the password that is set on the phone for OBEX
    :param server_id: what we call ourselves; by default what the profile says
    :param remotes: the phone's name of a datastore, by our name of it
    :param conflict: name of a policy, see :func:`minisyncml.sync.conflict.policies`
    :param allow_empty: go on when a side turned up empty
    :param rescan: let stores read everything, and trust no time stamp
    :param zone: the IANA name of the time zone we live in, as `Europe/Berlin`, for peers that know local time only
    :param apart: leave out what the phone keeps in one database with another; by default, tasks go with the calendar
    :param limits: bounds
    :param timeout: for one answer of the phone, in seconds
    :param patience: how long to listen for a phone that is in OBEX mode already, in seconds
    :param progress: is told in a few words how far the session is
    :param tap: is shown each message, and `->` for one to the phone, `<-` for one from it
    :param trace: writes down lines and sessions
    :param enough: asked after each message of the phone; true: hang up instead of answering it
    :param clock: seconds that only go forward
    :param now: seconds since 1970, for the history that people read; no decision rests on it
    :param random: gives so many random bytes
    :param wait: waits some seconds, as phones need
    :raises UsageError: when there is no such policy or profile
    """

    def __init__(self, opener: Opener, stores: Stores, *, port: str = "", at: bool = True, profile: str = "",
                 identity: Identity = UNKNOWN, peers: Optional[Peers] = None, user: str = "", password: str = "",
                 obex_password: str = "", server_id: str = "", remotes: "Optional[Mapping[str, str]]" = None,
                 conflict: str = KEEP_BOTH, allow_empty: bool = False, rescan: bool = False,
                 zone: str = "", apart: bool = False, limits: Limits = DEFAULT, timeout: float = TIMEOUT,
                 patience: float = 1.0,
                 progress: Callable[[str], None] = lambda words: None,
                 tap: Optional[Tap] = None, trace: "Optional[Trace]" = None,
                 enough: Callable[[Exchange], bool] = lambda exchange: False,
                 clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time,
                 random: Callable[[int], bytes] = os.urandom, wait: Callable[[float], object] = time.sleep) -> None:
        policy(conflict)    # raises when there is none of that name
        self._opener, self._stores, self._port, self._at = opener, stores, port, at
        profile_of({}, UNKNOWN, profile)    # raises when there is none of that name
        self._identity, self._server_id, self._obex_password = identity, server_id, obex_password
        self._peers = peers or Peers()
        self._user, self._password = user, password
        self._remotes = dict(remotes or {})
        self._options = Options("", random, clock, limits, conflict, allow_empty, rescan, profile=profile,
                                zone=zone, apart=apart)
        self._timeout, self._patience, self._progress = timeout, patience, progress
        self._now, self._wait, self._trace = now, wait, trace
        self._tap, self._enough = tap or (lambda way, packet: None), enough
        self._rest_until = 0.0

    def sync(self, mode: str = "two-way") -> Report:
        """Call the phone and sync; several times when it wants a session for each datastore.

        :param mode: a key of :data:`minisyncml.sync.run.MODES`
        :returns: what was done; its `error` is set when the phone could not be reached or the session broke off
        :raises UsageError: when there is no such mode, or the phone cannot do it
        """
        if mode not in MODES:
            raise UsageError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        report: Optional[Report] = None
        left = list(self._stores)
        while left and (report is None or report.error is None):
            part, done = self._one(left, mode)
            left = [name for name in left if name not in done]
            if report is None:
                report = part
            else:
                report.add(part)
        assert report is not None
        if report.peer:
            self._peers.record({"when": int(self._now()), "role": "server", **report.as_dict()})
        return report

    # -- one session

    def _one(self, names: "list[str]", mode: str) -> "tuple[Report, list[str]]":
        """One session, and the datastores that it was for."""
        began, known = self._options.clock(), self._known()
        refusal: Optional[Error] = None
        tried: "set[str]" = set()
        report = Report(known.device)
        done = names
        while True:
            self._rest()
            try:
                with self._call(known) as call:
                    known = self._identified(known, call.identity)
                    form = next((form for form in known.profile.san if form not in tried), None)
                    if form is None:
                        raise refusal or UsageError(f"{known.profile.title} takes no notification; it has to call us")
                    tried.add(form)
                    done = self._together(known, names) if known.profile.one_store_per_session else names
                    report, refusal = self._try(call, known, form, done, mode)
            except UsageError:
                raise
            except Error as error:
                report.error = report.error or refusal or error
                refusal = None
            self._rest_until = self._options.clock() + known.profile.pause_after
            if refusal is None:
                break
            if tried.issuperset(known.profile.san):
                stranger = self._about("", known.said)
                if self._offer(stranger, names) == self._offer(known, names):
                    break
                known, tried = stranger, set()      # it may be another phone than the one we thought of
        report.error = report.error or refusal
        report.seconds = self._options.clock() - began
        return report, done

    def _together(self, known: Known, names: "list[str]") -> "list[str]":
        """The first datastore, and the one that the phone keeps in one database with it."""
        left_out = self._bind(known, names)[1]
        both = joined(names).split(JOINT)
        return both if names[0] in both and both[-1] in left_out and not self._options.apart else names[:1]

    def _line(self) -> Link:
        link = self._opener()
        return link if self._trace is None else self._trace.link(link)

    def _call(self, known: Known) -> Call:
        # the switch of a guessed phone might be wrong for the one that is there
        profile = known.profile if self._options.profile else known.profile._replace(at_switch="")
        return Call(self._line, at=self._at and profile.at_switch != "none", profile=profile,
                    password=self._obex_password, timeout=self._timeout, limits=self._options.limits,
                    wait=self._wait, patience=self._patience)

    def _try(self, call: Call, known: Known, form: str, names: "list[str]", mode: str,
             ) -> "tuple[Report, Optional[Error]]":
        """Wake the phone in one form: the report of the session, or why it did not wake."""
        known.profile.require_mode(mode)
        transport = ObexTransport(call.connect(known.profile.obex_target.encode("latin-1", "replace")))
        remotes, left_out = self._bind(known, names)
        both = joined(names) if not self._options.apart else ""
        calendar, _, tasks = both.partition(JOINT)
        joint = {tasks: remotes[calendar], both: remotes[calendar]} if calendar in remotes and tasks in left_out else {}
        try:
            packet = self._wake(transport, known, form, remotes, mode)
        except TransportError as refusal:
            return Report(known.device), refusal
        exchange = self._exchange(known, {**remotes, **joint}, mode)
        broken: Optional[Error] = None
        try:
            self._converse(transport, exchange, packet)
        except UsageError:
            raise
        except Error as error:
            exchange.abort(error)
            broken = error if exchange.session.authenticated else AuthError(
                f"the phone did not log in as {self._user}: enter user and password in its profile for this computer")
        return self._finish(exchange, known.profile, form, broken, names,
                            [name for name in left_out if name not in joint]), None

    def _wake(self, transport: ObexTransport, known: Known, form: str, remotes: "Mapping[str, str]",
              mode: str) -> Packet:
        """Send the notification and fetch what the phone says to it."""
        profile = known.profile
        session = str(int.from_bytes(self._options.nonce(2), "big") % 65_000 + 1)
        wanted = tuple(Wanted(uri, ALERTS[mode], self._type(profile, name)) for name, uri in remotes.items())
        notice = Notification(self._server_id or profile.server_id, wanted, session, version=form)
        encoding = "xml" if profile.encoding == "xml" else "wbxml"
        self._progress("waking the phone")
        if form == "1.2":
            key = san.key(notice.server_id, self._password) if self._user else san.key("", "")
            wake = Packet(base.PACKET, san.build(notice, key))
        else:
            wake = legacy.build(notice, encoding, known.device or legacy.NO_RELATION)
        self._tap("->", wake)
        transport.post(wake)
        packet = self._fetch(transport, XML if encoding == "xml" else WBXML)
        if packet is None:
            raise TransportError("the phone took the notification and began no sync; look at its screen")
        return packet

    def _fetch(self, transport: ObexTransport, content_type: str) -> Optional[Packet]:
        """The phone's next message; one that asks its owner first may say for a while that it has none."""
        for _ in range(UNREADY):
            packet = transport.fetch(content_type)
            if packet is not None:
                self._tap("<-", packet)
                return packet
            self._wait(1.0)
        return None

    def _converse(self, transport: ObexTransport, exchange: Exchange, packet: Optional[Packet]) -> None:
        """Answer until nothing is owed."""
        last: Optional[Packet] = None
        reply: Optional[Packet] = None
        repeats = 0
        while packet is not None:
            if packet == last and repeats < REPEATS:
                repeats += 1            # it did not hear the answer
            else:
                last, reply, repeats = packet, exchange.handle(packet), 0
            self._progress(f"{exchange.device or 'phone'}: message {exchange.session.sent_msg}")
            if self._enough(exchange):
                return
            if reply is not None:
                self._tap("->", reply)
                transport.post(reply)
            if exchange.finished:
                return
            packet = self._fetch(transport, reply.content_type if reply is not None else WBXML)
        raise TransportError("the phone ended the session before it was over")

    def _exchange(self, known: Known, remotes: "Mapping[str, str]", mode: str) -> Exchange:
        options = self._options._replace(device=self._server_id or known.profile.server_id, demand=mode,
                                         remotes=dict(remotes), identity=known.said)
        stores = {name: self._stores[name] for name in remotes if name in self._stores}
        kind, options = (Exchange, options) if self._trace is None else self._trace.exchange(options)
        exchange = kind.server(options, stores, self._peers, self._secret if self._user else None)
        exchange.mark = stamp(self._now())
        return exchange

    def _secret(self, user: str) -> Optional[Secret]:
        return secret_of(self._password) if user == self._user else None

    # -- what is known

    def _known(self) -> Known:
        """Which phone is probably there: the one that answered at this port last time."""
        device = self._peers.get(_port_key(self._port)).get("device") if self._port else None
        return self._about(device if isinstance(device, str) else self._likely(self._identity), self._identity)

    def _likely(self, said: Identity) -> str:
        """A port that is new to us: the phone that fits what the link says, when that is only one."""
        known = (device for device in self._peers.devices() if NAMES in self._peers.get(device))
        found = [device for device in known if not said.man or _alike(self._about(device, said).devinf, said)]
        return found[0] if len(found) == 1 else ""

    def _about(self, device: str, said: Identity) -> Known:
        facts = self._peers.get(device) if device else {}
        values, names = facts.get("devinf"), facts.get(NAMES)
        devinf = from_dict(values) if isinstance(values, dict) else None
        return Known(device, devinf, said, profile_of(facts, said, self._options.profile, device),
                     names if isinstance(names, dict) else {})

    def _identified(self, known: Known, said: Identity) -> Known:
        """The same, after the phone said by AT what it is: another one than we thought may be there."""
        said = self._identity.merged(said)
        return self._about(known.device if not said.man or _alike(known.devinf, said) else self._likely(said), said)

    def _bind(self, known: Known, names: "list[str]") -> "tuple[dict[str, str], list[str]]":
        """The phone's names of our datastores, and those of ours that it keeps in one with another. Once it has synced
        under some name it stays: under another one phones take it for another database."""
        found = {**known.names, **{name: uri for name, uri in self._remotes.items() if uri}}
        if known.devinf is not None:
            types = {name: self._stores[name].types for name in names}
            told = {store.source_ref for store in known.devinf.datastores}
            bound = bind(known.devinf, types, found, known.profile)
            found = {name: uri for name, uri in bound.items() if uri in told} | found
        remotes: "dict[str, str]" = {}
        left_out = []
        for name in names:
            kind = KINDS.get(name.lower(), "")
            # the names of PC Suite: most phones know those, and many tell upper case from lower
            uri = found.get(name) or known.profile.store(kind or name).name or kind.capitalize() or name
            combined = kind == "tasks" and name not in found and known.profile.store(kind).kind != kind \
                and any(KINDS.get(other.lower()) == known.profile.store(kind).kind for other in remotes)
            if uri in remotes.values() or combined:
                left_out.append(name)
            else:
                remotes[name] = uri
        return remotes, left_out

    def _offer(self, known: Known, names: "list[str]") -> object:
        """What a notification says."""
        return known.profile.san, known.profile.server_id, self._bind(known, names)

    def _type(self, profile: Profile, name: str) -> str:
        types = profile.store(KINDS.get(name.lower(), name)).types or self._stores[name].types
        return types[0][0]

    # -- afterwards

    def _finish(self, exchange: Exchange, profile: Profile, form: str, broken: Optional[Error], names: "list[str]",
                left_out: "list[str]") -> Report:
        report = exchange.report
        parts = report.datastores.values()
        if not (isinstance(broken, TransportError) and parts and all(part.error for part in parts)):
            report.error = broken or report.error       # else the phone only left after we refused all it asked for
        if exchange.device:
            self._learn(exchange, form, profile)
        done = {one for name in report.datastores for one in (name, *name.split(JOINT))}
        for name in names:
            if name in left_out:
                report.datastore(name).error = PeerError(f"the phone keeps {name} in one database with others", 404)
            elif report.error is None and name not in done:
                report.datastore(name).error = PeerError(f"the phone did not begin to sync {name}", 404)
        return report

    def _learn(self, exchange: Exchange, form: str, profile: Profile) -> None:
        """Which phone is at this port, what woke it, and how it calls our datastores."""
        device = exchange.device
        if self._port and self._peers.get(_port_key(self._port)) != {"device": device}:
            self._peers.set(_port_key(self._port), {"device": device})
        if profile.san[:1] != (form,):
            learn(self._peers, device, {"san": (form, *(other for other in profile.san if other != form))})
        facts = self._peers.get(device)
        old = facts.get(NAMES)
        names = {**(old if isinstance(old, dict) else {}), **{
            name: run.local for run in exchange.runs if run.complete for name in run.name.split(JOINT)}}
        if names != old:
            self._peers.set(device, {**facts, NAMES: names})

    def _rest(self) -> None:
        """Some phones need a pause between two sessions."""
        left = self._rest_until - self._options.clock()
        if left > 0:
            self._wait(left)


def _port_key(port: str) -> str:
    return f"port {port}"


def _alike(devinf: Optional[DevInf], said: Identity) -> bool:
    """Whether the phone that answers AT may be the one that we know; makers write their names in many ways."""
    if devinf is None:
        return False
    return not said.mod or not devinf.mod or devinf.mod.lower() in said.mod.lower() \
        or said.mod.lower() in devinf.mod.lower()
