"""How a peer wants its items: what is taken from its DevInf, what from its profile, what from the items it sends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Iterator, Optional

import pytest
from helpers import ROOT

from minisyncml.content.form import ALL, Cap, Form
from minisyncml.gateway.views import form_of, view_of
from minisyncml.message import document
from minisyncml.message.commands import Put, Sync
from minisyncml.message.devinf import ContentType, CTCap, DataStore, DevInf, Ext, Param, Property, read_devinf
from minisyncml.profile import DEFAULT, Identity, Profile, find
from minisyncml.profile.values import FieldLimit, StoreValue
from minisyncml.store.memory import MemoryStore

CARDS = (("text/x-vcard", "2.1"), ("text/vcard", "3.0"))
EVENTS = (("text/x-vcalendar", "1.0"), ("text/calendar", "2.0"))
SESSIONS = Path(os.environ.get("MINISYNCML_SHARED", ROOT.parent / "shared")) / "corpus" / "sessions"
OLD, NEW = ContentType("text/x-vcard", "2.1"), ContentType("text/vcard", "3.0")


def store(types: Any = CARDS, form: "Optional[tuple[str, str]]" = None) -> MemoryStore:
    made = MemoryStore(types=types)
    made.form = types[-1] if form is None else form
    return made


def devinf(*rx: ContentType, caps: "tuple[CTCap, ...]" = (), flat: "tuple[CTCap, ...]" = (), **more: Any) -> DevInf:
    values = {"dev_type": "phone", "datastores": (DataStore("./Contacts", rx_pref=rx[0] if rx else None, rx=rx[1:],
                                                            ct_caps=caps),), **more}
    return DevInf("1.2" if caps else "1.1", "IMEI:1", ct_caps=flat, **values)


def form(profile: Profile = DEFAULT, said: Optional[DevInf] = None, spoken: str = "", uri: str = "Contacts",
         types: Any = CARDS, own: "Optional[tuple[str, str]]" = None) -> Form:
    return form_of(profile, said, uri, store(types, own), "Europe/Berlin", spoken)


def caps(*properties: Property, profile: Profile = DEFAULT, type: ContentType = OLD) -> "Optional[tuple[Cap, ...]]":
    return form(profile, devinf(type, caps=(CTCap(type.type, type.version, properties),))).caps


# -- the type

@pytest.mark.parametrize("said, profile, spoken, wanted", [
    (devinf(OLD, NEW), DEFAULT, "", CARDS[0]),                          # a phone gets what it likes best
    (devinf(NEW, OLD), DEFAULT, "", CARDS[1]),
    (devinf(OLD, NEW, dev_type="server"), DEFAULT, "", CARDS[1]),       # a computer what needs no conversion
    (devinf(OLD), DEFAULT, "text/vcard", CARDS[0]),                     # its word counts more than what it sends
    (devinf(ContentType("text/vcard", "2.1")), DEFAULT, "", CARDS[0]),
    (devinf(ContentType("text/x-vcard", "")), DEFAULT, "", CARDS[0]),
    (devinf(ContentType("text/plain", "1.0")), DEFAULT, "", ("", "")),  # says nothing about cards
    (None, DEFAULT, "text/x-s4j-sifc", ("text/x-s4j-sifc", "")),
    (None, Profile(stores=(StoreValue("contacts", "Contacts", types=(("text/x-vcard", "2.1"),)),)), "", CARDS[0]),
    (None, Profile(stores=(StoreValue("contacts", "Contacts", types=(("text/x-vcard", "2.1"),)),)), "text/x-s4j-sifc",
     ("text/x-s4j-sifc", "")),
    (None, DEFAULT, "", ("", "")),
    (devinf(exts=(Ext("X-minisyncml", ("1",)),)), DEFAULT, "", CARDS[1]),
])
def test_the_type(said: Optional[DevInf], profile: Profile, spoken: str, wanted: "tuple[str, str]") -> None:
    found = form(profile, said, spoken)
    assert (found.type, found.version) == wanted


def test_an_old_calendar_by_the_name_of_the_new() -> None:
    said = devinf(ContentType("text/calendar", "1.0"))
    found = form(said=said, types=EVENTS)
    assert (found.type, found.version) == EVENTS[0]


def test_notes_as_journals() -> None:
    found = form(said=devinf(ContentType("text/calendar", "2.0")), types=(("text/plain", "1.0"),))
    assert (found.type, found.version) == ("text/calendar", "2.0")


def test_the_right_database_of_several() -> None:
    stores = (DataStore("./Calendar", rx_pref=ContentType("text/calendar", "2.0")),
              DataStore("./CONTACTS", rx_pref=OLD))
    assert form(said=DevInf("1.1", dev_type="phone", datastores=stores), uri="./Contacts?x=1").type == OLD.type
    assert form(said=DevInf("1.1", dev_type="phone", datastores=stores), uri="./Else").type == ""


# -- what it keeps

def test_properties_with_their_bounds() -> None:
    found = caps(Property("BEGIN", ("VCARD",)), Property("VERSION", ("2.1",)), Property("N", size=40),
                 Property("tel", (), (Param("TYPE", ("HOME", "WORK,CELL")),), max_occur=5),
                 Property("NOTE", size=80, no_truncate=True), Property("CLASS", ("PUBLIC", "PRIVATE")))
    assert found == (Cap("N", size=40), Cap("TEL", 5, types=("CELL", "HOME", "WORK")), Cap("NOTE", size=80, whole=True),
                     Cap("CLASS", values=("PRIVATE", "PUBLIC")))


def test_types_as_names_of_parameters_and_a_property_that_stands_twice() -> None:
    old = tuple(Param(word) for word in ("HOME", "VOICE", "ENCODING", "CHARSET"))
    found = caps(Property("TEL", (), old, max_occur=1), Property("TEL", (), (Param("CELL"),), max_occur=2))
    assert found == (Cap("TEL", 3, types=("CELL", "HOME", "VOICE")),)


def test_the_caps_of_a_whole_device_count_for_its_types_only() -> None:
    flat = (CTCap("text/x-vcard", "2.1", (Property("N"),)), CTCap("text/x-vcalendar", "1.0", (Property("SUMMARY"),)))
    assert form(said=devinf(OLD, flat=flat)).caps == (Cap("N"),)
    assert form(said=devinf(NEW, flat=flat)).caps is None


@pytest.mark.parametrize("properties", [(), (Property("BEGIN", ("VCARD",)), Property("END"), Property("VERSION"))])
def test_caps_that_say_nothing_are_none(properties: "tuple[Property, ...]") -> None:
    assert caps(*properties) is None


def test_a_computer_that_says_nothing_keeps_everything() -> None:
    said = devinf(OLD, dev_type="server")
    assert form(said=said).caps == ALL and form(said=devinf(OLD)).caps is None and form().caps is None
    view = view_of(DEFAULT, said, "Contacts", store(), "")
    assert view is not None
    card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;b\r\nFN:b a\r\nBDAY:2000-01-01\r\nX-OWN:1\r\nEND:VCARD\r\n"
    type, body = view.sent("text/vcard", card)
    assert b"BDAY" in body and b"X-OWN" in body
    gone = view.updated("text/vcard", card, b"", type, body.replace(b"BDAY:20000101\r\n", b""))
    assert gone == card.replace(b"BDAY:2000-01-01\r\n", b"")


def test_sizes_that_are_not_to_be_trusted() -> None:
    said = (Property("PHOTO", size=256), Property("NOTE", size=80))
    assert caps(*said) == (Cap("PHOTO"), Cap("NOTE", size=80))
    assert caps(*said, profile=Profile(devinf_sizes="ignore")) == (Cap("PHOTO"), Cap("NOTE"))


def test_a_profile_knows_better_than_devinf() -> None:
    profile = Profile(field_limits=(FieldLimit("PHOTO"), FieldLimit("TEL", 2)))
    said = devinf(OLD, caps=(CTCap("text/x-vcard", "2.1", (Property("N"), Property("TEL"))),))
    view = view_of(profile, said, "Contacts", store(), "")
    assert view is not None
    card = (b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;b\r\nFN:b a\r\nTEL:1\r\nTEL:2\r\nTEL:3\r\nNOTE:n\r\n"
            b"PHOTO;ENCODING=b:AAEC\r\nEND:VCARD\r\n")
    body = view.sent("text/vcard", card)[1]
    assert b"PHOTO" in body and b"TEL:2" in body and b"TEL:3" not in body and b"NOTE" not in body


# -- habits

def test_the_switches_of_a_profile() -> None:
    profile = Profile(charset_in="latin-1", charset_out="cp1252", qp=False, fold=False, eol="lf", strip_props=("x-a",),
                      empty_props="drop", email_internet=True, categories_prefix="X-", max_obj=20_000,
                      time_mode="received-as-utc", alarm_mode="absolute", all_day="epoc", min_date="1980-01-01")
    found = form(profile, devinf(OLD))
    assert found == Form("text/x-vcard", "2.1", charset_in="latin-1", charset_out="cp1252", qp=False, fold=False,
                         crlf=False, strip=("X-A",), empty=False, internet=True, prefix="X-", photo=10_000)
    found = form(profile, devinf(ContentType("text/x-vcalendar", "1.0")), types=EVENTS)
    assert (found.time, found.alarm, found.all_day, found.min_date, found.zone, found.internet, found.photo) == (
        "received-as-utc", "absolute", "epoc", "1980-01-01", "Europe/Berlin", False, 0)


@pytest.mark.parametrize("said, wanted", [
    (devinf(utc=True), "utc"), (devinf(utc=False), "local"), (devinf(utc=True, dev_type="server"), "auto"),
    (devinf(dev_type="workstation"), "auto"), (None, "auto"),
])
def test_the_clock_of_a_phone(said: Optional[DevInf], wanted: str) -> None:
    assert form(said=said, types=EVENTS).time == wanted
    assert form(Profile(time_mode="tz"), said, types=EVENTS).time == "tz"


# -- none

@pytest.mark.parametrize("said, spoken", [
    (None, ""), (None, "text/vcard"), (devinf(NEW), ""), (devinf(NEW, OLD), "text/x-vcard"),
    (devinf(OLD, NEW, dev_type="workstation"), ""),
    (devinf(OLD, NEW, exts=(Ext("X-minisyncml"),), dev_type="server"), "")])
def test_who_takes_our_items_as_they_are_has_no_view(said: Optional[DevInf], spoken: str) -> None:
    assert view_of(DEFAULT, said, "Contacts", store(), "Europe/Berlin", spoken) is None


def test_events_of_a_computer_need_no_view_for_a_zone() -> None:
    said = devinf(ContentType("text/calendar", "2.0"), dev_type="server")
    assert view_of(DEFAULT, said, "Contacts", store(EVENTS), "Europe/Berlin") is None


def test_a_store_that_keeps_items_as_they_come() -> None:
    loose = store(form=("", ""))
    assert view_of(DEFAULT, devinf(OLD, NEW), "Contacts", loose, "") is None
    view = view_of(DEFAULT, devinf(OLD), "Contacts", loose, "")
    assert view is not None
    old = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:a;b\r\nEND:VCARD\r\n"
    assert view.sent("text/x-vcard", old) == ("text/x-vcard", old)
    assert view.stored("text/x-vcard", old) == ("text/x-vcard", old)
    new = b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;b\r\nFN:b a\r\nEND:VCARD\r\n"
    assert view.sent("text/vcard", new)[0] == "text/x-vcard"


def test_another_store_is_left_alone() -> None:
    assert view_of(DEFAULT, devinf(OLD), "Contacts", store((("image/png", ""),), ("", "")), "") is None


# -- a recorded phone

def commands(*names: str) -> "Iterator[Any]":
    for name in names:
        yield from document.parse((SESSIONS / "sony-ericsson-p900" / name).read_bytes()).message.commands


@pytest.mark.skipif(not SESSIONS.is_dir(), reason="no corpus")
def test_the_items_of_a_p900_settle() -> None:
    [put] = [command for command in commands("syncml_client_10.xml") if isinstance(command, Put)]
    said = read_devinf(put.items[0], put.meta)
    profile, uri = find(Identity(man=said.man or "", mod=said.mod or "")), said.datastores[0].source_ref
    found = form(profile, said, uri=uri, types=EVENTS)
    assert (found.type, found.time, found.all_day) == ("text/x-vcalendar", "utc", "epoc")
    assert {cap.name for cap in found.caps or ()} >= {"AALARM", "DTSTART", "EXDATE", "DUE"}
    view = view_of(profile, said, uri, store(EVENTS), "Europe/Berlin")
    assert view is not None
    bodies = [item.data for command in commands(*(f"syncml_client_{number}1.xml" for number in range(1, 7)))
              if isinstance(command, Sync) for inner in command.commands for item in inner.items if item.data]
    assert len(bodies) > 5
    for body in bodies:
        assert isinstance(body, bytes)
        type, mine = view.stored("text/calendar", body)
        shadow = view.shadow("text/calendar", body)
        assert type == "text/calendar" and view.same(type, mine, "text/calendar", body)
        assert view.updated(type, mine, shadow, "text/calendar", body) == mine
        back = view.sent(type, mine, shadow)
        assert view.updated(type, mine, shadow, *back) == mine
        assert (b"X-EPOCTODOLIST" in body) == (b"X-EPOCTODOLIST" in back[1])
