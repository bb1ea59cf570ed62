"""Two versions of an item side by side, and in one text with marks."""

from __future__ import annotations

import pytest

from minisyncml.content.beside import differences, is_marked, marked


def card(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", "N:Lovelace;Ada;;;", "FN:Ada", *lines, "END:VCARD", ""]).encode()


def event(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:abc", *lines, "END:VEVENT",
                        "END:VCALENDAR", ""]).encode()


@pytest.mark.parametrize("type, ours, theirs, rows, equal", [
    ("text/vcard", card("TEL:1"), card("TEL:1"), [], 3),
    ("text/vcard", card("TEL:1", "REV:20240101"), card("REV:20250101", "TEL:1"), [], 3),
    ("text/vcard", card("TEL;TYPE=HOME:1"), card("TEL;TYPE=WORK:1"), [("TEL", "1 (home)", "1 (work)")], 2),
    ("text/vcard", card("NOTE:a\\nb"), card("BDAY:1815-12-10"), [("NOTE", "a / b", ""), ("BDAY", "", "1815-12-10")], 2),
    ("text/vcard", card("PHOTO;ENCODING=b:QUJDQUJD"), card(), [("PHOTO", "6 bytes", "")], 2),
    ("text/vcard", b"", card(), [("N", "", "Lovelace; Ada"), ("FN", "", "Ada")], 0),
    ("text/calendar", event("SUMMARY:a", "DTSTART:20260406T180000Z"), event("SUMMARY:b", "DTSTART:20260406T180000Z"),
     [("SUMMARY", "a", "b")], 1),
    ("text/plain", b"milk\nbread\n", b"milk\nbread, eggs\nham\n",
     [("line 2", "bread", "bread, eggs"), ("line 3", "", "ham")], 1),
    ("application/octet-stream", b"\0\1\2", b"\0\2\3", [("BODY", "3 bytes", "3 bytes")], 0),
])
def test_differences(type: str, ours: bytes, theirs: bytes, rows: "list[tuple[str, str, str]]", equal: int) -> None:
    found, same = differences(type, ours, theirs)
    assert ([tuple(row) for row in found], same) == (rows, equal)


def test_a_value_is_cut() -> None:
    row, = differences("text/vcard", card("NOTE:" + "x" * 5000), card())[0]
    assert len(row.ours) < 250 and row.ours.endswith("...")


def test_marks_stand_around_what_differs() -> None:
    both = marked(b"milk\r\nbread\r\n", b"milk\nham\n")
    assert both == b"milk\n<<<<<<< ours\nbread\n=======\nham\n>>>>>>> theirs\n" and is_marked(both)
    assert not is_marked(b"milk\nham\n") and marked(b"a\n", b"a\r\n") == b"a\n"
