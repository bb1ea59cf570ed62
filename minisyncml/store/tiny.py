"""Items in a TinyDB database that is not rewritten at each change: the only user of tinydb.

Database and peer state are one journal, so that both change together. The store itself needs no tinydb;
:attr:`TinyStore.db` is the same data for people and applications, with the public API of TinyDB: table `items` holds
documents with `type`, `body`, `revision`, `digest` and whatever fields an application adds; other tables are free.
"""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    MutableMapping,
    Optional,
    Set,
    Tuple,
    Type,
)

from minisyncml.errors import ItemError
from minisyncml.store.batch import Overlay, number
from minisyncml.store.kept import Kept, Record
from minisyncml.store.records import Group
from minisyncml.store.tables import DocTable

if TYPE_CHECKING:
    from tinydb import TinyDB
    from tinydb.queries import QueryLike
    from tinydb.storages import Storage
    from tinydb.table import Document, Table

ITEMS = "items"         #: the TinyDB table that is the store
_OURS = ("type", "body", "revision", "digest")

Doc = Dict[str, Any]


class TinyStore(Kept):
    """A store whose items are a table of a TinyDB database.

    :param path: the database, a journal; it is created, with the folders above it
    :param types: (media type, version) pairs that it takes and gives, the preferred one first
    :param limits: bounds of the trash and of an item
    :param files: what writes
    :raises StoreError: when it cannot be read, is damaged, of a newer version, or no journal
    """

    _db: "Optional[TinyDB]" = None

    @property
    def db(self) -> "TinyDB":
        """The database (loads tinydb). What is written to table `items` is a local change like any other."""
        if self._db is None:
            self._db = _database(self)
        return self._db

    # -- documents, for the database

    def doc_tables(self) -> "List[str]":
        """Names of all tables that there are.

        :returns: sorted names
        """
        names = {ITEMS} if len(self._items.rows) else set()
        for name, table in self._journal.tables.items():
            if name.startswith("doc/") and table.lasting():
                names.add(name[4:])
        return sorted(names)

    def doc_ids(self, table: str) -> "List[int]":
        """Numbers of all documents of a table.

        :param table: its name
        :returns: ascending numbers
        """
        with self._guard:
            return list(self._items.rows.keys() if table == ITEMS else self._docs("doc/" + table).rows.keys())

    def doc_count(self, table: str) -> int:
        """How many documents a table has.

        :param table: its name
        :returns: the count
        """
        return len(self._items.rows if table == ITEMS else self._docs("doc/" + table).rows)

    def doc(self, table: str, key: int) -> Optional[Doc]:
        """One document.

        :param table: its table
        :param key: its number
        :returns: a new dict, None when there is no such document
        """
        if table != ITEMS:
            return self._load("doc/" + table, key)
        item = self.get(str(key))
        if item is None:
            return None
        doc: Doc = {"type": item.type, "body": item.body.decode("utf-8", "surrogateescape")}
        doc.update(revision=item.revision, digest=item.digest.hex())
        doc.update(self._load("extra/items", key) or {})
        return doc

    def change_docs(self, table: str, change: "Callable[[MutableMapping[int, Doc]], None]") -> None:
        """Change documents of one table, durably.

        :param table: its name
        :param change: called with the table, as of now; when it raises nothing is changed
        :raises StoreError: nothing was changed then
        """
        with self.begin("tinydb") as batch:
            changing = _Changing(self, table)
            change(changing)
            changes = changing.changes()
            if table == ITEMS:
                self._change_items(batch, changes)
            else:
                self._journal.append(*_doc_record("doc/" + table, changes))
                self._journal.compact()

    def drop_doc_table(self, table: str) -> None:
        """Delete a table with all its documents.

        :param table: its name
        """
        if table == ITEMS:
            self.change_docs(table, lambda docs: docs.clear())
            return
        with self.begin():
            self._journal.append([("doc/" + table, None)])

    def catch_up(self) -> object:
        """Read what other processes wrote.

        :returns: something that differs when anything changed
        """
        self._journal.catch_up()
        return self._journal.state()

    def _change_items(self, batch: Overlay, changes: "Dict[int, Optional[Doc]]") -> None:
        extras: "Dict[int, Optional[Doc]]" = {}
        for key, doc in changes.items():
            old = self.get(str(key))
            if doc is None:
                batch.remove(str(key))
            else:
                type, body = str(doc.get("type") or self.types[0][0]), doc.get("body")
                if not isinstance(body, str):
                    raise ItemError("an item needs a body, which is text", 400)
                data = body.encode("utf-8", "surrogateescape")
                if old is None or (old.type, old.body) != (type, data):
                    batch.put(str(key), type, data)
            extra = {name: value for name, value in (doc or {}).items() if name not in _OURS}
            if extra or self._load("extra/items", key):
                extras[key] = extra or None
        groups, bodies = self._record(batch)
        if extras:
            more, texts = _doc_record("extra/items", extras)
            groups += more
            bodies += texts
        self._journal.append(groups, bodies)
        self._journal.compact()

    def _record(self, batch: Overlay) -> Record:
        groups, bodies = super()._record(batch)
        extras = self._docs("extra/items").rows
        gone = [[key] for key, item in batch.items.items() if item is None and key in extras] if len(extras) else []
        return ([*groups, ("extra/items", gone)] if gone else groups), bodies

    def _docs(self, name: str) -> DocTable:
        table = self._journal.tables.get(name)
        return table if isinstance(table, DocTable) else DocTable()

    def _load(self, name: str, key: int) -> Optional[Doc]:
        import json

        with self._guard:
            fields = self._docs(name).rows.get(key)
            if fields is None:
                return None
            text = self._journal.read(*fields)
        try:
            doc = json.loads(text)
        except ValueError as e:
            raise self._journal.damage(fields[0]) from e
        assert isinstance(doc, dict)
        return doc


class _Docs(Mapping[str, Doc]):
    """A table of documents that are read when they are asked for."""

    def __init__(self, store: TinyStore, table: str) -> None:
        self.store = store
        self.table = table

    def __len__(self) -> int:
        return self.store.doc_count(self.table)

    def __iter__(self) -> Iterator[str]:
        return iter([str(key) for key in self.store.doc_ids(self.table)])

    def __getitem__(self, key: str) -> Doc:
        doc = self.store.doc(self.table, number(key))
        if doc is None:
            raise KeyError(key)
        return doc


class _Changing(MutableMapping[int, Doc]):
    """A table while it is changed: it remembers what was set, deleted, or changed in place after it was read."""

    def __init__(self, store: TinyStore, table: str) -> None:
        self.store = store
        self.table = table
        self.ids: "Set[int]" = set(store.doc_ids(table))
        self.set: "Dict[int, Optional[Doc]]" = {}
        self.last: "Optional[Tuple[int, Doc]]" = None      # handed out, perhaps changed meanwhile

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self.ids))

    def __contains__(self, key: object) -> bool:
        return key in self.ids

    def __getitem__(self, key: int) -> Doc:
        if key not in self.ids:
            raise KeyError(key)
        mine = self.set.get(key)
        if mine is not None:
            return mine
        if self.last is not None and self.last[0] == key:
            return self.last[1]
        self._settle()
        doc = self.store.doc(self.table, key)
        if doc is None:
            raise KeyError(key)
        self.last = (key, doc)
        return doc

    def __setitem__(self, key: int, doc: Doc) -> None:
        if not number(str(key)):
            raise ItemError(f"{key!r} is no number of a document", 400)
        self._settle()
        self.ids.add(key)
        self.set[key] = doc

    def __delitem__(self, key: int) -> None:
        self.ids.remove(key)
        self._settle()
        self.set[key] = None

    def clear(self) -> None:
        """Delete all documents, without reading them."""
        self.last = None
        self.set.update((key, None) for key in self.ids)
        self.ids.clear()

    def changes(self) -> "Dict[int, Optional[Doc]]":
        """What is different now."""
        self._settle()
        return self.set

    def _settle(self) -> None:
        if self.last is not None:
            key, doc = self.last
            if doc != self.store.doc(self.table, key):
                self.set[key] = doc
            self.last = None


def _doc_record(name: str, changes: "Dict[int, Optional[Doc]]") -> Record:
    import json

    rows: "List[List[Any]]" = []
    bodies: "List[bytes]" = []
    for key, doc in changes.items():
        if doc is None:
            rows.append([key])
        else:
            bodies.append(json.dumps(doc, separators=(",", ":")).encode("ascii"))
            rows.append([key, len(bodies[-1])])
    groups: "List[Group]" = [(name, rows)]
    return groups, bodies


def _storage_class(store: TinyStore) -> "Type[Storage]":
    from tinydb.storages import Storage

    class JournalStorage(Storage):
        """The journal as TinyDB asks for it."""

        def read(self) -> "Optional[Dict[str, Any]]":
            store.catch_up()
            return {name: _Docs(store, name) for name in store.doc_tables()} or None

        def write(self, data: "Dict[str, Any]") -> None:
            for name in store.doc_tables():
                if name not in data:
                    store.drop_doc_table(name)
            for name, docs in data.items():
                if not isinstance(docs, _Docs):
                    store.change_docs(name, lambda table, docs=docs: _replace(table, docs))  # type: ignore[misc]

        def close(self) -> None:
            store.close()

    return JournalStorage


def _table_class(store: TinyStore) -> "Type[Table]":
    from tinydb.table import Document, Table

    class JournalTable(Table):
        """A table that reads by number and writes what changed."""

        def __init__(self, storage: "Storage", name: str, **options: Any) -> None:
            self._seen: object = None
            self._given = 0
            super().__init__(storage, name, **options)

        def insert(self, document: "Mapping[str, Any]") -> int:
            if isinstance(document, Document):
                self._given = 0
            return self.insert_multiple([document])[0]      # which takes the number while it has the lock

        def truncate(self) -> None:
            super().truncate()
            self._given = 0

        def search(self, cond: "QueryLike") -> "List[Document]":
            state = store.catch_up()
            if state != self._seen:
                self.clear_cache()
                self._seen = state
            return super().search(cond)

        def _get_next_id(self) -> int:
            ids = store.doc_ids(self.name)
            last = store.last_id if self.name == ITEMS else ids[-1] if ids else 0
            self._given = max(self._given, last) + 1
            return self._given

        def _read_table(self) -> Any:
            store.catch_up()
            return _Docs(store, self.name)

        def _update_table(self, updater: "Callable[[Any], None]") -> None:
            store.change_docs(self.name, updater)
            self.clear_cache()

    return JournalTable


def _database(store: TinyStore) -> "TinyDB":
    from tinydb import TinyDB

    class Database(TinyDB):
        """A TinyDB on the journal of a store."""

        table_class: "Type[Table]" = _table_class(store)

    return Database(storage=_storage_class(store))


def _replace(table: "MutableMapping[int, Doc]", docs: "Mapping[str, Doc]") -> None:
    table.clear()
    table.update((int(key), dict(doc)) for key, doc in docs.items())
