"""Serial lines on real pseudo-terminals, sockets and pyserial's own loops."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import threading
from typing import Iterator

import pytest

from minisyncml.errors import LinkError, UsageError
from minisyncml.transport.at import Dialogue, Identity
from minisyncml.transport.atphone import AtFront, AtResponder
from minisyncml.transport.link import Link
from minisyncml.transport.serial import (
    PollingLink,
    PtyLink,
    SerialLink,
    check_free,
    holder_of,
    open_serial,
    refused,
    set_speed,
)

ANY = bytes(range(256))


@pytest.fixture
def phone() -> "Iterator[PtyLink]":
    with PtyLink() as link:
        assert isinstance(link, PtyLink)
        yield link


def take(link: Link, size: int) -> bytes:
    got = b""
    while len(got) < size:
        part = link.read(5)
        assert part, f"silence after {len(got)} of {size} bytes"
        got += part
    return got


def test_every_byte_passes_both_ways(phone: PtyLink) -> None:
    with open_serial(phone.name) as link:
        assert isinstance(link, SerialLink) and link.name == phone.name
        link.write(ANY * 4, 5)
        assert take(phone, 1024) == ANY * 4
        phone.write(ANY * 4, 5)
        assert take(link, 1024) == ANY * 4


def test_more_than_the_buffers_hold_passes(phone: PtyLink) -> None:
    data = ANY * 1000
    with open_serial(phone.name) as link:
        writer = threading.Thread(target=link.write, args=(data, 10))
        writer.start()
        assert take(phone, len(data)) == data
        writer.join()


def test_silence_is_empty(phone: PtyLink) -> None:
    with open_serial(phone.name) as link:
        assert link.read(0) == b"" and link.read(0.01) == b""


def test_a_peer_that_takes_nothing_is_told(phone: PtyLink) -> None:
    with open_serial(phone.name) as link, pytest.raises(LinkError, match="took nothing for 0.01 s.*flow control"):
        link.write(bytes(1 << 20), 0.01)


def test_a_line_that_drops_is_told(phone: PtyLink) -> None:
    with open_serial(phone.name) as link:
        phone.write(b"last", 1)
        assert take(link, 4) == b"last"
        phone.close()
        with pytest.raises(LinkError, match=f"^the line {phone.name} dropped: the phone was unplugged"):
            link.read(5)
        with pytest.raises(LinkError, match="dropped"):
            link.write(b"x", 5)


def test_a_closed_link_says_so(phone: PtyLink) -> None:
    link = open_serial(phone.name)
    link.close()
    link.close()
    with pytest.raises(LinkError, match="is closed"):
        link.read(0)
    with pytest.raises(LinkError, match="is closed"):
        link.write(b"x", 0)


def test_programs_come_and_go(phone: PtyLink) -> None:
    for number in b"123":
        with open_serial(phone.name) as link:
            link.write(bytes([number]), 1)
            assert take(phone, 1) == bytes([number])


def test_a_port_is_ours_alone(phone: PtyLink) -> None:
    with open_serial(phone.name), pytest.raises(LinkError, match="is in use by .*ModemManager.*ID_MM_DEVICE_IGNORE"):
        open_serial(phone.name)
    open_serial(phone.name).close()


def test_the_program_that_has_a_port_is_named(phone: PtyLink) -> None:
    assert holder_of(phone.name) == ""      # we ourselves do not count
    with open(phone.name, "rb") as device, subprocess.Popen(["sleep", "60"], stdin=device) as other:
        try:
            assert holder_of(phone.name) == f"sleep (process {other.pid})"
        finally:
            other.terminate()
    assert holder_of("/dev/ttyNOPE9") == ""


def test_a_device_that_another_program_reads_is_refused() -> None:
    with subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL) as other:      # any device will do
        try:
            with pytest.raises(LinkError, match="^/dev/null is in use by .*process [0-9]+.*ModemManager"):
                check_free("/dev/null")
        finally:
            other.terminate()


def test_speed_flow_and_break_do_no_harm_on_a_pty(phone: PtyLink) -> None:
    with open_serial(phone.name, speed=9600, flow=True) as link:
        assert not link.set_speed(57_600)
        link.send_break()
        link.write(b"x", 1)
        assert take(phone, 1) == b"x"


def test_speed_of_a_port_that_has_one() -> None:
    import serial
    with serial.serial_for_url("loop://") as port:
        assert set_speed(port, "/dev/ttyS0", 57_600) and port.baudrate == 57_600
        with pytest.raises(LinkError, match="/dev/ttyS0 does not take -1 baud"):
            set_speed(port, "/dev/ttyS0", -1)


def test_a_phone_behind_a_pty_answers_at(phone: PtyLink) -> None:
    front = AtFront(phone, AtResponder("Toy", "X1", "R1", "cprot"))
    with open_serial(phone.name) as link:
        answered = threading.Event()

        def answer() -> None:
            while not answered.is_set():
                front.read(0.02)

        answering = threading.Thread(target=answer)
        answering.start()
        try:
            dialogue = Dialogue(link)
            dialogue.wake()
            assert dialogue.identify() == Identity("Toy", "X1", "R1")
        finally:
            answered.set()
            answering.join()


@pytest.mark.parametrize("port, words", [
    ("/dev/ttyNOPE9", "there is no port /dev/ttyNOPE9: is the phone plugged in"),
    ("/", "/ is no serial port"),
    ("socket://127.0.0.1:1", "socket://127.0.0.1:1 cannot be opened: .*refused"),
])
def test_what_cannot_be_opened_is_told(port: str, words: str) -> None:
    with pytest.raises(LinkError, match=words):
        open_serial(port)


@pytest.mark.parametrize("port", ["", "a\0b", "nothing://x"])
def test_impossible_names_are_a_usage_error(port: str) -> None:
    with pytest.raises(UsageError):
        open_serial(port)


def test_impossible_speeds_are_a_usage_error(phone: PtyLink) -> None:
    with pytest.raises(UsageError, match="baud"):
        open_serial(phone.name, speed=-5)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_missing_rights_are_told() -> None:
    with PtyLink() as link:
        os.chmod(link.name, 0)
        with pytest.raises(LinkError, match="no right to open"):
            open_serial(link.name)


def test_the_group_with_the_rights_is_named(phone: PtyLink) -> None:
    error = refused("/dev/ttyNOPE9", PermissionError(errno.EACCES, "Permission denied"))
    assert "no right to open /dev/ttyNOPE9" in str(error) and "usermod -aG dialout $USER" in str(error)
    assert "in use by" in str(refused(phone.name, OSError(errno.EBUSY, "busy")))
    assert "cannot be opened: odd" in str(refused(phone.name, OSError(errno.EIO, "odd")))


def test_loop() -> None:
    with open_serial("loop://") as link:
        assert isinstance(link, PollingLink)
        assert link.read(0) == b""
        link.write(ANY * 4, 1)
        assert take(link, 1024) == ANY * 4
        assert not link.set_speed(9600)
        link.send_break()
        with pytest.raises(LinkError, match="took nothing for 0.01 s"):
            link.write(bytes(8192), 0.01)
    with pytest.raises(LinkError, match="dropped"):
        link.read(0)


def test_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = open_serial(f"socket://127.0.0.1:{server.getsockname()[1]}")
        far, _ = server.accept()
        with far:
            link.write(b"hello", 1)
            assert far.recv(5) == b"hello"
            far.sendall(ANY)
            assert take(link, 256) == ANY
        with pytest.raises(LinkError, match="dropped"):
            link.read(5)
        link.close()


def rfc2217_server(server: socket.socket, port: object) -> None:
    """A serial server in some lines: pyserial has the protocol (its example of the same name does likewise)."""
    from serial.rfc2217 import PortManager
    sock, _ = server.accept()
    stream = sock.makefile("rwb", buffering=0)
    manager = PortManager(port, stream)
    with sock:
        while True:
            data = sock.recv(1024)
            if data in (b"", b"bye"):
                sock.shutdown(socket.SHUT_RDWR)
                return
            port.write(b"".join(manager.filter(data)))      # type: ignore[attr-defined]
            waiting = port.read(port.in_waiting)            # type: ignore[attr-defined]
            if waiting:
                sock.sendall(b"".join(manager.escape(waiting)))


def test_rfc2217() -> None:
    import serial
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = serial.serial_for_url("loop://", timeout=0)
        serving = threading.Thread(target=rfc2217_server, args=(server, port), daemon=True)
        serving.start()
        with open_serial(f"rfc2217://127.0.0.1:{server.getsockname()[1]}") as link:
            assert isinstance(link, PollingLink)
            link.write(ANY, 5)
            assert take(link, 256) == ANY
            link.write(b"bye", 5)
            with pytest.raises(LinkError, match="dropped"):
                link.read(5)
        serving.join(5)
        assert not serving.is_alive()
