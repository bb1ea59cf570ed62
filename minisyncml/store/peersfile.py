"""What is known of devices, and the history, in a file that many processes may share."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple

from minisyncml.store.files import FILES, Files
from minisyncml.store.journal import Journal
from minisyncml.store.peers import DEVICES, SESSIONS, Peers, new_name
from minisyncml.store.records import Group
from minisyncml.store.table import Table
from minisyncml.store.tables import RowTable, ValueTable, to_bytes, to_text


class _Named(RowTable):
    """JSON texts by name, in the order in which they were written."""

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        self.keep(key, (at, length), to_bytes(fields[0]))

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        for key in self.rows.keys():
            at, length = self.rows.get(key) or ()
            yield [key, length, to_text(self.rows.text(key) or b"")], at


class FilePeers(Peers):
    """Devices, sessions, and our own id in a file.

    :param path: the file
    :param files: what writes
    :raises StoreError: when the file cannot be read, is damaged, or of a newer version
    """

    def __init__(self, path: str, files: Files = FILES) -> None:
        super().__init__()
        self._devices = _Named()
        self._sessions = _Named()
        self._own = ValueTable()
        tables: "Dict[str, Table]" = {"devices": self._devices, "sessions": self._sessions, "own": self._own}
        self._journal = Journal(path, lambda name: tables.get(name) or ValueTable(), files)

    @property
    def identity(self) -> str:
        if not self._own.values:
            self._journal.lock()
            try:
                if not self._own.values:
                    self._journal.append([("own", [[1, -1, new_name()]])])
            finally:
                self._journal.unlock()
        return str(self._own.values[1][0])

    def get(self, device: str) -> "Dict[str, object]":
        self._journal.catch_up()
        return self._read(self._devices, self._devices.rows.by_text(to_bytes(device))) if device else {}

    def set(self, device: str, facts: "Dict[str, object]") -> None:
        self._write("devices", self._devices, device, facts, DEVICES)

    def devices(self) -> "List[str]":
        self._journal.catch_up()
        with self._journal.guard:
            return self._devices.rows.texts(0, len(self._devices.rows))

    def record(self, session: "Dict[str, object]") -> None:
        self._write("sessions", self._sessions, "", session, SESSIONS)

    def history(self, limit: int = 20) -> "List[Dict[str, object]]":
        if limit < 1:
            return []
        self._journal.catch_up()
        with self._journal.guard:
            keys = list(self._sessions.rows.keys())[-limit:]
        return [self._read(self._sessions, key) for key in reversed(keys)]

    def close(self) -> None:
        self._journal.close()

    def _read(self, table: _Named, key: int) -> "Dict[str, object]":
        import json

        with self._journal.guard:
            fields = table.rows.get(key)
            text = b"{}" if fields is None else self._journal.read(*fields)
        try:
            found = json.loads(text)
        except ValueError as e:
            raise self._journal.damage(fields[0] if fields else 0) from e
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, table: _Named, text: str, facts: "Dict[str, object]", most: int) -> None:
        import json

        body = json.dumps(facts, separators=(",", ":")).encode("ascii")
        self._journal.lock()
        try:
            ids = table.rows.ids
            rows: "List[List[Any]]" = [[key] for key in ids[:max(0, len(ids) + 1 - most)]]
            old = table.rows.by_text(to_bytes(text)) if text else 0
            if old:
                rows.append([old])
            if facts:
                rows.append([(ids[-1] if ids else 0) + 1, len(body), text])
            groups: "List[Group]" = [(name, rows)]
            self._journal.append(groups, [body] if facts else [], sync=False)
            self._journal.compact()
        finally:
            self._journal.unlock()
