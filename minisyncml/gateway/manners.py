"""What a peer is like: its profile, from what it said of itself, what the link knows of it, what the user says, and
what was found out with it. Nothing here acts on a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from minisyncml.message.devinf import DevInf, from_dict
from minisyncml.profile import Identity, Profile, find

if TYPE_CHECKING:
    from minisyncml.gateway.peer import Memory

BOUND = "bound"         #: where the memory of a device keeps its names of databases, by our names
LEARNT = "learnt"       #: where the memory of a device keeps the switches that were found out with it


def profile_of(known: "Mapping[str, Any]", identity: Identity, user: str, source: str = "") -> Profile:
    """The profile of a peer.

    :param known: what the memory has of it: its DevInf, what was learnt
    :param identity: what the link knows of it, by AT commands, USB or Bluetooth id
    :param user: a profile that the user named, or a file
    :param source: SyncHdr/Source of a client
    :returns: its profile
    :raises UsageError: when the user's one is none
    """
    said, learnt = known.get("devinf"), known.get(LEARNT)
    if isinstance(said, dict):
        devinf: DevInf = from_dict(said)
        identity = identity.merged(Identity(devinf.man or "", devinf.mod or "", devinf.fwv or ""))
    return find(identity.merged(Identity(source=source)), user, learnt if isinstance(learnt, dict) else None)


def learn(memory: "Memory", device: str, values: "Mapping[str, object]") -> None:
    """Keep what works with a device; it counts from its next session on, above all profiles.

    :param memory: what is known of devices
    :param device: its device id, as in SyncHdr/Source
    :param values: switches of :class:`~minisyncml.profile.Profile` with their values; None forgets one
    """
    known = memory.get(device)
    learnt = {**known.get(LEARNT, {}), **{name: list(value) if isinstance(value, tuple) else value
                                          for name, value in values.items()}}
    known[LEARNT] = {name: value for name, value in learnt.items() if value is not None}
    memory.set(device, known)
