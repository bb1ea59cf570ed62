"""Several items in one command and one Status for many, where the peer is known to take that; plain peers never see it.

Representation 1.2.2, 5.5 (Item) and 5.6 (Status): a Status without refs is for the whole command.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pair import Cut, Pair, bodies, edit, fill, fine, transferred
from probe import children
from scenes import TEXT, cut_at

from minisyncml.errors import ItemError
from minisyncml.limits import DEFAULT
from minisyncml.message import commands as c
from minisyncml.store.base import Batch
from minisyncml.store.memory import MemoryStore

TEXTS = [f"note {number}" for number in range(40)]


def pair_of(plain: str = "", size: int = DEFAULT.max_msg_size, server: "MemoryStore | None" = None,
            **wire: str) -> Pair:
    """Two ends; `plain` names the one that does not say that it is one of ours."""
    limits = DEFAULT._replace(max_msg_size=size, min_msg_size=min(size, 2000))
    pair = Pair({"notes": MemoryStore(TEXT)}, {"notes": server or MemoryStore(TEXT)}, client_limits=limits,
                server_limits=limits, client_options=wire, server_options=wire)
    if plain:
        name = f"{plain}_options"
        setattr(pair, name, getattr(pair, name)._replace(present=lambda devinf: devinf._replace(exts=())))
    return pair


@dataclass
class Seen:
    """What went one way: commands with items, the items, and the Statuses that came back for them."""

    commands: int
    items: int
    statuses: int


def seen(pair: Pair, way: str) -> Seen:
    found = Seen(0, 0, 0)
    for side, message in pair.messages():
        if side == way:
            commands = children(message)
            found.commands += len(commands)
            found.items += sum(len(command.items) for command in commands)
        else:
            found.statuses += sum(isinstance(one, c.Status) and one.cmd in ("Add", "Replace", "Delete")
                                  for one in message.commands)
    return found


def test_first_sync_both_ways() -> None:
    pair = pair_of()
    fill(pair.client["notes"], *TEXTS)
    left, right = pair.sync()
    assert fine(left) and fine(right)
    assert seen(pair, "up") == Seen(1, 40, 1)
    fill(pair.server["notes"], *(f"more {number}" for number in range(30)))
    pair.sync()
    assert seen(pair, "down") == Seen(1, 30, 1)
    assert bodies(pair.client["notes"]) == bodies(pair.server["notes"])
    assert not any(transferred(side) for side in pair.sync())


def test_each_kind_of_change_has_a_command() -> None:
    pair = pair_of()
    fill(pair.client["notes"], *TEXTS)
    pair.sync()
    store = pair.client["notes"]
    ids = [row.id for row in store.rows()]
    for id in ids[:5]:
        edit(store, id, f"edited {id}")
    with store.begin() as batch:
        for id in ids[5:9]:
            batch.remove(id)
        batch.commit()
    fill(store, "new one", "new two")
    pair.sync()
    assert seen(pair, "up") == Seen(3, 11, 3)
    assert bodies(store) == bodies(pair.server["notes"])


@pytest.mark.parametrize("plain", ("client", "server"))
def test_only_when_both_said_so(plain: str) -> None:
    pair = pair_of(plain)
    fill(pair.client["notes"], *TEXTS)
    pair.sync()
    assert seen(pair, "up") == Seen(40, 40, 40)
    fill(pair.server["notes"], *(f"more {number}" for number in range(30)))
    pair.sync()
    assert seen(pair, "down") == Seen(30, 30, 30)


def test_a_profile_may_say_so(tmp_path: object) -> None:
    file = f"{tmp_path}/packs.toml"
    with open(file, "w") as out:
        out.write('[values]\npacks = { value = true, proof = "device", why = "test" }\n')
    pair = pair_of("client")
    pair.server_options = pair.server_options._replace(profile=file)
    fill(pair.server["notes"], *TEXTS)
    pair.sync()
    assert seen(pair, "down").commands == 1


def test_xml_has_a_command_for_each() -> None:
    pair = pair_of(encoding="xml")
    fill(pair.client["notes"], *TEXTS)
    pair.sync()
    assert seen(pair, "up").commands == 40
    assert bodies(pair.client["notes"]) == bodies(pair.server["notes"])


@pytest.mark.parametrize("size", (2000, 2500, 4096))
def test_messages_stay_within_their_size(size: int) -> None:
    pair = pair_of(size=size)
    fill(pair.client["notes"], *(f"{text} {'x' * (number * 7 % 90)}" for number, text in enumerate(TEXTS * 5)),
         "large " * 2000, "behind it")
    left, right = pair.sync()
    assert fine(left) and fine(right)
    assert max(len(packet.body) for packet in (*pair.up, *pair.down)) <= size
    assert bodies(pair.client["notes"]) == bodies(pair.server["notes"])
    items = [sum(len(one.items) for one in children(message)) for way, message in pair.messages() if way == "up"]
    assert max(items) > max(len(children(message)) for way, message in pair.messages() if way == "up")


class Picky(MemoryStore):
    """Takes no notes that end in certain digits."""

    def __init__(self, refused: str) -> None:
        super().__init__(TEXT)
        self.refused = refused.encode()

    def begin(self, session: str = "") -> Batch:
        batch = super().begin(session)
        put = batch.put

        def picky(id: "str | None", type: str, body: bytes, reason: str = "") -> object:
            if body[-1:] in tuple(bytes((digit,)) for digit in self.refused):
                raise ItemError("not today")
            return put(id, type, body, reason)
        batch.put = picky  # type: ignore[assignment, method-assign]
        return batch


@pytest.mark.parametrize("refused", ("0", "9", "5", "05", "1234567890"))
def test_some_are_refused(refused: str) -> None:
    """The answers that differ name their items, and nothing is taken for synced that is not."""
    server = Picky(refused)
    pair = pair_of(server=server)
    store = pair.client["notes"]
    fill(store, "seen by both")
    pair.server["notes"].refused = b""  # type: ignore[attr-defined]
    pair.sync()
    server.refused = refused.encode()
    fill(store, *TEXTS)
    left, right = pair.sync()
    bad = [text for text in TEXTS if text[-1] in refused]
    assert left.report.datastores["notes"].remote.failed == len(bad)
    assert bodies(server) == sorted([b"seen by both", *(text.encode() for text in TEXTS if text not in bad)])
    server.refused = b""
    pair.sync()
    assert seen(pair, "up").items == len(bad)
    assert bodies(store) == bodies(server)
    assert not any(transferred(side) for side in pair.sync())


def test_cuts() -> None:
    """Whatever message gets lost, the next session brings both sides together."""
    for number in range(3):
        for way in ("up", "down"):
            pair = pair_of(size=2000)
            fill(pair.client["notes"], "old")
            pair.sync()
            fill(pair.client["notes"], *TEXTS)
            fill(pair.server["notes"], *(f"more {text}" for text in TEXTS))
            try:
                pair.sync(carry=cut_at(way, number))
            except Cut:
                pass
            left, right = pair.sync()
            assert fine(left) and fine(right)
            assert bodies(pair.client["notes"]) == bodies(pair.server["notes"])
            assert len(bodies(pair.client["notes"])) == 81
            assert not any(transferred(side) for side in pair.sync())
