"""A rescue copy of a phone. Nothing on the phone changes, and nothing of the session is remembered here.

By SyncML the phone is asked for a sync and told, as a computer that it never met would, that everything has to be
compared. It sends all it has; when the last item is here we hang up instead of answering. So the session never ends
for the phone: it has got no item and promoted no anchor. That is the least that SyncML allows: had the session ended,
the phone would have to compare everything at its next sync with its usual program; after one that broke off only some
phones do so, and one may show that it broke off. IrMC, which is taken where SyncML fails, only reads files.
"""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Mapping, NamedTuple, Optional

from minisyncml import status as codes
from minisyncml.errors import Error, PeerError, TransportError, UsageError
from minisyncml.gateway import irmcclient
from minisyncml.gateway.archive import Archive, types_of
from minisyncml.gateway.dial import Call, Opener
from minisyncml.gateway.discovery import bind
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.manners import profile_of
from minisyncml.gateway.phone import Phone
from minisyncml.gateway.report import Failure, Report
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.devinf import DevInf, from_dict
from minisyncml.obex import codes as obex
from minisyncml.profile import UNKNOWN, Identity
from minisyncml.store.base import Row, Store
from minisyncml.store.peers import Peers
from minisyncml.store.place import open_store
from minisyncml.transport.obex import TIMEOUT

KINDS = ("contacts", "calendar", "tasks", "notes")
WAYS = ("auto", "syncml", "irmc")
#: small messages: no phone hangs on them, and what broke off has most of what was sent
LIMITS: Limits = DEFAULT._replace(max_msg_size=10_000)


class Line(NamedTuple):
    """How to reach a phone, for :func:`backup` and its like; see :class:`minisyncml.gateway.phone.Phone`."""

    opener: Opener
    port: str = ""
    at: bool = True
    profile: str = ""
    server_id: str = ""
    obex_password: str = ""
    timeout: float = TIMEOUT
    patience: float = 1.0
    progress: "Callable[[str], None]" = lambda words: None
    wait: "Callable[[float], object]" = time.sleep
    known: "Mapping[str, Mapping[str, Any]]" = {}      #: what was learnt with phones before, by device
    options: "Mapping[str, Any]" = {}                   #: more options of a Phone, for example its trace
    files: Optional[Opener] = None                      #: opens the line to IrMC, where that is another one

    def phone(self, stores: "Mapping[str, Store]", peers: Peers, **more: Any) -> Phone:
        """The phone as SyncML server and caller see it.

        :param stores: our datastores
        :param peers: what is known of phones
        :param more: further options of a :class:`Phone`
        :returns: the phone
        """
        return Phone(self.opener, stores, port=self.port, at=self.at, profile=self.profile, peers=peers,
                     server_id=self.server_id, obex_password=self.obex_password, timeout=self.timeout,
                     patience=self.patience, progress=self.progress, wait=self.wait, limits=LIMITS,
                     apart=True,
                     allow_empty=True,      # nothing is kept here; who looks only hangs up before it could matter
                     **{**self.options, **more})

    def call(self, progress: "Callable[[int], None]", limits: Limits = irmcclient.LIMITS) -> Call:
        """A call to the phone.

        :param progress: is told the bytes of the object under way
        :param limits: bounds
        :returns: the call
        :raises LinkError: when there is no phone
        """
        profile = profile_of({}, UNKNOWN, self.profile)
        return Call(self.files or self.opener, at=self.at and profile.at_switch != "none", profile=profile,
                    limits=limits, password=self.obex_password, timeout=self.timeout, progress=progress,
                    wait=self.wait, patience=self.patience)

    def peers(self) -> Peers:
        """What is known of phones, to be forgotten afterwards.

        :returns: a copy in memory
        """
        peers = Peers()
        for device, facts in self.known.items():
            peers.set(device, dict(facts))
        return peers


class Taken:
    """What a backup or restore did.

    :ivar via: `syncml` or `irmc`
    :ivar phone: who the phone says it is
    :ivar counts: items by kind
    :ivar remarks: what a person should know though nothing failed
    :ivar failures: items that were not taken
    :ivar error: why it is not complete
    """

    def __init__(self) -> None:
        self.via = ""
        self.phone: "dict[str, str]" = {}
        self.counts: "dict[str, int]" = {}
        self.remarks: "list[str]" = []
        self.failures: "list[Failure]" = []
        self.error: Optional[Error] = None

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        return self.error.exit_code if self.error is not None else int(bool(self.failures))

    def as_dict(self) -> "dict[str, object]":
        """The values, plain.

        :returns: a JSON-able dict
        """
        return {"via": self.via, "phone": self.phone, "items": self.counts, "remarks": self.remarks,
                "failures": [failure._asdict() for failure in self.failures],
                "error": None if self.error is None else str(self.error), "exit_code": self.exit_code}


def backup(line: Line, folder: str, via: str = "auto", now: "Callable[[], float]" = time.time) -> Taken:
    """Copy a phone into a folder.

    :param line: how to reach it
    :param folder: see :class:`minisyncml.gateway.archive.Archive`
    :param via: `syncml`, `irmc`, or `auto`: SyncML if the phone answers that, else IrMC
    :param now: seconds since 1970
    :returns: what was taken; with an `error` the folder is marked as incomplete, or empty
    :raises UsageError: when the folder is in use, or there is no such way
    :raises StoreError: when nothing can be written there
    """
    if via not in WAYS:
        raise UsageError(f"a backup goes by {', '.join(WAYS)}, not by {via!r}")
    archive, taken = Archive(folder), Taken()
    words: "list[str]" = []
    for way, take in (("syncml", _by_syncml), ("irmc", _by_irmc)):
        if via not in ("auto", way):
            continue
        taken.via = way
        try:
            taken.error = take(line, archive, taken)
        except UsageError:
            raise
        except Error as error:
            taken.error = error
        if taken.error is None or any(archive.counts.values()) or taken.error.exit_code == 1:
            break
        words.append(str(taken.error))
    taken.counts = dict(archive.counts)
    if taken.error is None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now()))
        archive.complete({"phone": taken.phone, "port": line.port, "when": stamp, "via": taken.via,
                          "remarks": taken.remarks, "failures": [one._asdict() for one in taken.failures]})
        return taken
    archive.give_up()
    if len(set(words)) > 1:
        taken.error = TransportError(f"SyncML: {words[0]}. IrMC: {words[1]}")
    return taken


# -- SyncML

class _Drain:
    """Writes what came, after each message, and says when all is here.

    :param archive: where it goes
    :param stores: where the session puts it
    :param progress: is told how far it is
    """

    def __init__(self, archive: Archive, stores: "Mapping[str, Store]", progress: "Callable[[str], None]") -> None:
        self._archive, self._stores, self._progress = archive, stores, progress
        self._paths: "dict[str, dict[str, tuple[int, str]]]" = {name: {} for name in stores}
        self._last = dict.fromkeys(stores, "")
        self._peers: "dict[str, str]" = {}
        self._owner: "dict[tuple[str, bytes], str]" = {}     # LUID and digest of each item, and in which store it is

    def __call__(self, exchange: Exchange) -> bool:
        for run in exchange.runs:
            if not run.from_client and not run.failed:
                raise PeerError(f"the phone wants to be given {run.name} instead of giving it; look for the direction "
                                "of syncs in its settings", 405)
            self._peers[run.name] = run.peer
            self._take(run.name, self._last[run.name])
        self._progress(f"{sum(self._archive.counts.values())} items")
        return bool(exchange.runs) and all(run.complete or run.failed for run in exchange.runs)

    def _take(self, name: str, after: str) -> None:
        store, paths = self._stores[name], self._paths[name]
        for row in store.rows(after):
            revision, before = paths.get(row.id, (0, ""))
            item = store.get(row.id) if row.revision != revision else None
            if item is not None and not self._came_as_another(name, row):
                paths[row.id] = row.revision, self._archive.add(name, item.body, before)
            self._last[name] = row.id

    def _came_as_another(self, name: str, row: Row) -> bool:
        """A phone that keeps tasks among its appointments may open the same database under both names."""
        entry = self._stores[name].entry(self._peers[name], row.id) if name in self._peers else None
        key = (entry.remote if entry is not None else "", row.digest)
        return bool(key[0]) and name in ("calendar", "tasks") and self._owner.setdefault(key, name) != name

    def end(self) -> None:
        """What was sent once more and differs is written once more."""
        for name in self._stores:
            self._take(name, "")


def _by_syncml(line: Line, archive: Archive, taken: Taken) -> Optional[Error]:
    import tempfile
    with tempfile.TemporaryDirectory(prefix="minisyncml-") as folder:
        stores: "dict[str, Store]" = {}
        try:
            for kind in KINDS:
                stores[kind] = open_store(f"tinydb:{os.path.join(folder, kind)}", kind, folder)
                stores[kind].types, stores[kind].form = types_of(kind), ("", "")    # a backup is what the phone has
            return _sessions(line, archive, taken, stores)
        finally:
            for store in stores.values():
                store.close()


def _sessions(line: Line, archive: Archive, taken: Taken, stores: "dict[str, Store]") -> Optional[Error]:
    """Ask for everything; when the phone calls its databases otherwise than we thought, once more for the rest."""
    peers, drain = line.peers(), _Drain(archive, stores, line.progress)
    report = line.phone(stores, peers, enough=drain).sync("slow")
    devinf = _describe(peers, report, taken)
    missing = _missing(report, devinf) if devinf is not None else []
    if missing:
        more = line.phone({name: stores[name] for name in missing}, peers, enough=drain).sync("slow")
        if more.error is None:
            report.error = None
        report.datastores.update({name: part for name, part in more.datastores.items() if part.error is None})
    drain.end()
    return _judge(report, taken)


def _missing(report: Report, devinf: DevInf) -> "list[str]":
    """Databases that the phone did not open under the name that we tried, though it has them under another one."""
    names = [name for name, part in report.datastores.items() if getattr(part.error, "code", 0) == codes.NOT_FOUND] \
        or list(KINDS if report.error is not None and not report.datastores else ())
    try:
        uris = bind(devinf, {name: types_of(name) for name in KINDS}, {})
    except UsageError:
        return []
    told = {store.source_ref for store in devinf.datastores}
    return [name for name in names if uris[name] in told]


def _describe(peers: Peers, report: Report, taken: Taken) -> Optional[DevInf]:
    values = peers.get(report.peer).get("devinf") if report.peer else None
    devinf = from_dict(values) if isinstance(values, dict) else None
    taken.phone = {"device": report.peer}
    if devinf is not None:
        taken.phone.update(_named(Identity(devinf.man or "", devinf.mod or "", devinf.fwv or "")))
    return devinf


def _named(identity: Identity) -> "dict[str, str]":
    return {"man": identity.man, "mod": identity.mod, "fwv": identity.fwv}


def _judge(report: Report, taken: Taken) -> Optional[Error]:
    """What became of it: a database that the phone does not have is none that failed."""
    good = {name for name, part in report.datastores.items() if part.error is None}
    for name, part in report.datastores.items():
        taken.failures += part.local.failures
        if part.error is None or name == "tasks" and "calendar" in good:
            continue        # tasks without a place of their own are among the appointments
        if getattr(part.error, "code", 0) == codes.NOT_FOUND:
            taken.remarks.append(str(part.error))
        else:
            report.error = report.error or part.error
    if report.error is None and not good:
        report.error = PeerError("the phone opened none of its databases; " + "; ".join(taken.remarks), 404)
    return report.error


# -- IrMC

def _by_irmc(line: Line, archive: Archive, taken: Taken) -> Optional[Error]:
    taken.remarks.clear()
    with line.call(lambda count: line.progress(f"{count:,} bytes")) as call:
        service = irmcclient.IrMC(call)
        identity = call.identity.merged(service.identity())
        taken.phone = _named(identity)
        found = 0
        for whole in service.whole():
            found += 1
            archive.keep(whole.name, whole.data)
            for kind, body in irmcclient.single(whole):
                archive.add(kind, body)
                line.progress(f"{sum(archive.counts.values())} items")
        service.refusals.pop("", None)
        for kind, error in service.refusals.items():
            if error.code == obex.NOT_FOUND or not found:
                taken.remarks.append(f"no {kind}: {error}")
            else:
                taken.failures.append(Failure(kind, error.code, str(error)))
    return None if found else PeerError("the phone has an IrMC service and gives nothing there; " +
                                        "; ".join(taken.remarks), 404)
