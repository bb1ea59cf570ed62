"""Our service records and those of BlueZ's own library, and SyncEvolution finding us by ours."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from interop.radio import PHONE, Radio, python, stop
from minisyncml.transport import sdp

pytestmark = pytest.mark.interop
PEERS = Path(__file__).parent / "peers"
LIBRARY = ctypes.util.find_library("bluetooth")
needs_library = pytest.mark.skipif(not LIBRARY, reason="libbluetooth is not installed (apt-get install libbluetooth3)")
needs_syncevolution = pytest.mark.skipif(not (shutil.which("syncevolution") and shutil.which("dbus-run-session")),
                                         reason="syncevolution or dbus-run-session is not installed")

PHONE_SIDE = """
import sys
from minisyncml.transport import rfcomm, sdp
records = [sdp.record(0x10001, sdp.PC_SUITE, 9, "PC Suite"),
           sdp.record(0x10002, sdp.SYNCML_CLIENT, 15, "SyncML Client \\u00fc"),
           sdp.record(0x10003, sdp.SYNCML_SERVER, 16, "SyncML Server")]
with rfcomm.Announcement(records, "/nonexistent") as announcement, rfcomm.listen(15) as listener:
    print("ready", flush=True)
    while True:
        announcement.answer(0.05)
        link = listener.accept(0)
        if link is not None:
            print(link.read(10).hex(), flush=True)
            link.close()
"""

# the structures are those of <bluetooth/sdp.h>: uuid_t, sdp_list_t, sdp_buf_t
LIBBLUETOOTH = """
import ctypes, sys
lib = ctypes.CDLL(sys.argv[1])

class Uuid(ctypes.Structure):
    _fields_ = [("type", ctypes.c_uint8), ("value", ctypes.c_uint32 * 4)]

class List(ctypes.Structure):
    pass

List._fields_ = [("next", ctypes.POINTER(List)), ("data", ctypes.c_void_p)]

class Buffer(ctypes.Structure):
    _fields_ = [("data", ctypes.POINTER(ctypes.c_uint8)), ("size", ctypes.c_uint32), ("room", ctypes.c_uint32)]

for name in ("sdp_connect", "sdp_list_append", "sdp_record_alloc", "sdp_uuid128_create", "sdp_uuid16_create",
             "sdp_data_alloc"):
    getattr(lib, name).restype = ctypes.c_void_p

def uuid(text):
    value = Uuid()
    if len(text) == 4:
        lib.sdp_uuid16_create(ctypes.byref(value), ctypes.c_uint16(int(text, 16)))
    else:
        lib.sdp_uuid128_create(ctypes.byref(value), bytes.fromhex(text))
    return value

def chain(*items):
    head = None
    for item in items:
        item = ctypes.addressof(item) if isinstance(item, ctypes.Structure) else item
        head = lib.sdp_list_append(ctypes.c_void_p(head), ctypes.c_void_p(item))
    return head
"""
SEARCH = LIBBLUETOOTH + f"""
phone = bytes.fromhex("{PHONE}".replace(":", ""))[::-1]
session = lib.sdp_connect(bytes(6), phone, 0)
assert session
for wanted in sys.argv[2:]:
    one, everything = uuid(wanted), ctypes.c_uint32(0xFFFF)
    found = ctypes.POINTER(List)()
    code = lib.sdp_service_search_attr_req(ctypes.c_void_p(session), ctypes.c_void_p(chain(one)), 2,
                                           ctypes.c_void_p(chain(ctypes.addressof(everything))), ctypes.byref(found))
    while found:
        protocols, name = ctypes.c_void_p(), ctypes.create_string_buffer(64)
        assert lib.sdp_get_access_protos(ctypes.c_void_p(found.contents.data), ctypes.byref(protocols)) == 0
        assert lib.sdp_get_string_attr(ctypes.c_void_p(found.contents.data), 0x100, name, 64) == 0
        print(code, lib.sdp_get_proto_port(protocols, 3), name.value.decode("utf-8"))
        found = found.contents.next
"""
BUILD = LIBBLUETOOTH + """
record = lib.sdp_record_alloc()
kind, l2cap, rfcomm, obex = uuid(sys.argv[2]), uuid("0100"), uuid("0003"), uuid("0008")
channel = lib.sdp_data_alloc(0x08, ctypes.byref(ctypes.c_uint8(int(sys.argv[3]))))
lib.sdp_set_uuidseq_attr(ctypes.c_void_p(record), 1, ctypes.c_void_p(chain(kind)))
stack = chain(chain(l2cap), chain(rfcomm, channel), chain(obex))
lib.sdp_set_access_protos(ctypes.c_void_p(record), ctypes.c_void_p(chain(stack)))
lib.sdp_set_info_attr(ctypes.c_void_p(record), b"Their name", b"maker", b"what it is")
buffer = Buffer()
assert lib.sdp_gen_record_pdu(ctypes.c_void_p(record), ctypes.byref(buffer)) == 0
print(bytes(buffer.data[:buffer.size]).hex())
"""


@needs_library
def test_their_library_finds_our_records(tmp_path: Path) -> None:
    radio = Radio(tmp_path)
    phone = radio.start(PHONE_SIDE)
    try:
        printed = radio.run(SEARCH, str(LIBRARY), sdp.SYNCML_CLIENT.hex(), sdp.SYNCML_SERVER.hex(), "1104", "0008",
                            more={"PYTHONIOENCODING": "utf-8"})
        assert printed.splitlines() == [
            "0 15 SyncML Client \u00fc", "0 16 SyncML Server",                                  # by UUID; none for IrMC
            "0 9 PC Suite", "0 15 SyncML Client \u00fc", "0 16 SyncML Server"]                  # all that speak OBEX
    finally:
        stop(phone)


@needs_library
@pytest.mark.parametrize("kind", [sdp.SYNCML_CLIENT, sdp.IRMC])
def test_a_record_of_their_library_is_read(kind: bytes) -> None:
    short = kind[2:4].hex() if kind == sdp.IRMC else kind.hex()
    done = subprocess.run([python(), "-c", BUILD, str(LIBRARY), short, "12"], capture_output=True, timeout=60)
    record = bytes.fromhex(done.stdout.decode())
    search = sdp.Search(kind)
    search.request()
    answer = sdp.sdpdata.build(sdp.seq(sdp.sdpdata.parse(record)))
    assert search.feed(sdp.packet(7, 1, len(answer).to_bytes(2, "big") + answer + b"\0"))
    assert search.services() == [sdp.Service((kind,), 12, "Their name")]


@needs_syncevolution
def test_syncevolution_finds_and_calls_us(tmp_path: Path) -> None:
    radio = Radio(tmp_path)
    home = tmp_path / "se"
    environment = {**os.environ, "SHIM_DIR": str(tmp_path / "shims"), "SE_TIMEOUT": "40",
                   "BTSHIM_RFCOMM": f"unix:{tmp_path}/rfcomm-%d", "BTSHIM_L2CAP": f"unix:{tmp_path}/l2cap-%d"}
    subprocess.run([str(PEERS / "se_obex_server_setup.sh"), str(home), f"obex-bt://{PHONE}", "1.2", "1"], check=True,
                   env=environment, capture_output=True, timeout=120)
    phone = radio.start(PHONE_SIDE)
    try:
        subprocess.run([str(PEERS / "se_obex_server_run.sh"), str(home), "--sync", "slow"], env=environment,
                       capture_output=True, timeout=120)
        assert phone.stdout is not None
        connect = bytes.fromhex(phone.stdout.readline().decode())
        assert connect[:1] == b"\x80" and connect.endswith(b"\x46\x00\x0eSYNCML-SYNC")
    finally:
        stop(phone)


def test_a_phone_is_synced_over_the_air(tmp_path: Path) -> None:
    radio = Radio(tmp_path)
    command = "import sys; from minisyncml.cli.main import main; sys.exit(main(sys.argv[1:]))"
    contacts = tmp_path / "phone" / "contacts"
    contacts.mkdir(parents=True)
    (contacts / "1.vcf").write_bytes(b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Sample;Bob\r\nEND:VCARD\r\n")
    phone = radio.start(command, "phone", "emulate", "bt://:11", "phone", "--profile", "nokia-s60")
    try:
        printed = radio.run(command, "phone", "sync", f"bt://{PHONE}", "contacts=pc", "--data", "data")
        copies = list((tmp_path / "pc").glob("*.vcf"))
        assert len(copies) == 1 and b"N:Sample;Bob" in copies[0].read_bytes(), printed
    finally:
        stop(phone)
