from __future__ import annotations

import pytest

from minisyncml.gateway.names import SPELLINGS, resolve

NAMES = ["contacts", "calendar", "tasks", "notes"]


@pytest.mark.parametrize("uri, name", [
    ("contacts", "contacts"), ("Contacts", "contacts"), ("./contacts", "contacts"), ("/Contact", "contacts"),
    ("card", "contacts"), ("addressbook", "contacts"), ("Addressbook/", "contacts"), ("./telecom/pb.vcf", "contacts"),
    ("http://box.lan:8080/sync/card", "contacts"), ("Contacts?dr(,30)", "contacts"),
    ("Calendar", "calendar"), ("Agenda", "calendar"), ("event", "calendar"),
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
