"""Both sides changed the same item. All policies keep the loser's version in the trash:

===========  =============================================================================================
keep-both    the client's version stays where it was, ours becomes an item of its own; an edit beats a deletion
server-wins  what the server holds stays, a deletion included
client-wins  what the client says is done, a deletion included
newest       the version that says it is newer (REV, LAST-MODIFIED); where one does not say, or both say the same, the
             client's, which came later; an edit beats a deletion
merge        both, field by field; where both changed the same field, each in another way, as keep-both
ask          nothing, until a person says which; an edit beats a deletion
===========  =============================================================================================

The statuses are those of DS Protocol 1.2.1 section 8 (see also status codes 207, 208, 209, 409, 419).
A policy of your own is a subclass of :class:`Policy`, registered with :func:`register`.
"""

from __future__ import annotations

from typing import Callable, Optional

from minisyncml import status as codes
from minisyncml.content.uid import apart
from minisyncml.errors import UsageError
from minisyncml.store.base import Batch, Entry, Item

REASON = "conflict"


class Clash:
    """Both sides edited an item.

    :ivar batch: where to put the outcome
    :ivar peer: key of the client
    :ivar entry: what is known of the item there
    :ivar mine: our version
    :ivar type: media type of theirs, in the form of our store
    :ivar body: theirs in the form of our store, with what the peer does not keep of ours
    :ivar came_type: media type of theirs as it came
    :ivar came: theirs as it came
    :ivar shadow: what the peer had when both last agreed; empty: not known
    :ivar merged: gives our version with their changes; None: both changed the same thing
    :ivar copy: our name of the second item that was made, which a policy puts here; the client is told
    """

    __slots__ = ("batch", "peer", "entry", "mine", "type", "body", "came_type", "came", "shadow", "merged", "copy")

    def __init__(self, batch: Batch, peer: str, entry: Entry, mine: Item, theirs: "tuple[str, bytes]",
                 came: "tuple[str, bytes]", shadow: bytes, merged: "Callable[[], Optional[bytes]]") -> None:
        self.batch, self.peer, self.entry, self.mine, self.shadow, self.merged = \
            batch, peer, entry, mine, shadow, merged
        self.type, self.body = theirs
        self.came_type, self.came = came
        self.copy = ""


class Policy:
    """Decides for the server. Each method changes the batch and returns the status for the client's command.

    :cvar wants_shadow: whether what each peer has is to be remembered of all items, so that :attr:`Clash.merged` knows
        what was there before both edited
    :cvar asks: whether a person decides: then nothing is united without being asked
    """

    wants_shadow = False
    asks = False

    @property
    def in_slow(self) -> "Policy":
        """What decides in a slow sync, where nobody knows who changed what: there a second copy is what people hate
        most. By default itself."""
        return self

    def settle(self, clash: Clash) -> int:
        """Both sides edited the item: see :meth:`edited`, for policies that need to know more.

        Digest and shadow of the entry are set afterwards, by what went over the wire; `seen` is what counts: as high as
        the revision of our item when the peer has that version, else it goes out.

        :param clash: all that is known
        :returns: 207, 208, 209, 419; or 409 after :func:`minisyncml.sync.asking.keep`
        """
        return self.edited(clash.batch, clash.peer, clash.entry, clash.mine, clash.type, clash.body)

    def edited(self, batch: Batch, peer: str, entry: Entry, mine: Item, type: str, body: bytes) -> int:
        """Both sides edited the item.

        :param batch: where to put the outcome; the entry too: it is `seen` or stays due
        :param peer: key of the client
        :param entry: what is known of the item there
        :param mine: our version
        :param type: media type of theirs
        :param body: their version
        :returns: 208, 209 or 419
        """
        raise NotImplementedError

    def edit_beats_deletion(self, by_client: bool) -> bool:
        """One side edited what the other deleted.

        :param by_client: whether the client is the one who edited
        :returns: whether the edited version stays
        """
        raise NotImplementedError


class KeepBoth(Policy):
    """Nobody loses; the person sorts it out."""

    @property
    def in_slow(self) -> Policy:
        return policy("server-wins")

    def settle(self, clash: Clash) -> int:
        batch, mine = clash.batch, clash.mine
        clash.copy = batch.put(None, mine.type, apart(mine.type, mine.body)).id
        row = batch.put(mine.id, clash.type, clash.body)
        batch.set_entry(clash.peer, clash.entry._replace(seen=row.revision, digest=row.digest, flags=0))
        return codes.CONFLICT_DUPLICATE

    def edit_beats_deletion(self, by_client: bool) -> bool:
        return True


class ServerWins(Policy):
    """Ours stays and goes to the client with our changes."""

    def edited(self, batch: Batch, peer: str, entry: Entry, mine: Item, type: str, body: bytes) -> int:
        batch.bin(mine.id, type, body, REASON)
        return codes.CONFLICT_SERVER_WON

    def edit_beats_deletion(self, by_client: bool) -> bool:
        return not by_client


class ClientWins(Policy):
    """Theirs replaces ours."""

    def edited(self, batch: Batch, peer: str, entry: Entry, mine: Item, type: str, body: bytes) -> int:
        row = batch.put(mine.id, type, body, REASON)
        batch.set_entry(peer, entry._replace(seen=row.revision, digest=row.digest, flags=0))
        return codes.CONFLICT_CLIENT_WON

    def edit_beats_deletion(self, by_client: bool) -> bool:
        return by_client


_POLICIES: "dict[str, Policy]" = {"keep-both": KeepBoth(), "server-wins": ServerWins(), "client-wins": ClientWins()}
_LATER = ("newest", "merge", "ask")     # few use them: they are loaded when they are asked for
DEFAULT = "keep-both"


def policies() -> "list[str]":
    """The names that can be chosen.

    :returns: sorted names
    """
    return sorted({*_POLICIES, *_LATER})


def register(name: str, policy: Policy) -> None:
    """Offer a policy of your own.

    :param name: what users call it
    :param policy: an instance
    """
    _POLICIES[name] = policy


def policy(name: str) -> Policy:
    """A policy by name.

    :param name: for example `server-wins`
    :returns: the policy
    :raises UsageError: when there is none of that name
    """
    if name in _LATER and name not in _POLICIES:
        from importlib import import_module
        for later, made in import_module("minisyncml.sync.policies").POLICIES.items():
            _POLICIES.setdefault(later, made)
    try:
        return _POLICIES[name]
    except KeyError:
        raise UsageError(f"no conflict policy {name!r}; there are {', '.join(policies())}") from None
