"""Our two ends over real lines: every profile, both dial directions, every AT switch, what phones refuse."""

from __future__ import annotations

from typing import Any, Iterator

import pytest
from phones import Bench, Cables, Switchboard, counts, put

from minisyncml.errors import ObexError, UsageError
from minisyncml.gateway.client import Client
from minisyncml.gateway.dial import Call, Dialled
from minisyncml.gateway.listen import listen
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.notify.base import PACKET
from minisyncml.profile import DEFAULT, find, names
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.transport.base import WBXML

WOKEN = [name for name in names() if find(user=name).san and find(user=name).at_switch not in ("sbfb", "msync")]


def good(report: Report) -> bool:
    return report.error is None and report.exit_code == 0


# -- every profile, both directions ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cables() -> "Iterator[Cables]":
    with Cables() as all_of_them:
        yield all_of_them


@pytest.mark.parametrize("name", WOKEN)
def test_we_call_a_phone_of_each_profile(name: str, cables: Cables) -> None:
    """Two syncs over a pty, with the AT switch of the profile; the third one finds nothing to do."""
    bench = Bench(name)
    told = name if bench.emulator.switch == "none" else ""      # else it says by AT what it is
    phone = bench.caller(cables(bench.emulator), at=True, profile=told)
    first = phone.sync()
    assert good(first), first.error or first.table()
    assert bench.equal() and sum(counts(first).values()) == 3 * len(bench.ours)
    for kind, store in bench.ours.items():
        put(store, kind, f"{kind} of ours")
    second = phone.sync()
    assert good(second) and bench.equal() and set(counts(second).values()) == {1}
    assert set(counts(phone.sync()).values()) == {0}
    assert not any(part.slow for part in second.datastores.values())


@pytest.mark.parametrize("name", names())
def test_a_phone_of_each_profile_calls_us(name: str) -> None:
    bench = Bench(name)
    seen: "list[Report]" = []
    server = Server(bench.ours, on_report=seen.append)
    with Switchboard(lambda link: listen(link, server)) as line:
        for moved in (3, 1, 0):
            report = bench.emulator.call("obex", transport=lambda: Dialled(Call(line, at=False)))
            assert good(report), report.error or report.table()
            assert bench.equal()
            assert set(counts(report).values()) == {moved if bench.profile.item_status == "each" else 0}
            for kind, store in bench.phone.items() if moved == 3 else ():
                put(store, kind, f"{kind}, new")
    assert len(seen) == 3 and all(good(report) for report in seen)
    assert {report.peer for report in seen} == {bench.emulator.options.device}
