"""What a journaled store keeps in memory of its tables. No item body stays here, only where it is in the file."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from minisyncml.store.base import Entry
from minisyncml.store.rows import Rows
from minisyncml.store.table import Table

CHUNK = 256     #: rows taken at a time while the guard is held


def to_bytes(text: str) -> bytes:
    """A name as :class:`Rows` finds it, whatever is in it.

    :param text: the name
    :returns: its bytes
    """
    return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """The name again.

    :param data: from :func:`to_bytes`
    :returns: the name
    """
    return data.decode("utf-8", "surrogatepass")


class Types:
    """Media types as small numbers."""

    def __init__(self) -> None:
        self.names: "List[str]" = []

    def code(self, name: str) -> int:
        """The number of a type, a new one when it is new.

        :param name: the media type
        :returns: its number
        """
        try:
            return self.names.index(name)
        except ValueError:
            self.names.append(name)
            return len(self.names) - 1


class RowTable(Table):
    """A table whose rows are :class:`Rows`."""

    layout = "<QI"

    def __init__(self) -> None:
        self.rows = Rows(self.layout)
        self.size = 0       # bytes of bodies

    def drop(self, key: int) -> None:
        """A row is gone."""
        self.size -= self.body_size(self.rows.get(key))
        self.rows.drop(key)

    def clear(self) -> None:
        """All rows are gone."""
        self.rows.clear()
        self.size = 0

    def keep(self, key: int, fields: "Tuple[Any, ...]", text: bytes = b"") -> None:
        """Set a row and keep count of the bytes."""
        ids = self.rows.ids
        self.size += self.body_size(fields)
        if ids and key <= ids[-1]:
            self.size -= self.body_size(self.rows.get(key))
        self.rows.set(key, fields, text)

    def body_size(self, fields: "Optional[Tuple[Any, ...]]") -> int:
        """Bytes of the body of a row; here the second field."""
        return 0 if fields is None else int(fields[1])

    def weight(self) -> "Tuple[int, int]":
        """Rows and bytes still needed."""
        return len(self.rows), self.size + self.rows.text_bytes


class ItemTable(RowTable):
    """Items with their bodies: revision, digest, type (all tables of items begin with these), where, length."""

    layout = "<Q16sHQI"

    def __init__(self, types: Types) -> None:
        super().__init__()
        self.types = types

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """An item is there now."""
        type, revision, digest = fields
        self.keep(key, (revision, bytes.fromhex(digest), self.types.code(type), at, length))

    def body_size(self, fields: "Optional[Tuple[Any, ...]]") -> int:
        """Bytes of the body."""
        return 0 if fields is None else int(fields[4])

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All items."""
        for key in self.rows.keys():
            revision, digest, type, at, length = self.rows.get(key) or ()
            yield [key, length, self.types.names[type], revision, digest.hex()], at


class EntryTable(RowTable):
    """The entries of one peer: seen, flags, digest; found by the remote name. `flagged`: how many have flags."""

    layout = "<QB17p"

    def __init__(self) -> None:
        super().__init__()
        self.flagged = 0

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """An entry is there now."""
        remote, seen, digest, flags = fields
        ids = self.rows.ids
        if ids and key <= ids[-1]:
            self._uncount(key)
        self.flagged += flags != 0
        self.rows.set(key, (seen, flags, bytes.fromhex(digest)), to_bytes(remote))

    def drop(self, key: int) -> None:
        """An entry is gone."""
        self._uncount(key)
        self.rows.drop(key)

    def clear(self) -> None:
        """All are gone."""
        super().clear()
        self.flagged = 0

    def _uncount(self, key: int) -> None:
        row = self.rows.get(key)
        self.flagged -= row is not None and row[1] != 0

    def entry(self, key: int) -> Optional[Entry]:
        """One entry."""
        row = self.rows.get(key)
        if row is None:
            return None
        return Entry(str(key), to_text(self.rows.text(key) or b""), row[0], row[2], row[1])

    def by_remote(self, remote: str) -> Optional[Entry]:
        """The entry of a remote name."""
        return self.entry(self.rows.by_text(to_bytes(remote)))

    def chunk(self, after: int) -> "List[Entry]":
        """Some entries."""
        texts = self.rows.texts(after, CHUNK)
        return [
            Entry(str(key), remote, seen, digest, flags)
            for (key, (seen, flags, digest)), remote in zip(self.rows.chunk(after, CHUNK), texts)
        ]

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All entries."""
        for key in self.rows.keys():
            entry = self.entry(key)
            assert entry is not None
            yield [key, -1, entry.remote, entry.seen, entry.digest.hex(), entry.flags], 0


class ParkedTable(RowTable):
    """What a peer's slow sync parked: where, length, type; found by the remote name."""

    layout = "<QIH"

    def __init__(self, types: Types) -> None:
        super().__init__()
        self.types = types

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """One more is parked."""
        self.keep(key, (at, length, self.types.code(fields[1])), to_bytes(fields[0]))

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All of them."""
        for key in self.rows.keys():
            at, length, type = self.rows.get(key) or ()
            yield [key, length, to_text(self.rows.text(key) or b""), self.types.names[type]], at


class TrashTable(RowTable):
    """The trash: where, length; the text holds session, id, type and reason."""

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """One more body is kept."""
        self.keep(key, (at, length), to_bytes("\n".join(str(one).replace("\n", " ") for one in fields)))

    def about(self, key: int) -> "List[str]":
        """Session, id, type and reason."""
        return to_text(self.rows.text(key) or b"").split("\n")

    def sizes(self) -> "Iterator[Tuple[int, int]]":
        """Number and size of each, oldest first."""
        for key in self.rows.keys():
            row = self.rows.get(key)
            if row is not None:
                yield key, row[1]

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All of it."""
        for key in self.rows.keys():
            at, length = self.rows.get(key) or ()
            yield [key, length, *self.about(key)], at


class ValueTable(Table):
    """Small JSON-able values, kept in memory as they are."""

    def __init__(self) -> None:
        self.values: "Dict[int, List[Any]]" = {}

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """A value is there now."""
        self.values[key] = list(fields)

    def drop(self, key: int) -> None:
        """A value is gone."""
        self.values.pop(key, None)

    def clear(self) -> None:
        """All are gone."""
        self.values.clear()

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All values."""
        for key, fields in list(self.values.items()):
            yield [key, -1, *fields], 0

    def weight(self) -> "Tuple[int, int]":
        """Rows and bytes still needed."""
        return len(self.values), sum(len(repr(fields)) for fields in self.values.values())


class BodyTable(RowTable):
    """Bodies with nothing beside them, such as shadows."""

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """A body is there now."""
        self.keep(key, (at, length))

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All of them."""
        for key in self.rows.keys():
            at, length = self.rows.get(key) or ()
            yield [key, length], at


class DocTable(BodyTable):
    """Documents as JSON text, read when asked for. A table of these is there even when it is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.exists = False

    def touch(self) -> None:
        """It is there."""
        self.exists = True

    def clear(self) -> None:
        """It is gone."""
        super().clear()
        self.exists = False

    def lasting(self) -> bool:
        """Whether it is there."""
        return self.exists
