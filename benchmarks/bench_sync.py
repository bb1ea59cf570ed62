#!/usr/bin/env python3
"""Whole syncs over loopback HTTP between two processes, beside SyncEvolution in the same run.

Each run takes new folders and goes through these syncs: the first of N vCards from client to server, one with nothing
to do at once after it, one more when all is settled, one with ten changes, and a slow one of equal sides. Two more take
new folders and let sides meet for the first time that both hold the same N people: as equal files (`full`), and with
the server's written in another way (`dress`). Results are checked in the run. CPU is user + system time of all
processes of an end, without the start of the server; RSS the largest peak (VmHWM) of one process of an end; bytes and
requests are counted by a relay and include HTTP headers. See README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from interop import ours, syncevolution  # noqa: E402
from interop.processes import HOST  # noqa: E402
from interop.relay import Relay, Traffic  # noqa: E402
from interop.vcards import Fields, cards, fields, people, vcard, write  # noqa: E402

from minisyncml.store.place import open_store  # noqa: E402

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)     # else every process that is measured compiles all modules

TICK = os.sysconf("SC_CLK_TCK")
CASES = ("first", "nothing", "settled", "ten", "slow", "full", "dress")
APART = ("full", "dress")       # each takes folders of its own
WORDS = {"first": "first sync", "nothing": "nothing to do", "settled": "nothing to do, settled", "ten": "ten changes",
         "slow": "slow, sides equal", "full": "both full, equal", "dress": "both full, other dress"}
SETTLED = 2.1   # seconds: a folder reads a file again whose attributes it noted when the file was younger than two
MEMORY_LIMIT = 40 * 1024 * 1024
NOTE = 66   # makes vCards of 300 bytes


class Sample(NamedTuple):
    """One sync: seconds, MiB and bytes."""

    wall: float
    cpu_client: float
    cpu_server: float
    rss_client: float
    rss_server: float
    up: int
    down: int
    requests: int


class Watch:
    """All processes of a session (setsid), through /proc: the CPU they used, and the largest peak of one of them."""

    def __init__(self, session: int) -> None:
        self.session = session
        self.peak = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Watch":
        for pid in self.pids():
            try:
                Path(f"/proc/{pid}/clear_refs").write_text("5")     # VmHWM starts anew
            except OSError:
                pass
        self.before = self.cpu()
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.done.set()
        self.thread.join()

    def used(self) -> float:
        """CPU seconds since the watch began."""
        return self.cpu() - self.before

    def cpu(self) -> float:
        """CPU seconds of all that live; time of the dead is in that of their parents (cutime, cstime)."""
        return sum(sum(map(int, fields[11:15])) for _, fields in self._stats()) / TICK

    def pids(self) -> List[int]:
        """Who belongs to the session now."""
        return [pid for pid, _ in self._stats()]

    def _stats(self) -> "Iterator[tuple[int, List[str]]]":
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[3]) == self.session:
                    yield int(name), fields

    def _watch(self) -> None:
        turn = 0
        pids: List[int] = []
        while not self.done.wait(0.01):
            if turn % 10 == 0:
                pids = self.pids()
            turn += 1
            for pid in pids:
                try:
                    peak = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()
                except OSError:
                    continue
                self.peak = max(self.peak, int(peak[0]) if peak else 0)


class End(NamedTuple):
    """How to run one software: a server process, a client command, where both keep their vCards, what fills the
    server's."""

    server: int
    command: Callable[[str], List[str]]
    environment: Dict[str, str]
    client_folder: Path
    served: "Callable[[], Counter[Fields]]"
    check: Callable[[str], None]
    fill: Callable[[Iterable[bytes]], None]


def measure(end: End, mode: str, relay: Relay, limit: Optional[Callable[[], None]] = None) -> Sample:
    """Run one sync."""
    relay.take()
    with Watch(end.server) as server:
        start = time.perf_counter()
        process = subprocess.Popen(end.command(mode), env=end.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                                   preexec_fn=limit)
        assert process.stdout is not None
        with Watch(process.pid) as client:
            output = process.stdout.read().decode("utf-8", "replace")
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
        process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        if process.returncode:
            raise SystemExit(f"{end.command(mode)} ended with {process.returncode}:\n{output}")
        end.check(output)
        used = server.used()
    traffic: Traffic = relay.take()
    return Sample(wall, usage.ru_utime + usage.ru_stime, used, client.peak / 1024, server.peak / 1024, *traffic)


def card(number: int, edit: str = "") -> bytes:
    """One vCard of about 300 bytes."""
    return vcard(number, edit, NOTE)


def dressed(number: int) -> bytes:
    """The same person as another program writes it down: turned round, with a UID and a stamp of its own."""
    lines = card(number).replace(b"\r\n ", b"").splitlines()
    inner = [*lines[:1:-1][1:], b"UID:%032x" % (number * 7919), b"REV:20260101T000000Z", b"PRODID:-//another//EN"]
    return b"\r\n".join([*lines[:2], *inner, b"END:VCARD", b""]).replace(b"TYPE=CELL", b"type=cell")


def scenario(end: End, relay: Relay, count: int, cases: Sequence[str],
             limit: Optional[Callable[[], None]] = None) -> Dict[str, Sample]:
    """The syncs of one run. `settled` comes after one that nothing is measured of and that sees files that are old."""
    for number in range(count):
        (end.client_folder / f"{number}.vcf").write_bytes(card(number))
    if cases and cases[0] in APART:
        end.fill(map(card if cases[0] == "full" else dressed, range(count - 1, -1, -1)))
        both = measure(end, "slow", relay, limit)
        equal(end, count)
        return {cases[0]: both}
    samples = {"first": measure(end, "two-way", relay, limit)}
    equal(end, count)
    for case in cases:
        if case == "ten":
            change(end, count)
        if case == "settled":
            time.sleep(SETTLED)
            measure(end, "two-way", relay, limit)
        if case != "first":
            samples[case] = measure(end, "slow" if case == "slow" else "two-way", relay, limit)
            equal(end, count)
    return samples


def change(end: End, count: int) -> None:
    """Ten changes at the client: six edits, two additions, two deletions."""
    by_name = {body: path for path in cards(end.client_folder) for body in [path.read_bytes()]}
    for number in range(8):
        path = by_name[card(number)]
        if number < 6:
            write(path, card(number, "moved"))
        else:
            path.unlink()
            (end.client_folder / f"new{number}.vcf").write_bytes(card(count + number))


def equal(end: End, count: int) -> None:
    """Stop the benchmark unless both sides hold the same `count` people."""
    if len(cards(end.client_folder)) != count or people(end.client_folder) != end.served():
        raise SystemExit(f"sides differ after a sync: {end.client_folder}")


def run_ours(home: Path, count: int, store: str, cases: Sequence[str],
             limit: Optional[Callable[[], None]] = None) -> Dict[str, Sample]:
    """One run with minisyncml at both ends. `store` is where the server keeps its items; the client's are files."""
    client, server = home / "client-items", home / "server-items"
    client.mkdir(parents=True)
    server.mkdir()
    place = f"contacts={server}" if store == "vdir" else f"contacts=tinydb:{home / 'contacts.json'}"
    served = ours.Served(home / "server", [place])
    served.background.limit = limit
    with served, Relay(served.port) as relay:
        assert served.background.process is not None

        def command(mode: str) -> List[str]:
            return ours.sync_command(home / "client", f"http://{HOST}:{relay.port}/", [f"contacts={client}"],
                                     ["--mode", mode])

        def check(output: str) -> None:
            report = ours.parse(next(line for line in output.splitlines() if line.startswith("{")))
            assert report.exit == 0 and not report.local.failed + report.remote.failed, output
            assert served.report().remote.added == report.local.added

        def items() -> "Counter[Fields]":
            return people(server) if store == "vdir" else in_tinydb(home / "contacts.json")

        def fill(bodies: Iterable[bytes]) -> None:
            if store == "vdir":
                into(server, bodies)
            else:
                into_tinydb(home / "contacts.json", bodies)

        end = End(served.background.process.pid, command, ours.environment(home), client, items, check, fill)
        return scenario(end, relay, count, cases, limit)


def into(folder: Path, bodies: Iterable[bytes]) -> None:
    """Each vCard a file of a folder."""
    for number, body in enumerate(bodies):
        (folder / f"before-{number}.vcf").write_bytes(body)


def into_tinydb(path: Path, bodies: Iterable[bytes]) -> None:
    """Each vCard an item of a database."""
    store = open_store(f"tinydb:{path}", "contacts", str(path.parent))
    with store.begin() as batch:
        for body in bodies:
            batch.put(None, "text/vcard", body)
        batch.commit()
    store.close()


def in_tinydb(path: Path) -> "Counter[Fields]":
    """All vCards of a database."""
    store = open_store(f"tinydb:{path}", "contacts", str(path.parent))
    try:
        return Counter(fields(item.body) for row in store.rows() for item in [store.get(row.id)] if item)
    finally:
        store.close()


def run_peer(home: Path, count: int, store: str, cases: Sequence[str],
             limit: Optional[Callable[[], None]] = None) -> Dict[str, Sample]:
    """One run with SyncEvolution at both ends, both quiet."""
    with syncevolution.SyncEvolutionServer(home / "server") as server, Relay(server.port) as relay:
        account = server.account("device-1")
        client = syncevolution.SyncEvolutionClient(
            home / "client", f"http://{HOST}:{relay.port}/syncevolution", server.uri, device_id="device-1")
        assert server.background.process is not None

        def check(output: str) -> None:
            assert account.result().status == 200, output

        return scenario(End(server.background.process.pid, client.command, syncevolution.environment(client.home),
                            client.folder, lambda: people(account.folder), check,
                            lambda bodies: into(account.folder, bodies)), relay, count, cases)


def memory_limit() -> None:
    """At most 40 MiB of data in the new process (RLIMIT_DATA: heap, anonymous memory, stacks of threads)."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))


def median(samples: Sequence[Sample]) -> Sample:
    """Each column's median."""
    return Sample(*(statistics.median(column) for column in zip(*samples)))


def row(who: str, count: int, case: str, samples: Sequence[Sample]) -> str:
    """One line of the table."""
    m = median(samples)
    walls = [sample.wall for sample in samples]
    return (f"| {who} | {count:,} | {WORDS[case]} | {len(samples)} | "
            f"{m.wall:.2f} ({min(walls):.2f}-{max(walls):.2f}) | "
            f"{m.cpu_client:.2f} | {m.cpu_server:.2f} | {m.rss_client:.1f} | {m.rss_server:.1f} | {m.up:,.0f} | "
            f"{m.down:,.0f} | {m.requests:.0f} |")


HEAD = ("| who | vCards | case | runs | wall s | CPU client s | CPU server s | RSS client MiB | RSS server MiB | "
        "bytes up | bytes down | requests |\n|---|---|---|---|---|---|---|---|---|---|---|---|")


def collect(options: argparse.Namespace, folder: Path) -> "Dict[tuple[str, int, str], List[Sample]]":
    """All runs, interleaved: each round takes every software once."""
    found: "Dict[tuple[str, int, str], List[Sample]]" = {}
    peer = not options.without_peer and not syncevolution.missing()
    for count in options.sizes:
        for turn in range(options.runs):
            todo = [(f"minisyncml, {store}", store, run_ours) for store in options.stores]
            if peer and turn < (options.peer_runs_large if count >= 10_000 else options.runs):
                todo.append(("SyncEvolution", "", run_peer))
            inside = [case for case in options.cases if case not in APART]
            for cases in ([inside] if inside else []) + [[case] for case in APART if case in options.cases]:
                for who, store, run in todo:
                    if cases[0] in APART and run is run_peer and count > options.peer_full:
                        continue
                    home = folder / f"{len(found)}-{count}-{turn}-{cases[0]}-{who.split()[0]}-{store}"
                    for case, sample in run(home, count, store, cases).items():
                        found.setdefault((who, count, case), []).append(sample)
            for who, _, _ in todo:
                print(f"{who} {count} run {turn + 1}", file=sys.stderr)
    return found


def cpu(sample: Sample) -> float:
    """CPU of both ends."""
    return sample.cpu_client + sample.cpu_server


def verdicts(found: "Dict[tuple[str, int, str], List[Sample]]") -> Iterator[str]:
    """What the figures come to beside the peer and beside our own aims."""
    middle = {key: median(samples) for key, samples in found.items()}

    def line(what: str, value: float, holds: bool, aim: str, form: str = "{:.1f}") -> str:
        return f"| {what} | {form.format(value)} | {aim} | {'yes' if holds else 'NO'} |"

    for store in ("vdir", "tinydb"):
        who = f"minisyncml, {store}"
        for count, case, aim in ((1000, "first", 5), (10_000, "first", 10), (10_000, "nothing", 8),
                                 (10_000, "settled", 8)):
            us, them = middle.get((who, count, case)), middle.get(("SyncEvolution", count, case))
            if us and them:
                value = cpu(them) / cpu(us)
                yield line(f"{store}: CPU less than SyncEvolution, {WORDS[case]}, {count:,}", value, value >= aim,
                           f">= {aim}")
        for key, us in middle.items():
            them = middle.get(("SyncEvolution", key[1], key[2]))
            if key[0] == who and them:
                yield line(f"{store}: requests, {WORDS[key[2]]}, {key[1]:,}", us.requests,
                           us.requests <= them.requests, f"<= {them.requests:.0f}", "{:.0f}")
        for case in APART:
            one, ten = middle.get((who, 1000, case)), middle.get((who, 10_000, case))
            if one and ten:
                value = cpu(ten) / cpu(one) / 10
                yield line(f"{store}: CPU per item, {WORDS[case]}, 10,000 to 1,000", value, value <= 1.25, "<= 1.25",
                           "{:.2f}")
        small, large = middle.get((who, 1000, "first")), middle.get((who, 10_000, "first"))
        if small and large:
            value = cpu(large) / cpu(small) / 10
            yield line(f"{store}: CPU per item, 10,000 to 1,000", value, value <= 1.25, "<= 1.25", "{:.2f}")
        for count, case, aim in ((1000, "first", 420_000), (1000, "nothing", 6_000), (10_000, "nothing", 6_000)):
            us = middle.get((who, count, case))
            if us:
                yield line(f"{store}: bytes both ways, {WORDS[case]}, {count:,}", us.up + us.down,
                           us.up + us.down <= aim, f"<= {aim:,}", "{:,.0f}")
        if large:
            peak, limit = max(large.rss_client, large.rss_server), 26 if store == "vdir" else 32
            yield line(f"{store}: peak RSS of an end at 10,000", peak, peak <= limit, f"<= {limit}")
            least = middle.get((who, 100, "first"))
            if least and store == "vdir":
                growth = peak - max(least.rss_client, least.rss_server)
                yield line("vdir: peak RSS more than at 100", growth, growth <= 4, "<= 4")


def limited(folder: Path, store: str) -> str:
    """A first sync of 10,000 with 40 MiB for each end."""
    sample = run_ours(folder / f"limited-{store}", 10_000, store, [], memory_limit)["first"]
    return (f"{store}: a first sync of 10,000 with RLIMIT_DATA of 40 MiB at both ends went well; peak RSS "
            f"{sample.rss_client:.1f} and {sample.rss_server:.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--stores", nargs="+", choices=("vdir", "tinydb"), default=["vdir", "tinydb"],
                        help="where the server keeps its items")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer-runs-large", type=int, default=2, help="runs of SyncEvolution from 10,000 on")
    parser.add_argument("--peer-full", type=int, default=2000, metavar="N",
                        help="let SyncEvolution meet full sides up to this size: its time grows with the square")
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--without-limit", action="store_true", help="skip the runs inside 40 MiB")
    parser.add_argument("--raw", type=Path, help="write all samples there, as JSON")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-sync-"))
    try:
        found = collect(options, folder)
        print(HEAD)
        for (who, count, case), samples in sorted(found.items(), key=lambda kv: (kv[0][1], CASES.index(kv[0][2]))):
            print(row(who, count, case, samples))
        print("\n| figure | measured | aim | holds |\n|---|---|---|---|")
        print(*verdicts(found), sep="\n")
        if not options.without_limit:
            print()
            print(*(limited(folder, store) for store in options.stores), sep="\n")
        if options.raw:
            options.raw.write_text(json.dumps([[*key, *map(list, samples)] for key, samples in found.items()]))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
