"""A demonstration without hardware: an emulated phone on a pseudo-terminal, as on a cable. It is switched from AT
commands to OBEX, woken, and synced three times with a folder and databases. Nothing in it is random: runs are alike.
"""

from __future__ import annotations

import os
from typing import Callable, Optional

from minisyncml.content.keys import key_of
from minisyncml.content.kind import kind
from minisyncml.gateway.dial import Opener
from minisyncml.gateway.emulator import Emulator, phone_stores
from minisyncml.gateway.phone import Phone
from minisyncml.gateway.report import Report
from minisyncml.gateway.trace import summary
from minisyncml.gateway.traced_link import TracedLink, describe
from minisyncml.obex import codes
from minisyncml.profile import find
from minisyncml.store.base import Store
from minisyncml.store.place import open_store
from minisyncml.transport.base import Packet
from minisyncml.transport.ports import open_link
from minisyncml.transport.serial import SPEED, PtyLink

MODEL = "sony-ericsson-w595"
#: what the phone calls its databases, and we
NAMES = {"Contact": "contacts", "Calendar": "calendar", "Memo": "notes"}
PATIENCE = 0.3      #: seconds for a phone that answers at once
PEOPLE = (("Ada", "Lovelace", "+44 20 5550 100"), ("Grace", "Hopper", "+1 202 555 0101"),
          ("Zoë", "Müller", "+49 30 5550 102"), ("Alan", "Turing", "+44 20 5550 103"),
          ("Emmy", "Noether", "+49 9131 555 104"))
EVENTS = (("20260301T090000", "Dentist"), ("20260314T150000", "Pi day"), ("20260401T120000", "Lunch with Grace"))
NOTES = ("Milk, bread, eggs", "The Analytical Engine weaves algebraic patterns.", "Wi-Fi at the café: ask Zoë")


def vcard(first: str, last: str, phone: str) -> bytes:
    """A contact as old phones write it.

    :param first: given name
    :param last: family name
    :param phone: number
    :returns: a vCard 2.1
    """
    charset = "" if (first + last).isascii() else ";CHARSET=UTF-8"
    return (f"BEGIN:VCARD\r\nVERSION:2.1\r\nN{charset}:{last};{first}\r\nTEL;CELL:{phone}\r\n"
            "END:VCARD\r\n").encode()


def vevent(start: str, summary: str) -> bytes:
    """An appointment as old phones write it.

    :param start: local time
    :param summary: what it is
    :returns: a vCalendar 1.0
    """
    return (f"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nDTSTART:{start}\r\nSUMMARY:{summary}\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n").encode()


def make_phone() -> "dict[str, Store]":
    """The emulated phone's databases, with made-up items.

    :returns: datastores by the names such a phone uses
    """
    profile = find(user=MODEL)
    phone = phone_stores(profile)
    add(phone["Contact"], *(vcard(*person) for person in PEOPLE))
    add(phone["Calendar"], *(vevent(*event) for event in EVENTS))
    add(phone["Memo"], *(note.encode(profile.charset_in) for note in NOTES))
    return phone


def add(store: Store, *bodies: bytes) -> None:
    """Put items into a datastore, as its owner would.

    :param store: the datastore
    :param bodies: one for each item, of the store's preferred type
    """
    with store.begin() as batch:
        for body in bodies:
            batch.put(None, store.types[0][0], body)
        batch.commit()


def meant(store: Store) -> "list[str]":
    """What the items of a store mean, in whatever form they are.

    :param store: the store
    :returns: a key for each, sorted
    """
    items = (store.get(row.id) for row in store.rows())
    return sorted(key_of(kind(item.body, item.type), _readable(item.body)) for item in items if item is not None)


def _readable(body: bytes) -> bytes:
    """The phone has a charset of its own, and no UID, which ours got here."""
    body = b"".join(line for line in body.splitlines(True) if not line.startswith(b"UID:"))
    try:
        body.decode()
        return body
    except UnicodeDecodeError:
        return body.decode(find(user=MODEL).charset_in).encode()


class Wire:
    """Listens to the line: what was said on it, and how much.

    :ivar words: AT commands and answers, and messages, in order
    """

    def __init__(self) -> None:
        self.words: "list[str]" = []
        self.count = {"out": 0, "in": 0}
        self.packets = 0
        self._text, self._way = b"", ""

    def packet(self, link: str, way: str, data: bytes) -> None:
        """See :meth:`minisyncml.gateway.recorder.Recorder.packet`."""
        self.count[way] += len(data)
        if data[0] in codes.REQUESTS or data[0] in codes.RESPONSES:
            self.packets += 1
            self.end()
            return
        if way != self._way:
            self.end()
        self._text, self._way = self._text + data, way

    def message(self, way: str, packet: Packet) -> None:
        """A message begins its way (`->`: to the phone), or came.

        :param way: `->` or `<-`
        :param packet: the message
        """
        self.end()
        self.words.append(f"{'computer' if way == '->' else '   phone'}: {summary(packet)}")

    def end(self) -> None:
        """A piece of text is complete."""
        words = describe(self._text) if self._text else ""
        if words:
            self.words.append(f"{'computer' if self._way == 'out' else '   phone'}: {words}")
        self._text = b""


class Numbers:
    """Random bytes that are none."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self, size: int) -> bytes:
        self._last += 1
        return (self._last * 2654435761).to_bytes(size + 8, "big")[-size:]


class Demo:
    """The whole demonstration.

    :param folder: an empty folder for our data
    :param say: shows one line or table
    """

    def __init__(self, folder: str, say: Callable[[str], None]) -> None:
        data = os.path.join(folder, "data")
        self.say = say
        self.phone = make_phone()
        self.contacts = os.path.join(folder, "contacts")
        os.makedirs(self.contacts)
        self.stores = {"contacts": open_store(self.contacts, "contacts", data),
                       "calendar": open_store("", "calendar", data), "notes": open_store("", "notes", data)}
        self._wire = Wire()

    def run(self) -> bool:
        """Sync three times with edits between, and compare both sides.

        :returns: whether both sides were equal each time and the third sync transferred nothing
        """
        from threading import Thread
        profile = find(user=MODEL)
        emulator = Emulator(self.phone, profile, random=Numbers(), log=self.say)
        over: "list[bool]" = []
        with PtyLink() as cable:
            self.say(f"A {profile.man} {profile.mod} is emulated, as at the end of a serial cable.")
            thread = Thread(target=lambda: emulator.answer(cable, stop=lambda: bool(over)))
            thread.start()
            try:
                return self._three(self._caller(lambda: open_link(cable.name)))
            finally:
                over.append(True)
                thread.join()
                for store in self.stores.values():
                    store.close()

    def _caller(self, opener: Opener) -> Phone:
        return Phone(lambda: TracedLink(opener(), self._wire), self.stores, port="demo", patience=PATIENCE,
                     random=Numbers(), wait=lambda seconds: None,
                     tap=lambda way, packet: self._wire.message(way, packet))

    def _three(self, phone: Phone) -> bool:
        good = self._sync("First sync: the computer has nothing yet", phone)
        self._edit_phone()
        self._edit_computer()
        good &= self._sync("Second sync, after edits on the phone and in the folder on the computer", phone)
        report = self._sync_report("Third sync: nothing to do", phone)
        idle = not any(part.local or part.remote for part in report.datastores.values())
        self.say("Nothing was transferred." if idle else "Something was transferred, though nothing had changed.")
        return good and idle and self._equal(report)

    def _sync(self, title: str, phone: Phone) -> bool:
        return self._equal(self._sync_report(title, phone))

    def _sync_report(self, title: str, phone: Phone) -> Report:
        wire = self._wire = Wire()
        self.say(f"\n== {title}")
        report = phone.sync()
        wire.end()
        for line in wire.words:
            self.say(line)
        total = sum(wire.count.values())
        self.say(f"\n{report.table(cost=False)}\n\nOn the wire: {wire.count['out']:,} bytes to the phone, "
                 f"{wire.count['in']:,} back, {wire.packets} OBEX packets, {report.messages} messages; "
                 f"{total * 10 / SPEED:.1f} s at {SPEED:,} baud.")
        return report

    def _equal(self, report: Report) -> bool:
        if report.error is not None:
            self.say(f"The session broke: {report.error}")
            return False
        pairs = [(ours, meant(self.phone[theirs]), meant(self.stores[ours])) for theirs, ours in NAMES.items()]
        for name, theirs, ours in pairs:
            if theirs != ours:
                self.say(f"{name} differ: {len(theirs)} on the phone, {len(ours)} on the computer")
                return False
        self.say("Both sides say the same: " + ", ".join(f"{len(ours)} {name}" for name, _, ours in pairs))
        return report.exit_code == 0

    def _edit_phone(self) -> None:
        """The owner adds a contact, changes one and deletes a note."""
        add(self.phone["Contact"], vcard("Katherine", "Johnson", "+1 304 555 0105"))
        _edit(self.phone["Contact"], b"Hopper", lambda body: body.replace(b"0101", b"0199"))
        _edit(self.phone["Memo"], b"Milk", lambda body: None)

    def _edit_computer(self) -> None:
        """Another program writes into the folder of contacts, and an appointment moves."""
        with open(os.path.join(self.contacts, "new.vcf"), "wb") as file:
            file.write(vcard("Mary", "Somerville", "+44 131 555 106"))
        _edit(self.stores["calendar"], b"Dentist", lambda body: body.replace(b"T090000", b"T103000"))


def _edit(store: Store, word: bytes, change: "Callable[[bytes], Optional[bytes]]") -> None:
    """Change the first item that holds a word; None deletes it."""
    items = (store.get(row.id) for row in store.rows())
    item = next(item for item in items if item is not None and word in item.body)
    body = change(item.body)
    with store.begin() as batch:
        if body is None:
            batch.remove(item.id)
        else:
            batch.put(item.id, item.type, body)
        batch.commit()
