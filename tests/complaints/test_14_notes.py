"""Complaint 14: notes are unsupported, or make the session hang. Text, vNote and SIF-N go both ways, a database that is
not there is refused by a number and the rest of the session goes on.
"""

from __future__ import annotations

import base64
from typing import List

import pytest
from hub import URL, Handset, Hub, change, items, put
from samples import CARD, NOTES

from minisyncml.content.form import Form
from minisyncml.content.formats import convert, hub
from minisyncml.content.notes import text_of
from minisyncml.message.commands import Status
from minisyncml.profile import find
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.base import Packet

TYPES = (("text/plain", "1.0"), ("text/x-vnote", "1.1"), ("text/x-s4j-sifn", "1.1"), ("text/calendar", "2.0"))
OURS = (*NOTES, "Just a title", "Paths\r\nC:\\new\\table = 3D\r\n", "")


def phone_of(encoding: str, *types: "tuple[str, str]") -> Handset:
    """A phone whose notes have these types."""
    store = MemoryStore(types)
    store.form = types[0]
    return Handset(find(user="nokia-s60")._replace(encoding=encoding), {"Notes": store})


def texts(store: Store) -> "List[str]":
    """What a person reads."""
    return sorted(text_of(hub(item.body, item.type)[1]) for item in items(store))


def edit(store: Store, old: str, new: str) -> None:
    """A person changes one note."""
    [item] = [item for item in items(store) if old in text_of(hub(item.body, item.type)[1])]
    text = convert(item.body, item.type, Form("text/plain")).decode().replace(old, new)
    change(store, item, convert(text.encode(), "text/plain", Form(*store.form)))


@pytest.mark.parametrize("type", TYPES, ids=lambda pair: pair[0])
@pytest.mark.parametrize("encoding", ["xml", "wbxml"])
def test_notes_go_both_ways_in_each_form(type: "tuple[str, str]", encoding: str) -> None:
    there, phone = Hub({"notes": OURS}), phone_of(encoding, type)
    mine, theirs = there.stores["notes"], phone.stores["Notes"]
    put(theirs, convert("Vom Telefon\näöü €".encode(), "text/plain", Form(*type)))
    phone.fine(there)
    assert texts(theirs) == texts(mine) and len(texts(mine)) == len(OURS) + 1
    before = {item.id: item.body for item in items(mine)}
    edit(theirs, "bread", "rye bread")
    phone.fine(there)
    edit(mine, "Just a", "No")
    phone.fine(there)
    edit(theirs, "Telefon", "Handy")
    phone.fine(there)
    assert texts(theirs) == texts(mine) == sorted((
        "Shopping\nrye bread, milk; eggs\n\näöü", "No title", "Paths\nC:\\new\\table = 3D\n", "",
        "Vom Handy\näöü €"))
    assert phone.quiet(there)
    untouched = [item.body for item in items(mine) if before[item.id] == item.body]
    assert [body for body in OURS[2:] if body.encode() not in untouched] == []


@pytest.mark.parametrize("type", TYPES, ids=lambda pair: pair[0])
def test_a_note_that_was_emptied_is_empty(type: "tuple[str, str]") -> None:
    there, phone = Hub({"notes": NOTES}), phone_of("xml", type)
    phone.fine(there)
    [item] = items(phone.stores["Notes"])
    change(phone.stores["Notes"], item, convert(b"", "text/plain", Form(*type)))
    phone.fine(there)
    assert there.bodies("notes") == [b""] and phone.quiet(there)


def message(number: int, body: str) -> Packet:
    """One message of a client that says nothing of itself, as Funambol's did."""
    header = ("<VerDTD>1.1</VerDTD><VerProto>SyncML/1.1</VerProto><SessionID>26429128</SessionID>"
              f"<MsgID>{number}</MsgID><Target><LocURI>{URL}</LocURI></Target>"
              "<Source><LocURI>fwm-0123456789ABC</LocURI></Source><Meta><MaxMsgSize>16384</MaxMsgSize></Meta>")
    xml = f"<SyncML><SyncHdr>{header}</SyncHdr><SyncBody>{body}<Final></Final></SyncBody></SyncML>"
    return Packet("application/vnd.syncml+xml", xml.encode())


def test_sif_in_base64_arrives_as_text() -> None:
    """Funambol's clients code each item by itself."""
    sif = b"<note><SIFVersion>1.1</SIFVersion><Subject>A</Subject><Body>A\r\nb &amp; c</Body></note>"
    places = "<Target><LocURI>notes</LocURI></Target><Source><LocURI>note</LocURI></Source>"
    there = Hub({"notes": ()})
    for packet in (
            message(1, f"<Alert><CmdID>1</CmdID><Data>200</Data><Item>{places}<Meta><Anchor><Last>0</Last>"
                       "<Next>1</Next></Anchor></Meta></Item></Alert>"),
            message(2, "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>"
                       f"<Data>200</Data></Status><Sync><CmdID>2</CmdID>{places}<Add><CmdID>3</CmdID>"
                       "<Meta><Type>text/x-s4j-sifn</Type></Meta><Item><Source><LocURI>bm90ZQ==</LocURI></Source>"
                       f"<Meta><Format>b64</Format></Meta><Data>{base64.b64encode(sif).decode()}</Data></Item></Add>"
                       "</Sync>")):
        assert there.handle(packet, "192.0.2.1") is not None
    assert there.bodies("notes") == [b"A\r\nb & c"]


def test_a_database_that_is_not_there_is_refused_and_the_rest_goes_on() -> None:
    there = Hub({"contacts": (CARD,)})
    phone = Handset(find(user="nokia-s60"))
    put(phone.stores[phone.name("notes")], "milk")
    phone.sync(there)
    codes = [status.code for way, message in there.passed if way == "<-" for status in message.commands
             if isinstance(status, Status) and status.cmd == "Alert"]
    assert 404 in codes and 200 in codes
    assert len(phone.items("contacts")) == 1
    assert texts(phone.stores[phone.name("notes")]) == ["milk"]
