"""The UID of an item that a phone sends without it: most know no UID, and other programs know ours by it.

Done on lines, nothing is parsed: for peers that get our items as they are.
"""

from __future__ import annotations

from minisyncml.digest import digest

_NAMED = ("text/vcard", "text/x-vcard", "text/calendar", "text/x-vcalendar")
_ENDS = (b"END:VCARD", b"END:VEVENT", b"END:VTODO", b"END:VJOURNAL")


def lacks_uid(media_type: str, body: bytes) -> bool:
    """Whether an item may have lost its UID; cheap.

    :param media_type: bare media type
    :param body: the item
    :returns: False when it has one, or needs none
    """
    return media_type in _NAMED and b"\nUID:" not in body and b"\nUID;" not in body and not _uids(body)


def with_uid(mine: bytes, theirs: bytes) -> bytes:
    """An item with the UID that it had.

    :param mine: the item as it was
    :param theirs: the same, perhaps without UID
    :returns: theirs; with our UID when it has none, and ours is one
    """
    found = _uids(mine)
    if len({line for lines in found for line in lines[:1]}) != 1 or _uids(theirs):
        return theirs
    return _put(theirs, b"".join(found[0]).rstrip(b"\r\n"))


def named(media_type: str, body: bytes, seed: bytes) -> bytes:
    """An item that is new here, with a UID: iCalendar 2.0 demands one, and CalDAV servers refuse items without.

    :param media_type: bare media type
    :param body: the item
    :param seed: who calls it what; the same gives the same UID
    :returns: the same where it has one
    """
    return _put(body, b"UID:" + _made(seed + body)) if lacks_uid(media_type, body) else body


def _made(seed: bytes) -> bytes:
    name = digest(seed).hex()
    return f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}".encode()


def _put(body: bytes, uid: bytes) -> bytes:
    lines = []
    for line in body.splitlines(keepends=True):
        if line.rstrip().upper() in _ENDS:
            lines.append(uid + (line[len(line.rstrip(b"\r\n")):] or b"\r\n"))
        lines.append(line)
    return b"".join(lines)


def apart(media_type: str, body: bytes) -> bytes:
    """A second item made of one that stays: with a UID of its own, or programs that know items by it take the two for
    one. It is made of the item's bytes, so that it is the same wherever this is done.

    :param media_type: bare media type
    :param body: the item
    :returns: the same where it has no UID
    """
    if media_type not in _NAMED or lacks_uid(media_type, body):
        return body
    uids = iter(_uids(body))
    made: "list[bytes]" = []
    left = 0
    for line in body.splitlines(keepends=True):
        left -= 1
        if left < 0 and line[:4].upper() in (b"UID:", b"UID;"):
            uid = next(uids)
            left = len(uid) - 1
            made.append(b"UID:" + _made(b"".join(uid) + body) + line[len(line.rstrip(b"\r\n")):])
        elif left < 0:
            made.append(line)
    return b"".join(made)


def _uids(body: bytes) -> "list[list[bytes]]":
    """The lines of each UID, folded as they are."""
    found: "list[list[bytes]]" = []
    inside = False
    for line in body.splitlines(keepends=True):
        inside = inside and line[:1] in b" \t" and line.strip() != b""
        if inside:
            found[-1].append(line)
        elif line[:4].upper() in (b"UID:", b"UID;"):
            found.append([line])
            inside = True
    return found
