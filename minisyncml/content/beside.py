"""Two versions of an item side by side, field by field, for a person to choose from; and in one text, to be edited."""

from __future__ import annotations

from typing import NamedTuple

from minisyncml.content.fields import Unit, groups, units
from minisyncml.content.formats import hub
from minisyncml.content.kind import bare
from minisyncml.content.lines import is_binary
from minisyncml.errors import ItemError

OURS, APART, THEIRS = b"<<<<<<< ours", b"=======", b">>>>>>> theirs"
MOST = 200      #: characters of one value that are shown


class Difference(NamedTuple):
    """One field; a side that does not have it is empty."""

    field: str
    ours: str
    theirs: str


def differences(type: str, ours: bytes, theirs: bytes) -> "tuple[list[Difference], int]":
    """Where two versions differ. What a person would call the same is no difference.

    :param type: media type
    :param ours: one version; empty where it was deleted
    :param theirs: the other one
    :returns: the fields that differ, in order, and how many do not; of a text its lines
    """
    if bare(type) == "text/plain":
        return _by_lines(ours, theirs)
    try:
        left, right = (groups(units(hub(body, type)[1])) if body else {} for body in (ours, theirs))
    except ItemError:
        return _by_lines(ours, theirs)
    found: "list[Difference]" = []
    equal = 0
    for key in dict.fromkeys((*left, *right)):
        mine, other = left.get(key, []), right.get(key, [])
        same = [unit for unit in mine if any(_alike(unit, one) for one in other)]
        mine = [unit for unit in mine if unit not in same]
        other = [unit for unit in other if not any(_alike(unit, one) for one in same)]
        equal += len(same)
        name = " ".join(part for part in (key[0] if "VEVENT" not in key[0] or " " in key[0] else "", key[1]) if part)
        for at in range(max(len(mine), len(other))):
            found.append(Difference(name, _shown(mine[at]) if at < len(mine) else "",
                                    _shown(other[at]) if at < len(other) else ""))
    return found, equal


def _alike(one: Unit, other: Unit) -> bool:
    return one.value == other.value and one.types == other.types


def _shown(unit: Unit) -> str:
    """A value as a person reads it."""
    if len(unit.lines) > 1:
        text = ", ".join(f"{line.name} {line.value}" for line in unit.lines if line.name not in ("BEGIN", "END"))
    else:
        line = unit.lines[0]
        text = f"{len(line.value) * 3 // 4} bytes" if is_binary(line) else line.value
        text = "; ".join(part for part in text.replace("\\n", " / ").replace("\\", "").split(";") if part)
    types = f" ({', '.join(sorted(unit.types)).lower()})" if unit.types else ""
    return (text[:MOST] + ("..." if len(text) > MOST else "")) + types


def _by_lines(ours: bytes, theirs: bytes) -> "tuple[list[Difference], int]":
    from difflib import SequenceMatcher
    left, right = (body.decode("utf-8", "replace").splitlines()[:2000] for body in (ours, theirs))
    found: "list[Difference]" = []
    equal = 0
    for tag, a, b, c, d in SequenceMatcher(None, left, right, False).get_opcodes():
        if tag == "equal":
            equal += b - a
            continue
        for at in range(max(b - a, d - c)):
            found.append(Difference(f"line {a + at + 1}", left[a + at][:MOST] if a + at < b else "",
                                    right[c + at][:MOST] if c + at < d else ""))
    return found, equal


def marked(ours: bytes, theirs: bytes) -> bytes:
    """Both versions in one text, with marks around what differs.

    :param ours: one version
    :param theirs: the other one
    :returns: lines that end in LF
    """
    from difflib import SequenceMatcher
    left, right = (body.replace(b"\r\n", b"\n").splitlines() for body in (ours, theirs))
    made: "list[bytes]" = []
    for tag, a, b, c, d in SequenceMatcher(None, left, right, False).get_opcodes():
        made += left[a:b] if tag == "equal" else [OURS, *left[a:b], APART, *right[c:d], THEIRS]
    return b"\n".join([*made, b""])


def is_marked(text: bytes) -> bool:
    """Whether marks are left in an edited text.

    :param text: from :func:`marked`, after a person edited it
    :returns: True when any is
    """
    return any(line.rstrip() in (OURS, APART, THEIRS) for line in text.splitlines())
