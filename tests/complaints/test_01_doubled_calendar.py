"""Complaint 1: every failed session makes all calendar and task entries double on the phone, and cleaning is by hand on
the handset. However many sessions fail, and wherever, nothing is there twice, not even when the phone forgets all about
the computer; and what another program has doubled is cleaned up from here.
"""

from __future__ import annotations

from collections import Counter
from typing import Optional

import pytest
from forgetful import Forgetful
from hub import URL, ZONE, Handset, Hub, items, put
from samples import EVENTS, TASKS

from minisyncml.content.facts import facts
from minisyncml.errors import TransportError
from minisyncml.gateway.dedupe import apply
from minisyncml.gateway.dedupe import find as duplicates
from minisyncml.gateway.report import Report
from minisyncml.profile import find
from minisyncml.store.base import Store
from minisyncml.store.place import KINDS
from minisyncml.transport.base import Packet
from minisyncml.transport.pipe import Pipe

TYPES = KINDS["calendar"][0]
OWN = tuple(f"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:Ours {day}\r\n"
            f"DTSTART:200907{day:02}T080000Z\r\n"
            f"DTEND:200907{day:02}T090000Z\r\nX-EPOCAGENDAENTRYTYPE:APPOINTMENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            for day in range(1, 5))


class Dropping(Pipe):
    """A line that drops at a message: before it arrives, or before its answer does."""

    def __init__(self, hub: Hub, at: int, arrives: bool) -> None:
        super().__init__(hub.handle, URL)
        self.left, self.arrives = at, arrives

    def send(self, packet: Packet) -> Optional[Packet]:
        self.left -= 1
        answer = super().send(packet) if self.left >= 0 or self.arrives else None
        if self.left < 0:
            raise TransportError("the line dropped")
        return answer


class Scene:
    """A phone of the complaint and a hub; both have entries of their own."""

    def __init__(self) -> None:
        self.hub = Hub({"calendar": (*EVENTS, *TASKS)})
        self.store = Forgetful("calendar", TYPES)
        self.phone = Handset(find(user="nokia-s60"), {"Calendar": self.store})
        put(self.store, *OWN, type="text/x-vcalendar")
        self.expected = Counter(titles(self.store) + titles(self.hub.stores["calendar"]))

    def drops(self, at: int, arrives: bool) -> Report:
        """A session that fails at a message; it may be over before."""
        return self.phone.emulator.call(URL, transport=lambda: Dropping(self.hub, at, arrives))

    def once_each(self) -> bool:
        """Whether both sides hold everything once."""
        return titles(self.store) == titles(self.hub.stores["calendar"]) == self.expected

    def forget(self) -> None:
        """The phone knows nothing of the computer any more."""
        for peer in self.store.peers():
            self.store.forget(peer)


def titles(store: Store) -> "Counter[str]":
    """What a person sees in a calendar: titles and days."""
    return Counter(facts(item.type, item.body, ZONE).title for item in items(store))


@pytest.mark.parametrize("forgets", (False, True), ids=("remembers", "forgets"))
@pytest.mark.parametrize("arrives", (False, True), ids=("lost", "unanswered"))
def test_sessions_that_fail_double_nothing(arrives: bool, forgets: bool) -> None:
    at, whole = 0, False
    while not whole:
        scene = Scene()
        whole = scene.drops(at, arrives).error is None
        assert max((titles(scene.store) | titles(scene.hub.stores["calendar"])).values()) == 1
        if forgets:
            scene.forget()
        scene.phone.fine(scene.hub)
        assert scene.once_each(), f"after a session that failed at message {at}"
        assert scene.phone.quiet(scene.hub)
        at += 1
    assert at > 3


@pytest.mark.parametrize("forgets", (False, True), ids=("remembers", "forgets"))
def test_many_failures_one_after_the_other(forgets: bool) -> None:
    scene = Scene()
    for attempt in range(12):
        scene.drops(attempt % 6, attempt % 2 == 0)
        if forgets and attempt % 3 == 2:
            scene.forget()
    scene.phone.fine(scene.hub)
    assert scene.once_each() and scene.phone.quiet(scene.hub)


def test_a_hub_that_forgets_doubles_nothing_either() -> None:
    scene = Scene()
    scene.phone.fine(scene.hub)
    for peer in scene.hub.stores["calendar"].peers():
        scene.hub.stores["calendar"].forget(peer)
    scene.phone.fine(scene.hub)
    assert scene.once_each() and scene.phone.quiet(scene.hub)


def test_what_was_doubled_before_is_cleaned_up_from_here() -> None:
    scene = Scene()
    put(scene.store, *OWN, *OWN, type="text/x-vcalendar")       # three times each, as years of failures left it
    scene.phone.fine(scene.hub)
    calendar = scene.hub.stores["calendar"]
    assert sorted(titles(calendar).values()) == [1] * len(EVENTS + TASKS) + [3] * len(OWN)
    done = apply(calendar, duplicates(calendar, ZONE).groups)
    assert done.removed == 2 * len(OWN) and sum(done.due.values()) == 2 * len(OWN)
    scene.phone.fine(scene.hub)
    assert scene.once_each() and scene.phone.quiet(scene.hub)
    assert len([one for one in calendar.trash() if one.reason == "duplicate"]) == 2 * len(OWN)
