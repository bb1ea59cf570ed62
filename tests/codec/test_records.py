"""Command records: nothing of a document is lost in them, and both implementations make the same."""

from __future__ import annotations

from typing import Any, Iterator, Optional

import pytest
from codec.documents import damaged_documents, plain, vectors, wild_documents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minisyncml.codec import kinds, native, pure, wbxml
from minisyncml.codec.node import Node
from minisyncml.errors import DecodeError

inherited = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.differing_executors])

NAMES = {kinds.ADD: "Add", kinds.REPLACE: "Replace", kinds.DELETE: "Delete", kinds.MAP: "Map", kinds.STATUS: "Status"}
STATUS = ("CmdID", "MsgRef", "CmdRef", "Cmd", "TargetRef", "SourceRef", "Data")


class Expand:
    """Builds the tree again that records were made of."""

    def __init__(self, ctx: wbxml.Context) -> None:
        self.ctx = ctx
        self.body = Node("SyncBody")
        self.root = Node("SyncML")
        self.open = self.body

    def text(self, tag: str, record: "tuple[int, ...]", span: int) -> "list[Any]":
        start, length = record[2 + 2 * span:4 + 2 * span]
        return [Node(tag, [self.ctx.data[start:start + length]])] if start >= 0 else []

    def place(self, tag: str, record: "tuple[int, ...]", span: int) -> "list[Any]":
        inner = self.text("LocURI", record, span)
        return [Node(tag, inner)] if inner else []

    def range(self, record: "tuple[int, ...]", span: int, page: int = 0) -> "list[Any]":
        start, length = record[2 + 2 * span:4 + 2 * span]
        return [wbxml.subtree(self.ctx, start, length, page)] if start >= 0 else []

    def flags(self, record: "tuple[int, ...]", **flags: int) -> "list[Any]":
        return [Node(tag) for tag, flag in flags.items() if record[1] & flag]

    def take(self, record: "tuple[int, ...]") -> None:
        kind, flags = record[0], record[1]
        if kind in (kinds.GENERIC, kinds.SYNCHDR):
            parent = self.root if kind == kinds.SYNCHDR or flags & kinds.OUTSIDE else self.open
            parent.children += self.range(record, 0, flags & 0xFF)
        elif kind == kinds.SYNC:
            self.open = Node("Sync", [*self.text("CmdID", record, 0), *self.place("Target", record, 2),
                                      *self.place("Source", record, 3), *self.range(record, 1),
                                      *self.text("NumberOfChanges", record, 4),
                                      *self.flags(record, NoResp=kinds.NORESP)])
            self.body.children.append(self.open)
        elif kind == kinds.END:
            self.open = self.body
        elif kind == kinds.FINAL:
            self.open.children.append(Node("Final"))
        elif kind == kinds.STATUS:
            parts = [part for span, tag in enumerate(STATUS) for part in self.text(tag, record, span)]
            self.open.children.append(Node("Status", parts))
        else:
            self.command(kind, record)

    def command(self, kind: int, record: "tuple[int, ...]") -> None:
        if not record[1] & kinds.FURTHER:
            head = self.place("Target", record, 2) + self.place("Source", record, 3) if kind == kinds.MAP else []
            self.open.children.append(Node(NAMES[kind], [
                *self.text("CmdID", record, 0),
                *self.flags(record, NoResp=kinds.NORESP, Archive=kinds.ARCHIVE, SftDel=kinds.SFTDEL),
                *head, *self.range(record, 1)]))
        if kind == kinds.MAP:
            item = Node("MapItem", self.place("Target", record, 4) + self.place("Source", record, 5))
        else:
            item = Node("Item", [*self.place("Source", record, 3), *self.place("Target", record, 2),
                                 *self.range(record, 4), *self.text("Data", record, 5),
                                 *self.flags(record, MoreData=kinds.MORE)])
        command = self.open.children[-1]
        assert isinstance(command, Node)
        command.children.append(item)


def sorted_children(value: Any) -> Any:
    """Records do not keep the order of Target, Source, NoResp and the like inside one element."""
    tag, data, children = value
    parts = [sorted_children(child) for child in children]
    return tag, data, parts if tag in ("SyncBody", "SyncML", "Sync") else sorted(parts, key=repr)


def head_first(root: Any) -> Any:
    """Children of SyncML with SyncBody last, and those of a Sync that are no commands first."""
    tag, data, children = sorted_children(root)
    bodies = [child for child in children if child[0] == "SyncBody"]
    joined = ("SyncBody", b"", [in_order(part) for body in bodies for part in body[2]])
    return tag, sorted((child for child in children if child[0] != "SyncBody"), key=repr), joined


HEADS = ("CmdID", "Target", "Source", "Meta", "NumberOfChanges", "NoResp")


def in_order(value: Any) -> Any:
    tag, data, children = value
    if tag != "Sync":
        return value
    return (tag, sorted((child for child in children if child[0] in HEADS), key=repr),
            [child for child in children if child[0] not in HEADS])


def check(ctx: wbxml.Context, made: "Iterator[tuple[int, ...]]") -> None:
    expanded = Expand(ctx)
    for record in made:
        assert len(record) == 16
        expanded.take(record)
    expanded.root.children.append(expanded.body)
    assert head_first(plain(expanded.root)) == head_first(plain(wbxml.document(ctx)))


class RecordsSuite:
    """What every implementation does."""

    @staticmethod
    def records(ctx: wbxml.Context) -> "Iterator[tuple[int, ...]]":
        raise NotImplementedError

    @inherited
    @given(wild_documents())
    def test_nothing_is_lost(self, document: "tuple[bytes, Node]") -> None:
        ctx = wbxml.context(document[0])
        if wbxml._root(ctx) >= 0:
            check(ctx, self.records(ctx))

    @inherited
    @given(damaged_documents())
    def test_damaged(self, data: bytes) -> None:
        """Either a typed error that the tree decoder has too, or the same content."""
        ctx = context_of(data)
        if ctx is None:
            return
        try:
            made = list(self.records(ctx))
        except DecodeError:
            with pytest.raises(DecodeError):
                wbxml.document(ctx)
        else:
            check(ctx, iter(made))

    def test_vectors(self) -> None:
        count = 0
        for vector in vectors():
            ctx = wbxml.context(vector.data)
            if wbxml.records(ctx) is not None:
                check(ctx, self.records(ctx))
                count += 1
        assert count > 20

    def test_layout(self) -> None:
        """Offsets by hand: two items in one Add inside a Sync, after native/wbxml.h."""
        data = bytes.fromhex("".join((
            "02a4016a00", "6d",                                 # 0: head, 5: SyncML
            "6c", "7103312e320001", "01",                       # 6: SyncHdr, 9 bytes
            "6b", "6a", "4b03320001",                           # 15: SyncBody, Sync, CmdID 2 at 19
            "6e5703610001", "01", "675703620001", "01",         # Target a at 25, Source b at 32
            "7303350001",                                       # NumberOfChanges 5 at 38
            "45", "4b03330001", "1d",                           # 41: Add, CmdID 3 at 44, NoResp
            "5a00015303780001", "01", "0000",                   # 48: Meta, 9 bytes
            "54", "675703310001", "01", "4fc3014101", "34", "01",   # Item: Source 1 at 63, Data A at 70, MoreData
            "54", "675703320001", "01", "4f03420001", "01",     # Item: Source 2 at 78, Data B at 84
            "01", "01", "12", "01", "01")))                     # end of Add, Sync; Final
        absent = (-1, 0)
        head = (44, 1, 48, 9)
        assert list(self.records(wbxml.context(data))) == [
            (kinds.SYNCHDR, 0, 6, 9) + absent * 6,
            (kinds.SYNC, 0, 19, 1, *absent, 25, 1, 32, 1, 38, 1) + absent * 2,
            (kinds.ADD, kinds.NORESP | kinds.MORE | kinds.OPAQUE, *head, *absent, 63, 1, *absent, 70, 1, *absent),
            (kinds.ADD, kinds.NORESP | kinds.FURTHER, *head, *absent, 78, 1, *absent, 84, 1, *absent),
            (kinds.END, 0) + absent * 7,
            (kinds.FINAL, 0) + absent * 7,
        ]


def context_of(data: bytes) -> "Optional[wbxml.Context]":
    try:
        ctx = wbxml.context(data)
        return ctx if wbxml.records(ctx) is not None else None
    except DecodeError:
        return None


class TestPython(RecordsSuite):
    @staticmethod
    def records(ctx: wbxml.Context) -> "Iterator[tuple[int, ...]]":
        return pure.records(ctx.data, wbxml._root(ctx), len(ctx.table), 64, 1 << 20)


@pytest.mark.skipif(native.lib is None, reason="no C codec")
class TestC(RecordsSuite):
    @staticmethod
    def records(ctx: wbxml.Context) -> "Iterator[tuple[int, ...]]":
        return native.records(ctx.data, wbxml._root(ctx), len(ctx.table), 64, 1 << 20)

    @settings(max_examples=120, deadline=None)
    @given(damaged_documents())
    def test_equal_to_the_twin(self, data: bytes) -> None:
        ctx = context_of(data)
        if ctx is not None:
            assert outcome(TestPython.records(ctx)) == outcome(self.records(ctx))

    @settings(max_examples=50, deadline=None)
    @given(wild_documents())
    def test_in_small_steps(self, document: "tuple[bytes, Node]") -> None:
        ctx = context_of(document[0])
        if ctx is not None:
            whole = list(self.records(ctx))
            for chunk in (1, 2, 3):
                steps = native.records(ctx.data, wbxml._root(ctx), len(ctx.table), 64, 1 << 20, chunk)
                assert list(steps) == whole

    @settings(max_examples=80, deadline=None)
    @given(wild_documents(), st.sampled_from((5, 2048)))
    def test_runs(self, document: "tuple[bytes, Node]", max_text: int) -> None:
        """The groups hold every record once, in order, and the texts of the plain ones."""
        ctx = context_of(document[0])
        if ctx is None:
            return
        records, texts = [], []
        for chunk in native.chunks(ctx.data, wbxml._root(ctx), len(ctx.table), 64, 1 << 20, max_text):
            number, found = 0, []
            for count in chunk.runs:
                rows = [chunk.row(number + index) for index in range(count or 1)]
                number += len(rows)
                records += rows
                if count:
                    found += [text for row in rows for text in plain_texts(ctx.data, row)]
                    assert len({shape(ctx.data, row) for row in rows}) == 1
            assert not found or chunk.texts == [*found, ""]
            texts += found
        assert records == list(self.records(ctx))
        assert all(text == text.strip() and len(text.encode()) <= max_text for text in texts)

    def test_runs_of_a_usual_message(self) -> None:
        add = "454b03310001" "5a00015303740001010000" "546757036c0001014fc3016201" "0101"
        status = "694b033100015c033100014c033100014a0341646400014f03323030000101"
        data = bytes.fromhex("02a4016a006d6b" + status * 300 + "6a4b03320001" + add * 300 + "01120101")
        runs = [count for chunk in native.chunks(data, 6, 0, 64, 1 << 20, 99) for count in chunk.runs]
        assert runs == [256, 44, 0, 211, 89, 0, 0]


def plain_texts(data: bytes, record: "tuple[int, ...]") -> "list[str]":
    spans = range(2, 16, 2) if record[0] == kinds.STATUS else (2, 6, 8)
    return [data[record[at]:record[at] + record[at + 1]].decode() if record[at] >= 0 else "" for at in spans]


def shape(data: bytes, record: "tuple[int, ...]") -> Any:
    metas = () if record[0] == kinds.STATUS else (4, 10)
    return (record[0], record[1] & ~kinds.OPAQUE, tuple(start >= 0 for start in record[2::2]),
            tuple(data[record[at]:record[at] + record[at + 1]] for at in metas if record[at] >= 0))


def outcome(made: "Iterator[tuple[int, ...]]") -> Any:
    out: "list[Any]" = []
    try:
        out.extend(made)
    except DecodeError as error:
        out.append((type(error), str(error), error.offset))
    return out
