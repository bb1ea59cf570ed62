"""A phone's IrMC objects as a computer reads and writes them: `telecom/pb.vcf` and its like (IrMC 1.1, levels 2 and 4).

Reading changes nothing on the phone, not even what it remembers of syncs.
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional

from minisyncml.content.pieces import pieces, without
from minisyncml.errors import LinkError, ObexError, PeerError
from minisyncml.gateway.archive import sorted_out
from minisyncml.gateway.dial import Call
from minisyncml.gateway.irmcfiles import LUID, from_vnote, inside, to_vnote
from minisyncml.limits import DEFAULT, Limits
from minisyncml.obex import codes
from minisyncml.profile import Identity
from minisyncml.transport.obex import ObexClient

MAX_FILE = 64 * 1024 * 1024     #: bytes of a whole phone book
LIMITS: Limits = DEFAULT._replace(max_message=MAX_FILE)
#: where a kind of items is, by the names that phones have for it
WHOLE = {"contacts": ("telecom/pb.vcf",), "calendar": ("telecom/cal.vcs",),
         "notes": ("telecom/nt.vnt", "telecom/nt.vcf", "telecom/nt/notes.vnt")}
#: where a new item goes, which the phone gives a LUID
NEW = {"contacts": "telecom/pb/luid/.vcf", "calendar": "telecom/cal/luid/.vcs", "tasks": "telecom/cal/luid/.vcs",
       "notes": "telecom/nt/luid/.vnt"}
#: where single items are, and how their names end
PLACES = {"contacts": ("telecom/pb", "vcf"), "calendar": ("telecom/cal", "vcs"), "notes": ("telecom/nt", "vnt")}
PLACES_MOST = 10_000        #: places that are looked at
DEVICE = "telecom/devinfo.txt"
_OPEN, _CLOSE = b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\n", b"END:VCALENDAR\r\n"


class Whole(NamedTuple):
    """All items of a kind in one file, as the phone gave it."""

    kind: str
    name: str
    data: bytes


class IrMC:
    """The IrMC service of a phone.

    :param call: the call; made with :data:`LIMITS`
    :ivar refusals: what the phone said to what it did not give, by the kind of items
    :raises ObexError: when there is no such service
    :raises LinkError: when nothing there speaks OBEX
    """

    def __init__(self, call: Call) -> None:
        self.refusals: "dict[str, ObexError]" = {}
        self.client: ObexClient = _connect(call)

    def whole(self) -> "Iterator[Whole]":
        """All that the phone gives as a whole.

        :returns: an iterator; what it refuses is in `refusals`
        :raises LinkError: when the line fails
        """
        for kind, names in WHOLE.items():
            for name in names:
                data = self._get(kind, name)
                if data:        # some phones say yes to all that they do not know
                    self.refusals.pop(kind, None)
                    yield Whole(kind, name.rpartition("/")[2], data)
                    break
            else:
                data = self._one_by_one(kind)
                if data:
                    yield Whole(kind, names[0].rpartition("/")[2], data)

    def _one_by_one(self, kind: str) -> bytes:
        """What a phone has that gives single objects only, by their places (IrMC level 3)."""
        folder, suffix = PLACES[kind]
        lines = (self._get("", f"{folder}/info.log") or b"")[:4096].decode("ascii", "replace").splitlines()
        counts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        total, most = (_number(counts.get(name, "")) for name in ("Total-Records", "Maximum-Records"))
        found: "list[bytes]" = []
        size = 0
        for number in range(min(max(total, most) + 1, PLACES_MOST) if total else 0):
            one = self._get("", f"{folder}/{number}.{suffix}")
            if one is not None:
                found.append(one if one.endswith(b"\n") else one + b"\r\n")
                size += len(one)
            elif len(found) >= total:
                break       # not before: the owner's own card, at 0, is not counted by all
            if size > MAX_FILE:
                break
        if len(found) < total:
            self.refusals[kind] = ObexError(f"the phone says that it has {total}, and gives {len(found)}",
                                            codes.INTERNAL_ERROR)
        elif found:
            self.refusals.pop(kind, None)
        return b"".join(found)

    def identity(self) -> Identity:
        """What the phone says of itself.

        :returns: empty where it says nothing
        :raises LinkError: when the line fails
        """
        text = (self._get("", DEVICE) or b"")[:4096].decode("utf-8", "replace")
        lines = {key.strip().upper(): value.strip() for key, _, value in
                 (line.partition(":") for line in text.splitlines())}
        return Identity(lines.get("MANU", ""), lines.get("MOD", ""), lines.get("SW-VERSION", ""))

    def add(self, kind: str, body: bytes) -> None:
        """Put a new item on the phone.

        :param kind: of the item
        :param body: its bytes
        :raises ObexError: when the phone does not take it
        :raises LinkError: when the line fails
        """
        self.client.put(_plain(kind, body), name=NEW[kind])

    def replace(self, kind: str, bodies: "list[bytes]") -> None:
        """Put a whole file in the place of the phone's: what was in it goes.

        :param kind: `contacts`, `calendar` (with the tasks) or `notes`
        :param bodies: the items
        :raises ObexError: when the phone does not take it
        :raises LinkError: when the line fails
        """
        data = b"".join(inside(body) if kind == "calendar" else _plain(kind, body) for body in bodies)
        self.client.put(_OPEN + data + _CLOSE if kind == "calendar" else data, name=WHOLE[kind][0])

    def _get(self, kind: str, name: str) -> Optional[bytes]:
        try:
            return self.client.get(name=name)
        except ObexError as error:
            former = self.refusals.get(kind)
            if former is None or former.code == codes.NOT_FOUND:
                self.refusals[kind] = error     # what it has and keeps to itself weighs more
            return None


def _connect(call: Call) -> ObexClient:
    """Some phones give these objects to everybody who asks."""
    try:
        return call.connect(codes.IRMC)
    except ObexError as error:
        refusal = error
    try:
        return call.connect(b"")
    except (ObexError, LinkError, PeerError):
        raise refusal from None


def single(whole: Whole) -> "Iterator[tuple[str, bytes]]":
    """The items of a file.

    :param whole: the file
    :returns: pairs of kind and body; notes as text
    """
    for body in pieces(whole.data):
        yield sorted_out(whole.kind, body), from_vnote(body) if whole.kind == "notes" else body


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _plain(kind: str, body: bytes) -> bytes:
    """An item as a phone takes it: without the name that another phone had for it."""
    note = kind == "notes" and body[:11].upper() != b"BEGIN:VNOTE"
    return without(to_vnote(body) if note else body, LUID)
