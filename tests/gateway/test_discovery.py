"""Which database of a peer is meant by one of ours: scores and reasons, what stays from session to session, what
follows a new name, and what `--explain` shows.
"""

from __future__ import annotations

from typing import Any, Optional

import pytest
from helpers import RawServer, answer, serving
from pair import bodies, fill

from minisyncml.errors import TransportError
from minisyncml.gateway.client import Client
from minisyncml.gateway.discovery import Binding, explain, lines, named_by
from minisyncml.gateway.serve import Server
from minisyncml.gateway.wellknown import PATHS, Search, is_host, near, remembered
from minisyncml.limits import Limits
from minisyncml.message import document
from minisyncml.message.devinf import ContentType, CTCap, DataStore, DevInf, Property
from minisyncml.profile import DEFAULT, find
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.transport.base import Packet
from minisyncml.transport.http import HttpTransport
from minisyncml.transport.pipe import Pipe

CARD = (("text/x-vcard", "2.1"), ("text/vcard", "3.0"))
CALENDAR = (("text/x-vcalendar", "1.0"),)
TEXT = (("text/plain", "1.0"),)
OURS = {"contacts": CARD, "calendar": CALENDAR, "tasks": CALENDAR, "notes": TEXT}


def store(uri: str, type: str = "text/x-vcard", title: Optional[str] = None, part: str = "") -> DataStore:
    caps = (CTCap(type, properties=(Property("BEGIN", ("VCALENDAR", part)),)),) if part else ()
    return DataStore(uri, title, rx_pref=ContentType(type, "2.1"), ct_caps=caps)


def devinf(*stores: DataStore) -> DevInf:
    return DevInf("1.2", "box", datastores=stores)


def one(found: "list[Binding]", name: str = "contacts") -> Binding:
    return next(binding for binding in found if binding.name == name)


@pytest.mark.parametrize("stores, name, uri, why", [
    ([store("card"), store("contacts")], "contacts", "contacts", "it is called so"),
    ([store("./Contacts")], "contacts", "./Contacts", "it is called so"),
    ([store("pb1"), store("pb2", title="contacts")], "contacts", "pb2", "its title is 'contacts'"),
    ([store("work"), store("card")], "contacts", "card", "'card' is another word for contacts"),
    ([store("pb1", title="Adressbuch"), store("pb2")], "contacts", "pb1", "'Adressbuch' is another word for contacts"),
    ([store("x1"), store("x2", "text/plain")], "contacts", "x1", "it takes our items, and its name says nothing else"),
    ([store("memo")], "contacts", "memo", "nothing else there takes our items"),
    ([store("a", "text/x-vcalendar", part="VEVENT"), store("b", "text/x-vcalendar", part="VTODO")],
     "tasks", "b", "it keeps nothing but VTODO"),
    ([store("a", "text/x-vcalendar", part="VEVENT"), store("b", "text/x-vcalendar", part="VTODO")],
     "calendar", "a", "it keeps nothing but VEVENT"),
    ([store("a", "text/x-vcalendar")], "calendar", "a", "it takes our items, and its name says nothing else"),
    ([store("a"), store("b")], "contacts", "contacts", "nothing there fits; our own name is tried"),
])
def test_the_winner_and_why(stores: "list[DataStore]", name: str, uri: str, why: str) -> None:
    found = one(explain(devinf(*stores), OURS, {}), name)
    assert (found.uri, found.why) == (uri, why)
    assert all(other.score <= found.score for other in found.others)


def test_a_profile_knows_what_a_database_holds() -> None:
    ovi = one(explain(devinf(store("./Contact/Unfiled"), store("b")), {"contacts": CARD}, {},
                      DEFAULT._replace(title="Ovi", stores=(DEFAULT.store("contacts")._replace(
                          name="./Contact/Unfiled"),))))
    assert (ovi.uri, ovi.why) == ("./Contact/Unfiled", "Ovi keeps contacts there")
    guessed = one(explain(None, OURS, {}, find(user="funambol")))
    assert guessed.uri == "card" and "so it is called by" in guessed.why


def test_why_the_others_lost() -> None:
    found = explain(devinf(store("card"), store("event", "text/x-vcalendar"), store("friends")), OURS, {})
    assert list(lines(found))[:6] == [
        "contacts -> card  (62: 'card' is another word for contacts)",
        "    not event  (0: it takes only text/x-vcalendar)",
        "    not friends  (20: it takes our items, and its name says nothing else)",
        "calendar -> event  (62: 'event' is another word for calendar)",
        "    not card  (0: it takes only text/x-vcard)",
        "    not friends  (0: it takes only text/x-vcard)"]
    assert one(found, "tasks").others[1].why == "nothing else there takes our items, but it is for calendar"


def test_what_was_bound_stays() -> None:
    before = {"contacts": "friends"}
    found = one(explain(devinf(store("card"), store("Friends")), OURS, {}, before=before))
    assert (found.uri, found.why) == ("friends", "as in earlier sessions")
    given = one(explain(devinf(store("card"), store("friends")), OURS, {"contacts": "card"}, before=before))
    assert (given.uri, given.why) == ("card", "you said so (--remote)")
    silent = one(explain(None, OURS, {}, before=before))
    assert (silent.uri, silent.why) == ("friends", "as in earlier sessions")
    hidden = one(explain(devinf(store("card")), OURS, {}, before=before))
    assert (hidden.uri, hidden.why) == ("friends", "as in earlier sessions, though it does not name it")
    better = one(explain(devinf(store("contacts")), OURS, {}, before=before))
    assert better.uri == "contacts"


def test_a_hostile_device_information_costs_little() -> None:
    many = devinf(*(store(f"s{number}") for number in range(3000)))
    assert one(explain(many, OURS, {})).uri == "contacts"


@pytest.mark.parametrize("uri, name", [
    ("./Leute", "contacts"), ("leute", "contacts"), ("Termine", "calendar"), ("Zettel", None), ("", None),
])
def test_a_name_that_says_nothing_is_told_by_what_it_takes(uri: str, name: "Optional[str]") -> None:
    phone = devinf(store("./Leute"), store("Termine", "text/x-vcalendar"), store("Bilder", "image/jpeg"))
    assert named_by(phone, uri, OURS, DEFAULT, {}) == name
    assert named_by(None, uri, OURS, DEFAULT, {}) is None


# -- in sessions


class Box:
    """A server whose databases get other names."""

    def __init__(self, **stores: Store) -> None:
        self.stores: "dict[str, Store]" = dict(stores)
        self.peers, self.mine = Peers(), {"contacts": MemoryStore(CARD), "notes": MemoryStore(TEXT)}
        self.seen = 0

    def client(self, **more: object) -> Client:
        server = Server(lambda user: self.stores, device_id="box")

        def handle(packet: Packet, sender: str) -> "Optional[Packet]":
            self.seen += 1
            return server.handle(packet, sender)

        return Client("pipe://box", dict(self.mine), peers=self.peers,
                      transport=lambda: Pipe(handle), **more)  # type: ignore[arg-type]


def box() -> Box:
    made = Box(Leute=MemoryStore(CARD), Zettel=MemoryStore(TEXT))
    fill(made.mine["notes"], "one", "two")
    assert made.client().sync().exit_code == 0
    return made


def test_a_better_name_that_turns_up_later_changes_nothing() -> None:
    made = Box(Zettel=MemoryStore(TEXT), Leute=MemoryStore(CARD))
    fill(made.mine["notes"], "one")
    made.client().sync()
    made.stores["notes"] = MemoryStore(TEXT)
    made.client().bindings()        # asks anew
    report = made.client().sync()
    assert bodies(made.stores["Zettel"]) == [b"one"] and not bodies(made.stores["notes"])
    assert not report.datastores["notes"].slow and report.notes == []


def test_a_new_name_is_followed_and_said() -> None:
    made = box()
    made.stores["Aufschriebe"] = made.stores.pop("Zettel")
    fill(made.mine["notes"], "three")
    report = made.client().sync()
    assert report.exit_code == 0, report.table()
    assert report.notes == ["notes: the server has no './Zettel' any more; it was synced with './Aufschriebe'"]
    assert report.notes[0] in report.table() and '"notes": ["notes:' in report.json()
    assert bodies(made.stores["Aufschriebe"]) == bodies(made.mine["notes"]) == [b"one", b"three", b"two"]
    again = made.client().sync()
    assert again.notes == [] and again.exit_code == 0 and not again.datastores["notes"].slow


def test_what_is_gone_for_good_is_told() -> None:
    made = box()
    del made.stores["Zettel"]
    report = made.client().sync()
    assert report.exit_code == 2 and "the server has no database 'notes'" in report.table() and not report.notes
    assert report.datastores["contacts"].error is None
    assert bodies(made.mine["notes"]) == [b"one", b"two"]
    assert made.client().sync().messages < report.messages      # it is not asked for each time


def test_bindings_sync_nothing() -> None:
    made = Box(card=MemoryStore(CARD), memo=MemoryStore(TEXT))
    fill(made.mine["notes"], "one")
    report, found = made.client().bindings()
    assert report.error is None and report.datastores == {} and made.seen <= 2
    assert {one.name: one.uri for one in found} == {"contacts": "./card", "notes": "./memo"}
    assert not bodies(made.stores["memo"]) and made.peers.history() == []
    assert made.client(remotes={"notes": "card"}).bindings()[1][1].why == "you said so (--remote)"


# -- only the host is known


def at(path: str, app: Any, elsewhere: str = "404 Not Found") -> Any:
    """A web server with a SyncML server at one path."""
    def application(environ: "dict[str, Any]", start: Any) -> "list[bytes]":
        if environ["PATH_INFO"] == path or environ["PATH_INFO"].startswith(path.rstrip("/") + "/"):
            found: "list[bytes]" = app(environ, start)
            return found
        start(elsewhere, [("Content-Type", "text/html")])
        return [b"<html><body>Welcome</body></html>"]
    return application


def search(peers: Peers, **more: Any) -> Search:
    return Search(peers, lambda url, limits: HttpTransport(url, limits=limits, environ={}), **more)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("elsewhere", ["404 Not Found", "200 OK", "405 Method Not Allowed", "503 Busy"])
def test_a_server_is_found_where_servers_are(path: str, elsewhere: str) -> None:
    server, peers = Server({"notes": MemoryStore()}, users={"ada": "pw"}), Peers()
    with serving(at(path, server.wsgi_app, elsewhere)) as http:
        target = f"127.0.0.1:{http.port}"
        url = search(peers).find(target)
        assert url == f"http://{target}{path}" == remembered(peers, target)
        assert search(peers).find(f"http://{target}") == url
        mine = MemoryStore()
        fill(mine, "one")
        assert Client(url, {"notes": mine}, user="ada", password="pw").sync().exit_code == 0


def test_no_credentials_and_no_items_are_sent_on_the_way() -> None:
    with RawServer(lambda request, number: answer(b"", "404 Not Found")) as raw:
        with pytest.raises(TransportError) as error:
            search(Peers()).find(f"http://127.0.0.1:{raw.port}")
    assert [request.line.split()[1] for request in raw.requests] == list(PATHS)
    for request in raw.requests:
        assert "authorization" not in request.headers
        commands = document.parse(request.body).message
        assert commands.header.cred is None and [type(one).__name__ for one in commands.commands] == ["Get"]
    assert all(f"127.0.0.1:{raw.port}{path}: HTTP 404" in str(error.value) for path in PATHS)


def test_a_server_that_takes_xml_only() -> None:
    server, peers = Server({"notes": MemoryStore()}), Peers()

    def xml_only(environ: "dict[str, Any]", start: Any) -> "list[bytes]":
        if "wbxml" in environ["CONTENT_TYPE"]:
            start("415 Unsupported Media Type", [])
            return [b""]
        found: "list[bytes]" = server.wsgi_app(environ, start)
        return found

    with serving(xml_only) as http:
        url = search(peers).find(f"127.0.0.1:{http.port}")
        assert Client(url, {"notes": MemoryStore()}, peers=peers).sync().exit_code == 0


def test_time_is_bounded() -> None:
    ticks = iter(range(0, 10_000, 20))
    with RawServer(lambda request, number: answer(b"", "404 Not Found")) as raw:
        with pytest.raises(TransportError, match="no time was left after 60 seconds"):
            search(Peers(), clock=lambda: float(next(ticks))).find(f"http://127.0.0.1:{raw.port}")
    assert len(raw.requests) < 4


def test_a_host_that_is_not_there() -> None:
    with pytest.raises(TransportError) as error:
        search(Peers()).find("127.0.0.1:9")
    assert str(error.value).count("127.0.0.1:9/:") == 2 and "connection refused" in str(error.value)


def test_nothing_is_sent_in_clear_text_to_a_host_that_is_not_near() -> None:
    asked: "list[str]" = []

    def reach(url: str, limits: Limits) -> HttpTransport:
        asked.append(url)
        return HttpTransport("http://127.0.0.1:9/", limits=limits, environ={})

    with pytest.raises(TransportError, match="http:// was not tried; say http://example.org if you want that"):
        Search(Peers(), reach).find("example.org")
    assert asked == ["https://example.org/"]


def test_a_near_host_that_leads_elsewhere_in_clear_text_is_not_followed() -> None:
    with RawServer(lambda request, number: answer(b"", "404 Not Found")) as raw:
        class Moved(HttpTransport):
            """As after a redirect."""

            landed = "http://example.org/sync"

            def send(self, packet: Packet) -> "Optional[Packet]":
                return packet

        with pytest.raises(TransportError, match="it leads to http://example.org/sync, which is not encrypted"):
            Search(Peers(), lambda url, limits: Moved(url, limits=limits)).find(f"127.0.0.1:{raw.port}")
        assert Search(Peers(), lambda url, limits: Moved(url, limits=limits)).find(f"http://127.0.0.1:{raw.port}")


@pytest.mark.parametrize("host, is_near", [
    ("localhost", True), ("127.0.0.1", True), ("::1", True), ("192.168.1.5", True), ("10.0.0.1", True),
    ("fe80::1%eth0", True), ("example.org", False), ("nas", False), ("8.8.8.8", False), ("2001:4860::1", False),
    ("localhost.example.org", False), ("127.0.0.1.example.org", False),
])
def test_near(host: str, is_near: bool) -> None:
    assert near(host) == is_near


@pytest.mark.parametrize("target, whole", [
    ("example.org", True), ("example.org:8080", True), ("https://example.org", True), ("[::1]:80", True),
    ("https://example.org/", False), ("http://example.org/sync", False), ("contacts=./x", False), ("", False),
    ("ftp://example.org", False), ("http://ada:pw@example.org", False), ("example.org/sync", False),
])
def test_what_is_only_a_host(target: str, whole: bool) -> None:
    assert is_host(target) == whole
