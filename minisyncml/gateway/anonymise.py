"""Made-up data of the same shape in place of personal data: as many bytes, letters for letters, digits for digits.

What a program sees of an item stays: lines, property names, parameters, folding, escapes, base64, the order of dates.
Equal input gives equal output under one key, which is forgotten with the object: so items still match each other, and
upper and lower case, folding and the separators in telephone numbers make no other person of somebody. Letters outside
ASCII are replaced one by one, by others of as many bytes; names written in them alone are hidden less well.
"""

from __future__ import annotations

import binascii
import re
from typing import Callable, Iterator

from minisyncml.codec.node import Node
from minisyncml.digest import digest

#: properties whose values are words of the format, not of a person
_FIXED = frozenset((
    "BEGIN", "END", "VERSION", "PRODID", "RRULE", "EXRULE", "CLASS", "STATUS", "TRANSP", "ACTION", "METHOD", "CALSCALE",
    "PRIORITY", "SEQUENCE", "TZ", "TZID", "TZNAME", "TZOFFSETFROM", "TZOFFSETTO", "DAYLIGHT", "PERCENT-COMPLETE",
    "TRIGGER", "DURATION", "KIND", "X-WR-TIMEZONE"))
_DATE = re.compile(r"(?<!\d)(\d{4})(-?)(\d\d)\2(\d\d)(?!\d)(?:T\d\d:?\d\d(?::?\d\d)?Z?)?")
_DATED = re.compile(r"[-\dTZ:;,]*\d{4}-?\d\d-?\d\d[-\dTZ:;,]*")
_WORD = re.compile(r"[A-Za-z]+")
_TAG = re.compile(rb"<[^<>]*>")
_FOLD = re.compile(rb"\r?\n[ \t]")
_SOFT = re.compile(rb"=\r?\n")
_ESCAPES = re.compile(r"(?:=[0-9A-Fa-f]{2})+")
_IMEI = re.compile(r"(?i)(IMEI:)(\d{6,})")
_QUOTED, _LONG = re.compile('"[^"]*"'), re.compile(r"\d{6,}")
_NAMED = re.compile(r"""(?<![.\w:/])/[^\s:,;'"]+|'[^']*'|"[^"]*\"""")
_VOWELS, _OTHERS = "aeiou", "bcdfghklmnprstvwz"
_SMALL, _LARGE = "àáâäåæçèéêëìíîïñòóôöøùúûü", "ÀÁÂÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖØÙÚÛÜ"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
WHOLE = frozenset(("Alert", "Status", "Get", "Put"))    #: commands whose items seldom hold one of a person


class Anonymiser:
    """Replaces personal data.

    :param key: random bytes
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._weeks = 40 + key[0] % 200
        self._cut: "dict[str, _Line]" = {}

    # -- bodies

    def body(self, data: bytes, way: str = "", more: bool = False) -> bytes:
        """The body of an item, or a piece of a large one.

        :param data: the bytes
        :param way: names the direction; the pieces of an item follow each other there
        :param more: another piece follows
        :returns: as many bytes
        """
        line = self._cut.pop(way, None)
        start = data[:64].lstrip(b"\xef\xbb\xbf \r\n")
        if line is None and start[:1] == b"<":
            return self._tagged(data)
        if line is None:
            line = _Line(start[:6].upper() != b"BEGIN:")
        new = b"".join(self._lines(data, line))
        if more:
            self._cut[way] = line
        return new

    def _tagged(self, data: bytes) -> bytes:
        """XML, as files and mail travel: tags stay."""
        parts, at = [], 0
        for tag in _TAG.finditer(data):
            parts += [self._value(data[at:tag.start()]), tag.group()]
            at = tag.end()
        return b"".join([*parts, self._value(data[at:])])

    def _lines(self, data: bytes, line: "_Line") -> "Iterator[bytes]":
        for part in data.splitlines(keepends=True) if line.free else _logical(data):
            yield self._line(part, line)

    def _line(self, part: bytes, line: "_Line") -> bytes:
        if line.free:
            return self._value(part)
        head = b""
        if not line.inside:
            before, colon, value = _split(part)
            if not colon:
                return self._value(part)
            head, part = before + colon, value
            line.open(before)
        new = part if line.fixed and not _DATE.search(part.decode("latin-1")) else self._property(part, line)
        line.inside = not part.endswith(b"\n")
        return head + new

    def _property(self, value: bytes, line: "_Line") -> bytes:
        text = value.decode("latin-1")
        if line.base64:
            return b"".join(self._blob(row) for row in value.splitlines(keepends=True))
        if line.fixed or _DATED.fullmatch(text.strip()):
            return _DATE.sub(self._date, text).encode("latin-1")
        if line.quoted:
            return self._unfolded(value, _SOFT, self._quoted)
        return self._unfolded(value, _FOLD, self._value)

    def _unfolded(self, value: bytes, fold: "re.Pattern[bytes]", change: "Callable[[bytes], bytes]") -> bytes:
        """Changes a value as if it were on one line, and folds it where it was folded."""
        whole = change(fold.sub(b"", value))
        parts, at, done = [], 0, 0
        for found in fold.finditer(value):
            size = found.start() - done
            parts += [whole[at:at + size], found.group()]
            at, done = at + size, found.end()
        return b"".join([*parts, whole[at:]])

    def _value(self, value: bytes) -> bytes:
        try:
            return self.text(value.decode()).encode()
        except UnicodeDecodeError:
            return self.text(value.decode("latin-1")).encode("latin-1", "replace")

    def _quoted(self, value: bytes) -> bytes:
        """Quoted-printable: escapes become escapes of other letters, all else is text."""
        text, parts, at = value.decode("latin-1"), [], 0
        for found in _ESCAPES.finditer(text):
            raw = binascii.unhexlify(found.group().replace("=", ""))
            new = self._value(raw)
            parts += [text[at:found.start()], "".join(f"={byte:02X}" for byte in new)]
            at = found.end()
        parts.append(text[at:])
        for number in range(0, len(parts), 2):
            parts[number] = self._words(parts[number])
        return self._numbers(parts).encode("latin-1")

    def _numbers(self, parts: "list[str]") -> str:
        plain = "".join(parts[::2])
        new = iter(self._digits(plain))
        return "".join(part if number % 2 else "".join(next(new) for _ in part) for number, part in enumerate(parts))

    def _blob(self, row: bytes) -> bytes:
        """Base64: other base64. A line at a time, so that pieces of a large item agree."""
        text = row.decode("latin-1")
        drawn = self._draw("blob" + text.strip(), len(text), _BASE64)
        return "".join(new if char.isalnum() and char.isascii() or char in "+/" else char
                       for char, new in zip(text, drawn)).encode("latin-1")

    def whole(self, data: bytes, way: str = "", more: bool = False) -> bytes:
        """A body that travels in base64.

        :param data: base64
        :param way: as for :meth:`body`
        :param more: as for :meth:`body`
        :returns: as many bytes, base64 of made-up data
        """
        try:
            raw = binascii.a2b_base64(data)
        except binascii.Error:
            return self._blob(data)
        new = binascii.b2a_base64(self.body(raw, way, more), newline=False)
        return new if len(new) == len(data) else self._blob(data)

    # -- text

    def text(self, text: str) -> str:
        """Any text of a person.

        :param text: the text
        :returns: as many bytes, in UTF-8 and in Latin-1
        """
        dates = _DATED.fullmatch(text.strip())
        return _DATE.sub(self._date, text) if dates else self._digits(self._words(text))

    def address(self, text: str) -> str:
        """A text that may name a telephone by its number.

        :param text: for example a device id
        :returns: the same with other digits behind `IMEI:`
        """
        return _IMEI.sub(lambda found: found.group(1) + self._digits(found.group(2)), text)

    def words(self, text: str) -> str:
        """What people are told: names of files and what stands in quotes may be somebody's.

        :param text: one line
        :returns: as many characters
        """
        return self.address(_NAMED.sub(lambda found: self.text(found.group()), text))

    def line(self, data: bytes) -> bytes:
        """Bytes of a line to a phone: quoted texts and long numbers of AT, and what may be a telephone's in OBEX.

        :param data: the bytes
        :returns: as many
        """
        text = data.decode("latin-1")
        if all(char in "\r\n\t" or " " <= char <= "~" for char in text):
            text = _QUOTED.sub(lambda found: self.text(found.group()), text)
            text = _LONG.sub(lambda found: self._digits(found.group()), text)
        return self.address(text).encode("latin-1")

    def name(self, data: bytes) -> bytes:
        """The name of a body's digest: the same for equal digests, and no digest of anything.

        :param data: the digest
        :returns: as many bytes
        """
        return digest(self._key + b"name" + data)[:len(data)]

    def _words(self, text: str) -> str:
        text = _WORD.sub(self._word, text)
        return text if text.isascii() else "".join(map(self._letter, text))

    def _word(self, found: "re.Match[str]") -> str:
        word = found.group()
        small = word.lower()
        if small in ("n", "t") and found.string[found.start() - 1:found.start()] == "\\":
            return word
        escaped = found.string[found.start() - 1:found.start()] == "\\" and small[0] in "nt"
        if escaped:     # \nText: the n belongs to the escape
            small = small[1:]
        drawn = self._draw("word" + small, len(small), _OTHERS, _VOWELS)
        new = "".join(new.upper() if old.isupper() else new for old, new in zip(word[escaped:], drawn))
        return word[:escaped] + new

    def _letter(self, char: str) -> str:
        if char.isascii() or not char.isalpha():
            return char
        size = len(char.encode("utf-8", "surrogatepass"))
        if size == 2:
            at = int.from_bytes(self._bytes("letter" + char.lower(), 2), "big") % len(_SMALL)
            return (_LARGE if char.isupper() else _SMALL)[at]
        if size == 3:
            return chr(0x4E00 + int.from_bytes(self._bytes("letter" + char, 2), "big") % 0x2000)
        return char

    def _digits(self, text: str) -> str:
        """The digits of a value as one number, whatever stands between them."""
        digits = "".join(char for char in text if "0" <= char <= "9")
        if not digits:
            return text
        drawn = self._number(digits)
        return "".join(next(drawn) if "0" <= char <= "9" else char for char in text)

    def _number(self, digits: str) -> "Iterator[str]":
        """From the end, so that a number with and without the code of its country stays one number."""
        tail = digits[-7:]
        head = digits[:-7]
        new = self._draw("head", 8, "123456789") if head else ""
        drawn = self._draw("number" + tail, len(tail), "0123456789")
        front = "".join(str((int(digit) + int(new[(len(head) - at) % 8])) % 10) for at, digit in enumerate(head))
        return iter(front + drawn)

    def _date(self, found: "re.Match[str]") -> str:
        """Some weeks earlier: days of the week and the order of dates stay."""
        from datetime import date, timedelta
        year, dash, month, day = found.groups()
        try:
            moved = date(int(year), int(month), int(day)) - timedelta(weeks=self._weeks)
        except (ValueError, OverflowError):
            return self._digits(found.group())
        size = 8 + 2 * len(dash)
        return f"{moved.year:04}{dash}{moved.month:02}{dash}{moved.day:02}" + found.group()[size:]

    def _draw(self, what: str, count: int, *alphabets: str) -> str:
        """Letters that depend on `what` and the key, from the alphabets in turn."""
        drawn = self._bytes(what, count)
        return "".join(alphabets[at % len(alphabets)][byte % len(alphabets[at % len(alphabets)])]
                       for at, byte in enumerate(drawn))

    def _bytes(self, what: str, count: int) -> bytes:
        seed = digest(self._key + what.encode("utf-8", "surrogatepass"))
        return b"".join(digest(seed + bytes((number & 255, number >> 8 & 255))) for number in range(count // 16 + 1))[
            :count]

    # -- messages

    def change(self, parents: "list[Node]", node: Node, way: str) -> "bytes | None":
        """What stands in a message instead of an element's data, see :data:`minisyncml.gateway.masking.Change`.

        :param parents: the elements around
        :param node: the element
        :param way: the direction of the message
        :returns: the new data, None to leave it
        """
        data = node.data()
        if node.tag == "Data" and len(parents) > 1 and parents[-1].tag == "Item":
            new = self._item(parents, data, way)
            if new is not None:
                return new
        if node.tag == "LocName" and "SyncHdr" in (parent.tag for parent in parents):
            return self._value(data)
        if b"IMEI:" in data.upper():
            return self.address(data.decode("latin-1")).encode("latin-1")
        return None

    def _item(self, parents: "list[Node]", data: bytes, way: str) -> "bytes | None":
        item, command = parents[-1], parents[-2]
        metas = [meta for meta in (item.find("Meta"), command.find("Meta")) if meta is not None]
        words = {name: found.text() for meta in reversed(metas) for name in ("Type", "Format")
                 for found in (meta.find(name),) if found is not None}
        if "devinf" in words.get("Type", "").lower() or (
                command.tag in WHOLE and data[:64].lstrip()[:6].upper() != b"BEGIN:"):
            return None
        change = self.whole if words.get("Format") == "b64" else self.body
        return change(data, way, item.find("MoreData") is not None)


class _Line:
    """Where in an item a piece ended. `free` is text without properties, `inside` the value of the property that the
    other flags tell of."""

    __slots__ = ("free", "inside", "fixed", "base64", "quoted")

    def __init__(self, free: bool) -> None:
        self.free = free
        self.inside = self.fixed = self.base64 = self.quoted = False

    def open(self, head: bytes) -> None:
        """A property begins."""
        name, *parameters = head.decode("latin-1").upper().split(";")
        self.fixed = name.rpartition(".")[2].strip() in _FIXED
        words = {parameter.rpartition("=")[2].strip() for parameter in parameters}
        self.base64 = bool(words & {"BASE64", "B"})
        self.quoted = "QUOTED-PRINTABLE" in words
        self.inside = True


def _logical(data: bytes) -> "Iterator[bytes]":
    """The properties of an item, each with all lines that belong to it."""
    held = b""
    for row in data.splitlines(keepends=True):
        if held and not _goes_on(held, row):
            yield held
            held = b""
        held += row
    if held:
        yield held


def _goes_on(held: bytes, row: bytes) -> bool:
    """Whether a line belongs to the property before it: folded, a soft line break, or a line of base64."""
    if row[:1] in b" \t":
        return True
    head = held.partition(b":")[0].upper()
    if b"QUOTED-PRINTABLE" in head and held.rstrip(b"\r\n").endswith(b"="):
        return True
    return b"BASE64" in head and b":" not in row and row.strip() != b""


def _split(part: bytes) -> "tuple[bytes, bytes, bytes]":
    """Name with parameters, colon, value; a quoted parameter may hold a colon."""
    quoted = False
    for at, byte in enumerate(part):
        if byte == 0x22:
            quoted = not quoted
        elif byte == 0x3A and not quoted:
            return part[:at], b":", part[at + 1:]
    return part, b"", b""
