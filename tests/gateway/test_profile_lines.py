"""Switches of a profile that count on a line to a phone, in both settings: OBEX packets and pauses. Those of the
notification stand in test_phone.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from phones import Bench, Switchboard

from minisyncml.profile import find
from minisyncml.transport.link import Link


class Heard(Link):
    """A line whose packets of ours are written down."""

    def __init__(self, link: Link, packets: "list[bytes]") -> None:
        self.name, self.packet = link.name, link.packet
        self._link, self._packets = link, packets

    def read(self, timeout: float) -> bytes:
        return self._link.read(timeout)

    def write(self, data: bytes, timeout: float) -> None:
        self._packets.append(bytes(data))
        self._link.write(data, timeout)

    def close(self) -> None:
        self._link.close()


@pytest.fixture
def session(tmp_path: Path) -> "Callable[..., list[bytes]]":
    """Runs a session with a phone of some switches; the packets that we sent."""
    def run(**values: Any) -> "list[bytes]":
        path = tmp_path / "own.toml"
        path.write_text("[values]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
        bench = Bench(find(user=str(path)), kinds=("notes",), items=20)
        packets: "list[bytes]" = []
        with Switchboard(bench.emulator.answer) as line:
            report = bench.caller(lambda: Heard(line(), packets), profile=str(path)).sync()
        assert report.exit_code == 0 and bench.equal()
        return packets
    return run


def last_puts(packets: "list[bytes]") -> "list[bool]":
    """Whether the packets that end a PUT have data."""
    ends = [packet for packet in packets if packet[0] == 0x82 and b"\x49" in packet]
    return [not packet.endswith(b"\x49\x00\x03") for packet in ends]


@pytest.mark.parametrize("mode, data", [("body-last", True), ("empty-last", False)])
def test_eob_mode(session: "Callable[..., list[bytes]]", mode: str, data: bool) -> None:
    assert set(last_puts(session(eob_mode=mode))) == {data}


@pytest.mark.parametrize("size", [0, 300])
def test_obex_packet(session: "Callable[..., list[bytes]]", size: int) -> None:
    longest = max(len(packet) for packet in session(obex_packet=size))
    assert longest <= size if size else longest > 300


@pytest.mark.parametrize("target", ["SYNCML-SYNC", "SYNCML-TEST"])
def test_obex_target(session: "Callable[..., list[bytes]]", target: str) -> None:
    [connect] = [packet for packet in session(obex_target=target) if packet[0] == 0x80]
    assert target.encode() in connect


@pytest.mark.parametrize("pause, waited", [(0.0, []), (3.0, [3.0])])
def test_pause_after(tmp_path: Path, pause: float, waited: "list[float]") -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"[values]\npause_after = {pause}\n")
    bench, waits = Bench(find(user=str(path)), kinds=("notes",)), []
    with Switchboard(bench.emulator.answer) as line:
        phone = bench.caller(line, profile=str(path), wait=waits.append, clock=lambda: 0.0)
        assert phone.sync().exit_code == phone.sync().exit_code == 0
    assert [seconds for seconds in waits if seconds == 3.0] == waited
