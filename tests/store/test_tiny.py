"""The database beside the store: TinyDB's public API, compared with a plain TinyDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tinydb import Query, TinyDB, where
from tinydb.operations import delete, increment
from tinydb.storages import JSONStorage
from tinydb.table import Document

from minisyncml.errors import ItemError
from minisyncml.store.due import changes
from minisyncml.store.tiny import TinyStore

from .powercut import Quick

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2), max_leaves=4)
DOCS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
TABLES = st.sampled_from(["_default", "two", "dri/ü"])
IDS = st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True)
STEPS = st.one_of(
    st.tuples(st.just("insert"), TABLES, DOCS),
    st.tuples(st.just("insert_multiple"), TABLES, st.lists(DOCS, max_size=3)),
    st.tuples(st.just("insert_document"), TABLES, DOCS, st.integers(1, 9)),
    st.tuples(st.just("update"), TABLES, DOCS),
    st.tuples(st.just("update_where"), TABLES, DOCS, VALUES),
    st.tuples(st.just("update_ids"), TABLES, DOCS, IDS),
    st.tuples(st.just("operation"), TABLES),
    st.tuples(st.just("update_multiple"), TABLES, VALUES, VALUES),
    st.tuples(st.just("upsert"), TABLES, DOCS, VALUES),
    st.tuples(st.just("remove_where"), TABLES, VALUES),
    st.tuples(st.just("remove_ids"), TABLES, IDS),
    st.tuples(st.just("truncate"), TABLES),
    st.tuples(st.just("drop_table"), TABLES),
    st.tuples(st.just("drop_tables")),
    st.tuples(st.just("search"), TABLES, VALUES),
    st.tuples(st.just("get"), TABLES, st.integers(1, 6)),
    st.tuples(st.just("reopen")),
)


def has_a(value: Any) -> Any:
    return (where("a") == value) | where("b").exists()


def step(db: TinyDB, what: str, *args: Any) -> Any:
    """What one call gives, or the error it raises."""
    if what == "drop_tables":
        return db.drop_tables()
    if what == "drop_table":
        return db.drop_table(args[0])
    table = db.table(args[0])
    known = [doc.doc_id for doc in table]
    try:
        if what == "insert_document":
            return table.insert(Document(args[1], args[2]))
        if what == "update_where":
            return sorted(table.update(args[1], has_a(args[2])))
        if what == "update_ids":
            return sorted(table.update(args[1], doc_ids=[one for one in args[2] if one in known]))
        if what == "operation":
            table.update(delete("c"), where("c").exists())
            return sorted(table.update(increment("a"), where("a").test(lambda value: type(value) is int)))
        if what == "update_multiple":
            return sorted(table.update_multiple([({"b": args[1]}, where("a") == args[2]), (delete("a"), has_a(None))]))
        if what == "upsert":
            return sorted(table.upsert(args[1], where("a") == args[2]))
        if what == "remove_where":
            return sorted(table.remove(where("a") == args[1]))
        if what == "remove_ids":
            return sorted(table.remove(doc_ids=[one for one in args[1] if one in known]))
        if what == "search":
            found = table.search(has_a(args[1]))
            return sorted((doc.doc_id, repr(doc)) for doc in found), table.count(has_a(args[1]))
        if what == "get":
            doc = table.get(doc_id=args[1])
            return doc, getattr(doc, "doc_id", 0), table.contains(doc_id=args[1])
        found = getattr(table, what)(*args[1:])
        return sorted(found) if what == "update" else found     # ours go by number, those of a plain one by insertion
    except (ValueError, KeyError) as e:
        return type(e).__name__


def content(db: TinyDB) -> Any:
    return {name: sorted((doc.doc_id, repr(doc)) for doc in db.table(name)) for name in db.tables()}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12))
def test_like_plain_tinydb(tmp_path_factory: pytest.TempPathFactory, steps: "list[Any]") -> None:
    folder = tmp_path_factory.mktemp("db")
    store = TinyStore(str(folder / "ours"), files=Quick())
    plain = TinyDB(folder / "plain.json", storage=JSONStorage)
    for one in steps:
        if one[0] == "reopen":
            store.close()
            store = TinyStore(str(folder / "ours"), files=Quick())
            plain.close()
            plain = TinyDB(folder / "plain.json", storage=JSONStorage)
        else:
            assert step(store.db, *one) == step(plain, *one)
        assert content(store.db) == content(plain)
        assert len(store.db) == len(plain)
    store.db.close()


@pytest.fixture
def store(tmp_path: Path) -> TinyStore:
    return TinyStore(str(tmp_path / "x"), (("text/vcard", "3.0"),))


def test_items_can_be_queried(store: TinyStore) -> None:
    with store.begin() as batch:
        batch.put(None, "text/vcard", "N:Äpfel".encode())
        batch.put(None, "text/vcard", b"N:Birne\xff")
        batch.commit()
    items = store.db.table("items")
    (doc,) = items.search(Query().body.search("Äpfel"))
    assert doc.doc_id == 1
    assert doc == {"type": "text/vcard", "body": "N:Äpfel", "revision": 1,
                   "digest": getattr(store.row("1"), "digest", b"").hex()}
    assert len(items) == 2 and store.db.tables() == {"items"}


def test_queries_see_what_a_sync_wrote(store: TinyStore) -> None:
    items = store.db.table("items")
    for n in range(3):
        assert len(items.search(where("type") == "text/vcard")) == n
        with store.begin() as batch:
            batch.put(None, "text/vcard", b"%d" % n)
            batch.commit()


def test_what_is_written_there_is_a_local_change(store: TinyStore) -> None:
    items = store.db.table("items")
    assert items.insert({"body": "one"}) == 1
    assert items.insert_multiple([{"body": "two"}, {"body": "three", "type": "text/plain"}]) == [2, 3]
    assert [change.kind for change in changes(store, "p", store.revision)] == ["Add"] * 3
    before = {row.id: row.revision for row in store.rows()}
    items.update({"body": "TWO"}, where("body") == "two")
    items.remove(doc_ids=[3])
    after = {row.id: row.revision for row in store.rows()}
    assert after["1"] == before["1"] and after["2"] > max(before.values()) and "3" not in after
    item = store.get("2")
    assert item is not None and (item.body, item.type) == (b"TWO", "text/vcard")
    assert items.insert({"body": "four"}) == 4, "3 is never given again"


def test_odd_bytes_survive_an_update_of_another_field(store: TinyStore) -> None:
    with store.begin() as batch:
        row = batch.put(None, "text/vcard", bytes(range(256)))
        batch.commit()
    store.db.table("items").update({"mark": [1, 2]})
    assert store.row(row.id) == row, "a field of the application is no change for peers"
    assert getattr(store.get("1"), "body", b"") == bytes(range(256))
    store.close()
    store = TinyStore(store._journal.path)
    assert store.db.table("items").all()[0]["mark"] == [1, 2]
    with store.begin() as batch:
        batch.remove("1")
        batch.commit()
    with store.begin() as batch:
        batch.put("1", "text/vcard", b"new")
        batch.commit()
    assert "mark" not in store.db.table("items").all()[0]


@pytest.mark.parametrize("doc", [{}, {"body": 5}, {"body": None, "type": "text/plain"}])
def test_items_need_a_body(store: TinyStore, doc: "dict[str, Any]") -> None:
    with pytest.raises(ItemError):
        store.db.table("items").insert(doc)
    assert len(store) == 0


def test_failing_updates_change_nothing(store: TinyStore) -> None:
    table = store.db.table("t")
    table.insert_multiple([{"a": 1}, {"a": 2}])

    def fail(doc: Any) -> None:
        if doc["a"] == 2:
            raise RuntimeError
        doc["a"] = 9

    with pytest.raises(RuntimeError):
        table.update(fail)
    with pytest.raises(TypeError):
        table.insert({"a": b"bytes"})
    assert [doc["a"] for doc in table] == [1, 2]


def test_two_databases_on_one_file(store: TinyStore) -> None:
    other = TinyStore(store._journal.path)
    one, two = store.db.table("t"), other.db.table("t")
    for n in range(5):
        assert one.insert({"n": n}) == 2 * n + 1
        assert two.insert({"n": n}) == 2 * n + 2
    assert len(one.search(where("n") >= 0)) == len(two.search(where("n") >= 0)) == 10
    other.close()


def test_an_insert_writes_only_itself(store: TinyStore) -> None:
    table = store.db.table("t")
    table.insert_multiple({"n": n, "text": "x" * 100} for n in range(1000))
    before = Path(store._journal.path).stat().st_size
    table.insert({"n": 1})
    table.update({"n": 2}, doc_ids=[500])
    assert Path(store._journal.path).stat().st_size - before < 1000
