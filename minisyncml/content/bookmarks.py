"""Bookmarks: vBookmark 1.0 of IrMC, which is the hub, and the shortcuts of desktops.

Phones say the address a second time, as a shortcut in an envelope (X-IRMC-URL); the two are kept the same.
"""

from __future__ import annotations

from typing import Iterator, Sequence

from minisyncml.content.form import Form
from minisyncml.content.formats import Format
from minisyncml.content.lines import MAX_SIZE, Property, begins, parse, write
from minisyncml.errors import ItemError

_SHORTCUT = "[InternetShortcut]"


def _value(found: "Sequence[Property]", name: str) -> str:
    return next((" ".join(each.value.split()) for each in found if each.name == name), "")


class VBookmark(Format):
    """vBookmark 1.0."""

    type = "text/x-vbookmark"
    version = "1.0"
    family = "bookmark"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        found = parse(body, form.charset_in)
        if not begins(found, "VBKM"):
            raise ItemError("this is no vBookmark")
        return found

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        return write(_refreshed(found), True, form)


def _refreshed(found: "Sequence[Property]") -> "Iterator[Property]":
    """With the address in the envelope where somebody changed the other one."""
    url = _value(found, "URL")
    second = next((each.value for each in found if each.name == "X-IRMC-URL"), None)
    stale = second is not None and bool(url) and f"URL={url}".upper() not in "".join(second.split()).upper()
    inside = False
    for each in found:
        mark = each.value.strip().upper() if each.name in ("BEGIN", "END") else ""
        if stale and each.name == "X-IRMC-URL":
            yield Property("X-IRMC-URL", "", raw=_envelope(url))
            inside = True
        elif inside and mark in ("ENV", "VBKM"):
            if mark == "VBKM":      # the old envelope had swallowed its own end
                yield Property("END", "ENV")
            inside = False
            yield each
        elif not inside:
            yield each


def _envelope(url: str) -> bytes:
    return f"X-IRMC-URL;QUOTED-PRINTABLE:=\r\n{_SHORTCUT} =\r\nURL={url}\r\n".encode("utf-8", "replace")


class Shortcut(Format):
    """A file `.url`. Its name is the title elsewhere; here it stands in a line of its own."""

    type = "application/x-mswinurl"
    family = "bookmark"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        if len(body) > MAX_SIZE:
            raise ItemError(f"a shortcut of {len(body)} bytes is too large", 413)
        pairs: "dict[str, str]" = {}
        for line in body.decode("utf-8", "replace").splitlines():
            name, equals, value = line.partition("=")
            if equals:
                pairs.setdefault(name.strip().upper(), value.strip())
        if "URL" not in pairs:
            raise ItemError("there is no address in it")
        found = [Property("BEGIN", "VBKM"), Property("VERSION", "1.0"), Property("URL", pairs["URL"])]
        found += [Property("TITLE", pairs["TITLE"])] if "TITLE" in pairs else []
        return [*found, Property("END", "VBKM")]

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        url, title = _value(found, "URL"), _value(found, "TITLE")
        if not url:
            raise ItemError("there is no address in it")
        lines = [_SHORTCUT, f"URL={url}", *([f"Title={title}"] if title else []), ""]
        return "\r\n".join(lines).encode("utf-8", "replace")


FORMATS = (VBookmark(), Shortcut())
