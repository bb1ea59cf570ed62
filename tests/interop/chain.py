"""The chain from a phone to a CardDAV and CalDAV server, each link a program of its own: `minisyncml phone emulate`,
`minisyncml phone sync`, a folder, vdirsyncer, Radicale.

The configuration of vdirsyncer is the one of the README, and so are the commands.
`peers/chain_setup.sh` installs vdirsyncer and Radicale, and the programs khard and khal, in which people look at such
folders; MINISYNCML_CHAIN names the folder where.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from interop.ours import ROOT, environment
from interop.processes import HOST, Background, free_port, wait_until
from interop.vcards import fields

PEERS = Path(os.environ.get("MINISYNCML_CHAIN") or Path.home() / ".cache" / "minisyncml-peers" / "chain")
USER, PASSWORD = "ada", "correct-horse"
#: our name of a datastore -> suffix of its files, and the collection on the server
KINDS = {"contacts": (".vcf", "contacts"), "calendar": (".ics", "personal")}
SECTION = (ROOT / "README.md").read_text("utf-8").partition("\n## On to ")[2].partition("\n## ")[0]


def missing() -> str:
    """Why the chain cannot run here, empty when it can."""
    absent = [name for name in ("vdirsyncer", "radicale", "khard", "khal") if not (PEERS / "bin" / name).exists()]
    return f"not in {PEERS}: {', '.join(absent)} (tests/interop/peers/chain_setup.sh {PEERS})" if absent else ""


def block(language: str) -> str:
    """The code of a language in the README's section."""
    found, = (text for kind, text in re.findall(r"^```(\w*)\n(.*?)^```", SECTION, re.M | re.S) if kind == language)
    return str(found)


def commands() -> "List[List[str]]":
    """The commands of the README's section."""
    return [shlex.split(line[2:]) for line in block("").splitlines() if line.startswith("$ ")]


class Dav:
    """Radicale on a free port, with an empty address book and an empty calendar. Use as a context manager."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        (home / "users").write_text(f"{USER}:{PASSWORD}\n")
        options = {"server-hosts": f"{HOST}:{self.port}", "auth-type": "htpasswd",
                   "auth-htpasswd-filename": home / "users", "auth-htpasswd-encryption": "plain",
                   "storage-filesystem-folder": home / "collections"}
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        self.background = Background([str(PEERS / "bin" / "python"), "-m", "radicale", "--config", "", *words],
                                     home / "log", {**environment(home), "PYTHONPATH": ""})

    def ask(self, method: str, path: str, body: "bytes | None" = None, accept: "Tuple[int, ...]" = (200, 201, 204, 207),
            **headers: str) -> bytes:
        """One request; `path` is that of a collection or an item."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        try:
            connection.request(method, f"/{USER}/{path}", body, {"Authorization": f"Basic {token}", **headers})
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        assert response.status in accept, (method, path, response.status, answer)
        return answer

    def names(self, kind: str) -> "List[str]":
        """The names of the items of a collection."""
        found = ElementTree.fromstring(self.ask("PROPFIND", f"{KINDS[kind][1]}/", Depth="1"))
        refs = [str(one.text) for one in found.iter("{DAV:}href")]
        return sorted(ref.rsplit("/", 1)[1] for ref in refs if not ref.endswith("/"))

    def items(self, kind: str) -> "Dict[str, bytes]":
        """The items of a collection by name."""
        return {name: self.ask("GET", f"{KINDS[kind][1]}/{name}") for name in self.names(kind)}

    def put(self, kind: str, uid: str, body: bytes) -> None:
        """What another program of the owner's writes."""
        self.ask("PUT", f"{KINDS[kind][1]}/{uid}{KINDS[kind][0]}", body)

    def delete(self, kind: str, uid: str) -> None:
        """What another program of the owner's deletes."""
        self.ask("DELETE", f"{KINDS[kind][1]}/{uid}{KINDS[kind][0]}")

    def __enter__(self) -> "Dav":
        self.background.start().wait_port(self.port)
        for name, (tag, space) in {"contacts": ("addressbook", "carddav"), "personal": ("calendar", "caldav")}.items():
            self.ask("MKCOL", f"{name}/", f'<mkcol xmlns="DAV:" xmlns:x="urn:ietf:params:xml:ns:{space}"><set><prop>'
                     f"<resourcetype><collection/><x:{tag}/></resourcetype></prop></set></mkcol>".encode())
        return self

    def __exit__(self, *exc: object) -> None:
        self.background.stop()


class Handset:
    """`minisyncml phone emulate` on a pseudo-terminal. Use as a context manager.

    :ivar folder: what it holds, a file for each item
    :ivar port: the pseudo-terminal
    """

    def __init__(self, home: Path, *options: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.folder = home / "phone"
        for kind in KINDS:
            (self.folder / kind).mkdir(parents=True)
        self.port = ""
        self.background = Background([sys.executable, "-m", "minisyncml", "phone", "emulate", "pty", str(self.folder),
                                      *options], home / "phone.log", environment(home))

    def __enter__(self) -> "Handset":
        self.background.start()
        wait_until(lambda: " is at /dev/" in self.background.output(), "an emulated phone")
        self.port = self.background.output().split(" is at ")[1].split()[0]
        return self

    def __exit__(self, *exc: object) -> None:
        self.background.stop()


class Run(NamedTuple):
    """What a program did."""

    exit: int
    output: str

    @property
    def moved(self) -> "List[str]":
        """What vdirsyncer says that it did, one line for each item."""
        return [line for line in self.output.splitlines() if re.match(r"(Copying|Deleting|error)", line)]

    @property
    def report(self) -> "Dict[str, Any]":
        """What `--json` says."""
        found: "Dict[str, Any]" = json.loads(self.output.splitlines()[-1])
        return found

    @property
    def idle(self) -> bool:
        """Whether a sync with the phone transferred nothing and compared nothing anew."""
        return self.exit == 0 and not any(
            part["slow"] or any(part["local"].values()) or any(part["remote"].values())
            for part in self.report["datastores"])


class Desk:
    """The computer between phone and server, with a home of its own.

    :param dav: the server, when there is one
    :ivar folder: where the items are
    """

    def __init__(self, home: Path, dav: "Optional[Dav]" = None) -> None:
        self.home, self.folder = home, home / "pim"
        home.mkdir(parents=True, exist_ok=True)
        if dav is not None:
            url = f"http://{HOST}:{dav.port}/"
            self.configure("vdirsyncer/config", block("ini").replace("https://cloud.example.org/remote.php/dav/", url))
            self.configure("vdirsyncer/password", f"{PASSWORD}\n")
        self.env = {**environment(home), "PATH": f"{PEERS / 'bin'}:{os.environ['PATH']}"}

    def configure(self, name: str, text: str) -> None:
        """Write a file below the user's configuration."""
        path = self.home / ".config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *words: str, said: str = "") -> Run:
        """A command, as its user would type it; `said` is its standard input."""
        command = [sys.executable, "-m", *words] if words[0] == "minisyncml" else list(words)
        done = subprocess.run(command, cwd=self.home, env=self.env, input=said, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, encoding="utf-8")
        return Run(done.returncode, done.stdout)

    def phone(self, port: str, *options: str) -> Run:
        """The README's command for a phone."""
        words = [port if word == "/dev/ttyACM0" else word for word in commands()[0]]
        return self.run(*words, "--json", *options)

    def dav(self) -> Run:
        """Sync with the server."""
        return self.run("vdirsyncer", "sync")

    def items(self, kind: str) -> "Dict[str, bytes]":
        """What is in a folder."""
        return held(self.folder / kind, kind)


def held(folder: Path, kind: str) -> "Dict[str, bytes]":
    """The items of a folder by file name."""
    return {path.name: path.read_bytes() for path in folder.glob(f"*{KINDS[kind][0]}")}


def uid_of(body: bytes) -> str:
    """The UID of an item."""
    found = re.search(rb"^UID:(.*?)\r?$", body, re.M)
    return found[1].decode() if found else ""


def meaning(body: bytes) -> "Tuple[object, ...]":
    """What an item says; the phone has another form of it than the server, and servers write all anew."""
    if b"BEGIN:VCARD" in body:
        return uid_of(body), fields(body)
    lines = re.sub(rb"\r?\n[ \t]", b"", body).replace(b"\\", b"").splitlines()
    return uid_of(body), sorted(line for line in lines if re.match(rb"(SUMMARY|DTSTART|RRULE)\b", line))


def vcard(uid: str, family: str, given: str, phone: str) -> bytes:
    """A contact that any server takes."""
    return (f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nN:{family};{given};;;\r\nFN:{given} {family}\r\n"
            f"TEL;TYPE=CELL:{phone}\r\nEND:VCARD\r\n").encode()


def vevent(uid: str, summary: str, start: str) -> bytes:
    """An event that any server takes."""
    return (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//made up//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
            f"DTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\nDURATION:PT1H\r\nSUMMARY:{summary}\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n").encode()
