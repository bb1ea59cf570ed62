"""The notification of 1.0 and 1.1: SyncEvolution's, ours in both encodings, and messages that are none."""

from __future__ import annotations

import binascii

import pytest
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.errors import MessageError, RemoteProtocolError, UsageError
from minisyncml.limits import DEFAULT
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.message.writer import Writer
from minisyncml.notify import legacy, san
from minisyncml.notify.base import Notification, Wanted
from minisyncml.transport.base import WBXML, XML

VECTORS = ROOT / "tests" / "vectors"
CONTACTS = Notification("PC Suite", (Wanted("Contacts", 206, "text/x-vcard"),), "1", version="1.1")


@pytest.mark.parametrize("encoding", ["wbxml", "xml"])
def test_syncevolution_s(encoding: str) -> None:
    body = (VECTORS / f"se-server-{encoding}11.san.bin").read_bytes()
    parsed = legacy.parse(body)
    assert (parsed.notification, parsed.encoding, parsed.anonymous) == (CONTACTS, encoding, True)
    ours = legacy.build(CONTACTS, encoding)
    assert document.parse(ours.body).message == document.parse(body).message


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("encoding, media_type", [("wbxml", WBXML), ("xml", XML)])
def test_what_the_message_says(version: str, encoding: str, media_type: str) -> None:
    wanted = (Wanted("card", 208, "text/x-vcard", target="./contacts"), Wanted("cal", 210))
    packet = legacy.build(Notification("http://s/", wanted, version=version), encoding, "IMEI:1", c.Cred(b"YQ=="))
    assert packet.content_type == media_type
    message = document.parse(packet.body).message
    header = message.header
    assert (header.version, header.protocol, header.msg_id) == (version, f"SyncML/{version}", "1")
    assert (header.session_id, header.target, header.source) == ("1", "IMEI:1", "http://s/")
    assert header.cred == c.Cred(b"YQ==")
    assert message.final and [type(command) for command in message.commands] == [c.Alert, c.Alert]
    assert legacy.parse(packet.body).notification.wanted == wanted
    assert not san.is_packet(packet.body)


def test_all_datastores_cannot_be_said() -> None:
    with pytest.raises(UsageError, match="name the datastores"):
        legacy.build(Notification("s", version="1.1"))


@pytest.mark.parametrize("version, user, nonce, data", [
    ("1.1", "Bruce2", b"Nonce", b"Zz6EivR3yeaaENcRN6lpAQ=="),
    ("1.0", "bruce2", b"", binascii.b2a_base64(bytes.fromhex("e17b2bfbd02a0a448788780449424a04"), newline=False)),
])
def test_md5_credentials(version: str, user: str, nonce: bytes, data: bytes) -> None:
    assert legacy.credentials(user, "OhBehave", nonce, version) == c.Cred(data, "syncml:auth-md5", "b64")


@pytest.mark.parametrize("commands", [
    (), (c.Alert("1", 200, (c.Item(source="a"),)),), (c.Alert("1", 206),), (c.Alert("1", None, (c.Item(),)),),
    (c.Sync("1", "a", "b"),),
])
def test_messages_that_alert_nothing(commands: "tuple[c.Command, ...]") -> None:
    writer = Writer(c.Header("1.1", "SyncML/1.1", "1", "1", "/", "s"), version="1.1")
    for command in commands:
        writer.add(command)
    with pytest.raises(MessageError, match="no notification"):
        legacy.parse(writer.finish(True))


def test_limits_hold() -> None:
    body = legacy.build(CONTACTS._replace(wanted=(Wanted("a"),) * 50)).body
    with pytest.raises(RemoteProtocolError):
        legacy.parse(body, limits=DEFAULT._replace(max_commands=40))


NAME = st.text(st.characters(min_codepoint=33, max_codepoint=0xD7FF), min_size=1,
               max_size=30).filter(lambda text: text == text.strip())
WANTED = st.builds(Wanted, NAME, st.integers(206, 210), st.one_of(st.just(""), NAME), st.just(0),
                   st.one_of(st.just(""), NAME))


@settings(max_examples=60, deadline=None)
@given(NAME, st.lists(WANTED, min_size=1, max_size=20), NAME, st.sampled_from(["1.0", "1.1", "1.2"]),
       st.sampled_from(["wbxml", "xml"]))
def test_round_trip(server: str, wanted: "list[Wanted]", session: str, version: str, encoding: str) -> None:
    notification = Notification(server, tuple(wanted), session, version=version)
    parsed = legacy.parse(legacy.build(notification, encoding).body)
    assert parsed.notification == notification and parsed.encoding == encoding
