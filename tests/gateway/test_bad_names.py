"""Names from outside: of users, devices, items. They reach files, logs and terminals, and passwords reach none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hostile import ALERT, BASE, PASSWORD, TEXT, URL, Talker, World, add, cred, sync
from pair import bodies, delete, fill
from scenes import named

from minisyncml.gateway.client import Client
from minisyncml.gateway.report import Report, visible
from minisyncml.gateway.serve import Server
from minisyncml.gateway.trace import summary
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.store.place import open_store
from minisyncml.transport.pipe import Pipe

USERS = ("ada", "ADA", "../ada", "../../../../../../etc/passwd", "/etc", "..", ".", "a/b", "a\\b", "a|b", "a%2Fb",
         "ädä", "_anonymous", "nul", "a b", "a\nb", "{user}", "~", "-rf", "\U0001f43b")


@pytest.mark.parametrize("place", ("", "tinydb:{data}/x/{user}.json", "{data}/x/{user}"))
def test_users_stay_in_their_folders(tmp_path: Path, place: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "data" / "x").mkdir()
    where = place.replace("{data}", str(data))
    server = Server(lambda user: {"notes": open_store(where, "notes", str(data), user)},
                    users=dict.fromkeys(USERS, "p:w"))
    for number, user in enumerate(USERS):
        store = MemoryStore(TEXT)
        fill(store, f"note {number}")
        report = Client(URL, {"notes": store}, user=user, password="p:w", auth="md5", device_id="phone",
                        transport=lambda: Pipe(server.handle, URL)).sync()
        assert report.exit_code == 0, (user, report.table())
        assert bodies(store) == [b"note %d" % number]
    server.close()
    assert os.listdir(tmp_path) == ["data"]


ODD = ["\x01", "\x1b[2J", "\x7f", "\x9b31m", "\r\n", "\u2028", "\u202e", "\ufffe", "\0", "\0\0x"]


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_odd_characters(name: str) -> None:
    """WBXML can carry them, XML cannot hold them all: a device with such names is served in both."""
    reports: "list[Report]" = []
    world = World(on_report=reports.append)
    talker = Talker(world, "wbxml", device="DEVICE9")
    spoil(talker, "DEVICE9", "ph" + name + "e")
    assert talker.login() == ["SyncHdr 212", "Alert 200"]
    spoil(talker, "LUID9", "a" + name + "b", "DEVICE9", "ph" + name + "e")
    assert talker.say(sync(add("LUID9", "first"))) == ["SyncHdr 200", "Sync 200", "Add 201"]
    assert talker.finish()[-1] == "Add 201"
    assert world.notes == sorted([*BASE, "first", "last"])
    assert all(visible(line) == line for report in reports for line in [report.peer, *report.table().splitlines()])
    again = Talker(world, "xml", device="DEVICE9")
    assert again.login() == ["SyncHdr 212", "Alert 200"] and again.finish()[-1] == "Add 200"
    assert world.works() and world.log == []


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_an_odd_name_that_xml_cannot_hold(name: str) -> None:
    """It was learnt in WBXML; the server has to name it in XML: that item suffers, and nothing else."""
    world = World()
    world.stores["ada"] = MemoryStore(TEXT)
    talker = Talker(world, "wbxml")
    spoil(talker, "LUID9", "a" + name + "b")
    talker.login()
    assert talker.say(sync(add("LUID9", "first")))[-1] == "Add 201"
    assert talker.finish()[-1] == "Add 201"
    for gone in ("first", "last"):
        delete(world.stores["ada"], named(world.stores["ada"], gone))
    fill(world.stores["ada"], "new")
    again = Talker(world, "xml")
    again.say(ALERT.replace(">201<", ">200<").replace("<Next>1<", "<Last>1</Last><Next>2<"), final=True, Cred=cred())
    assert again.codes() == ["SyncHdr 212", "Alert 200"]
    assert again.say(sync(add("L5", "later")), final=True)[-1] == "Add 201"
    assert b"<LocURI>L3</LocURI>" in again.raw and b"new" in again.raw
    again.say("", final=True)
    assert world.notes == ["later", "new"] and world.works() and world.log == []


def spoil(talker: Talker, *names: str) -> None:
    """Let this device write names that XML could not hold: old, new, old, new."""
    def encode(text: str) -> bytes:
        body = Talker.encode(talker, text)
        for old, new in zip(names[::2], names[1::2]):
            data = new.encode()
            body = body.replace(b"\x03" + old.encode() + b"\0", b"\xc3" + bytes([len(data)]) + data)
        return body
    talker.encode = encode  # type: ignore[method-assign]


@pytest.mark.parametrize("auth", ("basic", "md5"))
@pytest.mark.parametrize("password", (PASSWORD, "wrong and long"))
def test_passwords_are_told_to_nobody(auth: str, password: str) -> None:
    reports: "list[Report]" = []
    told: "list[str]" = []
    world = World(on_report=reports.append, challenge=auth, tap=lambda way, packet: told.append(way + summary(packet)))
    store, peers = MemoryStore(TEXT), Peers()
    client = Client(URL, {"notes": store}, user="ada", password=password, auth=auth, peers=peers, device_id="phone",
                    transport=lambda: Pipe(world.server.handle, URL))
    reports.append(client.sync())
    shown = [(report.table(), report.json(), report.error) for report in reports]
    text = repr([shown, told, world.log, peers.history()])
    assert password not in text and "Cred" not in text and repr(client).count(password) == 0
    assert reports[-1].exit_code == (0 if password == PASSWORD else 4)
