"""The only writer of files: every effect on a disk goes through one small class, so that tests can record it.

Reading needs no such care and is done where it is needed. Nothing here knows what is in the files.
"""

from __future__ import annotations

import errno
import os
from binascii import crc32
from typing import Iterable, Sequence

from minisyncml.errors import StoreError

_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "no rights to read or write it",
    errno.EPERM: "no rights to read or write it",
    errno.EROFS: "the disk is read-only",
    errno.ENOTDIR: "there is a file, where a folder is wanted",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EMFILE: "too many open files",
}
MANY = 64       #: from so many files on, one sync of all disks is cheaper than one for each file


def failure(path: str, error: OSError) -> StoreError:
    """An error of the system in words.

    :param path: the file or folder, when the error does not name one
    :param error: what happened
    :returns: the error to raise
    """
    words = _WORDS.get(error.errno or 0) or (error.strerror or str(error)).lower()
    return StoreError(f"{error.filename or path}: {words}")


class Files:
    """Effects on the real disk. All methods raise OSError."""

    def open(self, path: str, fresh: bool = False, mode: int = 0o600) -> int:
        """Open a file for reading and writing; it is created when it is not there.

        :param path: the file
        :param fresh: make it empty
        :param mode: rights of a new file
        :returns: a descriptor, to be closed with :meth:`close`
        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | (os.O_TRUNC if fresh else 0)
        return os.open(path, flags, mode)

    def close(self, fd: int) -> None:
        """Close a descriptor; says nothing about durability.

        :param fd: from :meth:`open`
        """
        os.close(fd)

    def write(self, fd: int, data: bytes, at: int) -> None:
        """Write all of it.

        :param fd: from :meth:`open`
        :param data: the bytes
        :param at: offset in the file
        """
        view = memoryview(data)
        while len(view):
            done = os.pwrite(fd, view, at)
            view = view[done:]
            at += done

    def truncate(self, fd: int, size: int) -> None:
        """Cut a file.

        :param fd: from :meth:`open`
        :param size: bytes that stay
        """
        os.ftruncate(fd, size)

    def sync(self, fd: int) -> None:
        """Make the content of a file durable.

        :param fd: from :meth:`open`
        """
        os.fsync(fd)

    def replace(self, old: str, new: str) -> None:
        """Rename, over what may be there; not durable before :meth:`sync_folder`.

        :param old: the name now
        :param new: the name then
        """
        os.replace(old, new)

    def set_time(self, path: str, modified: int) -> None:
        """Set the time of a file's last change.

        :param path: the file
        :param modified: seconds since 1970
        """
        os.utime(path, (modified, modified))

    def unlink(self, path: str) -> None:
        """Delete a file; not durable before :meth:`sync_folder`.

        :param path: the file
        """
        os.unlink(path)

    def make_folder(self, path: str, mode: int = 0o777) -> None:
        """Create a folder and those above it, durably; nothing happens when it is there.

        :param path: the folder
        :param mode: rights of a new folder
        """
        if os.path.isdir(path):
            return
        above = os.path.dirname(os.path.abspath(path))
        self.make_folder(above, mode)
        try:
            os.mkdir(path, mode)
        except FileExistsError:
            return
        self.sync_folder(above)

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder durable.

        :param path: the folder
        """
        fd = os.open(path or ".", os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def sync_all(self, paths: "Sequence[str]", folders: "Iterable[str]") -> None:
        """Make many files and the names in their folders durable.

        :param paths: files; those that are gone are passed over
        :param folders: folders
        """
        import sys

        if len(paths) >= MANY and sys.platform.startswith("linux"):
            os.sync()       # waits on Linux; elsewhere it may return early
            return
        for path in paths:
            try:
                fd = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        for folder in folders:
            self.sync_folder(folder)

    def boot(self) -> int:
        """A number of this run of the machine: what was written in the same run needs no sync to be read back.

        :returns: never the same after a power cut; 0 when not known
        """
        try:
            with open("/proc/sys/kernel/random/boot_id", "rb") as file:
                return crc32(file.read()) or 1
        except OSError:
            return 0


FILES = Files()
