"""One outgoing message, filled command by command up to an exact number of bytes.

The Writer counts what the finished message will have: header, commands, the closing tags and a Final. A command that
would go past the limit is not taken, and nothing has changed. What to send and when is decided elsewhere.
"""

from __future__ import annotations

import sys
from typing import Optional, Union

from minisyncml.codec import wbxml, xml
from minisyncml.codec.node import Node
from minisyncml.codec.tokens import CONTENT, END, SWITCH_PAGE, SYNCML
from minisyncml.message.commands import Command, Header, ItemCommand, Meta, Sync
from minisyncml.message.fields import Writing
from minisyncml.message.schema import META, write_command, write_header, write_part
from minisyncml.message.templates import Templates

#: how much longer a byte gets in XML at most: & becomes &amp;
_ESCAPE = 5
_TO_PAGE_0 = bytes((SWITCH_PAGE, 0))
_SYNCML, _SYNCBODY = (bytes((SYNCML[tag] | CONTENT,)) for tag in ("SyncML", "SyncBody"))


#: what a document begins with
_OPENINGS = {version: wbxml.header(version, "syncml") + _SYNCML for version in ("1.0", "1.1", "1.2")}


class _Wbxml:
    """Commands as WBXML; `page` is the code page that the bytes written so far have left selected."""

    CLOSE = bytes((END,))               #: the end of a Sync

    def __init__(self, version: str, table: bool = False) -> None:
        self.writing = Writing(version)
        self._table = table
        self._templates = Templates(self._meta, version)
        self._encode = self._templates.encode

    def start(self, header: Header) -> "tuple[bytes, int]":
        version = self.writing.version
        opening = None if self._table else _OPENINGS.get(version)
        opening = opening or wbxml.header(version, "syncml", fpi=self._table) + _SYNCML
        quick = self._templates.start(header)
        if quick is not None:
            return opening + quick, 0
        head, page = wbxml.fragment(write_header(header, self.writing), 0)
        return b"".join((opening, head, _TO_PAGE_0 if page else b"", _SYNCBODY)), 0

    def command(self, command: Command, page: int) -> "tuple[bytes, int]":
        quick = self._encode(command)
        if quick is not None:
            return (_TO_PAGE_0 + quick if page else quick), 0
        return wbxml.fragment(write_command(command, self.writing), page)

    def further(self, command: ItemCommand, page: int) -> Optional[bytes]:
        return None if page else self._templates.further(command.items)

    def opening(self, sync: Sync, page: int) -> "tuple[bytes, int]":
        quick = self._templates.opening(sync)
        if quick is not None:
            return (_TO_PAGE_0 + quick if page else quick), 0
        data, page = wbxml.fragment(write_command(sync, self.writing), page)
        return data[:-1], page

    @staticmethod
    def tail(page: int, inside: bool, final: bool) -> bytes:
        switch = _TO_PAGE_0 if page and final else b""
        last = switch + bytes((SYNCML["Final"],)) if final else b""
        return (_Wbxml.CLOSE if inside else b"") + last + bytes((END, END))

    def fit(self, room: int, data: bytes) -> int:
        room -= 2                           # OPAQUE and the END that an empty Data does not have
        return max(0, min(len(data), room - len(wbxml.mb(max(room, 0)))))

    def _meta(self, meta: Meta) -> bytes:
        node = write_part(META, "Meta", meta, self.writing)
        return wbxml.fragment(node, 0)[0] if node.children else b""


class _Xml:
    """Commands as XML text; there are no pages."""

    CLOSE = b"</Sync>"

    def __init__(self, version: str, namespace: bool) -> None:
        self.writing = Writing(version, xml=True)
        self._namespace = namespace

    def start(self, header: Header) -> "tuple[bytes, int]":
        root = f"<SyncML{xml.root_tag(self.writing.version, 'syncml', self._namespace)}>"
        head = self._fragment(write_header(header, self.writing))
        return xml.DECLARATION + root.encode() + head + b"<SyncBody>", 0

    def command(self, command: Command, page: int) -> "tuple[bytes, int]":
        return self._fragment(write_command(command, self.writing)), 0

    def further(self, command: ItemCommand, page: int) -> Optional[bytes]:
        return None     # who wants few bytes takes WBXML

    def opening(self, sync: Sync, page: int) -> "tuple[bytes, int]":
        data = self._fragment(write_command(sync, self.writing))
        return data[:data.rindex(b"</")], 0

    def _fragment(self, node: Node) -> bytes:
        return xml.fragment(node, "", self._namespace)

    @staticmethod
    def tail(page: int, inside: bool, final: bool) -> bytes:
        return (_Xml.CLOSE if inside else b"") + (b"<Final/>" if final else b"") + b"</SyncBody></SyncML>"

    def fit(self, room: int, data: bytes) -> int:
        room -= len("</Data>") - 1          # <Data/> becomes <Data></Data>
        part = data[:max(0, room)]
        while part:
            size = len(part) + 4 * part.count(b"&") + 3 * (part.count(b"<") + part.count(b">")) + 4 * part.count(b"\r")
            if size <= room:
                break
            part = part[:-max(1, (size - room) // _ESCAPE)]
        return _character_start(data, len(part))


def _character_start(data: bytes, end: int) -> int:
    """The last place at or before `end` that does not split a UTF-8 character of `data`."""
    while 0 < end < len(data) and data[end] & 0xC0 == 0x80:
        end -= 1
    return end


#: bytes after the commands, by page and whether a Sync is open
_TAILS: "dict[type, list[list[int]]]" = {
    dress: [[len(dress.tail(page, inside, True)) for inside in (False, True)] for page in (0, 1)]
    for dress in (_Wbxml, _Xml)}


class Writer:
    """Builds one message.

    :param header: its SyncHdr
    :param encoding: "wbxml" or "xml"
    :param limit: bytes that the finished message may have, None for any number
    :param version: SyncML version: public identifier or namespace, and which elements exist
    :param namespace: whether an XML root says its namespace (some 1.0 peers want none)
    :param table: whether WBXML names its document in a string table, as some early devices want it, not by number
    :raises ItemError: a header that XML cannot hold
    """

    def __init__(self, header: Header, encoding: str = "wbxml", limit: Optional[int] = None, version: str = "1.2",
                 namespace: bool = True, table: bool = False) -> None:
        self._dress: Union[_Wbxml, _Xml] = _Xml(version, namespace) if encoding == "xml" \
            else _Wbxml(version, table)
        self._command = self._dress.command
        head, self._page = self._dress.start(header)
        self._parts = [head]
        self._bytes = len(head)
        self._limit = sys.maxsize if limit is None else limit
        self._inside = False
        self._end = b""         # of the command that took further items; already counted
        self._tails = _TAILS[self._dress.__class__]

    @property
    def size(self) -> int:
        """Bytes of the message if it were finished now, with Final."""
        return self._bytes + self._tails[self._page][self._inside]

    def room(self) -> int:
        """How far the message is from its limit.

        :returns: bytes, negative when the header alone is too long
        """
        return self._limit - self.size

    def add(self, command: Command) -> bool:
        """Append a command, inside the open Sync when there is one.

        :param command: any command, complete with its children
        :returns: whether it fitted; if not, nothing has changed
        :raises ItemError: item data that XML cannot hold
        :raises LocalProtocolError: a command that the version does not have
        """
        data, page = self._command(command, self._page)
        size = self._bytes + len(data)
        if size + self._tails[page][self._inside] > self._limit:
            return False
        if self._end:
            self._close()
        self._parts.append(data)
        self._bytes = size
        self._page = page
        return True

    def extend(self, command: ItemCommand) -> bool:
        """Append items to the command that was added last.

        :param command: of its class and with its Meta and flags; only the items count
        :returns: whether they fitted; if not, or where such items cannot be appended, nothing has changed
        """
        data = self._dress.further(command, self._page)
        if data is None or self._bytes + len(data) - 1 + self._tails[self._page][self._inside] > self._limit:
            return False
        if not self._end:
            self._end = self._parts[-1][-1:]
            self._parts[-1] = self._parts[-1][:-1]
        self._parts.append(data[:-1])
        self._bytes += len(data) - 1
        return True

    def _close(self) -> None:
        self._parts.append(self._end)
        self._end = b""

    def open_sync(self, sync: Sync) -> bool:
        """Begin a Sync whose children are added one by one.

        :param sync: the container; commands that it already has are written first
        :returns: whether it fitted; if not, nothing has changed
        """
        data, page = self._dress.opening(sync, self._page)
        size = self._bytes + len(data)
        if self._inside or size + self._tails[page][True] > self._limit:
            return False
        self._close()
        self._parts.append(data)
        self._bytes = size
        self._page = page
        self._inside = True
        return True

    def close_sync(self) -> None:
        """End the open Sync, if there is one."""
        if self._inside:
            self._close()
            end = self._dress.CLOSE
            self._parts.append(end)
            self._bytes += len(end)
            self._inside = False

    def fit(self, command: ItemCommand, data: bytes) -> int:
        """How much of an item's data one message can take: the length of a chunk of a large object.

        The number is exact but for a few bytes, and never too high: `add` of the command with so much of `data` works.

        :param command: with one item, as it will be sent, only that its item's data is b""
        :param data: what is still to be sent, for XML :func:`~minisyncml.message.fields.xml_safe`
        :returns: bytes from the beginning of `data`; in XML never the middle of a character
        """
        frame, page = self._command(command, self._page)
        room = self._limit - self._bytes - len(frame) - self._tails[page][self._inside]
        return self._dress.fit(room, data)

    def finish(self, final: bool = False) -> bytes:
        """The message.

        :param final: whether it ends its package
        :returns: the document, at most `limit` bytes unless the header alone is longer
        """
        self._close()
        return b"".join((*self._parts, self._dress.tail(self._page, self._inside, final)))
