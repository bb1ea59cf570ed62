"""vCalendar 1.0 (versit, 1996) as phones write and read it: whole objects to the hub of calendars and back.

What vCalendar 1.0 cannot say of an item stands in it in X-MINISYNCML-KEPT and comes back on return, unless somebody
changed what it is about. Whether something can be said is not guessed: what was written is read again and compared.
An exception to a rule cannot be said: its series does not happen where it was moved away, and happens where it was
moved to; the exception itself is kept aside.
"""

from __future__ import annotations

from typing import Iterator, Sequence

from minisyncml.content.components import ITEMS, Part, flat, tree, zones_of
from minisyncml.content.form import KEPT, Form
from minisyncml.content.formats import Format
from minisyncml.content.fromvcalendar import new_part
from minisyncml.content.kind import BLANK
from minisyncml.content.lines import Property, parse, write
from minisyncml.content.slots import PRODID, calendar_of, restored, unsaid, without_exceptions
from minisyncml.content.tovcalendar import old_part, plain_line
from minisyncml.content.zones import Zones, offsets_of

_FRAME = ("VERSION", "PRODID", "METHOD", "CALSCALE", "TZ", "DAYLIGHT", KEPT)


class VCalendar(Format):
    """vCalendar 1.0."""

    type, version, family = "text/x-vcalendar", "1.0", "calendar"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        return read(parse(body.lstrip(BLANK), form.charset_in), form)

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        return write(old_calendar(found, form), True, form)


FORMATS: "tuple[Format, ...]" = (VCalendar(),)


def read(found: "Sequence[Property]", form: Form) -> "list[Property]":
    """The hub's properties of a vCalendar 1.0.

    :param found: its properties
    :param form: how its sender writes items
    :returns: an iCalendar 2.0
    :raises ItemError: when there is no event or task in it
    """
    root = tree(found, old=True)
    made, beside = [], []
    for part in root.parts:
        if part.name in ITEMS:
            new, more = _read_whole(root, part, form)
            made.append(new)
            beside += more
    head = [Property("VERSION", "2.0"), root.first("PRODID") or PRODID, *root.all("METHOD", "CALSCALE"),
            *(plain_line(each) for each in root.props if each.name not in _FRAME)]
    return calendar_of([each._replace(raw=b"") for each in head], [*made, *beside])


def _read_whole(root: Part, part: Part, form: Form) -> "tuple[Part, list[Part]]":
    """An item of the hub with what was kept aside, and the time zones and exceptions that come back with it."""
    zones = Zones(form.zone)
    zones.offsets = offsets_of(part.all("TZ") or root.all("TZ"), part.all("DAYLIGHT") or root.all("DAYLIGHT"))
    new = new_part(part, form, zones)
    texts = [each.value for each in part.props if each.name == KEPT]
    return (new, restored(new, texts, zones, form)) if texts else (new, [])


def old_calendar(found: "Sequence[Property]", form: Form) -> "Iterator[Property]":
    """A vCalendar 1.0 of the hub's properties.

    :param found: an iCalendar 2.0
    :param form: how its receiver wants it
    :returns: the properties
    :raises ItemError: when it cannot be said at all
    """
    root = tree(found)
    there = zones_of(root)
    items = [part for part in root.parts if part.name in ITEMS]
    masters: "dict[str, Part]" = {}
    for part in items:
        if part.first("RECURRENCE-ID") is None:
            masters.setdefault(part.value("UID"), part)
    others: "dict[str, list[Part]]" = {}
    alone = []
    for part in items:
        uid = part.value("UID")
        if part.first("RECURRENCE-ID") is not None and uid in masters:
            others.setdefault(uid, []).append(part)
        else:
            alone.append(part)
    parts = []
    for part in alone:
        uid = part.value("UID")
        parts.append(_old_whole(part, others.get(uid, []) if masters.get(uid) is part else [], form, there))
    head = [Property("VERSION", "1.0"), *(
        plain_line(each) for each in root.props if each.name not in ("VERSION", "CALSCALE", KEPT)
        and (each.name, each.value) != (PRODID.name, PRODID.value))]
    return flat(Part("VCALENDAR", head, parts))


def _old_whole(part: Part, others: "list[Part]", form: Form, there: "dict[str, Part]") -> Part:
    """An item in vCalendar 1.0 with what is kept aside."""
    zones = Zones(form.zone, there)
    old = old_part(without_exceptions(part, others, zones) if others else part, form, zones)
    if form.keeps:
        again = Zones(form.zone)
        again.offsets = offsets_of(old.all("TZ"), old.all("DAYLIGHT"))
        old.props += unsaid(part, others, new_part(old, form, again), form, zones)
    return old
