"""What an item of the calendars' hub says, slot by slot, and what is kept aside of it when a format cannot say it.

A slot is a property, or several that belong together: the times, the rules, the alarms.
"""

from __future__ import annotations

from typing import Any, Iterator, Sequence

from minisyncml.content import kept
from minisyncml.content.alarms import meaning_of_alarms
from minisyncml.content.components import MAX_DEPTH, TEXTS, Part, flat
from minisyncml.content.escapes import split, unescaped
from minisyncml.content.form import KEPT, Form
from minisyncml.content.lines import Property
from minisyncml.content.schedule import date_properties, dates_of, meaning_of_rules, meaning_of_times, schedule_of
from minisyncml.content.times import stamp, time_of, tzid
from minisyncml.content.vtimezone import timezone
from minisyncml.content.zones import Zones

TIMES = ("DTSTART", "DTEND", "DUE", "DURATION")
SLOTS = {**dict.fromkeys(TIMES, "TIMES"), "RRULE": "RULES", "EXRULE": "RULES", "ATTENDEE": "PEOPLE",
         "ORGANIZER": "PEOPLE", "STATUS": "STATUS", "COMPLETED": "STATUS", "PERCENT-COMPLETE": "STATUS"}
LISTS = ("CATEGORIES", "RESOURCES")
PRODID = Property("PRODID", "-//minisyncml//minisyncml//EN")    #: of items that had none, which iCalendar demands


def zones_for(parts: "Sequence[Part]", there: "Sequence[Part]" = ()) -> "list[Part]":
    """The VTIMEZONE components that items need.

    :param parts: events and tasks of the hub
    :param there: those that are there already
    :returns: one for each TZID that is known
    """
    names: "dict[str, int]" = {}
    for part in parts:
        for each in part.props:
            zone = tzid(each) if each.params else ""
            if zone:
                year = int(each.value[:4]) if each.value[:4].isdecimal() else 1970
                names[zone] = min(year, names.get(zone, 9999))
    found = {part.value("TZID"): part for part in there}
    made = [found.get(name) or timezone(name, year) for name, year in list(names.items())[:100]]
    return [part for part in made if part is not None]


def calendar_of(head: "Sequence[Property]", parts: "Sequence[Part]") -> "list[Property]":
    """A calendar of the hub.

    :param head: its own properties
    :param parts: its items, and time zones that came with them
    :returns: its properties, the time zones that its items need before these
    """
    there, items = ([part for part in parts if (part.name == "VTIMEZONE") == zone] for zone in (True, False))
    return list(flat(Part("VCALENDAR", head, [*zones_for(items, there), *items])))


def restored(new: Part, texts: "Sequence[str]", zones: Zones, form: Form) -> "list[Part]":
    """Put back into an item of the hub what was kept aside of it.

    :param new: the item as it was read; changed in place
    :param texts: what was kept
    :param zones: of the item
    :param form: of the peer
    :returns: components that belong beside it: time zones, exceptions
    """
    beside: "list[Part]" = []
    now = meanings(new, zones, form)
    for text in texts:
        opened = kept.opened(text, "2.0")
        if opened is None:
            continue
        slot, digits, props = opened
        if slot in ("ZONES", "EXCEPTIONS"):
            if slot == "ZONES" or new.first("RRULE") is not None or new.first("RDATE") is not None:
                beside += _parts(props)
        elif slot == "REST":
            new.props += [each for each in props if slot_of(each) not in now]
        elif kept.fingerprint(now.get(slot)) == digits:
            _put(new, slot, props)
    return beside


def _parts(props: "Sequence[Property]") -> "list[Part]":
    """Components from their lines."""
    holder = Part("")
    stack = [holder]
    for each in props:
        if each.name == "BEGIN" and len(stack) < MAX_DEPTH:
            stack.append(Part(each.value))
            stack[-2].parts.append(stack[-1])
        elif each.name == "END" and len(stack) > 1:
            stack.pop()
        else:
            stack[-1].props.append(each)
    return holder.parts


def _put(part: Part, slot: str, props: "Sequence[Property]") -> None:
    if slot == "ALARMS":
        part.parts = [each for each in part.parts if each.name != "VALARM"] + _parts(props)
        return
    at = next((at for at, each in enumerate(part.props) if slot_of(each) == slot), len(part.props))
    others = [each for each in part.props if slot_of(each) != slot]
    part.props = [*others[:at], *props, *others[at:]]


def without_exceptions(part: Part, others: "list[Part]", zones: Zones) -> Part:
    """An item with a rule that does not happen where an exception was moved away, but where that was moved to.

    :param part: the series
    :param others: its exceptions
    :param zones: of the item
    :returns: the series with more EXDATE and RDATE
    """
    start = schedule_of(part, zones).start
    gone, added = [], []
    for other in others:
        each = other.first("RECURRENCE-ID")
        was, now = time_of(each) if each is not None else None, schedule_of(other, zones).start
        cancelled = other.value("STATUS").strip().upper() == "CANCELLED"
        if was is None or was == now and not cancelled:
            continue
        gone.append(was)
        if now is not None and not cancelled and start is not None and now.day == start.day:
            added.append(now)
    return Part(part.name, [*part.props, *date_properties("EXDATE", gone), *date_properties("RDATE", added)],
                part.parts)


def slot_of(each: Property) -> str:
    """What a property of the hub is about.

    :param each: a property
    :returns: the name of its slot
    """
    return SLOTS.get(each.name, each.name)


def meanings(part: Part, zones: Zones, form: Form) -> "dict[str, object]":
    """What an item of the hub says, slot by slot, to be compared.

    :param part: the item
    :param zones: its zones
    :param form: of the peer
    :returns: strings, numbers and lists of them by slot
    """
    found: "dict[str, object]" = {}
    schedule = schedule_of(part, zones)
    for each in part.props:
        slot = slot_of(each)
        if slot in ("TIMES", "RULES", "EXDATE", "RDATE", KEPT):
            continue
        found.setdefault(slot, []).append(_said(each))      # type: ignore[attr-defined]
    if any(when is not None for when in schedule):
        found["TIMES"] = meaning_of_times(schedule)
    rules = meaning_of_rules(part, schedule.start, zones, form.zone)
    if rules:
        found["RULES"] = rules
    for name in ("EXDATE", "RDATE"):
        dates = part.all(name)
        if dates:
            found[name] = [sorted((stamp(when), when.zone) for when in dates_of(dates, schedule.start)),
                           [each.value for each in dates if "/" in each.value]]
    if part.parts:
        found["ALARMS"] = meaning_of_alarms(part)
    return found


def _said(each: Property) -> object:
    params = sorted(pair for pair in each.params if pair[0] not in ("CHARSET", "ENCODING"))
    if each.name in LISTS:
        return [each.name, [unescaped(word) for word in split(each.value, ",")], params]
    if each.name in TEXTS:
        return [each.name, unescaped(each.value), params]
    return [each.name, each.value, params]


def unsaid(part: Part, others: "Sequence[Part]", again: Part, form: Form, zones: Zones) -> "Iterator[Property]":
    """What has to be kept aside of an item that was written in another form.

    :param part: the item of the hub
    :param others: the exceptions to its rule that the other form cannot say
    :param again: the item as it is when it is read again
    :param form: of the peer
    :param zones: of the item
    :returns: properties whose value is plain text, without escapes
    """
    now, then = meanings(part, zones, form), meanings(again, Zones(form.zone), form)
    moved = _start(now) != _start(then)     # what a rule leaves to the start, and how it says its end
    missing = [each for each in part.props if slot_of(each) in now and slot_of(each) not in then]
    if missing:
        yield kept.aside("2.0", "REST", "-", missing)
    for slot, meant in now.items():
        differs = then.get(slot) != meant or moved and slot == "RULES"
        if differs and (slot in then or slot == "ALARMS"):
            props = [line for alarm in part.parts for line in flat(alarm)] if slot == "ALARMS" else \
                [each for each in part.props if slot_of(each) == slot]
            yield kept.aside("2.0", slot, kept.fingerprint(then.get(slot)), props)
    for slot, meant in then.items():
        if slot not in now:             # nothing is put back there
            yield kept.aside("2.0", slot, kept.fingerprint(meant), ())
    lines = [line for other in others for line in flat(other)]
    if lines:
        yield kept.aside("2.0", "EXCEPTIONS", "-", lines)
    unknown = [line for name in _names(part, others) if name in zones.parts and timezone(name, 1970) is None
               for line in flat(zones.parts[name])]
    if unknown:
        yield kept.aside("2.0", "ZONES", "-", unknown)


def _start(meant: "dict[str, Any]") -> object:
    return meant.get("TIMES", (None,))[0]


def _names(part: Part, others: "Sequence[Part]") -> "list[str]":
    return sorted({tzid(each) for one in (part, *others) for each in one.props if each.params} - {""})


