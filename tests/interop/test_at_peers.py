"""Programs that switch a phone from AT commands to OBEX, against our phone on a pseudo-terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Iterator, Optional

import pytest

from minisyncml.errors import ObexError
from minisyncml.obex import codes
from minisyncml.obex.headers import Pair
from minisyncml.obex.server import Get, Put
from minisyncml.transport.at import Dialogue
from minisyncml.transport.atphone import AtFront, AtResponder
from minisyncml.transport.obex import ObexClient, Reply, Service, serve
from minisyncml.transport.serial import PtyLink, open_serial

pytestmark = pytest.mark.interop
needs_gammu = pytest.mark.skipif(not shutil.which("gammu"), reason="gammu is not installed")
needs_obexftp = pytest.mark.skipif(not shutil.which("obexftp"), reason="obexftp is not installed")

INFO = b"Total-Records:1\r\nMaximum-Records:500\r\nIEL:2\r\nHD:YES\r\nSAT:CC\r\n"
BOOK = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Sample;Bob\r\nTEL;CELL:+15550101\r\nEND:VCARD\r\n"
FOLDERS = bytes.fromhex("F9EC7BC4953C11D2984E525400DC9E09")


class Objects(Service):
    """Objects by name, as they stand in a dictionary."""

    def __init__(self, objects: "dict[str, bytes]") -> None:
        self.objects = objects

    def put(self, request: Put) -> "tuple[Pair, ...]":
        self.objects[request.headers.name or ""] = request.body or b""
        return ()

    def get(self, request: Get) -> Reply:
        body = self.objects.get(request.headers.name or "")
        if body is None:
            raise ObexError("no such object", codes.NOT_FOUND)
        return Reply(body)


class Phone:
    """A phone on a pseudo-terminal: AT until it is switched, then OBEX, then AT again."""

    def __init__(self, responder: AtResponder) -> None:
        self.objects = {"telecom/pb/info.log": INFO, "telecom/pb.vcf": BOOK, "down.txt": b"from the phone\n" * 200}
        self.error: Optional[Exception] = None
        self._pty = PtyLink(480)     # obexftp takes no packet above that
        self.name = self._pty.name
        self._front = AtFront(self._pty, responder)
        self._stop = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        services = {target: lambda: Objects(self.objects) for target in (b"", b"IRMC-SYNC", FOLDERS)}
        try:
            serve(self._front, services, send_limit=480, stop=lambda: self._stop)
        except Exception as error:
            self.error = error

    def close(self) -> None:
        self._stop = True
        self._thread.join(10)
        self._pty.close()


@pytest.fixture
def phones() -> "Iterator[list[Phone]]":
    started: "list[Phone]" = []
    yield started
    for phone in started:
        phone.close()


def gammu(phone: Phone, folder: Path, features: str, model: str) -> str:
    """What `gammu --getallmemory ME` prints over this port, AT first."""
    config = folder / "gammurc"
    config.write_text(f"[gammu]\nconnection = at115200\ndevice = {phone.name}\nmodel = {model}\n"
                      + (f"features = {features}\n" if features else ""))
    done = subprocess.run(["gammu", "-c", str(config), "--getallmemory", "ME"], capture_output=True, timeout=90,
                          stdin=subprocess.DEVNULL, env={**os.environ, "SHELL": "/bin/sh", "LC_ALL": "C"})
    return (done.stdout + done.stderr).decode("utf-8", "replace")


@needs_gammu
@pytest.mark.parametrize("switch, features, model, maker, name", [
    ("eobex", "", "", "SONY ERICSSON", "1130202-BV"),       # T68i: gammu knows it and what it needs
    ("cprot", "OBEX,CPROT,IRMC_LEVEL_2", "atobex", "Toy", "ToyPhone"),
    ("mode22", "OBEX,MODE22,IRMC_LEVEL_2", "atobex", "Toy", "ToyPhone"),
    ("xlnk", "OBEX,XLNK,IRMC_LEVEL_2", "atobex", "Toy", "ToyPhone"),
])
def test_gammu_reads_the_phone_book(phones: "list[Phone]", tmp_path: Path, switch: str, features: str, model: str,
                                    maker: str, name: str) -> None:
    phones.append(Phone(AtResponder(maker, name, "R1", switch)))
    for _ in range(2 if switch == "cprot" else 1):      # the second time the phone must be back in AT mode
        printed = gammu(phones[0], tmp_path, features, model)
        assert "+15550101" in printed, printed
    assert phones[0].error is None


@needs_obexftp
@pytest.mark.parametrize("switch, maker", [("eobex", "ERICSSON"), ("sqwe3", "SIEMENS"), ("cprot", "Toy"),
                                           ("none", "Toy")])
def test_obexftp_puts_and_gets(phones: "list[Phone]", tmp_path: Path, switch: str, maker: str) -> None:
    phones.append(Phone(AtResponder(maker, "X1", switch=switch)))
    (tmp_path / "up.txt").write_bytes(b"from the computer\n" * 200)
    subprocess.run(["obexftp", "-t", phones[0].name, "-U", "none", "-S", "-p", "up.txt", "-g", "down.txt"],
                   cwd=tmp_path, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert phones[0].objects.get("up.txt") == (tmp_path / "up.txt").read_bytes()
    assert (tmp_path / "down.txt").read_bytes() == phones[0].objects["down.txt"]
    assert phones[0].error is None


@pytest.mark.parametrize("switch", ["cprot", "eobex", "sqwe3", "mode22"])
def test_our_dialogue_over_the_same_port(phones: "list[Phone]", switch: str) -> None:
    maker = {"mode22": "Motorola", "sqwe3": "SIEMENS"}.get(switch, "Toy")
    phones.append(Phone(AtResponder(maker, "X1", switch=switch)))
    with open_serial(phones[0].name) as link:
        dialogue = Dialogue(link, wait=lambda seconds: None)
        for _ in range(2):
            assert dialogue.enter_obex() == switch
            client = ObexClient(link)
            client.connect(b"IRMC-SYNC")
            assert client.get(name="telecom/pb.vcf") == BOOK
            client.disconnect()
            assert dialogue.leave(switch)
