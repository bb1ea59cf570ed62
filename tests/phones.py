"""Phones for tests: an emulated one at the end of a line, and us who call it. No assertions here."""

from __future__ import annotations

import socket
from threading import Thread
from typing import Any, Callable, Mapping, Optional

from pair import bodies, fill

from minisyncml.errors import LinkError
from minisyncml.gateway.emulator import Emulator, phone_stores
from minisyncml.gateway.names import KINDS
from minisyncml.gateway.phone import Phone
from minisyncml.gateway.report import Report
from minisyncml.profile import Profile, find
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.place import KINDS as TYPES
from minisyncml.transport.base import Packet
from minisyncml.transport.link import Link
from minisyncml.transport.ports import open_link
from minisyncml.transport.serial import PtyLink
from minisyncml.transport.tcp import SocketLink

SAMPLE = {
    "contacts": "BEGIN:VCARD\r\nVERSION:2.1\r\nN:%s;Ada\r\nTEL:+44 20 5550 100\r\nEND:VCARD\r\n",
    "calendar": "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nDTSTART:20260301T090000\r\nSUMMARY:%s\r\n"
                "END:VEVENT\r\nEND:VCALENDAR\r\n",
    "tasks": "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VTODO\r\nSUMMARY:%s\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
    "notes": "%s",
}


def kind_of(name: str) -> str:
    """What a database holds, by a phone's name of it."""
    return KINDS.get(name.lower(), name)


def put(store: Store, kind: str, *words: str) -> "list[str]":
    """Make items, as their owner would; their ids."""
    return fill(store, *(SAMPLE.get(kind, "%s") % word for word in words), type=store.types[0][0])


class Bench:
    """An emulated phone, and our datastores for what it has.

    :ivar phone: its databases by kind
    :ivar ours: our datastores
    :ivar passed: the messages of the last session, `->` those to the phone
    """

    def __init__(self, profile: "Profile | str" = "", *, kinds: "Optional[tuple[str, ...]]" = None, items: int = 3,
                 **more: Any) -> None:
        self.profile = find(user=profile) if isinstance(profile, str) else profile
        stores = phone_stores(self.profile)
        self.phone = {kind_of_store(self.profile, name): store for name, store in stores.items()}
        self.reports: "list[Report]" = []
        self.log: "list[str]" = []
        self.emulator = Emulator(stores, self.profile, on_report=self.reports.append, log=self.log.append, **more)
        self.ours: "dict[str, Store]" = {kind: MemoryStore((*self.phone[kind].types, *TYPES[kind][0]))
                                         for kind in kinds or self.phone}
        self.passed: "list[tuple[str, Packet]]" = []
        for kind, store in self.phone.items():
            put(store, kind, *(f"{kind} {number} of the phone" for number in range(items)))

    def caller(self, opener: Callable[[], Link], **more: Any) -> Phone:
        """Us, who call it by some way."""
        options: "dict[str, Any]" = {"port": "test", "at": False, "timeout": 5.0, "patience": 0.05,
                                     "wait": lambda seconds: None, "tap": self._tap}
        return Phone(opener, self.ours, **{**options, **more})

    def _tap(self, way: str, packet: Packet) -> None:
        self.passed.append((way, packet))

    def equal(self) -> bool:
        """Whether both sides hold the same items, each in its own form."""
        return all(gists(store) == gists(self.phone[kind]) for kind, store in self.ours.items())


def gists(store: Store) -> "list[bytes]":
    """What the items of a store are called."""
    return sorted(gist(body) for body in bodies(store))


def gist(body: bytes) -> bytes:
    """What a sample is called, in any form."""
    for line in body.splitlines():
        if line.startswith((b"N:", b"SUMMARY:")):
            return line.partition(b":")[2]
    return body


def kind_of_store(profile: Profile, name: str) -> str:
    """What a database of an emulated phone holds."""
    return profile.kind_of(name) or kind_of(name)


class Cables:
    """Phones at the ends of serial cables. They are all let go at the end: each looks up once in a second only."""

    def __init__(self) -> None:
        self.over = False
        self._running: "list[tuple[PtyLink, Thread]]" = []

    def __call__(self, emulator: Emulator) -> "Callable[[], Link]":
        """Put a phone at a cable; gives what opens our end."""
        return self.put(lambda cable: emulator.answer(cable, stop=lambda: self.over))

    def put(self, answer: "Callable[[Link], object]") -> "Callable[[], Link]":
        """Put at a cable what answers there until the other end is closed or all are let go; gives what opens it."""
        cable = PtyLink()
        thread = Thread(target=lambda: answer(cable))
        self._running.append((cable, thread))
        thread.start()
        return lambda: open_link(cable.name)

    def __enter__(self) -> "Cables":
        return self

    def __exit__(self, *exc: object) -> None:
        self.over = True
        for cable, thread in self._running:
            thread.join(20)
            assert not thread.is_alive()
            cable.close()


class Switchboard:
    """Makes lines of socket pairs; at the other end of each, `answer` runs in a thread of its own."""

    def __init__(self, answer: "Callable[[Link], object]", packet: int = 1024) -> None:
        self._answer, self._packet = answer, packet
        self._threads: "list[Thread]" = []

    def __enter__(self) -> "Switchboard":
        return self

    def __exit__(self, *exc: object) -> None:
        self.join()

    def __call__(self) -> Link:
        """A new line."""
        self.join()
        here, there = socket.socketpair()
        thread = Thread(target=self._run, args=(SocketLink(there, "phone", self._packet),))
        self._threads.append(thread)
        thread.start()
        return SocketLink(here, "line", self._packet)

    def join(self) -> None:
        """Wait until nobody answers any more; our ends are closed."""
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()
        self._threads.clear()

    def _run(self, link: Link) -> None:
        with link:
            try:
                self._answer(link)
            except LinkError:
                pass    # we hung up


class Cut(Link):
    """A line that drops before or after a packet of ours has left.

    :param link: the line
    :param at: which packet, from 0
    :param after: the packet arrives, its answer does not
    """

    def __init__(self, link: Link, at: int, after: bool) -> None:
        self.name, self.packet = link.name, link.packet
        self._link, self._left, self._after = link, at, after

    def read(self, timeout: float) -> bytes:
        if self._left < 0:
            raise LinkError("the line dropped")
        return self._link.read(timeout)

    def write(self, data: bytes, timeout: float) -> None:
        self._left -= 1
        if self._left >= 0 or self._after and self._left == -1:
            self._link.write(data, timeout)
        if self._left < 0 and not self._after:
            self._link.close()
            raise LinkError("the line dropped")

    def close(self) -> None:
        self._link.close()

    @property
    def whole(self) -> bool:
        """Whether it never dropped."""
        return self._left >= 0


class CutBytes(Link):
    """A line over which so many bytes go, in both directions together, and then it drops."""

    def __init__(self, link: Link, left: int) -> None:
        self.name, self.packet = link.name, link.packet
        self._link, self._left = link, left

    def read(self, timeout: float) -> bytes:
        data = self._link.read(timeout) if self._left > 0 else b""
        return self._spend(data)

    def write(self, data: bytes, timeout: float) -> None:
        self._link.write(data[:max(0, self._left)], timeout)
        self._spend(data)

    def close(self) -> None:
        self._link.close()

    def _spend(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left <= 0:
            self._link.close()
            raise LinkError("the line dropped")
        return data

    @property
    def whole(self) -> bool:
        """Whether it never dropped."""
        return self._left > 0


class Breaking:
    """Opens lines that drop.

    :param line: opens good ones
    :param kind: Cut or CutBytes
    :param how: its further arguments
    """

    def __init__(self, line: "Callable[[], Link]", kind: "type[Cut] | type[CutBytes]", *how: Any) -> None:
        self._line, self._kind, self._how = line, kind, how
        self._opened: "list[Cut | CutBytes]" = []

    def __call__(self) -> Link:
        self._opened.append(self._kind(self._line(), *self._how))
        return self._opened[-1]

    @property
    def whole(self) -> bool:
        """Whether the first one never dropped."""
        return len(self._opened) == 1 and self._opened[0].whole


def counts(report: Report) -> "Mapping[str, int]":
    """How many items each datastore moved."""
    return {name: sum(getattr(counts, what) for counts in (part.local, part.remote)
                      for what in ("added", "replaced", "deleted", "failed", "conflicts"))
            for name, part in report.datastores.items()}
