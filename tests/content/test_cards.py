"""vCards to another version and back: what they say stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.cli.main import main
from minisyncml.content.cards import VERSIONS, convert
from minisyncml.content.lines import Property, parse, write
from minisyncml.content.pieces import pieces
from minisyncml.errors import ItemError

ITEMS = Path(os.environ.get("MINISYNCML_SHARED", ROOT.parent / "shared")) / "corpus" / "items"
NAMES = ("N", "FN", "ADR", "ORG", "TEL", "EMAIL", "NOTE", "CATEGORIES", "NICKNAME", "URL", "X-OTHER", "LABEL", "TITLE")
OLD = (b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Love\\;lace;Ada, B.\r\nTEL;CELL;PREF:1\r\nBDAY:1815-12-10\r\n"
       b"NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo, three;=\r\n four\r\nPHOTO;JPEG;ENCODING=BASE64:\r\n AAEC\r\n\r\n"
       b"END:VCARD\r\n")


def lines(body: bytes) -> "list[str]":
    return body.replace(b"\r\n ", b"").decode().split("\r\n")


def said(body: bytes) -> "list[tuple[object, ...]]":
    """The properties with their type sets, without frame and without the names that a version demands."""
    made = []
    for each in parse(body):
        words = {word.strip('"').upper() for name, value in each.params if name in ("", "TYPE")
                 for word in value.strip('"').split(",")} - {"QUOTED-PRINTABLE", "BASE64"}
        words |= {"PREF"} if ("PREF", "1") in each.params else set()
        rest = [each.param(name) for name in ("VALUE", "LANGUAGE")]
        value = each.value.replace("\r\n", "\n").replace("\\N", "\\n")
        value = value.rstrip(";") if each.name in ("N", "ADR", "ORG") else value
        value = value.replace("-", "") if each.name == "BDAY" else value
        made.append((each.group, each.name, sorted(words), rest, value))
    return [row for row in made if row[1] and row[1] not in ("FN", "N")] + [row for row in made if row[1] == "N"][:1]


def test_to_the_newer_ones() -> None:
    three = lines(convert(OLD, "3.0"))
    assert "N:Love\\;lace;Ada\\, B." in three and "FN:Ada\\, B. Love\\;lace" in three
    assert "TEL;TYPE=CELL,PREF:1" in three and "PHOTO;TYPE=JPEG;ENCODING=b:AAEC" in three
    assert "NOTE:one\\ntwo\\, three\\; four" in three
    four = lines(convert(OLD, "4.0"))
    assert "TEL;TYPE=CELL;PREF=1:1" in four and "PHOTO:data:image/jpeg;base64,AAEC" in four


@pytest.mark.parametrize("to", ["3.0", "4.0"])
def test_there_and_back(to: str) -> None:
    assert said(convert(convert(OLD, to), "2.1")) == said(OLD)


def test_what_the_old_form_cannot_say_comes_back_unless_it_was_changed() -> None:
    new = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nN:A;B,C\r\nEND:VCARD\r\n"
    old = convert(new, "2.1")
    assert "N:A;B,C" in lines(old)
    assert "N:A;B,C" in lines(convert(old, "3.0"))
    assert "N:A;B\\,D" in lines(convert(old.replace(b"\r\nN:A;B,C", b"\r\nN:A;B,D"), "3.0"))


@pytest.mark.parametrize("source", VERSIONS)
@pytest.mark.parametrize("to", VERSIONS)
@given(rows=st.lists(st.tuples(st.sampled_from(NAMES), st.text("aé,;\\n \n:=\"", max_size=12),
                               st.sets(st.sampled_from(["HOME", "WORK", "PREF"]))), max_size=5))
@settings(max_examples=40, deadline=None)
def test_generated_cards_come_back(source: str, to: str, rows: "list[tuple[str, str, set[str]]]") -> None:
    made = [Property("BEGIN", "VCARD"), Property("VERSION", source), Property("FN", "a"), Property("N", "a")]
    for name, value, types in rows:
        value = value.replace("\\", "") if name in ("N", "ADR", "ORG") else value
        value = value.replace("\n", "") if name in ("TEL", "EMAIL", "URL") else value
        if source != "2.1":
            for sign, word in (("\\", "\\\\"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
                value = value.replace(sign, word)
        made.append(Property(name, value, tuple(("TYPE", word) for word in sorted(types))))
    body = write([*made, Property("END", "VCARD")], source == "2.1")
    again = convert(convert(body, to), source)
    assert said(again) == said(body)


@pytest.mark.parametrize("to", ["3.0", "4.0"])
def test_a_line_break_begins_no_property(to: str) -> None:
    body = OLD.replace(b"TEL;CELL;PREF:1", b"TEL;QUOTED-PRINTABLE:1=0D=0AX-EVIL:2").replace(b"=0D=0At", b"=0DX-EVIL:t")
    assert "X-EVIL" not in {each.name for each in parse(convert(body, to))}


@pytest.mark.skipif(not ITEMS.is_dir(), reason="no corpus")
@pytest.mark.parametrize("to", VERSIONS)
@pytest.mark.parametrize("name", ["vcard21.vcf", "eds_contact.vcf"])
def test_cards_of_real_programs_come_back(name: str, to: str) -> None:
    version = "2.1" if name == "vcard21.vcf" else "3.0"
    for body in pieces((ITEMS / name).read_bytes()):
        assert sorted(said(convert(convert(body, to), version))) == sorted(said(body))


def test_no_card_is_refused() -> None:
    with pytest.raises(ItemError):
        convert(b"BEGIN:VNOTE\r\nEND:VNOTE\r\n", "3.0")


@pytest.mark.parametrize("odd", (b"AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nN:In;Ner\r\nEND:VCARD\r\n",
                                 b"lost text\r\n"))
def test_what_would_get_lost_is_refused(odd: bytes) -> None:
    body = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A;B\r\n" + odd + b"END:VCARD\r\n"
    with pytest.raises(ItemError, match="AGENT|get lost"):
        convert(body, "3.0")
    assert convert(body, "2.1") == body


def test_nothing_is_converted_onto_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "a.vcf"
    card.write_bytes(OLD)
    for place in (card, tmp_path):
        assert main(["convert", str(place), str(place), "--to", "vcard3.0"]) == 2
        assert "the same" in capsys.readouterr().err
    assert card.read_bytes() == OLD and os.listdir(tmp_path) == ["a.vcf"]


def test_the_verb_names_what_fails_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "in"
    there.mkdir()
    (there / "a.vcf").write_bytes(b"BEGIN:VNOTE\r\nEND:VNOTE\r\n" + OLD)
    (there / "b.vcf").write_bytes(OLD)
    assert main(["convert", str(there), str(tmp_path / "out"), "--to", "vcard3.0"]) == 1
    assert "a.vcf: item 1: this is no vCard" in capsys.readouterr().err
    for name in ("a.vcf", "b.vcf"):
        assert (tmp_path / "out" / name).read_bytes() == convert(OLD, "3.0")
    assert main(["convert", str(there / "b.vcf"), str(tmp_path / "c.vcf"), "--to", "vcard4.0"]) == 0
    assert main(["convert", str(tmp_path / "none"), "--to", "vcard4.0"]) == 2
