"""`minisyncml convert` on files and folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from content.samples_contacts import convert

from minisyncml.cli.main import main

OLD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada, B.\r\nTEL;CELL;PREF:1\r\nEND:VCARD\r\n"


def test_nothing_is_converted_onto_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "a.vcf"
    card.write_bytes(OLD)
    for place in (card, tmp_path):
        assert main(["convert", str(place), str(place), "--to", "vcard3.0"]) == 2
        assert "the same" in capsys.readouterr().err
    assert card.read_bytes() == OLD and os.listdir(tmp_path) == ["a.vcf"]


def test_the_verb_names_what_fails_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "in"
    there.mkdir()
    (there / "a.vcf").write_bytes(b"BEGIN:VNOTE\r\nEND:VNOTE\r\n" + OLD)
    (there / "b.vcf").write_bytes(OLD)
    assert main(["convert", str(there), str(tmp_path / "out"), "--to", "vcard3.0"]) == 1
    assert "a.vcf: item 1: " in capsys.readouterr().err
    for name in ("a.vcf", "b.vcf"):
        assert (tmp_path / "out" / name).read_bytes() == convert(OLD, "3.0")
    assert main(["convert", str(there / "b.vcf"), str(tmp_path / "c.vcf"), "--to", "vcard4.0"]) == 0
    assert main(["convert", str(tmp_path / "none"), "--to", "vcard4.0"]) == 2
