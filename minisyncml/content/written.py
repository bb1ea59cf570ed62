"""When an item was written last, by what it says of itself."""

from __future__ import annotations

from typing import Optional

from minisyncml.content.keys import properties

_SAY = ("REV", "LAST-MODIFIED")


def written(body: bytes) -> Optional[int]:
    """When a vCard or calendar object was changed last.

    :param body: the item
    :returns: seconds, for comparing with those of another version only: a time that names no zone is taken for UTC;
        None when it does not say
    """
    if not body.lstrip()[:6].upper() == b"BEGIN:":
        return None
    said = [_seconds(value) for name, value in properties(body) if name in _SAY]
    return max((one for one in said if one is not None), default=None)


def _seconds(value: str) -> Optional[int]:
    """Of `20060406T163000Z`, `2006-04-06T18:30:00.5+02:00` or `20060406`."""
    day, t, clock = value.strip().upper().replace(" ", "T").partition("T")
    digits = day.replace("-", "")
    apart = 0
    for sign in "+-":
        clock, found, zone = clock.partition(sign)
        if found:
            hours = _number(zone.replace(":", "").ljust(4, "0"), 4)
            if hours is None:
                return None
            apart = (hours // 100 * 3600 + hours % 100 * 60) * (1 if sign == "+" else -1)
            break
    time = clock.rstrip("Z").partition(".")[0].replace(":", "").ljust(6, "0")
    date, second = _number(digits, 8), _number(time, 6)
    if date is None or second is None or (t and not clock):
        return None
    from datetime import date as day_of
    try:
        days = day_of(date // 10_000, date // 100 % 100, date % 100).toordinal()
    except ValueError:
        return None
    return days * 86_400 + second // 10_000 * 3600 + second // 100 % 100 * 60 + second % 100 - apart


def _number(text: str, length: int) -> Optional[int]:
    return int(text) if len(text) == length and text.isascii() and text.isdigit() else None
