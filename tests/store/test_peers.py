"""Devices, the history of sessions, and our own id."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

from minisyncml.store import peers as module
from minisyncml.store.peers import Peers
from minisyncml.store.peersfile import FilePeers


@pytest.fixture(params=[True, False], ids=["file", "memory"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Optional[str]:
    return str(tmp_path / "peers") if request.param else None


def opened(path: Optional[str]) -> Peers:
    return Peers() if path is None else FilePeers(path)


def again(peers: Peers, path: Optional[str]) -> Peers:
    if path is None:
        return peers
    peers.close()
    return opened(path)


def test_devices(path: Optional[str]) -> None:
    peers = opened(path)
    assert peers.get("IMEI:1") == {} == peers.get("")
    peers.set("IMEI:1", {"nonce": "a", "devinf": {"x": [1]}})
    peers.set("IMEI:2", {"nonce": "b"})
    peers.set("IMEI:1", {"nonce": "c"})
    peers = again(peers, path)
    assert peers.get("IMEI:1") == {"nonce": "c"}
    assert peers.devices() == ["IMEI:2", "IMEI:1"]
    peers.set("IMEI:2", {})
    assert again(peers, path).devices() == ["IMEI:1"]


def test_what_comes_back_is_a_copy(path: Optional[str]) -> None:
    peers = opened(path)
    facts: "dict[str, object]" = {"x": 1}
    peers.set("d", facts)
    facts["x"] = 2
    peers.get("d")["x"] = 3
    assert peers.get("d") == {"x": 1}


def test_devices_are_bounded(path: Optional[str]) -> None:
    peers = opened(path)
    for n in range(module.DEVICES + 5):
        peers.set(f"d{n}", {"n": n})
    peers = again(peers, path)
    assert len(peers.devices()) == module.DEVICES
    assert peers.get("d4") == {} and peers.get("d5") == {"n": 5}


def test_history(path: Optional[str]) -> None:
    peers = opened(path)
    assert peers.history() == []
    for n in range(module.SESSIONS + 3):
        peers.record({"n": n})
    peers = again(peers, path)
    assert [one["n"] for one in peers.history(2)] == [module.SESSIONS + 2, module.SESSIONS + 1]
    assert len(peers.history(10**6)) == module.SESSIONS
    assert peers.history(0) == []


def test_identity(path: Optional[str]) -> None:
    peers = opened(path)
    other = peers if path is None else opened(path)
    name = peers.identity
    assert len(name) > 16 and name.isascii()
    assert other.identity == name == again(peers, path).identity
    assert Peers().identity != name
