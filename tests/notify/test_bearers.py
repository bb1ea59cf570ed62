"""The ways to push, each against the real thing: a web server, a process, a modem and a phone on a pseudo-terminal."""

from __future__ import annotations

import os
import socket
import sys
import termios
import threading
import tty
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, Optional

import pytest
from helpers import RawServer, answer

from minisyncml.errors import Error, LinkError, ObexError, RefusedError, TransportError, UsageError
from minisyncml.limits import DEFAULT
from minisyncml.notify import base, legacy, san, sms, wap
from minisyncml.notify.base import Notification, Wanted
from minisyncml.notify.bearer import deliver
from minisyncml.notify.bearers import CommandBearer, HttpBearer, PduBearer, PortBearer, SmsBearer
from minisyncml.obex import codes
from minisyncml.transport.atphone import AtFront, AtResponder
from minisyncml.transport.base import WBXML, Packet
from minisyncml.transport.obex import SyncMLService, serve
from minisyncml.transport.ports import open_link
from minisyncml.transport.stream import FdLink
from minisyncml.transport.tcp import SocketLink

NOTIFICATION = Notification("srv1", (Wanted("card", 206, "text/x-vcard"),), "7")
BODY = san.build(NOTIFICATION)
OLD = legacy.build(NOTIFICATION._replace(version="1.1"))


# -- HTTP ------------------------------------------------------------------------------------------------------------


def test_http_post() -> None:
    with RawServer(lambda request, number: answer(b"thanks")) as server, HttpBearer(server.url + "?to=1") as bearer:
        bearer.push(BODY, base.PACKET)
    request, = server.requests
    assert request.line == "POST /sync?to=1 HTTP/1.1" and request.body == BODY
    assert request.headers["content-type"] == "application/vnd.syncml.ds.notification"
    assert request.headers["x-wap-application-id"] == "x-wap-application:push.syncml"


@pytest.mark.parametrize("script, error, words", [
    (answer(b"", "404 Not Found"), RefusedError, "HTTP 404 Not Found"),
    (answer(b"", "302 Found", "text/plain", "Location: http://elsewhere/"), RefusedError, "HTTP 302"),
    (b"no http at all\r\n\r\n", TransportError, "cannot push"), (None, TransportError, "cannot push"),
])
def test_http_answers_that_are_none(script: "Optional[bytes]", error: type, words: str) -> None:
    with RawServer(lambda request, number: script) as server, pytest.raises(error, match=words):
        HttpBearer(server.url).push(BODY, base.PACKET)


def test_http_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TransportError, match="connection refused"):
            HttpBearer(f"http://127.0.0.1:{taken.getsockname()[1]}/").push(BODY, base.PACKET)


def test_http_silence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TransportError, match="timed out"):
        HttpBearer(f"http://127.0.0.1:{silent.getsockname()[1]}/",
                   DEFAULT._replace(connect_timeout=0.05)).push(BODY, base.PACKET)


# -- a command -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program, words", [
    ("import sys; open({out!r}, 'wb').write(sys.stdin.buffer.read())", ()),
    ("import sys; open({out!r}, 'wb').write(bytes.fromhex(sys.argv[1]))", ("{hex}",)),
    ("import sys; open({out!r}, 'wb').write(open(sys.argv[1][5:], 'rb').read())", ("name={file}",)),
    ("import sys; assert sys.argv[1] == 'application/vnd.syncml.ds.notification' and sys.argv[2] == '; $HOME'; "
     "open({out!r}, 'wb').write(sys.stdin.buffer.read())", ("{type}", "; $HOME")),
])
def test_a_command(program: str, words: "tuple[str, ...]", tmp_path: Path) -> None:
    out = tmp_path / "pushed"
    CommandBearer([sys.executable, "-c", program.replace("{out!r}", repr(str(out))), *words]).push(BODY, base.PACKET)
    assert out.read_bytes() == BODY


@pytest.mark.parametrize("words, timeout, error, said", [
    ([sys.executable, "-c", "import sys; sys.exit('no such phone')"], 20, RefusedError, "ended with 1: no such phone"),
    (["/does/not/exist"], 20, UsageError, "cannot run"), ([], 20, UsageError, "a command"),
    ([sys.executable, "-c", "import sys; sys.stdin.close(); input()", "{hex}"], 20, RefusedError, "ended with 1"),
    (["sleep", "20", "{hex}"], 0.05, TransportError, "did not end"),
])
def test_commands_that_fail(words: "list[str]", timeout: float, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        CommandBearer(words, timeout).push(BODY, base.PACKET)


# -- short messages --------------------------------------------------------------------------------------------------


def test_pdus_as_text() -> None:
    written: "list[str]" = []
    PduBearer("+4917012345", written.append, lambda size: b"\x05\x2a").push(BODY * 5, base.PACKET)
    assert written == [part.pdu for part in sms.submits("+4917012345", wap.push(BODY * 5, base.PACKET, 5), 42)]
    assert len(written) == 2


class Modem:
    """A modem with echo on a pseudo-terminal; notes what it was told to send."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self.sent: "list[tuple[int, str]]" = []
        self.modes: "list[str]" = []

    def run(self, master: int) -> None:
        waiting = b""
        asked = 0
        while True:
            try:
                waiting += os.read(master, 4096)
            except OSError:
                return
            while asked or b"\r" in waiting:
                end = b"\x1a" if asked else b"\r"
                if end not in waiting:
                    break
                line, _, waiting = waiting.partition(end)
                reply, asked = self.answer(line.strip(b"\x1b").decode(), asked)
                os.write(master, line + end + reply)

    def answer(self, line: str, asked: int) -> "tuple[bytes, int]":
        if asked:
            self.sent.append((asked, line))
            return b"\r\n+CMGS: 12\r\n\r\nOK\r\n", 0
        if self.refuse and line.startswith(self.refuse):
            return b"\r\n+CMS ERROR: 500\r\n", 0
        if line.startswith("AT+CMGS="):
            return b"\r\n> ", int(line[8:])
        if line.startswith("AT+CMGF"):
            self.modes.append(line)
        return b"\r\nOK\r\n", 0


@contextmanager
def on_a_pty(work: "Callable[[int], None]") -> "Iterator[str]":
    """A device that answers at the other end of a pseudo-terminal; its name."""
    master, slave = os.openpty()
    tty.setraw(slave, termios.TCSANOW)
    thread = threading.Thread(target=work, args=(master,))
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        os.close(slave)
        thread.join(20)
        os.close(master)
        assert not thread.is_alive()


@pytest.mark.parametrize("times, parts", [(1, 1), (5, 2)])
def test_sms_through_a_modem(times: int, parts: int) -> None:
    modem = Modem()
    with on_a_pty(modem.run) as name, \
            SmsBearer(open_link(name), "+4917012345", lambda size: b"\x01\x2a") as bearer:
        bearer.push(BODY * times, base.PACKET)
    assert modem.modes == ["AT+CMGF=0"] and len(modem.sent) == parts
    assert modem.sent == [(part.length, part.pdu)
                          for part in sms.submits("+4917012345", wap.push(BODY * times), 42)]


@pytest.mark.parametrize("refuse, words", [("AT+CMGF", "takes no SMS"), ("AT+CMGS", "SMS 1 of 1 was not sent")])
def test_a_modem_that_refuses(refuse: str, words: str) -> None:
    modem = Modem(refuse)
    with on_a_pty(modem.run) as name, SmsBearer(open_link(name), "+4917012345") as bearer, \
            pytest.raises(RefusedError, match=words):
        bearer.push(BODY, base.PACKET)
    assert modem.sent == []


# -- OBEX ------------------------------------------------------------------------------------------------------------


class Phone:
    """An OBEX phone on TCP that takes some forms of notification and hangs up, or refuses, at others."""

    def __init__(self, takes: "tuple[str, ...]", rude: bool = False) -> None:
        self.takes, self.rude = takes, rude
        self.got: "list[Packet]" = []
        self.sessions = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.run)

    def __enter__(self) -> "Phone":
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(20)
        assert not self.thread.is_alive()

    def run(self) -> None:
        while True:
            try:
                stream, address = self.listener.accept()
            except OSError:
                return
            self.sessions += 1
            with SocketLink(stream, "caller") as link:
                try:
                    serve(link, {codes.SYNCML: self.service(stream)})
                except Error:
                    continue

    def service(self, stream: socket.socket) -> "Callable[[], SyncMLService]":
        return lambda: SyncMLService(lambda packet: self.take(packet, stream))

    def take(self, packet: Packet, stream: socket.socket) -> None:
        if packet.content_type in self.takes:
            self.got.append(packet)
            return
        if self.rude:
            stream.shutdown(socket.SHUT_RDWR)
        raise ObexError("not this one", 0x43)


OFFERS = (Packet(base.PACKET, BODY), OLD)


@pytest.mark.parametrize("takes, rude, sessions, form", [
    ((base.PACKET, WBXML), False, 1, OFFERS[0]), ((WBXML,), False, 2, OFFERS[1]), ((WBXML,), True, 2, OFFERS[1]),
])
def test_the_first_form_that_a_phone_takes(takes: "tuple[str, ...]", rude: bool, sessions: int, form: Packet) -> None:
    with Phone(takes, rude) as phone:
        assert deliver(lambda: PortBearer(phone.port), OFFERS) == form
    assert [(packet.content_type, packet.body) for packet in phone.got] == [(form.content_type, form.body)]
    assert phone.sessions == sessions


def test_a_phone_that_takes_none() -> None:
    with Phone(()) as phone, pytest.raises(ObexError) as caught:
        deliver(lambda: PortBearer(phone.port), OFFERS)
    assert caught.value.code == 0x43 and phone.sessions == 2


def test_no_phone_is_asked_once() -> None:
    opened = []
    with socket.socket() as taken, pytest.raises(LinkError):
        taken.bind(("127.0.0.1", 0))
        deliver(lambda: opened.append(1) or PortBearer(f"tcp://127.0.0.1:{taken.getsockname()[1]}"), OFFERS)
    assert opened == [1]


def test_a_serial_phone_is_switched_to_obex_and_back() -> None:
    got: "list[Packet]" = []
    phone = AtResponder("Example", "One", switch="cprot")

    def work(master: int) -> None:
        os.set_blocking(master, False)
        line = AtFront(FdLink(master, "pty", 1024, lambda: None), phone)
        try:
            serve(line, {codes.SYNCML: lambda: SyncMLService(got.append)})
        except LinkError:
            return

    with on_a_pty(work) as name:
        deliver(lambda: PortBearer(name, "cprot"), OFFERS)
        assert not phone.obex
    assert [packet.body for packet in got] == [BODY]


def test_nothing_to_push() -> None:
    with pytest.raises(UsageError):
        deliver(lambda: HttpBearer("http://127.0.0.1/"), ())
