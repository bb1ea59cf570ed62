"""Which datastore of a peer is meant by one of ours: judged by names, by what its device information (DevInf) says, and
by what was bound before. Nothing is asked or kept here.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from minisyncml.content.kind import bare, fits
from minisyncml.errors import UsageError
from minisyncml.gateway.names import KINDS, resolve
from minisyncml.message.devinf import DataStore, DevInf, ct_caps
from minisyncml.profile import DEFAULT, Profile
from minisyncml.sync.uris import plain_uri

Types = Tuple[Tuple[str, str], ...]

# how sure each sign is
GIVEN, KEPT, ALIKE, TITLED, STALE, NAMED, KNOWN, TOLD, LEFT, GUESSED = 100, 90, 80, 75, 65, 60, 50, 40, 20, 1
#: what is in a calendar, where its CTCap tells
PARTS = {"calendar": "VEVENT", "tasks": "VTODO"}


class Candidate(NamedTuple):
    """A database of the peer that one of ours could be synced with. A `score` of 0: it cannot."""

    uri: str
    score: int
    why: str


class Binding(NamedTuple):
    """What one of ours is synced with, and what else was there."""

    name: str
    uri: str
    score: int
    why: str
    others: Tuple[Candidate, ...] = ()


def bind(devinf: Optional[DevInf], ours: "Mapping[str, Types]", given: Mapping[str, str],
         profile: Profile = DEFAULT, before: "Optional[Mapping[str, str]]" = None) -> "Dict[str, str]":
    """The peer's URI for each of our datastores, without the reasons, see :func:`explain`.

    :param devinf: of the peer, None when not known
    :param ours: our datastores: (media type, version) pairs by name
    :param given: what is settled, our name to the URI
    :param profile: what the peer is like
    :param before: what was bound in an earlier session
    :returns: a URI for each, our name of it when nothing fits
    :raises UsageError: when our name is what another one is to be synced with
    """
    return {one.name: one.uri for one in explain(devinf, ours, given, profile, before)}


def explain(devinf: Optional[DevInf], ours: "Mapping[str, Types]", given: Mapping[str, str],
            profile: Profile = DEFAULT, before: "Optional[Mapping[str, str]]" = None) -> "List[Binding]":
    """What each of our datastores is synced with and why, no URI for two of them unless that was said.

    The surest come first: what the user said, what was bound before, those called alike, those whose name says the
    kind, those whose kind the profile knows, those whose content is told, those that are left by types.

    :param devinf: of the peer, None when not known
    :param ours: our datastores: (media type, version) pairs by name
    :param given: what is settled, our name to the URI
    :param profile: what the peer is like: what its databases hold, and their names while its DevInf is not known
    :param before: what was bound in an earlier session, our name to the URI
    :returns: one for each of ours, in their order
    :raises UsageError: when our name is what another one is to be synced with
    """
    table = {name: list(_candidates(devinf, name, ours, profile, (before or {}).get(name, ""))) for name in ours}
    found = {name: Candidate(uri, GIVEN, "you said so (--remote)") for name, uri in given.items()
             if uri and name in ours}
    ranked = sorted(((one, name) for name in ours for one in table[name] if one.score),
                    key=lambda pair: -pair[0].score)
    for one, name in ranked:
        if name not in found and _user(one.uri, found) is None:
            found[name] = one
    for name in ours:
        if name not in found:
            other = _user(name, found)
            if other is not None:
                raise UsageError(f"{other} and {name} cannot both be synced with {name!r} there; "
                                 f"say --remote {name}=URI")
    guess = "nothing there fits; our own name is tried" if devinf is not None else \
        "it did not say what it has; our own name is tried"
    for name in ours:
        found.setdefault(name, Candidate(name, GUESSED, guess))
    return [Binding(name, *found[name], tuple(_lost(one, name, found) for one in table[name]
                                              if plain_uri(one.uri) != plain_uri(found[name].uri)))
            for name in ours]


def lines(found: "List[Binding]") -> "Iterator[str]":
    """Bindings for people.

    :param found: from :func:`explain`
    :returns: a line for each of ours, and below it one for each candidate that lost
    """
    for one in found:
        yield f"{one.name} -> {one.uri}  ({one.score}: {one.why})"
        yield from (f"    not {other.uri}  ({other.score}: {other.why})" for other in one.others)


def named_by(devinf: Optional[DevInf], uri: str, ours: "Mapping[str, Types]", profile: Profile,
             before: "Mapping[str, str]") -> Optional[str]:
    """Which of our datastores a peer means by a name that says nothing to us, as phones have them in the language of
    their menus.

    :param devinf: of the peer, None when not known
    :param uri: its name of a database
    :param ours: our datastores: (media type, version) pairs by name
    :param profile: what the peer is like
    :param before: what was bound in an earlier session, our name to the URI
    :returns: one of ours, None when that cannot be told
    """
    if not plain_uri(uri):
        return None
    try:
        found = explain(devinf, ours, {}, profile, before)
    except UsageError:
        return None
    return next((one.name for one in found if one.score > GUESSED and plain_uri(one.uri) == plain_uri(uri)), None)


def _user(uri: str, found: "Mapping[str, Candidate]") -> Optional[str]:
    """Which of ours has a URI already."""
    return next((name for name, other in found.items() if plain_uri(other.uri) == plain_uri(uri)), None)


def _lost(one: Candidate, name: str, found: "Mapping[str, Candidate]") -> Candidate:
    """The same with the reason why it is not taken."""
    user = _user(one.uri, found)
    return one._replace(why=f"{one.why}, but it is for {user}") if one.score and user not in (None, name) else one


def _candidates(devinf: Optional[DevInf], name: str, ours: "Mapping[str, Types]", profile: Profile,
                before: str) -> "Iterator[Candidate]":
    kind = KINDS.get(name.lower(), name)
    if devinf is None:
        if before:
            yield Candidate(before, KEPT, "as in earlier sessions")
        elif profile.store(kind).name:
            yield Candidate(profile.store(kind).name, KNOWN, f"so it is called by {profile.title}")
        return
    stores = [store for store in devinf.datastores if store.source_ref]     # one without a name cannot be meant
    takes = {store.source_ref for store in stores if _takes(store, ours[name])}
    unnamed = [uri for uri in takes if resolve(uri, KINDS) is None]
    alone = unnamed[0] if len(unnamed) == 1 else ""
    for store in stores:
        if store.source_ref not in takes:
            yield Candidate(store.source_ref, 0, f"it takes {_offered(store)}")
        elif before and plain_uri(store.source_ref) == plain_uri(before):
            yield Candidate(before, KEPT, "as in earlier sessions")
        else:
            named = _judged(name, kind, store, profile)
            yield Candidate(store.source_ref, *(named or _left(devinf, kind, store, alone, len(takes))))
    if before and plain_uri(before) not in (plain_uri(store.source_ref) for store in stores):
        yield Candidate(before, STALE, "as in earlier sessions, though it does not name it")


def _judged(name: str, kind: str, store: DataStore, profile: Profile) -> "Optional[Tuple[int, str]]":
    """How sure one database is by what it is called."""
    uri, title = store.source_ref, store.display_name or ""
    if plain_uri(name) == plain_uri(uri):
        return ALIKE + (uri == name), "it is called so"
    if plain_uri(name) == plain_uri(title):
        return TITLED, f"its title is {title!r}"
    for text, score in ((uri, NAMED + 2), (title, NAMED)):
        if text and resolve(text, [name]) is not None:
            return score, f"{text!r} is another word for {kind}"
    return (KNOWN, f"{profile.title} keeps {kind} there") if profile.kind_of(uri) == kind else None


def _left(devinf: DevInf, kind: str, store: DataStore, alone: str, count: int) -> "Tuple[int, str]":
    """How sure one database is by what it takes, where its name says nothing.

    :param alone: the only one that takes our items and has no name that says something
    :param count: how many take our items
    """
    uri, parts, wanted = store.source_ref, _parts(devinf, store), PARTS.get(kind, "")
    says = next((KINDS[word] for word in (plain_uri(uri), plain_uri(store.display_name)) if word in KINDS), "")
    if wanted and parts and wanted not in parts:
        return 0, f"it keeps no {wanted}"
    if parts == (wanted,) and not says:
        return TOLD, f"it keeps nothing but {wanted}"
    less = kind == "tasks"      # events are what a calendar without more words is for
    if alone == uri:
        return LEFT - less, "it takes our items, and its name says nothing else"
    if count == 1:
        return LEFT - 5 - less, "nothing else there takes our items"
    return 0, f"its name says {says}" if says else "others there take our items as well; --remote says which"


def _parts(devinf: DevInf, store: DataStore) -> "Tuple[str, ...]":
    """What a calendar keeps, by its CTCap; empty where it does not tell."""
    return tuple(sorted({value for cap in ct_caps(devinf, store) for one in cap.properties
                         if one.name.upper() == "BEGIN" for value in map(str.upper, one.values)
                         if value in PARTS.values()}))


def _offered(store: DataStore) -> str:
    kinds = dict.fromkeys(bare(kind.type) for kind in (store.rx_pref, *store.rx) if kind is not None)
    return "only " + ", ".join(kinds)


def _takes(store: DataStore, types: Types) -> bool:
    offered = [kind for kind in (store.rx_pref, *store.rx) if kind is not None]
    return not offered or any(fits(bare(kind.type), types) for kind in offered)
