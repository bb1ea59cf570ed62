"""What a session tells its owner about a message that came in. A `slot` is where the answer is to be put."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple, Optional, Union

from minisyncml.message.commands import MapItem, Mem, Status
from minisyncml.message.devinf import DevInf


class LoggedIn(NamedTuple):
    """The peer is known now. `user` is empty when no credentials are asked for. Comes before all other events."""

    user: str


class Described(NamedTuple):
    """The peer's device information came, by Put or Results."""

    devinf: DevInf


class Alerted(NamedTuple):
    """The peer wants (client) or agrees on (server) a sync of one datastore pair: one Alert item, codes 200-205."""

    slot: int
    code: int
    target: str
    source: str
    last: Optional[str]
    next: Optional[str]
    max_obj_size: Optional[int]


class SyncOpened(NamedTuple):
    """A Sync container begins; the items that follow belong to it. `target` is our datastore."""

    slot: int
    target: str
    source: str
    number_of_changes: Optional[int]
    mem: Optional[Mem]


class ItemArrived(NamedTuple):
    """One whole item, chunks joined, base64 undone. `command` is Add, Replace, Delete or Copy.

    `body` is None when there was no Data. `source` and `target` are the item's names at sender and receiver.
    """

    slot: int
    command: str
    source: Optional[str]
    target: Optional[str]
    type: Optional[str]
    body: Optional[bytes]
    archive: bool
    soft: bool


class Mapped(NamedTuple):
    """A Map: GUIDs and LUIDs of one datastore pair."""

    slot: int
    target: str
    source: str
    items: tuple[MapItem, ...]


class Answered(NamedTuple):
    """The Status of a command of ours; `ref` is what was given when it was sent."""

    ref: list[object]
    code: int
    status: Status


class PackageEnded(NamedTuple):
    """The peer closed a package; `number` counts them from 0 (its initialization)."""

    number: int


class Suspended(NamedTuple):
    """The client suspends the session (Alert 224)."""


Event = Union[LoggedIn, Described, Alerted, SyncOpened, ItemArrived, Mapped, Answered, PackageEnded, Suspended]
