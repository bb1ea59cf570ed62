"""How well a profile fits a peer: patterns compared with what it says of itself, without case.
"""

from __future__ import annotations

from typing import Mapping, Tuple

from minisyncml.profile.match import LONGEST, Identity, folded


def score(rules: "Mapping[str, Tuple[str, ...]]", identity: Identity) -> int:
    """How well a profile's rules fit. Maker, model and firmware have to fit together, as far as there are rules for
    them; a source, USB or Bluetooth id alone is enough.

    :param rules: patterns by the names of :class:`Identity`; `*` stands for any text
    :param identity: of the peer
    :returns: 0: not at all; else more for longer patterns
    """
    said = folded(identity)
    best = max((_best(rules.get(name, ()), getattr(said, name)) for name in ("source", "usb", "bluetooth")), default=0)
    together = [_best(rules[name], getattr(said, name)) for name in ("man", "mod", "fwv") if name in rules]
    return max(best, sum(together) if together and all(together) else 0)


def fits(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern says, in time that grows with their lengths only.

    :param pattern: `*` stands for any text, also none
    :param text: both in the same case
    :returns: True when the whole text fits
    """
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    last = rest.pop()
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    middle, at = text[:len(text) - len(last)], len(first)
    for part in rest:
        at = middle.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def capability(document: bytes) -> Identity:
    """Maker, model and firmware in an OBEX capability object (x-obex/capability).

    :param document: XML, as a phone sent it
    :returns: what it says, empty where it says nothing
    """
    text = document[:65536].decode("utf-8", "replace")
    firmware = text.partition("<FW")[2] or text.partition("<SW")[2]
    return Identity(_element(text, "Manufacturer"), _element(text, "Model"), _element(firmware, "Version") or
                    _version(firmware))


def _element(text: str, name: str) -> str:
    return text.partition(f"<{name}>")[2].partition("<")[0].strip()[:LONGEST]


def _version(text: str) -> str:
    """`<FW Version="..."/>`"""
    return text.partition(">")[0].partition('Version="')[2].partition('"')[0].strip()[:LONGEST]


def _best(patterns: "Tuple[str, ...]", text: str) -> int:
    return max((len(pattern) for pattern in patterns if text and fits(pattern, text)), default=0)
