"""`notify` and `sync --notified` as users and scripts call them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli.test_cli import CARD, cli, contents, fill, served
from helpers import RawServer, answer

from minisyncml.notify import legacy, san, sms, wap
from minisyncml.notify.base import ASK, Notification, Wanted

CONTACTS = Wanted("Contacts", 206, "text/x-vcard", 7)
SAVE = "command:" + sys.executable + " -c 'import sys; open(sys.argv[1], \"wb\").write(sys.stdin.buffer.read())' "


def test_a_command_pushes_and_a_client_is_woken(tmp_path: Path) -> None:
    here, there, packet = tmp_path / "here", tmp_path / "there", tmp_path / "packet"
    fill(there, 3)
    here.mkdir()
    (here / "own.vcf").write_bytes(CARD % (7, 7, 7))
    options = ("--datastore", "contacts=one-way-from-server", "--user", "ada:pw", "--session", "4711")
    with served("--data", tmp_path / "s", "--user", "ada:pw", f"contacts={there}") as (url, server):
        pushed = cli("notify", f"{SAVE}{packet}", *options)
        assert (pushed.returncode, pushed.stderr) == (0, b"") and b"SyncML 1.2" in pushed.stdout
        sync = ("sync", url, f"contacts={here}", "--data", tmp_path / "c", "--user", "ada:pw")
        done = cli(*sync, "--notified", "-", "--proof", "require", stdin=packet.read_bytes())
        assert done.returncode == 0, done.stderr
        assert len(contents(there)) == 3, "asked for one way only"
        assert sorted([*contents(there), CARD % (7, 7, 7)]) == contents(here)
        wrong = cli(*sync[:-1], "ada:no", "--notified", packet, "--proof", "require")
        assert (wrong.returncode, b"no right digest" in wrong.stderr) == (4, True)


@pytest.mark.parametrize("content", [b"", b"\x02\x9fSj\0", b"rubbish of some length, and no header"])
def test_what_is_no_notification(content: bytes, tmp_path: Path) -> None:
    done = cli("sync", "http://127.0.0.1:1/", f"contacts={tmp_path}", "--data", tmp_path / "c", "--notified", "-",
               stdin=content)
    assert done.returncode == 5 and done.stderr.startswith(b"minisyncml: ") and b"Traceback" not in done.stderr


def test_http_and_what_is_said() -> None:
    with RawServer(lambda request, number: answer()) as gateway:
        done = cli("notify", gateway.url, "--server-id", "srv1", "--datastore", "Contacts", "--datastore",
                   "./Todo=refresh-from-client", "--ui", "ask", MINISYNCML_PASSWORD="secret")
    assert (done.returncode, done.stderr) == (0, b"")
    parsed = san.parse(gateway.requests[0].body)
    assert parsed.notification == Notification("srv1", (CONTACTS, Wanted("./Todo", 208)), "", ASK)
    assert san.proven(parsed, (san.key("srv1", "secret"),)) == san.NONCE


@pytest.mark.parametrize("protocol, encoding", [("1.1", "wbxml"), ("1.0", "xml")])
def test_the_old_form(protocol: str, encoding: str) -> None:
    with RawServer(lambda request, number: answer()) as gateway:
        done = cli("notify", gateway.url, "--datastore", "Contacts", "--protocol", protocol, "--encoding", encoding,
                   "--user", "ada:pw", "--nonce", "Nonce")
    assert (done.returncode, done.stderr) == (0, b"")
    parsed = legacy.parse(gateway.requests[0].body)
    wanted = (CONTACTS._replace(number=0),)
    assert parsed.notification == Notification("PC Suite", wanted, "1", version=protocol)
    assert parsed.encoding == encoding and parsed.message.header.cred == legacy.credentials(
        "ada", "pw", b"Nonce", protocol)


def test_pdus_are_printed() -> None:
    done = cli("notify", "sms:+4917012345", "--datastore", "Contacts")
    assert (done.returncode, done.stderr) == (0, b"")
    pdu = done.stdout.decode().strip()
    packet = san.build(Notification("PC Suite", (CONTACTS,)), san.key("", ""))
    expected, = sms.submits("+4917012345", wap.push(packet))
    assert len(pdu) == len(expected.pdu) and pdu.endswith(packet.hex().upper())


@pytest.mark.parametrize("words, code, said", [
    (("http://127.0.0.1:1/",), 3, b"connection refused"), (("tcp://127.0.0.1:1",), 3, b"nobody listens"),
    (("/dev/no-such-port",), 3, b"no port"), (("sms:nobody",), 2, b"no phone number"), (("command:",), 2, b"command"),
    (("command:'",), 2, b"quotation"), (("sms:1", "--datastore", "a=slow"), 2, b"slow"),
    (("sms:1", "--datastore", "a=sideways"), 2, b"sideways"), (("sms:1", "--datastore", "=slow"), 2, b"NAME=MODE"),
    (("sms:1", "--session", "70000"), 2, b"70000"), (("sms:1", "--protocol", "1.1"), 2, b"name the datastores"),
    (("command:false",), 3, b"ended with 1"),
])
def test_what_goes_wrong_is_one_line(words: "tuple[str, ...]", code: int, said: bytes) -> None:
    done = cli("notify", *words)
    assert done.returncode == code and said in done.stderr and done.stderr.count(b"\n") == 1
