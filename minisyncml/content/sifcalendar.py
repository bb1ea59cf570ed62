"""SIF-E and SIF-T, the appointments and tasks of Funambol (flat XML after the fields of Outlook), and the hub.

Elements that the hub has no property for become X-SIF- properties; what SIF cannot say stands in elements
X-MINISYNCML-KEPT, as in :mod:`minisyncml.content.vcalendar`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Iterable, Optional, Sequence

from minisyncml.content import recurrence
from minisyncml.content.alarms import trigger
from minisyncml.content.clocks import inward, midnight, wall
from minisyncml.content.components import Part, flat, tree, zones_of
from minisyncml.content.elements import Element, first, read_elements, write_elements
from minisyncml.content.escapes import escaped, split, unescaped
from minisyncml.content.form import KEPT, Form
from minisyncml.content.formats import Format
from minisyncml.content.lines import Property
from minisyncml.content.meaning import ITEMS, PRODID, restored, unsaid, zones_for
from minisyncml.content.recurrence import DAYS, Plain, Rule
from minisyncml.content.schedule import (
    Clock,
    End,
    Schedule,
    between,
    date_properties,
    dates_in,
    dates_of,
    end_of,
    last_of,
    of_plain,
    schedule_of,
)
from minisyncml.content.times import UTC, When, duration, parse_time, stamp, time_of, time_property
from minisyncml.content.vcalendar import without_exceptions
from minisyncml.content.zones import Zones
from minisyncml.errors import ItemError
from minisyncml.status import UNSUPPORTED_TYPE

_DAY = timedelta(days=1)
_TEXTS = {"Subject": "SUMMARY", "Body": "DESCRIPTION", "Location": "LOCATION"}
_CLASSES = {"0": "PUBLIC", "1": "X-PERSONAL", "2": "PRIVATE", "3": "CONFIDENTIAL"}
_BUSY = {"0": "FREE", "1": "TENTATIVE", "2": "BUSY", "3": "OOF"}
_STATES = {"0": "NEEDS-ACTION", "1": "IN-PROCESS", "2": "COMPLETED", "3": "NEEDS-ACTION", "4": "NEEDS-ACTION"}
_PARTSTAT = {"1": "ACCEPTED", "2": "DECLINED", "3": "TENTATIVE", "4": "NEEDS-ACTION"}
_ROLES = {"1": "REQ-PARTICIPANT", "2": "OPT-PARTICIPANT"}
#: other elements that say something when they are not empty
_OTHER = ("Companies", "Mileage", "BillingInformation", "MeetingStatus", "ReplyTime", "Folder", "NoAging", "UnRead",
          "ActualWork", "TotalWork", "Owner", "TeamTask", "Role", "ReminderOptions", "ReminderInterval",
          "ReminderRepeatCount", "SIFVersion", "Contact", "Organizer")
_CASES = {name.upper(): name for name in _OTHER}
_REPEATS = ("IsRecurring", "RecurrenceType", "Interval", "MonthOfYear", "DayOfMonth", "DayOfWeekMask", "Instance",
            "PatternStartDate", "NoEndDate", "PatternEndDate", "Occurrences")
_NO_DATE = "4501"       #: the year in which Outlook has what has no date


class Sif(Format):
    """SIF-E or SIF-T."""

    version, family = "1.0", "calendar"

    def __init__(self, type: str, kind: str, *roots: str) -> None:
        self.type, self.kind, self.roots = type, kind, roots

    def read(self, body: bytes, form: Form) -> "list[Property]":
        """See :meth:`Format.read`."""
        found = read_elements(body, self.roots)
        zones = Zones(form.zone)
        part = _new_event(found, form, zones) if self.kind == "VEVENT" else _new_task(found, form, zones)
        texts = [each.text for each in found if each.name == KEPT]
        beside = restored(part, texts, zones, form) if texts else []
        there = [each for each in beside if each.name == "VTIMEZONE"]
        parts = [part, *(each for each in beside if each.name != "VTIMEZONE")]
        head = [Property("VERSION", "2.0"), PRODID]
        return list(flat(Part("VCALENDAR", head, [*zones_for(parts, there), *parts])))

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        """See :meth:`Format.write`."""
        root = tree(found)
        items = [part for part in root.parts if part.name in ITEMS]
        part = next((each for each in items if each.first("RECURRENCE-ID") is None), items[0])
        if part.name != self.kind:
            raise ItemError(f"{self.type} has no place for a {part.name}", UNSUPPORTED_TYPE)
        others = [each for each in items if each is not part]
        zones = Zones(form.zone, zones_of(root))
        shown = without_exceptions(part, others, zones) if others else part
        elements = _elements(shown, form, zones)
        if form.keeps:
            again = Zones(form.zone)
            new = _new_event(elements, form, again) if self.kind == "VEVENT" else _new_task(elements, form, again)
            elements += [Element(KEPT, each.value) for each in unsaid(part, others, new, form, zones)]
        return write_elements(self.roots[0], [each for each in elements if each.name not in form.strip])


FORMATS: "tuple[Format, ...]" = (Sif("text/x-s4j-sife", "VEVENT", "appointment", "calendar"),
                                 Sif("text/x-s4j-sift", "VTODO", "task"))


# -- from SIF --------------------------------------------------------------------------------------------------------

class _Found:
    """The elements of one item by their names, and how they are to be read."""

    def __init__(self, found: "Sequence[Element]", form: Form, zones: Zones) -> None:
        self.form, self.zones = form, zones
        self.texts: "dict[str, str]" = {
            each.name.lower(): each.text.strip() for each in reversed(found) if not each.children}
        self.all = found
        self.recurs = self.get("IsRecurring") in ("1", "-1", "true", "True")

    def get(self, name: str) -> str:
        return self.texts.get(name.lower(), "")

    def number(self, name: str) -> int:
        text = self.get(name)
        return int(text) if text.isdecimal() and len(text) < 10 else 0

    def time(self, name: str) -> "Optional[When]":
        when = parse_time(self.get(name))
        return None if when is None or when.at.year >= 4500 else when

    def new(self, name: str) -> "Optional[When]":
        when = self.time(name)
        return inward(when, self.form, self.zones, self.recurs) if when is not None else None


def _new_event(elements: "Sequence[Element]", form: Form, zones: Zones) -> Part:
    found = _Found(elements, form, zones)
    start, end = found.time("Start"), found.time("End")
    if start is not None and found.get("AllDayEvent") in ("1", "-1", "true", "True"):
        begin = _date(start, found)
        stop = _after(end, found) if end is not None else begin + _DAY
        times = [time_property("DTSTART", When(begin, "", True)),
                 time_property("DTEND", When(max(stop, begin + _DAY), "", True))]
    else:
        times = [time_property(name, inward(when._replace(day=False), form, zones, found.recurs))
                 for name, when in (("DTSTART", start), ("DTEND", end)) if when is not None]
    part = Part("VEVENT", [*times, *_common(found)])
    busy = _BUSY.get(found.get("BusyStatus"))
    if busy is not None:
        part.props.append(Property("TRANSP", "TRANSPARENT" if busy == "FREE" else "OPAQUE"))
        if busy in ("TENTATIVE", "OOF"):
            part.props.append(Property("X-MICROSOFT-CDO-BUSYSTATUS", busy))
    _repeats(part, found)
    if found.get("ReminderSet") in ("1", "-1", "true", "True"):
        span = timedelta(minutes=-found.number("ReminderMinutesBeforeStart"))
        part.parts.append(_alarm(Property("TRIGGER", duration(span)), found))
    return part


def _date(when: When, found: _Found) -> datetime:
    at = when.at if when.day or midnight(when.at) else wall(when, found.zones, found.form.zone)
    return at.replace(hour=0, minute=0, second=0)


def _after(end: When, found: _Found) -> datetime:
    """The day after the last: a date is the last day itself."""
    at = end.at if end.day or midnight(end.at) else wall(end, found.zones, found.form.zone)
    return at if midnight(at) and not end.day else at.replace(hour=0, minute=0, second=0) + _DAY


def _new_task(elements: "Sequence[Element]", form: Form, zones: Zones) -> Part:
    found = _Found(elements, form, zones)
    times = []
    for name, key in (("DTSTART", "StartDate"), ("DUE", "DueDate")):
        when = found.time(key)
        if when is not None:
            local = wall(when, zones, form.zone) if when.zone == UTC else when.at
            day = next((at for at in (when.at, local) if midnight(at)), None)
            times.append(time_property(name, When(day, "", True) if day is not None
                                       else inward(when, form, zones, found.recurs)))
    part = Part("VTODO", [*times, *_common(found)])
    state = _STATES.get(found.get("Status"))
    complete = found.get("Complete")
    if complete in ("1", "-1", "true", "True"):
        state = "COMPLETED"
    if state is not None:
        part.props.append(Property("STATUS", state))
        if found.get("Status") in ("3", "4"):
            part.props.append(Property("X-SIF-STATUS", found.get("Status")))
    done = found.new("DateCompleted")
    if done is not None:
        utc = zones.utc(done.at, done.zone) if done.zone else None
        part.props.append(Property("COMPLETED", stamp(When(utc, UTC) if utc is not None else done._replace(day=False))))
    if found.get("PercentComplete"):
        part.props.append(Property("PERCENT-COMPLETE", str(min(found.number("PercentComplete"), 100))))
    _repeats(part, found)
    when = found.new("ReminderTime")
    if when is not None and found.get("ReminderSet") in ("1", "-1", "true", "True"):
        now = schedule_of(part, zones)
        base = now.start or now.due
        span = between(base._replace(day=False), when, zones, form.zone) if base is not None else None
        related = () if now.start is not None else (("RELATED", "END"),)
        part.parts.append(_alarm(Property("TRIGGER", duration(span), related) if span is not None
                                 else Property("TRIGGER", stamp(when), (("VALUE", "DATE-TIME"),)), found))
    return part


def _common(found: _Found) -> "list[Property]":
    """What appointments and tasks have in common."""
    made = [Property(name, escaped(found.get(key))) for key, name in _TEXTS.items() if found.get(key)]
    words = found.get("Categories")
    parts = [word.strip() for word in words.replace(";", ",").split(",")] if words else []
    if any(parts):
        made.append(Property("CATEGORIES", ",".join(escaped(word) for word in parts if word)))
    if found.get("Sensitivity") in _CLASSES:
        made.append(Property("CLASS", _CLASSES[found.get("Sensitivity")]))
    priority = {"0": "9", "1": "5", "2": "1"}.get(found.get("Importance"))
    if priority is not None:
        made.append(Property("PRIORITY", priority))
    for name in _OTHER:
        if found.get(name):
            made.append(Property(f"X-SIF-{name.upper()}", escaped(found.get(name))))
    people = first(found.all, "Attendees")
    for each in people.children[:1000] if people is not None else ():
        made += _attendee(each)
    return made


def _attendee(each: Element) -> "list[Property]":
    words = {child.name: child.text.strip() for child in each.children}
    mail, name = words.get("AttendeeEmail", ""), words.get("AttendeeName", "")
    params = []
    if name:
        plain = name.replace('"', "'")
        params.append(("CN", f'"{plain}"' if any(sign in plain for sign in ",;:") else plain))
    if words.get("AttendeeStatus") in _PARTSTAT:
        params.append(("PARTSTAT", _PARTSTAT[words["AttendeeStatus"]]))
    if words.get("AttendeeType") in _ROLES:
        params.append(("ROLE", _ROLES[words["AttendeeType"]]))
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
    if found.get("NoEndDate") in ("1", "-1", "true", "True"):
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


# -- to SIF ----------------------------------------------------------------------------------------------------------

def _elements(part: Part, form: Form, zones: Zones) -> "list[Element]":
    schedule = schedule_of(part, zones)
    clock = Clock(schedule.start, form, zones, False)
    made = _event_times(schedule, clock) if part.name == "VEVENT" else _task_times(part, schedule, clock)
    made += _common_out(part)
    made += _repeats_out(part, schedule, clock)
    made += _alarm_out(part, schedule, clock)
    return made


def _event_times(schedule: Schedule, clock: Clock) -> "list[Element]":
    start, end = schedule.start, schedule.end
    if start is not None and start.day:
        last = (end.at if end is not None else start.at + _DAY) - _DAY
        return [Element("AllDayEvent", "1"), Element("Start", f"{start.at:%Y-%m-%d}"),
                Element("End", f"{last:%Y-%m-%d}")]
    made = [Element("AllDayEvent", "0")]
    return made + [Element(name, stamp(clock.out(when))) for name, when in (("Start", start), ("End", end))
                   if when is not None]


def _task_times(part: Part, schedule: Schedule, clock: Clock) -> "list[Element]":
    made = [Element(name, f"{when.at:%Y-%m-%d}" if when.day else stamp(clock.out(when)))
            for name, when in (("StartDate", schedule.start), ("DueDate", schedule.due)) if when is not None]
    state, mine = part.value("STATUS").strip().upper(), part.value("X-SIF-STATUS").strip()
    if state:
        number = {"IN-PROCESS": "1", "COMPLETED": "2"}.get(state, "0")
        made.append(Element("Status", mine if mine in _STATES and _STATES[mine] == state else number))
        made.append(Element("Complete", "1" if state == "COMPLETED" else "0"))
    done, percent = part.first("COMPLETED"), part.value("PERCENT-COMPLETE").strip()
    when = time_of(done) if done is not None else None
    if when is not None:
        made.append(Element("DateCompleted", stamp(clock.out(when))))
    if percent.isdecimal():
        made.append(Element("PercentComplete", percent))
    return made


def _common_out(part: Part) -> "list[Element]":
    made = [Element(key, unescaped(part.value(name))) for key, name in _TEXTS.items() if part.value(name)]
    words = [unescaped(word).strip() for each in part.all("CATEGORIES") for word in split(each.value, ",")]
    if words:
        made.append(Element("Categories", ", ".join(words)))
    secret = next((number for number, name in _CLASSES.items() if name == part.value("CLASS").strip().upper()), "")
    if secret:
        made.append(Element("Sensitivity", secret))
    priority = part.value("PRIORITY").strip()
    if priority.isdecimal() and priority != "0":
        made.append(Element("Importance", "2" if int(priority[:3]) < 5 else "1" if priority == "5" else "0"))
    transp, busy = part.value("TRANSP").strip().upper(), part.value("X-MICROSOFT-CDO-BUSYSTATUS").strip().upper()
    if part.name == "VEVENT" and (transp or busy):
        number = next((number for number, name in _BUSY.items() if name == busy), "")
        made.append(Element("BusyStatus", number if number and (number == "0") == (transp == "TRANSPARENT")
                            else "0" if transp == "TRANSPARENT" else "2"))
    for each in part.props:
        if each.name[:6] == "X-SIF-" and each.name[6:] in _CASES:
            made.append(Element(_CASES[each.name[6:]], unescaped(each.value)))
    people = [_person(each) for each in part.all("ATTENDEE")]
    return [*made, Element("Attendees", children=tuple(people))] if people else made


def _person(each: Property) -> Element:
    address = each.value.strip()
    words = [("AttendeeName", (each.param("CN") or "").strip('"')),
             ("AttendeeEmail", address[7:] if address[:7].lower() == "mailto:" else address)]
    for name, param, table in (("AttendeeStatus", "PARTSTAT", _PARTSTAT), ("AttendeeType", "ROLE", _ROLES)):
        value = (each.param(param) or "").upper()
        words.append((name, next((number for number, word in table.items() if word == value), "")))
    return Element("Attendee", children=tuple(Element(name, text) for name, text in words if text))


def _repeats_out(part: Part, schedule: Schedule, clock: Clock) -> "list[Element]":
    each, start = part.first("RRULE"), schedule.start
    words = _rule_out(each.value, start, clock) if each is not None and start is not None else None
    if words is None:
        return [Element("IsRecurring", "0")]
    made = [Element(name, words[name]) for name in _REPEATS if name in words]
    dates = []
    for name, key in (("EXDATE", "ExcludeDate"), ("RDATE", "IncludeDate")):
        for when in dates_of(part.all(name), start):
            dates.append(Element(key, f"{when.at:%Y-%m-%d}" if when.day else stamp(clock.out(when))))
    return [*made, Element("Exceptions", children=tuple(dates))] if dates else made


def _rule_out(text: str, start: When, clock: Clock) -> "Optional[dict[str, str]]":
    rule = recurrence.parse_rule(text)
    words = _pattern(rule, start, clock) if rule is not None else None
    if rule is None or words is None:
        return None
    words["IsRecurring"] = "1"
    words["PatternStartDate"] = f"{start.at:%Y-%m-%d}" if start.day else stamp(clock.out(start))
    last = last_of(rule, start, clock.zones, clock.form.zone)
    words["NoEndDate"] = "0" if rule.counted or last is not None else "1"
    if last is not None:
        words["PatternEndDate"] = f"{last:%Y-%m-%d}" if start.day else stamp(clock.out(When(last, start.zone)))
    elif rule.counted:
        words["Occurrences"] = str(rule.counted)
    return words


def _pattern(rule: Rule, start: When, clock: Clock) -> "Optional[dict[str, str]]":
    names = {name for name, _ in rule.parts}
    position = rule.part("BYSETPOS")
    days = rule.part("BYDAY").split(",")
    if rule.freq == "MONTHLY" and names == {"BYDAY", "BYSETPOS"} and len(days) > 1 \
            and position in ("1", "2", "3", "4", "-1") and all(day in DAYS for day in days):
        return {"RecurrenceType": "3", "Interval": str(rule.interval), "Instance": position.replace("-1", "5"),
                "DayOfWeekMask": str(_mask(DAYS.index(day) for day in days))}
    plain = recurrence.plain(rule, start.at.date())
    if plain is None:
        return None
    plain = recurrence.shifted(plain, clock.shift)
    words = {"Interval": str(plain.interval)}
    if plain.kind == "D":
        return {"RecurrenceType": "0", **words}
    if plain.kind == "W":
        return {"RecurrenceType": "1", "DayOfWeekMask": str(_mask(day for _, day in plain.days)), **words}
    if not recurrence.single(plain) or plain.kind == "YD":
        return None
    if plain.kind == "YM":
        return {"RecurrenceType": "5", "MonthOfYear": str(plain.numbers[0]), "DayOfMonth": str(clock.local.day),
                **words}
    if plain.kind == "MD" and plain.numbers[0] == -1:
        return {"RecurrenceType": "3", "Instance": "5", "DayOfWeekMask": "127", **words}
    if plain.kind == "MD":
        return {"RecurrenceType": "2", "DayOfMonth": str(plain.numbers[0]), **words} if plain.numbers[0] > 0 else None
    at, day = plain.days[0]
    if not (0 < at < 5 or at == -1):
        return None
    words.update(Instance="5" if at < 0 else str(at), DayOfWeekMask=str(_mask([day])))
    if rule.freq == "YEARLY":
        return {**words, "RecurrenceType": "6", "MonthOfYear": str(clock.local.month), "Interval": str(rule.interval)}
    return {**words, "RecurrenceType": "3"}


def _mask(days: "Iterable[int]") -> int:
    return sum({1 << (day + 1) % 7 for day in days})


def _alarm_out(part: Part, schedule: Schedule, clock: Clock) -> "list[Element]":
    alarm = next((each for each in part.parts if each.name == "VALARM"), None)
    when = trigger(alarm, schedule, clock.zones) if alarm is not None else None
    base = schedule.start or schedule.due
    if alarm is None or when is None or base is None:
        return [Element("ReminderSet", "0")]
    made = [Element("ReminderSet", "1")]
    if part.name == "VTODO":
        made.append(Element("ReminderTime", stamp(clock.out(when))))
    else:
        span = between(when, base._replace(day=False), clock.zones, clock.form.zone)
        if span is None or span < timedelta(0):
            return [Element("ReminderSet", "0")]
        made.append(Element("ReminderMinutesBeforeStart", str(int(span.total_seconds()) // 60)))
    sound = alarm.value("ATTACH")
    return [*made, Element("ReminderSoundFile", sound)] if sound else made
