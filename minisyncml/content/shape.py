"""Habits of single peers that need a property to look another way, out and back: switches of a profile, no more.

What is a matter of a format (times, alarms, encodings) is done where that format is written.
"""

from __future__ import annotations

from typing import Sequence

from minisyncml.content.fields import IGNORED, Unit
from minisyncml.content.form import Form
from minisyncml.content.lines import Property, type_words


def shapes(form: Form) -> bool:
    """Whether anything is to be done for a peer at all.

    :param form: of the peer
    :returns: False for most
    """
    return bool(form.strip or not form.empty or form.internet or form.prefix)


def outward(fields: "Sequence[Unit]", form: Form) -> "list[Unit]":
    """An item as the peer wants it.

    :param fields: of the hub
    :param form: of the peer
    :returns: the same units where nothing is to be done
    """
    made = []
    for unit in fields:
        if unit.name and (unit.name in form.strip or not (form.empty or unit.value or unit.name in IGNORED)):
            continue
        if unit.name == "EMAIL" and form.internet:
            unit = unit._replace(lines=(_internet(unit.lines[0]), *unit.lines[1:]))
        elif unit.name == "CATEGORIES" and form.prefix and not unit.lines[0].value.startswith(form.prefix):
            each = unit.lines[0]
            unit = unit._replace(lines=(each._replace(value=form.prefix + each.value, raw=b""),))
        made.append(unit)
    return made


def inward(fields: "Sequence[Unit]", form: Form) -> "list[Unit]":
    """An item of the peer as it would be without its habits.

    :param fields: of the hub
    :param form: of the peer
    :returns: the same units where nothing is to be done
    """
    if not form.prefix:
        return list(fields)
    made = []
    for unit in fields:
        if unit.name == "CATEGORIES" and unit.lines[0].value.startswith(form.prefix):
            size = len(form.prefix)
            each = unit.lines[0]
            unit = unit._replace(value=unit.value[size:], lines=(each._replace(value=each.value[size:], raw=b""),))
        made.append(unit)
    return made


def _internet(each: Property) -> Property:
    if any(word.upper() == "INTERNET" for word in type_words(each)):
        return each
    params = tuple((name, f"INTERNET,{value}") if name == "TYPE" else (name, value) for name, value in each.params)
    if not any(name == "TYPE" for name, _ in params):
        params = (("TYPE", "INTERNET"), *params)
    return each._replace(params=params, raw=b"")
