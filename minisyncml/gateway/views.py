"""How a peer wants the items of one datastore, by its DevInf, its profile and what it sent; decided once for each run.

Most peers of our own kind want them just as they are: then there is no view, and no content module is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Optional

from minisyncml.content.form import ALL, Cap, Form
from minisyncml.content.kind import FAMILIES, bare
from minisyncml.gateway.identity import is_ours
from minisyncml.gateway.names import KINDS
from minisyncml.message.devinf import CTCap, DataStore, DevInf, Property, ct_caps
from minisyncml.profile import Profile
from minisyncml.store.base import Store
from minisyncml.sync.uris import plain_uri

if TYPE_CHECKING:
    from minisyncml.content.view import View

BOGUS = 1024        #: bytes: a photo that is said to be smaller at most is no photo; some phones say 256 for anything
_COMPUTERS = ("server", "workstation", "")
_FRAME = frozenset(("", "BEGIN", "END", "VERSION"))
_NO_TYPES = frozenset(("", "TYPE", "ENCODING", "CHARSET", "LANGUAGE", "VALUE", "CONTEXT"))
#: how a version is called where a peer says none, or calls the old form by the name of the new one
_VERSIONS = {"text/x-vcard": "2.1", "text/vcard": "3.0", "text/x-vcalendar": "1.0", "text/calendar": "2.0"}
_MISCALLED = {("text/calendar", "1.0"): ("text/x-vcalendar", "1.0"), ("text/vcard", "2.1"): ("text/x-vcard", "2.1"),
              ("text/x-vcard", "3.0"): ("text/vcard", "3.0"), ("text/x-vcalendar", "2.0"): ("text/calendar", "2.0")}


def view_of(profile: Profile, devinf: Optional[DevInf], uri: str, store: Store, zone: str,
            spoken: str = "") -> "Optional[View]":
    """What a peer sees of a datastore.

    :param profile: what the peer is like
    :param devinf: what it said of itself; None: nothing
    :param uri: its own datastore
    :param store: ours
    :param zone: IANA name of the zone that its local times are in; empty: not known
    :param spoken: media type of the items that it sends; empty: not known yet
    :returns: None when items can go as they are, both ways
    """
    found = _datastore(devinf, uri)
    family = _family(store)
    reads = _reads(found, family)
    form = form_of(profile, devinf, uri, store, zone, spoken)
    if not store.form[0] and (not form.type or _pairs(store, family) <= set(reads)):
        form = form._replace(type="", version="")
    plain = form._replace(type="", version="", zone="", caps=None if form.caps == ALL else form.caps)
    if plain == Form() and (form.type, form.version) in (("", ""), store.form):
        return None
    from importlib import import_module
    module = import_module("minisyncml.content.view")
    view: "View" = module.View(form, Form(*store.form), () if store.form[0] else tuple(reads))
    return view


def form_of(profile: Profile, devinf: Optional[DevInf], uri: str, store: Store, zone: str, spoken: str = "") -> Form:
    """How a peer wants the items of a datastore.

    :param profile: what the peer is like
    :param devinf: what it said of itself; None: nothing
    :param uri: its own datastore
    :param store: ours
    :param zone: IANA name of the zone that its local times are in; empty: not known
    :param spoken: media type of the items that it sends; empty: not known yet
    :returns: the form; without a type where nothing is known
    """
    found, family = _datastore(devinf, uri), _family(store)
    type, version = _type(profile, devinf, found, uri, store, spoken)
    caps = _caps(devinf, found, type, version, profile) if devinf is not None and found is not None else None
    limits = tuple(Cap(limit.name.upper(), limit.most, limit.length) for limit in profile.field_limits)
    if family == "note" and type != "text/calendar":    # all of its text is one property, whatever that is called
        limits += tuple(Cap(name, 0, cap.size, cap.whole) for cap in caps or () for name in ("SUMMARY", "DESCRIPTION")
                        if cap.name in ("BODY", "DATA") and cap.size)
        caps = None
    if caps is None and devinf is not None and (devinf.dev_type or "").lower() in _COMPUTERS[:-1]:
        caps = ALL
    if family in ("mail", "file"):
        caps, limits = None, ()
    form = Form(type, version, caps, limits,
                charset_in=profile.charset_in, charset_out=profile.charset_out, qp=profile.qp, fold=profile.fold,
                crlf=profile.eol == "crlf", strip=tuple(name.upper() for name in profile.strip_props),
                empty=profile.empty_props == "keep", internet=profile.email_internet and family == "contact",
                prefix=profile.categories_prefix, photo=_photo(profile, devinf) if family == "contact" else 0)
    if family not in ("calendar", "note"):
        return form
    time = profile.time_mode
    if time == "auto" and devinf is not None and (devinf.dev_type or "").lower() not in _COMPUTERS:
        time = "utc" if devinf.utc else "local"
    return form._replace(time=time, alarm=profile.alarm_mode, all_day=profile.all_day, min_date=profile.min_date,
                         zone=zone)


def _photo(profile: Profile, devinf: Optional[DevInf]) -> int:
    """Bytes of a photo that leave room for the rest; where an item has to fit into a message, for its base64 too."""
    whole = devinf is None or not devinf.large_objects
    return min((room for room in (profile.max_obj // 2, profile.max_msg // 4 if whole else 0) if room), default=0)


def _datastore(devinf: Optional[DevInf], uri: str) -> Optional[DataStore]:
    if devinf is None:
        return None
    plain = plain_uri(uri)
    for name in ("source_ref", "display_name"):
        for store in devinf.datastores:
            if plain and plain_uri(getattr(store, name)) == plain:
                return store
    return devinf.datastores[0] if len(devinf.datastores) == 1 else None


def _family(store: Store) -> str:
    first = store.form[0] or (store.types[0][0] if store.types else "")
    return FAMILIES.get(bare(first), "")


def _pairs(store: Store, family: str) -> "set[tuple[str, str]]":
    return {_plain(*pair) for pair in store.types if FAMILIES.get(bare(pair[0])) == family}


def _plain(type: str, version: str) -> "tuple[str, str]":
    """A type and version as we call them."""
    name = bare(type)
    pair = name, version.strip() or _VERSIONS.get(name, "")
    return _MISCALLED.get(pair, pair)


def _reads(found: Optional[DataStore], family: str) -> "list[tuple[str, str]]":
    """What the peer says it reads of this family, what it likes best first."""
    if found is None or not family:
        return []
    said = [_plain(kind.type, kind.version) for kind in (found.rx_pref, *found.rx) if kind is not None]
    return [pair for pair in said if FAMILIES.get(pair[0]) == family
            or (family == "note" and pair[0] == "text/calendar")]


def _type(profile: Profile, devinf: Optional[DevInf], found: Optional[DataStore], uri: str, store: Store,
          spoken: str) -> "tuple[str, str]":
    """The type and version that items go to the peer in."""
    family = _family(store)
    reads = _reads(found, family)
    if reads:
        phone = devinf is not None and (devinf.dev_type or "").lower() not in _COMPUTERS
        return store.form if store.form in reads and not phone else reads[0]
    if devinf is not None and is_ours(devinf):
        return store.form
    if spoken and FAMILIES.get(bare(spoken)) == family:
        return _plain(spoken, "")
    kind = profile.kind_of(uri) or KINDS.get(plain_uri(uri), "")
    for pair in profile.store(kind).types:
        if FAMILIES.get(bare(pair[0])) == family:
            return _plain(*pair)
    return "", ""


def _caps(devinf: DevInf, found: DataStore, type: str, version: str, profile: Profile) -> "Optional[tuple[Cap, ...]]":
    """What it says it keeps; None where that says nothing."""
    known = [cap for cap in ct_caps(devinf, found) if _plain(cap.type, cap.version) == (type, version)
             or (not type and cap.properties)]
    known = known or [cap for cap in ct_caps(devinf, found) if bare(cap.type) == type and not cap.version.strip()]
    sizes = profile.devinf_sizes == "trust"
    made: "dict[str, Cap]" = {}
    for cap in _each(known, sizes):
        other = made.get(cap.name)
        made[cap.name] = cap if other is None else _joined(cap, other)
    return tuple(made.values()) if any(not name.startswith("BEGIN:") for name in made) else None


def _each(known: "list[CTCap]", sizes: bool) -> "Iterator[Cap]":
    for ct_cap in known:
        for said in ct_cap.properties:
            name = said.name.strip().upper()
            if name == "BEGIN":
                yield from (Cap("BEGIN:VALARM") for value in said.values if value.strip().upper() == "VALARM")
            elif name not in _FRAME:
                yield _cap(name, said, sizes)


def _cap(name: str, said: Property, sizes: bool) -> Cap:
    size = said.size or 0
    if not sizes or (name in ("PHOTO", "LOGO", "SOUND") and size < BOGUS):
        size = 0
    types: "set[str]" = set()
    for param in said.params:
        word = param.name.strip().upper()
        if word == "TYPE":
            types.update(part.strip().upper() for value in param.values for part in value.split(","))
        elif word not in _NO_TYPES and not param.values:
            types.add(word)
    return Cap(name, said.max_occur or 0, size, said.no_truncate,
               tuple(sorted({value.strip().upper() for value in said.values} - {""})), tuple(sorted(types - {""})))


def _joined(one: Cap, other: Cap) -> Cap:
    """Both of two entries for one property."""
    return Cap(one.name, one.most + other.most if one.most and other.most else 0,
               max(one.size, other.size) if one.size and other.size else 0, one.whole or other.whole,
               tuple(sorted({*one.values, *other.values})) if one.values and other.values else (),
               tuple(sorted({*one.types, *other.types})) if one.types and other.types else ())
