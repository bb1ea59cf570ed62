"""How a session is run: what its owner settles before it begins. Values only; exchange.py heeds them."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Optional

from minisyncml.engine.auth import Login
from minisyncml.engine.chunks import Held, Spool
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.devinf import DevInf
from minisyncml.profile import UNKNOWN, Identity
from minisyncml.store.base import Store

if TYPE_CHECKING:
    from minisyncml.gateway.recorder import Recording
else:
    Recording = object      # named in a field of Options

Stores = Mapping[str, Store]


class Options(NamedTuple):
    """How to run a session. `nonce` gives that many random bytes, `clock` seconds that never go back."""

    device: str                             #: our device id
    nonce: Callable[[int], bytes]
    clock: Callable[[], float]
    limits: Limits = DEFAULT
    conflict: str = "keep-both"
    allow_empty: bool = False
    rescan: bool = False
    login: Optional[Login] = None           #: client: what to present
    challenge: str = "md5"                  #: server: the scheme to ask for
    version: str = "1.2"
    encoding: str = "wbxml"
    demand: str = ""                        #: server that called its client: the mode it asked for, a key of MODES
    remotes: Mapping[str, str] = {}         #: server: what the client calls our datastores, where that is settled
    present: Callable[[DevInf], DevInf] = lambda devinf: devinf     #: what we say of ourselves, from what we would
    identity: Identity = UNKNOWN            #: what the link knows of the peer
    profile: str = ""                       #: name or file of the profile that the user wants for it
    zone: str = ""                          #: the IANA name of the zone that we and the peer live in; empty: not known
    trial: bool = False                     #: server: only look; the stores are copies
    apart: bool = False                     #: server: tasks do not go with the calendar, see :mod:`.together`
    spool: Callable[[Any], Spool] = Held    #: keeps the parts of a large object until it is whole
    record: Optional[Recording] = None      #: what is told of it, see :mod:`minisyncml.gateway.traced`
