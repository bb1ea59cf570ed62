"""Where the values of a profile come from: files in profiles/ and of the user, one on top of the other. Reads TOML, and
says file and key of what is wrong with it.

A file of the user's::

    title = "my phone"              # how it is called in messages
    parent = "nokia-s60"            # what lies below; without it what fits the phone
    [values]                        # the switches of minisyncml.profile.Profile
    max_msg = 5000
    server_id = { value = "PC Suite", proof = "device", why = "seen in its menu" }
    [stores.contacts]               # a database, by what is in it
    name = "Kontakte"
    aliases = ["Contacts"]
    types = ["text/x-vcard 2.1"]
    [field_limits.NOTE]
    length = 80

A file of the package has a [match] as well: patterns for the parts of :class:`~minisyncml.profile.match.Identity`; and
any number of [[firmware]], each with a `match` and `values` of its own, that hold for some models or firmware only.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Mapping, NamedTuple, Optional, Tuple

from minisyncml.errors import UsageError
from minisyncml.profile.checks import PROOFS, SWITCHES, checked, texts
from minisyncml.profile.match import UNKNOWN, Identity, candidates
from minisyncml.profile.patterns import score
from minisyncml.profile.values import DEFAULT, FieldLimit, Profile, StoreValue

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "profiles")
MAX_FILE = 256 * 1024
DEEPEST = 8         #: parents of a profile


class Value(NamedTuple):
    """One value with its proof, one of :data:`~minisyncml.profile.checks.PROOFS`, and where it is from."""

    value: object
    proof: str
    why: str = ""


class Layer(NamedTuple):
    """Values from one place: `kind` is default, maker, model, firmware, user or learnt."""

    kind: str
    name: str
    values: "Mapping[str, Value]"


class File(NamedTuple):
    """One profile file. `rules` are the patterns of its [match]; `firmware` layers hold for some firmware only."""

    name: str
    title: str
    parent: str
    rules: "Mapping[str, Tuple[str, ...]]"
    values: "Mapping[str, Value]"
    firmware: "Tuple[File, ...]" = ()


class Row(NamedTuple):
    """One switch as `phone info` shows it; `why` is empty for a default."""

    switch: str
    value: str
    proof: str
    layer: str
    why: str


_files: "dict[str, File]" = {}      # those of the package, read once


def names() -> "list[str]":
    """The profiles that come with the package.

    :returns: their names, sorted
    """
    return sorted(name[:-5] for name in os.listdir(FOLDER) if name.endswith(".toml"))


def find(identity: Identity = UNKNOWN, user: str = "", learnt: "Optional[Mapping[str, object]]" = None) -> Profile:
    """The profile of a peer.

    :param identity: what it says of itself
    :param user: a profile's name, used whatever the peer says; or a TOML file, laid on top of what fits or of the
        `parent` it names
    :param learnt: values that were found out with this very peer; what is none (any more) is left out
    :returns: the profile, :data:`~minisyncml.profile.values.DEFAULT` when nothing is known
    :raises UsageError: when there is no profile of that name, or the file is wrong
    """
    own = read(user) if user.endswith(".toml") or os.sep in user else None
    named = own.parent if own is not None else user
    chain = _chain(named) if named else _best_chain(identity)
    layers = [Layer("model" if file.parent else "maker", file.name, file.values) for file in chain]
    layers += [Layer("firmware", part.name, part.values) for file in chain for part in file.firmware
               if score(part.rules, identity)]
    if own is not None:
        layers.append(Layer("user", own.name, own.values))
        chain = [*chain, own]
    known = _learnt(learnt or {})
    if known:
        layers.append(Layer("learnt", "learnt", known))
    return _profile(chain, layers)


def explain(profile: Profile) -> "list[Row]":
    """Where each value of a profile comes from.

    :param profile: from :func:`find`
    :returns: a row for each switch, store and field limit, in the order of the profile
    """
    rows, found = [], _together(profile.layers)
    for name in SWITCHES:
        kind, value = found.pop(name, ("default", Value(getattr(DEFAULT, name), "default")))
        rows.append(Row(name, _text(value.value), value.proof, kind, value.why))
    rows += [Row(name, _text(value.value), value.proof, kind, value.why) for name, (kind, value) in found.items()]
    return rows


def read(path: str, name: str = "") -> File:
    """A profile file.

    :param path: of the file
    :param name: of the profile; by default the path
    :returns: what it says
    :raises UsageError: when it cannot be read or is wrong; the words name file and key
    """
    return _file(_toml(path), name or path, path)


# -- finding

def _packaged(name: str) -> File:
    if name not in _files:
        if name not in names():
            raise UsageError(f"there is no profile {name!r}; known are {', '.join(names())}")
        _files[name] = read(os.path.join(FOLDER, name + ".toml"), name)
    return _files[name]


def _chain(name: str) -> "list[File]":
    chain = [_packaged(name)]
    while chain[0].parent and len(chain) < DEEPEST:
        chain.insert(0, _packaged(chain[0].parent))
    return chain


def _best_chain(identity: Identity) -> "list[File]":
    """The deepest profile that fits, of those the one with the longest patterns."""
    best: "list[File]" = []
    most = (0, 0)
    for name in candidates(identity):
        value = score(_packaged(name).rules, identity)
        chain = _chain(name) if value else []
        if (len(chain), value) > most:
            best, most = chain, (len(chain), value)
    return best


def _profile(chain: "list[File]", layers: "list[Layer]") -> Profile:
    if not layers:
        return DEFAULT
    found = {key: value.value for key, (_, value) in _together(layers).items()}
    plain: "dict[str, Any]" = {key: value for key, value in found.items() if key in SWITCHES}
    stores = tuple(value for value in found.values()
                   if isinstance(value, StoreValue) and value.name)     # a child takes one away with an empty name
    limits = tuple(value for value in found.values() if isinstance(value, FieldLimit))
    last = chain[-1] if chain else None
    return DEFAULT._replace(name=last.name if last else DEFAULT.name, title=last.title if last else DEFAULT.title,
                            stores=stores, field_limits=limits, layers=tuple(layers), **plain)


def _together(layers: "Any") -> "dict[str, Tuple[str, Value]]":
    found: "dict[str, Tuple[str, Value]]" = {}
    for layer in layers:
        found.update((key, (f"{layer.kind} {layer.name}" if layer.kind != layer.name else layer.kind, value))
                     for key, value in layer.values.items())
    return found


def _learnt(values: "Mapping[str, object]") -> "dict[str, Value]":
    """What is kept of a peer may be of another version of this program: what does not fit is forgotten."""
    found = {}
    for key, value in values.items():
        try:
            found[key] = Value(checked(key, value, "learnt"), "device", "found out with this device")
        except UsageError:
            continue
    return found


def _text(value: object) -> str:
    if isinstance(value, StoreValue):
        kinds = f" with {', '.join(value.combined)}" if value.combined else ""
        return value.name + kinds
    if isinstance(value, FieldLimit):
        parts = (f"{value.most} of them" if value.most else "", f"{value.length} characters" if value.length else "")
        return ", ".join(part for part in parts if part)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)


# -- reading

def _toml(path: str) -> "dict[str, Any]":
    if sys.version_info >= (3, 11):
        import tomllib as toml
    else:
        import tomli as toml
    try:
        with open(path, "rb") as file:
            body = file.read(MAX_FILE + 1)
        if len(body) > MAX_FILE:
            raise UsageError(f"{path}: too large for a profile")
        return dict(toml.loads(body.decode("utf-8")))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None
    except (toml.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from None


def _file(tables: "dict[str, Any]", name: str, where: str) -> File:
    for key in tables:
        if key not in ("title", "parent", "match", "values", "stores", "field_limits", "firmware"):
            raise UsageError(f"{where}: a profile has no {key!r}")
    values = {key: _value(key, value, where) for key, value in _table(tables, "values", where).items()}
    for kind, table in _table(tables, "stores", where).items():
        values[f"stores.{kind}"] = _store(kind, table, f"{where}: stores.{kind}")
    for field, table in _table(tables, "field_limits", where).items():
        values[f"field_limits.{field}"] = _limit(field, table, f"{where}: field_limits.{field}")
    parts = tables.get("firmware", [])
    if not isinstance(parts, list):
        raise UsageError(f"{where}: firmware must be a list of tables")
    return File(name, _word(tables, "title", where) or name, _word(tables, "parent", where),
                _rules(_table(tables, "match", where), where), values,
                tuple(_file(_is_table(part, where, "firmware"), name, where) for part in parts))


def _value(key: str, value: object, where: str) -> Value:
    if isinstance(value, dict):
        _only(value, ("value", "proof", "why"), f"{where}: {key}")
        return Value(checked(key, value.get("value"), where), *_proof(value, f"{where}: {key}"))
    return Value(checked(key, value, where), "device")


def _store(kind: str, table: object, where: str) -> Value:
    table = _is_table(table, where, "a store")
    _only(table, ("name", "aliases", "combined", "types", "proof", "why"), where)
    types = texts(table.get("types", []), where, "types")
    store = StoreValue(kind, _word(table, "name", where), texts(table.get("aliases", []), where, "aliases"),
                       texts(table.get("combined", []), where, "combined"),
                       tuple((pair.partition(" ")[0], pair.partition(" ")[2]) for pair in types))
    return Value(store, *_proof(table, where))


def _limit(name: str, table: object, where: str) -> Value:
    table = _is_table(table, where, "a field limit")
    _only(table, ("count", "length", "proof", "why"), where)
    for key in ("count", "length"):
        if not isinstance(table.get(key, 0), int) or isinstance(table.get(key), bool) or table.get(key, 0) < 0:
            raise UsageError(f"{where}: {key} must be a number, not {table[key]!r}")
    return Value(FieldLimit(name.upper(), table.get("count", 0), table.get("length", 0)), *_proof(table, where))


def _rules(table: "dict[str, Any]", where: str) -> "dict[str, Tuple[str, ...]]":
    _only(table, Identity._fields, f"{where}: match")
    return {key: tuple(text.lower() for text in texts(value, where, f"match.{key}")) for key, value in table.items()}


def _proof(table: "dict[str, Any]", where: str) -> "Tuple[str, str]":
    proof = table.get("proof", "device")
    if proof not in PROOFS:
        raise UsageError(f"{where}: proof must be one of {', '.join(PROOFS)}, not {proof!r}")
    return str(proof), _word(table, "why", where)


def _word(table: "dict[str, Any]", key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise UsageError(f"{where}: {key} must be text, not {value!r}")
    return value


def _table(tables: "dict[str, Any]", key: str, where: str) -> "dict[str, Any]":
    return _is_table(tables.get(key, {}), where, key)


def _is_table(value: object, where: str, key: str) -> "dict[str, Any]":
    if not isinstance(value, dict):
        raise UsageError(f"{where}: {key} must be a table")
    return value


def _only(table: "dict[str, Any]", keys: "Tuple[str, ...]", where: str) -> None:
    for key in table:
        if key not in keys:
            raise UsageError(f"{where} has no {key!r}; there are {', '.join(keys)}")
