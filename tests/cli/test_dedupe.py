"""`minisyncml dedupe`: shows, and changes only what it was told to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from minisyncml.cli.main import main
from minisyncml.store.base import Entry
from minisyncml.store.place import open_store

CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%d\r\nN:Doe;Jane\r\nFN:Jane Doe\r\nTEL:5551234\r\nEND:VCARD\r\n"
NEAR = b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Roe;Max\r\nTEL:%d\r\nEND:VCARD\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "contacts"
    made.mkdir()
    for number in range(3):
        (made / f"{number}.vcf").write_bytes(CARD % number)
    for number in (7777777, 8888888):
        (made / f"{number}.vcf").write_bytes(NEAR % number)
    return made


def run(folder: Path, *words: str) -> int:
    return main(["dedupe", f"contacts={folder}", "--data", str(folder.parent / "data"), *words])


def names(folder: Path) -> "list[str]":
    return sorted(path.name for path in folder.glob("*.vcf"))


@pytest.mark.parametrize("words", ((), ("--dry-run",)))
def test_it_only_shows(folder: Path, words: "tuple[str, ...]", capsys: "pytest.CaptureFixture[str]") -> None:
    assert run(folder, *words) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines() == ["contacts: 2 too many in 1 group", "  3 times 'Jane Doe'",
                                  "  'Roe Max' and 'Roe Max' look alike and stay",
                                  "nothing was changed; --apply makes one of each group"]
    assert len(names(folder)) == 5 and not (folder.parent / "data").exists()


def test_it_cleans_up(folder: Path, capsys: "pytest.CaptureFixture[str]") -> None:
    assert run(folder, "--apply", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    [part] = done["datastores"]
    assert done["applied"] and (part["removed"], part["united"], part["extra"]) == (2, 0, 2)
    assert len(names(folder)) == 3
    store = open_store(str(folder), "contacts", str(folder.parent / "data"))
    assert [one.reason for one in store.trash()] == ["duplicate"] * 2
    store.close()
    assert main(["restore", part["session"], "--data", str(folder.parent / "data")]) == 0
    assert "Jane Doe is back" in capsys.readouterr().out and len(names(folder)) == 5
    assert run(folder, "--apply") == 0 and len(names(folder)) == 3
    capsys.readouterr()
    assert run(folder, "--apply") == 0
    assert capsys.readouterr().out.startswith("contacts: nothing is there twice\n")


def test_it_says_what_the_next_sync_does(folder: Path, capsys: "pytest.CaptureFixture[str]") -> None:
    store = open_store(str(folder), "contacts", str(folder.parent / "data"))
    store.refresh()
    with store.begin() as batch:
        for row in list(store.rows()):
            batch.set_entry("phone|card", Entry(row.id, f"L{row.id}", 99))
        batch.commit()
    store.close()
    assert run(folder, "--apply") == 0
    assert "the next sync deletes 2 in card of phone" in capsys.readouterr().out


def test_a_name_alone_is_the_folder_that_was_synced(folder: Path, capsys: "pytest.CaptureFixture[str]") -> None:
    data = ("--data", str(folder.parent / "data"))
    assert main(["dedupe", "contacts", *data]) == 2
    assert "there is no contacts under" in capsys.readouterr().err
    store = open_store(str(folder), "contacts", data[1])
    store.refresh()
    store.close()
    assert main(["dedupe", "contacts", *data]) == 0 and "2 too many" in capsys.readouterr().out
    assert main(["dedupe", "contacts", "--apply", *data]) == 0 and len(names(folder)) == 3


@pytest.mark.parametrize("words", (["dedupe"], ["dedupe", "contacts=./x", "--apply", "--dry-run"]))
def test_wrong_usage(words: "list[str]", capsys: "pytest.CaptureFixture[str]") -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("minisyncml: ")
