"""Property lists: what came is what is written, and what it says is understood."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content.form import Form
from minisyncml.content.lines import MAX_PROPERTIES, Property, is_binary, parse, write
from minisyncml.errors import ItemError

ITEMS = Path(os.environ.get("MINISYNCML_SHARED", ROOT.parent / "shared")) / "corpus" / "items"
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.just("\n"), max_size=200)


def by_name(data: bytes) -> "dict[str, Property]":
    return {each.name: each for each in parse(data)}


def test_old_card() -> None:
    data = (b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BC=\r\nller;Ada\r\n"
            b"home.TEL;CELL;PREF:123\r\nPHOTO;JPEG;ENCODING=BASE64:\r\n AAEC\r\n AwQ=\r\n\r\n"
            b"NOTE:long\r\n  text\r\nTITLE;CHARSET=ISO-8859-1:caf\xe9\r\nEND:VCARD\r\n")
    found = by_name(data)
    assert found["N"].value == "Müller;Ada"
    assert (found["TEL"].group, found["TEL"].params) == ("home", (("", "CELL"), ("", "PREF")))
    assert is_binary(found["PHOTO"]) and found["PHOTO"].value == "AAECAwQ="
    assert found["NOTE"].value == "long  text"
    assert found["TITLE"].value == "café"
    assert write(parse(data), True) == data


def test_new_card() -> None:
    data = (b'BEGIN:VCARD\nVERSION:3.0\nNOTE:lo\n ng\nX-A;X-P="a:b;c":v\nORG;CHARSET=no-such:caf\xe9\n'
            b"PHOTO;ENCODING=b;TYPE=JPEG:AAEC\n AwQ=\n")     # bare LF, no END
    found = by_name(data)
    assert found["NOTE"].value == "long"
    assert (found["X-A"].param("X-P"), found["X-A"].value) == ('"a:b;c"', "v")
    assert found["ORG"].value == "café"
    assert is_binary(found["PHOTO"]) and found["PHOTO"].value == "AAECAwQ="
    assert write(parse(data), False) == data


def test_a_doubled_equals_sign_at_the_end_of_a_line() -> None:
    data = b"BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;QUOTED-PRINTABLE:a==\r\nb\r\nTEL:1\r\nEND:VCARD\r\n"
    assert (by_name(data)["NOTE"].value, by_name(data)["TEL"].value) == ("ab", "1")


def test_base64_without_indent_ends_at_the_next_property() -> None:
    data = b"BEGIN:VCARD\r\nVERSION:2.1\r\nPHOTO;BASE64:AAEC\r\nAwQ=\r\nTEL:1\r\nEND:VCARD\r\n"
    assert (by_name(data)["PHOTO"].value, by_name(data)["TEL"].value) == ("AAECAwQ=", "1")


@pytest.mark.parametrize("old", [True, False])
@given(value=TEXT)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(old: bool, value: str) -> None:
    version = "2.1" if old else "3.0"
    value = value if old else value.replace("\n", "\\n")
    made = [Property("BEGIN", "VCARD"), Property("VERSION", version), Property("NOTE", value), Property("END", "VCARD")]
    found = by_name(write(made, old))
    assert found["NOTE"].value.replace("\r\n", "\n") == value
    assert found["END"].value == "VCARD"


@given(st.binary(max_size=300) | st.lists(st.sampled_from(
    [b"BEGIN:VCARD\r\n", b"\nVERSION:2.1\r\n", b"A;ENCODING=QUOTED-PRINTABLE:=\r\n", b" x", b"P;BASE64:\r\n", b'"',
     b"=", b"\n", b":"]), max_size=20).map(b"".join))
@settings(max_examples=150, deadline=None)
def test_anything_is_written_as_it_came(data: bytes) -> None:
    assert b"".join(each.raw for each in parse(data)) == data
    assert write(parse(data), True) == write(parse(data), False) == data


def test_bombs_are_refused_and_a_large_photo_is_not() -> None:
    with pytest.raises(ItemError) as error:
        parse(b"BEGIN:VCARD\r\n" + b"A:1\r\n" * MAX_PROPERTIES)
    assert error.value.status == 413
    block = (b" " + b"A" * 72 + b"\r\n") * 20_000
    photo = b"BEGIN:VCARD\r\nVERSION:2.1\r\nPHOTO;BASE64:\r\n" + block + b"\r\nTEL:1\r\n"
    assert len(by_name(photo)["PHOTO"].value) == 72 * 20_000


@pytest.mark.skipif(not ITEMS.is_dir(), reason="no corpus")
def test_items_of_real_programs_come_back_byte_for_byte() -> None:
    files = [path for path in ITEMS.iterdir() if path.is_file()]
    assert files
    for path in files:
        data = path.read_bytes()
        assert write(parse(data), True) == data
        assert {each.name for each in parse(data)} >= {"BEGIN", "END", "VERSION"}, path.name


CARD = [Property("BEGIN", "VCARD"), Property("VERSION", "2.1"), Property("NOTE", "Größe\nzwei " + "x" * 300),
        Property("END", "VCARD")]


@pytest.mark.parametrize("charset, label", [("latin-1", "ISO-8859-1"), ("cp1252", "WINDOWS-1252"), ("utf-8", "UTF-8")])
@pytest.mark.parametrize("fold", [True, False])
def test_a_charset_of_the_peer_is_written_and_named(charset: str, label: str, fold: bool) -> None:
    made = write(CARD, True, Form(charset_out=charset, fold=fold))
    assert by_name(made)["NOTE"].param("CHARSET") == label and made.isascii()
    assert by_name(made)["NOTE"].value.replace("\r\n", "\n") == CARD[2].value
    assert (made.count(b"\r\n") == 4) is not fold


def test_a_peer_that_cannot_read_quoted_printable_gets_none() -> None:
    made = write(CARD, True, Form(qp=False, charset_out="cp1252"))
    assert b"QUOTED" not in made and "NOTE;CHARSET=WINDOWS-1252:Größe\\nzwei".encode("cp1252") in made
    kept = parse(b"BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab\r\nX-A:b\r\nEND:VCARD\r\n")
    assert b"NOTE:a\\nb\r\nX-A:b\r\n" in write(kept, True, Form(qp=False))


def test_what_a_charset_lacks_goes_as_utf8() -> None:
    made = write([Property("NOTE", "Größe 日本")], True, Form(charset_out="latin-1"))
    assert b"CHARSET=UTF-8" in made and by_name(made)["NOTE"].value == "Größe 日本"


def test_unfolded_and_with_bare_line_feeds() -> None:
    card = parse(b"BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE:lo\r\n ng\r\nEND:VCARD\r\n")
    assert write(card, False, Form(fold=False)) == b"BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE:long\r\nEND:VCARD\r\n"
    assert write(card, False, Form(crlf=False)) == b"BEGIN:VCARD\nVERSION:3.0\nNOTE:lo\n ng\nEND:VCARD\n"
    photo = Property("PHOTO", "AAEC" * 100, (("ENCODING", "b"),))
    for old in (True, False):
        line = write([photo], old, Form(fold=False))
        assert line.strip().count(b"\n") == 0 and parse(line)[0].value == photo.value
