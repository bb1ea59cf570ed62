"""What a notification says, in either form: who asks, for which datastores, in which session. No bytes, no rules.

Words: a notification is package #0, the server's wish that a client begin a session. Its form is the packet of
SyncML 1.2 (san.py) or the message of 1.0 and 1.1 (legacy.py).
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple

PACKET = "application/vnd.syncml.ds.notification"       #: media type of the 1.2 packet

UNSPECIFIED, BACKGROUND, INFORM, ASK = range(4)         #: ui_mode: how the device should treat its user

REQUIRE, ACCEPT, IGNORE = "require", "accept", "ignore"     #: what a client does about the proof of a notification
POLICIES = (REQUIRE, ACCEPT, IGNORE)

#: alert codes of a notification (DS Protocol 1.2.1, section 12; Representation 1.2.2, 10.3)
TWO_WAY, FROM_CLIENT, REFRESH_FROM_CLIENT, FROM_SERVER, REFRESH_FROM_SERVER = range(206, 211)

#: WSP content type numbers (OMNA registry); those without a number are only named in the old form
NUMBERS = {
    "text/plain": 0x03,
    "text/x-vcalendar": 0x06,
    "text/x-vcard": 0x07,
    "text/x-vmessage": 0x55,
    "application/vnd.omads-email+wbxml": 0x56,
    "text/x-vbookmark": 0x57,
    "text/calendar": 0x0305,
    "text/vcard": 0x0309,
}
TYPES = {number: name for name, number in NUMBERS.items()}


class Wanted(NamedTuple):
    """One datastore that the server wants to sync."""

    uri: str                        #: the server's datastore
    code: int = TWO_WAY             #: alert code 206 to 210; some write 201
    type: str = ""                  #: media type, empty when not given or not known
    number: int = 0                 #: its WSP number, 0 when not given; the packet's way to say the type
    target: str = ""                #: the client's datastore; the old form alone can say it


class Notification(NamedTuple):
    """A server alerted notification. No `wanted` at all means all datastores, two-way."""

    server_id: str                  #: DevID of the server's DevInf
    wanted: tuple[Wanted, ...] = ()
    session_id: str = ""            #: what the client must use; empty: the client chooses. A packet holds 1 to 65535
    ui_mode: int = UNSPECIFIED
    by_server: bool = True          #: False: a user started it at the server
    version: str = "1.2"            #: SyncML version


def number_of(type: str) -> int:
    """The WSP number of a media type.

    :param type: a media type, parameters allowed
    :returns: its number, 0 when it has none here
    """
    return NUMBERS.get(type.partition(";")[0].strip().lower(), 0)
