"""When an item was written last, by what it says of itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Optional

from minisyncml.content.keys import properties
from minisyncml.content.times import parse_time

_SAY = ("REV", "LAST-MODIFIED")


def written(body: bytes) -> Optional[int]:
    """When a vCard or calendar object was changed last.

    :param body: the item
    :returns: seconds, for comparing with those of another version only: a time that names no zone is taken for UTC;
        None when it does not say
    """
    if not body.lstrip()[:6].upper() == b"BEGIN:":
        return None
    said = [parse_time(value) for name, value in properties(body) if name in _SAY]
    return max(((when.at - datetime.min) // timedelta(seconds=1) for when in said if when is not None), default=None)
