"""iCalendar 2.0 (RFC 5545; RFC 2445): the hub of calendars itself, with the tolerance that real items need.

Where a peer wants times in UTC or by its own clock they are made so, and what gets lost by that is kept aside as in
:mod:`minisyncml.content.vcalendar`. Else properties stay as they are, byte for byte.
"""

from __future__ import annotations

from typing import Optional, Sequence

from minisyncml.content import recurrence, vcalendar
from minisyncml.content.alarms import at_distance, at_time, distance, trigger
from minisyncml.content.clocks import ENTRY, dawn, in_utc, inward, whole_days
from minisyncml.content.components import ITEMS, MAX_DEPTH, Part, flat, tree, zones_of
from minisyncml.content.escapes import escaped, unescaped
from minisyncml.content.form import KEPT, Form
from minisyncml.content.formats import Format
from minisyncml.content.kind import BLANK
from minisyncml.content.lines import Property, parse, write
from minisyncml.content.schedule import Clock, date_properties, dates_of, last_of, schedule_of
from minisyncml.content.slots import restored, unsaid, zones_for
from minisyncml.content.times import When, rest, stamp, time_of, time_property
from minisyncml.content.zones import Zones
from minisyncml.errors import ItemError

_TIMES = ("DTSTART", "DTEND", "DUE", "RECURRENCE-ID")


class ICalendar(Format):
    """iCalendar 2.0."""

    type, version, family = "text/calendar", "2.0", "calendar"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        found = parse(body.lstrip(BLANK), form.charset_in)
        named = [each for each in found if each.name]
        head = [(each.name, each.value.strip().upper()) for each in named[:2]]
        if not head or head[0][0] != "BEGIN":
            raise ItemError("this is no calendar")
        if _is_old(named):
            return vcalendar.read(found, form)
        if head[0][1] != "VCALENDAR":       # an event without its frame
            found = [Property("BEGIN", "VCALENDAR"), Property("VERSION", "2.0"), *found]
        aside = any(each.name == KEPT and each.value.startswith("2.0 ") for each in named)
        if not (aside or form.time not in ("auto", "tz") or form.all_day != "date" or form.alarm == "absolute"):
            return _whole(found)
        root = tree(found)
        zones = Zones(form.zone, zones_of(root))
        parts: "list[Part]" = []
        for part in root.parts:
            parts += _read_part(part, form, zones) if part.name in ITEMS else [part]
        there = [part for part in parts if part.name == "VTIMEZONE"]
        names = {part.value("TZID") for part in there}
        more = [part for part in zones_for([part for part in parts if part.name in ITEMS], there)
                if part.value("TZID") not in names]
        return list(flat(Part("VCALENDAR", root.props, [*more, *parts])))

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        if form.time == "auto" and form.alarm == "auto":
            return write(found, False, form)
        root = tree(found)
        there = zones_of(root)
        parts = [_written(part, form, there) if part.name in ITEMS else part for part in root.parts
                 if part.name != "VTIMEZONE"]
        needed = zones_for([part for part in parts if part.name in ITEMS], list(there.values()))
        return write(flat(Part("VCALENDAR", root.props, [*needed, *parts])), False, form)


FORMATS: "tuple[Format, ...]" = (ICalendar(),)


def _is_old(found: "Sequence[Property]") -> bool:
    """Whether it is a vCalendar 1.0 by another name."""
    version = next((each.value.strip() for each in found if each.name == "VERSION"), "")
    if version == "1.0":
        return True
    return not version and any(each.name in ("DCREATED", "AALARM", "DALARM") or each.raw[:200].upper().find(
        b"QUOTED-PRINTABLE") > 0 for each in found[:1000])


def _whole(found: "list[Property]") -> "list[Property]":
    """With the ends that are missing, and nothing after the last one."""
    depth, items = [], 0
    for at, each in enumerate(found):
        if each.name == "BEGIN":
            depth.append(each.value.strip().upper())
            items += len(depth) == 2 and depth[-1] in ITEMS
        elif each.name == "END":
            if not depth or depth[-1] != each.value.strip().upper():
                return list(flat(tree(found)))
            depth.pop()
            if not depth:
                if at + 1 < len(found) and any(each.name for each in found[at + 1:]):
                    return list(flat(tree(found)))
                found = found[:at + 1]
                break
    if not items or len(depth) > MAX_DEPTH:
        return list(flat(tree(found)))
    if depth and found[-1].raw and not found[-1].raw.endswith(b"\n"):
        found[-1] = found[-1]._replace(raw=b"")
    return found + [Property("END", name) for name in reversed(depth)]


# -- from a peer -----------------------------------------------------------------------------------------------------

def _read_part(part: Part, form: Form, zones: Zones) -> "list[Part]":
    new = _inner(part, form, zones)
    texts = [unescaped(each.value) for each in part.props if each.name == KEPT]
    texts = [text for text in texts if text.startswith("2.0 ")]
    if not texts:
        return [new]
    new.props = [each for each in new.props if each.name != KEPT or not each.value.startswith("2.0 ")]
    beside = restored(new, texts, zones, form)
    return [*(each for each in beside if each.name == "VTIMEZONE"), new,
            *(each for each in beside if each.name != "VTIMEZONE")]


def _inner(part: Part, form: Form, zones: Zones) -> Part:
    """An item as the hub has it, by how its sender writes times."""
    recurs = part.first("RRULE") is not None
    written = schedule_of(part, zones)
    kind = part.value(ENTRY).strip().upper()
    days = None
    if form.all_day != "date" and part.name == "VEVENT" and written.start is not None and not written.start.day:
        days = whole_days(written.start, written.end, form, zones, kind)
    props: "list[Property]" = []
    for each in part.props:
        if days is not None and each.name in ("DTSTART", "DTEND", "DURATION"):
            if each.name == "DTSTART":
                props += [time_property("DTSTART", When(days.first, "", True), rest(each)),
                          time_property("DTEND", When(days.end, "", True))]
        elif each.name in _TIMES:
            when = time_of(each)
            new = inward(when, form, zones, recurs) if when is not None else None
            props.append(each if new is None or new == when else time_property(each.name, new, rest(each)))
        elif each.name not in ("RRULE", "EXRULE", "EXDATE", "RDATE"):
            props.append(each)
    made = Part(part.name, props, part.parts)
    now = schedule_of(made, zones)
    start = now.start
    if recurs or part.first("RDATE") is not None:
        made.props += _repeats(part, written.start, start, form, zones)
    if form.alarm == "absolute":
        made.parts = [_relative(alarm, made, form, zones) for alarm in part.parts]
    return made


def _repeats(part: Part, was: "Optional[When]", start: "Optional[When]", form: Form, zones: Zones) -> "list[Property]":
    props: "list[Property]" = []
    for each in part.all("RRULE", "EXRULE"):
        rule = recurrence.parse_rule(each.value)
        last = last_of(rule, was, zones, form.zone) if rule is not None and rule.until and was is not None else None
        if start == was or rule is None or last is None or start is None or was is None:
            props.append(each)
            continue
        end = inward(When(last, was.zone), form, zones, True)
        if start.day:
            end = When(end.at, "", True)
        else:
            end = in_utc(end, zones) or When(end.at)
        props.append(Property(each.name, recurrence.write_rule(rule._replace(until=stamp(end)))))
    for name in ("EXDATE", "RDATE"):
        found = part.all(name)
        if any("/" in each.value for each in found) or start == was:
            props += found
        elif found:
            whens = [inward(when, form, zones, True) for when in dates_of(found, was)]
            if start is not None and start.day:
                whens = [When(dawn(when.at), "", True) for when in whens]
            props += date_properties(name, whens)
    return props


def _relative(alarm: Part, part: Part, form: Form, zones: Zones) -> Part:
    """An alarm at a distance from its item's first moment, where it stands at a time."""
    each = alarm.first("TRIGGER")
    found = schedule_of(part, zones)
    when = time_of(each) if each is not None and alarm.name == "VALARM" else None
    span = distance(found, when, zones, form.zone) if when is not None else None
    if span is None:
        return alarm
    props = [at_distance(span, found) if other is each else other for other in alarm.props]
    return Part(alarm.name, props, alarm.parts)


# -- to a peer -------------------------------------------------------------------------------------------------------

def _written(part: Part, form: Form, there: "dict[str, Part]") -> Part:
    zones = Zones(form.zone, there)
    made = _outer(part, form, zones)
    if form.keeps:
        again = _inner(made, form, Zones(form.zone, there))
        for each in unsaid(part, (), again, form, zones):
            made.props.append(each._replace(value=escaped(each.value)))
    return made


def _outer(part: Part, form: Form, zones: Zones) -> Part:
    """An item with times as a peer wants them."""
    found = schedule_of(part, zones)
    clock = Clock(found.start, form, zones, True)
    props: "list[Property]" = []
    for each in part.props:
        when = time_of(each) if each.name in _TIMES else None
        if when is not None:
            new = clock.out(when)
            props.append(each if new == when else time_property(each.name, new, rest(each)))
        elif each.name in ("RRULE", "EXRULE"):
            props.append(_rule(each, clock))
        elif each.name in ("EXDATE", "RDATE") and "/" not in each.value:
            was = list(dates_of([each], found.start))
            now = [clock.out(one) for one in was]
            props += [each] if now == was else date_properties(each.name, now)
        else:
            props.append(each)
    parts = part.parts
    if form.alarm != "auto":
        parts = [_alarm(alarm, part, form, zones) for alarm in parts]
    return Part(part.name, props, parts)


def _rule(each: Property, clock: Clock) -> Property:
    rule, start = recurrence.parse_rule(each.value), clock.start
    if rule is None or start is None or start.day:
        return each
    new = rule
    last = last_of(rule, start, clock.zones, clock.form.zone) if rule.until else None
    if last is not None:
        end = clock.out(When(last, start.zone))
        new = new._replace(until=stamp(in_utc(end, clock.zones) or When(end.at)))
    plain = recurrence.plain(rule, start.at.date()) if clock.shift else None
    if plain is not None and plain.kind in ("W", "MD"):
        shifted = recurrence.of_plain(recurrence.shifted(plain, clock.shift), clock.local.date())
        new = shifted._replace(counted=new.counted, until=new.until)
    return each if new == rule else Property(each.name, recurrence.write_rule(new), each.params)


def _alarm(alarm: Part, part: Part, form: Form, zones: Zones) -> Part:
    found = schedule_of(part, zones)
    when = trigger(alarm, found, zones) if alarm.name == "VALARM" else None
    if when is None:
        return alarm
    if form.alarm == "relative":
        return _relative(alarm, part, form, zones)
    utc = in_utc(when, zones, form.zone)
    if utc is None:
        return alarm
    return Part(alarm.name, [at_time(utc) if each.name == "TRIGGER" else each for each in alarm.props], alarm.parts)
