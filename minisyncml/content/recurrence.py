"""Rules of repetition: RRULE and EXRULE of iCalendar (RFC 5545, section 3.3.10) and of vCalendar 1.0 (basic recurrence
rule grammar) made into one another. Nothing is expanded, but for the end of a rule that is counted (bounded).
"""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Iterator, List, NamedTuple, Optional, Tuple

from minisyncml.content.times import DAYS

MOST = 5_000            #: occurrences counted to find the end of a rule
_FREQUENCIES = ("SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_WORDS = ("FREQ", "INTERVAL", "COUNT", "UNTIL")


class Rule(NamedTuple):
    """A rule of iCalendar."""

    freq: str
    interval: int = 1
    counted: int = 0                                  #: 0: not counted
    until: str = ""                                 #: as written
    parts: Tuple[Tuple[str, str], ...] = ()         #: the other parts: name and value in capitals

    def part(self, name: str) -> str:
        """The value of another part.

        :param name: such as BYDAY
        :returns: empty when there is none
        """
        return next((value for key, value in self.parts if key == name), "")


def parse_rule(text: str) -> Optional[Rule]:
    """A rule of iCalendar.

    :param text: the value of RRULE
    :returns: None when it is none
    """
    words = [word.partition("=")[::2] for word in text.strip().upper().split(";")[:30] if word.strip()]
    found = {name.strip(): value.strip() for name, value in words}
    interval, count = found.get("INTERVAL", "1"), found.get("COUNT", "0")
    if found.get("FREQ") not in _FREQUENCIES or not (interval.isdecimal() and count.isdecimal()):
        return None
    if len(interval) > 6 or len(count) > 9:
        return None
    parts = tuple((name, value) for name, value in found.items() if name not in _WORDS and value)
    return Rule(found["FREQ"], max(int(interval), 1), int(count), found.get("UNTIL", ""), parts)


def write_rule(rule: Rule) -> str:
    """The value of RRULE.

    :param rule: a rule
    :returns: its parts, defaults left out
    """
    words = [f"FREQ={rule.freq}"]
    if rule.interval > 1:
        words.append(f"INTERVAL={rule.interval}")
    words += [f"{name}={value}" for name, value in rule.parts]
    if rule.until:
        words.append(f"UNTIL={rule.until}")
    elif rule.counted:
        words.append(f"COUNT={rule.counted}")
    return ";".join(words)


def _numbers(text: str, most: int) -> Optional[List[int]]:
    """A list of numbers other than 0, up to `most` either way."""
    found = []
    for word in text.split(",")[:400]:
        if not word.lstrip("+-").isdecimal() or len(word) > 5 or not 0 < abs(int(word)) <= most:
            return None
        found.append(int(word))
    return found


def _weekdays(text: str) -> Optional[List[Tuple[int, int]]]:
    """BYDAY: (position or 0, weekday)."""
    found = []
    for word in text.split(",")[:60]:
        word = word.strip()
        number = word[:-2].lstrip("+") or "0"
        if word[-2:] not in DAYS or not number.lstrip("-").isdecimal() or len(number) > 3:
            return None
        found.append((int(number), DAYS.index(word[-2:])))
    return found


class Plain(NamedTuple):
    """A rule as vCalendar 1.0 and SIF can say it, whatever words were used."""

    kind: str                                       #: D, W, MP, MD, YM, YD
    interval: int
    days: Tuple[Tuple[int, int], ...] = ()          #: W, MP: (position, weekday)
    numbers: Tuple[int, ...] = ()                   #: MD, YM, YD


def plain(rule: Rule, start: date) -> Optional[Plain]:
    """A rule without its end, what it leaves to the start filled in.

    :param rule: a rule of iCalendar
    :param start: the first day, by the clock that the rule follows
    :returns: None when it has parts that vCalendar 1.0 has no words for
    """
    names = {name for name, _ in rule.parts} - {"WKST"}
    days = _weekdays(rule.part("BYDAY")) if "BYDAY" in names else []
    numbers = _numbers(rule.part("BYMONTHDAY"), 31) if "BYMONTHDAY" in names else []
    months = _numbers(rule.part("BYMONTH"), 12) if "BYMONTH" in names else []
    if days is None or numbers is None or months is None:
        return None
    if rule.part("WKST") not in ("", "MO") and rule.freq == "WEEKLY" and rule.interval > 1 \
            and {day for _, day in days} - {start.weekday()}:
        return None
    if rule.freq in ("DAILY", "WEEKLY"):
        return _short(rule, names, days, start)
    if rule.freq == "MONTHLY":
        return _monthly(rule, names, days, numbers, start)
    return _yearly(rule, names, days, numbers, months, start) if rule.freq == "YEARLY" else None


def _short(rule: Rule, names: "set[str]", days: List[Tuple[int, int]], start: date) -> Optional[Plain]:
    if names - {"BYDAY"} or any(position for position, _ in days):
        return None
    if rule.freq == "DAILY" and not days:
        return Plain("D", rule.interval)
    if rule.freq == "DAILY" and rule.interval > 1:
        return None
    return Plain("W", rule.interval, tuple(sorted(set(days))) or ((0, start.weekday()),))


def _monthly(rule: Rule, names: "set[str]", days: List[Tuple[int, int]], numbers: List[int],
             start: date) -> Optional[Plain]:
    if names == {"BYDAY", "BYSETPOS"} and len(days) == 1 and not days[0][0]:
        positions = _numbers(rule.part("BYSETPOS"), 5)
        days = [(position, days[0][1]) for position in positions or []]
        names = {"BYDAY"}
    if names == {"BYDAY"}:
        if not days or not all(0 < abs(position) <= 5 for position, _ in days):
            return None
        return Plain("MP", rule.interval, tuple(sorted(set(days))))
    if names - {"BYMONTHDAY"}:
        return None
    return Plain("MD", rule.interval, (), tuple(sorted(set(numbers))) or (start.day,))


def _yearly(rule: Rule, names: "set[str]", days: List[Tuple[int, int]], numbers: List[int], months: List[int],
            start: date) -> Optional[Plain]:
    if names == {"BYYEARDAY"}:
        found = _numbers(rule.part("BYYEARDAY"), 366)
        return Plain("YD", rule.interval, (), tuple(sorted(set(found)))) if found and min(found) > 0 else None
    if names == {"BYMONTH", "BYDAY"} and months == [start.month]:
        return _monthly(rule._replace(interval=rule.interval * 12), {"BYDAY"}, days, [], start)
    if names - {"BYMONTH", "BYMONTHDAY"} or numbers and numbers != [start.day] or min(months or [1]) < 1:
        return None
    if numbers and not months:
        return None                 # on that day of each month
    return Plain("YM", rule.interval, (), tuple(sorted(set(months))) or (start.month,))


def said(rule: Plain) -> str:
    """A rule in the words of vCalendar 1.0, without its end.

    :param rule: a rule
    :returns: such as `MP1 1+ SU`
    """
    head = f"{rule.kind}{rule.interval}"
    if rule.kind == "W":
        return " ".join([head, *(DAYS[day] for _, day in rule.days)])
    if rule.kind == "MP":
        words = []
        for position in sorted({position for position, _ in rule.days}, key=lambda each: (each < 0, abs(each))):
            words.append(f"{abs(position)}{'-' if position < 0 else '+'}")
            words += [DAYS[day] for at, day in rule.days if at == position]
        return " ".join([head, *words])
    if rule.kind == "MD":
        return " ".join([head, *("LD" if day == -1 else f"{-day}-" if day < 0 else str(day) for day in rule.numbers)])
    return " ".join([head, *map(str, rule.numbers)])


def of_plain(rule: Plain, start: date) -> Rule:
    """A rule in the words of iCalendar, without its end.

    :param rule: a rule
    :param start: the first day
    :returns: the rule
    """
    days = ",".join(f"{position or ''}{DAYS[day]}" for position, day in rule.days)
    numbers = ",".join(map(str, rule.numbers))
    if rule.kind == "D":
        return Rule("DAILY", rule.interval)
    if rule.kind == "W":
        return Rule("WEEKLY", rule.interval, parts=(("BYDAY", days),))
    if rule.kind == "MP" and rule.interval % 12 == 0:
        return Rule("YEARLY", rule.interval // 12, parts=(("BYMONTH", str(start.month)), ("BYDAY", days)))
    if rule.kind == "MP":
        return Rule("MONTHLY", rule.interval, parts=(("BYDAY", days),))
    if rule.kind == "MD":
        return Rule("MONTHLY", rule.interval, parts=(("BYMONTHDAY", numbers),))
    if rule.kind == "YM":
        return Rule("YEARLY", rule.interval, parts=(("BYMONTH", numbers),))
    return Rule("YEARLY", rule.interval, parts=(("BYYEARDAY", numbers),))


class Old(NamedTuple):
    """A rule of vCalendar 1.0."""

    rule: Plain
    counted: int = 0          #: 0: not counted
    end: str = ""           #: a date or time, as written


def parse_old(text: str, start: datetime) -> Optional[Old]:
    """A rule of vCalendar 1.0.

    :param text: the value of RRULE
    :param start: the first occurrence, by the clock that the rule follows
    :returns: None for what iCalendar has no words for: rules in rules, several times a day, end marks
    """
    words = text.upper().split()[:200]
    kind = words[0].rstrip("0123456789") if words else ""
    number = words[0][len(kind):] if words else ""
    if kind not in ("D", "W", "MP", "MD", "YM", "YD") or not number or len(number) > 6 or not int(number):
        return None
    count, end, modifiers = 2, "", words[1:]       # no end is given: twice, says the grammar
    if modifiers and modifiers[-1].startswith("#") and modifiers[-1][1:].isdecimal() and len(modifiers[-1]) < 10:
        count = int(modifiers.pop()[1:])
    elif modifiers and len(modifiers[-1]) >= 8 and modifiers[-1][:8].replace("-", "").isdecimal():
        count, end = 0, modifiers.pop()
    if modifiers and modifiers[-1] in (start.strftime("%H%M"), start.strftime("%H%M%S")):
        modifiers.pop()
    rule = _modified(kind, int(number), modifiers, start)
    if rule is None:
        return None
    if rule.kind == "W" and count:
        count *= len(rule.days)                     # so many weeks
    return Old(rule, count, end)


def _modified(kind: str, interval: int, words: List[str], start: datetime) -> Optional[Plain]:
    if kind == "D":
        return None if words else Plain("D", interval)
    if kind in ("W", "MP"):
        days = _old_days(kind, words, start)
        return Plain(kind, interval, tuple(sorted(set(days)))) if days else None
    if kind == "MD":
        numbers = [-1 if word == "LD" else _old_number(word, 31) for word in words] or [start.day]
    else:
        numbers = [_old_number(word, 12 if kind == "YM" else 366) for word in words]
        numbers = numbers or [start.month if kind == "YM" else start.timetuple().tm_yday]
    return None if 0 in numbers else Plain(kind, interval, (), tuple(sorted(set(numbers))))


def _old_number(word: str, most: int) -> int:
    """A day or month: `6`, `6+`, or `2-` from the end; 0 when it is none."""
    digits = word.rstrip("+-")
    if not digits.isdecimal() or len(digits) > 3 or len(word) - len(digits) > 1 or int(digits) > most:
        return 0
    return -int(digits) if word.endswith("-") else int(digits)


def _old_days(kind: str, words: List[str], start: datetime) -> List[Tuple[int, int]]:
    """Weekdays, for MP with the positions before them; nothing when they are senseless."""
    found: List[Tuple[int, int]] = []
    positions, fresh = [0], False
    for word in words:
        if word in DAYS:
            found += [(position, DAYS.index(word)) for position in positions]
            fresh = False
        elif kind == "MP" and 0 < abs(_old_number(word, 5)):
            positions = [*(positions if fresh else []), _old_number(word, 5)]
            fresh = True
        else:
            return []
    if kind == "MP" and any(not position for position, _ in found) or fresh and found:
        return []
    if found:
        return found
    if kind == "W":
        return [(0, start.weekday())]
    return [(position, start.weekday()) for position in (positions if fresh else [(start.day - 1) // 7 + 1])]


def single(rule: Plain) -> bool:
    """Whether it happens once in each period, so that counting is the same to everybody.

    :param rule: a rule
    :returns: True when it does
    """
    return len(rule.days) + len(rule.numbers) <= 1


def occurrences(rule: Plain, start: date) -> "Iterator[date]":
    """The days of a rule in order, from the first on, without end.

    :param rule: a rule
    :param start: the first day
    :returns: an iterator; it ends where the calendar does, or after periods without any day
    """
    empty = 0
    for number in range(0, 200_000):
        try:
            days = sorted(_period(rule, start, number * rule.interval))
        except (ValueError, OverflowError):
            return
        days = [day for day in days if day >= start]
        empty = 0 if days else empty + 1
        if empty > 500:
            return
        yield from days


def _period(rule: Plain, start: date, number: int) -> "List[date]":
    """The days of one period, counted from that of the start."""
    if rule.kind == "D":
        return [start + timedelta(days=number)]
    if rule.kind == "W":
        monday = start - timedelta(days=start.weekday()) + timedelta(weeks=number)
        return [monday + timedelta(days=day) for _, day in rule.days]
    if rule.kind in ("MP", "MD"):
        month = start.year * 12 + start.month - 1 + number
        return _of_month(rule, month // 12, month % 12 + 1)
    year = start.year + number
    if rule.kind == "YM":
        return [date(year, month, start.day) for month in rule.numbers if start.day <= _length(year, month)]
    long = 366 if _length(year, 2) == 29 else 365
    return [date(year, 1, 1) + timedelta(days=day - 1) for day in rule.numbers if day <= long]


def _length(year: int, month: int) -> int:
    return ((date(year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day


def _of_month(rule: Plain, year: int, month: int) -> "List[date]":
    length = _length(year, month)
    if rule.kind == "MD":
        days = [day if day > 0 else length + 1 + day for day in rule.numbers]
    else:
        first = date(year, month, 1).weekday()
        days = []
        for position, weekday in rule.days:
            all_days = range(1 + (weekday - first) % 7, length + 1, 7)
            if abs(position) <= len(all_days):
                days.append(all_days[position - 1 if position > 0 else position])
    return [date(year, month, day) for day in set(days) if 1 <= day <= length]


@lru_cache(maxsize=64)
def nth(rule: Plain, start: date, number: int) -> Optional[date]:
    """The day of an occurrence.

    :param rule: a rule
    :param start: the first day
    :param number: from 1
    :returns: None when it is too far away to be counted
    """
    if number > MOST:
        return None
    return next((day for at, day in enumerate(occurrences(rule, start), 1) if at == number), None)


def shifted(rule: Plain, days: int) -> Plain:
    """A rule by a clock on which it happens a day earlier or later.

    :param rule: a rule
    :param days: -1, 0 or 1
    :returns: the rule; days of the month only where that is no other month
    """
    if not days or rule.kind in ("D", "YM"):
        return rule
    if rule.kind == "W":
        return rule._replace(days=tuple(sorted((0, (day + days) % 7) for _, day in rule.days)))
    if rule.kind == "MD":
        return rule._replace(numbers=tuple(day + days if 1 < day < 28 else day for day in rule.numbers))
    return rule
