"""A copy of our state to try things on, so that a dry run reads what is there and writes nothing.

The journals are copied; folders of files are read where they are, and whoever would write there is refused.
"""

from __future__ import annotations

import os

from minisyncml.errors import StoreError
from minisyncml.store.files import Files, failure
from minisyncml.store.place import safe


class Inside(Files):
    """Effects on one folder; all others are refused.

    :param folder: the folder
    """

    def __init__(self, folder: str) -> None:
        self._root = os.path.join(folder, "")

    def _check(self, path: str) -> None:
        if not os.path.abspath(path).startswith(self._root):
            raise StoreError(f"{path} must be written first: the last sync was cut short; run one that is not dry")

    def open(self, path: str, fresh: bool = False, mode: int = 0o600) -> int:
        """See :meth:`Files.open`.

        :raises StoreError: elsewhere
        """
        self._check(path)
        return super().open(path, fresh, mode)

    def replace(self, old: str, new: str) -> None:
        """See :meth:`Files.replace`.

        :raises StoreError: elsewhere
        """
        self._check(new)
        super().replace(old, new)

    def set_time(self, path: str, modified: int) -> None:
        """See :meth:`Files.set_time`.

        :raises StoreError: elsewhere
        """
        self._check(path)
        super().set_time(path, modified)

    def unlink(self, path: str) -> None:
        """See :meth:`Files.unlink`.

        :raises StoreError: elsewhere
        """
        self._check(path)
        super().unlink(path)

    def make_folder(self, path: str, mode: int = 0o777) -> None:
        """See :meth:`Files.make_folder`.

        :raises StoreError: elsewhere
        """
        if not os.path.isdir(path) and not os.path.abspath(path).startswith(self._root):
            raise StoreError(f"{path} does not exist; a sync makes it, a dry run does not")
        super().make_folder(path, mode)


class Rehearsal:
    """A temporary copy of the state of one user; a context manager.

    :param data: the folder for our state, which need not exist
    :param user: whose state
    :ivar data: the copy, while inside
    :ivar files: what writes there and nowhere else
    :raises StoreError: when it cannot be copied
    """

    def __init__(self, data: str, user: str = "") -> None:
        self.data = ""
        self.files: Files = Files()
        self._from = data
        self._own = safe(user)
        self._copied = 0

    def __enter__(self) -> "Rehearsal":
        import tempfile
        try:
            # the real path: what the folder of temporary files is called may be a link
            self.data = os.path.realpath(tempfile.mkdtemp(prefix="minisyncml-"))
        except OSError as e:
            raise failure(self._from, e) from e
        self.files = Inside(self.data)
        try:
            source = os.path.join(self._from, self._own)
            if os.path.isdir(source):
                os.mkdir(os.path.join(self.data, self._own))
                for name in os.listdir(source):
                    self._copy(os.path.join(source, name), os.path.join(self.data, self._own, name))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        import shutil
        shutil.rmtree(self.data, ignore_errors=True)

    def place(self, place: str) -> str:
        """A place to open instead of one that has its state outside the data folder.

        :param place: as :func:`minisyncml.store.place.open_store` takes it
        :returns: the same, or that of a copy
        :raises StoreError: when it cannot be copied
        """
        scheme, colon, path = place.partition(":")
        if scheme != "tinydb" or not colon:
            return place
        self._copied += 1
        copy = os.path.join(self.data, f"{self._copied}.tinydb")
        self._copy(os.path.abspath(os.path.expanduser(path)), copy)
        return f"tinydb:{copy}"

    def _copy(self, source: str, copy: str) -> None:
        import shutil
        try:
            if os.path.isfile(source):
                shutil.copyfile(source, copy)
        except FileNotFoundError:
            pass        # it went this very moment, as temporary files do
        except OSError as e:
            raise failure(source, e) from e
