"""Slow sync: what is the same thing is not doubled, what is not is not mixed up, and doing it again changes nothing."""

from __future__ import annotations

import pytest
from pair import Pair, bodies, edit, fill, fine, transferred
from probe import Probe, add, replace
from scenes import TEXT

from minisyncml.content.kind import kind
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import Packet

ANY = (("*/*", ""),)


def card(name: str, *lines: str, version: str = "2.1", end: str = "\r\n") -> bytes:
    return end.join(("BEGIN:VCARD", f"VERSION:{version}", f"N:{name}", *lines, "END:VCARD", "")).encode()


def event(summary: str, *lines: str, version: str = "1.0", end: str = "\r\n") -> bytes:
    inside = (f"SUMMARY:{summary}", *lines)
    return end.join(("BEGIN:VCALENDAR", f"VERSION:{version}", "BEGIN:VEVENT", *inside, "END:VEVENT", "END:VCALENDAR",
                     "")).encode()


LONG = "UID:12345678-1234-1234-1234-1234567890ab"
#: two versions of one thing, in other bytes
SAME = {
    "line ends": (card("Doe;John", "TEL:1"), card("Doe;John", "TEL:1", end="\n")),
    "order": (card("Doe;John", "TEL:1", "EMAIL:a@b"), card("Doe;John", "EMAIL:a@b", "TEL:1")),
    "stamps": (card("Doe;John", "TEL:1", "REV:20200101T000000Z"), card("Doe;John", "TEL:1", "X-IRMC-LUID:7")),
    "number format": (card("Doe;John", "TEL:+49 170 1234567"), card("Doe;John", "TEL;CELL:01701234567")),
    "empty fields": (card("Doe;John;;;", "TEL:1"), card("Doe;John", "TEL:1", "NOTE:")),
    "quoted-printable": (card("M=C3=BCller;Eva", "TEL:1").replace(
        b"\nN:", b"\nN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:"),
                         card("Müller;Eva", "TEL:1")),
    "vCard version": (card("Doe;John", "TEL:1"), card("Doe;John", "FN:John Doe", "TEL;TYPE=cell:1", version="3.0")),
    "more data": (card("Doe;John", "TEL:1"), card("Doe;John", "TEL:1", "NOTE:likes tea", "TITLE:Dr")),
    "long uid": (card("Doe;John", "TEL:1", LONG), card("Doe;Johnny", "TEL:2", LONG)),
    "uids of two makers": (card("Doe;John", "TEL:1", LONG), card("Doe;John", "TEL:1", LONG.replace("ab", "cd"))),
    "case and space": (card("DOE;John", "TEL:1"), card("Doe; john", "TEL:1")),
    "folded": (card("Doe;John", "TEL:1", "NOTE:one two"), card("Doe;John", "TEL:1", "NOTE:one\r\n  two")),
    "event": (event("Tea", "DTSTART:20260101T100000Z"), event("Tea", "DTSTART:20260101T100000Z", end="\n")),
    "event version": (event("Tea", "DTSTART:20260101T100000Z"),
                      event("Tea", "DTSTART:20260101T100000Z", "DTSTAMP:20250101T000000Z", version="2.0")),
    "event more": (event("Tea", "DTSTART:20260101T100000Z"),
                   event("Tea", "DTSTART:20260101T100000Z", "LOCATION:Hall")),
    "text": (b"buy milk\r\nand tea\r\n", b"buy milk\nand tea"),
}
#: different things that look alike
APART = {
    "number": (card("Doe;John", "TEL:111111"), card("Doe;John", "TEL:222222")),
    "name": (card("Doe;John", "TEL:1"), card("Doe;Jane", "TEL:1")),
    "uid": (event("Tea", "DTSTART:20260101T100000Z", LONG),
            event("Tea", "DTSTART:20260101T100000Z", "LOCATION:Hall", LONG.replace("ab", "cd"))),
    "mail": (card("Doe;John", "EMAIL:a@b"), card("Doe;John", "EMAIL:c@d")),
    "start": (event("Tea", "DTSTART:20260101T100000Z"), event("Tea", "DTSTART:20260102T100000Z")),
    "summary": (event("Tea", "DTSTART:20260101T100000Z"), event("Coffee", "DTSTART:20260101T100000Z")),
    "text": (b"buy milk", b"buy tea"),
    "case of text": (b"buy milk", b"Buy milk"),
}


def pair() -> Pair:
    return Pair({"things": MemoryStore(ANY)}, {"things": MemoryStore(ANY)})


def put(store: object, *things: bytes) -> None:
    for body in things:
        fill(store, body, type=kind(body))     # type: ignore[arg-type]


def counts(pair: Pair) -> "tuple[int, int]":
    return len(pair.client["things"]), len(pair.server["things"])


@pytest.mark.parametrize("policy", ("keep-both", "server-wins", "client-wins"))
@pytest.mark.parametrize("one, other", SAME.values(), ids=SAME)
def test_the_same_thing_is_not_doubled(one: bytes, other: bytes, policy: str) -> None:
    both = pair()
    both.server_options = both.server_options._replace(conflict=policy)
    put(both.client["things"], one)
    put(both.server["things"], other)
    for _ in range(4):
        left, right = both.sync("slow")
        assert fine(left) and fine(right)
        assert counts(both) == (1, 1)
    before = bodies(both.client["things"]), bodies(both.server["things"])
    both.sync("slow")
    assert (bodies(both.client["things"]), bodies(both.server["things"])) == before
    left, right = both.sync()
    assert not transferred(left) and not transferred(right)


@pytest.mark.parametrize("policy", ("keep-both", "server-wins", "client-wins"))
@pytest.mark.parametrize("one, other", SAME.values(), ids=SAME)
def test_nothing_of_either_version_is_gone(one: bytes, other: bytes, policy: str) -> None:
    """What differs in more than its dress is in a store or in the trash."""
    both = pair()
    both.server_options = both.server_options._replace(conflict=policy)
    put(both.client["things"], one)
    put(both.server["things"], other)
    both.sync("slow")
    stores = (both.client["things"], both.server["things"])
    left = {body for store in stores for body in bodies(store)} | {x.body for store in stores for x in store.trash()}
    assert {one, other} <= left


@pytest.mark.parametrize("one, other", APART.values(), ids=APART)
def test_different_things_stay_apart(one: bytes, other: bytes) -> None:
    both = pair()
    put(both.client["things"], one)
    put(both.server["things"], other)
    for _ in range(3):
        both.sync("slow")
        assert bodies(both.client["things"]) == bodies(both.server["things"]) == sorted((one, other))


@pytest.mark.parametrize("body, old, new", (
    (card("Doe;John", "TEL;HOME:1", LONG), "HOME", "WORK"),
    (event("Tea", "DTSTART;TZID=Europe/Berlin:20260101T100000", LONG, version="2.0"), "Europe/Berlin", "Asia/Tokyo"),
    (event("Tea", "DTSTART:20260101T100000Z", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b", version="2.0"), "ACC", "DECL"),
))
def test_an_edit_beside_a_value_goes_out(body: bytes, old: str, new: str) -> None:
    """Everything is compared before it could go out; a type, a zone, an answer is no matter of dress."""
    made = pair()
    put(made.server["things"], body)
    made.sync()
    edit(made.server["things"], next(made.server["things"].rows()).id, body.decode().replace(old, new))
    left, right = made.sync("slow")
    assert fine(left) and fine(right) and not transferred(made.sync()[0])
    wanted = [body.replace(old.encode(), new.encode())]
    assert bodies(made.client["things"]) == bodies(made.server["things"]) == wanted


class TestTies:
    def test_an_exact_match_is_not_taken_by_a_resemblance(self) -> None:
        near, exact = card("Doe;John", "TEL:1", "NOTE:old"), card("Doe;John", "TEL:1", "NOTE:new")
        both = pair()
        put(both.client["things"], near, exact)
        put(both.server["things"], exact)
        both.sync("slow")
        assert bodies(both.server["things"]) == bodies(both.client["things"]) == sorted((near, exact))

    def test_equal_items_are_counted(self) -> None:
        both = pair()
        put(both.client["things"], b"same", b"same", b"same")
        put(both.server["things"], b"same")
        both.sync("slow")
        assert counts(both) == (3, 3)
        both.sync("slow")
        assert counts(both) == (3, 3)

    @pytest.mark.parametrize("mine, theirs", ((1, 3), (3, 1), (2, 2)))
    def test_equal_items_on_both_sides(self, mine: int, theirs: int) -> None:
        both = pair()
        put(both.client["things"], *[b"same"] * mine)
        put(both.server["things"], *[b"same"] * theirs)
        both.sync("slow")
        assert counts(both) == (max(mine, theirs),) * 2

    def test_a_key_that_fits_two_is_not_guessed(self) -> None:
        one, two, three = (card("Doe;John", "TEL:1", f"NOTE:{word}") for word in ("a", "b", "c"))
        both = pair()
        put(both.client["things"], three)
        put(both.server["things"], one, two)
        both.sync("slow")
        assert bodies(both.client["things"]) == bodies(both.server["things"]) == sorted((one, two, three))

    def test_two_that_look_like_one(self) -> None:
        one, two, three = (card("Doe;John", "TEL:1", f"NOTE:{word}") for word in ("a", "b", "c"))
        both = pair()
        put(both.client["things"], one, two)
        put(both.server["things"], three)
        for _ in range(3):
            both.sync("slow")
            assert bodies(both.client["things"]) == bodies(both.server["things"]) == sorted((one, two, three))

    def test_the_better_one_is_taken(self) -> None:
        mine, work = card("Doe;John", "TEL:111", "TEL:222"), card("Doe;John", "TEL:333", "TEL:444")
        both = pair()
        put(both.client["things"], card("Doe;John", "TEL:333", "TEL:444", "NOTE:x"), mine.replace(b"222", b"222 2"))
        put(both.server["things"], mine, work)
        both.sync("slow")
        assert counts(both) == (2, 2)

    def test_two_that_differ_in_dress_only(self) -> None:
        body = card("Doe;John", "TEL:1")
        both = pair()
        put(both.client["things"], body, body)
        put(both.server["things"], card("Doe;John", "TEL:1", end="\n"))
        for _ in range(3):
            both.sync("slow")
            assert counts(both) == (2, 2)


def test_500_reformatted_cards_are_recognised() -> None:
    both = pair()
    put(both.client["things"], *(card(f"Doe;{n}", f"TEL:{n}000000") for n in range(500)))
    put(both.server["things"], *(card(f"Doe;{n}", f"TEL:{n}000000", end="\n") for n in range(499, -1, -1)))
    left, right = both.sync("slow")
    assert fine(left) and fine(right)
    assert counts(both) == (500, 500)
    left, right = both.sync()
    assert not left.report.datastores["things"].slow and not transferred(left)


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("way", ("up", "down"))
def test_an_edit_while_it_runs_makes_no_copy(way: str, number: int) -> None:
    both = pair()
    old, new = card("Doe;John", "TEL:1"), card("Doe;John", "TEL:1", "NOTE:new")
    put(both.client["things"], old)
    both.sync()

    def carry(direction: str, at: int, packet: Packet) -> Packet:
        if (direction, at) == (way, number):
            edit(both.client["things"], "1", new.decode())
        return packet
    both.sync("slow", carry)
    both.sync()
    assert bodies(both.client["things"]) == bodies(both.server["things"])
    assert counts(both) == (1, 1)
    # where the server had to compare, its version counts, and the trash keeps the other
    assert new in bodies(both.server["things"]) + [x.body for x in both.server["things"].trash()]


class TestFromServerOnly:
    @pytest.mark.parametrize("mode", ("one-way-from-server", "one-way-from-client"))
    def test_what_looks_alike_is_not_doubled_either(self, mode: str) -> None:
        both = pair()
        put(both.client["things"], b"same", card("Doe;John", "TEL:1"))
        put(both.server["things"], b"same", card("Doe;John", "TEL:1", end="\n"))
        both.sync(mode)
        assert counts(both) == (2, 2)
        both.sync()
        assert counts(both) == (2, 2)


class TestFirstContact:
    @pytest.mark.parametrize("last", (None, "", "0", "00000000T000000Z", "12345"))
    @pytest.mark.parametrize("known", (False, True))
    def test_last_says_nothing(self, last: "str | None", known: bool) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        if known:
            probe.session(add("L1", "a"), code=201)
        probe.anchors["notes"] = ""
        probe.new().send(probe.alert(200, last=last))
        assert probe.codes("Alert") == [508] and probe.alerts() == [201]
        probe.send(probe.sync(replace("L1", "a")))
        probe.send()
        assert bodies(probe.stores["notes"]) == [b"a"]
        probe.new().begin()
        assert probe.codes("Alert") == [200] and probe.alerts() == [200]

    @pytest.mark.parametrize("code", (202, 204))
    def test_one_way(self, code: int) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.begin(code=code)
        assert probe.codes("Alert") == [508] and probe.alerts() == [201]

    @pytest.mark.parametrize("code", (201, 203, 205))
    def test_what_needs_no_past(self, code: int) -> None:
        store = MemoryStore(TEXT)
        fill(store, "something")
        probe = Probe({"notes": store})
        probe.begin(code=code)
        assert probe.codes("Alert") == [200] and probe.alerts() == [code]

    def test_the_next_anchor_is_echoed(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        probe.send(probe.alert(201, next="20260101T000000Z"))
        status, _, alert = probe.raw.partition(b"<Alert>")
        assert b">20260101T000000Z</Next>" in status and alert

    def test_no_next_anchor(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)})
        alert = probe.alert(201)
        probe.send(alert._replace(items=(alert.items[0]._replace(meta=None),)))
        assert probe.codes("Alert") == [412]
