"""What one peer sees of a datastore: how our items go to it, and what an item that it sends means for ours.

Loaded for peers that want another form than our store, or do not keep all that our items have.
"""

from __future__ import annotations

from typing import Optional

from minisyncml.content.form import Form


class View:
    """The items of one datastore as a peer has them. Nothing is remembered here.

    A *shadow* is what the peer had of an item when both sides last agreed on it, made by :meth:`shadow` of what went
    over the wire; empty where nothing is known.

    :param peer: how the peer writes its items, and wants ours
    :param store: how our store wants its items
    """

    def __init__(self, peer: Form, store: Form) -> None:
        self.peer, self.store = peer, store

    def sent(self, type: str, body: bytes, shadow: bytes = b"") -> "tuple[str, bytes]":
        """An item of ours as it goes to the peer.

        :param type: media type
        :param body: our item
        :param shadow: what the peer had of it; what only the peer's form can say is taken from there
        :returns: media type and body
        :raises ItemError: when it cannot be said in the peer's form
        """
        raise NotImplementedError

    def shadow(self, type: str, body: bytes) -> bytes:
        """What is to be remembered of an item that went over the wire, photos by their digest only.

        :param type: media type
        :param body: as it was sent or received
        :returns: the shadow
        """
        raise NotImplementedError

    def stored(self, type: str, body: bytes) -> "tuple[str, bytes]":
        """An item that is new to us in our store's form.

        :param type: media type
        :param body: as it was received
        :returns: media type and body
        :raises ItemError: when it is broken, or of a family (415) that our store does not keep
        """
        raise NotImplementedError

    def updated(self, mine_type: str, mine: bytes, shadow: bytes, type: str, body: bytes) -> bytes:
        """Our item with what the peer changed since the shadow; what the peer does not keep stays as it is.

        :param mine_type: media type of ours
        :param mine: our item, unchanged since the shadow
        :param shadow: what the peer had; empty: what :meth:`sent` makes of ours
        :param type: media type of theirs
        :param body: as it was received
        :returns: our item; the very bytes of `mine` when the peer only wrote it in another way
        :raises ItemError: when theirs is broken
        """
        raise NotImplementedError

    def merged(self, mine_type: str, mine: bytes, shadow: bytes, type: str, body: bytes) -> Optional[bytes]:
        """Our item with the changes of both sides.

        :param mine_type: media type of ours
        :param mine: our item, changed since the shadow
        :param shadow: what the peer had; empty: nothing is known, and what only one side has is taken
        :param type: media type of theirs
        :param body: as it was received, changed as well
        :returns: None where both changed the same thing, each in another way
        :raises ItemError: when theirs is broken
        """
        raise NotImplementedError

    def same(self, mine_type: str, mine: bytes, type: str, body: bytes) -> bool:
        """Whether an item of the peer says the same as ours, as far as the peer can say it.

        :param mine_type: media type of ours
        :param mine: our item
        :param type: media type of theirs
        :param body: as it was received
        :returns: True when a person would see no difference
        """
        raise NotImplementedError
