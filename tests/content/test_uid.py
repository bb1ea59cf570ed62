"""The UID of a copy that stands beside what it was made of."""

from __future__ import annotations

import pytest

from minisyncml.content.uid import apart, named

CARD = "text/vcard"
SERIES = (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:%s\nBEGIN:VALARM\nUID:%s\nEND:VALARM\nEND:VEVENT\n"
          b"BEGIN:VEVENT\nUID:%s\nRECURRENCE-ID:20260101\nEND:VEVENT\nEND:VCALENDAR\n")


def uids(body: bytes) -> "list[bytes]":
    return [line[4:] for line in body.splitlines() if line.startswith(b"UID:")]


def test_a_copy_has_one_of_its_own_and_the_same_wherever_it_is_made() -> None:
    body = b"BEGIN:VCARD\r\nUID:one\r\nFN:Ada\r\nEND:VCARD\r\n"
    uid, = uids(apart(CARD, body))
    assert uid != b"one" and apart(CARD, body) == body.replace(b"one", uid)
    assert apart(CARD, body.replace(b"Ada", b"Bo")) != apart(CARD, body).replace(b"Ada", b"Bo")


def test_all_of_a_series_stays_one_item() -> None:
    made = apart("text/calendar", SERIES % (b"1", b"2", b"1"))
    first, alarm, last = uids(made)
    assert first == last != b"1" and alarm not in (first, b"2") and made == SERIES % (first, alarm, first)


def test_who_writes_its_name_in_small_letters_has_one() -> None:
    body = b"BEGIN:VCARD\r\nuid:one\r\nFN:Ada\r\nEND:VCARD\r\n"
    assert named(CARD, body, b"seed") == body and b"one" not in apart(CARD, body)
    assert len(uids(named(CARD, body.replace(b"uid:one\r\n", b""), b"seed"))) == 1


def test_a_long_one_is_folded() -> None:
    body = b"BEGIN:VCARD\r\nUID;VALUE=text:one\r\n two\r\n three\r\nNOTE:a\r\n b\r\nUID:two\r\nEND:VCARD\r\n"
    made = apart(CARD, body)
    assert made.splitlines()[2:4] == [b"NOTE:a", b" b"] and len(set(uids(made))) == 2 and b"two" not in made


@pytest.mark.parametrize("type, body", (
    (CARD, b"BEGIN:VCARD\r\nFN:Ada\r\nEND:VCARD\r\n"), ("text/plain", b"what\nUID: of a note\n")))
def test_what_has_none_stays(type: str, body: bytes) -> None:
    assert apart(type, body) == body
