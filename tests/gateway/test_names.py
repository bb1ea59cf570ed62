from __future__ import annotations

import pytest

from minisyncml.errors import UsageError
from minisyncml.gateway.discovery import bind
from minisyncml.gateway.names import SPELLINGS, resolve
from minisyncml.message.devinf import ContentType, DataStore, DevInf

NAMES = ["contacts", "calendar", "tasks", "notes"]


@pytest.mark.parametrize("uri, name", [
    ("contacts", "contacts"), ("Contacts", "contacts"), ("./contacts", "contacts"), ("/Contact", "contacts"),
    ("card", "contacts"), ("addressbook", "contacts"), ("Addressbook/", "contacts"), ("./telecom/pb.vcf", "contacts"),
    ("http://box.lan:8080/sync/card", "contacts"), ("Contacts?dr(,30)", "contacts"),
    ("Calendar", "calendar"), ("Agenda", "calendar"), ("event", "calendar"),
    ("Kontakte", "contacts"), ("Календарь", "calendar"), ("Tehtävät", "tasks"), ("Notas", "notes"),
    ("Task", "tasks"), ("Todo", "tasks"), ("Memo", "notes"), ("note", "notes"), ("./Notes", "notes"),
    ("", None), ("./", None), ("bookmarks", None), ("http://box.lan", None), ("../../etc/passwd", None),
])
def test_resolve(uri: str, name: "str | None") -> None:
    assert resolve(uri, NAMES) == name


def test_exact_names_win() -> None:
    assert resolve("Card", ["card", "Card"]) == "Card"
    assert resolve("card", ["contacts", "card"]) == "card"
    assert resolve("Photos", ["photos"]) == "photos"
    assert resolve("contacts", ["AddressBook"]) == "AddressBook"


def test_no_spelling_means_two_kinds() -> None:
    spellings = [spelling for kind in SPELLINGS.values() for spelling in kind]
    assert len(spellings) == len(set(spellings)) and not set(spellings) & set(SPELLINGS)


CARD, TEXT = (("text/vcard", "3.0"),), (("text/plain", "1.0"),)


def server(**stores: str) -> DevInf:
    return DevInf("1.2", "box", datastores=tuple(
        DataStore(uri, rx_pref=ContentType(kind, "")) for uri, kind in stores.items()))


@pytest.mark.parametrize("theirs, ours, given, bound", [
    ({"card": "text/vcard", "memo": "text/plain"}, {"notes": TEXT, "contacts": CARD}, {},
     {"notes": "memo", "contacts": "card"}),
    ({"Leute": "text/vcard"}, {"contacts": CARD}, {}, {"contacts": "Leute"}),
    ({"contacts": "text/vcard"}, {"private": CARD, "contacts": CARD}, {},
     {"private": "private", "contacts": "contacts"}),
    ({"contacts": "text/vcard"}, {"card": CARD, "contacts": CARD}, {}, {"card": "card", "contacts": "contacts"}),
    ({"Leute": "text/vcard"}, {"work": CARD, "home": CARD}, {}, {"work": "Leute", "home": "home"}),
    ({"a": "text/vcard", "b": "text/vcard"}, {"contacts": CARD, "work": CARD}, {"work": "./a"},
     {"contacts": "contacts", "work": "./a"}),
    ({"card": "text/vcard", "Card": "text/vcard"}, {"Card": CARD}, {}, {"Card": "Card"}),
    ({"a": "text/vcard"}, {"x": CARD, "y": CARD}, {"x": "a", "y": "a"}, {"x": "a", "y": "a"}),
])
def test_no_two_of_ours_for_one_of_theirs(theirs: "dict[str, str]", ours: "dict[str, tuple[tuple[str, str], ...]]",
                                          given: "dict[str, str]", bound: "dict[str, str]") -> None:
    assert bind(server(**theirs), ours, given) == bound


@pytest.mark.parametrize("devinf", [None, server(contacts="text/vcard")])
def test_a_name_that_is_taken_must_be_settled_by_the_user(devinf: "DevInf | None") -> None:
    with pytest.raises(UsageError, match="--remote contacts="):
        bind(devinf, {"private": CARD, "contacts": CARD}, {"private": "contacts"})
