#!/usr/bin/env python3
"""The codec beside libwbxml + lxml: reading messages into commands, WBXML to XML text, writing commands.

One process, all ways interleaved, medians of the runs, results checked before they are timed. The peer is libwbxml
(through ctypes) for WBXML to XML and back, without string table, and lxml for XML to a tree and back; it stops at the
tree, where ours goes on to read command, id, type and body of every item. Its XML is compact where lxml reads it, and
indented, like ours, where the text is the aim. See README.md.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import gc
import statistics
import sys
import time
from typing import Any, Callable, Dict, List, Tuple

import data
from lxml import etree

from minisyncml.codec import text, wbxml
from minisyncml.limits import DEFAULT
from minisyncml.message import document
from minisyncml.message.commands import Add, Message, Status, Sync
from minisyncml.message.writer import Writer

LIMITS = DEFAULT._replace(max_message=1 << 24)


class Peer:
    """libwbxml through ctypes."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("wbxml2")
        if name is None:
            sys.exit("libwbxml is not installed (Debian: libwbxml2-1)")
        self.lib = ctypes.CDLL(name)
        self.free = ctypes.CDLL(None).free
        self.free.argtypes = [ctypes.c_void_p]

    def _run(self, kind: str, source: bytes, *settings: Tuple[str, Any]) -> bytes:
        prefix = f"wbxml_conv_{kind}_"
        conv, out, length = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint32()
        getattr(self.lib, prefix + "create")(ctypes.byref(conv))
        for name, *value in settings:
            getattr(self.lib, prefix + name)(conv, *value)
        code = getattr(self.lib, prefix + "run")(conv, source, len(source), ctypes.byref(out), ctypes.byref(length))
        getattr(self.lib, prefix + "destroy")(conv)
        assert code == 0, code
        result = ctypes.string_at(out, length.value)
        self.free(out)
        return result

    def to_xml(self, source: bytes, indented: bool = False) -> bytes:
        return self._run("wbxml2xml", source, ("set_gen_type", 1 if indented else 0))

    def to_wbxml(self, source: bytes) -> bytes:
        return self._run("xml2wbxml", source, ("disable_string_table",))

    def decode(self, source: bytes) -> Any:
        return etree.fromstring(self.to_xml(source))

    def encode(self, tree: Any) -> bytes:
        return self.to_wbxml(etree.tostring(tree))


def read(source: bytes) -> List[Any]:
    """Command, id, type and body of every item, and the code of every Status."""
    found: List[Any] = []
    for command in document.scan(source, limits=LIMITS).commands:
        if isinstance(command, Sync):
            for inner in command.commands:
                if isinstance(inner, Add):
                    kind = inner.meta.type if inner.meta else None
                    for item in inner.items:
                        found.append(("Add", item.source, kind, item.data))
        elif isinstance(command, Status):
            found.append(("Status", command.source_refs, command.code))
    return found


def read_pure(source: bytes) -> List[Any]:
    """The same by the Python twin."""
    wbxml.IMPLEMENTATION, before = "Python", wbxml.IMPLEMENTATION
    try:
        return read(source)
    finally:
        wbxml.IMPLEMENTATION = before


def read_uncollected(source: bytes) -> List[Any]:
    """The same while the garbage collector of Python rests: it visits all items again and again, the more there are."""
    gc.disable()
    try:
        return read(source)
    finally:
        gc.enable()


def read_peer(tree: Any) -> List[Any]:
    """What `read` finds, out of the peer's tree; only to check."""
    space, meta = "{SYNCML:SYNCML1.2}", "{syncml:metinf}"
    found: List[Any] = [("Status", (node.findtext(space + "SourceRef"),), int(node.findtext(space + "Data")))
                        for node in tree.iter(space + "Status")]
    for node in tree.iter(space + "Add"):
        found.append(("Add", node.findtext(f"{space}Item/{space}Source/{space}LocURI"),
                      node.findtext(f"{space}Meta/{meta}Type"),
                      node.findtext(f"{space}Item/{space}Data").encode().replace(b"\n", b"\r\n")))
    return found


def steps_of(message: Message) -> List[Tuple[Any, Any]]:
    """The commands as a session has them when it writes: each Sync as its opening and the commands in it."""
    return [(command._replace(commands=()), command.commands) if isinstance(command, Sync) else (command, None)
            for command in message.commands]


def write(message: Message, steps: List[Tuple[Any, Any]]) -> bytes:
    """Commands to WBXML, without limit of size."""
    writer = Writer(message.header)
    for command, inside in steps:
        if inside is None:
            assert writer.add(command)
            continue
        assert writer.open_sync(command)
        for inner in inside:
            assert writer.add(inner)
        writer.close_sync()
    return writer.finish(message.final)


def best_of(ways: Dict[str, Callable[[], Any]], runs: int, seconds: float) -> Dict[str, float]:
    """Medians of interleaved runs, in seconds of CPU for one call."""
    gc.collect()
    gc.freeze()             # what is only held ready is no work for the collector
    loops = {}
    for name, way in ways.items():
        began = time.process_time()
        way()
        way()
        loops[name] = max(1, int(2 * seconds / max(time.process_time() - began, 1e-6)))
    times: Dict[str, List[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            began = time.process_time()
            for _ in range(loops[name]):
                way()
            times[name].append((time.process_time() - began) / loops[name])
    return {name: statistics.median(values) for name, values in times.items()}


def check(peer: Peer, source: bytes) -> None:
    """All ways find the same, and what is written reads back."""
    ours = read(source)
    assert ours and ours == read_pure(source)
    assert ours == read_peer(peer.decode(source))
    message = document.parse(source, limits=LIMITS).message
    assert document.parse(write(message, steps_of(message)), limits=LIMITS).message == message
    assert text.wbxml_to_xml(source).count("<Data>") == peer.to_xml(source).count(b"<Data>")


def ways_of(peer: Peer, source: bytes) -> Dict[str, Callable[[], Any]]:
    """All that is measured on a document."""
    message = document.parse(source, limits=LIMITS).message
    steps, tree = steps_of(message), peer.decode(source)
    return {
        "read": lambda: read(source), "read, Python": lambda: read_pure(source),
        "read, no gc": lambda: read_uncollected(source), "read, peer": lambda: peer.decode(source),
        "text": lambda: text.readable(source, LIMITS), "text, peer": lambda: peer.to_xml(source, True),
        "write": lambda: write(message, steps), "write, peer": lambda: peer.encode(tree)}


ROWS = (("WBXML to commands", "read", "read, peer", 8), ("the same, Python twin", "read, Python", "read, peer", 1),
        ("WBXML to XML text", "text", "text, peer", 10), ("commands to WBXML", "write", "write, peer", 6))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="interleaved runs (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.05, help="of each run, about (default: %(default)s)")
    options = parser.parse_args()
    peer = Peer()
    print(f"codec: {wbxml.IMPLEMENTATION}; medians of {options.runs} runs; CPU time in microseconds\n")
    print(f"{'document':<14}{'bytes':>10}  {'way':<24}{'ours':>12}{'peer':>12}{'times':>8}{'goal':>6}")
    per_item: Dict[str, Dict[str, float]] = {"as it is": {}, "garbage collector off": {}}
    for name, source in data.documents():
        check(peer, source)
        times = best_of(ways_of(peer, source), options.runs, options.seconds)
        for label, ours, theirs, goal in ROWS:
            ratio = times[theirs] / times[ours]
            print(f"{name:<14}{len(source):>10,}  {label:<24}{times[ours] * 1e6:>12,.1f}{times[theirs] * 1e6:>12,.1f}"
                  f"{ratio:>8.1f}{goal:>6}{'' if ratio >= goal else '  missed'}")
        if name.endswith("vCards"):
            for found, way in zip(per_item.values(), ("read", "read, no gc")):
                found[name] = times[way] * 1e6 / len(read(source))
    for how, found in per_item.items():
        print(f"microseconds for each item read, {how}: "
              + ", ".join(f"{name} {value:.2f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
