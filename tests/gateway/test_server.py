"""The server's table of sessions, users and repeats, driven through `Server.handle` by real clients."""

from __future__ import annotations

import threading
from typing import Any, Optional

import pytest
from pair import bodies, delete, fill
from probe import Probe, add

from minisyncml.engine import auth
from minisyncml.engine.auth import Login, ha1, unb64
from minisyncml.errors import AuthError, RemoteProtocolError, TransportError, UsageError
from minisyncml.gateway.client import Client
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.options import Options
from minisyncml.gateway.report import COLUMNS, Report
from minisyncml.gateway.serve import Server
from minisyncml.limits import DEFAULT
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.transport.base import XML, Packet
from minisyncml.transport.pipe import Pipe

URL = "http://box.lan/sync"


class House:
    """A server with a clock in our hand, a store of notes for each user, and what it reported."""

    def __init__(self, users: "Optional[dict[str, str]]" = None, **options: Any) -> None:
        self.now = 0.0
        self.stores: "dict[str, dict[str, Store]]" = {}
        self.reports: "list[Report]" = []
        self.gate: Optional[threading.Event] = None
        self.asked = threading.Event()
        self.server = Server(self.stores_of, users=users, clock=lambda: self.now, on_report=self.reports.append,
                             **options)

    def stores_of(self, user: str) -> "dict[str, Store]":
        self.asked.set()
        if self.gate is not None:
            assert self.gate.wait(20)
        return self.stores.setdefault(user, {"notes": MemoryStore()})

    def client(self, *notes: str, sender: str = "10.0.0.1", tap: Any = None, **options: Any) -> "tuple[Client, Store]":
        store = MemoryStore()
        fill(store, *notes)
        options.setdefault("device_id", "phone")
        return Client(URL, {"notes": store}, transport=lambda: Pipe(self.server.handle, URL, sender, tap),
                      **options), store


class Phone:
    """A client stepped message by message; `fill` gives its store so many notes."""

    def __init__(self, house: House, notes: int = 3, sender: str = "10.0.0.1", device: str = "phone",
                 token: bool = True, login: Optional[Login] = None) -> None:
        self.house, self.sender, self.token = house, sender, token
        self.store = MemoryStore()
        fill(self.store, *(f"note {number}" for number in range(notes)))
        options = Options(device, lambda size: b"\1" * size, lambda: 0.0, login=login)
        self.exchange = Exchange.client(options, {"notes": self.store}, Peers(), URL)
        self.packet = self.exchange.start()

    def post(self, packet: Optional[Packet] = None, sender: str = "") -> Optional[Packet]:
        packet = packet or self.packet
        assert packet is not None
        if not self.token or not packet.to:
            packet = packet._replace(to=URL)
        return self.house.server.handle(packet, sender or self.sender)

    def step(self) -> Optional[Packet]:
        """Send what is due, take the answer; the answer."""
        answer = self.post()
        assert answer is not None
        self.packet = self.exchange.handle(answer)
        return answer

    def finish(self) -> None:
        while self.packet is not None:
            self.step()


def test_a_session_is_reported_on_both_sides() -> None:
    house = House({"ada": "pw"})
    client, store = house.client("a", "b", user="ada", password="pw")
    report = client.sync()
    assert report.exit_code == 0 and report.datastores["notes"].remote.added == 2
    theirs, = house.reports
    assert (theirs.user, theirs.peer, theirs.error) == ("ada", "phone", None)
    assert report.user == "ada"
    assert theirs.datastores["notes"].local.added == 2
    assert (theirs.bytes_in, theirs.bytes_out, theirs.messages) == (report.bytes_out, report.bytes_in, report.messages)
    assert bodies(house.stores["ada"]["notes"]) == bodies(store)


def test_users_see_their_own_data_only() -> None:
    house = House({"ada": "pw", "bob": "pw"})
    ada, ada_store = house.client("of ada", user="ada", password="pw")
    bob, bob_store = house.client("of bob", user="bob", password="pw")     # the same device id
    for client in (ada, bob, ada, bob):
        assert client.sync().exit_code == 0
    assert (bodies(ada_store), bodies(bob_store)) == ([b"of ada"], [b"of bob"])
    assert bodies(house.stores["ada"]["notes"]) == [b"of ada"]


@pytest.mark.parametrize("challenge", ["md5", "basic"])
@pytest.mark.parametrize("auth", ["auto", "md5", "basic"])
def test_login(challenge: str, auth: str) -> None:
    house = House({"ada": "pw"}, challenge=challenge)
    client, _ = house.client("a", user="ada", password="pw", auth=auth)
    refused = (challenge, auth) == ("basic", "md5")    # a client told to keep its password off the wire keeps it
    for _ in range(2):
        report = client.sync()
        assert report.exit_code == (4 if refused else 0), report.error


@pytest.mark.parametrize("user, password", [("ada", "wrong"), ("eve", "pw"), ("", ""), ("ada", "")])
def test_login_refused(user: str, password: str) -> None:
    house = House({"ada": "pw"})
    client, _ = house.client("a", user=user, password=password)
    report = client.sync()
    assert isinstance(report.error, AuthError) and report.exit_code == 4
    assert house.stores == {} and house.reports == []


def test_users_by_function_and_hashed() -> None:
    house = House()
    hashed = {"ada": "{md5}" + ha1("ada", "pw").decode()}
    server = Server(house.stores_of, users=hashed.get)
    for password, code in (("pw", 0), ("wp", 4)):
        client = Client(URL, {"notes": MemoryStore()}, user="ada", password=password,
                        transport=lambda: Pipe(server.handle, URL))
        assert client.sync().exit_code == code


def test_a_repeated_message_gets_the_stored_answer() -> None:
    house = House()
    phone = Phone(house)
    while phone.packet is not None:
        answer = phone.post()
        assert phone.post() == answer and phone.post() == answer
        assert answer is not None
        phone.packet = phone.exchange.handle(answer)
    assert len(house.reports) == 1
    assert bodies(house.stores[""]["notes"]) == bodies(phone.store)


def test_a_repeat_that_comes_while_the_first_is_worked_on_waits() -> None:
    house = House()
    house.gate = threading.Event()
    phone = Phone(house)
    answers: "list[Optional[Packet]]" = []
    threads = [threading.Thread(target=lambda: answers.append(phone.post())) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert house.asked.wait(20)
    house.gate.set()
    for thread in threads:
        thread.join(20)
    assert len(answers) == 3 and answers[0] == answers[1] == answers[2] and answers[0] is not None
    assert len(house.server._sessions) == 1


def test_message_1_with_other_content_begins_anew() -> None:
    house = House()
    broken = Phone(house, notes=3)
    broken.step()
    again = Phone(house, notes=3)          # the same device and SessionID, other anchors
    first = again.packet
    assert first is not None
    other = first._replace(body=first.body + b"\0")    # bytes after the root are ignored, but they are another body
    answer = again.post(other)
    assert answer is not None
    again.packet = again.exchange.handle(answer)
    again.finish()
    assert bodies(house.stores[""]["notes"]) == bodies(again.store)
    assert [type(report.error) for report in house.reports] == [TransportError, type(None)]


def test_a_client_that_ignores_resp_uri() -> None:
    house = House()
    phone = Phone(house, token=False)
    phone.finish()
    assert bodies(house.stores[""]["notes"]) == bodies(phone.store)
    assert len(house.reports) == 1


def test_a_client_that_stays_at_the_resp_uri_of_an_earlier_session() -> None:
    house = House()
    phone = Phone(house)
    answer = phone.step()
    assert answer is not None and phone.packet is not None
    stale = phone.packet.to
    assert stale and stale.startswith(URL + "/")
    phone.finish()
    again = Phone(house, device="phone 2")
    assert again.packet is not None
    assert again.post(again.packet._replace(to=stale)) is not None


def test_from_another_address_only_with_the_token() -> None:
    house = House({"ada": "pw"})
    client, _ = house.client("a", user="ada", password="pw")
    packets: "list[Packet]" = []
    client, _ = house.client("a", user="ada", password="pw", tap=packets.append)
    client.sync()
    # the message with the changes, replayed by somebody else who saw it, without the token
    changes = next(packet for packet in packets if packet.to and b"a" in packet.body)
    answer = house.server.handle(changes._replace(to=URL), "10.6.6.6")
    assert answer is not None
    codes = [command.code for command in document.parse(answer.body).message.commands if hasattr(command, "code")]
    assert codes and set(codes) <= {401, 407}


def test_resp_uri_behind_a_proxy() -> None:
    house = House(url="https://sync.example.org/x/")
    answer = Phone(house).post()
    assert answer is not None
    uri = document.parse(answer.body).message.header.resp_uri
    assert uri is not None and uri.startswith("https://sync.example.org/x/") and len(uri) < 127


class Guess(Probe):
    """A client that knows Source and SessionID of its own or a guessed session, and no token."""

    def __init__(self, house: House, user: str = "", scheme: str = "basic") -> None:
        super().__init__({})
        self.handle, self.login, self.scheme, self.nonce = house.server.handle, Login(user, "pw"), scheme, b""

    def push(self, body: bytes) -> c.Message:
        answer = self.handle(Packet(XML, body, URL), "10.0.0.1")
        assert answer is not None
        self.raw, self.reply = answer.body, document.parse(answer.body).message
        for status in self.statuses():
            if status.chal is not None and status.chal.next_nonce:
                self.nonce = unb64(status.chal.next_nonce.encode())
        return self.reply

    def say(self, *commands: c.Command, cred: bool = True) -> "set[int]":
        """Send a message with credentials; the Status codes that come back."""
        made = auth.make(self.login, self.scheme, self.nonce, "1.2") if cred else None
        self.send(*commands, cred=made, source_name=self.login.user or None)
        return {status.code for status in self.statuses()}


class TestBehindAProxy:
    """All clients have the address of the proxy, so Source and SessionID alone prove nothing."""

    def house(self) -> House:
        house = House({"ada": "pw", "eve": "pw"}, url=URL)
        fill(house.stores_of("ada")["notes"], "a secret")
        return house

    def begun(self, house: House, scheme: str = "basic", anchor: str = "") -> Guess:
        client = Guess(house, "ada", scheme)
        if scheme == "md5":
            assert client.say() == {401}
        assert client.say(client.alert(201, next=anchor)) == {200, 212}
        return client

    @pytest.mark.parametrize("user, code", (("", 407), ("eve", 401)))
    def test_a_guessed_session_is_not_joined(self, user: str, code: int) -> None:
        house = self.house()
        client, thief = self.begun(house), Guess(house, user)
        for number in range(3):
            thief.msg = 5 + number
            assert thief.say(thief.sync(add("L1", "forged")), cred=bool(user)) == {code}
            assert b"secret" not in thief.raw and b"RespURI" not in thief.raw
        assert client.say(client.sync(add("L1", "mine"))) == {200, 201, 212}
        assert b"a secret" in client.raw
        assert bodies(house.stores["ada"]["notes"]) == [b"a secret", b"mine"]
        assert "eve" not in house.stores

    @pytest.mark.parametrize("scheme", ("basic", "md5"))
    def test_credentials_do_instead_of_the_token(self, scheme: str) -> None:
        house = self.house()
        client = self.begun(house, scheme)
        if scheme == "md5":
            assert client.say(client.sync(add("L1", "mine")), cred=False) == {407}
        assert client.say(client.sync(add("L1", "mine"))) == {200, 201, 212}
        assert bodies(house.stores["ada"]["notes"]) == [b"a secret", b"mine"]

    def test_a_guessed_repeat_is_not_answered(self) -> None:
        house = self.house()
        packets: "list[Packet]" = []
        client, _ = house.client("mine", user="ada", password="pw", tap=packets.append)
        assert client.sync().exit_code == 0
        last = [packet for packet in packets if packet.to][-1]
        answer = house.server.handle(last._replace(to=URL), "10.0.0.1")
        assert answer is not None
        codes = {x.code for x in document.parse(answer.body).message.commands if isinstance(x, c.Status)}
        assert codes == {407}

    def test_a_guessed_first_message_ends_nobodys_session(self) -> None:
        house = self.house()
        phone = Phone(house, login=Login("ada", "pw", "basic"))
        phone.step()
        thief = Guess(house)
        thief.say(cred=False)
        phone.finish()
        assert bodies(house.stores["ada"]["notes"]) == bodies(phone.store)

    def test_who_begins_anew_leaves_the_former_session(self) -> None:
        house = self.house()
        self.begun(house)
        client = self.begun(house, anchor="another")
        assert len(house.server._sessions) == 1
        assert client.say(client.sync()) == {200, 212}
        assert [type(report.error) for report in house.reports] == [TransportError]


def test_idle_sessions_are_dropped_and_told() -> None:
    house = House()
    phone = Phone(house)
    phone.step()
    house.now = DEFAULT.session_timeout + 1
    other = Phone(house, device="other")
    other.step()
    report, = house.reports
    assert report.peer == "phone" and "went away" in str(report.error)
    assert len(house.server._sessions) == 1


def test_too_many_sessions() -> None:
    house = House(limits=DEFAULT._replace(max_sessions=2))
    for number in range(2):
        Phone(house, device=f"phone {number}").step()
    with pytest.raises(TransportError, match="too many sessions"):
        Phone(house, device="one more").post()
    house.now = DEFAULT.session_timeout + 1
    Phone(house, device="one more").finish()


def test_one_user_does_not_lock_out_others() -> None:
    house = House({"ada": "pw", "bob": "pw"}, limits=DEFAULT._replace(max_sessions=4, max_sessions_per_user=3))

    def hang(packet: Packet, sender: str) -> Optional[Packet]:
        house.server.handle(packet, sender)
        raise TransportError("gone")

    for number in range(10):
        client, _ = house.client("a", user="ada", password="pw", auth="basic", device_id=f"phone {number}")
        assert client.sync().exit_code == 0     # they end, and stay for the answer to a repeat
        left = Client(URL, {"notes": MemoryStore()}, user="ada", password="pw", auth="basic",
                      device_id=f"left {number}", transport=lambda: Pipe(hang, URL))
        assert left.sync().exit_code == 3
    client, _ = house.client("b", user="bob", password="pw")
    assert client.sync().exit_code == 0


def test_strangers_do_not_fill_the_table() -> None:
    house = House({"ada": "pw"}, limits=DEFAULT._replace(max_sessions_unauthenticated=3))
    for number in range(10):
        Phone(house, device=f"stranger {number}").post()
    assert len(house.server._sessions) == 3
    client, _ = house.client("a", user="ada", password="pw")
    assert client.sync().exit_code == 0


@pytest.mark.parametrize("body", [b"", b"nonsense", b"<SyncML/>", b"<SyncML>", b"\x02\xa4\x01\x6a\x00", b"\x02" * 99])
def test_rubbish_costs_nothing(body: bytes) -> None:
    house = House()
    phone = Phone(house)
    phone.step()
    for to in (URL, phone.packet.to if phone.packet else URL):
        with pytest.raises(RemoteProtocolError):
            house.server.handle(Packet(XML, body, to), "10.0.0.1")
    phone.finish()
    assert bodies(house.stores[""]["notes"]) == bodies(phone.store)


@pytest.mark.parametrize("mode, added, deleted", (
    ("two-way", 1, 1), ("one-way-from-client", 1, 1), ("slow", 3, 0), ("refresh-from-client", 3, 0),
    ("one-way-from-server", 0, 0), ("refresh-from-server", 0, 0)))
def test_a_plan_for_each_mode(mode: str, added: int, deleted: int) -> None:
    client, store = House().client("one", "two", "three")
    assert client.plan(mode).datastores["notes"].remote.added == (0 if "server" in mode else 3)
    client.sync()
    fill(store, "four")
    delete(store, next(store.rows()).id)
    for _ in range(2):
        plan = client.plan(mode).datastores["notes"].remote
        assert (plan.added, plan.replaced, plan.deleted) == (added, 0, deleted)


@pytest.mark.parametrize("speaks", ("1.1", "1.0"))
def test_a_server_that_speaks_an_older_version(speaks: str) -> None:
    house = House(users={"ada": "pw"})
    seen: "list[bytes]" = []

    def handle(packet: Packet, sender: str) -> Optional[Packet]:
        """To this server what is newer is unknown."""
        version = packet.body.partition(b"<VerDTD>")[2][:3]
        seen.append(version)
        if version > speaks.encode():
            packet = packet._replace(body=packet.body.replace(b"<VerDTD>" + version, b"<VerDTD>2.0", 1))
        return house.server.handle(packet, sender)

    store = MemoryStore()
    fill(store, "one", "two")
    client = Client(URL, {"notes": store}, user="ada", password="pw", encoding="xml",
                    transport=lambda: Pipe(handle, URL))
    assert client.sync().exit_code == 0
    assert bodies(house.stores["ada"]["notes"]) == bodies(store)
    assert sorted(set(seen), reverse=True) == [version.encode() for version in ("1.2", "1.1", "1.0")
                                               if version >= speaks]
    seen.clear()
    assert client.sync().exit_code == 0
    assert set(seen) == {speaks.encode()}


def test_a_name_on_the_server_that_is_found_out() -> None:
    house = House()
    house.stores[""] = {"Aufschriebe": MemoryStore(), "Termine": MemoryStore((("text/calendar", "2.0"),))}
    client, store = house.client("a", "b")
    report = client.sync()
    assert report.exit_code == 0, report.table()
    assert bodies(house.stores[""]["Aufschriebe"]) == [b"a", b"b"]
    assert client.sync().messages < report.messages


def test_close_tells_what_was_open() -> None:
    house = House()
    Phone(house).step()
    house.server.close()
    assert [type(report.error) for report in house.reports] == [TransportError]


@pytest.mark.parametrize("options", [{"auth": "x"}, {"version": "2.0"}, {"encoding": "json"}, {"conflict": "x"}])
def test_wrong_arguments(options: "dict[str, Any]") -> None:
    with pytest.raises(UsageError):
        Client(URL, {}, **options)
    with pytest.raises(UsageError):
        Client(URL, {}).sync("sideways")
    with pytest.raises(UsageError):
        Server({}, conflict="x")


@pytest.mark.parametrize("conflict, here, there", [
    ("keep-both", ["mine", "theirs"], ["mine", "theirs"]),
    ("server-wins", ["theirs"], ["theirs"]),
    ("client-wins", ["mine"], ["mine"]),
])
def test_a_conflict_that_was_settled_is_counted_and_no_failure(conflict: str, here: "list[str]",
                                                               there: "list[str]") -> None:
    house = House(conflict=conflict)
    client, mine = house.client("before")
    client.sync()
    theirs = house.stores[""]["notes"]
    for store, text in ((mine, b"mine"), (theirs, b"theirs")):
        with store.begin() as batch:
            batch.put(next(store.rows()).id, "text/plain", text)
            batch.commit()
    report = client.sync()
    assert (bodies(mine), bodies(theirs)) == ([text.encode() for text in here], [text.encode() for text in there])
    assert report.exit_code == house.reports[-1].exit_code == 0
    assert report.datastores["notes"].remote.conflicts == house.reports[-1].datastores["notes"].local.conflicts == 1
    assert report.table().splitlines()[2].split() == ["there", *(str(report.datastores["notes"].remote.as_dict()[name])
                                                                 for name in COLUMNS)]
    assert '"conflicts": 1' in report.json()
