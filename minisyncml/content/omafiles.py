"""Files: plain bytes, and the file and folder objects of OMA DS 1.2 around them. Content comes through byte for byte.

A name is kept as its sender wrote it; who makes a file of it asks :func:`safe_name`.
"""

from __future__ import annotations

from typing import Optional, Sequence

from minisyncml.content.elements import Element
from minisyncml.content.form import Form
from minisyncml.content.formats import FOLDER, Format
from minisyncml.content.lines import Property, begins
from minisyncml.content.omads import Content, content_of, holding, read, write
from minisyncml.errors import ItemError

_LONGEST = 200          #: bytes of a name: file systems take 255, and somebody may want to put a number behind it
_ODD = '<>:"|?*'        # what some file system does not take
_DEVICES = frozenset(("CON", "PRN", "AUX", "NUL", *(f"{name}{number}" for name in ("COM", "LPT")
                                                    for number in range(1, 10))))


class File(Format):
    """A file with its name, dates and attributes, content in base64."""

    type = "application/vnd.omads-file+xml"
    family = "file"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        return read(body, ("File",), "body")

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        if begins(found, "FOLDER"):
            raise ItemError("a folder is no file")
        content = content_of(found)
        if content is None:
            return write("File", found, None)
        kept = [each for each in found if each.name != "SIZE"]
        body = next(each.value for each in found if each.name == "BODY")
        return write("File", [*kept, Property("SIZE", str(len(content)))],
                     Element("body", body, (("enc", "base64"),)))


class Folder(Format):
    """A folder: name, dates, attributes, role."""

    type = "application/vnd.omads-folder+xml"
    family = "file"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        return read(body, ("Folder",), "body")

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        if not begins(found, "FOLDER"):
            raise ItemError("a file is no folder")
        return write("Folder", found, None)


FORMATS = (Content("application/octet-stream", "file", "FILE"), File(), Folder())


def packed(name: str, content: bytes, modified: str = "", folder: str = "") -> bytes:
    """A file object.

    :param name: of the file
    :param content: what is in it
    :param modified: when it was changed, in UTC, `20090401T145153Z`; empty: not known
    :param folder: in which it is, `a/b`, below that which is synced; only programs of our kind read that
    :returns: the XML
    """
    found = [Property("BEGIN", "FILE"), Property("NAME", name), holding(content)]
    found += [Property("MODIFIED", modified)] if modified else []
    found += [Property("EXT", folder, (("NAME", FOLDER),))] if folder else []
    return FORMATS[1].write(found, Form())


def taken_apart(body: bytes) -> "tuple[str, Optional[str], str, bytes]":
    """What a folder of files keeps of a file object.

    :param body: the XML
    :returns: the name and the folder, not to be trusted, the folder None where it names none; when it was changed, as
        it was written, empty where that is not said; the content
    :raises ItemError: when it is no file object, or has no content
    """
    found = FORMATS[1].read(body, Form())
    content = content_of(found)
    if content is None:
        raise ItemError("it has no content")
    said = {each.name: each.value for each in reversed(found) if each.name != "EXT"}
    folder = next((each.value for each in found if each.name == "EXT" and each.param("NAME") == FOLDER), None)
    return said.get("NAME", ""), folder, said.get("MODIFIED", ""), content


def safe_name(name: str) -> str:
    """A name that cannot lead out of a folder, for any file system.

    :param name: as a peer wrote it
    :returns: one part of a path, never empty, never hidden, at most 200 bytes in UTF-8; its extension is kept
    """
    name = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = "".join("_" if sign in _ODD else sign for sign in name if sign.isprintable())
    name = name.strip(" ").lstrip(".").rstrip(". ").lstrip(" ")
    if name.partition(".")[0].strip().upper() in _DEVICES:
        name = "_" + name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16:
        stem, dot, extension = name, "", ""
    room = _LONGEST - len((dot + extension).encode("utf-8"))
    stem = stem.encode("utf-8", "replace")[:max(room, 1)].decode("utf-8", "ignore").rstrip(". ")
    return (stem + dot + extension) or "unnamed"
