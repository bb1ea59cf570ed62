"""What a phone's AT side sends, taken apart: lines, result codes, echoes, garbage. No line is read here."""

from __future__ import annotations

from typing import NamedTuple

LINE = 1024         # longest line kept, in bytes; the rest of a longer one is dropped
GOOD = ("OK", "CONNECT")
BAD = ("ERROR", "+CME ERROR", "+CMS ERROR", "COMMAND NOT SUPPORT")
NOISE = ("RING", "NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE")


class Answer(NamedTuple):
    """The answer to a command: its lines without echo, and the result code that ended it, empty when none came."""

    lines: "tuple[str, ...]"
    final: str

    @property
    def ok(self) -> bool:
        """Whether the phone took the command."""
        return self.final in GOOD


class LineReader:
    """Splits what a phone sends into lines, in bounded memory."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self.text = 0       # printable bytes seen
        self.garbage = 0    # other bytes seen

    def feed(self, data: bytes) -> "list[str]":
        """Take bytes.

        :param data: whatever came
        :returns: the lines that are now complete, without blanks around them; no empty ones
        """
        odd = sum(1 for byte in data if byte > 126 or byte < 32 and byte not in b"\r\n\t\x1b")
        self.garbage += odd
        self.text += len(data) - odd
        parts = bytes(data).replace(b"\n", b"\r").split(b"\r")
        lines = []
        for part in parts[:-1]:
            self._keep(part)
            line = self.pending()
            if line:
                lines.append(line)
            self._rest.clear()
        self._keep(parts[-1])
        return lines

    def pending(self) -> str:
        """The line that has not ended yet.

        :returns: for example the prompt `>`
        """
        return self._rest.decode("utf-8", "replace").strip("\0\x1b\x11\x13 \t")

    def _keep(self, part: bytes) -> None:
        self._rest += part[:max(0, LINE - len(self._rest))]


def is_response(data: bytes) -> bool:
    """Whether bytes are an OBEX response packet (IrOBEX 1.2, section 3.2).

    :param data: what came after the probe
    :returns: True when a whole one begins there; the echo of our own ABORT is none
    """
    if len(data) < 3 or not 0x90 <= data[0] <= 0xE1:
        return False
    return 3 <= int.from_bytes(data[1:3], "big") <= len(data)


def result_code(line: str) -> str:
    """Whether a line ends an answer (3GPP 27.007, section 4; ITU-T V.250, section 5.7.1).

    :param line: a line
    :returns: the result code without its details, empty when it is none
    """
    upper = line.upper()
    for code in GOOD + BAD:
        if upper == code or upper.startswith((code + ":", code + " ")):
            return code
    return ""


def unsolicited(line: str, command: str) -> bool:
    """Whether a line came of its own accord and belongs to no answer.

    :param line: a line
    :param command: the command that is being answered
    :returns: True for RING, for garbage, and for information of another name, as `+CREG: 1` while +CGMI is asked
    """
    if line.upper() in NOISE or not any(letter.isalnum() and letter.isascii() for letter in line):
        return True
    name, colon, _ = line.partition(":")
    return (bool(colon) and name[:1] in "+*^$%#" and name[1:].isalnum() and name[1:].isupper()
            and name not in command.upper())
