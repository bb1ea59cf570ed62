"""A folder for OBEX callers: the folder browsing service and the inbox. Never outside its root, links are not followed.

Folder listings are those of OBEX (folder-listing version 1.0), the capability object is made by :func:`capability`.
"""

from __future__ import annotations

import os
import stat
from typing import Iterator

from minisyncml.errors import ObexError
from minisyncml.obex import codes
from minisyncml.obex.headers import Pair
from minisyncml.obex.server import Get, Put, SetPath
from minisyncml.store.files import FILES, failure
from minisyncml.transport.obex import Reply, Service

LISTING = "x-obex/folder-listing"
CAPABILITY = "x-obex/capability"
MAX_DEPTH = 32
MAX_ENTRIES = 10_000        #: names in one listing
TEMPORARY = ".obex-"        #: begin of the names of files that are not whole yet; callers do not see them


class FolderService(Service):
    """One session in a folder.

    :param root: the folder
    :param about: the capability object, see :func:`capability`; empty: there is none
    :param largest: of a file that is given out, in bytes
    """

    def __init__(self, root: "str | os.PathLike[str]", about: bytes = b"", largest: int = 32 * 1024 * 1024) -> None:
        self._root = os.path.realpath(root)
        self._about = about
        self._largest = largest
        self._here: "list[str]" = []

    def setpath(self, request: SetPath) -> None:
        here = [] if request.name == "" and not request.up else list(self._here)
        if request.up:
            if not here:
                raise ObexError("there is nothing above", codes.NOT_FOUND)
            here.pop()
        if request.name:
            here += _parts(request.name)
        path = self._place(here)
        if not os.path.isdir(path):
            if not request.create or os.path.lexists(path) or not os.path.isdir(os.path.dirname(path)):
                raise ObexError("there is no such folder", codes.NOT_FOUND)
            try:
                FILES.make_folder(path)
            except OSError as error:
                raise failure(path, error) from None
        self._here = here

    def get(self, request: Get) -> Reply:
        asked, name = request.headers.type.lower(), request.headers.name
        if asked == LISTING:
            return Reply(self._listing(self._here + _parts(name)))
        if asked == CAPABILITY:
            if not self._about:
                raise ObexError("there is no capability object", codes.NOT_FOUND)
            return Reply(self._about)
        return Reply(self._read(self._file(name)))

    def put(self, request: Put) -> "tuple[Pair, ...]":
        path = self._file(request.headers.name)
        if request.body is None:
            _remove(path)
            return ()
        if os.path.isdir(path) or not os.path.isdir(os.path.dirname(path)):
            raise ObexError("no file can have that name", codes.FORBIDDEN)
        try:
            _write(path, request.body)
        except OSError as error:
            raise failure(path, error) from None
        return ()

    # -- inside

    def _file(self, name: str) -> str:
        parts = _parts(name)
        if not parts:
            raise ObexError("an object without a name", codes.NOT_FOUND)
        return self._place(self._here + parts)

    def _place(self, parts: "list[str]") -> str:
        """The path of a name; a link on the way, or at its end, leads nowhere."""
        if len(parts) > MAX_DEPTH:
            raise ObexError("too many folders in one another", codes.NOT_FOUND)
        path = os.path.join(self._root, *parts)
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):
            real = ""
        if real != path:
            raise ObexError("there is no such object", codes.NOT_FOUND)
        return path

    def _read(self, path: str) -> bytes:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            raise ObexError("there is no such object", codes.NOT_FOUND) from None
        try:
            facts = os.fstat(fd)
            if not stat.S_ISREG(facts.st_mode):
                raise ObexError("that is no file", codes.NOT_FOUND)
            if facts.st_size > self._largest:
                raise ObexError("the file is too large", codes.TOO_LARGE)
            with os.fdopen(os.dup(fd), "rb") as file:
                return file.read(self._largest)
        finally:
            os.close(fd)

    def _listing(self, parts: "list[str]") -> bytes:
        path = self._place(parts)
        if not os.path.isdir(path):
            raise ObexError("there is no such folder", codes.NOT_FOUND)
        lines = ['<?xml version="1.0" encoding="UTF-8"?>',
                 '<!DOCTYPE folder-listing SYSTEM "obex-folder-listing.dtd">', '<folder-listing version="1.0">']
        if parts:
            lines.append("<parent-folder/>")
        lines += sorted(_entries(path))
        return "\n".join([*lines, "</folder-listing>", ""]).encode("utf-8", "replace")


def _parts(name: str) -> "list[str]":
    """The parts of a name; some callers send a whole path."""
    parts = [part for part in name.split("/") if part]
    if any(part in (".", "..") or "\0" in part or "\\" in part or part.startswith(TEMPORARY)
           or not 0 < len(part.encode("utf-8", "ignore")) < 256 or any("\ud800" <= char <= "\udfff" for char in part)
           for part in parts):
        raise ObexError("there is no such object", codes.NOT_FOUND)
    return parts


def _entries(path: str) -> "Iterator[str]":
    try:
        with os.scandir(path) as found:
            for count, entry in enumerate(found):
                if count >= MAX_ENTRIES:
                    return
                name = _escaped(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    yield f'<folder name="{name}"/>'
                elif entry.is_file(follow_symlinks=False) and not entry.name.startswith(TEMPORARY):
                    yield f'<file name="{name}" size="{entry.stat(follow_symlinks=False).st_size}"/>'
    except OSError:
        raise ObexError("the folder cannot be read", codes.FORBIDDEN) from None


def _write(path: str, body: bytes) -> None:
    """Beside, then renamed: nobody sees half a file."""
    beside = os.path.join(os.path.dirname(path), f"{TEMPORARY}{os.getpid()}")
    fd = FILES.open(beside, fresh=True, mode=0o666)
    try:
        FILES.write(fd, body, 0)
        FILES.replace(beside, path)
    except OSError:
        FILES.unlink(beside)
        raise
    finally:
        FILES.close(fd)


def _remove(path: str) -> None:
    try:
        if os.path.isdir(path):
            os.rmdir(path)
        else:
            os.unlink(path)
    except FileNotFoundError:
        raise ObexError("there is no such object", codes.NOT_FOUND) from None
    except OSError:
        raise ObexError("it cannot be deleted", codes.FORBIDDEN) from None


def _escaped(text: str) -> str:
    clean = "".join(c if c >= " " else "?" for c in text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def capability(maker: str, model: str, serial: str = "") -> bytes:
    """A capability object that names the phone.

    :param maker: for example `Nokia`
    :param model: for example `6230`
    :param serial: its number, empty to leave it away
    :returns: XML
    """
    words = [f"<Manufacturer>{_escaped(maker)}</Manufacturer>", f"<Model>{_escaped(model)}</Model>"]
    if serial:
        words.append(f"<SN>{_escaped(serial)}</SN>")
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<Capability Version="1.0"><General>' + "".join(words)
            + "</General></Capability>\n").encode("utf-8", "replace")
