"""Where a datastore is, as users write it: `./contacts`, `tinydb:FILE`, `memory:`; and what it takes by its name."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
import os
from typing import Callable, Dict, NamedTuple, Tuple

from minisyncml import limits as _limits
from minisyncml.digest import digest
from minisyncml.errors import UsageError
from minisyncml.store.base import Store
from minisyncml.store.files import FILES, Files
from minisyncml.store.memory import MemoryStore
from minisyncml.store.tiny import TinyStore
from minisyncml.store.vdir import VdirStore

Pairs = Tuple[Tuple[str, str], ...]

_CARDS: Pairs = (("text/x-vcard", "2.1"), ("text/vcard", "3.0"))
_FILES: Pairs = (("application/vnd.omads-file+xml", "1.2"),)
_CALENDAR: Pairs = (("text/x-vcalendar", "1.0"), ("text/calendar", "2.0"))
#: content types, the one that every phone takes first, and file name suffix (spec: DevInf, table of CTType and VerCT)
KINDS: "Dict[str, Tuple[Pairs, str]]" = {
    "contacts": (_CARDS, ".vcf"),
    "calendar": (_CALENDAR, ".ics"),
    "tasks": (_CALENDAR, ".ics"),
    "notes": ((("text/plain", "1.0"),), ".txt"),
    "files": (_FILES, ""),
    "mail": ((("message/rfc822", "1.0"),), ".eml"),
}
#: the form that items are kept in, whatever they come as
FORMS: "Dict[str, Tuple[str, str]]" = {
    "contacts": ("text/vcard", "3.0"), "calendar": ("text/calendar", "2.0"), "tasks": ("text/calendar", "2.0"),
    "notes": ("text/plain", "1.0"), "files": _FILES[0], "mail": ("message/rfc822", "1.0"),
}
OTHERS: "Tuple[Pairs, str]" = ((("text/plain", "1.0"), ("application/octet-stream", "")), "")
ANONYMOUS = "_anonymous"
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@+")


class Place(NamedTuple):
    """A place, taken apart. `rest` is what stands behind the scheme, `data` the folder for our state and defaults,
    `files` what writes.
    """

    rest: str
    name: str
    data: str
    types: Pairs
    suffix: str
    limits: _limits.Limits
    files: Files = FILES


Opener = Callable[[Place], Store]
_SCHEMES: "Dict[str, Opener]" = {}


def register(scheme: str, opener: Opener) -> None:
    """Teach :func:`open_store` another kind of place, `scheme:...`.

    :param scheme: two lower case letters or more
    :param opener: makes the store
    :raises UsageError: when the scheme cannot be told from a path
    """
    if not (len(scheme) > 1 and scheme.isalnum() and scheme == scheme.lower()):
        raise UsageError(f"{scheme!r} is no scheme for a place")
    _SCHEMES[scheme] = opener


def open_store(
    place: str, name: str, data: str, user: str = "", limits: _limits.Limits = _limits.DEFAULT,
    files: Files = FILES,
) -> Store:
    """Open the datastore that a user named.

    :param place: a folder (one item, one file), `tinydb:FILE`, `memory:` or a registered scheme; empty: a TinyDB
        database under `data`; `{user}` in it stands for the user
    :param name: `contacts`, `calendar`, `tasks`, `notes` or any other; it decides on content types
    :param data: the folder for our state
    :param user: whose datastore it is; each has its own state, and no name leads out of the folder
    :param limits: for the store
    :param files: what writes
    :returns: the store
    :raises UsageError: when the place is of no known kind
    :raises StoreError: when it cannot be opened
    """
    own = os.path.join(data, safe(user))
    types, suffix = KINDS.get(name.lower(), OTHERS)
    place = place.replace("{user}", safe(user)) if place else "tinydb:" + os.path.join(own, safe(name) + ".tinydb")
    scheme, colon, rest = place.partition(":")
    if not colon or place[0] in "./~" or os.sep in scheme:
        scheme, rest = "vdir", place
    opener = _SCHEMES.get(scheme)
    if opener is None:
        known = ", ".join(f"{one}:" for one in sorted(_SCHEMES))
        raise UsageError(f"{place}: no such kind of place; a folder, or one of {known}")
    store = opener(Place(rest, name, own, types, suffix, limits, files))
    if store.form == ("", ""):
        store.form = FORMS.get(name.lower(), ("", ""))
    return store


def safe(text: str) -> str:
    """A name as part of a path: different names stay different, and none leads anywhere else.

    :param text: any text, for example a user name from outside
    :returns: what a folder can be called
    """
    if not text:
        return ANONYMOUS
    first = text[0] in "._"     # hidden files, `..`, and our own name for nobody
    plain = [char if char in _SAFE and not (first and at == 0) else "".join(
        f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass")) for at, char in enumerate(text)]
    return "".join(plain)


def _vdir(place: Place) -> Store:
    if place.types == _FILES:
        return _filedir(place)
    return VdirStore(*_folder(place, "vdir"), place.types, place.suffix, place.limits, place.files)


def _filedir(place: Place) -> Store:
    from importlib import import_module  # loaded by those who have one
    kind = import_module("minisyncml.store.filedir").FileStore
    store: Store = kind(*_folder(place, "filedir"), place.limits, place.files)
    return store


def _folder(place: Place, kind: str) -> "Tuple[str, str]":
    """The folder, and the journal about it; its suffix says how the files are to be read."""
    if not place.rest:
        raise UsageError("a place needs the name of a folder")
    folder = os.path.abspath(os.path.expanduser(place.rest))
    # the folder is part of the name: another folder is another datastore, not one where everything was deleted
    journal = f"{safe(place.name)}-{digest(os.fsencode(folder))[:6].hex()}.{kind}"
    return folder, os.path.join(place.data, journal)


def _tinydb(place: Place) -> Store:
    if not place.rest:
        raise UsageError("tinydb: needs the name of a file")
    return TinyStore(os.path.abspath(os.path.expanduser(place.rest)), place.types, place.limits, place.files)


def _memory(place: Place) -> Store:
    return MemoryStore(place.types, place.limits)


register("vdir", _vdir)
register("filedir", _filedir)
register("tinydb", _tinydb)
register("memory", _memory)
