"""A client that is no minisyncml, and a line that drops where nobody can know whether our additions arrived: the slow
sync that settles it keeps what else is known, so edits and deletions survive on both sides, also when it breaks off.
"""

from __future__ import annotations

import pytest
from pair import Cut, delete, edit, fill
from scenes import BASE, Scene, cut_at, merged, multiset, named

PLAIN = {"present": lambda devinf: devinf._replace(exts=())}


def scene() -> Scene:
    return Scene(client_options=PLAIN)


def positions(first: "tuple[str, int] | None" = None) -> "list[tuple[str, int]]":
    """Each message of a sync with changes; of the one after it was cut, when `first` says where."""
    probe = scene()
    probe.change()
    if first is not None:
        probe.run("two-way", cut_at(*first))
    seen: "list[tuple[str, int]]" = []

    def carry(way: str, number: int, packet: object) -> object:
        seen.append((way, number))
        return packet

    probe.pair.sync("two-way", carry)   # type: ignore[arg-type]
    return seen


CUTS = positions()


@pytest.mark.parametrize("first", CUTS)
def test_edits_of_both_sides_survive_two_cuts(first: "tuple[str, int]") -> None:
    for second in [None, *positions(first)]:
        one = scene()
        base = multiset(one.client)
        one.change("early")
        one.run("two-way", cut_at(*first))
        one.change("late", at=4)
        client, server = one.contents()
        expected = +merged(base, client, server)
        if second is not None:
            one.run("two-way", cut_at(*second))
        left, _ = one.pair.sync()
        assert left.report.exit_code == 0
        assert one.contents()[0] == one.contents()[1], (first, second)
        got = multiset(one.client)      # what one side had taken over by then counts once
        assert set(got) == set(expected) and max(got.values()) == 1, (first, second)


def in_doubt() -> Scene:
    """Our additions left with message 2 of the server, and its answer never came."""
    one = scene()
    fill(one.server, "in doubt")
    with pytest.raises(Cut):
        one.pair.sync("two-way", cut_at("up", 2))
    return one


def test_what_the_client_has_is_mapped() -> None:
    one = in_doubt()
    left, right = one.pair.sync()
    assert right.report.datastores["notes"].slow and one.contents()[0] == one.contents()[1]
    assert multiset(one.client)[b"in doubt"] == 1
    edit(one.server, named(one.server, "in doubt"), "edited later")
    left, right = one.pair.sync()
    assert not right.report.datastores["notes"].slow and right.report.datastores["notes"].remote.replaced == 1


def test_what_the_client_deleted_meanwhile_goes() -> None:
    one = in_doubt()
    delete(one.client, named(one.client, BASE[0]), named(one.client, "in doubt"))
    delete(one.server, named(one.server, BASE[1]))
    one.pair.sync()
    assert multiset(one.client) == multiset(one.server)
    assert BASE[0].encode() not in multiset(one.server) and BASE[1].encode() not in multiset(one.client)


def test_both_edited_the_same_item_meanwhile() -> None:
    """Nothing is doubled; the version that lost is in the trash."""
    one = in_doubt()
    edit(one.client, named(one.client, BASE[0]), "client's words")
    edit(one.server, named(one.server, BASE[0]), "server's words")
    one.pair.sync()
    assert multiset(one.client) == multiset(one.server) and len(one.client) == len(BASE) + 1
    kept = {b"client's words", b"server's words"}
    trashed = {gone.body for store in (one.client, one.server) for gone in store.trash()}
    assert kept <= set(multiset(one.server)) | trashed


def test_a_client_that_lost_everything_meanwhile() -> None:
    """It turned up empty: the guard stops that, doubt or not."""
    one = in_doubt()
    delete(one.client, *[row.id for row in one.client.rows()])
    left, _ = one.pair.sync()
    assert len(one.server) == len(BASE) + 1 and left.report.exit_code == 6
