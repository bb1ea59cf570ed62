"""A trace written once more, with made-up data in place of personal data: as if it had been recorded so."""

from __future__ import annotations

from typing import Any

from minisyncml.errors import TraceError
from minisyncml.gateway.recorder import Recorder, Recording
from minisyncml.gateway.seeded import digest_of
from minisyncml.gateway.tracefile import Fields, read
from minisyncml.store.base import Entry, Item, Parked, Row
from minisyncml.transport.base import Packet

_OWN = frozenset(("t", "kind", "session", "seed", "line", "user"))


def anonymise(path: str, out: str) -> None:
    """Rewrite a trace.

    :param path: the trace; it stays as it is
    :param out: the file to write
    :raises TraceError: when the one cannot be read, the other cannot be written, or nothing is left to do
    """
    import os
    if os.path.exists(out) and os.path.samefile(path, out):
        raise TraceError("the anonymised trace must be another file")
    lines = read(path)
    if next(lines).get("anonymised"):
        raise TraceError(f"{path} is anonymised already")
    writer = _Writer(out)
    try:
        for line in lines:
            writer.take(Fields(line))
    finally:
        writer.close()


class _Writer:
    """Tells a recorder what a trace tells."""

    def __init__(self, out: str) -> None:
        self._now = 0.0
        self._problems: "list[str]" = []
        self._recorder = Recorder(out, anonymise=True, clock=lambda: self._now, log=self._problems.append)

    def take(self, fields: Fields) -> None:
        """The next line."""
        self._now = float(fields.line["t"])
        kind = fields.text("kind")
        recorder = self._recorder
        if kind == "packet":
            recorder.packet(fields.text("link"), fields.text("dir"), fields.bytes("raw"))
        elif kind == "note":
            recorder.note(fields.text("words"))
        elif kind == "message":
            hmac, to = fields.text("hmac", ""), fields.text("to", "")
            packet = Packet(fields.text("type"), fields.bytes("raw"), to or None, hmac or None)
            recorder.message(fields.number("session"), fields.text("dir"), packet, fields.line.get("doubt") is True)
        else:
            number = fields.number("session")
            seed = fields.bytes("seed") if kind == "session" else b""
            self._session(kind, fields, Recording(recorder, number, seed))
        if self._problems:
            raise TraceError(self._problems[0])

    def close(self) -> None:
        """Close the file."""
        self._recorder.close()

    def _session(self, kind: str, fields: Fields, to: Recording) -> None:
        line = fields.line
        if kind == "session":
            settings: "dict[str, Any]" = {name: value for name, value in line.items() if name not in _OWN}
            to.begin(**settings, user=None if line.get("user") is None else to.user(fields.text("user")))
        elif kind == "memory" and "fingerprint" in line:
            to.fingerprint(fields.text("fingerprint"))
        elif kind == "memory" and "devinf" in line:
            to.devinf(fields.text("version"), fields.map("devinf"))
        elif kind == "memory":
            to.known(fields.text("device"), fields.map("facts"))
        elif kind == "silence":
            to.message("out", None)
        elif kind == "error":
            to.error(fields.text("error"), fields.text("words"), line.get("left") is True)
        elif kind == "end":
            to.end(fields.map("report"))
        else:
            self._store(kind, fields, to)

    def _store(self, kind: str, fields: Fields, to: Recording) -> None:
        store = fields.text("store")
        if kind == "store":
            form = next(((one, two) for one, two in fields.rows("form", str, str)), ("", ""))
            to.store(store, tuple((one, two) for one, two in fields.rows("types", str, str)), form)
        elif kind == "items":
            rows = [Row(id, revision, digest_of(fields, "rows", name))
                    for id, revision, name in fields.rows("rows", str, int, str)]
            to.items(store, fields.number("last"), fields.number("revision"), rows)
        elif kind == "shadow":
            to.shadow(store, fields.text("peer"), fields.text("id"), fields.bytes("data"))
        elif kind == "body":
            to.body(store, Item(fields.text("id"), fields.text("type"), fields.bytes("data"), 0, b""))
        elif kind == "peer":
            entries = [Entry(id, remote, seen, digest_of(fields, "entries", name), flags)
                       for id, remote, seen, name, flags in fields.rows("entries", str, str, int, str, int)]
            parked = [Parked(remote, type_, Fields({"parked": data, "line": fields.line["line"]}).bytes("parked"))
                      for remote, type_, data in fields.rows("parked", str, str, str)]
            to.peer(store, fields.text("peer"), fields.map("facts"), entries, parked)
        else:
            raise fields.fail("kind")
