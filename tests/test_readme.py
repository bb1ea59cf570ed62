"""What the README shows works as it stands there."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from helpers import ROOT
from hub import items

from minisyncml import Client, MemoryStore, Pipe, Server, Store
from minisyncml.cli.main import build_parser, parse
from minisyncml.gateway.demo import MODEL, add, make_phone
from minisyncml.gateway.emulator import phone_stores
from minisyncml.profile import find
from minisyncml.store.peersfile import FilePeers
from minisyncml.store.place import open_store

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^ *```(\w*)\n(.*?)^ *```", README, re.M | re.S)


def blocks(language: str) -> "list[str]":
    return [text for kind, text in BLOCKS if kind == language]


def test_the_two_commands() -> None:
    lines = [line.strip() for text in blocks("") for line in text.splitlines()]
    assert "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/minisyncml demo" in lines
    assert "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest" in lines


def test_the_example_runs() -> None:
    example, = blocks("python")
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(example, "README.md", "exec"), {"__name__": "readme"})
    there = out.getvalue().splitlines()[2].split()
    assert there == ["there", "1", "0", "0", "0", "0"]


def test_commands_are_understood() -> None:
    commands = [line.split("minisyncml ", 1)[1] for text in blocks("") for line in text.splitlines()
                if re.match(r"^ *(\$ )?(\.venv/bin/)?minisyncml ", line)]
    assert len(commands) >= 2
    for command in commands:
        assert callable(parse(shlex.split(command)).run)


def test_commands_do_what_it_says(tmp_path: Path) -> None:
    """`serve`, `sync` and `status` as they stand there, but for the address, and for data that nobody misses."""
    lines = [line.strip() for text in blocks("") for line in text.splitlines()]
    at = next(number for number, line in enumerate(lines) if line.startswith("$ .venv/bin/minisyncml serve"))
    commands = {words[1]: words[1:] for words in (shlex.split(line) for line in lines)
                if words[:1] == ["minisyncml"]}
    env = {**os.environ, "PYTHONPATH": str(ROOT), "MINISYNCML_PASSWORD": "pw", "XDG_DATA_HOME": str(tmp_path / "xdg")}
    call = [sys.executable, "-m", "minisyncml"]
    serve = [*call, *shlex.split(lines[at])[2:], "--listen", "127.0.0.1:0", "--data", str(tmp_path / "server")]
    (tmp_path / "s").mkdir()
    (tmp_path / "c").mkdir()
    with subprocess.Popen(serve, cwd=tmp_path / "s", env=env, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            said = [server.stdout.readline().strip() for _ in range(4)]
            assert [said[0], *said[2:]] == [lines[at + 1], *lines[at + 3:at + 5]]
            url = said[1].split()[-1]
            there, = (number for number, word in enumerate(commands["sync"]) if word.startswith("https://"))
            commands["sync"][there] = url
            done = subprocess.run([*call, *commands["sync"]], cwd=tmp_path / "c", env=env, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
            assert "notes: the server has no database" in done.stdout      # this one was told to keep none
            assert done.stdout.splitlines()[1].split() == ["contacts", "two-way", "(slow)", "here", *"00000"]
        finally:
            server.terminate()
    status = subprocess.run([*call, *commands["status"]], env=env, stdout=subprocess.PIPE, text=True, timeout=60)
    assert status.returncode == 0
    assert f"contacts: 0 items, 0 in the trash  {tmp_path / 'c' / 'contacts'}" in status.stdout
    assert "notes: 0 items" in status.stdout and url in status.stdout


def test_the_rescue_says_what_it_shows(tmp_path: Path) -> None:
    """As it stands there, but for the name of the port: it is that of an emulated phone."""
    text = next(text for text in blocks("") if "phone backup" in text)
    command, *shown = text.splitlines()
    store = phone_stores(find(user=MODEL), str(tmp_path / "phone"))
    for name, made in make_phone().items():
        add(store[name], *(item.body for item in items(made)))
        store[name].close()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-m", "minisyncml", "phone"]
    with subprocess.Popen([*call, "emulate", "pty", str(tmp_path / "phone"), "--profile", MODEL], env=env,
                          stdout=subprocess.PIPE, text=True) as phone:
        try:
            assert phone.stdout is not None
            port = phone.stdout.readline().split()[-1]
            words = [port if word.startswith("/dev/") else word for word in shlex.split(command)[3:]]
            done = subprocess.run([*call, *words], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True, timeout=60)
        finally:
            phone.terminate()
    assert (done.returncode, done.stdout.splitlines()) == (0, shown)
    assert len(list((tmp_path / "rescue" / "contacts").glob("*.vcf"))) == 5


def block_with(words: str) -> "list[list[str]]":
    """The commands of the block in which one begins with these words."""
    text = next(text for text in blocks("") if f"minisyncml {words}" in text)
    return [shlex.split(line)[1:] for line in text.splitlines()]


def test_import_export_and_convert_run_as_they_stand_there(tmp_path: Path) -> None:
    rescue = tmp_path / "rescue" / "contacts"
    rescue.mkdir(parents=True)
    (rescue / "a.vcf").write_bytes(b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada\r\nEND:VCARD\r\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(tmp_path / "xdg")}
    for words in block_with("import "):
        subprocess.run([sys.executable, "-m", "minisyncml", *words], cwd=tmp_path, env=env, check=True, timeout=60)
    made = [*(tmp_path / "contacts").iterdir(), tmp_path / "cards.vcf", tmp_path / "cards" / "a.vcf"]
    for path, version in zip(made, ("3.0", "4.0", "3.0")):
        assert f"\r\nVERSION:{version}\r\nFN:Ada Lovelace\r\n" in path.read_bytes().decode()


def test_commands_for_one_kind_do_what_it_says(tmp_path: Path) -> None:
    """As they stand there, but for the addresses: those of a server here, and of an emulated phone."""
    commands = {words[0]: words for words in block_with("contacts ")}
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(tmp_path / "xdg"), "MINISYNCML_PASSWORD": "pw"}
    there, here = tmp_path / "there", tmp_path / "here"
    for folder in (there, here / "shared"):
        folder.mkdir(parents=True)
    (here / "shared" / "a.bin").write_bytes(b"\0")
    store = phone_stores(find(user=MODEL), str(tmp_path / "phone"))["Memo"]
    add(store, b"Milk, bread, eggs")
    store.close()
    call = [sys.executable, "-m", "minisyncml"]
    serve, = re.findall(r"`minisyncml (serve files=[^`]+)`", README)
    with subprocess.Popen([*call, *shlex.split(serve), "contacts=./contacts", "--listen", "127.0.0.1:0", "--json"],
                          cwd=there, env={**env, "XDG_DATA_HOME": str(tmp_path / "xdg-there")}, stdout=subprocess.PIPE,
                          text=True) as server, \
            subprocess.Popen([*call, "phone", "emulate", "pty", str(tmp_path / "phone"), "--profile", MODEL], env=env,
                             stdout=subprocess.PIPE, text=True) as phone:
        try:
            assert server.stdout is not None and phone.stdout is not None
            url = json.loads(server.stdout.readline())["url"]
            commands["contacts"][1], commands["files"][1] = url, url.split("/")[2]
            commands["notes"][1] = phone.stdout.readline().split()[-1]
            for words in commands.values():
                subprocess.run([*call, *words], cwd=here, env=env, check=True, timeout=60, stdout=subprocess.DEVNULL)
        finally:
            server.terminate()
            phone.terminate()
    assert (there / "shared" / "a.bin").read_bytes() == b"\0"
    assert [path.read_bytes() for path in (here / "notes").glob("*.txt")] == [b"Milk, bread, eggs"]


def test_the_config_is_understood(tmp_path: Path) -> None:
    text, = blocks("toml")
    path = tmp_path / "minisyncml.toml"
    path.write_text(text, "utf-8")
    args = parse(["serve", "--config", str(path)])
    assert (args.data, args.listen, args.url) == ("/var/lib/minisyncml", "127.0.0.1:8080", "https://sync.example.org/")


def test_options_that_it_names_exist() -> None:
    _, verbs = build_parser()
    known = {option for verb in verbs.values() for option in re.findall(r"--[a-z-]+", verb.format_help())}
    inline = set(re.findall(r"`(--[a-z-]+)", README))
    assert inline <= known | {"--version"}, inline - known


@pytest.mark.parametrize("mode", ["two-way", "slow"])
def test_modes_that_it_names_exist(mode: str) -> None:
    assert parse(["sync", "http://x/", "notes", "--mode", mode]).mode == mode


def test_files_that_it_names_exist() -> None:
    for path in re.findall(r"`([a-z_./]+\.(?:py|md|toml))`", README):
        assert (ROOT / path).is_file(), path


def test_conflicts_and_what_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands there, for a card that both sides changed and a phone then deleted."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    solving = next(text for text in blocks("") if "minisyncml conflicts solve" in text)
    past = next(text for text in blocks("") if "minisyncml history" in text)
    here, phone = open_store("", "contacts", str(tmp_path / "minisyncml")), MemoryStore(CARDS)
    peers = FilePeers(str(tmp_path / "minisyncml" / "peers"))
    server = Server({"contacts": here}, peers=peers, conflict="ask", now=lambda: 1_775_493_000.0)
    client = Client("pipe://here", {"contacts": phone}, device_id="IMEI:004999010640000",
                    transport=lambda: Pipe(server.handle))
    put(phone, "TEL:+44 20 7946 0000")
    assert client.sync().exit_code == 0
    put(phone, "TEL:+44 20 7946 0018", "NOTE:call her")
    put(here, "TEL:+44 20 7946 0000", "NOTE:writes letters")
    assert client.sync().exit_code == 1
    run_as_shown(solving, tmp_path)
    here.refresh()
    assert client.sync().exit_code == 0
    with phone.begin() as batch:
        batch.remove("1")
        batch.commit()
    assert client.sync().exit_code == 0
    server.close()
    here.close()
    peers.close()
    run_as_shown(past, tmp_path)
    monkeypatch.undo()
    time.tzset()


CARDS = (("text/vcard", "3.0"),)


def put(store: Store, *lines: str) -> None:
    """The only card."""
    body = "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", "N:Lovelace;Ada;;;", "FN:Ada Lovelace", *lines, "END:VCARD", ""])
    with store.begin() as batch:
        batch.put("1", "text/vcard", body.encode())
        batch.commit()


def run_as_shown(text: str, folder: Path) -> None:
    """Run the commands of a block, and compare all that they say."""
    said = []
    for line in text.splitlines():
        if line.startswith("$ minisyncml "):
            done = subprocess.run([sys.executable, "-m", "minisyncml", *shlex.split(line)[2:]], text=True, timeout=60,
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env={
                                      **os.environ, "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(folder), "TZ": "UTC"})
            said += [line, *done.stdout.splitlines()]
    assert said == text.splitlines()
