"""vCards to another version and back: what they say stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from content.contact_meaning import facts
from content.samples_contacts import SAMPLES, SAMPLES_40, TYPES, card, convert
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content import formats
from minisyncml.content.cards import VERSIONS
from minisyncml.content.form import PLAIN, Cap, Form
from minisyncml.content.lines import MAX_SIZE, Property, parse, write
from minisyncml.content.pieces import pieces
from minisyncml.content.view import View
from minisyncml.errors import ItemError

ITEMS = Path(os.environ.get("MINISYNCML_SHARED", ROOT.parent / "shared")) / "corpus" / "items"
OLD = (b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Love\\;lace;Ada, B.\r\nTEL;CELL;PREF:1\r\nBDAY:18151210\r\n"
       b"NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo, three;=\r\n four\r\nPHOTO;JPEG;ENCODING=BASE64:\r\n AAEC\r\n\r\n"
       b"END:VCARD\r\n")


def old(*rows: str) -> bytes:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:2.1", *rows, "END:VCARD", ""]).encode()


def lines(body: bytes) -> "list[str]":
    return body.replace(b"\r\n ", b"").decode().split("\r\n")[2:-2]


def to(version: str, body: bytes, source: Form = PLAIN) -> "list[str]":
    return lines(formats.convert(body, "text/vcard", Form(TYPES[version], version), source))


@pytest.mark.parametrize("sample", SAMPLES, ids=[name for name, _ in SAMPLES])
@pytest.mark.parametrize("version", ["2.1", "4.0"])
def test_each_property_comes_back(version: str, sample: "tuple[str, tuple[str, ...]]") -> None:
    body = card(sample[1])
    far = convert(body, version)
    assert parse(far)[1].value == version
    assert facts(convert(far, "3.0"), derived=True) == facts(body, derived=True)
    if b"KEPT" not in far:
        assert facts(far, derived=True) == facts(body, derived=True)


@pytest.mark.parametrize("sample", SAMPLES_40, ids=[name for name, _ in SAMPLES_40])
@pytest.mark.parametrize("version", ["2.1", "3.0"])
def test_each_property_of_the_newest_version_comes_back(version: str, sample: "tuple[str, tuple[str, ...]]") -> None:
    body = card(sample[1], "4.0")
    far = convert(body, version)
    assert facts(convert(far, "4.0"), derived=True) == facts(body, derived=True)
    assert facts(convert(convert(far, "2.1"), "4.0"), derived=True) == facts(body, derived=True)


@pytest.mark.parametrize("row, wanted", [
    ("N:Lovelace;Ada, B.;;;", "N:Lovelace;Ada\\, B.;;;"),
    ("N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BCl=\r\nler;J=C3=B6rg", "N:Müller;Jörg"),
    ("N;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:M=FCller;J=F6rg", "N:Müller;Jörg"),
    ("N:A\\;B;C", "N:A\\;B;C"),
    ("N:;;;;", "N:;;;;"),
    ("TEL;CELL;VOICE:+49 1", "TEL;TYPE=CELL,VOICE:+49 1"),
    ("TEL;PREF;WORK:1", "TEL;TYPE=PREF,WORK:1"),
    ("TEL;TYPE=HOME;TYPE=FAX:1", "TEL;TYPE=HOME,FAX:1"),
    ("TEL;VOICE:+49,,12", "TEL;TYPE=VOICE:+49\\,\\,12"),
    ("item1.TEL;CELL:1", "item1.TEL;TYPE=CELL:1"),
    ("BDAY:18151210", "BDAY:1815-12-10"),
    ("BDAY:1815-12-10", "BDAY:1815-12-10"),
    ("BDAY:18151210T000000Z", "BDAY:1815-12-10"),
    ("BDAY:18151210T103000", "BDAY:1815-12-10T10:30:00"),
    ("BDAY:next week", "BDAY:next week"),
    ("REV:20081110T000000Z", "REV:2008-11-10T00:00:00Z"),
    ("NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab=\r\n c=3D", "NOTE:a\\nb c="),
    ("NOTE;QUOTED-PRINTABLE:a=0Ab==\r\nc", "NOTE:a\\nbc"),
    ("NOTE:a\\nb", "NOTE:a\\nb"),
    ("NOTE:C:\\new and \\\\server", "NOTE:C:\\\\new and \\\\\\\\server"),
    ("NOTE:a\\, b; c\\; d", "NOTE:a\\, b\\; c\\; d"),
    ("ADR;HOME;ENCODING=QUOTED-PRINTABLE:;;Line 1=0D=0ALine 2;Town;;;", "ADR;TYPE=HOME:;;Line 1\\nLine 2;Town;;;"),
    ("ADR:;;A\\nB;Town;;;", "ADR:;;A\\nB;Town;;;"),
    ("ORG:Acme, Inc.;R\\;D", "ORG:Acme\\, Inc.;R\\;D"),
    ("CATEGORIES:A,B", "CATEGORIES:A,B"),
    ("CATEGORIES:A;B", "CATEGORIES:A,B"),
    ("URL:http://a/?b,c;d", "URL:http://a/?b,c;d"),
    ("PHOTO;VALUE=URL:http://a/b.jpg", "PHOTO;VALUE=uri:http://a/b.jpg"),
    ("PHOTO;ENCODING=BASE64;TYPE=GIF:\r\n R0lG\r\n ODlh\r\n", "PHOTO;TYPE=GIF;ENCODING=b:R0lGODlh"),
    ("PHOTO;BASE64;JPEG:/9j/\r\n AAEC", "PHOTO;TYPE=JPEG;ENCODING=b:/9j/AAEC"),
    ("SOUND;X-IRMC-N;CHARSET=UTF-8:Rabu;Eda;;;", "SOUND;TYPE=X-IRMC-N:Rabu;Eda;;;"),
    ("X-EPOCSECONDNAME:a,b", "X-EPOCSECONDNAME:a\\,b"),
])
def test_from_phones(row: str, wanted: str) -> None:
    made = to("3.0", old(row))
    assert wanted in made
    assert not facts(old(row)) - facts(convert(convert(old(row), "3.0"), "2.1"))


@pytest.mark.parametrize("row, wanted", [
    ("TEL;TYPE=cell;TYPE=pref:1", "TEL;CELL;PREF:1"),
    ("ADR;TYPE=HOME:;;A\\nB;Town;;;", "ADR;HOME;ENCODING=QUOTED-PRINTABLE:;;A=0D=0AB;Town;;;"),
    ("NOTE:a\\, b\\; c", "NOTE:a, b; c"),
    ("NOTE:a\\nb", "NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab"),
    ("ORG:A\\, B;C\\;D", "ORG:A, B;C\\;D"),
    ("BDAY:1815-12-10", "BDAY:18151210"),
    ("URL:http\\://a", "URL:http://a"),
    ("PHOTO;VALUE=uri:data:image/jpeg;base64,/9j/AAEC", "PHOTO;JPEG;ENCODING=BASE64:/9j/AAEC"),
    ("TZ;VALUE=utc-offset:-05:00", "TZ:-05:00"),
])
def test_for_phones(row: str, wanted: str) -> None:
    assert wanted in to("2.1", card((row,)))


@pytest.mark.parametrize("three, four", [
    ("TEL;TYPE=CELL,VOICE,PREF:1", 'TEL;TYPE="cell,voice";PREF=1:1'),
    ("TEL;TYPE=HOME:1", "TEL;TYPE=home:1"),
    ("BDAY:1815-12-10", "BDAY:18151210"),
    ("BDAY:--1210", "BDAY:--1210"),
    ("ANNIVERSARY:1835-07-08", "ANNIVERSARY:18350708"),
    ("REV:2008-11-10T22:27:10Z", "REV:20081110T222710Z"),
    ("PHOTO;TYPE=JPEG;ENCODING=b:/9j/AAEC", "PHOTO:data:image/jpeg;base64,/9j/AAEC"),
    ("KEY;TYPE=PGP;ENCODING=b:AAEC", "KEY:data:application/pgp-keys;base64,AAEC"),
    ("LOGO;VALUE=uri:http://a/b.png", "LOGO:http://a/b.png"),
    ("GEO:51.5;-0.1", "GEO:geo:51.5,-0.1"),
    ("TZ:-05:00", "TZ;VALUE=utc-offset:-0500"),
    ("RELATED;TYPE=FRIEND:urn:uuid:1", "RELATED;TYPE=friend:urn:uuid:1"),
])
def test_the_newest_version(three: str, four: str) -> None:
    body = card((three,)).replace(b"VERSION:3.0", b"VERSION:4.0").replace(three.encode(), four.encode())
    assert four in to("4.0", card((three,)))
    assert three in to("3.0", body)


def test_what_only_the_newest_version_says_comes_back() -> None:
    rows = ["TEL;VALUE=uri;TYPE=home:tel:+1-555;ext=5102", "GEO:geo:51.5,-0.1;u=10", "GENDER:F;grrl",
            "KIND:individual", "ANNIVERSARY:18350708", 'ADR;LABEL="A ^\'B^\'\\nC";TYPE=home:;;A;B;;;',
            "MEMBER:urn:uuid:1", "N;SORT-AS=A:B;C", "PHOTO;MEDIATYPE=image/gif:http://a/b",
            "NOTE;ALTID=1;LANGUAGE=fr:a", "FN:B"]
    body = "\r\n".join(["BEGIN:VCARD", "VERSION:4.0", *rows, "END:VCARD", ""]).encode()
    for version in ("3.0", "2.1"):
        assert facts(convert(convert(body, version), "4.0"), derived=True) == facts(body, derived=True)
    three = lines(convert(body, "3.0"))
    assert "TEL;TYPE=HOME:+1-555" in three and "GEO:51.5;-0.1" in three and 'LABEL;TYPE=HOME:A "B"\\nC' in three


def test_what_a_phone_changed_is_not_taken_back() -> None:
    new = card(("N:A;B,C", "FN:x", "TEL;X-A=\"1;2\":1"))
    far = convert(new, "2.1")
    assert "N:A;B,C" in lines(far) and "N:A;B,C" in lines(convert(far, "3.0"))
    changed = convert(far.replace(b"\r\nN:A;B,C", b"\r\nN:A;B,D"), "3.0")
    assert "N:A;B\\,D" in lines(changed) and b"A;B,C" not in changed.replace(b"\\", b"")


def test_a_stale_one_does_not_stay_in_our_store() -> None:
    four = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:a\r\nTEL;VALUE=uri:tel:+1;ext=5\r\nEND:VCARD\r\n"
    hub = formats.hub(four, "text/vcard")[1]
    three = formats.find("text/vcard", "3.0")
    assert three is not None and b"ext=5" in three.write(hub, PLAIN)
    hub = [each._replace(value="+2") if each.name == "TEL" else each for each in hub]
    assert b"ext=5" not in three.write(hub, PLAIN)


@pytest.mark.parametrize("odd", [
    b"AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nN:In;Ner\r\nTEL:1\r\nEND:VCARD\r\n", b"lost text\r\n",
    b":no name\r\n", b"BEGIN:VCARD\r\nN:In;Ner\r\nEND:VCARD\r\n", b"AGENT:BEGIN:VCARD\\nEND:VCARD\r\n",
    b"AGENT:\r\nTEL:1\r\n", b"AGENT:\r\n"])
@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_what_is_no_property_is_kept_whole(odd: bytes, version: str) -> None:
    body = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A;B\r\n" + odd + b"NOTE:c\r\nEND:VCARD\r\n"
    far = convert(body, version)
    assert [each.name for each in parse(far)].count("BEGIN") == 1 and "NOTE:c" in lines(far)
    assert odd in convert(far, "2.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_version_stays_as_it_is(version: str) -> None:
    body = (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:a\r\nitem1.tel;type=cell:1\r\nNOTE:a\\,\r\n  b\r\nwhat is this\r\n"
            b"BDAY:20010101\r\nEND:VCARD\r\n")
    assert formats.convert(body, "text/vcard", Form("text/vcard", "3.0")) == body
    assert facts(convert(convert(body, version), version)) == facts(convert(body, version)) == facts(body)


@pytest.mark.parametrize("body, wanted", [
    (b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A;B\r\nTEL;CELL:1", ["FN:B A", "N:A;B", "TEL;TYPE=CELL:1"]),
    (b"BEGIN:VCARD\nVERSION:2.1\nN:A;B\nNOTE;QUOTED-PRINTABLE:a=\nb\nEND:VCARD\n", ["FN:B A", "N:A;B", "NOTE:ab"]),
    (b"BEGIN:VCARD\rVERSION:2.1\rN:A;B\rEND:VCARD\r", ["FN:B A", "N:A;B"]),
    (b"\xef\xbb\xbfbegin:vcard\r\nN:A;B\r\nTEL;CELL:1\r\nVERSION:2.1\r\nend:vcard\r\n",
     ["FN:B A", "N:A;B", "TEL;TYPE=CELL:1"]),
    (b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:A;B\r\nFN;QUOTED-PRINTABLE:a=0D=0Ab\r\nTEL;CELL;PREF:1\r\nPHOTO;JPEG;BASE64:"
     b"/9j/\r\n AA==\r\nEND:VCARD\r\n", ["N:A;B", "FN:a\\nb", "TEL;TYPE=CELL,PREF:1",
                                         "PHOTO;TYPE=JPEG;ENCODING=b:/9j/AA=="]),
    (b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:A\r\nPHOTO;JPEG;ENCODING=BASE64:\r\n/9j/\r\nAA==\r\nTEL:1\r\nEND:VCARD\r\n",
     ["N:A", "PHOTO;TYPE=JPEG;ENCODING=b:/9j/AA==", "TEL:1"]),
    (b"BEGIN:VCARD\r\nVERSION:9\r\nN:A\r\nTEL;CELL:1\r\nEND:VCARD\r\n", ["N:A", "TEL;TYPE=CELL:1"]),
    (b"BEGIN:VCARD\r\nVERSION:2.1\r\nTEL;:1\r\nN:\r\nORG:Acme;X\r\nEND:VCARD\r\n",
     ["FN:Acme", "TEL:1", "N:", "ORG:Acme;X"]),
    (b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A B\r\nEND:VCARD\r\n", ["N:A B", "FN:A B"]),
])
def test_tolerant_of_what_phones_send(body: bytes, wanted: "list[str]") -> None:
    assert to("3.0", body) == wanted


def test_the_charset_of_a_phone() -> None:
    body = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Müller\r\nNOTE;CHARSET=UTF-8;QUOTED-PRINTABLE:=C3=BC\r\nEND:VCARD\r\n"
    assert to("3.0", body.encode("latin-1"), Form(charset_in="latin-1")) == ["FN:Müller", "N:Müller", "NOTE:ü"]
    assert to("3.0", body.encode("latin-1")) == ["FN:Müller", "N:Müller", "NOTE:ü"]
    assert to("3.0", body.encode("cp1251", "replace"), Form(charset_in="no such one"))


def test_a_peer_that_says_what_it_keeps_gets_nothing_private() -> None:
    body = card(("N:A;B,C", "BDAY:--1210", "EMAIL;X-UI-SLOT=1:a@b"))
    made = lines(formats.convert(body, "", Form("text/x-vcard", "2.1", caps=(Cap("N"), Cap("EMAIL")))))
    assert made == ["FN:Ada Lovelace", "N:A;B,C", "EMAIL:a@b"]
    assert "X-MINISYNCML-KEPT" in "".join(to("2.1", body))


def test_a_line_break_begins_no_property() -> None:
    body = OLD.replace(b"TEL;CELL;PREF:1", b"TEL;QUOTED-PRINTABLE:1=0D=0AX-EVIL:2\r\nURL;QUOTED-PRINTABLE:a=0D=0AX-EVIL"
                       b":1\r\nBDAY;QUOTED-PRINTABLE:=0AX-EVIL:1").replace(b"=0D=0At", b"=0DX-EVIL:t")
    for version in ("3.0", "4.0"):
        assert "X-EVIL" not in {each.name for each in parse(convert(body, version))}


NAMES = ("N", "FN", "ADR", "ORG", "TEL", "EMAIL", "NOTE", "CATEGORIES", "NICKNAME", "URL", "X-OTHER", "LABEL", "TITLE",
         "BDAY", "GEO", "REV", "TZ", "UID", "AGENT", "SOUND", "KEY", "GENDER", "IMPP", "SORT-STRING")
ROWS = st.lists(st.tuples(st.sampled_from(NAMES), st.text("aé,;\\n \n:=\"N😀", max_size=12),
                          st.sets(st.sampled_from(["HOME", "WORK", "PREF", "X-Own"]))), max_size=5)


@pytest.mark.parametrize("source", VERSIONS)
@pytest.mark.parametrize("version", VERSIONS)
@given(rows=ROWS)
@settings(max_examples=60, deadline=None)
def test_generated_cards_come_back(source: str, version: str, rows: "list[tuple[str, str, set[str]]]") -> None:
    made = [Property("BEGIN", "VCARD"), Property("VERSION", source), Property("FN", "a"), Property("N", "a")]
    for name, value, types in rows:
        if name in ("URL", "UID", "IMPP", "GEO", "TZ", "BDAY", "REV"):
            value = "x" + "".join(value.split()).replace("\\", "")      # no place for line breaks, nor for escapes
        elif source != "2.1":
            for sign, word in (("\\", "\\\\"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
                value = value.replace(sign, word)
        elif name in ("N", "ADR", "ORG", "GENDER", "SOUND"):
            value = value.replace("\\", "\\\\")
        elif name in ("CATEGORIES", "NICKNAME"):
            value = value.replace("\\", "")
        value = "-" if name == "KEY" and "//" in value else value
        made.append(Property(name, value, tuple(("TYPE", word) for word in sorted(types))))
    body = write([*made, Property("END", "VCARD")], source == "2.1")
    assert facts(convert(convert(body, version), source)) == facts(body)


@pytest.mark.skipif(not ITEMS.is_dir(), reason="no corpus")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["vcard21.vcf", "eds_contact.vcf"])
def test_cards_of_real_programs_come_back(name: str, version: str) -> None:
    for body in pieces((ITEMS / name).read_bytes()):
        source = "2.1" if b"VERSION:2.1" in body else "3.0"
        far = convert(body, version)
        assert facts(convert(far, source), derived=True) == facts(body, derived=True)
        if b"KEPT" not in far:
            assert facts(far) == facts(body)


@given(noise=st.binary(max_size=200), at=st.integers(0, 400), cut=st.integers(0, 400),
       version=st.sampled_from(VERSIONS))
@settings(max_examples=400, deadline=None)
def test_hostile_cards(noise: bytes, at: int, cut: int, version: str) -> None:
    for body in (noise, b"BEGIN:VCARD\r\n" + noise, OLD[:at] + noise + OLD[cut:]):
        try:
            far = convert(body, version)
        except ItemError:
            continue
        for other in VERSIONS:
            assert convert(far, other).startswith(b"BEGIN") or body == far


@given(rows=st.lists(st.sampled_from([b"BEGIN:VCARD", b"END:VCARD", b"VERSION:3.0", b"VERSION:2.1", b"AGENT:", b"N:A",
                                      b"X-MINISYNCML-KEPT:3.0 N:B", b"X-MINISYNCML-KEPT:3.0/alone END:VCARD",
                                      b"X-MINISYNCML-KEPT:2.1/alone X:Y", b"X-MINISYNCML-KEPT:4.0 BEGIN:VCARD",
                                      b"X-MINISYNCML-KEPT:3.0 ", b"PHOTO;ENCODING=b:A", b"ADR;LABEL=:a", b"junk",
                                      b""])))
@settings(max_examples=300, deadline=None)
def test_hostile_structure(rows: "list[bytes]") -> None:
    body = b"\r\n".join([b"BEGIN:VCARD", *rows])
    for version in VERSIONS:
        try:
            far = convert(body, version)
            assert parse(convert(far, "3.0"))[0].name == "BEGIN"
        except ItemError as error:
            assert b"END:VCARD" in body and body.rindex(b"BEGIN:VCARD") > 0 and str(error).startswith("more than one")


@pytest.mark.parametrize("body", [
    b"BEGIN:VCARD\r\nVERSION:2.1\r\n" + b"TEL:1\r\n" * 1_000_000,
    b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:" + b"a,b;" * 500_000, b"BEGIN:VCARD\r\nX-A:" + b"a,b;" * 500_000,
    b"BEGIN:VCARD\r\nVERSION:2.1\r\nPHOTO;ENCODING=BASE64:\r\n " + b"A" * (50 << 20) + b"\r\n\r\nEND:VCARD\r\n"])
def test_bombs_are_too_large(body: bytes) -> None:
    with pytest.raises(ItemError) as failed:
        convert(body, "3.0")
    assert failed.value.status == 413


@pytest.mark.parametrize("row", [
    b"NOTE;ENCODING=QUOTED-PRINTABLE:" + b"=3D" * 200_000, b"NOTE;ENCODING=QUOTED-PRINTABLE:" + b"=\r\n" * 200_000,
    b"N:" + b"\\" * 90_000, b"NOTE:" + b"\\;," * 100_000, b"TEL;" + b"HOME;" * 50_000 + b":1",
    b"TEL;" + b";".join(b"A%d" % number for number in range(50_000)) + b":1",
    b"BEGIN:VCARD\r\n" * 19_000, b"AGENT:\r\nBEGIN:VCARD\r\n" * 9_000, b"AGENT:\r\n" * 19_000,
    b"N:" + b"a,b;" * 20_000 + b"\r\n" + b"X-MINISYNCML-KEPT:3.0 N:A\r\n" * 19_000])
@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_bombs_are_taken_in_linear_time(row: bytes, version: str) -> None:
    body = b"BEGIN:VCARD\r\nVERSION:2.1\r\n" + row + b"\r\nEND:VCARD\r\n"
    assert len(body) < MAX_SIZE
    far = convert(convert(body, version), "2.1")
    assert far.startswith(b"BEGIN:VCARD") and len(far) < 4 * len(body) + 1000


def test_no_card_is_refused() -> None:
    with pytest.raises(ItemError):
        convert(b"BEGIN:VNOTE\r\nEND:VNOTE\r\n", "3.0")


def test_a_phone_keeps_its_own_labels_and_gets_none_of_others() -> None:
    theirs = old("N:Doe;John", "TEL;CELL;X-EPOCCNTMODELLABEL1=Handy:+49 1")
    phone = View(Form("text/x-vcard", "2.1"), Form("text/vcard", "3.0"))
    type, mine = phone.stored("text/x-vcard", theirs)
    mine = mine.replace(b"END:", b"EMAIL;X-EVOLUTION-UI-SLOT=1:a@b\r\nEND:")
    made = lines(phone.sent(type, mine, phone.shadow("text/x-vcard", theirs))[1])
    assert "TEL;CELL;X-EPOCCNTMODELLABEL1=Handy:+49 1" in made and "EMAIL:a@b" in made
    assert "TEL;CELL:+49 1" in lines(phone.sent(type, mine)[1])
