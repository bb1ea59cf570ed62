"""Pairing: one to one, whatever the order; the best first; what could be either stays apart, and is told."""

from __future__ import annotations

from collections import Counter
from typing import Optional, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from pair import Pair, bodies, fill, fine

from minisyncml.content.facts import Facts, facts
from minisyncml.content.kind import kind
from minisyncml.content.score import SURE, score
from minisyncml.store.memory import MemoryStore
from minisyncml.sync.pairing import WORK, Pairing
from minisyncml.sync.sides import CROWD, Side

ANY = (("*/*", ""),)
UIDS = tuple(f"UID:{number:08}-1234-1234-1234-1234567890ab" for number in range(3))


def card(*lines: str, version: str = "3.0", end: str = "\r\n") -> bytes:
    return end.join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", "")).encode()


def event(*lines: str) -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR",
                        "")).encode()


def person(number: int, *more: str, version: str = "3.0", end: str = "\r\n") -> bytes:
    return card(f"N:Family{number};Given{number % 7};;;", f"TEL:+4930{number:07}",
                f"EMAIL:person{number}@example.org", *more, version=version, end=end)


class Matched:
    """Pairs of two lists of bodies; counts how often a body was read for a score."""

    def __init__(self, mine: Sequence[bytes], theirs: Sequence[bytes]) -> None:
        self.reads = 0
        known = [[facts(kind(body), body) for body in side] for side in (mine, theirs)]
        sides = [Side(), Side()]
        for side, each in zip(sides, known):
            for at, one in enumerate(each):
                side.add(str(at), one)
        self.found = Pairing(*sides)

        def read(at: int) -> Optional[Facts]:
            self.reads += 1
            return known[0][at]

        self.found.by_score(lambda at: known[1][at], read)
        self.known = known
        self.pairs = [(mine[my], theirs[their]) for their, my in self.found.pairs()]
        self.near = [(mine[int(one)], theirs[int(other)]) for one, other in self.found.near]

    def meant(self) -> "Counter[tuple[int, int]]":
        return Counter((self.known[0][my].meaning, self.known[1][their].meaning)
                       for their, my in self.found.pairs())


NAMES, NUMBERS = ("Doe;John", "Doe;Jane", "Roe;John", "Doe", ""), ("1111111", "2222222", "3333333")
CARDS = st.builds(
    lambda name, numbers, note, uid, old: card(*(["N:" + name] if name else []), *(f"TEL:{one}" for one in numbers),
                                               *note, *uid, version="2.1" if old else "3.0"),
    st.sampled_from(NAMES), st.lists(st.sampled_from(NUMBERS), max_size=2, unique=True),
    st.sampled_from(((), (), ("NOTE:a",), ("NOTE:b",))),
    st.sampled_from(((), (), (), *((one,) for one in UIDS))), st.booleans())
EVENTS = st.builds(lambda title, hour, place, uid: event(f"SUMMARY:{title}", f"DTSTART:{hour}", *place, *uid),
                   st.sampled_from(("Tea", "Coffee")),
                   st.sampled_from(("20260710T100000Z", "20260710T120000", "20260710", "20260711T100000Z")),
                   st.sampled_from(((), ("LOCATION:Hall",), ("LOCATION:Room",))),
                   st.sampled_from(((), (UIDS[0],), (UIDS[1],))))
ITEMS = st.lists(st.one_of(CARDS, CARDS, EVENTS), max_size=9)


class TestProperties:
    @settings(deadline=None)
    @given(ITEMS, ITEMS, st.randoms(use_true_random=False))
    def test_the_order_does_not_matter(self, mine: "list[bytes]", theirs: "list[bytes]", random: object) -> None:
        before = Matched(mine, theirs).meant()
        random.shuffle(mine)        # type: ignore[attr-defined]
        random.shuffle(theirs)      # type: ignore[attr-defined]
        assert Matched(mine, theirs).meant() == before

    @settings(deadline=None)
    @given(ITEMS, ITEMS)
    def test_one_to_one(self, mine: "list[bytes]", theirs: "list[bytes]") -> None:
        pairs = dict(Matched(mine, theirs).found.pairs())
        assert len(set(pairs.values())) == len(pairs)
        assert set(pairs) <= set(range(len(theirs))) and set(pairs.values()) <= set(range(len(mine)))

    @settings(deadline=None)
    @given(ITEMS, ITEMS)
    def test_nobody_is_paired_without_reason(self, mine: "list[bytes]", theirs: "list[bytes]") -> None:
        for one, other in Matched(mine, theirs).pairs:
            a, b = facts(kind(one), one), facts(kind(other), other)
            assert a.meaning == b.meaning or a.uid == b.uid != 0 or score(a, b) >= SURE

    @settings(deadline=None)
    @given(ITEMS)
    def test_equal_sides_pair_wholly(self, items: "list[bytes]") -> None:
        found = Matched(items, [body.replace(b"\r\n", b"\n") for body in items])
        assert len(found.pairs) == len(items) and not found.near
        assert all(one == other.replace(b"\n", b"\r\n") or facts(kind(one), one).meaning == facts(
            kind(other), other).meaning for one, other in found.pairs)

    @settings(deadline=None)
    @given(st.sets(st.integers(0, 9999), max_size=12), st.sets(st.integers(10_000, 19_999), max_size=12))
    def test_strangers_stay_strangers(self, mine: "set[int]", theirs: "set[int]") -> None:
        found = Matched([person(one) for one in mine], [person(one) for one in theirs])
        assert not found.pairs and not found.near


def test_an_exact_uid_comes_before_what_looks_alike() -> None:
    here = [card("N:Doe;John", "TEL:1111111", UIDS[0]), card("N:Doe;John", "TEL:1111111", "NOTE:x", UIDS[1])]
    there = [card("N:Doe;John", "TEL:1111111", "NOTE:y", UIDS[1])]
    assert Matched(here, there).pairs == [(here[1], there[0])]


def test_a_uid_that_many_have_says_nothing() -> None:
    here = [card(f"N:Family{at};A", f"TEL:555000{at}", UIDS[0]) for at in range(4)]
    there = [card(f"N:Family{at};A", f"TEL:555000{at}", "NOTE:x", UIDS[0]) for at in (3, 7, 1, 8)]
    assert set(Matched(here, there).pairs) == {(here[3], there[0]), (here[1], there[2])}


def test_the_highest_score_first() -> None:
    here = [card("N:Doe;John", "TEL:1111111", "TEL:2222222", "EMAIL:a@example.org")]
    there = [card("N:Doe;John", "TEL:1111111"), card("N:Doe;John", "TEL:1111111", "EMAIL:a@example.org", "NOTE:x")]
    assert Matched(here, there).pairs == [(here[0], there[1])]


def test_a_tie_stays_apart_and_is_told() -> None:
    here = [card("N:Doe;John", "TEL:1111111", f"NOTE:{word}") for word in ("a", "b")]
    there = [card("N:Doe;John", "TEL:1111111", "NOTE:c")]
    for found in (Matched(here, there), Matched(there, here)):
        assert not found.pairs and len(found.near) == 2


def test_days_full_of_one_title() -> None:
    """Forty lessons a day, all called alike; the phone keeps no zone and no place."""
    starts = [f"202607{day:02}T{hour:02}{minute:02}00" for day in range(1, 4) for hour in range(8, 18)
              for minute in (0, 15, 30, 45)]
    here = [event("SUMMARY:Lesson", f"DTSTART:{start}", "LOCATION:Room") for start in starts]
    there = [event("SUMMARY:Lesson", f"DTSTART:{start}") for start in reversed(starts)]
    assert len(Matched(here, there).pairs) == len(starts)


def test_whoever_lost_to_a_better_one_may_still_find_another() -> None:
    """The second of ours fits both of theirs; the first of theirs belongs to another."""
    here = [card("N:Doe;John", "TEL:1111111", "TEL:2222222", "EMAIL:a@example.org"), card("N:Doe;John", "TEL:1111111")]
    there = [card("N:Doe;John", "TEL:1111111", "TEL:2222222", "EMAIL:a@example.org", "NOTE:x"),
             card("N:Doe;John", "TEL:1111111", "TEL:3333333", "NOTE:y")]
    assert set(Matched(here, there).pairs) == {(here[0], there[0]), (here[1], there[1])}


def test_a_tie_does_not_keep_others_apart() -> None:
    here = [card("N:Doe;John", "TEL:1111111", f"NOTE:{word}") for word in ("a", "b")] + [person(1)]
    there = [card("N:Doe;John", "TEL:1111111", "NOTE:c"), person(1, "NOTE:x")]
    assert Matched(here, there).pairs == [(here[2], there[1])]


def test_copies_are_counted() -> None:
    here, there = person(1), person(1, version="2.1", end="\n").replace(b"EMAIL", b"NOTE:phones add this\nEMAIL")
    for mine, theirs in ((3, 3), (3, 1), (1, 3)):
        assert len(Matched([here] * mine, [there] * theirs).pairs) == min(mine, theirs)


def mixed(count: int) -> "list[int]":
    return [at * 7 % count for at in range(count)]


def test_a_crowd_costs_no_more_than_its_size() -> None:
    """A thousand people with the number of the switchboard; work is counted, not time."""
    count = 1000
    here = [card(f"N:Family{at};A", "TEL:5550000") for at in range(count)]
    there = [card(f"N:Family{at};A", "TEL:5550000", "NOTE:x") for at in mixed(count)]
    found = Matched(here, there)
    assert len(found.pairs) == count and found.reads == count


def test_a_thousand_namesakes_cost_no_more_either() -> None:
    count = 600
    here = [card("N:Doe;John", f"TEL:{1_000_000 + at}") for at in range(count)]
    there = [card("N:Doe;John", f"TEL:{1_000_000 + at}", "NOTE:x") for at in mixed(count)]
    found = Matched(here, there)
    assert len(found.pairs) == count and found.reads <= count * CROWD
    everywhere = [card("N:Doe;John", *(f"TEL:{1_000_000 + (at + step) % count}" for step in range(9)), "NOTE:y")
                  for at in mixed(count)]
    assert Matched(here, everywhere).reads <= WORK * 2 * count + CROWD * 10


class TestInASync:
    def sync(self, here: Sequence[bytes], there: Sequence[bytes]) -> Pair:
        both = Pair({"things": MemoryStore(ANY)}, {"things": MemoryStore(ANY)})
        for store, items in ((both.client["things"], here), (both.server["things"], there)):
            for body in items:
                fill(store, body, type=kind(body))
        self.left, self.right = both.sync("slow")
        assert fine(self.left) and fine(self.right)
        return both

    def test_what_looks_alike_is_told_with_both_names(self) -> None:
        here, there = card("N:Doe;John", "FN:John Doe", "TEL:1111111"), card("N:DOE;JOHN", "TEL:2222222")
        both = self.sync([here], [there])
        assert bodies(both.client["things"]) == bodies(both.server["things"]) == sorted((here, there))
        part = self.right.report.datastores["things"]
        (near,) = part.near
        assert (near.title_here, near.title_there) == ("DOE JOHN", "John Doe")
        assert "'DOE JOHN' here and 'John Doe' there look alike; both stay" in self.right.report.table()
        assert self.right.report.exit_code == 0 and part.as_dict()["near"] == [near._asdict()]

    def test_the_other_version_of_a_card_is_the_same(self) -> None:
        both = self.sync([card("N:Doe;John", "TEL;CELL:0170-1111111", version="2.1")],
                         [card("FN:John Doe", "N:Doe;John;;;", "TEL;TYPE=cell:+491701111111", "NOTE:ours")])
        assert len(bodies(both.client["things"])) == len(bodies(both.server["things"])) == 1
        assert not self.right.report.datastores["things"].near

    def test_a_calendar_with_zones_meets_a_phone_without(self) -> None:
        here = [event("SUMMARY:Tea", f"DTSTART:202607{day:02}T120000", f"DTEND:202607{day:02}T130000")
                for day in range(1, 29)]
        there = [event("SUMMARY:Tea", f"DTSTART;TZID=Europe/Berlin:202607{day:02}T120000",
                       f"DTEND;TZID=Europe/Berlin:202607{day:02}T130000", f"UID:{day:020}") for day in range(1, 29)]
        both = self.sync(here, there)
        assert len(bodies(both.client["things"])) == len(bodies(both.server["things"])) == 28
