"""The checked walk over WBXML for the Python twin, as native/wbxml_walk.c: every error is found here, and only here."""

from __future__ import annotations

from minisyncml.errors import DecodeError, LimitError


class Mismatch(Exception):
    """Not of the strict grammar."""


class Walk:
    """A position in a document, and the code page there.

    :param data: the document
    :param pos: where to begin
    :param table: length of its string table in bytes
    :param max_depth: elements may nest so deep
    """

    def __init__(self, data: bytes, pos: int, table: int, max_depth: int) -> None:
        self.data = data
        self.pos = pos
        self.page = 0
        self.table = table
        self.max_depth = max_depth
        self.depth = 1

    def integer(self) -> int:
        """A multi-byte integer.

        :returns: its value, at most 32 bits
        :raises Mismatch: too long or too large
        """
        value = 0
        for _ in range(5):
            byte = self.data[self.pos]
            self.pos += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                if value > 0xFFFFFFFF:
                    break
                return value
        raise Mismatch

    def skip(self) -> None:
        """Walk over one element or piece of content, checking all that the general decoder checks.

        :raises DecodeError: malformed
        :raises LimitError: nested too deep
        """
        data = self.data
        try:
            depth = 0
            while True:
                here = self.pos
                token = data[here]
                if 0x44 < token < 0x80 and depth + self.depth < self.max_depth:     # the usual in fewer steps
                    end = data.find(0, here + 2) if data[here + 1] == 0x03 else 0
                    if end > 0 and data[end + 1] == 0x01:           # an element with one text
                        self.pos = end + 2
                    else:
                        self.pos = here + 1
                        depth += 1
                elif token == 0x01:
                    self.pos = here + 1
                    depth -= 1
                else:
                    depth += self.token(depth)
                if depth <= 0:
                    return
        except IndexError:
            raise DecodeError("document is cut short", len(self.data)) from None

    def token(self, depth: int) -> int:
        """Walk over one token and its operands.

        :param depth: elements open since the walk stood at its own depth
        :returns: by how much the token changes that
        :raises DecodeError: malformed; IndexError where the document is cut short
        :raises LimitError: nested too deep
        """
        data, here = self.data, self.pos
        token = data[here]
        self.pos += 1
        if token == 0x01:
            return -1
        if token & 0x3F >= 5 or token & 0x3F == 0x04:
            if token & 0x3F == 0x04 and self._number() >= self.table:
                raise DecodeError("reference beyond the string table", here)
            if token & 0x80:
                self.attributes()
            if token & 0x40 and depth + self.depth >= self.max_depth:
                raise LimitError("elements nested too deep", here)
            return token >> 6 & 1
        if token == 0x00:
            self.page = data[self.pos]
            self.pos += 1
        elif token == 0x03:
            self._string(here)
        elif token == 0xC3:
            self._opaque(here)
        elif token == 0x83:
            if self._number() >= self.table:
                raise DecodeError("reference beyond the string table", here)
        elif token == 0x02:
            code = self._number()
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise DecodeError("entity is no character", here)
        elif token == 0x43:
            self.attributes()
        else:
            raise DecodeError(f"unexpected token 0x{token:02X}", here)
        return 0

    def _number(self) -> int:
        here = self.pos
        try:
            return self.integer()
        except Mismatch:
            raise DecodeError("integer is too long or too large", here) from None

    def _string(self, here: int) -> None:
        end = self.data.find(0, self.pos)
        if end < 0:
            raise DecodeError("string without end", here)
        self.pos = end + 1

    def _opaque(self, here: int) -> None:
        length = self._number()
        if length > len(self.data) - self.pos:
            raise DecodeError("opaque data longer than the document", here)
        self.pos += length

    def attributes(self) -> None:
        """Pass over an attribute list.

        :raises DecodeError: malformed; IndexError where the document is cut short
        """
        while True:
            here = self.pos
            token = self.data[here]
            self.pos += 1
            if token == 0x01:
                return
            if token == 0x00:
                self.data[self.pos]
                self.pos += 1
            elif token == 0x03 or 0x40 <= token <= 0x42:
                self._string(here)
            elif token in (0x02, 0x04, 0x83) or 0x80 <= token <= 0x82:
                self._number()
            elif token == 0xC3:
                self._opaque(here)
