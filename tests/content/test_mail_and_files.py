"""Mail and files in the objects of OMA DS: the content comes through byte for byte, the rest is kept."""

from __future__ import annotations

import base64

import pytest
from content.samples_notes import CONTENT, EMAIL, FILE, FOLDER, MESSAGE
from hypothesis import example, given
from hypothesis import strategies as st

from minisyncml.content import elements
from minisyncml.content.form import PLAIN, Form
from minisyncml.content.formats import convert, find, hub
from minisyncml.content.kind import lacks_content
from minisyncml.content.omads import completed, content_of
from minisyncml.content.omafiles import packed, safe_name, taken_apart
from minisyncml.errors import ItemError

MAIL, EMAIL_TYPE = "message/rfc822", "application/vnd.omads-email+xml"
RAW, FILE_TYPE = "application/octet-stream", "application/vnd.omads-file+xml"
FOLDER_TYPE = "application/vnd.omads-folder+xml"


def rewritten(body: bytes, media_type: str) -> bytes:
    """Read and written again."""
    format = find(media_type)
    assert format is not None
    return format.write(format.read(body, PLAIN), PLAIN)


# -- mail

@given(st.binary(max_size=300))
@example(MESSAGE)
@example(b"From: a\r\n\r\n]]>\r\n.\r\n")
@example(b"bare\nline\rends \t\n")
@example(CONTENT)
@example(b"")
@example(b"<![CDATA[")
@example(b"\0\r\n]]>" + b"a" * 200 + b" " * 80 + b"\r\n<b/>")
def test_a_message_comes_through_byte_for_byte(message: bytes) -> None:
    body = convert(message, MAIL, Form(type=EMAIL_TYPE))
    assert convert(body, EMAIL_TYPE, Form(type=MAIL)) == message
    assert elements.first(elements.read_elements(body, "email"), "emailitem") is not None   # it is sound XML


@pytest.mark.parametrize("item, message", (
    (b"<emailitem><![CDATA[" + MESSAGE.replace(b"]]>", b"]]]]><![CDATA[>") + b"]]></emailitem>", MESSAGE),
    (b"<emailitem>\n<![CDATA[a\r\nb]]&gt;\n</emailitem>", b"a\r\nb"),
    (b"<emailitem enc='quoted-printable'>&lt;![CDATA[a=0D=0A=\r\nb]]&gt;</emailitem>", b"a\r\nb"),
    (b'<emailitem enc="quoted-printable"><![CDATA[a=3Db=\r\nc]]></emailitem>', b"a=bc"),
    (b'<emailitem enc="base64">' + base64.encodebytes(MESSAGE) + b"</emailitem>", MESSAGE),
    (b"<emailitem>a &lt;b&gt; &amp;amp;\r\n</emailitem>", b"a <b> &amp;\r\n"),
    (b"<emailitem></emailitem>", b""),
))
def test_messages_as_peers_wrap_them(item: bytes, message: bytes) -> None:
    declared = b'<?xml version="1.0"?>\n<email>' + item + b"</email>"
    for body in (b"<Email><read>true</read>" + item + b"</Email>", declared):
        assert convert(body, EMAIL_TYPE, Form(type=MAIL)) == message


def test_flags_dates_and_extensions_are_kept() -> None:
    found = [(each.name, each.value) for each in hub(EMAIL, EMAIL_TYPE)[1] if each.name != "BODY"]
    assert found == [("BEGIN", "EMAIL"), ("READ", "true"), ("FORWARDED", "false"), ("REPLIED", "true"),
                     ("RECEIVED", "20090409T080000Z"), ("CREATED", "20090409T075900Z"),
                     ("MODIFIED", "20090410T080000Z"), ("DELETED", "false"), ("FLAGGED", "true"), ("EXT", "1234"),
                     ("END", "EMAIL")]
    again = rewritten(EMAIL, EMAIL_TYPE)
    assert hub(again, EMAIL_TYPE) == hub(EMAIL, EMAIL_TYPE)
    assert content_of(hub(again, EMAIL_TYPE)[1]) == MESSAGE


def test_flags_alone_are_an_email_object_but_no_message() -> None:
    body = b"<Email><read>true</read></Email>"
    assert content_of(hub(body, EMAIL_TYPE)[1]) is None
    assert b"<read>true</read></Email>" in rewritten(body, EMAIL_TYPE)
    with pytest.raises(ItemError):
        convert(body, EMAIL_TYPE, Form(type=MAIL))


def test_a_changed_flag_is_no_new_message() -> None:
    said = b"<Email><read>false</read><answered>true</answered></Email>"
    assert lacks_content(EMAIL_TYPE, said) and not lacks_content(EMAIL_TYPE, EMAIL) and not lacks_content(MAIL, MESSAGE)
    body = completed(EMAIL, said)
    before = {(each.name, each.value) for each in hub(EMAIL, EMAIL_TYPE)[1]}
    assert {(each.name, each.value) for each in hub(body, EMAIL_TYPE)[1]} ^ before == {
        ("READ", "true"), ("READ", "false"), ("ANSWERED", "true")}
    assert convert(body, EMAIL_TYPE, Form(type=MAIL)) == MESSAGE


def test_a_changed_name_is_no_new_file() -> None:
    said = b"<File><name>new.bin</name><attributes><r>false</r></attributes></File>"
    assert lacks_content(FILE_TYPE, said) and not lacks_content(FILE_TYPE, FILE)
    body = completed(FILE, said)
    assert (taken_apart(body)[0], taken_apart(body)[-1]) == ("new.bin", CONTENT)
    assert b"<r>false</r>" in body and b"<w>true</w>" in body and b"<modified>20090402T120000Z</modified>" in body


@pytest.mark.parametrize("theirs, wanted", ((FILE, FILE), (b"no XML", EMAIL), (EMAIL, EMAIL), (b"<File/>", EMAIL)))
def test_what_cannot_be_completed_leaves_one_of_both(theirs: bytes, wanted: bytes) -> None:
    assert completed(FILE if wanted is FILE else EMAIL, theirs) == wanted


def test_what_is_not_known_comes_back_as_it_was() -> None:
    body = (b'<?xml version="1.0" encoding="UTF-8"?><Email><read>true</read><Odd>1</Odd><X-y>2</X-y>'
            b"<More><a>1</a><b>2</b></More></Email>")
    assert rewritten(body, EMAIL_TYPE) == body


# -- files

@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=30))
@example(CONTENT, "../../etc/passwd")
@example(b"", "a&b<c>.txt")
@example(b"BEGIN:VCARD\r\nEND:VCARD\r\n", "me.vcf")
def test_a_file_comes_through_byte_for_byte(content: bytes, name: str) -> None:
    body = packed(name, content, "20090401T145153Z")
    assert (taken_apart(body)[0], taken_apart(body)[-1]) == (name, content)
    assert convert(body, FILE_TYPE, Form(type=RAW)) == content
    assert convert(convert(content, RAW, Form(type=FILE_TYPE)), FILE_TYPE, Form(type=RAW)) == content


def test_a_file_object_comes_back_whole() -> None:
    assert rewritten(FILE, FILE_TYPE) == FILE
    assert (taken_apart(FILE)[0], taken_apart(FILE)[-1]) == ("café & co.bin", CONTENT)


@pytest.mark.parametrize("body, content", (
    (b"<File>\n<name>a.txt</name>\n<size>3</size><body>a\r\nb</body></File>", b"a\r\nb"),
    (b'<File><name>a</name><body enc="Base64">\n' + base64.encodebytes(CONTENT) + b"</body></File>", CONTENT),
    (b"<File><name>a</name><body enc='quoted-printable'>=00=FF</body></File>", b"\0\xff"),
    (b"<File><name>a</name><body><![CDATA[<x>&amp;\r\n]]></body></File>", b"<x>&amp;\r\n"),
    ('<?xml version="1.0" encoding="UTF-16"?><File><name>a</name><body>b</body></File>'.encode("utf-16"), b"b"),
))
def test_files_as_peers_wrap_them(body: bytes, content: bytes) -> None:
    assert taken_apart(body)[-1] == content


def test_a_file_without_content_is_no_empty_file() -> None:
    for body in (b"<File><name>a</name><size>3</size></File>", b"<File><name>a</name><body/></File>"):
        with pytest.raises(ItemError):
            convert(body, FILE_TYPE, Form(type=RAW))


def test_a_folder_is_no_file_and_keeps_what_it_says() -> None:
    assert rewritten(FOLDER, FOLDER_TYPE).endswith(FOLDER)
    for form in (Form(type=RAW), Form(type=FILE_TYPE)):
        with pytest.raises(ItemError):
            convert(FOLDER, FOLDER_TYPE, form)
    with pytest.raises(ItemError):
        convert(FILE, FILE_TYPE, Form(type=FOLDER_TYPE))


# -- names

@pytest.mark.parametrize("name, safe", (
    ("report.pdf", "report.pdf"), ("../../etc/passwd", "passwd"), ("..\\..\\boot.ini", "boot.ini"), ("/", "unnamed"),
    ("..", "unnamed"), ("", "unnamed"), ("a\0b\n.txt", "ab.txt"), (".ssh", "ssh"), ("C:\\x\\CON", "_CON"),
    ("nul.txt", "_nul.txt"), ("a<b>:c?.txt", "a_b__c_.txt"), ("dir/", "dir"), ("end. . ", "end"),
    ("\u202egpj.exe", "gpj.exe"), ("ä" * 300 + ".jpeg", "ä" * 97 + ".jpeg"), ("x" * 300, "x" * 200),
    ("café.txt", "café.txt"), ("a." + "b" * 300, "a." + "b" * 198),
))
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text())
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe and safe.isprintable() and not set(safe) & set('/\\<>:"|?*\0')
    assert safe[0] not in ". " and safe[-1] not in ". " and len(safe.encode("utf-8", "replace")) <= 220
    assert safe_name(safe) == safe


# -- what is none

@pytest.mark.parametrize("media_type, body", [
    (media_type, body) for media_type in (EMAIL_TYPE, FILE_TYPE, FOLDER_TYPE) for body in (
        b"", b"no XML", b"<a/>", b"<Email>", b"<File><body>", b"\xff\xfe<", b"</File>", b"<body></body>",
        b'<!DOCTYPE File [<!ENTITY a "b">]><File><name>&a;</name></File>', b"<File><name>a</name><body/><x></File>")])
def test_what_is_no_object_is_said_to_be_none(media_type: str, body: bytes) -> None:
    with pytest.raises(ItemError):
        hub(body, media_type)


def test_content_that_is_cut_off_is_refused() -> None:
    for item in (b"<body enc='base64'>QUJ</body>", b"<body><![CDATA[a</body>"):
        with pytest.raises(ItemError):
            taken_apart(b"<File><name>a</name>" + item + b"</File>")
