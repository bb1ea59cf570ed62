"""Where the name of our time zone is found."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Iterator

import pytest

from minisyncml.cli.main import main
from minisyncml.errors import UsageError
from minisyncml.gateway.zone import local_zone, zone_of


def machine(root: Path, link: str = "", timezone: str = "") -> str:
    etc = root / "etc"
    etc.mkdir()
    if link:
        os.symlink(link, etc / "localtime")
    if timezone:
        (etc / "timezone").write_text(timezone)
    return str(root)


@pytest.mark.parametrize("environ, link, timezone, zone", [
    ({}, "/usr/share/zoneinfo/Europe/Berlin", "Asia/Tokyo\n", "Europe/Berlin"),
    ({}, "../usr/share/zoneinfo/posix/America/New_York", "", "America/New_York"),
    ({}, "/opt/odd", "Asia/Tokyo\n", "Asia/Tokyo"),
    ({}, "", "Asia/Tokyo", "Asia/Tokyo"),
    ({}, "", "../../etc/passwd", ""),
    ({}, "", "", ""),
    ({"TZ": "America/Lima"}, "/usr/share/zoneinfo/Europe/Berlin", "", "America/Lima"),
    ({"TZ": ":/usr/share/zoneinfo/America/Lima"}, "", "", "America/Lima"),
    ({"TZ": "XYZ-3ABC,M3.5.0,M10.5.0"}, "/usr/share/zoneinfo/Europe/Berlin", "", ""),
    ({"TZ": ""}, "/usr/share/zoneinfo/Europe/Berlin", "", "Europe/Berlin"),
    # a server's clock says nothing of where the phone is
    ({}, "/usr/share/zoneinfo/Etc/UTC", "", ""),
    ({"TZ": "UTC"}, "/usr/share/zoneinfo/Europe/Berlin", "", ""),
    ({"TZ": "Etc/GMT-10"}, "", "", "Etc/GMT-10"),
])
def test_where_it_is_told(tmp_path: Path, environ: "dict[str, str]", link: str, timezone: str, zone: str) -> None:
    root = machine(tmp_path, link, timezone)
    assert local_zone(environ, root) == zone
    assert zone_of(None, environ, root) == zone_of("", environ, root) == zone
    assert zone_of("Europe/Paris", environ, root) == "Europe/Paris" and zone_of("UTC", environ, root) == "UTC"


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../../etc/passwd", "/etc/localtime", "x" * 5000, "Europe", " "])
def test_a_zone_that_nobody_knows(name: str) -> None:
    with pytest.raises(UsageError):
        zone_of(name, {}, "/")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> "Iterator[None]":
    """A machine that has no zone data, as small boxes have none."""
    import zoneinfo
    monkeypatch.setattr("minisyncml.gateway.zone._TABLES", ())
    for name in [name for name in sys.modules if name.startswith("tzdata.")]:      # some other test asked for a zone
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.ZoneInfo.clear_cache()
    zoneinfo.reset_tzpath([])
    yield
    zoneinfo.reset_tzpath()


@pytest.mark.usefixtures("bare")
def test_a_machine_without_zone_data_says_so(tmp_path: Path, capsys: "pytest.CaptureFixture[str]") -> None:
    with pytest.raises(UsageError, match="install tzdata"):
        zone_of("Europe/Berlin")
    assert zone_of("UTC") == "UTC"
    card = tmp_path / "a.vcf"
    card.write_bytes(b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A\r\nEND:VCARD\r\n")
    assert main(["convert", str(card), str(tmp_path / "b.vcf"), "--to", "vcard3.0"]) == 0
    assert capsys.readouterr().err == ("minisyncml: there is no time zone data on this machine; install tzdata. "
                                       "Until then times stay as they are written\n")
