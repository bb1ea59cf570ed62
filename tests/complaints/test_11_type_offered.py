"""Complaint 11: after an upgrade the direction from computer to phone fails with 415: the phone is offered a type that
it does not take. It gets the very type and version that stand first in its device information.
"""

from __future__ import annotations

import pytest
from hub import Handset, Hub
from samples import CARD

from minisyncml.message.commands import Add, Replace, Sync
from minisyncml.message.devinf import ContentType, DevInf
from minisyncml.profile import find


@pytest.mark.parametrize("media_type, version", [("text/x-vcard", "2.1"), ("text/vcard", "3.0"), ("text/vcard", "4.0")])
def test_the_phone_gets_the_type_it_asks_for(media_type: str, version: str) -> None:
    def says(devinf: DevInf) -> DevInf:
        taken = ContentType(media_type, version)
        return devinf._replace(man="nobody", mod="unheard of", datastores=tuple(
            store._replace(rx_pref=taken, rx=(), tx_pref=taken, tx=()) for store in devinf.datastores))
    hub = Hub({"contacts": (CARD,), "calendar": (), "tasks": (), "notes": ()})
    phone = Handset(find(user="nokia-s60"), says=says)
    phone.fine(hub)
    sent = [(one.meta.type, item.data) for way, message in hub.passed if way == "<-" for part in message.commands
            if isinstance(part, Sync) for one in part.commands if isinstance(one, (Add, Replace)) and one.meta
            for item in one.items]
    assert [kind for kind, _ in sent] == [media_type]
    assert f"VERSION:{version}\r\n".encode() in (sent[0][1] or b"")
