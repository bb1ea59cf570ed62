"""Bluetooth without a radio: programs whose Bluetooth sockets lead to Unix sockets (peers/shim/btshim.c)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Optional

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).parent / "peers" / "shim" / "btshim.c"
PHONE = "00:11:22:33:44:55"


def python() -> str:
    """A Python with Bluetooth sockets; pyenv builds often have none, the system's usually does."""
    if hasattr(socket, "AF_BLUETOOTH"):
        return sys.executable
    system = "/usr/bin/python3"
    probe = [system, "-c", "import socket, sys; sys.exit(sys.version_info < (3, 9) or not socket.AF_BLUETOOTH)"]
    if not os.path.exists(system) or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("no Python with Bluetooth sockets")
    return system


class Radio:
    """The air of one test: a folder with a socket for each channel.

    :param folder: where the shim is built and the sockets are
    """

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler or not sys.platform.startswith("linux"):
            pytest.skip("no C compiler, or no Linux")
        self.folder = folder
        self.shim = folder / "btshim.so"
        self.log = folder / "btshim.log"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(self.shim), str(SOURCE), "-ldl"], check=True)

    def environment(self, **more: str) -> "dict[str, str]":
        """The environment of a program in this air."""
        return {**os.environ, "LD_PRELOAD": str(self.shim), "BTSHIM_RFCOMM": f"unix:{self.folder}/rfcomm-%d",
                "BTSHIM_L2CAP": f"unix:{self.folder}/l2cap-%d", "BTSHIM_LOG": str(self.log),
                "PYTHONPATH": str(ROOT), **more}

    def run(self, script: str, *arguments: str, more: Optional[Mapping[str, str]] = None) -> str:
        """Run a Python script in this air to its end.

        :param script: the source
        :returns: what it printed
        """
        done = subprocess.run([python(), "-c", script, *arguments], env=self.environment(**(more or {})), timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder)
        return done.stdout.decode("utf-8", "replace")

    def start(self, script: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a Python script in this air; it prints a line when it is ready.

        :param script: the source
        :returns: the process, after its first line
        """
        process = subprocess.Popen([python(), "-c", script, *arguments], env=self.environment(), cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    def listen(self, name: str, kind: int) -> socket.socket:
        """Stand in for another device.

        :param name: `l2cap-1` (service discovery) or `rfcomm-CHANNEL`
        :param kind: SOCK_SEQPACKET or SOCK_STREAM
        """
        sock = socket.socket(socket.AF_UNIX, kind)
        sock.bind(str(self.folder / name))
        sock.listen(4)
        sock.settimeout(30)
        return sock


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process of :meth:`Radio.start`."""
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()
