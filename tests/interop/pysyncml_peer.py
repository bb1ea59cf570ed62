"""pysyncml 0.2.0 (Python 2.7) as peer: its program sync-notes, as client and as server.

It speaks SyncML 1.2 in XML with basic authentication, one message for each package; a note is a .txt file whose name
is its first line. What it cannot do, with its own kind either: text outside ASCII, a slow sync when the server's side
holds notes already and matches must be found, and a note that was deleted at its side is reported deleted for ever.
`peers/pysyncml_setup.sh` installs it; MINISYNCML_PYSYNCML names the folder where, PY27 the
interpreter.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from interop.processes import HOST, Background, free_port

PEERS = Path(__file__).resolve().parent / "peers"
LIBRARY = Path(os.environ.get("MINISYNCML_PYSYNCML") or Path.home() / ".cache" / "minisyncml-peers" / "pysyncml")

#: our name of a mode -> its own
MODES = {"two-way": "sync", "slow": "full", "one-way-from-server": "pull", "one-way-from-client": "push",
         "refresh-from-server": "pull-over", "refresh-from-client": "push-over"}


def interpreter() -> str:
    """A Python 2.7, empty when there is none."""
    pyenv = sorted(Path.home().glob(".pyenv/versions/2.7*/bin/python2.7"))
    return os.environ.get("PY27") or (str(pyenv[-1]) if pyenv else shutil.which("python2.7") or "")


def missing() -> str:
    """Why pysyncml cannot run here, empty when it can."""
    if not interpreter():
        return "no Python 2.7 (name one in PY27)"
    if not (LIBRARY / "pysyncml").is_dir():
        return f"pysyncml is not in {LIBRARY} (tests/interop/peers/pysyncml_setup.sh {LIBRARY})"
    return ""


class Side(NamedTuple):
    """What a sync did to one side."""

    added: int
    changed: int
    removed: int
    failed: int


class Summary(NamedTuple):
    """The table that sync-notes prints; None for both sides when there was nothing to say."""

    exit: int
    local: Side
    remote: Side
    conflicts: int
    output: str

    @property
    def idle(self) -> bool:
        """Whether nothing changed on either side."""
        return not any(self.local) and not any(self.remote)


_ROW = re.compile(r"^\| +\S+ +\| +(\S\S) +\|" + r" +([\d,-]+) +\|" * 10 + "$", re.MULTILINE)


def parse(exit_code: int, output: str) -> Summary:
    """Read the summary table of sync-notes."""
    row = _ROW.search(output)
    numbers = [int(text.replace(",", "").replace("-", "0")) for text in row.groups()[1:]] if row else [0] * 10
    return Summary(exit_code, Side(*numbers[:4]), Side(*numbers[4:8]), numbers[8], output)


def _environment() -> Dict[str, str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "http_proxy", "HTTP_PRO"))}
    return {**env, "PYTHONPATH": str(LIBRARY), "no_proxy": "*", "PYTHONIOENCODING": "utf-8"}


class NotesClient:
    """sync-notes as client.

    :param folder: its notes
    :param url: the server
    """

    def __init__(self, folder: Path, url: str, user: str = "", password: str = "") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.options = ["--remote", url]
        if user:
            self.options += ["--username", user, "--password", password]

    def command(self, mode: str = "two-way") -> List[str]:
        """The command line of a sync."""
        return [interpreter(), str(PEERS / "pysyncml_notes.py"), "--mode", MODES[mode], *self.options,
                str(self.folder)]

    def run(self, mode: str = "two-way", timeout: float = 300.0) -> Summary:
        """Sync once."""
        done = subprocess.run(self.command(mode), env=_environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        return parse(done.returncode, done.stdout.decode("utf-8", "replace"))


class NotesServer:
    """sync-notes as server on a free port. Use as a context manager."""

    def __init__(self, folder: Path, user: str = "", password: str = "", port: Optional[int] = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.url = f"http://{HOST}:{self.port}/"
        credentials = ["--username", user, "--password", password] if user else []
        self.background = Background(
            [interpreter(), str(PEERS / "pysyncml_notes.py"), "--server", "--listen", str(self.port),
             "--policy", "client-wins", *credentials, str(folder)], Path(f"{folder}.log"), _environment())

    def __enter__(self) -> "NotesServer":
        self.background.start().wait_port(self.port)
        return self

    def __exit__(self, *exc: object) -> None:
        self.background.stop()


def note(number: int, edit: str = "") -> bytes:
    """A note of about 300 bytes; its first line is the name that pysyncml gives the file. ASCII: it fails on more."""
    lines = [f"note-{number}", f"Shopping for the {number}th time{edit}", "bread, cheese & <tea>"]
    return "\n".join(lines + [f"thing {i} of {number}" for i in range(15)] + [""]).encode("utf-8")


def fill(folder: Path, numbers: "range", edit: str = "") -> None:
    """Put the notes of these numbers into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"note-{number}.txt").write_bytes(note(number, edit))


def find(folder: Path, number: int) -> Path:
    """The file with the note of this number, whatever it is called."""
    [found] = [path for path in files(folder) if path.read_bytes().startswith(b"note-%d\n" % number)]
    return found


def files(folder: Path) -> List[Path]:
    """The note files of a folder."""
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def texts(folder: Path) -> "Counter[str]":
    """All notes of a folder by their text, line ends and blanks at the very end aside."""
    return Counter(path.read_text("utf-8").replace("\r\n", "\n").rstrip() for path in files(folder))
