"""Which profile a peer gets: what it says of itself, compared with patterns without case. A short index tells at once
that most peers have none, so that no file is read for them.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple, Tuple

LONGEST = 200       #: characters of an identity that are looked at

#: words in an identity -> profiles that may fit
INDEX: "Tuple[Tuple[Tuple[str, ...], Tuple[str, ...]], ...]" = (
    (("nokia", "usb 0421", "bt 0001"), ("nokia", "nokia-s40", "nokia-7210c", "nokia-6301", "nokia-s60", "nokia-5800",
                                        "nokia-9210", "nokia-n900")),
    (("sonyericsson", "sony ericsson", "ericsson", "usb 0fce", "bt 0056", "bt 0000"),
     ("sony-ericsson", "sony-ericsson-k750i", "sony-ericsson-w595", "sony-ericsson-t68i", "uiq-p900")),
    (("siemens", "benq", "usb 11f5", "usb 0681"), ("siemens", "siemens-sx1")),
    (("samsung", "usb 04e8"), ("samsung",)),
    (("motorola", "usb 22b8"), ("motorola", "uiq-p900")),
    (("man sendo",), ("nokia-s60",)),
    (("man lg", "usb 1004"), ("lg",)),
    (("funambol", "src sc-pim-", "src fol-", "src fbb-", "src fmz-"), ("funambol",)),
    (("sync4j", "src fwm-"), ("sync4j",)),
    (("synthesis",), ("synthesis",)),
    (("syncevolution", "patrick ohly"), ("syncevolution",)),
    (("pysyncml",), ("pysyncml",)),
)


class Identity(NamedTuple):
    """What a peer says of itself, as far as it is known: by DevInf, AT commands or OBEX capability the maker, model and
    firmware; the SyncHdr source; USB and Bluetooth ids as `0421:0508`."""

    man: str = ""
    mod: str = ""
    fwv: str = ""
    source: str = ""
    usb: str = ""
    bluetooth: str = ""

    def merged(self, other: "Identity") -> "Identity":
        """Both together.

        :param other: counts where it says something
        :returns: the identity
        """
        return Identity(*(theirs or mine for mine, theirs in zip(self, other)))


UNKNOWN = Identity()


def candidates(identity: Identity) -> "Tuple[str, ...]":
    """The profiles that may fit, without reading any.

    :param identity: of the peer
    :returns: names, the parents before their children; empty for most peers
    """
    said = _folded(identity)
    text = f"man {said.man}\nsrc {said.source}\nusb {said.usb}\nbt {said.bluetooth}"
    return tuple(name for words, names in INDEX if any(word in text for word in words) for name in names)


def score(rules: "Mapping[str, Tuple[str, ...]]", identity: Identity) -> int:
    """How well a profile's rules fit. Maker, model and firmware have to fit together, as far as there are rules for
    them; a source, USB or Bluetooth id alone is enough.

    :param rules: patterns by the names of :class:`Identity`; `*` stands for any text
    :param identity: of the peer
    :returns: 0: not at all; else more for longer patterns
    """
    said = _folded(identity)
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


def _folded(identity: Identity) -> Identity:
    return Identity(*(part[:LONGEST].strip().lower() for part in identity))
