"""Notes, bookmarks, mails and files from anybody: read, or refused with an ItemError, never anything else."""

from __future__ import annotations

import pytest
from content.samples_notes import SAMPLES, Sample, sif
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content import elements
from minisyncml.content.charsets import decoded
from minisyncml.content.form import PLAIN, Form
from minisyncml.content.formats import Format, find
from minisyncml.content.kind import FAMILIES
from minisyncml.content.lines import parse
from minisyncml.errors import ItemError

FORMATS = [format for format in (find(each.type, "", "note" if "journal" in each.name else "") for each in SAMPLES)
           if format is not None]
XML = [format for format in FORMATS if "xml" in format.type or "sif" in format.type]
ROOTS = {"text/x-s4j-sifn": b"note", "application/vnd.omads-email+xml": b"Email",
         "application/vnd.omads-file+xml": b"File", "application/vnd.omads-folder+xml": b"Folder"}


def through(format: Format, body: bytes, form: Form = PLAIN) -> None:
    """Read it, and write it in every format of the family."""
    try:
        found = format.read(body, form)
    except ItemError as error:
        assert error.status in (413, 415) and len(str(error)) < 300
        return
    for other in FORMATS:
        if other.family == format.family:
            try:
                assert isinstance(other.write(found, form), bytes)
            except ItemError:
                pass


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sample with pieces cut out, doubled, or replaced by something odd."""
    sample: Sample = draw(st.sampled_from(SAMPLES))
    body = sample.body
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = start + draw(st.integers(0, 40))
        odd = draw(st.one_of(
            st.binary(max_size=6),
            st.sampled_from((b"", b"<", b"]]>", b"<![CDATA[", b"&x;", b"&#0;", b"\0", b"=\r\n", b"\r\n ", b":", b";",
                             b"BEGIN:VJOURNAL\r\n", b"END:VNOTE\r\n", b"CHARSET=utf-16", b"ENCODING=BASE64"))))
        body = body[:start] + odd + body[end:]
    return body


@given(damaged(), st.sampled_from(FORMATS))
@settings(max_examples=400)
def test_damaged_items_are_taken_or_refused(body: bytes, format: Format) -> None:
    through(format, body)


@given(st.binary(max_size=200), st.sampled_from(FORMATS), st.sampled_from(("utf-8", "latin-1", "utf-16", "none")))
def test_noise_is_taken_or_refused(body: bytes, format: Format, charset: str) -> None:
    through(format, body, Form(charset_in=charset, charset_out=charset))


@given(st.lists(st.tuples(st.sampled_from(("BODY", "SUMMARY", "X-MINISYNCML-KEPT", "X-SIF-COLOR", "X-SIF-A B", "BEGIN",
                                           "DTSTART", "CATEGORIES", "ODD", "URL", "X-IRMC-URL", "EXT", "ATTRIBUTES")),
                          st.text(max_size=20)), max_size=8), st.sampled_from(FORMATS))
def test_odd_properties_are_taken_or_refused(pairs: "list[tuple[str, str]]", format: Format) -> None:
    inner = "".join(f"{name}:{value}\r\n" for name, value in pairs).encode("utf-8", "replace")
    for head in (b"BEGIN:VNOTE\r\nVERSION:1.1\r\n", b"BEGIN:VBKM\r\n",
                 b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VJOURNAL\r\n"):
        through(format, head + inner)


# -- bombs

@pytest.mark.parametrize("format", XML, ids=lambda format: format.type)
@pytest.mark.parametrize("inner", (b"<a>" * 100 + b"</a>" * 100, b"<a/>" * (elements.MAX_ELEMENTS + 1)),
                         ids=("deep", "many"))
def test_xml_too_deep_or_too_long_is_refused(format: Format, inner: bytes) -> None:
    root = ROOTS[format.type]
    with pytest.raises(ItemError) as caught:
        format.read(b"<" + root + b">" + inner + b"</" + root + b">", PLAIN)
    assert caught.value.status == 413


@pytest.mark.parametrize("format", XML, ids=lambda format: format.type)
def test_entities_are_not_expanded_and_nothing_is_fetched(format: Format) -> None:
    root = ROOTS[format.type]
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (at, b"&l%d;" % (at - 1) * 10 if at else b"ha" * 10) for at in range(9))
    for dtd in (b"<!DOCTYPE a [" + laughs + b"]>", b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">',
                b'<!DOCTYPE a [<!ENTITY l8 SYSTEM "file:///etc/passwd">]>', b""):
        with pytest.raises(ItemError):
            format.read(dtd + b"<" + root + b"><name>&l8;</name></" + root + b">", PLAIN)


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.type + format.family)
def test_fifty_megabytes_are_refused(format: Format) -> None:
    with pytest.raises(ItemError) as caught:
        format.read(b"<note>BEGIN:VNOTE\n[InternetShortcut]\nURL=" + bytes(50 << 20), PLAIN)
    assert caught.value.status == 413


def test_a_million_lines_are_refused() -> None:
    for head in (b"BEGIN:VNOTE\r\n", b"BEGIN:VCALENDAR\r\nBEGIN:VJOURNAL\r\n", b"BEGIN:VBKM\r\n"):
        format = find("text/x-vnote" if b"VNOTE" in head else "text/x-vbookmark" if b"VBKM" in head
                      else "text/calendar", "", "note" if b"VJOURNAL" in head else "")
        assert format is not None
        with pytest.raises(ItemError) as caught:
            format.read(head + b"A:1\r\n" * 1_000_000, PLAIN)
        assert caught.value.status == 413


@pytest.mark.parametrize("charset", ("punycode", "idna", "utf-16", "utf-32", "zlib", "unicode_escape", "no-such-thing"))
def test_a_charset_that_cannot_be_is_utf_8(charset: str) -> None:
    body = f'<?xml version="1.0" encoding="{charset}"?><note><Body>ä</Body></note>'.encode()
    found = elements.read_elements(body, "note")
    assert [each.name for each in found] == ["Body"]


def test_categories_by_the_thousand_are_one_line_each_way() -> None:
    words = ",".join(f"word {number}" for number in range(20_000))
    sift = find("text/x-s4j-sifn")
    assert sift is not None
    found = sift.read(sif(("Body", "x"), ("Categories", words)), PLAIN)
    for format in FORMATS:
        if format.family == "note":
            assert len(format.write(found, PLAIN)) < 2_000_000


def test_every_type_of_mine_was_tried() -> None:
    assert {format.type for format in FORMATS} == {name for name, family in FAMILIES.items() if family not in (
        "contact", "calendar")} | {"text/calendar"}


@pytest.mark.parametrize("charset", ("punycode", "PunyCode", "-idna-", "zlib", "undefined", "", "\0", "é"))
def test_charsets_that_are_none_cost_nothing(charset: str) -> None:
    assert decoded(b"a" * 10 + b"-9999", charset) is None
    [found] = parse(f"BODY;CHARSET={charset}:aaa-9999\r\n".encode())
    assert found.value == "aaa-9999"
