"""Time zones: by the system's table of names, and by the rules that an item brings along (VTIMEZONE; TZ and DAYLIGHT
of vCalendar 1.0). Local and UTC times are plain `datetime`, without a zone.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Mapping, NamedTuple, Optional, Tuple

from minisyncml.content.components import Part
from minisyncml.content.lines import Property
from minisyncml.content.times import DAYS, parse_time

#: tried for an item that has offsets and no name
_COMMON = ("Europe/Berlin", "Europe/London", "Europe/Helsinki", "Europe/Moscow", "America/New_York", "America/Chicago",
           "America/Denver", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo",
           "Australia/Sydney", "Australia/Brisbane", "Pacific/Auckland")


class Window(NamedTuple):
    """One DAYLIGHT property: summer time from one local time to another."""

    start: datetime
    end: datetime
    offset: timedelta


class Offsets:
    """The zone that TZ and DAYLIGHT of vCalendar 1.0 describe."""

    def __init__(self, standard: timedelta, windows: "list[Window]") -> None:
        self.standard, self.windows = standard, windows

    def utcoffset(self, local: datetime) -> timedelta:
        """How far local time is ahead of UTC.

        :param local: local time
        :returns: the offset
        """
        return next((each.offset for each in self.windows if each.start <= local < each.end), self.standard)

    def fromutc(self, utc: datetime) -> datetime:
        """Local time.

        :param utc: a time in UTC
        :returns: the local time
        """
        local = utc + self.standard
        return utc + self.utcoffset(local)


class _Onset(NamedTuple):
    start: datetime                     # local time by the offset before
    before: timedelta
    after: timedelta
    month: int                          # 0: no rule, only these dates
    weekday: int
    position: int                       # 2: the second, -1: the last; 0: by day of the month
    monthday: int
    last: Optional[datetime]
    dates: Tuple[datetime, ...]


class Rules:
    """The zone that a VTIMEZONE describes, for names that the system does not know."""

    def __init__(self, part: Part) -> None:
        self.onsets = [onset for each in part.parts[:64] for onset in [_onset(each)] if onset is not None]
        self.years: "dict[int, list[tuple[datetime, timedelta, timedelta]]]" = {}

    def utcoffset(self, local: datetime) -> timedelta:
        """How far local time is ahead of UTC.

        :param local: local time
        :returns: the offset
        """
        found = [each for year in (local.year - 1, local.year) for each in self._year(year) if each[0] <= local]
        if found:
            return max(found)[2]
        past = [each for each in self.onsets if each.start <= local]
        if past:
            return max(past).after
        return min(self.onsets).before if self.onsets else timedelta(0)

    def fromutc(self, utc: datetime) -> datetime:
        """Local time.

        :param utc: a time in UTC
        :returns: the local time
        """
        for offset in sorted({each.after for each in self.onsets} | {each.before for each in self.onsets}):
            if self.utcoffset(utc + offset) == offset:
                return utc + offset
        return utc + self.utcoffset(utc)

    def _year(self, year: int) -> "list[tuple[datetime, timedelta, timedelta]]":
        found = self.years.get(year)
        if found is None:
            found = [(at, each.before, each.after) for each in self.onsets for at in _onsets(each, year)]
            if len(self.years) < 400:
                self.years[year] = found
        return found


def _onset(part: Part) -> "Optional[_Onset]":
    start = parse_time(part.value("DTSTART"))
    before, after = _offset(part.value("TZOFFSETFROM")), _offset(part.value("TZOFFSETTO"))
    if start is None or after is None:
        return None
    words = dict(word.partition("=")[::2] for word in part.value("RRULE").upper().split(";"))
    month = words.get("BYMONTH", "")
    day, monthday = words.get("BYDAY", ""), words.get("BYMONTHDAY", "").split(",")[0]
    until = parse_time(words.get("UNTIL", ""))
    dates = [at.at for each in part.all("RDATE")[:200] for word in each.value.split(",")[:200]
             for at in [parse_time(word.partition("/")[0])] if at is not None]
    sign = day[:-2].lstrip("+")
    number = int(sign) if sign.lstrip("-").isdecimal() else 0
    return _Onset(start.at, after if before is None else before, after,
                  int(month) if words.get("FREQ") == "YEARLY" and month.isdecimal() and 0 < int(month) < 13 else 0,
                  DAYS.index(day[-2:]) if day[-2:] in DAYS else -1, number if -5 <= number <= 5 else 0,
                  int(monthday) if monthday.isdecimal() else start.at.day,
                  None if until is None else until.at + timedelta(days=1), tuple(dates))


def _onsets(each: _Onset, year: int) -> "list[datetime]":
    dates = [at for at in (each.start, *each.dates) if at.year == year]
    if not each.month or not each.start.year <= year < 9999:
        return dates
    try:
        first = each.start.replace(year=year, month=each.month, day=1)
    except ValueError:
        return dates
    if each.weekday < 0 or not each.position:
        at = first + timedelta(days=min(each.monthday, 31) - 1)
        if each.weekday >= 0:
            at += timedelta(days=(each.weekday - at.weekday()) % 7)
    elif each.position > 0:
        at = first + timedelta(days=(each.weekday - first.weekday()) % 7 + 7 * (each.position - 1))
    else:
        end = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        at = end - timedelta(days=(end.weekday() - each.weekday) % 7 + 7 * (-each.position - 1))
    if at < each.start or each.last is not None and at > each.last:
        return dates
    return [*dates, at]


def _offset(text: str) -> "Optional[timedelta]":
    """An offset such as +0100, -05:00, +1 or 5."""
    text = text.strip()
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").replace(":", "")
    if not digits.isdecimal() or len(digits) > 6:
        return None
    if len(digits) <= 2:
        digits += "00"
    digits = digits.zfill(4)
    minutes = int(digits[:2]) * 60 + int(digits[2:4])
    return sign * timedelta(minutes=minutes) if minutes < 24 * 60 else None


@lru_cache(maxsize=512)
def known(name: str) -> "Optional[tuple[str, Any]]":
    """A zone of the system's table.

    :param name: such as `Europe/Berlin`; what some programs put before it (`/softwarestudio.org/Tzfile/...`) is
        passed over
    :returns: its plain name and a `zoneinfo.ZoneInfo`; None when it is not in the table
    """
    if name.upper() in ("UTC", "Z", "GMT", "ETC/UTC"):
        name = "UTC"
    if not 2 < len(name) < 100 or not name.replace("/", "").replace("_", "").replace("-", "").replace("+", "") \
            .replace(".", "").isalnum() or not name.isascii():
        return None
    from zoneinfo import ZoneInfo
    words = name.strip("/").split("/")
    for start in range(max(0, len(words) - 3), len(words)):
        key = "/".join(words[start:])
        if "." in key or start and start == len(words) - 1:
            continue
        try:
            return key, ZoneInfo(key)
        except (KeyError, ValueError, OSError):
            continue
    return None


class Zones:
    """The zones of one item.

    :param home: the zone of the phone's clock, an IANA name; empty when not known
    :param parts: VTIMEZONE components by TZID
    """

    def __init__(self, home: str = "", parts: "Optional[Mapping[str, Part]]" = None) -> None:
        self.home, self.parts = home, parts or {}
        self.found: "dict[str, Any]" = {}
        self.offsets: "Optional[Offsets]" = None        #: what TZ and DAYLIGHT of the item say

    def get(self, name: str) -> "Any":
        """A zone.

        :param name: a TZID
        :returns: has `utcoffset(local)`; None when nothing is known of it
        """
        if name in self.found:
            return self.found[name]
        if len(self.found) > 100:
            return None
        there = known(name)
        if there is None and name in self.parts:
            part = self.parts[name]
            there = known(part.value("X-LIC-LOCATION").strip()) or (name, Rules(part))
            if isinstance(there[1], Rules) and not there[1].onsets:
                there = None
        zone = there[1] if there is not None else None
        self.found[name] = zone
        return zone

    def utc(self, local: datetime, name: str) -> "Optional[datetime]":
        """A local time in UTC.

        :param local: local time
        :param name: of its zone
        :returns: None when the zone is not known
        """
        if name == "UTC":
            return local
        zone = self.get(name)
        if zone is None:
            return None
        try:
            return local.replace(fold=0) - zone.utcoffset(local)    # type: ignore[no-any-return]
        except (OverflowError, ValueError):
            return None

    def local(self, utc: datetime, name: str) -> "Optional[datetime]":
        """A time in UTC as a local one.

        :param utc: a time in UTC
        :param name: of the zone
        :returns: None when the zone is not known
        """
        if name == "UTC":
            return utc
        zone = self.get(name)
        if zone is None:
            return None
        try:
            if isinstance(zone, Rules):
                return zone.fromutc(utc)
            return zone.fromutc(utc.replace(tzinfo=zone)).replace(tzinfo=None, fold=0)  # type: ignore[no-any-return]
        except (OverflowError, ValueError):
            return None

    def changes(self, name: str) -> bool:
        """Whether the clocks of a zone are changed in the course of a year.

        :param name: a TZID
        :returns: False when it is not known
        """
        zone = self.get(name)
        if zone is None:
            return False
        return len({zone.utcoffset(datetime(2024, month, 15)) for month in (1, 4, 7, 10)}) > 1

    def named(self, offsets: Offsets) -> str:
        """The zone that has certain offsets, this item's home before others.

        :param offsets: what TZ and DAYLIGHT say
        :returns: a name; empty when none fits
        """
        probes = [at for each in offsets.windows[:4] for at in (each.start + timedelta(days=1),
                                                                each.end + timedelta(days=1))]
        probes = probes or [datetime(2024, 1, 15), datetime(2024, 7, 15)]
        for name in (self.home, *_COMMON):
            zone = self.get(name) if name else None
            if zone is not None and all(zone.utcoffset(at) == offsets.utcoffset(at) for at in probes):
                return name
        return ""


def offsets_of(zone: "list[Property]", daylight: "list[Property]") -> "Optional[Offsets]":
    """What TZ and DAYLIGHT of vCalendar 1.0 say.

    :param zone: TZ properties
    :param daylight: DAYLIGHT properties
    :returns: None when they say nothing
    """
    standard = _offset(zone[0].value) if zone else None
    if standard is None:
        return None
    windows = []
    for each in daylight[:50]:
        words = each.value.split(";")
        if len(words) >= 4 and words[0].strip().upper() == "TRUE":
            offset, start, end = _offset(words[1]), parse_time(words[2]), parse_time(words[3])
            if offset is not None and start is not None and end is not None:
                windows.append(Window(start.at, end.at, offset))
    return Offsets(standard, windows)
