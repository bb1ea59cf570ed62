"""The AT side of a phone's serial port as the phone sees it, for the emulator: commands in, OBEX after the switch.

`AtResponder` knows no line; `AtFront` puts it before one, so that an OBEX server behind sees nothing but OBEX.
"""

from __future__ import annotations

from typing import Mapping, Optional

from minisyncml.transport.atlines import LINE
from minisyncml.transport.atswitches import by_name
from minisyncml.transport.link import Link

DISCONNECT = 0x81
PATIENCE = 10.0     # seconds for a computer that takes no answer
TAKEN = ("AT", "ATZ", "AT&F", "ATE0", "ATE1", "ATV1", "ATQ0", "AT+CFUN=1", "AT+CMEE=0", "AT+CMEE=1", "AT+CMEE=2")
#: what a phone that knows a switch says when it is asked about it; the others say ERROR
OFFERS = {
    "cprot": {"AT+CPROT=?": "+CPROT: (0)"},
    "eobex": {"AT*EOBEX=?": ""},
    "sqwe3": {"AT^SQWE?": "^SQWE: 0", "AT^SQWE=0": "", "AT^SBFB=?": "^SBFB: (0-3)", "AT^SIFS": "^SIFS: WIRE"},
    "sbfb": {"AT^SBFB=?": "^SBFB: (0,1)", "AT^SIFS": "^SIFS: WIRE"},
    "mode22": {"AT+MODE=2": "", "AT+MODE=0": ""},
    "syncml-mobexstart": {"AT+SYNCML=?": "+SYNCML: (MOBEXSTART)"},
    "tsspcsw": {"AT$TSSPCSW=?": "$TSSPCSW: 1,1,1"},
}
OK_INSTEAD = ("sqwe3", "sbfb", "syncml-mobexstart", "tsspcsw", "msync")  # these say OK where others say CONNECT


class AtResponder:
    """A phone in AT mode, bytes in and bytes out.

    :ivar obex: whether the port is in OBEX mode
    :ivar escape: whether it stays there until `+++`, also after an OBEX DISCONNECT
    :param manufacturer: the answer to AT+CGMI
    :param model: the answer to AT+CGMM
    :param firmware: the answer to AT+CGMR
    :param switch: how OBEX begins, a name of :data:`minisyncml.transport.atswitches.NAMES`; `none`: from the start
    :param serial: the answer to AT+CGSN
    :param echo: whether the phone echoes commands until it is told otherwise
    :param answers: further commands, in capitals, and what is said before OK
    :raises UsageError: when there is no such switch
    """

    def __init__(self, manufacturer: str, model: str, firmware: str = "1.0", switch: str = "cprot", *,
                 serial: str = "004999010640000", echo: bool = True,
                 answers: Optional[Mapping[str, str]] = None) -> None:
        self.obex = switch == "none"
        self.escape = switch == "sqwe3"
        self._switch = switch
        self._command = "" if switch == "none" else by_name(switch).command
        self._echo = self._echo_first = echo
        self._charset = '"GSM"'
        self._line = bytearray()
        self._rest = b""
        self._answers = {
            "AT+CGMI": manufacturer, "AT+GMI": manufacturer, "AT+CGMM": model, "AT+GMM": model,
            "AT+CGMR": firmware, "AT+GMR": firmware, "AT+CGSN": serial, "AT+GSN": serial,
            "AT+CSCS=?": '+CSCS: ("GSM","UCS2","UTF-8")', "AT+CPIN?": "+CPIN: READY", "AT+CSQ": "+CSQ: 20,99",
            **dict.fromkeys(TAKEN, ""), **OFFERS.get(switch, {}), **(answers or {}),
        }

    def feed(self, data: bytes) -> bytes:
        """Take what the computer sent in AT mode.

        :param data: the bytes; what follows the switch is kept for :meth:`take`
        :returns: what the phone sends back
        """
        out = b""
        for at, byte in enumerate(data):
            if self.obex:
                self._rest += data[at:]
                break
            if byte not in b"\r\n":
                if len(self._line) < LINE:
                    self._line.append(byte)
            elif self._line:
                line = bytes(self._line) + b"\r"
                self._line.clear()
                out += self._answer(line)
        return out

    def take(self) -> bytes:
        """What came after the switch.

        :returns: bytes for OBEX, each once
        """
        rest, self._rest = self._rest, b""
        return rest

    def command_mode(self) -> None:
        """Go back to AT mode, as after an OBEX DISCONNECT."""
        self.obex = self._switch == "none"
        self._echo = self._echo_first
        self._line.clear()

    def _answer(self, line: bytes) -> bytes:
        if any(byte > 126 or not byte for byte in line):
            return b""  # a program that asks for OBEX by an ABORT: three bytes back would say yes to it
        command = "".join(line.decode("ascii").split()).upper()
        echo = line if self._echo else b""
        if command == self._command:
            self.obex = True
            return echo + (b"\r\nOK\r\n" if self._switch in OK_INSTEAD else b"\r\nCONNECT\r\n")
        said = self._say(command)
        if said is None:
            return echo + b"\r\nERROR\r\n"
        return echo + (b"\r\n%s\r\n" % said.encode("utf-8") if said else b"") + b"\r\nOK\r\n"

    def _say(self, command: str) -> Optional[str]:
        if command in ("ATE0", "ATE1", "ATZ"):
            self._echo = command != "ATE0"
        if command.startswith('AT+CSCS="'):
            self._charset = command[8:]
            return ""
        return "+CSCS: " + self._charset if command == "AT+CSCS?" else self._answers.get(command)


class AtFront(Link):
    """A line whose AT commands are answered here: who reads from it sees OBEX only.

    After the answer to an OBEX DISCONNECT the phone is in AT mode again; one that is entered by AT^SQWE=3 waits for
    `+++`.

    :param link: the line
    :param responder: the phone's AT side
    """

    def __init__(self, link: Link, responder: AtResponder) -> None:
        self.name = link.name
        self.packet = link.packet
        self._link = link
        self._phone = responder
        self._due = 0           # bytes of the OBEX packet under way that are still to come
        self._head = b""
        self._leaving = False

    def read(self, timeout: float) -> bytes:
        """Wait for OBEX bytes; AT commands are answered meanwhile.

        :param timeout: seconds of silence, commands do not count
        :returns: OBEX bytes, nothing when there were none in time
        :raises LinkError: when the line dropped
        """
        while True:
            data = self._link.read(timeout)
            if self._phone.obex and not (data == b"+++" and not self._due and not self._head):
                break
            if not data:
                return b""
            if self._phone.obex:
                self._phone.command_mode()
                self._link.write(b"\r\nOK\r\n", PATIENCE)
                continue
            self._link.write(self._phone.feed(data), PATIENCE)
            data = self._phone.take()
            if data:
                break
        self._follow(data)
        return data

    def write(self, data: bytes, timeout: float) -> None:
        """Send OBEX bytes.

        :param data: a response packet
        :param timeout: seconds without progress
        :raises LinkError: when the line dropped or is blocked
        """
        self._link.write(data, timeout)
        if self._leaving:
            self._leaving = False
            if not self._phone.escape:
                self._phone.command_mode()

    def close(self) -> None:
        """Give the line up."""
        self._link.close()

    def _follow(self, data: bytes) -> None:
        """Watch the packets go by for a DISCONNECT (IrOBEX 1.2, section 3.3.2)."""
        while data:
            if self._due:
                skip = min(self._due, len(data))
                self._due -= skip
                data = data[skip:]
                continue
            need = 3 - len(self._head)
            self._head += data[:need]
            data = data[need:]
            if len(self._head) == 3:
                self._leaving = self._head[0] == DISCONNECT
                self._due = max(0, int.from_bytes(self._head[1:], "big") - 3)
                self._head = b""
