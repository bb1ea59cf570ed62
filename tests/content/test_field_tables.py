"""The tables of what becomes of each property are what the formats do, and nothing gets lost but what they name."""

from __future__ import annotations

from content.field_tables import DOCUMENT, EDITED, LOST, MARK, document, tables

#: rows in which something is lost. SIF-C's Subject: only where it says something else than FileAs, which few clients do
KNOWN = ["Subject"]


def test_the_document_is_what_the_formats_do() -> None:
    now = document()
    assert DOCUMENT.read_text("utf-8") == now, "python -m content.field_tables in tests/ writes it again"
    rows = [line for line in now.split("\n## ", 1)[1].splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0][2:] for line in rows if LOST in line] == KNOWN


def test_the_tables_can_tell() -> None:
    """The judge of each table sees an edit, and the property of most rows; some say what goes without saying."""
    for table in tables():
        name = table.source.type, table.title
        marked = [row.body for row in table.rows if MARK in row.body]
        assert len(marked) * 2 > len(table.rows), name
        assert all(table.judge(body) != table.judge(body.replace(MARK, EDITED)) for body in marked), name
        seen = sum(table.judge(row.body) != table.judge(row.plain) for row in table.rows)
        assert seen * 4 >= len(table.rows) * 3, (name, seen)
