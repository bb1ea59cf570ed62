"""The one schema of SyncML: which element holds which field, for the header, every command and its parts.

Tables only, and the few functions that look a command up in them; reading and writing by table is in `fields`. It
serves WBXML and XML alike, since both codecs speak in trees. Content models: Representation 1.0 to 1.2.2 and Meta
Information 1.2.2; a row with `since` is left out of messages of older versions (spec: version differences).

What reading makes of faulty messages:

- a CmdID, MsgRef, CmdRef, Cmd or map address that is missing becomes "";
- a Status without Data, or whose Data is no number, has code 500; an Alert of that sort has code None;
- a size or count that is no number becomes None;
- an element that no table knows is stepped over, unless it has a CmdID: then it is an Unknown command.
"""

from __future__ import annotations

from typing import Any, Optional

from minisyncml.codec.node import Node
from minisyncml.errors import LocalProtocolError
from minisyncml.message import commands as c
from minisyncml.message.fields import (
    DATA,
    FLAG,
    NEEDED,
    NEEDED_URI,
    NODE,
    NUMBER,
    SECRET,
    TEXT,
    URI,
    WRITING,
    Kind,
    Reading,
    Row,
    Schema,
    Writing,
    number,
)

#: Status code of a Status that gives none that can be read
NO_CODE = 500


def _read_code(node: Node, reading: Reading) -> int:
    code = number(node.text())
    return NO_CODE if code is None else code


def _read_command(node: Node, reading: Reading) -> Optional[c.Command]:
    return read_command(node, reading)


CODE = Kind(_read_code, NUMBER.write, NO_CODE)
COMMAND = Kind(_read_command, lambda value, writing: [write_command(value, writing)])

MEM = Schema(c.Mem, (
    Row("SharedMem", "shared", FLAG),
    Row("FreeMem", "free", NUMBER),
    Row("FreeID", "ids", NUMBER),
))
META = Schema(c.Meta, (
    Row("FieldLevel", "field_level", FLAG, "1.2"),
    Row("Format", "format", TEXT),
    Row("Type", "type", TEXT),
    Row("Mark", "mark", TEXT),
    Row("Size", "size", NUMBER),
    Row("Anchor/Last", "last", TEXT),
    Row("Anchor/Next", "next", TEXT),
    Row("Version", "version", TEXT),
    Row("NextNonce", "next_nonce", TEXT),
    Row("MaxMsgSize", "max_msg_size", NUMBER),
    Row("MaxObjSize", "max_obj_size", NUMBER, "1.1"),
    Row("EMI", "emi", TEXT, "1.1", many=True),
    Row("Mem", "mem", MEM.kind(), "1.1"),
), transparent="MetInf")
_META = META.kind(keep_empty=False)
CRED = Schema(c.Cred, (
    Row("Meta/Format", "format", TEXT),
    Row("Meta/Type", "type", TEXT),
    Row("Data", "data", SECRET),
))
FILTER = Schema(c.Filter, (
    Row("Meta/Type", "type", TEXT),
    Row("Field/Item", "field", NODE),
    Row("Record/Item", "record", NODE),
    Row("FilterType", "filter_type", TEXT),
))
ITEM = Schema(c.Item, (
    Row("Target/LocURI", "target", URI),
    Row("Target/LocName", "target_name", TEXT),
    Row("Target/Filter", "filter", FILTER.kind(), "1.2"),
    Row("Source/LocURI", "source", URI),
    Row("Source/LocName", "source_name", TEXT),
    Row("SourceParent/LocURI", "source_parent", URI, "1.2"),
    Row("TargetParent/LocURI", "target_parent", URI, "1.2"),
    Row("Meta", "meta", _META),
    Row("Data", "data", DATA),
    Row("MoreData", "more", FLAG, "1.1"),
))
HEADER = Schema(c.Header, (
    Row("VerDTD", "version", NEEDED),
    Row("VerProto", "protocol", NEEDED),
    Row("SessionID", "session_id", NEEDED),
    Row("MsgID", "msg_id", NEEDED),
    Row("Target/LocURI", "target", NEEDED_URI),
    Row("Target/LocName", "target_name", TEXT),
    Row("Source/LocURI", "source", NEEDED_URI),
    Row("Source/LocName", "source_name", TEXT),
    Row("RespURI", "resp_uri", URI),
    Row("NoResp", "no_resp", FLAG),
    Row("Cred", "cred", CRED.kind()),
    Row("Meta", "meta", _META),
))
MAP_ITEM = Schema(c.MapItem, (
    Row("Target/LocURI", "target", NEEDED_URI),
    Row("Source/LocURI", "source", NEEDED_URI),
))

_ID = Row("CmdID", "cmd_id", NEEDED)
_NO_RESP = Row("NoResp", "no_resp", FLAG)
_LANG = Row("Lang", "lang", TEXT)
_CRED = Row("Cred", "cred", CRED.kind())
_META_ROW = Row("Meta", "meta", _META)
_ITEMS = Row("Item", "items", ITEM.kind(), many=True)
_TARGET = Row("Target/LocURI", "target", URI)
_SOURCE = Row("Source/LocURI", "source", URI)
_PLAIN = (_ID, _NO_RESP, _CRED, _META_ROW, _ITEMS)
_EXCHANGE = (_ID, _NO_RESP, _LANG, _CRED, _META_ROW, _ITEMS)
_REST = ("commands", COMMAND)

COMMANDS: "dict[str, Schema]" = {
    "Add": Schema(c.Add, _PLAIN),
    "Replace": Schema(c.Replace, _PLAIN),
    "Copy": Schema(c.Copy, _PLAIN),
    "Move": Schema(c.Move, _PLAIN),
    "Delete": Schema(c.Delete, (_ID, _NO_RESP, Row("Archive", "archive", FLAG), Row("SftDel", "soft", FLAG),
                                _CRED, _META_ROW, _ITEMS)),
    "Status": Schema(c.Status, (
        _ID,
        Row("MsgRef", "msg_ref", NEEDED),
        Row("CmdRef", "cmd_ref", NEEDED),
        Row("Cmd", "cmd", NEEDED),
        Row("TargetRef", "target_refs", URI, many=True),
        Row("SourceRef", "source_refs", URI, many=True),
        _CRED,
        Row("Chal/Meta", "chal", _META),
        Row("Data", "code", CODE),
        _ITEMS,
    )),
    "Alert": Schema(c.Alert, (_ID, _NO_RESP, _CRED, Row("Data", "code", NUMBER),
                              Row("Correlator", "correlator", TEXT, "1.2"), _ITEMS)),
    "Sync": Schema(c.Sync, (_ID, _NO_RESP, _CRED, _TARGET, _SOURCE, _META_ROW,
                            Row("NumberOfChanges", "number_of_changes", NUMBER, "1.1")), _REST),
    "Atomic": Schema(c.Atomic, (_ID, _NO_RESP, _META_ROW), _REST),
    "Sequence": Schema(c.Sequence, (_ID, _NO_RESP, _META_ROW), _REST),
    "Map": Schema(c.Map, (_ID, _TARGET, _SOURCE, _CRED, _META_ROW,
                          Row("MapItem", "items", MAP_ITEM.kind(), many=True))),
    "Put": Schema(c.Put, _EXCHANGE),
    "Get": Schema(c.Get, _EXCHANGE),
    "Results": Schema(c.Results, (
        _ID,
        Row("MsgRef", "msg_ref", TEXT),
        Row("CmdRef", "cmd_ref", TEXT),
        _META_ROW,
        Row("TargetRef", "target_ref", URI),
        Row("SourceRef", "source_ref", URI),
        _ITEMS,
    )),
}
_UNMODELLED = ("Exec", "Search")


def read_command(node: Node, reading: Optional[Reading] = None) -> Optional[c.Command]:
    """The command that an element is.

    :param node: a child of SyncBody, Sync, Atomic or Sequence
    :param reading: what may still be used up
    :returns: the command; None for an element that is no command
    :raises LimitError: too many items, or an address too long
    """
    schema = COMMANDS.get(node.tag)
    if schema is not None:
        command: c.Command = schema.read(node, reading or Reading())
        return command
    cmd_id = node.find("CmdID")
    if cmd_id is None and node.tag not in _UNMODELLED:
        return None
    return c.Unknown(cmd_id.text() if cmd_id is not None else "", node.tag, node, node.find("NoResp") is not None)


def write_command(command: c.Command, writing: Writing = WRITING) -> Node:
    """The element of a command.

    :param command: any command
    :param writing: version and target
    :returns: a new node (for an Unknown its own)
    :raises ItemError: data that XML cannot hold
    :raises LocalProtocolError: a command that the version does not have
    """
    if isinstance(command, c.Unknown):
        return command.node
    name = c.name_of(command)
    if name == "Move" and writing.version < "1.2":
        raise LocalProtocolError(f"no Move in SyncML {writing.version}")
    return Node(name, COMMANDS[name].write(command, writing))


def read_header(node: Node, reading: Optional[Reading] = None) -> c.Header:
    """The header of a message.

    :param node: SyncHdr
    :param reading: what may still be used up
    :returns: the header; what is missing is ""
    :raises LimitError: an address too long
    """
    header: c.Header = HEADER.read(node, reading or Reading())
    return header


def write_header(header: c.Header, writing: Writing = WRITING) -> Node:
    """The SyncHdr element.

    :param header: the header
    :param writing: version and target
    :returns: a new node
    """
    return Node("SyncHdr", HEADER.write(header, writing))


def write_part(schema: Schema, tag: str, value: Any, writing: Writing = WRITING) -> Node:
    """An element of a value that is no command, such as Meta.

    :param schema: one of this module
    :param tag: element name
    :param value: the value
    :param writing: version and target
    :returns: a new node
    """
    return Node(tag, schema.write(value, writing))
