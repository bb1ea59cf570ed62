"""OBEX authentication (IrOBEX 1.2, section 3.5): a nonce goes one way, MD5(nonce ":" password) the other.

Nonces are handed in. Either side may ask the other.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

from minisyncml.digest import equal, md5
from minisyncml.errors import DecodeError
from minisyncml.obex import codes, headers
from minisyncml.obex.headers import Headers

_NONCE, _OPTIONS, _REALM = 0, 1, 2
_DIGEST, _USER, _ECHO = 0, 1, 2
NONCE_BYTES = 16
MAX_USER = 20


class Challenge(NamedTuple):
    """A question for a password. `wants_user`: a name has to come with it."""

    nonce: bytes
    wants_user: bool = False
    realm: str = ""


class Proof(NamedTuple):
    """The answer to a challenge; `nonce` is empty where the peer does not repeat it."""

    digest: bytes
    user: bytes = b""
    nonce: bytes = b""


def parse_challenge(block: Headers) -> Optional[Challenge]:
    """The Authenticate Challenge among headers.

    :param block: as parsed
    :returns: the challenge, None when there is none
    :raises DecodeError: when it is malformed
    """
    value = block.get(codes.CHALLENGE)
    if not isinstance(value, bytes):
        return None
    tags = dict(headers.parse_tags(value))
    nonce = tags.get(_NONCE, b"")
    if len(nonce) != NONCE_BYTES:
        raise DecodeError("an OBEX challenge without a nonce of 16 bytes")
    realm = tags.get(_REALM, b"")
    text = realm[1:].decode("utf-16-be" if realm[:1] == b"\xff" else "latin-1", "replace")
    return Challenge(nonce, bool(tags.get(_OPTIONS, b"\0")[:1] > b"\0" and tags[_OPTIONS][0] & 1), text)


def build_challenge(challenge: Challenge) -> bytes:
    """Write an Authenticate Challenge.

    :param challenge: what to ask
    :returns: the value of the header
    """
    tags = [(_NONCE, challenge.nonce), (_OPTIONS, bytes((1 if challenge.wants_user else 0,)))]
    if challenge.realm:
        tags.append((_REALM, b"\1" + challenge.realm.encode("latin-1", "replace")[:254]))
    return headers.build_tags(tags)


def parse_proof(block: Headers) -> Optional[Proof]:
    """The Authenticate Response among headers.

    :param block: as parsed
    :returns: the proof, None when there is none
    :raises DecodeError: when it is malformed
    """
    value = block.get(codes.RESPONSE)
    if not isinstance(value, bytes):
        return None
    tags = dict(headers.parse_tags(value))
    return Proof(tags.get(_DIGEST, b""), tags.get(_USER, b""), tags.get(_ECHO, b""))


def build_proof(nonce: bytes, password: str, user: str = "") -> bytes:
    """Answer a challenge.

    :param nonce: its nonce
    :param password: the secret
    :param user: who we are; empty: do not say
    :returns: the value of the header
    """
    tags = [(_DIGEST, digest(nonce, password))]
    if user:
        tags.append((_USER, user.encode("utf-8")[:MAX_USER]))
    return headers.build_tags(tags)


def digest(nonce: bytes, password: str) -> bytes:
    """What proves that a password is known.

    :param nonce: 16 bytes
    :param password: the secret
    :returns: 16 bytes
    """
    return md5(nonce + b":" + password.encode("utf-8"))


def proves(proof: Optional[Proof], nonce: bytes, password: str) -> bool:
    """Whether an answer to a challenge is right.

    :param proof: what came
    :param nonce: what was asked with; empty: nothing was
    :param password: the secret
    :returns: True when it is
    """
    if proof is None or not nonce or (proof.nonce and proof.nonce != nonce):
        return False
    return equal(proof.digest, digest(nonce, password))
