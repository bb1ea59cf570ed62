"""Numbers of OBEX and words for them: opcodes, response codes, header ids, targets (IrOBEX 1.2, sections 2 and 3)."""

from __future__ import annotations

# requests; the final bit is set where there is only one form
CONNECT = 0x80
DISCONNECT = 0x81
PUT = 0x02
PUT_FINAL = 0x82
GET = 0x03
GET_FINAL = 0x83
SETPATH = 0x85
SESSION = 0x87
ACTION = 0x06
ACTION_FINAL = 0x86
ABORT = 0xFF
REQUESTS = frozenset((CONNECT, DISCONNECT, PUT, PUT_FINAL, GET, GET_FINAL, SETPATH, SESSION, ACTION, ACTION_FINAL,
                      ABORT))

# responses, without the final bit
FINAL = 0x80
CONTINUE = 0x10
OK = 0x20
CREATED = 0x21
NO_CONTENT = 0x24
BAD_REQUEST = 0x40
UNAUTHORIZED = 0x41
FORBIDDEN = 0x43
NOT_FOUND = 0x44
NOT_ALLOWED = 0x45
NOT_ACCEPTABLE = 0x46
CONFLICT = 0x49
PRECONDITION = 0x4C
TOO_LARGE = 0x4D
UNSUPPORTED_TYPE = 0x4F
INTERNAL_ERROR = 0x50
NOT_IMPLEMENTED = 0x51
UNAVAILABLE = 0x53
DATABASE_FULL = 0x60
DATABASE_LOCKED = 0x61
#: bytes that can begin a response: every class of codes, final bit set
RESPONSES = frozenset(range(0x90, 0xE2))

# headers
COUNT = 0xC0
NAME = 0x01
TYPE = 0x42
LENGTH = 0xC3
TIME = 0x44
DESCRIPTION = 0x05
TARGET = 0x46
HTTP = 0x47
BODY = 0x48
END_OF_BODY = 0x49
WHO = 0x4A
CONNECTION = 0xCB
APPLICATION = 0x4C
CHALLENGE = 0x4D
RESPONSE = 0x4E

# targets
SYNCML = b"SYNCML-SYNC"
SYNCML_DM = b"SYNCML-DM"
IRMC = b"IRMC-SYNC"
FOLDERS = bytes.fromhex("F9EC7BC4953C11D2984E525400DC9E09")
PUSH = b""                      #: no target: the inbox

VERSION = 0x10                  #: OBEX 1.0, what peers of all ages say
MIN_PACKET = 255                #: what everybody must take, and what counts before CONNECT is answered
MAX_PACKET = 65_535
NO_CONNECTION = 0xFFFF_FFFF     #: a Connection ID that is none

SETPATH_UP = 1
SETPATH_NO_CREATE = 2

#: what a code is called, and what a person can do about it (what phones mean by it)
_NAMES = {
    0x00: "no code", 0x10: "continue", 0x20: "success", 0x21: "created", 0x22: "accepted", 0x24: "no content",
    0x40: "bad request", 0x41: "unauthorized", 0x42: "payment required", 0x43: "forbidden", 0x44: "not found",
    0x45: "method not allowed", 0x46: "not acceptable", 0x47: "proxy authentication required",
    0x48: "request timed out", 0x49: "conflict", 0x4A: "gone", 0x4B: "length required", 0x4C: "precondition failed",
    0x4D: "too large", 0x4E: "name too long", 0x4F: "unsupported type", 0x50: "internal error",
    0x51: "not implemented", 0x52: "bad gateway", 0x53: "service unavailable", 0x54: "gateway timed out",
    0x55: "version not supported", 0x60: "database full", 0x61: "database locked",
}
_ADVICE = {
    0x40: "it does not understand what it was sent; some phones want one database in a session, or SyncML 1.1",
    0x41: "it wants a password; give the one that is set on the phone",
    0x43: "look at the phone's screen: a question or a menu is open there, or no profile on it lets this computer in",
    0x44: "there is nothing of that name; the database has another name, or this is not the SyncML service",
    0x46: "it does not take that; another format may do",
    0x48: "it waited too long; try again",
    0x49: "it is in the middle of something else; try again",
    0x4D: "send smaller messages",
    0x4F: "it does not take that type; another format or version may do",
    0x50: "it failed; switch it off and on, and try again",
    0x51: "it cannot do that",
    0x53: "it is busy, or offers no such service; close all menus on the phone and try again",
    0x60: "its memory is full",
    0x61: "its database is in use; close the contacts or calendar on the phone",
}


def words(code: int) -> str:
    """A response code for people.

    :param code: with or without its final bit
    :returns: for example `forbidden (0x43): look at the phone's screen ...`
    """
    code &= 0x7F
    advice = _ADVICE.get(code)
    name = f"{_NAMES.get(code, 'unknown answer')} (0x{code:02X})"
    return f"{name}: {advice}" if advice else name
