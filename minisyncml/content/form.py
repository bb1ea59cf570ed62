"""How somebody wants items to be written: a peer those of one database, a store of ours its own. Values only."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple, Optional, Tuple

#: a property, or an element of SIF, that keeps aside what the format it stands in cannot say
KEPT = "X-MINISYNCML-KEPT"


class Cap(NamedTuple):
    """What is kept of one property. `size` counts characters of the value; 0: no bound known."""

    name: str                           #: in capitals; `X-*` stands for all that begin with `X-`, `*` for all
    most: int = 0                       #: so many of them in one item
    size: int = 0
    whole: bool = False                 #: leave it out rather than cut it (NoTruncate)
    values: Tuple[str, ...] = ()        #: nothing but these (ValEnum)
    types: Tuple[str, ...] = ()         #: the types it tells apart, in capitals; none: not known


class Form(NamedTuple):
    """How items have to look. The defaults change nothing."""

    type: str = ""                      #: media type; empty: as an item is
    version: str = ""
    caps: Optional[Tuple[Cap, ...]] = None      #: all that is kept; None: everything is
    limits: Tuple[Cap, ...] = ()        #: bounds of single properties, whatever else is kept
    zone: str = ""                      #: the IANA name of the zone that local times are in; empty: not known
    time: str = "auto"                  #: utc, local (a phone's clock, no zone), tz (with zone), received-as-utc
    alarm: str = "auto"                 #: absolute: a time in UTC; relative: an offset to the start
    all_day: str = "date"               #: date, epoc (T000000Z to T240000Z), next-midnight
    min_date: str = ""                  #: no earlier date, YYYYMMDD or YYYY-MM-DD
    charset_in: str = "utf-8"           #: of values that name none
    charset_out: str = "utf-8"
    qp: bool = True                     #: quoted-printable where a property needs it
    fold: bool = True                   #: long lines may be folded
    crlf: bool = True                   #: every line ends in CR LF
    strip: Tuple[str, ...] = ()         #: properties never to be written
    empty: bool = True                  #: properties without a value are written
    internet: bool = False              #: EMAIL needs the type INTERNET
    prefix: str = ""                    #: what stands before each category
    photo: int = 0                      #: bytes of a photo at most; 0: no bound
    params: Tuple[str, ...] = ()        #: private parameters (X-) that it writes itself, and so can read

    @property
    def keeps(self) -> bool:
        """Whether something may be kept aside in an item: not for who would drop it, and seem to have changed it."""
        return KEPT not in self.strip and (self.caps is None or any(cap.name in (KEPT, "X-*") for cap in self.caps))


PLAIN = Form()
ALL = (Cap("*"),)       #: caps of a peer that is known to lose nothing
