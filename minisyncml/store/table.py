"""What a journal asks of those who keep its rows in memory."""

from __future__ import annotations

from typing import Any, Iterator, List, Tuple


class Table:
    """What is kept in memory of one table."""

    def set(self, key: int, at: int, length: int, *fields: Any) -> None:
        """A row is there now.

        :param key: its number
        :param at: where its body is in the file
        :param length: of its body in bytes; -1: it has none; the fields of the row follow
        """
        raise NotImplementedError

    def drop(self, key: int) -> None:
        """A row is gone.

        :param key: its number
        """
        raise NotImplementedError

    def clear(self) -> None:
        """All rows are gone."""
        raise NotImplementedError

    def touch(self) -> None:
        """It was named in a record, perhaps without rows."""

    def lasting(self) -> bool:
        """Whether it is to be remembered when it has no rows.

        :returns: no, unless the table knows better
        """
        return False

    def dump(self) -> "Iterator[Tuple[List[Any], int]]":
        """All rows, to be written anew.

        :returns: each as the list `[number, length, fields...]`, and where its body is
        """
        raise NotImplementedError

    def weight(self) -> "Tuple[int, int]":
        """How much of the file is still needed.

        :returns: count of rows, bytes of bodies and long texts
        """
        raise NotImplementedError
