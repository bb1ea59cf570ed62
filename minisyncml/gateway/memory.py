"""What is remembered of devices when no folder is given: as long as the process lives."""

from __future__ import annotations

from typing import Any, Callable


class Forgetful:
    """Facts of devices in memory, and a device id of this run.

    :param random: gives so many random bytes
    """

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self.device_id = f"minisyncml-{random(8).hex()}"    #: our id, as peers see it
        self._facts: "dict[str, dict[str, Any]]" = {}

    def get(self, device: str) -> "dict[str, Any]":
        """What is known of a device.

        :param device: its id
        :returns: a new dict, empty when nothing is known
        """
        return dict(self._facts.get(device, {}))

    def put(self, device: str, facts: "dict[str, Any]") -> None:
        """Replace what is known of a device.

        :param device: its id
        :param facts: JSON-able values
        """
        self._facts[device] = dict(facts)
