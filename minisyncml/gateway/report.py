"""What a session did, counted: filled by the exchange, shown to people as a table and to machines as JSON."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple, Optional

from minisyncml import status as codes
from minisyncml.errors import Error

COLUMNS = ("added", "replaced", "deleted", "conflicts", "failed")
LISTED = 200    # failures kept with their words, for each side of a datastore; the rest is only counted


class Failure(NamedTuple):
    """One item that was not taken. `id` is the receiver's or our name of it, `words` the reason."""

    id: str
    status: int
    words: str


class Open(NamedTuple):
    """A conflict that waits for a person: `side` is where that person has to be, `local` here or `remote` there; `id`
    is the datastore and our name of the item."""

    side: str
    id: str
    title: str


class Near(NamedTuple):
    """Two items that a slow sync found alike and left apart: our id and the peer's name, and what people call them."""

    here: str
    there: str
    title_here: str
    title_there: str


class Counts:
    """What happened to the items of one side of a datastore."""

    __slots__ = (*COLUMNS, "failures")

    def __init__(self) -> None:
        self.added = self.replaced = self.deleted = self.conflicts = self.failed = 0
        self.failures: "list[Failure]" = []

    def fail(self, id: str, status: int, words: str = "") -> None:
        """Count an item that was not taken.

        :param id: its name
        :param status: the SyncML status code it got
        :param words: the reason; by default the words of the code
        """
        self.failed += 1
        if len(self.failures) < LISTED:
            self.failures.append(Failure(id, status, words or codes.name(status)))

    def as_dict(self) -> "dict[str, object]":
        """The counts as plain values.

        :returns: a JSON-able dict
        """
        counts: "dict[str, object]" = {name: getattr(self, name) for name in COLUMNS}
        counts["failures"] = [failure._asdict() for failure in self.failures]
        return counts

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in COLUMNS)


class DatastoreReport:
    """One datastore of a session: `local` counts what was done to our side, `remote` to the peer's.

    `slow` says that everything was compared, `near` what looked alike then and was not taken for the same, `open` which
    conflicts wait for a person; `error` is set when the datastore was not synced.
    """

    __slots__ = ("name", "mode", "slow", "local", "remote", "error", "near", "open")

    def __init__(self, name: str, mode: str = "", slow: bool = False) -> None:
        self.name = name
        self.mode = mode
        self.slow = slow
        self.local = Counts()
        self.remote = Counts()
        self.error: Optional[Error] = None
        self.near: "list[Near]" = []
        self.open: "list[Open]" = []

    def as_dict(self) -> "dict[str, object]":
        """The datastore as plain values.

        :returns: a JSON-able dict
        """
        return {"name": self.name, "mode": self.mode, "slow": self.slow, "local": self.local.as_dict(),
                "remote": self.remote.as_dict(), "near": [near._asdict() for near in self.near],
                "open": [one._asdict() for one in self.open],
                "error": None if self.error is None else str(self.error)}


class Report:
    """One session. Bytes are those of the messages, without HTTP; `messages` counts both directions. `notes` are lines
    for people that are no complaint."""

    __slots__ = ("peer", "user", "datastores", "bytes_in", "bytes_out", "messages", "seconds", "error", "notes",
                 "session")

    def __init__(self, peer: str = "", user: str = "") -> None:
        self.peer = visible(peer)
        self.user = visible(user)
        self.datastores: "dict[str, DatastoreReport]" = {}
        self.bytes_in = self.bytes_out = self.messages = 0
        self.seconds = 0.0
        self.error: Optional[Error] = None
        self.notes: "list[str]" = []
        self.session = ""       # by what the trash knows it

    def datastore(self, name: str) -> DatastoreReport:
        """The part of one datastore, made when it is asked for first.

        :param name: our name of it
        :returns: the part to count in
        """
        if name not in self.datastores:
            self.datastores[name] = DatastoreReport(name)
        return self.datastores[name]

    def add(self, other: "Report") -> None:
        """Take in a session that followed this one; its datastores replace those of the same name.

        :param other: its report
        """
        self.datastores.update(other.datastores)
        self.spend(other)
        self.notes += other.notes
        self.error = self.error or other.error

    def spend(self, other: "Report") -> None:
        """Count what another attempt cost, and nothing else of it.

        :param other: its report
        """
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.messages += other.messages
        self.seconds += other.seconds

    @property
    def exit_code(self) -> int:
        """The exit code that a command gives for this session: 0 when all is in sync.

        An error of the session or of a datastore counts with its class, items that failed and open conflicts with 1.
        """
        codes_seen = [error.exit_code for error in (self.error, *(d.error for d in self.datastores.values())) if error]
        failed = any(d.local.failed or d.remote.failed or d.open for d in self.datastores.values())
        return max(codes_seen, default=int(failed))

    def as_dict(self) -> "dict[str, object]":
        """The whole report as plain values.

        :returns: a JSON-able dict
        """
        return {"peer": self.peer, "user": self.user, "datastores": [d.as_dict() for d in self.datastores.values()],
                "bytes_in": self.bytes_in, "bytes_out": self.bytes_out, "messages": self.messages,
                "seconds": round(self.seconds, 3), "error": None if self.error is None else str(self.error),
                "notes": list(self.notes), "session": self.session,
                "exit_code": self.exit_code}

    def json(self) -> str:
        """The report for machines.

        :returns: one line of JSON
        """
        import json
        return json.dumps(self.as_dict(), ensure_ascii=False)

    def table(self, cost: bool = True) -> str:
        """The report for people.

        :param cost: say what it cost, too
        :returns: lines: one table, what it cost, and each failure
        """
        width = max([9, *map(len, self.datastores)])
        mode = max([4, *(len(_mode(part)) for part in self.datastores.values())])
        lines = [f"{'datastore':{width}}  {'mode':{mode}}  side " + "".join(f"{name:>10}" for name in COLUMNS)]
        for part in self.datastores.values():
            for start, side, counts in ((part.name, "here ", part.local), ("", "there", part.remote)):
                cells = "".join(f"{getattr(counts, name):>10}" for name in COLUMNS)
                lines.append(f"{start:{width}}  {_mode(part) if start else '':{mode}}  {side}{cells}")
        if cost:
            lines.append(f"{self.bytes_out:,} bytes sent, {self.bytes_in:,} received, {self.messages} messages, "
                         f"{self.seconds:.1f} s")
        return "\n".join(lines + [visible(line) for line in (*self.notes, *self._complaints())])

    def _complaints(self) -> "list[str]":
        lines = []
        for part in self.datastores.values():
            if part.error is not None:
                lines.append(f"{part.name}: {part.error}")
            for side, counts in (("here", part.local), ("there", part.remote)):
                lines += [f"{part.name}: {f.id} failed {side}: {f.words} ({f.status})" for f in counts.failures]
                if counts.failed > len(counts.failures):
                    lines.append(f"{part.name}: {counts.failed - len(counts.failures)} more failed {side}")
            lines += [f"{part.name}: {one.title or one.id!r} was changed on both sides and waits for " +
                      (f"you: minisyncml conflicts solve {one.id}" if one.side == "local"
                       else "somebody to say there which version counts") for one in part.open]
            lines += [f"{part.name}: {near.title_here or near.here!r} here and "
                      f"{near.title_there or near.there!r} there look alike; both stay" for near in part.near]
        return lines


def visible(text: str) -> str:
    """What a peer called itself or an item, fit for a terminal: no character that moves the cursor or ends a line.

    :param text: any text
    :returns: printable text of the same length
    """
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _mode(part: DatastoreReport) -> str:
    return f"{part.mode} (slow)" if part.slow and part.mode != "slow" else part.mode
