"""The peer of one session: what is remembered of it, and what that says of it. What a session makes of it stands in
meeting.py, the profile's sources in manners.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Protocol

from minisyncml.content.form import PLAIN
from minisyncml.engine.auth import b64, unb64
from minisyncml.gateway.manners import BOUND, LEARNT, profile_of
from minisyncml.gateway.together import JOINT, joined, keeps_both
from minisyncml.message.devinf import DevInf, from_dict, to_dict
from minisyncml.profile import DEFAULT, Identity, Profile
from minisyncml.store.base import Store
from minisyncml.sync.run import Run
from minisyncml.sync.uris import plain_uri

if TYPE_CHECKING:
    from minisyncml.content.view import View


class Memory(Protocol):
    """What is remembered of each device between sessions; it may lag, losing it costs a message or two."""

    def get(self, device: str) -> "dict[str, Any]":
        """What is known of a device, empty when nothing is."""

    def set(self, device: str, facts: "dict[str, Any]") -> None:
        """Replace what is known of a device."""


class Peer:
    """Who is at the other end, as far as that is known.

    :param memory: what is known of devices
    :param identity: what the link knows of it
    :param named: name or file of the profile that the user wants for it
    :param device: its device id; empty as long as it has not said who it is
    :ivar user: who logged in, empty when nobody had to
    :ivar profile: what it is like
    """

    def __init__(self, memory: Memory, identity: Identity, named: str, device: str) -> None:
        self.memory = memory
        self._identity, self._named = identity, named
        self.device, self.user = device, ""
        self.profile: Profile = DEFAULT

    @property
    def _key(self) -> str:
        """Several people may use the same device id; some programs use one for all installations."""
        return f"{self.device}|{self.user}" if self.user else self.device

    # -- what is remembered

    def facts(self) -> "dict[str, Any]":
        """What is remembered of it, with the user who logged in.

        :returns: facts by name
        """
        return self.memory.get(self._key)

    def nonce(self, device: str) -> Optional[bytes]:
        """What credentials are made with.

        :param device: the id it goes by; it may not have logged in yet
        :returns: the nonce that it was given, or gave us; None when there is none
        """
        nonce = self.memory.get(device).get("nonce")
        return unb64(nonce.encode()) if isinstance(nonce, str) else None

    @property
    def devinf(self) -> Optional[DevInf]:
        """What it said of itself."""
        values = self.facts().get("devinf")
        return from_dict(values) if isinstance(values, dict) else None

    def said(self, devinf: DevInf) -> None:
        """It told what it is.

        :param devinf: its device information
        """
        self.memory.set(self._key, {**self.facts(), "devinf": to_dict(devinf)})

    def keep(self, nonce: Optional[bytes], told: str, bound: "Mapping[str, str]") -> None:
        """Remember what it takes to go on with it next time; nothing is written where nothing is new.

        :param nonce: for its credentials or ours
        :param told: what tells our device information apart that it has, empty: none
        :param bound: our names of datastores to its own
        """
        known = self.memory.get(self.device) if self.device else {}
        changed = dict(known)
        if nonce:
            changed["nonce"] = b64(nonce).decode()
        if told:
            changed["told"] = told
        if bound:
            changed[BOUND] = {**known.get(BOUND, {}), **bound}
        if changed != known:
            self.memory.set(self.device, changed)

    def called(self, bound: "Mapping[str, str]") -> None:
        """Remember how a client calls its databases.

        :param bound: our names of datastores to its own
        """
        self.memory.set(self._key, {**self.facts(), BOUND: bound})

    # -- what that says

    def adapt(self, known: "dict[str, Any]", source: str) -> Profile:
        """What it is like, as far as it is known, counts from now on.

        :param known: what is known of it; nothing of a stranger
        :param source: SyncHdr/Source of a client
        :returns: its profile
        """
        if self.user and LEARNT not in known:   # whoever uses a device, it is the same
            known = {**known, LEARNT: self.memory.get(self.device).get(LEARNT)}
        self.profile = profile_of(known, self._identity, self._named, source)
        return self.profile

    def bind(self, ours: "Mapping[str, tuple[tuple[str, str], ...]]", given: "Mapping[str, str]",
             kept: "Optional[Mapping[str, str]]" = None) -> "dict[str, str]":
        """A server's URIs for our datastores.

        :param ours: the types of each, by name
        :param given: those that the user said
        :param kept: those of earlier sessions; what is remembered by default
        :returns: a URI for each name
        """
        from importlib import import_module
        known = self.facts().get(BOUND) if kept is None else kept
        found: "dict[str, str]" = import_module("minisyncml.gateway.discovery").bind(
            self.devinf, ours, given, self.profile, known)
        return found

    def united(self, bound: "dict[str, str]") -> "dict[str, str]":
        """Calendar and tasks as one, where a server keeps both in one database.

        :param bound: from :meth:`bind`
        :returns: the same, or with one name in place of the two
        """
        both = joined(bound)
        calendar, _, tasks = both.partition(JOINT)
        if not both or plain_uri(bound[calendar]) != plain_uri(bound[tasks]) \
                and not keeps_both(self.profile, self.devinf, bound[calendar]):
            return bound
        return {both if name == calendar else name: uri for name, uri in bound.items() if name != tasks}

    def view(self, run: Run, store: Store, zone: str) -> "Optional[View]":
        """What it sees of a datastore.

        :param run: the sync of the datastore
        :param store: the datastore
        :param zone: the IANA name of the zone that we and it live in; empty: not known
        :returns: None: just what is in it
        """
        from importlib import import_module
        spoken = run.spoken.split(" ")
        other = next((type for type in spoken if type != store.form[0]), "")
        view: "Optional[View]" = import_module("minisyncml.gateway.views").view_of(
            self.profile, self.devinf, run.remote, store, zone, other or spoken[0])
        if view is None and other and store.form[0]:    # it reads ours, and sends something else
            view = import_module("minisyncml.content.view").View(PLAIN, PLAIN._replace(
                type=store.form[0], version=store.form[1]))
        return view
