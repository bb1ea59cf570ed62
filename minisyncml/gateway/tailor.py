"""Items as a phone of a certain profile would be sent them, without the phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from minisyncml.content.form import Form
from minisyncml.content.kind import FAMILIES, is_journal, kind
from minisyncml.errors import ItemError
from minisyncml.gateway.intake import shaped
from minisyncml.gateway.itemfiles import NAMES, Found, Made
from minisyncml.gateway.views import view_of
from minisyncml.profile import find
from minisyncml.status import UNSUPPORTED_TYPE
from minisyncml.store.memory import MemoryStore
from minisyncml.store.place import FORMS, KINDS

if TYPE_CHECKING:
    from minisyncml.content.view import View

_KINDS = {"contact": "contacts", "calendar": "calendar", "note": "notes"}


class Tailor:
    """Makes items into what a phone wants.

    :param profile: name of a profile, or a file
    :param source: how the items are written
    :raises UsageError: when there is no such profile
    """

    def __init__(self, profile: str, source: Form) -> None:
        self._profile = find(user=profile)
        self._source = source
        self._known: "dict[str, tuple[MemoryStore, Optional[View]]]" = {}

    def made(self, item: Found) -> Made:
        """An item as the phone would get it.

        :param item: what there is
        :returns: the item
        :raises ItemError: when phones have no such thing, or it cannot be said
        """
        type = kind(item.body, item.type)
        family = "note" if type == "text/calendar" and is_journal(item.body) else FAMILIES.get(type, "")
        if family not in _KINDS:
            raise ItemError(f"what phones want of {type} is not known", UNSUPPORTED_TYPE)
        store, view = self._view(_KINDS[family])
        type, body = shaped(item, store, self._source)
        if view is not None:
            type, body = view.sent(type, body)
        type = kind(body, type)
        version = view.peer.version if view is not None and view.peer.type == type else ""
        return Made(body, next((one for one in NAMES.values() if one.type == type and version in (one.version, "")),
                               NAMES["raw"]))

    def _view(self, name: str) -> "tuple[MemoryStore, Optional[View]]":
        if name not in self._known:
            store = MemoryStore(KINDS[name][0])
            store.form = FORMS[name]
            self._known[name] = store, view_of(self._profile, None, name, store, self._source.zone)
        return self._known[name]
