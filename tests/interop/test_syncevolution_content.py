"""People's data between us and SyncEvolution, whichever is the server: contacts with photos and line breaks in
addresses, events that recur with exceptions, all-day ones, alarms, tasks and notes; as they are, and in the forms of
old phones. After three round trips with edits on alternating sides nothing is lost or changed in meaning.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Iterator, List, NamedTuple, Tuple

import pytest
from samples import CARD, EVENTS, NOTES, TASKS, calendar
from samples import meaning as meaning_of

from interop import ours, syncevolution
from interop.syncevolution import Source, SyncEvolutionClient, SyncEvolutionServer

pytestmark = [pytest.mark.interop, pytest.mark.skipif(bool(syncevolution.missing()), reason=syncevolution.missing())]
SHARED = Path(os.environ.get("MINISYNCML_SHARED") or Path(__file__).resolve().parents[3] / "shared")
CORPUS = SHARED / "corpus" / "items"
MODIFIED = (
    calendar("VEVENT", "changed-0123456789abcdef", "SUMMARY:Changed once", "DTSTART:20090401T120000Z",
             "DTEND:20090401T123000Z", "RRULE:FREQ=DAILY;COUNT=5").replace("END:VCALENDAR\r\n", "")
    + "BEGIN:VEVENT\r\nUID:changed-0123456789abcdef\r\nDTSTAMP:20090401T145153Z\r\nSUMMARY:Later that day\r\n"
      "DTSTART:20090403T150000Z\r\nDTEND:20090403T153000Z\r\nRECURRENCE-ID:20090403T120000Z\r\nEND:VEVENT\r\n"
      "END:VCALENDAR\r\n",
)


class Kind(NamedTuple):
    """A kind of data."""

    name: str                   #: of our datastore
    source: Source
    items: "Tuple[str, ...]"
    corpus: "Tuple[str, ...]"   #: files of the corpus
    edits: "Tuple[Tuple[str, str], ...]"    #: on our side, on theirs, on ours

    def __str__(self) -> str:
        return "-".join((self.name, *(one.partition("/")[2] for one in self.source.settings[:1])))


def phone_form(media_type: str) -> "Tuple[str, ...]":
    return (f"syncFormat={media_type}", "forceSyncFormat=1")


_CONTACTS = (("Programmer", "First programmer"), ("First line", "Erste Zeile"), ("5550 200", "5550 222"))
_EVENTS = (("Room 5", "Room 7"), ("SUMMARY:Meeting", "SUMMARY:Big meeting"), ("bring", "take"))
_TASKS = (("A to G", "A to H"), ("Write the", "Rewrite the"), ("PRIORITY:1", "PRIORITY:5"))
KINDS = (
    Kind("contacts", Source("addressbook", "text/vcard"), (CARD,), ("eds_contact.vcf",), _CONTACTS),
    Kind("contacts", Source("addressbook", "text/vcard", phone_form("text/x-vcard")), (CARD,), ("eds_contact.vcf",),
         _CONTACTS),
    Kind("calendar", Source("calendar", "text/calendar"), EVENTS, (), _EVENTS),
    Kind("calendar", Source("calendar", "text/calendar", phone_form("text/x-vcalendar")), EVENTS, (), _EVENTS),
    Kind("tasks", Source("todo", "text/calendar"), TASKS, ("eds_task.ics",), _TASKS),
    Kind("tasks", Source("todo", "text/calendar", phone_form("text/x-vcalendar")), TASKS, ("eds_task.ics",), _TASKS),
    Kind("notes", Source("memo", "text/plain"), NOTES, (), (("bread", "butter"), ("milk", "cheese"), ("eggs", "nuts"))),
)


class Ends:
    """Two folders, ours and theirs, and a way to sync them."""

    def __init__(self, mine: Path, theirs: Path,
                 sync: "Callable[[], Tuple[ours.Report, syncevolution.Result]]") -> None:
        self.mine, self.theirs, self._sync = mine, theirs, sync

    def sync(self) -> "Tuple[ours.Report, syncevolution.Result]":
        """Sync; both ends say it went well."""
        mine, theirs = self._sync()
        assert theirs.status == 200, theirs
        assert mine.exit == 0 and not mine.local.failed + mine.remote.failed + theirs.local.failed, (mine, theirs)
        return mine, theirs

    def settled(self) -> None:
        """Another sync finds nothing to do."""
        mine, theirs = self.sync()
        assert mine.idle and theirs.idle, (mine, theirs)


@pytest.fixture(params=["client", "server"])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> "Iterator[Callable[[Kind], Ends]]":
    """Makes two ends; the parameter is SyncEvolution's role."""
    stack: "List[Any]" = []
    folder = tmp_path / "ours"
    folder.mkdir()
    options = ("--zone", "Europe/Berlin")

    def serve(kind: Kind) -> Ends:
        server = ours.Served(tmp_path / "serve", [f"{kind.name}={folder}"], options=options)
        stack.append(server)
        server.__enter__()
        client = SyncEvolutionClient(tmp_path / "client", server.url, kind.name, source=kind.source)

        def sync() -> "Tuple[ours.Report, syncevolution.Result]":
            result = client.run()
            assert result.status != -124, result.output
            return server.report(), result
        return Ends(folder, client.folder, sync)

    def dial(kind: Kind) -> Ends:
        server = SyncEvolutionServer(tmp_path / "server")
        stack.append(server)
        server.__enter__()
        account = server.account("device-1", source=kind.source)

        def sync() -> "Tuple[ours.Report, syncevolution.Result]":
            report, output = ours.sync(tmp_path / "sync", server.url, [f"{kind.name}={folder}"],
                                       ["--device-id", "device-1", "--remote", f"{kind.name}={server.uri}", *options])
            assert report is not None, output
            return report, account.result()
        return Ends(folder, account.folder, sync)

    yield serve if request.param == "client" else dial
    for one in stack:
        one.__exit__()


def meaning(body: bytes) -> Any:
    """What an item says, without what SyncEvolution adds on its own: a second name of the spouse, empty lines."""
    found = meaning_of(body.rstrip() + b"\r\n")
    return [one for one in found if one[:1] != ("X-SPOUSE",)]


def texts(folder: Path) -> "List[bytes]":
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file() and path.name[0] != "."]


def holding(folder: Path, words: str) -> Path:
    """The one file where that stands, folded or not."""
    [found] = [path for path in folder.iterdir() if words in unfolded(path.read_bytes())]
    return found


def unfolded(body: bytes) -> str:
    return body.replace(b"\r\n ", b"").replace(b"\n ", b"").decode()


def edit(path: Path, old: str, new: str) -> None:
    """As people do, with an editor."""
    text = unfolded(path.read_bytes())
    assert old in text
    path.write_bytes(text.replace(old, new).encode())


def said(folder: Path) -> "List[Any]":
    return sorted((meaning(body) for body in texts(folder)), key=repr)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_three_round_trips(ends: "Callable[[Kind], Ends]", kind: Kind) -> None:
    pair = ends(kind)
    suffix = {"contacts": ".vcf", "notes": ".txt"}.get(kind.name, ".ics")
    for number, body in enumerate(kind.items):
        (pair.mine / f"item{number}{suffix}").write_bytes(body.encode())
    before = texts(pair.mine)
    pair.sync()
    assert texts(pair.mine) == before, "nothing was edited"
    assert len(texts(pair.theirs)) == len(before)
    pair.settled()
    for number, (old, new) in enumerate(kind.edits):
        mine = holding(pair.mine, old)
        expected = {path: meaning(path.read_bytes()) for path in pair.mine.iterdir()}
        expected[mine] = meaning(unfolded(mine.read_bytes()).replace(old, new).encode())
        edit(holding(pair.theirs, old) if number == 1 else mine, old, new)
        pair.sync()
        assert {path: meaning(path.read_bytes()) for path in pair.mine.iterdir()} == expected
        assert holding(pair.theirs, new)
        pair.settled()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.corpus], ids=str)
def test_items_of_the_corpus_come_back_as_they_were(ends: "Callable[[Kind], Ends]", kind: Kind) -> None:
    """To them, and, where one field was edited there, back: the other fields are as they were."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not here")
    pair = ends(kind)
    suffix = ".vcf" if kind.name == "contacts" else ".ics"
    for name in kind.corpus:
        for number, body in enumerate((CORPUS / name).read_text("utf-8").replace("\r\n", "\n").split("\n\n")):
            if body.strip():
                (pair.mine / f"{number}{suffix}").write_bytes((body.strip() + "\n").replace("\n", "\r\n").encode())
    before = {path: path.read_bytes() for path in pair.mine.iterdir()}
    assert before
    pair.sync()
    pair.settled()
    assert {path: path.read_bytes() for path in pair.mine.iterdir()} == before
    for path in list(pair.theirs.iterdir()):
        text = unfolded(path.read_bytes())
        head = "END:VCARD" if kind.name == "contacts" else "END:VTODO"
        prop = "URL" if kind.name == "contacts" else "LOCATION"
        if f"\n{prop}" not in text:
            path.write_bytes(text.replace(head, f"{prop}:http://example.org/new\r\n{head}").encode())
    pair.sync()
    for path, body in before.items():
        after = meaning(path.read_bytes())
        assert [one for one in after if "example.org/new" not in repr(one)] == meaning(body), path
    pair.settled()


def test_exceptions_of_recurring_events(ends: "Callable[[Kind], Ends]") -> None:
    """SyncEvolution's file backend takes a file for an event, so the exception travels inside the item."""
    kind = KINDS[2]._replace(items=MODIFIED)
    pair = ends(kind)
    (pair.mine / "changed.ics").write_bytes(MODIFIED[0].encode())
    pair.sync()
    assert said(pair.mine) == [meaning(MODIFIED[0].encode())]
    pair.settled()
