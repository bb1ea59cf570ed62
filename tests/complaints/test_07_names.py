"""Complaint 7: names of databases must match exactly, differ in case, and change with the menu language of a phone."""

from __future__ import annotations

import pytest
from pair import Pair, bodies, edit, fill, fine, transferred

from minisyncml.store.memory import MemoryStore

CARD, CALENDAR, TEXT = (("text/x-vcard", "2.1"),), (("text/x-vcalendar", "1.0"),), (("text/plain", "1.0"),)
ADA = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada\r\nEND:VCARD\r\n"


class Phone:
    """A phone of some menu language beside a server with the usual names; it names its databases to the server, too."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.stores = [MemoryStore(types) for types in (CARD, CALENDAR, TEXT)]
        self.server = {"contacts": MemoryStore(CARD), "calendar": MemoryStore(CALENDAR), "notes": MemoryStore(TEXT)}
        self.pair = Pair({}, self.server, client_options={"present": lambda devinf: devinf._replace(exts=())})

    def sync(self) -> "tuple[int, bool]":
        """How many items went over the wire, and whether all had to be compared."""
        self.pair.client = dict(zip(self.names, self.stores))
        left, right = self.pair.sync(remotes={name: name for name in self.names})
        assert fine(left) and fine(right), left.report.table()
        return transferred(left), any(part.slow for part in right.report.datastores.values())


@pytest.mark.parametrize("names", [
    ("CONTACTS", "calendar", "Notes"),                  # case
    ("./Contact", "/Agenda", "Memo?x=1"),               # other words
    ("Kontakte", "Kalender", "Notizen"),                # German
    ("Контакты", "Календарь", "Заметки"),               # Russian
    ("Ihmiset", "Menot", "Raapustukset"),               # in no list of ours: told by what they take
])
def test_names_lead_to_the_right_store(names: "tuple[str, str, str]") -> None:
    phone = Phone(*names)
    fill(phone.stores[0], ADA, type="text/x-vcard")
    fill(phone.server["notes"], "milk")
    assert phone.sync() == (2, True)
    assert bodies(phone.server["contacts"]) == [ADA.encode()] and bodies(phone.stores[2]) == [b"milk"]
    assert phone.sync() == (0, False)


def test_another_menu_language_is_no_other_phone() -> None:
    phone = Phone("Contacts", "Calendar", "Notes")
    id, = fill(phone.stores[2], "milk")
    phone.sync()
    phone.names = ("Ihmiset", "Menot", "Raapustukset")
    edit(phone.stores[2], id, "milk, bread")
    phone.pair.client_memory.known.clear()              # what it keeps goes by its databases, not by their names
    for store in phone.stores:
        for key in store.peers():
            rename(store, key, phone.names[phone.stores.index(store)])
    assert phone.sync() == (1, False)
    assert bodies(phone.server["notes"]) == [b"milk, bread"]
    assert phone.sync() == (0, False)


def rename(store: MemoryStore, key: str, name: str) -> None:
    """What the phone keeps of the server, under the server's name of a database."""
    with store.begin() as batch:
        new = f"{key.partition('|')[0]}|{name.lower()}"
        batch.set_facts(new, batch.facts(key))
        for entry in list(batch.entries(key)):
            batch.set_entry(new, entry)
        batch.commit()
