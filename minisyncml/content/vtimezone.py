"""Time zones written down: VTIMEZONE of iCalendar (RFC 5545, section 3.6.5), TZ and DAYLIGHT of vCalendar 1.0."""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Optional

from minisyncml.content.components import Part
from minisyncml.content.lines import Property
from minisyncml.content.times import DAYS, When, stamp
from minisyncml.content.zones import known

HORIZON = 12            #: years after an event for which the rules of its zone are written down
_YEAR = timedelta(days=366)


class Change(NamedTuple):
    """The moment when the clocks of a zone are changed."""

    local: datetime         #: by the offset before
    before: timedelta
    after: timedelta
    name: str               #: such as CEST


@lru_cache(maxsize=64)
def transitions(name: str, year: int, years: int) -> "tuple[Change, ...]":
    """When the clocks of a zone are changed.

    :param name: of the system's table
    :param year: the first
    :param years: how many
    :returns: the changes in order
    """
    there = known(name)
    if there is None:
        return ()
    zone, found = there[1], []
    at = datetime(year, 1, 1)
    end = datetime(min(year + years, 9998), 1, 1)
    week = timedelta(days=7)
    before = zone.utcoffset(at)
    while at < end:
        after = zone.utcoffset(at + week)
        if after != before:
            low, high = at, at + week
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                middle = middle.replace(second=0, microsecond=0)
                if middle <= low:
                    break
                low, high = (middle, high) if zone.utcoffset(middle) == before else (low, middle)
            # a wall time that does not exist has the offset before, one that comes twice has it as well
            onset = _exact(zone, high, before, after)
            found.append(Change(onset, before, after, zone.tzname(onset + timedelta(hours=3)) or ""))
        before, at = after, at + week
    return tuple(found)


def _exact(zone: "Any", first: datetime, before: timedelta, after: timedelta) -> datetime:
    """When a change happens, by the clock before it; `first` is the first wall time with the new offset."""
    utc = first - after
    for guess in (first - before, utc):
        onset = guess + before
        probe = zone.fromutc(guess.replace(tzinfo=zone)).replace(tzinfo=None)
        earlier = zone.fromutc((guess - timedelta(minutes=1)).replace(tzinfo=zone)).replace(tzinfo=None)
        if probe - guess == after and earlier - guess + timedelta(minutes=1) == before:
            return onset
    return first


@lru_cache(maxsize=64)
def _described(name: str, year: int) -> "tuple[tuple[str, tuple[tuple[str, str], ...]], ...]":
    """The observances of a VTIMEZONE from a year on: kind, and properties."""
    there = known(name)
    if there is None:
        return ()
    zone = there[1]
    year = max(1900, min(year, 9000))
    found = transitions(name, year - 1, HORIZON + 1)
    if not found:
        at = datetime(year, 1, 1)
        offset = _signed(zone.utcoffset(at))
        return (("STANDARD", (("DTSTART", "19700101T000000"), ("TZOFFSETFROM", offset), ("TZOFFSETTO", offset),
                              ("TZNAME", zone.tzname(at) or name))),)
    groups: "dict[tuple[timedelta, timedelta, str], list[datetime]]" = {}
    for each in found:
        groups.setdefault((each.before, each.after, each.name), []).append(each.local)
    made: "list[tuple[str, tuple[tuple[str, str], ...]]]" = []
    for (before, after, word), onsets in groups.items():
        kind = "DAYLIGHT" if after > before else "STANDARD"
        tail = [("TZOFFSETFROM", _signed(before)), ("TZOFFSETTO", _signed(after)), ("TZNAME", word)]
        run = _regular(onsets, year + HORIZON - 1)
        rest = onsets[:len(onsets) - run]
        if run:
            first = onsets[len(onsets) - run]
            made.append((kind, (("DTSTART", _stamp(first)), ("RRULE", _yearly(onsets[-run:])), *tail)))
        if rest:
            dates = [("RDATE", ",".join(map(_stamp, rest[1:])))] if rest[1:] else []
            made.append((kind, (("DTSTART", _stamp(rest[0])), *dates, *tail)))
    return tuple(made)


def _place(at: datetime, last: bool) -> "tuple[int, int, int, int]":
    week = (at.day - 1) // 7 + 1
    if last and (at + timedelta(days=7)).month != at.month:
        week = -1
    return at.month, at.weekday(), week, at.hour * 60 + at.minute


def _regular(onsets: "list[datetime]", final: int) -> int:
    """How many of the last ones follow one rule, year after year to the horizon."""
    if onsets[-1].year < final:
        return 0
    best = 0
    for last in (False, True):
        place, run = _place(onsets[-1], last), 0
        while run < len(onsets) and _place(onsets[-1 - run], last) == place \
                and onsets[-1 - run].year == onsets[-1].year - run:
            run += 1
        best = max(best, run)
    return best if best > 1 else 0


def _yearly(run: "list[datetime]") -> str:
    first = run[0]
    position = -1 if all(_place(at, True)[2] < 0 for at in run) else _place(first, False)[2]
    return f"FREQ=YEARLY;BYMONTH={first.month};BYDAY={position}{DAYS[first.weekday()]}"


def _stamp(at: datetime) -> str:
    return stamp(When(at))


def _signed(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


def timezone(tzid: str, year: int) -> "Optional[Part]":
    """A VTIMEZONE for times of a year and after.

    :param tzid: what it is called in the item
    :param year: of the earliest time
    :returns: None when the system's table has no such zone
    """
    there = known(tzid)
    if there is None:
        return None
    parts = [Part(kind, [Property(name, value) for name, value in words]) for kind, words in _described(there[0], year)]
    return Part("VTIMEZONE", [Property("TZID", tzid)], parts)


def daylight(name: str, at: datetime) -> "list[Property]":
    """TZ and DAYLIGHT of vCalendar 1.0 for a time.

    :param name: of its zone
    :param at: a local time
    :returns: nothing when the system's table has no such zone
    """
    there = known(name)
    if there is None:
        return []
    found = transitions(there[0], max(at.year - 1, 1), 4)
    summer = [each for each in found if each.after > each.before]
    standard = there[1].utcoffset(at) - (there[1].dst(at) or timedelta(0)) if found else there[1].utcoffset(at)
    made = [Property("TZ", _colons(standard))]
    for begin in summer:
        end = next((each for each in found if each.local > begin.local), None)
        if end is not None and end.local > at - _YEAR and begin.local < at + _YEAR:
            made.append(Property("DAYLIGHT", ";".join([
                "TRUE", _colons(begin.after), _stamp(begin.local), _stamp(end.local), end.name, begin.name])))
    return made if len(made) > 1 else [*made, Property("DAYLIGHT", "FALSE")]


def _colons(offset: timedelta) -> str:
    text = _signed(offset)
    return f"{text[:3]}:{text[3:]}"
