"""What the first two integers of a command record say (layout: native/wbxml.h): its kind, and flags."""

from __future__ import annotations

# kinds: those of commands are their tokens
GENERIC, END = 0x00, 0x01
ADD, DELETE, FINAL, MAP, REPLACE, STATUS, SYNC, SYNCHDR = 0x05, 0x10, 0x12, 0x18, 0x20, 0x29, 0x2A, 0x2C

# flags
PAGE = 0xFF             #: mask: code page at the start of a range
FURTHER, MORE, ARCHIVE, SFTDEL, OPAQUE, NORESP, OUTSIDE = 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000
