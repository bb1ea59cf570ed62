"""SyncML (OMA DS 1.0, 1.1, 1.2): a client and a server for contacts, calendars, tasks and notes.

The public names of this package are those below; everything else may change.
"""

from __future__ import annotations

from minisyncml.engine.auth import Login, Secret
from minisyncml.errors import (
    AuthError,
    DataAtRisk,
    Error,
    ItemError,
    LocalProtocolError,
    PeerError,
    RemoteProtocolError,
    StoreBusy,
    StoreError,
    TransportError,
    UsageError,
)
from minisyncml.gateway.client import Client
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.options import Options
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.limits import DEFAULT, Limits
from minisyncml.store.base import Batch, Item, Store
from minisyncml.store.memory import MemoryStore
from minisyncml.sync.conflict import Policy
from minisyncml.transport.base import Packet, Transport
from minisyncml.transport.http import HttpTransport
from minisyncml.transport.pipe import Pipe
from minisyncml.transport.wsgi import HttpServer
from minisyncml.version import VERSION as __version__

__all__ = [
    "DEFAULT", "AuthError", "Batch", "Client", "DataAtRisk", "Error", "Exchange", "HttpServer", "HttpTransport", "Item",
    "ItemError", "Limits", "LocalProtocolError", "Login", "MemoryStore", "Options", "Packet", "PeerError", "Pipe",
    "Policy", "RemoteProtocolError", "Report", "Secret", "Server", "Store", "StoreBusy", "StoreError", "Transport",
    "TransportError", "UsageError", "__version__",
]
