"""Bytes in a charset that somebody else named."""

from __future__ import annotations

from typing import Optional

#: what Python takes for charsets too, in time that grows with the square of the length
_SLOW = ("punycode", "idna")


def decoded(data: bytes, charset: str) -> Optional[str]:
    """The text of some bytes.

    :param data: the bytes
    :param charset: the name, from anybody
    :returns: None when they are not in that charset, or there is none of that name
    """
    try:
        if charset == "utf-8" or (charset.isascii() and not any(name in charset.lower() for name in _SLOW)):
            return data.decode(charset)
    except (UnicodeError, LookupError, ValueError):
        pass
    return None
