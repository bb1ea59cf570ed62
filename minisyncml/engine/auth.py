"""Credentials: how they are made and checked. No flow (session.py), no storage.

What a server has to keep of a password (DS Protocol 1.2.1 section 5.3, Representation 1.2.2 section 6.1.7):

==========  =============================================================================
basic       the password, or B64(MD5(user:password))
MD5, 1.1+   the password, or B64(MD5(user:password))
MD5, 1.0    the password itself: the nonce is hashed together with it
==========  =============================================================================
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
import binascii
from typing import NamedTuple, Optional

from minisyncml.digest import equal, md5
from minisyncml.message.commands import Cred, Meta

BASIC = "syncml:auth-basic"
MD5 = "syncml:auth-md5"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


class Login(NamedTuple):
    """What we present to a peer. `scheme` is auto, basic, md5 or none."""

    user: str
    password: str
    scheme: str = "auto"


class Secret(NamedTuple):
    """What we keep to check a peer: the password, or only `ha1` = B64(MD5(user:password))."""

    password: Optional[str] = None
    ha1: Optional[str] = None


def b64(data: bytes) -> bytes:
    """Base64 without line breaks.

    :param data: any bytes
    :returns: ASCII bytes
    """
    return binascii.b2a_base64(data, newline=False)


def unb64(text: bytes) -> bytes:
    """Base64 decoded, tolerant: white space, and parts that were encoded one by one (padding inside).

    :param text: ASCII bytes
    :returns: the decoded bytes
    :raises ValueError: when it is no base64
    """
    clean = bytes(text).translate(None, b" \t\r\n")
    if clean.translate(None, _ALPHABET):
        raise ValueError("a character that base64 does not have")
    try:
        if b"=" not in clean[:-2]:
            return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
        parts = []
        start = 0
        for at in range(0, len(clean), 4):
            if clean[at:at + 4].endswith(b"="):
                parts.append(binascii.a2b_base64(clean[start:at + 4]))
                start = at + 4
        return b"".join(parts) + binascii.a2b_base64(clean[start:])
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def ha1(user: str, password: str) -> bytes:
    """B64(MD5(user:password)), what the MD5 scheme of 1.1 and later needs of a password.

    :param user: user name
    :param password: its password
    :returns: 24 ASCII bytes
    """
    return b64(md5(f"{user}:{password}".encode()))


def md5_digest(user: str, secret: Secret, nonce: bytes, version: str) -> Optional[bytes]:
    """The 16 bytes of an auth-md5 credential.

    :param user: user name
    :param secret: the password, or its ha1 where the version allows
    :param nonce: the decoded nonce, empty when there was none
    :param version: SyncML version; 1.0 has a formula of its own
    :returns: 16 bytes, or None when this version needs the password and only ha1 is kept
    """
    if version == "1.0":
        if secret.password is None:
            return None
        return md5(f"{user}:{secret.password}:".encode() + nonce)
    first = ha1(user, secret.password) if secret.password is not None else (secret.ha1 or "").encode()
    return md5(first + b":" + nonce)


def make(login: Login, scheme: str, nonce: bytes, version: str) -> Cred:
    """The credentials to put into SyncHdr.

    :param login: user and password
    :param scheme: `basic` or `md5`
    :param nonce: decoded nonce for md5
    :param version: SyncML version
    :returns: the Cred, base64 in all encodings: the form every peer takes
    """
    if scheme == "basic":
        return Cred(b64(f"{login.user}:{login.password}".encode()), BASIC, "b64")
    digest = md5_digest(login.user, Secret(login.password), nonce, version)
    assert digest is not None
    return Cred(b64(digest), MD5, "b64")


def _spellings(data: bytes) -> "tuple[bytes, ...]":
    """The forms a digest is seen in: 16 raw bytes, base64, hex, base64 of hex (spec protocol notes, 10.1)."""
    forms = [data]
    try:
        forms.append(unb64(data))
    except ValueError:
        pass
    for form in tuple(forms):
        if len(form) == 32:
            try:
                forms.append(binascii.unhexlify(form))
            except ValueError:
                pass
    return tuple(form for form in forms if len(form) == 16)


def user_of(cred: Cred, name: Optional[str], source: str) -> str:
    """Whose credentials these are: inside basic ones, else Source/LocName, else Source/LocURI.

    :param cred: credentials as received
    :param name: Source/LocName of the header
    :param source: Source/LocURI of the header
    :returns: a user name
    """
    if cred.type in (None, BASIC):
        return _basic(cred)[0]
    return name or source


def _basic(cred: Cred) -> "tuple[str, str]":
    data = bytes(cred.data)
    if cred.format != "chr" or b":" not in data:
        try:
            data = unb64(data)
        except ValueError:
            pass
    user, _, password = data.decode("utf-8", "replace").partition(":")
    return user, password


def check(cred: Cred, user: str, secret: Optional[Secret], nonce: Optional[bytes], version: str) -> bool:
    """Whether credentials are right, in constant time.

    :param cred: credentials as received
    :param user: from :func:`user_of`
    :param secret: what is kept for that user, None for an unknown one
    :param nonce: the nonce the peer had to use, None when it was given none
    :param version: SyncML version of the message
    :returns: True when they are right
    """
    known = secret or Secret("")
    if cred.type in (None, BASIC):
        given = ha1(user, _basic(cred)[1])
        kept = ha1(user, known.password) if known.password is not None else (known.ha1 or "").encode()
        return equal(given, kept) and secret is not None
    if cred.type != MD5 or nonce is None:
        return False
    right = md5_digest(user, known, nonce, version)
    return right is not None and secret is not None and any([equal(right, form) for form in _spellings(cred.data)])


def challenge(scheme: str, nonce: bytes) -> Meta:
    """The Chal of a 401 or 407; Type comes first, as some phones want it.

    :param scheme: `basic` or `md5`
    :param nonce: decoded nonce for md5
    :returns: the Meta inside Chal
    """
    if scheme == "basic":
        return Meta(type=BASIC, format="b64")
    return Meta(type=MD5, format="b64", next_nonce=b64(nonce).decode())
