"""Parts of a large object in a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minisyncml.errors import StoreError
from minisyncml.store.spool import Spools


def names(path: Path) -> "list[str]":
    return sorted(set(os.listdir(path)) - {"lock"})


def test_parts_become_a_whole(tmp_path: Path) -> None:
    spools = Spools(str(tmp_path / "spool"))
    one, other = spools(), spools()
    assert names(tmp_path / "spool") == []
    one.add(b"abc", 0)
    other.add(b"x", 0)
    again = spools(one.state())
    again.add(b"def", 3)
    assert one.read() == again.read() == b"abcdef"
    again.add(b"D", 3)      # taken once more, after something went wrong
    assert again.read() == b"abcD"
    one.drop()
    one.drop()
    assert one.read() == b"" and other.read() == b"x"
    assert names(tmp_path / "spool") == [other.state()]
    spools.close()


def test_who_is_alone_tidies_up(tmp_path: Path) -> None:
    first = Spools(str(tmp_path))
    left = first()
    left.add(b"abc", 0)
    second = Spools(str(tmp_path))      # as another process would have it
    assert left.read() == b"abc"
    first.close()
    second.close()      # as the system does for who was killed
    Spools(str(tmp_path)).close()
    assert names(tmp_path) == []


@pytest.mark.parametrize("left", (b"", b"ab"))
def test_what_is_gone_is_never_filled_up(left: bytes, tmp_path: Path) -> None:
    spools = Spools(str(tmp_path))
    spool = spools()
    spool.add(b"abc", 0)
    (tmp_path / str(spool.state())).write_bytes(left)
    with pytest.raises(StoreError, match="gone"):
        spool.add(b"def", 3)
    spools.close()


@pytest.mark.parametrize("state", ("../elsewhere", "", "/etc/passwd", 7, None))
def test_no_state_leads_out_of_the_folder(state: object, tmp_path: Path) -> None:
    spools = Spools(str(tmp_path / "spool"))
    spool = spools(state)
    spool.add(b"abc", 0)
    assert names(tmp_path / "spool") == [spool.state()] and names(tmp_path) == ["spool"]
    spools.close()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="file"):
        Spools(str(tmp_path / "file" / "spool"))


def test_a_disk_that_is_gone(tmp_path: Path) -> None:
    spools = Spools(str(tmp_path / "spool"))
    spool = spools()
    (tmp_path / "spool" / str(spool.state())).mkdir()
    for work in (lambda: spool.add(b"abc", 0), spool.read):
        with pytest.raises(StoreError):
            work()
    spools.close()
