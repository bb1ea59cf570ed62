"""OBEX over real lines: both our ends, SyncML both ways, and lines that drop, fall silent, echo or talk rubbish."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, Optional

import pytest
from obexline import Responder, on_pty, on_tcp, pair

from minisyncml.errors import (
    AuthError,
    DecodeError,
    EncodeError,
    Error,
    ItemError,
    LimitError,
    LinkError,
    ObexError,
    RemoteProtocolError,
    StoreBusy,
    StoreError,
    TransportError,
)
from minisyncml.limits import DEFAULT
from minisyncml.obex import codes
from minisyncml.obex.packets import BODY_LAST, EMPTY_LAST
from minisyncml.obex.server import Connect, Get, Lock, Put, SetPath
from minisyncml.transport import tcp
from minisyncml.transport.base import WBXML, XML, Packet
from minisyncml.transport.link import Link
from minisyncml.transport.obex import ObexClient, ObexTransport, Reply, Service, Services, SyncMLService, refused
from minisyncml.transport.serial import open_serial

MEGABYTE = bytes(range(256)) * 4096


class Shelf(Service):
    """Keeps objects by name, and what was asked of it."""

    def __init__(self) -> None:
        self.objects: "dict[str, bytes]" = {}
        self.calls: "list[Any]" = []

    def connect(self, request: Connect) -> None:
        self.calls.append("connect")

    def put(self, request: Put) -> "tuple[Any, ...]":
        self.calls.append(request.headers.without(codes.CONNECTION, codes.LENGTH))
        if request.body is None:
            if self.objects.pop(request.headers.name, None) is None:
                raise ObexError("there is none", codes.NOT_FOUND)
            return ()
        self.objects[request.headers.name] = request.body
        return ((codes.APPLICATION, b"\1\1x"),)

    def get(self, request: Get) -> Reply:
        if request.headers.name not in self.objects:
            raise ObexError("there is none", codes.NOT_FOUND)
        return Reply(self.objects[request.headers.name], ((codes.DESCRIPTION, "here"),))

    def setpath(self, request: SetPath) -> None:
        self.calls.append(request)

    def disconnect(self) -> None:
        self.calls.append("disconnect")

    def lost(self, error: Error) -> None:
        self.calls.append(error)


def using(service: Service, target: bytes = codes.SYNCML) -> Services:
    return {target: lambda: service}


@pytest.mark.parametrize("ours, theirs", [(BODY_LAST, BODY_LAST), (EMPTY_LAST, EMPTY_LAST), (BODY_LAST, EMPTY_LAST)])
@pytest.mark.parametrize("packet", [255, 1024, 65_535])
def test_a_megabyte_both_ways(packet: int, ours: str, theirs: str) -> None:
    shelf, (here, there) = Shelf(), pair(packet)
    with Responder(there, using(shelf), eob=theirs) as phone, ObexClient(here, eob=ours) as client:
        client.connect(codes.SYNCML)
        client.put(MEGABYTE, name="big")
        assert client.get(name="big") == MEGABYTE == shelf.objects["big"]
        client.put(b"", name="empty")
        assert client.get(name="empty") == b""
    assert phone.log == []


def test_every_operation() -> None:
    shelf, (here, there) = Shelf(), pair()
    told: "list[int]" = []
    with Responder(there, using(shelf)), ObexClient(here, progress=told.append) as client:
        assert client.connect(codes.SYNCML).data(codes.WHO) == codes.SYNCML and client.connection == 1
        found = client.put(bytes(3000), name="a/ü", type="text/plain", application=b"\2\1y", description="of it",
                           modified="20300101T120000Z")
        assert found.application == {1: b"x"} and told[-3:] == [987, 2005, 3000] or told[-1] == 3000
        answer = client.fetch(name="a/ü")
        assert answer.body == bytes(3000) and answer.headers.text(codes.DESCRIPTION) == "here"
        client.setpath("sub", create=True)
        client.setpath(None, up=True)
        client.setpath("")
        client.abort()
        client.delete("a/ü")
        for call in (lambda: client.get(name="a/ü"), lambda: client.delete("a/ü")):
            with pytest.raises(ObexError, match="a/ü: not found .0x44.: there is nothing of that name") as caught:
                call()
            assert caught.value.code == codes.NOT_FOUND
        client.disconnect()
        client.disconnect()
        client.connect(codes.SYNCML)
        assert client.connection == 2
    heads = [call for call in shelf.calls if not isinstance(call, (str, SetPath))]
    assert heads[0].pairs == ((codes.NAME, "a/ü"), (codes.TYPE, b"text/plain\0"), (codes.APPLICATION, b"\2\1y"),
                              (codes.DESCRIPTION, "of it"), (codes.TIME, b"20300101T120000Z"))
    assert [call for call in shelf.calls if isinstance(call, (str, SetPath))] == [
        "connect", SetPath("sub", False, True), SetPath(None, True, False), SetPath("", False, False), "disconnect",
        "connect", "disconnect"]


def test_over_a_pseudo_terminal_one_caller_after_the_other() -> None:
    shelf = Shelf()
    with on_pty(using(shelf)) as phone:
        for count in range(2):
            with ObexClient(open_serial(phone.link.name)) as client:
                client.connect(codes.SYNCML)
                client.put(bytes(5000), name=str(count))
        crashed = ObexClient(open_serial(phone.link.name))
        crashed.connect(codes.SYNCML)
        crashed.link.close()
        with ObexClient(open_serial(phone.link.name)) as client:
            with pytest.raises(ObexError, match="service unavailable"):     # the line did not drop
                client.connect(codes.SYNCML)
            client.connect(codes.SYNCML)
            assert client.get(name="1") == bytes(5000)
    assert [str(call) for call in shelf.calls if isinstance(call, Error)] == ["the caller began another session"]
    assert len(phone.log) == 1 and "second CONNECT" in phone.log[0]


def test_over_tcp() -> None:
    shelf = Shelf()
    with on_tcp(using(shelf)) as port, ObexClient(tcp.connect("127.0.0.1", port)) as client:
        client.connect(codes.SYNCML)
        client.put(MEGABYTE, name="big")
        assert client.get(name="big") == MEGABYTE


def test_a_service_that_is_not_there() -> None:
    here, there = pair()
    with Responder(there, using(Shelf())), ObexClient(here) as client:
        for target in (b"", codes.IRMC):
            with pytest.raises(ObexError, match="refused the connection: not found .0x44.") as caught:
                client.connect(target)
            assert caught.value.code == codes.NOT_FOUND
        client.connect(codes.SYNCML)


@pytest.mark.parametrize("error, code", [
    (ObexError("full", codes.DATABASE_FULL), codes.DATABASE_FULL), (LimitError("big"), codes.TOO_LARGE),
    (DecodeError("broken"), codes.BAD_REQUEST), (StoreError("disk"), codes.DATABASE_FULL),
    (StoreBusy("held"), codes.DATABASE_LOCKED), (TransportError("full house"), codes.UNAVAILABLE),
    (ItemError("type"), codes.UNSUPPORTED_TYPE), (ItemError("size", 413), codes.TOO_LARGE),
    (AuthError("who"), codes.INTERNAL_ERROR), (ZeroDivisionError("a bug"), codes.INTERNAL_ERROR)])
def test_what_a_service_raises_becomes_a_code(error: Exception, code: int) -> None:
    class Broken(Service):
        def put(self, request: Put) -> "tuple[Any, ...]":
            raise error

    here, there = pair()
    with Responder(there, using(Broken())) as phone, ObexClient(here) as client:
        client.connect(codes.SYNCML)
        for _ in range(2):
            with pytest.raises(ObexError) as caught:
                client.put(b"x")
            assert caught.value.code == code
        for call in (client.get, lambda: client.setpath("x")):
            with pytest.raises(ObexError, match="not implemented"):
                call()
    assert all(str(error) in line for line in phone.log) and (len(phone.log) == 2 or isinstance(error, ObexError))


def test_words_of_a_refusal() -> None:
    error = refused("the phone refused the message", 0xC3)
    assert error.code == codes.FORBIDDEN
    assert str(error).startswith("the phone refused the message: forbidden (0x43): look at the phone's screen")


# -- passwords

@pytest.mark.parametrize("password, good", [("1234", True), ("4321", False), ("", False)])
def test_a_password(password: str, good: bool) -> None:
    here, there = pair()
    lock = Lock({"ada": "1234"}.get, lambda: bytes(range(16)), "phone")
    with Responder(there, using(Shelf()), lock=lock), ObexClient(here, password=password, user="ada") as client:
        if good:
            client.connect(codes.SYNCML)
            return
        with pytest.raises(ObexError, match="unauthorized .0x41.: it wants a password"):
            client.connect(codes.SYNCML)


@pytest.mark.parametrize("password", ["1234", "4321", ""])
def test_the_phone_has_to_know_the_password_too(password: str) -> None:
    here, there = pair()
    with Responder(there, using(Shelf()), password=password), ObexClient(here, password="1234") as client:
        if password == "1234":
            client.connect(codes.SYNCML, mutual=True)
            return
        with pytest.raises(AuthError):
            client.connect(codes.SYNCML, mutual=True)


# -- SyncML

def reversing(packet: Packet) -> Optional[Packet]:
    return Packet(packet.content_type, packet.body[::-1]) if packet.body != b"done" else None


def test_syncml_when_we_are_its_client() -> None:
    ended: "list[Any]" = []
    here, there = pair()
    with Responder(there, using(SyncMLService(reversing, ended.append))):
        with ObexTransport(dialled(here)) as transport:
            for kind in (WBXML, XML):
                assert transport.send(Packet(kind, b"abc")) == Packet(kind, b"cba")
            assert transport.fetch() == Packet(XML, b"cba")     # asked for again, given again
            assert transport.send(Packet(WBXML, b"done")) is None
            assert (transport.sent, transport.received) == (10, 9)
    assert ended == [None]


def dialled(link: Link) -> ObexClient:
    client = ObexClient(link)
    client.connect(codes.SYNCML)
    return client


def test_syncml_when_we_are_its_server_and_call() -> None:
    """A notification, then its messages are fetched and answered until nothing is owed; the GET is held."""
    ready, taken = threading.Event(), []

    def phone(packet: Packet) -> Optional[Packet]:
        taken.append(packet)
        if packet.content_type == "application/vnd.syncml.ds.notification":
            return None
        return Packet(packet.content_type, b"pkg 3") if len(taken) < 3 else None

    def first(content_type: str) -> Optional[Packet]:
        ready.wait(10)
        return Packet(content_type, b"pkg 1") if len(taken) == 1 else None

    here, there = pair()
    with Responder(there, using(SyncMLService(phone, ask=first))), ObexTransport(dialled(here)) as transport:
        transport.post(Packet("application/vnd.syncml.ds.notification", b"SAN"))
        threading.Timer(0.05, ready.set).start()
        got = []
        while (message := transport.fetch(XML)) is not None:
            got.append(message)
            transport.post(Packet(XML, b"answer to " + message.body))
    assert got == [Packet(XML, b"pkg 1"), Packet(XML, b"pkg 3")]
    assert [packet.body for packet in taken] == [b"SAN", b"answer to pkg 1", b"answer to pkg 3"]


def test_a_message_may_fail_and_the_next_one_not() -> None:
    def handle(packet: Packet) -> Optional[Packet]:
        if packet.body == b"bad":
            raise RemoteProtocolError("no SyncML")
        return reversing(packet)

    here, there = pair()
    with Responder(there, using(SyncMLService(handle))) as phone, ObexTransport(dialled(here)) as transport:
        with pytest.raises(ObexError, match="bad request"):
            transport.send(Packet(WBXML, b"bad"))
        assert transport.fetch() is None
        assert transport.send(Packet(WBXML, b"ab")) == Packet(WBXML, b"ba")
        with pytest.raises(ObexError) as caught:
            transport.client.delete("x")
        assert caught.value.code == codes.BAD_REQUEST
    assert phone.log == ["no SyncML"]


# -- lines that are none

def test_the_service_hears_of_a_line_that_drops() -> None:
    shelf, (here, there) = Shelf(), pair()
    with Responder(there, using(shelf)) as phone:
        client = dialled(here)
        client.link.close()
        phone.join()
    assert isinstance(shelf.calls[-1], LinkError) and phone.error is shelf.calls[-1]


class Script(Link):
    """A line on which certain answers come, one for each write; `gap` seconds pass where there is none."""

    name = "the line"

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.written: "list[bytes]" = []
        self.waiting = b""

    def read(self, timeout: float) -> bytes:
        data, self.waiting = self.waiting[:7], self.waiting[7:]
        if not data:
            time.sleep(min(timeout, 0.02))
        return data

    def write(self, data: bytes, timeout: float) -> None:
        self.written.append(data)
        self.waiting += self.answers.pop(0) if self.answers else b""


ACCEPTED = bytes.fromhex("a0001a10000400" + "cb00000001" + "4a000e53594e434d4c2d53594e43")


@pytest.mark.parametrize("answer, words", [
    (b"", "^the line: no answer within 0.05 seconds"),
    (b"\r\nERROR\r\n", "does not speak OBEX, it says .*ERROR"),
    (b"\xa0", "the answer broke off"), (b"\xa0\x02\x00\x10\x00", "the answer broke off"),
    (bytes.fromhex("80001510040000") + b"F\0\x0eSYNCML-SYNC", "the line sends back what we send"),
])
def test_silence_and_rubbish_end_in_one_sentence(answer: bytes, words: str) -> None:
    client = ObexClient(Script(answer), timeout=0.05, packet=1024)
    with pytest.raises(LinkError, match=words):
        client.connect(codes.SYNCML)
    client.close()


def test_noise_before_the_answer_does_no_harm() -> None:
    line = Script(b"\r\nCONNECT\r\n" + ACCEPTED)
    line.waiting = b"\xa0\0\3left over from before"
    ObexClient(line, timeout=5).connect(codes.SYNCML)


def test_a_peer_that_takes_us_for_somebody_who_wants_its_inbox() -> None:
    for reply in (bytes.fromhex("a0000710000400"), bytes.fromhex("a0001510000400cb000000014a0009") + b"OTHERS"):
        with pytest.raises(ObexError, match="no such service") as caught:
            ObexClient(Script(reply), timeout=5).connect(codes.SYNCML)
        assert caught.value.code == codes.NOT_FOUND
    ObexClient(Script(bytes.fromhex("a0000c10000400cb00000009")), timeout=5).connect(codes.SYNCML)     # forgets its Who


def test_an_answer_that_breaks_the_rules_is_aborted_and_the_session_goes_on() -> None:
    line = Script(ACCEPTED, bytes.fromhex("a00006 49ffff"), b"\xa0\0\3", bytes.fromhex("a00006 490003"))
    client = ObexClient(line, timeout=5)
    client.connect(codes.SYNCML)
    with pytest.raises(DecodeError, match="goes past its packet"):
        client.get(name="x")
    assert line.written[-1] == bytes.fromhex("ff0008cb00000001")
    assert client.get(name="x") == b""


def test_a_user_that_gives_up_leaves_the_session_all_the_same() -> None:
    class Impatient(Script):
        def read(self, timeout: float) -> bytes:
            if self.written[-1][:1] == b"\x83":
                raise KeyboardInterrupt
            return super().read(timeout) if timeout else b""

    line = Impatient(ACCEPTED, b"", b"\xa0\0\3", b"\xa0\0\3")
    line.written.append(b"")
    with pytest.raises(KeyboardInterrupt), ObexClient(line, timeout=5) as client:
        client.connect(codes.SYNCML)
        client.get()
    assert [data[0] for data in line.written[2:]] == [codes.GET_FINAL, codes.ABORT, codes.DISCONNECT]


def test_a_header_that_the_peer_cannot_take_is_our_mistake() -> None:
    here, there = pair(255)
    with Responder(there, using(Shelf())), ObexClient(here) as client:
        client.connect(codes.SYNCML)
        with pytest.raises(EncodeError, match="longer than the 252 bytes"):
            client.put(b"x", name="a", description="y" * 200)
        client.put(b"x", name="a", description="y" * 100)


def test_an_object_that_is_too_large() -> None:
    shelf, (here, there) = Shelf(), pair()
    shelf.objects["big"] = MEGABYTE
    small = DEFAULT._replace(max_message=10_000)
    with Responder(there, using(shelf), limits=small), ObexClient(here, limits=small) as client:
        client.connect(codes.SYNCML)
        with pytest.raises(LimitError):
            client.get(name="big")
        with pytest.raises(ObexError, match="too large .0x4D.: send smaller messages"):
            client.put(MEGABYTE, name="more")
        client.put(b"good", name="good")
        assert client.get(name="good") == b"good" and "more" not in shelf.objects


def rubbish(link: Link) -> None:
    for _ in range(200):
        link.write(b"this is no OBEX " * 64, 5)


def too_long(link: Link) -> None:
    link.write(bytes.fromhex("80000710000400") + b"\x82\xff\xff" + bytes(200), 5)


@pytest.mark.parametrize("talk, words", [(rubbish, "something else than OBEX"), (too_long, "1024 were agreed")])
def test_a_caller_that_talks_rubbish_is_given_up(talk: "Callable[[Link], None]", words: str) -> None:
    shelf, (here, there) = Shelf(), pair()
    with Responder(there, using(shelf, codes.PUSH)) as phone:
        try:
            talk(here)
        except LinkError:
            pass
        phone.join()
    assert words in str(phone.error)
    here.close()


class Silent(Script):
    """A line on which nothing comes any more."""

    def __init__(self, first: bytes) -> None:
        super().__init__()
        self.waiting = first

    def read(self, timeout: float) -> bytes:
        return super().read(0)


def test_a_caller_that_falls_silent() -> None:
    shelf = Shelf()
    opening = bytes.fromhex("80001510002000") + b"F\0\x0eSYNCML-SYNC"
    with Responder(Silent(opening), using(shelf), once=True, timeout=0.05) as phone:
        phone.join()
    assert "fell silent in the middle of a session" in str(phone.error) and shelf.calls[-1] is phone.error
    with Responder(Silent(opening), using(shelf), timeout=0.05, wait=0.1) as phone:
        phone.join()
    assert phone.error is None and len(phone.log) == 1 and "fell silent" in phone.log[0]


def test_nobody_calls() -> None:
    with Responder(Silent(b""), using(Shelf()), wait=0.05) as phone:
        phone.join()
    assert phone.error is None


def test_one_session_only() -> None:
    shelf, (here, there) = Shelf(), pair()
    with Responder(there, using(shelf), once=True) as phone:
        client = dialled(here)
        client.disconnect()
        phone.join()
    assert shelf.calls == ["connect", "disconnect"] and phone.error is None
    here.close()
