"""The items of one datastore, as the peer has them and as we have them. With no view, all is as it comes.

Here stands what a sync asks of a :class:`~minisyncml.content.view.View`, and what it remembers for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from minisyncml.content.keys import same
from minisyncml.content.kind import kind, lacks_content
from minisyncml.content.uid import lacks_uid, named, with_uid
from minisyncml.digest import digest
from minisyncml.errors import ItemError
from minisyncml.store.base import Batch, Entry, Item, Row
from minisyncml.sync.conflict import Clash

if TYPE_CHECKING:
    from minisyncml.content.view import View

RECENT = 262_144        #: bytes of items whose answers are awaited that are kept, so as not to be made again


class Forms:
    """Both forms of the items of one datastore, for as long as a batch is open.

    :param batch: the batch
    :param peer: key of the peer in the store
    :param view: what the peer sees of our items; None: just what we have
    :param base: the same, or where there is none what makes the shadows that a conflict policy wants
    :param ours: whether the peer is a minisyncml too: what is missing in its items, somebody took out
    :param formed: whether our store wants a form: then new items get a UID where a peer that is not ours gave none
    """

    def __init__(self, batch: Batch, peer: str, view: "Optional[View]" = None, base: "Optional[View]" = None,
                 ours: bool = False, formed: bool = False) -> None:
        self.batch, self.peer, self.view, self._ours = batch, peer, view, ours
        self._names = formed and not ours
        self.loose = view is not None or self._names    #: what is the same on both sides need not be equal
        self.base = view if view is not None else base
        self._always = base is not None
        #: nothing is, was or will be remembered: as with most peers of our own kind
        self.plain = self.base is None and next(batch.shadows(peer), None) is None
        if self.base is None and not self.plain:    # it tells no limits any more, and still has what it got under them
            from importlib import import_module
            plain = import_module("minisyncml.content.form").PLAIN
            self.base = import_module("minisyncml.content.view").View(plain, plain)

    def sent(self, item: Item) -> "tuple[str, bytes, bytes]":
        """An item of ours as it goes to the peer.

        :param item: ours
        :returns: media type, body, digest of the body
        :raises ItemError: when the peer's form cannot say it
        """
        if self.view is None:
            return kind(item.body, item.type), item.body, item.digest
        type, body = self.view.sent(item.type, item.body, self.batch.shadow(self.peer, item.id))
        return type, body, item.digest if body == item.body else digest(body)

    def stored(self, type: str, body: bytes, remote: str = "") -> "tuple[str, bytes]":
        """An item that is new to us as we keep it.

        :param type: media type
        :param body: as it came
        :param remote: the peer's name of it
        :returns: media type and body
        :raises ItemError: when it is broken, or does not belong here
        """
        form, made = (type, body) if self.view is None else self.view.stored(type, body)
        if self._names or made != body:
            made = named(form, made, f"{self.peer} {remote}\n".encode())
        return form, made

    def updated(self, id: str, type: str, body: bytes) -> "tuple[str, bytes]":
        """An item that only the peer changed, as we keep it.

        :param id: our name of it, it is there
        :param type: media type
        :param body: as it came
        :returns: media type and body; the very bytes of ours when the peer only wrote it in another way
        :raises ItemError: when it is broken
        """
        return self._over(id, self.batch.shadow(self.peer, id) if self.base is not None else b"", type, body)

    def theirs(self, id: str, type: str, body: bytes) -> "tuple[str, bytes]":
        """The peer's version, whatever ours is, as we would keep it: what the peer does not keep is as in ours.

        :param id: our name of it, it is there
        :param type: media type
        :param body: as it came
        :returns: media type and body
        :raises ItemError: when it is broken
        """
        return self._over(id, b"", type, body)

    def _over(self, id: str, shadow: bytes, type: str, body: bytes) -> "tuple[str, bytes]":
        partial = lacks_content(type, body)
        if self.view is None and self.base is not None and shadow:
            mine = self.batch.get(id)
            if mine is not None and mine.body != shadow:
                return mine.type, self.base.updated(mine.type, mine.body, shadow, type, body)
        if self.view is None and not partial and (self._ours or not lacks_uid(type, body)):
            return type, body
        mine = self.batch.get(id)
        if self.view is None and partial and mine is not None:
            from importlib import import_module
            return type, import_module("minisyncml.content.omads").completed(mine.body, body)
        if self.view is None:
            return type, with_uid(mine.body, body) if mine is not None else body
        if mine is None:
            return self.view.stored(type, body)
        return mine.type, self.view.updated(mine.type, mine.body, shadow, type, body)

    def doubt(self, id: str, body: bytes) -> str:
        """Why ours is to be kept in the trash when the peer's edit replaces it: a phone that does not say what it keeps
        may have dropped what its owner did not delete.

        :param id: our name of it
        :param body: what it becomes
        :returns: a reason, empty when nothing is to be feared
        """
        if self.view is None or self.view.peer.caps is not None:
            return ""
        mine = self.batch.get(id)
        return "shortened by the peer" if mine is not None and len(body) < len(mine.body) else ""

    def same(self, mine: Item, type: str, body: bytes) -> bool:
        """Whether an item of the peer says the same as ours, as far as the peer can say it.

        :param mine: ours
        :param type: media type
        :param body: as it came
        :returns: True when a person would see no difference
        """
        if self.view is None:
            return same(type, mine.body, body)
        return self.view.same(mine.type, mine.body, type, body)

    def changed(self, row: Row, entry: Entry) -> bool:
        """Whether we changed an item since the peer had it as it is known to have it.

        :param row: the item
        :param entry: what is known of it at the peer
        :returns: False when the peer would see no difference
        """
        if row.revision <= entry.seen or row.digest == entry.digest:
            return False
        mine = self.batch.get(row.id) if self.view is not None else None
        return mine is None or not self.had(mine, entry)

    def had(self, mine: Item, entry: Entry) -> bool:
        """Whether the peer is known to have an item just as we would send it.

        :param mine: ours
        :param entry: what is known of it at the peer
        :returns: True when it would see no difference
        """
        try:
            type, _, name = self.sent(mine)
            shadow = self.batch.shadow(self.peer, mine.id) if self.view is not None else b""
            return name == entry.digest or bool(shadow) and self.same(mine, kind(shadow, type), shadow)
        except ItemError:
            return False

    def has(self, mine: Item, type: str, name: bytes, entry: Entry) -> bool:
        """Whether the peer is known to have all of an item that was edited here, as far as it can have it.

        :param mine: ours
        :param type: media type as it would be sent
        :param name: digest of what would be sent
        :param entry: what is known of the item at the peer
        :returns: False as well where it may have lost by itself what it lacks
        """
        shadow = self.batch.shadow(self.peer, mine.id) if name != entry.digest else b""
        return name == entry.digest or bool(shadow) and self.shows(mine, kind(shadow, type), shadow)

    def shows(self, mine: Item, type: str, body: bytes) -> bool:
        """Whether an item of the peer says all that ours does, as far as the peer can say it.

        :param mine: ours
        :param type: media type
        :param body: what the peer has
        :returns: True when it needs nothing more
        """
        return self.view is None or self.view.shows(mine.type, mine.body, type, body)

    def clash(self, entry: Entry, mine: Item, type: str, body: bytes, shadow: bytes) -> Clash:
        """All that is known of two versions of an item.

        :param entry: what is known of it at the peer
        :param mine: ours
        :param type: media type
        :param body: theirs as it came
        :param shadow: what the peer had when both last agreed
        :returns: for a policy
        :raises ItemError: when theirs is broken
        """
        base = self.base

        def merged() -> Optional[bytes]:
            return None if base is None else base.merged(mine.type, mine.body, shadow, type, body)

        return Clash(self.batch, self.peer, entry, mine, self.theirs(mine.id, type, body), (type, body), shadow, merged)

    def shadow(self, id: str, type: str, body: bytes) -> bytes:
        """What is to be remembered of an item that the peer has now.

        :param id: our name of it, it is there
        :param type: media type
        :param body: as it went over the wire
        :returns: empty where it is just what we have
        """
        row = self.batch.row(id) if self.base is not None else None
        if self.base is None or row is None or not (self._always or row.digest != digest(body)):
            return b""
        try:
            return self.base.shadow(type, body)
        except ItemError:
            return b""      # it can be no better told apart than by its digest

    def remember(self, id: str, type: str, body: bytes) -> None:
        """The peer has an item like this now: keep a shadow of it where it is not what we have.

        :param id: our name of it, it is there
        :param type: media type
        :param body: as it went over the wire
        """
        if self.plain:
            return
        shadow = self.shadow(id, type, body)
        if shadow != self.batch.shadow(self.peer, id):
            self.batch.set_shadow(self.peer, id, shadow)

    def forget(self, id: str) -> None:
        """What the peer has of an item is not known any more.

        :param id: our name of it
        """
        if self.batch.shadow(self.peer, id):
            self.batch.set_shadow(self.peer, id, b"")


class Recent:
    """What was sent and is not answered yet, for shadows. A cache: who is not in it is made again."""

    def __init__(self) -> None:
        self._kept: "dict[tuple[str, str], tuple[bytes, str, bytes]]" = {}
        self._size = 0

    def keep(self, run: str, id: str, name: bytes, type: str, body: bytes) -> None:
        """An item was sent.

        :param run: name of the datastore
        :param id: our name of the item
        :param name: digest of the body
        :param type: media type
        :param body: as sent
        """
        self.take(run, id)
        self._kept[run, id] = name, type, body
        self._size += len(body)
        while self._size > RECENT:
            self.take(*next(iter(self._kept)))

    def take(self, run: str, id: str) -> "Optional[tuple[bytes, str, bytes]]":
        """An item was answered.

        :param run: name of the datastore
        :param id: our name of the item
        :returns: digest, media type and body as sent; None when it is not here
        """
        found = self._kept.pop((run, id), None)
        if found is not None:
            self._size -= len(found[2])
        return found

    def sent(self, forms: Forms, run: str, id: str, revision: int, name: bytes) -> "Optional[tuple[str, bytes]]":
        """An item as the peer took it.

        :param forms: of its datastore
        :param run: name of the datastore
        :param id: our name of the item
        :param revision: that was sent
        :param name: digest of the body as sent
        :returns: media type and body; None when it changed since and is not known any more
        """
        found = self.take(run, id)
        if found is not None and found[0] == name:
            return found[1:]
        item = forms.batch.get(id)
        if item is None or item.revision != revision:
            return None
        type, body, now = forms.sent(item)
        return (type, body) if now == name else None
