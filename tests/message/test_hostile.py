"""Faulty messages: what is read of them, or which error they are. Each as XML and as WBXML, by both ways of reading."""

from __future__ import annotations

from typing import Any

import pytest

from minisyncml import codec
from minisyncml.errors import DecodeError, LimitError, MessageError, RemoteProtocolError
from minisyncml.limits import DEFAULT
from minisyncml.message.commands import (
    Add,
    Alert,
    Atomic,
    Cred,
    Delete,
    Item,
    Map,
    MapItem,
    Mem,
    Meta,
    Replace,
    Results,
    Status,
    Sync,
    Unknown,
)
from minisyncml.message.document import parse, parse_tree

HEAD = ("<VerDTD>1.2</VerDTD><VerProto>SyncML/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>"
        "<Target><LocURI>t</LocURI></Target><Source><LocURI>s</LocURI></Source>")


def both(xml: str) -> "list[bytes]":
    """The document as XML, and as WBXML."""
    return [xml.encode(), codec.encode(codec.decode(xml.encode()).root, "wbxml", "1.2")]


def message(body: str, head: str = HEAD) -> str:
    return f"<SyncML><SyncHdr>{head}</SyncHdr><SyncBody>{body}</SyncBody></SyncML>"


@pytest.mark.parametrize("body, command", [
    # elements missing
    ("<Add/>", Add("")),
    ("<Add><Item/></Add>", Add("", (Item(),))),
    ("<Add><CmdID/><Item><Source/><Target/><Meta/><Data/></Item></Add>", Add("", (Item(meta=Meta(), data=b""),))),
    ("<Status/>", Status("", "", "", "", 500)),
    ("<Status><CmdID>1</CmdID><Data>fine</Data></Status>", Status("1", "", "", "", 500)),
    ("<Status><Data/></Status>", Status("", "", "", "", 500)),
    ("<Status><Data>-200</Data></Status>", Status("", "", "", "", 500)),
    ("<Status><Data> 200 </Data></Status>", Status("", "", "", "", 200)),
    ("<Status><Data>2" + "0" * 5000 + "</Data></Status>", Status("", "", "", "", 500)),
    ("<Status><Chal/><Data>401</Data></Status>", Status("", "", "", "", 401)),
    ("<Alert><CmdID>1</CmdID></Alert>", Alert("1", None)),
    ("<Alert><CmdID>1</CmdID><Data>0x200</Data></Alert>", Alert("1", None)),
    ("<Sync/>", Sync("")),
    ("<Map><MapItem/><MapItem><Source><LocURI>l</LocURI></Source></MapItem></Map>",
     Map("", None, None, (MapItem("", ""), MapItem("", "l")))),
    ("<Results><CmdID>1</CmdID></Results>", Results("1")),
    # wrong types
    ("<Sync><NumberOfChanges>many</NumberOfChanges></Sync>", Sync("")),
    ("<Add><Meta><Size>1.5</Size><MaxObjSize>\u0665</MaxObjSize><Mem><FreeMem/></Mem></Meta></Add>",
     Add("", (), Meta(mem=Mem()))),
    ("<Add><Cred/></Add>", Add("", cred=Cred(b""))),
    # twice, and in any order: the first one counts
    ("<Add><CmdID>1</CmdID><CmdID>2</CmdID></Add>", Add("1")),
    ("<Add><Item><Data>a</Data><Data>b</Data><Source><LocURI>u</LocURI><LocURI>v</LocURI></Source></Item><CmdID>1</CmdID>"
     "</Add>", Add("1", (Item("u", data=b"a"),))),
    ("<Delete><Item><Target><LocURI>x</LocURI></Target></Item><SftDel/><Archive/><NoResp/></Delete>",
     Delete("", (Item(target="x"),), no_resp=True, archive=True, soft=True)),
    ("<Sync><Add><CmdID>2</CmdID></Add><Source><LocURI>s</LocURI></Source><CmdID>1</CmdID><NoResp/></Sync>",
     Sync("1", None, "s", (Add("2"),), no_resp=True)),
    # wrappers and strangers
    ("<Add><Meta><MetInf><MetInf><Type>t</Type></MetInf></MetInf></Meta></Add>", Add("", (), Meta("t"))),
    ("<Replace><Correlator>c</Correlator><CmdID> 1\n</CmdID>text</Replace>", Replace("1")),
    ("<Sync><Final/><CmdID>1</CmdID></Sync>", Sync("1")),
    ("<Sync><Status><Data>200</Data></Status><Map/><Alert/></Sync>",
     Sync("", commands=(Status("", "", "", "", 200), Map(""), Alert("", None)))),
    ("<Atomic><Atomic><Sync><Atomic/></Sync></Atomic></Atomic>",
     Atomic("", (Atomic("", (Sync("", commands=(Atomic(""),)),)),))),
])
def test_read_all_the_same(body: str, command: Any) -> None:
    for document in both(message(body)):
        for read in (parse, parse_tree):
            found = read(document).message
            assert found.commands == (command,)
            assert not found.final


def test_unknown_commands() -> None:
    body = ("<Exec/><Search><CmdID>4</CmdID><NoResp/></Search><Sync><Exec><CmdID>5</CmdID></Exec></Sync>"
            "<Item/>text<Final/>")
    for document in both(message(body)):
        for read in (parse, parse_tree):
            found = read(document).message
            first, second, sync = found.commands
            assert isinstance(first, Unknown) and first[:2] == ("", "Exec")
            assert isinstance(second, Unknown) and (second[:2], second.no_resp) == (("4", "Search"), True)
            assert isinstance(sync, Sync) and [c.cmd_id for c in sync.commands] == ["5"]
            assert found.final
    found = parse(message("<Frobnicate><CmdID>1</CmdID></Frobnicate><Frobnicate/>").encode()).message
    assert [(c.cmd_id, c.name) for c in found.commands if isinstance(c, Unknown)] == [("1", "Frobnicate")]


@pytest.mark.parametrize("xml, error", [
    ("<SyncHdr/>", MessageError),
    ("<DevInf/>", MessageError),
    ("<SyncML/>", MessageError),
    ("<SyncML><SyncBody/></SyncML>", MessageError),
    (message("", ""), MessageError),
    (message("", HEAD.replace("<MsgID>1</MsgID>", "")), MessageError),
    (message("", HEAD.replace("<SessionID>1</SessionID>", "<SessionID/>")), MessageError),
    (message("", HEAD.replace("<Source><LocURI>s</LocURI></Source>", "<Source/>")), MessageError),
    (message("", HEAD.replace("<LocURI>t<", "<LocURI>" + "t" * 513 + "<")), LimitError),
    (message("<Add><Item><Source><LocURI>" + "s" * 513 + "</LocURI></Source></Item></Add>"), LimitError),
    (message("<Status><TargetRef>" + "s" * 513 + "</TargetRef></Status>"), LimitError),
    (message("<Map><MapItem><Target><LocURI>" + "s" * 513 + "</LocURI></Target></MapItem></Map>"), LimitError),
    (message("<Sync><Source><LocURI>" + "s" * 513 + "</LocURI></Source></Sync>"), LimitError),
    (message("<Atomic>" * 65 + "</Atomic>" * 65), LimitError),
])
def test_refused(xml: str, error: "type[Exception]") -> None:
    deep = DEFAULT._replace(max_depth=200)
    for document in [xml.encode(), codec.encode(codec.decode(xml.encode(), "", deep).root, "wbxml", "1.2")]:
        for read in (parse, parse_tree):
            with pytest.raises(RemoteProtocolError) as caught:
                read(document)
            assert isinstance(caught.value, error)


@pytest.mark.parametrize("body", [
    "<Add><Item/></Add>" * 11, f"<Add>{'<Item/>' * 20}</Add>", f"<Map>{'<MapItem/>' * 20}</Map>",
    f"<Sync>{'<Delete><Item/></Delete>' * 10}</Sync>", f"<Status>{'<SourceRef>a</SourceRef>' * 20}</Status>",
    f"<Alert>{'<Item/>' * 20}</Alert>", "<Status><SourceRef>a</SourceRef></Status>" * 11,
])
def test_too_many(body: str) -> None:
    """Commands, items and references count alike."""
    for document in both(message(body)):
        for read in (parse, parse_tree):
            read(document, "", DEFAULT._replace(max_commands=22))
            with pytest.raises(LimitError):
                read(document, "", DEFAULT._replace(max_commands=20))


@pytest.mark.parametrize("body", [
    b"", b"hello", b"\x02", b"<SyncML>", b"\x02\xa4\x01\x6a\x00\x6d", b"\xff\xfe", b"\x00"])
def test_no_document(body: bytes) -> None:
    for read in (parse, parse_tree):
        with pytest.raises(DecodeError):
            read(body)


def test_too_long() -> None:
    for document in both(message("<Add><Item><Data>" + "x" * 5000 + "</Data></Item></Add>")):
        with pytest.raises(LimitError):
            parse(document, "", DEFAULT._replace(max_message=4000))


@pytest.mark.parametrize("head, version, protocol", [
    ("<VerDTD>1.1</VerDTD>", "1.1", "SyncML/1.1"),
    ("<VerProto>SyncML/1.0</VerProto>", "1.0", "SyncML/1.0"),
    ("", "1.2", "SyncML/1.2"),
    ("<VerDTD>7.3</VerDTD><VerProto>X/7</VerProto>", "7.3", "X/7"),
])
def test_version_from_elsewhere(head: str, version: str, protocol: str) -> None:
    rest = HEAD[HEAD.index("<SessionID>"):]
    for document in both(message("", head + rest).replace("<SyncML>", '<SyncML xmlns="SYNCML:SYNCML1.2">')):
        header = parse(document).header
        assert (header.version, header.protocol) == (version, protocol)


def test_several_pieces_of_text() -> None:
    """Text, opaque data and entities in one element are one value (WBXML: never branch on STR_I or OPAQUE)."""
    document = codec.encode(codec.decode(message("<Add><CmdID>12</CmdID></Add>").encode()).root, "wbxml", "1.2")
    parts = document.replace(b"\x4b\x0312\0\x01", b"\x4b\xc3\x011\x02\x32\x03 \0\x01")
    assert parts != document
    for read in (parse, parse_tree):
        assert read(parts).message.commands == (Add("12"),)
