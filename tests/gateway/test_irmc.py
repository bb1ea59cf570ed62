"""The IrMC objects of a phone: whole files, single objects, change logs, and what a PC may put."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.errors import ItemError, ObexError
from minisyncml.gateway import irmcfiles
from minisyncml.gateway.irmc import IrMCService
from minisyncml.obex import codes
from minisyncml.obex.headers import Headers
from minisyncml.obex.server import Connect, Get, Put
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore

CARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:%s\r\nEND:VCARD\r\n"
CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:V%s\r\nSUMMARY:%s\r\nEND:V%s\r\nEND:VCALENDAR\r\n"


def event(summary: bytes, kind: bytes = b"EVENT") -> bytes:
    return CALENDAR % (kind, summary, kind)


class Phone:
    """Stores, and a session with them."""

    def __init__(self) -> None:
        self.stores: "dict[str, Store]" = {
            "contacts": MemoryStore((("text/x-vcard", "2.1"),)),
            "calendar": MemoryStore((("text/x-vcalendar", "1.0"),)),
            "tasks": MemoryStore((("text/x-vcalendar", "1.0"),)), "notes": MemoryStore((("text/plain", "1.0"),))}
        self.service = IrMCService(self.stores, {"MOD": "Toy", "SN": "77"}, now=lambda: "20300101T120000",
                                   random=lambda count: b"\xab" * count)
        self.service.connect(Connect(codes.IRMC, Headers()))

    def add(self, name: str, *found: bytes) -> None:
        with self.stores[name].begin() as batch:
            for body in found:
                batch.put(None, self.stores[name].types[0][0], body)
            batch.commit()

    def bodies(self, name: str) -> "list[bytes]":
        store = self.stores[name]
        return [item.body for row in store.rows() for item in [store.get(row.id)] if item is not None]

    def get(self, name: str) -> bytes:
        return self.service.get(Get(Headers([(codes.NAME, name)]))).body

    def lines(self, name: str) -> "list[str]":
        return self.get(name).decode().split("\r\n")[:-1]

    def put(self, name: str, body: Optional[bytes]) -> "dict[int, bytes]":
        return Headers(self.service.put(Put(Headers([(codes.NAME, name)]), body))).application


@pytest.fixture
def phone() -> Phone:
    found = Phone()
    found.add("contacts", CARD % b"Ada", CARD % b"Bob")
    found.add("calendar", event(b"Talk"))
    found.add("tasks", event(b"Buy", b"TODO"))
    found.add("notes", "Grüße\nzwei".encode())
    return found


def test_whole_files(phone: Phone) -> None:
    assert phone.get("telecom/pb.vcf") == (
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Ada\r\nX-IRMC-LUID:1\r\nEND:VCARD\r\n"
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Bob\r\nX-IRMC-LUID:2\r\nEND:VCARD\r\n")
    assert phone.get("telecom/cal.vcs") == (
        b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:Talk\r\nX-IRMC-LUID:1\r\nEND:VEVENT\r\n"
        b"BEGIN:VTODO\r\nSUMMARY:Buy\r\nX-IRMC-LUID:T1\r\nEND:VTODO\r\nEND:VCALENDAR\r\n")
    note = phone.get("/telecom/nt.vnt")
    assert b"BODY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Gr=C3=BC=C3=9Fe=0D=0Azwei\r\nX-IRMC-LUID:1\r\n" in note
    assert phone.get("telecom/cal.vcs") == phone.get("Telecom/cal.vcs")
    assert Phone().get("telecom/cal.vcs") == b"" == Phone().get("telecom/pb.vcf")


def test_one_object_by_luid_and_by_place(phone: Phone) -> None:
    bob = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Bob\r\nX-IRMC-LUID:2\r\nEND:VCARD\r\n"
    for name in ("luid/2.vcf", "luid/0002.vcf", "1.vcf"):
        assert phone.get(f"telecom/pb/{name}") == bob
    assert b"Buy" in phone.get("telecom/cal/luid/T1.vcs") and b"Buy" in phone.get("telecom/cal/1.vcs")
    assert b"Talk" in phone.get("telecom/cal/luid/1.vcs") and b"Talk" in phone.get("telecom/cal/0.vcs")


def test_what_the_phone_says_of_itself(phone: Phone) -> None:
    assert {"MOD:Toy", "SN:77", "IRMC-VERSION:1.1"} < set(phone.lines("telecom/devinfo.txt"))
    assert phone.lines("telecom/rtc.txt") == ["20300101T120000"]
    assert phone.lines("telecom/cal/info.log") == [
        "Total-Records:2", "Maximum-Records:1000", "IEL:8", "HD:YES", "SAT:CC", "DID:ABABABAB"]


@pytest.mark.parametrize("name", [
    "", "telecom", "telecom/xx.vcf", "pb.vcf", "SIM1/telecom/pb.vcf", "telecom/pb/luid/3.vcf", "telecom/pb/luid/T1.vcf",
    "telecom/pb/luid/.vcf", "telecom/pb/luid/x.vcf", "telecom/pb/luid/x.log", "telecom/pb/luid/-1.log",
    "telecom/pb/2.vcf", "telecom/pb/-1.vcf", "telecom/pb/luid/" + "9" * 5000 + ".vcf", "telecom/pb/luid/٣.vcf",
    "telecom/pb/" + "9" * 5000 + ".vcf"])
def test_what_is_not_there(phone: Phone, name: str) -> None:
    with pytest.raises(ObexError) as caught:
        phone.get(name)
    assert caught.value.code == codes.NOT_FOUND


def test_changes_are_logged_with_counters(phone: Phone) -> None:
    assert phone.lines("telecom/cal/luid/cc.log") == ["2"]
    assert phone.lines("telecom/cal/luid/2.log") == ["SN:77", "DID:ABABABAB", "Total-Records:2", "Maximum-Records:1000"]
    phone.add("calendar", event(b"Walk"))
    with phone.stores["tasks"].begin() as batch:
        batch.remove("1")
        batch.commit()
    assert sorted(phone.lines("telecom/cal/luid/2.log")[4:]) == ["H:3::T1", "M:4::2"]
    assert phone.lines("telecom/cal/luid/cc.log") == ["4"]
    assert phone.lines("telecom/cal/luid/0.log")[4:] == ["M:2::1", "H:3::T1", "M:4::2"]
    assert phone.lines("telecom/cal/luid/9.log")[4] == "*"
    assert phone.lines("telecom/pb/luid/0.log")[4:] == ["M:1::1", "M:2::2"]
    assert phone.lines("telecom/cal/luid/cc.log") == ["4"]


def test_many_changes_are_numbered_once() -> None:
    phone = Phone()
    phone.add("contacts", *[CARD % str(number).encode() for number in range(450)])
    assert phone.lines("telecom/pb/luid/cc.log") == ["450"]
    assert phone.lines("telecom/pb/luid/448.log")[4:] == ["M:449::449", "M:450::450"]


def test_single_objects_are_created_replaced_and_deleted(phone: Phone) -> None:
    told = phone.put("telecom/pb/luid/.vcf", b"BEGIN:VCARD\nN:Cy\nX-IRMC-LUID:99\nEND:VCARD\n")
    assert told == {1: b"3", 2: b"3", 3: b"20300101T120000"}
    assert phone.bodies("contacts")[2] == b"BEGIN:VCARD\r\nN:Cy\r\nEND:VCARD\r\n"
    assert phone.put("telecom/pb/luid/3.vcf", CARD % b"Cyd") == {1: b"3", 2: b"4", 3: b"20300101T120000"}
    assert phone.put("telecom/pb/luid/1.vcf", None)[2] == b"5"
    assert phone.bodies("contacts") == [CARD % b"Bob", CARD % b"Cyd"]
    assert phone.put("telecom/pb/luid/1.vcf", CARD % b"Ada")[1] == b"4"     # deleted meanwhile: back under another LUID
    assert phone.put("telecom/cal/luid/.vcs", event(b"Sow", b"TODO"))[1] == b"T2"
    assert phone.put("telecom/cal/luid/.vcs", event(b"Run"))[1] == b"2"
    assert phone.put("telecom/nt/luid/.vnt", irmcfiles.to_vnote("é\nx".encode()))[1] == b"2"
    assert phone.bodies("notes")[1] == "é\r\nx".encode() and phone.bodies("tasks")[1] == event(b"Sow", b"TODO")
    assert [one.body for one in phone.stores["contacts"].trash()] == [
        b"BEGIN:VCARD\r\nN:Cy\r\nEND:VCARD\r\n", CARD % b"Ada"]


def test_a_whole_file_replaces_all(phone: Phone) -> None:
    book = phone.get("telecom/pb.vcf")
    phone.put("telecom/pb.vcf", book + CARD % b"Cy")
    assert phone.bodies("contacts") == [CARD % b"Ada", CARD % b"Bob", CARD % b"Cy"]
    phone.put("telecom/cal.vcs", phone.get("telecom/cal.vcs").replace(b"Buy", b"Sell"))
    assert phone.bodies("calendar") == [event(b"Talk")] and phone.bodies("tasks") == [event(b"Sell", b"TODO")]
    phone.put("telecom/nt.vnt", phone.get("telecom/nt.vnt") * 2)
    assert phone.bodies("notes") == ["Grüße\r\nzwei".encode()] * 2
    assert len(list(phone.stores["contacts"].trash())) == 2


def test_what_cannot_be_put(phone: Phone) -> None:
    with pytest.raises(ItemError):
        phone.put("telecom/pb/luid/.vcf", event(b"Talk"))
    for name in ("telecom/pb/info.log", "telecom/pb/0.vcf", "telecom/pb.vcf"):
        with pytest.raises(ObexError) as caught:
            phone.put(name, None if name.endswith("pb.vcf") else CARD % b"x")
        assert caught.value.code == codes.FORBIDDEN
    with pytest.raises(ObexError):
        phone.put("telecom/pb/luid/9.vcf", None)
    assert len(phone.bodies("contacts")) == 2 and phone.put("telecom/rtc.txt", b"20300101T000000") == {}


def test_a_phone_with_less() -> None:
    service = IrMCService({"contacts": MemoryStore((("text/x-vcard", "2.1"),))}, level=0x10)
    body = service.get(Get(Headers([(codes.NAME, "telecom/pb/info.log")]))).body
    assert b"IEL:10\r\n" in body
    with pytest.raises(ObexError):
        service.get(Get(Headers([(codes.NAME, "telecom/cal.vcs")])))


@pytest.mark.parametrize("text", ["", "one", "a=b\n\nc", "ü" * 200, " trailing \t\n", "x" * 5000, "END:VNOTE"])
def test_notes_survive(text: str) -> None:
    wrapped = irmcfiles.to_vnote(text.encode())
    assert all(len(line) <= 130 for line in wrapped.splitlines())
    again, = irmcfiles.split(irmcfiles.label(wrapped, "1"))
    assert irmcfiles.from_vnote(again) == text.replace("\n", "\r\n").encode()
    assert irmcfiles.from_vnote(b"no vNote") == b"no vNote"


def test_files_that_are_none() -> None:
    for data in (b"", b"rubbish", b"BEGIN:VCARD\r\nN:x", b"END:VCARD\r\n" * 3, b"BEGIN:\r\n" * 2000, b"\0\xff" * 50):
        assert list(irmcfiles.split(data)) == []
    nested = b"BEGIN:VCARD\r\nAGENT:\r\nBEGIN:VCARD\r\nN:inner\r\nEND:VCARD\r\nN:outer\r\nEND:VCARD\r\n"
    assert list(irmcfiles.split(nested * 2)) == [nested, nested]


def test_counters_last(tmp_path: Path) -> None:
    from minisyncml.store.place import open_store
    names = {"contacts": open_store(str(tmp_path / "contacts"), "contacts", str(tmp_path / "state"))}
    service = IrMCService(names)
    put = Put(Headers([(codes.NAME, "telecom/pb/luid/.vcf")]), b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nEND:VCARD\r\n")
    service.connect(Connect(codes.IRMC, Headers()))
    assert Headers(service.put(put)).application[2] == b"1"
    names["contacts"].close()
    names = {"contacts": open_store(str(tmp_path / "contacts"), "contacts", str(tmp_path / "state"))}
    (file,) = (tmp_path / "contacts").glob("*.vcf")
    file.unlink()
    service = IrMCService(names)
    service.connect(Connect(codes.IRMC, Headers()))
    log = service.get(Get(Headers([(codes.NAME, "telecom/pb/luid/1.log")]))).body
    assert b"H:2::1\r\n" in log
    names["contacts"].close()


LINES = st.lists(st.sampled_from([
    b"BEGIN:VCARD", b"END:VCARD", b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"BEGIN:VEVENT", b"END:VEVENT", b"begin:vnote",
    b"END:VNOTE", b"BODY;ENCODING=QUOTED-PRINTABLE:a=", b"BODY:", b"X-IRMC-LUID:7", b"N:x", b"", b" ", b"BEGIN:",
    b"END", b"\0\xff="]), max_size=30).map(b"\r\n".join)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), LINES))
def test_whatever_comes_is_taken_apart(data: bytes) -> None:
    bodies = list(irmcfiles.split(data))
    assert sum(map(len, bodies)) <= 2 * len(data) + 80 * len(bodies)
    for body in bodies:
        assert list(irmcfiles.split(body)) == [body] or b"VCALENDAR" in body.upper()
        irmcfiles.label(body, "1"), irmcfiles.inside(body), irmcfiles.from_vnote(body)
    whole = b"".join(bodies)
    if b"VCALENDAR" not in whole.upper():
        assert list(irmcfiles.split(whole)) == bodies
