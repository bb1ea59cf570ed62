"""A phone that is none: the stores, limits and bad habits of a profile, for tests and for people without hardware.

It is woken over OBEX and then is a SyncML client, as phones are; or it dials a server. The session is that of
:class:`minisyncml.gateway.exchange.Exchange`, everything else are values of the profile.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Callable, Mapping, Optional

from minisyncml.engine.auth import Login
from minisyncml.errors import AuthError, Error, ObexError, PeerError
from minisyncml.gateway.client import Client
from minisyncml.gateway.config import DATASTORES
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.irmc import IrMCService
from minisyncml.gateway.names import KINDS as KIND_OF
from minisyncml.gateway.options import Options, Stores
from minisyncml.gateway.report import Report
from minisyncml.gateway.wake import Order, order_of
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.devinf import DevInf
from minisyncml.notify.base import IGNORE
from minisyncml.notify.inbox import Inbox, Received
from minisyncml.notify.san import San, key
from minisyncml.obex import codes
from minisyncml.obex.server import Get
from minisyncml.profile import DEFAULT as ANY
from minisyncml.profile import MODES, Profile, StoreValue
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.store.place import KINDS, open_store
from minisyncml.transport.atphone import AtFront, AtResponder
from minisyncml.transport.base import WBXML, XML, Packet, Transport
from minisyncml.transport.link import Link
from minisyncml.transport.obex import TIMEOUT, ObexClient, ObexTransport, Reply, Service, Services, SyncMLService, serve

if TYPE_CHECKING:
    from minisyncml.gateway.traced import Trace

DEVICE = "IMEI:004999010640000"
IRMC_LEVELS = (8, 1, 2, 4, 8)       #: how a phone says its IrMC level, a bit for each
MAX_GUID_SIZE = 8       #: what small phones declare; many take more
MAX_MSG_SIZE = 16_384   #: of a phone whose profile does not say
ANSWER = 10.0           #: seconds for a computer that takes no answer
STATE = ".minisyncml"   #: folder of what the phone itself remembers, beside its data


class Emulator:
    """An emulated phone.

    :param stores: its databases, by its own names of them; see :func:`phone_stores`
    :param profile: what it is like
    :param switch: the AT command that brings it to OBEX, a name of
        :data:`minisyncml.transport.atswitches.NAMES`; by default that of the profile, else none
    :param user: name to log in with where it is asked to; empty: it cannot
    :param password: its password; notifications are signed with it
    :param proof: what it demands of a notification, one of :data:`minisyncml.notify.base.POLICIES`; most phones let
        people decide instead
    :param unready: how many times it refuses to give a message that is not ready, before it does
    :param peers: what it remembers of computers; by default as long as this object lives
    :param limits: bounds
    :param on_report: is shown the report of each session
    :param log: is told in one line what went wrong
    :param trace: writes down lines and sessions
    :param clock: seconds that only go forward
    :param random: gives so many random bytes
    """

    def __init__(self, stores: Stores, profile: Profile = ANY, *, switch: Optional[str] = None, user: str = "",
                 password: str = "", proof: str = IGNORE, unready: int = 0,
                 peers: Optional[Peers] = None, limits: Limits = DEFAULT,
                 on_report: Callable[[Report], None] = lambda report: None,
                 log: Callable[[str], None] = lambda line: None, trace: "Optional[Trace]" = None,
                 clock: Callable[[], float] = time.monotonic,
                 random: Callable[[int], bytes] = os.urandom) -> None:
        self.stores, self.profile = stores, profile
        self._trace = trace
        self.switch = (profile.at_switch or "none") if switch is None else switch
        self._unready, self._user, self._password = unready, user, password
        self.peers = peers or Peers()
        self.on_report, self.log = on_report, log
        limits = limits._replace(max_msg_size=profile.max_msg or min(limits.max_msg_size, MAX_MSG_SIZE),
                                 max_obj_size=profile.max_obj or limits.max_obj_size)
        encoding = "wbxml" if profile.encoding == "auto" else profile.encoding
        self.options = Options(profile.device_id or DEVICE, random, clock, limits, encoding=encoding,
                               version="1.2" if profile.protocol == "auto" else profile.protocol,
                               present=self._present, login=Login(user, password, "auto") if user else None)
        # a caller without an account signs with empty names
        keys = [key(name, password) for name in (user, profile.server_id)] if user else [key("", "")]
        # who connects again with the same bytes wants another session: SyncEvolution's notifications are all alike
        self.inbox = Inbox(keys, policy=proof, window=0.0, limits=limits)

    @property
    def services(self) -> Services:
        """What it offers over OBEX, for :func:`minisyncml.transport.obex.serve`."""
        found: "dict[bytes, Callable[[], Service]]" = {
            self.profile.obex_target.encode("latin-1", "replace"): lambda: _Service(self, self._unready)}
        if self.profile.irmc_level or not self.profile.layers:      # nothing known: it has all there is
            found[codes.IRMC] = self._irmc
        return found

    def _irmc(self) -> IrMCService:
        profile = self.profile
        stores = {profile.kind_of(name) or KIND_OF.get(name.lower(), name): store
                  for name, store in self.stores.items()}
        device = {"MANU": profile.man or "minisyncml", "MOD": profile.mod or "emulator",
                  "SW-VERSION": profile.fwv or "1", "SN": self.options.device.rpartition(":")[2]}
        return IrMCService(stores, device, IRMC_LEVELS[profile.irmc_level])

    def answer(self, link: Link, *, wait: Optional[float] = None, once: bool = False, timeout: float = TIMEOUT,
               stop: Callable[[], bool] = lambda: False) -> None:
        """Be called on a line, session after session.

        :param link: the line; it is left open
        :param wait: return when nobody called for so long, in seconds; None: never
        :param once: return after one OBEX session
        :param timeout: a session silent for so long is given up, in seconds
        :param stop: asked about once in a second; true ends it
        :raises LinkError: when the line dropped, or carries something else than OBEX
        """
        profile = self.profile
        told = link if self._trace is None else self._trace.link(link)
        phone = AtResponder(profile.at_man or profile.man or "minisyncml", profile.mod or "emulator",
                            profile.fwv or "1", self.switch)
        if self.switch == "msync":
            self._call_back(told, phone, stop)
            return
        line = told if self.switch == "none" else AtFront(told, phone)
        serve(line, self.services, packet=profile.obex_packet or None, timeout=timeout, wait=wait, once=once,
              limits=self.options.limits, stop=stop, log=self.log)

    def _call_back(self, link: Link, phone: AtResponder, stop: Callable[[], bool]) -> None:
        """AT+MSYNC: the phone is told to call, and does so on the same line."""
        while not stop():
            data = link.read(1.0)
            if data:
                link.write(phone.feed(data), ANSWER)
            if phone.obex:
                time.sleep(ANSWER / 50)     # the computer has to hear the answer first
                self.call("obex", transport=lambda: _Borrowed(link))
                phone.command_mode()

    def call(self, url: str, *, mode: str = "two-way",
             transport: Optional[Callable[[], Transport]] = None) -> Report:
        """Dial a SyncML server, as phones with a data connection do.

        :param url: of the server
        :param mode: a key of :data:`minisyncml.sync.run.MODES`
        :param transport: the way to it; HTTP by default
        :returns: what was done
        """
        options = self.options
        client = Client(url, self.stores, user=self._user, password=self._password, version=options.version,
                        encoding=options.encoding, peers=self.peers, device_id=options.device, limits=options.limits,
                        transport=transport, present=self._present, trace=self._trace, clock=options.clock,
                        random=options.nonce)
        report = client.sync(mode)
        self.on_report(report)
        return report

    def accept(self, packet: Packet) -> "tuple[Received, Order]":
        """Be woken: judge a notification.

        :param packet: the notification
        :returns: it, and the session that it asks for
        :raises ObexError: when such a phone refuses it, with the code that it would answer
        """
        try:
            received = self.inbox.take(packet, self.options.clock())
        except AuthError as error:
            raise ObexError(str(error), codes.UNAUTHORIZED) from None
        if received is None:
            raise ObexError("that notification came already", codes.CONFLICT)
        try:
            self._judge(received)
            return received, order_of(received, self.stores)
        except Error as error:
            self.inbox.ended(received, self.options.clock())
            if isinstance(error, PeerError):
                raise ObexError(str(error), codes.NOT_FOUND) from None
            raise

    def begin(self, order: Order, content_type: str = WBXML) -> "tuple[Exchange, Optional[Packet]]":
        """Begin the session of a notification.

        :param order: of :meth:`accept`
        :param content_type: what the computer asks for; a notification in the old form, and a phone that knows only one
            encoding, settle it otherwise
        :returns: the session, and its first message
        """
        able = {name: mode if mode in self.profile.modes else MODES[0] for name, mode in order.modes.items()}
        fixed, encoding = self.profile.protocol, self.profile.encoding
        if encoding == "auto":
            encoding = order.encoding or ("xml" if content_type == XML else "wbxml")
        options = self.options._replace(version=order.version or "1.2" if fixed == "auto" else fixed,
                                        encoding=encoding)
        kind, options = (Exchange, options) if self._trace is None else self._trace.exchange(options)
        exchange = kind.client(options, self.stores, self.peers, order.server_id)
        return exchange, exchange.start(order=order._replace(modes=able))

    def _judge(self, received: Received) -> None:
        """What makes phones say no."""
        notification, profile = received.notification, self.profile
        if not profile.san:
            raise ObexError("this phone takes no notification", codes.FORBIDDEN)
        form = "1.2" if isinstance(received.form, San) else "1.1"
        if form not in profile.san and not (form == "1.1" and "1.0" in profile.san):
            raise ObexError(f"this phone does not understand notifications of SyncML {form}", codes.UNSUPPORTED_TYPE)
        if notification.server_id != profile.server_id:
            raise ObexError(f"no account on this phone is for {notification.server_id!r}", codes.FORBIDDEN)

    def _present(self, devinf: DevInf) -> DevInf:
        """What this phone says of itself."""
        profile = self.profile
        able = tuple(number for number, mode in enumerate(MODES, 1) if mode in profile.modes)
        stores = tuple(store._replace(source_ref=store.source_ref.partition("./")[2] or store.source_ref,
                                      max_guid_size=MAX_GUID_SIZE, sync_types=able) for store in devinf.datastores)
        return devinf._replace(dev_type="phone", man=profile.man or "minisyncml", mod=profile.mod or "emulator",
                               fwv=profile.fwv or devinf.fwv, datastores=stores,
                               exts=devinf.exts if profile.packs else ())


class _Service(SyncMLService):
    """One OBEX session: the first message is the notification, the others belong to the session that it started, which
    begins when a message is asked for."""

    def __init__(self, phone: Emulator, unready: int) -> None:
        super().__init__(self._take, self._end, self._begin)
        self._phone, self._unready, self._left = phone, unready, unready
        self._received: Optional[Received] = None
        self._order: Optional[Order] = None
        self._exchange: Optional[Exchange] = None

    def get(self, request: Get) -> Reply:
        """Give a message, after it was asked for often enough."""
        if self._left:
            self._left -= 1
            raise ObexError("the message is not ready", codes.UNAVAILABLE)
        self._left = self._unready
        return super().get(request)

    def _take(self, packet: Packet) -> Optional[Packet]:
        if self._received is None:
            try:
                self._received, self._order = self._phone.accept(packet)
            except ObexError as refusal:
                self._phone.log(f"a notification was refused: {refusal}")
                raise
            return None
        if self._exchange is None:
            raise ObexError("the session has not begun", codes.CONFLICT)
        return self._exchange.handle(packet)

    def _begin(self, content_type: str) -> Optional[Packet]:
        if self._order is None:
            return None
        order, self._order = self._order, None
        self._exchange, first = self._phone.begin(order, content_type)
        return first

    def _end(self, error: Optional[Error]) -> None:
        phone, exchange, received = self._phone, self._exchange, self._received
        if received is None:
            return
        self._received = self._exchange = self._order = None
        phone.inbox.ended(received, phone.options.clock())
        if exchange is None:
            return
        if error is not None or not exchange.finished:
            exchange.abort(error or PeerError("the computer hung up before the session was over"))
        phone.on_report(exchange.report)


class _Borrowed(ObexTransport):
    """The way to a computer, over a line that stays open."""

    def __init__(self, link: Link) -> None:
        super().__init__(ObexClient(link))
        self.client.connect(codes.SYNCML)

    def close(self) -> None:
        """Take leave, as far as the line lets us."""
        try:
            self.client.disconnect()
        except Error:
            pass


def phone_stores(profile: Profile = ANY, folder: str = "") -> "dict[str, Store]":
    """The databases of an emulated phone.

    :param profile: which it has, and how it calls them
    :param folder: holds `contacts`, `calendar`, `tasks` and `notes`, made when they are missing; empty: in memory
    :returns: datastores by the phone's names of them
    :raises StoreError: when a folder cannot be used
    """
    kinds = profile.stores or tuple(StoreValue(kind, kind.capitalize()) for kind in DATASTORES)
    return {value.name or value.kind: _store(value, folder) for value in kinds}


def _store(value: StoreValue, folder: str) -> Store:
    types = value.types or KINDS.get(value.kind, KINDS["notes"])[0]
    if not folder:
        store: Store = MemoryStore(types)
        store.form = types[0]
        return store
    place = os.path.join(folder, value.kind)
    os.makedirs(place, exist_ok=True)
    store = open_store(place, value.kind, os.path.join(folder, STATE))
    store.types, store.form = types, types[0]
    return store


def close(stores: "Mapping[str, Store]") -> None:
    """Close the databases.

    :param stores: of the phone
    """
    for store in stores.values():
        store.close()
