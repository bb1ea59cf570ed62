"""`--trace` and the verb `trace`, as users call them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cli.test_cli import cli, contents, fill, served
from helpers import ROOT

from minisyncml.cli.main import main


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, Path]":
    """A sync of five contacts, traced at both ends."""
    folder = tmp_path_factory.mktemp("traces")
    here, there = folder / "here", folder / "there"
    fill(here, 5)
    there.mkdir()
    traces = folder / "client.trace", folder / "server.trace"
    with served("--data", folder / "s", "--user", "ada:p4ssword", "--trace", traces[1],
                f"contacts={there}") as (url, _):
        done = cli("sync", url, f"contacts={here}", "--data", folder / "c", "--user", "ada", "--trace", traces[0],
                   "--anonymise", MINISYNCML_PASSWORD="p4ssword")
        assert (done.returncode, done.stderr) == (0, b"")
    assert contents(here) == contents(there)
    return traces


def test_show(traces: "tuple[Path, Path]", capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "show", str(traces[0])]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^ +0\.\d{3} +1  we are a client of http://127\.0\.0\.1:\d+/: two-way, SyncML 1\.2$", out, re.M)
    assert re.search(r"^ +\d\.\d{3} +1  -> +[\d,]+ bytes  .*Sync \./contacts, 5 Replace.*Final$", out, re.M)
    assert re.search(r"over: contacts: here nothing, there 5 added$", out, re.M)
    assert main(["trace", "show", "--full", str(traces[1])]) == 0
    full = capsys.readouterr().out
    assert "      <LocName>ada</LocName>" in full and "FN:Jane 3 Doe" in full and "p4ssword" not in full


def test_replay(traces: "tuple[Path, Path]", capsys: pytest.CaptureFixture[str]) -> None:
    for path in traces:
        assert main(["trace", "replay", str(path)]) == 0
        assert re.match(r"1 sessions, \d messages of ours, no differences\n", capsys.readouterr().out)


def test_replay_into_a_folder(traces: "tuple[Path, Path]", tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The server's side of the trace, played into another folder: the contacts come as they came."""
    assert main(["trace", "replay", str(traces[1]), f"contacts={tmp_path}"]) == 0, capsys.readouterr().out
    assert contents(tmp_path) == contents(traces[1].parent / "there")


def test_replay_that_differs(traces: "tuple[Path, Path]", tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trace"
    lines = traces[1].read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if '"dir":"out"' in line)
    message = json.loads(lines[first])
    path.write_text("\n".join([*lines[:first], json.dumps({**message, "kind": "silence"}), *lines[first + 1:]]) + "\n")
    assert main(["trace", "replay", str(path)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf"session 1, line {first + 1}: message: recorded none, now one of \d+ bytes", said[0])
    assert said[-1].endswith("1 difference")


def test_anonymise(traces: "tuple[Path, Path]", tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["trace", "anonymise", str(traces[1]), str(out)]) == 0
    assert main(["trace", "replay", str(out)]) == 0
    capsys.readouterr()
    assert main(["trace", "show", "--full", str(out)]) == 0
    assert not re.search("Jane|Doe|>ada<", capsys.readouterr().out)
    assert main(["trace", "anonymise", str(out), str(tmp_path / "again")]) == 2
    assert capsys.readouterr().err == f"minisyncml: {out} is anonymised already\n"


def test_an_emulated_phone(tmp_path: Path) -> None:
    (tmp_path / "phone").mkdir()
    fill(tmp_path / "phone" / "contacts", 1)
    with served("--data", tmp_path / "s") as (url, _):
        done = cli("phone", "emulate", url, tmp_path / "phone", "--trace", tmp_path / "trace")
        assert (done.returncode, done.stderr) == (0, b"")
    shown = cli("trace", "show", tmp_path / "trace")
    assert b"Sync ./Contacts, Replace" in shown.stdout
    assert cli("trace", "replay", tmp_path / "trace").returncode == 0


def test_what_the_readme_says(tmp_path: Path) -> None:
    """Its commands, one after the other, but for the address of the server."""
    section = (ROOT / "README.md").read_text("utf-8").split("## Report a bug with a trace\n")[1].split("\n## ")[0]
    start = "$ minisyncml "
    commands = [line[len(start):].split() for line in section.splitlines() if line.startswith(start)]
    assert [words[:2] for words in commands[1:3]] == [["trace", "show"], ["trace", "replay"]]
    fill(tmp_path / "contacts", 2)
    commands[3][2] = "full.trace"     # one that is not anonymised yet
    with served("--data", tmp_path / "s", "--user", "ada:pw", "--trace", tmp_path / "full.trace") as (url, _):
        for words in commands:
            real = [url if word.startswith("https://") else word for word in words]
            done = cli(*real, cwd=tmp_path, MINISYNCML_PASSWORD="pw", XDG_DATA_HOME=str(tmp_path / "xdg"))
            assert (done.returncode, done.stderr) == (0, b""), words
    for name in ("bug.trace", "public.trace"):
        shown = cli("trace", "show", "--full", name, cwd=tmp_path)
        assert shown.returncode == 0 and b"BEGIN:VCARD" in shown.stdout and b"Jane" not in shown.stdout
    assert len(list(tmp_path.glob("*.trace"))) == 3


@pytest.mark.parametrize("words, said", [
    (["trace", "show", "/nonexistent"], "cannot read /nonexistent: no such file or directory"),
    (["trace", "anonymise", "x"], "trace anonymise wants FILE and OUT"),
    (["trace", "anonymise", __file__, __file__], "the anonymised trace must be another file"),
    (["trace", "replay", __file__], f"{__file__} is no trace file"),
    (["sync", "http://127.0.0.1:9/", "notes", "--anonymise"], "--anonymise wants --trace FILE"),
    (["sync", "http://127.0.0.1:9/", "notes", "--trace", "/nonexistent/x"],
     "cannot write /nonexistent/x: no such file or directory"),
])
def test_wrong_use(words: "list[str]", said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path)] if words[0] == "sync" else []
    assert main([*words, *data]) == 2
    assert capsys.readouterr().err == f"minisyncml: {said}\n"
