"""Messages byte by byte: the worked examples of the WBXML notes, both ways."""

from __future__ import annotations

import pytest

from minisyncml.message.commands import Add, Alert, Header, Item, Mem, Message, Meta, Put, Status, Sync
from minisyncml.message.devinf import ContentType, DataStore, DevInf, devinf_bytes, devinf_data, read_devinf
from minisyncml.message.document import parse, parse_tree
from minisyncml.message.writer import Writer

HEADER = Header("1.2", "SyncML/1.2", "1", "1", "http://h/s", "IMEI:1")

# a minimal SyncML 1.2 message
MINIMAL = bytes.fromhex(
    "02a4016a006d6c7103312e320001720353796e634d4c2f312e32000165033100015b033100016e5703687474703a2f2f682f7300010167570349"
    "4d45493a310001015a00014c0331303030300001010100006b464b033100014f033230300001546e5703636172640001016757032e2f630001"
    "015a0001454a033100014f03320001010101010000120101")
MINIMAL_MESSAGE = Message(
    HEADER._replace(meta=Meta(max_msg_size=10_000)),
    (Alert("1", 200, (Item(source="./c", target="card", meta=Meta(last="1", next="2")),)),), True)

# the same with the public identifier in the string table, without NUL, as reference-toolkit senders write it
FPI = b"\x02\0\0\x6a\x1d-//SYNCML//DTD SyncML 1.2//EN" + MINIMAL[5:]

# a Put of a DevInf 1.2: a document in the document
INNER = bytes.fromhex(
    "02a4036a004a6503312e3200014903494d45493a3100014b0370686f6e650001282a475d032e2f6300015a4603746578742f782d766361726400"
    "016403322e31000101624603746578742f782d766361726400016403322e310001015f60033100016003320001010101")
PUT = (MINIMAL[:0x42] + b"\x01\x6b\x5f\x4b\x032\0\x01"
       b"\x5a\0\x01\x53\x03application/vnd.syncml-devinf+wbxml\0\x01\x01\0\0"
       b"\x54\x67\x57\x03./devinf12\0\x01\x01\x4f\xc3\x6a" + INNER + b"\x01\x01\x01\x12\x01\x01")
VCARD21 = ContentType("text/x-vcard", "2.1")
DEVINF = DevInf("1.2", "IMEI:1", "phone", utc=True, large_objects=True, datastores=(
    DataStore("./c", rx_pref=VCARD21, tx_pref=VCARD21, sync_types=(1, 2)),))
PUT_MESSAGE = Message(HEADER, (Put("2", (Item("./devinf12", data=INNER),),
                                   Meta("application/vnd.syncml-devinf+wbxml")),), True)


@pytest.mark.parametrize("body, message", [(MINIMAL, MINIMAL_MESSAGE), (FPI, MINIMAL_MESSAGE), (PUT, PUT_MESSAGE)])
def test_read(body: bytes, message: Message) -> None:
    for parsed in (parse(body), parse_tree(body)):
        assert parsed.message == message
        assert (parsed.encoding, parsed.version) == ("wbxml", "1.2")


@pytest.mark.parametrize("body, message", [(MINIMAL, MINIMAL_MESSAGE), (PUT, PUT_MESSAGE)])
def test_write(body: bytes, message: Message) -> None:
    writer = Writer(message.header, "wbxml", len(body), "1.2")
    assert all(writer.add(command) for command in message.commands)
    assert writer.finish(message.final) == body
    assert writer.room() == 0


def test_devinf_both_ways() -> None:
    assert len(INNER) == 106
    put = parse(PUT).commands[0]
    assert isinstance(put, Put)
    assert read_devinf(put.items[0], put.meta) == DEVINF
    assert devinf_bytes(DEVINF, "wbxml", "1.2") == devinf_data(DEVINF, "wbxml", "1.2") == INNER


XML = b"""<?xml version="1.0"?>
<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.1//EN" "http://www.syncml.org/docs/syncml_represent_v11_20020213.dtd">
<SyncML>
  <SyncHdr>
    <VerDTD> 1.1 </VerDTD><VerProto>SyncML/1.1</VerProto><SessionID>4</SessionID><MsgID>2</MsgID>
    <Target><LocURI>IMEI:1</LocURI></Target>
    <Source><LocURI>http://h/s</LocURI><LocName>user</LocName></Source>
  </SyncHdr>
  <SyncBody>
    <Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>
      <TargetRef>http://h/s</TargetRef><SourceRef>IMEI:1</SourceRef>
      <Chal><Meta><Type xmlns="syncml:metinf">syncml:auth-md5</Type><Format xmlns="syncml:metinf">b64</Format>
        <NextNonce xmlns="syncml:metinf">Tm9uY2U=</NextNonce></Meta></Chal>
      <Data>401</Data></Status>
    <Sync><CmdID>2</CmdID><Target><LocURI>./c</LocURI></Target><Source><LocURI>card</LocURI></Source>
      <Meta><Mem xmlns="syncml:metinf"><FreeMem>81000</FreeMem><FreeID>5</FreeID></Mem></Meta>
      <Add><CmdID>3</CmdID><Meta><MetInf><Type>text/x-vcard</Type></MetInf></Meta>
        <Item><Source><LocURI>g1</LocURI></Source><Data><![CDATA[BEGIN:VCARD
N:A&B
END:VCARD
]]></Data></Item></Add>
    </Sync>
  </SyncBody>
</SyncML>"""


def test_xml_as_people_write_it() -> None:
    parsed = parse(XML, "application/vnd.syncml+xml; charset=utf-8")
    assert (parsed.encoding, parsed.version) == ("xml", "1.1")
    assert parsed.message == Message(
        Header("1.1", "SyncML/1.1", "4", "2", "IMEI:1", "http://h/s", source_name="user"),
        (Status("1", "1", "0", "SyncHdr", 401, ("http://h/s",), ("IMEI:1",),
                Meta("syncml:auth-md5", "b64", next_nonce="Tm9uY2U=")),
         Sync("2", "./c", "card", (Add("3", (Item("g1", data=b"BEGIN:VCARD\nN:A&B\nEND:VCARD\n"),),
                                       Meta("text/x-vcard")),), Meta(mem=Mem(81_000, 5)))))
