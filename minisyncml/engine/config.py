"""What a session is told once: role, names, credentials, limits. Nothing in here changes while it runs."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import Any, Callable, NamedTuple, Optional

from minisyncml.engine.auth import Login, Secret
from minisyncml.engine.chunks import Held, Spool
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.devinf import DevInf

CLIENT = "client"
SERVER = "server"
VERSIONS = ("1.2", "1.1", "1.0")


class Config(NamedTuple):
    """The settings of one session.

    `source` is our URI or device id, `target` the peer's (a server learns it). `secrets` gives what is kept of a
    user's password, None for an unknown user; without it no credentials are asked for. `nonce` makes fresh random
    bytes, `devinf` our device information for a SyncML version.
    """

    role: str
    source: str
    devinf: Callable[[str], DevInf]
    nonce: Callable[[], bytes]
    target: str = ""
    version: str = "1.2"                    #: the one a client speaks; a server follows its client
    encoding: str = "wbxml"                 #: likewise
    login: Optional[Login] = None
    secrets: Optional[Callable[[str], Optional[Secret]]] = None
    challenge: str = "md5"                  #: scheme asked for with 401 and 407: md5 or basic
    recall: Callable[[str], Optional[bytes]] = lambda device: None      #: the nonce a device was given last time
    resp_uri: Optional[str] = None
    limits: Limits = DEFAULT
    spool: Callable[[Any], Spool] = Held    #: keeps the parts of a large object until it is whole
    namespace: bool = True                  #: declare XML namespaces
