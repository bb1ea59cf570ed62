"""WBXML of what comes by the thousand, without a tree: Add, Replace, Delete, Status and Map; header and Sync opening.

Only the plain shapes; whatever has a part that is not named here gets None and goes the general way of `writer`. Each
template says the same as the schema does, tests hold the two against each other. Every element written here is on
code page 0 but for Meta, whose bytes are made once by the general way and kept.

Tags are below 0x80, so a template is text, and one count of its NULs shows whether a value smuggled one in.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from minisyncml.codec.tokens import CONTENT, END, OPAQUE, STR_I, SWITCH_PAGE, SYNCML
from minisyncml.codec.wbxml import mb
from minisyncml.message.commands import Add, Cred, Delete, Header, Item, Map, MapItem, Meta, Replace, Status, Sync

_STOP = "\0" + chr(END)
_END = chr(END)
_TO_PAGE_0 = chr(SWITCH_PAGE) + "\0"


def _open(*tags: str) -> str:
    return "".join(chr(SYNCML[tag] | CONTENT) for tag in tags)


def _text(*tags: str) -> str:
    return _open(*tags) + chr(STR_I)


def _empty(tag: str) -> str:
    return chr(SYNCML[tag])


_COMMAND = {cls: _text(cls.__name__, "CmdID") for cls in (Add, Replace, Delete)}
_TARGET = _text("Target", "LocURI")
_SOURCE = _text("Source", "LocURI")
_ITEM = _open("Item")
_ITEM_TARGET, _ITEM_SOURCE = _ITEM + _TARGET, _ITEM + _SOURCE
_URI_END = _STOP + _END
_DATA = _open("Data").encode() + bytes((OPAQUE,))
_NO_DATA = _empty("Data").encode()
_DATA_END = _END * 2
_MORE_END = _empty("MoreData") + _END
_CLOSE = {head: (head + _END).encode() for head in (_END, _DATA_END, _MORE_END, _END + _MORE_END)}    # after an item
_STATUS = _text("Status", "CmdID")
_MSG_REF, _CMD_REF, _CMD = (_STOP + _text(tag) for tag in ("MsgRef", "CmdRef", "Cmd"))
_TARGET_REF = _text("TargetRef")
_SOURCE_REF = _text("SourceRef")
_CODE = _text("Data")
_MAP = _text("Map", "CmdID")
_MAP_ITEM = _open("MapItem") + _TARGET + "%s" + _URI_END + _SOURCE + "%s" + _URI_END + _END
_HEADER = _open("SyncHdr") + "".join(_text(tag) + "%s" + _STOP for tag in ("VerDTD", "VerProto", "SessionID", "MsgID"))
_NAME = _text("LocName")
_RESP_URI = _text("RespURI")
_CRED, _SECRET = _open("Cred"), _text("Data")
_BODY = _open("SyncBody")
_SYNC = _text("Sync", "CmdID")
_CHANGES = _text("NumberOfChanges")

_METAS: "dict[tuple[str, Meta], str]" = {}      # the bytes of a Meta, as text, by version and value
_METAS_MAX = 256


class Templates:
    """The templates of one message.

    :param meta: makes the bytes of a Meta element from page 0, ending on page 1; b"" for one with no content
    :param version: of SyncML
    """

    __slots__ = ("_meta", "_version", "_more", "_last", "_text", "_nuls", "_lengths")

    def __init__(self, meta: Callable[[Meta], bytes], version: str) -> None:
        self._meta = meta
        self._version = version
        self._more = version >= "1.1"
        self._last: Optional[Meta] = None
        self._text = _STOP                  # from the CmdID to the first item
        self._nuls = 1
        self._lengths: "dict[int, bytes]" = {}

    def start(self, header: Header) -> Optional[bytes]:
        """The SyncHdr and the start tag of the SyncBody.

        :param header: the header
        :returns: the bytes, from page 0 to page 0; None for a header that the template does not fit
        """
        target, source, target_name, source_name, resp_uri, no_resp, cred, meta = header[4:]
        texts = [text for text in header[:9] if text is not None]
        if no_resp or "" in texts or "\0" in "".join(texts):
            return None
        parts = [_HEADER % header[:4], _place(_TARGET, target, target_name), _place(_SOURCE, source, source_name)]
        if resp_uri is not None:
            parts.append(f"{_RESP_URI}{resp_uri}{_STOP}")
        try:
            if cred is not None:
                parts.append(self._cred(cred))
            last = self._meta_text(meta) if meta is not None else ""
            parts += (last, _END, _TO_PAGE_0 if last else "", _BODY)
            return "".join(parts).encode()
        except UnicodeError:
            return None

    def _cred(self, cred: Cred) -> str:
        secret = cred.data.decode("ascii")
        if not secret or not secret.isprintable():
            raise UnicodeError("not plain text")
        meta = self._meta_text(Meta(cred.type, cred.format))
        return f"{_CRED}{meta}{_TO_PAGE_0 if meta else ''}{_SECRET}{secret}{_URI_END}"

    def opening(self, sync: Sync) -> Optional[bytes]:
        """The start of a Sync without commands.

        :param sync: the container
        :returns: the bytes, from page 0 to page 0, without its END; None for one that the template does not fit
        """
        cmd_id, target, source, commands, meta, changes, no_resp, cred = sync
        if not (cmd_id and target and source) or commands or meta is not None or no_resp or cred is not None:
            return None
        if "\0" in cmd_id + target + source:
            return None
        count = f"{_CHANGES}{changes}{_STOP}" if changes is not None and self._more else ""
        try:
            return f"{_SYNC}{cmd_id}{_STOP}{_TARGET}{target}{_URI_END}{_SOURCE}{source}{_URI_END}{count}".encode()
        except UnicodeError:
            return None

    def encode(self, command: Any) -> Optional[bytes]:
        """The bytes of a command, for a start on page 0; they end on page 0.

        :param command: any command
        :returns: the bytes, None for one that no template fits
        """
        cls = command.__class__
        start = _COMMAND.get(cls)
        try:
            if start is not None:
                return self._items(start, command)
            if cls is Status:
                return _status(*command)
            return _map(*command) if cls is Map else None
        except UnicodeError:
            return None

    def _items(self, start: str, command: Any) -> Optional[bytes]:
        cmd_id, items, meta, no_resp, cred, archive, soft = command
        if no_resp or archive or soft or cred is not None or not cmd_id or not items:
            return None
        if meta is not self._last:
            self._share(meta)
        return self._list(f"{start}{cmd_id}{self._text}", self._nuls, items)

    def further(self, items: "tuple[Item, ...]") -> Optional[bytes]:
        """More items for a command that :meth:`encode` took, to be put in the place of its last byte.

        :param items: what it is to have besides
        :returns: the bytes, from page 0 to page 0, with the END of the command; None for items that no template fits
        """
        try:
            return self._list("", 0, items)
        except UnicodeError:
            return None

    def _list(self, head: str, nuls: int, items: "tuple[Item, ...]") -> Optional[bytes]:
        """Items, behind the beginning of their command; with its END."""
        out: "list[bytes]" = []
        for source, target, own, data, more, source_parent, target_parent, source_name, target_name, filter_ in items:
            if (own is not None or source_parent is not None or target_parent is not None or source_name is not None
                    or target_name is not None or filter_ is not None):
                return None
            if target is None and source:       # the usual shapes in one step
                head = f"{head}{_ITEM_SOURCE}{source}{_URI_END}"
                nuls += 1
            elif source is None and target:
                head = f"{head}{_ITEM_TARGET}{target}{_URI_END}"
                nuls += 1
            elif target and source:
                head = f"{head}{_ITEM_TARGET}{target}{_URI_END}{_SOURCE}{source}{_URI_END}"
                nuls += 2
            elif source is None and target is None:
                head += _ITEM
            else:
                return None
            if head.count("\0") != nuls:
                return None
            if data.__class__ is bytes:
                out += (head.encode(), self._lengths.get(len(data)) or self._length(len(data)), data)
                head = _DATA_END if data else _END
            elif data is None:
                out.append(head.encode())
                head = _END
            else:
                return None
            if more and self._more:
                head = head[:-1] + _MORE_END
            nuls = 0
        out.append(_CLOSE[head])
        return b"".join(out)

    def _share(self, meta: Optional[Meta]) -> None:
        """Keep the text of a Meta for the commands that follow."""
        text = self._meta_text(meta) if meta is not None else ""
        self._text = _STOP + text + _TO_PAGE_0 if text else _STOP
        self._nuls = self._text.count("\0")
        self._last = meta

    def _meta_text(self, meta: Meta) -> str:
        """The bytes of a Meta as text, since a template is text; "" for one with nothing in it."""
        key = (self._version, meta)
        text = _METAS.get(key)
        if text is None:
            text = self._meta(meta).decode()
            if len(_METAS) >= _METAS_MAX:
                _METAS.clear()
            if meta.next_nonce is None:     # a secret that is used once
                _METAS[key] = text
        return text

    def _length(self, length: int) -> bytes:
        """The beginning of a Data element with so many bytes in it."""
        made = self._lengths[length] = _DATA + mb(length) if length else _NO_DATA
        return made


def _place(start: str, uri: str, name: Optional[str]) -> str:
    """A Target or Source with a LocName."""
    return f"{start}{uri}{_URI_END}" if name is None else f"{start}{uri}{_STOP}{_NAME}{name}{_URI_END}"


def _status(cmd_id: str, msg_ref: str, cmd_ref: str, cmd: str, code: int, target_refs: "tuple[str, ...]",
            source_refs: "tuple[str, ...]", chal: Optional[Meta], items: Any, cred: Any) -> Optional[bytes]:
    if chal is not None or items or cred is not None or not (cmd_id and msg_ref and cmd_ref and cmd):
        return None
    text = f"{_STATUS}{cmd_id}{_MSG_REF}{msg_ref}{_CMD_REF}{cmd_ref}{_CMD}{cmd}{_STOP}"
    for ref in target_refs:
        text = f"{text}{_TARGET_REF}{ref}{_STOP}"
    for ref in source_refs:
        text = f"{text}{_SOURCE_REF}{ref}{_STOP}"
    if text.count("\0") != 4 + len(target_refs) + len(source_refs) or "" in target_refs or "" in source_refs:
        return None
    return f"{text}{_CODE}{code:d}{_URI_END}".encode()


def _map(cmd_id: str, target: Optional[str], source: Optional[str], items: "tuple[MapItem, ...]",
         *rare: Any) -> Optional[bytes]:
    if not target or not source or rare != (None, None) or not cmd_id or not items:
        return None
    parts = [f"{_MAP}{cmd_id}{_STOP}{_TARGET}{target}{_URI_END}{_SOURCE}{source}{_URI_END}"]
    for item in items:
        if "" in item:
            return None
        parts.append(_MAP_ITEM % item)
    text = "".join(parts)
    return text.encode() + b"\1" if text.count("\0") == 3 + 2 * len(items) else None
