"""What a peer says of itself, and a short index that tells at once that most peers have no profile, so that neither a
file nor what reads it is loaded for them. Which profile fits best is found by patterns.py.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple, Tuple

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
    said = folded(identity)
    text = f"man {said.man}\nsrc {said.source}\nusb {said.usb}\nbt {said.bluetooth}"
    return tuple(name for words, names in INDEX if any(word in text for word in words) for name in names)


def folded(identity: Identity) -> Identity:
    """An identity as it is compared.

    :param identity: as a peer said it
    :returns: in lower case, without blanks around, not too long
    """
    return Identity(*(part[:LONGEST].strip().lower() for part in identity))
