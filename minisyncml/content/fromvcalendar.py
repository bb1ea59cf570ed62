"""An event or task of vCalendar 1.0 in the words of the hub, as tolerant as phones need it."""

from __future__ import annotations

from typing import Callable, Optional

from minisyncml.content import kept, recurrence
from minisyncml.content.alarms import MOST, alarm_of
from minisyncml.content.alarms import OLD as ALARMS
from minisyncml.content.clocks import ENTRY, in_utc, inward, midnight, whole_days
from minisyncml.content.components import TEXTS, Part
from minisyncml.content.escapes import escaped, one_line, split
from minisyncml.content.form import KEPT, Form
from minisyncml.content.lines import ENCODINGS, Property, is_binary
from minisyncml.content.people import new_person
from minisyncml.content.schedule import End, date_properties, dates_in, end_of, of_plain, realigned, schedule_of
from minisyncml.content.slots import LISTS, SLOTS, TIMES, meanings
from minisyncml.content.times import DAY, UTC, When, rest, stamp, time_of, time_property
from minisyncml.content.tovcalendar import STATUS
from minisyncml.content.zones import Zones

_STATUS_BACK = {"NEEDS ACTION": "NEEDS-ACTION", "ACCEPTED": "IN-PROCESS", "DECLINED": "CANCELLED",
                "SENT": "NEEDS-ACTION", "DELEGATED": "IN-PROCESS"}
_EVENT = ("TENTATIVE", "CONFIRMED", "CANCELLED")
_TASK = ("NEEDS-ACTION", "COMPLETED", "IN-PROCESS", "CANCELLED")


class _Reading:
    """An item of vCalendar 1.0 while it is read."""

    def __init__(self, part: Part, form: Form, zones: Zones) -> None:
        self.part, self.form, self.zones = part, form, zones
        self.recurs = part.first("RRULE") is not None
        self.lost: "list[tuple[str, Property]]" = []
        self.written = time_of(part.first("DTSTART") or Property("", ""))
        self.times = self._times()
        self.schedule = schedule_of(Part(part.name, self.times), zones)

    def _times(self) -> "list[Property]":
        found = {each.name: each for each in reversed(self.part.props) if each.name in TIMES}
        whens = {name: time_of(each) for name, each in found.items() if name != "DURATION"}
        start, end, due = (whens.get(name) for name in ("DTSTART", "DTEND", "DUE"))
        more = {name: rest(each) for name, each in found.items()}
        days = None
        kind = self.part.value(ENTRY).strip().upper()
        if self.part.name == "VTODO":
            start, due = self._task_days(start, due, found)
        elif start is not None:
            days = whole_days(start, end, self.form, self.zones, kind)
        if days is not None:
            return [time_property("DTSTART", When(days.first, "", True), more.get("DTSTART", ())),
                    time_property("DTEND", When(days.end, "", True), more.get("DTEND", ()))]
        made = []
        for name, when in (("DTSTART", start), ("DTEND", end), ("DUE", due)):
            if when is not None:
                when = inward(when, self.form, self.zones, self.recurs, True)
                made.append(time_property(name, when, more.get(name, ())))
        return made + [found["DURATION"]] if "DURATION" in found else made

    def _task_days(self, start: "Optional[When]", due: "Optional[When]",
                   found: "dict[str, Property]") -> "tuple[Optional[When], Optional[When]]":
        """The times of a task, as days when all are at midnight: most phones know no hours there."""
        zone = self.form.zone
        for frame in ("", zone) if zone else ("",):
            days = []
            for name, when in (("DTSTART", start), ("DUE", due)):
                day = self._at_midnight(when, frame, found[name].value) if when is not None else None
                days.append(day)
            if all(when is None or day is not None for when, day in zip((start, due), days)):
                return days[0], days[1]
        return start, due

    def _at_midnight(self, when: When, frame: str, text: str) -> "Optional[When]":
        from_utc = frame if when.zone == UTC else ""
        at = self.zones.local(when.at, from_utc) if from_utc else when.at
        if at is None or not midnight(at):
            return None
        return When(at - DAY if text.strip()[8:11].upper() == "T24" else at, "", True)


def new_part(part: Part, form: Form, zones: Zones) -> Part:
    """An item of the hub, what was kept aside not yet put back.

    :param part: of vCalendar 1.0
    :param form: how its sender writes items
    :param zones: of the item
    :returns: the component
    """
    reading = _Reading(part, form, zones)
    props: "list[Property]" = []
    alarms: "list[Part]" = []
    timed, summary = False, _summary(part)
    for each in part.props:
        if each.name in TIMES:
            props += [] if timed else reading.times
            timed = True
        elif each.name in ALARMS:
            alarm = alarm_of(each, reading.schedule, form, zones, summary) if len(alarms) < MOST else None
            if alarm is not None:
                alarms.append(alarm)
            else:
                reading.lost.append(("ALARMS", each))
        elif each.name not in ("TZ", "DAYLIGHT", KEPT):
            handler = _NEW.get(each.name)
            props += handler(each, reading) if handler is not None else [_as_it_is(each)]
    new = Part(part.name, props, alarms)
    if reading.lost:
        now = meanings(new, zones, form)
        for slot in sorted({slot for slot, _ in reading.lost}):
            whole = [each for each in part.props if each.name in ALARMS] if slot == "ALARMS" else \
                [each for each in part.props if SLOTS.get(each.name, each.name) == slot]
            tame = [each._replace(value=escaped(each.value)) for each in whole]
            text = kept.aside("1.0", slot, kept.fingerprint(now.get(slot)), tame).value
            new.props.append(Property(KEPT, escaped(text)))
    return new


def _summary(part: Part) -> str:
    return escaped(_plain(part.value("SUMMARY"))) or "Alarm"


def _plain(value: str) -> str:
    """Text as people read it: some phones put a backslash before semicolons and commas."""
    return value.replace("\\;", ";").replace("\\,", ",") if "\\" in value else value


def _as_it_is(each: Property) -> Property:
    return Property(each.name, one_line(each.value), _modern(each), each.group)


def _modern(each: Property) -> "tuple[tuple[str, str], ...]":
    if not each.params:
        return ()
    if is_binary(each):
        return each.params
    return tuple((name or "X-PARAM", value) for name, value in each.params
                 if name not in ("CHARSET", "ENCODING") and (name or value.upper() not in ENCODINGS))


def _new_text(each: Property, reading: _Reading) -> "list[Property]":
    return [Property(each.name, escaped(_plain(each.value)), _modern(each), each.group)]


def _new_list(each: Property, reading: _Reading) -> "list[Property]":
    words = split(each.value, ";") if ";" in each.value else split(each.value, ",")
    words = [_plain(word).strip() for word in words]
    return [Property(each.name, ",".join(escaped(word) for word in words if word), _modern(each), each.group)]


def _new_stamp(each: Property, reading: _Reading) -> "list[Property]":
    when = time_of(each)
    name = "CREATED" if each.name == "DCREATED" else each.name
    if when is None:
        return [Property(name, each.value.strip(), _modern(each))]
    when = inward(when, reading.form, reading.zones, False)
    when = in_utc(when, reading.zones) or when._replace(day=False)
    return [Property(name, stamp(when), rest(each))]


def _new_rule(each: Property, reading: _Reading) -> "list[Property]":
    start = reading.schedule.start
    if "FREQ=" in each.value.upper():
        return [Property(each.name, each.value.strip())]
    if start is None or not each.value.strip():
        reading.lost.append(("RULES", each))
        return []
    wall = start if reading.written is None or reading.written.zone != UTC else reading.written
    old = recurrence.parse_old(each.value, start.at)
    last = end_of(old.end, start, reading.zones, reading.form.zone) if old is not None and old.end else None
    if old is None or old.end and last is None:
        reading.lost.append(("RULES", each))
        return []
    plain = realigned(old.rule, start, wall)
    return [Property(each.name, of_plain(plain, End(old.counted, last), start, reading.zones))]


def _new_dates(each: Property, reading: _Reading) -> "list[Property]":
    words = each.value.replace(",", ";").split(";")
    return date_properties(each.name, dates_in(words, reading.schedule.start, reading.form, reading.zones))


def _new_status(each: Property, reading: _Reading) -> "list[Property]":
    word = each.value.strip().upper().replace("_", " ")
    new = _STATUS_BACK.get(word, word)
    if reading.part.name == "VEVENT" and new == "NEEDS-ACTION" and word != "SENT":
        return []                                       # the default, and no status of an event
    if new in (_EVENT if reading.part.name == "VEVENT" else _TASK) and STATUS.get(new, new) == word:
        return [Property(each.name, new)]
    reading.lost.append(("STATUS", each))
    if reading.part.name != "VTODO":
        return []
    return [Property(each.name, new if new in _TASK else "IN-PROCESS" if new == "CONFIRMED" else "NEEDS-ACTION")]


def _new_priority(each: Property, reading: _Reading) -> "list[Property]":
    level = each.value.strip()
    if level not in ("0", "1", "2", "3"):
        reading.lost.append(("PRIORITY", each))
    return [Property(each.name, {"2": "5", "3": "9"}.get(level, level))]


def _new_transp(each: Property, reading: _Reading) -> "list[Property]":
    word = each.value.strip().upper()
    if word.isdecimal():
        word = "OPAQUE" if int(word[:9]) == 0 else "TRANSPARENT"
    return [Property(each.name, word, _modern(each))]


def _new_geo(each: Property, reading: _Reading) -> "list[Property]":
    return [Property(each.name, each.value.strip().replace(",", ";"), _modern(each))]


def _new_attach(each: Property, reading: _Reading) -> "list[Property]":
    if is_binary(each):
        return [each._replace(raw=b"")]
    params = tuple(pair for pair in _modern(each) if pair not in (("VALUE", "URL"), ("VALUE", "URI")))
    return [_as_it_is(each)._replace(params=params)]


def _new_person(each: Property, reading: _Reading) -> "list[Property]":
    return [new_person(_as_it_is(each))]


def _new_entry(each: Property, reading: _Reading) -> "list[Property]":
    days = reading.schedule.start is not None and reading.schedule.start.day
    plain = ("TODO",) if reading.part.name == "VTODO" else ("APPOINTMENT", "EVENT") if days else ("APPOINTMENT",)
    return [] if each.value.strip().upper() in plain else [_as_it_is(each)]


_NewHandler = Callable[[Property, _Reading], "list[Property]"]
_NEW: "dict[str, _NewHandler]" = {
    **dict.fromkeys(TEXTS, _new_text), **dict.fromkeys(LISTS, _new_list),
    **dict.fromkeys(("DCREATED", "CREATED", "LAST-MODIFIED", "COMPLETED"), _new_stamp),
    "RRULE": _new_rule, "EXRULE": _new_rule, "EXDATE": _new_dates, "RDATE": _new_dates, "STATUS": _new_status,
    "PRIORITY": _new_priority, "TRANSP": _new_transp, "GEO": _new_geo, "ATTACH": _new_attach, "ATTENDEE": _new_person,
    "ORGANIZER": _new_person, ENTRY: _new_entry,
}
