"""A copy of the state: what is done there is done nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from minisyncml.errors import StoreError
from minisyncml.store.files import Files
from minisyncml.store.place import open_store
from minisyncml.store.rehearsal import Rehearsal


class Cut(Files):
    """Nothing gets its final name, as after a power cut."""

    def replace(self, old: str, new: str) -> None:
        raise OSError(5, "input/output error")


def put(place: str, data: Path, body: bytes, files: Files) -> None:
    store = open_store(place, "notes", str(data), files=files)
    with store.begin() as batch:
        batch.put(None, "text/plain", body)
        batch.commit()
    try:
        store.close()
    except StoreError:
        pass


@pytest.mark.parametrize("kind", ["", "tinydb:{}/notes.db", "{}/notes"])
def test_what_is_put_stays_there(kind: str, tmp_path: Path) -> None:
    place = kind.format(tmp_path)
    put(place, tmp_path / "data", b"milk", Files())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with Rehearsal(str(tmp_path / "data")) as state:
        store = open_store(state.place(place), "notes", state.data, files=state.files)
        store.refresh()
        with store.begin() as batch:
            batch.put(None, "text/plain", b"bread")
            batch.commit()
        assert len(store) == 2
        copy = Path(state.data)
    assert not copy.exists()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_unfinished_sync_is_told_and_not_finished(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    put(str(folder), tmp_path / "data", b"milk", Cut())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with Rehearsal(str(tmp_path / "data")) as state:
        store = open_store(state.place(str(folder)), "notes", state.data, files=state.files)
        with pytest.raises(StoreError, match="cut short"):
            store.refresh()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    with open_store(str(folder), "notes", str(tmp_path / "data")).begin():
        assert [path.read_bytes() for path in folder.glob("[!.]*.txt")] == [b"milk"]
