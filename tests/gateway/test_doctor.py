"""The doctor against phones with bad habits, and lines with no phone. The checklist are complaints that users of other
programs had; each has a test with its number."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path
from threading import Thread
from typing import Any, Callable, Iterator, Optional

import pytest
from interop.radio import PHONE, Radio
from pair import bodies
from phones import Bench, Cables, Switchboard

from minisyncml.errors import LinkError, ObexError
from minisyncml.gateway import portcheck
from minisyncml.gateway.backup import Line
from minisyncml.gateway.doctor import Doctor, Found, ask
from minisyncml.gateway.manners import LEARNT
from minisyncml.gateway.portcheck import OK, TROUBLE, WRONG, Step, check_port
from minisyncml.obex import codes
from minisyncml.obex.server import Connect, Disconnect, Server
from minisyncml.profile import UNKNOWN
from minisyncml.store.peers import Peers
from minisyncml.transport import sdp, usb
from minisyncml.transport.link import Link
from minisyncml.transport.obex import ObexClient
from minisyncml.transport.serial import PtyLink


@pytest.fixture(scope="module")
def cables() -> "Iterator[Cables]":
    with Cables() as made:
        yield made


def line(opener: "Callable[[], Link]", port: str = "tcp://test", **more: Any) -> Line:
    return Line(opener, port, **{"timeout": 2.0, "patience": 0.05, "wait": lambda seconds: None, **more})


def examine(bench: Bench, cables: Cables, peers: Optional[Peers] = None, **more: Any) -> Found:
    opener = cables(bench.emulator)
    with opener() as link:
        port = link.name
    before = [(store.revision, bodies(store)) for store in bench.phone.values()]
    found = Doctor(line(opener, port, **more), peers).run()
    assert [(store.revision, bodies(store)) for store in bench.phone.values()] == before
    return found


def words(found: Found, name: str, state: str = "") -> str:
    """What was said in the steps of a name; there must be one."""
    said = [step for step in found.steps if step.name == name and state in ("", step.state)]
    assert said, found.steps
    return " / ".join(f"{step.words} {step.advice}" for step in said)


def judge(bench: Bench, verdict: "Callable[[Any], Optional[int]]") -> None:
    """Give a phone a habit: what it answers to a notification, None to take it."""
    judged = bench.emulator._judge

    def picky(received: Any) -> None:
        code = verdict(received.notification)
        if code is not None:
            raise ObexError("no", code)
        judged(received)

    bench.emulator._judge = picky  # type: ignore[method-assign]


@pytest.mark.parametrize("name", ["", "sony-ericsson-w595", "nokia-s40", "motorola"])
def test_a_good_phone_is_walked_to_the_end(name: str, cables: Cables) -> None:
    found = examine(Bench(name), cables)
    assert found.exit_code == 0 and found.syncs
    assert not [step for step in found.steps if step.state != OK]
    assert [step.name for step in found.steps[:5]] == ["port", "rights", "free", "line", "AT commands"]
    assert "begins to send its items" in words(found, "session")


def test_what_was_found_is_kept_and_used(cables: Cables) -> None:
    bench, peers = Bench("lg"), Peers()
    found = examine(bench, cables, peers)
    device = bench.emulator.options.device
    assert found.learnt == {"server_id": "LGPCSync"} and peers.get(device)[LEARNT] == found.learnt
    assert "LGPCSync" in words(found, "learnt", OK) and "refused, forbidden (0x43)" in words(found, "notification")
    again = examine(bench, cables, peers, known={name: peers.get(name) for name in peers.devices()})
    assert again.syncs


# -- the complaints

SERVICES = [sdp.record(0x10001, sdp.PC_SUITE, 10, "PC Suite Services"),
            sdp.record(0x10002, sdp.SYNCML_CLIENT, 13, "SyncMLClient"),
            sdp.record(0x10003, sdp.FTP, 11, "Nokia SyncML Server")]


def test_complaint_3_the_channel_is_found_among_similar_services(tmp_path: Path) -> None:
    air = Radio(tmp_path)
    listener = air.listen("l2cap-1", socket.SOCK_SEQPACKET)

    def answer() -> None:
        respond = sdp.Responder(SERVICES).answer
        with listener, listener.accept()[0] as caller:
            data = caller.recv(4096)
            while data:
                caller.sendall(respond(data))
                data = caller.recv(4096)

    thread = Thread(target=answer, daemon=True)
    thread.start()
    said = air.run(f"from minisyncml.gateway.portcheck import check_port\n"
                   f"for step in check_port('bt://{PHONE}:10'): print(*step)")
    thread.join(10)
    assert "SyncML client on channel 13, called 'SyncMLClient'" in said
    assert f"channel 10 is not the one for SyncML, that is 13 leave the channel out: bt://{PHONE}" in said


def obex(target: bytes) -> "Callable[[bytes], bytes]":
    """An OBEX function of a USB phone."""
    machine = Server(1024, 65536)

    def far(data: bytes) -> bytes:
        machine.receive(data)
        event = machine.poll()
        while event is not None:
            if isinstance(event, Disconnect) or isinstance(event, Connect) and event.target == target:
                machine.answer()
            elif isinstance(event, Connect):
                machine.refuse(codes.NOT_FOUND)
            else:
                machine.refuse(codes.FORBIDDEN)
            event = machine.poll()
        return machine.output()

    return far


def test_complaint_4_usb_interfaces_without_names() -> None:
    model = pytest.importorskip("transport.usbmodel")
    bus = model.Bus(model.Phone(0x0421, 0x0508, model.Wanted("", obex(b"PCSUITE")), model.Wanted("", lambda data: b""),
                                model.Wanted("", obex(codes.SYNCML))))

    def speaks(link: Link) -> bool:
        client = ObexClient(link, timeout=0.05)
        client.connect(codes.SYNCML)
        client.disconnect()
        return True

    found = Doctor(line(lambda: usb.open_usb(usb.Id(0x0421, 0x0508), speaks, bus), "usb://0421:0508", at=False)).run()
    assert words(found, "line", OK).startswith("usb://0421:0508:5 is open")
    assert "SyncML answers" in words(found, "services")


@pytest.mark.parametrize("code, meaning", [
    (0x40, "one database in a session"), (0x41, "wants a password"), (0x43, "look at the phone's screen"),
    (0x44, "the database has another name"), (0x49, "in the middle of something else"), (0x50, "switch it off and on"),
    (0x61, "its database is in use"), (0x60, "its memory is full")])
def test_complaint_5_every_number_has_words(code: int, meaning: str, cables: Cables) -> None:
    bench = Bench("nokia-s60")
    judge(bench, lambda notification: code)
    found = examine(bench, cables)
    assert found.exit_code != 0
    assert f"(0x{code:02X})" in words(found, "notification", TROUBLE) and meaning in words(found, "notification")


class Small:
    """A session of a phone that hangs up on large messages, or on what else it cannot take."""

    def __init__(self, exchange: Any, takes: "Callable[[Any], bool]") -> None:
        self._exchange, self._takes = exchange, takes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exchange, name)

    def handle(self, packet: Any) -> Any:
        reply = self._exchange.handle(packet)
        if not self._takes(self._exchange):
            raise ObexError("this phone hangs", codes.INTERNAL_ERROR)
        return reply


def mind(bench: Bench, takes: "Callable[[Any], bool]") -> None:
    begin = bench.emulator.begin

    def picky(*order: Any) -> Any:
        exchange, first = begin(*order)
        return Small(exchange, takes), first

    bench.emulator.begin = picky  # type: ignore[method-assign]


def test_complaint_6_a_phone_that_hangs_on_large_messages(cables: Cables) -> None:
    bench, peers = Bench("sony-ericsson-w595"), Peers()
    mind(bench, lambda exchange: exchange.session.peer_msg_size <= 4_000)
    found = examine(bench, cables, peers)
    assert found.syncs and found.learnt == {"max_msg": 4000}
    assert peers.get(bench.emulator.options.device)[LEARNT] == {"max_msg": 4000}


def test_a_phone_that_takes_one_database_in_a_session(cables: Cables) -> None:
    bench = Bench("sony-ericsson-w595")
    mind(bench, lambda exchange: len(exchange.syncer.runs) == 1)
    found = examine(bench, cables)
    assert found.syncs and found.learnt == {"one_store_per_session": True}


def test_complaint_7_databases_that_must_be_called_exactly_so(cables: Cables) -> None:
    bench, peers = Bench("nokia-s60"), Peers()
    stores = bench.emulator.stores
    renamed = {"Addressbook": stores["Contacts"], "Agenda": stores["Calendar"], "Memo": stores["Notes"]}
    bench.emulator.stores = renamed
    judge(bench, lambda notice: None if all(one.uri in renamed for one in notice.wanted) else codes.NOT_FOUND)
    found = examine(bench, cables, peers)
    assert found.syncs and "another name" in words(found, "notification", TROUBLE)
    assert "contacts here are Addressbook there" in words(found, "name")
    assert "calendar here are Agenda there" in words(found, "name")


def test_complaint_10_a_part_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usb.core", None)
    found = Doctor(line(lambda: pytest.fail("not to be opened"), "usb://0421:0508")).run()
    assert found.exit_code == 3 and "pip install 'minisyncml[usb]'" in words(found, "program", WRONG)


def test_complaint_11_the_types_that_the_phone_prefers_are_told(cables: Cables) -> None:
    found = examine(Bench("nokia-s40"), cables)
    assert "Contacts: text/x-vcard 2.1" in words(found, "database") and "text/plain 1.0" in words(found, "database")


def test_complaint_12_after_the_doctor_a_sync_needs_nothing_more(cables: Cables) -> None:
    bench, peers = Bench("lg"), Peers()
    assert examine(bench, cables, peers).syncs
    report = bench.caller(cables(bench.emulator), peers=peers, port=_port_of(peers)).sync()
    assert report.exit_code == 0 and bench.equal()
    assert [way for way, _ in bench.passed[:2]] == ["->", "<-"]     # the first notification woke it


def _port_of(peers: Peers) -> str:
    return next(name for name in peers.devices() if name.startswith("port "))[5:]


@pytest.mark.parametrize("name, switch", [("samsung", "syncml-mobexstart"), ("motorola", "mode22"),
                                          ("siemens", "sqwe3"), ("sony-ericsson", "eobex")])
def test_complaint_19_the_makers_own_commands(name: str, switch: str, cables: Cables) -> None:
    found = examine(Bench(name), cables)
    assert found.syncs and f"by the command {switch}" in words(found, "OBEX", OK)
    assert f"profile: {name}" in words(found, "identity")


@pytest.mark.parametrize("keep, verdict, code", [
    ((codes.IRMC,), "`minisyncml phone backup` reads the phone by IrMC", 1),
    ((codes.FOLDERS,), "only files can be exchanged here", 3)])
def test_complaint_19_a_phone_without_syncml(keep: "tuple[bytes, ...]", verdict: str, code: int, cables: Cables,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench("motorola")
    services = dict(bench.emulator.services)
    kept = {target: services[codes.IRMC] for target in keep}
    monkeypatch.setattr(type(bench.emulator), "services", property(lambda self: kept))
    found = examine(bench, cables)
    assert found.exit_code == code and verdict in words(found, "SyncML", WRONG)
    assert "Bluetooth" in words(found, "SyncML")


def test_complaint_23_firmware_that_wants_the_makers_program_first(cables: Cables) -> None:
    bench = Bench("nokia-s60")
    judge(bench, lambda notification: codes.FORBIDDEN)
    found = examine(bench, cables)
    assert found.exit_code == 1 and not found.learnt        # IrMC is there
    assert "let the maker's PC suite sync once" in words(found, "SyncML", WRONG)
    assert "--user" in words(found, "SyncML", WRONG)


def test_complaint_23_a_phone_whose_profile_has_a_user(cables: Cables) -> None:
    bench = Bench("nokia-s60", user="ada", password="pw")
    found = examine(bench, cables, options={"user": "ada", "password": "pw"})
    assert found.syncs


# -- lines without a phone

def noise(link: Link) -> None:
    while link.read(5.0):
        link.write(b"\x17\x93\xff\x80" * 20, 5.0)


def echo(link: Link) -> None:
    while True:
        link.write(link.read(5.0) or b"", 5.0)


def silence(link: Link) -> None:
    while link.read(5.0):
        pass


def chatter(link: Link) -> None:
    """A printer, or another program."""
    while link.read(5.0):
        link.write(b"\r\nlogin: \r\n", 5.0)


@pytest.mark.parametrize("peer, said", [(noise, "garbage"), (echo, "sends back"), (silence, "is silent"),
                                        (chatter, "says 'login:'")])
def test_lines_without_a_phone(peer: "Callable[[Link], object]", said: str) -> None:
    with Switchboard(peer) as board:
        found = Doctor(line(board, timeout=0.2)).run()
    assert found.exit_code == 3 and said in words(found, "AT commands", WRONG)


def test_a_phone_that_hangs_up_at_once() -> None:
    def drop() -> Link:
        raise LinkError("the line dropped")

    found = Doctor(line(drop)).run()
    assert (found.exit_code, words(found, "line", WRONG).strip()) == (3, "the line dropped")


def test_a_phone_that_dies_of_a_notification_is_not_called_for_ever(cables: Cables) -> None:
    opener = cables(Bench("nokia-s60").emulator)
    calls = []

    def once() -> Link:
        calls.append(1)
        if len(calls) > 1:
            raise LinkError("the line dropped")
        return opener()

    found = Doctor(line(once)).run()
    assert "the line dropped" in words(found, "notification", TROUBLE) and not found.syncs
    assert len(calls) < 10


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    found = Doctor(line(lambda: pytest.fail("not to be opened"), str(tmp_path / "ttyACM0"))).run()
    assert found.exit_code == 3 and "phone list" in words(found, "port", WRONG)
    (tmp_path / "file").write_text("")
    assert list(check_port(str(tmp_path / "file")))[-1].words.endswith("is no serial port")


def test_a_port_without_rights_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    with PtyLink() as cable:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        step = list(check_port(cable.name))[-1]
    assert (step.name, step.state) == ("rights", WRONG) and "usermod -aG" in step.advice


def test_a_port_that_another_program_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(port: str) -> None:
        raise LinkError(f"{port} is in use by ModemManager (process 812). Stop it")

    monkeypatch.setattr(portcheck, "check_free", taken)
    with PtyLink() as cable:
        step = list(check_port(cable.name))[-1]
    assert step == Step("free", WRONG, f"{cable.name} is in use by ModemManager (process 812)", portcheck.MODEM_MANAGER)
    assert "ID_MM_DEVICE_IGNORE" in step.advice


def test_a_program_that_likes_such_ports_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/proc/self/comm") as comm:
        monkeypatch.setattr(portcheck, "MANAGER", comm.read().strip())
    with PtyLink() as cable:
        for name, state in (("ttyACM0", TROUBLE), ("ttyS0", OK)):
            (tmp_path / name).symlink_to(cable.name)
            assert [step.state for step in check_port(str(tmp_path / name))] == [OK, OK, state]


def test_a_phone_that_has_only_its_files_by_bluetooth(cables: Cables, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Link:
        raise LinkError("this phone offers no service for SyncML client")

    bench = Bench("motorola")
    kept = {codes.IRMC: bench.emulator.services[codes.IRMC]}
    monkeypatch.setattr(type(bench.emulator), "services", property(lambda self: kept))
    monkeypatch.setattr("minisyncml.gateway.doctor.check_port", lambda port: ())
    found = Doctor(line(none, "bt://00:11:22:33:44:55", files=cables(bench.emulator))).run()
    assert found.exit_code == 1 and "no service for SyncML" in words(found, "line", TROUBLE)
    assert "reads the phone by IrMC" in words(found, "SyncML", WRONG)


def test_a_locked_port_is_told_when_it_is_opened(cables: Cables) -> None:
    import fcntl
    with PtyLink() as cable:
        other = os.open(cable.name, os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = Doctor(Line(lambda: _open(cable.name), cable.name, wait=lambda seconds: None)).run()
        finally:
            os.close(other)
    assert found.exit_code == 3 and "in use by" in words(found, "line", WRONG)


def _open(name: str) -> Link:
    from minisyncml.transport.ports import open_link
    return open_link(name)


# -- info

def test_a_phone_is_asked_before_it_sends_anything(cables: Cables) -> None:
    bench = Bench("sony-ericsson-w595", items=5)
    devinf, profile = ask(line(cables(bench.emulator)), UNKNOWN)
    assert devinf is not None and (devinf.man, devinf.mod) == ("SonyEricsson", "W595")
    assert profile.name == "sony-ericsson-w595"
    assert bench.reports[-1].messages <= 2 and not any(part.remote or part.local
                                                       for part in bench.reports[-1].datastores.values())


def test_error_numbers_of_the_system_are_not_shown_bare() -> None:
    assert str(errno.EACCES) not in "".join(step.words for step in check_port("/dev/null/x"))
