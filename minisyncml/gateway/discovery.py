"""Which datastore of a server is meant by one of ours, found in its device information."""

from __future__ import annotations

from typing import Optional

from minisyncml.content.kind import bare, fits
from minisyncml.gateway.names import KINDS, resolve
from minisyncml.message.devinf import DataStore, DevInf


def remote_uri(devinf: DevInf, name: str, types: "tuple[tuple[str, str], ...]") -> Optional[str]:
    """The URI of the server's datastore for one of ours: by its name when that says the kind, else by its types.

    :param devinf: of the server
    :param name: our datastore
    :param types: (media type, version) pairs that ours takes
    :returns: a LocURI, or None when nothing fits
    """
    suitable = [store for store in devinf.datastores if _takes(store, types)]
    by_name = {store.source_ref: store.source_ref for store in suitable}
    by_name.update({store.display_name: store.source_ref for store in suitable if store.display_name})
    found = resolve(name, by_name)
    if found is not None:
        return by_name[found]
    unnamed = [store.source_ref for store in suitable if resolve(store.source_ref, set(KINDS)) is None]
    return unnamed[0] if len(unnamed) == 1 else suitable[0].source_ref if len(suitable) == 1 else None


def _takes(store: DataStore, types: "tuple[tuple[str, str], ...]") -> bool:
    offered = [kind for kind in (store.rx_pref, *store.rx) if kind is not None]
    return not offered or any(fits(bare(kind.type), types) for kind in offered)
