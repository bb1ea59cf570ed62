"""Two messages beside each other: where they differ, told in a few words. What the elements mean is not known here."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional

from minisyncml import codec
from minisyncml.codec.node import Node
from minisyncml.errors import Error

SHOWN = 40      #: characters shown of a value that differs


class Difference(NamedTuple):
    """Where the two runs part: in which session and line of the trace, where in the message, and what stands there."""

    session: int
    line: int
    where: str
    recorded: str
    ours: str

    def __str__(self) -> str:
        return (f"session {self.session}, line {self.line}: {self.where}: "
                f"recorded {self.recorded}, now {self.ours}")


def differences(recorded: Node, ours: Node, where: str = "") -> "Iterator[tuple[str, str, str]]":
    """Where two documents differ.

    :param recorded: the one
    :param ours: the other
    :param where: the way to them
    :returns: the way to each difference, and what stands there in both
    """
    here = f"{where}/{recorded.tag}"
    if recorded.tag != ours.tag:
        yield where or "/", f"<{recorded.tag}>", f"<{ours.tag}>"
        return
    if recorded.data() != ours.data():
        one, other = _devinf(recorded), _devinf(ours)
        if one is not None and other is not None:
            yield from differences(one, other, here)
        else:
            yield here, _value(recorded, ours), _value(ours, recorded)
    before, after = list(recorded.elements()), list(ours.elements())
    counts: "dict[str, int]" = {}
    for one, other in zip(before, after):
        counts[one.tag] = counts.get(one.tag, 0) + 1
        numbered = f"{here}" if counts[one.tag] == 1 else f"{here}#{counts[one.tag]}"
        yield from differences(one, other, numbered)
    for one in before[len(after):]:
        yield here, f"<{one.tag}>", "nothing"
    for other in after[len(before):]:
        yield here, "nothing", f"<{other.tag}>"


def _devinf(node: Node) -> Optional[Node]:
    """Device information in WBXML is a document of its own."""
    try:
        root = codec.decode(node.data(), "devinf").root
    except Error:
        return None
    return root if root.tag == "DevInf" else None


def _value(node: Node, other: Node) -> str:
    """What stands in one, from a little before the place where the other has something else."""
    data, beside = node.data(), other.data()
    same = next((at for at, (one, two) in enumerate(zip(data, beside)) if one != two), min(len(data), len(beside)))
    start = max(0, same - SHOWN // 4) if len(data) > SHOWN else 0
    text = data[start:start + SHOWN].decode("utf-8", "replace")
    place = f" (from byte {start} of {len(data)})" if len(data) > SHOWN else ""
    return f"{text!r}{place}"
