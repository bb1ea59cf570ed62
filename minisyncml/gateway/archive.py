"""The folder of a backup: `contacts/`, `calendar/`, `tasks/` and `notes/` with a file for each item, `backup.json` that
says what it is, and `INCOMPLETE` as long as it is not whole. Knows files, and no phone.
"""

from __future__ import annotations

import os
from typing import Any, Iterator, NamedTuple, Optional

from minisyncml.content.keys import properties
from minisyncml.content.pieces import pieces
from minisyncml.digest import digest
from minisyncml.errors import LimitError, StoreError, UsageError
from minisyncml.store import folder as reading
from minisyncml.store.files import FILES, Files, failure
from minisyncml.store.place import KINDS

MANIFEST, MARK, RAW, ASIDE = "backup.json", "INCOMPLETE", "irmc", "interrupted"
FORMAT, VERSION = "minisyncml backup", 1
#: what may be in the folder of a kind, and which kind
SUFFIXES = {"contacts": (".vcf",), "calendar": (".ics", ".vcs"), "tasks": (".ics", ".vcs"), "notes": (".txt", ".vnt")}
MAX_ITEMS = 100_000                 #: in one backup
MAX_BYTES = 512 * 1024 * 1024       #: in one backup
MAX_ITEM = 32 * 1024 * 1024         #: in one file
NAME = 40                           #: characters of a file's name that tell what is in it
_WORDS = "This backup broke off. What is here is good, but not all there was. Run it again: this is kept aside then.\n"


class Saved(NamedTuple):
    """One item of a backup."""

    kind: str
    body: bytes
    path: str


class Archive:
    """A backup that is being written. What it holds is whole at any moment, and marked until it is complete.

    :param folder: where it goes; missing, empty, or with a backup that broke off, which is put aside
    :param files: what writes
    :ivar counts: items of each kind
    :raises UsageError: when something else is there
    :raises StoreError: when nothing can be written
    """

    def __init__(self, folder: str, files: Files = FILES) -> None:
        self.folder = os.path.abspath(os.path.expanduser(folder))
        self.counts = dict.fromkeys(SUFFIXES, 0)
        self._files = files
        self._bytes = 0
        self._paths: "list[str]" = []
        self._twins: "dict[str, int]" = {}
        try:
            self._claim()
        except OSError as error:
            raise failure(self.folder, error) from None

    def _claim(self) -> None:
        self._files.make_folder(self.folder, 0o700)
        found = sorted(os.listdir(self.folder))
        if MARK in found:
            self._put_aside([name for name in found if name in (*SUFFIXES, RAW, MANIFEST)])
        elif MANIFEST in found:
            raise UsageError(f"{self.folder} holds a backup already, {described(self.folder)}; choose another folder")
        elif found:
            raise UsageError(f"{self.folder} is not empty ({found[0]} is there); choose another folder")
        self._write(os.path.join(self.folder, MARK), _WORDS.encode(), True)
        self._files.sync_folder(self.folder)

    def _put_aside(self, names: "list[str]") -> None:
        """A dying phone may never give again what it gave last time."""
        number = 1
        while os.path.exists(os.path.join(self.folder, f"{ASIDE}-{number}")):
            number += 1
        if names:
            place = os.path.join(self.folder, f"{ASIDE}-{number}")
            self._files.make_folder(place, 0o700)
            for name in names:
                self._files.replace(os.path.join(self.folder, name), os.path.join(place, name))

    def add(self, kind: str, body: bytes, before: str = "") -> str:
        """Write one item. Equal items get a file each.

        :param kind: `contacts`, `calendar`, `tasks` or `notes`; a task among the appointments goes to the tasks
        :param body: its bytes
        :param before: the path of an older version of it, which goes
        :returns: its path
        :raises StoreError: when it cannot be written
        :raises LimitError: when there is no end of items
        """
        kind = sorted_out(kind, body)
        self._bytes += len(body)
        if sum(self.counts.values()) >= MAX_ITEMS or self._bytes > MAX_BYTES:
            raise LimitError(f"the phone sends more than {MAX_ITEMS:,} items or {MAX_BYTES >> 20} MiB; "
                             "what came so far is in the folder")
        place = os.path.join(self.folder, kind)
        stem = f"{_slug(kind, body) or kind}-{digest(body)[:4].hex()}"
        number = self._twins[kind + stem] = self._twins.get(kind + stem, 0) + 1
        path = os.path.join(place, stem + (f"-{number}" if number > 1 else "") + SUFFIXES[kind][0])
        try:
            self._files.make_folder(place, 0o700)
            self._write(path, body)
            if before:
                self._files.unlink(before)
        except OSError as error:
            raise failure(place, error) from None
        self._paths.append(path)
        self.counts[kind] += not before
        return path

    def keep(self, name: str, data: bytes) -> None:
        """Keep a file as the phone gave it, beside what was made of it.

        :param name: of the file
        :param data: its bytes
        :raises StoreError: when it cannot be written
        """
        place = os.path.join(self.folder, RAW)
        try:
            self._files.make_folder(place, 0o700)
            self._write(os.path.join(place, os.path.basename(name)), data)
        except OSError as error:
            raise failure(place, error) from None
        self._paths.append(os.path.join(place, os.path.basename(name)))

    def complete(self, facts: "dict[str, Any]") -> None:
        """All is there: make it durable, and take the mark away.

        :param facts: what else `backup.json` is to say, JSON-able
        :raises StoreError: when that fails; the mark stays then
        """
        import json
        values = {"format": FORMAT, "version": VERSION, **facts, "items": self.counts}
        body = json.dumps(values, indent=1, ensure_ascii=False).encode() + b"\n"
        folders = [os.path.join(self.folder, name) for name in (*SUFFIXES, RAW)]
        try:
            self._files.sync_all([path for path in self._paths if os.path.exists(path)],
                                 [*filter(os.path.isdir, folders), self.folder])
            self._write(os.path.join(self.folder, MANIFEST), body, True)
            self._files.sync_folder(self.folder)
            self._files.unlink(os.path.join(self.folder, MARK))
            self._files.sync_folder(self.folder)
        except OSError as error:
            raise failure(self.folder, error) from None

    def give_up(self) -> None:
        """Nothing more comes. A folder that has got nothing at all is no backup that broke off.

        :raises StoreError: when the mark cannot be taken away
        """
        try:
            if os.listdir(self.folder) == [MARK]:
                self._files.unlink(os.path.join(self.folder, MARK))
        except OSError as error:
            raise failure(self.folder, error) from None

    def _write(self, path: str, data: bytes, durable: bool = False) -> None:
        beside = os.path.join(os.path.dirname(path), reading.TEMPORARY + "new")
        fd = self._files.open(beside, fresh=True)
        try:
            self._files.write(fd, data, 0)
            if durable:
                self._files.sync(fd)
        finally:
            self._files.close(fd)
        self._files.replace(beside, path)


def sorted_out(kind: str, body: bytes) -> str:
    """The kind of an item; many phones keep tasks among the appointments.

    :param kind: of the database it came from
    :param body: the item
    :returns: one of :data:`SUFFIXES`
    """
    if kind in ("calendar", "tasks"):
        upper = body.upper()
        return "tasks" if b"BEGIN:VTODO" in upper and b"BEGIN:VEVENT" not in upper else "calendar"
    return kind if kind in SUFFIXES else "notes"


def manifest(folder: str) -> "Optional[dict[str, Any]]":
    """What a backup says of itself.

    :param folder: the folder
    :returns: its values, None when it is no complete backup
    :raises StoreError: when it cannot be read, or is of a newer version
    """
    import json
    path = os.path.join(folder, MANIFEST)
    if os.path.exists(os.path.join(folder, MARK)):
        return None
    try:
        with open(path, "rb") as file:
            values = json.loads(file.read(1 << 20))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failure(path, error) from None
    except (ValueError, RecursionError):
        raise StoreError(f"{path} is damaged") from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise StoreError(f"{path} is not of a backup")
    if values.get("version") != VERSION:
        raise StoreError(f"{path} is of a newer version of this program")
    return values


def described(folder: str) -> str:
    """A backup in a few words.

    :param folder: the folder
    :returns: for example `of Nokia 6230, 2026-11-22 21:05`
    """
    try:
        values = manifest(folder) or {}
    except StoreError as error:
        return str(error)
    phone = values.get("phone")
    names = [str(phone.get(key) or "") for key in ("man", "mod")] if isinstance(phone, dict) else ["", ""]
    return f"of {called(*names) or 'a phone'}, {values.get('when')}"


def called(man: str, mod: str) -> str:
    """What people call a phone.

    :param man: its maker
    :param mod: its model; some say the maker once more there
    :returns: for example `Nokia 6230`, empty when neither is known
    """
    return mod if man and mod.lower().startswith(man.lower()) else f"{man} {mod}".strip()


def items(folder: str) -> "Iterator[Saved]":
    """The items of a backup, or of folders of the same names. A file may hold many vCards.

    :param folder: holds the folders of the kinds
    :returns: an iterator
    :raises StoreError: when a file cannot be read
    """
    for kind, suffixes in SUFFIXES.items():
        place = os.path.join(folder, kind)
        try:
            found = [name for name in os.listdir(place) if name.lower().endswith(suffixes)]
            for name in sorted(name for name in found if not name.startswith(".")):
                path = os.path.join(place, name)
                body = reading.body(path, MAX_ITEM) if os.path.isfile(path) and not os.path.islink(path) else None
                if body:
                    yield from (Saved(sorted_out(kind, one), one, path) for one in _single(kind, body))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise failure(place, error) from None


def _single(kind: str, body: bytes) -> "Iterator[bytes]":
    if kind == "contacts" and body.upper().count(b"BEGIN:VCARD") > 1:
        return pieces(body)
    return iter((body,))


def types_of(kind: str) -> "tuple[tuple[str, str], ...]":
    """What a datastore for a backup takes: all that phones may have there.

    :param kind: of its items
    :returns: (media type, version) pairs
    """
    types = KINDS[kind][0]
    return (*types, ("text/x-vnote", "1.1")) if kind == "notes" else types


def _slug(kind: str, body: bytes) -> str:
    """What a person would call an item, as part of a file name."""
    if kind == "notes" and body[:6].upper() != b"BEGIN:":
        text = body[:400].decode("utf-8", "replace").strip().partition("\n")[0]
    else:
        found = {name: value for name, value in reversed(list(properties(body[:20_000]))) if value.strip("; ")}
        text = found.get("FN") or " ".join(reversed(found.get("N", "").split(";")[:2])) or found.get("SUMMARY") \
            or found.get("ORG") or found.get("BODY") or found.get("TEL") or ""
    words = "".join(char if char.isalnum() else " " for char in text[:200]).split()
    return "_".join(words)[:NAME].rstrip("_")
