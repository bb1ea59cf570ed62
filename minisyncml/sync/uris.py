"""How datastores are called on the wire, and what that makes of the peer's."""

from __future__ import annotations

from typing import Optional


def plain_uri(uri: Optional[str]) -> str:
    """A datastore URI as it is compared: no leading `./`, no query, no case.

    :param uri: as received
    :returns: the bare name
    """
    bare = (uri or "").partition("?")[0].strip().casefold()
    while bare.startswith(("./", "/")):
        bare = bare[2:] if bare.startswith("./") else bare[1:]
    return bare


def peer_key(device: str, remote: str) -> str:
    """The key under which a store knows one database of one device.

    :param device: device id, SyncHdr Source
    :param remote: the datastore's URI there
    :returns: a text key
    """
    return f"{device}|{plain_uri(remote)}"
