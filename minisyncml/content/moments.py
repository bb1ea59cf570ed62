"""Dates and times as they are compared: what was written as UTC, as local time, with a zone or as a day may well be the
same moment. For matching only; what is converted is another module's.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from datetime import datetime, timedelta
from typing import NamedTuple, Optional

from minisyncml.content.times import parse_duration, parse_time
from minisyncml.content.zones import known

DAY = 1440              #: minutes
SAME, POSSIBLE, OTHER = 2, 1, 0
_EPOCH, _MINUTE = datetime(1970, 1, 1), timedelta(minutes=1)
_FARTHEST = 14 * 60     # minutes from UTC that any clock on earth shows


class Moment(NamedTuple):
    """A point in time, in minutes since 1970. `kind` is `D` (a day), `U` (UTC) or `F` (a clock in an unknown place)."""

    kind: str
    minutes: int


def moment(value: str, zone: str = "") -> Optional[Moment]:
    """A date or time.

    :param value: as in iCalendar and vCalendar, with or without dashes and colons
    :param zone: IANA name of the zone of a time without Z; one that is not known is overlooked
    :returns: None for what is no date
    """
    when = parse_time(value)
    if when is None:
        return None
    there = known(zone.strip('"')) if zone and not (when.day or when.zone) else None
    offset = there[1].utcoffset(when.at) if there is not None else timedelta(0)
    kind = "D" if when.day else "F" if there is None and not when.zone else "U"
    return Moment(kind, (when.at - offset - _EPOCH) // _MINUTE)


def duration(value: str) -> Optional[int]:
    """How long something takes.

    :param value: as in iCalendar: `PT1H30M`
    :returns: minutes, None for what is none
    """
    span = parse_duration(value)
    return span // _MINUTE if span is not None else None


def compare(one: Moment, other: Moment) -> int:
    """Whether two moments are the same.

    :param one: a moment
    :param other: another
    :returns: SAME; POSSIBLE when that depends on where a clock was; OTHER
    """
    apart = one.minutes - other.minutes
    if one.kind == other.kind or "U" not in (one.kind, other.kind):
        return SAME if apart == 0 else OTHER
    return POSSIBLE if abs(apart) <= _FARTHEST and apart % 15 == 0 else OTHER


def days(when: Moment) -> "tuple[int, int]":
    """Two numbers, one of which moments share that are less than a day apart.

    :param when: a moment
    :returns: numbers of days, half a day before and after
    """
    return (when.minutes - DAY // 2) // DAY, (when.minutes + DAY // 2) // DAY
