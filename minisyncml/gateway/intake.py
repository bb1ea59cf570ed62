"""Items from files into a datastore: each in the form that it keeps, none that is there already, nothing lost on the
way; and all of a datastore out again. No peer is involved.
"""

from __future__ import annotations

from typing import Callable, Iterable, Iterator, NamedTuple

from minisyncml.content.facts import facts
from minisyncml.content.form import PLAIN, Form
from minisyncml.content.formats import find, format_of
from minisyncml.content.keys import key_of
from minisyncml.content.kind import FAMILIES, fits, is_journal, kind
from minisyncml.content.omafiles import taken_apart
from minisyncml.digest import digest
from minisyncml.errors import ItemError
from minisyncml.gateway.itemfiles import FILE, RAW, Found, made
from minisyncml.status import UNSUPPORTED_TYPE
from minisyncml.store.base import Batch, Store

BATCH = 500         #: items that become durable together


class Outcome:
    """What an import did: counts; `failed` and `differing` are lines for people."""

    __slots__ = ("added", "replaced", "there", "failed", "differing")

    def __init__(self) -> None:
        self.added = self.replaced = self.there = 0
        self.failed: "list[str]" = []
        self.differing: "list[str]" = []

    def as_dict(self) -> "dict[str, object]":
        """For machines.

        :returns: a JSON-able dict
        """
        return {"added": self.added, "replaced": self.replaced, "there": self.there, "failed": self.failed,
                "differing": self.differing}


class _Known(NamedTuple):
    id: str
    meaning: int


class Intake:
    """Puts items into a datastore.

    :param store: refreshed
    :param source: how the items were written
    :param replace: let an item replace another version of it that is there; that one goes to the trash
    :param progress: is told in a few words how far it is
    :ivar done: what was done so far
    """

    def __init__(self, store: Store, source: Form = PLAIN, replace: bool = False,
                 progress: Callable[[str], None] = lambda words: None) -> None:
        self.done = Outcome()
        self._store, self._source, self._replace, self._progress = store, source, replace, progress
        self._known: "dict[str, _Known]" = {}
        for row in store.rows():
            item = store.get(row.id)
            if item is not None:
                self._know(row.id, item.type, item.body)

    def take(self, items: "Iterable[Found]") -> None:
        """Put items into the store; what cannot be is told and left out.

        :param items: what there is
        :raises StoreError: when the store cannot be written; what was put before is there
        """
        waiting: "list[Found]" = []
        for item in items:
            waiting.append(item)
            if len(waiting) >= BATCH:
                self._put(waiting)
                waiting = []
        if waiting:
            self._put(waiting)

    def _put(self, items: "list[Found]") -> None:
        with self._store.begin("import") as batch:
            for item in items:
                try:
                    self._one(batch, item)
                except ItemError as error:
                    self.done.failed.append(f"{item.label}: {error}")
            batch.commit()
        self._progress(f"{self.done.added} added")

    def _one(self, batch: Batch, item: Found) -> None:
        type, body = shaped(item, self._store, self._source)
        keys, facts = _keys(type, body, self._source.zone)
        there = next((self._known[key] for key in keys if key in self._known), None)
        if there is None:
            self._know(batch.put(None, type, body).id, type, body)
            self.done.added += 1
        elif there.meaning == facts:
            self.done.there += 1
        elif self._replace:
            batch.put(there.id, type, body, "replaced by an import")
            self._know(there.id, type, body)
            self.done.replaced += 1
        else:
            self.done.there += 1
            self.done.differing.append(f"{item.label}: another version of it is there")

    def _know(self, id: str, type: str, body: bytes) -> None:
        keys, meaning = _keys(type, body, self._source.zone)
        for key in keys:
            self._known[key] = _Known(id, meaning)


def shaped(item: Found, store: Store, source: Form = PLAIN) -> "tuple[str, bytes]":
    """An item in the form that a store keeps.

    :param item: what there is
    :param store: where it goes
    :param source: how it was written
    :returns: media type and body
    :raises ItemError: when the store takes no such thing, or it cannot be converted
    """
    wanted, version = store.form
    if wanted == FILE:
        return FILE, item.body if item.type == FILE else made(item, "file", PLAIN, source).body
    type = kind(item.body, item.type)
    family = "note" if type == "text/calendar" and is_journal(item.body) else FAMILIES.get(type, "")
    if wanted and family and family == FAMILIES.get(wanted):
        format, target = format_of(item.body, item.type), find(wanted, version, family)
        if format is not None and target is not None:
            if format is target:
                format.read(item.body, source)      # what is broken is told now
                return type, item.body
            return target.type, target.write(format.read(item.body, source), Form(
                type=wanted, version=version, zone=source.zone))
    if not fits(type, store.types, item.body):
        raise ItemError(f"{type} does not belong there", UNSUPPORTED_TYPE)
    return type, item.body


def _keys(type: str, body: bytes, zone: str) -> "tuple[list[str], int]":
    """What an item is found again by, and a number that is equal only where a person sees no difference."""
    if type == FILE:
        name, folder, _, data = taken_apart(body)
        return [f"file {folder or ''}/{name}"], int.from_bytes(digest(data)[:8], "big")
    known = facts(type, body, zone)
    keys = [f"uid {known.family} {known.uid}"] if known.uid else []
    if known.meaning:
        keys.append(f"same {known.family} {known.meaning}")
    key = key_of(type, body)
    return [*keys, f"key {key}"] if key else keys, known.meaning


def contents(store: Store, label: str) -> "Iterator[Found]":
    """All of a store, as if it came from a file.

    :param store: refreshed
    :param label: how to call it for people
    :returns: an iterator
    """
    for row in store.rows():
        item = store.get(row.id)
        if item is not None:
            yield Found(f"{label}: item {row.id}", "", RAW if item.type == RAW else kind(item.body, item.type),
                        item.body)
