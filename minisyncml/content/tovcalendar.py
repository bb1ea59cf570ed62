"""An event or task of the hub in the words of vCalendar 1.0. What it cannot say is missing here."""

from __future__ import annotations

from datetime import datetime
from typing import Callable

from minisyncml.content import kept, recurrence
from minisyncml.content.alarms import old_alarms
from minisyncml.content.clocks import ENTRY, Days
from minisyncml.content.components import TEXTS, Part
from minisyncml.content.escapes import split, unescaped
from minisyncml.content.form import KEPT, Form
from minisyncml.content.lines import Property, is_binary
from minisyncml.content.people import old_person
from minisyncml.content.schedule import (
    Clock,
    End,
    Schedule,
    dates_of,
    days_of,
    first_after,
    of_plain,
    plain_rule,
    schedule_of,
)
from minisyncml.content.slots import LISTS, TIMES, meanings, slot_of
from minisyncml.content.times import DAY, UTC, When, parse_time, rest, stamp, time_of
from minisyncml.content.vtimezone import daylight
from minisyncml.content.zones import Zones
from minisyncml.errors import ItemError

LEVELS = "0111123333"       #: of priorities 0 to 9: high, middle, low and none is all that phones tell apart
STATUS = {"NEEDS-ACTION": "NEEDS ACTION", "IN-PROCESS": "ACCEPTED", "CANCELLED": "DECLINED"}
_STAMPS = {"CREATED": "DCREATED", "LAST-MODIFIED": "LAST-MODIFIED"}


def old_part(part: Part, form: Form, zones: Zones) -> Part:
    """An item in vCalendar 1.0, nothing kept aside.

    :param part: of the hub
    :param form: how its receiver wants it
    :param zones: of the item
    :returns: the component
    :raises ItemError: when it is before the first date that the receiver knows
    """
    schedule, part = _not_before(schedule_of(part, zones), part, form, zones)
    clock = Clock(schedule.start, form, zones, False)
    back = _kept_old(part, zones, form)
    done: "set[str]" = set()
    props: "list[Property]" = []
    for each in part.props:
        slot = slot_of(each)
        if slot in back or slot in ("TIMES", "EXDATE", "RDATE"):
            if slot in done:
                continue
            done.add(slot)
            props += back[slot] if slot in back else _grouped(part, slot, schedule, clock)
        else:
            props += _old_property(each, clock)
    if "TIMES" not in done and "TIMES" not in back:
        props += _old_times(part, schedule, clock)
    for slot, found in back.items():
        if slot not in done and slot != "ALARMS":
            props += found
    if "ALARMS" in back:
        props += back["ALARMS"]
    elif part.parts:
        props += old_alarms(part, schedule, form, zones)
    return Part(part.name, props)


def _kept_old(part: Part, zones: Zones, form: Form) -> "dict[str, list[Property]]":
    """What vCalendar 1.0 said of the slots that nobody changed since, where the hub could not."""
    texts = [unescaped(each.value) for each in part.props if each.name == KEPT]
    found: "dict[str, list[Property]]" = {}
    now = meanings(part, zones, form) if texts else {}
    for text in texts:
        opened = kept.opened(text, "1.0")
        if opened is not None and kept.fingerprint(now.get(opened[0])) == opened[1]:
            found.setdefault(opened[0], []).extend(
                each._replace(value=unescaped(each.value)) for each in opened[2])
    return found


def _grouped(part: Part, slot: str, schedule: Schedule, clock: Clock) -> "list[Property]":
    if slot == "TIMES":
        return _old_times(part, schedule, clock)
    words = []
    for when in dates_of(part.all(slot), schedule.start):
        words.append(_day(when.at, clock.form) if when.day else stamp(clock.out(when)))
    return [Property(slot, ";".join(words))] if words else []


def _day(at: datetime, form: Form) -> str:
    """A day as the peer writes it."""
    return f"{at.year:04}{at.month:02}{at.day:02}T000000" + ("Z" if form.all_day == "epoc" else "")


def _old_times(part: Part, schedule: Schedule, clock: Clock) -> "list[Property]":
    form, start = clock.form, schedule.start
    days = days_of(schedule)
    made, more = [], {each.name: rest(each) for each in part.props if each.name in TIMES}
    if form.time == "tz" and start is not None and start.zone not in ("", UTC):
        made += daylight(start.zone, start.at)
    if days is not None and part.name == "VEVENT":
        made.append(Property("DTSTART", _day(days.first, form), more.get("DTSTART", ())))
        made.append(Property("DTEND", _last(days, form), more.get("DTEND", ())))
    else:
        for name, when in zip(("DTSTART", "DTEND", "DUE"), schedule):
            if when is not None:
                text = _day(when.at, form) if when.day else stamp(clock.out(when))
                made.append(Property(name, text, more.get(name, ())))
    if form.all_day in ("epoc", "next-midnight") and part.first(ENTRY) is None:
        kind = "TODO" if part.name == "VTODO" else "EVENT" if days is not None else "APPOINTMENT"
        made.append(Property(ENTRY, kind))
    return made


def _last(days: Days, form: Form) -> str:
    """Where whole days end, as the peer writes it."""
    if form.all_day == "next-midnight":
        return _day(days.end, form)
    last = _day(days.end - DAY, form)
    return last.replace("T000000", "T240000" if form.all_day == "epoc" else "T235959")


def _not_before(schedule: Schedule, part: Part, form: Form, zones: Zones) -> "tuple[Schedule, Part]":
    """Nothing before the first date that the peer knows. A rule begins later, a date of a task is left out."""
    least = parse_time(form.min_date)
    start = schedule.start
    if least is None or not any(when is not None and when.at < least.at for when in schedule):
        return schedule, part
    if part.name == "VTODO" or start is None:
        times = [when if when is None or when.at >= least.at else None for when in schedule]
        return Schedule(*times), part
    rule = part.first("RRULE")
    plain = plain_rule(rule.value, start, zones, form.zone) if rule is not None else None
    day = first_after(plain[0], start.at.date(), least.at.date()) if plain is not None else None
    if plain is None or day is None or plain[1].last is not None and plain[1].last.date() < day:
        raise ItemError(f"it is before {least.at:%Y-%m-%d}, the first date there")
    span = datetime.combine(day, start.at.time()) - start.at
    end, ending = schedule.end, plain[1]
    if ending.counted:
        last = recurrence.nth(plain[0], start.at.date(), ending.counted)
        if last is None or last < day:
            raise ItemError(f"it is before {least.at:%Y-%m-%d}, the first date there")
        ending = End(0, datetime.combine(last, start.at.time()))
    moved = start._replace(at=start.at + span)
    text = of_plain(plain[0], ending, moved, zones)
    props = [Property("RRULE", text) if each is rule else each for each in part.props]
    return Schedule(moved, end._replace(at=end.at + span) if end is not None else None, schedule.due), \
        Part(part.name, props, part.parts)


def _old_property(each: Property, clock: Clock) -> "list[Property]":
    handler = _OLD.get(each.name)
    if handler is not None:
        return handler(each, clock)
    if each.name == KEPT:
        return []
    return [plain_line(each)]


def plain_line(each: Property) -> Property:
    """A property that means nothing to us, without line breaks.

    :param each: a property
    :returns: the same
    """
    return each._replace(raw=b"", value=" ".join(each.value.splitlines()) if "\n" in each.value else each.value)


def _old_text(each: Property, clock: Clock) -> "list[Property]":
    return [each._replace(raw=b"", value=unescaped(each.value))]


def _old_list(each: Property, clock: Clock) -> "list[Property]":
    words = [unescaped(word).strip().replace(";", "\\;") for word in split(each.value, ",")]
    return [each._replace(raw=b"", value=";".join(words))]


def _old_stamp(each: Property, clock: Clock) -> "list[Property]":
    when = time_of(each)
    text = stamp(clock.out(when)) if when is not None else each.value
    return [Property(_STAMPS.get(each.name, each.name), text, rest(each))]


def _old_rule(each: Property, clock: Clock) -> "list[Property]":
    if clock.start is None:
        return []
    found = plain_rule(each.value, clock.start, clock.zones, clock.form.zone)
    if found is None:
        return []
    plain, end = found
    text = recurrence.said(recurrence.shifted(plain, clock.shift))
    if end.last is None:
        return [Property(each.name, f"{text} #{end.counted}")]
    if clock.start.day:
        return [Property(each.name, f"{text} {_day(end.last, clock.form)}")]
    return [Property(each.name, f"{text} {stamp(clock.out(When(end.last, clock.start.zone)))}")]


def _old_status(each: Property, clock: Clock) -> "list[Property]":
    word = each.value.strip().upper()
    return [each._replace(raw=b"", value=STATUS.get(word, word))]


def _old_priority(each: Property, clock: Clock) -> "list[Property]":
    level = each.value.strip()
    return [each._replace(raw=b"", value=LEVELS[int(level)] if len(level) == 1 and level in "0123456789" else level)]


def _old_transp(each: Property, clock: Clock) -> "list[Property]":
    word = each.value.strip().upper()
    return [each._replace(raw=b"", value={"OPAQUE": "0", "TRANSPARENT": "1"}.get(word, each.value))]


def _old_geo(each: Property, clock: Clock) -> "list[Property]":
    return [each._replace(raw=b"", value=each.value.replace(";", ","))]


def _old_attach(each: Property, clock: Clock) -> "list[Property]":
    if is_binary(each):
        return [each._replace(raw=b"")]
    params = tuple(pair for pair in each.params if pair[0] != "VALUE")
    return [each._replace(raw=b"", params=(("VALUE", "URL"), *params))]


def _nothing(each: Property, clock: Clock) -> "list[Property]":
    return []


def _old_person(each: Property, clock: Clock) -> "list[Property]":
    return [old_person(each)]


_Handler = Callable[[Property, Clock], "list[Property]"]
_OLD: "dict[str, _Handler]" = {
    **dict.fromkeys(TEXTS, _old_text), **dict.fromkeys(LISTS, _old_list),
    **dict.fromkeys((*_STAMPS, "COMPLETED"), _old_stamp), "RRULE": _old_rule, "EXRULE": _old_rule,
    "STATUS": _old_status, "PRIORITY": _old_priority, "TRANSP": _old_transp, "GEO": _old_geo, "ATTACH": _old_attach,
    "ATTENDEE": _old_person, "ORGANIZER": _old_person, "PERCENT-COMPLETE": _nothing, "RECURRENCE-ID": _nothing,
}
