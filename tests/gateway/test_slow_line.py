"""Our two ends over a cable of a given speed; what the report says is what went over it."""

from __future__ import annotations

from threading import Thread
from typing import Iterator

import pytest
from interop.peers.ptyrelay import Relay
from phones import Bench, counts, put

from minisyncml.gateway.report import Report
from minisyncml.transport.link import Link
from minisyncml.transport.serial import open_serial

pytestmark = pytest.mark.slow
BODIES = (0x48, 0x49)       # Body, End of Body
FRAME = 3 + 5 + 3           # of a packet: code and length, a connection's number, begin of a body
ABOUT = 60                  # of a message: what it is called and of what type


class Heard(Link):
    """A line that remembers what passed, each way."""

    def __init__(self, link: Link) -> None:
        self.name, self.packet = link.name, link.packet
        self._link = link
        self.out = self.came = b""

    def read(self, timeout: float) -> bytes:
        data = self._link.read(timeout)
        self.came += data
        return data

    def write(self, data: bytes, timeout: float) -> None:
        self._link.write(data, timeout)
        self.out += data

    def close(self) -> None:
        self._link.close()


def packets(stream: bytes) -> "Iterator[bytes]":
    """OBEX packets of one way; nothing stands between them."""
    while stream:
        length = int.from_bytes(stream[1:3], "big")
        assert 3 <= length <= len(stream)
        yield stream[:length]
        stream = stream[length:]


def body_of(packet: bytes, connect: bool) -> bytes:
    """What a packet carries of a message, by the sizes of OBEX 1.3, 2.1."""
    rest, body = packet[7 if connect else 3:], b""
    while rest:
        length = {0: int.from_bytes(rest[1:3], "big"), 1: int.from_bytes(rest[1:3], "big"), 2: 2, 3: 5}[rest[0] >> 6]
        body += rest[3:length] if rest[0] in BODIES else b""
        rest = rest[length:]
    return body


def bodies_of(stream: bytes) -> "list[bytes]":
    """What the packets of one way carry; the first is CONNECT or its answer."""
    return [body_of(packet, number == 0) for number, packet in enumerate(packets(stream))]


class Slow:
    """A phone at one end of a slow cable, we at the other. Use as a context manager.

    :ivar heard: the line of the last session
    """

    def __init__(self, baud: int, items: int) -> None:
        self.bench = Bench(kinds=("contacts", "calendar"), items=items)
        self.phone = self.bench.caller(self._call, timeout=30.0)
        self._cable, self._over = Relay(baud), False
        self._thread = Thread(target=self._answer)

    def _answer(self) -> None:
        with open_serial(self._cable.a) as link:
            self.bench.emulator.answer(link, timeout=30.0, stop=lambda: self._over)

    def _call(self) -> Link:
        self.heard = Heard(open_serial(self._cable.b))
        return self.heard

    def sync(self) -> Report:
        """One session, checked against what the cable carried."""
        before = list(self._cable.count)
        self.bench.passed.clear()
        report = self.phone.sync()
        assert report.error is None and report.exit_code == 0, report.error or report.table()
        carried = [after - then for after, then in zip(self._cable.count, before)]
        assert carried == [len(self.heard.came), len(self.heard.out)]
        notification = len(self.bench.passed[0][1].body)        # no message of the session
        for line, told in ((self.heard.came, report.bytes_in), (self.heard.out, report.bytes_out + notification)):
            bodies = bodies_of(line)
            assert sum(map(len, bodies)) == told
            assert len(line) - told <= FRAME * len(bodies) + ABOUT * (report.messages + 2)
        return report

    def __enter__(self) -> "Slow":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over = True
        self._thread.join(40)
        self._cable.__exit__()
        assert not self._thread.is_alive()


@pytest.mark.parametrize("baud, items", [(9_600, 3), (115_200, 40)])
def test_what_goes_over_a_slow_line_is_what_the_report_says(baud: int, items: int) -> None:
    with Slow(baud, items) as line:
        for moved in (items, 1, 0):
            report = line.sync()
            assert line.bench.equal() and set(counts(report).values()) == {moved}
            for kind, store in line.bench.phone.items() if moved == items else ():
                put(store, kind, f"{kind}, new")
