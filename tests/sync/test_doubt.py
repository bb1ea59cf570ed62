"""A phone that does not say what it keeps, and drops it: what was here stays in the trash."""

from __future__ import annotations

import pytest
from forgetful import Forgetful, edited
from hub import Handset, Hub, change
from samples import CARD

from minisyncml.profile import find
from minisyncml.store.place import KINDS

PROFILE = find(user="nokia-s60")


@pytest.mark.parametrize("new, kept", [("Erste", 1), ("A first line and more " * 9, 0)])
def test_what_an_edit_shortens_is_in_the_trash(new: str, kept: int) -> None:
    stores = {value.name or value.kind: Forgetful(value.kind, value.types or KINDS[value.kind][0][:1])
              for value in PROFILE.stores}
    hub, phone = Hub({"contacts": (CARD,), "calendar": (), "tasks": (), "notes": ()}), Handset(PROFILE, stores)
    phone.fine(hub)
    [item] = phone.items("contacts")
    change(stores[phone.name("contacts")], item, edited(item.body, "NOTE", {"First line": new}))
    phone.fine(hub)
    trashed = list(hub.stores["contacts"].trash())
    assert [one.body.decode() for one in trashed] == [CARD] * kept
    assert all(one.reason == "shortened by the peer" for one in trashed)
