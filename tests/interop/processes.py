"""Processes of a test: free ports, waiting for a condition or a listening port, stopping a whole process tree."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

HOST = "127.0.0.1"


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def wait_until(true: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Poll a condition.

    :param true: the condition
    :param what: words for the failure
    :param seconds: how long to try
    :raises TimeoutError: when it did not come true
    """
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


class Background:
    """A server process in a session of its own, with its output in a file; leaving the context stops all of it."""

    def __init__(self, command: Sequence[str], log: Path, env: Optional[Mapping[str, str]] = None) -> None:
        self.command = [str(word) for word in command]
        self.log = log
        self.env = dict(env) if env is not None else None
        self.limit: Optional[Callable[[], None]] = None     # called in the new process
        self.process: Optional["subprocess.Popen[bytes]"] = None

    def start(self) -> "Background":
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env,
                start_new_session=True, preexec_fn=self.limit)
        return self

    def wait_port(self, port: int, seconds: float = 30.0) -> None:
        """Wait until the process listens; fail at once when it ends instead."""
        process = self.process
        assert process is not None

        def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"{self.command[0]} ended with {process.returncode}:\n{self.output()}")
            return listening(port)

        wait_until(ready, f"{self.command} on port {port}", seconds)

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Stop the whole process group.

        :param how: the first signal; what does not end within 5 s is killed
        :returns: the exit code of the first process
        """
        process = self.process
        assert process is not None
        _signal_group(process.pid, how)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        _signal_group(process.pid, signal.SIGKILL)
        return process.wait()

    def __enter__(self) -> "Background":
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def _signal_group(group: int, how: int) -> None:
    try:
        os.killpg(group, how)
    except ProcessLookupError:
        pass
