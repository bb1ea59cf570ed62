"""Names of ports, and what is found on a machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minisyncml.errors import LinkError, UsageError
from minisyncml.transport import ports, tcp
from minisyncml.transport.ports import Port, open_link
from minisyncml.transport.serial import PtyLink


def test_each_form_leads_to_its_bearer() -> None:
    with PtyLink() as pty, open_link(pty.name, speed=9600) as link:
        link.write(b"x", 1)
        assert pty.read(1) == b"x" and link.packet == pty.packet
    with tcp.listen("127.0.0.1", 0) as listener, open_link(f"TCP://127.0.0.1:{listener.port}") as link:
        assert link.name == listener.name and link.packet == tcp.PACKET
    with open_link("loop://") as link:
        assert link.name == "loop://"


@pytest.mark.parametrize("port, error, words", [
    ("/dev/ttyNOPE9", LinkError, "there is no port"), ("tcp://127.0.0.1:1", LinkError, "nobody listens"),
    ("tcp://x:y", UsageError, "no HOST:PORT"), ("bt://1", UsageError, "no Bluetooth address"),
    ("usb://nokia", UsageError, "no USB device"), ("http://x/y", UsageError, "is a SyncML server"),
    ("ftp://x", UsageError, "protocol 'ftp' not known"), ("", UsageError, "no name of a port"),
])
def test_what_cannot_be_opened_is_told(port: str, error: "type[Exception]", words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        open_link(port)
    assert "\n" not in str(caught.value)


def test_phones_can_call() -> None:
    with ports.open_listener("tcp://127.0.0.1:0") as listener, tcp.connect("127.0.0.1", listener.port):
        link = listener.accept(5)
        assert link is not None
        link.close()


@pytest.mark.parametrize("port", ["", "bt", "bt://:31", "bt://:0", "bt://00:11:22:33:44:55", "/dev/ttyS0", "usb://"])
def test_where_phones_cannot_call(port: str) -> None:
    with pytest.raises(UsageError, match="phones can call on tcp://HOST:PORT, or on bt://"):
        ports.open_listener(port)


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text + "\n")


def test_usb_phones_are_found_without_rights(tmp_path: Path) -> None:
    base = tmp_path / "bus/usb/devices"
    write(base / "1-1", idVendor="0421", idProduct="0508", manufacturer="Nokia", product="6230", serial="35")
    write(base / "1-1:1.0", bInterfaceClass="02", bInterfaceSubClass="02")
    write(base / "1-1:1.5", bInterfaceClass="02", bInterfaceSubClass="0b")
    write(base / "1-1:1.7", bInterfaceClass="02", bInterfaceSubClass="0b")
    write(base / "1-2", idVendor="zz")
    write(base / "1-2:1.0", bInterfaceClass="02", bInterfaceSubClass="0b")
    write(base / "1-3", idVendor="046d", idProduct="c077", product="Mouse")
    write(base / "1-3:1.0", bInterfaceClass="03")
    assert ports.usb_devices(str(tmp_path)) == [Port("usb://0421:0508", "usb", "Nokia 6230", 0x421, 0x508, "35"),
                                                Port("usb://0000:0000", "usb", "USB phone")]


def test_paired_phones_are_found_where_they_may_be_read(tmp_path: Path) -> None:
    adapter = tmp_path / "AA:AA:AA:AA:AA:AA"
    write(adapter / "00:11:22:33:44:55", info="[General]\nName=My N95\n[LinkKey]\nKey=0123456789")
    write(adapter / "00:11:22:33:44:66", info="[General]\nName=seen, not paired")
    write(adapter / "00:11:22:33:44:77", info="[LinkKey]\nKey=0123456789")
    write(adapter / "cache", info="[LinkKey]")
    found = ports.paired_devices(str(tmp_path))
    assert found == [Port("bt://00:11:22:33:44:55", "bluetooth", "My N95"),
                     Port("bt://00:11:22:33:44:77", "bluetooth", "00:11:22:33:44:77")]
    assert "0123456789" not in repr(found)


def test_nothing_to_look_at_is_an_empty_list(tmp_path: Path) -> None:
    missing = os.path.join(str(tmp_path), "missing")
    assert ports.usb_devices(missing) == ports.paired_devices(missing) == []
    assert all(port.kind == "serial" for port in ports.list_ports(missing, missing))
