"""A folder for OBEX callers: what can be done in it, and that nothing leads out of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable
from xml.etree import ElementTree

import pytest

from minisyncml.errors import ObexError, StoreError
from minisyncml.gateway.folders import CAPABILITY, LISTING, FolderService, capability
from minisyncml.obex import codes
from minisyncml.obex.headers import Headers, type_value
from minisyncml.obex.server import Get, Put, SetPath


class Caller:
    """Asks a service as a line does."""

    def __init__(self, root: Path, about: bytes = b"") -> None:
        self.service = FolderService(root, about, largest=10_000)

    def get(self, name: str = "", kind: str = "") -> bytes:
        pairs: "list[tuple[int, str | bytes | int]]" = [(codes.NAME, name)] if name else []
        if kind:
            pairs.append((codes.TYPE, type_value(kind)))
        return self.service.get(Get(Headers(pairs))).body

    def put(self, name: str, body: "bytes | None") -> None:
        self.service.put(Put(Headers([(codes.NAME, name)]), body))

    def go(self, name: "str | None", up: bool = False, create: bool = False) -> None:
        self.service.setpath(SetPath(name, up, create))

    def names(self, name: str = "") -> "list[str]":
        root = ElementTree.fromstring(self.get(name, LISTING))
        return [child.tag if not child.attrib else child.tag[:2] + ":" + child.attrib["name"] for child in root]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "root"
    (inside / "sub" / "deep").mkdir(parents=True)
    (inside / "a.txt").write_bytes(b"hello")
    (tmp_path / "secret").write_bytes(b"secret")
    (inside / "link").symlink_to(tmp_path / "secret")
    (inside / "away").symlink_to(tmp_path)
    (inside / "new").symlink_to(tmp_path / "not yet")
    return inside


@pytest.fixture
def caller(root: Path) -> Caller:
    return Caller(root, capability("A & B", 'The "phone"', "1"))


def test_folders_and_files(caller: Caller, root: Path) -> None:
    assert caller.get("a.txt") == b"hello" == caller.get("/a.txt")
    assert caller.names() == ["fi:a.txt", "fo:sub"]
    caller.go("sub")
    assert caller.names() == ["parent-folder", "fo:deep"]
    caller.put("b & <c>.txt", b"new")
    caller.put("b & <c>.txt", b"newer")
    assert (root / "sub" / "b & <c>.txt").read_bytes() == b"newer" and "fi:b & <c>.txt" in caller.names()
    assert caller.names("deep") == ["parent-folder"]
    caller.go("deep")
    caller.go("made", create=True)
    caller.go("beside", up=True, create=True)
    assert (root / "sub" / "deep" / "made").is_dir() and (root / "sub" / "deep" / "beside").is_dir()
    caller.go(None)
    assert caller.names() == ["parent-folder"]
    caller.go("")
    assert caller.get("sub/b & <c>.txt") == b"newer"
    caller.put("sub/b & <c>.txt", None)
    caller.put("sub/deep/made", None)
    assert sorted(os.listdir(root / "sub")) == ["deep"] and os.listdir(root / "sub" / "deep") == ["beside"]


def test_the_capability_object(caller: Caller, root: Path) -> None:
    about = ElementTree.fromstring(caller.get(kind=CAPABILITY.upper()))
    words = [about.findtext(f"General/{tag}") for tag in ("Manufacturer", "Model", "SN")]
    assert words == ["A & B", 'The "phone"', "1"]
    with pytest.raises(ObexError):
        Caller(root).get(kind=CAPABILITY)


@pytest.mark.parametrize("name", [
    "..", "../secret", "sub/../../secret", "/../secret", "link", "away", "away/secret", "new", ".", "a\0b", "x" * 300,
    "sub\\..", "nowhere/x", ".obex-1", "/".join("x" * 40), "\ud800"])
def test_nothing_leads_out(caller: Caller, root: Path, name: str) -> None:
    before = sorted(os.listdir(root))
    for call in (lambda: caller.get(name), lambda: caller.put(name, b"x"), lambda: caller.put(name, None),
                 lambda: caller.go(name), lambda: caller.get(name, LISTING)):
        with pytest.raises((ObexError, StoreError)):
            call()
    if "/" in name or len(name) < 3 or name in ("link", "away", "new"):
        with pytest.raises((ObexError, StoreError)):
            caller.go(name + "/x", create=True)
    assert sorted(os.listdir(root)) == before and sorted(os.listdir(root.parent)) == ["root", "secret"]
    assert (root.parent / "secret").read_bytes() == b"secret"


def test_what_cannot_be(caller: Caller, root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "large").write_bytes(bytes(10_001))
    cases: "list[tuple[Callable[[], object], int]]" = [
        (lambda: caller.go(None, up=True), codes.NOT_FOUND), (lambda: caller.go("gone"), codes.NOT_FOUND),
        (lambda: caller.go("a.txt", create=True), codes.NOT_FOUND), (lambda: caller.get("sub"), codes.NOT_FOUND),
        (lambda: caller.get("pipe"), codes.NOT_FOUND), (lambda: caller.get("large"), codes.TOO_LARGE),
        (lambda: caller.get(), codes.NOT_FOUND), (lambda: caller.put("sub", b"x"), codes.FORBIDDEN),
        (lambda: caller.put("", b"x"), codes.NOT_FOUND), (lambda: caller.put("sub", None), codes.FORBIDDEN),
        (lambda: caller.put("no", None), codes.NOT_FOUND), (lambda: caller.get("a.txt", LISTING), codes.NOT_FOUND)]
    for call, code in cases:
        with pytest.raises(ObexError) as caught:
            call()
        assert caught.value.code == code
    assert "fi:pipe" not in caller.names()


def test_a_disk_that_is_full_leaves_nothing_behind(caller: Caller, root: Path) -> None:
    resource = pytest.importorskip("resource")
    import signal
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(StoreError):
            caller.put("a.txt", bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert caller.get("a.txt") == b"hello" and not [name for name in os.listdir(root) if name.startswith(".obex")]
