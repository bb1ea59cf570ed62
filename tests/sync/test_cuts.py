"""The line drops at every message of a session, in each direction; the next session must put everything right."""

from __future__ import annotations

from collections import Counter
from typing import Any, Iterator

import pytest
from pair import fine, transferred
from scenes import MODES, Scene, cut_at, expected, multiset

SIZES = {"small": (None, 3), "split": (2000, 40)}


def messages(mode: str, common: "dict[str, Any]") -> "Iterator[tuple[str, int]]":
    """Every place where the line of a session can be cut."""
    scene = Scene(**common)
    scene.change()
    scene.run(mode)
    for number in range(len(scene.pair.up)):
        yield "up", number
        yield "down", number


def broken(mode: str, common: "dict[str, Any]", cut: "tuple[str, int]") -> "tuple[Scene, tuple[Counter[bytes], ...]]":
    """A pair after a session that was cut, and what each side held before."""
    scene = Scene(**common)
    base = multiset(scene.client)
    scene.change()
    before = (base, *scene.contents())
    assert not scene.run(mode, cut_at(*cut))
    return scene, before


def check_quiet(scene: Scene) -> None:
    """Both sides are equal, nothing is there twice, the next sync moves nothing."""
    client, server = scene.contents()
    assert client == server
    assert set(client.values()) == {1}
    left, right = scene.pair.sync()
    assert not transferred(left) and not transferred(right)


def check_end(scene: Scene, mode: str, needed_slow: bool) -> None:
    """A sync in the same mode, then an ordinary one."""
    left, right = scene.pair.sync(mode)
    assert fine(left) and fine(right)
    assert left.report.datastores["notes"].slow <= needed_slow
    if mode not in ("two-way", "slow"):
        left, right = scene.pair.sync()
        assert fine(left) and fine(right)
        assert left.report.datastores["notes"].slow <= scene.first


def common_of(first: bool, size: str) -> "dict[str, Any]":
    limit, more = SIZES[size]
    return {"first": first, "size": limit, "more": more}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("first", (False, True), ids=("later", "first"))
@pytest.mark.parametrize("mode", MODES)
class TestCuts:
    def test_nothing_happened_between(self, mode: str, first: bool, size: str) -> None:
        common = common_of(first, size)
        for cut in messages(mode, common):
            scene, before = broken(mode, common, cut)
            left, right = scene.pair.sync(mode)
            assert fine(left) and fine(right), cut
            if not first:
                assert left.report.datastores["notes"].slow == (mode == "slow"), cut
            assert scene.contents() == expected(mode, *before), cut
            scene.pair.sync()
            check_quiet(scene)

    def test_edits_between(self, mode: str, first: bool, size: str) -> None:
        common = common_of(first, size)
        for cut in messages(mode, common):
            scene, before = broken(mode, common, cut)
            interim = scene.contents()
            scene.change("late", 4)
            additions = [now - then for now, then in zip(scene.contents(), interim)]
            check_end(scene, mode, first or mode == "slow")
            client, server = scene.contents()
            for lost, side in zip(additions, ("client", "server")):
                if mode in (f"refresh-from-{side}", "two-way", "slow") or mode.startswith("one-way"):
                    assert not lost - client, cut
            check_quiet(scene)


@pytest.mark.full
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("first", (False, True), ids=("later", "first"))
@pytest.mark.parametrize("mode", MODES)
def test_two_cuts(mode: str, first: bool, size: str) -> None:
    common = common_of(first, size)
    for cut in messages(mode, common):
        for second in messages(mode, common):
            scene, before = broken(mode, common, cut)
            scene.run(mode, cut_at(*second))
            left, right = scene.pair.sync(mode)
            assert fine(left) and fine(right), (cut, second)
            assert scene.contents() == expected(mode, *before), (cut, second)
            scene.pair.sync()
            check_quiet(scene)
