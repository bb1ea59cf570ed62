"""vCards of one version made into those of another (vCard 2.1; RFC 2426; RFC 6350). Properties only; no item is judged.

What the other version cannot say stands behind its property in X-MINISYNCML-KEPT and comes back on return, unless
somebody changed the property in between.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, Sequence

from minisyncml.content.lines import Property, is_binary, parse, write
from minisyncml.errors import ItemError

VERSIONS = ("2.1", "3.0", "4.0")
KEPT = "X-MINISYNCML-KEPT"
_STRUCTURED = ("N", "ADR", "ORG")
_LISTS = ("CATEGORIES", "NICKNAME")
_VERBATIM = ("TEL", "EMAIL", "URL", "BDAY", "REV", "UID", "GEO", "TZ", "PHOTO", "LOGO", "SOUND", "KEY", "IMPP")
_MEDIA = {"PHOTO": "image/", "LOGO": "image/", "SOUND": "audio/", "KEY": "application/"}


class _Meaning(NamedTuple):
    """What a property says, in no version's words."""

    group: str
    name: str
    types: "tuple[str, ...]"                # in capitals, sorted, PREF among them
    params: "tuple[tuple[str, str], ...]"
    fields: "tuple[tuple[str, ...], ...]"   # components, each a list
    binary: bool


def convert(body: bytes, to: str, charset: str = "utf-8") -> bytes:
    """Make a vCard of another version.

    :param body: one vCard of any version
    :param to: one of :data:`VERSIONS`
    :param charset: of values that name none
    :returns: the card; as it is when it has that version already
    :raises ItemError: when it is no vCard, too large, or has something in it that would get lost
    """
    lines = parse(body, charset)
    found = [each for each in lines if each.name]
    if not found or (found[0].name, found[0].value.strip().upper()) != ("BEGIN", "VCARD"):
        raise ItemError("this is no vCard")
    version = next((each.value.strip() for each in found if each.name == "VERSION"), "2.1")
    source = version if version in VERSIONS else "3.0"
    if version == to:
        return body
    if sum(each.name == "BEGIN" for each in found) > 1:
        raise ItemError("there is a card in this card (AGENT), which cannot be converted")
    if any(each.raw.strip() for each in lines if not each.name):
        raise ItemError("a line in it has no name, and would get lost")
    inner = [each for each in found if each.name not in ("BEGIN", "END", "VERSION")]
    done = list(_named(list(_converted(inner, source, to)), to))
    frame = [Property("BEGIN", "VCARD"), Property("VERSION", to), *done, Property("END", "VCARD")]
    return write(frame, to == "2.1")


def _converted(found: "Sequence[Property]", source: str, to: str) -> "Iterator[Property]":
    for at, each in enumerate(found):
        if each.name == KEPT:
            continue
        after = found[at + 1] if at + 1 < len(found) else each
        origin, was = _before(each, after, source) if after.name == KEPT else (each, source)
        if was == to:
            yield origin._replace(raw=b"")
            continue
        meant = _read(origin, was)
        made = _write(meant, to)
        yield made
        if not meant.binary and _read(made, to) != meant:
            yield _aside(origin, was, to)


def _before(each: Property, kept: Property, source: str) -> "tuple[Property, str]":
    """What a property was before an earlier conversion, when it is still what that made of it."""
    text = kept.value if source == "2.1" else _unescaped(kept.value)
    was, _, line = text.partition(" ")
    if was in VERSIONS and was != source:
        for origin in parse(line.encode("utf-8")):
            if was == "2.1":
                origin = origin._replace(value=_unescaped(origin.value))
            if origin.name and _read(_write(_read(origin, was), source), source) == _read(each, source):
                return origin, was
    return each, source


def _aside(each: Property, was: str, to: str) -> Property:
    params = tuple(pair for pair in each.params if pair[0] not in ("CHARSET", "ENCODING")
                   and pair[1].upper() != "QUOTED-PRINTABLE")
    lines = write([each._replace(raw=b"", params=params, value=_escaped(each.value) if was == "2.1" else each.value)],
                  False).decode("utf-8")
    text = f"{was} " + lines.replace("\r\n ", "").rstrip("\r\n")
    return Property(KEPT, text if to == "2.1" else _escaped(text))


def _read(each: Property, version: str) -> _Meaning:
    old = version == "2.1"
    types, params = _types(each)
    value, binary = each.value.replace("\r\n", "\n") if old else each.value, is_binary(each)
    if each.name in _VERBATIM:
        value = " ".join(value.splitlines())    # a line break here could begin a property of its own
    if each.name in _MEDIA and value[:5].lower() == "data:" and ";base64," in value[:200]:
        media, _, value = value[5:].partition(";base64,")
        types, binary = {*types, media.rpartition("/")[2].upper()}, True
    if each.name == "BDAY" and len(value) == 10 and value[4] == value[7] == "-":
        value = value.replace("-", "")
    if binary or each.name in _VERBATIM:
        fields: "tuple[tuple[str, ...], ...]" = ((value,),)
    elif each.name in _STRUCTURED:
        fields = tuple((_unescaped_old(part),) if old else tuple(map(_unescaped, _split(part, ",")))
                       for part in _split(value, ";"))
        while len(fields) > 1 and fields[-1] == ("",):
            fields = fields[:-1]
    elif each.name in _LISTS:
        fields = (tuple(value.split(",")) if old else tuple(map(_unescaped, _split(value, ","))),)
    else:
        fields = ((value if old else _unescaped(value),),)
    return _Meaning(each.group, each.name, tuple(sorted(types)), tuple(sorted(params)), fields, binary)


def _types(each: Property) -> "tuple[set[str], list[tuple[str, str]]]":
    types: "set[str]" = set()
    params = []
    for name, value in each.params:
        if name == "PREF" and value == "1":
            types.add("PREF")
        elif name in ("", "TYPE"):
            types.update(word.strip().upper() for word in value.strip('"').split(",") if word.strip())
        elif name not in ("CHARSET", "ENCODING"):
            params.append((name, value))
    return types - {"QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"}, params


def _write(meant: _Meaning, to: str) -> Property:
    types, params = list(meant.types), list(meant.params)
    value = meant.fields[0][0]
    if meant.binary and to == "4.0" and meant.name in _MEDIA:
        media = next((word for word in types if word != "PREF"), "JPEG" if _MEDIA[meant.name] == "image/" else "")
        types = [word for word in types if word == "PREF"]
        value = f"data:{_MEDIA[meant.name]}{(media or 'octet-stream').lower()};base64,{value}"
    elif meant.binary:
        params.append(("ENCODING", "BASE64" if to == "2.1" else "b"))
    elif meant.name not in _VERBATIM:
        value = _joined(meant, to)
    if to == "4.0" and "PREF" in types:
        types.remove("PREF")
        params.append(("PREF", "1"))
    if to == "2.1":
        params = [("", word) for word in types] + params
    elif types:
        params.insert(0, ("TYPE", f'"{",".join(types)}"' if to == "4.0" and len(types) > 1 else ",".join(types)))
    return Property(meant.name, value, tuple(params), meant.group)


def _joined(meant: _Meaning, to: str) -> str:
    if to != "2.1":
        return ";".join(",".join(map(_escaped, field)) for field in meant.fields)
    if meant.name in _STRUCTURED:
        return ";".join(",".join(field).replace("\\", "\\\\").replace(";", "\\;") for field in meant.fields)
    return ",".join(meant.fields[0])


def _named(found: "list[Property]", to: str) -> "Iterator[Property]":
    """Add the names that a version demands: FN (3.0 and 4.0), N (2.1 and 3.0)."""
    names = {each.name: each for each in found}
    if "N" in names and "FN" not in names and to != "2.1":
        fields = [" ".join(field) for field in _read(names["N"], to).fields]
        order = [fields[at] for at in (3, 1, 2, 0, 4) if at < len(fields) and fields[at]]
        yield Property("FN", _escaped(" ".join(order)))
    if "N" not in names and "FN" in names and to != "4.0":
        meant = _read(names["FN"], to)
        yield _write(meant._replace(name="N", group="", params=(), types=()), to)
    yield from found


def _split(text: str, sign: str) -> "list[str]":
    """Cut at a sign that no backslash stands before."""
    if "\\" not in text:
        return text.split(sign)
    parts: "list[str]" = []
    start = at = 0
    while at < len(text):
        if text[at] == sign:
            parts.append(text[start:at])
            start = at + 1
        at += 2 if text[at] == "\\" else 1
    return [*parts, text[start:]]


def _escaped(text: str) -> str:
    for sign, word in (("\\", "\\\\"), ("\r\n", "\n"), ("\r", "\n"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
        text = text.replace(sign, word)
    return text


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    parts = text.split("\\\\")
    for sign, word in (("\\n", "\n"), ("\\N", "\n"), ("\\,", ","), ("\\;", ";"), ("\\:", ":")):
        parts = [part.replace(sign, word) for part in parts]
    return "\\".join(parts)


def _unescaped_old(text: str) -> str:
    return "\\".join(part.replace("\\;", ";") for part in text.split("\\\\"))
