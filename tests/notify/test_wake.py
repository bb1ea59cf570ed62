"""From a notification to a session: policies, repeats, what is asked for, and what the server sees of it."""

from __future__ import annotations

import pytest
from helpers import ROOT
from pair import Notebook, bodies, fill, options

from minisyncml.errors import AuthError, PeerError, RemoteProtocolError, UsageError
from minisyncml.gateway.client import Client
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.serve import Server
from minisyncml.gateway.wake import order_of
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.notify import base, legacy, san
from minisyncml.notify.base import Notification, Wanted
from minisyncml.notify.inbox import Inbox, Received
from minisyncml.notify.legacy import credentials
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import WBXML, Packet
from minisyncml.transport.pipe import Pipe

KEY = san.key("PC Suite", "secret")
CARD = (("text/x-vcard", "2.1"), ("text/vcard", "3.0"))
CALENDAR = (("text/x-vcalendar", "1.0"),)
TWO = Notification("PC Suite", (Wanted("Contacts", 206, "text/x-vcard"), Wanted("Calendar", 209, "text/x-vcalendar")),
                   "4660")


def packet(notification: Notification, key: "bytes | None" = None, nonce: bytes = san.NONCE) -> Packet:
    return Packet(base.PACKET, san.build(notification, key, nonce))


def stores() -> "dict[str, MemoryStore]":
    return {"contacts": MemoryStore(CARD), "calendar": MemoryStore(CALENDAR), "notes": MemoryStore()}


def received(notification: Notification = TWO, trusted: bool = True) -> Received:
    return Received(san.parse(san.build(notification)), trusted)


# -- the inbox -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy, signed, taken", [
    ("require", KEY, "trusted"), ("require", None, "dropped"), ("require", san.key("PC Suite", "wrong"), "dropped"),
    ("accept", KEY, "trusted"), ("accept", None, "taken"), ("accept", san.key("", ""), "taken"),
    ("accept", san.key("PC Suite", "wrong"), "dropped"),
    ("ignore", KEY, "trusted"), ("ignore", None, "trusted"), ("ignore", san.key("PC Suite", "wrong"), "trusted"),
])
def test_policy(policy: str, signed: "bytes | None", taken: str) -> None:
    inbox = Inbox((KEY,), policy=policy)
    if taken == "dropped":
        with pytest.raises(AuthError, match="PC Suite"):
            inbox.take(packet(TWO, signed), 0.0)
        return
    found = inbox.take(packet(TWO, signed), 0.0)
    assert found is not None and found.notification.session_id == "4660"
    assert found.trusted == (taken == "trusted")


@pytest.mark.parametrize("cred, taken", [
    (credentials("PC Suite", "secret", b"", "1.1"), "trusted"),
    (c.Cred(b"UEMgU3VpdGU6c2VjcmV0", legacy.BASIC, "b64"), "trusted"),
    (c.Cred(b"PC Suite:secret", None, "chr"), "trusted"),
    (credentials("PC Suite", "wrong", b"", "1.1"), "dropped"),
    (credentials("PC Suite", "secret", b"another", "1.1"), "dropped"),
    (c.Cred(b"UEMgU3VpdGU6d3Jvbmc=", legacy.BASIC, "b64"), "dropped"),
    (c.Cred(b"", legacy.BASIC, "b64"), "dropped"),
    (c.Cred(b"secret", "syncml:auth-x", "b64"), "dropped"),
    (None, "taken"),
])
def test_policy_for_the_old_form(cred: "c.Cred | None", taken: str) -> None:
    inbox = Inbox((KEY,))
    message = legacy.build(TWO._replace(version="1.1"), cred=cred)
    if taken == "dropped":
        with pytest.raises(AuthError):
            inbox.take(message, 0.0)
        return
    found = inbox.take(message, 0.0)
    assert found is not None and found.trusted == (taken == "trusted")


def test_without_keys_everything_is_taken_and_nothing_trusted() -> None:
    found = Inbox().take(packet(TWO, KEY), 0.0)
    assert found is not None and not found.trusted


def test_a_policy_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="sometimes"):
        Inbox(policy="sometimes")


def test_two_nonces_until_one_was_used() -> None:
    inbox = Inbox((KEY,), (b"old",), "require")
    inbox.give(b"new")
    with pytest.raises(AuthError):
        inbox.take(packet(TWO, KEY, b"other"), 0.0)
    assert inbox.nonces == (b"new", b"old")
    assert inbox.take(packet(TWO, KEY, b"old"), 0.0) is not None
    assert inbox.nonces == (b"old",)
    inbox.give(b"new")
    assert inbox.take(packet(TWO, KEY, b"new"), 0.0) is not None
    assert inbox.nonces == (b"new",)


def test_a_repeat_starts_no_second_session() -> None:
    inbox = Inbox(window=60)
    first = inbox.take(packet(TWO), 0.0)
    assert first is not None
    assert inbox.take(packet(TWO), 10_000.0) is None, "its session is still running"
    assert inbox.take(packet(TWO._replace(session_id="7")), 10.0) is not None
    inbox.ended(first, 100.0)
    assert inbox.take(packet(TWO), 159.0) is None
    assert inbox.take(packet(TWO), 161.0) is not None, "a new wish in the same words"


def test_a_dropped_one_does_not_hide_a_good_one() -> None:
    inbox = Inbox((KEY,), (b"old",), "require")
    with pytest.raises(AuthError):
        inbox.take(packet(TWO, KEY, b"new"), 0.0)
    inbox.give(b"new")
    assert inbox.take(packet(TWO, KEY, b"new"), 0.0) is not None


def test_many_notifications_fill_no_memory() -> None:
    inbox = Inbox()
    for number in range(1, 500):
        assert inbox.take(packet(TWO._replace(session_id=str(number))), float(number)) is not None
    assert inbox.take(packet(TWO._replace(session_id="499")), 500.0) is None
    assert len(inbox._until) <= 16


@pytest.mark.parametrize("name, form", [("se-server-xml12", san.San), ("se-server-wbxml11", legacy.Legacy),
                                        ("se-server-xml11", legacy.Legacy)])
@pytest.mark.parametrize("label", [base.PACKET, WBXML, "", "text/plain"])
def test_the_bytes_decide_what_it_is(name: str, form: type, label: str) -> None:
    body = (ROOT / "tests" / "vectors" / f"{name}.san.bin").read_bytes()
    found = Inbox().take(Packet(label, body), 0.0)
    assert found is not None and isinstance(found.form, form)
    assert found.notification.server_id == "PC Suite"
    assert [(one.uri, one.code, one.type) for one in found.notification.wanted] == [("Contacts", 206, "text/x-vcard")]


# -- what is asked for -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code, trusted, mode", [
    (206, False, "two-way"), (207, False, "one-way-from-client"), (208, True, "refresh-from-client"),
    (209, False, "one-way-from-server"), (210, True, "refresh-from-server"), (208, False, "two-way"),
    (210, False, "two-way"), (201, False, "slow"), (215, True, "two-way"),
])
def test_modes(code: int, trusted: bool, mode: str) -> None:
    order = order_of(received(Notification("s", (Wanted("Contacts", code),)), trusted), stores(), {})
    assert order.modes == {"contacts": mode}


@pytest.mark.parametrize("wanted, remotes, name", [
    (Wanted("./Contacts"), {}, "contacts"),
    (Wanted("card"), {}, "contacts"),
    (Wanted("db7"), {"notes": "./db7"}, "notes"),
    (Wanted("db7", type="text/x-vcalendar"), {}, "calendar"),
    (Wanted("", type="text/x-vcard"), {}, "contacts"),
    (Wanted("card"), {"contacts": "other"}, None),
    (Wanted("db7"), {}, None),
])
def test_which_datastore_is_meant(wanted: Wanted, remotes: "dict[str, str]", name: "str | None") -> None:
    found = received(Notification("s", (wanted,)))
    if name is None:
        with pytest.raises(PeerError, match="nothing like it"):
            order_of(found, stores(), remotes)
    else:
        order = order_of(found, stores(), remotes)
        assert list(order.modes) == [name]
        assert order.remotes == ({name: wanted.uri} if wanted.uri else {})


def test_no_datastore_named_means_all() -> None:
    order = order_of(received(Notification("s")), stores(), {})
    assert order.modes == dict.fromkeys(("contacts", "calendar", "notes"), "two-way") and order.session_id == ""


def test_the_client_s_own_name_comes_first_in_the_old_form() -> None:
    message = legacy.build(Notification("s", (Wanted("Contacts", target="./notes"),), version="1.1"))
    found = Inbox().take(message, 0.0)
    assert found is not None
    assert order_of(found, stores(), {}).modes == {"notes": "two-way"}


def test_a_long_session_id_is_refused() -> None:
    message = legacy.build(TWO._replace(version="1.1", session_id="1" * 200))
    with pytest.raises(RemoteProtocolError):
        Inbox().take(message, 0.0)


# -- the session -----------------------------------------------------------------------------------------------------


def first_message(found: Received) -> c.Message:
    ours = stores()
    for store in ours.values():
        fill(store, "an empty side would replace nothing", type=store.types[0][0])
    exchange = Exchange.client(options("phone"), ours, Notebook(), "http://server/")
    sent = exchange.start(order=order_of(found, ours, {}))
    assert sent is not None
    return document.parse(sent.body).message


def test_package_one_is_what_the_packet_asked_for() -> None:
    message = first_message(received(TWO._replace(wanted=(Wanted("Contacts", 208), Wanted("Calendar", 210)))))
    assert message.header.session_id == "4660"
    assert [(command.code, command.items[0].target) for command in message.commands
            if isinstance(command, c.Alert)] == [(203, "Contacts"), (205, "Calendar")]
    assert not [command for command in message.commands if isinstance(command, c.Status)]


def test_package_one_answers_the_alerts_of_the_old_form() -> None:
    wanted = (Wanted("Contacts", 206, "text/x-vcard"), Wanted("Mail", 206, "text/x-mail"), Wanted("Notes", 207))
    found = Inbox().take(legacy.build(Notification("PC Suite", wanted, "77", version="1.1")), 0.0)
    assert found is not None
    message = first_message(found)
    assert message.header.session_id == "77"
    statuses = [command for command in message.commands if isinstance(command, c.Status)]
    assert [(one.msg_ref, one.cmd_ref, one.cmd, one.code, one.source_refs) for one in statuses] == [
        ("1", "0", "SyncHdr", 200, ("PC Suite",)), ("1", "1", "Alert", 200, ("Contacts",)),
        ("1", "2", "Alert", 404, ("Mail",)), ("1", "3", "Alert", 200, ("Notes",))]
    assert message.commands[:4] == tuple(statuses), "answers come first"
    assert [command.items[0].target for command in message.commands if isinstance(command, c.Alert)] == [
        "Contacts", "Notes"]


@pytest.mark.parametrize("version", ["1.2", "1.1", "1.0"])
def test_a_client_that_is_woken_syncs(version: str) -> None:
    here, there = stores(), stores()
    server = Server(there)
    fill(here["contacts"], "BEGIN:VCARD\r\nN:Doe;Jane\r\nEND:VCARD\r\n", type="text/x-vcard")
    fill(there["calendar"], "BEGIN:VCALENDAR\r\nSUMMARY:x\r\nEND:VCALENDAR\r\n", type="text/x-vcalendar")
    fill(there["notes"], "not asked for")
    seen = []

    def watched(sent: Packet, sender: str) -> "Packet | None":
        seen.append(document.parse(sent.body).header)
        return server.handle(sent, sender)

    client = Client("http://server/", here, transport=lambda: Pipe(watched))
    notification = TWO._replace(version=version)
    body = packet(notification) if version == "1.2" else legacy.build(notification)
    inbox = Inbox()
    found = inbox.take(body, 0.0)
    assert found is not None
    report = client.sync(order=order_of(found, here))
    assert report.exit_code == 0 and report.error is None
    assert {(header.session_id, header.version) for header in seen} == {("4660", version)}
    assert bodies(here["contacts"]) == bodies(there["contacts"]) != []
    assert bodies(here["calendar"]) == bodies(there["calendar"]) != []
    assert bodies(here["notes"]) == []
