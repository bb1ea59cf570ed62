"""Times as a peer wants or sends them: in UTC, by its own clock, with a zone; and whole days as phones write them."""

# No `from __future__ import annotations`: named tuples would compile every annotation.
from datetime import datetime
from typing import List, NamedTuple, Optional

from minisyncml.content.form import Form
from minisyncml.content.times import DAY, UTC, When
from minisyncml.content.zones import Zones, known

ENTRY = "X-EPOCAGENDAENTRYTYPE"     #: what the phones say that tell whole days from hours


def outward(when: When, form: Form, zones: Zones, named: bool) -> When:
    """A time as a peer wants it.

    :param when: as the hub has it
    :param form: how the peer wants it
    :param zones: of the item
    :param named: whether its format has names for zones
    :returns: the same moment, unless a zone is not known: then the same reading of the clock
    """
    if when.day:
        return when
    mode, zone = form.time, when.zone
    if mode == "auto" and (named or zone in ("", UTC)):
        return when
    if mode == "tz":
        if not zone or zone == UTC or named:
            return _plain(when)
        return when
    if mode == "local":
        if not zone:
            return when
        if not form.zone:
            return when if zone == UTC else When(when.at)
        return _to(when, form.zone, zones, "")
    if not zone:
        return _to(When(when.at, form.zone), UTC, zones, UTC) if form.zone and mode != "auto" else when
    return _to(when, UTC, zones, UTC)


def _plain(when: When) -> When:
    """With the plain name of its zone."""
    there = known(when.zone) if when.zone and when.zone != UTC else None
    return when._replace(zone=there[0]) if there is not None else when


def _to(when: When, zone: str, zones: Zones, shown: str) -> When:
    utc = zones.utc(when.at, when.zone)
    local = zones.local(utc, zone) if utc is not None else None
    return When(when.at) if local is None else When(local, shown)


def in_utc(when: When, zones: Zones, home: str = "") -> Optional[When]:
    """The same moment in UTC.

    :param when: a moment
    :param zones: of the item
    :param home: the zone of a clock without one; empty: not known
    :returns: None when its zone is not known
    """
    zone = when.zone or home
    utc = zones.utc(when.at, zone) if zone else None
    return None if utc is None else When(utc, UTC)


def inward(when: When, form: Form, zones: Zones, recurs: bool, old: bool = False) -> When:
    """A time that a peer sent, as the hub has it.

    What recurs does so by a clock on the wall: a time in UTC gets the phone's zone when that has summer time.

    :param when: as it was read
    :param form: how the peer writes times
    :param zones: of the item
    :param recurs: whether the item has a rule
    :param old: whether it came in a format without zones: it could not say that its UTC stands for a clock
    :returns: the time
    """
    if when.day:
        return when
    mode = form.time
    if when.zone == UTC:
        if recurs and form.zone and (old or mode in ("utc", "local", "received-as-utc")) and zones.changes(form.zone):
            return _to(when, form.zone, zones, form.zone) if zones.get(form.zone) else when
        return when
    if when.zone:
        return when
    if zones.offsets is not None:
        name = zones.named(zones.offsets)
        return When(when.at, name) if name else When(when.at - zones.offsets.utcoffset(when.at), UTC)
    if mode == "received-as-utc":
        return inward(When(when.at, UTC), form._replace(time="utc"), zones, recurs, old)
    if mode != "auto" and form.zone and zones.get(form.zone) is not None:
        return When(when.at, form.zone)
    return when


def wall(when: When, zones: Zones, zone: str) -> datetime:
    """What a clock on the wall shows.

    :param when: a moment or a day
    :param zones: of the item
    :param zone: of the clock; empty: that of the moment itself
    :returns: local time
    """
    if not zone or when.day or not when.zone or when.zone == zone:
        return when.at
    utc = zones.utc(when.at, when.zone)
    local = zones.local(utc, zone) if utc is not None else None
    return when.at if local is None else local


class Days(NamedTuple):
    """Whole days: the first, and the one after the last."""

    first: datetime
    end: datetime


def midnight(at: datetime) -> bool:
    """Whether it is the beginning of a day.

    :param at: a time
    :returns: True when it is
    """
    return not (at.hour or at.minute or at.second)


def dawn(at: datetime) -> datetime:
    """The beginning of a day.

    :param at: a time
    :returns: the midnight before it
    """
    return at.replace(hour=0, minute=0, second=0)


def ceiling(at: datetime) -> datetime:
    """The first midnight that is not before a time.

    :param at: a time
    :returns: a midnight
    """
    return at if midnight(at) else dawn(at) + DAY


def whole_days(start: When, end: Optional[When], form: Form, zones: Zones, kind: str) -> Optional[Days]:
    """Whether what a phone sent is about whole days: from midnight to midnight or one second or minute before, by its
    own clock or in UTC; to T240000; or said so by its entry type.

    :param start: as it was read
    :param end: as it was read
    :param form: how the phone writes
    :param zones: of the item
    :param kind: its :data:`ENTRY`
    :returns: None when it is about hours
    """
    if start.day:
        stop = end.at if end is not None and end.at > start.at else start.at + DAY
        return Days(start.at, ceiling(stop))
    if kind == "APPOINTMENT" and form.all_day == "epoc":
        return None                 # these phones do tell them apart
    said = kind in ("EVENT", "ANNIVERSARY")
    for zone in _frames(start, form):
        first = wall(start, zones, zone)
        if not midnight(first):
            continue
        last = wall(end, zones, zone) if end is not None else first
        if last > first and midnight(last):
            return Days(first, last)
        if last > first and last.hour == 23 and last.minute == 59:
            return Days(first, ceiling(last))
        if last == first and (said or kind == "REMINDER"):
            return Days(first, first + DAY)
    if not said:
        return None
    first = dawn(wall(start, zones, _frames(start, form)[-1]))
    return Days(first, first + DAY)


def _frames(start: When, form: Form) -> "List[str]":
    """The zones whose midnight counts: the one it is written in, and that of the phone's clock."""
    return ["", form.zone] if start.zone == UTC and form.zone else [""]
