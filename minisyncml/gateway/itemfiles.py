"""Files and folders of items: what is in them, what they are, and items made into any other format of their family.

Knows formats and files, and no datastore: `convert`, `import` and `export` are built on it.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
import os
from typing import Callable, Dict, Iterator, List, NamedTuple, Set, Tuple

from minisyncml.content.form import PLAIN, Form
from minisyncml.content.formats import Format, find, format_of
from minisyncml.content.kind import BLANK, kind
from minisyncml.content.lines import Property
from minisyncml.content.pieces import joined, pieces
from minisyncml.errors import ItemError, UsageError
from minisyncml.status import UNSUPPORTED_TYPE
from minisyncml.store.files import FILES, Files

LARGEST = 64 << 20      #: bytes of one file
FILE = "application/vnd.omads-file+xml"
EMAIL = "application/vnd.omads-email+xml"
RAW = "application/octet-stream"
MESSAGE = "message/rfc822"


class Kind(NamedTuple):
    """A format by the name that users give it."""

    type: str
    version: str
    suffix: str         #: of files that hold it
    many: bool = True   #: whether one file holds several


NAMES: "Dict[str, Kind]" = {
    "vcard2.1": Kind("text/x-vcard", "2.1", ".vcf"),
    "vcard3.0": Kind("text/vcard", "3.0", ".vcf"),
    "vcard4.0": Kind("text/vcard", "4.0", ".vcf"),
    "vcalendar": Kind("text/x-vcalendar", "1.0", ".vcs"),
    "icalendar": Kind("text/calendar", "2.0", ".ics"),
    "sifc": Kind("text/x-s4j-sifc", "", ".sifc", False),
    "sife": Kind("text/x-s4j-sife", "", ".sife", False),
    "sift": Kind("text/x-s4j-sift", "", ".sift", False),
    "sifn": Kind("text/x-s4j-sifn", "", ".sifn", False),
    "vnote": Kind("text/x-vnote", "1.1", ".vnt"),
    "text": Kind("text/plain", "1.0", ".txt", False),
    "vbookmark": Kind("text/x-vbookmark", "1.0", ".vbm"),
    "url": Kind("application/x-mswinurl", "", ".url", False),
    "rfc822": Kind(MESSAGE, "", ".eml", False),
    "email": Kind(EMAIL, "1.2", ".xml", False),
    "file": Kind(FILE, "1.2", ".xml", False),
    "raw": Kind(RAW, "", "", False),
}
#: `sif`: the one for what an item is
SIF = {"contact": "sifc", "note": "sifn", "event": "sife", "task": "sift"}
CHOICES = (*(name for name in NAMES if name not in SIF.values()), "sif", *SIF.values())
_OF_SUFFIX = {".eml": MESSAGE, ".txt": "text/plain", ".url": "application/x-mswinurl"}
_OF_ROOT = {b"email": EMAIL, b"file": FILE, b"folder": "application/vnd.omads-folder+xml"}


class Found(NamedTuple):
    """One item in a file."""

    label: str          #: for people: the file, and which item of it
    name: str           #: of the file
    type: str           #: media type
    body: bytes
    modified: int = 0   #: when the file was changed, seconds since 1970


class Made(NamedTuple):
    """One item in the format that was wanted."""

    body: bytes
    kind: Kind
    name: str = ""      #: that the item itself says a file should have


def named(choice: str) -> Kind:
    """A format by its name.

    :param choice: one of :data:`CHOICES` but `sif`
    :returns: what it is
    """
    return NAMES[choice]


def files_in(place: str) -> "List[str]":
    """The files that a user means by a file or a folder; hidden ones are left out.

    :param place: a path
    :returns: paths in order of name
    :raises UsageError: when it cannot be read
    """
    try:
        if not os.path.isdir(place):
            os.stat(place)
            return [place]
        with os.scandir(place) as found:
            return sorted(os.path.join(place, one.name) for one in found if one.is_file() and one.name[0] != ".")
    except OSError as error:
        raise _unreadable(place, error) from None


def items_of(path: str, failed: "Callable[[str], None]", media_type: str = "",
             whole: bool = False) -> "Iterator[Found]":
    """The items of a file, one after the other.

    :param path: the file
    :param failed: is told what is none
    :param media_type: what they are; empty: by their first lines and the file's suffix
    :param whole: the file is one item, whatever is in it
    :returns: an iterator
    :raises UsageError: when the file cannot be read
    """
    try:
        with open(path, "rb") as file:
            modified = int(os.fstat(file.fileno()).st_mtime)
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(data) > LARGEST:
        failed(f"{path}: larger than {LARGEST >> 20} MiB")
        return
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and not whole:     # what Windows calls Unicode
        text = data.decode("utf-16", "replace").encode()
        data = text if text.lstrip(BLANK)[:6].upper() == b"BEGIN:" else data
    name, first = os.path.basename(path), media_type or (RAW if whole else type_of(path, data))
    if first in (RAW, MESSAGE, EMAIL, FILE, "text/plain") or not data.lstrip(BLANK)[:6].upper() \
            .startswith(b"BEGIN:"):
        yield Found(path, name, first, data, max(modified, 0))
        return
    number = 0
    for number, body in enumerate(joined(pieces(data)), 1):
        yield Found(f"{path}: item {number}", name, kind(body, first), body, max(modified, 0))
    if not number:
        failed(f"{path}: there is no item in it")


def type_of(path: str, data: bytes) -> str:
    """What a file holds.

    :param path: its suffix tells mail from notes
    :param data: its first lines tell the rest
    :returns: a media type
    """
    suffix = os.path.splitext(path)[1].lower()
    found = kind(data, _root(data) or _OF_SUFFIX.get(suffix) or RAW + ";")
    if found != RAW:
        return found
    found = kind(data, "text/plain")
    if found != "text/plain":
        return found
    try:
        return RAW if b"\0" in data or not data.decode("utf-8").strip() else "text/plain"
    except UnicodeDecodeError:
        return RAW


def _root(data: bytes) -> str:
    head = data[:2048].lstrip(BLANK)
    while head[:2] in (b"<?", b"<!"):
        head = head.partition(b"-->" if head.startswith(b"<!--") else b">")[2].lstrip()
    word = head[1:32].replace(b">", b" ").replace(b"/", b" ").split(None, 1)
    return _OF_ROOT.get(word[0].lower(), "") if head[:1] == b"<" and word else ""


def made(item: Found, choice: str, form: Form = PLAIN, source: Form = PLAIN) -> Made:
    """An item in another format of its family.

    :param item: what there is
    :param choice: one of :data:`CHOICES`
    :param form: how it is to be written; its type is filled in here
    :param source: how it was written
    :returns: the item
    :raises ItemError: when it is broken, or of another family, or cannot be said in that format
    """
    if choice in ("file", "raw") and item.type not in (FILE, RAW):
        item = item._replace(type=RAW)      # a file, whatever is in it
    format = format_of(item.body, item.type)
    if format is None:
        raise ItemError(f"{item.type} is no format that can be converted", UNSUPPORTED_TYPE)
    found = format.read(item.body, source)
    wanted = named(SIF.get(_what(format, found), "sifc") if choice == "sif" else choice)
    writer = find(wanted.type, wanted.version, format.family)
    if writer is None or writer.family != format.family:
        raise ItemError(f"{format.type} cannot be made into {choice}", UNSUPPORTED_TYPE)
    if wanted.type == FILE and item.type == RAW:
        found = [*found[:1], *_about(item), *found[1:]]
    body = writer.write(found, form._replace(type=wanted.type, version=wanted.version))
    name = next((each.value for each in found if each.name == "NAME"), "") if format.family == "file" else ""
    return Made(body, wanted, name)


def _about(item: Found) -> "Iterator[Property]":
    from time import gmtime, strftime
    yield Property("NAME", item.name)
    yield Property("MODIFIED", strftime("%Y%m%dT%H%M%SZ", gmtime(item.modified)))


def _what(format: Format, found: "List[Property]") -> str:
    if format.family != "calendar":
        return format.family
    return "task" if any(each.name == "BEGIN" and each.value.strip().upper() == "VTODO" for each in found) else "event"


class Folder:
    """A folder that gets a file for each item, or for all items of one source: no file is written twice.

    :param path: made when it is missing
    :param files: what writes
    """

    def __init__(self, path: str, files: Files = FILES) -> None:
        self.path = path
        self._files = files
        self._taken: "Set[str]" = set()
        self._written: "List[str]" = []
        self._numbers: "Dict[str, int]" = {}

    def write(self, stem: str, suffix: str, data: bytes, more: "Tuple[str, ...]" = ()) -> str:
        """Write a file.

        :param stem: of its name, safe
        :param suffix: of its name
        :param data: what goes in
        :param more: longer stems, for when a file of this run has the name already
        :returns: the path
        :raises UsageError: when it cannot be written
        """
        name = next((name for name in (stem + suffix, *(other + suffix for other in more))
                     if name.lower() not in self._taken), "")
        while not name or name.lower() in self._taken:
            number = self._numbers[stem + suffix] = self._numbers.get(stem + suffix, 1) + 1
            name = f"{stem}-{number}{suffix}"
        self._taken.add(name.lower())
        path = os.path.join(self.path, name)
        write(path, data, self._files, sync=False)
        self._written.append(path)
        return name

    def finish(self) -> None:
        """Make durable what was written.

        :raises UsageError: when that fails
        """
        try:
            if self._written:
                self._files.sync_all(self._written, [self.path])
        except OSError as error:
            raise UsageError(f"cannot write {self.path}: {(error.strerror or str(error)).lower()}") from None


def write(path: str, data: bytes, files: Files = FILES, sync: bool = True) -> None:
    """Write a file beside, then rename: one that is there stays whole until the new one is.

    :param path: the file
    :param data: what goes in
    :param files: what writes
    :param sync: make it durable at once
    :raises UsageError: when it cannot be written
    """
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        files.make_folder(os.path.dirname(os.path.abspath(path)))
        fd = files.open(beside, fresh=True, mode=0o666)
        try:
            files.write(fd, data, 0)
            if sync:
                files.sync(fd)
        finally:
            files.close(fd)
        files.replace(beside, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None


def _unreadable(path: str, error: OSError) -> UsageError:
    return UsageError(f"cannot read {path}: {(error.strerror or str(error)).lower()}")

