"""An emulated phone that is woken: again and again in the same words, and after it said no."""

from __future__ import annotations

import pytest

from minisyncml.errors import ObexError
from minisyncml.gateway.emulator import Emulator, phone_stores
from minisyncml.message import document
from minisyncml.notify import base, san
from minisyncml.notify.base import Notification, Wanted
from minisyncml.profile import DEFAULT, find
from minisyncml.transport.base import WBXML, XML, Packet


def wish(*uris: str, server: str = DEFAULT.server_id) -> Packet:
    return Packet(base.PACKET, san.build(Notification(server, tuple(map(Wanted, uris)), "7")))


def test_the_same_words_begin_another_session_when_the_first_is_over() -> None:
    phone = Emulator(phone_stores())
    for _ in range(2):
        received, order = phone.accept(wish("Contacts"))
        _, first = phone.begin(order)
        assert first is not None and document.parse(first.body).header.session_id == "7"
        with pytest.raises(ObexError, match="already"):
            phone.accept(wish("Contacts"))
        phone.inbox.ended(received, 0.0)


@pytest.mark.parametrize("refused", [wish("Cookbook"), wish("Contacts", server="nobody")])
def test_a_refusal_is_the_same_each_time(refused: Packet) -> None:
    phone = Emulator(phone_stores())
    said = []
    for _ in range(2):
        with pytest.raises(ObexError) as caught:
            phone.accept(refused)
        said.append((caught.value.code, str(caught.value)))
    assert said[0] == said[1] and "already" not in said[0][1]


@pytest.mark.parametrize("profile, wanted, given", [
    ("", WBXML, WBXML), ("", XML, XML), ("nokia-s60", XML, WBXML)])
def test_the_first_message_is_in_the_encoding_that_is_asked_for(profile: str, wanted: str, given: str) -> None:
    values = find(user=profile)
    phone = Emulator(phone_stores(values), values)
    _, order = phone.accept(wish("Contacts", server=values.server_id))
    _, first = phone.begin(order, wanted)
    assert first is not None and first.content_type == given
