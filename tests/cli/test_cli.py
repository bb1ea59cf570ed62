"""The command as users and scripts call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import CARD, cli, contents, fill, served
from helpers import ROOT

from minisyncml.cli.main import VERBS, main


def report_of(process: "subprocess.Popen[bytes]") -> "dict[str, object]":
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def test_serve_and_sync_folders(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    fill(here, 5)
    there.mkdir()
    with served("--data", tmp_path / "s", "--user", "ada:pw", f"contacts={there}") as (url, server):
        sync = ("sync", url, f"contacts={here}", "--data", tmp_path / "c", "--user", "ada", "--json")
        plan = cli(*sync, "--dry-run", MINISYNCML_PASSWORD="pw")
        assert json.loads(plan.stdout)["datastores"][0]["remote"]["added"] == 5
        assert contents(there) == []
        first = cli(*sync, MINISYNCML_PASSWORD="pw")
        assert (first.returncode, first.stderr) == (0, b"")
        assert contents(here) == contents(there) and len(contents(there)) == 5
        (there / "new.vcf").write_bytes(CARD % (7, 7, 7))
        (here / "0.vcf").unlink()
        second = cli(*sync, MINISYNCML_PASSWORD="pw")
        assert second.returncode == 0
        counts = json.loads(second.stdout)["datastores"][0]
        assert (counts["local"]["added"], counts["remote"]["deleted"]) == (1, 1)
        assert contents(here) == contents(there) and len(contents(there)) == 5
        theirs = [report_of(server) for _ in range(2)]
        assert [report["user"] for report in theirs] == ["ada", "ada"]
        assert theirs[1]["datastores"][0]["remote"]["added"] == 1  # type: ignore[index]
    status = json.loads(cli("status", "--data", tmp_path / "c", "--json").stdout)
    assert [session["role"] for session in status["sessions"]] == ["client", "client"]
    kept, = status["datastores"]
    assert (kept["name"], kept["place"], kept["items"], kept["trash"]) == ("contacts", str(here), 5, 0)
    shown = cli("status", "--data", tmp_path / "c").stdout
    assert b"contacts: 1 added here, 1 deleted there" in shown and f"5 items, 0 in the trash  {here}".encode() in shown


def test_an_empty_side_stops_the_run(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    fill(here, 5)
    with served("--data", tmp_path / "s", "--allow-empty", f"contacts={there}") as (url, _):
        sync = ("sync", url, f"contacts={here}", "--data", tmp_path / "c")
        assert cli(*sync).returncode == 0
        for path in here.glob("*.vcf"):
            path.unlink()
        stopped = cli(*sync)
        assert stopped.returncode == 6 and b"Traceback" not in stopped.stderr
        assert len(contents(there)) == 5
        assert cli(*sync, "--allow-empty").returncode == 0
        assert contents(there) == contents(here) == []


def test_users_keep_apart_in_default_places(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("ada:one\nbob:two\n")
    for name in ("ada", "bob"):
        fill(tmp_path / name, 3 if name == "ada" else 1)
    with served("--data", tmp_path / "s", "--password-file", users) as (url, server):
        for name, password in (("ada", "one"), ("bob", "two")):
            done = cli("sync", url, f"contacts={tmp_path / name}", "--data", tmp_path / f"c{name}",
                       "--user", f"{name}:{password}")
            assert done.returncode == 0, done.stderr
            assert contents(tmp_path / name) == sorted(CARD % (n, n, n) for n in range(3 if name == "ada" else 1))
        wrong = cli("sync", url, "contacts", "--data", tmp_path / "cx", "--user", "ada:two")
        assert wrong.returncode == 4 and wrong.stderr.count(b"\n") == 1
        nobody = cli("sync", url, "contacts", "--data", tmp_path / "cx")
        assert nobody.returncode == 4
    kept = json.loads(cli("status", "--data", tmp_path / "s", "--json").stdout)["datastores"]
    assert {(part["user"], part["name"]): part["items"] for part in kept if part["items"]} == {
        ("ada", "contacts"): 3, ("bob", "contacts"): 1}


def test_a_table_for_people_and_silence_in_a_pipe(tmp_path: Path) -> None:
    with served("--data", tmp_path / "s") as (url, _):
        done = cli("sync", url, "notes", "--data", tmp_path / "c")
    assert done.returncode == 0 and done.stderr == b""
    lines = done.stdout.decode().splitlines()
    with served("--data", tmp_path / "s") as (url, _):
        loud = cli("sync", url, "notes", "--data", tmp_path / "c", "--verbose")
    assert loud.stderr.decode().splitlines()[0].split()[0] == "->" and b"Alert 201, Final" in loud.stderr
    assert lines[0].startswith("datastore") and lines[1].startswith("notes") and len(lines) == 4


def test_cannot_connect(tmp_path: Path) -> None:
    done = cli("sync", "http://127.0.0.1:1/", "notes", "--data", tmp_path, "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["exit_code"] == 3
    assert done.stderr.count(b"\n") == 1 and b"connection refused" in done.stderr


@pytest.mark.parametrize("words, said", [
    (["sync"], "TARGET"),
    (["sync", "http://127.0.0.1:1/"], "at least one datastore"),
    (["sync", "ftp://x/", "notes"], "no http://"),
    (["sync", "http://127.0.0.1:1/", "notes=nonsense:x"], "no such kind of place"),
    (["sync", "http://127.0.0.1:1/", "notes=x", "--profile", "nokja"], "no profile 'nokja'"),
    (["serve", "--profile", "nokja"], "no profile 'nokja'"),
    (["sync", "http://127.0.0.1:1/", "notes=tinydb:x", "tasks=tinydb:./x"], "share one"),
    (["sync", "http://127.0.0.1:1/", "notes", "--remote", "=x"], "is no NAME=URI"),
    (["sync", "http://127.0.0.1:1/", "notes", "--max-msg-size", "5"], "--max-msg-size"),
    (["sync", "http://127.0.0.1:1/", "notes", "--user", "ada"], "no password"),
    (["sync", "http://127.0.0.1:1/", "notes", "--config", "/nonexistent/x.toml"], "cannot read"),
    (["serve", "--listen", "0.0.0.0:0"], "--allow-anonymous"),
    (["serve", "--listen", "nonsense:port"], "no HOST:PORT"),
    (["serve", "a/b=c"], "is no NAME=PLACE"),
    (["wbxml", "decode", "/nonexistent"], "cannot read /nonexistent"),
])
def test_wrong_usage_is_one_line(words: "list[str]", said: str, tmp_path: Path,
                                 capsys: pytest.CaptureFixture[str]) -> None:
    data = [] if words[0] == "wbxml" else ["--data", str(tmp_path)]
    assert main([*words, *data]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("minisyncml: ") and err.count("\n") == 1 and said in err


@pytest.mark.parametrize("words", [[], ["nonsense"], ["sync", "--mode", "sideways"]])
def test_unknown_words(words: "list[str]", capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_config_file(tmp_path: Path) -> None:
    config = tmp_path / "minisyncml.toml"
    config.write_text(f'data = "{tmp_path / "c"}"\njson = true\n[sync]\ntarget = "http://127.0.0.1:1/"\n'
                      'mode = "slow"\n[sync.local]\nnotes = ""\n')
    done = cli("sync", "--config", config)
    assert done.returncode == 3 and json.loads(done.stdout)["datastores"][0]["mode"] == "slow"
    done = cli("sync", "--config", config, "--mode", "two-way")
    assert json.loads(done.stdout)["datastores"][0]["mode"] == "two-way"
    config.write_text('mode = "sideways"\n')
    assert cli("sync", "--config", config).returncode == 2


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("minisyncml 0.") and second in ("codec: C", "codec: Python")


LOADED = """
import sys
from minisyncml.cli.main import parse
parse(sys.argv[1:])
print(*sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith("minisyncml.cli.")))
"""


def test_only_the_module_of_the_verb_is_loaded() -> None:
    room = ROOT / "minisyncml" / "cli"
    modules = {path.stem for path in (*room.glob("*.py"), *(path.parent for path in room.glob("*/__init__.py")))}
    modules -= {"__init__", "main", "common", "output", "tracing"}
    assert modules == set(VERBS)
    out = subprocess.run([sys.executable, "-c", LOADED, "status"], check=True, capture_output=True, text=True,
                         env={**os.environ, "PYTHONPATH": str(ROOT)}).stdout
    assert set(VERBS) & set(out.split()) == {"status"}


def test_sync_loads_no_obex_for_a_url() -> None:
    program = LOADED.replace('"minisyncml.cli."', '("minisyncml.obex", "minisyncml.transport.")')
    out = subprocess.run([sys.executable, "-c", program, "sync", "http://127.0.0.1/"], check=True, capture_output=True,
                         text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}).stdout
    assert "http" in out.split() and not {"obex", "client", "rfcomm", "usb", "serial"} & set(out.split())


def test_demo(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A phone on a pty, switched by AT, synced over OBEX: the same each time, and nothing is left behind."""
    with subprocess.Popen([sys.executable, "-m", "minisyncml", "demo"], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}) as other:
        assert main(["demo"]) == 0
        out = capsys.readouterr().out
        assert other.communicate(timeout=60)[0] == out
    assert list(tmp_path.iterdir()) == []
    assert out.count("Both sides say the same") == 3
    assert out.count("computer: AT*EOBEX\n   phone: AT*EOBEX CONNECT") == 3
    assert out.count("On the wire: ") == 3 and out.count("bytes  notification") == 3
    assert "Nothing was transferred." in out and out.endswith("It works.\n")


def test_wbxml_both_ways(tmp_path: Path) -> None:
    xml = (b'<?xml version="1.0"?><SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD></SyncHdr>'
           b"<SyncBody><Final/></SyncBody></SyncML>")
    wbxml = cli("wbxml", "encode", stdin=xml)
    assert wbxml.returncode == 0 and wbxml.stdout[:1] == b"\x02"
    file = tmp_path / "message.wbxml"
    file.write_bytes(wbxml.stdout)
    readable = cli("wbxml", "decode", file)
    assert b"<VerDTD>1.2</VerDTD>" in readable.stdout
    assert cli("wbxml", "encode", stdin=readable.stdout).stdout == wbxml.stdout
    assert cli("wbxml", "encode", "--wbxml-version", "1.3", stdin=xml).stdout[:1] == b"\x03"
    cli("wbxml", "decode", file, "-o", tmp_path / "out.xml")
    assert (tmp_path / "out.xml").read_bytes() == readable.stdout
    broken = cli("wbxml", "decode", stdin=wbxml.stdout[:-3])
    assert broken.returncode == 5 and broken.stdout == b"" and broken.stderr.count(b"\n") == 1


def test_a_reader_that_leaves() -> None:
    done = subprocess.run(f"{sys.executable} -m minisyncml demo | head -c 10", shell=True, capture_output=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)
    assert b"Traceback" not in done.stderr


def everything(folder: Path) -> "dict[str, tuple[int, bytes]]":
    """All that is in a folder, with the times of its change."""
    return {str(path.relative_to(folder)): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
            for path in sorted(folder.rglob("*"))}


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "here", 3)
    sync = ("sync", "http://127.0.0.1:1/", f"contacts={tmp_path / 'here'}", f"notes=tinydb:{tmp_path / 'notes'}",
            "--data", tmp_path / "c", "--json")
    before = everything(tmp_path)
    plan = cli(*sync, "--dry-run", TMPDIR=str(tmp_path))
    assert plan.returncode == 0 and everything(tmp_path) == before
    assert cli(*sync).returncode == 3
    (tmp_path / "here" / "0.vcf").unlink()
    (tmp_path / "here" / "9.vcf").write_bytes(CARD % (9, 9, 9))
    before = everything(tmp_path)
    plan = cli(*sync, "--dry-run")
    assert plan.returncode == 0 and everything(tmp_path) == before
    assert [part["remote"]["added"] for part in json.loads(plan.stdout)["datastores"]] == [3, 0]


def test_status_makes_nothing(tmp_path: Path) -> None:
    mistyped = cli("status", "--data", tmp_path / "mistyped")
    assert mistyped.returncode == 2 and b"mistyped does not exist" in mistyped.stderr
    fresh = cli("status", XDG_DATA_HOME=str(tmp_path / "xdg"))
    assert fresh.returncode == 0 and b"nothing was synced yet" in fresh.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ("folder", "tinydb", ""))
def test_a_server_that_only_looks_writes_nothing(place: str, tmp_path: Path) -> None:
    def everything() -> "dict[str, object]":
        return {str(path): (path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns)
                for root in ("state", "theirs") for path in (tmp_path / root, *(tmp_path / root).rglob("*"))
                if path.exists()}

    fill(tmp_path / "mine", 4)
    fill(tmp_path / "theirs", 2)
    local = {"folder": f"contacts={tmp_path / 'theirs'}", "tinydb": f"contacts=tinydb:{tmp_path / 'theirs' / 'x'}",
             "": "contacts"}[place]
    client = ("sync", "--data", tmp_path / "client", "--json")
    serve = ("--data", tmp_path / "state", local)
    with served(*serve) as (url, _):
        assert cli(*client, url, f"contacts={tmp_path / 'mine'}").returncode == 0
    (tmp_path / "mine" / "new.vcf").write_bytes(CARD % (9, 9, 9))
    before = everything()
    with served(*serve, "--dry-run") as (url, process):
        for _ in range(2):
            done = cli(*client, url, f"contacts={tmp_path / 'mine'}")
            assert done.returncode == 1, done.stdout
            told = report_of(process)["datastores"][0]      # type: ignore[index]
            assert told["local"]["added"] == 1 and told["error"] is None
    assert everything() == before


def test_a_dry_run_makes_no_folder(tmp_path: Path) -> None:
    plan = cli("sync", "http://127.0.0.1:1/", f"contacts={tmp_path / 'mistyped'}", "--data", tmp_path / "c",
               "--dry-run")
    assert plan.returncode == 1 and b"mistyped does not exist" in plan.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a disk that is always full")
def test_a_full_disk_behind_our_output(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-m", "minisyncml", "status", "--data", tmp_path], stdout=full,
                              stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"minisyncml: the output: the disk is full\n")


def test_a_password_file_that_is_missing(tmp_path: Path, capsys: "pytest.CaptureFixture[str]") -> None:
    where = tmp_path / "no"
    assert main(["sync", "http://127.0.0.1:1/", "notes", "--user", "ada", "--password-file", str(where),
                 "--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"minisyncml: cannot read the password file {where}: no such file or directory\n"
