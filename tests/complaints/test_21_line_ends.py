"""Complaint 21: S60 phones ignore what a server sends when its line ends have lost their CR."""

from __future__ import annotations

import pytest
from hub import Handset, Hub, items
from samples import CARD, EVENTS, TASKS

from minisyncml.profile import find

OURS = {"contacts": (CARD,), "calendar": EVENTS, "tasks": TASKS}


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
@pytest.mark.parametrize("encoding", ["xml", "wbxml"])
def test_each_line_that_reaches_a_phone_ends_in_cr_lf(ends: str, encoding: str) -> None:
    hub = Hub({"notes": (), **{kind: tuple(body.replace("\r\n", ends) for body in bodies)
                            for kind, bodies in OURS.items()}})
    phone = Handset(find(user="nokia-s60")._replace(encoding=encoding))
    phone.fine(hub)
    found = [item.body for store in phone.stores.values() for item in items(store)]
    assert len(found) == sum(map(len, OURS.values()))
    for body in found:
        assert body.count(b"\r\n") == body.count(b"\n") == body.count(b"\r") > 3
    assert phone.quiet(hub)
