"""The server's side of a sync, which finds the datastores that clients mean."""

from __future__ import annotations

from typing import Mapping, Optional

from minisyncml.gateway.names import resolve
from minisyncml.gateway.together import JOINT, joined, keeps_both
from minisyncml.message.devinf import DevInf
from minisyncml.profile import DEFAULT as NO_PROFILE
from minisyncml.sync.server import ServerSyncer
from minisyncml.sync.uris import plain_uri


class Serving(ServerSyncer):
    """Finds datastores by the names that are settled, by all their spellings, and by what the client says of them."""

    names: "Mapping[str, str]" = {}
    bound: "Mapping[str, str]" = {}         # our names to what the client called its databases when it met us first
    fresh = False                           # more is bound than is remembered
    devinf: Optional[DevInf] = None
    profile = NO_PROFILE
    apart = False                           # tasks do not go with the calendar, though the client has them in one

    def resolve(self, uri: str) -> Optional[str]:
        exact = self.profile.store_name_match == "exact"
        return self.names.get(plain_uri(uri)) or resolve(uri, self.stores, self.profile.kind_of, exact)

    def meant(self, target: str, source: str) -> Optional[str]:
        found = self._meant(target, source)
        both = joined(self.stores)
        if found is not None and both.startswith(found + JOINT) and not self.ours and not self.apart \
                and keeps_both(self.profile, self.devinf, source):
            return both
        return found

    def _meant(self, target: str, source: str) -> Optional[str]:
        if self.profile.store_name_match != "source":
            return self.resolve(target)
        found = self.resolve(target) or self.resolve(source)
        if found is None and not self.ours and plain_uri(target) in ("", plain_uri(source)):
            # it uses a name of its own; who asks for one of ours that is not there, is told so
            ours = {name: store.types for name, store in self.stores.items()}
            told = self._told()
            from importlib import import_module
            known = {name: uri for name, uri in self.bound.items() if uri in told}
            meant: Optional[str] = import_module("minisyncml.gateway.discovery").named_by(
                self.devinf, source, ours, self.profile, known)
            return meant
        return found

    def called(self, name: str, source: str) -> str:
        name = (*self.stores[name].parts, name)[0]
        first = self.bound.get(name)
        if first is None:
            self.bound, self.fresh = {**self.bound, name: plain_uri(source)}, True
        elif first != plain_uri(source) and plain_uri(source) in self._told() and first not in self._told():
            return first        # its menu speaks another language now; its anchors tell whether it is the same
        return source

    def _told(self) -> "set[str]":
        return {plain_uri(store.source_ref) for store in self.devinf.datastores} if self.devinf is not None else set()
