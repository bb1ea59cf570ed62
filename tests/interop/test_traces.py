"""Traces of sessions with SyncEvolution are replayed with no difference, in settings that the vectors leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop import syncevolution
from interop.matrix import Settings
from interop.pairs import Pair, WithClient
from interop.record_traces import NumberedTraces
from interop.syncevolution import SyncEvolutionServer
from interop.vcards import cards, fill, find, vcard, write
from minisyncml.gateway.replay import replay
from minisyncml.gateway.rewrite import anonymise

pytestmark = [pytest.mark.interop, pytest.mark.skipif(bool(syncevolution.missing()), reason=syncevolution.missing())]


def played_again(pair: Pair, traces: Path) -> None:
    """Both ends fill, split and change; then the traces are played."""
    fill(pair.ours, range(40))
    fill(pair.theirs, range(30, 60))
    write(pair.theirs / "long.vcf", vcard(99, note=9000))
    pair.sync()
    write(find(pair.ours, 3), vcard(3, "edited here"))
    find(pair.theirs, 4).unlink()
    pair.sync()
    assert len(cards(pair.ours)) == len(cards(pair.theirs)) == 60
    for path in sorted(traces.iterdir()):
        assert pair.password.encode() not in path.read_bytes() or not pair.password
        other = path.with_name(path.name + ".anonymised")
        anonymise(str(path), str(other))
        for one in (path, other):
            played = replay(str(one))
            assert [str(difference) for difference in played.differences] == []
            assert played.messages >= 3


def test_client_splits_messages(tmp_path: Path) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    settings = Settings("client", "wbxml", "1.1", "basic")
    with WithClient(tmp_path / "pair", settings, max_msg_size=4000, peer_max_msg_size=4000,
                    options=("--trace", str(traces / "0"))) as pair:
        played_again(pair, traces)


def test_server_splits_messages(tmp_path: Path) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    with SyncEvolutionServer(tmp_path / "server") as server, \
            NumberedTraces(server, tmp_path / "pair", Settings("server", "wbxml", "1.2", "none"), max_msg_size=4000,
                           peer_max_msg_size=4000) as pair:
        pair.traces = traces
        played_again(pair, traces)
