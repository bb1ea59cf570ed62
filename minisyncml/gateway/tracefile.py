"""Trace files: one line of JSON for each thing that happened, written as it goes; the first line names the format.

====================  ================================================================================================
line                  holds, beside `t` (seconds since the start) and `kind`
====================  ================================================================================================
first line            `format`, `version`, `software`, `anonymised`; no `t`, no `kind`
session               `session` (a number), `role`, and the settings of an exchange; `seed` of its random bytes
memory                `device` and `facts`: what was known of a peer; or `fingerprint`, `version` and `devinf`: what we
                      said of ourselves
store                 `store`, `types`: a datastore; `form` that it keeps items in, where that is settled
items                 `store`, `last`, `revision`, `rows`: what is in it when the session begins, without bodies
peer                  `store`, `peer`, `facts`, `entries`, `parked`: what is known of the items at a peer
shadow                `store`, `peer`, `id`, `data` (base64): what a peer had of an item, where that differs
body                  `store`, `id`, `type`, `data` (base64): a body that the session read
message               `dir` (in or out), `type`, `to`, `raw` (base64), `xml` or else `unread`, `names` when anonymised,
                      `doubt` when it had to prove whose it is
silence               we had no answer
error                 `error`, `words`, `left`: what a message, or the start, led to; `left` when it ended the session
end                   `report`
packet                `link`, `dir`, `raw` (base64): bytes of a line; bodies of OBEX packets are overwritten with zeros
note                  `words`
====================  ================================================================================================

Reading and writing only; what the lines mean is known to traced.py and replay.py.
"""

from __future__ import annotations

import binascii
import os
import time
from _thread import allocate_lock
from typing import Any, Callable, Iterator

from minisyncml.errors import TraceError
from minisyncml.limits import DEFAULT
from minisyncml.version import VERSION

FORMAT = "minisyncml trace"
FORMAT_VERSION = 1
LINE = 6 * DEFAULT.max_message      #: longest line that is read, in bytes: a message in base64 and as XML

Line = "dict[str, Any]"


class Lines:
    """Writes a trace file. May be used by several threads.

    :param path: the file; one that is there is replaced. Only its owner may read it
    :param anonymised: personal data is not written
    :param clock: seconds that only go forward
    :param log: is told when nothing more can be written; who is traced goes on
    :raises TraceError: when it cannot be made
    """

    def __init__(self, path: str, anonymised: bool = False, clock: "Callable[[], float]" = time.monotonic,
                 log: "Callable[[str], None]" = lambda line: None) -> None:
        self._clock, self._log, self._path = clock, log, path
        self._began = clock()
        self._lock = allocate_lock()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0)
        try:
            self._fd = os.open(path, flags, 0o600)
            if os.path.isfile(path):
                os.fchmod(self._fd, 0o600)
        except OSError as error:
            raise TraceError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None
        self._append({"format": FORMAT, "version": FORMAT_VERSION, "software": VERSION, "anonymised": anonymised})

    def write(self, kind: str, **fields: object) -> None:
        """Add a line; it is in the hands of the system when this returns.

        :param kind: what it is
        :param fields: JSON-able values; bytes become base64
        """
        self._append({"t": round(self._clock() - self._began, 6), "kind": kind,
                      **{name: base64(value) if isinstance(value, bytes) else value for name, value in fields.items()}})

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _append(self, line: "dict[str, Any]") -> None:
        import json
        data = json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            view = memoryview(data)
            try:
                while len(view) and self._fd >= 0:
                    view = view[os.write(self._fd, view):]
            except OSError as error:
                fd, self._fd = self._fd, -1
                os.close(fd)
                self._log(f"the trace {self._path} ends here: {(error.strerror or str(error)).lower()}")


def base64(data: bytes) -> str:
    """Bytes as text of a trace.

    :param data: any bytes
    :returns: base64
    """
    return binascii.b2a_base64(data, newline=False).decode()


def read(path: str) -> "Iterator[dict[str, Any]]":
    """The lines of a trace file, the first line first. A last line that a kill cut short is left out.

    :param path: the file
    :returns: an iterator of lines; memory does not grow with the file
    :raises TraceError: when it cannot be read, is no trace, is damaged, or of a newer version
    """
    try:
        with open(path, "rb") as file:
            number = 0
            while True:
                data = file.readline(LINE + 1)
                if not data.endswith(b"\n"):
                    if len(data) > LINE:
                        raise TraceError(f"{path}, line {number + 1}: longer than {LINE} bytes")
                    if not number:
                        raise TraceError(f"{path} is no trace file")
                    return
                number += 1
                yield _line(path, number, data)
    except OSError as error:
        raise TraceError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None


def _line(path: str, number: int, data: bytes) -> "dict[str, Any]":
    import json
    try:
        line = json.loads(data)
    except (ValueError, RecursionError):
        line = None
    if number == 1:
        _check_first(path, line)
    elif not isinstance(line, dict) or not isinstance(line.get("kind"), str) or not number_in(line, "t"):
        raise TraceError(f"{path}, line {number}: damaged")
    assert isinstance(line, dict)
    line["line"] = number
    return line


def _check_first(path: str, line: object) -> None:
    if not isinstance(line, dict) or line.get("format") != FORMAT or not isinstance(line.get("version"), int):
        raise TraceError(f"{path} is no trace file")
    if not 1 <= line["version"] <= FORMAT_VERSION:
        raise TraceError(f"{path} was written by a newer minisyncml (trace version {line['version']})")


def number_in(line: "dict[str, Any]", name: str) -> bool:
    """Whether a line holds a usable number.

    :param line: from :func:`read`
    :param name: of the field
    :returns: True for a number from 0 to a million years of seconds
    """
    value = line.get(name)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 3e13


class Fields:
    """A line taken apart, with an error for each field that is not what it has to be.

    :param line: from :func:`read`
    """

    def __init__(self, line: "dict[str, Any]") -> None:
        self.line = line

    def fail(self, name: str) -> TraceError:
        """The error for a field.

        :param name: of the field
        :returns: the error to raise
        """
        return TraceError(f"line {self.line.get('line', '?')} of the trace: {name} is damaged")

    def text(self, name: str, default: "str | None" = None) -> str:
        """A text.

        :param name: of the field
        :param default: for a field that is not there
        :returns: its value
        :raises TraceError: when it is none
        """
        value = self.line.get(name, default)
        if not isinstance(value, str):
            raise self.fail(name)
        return value

    def number(self, name: str) -> int:
        """A whole number from 0 on.

        :param name: of the field
        :returns: its value
        :raises TraceError: when it is none
        """
        value = self.line.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
            raise self.fail(name)
        return value

    def bytes(self, name: str) -> bytes:
        """Bytes.

        :param name: of the field
        :returns: what its base64 stands for
        :raises TraceError: when it is none
        """
        try:
            return binascii.a2b_base64(self.text(name))
        except (binascii.Error, ValueError):
            raise self.fail(name) from None

    def map(self, name: str) -> "dict[str, Any]":
        """An object.

        :param name: of the field
        :returns: its value, empty when the field is not there
        :raises TraceError: when it is none
        """
        value = self.line.get(name, {})
        if not isinstance(value, dict):
            raise self.fail(name)
        return value

    def rows(self, name: str, *types: type) -> "Iterator[list[Any]]":
        """A list of lists of one shape.

        :param name: of the field
        :param types: of the columns
        :returns: the rows
        :raises TraceError: when a row has another shape
        """
        value = self.line.get(name, [])
        if not isinstance(value, list):
            raise self.fail(name)
        for row in value:
            if not isinstance(row, list) or len(row) != len(types) or \
                    not all(type(cell) is type_ for cell, type_ in zip(row, types)):
                raise self.fail(name)
            yield row
