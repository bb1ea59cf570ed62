"""Keys: two items with an equal key are the same thing to a person, whatever their bytes are.

A key is a function from a body to short text; an empty key never matches. With :func:`register` a type of your own gets
one: in a slow sync it then counts as a UID does, for items whose key nobody else on either side has. Items of the types
that we know are paired by more than that, see :mod:`minisyncml.content.facts`; their keys are for counting:

==================================  ======================================================================
text/vcard, text/x-vcard            a long UID, else the name with the first number, mail address or company
text/calendar, text/x-vcalendar     a long UID, else kind, summary, start and due date
anything else                       the whole text, white space folded
==================================  ======================================================================
"""

from __future__ import annotations

import binascii
from typing import Callable, Iterator, Optional

from minisyncml.digest import digest

Key = Callable[[bytes], str]
LONG_UID = 16       # phones use their slot number as UID, which says nothing elsewhere
#: who wrote an item and when, and what it is called: no part of what it says
UNSAID = frozenset(("BEGIN", "END", "VERSION", "PRODID", "METHOD", "CALSCALE", "UID", "REV", "LAST-MODIFIED", "DTSTAMP",
                    "CREATED", "DCREATED", "SEQUENCE", "X-IRMC-LUID", "X-MOZ-GENERATION"))
#: how a value is written, and what goes without saying
_DRESS = frozenset(("", "QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT", "VOICE", "INTERNET"))
_WRITING = frozenset(("ENCODING", "CHARSET", "LANGUAGE", "VALUE"))


def lines(body: bytes) -> "Iterator[tuple[str, str, str]]":
    """The properties of a vCard or calendar object, unfolded, for comparing only. Time zones are left out.

    :param body: the item
    :returns: upper-case name (no group), what stands behind it, value; quoted-printable is undone
    """
    text = body.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\n ", "").replace("\n\t", "")
    rest = iter(text.split("\n"))
    zone = False
    for line in rest:
        head, colon, value = line.partition(":")
        if not colon:
            continue
        name, _, parameters = head.partition(";")
        name = name.upper()
        if parameters and "QUOTED-PRINTABLE" in parameters.upper():
            parts = [value]
            while parts[-1].endswith("="):
                parts[-1] = parts[-1][:-1]
                parts.append(next(rest, ""))
            charset = "latin-1" if "ISO-8859-1" in parameters.upper() else "utf-8"
            value = binascii.a2b_qp("".join(parts).encode("utf-8", "replace")).decode(charset, "replace")
        if name in ("BEGIN", "END") and value.strip().upper() == "VTIMEZONE":
            zone = name == "BEGIN"
        elif not zone:
            yield name.rpartition(".")[2].strip(), parameters, value.strip()


def properties(body: bytes) -> "Iterator[tuple[str, str]]":
    """What :func:`lines` gives, without what stands behind the names.

    :param body: the item
    :returns: pairs of upper-case name and value
    """
    for name, _, value in lines(body):
        yield name, value


def _folded(text: str) -> str:
    return " ".join(text.replace("\\n", " ").replace("\\", "").casefold().split())


def _digits(text: str) -> str:
    return "".join(ch for ch in text if ch.isdigit())[-9:]


def _first(found: "dict[str, str]", *names: str) -> str:
    for name in names:
        if found.get(name, "").strip("; "):
            return found[name]
    return ""


def _collect(body: bytes) -> "dict[str, str]":
    found: "dict[str, str]" = {}
    for name, value in properties(body):
        if value and name not in found:
            found[name] = value
    return found


def _short(*parts: str) -> str:
    text = "\x1f".join(parts)
    return digest(text.encode()).hex() if text.strip("\x1f") else ""


def contact(body: bytes) -> str:
    """The key of a vCard.

    :param body: vCard 2.1, 3.0 or 4.0
    :returns: short text, empty for a card without a name
    """
    found = _collect(body)
    if len(found.get("UID", "")) >= LONG_UID:
        return _short("uid", found["UID"])
    name = sorted(_folded(_first(found, "N", "FN", "ORG")).replace(";", " ").replace(",", " ").split())
    number = _digits(found.get("TEL", ""))
    rest = number or _folded(_first(found, "EMAIL", "ORG"))
    return _short("card", " ".join(name), rest) if name or rest else ""


def event(body: bytes) -> str:
    """The key of an event or task.

    :param body: vCalendar 1.0 or iCalendar 2.0
    :returns: short text, empty for one without summary and dates
    """
    found = _collect(body)
    if len(found.get("UID", "")) >= LONG_UID:
        return _short("uid", found["UID"])
    kind = "todo" if b"BEGIN:VTODO" in body.upper() else "event"
    summary, dates = _folded(found.get("SUMMARY", "")), found.get("DTSTART", "") + "/" + found.get("DUE", "")
    return _short(kind, summary, dates) if summary or dates != "/" else ""


def text(body: bytes) -> str:
    """The key of anything else: all of it, white space folded.

    :param body: any bytes
    :returns: short text, empty for an empty body
    """
    folded = b" ".join(body.split())
    return digest(folded).hex() if folded else ""


_KEYS: "dict[str, Key]" = {
    "text/vcard": contact, "text/x-vcard": contact, "text/calendar": event, "text/x-vcalendar": event,
}


def register(media_type: str, key: Key) -> None:
    """Use a key of your own for a type, also for one of ours.

    :param media_type: bare media type, lower case
    :param key: from body to short text
    """
    _KEYS[media_type] = key


def own(media_type: str) -> Optional[Key]:
    """The key that was registered for a type.

    :param media_type: bare media type
    :returns: None when it is one of ours
    """
    key = _KEYS.get(media_type)
    return None if key in (contact, event, text) else key


def key_of(media_type: str, body: bytes) -> str:
    """The key of an item.

    :param media_type: bare media type
    :param body: the item
    :returns: short text, empty when it cannot be matched
    """
    return _KEYS.get(media_type, text)(body)


def same(media_type: str, one: bytes, other: bytes) -> bool:
    """Whether two bodies say the same, whatever their line ends, folding, order and stamps.

    :param media_type: bare media type
    :param one: a body
    :param other: another
    :returns: True when nothing a person could see differs
    """
    if media_type not in _KEYS or not one[:6].upper() == other[:6].upper() == b"BEGIN:":
        return one.split() == other.split()
    return _meaning(one) == _meaning(other)


def _meaning(body: bytes) -> "list[tuple[str, str, str]]":
    return sorted((name, value.rstrip("; "), _said(parameters)) for name, parameters, value in lines(body)
                  if name not in UNSAID and value.strip("; "))


def _said(parameters: str) -> str:
    """What parameters say of a value, a type, a zone, an answer: not how it is written."""
    words: "set[str]" = set()
    for part in parameters.upper().split(";") if parameters else ():
        name, equals, value = part.strip().partition("=")
        if name == "TYPE" or not equals:
            words.update(word.strip() for word in (value or name).replace('"', "").split(","))
        elif name not in _WRITING and not name.startswith("X-"):
            words.add(part.strip())
    return ";".join(sorted(words - _DRESS))
