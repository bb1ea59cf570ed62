"""An event or task of SIF-E or SIF-T as an item of the hub, from its elements."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Optional, Sequence

from minisyncml.content.alarms import at_distance, at_time, distance
from minisyncml.content.clocks import dawn, in_utc, inward, midnight, wall
from minisyncml.content.components import Part
from minisyncml.content.elements import Element, first
from minisyncml.content.escapes import escaped
from minisyncml.content.form import Form
from minisyncml.content.lines import Property, as_param
from minisyncml.content.recurrence import Plain
from minisyncml.content.schedule import End, date_properties, dates_in, end_of, of_plain, schedule_of
from minisyncml.content.sif import CLASSES, NO_YEAR, PREFIX, list_in
from minisyncml.content.times import DAY, DAYS, UTC, When, duration, parse_time, stamp, time_property
from minisyncml.content.tosifcalendar import ANSWERS, BUSY, OTHERS, ROLES, STATES, TEXTS
from minisyncml.content.zones import Zones


class _Found:
    """The elements of one item by their names, and how they are to be read."""

    def __init__(self, found: "Sequence[Element]", form: Form, zones: Zones) -> None:
        self.form, self.zones = form, zones
        self.texts: "dict[str, str]" = {
            each.name.lower(): each.text.strip() for each in reversed(found) if not each.children}
        self.all = found
        self.recurs = self.flag("IsRecurring")

    def get(self, name: str) -> str:
        return self.texts.get(name.lower(), "")

    def flag(self, name: str) -> bool:
        return self.get(name) in ("1", "-1", "true", "True")

    def number(self, name: str) -> int:
        text = self.get(name)
        return int(text) if text.isdecimal() and len(text) < 10 else 0

    def time(self, name: str) -> "Optional[When]":
        when = parse_time(self.get(name))
        return None if when is None or when.at.year >= NO_YEAR else when

    def new(self, name: str) -> "Optional[When]":
        when = self.time(name)
        return inward(when, self.form, self.zones, self.recurs, True) if when is not None else None


def new_part(kind: str, elements: "Sequence[Element]", form: Form, zones: Zones) -> Part:
    """An item of the hub, what was kept aside not yet put back.

    :param kind: VEVENT or VTODO
    :param elements: of SIF
    :param form: how its sender writes items
    :param zones: of the item
    :returns: the component
    """
    found = _Found(elements, form, zones)
    return _event(found) if kind == "VEVENT" else _task(found)


def _event(found: _Found) -> Part:
    start, end = found.time("Start"), found.time("End")
    if start is not None and found.flag("AllDayEvent"):
        begin = _date(start, found)
        stop = _after(end, found) if end is not None else begin + DAY
        times = [time_property("DTSTART", When(begin, "", True)),
                 time_property("DTEND", When(max(stop, begin + DAY), "", True))]
    else:
        times = [time_property(name, inward(when._replace(day=False), found.form, found.zones, found.recurs, True))
                 for name, when in (("DTSTART", start), ("DTEND", end)) if when is not None]
    part = Part("VEVENT", [*times, *_common(found)])
    busy = BUSY.get(found.get("BusyStatus"))
    if busy is not None:
        part.props.append(Property("TRANSP", "TRANSPARENT" if busy == "FREE" else "OPAQUE"))
        if busy in ("TENTATIVE", "OOF"):
            part.props.append(Property("X-MICROSOFT-CDO-BUSYSTATUS", busy))
    _repeats(part, found)
    if found.flag("ReminderSet"):
        span = timedelta(minutes=-found.number("ReminderMinutesBeforeStart"))
        part.parts.append(_alarm(Property("TRIGGER", duration(span)), found))
    return part


def _date(when: When, found: _Found) -> datetime:
    at = when.at if when.day or midnight(when.at) else wall(when, found.zones, found.form.zone)
    return dawn(at)


def _after(end: When, found: _Found) -> datetime:
    """The day after the last: a date is the last day itself."""
    at = end.at if end.day or midnight(end.at) else wall(end, found.zones, found.form.zone)
    return at if midnight(at) and not end.day else dawn(at) + DAY


def _task(found: _Found) -> Part:
    form, zones = found.form, found.zones
    times = []
    for name, key in (("DTSTART", "StartDate"), ("DUE", "DueDate")):
        when = found.time(key)
        if when is not None:
            local = wall(when, zones, form.zone) if when.zone == UTC else when.at
            day = next((at for at in (when.at, local) if midnight(at)), None)
            times.append(time_property(name, When(day, "", True) if day is not None
                                       else inward(when, form, zones, found.recurs, True)))
    part = Part("VTODO", [*times, *_common(found)])
    state = STATES.get(found.get("Status"))
    if found.flag("Complete"):
        state = "COMPLETED"
    if state is not None:
        part.props.append(Property("STATUS", state))
        if found.get("Status") in ("3", "4"):
            part.props.append(Property("X-SIF-STATUS", found.get("Status")))
    done = found.new("DateCompleted")
    if done is not None:
        done = done._replace(day=False)     # a day begins by the clock on the wall
        part.props.append(Property("COMPLETED", stamp(in_utc(done, zones, form.zone) or done)))
    if found.get("PercentComplete"):
        part.props.append(Property("PERCENT-COMPLETE", str(min(found.number("PercentComplete"), 100))))
    _repeats(part, found)
    when = found.new("ReminderTime")
    if when is not None and found.flag("ReminderSet"):
        now = schedule_of(part, zones)
        span = distance(now, when, zones, form.zone)
        part.parts.append(_alarm(at_distance(span, now) if span is not None else at_time(when), found))
    return part


def _common(found: _Found) -> "list[Property]":
    """What appointments and tasks have in common."""
    made = [Property(name, escaped(found.get(key))) for key, name in TEXTS.items() if found.get(key)]
    words = list_in(found.get("Categories"))
    if words:
        made.append(Property("CATEGORIES", words))
    if found.get("Sensitivity") in CLASSES:
        made.append(Property("CLASS", CLASSES[found.get("Sensitivity")]))
    priority = {"0": "9", "1": "5", "2": "1"}.get(found.get("Importance"))
    if priority is not None:
        made.append(Property("PRIORITY", priority))
    for name in OTHERS:
        if found.get(name):
            made.append(Property(PREFIX + name.upper(), escaped(found.get(name))))
    people = first(found.all, "Attendees")
    for each in people.children[:1000] if people is not None else ():
        made += _attendee(each)
    return made


def _attendee(each: Element) -> "list[Property]":
    words = {child.name: child.text.strip() for child in each.children}
    mail, name = words.get("AttendeeEmail", ""), words.get("AttendeeName", "")
    params = []
    if name:
        params.append(("CN", as_param(name)))
    if words.get("AttendeeStatus") in ANSWERS:
        params.append(("PARTSTAT", ANSWERS[words["AttendeeStatus"]]))
    if words.get("AttendeeType") in ROLES:
        params.append(("ROLE", ROLES[words["AttendeeType"]]))
    return [Property("ATTENDEE", f"mailto:{mail}".replace("\n", " "), tuple(params))] if mail or name else []


def _alarm(when: Property, found: _Found) -> Part:
    sound = found.get("ReminderSoundFile")
    if sound:
        return Part("VALARM", [Property("ACTION", "AUDIO"), when, Property("ATTACH", sound.replace("\n", " "))])
    return Part("VALARM", [Property("ACTION", "DISPLAY"), when,
                           Property("DESCRIPTION", escaped(found.get("Subject")) or "Alarm")])


def _repeats(part: Part, found: _Found) -> None:
    start = schedule_of(part, found.zones).start
    if not found.recurs or start is None:
        return
    rule = _rule(found, start)
    if rule is not None:
        part.props.append(Property("RRULE", rule))
    for name, key in (("EXDATE", "ExcludeDate"), ("RDATE", "IncludeDate")):
        holder = first(found.all, "Exceptions")
        words = [each.text for each in (*found.all, *(holder.children if holder is not None else ()))
                 if each.name == key and each.text.strip()]
        part.props += date_properties(name, dates_in(words, start, found.form, found.zones))


def _rule(found: _Found, start: When) -> "Optional[str]":
    kind, interval = found.get("RecurrenceType"), max(found.number("Interval"), 1)
    mask, position = found.number("DayOfWeekMask"), {5: -1}.get(found.number("Instance"), found.number("Instance"))
    days = [(at + 6) % 7 for at in range(7) if mask >> at & 1]
    month, day = found.number("MonthOfYear") or start.at.month, found.number("DayOfMonth") or start.at.day
    interval = interval // 12 if kind in ("5", "6") and interval % 12 == 0 else interval
    last = end_of(found.get("PatternEndDate"), start, found.zones, found.form.zone)
    end = End(found.number("Occurrences")) if last is None else End(0, last)
    if found.flag("NoEndDate"):
        end = End()
    plain = None
    if kind == "0" and not days:
        plain = Plain("D", interval)
    elif kind == "1" or kind == "0":
        plain = Plain("W", interval, tuple(sorted((0, day) for day in days)) or ((0, start.at.weekday()),))
    elif kind == "2":
        plain = Plain("MD", interval, (), (day,))
    elif kind == "5":
        if day != start.at.day:
            return None
        plain = Plain("YM", interval, (), (month,))
    elif kind in ("3", "6") and position and len(days) == 1:
        plain = Plain("MP", interval * (12 if kind == "6" else 1), ((position, days[0]),))
    elif kind == "3" and position == -1 and len(days) == 7:
        plain = Plain("MD", interval, (), (-1,))
    elif kind == "3" and position and days:
        text = of_plain(Plain("D", interval), end, start, found.zones).partition(";")[2]
        names = ",".join(DAYS[each] for each in sorted(days))
        return ";".join(["FREQ=MONTHLY", f"BYDAY={names}", f"BYSETPOS={position}", *([text] if text else [])])
    return of_plain(plain, end, start, found.zones) if plain is not None else None
