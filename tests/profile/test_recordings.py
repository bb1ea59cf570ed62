"""Recorded devices get the profile that was made of them, and what they said is what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import ROOT, SHARED

from minisyncml.gateway.manners import profile_of
from minisyncml.gateway.tracefile import read
from minisyncml.message import commands as c
from minisyncml.message import document
from minisyncml.message.devinf import DevInf, from_dict, read_devinf, to_dict
from minisyncml.profile import UNKNOWN, Profile

CORPUS = SHARED / "corpus" / "sessions"
P900, SYNC4J = CORPUS / "sony-ericsson-p900", CORPUS / "sync4j-pocketpc-contacts"


def messages(folder: Path, number: int) -> "list[c.Message]":
    """The first message of each session, the second, and so on."""
    found = sorted(folder.glob(f"syncml_client_?{number}.xml"))
    if not found:
        pytest.skip(f"no recorded sessions in {folder}")
    return [document.parse(path.read_bytes()).message for path in found]


def told(message: c.Message) -> DevInf:
    [put] = [command for command in message.commands if isinstance(command, c.Put)]
    return read_devinf(put.items[0], put.meta)


def profile(message: c.Message, devinf: bool = False) -> Profile:
    known = {"devinf": to_dict(told(message))} if devinf else {}
    return profile_of(known, UNKNOWN, "", message.header.source)


def test_p900() -> None:
    for message in messages(P900, 0):
        devinf, header = told(message), message.header
        found = profile(message, True)
        assert (found.name, found.protocol, found.encoding) == ("uiq-p900", header.version, "xml")
        assert (found.man, found.mod, found.fwv) == (devinf.man, devinf.mod, devinf.fwv)
        assert header.meta is not None and found.max_msg == header.meta.max_msg_size
        [store] = devinf.datastores
        calendar = found.store("calendar")
        assert calendar.name == store.source_ref and found.store("tasks") == calendar
        assert store.rx_pref is not None and calendar.types == ((store.rx_pref.type, store.rx_pref.version),)
        assert store.sync_types == (1, 2) and found.modes == ("two-way", "slow")
        [alert] = [command for command in message.commands if isinstance(command, c.Alert)]
        assert found.kind_of(alert.items[0].source or "") == "calendar"


def test_p900_is_nobody_until_it_says_so() -> None:
    """Its source is a bare IMEI."""
    assert {profile(message).name for message in messages(P900, 0)} == {"default"}


def test_sync4j() -> None:
    for message in messages(SYNC4J, 0):
        found, header = profile(message), message.header
        assert (found.name, found.protocol, found.encoding) == ("sync4j", header.version, "xml")
        assert header.meta is not None and found.max_msg == header.meta.max_msg_size
        assert found.devinf_out == ("no-get",) and found.namespace == "none"
        [alert] = [command for command in message.commands if isinstance(command, c.Alert)]
        contacts = found.store("contacts")
        assert {alert.items[0].source, alert.items[0].target} == {contacts.name, *contacts.aliases}


def test_sync4j_asks_for_our_changes() -> None:
    for message in messages(SYNC4J, 2):
        assert [command.code for command in message.commands if isinstance(command, c.Alert)] == [222]
    assert profile(messages(SYNC4J, 0)[0]).wait_222


@pytest.mark.parametrize("name", ["syncevolution-client-wbxml-1.2-md5", "syncevolution-server-wbxml-1.2-md5"])
def test_syncevolution(name: str) -> None:
    facts = [line.get("facts", {}) for line in read(str(ROOT / "tests" / "vectors" / "traces" / f"{name}.trace"))
             if line.get("kind") == "memory" and "devinf" in line.get("facts", {})]
    assert facts
    for known in facts:
        found = profile_of(known, UNKNOWN, "")
        devinf = from_dict(known["devinf"])
        assert (found.name, found.man, found.mod, found.fwv) == ("syncevolution", devinf.man, devinf.mod, devinf.fwv)
        assert {found.kind_of(store.source_ref) for store in devinf.datastores} <= {
            "contacts", "calendar", "tasks", "notes"}
