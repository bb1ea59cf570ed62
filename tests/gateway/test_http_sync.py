"""Our client and our server over real loopback HTTP, with everything that a network does to them."""

from __future__ import annotations

import functools
import http.client
import operator
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional

import pytest
from helpers import RawServer, Request, serving
from pair import bodies, fill

from minisyncml.engine.config import VERSIONS
from minisyncml.errors import RefusedError, RemoteProtocolError, TransportError
from minisyncml.gateway.client import Client
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.limits import DEFAULT
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.transport.base import Packet
from minisyncml.transport.http import HttpTransport
from minisyncml.transport.wsgi import HttpServer

SMALL = DEFAULT._replace(max_msg_size=4000)


class Running:
    """A server with notes for each user, behind waitress."""

    def __init__(self, http: HttpServer, server: Server, stores: "dict[str, Store]", reports: "list[Report]") -> None:
        self.port, self.server, self.stores, self.reports = http.port, server, stores, reports
        self.url = f"http://127.0.0.1:{http.port}/sync"


@pytest.fixture
def running() -> Iterator[Running]:
    yield from run(users={"ada": "pw", **{f"user{number}": "pw" for number in range(6)}}, limits=SMALL)


def run(**options: Any) -> Iterator[Running]:
    stores: "dict[str, Store]" = {}
    reports: "list[Report]" = []
    log: "list[str]" = []
    server = Server(lambda user: {"notes": stores.setdefault(user, MemoryStore())}, on_report=reports.append,
                    log=log.append, **options)
    with serving(server.wsgi_app, limits=options.get("limits", DEFAULT)) as http_server:
        yield Running(http_server, server, stores, reports)
    assert log == []


def make(url: str, store: Store, user: str = "ada", **options: Any) -> Client:
    limits = options.setdefault("limits", SMALL)
    patience = {"limits": limits, "environ": {}, "sleep": lambda seconds: None}
    options.setdefault("password", "pw")
    options.setdefault("peers", Peers())
    return Client(url, {"notes": store}, user=user,
                  transport=lambda: HttpTransport(url, **patience), **options)


@pytest.mark.parametrize("encoding", ["wbxml", "xml"])
def test_both_sides_equal_and_then_nothing(running: Running, encoding: str) -> None:
    mine = MemoryStore()
    fill(mine, *(f"mine {number} " + "x" * 300 for number in range(60)))
    running.stores["ada"] = theirs = MemoryStore()
    fill(theirs, *(f"theirs {number} " + "ü" * 200 for number in range(40)))
    client = make(running.url, mine, encoding=encoding)
    first = client.sync()
    assert first.exit_code == 0
    assert len(bodies(mine)) == 100 and bodies(mine) == bodies(theirs)
    assert (first.datastores["notes"].local.added, first.datastores["notes"].remote.added) == (40, 60)
    second = client.sync()
    assert not second.datastores["notes"].local and not second.datastores["notes"].remote


def test_many_at_once_each_with_its_own(running: Running) -> None:
    stores = [MemoryStore() for _ in range(6)]
    for number, store in enumerate(stores):
        fill(store, *(f"user{number} note {item}" for item in range(50)))
    reports: "list[Report]" = []

    def sync(number: int) -> None:
        client = make(running.url, stores[number], f"user{number}", device_id="the same everywhere")
        reports.extend(client.sync() for _ in range(3))

    threads = [threading.Thread(target=sync, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [report.exit_code for report in reports] == [0] * 18
    for number, store in enumerate(stores):
        assert bodies(running.stores[f"user{number}"]) == bodies(store)
        assert len(bodies(store)) == 50
    assert len(running.reports) == 18


def relay(running: Running, lose: "Callable[[int], bool]") -> RawServer:
    """Hands requests on; the answer is lost where `lose` says so, after the server has worked on the request."""

    def script(request: Request, number: int) -> Optional[bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
        connection.request("POST", request.line.split()[1], request.body, request.headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        if lose(number):
            return None
        head = f"HTTP/1.1 {response.status} x\r\nContent-Type: {response.getheader('Content-Type')}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    return RawServer(script)


@pytest.mark.parametrize("lost", range(2, 9))
def test_a_lost_answer_loses_and_doubles_nothing(running: Running, lost: int) -> None:
    mine = MemoryStore()
    fill(mine, *(f"mine {number} " + "x" * 300 for number in range(25)))
    running.stores["ada"] = theirs = MemoryStore()
    fill(theirs, *(f"theirs {number} " + "y" * 300 for number in range(25)))
    with relay(running, lambda number: number == lost) as middle:
        report = make(middle.url, mine).sync()
    assert report.exit_code == 0
    repeated = [number for number in range(1, len(middle.requests))
                if middle.requests[number].body == middle.requests[number - 1].body]
    assert repeated == [lost]
    assert bodies(mine) == bodies(theirs) and len(bodies(mine)) == 50
    assert len(running.reports) == 1 and running.reports[0].error is None


def test_a_line_that_stays_dead_and_the_next_session(running: Running) -> None:
    mine = MemoryStore()
    fill(mine, *(f"mine {number} " + "x" * 300 for number in range(25)))
    peers = Peers()
    for dead_from in range(3, 7):
        with relay(running, functools.partial(operator.le, dead_from)) as middle:
            report = make(middle.url, mine, peers=peers, device_id="phone").sync()
        assert isinstance(report.error, TransportError) and report.exit_code == 3
    report = make(running.url, mine, peers=peers, device_id="phone").sync()
    assert report.exit_code == 0
    assert bodies(mine) == bodies(running.stores["ada"]) and len(bodies(mine)) == 25


def test_refused_and_not_there(running: Running) -> None:
    assert make(running.url, MemoryStore(), password="wrong").sync().exit_code == 4
    report = make("http://127.0.0.1:1/", MemoryStore()).sync()
    assert (report.exit_code, report.messages, report.bytes_out) == (3, 0, 0)
    with RawServer(lambda request, number: b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as web:
        report = make(web.url, MemoryStore()).sync()
    assert report.exit_code == 3 and "404" in str(report.error)


@pytest.mark.parametrize("speaks", ("1.1", "1.0"))
@pytest.mark.parametrize("encoding", ("wbxml", "xml"))
def test_an_older_version_after_an_http_error(running: Running, speaks: str, encoding: str) -> None:
    forward = relay(running, lambda number: False)
    newer = [version.encode() for version in VERSIONS[:VERSIONS.index(speaks)]]

    def script(request: Request, number: int) -> Optional[bytes]:
        if any(b"SyncML/" + version in request.body for version in newer):
            return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
        return forward.script(request, number)

    mine = MemoryStore()
    fill(mine, "one", "two", "three")
    with forward, RawServer(script) as old:
        peers = Peers()
        report = make(old.url, mine, encoding=encoding, peers=peers).sync()
        assert (report.exit_code, report.messages) == (0, len(newer) + 2 * (len(old.requests) - len(newer)))
        assert report.bytes_out == sum(len(request.body) for request in old.requests)
        refused = len([1 for request in old.requests if any(b"SyncML/" + version in request.body for version in newer)])
        assert make(old.url, mine, encoding=encoding, peers=peers).sync().exit_code == 0
    assert bodies(running.stores["ada"]) == bodies(mine)
    assert refused == len(newer)
    assert all(f"SyncML/{speaks}".encode() in request.body for request in old.requests[refused:])


def test_a_server_that_takes_no_version_is_asked_three_times(running: Running) -> None:
    refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    mine = MemoryStore()
    fill(mine, "one")
    with RawServer(lambda request, number: refusal) as web:
        report = make(web.url, mine, encoding="xml").sync()
        assert [version for request in web.requests for version in VERSIONS
                if f"<VerDTD>{version}<".encode() in request.body] == ["1.2", "1.1", "1.0"]
    assert report.exit_code == 3 and "400" in str(report.error)
    assert make(running.url, mine).sync().exit_code == 0


def test_a_session_that_breaks_in_the_middle_leaves_no_lock(running: Running) -> None:
    mine, refusal = MemoryStore(), b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    fill(mine, *(f"mine {number} " + "x" * 300 for number in range(25)))
    forward = relay(running, lambda number: False)
    with forward, RawServer(lambda request, number: forward.script(request, number) if number < 3 else refusal) as web:
        report = make(web.url, mine, device_id="phone").sync()
        assert len(web.requests) == 3       # no older version in the middle of a session
    assert isinstance(report.error, RefusedError)
    mine.lock_timeout = running.stores["ada"].lock_timeout = 0.0     # type: ignore[attr-defined]
    report = make(running.url, mine, device_id="phone").sync()
    assert report.exit_code == 0 and bodies(running.stores["ada"]) == bodies(mine)


def test_an_answer_that_is_no_syncml() -> None:
    broken = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.syncml+xml\r\nContent-Length: 9\r\n\r\n<SyncML/>"
    with RawServer(lambda request, number: broken) as web:
        report = make(web.url, MemoryStore()).sync()
    assert report.exit_code == 5 and isinstance(report.error, RemoteProtocolError)


class OneMessage(HttpTransport):
    """Delivers one message and then hangs up."""

    def send(self, packet: Packet) -> Optional[Packet]:
        super().send(packet)
        raise TransportError("hung up")


def test_a_full_server() -> None:
    with contextmanager(run)(limits=SMALL._replace(max_sessions=1)) as running:
        left_open = Client(running.url, {"notes": MemoryStore()}, device_id="first",
                           transport=lambda: OneMessage(running.url, environ={}))
        assert "hung up" in str(left_open.sync().error)
        report = make(running.url, MemoryStore(), "", device_id="second").sync()
        assert report.exit_code == 3 and "busy" in str(report.error)


def test_a_message_that_is_too_large(running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    connection.putrequest("POST", "/sync")
    connection.putheader("Content-Type", "application/vnd.syncml+xml")
    connection.putheader("Content-Length", str(SMALL.max_message + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413       # answered before a single byte of it was sent
    connection.close()
    mine = MemoryStore()
    fill(mine, "a note")
    assert make(running.url, mine).sync().exit_code == 0


def test_a_server_that_was_renewed_is_asked_for_more(running: Running) -> None:
    mine, peers = MemoryStore(), Peers()
    forward = relay(running, lambda number: False)
    takes = [b"1.0"]

    def script(request: Request, number: int) -> Optional[bytes]:
        if not any(b"<VerDTD>" + version + b"<" in request.body for version in takes):
            return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
        return forward.script(request, number)

    with forward, RawServer(script) as web:
        assert make(web.url, mine, encoding="xml", peers=peers).sync().exit_code == 0
        takes[:] = [b"1.2"]         # and no longer 1.0
        for _ in range(2):
            begun = len(web.requests)
            assert make(web.url, mine, encoding="xml", peers=peers).sync().exit_code == 0
    assert b"<VerDTD>1.2<" in web.requests[begun].body
