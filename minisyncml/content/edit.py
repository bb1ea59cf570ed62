"""Changes of a peer made in an item of ours. What nobody changed stays the very property: bytes, order and parameters.
"""

from __future__ import annotations

from typing import Optional, Sequence

from minisyncml.content.caps import Caps
from minisyncml.content.cardvalues import full_name
from minisyncml.content.escapes import escaped, split, unescaped
from minisyncml.content.fields import (
    DATES,
    LISTS,
    MEDIA,
    MOMENTS,
    SETS,
    STRUCTURED,
    Unit,
    Whole,
    components,
    meaning,
    plain_text,
    words,
)
from minisyncml.content.lines import Property, type_words
from minisyncml.content.merge import FEW, Change, reduced
from minisyncml.content.times import UTC, When, parse_time, rest, stamp, time_of, time_property, tzid
from minisyncml.content.zones import Zones

_TEXTS = frozenset(("NOTE", "DESCRIPTION", "SUMMARY", "LOCATION", "TITLE", "ROLE", "FN", "COMMENT"))
_ENDS = {"DTEND": "DURATION", "DURATION": "DTEND"}      # two ways to say one thing
_ZONE = "VTIMEZONE"
_STAMPS = frozenset(("REV", "LAST-MODIFIED"))


class Edit:
    """An item of ours that is being changed.

    :param fields: all of it
    :param caps: what the peer keeps
    :param placed: nothing of it changed since the peer got it: most peers' fields stand in the order of ours
    :param zone: of the peer's clock, by which its times were read
    """

    def __init__(self, fields: "Sequence[Unit]", caps: Caps, placed: bool, zone: str = "") -> None:
        self.fields, self.caps, self.placed, self.zone = fields, caps, placed, zone
        self._slots: "list[list[Unit]]" = [[unit] for unit in fields]
        self._places: "dict[tuple[str, str], list[int]]" = {}
        self._values: "dict[tuple[str, str, str], list[int]]" = {}
        self._ends: "dict[str, int]" = {}
        self._used: "set[int]" = set()
        self._had: "set[tuple[str, str, str]]" = set()
        for at, unit in enumerate(fields):
            if not unit.name:
                self._ends[unit.path] = at
            elif unit.value:
                self._places.setdefault(unit.key, []).append(at)
        for at in range(len(fields) - 1, -1, -1):
            unit = fields[at]
            self._values.setdefault((*unit.key, unit.value), []).append(at)
        self._have = set(self._values)

    def make(self, edits: "Sequence[Change]", old: "Sequence[Unit]", new: "Sequence[Unit]") -> "list[Unit]":
        """Make changes.

        :param edits: from merge.py
        :param old: the item as the peer had it
        :param new: as the peer sent it
        :returns: all of the item
        """
        here = {unit.path for unit in self.fields}
        self._had = {(*unit.key, unit.value) for unit in old}
        edits = [change._replace(new=self._zoned(change.new)) if change.unit.name in MOMENTS else change
                 for change in edits]
        for change in edits:
            if change.unit.path in here:
                self._change(change)
        before, after = {unit.path for unit in old}, {unit.path for unit in new}
        come = after - here - before
        self._drop(before - after)
        brought = [unit for unit in new if unit.path in come and unit.path != _ZONE]
        used = {tzid(each) for unit in (*brought, *(change.new for change in edits if change.new is not None))
                for each in unit.lines}
        known = {_name(unit) for unit in self.fields if unit.path == _ZONE}
        self._bring([*(unit for unit in new if unit.path == _ZONE and _name(unit) in used - known), *brought])
        self._stamp(new)
        made = [unit for slot in self._slots for unit in slot]
        return _renamed(self.fields, made) if any(change.unit.name == "N" for change in edits) else made

    def put(self, extra: "Sequence[Unit]") -> "list[Unit]":
        """Add fields.

        :param extra: of components that are there
        :returns: all of the item
        """
        for unit in extra:
            self._add(unit)
        return [unit for slot in self._slots for unit in slot]

    def _change(self, change: Change) -> None:
        at = self._place(change) if change.old is not None else self._single(change.unit)
        if at is not None:
            self._used.add(at)
        if change.new is None:
            if at is not None:
                self._slots[at] = []
        elif at is None:
            self._add(change.new)
        elif change.new.name not in MEDIA or not reduced(self.fields[at], change.new, self.caps):
            self._slots[at] = [_adapted(self.fields[at], change.old, change.new, self.caps)]

    def _zoned(self, new: Optional[Unit]) -> Optional[Unit]:
        """A time in UTC as a time in the zone that ours is in: on that depends what a series does in summer.

        Where ours is by whatever clock is looked at, a time by the peer's clock is so, too.
        """
        starts = self._places.get((new.path, "DTSTART")) if new is not None else None
        if new is None or not starts:
            return new
        each, start = new.lines[0], time_of(self.fields[starts[0]].lines[0])
        when = time_of(each)
        if when is None or start is None or start.day or when.day or start.zone == UTC:
            return new
        zone = start.zone or self.zone
        local = when.at if when.zone == zone and not start.zone else None
        if when.zone == UTC and zone:
            local = Zones().local(when.at, zone)
        if local is None:
            return new
        made = time_property(each.name, When(local, start.zone), rest(each))
        return new._replace(value=meaning(made), lines=(made,), whole=None)

    def _place(self, change: Change) -> Optional[int]:
        """Which of our units the peer had in another form."""
        old = change.old
        assert old is not None
        equal = self._values.get((*old.key, old.value), [])
        while equal:
            at = equal.pop()
            if at not in self._used:
                return at
        places = self._places.get(old.key, [])
        fitting = [at for at in places if self._free(at) and reduced(self.fields[at], old, self.caps)] \
            if len(places) <= FEW and (len(places) > 1 or old.name in SETS) else []
        at = places[change.at] if self.placed and len(places) == change.of else -1
        if at >= 0 and self._free(at) and (not fitting or at in fitting):
            return at
        if not places and old.name in _ENDS:
            places = self._places.get((old.path, _ENDS[old.name]), [])
        if old.name not in SETS and len(places) == 1:
            return places[0]
        return fitting[0] if fitting else None

    def _free(self, at: int) -> bool:
        """Whether one of ours may be what the peer changed: what it has just as we do is another one, wherever that
        stands; a peer may have an order of its own."""
        unit = self.fields[at]
        return at not in self._used and (*unit.key, unit.value) not in self._had

    def _single(self, new: Unit) -> Optional[int]:
        """Where a value of ours stands that the peer never saw, and now has another for."""
        places = self._places.get(new.key, [])
        if not places and new.name in _ENDS:
            places = self._places.get((new.path, _ENDS[new.name]), [])
        return places[0] if new.name not in SETS and len(places) == 1 else None

    def _add(self, new: Unit) -> None:
        if (*new.key, new.value) in self._have:
            return
        places = self._places.get(new.key, [])
        last = next((at for at in reversed(places) if self._slots[at]), places[-1] if places else None)
        if last is not None and new.name in LISTS and self._join(last, new):
            return
        unit = new._replace(whole=None, lines=tuple(each._replace(raw=b"") for each in new.lines)) \
            if new.whole is not None else new
        if last is not None:
            self._slots[last].append(unit)
        elif new.path in self._ends:
            self._slots[self._ends[new.path]].insert(-1, unit)
        else:
            self._slots.append([unit])

    def _join(self, at: int, new: Unit) -> bool:
        """Put a category to the others."""
        slot = self._slots[at]
        if not slot or slot[0].lines[0].params != new.lines[0].params:
            return False
        first = slot[0]
        if first.whole is None:
            first = first._replace(whole=Whole(first.lines, (first.lines[0].value,)), lines=first.lines[:1])
            slot[0] = first
        slot.append(first._replace(value=new.value, lines=new.lines[:1]))
        return True

    def _drop(self, gone: "set[str]") -> None:
        """Occurrences of a series that the peer took out."""
        for at, unit in enumerate(self.fields):
            if unit.path in gone and unit.path:
                self._slots[at] = []

    def _bring(self, come: "list[Unit]") -> None:
        """Occurrences that it put in, and zones of its times."""
        if not come:
            return
        if "" in self._ends:
            self._slots[self._ends[""]][-1:-1] = come
        else:
            self._slots.append(come)

    def _stamp(self, new: "Sequence[Unit]") -> None:
        """When it was changed, where the peer says so."""
        told = {unit.key: unit for unit in new if unit.name in _STAMPS}
        for at, unit in enumerate(self.fields):
            other = told.get(unit.key)
            if other is not None and self._slots[at] and other.value != unit.value:
                made = unit.lines[0]._replace(value=other.lines[0].value, raw=b"")
                self._slots[at] = [other._replace(lines=(made, *unit.lines[1:]))]


def _name(zone: Unit) -> str:
    return next((each.value for each in zone.lines if each.name == "TZID"), "")


def aligned(fields: "list[Unit]", full: "Sequence[Unit]") -> "list[Unit]":
    """Occurrences called as we call them.

    :param fields: of a peer, which may count in UTC
    :param full: ours
    :returns: the fields with the paths of ours
    """
    here = {unit.path for unit in full}
    named: "dict[str, str]" = {}
    for unit in fields:
        if unit.exception and unit.path not in here and unit.path not in named:
            named[unit.path] = _named(unit.path, here)
    if not any(path != name for path, name in named.items()):
        return fields
    return [unit._replace(path=named.get(unit.path, unit.path)) for unit in fields]


def _named(path: str, here: "set[str]") -> str:
    kind, _, moment = path.partition(" ")
    when = parse_time(moment) if moment.endswith("Z") else None
    for zone in {name.rpartition(" ")[2] for name in here if name.count(" ") == 2} if when is not None else ():
        local = Zones().local(when.at, zone) if when is not None else None
        name = f"{kind} {stamp(When(local, zone))} {zone}" if local is not None else ""
        if name in here:
            return name
    return path


def _adapted(mine: Unit, old: Optional[Unit], new: Unit, caps: Caps) -> Unit:
    """Our property with what changed between two of the peer's."""
    ours, theirs = mine.lines[0], new.lines[0]
    if len(new.lines) > 1 and theirs.name == "BEGIN":
        return new._replace(lines=_block(mine, old, new))
    if mine.whole is not None or new.name in MEDIA | DATES or new.name in ("ATTENDEE", "ORGANIZER"):
        return new._replace(whole=mine.whole, lines=(theirs._replace(raw=b"", group=ours.group),))
    params = ours.params
    before = old.types if old is not None else frozenset()
    if before != new.types and (new.types or old is None or old.value == new.value):
        params = _typed(ours, mine.types, (mine.types - (before - new.types)) | (new.types - before))
    if old is not None and old.value == new.value:
        value = ours.value
    else:
        value = _value(mine, old, new, caps)
    made = ours._replace(value=value, params=params, raw=b"")
    return mine._replace(value=new.value, types=new.types, lines=(made,))


def _value(mine: Unit, old: Optional[Unit], new: Unit, caps: Caps) -> str:
    """What we have beyond the peer's bound stays behind its new value."""
    theirs = new.lines[0].value
    if new.name in STRUCTURED:
        return _parts(split(mine.lines[0].value, ";"), old.value.split("\x1f") if old is not None and old.value else [],
                      split(theirs, ";"), new.name, caps.limited(new.name))
    if new.name not in _TEXTS:
        return theirs
    if old is None:     # the peer never had ours
        return escaped(f"{new.value}\n{mine.value}") if new.name in ("NOTE", "DESCRIPTION") else theirs
    if caps.size(new.name) and len(mine.value) > len(old.value) and mine.value.startswith(old.value):
        return escaped(new.value + mine.value[len(old.value):])
    return theirs


def _parts(mine: "list[str]", old: "list[str]", new: "list[str]", name: str, limited: bool) -> str:
    """A name, an address or a company of ours with the parts that changed; what a peer lost is not empty."""
    said = [plain_text(unescaped(part)) for part in new]
    if limited and name == "ADR" and sum(map(bool, said)) == 1 < sum(map(bool, old)):
        return ";".join(new)    # all of the address in one line
    full = len(new) if limited else max(len(mine), len(new))
    made = []
    for at in range(max(len(mine), len(new))):
        before, now = (parts[at] if at < len(parts) else "" for parts in (old, said))
        kept = at < len(mine) and (now == before or at >= full)
        made.append(mine[at] if kept else new[at] if at < len(new) else "")
    return ";".join(made)


def _typed(each: Property, had: "frozenset[str]", types: "frozenset[str]") -> "tuple[tuple[str, str], ...]":
    """The parameters of a property with other types."""
    params = tuple(pair for pair in each.params if pair[0] not in ("", "TYPE") and pair != ("PREF", "1"))
    words = [word for word in type_words(each) if word.upper() in types or word.upper() not in had]
    known = {word.upper() for word in words}
    words += sorted(types - known)
    return (("TYPE", ",".join(filter(None, words))), *params) if any(words) else params


def _block(mine: Unit, old: Optional[Unit], new: Unit) -> "tuple[Property, ...]":
    """An alarm: theirs, and what of ours the peer never had."""
    known = {each.name for unit in (old, new) if unit is not None for each in unit.lines}
    extra = [each for each in mine.lines if each.name not in known]
    return (*new.lines[:-1], *extra, new.lines[-1])


def _renamed(before: "Sequence[Unit]", after: "list[Unit]") -> "list[Unit]":
    """The name as it is shown follows the name in parts, where it was made of these."""
    was = {unit.name: unit for unit in before if unit.name in ("N", "FN")}
    now = {unit.name: unit for unit in after if unit.name in ("N", "FN")}
    if not {"N", "FN"} <= was.keys() & now.keys() or was["FN"].lines != now["FN"].lines:
        return after
    shown, old, new = was["FN"].value, components(was["N"].lines[0].value), components(now["N"].lines[0].value)
    if not new or not set(words(shown)) <= set(words(was["N"].value)):
        return after
    text = full_name(new) if shown == full_name(old) else _replaced(shown, old, new)
    if text == shown:
        return after
    made = now["FN"].lines[0]._replace(value=escaped(text), raw=b"")
    return [unit._replace(value=text, lines=(made,)) if unit.name == "FN" else unit for unit in after]


def _replaced(shown: str, old: "Sequence[str]", new: "Sequence[str]") -> str:
    """A name in an order of its own with other words."""
    text = f" {shown} "
    for at, part in enumerate(old):
        now = new[at] if at < len(new) else ""
        head, found, tail = text.rpartition(f" {part} ") if at == 0 else text.partition(f" {part} ")
        if part and part != now and found:
            text = f"{head} {now} {tail}" if now else f"{head} {tail}"
    text = " ".join(text.split())
    return text if text and set(words(text)) <= set(words(" ".join(new))) else full_name(new)
