"""Record the sessions of `tests/vectors/traces` anew: SyncEvolution in both roles, over HTTP and over OBEX, on made-up
contacts.

    PYTHONPATH=.:tests python -m interop.record_traces tests/vectors/traces

That is due when we mean to say something else than we did; otherwise a replay that differs is a bug.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

from interop.matrix import Settings
from interop.obex_pairs import WithCaller, WithPhone
from interop.pairs import Pair, WithClient, WithServer
from interop.syncevolution import SyncEvolutionServer
from interop.vcards import fill, find, vcard, write

RECORDED = (Settings("client", "wbxml", "1.2", "md5"), Settings("client", "xml", "1.1", "basic"),
            Settings("server", "wbxml", "1.2", "md5"), Settings("server", "xml", "1.1", "basic"))
CALLED = (Settings("server", "wbxml", "1.2", "none"), Settings("server", "xml", "1.1", "none"))    # they call our phone
CALLING = Settings("client", "wbxml", "1.2", "none")        # we call theirs


def run(pair: Pair) -> None:
    """Three sessions: contacts, then edits on both sides and a conflict, then nothing. Of XML, which is long, one."""
    count = 7 if pair.settings.encoding == "wbxml" else 3
    fill(pair.ours, range(count))
    fill(pair.theirs, range(count, 2 * count))
    pair.sync()
    if pair.settings.encoding == "xml":
        return
    write(find(pair.ours, 0), vcard(0, "edited here"))
    write(find(pair.theirs, 0), vcard(0, "edited there"))
    write(find(pair.ours, 1), vcard(1, "changed"))
    find(pair.theirs, count + 1).unlink()
    fill(pair.theirs, range(2 * count, 2 * count + 1))
    pair.attempt()
    pair.attempt()


def merge(parts: "List[Path]", out: Path) -> None:
    """Several traces as one, each with sessions of its own; without the XML, which `trace show` makes again."""
    rows: "List[Dict[str, Any]]" = []
    sessions = 0
    for part in parts:
        lines = [json.loads(line) for line in part.read_text("ascii").splitlines()]
        rows += lines[:1] if not rows else []
        for line in lines[1:]:
            line.pop("xml", None)
            if "session" in line:
                line["session"] += sessions
            rows.append(line)
        sessions = max(line.get("session", 0) for line in rows)
    out.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows), "ascii")


def main(folder: Path) -> None:
    """Record all.

    :param folder: where to put the traces
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, SyncEvolutionServer(Path(name) / "server") as server:
        for settings in RECORDED:
            home = Path(name) / f"{settings.role}-{settings}"
            traces = Path(name) / f"{settings.role}-{settings}-traces"
            traces.mkdir()
            out = folder / f"syncevolution-{settings.role}-{settings.encoding}-{settings.version}-{settings.auth}.trace"
            if settings.role == "client":
                with WithClient(home, settings, options=("--trace", str(traces / "0"))) as pair:
                    run(pair)
            else:
                with NumberedTraces(server, home, settings) as pair:
                    pair.traces = traces
                    run(pair)
            merge(sorted(traces.iterdir()), out)
        over_obex(folder, Path(name))


def over_obex(folder: Path, home: Path) -> None:
    """Record those on a line.

    :param folder: where to put the traces
    :param home: a private folder
    """
    for settings in CALLED:
        trace = home / f"called-{settings}"
        with WithCaller(home / f"caller-{settings}", settings, options=("--trace", str(trace))) as pair:
            run(pair)
        merge([trace], folder / f"syncevolution-obex-caller-{settings.encoding}-{settings.version}.trace")
    traces = home / "calling"
    traces.mkdir()
    with NumberedPhone(home / "phone", CALLING) as phone:
        phone.traces = traces
        run(phone)
    merge(sorted(traces.iterdir()), folder / f"syncevolution-obex-phone-{CALLING.encoding}-{CALLING.version}.trace")


class Numbered(Pair):
    """A command's trace holds what it did: each gets a file of its own in the folder `traces`."""

    traces: Path

    def attempt(self, mode: str = "two-way") -> Any:
        self.options = ("--trace", str(self.traces / str(len(list(self.traces.iterdir())))))
        return super().attempt(mode)


class NumberedPhone(Numbered, WithPhone):
    """Our command calls their phone."""

    def __enter__(self) -> "NumberedPhone":
        super().__enter__()
        return self


class NumberedTraces(Numbered, WithServer):
    """Our command is the client of their server."""

    def __enter__(self) -> "NumberedTraces":
        super().__enter__()
        return self


if __name__ == "__main__":
    main(Path(sys.argv[1]))
