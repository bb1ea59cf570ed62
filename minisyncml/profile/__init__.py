"""What a peer is like where the protocol leaves a choice: values, not branches, found by what it says of itself.

A profile is layers of values, one on top of the other: default, maker, model, firmware, the user's file, and what was
learnt with the very device. The files are in profiles/. What reads them is loaded for the first peer that has a
profile: most sessions need none, and are to stay small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from minisyncml.profile.match import UNKNOWN, Identity, candidates
from minisyncml.profile.values import DEFAULT, MODES, FieldLimit, Profile, StoreValue

if TYPE_CHECKING:
    from minisyncml.profile.layers import Row, explain, names
    from minisyncml.profile.patterns import capability

__all__ = ["DEFAULT", "MODES", "UNKNOWN", "FieldLimit", "Identity", "Profile", "Row", "StoreValue", "capability",
           "explain", "find", "names"]
_LATE = {"Row": "layers", "explain": "layers", "names": "layers", "capability": "patterns"}


def find(identity: Identity = UNKNOWN, user: str = "", learnt: "Optional[Mapping[str, object]]" = None) -> Profile:
    """The profile of a peer.

    :param identity: what it says of itself
    :param user: a profile's name, used whatever the peer says; or a TOML file, laid on top of what fits or of the
        `parent` it names
    :param learnt: values that were found out with this very peer; what is none (any more) is left out
    :returns: the profile, :data:`DEFAULT` when nothing is known
    :raises UsageError: when there is no profile of that name, or the file is wrong
    """
    if not user and not learnt and not candidates(identity):
        return DEFAULT
    profile: Profile = _load("layers").find(identity, user, learnt)
    return profile


def _load(module: str) -> Any:
    from importlib import import_module

    return import_module(f"minisyncml.profile.{module}")


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module 'minisyncml.profile' has no attribute {name!r}")
    return getattr(_load(_LATE[name]), name)
