"""What one peer sees of a datastore: how our items go to it, and what an item that it sends means for ours.

Loaded for peers that want another form than our store, or do not keep all that our items have.
"""

from __future__ import annotations

from typing import Callable, Mapping, Optional, Sequence, TypeVar

from minisyncml.content.caps import NOTHING, Caps, cut
from minisyncml.content.edit import Edit, aligned
from minisyncml.content.fields import DIGEST, MEDIA, Unit, flat, groups, photo, units
from minisyncml.content.form import KEPT, PLAIN, Form
from minisyncml.content.formats import Format, find, format_of
from minisyncml.content.kind import FAMILIES, bare, kind
from minisyncml.content.lines import Property, is_binary, parse, write
from minisyncml.content.merge import changes, same_rule, united
from minisyncml.content.shape import inward, outward, shapes
from minisyncml.errors import ItemError
from minisyncml.status import UNSUPPORTED_TYPE

_LINES = ("contact", "calendar", "note", "bookmark")    # families whose bodies are text in lines
_HUBS = ("text/vcard 3.0", "text/calendar 2.0", "text/x-vbookmark 1.0")     # these can say what others do
_NOTE = ("SUMMARY", "DESCRIPTION")
_FAILURES = (ValueError, LookupError, ArithmeticError, RecursionError)
T = TypeVar("T")


class View:
    """The items of one datastore as a peer has them. Nothing is remembered here.

    A *shadow* is what the peer had of an item when both sides last agreed on it, made by :meth:`shadow` of what went
    over the wire; empty where nothing is known.

    :param peer: how the peer writes its items, and wants ours
    :param store: how our store wants its items; without a type: as they come
    :param reads: (media type, version) pairs that need no conversion, for a store that keeps items as they come
    """

    def __init__(self, peer: Form, store: Form, reads: "tuple[tuple[str, str], ...]" = ()) -> None:
        self.peer, self.store, self.reads = peer, store, reads
        self._caps = Caps(peer)
        self._shaping = self._caps.bounded or shapes(peer)
        # what a peer does not keep is ours to keep: nothing needs to go there only to come back
        self._out = peer._replace(caps=peer.caps if peer.caps is not None else (), strip=(*peer.strip, KEPT))

    def sent(self, type: str, body: bytes, shadow: bytes = b"") -> "tuple[str, bytes]":
        """An item of ours as it goes to the peer.

        :param type: media type
        :param body: our item
        :param shadow: what the peer had of it; what only the peer's form can say is taken from there
        :returns: media type and body
        :raises ItemError: when it cannot be said in the peer's form
        """
        source = self._format(type, body)
        if source is None:
            return bare(type) or kind(body, type), body
        target = source if (source.type, source.version) in self.reads else self._target(self.peer, source)
        if target is source and not self._shaping and self._plain(source.family):
            return target.type, self._line_ends(source.family, body)
        found = _guarded(lambda: source.read(body, self.store))
        fields = None
        if self._shaping:
            before = units(found)
            fields = outward(cut(before, self._caps, self._had(target, shadow)), self.peer)
            if fields == before:
                fields = None
                if target is source and self._plain(source.family):
                    return target.type, self._line_ends(source.family, body)
        if shadow:
            fields = self._overlaid(fields if fields is not None else units(found), target, shadow)
        form = self._out._replace(params=_private(shadow)) if b";X-" in shadow.upper() else self._out
        made = _guarded(lambda: target.write(found if fields is None else flat(fields), form))
        return target.type, self._line_ends(source.family, _bare(made))

    def shadow(self, type: str, body: bytes) -> bytes:
        """What is to be remembered of an item that went over the wire, photos by their digest only.

        :param type: media type
        :param body: as it was sent or received
        :returns: the shadow
        """
        source = self._format(type, body)
        if source is None or source.family not in _LINES:
            return b""
        upper = body.upper()
        if b"BASE64" not in upper and b"ENCODING=B" not in upper and b"<PHOTO>" not in upper:
            return body
        if upper.lstrip()[:1] == b"<":
            return _without_photo(body)
        old = b"BASE64" in upper and source.version in ("2.1", "1.0", "1.1")
        return write([_short(each) for each in parse(body)], old)

    def stored(self, type: str, body: bytes) -> "tuple[str, bytes]":
        """An item that is new to us in our store's form.

        :param type: media type
        :param body: as it was received
        :returns: media type and body
        :raises ItemError: when it is broken, or of a family (415) that our store does not keep
        """
        source = self._format(type, body)
        if not self.store.type:
            return type, body
        if source is None:
            if bare(type) != self.store.type:
                raise ItemError(f"{type or 'this'} does not belong among {self.store.type}", UNSUPPORTED_TYPE)
            return type, body
        target = self._target(self.store, source)
        if target is source and self.peer.charset_in == "utf-8" and not self.peer.prefix:
            return target.type, body
        return target.type, _guarded(lambda: target.write(flat(self._theirs(source, body)), self.store))

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
        source, own = self._format(type, body), self._format(mine_type, mine)
        if source is None or own is None or source.family != own.family:
            return self.stored(type, body)[1]
        new = self._theirs(source, self._whole(source, body, mine_type, mine, shadow))
        old = self._base(mine_type, mine, shadow, source)
        if _paths(old) == _paths(new) and not changes(old, new, self._caps):
            return mine
        full = self._full(own, mine, source)
        old, new = aligned(old, full), aligned(new, full)
        made = changes(old, new, self._caps)
        return self._written(own, mine, full, Edit(full, self._caps, True, self._clock()).make(made, old, new))

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
        source, own = self._format(type, body), self._format(mine_type, mine)
        if source is None or own is None or source.family != own.family:
            return mine if mine == body else body if mine == shadow else None
        new = self._theirs(source, self._whole(source, body, mine_type, mine, shadow))
        full = self._full(own, mine, source)
        old, view, new = (aligned(fields, full) for fields in (
            self._base(mine_type, mine, shadow, source) if shadow else [],
            self._base(mine_type, mine, b"", source), new))
        made = united(old, view, new, self._caps)
        if made is None:
            return None
        if not made and _paths(new) <= _paths(full) and _paths(old) <= _paths(new):
            return mine
        return self._written(own, mine, full, Edit(full, self._caps, False, self._clock()).make(made, old, new))

    def same(self, mine_type: str, mine: bytes, type: str, body: bytes) -> bool:
        """Whether an item of the peer says the same as ours, as far as the peer can say it.

        :param mine_type: media type of ours
        :param mine: our item
        :param type: media type of theirs
        :param body: as it was received
        :returns: True when a person would see no difference
        """
        source, own = self._format(type, body), self._format(mine_type, mine)
        if source is None or own is None or source.family != own.family:
            return mine == body
        body = self._whole(source, body, mine_type, mine, b"")
        old, new = self._base(mine_type, mine, b"", source), self._theirs(source, body)
        if _paths(old) != _paths(new):
            return False
        found = [change for change in changes(old, new, self._caps) if not same_rule(change, old, new)]
        if not found or any(change.old is not None for change in found):
            return not found
        have = groups(units(_guarded(lambda: own.read(mine, self.store))))   # it may know more than it says
        return all(any(unit.value == change.unit.value for unit in have.get(change.unit.key, ())) for change in found)

    def shows(self, mine_type: str, mine: bytes, type: str, shadow: bytes) -> bool:
        """Whether the peer has all that an edited item of ours says. Of what a peer sends, a `+` or a type that is
        missing is nothing that anybody took out; but of ours, somebody may have put it in.

        :param mine_type: media type of ours
        :param mine: our item
        :param type: media type of the shadow
        :param shadow: what the peer has of it
        :returns: True when it needs nothing more
        """
        source = self._format(type, shadow)
        if not self.same(mine_type, mine, type, shadow):
            return False
        if source is None or mine == shadow:
            return True
        had = self._theirs(source, self._whole(source, shadow, mine_type, mine, b""))
        new = self._base(mine_type, mine, b"", source)
        marked = {unit.key for unit in had if "PREF" in unit.types}
        return not any("PREF" in unit.types and unit.key not in marked for unit in new) and all(
            change.new is None or change.unit.name in MEDIA or same_rule(change, had, new)
            for change in changes(had, new, self._caps))

    # -- formats

    def _format(self, type: str, body: bytes) -> Optional[Format]:
        """The format of an item; the version of a vCard stands in it alone."""
        name = kind(body, type)
        if FAMILIES.get(name) != "contact" or name not in ("text/vcard", "text/x-vcard"):
            return format_of(body, type) if name == "text/calendar" else find(name, "")
        at = body.find(b"\nVERSION:")
        version = body[at + 9:at + 13].strip().decode("latin-1") if at >= 0 else ""
        return find(name, version if version in ("2.1", "3.0", "4.0") else "")

    def _target(self, form: Form, source: Format) -> Format:
        """The format in which a side wants an item."""
        if not form.type:
            return source
        target = find(form.type, form.version)
        if target is None and form.type == source.type:
            return source
        if target is None or target.family != source.family:
            target = find(form.type, form.version, source.family)
        if target is None or target.family != source.family:
            raise ItemError(f"{source.type} cannot be made into {form.type}", UNSUPPORTED_TYPE)
        return target

    def _plain(self, family: str) -> bool:
        """Whether an item in the peer's format needs nothing else."""
        form = self.peer
        return form.charset_out == "utf-8" and form.qp and form.fold and form.crlf and (
            family != "calendar" or (form.time in ("auto", "tz") and form.alarm == "auto" and form.all_day == "date"
                                     and not form.min_date))

    def _line_ends(self, family: str, body: bytes) -> bytes:
        if not self.peer.crlf or family not in _LINES or body.count(b"\n") == body.count(b"\r\n"):
            return body
        return body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    # -- fields

    def _theirs(self, source: Format, body: bytes) -> "list[Unit]":
        return inward(units(_guarded(lambda: source.read(body, self.peer))), self.peer)

    def _whole(self, source: Format, body: bytes, mine_type: str, mine: bytes, shadow: bytes) -> bytes:
        """An item of the peer; what it has no word for is as we sent it, or would."""
        if not source.partial:
            return body
        earlier = shadow or self.sent(mine_type, mine)[1]
        return _guarded(lambda: source.completed(body, earlier))

    def _base(self, mine_type: str, mine: bytes, shadow: bytes, source: Format) -> "list[Unit]":
        """What the peer had; where that is not known, ours as it would have it."""
        if shadow:
            known = self._format(source.type, shadow)
            try:
                if known is not None and known.family == source.family:
                    return self._theirs(known, shadow)
            except ItemError:
                pass
        type, body = self.sent(mine_type, mine)
        known = self._format(type, body)
        assert known is not None
        return self._theirs(known, body)

    def _full(self, own: Format, mine: bytes, source: Format) -> "list[Unit]":
        """All of ours. The text of a note stands there as the peer's format divides it into title and text: where it
        is one line to the peer and a title or a text to us, what was edited has to be found again."""
        found = _guarded(lambda: own.read(mine, self.store))
        full = units(found)
        if own.family != "note" or own is source:
            return full
        other = units(_guarded(lambda: source.read(source.write(found, PLAIN), PLAIN)))
        parted, at = ([unit for unit in side if unit.name in _NOTE] for side in (other, full))
        if not at or [unit.key for unit in parted] == [unit.key for unit in at] or {unit.path for unit in parted} != {
                unit.path for unit in at}:
            return full
        first = full.index(at[0])
        return [*full[:first], *parted, *(unit for unit in full[first:] if unit.name not in _NOTE)]

    def _had(self, target: Format, shadow: bytes) -> "Mapping[tuple[str, str], Sequence[Unit]]":
        """What the peer has of an item."""
        try:
            return groups(self._theirs(target, shadow)) if shadow and self._caps.bounded else NOTHING
        except ItemError:
            return NOTHING

    def _written(self, own: Format, mine: bytes, full: "list[Unit]", made: "list[Unit]") -> bytes:
        after = flat(made)
        if after == flat(full):
            return mine
        body = _guarded(lambda: own.write(after, self.store))
        return body if b"\r\n" in mine or own.family not in _LINES else body.replace(b"\r\n", b"\n")

    def _clock(self) -> str:
        """The zone that the peer's times are read in, where they have none."""
        return self.peer.zone if self.peer.time != "auto" else ""

    def _overlaid(self, fields: "list[Unit]", target: Format, shadow: bytes) -> "list[Unit]":
        """With what the peer had and our store's form cannot say."""
        store = self._target(self.store, target)
        if f"{store.type} {store.version}" in _HUBS or store is target:
            return fields
        try:
            had = self._theirs(target, shadow)
            kept = groups(units(store.read(store.write(flat(had), self.store), self.store)))
        except (ItemError, *_FAILURES):
            return fields
        have = groups(fields)
        extra = [unit for unit in had if unit.value and unit.name and unit.key not in kept and unit.key not in have
                 and unit.name not in MEDIA and not unit.value.startswith(DIGEST)]
        return Edit(fields, self._caps, False).put(extra) if extra else fields


def _private(shadow: bytes) -> "tuple[str, ...]":
    """The parameters of its own that a peer wrote: its labels of numbers, say, which it would lose otherwise."""
    try:
        return tuple({name for each in parse(shadow) for name, _ in each.params if name.startswith("X-")})
    except ItemError:
        return ()


def _guarded(work: "Callable[[], T]") -> T:
    """An item that nobody thought of is one item that cannot be taken, and no end of a session."""
    try:
        return work()
    except _FAILURES as error:
        raise ItemError(f"it cannot be understood: {error}"[:200]) from error


def _paths(fields: "Sequence[Unit]") -> "set[str]":
    return {unit.path for unit in fields if unit.path != "VTIMEZONE"}


def _bare(body: bytes) -> bytes:
    """Without what was kept aside."""
    if KEPT.encode() not in body:
        return body
    return b"".join(each.raw for each in parse(body) if each.name != KEPT)


def _short(each: Property) -> Property:
    value = each.value
    if value[:5].lower() == "data:":
        return each._replace(value=photo(value.partition(",")[2]), raw=b"")
    if not is_binary(each):
        return each
    params = tuple(pair for pair in each.params if pair[0] != "ENCODING" and pair[1].upper() != "BASE64")
    return each._replace(value=photo(value), params=params, raw=b"")


def _without_photo(body: bytes) -> bytes:
    """SIF with the digest in place of a photo."""
    for mark in (b"<Photo>", b"<photo>"):
        head, start, rest = body.partition(mark)
        inner, end, tail = rest.partition(mark.replace(b"<", b"</"))
        if end:
            return head + start + photo(inner.decode("utf-8", "replace")).encode() + end + tail
    return body
