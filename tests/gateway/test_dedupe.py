"""Cleaning up a datastore: what is there twice becomes one, nothing gets lost, peers learn of it, no guesses."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair import Cut, Pair, bodies, delete, edit, fill, fine, transferred

from minisyncml.content.kind import kind
from minisyncml.gateway.dedupe import ALIKE, EQUAL, apply, find
from minisyncml.limits import DEFAULT
from minisyncml.store.base import ASKED, Entry, Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.place import open_store
from minisyncml.store.trash import restore
from minisyncml.transport.base import Packet

ANY = (("*/*", ""),)


def card(*lines: str, version: str = "3.0", end: str = "\r\n") -> bytes:
    return end.join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", "")).encode()


def event(*lines: str) -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR",
                        "")).encode()


JOHN = card("N:Doe;John;;;", "FN:John Doe", "TEL:+491701234567")
TEA = event("SUMMARY:Tea", "DTSTART:20260710T100000Z", "UID:1")


def store(items: Sequence[bytes]) -> MemoryStore:
    made = MemoryStore(ANY)
    for body in items:
        fill(made, body, type=kind(body))
    return made


def trashed(one: Store) -> "list[bytes]":
    return sorted(item.body for item in one.trash() if item.reason == "duplicate")


class TestFind:
    def test_nothing_twice(self) -> None:
        found = find(store([JOHN, TEA, card("N:Doe;Jane", "TEL:1111111"), b"a note"]))
        assert (found.groups, found.near, found.extra) == ([], [], 0)

    def test_equal_ones_and_alike_ones(self) -> None:
        other = TEA.replace(b"UID:1", b"UID:2")
        found = find(store([TEA, JOHN, other, other.replace(b"\r\n", b"\n"),
                            card("N:DOE;JOHN", "TEL;CELL:0170 1234567", version="2.1")]))
        assert [(one.title, one.ids, one.why) for one in found.groups] == [
            ("Tea, 2026-07-10", ("1", "3", "4"), EQUAL), ("John Doe", ("2", "5"), ALIKE)]
        assert found.extra == 3

    def test_who_could_be_two_is_nobody(self) -> None:
        """One John without a number may be either of two."""
        found = find(store([card("N:Doe;John", "TEL:1111111"), card("N:Doe;John", "TEL:2222222"),
                            card("N:Doe;John", "NOTE:which?")]))
        assert not found.groups and {(one.one, one.other) for one in found.near} == {("1", "2"), ("1", "3"), ("2", "3")}
        assert {one.title for one in found.near} == {"Doe John"}

    def test_what_looks_alike_is_told(self) -> None:
        found = find(store([card("N:Doe;John", "TEL:1111111"), card("N:Doe;John", "TEL:2222222")]))
        assert not found.groups and len(found.near) == 1

    def test_a_known_zone_tells_events_apart(self) -> None:
        items = [event("SUMMARY:Tea", "DTSTART:20260710T100000Z"), event("SUMMARY:Tea", "DTSTART:20260710T120000")]
        assert find(store(items), "Europe/Berlin").groups and not find(store(items), "Asia/Tokyo").groups


class TestApply:
    def test_one_of_each_stays_and_the_rest_can_come_back(self) -> None:
        extra = card("N:Doe;John", "TEL:+491701234567", "EMAIL:john@example.org")
        items = [JOHN, TEA, JOHN, extra, TEA, TEA]
        place = store(items)
        done = apply(place, find(place).groups)
        assert (done.removed, done.united) == (4, 1) and not find(place).groups
        [john] = [body for body in bodies(place) if b"VCARD" in body]
        assert b"FN:John Doe" in john and b"EMAIL:john@example.org" in john and len(bodies(place)) == 2
        left = bodies(place) + trashed(place)
        assert all(left.count(body) >= items.count(body) - (body == JOHN) for body in items)

    def test_where_they_contradict_the_richer_one_stays(self) -> None:
        rich = card("N:Doe;John", "TEL:1111111", "NOTE:one", "TITLE:Dr", "EMAIL:a@example.org")
        poor = card("N:Doe;John", "TEL:1111111", "NOTE:two")
        place = store([poor, rich])
        assert apply(place, find(place).groups)[:2] == (1, 0)
        assert bodies(place) == [rich] and trashed(place) == [poor]

    def test_what_is_gone_meanwhile_is_left_alone(self) -> None:
        place = store([TEA, TEA])
        groups = find(place).groups
        with place.begin() as batch:
            batch.remove("1")
            batch.commit()
        assert apply(place, groups).removed == 0 and bodies(place) == [TEA]

    def test_a_peer_that_has_only_one_keeps_it(self) -> None:
        place = store([TEA, TEA, TEA])
        with place.begin() as batch:
            batch.set_entry("phone|cal", Entry("3", "L3", 3, b"3" * 16))
            batch.set_shadow("phone|cal", "3", b"shadow")
            for id in ("1", "2"):
                batch.set_entry("other|cal", Entry(id, f"G{id}", 3, b"3" * 16))
            batch.commit()
        done = apply(place, find(place).groups)
        kept, = (row.id for row in place.rows())
        assert done.due == {"other|cal": 1}
        entry = place.by_remote("phone|cal", "L3")
        assert entry is not None and entry.id == kept == "1" and place.shadow("phone|cal", kept) == b"shadow"
        assert [one.id for one in place.entries("other|cal")] == ["1", "2"]     # the second is a deletion that is due

    def test_what_differs_never_leaves_the_trash(self) -> None:
        """Five groups of two that contradict each other, and room for three; what is equal may be forgotten."""
        items = [card(f"N:Doe;J{number}", f"TEL:555000{number}", f"NOTE:{word}")
                 for number in range(5) for word in ("a", "b")]
        place = MemoryStore(ANY, DEFAULT._replace(trash_items=6))
        for body in [*items, *[TEA] * 9]:
            fill(place, body, type=kind(body))
        done = apply(place, find(place).groups)
        assert (done.removed, done.left) == (8 + 3, 2)
        assert all(body in bodies(place) + trashed(place) for body in items)
        assert apply(place, find(place).groups).left == 0 and len(bodies(place)) == 6

    def test_an_open_conflict_is_left_alone(self) -> None:
        place = store([TEA, TEA, TEA])
        with place.begin() as batch:
            batch.set_entry("phone|cal", Entry("2", "L2", 3, b"3" * 16, ASKED))
            batch.commit()
        assert apply(place, find(place).groups).removed == 1
        assert sorted(row.id for row in place.rows()) == ["1", "2"]

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.sampled_from((
        JOHN, JOHN.replace(b"\r\n", b"\n"), TEA, TEA.replace(b"UID:1", b"UID:9"), card("N:Doe;John"),
        card("N:Doe;John", "TEL:1234567", "NOTE:a"), card("N:Doe;John", "TEL:7654321"), b"text", b"text\n", b"Text",
    )), max_size=10))
    def test_nothing_is_lost_and_once_is_enough(self, items: "list[bytes]") -> None:
        place = store(items)
        apply(place, find(place).groups)
        assert not find(place).groups
        replaced = [one.body for one in place.trash()]
        assert all(body in bodies(place) + replaced for body in items)
        assert bool(bodies(place)) == bool(items)


@pytest.mark.parametrize("mode", ["two-way", "slow"])
def test_peers_lose_their_copies_at_the_next_sync(tmp_path: Path, mode: str) -> None:
    """Both sides hold everything three times; one side is cleaned up. Then the other may compare everything anew."""
    here = open_store(str(tmp_path / "calendar"), "calendar", str(tmp_path / "data"))
    here.refresh()
    events = [event(f"SUMMARY:Tea {day}", f"DTSTART:202607{day:02}T100000Z", f"UID:{copy}-{day}")
              for day in range(1, 11) for copy in range(3)]
    fill(here, *events, type="text/calendar")
    both = Pair({"calendar": MemoryStore(ANY)}, {"calendar": here})
    assert all(map(fine, both.sync()))
    assert len(bodies(both.client["calendar"])) == 30
    done = apply(here, find(here).groups)
    assert done.removed == 20 and list(done.due.values()) == [20]
    here.checkpoint()
    assert len(list((tmp_path / "calendar").glob("*.ics"))) == 10
    assert all(map(fine, both.sync(mode)))
    assert bodies(both.client["calendar"]) == bodies(here) and len(bodies(here)) == 10
    assert not any(map(transferred, both.sync()))
    here.close()


def test_what_the_peer_edited_meanwhile_is_no_copy() -> None:
    here, there = store([]), store([JOHN, JOHN, JOHN])
    both = Pair({"contacts": there}, {"contacts": here})
    both.sync()
    apply(here, find(here).groups)
    other = JOHN.replace(b"4567", b"9999")
    for row, body in zip(list(there.rows()), (JOHN, JOHN, other)):
        edit(there, row.id, body.decode())
    both.sync("slow")
    both.sync()
    assert bodies(here) == bodies(there) == sorted([JOHN, other])
    assert not any(map(transferred, both.sync()))


def test_what_was_deleted_otherwise_comes_back_in_a_slow_sync() -> None:
    """Only what is still here in another item may go there: a slow sync is how a lost folder is filled again."""
    here, there = store([]), store([JOHN, TEA])
    both = Pair({"contacts": there}, {"contacts": here})
    both.sync()
    delete(here, *[row.id for row in here.rows()])
    both.sync("slow")
    assert bodies(here) == bodies(there) == sorted([JOHN, TEA])


def test_what_was_taken_back_stays() -> None:
    here, there = store([]), store([JOHN, JOHN])
    both = Pair({"contacts": there}, {"contacts": here})
    both.sync()
    apply(here, find(here).groups)
    restore(here, "dedupe")
    both.sync("slow")
    assert bodies(here) == bodies(there) == [JOHN, JOHN]


@pytest.mark.parametrize("mode", ["two-way", "slow"])
@pytest.mark.parametrize("rest", [JOHN, JOHN.replace(b"END:", b"NOTE:poorer\r\nEND:")], ids=["equal", "alike"])
def test_who_cleans_up_on_both_sides_keeps_one(mode: str, rest: bytes) -> None:
    """The phone threw out the very one that stayed here."""
    rich = JOHN if rest == JOHN else JOHN.replace(b"END:", b"NOTE:what stays\r\nTITLE:Dr\r\nEND:")
    here, there = store([]), store([rich, rest, rest])
    both = Pair({"contacts": there}, {"contacts": here})
    both.sync()
    apply(here, find(here).groups)
    kept, = bodies(here)
    peer, = here.peers()
    entry = here.entry(peer, next(here.rows()).id)
    assert entry is not None
    delete(there, entry.remote)
    for _ in range(2):
        assert all(map(fine, both.sync(mode)))
    assert bodies(here) == bodies(there) == [kept] and not any(map(transferred, both.sync()))


def test_who_throws_out_all_there_throws_out_all() -> None:
    here, there = store([]), store([JOHN, JOHN, TEA])
    both = Pair({"contacts": there}, {"contacts": here})
    both.sync()
    apply(here, find(here).groups)
    delete(there, "1", "2")
    assert all(map(fine, both.sync())) and bodies(here) == bodies(there) == [TEA]


def test_copies_do_not_come_back_though_the_last_word_of_the_session_before_was_lost() -> None:
    """That it was finished is known only when the next one begins, in which all is compared."""
    here, there = store([]), store([JOHN, JOHN])
    both = Pair({"contacts": there}, {"contacts": here})
    both.sync()
    fill(here, TEA, type="text/calendar")

    def carry(way: str, number: int, packet: Packet) -> Packet:
        if (way, number) == ("up", 2):
            raise Cut
        return packet

    with pytest.raises(Cut):
        both.sync(carry=carry)
    apply(here, find(here).groups)
    both.sync("slow")
    both.sync()
    assert bodies(here) == bodies(there) == sorted([JOHN, TEA])
    assert not any(map(transferred, both.sync())) and "copies" not in here.facts(here.peers()[0])
