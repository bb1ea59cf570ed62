"""Complaint 22: "&#xD;" appears in notes and causes conflicts for ever. Line ends are no difference, whoever changes
them, and what a broken peer writes for a CR does not get into anything of ours.
"""

from __future__ import annotations

from typing import Callable, Dict, Tuple

import pytest
from hub import Handset, Hub, change, items
from samples import CARD, NOTES

from minisyncml.profile import find
from minisyncml.store.memory import MemoryStore

EMPTY: "Dict[str, Tuple[str, ...]]" = {"contacts": (), "calendar": (), "tasks": (), "notes": ()}
TYPES = (("text/plain", "1.0"), ("text/x-vnote", "1.1"), ("text/x-s4j-sifn", "1.1"), ("text/calendar", "2.0"))
MANGLED: "Dict[str, Callable[[bytes], bytes]]" = {
    "LF": lambda body: body.replace(b"\r\n", b"\n"), "CR": lambda body: body.replace(b"\r\n", b"\r"),
    "CRCRLF": lambda body: body.replace(b"\r\n", b"\r\r\n"), "xD": lambda body: body.replace(b"\r\n", b"&#xD;\n"),
    "13": lambda body: body.replace(b"\r\n", b"&#13;\r\n"),
    "double": lambda body: body.replace(b"\r\n", b"&amp;#xD;\n"),
}


def phone_of(encoding: str, *types: "tuple[str, str]") -> Handset:
    """A phone whose notes have these types."""
    store = MemoryStore(types)
    store.form = types[0]
    return Handset(find(user="nokia-s60")._replace(encoding=encoding), {"Notes": store})


@pytest.mark.parametrize("encoding", ["xml", "wbxml"])
@pytest.mark.parametrize("type", TYPES, ids=lambda pair: pair[0])
def test_no_reference_reaches_a_phone_or_comes_from_it(type: "tuple[str, str]", encoding: str) -> None:
    hub, phone = Hub({**EMPTY, "notes": NOTES}), phone_of(encoding, type)
    phone.fine(hub)
    [item] = items(phone.stores["Notes"])
    assert b"&#" not in item.body
    change(phone.stores["Notes"], item, item.body.replace(b"bread", b"rye"))
    phone.fine(hub)
    assert hub.bodies("notes") == [NOTES[0].replace("bread", "rye").encode()]
    assert phone.quiet(hub)


@pytest.mark.parametrize("type, how", [(type, how) for type in (TYPES[0], TYPES[2]) for how in MANGLED
                                       if (type, how) != (TYPES[0], "double")])
def test_other_line_ends_are_no_change(type: "tuple[str, str]", how: str) -> None:
    hub, phone, other = Hub({**EMPTY, "notes": NOTES}), phone_of("xml", type), phone_of("wbxml", TYPES[1])
    other.emulator.options = other.emulator.options._replace(device="other")
    phone.fine(hub)
    other.fine(hub)
    [item] = items(phone.stores["Notes"])
    change(phone.stores["Notes"], item, MANGLED[how](item.body))
    phone.fine(hub)
    assert hub.bodies("notes") == [NOTES[0].encode()]
    assert other.quiet(hub) and phone.quiet(hub)


@pytest.mark.parametrize("type", TYPES[1:3], ids=lambda pair: pair[0])
def test_no_conflict_comes_of_line_ends(type: "tuple[str, str]") -> None:
    hub, phone = Hub({**EMPTY, "notes": NOTES}), phone_of("xml", type)
    phone.fine(hub)
    [item] = items(phone.stores["Notes"])
    change(phone.stores["Notes"], item, item.body.replace(b"\r\n", b"\n"))
    hub.edit("notes", "bread", "rye bread")
    report = phone.fine(hub)
    assert not any(part.local.conflicts or part.remote.conflicts for part in report.datastores.values())
    assert hub.bodies("notes") == [NOTES[0].replace("bread", "rye bread").encode()]
    assert phone.quiet(hub)


def test_a_note_of_a_contact_has_none_either() -> None:
    hub, phone = Hub({**EMPTY, "contacts": (CARD,)}), Handset(find(user="nokia-s60")._replace(encoding="xml"))
    phone.fine(hub)
    [item] = phone.items("contacts")
    change(phone.stores[phone.name("contacts")], item, item.body.replace(b"Programmer", b"Mathematician"))
    phone.fine(hub)
    [body] = hub.bodies("contacts")
    assert b"Mathematician" in body and b"&#" not in body and b"&#" not in item.body
