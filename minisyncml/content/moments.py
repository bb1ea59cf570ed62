"""Dates and times as they are compared: what was written as UTC, as local time, with a zone or as a day may well be the
same moment. For matching only; what is converted is another module's.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from datetime import datetime, timedelta, timezone
from typing import NamedTuple, Optional

DAY = 1440              #: minutes
SAME, POSSIBLE, OTHER = 2, 1, 0
_EPOCH = datetime(1970, 1, 1)
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
    try:
        date = datetime(int(day[:4]), int(day[4:6]), int(day[6:]))
        late = timedelta(minutes=int(clock[:2]) * 60 + int(clock[2:4] or 0))    # 24:00 is an hour, too
        if t and zone and not utc:
            return _placed(date + late, zone)
        return Moment("U" if utc else "F" if t else "D", _minutes(date + late))
    except (ValueError, OverflowError):
        return None


def _minutes(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(minutes=1)


def _placed(when: datetime, zone: str) -> Moment:
    from zoneinfo import ZoneInfo
    names = zone.strip('"/ ').split("/")
    for name in ("/".join(names[-3:]), "/".join(names[-2:]), names[-1]):
        try:
            return Moment("U", _minutes(when.replace(tzinfo=ZoneInfo(name)).astimezone(timezone.utc)
                                        .replace(tzinfo=None)))
        except (OSError, KeyError, ValueError, OverflowError):
            continue    # unknown, or the name of a folder
    return Moment("F", _minutes(when))


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
