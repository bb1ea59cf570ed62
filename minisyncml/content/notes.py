"""Notes: plain text, vNote 1.1, SIF-N and iCalendar's VJOURNAL (RFC 5545, section 3.6.3), which is the hub.

The text of a note begins with its title: its first line is the SUMMARY, and DESCRIPTION is the whole of it where there
is more. A VJOURNAL that does not repeat its SUMMARY in its DESCRIPTION says the same; what others show of both is both.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Sequence

from minisyncml.content.charsets import decoded
from minisyncml.content.clocks import in_utc, inward, outward
from minisyncml.content.elements import Element, read_elements, write_elements
from minisyncml.content.escapes import escaped, split, unescaped
from minisyncml.content.form import KEPT, Form
from minisyncml.content.formats import Format
from minisyncml.content.kept import as_lines, found_in
from minisyncml.content.kind import BLANK
from minisyncml.content.lines import MAX_SIZE, Property, begins, is_binary, parse, write
from minisyncml.content.sif import broken, list_in, list_out, other_in, other_out
from minisyncml.content.times import parse_time, stamp, time_of, time_property
from minisyncml.content.zones import Zones
from minisyncml.errors import ItemError

_CUT = 20           #: a SUMMARY of so many characters may be a title that somebody cut off
_FRAME = ("BEGIN", "VERSION", "END")
_HEAD = (Property("BEGIN", "VCALENDAR"), Property("VERSION", "2.0"), Property("BEGIN", "VJOURNAL"))
_FOOT = (Property("END", "VJOURNAL"), Property("END", "VCALENDAR"))


def _breaks(text: str) -> str:
    """With LF for every line break, and without the references that broken peers write for CR."""
    for mark in ("&#xD;", "&#xd;", "&#13;"):
        if mark in text:
            text = text.replace(mark + "\r\n", "\n").replace(mark + "\n", "\n").replace(mark + "&#10;", "\n")
            text = text[:-len(mark)] if text.endswith(mark) else text
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")


def _title(text: str) -> str:
    return text.strip().partition("\n")[0].strip()


def journal(text: str, others: "Iterable[Property]" = (), title: str = "") -> "list[Property]":
    """The hub's properties of a note.

    :param text: all of it
    :param others: what else is known of it, as in a VJOURNAL
    :param title: where one was given apart from the text
    :returns: a VJOURNAL in its calendar
    """
    text = _breaks(text)
    title = _breaks(title).strip() or _title(text)
    found = [Property("SUMMARY", escaped(title))] if title else []
    if text and text != title:
        found.append(Property("DESCRIPTION", escaped(text)))
    return [*_HEAD, *found, *others, *_FOOT]


def text_of(found: "Iterable[Property]") -> str:
    """The whole text of a note, title first.

    :param found: the properties of a VJOURNAL
    :returns: text with LF for line breaks
    """
    inner = list(_inside(found))
    title = "\n".join(unescaped(each.value) for each in inner if each.name == "SUMMARY")
    text = "\n".join(unescaped(each.value) for each in inner if each.name == "DESCRIPTION")
    first, wanted = _title(text), title.strip()
    if not wanted or first == wanted or (len(wanted) >= _CUT and first.startswith(wanted)):
        return text or title
    return f"{title}\n{text}" if text else title


def _inside(found: "Iterable[Property]", outer: bool = False) -> "Iterator[Property]":
    """The properties of the VJOURNAL, without its frame; those of what stands in it too. `outer`: of what is around."""
    inside = False
    for each in found:
        mark = each.value.strip().upper() if each.name in ("BEGIN", "END") else ""
        if mark == "VJOURNAL":
            inside = each.name == "BEGIN"
        elif mark != "VCALENDAR" and inside != outer:
            yield each


def _single(each: Property) -> bool:
    """Whether it is one of the note's own, and no line of a component in it."""
    return bool(each.name) and each.name not in ("BEGIN", "END", "SUMMARY", "DESCRIPTION")


def _decoded(body: bytes, charset: str) -> str:
    if len(body) > MAX_SIZE:
        raise ItemError(f"a note of {len(body)} bytes is too large", 413)
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", "replace")
    body = body[3:] if body.startswith(b"\xef\xbb\xbf") else body
    text = decoded(body, charset)
    text = decoded(body, "utf-8") if text is None else text
    return body.decode("latin-1") if text is None else text


class _Note(Format):
    family = "note"


class Text(_Note):
    """Plain text."""

    type = "text/plain"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        return journal(_decoded(body, form.charset_in).rstrip("\0"))

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        text = text_of(found).replace("\n", "\r\n" if form.crlf else "\n")
        try:
            return text.encode(form.charset_out)
        except (UnicodeError, LookupError):
            return text.encode("utf-8", "replace")


class Journal(_Note):
    """The hub itself."""

    type = "text/calendar"
    version = "2.0"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        found = parse(body.lstrip(BLANK), form.charset_in)
        if not begins(found, "VJOURNAL"):
            raise ItemError("there is no VJOURNAL in it")
        return found

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        return write(found, False, form)


class VNote(_Note):
    """The notes of IrMC 1.1: BODY is all that a phone knows of text."""

    type = "text/x-vnote"
    version = "1.1"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        found = parse(body.lstrip(BLANK), form.charset_in)
        if not begins(found, "VNOTE"):
            raise ItemError("this is no vNote")
        values: "dict[str, str]" = {}
        others: "list[Property]" = []
        last = ""
        for each in found:
            if each.name in ("BODY", "NOTE", "SUMMARY") and each.name not in values:
                values[each.name] = _old_text(each, form)
            elif not each.name and last == "BODY" and each.raw.strip():
                values[last] += "\n" + _decoded(each.raw.strip(b"\r\n"), form.charset_in)   # not encoded, as it should
                continue
            elif each.name and each.name not in _FRAME:
                others.append(_from_old(each, form))
            last = each.name
        outer = [each[1] for each in map(_kept, others) if each[0] == "^"]
        inner = [each[1] for each in map(_kept, others) if each[0] != "^"]
        made = journal(values.get("BODY", values.get("NOTE", "")), inner, values.get("SUMMARY", ""))
        return [*made[:2], *outer, *made[2:]]

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        text, inner = text_of(found), list(_inside(found))
        title = next((unescaped(each.value).strip() for each in inner if each.name == "SUMMARY"), "")
        done = [Property("BEGIN", "VNOTE"), Property("VERSION", "1.1"), Property("BODY", text)]
        if title and title != _title(text):
            done.append(Property("SUMMARY", title))
        depth = 0
        for each in inner:
            depth += each.name == "BEGIN"
            if depth or _single(each):
                done.append(_aside(each, " ") if depth else _to_old(each, form))
            depth -= each.name == "END"
        done += [_aside(each, "^") for each in _inside(found, outer=True)
                 if each.name not in ("", "VERSION", "PRODID", "METHOD", "CALSCALE")]
        return write([*done, Property("END", "VNOTE")], True, form)


def _old_text(each: Property, form: Form) -> str:
    if is_binary(each):
        from binascii import Error, a2b_base64
        try:
            return _decoded(a2b_base64(each.value.encode()), each.param("CHARSET") or form.charset_in)
        except Error:
            return each.value
    return each.value.replace("\\n", "\n") if not form.qp else each.value


_STAMPS = {"DCREATED": "CREATED", "LAST-MODIFIED": "LAST-MODIFIED"}       # vNote's words, and the hub's
_OLD = {"CREATED": "DCREATED", "LAST-MODIFIED": "LAST-MODIFIED", "CLASS": "CLASS", "CATEGORIES": "CATEGORIES"}


def _from_old(each: Property, form: Form) -> Property:
    if each.name == KEPT:
        return each
    params = tuple(pair for pair in each.params if pair[0] not in ("", "CHARSET", "ENCODING"))
    value = each.value
    if each.name == "CATEGORIES":
        words = [word.strip() for word in value.replace(";", ",").split(",")]
        return Property(each.name, ",".join(escaped(_unprefixed(word, form)) for word in words if word))
    if is_binary(each):
        return Property(each.name, value, (*params, ("ENCODING", "BASE64"), ("VALUE", "BINARY")))
    if each.name in _STAMPS:
        return Property(_STAMPS[each.name], _utc(value, form), params)
    return Property(each.name, escaped(value), params)


def _utc(value: str, form: Form) -> str:
    """When a note was written, as the hub has it: in UTC where the phone's clock is known."""
    when = parse_time(value)
    if when is None:
        return value.strip()
    zones = Zones(form.zone)
    when = inward(when, form, zones, False)
    return stamp(in_utc(when, zones) or when)


def _unprefixed(word: str, form: Form) -> str:
    return word[len(form.prefix):] if form.prefix and word.startswith(form.prefix) else word


def _to_old(each: Property, form: Form) -> Property:
    """As a vNote says it, or aside."""
    plain = each.name in _OLD or (each.name.startswith("X-") and "," not in each.value)
    if not plain or each.params or each.group or each.name == KEPT:
        return _aside(each, " ")
    if each.name == "CATEGORIES":
        words = [unescaped(word) for word in split(each.value, ",")]
        if any("," in word or ";" in word for word in words):
            return _aside(each, " ")
        return Property(each.name, ",".join(words))
    if _OLD.get(each.name) in _STAMPS:
        when = parse_time(each.value)
        value = each.value if when is None else stamp(outward(when, form, Zones(form.zone), False))
        return Property(_OLD[each.name], value)
    return Property(each.name, unescaped(each.value))


def _aside(each: Property, place: str) -> Property:
    return Property(KEPT, f"2.0{place}" + as_lines([each]))


def _kept(each: Property) -> "tuple[str, Property]":
    """What an earlier conversion put aside: `^`, for what goes around the note, and the property."""
    if each.name == KEPT and each.value.startswith(("2.0 ", "2.0^")):
        for one in found_in(each.value[4:]):
            return each.value[3], one
    return " ", each


_COLORS = ("blue", "green", "pink", "yellow", "white")      # as numbered by SIF-N; these are names of CSS, too
_CASED = {name.upper(): name for name in ("SIFVersion", "Date", "Color", "Height", "Width", "Left", "Top", "Folder")}


class Sif(_Note):
    """SIF-N, of Funambol's clients: Body is the whole text with the title, as Outlook has it."""

    type = "text/x-s4j-sifn"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        texts: "dict[str, str]" = {}
        others: "list[Property]" = []
        for each in read_elements(body, "note", MAX_SIZE):
            name = each.name.upper()
            if name in ("SUBJECT", "BODY"):
                texts.setdefault(name, each.text)
            elif name != "SIFVERSION" and each.text.strip():
                others.append(_from_sif(name, each))
        return journal(texts.get("BODY", ""), others, texts.get("SUBJECT", ""))

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        text, inner = text_of(found), list(_inside(found))
        title = next((unescaped(each.value).strip() for each in inner if each.name == "SUMMARY"), "") or _title(text)
        done = [Element("SIFVersion", "1.1"), Element("Subject", title), Element("Body", broken(text, form))]
        done.append(Element("Categories", list_out(each for each in inner if each.name == "CATEGORIES")))
        done += [made for each in inner for made in _to_sif(each)]
        return write_elements("note", [each for each in done if each.text or form.empty])


def _from_sif(name: str, each: Element) -> Property:
    value = each.text.strip()
    if name == "CATEGORIES":
        return Property(name, list_in(value))
    if name == "COLOR" and value in ("0", "1", "2", "3", "4"):
        return Property(name, _COLORS[int(value)])
    if name == "DATE":
        when = parse_time(value)
        if when is not None:
            return time_property("DTSTART", when)
    return other_in(each._replace(text=value), _CASED)


def _to_sif(each: Property) -> "Iterator[Element]":
    """What SIF-N has a word for; the rest lives in the shadow of what a peer had."""
    if each.name == "COLOR" and each.value.lower() in _COLORS:
        yield Element("Color", str(_COLORS.index(each.value.lower())))
    elif each.name == "DTSTART":
        when = time_of(each)
        yield Element("Date", when.at.date().isoformat() if when is not None and when.day else each.value.strip())
    elif other_out(each, _CASED):
        yield Element(other_out(each, _CASED), unescaped(each.value))


FORMATS = (Text(), Journal(), VNote(), Sif())
