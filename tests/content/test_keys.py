"""Keys and kinds: what they see, what they overlook, and that nothing a peer sends can upset them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minisyncml.content import keys
from minisyncml.content.kind import bare, fits, kind

CARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;John\r\nTEL:1\r\nEND:VCARD\r\n"


@pytest.mark.parametrize("body, declared, wanted", (
    (CARD, None, "text/x-vcard"),
    (CARD.replace(b"2.1", b"3.0"), "text/x-vcard", "text/vcard"),
    (CARD.replace(b"2.1", b"4.0"), None, "text/vcard"),
    (b"\xef\xbb\xbf\r\n " + CARD, "text/plain", "text/x-vcard"),
    (CARD.lower(), "", "text/x-vcard"),
    (b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\n", "text/calendar", "text/x-vcalendar"),
    (b"BEGIN:VCALENDAR\nVERSION:2.0\n", "text/x-vcalendar", "text/calendar"),
    (b"BEGIN:VNOTE\r\n", "text/plain", "text/x-vnote"),
    (b"buy milk", "text/plain; charset=utf-8", "text/plain"), (b"buy milk", None, "text/plain"),
    (b"\x89PNG", "Image/PNG", "image/png"), (b"", "", "text/plain"), (b"x", "text/directory", "text/vcard"),
))
def test_what_a_body_is(body: bytes, declared: "str | None", wanted: str) -> None:
    assert kind(body, declared) == wanted


@pytest.mark.parametrize("types, yes, no", (
    ((("text/vcard", "3.0"),), ("text/vcard", "text/x-vcard"), ("text/plain", "text/calendar", "")),
    ((("text/x-vcalendar", "1.0"),), ("text/calendar", "text/x-vcalendar"), ("text/vcard",)),
    ((("*/*", ""),), ("text/plain", "image/png", ""), ()),
    ((), (), ("text/plain",)),
    ((("text/plain", "1.0"), ("text/x-vnote", "1.1")), ("text/plain", "text/x-vnote"), ("text/vcard",)),
))
def test_where_it_fits(types: "tuple[tuple[str, str], ...]", yes: "tuple[str, ...]", no: "tuple[str, ...]") -> None:
    assert all(fits(name, types) for name in yes)
    assert not any(fits(name, types) for name in no)


@pytest.mark.parametrize("name, wanted", (
    (None, ""), (" Text/VCard ; charset=x", "text/vcard"), ("text/ical", "text/calendar"),
))
def test_bare_types(name: "str | None", wanted: str) -> None:
    assert bare(name) == wanted


@pytest.mark.parametrize("body, wanted", (
    (b"item1.TEL;TYPE=home:1\r\n", [("TEL", "1")]),
    (b"NOTE:one\r\n  two\r\n\tthree\r\n", [("NOTE", "one twothree")]),
    (b"N;ENCODING=QUOTED-PRINTABLE:M=C3=BC=\r\nller\r\nTEL:1", [("N", "Müller"), ("TEL", "1")]),
    (b"N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller", [("N", "Müller")]),
    (b"N;ENCODING=QUOTED-PRINTABLE:open=", [("N", "open")]), (b"no colon\r\n:nothing\r\n", [("", "nothing")]),
    (b"URL:http://a:8/b", [("URL", "http://a:8/b")]), (b"\xff:\xfe", [("\ufffd", "\ufffd")]),
))
def test_properties(body: bytes, wanted: "list[tuple[str, str]]") -> None:
    assert list(keys.properties(body)) == wanted


@pytest.mark.parametrize("media_type, body", (
    ("text/vcard", b""), ("text/vcard", b"BEGIN:VCARD\r\nEND:VCARD\r\n"), ("text/calendar", b"BEGIN:VCALENDAR\r\n"),
    ("text/plain", b""), ("text/plain", b" \r\n"),
))
def test_what_says_nothing_has_no_key(media_type: str, body: bytes) -> None:
    assert keys.key_of(media_type, body) == ""


BODIES = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from((
        b"BEGIN:VCARD", b"BEGIN:VCALENDAR", b"N:a;b", b"N;ENCODING=QUOTED-PRINTABLE:=C3=", b"=", b" folded",
        b"TEL:+1 2", b"UID:" + b"x" * 20,
        b"SUMMARY:s", b"DTSTART:2026", b"\xff\xfe", b"a:b:c", b"EMAIL;TYPE=x:y@z", b"")),
        max_size=12).map(b"\r\n".join),
)
TYPES = st.sampled_from(("text/vcard", "text/x-vcard", "text/calendar", "text/x-vcalendar", "text/plain", "x/y"))


class TestProperties:
    @given(BODIES, TYPES)
    @example(b"N;QUOTED-PRINTABLE:" + b"aaaa=\n" * 50_000, "text/vcard")
    @settings(deadline=None)
    def test_nothing_upsets_them(self, body: bytes, media_type: str) -> None:
        key = keys.key_of(media_type, body)
        assert isinstance(key, str) and len(key) <= 64
        assert keys.same(media_type, body, body)
        assert isinstance(kind(body, media_type), str)

    @given(BODIES, TYPES)
    @settings(deadline=None)
    def test_line_ends_do_not_count(self, body: bytes, media_type: str) -> None:
        other = body.replace(b"\r\n", b"\n")
        assert keys.key_of(media_type, body) == keys.key_of(media_type, other)
        assert keys.same(media_type, body, other)

    @given(BODIES, BODIES, TYPES)
    @settings(deadline=None)
    def test_sameness_goes_both_ways(self, one: bytes, other: bytes, media_type: str) -> None:
        assert keys.same(media_type, one, other) == keys.same(media_type, other, one)


@pytest.mark.parametrize("one, other, same", (
    (b"TEL;TYPE=HOME:1", b"TEL;TYPE=WORK:1", False),
    (b"TEL;TYPE=HOME:1", b"TEL:1", False),
    (b"TEL;TYPE=home,voice:1", b"TEL;VOICE;HOME:1", True),
    (b"EMAIL;TYPE=INTERNET:a@b", b"EMAIL:a@b", True),
    (b"NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:a=C3=BC", "NOTE:a\u00fc".encode(), True),
    (b"DTSTART;TZID=Europe/Berlin:20260101T100000", b"DTSTART;TZID=Asia/Tokyo:20260101T100000", False),
    (b"DTSTART;VALUE=DATE:20260101", b"DTSTART:20260101", True),
    (b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b", b"ATTENDEE;PARTSTAT=DECLINED:mailto:a@b", False),
    (b"TEL;X-SLOT=1:1", b"TEL;X-SLOT=2:1", True),
))
def test_what_stands_beside_a_value_counts_as_far_as_it_says_something(one: bytes, other: bytes, same: bool) -> None:
    card = b"BEGIN:VCARD\r\n%b\r\nEND:VCARD\r\n"
    assert keys.same("text/vcard", card % one, card % other) is same


def test_a_key_of_your_own() -> None:
    keys.register("x-test/thing", lambda body: body[:1].decode())
    try:
        assert keys.key_of("x-test/thing", b"abc") == "a"
    finally:
        del keys._KEYS["x-test/thing"]
