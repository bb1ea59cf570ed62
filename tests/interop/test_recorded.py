"""Recorded sessions of real devices against `minisyncml serve`: each command is answered, and what follows fits.

Played to the end with the changes that the server of that day had:

* Sony Ericsson P900, calendar, SyncML 1.0: six sessions; first contact with unknown anchors, events and tasks of both
  sides, edits, nothing, deletes of both sides. Its items get no Status as long as all is well: the server of that day
  gave none, and its profile says why.
* sync4j on PocketPC, contacts, SyncML 1.1: four sessions, its items in SIF. Here the course of the session is checked,
  and that every item is answered; what becomes of the items is looked at in tests/gateway/test_recorded_sif.py.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Iterator, List

import pytest
from helpers import SHARED

from interop import ours, recorded
from interop.recorded import Command, Device, Exchange, says

CORPUS = SHARED / "corpus" / "sessions"
DEVICES = sorted(path.name for path in CORPUS.iterdir()) if CORPUS.is_dir() else []
NAMES = {"sony-ericsson-p900": "calendar", "sync4j-pocketpc-contacts": "contacts"}
SUFFIX = {"calendar": ".ics", "contacts": ".vcf"}
SPARING = {"sony-ericsson-p900"}
DATA = ("Add", "Replace", "Delete")

pytestmark = pytest.mark.skipif(not DEVICES, reason=f"no recorded sessions in {CORPUS}")


class Desk:
    """A device and the server it talks to, with the server's folder."""

    def __init__(self, server: ours.Served, folder: Path, name: str) -> None:
        self.server = server
        self.folder = folder
        self.suffix = SUFFIX[name]
        self.device = Device(server.port)

    def file(self, body: bytes) -> Path:
        [found] = [path for path in self.folder.iterdir() if says(path.read_bytes()) == says(body)]
        return found


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    name = NAMES[request.getfixturevalue("name")]
    folder = tmp_path / name
    folder.mkdir()
    with ours.Served(tmp_path / "serve", [f"{name}={folder}"], "syncmltest", "syncmltest",
                     ["--auth", "basic"]) as server:
        yield Desk(server, folder, name)


@pytest.mark.parametrize("name", DEVICES)
def test_every_command_is_answered(desk: Desk, name: str) -> None:
    for session in recorded.sessions(CORPUS / name):
        desk.device.begin()
        for exchange in session:
            request, answer = desk.device.say(exchange)
            assert recorded.unanswered(request, answer, name in SPARING) == [], exchange.name
            assert recorded.text(recorded.tree(answer), "SyncHdr/SessionID") == \
                recorded.text(recorded.tree(request), "SyncHdr/SessionID")
        assert desk.server.report().raw["error"] is None


@pytest.mark.parametrize("name", DEVICES)
def test_raw_messages_are_answered(desk: Desk, name: str) -> None:
    """Word for word: Statuses and Maps refer to what we never sent, and the session goes on all the same."""
    for session in recorded.sessions(CORPUS / name):
        desk.device.begin()
        for exchange in session:
            status, answer = desk.device.post(exchange.request)
            assert status == 200, exchange.name
            assert recorded.unanswered(exchange.request, answer, name in SPARING) == [], exchange.name


def changes(session: List[Exchange]) -> List[Command]:
    """What the server of that day sent in a session."""
    return [command for exchange in session for command in recorded.commands(exchange.answer) if command.name in DATA]


@pytest.mark.parametrize("name", [name for name in DEVICES if name == "sony-ericsson-p900"])
def test_played_to_the_end(desk: Desk, name: str) -> None:
    """Before each session the server's side changes as it did then; then both ends do and hold the same."""
    device = desk.device
    held: "dict[str, bytes]" = {}
    for number, session in enumerate(recorded.sessions(CORPUS / name), 1):
        expected = changes(session)
        for command in expected:
            for (target, source), body in zip(command.uris, command.bodies):
                if command.name == "Add":
                    (desk.folder / f"{number}-{source}{desk.suffix}").write_bytes(body)
                elif command.name == "Replace":
                    desk.file(held[target]).write_bytes(body)
                else:
                    desk.file(held.pop(target)).unlink()
        device.begin()
        codes: "Counter[str]" = Counter()
        for exchange in session:
            request, answer = device.say(exchange)
            assert recorded.unanswered(request, answer, name in SPARING) == [], exchange.name
            codes.update(status.code for status in recorded.statuses(answer) if status.name in DATA)
            follow(request, device, held)
        sent = [command for command in device.sent.values() if command.name in DATA]
        assert Counter(one.name for one in sent for _ in one.uris) == \
            Counter(one.name for one in expected for _ in one.uris), number
        assert not codes, (number, codes)
        here = [path.read_bytes() for path in desk.folder.iterdir()]
        assert sorted(map(says, here)) == sorted(map(says, held.values())) and all(map(says, here)), number
        assert desk.server.report().exit == 0


def follow(request: bytes, device: Device, held: "dict[str, bytes]") -> None:
    """Keep `held`, what the server ought to have for each LUID, after a message of the device."""
    for command in recorded.commands(request):
        if command.name in DATA:
            for (_, source), body in zip(command.uris, command.bodies):
                if command.name == "Delete":
                    held.pop(source, None)
                else:
                    held[source] = body
    added = {source: body for command in device.sent.values() if command.name == "Add"
             for (_, source), body in zip(command.uris, command.bodies)}
    for item in recorded.tree(request).iterfind("SyncBody/Map/MapItem"):
        guid, luid = recorded.text(item, "Target/LocURI"), recorded.text(item, "Source/LocURI")
        if guid in added:
            held[luid] = added[guid]
    for command in device.sent.values():
        if command.name == "Replace":
            for (target, _), body in zip(command.uris, command.bodies):
                held[target] = body
