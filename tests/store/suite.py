"""What every store has to do. Inherit :class:`StoreTests` and say how yours is opened."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from minisyncml.digest import digest
from minisyncml.errors import ItemError, StoreBusy, StoreError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.store.base import DOOMED, SOFT, Entry, Parked, Row
from minisyncml.store.batch import Keeper
from minisyncml.store.due import changes
from minisyncml.store.trash import restore

PEER = "dev-1/contacts"
CARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:%s\r\nEND:VCARD\r\n"


def card(name: str) -> bytes:
    return CARD % name.encode()


class StoreTests:
    """`self.open()` gives the store; with `lasting` a second call gives another handle on the same data."""

    lasting = True
    type = "text/x-vcard"

    def make(self, where: Path, limits: Limits) -> Keeper:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> "object":
        self.where = tmp_path
        self.opened: "list[Keeper]" = []
        yield None
        for store in self.opened:
            store.close()

    def open(self, limits: Limits = DEFAULT) -> Keeper:
        store = self.make(self.where, limits)
        self.opened.append(store)
        return store

    def again(self, store: Keeper) -> Keeper:
        """The store as the next process finds it."""
        if not self.lasting:
            return store
        store.close()
        self.opened.remove(store)
        return self.open(store.limits)

    def add(self, store: Keeper, *names: str, peer: str = "") -> "list[Row]":
        with store.begin("s") as batch:
            rows = [batch.put(None, self.type, card(name)) for name in names]
            for row in rows:
                if peer:
                    batch.set_entry(peer, Entry(row.id, "L" + row.id, row.revision, row.digest))
            batch.commit()
        return rows

    # -- items

    def test_new_store_is_empty(self) -> None:
        store = self.open()
        assert (len(store), store.revision, list(store.rows()), store.peers()) == (0, 0, [], [])
        assert bool(store)

    def test_put_get(self) -> None:
        store = self.open()
        (row,) = self.add(store, "a")
        store = self.again(store)
        item = store.get(row.id)
        assert item is not None
        assert (item.id, item.type, item.body, item.revision, item.digest) == (
            row.id, self.type, card("a"), row.revision, digest(card("a")))
        assert store.row(row.id) == row
        assert len(store) == 1

    @pytest.mark.parametrize("id", ["", "0", "01", "-1", "x", "1 ", "99", "1.0", "٣", "9" * 40])
    def test_no_such_id(self, id: str) -> None:
        store = self.open()
        self.add(store, "a")
        assert store.get(id) is None
        assert store.row(id) is None
        assert store.entry(PEER, id) is None

    @pytest.mark.parametrize("id", ["", "0", "01", "x", "9" * 40])
    def test_bad_id_is_refused(self, id: str) -> None:
        store = self.open()
        with store.begin() as batch:
            with pytest.raises(ItemError):
                batch.put(id, self.type, b"x")
            with pytest.raises(StoreError):
                batch.set_entry(PEER, Entry(id))

    def test_replace_raises_revision(self) -> None:
        store = self.open()
        first, _ = self.add(store, "a", "b")
        with store.begin() as batch:
            row = batch.put(first.id, self.type, card("c"))
            same = batch.put(first.id, self.type, card("c"))
            batch.commit()
        assert first.revision < row.revision < same.revision == store.revision
        store = self.again(store)
        assert store.revision == same.revision
        assert [r.id for r in store.rows()] == ["1", "2"]
        item = store.get(first.id)
        assert item is not None and item.body == card("c")

    def test_ids_and_revisions_are_never_given_again(self) -> None:
        store = self.open()
        rows = self.add(store, "a", "b")
        with store.begin() as batch:
            for row in rows:
                batch.remove(row.id)
            batch.commit()
        store = self.again(store)
        assert len(store) == 0
        (row,) = self.add(store, "c")
        assert row.id == "3"
        assert row.revision > rows[-1].revision

    def test_put_of_an_id_that_is_gone(self) -> None:
        store = self.open()
        self.add(store, "a", "b")
        with store.begin() as batch:
            batch.remove("1")
            batch.commit()
        with store.begin() as batch:
            batch.put("1", self.type, card("z"))
            batch.commit()
        store = self.again(store)
        assert [r.id for r in store.rows()] == ["1", "2"]
        item = store.get("1")
        assert item is not None and item.body == card("z")

    def test_any_bytes_come_back(self) -> None:
        bodies = [bytes(range(256)), b"\xff\xfe\x00", b"a\r\nb\nc\r", "ä€😀".encode(), b"\n", b"x" * 100_000]
        store = self.open()
        with store.begin() as batch:
            rows = [batch.put(None, self.type, body) for body in bodies]
            batch.commit()
        store = self.again(store)
        assert [getattr(store.get(row.id), "body", None) for row in rows] == bodies

    def test_rows_start_behind_an_id(self) -> None:
        store = self.open()
        self.add(store, *map(str, range(600)))
        assert [int(row.id) for row in store.rows()] == list(range(1, 601))
        assert [int(row.id) for row in store.rows("9")][:2] == [10, 11]
        assert list(store.rows("600")) == []

    def test_too_large(self) -> None:
        store = self.open(Limits(max_obj_size=10))
        with store.begin() as batch:
            with pytest.raises(ItemError) as caught:
                batch.put(None, self.type, b"x" * 11)
            assert caught.value.status == 413
            batch.put(None, self.type, b"x" * 10)
            batch.commit()
        assert len(store) == 1

    # -- batches

    def test_without_commit_nothing_happens(self) -> None:
        store = self.open()
        self.add(store, "a", peer=PEER)
        with store.begin() as batch:
            batch.put(None, self.type, card("b"))
            batch.remove("1")
            batch.clear_entries(PEER)
            batch.set_facts(PEER, {"x": 1})
        store = self.again(store)
        assert [row.id for row in store.rows()] == ["1"]
        assert [entry.id for entry in store.entries(PEER)] == ["1"]
        assert store.facts(PEER) == {}
        assert list(store.trash()) == []

    def test_an_error_inside_forgets_the_batch_and_frees_the_lock(self) -> None:
        store = self.open()
        with pytest.raises(ZeroDivisionError):
            with store.begin() as batch:
                batch.put(None, self.type, card("b"))
                raise ZeroDivisionError
        assert len(self.again(store)) == 0
        self.add(self.opened[-1], "a")

    def test_a_batch_ends_with_commit(self) -> None:
        store = self.open()
        with store.begin() as batch:
            batch.put(None, self.type, card("a"))
            batch.commit()
            with pytest.raises(StoreError):
                batch.put(None, self.type, card("b"))
            with pytest.raises(StoreError):
                batch.commit()
        assert len(store) == 1

    def test_batch_sees_its_own_changes(self) -> None:
        store = self.open()
        self.add(store, "a", "b", "c", peer=PEER)
        with store.begin() as batch:
            batch.remove("2")
            new = batch.put(None, self.type, card("d"))
            batch.put("1", self.type, card("A"))
            batch.set_entry(PEER, Entry("4", "new", 0))
            batch.drop_entry(PEER, "3")
            batch.set_entry(PEER, Entry("1", "other", 1))
            assert [row.id for row in batch.rows()] == ["1", "3", "4"]
            assert [row.id for row in batch.rows("1")] == ["3", "4"]
            assert batch.row("1") is not None and batch.row("1") != store.row("1")
            assert batch.row("2") is None and batch.get("2") is None
            assert getattr(batch.get(new.id), "body", b"") == card("d")
            assert [entry.id for entry in batch.entries(PEER)] == ["1", "2", "4"]
            assert getattr(batch.by_remote(PEER, "other"), "id", "") == "1"
            assert batch.by_remote(PEER, "L1") is None
            assert batch.by_remote(PEER, "L3") is None
            assert getattr(batch.by_remote(PEER, "L2"), "id", "") == "2"
            batch.clear_entries(PEER)
            assert list(batch.entries(PEER)) == [] and batch.entry(PEER, "2") is None
            assert batch.by_remote(PEER, "L2") is None
            batch.set_entry(PEER, Entry("2", "L2", 9))
            assert [entry.seen for entry in batch.entries(PEER)] == [9]
            assert [row.id for row in store.rows()] == ["1", "2", "3"], "not before the commit"

    def test_busy(self) -> None:
        store = self.open()
        store.lock_timeout = 0.01
        if hasattr(store, "_journal"):
            store._journal.timeout = 0.01
        with store.begin():
            with pytest.raises(StoreBusy):
                store.begin()
        store.begin().commit()
        self.add(store, "a")

    def test_sessions_at_once(self) -> None:
        store = self.open()

        def work(name: str) -> None:
            for n in range(10):
                self.add(store, f"{name}{n}", peer=name)
                store.refresh()
                for row in store.rows():
                    store.get(row.id)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store) == 40
        store = self.again(store)
        assert sorted(len(list(store.entries(name))) for name in "abcd") == [10] * 4
        assert len({getattr(store.get(row.id), "body", b"") for row in store.rows()}) == 40

    # -- peers

    def test_entries(self) -> None:
        store = self.open()
        entries = [Entry("3", "x", 7, b"d" * 16, SOFT), Entry("12"), Entry("100", "ü/\udc80", 2, b"ab", 3)]
        with store.begin() as batch:
            for entry in reversed(entries):
                batch.set_entry(PEER, entry)
            batch.set_entry("other", Entry("3", "y"))
            batch.commit()
        store = self.again(store)
        assert list(store.entries(PEER)) == entries
        assert list(store.entries(PEER, "3")) == entries[1:]
        assert [store.entry(PEER, entry.id) for entry in entries] == entries
        assert store.by_remote(PEER, "ü/\udc80") == entries[2]
        assert store.by_remote(PEER, "y") is None and store.by_remote(PEER, "") is None
        assert store.by_remote("nobody", "x") is None and list(store.entries("nobody")) == []
        assert store.peers() == [PEER, "other"]

    def test_entry_may_get_another_remote(self) -> None:
        store = self.open()
        for remote in ("a", "b", "a"):
            with store.begin() as batch:
                batch.set_entry(PEER, Entry("1", remote))
                batch.commit()
            assert store.by_remote(PEER, remote) == Entry("1", remote)
        assert store.by_remote(PEER, "b") is None
        with store.begin() as batch:
            batch.drop_entry(PEER, "1")
            batch.set_entry(PEER, Entry("2", "a"))
            batch.commit()
        assert store.by_remote(PEER, "a") == Entry("2", "a")

    def test_many_remotes(self) -> None:
        store = self.open()
        for start in range(0, 2000, 500):
            with store.begin() as batch:
                for n in range(start, start + 500):
                    batch.set_entry(PEER, Entry(str(n + 1), f"guid-{n}"))
                batch.commit()
            assert getattr(store.by_remote(PEER, f"guid-{start}"), "id", "") == str(start + 1)
        assert [getattr(store.by_remote(PEER, f"guid-{n}"), "id", "") for n in range(2000)] == [
            str(n + 1) for n in range(2000)]

    def test_facts(self) -> None:
        store = self.open()
        facts: "dict[str, object]" = {"anchor": "20261", "n": 3, "deep": {"list": [1, "ü", None, True, 1.5]}}
        with store.begin() as batch:
            batch.set_facts(PEER, facts)
            assert batch.facts(PEER) == facts
            batch.commit()
        store = self.again(store)
        assert store.facts(PEER) == facts
        store.facts(PEER)["deep"]["list"].clear()       # type: ignore[index]
        assert store.facts(PEER) == facts, "a new dict each time"
        with store.begin() as batch:
            batch.set_facts(PEER, {})
            batch.commit()
        assert self.again(store).peers() == []

    def test_facts_are_json(self) -> None:
        with self.open().begin() as batch:
            with pytest.raises(TypeError):
                batch.set_facts(PEER, {"x": b"bytes"})

    def test_parked(self) -> None:
        store = self.open()
        one, two = Parked("r1", self.type, b"\x001"), Parked("r2", "text/plain", b"2")
        with store.begin() as batch:
            batch.park(PEER, one)
            batch.commit()
        with store.begin() as batch:
            batch.park(PEER, two)
            batch.park("other", one)
            assert list(batch.parked(PEER)) == [one, two]
            batch.commit()
        store = self.again(store)
        assert list(store.parked(PEER)) == [one, two]
        with store.begin() as batch:
            batch.park(PEER, one._replace(body=b"new"))
            assert list(batch.parked(PEER)) == [one._replace(body=b"new"), two]
            batch.commit()
        assert list(store.parked(PEER)) == [one._replace(body=b"new"), two]
        with store.begin() as batch:
            batch.clear_parked(PEER)
            batch.park(PEER, two)
            assert list(batch.parked(PEER)) == [two]
            batch.commit()
        store = self.again(store)
        assert (list(store.parked(PEER)), list(store.parked("other"))) == ([two], [one])

    def test_unpark(self) -> None:
        store = self.open()
        parked = [Parked(f"r{number}", self.type, b"%d" % number) for number in range(4)]
        with store.begin() as batch:
            for one in parked[:3]:
                batch.park(PEER, one)
            batch.commit()
        with store.begin() as batch:
            batch.park(PEER, parked[3])
            for remote in ("r1", "r3", "never there"):
                batch.unpark(PEER, remote)
            assert list(batch.parked(PEER)) == [parked[0], parked[2]]
            batch.commit()
        store = self.again(store)
        assert list(store.parked(PEER)) == [parked[0], parked[2]]

    def test_shadows(self) -> None:
        store = self.open()
        self.add(store, "a", "b", "c", peer=PEER)
        bodies = {"1": b"\xff\r\n" * 999, "2": b"short", "3": b"3"}
        with store.begin() as batch:
            for id, body in bodies.items():
                batch.set_shadow(PEER, id, body)
            assert [batch.shadow(PEER, id) for id in bodies] == list(bodies.values())
            batch.commit()
        store = self.again(store)
        assert {id: store.shadow(PEER, id) for id in store.shadows(PEER)} == bodies
        assert [store.shadow(PEER, id) for id in ("4", "x", "")] == [b""] * 3
        assert store.shadow("other", "1") == b"" and not list(store.shadows("other"))
        assert store.peers() == [PEER]
        with store.begin() as batch:
            batch.set_shadow(PEER, "2", b"")
            batch.drop_entry(PEER, "3")
            batch.set_shadow(PEER, "7", b"new")
            assert (batch.shadow(PEER, "2"), batch.shadow(PEER, "3"), sorted(batch.shadows(PEER))) == (
                b"", b"", ["1", "7"])
            assert store.shadow(PEER, "2") == b"short", "not before the commit"
            batch.commit()
        store = self.again(store)
        assert (sorted(store.shadows(PEER)), store.shadow(PEER, "7")) == (["1", "7"], b"new")

    def test_a_slow_sync_keeps_shadows(self) -> None:
        store = self.open()
        self.add(store, "a", peer=PEER)
        with store.begin() as batch:
            batch.set_shadow(PEER, "1", b"as it was")
            batch.commit()
        with store.begin() as batch:
            batch.clear_entries(PEER)
            assert batch.shadow(PEER, "1") == b"as it was"
            batch.commit()
        store = self.again(store)
        assert store.shadow(PEER, "1") == b"as it was" and store.peers() == [PEER]
        with store.begin() as batch:
            batch.drop_entry(PEER, "1")
            batch.commit()
        store = self.again(store)
        assert list(store.shadows(PEER)) == store.peers() == []

    def test_bad_id_has_no_shadow(self) -> None:
        with self.open().begin() as batch:
            with pytest.raises(StoreError):
                batch.set_shadow(PEER, "x", b"1")

    def test_forget(self) -> None:
        store = self.open()
        self.add(store, "a", peer=PEER)
        self.add(store, "b", peer="other")
        with store.begin() as batch:
            batch.set_facts(PEER, {"x": 1})
            batch.park(PEER, Parked("r", self.type, b"1"))
            batch.set_shadow(PEER, "1", b"1")
            batch.set_shadow("other", "1", b"2")
            batch.commit()
        store.forget(PEER)
        store = self.again(store)
        assert store.peers() == ["other"]
        assert (store.shadow(PEER, "1"), store.shadow("other", "1")) == (b"", b"2")
        assert list(store.parked(PEER)) == [] and list(store.entries(PEER)) == []
        assert len(store) == 2

    # -- trash

    def test_trash(self) -> None:
        store = self.open()
        self.add(store, "a", "b")
        with store.begin("s7") as batch:
            batch.put("1", self.type, card("A"), reason="replaced")
            batch.remove("2", reason="deleted")
            batch.bin("1", "text/plain", b"\xff loser", "conflict")
            batch.commit()
        store = self.again(store)
        kept = list(store.trash())
        assert [(t.session, t.id, t.type, t.body, t.reason) for t in kept] == [
            ("s7", "1", self.type, card("a"), "replaced"),
            ("s7", "2", self.type, card("b"), "deleted"),
            ("s7", "1", "text/plain", b"\xff loser", "conflict"),
        ]
        assert [t.number for t in kept] == sorted({t.number for t in kept})

    def test_trash_is_bounded(self) -> None:
        store = self.open(Limits(trash_items=3, trash_bytes=100))
        for n in range(5):
            with store.begin() as batch:
                batch.bin("1", self.type, b"%d" % n, "x")
                batch.commit()
        store = self.again(store)
        assert [t.body for t in store.trash()] == [b"2", b"3", b"4"]
        with store.begin() as batch:
            batch.bin("1", self.type, b"x" * 99, "x")
            batch.commit()
        assert [len(t.body) for t in store.trash()] == [1, 99]
        numbers = [t.number for t in store.trash()]
        with store.begin() as batch:
            batch.bin("1", self.type, b"x" * 101, "x")
            batch.bin("1", self.type, b"y", "x")
            batch.commit()
        store = self.again(store)
        assert [t.body for t in store.trash()] == [b"y"]
        assert next(store.trash()).number > max(numbers)

    def test_restore(self) -> None:
        store = self.open()
        self.add(store, "a", "b", "c", peer=PEER)
        with store.begin("bad") as batch:
            batch.remove("1", reason="deleted")
            batch.put("2", self.type, card("B"), reason="replaced")
            batch.commit()
        with store.begin("other") as batch:
            batch.remove("3", reason="deleted")
            batch.commit()
        before = store.revision
        rows = restore(store, "bad")
        store = self.again(store)
        assert [row.id for row in rows] == ["1", "4"], "the id of 2 is in use"
        assert all(row.revision > before for row in rows)
        assert getattr(store.get("1"), "body", b"") == card("a")
        assert getattr(store.get("4"), "body", b"") == card("b")
        assert [t.session for t in store.trash()] == ["other"]
        assert restore(store, "bad") == []

    # -- changes

    def test_changes(self) -> None:
        store = self.open()
        self.add(store, "a", "b", "c", "d", "e", peer=PEER)
        with store.begin() as batch:
            batch.put("1", self.type, card("A"))
            batch.remove("2")
            batch.remove("3")
            batch.set_entry(PEER, Entry("3", "L3", 9, b"", DOOMED))
            batch.put("4", self.type, card("D"))
            batch.set_entry(PEER, Entry("5", "L5", 0, b"", SOFT))
            batch.put(None, self.type, card("f"))
            batch.commit()
        upto = store.revision
        self.add(store, "late")
        expected = [("Replace", "1"), ("Delete", "2"), ("Replace", "4"), ("Add", "5"), ("Add", "6")]
        assert [(c.kind, c.id) for c in changes(store, PEER, upto)] == expected
        got: "list[tuple[str, str]]" = []
        after = ""
        while True:
            some = changes(store, PEER, upto, after, 2)
            got += [(c.kind, c.id) for c in some]
            if len(some) < 2:
                break
            after = some[-1].id
        assert got == expected

    # -- several handles

    def test_two_handles(self) -> None:
        if not self.lasting:
            return
        one, two = self.open(), self.open()
        self.add(one, "a", peer=PEER)
        self.add(two, "b")
        with two.begin() as batch:
            batch.remove("1", reason="x")
            batch.commit()
        one.refresh()
        assert [row.id for row in one.rows()] == ["2"]
        assert getattr(one.get("2"), "body", b"") == card("b")
        assert [t.id for t in one.trash()] == ["1"]
        for n in range(40):
            for store in (one, two):
                with store.begin() as batch:
                    batch.bin("1", self.type, b"x" * 30_000, "")
                    batch.clear_entries(PEER)
                    batch.set_entry(PEER, Entry("2", str(n)))
                    batch.commit()
        one.refresh()
        two.refresh()
        assert list(one.entries(PEER)) == list(two.entries(PEER)) == [Entry("2", "39")]
        assert len(list(one.trash())) == len(list(two.trash())) == 81

    def test_like_a_simple_model(self) -> None:
        """A long random walk; the hypothesis machine looks for short ones."""
        chance = random.Random(7)
        store = self.open(Limits(trash_items=5))
        model: "dict[str, bytes]" = {}
        entries: "dict[str, Entry]" = {}
        for step in range(120):
            with store.begin() as batch:
                for _ in range(chance.randrange(6)):
                    known = sorted(model)
                    act = chance.randrange(4)
                    if act == 0 or not known:
                        model[batch.put(None, self.type, card(str(step))).id] = card(str(step))
                        continue
                    id = chance.choice(known)
                    if act == 1:
                        batch.put(id, self.type, card("r%d" % step), "old")
                        model[id] = card("r%d" % step)
                    elif act == 2:
                        batch.remove(id, "gone")
                        del model[id]
                    else:
                        entries[id] = Entry(id, "L%d" % chance.randrange(10**9), step)
                        batch.set_entry(PEER, entries[id])
                batch.commit()
            if step % 10 == 0:
                store = self.again(store)
            assert {row.id: getattr(store.get(row.id), "body", None) for row in store.rows()} == model
            assert {entry.id: entry for entry in store.entries(PEER)} == entries

