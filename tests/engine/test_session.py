"""The rules of a session, message by message: who is answered what, in which order, and what ends it."""

from __future__ import annotations

import pytest
from pair import Pair, bodies, fill, fine
from probe import Probe, add, children
from scenes import TEXT

from minisyncml.codec.node import Node
from minisyncml.errors import PeerError, RemoteProtocolError, VersionError
from minisyncml.gateway.exchange import Exchange
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.message.writer import Writer
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import Packet

WIRES = [(version, encoding) for version in ("1.2", "1.1", "1.0") for encoding in ("wbxml", "xml")]


@pytest.fixture(params=WIRES, ids=["-".join(wire) for wire in WIRES])
def probe(request: pytest.FixtureRequest) -> Probe:
    return Probe({"notes": MemoryStore(TEXT)}, *request.param)


@pytest.fixture
def plain() -> Probe:
    return Probe({"notes": MemoryStore(TEXT)})


class TestStatus:
    def test_order_and_references(self, probe: Probe) -> None:
        get = c.Get("", (c.Item(target="./devinf" + probe.version.replace(".", "")),))
        probe.send(get, probe.alert(201))
        assert [(x.msg_ref, x.cmd_ref, x.cmd, x.code) for x in probe.statuses()] == \
            [("1", "0", "SyncHdr", 200), ("1", "1", "Get", 200), ("1", "2", "Alert", 200)]
        assert probe.statuses()[0].target_refs == ("http://server/",)
        assert probe.statuses()[0].source_refs == ("phone-9",)
        assert probe.statuses()[2].target_refs == ("./notes",)
        assert probe.statuses()[2].source_refs == ("./mine",)
        results = next(x for x in probe.reply.commands if isinstance(x, c.Results))
        assert (results.msg_ref, results.cmd_ref) == ("1", "1")

    def test_containers_come_before_what_they_hold(self, probe: Probe) -> None:
        probe.begin(code=201)
        answers = len(probe.answers())
        probe.send(probe.sync(add("L1", "a"), add("L2", "b")))
        assert [(x.cmd, x.cmd_ref) for x in probe.statuses()] == \
            [("SyncHdr", "0"), ("Sync", str(probe.cmd - 2)), ("Add", str(probe.cmd - 1)), ("Add", str(probe.cmd))]
        assert answers and [x.source_refs for x in probe.statuses()[2:]] == [("L1",), ("L2",)]

    def test_ids_of_a_message_are_all_different(self, probe: Probe) -> None:
        fill(probe.stores["notes"], "a", "b")
        probe.begin(code=201)
        probe.send(probe.sync(add("L1", "x")))
        ids = [x.cmd_id for x in probe.reply.commands] + [x.cmd_id for x in children(probe.reply)]
        assert len(set(ids)) == len(ids) and all(x.isdigit() and x != "0" for x in ids)

    def test_no_status_for_a_status(self, plain: Probe) -> None:
        plain.begin(code=201)
        plain.send(c.Status("", "1", "77", "Sync", 200), c.Status("", "99", "1", "Add", 500))
        assert [x.cmd for x in plain.statuses()] == ["SyncHdr"]

    def test_a_message_that_wants_no_answers(self, plain: Probe) -> None:
        plain.begin(code=201)
        reply = plain.send(plain.sync(add("L1", "a")), no_resp=True)
        assert not plain.statuses() and reply.header.msg_id == "2"
        assert bodies(plain.stores["notes"]) == [b"a"]


class TestVersions:
    @pytest.mark.parametrize("version, protocol, code, words", (
        ("1.3", "SyncML/1.3", 505, [b"1.2", b"1.1", b"1.0"]), ("2.0", "SyncML/1.2", 505, [b"1.2", b"1.1", b"1.0"]),
        ("1.2", "SyncML/2.0", 513, [b"SyncML/1.2", b"SyncML/1.1", b"SyncML/1.0"]),
        ("1.2", "Other/1.2", 513, [b"SyncML/1.2", b"SyncML/1.1", b"SyncML/1.0"]),
    ))
    def test_one_that_we_do_not_speak(self, plain: Probe, version: str, protocol: str, code: int,
                                      words: "list[bytes]") -> None:
        plain.encoding = "xml"
        body = (f"<SyncML><SyncHdr><VerDTD>{version}</VerDTD><VerProto>{protocol}</VerProto><SessionID>1</SessionID>"
                "<MsgID>1</MsgID><Target><LocURI>http://server/</LocURI></Target><Source><LocURI>p</LocURI></Source>"
                "</SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>201</Data><Item><Target><LocURI>./notes</LocURI>"
                "</Target><Source><LocURI>./x</LocURI></Source><Meta><Anchor xmlns='syncml:metinf'><Next>1</Next>"
                "</Anchor></Meta></Item></Alert><Final/></SyncBody></SyncML>").encode()
        reply = plain.push(body)
        assert [(x.cmd, x.code) for x in plain.statuses()] == [("SyncHdr", code), ("Alert", code)]
        assert [item.data for item in plain.statuses()[0].items] == words
        assert len(reply.commands) == 2 and reply.final

    def test_a_client_says_so(self) -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)})
        with pytest.raises(VersionError, match="1.2"):
            pair.sync(carry=lambda way, number, packet: packet if way == "up" else
                      Packet(packet.content_type, changed(packet.body, "SyncHdr", 505)))

    @pytest.mark.parametrize("code", (400, 403, 500, 503, 511))
    def test_a_refused_session_ends(self, code: int) -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)})
        fill(pair.client["notes"], "a")
        with pytest.raises(PeerError) as caught:
            pair.sync(carry=lambda way, number, packet: packet if way == "up" else
                      Packet(packet.content_type, changed(packet.body, "SyncHdr", code)))
        assert caught.value.code == code
        left, _ = pair.sync()
        assert fine(left) and bodies(pair.server["notes"]) == [b"a"]


def changed(body: bytes, cmd: str, code: int) -> bytes:
    """A message with another Status for a command."""
    parsed = document.parse(body)
    writer = Writer(parsed.message.header, parsed.encoding, None, parsed.message.header.version)
    for command in parsed.message.commands:
        writer.add(command._replace(code=code) if isinstance(command, c.Status) and command.cmd == cmd else command)
    return writer.finish(parsed.message.final)


class TestMessageIds:
    def test_they_may_jump(self, plain: Probe) -> None:
        plain.begin(code=201)
        plain.msg = 6
        plain.send(plain.sync(add("L1", "a")))
        assert plain.codes("Add") == [201] and plain.statuses()[0].msg_ref == "7"

    @pytest.mark.parametrize("again", (1, 2))
    def test_they_do_not_go_back(self, plain: Probe, again: int) -> None:
        plain.begin(code=201)
        plain.send(plain.sync(add("L1", "a")))
        plain.msg = again - 1
        with pytest.raises(RemoteProtocolError):
            plain.send(plain.sync(add("L2", "b")))
        assert bodies(plain.stores["notes"]) == [b"a"]
        plain.msg = 2
        plain.send()        # the session lives on
        assert plain.statuses()[0].code == 200

    def test_another_session_is_not_ours(self, plain: Probe) -> None:
        plain.begin(code=201)
        with pytest.raises(RemoteProtocolError):
            plain.send(plain.sync(add("L1", "a")), session_id="8")
        assert len(plain.stores["notes"]) == 0

    @pytest.mark.parametrize("ids", (("1", "2", "3"), ("a", "b", "c"), ("01", "2", "10")))
    def test_they_need_not_be_numbers(self, plain: Probe, ids: "tuple[str, ...]") -> None:
        plain.send(plain.alert(201), msg_id=ids[0])
        plain.send(plain.sync(add("L1", "a")), msg_id=ids[1])
        plain.send(msg_id=ids[2])
        assert plain.exchange.finished and bodies(plain.stores["notes"]) == [b"a"]

    def test_ours_count_from_one(self, plain: Probe) -> None:
        plain.begin(code=201)
        assert plain.reply.header.msg_id == "1" and plain.reply.header.session_id == "7"
        plain.send(plain.sync())
        assert plain.reply.header.msg_id == "2"


class TestAlerts:
    @pytest.mark.parametrize("item", (
        (), (c.Item(source="phone-9", target="http://server/"),), (c.Item(source="./mine", target="./notes"),),
        (c.Item(data=b"more"),),
    ))
    def test_next_message_in_all_spellings(self, plain: Probe, item: "tuple[c.Item, ...]") -> None:
        fill(plain.stores["notes"], *(f"note {n} " + "x" * 100 for n in range(60)))
        plain.begin(code=201)
        plain.send(plain.sync(), size=2000)
        assert children(plain.reply) and not plain.reply.final
        plain.send(c.Alert("", 222, item), final=False, size=2000)
        assert plain.codes("Alert") == [200] and children(plain.reply)

    @pytest.mark.parametrize("alert, code", (
        (c.Alert("", 100, (c.Item(data=b"hello"),)), 200), (c.Alert("", 223, (c.Item(source="L1"),)), 200),
        (c.Alert("", 224), 200), (c.Alert("", 221), 406), (c.Alert("", 207), 406), (c.Alert("", 999), 406),
        (c.Alert("", None), 412), (c.Alert("", 200), 412), (c.Alert("", 225), 412),
    ))
    def test_each_is_answered(self, plain: Probe, alert: c.Alert, code: int) -> None:
        plain.send(alert, plain.alert(201))
        assert plain.codes("Alert") == [code, 200]


class TestOtherCommands:
    @pytest.mark.parametrize("command, code", (
        (c.Get("", (c.Item(target="./devinf12"),)), 200), (c.Get("", (c.Item(target="./something"),)), 404),
        (c.Get(""), 412), (c.Put(""), 412), (c.Put("", (c.Item(source="./other", data=b"x"),)), 406),
        (c.Put("", (c.Item(source="./devinf12", data=b"no devinf"),)), 400),
        (c.Put("", (c.Item(source="./devinf12", data=Node("Data", [Node("DevInf")])),)), 200),
        (c.Unknown("", "Exec", Node("Exec")), 406), (c.Unknown("", "Search", Node("Search")), 406),
        (add("L1", "outside"), 405), (c.Delete("", (c.Item(source="L1"),)), 405), (c.Move("", ()), 406),
        (c.Map("", "./notes", "./mine", ()), 404), (c.Atomic("", ()), 406),
    ))
    def test_each_is_answered_and_the_session_goes_on(self, plain: Probe, command: c.Command, code: int) -> None:
        plain.begin(code=201)
        name = c.name_of(command)
        if isinstance(command, c.Unknown):
            command = command._replace(node=Node(name, [Node("CmdID", ["55"])]), cmd_id="55")
        if isinstance(command, c.Map):
            plain.exchange = plain.new().exchange
            plain.send(command, plain.alert(201), answer=False)
        else:
            plain.send(command)
        assert plain.codes(name) == [code]
        plain.send(plain.sync(add("L9", "later")))

    def test_the_device_information_is_asked_for_once(self, plain: Probe) -> None:
        reply = plain.begin(code=201)
        assert [x for x in reply.commands if isinstance(x, c.Get)]
        put = c.Put("", (c.Item(source="./devinf12", data=Node("Data", [Node("DevInf", [
            Node("VerDTD", ["1.2"]), Node("DevID", ["phone-9"]), Node("DevTyp", ["phone"])])])),),
            c.Meta(type="application/vnd.syncml-devinf+xml"))
        plain.send(put)
        reply = plain.new().begin()
        assert not [x for x in reply.commands if isinstance(x, c.Get)]


class TestRouting:
    def test_the_client_goes_where_the_server_says(self) -> None:
        plain = Probe({"notes": MemoryStore(TEXT)})
        plain.new("http://server/sync?s=42")
        plain.begin(code=201)
        assert plain.reply.header.resp_uri == "http://server/sync?s=42"

    def test_its_packets_are_addressed(self) -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)})
        left = Exchange.client(pair.client_options, pair.client, pair.client_memory, "http://server/")
        right = Exchange.server(pair.server_options, pair.server, pair.server_memory, resp_uri="http://server/?s=1")
        packet = left.start()
        assert packet is not None and packet.to is None
        answer = right.handle(packet)
        assert answer is not None
        packet = left.handle(answer)
        assert packet is not None and packet.to == "http://server/?s=1"
