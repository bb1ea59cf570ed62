"""A whole incoming message: bytes to typed values.

Two ways lead to the same result: the tree way reads any document through the schema; the record way (`records`) takes
WBXML apart in one pass and needs the tree only for what is unusual. Nothing here judges what the values mean.
"""

from __future__ import annotations

from typing import Callable, Optional

from minisyncml import codec
from minisyncml.codec import wbxml
from minisyncml.codec.node import Node
from minisyncml.errors import LimitError, MessageError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.commands import Command, Header, Message
from minisyncml.message.fields import Reading
from minisyncml.message.records import scan_records
from minisyncml.message.schema import read_command, read_header


class Parsed:
    """A message and how it was dressed, so that the answer can be dressed alike.

    :ivar commands: the commands, in order
    :ivar final: whether the message ends its package
    :ivar encoding: "wbxml" or "xml"
    :ivar version: SyncML version that the public identifier or the namespace named, "" when neither did
    """

    __slots__ = ("commands", "final", "encoding", "version", "_header")

    def __init__(self, header: "Header | Callable[[], Header]", commands: "tuple[Command, ...]", final: bool,
                 encoding: str, version: str) -> None:
        self._header = header
        self.commands = commands
        self.final = final
        self.encoding = encoding
        self.version = version

    @property
    def header(self) -> Header:
        """The header, read when first asked for.

        :raises RemoteProtocolError: after :func:`scan` only: there is none, or one without what a session needs
        """
        if not isinstance(self._header, Header):
            self._header = self._header()
        return self._header

    @property
    def message(self) -> Message:
        """All of it as one value; raises as `header`."""
        return Message(self.header, self.commands, self.final)


def parse(body: bytes, content_type: str = "", limits: Limits = DEFAULT) -> Parsed:
    """Read one message.

    :param body: the document, WBXML or XML
    :param content_type: media type it came with, a hint only: the first bytes decide
    :param limits: bounds
    :returns: the message, with its encoding
    :raises RemoteProtocolError: DecodeError, LimitError or MessageError, whatever the bytes are
    """
    parsed = scan(body, content_type, limits)
    parsed.header  # noqa: B018  a bad header is an error here
    return parsed


def scan(body: bytes, content_type: str = "", limits: Limits = DEFAULT) -> Parsed:
    """:func:`parse` for who wants the commands and perhaps not the header: that is read when asked for.

    :param body: the document
    :param content_type: media type it came with
    :param limits: bounds
    :returns: the message; its `header` may still raise
    :raises RemoteProtocolError: as parse
    """
    if len(body) > limits.max_message:
        raise LimitError(f"a message of {len(body)} bytes")
    if codec.encoding_of(body) == "wbxml":
        ctx = wbxml.context(body)
        records = wbxml.records(ctx, limits)
        if records is not None:
            found = scan_records(ctx, records, limits)
            version = ctx.version
            return Parsed(lambda: _header(found.head(), Reading(limits), version), tuple(found.commands), found.final,
                          "wbxml", version)
    return parse_tree(body, content_type, limits)


def parse_tree(body: bytes, content_type: str = "", limits: Limits = DEFAULT) -> Parsed:
    """:func:`parse` by way of the tree, whatever the document.

    :param body: the document
    :param content_type: media type it came with
    :param limits: bounds
    :returns: the message, with its encoding
    :raises RemoteProtocolError: as parse
    """
    document = codec.decode(body, content_type, limits)
    header, commands, final = message_of(document.root, document.version, limits)
    return Parsed(header, commands, final, document.encoding, document.version)


def message_of(root: Node, version: str = "", limits: Limits = DEFAULT) -> Message:
    """The message that a tree is.

    :param root: the SyncML element
    :param version: SyncML version for a header that names none
    :param limits: bounds
    :returns: the message
    :raises MessageError: no SyncML, no header, or a header without what a session needs
    :raises LimitError: too many commands or items, or an address too long
    """
    if root.tag != "SyncML":
        raise MessageError(f"a document of type {root.tag[:40]} where SyncML was expected")
    reading = Reading(limits)
    header = _header(root.find("SyncHdr"), reading, version)
    commands, final = [], False
    for body in root.elements():
        for child in body.elements() if body.tag == "SyncBody" else ():
            final = final or child.tag == "Final"
            command = read_command(child, reading)
            if command is not None:
                reading.take()
                commands.append(command)
    return Message(header, tuple(commands), final)


def _header(node: Optional[Node], reading: Reading, version: str) -> Header:
    """The header, completed as far as it can be: VerDTD and VerProto stand in for each other, the version for both."""
    if node is None:
        raise MessageError("a message without SyncHdr")
    header = read_header(node, reading)
    for value, name in ((header.session_id, "SessionID"), (header.msg_id, "MsgID"), (header.source, "Source")):
        if not value:
            raise MessageError(f"a message without {name}")
    dtd = header.version or header.protocol.rpartition("/")[2] or version
    if not dtd:
        raise MessageError("a message without VerDTD")
    if header.version and header.protocol:
        return header
    return header._replace(version=dtd, protocol=header.protocol or f"SyncML/{dtd}")
