"""The notification of SyncML 1.0 and 1.1: an ordinary message with one Alert for each wanted datastore.

Sync Protocol 1.1, section 8.
"""

from __future__ import annotations

import binascii
from typing import Iterable, NamedTuple, Optional

from minisyncml.digest import equal, md5
from minisyncml.errors import LimitError, MessageError, UsageError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import document
from minisyncml.message.commands import Alert, Cred, Header, Item, Message, Meta
from minisyncml.message.writer import Writer
from minisyncml.notify.base import REFRESH_FROM_SERVER, TWO_WAY, Notification, Wanted
from minisyncml.notify.san import NONCE, key
from minisyncml.transport.base import WBXML, XML, Packet

BASIC = "syncml:auth-basic"
MD5 = "syncml:auth-md5"
NO_RELATION = "/"               #: the Target of a device that the server does not know yet
FIRST_SESSION = "1"             #: this form cannot leave the choice to the client
CODES = range(TWO_WAY, REFRESH_FROM_SERVER + 1)


class Legacy(NamedTuple):
    """A notification in the old form as it came; `message` is what the client's Status refers to."""

    notification: Notification
    message: Message
    encoding: str               #: "wbxml" or "xml"

    @property
    def anonymous(self) -> bool:
        """Whether it proves nothing."""
        return self.message.header.cred is None


def build(notification: Notification, encoding: str = "wbxml", target: str = NO_RELATION,
          cred: Optional[Cred] = None) -> Packet:
    """Write the message.

    :param notification: what to say; its version is that of the message
    :param encoding: "wbxml" or "xml"
    :param target: the device id
    :param cred: see :func:`credentials`; None: no authentication
    :returns: the message with its media type
    :raises UsageError: when it names no datastore: this form cannot say "all"
    """
    if not notification.wanted:
        raise UsageError("a notification of SyncML 1.0 and 1.1 has to name the datastores")
    version = notification.version
    header = Header(version, f"SyncML/{version}", notification.session_id or FIRST_SESSION, "1", target,
                    notification.server_id, cred=cred)
    writer = Writer(header, encoding, None, version)
    for number, one in enumerate(notification.wanted, 1):
        item = Item(one.uri, one.target or None, Meta(type=one.type) if one.type else None)
        writer.add(Alert(str(number), one.code, (item,)))
    return Packet(WBXML if encoding == "wbxml" else XML, writer.finish(True))


def credentials(name: str, password: str, nonce: bytes = b"", version: str = "1.1") -> Cred:
    """The MD5 credentials of a server (Sync Protocol 1.1, section 3).

    :param name: the server's name at the client
    :param password: its password there
    :param nonce: decoded nonce that the client gave
    :param version: SyncML version; 1.0 has a formula of its own
    :returns: for :func:`build`
    """
    if version == "1.0":
        return _cred(md5(f"{name}:{password}:".encode() + nonce))
    return _cred(md5(key(name, password) + b":" + nonce))


def _cred(digest: bytes) -> Cred:
    return Cred(binascii.b2a_base64(digest, newline=False), MD5, "b64")


def proven(legacy: Legacy, keys: Iterable[bytes], nonces: Iterable[bytes] = (NONCE, b"")) -> bool:
    """Whether the credentials are right; all are tried, in a time that does not tell which was right.

    The MD5 credentials of SyncML 1.0 are never right: they need the password itself, a key is not enough.

    :param legacy: the notification
    :param keys: from :func:`minisyncml.notify.san.key`, of those who may send notifications
    :param nonces: decoded, those that the client gave
    :returns: True when they are right
    """
    cred = legacy.message.header.cred
    data = bytes(cred.data) if cred is not None else b""
    if cred is None or not data:
        return False
    forms = [data]
    try:
        forms.append(binascii.a2b_base64(data))
    except binascii.Error:
        pass
    if cred.type in (None, BASIC):
        made = [binascii.b2a_base64(md5(form), newline=False) for form in forms if form]
        return any([equal(one, other) for one in made for other in keys])
    right = [md5(one + b":" + nonce) for one in keys for nonce in tuple(nonces)]
    return cred.type == MD5 and any([equal(one, form) for one in right for form in forms])


def parse(body: bytes, content_type: str = "", limits: Limits = DEFAULT) -> Legacy:
    """Read the message.

    :param body: the document, WBXML or XML
    :param content_type: media type it came with, a hint only
    :param limits: bounds
    :returns: what it says, its credentials not yet checked
    :raises RemoteProtocolError: no SyncML message, or one that alerts nothing
    """
    parsed = document.parse(body, content_type, limits)
    message = parsed.message
    wanted = tuple(_wanted(alert, item) for alert in alerts(message) for item in alert.items)
    if not wanted:
        raise MessageError("a message without an Alert of a server: no notification")
    header = message.header
    if len(header.session_id) > limits.max_id:
        raise LimitError("a SessionID that is too long")
    notification = Notification(header.source, wanted, header.session_id, version=header.version)
    return Legacy(notification, message, parsed.encoding)


def alerts(message: Message) -> "list[Alert]":
    """The Alerts by which a message is a notification.

    :param message: from a server
    :returns: those with codes 206 to 210 and an item
    """
    return [command for command in message.commands
            if isinstance(command, Alert) and command.code in CODES and command.items]


def _wanted(alert: Alert, item: Item) -> Wanted:
    meta = item.meta or Meta()
    return Wanted(item.source or "", alert.code or TWO_WAY, meta.type or "", 0, item.target or "")

