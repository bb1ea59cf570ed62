"""What we know of devices beside their items: DevInf, nonces, and the history of sessions. It may lag after a power
cut; nothing here decides about an item. And who we are: a device id, made once.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, List, Optional, Tuple

from minisyncml.store.batch import plain
from minisyncml.store.files import FILES, Files
from minisyncml.store.journal import Journal, Table
from minisyncml.store.records import Group
from minisyncml.store.tables import RowTable, ValueTable, to_bytes, to_text

DEVICES = 1000      #: so many are remembered; those not heard of longest are forgotten
SESSIONS = 1000     #: so many stay in the history


class _Named(RowTable):
    """JSON texts by name, in the order in which they were written."""

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        self.keep(key, (at, length), to_bytes(fields[0]))

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        for key in self.rows.keys():
            at, length = self.rows.get(key) or ()
            yield [key, length, to_text(self.rows.text(key) or b"")], at


class Peers:
    """Devices, sessions, and our own id.

    :param path: the file; None: nothing outlives the process
    :param files: what writes
    :raises StoreError: when the file cannot be read, is damaged, or of a newer version
    """

    def __init__(self, path: Optional[str], files: Files = FILES) -> None:
        self._devices = _Named()
        self._sessions = _Named()
        self._own = ValueTable()
        tables: "Dict[str, Table]" = {"devices": self._devices, "sessions": self._sessions, "own": self._own}
        self._journal = Journal(path, lambda name: tables.get(name) or ValueTable(), files) if path else None
        self._memory: "Dict[str, Dict[str, object]]" = {}
        self._past: "List[Dict[str, object]]" = []

    @property
    def identity(self) -> str:
        """Our device id: random, made at the first use, the same ever after."""
        if self._journal is None:
            return str(self._own.values.setdefault(1, ["minisyncml-" + os.urandom(8).hex()])[0])
        if not self._own.values:
            self._journal.lock()
            try:
                if not self._own.values:
                    self._journal.append([("own", [[1, -1, "minisyncml-" + os.urandom(8).hex()]])])
            finally:
                self._journal.unlock()
        return str(self._own.values[1][0])

    def get(self, device: str) -> "Dict[str, object]":
        """What is known of a device.

        :param device: its id
        :returns: a new dict, empty when nothing is known
        """
        if self._journal is None:
            return _copy(self._memory.get(device, {}))
        self._journal.catch_up()
        return self._read(self._devices, self._devices.rows.by_text(to_bytes(device))) if device else {}

    def set(self, device: str, facts: "Dict[str, object]") -> None:
        """Replace what is known of a device; not durable at once.

        :param device: its id, not empty
        :param facts: JSON-able values; empty: forget the device
        :raises StoreError: when it cannot be written
        """
        if self._journal is None:
            self._memory.pop(device, None)
            if facts:
                self._memory[device] = _copy(facts)
            for old in list(self._memory)[:-DEVICES]:
                del self._memory[old]
        else:
            self._write(self._journal, "devices", self._devices, device, facts, DEVICES)

    def devices(self) -> "List[str]":
        """All devices that something is known of.

        :returns: ids, the one heard of last at the end
        """
        if self._journal is None:
            return list(self._memory)
        self._journal.catch_up()
        with self._journal.guard:
            return self._devices.rows.texts(0, len(self._devices.rows))

    def record(self, session: "Dict[str, object]") -> None:
        """Add a session to the history; not durable at once.

        :param session: JSON-able values
        :raises StoreError: when it cannot be written
        """
        if self._journal is None:
            self._past.append(_copy(session))
            del self._past[:-SESSIONS]
        else:
            self._write(self._journal, "sessions", self._sessions, "", session, SESSIONS)

    def history(self, limit: int = 20) -> "List[Dict[str, object]]":
        """The last sessions.

        :param limit: at most so many
        :returns: what was recorded, the last one first
        """
        if limit < 1:
            return []
        if self._journal is None:
            return [_copy(one) for one in reversed(self._past[-limit:])]
        self._journal.catch_up()
        with self._journal.guard:
            keys = list(self._sessions.rows.keys())[-limit:]
        return [self._read(self._sessions, key) for key in reversed(keys)]

    def close(self) -> None:
        """Release the file."""
        if self._journal is not None:
            self._journal.close()

    def _read(self, table: _Named, key: int) -> "Dict[str, object]":
        import json

        assert self._journal is not None
        with self._journal.guard:
            fields = table.rows.get(key)
            text = b"{}" if fields is None else self._journal.read(*fields)
        try:
            found = json.loads(text)
        except ValueError as e:
            raise self._journal.damage(fields[0] if fields else 0) from e
        return found if isinstance(found, dict) else {}

    def _write(
        self, journal: Journal, name: str, table: _Named, text: str, facts: "Dict[str, object]", most: int
    ) -> None:
        import json

        body = json.dumps(facts, separators=(",", ":")).encode("ascii")
        journal.lock()
        try:
            ids = table.rows.ids
            rows: "List[List[Any]]" = [[key] for key in ids[:max(0, len(ids) + 1 - most)]]
            old = table.rows.by_text(to_bytes(text)) if text else 0
            if old:
                rows.append([old])
            if facts:
                rows.append([(ids[-1] if ids else 0) + 1, len(body), text])
            groups: "List[Group]" = [(name, rows)]
            journal.append(groups, [body] if facts else [], sync=False)
            journal.compact()
        finally:
            journal.unlock()


def _copy(facts: "Dict[str, object]") -> "Dict[str, object]":
    copy = plain(facts)
    assert isinstance(copy, dict)
    return copy
