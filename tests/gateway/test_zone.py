"""Where the name of our time zone is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
