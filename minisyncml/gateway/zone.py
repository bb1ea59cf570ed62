"""The time zone that this machine lives in, by its IANA name: old phones know local time only. It reads only."""

from __future__ import annotations

import os
from typing import Iterator, Mapping, Optional

from minisyncml.errors import UsageError

ROOT = "/"
_FOLDERS = ("zoneinfo/", "zoneinfo-posix/", "zoneinfo-leaps/", "posix/", "right/")
_TABLES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
#: what machines are set to that nobody lives beside: a phone's clock, which is told no zone, shows something else
_NOWHERE = frozenset(("UTC", "UCT", "Zulu", "Universal", "GMT", "Greenwich", "Factory"))
_SANE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/")


def local_zone(environ: Mapping[str, str] = os.environ, root: str = ROOT) -> str:
    """The zone of this machine: that of TZ, of /etc/localtime or of /etc/timezone, in this order.

    UTC is what servers are set to, and says nothing of where phones are: then their times stay as they are written.

    :param environ: the environment
    :param root: the folder in which `etc` is
    :returns: an IANA name, as `Europe/Berlin`; empty when it cannot be told
    """
    given = environ.get("TZ")
    found = _named(given.lstrip(":")) if given else next(filter(None, map(_named, _told(root))), "")
    return "" if found.rpartition("/")[2].rstrip("+-0") in _NOWHERE else found


def zone_of(given: Optional[str], environ: Mapping[str, str] = os.environ, root: str = ROOT) -> str:
    """The zone that a user named, else that of this machine.

    :param given: what the user said, may be None or empty
    :param environ: the environment
    :param root: the folder in which `etc` is
    :returns: an IANA name; empty when nobody said it
    :raises UsageError: when there is no such zone
    """
    if not given:
        return local_zone(environ, root)
    if _named(given) != given:
        if unknown():
            raise UsageError(f"nothing is known of {given!r}: {unknown()}")
        raise UsageError(f"{given!r} is no time zone; they are called as in Europe/Berlin, or UTC")
    return given


def unknown() -> str:
    """What a user has to hear when this machine knows no time zones at all, as small ones do.

    :returns: words; empty when it knows them
    """
    return "" if _exists("Europe/London") else "there is no time zone data on this machine; install tzdata"


def _told(root: str) -> "Iterator[str]":
    try:
        yield os.readlink(os.path.join(root, "etc", "localtime"))
    except OSError:
        pass        # a copy, or missing
    try:
        with open(os.path.join(root, "etc", "timezone"), encoding="ascii", errors="replace") as file:
            yield file.read(200).strip()
    except OSError:
        pass


def _named(text: str) -> str:
    """The name of a zone at the end of a path, when there is one of that name."""
    for folder in _FOLDERS:
        text = text.rpartition(folder)[2]
    return text if _SANE.issuperset(text) and text[:1].isalpha() and _exists(text) else ""


def _exists(name: str) -> bool:
    """Looked up as files, where there are any: what reads zones is loaded when a time has to be converted."""
    tables = [table for table in _TABLES if os.path.isdir(table)]
    if tables:
        return any(os.path.isfile(os.path.join(table, *name.split("/"))) for table in tables)
    if name == "UTC":
        return True
    from zoneinfo import ZoneInfo
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return False
    return True
