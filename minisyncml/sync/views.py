"""How the peer of a session sees each of our datastores: asked once, and again when more is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Mapping, Optional

from minisyncml.store.base import Store
from minisyncml.sync.batches import Batches
from minisyncml.sync.forms import Forms
from minisyncml.sync.run import Run

if TYPE_CHECKING:
    from minisyncml.content.view import View
    Viewing = Callable[[Run], Optional[View]]

MOST_SPOKEN = 8     #: media types of a peer's items that are remembered


class Views(Batches):
    """The open batches of a session, as the peer sees what is in them.

    :param stores: our datastores by name
    :param runs: those of the session
    :param rescan: let stores read everything
    :param wants: whether what each peer has is to be remembered of all items
    """

    client = False

    def __init__(self, stores: "Mapping[str, Store]", runs: "list[Run]", rescan: bool, wants: bool) -> None:
        super().__init__(stores, runs, rescan)
        self.ours = False       # the peer is a minisyncml too: it knows a GUID again, and says 512 for data at risk
        self.view_of: Viewing = lambda run: None        # asked once for each run, at its first item
        self.base_of: Viewing = lambda run: None        # what makes shadows where the peer sees just what we have
        self._wants = wants
        self._views: "dict[str, tuple[Optional[View], Optional[View]]]" = {}
        self._forms: "dict[str, Forms]" = {}

    def view(self, run: Run) -> "Optional[View]":
        """What the peer sees of a run's items.

        :param run: one of `runs`
        :returns: None where it sees just what we have
        """
        return self._seen(run)[0]

    def _seen(self, run: Run) -> "tuple[Optional[View], Optional[View]]":
        found = self._views.get(run.name)
        if found is None:
            if not run.spoken:
                run.spoken = str(self.facts(run).get("spoken") or "")
            view = self.view_of(run)
            wants = self._wants and not self.client
            found = self._views[run.name] = view, (view or self.base_of(run)) if wants else None
        return found

    def look_again(self) -> None:
        """More is known of the peer now: views are asked for anew."""
        self._views.clear()
        self._forms.clear()

    def forms(self, run: Run) -> Forms:
        """The items of a run, as the peer has them and as we have them.

        :param run: one of `runs`
        :returns: good until the next commit
        """
        batch, known = self.batch(run), self._forms.get(run.name)
        if known is None or known.batch is not batch:
            known = self._forms[run.name] = Forms(batch, run.peer, *self._seen(run), self.ours,
                                                        bool(self.stores[run.name].form[0]))
        return known

    def hear(self, run: Run, media_type: str) -> Forms:
        """What the peer sends says how it wants items, where it says nothing else.

        :param run: one of `runs`
        :param media_type: of an item, not heard before in this session
        :returns: what counts from now on
        """
        known = self.facts(run).get("spoken")
        words = known.split(" ") if isinstance(known, str) else []
        if media_type not in words and len(words) < MOST_SPOKEN and " " not in media_type:
            words.append(media_type)
            self.remember(run, spoken=" ".join(words))
        if run.spoken != " ".join(words):
            run.spoken = " ".join(words)
            self.look_again()
        return self.forms(run)
