"""When an item was written last, by what it says of itself."""

from __future__ import annotations

from typing import Optional

import pytest

from minisyncml.content.written import written


def card(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", "FN:Ada", *lines, "END:VCARD", ""]).encode()


@pytest.mark.parametrize("older, newer", [
    ("REV:20240102T030405Z", "REV:20240102T030406Z"),
    ("REV:2024-01-02T03:04:05Z", "REV:20240102T030406Z"),
    ("REV:20240102", "REV:20240102T000001Z"),
    ("REV:2024-01-02T05:00:00+02:00", "REV:2024-01-02T03:00:01Z"),
    ("REV:2024-01-02T01:00:00-02:00", "REV:2024-01-02T03:00:00.5+00:00"),
    ("LAST-MODIFIED:20231231T235959Z", "LAST-MODIFIED:20240101T000000Z"),
    ("REV;VALUE=date-time:1999-12-31T23:59:59", "item1.REV:20000101T000000Z"),
])
def test_order(older: str, newer: str) -> None:
    one, two = written(card(older)), written(card(newer))
    assert one is not None and two is not None and one <= two


@pytest.mark.parametrize("one, other", [
    ("REV:20240102T030405Z", "REV:2024-01-02T03:04:05Z"), ("REV:20240102T030405Z", "REV:20240102T050405+0200"),
    ("REV:20240102T030405Z", "REV:20240101T220405-0500"), ("REV:20240102T030405Z", "REV:2024-01-02T05:04:05.25+02:00"),
])
def test_the_same_moment(one: str, other: str) -> None:
    assert written(card(one)) == written(card(other)) is not None


@pytest.mark.parametrize("body", [
    b"", b"milk", b"REV:20240102T030405Z", card(), card("REV:"), card("REV:yesterday"), card("REV:20241302"),
    card("REV:99999999T999999Z"), card("REV:2024-01-02T"),
    b"BEGIN:VCARD" + b"\xff" * 9, card("REV:٢٠٢٤٠١٠٢"),
])
def test_it_does_not_say(body: bytes) -> None:
    assert written(body) is None


def test_of_several_components_the_newest_counts() -> None:
    event = "BEGIN:VEVENT\r\nLAST-MODIFIED:{}\r\nEND:VEVENT\r\n"
    both = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + event.format("20240101T000000Z") + event.format("20230101T000000Z")
    last: Optional[int] = written((both + "END:VCALENDAR\r\n").encode())
    assert last == written(card("REV:20240101T000000Z"))
