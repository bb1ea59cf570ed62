"""A calendar's flat property list as a tree of its components, and back. What a property means is not known here."""

from __future__ import annotations

from typing import Iterable, Iterator, Optional, Sequence

from minisyncml.content.escapes import escaped
from minisyncml.content.lines import Property
from minisyncml.errors import ItemError

MAX_DEPTH = 8           #: components in one another
MAX_RULES = 50          #: RRULE and EXRULE of one item
ITEMS = ("VEVENT", "VTODO", "VJOURNAL")
TEXTS = ("SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "CONTACT")


class Part:
    """One component: its name, its own properties in order, and the components in it."""

    __slots__ = ("name", "parts", "props")

    def __init__(self, name: str, props: "Sequence[Property]" = (), parts: "Sequence[Part]" = ()) -> None:
        self.name, self.props, self.parts = name, list(props), list(parts)

    def first(self, name: str) -> "Optional[Property]":
        """The first property of a name.

        :param name: in capitals
        :returns: None when there is none
        """
        return next((each for each in self.props if each.name == name), None)

    def value(self, name: str) -> str:
        """The value of the first property of a name.

        :param name: in capitals
        :returns: empty when there is none
        """
        found = self.first(name)
        return found.value if found is not None else ""

    def all(self, *names: str) -> "list[Property]":
        """The properties of some names.

        :param names: in capitals
        :returns: in order
        """
        return [each for each in self.props if each.name in names]


def tree(found: "Iterable[Property]", old: bool = False) -> Part:
    """The calendar that a property list is.

    A missing END is taken for granted, one too many is ignored; a line without a colon belongs to the text before it:
    some phones neither fold nor quote line breaks.

    :param found: properties as parsed
    :param old: True for vCalendar 1.0
    :returns: the calendar, with at least one event, task or note in it
    :raises ItemError: when there is none, or components are too deep in one another, or it has too many rules
    """
    root = Part("VCALENDAR")
    stack = [root]
    for each in found:
        if each.name == "BEGIN":
            name = each.value.strip().upper()
            if name == "VCALENDAR":
                continue
            if len(stack) > MAX_DEPTH:
                raise ItemError("components too deep in one another", 413)
            part = Part(name)
            stack[-1].parts.append(part)
            stack.append(part)
        elif each.name == "END":
            name = each.value.strip().upper()
            at = next((at for at in range(len(stack) - 1, 0, -1) if stack[at].name == name), 0)
            if at:
                del stack[at:]
        elif each.name:
            stack[-1].props.append(each)
        elif stack[-1].props and stack[-1].props[-1].name in TEXTS and each.raw.strip():
            last = stack[-1].props[-1]
            more = each.raw.strip().decode("utf-8", "replace")
            stack[-1].props[-1] = last._replace(
                value=f"{last.value}\r\n{more}" if old else f"{last.value}\\n{escaped(more)}", raw=b"")
    if not any(part.name in ITEMS for part in root.parts):
        raise ItemError("there is no event, task or note in it")
    if any(len(part.all("RRULE", "EXRULE")) > MAX_RULES for part in root.parts):
        raise ItemError(f"more than {MAX_RULES} rules in one item", 413)
    return root


def flat(part: Part) -> "Iterator[Property]":
    """The property list of a component.

    :param part: a component
    :returns: BEGIN, its properties, the components in it, END
    """
    yield Property("BEGIN", part.name)
    yield from part.props
    for each in part.parts:
        yield from flat(each)
    yield Property("END", part.name)


def zones_of(root: Part) -> "dict[str, Part]":
    """The time zones that a calendar brings along.

    :param root: the calendar
    :returns: VTIMEZONE components by their TZID
    """
    return {part.value("TZID").strip(): part for part in root.parts if part.name == "VTIMEZONE"}
