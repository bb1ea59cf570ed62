"""When an event or task is, and when again: read from the hub's properties, and said by a peer's clock.

What is about the form of a peer stands here once for all calendar formats; the words of a format stand in its module.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from datetime import date, datetime, timedelta
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

from minisyncml.content import recurrence
from minisyncml.content.clocks import Days, ceiling, dawn, in_utc, inward, midnight, outward, wall
from minisyncml.content.components import Part
from minisyncml.content.form import Form
from minisyncml.content.lines import Property
from minisyncml.content.recurrence import Plain, Rule
from minisyncml.content.times import DAY, UTC, When, parse_duration, parse_time, stamp, time_of, time_property, tzid
from minisyncml.content.zones import Zones
from minisyncml.errors import ItemError

MAX_DATES = 20_000      #: exceptions to a rule


class Schedule(NamedTuple):
    """The times of an event or task."""

    start: Optional[When]
    end: Optional[When]         #: of whole days: the day after the last
    due: Optional[When]


def schedule_of(part: Part, zones: Zones) -> Schedule:
    """The times of an event or task, its duration made into an end.

    :param part: VEVENT, VTODO or VJOURNAL of the hub
    :param zones: of the item
    :returns: the times
    """
    found = {}
    for each in part.props:
        if each.name in ("DTSTART", "DTEND", "DUE", "DURATION") and each.name not in found:
            found[each.name] = each
    start = time_of(found["DTSTART"]) if "DTSTART" in found else None
    end = time_of(found["DTEND"]) if "DTEND" in found else None
    due = time_of(found["DUE"]) if "DUE" in found else None
    if "DURATION" in found and start is not None:
        span = parse_duration(found["DURATION"].value)
        if span is not None and part.name == "VTODO" and due is None:
            due = later(start, span, zones)
        elif span is not None and end is None:
            end = later(start, span, zones)
    if start is not None and start.day and part.name == "VEVENT":
        if end is None or end.at <= start.at:
            end = When(start.at + DAY, "", True)
        elif not end.day:
            end = When(ceiling(end.at), "", True)
    return Schedule(start, end, due)


def later(when: When, span: timedelta, zones: Zones) -> When:
    """A moment after another, by the seconds that pass; whole days by the calendar.

    :param when: a moment
    :param span: how much later
    :param zones: of the item
    :returns: in the same zone
    """
    try:
        if when.day or not when.zone or not span % DAY:
            return when._replace(at=when.at + span, day=when.day and not span % DAY)
        utc = zones.utc(when.at, when.zone)
        local = zones.local(utc + span, when.zone) if utc is not None else None
        return when._replace(at=when.at + span if local is None else local)
    except OverflowError:
        return when


def between(first: When, second: When, zones: Zones, home: str) -> Optional[timedelta]:
    """The time that passes from one moment to another.

    :param first: a moment or day
    :param second: a moment or day
    :param zones: of the item
    :param home: the zone of clocks without one; empty: not known
    :returns: None when one has a zone, the other has none, and none is known
    """
    if first.zone == second.zone and first.zone in ("", UTC):
        return second.at - first.at
    one, two = in_utc(first, zones, home), in_utc(second, zones, home)
    if one is None or two is None:
        return second.at - first.at if first.zone == second.zone else None
    return two.at - one.at


class Clock:
    """The clock that an item's rule follows at a peer.

    :param start: the item's first moment, None when it has none
    :param form: of the peer
    :param zones: of the item
    :param named: whether its format has names for zones
    """

    def __init__(self, start: Optional[When], form: Form, zones: Zones, named: bool) -> None:
        self.start, self.form, self.zones, self.named = start, form, zones, named
        moved = form.zone and form.time in ("utc", "local", "received-as-utc")
        self.zone = "" if start is None or start.day or not start.zone else form.zone if moved else start.zone
        self.local = wall(start, zones, self.zone) if start is not None else datetime(1970, 1, 1)
        self.shift = (self.local.date() - start.at.date()).days if start is not None else 0

    def out(self, when: When) -> When:
        """A moment as the peer wants it.

        :param when: as the hub has it
        :returns: by the peer's clock, in UTC or with its zone
        """
        return outward(when, self.form, self.zones, self.named)


def last_of(rule: Rule, start: When, zones: Zones, home: str) -> Optional[datetime]:
    """The last moment at which a rule that says UNTIL may occur: by the clock of the start, at its time of day.

    :param rule: a rule
    :param start: its first moment
    :param zones: of the item
    :param home: the zone of clocks without one
    :returns: None when the rule says no UNTIL that can be read
    """
    until = parse_time(rule.until)
    if until is None:
        return None
    if until.day or start.day:
        at = until.at if until.day or not until.zone else wall(until, zones, home)
        return datetime.combine(at.date(), start.at.time())
    at = wall(until, zones, start.zone or home)
    day = at.date() if at.time() >= start.at.time() else at.date() - DAY
    return datetime.combine(day, start.at.time())


class End(NamedTuple):
    """How a rule ends: both are empty when it does not."""

    counted: int = 0
    last: Optional[datetime] = None     #: by the clock of the start


def plain_rule(text: str, start: When, zones: Zones, home: str) -> "Optional[Tuple[Plain, End]]":
    """A rule that the older formats can say, with its end. One that is counted, and happens several times in each
    period, gets the day of its last occurrence: not everybody counts the same things.

    :param text: the value of RRULE
    :param start: its first moment
    :param zones: of the item
    :param home: the zone of clocks without one
    :returns: None when they cannot
    """
    rule = recurrence.parse_rule(text)
    plain = recurrence.plain(rule, start.at.date()) if rule is not None else None
    if rule is None or plain is None:
        return None
    if rule.until:
        last = last_of(rule, start, zones, home)
        return (plain, End(0, last)) if last is not None else None
    if rule.counted and not recurrence.single(plain):
        day = recurrence.nth(plain, start.at.date(), rule.counted)
        return (plain, End(0, datetime.combine(day, start.at.time()))) if day is not None else None
    return plain, End(rule.counted)


def of_plain(plain: Plain, end: End, start: When, zones: Zones) -> str:
    """A rule of the hub.

    :param plain: the rule without its end, by the clock of the start
    :param end: its end
    :param start: its first moment
    :param zones: of the item
    :returns: the value of RRULE
    """
    rule = recurrence.of_plain(plain, start.at.date())
    if end.last is None:
        return recurrence.write_rule(rule._replace(counted=end.counted))
    if start.day:
        return recurrence.write_rule(rule._replace(until=stamp(When(end.last, "", True))))
    last = in_utc(When(end.last, start.zone), zones) or When(end.last)
    return recurrence.write_rule(rule._replace(until=stamp(last)))


def end_of(text: str, start: When, zones: Zones, home: str) -> Optional[datetime]:
    """The last moment of a rule whose end a peer says as a date: the end of that day, or that very moment.

    :param text: as the peer wrote it
    :param start: the rule's first moment, as the hub has it
    :param zones: of the item
    :param home: the zone of the peer's clock
    :returns: by the clock of the start; None when it is no date
    """
    end = parse_time(text)
    if end is None:
        return None
    if end.day or midnight(end.at):
        return datetime.combine(end.at.date(), start.at.time())
    at = wall(end, zones, home if start.day else start.zone or home)
    return datetime.combine(at.date(), start.at.time()) if start.day or midnight(at) else at


def realigned(plain: Plain, start: When, written: When) -> Plain:
    """A rule by the clock of the start. Some phones send weekdays and days of the month by that of UTC.

    :param plain: the rule as a peer wrote it
    :param start: its first moment, as the hub has it
    :param written: the same moment as the peer wrote it
    :returns: the rule, moved when it fits what was written, and not the start
    """
    days = (start.at.date() - written.at.date()).days
    if not days or abs(days) > 1 or start.day:
        return plain
    if plain.kind == "W":
        found = [day for _, day in plain.days]
        mine, theirs = start.at.weekday() in found, written.at.weekday() in found
    elif plain.kind == "MD":
        mine, theirs = start.at.day in plain.numbers, written.at.day in plain.numbers
    else:
        return plain
    return recurrence.shifted(plain, days) if theirs and not mine else plain


def dates_of(found: "List[Property]", start: Optional[When]) -> "Iterator[When]":
    """The moments that EXDATE or RDATE of the hub name. Periods are passed over.

    :param found: the properties
    :param start: of the item; a day's exception to an item that has a time is at that time
    :returns: an iterator
    :raises ItemError: with status 413 when they are too many
    """
    if sum(each.value.count(",") + 1 for each in found) > MAX_DATES:
        raise ItemError(f"more than {MAX_DATES} exceptions to a rule", 413)
    for each in found:
        zone = tzid(each)
        for word in each.value.split(","):
            when = parse_time(word, zone)
            if when is not None and "/" not in word:
                yield _like(when, start)


def _like(when: When, start: Optional[When]) -> When:
    if start is None or when.day == start.day:
        return when
    if start.day:
        return When(dawn(when.at), "", True)
    return When(datetime.combine(when.at.date(), start.at.time()), start.zone)


def dates_in(words: "List[str]", start: Optional[When], form: Form, zones: Zones) -> "List[When]":
    """The moments that a peer's list of dates names, as the hub has them.

    :param words: as the peer wrote them
    :param start: of the item, as the hub has it
    :param form: of the peer
    :param zones: of the item
    :returns: by the clock of the start
    :raises ItemError: with status 413 when they are too many
    """
    if len(words) > MAX_DATES:
        raise ItemError(f"more than {MAX_DATES} exceptions to a rule", 413)
    found = []
    for word in words:
        when = parse_time(word)
        if when is None:
            continue
        if start is not None and start.day:
            at = when.at if when.day or midnight(when.at) else wall(when, zones, form.zone)
            when = When(dawn(at), "", True)
        elif start is not None and when.day:
            when = _like(when, start)
        else:
            written, when = when, inward(when, form, zones, True, True)
            if start is not None and start.zone and when.zone and when.zone != start.zone:
                when = When(wall(when, zones, start.zone), start.zone) if zones.get(start.zone) or start.zone == UTC \
                    else when
            if start is not None and midnight(written.at) and when.at.time() != start.at.time():
                when = _like(When(written.at, "", True), start)     # some phones name the day
        found.append(when)
    return found


def date_properties(name: str, found: "List[When]") -> "List[Property]":
    """EXDATE or RDATE of the hub.

    :param name: one of these
    :param found: the moments
    :returns: one property for each zone
    """
    groups: "dict[Tuple[str, bool], List[When]]" = {}
    for when in found:
        groups.setdefault((when.zone, when.day), []).append(when)
    return [time_property(name, whens[0])._replace(value=",".join(map(stamp, whens))) for whens in groups.values()]


def days_of(found: Schedule) -> Optional[Days]:
    """The whole days of an event.

    :param found: its times
    :returns: None when it is about hours
    """
    if found.start is None or not found.start.day:
        return None
    return Days(found.start.at, found.end.at if found.end is not None else found.start.at + DAY)


def meaning_of_times(found: Schedule) -> Any:
    """What the times of an item say, to be compared.

    :param found: the times
    :returns: strings
    """
    return [None if when is None else (stamp(when), "" if when.zone == UTC else when.zone)
            for when in (found.start, found.end, found.due)]


def meaning_of_rules(part: Part, start: Optional[When], zones: Zones, home: str) -> Any:
    """What the rules of an item say, to be compared.

    :param part: the item
    :param start: its first moment
    :param zones: of the item
    :param home: the zone of clocks without one
    :returns: strings and numbers
    """
    made: "List[Any]" = []
    for each in part.all("RRULE", "EXRULE"):
        rule = recurrence.parse_rule(each.value)
        plain = recurrence.plain(rule, start.at.date()) if rule is not None and start is not None else None
        if rule is None or start is None or plain is None:
            made.append((each.name, sorted(each.value.upper().split(";"))))
            continue
        last = last_of(rule, start, zones, home)
        made.append((each.name, [plain.kind, plain.interval, *plain.days, *plain.numbers, rule.counted,
                                 str(last.date()) if last is not None else rule.until]))
    return made


def first_after(plain: Plain, start: date, least: date) -> Optional[date]:
    """The first day of a rule that is not before another.

    :param plain: a rule
    :param start: its first day
    :param least: the other day
    :returns: None when there is none near enough
    """
    for at, day in enumerate(recurrence.occurrences(plain, start)):
        if day >= least:
            return day
        if at > 200_000:
            break
    return None
