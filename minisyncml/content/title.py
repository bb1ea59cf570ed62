"""What a person would call an item, for messages. It may be broken: nothing here judges."""

from __future__ import annotations

from minisyncml.content.keys import properties
from minisyncml.content.kind import BLANK

_NAMES = ("FN", "N", "ORG", "SUMMARY", "TITLE", "DESCRIPTION", "BODY", "SUBJECT", "URL")
#: elements of SIF and of the objects of OMA DS
_ELEMENTS = (b"FileAs", b"DisplayName", b"LastName", b"CompanyName", b"Subject", b"Body", b"name")
MOST = 60           #: characters


def title(body: bytes) -> str:
    """How a person would call an item.

    :param body: the item
    :returns: its name or summary, else its first line
    """
    if body[:64].lstrip(BLANK).startswith(b"<"):
        return _shown(_element(body[:65_536]))
    found: "dict[str, str]" = {}
    for name, value in properties(body[:4096]):
        if value.strip("; ") and name in _NAMES:
            found.setdefault(name, value.replace("\\n", "\n"))
    words = next((found[name] for name in _NAMES if name in found), body[:200].decode("utf-8", "replace"))
    return _shown(words)


def _element(body: bytes) -> str:
    """What stands in the first element that is a name, else what stands in the mail that is in it."""
    for name in _ELEMENTS:
        text = body.partition(b"<" + name + b">")[2].partition(b"<")[0].strip()
        if text:
            return text.decode("utf-8", "replace").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    subject = body.partition(b"\nSubject:")[2].partition(b"\n")[0]
    return (subject or body[:200]).decode("utf-8", "replace")


def _shown(words: str) -> str:
    line = " ".join(part for part in words.replace("\\", "").strip().partition("\n")[0].split(";") if part.strip())
    return "".join(char for char in line if char.isprintable())[:MOST].strip()
