"""A demonstration without hardware: an emulated phone syncs three times with a real server over loopback HTTP."""

from __future__ import annotations

import os
from typing import Callable, Optional

from minisyncml.gateway.client import Client
from minisyncml.gateway.exchange import Stores
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.gateway.trace import Watched, summary
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.place import open_store
from minisyncml.transport.base import Packet
from minisyncml.transport.http import HttpTransport
from minisyncml.transport.wsgi import HttpServer

USER, PASSWORD = "ada", "demo"
VCARD = (("text/x-vcard", "2.1"), ("text/vcard", "3.0"))
VCALENDAR = (("text/x-vcalendar", "1.0"), ("text/calendar", "2.0"))
TEXT = (("text/plain", "1.0"),)
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
    """The emulated phone's datastores, with made-up items.

    :returns: datastores by the names such a phone uses
    """
    phone: "dict[str, Store]" = {"Contacts": MemoryStore(VCARD), "Calendar": MemoryStore(VCALENDAR),
                                 "Notes": MemoryStore(TEXT)}
    add(phone["Contacts"], *(vcard(*person) for person in PEOPLE))
    add(phone["Calendar"], *(vevent(*event) for event in EVENTS))
    add(phone["Notes"], *(note.encode() for note in NOTES))
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


def bodies(store: Store) -> "list[bytes]":
    """What a datastore holds, for comparing two of them.

    :param store: the datastore
    :returns: the bodies, sorted
    """
    items = (store.get(row.id) for row in store.rows())
    return sorted(item.body for item in items if item is not None)


class Demo:
    """The whole demonstration.

    :param folder: an empty folder for the server's data
    :param say: shows one line or table
    """

    def __init__(self, folder: str, say: Callable[[str], None]) -> None:
        data = os.path.join(folder, "data")
        self.say = say
        self.phone = make_phone()
        self.contacts = os.path.join(folder, "contacts")
        os.makedirs(self.contacts)
        self.stores: Stores = {"contacts": open_store(self.contacts, "contacts", data, USER),
                               "calendar": open_store("", "calendar", data, USER),
                               "notes": open_store("", "notes", data, USER)}
        self.server = Server(self.stores, users={USER: PASSWORD})

    def run(self) -> bool:
        """Sync three times with edits between, and compare both sides.

        :returns: whether both sides were equal each time and the third sync transferred nothing
        """
        from threading import Thread
        http = HttpServer(self.server.wsgi_app, "127.0.0.1", 0)
        thread = Thread(target=http.run)
        thread.start()
        try:
            url = f"http://127.0.0.1:{http.port}/"
            client = Client(url, self.phone, user=USER, password=PASSWORD, device_id="IMEI:000000000000000",
                            transport=lambda: Watched(HttpTransport(url, environ={}), self._tap))
            return self._three(client)
        finally:
            http.stop()
            thread.join()
            self.server.close()
            for store in self.stores.values():
                store.close()

    def _three(self, client: Client) -> bool:
        good = self._sync("First sync: the server has nothing yet", client)
        self._edit_phone()
        self._edit_server()
        good &= self._sync("Second sync, after edits on the phone and in the server's folder", client)
        report = self._sync_report("Third sync: nothing to do", client)
        idle = not any(part.local or part.remote for part in report.datastores.values())
        self.say("Nothing was transferred." if idle else "Something was transferred, though nothing had changed.")
        return good and idle and self._equal(report)

    def _sync(self, title: str, client: Client) -> bool:
        return self._equal(self._sync_report(title, client))

    def _sync_report(self, title: str, client: Client) -> Report:
        self.say(f"\n== {title}")
        report = client.sync()
        self.say("\n" + report.table())
        return report

    def _equal(self, report: Report) -> bool:
        if report.error is not None:
            self.say(f"The session broke: {report.error}")
            return False
        pairs = [(name, bodies(store), bodies(self.stores[name.lower()])) for name, store in self.phone.items()]
        for name, theirs, ours in pairs:
            if theirs != ours:
                self.say(f"{name} differ: {len(theirs)} on the phone, {len(ours)} on the server")
                return False
        self.say("Both sides are equal: " + ", ".join(f"{len(ours)} {name.lower()}" for name, _, ours in pairs))
        return report.exit_code == 0

    def _edit_phone(self) -> None:
        """The owner adds a contact, changes one and deletes a note."""
        add(self.phone["Contacts"], vcard("Katherine", "Johnson", "+1 304 555 0105"))
        _edit(self.phone["Contacts"], b"Hopper", lambda body: body.replace(b"0101", b"0199"))
        _edit(self.phone["Notes"], b"Milk", lambda body: None)

    def _edit_server(self) -> None:
        """Another program writes into the folder of contacts, and an appointment moves."""
        with open(os.path.join(self.contacts, "new.vcf"), "wb") as file:
            file.write(vcard("Mary", "Somerville", "+44 131 555 106"))
        _edit(self.stores["calendar"], b"Dentist", lambda body: body.replace(b"T090000", b"T103000"))

    def _tap(self, way: str, packet: Packet) -> None:
        self.say(f"phone {way} server  {summary(packet)}")


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
