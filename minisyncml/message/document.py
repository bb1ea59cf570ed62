"""A whole incoming message: bytes to typed values.

Two ways lead to the same result: the tree way reads any document through the schema; the record way takes WBXML apart
in one pass and needs the tree only for what is unusual. Nothing here judges what the values mean.
"""

from __future__ import annotations

from typing import NamedTuple

from minisyncml import codec
from minisyncml.codec.node import Node
from minisyncml.errors import MessageError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message.commands import Command, Header, Message
from minisyncml.message.fields import Reading
from minisyncml.message.schema import read_command, read_header

VERSIONS = ("1.0", "1.1", "1.2")


class Parsed(NamedTuple):
    """A message and how it was dressed, so that the answer can be dressed alike.

    `encoding` is "wbxml" or "xml"; `version` the SyncML version that the public identifier or the namespace named, ""
    when neither did.
    """

    message: Message
    encoding: str
    version: str = ""


def parse(body: bytes, content_type: str = "", limits: Limits = DEFAULT) -> Parsed:
    """Read one message.

    :param body: the document, WBXML or XML
    :param content_type: media type it came with; the first bytes decide when it is missing or wrong
    :param limits: bounds
    :returns: the message, with its encoding
    :raises RemoteProtocolError: DecodeError, LimitError or MessageError, whatever the bytes are
    """
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
    return Parsed(message_of(document.root, document.version, limits), document.encoding, document.version)


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
    head = root.find("SyncHdr")
    if head is None:
        raise MessageError("a message without SyncHdr")
    header = check_header(read_header(head, reading), version)
    body = root.find("SyncBody")
    return Message(header, *body_of(body, reading)) if body is not None else Message(header)


def body_of(body: Node, reading: Reading) -> "tuple[tuple[Command, ...], bool]":
    """The commands of a SyncBody.

    :param body: the element
    :param reading: what may still be used up
    :returns: the commands in order, and whether Final is there
    :raises LimitError: too many commands or items
    """
    commands = []
    for child in body.elements():
        command = read_command(child, reading) if child.tag != "Final" else None
        if command is not None:
            reading.take()
            commands.append(command)
    return tuple(commands), body.find("Final") is not None


def check_header(header: Header, version: str = "") -> Header:
    """A header as far as it can be completed.

    :param header: as read
    :param version: SyncML version of the document, when it is known from elsewhere
    :returns: the header; VerDTD and VerProto stand in for each other, and the document's version for both
    :raises MessageError: no version, SessionID, MsgID or Source
    """
    for value, name in ((header.session_id, "SessionID"), (header.msg_id, "MsgID"), (header.source, "Source")):
        if not value:
            raise MessageError(f"a message without {name}")
    dtd, protocol = header.version, header.protocol
    if not dtd:
        dtd = protocol.rpartition("/")[2] or version
        if not dtd:
            raise MessageError("a message without VerDTD")
    if dtd == header.version and protocol:
        return header
    return header._replace(version=dtd, protocol=protocol or f"SyncML/{dtd}")
