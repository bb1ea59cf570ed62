"""What one format cannot say, kept aside in the other: X-MINISYNCML-KEPT, and when it comes back.

What is kept are lines: properties of the format that can say it. In a calendar such a property holds the format whose
lines it keeps, what they are about (a *slot*: the times, the rule, the alarms), a fingerprint of what the other format
made of the slot, and the lines. Somebody who changed the slot in between changed its fingerprint: then what was kept is
out of date, and dropped.
"""

from __future__ import annotations

from binascii import crc32
from typing import Iterable, Optional

from minisyncml.content.escapes import one_line
from minisyncml.content.form import KEPT, Form
from minisyncml.content.lines import Property, parse, write

_UNFOLDED = Form(fold=False)


def as_lines(found: "Iterable[Property]") -> str:
    """Properties as text.

    :param found: the properties
    :returns: a line for each, the last one without its end
    """
    lines = write([each._replace(raw=b"") if each.name else each for each in found], False, _UNFOLDED)
    return lines.decode("utf-8").replace("\r\n", "\n").rstrip("\n")


def found_in(text: str) -> "list[Property]":
    """The properties that a text holds.

    :param text: from :func:`as_lines`
    :returns: the properties, senseless lines left out
    """
    lines = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return [each._replace(raw=b"") for each in parse(lines.encode("utf-8", "replace")) if each.name]


def fingerprint(meaning: object) -> str:
    """Eight hexadecimal digits that stand for a meaning.

    :param meaning: strings, tuples and lists of them
    :returns: the digits
    """
    return f"{crc32(repr(meaning).encode('utf-8', 'replace')):08x}"


def aside(format: str, slot: str, digits: str, found: "Iterable[Property]") -> Property:
    """What keeps lines of a calendar.

    :param format: `1.0` or `2.0`: what the lines are
    :param slot: what they are about
    :param digits: the :func:`fingerprint` of what the other format made of the slot
    :param found: the properties to keep
    :returns: a property whose value is plain text of several lines, without escapes
    """
    tame = (each._replace(value=one_line(each.value)) for each in found)
    return Property(KEPT, f"{format} {slot} {digits}\n{as_lines(tame)}")


def opened(text: str, format: str) -> "Optional[tuple[str, str, list[Property]]]":
    """What was kept of a calendar.

    :param text: of the property, escapes undone
    :param format: whose lines are wanted
    :returns: slot, fingerprint, properties; None when the text is of another format, or senseless
    """
    head, _, lines = text.replace("\r\n", "\n").partition("\n")
    words = head.split(" ")
    return (words[1], words[2], found_in(lines)) if len(words) == 3 and words[0] == format else None
