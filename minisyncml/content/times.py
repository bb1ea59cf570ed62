"""Dates, times and durations as they stand in calendars (RFC 5545, section 3.3). What a zone is, is not known here."""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from datetime import datetime, timedelta
from typing import NamedTuple, Optional, Tuple

from minisyncml.content.lines import Property, as_param

UTC = "UTC"
DAY = timedelta(days=1)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class When(NamedTuple):
    """A moment, or a day."""

    at: datetime                #: without a zone
    zone: str = ""              #: UTC, a TZID; empty: by whatever clock is looked at
    day: bool = False           #: a whole day


def parse_time(value: str, zone: str = "") -> Optional[When]:
    """A date or time (ISO 8601, basic or extended; T240000 is the next day's beginning).

    :param value: as it stands in a property
    :param zone: what the property says of its zone
    :returns: None when it is none
    """
    text = value.strip()
    if len(text) > 16 or text[8:9] != "T":
        day, t, clock = text[:40].upper().replace(" ", "T").partition("T")
        clock, _, fraction = clock.replace(":", "").partition(".")
        text = day.replace("-", "") + t + clock + fraction.lstrip("0123456789")
    if not text.isascii():
        return None
    try:
        if len(text) == 8:
            return When(datetime(_year(text), int(text[4:6]), int(text[6:])), "", True)
        if text[8] not in "Tt" or not text[:8].isdecimal():
            return None
        digits = text[9:15] if text[9:15].isdecimal() and len(text) >= 15 else text[9:13] + "00"
        hour, minute, second = int(digits[:2]), int(digits[2:4]), min(int(digits[4:]), 59)
        at = datetime(_year(text), int(text[4:6]), int(text[6:8]), 0 if hour == 24 else hour, minute, second)
        if hour == 24:
            at += DAY
        return _zoned(at, text[15:] if len(text) >= 15 else text[13:], zone)
    except (ValueError, IndexError, OverflowError):
        return None


def _year(text: str) -> int:
    """The year, far enough from the ends of time that a day more or less does no harm."""
    return min(max(int(text[:4]), 2), 9998)


def _zoned(at: datetime, rest: str, zone: str) -> When:
    if rest in ("Z", "z"):
        return When(at, UTC)
    if rest[:1] in ("+", "-") and rest[1:].isdecimal() and len(rest) in (3, 5):
        offset = timedelta(hours=int(rest[1:3]), minutes=int(rest[3:] or 0))
        return When(at - offset if rest[0] == "+" else at + offset, UTC)
    return When(at, zone)


def time_of(each: Property) -> Optional[When]:
    """The date or time of a property.

    :param each: such as DTSTART
    :returns: None when it has none
    """
    return parse_time(each.value, tzid(each))


def tzid(each: Property) -> str:
    """The zone that a property names.

    :param each: a property
    :returns: empty when it names none
    """
    return (each.param("TZID") or "").strip('"') if each.params else ""


def stamp(when: When) -> str:
    """A value as iCalendar has it.

    :param when: a moment or a day
    :returns: without its TZID
    """
    at = when.at
    if when.day:
        return f"{at.year:04}{at.month:02}{at.day:02}"
    return (f"{at.year:04}{at.month:02}{at.day:02}T{at.hour:02}{at.minute:02}{at.second:02}"
            + ("Z" if when.zone == UTC else ""))


def time_property(name: str, when: When, more: "Tuple[Tuple[str, str], ...]" = ()) -> Property:
    """A property of the hub.

    :param name: such as DTSTART
    :param when: its value
    :param more: further parameters
    :returns: with VALUE or TZID where it needs one
    """
    if when.day:
        return Property(name, stamp(when), (("VALUE", "DATE"), *more))
    if when.zone and when.zone != UTC:
        return Property(name, stamp(when), (("TZID", as_param(when.zone)), *more))
    return Property(name, stamp(when), more)


def rest(each: Property) -> "Tuple[Tuple[str, str], ...]":
    """The parameters of a time that are not about its form.

    :param each: a property
    :returns: parameters
    """
    return tuple(pair for pair in each.params if pair[0] not in ("TZID", "VALUE", "", "CHARSET", "ENCODING"))


def parse_duration(text: str) -> Optional[timedelta]:
    """A duration such as -PT15M or P1DT2H (RFC 5545, section 3.3.6).

    :param text: the value
    :returns: None when it is none
    """
    text = text.strip().upper()
    sign = -1 if text.startswith("-") else 1
    text = text.lstrip("+-")
    if not text.startswith("P") or len(text) > 40:
        return None
    seconds, number = 0, ""
    units = {"W": 604_800, "D": 86_400, "H": 3600, "M": 60, "S": 1}
    for letter in text[1:]:
        if letter.isdecimal():
            number += letter
        elif letter in units and number:
            seconds += int(number[:12]) * units[letter]
            number = ""
        elif letter != "T":
            return None
    return sign * timedelta(seconds=seconds) if not number and seconds < 10 ** 11 else None


def duration(span: timedelta) -> str:
    """A duration as a value.

    :param span: may be negative
    :returns: such as -PT15M
    """
    seconds = int(span.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    days, seconds = divmod(seconds, 86_400)
    text = f"{sign}P" + (f"{days}D" if days else "")
    if seconds or not days:
        hours, minutes, left = seconds // 3600, seconds // 60 % 60, seconds % 60
        text += "T" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        text += f"{left}S" if left or not (hours or minutes) else ""
    return text
