from __future__ import annotations

import itertools

import pytest

from minisyncml.errors import TransportError
from minisyncml.gateway.sessions import Key, Seat, Sessions
from minisyncml.limits import DEFAULT

LIMITS = DEFAULT._replace(max_sessions=4, max_sessions_unauthenticated=2, max_sessions_per_user=2, session_timeout=100)


class Table:
    """Sessions with a clock in our hand."""

    def __init__(self) -> None:
        self.now = 0.0
        numbers = itertools.count(1)
        self.sessions: "Sessions[str]" = Sessions(LIMITS, lambda: self.now, lambda: f"t{next(numbers)}")

    def open(self, device: str, body: bytes = b"1", trusted: bool = False, sender: str = "10.0.0.1") -> "Seat[str]":
        self.now += 1
        seat, self.left = self.sessions.open(Key(device, "1", sender), lambda token: f"session {token}", body)
        seat.trusted = trusted
        return seat


def test_found_by_token_and_by_key() -> None:
    table = Table()
    seat = table.open("phone")
    assert seat.session == "session t1"
    assert table.sessions.by_token("t1") is seat
    assert table.sessions.by_key(Key("phone", "1", "10.0.0.1")) is seat
    assert table.sessions.by_key(Key("phone", "1", "10.0.0.2")) is None     # from elsewhere: not without credentials
    assert table.sessions.by_token("t2") is None


def test_the_same_first_message_opens_one_session() -> None:
    table = Table()
    seat = table.open("phone", b"hello")
    assert table.open("phone", b"hello") is seat and table.left == []
    other = table.open("phone", b"hello again")
    assert other is not seat and table.left == [seat]
    assert len(table.sessions) == 1


def test_a_session_that_ended_does_not_answer_a_new_first_message() -> None:
    table = Table()
    seat = table.open("phone", b"hello")
    seat.ended = True
    assert table.open("phone", b"hello") is not seat


def test_idle_sessions_leave() -> None:
    table = Table()
    old = table.open("old")
    table.now = 60
    kept = table.open("kept")
    table.now = 102
    assert table.sessions.expire() == [old]
    table.now = 150
    assert table.sessions.by_token(kept.token) is kept      # using it keeps it
    table.now = 249
    assert table.sessions.expire() == []
    table.now = 251
    assert table.sessions.expire() == [kept]
    assert len(table.sessions) == 0


def test_strangers_push_out_strangers_only() -> None:
    table = Table()
    friend = table.open("friend", trusted=True)
    first = table.open("stranger 1")
    table.open("stranger 2")
    table.open("stranger 3")
    assert table.left == [first]
    assert table.sessions.by_token(friend.token) is friend
    assert len(table.sessions) == 3


def test_full_of_friends() -> None:
    table = Table()
    seats = [table.open(f"friend {number}", trusted=True) for number in range(4)]
    with pytest.raises(TransportError, match="too many sessions"):
        table.open("one more")
    seats[2].ended = True
    table.open("one more")
    assert table.left == [seats[2]]


def test_who_has_too_many_loses_his_own() -> None:
    table = Table()

    def enter(device: str, user: str, sender: str = "10.0.0.1") -> "tuple[Seat[str], list[Seat[str]]]":
        seat = table.open(device, sender=sender)
        return seat, table.sessions.trust(seat, user)

    first, _ = enter("one", "ada")
    second, _ = enter("two", "ada")
    other, left = enter("three", "bob")
    assert left == []
    table.now += 1
    table.sessions.by_token(first.token)
    third, left = enter("four", "ada")
    assert left == [second] and table.sessions.by_token(second.token) is None
    third.ended = True
    assert enter("five", "ada")[1] == []        # one that is over does not count
    assert table.sessions.by_token(other.token) is other


def test_where_nobody_logs_in_the_address_counts() -> None:
    table = Table()
    seats = []
    for number, sender in enumerate(("10.0.0.1", "10.0.0.1", "10.0.0.2")):
        seats.append(table.open(f"phone {number}", sender=sender))
        assert table.sessions.trust(seats[-1], "") == []
    seats.append(table.open("phone 3", sender="10.0.0.1"))
    assert table.sessions.trust(seats[-1], "") == [seats[0]]


def test_clear() -> None:
    table = Table()
    seats = [table.open("a"), table.open("b")]
    assert table.sessions.clear() == seats
    assert len(table.sessions) == 0 and table.sessions.by_token("t1") is None
