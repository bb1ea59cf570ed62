"""Which formats there are, and one made into another of its family.

Each family has a *hub*: the properties of one format that can say what the others say. A format is read into the hub
and written from it, so that each new one costs two functions:

========  ========================================================================================================
contact   vCard 3.0
calendar  iCalendar 2.0: events and tasks
note      iCalendar 2.0: VJOURNAL
bookmark  vBookmark
mail      READ, FLAGS and the like, and BODY, the message in base64
file      NAME, CREATED, MODIFIED, ATTRIBUTES, CTTYPE, EXT and BODY, the content in base64
========  ========================================================================================================

The modules of formats are loaded when one of theirs is used for the first time: most sessions convert nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Optional, Sequence

from minisyncml.content.form import PLAIN, Form
from minisyncml.content.kind import FAMILIES, bare, is_journal, kind
from minisyncml.content.lines import Property
from minisyncml.errors import ItemError
from minisyncml.status import UNSUPPORTED_TYPE


class Format:
    """One way to write down the items of a family. Make one of your own with :func:`register`.

    :cvar type: media type, lower case
    :cvar version: as in DevInf (VerCT); empty where any will do
    :cvar family: a hub is shared by all formats of a family
    :cvar partial: whether what is not in an item may be unknown to its sender, rather than deleted
    """

    type = ""
    version = ""
    family = ""
    partial = False

    def completed(self, body: bytes, earlier: bytes) -> bytes:
        """An item with what its sender has no word for. Asked of :attr:`partial` formats only.

        :param body: an item in this format
        :param earlier: what the sender was given before, in this format
        :returns: the item, and from the earlier one what is not even empty in it
        :raises ItemError: when it is none
        """
        return body

    def read(self, body: bytes, form: Form) -> "list[Property]":
        """The hub's properties of an item.

        :param body: an item in this format
        :param form: how its sender writes items
        :returns: properties as the hub has them, frame (BEGIN, VERSION, END) included where the hub has one
        :raises ItemError: when it is none
        """
        raise NotImplementedError

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        """An item in this format.

        :param found: properties as the hub has them
        :param form: how its receiver wants items
        :returns: the item; what the format cannot say is kept aside in it where the format has room for that
        :raises ItemError: when it cannot be said at all
        """
        raise NotImplementedError


FOLDER = "X-minisyncml-folder"      #: EXT with this NAME says in which folder a file is; only programs of our kind do

#: where the formats of each family are, and those that have a module of their own
_FAMILIES = {"contact": "cards", "calendar": "icalendar", "note": "notes", "bookmark": "bookmarks", "mail": "mail",
             "file": "omafiles"}
_MODULES = {"text/x-s4j-sifc": "sifc", "text/x-vcalendar": "vcalendar", "text/x-s4j-sife": "sifcalendar",
            "text/x-s4j-sift": "sifcalendar"}
_FORMATS: "list[Format]" = []
_loaded: "set[str]" = set()


def register(format: Format) -> None:
    """Use a format of your own, before any that is there.

    :param format: an instance
    """
    _FORMATS.insert(0, format)
    find.cache_clear()


@lru_cache(maxsize=100)
def find(media_type: str, version: str = "", family: str = "") -> Optional[Format]:
    """The format of a media type.

    :param media_type: with or without parameters
    :param version: of the type; empty: the first that is there
    :param family: where it matters: text/calendar says notes too; empty: not those
    :returns: None for a type that is kept as opaque bytes
    """
    name = bare(media_type)
    module = _MODULES.get(name) or _FAMILIES.get(family if family == "note" else FAMILIES.get(name, ""))
    if module is not None and module not in _loaded:
        from importlib import import_module
        _FORMATS.extend(import_module(f"minisyncml.content.{module}").FORMATS)
        _loaded.add(module)
    known = [format for format in _FORMATS if format.type == name and (
        format.family == family if family else format.family != "note" or name != "text/calendar")]
    return next((format for format in known if format.version in (version, "")),
                known[0] if known and not version else None)


def format_of(body: bytes, media_type: str = "") -> Optional[Format]:
    """The format of an item by its first lines.

    :param body: the item
    :param media_type: what it is called
    :returns: None for opaque bytes
    """
    name = kind(body, media_type)
    return find(name, family="note" if name == "text/calendar" and is_journal(body) else "")


def hub(body: bytes, media_type: str, form: Form = PLAIN) -> "tuple[str, list[Property]]":
    """An item in the form of its family's hub.

    :param body: the item
    :param media_type: what it is called; its first lines decide
    :param form: how its sender writes items
    :returns: the family, and the properties
    :raises ItemError: when it is of no known format (415), or broken
    """
    format = format_of(body, media_type)
    if format is None:
        raise ItemError(f"{media_type or 'it'} is no format that can be converted", UNSUPPORTED_TYPE)
    return format.family, format.read(body, form)


def convert(body: bytes, media_type: str, to: Form, source: Form = PLAIN) -> bytes:
    """Make an item into another format of its family.

    :param body: the item
    :param media_type: what it is called; its first lines decide
    :param to: what is wanted
    :param source: how its sender writes items
    :returns: the item in the other format
    :raises ItemError: when it is broken, or of another family (415), or cannot be said in that format
    """
    family, found = hub(body, media_type, source)
    format = find(to.type, to.version, family)
    if format is None:
        raise ItemError(f"{kind(body, media_type)} cannot be made into {to.type} {to.version}".rstrip(),
                        UNSUPPORTED_TYPE)
    return format.write(found, to)
