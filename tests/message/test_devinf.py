"""DevInf: flat and structured, every version and embedding, dictionaries for the cache."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message.values import ENCODINGS, NUMBERS, TEXTS, VERSIONS, WORDS, build, maybe, several

from minisyncml import codec
from minisyncml.codec.node import Node
from minisyncml.errors import LimitError, RemoteProtocolError
from minisyncml.limits import DEFAULT
from minisyncml.message.commands import Header, Item, Meta, Put, Results
from minisyncml.message.devinf import (
    ContentType,
    CTCap,
    DataStore,
    DevInf,
    DSMem,
    Ext,
    FilterCap,
    Param,
    Property,
    ct_caps,
    devinf_bytes,
    devinf_data,
    devinf_node,
    from_dict,
    read_devinf,
    to_dict,
)
from minisyncml.message.document import parse
from minisyncml.message.writer import Writer

FLAT = """<DevInf xmlns='syncml:devinf'><VerDTD>1.0</VerDTD><Man>Maker</Man><DevTyp>phone</DevTyp>
<DevId>IMEI:7</DevId>
<DataStore><SyncCap><SyncType>1</SyncType><SyncType>x</SyncType><SyncType>2</SyncType></SyncCap>
 <Rx-Pref><CTType>text/x-vcard</CTType><VerCT>2.1</VerCT></Rx-Pref><SourceRef>./card</SourceRef><DSMem/>
 <Tx-Pref><VerCT>2.1</VerCT><CTType>text/x-vcard</CTType></Tx-Pref></DataStore>
<CTCap><CTType>text/x-vcard</CTType><PropName>VERSION</PropName><ValEnum>2.1</ValEnum><PropName>TEL</PropName>
 <DataType>chr</DataType><Size>40</Size><DisplayName>Phone</DisplayName><ParamName>HOME</ParamName>
 <ParamName>TYPE</ParamName><ValEnum>CELL</ValEnum><ValEnum>FAX</ValEnum><PropName>N</PropName>
 <CTType>text/x-vcalendar</CTType><PropName>DTSTART</PropName></CTCap>
<Unheard>of</Unheard><Ext><XNam>X-A</XNam><XVal>1</XVal><XVal>..</XVal><XVal>9</XVal></Ext></DevInf>"""
VCARD21 = ContentType("text/x-vcard", "2.1")
VCARD_CAP = CTCap("text/x-vcard", "", (
    Property("VERSION", ("2.1",)),
    Property("TEL", (), (Param("HOME"), Param("TYPE", ("CELL", "FAX"))), "chr", 40, "Phone"),
    Property("N")))
FLAT_VALUES = DevInf(
    "1.0", "IMEI:7", "phone", "Maker",
    datastores=(DataStore("./card", rx_pref=VCARD21, tx_pref=VCARD21, sync_types=(1, 2), memory=DSMem()),),
    ct_caps=(VCARD_CAP, CTCap("text/x-vcalendar", "", (Property("DTSTART"),))),
    exts=(Ext("X-A", ("1", "..", "9")),))

STRUCTURED = """<DevInf><VerDTD>1.2</VerDTD><DevID>d</DevID><DevTyp>server</DevTyp><UTC/>
<DataStore><SourceRef>card</SourceRef>
<CTCap><Property><NoTruncate/><MaxSize>9</MaxSize><PropName>TEL</PropName><MaxOccur>3</MaxOccur><PropParam>
<ValEnum>HOME</ValEnum><ParamName>TYPE</ParamName></PropParam></Property><FieldLevel/><VerCT>3.0</VerCT>
<CTType>text/vcard</CTType></CTCap><FilterCap><CTType>f</CTType><FilterKeyword>SINCE</FilterKeyword><PropName>N</PropName>
</FilterCap><SupportHierarchicalSync/></DataStore></DevInf>"""
STRUCTURED_VALUES = DevInf("1.2", "d", "server", utc=True, datastores=(DataStore("card", ct_caps=(CTCap(
    "text/vcard", "3.0", (Property("TEL", params=(Param("TYPE", ("HOME",)),), size=9, max_occur=3, no_truncate=True),),
    True),), hierarchical=True, filter_caps=(FilterCap("f", "", ("SINCE",), ("N",)),)),))


@pytest.mark.parametrize("text, values", [(FLAT, FLAT_VALUES), (STRUCTURED, STRUCTURED_VALUES)])
def test_read_any_order(text: str, values: DevInf) -> None:
    assert read_devinf(Item(data=text.encode())) == values


def embeddings() -> "list[tuple[str, Item, Meta | None]]":
    """The ways to put the flat document into an item, as the reader of the message sees them."""
    markup = codec.decode(f"<Data>\n {FLAT}\n</Data>".encode()).root
    opaque = devinf_bytes(FLAT_VALUES, "wbxml", "1.0")
    return [
        ("WBXML in OPAQUE", Item(data=opaque), Meta("application/vnd.syncml-devinf+wbxml")),
        ("markup", Item(data=markup), Meta("application/vnd.syncml-devinf+xml")),
        ("escaped XML", Item(data=FLAT.encode()), None),
        ("escaped XML with declaration", Item(data=b'\n <?xml version="1.0"?>' + FLAT.encode()), None),
        ("escaped XML with a mark", Item(data=b"\xef\xbb\xbf" + FLAT.encode()), None),
        ("WBXML in base64", Item(data=base64.b64encode(opaque), meta=Meta(format="b64")), None),
        ("base64 said by the command", Item(data=base64.b64encode(opaque)), Meta(format="b64")),
        ("the wrong type", Item(data=opaque), Meta("application/vnd.syncml-devinf+xml")),
    ]


@pytest.mark.parametrize("item, meta", [pytest.param(i, m, id=name) for name, i, m in embeddings()])
def test_every_embedding(item: Item, meta: "Meta | None") -> None:
    assert read_devinf(item, meta) == FLAT_VALUES


@pytest.mark.parametrize("data", [
    None, b"", b"nothing", b"<DevInf>", b"<SyncML/>", Node("Data", [Node("Anchor")]), b"\x02\xa4\x03\x6a\x00\x4a",
    b"\x02\x9f\x53\x6a\x00\x6d\x01", b"\x02", b"<!DOCTYPE a [<!ENTITY b 'c'>]><DevInf><Man>&b;</Man></DevInf>",
])
def test_no_devinf(data: Any) -> None:
    with pytest.raises(RemoteProtocolError):
        read_devinf(Item(data=data))
    if isinstance(data, bytes):
        with pytest.raises(RemoteProtocolError):
            read_devinf(Item(data=data), Meta(format="b64"))


def test_empty_devinf() -> None:
    assert read_devinf(Item(data=b"<DevInf/>")) == DevInf("")


def test_too_many_parts() -> None:
    text = f"<DevInf><CTCap><CTType>a</CTType>{'<PropName>b</PropName>' * 50}</CTCap></DevInf>"
    assert len(read_devinf(Item(data=text.encode())).ct_caps[0].properties) == 50
    with pytest.raises(LimitError):
        read_devinf(Item(data=text.encode()), None, DEFAULT._replace(max_commands=40))


def test_elements_of_versions() -> None:
    full = STRUCTURED_VALUES._replace(large_objects=True, number_of_changes=True)
    for xml in (True, False):
        assert devinf_node(full, "1.0", xml=xml).find("DevID") is not None
    for name in ("UTC", "SupportLargeObjs", "SupportNumberOfChanges"):
        assert [devinf_node(full, version).find(name) is not None for version in VERSIONS] == [False, True, True]
    assert [[n.tag for n in devinf_node(full, version).elements()][-2:] for version in VERSIONS] == [
        ["DataStore", "CTCap"], ["DataStore", "CTCap"], ["SupportNumberOfChanges", "DataStore"]]
    for version in VERSIONS:
        assert b"TEL" in devinf_bytes(full, "wbxml", version)
        assert b"TEL" not in devinf_bytes(full, "wbxml", version, caps=False)


def test_caps_move_between_document_and_datastore() -> None:
    """CTCap moved from DevInf into DataStore with 1.2."""
    new = read_devinf(Item(data=devinf_bytes(FLAT_VALUES, "wbxml", "1.2")))
    assert (new.ct_caps, new.datastores[0].ct_caps) == ((), (VCARD_CAP,))
    assert ct_caps(FLAT_VALUES, FLAT_VALUES.datastores[0]) == ct_caps(new, new.datastores[0])
    old = read_devinf(Item(data=devinf_bytes(new, "wbxml", "1.1")))
    assert (old.ct_caps, old.datastores[0].ct_caps) == ((VCARD_CAP,), ())


TYPES = build(ContentType, WORDS, TEXTS)


def properties(structured: bool) -> "st.SearchStrategy[Any]":
    """What the form can hold: in the flat one values exclude DataType and Size."""
    if structured:
        params = build(Param, WORDS, several(TEXTS), maybe(TEXTS), st.none(), maybe(TEXTS))
        return build(Property, WORDS, several(TEXTS), several(params), maybe(TEXTS), maybe(NUMBERS), maybe(TEXTS),
                     maybe(NUMBERS), st.booleans())
    detail = st.one_of(st.tuples(several(TEXTS), st.none(), st.none()),
                       st.tuples(st.just(()), TEXTS, maybe(NUMBERS)))
    params = build(lambda name, d, shown: Param(name, *d, shown), WORDS, detail, maybe(TEXTS))
    return build(lambda name, d, shown, inner: Property(name, d[0], inner, d[1], d[2], shown), WORDS, detail,
                 maybe(TEXTS), several(params))


def documents(version: str) -> "st.SearchStrategy[Any]":
    new, late = version == "1.2", version >= "1.1"
    caps = several(build(CTCap, WORDS, TEXTS if new else st.just(""), several(properties(new)),
                         st.booleans() if new else st.just(False)))
    caps = caps.filter(lambda found: len({cap.type for cap in found}) == len(found))
    none, flag = st.just(()), st.booleans() if late else st.just(False)
    store = build(DataStore, WORDS, maybe(TEXTS), maybe(NUMBERS), maybe(TYPES), several(TYPES), maybe(TYPES),
                  several(TYPES), several(st.integers(1, 7)), caps if new else none,
                  maybe(build(DSMem, maybe(NUMBERS), maybe(NUMBERS), st.booleans())),
                  st.booleans() if new else st.just(False), several(TYPES) if new else none,
                  several(build(FilterCap, WORDS, TEXTS, several(TEXTS), several(TEXTS))) if new else none)
    return build(DevInf, st.just(version), WORDS, TEXTS, *[maybe(TEXTS)] * 6, flag, flag, flag, several(store),
                 none if new else caps, several(build(Ext, WORDS, several(TEXTS))))


DOCUMENTS = {version: documents(version) for version in VERSIONS}


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_round_trip(encoding: str, data: Any) -> None:
    version = data.draw(st.sampled_from(VERSIONS))
    values = data.draw(DOCUMENTS[version])
    assert read_devinf(Item(data=devinf_bytes(values, encoding, version))) == values
    header = Header(version, f"SyncML/{version}", "1", "1", "t", "s")
    writer = Writer(header, encoding, None, version)
    item = Item("./devinf12", data=devinf_data(values, encoding, version))
    meta = Meta(f"application/vnd.syncml-devinf+{encoding}")
    assert writer.add(Put("1", (item,), meta)) and writer.add(Results("2", "1", "2", (item,), meta))
    for command in parse(writer.finish()).message.commands:
        assert isinstance(command, (Put, Results))
        assert read_devinf(command.items[0], command.meta) == values
    assert from_dict(json.loads(json.dumps(to_dict(values)))) == values


def test_dictionary_of_a_newer_version() -> None:
    kept = to_dict(FLAT_VALUES)
    kept["datastores"][0]["colour"] = "red"
    assert from_dict({**kept, "shape": ["round"]}) == FLAT_VALUES
