"""The recorded sessions of sync4j on PocketPC: its contacts come in SIF-C, each in base64 by itself, and are kept as
vCards that say the same. Played word for word to a hub.
"""

from __future__ import annotations

from typing import Iterator

import pytest
from helpers import SHARED
from hub import Hub
from interop import recorded

from minisyncml.content import elements
from minisyncml.content.formats import hub
from minisyncml.transport.base import Packet

FOLDER = SHARED / "corpus" / "sessions" / "sync4j-pocketpc-contacts"
SAID = {"EMAIL": ("Email1Address", "Email2Address", "Email3Address"),
        "TEL": ("HomeTelephoneNumber", "BusinessTelephoneNumber", "MobileTelephoneNumber", "HomeFaxNumber")}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no recorded sessions in {FOLDER}")


def contacts(request: bytes) -> "Iterator[dict[str, str]]":
    """What the items of a message say, by element."""
    for command in recorded.commands(request):
        if command.name in ("Add", "Replace"):
            for body in command.bodies:
                yield {each.name: each.text for each in elements.read_elements(body, "contact")}


def test_sif_contacts_in_base64_become_cards() -> None:
    there = Hub({"contacts": (), "notes": (), "calendar": (), "tasks": ()})
    seen = 0
    for session in recorded.sessions(FOLDER):
        for exchange in session:
            assert there.handle(Packet(recorded.XML, exchange.request), "192.0.2.1") is not None
            cards = [hub(body, "text/vcard")[1] for body in there.bodies("contacts")]
            for said in contacts(exchange.request):
                seen += 1
                wanted = {said[name] for names in SAID.values() for name in names if said.get(name)}
                name = {said["FirstName"], said["LastName"]}
                [card] = [card for card in cards for each in card
                          if each.name == "N" and set(each.value.split(";")) | {""} == name | {""}]
                assert wanted <= {each.value for each in card if each.name in SAID}
    assert seen == 3
    assert all(body.startswith(b"BEGIN:VCARD\r\nVERSION:3.0\r\n") for body in there.bodies("contacts"))
