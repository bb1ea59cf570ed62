"""Client and server are processes of their own and get killed, at each commit and each message; then both start anew.

The line between them is a pair of sockets; a process ends when the line does.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from pair import Pair, options, transferred
from store.powercut import Quick

from minisyncml.gateway.exchange import Exchange
from minisyncml.store.batch import Keeper, Overlay
from minisyncml.store.peersfile import FilePeers
from minisyncml.transport.base import Packet

from .world import KINDS, NAMES, SIDES, base, change, held, open_all, wanted

DONE = 0
CUT = 3         # the other side is gone


class Countdown:
    """Kills its own process at the chosen moment; 0: never."""

    def __init__(self, left: int) -> None:
        self.left = left

    def tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class TickingFiles(Quick):
    """Counts each effect on the disk."""

    def __init__(self, clock: Countdown) -> None:
        self.clock = clock

    def __getattribute__(self, name: str) -> Any:
        if name in ("write", "sync", "sync_folder", "sync_all", "replace", "unlink", "truncate"):
            object.__getattribute__(self, "clock").tick()
        return object.__getattribute__(self, name)


def counted(store: Keeper, clock: Countdown) -> Keeper:
    """A store that counts before and after each commit."""
    take = store._take

    def ticking(batch: Overlay) -> None:
        clock.tick()
        take(batch)
        clock.tick()
    store._take = ticking   # type: ignore[method-assign]
    return store


def send(line: socket.socket, packet: Packet) -> None:
    kind = packet.content_type.encode()
    line.sendall(struct.pack("!HI", len(kind), len(packet.body)) + kind + packet.body)


def receive(line: socket.socket) -> Optional[Packet]:
    head = read(line, 6)
    if head is None:
        return None
    kind, size = struct.unpack("!HI", head)
    data = read(line, kind + size)
    return None if data is None else Packet(data[:kind].decode(), data[kind:])


def read(line: socket.socket, size: int) -> Optional[bytes]:
    data = b""
    while len(data) < size:
        try:
            part = line.recv(size - len(data))
        except ConnectionError:
            return None
        if not part:
            return None
        data += part
    return data


class Side:
    """What runs in one process."""

    def __init__(self, side: str, kind: str, where: Path, line: socket.socket, clock: Countdown, fine: bool) -> None:
        self.line, self.clock = line, clock
        files = TickingFiles(clock) if fine else Quick()
        stores = open_all(KINDS[kind], where / side, files)
        if not fine:
            stores = {name: counted(store, clock) for name, store in stores.items()}
        memory = FilePeers(str(where / side / "peers"), Quick())
        if side == "client":
            self.exchange = Exchange.client(options("phone-1"), stores, memory, "http://server/")
        else:
            self.exchange = Exchange.server(options("server-1"), stores, memory)

    def say(self, packet: Packet) -> bool:
        self.clock.tick()
        try:
            send(self.line, packet)
        except ConnectionError:
            return False
        self.clock.tick()
        return True

    def client(self) -> int:
        packet = self.exchange.start()
        while packet is not None:
            if not self.say(packet):
                return CUT
            answer = receive(self.line)
            if answer is None:
                return CUT
            packet = self.exchange.handle(answer)
        return DONE

    def server(self) -> int:
        while not self.exchange.finished:
            packet = receive(self.line)
            if packet is None:
                return CUT
            answer = self.exchange.handle(packet)
            if answer is None or not self.say(answer):
                return CUT
        return DONE


def process(work: "Callable[[], int]", keep: socket.socket, drop: socket.socket) -> int:
    """A process of its own; its number."""
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        drop.close()
        code = work()
        keep.close()
    finally:
        os._exit(code)


def session(kind: str, where: Path, victim: str = "", at: int = 0, fine: bool = False) -> "dict[str, int]":
    """One session between two processes.

    :returns: what became of each: DONE, CUT, or minus the number of a signal
    """
    ends = socket.socketpair()
    children = {}
    for side, keep, drop in zip(SIDES, ends, ends[::-1]):
        def work(side: str = side, keep: socket.socket = keep) -> int:
            own = Side(side, kind, where, keep, Countdown(at if side == victim else 0), fine)
            return own.client() if side == "client" else own.server()
        children[side] = process(work, keep, drop)
    for end in ends:
        end.close()
    return {side: ending(os.waitpid(child, 0)[1]) for side, child in children.items()}


def ending(status: int) -> int:
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def prepared(kind: str, where: Path) -> None:
    """Two sides that were in sync once and have changed since."""
    for side in SIDES:
        (where / side).mkdir(parents=True)
    pair = open_pair(kind, where)
    base(pair)
    change(pair)
    close(pair)


def open_pair(kind: str, where: Path) -> Pair:
    stores = [open_all(KINDS[kind], where / side, Quick()) for side in SIDES]
    pair = Pair(*stores, reborn=False)
    pair.client_memory, pair.server_memory = (FilePeers(str(where / side / "peers"), Quick()) for side in SIDES)  # type: ignore
    return pair


def close(pair: Pair) -> None:
    for stores in (pair.client, pair.server):
        for store in stores.values():
            store.close()


def check(kind: str, where: Path) -> None:
    """Both sides are equal and hold what they should, and there is nothing to do any more."""
    pair = open_pair(kind, where)
    goal = {name: wanted(name) for name in NAMES}
    assert held(dict(pair.client)) == held(dict(pair.server)) == goal
    left, right = pair.sync()
    assert not transferred(left) and not transferred(right)
    assert not any(part.slow for part in left.report.datastores.values())
    close(pair)


def kill_everywhere(kind: str, victim: str, fine: bool, tmp_path: Path, step: int = 1) -> int:
    """Kill the victim at each moment of a session.

    :returns: how many moments there were
    """
    moment = 1
    while True:
        where = tmp_path / str(moment)
        prepared(kind, where)
        ended = session(kind, where, victim, moment, fine)
        killed = ended[victim] == -signal.SIGKILL
        assert killed or ended == {"client": DONE, "server": DONE}
        if not killed:
            return moment - 1
        again = session(kind, where)
        assert again == {"client": DONE, "server": DONE}
        check(kind, where)
        moment += step


@pytest.mark.parametrize("victim", SIDES)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_each_commit_and_message(kind: str, victim: str, tmp_path: Path) -> None:
    assert kill_everywhere(kind, victim, False, tmp_path) >= 12


@pytest.mark.full
@pytest.mark.parametrize("victim", SIDES)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_each_effect_on_the_disk(kind: str, victim: str, tmp_path: Path) -> None:
    assert kill_everywhere(kind, victim, True, tmp_path) >= 12
