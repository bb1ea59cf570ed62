"""USB phones, as a model behind pyusb's backend interface; no hardware was at hand."""

from __future__ import annotations

import errno
import sys
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisyncml.errors import LinkError, ObexError, UsageError
from minisyncml.transport import usb
from minisyncml.transport.link import Link

pytest.importorskip("usb.core")

from transport.usbmodel import Bus, Phone, Wanted  # noqa: E402

CONNECT, YES, NO = b"\x80\x00\x07\x10\x00\x04\x00", b"\xa0\x00\x07\x10\x00\x04\x00", b"\xc4\x00\x07\x10\x00\x04\x00"
NOKIA = usb.Id(0x0421, 0x0508)


def says(answer: bytes) -> "Callable[[bytes], bytes]":
    return lambda data: answer


def phone(*functions: Wanted) -> Phone:
    return Phone(0x0421, 0x0508, *functions)


def accept(link: Link) -> bool:
    link.write(CONNECT, 1)
    answer = link.read(1)
    if answer[:1] == b"\xc4":
        raise ObexError("not here", 0x44)
    return answer == YES


def test_the_interface_with_the_name_is_asked_first() -> None:
    bus = Bus(phone(Wanted("PC Suite Services", says(YES)), Wanted("SYNCML-DM", says(YES)),
                    Wanted("SYNCML-SYNC", says(YES))))
    with usb.open_usb(NOKIA, accept, bus) as link:
        assert isinstance(link, usb.UsbLink)
        assert link.interface == usb.ObexInterface(5, 6, 1, 4, 0x84, 64, "SYNCML-SYNC")
        assert link.name == "usb://0421:0508:5"
        assert bus.log[:3] == [("claim", 5), ("claim", 6), ("setting", 6, 1)]
    assert bus.log[-4:] == [("setting", 6, 0), ("release", 6), ("release", 5), ("close",)]


@pytest.mark.parametrize("union", [True, False])
def test_without_names_the_answer_decides(union: bool) -> None:
    bus = Bus(phone(Wanted("", says(NO), union), Wanted("", says(b""), union), Wanted("", says(YES), union)))
    with usb.open_usb(NOKIA, accept, bus) as link:
        assert isinstance(link, usb.UsbLink) and link.interface.control == 5
    claimed = [entry for entry in bus.log if entry[0] in ("claim", "release")]
    assert claimed == [(verb, number) for first in (1, 3, 5) for verb, number in
                       (("claim", first), ("claim", first + 1), ("release", first + 1), ("release", first))]


def test_without_a_question_the_likeliest_is_taken_and_any_phone_will_do() -> None:
    bus = Bus(Phone(0x1D6B, 2), phone(Wanted("?", says(NO)), Wanted("SyncML-Sync", says(NO))))
    with usb.open_usb(usb.identity(""), backend=bus) as link:
        assert isinstance(link, usb.UsbLink) and link.interface.label == "SyncML-Sync"
    with usb.open_usb(usb.identity("0421:0508:1"), backend=bus) as link:
        assert isinstance(link, usb.UsbLink) and link.interface.label == ""


def test_bytes_pass_and_whole_packets_are_ended() -> None:
    bus = Bus(phone(Wanted("", lambda data: data[::-1])))
    with usb.open_usb(NOKIA, backend=bus) as link:
        data = bytes(range(256)) * 100
        link.write(data, 1)
        assert [entry for entry in bus.log if entry[0] == "write"] == [("write", 2, 16_384), ("write", 2, 9216),
                                                                      ("write", 2, 0)]
        got = b""
        while len(got) < len(data):
            got += link.read(1)
        assert got == data[:16_384][::-1] + data[16_384:][::-1]
        assert link.read(0) == b""
        link.write(b"abc", 1)
        assert bus.log[-1] == ("write", 2, 3)
        bus.deaf = True
        with pytest.raises(LinkError, match="took nothing for 1 s"):
            link.write(b"x", 1)


def test_a_driver_in_the_way_is_detached() -> None:
    bus = Bus(phone(Wanted("", says(YES))), driver=1)
    usb.open_usb(NOKIA, accept, bus).close()
    assert bus.log[:2] == [("detach", 1), ("claim", 1)]


def test_a_phone_that_is_unplugged_is_told() -> None:
    bus = Bus(phone(Wanted("", says(YES))))
    link = usb.open_usb(NOKIA, accept, bus)
    bus.gone = True
    with pytest.raises(LinkError, match="the line usb://0421:0508:1 dropped: .*no such device"):
        link.read(1)
    with pytest.raises(LinkError, match="dropped"):
        link.write(b"x", 1)
    link.close()


@pytest.mark.parametrize("code, words", [(errno.EACCES, "no right to open usb://0421:0508:1: .*udev rule"),
                                         (errno.EBUSY, "in use by another program or driver"),
                                         (errno.EIO, "cannot be opened .refused")])
def test_refusals_are_told(code: int, words: str) -> None:
    with pytest.raises(LinkError, match=words):
        usb.open_usb(NOKIA, accept, Bus(phone(Wanted("", says(YES))), refuse=code))


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(LinkError, match="no phone with an OBEX interface is there; choose its `PC Suite` USB mode"):
        usb.open_usb(NOKIA, accept, Bus())
    with pytest.raises(LinkError, match="refused SyncML on each of its OBEX interfaces"):
        usb.open_usb(NOKIA, accept, Bus(phone(Wanted("", says(b"")))))
    with pytest.raises(LinkError, match="usb://0421:0508: not here"):
        usb.open_usb(NOKIA, accept, Bus(phone(Wanted("", says(NO)))))


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usb.core", None)
    with pytest.raises(LinkError, match=r"pip install 'minisyncml\[usb\]'"):
        usb.open_usb(NOKIA)


@pytest.mark.parametrize("text, parts", [("0421:0508", (0x421, 0x508, -1)), ("421:041e:7", (0x421, 0x41E, 7)),
                                         ("", (0, 0, -1)), ("0421:0508/", (0x421, 0x508, -1))])
def test_names(text: str, parts: "tuple[int, int, int]") -> None:
    assert usb.identity(text) == parts


@pytest.mark.parametrize("text", ["0421", "0421:", "x:y", "0421:0508:z", "0421:0508:1:2", "00421:1", "-1:2", "1_0:2",
                                  "\u0661:1"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(UsageError):
        usb.identity(text)


@given(st.lists(st.integers(0, 255), max_size=30), st.integers(0, 254))
def test_any_descriptors_name_an_interface(extra: "list[int]", control: int) -> None:
    assert 0 <= usb.union(extra, control) <= 255
