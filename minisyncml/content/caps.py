"""What a peer keeps of an item: everything else is left out before the item goes there, and is ours to keep.

CTCap of DevInf (1.0 to 1.2) or the limits of a profile, see :class:`~minisyncml.content.form.Cap`. Names are those of
the hub; a peer that calls a property otherwise is understood.
"""

from __future__ import annotations

from typing import Iterator, Mapping, Optional, Sequence

from minisyncml.content.escapes import escaped, split, unescaped
from minisyncml.content.fields import DATES, LISTS, MEDIA, STRUCTURED, Unit, meaning, number
from minisyncml.content.form import ALL, KEPT, Cap, Form
from minisyncml.content.lines import Property
from minisyncml.content.photos import fitted, within

#: without these an item is none, or another one
ALWAYS = frozenset(("VERSION", "UID", "N", "FN", "SUMMARY", "DTSTART", "RECURRENCE-ID", "DTSTAMP", "PRODID",
                    KEPT))
#: other names of what a property of a hub says
ALIASES = {
    "VALARM": ("AALARM", "DALARM", "MALARM", "PALARM", "BEGIN:VALARM"), "DURATION": ("DTEND",), "IMPP": ("X-WV-ID",),
    "CREATED": ("DCREATED",),
    "NICKNAME": ("X-NICKNAME", "X-EPOCSECONDNAME"), "ORGANIZER": ("ATTENDEE",), "ANNIVERSARY": ("X-ANNIVERSARY",),
    "TRANSP": ("X-MICROSOFT-CDO-BUSYSTATUS",), "PERCENT-COMPLETE": ("STATUS",),
}
#: properties of which a part says something wrong
_WHOLE = frozenset(("TEL", "EMAIL", "URL", "IMPP", "RRULE", "EXRULE", "ATTENDEE", "ORGANIZER", "GEO", "RELATED-TO"))
_TYPED = frozenset(("TEL", "EMAIL", "ADR", "LABEL", "URL", "IMPP"))
#: properties that have one of a few words as their value
_WORDS = frozenset(("CLASS", "STATUS", "PRIORITY", "CATEGORIES"))
NOTHING: "Mapping[tuple[str, str], Sequence[Unit]]" = {}


class Caps:
    """What a form says of each property.

    :param form: of the peer
    """

    def __init__(self, form: Form) -> None:
        self.photo = form.photo
        #: it has all that our items have
        self.everything = form.caps == ALL or (not form.type and form.caps is None)
        self._kept = None if form.caps is None or self.everything else {cap.name: cap for cap in form.caps}
        self._limits = {cap.name: cap for cap in form.limits}
        # an old format has them as dates left out and put in
        self.exceptions = self._kept is None or "RECURRENCE-ID" in self._kept or (
            form.type != "text/calendar" and "EXDATE" in self._kept)
        self._known: "dict[str, Optional[Cap]]" = {}
        self.bounded = bool(self._kept is not None or form.limits or form.photo)     #: whether anything can be cut

    def of(self, name: str) -> Optional[Cap]:
        """What is kept of a property.

        :param name: as in the hub
        :returns: None: nothing
        """
        if name not in self._known:
            if len(self._known) > 1000:     # a peer may make up names without end
                self._known.clear()
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> Optional[Cap]:
        limit = self._limits.get(name, Cap(name))
        if self._kept is None:
            return limit
        names = (name, *ALIASES.get(name, ()))
        cap = next((self._kept[each] for each in names if each in self._kept), None)
        if cap is None and name.startswith("X-") and "X-*" in self._kept:
            cap = self._kept["X-*"]._replace(most=0, size=0)
        if cap is None:
            return limit if name in ALWAYS or name in self._limits else None
        if cap.name != name:
            cap = Cap(name, cap.most)
        return cap._replace(most=_lower(cap.most, limit.most), size=_lower(cap.size, limit.size))

    def named(self, name: str) -> bool:
        """Whether the peer says in so many words that it keeps a property: then a missing one was deleted.

        :param name: as in the hub
        :returns: False as well for what is only let through
        """
        return self._kept is not None and any(each in self._kept for each in (name, *ALIASES.get(name, ())))

    def size(self, name: str) -> int:
        """How long a value may be.

        :param name: as in the hub
        :returns: characters, 0 when that is not known
        """
        cap = self.of(name)
        return cap.size if cap is not None else 0

    def limited(self, name: str) -> bool:
        """Whether the peer is known to keep only a part of it.

        :param name: as in the hub
        :returns: True when it has a bound
        """
        cap = self.of(name)
        return cap is not None and bool(cap.size or cap.most)


def _lower(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other


def cut(fields: "Sequence[Unit]", caps: Caps, had: "Mapping[tuple[str, str], Sequence[Unit]]" = NOTHING,
        ) -> "list[Unit]":
    """An item as the peer can hold it.

    :param fields: all of it
    :param caps: what the peer keeps
    :param had: what the peer has of this item, by component and name: that it keeps, whatever it says
    :returns: the same units where nothing was cut
    """
    if not caps.exceptions:     # each would become an event of its own
        fields = [unit for unit in fields if not unit.exception]
    first = _first(fields, caps)
    media = sum(unit.name in MEDIA and bool(unit.value) and caps.of(unit.name) is not None for unit in fields)
    share = caps.photo // max(1, media)     # together they have to fit
    made: "list[Unit]" = []
    for at, unit in enumerate(fields):
        cap = caps.of(unit.name) if unit.name else None
        known = had.get(unit.key)
        if cap is None and known:
            cap = Cap(unit.name)
        elif cap is not None and known and (cap.most or cap.size) and any(one.value == unit.value for one in known):
            cap = cap._replace(most=0, size=0)
        if not unit.name or not unit.value:
            if not unit.name or cap is not None:
                made.append(unit)
        elif cap is not None and (at in first or not cap.most):
            made += _fitting(unit, cap, share)
    return made


def _first(fields: "Sequence[Unit]", caps: Caps) -> "set[int]":
    """Which of the properties that may occur so many times are kept: those marked as preferred before the others."""
    found: "dict[tuple[str, str], list[tuple[bool, int]]]" = {}
    for at, unit in enumerate(fields):
        if unit.name and unit.value:
            found.setdefault(unit.key, []).append(("PREF" not in unit.types, at))
    kept: "set[int]" = set()
    for (_, name), places in found.items():
        cap = caps.of(name)
        most = len(places) if cap is None or not cap.most or name in LISTS else cap.most
        kept.update(at for _, at in (sorted(places)[:most] if most < len(places) else places))
    return kept


def _fitting(unit: Unit, cap: Cap, photo: int) -> "Iterator[Unit]":
    each = unit.lines[0]
    if cap.values and unit.name in _WORDS and not {each.value.upper(), each.value.upper().replace("-", " "),
                                                   unescaped(each.value).strip().upper()} & set(cap.values):
        return
    if unit.name in MEDIA:
        bound = _lower(photo, cap.size)
        small = fitted(each, bound, cap.types) if unit.name != "SOUND" else each
        if small is not None and within(small, bound):
            yield unit if small is each else unit._replace(value=meaning(small), lines=(small,))
        return
    if cap.size and unit.name != "VALARM" and len(each.value) > cap.size:
        short = _short(each, cap)
        if short is None:
            return
        if short != each.value:
            unit = unit._replace(lines=(each._replace(value=short, raw=b""),))
    if cap.types and unit.types and unit.name in _TYPED:
        unit = _typed(unit, frozenset(cap.types))
    yield unit


def _short(each: Property, cap: Cap) -> Optional[str]:
    """A value that is not longer than the bound; None: nothing of it is to be sent."""
    if each.name in STRUCTURED:
        parts, left = [], cap.size
        for part in map(unescaped, split(each.value, ";")):
            parts.append(escaped(part[:max(left, 0)]))
            left -= len(part) + 1
        return ";".join(parts) if left >= -1 or not cap.whole else None
    if each.name in _WHOLE or each.name in DATES:
        short = number(each.value) if each.name == "TEL" else each.value
        return short if len(short) <= cap.size else None
    text = unescaped(each.value)
    if len(text) <= cap.size:
        return each.value
    return None if cap.whole else escaped(text[:cap.size].rstrip())


def _typed(unit: Unit, known: "frozenset[str]") -> Unit:
    """A property with only the types that the peer tells apart."""
    if unit.types <= known:
        return unit
    each = unit.lines[0]
    params = []
    for name, value in each.params:
        if name in ("", "TYPE"):
            value = ",".join(word for word in value.replace('"', "").split(",") if word.strip().upper() in known)
        if value or name not in ("", "TYPE"):
            params.append((name, value))
    return unit._replace(lines=(each._replace(params=tuple(params), raw=b""),), types=unit.types & known)
