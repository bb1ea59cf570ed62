"""Documents of tests/vectors/wbxml.md: shown as XML, encoded again, cut short, with a tail."""

from __future__ import annotations

import pytest
from codec.documents import Vector, vectors

from minisyncml import codec
from minisyncml.codec import text, wbxml
from minisyncml.errors import DecodeError
from minisyncml.limits import DEFAULT

each = pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)


@each
def test_readable(vector: Vector) -> None:
    shown = text.wbxml_to_xml(vector.data)
    assert shown.split("?>\n", 1)[1] == vector.xml + "\n"
    general = text._Indented(DEFAULT).document(wbxml.context(vector.data))
    assert vector.xml.endswith(general)


@each
def test_back(vector: Vector) -> None:
    again = text.xml_to_wbxml(text.wbxml_to_xml(vector.data).encode(), vector.data[0])
    assert (again == vector.data) is vector.both_ways


@each
def test_tree(vector: Vector) -> None:
    document = codec.decode(vector.data)
    again = codec.decode(codec.encode(document.root, "wbxml", document.version or "1.2", document.kind))
    assert again.root == document.root
    assert document.wbxml == f"1.{vector.data[0]}"


@each
def test_cut_short(vector: Vector) -> None:
    whole = codec.decode(vector.data).root
    if vector.data.endswith(b"\0\0\0"):         # the case of padding
        return
    for end in range(len(vector.data)):
        with pytest.raises(DecodeError) as caught:
            codec.decode(vector.data[:end])
        assert -1 <= caught.value.offset <= end
    assert codec.decode(vector.data + b"\x01tail\xff").root == whole
