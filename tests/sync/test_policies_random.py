"""Random edits of both sides under each policy: both end up equal; what anybody wrote is in an item or in a trash."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pair import Pair, bodies, delete, edit, fill, fine, transferred

from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.sync import asking

CARD = (("text/vcard", "3.0"),)
FIELDS = ("NOTE", "TITLE", "TEL", "EMAIL", "ORG")
Edit = st.none() | st.dictionaries(st.sampled_from(FIELDS), st.integers(1, 3).map(str), max_size=4)
Round = st.tuples(st.booleans(), Edit, st.booleans(), Edit)


def card(fields: "dict[str, str]") -> str:
    lines = [f"{name}:value {value}" for name, value in sorted(fields.items())]
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", "UID:one-card-and-its-copies", "N:Lovelace;Ada;;;",
                        "FN:Ada Lovelace", *lines, "END:VCARD", ""])


def values(store: Store) -> "set[str]":
    """All that stands in its items and in its trash."""
    return {line for body in (*bodies(store), *(one.body for one in store.trash()))
            for line in body.decode().split("\r\n") if "value" in line}


def change(store: Store, fields: "dict[str, str] | None") -> "set[str]":
    """Edit or delete the first item, or make one; what was written."""
    row = next(store.rows(), None)
    if row is None:
        if fields is not None:
            fill(store, card(fields), type="text/vcard")
    elif fields is None:
        delete(store, row.id)
    elif card(fields).encode() in bodies(store):
        return set()
    else:
        edit(store, row.id, card(fields))
    return {line for line in card(fields or {}).split("\r\n") if "value" in line}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(("merge", "newest", "keep-both", "ask")), st.lists(Round, min_size=1, max_size=4), st.data())
def test_nothing_is_lost(policy: str, rounds: "list[tuple[bool, dict[str, str], bool, dict[str, str]]]",
                         data: st.DataObject) -> None:
    pair = Pair({"contacts": MemoryStore(CARD)}, {"contacts": MemoryStore(CARD)}, server_options={"conflict": policy},
                reborn=False)
    client, server = pair.client["contacts"], pair.server["contacts"]
    fill(client, card({"NOTE": "0"}), type="text/vcard")
    pair.sync()
    for mine, fields, theirs, others in rounds:
        wrote = change(client, fields) if mine else set()
        wrote |= change(server, others) if theirs else set()
        left, right = pair.sync()
        assert left.failed is None and right.failed is None
        for conflict in [one for peer in server.peers() for one in asking.waiting(server, peer)]:
            solve(server, conflict, data)
        if policy == "ask":
            left, right = pair.sync()
        assert fine(left) and fine(right), left.report.table()
        assert bodies(client) == bodies(server)
        assert wrote <= values(client) | values(server)
        assert len(bodies(client)) <= 1 + len(rounds)
    assert not transferred(pair.sync()[0])


def solve(store: Store, conflict: asking.Conflict, data: st.DataObject) -> None:
    """As somebody may decide."""
    ours = store.get(conflict.entry.id)
    choices = [None, conflict.theirs.body, asking.merged(store, conflict), card({"NOTE": "solved"}).encode()]
    with store.begin() as batch:
        wanted, both = data.draw(st.sampled_from(choices)), data.draw(st.booleans())
        asking.solve(batch, conflict, wanted, both and ours is not None)
        batch.commit()
