"""Writes minisyncml/content/FIELDS.md: what becomes of each property in each other format, by trying it.

`python -m content.field_tables` in tests/ writes the document; test_field_tables.py compares it.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Sequence, Tuple

from content import samples_others as others
from content.calendar_meaning import said
from content.contact_meaning import facts
from content.samples_calendar import SAMPLES as EVENTS
from content.samples_contacts import SAMPLES, SAMPLES_40

from minisyncml.content.form import Form
from minisyncml.content.formats import convert
from minisyncml.content.view import View
from minisyncml.errors import ItemError

DOCUMENT = Path(__file__).resolve().parents[2] / "minisyncml" / "content" / "FIELDS.md"
KEPT = "X-MINISYNCML-KEPT"
SAME, SHADOW, LOST = "same", "*shadow*", "**lost**"
SIF_FRAME = '<?xml version="1.0" encoding="UTF-8"?>'
MARK, EDITED = b"marker", b"edited"     # stands in each item: what a peer changes, for the shadow to be tried
#: what goes without saying
UNSAID = {(name, "0") for name in ("AllDayEvent", "IsRecurring", "ReminderSet", "Complete")}
MESSAGE = b"From: ada@example.org\r\nSubject: a\r\n\r\nmarker\r\n"

V21, V30, V40 = Form("text/x-vcard", "2.1"), Form("text/vcard", "3.0"), Form("text/vcard", "4.0")
SIF_C = Form("text/x-s4j-sifc", empty=False)
OLD = Form("text/x-vcalendar", "1.0", time="utc", zone="Europe/Berlin")
NEW = Form("text/calendar", "2.0", zone="Europe/Berlin")
SIF_E = Form("text/x-s4j-sife", "1.0", time="utc", zone="Europe/Berlin")
SIF_T = SIF_E._replace(type="text/x-s4j-sift")
TEXT, VNOTE, SIF_N = Form("text/plain"), Form("text/x-vnote", "1.1"), Form("text/x-s4j-sifn", empty=False)
MAIL, EMAIL = Form("message/rfc822"), Form("application/vnd.omads-email+xml")
BYTES, FILE = Form("application/octet-stream"), Form("application/vnd.omads-file+xml")
TITLES = {V21: "vCard 2.1", V30: "vCard 3.0", V40: "vCard 4.0", SIF_C: "SIF-C", OLD: "vCalendar 1.0",
          NEW: "iCalendar 2.0", SIF_E: "SIF-E", SIF_T: "SIF-T", TEXT: "plain text", VNOTE: "vNote", SIF_N: "SIF-N",
          MAIL: "message", EMAIL: "OMA email", BYTES: "the bytes alone", FILE: "OMA file"}


class Row(NamedTuple):
    """A property: an item with it, and one without."""

    name: str
    body: bytes
    plain: bytes


class Table(NamedTuple):
    """One format, and what it is made into."""

    family: str
    source: Form
    targets: Tuple[Form, ...]
    rows: "list[Row]"
    judge: "Callable[[bytes], Any]"     #: what an item says
    title: str = ""


# -- items -----------------------------------------------------------------------------------------------------------

def lines(kind: str, head: "Sequence[str]", usual: "Sequence[str]", given: "Sequence[str]" = ()) -> bytes:
    names = {re.split("[;:]", line)[0] for line in given}
    names |= {"DTEND"} if "DURATION" in names else set()
    inner = [line for line in usual if re.split("[;:]", line)[0] not in names]
    depth = [f"BEGIN:{kind}", *inner, *given, f"END:{kind}"]
    whole = depth if not head or head[0] != "CALENDAR" else [
        "BEGIN:VCALENDAR", *head[1:], *depth, "END:VCALENDAR"]
    whole = [whole[0], *head, *whole[1:]] if head and head[0] != "CALENDAR" else whole
    return "\r\n".join([*whole, ""]).encode()


def xml(root: str, usual: "Sequence[Tuple[str, str]]", given: "Sequence[Tuple[str, str]]" = ()) -> bytes:
    texts = {**dict(usual), **dict(given)}
    return (SIF_FRAME + f"<{root}>" + "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())
            + f"</{root}>").encode()


def cards(version: str, samples: "Sequence[Tuple[str, Tuple[str, ...]]]") -> "Iterator[Row]":
    usual = ("N:Lovelace;Ada;;;", "FN:Ada Lovelace", "ROLE:marker")
    for name, given in samples:
        yield Row(name, lines("VCARD", (f"VERSION:{version}",), usual, given),
                  lines("VCARD", (f"VERSION:{version}",), usual))


def old_cards() -> "Iterator[Row]":
    """What vCard 2.1 says without anything kept aside."""
    for row in cards("3.0", SAMPLES):
        body, plain = (convert(each, "", V21) for each in (row.body, row.plain))
        if KEPT.encode() not in body:
            yield Row(row.name, body, plain)


def calendars(version: str, samples: "Sequence[Tuple[str, Tuple[str, ...]]]", kind: str) -> "Iterator[Row]":
    head = ("CALENDAR", f"VERSION:{version}", "PRODID:-//a//b//EN")
    start = "DTSTART:20060406T160000Z"
    usual = (start, "DTEND:20060406T163000Z" if kind == "VEVENT" else "DUE:20060407T160000Z", "SUMMARY:a",
             "DESCRIPTION:marker")
    spare = {"VEVENT SUMMARY": ("SUMMARY:b",), "VTODO DUE": ("DUE:20060408T160000Z",)}
    for name, given in samples:
        if name.startswith(kind):
            yield Row(name[len(kind) + 1:], lines(kind, head, usual, given or spare[name]), lines(kind, head, usual))


def notes(kind: str, head: "Sequence[str]", usual: "Sequence[str]", samples: "Sequence[Tuple[str, Tuple[str, ...]]]",
          ) -> "Iterator[Row]":
    for name, given in samples:
        names = {re.split("[;:]", line)[0] for line in given}
        yield Row(name, lines(kind, head, usual, given),
                  lines(kind, head, [line for line in usual if re.split("[;:]", line)[0] not in names]))


def elements(root: str, usual: "Sequence[Tuple[str, str]]", samples: "Sequence[Tuple[str, Any]]") -> "Iterator[Row]":
    for name, given in samples:
        pairs = ((name, given),) if isinstance(given, str) else given
        plain = [pair for pair in usual if pair[0] != name]
        yield Row(name, xml(root, usual, pairs), xml(root, plain))


# -- what an item says -----------------------------------------------------------------------------------------------

def card_says(body: bytes) -> Any:
    return facts(body, derived=True)


def old_calendar_says(body: bytes) -> Any:
    """By what it says as an iCalendar: whoever writes it again may say it in another way."""
    return said(convert(body.replace(KEPT.encode(), b"X-GONE"), "text/x-vcalendar", NEW, OLD))


def texts(body: bytes) -> "Counter[Tuple[str, str]]":
    """The elements of flat XML that say something; those within others by their inner names."""
    found = re.findall(r"<(\w+)(?: [^>]*)?>([^<]+)</\1>", body.decode())
    return Counter((name, re.sub(r"&#(10|13|xD|xA);|\s+", " ", text)) for name, text in found if text.strip()
                   if name not in ("SIFVersion", "size", "PatternStartDate") and (name, text) not in UNSAID)


def note_says(body: bytes) -> Any:
    """The text that a person reads, its title on top, and the other lines."""
    found = Counter(re.sub(r"\r\n[ \t]", "", body.decode()).split("\r\n"))
    pairs = [(line.partition(":")[0].partition(";")[0], line) for line in found if not line.startswith(KEPT)]
    read = {name: line.partition(":")[2] for name, line in pairs if name in ("SUMMARY", "DESCRIPTION", "BODY")}
    body_text = read.get("DESCRIPTION", read.get("BODY", "")).replace("=0D=0A", "\\n")
    return titled(read.get("SUMMARY", ""), body_text, "\\n"), Counter(
        line for name, line in pairs if name not in read and name != "PRODID" and line)


def sif_note_says(body: bytes) -> Any:
    """The same of a SIF-N."""
    found = texts(body)
    read = {name: text for name, text in found if name in ("Subject", "Body")}
    return titled(read.get("Subject", ""), read.get("Body", ""), " "), Counter(
        {pair: count for pair, count in found.items() if pair[0] not in read})


def titled(title: str, text: str, end: str) -> str:
    return text if not title or text == title or text.startswith(title + end) else f"{title}{end}{text}".rstrip(end)


def mail_says(body: bytes) -> Any:
    """Flags and dates, and the message, however it is written."""
    found = Counter({pair: count for pair, count in texts(body).items() if pair[0] != "emailitem"})
    return found, convert(body, EMAIL.type, MAIL)


def file_says(body: bytes) -> Any:
    """The same of a file, and its content."""
    return Counter({pair: count for pair, count in texts(body).items() if pair[0] != "body"}), convert(
        body, FILE.type, BYTES)


def whole(body: bytes) -> bytes:
    return body


# -- what becomes of it ----------------------------------------------------------------------------------------------

def parts(body: bytes) -> "Counter[Tuple[str, str]]":
    """Everything in an item, as (name, what is said); within alarms too."""
    if body.startswith(b"<"):
        return Counter((name, text) for (name, text) in texts(body) if name != KEPT)
    if not body.startswith(b"BEGIN:"):
        return Counter([("text", body.decode("latin-1"))])
    made: "Counter[Tuple[str, str]]" = Counter()
    text = re.sub(r"\r\n[ \t]", "", re.sub(r"=\r\n", "", body.decode()))
    text = re.sub(r"BEGIN:VTIMEZONE\r\n.*?END:VTIMEZONE\r\n", "", text, flags=re.S)
    alarm = False
    for line in text.split("\r\n"):
        head, _, value = line.partition(":")
        name = re.split("[;.]", head if "." not in head.partition(";")[0] else head.partition(".")[2])[0].upper()
        alarm = value == "VALARM" if name == "BEGIN" else alarm and (name, value) != ("END", "VALARM")
        if name not in ("BEGIN", "END", "VERSION", "PRODID", "", KEPT) and value.strip(";"):
            made["VALARM" if alarm else name, line] += 1
    return made


def cell(table: Table, target: Form, row: Row) -> str:
    """What becomes of a property in one format: see the head of the document."""
    try:
        far, plain = (convert(body, table.source.type, target, table.source) for body in (row.body, row.plain))
        back = convert(far, target.type, table.source, target)
    except ItemError:
        return LOST
    there = parts(far) - parts(plain)
    mine = parts(row.body) - parts(row.plain)
    aside = KEPT.encode() in far and far.count(KEPT.encode()) != plain.count(KEPT.encode())
    as_ = ", ".join(dict.fromkeys(name for name, _ in there))
    if table.judge(back) != table.judge(row.body):
        rest = SHADOW if protected(table, target, row) else LOST
        return f"{as_}, {rest}" if as_ and as_ != "text" else rest
    if not protected(table, target, row):
        return ", ".join(filter(None, (as_, f"{LOST} in an edit")))
    if {name for name, _ in there} <= {name for name, _ in mine} and there:
        return f"{SAME}, aside" if aside else SAME
    return ("aside" if not as_ else f"{as_}, aside") if aside else as_ or SAME


def protected(table: Table, target: Form, row: Row) -> bool:
    """Whether it is still there after a peer with that format, which keeps nothing aside, changed something else."""
    if MARK not in row.body:
        return True
    view = View(target, table.source)
    try:
        type, sent = view.sent(table.source.type, row.body)
        if MARK not in sent:
            return True
        edited = view.updated(table.source.type, row.body, view.shadow(type, sent), type, sent.replace(MARK, EDITED, 1))
    except ItemError:
        return False
    return bool(table.judge(edited) == table.judge(row.body.replace(MARK, EDITED, 1)))


def tables() -> "Iterator[Table]":
    """All of them, families together."""
    everyone = (V21, V30, V40, SIF_C)
    for form, rows in ((V30, cards("3.0", SAMPLES)), (V40, cards("4.0", SAMPLES_40)), (V21, old_cards())):
        yield Table("Contacts", form, tuple(each for each in everyone if each != form), list(rows), card_says)
    usual = [("LastName", "Lovelace"), ("FirstName", "Ada"), ("FileAs", "Ada Lovelace"), ("Profession", "marker")]
    yield Table("Contacts", SIF_C, everyone[:3], list(elements("contact", usual, others.SIF_CONTACT)), texts)
    for kind, sif, name in (("VEVENT", SIF_E, "events"), ("VTODO", SIF_T, "tasks")):
        yield Table("Calendar", NEW, (OLD, sif), list(calendars("2.0", EVENTS, kind)), said, name)
        yield Table("Calendar", OLD, (NEW, sif), list(calendars("1.0", others.OLD_CALENDAR, kind)),
                    old_calendar_says, name)
    usual = [("Subject", "a"), ("Body", "marker"), ("Start", "20060406T160000Z"), ("End", "20060406T163000Z")]
    yield Table("Calendar", SIF_E, (NEW, OLD), list(elements("appointment", usual, others.SIF_EVENT)), texts)
    usual = [("Subject", "a"), ("Body", "marker"), ("StartDate", "2006-04-06"), ("DueDate", "2006-04-07")]
    yield Table("Calendar", SIF_T, (NEW, OLD), list(elements("task", usual, others.SIF_TASK)), texts)
    yield Table("Notes", NEW, (TEXT, VNOTE, SIF_N), list(notes(
        "VJOURNAL", ("CALENDAR", "VERSION:2.0"), ("SUMMARY:a", "DESCRIPTION:a\\nmarker"), others.JOURNAL)), note_says,
        "VJOURNAL")
    yield Table("Notes", VNOTE, (TEXT, NEW, SIF_N), list(notes(
        "VNOTE", ("VERSION:1.1",), ("BODY;ENCODING=QUOTED-PRINTABLE:a=0D=0Amarker",), others.VNOTE)), note_says)
    yield Table("Notes", SIF_N, (TEXT, NEW, VNOTE), list(elements(
        "note", [("Body", "a&#10;marker")], others.SIF_NOTE)), sif_note_says)
    mail = [("emailitem", f"<![CDATA[{MESSAGE.decode()}]]>")]
    yield Table("Mail", EMAIL, (MAIL,), list(elements("Email", mail, others.EMAIL)), mail_says)
    content = [("name", "a.bin"), ("body", "marker")]
    yield Table("Files", FILE, (BYTES,), list(elements("File", content, others.FILE)), file_says)
    message, empty = MESSAGE, b"From: ada@example.org\r\n\r\n"
    yield Table("Mail", MAIL, (EMAIL,), [Row("the message", message, empty)], whole)
    yield Table("Files", BYTES, (FILE,), [Row("the content", bytes(range(256)) + MARK, b"")], whole)


HEAD = """# What becomes of each property

Made by trying each of them: this document is written by `tests/content/field_tables.py`, and a test fails when it is
not what the formats do. A row is an item with that property. It is made into the other format, and back.

- same: the other format has the property under the same name, or in the same way.
- NAMES: the other format says it by these, and it comes back as it was.
- aside: the other format has no word for it, or only for a part (the names before). In a file or a store the rest
  stands beside it in `X-MINISYNCML-KEPT`, and comes back with it. A phone or another peer is never sent that: what it
  does not keep stays with us, and is still there after it changed something else.
- *shadow*: the other format has no room even for that. With a peer nothing is lost: what it does not keep stays with
  us, and is still there after it changed something else. A mere conversion into it and back loses it.
- **lost**: does not come back.
"""


def document() -> str:
    """The whole text."""
    made, family = [HEAD], ""
    for table in sorted(tables(), key=lambda each: ("Contacts", "Calendar", "Notes", "Mail", "Files").index(
            each.family)):
        if table.family != family:
            family = table.family
            made.append(f"\n## {family}\n")
        title = "VJOURNAL" if table.title == "VJOURNAL" else TITLES[table.source]
        made.append(f"\n### From {title}{f', {table.title}' if table.title not in ('', 'VJOURNAL') else ''}\n\n")
        names = ["VJOURNAL" if family == "Notes" and each == NEW else TITLES[each] for each in table.targets]
        made.append("| property | " + " | ".join(names) + " |\n" + "|---" * (1 + len(names)) + "|\n")
        for row in table.rows:
            cells = [cell(table, target, row) for target in table.targets]
            made.append(f"| {row.name} | " + " | ".join(cells) + " |\n")
    return "".join(made)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
