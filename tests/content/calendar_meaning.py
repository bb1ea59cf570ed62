"""What an iCalendar says, told by other means than the product's: lines as sets, rules by their first occurrences."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from minisyncml.content.lines import Property, parse

SHOWN = 40      #: occurrences of a rule that are compared


def components(body: bytes) -> "list[tuple[str, list[Property], list[list[Property]]]]":
    """The items of a calendar: name, own properties, alarms."""
    made: "list[tuple[str, list[Property], list[list[Property]]]]" = []
    inside = ""
    for each in parse(body):
        value = each.value.strip()
        if each.name == "BEGIN" and value in ("VEVENT", "VTODO", "VJOURNAL"):
            made.append((value, [], []))
        elif each.name == "BEGIN" and value == "VALARM":
            made[-1][2].append([])
            inside = value
        elif each.name == "BEGIN":
            inside = "" if value == "VCALENDAR" else value
        elif each.name == "END":
            inside = ""
        elif made and inside == "VALARM":
            made[-1][2][-1].append(each)
        elif made and not inside:
            made[-1][1].append(each)
    return made


def moment(text: str) -> datetime:
    plain = text.strip().rstrip("Z")
    return datetime.strptime(plain, "%Y%m%dT%H%M%S" if "T" in plain else "%Y%m%d")


def occurrences(rule: str, start: datetime, zone: "str | None") -> "list[datetime]":
    """The first occurrences of a rule by the clock of its zone, told by somebody else."""
    from dateutil.rrule import rrulestr
    words = [word for word in rule.split(";") if not word.startswith("UNTIL=")]
    until = next((word[6:] for word in rule.split(";") if word.startswith("UNTIL=")), "")
    last = moment(until) + timedelta(hours=0 if "T" in until else 24) if until else datetime.max
    if until.endswith("Z") and zone:
        there = ZoneInfo("/".join(zone.split("/")[-2:]))
        last = last.replace(tzinfo=timezone.utc).astimezone(there).replace(tzinfo=None)
    found = []
    for at, when in enumerate(rrulestr(";".join(words), dtstart=start)):
        if at >= SHOWN or when > last or when.year > start.year + 60:
            break
        found.append(when)
    return found


def span(text: str) -> str:
    """A duration in seconds, so that an hour is sixty minutes; other text as it is."""
    plain = text.lstrip("+-")
    if not plain.startswith("P"):
        return text
    seconds, number = 0, ""
    for sign in plain[1:]:
        if sign.isdecimal():
            number += sign
        elif number:
            seconds, number = seconds + int(number) * {"W": 604800, "D": 86400, "H": 3600, "M": 60, "S": 1}[sign], ""
    return str(-seconds if text.startswith("-") else seconds)


def times(props: "list[Property]", kind: str) -> "dict[str, Any]":
    found = {each.name: each for each in reversed(props)}
    said: "dict[str, Any]" = {}
    for name in ("DTSTART", "DTEND", "DUE", "RECURRENCE-ID"):
        if name in found:
            said[name] = found[name].value, found[name].param("TZID")
    start = found.get("DTSTART")
    if "DURATION" in found and start is not None:
        end = moment(start.value) + timedelta(seconds=int(span(found["DURATION"].value)))
        said["DTEND"] = end.strftime("%Y%m%dT%H%M%S") + start.value[15:], start.param("TZID")
    if kind == "VEVENT" and start is not None and "T" not in start.value and "DTEND" not in said:
        said["DTEND"] = (moment(start.value) + timedelta(days=1)).strftime("%Y%m%d"), None
    return said


def said(body: bytes, dates: bool = True) -> "list[dict[str, Any]]":
    """What each item says; two are equal when a person would call them the same.

    :param dates: False: leave out when it is
    """
    made = []
    for kind, props, alarms in components(body):
        one: "dict[str, Any]" = {"kind": kind}
        start, zone = next(((each.value, each.param("TZID")) for each in props if each.name == "DTSTART"),
                           ("19700101T000000", None))
        if dates:
            one.update(times(props, kind))
        for each in props:
            if each.name in ("DTSTART", "DTEND", "DUE", "DURATION", "RECURRENCE-ID", "X-MINISYNCML-KEPT"):
                continue
            if each.name in ("RRULE", "EXRULE"):
                one.setdefault(each.name, []).append(occurrences(each.value, moment(start), zone))
            elif each.name in ("EXDATE", "RDATE"):
                one.setdefault(each.name, set()).update((word, each.param("TZID")) for word in each.value.split(","))
            elif (each.name, each.value) != ("TRANSP", "OPAQUE"):
                params = sorted(pair for pair in each.params)
                one.setdefault(each.name, []).append((each.value, params))
        one["alarms"] = [sorted((each.name, span(each.value), sorted(set(each.params) - {("RELATED", "START")}))
                                for each in alarm) for alarm in alarms]
        made.append(one)
    return made
