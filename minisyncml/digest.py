"""Hashes without the weight of OpenSSL, which `hashlib` loads (4 MiB): MD5 for credentials, BLAKE2b to name bodies."""

from __future__ import annotations

from _operator import _compare_digest as _equal  # what hmac.compare_digest is

try:
    from _blake2 import blake2b as _blake2b
    from _md5 import md5 as _md5
except ImportError:  # an interpreter without the built-in modules
    from hashlib import blake2b as _blake2b
    from hashlib import md5 as _md5


def md5(data: bytes) -> bytes:
    """The MD5 of credentials (DS Protocol 1.2.1, security); never used to protect anything else.

    :param data: any bytes
    :returns: 16 bytes
    """
    return bytes(_md5(data).digest())


def digest(body: bytes) -> bytes:
    """The name of an item body.

    :param body: any bytes
    :returns: 16 bytes, equal for equal bodies
    """
    return bytes(_blake2b(body, digest_size=16).digest())


def equal(one: bytes, other: bytes) -> bool:
    """Whether two secrets are the same, in a time that does not tell where they differ.

    :param one: bytes
    :param other: bytes
    :returns: True when they are equal
    """
    return bool(_equal(one, other))
