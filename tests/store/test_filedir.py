"""A folder of any files as a store: names, times and contents arrive, and nothing leaves the folder."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from minisyncml.content.omafiles import packed, taken_apart
from minisyncml.digest import digest
from minisyncml.errors import ItemError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.store.filedir import FileStore
from minisyncml.store.place import open_store

from .powercut import Disk, Quick, Recorder, rebuild
from .test_powercut import Script, view

WHEN, STAMP = 1_234_567_890, "20090213T233130Z"
FILE = "application/vnd.omads-file+xml"


def opened(where: Path, limits: Limits = DEFAULT) -> FileStore:
    return FileStore(str(where / "files"), str(where / "journal"), limits, Quick())


def tree(where: Path) -> "dict[str, bytes]":
    root = where / "files"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def put(store: FileStore, body: bytes, id: "str | None" = None) -> str:
    with store.begin() as batch:
        row = batch.put(id, FILE, body)
        batch.commit()
    return row.id


def parts(store: FileStore) -> "list[tuple[str, str | None, str, bytes]]":
    found = []
    for row in store.rows():
        item = store.get(row.id)
        assert item is not None and item.digest == row.digest == digest(item.body)
        found.append(taken_apart(item.body))
    return sorted(found)


def settle(path: Path, when: int = WHEN) -> None:
    os.utime(path, (when, when))


def test_files_become_items(tmp_path: Path) -> None:
    (tmp_path / "files" / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "files" / "a & b.txt").write_bytes(b"one\r\n\0")
    (tmp_path / "files" / "sub" / "deep" / "c").write_bytes(b"two")
    (tmp_path / "files" / ".hidden").write_bytes(b"no")
    for path in (tmp_path / "files").rglob("*[bc]*"):
        settle(path)
    os.symlink("/etc/passwd", tmp_path / "files" / "link")
    os.symlink("/etc", tmp_path / "files" / "links")
    store = opened(tmp_path)
    store.refresh()
    assert parts(store) == [("a & b.txt", None, STAMP, b"one\r\n\0"), ("c", "sub/deep", STAMP, b"two")]
    revision = store.revision
    store.refresh(rescan=True)
    assert store.revision == revision
    store.close()


def test_items_become_files_and_stay_what_they_are(tmp_path: Path) -> None:
    store = opened(tmp_path)
    bodies = [packed("a.txt", b"one", STAMP), packed("b", bytes(range(256)), STAMP, "x/y")]
    ids = [put(store, body) for body in bodies]
    assert tree(tmp_path) == {"a.txt": b"one", "x/y/b": bytes(range(256))}
    assert (tmp_path / "files" / "a.txt").stat().st_mtime == WHEN
    revision = store.revision
    store.refresh(rescan=True)
    assert store.revision == revision       # nothing that came goes back
    rows = [store.row(id) for id in ids]
    assert [row and row.digest for row in rows] == [digest(body) for body in bodies]
    store.close()
    again = opened(tmp_path)
    again.refresh()
    assert (len(again), again.revision) == (2, revision)
    with again.begin() as batch:
        batch.remove(ids[1], "gone there")
        batch.commit()
    assert tree(tmp_path) == {"a.txt": b"one"} and next(again.trash()).body == bodies[1]
    again.close()


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "..", ".", "", "a\0b", "C:\\x\\evil", ".bashrc", "CON",
                                  "x" * 4000, "\u202e", "a/../../evil", "\n", " . "])
@pytest.mark.parametrize("hostile", ["name", "folder"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str, hostile: str) -> None:
    where = tmp_path / "outer"
    where.mkdir()
    before = sorted(tmp_path.rglob("*"))
    store = opened(where)
    shell = packed("NAME", b"data", STAMP, "FOLDER")
    sane = name.replace("\0", "\x01").encode("utf-8")
    body = shell.replace(b"NAME", sane).replace(b"FOLDER", b"f") if hostile == "name" else \
        shell.replace(b"NAME", b"n").replace(b"FOLDER", sane)
    try:
        put(store, body)
    except ItemError:
        pass            # no XML
    found = tree(where)
    assert set(found.values()) <= {b"data"} and len(found) <= 1
    assert {path.name for path in tmp_path.rglob("*") if path not in before and "files" not in path.parts} \
        == {"journal"}
    revision = store.revision
    store.refresh(rescan=True)
    assert store.revision == revision
    store.close()


def test_links_are_not_followed_when_writing(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "files" / "sub")
    store = opened(tmp_path)
    put(store, packed("a", b"data", STAMP, "sub"))
    put(store, packed("a", b"data", STAMP, "sub/more"))
    assert os.listdir(tmp_path / "elsewhere") == []
    assert sorted(len(data) for data in tree(tmp_path).values()) == [4, 4]
    store.close()


def test_two_of_one_name_get_a_file_each(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for content in (b"one", b"two", b"two"):
        put(store, packed("a.txt", content, STAMP))
    found = tree(tmp_path)
    assert sorted(found.values()) == [b"one", b"two", b"two"] and found["a.txt"] == b"one"
    assert all(name.endswith(".txt") for name in found)
    store.close()


def test_renaming(tmp_path: Path) -> None:
    """Here it is one gone and one new; a peer's new name moves our file, in the folder where it is."""
    store = opened(tmp_path)
    id = put(store, packed("a.txt", b"one", STAMP, "sub"))
    put(store, packed("b.txt", b"two", STAMP), id)
    assert tree(tmp_path) == {"sub/b.txt": b"two"}
    store.refresh(rescan=True)
    assert [row.id for row in store.rows()] == [id]
    put(store, packed("b.txt", b"three", STAMP, "other"), id)
    assert tree(tmp_path) == {"other/b.txt": b"three"}
    os.rename(tmp_path / "files" / "other" / "b.txt", tmp_path / "files" / "c.txt")
    store.refresh()
    assert parts(store) == [("c.txt", None, STAMP, b"three")] and [row.id for row in store.rows()] != [id]
    store.close()


def test_a_name_that_only_we_can_have_stays(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "what?.txt").write_bytes(b"x")
    store = opened(tmp_path)
    store.refresh()
    put(store, packed("what_.txt", b"y", STAMP), next(iter(store.rows())).id)
    assert tree(tmp_path) == {"what?.txt": b"y"}
    store.close()


def test_what_is_too_large_or_cannot_be_said_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "big").write_bytes(bytes(3000))
    (tmp_path / "files" / "small").write_bytes(b"x")
    (tmp_path / "files" / "line\nbreak").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/files/\xff")).write_bytes(b"x")
    store = opened(tmp_path, DEFAULT._replace(max_obj_size=3000))
    store.refresh()
    assert [part[0] for part in parts(store)] == ["small"]
    assert sorted(store.skipped) == sorted(["big", "line\nbreak", os.fsdecode(b"\xff")])
    with pytest.raises(ItemError):
        put(store, packed("large", bytes(2900)))
    (tmp_path / "files" / "small").write_bytes(bytes(3000))
    store.refresh(rescan=True)
    assert len(store) == 1 and "small" in store.skipped      # too large now: no deletion
    store.close()


def test_what_is_no_file_object_is_refused(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for body in (b"text", b"<File><name>a</name></File>", b"<Folder><name>a</name></Folder>", b"<File>" * 9999):
        with pytest.raises(ItemError):
            put(store, body)
    assert len(store) == 0
    store.close()


def test_empty_files_count_once_they_are_old(tmp_path: Path) -> None:
    store = opened(tmp_path)
    put(store, packed("empty", b"", STAMP))
    assert tree(tmp_path) == {"empty": b""}
    store.refresh(rescan=True)
    assert parts(store) == [("empty", None, STAMP, b"")]
    store.close()


def test_an_edit_between_commit_and_writing_stays(tmp_path: Path) -> None:
    """The file that was to go, or to be replaced under another name, was edited by its user meanwhile."""
    store = opened(tmp_path)
    id = put(store, packed("a.txt", b"one", STAMP))
    store.checkpoint()
    (tmp_path / "files" / "a.txt").write_bytes(b"edited")
    put(store, packed("b.txt", b"two", STAMP), id)
    assert tree(tmp_path) == {"a.txt": b"edited", "b.txt": b"two"}
    store.refresh(rescan=True)
    assert [(name, data) for name, _, _, data in parts(store)] == [("a.txt", b"edited"), ("b.txt", b"two")]
    store.close()


def test_power_cuts(tmp_path: Path) -> None:
    """Adding, editing, renaming and deleting, cut at every effect. The time of a file is as durable as the file."""
    script = Script(tmp_path, lambda where, files: FileStore(str(where / "items"), str(where / "data" / "x"),
                                                             DEFAULT, files))
    script.batch(lambda b: [b.put(None, FILE, packed(name, name.encode(), STAMP)) for name in ("a", "b", "c")])
    script.batch(lambda b: [b.put("1", FILE, packed("renamed", b"other", STAMP), "replaced"), b.remove("2", "gone"),
                            b.put("3", FILE, packed("c", b"edited", STAMP))])
    script.store.checkpoint()
    script.note()
    script.batch(lambda b: [b.put("1", FILE, packed("a", b"back", STAMP)), b.put(None, FILE, packed("c", b"x", STAMP))])
    script.store.close()
    script.same()
    chance, looked = random.Random(7), 0
    for effects in range(script.acknowledged[0][0], len(script.files.log) + 1):
        for state in Disk(script.files.log[:effects]).states(chance, 6):
            rebuild(state, *script.folders)
            for path in (tmp_path / "items").iterdir():
                settle(path)
            after = Recorder()
            after.now = 2
            store = script.make(tmp_path, after)
            store.refresh()
            assert view(store) in script.expected(effects), f"after {effects}: {script.files.log[effects - 1][:2]}"
            store.close()
            assert sorted(os.listdir(tmp_path / "items")) == sorted(part[0] for part in parts(store))
            looked += 1
    assert looked > 50


def test_places(tmp_path: Path) -> None:
    for name, place in (("files", str(tmp_path / "one")), ("docs", f"filedir:{tmp_path / 'two'}")):
        store = open_store(place, name, str(tmp_path / "data"))
        assert isinstance(store, FileStore) and store.types == ((FILE, "1.2"),)
        store.close()
    mail = open_store(str(tmp_path / "mail"), "mail", str(tmp_path / "data"))
    assert mail.types == (("message/rfc822", "1.0"),) == (mail.form,)
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "a.eml").write_bytes(b"Subject: x\r\n\r\nHello\r\n")
    mail.refresh()
    assert len(mail) == 1
    mail.close()
