"""A phone on a cable and clients of the HTTP server work on the same folders at the same time."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

from helpers import serving
from pair import fill
from phones import Bench, Switchboard, gists, put

from minisyncml.gateway.client import Client
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.limits import DEFAULT
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peersfile import FilePeers
from minisyncml.store.place import open_store

LIMITS = DEFAULT._replace(max_msg_size=4000)    # several messages, so that the sessions interleave


def opened(folder: Path) -> "dict[str, Store]":
    """The same data, opened once more, as another process would."""
    (folder / "contacts").mkdir(parents=True, exist_ok=True)
    data = str(folder / "data")
    return {"contacts": open_store(str(folder / "contacts"), "contacts", data), "notes": open_store("", "notes", data)}


def test_a_cable_and_http_at_once(tmp_path: Path) -> None:
    bench = Bench(kinds=("contacts", "notes"), items=40)
    bench.ours = opened(tmp_path)
    served = opened(tmp_path)
    peers = str(tmp_path / "data" / "peers")
    mine = {"contacts": MemoryStore(served["contacts"].types), "notes": MemoryStore()}
    put(mine["contacts"], "contacts", *(f"of the client {number}" for number in range(40)))
    fill(mine["notes"], *(f"note of the client {number}" for number in range(40)))
    reports: "list[Report]" = []
    server = Server(served, peers=FilePeers(peers), limits=LIMITS)
    with serving(server.wsgi_app) as http, Switchboard(bench.emulator.answer) as line:
        url = f"http://127.0.0.1:{http.port}/"
        client = Client(url, mine, limits=LIMITS)
        phone = bench.caller(line, peers=FilePeers(peers), limits=LIMITS)
        for _ in range(3):
            by_http = Thread(target=lambda: reports.append(client.sync()))
            by_http.start()
            reports.append(phone.sync())
            by_http.join()
        reports += [client.sync(), phone.sync(), client.sync()]
    server.close()
    assert [report.error for report in reports[-3:]] == [None] * 3
    assert all(report.exit_code == 0 for report in reports[-3:])
    assert not any(part.slow for report in reports[-3:] for part in report.datastores.values())
    for name in ("contacts", "notes"):
        here = gists(bench.ours[name])
        assert here == gists(bench.phone[name]) == gists(mine[name]), name
        assert len(here) == len(set(here)) == 80, name
    for store in bench.ours.values():
        store.close()
