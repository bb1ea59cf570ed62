"""One odd item among twenty good ones, from a phone and to it: the good ones arrive, the odd one is answered, kept and
named with the reason, and the next session says so again for little.
"""

from __future__ import annotations

import tracemalloc
from typing import NamedTuple

import pytest
from hub import Handset, Hub, put

from minisyncml.gateway.report import DatastoreReport
from minisyncml.limits import DEFAULT
from minisyncml.profile import find
from minisyncml.store.base import Store

MANY = 20
CARD, EVENT = "text/x-vcard", "text/x-vcalendar"
LINES = "X-A:b\r\n" * 30_000
NESTED = "=" + "3D" * 4_000     # quoted-printable of quoted-printable, and so on
DAYS = ";".join(f"2006{month:02}{day:02}T160000Z" for month in range(5, 13) for day in range(1, 29)) * 20
BOMB = ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {there} "{f"&{here};" * 10}">' for here, there in zip("abcdefghi", "bcdefghij"))
        + "]><{0}><Subject>&j;</Subject></{0}>")


def card(name: str, more: str = "") -> str:
    return f"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Love{name}lace;Ada\r\nFN:Ada {name}\r\n{more}END:VCARD\r\n"


def event(name: str, more: str = "") -> str:
    return ("BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nDTSTART:20060406T160000Z\r\nDTEND:20060406T163000Z\r\n"
            f"SUMMARY:Ada {name}\r\n{more}END:VEVENT\r\nEND:VCALENDAR\r\n")


def task(name: str, more: str) -> str:
    return (f"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VTODO\r\nSUMMARY:Ada {name}\r\n{more}END:VTODO\r\n"
            "END:VCALENDAR\r\n")


class Odd(NamedTuple):
    """`status` is what it is answered; 0: it is taken, as far as it says anything. `words` are in the reason."""

    name: str
    kind: str
    body: "str | bytes"
    type: str = ""
    status: int = 0
    words: str = ""


ITEMS = [
    Odd("a card cut off", "contacts", card("odd")[:60], CARD),
    Odd("bytes", "contacts", bytes(range(256)) * 4, CARD, 415, "no vCard"),
    Odd("a line of text", "contacts", "hello", CARD, 415, "no vCard"),
    Odd("nothing", "contacts", "", CARD, 415, "no vCard"),
    Odd("two cards in one", "contacts", card("odd") + card("even"), CARD, 415, "more than one"),
    Odd("an event among cards", "contacts", event("odd"), EVENT, 415),
    Odd("a type of its own", "contacts", "<a/>", "application/x-odd", 415, "application/x-odd"),
    Odd("many lines", "contacts", card("odd", LINES), CARD, 413, "more than"),
    Odd("rare characters", "contacts", card("odd", "NOTE;CHARSET=UTF-8:\U0001f600\u2028\x0b\ufeff\x01\r\n"), CARD),
    Odd("no such charset", "contacts", card("odd", "NOTE;CHARSET=ODD;ENCODING=QUOTED-PRINTABLE:=FF=FE\r\n"), CARD),
    Odd("nested quoted-printable", "contacts", card("odd", f"NOTE;ENCODING=QUOTED-PRINTABLE:{NESTED}\r\n"), CARD),
    Odd("cards in cards", "contacts", "BEGIN:VCARD\r\n" * 2_000, CARD),
    Odd("entities in entities, a contact", "contacts", BOMB.format("contact"), "text/x-s4j-sifc", 415, "DTD"),
    Odd("entities in entities, an event", "calendar", BOMB.format("appointment"), "text/x-s4j-sife", 415, "DTD"),
    Odd("a calendar of nothing", "calendar", "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nEND:VCALENDAR\r\n", EVENT, 415,
        "no event"),
    Odd("an event at no time", "calendar", event("odd").replace(":20060406T160000Z", ":someday"), EVENT),
    Odd("a rule without end", "calendar", event("odd", f"RRULE:D1 #0\r\nEXDATE:{DAYS}\r\n"), EVENT),
    Odd("a rule of nonsense", "calendar", event("odd", "RRULE:X99 #-1\r\nAALARM:now\r\n"), EVENT),
    Odd("a zone of nowhere", "tasks", task("odd", "DUE;TZID=nonsense:20090502T130000\r\n"), EVENT),
]
each = pytest.mark.parametrize("odd", ITEMS, ids=lambda odd: odd.name)


def modern(body: "str | bytes") -> "str | bytes":
    """The same as our datastores have it."""
    if isinstance(body, bytes):
        return body
    return body.replace("VERSION:2.1", "VERSION:3.0").replace("VERSION:1.0", "VERSION:2.0")


def fill(store: Store, odd: Odd, hub: bool) -> None:
    """Ten good ones, the odd one, ten more."""
    good = [(card if odd.kind == "contacts" else event if odd.kind == "calendar" else lambda name: task(name, ""))(
        str(number)) for number in range(MANY)]
    bodies = [modern(body) if hub else body for body in good]
    usual = store.form[0] if hub else CARD if odd.kind == "contacts" else EVENT
    put(store, *bodies[:10], type=usual)
    put(store, modern(odd.body) if hub else odd.body, type=usual if hub and odd.type in (CARD, EVENT) else odd.type)
    put(store, *bodies[10:], type=usual)


def pair(**server: object) -> "tuple[Hub, Handset]":
    return (Hub({"contacts": (), "calendar": (), "tasks": (), "notes": ()}, **server),
            Handset(find(user="nokia-s60")))


def part(hub: Hub, kind: str) -> DatastoreReport:
    """What the hub says of a datastore after the last session."""
    return next(value for name, value in hub.reports[-1].datastores.items() if kind in name)


def good(bodies: "list[bytes]") -> int:
    whole = b"".join(bodies)
    return sum(f"Ada {number}\r\n".encode() in whole for number in range(MANY))


@each
def test_one_odd_item_of_a_phone(odd: Odd) -> None:
    hub, phone = pair()
    fill(phone.stores[phone.name(odd.kind)], odd, False)
    for turn in range(2):
        report = phone.sync(hub)
        assert report.exit_code == bool(odd.status)
        here, side = hub.bodies(odd.kind), part(hub, odd.kind).local
        assert good(here) == MANY and len(here) == MANY + (not odd.status)
        assert [failure.status for failure in side.failures] == [odd.status] * bool(odd.status)
        assert all(odd.words in failure.words and failure.id for failure in side.failures)
        assert side.added == (len(here) if not turn else 0) and not side.deleted and not side.replaced
        theirs = [failure.status for one in report.datastores.values() for failure in one.remote.failures]
        assert theirs == [odd.status] * bool(odd.status), "the phone is told as well"
        assert phone.items(odd.kind) and good([item.body for item in phone.items(odd.kind)]) == MANY
        binned = [one.body for one in hub.stores[odd.kind].trash()]
        body = odd.body.encode() if isinstance(odd.body, str) else odd.body
        assert binned == ([body] if odd.status == 415 else []), "kept, once; what is too large stays where it is"
    assert report.messages <= 8 or odd.status == 413


@each
def test_one_odd_item_for_a_phone(odd: Odd) -> None:
    hub, phone = pair()
    fill(hub.stores[odd.kind], odd, True)
    before = hub.bodies(odd.kind)
    for turn in range(2):
        phone.sync(hub)
        there = [item.body for item in phone.items(odd.kind)]
        side = part(hub, odd.kind)
        failures = [*side.local.failures, *side.remote.failures]
        assert good(there) == MANY and hub.bodies(odd.kind) == before, "ours stays as it is"
        assert [failure.status for failure in failures] == [odd.status] * bool(odd.status)
        assert all(failure.id for failure in failures)
        assert side.remote.added == (MANY + (not odd.status) if not turn else 0) and not side.local.added
        assert hub.reports[-1].messages <= 40 - 28 * turn


def test_a_photo_that_is_too_large_for_the_hub() -> None:
    hub, phone = pair(limits=DEFAULT._replace(max_obj_size=100_000))
    photo = "PHOTO;JPEG;ENCODING=BASE64:\r\n " + "/9j/4AAQ" * 40_000 + "\r\n\r\n"
    odd = Odd("photo", "contacts", card("odd", photo), CARD)
    fill(phone.stores[phone.name("contacts")], odd, False)
    for _ in range(2):
        report = phone.sync(hub)
        assert good(hub.bodies("contacts")) == MANY == len(hub.bodies("contacts"))
        [failure] = [one for value in report.datastores.values() for one in value.remote.failures]
        assert failure.status == 413 and "odd" in failure.words
        assert len(phone.items("contacts")) == MANY + 1
        assert report.bytes_out < 20_000, "it is not sent to somebody who said how much is too much"


@pytest.mark.parametrize("odd", [
    Odd("lines", "contacts", card("odd", "a\r\n" * 300_000), CARD),
    Odd("photo", "contacts", card("odd", "PHOTO;JPEG;ENCODING=BASE64:\r\n " + "/9j/4AAQ" * 125_000 + "\r\n\r\n"), CARD),
    Odd("entities", "contacts", BOMB.format("contact").replace("&j;", "&j;" * 300_000), "text/x-s4j-sifc"),
], ids=lambda odd: odd.name)
def test_what_a_million_bytes_cost(odd: Odd) -> None:
    """Both sides of a session are in this process: each has the item, its messages, and one copy at work."""
    hub, phone = pair()
    fill(phone.stores[phone.name("contacts")], odd, False)
    tracemalloc.start()
    try:
        phone.sync(hub)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert good(hub.bodies("contacts")) == MANY
    assert peak < 12 * len(odd.body), peak / len(odd.body)
