"""Bluetooth lines: names, errors, and real socket calls that a shim leads to Unix sockets."""

from __future__ import annotations

import errno
import socket
import threading
from pathlib import Path
from typing import Callable

import pytest
from interop.radio import PHONE, Radio, stop

from minisyncml.errors import LinkError, UsageError
from minisyncml.transport import rfcomm, sdp

DIAL = f"""
import sys
from minisyncml.errors import Error
from minisyncml.transport import ports
try:
    with ports.open_link(sys.argv[1] if len(sys.argv) > 1 else "bt://{PHONE}", timeout=20) as link:
        link.write(b"hello", 5)
        print(link.name, link.packet, link.service and link.service.hex(), link.read(5))
except Error as error:
    print(type(error).__name__, error)
"""
BE_CALLED = """
from minisyncml.transport.ports import open_listener
with open_listener("bt://:7") as listener:
    print(listener.name, listener.unannounced, flush=True)
    while True:
        link = listener.accept()
        if link is not None:
            link.write(link.read(5)[::-1], 5)
"""
CALL = f"""
from minisyncml.transport import rfcomm, sdp
with rfcomm.Discovery("{PHONE}") as discovery:
    print([(one.channel, one.name) for one in discovery.search(sdp.OBEX)], discovery.search(sdp.IRMC))
for services in (sdp.SERVER[:1], sdp.SERVER[1:]):
    with rfcomm.connect("{PHONE}", services=services) as link:
        link.write(b"abc", 5)
        print(link.service == services[0], link.read(5))
"""


@pytest.fixture
def radio(tmp_path: Path) -> Radio:
    return Radio(tmp_path)


def answer(listener: socket.socket, reply: "Callable[[bytes], bytes]") -> threading.Thread:
    """Answer one caller until it hangs up."""
    def run() -> None:
        with listener, listener.accept()[0] as caller:
            data = caller.recv(4096)
            while data:
                back = reply(data)
                if not back:
                    return
                caller.sendall(back)
                data = caller.recv(4096)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_a_phone_is_called_by_its_service(radio: Radio) -> None:
    records = [sdp.record(0x10001, sdp.PC_SUITE, 9, "PC Suite"), sdp.record(0x10002, sdp.SYNCML_CLIENT, 11, "SyncML")]
    threads = [answer(radio.listen("l2cap-1", socket.SOCK_SEQPACKET), sdp.Responder(records, 64).answer),
               answer(radio.listen("rfcomm-11", socket.SOCK_STREAM), lambda data: data.upper())]
    printed = radio.run(DIAL).splitlines()
    assert printed[0] == f"bt://{PHONE} 16384 {sdp.SYNCML_CLIENT.hex()} b'HELLO'"
    for thread in threads:
        thread.join(10)


def test_the_best_service_that_there_is_is_taken(radio: Radio) -> None:
    records = [sdp.record(0x10001, sdp.PUSH, 3, "Push"), sdp.record(0x10002, sdp.FTP, 5, "Files")]
    answer(radio.listen("l2cap-1", socket.SOCK_SEQPACKET), sdp.Responder(records).answer)
    look = "from minisyncml.transport import rfcomm, sdp; print(rfcomm.look_up(%r, sdp.FILES)[1])" % PHONE
    assert radio.run(look) == "5\n"


def test_a_given_channel_is_not_looked_up(radio: Radio) -> None:
    answer(radio.listen("rfcomm-4", socket.SOCK_STREAM), lambda data: data).join(0)
    assert f"bt://{PHONE} 16384 None b'hello'" in radio.run(DIAL, f"bt://{PHONE}:4")


@pytest.mark.parametrize("reply, words", [
    (sdp.Responder([sdp.record(0x10001, sdp.FTP, 3, "Files")]).answer,
     "offers no service for SyncML client or Nokia PC Suite; `minisyncml phone info"),
    (lambda data: b"", "the phone hung up while it was asked for its services"),
    (lambda data: b"garbage", "the list of its services cannot be read .SDP: this is no packet"),
    (lambda data: sdp.packet(7, int.from_bytes(data[1:3], "big"), b"\0\0\1x"), "the list .* cannot be read .*no end"),
])
def test_what_goes_wrong_in_discovery_is_told(radio: Radio, reply: "Callable[[bytes], bytes]", words: str) -> None:
    thread = answer(radio.listen("l2cap-1", socket.SOCK_SEQPACKET), reply)
    printed = radio.run(DIAL)
    with pytest.raises(LinkError, match=words):
        raise LinkError(printed.strip())
    assert printed.startswith("LinkError") and "Traceback" not in printed
    thread.join(10)


def test_nobody_and_nothing_there(radio: Radio) -> None:
    radio.listen("rfcomm-4", socket.SOCK_STREAM).close()
    assert f"bt://{PHONE} channel 4: the phone refused: pair it" in radio.run(DIAL, f"bt://{PHONE}:4")
    assert "this system has no Bluetooth" in radio.run(DIAL, more={"BTSHIM_RFCOMM": "", "LD_PRELOAD": ""})


def test_we_are_found_and_called(radio: Radio) -> None:
    server = radio.start(BE_CALLED)
    try:
        assert radio.run(CALL).splitlines() == ["[(7, 'SyncML server'), (7, 'SyncML server')] []",
                                                "True b'cba'", "True b'cba'"]
    finally:
        stop(server)


def test_those_who_ask_nothing_make_room(radio: Radio) -> None:
    server = radio.start(BE_CALLED)
    idle = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(rfcomm.CALLERS + 1)]
    try:
        for sock in idle:
            sock.connect(str(radio.folder / "l2cap-1"))
        assert radio.run(CALL).count("True b'cba'") == 2
        assert idle[0].recv(1) == b""
    finally:
        for sock in idle:
            sock.close()
        stop(server)


def test_records_are_handed_to_the_daemon(tmp_path: Path) -> None:
    records = [sdp.record(0x10001, sdp.SYNCML_SERVER, 7, "one"), sdp.record(0x10002, sdp.SYNCML_SERVER_2, 7, "two")]
    got: "list[bytes]" = []

    def daemon(reply: bytes) -> "tuple[str, threading.Thread]":
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = str(tmp_path / f"sdp{len(reply)}")
        listener.bind(path)
        listener.listen(1)
        return path, answer(listener, lambda data: (got.append(data), reply)[1])

    path, thread = daemon(b"\x76\0\1\0\4\0\1\0\1")
    with rfcomm.Announcement(records, path) as announcement:
        assert announcement.asleep and announcement.answer() is False
    thread.join(10)
    assert [data[:1] + data[5:6] for data in got] == [b"\x75\0", b"\x75\0"]
    assert [sdp.service(sdp.attributes(sdp.sdpdata.parse(data[6:]))).name for data in got] == ["one", "two"]
    path, thread = daemon(b"\1")
    with pytest.raises(OSError):
        rfcomm.register(records, path)


@pytest.mark.parametrize("text, parts", [
    ("00:11:22:33:44:55", (PHONE, 0)), ("00:11:22:33:44:55:9", (PHONE, 9)),
    ("aa:BB:cc:dd:ee:0f:30/", ("AA:BB:CC:DD:EE:0F", 30)),
])
def test_names(text: str, parts: "tuple[str, int]") -> None:
    assert rfcomm.target(text) == parts


@pytest.mark.parametrize("text", ["", "00:11:22:33:44", "00:11:22:33:44:5", "00:11:22:33:44:55:0",
                                  "00:11:22:33:44:55:31", "00:11:22:33:44:gg", "00:11:22:33:44:55:",
                                  "00:11:22:33:44:55:1:1", "+1:11:22:33:44:55"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(UsageError, match="is no Bluetooth address"):
        rfcomm.target(text)


@pytest.mark.skipif(hasattr(socket, "AF_BLUETOOTH"), reason="this Python has Bluetooth")
def test_a_python_without_bluetooth_says_so() -> None:
    for call in (lambda: rfcomm.connect(PHONE, 1), lambda: rfcomm.connect(PHONE), lambda: rfcomm.listen()):
        with pytest.raises(LinkError, match="this Python was built without Bluetooth"):
            call()


def test_errors_have_words_for_people() -> None:
    assert "pair" in rfcomm.reason(OSError(errno.ECONNREFUSED, "Connection refused"))
    assert "did not answer in time" in rfcomm.reason(socket.timeout("timed out"))
    assert "out of reach" in rfcomm.reason(OSError(errno.EHOSTDOWN, "Host is down"))
    assert rfcomm.reason(OSError(errno.EIO, "Odd Thing")) == "odd thing"
