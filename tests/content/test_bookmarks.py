"""Bookmarks: vBookmark as it is, and a change of the address in both places where it stands."""

from __future__ import annotations

from typing import Optional

import pytest
from content.samples_notes import BOOKMARK, lines

from minisyncml.content.form import PLAIN, Form
from minisyncml.content.formats import Format, convert, find, hub
from minisyncml.errors import ItemError

VBOOKMARK, SHORTCUT = "text/x-vbookmark", "application/x-mswinurl"
EQUALS = BOOKMARK.replace(b"r=2", b"r=")


def format_of(media_type: str) -> Format:
    found: "Optional[Format]" = find(media_type)
    assert found is not None
    return found


def changed(body: bytes, name: str, value: str) -> bytes:
    """The bookmark with another value somewhere."""
    found = format_of(VBOOKMARK).read(body, PLAIN)
    return format_of(VBOOKMARK).write(
        [each._replace(value=value, raw=b"") if each.name == name else each for each in found], PLAIN)


@pytest.mark.parametrize("body", (
    BOOKMARK, EQUALS, BOOKMARK[:60], BOOKMARK.replace(b"\r\n", b"\n"), BOOKMARK.lower(),
    lines("BEGIN:VBKM", "VERSION:1.0", "TITLE:", "URL:", "END:VBKM")))
def test_a_bookmark_comes_back_byte_for_byte(body: bytes) -> None:
    assert format_of(VBOOKMARK).write(format_of(VBOOKMARK).read(body, PLAIN), PLAIN) == body


@pytest.mark.parametrize("body", (BOOKMARK, EQUALS))
def test_a_new_address_is_new_in_the_envelope_too(body: bytes) -> None:
    old = b"http://example.org/?q=1&r=" + (b"2" if body is BOOKMARK else b"")
    made = changed(body, "URL", "http://example.net/new")
    assert old not in made and made.count(b"http://example.net/new\r\n") == 2
    assert [line for line in made.splitlines() if line.startswith((b"BEGIN", b"END"))] == \
        [b"BEGIN:VBKM", b"BEGIN:ENV", b"END:ENV", b"END:VBKM"]


def test_a_new_title_leaves_the_rest_alone() -> None:
    made = changed(BOOKMARK, "TITLE", "Tea")
    assert made == BOOKMARK.replace(b"TITLE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Caf=C3=A9", b"TITLE:Tea")


def test_a_shortcut_says_address_and_title() -> None:
    made = convert(BOOKMARK, VBOOKMARK, Form(type=SHORTCUT))
    assert made == lines("[InternetShortcut]", "URL=http://example.org/?q=1&r=2", "Title=Café")
    found = {each.name: each.value for each in hub(made, SHORTCUT)[1]}
    assert (found["URL"], found["TITLE"]) == ("http://example.org/?q=1&r=2", "Café")
    assert convert(convert(made, SHORTCUT, Form(type=VBOOKMARK)), VBOOKMARK, Form(type=SHORTCUT)) == made


@pytest.mark.parametrize("media_type, body", (
    (VBOOKMARK, b""), (VBOOKMARK, b"URL:x"), (SHORTCUT, b""), (SHORTCUT, b"[InternetShortcut]\r\n")))
def test_what_has_no_bookmark_in_it_is_refused(media_type: str, body: bytes) -> None:
    with pytest.raises(ItemError):
        format_of(media_type).read(body, PLAIN)


def test_a_bookmark_without_address_is_no_shortcut() -> None:
    with pytest.raises(ItemError):
        convert(lines("BEGIN:VBKM", "TITLE:x", "END:VBKM"), VBOOKMARK, Form(type=SHORTCUT))
