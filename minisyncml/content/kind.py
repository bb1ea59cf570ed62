"""Which media type a body really has. Phones label vCalendar as text/calendar and the like; the first lines decide."""

from __future__ import annotations

from typing import Optional

ALIASES = {
    "text/directory": "text/vcard", "text/ical": "text/calendar", "application/ics": "text/calendar",
    "text/vnote": "text/x-vnote", "text/vcalendar": "text/x-vcalendar",
}
#: types that differ in version only: a store that takes one takes the other
FAMILIES = ({"text/vcard", "text/x-vcard"}, {"text/calendar", "text/x-vcalendar"})


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
    :param declared: what the sender called it
    :returns: a media type; `text/plain` when nothing is known
    """
    head = body[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").upper()
    if head.startswith(b"BEGIN:VCARD"):
        return "text/x-vcard" if _version(head) == b"2.1" else "text/vcard"
    if head.startswith(b"BEGIN:VCALENDAR"):
        return "text/x-vcalendar" if _version(head) == b"1.0" else "text/calendar"
    if head.startswith(b"BEGIN:VNOTE"):
        return "text/x-vnote"
    return bare(declared) or "text/plain"


def _version(head: bytes) -> bytes:
    for line in head.splitlines():
        if line.startswith(b"VERSION:"):
            return line[8:].strip()
    return b""


def fits(media_type: str, types: "tuple[tuple[str, str], ...]") -> bool:
    """Whether a datastore of these types takes such an item.

    :param media_type: from :func:`kind`
    :param types: (media type, version) pairs of the datastore; `*/*` takes all
    :returns: True when it does
    """
    for name, _ in types:
        if name in ("*/*", media_type) or any(name in family and media_type in family for family in FAMILIES):
            return True
    return False
