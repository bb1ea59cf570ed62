"""Which media type a body really has. Phones label vCalendar as text/calendar and the like; the first lines decide.

Every item of every sync passes here: no format is imported, nothing is parsed.
"""

from __future__ import annotations

from typing import Optional

ALIASES = {
    "text/directory": "text/vcard", "text/ical": "text/calendar", "application/ics": "text/calendar",
    "text/vnote": "text/x-vnote", "text/vcalendar": "text/x-vcalendar",
    "text/x-sifc": "text/x-s4j-sifc", "text/x-sife": "text/x-s4j-sife", "text/x-sift": "text/x-s4j-sift",
    "text/x-sifn": "text/x-s4j-sifn",
    "text/vbookmark": "text/x-vbookmark", "text/x-vbkm": "text/x-vbookmark", "message/rfc2822": "message/rfc822",
    "application/vnd.omads-email": "application/vnd.omads-email+xml",
    "application/vnd.omads-file": "application/vnd.omads-file+xml",
    "application/vnd.omads-folder": "application/vnd.omads-folder+xml",
}
#: types that say the same thing in other words: a store that takes one takes the others of its family
FAMILIES = {
    "text/vcard": "contact", "text/x-vcard": "contact", "text/x-s4j-sifc": "contact",
    "text/calendar": "calendar", "text/x-vcalendar": "calendar", "text/x-s4j-sife": "calendar",
    "text/x-s4j-sift": "calendar",
    "text/plain": "note", "text/x-vnote": "note", "text/x-s4j-sifn": "note",
    "text/x-vbookmark": "bookmark", "application/x-mswinurl": "bookmark",
    "message/rfc822": "mail", "application/vnd.omads-email+xml": "mail",
    "application/vnd.omads-file+xml": "file", "application/vnd.omads-folder+xml": "file",
    "application/octet-stream": "file",
}
#: what stands in such a body is not for us to judge: a file may well be a vCard
_OPAQUE = frozenset(("application/octet-stream", "message/rfc822", "application/vnd.omads-file+xml",
                     "application/vnd.omads-folder+xml", "application/vnd.omads-email+xml"))
_CONTENTS = {"application/vnd.omads-email+xml": b"<emailitem", "application/vnd.omads-file+xml": b"<body"}
_ROOTS = {b"contact": "text/x-s4j-sifc", b"appointment": "text/x-s4j-sife", b"task": "text/x-s4j-sift",
          b"note": "text/x-s4j-sifn"}
#: what may stand before the first line
BLANK = b"\xef\xbb\xbf \t\r\n\0"


def bare(media_type: Optional[str]) -> str:
    """A media type without parameters, in lower case, well-known aliases replaced.

    :param media_type: as received, may be None
    :returns: for example `text/vcard`; empty when there was none
    """
    plain = (media_type or "").partition(";")[0].strip().lower()
    return ALIASES.get(plain, plain)


def kind(body: bytes, declared: Optional[str] = None) -> str:
    """The type of a body by its first lines, else as declared.

    :param body: the item
    :param declared: what the sender called it; types of files and mail are believed
    :returns: a media type; `text/plain` when nothing is known
    """
    if declared in _OPAQUE:
        return declared or ""
    head = body[:32].lstrip(BLANK)
    if len(head) < 16 and len(body) > 32:
        head = body[:2048].lstrip(BLANK)
    head = head[:16].upper()
    if head.startswith(b"BEGIN:V"):
        if head.startswith(b"BEGIN:VCARD"):
            return _of_version(body, "text/x-vcard", "text/vcard", b"2.1", declared)
        if head.startswith(b"BEGIN:VCALENDAR"):
            return _of_version(body, "text/x-vcalendar", "text/calendar", b"1.0", declared)
        if head.startswith(b"BEGIN:VNOTE"):
            return "text/x-vnote"
        if head.startswith(b"BEGIN:VBKM"):
            return "text/x-vbookmark"
    name = bare(declared)
    if head.startswith(b"<") and name not in _OPAQUE:
        return _sif(body) or name or "text/plain"
    return name or "text/plain"


def _of_version(body: bytes, old: str, new: str, number: bytes, declared: Optional[str]) -> str:
    """By the VERSION, wherever it stands; where there is none or an impossible one, the signs of the old form count."""
    at = body.find(b"\nVERSION:")
    version = body[at + 9:at + 16].strip()[:3] if at >= 0 else _version(body)
    if version == number:
        return old
    if version in (b"3.0", b"4.0", b"2.0") and (version == b"2.0") == (number == b"1.0"):
        return new
    said = bare(declared)
    return old if said == old or b"QUOTED-PRINTABLE" in body[:65_536].upper() else new


def _version(body: bytes) -> bytes:
    """The slow way: in small letters, with a blank, behind a lone CR."""
    for line in body.splitlines() if len(body) < 65_536 else body[:65_536].splitlines():
        if line[:8].upper() == b"VERSION:":
            return line[8:].strip()[:3]
    return b""


def _sif(body: bytes) -> str:
    """Which SIF an XML text is by its root, empty for any other."""
    rest = body[:2048].lstrip(BLANK)
    while rest[:2] in (b"<?", b"<!"):
        rest = rest.partition(b"-->" if rest.startswith(b"<!--") else b">")[2].lstrip()
    name = rest[1:32].replace(b">", b" ").replace(b"/", b" ").split(None, 1)
    root = name[0].lower() if rest.startswith(b"<") and name else b""
    closed = root and b"</" + root + b">" in body[-256:].lower()     # a text may begin with a word in brackets
    return _ROOTS.get(root, "") if closed else ""


def fits(media_type: str, types: "tuple[tuple[str, str], ...]", body: bytes = b"") -> bool:
    """Whether a datastore of these types takes such an item.

    :param media_type: from :func:`kind`
    :param types: (media type, version) pairs of the datastore; `*/*` takes all
    :param body: the item, where it is known: a VJOURNAL is a calendar object, but a note
    :returns: True when it does
    """
    for name, _ in types:
        if name == media_type or name == "*/*":
            return True
    family = "note" if media_type == "text/calendar" and is_journal(body) else FAMILIES.get(media_type)
    return family is not None and any(FAMILIES.get(name) == family for name, _ in types)


def lacks_content(media_type: str, body: bytes) -> bool:
    """Whether an email or file object says only what is known of its content: a flag or a name was changed.

    :param media_type: from :func:`kind`
    :param body: the item
    :returns: False for anything else
    """
    mark = _CONTENTS.get(media_type)
    return mark is not None and mark not in body


def is_journal(body: bytes) -> bool:
    """Whether a calendar object is a note (VJOURNAL).

    :param body: iCalendar 2.0
    :returns: True when the first thing in it is one
    """
    upper = body.upper()
    at = upper.find(b"BEGIN:VJOURNAL")
    return at >= 0 and not 0 <= upper.find(b"BEGIN:VEVENT") < at and not 0 <= upper.find(b"BEGIN:VTODO") < at
