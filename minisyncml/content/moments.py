"""Dates and times as they are compared: what was written as UTC, as local time, with a zone or as a day may well be the
same moment. For matching only; what is converted is another module's.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from typing import NamedTuple, Optional

DAY = 1440              #: minutes
SAME, POSSIBLE, OTHER = 2, 1, 0
_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)  # days of a year before each month
_FARTHEST = 14 * 60     # minutes from UTC that any clock on earth shows
_UNITS = {"W": 7 * DAY, "D": DAY, "H": 60, "M": 1, "S": 0}


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
    value = value.strip().upper()
    digits = value.replace("-", "").replace(":", "")
    day, t, clock = digits.partition("T")
    utc = clock.endswith("Z")
    clock = clock.rstrip("Z") or "0000"
    if not (len(day) == 8 and day.isdigit() and day.isascii() and clock[:6].isdigit() and clock.isascii()):
        return None
    if not (1 <= int(day[4:6]) <= 12 and 1 <= int(day[6:]) <= 31 and int(day[:4])):
        return None
    minutes = _days(int(day[:4]), int(day[4:6]), int(day[6:])) * DAY + int(clock[:2]) * 60 + int(clock[2:4] or 0)
    if t and zone and not utc:
        return _placed(minutes, zone)
    return Moment("U" if utc else "F" if t else "D", minutes)


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970."""
    leaps = year - (month < 3)
    return (year - 1970) * 365 + leaps // 4 - leaps // 100 + leaps // 400 - 477 + _BEFORE[month - 1] + day - 1


def _placed(minutes: int, zone: str) -> Moment:
    """What a clock of some zone means."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo
    names = zone.strip('"/ ').split("/")
    for name in ("/".join(names[-3:]), "/".join(names[-2:]), names[-1]):
        try:
            offset = (datetime(1970, 1, 1) + timedelta(minutes=minutes)).replace(tzinfo=ZoneInfo(name)).utcoffset()
        except (OSError, KeyError, ValueError, OverflowError):
            continue    # unknown, or the name of a folder
        if offset is not None:
            return Moment("U", minutes - offset // timedelta(minutes=1))
    return Moment("F", minutes)


def duration(value: str) -> Optional[int]:
    """How long something takes.

    :param value: as in iCalendar: `PT1H30M`
    :returns: minutes, None for what is none
    """
    total, number = 0, ""
    for sign in value.strip().upper().lstrip("+P"):
        if sign.isdigit() and sign.isascii() and len(number) < 6:
            number += sign
        elif sign in _UNITS and number:
            total, number = total + int(number) * _UNITS[sign], ""
        elif sign != "T":
            return None
    return total if value and not number else None


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
