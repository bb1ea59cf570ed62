"""Which datastore of a server is meant by one of ours, found in its device information."""

from __future__ import annotations

from typing import Mapping, Optional, Tuple

from minisyncml.content.kind import bare, fits
from minisyncml.errors import UsageError
from minisyncml.gateway.names import KINDS, resolve
from minisyncml.message.devinf import DataStore, DevInf
from minisyncml.profile import DEFAULT, Profile
from minisyncml.sync.syncer import plain_uri

Types = Tuple[Tuple[str, str], ...]


def bind(devinf: Optional[DevInf], ours: "Mapping[str, Types]", given: Mapping[str, str],
         profile: Profile = DEFAULT) -> "dict[str, str]":
    """The server's URI for each of our datastores, no URI for two of them unless that was said.

    The surest come first: those called alike, those whose name says the kind, those whose kind the profile knows, then
    those that are left by types.

    :param devinf: of the server, None when not known
    :param ours: our datastores: (media type, version) pairs by name
    :param given: what is settled, our name to the URI
    :param profile: what the server is like: what its databases hold, and their names while its DevInf is not known
    :returns: a URI for each, our name of it when nothing fits
    :raises UsageError: when our name is what another one is to be synced with
    """
    found = {name: uri for name, uri in given.items() if uri and name in ours}
    ways = (_alike, _named, lambda name, stores: _known(profile, name, stores), _fitting)
    for way in ways if devinf is not None else ():
        for name in ours:
            if name not in found and devinf is not None:
                uri = way(name, [store for store in devinf.datastores if _takes(store, ours[name])])
                if uri and _user(uri, found) is None:
                    found[name] = uri
    for name in ours if devinf is None else ():
        uri = profile.store(KINDS.get(name.lower(), name)).name
        if name not in found and uri and _user(uri, found) is None:
            found[name] = uri
    for name in ours:
        if name not in found:
            other = _user(name, found)
            if other is not None:
                raise UsageError(f"{other} and {name} cannot both be synced with the server's {name!r}; "
                                 f"say --remote {name}=URI")
    return {name: found.get(name, name) for name in ours}


def _user(uri: str, found: "dict[str, str]") -> Optional[str]:
    """Which of ours has a URI already."""
    return next((name for name, other in found.items() if plain_uri(other) == plain_uri(uri)), None)


def _alike(name: str, stores: "list[DataStore]") -> Optional[str]:
    same = [store.source_ref for store in stores
            if plain_uri(name) in (plain_uri(store.source_ref), plain_uri(store.display_name))]
    return name if name in same else same[0] if same else None


def _named(name: str, stores: "list[DataStore]") -> Optional[str]:
    uris = {store.source_ref: store.source_ref for store in stores}
    uris.update({store.display_name: store.source_ref for store in stores if store.display_name})
    key = resolve(name, uris)
    return uris[key] if key is not None else None


def _known(profile: Profile, name: str, stores: "list[DataStore]") -> Optional[str]:
    kind = KINDS.get(name.lower(), name)
    return next((store.source_ref for store in stores if profile.kind_of(store.source_ref) == kind), None)


def _fitting(name: str, stores: "list[DataStore]") -> Optional[str]:
    unnamed = [store.source_ref for store in stores if resolve(store.source_ref, set(KINDS)) is None]
    return unnamed[0] if len(unnamed) == 1 else stores[0].source_ref if len(stores) == 1 else None


def _takes(store: DataStore, types: Types) -> bool:
    offered = [kind for kind in (store.rx_pref, *store.rx) if kind is not None]
    return not offered or any(fits(bare(kind.type), types) for kind in offered)
