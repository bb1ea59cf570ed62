"""A folder as a store: what its user does there, names, and folders that are gone."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest

from minisyncml.errors import StoreError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.store.files import Files
from minisyncml.store.folder import signature
from minisyncml.store.vdir import VdirStore

from .powercut import Quick
from .suite import card

TYPES = (("text/x-vcard", "2.1"), ("text/vcard", "3.0"))
OLD = 1_000_000_000


class Place:
    """A store and its folder."""

    def __init__(self, where: Path) -> None:
        self.folder = where / "items"
        self.journal = where / "data" / "j"
        self.limits = DEFAULT
        self.files: Files = Quick()
        self.store = self.open()

    def open(self) -> VdirStore:
        self.store = VdirStore(str(self.folder), str(self.journal), TYPES, ".vcf", self.limits, self.files)
        return self.store

    def reopen(self) -> VdirStore:
        self.store.close()
        self.open()
        self.store.refresh()
        return self.store

    def write(self, name: str, data: bytes, age: int = 100) -> None:
        """A file of the user, written some seconds ago."""
        path = self.folder / name
        path.write_bytes(data)
        os.utime(path, (os.stat(path).st_atime, OLD - age))

    def bodies(self) -> "dict[str, bytes]":
        return {row.id: getattr(self.store.get(row.id), "body", b"?") for row in self.store.rows()}


@pytest.fixture
def place(tmp_path: Path) -> "Iterator[Place]":
    place = Place(tmp_path)
    place.store.refresh()
    yield place
    place.store.close()


def test_user_adds_edits_deletes(place: Place) -> None:
    place.write("a.vcf", card("a"))
    place.write("b.vcf", card("b"))
    place.store.refresh()
    assert sorted(place.bodies().values()) == [card("a"), card("b")]
    revision = place.store.revision
    place.store.refresh()
    assert place.store.revision == revision, "nothing changed"
    place.write("a.vcf", card("A"), 50)
    (place.folder / "b.vcf").unlink()
    place.write("c.vcf", card("c"))
    store = place.reopen()
    assert sorted(place.bodies().values()) == [card("A"), card("c")]
    assert all(row.revision > revision for row in store.rows())
    assert list(store.trash()) == [], "his own doing is no work of a sync"


def test_touched_is_not_changed(place: Place) -> None:
    place.write("a.vcf", card("a"))
    place.store.refresh()
    before = list(place.store.rows())
    os.utime(place.folder / "a.vcf", (1, 1))
    place.store.refresh()
    place.write("a.vcf", card("a"), 7)
    place.store.refresh()
    assert list(place.store.rows()) == before


def test_renamed_is_the_same_item(place: Place) -> None:
    place.write("a.vcf", card("a"))
    place.write("b.vcf", card("b"))
    place.store.refresh()
    before = list(place.store.rows())
    (place.folder / "a.vcf").rename(place.folder / "z.vcf")
    place.store.refresh()
    assert list(place.reopen().rows()) == before
    with place.store.begin() as batch:
        batch.remove(next(iter(key for key, body in place.bodies().items() if body == card("a"))))
        batch.commit()
    assert sorted(os.listdir(place.folder)) == ["b.vcf"]


def test_copies_are_two_items(place: Place) -> None:
    place.write("a.vcf", card("a"))
    place.write("b.vcf", card("a"))
    place.store.refresh()
    assert len(place.store) == 2


def test_same_size_and_time_are_found_by_ctime_or_rescan(place: Place) -> None:
    place.write("a.vcf", card("a"))
    place.store.refresh()
    place.write("a.vcf", card("b"))
    place.store.refresh()
    assert list(place.bodies().values()) == [card("b")]


def test_rescan_trusts_no_signature(place: Place) -> None:
    place.write("a.vcf", card("a"))
    place.store.refresh()
    place.write("a.vcf", card("b"))
    seen = signature(str(place.folder / "a.vcf"))
    assert seen is not None
    with place.store.begin():       # as on a disk that keeps no fine times: the signature is the one we know
        place.store._journal.append([("marks", [[1, -1, *seen]])])
    row = next(place.store.rows())
    place.store.refresh()
    assert next(place.store.rows()) == row
    place.store.refresh(rescan=True)
    assert next(place.store.rows()).revision > row.revision
    assert list(place.bodies().values()) == [card("b")]


def test_what_is_no_item_is_left_alone(place: Place) -> None:
    for name in (".hidden.vcf", "a.vcf~", "a.txt", ".minisyncml-x", "a.VCF.part"):
        place.write(name, b"x")
    (place.folder / "folder.vcf").mkdir()
    os.mkfifo(place.folder / "pipe.vcf")
    os.symlink("/etc/hostname", place.folder / "link.vcf")
    place.store.refresh()
    assert len(place.store) == 0
    assert sorted(os.listdir(place.folder)) == [
        ".hidden.vcf", ".minisyncml-x", "a.VCF.part", "a.txt", "a.vcf~", "folder.vcf", "link.vcf", "pipe.vcf"]


def test_names_in_capitals_are_items_too(place: Place) -> None:
    """As Windows and old cards give them."""
    place.write("ADA.VCF", card("Ada"))
    place.store.refresh()
    (row,) = place.store.rows()
    with place.store.begin() as batch:
        batch.put(row.id, "text/x-vcard", card("Grace"))
        batch.commit()
    assert os.listdir(place.folder) == ["ADA.VCF"] and (place.folder / "ADA.VCF").read_bytes() == card("Grace")


class Unplugged(Quick):
    """The power goes before a file takes its name."""

    def replace(self, old: str, new: str) -> None:
        raise OSError("unplugged")


def test_unfinished_files_are_tidied_up(place: Place) -> None:
    place.files = Unplugged()
    place.open()
    put(place.store)
    assert [path.suffix for path in place.folder.iterdir()] == [".tmp"]
    place.files = Quick()
    place.open().refresh()
    assert [path.read_bytes() for path in place.folder.iterdir()] == [card("z")]


def test_empty_file_is_being_written(place: Place) -> None:
    place.write("a.vcf", card("a"))
    place.store.refresh()
    before = list(place.store.rows())
    (place.folder / "a.vcf").write_bytes(b"")
    (place.folder / "b.vcf").write_bytes(b"")
    place.store.refresh()
    assert list(place.store.rows()) == before


def test_too_large_is_skipped(place: Place) -> None:
    place.store.close()
    place.limits = Limits(max_obj_size=100)
    place.open()
    place.write("big.vcf", b"x" * 101)
    place.write("a.vcf", card("a"))
    place.store.refresh()
    assert list(place.bodies().values()) == [card("a")]
    assert place.store.skipped == ["big.vcf"]
    place.write("a.vcf", b"y" * 101)
    place.store.refresh()
    assert sorted(place.store.skipped) == ["a.vcf", "big.vcf"]
    assert len(place.store) == 1, "not deleted"
    with place.store.begin() as batch:
        batch.put("1", "text/vcard", b"ours")
        batch.commit()
    assert (place.folder / "a.vcf").read_bytes() == b"y" * 101
    assert [t.body for t in place.store.trash()] == [b"ours"]


@pytest.mark.parametrize("data, kind", [
    (b"BEGIN:VCARD\r\nVERSION:2.1\r\n", "text/x-vcard"),
    (b"BEGIN:VCARD\nversion:3.0\n", "text/vcard"),
    (b"BEGIN:VCARD\nVERSION:4.0\n", "text/vcard"),
    (b"hello", "text/x-vcard"),
])
def test_type_by_content(place: Place, data: bytes, kind: str) -> None:
    place.write("a.vcf", data)
    place.store.refresh()
    assert [getattr(place.store.get(row.id), "type", "") for row in place.store.rows()] == [kind]


@pytest.mark.parametrize("uid, name", [
    (b"UID:abc-1.2_X", "abc-1.2_X.vcf"),
    (b"uid:low", "low.vcf"),
    (b"UID;X=y:par", "par.vcf"),
    (b"UID: spaced ", "spaced.vcf"),
    (b"UID:../../etc/passwd", ""),
    (b"UID:.hidden", ""),
    (b"UID:-rf", ""),
    (b"UID:a/b", ""),
    (b"UID:" + b"x" * 101, ""),
    (b"UID:", ""),
    (b"UIDX:no", ""),
    (b"UID:\xc3\xa4", ""),
    (b"UID:con\x00", ""),
])
def test_file_names(place: Place, uid: bytes, name: str) -> None:
    with place.store.begin() as batch:
        batch.put(None, "text/vcard", b"BEGIN:VCARD\r\n%s\r\nEND:VCARD\r\n" % uid)
        batch.commit()
    (found,) = os.listdir(place.folder)
    if name:
        assert found == name
    else:
        assert len(found) == 20 and found.endswith(".vcf") and found[0] in "0123456789abcdef"


def test_names_in_use_are_not_taken(place: Place) -> None:
    body = b"\nUID:a\n"
    with place.store.begin() as batch:
        for n in range(3):
            batch.put(None, "text/vcard", body + b"%d" % n)
        batch.commit()
    place.write("b.txt", b"")
    (place.folder / "c.vcf").mkdir()
    with place.store.begin() as batch:
        batch.remove("1")
        batch.put(None, "text/vcard", b"\nUID:c\n")
        batch.put(None, "text/vcard", body)
        batch.commit()
    assert len(place.bodies()) == 4 and b"?" not in place.bodies().values()
    assert len([name for name in os.listdir(place.folder) if name.endswith(".vcf")]) == 5
    with place.store.begin() as batch:
        batch.put("2", "text/vcard", body + b"changed")
        batch.commit()
    assert len(os.listdir(place.folder)) == 6, "a changed item keeps its name"


def test_mode_of_a_file_stays(place: Place) -> None:
    place.write("a.vcf", card("a"))
    os.chmod(place.folder / "a.vcf", 0o640)
    place.store.refresh()
    with place.store.begin() as batch:
        batch.put("1", "text/vcard", card("b"))
        batch.commit()
    assert os.stat(place.folder / "a.vcf").st_mode & 0o777 == 0o640


def test_folder_is_made_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert not place.folder.exists()
    with place.store.begin() as batch:
        batch.put(None, "text/vcard", card("a"))
        batch.commit()
    place.reopen()
    shutil.rmtree(place.folder)
    for use in (place.store.refresh, lambda: put(place.store), place.reopen):
        with pytest.raises(StoreError, match="items is gone"):
            use()
    assert not place.folder.exists()
    assert len(place.store) == 1
    place.store.close()


def put(store: VdirStore, body: bytes = card("z")) -> None:
    with store.begin() as batch:
        batch.put(None, "text/vcard", body)
        batch.commit()


def test_empty_mount_point(place: Place) -> None:
    for name in "abcd":
        place.write(f"{name}.vcf", card(name))
    place.store.refresh()
    disk = place.folder.with_name("disk")
    place.folder.rename(disk)
    place.folder.mkdir()
    with pytest.raises(StoreError, match="is its disk mounted"):
        place.store.refresh()
    assert len(place.store) == 4
    place.folder.rmdir()
    disk.rename(place.folder)
    place.store.refresh()
    assert len(place.store) == 4
    place.folder.rename(disk)
    shutil.copytree(disk, place.folder)
    place.store.refresh()
    assert len(place.store) == 4, "a copy of the folder is as good"
    for path in place.folder.iterdir():
        path.unlink()
    place.store.refresh()
    assert len(place.store) == 0, "the same folder, and its user emptied it"


def test_rescan_accepts_another_empty_folder(place: Place) -> None:
    place.write("a.vcf", card("a"))
    place.store.refresh()
    place.folder.rename(place.folder.with_name("old"))
    place.folder.mkdir()
    place.store.refresh(rescan=True)
    assert len(place.store) == 0


def test_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "items").write_bytes(b"")
    place = Place(tmp_path)
    with pytest.raises(StoreError, match="items"):
        place.store.refresh()
    with pytest.raises(StoreError, match="items"):
        put(place.store)
    place.store.close()


class Blocked(Files):
    """A disk that takes no new item files for a while."""

    on = False

    def replace(self, old: str, new: str) -> None:
        if self.on and new.endswith(".vcf"):
            raise OSError(28, "No space left on device")
        super().replace(old, new)


def test_commit_counts_even_when_files_cannot_be_written(tmp_path: Path) -> None:
    place = Place(tmp_path)
    files = place.files = Blocked()
    place.open()
    files.on = True
    with place.store.begin() as batch:
        batch.put(None, "text/vcard", card("a"))
        batch.put(None, "text/vcard", card("b"))
        batch.commit()
    assert list(place.bodies().values()) == [card("a"), card("b")]
    with pytest.raises(StoreError, match="disk is full"):
        place.store.checkpoint()
    with pytest.raises(StoreError, match="disk is full"):
        place.store.close()
    place.open()
    assert list(place.bodies().values()) == [card("a"), card("b")]
    files.on = False
    place.store.refresh()
    assert list(place.bodies().values()) == [card("a"), card("b")]
    assert len(os.listdir(place.folder)) == 2
    place.store.close()


def test_edit_between_scan_and_commit(place: Place) -> None:
    for name in "abcd":
        place.write(f"{name}.vcf", card(name))
    place.store.refresh()
    ids = {body: key for key, body in place.bodies().items()}
    place.write("a.vcf", b"my a")
    place.write("b.vcf", b"my b")
    (place.folder / "c.vcf").unlink()
    (place.folder / "d.vcf").unlink()
    with place.store.begin("s") as batch:
        row = batch.put(ids[card("a")], "text/vcard", b"their a", "replaced")
        batch.remove(ids[card("b")], "deleted")
        batch.put(ids[card("c")], "text/vcard", b"their c")
        batch.remove(ids[card("d")])
        batch.commit()
    expected = {ids[card("a")]: b"my a", ids[card("b")]: b"my b", ids[card("c")]: b"their c"}
    assert place.bodies() == expected
    assert getattr(place.store.row(row.id), "revision", 0) > row.revision, "due for the peer"
    assert b"their a" in [t.body for t in place.store.trash()]
    place.reopen()
    assert place.bodies() == expected
    assert sorted(path.read_bytes() for path in place.folder.iterdir()) == [b"my a", b"my b", b"their c"]


def test_deleted_after_the_commit_stays_deleted(place: Place) -> None:
    """Another handle must not take a file for lost that its user deleted."""
    with place.store.begin() as batch:
        batch.put(None, "text/vcard", b"\nUID:a\n")
        batch.commit()
    (place.folder / "a.vcf").unlink()
    other = VdirStore(str(place.folder), str(place.journal), TYPES, ".vcf")
    other.refresh()
    assert len(other) == 0
    other.close()
    place.store.refresh()
    assert len(place.store) == 0
    assert os.listdir(place.folder) == []


@pytest.mark.parametrize("count", [3, 100])
def test_checkpoint_syncs_files(place: Place, count: int) -> None:
    place.store.close()
    place.files = Files()
    place.open()
    with place.store.begin() as batch:
        for n in range(count):
            batch.put(None, "text/vcard", card(str(n)))
        batch.remove("1")
        batch.commit()
    os.unlink(place.folder / os.listdir(place.folder)[0])
    place.store.checkpoint()
    assert len(place.store._redo.rows) == 0
    place.store.refresh()
    assert len(place.bodies()) == count - 2


def test_random_walk_of_two(place: Place) -> None:
    """User and sync change the folder in turns; after each refresh the store is what the folder holds."""
    chance = random.Random(11)
    for step in range(150):
        files = sorted(place.folder.glob("*.vcf"))
        act = chance.randrange(6)
        if act == 0 or not files:
            place.write(f"u{step}.vcf", card(f"user {step}"))
        elif act == 1:
            place.write(chance.choice(files).name, card(f"edit {step}"), step)
        elif act == 2:
            chance.choice(files).unlink()
        else:
            rows = list(place.store.rows())
            with place.store.begin() as batch:
                if act == 3 or not rows:
                    batch.put(None, "text/vcard", card(f"sync {step}") + b"UID:s%d" % chance.randrange(40))
                elif act == 4:
                    batch.put(chance.choice(rows).id, "text/vcard", card(f"sync edit {step}"))
                else:
                    batch.remove(chance.choice(rows).id)
                batch.commit()
        if step % 20 == 19:
            place.reopen()
        place.store.refresh(rescan=step % 3 == 0)
        found = sorted(path.read_bytes() for path in place.folder.glob("*.vcf"))
        assert sorted(place.bodies().values()) == found
    assert not [name for name in os.listdir(place.folder) if not name.endswith(".vcf")]


class Meanwhile(Quick):
    """Something happens just before a file takes the place of another."""

    def __init__(self, what: "Callable[[], None]") -> None:
        super().__init__()
        self.what = what

    def replace(self, old: str, new: str) -> None:
        what, self.what = self.what, lambda: None
        if str(new).endswith(".vcf"):
            what()
        super().replace(old, new)


def test_two_journals_on_one_folder(tmp_path: Path) -> None:
    """Two users who share a folder: what one is writing the other neither takes for his nor tidies up."""
    here, there = Place(tmp_path / "here"), Place(tmp_path / "there")
    there.folder = here.folder

    def write() -> None:
        there.open().refresh()
        put(there.store, b"theirs")
        there.store.refresh()

    here.files = Meanwhile(write)
    here.open().refresh()
    put(here.store, b"mine")
    assert sorted(path.read_bytes() for path in here.folder.iterdir()) == [b"mine", b"theirs"]
