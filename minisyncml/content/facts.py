"""What an item is known by, whatever format it is in: names, numbers, addresses, title and time, normalised.

Nothing is compared here, see :mod:`minisyncml.content.score`. Candidates for that are found by *blocks*, short digests
that things of which one may be the other share.
"""

from __future__ import annotations

import binascii
from typing import Callable, Iterable, Iterator, Optional

from minisyncml.content.form import KEPT
from minisyncml.content.formats import FOLDER, hub
from minisyncml.content.keys import LONG_UID, UNSAID, lines, own
from minisyncml.content.kind import BLANK, kind
from minisyncml.content.lines import ENCODINGS, Property
from minisyncml.content.moments import DAY, Moment, days, duration, moment
from minisyncml.digest import digest
from minisyncml.errors import ItemError

CUT = 12        #: characters that a title keeps on any device
_ENOUGH = 4000  # characters of a text that are compared in parts
_MOST = 40      # blocks of one item
_UNSEEN = UNSAID | {KEPT}
_MUTE = {"VOICE", "PREF", "INTERNET", "B", "", *ENCODINGS}
_FOREIGN = ("text/x-s4j-", "message/", "application/vnd.omads-")    # no property lists
_NONE: "frozenset[str]" = frozenset()


class Facts:
    """What an item is known by. Numbers are digests of 8 bytes, 0 where there is nothing.

    :ivar family: contact, event, task, note, bookmark, mail, file, or text for anything else
    :ivar uid: of a UID that is no mere slot number
    :ivar meaning: equal only where a person sees no difference
    :ivar blocks: what candidates share
    :ivar title: what a person calls it, empty where it has no name
    """

    __slots__ = ("family", "uid", "meaning", "blocks", "title", "sets", "start", "due", "length")

    def __init__(self, family: str, title: str = "") -> None:
        self.family, self.title = family, title
        self.uid = self.meaning = 0
        self.blocks: "tuple[int, ...]" = ()
        self.sets: "dict[str, frozenset[str]]" = {}
        self.start: Optional[Moment] = None
        self.due: Optional[Moment] = None
        self.length: Optional[int] = None


def facts(media_type: str, body: bytes, zone: str = "") -> Facts:
    """What an item is known by.

    :param media_type: what it is called; its first lines decide
    :param body: the item
    :param zone: IANA name of the zone of its local times; empty: not known
    :returns: the facts; of broken items, too
    """
    media_type = kind(body, media_type)
    key = own(media_type)
    found = Facts("text") if key is not None else _read(media_type, body, zone)
    if key is not None:
        found.uid = _short(key(body))
    if not found.meaning:
        found.meaning = _short(" ".join(body.decode("utf-8", "replace").split()))
    if not found.title and found.family == "text":
        found.title = _line(body[:1000].decode("utf-8", "replace"))
    return found


def _read(media_type: str, body: bytes, zone: str) -> Facts:
    if body[:2048].lstrip(BLANK)[:6].upper() == b"BEGIN:":
        return _from_lines(list(lines(body)), zone)
    if media_type == "text/plain":
        return _note(body.decode("utf-8", "replace"))
    if not media_type.startswith(_FOREIGN):
        return Facts("text")
    try:
        found = hub(body, media_type)[1]
    except (ItemError, ValueError, LookupError, ArithmeticError, RecursionError):
        return Facts("text")
    return _from_lines([(each.name, ";".join(f"{name}={value}" for name, value in each.params), each.value)
                        for each in _without_zones(found)], zone)


def _without_zones(found: "Iterable[Property]") -> "Iterator[Property]":
    zone = False
    for each in found:
        if each.name in ("BEGIN", "END") and each.value.upper() == "VTIMEZONE":
            zone = each.name == "BEGIN"
        elif not zone:
            yield each


def _from_lines(found: "list[tuple[str, str, str]]", zone: str) -> Facts:
    part = next((value.upper() for name, _, value in found if name == "BEGIN" and value.upper() != "VCALENDAR"), "")
    make: "Callable[[dict[str, list[tuple[str, str]]], str], Facts]" = _MAKERS.get(part) or _other
    made = make(_collected(found, part), zone)
    made.meaning = made.meaning or _meaning(made.family, found)
    return made


def _collected(found: "Iterable[tuple[str, str, str]]", part: str) -> "dict[str, list[tuple[str, str]]]":
    """The properties of the first contact, event ... itself, without those of alarms in it and further ones beside it:
    pairs of parameters and value by name."""
    inside: "list[str]" = []
    first: "dict[str, list[tuple[str, str]]]" = {}
    for name, parameters, value in found:
        if name == "BEGIN":
            inside.append(value.upper())
        elif name == "END":
            if inside and inside.pop() == part:
                break
        elif value.strip("; ") and (not inside or inside[-1] == part):
            first.setdefault(name, []).append((parameters, value))
    return first


def _meaning(family: str, found: "Iterable[tuple[str, str, str]]") -> int:
    seen = sorted(f"{name};{_types(parameters)}:{plain}" for name, parameters, value in found if name not in _UNSEEN
                  for plain in [_plain(value)] if plain)
    return _short("\n".join([family, *seen])) if seen else 0


def _types(parameters: str) -> str:
    if not parameters:
        return ""
    words = {word for part in parameters.upper().split(";") for label, _, value in [part.rpartition("=")]
             if label in ("", "TYPE", "TZID", "VALUE") for word in value.strip('"').split(",")}
    return ",".join(sorted(words - _MUTE))


def _short(text: str) -> int:
    """A digest of 8 bytes, 0 for no text."""
    return int.from_bytes(digest(text.encode("utf-8", "replace"))[:8], "big") or 1 if text else 0


def _plain(value: str) -> str:
    """A value without escapes, its white space folded."""
    return " ".join(value.replace("\\n", " ").replace("\\N", " ").replace("\\", "").split()).rstrip("; ")


def _line(text: str) -> str:
    return _plain(text.strip().partition("\n")[0][:200])[:60]


def _folded(text: str) -> str:
    """Text without case and accents."""
    text = text.casefold()
    if text.isascii():
        return text
    import unicodedata
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def _tight(value: str) -> str:
    """A title as it is compared: no case, no accents, no white space (folding may have taken some)."""
    return "".join(_folded(_plain(value[:_ENOUGH])).split())


def _values(first: "dict[str, list[tuple[str, str]]]", *names: str) -> "Iterator[str]":
    for name in names:
        for _, value in first.get(name, ()):
            yield value


def _one(first: "dict[str, list[tuple[str, str]]]", *names: str) -> str:
    return next(_values(first, *names), "")


def _uid(first: "dict[str, list[tuple[str, str]]]") -> int:
    uid = _one(first, "UID").strip()
    return _short(f"{uid} {_one(first, 'RECURRENCE-ID')}") if len(uid) >= LONG_UID else 0


# -- contacts


def _number(value: str) -> str:
    """The last seven digits: what stands before may be missing. A pause begins what is dialled later."""
    plain = value.lower().partition(":")[2] if value[:4].lower() == "tel:" else value.lower()
    for sign in "pwx;,":
        plain = plain.partition(sign)[0]
    return "".join(sign for sign in plain if "0" <= sign <= "9")[-7:]


def _words(value: str) -> "frozenset[str]":
    text = _folded(_plain(value[:_ENOUGH]))
    return frozenset("".join(sign if sign.isalnum() else " " for sign in text).split())


def _contact(first: "dict[str, list[tuple[str, str]]]", zone: str) -> Facts:
    name = ";".join(_one(first, "N").split(";")[:3]).strip("; ") or _one(first, "FN") or _one(first, "ORG", "NICKNAME")
    made = Facts("contact", _line(_one(first, "FN")) or _line(" ".join(name.replace(";", " ").split())))
    made.uid = _uid(first)
    made.sets = {
        "name": _words(name),
        "tel": frozenset(filter(None, map(_number, _values(first, "TEL")))),
        "mail": frozenset(_tight(value).rpartition("mailto:")[2] for value in _values(first, "EMAIL")),
        "org": frozenset(filter(None, [_tight(_one(first, "ORG").partition(";")[0])])),
        "bday": frozenset(_one(first, "BDAY").replace("-", "")[:8].split()),
    }
    names = {frozenset(made.sets["name"]), _words(" ".join(name.split(";")[:2]))} - {_NONE}
    made.blocks = tuple(sorted({_short(f"name {' '.join(sorted(words))}") for words in names} | {
        _short(f"{slot} {value}") for slot in ("tel", "mail") for value in made.sets[slot]})[:_MOST])
    made.title = made.title or _one(first, "TEL", "EMAIL")
    return made


# -- events and tasks


def _time(first: "dict[str, list[tuple[str, str]]]", name: str, zone: Optional[str]) -> Optional[Moment]:
    """A time; with None for the zone as the clock there shows it."""
    for parameters, value in first.get(name, ()):
        named = next((part[5:] for part in parameters.split(";") if part[:5].upper() == "TZID="), "")
        return moment(value, (named or zone) if zone is not None else "")
    return None


def _dated(family: str) -> "Callable[[dict[str, list[tuple[str, str]]], str], Facts]":
    def make(first: "dict[str, list[tuple[str, str]]]", zone: str) -> Facts:
        made = Facts(family, _line(_one(first, "SUMMARY")))
        made.uid = _uid(first)
        _times(made, first, zone)
        rule = _one(first, "RRULE").upper()
        made.sets = {
            "title": frozenset(filter(None, [_tight(_one(first, "SUMMARY", "DESCRIPTION"))])),
            "place": frozenset(filter(None, [_tight(_one(first, "LOCATION"))])),
            "text": frozenset(filter(None, [_tight(_one(first, "DESCRIPTION"))])),
            "rule": frozenset([(rule.partition("FREQ=")[2] or rule)[:1] or "-"]),
        }
        made.blocks = _when_blocks(made)
        if made.start or made.due:
            made.title = ", ".join(filter(None, [made.title, _date(made.due or made.start)]))
        return made
    return make


def _times(made: Facts, first: "dict[str, list[tuple[str, str]]]", zone: str) -> None:
    """Start, length and due date. A day may be written as one, or as the time from midnight to midnight, or to a minute
    before."""
    start, end = _time(first, "DTSTART", zone), _time(first, "DTEND", zone)
    clock, last = _time(first, "DTSTART", None), _time(first, "DTEND", None)
    made.start, made.due = start, _time(first, "DUE", zone) if made.family == "task" else None
    if start is None or clock is None:
        return
    length = duration(_one(first, "DURATION"))
    made.length = end.minutes - start.minutes if end is not None else length
    span = (last.minutes - clock.minutes if last is not None else length) or (DAY if clock.kind == "D" else 0)
    if clock.kind == "D" or clock.kind == "F" and clock.minutes % DAY == 0 and span and span % DAY in (0, DAY - 1):
        made.start, made.length = clock._replace(kind="D"), span + span % 2


def _when_blocks(made: Facts) -> "tuple[int, ...]":
    """Title and day; the title may have been cut short, and days with many of one title need the minute."""
    title, when = next(iter(made.sets["title"]), ""), made.due or made.start
    words = {f"{part} {day}" for part in (title, title[:CUT]) for day in (days(when) if when else ("",))}
    if when is not None:
        words.add(f"{title} @{when.minutes}")
    return tuple(sorted(_short(f"{made.family} {each}") for each in words))


def _date(when: Optional[Moment]) -> str:
    """The day of a moment, as `2026-01-31`."""
    from datetime import date
    day = when.minutes // DAY + 719163 if when else 0
    return str(date.fromordinal(day)) if 0 < day <= date.max.toordinal() else ""


# -- all others


def _note(text: str, first_line: str = "") -> Facts:
    whole = " ".join(text.split())
    title = first_line or _line(text)
    if first_line and not whole.startswith(first_line):
        whole = f"{first_line} {whole}".rstrip()
    made = Facts("note", title)
    made.meaning = _short(whole)
    made.sets = {"text": frozenset(filter(None, ["".join(whole.split())])), "title": frozenset([_tight(title)]),
                 "words": _words(whole)}
    made.blocks = (_short(f"note {_tight(title)[:2 * CUT]}"),) if title else ()
    return made


def _vnote(first: "dict[str, list[tuple[str, str]]]", zone: str) -> Facts:
    text = _one(first, "BODY", "DESCRIPTION").replace("\\n", "\n").replace("\\N", "\n").replace("\\", "")
    return _note(text, _line(_one(first, "SUMMARY")))


def _bookmark(first: "dict[str, list[tuple[str, str]]]", zone: str) -> Facts:
    made = Facts("bookmark", _line(_one(first, "TITLE")))
    scheme, _, rest = _plain(_one(first, "URL")).rpartition("://")
    host, slash, path = rest.partition("/")
    address = f"{host.lower()}{slash}{path}".rstrip("/")
    made.sets = {"address": frozenset(filter(None, [address])), "title": frozenset([_tight(_one(first, "TITLE"))])}
    made.blocks = (_short(f"address {address}"),) if address else ()
    return made


def _file(first: "dict[str, list[tuple[str, str]]]", zone: str) -> Facts:
    """The same file has the same name, folder and content; when it was written does not matter."""
    name = _plain(_one(first, "NAME"))
    made = Facts("file", name)
    content = str(_short(_one(first, "BODY")))
    folder = next((value for parameters, value in first.get("EXT", ()) if parameters.endswith(FOLDER)), "")
    path = f"{folder}/{name}"
    made.sets = {"file": frozenset([path]), "content": frozenset([content])}
    made.meaning = _short(f"file {path} {content}")
    made.blocks = (_short(f"file {path}"),)
    return made


def _mail(first: "dict[str, list[tuple[str, str]]]", zone: str) -> Facts:
    """A message is known by its Message-ID; without one by all of it. Whether it was read does not matter."""
    body = _one(first, "BODY")
    try:
        text = binascii.a2b_base64(body[:20_000 - len(body[:20_000]) % 4]).decode("utf-8", "replace")
    except ValueError:
        text = ""
    heads = text.replace("\r\n", "\n").partition("\n\n")[0].replace("\n ", " ").replace("\n\t", " ").split("\n")
    head = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in reversed(heads))}
    made = Facts("mail", _line(head.get("subject", "")) or _line(head.get("from", "")))
    made.uid, made.meaning = _short(head.get("message-id", "")), _short(body)
    return made


def _other(first: "dict[str, list[tuple[str, str]]]", zone: str) -> Facts:
    return Facts("text", _plain(_one(first, "NAME")))


_MAKERS = {"VCARD": _contact, "VEVENT": _dated("event"), "VTODO": _dated("task"), "VJOURNAL": _vnote, "VNOTE": _vnote,
           "VBKM": _bookmark, "FILE": _file, "EMAIL": _mail}
