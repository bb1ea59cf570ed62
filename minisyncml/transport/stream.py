"""A link on a file descriptor: what serial ports, ptys, TCP and RFCOMM sockets have in common once they are open.

How each is opened stands in its own module. Waiting is done by poll(), so an idle line costs nothing.
"""

from __future__ import annotations

import os
import select
import time
from typing import Callable

from minisyncml.errors import LinkError
from minisyncml.transport.link import Link

CHUNK = 65_536
HINT = "the phone was unplugged, switched off or out of reach, or the other side closed"


class FdLink(Link):
    """Reads and writes an open, non-blocking file descriptor.

    :param fd: the descriptor; it stays its opener's
    :param name: what people call the line
    :param packet: the OBEX packet size in bytes that suits it
    :param release: closes the line
    """

    def __init__(self, fd: int, name: str, packet: int, release: Callable[[], object]) -> None:
        self.name = name
        self.packet = packet
        self._fd = fd
        self._release = release
        self._open = True

    def read(self, timeout: float) -> bytes:
        """Wait for bytes, see :meth:`minisyncml.transport.link.Link.read`.

        :param timeout: seconds
        :returns: at least one byte, or nothing when nothing came in time
        :raises LinkError: when the line dropped
        """
        end = time.monotonic() + timeout
        while True:
            if not self._wait(select.POLLIN, end):
                return b""
            try:
                data = os.read(self._fd, CHUNK)
            except BlockingIOError:     # somebody else reads the same port and was faster
                if time.monotonic() < end:
                    continue
                return b""
            except OSError as error:
                raise self._dropped(error) from None
            if not data:
                raise self._dropped()
            return data

    def write(self, data: bytes, timeout: float) -> None:
        """Send all of it, see :meth:`minisyncml.transport.link.Link.write`.

        :param data: the bytes
        :param timeout: seconds without any progress
        :raises LinkError: when the line dropped or is blocked
        """
        rest = memoryview(data)
        end = time.monotonic() + timeout
        while rest:
            if not self._wait(select.POLLOUT, end):
                raise self._blocked(timeout)
            try:
                count = os.write(self._fd, rest)
            except BlockingIOError:
                if time.monotonic() < end:
                    continue
                raise self._blocked(timeout) from None
            except OSError as error:
                raise self._dropped(error) from None
            if count:
                rest = rest[count:]
                end = time.monotonic() + timeout

    def close(self) -> None:
        """Give the line up; a second call does nothing."""
        if self._open:
            self._open = False
            try:
                self._release()
            except OSError:
                pass    # a device that is gone cannot be closed better

    def _wait(self, event: int, end: float) -> bool:
        if not self._open:
            raise LinkError(f"{self.name} is closed")
        poll = select.poll()
        poll.register(self._fd, event)
        # rounded up: poll counts in milliseconds, and a remainder below one must not spin
        return bool(poll.poll(max(0, int((end - time.monotonic()) * 1000 + 0.999))))

    def _blocked(self, timeout: float) -> LinkError:
        return LinkError(f"{self.name} took nothing for {timeout:g} s: the phone hangs or is out of reach")

    def _dropped(self, error: "OSError | None" = None) -> LinkError:
        reason = f" ({error.strerror})" if error is not None and error.strerror else ""
        return LinkError(f"the line {self.name} dropped: {HINT}{reason}")
