#!/usr/bin/env python3
"""Syncs over a serial line of a given speed: a phone at one end of a throttled pair of pseudo-terminals, we at the
other, calling it. Both are processes of their own; the relay between them counts bytes and how busy the line is.

The phone is our emulator: one that takes what the protocol asks of everybody (`plain`: one item in each command, one
Status for each item, LUIDs of up to four characters), and one that takes several items in a command and one Status for
many (`packing`). Each run takes new folders through a first sync of N contacts, which are on the phone, one with
nothing to do, and one with ten changes. After each both sides must hold the same. See README.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from data import contacts  # noqa: E402
from interop.peers.ptyrelay import Relay  # noqa: E402

from minisyncml.gateway.emulator import Emulator, phone_stores  # noqa: E402
from minisyncml.gateway.phone import Phone  # noqa: E402
from minisyncml.limits import DEFAULT as LIMITS  # noqa: E402
from minisyncml.profile import DEFAULT, Profile, StoreValue  # noqa: E402
from minisyncml.store.place import open_store  # noqa: E402
from minisyncml.transport.serial import open_serial  # noqa: E402

KINDS = ("plain", "packing")
CASES = ("first", "nothing", "ten")
WORDS = {"first": "first sync", "nothing": "nothing to do", "ten": "ten changes"}
MAX_MSG = 150_000
PACKET = 32_768


class Sample(NamedTuple):
    """One session, from OBEX CONNECT to the answer to DISCONNECT."""

    wall: float
    line: float     #: seconds that the bytes alone take
    bytes: int
    busy: float


def profile(kind: str) -> Profile:
    """What the phone is like."""
    contacts_ = StoreValue("contacts", "Contacts", types=(("text/vcard", "3.0"),))
    return DEFAULT._replace(max_msg=MAX_MSG, obex_packet=PACKET, stores=(contacts_,),
                            packs=kind == "packing")


def answer(device: str, folder: str, kind: str) -> None:
    """The phone's process."""
    what = profile(kind)
    stores = phone_stores(what, folder)
    phone = Emulator(stores, what, switch="none", limits=LIMITS._replace(max_msg_size=MAX_MSG))
    with open_serial(device, packet=PACKET) as link:
        phone.answer(link)


class Bench:
    """Two ends and the line between them."""

    def __init__(self, kind: str, baud: int, count: int, folder: Path) -> None:
        self.kind, self.baud, self.folder = kind, baud, folder
        self.there, self.here = folder / "phone" / "contacts", folder / "here"
        for place in (self.there, self.here):
            place.mkdir(parents=True)
        for number, body in enumerate(contacts(count)):
            (self.there / f"{number}.vcf").write_bytes(body)

    def run(self, relay: Relay) -> Sample:
        """One session."""
        store = open_store(str(self.here), "contacts", str(self.folder / "state"))
        relay.count[:] = [0, 0]
        relay.began = relay.ended = 0.0
        try:
            report = Phone(lambda: open_serial(relay.b, packet=PACKET), {"contacts": store}, port="line", at=False,
                           peers=self.peers, profile="",
                           limits=LIMITS._replace(max_msg_size=MAX_MSG)).sync()
        finally:
            store.close()
        if report.error is not None or report.exit_code:
            raise SystemExit(f"{report.error}\n{report.table()}")
        total = sum(relay.count)
        return Sample(relay.ended - relay.began, total / relay.rate, total, relay.busy())

    def cases(self) -> "Iterator[tuple[str, Sample]]":
        """All sessions of one run."""
        from minisyncml.store.peersfile import FilePeers

        self.peers = FilePeers(str(self.folder / "peers"))
        with Relay(self.baud) as relay:
            child = multiprocessing.get_context("spawn").Process(
                target=answer, args=(relay.a, str(self.folder / "phone"), self.kind), daemon=True)
            child.start()
            wait_for(child, self.folder / "phone" / ".minisyncml")
            try:
                for case in CASES:
                    if case == "ten":
                        self.change()
                    yield case, self.run(relay)
                    if bodies(self.there) != bodies(self.here):
                        raise SystemExit(f"{case}: the sides differ")
            finally:
                child.terminate()
                child.join()
                self.peers.close()

    def change(self) -> None:
        """Six edits, two additions, two deletions on the phone."""
        for number in range(6):
            place = self.there / f"{number}.vcf"
            place.write_bytes(place.read_bytes().replace(b"NOTE:", b"NOTE:changed "))
        for number in (6, 7):
            (self.there / f"{number}.vcf").unlink()
        for number, body in enumerate(contacts(2, seed=2)):
            (self.there / f"new{number}.vcf").write_bytes(body)


def wait_for(child: Any, path: Path) -> None:
    """Until the phone is there."""
    import time
    for _ in range(400):
        if path.exists():
            time.sleep(0.5)
            return
        time.sleep(0.05)
    raise SystemExit(f"the phone did not start: {child.exitcode}")


def bodies(folder: Path) -> "Counter[bytes]":
    """What a side holds."""
    return Counter(path.read_bytes() for path in folder.glob("*.vcf"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--baud", type=int, default=115_200)
    parser.add_argument("--size", type=int, default=1000, help="contacts (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS))
    args = parser.parse_args()
    samples: "Dict[tuple[str, str], List[Sample]]" = {}
    for _ in range(args.runs):
        for kind in args.kinds:
            folder = Path(tempfile.mkdtemp(prefix="line"))
            try:
                for case, sample in Bench(kind, args.baud, args.size, folder).cases():
                    samples.setdefault((kind, case), []).append(sample)
            finally:
                shutil.rmtree(folder)
    print(f"| phone | case, {args.size:,} contacts, {args.baud:,} baud | runs | wall s | bytes | bytes alone s "
          "| wall / bytes | line busy |")
    print("|---|---|---|---|---|---|---|---|")
    for (kind, case), some in samples.items():
        middle = Sample(*(statistics.median(values) for values in zip(*some)))
        print(f"| {kind} | {WORDS[case]} | {len(some)} | {middle.wall:.2f} | {middle.bytes:,.0f} | {middle.line:.2f} | "
              f"{middle.wall / middle.line:.3f} | {middle.busy:.1%} |")


if __name__ == "__main__":
    main()
