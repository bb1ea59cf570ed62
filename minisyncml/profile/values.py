"""The switches of a profile: what a peer is like where the protocol leaves a choice. Values only, with defaults for a
peer that nothing is known of; what may stand in them is in checks.py, where values come from in layers.py.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple, Tuple

from minisyncml.errors import UsageError

MODES = ("two-way", "slow", "one-way-from-client", "refresh-from-client", "one-way-from-server", "refresh-from-server")


class StoreValue(NamedTuple):
    """A database of a phone: `kind` is our word for what is in it, `name` how the phone calls it, `aliases` other
    spellings that were seen, `combined` kinds that it keeps in the same database, `types` (media type, version) pairs,
    the one it likes best first."""

    kind: str
    name: str = ""
    aliases: Tuple[str, ...] = ()
    combined: Tuple[str, ...] = ()
    types: Tuple[Tuple[str, str], ...] = ()


class FieldLimit(NamedTuple):
    """What a phone keeps of one property: how many of them (`most`), how many characters in each; 0: no limit known."""

    name: str
    most: int = 0
    length: int = 0


class Profile(NamedTuple):
    """How to speak with a peer. In numbers 0 means: as the protocol says, no bound of its own."""

    name: str = "default"
    title: str = "a peer that nothing is known of"
    # the session
    protocol: str = "auto"                  #: SyncML version to speak and to emulate
    encoding: str = "auto"                  #: wbxml or xml
    string_table: bool = False              #: WBXML names its document in a string table, not by a number
    namespace: str = "declared"             #: in XML: declared, none, or echo: as the peer does
    resp_uri: bool = True                   #: tell where the next message is to be sent
    devinf_out: Tuple[str, ...] = ()        #: what of DevInf is held back: no-ctcap, no-size, no-get
    max_msg: int = 0                        #: bytes of one message
    max_items_per_msg: int = 0
    packs: bool = False                     #: takes several items in one command, and one Status for all of them
    max_obj: int = 0                        #: bytes of one item
    item_status: str = "each"               #: answer each item, or omit the good news
    slow_cmd: str = "replace"               #: what a client sends its items with in a slow sync: replace or add
    open_conflict: str = "409"              #: the answer for what a person has to decide on; 202 where 409 ends all
    wait_222: bool = False                  #: our changes wait until the peer asks for them with Alert 222
    modes: Tuple[str, ...] = MODES          #: what the peer can do
    one_store_per_session: bool = False
    pause_after: float = 0.0                #: seconds between two sessions
    # the notification
    server_id: str = "PC Suite"             #: the server identifier the phone has an account for
    san: Tuple[str, ...] = ("1.2", "1.1")       #: forms to try in order; none: it takes no notification
    # the line
    at_switch: str = ""                     #: how to enter OBEX from AT mode; empty: try, none: is never in AT mode
    serial_speed: int = 0                   #: baud
    obex_target: str = "SYNCML-SYNC"
    obex_packet: int = 0                    #: bytes of an OBEX packet that the phone takes
    eob_mode: str = "body-last"             #: the last packet of a PUT has data (body-last) or none (empty-last)
    usb_mode: str = ""                      #: what the user has to choose on the phone
    irmc_level: int = 0                     #: of the IrMC phone book and calendar, 1 to 4; 0: has none
    # its databases
    stores: Tuple[StoreValue, ...] = ()
    store_name_match: str = "source"        #: exact, ignore-case, or source: where the target does not help, the source
    # the items
    time_mode: str = "auto"                 #: utc, local, tz, received-as-utc; auto: as its DevInf says
    alarm_mode: str = "auto"                #: absolute: a time in UTC; relative: an offset to the start
    min_date: str = ""                      #: no earlier date, YYYY-MM-DD
    charset_in: str = "utf-8"
    charset_out: str = "utf-8"
    qp: bool = True                         #: quoted-printable where a property needs it
    fold: bool = True                       #: long lines may be folded
    eol: str = "crlf"
    all_day: str = "date"                   #: date, epoc (T000000Z to T240000Z), next-midnight
    devinf_sizes: str = "trust"             #: trust or ignore the sizes in its DevInf
    field_limits: Tuple[FieldLimit, ...] = ()
    strip_props: Tuple[str, ...] = ()       #: properties never to be sent
    empty_props: str = "keep"               #: keep or drop properties without a value
    email_internet: bool = False            #: EMAIL needs the type INTERNET
    categories_prefix: str = ""             #: what it puts before each category
    # what an emulated one says of itself
    man: str = ""                           #: DevInf/Man
    mod: str = ""                           #: DevInf/Mod
    fwv: str = ""                           #: DevInf/FwV
    at_man: str = ""                        #: the answer to AT+CGMI
    device_id: str = ""                     #: SyncHdr/Source
    layers: Tuple[object, ...] = ()         #: see :func:`minisyncml.profile.explain`

    def store(self, kind: str) -> StoreValue:
        """The database that holds a kind of items.

        :param kind: `contacts`, `calendar`, `tasks`, `notes` or another one
        :returns: its values, those of the database it is combined with, or one without a name
        """
        for store in self.stores:
            if store.kind == kind:
                return store
        return next((store for store in self.stores if kind in store.combined), StoreValue(kind))

    def kind_of(self, uri: str) -> str:
        """What a database of this peer holds.

        :param uri: how the peer calls it; case, `./` and a query do not count
        :returns: a kind, empty when the profile does not say
        """
        plain = _plain(uri)
        for store in self.stores:
            if plain and plain in (_plain(name) for name in (store.name, *store.aliases)):
                return store.kind
        return ""

    def require_mode(self, mode: str) -> None:
        """Check that the peer can do what is asked for.

        :param mode: for example `two-way`
        :raises UsageError: when it cannot; the words say what it can do
        """
        if mode not in self.modes:
            raise UsageError(f"{self.title} cannot do {mode}; it can do {', '.join(self.modes)}")


DEFAULT = Profile()


def _plain(uri: str) -> str:
    plain = uri.partition("?")[0].strip().casefold()
    while plain.startswith(("./", "/")):
        plain = plain.partition("/")[2]
    return plain.rstrip("/")
