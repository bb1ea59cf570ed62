"""Clients and servers with stores on a disk, and the scene that is played with them. No assertions here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Callable

from pair import Pair, fill
from scenes import multiset, named

from minisyncml.store.base import Store
from minisyncml.store.batch import Keeper
from minisyncml.store.files import Files
from minisyncml.store.tiny import TinyStore
from minisyncml.store.vdir import VdirStore

CARDS = (("text/x-vcard", "2.1"), ("text/vcard", "3.0"))
SIDES = ("client", "server")
NAMES = ("people", "work")
Make = Callable[[Path, str, Files], Keeper]


def tiny(where: Path, name: str, files: Files) -> Keeper:
    """A datastore in tinydb."""
    return TinyStore(str(where / "data" / name), CARDS, files=files)


def vdir(where: Path, name: str, files: Files) -> Keeper:
    """A datastore that is a folder."""
    return VdirStore(str(where / name), str(where / "data" / name), CARDS, files=files)


KINDS = {"tiny": tiny, "vdir": vdir}


def folders(where: Path) -> "list[str]":
    """All folders of a side, as they are now."""
    return [str(one) for one in (where / "data", *(where / name for name in NAMES)) if one.is_dir()]


def card(name: str, word: str = "") -> str:
    """A contact."""
    return f"BEGIN:VCARD\r\nVERSION:2.1\r\nN:{name}\r\nNOTE:{word}\r\nEND:VCARD\r\n"


def open_all(make: Make, where: Path, files: Files) -> "dict[str, Keeper]":
    """The datastores of one side."""
    return {name: make(where, name, files) for name in NAMES}


def base(pair: Pair) -> None:
    """Six contacts in each datastore, on both sides."""
    for name in NAMES:
        fill(pair.client[name], *(card(f"{name} {number}") for number in range(6)), type="text/x-vcard")
    left, _ = pair.sync()
    assert left.report.exit_code == 0


def change(pair: Pair) -> None:
    """An edit, a deletion and two additions on each side, on different items."""
    for side, stores, start in (("client", pair.client, 0), ("server", pair.server, 2)):
        for name in NAMES:
            store = stores[name]
            with store.begin() as batch:
                batch.put(named(store, card(f"{name} {start}")), "text/x-vcard",
                          card(f"{name} {start}", f"edit of the {side}").encode())
                batch.remove(named(store, card(f"{name} {start + 1}")))
                batch.commit()
            fill(store, *(card(f"{name} {number} of the {side}") for number in range(2)), type="text/x-vcard")


def wanted(name: str) -> "Counter[bytes]":
    """What both sides hold in the end."""
    cards = [card(f"{name} {number}") for number in (4, 5)]
    for side, number in zip(SIDES, (0, 2)):
        cards.append(card(f"{name} {number}", f"edit of the {side}"))
        cards += [card(f"{name} {number} of the {side}") for number in range(2)]
    return Counter(text.encode() for text in cards)


def held(stores: "dict[str, Store] | dict[str, Keeper]") -> "dict[str, Counter[bytes]]":
    """What one side holds."""
    return {name: multiset(store) for name, store in stores.items()}
