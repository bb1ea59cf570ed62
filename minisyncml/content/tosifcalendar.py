"""An event or task of the hub as elements of SIF-E or SIF-T. What they cannot say is missing here."""

from __future__ import annotations

from datetime import timedelta
from typing import Iterable, Optional

from minisyncml.content import recurrence
from minisyncml.content.alarms import distance, trigger
from minisyncml.content.components import Part
from minisyncml.content.elements import Element
from minisyncml.content.escapes import unescaped
from minisyncml.content.form import Form
from minisyncml.content.lines import Property
from minisyncml.content.people import address
from minisyncml.content.recurrence import Rule
from minisyncml.content.schedule import Clock, Schedule, dates_of, days_of, last_of, schedule_of
from minisyncml.content.sif import CLASSES, PREFIX, broken, list_out
from minisyncml.content.times import DAY, DAYS, When, stamp, time_of
from minisyncml.content.zones import Zones

TEXTS = {"Subject": "SUMMARY", "Body": "DESCRIPTION", "Location": "LOCATION"}
BUSY = {"0": "FREE", "1": "TENTATIVE", "2": "BUSY", "3": "OOF"}
STATES = {"0": "NEEDS-ACTION", "1": "IN-PROCESS", "2": "COMPLETED", "3": "NEEDS-ACTION", "4": "NEEDS-ACTION"}
ANSWERS = {"1": "ACCEPTED", "2": "DECLINED", "3": "TENTATIVE", "4": "NEEDS-ACTION"}
ROLES = {"1": "REQ-PARTICIPANT", "2": "OPT-PARTICIPANT"}
#: other elements that say something when they are not empty
OTHERS = ("Companies", "Mileage", "BillingInformation", "MeetingStatus", "ReplyTime", "Folder", "NoAging", "UnRead",
          "ActualWork", "TotalWork", "Owner", "TeamTask", "Role", "ReminderOptions", "ReminderInterval",
          "ReminderRepeatCount", "SIFVersion", "Contact", "Organizer")
_CASED = {name.upper(): name for name in OTHERS}
_REPEATS = ("IsRecurring", "RecurrenceType", "Interval", "MonthOfYear", "DayOfMonth", "DayOfWeekMask", "Instance",
            "PatternStartDate", "NoEndDate", "PatternEndDate", "Occurrences")


def elements_of(part: Part, form: Form, zones: Zones) -> "list[Element]":
    """An item of the hub as elements, nothing kept aside.

    :param part: VEVENT or VTODO
    :param form: how its receiver wants it
    :param zones: of the item
    :returns: the elements
    """
    schedule = schedule_of(part, zones)
    clock = Clock(schedule.start, form, zones, False)
    made = _event_times(schedule, clock) if part.name == "VEVENT" else _task_times(part, schedule, clock)
    made += _common(part, form)
    made += _repeats(part, schedule, clock)
    made += _alarm(part, schedule, clock)
    return made


def _event_times(schedule: Schedule, clock: Clock) -> "list[Element]":
    days = days_of(schedule)
    if days is not None:
        return [Element("AllDayEvent", "1"), Element("Start", days.first.date().isoformat()),
                Element("End", (days.end - DAY).date().isoformat())]
    made = [Element("AllDayEvent", "0")]
    return made + [Element(name, stamp(clock.out(when))) for name, when in zip(("Start", "End"), schedule)
                   if when is not None]


def _said(when: When, clock: Clock) -> str:
    return when.at.date().isoformat() if when.day else stamp(clock.out(when))


def _task_times(part: Part, schedule: Schedule, clock: Clock) -> "list[Element]":
    made = [Element(name, _said(when, clock))
            for name, when in (("StartDate", schedule.start), ("DueDate", schedule.due)) if when is not None]
    state, mine = part.value("STATUS").strip().upper(), part.value("X-SIF-STATUS").strip()
    if state:
        number = {"IN-PROCESS": "1", "COMPLETED": "2"}.get(state, "0")
        made.append(Element("Status", mine if mine in STATES and STATES[mine] == state else number))
        made.append(Element("Complete", "1" if state == "COMPLETED" else "0"))
    done, percent = part.first("COMPLETED"), part.value("PERCENT-COMPLETE").strip()
    when = time_of(done) if done is not None else None
    if when is not None:
        made.append(Element("DateCompleted", stamp(clock.out(when))))
    if percent.isdecimal():
        made.append(Element("PercentComplete", percent))
    return made


def _common(part: Part, form: Form) -> "list[Element]":
    made = [Element(key, broken(unescaped(part.value(name)), form)) for key, name in TEXTS.items() if part.value(name)]
    words = list_out(part.all("CATEGORIES"))
    if words:
        made.append(Element("Categories", words))
    secret = next((number for number, name in CLASSES.items() if name == part.value("CLASS").strip().upper()), "")
    if secret:
        made.append(Element("Sensitivity", secret))
    priority = part.value("PRIORITY").strip()
    if priority.isdecimal() and priority != "0":
        made.append(Element("Importance", "2" if int(priority[:3]) < 5 else "1" if priority == "5" else "0"))
    transp, busy = part.value("TRANSP").strip().upper(), part.value("X-MICROSOFT-CDO-BUSYSTATUS").strip().upper()
    if part.name == "VEVENT" and (transp or busy):
        number = next((number for number, name in BUSY.items() if name == busy), "")
        made.append(Element("BusyStatus", number if number and (number == "0") == (transp == "TRANSPARENT")
                            else "0" if transp == "TRANSPARENT" else "2"))
    for each in part.props:
        name = _CASED.get(each.name[len(PREFIX):]) if each.name.startswith(PREFIX) else None
        if name:
            made.append(Element(name, unescaped(each.value)))
    people = [_person(each) for each in part.all("ATTENDEE")]
    return [*made, Element("Attendees", children=tuple(people))] if people else made


def _person(each: Property) -> Element:
    words = [("AttendeeName", (each.param("CN") or "").strip('"')), ("AttendeeEmail", address(each.value))]
    for name, param, table in (("AttendeeStatus", "PARTSTAT", ANSWERS), ("AttendeeType", "ROLE", ROLES)):
        value = (each.param(param) or "").upper()
        words.append((name, next((number for number, word in table.items() if word == value), "")))
    return Element("Attendee", children=tuple(Element(name, text) for name, text in words if text))


def _repeats(part: Part, schedule: Schedule, clock: Clock) -> "list[Element]":
    each, start = part.first("RRULE"), schedule.start
    words = _rule(each.value, start, clock) if each is not None and start is not None else None
    if words is None:
        return [Element("IsRecurring", "0")]
    made = [Element(name, words[name]) for name in _REPEATS if name in words]
    dates = []
    for name, key in (("EXDATE", "ExcludeDate"), ("RDATE", "IncludeDate")):
        for when in dates_of(part.all(name), start):
            dates.append(Element(key, _said(when, clock)))
    return [*made, Element("Exceptions", children=tuple(dates))] if dates else made


def _rule(text: str, start: When, clock: Clock) -> "Optional[dict[str, str]]":
    rule = recurrence.parse_rule(text)
    words = _pattern(rule, start, clock) if rule is not None else None
    if rule is None or words is None:
        return None
    words["IsRecurring"] = "1"
    words["PatternStartDate"] = _said(start, clock)
    last = last_of(rule, start, clock.zones, clock.form.zone)
    words["NoEndDate"] = "0" if rule.counted or last is not None else "1"
    if last is not None:
        words["PatternEndDate"] = _said(start._replace(at=last), clock)
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


def _alarm(part: Part, schedule: Schedule, clock: Clock) -> "list[Element]":
    alarm = next((each for each in part.parts if each.name == "VALARM"), None)
    when = trigger(alarm, schedule, clock.zones) if alarm is not None else None
    if alarm is None or when is None or not (schedule.start or schedule.due):
        return [Element("ReminderSet", "0")]
    made = [Element("ReminderSet", "1")]
    if part.name == "VTODO":
        made.append(Element("ReminderTime", stamp(clock.out(when))))
    else:
        span = distance(schedule, when, clock.zones, clock.form.zone)
        if span is None or span > timedelta(0):
            return [Element("ReminderSet", "0")]
        made.append(Element("ReminderMinutesBeforeStart", str(-span // timedelta(minutes=1))))
    sound = alarm.value("ATTACH")
    return [*made, Element("ReminderSoundFile", sound)] if sound else made
