"""The C codec: the only module that sees ffi and lib. Without it everything runs on :mod:`minisyncml.codec.pure`."""

from __future__ import annotations

from typing import Iterator


def available() -> bool:
    """Whether the C module was built and is not forbidden by MINISYNCML_PURE=1.

    :returns: True when it can be used
    """
    return False


def records(data: bytes, pos: int, table: int, max_depth: int, max_records: int) -> "Iterator[tuple[int, ...]]":
    """As :func:`minisyncml.codec.pure.records`."""
    raise NotImplementedError
