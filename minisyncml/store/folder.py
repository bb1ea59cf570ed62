"""How a folder of items is read: which files count, their signatures, bodies, names and types. Writes nothing."""

from __future__ import annotations

import os
from stat import S_ISREG
from typing import Iterator, List, Optional, Sequence, Tuple

from minisyncml.errors import ItemError

Signature = Tuple[int, int, int, int]
UNSURE: Signature = (0, 0, 0, 0)        #: equal to no file: read it
YOUNG = 2_000_000_000                   #: nanoseconds in which a file may change and keep its time
TEMPORARY = ".minisyncml-"              #: our files that are not finished begin with this

_SANE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_VERSIONS = (
    (b"VERSION:2.1", "text/x-vcard"),
    (b"VERSION:3.0", "text/vcard"),
    (b"VERSION:4.0", "text/vcard"),
    (b"VERSION:1.0", "text/x-vcalendar"),
    (b"VERSION:2.0", "text/calendar"),
)


def names(folder: str, suffix: str, left: "List[str]") -> "Iterator[Tuple[str, Signature]]":
    """The files that are items.

    :param folder: where to look
    :param suffix: that their names have, in small or in capital letters
    :param left: gets the names of temporary files of ours
    :returns: name and signature of each
    :raises OSError: when the folder cannot be read
    """
    with os.scandir(folder) as found:
        for one in found:
            name = one.name
            if name.lower().endswith(suffix) and not name.startswith("."):
                try:
                    st = one.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if S_ISREG(st.st_mode):
                    yield name, (st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino)
            elif name.startswith(TEMPORARY):
                left.append(name)


def signature(path: str) -> Optional[Signature]:
    """What changes when a file does.

    :param path: the file
    :returns: size, times and inode; None when there is no such file
    :raises OSError: when it cannot be known
    """
    try:
        st = os.lstat(path)
    except FileNotFoundError:
        return None
    return (st.st_size, st.st_mtime_ns, st.st_ctime_ns, st.st_ino)


def settled(seen: Signature, now: int) -> Signature:
    """The signature to remember.

    :param seen: as it was before the file was read
    :param now: time in nanoseconds when that was
    :returns: `seen`; UNSURE when the file is so young that it can change without a trace
    """
    return seen if now - max(seen[1], seen[2]) > YOUNG else UNSURE


def body(path: str, most: int) -> Optional[bytes]:
    """What is in a file.

    :param path: the file
    :param most: bytes that an item may have
    :returns: the bytes, None when there is no such file
    :raises ItemError: when it is larger
    :raises OSError: when it cannot be read
    """
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return None
    try:
        size = os.fstat(fd).st_size
        parts: "List[bytes]" = []
        while size <= most:
            data = os.read(fd, max(size, 4096) + 1)
            if not data:
                return b"".join(parts)
            parts.append(data)
            size = sum(len(one) for one in parts)
    finally:
        os.close(fd)
    raise ItemError(f"{path} is larger than {most} bytes", 413)


def kind(data: bytes, types: "Sequence[Tuple[str, str]]") -> str:
    """The media type of a body, by the version it states.

    :param data: the body
    :param types: those of the store; the first is for all that say nothing
    :returns: one of them
    """
    if len(types) > 1:
        upper = data[:2000].upper()
        for mark, name in _VERSIONS:
            if mark in upper and any(name == own for own, _ in types):
                return name
    return types[0][0]


def stem(data: bytes) -> str:
    """A file name from the UID of a body.

    :param data: the body
    :returns: the name without suffix; empty when it has no UID, or none that is a harmless name everywhere
    """
    at = max(data.find(b"\nUID"), data.find(b"\nuid"))
    if at < 0:
        return ""
    name, _, value = data[at + 1:at + 300].partition(b"\n")[0].partition(b":")
    text = value.strip().decode("ascii", "replace")
    if name.upper().split(b";")[0] != b"UID" or not 0 < len(text) <= 100:
        return ""
    return text if text[0] not in ".-" and _SANE.issuperset(text) else ""
