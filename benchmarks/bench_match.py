#!/usr/bin/env python3
"""Pairing alone: N items that a peer sent in a slow sync with N items here, none of them equal byte for byte.

Each case and size is a process of its own with a tinydb store; CPU and growth of RSS are those of the pairing. How many
pairs are found is checked in the run.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, Tuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from interop.vcards import vcard  # noqa: E402

from minisyncml.store.base import Parked  # noqa: E402
from minisyncml.store.tiny import TinyStore  # noqa: E402
from minisyncml.sync.pairing import find  # noqa: E402

CARDS, EVENTS = "text/vcard", "text/calendar"
Maker = Callable[[int], bytes]


def plain(number: int) -> bytes:
    """A person."""
    return vcard(number, "", 66)


def detail(number: int) -> bytes:
    """The same one as another program knows them: other numbers' form, another note."""
    return vcard(number, "moved", 66).replace(b":+49", b":0").replace(b"VERSION:3.0", b"VERSION:3.0\r\nTITLE:Dr")


def stranger(number: int) -> bytes:
    """Somebody else."""
    return vcard(number + 1_000_000, "", 66)


def colleague(number: int) -> bytes:
    """All have the number of the switchboard and one company."""
    return plain(number).replace(b"END:", b"TEL:+49 30 5550000\r\nORG:Acme\r\nEND:")


def event(number: int, start: bytes, more: bytes = b"") -> bytes:
    """One of twenty titles, ten a day."""
    day, hour = divmod(number, 10)
    when = time.strftime("%Y%m%dT", time.gmtime(1_400_000_000 + day * 86400)).encode() + b"%02d0000" % (hour + 8)
    return (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Meeting of group %d\r\n" % (number % 20)
            + start + when + more + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


CASES: "Dict[str, Tuple[str, Maker, Maker, bool]]" = {
    "other dress": (CARDS, plain, lambda n: plain(n).replace(b"\r\n", b"\n") + b"\n", True),
    "other details": (CARDS, plain, detail, True),
    "strangers": (CARDS, plain, stranger, False),
    "colleagues": (CARDS, colleague, lambda n: colleague(n).replace(b"END:", b"TITLE:Dr\r\nEND:"), True),
    "events, UTC and zone": (EVENTS, lambda n: event(n, b"DTSTART:", b"Z"),
                             lambda n: event(n, b"DTSTART;TZID=UTC:", b"\r\nLOCATION:Hall"), True),
}


def run(case: str, count: int) -> None:
    """One measurement; prints CPU seconds and MiB."""
    media_type, ours, theirs, pairs = CASES[case]
    with tempfile.TemporaryDirectory() as folder:
        store = TinyStore(os.path.join(folder, "items"))
        with store.begin() as batch:
            for number in range(count):
                batch.put(None, media_type, ours(number))
            batch.commit()
        with store.begin() as batch:
            for number in range(count):
                number = number * 7919 % count
                batch.park("peer", Parked(f"L{number}", media_type, theirs(number)))
            batch.commit()
        store.close()
        store = TinyStore(os.path.join(folder, "items"))
        with store.begin() as batch:
            before = resident()
            start = time.process_time()
            found, _ = find(batch, "peer")
            used = time.process_time() - start
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        assert len(found) == (count if pairs else 0), (case, count, len(found))
        print(used, after - before)


def resident() -> float:
    """MiB in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--one", nargs=2, metavar=("CASE", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run(options.one[0], int(options.one[1]))
        return
    print("| case | items a side | CPU s | microseconds an item | MiB more |\n|---|---|---|---|---|")
    for case in options.cases:
        for count in options.sizes:
            done = [subprocess.run([sys.executable, __file__, "--one", case, str(count)], check=True,
                                   capture_output=True, text=True).stdout.split() for _ in range(options.runs)]
            used, more = (statistics.median(float(each[at]) for each in done) for at in (0, 1))
            print(f"| {case} | {count:,} | {used:.3f} | {used / count * 1e6:.0f} | {more:.1f} |")


if __name__ == "__main__":
    main()
