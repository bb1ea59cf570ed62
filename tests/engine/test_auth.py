"""Credentials: the worked examples, every spelling of a digest, and how both ends find together."""

from __future__ import annotations

import binascii

import pytest
from pair import Pair, bodies, fill, fine
from probe import Probe, add
from scenes import TEXT

from minisyncml.engine import auth
from minisyncml.engine.auth import Login, Secret
from minisyncml.errors import AuthError
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.message.writer import Writer
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import Packet

USER, PASSWORD, NONCE = "Bruce2", "OhBehave", b"Nonce"
HA1 = Secret(None, "PtEdr8lBQ45IbT1bZIkrOQ==")
VERSIONS = ("1.2", "1.1", "1.0")


class TestWorkedExamples:
    """The published example, and messages captured from a real client (empty nonce)."""

    def test_basic(self) -> None:
        cred = auth.make(Login(USER, PASSWORD), "basic", b"", "1.2")
        assert cred == c.Cred(b"QnJ1Y2UyOk9oQmVoYXZl", "syncml:auth-basic", "b64")

    def test_what_is_kept_of_a_password(self) -> None:
        assert auth.ha1(USER, PASSWORD) == b"PtEdr8lBQ45IbT1bZIkrOQ=="

    @pytest.mark.parametrize("version, user, nonce, digest", (
        ("1.2", "Bruce2", b"Nonce", "673e848af477c9e69a10d71137a96901"),
        ("1.1", "Bruce2", b"Nonce", "673e848af477c9e69a10d71137a96901"),
        ("1.0", "Bruce2", b"Nonce", "52692a000661890bd75e17da7ffbbe39"),
        ("1.2", "bruce2", b"", binascii.a2b_base64("8HnEMYpE5cmqsqkCPy0EiQ==").hex()),
        ("1.1", "bruce2", b"", binascii.a2b_base64("8HnEMYpE5cmqsqkCPy0EiQ==").hex()),
        ("1.0", "bruce2", b"", "e17b2bfbd02a0a448788780449424a04"),
    ))
    def test_md5(self, version: str, user: str, nonce: bytes, digest: str) -> None:
        found = auth.md5_digest(user, Secret(PASSWORD), nonce, version)
        assert found is not None and found.hex() == digest
        cred = auth.make(Login(user, PASSWORD), "md5", nonce, version)
        assert cred == c.Cred(auth.b64(bytes.fromhex(digest)), "syncml:auth-md5", "b64")

    def test_1_1_needs_no_password_but_1_0_does(self) -> None:
        assert auth.md5_digest(USER, HA1, NONCE, "1.1") == auth.md5_digest(USER, Secret(PASSWORD), NONCE, "1.1")
        assert auth.md5_digest(USER, HA1, NONCE, "1.0") is None


DIGEST = bytes.fromhex("673e848af477c9e69a10d71137a96901")
DIGEST_10 = bytes.fromhex("52692a000661890bd75e17da7ffbbe39")
MD5_SPELLINGS = (
    ("1.2", b"Zz6EivR3yeaaENcRN6lpAQ=="), ("1.2", DIGEST), ("1.2", DIGEST.hex().encode()),
    ("1.2", DIGEST.hex().upper().encode()), ("1.2", auth.b64(DIGEST.hex().encode())),
    ("1.2", b"Zz6EivR3yeaaENcRN6lpAQ"),
    ("1.0", b"UmkqAAZhiQvXXhfaf/u+OQ=="), ("1.0", DIGEST_10),
    ("1.0", b"NTI2OTJhMDAwNjYxODkwYmQ3NWUxN2RhN2ZmYmJlMzk="),
    ("1.0", b"NTI2OTJhMDAwNjYxODkwYmQ3NWUxN2RhN2ZmYmJlMzk"),
)


class TestCheck:
    @pytest.mark.parametrize("version, data", MD5_SPELLINGS)
    @pytest.mark.parametrize("form", ("b64", None, "bin"))
    def test_a_digest_in_all_spellings(self, version: str, data: bytes, form: "str | None") -> None:
        cred = c.Cred(data, auth.MD5, form)
        assert auth.check(cred, USER, Secret(PASSWORD), NONCE, version)
        assert not auth.check(cred, USER, Secret(PASSWORD + "x"), NONCE, version)
        assert not auth.check(cred, USER, Secret(PASSWORD), b"other", version)
        assert not auth.check(cred, USER, None, NONCE, version)
        assert not auth.check(cred, USER, Secret(PASSWORD), None, version)

    @pytest.mark.parametrize("type", ("syncml:auth-basic", None))
    @pytest.mark.parametrize("secret", (Secret(PASSWORD), HA1))
    def test_basic(self, type: "str | None", secret: Secret) -> None:
        cred = c.Cred(b"QnJ1Y2UyOk9oQmVoYXZl", type, "b64")
        assert auth.user_of(cred, None, "IMEI:1") == USER
        assert auth.check(cred, USER, secret, None, "1.2")
        assert not auth.check(cred, USER, None, None, "1.2")
        assert not auth.check(cred._replace(data=auth.b64(b"Bruce2:wrong")), USER, secret, None, "1.2")

    def test_basic_in_plain_text(self) -> None:
        assert auth.check(c.Cred(b"Bruce2:OhBehave", auth.BASIC, "chr"), USER, HA1, None, "1.2")

    def test_a_password_with_a_colon(self) -> None:
        cred = c.Cred(auth.b64(b"me:a:b:"), auth.BASIC, "b64")
        assert auth.user_of(cred, None, "") == "me"
        assert auth.check(cred, "me", Secret("a:b:"), None, "1.2")

    def test_an_empty_password_is_not_that_of_an_unknown_user(self) -> None:
        assert not auth.check(c.Cred(auth.b64(b"nobody:"), auth.BASIC, "b64"), "nobody", None, None, "1.2")

    @pytest.mark.parametrize("data", (b"", b"=", b"\xff\xfe", b"!!!", b"QUJD" * 1000))
    @pytest.mark.parametrize("type", (auth.BASIC, auth.MD5, "syncml:auth-x509", "nonsense"))
    def test_nonsense_is_refused(self, data: bytes, type: str) -> None:
        cred = c.Cred(data, type, "b64")
        user = auth.user_of(cred, None, "IMEI:1")
        assert not auth.check(cred, user, Secret(PASSWORD), NONCE, "1.2")

    def test_who_it_is(self) -> None:
        cred = c.Cred(b"x", auth.MD5)
        assert auth.user_of(cred, "name", "IMEI:1") == "name"
        assert auth.user_of(cred, None, "IMEI:1") == "IMEI:1"


class TestBase64:
    @pytest.mark.parametrize("text, wanted", (
        (b"", b""), (b"eA==", b"x"), (b"eA", b"x"), (b"e A\r\n==", b"x"), (b"eA==eA==", b"xx"),
        (b"eHh4eA==eHg=", b"xxxxxx"),
    ))
    def test_tolerated(self, text: bytes, wanted: bytes) -> None:
        assert auth.unb64(text) == wanted

    @pytest.mark.parametrize("text", (b"?", b"eA=\x00", b"e", b"eA-_", b"\xff"))
    def test_refused(self, text: bytes) -> None:
        with pytest.raises(ValueError):
            auth.unb64(text)


def pair_of(version: str = "1.2", challenge: str = "md5", secret: "Secret | None" = None) -> Pair:
    pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": MemoryStore(TEXT)}, users={USER: secret or Secret(PASSWORD)},
                client_options={"version": version}, server_options={"challenge": challenge})
    fill(pair.client["notes"], "of the client")
    fill(pair.server["notes"], "of the server")
    return pair


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("challenge", ("md5", "basic"))
@pytest.mark.parametrize("scheme", ("auto", "md5", "basic"))
class TestLogin:
    def test_a_session(self, version: str, challenge: str, scheme: str) -> None:
        pair = pair_of(version, challenge)
        pair.login(USER, PASSWORD, scheme)
        if {scheme, challenge} == {"md5", "basic"} and scheme == "md5":
            with pytest.raises(AuthError):
                pair.sync()
            return
        left, right = pair.sync()
        assert fine(left) and fine(right)
        assert right.user == USER
        assert len(bodies(pair.client["notes"])) == len(bodies(pair.server["notes"])) == 2

    def test_the_second_session_needs_no_challenge(self, version: str, challenge: str, scheme: str) -> None:
        pair = pair_of(version, challenge)
        pair.login(USER, PASSWORD, challenge)
        pair.sync()
        for _ in range(3):
            pair.sync()
            assert len(pair.up) == 3
        nonces = [packet.body for packet in pair.up if b"auth-md5" in packet.body]
        assert len(set(nonces)) == len(nonces)

    def test_a_wrong_password(self, version: str, challenge: str, scheme: str) -> None:
        pair = pair_of(version, challenge)
        pair.login(USER, "wrong", scheme)
        with pytest.raises(AuthError):
            pair.sync()
        assert len(pair.up) <= 3
        assert bodies(pair.server["notes"]) == [b"of the server"]
        pair.login(USER, PASSWORD)
        left, right = pair.sync()
        assert fine(left) and fine(right)


@pytest.mark.parametrize("challenge", ("md5", "basic"))
def test_a_server_that_wants_credentials_in_each_message(challenge: str) -> None:
    """It says 200 where it could have said 212."""
    def forgetful(way: str, number: int, packet: Packet) -> Packet:
        parsed = document.parse(packet.body)
        if way == "up":
            assert parsed.message.header.cred is not None or number == 0
            return packet
        writer = Writer(parsed.message.header, parsed.encoding, None, "1.2")
        for command in parsed.message.commands:
            accepted = isinstance(command, c.Status) and command.code == 212
            writer.add(command._replace(code=200) if accepted else command)
        return packet._replace(body=writer.finish(parsed.message.final))
    pair = pair_of(challenge=challenge)
    pair.login(USER, PASSWORD)
    left, right = pair.sync(carry=forgetful)
    assert fine(left) and fine(right) and len(pair.up) >= 3
    assert len(bodies(pair.client["notes"])) == len(bodies(pair.server["notes"])) == 2


def test_no_login_where_one_is_needed() -> None:
    with pytest.raises(AuthError):
        pair_of().sync()


def test_only_ha1_is_kept() -> None:
    pair = pair_of(secret=HA1)
    pair.login(USER, PASSWORD)
    left, _ = pair.sync()
    assert fine(left)


def test_a_nonce_that_got_lost_costs_one_message() -> None:
    pair = pair_of()
    pair.login(USER, PASSWORD)
    pair.sync()
    for memory in (pair.client_memory, pair.server_memory):
        memory.known.clear()
        left, _ = pair.sync()
        assert fine(left) and len(pair.up) <= 4


class TestServer:
    """What a server says to those it does not know."""

    def probe(self, version: str = "1.2", **options: str) -> Probe:
        return Probe({"notes": MemoryStore(TEXT)}, version, users={USER: Secret(PASSWORD)}, **options)

    @pytest.mark.parametrize("cred, code", ((None, 407), (c.Cred(b"QnJ1Y2UyOndyb25n", auth.BASIC, "b64"), 401),
                                            (c.Cred(b"rubbish", auth.MD5, "b64"), 401)))
    @pytest.mark.parametrize("challenge", ("md5", "basic"))
    def test_every_command_is_refused_and_nothing_done(self, cred: "c.Cred | None", code: int, challenge: str) -> None:
        probe = self.probe(challenge=challenge)
        get = c.Get("", (c.Item(target="./devinf12"),))
        changes = probe.sync(add("L1", "a"), c.Sequence("", (add("L2", "b"),)))
        reply = probe.send(probe.alert(201), get, changes, cred=cred)
        assert all(isinstance(x, c.Status) for x in reply.commands)
        assert [x.cmd for x in probe.statuses()] == ["SyncHdr", "Alert", "Get", "Sync", "Add", "Sequence", "Add"]
        assert {x.code for x in probe.statuses()} == {code}
        chal = probe.statuses()[0].chal
        assert chal is not None and chal.type == f"syncml:auth-{challenge}" and chal.format == "b64"
        assert bool(chal.next_nonce) == (challenge == "md5")
        assert reply.final
        assert len(probe.stores["notes"]) == 0

    def answer(self, probe: Probe) -> c.Cred:
        chal = probe.statuses()[0].chal
        assert chal is not None and chal.next_nonce
        return auth.make(Login(USER, PASSWORD), "md5", auth.unb64(chal.next_nonce.encode()), probe.version)

    def test_a_client_that_answers_the_challenge(self) -> None:
        probe = self.probe()
        probe.send(probe.alert(201))
        probe.send(probe.alert(201), cred=self.answer(probe), source_name=USER)
        first = probe.statuses()[0]
        assert first.code == 212 and first.chal is not None and first.chal.next_nonce
        assert probe.codes("Alert") == [200]
        probe.send(probe.sync(add("L1", "a")))      # no credentials any more
        assert probe.statuses()[0].code == 200 and probe.codes("Add") == [201]

    def test_a_client_that_sends_its_credentials_always(self) -> None:
        probe = self.probe()
        cred = c.Cred(auth.b64(b"Bruce2:OhBehave"), auth.BASIC, "b64")
        for commands in ((probe.alert(201),), (probe.sync(add("L1", "a")),), ()):
            probe.send(*commands, cred=cred)
            assert probe.statuses()[0].code == 212
        assert len(probe.stores["notes"]) == 1

    @pytest.mark.parametrize("fresh", (False, True))
    def test_a_client_that_sends_digests_always(self, fresh: bool) -> None:
        probe = self.probe()
        probe.send(probe.alert(201))
        cred = self.answer(probe)
        for commands in ((probe.alert(201),), (probe.sync(add("L1", "a")),), ()):
            probe.send(*commands, cred=cred, source_name=USER)
            assert probe.statuses()[0].code == 212
            cred = self.answer(probe) if fresh else cred
        assert len(probe.stores["notes"]) == 1

    def test_an_old_challenge_is_of_no_use(self) -> None:
        probe = self.probe()
        probe.send(probe.alert(201))
        old = self.answer(probe)
        probe.send(probe.alert(201))
        probe.send(probe.alert(201), cred=old, source_name=USER)
        assert probe.statuses()[0].code == 401

    def test_digests_cannot_be_replayed_in_another_session(self) -> None:
        probe = self.probe()
        probe.send(probe.alert(201))
        cred = self.answer(probe)
        probe.send(probe.alert(201), cred=cred, source_name=USER)
        assert probe.statuses()[0].code == 212
        probe.new().send(probe.alert(201), cred=cred, source_name=USER, answer=False)
        assert probe.statuses()[0].code == 401

    def test_a_digest_without_any_nonce(self) -> None:
        probe = self.probe()
        cred = auth.make(Login(USER, PASSWORD), "md5", b"", "1.2")
        probe.send(probe.alert(201), cred=cred, source_name=USER)
        assert probe.statuses()[0].code == 401

    def test_an_unknown_user(self) -> None:
        probe = self.probe()
        probe.send(probe.alert(201), cred=c.Cred(auth.b64(b"nobody:x"), auth.BASIC, "b64"))
        assert probe.statuses()[0].code == 401

    def test_a_session_is_not_taken_over_by_another_user(self) -> None:
        probe = Probe({"notes": MemoryStore(TEXT)}, users={USER: Secret(PASSWORD), "eve": Secret("eve")})
        probe.send(probe.alert(201), cred=c.Cred(auth.b64(b"Bruce2:OhBehave"), auth.BASIC, "b64"))
        for stranger in (b"Bruce2:wrong", b"eve:eve", b"eve:"):
            probe.send(probe.sync(add("L1", "a")), cred=c.Cred(auth.b64(stranger), auth.BASIC, "b64"))
            assert probe.statuses()[0].code == 401 and len(probe.stores["notes"]) == 0
        probe.send(probe.sync(add("L1", "a")))
        assert bodies(probe.stores["notes"]) == [b"a"]
