"""What a person would call an item, for messages. It may be broken: nothing here judges."""

from __future__ import annotations

from minisyncml.content.keys import properties

_NAMES = ("FN", "N", "ORG", "SUMMARY", "TITLE", "DESCRIPTION")
MOST = 60           #: characters


def title(body: bytes) -> str:
    """How a person would call an item.

    :param body: the item
    :returns: its name or summary, else its first line
    """
    found: "dict[str, str]" = {}
    for name, value in properties(body[:4096]):
        if value.strip("; ") and name in _NAMES:
            found.setdefault(name, value)
    words = next((found[name] for name in _NAMES if name in found), body[:200].decode("utf-8", "replace"))
    line = " ".join(part for part in words.replace("\\", "").strip().partition("\n")[0].split(";") if part.strip())
    return "".join(char for char in line if char.isprintable())[:MOST].strip()
