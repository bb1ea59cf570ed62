"""Each switch of a profile that a session follows, in both settings, seen on the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from pair import Pair, bodies, edit, fill
from probe import Probe, add, children, delete
from scenes import TEXT

from minisyncml import status as codes
from minisyncml.engine.auth import Secret, b64
from minisyncml.errors import UsageError
from minisyncml.gateway.client import Client
from minisyncml.gateway.discovery import bind
from minisyncml.gateway.manners import learn
from minisyncml.gateway.serve import Server
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.message.devinf import ContentType, CTCap, DataStore, DevInf, Param, Property, devinf_bytes, read_devinf
from minisyncml.profile import Identity, find
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.transport.base import XML, Packet
from minisyncml.transport.pipe import Pipe

Write = Callable[..., str]
P900 = "c:\\Documents\\"


@pytest.fixture
def profile(tmp_path: Path) -> Write:
    """Writes a profile of some switches; its path."""
    def write(stores: str = "", **values: Any) -> str:
        path = tmp_path / "own.toml"
        path.write_text("[values]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
                        + stores, "utf-8")
        return str(path)
    return write


def server_sends(path: str, *notes: str, mode: str = "two-way") -> Pair:
    """A session in which a server with a profile for its client sends notes."""
    pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)}, server_options={"profile": path})
    fill(pair.server["notes"], *notes)
    pair.sync(mode)
    return pair


def probe(path: str = "", **more: Any) -> Probe:
    return Probe({"notes": MemoryStore(TEXT)}, profile=path, **more)


NOTES = tuple(f"{number:04d} " + "x" * 200 for number in range(60))


def items(message: c.Message) -> int:
    """How many items the Syncs of a message hold; ours may put several into a command."""
    return sum(len(one.items) for one in children(message))


class TestAmounts:
    def test_max_msg_caps_what_is_sent_and_asked_for(self, profile: Write) -> None:
        free, capped = server_sends("", *NOTES), server_sends(profile(max_msg=3000), *NOTES)
        assert max(len(packet.body) for packet in free.down) > 3000 >= max(len(packet.body) for packet in capped.down)
        told = [document.parse(pair.down[0].body).header.meta for pair in (free, capped)]
        assert [meta.max_msg_size for meta in told if meta] == [150_000, 3000]
        assert bodies(capped.client["notes"]) == bodies(free.client["notes"]) == sorted(x.encode() for x in NOTES)

    def test_max_msg_cuts_large_objects_into_smaller_parts(self, profile: Write) -> None:
        pair = server_sends(profile(max_msg=3000), "x" * 20_000)
        assert max(len(packet.body) for packet in pair.down) <= 3000 and len(pair.down) > 7
        assert bodies(pair.client["notes"]) == [b"x" * 20_000]

    def test_max_msg_without_room_is_no_bound(self, profile: Write) -> None:
        pair = server_sends(profile(max_msg=10), *NOTES)
        assert len(bodies(pair.client["notes"])) == 60
        assert max(len(packet.body) for packet in pair.down) <= 2000

    @pytest.mark.parametrize("most", [0, 7])
    def test_max_items_per_msg(self, profile: Write, most: int) -> None:
        pair = server_sends(profile(max_items_per_msg=most), *NOTES)
        counts = [items(message) for way, message in pair.messages() if way == "down"]
        assert sum(counts) == 60 and max(counts) == (most or 60)
        assert len(bodies(pair.client["notes"])) == 60

    def test_max_items_per_msg_of_a_client(self, profile: Write) -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)},
                    client_options={"profile": profile(max_items_per_msg=7)})
        fill(pair.client["notes"], *NOTES)
        pair.sync()
        assert max(items(message) for way, message in pair.messages() if way == "up") == 7
        assert len(bodies(pair.server["notes"])) == 60

    @pytest.mark.parametrize("most, sent", [(0, 2), (1000, 1)])
    def test_max_obj(self, profile: Write, most: int, sent: int) -> None:
        pair = server_sends(profile(max_obj=most), "small", "x" * 5000)
        assert len(bodies(pair.client["notes"])) == sent
        assert pair.right is not None
        failures = pair.right.report.datastores["notes"].remote.failures
        assert [failure.status for failure in failures] == [codes.TOO_LARGE] * (2 - sent)


class TestAnswers:
    @pytest.mark.parametrize("item_status, good", [("each", [201, 201]), ("omit", [])])
    def test_item_status(self, profile: Write, item_status: str, good: "list[int]") -> None:
        phone = probe(profile(item_status=item_status))
        phone.begin()
        phone.send(phone.sync(add("L1", "a"), add("L2", "b"), delete("L9")))
        assert (phone.codes("Sync"), phone.codes("Add")) == ([200], good)
        assert bodies(phone.stores["notes"]) == [b"a", b"b"]

    def test_bad_news_is_never_omitted(self, profile: Write) -> None:
        phone = probe(profile(item_status="omit"))
        phone.begin()
        phone.send(phone.sync(add("L1", "a"), add("L2", None), add("L3", "x", "text/x-vcard")))
        assert phone.codes("Add") == [412, 415]

    def test_a_client_says_so_when_the_last_item_was_bad(self, profile: Write) -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore()},
                    client_options={"profile": profile(item_status="omit")})
        fill(pair.server["notes"], "BEGIN:VCARD\r\nEND:VCARD\r\n", type="text/x-vcard")
        _, right = pair.sync()
        failures = right.report.datastores["notes"].remote.failures
        assert [failure.status for failure in failures] == [codes.UNSUPPORTED_TYPE]

    @pytest.mark.parametrize("word, code", [("409", 409), ("202", 202)])
    def test_open_conflict(self, profile: Write, word: str, code: int) -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)},
                    server_options={"profile": profile(open_conflict=word), "conflict": "ask"})
        id, = fill(pair.client["notes"], "a")
        pair.sync()
        edit(pair.client["notes"], id, "mine")
        edit(pair.server["notes"], "1", "theirs")
        _, right = pair.sync()
        assert code in [one.code for way, message in pair.messages() for one in message.commands
                        if way == "down" and isinstance(one, c.Status) and one.cmd == "Replace"]
        assert right.report.exit_code == 1 and len(right.report.datastores["notes"].open) == 1
        _, right = pair.sync()
        assert right.report.exit_code == 1 and bodies(pair.server["notes"]) == [b"theirs"]

    @pytest.mark.parametrize("wait", [False, True])
    def test_wait_222(self, profile: Write, wait: bool) -> None:
        phone = probe(profile(wait_222=wait))
        fill(phone.stores["notes"], "ours")
        phone.begin()
        reply = phone.send(phone.sync(add("L1", "a")))
        assert (len(children(reply)), reply.final) == ((0, False) if wait else (1, True))
        if wait:
            assert not phone.alerts()
            reply = phone.send(c.Alert("", codes.ALERT_NEXT_MESSAGE, (c.Item(source="./mine", target="./notes"),)))
            assert (len(children(reply)), reply.final) == (1, True)
        phone.send(c.Map("", "./notes", "./mine", (c.MapItem(children(reply)[0].items[0].source or "", "L2"),)))
        assert phone.exchange.finished and phone.exchange.report.exit_code == 0
        assert not phone.session(), "nothing is due any more"

    @pytest.mark.parametrize("slow, name", [("replace", "Replace"), ("add", "Add")])
    def test_slow_cmd(self, profile: Write, slow: str, name: str) -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)},
                    client_options={"profile": profile(slow_cmd=slow)})
        fill(pair.client["notes"], "a")
        pair.sync()
        assert [c.name_of(one) for way, message in pair.messages() for one in children(message)] == [name]


class TestDress:
    @pytest.mark.parametrize("resp_uri, told", [(True, "http://server/token"), (False, None)])
    def test_resp_uri(self, profile: Write, resp_uri: bool, told: Optional[str]) -> None:
        phone = probe(profile(resp_uri=resp_uri)).new("http://server/token")
        assert phone.begin().header.resp_uri == told

    @pytest.mark.parametrize("namespace, sent, expected", [
        ("declared", True, True), ("declared", False, True), ("none", True, False), ("echo", True, True),
        ("echo", False, False)])
    def test_namespace(self, profile: Write, namespace: str, sent: bool, expected: bool) -> None:
        phone = probe(profile(namespace=namespace), version="1.1")
        alert = ('<SyncML{}><SyncHdr><VerDTD>1.1</VerDTD><VerProto>SyncML/1.1</VerProto><SessionID>1</SessionID>'
                 "<MsgID>1</MsgID><Target><LocURI>s</LocURI></Target><Source><LocURI>p</LocURI></Source></SyncHdr>"
                 "<SyncBody><Final/></SyncBody></SyncML>").format(' xmlns="SYNCML:SYNCML1.1"' if sent else "")
        phone.push(alert.encode())
        assert (b"xmlns" in phone.raw) == expected

    @pytest.mark.parametrize("table, head", [
        (False, b"\x02\xa4\x01\x6a\x00"), (True, b"\x02\x00\x00\x6a\x1e-//SYNCML//DTD SyncML 1.2//EN\0")])
    def test_string_table(self, profile: Write, table: bool, head: bytes) -> None:
        phone = probe(profile(string_table=table), encoding="wbxml")
        phone.begin()
        assert phone.raw.startswith(head)
        assert phone.codes("Alert") == [codes.REFRESH_REQUIRED]


class TestDeviceInformation:
    @pytest.mark.parametrize("held, asked", [([], True), (["no-get"], False)])
    def test_no_get(self, profile: Write, held: "list[str]", asked: bool) -> None:
        reply = probe(profile(devinf_out=held)).begin()
        assert any(isinstance(command, c.Get) for command in reply.commands) == asked

    @pytest.mark.parametrize("held, found", [
        ([], [("TEL", 40, "chr", [("TYPE", 9)])]), (["no-size"], [("TEL", None, None, [("TYPE", None)])]),
        (["no-ctcap"], [])])
    def test_caps_and_sizes(self, profile: Write, held: "list[str]", found: "list[Any]") -> None:
        def present(devinf: DevInf) -> DevInf:
            return devinf._replace(ct_caps=(CTCap("text/plain", "1.0", (Property(
                "TEL", size=40, data_type="chr", params=(Param("TYPE", data_type="chr", size=9),)),)),))

        phone = probe(profile(devinf_out=held), version="1.1", present=present)
        reply = phone.begin(c.Get("", (c.Item(target="./devinf11"),)))
        [results] = [command for command in reply.commands if isinstance(command, c.Results)]
        caps = read_devinf(results.items[0], results.meta).ct_caps
        assert [(prop.name, prop.size, prop.data_type, [(param.name, param.size) for param in prop.params])
                for cap in caps for prop in cap.properties] == found

    def test_a_store_is_called_as_the_alert_called_it(self) -> None:
        """Newer Nokia phones look for the very text in our DevInf, with its query."""
        phone = probe()
        alert = phone.alert()
        alert = alert._replace(items=(alert.items[0]._replace(target="Memo?since=1"),))
        reply = phone.send(alert, c.Get("", (c.Item(target="./devinf12"),)))
        [results] = [command for command in reply.commands if isinstance(command, c.Results)]
        devinf = read_devinf(results.items[0], results.meta)
        assert [store.source_ref for store in devinf.datastores] == ["Memo?since=1"]


def alerted(phone: Probe, target: str, source: str) -> int:
    """The Status of an Alert with these names."""
    alert = phone.alert()
    phone.send(alert._replace(items=(alert.items[0]._replace(target=target, source=source),)))
    return phone.codes("Alert")[0]


class TestNames:
    @pytest.mark.parametrize("match, results", [
        ("exact", [508, 404, 404, 404]), ("ignore-case", [508, 508, 508, 404]), ("source", [508, 508, 508, 508])])
    def test_store_name_match(self, profile: Write, match: str, results: "list[int]") -> None:
        path = profile(store_name_match=match)
        names = (("./notes", "x"), ("./NOTES", "x"), ("Memo", "x"), ("", "notes"))
        assert [alerted(probe(path), *pair) for pair in names] == results

    @pytest.mark.parametrize("known, code", [(True, 508), (False, 404)])
    def test_aliases(self, profile: Write, known: bool, code: int) -> None:
        """The menu language of the phone is in the names of its databases."""
        path = profile('[stores.notes]\nname = "Aufschriebe"\naliases = ["telecom/rtext"]\n' if known else "")
        assert [alerted(probe(path), "", name) for name in ("AUFSCHRIEBE", "./telecom/rtext")] == [code, code]

    def test_an_empty_target_all_through_a_session(self) -> None:
        """C510: only the source says which database is meant."""
        phone = probe()
        assert alerted(phone, "", "notes") == 508
        phone.send(c.Sync("", "", "notes", (add("L1", "a"),)))
        assert (phone.codes("Sync"), phone.codes("Add")) == ([200], [201])

    def test_names_of_a_server_that_was_never_met(self, profile: Write) -> None:
        path = profile('[stores.notes]\nname = "pnote"\n')
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)}, client_options={"profile": path})
        pair.sync()
        alerts = [one for one in pair.messages()[0][1].commands if isinstance(one, c.Alert)]
        assert alerts[0].items[0].target == "pnote"

    @pytest.mark.parametrize("name, found", [("", {"contacts": "contacts", "calendar": "calendar"}),
                                             ("uiq-p900", {"contacts": P900 + "Contacts\\Contacts",
                                                           "calendar": P900 + "agenda\\agenda"})])
    def test_names_that_only_the_profile_knows(self, name: str, found: "dict[str, str]") -> None:
        """The types do not tell: they are not in this DevInf."""
        devinf = DevInf("1.0", datastores=(DataStore(P900 + "Contacts\\Contacts"), DataStore(P900 + "agenda\\agenda")))
        ours = {"contacts": (("text/x-vcard", "2.1"),), "calendar": (("text/x-vcalendar", "1.0"),)}
        assert bind(devinf, ours, {}, find(user=name)) == found


class TestWhatThePeerCanDo:
    @pytest.mark.parametrize("mode", ["refresh-from-client", "one-way-from-server"])
    def test_modes(self, profile: Write, mode: str) -> None:
        pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)},
                    client_options={"profile": profile(modes=["two-way", "slow"])})
        with pytest.raises(UsageError, match=f"cannot do {mode}; it can do two-way, slow"):
            pair.sync(mode)
        left, _ = pair.sync("two-way")
        assert left.failed is None
        pair.client_options = pair.client_options._replace(profile="")
        assert pair.sync(mode)[0].failed is None


def dialling(path: str, **stores: MemoryStore) -> "tuple[Client, list[Packet]]":
    """A client with a profile for its server, and what goes over the wire."""
    server = Server({name: MemoryStore(TEXT) for name in stores})
    seen: "list[Packet]" = []
    url = "http://box.lan/sync"
    return Client(url, stores, profile=path, transport=lambda: Pipe(server.handle, url, tap=seen.append)), seen


class TestClient:
    @pytest.mark.parametrize("one, sessions", [(False, 1), (True, 2)])
    def test_one_store_per_session(self, profile: Write, one: bool, sessions: int) -> None:
        stores = {"notes": MemoryStore(TEXT), "tasks": MemoryStore(TEXT)}
        for store in stores.values():
            fill(store, "x")
        client, seen = dialling(profile(one_store_per_session=one), **stores)
        report = client.sync()
        assert report.exit_code == 0 and [part.remote.added for part in report.datastores.values()] == [1, 1]
        assert len({document.parse(packet.body).header.session_id for packet in seen}) == sessions

    @pytest.mark.parametrize("protocol, version", [("auto", "1.2"), ("1.1", "1.1"), ("1.0", "1.0")])
    def test_protocol(self, profile: Write, protocol: str, version: str) -> None:
        client, seen = dialling(profile(protocol=protocol), notes=MemoryStore(TEXT))
        assert client.sync().exit_code == 0
        assert {document.parse(packet.body).header.version for packet in seen} == {version}

    @pytest.mark.parametrize("encoding, dress", [("auto", "wbxml"), ("wbxml", "wbxml"), ("xml", "xml")])
    def test_encoding(self, profile: Write, encoding: str, dress: str) -> None:
        client, seen = dialling(profile(encoding=encoding), notes=MemoryStore(TEXT))
        assert client.sync().exit_code == 0
        assert {document.parse(packet.body).encoding for packet in seen} == {dress}

    def test_a_wrong_profile_is_said_at_once(self) -> None:
        with pytest.raises(UsageError, match="no profile 'nokja'"):
            Client("http://x/", {"notes": MemoryStore()}, profile="nokja")
        with pytest.raises(UsageError, match="no profile 'nokja'"):
            Server({"notes": MemoryStore()}, profile="nokja")


class TestKnowing:
    def test_devinf_counts_from_the_message_it_came_in(self) -> None:
        phone = probe(version="1.1")
        devinf = devinf_bytes(DevInf("1.1", "phone-9", "phone", "Sony Ericsson", "P900", datastores=(
            DataStore("./mine", rx_pref=ContentType("text/plain", "1.0")),)), "xml", "1.1")
        phone.begin(c.Put("", (c.Item(source="./devinf11", data=devinf),), c.Meta("xml", XML)))
        assert phone.exchange.profile.name == "uiq-p900"
        phone.send(phone.sync(add("L1", "a")))
        assert phone.codes("Add") == []
        phone.new().begin()
        assert phone.exchange.profile.name == "uiq-p900", "remembered"

    def test_what_the_link_knows(self) -> None:
        phone = probe(identity=Identity(usb="0421:0508"))
        phone.begin()
        assert phone.exchange.profile.name == "nokia"

    def test_the_source_tells_before_a_login(self) -> None:
        """No DevInf ever comes from these, and even the challenge has to suit them."""
        phone = probe(version="1.1", users={})
        phone.send(phone.alert(), source="fwm-0E232B741AFE0")
        assert phone.codes("SyncHdr") == [codes.MISSING_CREDENTIALS]
        assert phone.exchange.profile.name == "sync4j" and b"xmlns" not in phone.raw

    def test_what_was_learnt_wins_and_stays(self) -> None:
        peers = Peers()
        learn(peers, "phone-9", {"wait_222": True, "modes": ("two-way",), "max_msg": 3000})
        learn(peers, "phone-9", {"max_msg": None})
        phone = probe()
        phone.memory.known["phone-9"] = peers.get("phone-9")
        phone.begin()
        profile = phone.exchange.profile
        assert (profile.wait_222, profile.modes, profile.max_msg) == (True, ("two-way",), 0)

    def test_what_was_learnt_of_a_device_counts_for_all_its_users(self) -> None:
        phone = probe(users={"ada": Secret("pass")})
        phone.memory.known["phone-9"] = {"learnt": {"max_msg": 3000}}
        cred = c.Cred(b64(b"ada:pass"), "syncml:auth-basic", "b64")
        phone.send(phone.alert(), cred=cred)
        assert (phone.exchange.user, phone.exchange.profile.max_msg) == ("ada", 3000)

    def test_a_session_goes_on_with_its_profile(self, profile: Write) -> None:
        """Made anew from its state after every message, as Pair does it."""
        pair = server_sends(profile(max_items_per_msg=3), *NOTES[:10])
        assert max(items(message) for way, message in pair.messages() if way == "down") == 3
