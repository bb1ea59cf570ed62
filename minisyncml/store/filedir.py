"""A folder of any files, and the folders in it, as a store: an item is a file object of OMA DS 1.2 with the name, the
time of the last change and the content of one file.

Journal, recovery and deletion are those of :class:`VdirStore`; here is how a file becomes an item, and an item a file
that is in the folder whatever its name says. Renaming a file deletes one item and adds another; a peer that renames one
of its own renames ours. A folder in the folder travels as the `Ext` element X-minisyncml-folder; others see the file
without it. Hidden files, links and what is neither file nor folder are left alone, and so are names that XML or UTF-8
cannot say. The objects are read and written by :mod:`minisyncml.content.omafiles`, which is loaded with the first store
of this kind.
"""

from __future__ import annotations

import os
from errno import EPERM
from stat import S_ISDIR
from time import gmtime, strftime, time, time_ns
from typing import Any, Iterator, List, Optional, Set, Tuple

from minisyncml import limits as _limits
from minisyncml.digest import digest as digest_of
from minisyncml.errors import ItemError
from minisyncml.store import folder as _folder
from minisyncml.store.files import FILES, Files
from minisyncml.store.folder import UNSURE, Signature
from minisyncml.store.tables import to_bytes
from minisyncml.store.vdir import VdirStore, torn

TYPE = "application/vnd.omads-file+xml"
DEEPEST = 16            #: folders in one another
LONGEST = 800           #: bytes of the whole name, folders included


class FileStore(VdirStore):
    """A folder of files of any kind.

    :param folder: the folder; it is created at the first use, and never again
    :param path: the journal
    :param limits: bounds of the trash and of an item, which is a third larger than its file
    :param files: what writes
    :raises StoreError: when the journal cannot be read, is damaged, or of a newer version
    """

    types = ((TYPE, "1.2"),)
    form = types[0]

    def __init__(self, folder: str, path: str, limits: _limits.Limits = _limits.DEFAULT, files: Files = FILES) -> None:
        from importlib import import_module
        self._objects: Any = import_module("minisyncml.content.omafiles")
        super().__init__(folder, path, None, "", limits, files)

    def check(self, id: int, type: str, body: bytes) -> None:
        """Refuse what is too large, and what is no file object with content; see :meth:`Keeper.check`."""
        super().check(id, type, body)
        self._unpacked(body)

    # -- names

    def _names(self, left: "List[str]") -> "Iterator[Tuple[str, Signature]]":
        waiting = [""]
        while waiting:
            here = waiting.pop()
            inside: "List[str]" = []
            for name, seen in _folder.names(os.path.join(self.folder, here), "", inside):
                if _sayable(name):
                    yield os.path.join(here, name), seen
                else:
                    self.skipped.append(os.path.join(here, name))
            left += (os.path.join(here, name) for name in inside)
            if here.count(os.sep) < DEEPEST:
                waiting += self._folders(here)

    def _folders(self, here: str) -> "Iterator[str]":
        with os.scandir(os.path.join(self.folder, here)) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False) and not one.name.startswith(".") and _sayable(one.name):
                    yield os.path.join(here, one.name)

    def _below(self, wanted: str) -> str:
        """A folder that a peer named, as far as it may be one: below ours, through no link."""
        parts: "List[str]" = [self._objects.safe_name(part) for part in wanted.split("/") if part.strip(". ")]
        if not parts or len(parts) > DEEPEST or len("/".join(parts).encode("utf-8", "replace")) > LONGEST - 256:
            return ""
        path = self.folder
        for part in parts:
            path = os.path.join(path, part)
            try:
                if not S_ISDIR(os.lstat(path).st_mode):
                    return ""
            except OSError:
                break
        return os.path.join(*parts)

    def _placed(self, body: bytes, old: str, taken: "Set[str]") -> "Tuple[str, bytes]":
        name, place, modified, data = self._unpacked(body)
        former, stem = os.path.split(old)
        if old and (not name or self._objects.safe_name(name) == self._objects.safe_name(stem)):
            name = stem             # said in letters that go everywhere
        else:
            name = self._objects.safe_name(name)
        wanted = os.path.join(former if place is None else self._below(place), name)
        if wanted != old and not self._is_free(wanted, taken):
            wanted = self._free(wanted, data, taken)
        taken.add(wanted)
        return wanted, self._packed(wanted, data, modified)

    def _free(self, wanted: str, data: bytes, taken: "Set[str]") -> str:
        """Another name, the same for the same content."""
        stem, suffix = os.path.splitext(wanted)
        name = f"{stem}-{digest_of(data)[:2].hex()}{suffix}"
        while not self._is_free(name, taken):
            name = f"{stem}-{os.urandom(4).hex()}{suffix}"
        return name

    def _is_free(self, name: str, taken: "Set[str]") -> bool:
        known = name in taken or name in self._redo.going or self._items.rows.by_text(to_bytes(name))
        return not known and not os.path.lexists(self._path(name))

    # -- files and items

    def _body(self, name: str, data: bytes, seen: Signature) -> bytes:
        return self._packed(name, data, max(seen[1], 0) // 1_000_000_000)

    def _write(self, path: str, body: bytes, mode: int) -> None:
        _, _, modified, data = self._unpacked(body)
        folder, root = os.path.dirname(path), os.path.realpath(self.folder)
        if os.path.realpath(folder) != os.path.normpath(os.path.join(root, os.path.relpath(folder, self.folder))):
            raise PermissionError(EPERM, "a link leads elsewhere", folder)
        self._files.make_folder(folder)
        super()._write(path, data, mode)
        self._files.set_time(path, modified)

    def _torn(self, there: bytes, body: bytes) -> bool:
        return torn(there, self._unpacked(body)[3])

    def _kind(self, body: bytes) -> str:
        return TYPE

    def _counts(self, data: bytes, seen: Signature) -> bool:
        return bool(data) or _folder.settled(seen, time_ns()) != UNSURE

    def _packed(self, name: str, data: bytes, modified: int) -> bytes:
        place, name = os.path.split(name)
        stamp = strftime("%Y%m%dT%H%M%SZ", gmtime(modified))
        body: bytes = self._objects.packed(name, data, stamp, place.replace(os.sep, "/"))
        if len(body) > self.limits.max_obj_size:
            raise ItemError(f"{name} is larger than {self.limits.max_obj_size} bytes", 413)
        return body

    def _unpacked(self, body: bytes) -> "Tuple[str, Optional[str], int, bytes]":
        """Name, folder (None: it names none), seconds since 1970, content."""
        name, place, stamp, data = self._objects.taken_apart(body)
        return name, place, _seconds(stamp), data


def _sayable(name: str) -> bool:
    return len(name.encode("utf-8", "replace")) < 256 and name.isprintable()


def _seconds(stamp: str) -> int:
    """A time in UTC (20090401T145153Z); now where it is none."""
    from calendar import timegm
    digits = stamp.replace("-", "").replace(":", "").strip()
    try:
        parts = [int(digits[at:at + size]) for at, size in ((0, 4), (4, 2), (6, 2), (9, 2), (11, 2), (13, 2))]
        found = timegm((*parts, 0, 0, 0))
    except ValueError:
        found = -1
    return found if 0 <= found < 1 << 33 else int(time())
