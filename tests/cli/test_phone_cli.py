"""`minisyncml phone sync` and `phone emulate` as processes: a pty between them, folders at both ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest
from helpers import ROOT

from minisyncml.cli.main import main, parse

CARD = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:%s;Ada\r\nEND:VCARD\r\n"
CALL = [sys.executable, "-m", "minisyncml"]


def environment() -> "dict[str, str]":
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*CALL, *map(str, words)], capture_output=True, text=True, env=environment(), timeout=60)


@contextmanager
def running(*words: object, code: int = 0) -> "Iterator[subprocess.Popen[str]]":
    """A process that stays until SIGTERM, which must end it cleanly."""
    process = subprocess.Popen([*CALL, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment())
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            out, err = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == code and "Traceback" not in err + out, err


@contextmanager
def emulated(*words: object) -> "Iterator[str]":
    """A phone on a pseudo-terminal; gives its name."""
    with running("phone", "emulate", "pty", *words) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split(" is at ")[1].strip()


def put(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.vcf").write_bytes((CARD % name).encode())


def cards(folder: Path) -> "list[str]":
    """Whose cards there are, in whatever form."""
    return sorted(line for path in folder.glob("*.vcf") for line in path.read_text().splitlines()
                  if line.startswith("N:"))


def test_a_phone_by_cable(tmp_path: Path) -> None:
    """From folder to folder; the options may stand anywhere."""
    phone, here, data = tmp_path / "phone", tmp_path / "here", tmp_path / "data"
    put(phone / "contacts", "one", "two")
    put(here, "three")
    with emulated(phone, "--profile", "sony-ericsson-w595", "--at", "none") as port:
        done = run("phone", "sync", port, "--json", "--data", data, f"contacts={here}", "notes")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert [part["local"]["added"] for part in report["datastores"]] == [2, 0]
        assert cards(here) == cards(phone / "contacts") and len(cards(here)) == 3
        (here / "three.vcf").unlink()
        done = run("phone", "sync", port, f"contacts={here}", "notes", "--data", data, "--verbose")
        assert done.returncode == 0 and "-> " in done.stderr and "notification" in done.stderr
        assert done.stdout.splitlines()[2].split() == ["there", "0", "0", "1", "0", "0"]
        assert cards(here) == cards(phone / "contacts") and len(cards(here)) == 2
    assert "IMEI:" in run("status", "--data", data).stdout


def test_whenever_it_shows_up(tmp_path: Path) -> None:
    """A phone that is plugged in after a while, and stays."""
    phone, here, port = tmp_path / "phone", tmp_path / "here", tmp_path / "ttyACM0"
    put(phone / "contacts", "one")
    here.mkdir()
    with emulated(phone) as device, running("phone", "sync", port, "--wait", "--poll", "0.1", "--every", "0.001",
                                            "--json", f"contacts={here}", "--data", tmp_path / "data") as waiting:
        assert waiting.stdout is not None and waiting.stderr is not None
        assert waiting.stderr.readline() == f"waiting for the phone at {port}\n"
        port.symlink_to(device)
        assert json.loads(waiting.stdout.readline())["datastores"][0]["local"]["added"] == 1
        put(here, "two")
        while json.loads(waiting.stdout.readline())["datastores"][0]["remote"]["added"] == 0:
            pass
    assert cards(here) == cards(phone / "contacts")


def test_whenever_it_answers(tmp_path: Path) -> None:
    """A phone that cannot be seen, only called: nothing is told while it does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    put(tmp_path / "phone" / "contacts", "one")
    (tmp_path / "here").mkdir()
    with running("phone", "sync", port, "--wait", "--poll", "0.05", "--json", f"contacts={tmp_path / 'here'}",
                 "--data", tmp_path / "data") as waiting:
        assert waiting.stdout is not None and waiting.stderr is not None
        assert waiting.stderr.readline() == f"waiting for the phone at {port}\n"
        with running("phone", "emulate", port, tmp_path / "phone"):
            assert json.loads(waiting.stdout.readline())["datastores"][0]["local"]["added"] == 1


def test_a_phone_that_calls(tmp_path: Path) -> None:
    put(tmp_path / "here", "one")
    (tmp_path / "there").mkdir()
    with running("phone", "sync", "tcp://127.0.0.1:0", "--listen", f"contacts={tmp_path / 'here'}", "--data",
                 tmp_path / "a") as waiting:
        assert waiting.stderr is not None
        port = waiting.stderr.readline().split()[-1]
        done = run("sync", port, f"contacts={tmp_path / 'there'}", "--data", tmp_path / "b")
        assert done.returncode == 0, done.stderr
    assert cards(tmp_path / "here") == cards(tmp_path / "there")


def test_an_emulated_phone_on_tcp_and_one_that_dials_a_server(tmp_path: Path) -> None:
    phone, here = tmp_path / "phone", tmp_path / "here"
    put(phone / "contacts", "one")
    here.mkdir()
    with running("serve", f"contacts={here}", "calendar", "tasks", "notes", "--data", tmp_path / "s", "--listen",
                 "127.0.0.1:0", "--json") as server:
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        done = run("phone", "emulate", url, phone, "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["error"] is None, done.stderr
        assert len(cards(here)) == 1
    with running("phone", "emulate", "tcp://127.0.0.1:0", phone) as process:
        assert process.stdout is not None
        port = process.stdout.readline().split()[-1]
        done = run("phone", "sync", port, f"contacts={here}", "--data", tmp_path / "data")
        assert done.returncode == 0, done.stderr
    assert cards(here) == cards(phone / "contacts")


@pytest.mark.parametrize("words, code, says", [
    (["phone", "sync"], 2, "which port?"),
    (["phone", "sync", "/dev/nosuchport"], 2, "at least one datastore"),
    (["phone", "sync", "/dev/nosuchport", "notes", "--profile", "nosuch"], 2, "no profile 'nosuch'"),
    (["phone", "sync", "/dev/nosuchport", "notes", "--wait", "--listen"], 2, "only one of them"),
    (["phone", "sync", "/dev/nosuchport", "notes"], 3, "/dev/nosuchport"),
    (["phone", "sync", "tcp://127.0.0.1:1", "notes"], 3, "nobody listens there"),
    (["phone", "sync", "tcp://127.0.0.1", "notes", "--listen"], 3, "cannot listen"),
    (["phone", "emulate"], 2, "which port?"),
    (["phone", "emulate", "http://127.0.0.1:1/"], 3, ""),
])
def test_errors_are_one_line(words: "list[str]", code: int, says: str, tmp_path: Path,
                             capsys: pytest.CaptureFixture[str]) -> None:
    if "tcp://127.0.0.1" in words and os.geteuid() == 0:
        pytest.skip("root may listen on port 650")
    data = ["--data", str(tmp_path)] if words[1] == "sync" else []
    assert main([*words, *data]) == code
    err = capsys.readouterr().err
    assert says in err and (not says or err.count("\n") == 1)


def test_options_from_a_file(tmp_path: Path) -> None:
    """A unit that starts at boot has its options there."""
    config = tmp_path / "config.toml"
    config.write_text('data = "/var/lib/x"\n[phone.sync]\nport = "/dev/ttyACM0"\nlocal = ["contacts=./c"]\n'
                      'wait = true\npoll = 5.0\n[serve]\nlisten = "127.0.0.1:1"\n')
    args = parse(["phone", "sync", "--config", str(config), "--poll", "7"])
    assert (args.data, args.port, args.local, args.wait, args.poll) == \
        ("/var/lib/x", "/dev/ttyACM0", ["contacts=./c"], True, 7.0)
