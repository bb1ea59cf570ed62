"""A line in memory for tests: what lies at its other end is a function, and silence takes no time."""

from __future__ import annotations

from typing import Callable

from minisyncml.errors import LinkError
from minisyncml.transport.link import Link


class Wire(Link):
    """A line whose other end answers at once.

    :param far: takes the bytes of one write and returns what comes back
    :param chunk: how many bytes one read brings at most
    """

    def __init__(self, far: Callable[[bytes], bytes], chunk: int = 4096) -> None:
        self.name = "wire"
        self.sent: "list[bytes]" = []
        self.breaks = 0
        self.speeds: "list[int]" = []
        self.coming = b""
        self.dropped = False
        self._far = far
        self._chunk = chunk

    def read(self, timeout: float) -> bytes:
        if self.dropped:
            raise LinkError("the line dropped")
        data, self.coming = self.coming[:self._chunk], self.coming[self._chunk:]
        return data

    def write(self, data: bytes, timeout: float) -> None:
        if self.dropped:
            raise LinkError("the line dropped")
        self.sent.append(bytes(data))
        self.coming += self._far(bytes(data))

    def send_break(self) -> None:
        self.breaks += 1

    def set_speed(self, speed: int) -> bool:
        self.speeds.append(speed)
        return True
