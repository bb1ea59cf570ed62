"""Property lists (vCard, vCalendar, iCalendar, vNote) taken apart into properties and put together again, losslessly.

A property keeps the bytes it came from; one that nobody changed is written as exactly these. What a property means is
not known here.
"""

from __future__ import annotations

import binascii
from io import BytesIO
from typing import Iterable, Iterator, NamedTuple, Optional, Sequence

from minisyncml.content.charsets import decoded
from minisyncml.content.form import PLAIN, Form
from minisyncml.errors import ItemError

MAX_PROPERTIES = 20_000     #: of one object: more is no contact or appointment
MAX_SIZE = 16 << 20         #: bytes of one object
_OLD = (b"2.1", b"1.0", b"1.1")
_CHARSETS = {"utf-8": "UTF-8", "latin-1": "ISO-8859-1", "cp1252": "WINDOWS-1252"}
#: each byte in quoted-printable
_QUOTED = tuple(chr(sign) if 32 <= sign < 127 and sign != 61 else f"={sign:02X}" for sign in range(256))
#: words that may stand among the parameters without a name
ENCODINGS = ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT")


class Property(NamedTuple):
    """One property, decoded. Made from bytes it has `raw`; one that is changed with `_replace` must drop it."""

    name: str                                                   #: in capitals
    value: str                                                  #: unfolded, quoted-printable undone, escapes kept
    params: "tuple[tuple[str, str], ...]" = ()                  #: (name in capitals, empty when it has none; value)
    group: str = ""
    raw: bytes = b""                                            #: with line ends; empty when made here

    def param(self, name: str) -> "Optional[str]":
        """The first value of a parameter.

        :param name: in capitals
        :returns: None when there is none
        """
        return next((value for key, value in self.params if key == name), None)


def parse(data: bytes, charset: str = "utf-8") -> "list[Property]":
    """The properties of an object, BEGIN, END, empty and senseless lines included (these have an empty name).

    Linear in time and memory. Joining the `raw` of all gives the data again.

    :param data: the object
    :param charset: of values that name none
    :returns: the properties in order
    :raises ItemError: with status 413 for one that is too large
    """
    if len(data) > MAX_SIZE:
        raise ItemError(f"an object of {len(data)} bytes is too large", 413)
    old = _is_old(data)
    found: "list[Property]" = []
    for chunk in _chunks(data):
        if len(found) >= MAX_PROPERTIES:
            raise ItemError(f"more than {MAX_PROPERTIES} properties in one object", 413)
        found.append(_property(chunk, old, charset))
    return found


def _is_old(data: bytes) -> bool:
    """Whether it folds as vCard 2.1 does; a phone's VERSION may stand late."""
    head = data[:65_536].upper()
    at = head.find(b"\nVERSION:")
    if at >= 0:
        return head[at + 9:at + 20].split(b"\n")[0].strip() in _OLD
    return b"BEGIN:VNOTE" in head[:64]


def _chunks(data: bytes) -> "Iterator[list[bytes]]":
    """The physical lines of each property."""
    chunk: "list[bytes]" = []
    soft = block = False
    for line in BytesIO(data):
        plain = line.strip(b"\r\n \t")
        if soft or (chunk and line[:1] in b" \t" and plain) or (block and b":" not in line):
            chunk.append(line)
            soft = soft and plain.endswith(b"=")
            block = block and bool(plain)
            continue
        if chunk:
            yield chunk
        chunk = [line]
        head = line.partition(b":")[0].upper()
        soft = b"QUOTED-PRINTABLE" in head and plain.endswith(b"=")
        block = b"BASE64" in head      # without a blank in front, whatever version it says it is
    if chunk:
        yield chunk


def _property(chunk: "list[bytes]", old: bool, charset: str) -> Property:
    if len(chunk) == 1:
        bare, colon, value = chunk[0].partition(b":")
        if colon and bare.replace(b"-", b"").isalnum() and bare.isascii():
            return Property(bare.upper().decode(), _text(value.rstrip(b"\r\n"), (), charset), (), "", chunk[0])
    raw = b"".join(chunk)
    lines = [line.rstrip(b"\r\n") for line in chunk]
    head = lines[0].partition(b":")[0].upper()
    if b"QUOTED-PRINTABLE" in head and lines[0].endswith(b"="):
        whole = b"".join(_softly(lines))
    elif b"BASE64" in head:
        whole = lines[0] + b"".join(line.strip() for line in lines[1:])
    else:
        whole = lines[0] + b"".join(line if old else line[1:] for line in lines[1:])
    at = _colon(whole)
    if at < 0:
        return Property("", "", raw=raw)
    words = _split_head(whole[:at].decode("utf-8", "replace"))
    group, _, name = words[0].strip().rpartition(".")
    params = tuple(_param(word) for word in words[1:])
    return Property(name.upper(), _text(whole[at + 1:], params, charset), params, group, raw)


def _softly(lines: "list[bytes]") -> "Iterator[bytes]":
    for line in lines:
        line = line.rstrip(b" \t")
        yield line.rstrip(b"=") if line.endswith(b"=") else line   # some phones double the sign


def _colon(line: bytes) -> int:
    """Where the value begins: a colon inside quotes does not count."""
    at = line.find(b":")
    if at < 0 or b'"' not in line[:at]:
        return at
    quoted = False
    for at, sign in enumerate(line[:4096]):
        if sign == 34:
            quoted = not quoted
        elif sign == 58 and not quoted:
            return at
    return line.find(b":")


def _split_head(head: str) -> "list[str]":
    if '"' not in head:
        return head.split(";")
    words, quoted = [""], False
    for part in head.split('"'):
        pieces = [part] if quoted else part.split(";")
        words[-1] += f'"{pieces[0]}"' if quoted else pieces[0]
        words += pieces[1:]
        quoted = not quoted
    return words


def _param(word: str) -> "tuple[str, str]":
    name, equals, value = word.partition("=")
    return (name.strip().upper(), value.strip()) if equals else ("", word.strip())


def _text(value: bytes, params: "tuple[tuple[str, str], ...]", charset: str) -> str:
    for name, word in params:
        if name == "CHARSET":
            charset = word.strip('"')
        elif name in ("", "ENCODING") and word.upper() == "QUOTED-PRINTABLE":
            value = binascii.a2b_qp(value)
    text = decoded(value, charset)
    return value.decode("latin-1") if text is None else text


def write(properties: "Iterable[Property]", old: bool, form: Form = PLAIN) -> bytes:
    """Put properties together.

    :param properties: those with `raw` go out as they came, unless the form forbids it
    :param old: True for vCard 2.1, vCalendar 1.0 and vNote, False for the newer forms
    :param form: whether and how to fold, to quote and to encode: `charset_out`, `qp`, `fold` and `crlf`
    :returns: the object
    """
    if form.qp and form.fold and form.crlf and form.charset_out == "utf-8":
        return b"".join(each.raw or (_old_line(each) if old else _new_line(each)) for each in properties)
    body = b"".join(each.raw if _serves(each, form) else _old_line(each, form) if old else _new_line(each, form)
                    for each in properties)
    return body if form.crlf else body.replace(b"\r\n", b"\n")


def _serves(each: Property, form: Form) -> bool:
    """Whether the bytes that a property came from are what the form wants."""
    if not each.raw or not each.name:
        return not each.name
    return ((form.charset_out == "utf-8" or each.raw.isascii())
            and (form.fold or b"\n" not in each.raw.rstrip(b"\r\n"))
            and (form.qp or b"QUOTED-PRINTABLE" not in each.raw.partition(b":")[0].upper()))


def _encoded(text: str, form: Form) -> "tuple[bytes, str]":
    """In the charset of the form, failing that in UTF-8; and what that is called."""
    try:
        return text.encode(form.charset_out), _CHARSETS.get(form.charset_out, form.charset_out.upper())
    except (UnicodeEncodeError, LookupError):
        return text.encode("utf-8", "replace"), "UTF-8"


def _head(each: Property, params: "list[tuple[str, str]]") -> str:
    name = f"{each.group}.{each.name}" if each.group else each.name
    return ";".join([name, *(f"{key}={value}" if key else value for key, value in params)]) if params else name


def _plain(each: Property) -> "list[tuple[str, str]]":
    if not each.params:
        return []
    return [(name, value) for name, value in each.params if name != "CHARSET" and not (
        name in ("", "ENCODING") and value.upper() in ENCODINGS)]


def begins(found: "Iterable[Property]", name: str) -> bool:
    """Whether something is among properties.

    :param found: properties
    :param name: of an object or component, such as VEVENT
    :returns: True when it begins there
    """
    return any(each.name == "BEGIN" and each.value.strip().upper() == name for each in found)


def behind(found: "Sequence[Property]", at: int) -> int:
    """Where something ends.

    :param found: properties
    :param at: the place of its BEGIN
    :returns: the place behind its END; 0 when that is missing
    """
    depth = 0
    for index in range(at, len(found)):
        depth += (found[index].name == "BEGIN") - (found[index].name == "END")
        if not depth:
            return index + 1
    return 0


def type_words(each: Property) -> "list[str]":
    """The types of a property.

    :param each: of any version
    :returns: as they are written, in order
    """
    return [word.strip() for name, value in each.params if name in ("", "TYPE")
            for word in value.replace('"', "").split(",")]


def is_binary(each: Property) -> bool:
    """Whether the value is base64.

    :param each: a property
    :returns: True when it is
    """
    return bool(each.params) and any(name in ("", "ENCODING") and value.upper() in ("BASE64", "B")
                                     and (name or value.upper() != "B") for name, value in each.params)


def as_param(text: str) -> str:
    """Text as the value of a parameter (RFC 5545, section 3.2).

    :param text: one line
    :returns: in quotes where a sign in it would end the value; quotes in it cannot be said
    """
    text = text.replace('"', "'")
    return f'"{text}"' if any(sign in text for sign in ",;:") else text


def _old_line(each: Property, form: Form = PLAIN) -> bytes:
    params = [pair for pair in _plain(each) if pair != ("ENCODING", "b")]
    if is_binary(each):
        width = 72 if form.fold else len(each.value) or 1
        lines = [each.value[at:at + width] for at in range(0, len(each.value), width)]
        head = _head(each, [*params, ("ENCODING", "BASE64")])
        start = ":\r\n " if form.fold else ":"
        return (head + start + "\r\n ".join(lines) + "\r\n\r\n").encode("utf-8", "replace")
    ascii = each.value.isascii()
    if ascii and each.value.isprintable() and (len(each.value) < 200 or not form.fold or not form.qp):
        return f"{_head(each, params)}:{each.value}\r\n".encode("utf-8", "replace")
    text = each.value.replace("\r\n", "\n")
    data, charset = _encoded(text.replace("\n", "\r\n" if form.qp else "\\n"), form)
    if not ascii:
        params.append(("CHARSET", charset))
    if not form.qp:
        return _head(each, params).encode("utf-8", "replace") + b":" + data.replace(b"\r", b"") + b"\r\n"
    value = "".join(_quoted(data, form.fold))
    head = _head(each, [*params, ("ENCODING", "QUOTED-PRINTABLE")])
    return f"{head}:{value}\r\n".encode("utf-8", "replace")


def _quoted(data: bytes, fold: bool) -> "Iterator[str]":
    """Quoted-printable, cut where a line gets long; line breaks as =0D=0A."""
    width, last = 30, len(data)
    for at, sign in enumerate(data, 1):
        piece = _QUOTED[sign]
        if sign == 32 and (at == last or fold and width >= 70):     # one at the end of a line gets lost
            piece = "=20"
        if fold and width + len(piece) > 74:
            yield "=\r\n"
            width = 0
        width += len(piece)
        yield piece


def _new_line(each: Property, form: Form = PLAIN) -> bytes:
    binary = is_binary(each)
    params = [pair for pair in _plain(each) if pair != ("ENCODING", "b")]
    word = "BASE64" if each.name == "ATTACH" else "b"       # RFC 5545, section 3.2.7; RFC 2426, section 5
    text = f"{_head(each, [*params, ('ENCODING', word)] if binary else params)}:{each.value}"
    line = _encoded(text, form)[0].replace(b"\r", b" ").replace(b"\n", b" ")
    if len(line) <= 75 or not form.fold:
        return line + b"\r\n"
    cuts, at = [], 0
    while len(line) - at > 75:
        end = at + 74
        while line[end] & 0xC0 == 0x80 and end > at + 70:
            end -= 1
        cuts.append(line[at:end])
        at = end
    return b"\r\n ".join([*cuts, line[at:]]) + b"\r\n"
