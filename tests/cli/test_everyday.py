"""`minisyncml contacts`, `files` and the like, against real servers and an emulated phone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli.test_cli import cli, served
from helpers import ROOT

from minisyncml.cli.main import main, parse

WHEN = 1_234_567_890


def tree(root: Path) -> "dict[str, bytes]":
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_files_go_both_ways(tmp_path: Path) -> None:
    """By the mere host; names, folders, times and contents arrive, renamed and deleted ones, too."""
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "sub" / "deep").mkdir(parents=True)
    there.mkdir()
    big = os.urandom(300_000)
    (here / "sub" / "deep" / "big.bin").write_bytes(big)
    (here / "a & ü.txt").write_bytes(b"one\r\n\0")
    os.utime(here / "a & ü.txt", (WHEN, WHEN))
    (there / "b").write_bytes(b"two")
    with served("--data", tmp_path / "s", f"files={there}") as (url, _):
        def sync() -> str:
            done = cli("files", url.split("/")[2], here, "--data", tmp_path / "c")
            assert (done.returncode, done.stderr) == (0, b"")
            return done.stdout.decode()

        sync()
        assert tree(here) == tree(there) == {"sub/deep/big.bin": big, "a & ü.txt": b"one\r\n\0", "b": b"two"}
        assert (there / "a & ü.txt").stat().st_mtime == WHEN
        (here / "b").rename(here / "sub" / "c")
        (there / "sub" / "deep" / "big.bin").unlink()
        (there / "a & ü.txt").write_bytes(b"edited")
        sync()
        assert tree(here) == tree(there) == {"a & ü.txt": b"edited", "sub/c": b"two"}
        assert [line.split()[-5:] for line in sync().splitlines()[1:3]] == [["0"] * 5] * 2


def test_files_that_both_sides_have(tmp_path: Path) -> None:
    """Equal ones are the same whatever their time; of two versions of one name none is lost."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, when in ((here, WHEN), (there, WHEN + 99)):
        folder.mkdir()
        (folder / "same").write_bytes(b"same")
        os.utime(folder / "same", (when, when))
        (folder / "which.txt").write_bytes(folder.name.encode())
    with served("--data", tmp_path / "s", f"files={there}") as (url, _):
        for _ in range(2):
            assert cli("files", url, here, "--data", tmp_path / "c").returncode == 0
            for folder in (here, there):
                assert sorted(tree(folder).values()) == [b"here", b"same", b"there"]
                assert (folder / "which.txt").read_bytes() == folder.name.encode()
    assert (here / "same").stat().st_mtime == (there / "same").stat().st_mtime


def test_a_file_that_is_too_large_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (here / "small").write_bytes(b"x")
    with open(here / "huge", "wb") as file:
        file.truncate(40 << 20)
    with served("--data", tmp_path / "s", f"files={there}") as (url, _):
        done = cli("files", url, here, "--data", tmp_path / "c")
    assert done.returncode == 1 and b"files: huge failed here: left out" in done.stdout
    assert tree(there) == {"small": b"x"}


@pytest.mark.parametrize("name, place", [("files", "{}"), ("docs", "filedir:{}")])
def test_a_file_that_a_sync_took_comes_back(tmp_path: Path, name: str, place: str) -> None:
    """Not as the object that it travelled as."""
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "sub").mkdir(parents=True)
    for file in ("sub/a", "b", "c"):
        (here / file).write_bytes(file.encode())
    with served("--data", tmp_path / "s", f"{name}={place.format(there)}") as (url, _):
        for _ in range(2):
            assert cli("sync", url, f"{name}={place.format(here)}", "--data", tmp_path / "c").returncode == 0
            if (there / "sub" / "a").exists():
                (there / "sub" / "a").unlink()
    assert sorted(tree(here)) == ["b", "c"]
    listed = cli("restore", "--data", tmp_path / "c", "--json")
    session = json.loads(listed.stdout)[0]["session"]
    assert cli("restore", session, "--data", tmp_path / "c").returncode == 0
    assert tree(here) == {"sub/a": b"sub/a", "b": b"b", "c": b"c"}


def test_notes_and_mail(tmp_path: Path) -> None:
    for name in ("here", "letters"):
        (tmp_path / name).mkdir()
    (tmp_path / "here" / "shopping.txt").write_bytes("Milk, Käse\n".encode())
    (tmp_path / "letters" / "a.eml").write_bytes(b"Subject: hi\r\n\r\nHello\r\n")
    with served("--data", tmp_path / "s", f"notes={tmp_path / 'there'}", f"mail={tmp_path / 'box'}") as (url, _):
        assert cli("notes", "--data", tmp_path / "c", url, "--rescan",
                   tmp_path / "here").returncode == 0
        assert cli("sync", url, f"mail={tmp_path / 'letters'}", "--data", tmp_path / "c").returncode == 0
    assert list(tree(tmp_path / "there").values()) == ["Milk, Käse\n".encode()]
    assert [(Path(name).suffix, body) for name, body in tree(tmp_path / "box").items()] \
        == [(".eml", b"Subject: hi\r\n\r\nHello\r\n")]


def test_contacts_of_a_phone(tmp_path: Path) -> None:
    store = tmp_path / "phone" / "contacts"
    store.mkdir(parents=True)
    (store / "1.vcf").write_bytes(b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada\r\nTEL;CELL:1\r\nEND:VCARD\r\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-m", "minisyncml", "phone", "emulate", "pty", str(tmp_path / "phone"),
                           "--profile", "sony-ericsson-w595"], env=env, stdout=subprocess.PIPE, text=True) as phone:
        try:
            assert phone.stdout is not None
            port = phone.stdout.readline().split()[-1]
            done = cli("contacts", port, tmp_path / "here", "--data", tmp_path / "c")
        finally:
            phone.terminate()
    assert (done.returncode, done.stderr) == (0, b"")
    card, = tree(tmp_path / "here").values()
    assert b"N:Lovelace;Ada" in card and b"VERSION:3.0" in card


@pytest.mark.parametrize("words, complaint", [
    (["files"], "files wants TARGET and DIR"),
    (["notes", "http://x/"], "notes wants TARGET and DIR"),
    (["notes", "http://x/", "d", "--wait"], "--wait is for phones"),
    (["contacts", "tcp://127.0.0.1:1", "d", "--dry-run"], "--dry-run is for servers"),
    (["contacts", "http://x/", "d", "--remote", "contacts=card"], "name of one database"),
])
def test_what_does_not_go_together(words: "list[str]", complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert complaint in capsys.readouterr().err


def test_a_config_file_has_a_table_for_each(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('data = "/d"\n[contacts]\ntarget = "https://x/"\nfolder = "./c"\nuser = "ada"\n', "utf-8")
    args = parse(["contacts", "--config", str(path)])
    assert (args.target, args.folder, args.user, args.data) == ("https://x/", "./c", "ada", "/d")
