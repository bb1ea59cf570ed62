"""Device information (DevInf 1.0, 1.1, 1.2): what a device is, which datastores and content types it has.

Typed values, and how they are read from and written to any of the forms on the wire: the flat CTCap list of 1.0 and
1.1, the structured one of 1.2, WBXML, XML, and the four ways to put a DevInf into an Item. What the values mean for a
session is decided elsewhere.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from binascii import a2b_base64
from typing import Any, NamedTuple, Optional, Union

from minisyncml import codec
from minisyncml.codec.node import Node
from minisyncml.errors import MessageError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.commands import Item, Meta
from minisyncml.message.fields import FLAG, NEEDED, NUMBER, TEXT, Kind, Reading, Row, Schema, Writing

MEDIA_TYPE = "application/vnd.syncml-devinf"    #: Meta/Type of Put, Get and Results, with `+wbxml` or `+xml` behind it


class ContentType(NamedTuple):
    """A content type (CTType) and its version (VerCT), as in Rx-Pref, Rx, Tx-Pref, Tx and Filter-Rx."""

    type: str
    version: str = ""


class Param(NamedTuple):
    """A parameter of a property. `size` exists in 1.0 and 1.1 only."""

    name: str
    values: tuple[str, ...] = ()
    data_type: Optional[str] = None
    size: Optional[int] = None
    display_name: Optional[str] = None


class Property(NamedTuple):
    """A property of a content type. `size` is bytes in 1.0 and 1.1, characters in 1.2 (MaxSize)."""

    name: str
    values: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    data_type: Optional[str] = None
    size: Optional[int] = None
    display_name: Optional[str] = None
    max_occur: Optional[int] = None
    no_truncate: bool = False


class CTCap(NamedTuple):
    """What of one content type a device keeps."""

    type: str
    version: str = ""
    properties: tuple[Property, ...] = ()
    field_level: bool = False


class FilterCap(NamedTuple):
    """What may stand in a filter of one grammar (1.2): keywords, and property names."""

    type: str
    version: str = ""
    keywords: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class DSMem(NamedTuple):
    """Memory of a datastore: bytes, number of items, and whether other datastores share it."""

    max_mem: Optional[int] = None
    max_id: Optional[int] = None
    shared: bool = False


class Ext(NamedTuple):
    """A vendor extension."""

    name: str
    values: tuple[str, ...] = ()


class DataStore(NamedTuple):
    """A datastore. `sync_types` are numbers 1 to 7, others are kept; `ct_caps` stand here in 1.2."""

    source_ref: str
    display_name: Optional[str] = None
    max_guid_size: Optional[int] = None
    rx_pref: Optional[ContentType] = None
    rx: tuple[ContentType, ...] = ()
    tx_pref: Optional[ContentType] = None
    tx: tuple[ContentType, ...] = ()
    sync_types: tuple[int, ...] = ()
    ct_caps: tuple[CTCap, ...] = ()
    memory: Optional[DSMem] = None
    hierarchical: bool = False
    filter_rx: tuple[ContentType, ...] = ()
    filter_caps: tuple[FilterCap, ...] = ()


class DevInf(NamedTuple):
    """A device. `version` is VerDTD; `ct_caps` stand here in 1.0 and 1.1, :func:`ct_caps` finds them either way."""

    version: str
    dev_id: str = ""
    dev_type: str = ""
    man: Optional[str] = None
    mod: Optional[str] = None
    oem: Optional[str] = None
    fwv: Optional[str] = None
    swv: Optional[str] = None
    hwv: Optional[str] = None
    utc: bool = False
    large_objects: bool = False
    number_of_changes: bool = False
    datastores: tuple[DataStore, ...] = ()
    ct_caps: tuple[CTCap, ...] = ()
    exts: tuple[Ext, ...] = ()


_TYPE = (Row("CTType", "type", NEEDED), Row("VerCT", "version", NEEDED))
_CONTENT_TYPE = Schema(ContentType, _TYPE).kind()
_VALUES = Row("ValEnum", "values", TEXT, many=True)
_DATA_TYPE = Row("DataType", "data_type", TEXT)
_DISPLAY_NAME = Row("DisplayName", "display_name", TEXT)

_PARAM = Schema(Param, (
    Row("ParamName", "name", NEEDED),
    _DATA_TYPE,
    _VALUES,
    Row("Size", "size", NUMBER, until=""),
    Row("MaxSize", "size", NUMBER, until=""),
    _DISPLAY_NAME,
))
_PROPERTY = Schema(Property, (
    Row("PropName", "name", NEEDED),
    _DATA_TYPE,
    Row("MaxOccur", "max_occur", NUMBER),
    Row("MaxSize", "size", NUMBER),
    Row("Size", "size", NUMBER, until=""),
    Row("NoTruncate", "no_truncate", FLAG),
    _VALUES,
    _DISPLAY_NAME,
    Row("PropParam", "params", _PARAM.kind(), many=True),
))
_CAP = Schema(CTCap, (
    *_TYPE,
    Row("FieldLevel", "field_level", FLAG),
    Row("Property", "properties", _PROPERTY.kind(), many=True),
))


def _read_caps(node: Node, reading: Reading) -> "tuple[CTCap, ...]":
    """The types of one CTCap element, flat or structured, one or many (spec: DevInf 1.0 and 1.2, CTCap).

    A flat list is a stream: CTType begins a type, PropName a property of it, ParamName a parameter of that, and what
    else comes belongs to the latest of these.
    """
    caps: "list[Node]" = []
    part = Node("")
    for child in node.elements():
        reading.take()
        if child.tag == "CTType" and (not caps or caps[-1].find("CTType") is not None) or not caps:
            caps.append(Node("CTCap"))
            part = Node("")
        if child.tag == "PropName":
            part = Node("Property", [child])
            caps[-1].children.append(part)
        elif child.tag == "ParamName" and part.tag:
            while part.tag == "PropParam":
                part = next(p for p in reversed(caps[-1].children) if isinstance(p, Node))
            param = Node("PropParam", [child])
            part.children.append(param)
            part = param
        elif child.tag in _OF_PARTS:
            part.children.append(child)
        else:
            caps[-1].children.append(child)
    return tuple(_CAP.read(cap, reading) for cap in caps if cap.find("CTType") is not None)


_OF_PARTS = frozenset(("ValEnum", "DataType", "Size", "MaxSize", "DisplayName", "MaxOccur", "NoTruncate"))
_CAPS = Kind(_read_caps, lambda cap, writing: _CAP.write(cap, writing))

_DATASTORE = Schema(DataStore, (
    Row("SourceRef", "source_ref", NEEDED),
    _DISPLAY_NAME,
    Row("MaxGUIDSize", "max_guid_size", NUMBER),
    Row("Rx-Pref", "rx_pref", _CONTENT_TYPE),
    Row("Rx", "rx", _CONTENT_TYPE, many=True),
    Row("Tx-Pref", "tx_pref", _CONTENT_TYPE),
    Row("Tx", "tx", _CONTENT_TYPE, many=True),
    Row("CTCap", "ct_caps", _CAPS, "1.2", many=True),
    Row("DSMem", "memory", Schema(DSMem, (
        Row("SharedMem", "shared", FLAG),
        Row("MaxMem", "max_mem", NUMBER),
        Row("MaxID", "max_id", NUMBER),
    )).kind()),
    Row("SupportHierarchicalSync", "hierarchical", FLAG, "1.2"),
    Row("SyncCap/SyncType", "sync_types", NUMBER, many=True),
    Row("Filter-Rx", "filter_rx", _CONTENT_TYPE, "1.2", many=True),
    Row("FilterCap", "filter_caps", Schema(FilterCap, (
        *_TYPE,
        Row("FilterKeyword", "keywords", TEXT, many=True),
        Row("PropName", "names", TEXT, many=True),
    )).kind(), "1.2", many=True),
))
_DEVINF = Schema(DevInf, (
    Row("VerDTD", "version", NEEDED),
    Row("Man", "man", TEXT),
    Row("Mod", "mod", TEXT),
    Row("OEM", "oem", TEXT),
    Row("FwV", "fwv", TEXT),
    Row("SwV", "swv", TEXT),
    Row("HwV", "hwv", TEXT),
    Row("DevID", "dev_id", NEEDED),
    Row("DevId", "dev_id", NEEDED, until=""),
    Row("DevTyp", "dev_type", NEEDED),
    Row("UTC", "utc", FLAG, "1.1"),
    Row("SupportLargeObjs", "large_objects", FLAG, "1.1"),
    Row("SupportLargeObjects", "large_objects", FLAG, until=""),
    Row("SupportNumberOfChanges", "number_of_changes", FLAG, "1.1"),
    Row("DataStore", "datastores", _DATASTORE.kind(), many=True),
    Row("CTCap", "ct_caps", Kind(_read_caps, lambda cap, _: _flat(cap)), until="1.1", many=True),
    Row("Ext", "exts", Schema(Ext, (
        Row("XNam", "name", NEEDED),
        Row("Xnam", "name", NEEDED, until=""),
        Row("XVal", "values", TEXT, many=True),
    )).kind(), many=True),
))


def _flat(cap: CTCap) -> "list[Union[Node, str, bytes]]":
    out: "list[Union[Node, str, bytes]]" = [_leaf("CTType", cap.type)]
    for prop in cap.properties:
        out.append(_leaf("PropName", prop.name))
        out.extend(_flat_details(prop))
        for param in prop.params:
            out.append(_leaf("ParamName", param.name))
            out.extend(_flat_details(param))
    return out


def _flat_details(part: Union[Property, Param]) -> "list[Node]":
    """ValEnum+, or DataType with Size, then DisplayName: the two exclude each other in the flat form."""
    out = [_leaf("ValEnum", value) for value in part.values]
    if not out and part.data_type is not None:
        out.append(_leaf("DataType", part.data_type))
        if part.size is not None:
            out.append(_leaf("Size", str(part.size)))
    if part.display_name is not None:
        out.append(_leaf("DisplayName", part.display_name))
    return out


def _leaf(tag: str, text: str) -> Node:
    return Node(tag, [text] if text else [])


def ct_caps(devinf: DevInf, store: DataStore) -> "tuple[CTCap, ...]":
    """What a datastore keeps of its content types, whichever version the document has.

    :param devinf: the document
    :param store: one of its datastores
    :returns: its own CTCaps; failing these those of the document for a type that the datastore sends or receives
    """
    if store.ct_caps:
        return store.ct_caps
    types = {t.type.lower() for t in (store.rx_pref, store.tx_pref, *store.rx, *store.tx) if t is not None}
    return tuple(cap for cap in devinf.ct_caps if cap.type.lower() in types)


def devinf_node(devinf: DevInf, version: str, caps: bool = True, xml: bool = False) -> Node:
    """The DevInf element in the form of a version; what the version does not have is left out.

    :param devinf: the values
    :param version: "1.0", "1.1" or "1.2"
    :param caps: whether to write CTCap, the bulk of the document
    :param xml: whether it is for XML
    :returns: a new node
    """
    if not caps:
        devinf = devinf._replace(ct_caps=(), datastores=tuple(s._replace(ct_caps=()) for s in devinf.datastores))
    elif version >= "1.2":
        devinf = devinf._replace(datastores=tuple(s._replace(ct_caps=ct_caps(devinf, s)) for s in devinf.datastores))
    else:
        found = {cap.type: cap for store in devinf.datastores for cap in store.ct_caps}
        found.update((cap.type, cap) for cap in devinf.ct_caps)
        devinf = devinf._replace(ct_caps=tuple(found.values()))
    # DevID in every version: the DTD of 1.0 spells DevId, but its clients send DevID, and libsynthesis takes no other
    return Node("DevInf", _DEVINF.write(devinf._replace(version=version), Writing(version, xml)))


def devinf_bytes(devinf: DevInf, encoding: str, version: str, caps: bool = True) -> bytes:
    """A DevInf document.

    :param devinf: the values
    :param encoding: "wbxml" or "xml"
    :param version: "1.0", "1.1" or "1.2"
    :param caps: whether to write CTCap
    :returns: a complete document of its own
    """
    return codec.encode(devinf_node(devinf, version, caps, encoding == "xml"), encoding, version, "devinf")


def devinf_data(devinf: DevInf, encoding: str, version: str, caps: bool = True) -> Union[bytes, Node]:
    """A DevInf as `Item.data` of a Put or Results: a document inside WBXML, markup inside XML.

    :param devinf: the values
    :param encoding: of the message, "wbxml" or "xml"
    :param version: "1.0", "1.1" or "1.2"
    :param caps: whether to write CTCap
    :returns: bytes or a Data node
    """
    if encoding == "xml":
        return Node("Data", [devinf_node(devinf, version, caps, xml=True)])
    return devinf_bytes(devinf, encoding, version, caps)


def without_sizes(devinf: DevInf) -> DevInf:
    """A DevInf that says neither how long properties may be nor of which data type they are.

    :param devinf: the values
    :returns: the others of them
    """
    def small(cap: CTCap) -> CTCap:
        return cap._replace(properties=tuple(
            prop._replace(size=None, data_type=None,
                          params=tuple(param._replace(size=None, data_type=None) for param in prop.params))
            for prop in cap.properties))

    stores = tuple(store._replace(ct_caps=tuple(small(cap) for cap in store.ct_caps)) for store in devinf.datastores)
    return devinf._replace(ct_caps=tuple(small(cap) for cap in devinf.ct_caps), datastores=stores)


def read_devinf(item: Item, meta: Optional[Meta] = None, limits: Limits = DEFAULT) -> DevInf:
    """The DevInf in an item of a Put or Results, however it was put there.

    :param item: the item
    :param meta: Meta of the command
    :param limits: bounds
    :returns: the values
    :raises RemoteProtocolError: no DevInf, or one that cannot be read
    """
    data = item.data
    if isinstance(data, Node):
        root = data.find("DevInf")
    elif not data:
        root = None
    else:
        formats = [m.format for m in (item.meta, meta) if m is not None and m.format is not None]
        root = codec.decode(_plain(data) if formats[:1] == ["b64"] else data.lstrip(), MEDIA_TYPE, limits).root
    if root is None or root.tag != "DevInf":
        raise MessageError("no DevInf where one was expected")
    return devinf_of(root, limits)


def devinf_of(root: Node, limits: Limits = DEFAULT) -> DevInf:
    """The values of a DevInf element of any version.

    :param root: the element
    :param limits: bounds
    :returns: the values; what is missing is "" or None
    :raises LimitError: too many parts
    """
    devinf: DevInf = _DEVINF.read(root, Reading(limits))
    return devinf


def _plain(data: bytes) -> bytes:
    try:
        return a2b_base64(data)
    except ValueError:
        raise MessageError("a DevInf in base64 that is none") from None


_PARTS: "dict[str, Any]" = {
    "datastores": DataStore, "ct_caps": CTCap, "properties": Property, "params": Param, "exts": Ext, "memory": DSMem,
    "rx_pref": ContentType, "rx": ContentType, "tx_pref": ContentType, "tx": ContentType, "filter_rx": ContentType,
    "filter_caps": FilterCap,
}


def to_dict(value: Any) -> "dict[str, Any]":
    """A DevInf (or a part of it) as plain values that JSON can hold; what has its default is left out.

    :param value: the DevInf
    :returns: a dictionary of str, int, bool, lists and dictionaries
    """
    none = value._field_defaults
    return {name: _plain_value(part) for name, part in zip(value._fields, value)
            if name not in none or part != none[name]}


def _plain_value(part: Any) -> Any:
    if hasattr(part, "_fields"):
        return to_dict(part)
    return [_plain_value(p) for p in part] if isinstance(part, tuple) else part


def from_dict(values: "dict[str, Any]", make: Any = DevInf) -> Any:
    """What :func:`to_dict` made a dictionary of; keys that this version does not know are left out.

    :param values: the dictionary
    :param make: class of the value
    :returns: the DevInf
    :raises TypeError: a dictionary that to_dict did not make
    """
    return make(**{name: _part(name, part) for name, part in values.items() if name in make._fields})


def _part(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_part(name, part) for part in value)
    return from_dict(value, _PARTS[name]) if isinstance(value, dict) else value
