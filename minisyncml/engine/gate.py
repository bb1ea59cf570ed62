"""Who is let in: versions and credentials, for a server that checks and for a client that is refused. How credentials
are made stands in auth.py.

DS Protocol 1.2.1, section 5.3; Representation 1.2.2, section 10 (statuses 212, 401, 407, 505, 513).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from minisyncml import status as codes
from minisyncml.engine import auth
from minisyncml.engine.config import SERVER, VERSIONS
from minisyncml.engine.pack import copy
from minisyncml.errors import AuthError, PeerError, RemoteProtocolError, VersionError
from minisyncml.message import commands as c

if TYPE_CHECKING:
    from minisyncml.engine.session import Session

MAX_LOGINS = 3


def refusal(session: "Session", header: c.Header) -> "Optional[tuple[int, tuple[str, ...], Optional[c.Meta]]]":
    """Why a message is not even looked at: version, then credentials.

    :param session: a server checks the credentials of its client
    :param header: of the message
    :returns: status, words for it and a challenge; None when the message is welcome
    """
    if header.version not in VERSIONS:
        return codes.UNSUPPORTED_DTD, VERSIONS, None
    if header.protocol.upper() not in ("", f"SYNCML/{header.version}"):
        return codes.UNSUPPORTED_PROTOCOL, tuple(f"SyncML/{v}" for v in VERSIONS), None
    if session.config.secrets is None or session.authenticated and header.cred is None:
        return None
    if header.cred is None:
        return codes.MISSING_CREDENTIALS, (), _challenge(session)
    user = auth.user_of(header.cred, header.source_name, header.source)
    if not _right(session, header, header.cred, user) or session.authenticated and user != session.user:
        return codes.INVALID_CREDENTIALS, (), _challenge(session)
    if header.cred.type == auth.MD5 and not session.authenticated:
        session.new_nonce = session.config.nonce()
    session.authenticated = True
    session.user = user
    return None


def _right(session: "Session", header: c.Header, cred: c.Cred, user: str) -> bool:
    """Whether credentials are right; those that come with every message may use the nonce for the next one."""
    if session.asked_nonce is None:
        session.asked_nonce = session.config.recall(header.source)
    secret = session.config.secrets(user) if session.config.secrets is not None else None
    nonces = (session.asked_nonce, session.new_nonce)
    return any([auth.check(cred, user, secret, nonce, header.version) for nonce in nonces])


def _challenge(session: "Session") -> c.Meta:
    """Each challenge has a nonce of its own; MD5 of 1.0 needs the password, which may not be kept."""
    session.asked_nonce = session.config.nonce()
    return auth.challenge(session.config.challenge, session.asked_nonce)


def greet(session: "Session", slot: int, header: c.Header) -> None:
    """Answer the SyncHdr of a message that is welcome.

    :param session: the session
    :param slot: of that SyncHdr
    :param header: of the message
    """
    if session.config.secrets is not None and header.cred is not None:
        chal = auth.challenge("md5", session.new_nonce) if session.new_nonce else None
        session.slots.fill(slot, codes.AUTH_ACCEPTED, None, (), chal)
    else:
        session.slots.fill(slot, codes.OK)


def challenged(session: "Session", message: c.Message) -> bool:
    """Read the Status of our SyncHdr: refused credentials are tried again, any other refusal ends the session.

    :param session: a client; nobody challenges a server
    :param message: from the server
    :returns: whether our last package has to be sent again, with credentials
    :raises AuthError: when the server refused them for good
    :raises VersionError: when it does not speak our version
    :raises PeerError: when it ended the session
    """
    status = next((x for x in message.commands if isinstance(x, c.Status) and is_header(x)), None)
    if status is None or session.config.role == SERVER:
        return False
    if status.chal is not None and status.chal.next_nonce:
        try:
            session.nonce = auth.unb64(status.chal.next_nonce.encode())
        except ValueError:
            raise RemoteProtocolError("a challenge whose NextNonce is no base64") from None
    if status.code in (codes.INVALID_CREDENTIALS, codes.MISSING_CREDENTIALS):
        _login_again(session, status)
        return True
    if status.code in (codes.UNSUPPORTED_DTD, codes.UNSUPPORTED_PROTOCOL):
        raise VersionError(f"the server does not speak SyncML {session.version}")
    if status.code >= 400:
        raise PeerError(f"the server ended the session: {codes.name(status.code)} ({status.code})", status.code)
    session.always = session.presented and status.code != codes.AUTH_ACCEPTED
    session.authenticated = True
    session.retry = []
    return False


def _login_again(session: "Session", status: c.Status) -> None:
    login = session.config.login
    wanted = "md5" if status.chal is not None and status.chal.type == auth.MD5 else "basic"
    if login is None or login.scheme == "none":
        raise AuthError("the server asks for a user and a password")
    if login.scheme not in ("auto", wanted):
        raise AuthError(f"the server wants {wanted} authentication, we were told to use {login.scheme}")
    session.logins += 1
    if session.logins >= MAX_LOGINS or (session.logins > 1 and wanted == "basic" and session.scheme == "basic"):
        raise AuthError(f"the server refused user {login.user!r} or the password")
    session.scheme = wanted
    if session.retry:
        queue, session.ours = session.retry
        session.queue, session.waiting = copy(queue), {}


def is_header(status: c.Status) -> bool:
    """Whether a Status answers a SyncHdr.

    :param status: from the peer
    :returns: True when it does
    """
    return status.cmd_ref == "0" or (status.cmd == "SyncHdr" and not status.cmd_ref)
