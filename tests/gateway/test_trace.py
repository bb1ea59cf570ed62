"""Traces of our own two ends over loopback HTTP: what is in them, what is not, and that both ends play them again."""

from __future__ import annotations

import binascii
import json
import os
import stat
from pathlib import Path
from typing import Any, Iterator

import pytest
from helpers import serving
from hypothesis import given, settings
from hypothesis import strategies as st
from pair import bodies, fill

from minisyncml.engine.auth import b64, ha1
from minisyncml.errors import Error, RemoteProtocolError, TraceError
from minisyncml.gateway import masking
from minisyncml.gateway.client import Client
from minisyncml.gateway.options import Options
from minisyncml.gateway.replay import replay
from minisyncml.gateway.rewrite import anonymise
from minisyncml.gateway.serve import Server
from minisyncml.gateway.traced import Trace
from minisyncml.gateway.tracefile import FORMAT_VERSION, read
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import document
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import Packet
from minisyncml.transport.http import HttpTransport
from minisyncml.transport.pipe import Pipe

USER, PASSWORD = "ada", "p4ss wörd!"
SMALL = DEFAULT._replace(max_msg_size=3000)


class Recorded:
    """The traces of both ends."""

    def __init__(self, folder: Path, anonymised: bool = False) -> None:
        self.client, self.server = folder / "client.trace", folder / "server.trace"
        self.anonymised = anonymised

    @property
    def both(self) -> "tuple[Path, Path]":
        return self.client, self.server

    def sync(self, auth: str = "md5", sessions: int = 3, **options: Any) -> None:
        """Some sessions: notes on both sides, edits and a conflict, nothing."""
        mine, theirs = MemoryStore(), MemoryStore()
        fill(mine, *(f"mine {number} of Grace Hopper, tel 555-{number:04}" for number in range(12)))
        fill(theirs, *(f"theirs {number} " + "ü" * 40 for number in range(8)), *bodies(mine)[:3])
        with Trace(str(self.client), anonymise=self.anonymised) as here, \
                Trace(str(self.server), anonymise=self.anonymised) as there:
            server = Server({"notes": theirs}, users={USER: PASSWORD}, challenge=auth, trace=there)
            with serving(server.wsgi_app) as http:
                url = f"http://127.0.0.1:{http.port}/sync"
                client = Client(url, {"notes": mine}, user=USER, password=PASSWORD, trace=here,
                                device_id="IMEI:490154203237518",
                                transport=lambda: HttpTransport(url, environ={}), **options)
                for number in range(sessions):
                    report = client.sync()
                    assert report.exit_code == 0, report.error
                    if number == 0 and sessions > 1:
                        edit(mine, "edited here")
                        edit(theirs, "edited there")
            server.close()
        assert bodies(mine) == bodies(theirs)


def edit(store: MemoryStore, words: str) -> None:
    id = next(row.id for row in store.rows() if b"mine 0" in getattr(store.get(row.id), "body", b""))
    with store.begin() as batch:
        batch.put(id, "text/plain", f"mine 0 {words}".encode())
        batch.remove(next(row.id for row in store.rows() if row.id != id))
        batch.commit()


def contents(path: Path) -> Iterator[bytes]:
    """All that a trace holds: its text, and what base64 stands for."""
    for line in read(str(path)):
        yield json.dumps(line, ensure_ascii=False).encode()
        for name in ("raw", "data"):
            if name in line:
                yield binascii.a2b_base64(line[name])


def credentials(path: Path) -> Iterator[bytes]:
    """What all credentials of a trace hold, without the user's name."""
    for line in read(str(path)):
        if line.get("kind") == "message":
            cred = document.parse(binascii.a2b_base64(line["raw"]), line["type"]).header.cred
            if cred is not None:
                data = binascii.a2b_base64(bytes(cred.data))
                yield data[data.rfind(b":"):] if b":" in data else data


@pytest.mark.parametrize("auth", ["basic", "md5"])
@pytest.mark.parametrize("encoding, version", [("wbxml", "1.2"), ("xml", "1.2"), ("xml", "1.1"), ("wbxml", "1.0")])
@pytest.mark.parametrize("anonymised", [False, True])
def test_both_ends_play_it_again(tmp_path: Path, auth: str, encoding: str, version: str, anonymised: bool) -> None:
    recorded = Recorded(tmp_path, anonymised)
    recorded.sync(auth, encoding=encoding, version=version)
    for path in recorded.both:
        played = replay(str(path))
        assert [str(one) for one in played.differences] == []
        assert played.sessions == 3 and played.messages >= 9
        secrets = [PASSWORD.encode(), b64(f"{USER}:{PASSWORD}".encode()), ha1(USER, PASSWORD)]
        hidden = [b"Hopper", b"490154203237518"] if anonymised else []
        for data in contents(path):
            assert not [word for word in (*secrets, *hidden) if word in data]
        assert {{"basic": b":masked", "md5": bytes(16)}[auth]} <= set(credentials(path)) <= {b":masked", bytes(16)}


def test_all_settings_are_recorded(tmp_path: Path) -> None:
    """Whoever adds one says here how a replay gets it."""
    path = tmp_path / "trace"
    with Trace(str(path)) as trace:
        Client("http://127.0.0.1:9/", {"notes": MemoryStore()}, trace=trace,
               transport=lambda: Pipe(lambda packet, sender: None)).sync()
    first = next(line for line in read(str(path)) if line.get("kind") == "session")
    otherwise = {"nonce": "seed", "login": "user", "clock": "t"}
    ours = {"present", "spool", "record"}   # the first stands in the trace as `devinf`, the others change no message
    assert {otherwise.get(name, name) for name in Options._fields if name not in ours} <= set(first)
    assert set(Limits._fields) == set(first["limits"])


@pytest.mark.parametrize("auth", ["basic", "md5"])
def test_messages_in_doubt(tmp_path: Path, auth: str) -> None:
    """Behind a proxy, a client that does not follow RespURI has to prove in each message who it is."""
    path = tmp_path / "trace"
    mine, theirs = MemoryStore(), MemoryStore()
    fill(mine, "one", "two")
    with Trace(str(path)) as trace:
        server = Server({"notes": theirs}, users={USER: PASSWORD}, challenge=auth, url="http://proxy/", trace=trace)
        Client("http://proxy/", {"notes": mine}, user=USER, password=PASSWORD, transport=lambda: Pipe(
            lambda packet, sender: server.handle(packet._replace(to="http://proxy/"), sender))).sync()
        server.close()
    assert any(line.get("doubt") for line in read(str(path)))
    played = replay(str(path))
    assert played.differences == [] and played.messages >= 3


def test_a_profile_of_the_user_travels_along(tmp_path: Path) -> None:
    profile, path = tmp_path / "mine.toml", tmp_path / "trace"
    profile.write_text('title = "mine"\n[values]\n'
                       'resp_uri = { value = false, proof = "device", why = "seen" }\n', "utf-8")
    mine, theirs = MemoryStore(), MemoryStore()
    fill(mine, "one", "two")
    with Trace(str(path)) as trace:
        server = Server({"notes": theirs}, profile=str(profile), trace=trace)
        assert Client("pipe://x", {"notes": mine}, transport=lambda: Pipe(server.handle)).sync().exit_code == 0
        server.close()
    profile.unlink()
    assert replay(str(path)).differences == []
    assert not [data for data in contents(path) if str(tmp_path).encode() in data or b"<RespURI>" in data]


def test_split_messages_and_large_objects(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    mine, theirs = MemoryStore(), MemoryStore()
    fill(mine, *(f"note {number} " + "x" * 200 for number in range(40)), "long " + "y" * 20_000)
    with Trace(str(recorded.client)) as here, Trace(str(recorded.server)) as there:
        server = Server({"notes": theirs}, limits=SMALL, trace=there)
        with serving(server.wsgi_app) as http:
            url = f"http://127.0.0.1:{http.port}/"
            Client(url, {"notes": mine}, limits=SMALL, trace=here,
                   transport=lambda: HttpTransport(url, environ={})).sync()
    assert bodies(mine) == bodies(theirs)
    for path in recorded.both:
        played = replay(str(path))
        assert played.messages > 10 and played.differences == []


def test_a_refused_password_is_refused_again_and_stands_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    with Trace(str(path)) as trace:
        server = Server({"notes": MemoryStore()}, users={USER: PASSWORD}, challenge="basic", trace=trace)
        with serving(server.wsgi_app) as http:
            url = f"http://127.0.0.1:{http.port}/"
            report = Client(url, {"notes": MemoryStore()}, user=USER, password="wrong one", auth="basic",
                            transport=lambda: HttpTransport(url, environ={})).sync()
        assert report.exit_code == 4
    assert replay(str(path)).differences == []
    assert not [data for data in contents(path) if b64(f"{USER}:wrong one".encode()) in data]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_bytes(b"old")
    os.chmod(path, 0o644)
    with Trace(str(path)) as trace:
        trace.note("hello")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [line.get("words") for line in read(str(path))] == [None, "hello"]


def test_each_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    """What a kill leaves is what was written: a session that has no end, and perhaps half a line."""
    recorded = Recorded(tmp_path)
    recorded.sync(sessions=1)
    data = recorded.server.read_bytes()
    whole = replay(str(recorded.server)).messages
    seen = set()
    for size in range(data.index(b"\n") + 1, len(data), 997):
        recorded.server.write_bytes(data[:size])
        played = replay(str(recorded.server))
        assert played.differences == []
        seen.add(played.messages)
    assert seen == set(range(max(seen) + 1)) and whole - 1 <= max(seen) <= whole


def test_a_message_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    with Trace(str(path)) as trace:
        server = Server({}, trace=trace)
        body = b"<SyncML><SyncHdr><Cred><Data>c2VjcmV0</Data></Cred>"
        with pytest.raises(RemoteProtocolError):
            server.handle(Packet("application/vnd.syncml+xml", body))
    message, error = list(read(str(path)))[1:]
    raw = binascii.a2b_base64(message["raw"])
    assert (message["session"], error["error"]) == (0, "DecodeError")
    assert len(raw) == len(body) and b"c2VjcmV0" not in raw and raw.startswith(b"<SyncML><SyncHdr>")
    assert replay(str(path)).differences == []


@pytest.mark.parametrize("body", [
    b"\x02\xa4\x01\x6a\x00" + b"\xff\x03" + b64(b"ada:secret word") + b"\x00\xff",
    b"<SyncML><Cred><Data>" + b64(bytes(range(100, 116))) + b"</Data>",
    b"\x02\xff" + b"syncml:auth-basic\0" + b"\x03any password\0",
])
def test_what_cannot_be_read_keeps_no_secret(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "trace"
    with Trace(str(path)) as trace:
        trace.stray(Packet("", body), RemoteProtocolError("unreadable"))
    raw = binascii.a2b_base64(list(read(str(path)))[1]["raw"])
    assert len(raw) == len(body) and (raw[:2] == body[:2] or b"auth" in body)
    for word in (b64(b"ada:secret word"), b64(bytes(range(100, 116))), b"any password"):
        assert word not in raw


def test_words_lose_names_when_anonymised(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    with Trace(str(path), anonymise=True) as trace:
        trace.note("/home/ada/contacts/Grace.vcf: no rights; the server has no database 'Grace'; see ./contacts at "
                   "http://127.0.0.1:80/sync")
    words = list(read(str(path)))[1]["words"]
    assert not [word for word in ("ada", "Grace") if word in words]
    assert words.endswith("see ./contacts at http://127.0.0.1:80/sync") and ": no rights; the server has no" in words


def test_a_full_disk_ends_the_trace_and_not_the_sync() -> None:
    said: "list[str]" = []
    mine, theirs = MemoryStore(), MemoryStore()
    fill(mine, "one", "two")
    with Trace("/dev/full", log=said.append) as trace:
        server = Server({"notes": theirs})
        with serving(server.wsgi_app) as http:
            url = f"http://127.0.0.1:{http.port}/"
            report = Client(url, {"notes": mine}, trace=trace,
                            transport=lambda: HttpTransport(url, environ={})).sync()
    assert report.exit_code == 0 and bodies(mine) == bodies(theirs)
    assert said == ["the trace /dev/full ends here: no space left on device"]


@pytest.mark.parametrize("hmac", ["algorithm=MD5, username=\"ada\", mac=NTI2OTJhMDA=", "MAC=abcd"])
def test_headers_lose_their_digest(hmac: str) -> None:
    kept = masking.header(hmac)
    assert kept is not None and kept.endswith("mac=masked") and "NTI2" not in kept and "abcd" not in kept


def test_urls_lose_their_password() -> None:
    assert masking.url("http://ada:pw@host/x@y") == "http://host/x@y"
    assert masking.url("no url") == "no url"


# -- files that are none

@pytest.mark.parametrize("data, words", [
    (b"", "is no trace file"),
    (b"BEGIN:VCARD\n", "is no trace file"),
    (b'{"format":"something","version":1}\n', "is no trace file"),
    (b'{"format":"minisyncml trace","version":1}', "is no trace file"),
    (b'{"format":"minisyncml trace","version":%d}\n' % (FORMAT_VERSION + 1), "newer minisyncml"),
    (b'{"format":"minisyncml trace","version":0}\n', "newer minisyncml"),
])
def test_files_that_are_no_trace(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "trace"
    path.write_bytes(data)
    for what in (lambda: replay(str(path)), lambda: anonymise(str(path), str(tmp_path / "out")),
                 lambda: list(read(str(path)))):
        with pytest.raises(TraceError, match=words):
            what()


def test_no_file_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot read"):
        replay(str(tmp_path / "none"))
    with pytest.raises(TraceError, match="cannot write"):
        Trace(str(tmp_path / "none" / "trace"))
    with pytest.raises(TraceError, match="cannot write"):
        Trace(str(tmp_path))


@pytest.mark.parametrize("line", [
    "[]", "{}", '{"t":1}', '{"t":"x","kind":"note"}', '{"t":-1,"kind":"note"}', '{"t":1e400,"kind":"note"}',
    "[" * 100_000,
    '{"t":1,"kind":"end","session":1}', '{"t":1,"kind":"session","session":1}',
    '{"t":1,"kind":"message","session":"1"}', '{"t":1,"kind":"session","session":true}', '{"t":1,"kind":7}',
])
def test_damaged_lines(tmp_path: Path, line: str) -> None:
    path = tmp_path / "trace"
    path.write_text(f'{{"format":"minisyncml trace","version":1}}\n{line}\n' + '{"t":2,"kind":"silence","session":1}\n')
    with pytest.raises(TraceError):
        replay(str(path))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> "list[dict[str, Any]]":
    recorded = Recorded(tmp_path_factory.mktemp("sample"))
    recorded.sync(sessions=2)
    return [{name: value for name, value in line.items() if name != "line"} for path in recorded.both
            for line in list(read(str(path)))[path is recorded.server:]]


WRONG = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just([[1]]),
                  st.just({}), st.just({"a": [1]}), st.just("AAAA"))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_hostile_traces(sample: "list[dict[str, Any]]", tmp_path_factory: pytest.TempPathFactory,
                        data: st.DataObject) -> None:
    """Whatever stands in a field: a typed error, or a difference."""
    folder = tmp_path_factory.mktemp("hostile")
    at = data.draw(st.integers(1, len(sample) - 1))
    name = data.draw(st.sampled_from(sorted(sample[at])))
    lines = [*sample[:at], {**sample[at], name: data.draw(WRONG)}, *sample[at + 1:]]
    (folder / "trace").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for what in (lambda: replay(str(folder / "trace")),
                 lambda: anonymise(str(folder / "trace"), str(folder / "out"))):
        try:
            what()
        except Error as error:
            assert isinstance(error, TraceError), error


def test_titles_of_odd_items_are_in_no_anonymised_trace(tmp_path: Path) -> None:
    """Reports call items by name. An anonymised trace of a hub in another form is a trace like any other."""
    card = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Hopper;Grace\r\nTEL;CELL:+1 202 555 0101\r\nEND:VCARD\r\n"
    for anonymised in (False, True):
        hub = MemoryStore((("text/x-vcard", "2.1"), ("text/vcard", "3.0")))
        hub.form = ("text/vcard", "3.0")
        phone = MemoryStore((("text/x-vcard", "2.1"),))
        fill(phone, card, type="text/x-vcard")
        fill(phone, b"BEGIN:VNOTE\r\nBODY:Grace Hopper\r\nEND:VNOTE\r\n", type="text/x-vnote")
        path = tmp_path / f"{anonymised}.trace"
        with Trace(str(path), anonymise=anonymised) as trace:
            server = Server({"contacts": hub}, trace=trace)
            client = Client("pipe://server", {"contacts": phone}, transport=lambda server=server: Pipe(server.handle))
            assert client.sync().exit_code == 1 and client.sync().exit_code == 1
            with hub.begin() as batch:
                item = hub.get(next(hub.rows()).id)
                assert item is not None and b"VERSION:3.0" in item.body
                batch.put(item.id, item.type, item.body.replace(b"0101", b"0102"))
                batch.commit()
            client.sync()
            server.close()
        assert (b"Hopper" in path.read_bytes()) is not anonymised
        if not anonymised:
            assert replay(str(path)).differences == []
