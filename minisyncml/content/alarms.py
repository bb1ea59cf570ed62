"""Alarms: VALARM of iCalendar (RFC 5545, section 3.6.6) and AALARM, DALARM, MALARM and PALARM of vCalendar 1.0.

In the hub an alarm that a phone sent stands at a distance from the item's first moment: so does a phone ring for each
occurrence of a rule, though it writes a date and time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Optional

from minisyncml.content.clocks import in_utc, inward, outward
from minisyncml.content.components import Part, flat
from minisyncml.content.escapes import escaped, unescaped
from minisyncml.content.form import Form
from minisyncml.content.lines import Property
from minisyncml.content.people import address
from minisyncml.content.schedule import Schedule, between, later
from minisyncml.content.times import UTC, When, duration, parse_duration, parse_time, stamp, time_of
from minisyncml.content.zones import Zones

_ACTIONS = {"AALARM": "AUDIO", "DALARM": "DISPLAY", "MALARM": "EMAIL", "PALARM": "PROCEDURE"}
_NAMES = {action: name for name, action in _ACTIONS.items()}
OLD = tuple(_ACTIONS)
_DEFAULTS = {("VALUE", "DURATION"), ("RELATED", "START")}
MOST = 1_000        #: alarms of one item


def trigger(alarm: Part, found: Schedule, zones: Zones) -> "Optional[When]":
    """The moment of an alarm, for the first occurrence.

    :param alarm: a VALARM
    :param found: the times of its item
    :param zones: of the item
    :returns: None when it has none, or its item has no times
    """
    each = alarm.first("TRIGGER")
    if each is None:
        return None
    span = parse_duration(each.value)
    if span is None:
        return time_of(each)
    related = (each.param("RELATED") or "START").upper()
    base = found.end or found.due if related == "END" else found.start or found.due
    if base is None:
        return None
    return later(base._replace(day=False), span, zones)


def at_time(when: When) -> Property:
    """A TRIGGER at a time.

    :param when: the moment
    :returns: the property
    """
    return Property("TRIGGER", stamp(when), (("VALUE", "DATE-TIME"),))


def at_distance(span: timedelta, found: Schedule) -> Property:
    """A TRIGGER at a distance from the first moment of its item.

    :param span: how much later
    :param found: the times of its item
    :returns: the property
    """
    related = () if found.start is not None or found.due is None else (("RELATED", "END"),)
    return Property("TRIGGER", duration(span), related)


def distance(found: Schedule, when: When, zones: Zones, home: str) -> "Optional[timedelta]":
    """How long after the first moment of its item an alarm is.

    :param found: the times of its item
    :param when: the moment of the alarm
    :param zones: of the item
    :param home: the zone of clocks without one
    :returns: None when that cannot be told
    """
    base = found.start or found.due
    return between(base._replace(day=False), when, zones, home) if base is not None else None


def old_alarms(part: Part, found: Schedule, form: Form, zones: Zones) -> "list[Property]":
    """The alarms of an item for vCalendar 1.0.

    :param part: the item
    :param found: its times
    :param form: of the peer
    :param zones: of the item
    :returns: AALARM and the like; those without a moment are left out
    """
    made = []
    for alarm in part.parts[:MOST]:
        when = trigger(alarm, found, zones) if alarm.name == "VALARM" else None
        action = alarm.value("ACTION").strip().upper()
        if when is None or action not in _NAMES and action not in ("", "NONE"):
            continue
        name = _known(_NAMES.get(action, "AALARM"), form)
        snooze, repeat = alarm.value("DURATION").strip(), alarm.value("REPEAT").strip()
        words = [_moment(when, found, form, zones), snooze, repeat]
        attached = alarm.first("ATTACH") if name in ("AALARM", "PALARM") else None
        word = attached.param("X-TYPE") if attached is not None else None
        if name in ("AALARM", "PALARM"):
            words.append(alarm.value("ATTACH").replace(";", "\\;"))
        else:
            words += [address(alarm.value("ATTENDEE"))] if name == "MALARM" else []
            words.append(_text(alarm.value("DESCRIPTION")))
        while len(words) > 1 and not words[-1]:
            words.pop()
        if len(words) > 3 and not words[2]:
            words[2] = "0"
        made.append(Property(name, ";".join(words), (("TYPE", word),) if word else ()))
    return made


def _known(name: str, form: Form) -> str:
    """The kind of alarm that the peer has, when it is known not to have this one."""
    if form.caps is None:
        return name
    there = {cap.name for cap in form.caps}
    return name if name in there else next((other for other in ("AALARM", "DALARM") if other in there), name)


def _moment(when: When, found: Schedule, form: Form, zones: Zones) -> str:
    base = found.start or found.due
    span = distance(found, when, zones, form.zone) if form.alarm == "relative" else None
    if span is not None:
        return duration(span)
    utc = in_utc(when, zones, form.zone) if form.alarm == "absolute" else None
    if utc is not None:
        return stamp(utc)
    if base is not None and base.day and when.zone == UTC and form.all_day != "epoc" and form.zone:
        when = When(zones.local(when.at, form.zone) or when.at)
    return stamp(outward(when, form, zones, False))


def _text(value: str) -> str:
    return unescaped(value).replace(";", "\\;")


def alarm_of(each: Property, found: Schedule, form: Form, zones: Zones, summary: str) -> "Optional[Part]":
    """A VALARM for an alarm of vCalendar 1.0.

    :param each: AALARM, DALARM, MALARM or PALARM
    :param found: the times of its item, as the hub has them
    :param form: of the peer
    :param zones: of the item
    :param summary: of the item, with its escapes; what is shown when the alarm has no text
    :returns: None when it has no moment
    """
    words = _split(each.value)
    first = _trigger(words[0].strip(), found, form, zones)
    if first is None:
        return None
    words += [""] * (5 - len(words))
    props = [Property("ACTION", _ACTIONS[each.name]), first]
    snooze, repeat = words[1].strip(), words[2].strip()
    if parse_duration(snooze) is not None:
        props.append(Property("DURATION", snooze))
    if repeat.isdecimal() and int(repeat[:9]):
        props.append(Property("REPEAT", repeat))
    text = words[3].strip()
    if each.name in ("AALARM", "PALARM"):
        if text:
            word = each.param("TYPE") or each.param("")
            props.append(Property("ATTACH", text.replace("\n", " "), (("X-TYPE", word),) if word else ()))
    elif each.name == "DALARM":
        props.append(Property("DESCRIPTION", escaped(text) or summary))
    else:
        props.append(Property("DESCRIPTION", escaped(words[4].strip()) or summary))
        props.append(Property("SUMMARY", summary))
        props.append(Property("ATTENDEE", f"mailto:{text}".replace("\n", " ")))
    return Part("VALARM", props)


def _split(value: str) -> "list[str]":
    """The fields, escapes undone."""
    return [part.replace("\0", ";") for part in value.replace("\\;", "\0").split(";")]


def _trigger(text: str, found: Schedule, form: Form, zones: Zones) -> "Optional[Property]":
    span, when = parse_duration(text), parse_time(text)
    if span is not None:
        return at_distance(span, found) if found.start is not None or found.due is not None else None
    if when is None:
        return None
    when = inward(when._replace(day=False), form, zones, False)
    span = _span(found, when, form, zones)
    return at_distance(span, found) if span is not None else at_time(when)


def _span(found: Schedule, when: When, form: Form, zones: Zones) -> "Optional[timedelta]":
    """How long after its item's first moment a phone's alarm is."""
    base = found.start or found.due
    if base is None:
        return None
    if base.day and when.zone == UTC and not form.zone:
        return when.at - base.at if form.all_day == "epoc" else None
    span = distance(found, when, zones, form.zone)
    # one with a zone and one without, and nothing known: they come from one clock
    return when.at - base.at if span is None else span


def meaning_of_alarms(part: Part) -> Any:
    """What the alarms of an item say, to be compared.

    :param part: the item
    :returns: strings
    """
    summary = part.value("SUMMARY").strip()     # a text that says the same follows it
    return [sorted((each.name, _same(each, summary), sorted(set(each.params) - _DEFAULTS)) for each in flat(alarm)
                   if each.name not in ("BEGIN", "END") and (each.name, each.value.strip()) != ("REPEAT", "0"))
            for alarm in part.parts if alarm.name == "VALARM"]


def _same(each: Property, summary: str) -> str:
    if each.name in ("SUMMARY", "DESCRIPTION") and each.value.strip() == summary:
        return ""
    if each.name == "TRIGGER":
        span = parse_duration(each.value)
        return each.value if span is None else duration(span)
    return each.value.strip()
