"""The command in a process of its own, as users and scripts call it, and folders for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from helpers import ROOT

CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%d\r\nN:Doe;Jane %d\r\nFN:Jane %d Doe\r\nEND:VCARD\r\n"


def cli(*words: object, stdin: bytes = b"", cwd: "Path | None" = None,
        **environ: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the command in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run([sys.executable, "-m", "minisyncml", *map(str, words)], input=stdin, capture_output=True,
                          cwd=cwd, env=env, timeout=60)


@contextmanager
def served(*words: object) -> "Iterator[tuple[str, subprocess.Popen[bytes]]]":
    """`minisyncml serve --json` on a free port: its URL, and the process; ends with SIGTERM and exit code 0."""
    command = [sys.executable, "-m", "minisyncml", "serve", "--listen", "127.0.0.1:0", "--json", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    first = process.stdout.readline()
    if not first:
        raise AssertionError(process.communicate()[1])
    try:
        yield json.loads(first)["url"], process
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, b"")


def fill(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.vcf").write_bytes(CARD % (number, number, number))


def contents(folder: Path) -> "list[bytes]":
    return sorted(path.read_bytes() for path in folder.glob("*.vcf"))
