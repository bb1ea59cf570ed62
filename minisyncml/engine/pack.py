"""Typed values to plain ones and back, for the state of a session. Only what sessions queue: no nodes."""

from __future__ import annotations

from typing import Any

from minisyncml.message import commands

_TYPES = {name: value for name, value in vars(commands).items() if isinstance(value, type) and issubclass(value, tuple)}


def pack(value: Any) -> Any:
    """A named tuple of :mod:`minisyncml.message.commands` as nested lists.

    :param value: the value; plain values stay as they are
    :returns: lists, strings, numbers, bytes, None
    """
    name = type(value).__name__
    if isinstance(value, tuple):
        return [name if name in _TYPES else "", *(pack(part) for part in value)]
    return value


def unpack(value: Any) -> Any:
    """The inverse of :func:`pack`.

    :param value: what :func:`pack` returned
    :returns: an equal value
    """
    if not isinstance(value, list):
        return value
    parts = [unpack(part) for part in value[1:]]
    return _TYPES[value[0]](*parts) if value[0] else tuple(parts)


def copy(value: Any) -> Any:
    """A deep copy of plain values.

    :param value: lists and dicts in each other, and what does not change
    :returns: the copy
    """
    if isinstance(value, list):
        return [copy(part) for part in value]
    if isinstance(value, dict):
        return {key: copy(part) for key, part in value.items()}
    return value
