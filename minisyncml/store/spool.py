"""Where parts of a large object wait for the rest: a file for each, gone when the object is whole or its session over.

Nothing here lasts: what a killed process left behind is removed by the next one that is alone with the folder.
"""

from __future__ import annotations

import os

from minisyncml.errors import StoreError
from minisyncml.store.files import FILES, Files, failure

FOLDER = ".spool"   #: under the folder for our state; no user's folder begins with a dot


class Spools:
    """Makes the files; one for each process.

    :param folder: where they are
    :param files: what writes
    :raises StoreError: when it cannot be made
    """

    def __init__(self, folder: str, files: Files = FILES) -> None:
        self.folder, self.files = folder, files
        try:
            files.make_folder(folder, 0o700)
            lock = os.path.join(folder, "lock")
            self._fd = files.open(lock)     # shared by all who use the folder, so who gets it alone may tidy up
            if _lock(self._fd, alone=True):
                for name in os.listdir(folder):
                    if name != "lock":
                        files.unlink(os.path.join(folder, name))
            _lock(self._fd, alone=False)
        except OSError as e:
            raise failure(folder, e) from e

    def __call__(self, state: object = None) -> "Spool":
        """A file.

        :param state: from :meth:`Spool.state`, to go on with that one
        :returns: the file, which is written when there is something to be kept
        """
        name = state if isinstance(state, str) and state.isalnum() else os.urandom(8).hex()
        return Spool(self, name)

    def close(self) -> None:
        """This process is done with the folder."""
        self.files.close(self._fd)


class Spool:
    """One object on its way; see :class:`minisyncml.engine.chunks.Spool`."""

    def __init__(self, spools: Spools, name: str) -> None:
        self._files, self._name = spools.files, name
        self._path = os.path.join(spools.folder, name)

    def state(self) -> object:
        """What :class:`Spools` finds it by.

        :returns: its name
        """
        return self._name

    def add(self, data: bytes, at: int) -> None:
        """Append a part.

        :param data: the part
        :param at: how much is there already; what is behind is dropped
        :raises StoreError: when it cannot be kept
        """
        try:
            fd = self._files.open(self._path)
            try:
                if os.fstat(fd).st_size < at:
                    raise StoreError(f"{self._path}: what was there is gone")
                self._files.truncate(fd, at)
                self._files.write(fd, data, at)
            finally:
                self._files.close(fd)
        except OSError as e:
            raise failure(self._path, e) from e

    def read(self) -> bytes:
        """All of it.

        :returns: what is there, empty when nothing is (any more)
        :raises StoreError: when it cannot be read
        """
        try:
            with open(self._path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""
        except OSError as e:
            raise failure(self._path, e) from e

    def drop(self) -> None:
        """It is not needed any more."""
        try:
            self._files.unlink(self._path)
        except OSError:     # never written, or gone; else the next process tidies up
            pass


def _lock(fd: int, alone: bool) -> bool:
    """Whether it was to be had at once. Where the system has no flock, nobody is ever alone."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(fd, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
