"""Sessions of real peers, played once more: how a bug report becomes a test. See interop/record_traces.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import ROOT

from minisyncml.gateway.replay import replay
from minisyncml.gateway.rewrite import anonymise
from minisyncml.gateway.tracefile import base64, read

TRACES = sorted((ROOT / "tests" / "vectors" / "traces").glob("*.trace"))


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_we_say_what_we_said(path: Path) -> None:
    played = replay(str(path))
    assert [str(one) for one in played.differences] == []
    assert played.sessions >= 1 and played.messages >= 3


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_so_does_the_anonymised(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "anonymised"
    anonymise(str(path), str(out))
    before, after = replay(str(path)), replay(str(out))
    assert [str(one) for one in after.differences] == []
    assert (after.sessions, after.messages) == (before.sessions, before.messages)
    for word in (b"Ada", b"Bj\xc3\xb6rn", b"person1@", b"+4930", b"alice"):
        assert all(word not in data for data in _bytes(out)), word


def _bytes(path: Path) -> "list[bytes]":
    """All that a trace holds: its text, and what base64 stands for."""
    import binascii
    found = []
    for line in read(str(path)):
        found.append(json.dumps(line, ensure_ascii=False).encode())
        found += [binascii.a2b_base64(line[name]) for name in ("raw", "data") if name in line]
    return found


def test_nothing_of_this_machine_and_no_secret_is_in_them() -> None:
    assert len(TRACES) == 7
    for path in TRACES:
        for data in _bytes(path):
            for word in (b"/home/", b"/tmp/", b"wonder land", base64(b"alice:wonder land").encode()):
                assert word not in data, (path, word)


def test_what_differs_is_told(tmp_path: Path) -> None:
    """One byte of a contact that we sent was another then."""
    path = next(path for path in TRACES if "server-wbxml" in path.name)
    out = tmp_path / "changed"
    changed = 0
    with open(out, "w", encoding="ascii") as file:
        for text in path.read_text("ascii").splitlines():
            line = json.loads(text)
            if line.get("dir") == "out" and not changed:
                import binascii
                raw = binascii.a2b_base64(line["raw"])
                changed = raw.count(b"likes")
                line["raw"] = base64(raw.replace(b"likes", b"hates", 1))
            file.write(json.dumps(line) + "\n")
    assert changed
    difference, = replay(str(out)).differences
    assert difference.session == 1 and difference.where.endswith("/Item/Data")
    assert "hates" in difference.recorded and "likes" in difference.ours
