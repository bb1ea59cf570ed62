"""What no peer has to get right: a row for each liberty that phones were seen to take, none of them a switch."""

from __future__ import annotations

import re
from typing import Any, Callable, Optional

import pytest
from pair import Pair, bodies, fill
from probe import Probe, add, children, delete, numbered, replace
from scenes import TEXT

from minisyncml import status as codes
from minisyncml.gateway.serve import Server
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.message.writer import Writer
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import XML, Packet

CARD = (("text/x-vcard", "2.1"),)
VCARD = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;Jane\r\nEND:VCARD\r\n"


@pytest.fixture
def phone() -> Probe:
    """A phone that has synced one note."""
    probe = Probe({"notes": MemoryStore(TEXT)}, version="1.1")
    probe.session(add("L1", "a"), code=201)
    return probe


def raw(phone: Probe, text: str, **more: str) -> c.Message:
    """A message as text, with its commands in it."""
    phone.msg += 1
    head = ('<SyncML{xmlns}><SyncHdr><VerDTD>1.1</VerDTD><VerProto>SyncML/1.1</VerProto><SessionID>7</SessionID><MsgID>'
            "{msg}</MsgID><Target><LocURI>http://server/</LocURI></Target><Source><LocURI>phone-9</LocURI></Source>"
            "</SyncHdr><SyncBody>").format(**{"xmlns": ' xmlns="SYNCML:SYNCML1.1"', "msg": str(phone.msg), **more})
    return phone.push((head + text + "</SyncBody></SyncML>").encode())


def status(cmd_id: int, msg: object, cmd: object, name: str, code: int = 200, **refs: str) -> str:
    """A Status as text."""
    inside = "".join(f"<{tag}>{text}</{tag}>" for tag, text in refs.items())
    return (f"<Status><CmdID>{cmd_id}</CmdID><MsgRef>{msg}</MsgRef><CmdRef>{cmd}</CmdRef><Cmd>{name}</Cmd>{inside}"
            f"<Data>{code}</Data></Status>")


def alert(phone: Probe, code: int = 200, last: Optional[str] = None, target: str = "./notes") -> str:
    """An Alert as text; its Last is the right one unless another is given, `-` for none."""
    meta = (phone.alert(code).items[0].meta or c.Meta())._asdict()
    last = meta["last"] if last is None else last
    inner = ("" if last == "-" else f"<Last>{last}</Last>") + f"<Next>{meta['next']}</Next>"
    return (f"<Alert><CmdID>9</CmdID><Data>{code}</Data><Item><Target><LocURI>{target}</LocURI></Target><Source>"
            f"<LocURI>./mine</LocURI></Source><Meta><Anchor xmlns='syncml:metinf'>{inner}</Anchor></Meta></Item>"
            "</Alert>")


def sync(*items: str) -> str:
    """A Sync as text, a Replace for each item."""
    return ("<Sync><CmdID>20</CmdID><Target><LocURI>./notes</LocURI></Target><Source><LocURI>./mine</LocURI></Source>"
            + "".join(f"<Replace><CmdID>{number}</CmdID>{item}</Replace>" for number, item in enumerate(items, 21))
            + "</Sync>")


def item(luid: str, data: str, kind: str = "text/plain") -> str:
    """Meta and Item of one item, as text."""
    return (f"<Meta><Type xmlns='syncml:metinf'>{kind}</Type></Meta><Item><Source><LocURI>{luid}</LocURI></Source>"
            f"<Data>{data}</Data></Item>")


class TestNamesAndTypes:
    @pytest.mark.parametrize("xmlns", [' xmlns="SYNCML:SYNCML1.1"', ' xmlns="SyncML:SyncML1.1"', "",
                                       ' xmlns="syncml:syncml1.0"'])
    def test_namespaces_in_any_case_or_none(self, phone: Probe, xmlns: str) -> None:
        raw(phone.new(), alert(phone) + "<Final/>", xmlns=xmlns)
        assert phone.codes("Alert") == [200]

    @pytest.mark.parametrize("target", ["./notes", "notes", "./NOTES", "Notes", "/notes/", "notes?since=1", "Memo"])
    def test_names_of_databases(self, phone: Probe, target: str) -> None:
        raw(phone.new(), alert(phone, target=target) + "<Final/>")
        assert phone.codes("Alert") == [200]

    @pytest.mark.parametrize("kind", ["text/x-vcard", "TEXT/X-VCARD", "text/x-vcard; charset=ISO-8859-1",
                                      "text/x-vcard;charset=utf-8", " text/x-vcard "])
    def test_media_types_in_any_case_and_with_parameters(self, kind: str) -> None:
        phone = Probe({"notes": MemoryStore(CARD)})
        phone.begin()
        phone.send(phone.sync(add("L1", VCARD, kind)))
        assert phone.codes("Add") == [201]

    @pytest.mark.parametrize("kind", ["text/plain", "text/calendar", "text/vcard", "x/y"])
    def test_the_first_line_says_the_type(self, kind: str) -> None:
        """P900: text/calendar for vCalendar 1.0. A type that does not fit the body is no reason to refuse it."""
        phone = Probe({"notes": MemoryStore(CARD)})
        phone.begin()
        phone.send(phone.sync(add("L1", VCARD, kind)))
        assert phone.codes("Add") == [201]

    @pytest.mark.parametrize("content_type", ["application/vnd.syncml+xml; charset=utf-8", "APPLICATION/VND.SYNCML+XML",
                                              "text/xml", "", "application/vnd.syncml+wbxml"])
    def test_the_bytes_say_the_encoding(self, phone: Probe, content_type: str) -> None:
        phone.new().msg = 1
        body = (f"<SyncML><SyncHdr><VerDTD>1.1</VerDTD><VerProto>SyncML/1.1</VerProto><SessionID>7</SessionID><MsgID>1"
                f"</MsgID><Target><LocURI>s</LocURI></Target><Source><LocURI>phone-9</LocURI></Source></SyncHdr><SyncBody>"
                f"{alert(phone)}<Final/></SyncBody></SyncML>").encode()
        assert phone.exchange.handle(Packet(content_type, body)) is not None


class TestStatuses:
    def begun(self, phone: Probe) -> c.Message:
        """The server has a note to send, and sends it."""
        fill(phone.stores["notes"], "ours")
        phone.new().begin()
        return phone.send(phone.sync())

    @pytest.mark.parametrize("refs", [
        {}, {"TargetRef": "ours", "SourceRef": "theirs"}, {"SourceRef": "./notes", "TargetRef": "./mine"}])
    def test_references_are_not_looked_at(self, phone: Probe, refs: "dict[str, str]") -> None:
        """Funambol: the wrong way round. MsgRef and CmdRef say it all."""
        [sent] = children(self.begun(phone))
        reply = phone.reply
        sync_id = next(one.cmd_id for one in reply.commands if isinstance(one, c.Sync))
        raw(phone, status(1, reply.header.msg_id, 0, "SyncHdr", TargetRef="phone-9", SourceRef="http://server/")
            + status(2, reply.header.msg_id, sync_id, "Sync") + status(3, reply.header.msg_id, sent.cmd_id, "Add", 201,
                                                                     **refs) + "<Final/>")
        assert phone.exchange.report.datastores["notes"].remote.added == 1

    def test_an_item_in_place_of_the_reference(self, phone: Probe) -> None:
        [sent] = children(self.begun(phone))
        text = status(1, phone.reply.header.msg_id, sent.cmd_id, "Add", 201)
        raw(phone, text.replace("</Status>", "<Item><Source><LocURI>L9</LocURI></Source></Item></Status>") + "<Final/>")
        assert phone.exchange.report.datastores["notes"].remote.added == 1

    def test_none_at_all(self, phone: Probe) -> None:
        """Nothing is lost: what was not answered is sent once more."""
        self.begun(phone)
        phone.send(answer=False)
        assert phone.exchange.failed is None
        assert bodies(phone.stores["notes"]) == [b"a", b"ours"]
        reply = phone.new().begin()
        assert reply.commands and phone.exchange.failed is None

    def test_a_get_that_nobody_answers(self, phone: Probe) -> None:
        reply = phone.new().begin()
        asked = [one for one in reply.commands if isinstance(one, c.Get)]
        phone.send(c.Status("", reply.header.msg_id, "0", "SyncHdr", 200), phone.sync(add("L2", "b")), answer=False)
        assert asked and phone.codes("Add") == [201]
        phone.send()
        assert phone.exchange.failed is None and phone.exchange.finished

    def test_statuses_for_what_was_never_sent(self, phone: Probe) -> None:
        phone.new().begin()
        raw(phone, status(1, 99, 3, "Add") + status(2, 1, 77, "Replace") + status(3, "x", "y", "Sync")
            + sync(item("L2", "b")) + "<Final/>")
        assert phone.codes("Replace") == [201]


class TestTurns:
    def test_final_too_often(self, phone: Probe) -> None:
        """Each message of the changes has one."""
        phone.new().begin()
        phone.send(phone.sync(add("L2", "b")), final=True)
        phone.send(final=True)
        phone.send(final=True, answer=False)
        assert bodies(phone.stores["notes"]) == [b"a", b"b"] and phone.exchange.failed is None

    def test_final_missing_before_the_next_package(self, phone: Probe) -> None:
        phone.new().send(phone.alert(), final=False)
        assert phone.codes("Alert") == [200]
        reply = phone.send(phone.sync(add("L2", "b")))
        assert phone.codes("Add") == [201]
        if not reply.final:
            phone.send(c.Alert("", codes.ALERT_NEXT_MESSAGE, (c.Item(source="phone-9", target="server"),)))
        phone.send()
        assert bodies(phone.stores["notes"]) == [b"a", b"b"] and phone.exchange.failed is None

    @pytest.mark.parametrize("first", [2, 5, 100])
    def test_a_session_that_begins_with_a_later_message(self, phone: Probe, first: int) -> None:
        phone.new().msg = first - 1
        phone.begin()
        phone.send(phone.sync(add("L2", "b")))
        assert phone.codes("Add") == [201]

    def test_command_numbers_with_gaps(self, phone: Probe) -> None:
        phone.new().begin()
        phone.cmd += 700
        phone.send(phone.sync(add("L2", "b")), c.Alert("9", codes.ALERT_DISPLAY, (c.Item(data=b"hello"),)))
        assert phone.codes("Add") == [201]

    def test_message_numbers_with_gaps(self, phone: Probe) -> None:
        phone.new().begin()
        phone.msg += 3
        phone.send(phone.sync(add("L2", "b")))
        assert phone.codes("Add") == [201]


class TestRepeats:
    def said(self, house: Server, phone: Probe, msg: int, *commands: c.Command) -> "tuple[c.Message, bytes]":
        """A message to a whole server, which keeps its answers."""
        writer = Writer(c.Header("1.1", "SyncML/1.1", "7", str(msg), "http://server/", "phone-9"), "xml", None, "1.1")
        for command in commands:
            assert writer.add(numbered(command, phone))
        reply = house.handle(Packet(XML, writer.finish(True), "http://server/"), "10.0.0.1")
        assert reply is not None
        return document.parse(reply.body).message, reply.body

    def test_a_message_is_answered_once_whatever_its_words(self) -> None:
        """7250: sends a message again when the answer takes long, and not always byte by byte."""
        phone = Probe({"notes": MemoryStore(TEXT)}, version="1.1")
        house = Server(phone.stores)
        self.said(house, phone, 1, phone.alert(201))
        first, stored = self.said(house, phone, 2, phone.sync(add("L1", "a")))
        second, again = self.said(house, phone, 2, phone.sync(add("L1", "a"), meta=c.Meta(version="0")))
        assert [one.code for one in first.commands if isinstance(one, c.Status)] == [200, 200, 201] and again == stored
        assert bodies(phone.stores["notes"]) == [b"a"]


class TestAnchors:
    @pytest.mark.parametrize("last, answer", [
        ("-", 508), ("", 508), ("0", 508), ("00000000T000000Z", 508), ("19700101T000000Z", 508), ("other", 508)])
    def test_a_last_that_is_not_ours_means_a_slow_sync(self, phone: Probe, last: str, answer: int) -> None:
        raw(phone.new(), alert(phone, 200, last) + "<Final/>")
        assert (phone.codes("Alert"), phone.alerts()) == ([answer], [201])

    def test_the_right_one_does_not(self, phone: Probe) -> None:
        raw(phone.new(), alert(phone) + "<Final/>")
        assert (phone.codes("Alert"), phone.alerts()) == ([200], [200])


class TestItems:
    @pytest.mark.parametrize("data", ["<![CDATA[b & c]]>", "b &amp; c", "<![CDATA[b ]]>&amp; c"])
    def test_cdata_or_text(self, phone: Probe, data: str) -> None:
        phone.new().begin()
        raw(phone, sync(item("L2", data)) + "<Final/>")
        assert bodies(phone.stores["notes"]) == [b"a", b"b & c"]

    @pytest.mark.parametrize("body", [VCARD.replace("\r\n", "\n"), VCARD.replace("\r\n", "\r\r\n"), VCARD.strip(),
                                      "\r\n" + VCARD])
    def test_line_ends(self, body: str) -> None:
        phone = Probe({"notes": MemoryStore(CARD)}, encoding="wbxml")
        phone.begin()
        phone.send(phone.sync(add("L1", body, "text/x-vcard")))
        assert phone.codes("Add") == [201]

    def test_bytes_that_are_no_utf_8(self) -> None:
        """Latin-1, whatever the message says: kept as they came."""
        phone = Probe({"notes": MemoryStore(CARD)}, encoding="wbxml")
        phone.begin()
        phone.send(phone.sync(add("L1", VCARD.encode().replace(b"Doe", b"D\xf6e"), "text/x-vcard")))
        assert phone.codes("Add") == [201]
        assert b"D\xf6e" in bodies(phone.stores["notes"])[0]

    def test_one_bad_item_stops_nothing(self, phone: Probe) -> None:
        phone.new().begin()
        bad = (add("L2", VCARD, "text/x-vcard"), add("L3", None))
        phone.send(phone.sync(*bad, replace("L4", "good"), delete("nobody")))
        assert phone.codes("Add") + phone.codes("Replace") + phone.codes("Delete") == [415, 412, 201, 211]
        assert bodies(phone.stores["notes"]) == [b"a", b"good"]
        phone.send()
        report = phone.exchange.report
        assert report.exit_code == 1 and [failure.id for failure in report.datastores["notes"].local.failures] == [
            "L2", "L3"]

    def test_our_ids_are_short(self, phone: Probe) -> None:
        """Phones that declare a MaxGUIDSize of 4 and mean it."""
        fill(phone.stores["notes"], *(f"n{number}" for number in range(30)))
        phone.new().begin()
        assert all(len(one.items[0].source or "") <= 4 for one in children(phone.send(phone.sync())))

    def test_a_long_guid_comes_back(self, phone: Probe) -> None:
        """Names of any length are taken in a Map and used ever after."""
        fill(phone.stores["notes"], "ours")
        long = "x" * 200
        phone.session(luids={b"ours": long})
        assert phone.session(replace(long, "theirs")) == []
        assert bodies(phone.stores["notes"]) == [b"a", b"theirs"]


def change(pattern: bytes, by: bytes) -> "Callable[[str, int, Packet], Packet]":
    """Spoils what the server says on its way."""
    def carry(way: str, number: int, packet: Packet) -> Packet:
        return packet if way == "up" else packet._replace(body=re.sub(pattern, by, packet.body, flags=re.DOTALL))
    return carry


@pytest.mark.parametrize("pattern, by", [
    (rb"<TargetRef>([^<]*)</TargetRef><SourceRef>([^<]*)</SourceRef>",
     rb"<TargetRef>\2</TargetRef><SourceRef>\1</SourceRef>"),
    (rb"<(Target|Source)Ref>[^<]*</\1Ref>", b""),
    (rb' xmlns="[^"]*"', b""),
    (rb'xmlns="syncml:', b'xmlns="SYNCML:'),
    (rb"<Status><CmdID>\d+</CmdID><MsgRef>\d+</MsgRef><CmdRef>\d+</CmdRef><Cmd>(Put|Get|Results)</Cmd>.*?</Status>",
     b""),
    (rb"<Final/>", b"<Final></Final>\r\n"),
    (rb"><", b">\r\n\t<"),
])
def test_a_client_takes_the_same_from_its_server(pattern: bytes, by: bytes) -> None:
    pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)},
                client_options={"encoding": "xml", "version": "1.1"})
    fill(pair.client["notes"], "a")
    fill(pair.server["notes"], "b")
    left, _ = pair.sync(carry=change(pattern, by))
    assert left.failed is None and left.report.exit_code == 0
    assert bodies(pair.client["notes"]) == bodies(pair.server["notes"]) == [b"a", b"b"]
    again: Any = pair.sync(carry=change(pattern, by))[0]
    assert again.report.datastores["notes"].slow is False
