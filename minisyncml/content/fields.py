"""The properties of an item as fields that can be compared: what a person would call the same is equal.

Works on the hubs of :mod:`minisyncml.content.formats`. What to do about a difference is not decided here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple, Optional, Sequence

from minisyncml.content.components import ITEMS
from minisyncml.content.escapes import split, unescaped
from minisyncml.content.form import KEPT
from minisyncml.content.keys import UNSAID
from minisyncml.content.lines import Property, behind, is_binary, type_words
from minisyncml.content.people import address
from minisyncml.content.times import parse_duration, tzid
from minisyncml.digest import digest

DIGEST = "x-digest:"            #: stands in a shadow for a photo
IGNORED = UNSAID | {KEPT}
STRUCTURED = frozenset(("N", "ADR", "ORG"))
LISTS = frozenset(("CATEGORIES", "NICKNAME", "EXDATE", "RDATE", "RESOURCES"))
SETS = LISTS | {"TEL", "EMAIL", "ADR", "URL", "IMPP", "LABEL", "ATTENDEE", "ATTACH", "COMMENT", "CONTACT", "RELATED-TO",
                "RELATED", "MEMBER", "LANG", "KEY", "EXRULE", "VALARM", "X-ABLABEL", "X-ABRELATEDNAMES"}
MEDIA = frozenset(("PHOTO", "LOGO", "SOUND"))
DATES = frozenset(("BDAY", "ANNIVERSARY", "DTSTART", "DTEND", "DUE", "COMPLETED", "RECURRENCE-ID", "EXDATE", "RDATE",
                   "REV", "LAST-MODIFIED"))
MOMENTS = frozenset(("DTSTART", "DTEND", "DUE", "EXDATE", "RDATE"))
_DAYS = frozenset(("BDAY", "ANNIVERSARY"))
_USUAL = {"TEL": frozenset(("VOICE",)), "EMAIL": frozenset(("INTERNET",)),
          "ADR": frozenset(("INTL", "POSTAL", "PARCEL"))}
#: what is meant where nothing is said
_DEFAULTS = {"PRIORITY": "0", "CLASS": "PUBLIC", "TRANSP": "OPAQUE", "PERCENT-COMPLETE": "0", "STATUS": "NEEDS-ACTION"}
_NONE: "frozenset[str]" = frozenset()


class Whole:
    """A property that holds a list; each part of it is a unit."""

    __slots__ = ("lines", "texts")

    def __init__(self, lines: "tuple[Property, ...]", texts: "tuple[str, ...]") -> None:
        self.lines, self.texts = lines, texts


class Unit(NamedTuple):
    """A field with the lines that say it; or lines that say nothing (`name` is empty), as the frame."""

    path: str                           #: component: `VEVENT`, `VEVENT 20060406T163000Z`; empty in a contact
    name: str
    value: str                          #: as it is compared; empty: as if it were not there
    types: "frozenset[str]"
    lines: "tuple[Property, ...]"       #: the property and what is kept behind it, or all of an alarm
    whole: Optional[Whole] = None       #: the list that it is a part of

    @property
    def key(self) -> "tuple[str, str]":
        """Component and name."""
        return self.path, self.name

    @property
    def exception(self) -> bool:
        """Whether it belongs to one occurrence of a series."""
        return " " in self.path and " #" not in self.path


def units(found: "Sequence[Property]") -> "list[Unit]":
    """The fields of an item.

    :param found: properties of a hub
    :returns: units in order; :func:`flat` puts them together again
    """
    made: "list[Unit]" = []
    seen: "dict[str, int]" = {}
    calendar = bool(found) and found[0].name == "BEGIN" and found[0].value.strip().upper() == "VCALENDAR"
    at = 0
    while at < len(found):
        each = found[at]
        if each.name != "BEGIN" or (calendar and at == 0):
            made += [Unit("", "", "", _NONE, (each,))] if calendar or not each.name else _property(found, at, "")
            at += 1 if calendar or not each.name else _length(found, at)
            continue
        end = behind(found, at) or len(found)
        kind = each.value.strip().upper()
        if kind == "VTIMEZONE":
            made.append(Unit(kind, "", "", _NONE, tuple(found[at:end])))
        else:
            path = _path(kind, found[at:end]) if kind in ITEMS else ""
            seen[path] = seen.get(path, 0) + 1
            made += _component(found[at:end], path if seen[path] == 1 else f"{path} #{seen[path]}")
        at = end
    return made


def flat(fields: "Sequence[Unit]") -> "list[Property]":
    """The properties of units.

    :param fields: parts of one list stand together
    :returns: a list that is as it was is the very property
    """
    made: "list[Property]" = []
    at = 0
    while at < len(fields):
        whole = fields[at].whole
        if whole is None:
            made += fields[at].lines
            at += 1
            continue
        end = at
        while end < len(fields) and fields[end].whole is whole:
            end += 1
        texts = tuple(unit.lines[0].value for unit in fields[at:end])
        made += whole.lines if texts == whole.texts else (whole.lines[0]._replace(value=",".join(texts), raw=b""),)
        at = end
    return made


def groups(fields: "Sequence[Unit]") -> "dict[tuple[str, str], list[Unit]]":
    """What is to be compared.

    :param fields: from :func:`units`
    :returns: the units of each component and name that say something
    """
    made: "dict[tuple[str, str], list[Unit]]" = {}
    for unit in fields:
        if unit.value and unit.name not in IGNORED:
            made.setdefault(unit.key, []).append(unit)
    return made


def _path(kind: str, found: "Sequence[Property]") -> str:
    depth = 0
    for each in found:
        depth += (each.name == "BEGIN") - (each.name == "END")
        if each.name == "RECURRENCE-ID" and depth == 1:
            return f"{kind} {_date(each)}"
    return kind


def _component(found: "Sequence[Property]", path: str) -> "list[Unit]":
    made = [Unit(path, "", "", _NONE, (found[0],))]
    at = 1
    while at < len(found):
        each = found[at]
        if each.name == "BEGIN":
            end = behind(found, at) or len(found)
            made.append(Unit(path, each.value.strip().upper(), _block(found[at:end]), _NONE, tuple(found[at:end])))
            at = end
        elif each.name in ("", "END"):
            made.append(Unit(path, "", "", _NONE, (each,)))
            at += 1
        else:
            made += _property(found, at, path)
            at += _length(found, at)
    return made


def words(text: str) -> "list[str]":
    """The words of a name, to tell whether one was made of another.

    :param text: a :attr:`Unit.value`
    :returns: sorted, in small letters
    """
    return sorted(text.replace("\x1f", " ").replace(",", " ").casefold().split())


def _length(found: "Sequence[Property]", at: int) -> int:
    """A property with what is kept of it right behind."""
    if at + 1 < len(found) and found[at + 1].name == KEPT and found[at].name != KEPT:
        origin = found[at + 1].value.partition(" ")[2]
        if origin.upper().rpartition(".")[2].startswith(found[at].name) or f".{found[at].name}" in origin[:80].upper():
            return 2
    return 1


def _property(found: "Sequence[Property]", at: int, path: str) -> "list[Unit]":
    each = found[at]
    lines = tuple(found[at:at + _length(found, at)])
    if each.name in LISTS:
        texts = tuple(split(each.value, ","))
        if len(texts) > 1:
            whole = Whole(lines, texts)
            parts = [each._replace(value=text, raw=b"") for text in texts]
            return [Unit(path, each.name, meaning(part), _NONE, (part,), whole) for part in parts]
    return [Unit(path, each.name, meaning(each), types(each), lines)]


def types(each: Property) -> "frozenset[str]":
    """The types of a property, in capitals, without those that go without saying.

    :param each: of a hub
    :returns: a set, `PREF` among it; of a guest of an event role and answer
    """
    if not each.params or each.name in MEDIA:
        return _NONE
    found = {word.upper() for word in type_words(each)}
    for name, value in each.params:
        if name == "PREF" and value == "1":
            found.add("PREF")
        elif each.name == "ATTENDEE" and name in ("PARTSTAT", "ROLE"):
            found.add(f"{name}={value.strip().upper()}")
    found -= {"", "PARTSTAT=NEEDS-ACTION", "ROLE=REQ-PARTICIPANT"}
    return frozenset(found) - _USUAL.get(each.name, _NONE)


def meaning(each: Property) -> str:
    """What a property says, as it is compared.

    :param each: of a hub
    :returns: text; empty when it says nothing
    """
    name, value = each.name, each.value
    if name in STRUCTURED:
        return "\x1f".join(components(value))
    if name == "TEL":
        return number(value)
    if name in DATES:
        return _date(each)
    if value.startswith(DIGEST):
        return value
    if is_binary(each):
        return photo(value)
    if name == "RRULE":
        parts = {part for part in value.upper().replace(" ", "").split(";") if part not in ("INTERVAL=1", "WKST=MO")}
        return ";".join(sorted(parts))
    if name in ("EMAIL", "ATTENDEE", "ORGANIZER"):
        return address(value).casefold()
    text = plain_text(unescaped(value))
    if not text.strip(";, "):
        return ""       # GEO:; of programs that write every property
    return "" if name in _DEFAULTS and text.upper() == _DEFAULTS[name] else text


def plain_text(text: str) -> str:
    """Text without what programs do to it on the way: kinds of line ends, blanks at the end of a line.

    :param text: without escapes
    :returns: the same to a person
    """
    if text.isprintable() and "&#" not in text:
        return text.strip()
    text = text.replace("&#xD;", "\r").replace("&#13;", "\r").replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def components(value: str) -> "list[str]":
    """The parts of a name, an address or a company.

    :param value: with escapes
    :returns: plain text of each, empty ones at the end left out
    """
    parts = [plain_text(unescaped(part)) for part in split(value, ";")]
    while parts and not parts[-1]:
        parts.pop()
    return parts


def number(value: str) -> str:
    """A telephone number without the signs that only people need.

    :param value: as written
    :returns: digits, letters and `+*#`
    """
    plain = value.strip().lower()
    if plain.startswith("tel:"):
        plain = plain[4:]
    return "".join(sign for sign in plain if sign.isalnum() or sign in "+*#") or plain


def photo(value: str) -> str:
    """What stands for a photo where it is only compared.

    :param value: base64
    :returns: short text
    """
    plain = "".join(value.split()) if not value.isalnum() else value
    return DIGEST + digest(plain.rstrip("=").encode("utf-8", "replace")).hex() if plain else ""


def _date(each: Property) -> str:
    """A date in its short spelling, with the zone that it is in."""
    plain = each.value.strip().upper().replace("-", "").replace(":", "")
    if each.name in _DAYS:
        return plain.partition("T")[0] or each.value.strip()
    zone = "" if plain.endswith("Z") else tzid(each)
    return f"{plain} {'/'.join(zone.split('/')[-2:])}".strip()


def _block(found: "Sequence[Property]") -> str:
    """A component inside one of ours: all that it says, in no order; of an alarm when it goes off, since phones sound
    as they like and some programs say each alarm twice, once as a sound and once as a text."""
    off = next((each for each in found if each.name == "TRIGGER" and found[0].value.upper() == "VALARM"), None)
    if off is not None:
        span = parse_duration(off.value)
        when = off.value.strip().upper() if span is None else str(span // timedelta(seconds=1))
        return when + (" END" if (off.param("RELATED") or "").upper() == "END" else "")
    said = [each for each in found if each.name not in IGNORED and not each.name.startswith("X-") and each.name]
    return "\n".join(sorted(f"{each.name}:{meaning(each)}" for each in said))
