#!/usr/bin/env python3
"""What converting people's data costs, beside vobject and icalendar: items per second, memory, and what gets lost.

    python benchmarks/bench_content.py [--items N] [--runs N]

Speed: one event is taken apart and put together again by everybody (`parse+write`), and made into the phone's form
and back by us, which the others cannot do. Each measurement is a fresh process; medians of interleaved runs, after a
warm-up. Memory is what the process grows by, imports and 1,000 items held one at a time included. Losses: what comes
out of others for what phones send. See README.md.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, List, Tuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

OURS = """
from minisyncml.content import formats
from minisyncml.content.form import Form
"""
REWRITE = OURS + """
format = formats.find({type!r}, {version!r})
def work(body):
    found = format.read(body, Form())
    return format.write([each._replace(raw=b"") for each in found], Form())
"""
CONVERT = OURS + """
there, back = Form({far!r}, {far_version!r}, zone="Europe/Berlin"), Form({type!r}, {version!r}, zone="Europe/Berlin")
def work(body):
    return formats.convert(formats.convert(body, {type!r}, there), {far!r}, back)
"""
VOBJECT = """
import vobject
def work(body):
    return vobject.readOne(body.decode()).serialize().encode()
"""
ICALENDAR = """
from icalendar import Calendar
def work(body):
    return Calendar.from_ical(body).to_ical()
"""
CARD = {"type": "text/vcard", "version": "3.0", "far": "text/x-vcard", "far_version": "2.1"}
EVENT = {"type": "text/calendar", "version": "2.0", "far": "text/x-vcalendar", "far_version": "1.0"}
#: what is done, to what, by whom: the code
CASES: "Dict[Tuple[str, str, str], str]" = {
    ("parse+write", "contact", "minisyncml"): REWRITE.format(**CARD),
    ("parse+write", "contact", "vobject"): VOBJECT,
    ("parse+write", "event", "minisyncml"): REWRITE.format(**EVENT),
    ("parse+write", "event", "vobject"): VOBJECT,
    ("parse+write", "event", "icalendar"): ICALENDAR,
    ("there and back", "contact", "minisyncml"): CONVERT.format(**CARD),
    ("there and back", "event", "minisyncml"): CONVERT.format(**EVENT),
}
PROBE = """
import sys, time
sys.path[:0] = {path!r}
import data
bodies = list(data.{kind}s({items}))
def rss():
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1]) / 1024
before = rss()
{code}
for body in bodies[:100]:
    done = work(body)
assert b"BEGIN:" in done, done
began = time.process_time()
for body in bodies:
    work(body)
print(len(bodies) / (time.process_time() - began), rss() - before)
"""
#: what phones send, what a person would miss, and what must be in it when it is a vCard 3.0 or iCalendar 2.0
PHONES: "List[Tuple[str, bytes, str]]" = [
    ("name in quoted-printable", b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCl"
     b"ler;J=C3=B6rg\r\nFN:A\r\nEND:VCARD\r\n", "Müller;Jörg"),
    ("note with soft line breaks", b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A\r\nFN:A\r\nNOTE;ENCODING=QUOTED-PRINTABLE:"
     b"one=0D=0A=\r\ntwo\r\nEND:VCARD\r\n", "one\\ntwo"),
    ("number with bare types", b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A\r\nFN:A\r\nTEL;CELL;VOICE:+491701\r\nEND:VCARD\r\n",
     "+491701"),
    ("photo in base64", b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A\r\nFN:A\r\nPHOTO;JPEG;ENCODING=BASE64:\r\n /9j/4AAQ\r\n\r\n"
     b"END:VCARD\r\n", "/9j/4AAQ"),
    ("no end", b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Muster\r\nFN:A\r\n", "Muster"),
    ("rule of vCalendar 1.0", b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\n"
     b"DTSTART:20060406T160000Z\r\nRRULE:MP1 1+ SU #2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "FREQ=MONTHLY"),
    ("alarm of vCalendar 1.0", b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\n"
     b"DTSTART:20060406T160000Z\r\nAALARM:20060406T154500Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "BEGIN:VALARM"),
]


def measure(kind: str, code: str, items: int) -> "Tuple[float, float]":
    """Items per second and MiB of one fresh process."""
    path = [str(ROOT), str(ROOT / "benchmarks"), *(entry for entry in sys.path if "site-packages" in entry)]
    program = PROBE.format(path=path, kind=kind, items=items, code=code)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    speed, memory = done.stdout.split()
    return float(speed), float(memory)


def losses() -> None:
    """Print what of a phone's item is still there in the modern form, or what went wrong."""
    print(f"\n{'what phones send':32}{'minisyncml':>16}{'vobject':>16}{'icalendar':>16}")
    for what, body, wanted in PHONES:
        kind = CARD if b"VCARD" in body else EVENT
        shown = [what.ljust(32)]
        form = f"Form({kind['type']!r}, {kind['version']!r})"
        for code in (OURS + f"work = lambda body: formats.convert(body, '', {form})", VOBJECT, ICALENDAR):
            shown.append(f"{_lost(code, body, wanted):>16}")
        print("".join(shown))


def _lost(code: str, body: bytes, wanted: str) -> str:
    if code == ICALENDAR and b"VCARD" in body:
        return "no cards"
    space: "Dict[str, object]" = {}
    try:
        exec(code, space)
        out = space["work"](body)  # type: ignore[operator]
    except ImportError:
        return "not installed"
    except Exception as error:      # whatever another library raises is the result here
        return type(error).__name__
    plain = out.replace(b"\r\n ", b"").replace(b"\n ", b"").decode("utf-8", "replace")
    return "kept" if wanted in plain else "lost"


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    there = {case: code for case, code in CASES.items() if case[2] == "minisyncml" or find_spec(case[2])}
    taken: "Dict[Tuple[str, str, str], List[Tuple[float, float]]]" = {case: [] for case in there}
    for _ in range(args.runs):
        for case, code in there.items():
            taken[case].append(measure(case[1], code, args.items))
    print(f"{'':16}{'item':10}{'by':14}{'items/s':>10}{'x':>8}{'MiB':>8}")
    for (what, kind, who), runs in taken.items():
        speed, memory = (statistics.median(values) for values in zip(*runs))
        ours = statistics.median(speed for speed, _ in taken[what, kind, "minisyncml"])
        times = "" if who == "minisyncml" else f"{ours / speed:.1f}"
        print(f"{what:16}{kind:10}{who:14}{speed:10,.0f}{times:>8}{memory:8.1f}")
    losses()


if __name__ == "__main__":
    main()
