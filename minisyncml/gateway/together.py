"""Calendar and tasks as one datastore, for peers that keep both in one database of theirs."""

from __future__ import annotations

from typing import Dict, Iterable, Mapping, Optional

from minisyncml.gateway.names import KINDS, resolve
from minisyncml.message.devinf import DevInf, ct_caps
from minisyncml.profile import Profile
from minisyncml.store.base import Store
from minisyncml.sync.uris import plain_uri

JOINT = "+"


class Together(Dict[str, Store]):
    """Datastores by name; `calendar+tasks` is there, too, when somebody asks for it."""

    def __init__(self, stores: "Mapping[str, Store]") -> None:
        super().__init__(stores)
        self._made: "dict[str, Store]" = {}

    def __missing__(self, name: str) -> Store:
        first, _, second = name.partition(JOINT)
        if name not in self._made:
            from importlib import import_module
            self._made[name] = import_module("minisyncml.store.combined").Combined(
                (first, second), self[first], self[second], task_part)
        return self._made[name]


def task_part(type: str, body: bytes) -> int:
    """Which part of `calendar+tasks` an item belongs to.

    :param type: media type
    :param body: the item
    :returns: 1 for a task
    """
    return int(type == "text/x-s4j-sift" or b"BEGIN:VTODO" in body.upper())


def joined(names: "Iterable[str]") -> str:
    """What calendar and tasks are called together.

    :param names: those of our datastores
    :returns: for example `calendar+tasks`; empty when one of them is not there
    """
    names = list(names)
    both = [next((name for name in names if KINDS.get(name.lower()) == kind), "") for kind in ("calendar", "tasks")]
    return JOINT.join(both) if all(both) else ""


def keeps_both(profile: Profile, devinf: Optional[DevInf], uri: str) -> bool:
    """Whether a peer keeps tasks in the database of its calendar.

    :param profile: what it is like
    :param devinf: what it said of itself; None: nothing
    :param uri: how it calls its calendar
    :returns: no, when it said that it has another one for tasks
    """
    stores = devinf.datastores if devinf is not None else ()
    if any(resolve(store.source_ref, ("tasks",), profile.kind_of) and plain_uri(store.source_ref) != plain_uri(uri)
           for store in stores):
        return False
    if "tasks" in profile.store("calendar").combined:
        return True
    found = next((store for store in stores if plain_uri(store.source_ref) == plain_uri(uri)), None)
    if devinf is None or found is None:
        return False
    kinds = {value.strip().upper() for cap in ct_caps(devinf, found) for said in cap.properties
             if said.name.strip().upper() == "BEGIN" for value in said.values}
    return {"VEVENT", "VTODO"} <= kinds
