"""The IrMC objects of a phone, made from its datastores: whole files, single objects by LUID, change logs (IrMC 1.1,
as far as phones and PC tools are known to use it). Read by PC tools, and by us when a phone does not speak SyncML.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Mapping, NamedTuple, Optional

from minisyncml.content.kind import fits, kind
from minisyncml.errors import ItemError, ObexError
from minisyncml.gateway import irmcfiles
from minisyncml.obex import codes, headers
from minisyncml.obex.headers import Pair
from minisyncml.obex.server import Connect, Get, Put
from minisyncml.store.base import SOFT, Batch, Entry, Item, Store
from minisyncml.store.due import changes
from minisyncml.transport.obex import Reply, Service

#: database: our datastores in it, and how its files end
DATABASES = {"pb": (("contacts",), "vcf"), "cal": (("calendar", "tasks"), "vcs"), "nt": (("notes",), "vnt")}
PEER = "irmc|"          #: key under which change counters are kept in the datastores
PAGE = 200
NEW_LUID, COUNTER, STAMP = 1, 2, 3      # Application Parameters of an answer to PUT

DEVICE = {"MANU": "minisyncml", "MOD": "Emulated", "SW-VERSION": "1.0", "SN": "0", "PB-TYPE-RX": "VCARD2.1",
          "PB-TYPE-TX": "VCARD2.1", "CAL-TYPE-RX": "VCAL1.0", "CAL-TYPE-TX": "VCAL1.0", "IRMC-VERSION": "1.1"}


class Database(NamedTuple):
    """One database of the phone: events and tasks are together, told apart by the letter before their LUIDs."""

    name: str
    suffix: str
    stores: "tuple[tuple[str, Store], ...]"     # prefix of the LUID, store


class IrMCService(Service):
    """One IrMC session.

    :param stores: datastores by name: contacts, calendar, tasks, notes; those that are missing are not there
    :param device: lines of `telecom/devinfo.txt` that differ from :data:`DEVICE`
    :param level: what `info.log` says of the information exchange level, hexadecimal
    :param maximum: how many records each database claims to hold
    :param now: local time as IrMC writes it
    :param random: gives so many random bytes
    """

    def __init__(self, stores: "Mapping[str, Store]", device: "Optional[Mapping[str, str]]" = None, level: int = 8,
                 maximum: int = 1000,
                 now: "Callable[[], str]" = lambda: time.strftime("%Y%m%dT%H%M%S"),
                 random: "Callable[[int], bytes]" = os.urandom) -> None:
        self._device = {**DEVICE, **(device or {})}
        self._level, self._maximum, self._now, self._random = level, maximum, now, random
        self._databases = {}
        for name, (members, suffix) in DATABASES.items():
            found = [stores[member] for member in members if member in stores]
            if found:
                self._databases[name] = Database(name, suffix, tuple(zip(("", "T"), found)))

    def connect(self, request: Connect) -> None:
        for database in self._databases.values():
            for _, store in database.stores:
                store.refresh()

    def get(self, request: Get) -> Reply:
        parts = _path(request.headers.name)
        if parts == ["devinfo.txt"]:
            return Reply("".join(f"{key}:{value}\r\n" for key, value in self._device.items()).encode())
        if parts == ["rtc.txt"]:
            return Reply(f"{self._now()}\r\n".encode())
        database, rest = self._database(parts)
        if not rest:
            return Reply(_file(database))
        if rest == ["info.log"]:
            return Reply(self._info(database))
        if rest[0] == "luid" and len(rest) == 2:
            stem, _, suffix = rest[1].rpartition(".")
            return Reply(self._log(database, stem) if suffix == "log" else _labelled(*_find(database, stem)))
        return Reply(_labelled(*_nth(database, rest[0].partition(".")[0])))

    def put(self, request: Put) -> "tuple[Pair, ...]":
        parts = _path(request.headers.name)
        if parts == ["rtc.txt"]:
            return ()       # whatever the caller thinks the time is
        database, rest = self._database(parts)
        if not rest and request.body is not None:
            _replace_all(database, request.body)
            return ()
        if len(rest) != 2 or rest[0] != "luid":
            raise ObexError("nothing can be put there", codes.FORBIDDEN)
        luid = rest[1].rpartition(".")[0]
        if request.body is None:
            prefix, store, item = _find(database, luid)
            with store.begin("IrMC") as batch:
                batch.remove(item.id, "deleted by IrMC")
                batch.commit()
            return self._told(database, luid)
        return self._told(database, _put(database, luid, request.body))

    # -- what is asked for

    def _database(self, parts: "list[str]") -> "tuple[Database, list[str]]":
        """The database of a path, and what follows its name."""
        name = parts[0].partition(".")[0] if len(parts) == 1 else parts[0] if parts else ""
        if name not in self._databases:
            raise ObexError("there is no such object", codes.NOT_FOUND)
        return self._databases[name], parts[1:]

    def _info(self, database: Database) -> bytes:
        _, identity = self._count(database)
        lines = (f"Total-Records:{_total(database)}", f"Maximum-Records:{self._maximum}", f"IEL:{self._level:X}",
                 "HD:YES", "SAT:CC", f"DID:{identity}")
        return "".join(line + "\r\n" for line in lines).encode()

    def _log(self, database: Database, since: str) -> bytes:
        """`cc.log`, or what changed since a counter."""
        counter, identity = self._count(database)
        if since == "cc":
            return f"{counter}\r\n".encode()
        if not since.isascii() or not since.isdigit() or len(since) > 12:
            raise ObexError("there is no such object", codes.NOT_FOUND)
        lines = [f"SN:{self._device['SN']}", f"DID:{identity}", f"Total-Records:{_total(database)}",
                 f"Maximum-Records:{self._maximum}"]
        found = [(int(entry.remote), "H" if entry.flags & SOFT else "M", prefix + entry.id)
                 for prefix, store in database.stores for entry in store.entries(PEER)]
        if int(since) > counter:
            lines.append("*")       # a counter of another life: read everything
        lines += [f"{word}:{at}::{luid}" for at, word, luid in sorted(found) if at > int(since)]
        return "".join(line + "\r\n" for line in lines).encode()

    def _told(self, database: Database, luid: str) -> "tuple[Pair, ...]":
        """What a PUT is answered with."""
        counter, _ = self._count(database)
        tags = ((NEW_LUID, luid), (COUNTER, str(counter)), (STAMP, self._now()))
        return ((codes.APPLICATION, headers.build_tags((tag, text.encode()) for tag, text in tags)),)

    def _count(self, database: Database) -> "tuple[int, str]":
        """Give each change since the last look a number. The highest of them, and the name of this database."""
        first = database.stores[0][1]
        facts = first.facts(PEER)
        counter, identity = facts.get("cc"), facts.get("did")
        if not isinstance(counter, int) or not isinstance(identity, str):
            counter, identity = 0, self._random(4).hex().upper()
        before = counter
        for _, store in reversed(database.stores):
            with store.begin("IrMC") as batch:
                counter = _number(batch, counter)
                if store is first and (counter != before or not facts):
                    batch.set_facts(PEER, {"cc": counter, "did": identity})
                batch.commit()
        return counter, identity


def _number(batch: Batch, counter: int) -> int:
    """An entry keeps the number of its item's last change as the remote name; SOFT marks one that is gone."""
    page = changes(batch, PEER, batch.revision, "", PAGE)
    while page:
        for change in page:
            counter += 1
            gone = change.kind == "Delete"
            batch.set_entry(PEER, Entry(change.id, str(counter), change.revision, change.digest, SOFT if gone else 0))
        page = changes(batch, PEER, batch.revision, page[-1].id, PAGE) if len(page) == PAGE else []
    return counter


def _path(name: str) -> "list[str]":
    parts = name.strip("/").split("/")
    return parts[1:] if parts[0].lower() == "telecom" else [""]


def _total(database: Database) -> int:
    return sum(len(store) for _, store in database.stores)


def _find(database: Database, luid: str) -> "tuple[str, Store, Item]":
    """The item of a LUID; numbers are written in more than one way."""
    for prefix, store in reversed(database.stores):
        number = luid[len(prefix):]
        if luid.startswith(prefix) and number.isascii() and number.isdigit() and len(number) <= 18:
            item = store.get(str(int(number)))
            if item is not None:
                return prefix, store, item
            break
    raise ObexError("there is no such object", codes.NOT_FOUND)


def _nth(database: Database, number: str) -> "tuple[str, Store, Item]":
    """An item by its place (static index); counted from 0."""
    left = int(number) if number.isascii() and number.isdigit() and len(number) <= 9 else -1
    for prefix, store in database.stores:
        if 0 <= left < len(store):
            for row in store.rows():
                item = store.get(row.id) if not left else None
                if item is not None:
                    return prefix, store, item
                left -= 1
        left -= len(store)
    raise ObexError("there is no such object", codes.NOT_FOUND)


def _labelled(prefix: str, store: Store, item: Item) -> bytes:
    body = irmcfiles.to_vnote(item.body) if _plain(store) else item.body
    return irmcfiles.label(body, prefix + item.id)


def _file(database: Database) -> bytes:
    """All items in one file."""
    out = bytearray()
    for prefix, store in database.stores:
        for row in store.rows():
            item = store.get(row.id)
            if item is not None:
                one = _labelled(prefix, store, item)
                out += irmcfiles.inside(one) if database.name == "cal" else one
    if database.name == "cal" and out:
        return b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\n" + bytes(out) + b"END:VCALENDAR\r\n"
    return bytes(out)


def _plain(store: Store) -> bool:
    return store.types[0][0] == "text/plain"


def _target(database: Database, body: bytes) -> "tuple[str, Store]":
    """Where a new object belongs."""
    task = len(database.stores) > 1 and b"BEGIN:VTODO" in body.upper()
    return database.stores[1 if task else 0]


def _write(store: Store, batch: Batch, id: Optional[str], body: bytes) -> str:
    if _plain(store):
        return batch.put(id, "text/plain", irmcfiles.from_vnote(body), "replaced by IrMC" if id else "").id
    media_type = kind(body)
    if not fits(media_type, store.types):
        raise ItemError(f"{media_type} does not belong there", 415)
    return batch.put(id, media_type, body, "replaced by IrMC" if id else "").id


def _put(database: Database, luid: str, data: bytes) -> str:
    """Create or replace one object; its LUID."""
    body = next(irmcfiles.split(data), data)
    if luid:
        try:
            prefix, store, item = _find(database, luid)
        except ObexError:
            luid = ""       # deleted meanwhile: it comes back under another one
        else:
            with store.begin("IrMC") as batch:
                _write(store, batch, item.id, body)
                batch.commit()
            return luid
    prefix, store = _target(database, body)
    with store.begin("IrMC") as batch:
        id = _write(store, batch, None, body)
        batch.commit()
    return prefix + id


def _replace_all(database: Database, data: bytes) -> None:
    """A whole file: all that was there goes, and what it holds comes."""
    bodies = list(irmcfiles.split(data))
    for _, store in database.stores:
        with store.begin("IrMC") as batch:
            for row in list(batch.rows()):
                batch.remove(row.id, "replaced by IrMC")
            for body in bodies:
                if _target(database, body)[1] is store:
                    _write(store, batch, None, body)
            batch.commit()
