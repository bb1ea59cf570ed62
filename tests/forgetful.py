"""The memory of an old phone, for tests: it keeps the properties it has fields for, in its own order and words, and
forgets the rest. Nothing of the package takes part in that, so that it cannot agree with itself.
"""

from __future__ import annotations

import quopri
from typing import Any, Iterable, Iterator, Mapping

from minisyncml.message.devinf import CTCap, DevInf, Property
from minisyncml.store.base import Row
from minisyncml.store.batch import Overlay
from minisyncml.store.memory import MemoryStore

#: what phones have fields for
CARD = ("N", "TEL", "EMAIL", "ADR", "ORG", "TITLE", "NOTE", "BDAY", "URL", "PHOTO")
EVENT = ("SUMMARY", "DTSTART", "DTEND", "RRULE", "EXDATE", "AALARM", "DALARM", "DESCRIPTION", "LOCATION", "CLASS",
         "X-EPOCAGENDAENTRYTYPE")
TASK = ("SUMMARY", "DUE", "STATUS", "PRIORITY", "COMPLETED", "AALARM", "DALARM", "DESCRIPTION", "CLASS")
KEEPS: "Mapping[str, tuple[str, ...]]" = {"contacts": CARD, "calendar": tuple(dict.fromkeys(EVENT + TASK)),
                                          "tasks": TASK}
FRAMES = {"contacts": ("text/x-vcard", "2.1"), "calendar": ("text/x-vcalendar", "1.0"),
          "tasks": ("text/x-vcalendar", "1.0")}


def properties(body: bytes) -> "Iterator[tuple[str, list[str], str]]":
    """Name, parameters and text of each property of a vCard 2.1 or vCalendar 1.0."""
    lines = iter(body.decode("utf-8").replace("\r\n", "\n").split("\n"))
    for line in lines:
        head, colon, value = line.partition(":")
        if not colon:
            continue
        name, *params = head.split(";")
        upper = [param.upper().replace("ENCODING=", "") for param in params]
        if "QUOTED-PRINTABLE" in upper:
            while value.endswith("="):
                value = value[:-1] + next(lines, "")
            value = quopri.decodestring(value.encode("ascii")).decode("utf-8")
        elif "BASE64" in upper:
            for more in lines:
                if not more.strip():
                    break
                value += more.strip()
        yield name.upper(), [param for param in params if "QUOTED" not in param.upper()
                             and "CHARSET" not in param.upper()], value


def written(found: "Iterable[tuple[str, list[str], str]]") -> bytes:
    """The properties as a phone writes them: everything that is not plain in quoted-printable, nothing folded."""
    lines = []
    for name, params, value in found:
        head = ";".join([name, *params])
        if any("BASE64" in param.upper() for param in params):
            lines.append(f"{head}:\r\n {value}\r\n")
        elif value.isascii() and value.isprintable():
            lines.append(f"{head}:{value}")
        else:
            value = value.replace("\r\n", "\n").replace("\n", "\r\n")
            code = "".join(f"={byte:02X}" for byte in value.encode("utf-8"))
            lines.append(f"{head};CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{code}")
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def edited(body: bytes, name: str, change: "Mapping[str, str]") -> bytes:
    """An item after its owner changed a property on the phone.

    :param name: of the property
    :param change: what stands in it now for what stood there
    """
    found = []
    for one, params, value in properties(body):
        for old, new in change.items() if one == name else ():
            assert old in value, (name, value)
            value = value.replace(old, new)
        found.append((one, params, value))
    return written(found)


class _Batch(Overlay):
    def put(self, id: "str | None", type: str, body: bytes, reason: str = "") -> Row:
        store = self.store
        assert isinstance(store, Forgetful)
        return super().put(id, type, store.remembered(body), reason)


class Forgetful(MemoryStore):
    """A database of a phone.

    :param kind: what is in it
    :param types: (media type, version) pairs
    """

    def __init__(self, kind: str, types: Any) -> None:
        super().__init__(types)
        self.kind = kind

    def begin(self, session: str = "") -> Overlay:
        self._lock()
        return _Batch(self, session)

    def remembered(self, body: bytes) -> bytes:
        """What the phone keeps of an item, last property first."""
        if self.kind not in KEEPS:
            return body
        keeps = KEEPS[self.kind]
        head, inner, tail = [], [], []
        for one in properties(body):
            if one[0] == "BEGIN" or one[0] == "VERSION":
                head.append(one)
            elif one[0] == "END":
                tail.append(one)
            elif one[0] in keeps and one[2]:
                inner.append(one)
        return written(head + inner[::-1] + tail)


def described(devinf: DevInf, kinds: "Mapping[str, str]") -> DevInf:
    """A DevInf with what the phone keeps of each type in it.

    :param kinds: what is in a database, by its URI
    """
    caps = {kind: CTCap(*FRAMES[kind], tuple(Property(name) for name in ("BEGIN", "VERSION", "END", *names)))
            for kind, names in KEEPS.items()}
    if devinf.version != "1.2":
        return devinf._replace(ct_caps=(caps["contacts"], caps["calendar"]))
    return devinf._replace(datastores=tuple(
        store._replace(ct_caps=(caps[kinds[store.source_ref]],)) if kinds.get(store.source_ref) in caps else store
        for store in devinf.datastores))
