"""What a SyncML message is made of, as typed values: header, commands, items, meta. No bytes, no rules.

All are named tuples: cheap to make by the ten thousand, compared by value. A field that the message did not hold is
None (or empty, False). Names are those of the specification in Python spelling. A LocURI is a plain string:
`item.source` is Item/Source/LocURI. Item data is bytes exactly as sent (WBXML opaque or text, XML text as UTF-8); a
Data element that holds markup (an Anchor, a DevInf) is the Data :class:`~minisyncml.codec.node.Node` itself.

Content models: OMA SyncML Representation Protocol 1.2.2, Meta Information 1.2.2.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple, Optional, Union

from minisyncml.codec.node import Node


class Mem(NamedTuple):
    """Free memory of a datastore (Meta Information 5.9): bytes, item ids, and whether it is shared."""

    free: Optional[int] = None
    ids: Optional[int] = None
    shared: bool = False


class Meta(NamedTuple):
    """Meta data of a message, command or item (Meta Information 1.2.2). Sizes in bytes."""

    type: Optional[str] = None
    format: Optional[str] = None
    size: Optional[int] = None
    last: Optional[str] = None              #: Anchor/Last
    next: Optional[str] = None              #: Anchor/Next
    next_nonce: Optional[str] = None        #: base64, as sent
    max_msg_size: Optional[int] = None
    max_obj_size: Optional[int] = None
    mark: Optional[str] = None
    version: Optional[str] = None
    field_level: bool = False
    emi: tuple[str, ...] = ()
    mem: Optional[Mem] = None


class Cred(NamedTuple):
    """Credentials. Data as sent: base64 text, or raw bytes where the format says so or is missing."""

    data: bytes
    type: Optional[str] = None
    format: Optional[str] = None


class Filter(NamedTuple):
    """A filter in the Target of an Alert item (1.2). Field and record keep their Item's node."""

    type: Optional[str] = None
    field: Optional[Node] = None
    record: Optional[Node] = None
    filter_type: Optional[str] = None


class Item(NamedTuple):
    """One item of a command."""

    source: Optional[str] = None
    target: Optional[str] = None
    meta: Optional[Meta] = None
    data: Union[bytes, Node, None] = None
    more: bool = False                      #: MoreData: the rest follows in the next message
    source_parent: Optional[str] = None
    target_parent: Optional[str] = None
    source_name: Optional[str] = None       #: Source/LocName
    target_name: Optional[str] = None
    filter: Optional[Filter] = None


class Header(NamedTuple):
    """SyncHdr. `version` is VerDTD (1.0, 1.1, 1.2), `protocol` VerProto (SyncML/1.2)."""

    version: str
    protocol: str
    session_id: str
    msg_id: str
    target: str
    source: str
    target_name: Optional[str] = None
    source_name: Optional[str] = None
    resp_uri: Optional[str] = None
    no_resp: bool = False
    cred: Optional[Cred] = None
    meta: Optional[Meta] = None


class Status(NamedTuple):
    """The answer to one command or item. `cmd` is the name of what is answered, SyncHdr among them."""

    cmd_id: str
    msg_ref: str
    cmd_ref: str
    cmd: str
    code: int
    target_refs: tuple[str, ...] = ()
    source_refs: tuple[str, ...] = ()
    chal: Optional[Meta] = None
    items: tuple[Item, ...] = ()
    cred: Optional[Cred] = None


class Alert(NamedTuple):
    """An alert; codes in :mod:`minisyncml.status`. `code` is None when Data is missing or no number."""

    cmd_id: str
    code: Optional[int]
    items: tuple[Item, ...] = ()
    no_resp: bool = False
    cred: Optional[Cred] = None
    correlator: Optional[str] = None


class ItemCommand(NamedTuple):
    """What Add, Replace, Delete, Copy and Move have in common. `archive` and `soft` belong to Delete."""

    cmd_id: str
    items: tuple[Item, ...] = ()
    meta: Optional[Meta] = None
    no_resp: bool = False
    cred: Optional[Cred] = None
    archive: bool = False
    soft: bool = False


class Add(ItemCommand):
    """Create items."""

    __slots__ = ()


class Replace(ItemCommand):
    """Overwrite items; those that do not exist are created."""

    __slots__ = ()


class Delete(ItemCommand):
    """Delete items; `soft` only frees the receiver's memory."""

    __slots__ = ()


class Copy(ItemCommand):
    """Duplicate items inside the receiver's datastore."""

    __slots__ = ()


class Move(ItemCommand):
    """Give items another parent (1.2)."""

    __slots__ = ()


class Sync(NamedTuple):
    """The container of one datastore pair: `target` is the receiver's datastore, `source` the sender's."""

    cmd_id: str
    target: Optional[str] = None
    source: Optional[str] = None
    commands: tuple["Command", ...] = ()
    meta: Optional[Meta] = None
    number_of_changes: Optional[int] = None
    no_resp: bool = False
    cred: Optional[Cred] = None


class Group(NamedTuple):
    """What Atomic and Sequence have in common."""

    cmd_id: str
    commands: tuple["Command", ...] = ()
    meta: Optional[Meta] = None
    no_resp: bool = False


class Atomic(Group):
    """All or nothing."""

    __slots__ = ()


class Sequence(Group):
    """In order."""

    __slots__ = ()


class MapItem(NamedTuple):
    """`target` is the server's GUID, `source` the client's LUID."""

    target: str
    source: str


class Map(NamedTuple):
    """Client to server: the LUIDs of items that the server added."""

    cmd_id: str
    target: Optional[str] = None
    source: Optional[str] = None
    items: tuple[MapItem, ...] = ()
    meta: Optional[Meta] = None
    cred: Optional[Cred] = None


class Put(NamedTuple):
    """Here is data that was not asked for: DevInf."""

    cmd_id: str
    items: tuple[Item, ...] = ()
    meta: Optional[Meta] = None
    no_resp: bool = False
    cred: Optional[Cred] = None
    lang: Optional[str] = None


class Get(NamedTuple):
    """Send me: DevInf."""

    cmd_id: str
    items: tuple[Item, ...] = ()
    meta: Optional[Meta] = None
    no_resp: bool = False
    cred: Optional[Cred] = None
    lang: Optional[str] = None


class Results(NamedTuple):
    """The answer to Get (or Search)."""

    cmd_id: str
    msg_ref: Optional[str] = None
    cmd_ref: Optional[str] = None
    items: tuple[Item, ...] = ()
    meta: Optional[Meta] = None
    target_ref: Optional[str] = None
    source_ref: Optional[str] = None


class Unknown(NamedTuple):
    """A command that we do not model: Exec, Search, or one that no specification knows. Answered, never executed."""

    cmd_id: str
    name: str
    node: Node
    no_resp: bool = False


Command = Union[Status, Alert, ItemCommand, Sync, Group, Map, Put, Get, Results,
                Unknown]


class Message(NamedTuple):
    """One SyncML message. `final` says that it ends its package."""

    header: Header
    commands: tuple["Command", ...] = ()
    final: bool = False


def name_of(command: Command) -> str:
    """The element name of a command, as Status/Cmd holds it.

    :param command: any command
    :returns: for example `Add`
    """
    return command.name if isinstance(command, Unknown) else type(command).__name__
