"""The datastores whose state is under a data folder, found by their files there."""

from __future__ import annotations

import os
from typing import Iterator, NamedTuple

from minisyncml.store.batch import Keeper
from minisyncml.store.files import FILES, Files
from minisyncml.store.place import ANONYMOUS, FORMS, KINDS, OTHERS
from minisyncml.store.tiny import TinyStore
from minisyncml.store.vdir import VdirStore


class Kept(NamedTuple):
    """One datastore. `path` is its file, or the journal of its folder."""

    user: str
    name: str
    path: str

    @property
    def is_folder(self) -> bool:
        """Whether its items are files of a folder."""
        return self.path.endswith((".vdir", ".filedir"))


def find(data: str) -> "Iterator[Kept]":
    """The databases that live under the data folder, and the folders that a journal there knows; a database that lives
    elsewhere is not known.

    :param data: the data folder, which need not exist
    :returns: in order of users and names
    """
    from urllib.parse import unquote
    folders = sorted(entry.name for entry in os.scandir(data) if entry.is_dir()) if os.path.isdir(data) else []
    for folder in folders:
        user = "" if folder == ANONYMOUS else unquote(folder)
        for file in sorted(os.listdir(os.path.join(data, folder))):
            name, _, kind = file.rpartition(".")
            if name and kind in ("tinydb", "vdir", "filedir"):
                plain = name if kind == "tinydb" else name.rpartition("-")[0]
                yield Kept(user, unquote(plain), os.path.join(data, folder, file))


def open_kept(one: Kept, files: Files = FILES) -> Keeper:
    """Open it.

    :param one: from :func:`find`
    :param files: what writes
    :returns: the store
    :raises StoreError: when it cannot be opened
    """
    types, suffix = KINDS.get(one.name.lower(), OTHERS)
    store: Keeper
    if one.path.endswith(".filedir"):
        from importlib import import_module  # loaded by those who have one
        store = import_module("minisyncml.store.filedir").FileStore("", one.path, files=files)
        return store
    if one.is_folder:
        store = VdirStore("", one.path, types, suffix, files=files)
    else:
        store = TinyStore(one.path, types, files=files)
    store.form = FORMS.get(one.name.lower(), ("", ""))
    return store


def place_of(one: Kept, store: Keeper) -> str:
    """Where its items are.

    :param one: from :func:`find`
    :param store: the same, open
    :returns: a file or folder
    """
    return store.folder if isinstance(store, VdirStore) else one.path
