"""Photos in the bounds of a phone."""

from __future__ import annotations

import base64
import sys
from io import BytesIO

import pytest
from content.samples_contacts import card
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content.form import Cap, Form
from minisyncml.content.lines import Property, parse, write
from minisyncml.content.photos import MAX_PIXELS, alike, fit, fitted
from minisyncml.content.view import View

Image = pytest.importorskip("PIL.Image")


def photo(width: int = 400, height: int = 300, type: str = "JPEG", mode: str = "RGB") -> bytes:
    image = Image.effect_noise((width, height), 60).convert(mode)
    file = BytesIO()
    image.save(file, type)
    return file.getvalue()


def card_photo(data: bytes, type: str) -> Property:
    return Property("PHOTO", base64.b64encode(data).decode(), (("TYPE", type), ("ENCODING", "b")))


@pytest.mark.parametrize("type, mode", [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("GIF", "P"), ("BMP", "RGB"),
                                        ("PNG", "LA"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "1")])
@pytest.mark.parametrize("limit", [2_000, 8_000, 20_000])
def test_a_photo_is_made_to_fit(type: str, mode: str, limit: int) -> None:
    made = fit(photo(type=type, mode=mode), limit)
    assert made is not None and len(made) <= limit
    with Image.open(BytesIO(made)) as image:
        assert image.format == "JPEG" and abs(image.size[0] * 3 - image.size[1] * 4) <= 4


def test_no_smaller_than_it_has_to_be() -> None:
    data = photo()
    small, large = fit(data, 3_000), fit(data, 12_000)
    assert small is not None and large is not None and len(small) <= 3_000 < len(large) <= 12_000
    assert fit(data, 0) is data and fit(data, len(data)) is data


@pytest.mark.parametrize("type", ["image/png", "image/gif", "image/jpeg"])
def test_the_format_of_the_phone(type: str) -> None:
    made = fit(photo(90, 60, "BMP"), 0, type)
    assert made is not None
    with Image.open(BytesIO(made)) as image:
        assert Image.MIME[image.format] == type and image.size == (90, 60)
    assert fit(photo(), 5_000, "image/x-odd") is None


def test_what_cannot_be_made_to_fit_is_left_out() -> None:
    assert fit(photo(), 100) is None
    assert fit(b"no photo", 5) is None and fit(b"", 0) is None
    assert fit(photo()[:2_000] + b"\0" * 9_000, 9_000, "image/png") is None


def test_bombs_are_not_opened() -> None:
    side = int(MAX_PIXELS ** 0.5) + 10
    file = BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    assert fit(file.getvalue(), 1_000) is None


@given(noise=st.binary(max_size=40), at=st.integers(0, 2_000), cut=st.integers(0, 2_000))
@settings(max_examples=100, deadline=None)
def test_broken_photos(noise: bytes, at: int, cut: int) -> None:
    for data in PHOTOS:
        made = fit(data[:at] + noise + data[cut:], 1_500)
        assert made is None or len(made) <= 1_500


PHOTOS = [photo(60, 60, type) for type in ("JPEG", "PNG", "GIF")]


def test_a_photo_of_a_real_camera() -> None:
    file = BytesIO()
    Image.new("RGB", (6_000, 4_000), "teal").save(file, "JPEG")
    made = fit(file.getvalue(), 50_000)
    assert made is not None and len(made) <= 50_000
    with Image.open(BytesIO(made)) as image:
        assert image.size[0] == 1_024


def test_a_property_of_a_card() -> None:
    data = photo(type="PNG")
    each = card_photo(data, "PNG")
    assert fitted(each, 0) is each and fitted(each, len(data), ("PNG", "JPEG")) is each
    made = fitted(each, 6_000, ("JPEG",))
    assert made is not None and made.param("TYPE") == "JPEG" and len(base64.b64decode(made.value)) <= 6_000
    assert fitted(each, 6_000, ("WBMP",)) is None and fitted(each, 50) is None
    assert fitted(each, 0, ("HOME", "PREF")) is each
    for types, made_as in (((), "JPEG"), (("GIF", "PNG", "JPEG"), "JPEG"), (("GIF", "PNG"), "PNG")):
        made = fitted(card_photo(photo(90, 60, "PNG"), "PNG"), 3_000, types)     # of which PNG says less
        assert made is not None and made.param("TYPE") == made_as and len(base64.b64decode(made.value)) <= 3_000
    linked = Property("PHOTO", "http://a/b.jpg", (("VALUE", "uri"),))
    assert fitted(linked, 10) is linked
    assert fitted(card_photo(b"", "JPEG")._replace(value="A" * 401 + "=="), 10) is None


def test_several_in_one_card_share_the_room() -> None:
    data = base64.b64encode(photo()).decode()
    lines = "".join(f"{name};ENCODING=b;TYPE=JPEG:{data}\r\n" for name in ("PHOTO", "LOGO"))
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nN:;Ada\r\n{lines}END:VCARD\r\n".encode()
    form = Form("text/x-vcard", "2.1", photo=3_000)
    _, body = View(form, Form("text/vcard", "3.0")).sent("text/vcard", card)
    assert body.count(b"BASE64") == 2 and len(body) < 3_000 * 4 // 3 + 400
    _, body = View(form._replace(caps=(Cap("PHOTO"),)), Form("text/vcard", "3.0")).sent("text/vcard", card)
    assert body.count(b"BASE64") == 1 and len(body) > 3_000


def test_without_pillow_what_does_not_fit_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    data = photo()
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert fit(data, 5_000) is None and fit(data, len(data)) is data


def test_a_photo_that_is_too_large_goes_out_smaller_and_ours_stays() -> None:
    mine = card(("NOTE:a",))[:-len(b"END:VCARD\r\n")]
    mine += write([card_photo(photo(), "JPEG"), Property("END", "VCARD")], False)
    view = View(Form("text/x-vcard", "2.1", photo=4_000), Form("text/vcard", "3.0"))
    type, far = view.sent("text/vcard", mine)
    sent = next(each for each in parse(far) if each.name == "PHOTO")
    assert type == "text/x-vcard" and 1_000 < len(base64.b64decode(sent.value)) <= 4_000
    changed = far.replace(b"NOTE:a", b"NOTE:b")
    assert view.updated("text/vcard", mine, view.shadow(type, far), type, far) == mine
    assert view.updated("text/vcard", mine, view.shadow(type, far), type, changed) == mine.replace(b"NOTE:a", b"NOTE:b")
    assert view.same("text/vcard", mine, type, far)


def test_a_photo_that_a_phone_writes_anew_is_no_other_one() -> None:
    def shape(width: int, height: int, quality: int, at: int) -> bytes:
        image, file = Image.new("RGB", (200, 160), "white"), BytesIO()
        image.paste("black", (at, 20, at + 60, 120))
        image.resize((width, height)).save(file, "JPEG", quality=quality)
        return file.getvalue()

    ours, small, other = shape(400, 320, 90, 20), shape(80, 64, 60, 20), shape(80, 64, 60, 110)
    pairs = [card_photo(data, "JPEG") for data in (ours, small, other)]
    assert alike(pairs[0], pairs[1]) and not alike(pairs[0], pairs[2])
    assert not alike(pairs[0], Property("PHOTO", "http://example.org/a.jpg"))
    mine, shrunk, another = (card((f"PHOTO;ENCODING=b;TYPE=JPEG:{base64.b64encode(data).decode()}",))
                             for data in (ours, small, other))
    view = View(Form("text/x-vcard", "2.1", photo=3000), Form("text/vcard", "3.0"))
    type, body = view.sent("text/vcard", mine)
    shadow = view.shadow(type, body)
    for card_, same in ((shrunk, True), (another, False)):
        theirs = view.sent("text/vcard", card_)[1]
        made = view.updated("text/vcard", mine, shadow, type, theirs)
        assert (made == mine) is same and view.same("text/vcard", mine, type, theirs) is same
        assert same or base64.b64encode(other) in made.replace(b"\r\n ", b"")
        assert view.merged("text/vcard", mine, b"", type, theirs) == mine
