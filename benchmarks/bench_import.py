"""What importing costs: resident memory and time of a fresh process, ours beside modules that we keep out.

    python benchmarks/bench_import.py [RUNS]

Medians of interleaved runs (5 by default). The run fails when ours costs more than it may: 14 MiB, 60 ms after
`import minisyncml` and constructing a server, a session and the codec; 24 MiB for a server that listens.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = "import minisyncml"
CONSTRUCTED = """
import minisyncml
from minisyncml.codec import IMPLEMENTATION
server = minisyncml.Server({"notes": minisyncml.MemoryStore()})
app = server.wsgi_app
pair = minisyncml.Exchange.server(minisyncml.Options("id", bytes, float), {}, None)
"""
LISTENING = CONSTRUCTED + "\nhttp = minisyncml.HttpServer(app, '127.0.0.1', 0)\n"
CASES = {
    "nothing": "",
    "minisyncml": OURS,
    "server, session, codec": CONSTRUCTED,
    "listening (waitress)": LISTENING,
    "waitress alone": "import waitress.server",
    "http.client": "import http.client",
    "lxml.etree": "import lxml.etree",
    "tinydb": "import tinydb",
}
ALLOWED = {"server, session, codec": (14.0, 60.0), "listening (waitress)": (24.0, 1000.0)}
PROBE = """
import sys, time
sys.path[:0] = {path!r}
def rss():
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1]) / 1024
began = time.perf_counter()
{code}
took = (time.perf_counter() - began) * 1000
print(rss(), took)
sys.stdout.flush()
__import__("os")._exit(0)
"""


def measure(code: str) -> "tuple[float, float]":
    """MiB and milliseconds of one fresh process."""
    path = [str(ROOT), *(entry for entry in sys.path if "site-packages" in entry)]
    program = PROBE.format(path=path, code=code)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    memory, took = done.stdout.split()
    return float(memory), float(took)


def main() -> int:
    """Measure, print one table, and say whether the bounds hold."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    found: "dict[str, list[tuple[float, float]]]" = {name: [] for name in CASES}
    for _ in range(runs):
        for name, code in CASES.items():
            found[name].append(measure(code))
    print(f"Python {sys.version.split()[0]}, medians of {runs} runs")
    print(f"{'':24}{'MiB':>8}{'ms':>8}")
    good = True
    for name, values in found.items():
        memory, took = (statistics.median(column) for column in zip(*values))
        most = ALLOWED.get(name, (1e9, 1e9))
        ok = memory <= most[0] and took <= most[1]
        good &= ok
        print(f"{name:24}{memory:8.1f}{took:8.1f}{'' if ok else '  more than allowed'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
