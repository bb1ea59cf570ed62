"""A line that drops at any packet of a sync: the next one ends with both sides equal, nothing lost or doubled, and is
slow only where nobody can know what arrived."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Callable

import pytest
from pair import delete, edit
from phones import SAMPLE, Bench, Breaking, Cut, CutBytes, Switchboard, put
from scenes import multiset, named

from minisyncml.gateway.dial import Call, Dialled
from minisyncml.gateway.listen import listen
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.gateway.trace import summary
from minisyncml.profile import DEFAULT, StoreValue
from minisyncml.transport.link import Link

PACKET = 400        # several packets for a message
CARD = SAMPLE["contacts"]
ONE = DEFAULT._replace(stores=(StoreValue("contacts", "Contacts"),))


def edited(bench: Bench) -> "Counter[bytes]":
    """An edit, a deletion and an addition on each side of a synced pair, on different items; what must come out."""
    phone, ours = bench.phone["contacts"], bench.ours["contacts"]
    expected = multiset(phone)
    for store, side, at in ((phone, "phone", 0), (ours, "computer", 2)):
        changed, gone = (CARD % f"contacts {number} of the phone" for number in (at, at + 1))
        edit(store, named(store, changed), changed.replace("5550 100", f"5550 {len(side)}"))
        delete(store, named(store, gone))
        put(store, "contacts", f"added on the {side}")
        expected -= Counter([changed.encode(), gone.encode()])
        expected += Counter([changed.replace("5550 100", f"5550 {len(side)}").encode(),
                             (CARD % f"added on the {side}").encode()])
    return expected


def fresh() -> "tuple[Bench, Switchboard]":
    bench = Bench(ONE, items=6)
    return bench, Switchboard(bench.emulator.answer, PACKET)


def synced() -> "tuple[Bench, Switchboard]":
    bench, line = fresh()
    report = bench.caller(line).sync()
    assert report.exit_code == 0 and bench.equal()
    return bench, line


def in_doubt(bench: Bench) -> bool:
    """Whether our additions left, and no message came after them."""
    way, packet = bench.passed[-1] if bench.passed else ("", None)
    return way == "->" and packet is not None and "Add" in summary(packet)


def recovers(bench: Bench, line: Switchboard, expected: "Counter[bytes]", breaking: Breaking) -> "tuple[bool, bool]":
    """Sync over a line that breaks, then over a good one; whether the second sync was slow, and had to be."""
    bench.passed.clear()
    broken = bench.caller(breaking).sync()
    assert broken.error is not None or bench.equal()    # only the farewell may get lost unnoticed
    doubt = in_doubt(bench)
    report = bench.caller(line).sync()
    assert report.exit_code == 0, report.error or report.table()
    again = bench.caller(line).sync()
    line.join()
    assert bench.equal() and multiset(bench.phone["contacts"]) == expected
    assert not again.datastores["contacts"].slow
    return report.datastores["contacts"].slow, doubt


@pytest.mark.parametrize("after", [False, True], ids=["lost", "unanswered"])
@pytest.mark.parametrize("first", [False, True], ids=["edits", "first"])
def test_a_line_that_drops_at_any_packet(first: bool, after: bool) -> None:
    at, whole = 0, False
    while not whole:
        bench, line = fresh() if first else synced()
        expected = multiset(bench.phone["contacts"]) if first else edited(bench)
        breaking = Breaking(line, Cut, at, after)
        slow, doubt = recovers(bench, line, expected, breaking)
        whole = breaking.whole
        assert first or doubt or not slow, f"a needless slow sync after packet {at}"
        at += 1
    assert at > 10


def test_a_line_that_drops_at_any_byte() -> None:
    """At bytes a prime number apart: in headers, between packets, within bodies, in both directions."""
    left, whole = 5, False
    while not whole:
        bench, line = synced()
        breaking = Breaking(line, CutBytes, left)
        slow, doubt = recovers(bench, line, edited(bench), breaking)
        whole = breaking.whole
        assert doubt or not slow, f"a needless slow sync after byte {left}"
        left += 71
    assert left > 2000


@pytest.mark.parametrize("after", [False, True], ids=["lost", "unanswered"])
def test_a_phone_that_calls_and_loses_the_line(after: bool) -> None:
    at, whole = 0, False
    while not whole:
        bench = Bench(ONE, items=6)
        with Switchboard(partial(listen, server=Server(bench.ours)), PACKET) as line:
            assert called(bench, line).exit_code == 0
            expected = edited(bench)
            breaking = Breaking(line, Cut, at, after)
            called(bench, breaking)
            report = called(bench, line)
        whole = breaking.whole
        assert report.exit_code == 0, (at, report.error, report.table())
        assert bench.equal() and multiset(bench.phone["contacts"]) == expected, at
        at += 1
    assert at > 10


def called(bench: Bench, line: "Callable[[], Link]") -> Report:
    """The phone calls us."""
    return bench.emulator.call("obex", transport=lambda: Dialled(Call(line, at=False)))
