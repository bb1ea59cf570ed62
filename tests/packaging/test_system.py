"""The unit and the rule that come along: systemd and udev take them, and they say what the program says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import ROOT

from minisyncml.cli.main import parse
from minisyncml.profile.match import INDEX

UNIT = ROOT / "contrib" / "minisyncml-phone.service"
RULES = ROOT / "contrib" / "70-minisyncml-phone.rules"


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    done = subprocess.run(["systemd-analyze", "verify", "--user", "--man=no", str(UNIT)], capture_output=True,
                          text=True, env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_udev_takes_the_rules() -> None:
    if shutil.which("udevadm") is None or b"verify" not in subprocess.run(
            ["udevadm", "--help"], capture_output=True).stdout:
        pytest.skip("no udevadm that can verify here")
    done = subprocess.run(["udevadm", "verify", str(RULES)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_runs_a_command_that_is_there(tmp_path: Path) -> None:
    config = tmp_path / "minisyncml.toml"
    example = [line[1:].partition(" #")[0].strip() for line in UNIT.read_text("utf-8").splitlines()
               if re.match(r"#   (\[|port|local)", line)]
    config.write_text("\n".join(example))
    command, = re.findall(r"^ExecStart=/usr/bin/env minisyncml (.*)$", UNIT.read_text("utf-8"), re.M)
    args = parse([word.replace("%E/minisyncml.toml", str(config)) for word in command.split()])
    assert args.wait and args.port == "/dev/phone" and len(args.local) == 2


def test_the_rules_name_the_makers_that_we_know() -> None:
    known = {word[4:] for words, _ in INDEX for word in words if word.startswith("usb ")}
    named, = re.findall(r'ATTRS\{idVendor\}=="([^"]*)"', RULES.read_text("utf-8"))
    assert set(named.split("|")) == known
