"""How much two items resemble each other: what slow sync pairs, and what is a duplicate.

Items are compared by what both say; what only one says speaks against nothing, the other's format or device may not
keep it.
"""

from __future__ import annotations

from minisyncml.content.facts import CUT, Facts
from minisyncml.content.moments import compare

SURE = 6        #: from this score on two items are the same thing
NEAR = 2        #: from this one on a person should look
_LONG = 60      # characters of text that are no chance
_NONE: "frozenset[str]" = frozenset()
EQUAL, INSIDE, SHARED, APART, UNKNOWN = range(5)
#: what each relation of two sets counts
_WEIGHTS = {
    "contact": {"name": (4, 2, -3, -4), "tel": (4, 3, 3, -2), "mail": (3, 3, 3, -2), "org": (1, 1, 1, -1),
                "bday": (2, 2, 2, -3)},
    "event": {"title": (4, 3, -4, -4), "place": (1, 1, 1, -2), "text": (1, 1, 1, -1), "rule": (0, 0, 0, -4)},
    "task": {"title": (4, 3, -4, -4), "text": (1, 1, 1, -1), "rule": (0, 0, 0, -4)},
    "bookmark": {"address": (7, 7, 7, -7), "title": (1, 0, 0, -1)},
    "file": {"file": (4, 4, 4, -6), "content": (2, 2, 2, -1)},
}


def relation(one: "frozenset[str]", other: "frozenset[str]") -> int:
    """How two sets of values stand to each other.

    :param one: a set
    :param other: another
    :returns: EQUAL, INSIDE (one has all of the other), SHARED, APART; UNKNOWN when one is empty
    """
    if not one or not other:
        return UNKNOWN
    if one == other:
        return EQUAL
    if one <= other or other <= one:
        return INSIDE
    return SHARED if one & other else APART


def score(one: Facts, other: Facts) -> int:
    """How much speaks for two items being the same thing.

    :param one: facts of an item
    :param other: facts of another
    :returns: a number that does not depend on their order; see SURE and NEAR
    """
    if one.family != other.family:
        return 0
    if one.family == "note":
        return _score_notes(one, other)
    total = (-2 if one.family == "contact" else -4) if one.uid and other.uid and one.uid != other.uid else 0
    for slot, weights in _WEIGHTS.get(one.family, {}).items():
        mine, theirs = one.sets.get(slot, _NONE), other.sets.get(slot, _NONE)
        how = _cut(mine, theirs) if slot in ("title", "text", "place") else relation(mine, theirs)
        total += weights[how] if how != UNKNOWN else 0
    if one.family == "contact":
        return total + _names(one, other)
    if one.family in ("event", "task"):
        return total + _times(one, other)
    return total


def _cut(one: "frozenset[str]", other: "frozenset[str]") -> int:
    """Like :func:`relation`, for one text on each side: INSIDE when one may be what a device left of the other."""
    how = relation(one, other)
    if how == APART:
        mine, theirs = sorted((next(iter(one)), next(iter(other))), key=len)
        return INSIDE if len(mine) >= CUT and theirs.startswith(mine) else APART
    return how


def _names(one: Facts, other: Facts) -> int:
    """What names and the rest mean together."""
    how = relation(one.sets["name"], other.sets["name"])
    few = min(len(one.sets["name"]), len(other.sets["name"])) < 2
    total = -1 if few and how in (EQUAL, INSIDE) else 0     # a mere first name, or the family's
    ways = [(mine.sets["tel"], theirs.sets["tel"], mine.sets["mail"], theirs.sets["mail"])
            for mine, theirs in ((one, other), (other, one))]
    if how in (EQUAL, UNKNOWN) and any(a <= b and c <= d for a, b, c, d in ways):
        total += 2      # one says nothing that the other does not
    return total


def _times(one: Facts, other: Facts) -> int:
    """What start, end and due date say."""
    if not (one.start or one.due or other.start or other.due):
        return 2
    total = 0
    if one.start and other.start:
        total += (-4, 2, 4)[compare(one.start, other.start)]
    if one.due and other.due:
        alike = compare(one.due, other.due)
        total = (-2, 2, 4)[alike] + (0 if not total else 1 if total > 0 else -1)
    if one.length is not None and other.length is not None and one.start and other.start:
        total += 1 if abs(one.length - other.length) <= 1 else -1
    return total


def _score_notes(one: Facts, other: Facts) -> int:
    mine, theirs = (next(iter(each.sets["text"]), "") for each in (one, other))
    if mine == theirs:
        return SURE
    short, long = sorted((mine, theirs), key=len)
    if short.casefold() == long.casefold() or len(short) >= _LONG and long.startswith(short):
        return SURE - 1
    common = len(one.sets["words"] & other.sets["words"])
    alike = 2 * common >= max(len(one.sets["words"]), len(other.sets["words"]))
    return NEAR if alike and one.sets["title"] == other.sets["title"] and common > 1 else 0
