"""Files with many objects are cut into single ones, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content.pieces import HEAD, MARK, joined, pieces, without

CARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:%s\r\nEND:VCARD\r\n"


def test_cards_stay_as_they_are() -> None:
    cards = [CARD % b"Ada", b"begin:vcard\nN;ENCODING=QUOTED-PRINTABLE:=\nBEGIN:VCARD=\n=0D\nend:vcard\n",
             CARD.replace(b"N:%s", b"AGENT:\r\nBEGIN:VCARD\r\nN:Agent\r\nEND:VCARD")]
    assert list(pieces(b"".join(cards))) == cards
    assert list(pieces(b"\r\n\r\n".join(cards))) == cards


def test_the_mark_at_the_start_of_a_file_is_no_part_of_it() -> None:
    calendar = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    assert list(pieces(MARK + CARD % b"Ada")) == [CARD % b"Ada"]
    assert list(pieces(MARK + calendar)) == [calendar]


def test_a_calendar_gives_each_part_what_is_common() -> None:
    head = b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nTZ:+01\r\n"
    event, task = (b"BEGIN:V%s\r\nSUMMARY:x\r\nEND:V%s\r\n" % (kind, kind) for kind in (b"EVENT", b"TODO"))
    end = b"END:VCALENDAR\r\n"
    assert list(pieces(head + event + end)) == [head + event + end]
    assert list(pieces(head + event + task + end + head + task + end)) == [
        head + event + end, head + task + end, head + task + end]
    zone = b"BEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    assert list(pieces(head + zone + event + task + end)) == [head + zone + event + end, head + zone + task + end]


def test_what_has_no_end_is_kept_and_bare_cr_is_a_line_end() -> None:
    assert list(pieces(CARD % b"A" + b"BEGIN:VCARD\r\nN:B")) == [CARD % b"A", b"BEGIN:VCARD\r\nN:B"]
    assert list(pieces((CARD % b"A").replace(b"\n", b""))) == [CARD % b"A"]
    assert list(pieces(b"")) == list(pieces(b"no object\r\nat all\r\n")) == []


def test_a_missing_end_hides_nothing_behind_it() -> None:
    """Only a card's AGENT may be a card."""
    cut = b"BEGIN:VCARD\r\nAGENT:\r\n\r\nBEGIN:VCARD\r\nN:Agent\r\nEND:VCARD\r\n"
    assert list(pieces(cut + CARD % b"A")) == [cut, CARD % b"A"]
    assert list(pieces(b"BEGIN:VCARD\r\nN:A\r\nBEGIN:VCARD\r\nN:B\r\n" + CARD % b"C")) == [
        b"BEGIN:VCARD\r\nN:A\r\n", b"BEGIN:VCARD\r\nN:B\r\n", CARD % b"C"]
    assert list(pieces(b"BEGIN:VCARD\r\n\r\n" + CARD % b"C")) == [CARD % b"C"], "with nothing in it"
    head, end = b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n"
    event = b"BEGIN:VEVENT\r\nBEGIN:VALARM\r\nEND:VEVENT\r\n"
    task = b"BEGIN:VTODO\r\nEND:VTODO\r\n"
    assert list(pieces(head + event + task + end)) == [head + event + end, head + task + end]


ZONE = b"BEGIN:VTIMEZONE\r\nTZID:%s\r\nBEGIN:STANDARD\r\nRRULE:FREQ=YEARLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
SERIES = b"BEGIN:VEVENT\r\nUID:1\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n"
MOVED = b"BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20260417\r\nEND:VEVENT\r\n"
OTHER = b"BEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\n"


@pytest.mark.parametrize("parts, found", [
    ([SERIES, MOVED, OTHER], [[OTHER], [SERIES, MOVED]]),
    ([SERIES, OTHER, MOVED], [[OTHER], [SERIES, MOVED]]),
    ([MOVED, OTHER, SERIES, OTHER], [[OTHER], [OTHER], [MOVED, SERIES]]),
    ([SERIES, OTHER, SERIES], [[OTHER], [SERIES], [SERIES]]),
])
def test_a_series_and_what_was_moved_of_it_are_one(parts: "list[bytes]", found: "list[list[bytes]]") -> None:
    head, end = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + ZONE % b"Here", b"END:VCALENDAR\r\n"
    whole = [head + b"".join(each) + end for each in found]
    assert list(joined(pieces(head + b"".join(parts) + end))) == whole
    assert list(joined(pieces(b"".join(head + each + end for each in parts)))) == whole


def test_what_was_moved_brings_its_own_zone() -> None:
    head, end = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", b"END:VCALENDAR\r\n"
    here, there = head + ZONE % b"Here", ZONE % b"There" + MOVED + end
    assert list(joined(pieces(here + SERIES + end + head + there))) == [here + SERIES + there]


def test_what_is_common_is_bounded() -> None:
    part = b"BEGIN:VEVENT\r\nEND:VEVENT\r\n"
    found = list(pieces(b"BEGIN:VCALENDAR\r\n" + b"X-LONG:1\r\n" * 100_000 + part * 3 + b"END:VCALENDAR\r\n"))
    assert len(found) == 3 and max(map(len, found)) < HEAD + 100


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([b"BEGIN:VCARD\r\n", b"END:VCARD\r\n", b"BEGIN:VCALENDAR\n", b"END:VCALENDAR\n",
                                 b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"A;QUOTED-PRINTABLE:=\r\n", b"\r", b"BEGIN:",
                                 b"x\r\n"]), max_size=40))
def test_any_order_of_lines_is_cut(lines: "list[bytes]") -> None:
    data = b"".join(lines)
    found = list(pieces(data))
    assert len(found) <= data.upper().count(b"BEGIN:")
    assert all(one.strip().upper().startswith(b"BEGIN:") for one in found)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=20).map(lambda body: CARD % body.replace(b"\n", b"").replace(b"\r", b"")),
                max_size=6))
def test_cards_of_any_bytes_come_back(cards: "list[bytes]") -> None:
    assert list(pieces(b"".join(cards))) == cards


@pytest.mark.parametrize("body, rest", [(b"A:1\r\nX-IRMC-LUID:7\r\nB:2\r\n", b"A:1\r\nB:2\r\n"), (b"A:1\n", b"A:1\n"),
                                        (b"x-irmc-luid:7\n", b"")])
def test_a_property_is_left_out(body: bytes, rest: bytes) -> None:
    assert without(body, b"X-IRMC-LUID:") == rest
