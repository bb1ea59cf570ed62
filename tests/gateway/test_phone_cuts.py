"""A line that drops at any packet of a sync: the next one ends with both sides equal, nothing lost or doubled, and is
slow only where nobody can know what arrived."""

from __future__ import annotations

from collections import Counter

import pytest
from pair import delete, edit
from phones import SAMPLE, Bench, Cut, Switchboard, put
from scenes import multiset, named

from minisyncml.gateway.trace import summary
from minisyncml.profile import DEFAULT, Profile
from minisyncml.transport.link import Link

PACKET = 400        # several packets for a message
CARD = SAMPLE["contacts"]


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


def synced(profile: Profile = DEFAULT) -> "tuple[Bench, Switchboard]":
    bench = Bench(profile, kinds=("contacts",), items=6)
    line = Switchboard(lambda link: bench.emulator.answer(link), PACKET)
    report = bench.caller(line).sync()
    assert report.exit_code == 0 and bench.equal()
    return bench, line


def in_doubt(bench: Bench) -> bool:
    """Whether our additions left, and no message came after them."""
    way, packet = bench.passed[-1] if bench.passed else ("", None)
    return way == "->" and packet is not None and "Add" in summary(packet)


@pytest.mark.parametrize("after", [False, True], ids=["lost", "unanswered"])
@pytest.mark.parametrize("first", [False, True], ids=["edits", "first"])
def test_a_line_that_drops_at_any_packet(first: bool, after: bool) -> None:
    at, whole = 0, False
    while not whole:
        bench, line = synced() if not first else fresh()
        expected = edited(bench) if not first else multiset(bench.phone["contacts"])
        cuts: "list[Cut]" = []

        def opener() -> Link:
            cuts.append(Cut(line(), at, after))
            return cuts[-1]

        bench.passed.clear()
        broken = bench.caller(opener).sync()
        whole = len(cuts) == 1 and cuts[0].whole
        assert broken.error is not None or whole or len(cuts) == 1, at     # only the farewell may get lost unnoticed
        doubt = in_doubt(bench)
        report = bench.caller(line).sync()
        line.join()
        assert report.exit_code == 0, (at, report.error, report.table())
        assert bench.equal() and multiset(bench.phone["contacts"]) == expected, at
        slow = report.datastores["contacts"].slow
        assert first or not slow or doubt, f"a needless slow sync after packet {at}"
        again = bench.caller(line).sync()
        line.join()
        assert not again.datastores["contacts"].slow and bench.equal()
        at += 1
    assert at > 12


def fresh() -> "tuple[Bench, Switchboard]":
    bench = Bench(DEFAULT, kinds=("contacts",), items=6)
    return bench, Switchboard(lambda link: bench.emulator.answer(link), PACKET)
