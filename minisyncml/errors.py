"""Every exception of minisyncml. The status to answer a peer with and the exit code stand on the class.

LocalProtocolError is our caller's mistake, RemoteProtocolError the peer's; both are bugs of somebody, never of the
user. What a user can mend (credentials, connection, a full disk) has a class of its own with words for people.
"""

from __future__ import annotations


class Error(Exception):
    """Base of all errors of this package; str() of it is one line fit to show a user."""

    #: SyncML status to answer the peer with (Representation 1.2.2, section 10)
    status = 500
    #: exit code of the command line
    exit_code = 1


class UsageError(Error):
    """A wrong option, place, name or configuration value."""

    exit_code = 2


class TraceError(UsageError):
    """A trace file that is none, damaged, of a newer version, or that cannot be read or written."""


class LocalProtocolError(Error):
    """Our own caller broke the rules of the engine: a status slot filled twice, a message sent out of turn."""

    exit_code = 5


class EncodeError(LocalProtocolError):
    """What cannot be written in this encoding: a control character in XML, an element without a token."""


class RemoteProtocolError(Error):
    """The peer broke the protocol. The base of all errors that bytes from outside can raise."""

    status = 400
    exit_code = 5


class DecodeError(RemoteProtocolError):
    """A document that is no WBXML or XML, or lies about its lengths.

    :param what: what is wrong, in words
    :param offset: where in the document, in bytes; -1 when not known
    """

    def __init__(self, what: str, offset: int = -1) -> None:
        super().__init__(f"{what} at byte {offset}" if offset >= 0 else what)
        self.what = what
        self.offset = offset


class LimitError(DecodeError):
    """A document or message beyond a limit of :mod:`minisyncml.limits`: size, depth, count."""

    status = 413


class MessageError(RemoteProtocolError):
    """A well-formed document that is no SyncML message: elements missing, twice, or with impossible values."""


class RepeatedError(RemoteProtocolError):
    """A message with the number of the one before it: what was answered to that is the answer."""


class VersionError(RemoteProtocolError):
    """The peer speaks a SyncML version that we do not."""

    status = 513


class PeerError(RemoteProtocolError):
    """The peer refused the session or a datastore with a status code.

    :param what: what was refused
    :param code: the SyncML status code it gave
    """

    def __init__(self, what: str, code: int = 500) -> None:
        super().__init__(what)
        self.code = code


class AuthError(Error):
    """Credentials missing or refused."""

    status = 401
    exit_code = 4


class TransportError(Error):
    """The peer could not be reached, or the link broke or timed out."""

    status = 503
    exit_code = 3


class RefusedError(TransportError):
    """The server answered a message with an error of the transport, for example an HTTP status.

    :param what: what it said
    :param code: the transport's number for it
    """

    def __init__(self, what: str, code: int) -> None:
        super().__init__(what)
        self.code = code


class LinkError(TransportError):
    """A line cannot be opened, dropped, fell silent, or carries something else than what was asked for."""


class ObexError(RefusedError):
    """An OBEX peer refused a request (IrOBEX 1.2, section 3.2.1).

    :param what: what was refused and, in words for people, what the answer means
    :param code: the response code without its final bit, for example 0x43 Forbidden
    """


class StoreError(Error):
    """A datastore could not be read or written: full disk, no rights, a file of a newer version."""

    status = 510
    exit_code = 1


class StoreBusy(StoreError):
    """Another process or session holds the datastore, or a session with the same peer is under way."""

    status = 417


class ItemError(Error):
    """One item cannot be taken: wrong type, too large, unreadable. The rest of the session goes on.

    :param what: the reason, in words
    :param status: the status to answer this item with
    """

    def __init__(self, what: str, status: int = 415) -> None:
        super().__init__(what)
        self.status = status


class DataAtRisk(Error):
    """A side turned up empty or would lose everything; nothing was deleted. `--allow-empty` goes on."""

    status = 512
    exit_code = 6
