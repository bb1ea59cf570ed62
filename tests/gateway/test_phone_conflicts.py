"""The same contact changed on a phone and here, where the phone has another form of it and does not hold all."""

from __future__ import annotations

from typing import Callable

import pytest
from hub import Handset, Hub, change, items

from minisyncml.gateway.emulator import phone_stores
from minisyncml.gateway.solving import Question, answer, questions
from minisyncml.message.devinf import CTCap, DevInf, Property
from minisyncml.profile import find
from minisyncml.store.batch import Keeper

PHONES = ("sony-ericsson-w595", "nokia-s60", "nokia-s40", "siemens-sx1")
ADA = "\r\n".join((
    "BEGIN:VCARD", "VERSION:3.0", "UID:9d1b5ac7-ada", "N:Lovelace;Ada;;;", "FN:Ada Lovelace",
    "TEL;TYPE=CELL:+4915112345", "EMAIL;TYPE=INTERNET:ada@example.org", "NOTE:writes letters",
    "X-HOBBY:engines", "END:VCARD", ""))


class Both:
    """A phone and a hub that agree, then an edit on each side."""

    def __init__(self, name: str, policy: str, here: "tuple[str, str]", there: "tuple[bytes, bytes]",
                 says: "Callable[[DevInf], DevInf]" = lambda devinf: devinf) -> None:
        self.hub = Hub({"contacts": (ADA,)}, conflict=policy)
        profile = find(user=name)
        database = profile.store("contacts").name
        self.phone = Handset(profile, {database: phone_stores(profile)[database]}, says=says)
        self.phone.fine(self.hub)
        self.hub.edit("contacts", *here)
        item, = self.phone.items("contacts")
        assert there[0] in item.body, item.body
        change(self.phone.stores[self.phone.name("contacts")], item, item.body.replace(*there))

    @property
    def here(self) -> bytes:
        body, = self.hub.bodies("contacts")
        return body

    @property
    def there(self) -> bytes:
        item, = self.phone.items("contacts")
        return item.body

    def question(self) -> Question:
        one, = questions("contacts", self.hub.stores["contacts"])
        return one


@pytest.mark.parametrize("name", PHONES)
def test_merge(name: str) -> None:
    both = Both(name, "merge", ("letters", "programs"), (b"+4915112345", b"+4915199999"))
    both.phone.fine(both.hub)
    assert b"NOTE:writes programs" in both.here and b"+4915199999" in both.here and b"X-HOBBY:engines" in both.here
    assert b"writes programs" in both.there and b"+4915199999" in both.there
    assert both.phone.quiet(both.hub)


@pytest.mark.parametrize("name", PHONES)
@pytest.mark.parametrize("keep", ["ours", "theirs", "merged"])
def test_ask(name: str, keep: str) -> None:
    both = Both(name, "ask", ("letters", "programs"), (b"+4915112345", b"+4915199999"))
    for _ in range(2):
        both.phone.sync(both.hub)
        assert both.hub.reports[-1].exit_code == 1
        assert b"+4915112345" in both.here and b"letters" in both.there
    one = both.question()
    assert b"X-HOBBY:engines" in one.conflict.theirs.body and b"VERSION:3.0" in one.conflict.theirs.body
    store = both.hub.stores["contacts"]
    assert isinstance(store, Keeper)
    answer(store, one, keep)
    both.phone.fine(both.hub)
    number = b"+4915112345" if keep == "ours" else b"+4915199999"
    note = b"writes letters" if keep == "theirs" else b"writes programs"
    for body in (both.here, both.there):
        assert number in body and note in body, body
    assert b"X-HOBBY:engines" in both.here
    assert both.phone.quiet(both.hub) and both.hub.reports[-1].exit_code == 0


def modest(devinf: DevInf) -> DevInf:
    """A phone that says what it keeps."""
    fields = tuple(Property(name) for name in ("BEGIN", "END", "VERSION", "N", "TEL", "NOTE"))
    return devinf._replace(datastores=tuple(
        store._replace(ct_caps=(CTCap(store.rx_pref.type, store.rx_pref.version, fields),) if store.rx_pref else ())
        for store in devinf.datastores), ct_caps=())


@pytest.mark.parametrize("name", ["sony-ericsson-w595"])
def test_what_the_phone_does_not_hold_is_no_conflict(name: str) -> None:
    both = Both(name, "ask", ("engines", "music"), (b"+4915112345", b"+4915199999"), modest)
    assert b"X-HOBBY" not in both.there
    both.phone.fine(both.hub)
    assert b"X-HOBBY:music" in both.here and b"+4915199999" in both.here
    assert both.phone.quiet(both.hub) and len(items(both.hub.stores["contacts"])) == 1


TASK = "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//", "BEGIN:VTODO", "UID:8f2b-water-the-plants",
                    "SUMMARY:Water the plants", "PRIORITY:1", "END:VTODO", "END:VCALENDAR", ""))
EVENT = "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//", "BEGIN:VEVENT", "UID:77aa-dinner-with-all",
                     "SUMMARY:Dinner", "DTSTART:20260406T180000Z", "DTEND:20260406T190000Z", "END:VEVENT",
                     "END:VCALENDAR", ""))


@pytest.mark.parametrize("keep, left", [("ours", b"flowers"), ("theirs", b"roses")])
def test_a_database_that_we_keep_in_two(keep: str, left: bytes) -> None:
    """A conflict is solved in the datastore that the item belongs to."""
    hub = Hub({"calendar": (EVENT, EVENT.replace("Dinner", "Lunch").replace("77aa", "78aa")), "tasks": (TASK,)},
              conflict="ask")
    profile = find(user="nokia-s60")
    database = profile.store("calendar").name
    phone = Handset(profile, {database: phone_stores(profile)[database]})
    phone.fine(hub)
    hub.edit("tasks", "the plants", "the flowers")
    item, = phone.items("tasks")
    change(phone.stores[database], item, item.body.replace(b"the plants", b"the roses"))
    phone.sync(hub)
    report = hub.reports[-1]
    assert report.exit_code == 1 and "minisyncml conflicts solve tasks/1" in report.table()
    store = hub.stores["tasks"]
    one, = questions("tasks", store)
    assert one.key == "tasks/1" and not list(questions("calendar", hub.stores["calendar"]))
    answer(store, one, keep)
    phone.fine(hub)
    assert all(left in body for body in (*hub.bodies("tasks"), *(item.body for item in phone.items("tasks"))))
    assert phone.quiet(hub) and hub.reports[-1].exit_code == 0
