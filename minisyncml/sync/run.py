"""One datastore in one session: plain values only, so that a run travels in the state of a session."""

from __future__ import annotations

from typing import Any, Optional

from minisyncml import status as codes

MODES = {
    "two-way": codes.ALERT_TWO_WAY,
    "slow": codes.ALERT_SLOW,
    "one-way-from-client": codes.ALERT_ONE_WAY_FROM_CLIENT,
    "refresh-from-client": codes.ALERT_REFRESH_FROM_CLIENT,
    "one-way-from-server": codes.ALERT_ONE_WAY_FROM_SERVER,
    "refresh-from-server": codes.ALERT_REFRESH_FROM_SERVER,
}
MODE_NAMES = {code: name for name, code in MODES.items()}
#: what is counted, on our side and on the peer's
COUNTS = ("added", "replaced", "deleted", "conflicts", "failed")

ALERTED, OPEN, SENT, FAILED = "alerted", "open", "sent", "failed"


class Run:
    """The sync of one datastore with one of the peer's.

    :param name: our datastore
    :param remote: the peer's datastore, as it is called on the wire
    :param peer: key of the peer in the store
    :param asked: alert code that was asked for
    """

    def __init__(self, name: str, local: str, remote: str, peer: str, asked: int) -> None:
        self.name = name
        self.local = local              # our datastore, as it is called on the wire
        self.remote = remote
        self.peer = peer
        self.asked = asked
        self.code = asked               # in force; 201 when the sync became slow
        self.phase = ALERTED
        self.status = 0                 # why it failed, as a status ...
        self.problem = ""               # ... and in words
        self.at_risk = False            # ... because a side turned up empty
        self.turn = 0                   # number of this session among those with the peer; 0: not begun
        self.next = ""                  # our anchor for this session
        self.peer_next = ""
        self.upto = 0                   # newest revision that belongs to this session
        self.after = ""                 # cursor of what was sent
        self.opened = False             # our first Sync is out
        self.heard = False              # the peer's Sync came
        self.answered = False           # the server's Alert came
        self.complete = False           # all that the peer had came
        self.spoken = ""                # media types of what the peer sends, each behind a blank but the first
        self.incoming = 0               # items the peer sent
        self.full = False               # the peer has no room for more
        self.local_counts = dict.fromkeys(COUNTS, 0)
        self.remote_counts = dict.fromkeys(COUNTS, 0)
        self.failures: "list[list[Any]]" = []       # [side, id, status, words]
        self.open: "list[list[str]]" = []           # conflicts that wait for a person: side that knows, our id, title
        self.near: "list[list[Any]]" = []           # what a slow sync left apart: our id, the peer's, both titles

    def state(self) -> "dict[str, Any]":
        """All values, plain.

        :returns: a dict for :meth:`load`
        """
        return {name: dict(value) if isinstance(value, dict) else [list(x) for x in value]
                if isinstance(value, list) else value for name, value in vars(self).items()}

    @classmethod
    def load(cls, state: "dict[str, Any]") -> "Run":
        """A run from an earlier :meth:`state`.

        :param state: plain values
        :returns: the run
        """
        run = cls("", "", "", "", 0)
        for name, value in state.items():
            setattr(run, name, dict(value) if isinstance(value, dict) else [list(x) for x in value]
                    if isinstance(value, list) else value)
        return run

    @property
    def failed(self) -> bool:
        """Whether this run was given up."""
        return self.phase == FAILED

    @property
    def slow(self) -> bool:
        """Whether all items are compared."""
        return self.code == codes.ALERT_SLOW

    @property
    def from_client(self) -> bool:
        """Whether the client's changes go to the server. A slow sync does not widen what was asked for."""
        one_way = (codes.ALERT_ONE_WAY_FROM_SERVER, codes.ALERT_REFRESH_FROM_SERVER)
        return self.code not in one_way and self.asked not in one_way

    @property
    def from_server(self) -> bool:
        """Whether the server's changes go to the client."""
        one_way = (codes.ALERT_ONE_WAY_FROM_CLIENT, codes.ALERT_REFRESH_FROM_CLIENT)
        return self.code not in one_way and self.asked not in one_way

    @property
    def whole(self) -> bool:
        """Whether the sender's items all go over, not only the changed ones."""
        return self.code in (codes.ALERT_SLOW, codes.ALERT_REFRESH_FROM_CLIENT, codes.ALERT_REFRESH_FROM_SERVER)

    def fail(self, status: int, problem: str) -> None:
        """Give this run up; the other datastores go on.

        :param status: SyncML status
        :param problem: one line for people
        """
        if not self.failed:
            self.phase, self.status, self.problem = FAILED, status, problem

    def ask(self, side: str, id: str, title: str) -> None:
        """A conflict waits for a person.

        :param side: `local` or `remote`, where the person has to say which version counts
        :param id: our name of the item
        :param title: what people call it
        """
        if len(self.open) < 1000 and not any(known[1] == id for known in self.open):
            self.open.append([side, id, title])

    def note(self, side: str, id: str, status: int, words: str = "") -> None:
        """An item that could not be synced.

        :param side: `local` or `remote`, where it could not be taken
        :param id: its name
        :param status: SyncML status
        :param words: what went wrong, the name of the status by default
        """
        counts = self.local_counts if side == "local" else self.remote_counts
        counts["failed"] += 1
        if len(self.failures) < 1000:
            self.failures.append([side, id, status, words or codes.name(status)])


def anchors(facts: "dict[str, object]", which: str) -> "list[str]":
    """A pair of anchors from a peer's facts.

    :param facts: of the peer in the store
    :param which: `confirmed` or `pending`
    :returns: [ours, theirs], empty strings when there are none
    """
    pair: Any = facts.get(which)
    return [str(pair[0]), str(pair[1])] if isinstance(pair, list) and len(pair) == 2 else ["", ""]


def following(last: str, step: int) -> str:
    """Our next anchor: a number higher than the last, by a random step, so that a restored backup is noticed.

    :param last: our last anchor
    :param step: random, 1 or more
    :returns: decimal text
    """
    return str((int(last) if last.isascii() and last.isdigit() else 0) + step)


def first_contact(last: Optional[str]) -> bool:
    """Whether a Last anchor says that there was no sync before: missing, empty, zero.

    :param last: as received
    :returns: True on first contact
    """
    return not (last or "").strip("0TZ")
