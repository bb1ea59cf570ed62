"""One property of a vCard as another version writes it: parameters, type sets, media. The hub is vCard 3.0.

What is done with that which cannot be said is not known here.
"""

from __future__ import annotations

from typing import Optional

from minisyncml.content.cardvalues import (
    DATE,
    KINDS,
    LIST,
    MEDIA,
    NAME,
    PLACE,
    PLAIN,
    STAMP,
    TEXT,
    ZONE,
    basic,
    extended,
    from_old,
    normal,
    offset,
    to_old,
)
from minisyncml.content.escapes import one_line
from minisyncml.content.form import Form
from minisyncml.content.lines import ENCODINGS, Property, is_binary

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/")
_PREFIX = {"PHOTO": "image/", "LOGO": "image/", "SOUND": "audio/", "KEY": "application/"}
_MEDIA_TYPES = {"PGP": "application/pgp-keys", "X509": "application/pkix-cert", "JPG": "image/jpeg",
                "WAVE": "audio/wav"}
_MEDIA_WORDS = {"application/pgp-keys": "PGP", "application/pkix-cert": "X509", "audio/wav": "WAVE"}
_NO_MEDIA = ("PREF", "HOME", "WORK")
_MAGIC = (("/9j/", "image/jpeg"), ("iVBOR", "image/png"), ("R0lGOD", "image/gif"), ("Qk", "image/bmp"),
          ("UklGR", "image/webp"))
#: value types that say nothing that the value does not
_USUAL = frozenset(("text", "date", "date-time", "date-and-or-time", "timestamp", "phone-number", "binary",
                    "utc-offset", "inline"))


def sorted_params(each: Property) -> "tuple[list[str], list[tuple[str, str]]]":
    """The types of a property, and its other parameters, without those that only say how the value was written.

    :param each: of any version
    :returns: types in capitals, in order, each once, PREF among them; the rest
    """
    words: "dict[str, None]" = {}
    rest = []
    for name, value in each.params:
        if name in ("", "TYPE"):
            for word in value.replace('"', "").upper().split(","):
                word = word.strip()
                if word and word not in ENCODINGS:
                    words[word] = None
        elif name == "PREF" and value == "1":
            words["PREF"] = None
        elif name not in ("CHARSET", "ENCODING"):
            rest.append((name, value))
    return list(words), rest


def _typed(words: "list[str]") -> "list[tuple[str, str]]":
    if not words:
        return []
    value = ",".join(words)
    return [("TYPE", value if _SAFE.issuperset(value.replace(",", "")) else f'"{value}"')]


def _kind(each: Property, binary: bool) -> "Optional[int]":
    kind = KINDS.get(each.name)
    if kind != MEDIA or binary:
        return kind
    if (each.param("VALUE") or "").upper() in ("URI", "URL", "CID", "CONTENT-ID") or "://" in each.value[:12]:
        return PLAIN
    return NAME if each.name == "SOUND" else TEXT       # SOUND;X-IRMC-N is how a name is read aloud


def _embedded(each: Property) -> Property:
    """A `data:` URI as base64."""
    media, found, value = each.value[5:300].partition(";base64,")
    if not found or ";" in media:
        return each
    media = media.strip().lower()
    word = _MEDIA_WORDS.get(media)
    if word is None:
        word = (media[len(_PREFIX[each.name]):] if media.startswith(_PREFIX[each.name]) else media).upper()
    words, rest = sorted_params(each)
    words = [one for one in words if one in _NO_MEDIA]
    rest = [pair for pair in rest if pair[0] not in ("VALUE", "MEDIATYPE")]
    params = (*_typed([word, *words] if word else words), *rest, ("ENCODING", "b"))
    value = each.value[each.value.index(found) + len(found):]
    return Property(each.name, "".join(value.split()), params, each.group)


def mended(each: Property) -> Property:
    """A property of a vCard 3.0 that is written as in 2.1 (bare types, quoted-printable), as some phones do.

    :param each: as it was read
    :returns: a proper one, or the same when it is that
    """
    for name, value in each.params:
        if not name or name == "CHARSET" or name == "ENCODING" and value.upper() != "B":
            break
    else:
        return each
    binary = is_binary(each)
    words, rest = sorted_params(each)
    value = each.value
    if binary:
        value, rest = "".join(value.split()), [*rest, ("ENCODING", "b")]
    else:
        value = one_line(value)
    return Property(each.name, value, (*_typed(words), *rest), each.group)


def from_21(each: Property) -> "tuple[Property, bool]":
    """A property of vCard 2.1 for the hub.

    :param each: as it was read
    :returns: the property, and that all is in it
    """
    name, value, params = each.name, each.value, each.params
    if not params:
        return Property(name, from_old(_kind(each, False), value, False), (), each.group), True
    binary = is_binary(each)
    words, rest = sorted_params(each)
    rest = [(key, "uri" if key == "VALUE" and text.upper() == "URL" else text) for key, text in rest
            if key != "VALUE" or text.lower() not in _USUAL]
    if binary:
        value, rest = "".join(value.split()), [*rest, ("ENCODING", "b")]
    else:
        quoted = any(text.upper() == "QUOTED-PRINTABLE" for _, text in params)
        value = from_old(_kind(each, False), value, quoted)
    return Property(name, value, (*_typed(words), *rest), each.group), True


def to_21(each: Property, form: Form) -> "tuple[Optional[Property], bool]":
    """A property of the hub for vCard 2.1.

    :param each: of the hub
    :param form: how the receiver wants items: one that tells what it keeps gets no parameters but its own
    :returns: the property, None when it cannot be said at all; and whether all is in it
    """
    if each.name in _PREFIX and each.value[:5].lower() == "data:":
        each = _embedded(each)
    binary = bool(each.params) and is_binary(each)
    kind = _kind(each, binary)
    value, whole = each.value, True
    if kind == DATE and _partial(each) or each.name == "AGENT" and "BEGIN:VCARD" in each.value.upper():
        return None, False
    if not binary:
        value = to_old(kind, each.value)
        if "\\" in value or "\\" in each.value or kind in (None, NAME) and "," in value or (
                kind in (None, LIST) and ";" in value):
            whole = normal(kind, from_old(kind, value, False)) == normal(kind, each.value)
    if not each.params:
        return Property(each.name, value, (), each.group), whole
    words, rest = sorted_params(each)
    params = [("", word) for word in words if _SAFE.issuperset(word)]
    whole = whole and len(params) == len(words)
    for key, text in rest:
        if key == "VALUE":
            params += [("VALUE", "URL" if text.upper() == "URI" else text)] if text.lower() not in _USUAL else []
        elif _SAFE.issuperset(text) and (form.caps is None or key == "LANGUAGE" or key in form.params):
            params.append((key, text))
        else:
            whole = False
    if binary:
        params.append(("ENCODING", "BASE64"))
    return Property(each.name, value, tuple(params), each.group), whole


def _partial(each: Property) -> bool:
    """A date without a year or a day: a phone would take it for another one."""
    plain = each.value.strip()
    return (plain[:2] == "--" or plain.isdigit() and len(plain) in (4, 6) or len(plain) == 7 and plain[4] == "-"
            or each.param("X-APPLE-OMIT-YEAR") is not None)


def from_40(each: Property) -> "tuple[Property, bool]":
    """A property of vCard 4.0 for the hub.

    :param each: as it was read, ADR without its LABEL
    :returns: the property, and whether all is in it
    """
    kind, value = KINDS.get(each.name), each.value
    if kind == MEDIA and value[:5].lower() == "data:":
        made = _embedded(each)
        return (made if made is not each else each._replace(params=(*each.params, ("VALUE", "uri")), raw=b"")), True
    words, rest = sorted_params(each) if each.params else ([], [])
    whole = True
    if each.name == "TEL" and value[:4].lower() == "tel:":
        value, more, _ = value[4:].partition(";")
        whole = not more
        rest = [pair for pair in rest if pair[0] != "VALUE"]
    elif kind in (DATE, STAMP):
        value = extended(value, True)
    elif kind == PLACE and value[:4].lower() == "geo:":
        value, more, _ = value[4:].partition(";")
        value, whole = value.replace(",", ";"), not more
    elif kind == ZONE and value[:1] in ("+", "-"):
        value = offset(value, ":")
        rest = [pair for pair in rest if pair[0] != "VALUE"]
    elif kind == MEDIA and is_binary(each):
        value, rest = "".join(value.split()), [*rest, ("ENCODING", "b")]
    elif kind == MEDIA and each.param("VALUE") is None and "://" in value[:12]:
        rest.append(("VALUE", "uri"))
    return Property(each.name, value, (*_typed(words), *rest), each.group), whole


def to_40(each: Property, form: Form) -> "tuple[Optional[Property], bool]":
    """A property of the hub for vCard 4.0.

    :param each: of the hub
    :param form: not asked
    :returns: the property, None when it cannot be said at all; and whether all is in it
    """
    if each.name == "AGENT" and "BEGIN:VCARD" in each.value.upper():
        return None, False
    kind, value = KINDS.get(each.name), each.value
    words, rest = sorted_params(each) if each.params else ([], [])
    if kind == MEDIA and is_binary(each):
        value = f"data:{media_type(each.name, words, value)};base64,{value}"
        words = [word for word in words if word in _NO_MEDIA]
    elif kind == MEDIA:
        rest = [pair for pair in rest if pair != ("VALUE", "uri")]
    elif kind in (DATE, STAMP):
        value = basic(value)
    elif kind == PLACE:
        value = "geo:" + value.replace(" ", "").replace(";", ",")
    elif kind == ZONE and value[:1] in ("+", "-"):
        value, rest = offset(value, ""), [*(pair for pair in rest if pair[0] != "VALUE"), ("VALUE", "utc-offset")]
    if "PREF" in words:
        words.remove("PREF")
        rest.insert(0, ("PREF", "1"))
    typed = _typed(words)
    if typed:
        text = typed[0][1].lower()
        rest.insert(0, ("TYPE", f'"{text}"' if "," in text and text[0] != '"' else text))
    return Property(each.name, value, tuple(rest), each.group), True


def media_type(name: str, words: "list[str]", value: str) -> str:
    """The media type of what is embedded.

    :param name: PHOTO, LOGO, SOUND or KEY
    :param words: its types, in capitals
    :param value: base64: where no type is given its first bytes decide
    :returns: a media type
    """
    word = next((word for word in words if word not in _NO_MEDIA), "")
    if not word:
        found = next((media for magic, media in _MAGIC if value.startswith(magic)), "")
        return found if found.startswith(_PREFIX[name]) else "application/octet-stream"
    if "/" in word:
        return word.lower()
    return _MEDIA_TYPES.get(word, _PREFIX[name] + word.lower())


def meaning(each: Property) -> "tuple[object, ...]":
    """What a property says, in whatever way it is written.

    :param each: of the hub
    :returns: equal for two that say the same
    """
    if each.name in _PREFIX and each.value[:5].lower() == "data:":
        each = _embedded(each)
    binary = is_binary(each)
    words, rest = sorted_params(each)
    if binary and not any(word not in _NO_MEDIA for word in words):
        media = media_type(each.name, words, each.value) if each.name in _PREFIX else ""
        words = [*words, media.rpartition("/")[2].upper()]
    said = sorted(pair for pair in rest if pair[0] != "VALUE" or pair[1].lower() not in _USUAL)
    value = "".join(each.value.split()) if binary else normal(_kind(each, False), each.value)
    return each.group.upper(), each.name, sorted(words), said, binary, value
