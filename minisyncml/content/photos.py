"""Photos made small enough for a phone, with Pillow where it is installed (`pip install minisyncml[photos]`). Our own
photo stays what it is.
"""

from __future__ import annotations

import binascii
from io import BytesIO
from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence

from minisyncml.content.cardlines import media_type, sorted_params
from minisyncml.content.lines import Property, is_binary

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 16_000_000     #: of a photo that is unpacked, to 48 MB; JPEGs are unpacked at a fraction of their size
CLOSE = 8                   #: shades of 256 by which each part of a photo may differ from the same one, on average
_SIDES = (1024, 640, 480, 320, 240, 160, 96, 64, 48, 32)    # pixels, of the longer one
_QUALITIES = (85, 70, 50)
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF"}
_READ = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
_KINDS = ("JPEG", "JPG", "PNG", "GIF", "BMP", "WBMP", "TIFF", "WEBP")       # words of peers that are about a format


def fit(data: bytes, limit: int, type: str = "image/jpeg") -> Optional[bytes]:
    """A photo in so many bytes: smaller in pixels and in quality, no smaller than it has to be.

    :param data: of any format that Pillow reads
    :param limit: bytes at most; 0: no bound
    :param type: media type that is wanted: JPEG, PNG or GIF
    :returns: the very data when it fits already; None when it cannot be made to fit, is broken, too large to be opened,
        or Pillow is not installed
    """
    wanted = _FORMATS.get(type.lower())
    if wanted is None or (media_type("PHOTO", [], _head(data)) == type.lower() and not 0 < limit < len(data)):
        return data if wanted else None
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return None
    try:
        with Image.open(BytesIO(data), formats=_READ) as opened:
            opened.draft("RGB", (_SIDES[0], _SIDES[0]))
            if opened.size[0] * opened.size[1] > MAX_PIXELS:
                return None
            if opened.mode in ("RGB", "RGBA", "L"):
                opened.thumbnail((_SIDES[0], _SIDES[0]))
            image = ImageOps.exif_transpose(opened)
            made = _smaller(_flat(image, wanted), wanted)
            return next((photo for photo in made if not limit or len(photo) <= limit), None)
    except Exception:   # a broken photo makes Pillow raise about anything, and it is left out for any reason
        return None


def fitted(each: Property, limit: int, types: "Sequence[str]" = ()) -> Optional[Property]:
    """A PHOTO or LOGO that a peer can hold.

    :param each: property of a hub
    :param limit: bytes at most; 0: no bound
    :param types: in capitals, such as `JPEG`; without one that names a format: any
    :returns: the very property when it fits already; None when it is to be left out
    """
    if not is_binary(each):
        return each
    words = sorted_params(each)[0]
    type = media_type("PHOTO", words, each.value)
    known = [f"image/{word.lower()}".replace("/jpg", "/jpeg") for word in types if word in _KINDS]
    suits = not known or type in known
    if suits and within(each, limit):
        return each
    wanted = next((one for one in ("image/jpeg", type, *known) if one in _FORMATS and (not known or one in known)), "")
    try:
        data = fit(binascii.a2b_base64(each.value), limit, wanted)
    except (binascii.Error, ValueError):
        return None
    if data is None:
        return None
    rest = [pair for pair in each.params if pair[0] not in ("", "TYPE", "ENCODING")]
    params = (("TYPE", _FORMATS[wanted]), *rest, ("ENCODING", "b"))
    return Property(each.name, binascii.b2a_base64(data, newline=False).decode("ascii"), params, each.group)


def within(each: Property, limit: int) -> bool:
    """Whether a photo is small enough.

    :param each: property of a hub, in base64
    :param limit: bytes at most; 0: no bound
    :returns: True when it is
    """
    return not limit or len(each.value) * 3 // 4 - 2 <= limit


def alike(one: Property, other: Property) -> bool:
    """Whether two photos show the same: phones make those they get smaller, or write them anew.

    :param one: PHOTO or LOGO of a hub
    :param other: another one
    :returns: False as well where Pillow is not installed
    """
    if not is_binary(one) or not is_binary(other):
        return False
    first, second = _thumbnail(one.value), _thumbnail(other.value)
    return bool(first) and bool(second) and sum(abs(a - b) for a, b in zip(first, second)) < len(first) * CLOSE


def _thumbnail(value: str) -> bytes:
    try:
        from PIL import Image
        data = binascii.a2b_base64(value)
        with Image.open(BytesIO(data), formats=_READ) as opened:
            if opened.size[0] * opened.size[1] > MAX_PIXELS:
                return b""
            opened.draft("L", (64, 64))
            return _flat(opened, "JPEG").convert("L").resize((16, 16), Image.Resampling.BOX).tobytes()
    except Exception:   # see :func:`fit`
        return b""


def _head(data: bytes) -> str:
    return binascii.b2a_base64(data[:30]).decode("ascii")


def _flat(image: "Image", wanted: str) -> "Image":
    """Without transparency, which phones show in black."""
    from PIL import Image
    if wanted != "JPEG":
        return image
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    return image if image.mode in ("RGB", "L") else image.convert("RGB")


def _smaller(image: "Image", wanted: str) -> "Iterator[bytes]":
    """The photo, ever smaller."""
    sides = [side for side in _SIDES if side < max(image.size)]
    for side in (max(image.size), *sides) if max(image.size) <= _SIDES[0] else sides:
        copy = image.copy()
        copy.thumbnail((side, side))
        for quality in _QUALITIES if wanted == "JPEG" else (0,):
            file = BytesIO()
            options: "dict[str, Any]" = {"quality": quality} if quality else {}
            copy.save(file, wanted, optimize=True, **options)
            yield file.getvalue()
