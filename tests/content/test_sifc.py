"""SIF-C to vCards and back: what contacts say stays."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import pytest
from content.contact_meaning import facts
from content.samples_contacts import JPEG, SAMPLES, card
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content import formats
from minisyncml.content.form import Cap, Form
from minisyncml.content.pieces import pieces
from minisyncml.content.view import View
from minisyncml.errors import ItemError

SHARED = Path(os.environ.get("MINISYNCML_SHARED", ROOT.parent / "shared")) / "corpus"
SIF, CARD, LEAN = Form("text/x-s4j-sifc"), Form("text/vcard", "3.0"), Form("text/x-s4j-sifc", empty=False)


def sif(**texts: str) -> bytes:
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><contact>{inner}</contact>'.encode()


def lines(body: bytes) -> "list[str]":
    return body.replace(b"\r\n ", b"").decode().split("\r\n")[2:-2]


def texts(body: bytes) -> "dict[str, str]":
    """The elements that have a text, read apart from the package."""
    return {name: text for name, text in re.findall(r"<(\w+)>([^<]*)</\1>", body.decode()) if text}


def card_of(**said: str) -> "list[str]":
    return lines(formats.convert(sif(**said), "text/x-s4j-sifc", CARD))


@pytest.mark.parametrize("sample", SAMPLES, ids=[name for name, _ in SAMPLES])
@pytest.mark.parametrize("form", [SIF, LEAN], ids=["whole", "lean"])
def test_each_property_comes_back(form: Form, sample: "tuple[str, tuple[str, ...]]") -> None:
    body = card(sample[1])
    far = formats.convert(body, "", form)
    assert far.startswith(b"<?xml") and b"<contact>" in far
    assert facts(formats.convert(far, "", CARD), derived=True) == facts(body, derived=True)


@pytest.mark.parametrize("said, wanted", [
    ({"FirstName": "Ada", "LastName": "Lovelace", "Title": "Dr."}, "N:Lovelace;Ada;;Dr.;"),
    ({"FirstName": "Ada", "LastName": "Love, lace"}, "FN:Ada Love\\, lace"),
    ({"FileAs": "Ada L."}, "FN:Ada L."),
    ({"FileAs": "Lovelace, Ada", "FirstName": "Ada", "LastName": "Lovelace"}, "X-EVOLUTION-FILE-AS:Lovelace\\, Ada"),
    ({"MobileTelephoneNumber": "1"}, "TEL;TYPE=CELL:1"),
    ({"BusinessFaxNumber": "1"}, "TEL;TYPE=WORK,FAX:1"),
    ({"OtherTelephoneNumber": "1"}, "TEL:1"),
    ({"Email1Address": "a@b"}, "EMAIL:a@b"),
    ({"CompanyName": "Acme; Inc.", "Department": "R"}, "ORG:Acme\\; Inc.;R"),
    ({"Department": "R"}, "ORG:;R"),
    ({"WorkAddressStreet": "1\n2", "WorkAddressCity": "C"}, "ADR;TYPE=WORK:;;1\\n2;C;;;"),
    ({"HomeAddressPostOfficeBox": "P", "HomeAddressCountry": "UK"}, "ADR;TYPE=HOME:P;;;;;;UK"),
    ({"Birthday": "1815-12-10"}, "BDAY:1815-12-10"), ({"Birthday": "18151210"}, "BDAY:1815-12-10"),
    ({"Body": "a\r\nb &amp; &lt;c&gt;"}, "NOTE:a\\nb & <c>"),
    ({"Categories": "A, B;C"}, "CATEGORIES:A,B,C"),
    ({"Photo": JPEG}, f"PHOTO;TYPE=JPEG;ENCODING=b:{JPEG}"),
    ({"Sensitivity": "2"}, "CLASS:PRIVATE"),
    ({"BusinessWebPage": "http://a/?b&amp;c,d"}, "URL;TYPE=WORK:http://a/?b&c,d"),
    ({"Spouse": "W"}, "X-EVOLUTION-SPOUSE:W"),
    ({"Mileage": "12"}, "X-SIF-MILEAGE:12"), ({"NeverHeardOf": "a;b"}, "X-SIF-NEVERHEARDOF;X-CASE=NeverHeardOf:a\\;b"),
    ({"firstname": "Ada"}, "N:;Ada;;;"),
])
def test_what_elements_mean(said: "dict[str, str]", wanted: str) -> None:
    assert wanted in card_of(**said)
    back = texts(formats.convert(formats.convert(sif(**said), "", CARD), "", LEAN))
    for name, text in texts(sif(**said)).items():
        name = name.replace("WorkAddress", "BusinessAddress").replace("firstname", "FirstName")
        assert back[name].replace("-", "") == text.replace("\r", "").replace("\n", "\r\n").replace(";C", ", C") \
            .replace("-", "")


def test_what_is_not_set_is_not_there() -> None:
    assert card_of(FirstName="", Birthday="4501-01-01", Body=" ", Email1AddressType="SMTP", SIFVersion="1.1",
                   Sensitivity="0", HomeAddressCity="") == []


def test_the_full_name_of_outlook_is_read_and_not_written() -> None:
    assert "FN:Dr. Ada" in card_of(Subject="Dr. Ada", FirstName="Ada")
    assert b"Subject" not in formats.convert(card(("FN:Dr. Ada",)), "", LEAN._replace(strip=("X-MINISYNCML-KEPT",)))


def test_a_client_is_told_what_is_empty_now() -> None:
    body = card(("N:Lovelace;Ada;;;", "TEL;TYPE=CELL:1"))
    far = formats.convert(body, "", SIF)
    assert b"<Body></Body>" in far and b"<Birthday></Birthday>" in far and b"<MailingAddress" not in far
    assert texts(formats.convert(body, "", LEAN)) == {"SIFVersion": "1.1", "FirstName": "Ada", "LastName": "Lovelace",
                                                      "MobileTelephoneNumber": "1", "FileAs": "Ada Lovelace"}


def test_numbers_find_their_places() -> None:
    rows = ("TEL;TYPE=HOME,VOICE:1", "TEL;TYPE=HOME:2", "TEL;TYPE=HOME:3", "TEL;TYPE=CELL,PREF:4",
            "TEL;TYPE=WORK,FAX:5", "TEL;TYPE=WORK:6", "TEL;TYPE=CELL:7", "EMAIL:a@b", "EMAIL;TYPE=WORK:c@d",
            "EMAIL:e@f", "EMAIL:g@h")
    body = card(rows)
    far = formats.convert(body, "", LEAN)
    said = texts(far)
    assert (said["HomeTelephoneNumber"], said["Home2TelephoneNumber"], said["OtherTelephoneNumber"]) == ("1", "2", "3")
    assert (said["MobileTelephoneNumber"], said["BusinessFaxNumber"]) == ("4", "5")
    assert said["BusinessTelephoneNumber"] == "6" and "7" not in said.values()
    assert (said["Email1Address"], said["Email3Address"]) == ("a@b", "e@f")
    assert facts(formats.convert(far, "", CARD)) == facts(body)


def test_what_a_client_changed_is_not_taken_back() -> None:
    far = formats.convert(card(("TEL;TYPE=CELL,VOICE:1", "MAILER:x", "BDAY:--1210")), "", SIF)
    back = lines(formats.convert(far.replace(b"r>1</", b"r>2</").replace(b"<Birthday></", b"<Birthday>2000-01-01</"),
                                 "", CARD))
    assert "TEL;TYPE=CELL:2" in back and "MAILER:x" in back and "BDAY:2000-01-01" in back
    assert "TEL;TYPE=CELL,VOICE:1" in lines(formats.convert(far, "", CARD))


def test_what_a_client_has_no_word_for_is_not_deleted_by_it() -> None:
    mine = card(("N:Lovelace;Ada;;;", "FN:Dr. Ada", "X-EVOLUTION-FILE-AS:Lovelace\\, Ada", "NICKNAME:a", "URL:http://a",
                 "EMAIL:a@b", "TEL;TYPE=CELL,VOICE:1", "NOTE:gone", "MAILER:x", "PHOTO;TYPE=JPEG;ENCODING=b:" + JPEG))
    view = View(SIF, CARD)
    type, far = view.sent("text/vcard", mine)
    known = [name for name in texts(far) if name not in ("NickName", "WebPage", "Photo")]
    shown = {**{name: texts(far)[name] for name in known}, "Spouse": "", "Body": ""}
    theirs = sif(**{**shown, "MobileTelephoneNumber": "2"})
    for shadow in (view.shadow(type, far), b""):
        made = view.updated("text/vcard", mine, shadow, type, theirs)
        assert lines(made) == [row.replace(",VOICE:1", ",VOICE:2") for row in lines(mine) if row != "NOTE:gone"]
        assert view.updated("text/vcard", mine, shadow, type, sif(**{**shown, "Body": "gone"})) == mine
        if shadow:
            both = view.merged("text/vcard", mine.replace(b"NICKNAME:a", b"NICKNAME:b"), shadow, type, theirs)
            assert both and sorted(lines(both)) == sorted(lines(made.replace(b"NICKNAME:a", b"NICKNAME:b")))
    assert view.same("text/vcard", mine, type, sif(**{**shown, "Body": "gone"}))


def test_a_peer_that_says_what_it_keeps_gets_nothing_private() -> None:
    body = card(("MAILER:x", "TEL;TYPE=CELL,VOICE:1"))
    for form in (SIF._replace(caps=(Cap("TEL"),)), SIF._replace(strip=("X-MINISYNCML-KEPT",))):
        assert b"KEPT" not in formats.convert(body, "", form)


@pytest.mark.parametrize("version", ["2.1", "4.0"])
def test_by_way_of_other_versions(version: str) -> None:
    form = Form("text/x-vcard" if version == "2.1" else "text/vcard", version)
    body = sif(FirstName="Ä", LastName="B", Mileage="1", HomeAddressStreet="1\n2", Birthday="1815-12-10", Body="x")
    again = formats.convert(formats.convert(formats.convert(body, "", form), "", CARD), "", LEAN)
    assert set(texts(body).items()) - {("HomeAddressStreet", "1\n2")} <= set(texts(again).items())
    assert texts(again)["HomeAddressStreet"] == "1\r\n2"


@pytest.mark.skipif(not SHARED.is_dir(), reason="no corpus")
def test_items_of_a_real_client() -> None:
    count = 0
    for path in sorted((SHARED / "sessions" / "sync4j-pocketpc-contacts").glob("*.xml")):
        for data in re.findall(r"<Data>([A-Za-z0-9+/=\s]{60,})</Data>", path.read_text("utf-8", "replace")):
            item = base64.b64decode(data)
            near = formats.convert(item, "text/x-s4j-sifc", CARD)
            far = texts(formats.convert(near, "", LEAN))
            said = {name.replace("WorkAddress", "BusinessAddress"): text for name, text in texts(item).items()}
            assert {name: text for name, text in said.items() if name != "Email1AddressType"}.items() <= far.items()
            count += 1
    assert count


@pytest.mark.skipif(not SHARED.is_dir(), reason="no corpus")
@pytest.mark.parametrize("name", ["vcard21.vcf", "eds_contact.vcf"])
def test_cards_of_real_programs_come_back(name: str) -> None:
    for body in pieces((SHARED / "items" / name).read_bytes()):
        source = Form("text/x-vcard", "2.1") if b"VERSION:2.1" in body else CARD
        far = formats.convert(body, "", SIF)
        straight = formats.convert(formats.convert(body, "", CARD), "", source)
        assert facts(formats.convert(far, "", source)) == facts(straight)


VALUES = st.text("aé,;\\n \n:=\"<&😀", max_size=10)


@given(rows=st.lists(st.tuples(st.sampled_from(["N", "ADR", "ORG", "TEL", "EMAIL", "NOTE", "CATEGORIES", "NICKNAME",
                                                "URL", "X-OTHER", "LABEL", "BDAY", "X-SIF-MILEAGE", "X-SIF-A B", "FN",
                                                "CLASS", "X-EVOLUTION-FILE-AS", "PHOTO", "X-SIF-SUBJECT"]), VALUES,
                               st.sets(st.sampled_from(["HOME", "WORK", "PREF", "CELL", "FAX"]))), max_size=7))
@settings(max_examples=200, deadline=None)
def test_generated_cards_come_back(rows: "list[tuple[str, str, set[str]]]") -> None:
    made = []
    for name, value, types in rows:
        if name in ("URL", "BDAY", "PHOTO"):
            value = "x" + "".join(value.split()).replace("\\", "")
        for sign, word in (("\\", "\\\\"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
            value = value.replace(sign, word)
        made.append(f"{name}{';TYPE=' if types else ''}{','.join(sorted(types))}:{value}")
    body = "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *made, "END:VCARD", ""]).encode()
    assert facts(formats.convert(formats.convert(body, "", LEAN), "", CARD)) == facts(body)


@given(noise=st.binary(max_size=60), at=st.integers(0, 300), cut=st.integers(0, 300))
@settings(max_examples=300, deadline=None)
def test_hostile_bodies(noise: bytes, at: int, cut: int) -> None:
    whole = formats.convert(card(("TEL;TYPE=CELL,VOICE:1", "MAILER:x")), "", LEAN)
    for body in (b"<contact>" + noise, whole[:at] + noise + whole[cut:]):
        try:
            near = formats.convert(body, "text/x-s4j-sifc", CARD)
        except ItemError:
            continue
        assert formats.convert(near, "", SIF).startswith(b"<?xml")


def test_bombs() -> None:
    entities = b'<!DOCTYPE contact [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><contact><Body>&c;</Body></contact>'
    for body, status in ((entities, 415), (b"<contact>" + b"<a/>" * 1_000_000 + b"</contact>", 413),
                         (b"<contact><Photo>" + b"A" * (50 << 20) + b"</Photo></contact>", 413),
                         (b"<contact>" + b"<a>" * 100_000, 413)):
        with pytest.raises(ItemError) as failed:
            formats.convert(body, "text/x-s4j-sifc", CARD)
        assert failed.value.status == status
    many = b'<X-MINISYNCML-KEPT for="Body" was="0">NOTE:b</X-MINISYNCML-KEPT>' * 19_000
    near = formats.convert(b"<contact><Body>" + b"a" * 4_000_000 + b"</Body>" + many + b"</contact>", "", CARD)
    assert len(near) < 5_000_000
    kept = b"<X-MINISYNCML-KEPT>" + b"TEL:1\n" * 1_000_000 + b"</X-MINISYNCML-KEPT>"
    with pytest.raises(ItemError):
        formats.convert(b"<contact>" + kept + b"</contact>", "text/x-s4j-sifc", CARD)
