"""Places as users write them, and what they must never do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minisyncml.errors import UsageError
from minisyncml.store.batch import Keeper
from minisyncml.store.memory import MemoryStore
from minisyncml.store.place import Place, open_store, register, safe
from minisyncml.store.tiny import TinyStore
from minisyncml.store.vdir import VdirStore


def put(store: object, body: bytes = b"x") -> None:
    assert isinstance(store, Keeper)
    with store.begin() as batch:
        batch.put(None, store.types[0][0], body)
        batch.commit()


def test_folder(tmp_path: Path) -> None:
    for form in ("{}", "vdir:{}"):
        store = open_store(form.format(tmp_path / "c"), "contacts", str(tmp_path / "data"))
        assert isinstance(store, VdirStore)
        put(store)
        store.close()
    assert sorted(path.suffix for path in (tmp_path / "c").iterdir()) == [".vcf", ".vcf"]
    other = open_store(str(tmp_path / "other"), "contacts", str(tmp_path / "data"))
    other.refresh()
    assert len(list(other.rows())) == 0, "another folder is another datastore"
    other.close()


@pytest.mark.parametrize("place", ["./c", "c", "a/b", "./a:b", "~/c"])
def test_folders_by_shape(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    store = open_store(place, "notes", str(tmp_path / "data"))
    assert isinstance(store, VdirStore)
    assert store.folder == os.path.abspath(os.path.expanduser(place))
    assert not os.path.exists(store.folder), "made at the first use"
    store.close()


def test_tinydb_memory_default(tmp_path: Path) -> None:
    store = open_store(f"tinydb:{tmp_path}/x.db", "contacts", str(tmp_path / "data"))
    put(store)
    assert isinstance(store, TinyStore) and (tmp_path / "x.db").is_file()
    assert isinstance(open_store("memory:", "contacts", str(tmp_path)), MemoryStore)
    default = open_store("", "contacts", str(tmp_path / "data"), "bob")
    put(default)
    assert isinstance(default, TinyStore)
    assert (tmp_path / "data" / "bob" / "contacts.tinydb").is_file()
    store.close()
    default.close()


@pytest.mark.parametrize("name, types, suffix, form", [
    ("contacts", [("text/x-vcard", "2.1"), ("text/vcard", "3.0")], ".vcf", ("text/vcard", "3.0")),
    ("Calendar", [("text/x-vcalendar", "1.0"), ("text/calendar", "2.0")], ".ics", ("text/calendar", "2.0")),
    ("tasks", [("text/x-vcalendar", "1.0"), ("text/calendar", "2.0")], ".ics", ("text/calendar", "2.0")),
    ("notes", [("text/plain", "1.0")], ".txt", ("text/plain", "1.0")),
    ("files", [("application/vnd.omads-file+xml", "1.2")], "", ("application/vnd.omads-file+xml", "1.2")),
    ("mail", [("message/rfc822", "1.0")], ".eml", ("message/rfc822", "1.0")),
    ("other", [("text/plain", "1.0"), ("application/octet-stream", "")], "", ("", "")),
])
def test_types_by_name(tmp_path: Path, name: str, types: "list[tuple[str, str]]", suffix: str,
                       form: "tuple[str, str]") -> None:
    store = open_store(str(tmp_path / "c"), name, str(tmp_path / "data"))
    assert isinstance(store, VdirStore)
    assert (list(store.types), store.suffix, store.form) == (types, suffix, form)
    store.close()


@pytest.mark.parametrize("place", ["vdir:", "tinydb:", "nosuch:x", "http://example.com/x", "sqlite :x"])
def test_bad_places(tmp_path: Path, place: str) -> None:
    with pytest.raises(UsageError):
        open_store(place, "contacts", str(tmp_path))


USERS = ["", "bob", "Bob", "..", ".", "../bob", "a/b", "a%2Fb", "a\\b", "_anonymous", "%", "ü", "u\0", "\udc80", "~",
         "{user}", "c:", " "]


def test_users_stay_apart_and_inside(tmp_path: Path) -> None:
    names = [safe(user) for user in USERS]
    assert len(set(names)) == len(USERS)
    assert not [name for name in names if "/" in name or "\\" in name or "\0" in name or name[0] in ".~"]
    assert len({name for name in names if name[0] == "_"}) == 1
    for user in USERS:
        store = open_store(str(tmp_path / "all" / "{user}" / "contacts"), "contacts", str(tmp_path / "data"), user)
        put(store, user.encode("utf-8", "replace") or b"-")
        assert len(list(store.rows())) == 1
        store.close()
    assert sorted(os.listdir(tmp_path)) == ["all", "data"]
    assert sorted(os.listdir(tmp_path / "all")) == sorted(os.listdir(tmp_path / "data")) == sorted(names)


def test_own_scheme(tmp_path: Path) -> None:
    seen = []

    def opener(place: Place) -> MemoryStore:
        seen.append(place)
        return MemoryStore(place.types)

    register("mine", opener)
    store = open_store("mine:over/there?x={user}", "notes", str(tmp_path), "b/b")
    assert isinstance(store, MemoryStore)
    assert (seen[0].rest, seen[0].name, seen[0].data) == ("over/there?x=b%2Fb", "notes", str(tmp_path / "b%2Fb"))
    for bad in ("", "x", "X-Y", "a:b", "Abc"):
        with pytest.raises(UsageError):
            register(bad, opener)
