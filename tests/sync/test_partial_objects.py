"""A peer that marks a mail as read, or renames a file, need not send the content again; ours stays."""

from __future__ import annotations

import pytest
from content.samples_notes import CONTENT, EMAIL, FILE, MESSAGE
from pair import Pair, bodies, edit, fill, fine, transferred

from minisyncml.content.form import Form
from minisyncml.content.formats import convert
from minisyncml.store.memory import MemoryStore

MAIL, FILES = (("application/vnd.omads-email+xml", "1.2"),), (("application/vnd.omads-file+xml", "1.2"),)


@pytest.mark.parametrize("types, whole, part, content", (
    (MAIL, EMAIL, b"<Email><read>false</read></Email>", MESSAGE),
    (FILES, FILE, b"<File><name>new.bin</name></File>", CONTENT),
), ids=("mail", "file"))
def test_what_was_not_sent_again_is_kept(types: "tuple[tuple[str, str], ...]", whole: bytes, part: bytes,
                                         content: bytes) -> None:
    phone, server = MemoryStore(types), MemoryStore(types)
    pair = Pair({"things": phone}, {"things": server})
    [id] = fill(phone, whole, type=types[0][0])
    left, right = pair.sync()
    assert fine(left) and fine(right)
    edit(phone, id, part.decode())
    left, right = pair.sync()
    assert fine(left) and fine(right)
    [body] = bodies(server)
    plain = "message/rfc822" if types is MAIL else "application/octet-stream"
    assert convert(body, types[0][0], Form(type=plain)) == content
    assert part.partition(b">")[2].rpartition(b"</")[0] in body
    left, right = pair.sync()
    assert transferred(left) == 0
