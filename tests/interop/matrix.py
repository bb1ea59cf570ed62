"""The settings two ends can meet with: all of them, and a short list in which every pair of values meets once."""

from __future__ import annotations

import itertools
from typing import List, NamedTuple, Set, Tuple

VALUES = {
    "role": ("client", "server"),
    "encoding": ("wbxml", "xml"),
    "version": ("1.2", "1.1", "1.0"),
    "auth": ("none", "basic", "md5"),
    "mode": ("two-way", "slow", "one-way-from-client", "one-way-from-server", "refresh-from-client",
             "refresh-from-server"),
}


class Settings(NamedTuple):
    """One way to sync. `role` is that of the peer; `auth` is what the server asks for."""

    role: str = "client"
    encoding: str = "wbxml"
    version: str = "1.2"
    auth: str = "md5"
    mode: str = "two-way"

    def __str__(self) -> str:
        return "-".join(self[1:])


def everything() -> List[Settings]:
    """The whole cross product."""
    return [Settings(*values) for values in itertools.product(*VALUES.values())]


def pairs(settings: Settings) -> Set[Tuple[str, str, str, str]]:
    """All pairs of values that meet in one setting."""
    return {(a, x, b, y) for (a, x), (b, y) in itertools.combinations(settings._asdict().items(), 2)}


def pairwise() -> List[Settings]:
    """A short list in which every pair of values occurs: the setting with most missing pairs is taken next."""
    missing = set().union(*(pairs(one) for one in everything()))
    chosen: List[Settings] = []
    while missing:
        gain = {one: len(pairs(one) & missing) for one in everything()}
        chosen.append(max(gain, key=lambda one: gain[one]))
        missing -= pairs(chosen[-1])
    return chosen
