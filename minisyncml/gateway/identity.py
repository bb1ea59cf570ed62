"""Our device information (DevInf): who we are and what our datastores take, told to every peer."""

from __future__ import annotations

from typing import Mapping, Optional

from minisyncml.content.kind import bare
from minisyncml.message.devinf import ContentType, DataStore, DevInf, Ext
from minisyncml.store.base import Store
from minisyncml.version import VERSION

EXTENSION = "X-minisyncml"      #: in Ext: this peer keeps what it was sent apart by its GUID
MAX_GUID_SIZE = 64
NONE: "Mapping[str, str]" = {}


def describe(stores: "Mapping[str, Store]", device: str, client: bool, version: str,
             uris: "Mapping[str, str]" = NONE, peer: Optional[DevInf] = None) -> DevInf:
    """The DevInf of our side.

    :param stores: datastores by name; the names are their URIs
    :param device: our device id
    :param client: whether we are the client
    :param version: SyncML version of the session
    :param uris: how the peer calls those of the datastores that it named; some look for that very text
    :param peer: of the peer, as far as it is known
    :returns: typed values, without CTCap: any property may be sent
    """
    return DevInf(version, device, "workstation" if client else "server", "minisyncml", "minisyncml", None, "0",
                  VERSION, "0", True, True, True,
                  tuple(_datastore(name, uris.get(name, f"./{name}"), store, client, peer)
                        for name, store in stores.items()), (), (Ext(EXTENSION, ("1",)),))


def _datastore(name: str, uri: str, store: Store, client: bool, peer: Optional[DevInf]) -> DataStore:
    types = [ContentType(*pair) for pair in store.types]
    if client or peer is not None and _knows(peer, store.form):
        types.sort(key=lambda one: one != store.form)   # what needs no conversion first: old phones are no servers
    return DataStore(uri, name, MAX_GUID_SIZE if client else None, types[0], tuple(types[1:]), types[0],
                     tuple(types[1:]), (1, 2, 3, 4, 5, 6))


def _knows(peer: DevInf, form: "tuple[str, str]") -> bool:
    """Whether a peer writes a form."""
    return any(kind is not None and (bare(kind.type), kind.version) == form
               for store in peer.datastores for kind in (store.tx_pref, *store.tx))


def is_ours(devinf: DevInf) -> bool:
    """Whether a peer is a minisyncml too.

    :param devinf: of the peer
    :returns: True when it announced our extension
    """
    return any(ext.name == EXTENSION for ext in devinf.exts)
