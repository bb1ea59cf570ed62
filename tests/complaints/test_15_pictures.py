"""Complaint 15: contact pictures are not transferred to the phone."""

from __future__ import annotations

import base64
from io import BytesIO

import pytest
from hub import Handset, Hub, change

from minisyncml.content.formats import hub
from minisyncml.content.lines import Property, parse, write
from minisyncml.profile import find

Image = pytest.importorskip("PIL.Image")
PROFILES = ("nokia-s60", "nokia-s40", "nokia-7210c", "sony-ericsson-w595", "siemens-sx1", "synthesis", "syncevolution")


def photo(side: int) -> bytes:
    file = BytesIO()
    Image.effect_noise((side, side), 60).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def card(data: bytes) -> str:
    frame = parse(b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:0123456789abcdef@example.org\r\nN:Doe;Joan;;;\r\nFN:Joan Doe\r\n"
                  b"TEL;TYPE=CELL:+49 1\r\nEND:VCARD\r\n")
    picture = Property("PHOTO", base64.b64encode(data).decode(), (("TYPE", "JPEG"), ("ENCODING", "b")))
    return write([*frame[:-1], picture, frame[-1]], False).decode()


def picture_of(body: bytes) -> bytes:
    return next((base64.b64decode(each.value) for each in hub(body, "text/vcard")[1] if each.name == "PHOTO"), b"")


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("side", [30, 500])
def test_a_picture_reaches_the_phone_and_ours_stays_as_it_is(name: str, side: int) -> None:
    data = photo(side)
    there, phone = Hub({"contacts": (card(data),), "calendar": (), "tasks": (), "notes": ()}), Handset(find(user=name))
    phone.fine(there)
    [item] = phone.items("contacts")
    shown = picture_of(item.body)
    assert shown[:2] == b"\xff\xd8"
    with Image.open(BytesIO(shown)) as image:
        assert image.size[0] == image.size[1] <= side
    assert phone.quiet(there)
    change(phone.stores[phone.name("contacts")], item, item.body.replace(b"Joan", b"Jane"))
    phone.fine(there)
    [ours] = there.bodies("contacts")
    assert b"Jane" in ours and picture_of(ours) == data
    assert phone.quiet(there)


@pytest.mark.parametrize("name", PROFILES)
def test_a_picture_taken_with_the_phone_comes_to_us(name: str) -> None:
    data = photo(40)
    there, phone = Hub({"contacts": (card(photo(30)),), "calendar": (), "tasks": (), "notes": ()}), \
        Handset(find(user=name))
    phone.fine(there)
    [item] = phone.items("contacts")
    old = [each for each in parse(item.body) if each.name == "PHOTO"][0]
    new = base64.b64encode(data).decode()
    found = [each if each.name != "PHOTO" else old._replace(value=new, raw=b"") for each in parse(item.body)]
    change(phone.stores[phone.name("contacts")], item, write(found, b"VERSION:2.1" in item.body))
    phone.fine(there)
    assert picture_of(there.bodies("contacts")[0]) == data
    assert phone.quiet(there)
