"""What a person would call an item, whatever it is."""

from __future__ import annotations

import pytest
from content.samples_notes import SAMPLES, Sample
from hypothesis import given
from hypothesis import strategies as st

from minisyncml.content.title import MOST, title

TITLES = {
    "plain text": "Shopping", "one line": "Just a title", "nothing": "", "journal of a text": "No title",
    "journal without its title in the text": "Shopping, today", "journal with its title in the text": "Title",
    "journal of a title": "Only this", "vNote of a phone": "Shopping", "SIF-N": "Shopping", "vBookmark": "Café",
    "shortcut": "[InternetShortcut]", "email object": None, "message": "=?utf-8?q?Caf=C3=A9?=",
    "file object": "café & co.bin", "folder object": "Inbox", "plain file": None,
}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_sample_has_its_title(sample: Sample) -> None:
    wanted = TITLES[sample.name]
    assert wanted is None or title(sample.body) == wanted
    assert "\n" not in title(sample.body) and len(title(sample.body)) <= MOST


@pytest.mark.parametrize("body, wanted", (
    (b"BEGIN:VCARD\r\nN:Doe;John;;;\r\nEND:VCARD\r\n", "Doe John"),
    (b"<contact><FirstName>John</FirstName><LastName>Doe</LastName></contact>", "Doe"),
    (b"<appointment><Subject></Subject><Body>R&amp;D &lt;now&gt;</Body></appointment>", "R&D <now>"),
    (b"<Email><emailitem><![CDATA[From: a\r\nSubject: Hello\r\n\r\nx]]></emailitem></Email>", "Hello"),
))
def test_others_have_theirs(body: bytes, wanted: str) -> None:
    assert title(body) == wanted


@given(st.binary(max_size=200), st.sampled_from((b"", b"<", b"<note><Subject>", b"BEGIN:VCARD\r\nFN:")))
def test_anything_has_some(body: bytes, head: bytes) -> None:
    assert len(title(head + body)) <= MOST
