"""`minisyncml phone list | info | doctor | backup | restore | unit | udev`, a phone emulated on a pseudo-terminal."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from phones import Bench, Cables

from minisyncml.cli.main import main, parse
from minisyncml.profile.checks import SWITCHES


@pytest.fixture(scope="module")
def cables() -> "Iterator[Cables]":
    with Cables() as made:
        yield made


def port_of(bench: Bench, cables: Cables) -> str:
    with cables(bench.emulator)() as link:
        return link.name


def lines(capsys: pytest.CaptureFixture[str]) -> "list[str]":
    return capsys.readouterr().out.splitlines()


def test_backup_and_restore(cables: Cables, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, folder = Bench("nokia-s40"), Bench("nokia-s40", items=1), tmp_path / "rescue"
    data = ["--data", str(tmp_path / "none")]
    port = port_of(old, cables)
    assert main(["phone", "backup", port, str(folder), *data]) == 0
    said = lines(capsys)
    assert said[0] == "Nokia 6230i, read by SyncML:"
    assert [line.split()[:2] for line in said[1:]] == [["3", "contacts"], ["3", "calendar"], ["3", "notes"]]
    assert len(list((folder / "contacts").glob("*.vcf"))) == 3
    assert main(["phone", "backup", port, str(folder), *data]) == 2
    assert "holds a backup already" in capsys.readouterr().err
    other = port_of(new, cables)
    assert main(["phone", "restore", other, str(folder), "--dry-run", *data]) == 0
    said = lines(capsys)
    assert said[-1] == "6 items would be added to Nokia 6230i; nothing was changed"
    assert sum(line.startswith("would add contacts/Ada_contacts_") for line in said) == 2
    assert main(["phone", "restore", other, str(folder), "--json", *data]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["items"] == {"contacts": 2, "calendar": 2, "notes": 2} and told["error"] is None
    assert {kind: len(store) for kind, store in new.phone.items()} == {"contacts": 3, "calendar": 3, "notes": 3}
    assert not (tmp_path / "none").exists()         # no state


def test_a_backup_by_irmc_as_json(cables: Cables, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = port_of(Bench("sony-ericsson-w595"), cables)
    assert main(["phone", "backup", port, str(tmp_path / "r"), "--via", "irmc", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["via"] == "irmc" and told["phone"]["mod"] == "W595"
    assert told["items"] == dict.fromkeys(("contacts", "calendar", "tasks", "notes"), 3)


def test_info(cables: Cables, capsys: pytest.CaptureFixture[str]) -> None:
    port = port_of(Bench("nokia-s60"), cables)
    assert main(["phone", "info", port]) == 0
    said = lines(capsys)
    assert said[0] == "Nokia N95, firmware V 31.0.017" and "SyncML: answers" in said
    assert "database Contacts: text/x-vcard 2.1" in said
    assert main(["phone", "info", port, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["profile"] == "nokia-s60"
    rows = {row["switch"]: row for row in told["values"]}
    assert set(SWITCHES) <= set(rows)
    assert rows["server_id"]["proof"] in ("device", "recording", "source", "guess") and rows["server_id"]["layer"]


def test_info_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phone", "info", "/dev/ttyNone"]) == 3
    assert "there is no port /dev/ttyNone" in capsys.readouterr().err


def test_doctor(cables: Cables, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = port_of(Bench("lg"), cables)
    assert main(["phone", "doctor", port, "--data", str(tmp_path)]) == 0
    said = lines(capsys)
    assert said[0] == f"ok      port: {port} is there"
    assert any(line.startswith("!       notification: refused, forbidden (0x43)") for line in said)
    assert said[-2] == f"It works. To sync: minisyncml phone sync {port} contacts=./contacts calendar=./calendar"
    assert main(["phone", "doctor", port, "--data", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["syncs"] and told["learnt"] == {"server_id": "LGPCSync"}
    assert not [step for step in told["steps"] if step["state"] != "ok"]        # it is known by now
    # what was learnt serves the others, too
    assert main(["phone", "backup", port, str(tmp_path / "r"), "--data", str(tmp_path)]) == 0


def test_doctor_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phone", "doctor", "/dev/ttyNone", "--data", str(tmp_path)]) == 3
    said = lines(capsys)
    assert said[0].startswith("FAILED  port: there is no /dev/ttyNone") and said[1].startswith("        -> plug")
    assert said[-1] == "It does not work yet; what failed stands above."


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phone", "list"]) == 0
    for_people = lines(capsys)
    assert for_people
    assert main(["phone", "list", "--json"]) == 0
    for line in lines(capsys):
        assert set(json.loads(line)) == {"port", "kind", "label", "vendor", "product", "serial", "profile"}


def test_the_unit_is_one_for_systemd(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "my 100% $folder"
    odd.mkdir()
    monkeypatch.chdir(odd)
    assert main(["phone", "unit", "/dev/phone", "contacts=./con tacts", "notes", "--every", "30"]) == 0
    text = capsys.readouterr().out
    assert f'ExecStart={sys.executable} -m minisyncml phone sync /dev/phone "contacts=./con tacts" notes --wait ' \
           "--every 30\n" in text
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze")
    unit = tmp_path / "minisyncml-phone.service"
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--user", "--man=no", str(unit)], capture_output=True,
                          text=True, timeout=60, env={"XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin",
                                                      "HOME": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_runs_a_command_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phone", "unit", "/dev/phone", "contacts=./contacts", "--data", "./state", "--profile", "nokia"]) == 0
    command, = re.findall(r"^ExecStart=.* -m minisyncml (.*)$", capsys.readouterr().out, re.M)
    args = parse(shlex.split(command))
    assert args.wait and (args.port, args.local) == ("/dev/phone", ["contacts=./contacts"])
    assert (args.data, args.profile) == ("./state", "nokia")


@pytest.mark.parametrize("port, match", [([], 'ATTRS{idVendor}=="0421|0fce|'),
                                         (["usb://0421:0508"], 'ATTRS{idVendor}=="0421", ATTRS{idProduct}=="0508"')])
def test_the_rule_is_one_for_udev(port: "list[str]", match: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                  ) -> None:
    assert main(["phone", "udev", *port, "--link", "nokia"]) == 0
    text = capsys.readouterr().out
    assert match in text and 'ENV{ID_MM_DEVICE_IGNORE}="1"' in text and 'SYMLINK+="nokia"' in text
    udevadm = shutil.which("udevadm") or ""
    if not udevadm or "verify" not in subprocess.run([udevadm, "--help"], capture_output=True, text=True).stdout:
        pytest.skip("this system has no `udevadm verify`")
    path = tmp_path / "70-minisyncml-phone.rules"
    path.write_text(text)
    done = subprocess.run([udevadm, "verify", str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("words", [["udev", "/dev/null"], ["udev", "usb://0421:0508", "--link", "../x"], ["unit", "x"],
                                   ["unit"], ["backup"], ["backup", "x"], ["restore", "x"], ["info"],
                                   ["doctor"]])
def test_what_is_missing_is_a_usage_error(words: "list[str]", capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phone", *words]) == 2
    assert capsys.readouterr().err.startswith("minisyncml: ")
