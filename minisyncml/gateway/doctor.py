"""Why a phone does not sync: a walk from the cable to SyncML, each step in words, and what to do about what fails.

Where the phone refuses, the knobs that people had to turn by hand are tried, one after the other; what works is kept
as learnt with this phone. Nothing on the phone changes: we hang up when it begins to send its items.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional

from minisyncml.errors import Error, LinkError, ObexError, PeerError, TransportError, UsageError
from minisyncml.gateway.archive import types_of
from minisyncml.gateway.backup import KINDS, Line
from minisyncml.gateway.discovery import bind
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.manners import LEARNT, learn, profile_of
from minisyncml.gateway.portcheck import OK, TROUBLE, WRONG, Step, check_port
from minisyncml.gateway.report import Report
from minisyncml.gateway.survey import Service, Survey, name_of, store_words
from minisyncml.message.devinf import DevInf, from_dict
from minisyncml.notify import base
from minisyncml.obex import codes
from minisyncml.profile import Identity, Profile, find, names
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.transport.base import Packet
from minisyncml.transport.link import Link

#: identifiers of servers that phones are known to have an account for
SERVER_IDS = ("PC Suite", "", "Nokia PC Suite", "LGPCSync")
#: names of the phone book, where the phone knows none of ours
CONTACTS = ("Contact", "contact", "Contacts", "contacts", "Addressbook", "addressbook")
#: what to change when the phone hangs up on our first message, each with its reason for people
MENDINGS: "tuple[tuple[dict[str, Any], str], ...]" = (
    ({"max_msg": 10_000}, "messages of 10,000 bytes"), ({"max_msg": 4_000}, "messages of 4,000 bytes"),
    ({"one_store_per_session": True}, "one database in each session"),
    ({"devinf_out": ("no-ctcap", "no-get")}, "not asking it what it is"),
    ({"string_table": False}, "no string table"), ({"san": ("1.1",), "protocol": "1.1"}, "SyncML 1.1"),
    ({"san": ("1.1",), "encoding": "xml"}, "XML"))
DEAD = 3            #: so often a line may drop or fall silent until no more is tried
FIRST_SYNC = ("look at the phone's screen and close all menus. On the phone, make a synchronization profile for a PC, "
              "or let the maker's PC suite sync once (some firmware lets nobody in before), and look whether the "
              "profile has a user and a password: give them with --user")


class Found:
    """What the doctor found.

    :ivar steps: what was looked at
    :ivar identity: what the phone says of itself by AT
    :ivar devinf: what it says of itself by SyncML
    :ivar services: what it said to each OBEX service
    :ivar profile: what it is like
    :ivar learnt: switches that were found out and kept
    """

    def __init__(self) -> None:
        self.steps: "list[Step]" = []
        self.identity = Identity()
        self.devinf: Optional[DevInf] = None
        self.services: "list[Service]" = []
        self.profile: Profile = find()
        self.learnt: "dict[str, Any]" = {}
        self.syncs = False

    @property
    def exit_code(self) -> int:
        """0: it syncs; 1: only a backup is possible; 3: nothing is."""
        return 0 if self.syncs else 1 if any(one.there for one in self.services if one.name == "IrMC") else 3

    def as_dict(self) -> "dict[str, object]":
        """The values, plain.

        :returns: a JSON-able dict
        """
        return {"steps": [step._asdict() for step in self.steps], "identity": self.identity._asdict(),
                "services": [service._asdict() for service in self.services],
                "databases": [store_words(store) for store in self.devinf.datastores] if self.devinf else [],
                "profile": self.profile.name, "learnt": self.learnt, "syncs": self.syncs, "exit_code": self.exit_code}


def ask(line: Line, identity: Identity) -> "tuple[Optional[DevInf], Profile]":
    """What a phone says of itself by SyncML. It is woken, and we hang up when it said that: before it sends an item.

    :param line: how to reach it
    :param identity: what is known of it by other ways
    :returns: its DevInf, None when it does not say; and what it is like
    """
    peers = line.peers()
    stores: "dict[str, Store]" = {kind: MemoryStore(types_of(kind)) for kind in KINDS}
    listener = _Listener()
    report = line.phone(stores, peers, enough=lambda exchange: listener(exchange) or _told(peers, exchange.device)
                        ).sync("slow")
    facts = peers.get(report.peer) if report.peer else {}
    values = facts.get("devinf")
    devinf = from_dict(values) if isinstance(values, dict) else None
    return devinf, profile_of(facts, identity, line.profile, report.peer)


def _told(peers: Peers, device: str) -> bool:
    return "devinf" in peers.get(device)


class Try(NamedTuple):
    """One attempt at a session: with which switches, what came of it, and how far it got."""

    values: "Mapping[str, Any]"
    report: Report
    heard: int              # messages of the phone
    told: "tuple[str, ...]"     # the forms of notification that were sent
    peers: Peers


class Doctor:
    """Examines one phone.

    :param line: how to reach it
    :param peers: where what works is kept; None: it is not
    :param say: is shown each step as it is done
    """

    def __init__(self, line: Line, peers: Optional[Peers] = None, say: "Callable[[Step], None]" = lambda step: None,
                 ) -> None:
        self._line, self._peers, self._say = line, peers, say
        self.found = Found()

    def run(self) -> Found:
        """Look at everything, until something makes the rest impossible.

        :returns: what was found
        """
        for step in check_port(self._line.port):
            self._note(step)
        if not any(step.state == WRONG for step in self.found.steps) and self._survey():
            self._sessions()
        return self.found

    def _note(self, step: Step) -> None:
        self.found.steps.append(step)
        self._say(step)

    def _good(self, name: str, words: str) -> None:
        self._note(Step(name, OK, words))

    def _bad(self, name: str, words: object, advice: str = "") -> None:
        self._note(Step(name, WRONG, str(words), advice))

    # -- the line, AT commands, OBEX

    def _survey(self) -> bool:
        """Whether there is a SyncML service."""
        line = self._line
        link = self._open()
        if link is None:
            return False
        with Survey(link, line.wait) as survey:
            self._good("line", f"{link.name} is open")
            try:
                if line.at:
                    self._by_at(survey)
            except Error as error:
                self._bad("AT commands" if survey.identity == Identity() else "OBEX", error)
                return False
            self.found.services = survey.services(line.obex_password, min(line.timeout, 10.0))
        return self._judge_services()

    def _open(self) -> Optional[Link]:
        """The line to SyncML; where there is none, that to files."""
        try:
            return self._line.opener()
        except Error as error:
            refusal = error
        if self._line.files is not None and "://" in self._line.port:
            self._note(Step("line", TROUBLE, str(refusal), "other services are tried"))
            try:
                return self._line.files()
            except Error as error:
                refusal = error
        self._bad("line", refusal)
        return None

    def _by_at(self, survey: Survey) -> None:
        if not survey.answers(self._line.patience):
            self._good("AT commands", "none are needed: the phone speaks OBEX already")
            return
        speed = f" at {survey.speed:,} baud" if survey.speed else ""
        self._good("AT commands", f"the phone answers{speed}" + (f"; give --speed {survey.speed} to the other commands"
                                                                 if survey.speed else ""))
        identity = self.found.identity = survey.identify()
        profile = self.found.profile = profile_of({}, identity, self._line.profile)
        self._good("identity", f"{name_of(None, identity)}, firmware {identity.fwv or 'not told'}; profile: "
                   f"{profile.name} ({profile.title})")
        if profile.usb_mode:
            self._note(Step("USB mode", OK, f"this phone wants the USB mode {profile.usb_mode}"))
        switch = survey.enter("" if profile.at_switch == "none" else profile.at_switch)
        self._good("OBEX", f"entered by the command {switch}")

    def _judge_services(self) -> bool:
        """Tell which of the services answered."""
        services = self.found.services
        there = [one.name for one in services if one.there]
        words = "; ".join(f"{one.name} {one.words}" for one in services)
        if "SyncML" in there:
            self._good("services", words)
            return True
        self._note(Step("services", TROUBLE, words))
        if not there:
            self._bad("OBEX", "no service answered", "if the phone shows a question, say yes; try its other ports, "
                      "Bluetooth, or a USB mode named PC Suite")
            return False
        way = "`minisyncml phone backup` reads the phone by IrMC" if "IrMC" in there else \
            "only files can be exchanged here"
        self._bad("SyncML", f"the phone has no SyncML service on this port, but {', '.join(there)}; {way}",
                  "some phones speak SyncML by Bluetooth, by USB in the mode PC Suite, or over the network only: see "
                  "`minisyncml phone list`, and `minisyncml serve` for the network")
        return False

    # -- SyncML

    def _sessions(self) -> None:
        first = best = self._try({})
        if not _works(first):
            self._tell_failure(first)
            dead = 0
            for values, names in self._knobs(first):
                now = self._try(values, names)
                dead += isinstance(now.report.error, LinkError)
                if dead >= DEAD:
                    break
                if now.heard > best.heard or _works(now):
                    best = now
                if _works(now):
                    break
                if now.heard and not first.heard:       # it woke: from now on, what mends the session
                    first = now
        if best.heard:
            self._good("notification", f"accepted in the form {best.told[-1] if best.told else '?'}")
        self._tell_session(best)
        if best.heard:
            self._keep(best)

    def _try(self, values: "Mapping[str, Any]", remotes: "Optional[Mapping[str, str]]" = None) -> Try:
        """One session up to the phone's second message."""
        import tempfile
        passed: "list[tuple[str, Packet]]" = []
        peers = self._line.peers()
        for device in peers.devices() if values or remotes else ():
            peers.set(device, {key: value for key, value in peers.get(device).items() if key != LEARNT})
        stores: "dict[str, Store]" = {kind: MemoryStore(types_of(kind)) for kind in remotes or KINDS}
        with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
            file.write(_toml(values, self._line.profile))
            file.flush()
            line = self._line._replace(profile=file.name) if values else self._line
            phone = line.phone(stores, peers, enough=_Listener(), remotes=remotes,
                               tap=lambda way, packet: passed.append((way, packet)))
            try:
                report = phone.sync("slow")
            except UsageError as error:
                report = Report()
                report.error = error
        heard = sum(way == "<-" for way, _ in passed)
        told = tuple("1.2" if packet.content_type == base.PACKET else "1.1"
                     for number, (way, packet) in enumerate(passed)
                     if way == "->" and (number == 0 or passed[number - 1][0] == "->"))
        return Try(values, report, heard, told, peers)

    def _knobs(self, first: Try) -> "Iterator[tuple[dict[str, Any], Optional[dict[str, str]]]]":
        """What to turn, the likeliest first."""
        if self._line.profile not in ("", *names()):
            return      # the user's own file says how it is to be
        values = dict(first.values)
        if not first.heard:
            profile = self.found.profile
            yield from (({"server_id": one, "san": ("1.2", "1.1")}, None) for one in SERVER_IDS
                        if one != profile.server_id)
            yield from (({}, {"contacts": name}) for name in CONTACTS)
            yield from (({"server_id": one, "san": ("1.1",), "encoding": "xml"}, None)
                        for one in dict.fromkeys((profile.server_id, *SERVER_IDS[:2])))
            return
        yield from (({**values, **mending}, None) for mending, _ in MENDINGS)

    def _tell_failure(self, first: Try) -> None:
        error = first.report.error
        code = error.code if isinstance(error, ObexError) else 0
        if not first.heard:
            words = f"refused, {codes.words(code)}" if code else str(error)
            self._note(Step("notification", TROUBLE, words, "other identifiers, forms and names are tried"))
        else:
            self._note(Step("session", TROUBLE, str(error or "the phone went silent"), "other ways are tried"))

    def _tell_session(self, best: Try) -> None:
        found = self.found
        values = best.peers.get(best.report.peer).get("devinf") if best.report.peer else None
        found.devinf = from_dict(values) if isinstance(values, dict) else None
        if not best.heard:
            calls = not found.profile.san
            self._bad("SyncML", "the phone accepts no notification of ours", FIRST_SYNC if not calls else
                      f"{found.profile.title} has to call by itself: over the network (`minisyncml serve`)")
            return
        self._good("first message", f"the phone is {best.report.peer}, and asks for " +
                   (", ".join(best.report.datastores) or "none of its databases"))
        if not _works(best):
            self._bad("session", f"the phone hangs up on our answer: {best.report.error or 'it said nothing'}",
                      "try with the phone's other port or by Bluetooth; a trace (`phone sync --trace FILE`) is all "
                      "that a bug report needs")
            return
        found.syncs = True
        self._good("session", "the phone begins to send its items; nothing of them was kept")
        self._tell_databases()

    def _tell_databases(self) -> None:
        devinf = self.found.devinf
        if devinf is None:
            self._note(Step("device information", TROUBLE, "the phone does not say what it is; name it by --profile"))
            return
        self._good("device information", f"{name_of(devinf, self.found.identity)}, firmware {devinf.fwv or 'not told'}")
        for store in devinf.datastores:
            self._good("database", store_words(store))
        try:
            uris = bind(devinf, {kind: types_of(kind) for kind in KINDS}, {})
        except UsageError:
            return
        told = {store.source_ref for store in devinf.datastores}
        for kind, uri in uris.items():
            if uri in told:
                self._good("name", f"{kind} here are {uri} there")

    def _keep(self, best: Try) -> None:
        """What was found out counts from the next session on."""
        device = best.report.peer
        if not device or not _works(best):
            return
        before = profile_of({}, self.found.identity, self._line.profile)
        learnt = {name: value for name, value in best.values.items() if getattr(before, name) != value}
        facts = best.peers.get(device)
        kept = facts.get(LEARNT)
        learnt = {**(kept if isinstance(kept, dict) else {}), **learnt}
        self.found.profile = profile_of({**facts, LEARNT: learnt}, self.found.identity, self._line.profile)
        self.found.learnt = {name: list(value) if isinstance(value, tuple) else value
                             for name, value in learnt.items()}
        if self._peers is None:
            return
        for name in best.peers.devices():
            self._peers.set(name, {**self._peers.get(name), **best.peers.get(name)})
        if learnt:
            learn(self._peers, device, learnt)
            self._good("learnt", ", ".join(f"{name} = {_shown(value)}" for name, value in learnt.items()) +
                       "; kept for the next sync")


class _Listener:
    """Hangs up when the phone said two things: it has understood our first answer then."""

    def __init__(self) -> None:
        self._heard = 0

    def __call__(self, exchange: Exchange) -> bool:
        self._heard += 1
        if any(not run.from_client and not run.failed for run in exchange.runs):
            raise PeerError("the phone wants to be given items only; look for the direction of syncs in its settings")
        return self._heard > 1


def _works(one: Try) -> bool:
    """Whether the phone took our first answer."""
    return one.heard > 1 and not isinstance(one.report.error, (TransportError, PeerError))


def _toml(values: "Mapping[str, Any]", parent: str) -> str:
    """A profile on top of what fits."""
    lines = [f'parent = "{parent}"'] if parent else []
    lines.append("[values]")
    return "\n".join([*lines, *(f"{name} = {_shown(value)}" for name, value in values.items())]) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value) if isinstance(value, (int, float)) else f'"{value}"'

