"""What we know of devices beside their items: DevInf, nonces, and the history of sessions; and who we are: a device id,
made once. It may lag after a power cut; nothing here decides about an item. What outlives the process is in
:mod:`.peersfile`.
"""

from __future__ import annotations

import os

from minisyncml.store.batch import plain

DEVICES = 1000      #: so many are remembered; those not heard of longest are forgotten
SESSIONS = 1000     #: so many stay in the history


class Peers:
    """Devices, sessions, and our own id: as long as the process lasts."""

    def __init__(self) -> None:
        self._name = ""
        self._known: "dict[str, dict[str, object]]" = {}
        self._past: "list[dict[str, object]]" = []

    @property
    def identity(self) -> str:
        """Our device id: random, made at the first use, the same ever after."""
        self._name = self._name or new_name()
        return self._name

    def get(self, device: str) -> "dict[str, object]":
        """What is known of a device.

        :param device: its id
        :returns: a new dict, empty when nothing is known
        """
        return _copy(self._known.get(device, {}))

    def set(self, device: str, facts: "dict[str, object]") -> None:
        """Replace what is known of a device; not durable at once.

        :param device: its id, not empty
        :param facts: JSON-able values; empty: forget the device
        :raises StoreError: when it cannot be written
        """
        self._known.pop(device, None)
        if facts:
            self._known[device] = _copy(facts)
        for old in list(self._known)[:-DEVICES]:
            del self._known[old]

    def devices(self) -> "list[str]":
        """All devices that something is known of.

        :returns: ids, the one heard of last at the end
        """
        return list(self._known)

    def record(self, session: "dict[str, object]") -> None:
        """Add a session to the history; not durable at once.

        :param session: JSON-able values
        :raises StoreError: when it cannot be written
        """
        self._past.append(_copy(session))
        del self._past[:-SESSIONS]

    def history(self, limit: int = 20) -> "list[dict[str, object]]":
        """The last sessions.

        :param limit: at most so many
        :returns: what was recorded, the last one first
        """
        return [_copy(one) for one in reversed(self._past[-limit:])] if limit > 0 else []

    def close(self) -> None:
        """Release what it is kept in."""


def new_name() -> str:
    """A device id.

    :returns: a random one
    """
    return "minisyncml-" + os.urandom(8).hex()


def _copy(facts: "dict[str, object]") -> "dict[str, object]":
    copy = plain(facts)
    assert isinstance(copy, dict)
    return copy
