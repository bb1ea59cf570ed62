"""What changed between two forms of an item, and which of the changes of two sides can both stand.

Items are lists of units, see :mod:`minisyncml.content.fields`. The peer's form of an item has no more than it keeps:
what it never had cannot be among its changes. How changes are made in an item of ours is in edit.py.
"""

from __future__ import annotations

from typing import Callable, Iterator, NamedTuple, Optional, Sequence

from minisyncml.content.caps import Caps
from minisyncml.content.cardvalues import full_name
from minisyncml.content.clocks import in_utc
from minisyncml.content.fields import (
    LISTS,
    MEDIA,
    MOMENTS,
    SETS,
    STRUCTURED,
    Unit,
    groups,
    words,
)
from minisyncml.content.photos import alike
from minisyncml.content.recurrence import parse_rule, plain
from minisyncml.content.times import UTC, stamp, time_of
from minisyncml.content.zones import Zones

#: what any phone has; of anything else that is missing nobody knows whether it was deleted, or lost on the way
DELETABLE = frozenset((
    "TEL", "EMAIL", "ADR", "NOTE", "DESCRIPTION", "LOCATION", "RRULE", "EXDATE", "VALARM", "DUE", "DTSTART", "DTEND",
    "DURATION", "COMPLETED", "PRIORITY", "STATUS", "READ", "FLAGS"))
#: these say one thing together: two edits of them cannot both stand
_TOGETHER = {"DTEND": "DTSTART", "DURATION": "DTSTART", "DUE": "DTSTART", "FN": "N"}
_COMMON = frozenset(("HOME", "WORK", "CELL", "FAX", "PAGER"))     # types that any phone knows
_PREF = frozenset(("PREF",))
_NONE: "frozenset[str]" = frozenset()
FEW = 50        #: units of one name that are compared each with each


class Change(NamedTuple):
    """One field. `new` is None where it was deleted, `old` where it was added."""

    old: Optional[Unit]
    new: Optional[Unit]
    at: int = 0         #: place of the old one in its group
    of: int = 0         #: how many the group had

    @property
    def unit(self) -> Unit:
        """One of both."""
        unit = self.new or self.old
        assert unit is not None
        return unit


def changes(old: "Sequence[Unit]", new: "Sequence[Unit]", caps: Caps) -> "list[Change]":
    """What a peer changed.

    :param old: the item as the peer had it
    :param new: as the peer sent it
    :param caps: what the peer keeps; what it may have cut off is no change
    :returns: the changes
    """
    before, after = groups(old), groups(new)
    made: "list[Change]" = []
    for key in [*before, *(key for key in after if key not in before)]:
        made += _Group(before.get(key, []), after.get(key, []), caps).changes()
    gone = {unit.path for unit in old} - {unit.path for unit in new}

    def meant(change: Change) -> bool:
        if change.new is not None:
            return change.old is None or not _made_up(change.new, after)
        unit = change.unit
        if caps.everything or unit.path in gone or _emptied(unit, after):
            return True
        return unit.name not in MEDIA and (unit.name in DELETABLE or unit.key in after or caps.named(unit.name))

    return [change for change in made if meant(change)]


def _emptied(unit: Unit, after: "dict[tuple[str, str], list[Unit]]") -> bool:
    """Whether a title is missing because its whole note is."""
    return unit.name == "SUMMARY" and unit.path.startswith("VJOURNAL") and (unit.path, "DESCRIPTION") not in after


def _made_up(new: Unit, after: "dict[tuple[str, str], list[Unit]]") -> bool:
    """Whether a peer that knows no FN got one from its N on the way to us."""
    names = after.get((new.path, "N")) if new.name == "FN" else None
    return full_name(names[0].value.split("\x1f")) == new.value if names else False


class _Group:
    """The units of one name, before and after."""

    def __init__(self, old: "list[Unit]", new: "list[Unit]", caps: Caps) -> None:
        self.old, self.new, self.caps = old, new, caps
        self.gone, self.come = list(range(len(old))), list(range(len(new)))
        self.name = (old or new)[0].name
        # a phone marks the first number as preferred by itself
        told = any("PREF" in unit.types for unit in old)
        self.mute = _NONE if new and any("PREF" in unit.types for unit in (new if told else new[1:])) else _PREF

    def changes(self) -> "Iterator[Change]":
        """All that differs."""
        same = self._pairs(lambda unit: (unit.value, unit.types)) + self._pairs(lambda unit: unit.value)
        same += self._reduced()
        for at, other in same:
            if self._types_changed(self.old[at], self.new[other]):
                yield Change(self.old[at], self.new[other], at, len(self.old))
        if self.name not in LISTS:
            for at, other in self._pairs(lambda unit: unit.types) + self._rest():
                yield Change(self.old[at], self.new[other], at, len(self.old))
        yield from (Change(self.old[at], None, at, len(self.old)) for at in self.gone)
        yield from (Change(None, self.new[at]) for at in self.come)

    def _pairs(self, key: "Callable[[Unit], object]") -> "list[tuple[int, int]]":
        """Take out those that are alike."""
        if not self.gone or not self.come:
            return []
        places: "dict[object, list[int]]" = {}
        for at in reversed(self.come):
            places.setdefault(key(self.new[at]), []).append(at)
        found = [(at, same.pop()) for at, same in ((at, places.get(key(self.old[at]))) for at in self.gone) if same]
        return self._without(found)

    def _without(self, found: "list[tuple[int, int]]") -> "list[tuple[int, int]]":
        gone, come = {at for at, _ in found}, {at for _, at in found}
        self.gone = [at for at in self.gone if at not in gone]
        self.come = [at for at in self.come if at not in come]
        return found

    def _reduced(self) -> "list[tuple[int, int]]":
        """Those that are what the peer could keep of ours."""
        if not self.gone or not self.come or max(len(self.gone), len(self.come)) > FEW:
            return []
        found: "list[tuple[int, int]]" = []
        taken: "set[int]" = set()
        for at in self.gone:
            other = next((other for other in self.come if other not in taken
                          and reduced(self.old[at], self.new[other], self.caps)), None)
            if other is not None:
                taken.add(other)
                found.append((at, other))
        return self._without(found)

    def _rest(self) -> "list[tuple[int, int]]":
        """What is left of both, when it is likely that one was made into the other."""
        if len(self.gone) == len(self.come) or self.name not in SETS:
            return self._without(list(zip(self.gone, self.come)))
        return []

    def _types_changed(self, old: Unit, new: Unit) -> bool:
        before, after = old.types - self.mute, new.types - self.mute
        if before == after:
            return False
        lost = before - after
        cap = self.caps.of(self.name)
        if after < before and _PREF != lost and not (cap is not None and cap.types):
            return bool(after - _PREF) and bool(lost & _COMMON)     # phones lose types, people change them
        return True


def reduced(ours: Unit, theirs: Unit, caps: Caps) -> bool:
    """Whether a value can be what the peer kept of ours.

    :param ours: as it was sent
    :param theirs: as it came back
    :param caps: what the peer keeps
    :returns: False when a person must have changed it
    """
    name, one, other = ours.name, ours.value, theirs.value
    if name in MEDIA:
        return name != "SOUND" and alike(ours.lines[0], theirs.lines[0])
    if name == "TEL":
        return one.replace("+", "") == other
    if name in MOMENTS:
        return one.endswith("Z") != other.endswith("Z") and moment(ours) == moment(theirs)
    if not caps.limited(name) or name == "VALARM":
        return False
    if name in STRUCTURED:
        before, after = one.split("\x1f"), other.split("\x1f")
        few = [part for part in before if part]
        return after == before[:len(after)] or sorted(" ".join(few).split()) == sorted(" ".join(after).split())
    text, short = " ".join(one.split()), " ".join(other.split())
    size = caps.size(name)
    return text == short or (0 < size and text.startswith(short) and len(one) * 8 >= size * 7
                             and len(short) * 4 >= min(size, len(one)) * 3)


def moment(unit: Unit) -> str:
    """A time as all the world counts it.

    :param unit: a time
    :returns: text; of a time in no zone, and of a day, just what it says
    """
    when = time_of(unit.lines[0])
    if when is None or when.day or when.zone in ("", UTC):
        return unit.value
    utc = in_utc(when, Zones())
    return stamp(utc) if utc is not None else unit.value


def same_rule(change: Change, old: "Sequence[Unit]", new: "Sequence[Unit]") -> bool:
    """Whether a rule says what the other leaves to be understood: each Monday, from a Monday on.

    :param change: from old to new
    :param old: all of one item
    :param new: all of the other
    :returns: False for anything but two such rules
    """
    if change.unit.name != "RRULE" or change.old is None or change.new is None:
        return False
    path = change.unit.path
    starts = (next((unit for unit in fields if unit.key == (path, "DTSTART")), None) for fields in (old, new))
    one, other = (_rule(unit, start) for unit, start in zip((change.old, change.new), starts))
    return one == other


def _rule(unit: Unit, start: Optional[Unit]) -> object:
    """What a rule says, what it leaves to the start filled in."""
    rule, when = parse_rule(unit.value), time_of(start.lines[0]) if start is not None else None
    plain_rule = plain(rule, when.at.date()) if rule is not None and when is not None else None
    return (plain_rule, rule.counted, rule.until) if rule is not None and plain_rule is not None else unit.value


def united(old: "Sequence[Unit]", view: "Sequence[Unit]", new: "Sequence[Unit]",
           caps: Caps) -> "Optional[list[Change]]":
    """The changes of the peer that can stand beside ours.

    :param old: the item as the peer had it; empty: nothing is known
    :param view: ours as the peer would have it
    :param new: as the peer sent it
    :param caps: what the peer keeps
    :returns: None when both changed the same thing, each in another way
    """
    ours = _by_meaning(changes(old, view, caps)) if old else {}
    many = {key for fields in (old, view, new) for key, units in groups(fields).items() if len(units) > 1}
    have = groups(view)
    made: "list[Change]" = []
    for key, theirs in _by_meaning(changes(old or view, new, caps)).items():
        mine = ours.get(key)
        if not old:
            theirs = [change for change in theirs if change.new is not None
                      and (change.old is None or change.old.value != change.new.value)
                      and not same_rule(change, view, new)]
        elif mine is None:
            made += theirs
            continue
        if key[1] in SETS or key in many:
            made += _both(mine, theirs) if mine is not None else (change._replace(old=None) for change in theirs)
        else:
            settled = _one(theirs, have, caps, bool(old))
            if settled is None:
                return None
            made += settled
    before, here, there = ({unit.path for unit in fields} for fields in (old, view, new))
    if any(path in before - there for path, _ in ours) or any(change.unit.path in before - here for change in made):
        return None     # one took out what the other changed
    if not old and any(unit.path not in here and not unit.exception and unit.path != "VTIMEZONE" for unit in new):
        return None     # an event and a task are not one thing
    return made


def _by_meaning(found: "list[Change]") -> "dict[tuple[str, str], list[Change]]":
    made: "dict[tuple[str, str], list[Change]]" = {}
    for change in found:
        path, name = change.unit.key
        made.setdefault((path, _TOGETHER.get(name, name)), []).append(change)
    return made


def _both(mine: "list[Change]", theirs: "list[Change]") -> "Iterator[Change]":
    """Edits of a set: all additions, and deletions of what the other side left as it was."""
    touched = {change.old for change in mine if change.old is not None
               and (change.new is None or change.new.value != change.old.value)}
    edited = {change.old for change in mine if change.old is not None} - touched
    for change in theirs:
        if change.old is None or change.old not in touched:
            if change.new is not None or change.old not in edited:
                yield change
        elif change.new is not None and change.new.value != change.old.value:
            yield change._replace(old=None)


def _one(theirs: "list[Change]", have: "dict[tuple[str, str], list[Unit]]", caps: Caps,
         known: bool) -> "Optional[list[Change]]":
    """Edits of single fields that both sides touched."""
    made: "list[Change]" = []
    for change in theirs:
        mine = next(iter(have.get(change.unit.key, ())), None)
        new = change.new
        if (mine.value if mine else "") == (new.value if new else ""):
            continue
        if mine is not None and new is not None:
            if reduced(mine, new, caps) or (new.name == "FN" and words(mine.value) == words(new.value)):
                continue
            if new.name in MEDIA and not known:
                continue    # ours is as good as theirs, and no photo is worth two contacts
            was = change.old if known else None
            if new.name in STRUCTURED and _apart(was, mine, new):
                made.append(change._replace(old=was or mine._replace(value="")))
                continue
        if known or (mine is not None and new is not None):
            return None
        made.append(change)
    if any(change.unit.name == "N" for change in made):
        made = [change for change in made if change.unit.name != "FN"]
    return made


def _apart(old: Optional[Unit], mine: Unit, new: Unit) -> bool:
    """Whether both sides changed different parts of a name or an address."""
    was, ours, theirs = (unit.value.split("\x1f") if unit is not None else [] for unit in (old, mine, new))
    for at in range(max(len(ours), len(theirs))):
        before, one, other = (parts[at] if at < len(parts) else "" for parts in (was, ours, theirs))
        if one != other and before not in (one, other):
            return False
    return True
