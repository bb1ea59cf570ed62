"""The same item changed on both sides: what each policy makes of it, what the client is told, what the trash keeps."""

from __future__ import annotations

from typing import Callable

import pytest
from pair import delete, edit, fine, transferred
from scenes import BASE, Scene, named

from minisyncml import status as codes
from minisyncml.message import commands as c
from minisyncml.store.base import Store

MINE, THEIRS, OLD = "edit of the client", "edit of the server", BASE[0]
Change = Callable[[Store, str], None]


def edits(text: str) -> Change:
    return lambda store, id: edit(store, id, text)


def deletes(store: Store, id: str) -> None:
    delete(store, id)


# what client and server do, the policy: what both hold, the Status, what is in the trash of server and client
TABLE = (
    ("edit/edit", edits(MINE), edits(THEIRS), "keep-both", {MINE, THEIRS}, 209, set(), set()),
    ("edit/edit", edits(MINE), edits(THEIRS), "server-wins", {THEIRS}, 419, {MINE}, set()),
    ("edit/edit", edits(MINE), edits(THEIRS), "client-wins", {MINE}, 208, {THEIRS}, set()),
    ("edit/delete", edits(MINE), deletes, "keep-both", {MINE}, 208, set(), set()),
    ("edit/delete", edits(MINE), deletes, "server-wins", set(), 419, {MINE}, {MINE}),
    ("edit/delete", edits(MINE), deletes, "client-wins", {MINE}, 208, set(), set()),
    ("delete/edit", deletes, edits(THEIRS), "keep-both", {THEIRS}, 419, set(), set()),
    ("delete/edit", deletes, edits(THEIRS), "server-wins", {THEIRS}, 419, set(), set()),
    ("delete/edit", deletes, edits(THEIRS), "client-wins", set(), 208, {THEIRS}, set()),
    ("delete/delete", deletes, deletes, "keep-both", set(), 200, set(), set()),
    ("same edit", edits(MINE), edits(MINE), "keep-both", {MINE}, 200, set(), set()),
    ("same edit", edits(MINE), edits(MINE), "server-wins", {MINE}, 200, set(), set()),
    ("same edit", edits(MINE), edits(MINE), "client-wins", {MINE}, 200, set(), set()),
)


@pytest.mark.parametrize("what, client, server, policy, left_over, code, server_trash, client_trash", TABLE,
                         ids=[f"{row[0]} {row[3]}" for row in TABLE])
def test_conflict(what: str, client: Change, server: Change, policy: str, left_over: "set[str]", code: int,
                  server_trash: "set[str]", client_trash: "set[str]") -> None:
    scene = Scene(server_options={"conflict": policy})
    client(scene.client, named(scene.client, OLD))
    server(scene.server, named(scene.server, OLD))
    left, right = scene.pair.sync()
    statuses = [x.code for way, message in scene.pair.messages() for x in message.commands
                if way == "down" and isinstance(x, c.Status) and x.cmd in ("Replace", "Delete", "Add")]
    assert statuses == [code]
    mine, theirs = scene.contents()
    assert mine == theirs
    assert {body.decode() for body in mine} == left_over | set(BASE[1:])
    assert max(mine.values()) == 1
    assert {x.body.decode() for x in scene.server.trash()} == server_trash
    assert {x.body.decode() for x in scene.client.trash()} == client_trash
    counted = int(code in (codes.CONFLICT_CLIENT_WON, codes.CONFLICT_DUPLICATE, codes.CONFLICT_SERVER_WON))
    assert left.report.datastores["notes"].remote.conflicts == counted
    assert right.report.datastores["notes"].local.conflicts == counted
    left, right = scene.pair.sync()
    assert fine(left) and not transferred(left) and not transferred(right)


@pytest.mark.parametrize("policy", ("keep-both", "server-wins", "client-wins"))
def test_one_way_from_client_takes_the_clients_word(policy: str) -> None:
    scene = Scene(server_options={"conflict": policy})
    edit(scene.client, named(scene.client, OLD), MINE)
    edit(scene.server, named(scene.server, OLD), THEIRS)
    scene.pair.sync("one-way-from-client")
    client, server = scene.contents()
    assert client == server and MINE.encode() in server
    assert THEIRS in {x.body.decode() for x in scene.server.trash()}


def test_one_way_from_server_takes_the_servers_word() -> None:
    scene = Scene()
    edit(scene.client, named(scene.client, OLD), MINE)
    edit(scene.server, named(scene.server, OLD), THEIRS)
    scene.pair.sync("one-way-from-server")
    client, server = scene.contents()
    assert client == server and THEIRS.encode() in client
    assert MINE in {x.body.decode() for x in scene.client.trash()}


def test_one_way_from_server_deletes_what_the_client_edited_into_the_trash() -> None:
    scene = Scene()
    edit(scene.client, named(scene.client, OLD), MINE)
    delete(scene.server, named(scene.server, OLD))
    scene.pair.sync("one-way-from-server")
    scene.pair.sync()
    client, server = scene.contents()
    assert client == server
    everywhere = set(client) | {x.body for store in (scene.client, scene.server) for x in store.trash()}
    assert MINE.encode() in everywhere


def test_a_deleted_item_goes_to_the_trash() -> None:
    scene = Scene()
    delete(scene.client, named(scene.client, BASE[0]))
    delete(scene.server, named(scene.server, BASE[1]))
    scene.pair.sync()
    assert [x.body.decode() for x in scene.server.trash()] == [BASE[0]]
    assert [x.body.decode() for x in scene.client.trash()] == [BASE[1]]
