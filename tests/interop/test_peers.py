"""The peers against themselves: when these fail, a failure of the other tests here says nothing about us."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop import pysyncml_peer, syncevolution
from interop.matrix import VALUES, everything, pairs, pairwise
from interop.pysyncml_peer import NotesClient, NotesServer
from interop.relay import Relay
from interop.syncevolution import Counts, SyncEvolutionClient, SyncEvolutionServer
from interop.vcards import cards, fields, fill, find, people, vcard, write

pytestmark = pytest.mark.interop


@pytest.mark.full
@pytest.mark.skipif(bool(syncevolution.missing()), reason=syncevolution.missing())
@pytest.mark.parametrize("version, wbxml, user", [("1.2", True, "alice"), ("1.0", False, "")])
def test_syncevolution(tmp_path: Path, version: str, wbxml: bool, user: str) -> None:
    record, password = tmp_path / "wire", "secret" if user else ""
    with SyncEvolutionServer(tmp_path / "server") as server, Relay(server.port, record) as relay:
        account = server.account("device-1", user, password)
        client = SyncEvolutionClient(
            tmp_path / "client", f"http://127.0.0.1:{relay.port}/syncevolution", server.uri, wbxml=wbxml,
            version=version, user=user, password=password, device_id="device-1")
        fill(client.folder, range(10))
        fill(account.folder, range(10, 15))
        here, there = client.run(), account.result()
        assert (here.status, there.status, here.mode, there.mode) == (200, 200, "slow", "slow")
        assert here.local == there.remote == Counts(5, 0, 0, 0)
        assert here.remote == there.local == Counts(10, 0, 0, 0)
        assert people(client.folder) == people(account.folder) and len(cards(client.folder)) == 15
        write(find(account.folder, 3), vcard(3, "moved"))
        find(client.folder, 12).unlink()
        here, there = client.run(), account.result()
        assert here.local == there.remote == Counts(0, 1, 0, 0)
        assert here.remote == there.local == Counts(0, 0, 1, 0)
        assert client.run().idle and account.result().idle
        assert relay.take().requests >= 9
    assert f"SyncML/{version}".encode() in record.read_bytes()


@pytest.mark.skipif(bool(pysyncml_peer.missing()), reason=pysyncml_peer.missing())
def test_pysyncml(tmp_path: Path) -> None:
    with NotesServer(tmp_path / "server", "guest", "secret") as server:
        client = NotesClient(tmp_path / "client", server.url, "guest", "secret")
        pysyncml_peer.fill(client.folder, range(20))
        assert tuple(client.run().remote) == (20, 0, 0, 0)
        pysyncml_peer.find(server.folder, 3).write_bytes(pysyncml_peer.note(3, " today"))
        pysyncml_peer.fill(client.folder, range(20, 22))
        summary = client.run()
        assert (tuple(summary.local), tuple(summary.remote)) == ((0, 1, 0, 0), (2, 0, 0, 0))
        assert pysyncml_peer.texts(client.folder) == pysyncml_peer.texts(server.folder)
        assert client.run().idle


def test_fields_survive_another_spelling() -> None:
    quoted = (b"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Ada\n"
              b"FN;CHARSET=ISO-8859-1:M\xfcller\nNOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0At=\nwo\nEMAIL:\nEND:VCARD\n")
    folded = ("BEGIN:VCARD\r\nVERSION:3.0\r\nN:Müller;Ada;;;\r\nitem1.FN:Mül\r\n ler\r\nNOTE:one\\ntwo\r\n"
              "X-OTHER:1\r\nEND:VCARD\r\n").encode("utf-8")
    assert fields(quoted) == fields(folded) == {("N", "Müller;Ada"), ("FN", "Müller"), ("NOTE", "one\ntwo")}
    assert fields(vcard(1)) != fields(vcard(1, "moved")) != fields(vcard(2, "moved"))
    assert len(vcard(5, note=300_000)) > 300_000


def test_every_pair_of_settings_occurs() -> None:
    chosen = pairwise()
    assert set().union(*map(pairs, chosen)) == set().union(*map(pairs, everything()))
    assert max(len(a) * len(b) for a in VALUES.values() for b in VALUES.values() if a != b) <= len(chosen) <= 25
