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
OLD = (b"BEGIN:VCARD\r\nVERSION:2.1\r\n", b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\n")
KEEPS: "Mapping[str, tuple[str, ...]]" = {"contacts": CARD, "calendar": tuple(dict.fromkeys(EVENT + TASK)),
                                          "tasks": TASK}
FRAMES = {"contacts": ("text/x-vcard", "2.1"), "calendar": ("text/x-vcalendar", "1.0"),
          "tasks": ("text/x-vcalendar", "1.0")}


def properties(body: bytes, charset: str = "utf-8") -> "Iterator[tuple[str, list[str], str]]":
    """Name, parameters and text of each property of a vCard 2.1 or vCalendar 1.0."""
    lines = iter(body.decode(charset).replace("\r\n", "\n").split("\n"))
    for line in lines:
        head, colon, value = line.partition(":")
        if not colon:
            continue
        name, *params = head.split(";")
        upper = [param.upper().replace("ENCODING=", "") for param in params]
        if "QUOTED-PRINTABLE" in upper:
            while value.endswith("="):
                value = value[:-1] + next(lines, "")
            told = [param.partition("=")[2] for param in params if param.upper().startswith("CHARSET=")]
            value = quopri.decodestring(value.encode("ascii")).decode(told[0] if told else charset)
        elif "BASE64" in upper:
            for more in lines:
                if not more.strip():
                    break
                value += more.strip()
        yield name.upper(), [param for param in params if "QUOTED" not in param.upper()
                             and "CHARSET" not in param.upper()], value


def written(found: "Iterable[tuple[str, list[str], str]]", charset: str = "utf-8") -> bytes:
    """The properties as a phone writes them: everything that is not plain in quoted-printable, nothing folded. A
    charset of its own is not named."""
    named = ";CHARSET=UTF-8" if charset == "utf-8" else ""
    lines = []
    for name, params, value in found:
        head = ";".join([name, *params])
        if any("BASE64" in param.upper() for param in params):
            lines.append(f"{head}:\r\n {value}\r\n")
        elif value.isascii() and value.isprintable():
            lines.append(f"{head}:{value}")
        else:
            value = value.replace("\r\n", "\n").replace("\n", "\r\n")
            code = "".join(f"={byte:02X}" for byte in value.encode(charset))
            lines.append(f"{head}{named};ENCODING=QUOTED-PRINTABLE:{code}")
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def edited(body: bytes, name: str, change: "Mapping[str, str]", charset: str = "utf-8") -> bytes:
    """An item after its owner changed a property on the phone.

    :param name: of the property
    :param change: what stands in it now for what stood there
    """
    if not body.startswith(OLD):
        lines = body.decode().split("\n")
        for old, new in change.items():
            lines = [line.replace(old, new) if line.startswith(name) or not body.startswith(b"BEGIN:") else line
                     for line in lines]
        return "\n".join(lines).encode()
    found = []
    for one, params, value in properties(body, charset):
        for old, new in change.items() if one == name else ():
            value = value.replace(old, new)
        found.append((one, params, value))
    return written(found, charset)


def says(body: bytes, name: str, words: str, charset: str = "utf-8") -> bool:
    """Whether these words stand in a property of an item."""
    if not body.startswith(OLD):
        return words.encode() in body
    return any(one == name and words in value for one, _, value in properties(body, charset))


class _Batch(Overlay):
    def put(self, id: "str | None", type: str, body: bytes, reason: str = "") -> Row:
        store = self.store
        assert isinstance(store, Forgetful)
        return super().put(id, type, store.remembered(body, store.reads if self.session else store.writes), reason)


class Forgetful(MemoryStore):
    """A database of a phone.

    :param kind: what is in it
    :param types: (media type, version) pairs
    :param reads: charset of values that name none, where they come from a computer
    :param writes: and where they go there
    """

    def __init__(self, kind: str, types: Any, reads: str = "utf-8", writes: str = "utf-8") -> None:
        super().__init__(types)
        self.kind, self.reads, self.writes = kind, reads, writes

    def begin(self, session: str = "") -> Overlay:
        self._lock()
        return _Batch(self, session)

    def remembered(self, body: bytes, charset: str) -> bytes:
        """What the phone keeps of an item, last property first."""
        if self.kind not in KEEPS or not body.startswith(OLD):
            return body
        keeps = KEEPS[self.kind]
        head, inner, tail = [], [], []
        for one in properties(body, charset):
            if one[0] == "BEGIN" or one[0] == "VERSION":
                head.append(one)
            elif one[0] == "END":
                tail.append(one)
            elif one[0] in keeps and one[2]:
                inner.append(one)
        return written(head + inner[::-1] + tail, self.writes)


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
