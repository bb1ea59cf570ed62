"""pysyncml 0.2.0, whose successor we are: its sync-notes as client of `minisyncml serve`, and as server of `sync`."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional, Tuple

import pytest

from interop import ours, pysyncml_peer
from interop.pysyncml_peer import NotesClient, NotesServer, Summary, fill, find, note, texts

pytestmark = [pytest.mark.interop, pytest.mark.skipif(bool(pysyncml_peer.missing()), reason=pysyncml_peer.missing())]
USER, PASSWORD = "guest", "secret"
Sync = Callable[[], Tuple[ours.Report, Optional[Summary]]]


def settle(sync: Sync, here: Path, there: Path, size: int) -> None:
    """Expect both sides equal, of this size, and that the next sync transfers nothing."""
    assert texts(here) == texts(there)
    assert sum(texts(here).values()) == size
    report, summary = sync()
    assert report.idle and not report.slow and (summary is None or summary.idle), (report, summary)
    assert texts(here) == texts(there)


def scenario(sync: Sync, here: Path, there: Path, giver: Path) -> None:
    """A first sync of 1,000 notes from `giver`; edits and additions on both sides; a deletion on ours."""
    fill(giver, range(1000))
    report, summary = sync()
    given = (report.remote, report.local) if giver == here else (report.local, report.remote)
    assert (given[0].added, given[1].added) == (1000, 0), report
    if summary is not None:
        assert (summary.remote.added, summary.local.added) == (report.local.added, report.remote.added), summary
    settle(sync, here, there, 1000)
    for number in (1, 2, 3):
        find(here, number).write_bytes(note(number, " here"))
        find(there, number + 10).write_bytes(note(number + 10, " there"))
    fill(here, range(2000, 2002))
    fill(there, range(3000, 3004))
    find(here, 500).unlink()
    report, summary = sync()
    assert tuple(report.local) == (4, 3, 0, 0) and tuple(report.remote) == (2, 3, 1, 0), report
    if summary is not None:
        assert tuple(summary.local) == (2, 3, 1, 0) and tuple(summary.remote) == (4, 3, 0, 0), summary
    settle(sync, here, there, 1005)


@pytest.mark.parametrize("giver", ["here", "there"])
@pytest.mark.parametrize("user", [USER, ""])
def test_client(tmp_path: Path, giver: str, user: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    with ours.Served(tmp_path / "serve", [f"notes={here}"], user, PASSWORD,
                     ["--auth", "basic"] if user else []) as server:
        client = NotesClient(there, server.url, user, PASSWORD)

        def sync() -> Tuple[ours.Report, Summary]:
            summary = client.run()
            assert summary.exit == 0, (summary.output, server.background.output())
            return server.report(), summary

        scenario(sync, here, there, here if giver == "here" else there)


@pytest.mark.parametrize("giver", ["here", "there"])
@pytest.mark.parametrize("user", [USER, ""])
def test_server(tmp_path: Path, giver: str, user: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    with NotesServer(there, user, PASSWORD) as server:

        def sync() -> Tuple[ours.Report, None]:
            report, output = ours.sync(tmp_path / "sync", server.url, [f"notes={here}"],
                                       ["--encoding", "xml", *ours.login("basic" if user else "none", user, PASSWORD)])
            assert report is not None and report.exit == 0, (output, server.background.output())
            return report, None

        scenario(sync, here, there, here if giver == "here" else there)
