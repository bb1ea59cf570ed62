"""Two that meet in a session: what each says of itself, what the other makes of that, and what is remembered of it.
Messages, and what they do to datastores, stand in exchange.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence

from minisyncml import status as codes
from minisyncml.content.form import PLAIN
from minisyncml.digest import digest
from minisyncml.engine.config import CLIENT, SERVER, Config
from minisyncml.engine.session import Session
from minisyncml.gateway.identity import describe, is_ours
from minisyncml.gateway.manners import BOUND
from minisyncml.gateway.options import Options, Stores
from minisyncml.gateway.peer import Memory, Peer
from minisyncml.gateway.serving import Serving
from minisyncml.message.devinf import DevInf, devinf_bytes
from minisyncml.profile import Profile
from minisyncml.sync.client import ClientSyncer
from minisyncml.sync.run import Run
from minisyncml.sync.server import ServerSyncer

if TYPE_CHECKING:
    from minisyncml.content.view import View


class Meeting:
    """We and a peer.

    :param options: how to run the session
    :param config: of the session
    :param memory: what is known of devices
    :param state: of the session, to go on with it
    :ivar peer: who is at the other end
    :ivar session: what is said
    :ivar syncer: what that does to our datastores; None as long as none are open
    """

    def __init__(self, options: Options, config: Config, memory: Memory, state: "Optional[dict[str, Any]]") -> None:
        self._options = options
        self.peer = Peer(memory, options.identity, options.profile, config.target if config.role == CLIENT else "")
        self._stores: Stores = {}
        self._config = config._replace(devinf=self._describe, recall=self.peer.nonce)
        self.session = Session(self._config, state)
        self.syncer: "Optional[ClientSyncer | ServerSyncer]" = None

    @property
    def user(self) -> str:
        """Who logged in, empty when nobody had to."""
        return self.peer.user

    @property
    def device(self) -> str:
        """The peer's device id."""
        return self.peer.device

    @property
    def profile(self) -> Profile:
        """What the peer is like, as far as that is known."""
        return self.peer.profile

    @property
    def runs(self) -> "Sequence[Run]":
        """The sync of each datastore, as far as it is known which ones."""
        return self.syncer.runs if self.syncer is not None else ()

    @property
    def missing(self) -> "dict[str, str]":
        """Our names of datastores that the server does not have, and the URI that was tried."""
        return {run.name: run.remote for run in self.runs if run.status == codes.NOT_FOUND}

    def unknown(self) -> "dict[str, str]":
        """After a session: datastores that the server does not know by the name we used, but by another.

        :returns: our name to the server's URI, as its DevInf has it
        """
        missing = self.missing
        runs = [run for run in self.runs if run.name in self._stores]
        found = {run.name: run.remote for run in runs if run.name not in missing}
        kept = {name: uri for name, uri in self.peer.facts().get(BOUND, {}).items() if name in found}
        other = self.peer.bind({run.name: self._stores[run.name].types for run in runs}, found, kept)
        return {run.name: other[run.name] for run in runs if other[run.name] != run.remote}

    # -- what we say of ourselves

    def _describe(self, version: str) -> DevInf:
        named = {self._options.remotes.get(name, name): store for name, store in self._stores.items()}
        runs = self.syncer.runs if isinstance(self.syncer, ServerSyncer) else ()
        uris = {self._options.remotes.get(run.name, run.name): run.local for run in runs}
        client = self._config.role == CLIENT
        return self._options.present(describe(named, self._options.device, client, version, uris,
                                              None if client else self.peer.devinf))

    def _fingerprint(self) -> str:
        """Changes when our DevInf does, so that it is told again."""
        return digest(devinf_bytes(self._describe(self._options.version), "wbxml", self._options.version)).hex()

    # -- what the peer says of itself

    def _ask(self, anew: bool = False) -> None:
        """A peer that is not known yet is asked what it is, any peer when all is compared anew."""
        if (anew or "devinf" not in self.peer.facts()) and "no-get" not in self.profile.devinf_out:
            self.session.ask()

    def _adapt(self, known: "dict[str, Any]") -> None:
        """What the peer is like, as far as it is known, counts from now on."""
        profile = self.peer.adapt(known, self.session.target if self._config.role == SERVER else "")
        self.session.profile = profile
        if self.syncer is not None:
            self.syncer.outgoing.slow_command = profile.slow_cmd.capitalize()
        if isinstance(self.syncer, Serving):
            self.syncer.profile = profile
            self.syncer.undecided = int(profile.open_conflict)
            self.syncer.bound = self.syncer.bound or known.get(BOUND, {})

    def _learn(self) -> None:
        """What is known of the peer means something for this session."""
        self._adapt(self.peer.facts())
        if self.syncer is None:
            return
        self.syncer.look_again()
        devinf = self.peer.devinf
        if devinf is None:
            return
        if isinstance(self.syncer, Serving):
            self.syncer.devinf = devinf
        self.syncer.ours = is_ours(devinf)
        self.session.packs = self.profile.packs or (
            self.syncer.ours and is_ours(self._describe(self._options.version)))
        if not isinstance(self.syncer, ServerSyncer):
            return
        self.session.peer_large = devinf.large_objects
        self.syncer.outgoing.count = devinf.number_of_changes

    def _view(self, run: Run) -> "Optional[View]":
        """What the peer sees of a datastore."""
        assert self.syncer is not None
        return self.peer.view(run, self.syncer.stores[run.name], self._options.zone)

    def _base(self, run: Run) -> "View":
        """What makes shadows where the peer sees just what we have."""
        from importlib import import_module
        view: "View" = import_module("minisyncml.content.view").View(PLAIN, PLAIN)
        return view

    # -- what is remembered

    def _keep(self) -> None:
        """What the next session needs: nonces, that a server has our DevInf, how datastores are called."""
        session, client = self.session, self._config.role == CLIENT
        if session.authenticated:
            bound = {name: run.remote for run in self.syncer.runs if run.answered
                     for name in self.syncer.locks(run.name)} if client and self.syncer else {}
            self.peer.keep(session.nonce if client else session.new_nonce, self._fingerprint() if client else "", bound)
        if isinstance(self.syncer, Serving) and self.syncer.fresh:
            self.peer.called(self.syncer.bound)
            self.syncer.fresh = False
