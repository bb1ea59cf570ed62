"""What a peer is like where the protocol leaves a choice: values, not branches, found by what its DevInf says."""

from __future__ import annotations

from typing import NamedTuple, Optional


class Profile(NamedTuple):
    """How to speak with a peer. `slow_command` is what a client sends all its items with when all are compared."""

    slow_command: str = "Replace"


DEFAULT = Profile()
#: manufacturer in lower case -> profile
KNOWN = {"pysyncml": Profile(slow_command="Add")}   # its server takes no Replace of what it does not have


def profile_of(manufacturer: Optional[str]) -> Profile:
    """The profile of a peer.

    :param manufacturer: DevInf/Man
    :returns: its profile, the default one for an unknown peer
    """
    return KNOWN.get((manufacturer or "").strip().lower(), DEFAULT)
