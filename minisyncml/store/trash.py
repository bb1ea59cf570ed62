"""The trash of our stores: what leaves it when it is full, and what comes back out of it."""

from __future__ import annotations

from typing import Callable, Iterator, List, Set, Tuple

from minisyncml.digest import digest
from minisyncml.store.base import Row
from minisyncml.store.batch import Keeper, number


def surplus(count: int, size: int, sizes: "Iterator[Tuple[int, int]]", most: int, most_bytes: int) -> "List[int]":
    """Which of the oldest have to leave the trash.

    :param count: how many there are
    :param size: bytes of all of them
    :param sizes: number and size of each, oldest first
    :param most: how many may stay
    :param most_bytes: how many bytes may stay
    :returns: the numbers of those that leave
    """
    leaving: "List[int]" = []
    while count > most or size > most_bytes:
        one = next(sizes, None)
        if one is None:
            break
        leaving.append(one[0])
        count -= 1
        size -= one[1]
    return leaving


def restore(store: Keeper, session: str,
            apart: "Callable[[str, bytes], bytes]" = lambda type, body: body) -> "List[Row]":
    """Bring back what a session deleted or replaced, in one commit: each under its old id when that is free.

    Of several bodies of one item the oldest is what the session found; only that one comes back.

    :param store: where it happened
    :param session: what named the batch, see :meth:`Store.begin`
    :param apart: makes an item of its own, by media type and body, of what comes back beside what is there now
    :returns: the items that are there again, new revisions and all
    :raises StoreError: nothing was changed then
    """
    restored: "List[Row]" = []
    with store.begin(session) as batch:
        done: "Set[str]" = set()
        for trashed in store.trash():
            if trashed.session != session or trashed.id in done or not number(trashed.id):
                continue        # what was never understood stays there
            done.add(trashed.id)
            batch.unbin(trashed.number)
            there = batch.row(trashed.id)
            if there is not None and there.digest == digest(trashed.body):
                continue
            if there is None:
                restored.append(batch.put(trashed.id, trashed.type, trashed.body))
            else:
                restored.append(batch.put(None, trashed.type, apart(trashed.type, trashed.body)))
        batch.commit()
    return restored
