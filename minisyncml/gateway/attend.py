"""Sync a phone whenever it shows up. It does not wait by itself: it says for how long to."""

from __future__ import annotations

from typing import Callable, Optional

RETRY = 60.0            #: seconds until a phone that is there and could not be synced is tried again
LONGEST = 900.0         #: that doubles up to this


class Attendant:
    """Looks whether a phone is there, and syncs it once each time it shows up.

    :param present: whether it is there now
    :param sync: syncs it; says whether that went well, or None when it was not there after all
    :param clock: seconds that only go forward
    :param poll: seconds from one look to the next
    :param every: sync a phone that stays there again after so many seconds; 0: do not
    """

    def __init__(self, present: Callable[[], bool], sync: Callable[[], Optional[bool]], clock: Callable[[], float],
                 poll: float, every: float = 0.0) -> None:
        self._present, self._sync, self._clock = present, sync, clock
        self._poll, self._every = poll, every
        self._due = 0.0             # when to sync next; 0: as soon as it is there
        self._retry = RETRY

    def look(self) -> float:
        """Look once, and sync when it is time to.

        :returns: how long to wait until the next look, in seconds
        """
        if not self._present():
            self._due, self._retry = 0.0, RETRY
        elif self._clock() >= self._due:
            self._plan(self._sync())
        return self._poll

    def _plan(self, good: Optional[bool]) -> None:
        """When to sync next."""
        if good is None:
            self._due, self._retry = 0.0, RETRY
        elif good:
            self._due, self._retry = self._clock() + (self._every or float("inf")), RETRY
        else:
            self._due, self._retry = self._clock() + self._retry, min(2 * self._retry, LONGEST)
