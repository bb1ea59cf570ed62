"""What an independent decoder, Wireshark's, reads in our WAP pushes and short messages."""

from __future__ import annotations

import shutil
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from minisyncml.notify import base, legacy, san, sms, wap
from minisyncml.notify.base import Notification, Wanted

pytestmark = [pytest.mark.interop, pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is missing")]

RAW_IP, USER = 101, 147     # link types of a capture file
AS_SMS = ["-o", 'uat:user_dlts:"User 0 (DLT=147)","gsm_a_rp","0","","0",""', "-o", "gsm_sms.reassemble:TRUE"]
NOTIFICATION = Notification("srv1", (Wanted("card", 206, "text/x-vcard"), Wanted("cal", 209)), "4660")
LONG = NOTIFICATION._replace(wanted=tuple(Wanted(f"datastore-{number}") for number in range(15)))
KEY = san.key("srv1", "secret")


def decode(path: Path, link_type: int, frames: "list[bytes]", *options: str) -> "list[list[tuple[str, str, str]]]":
    """Each frame as tshark reads it: name, shown value and words of all its fields, in order."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type)]
    parts += [struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames]
    path.write_bytes(b"".join(parts))
    done = subprocess.run(["tshark", "-r", str(path), "-T", "pdml", *options], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [[(field.get("name", ""), field.get("show", ""), field.get("showname", "")) for field in packet.iter()]
            for packet in ElementTree.fromstring(done.stdout).iter("packet")]


def shown(fields: "list[tuple[str, str, str]]", name: str) -> "list[str]":
    return [value for field, value, _ in fields if field == name]


def datagram(data: bytes) -> bytes:
    udp = struct.pack(">HHHH", wap.SOURCE_PORT, wap.PORT, 8 + len(data), 0) + data
    loopback = bytes((127, 0, 0, 1))
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + loopback + loopback + udp


def relayed(part: sms.Submit) -> bytes:
    """A short message as the phone gives it to the network: RP-DATA (3GPP 24.011, section 7.3.1)."""
    tpdu = bytes.fromhex(part.pdu)[1:]
    return bytes.fromhex("00 01 00 07 91 94 71 20 33 44 F5") + bytes((len(tpdu),)) + tpdu


def test_wap_push(tmp_path: Path) -> None:
    packet = san.build(NOTIFICATION, KEY)
    message = legacy.build(NOTIFICATION._replace(version="1.1"))
    frames = decode(tmp_path / "push.pcap", RAW_IP, [
        datagram(wap.push(packet, base.PACKET, 9)), datagram(wap.push(message.body, message.content_type))])
    for fields in frames:
        assert shown(fields, "wsp.pdu_type") == ["0x06"]
        assert shown(fields, "wsp.header.x_wap_application_id") == ["x-wap-application:push.syncml"]
        assert not shown(fields, "_ws.malformed")
    assert shown(frames[0], "wsp.TID") == ["0x09"]
    assert "0x4E" in shown(frames[0], "wsp.header.content_type")[0]
    assert shown(frames[0], "media.type") == [packet.hex(":")]
    assert shown(frames[1], "wsp.header.content_type") == ["application/vnd.syncml+wbxml"]
    tokens = " ".join(words for name, _, words in frames[1])
    assert "SyncML 1.1" in tokens and "'206'" in tokens and "'card'" in tokens


@pytest.mark.parametrize("notification, parts", [(NOTIFICATION, 1), (LONG, 3)])
def test_short_messages(notification: Notification, parts: int, tmp_path: Path) -> None:
    packet = san.build(notification, KEY)
    submits = sms.submits("+491701234567", wap.push(packet), 77)
    frames = decode(tmp_path / "sms.pcap", USER, [relayed(part) for part in submits], *AS_SMS)
    assert len(frames) == parts
    for number, fields in enumerate(frames, 1):
        assert not shown(fields, "_ws.malformed")
        assert "SMS-SUBMIT" in next(words for name, _, words in fields if name == "gsm_sms.tp-mti")
        assert shown(fields, "gsm_sms.tp-da") == ["491701234567"] and shown(fields, "gsm_sms.tp-dcs") == ["4"]
        words = " ".join(shown(fields, "") + [words for _, _, words in fields])
        assert "(2948)" in words and "(9200)" in words
        concatenation = [shown(fields, f"gsm_sms.udh.mm.msg_{name}") for name in ("id", "parts", "part")]
        assert concatenation == ([["77"], ["3"], [str(number)]] if parts > 1 else [[], [], []])
    assert shown(frames[-1], "wsp.header.x_wap_application_id") == ["x-wap-application:push.syncml"]
    assert shown(frames[-1], "media.type") == [packet.hex(":")]
