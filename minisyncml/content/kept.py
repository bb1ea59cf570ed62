"""What one calendar format cannot say, kept aside in the other: X-MINISYNCML-KEPT, and when it comes back.

Such a property holds the format whose lines it keeps, what they are about (a *slot*: the times, the rule, the alarms),
a fingerprint of what the other format made of the slot, and the lines. Somebody who changed the slot in between
changed its fingerprint: then what was kept is out of date, and dropped.
"""

from __future__ import annotations

from binascii import crc32
from typing import Iterable, Optional, Sequence

from minisyncml.content.lines import Property, parse, write

NAME = "X-MINISYNCML-KEPT"


def fingerprint(meaning: object) -> str:
    """Eight hexadecimal digits that stand for a meaning.

    :param meaning: strings, tuples and lists of them
    :returns: the digits
    """
    return f"{crc32(repr(meaning).encode('utf-8', 'replace')):08x}"


def aside(format: str, slot: str, digits: str, found: "Iterable[Property]") -> str:
    """The text to keep.

    :param format: `1.0` or `2.0`: what the lines are
    :param slot: what they are about
    :param digits: the :func:`fingerprint` of what the other format made of the slot
    :param found: the properties to keep
    :returns: plain text of several lines
    """
    lines = b"".join(write([_tame(each)], False).replace(b"\r\n ", b"") for each in found)
    return f"{format} {slot} {digits}\n" + lines.decode("utf-8").replace("\r\n", "\n").rstrip("\n")


def _tame(each: Property) -> Property:
    value = each.value.replace("\r\n", "\n").replace("\n", "\\n") if "\n" in each.value else each.value
    return each._replace(raw=b"", value=value)


def opened(text: str, format: str) -> "Optional[tuple[str, str, list[Property]]]":
    """What was kept.

    :param text: of the property, escapes undone
    :param format: whose lines are wanted
    :returns: slot, fingerprint, properties; None when the text is of another format, or senseless
    """
    head, _, lines = text.replace("\r\n", "\n").partition("\n")
    words = head.split(" ")
    if len(words) != 3 or words[0] != format:
        return None
    found = parse(lines.replace("\n", "\r\n").encode("utf-8"))
    return words[1], words[2], [each._replace(raw=b"") for each in found if each.name]


def without(found: "Sequence[Property]") -> "list[Property]":
    """The properties without those that keep something.

    :param found: properties
    :returns: the rest
    """
    return [each for each in found if each.name != NAME]
