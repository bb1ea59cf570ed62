"""The AT side of a phone's serial line as a caller sees it: who are you, go to OBEX, come back (3GPP 27.007).

Only text commands: OBEX starts where this ends. What a phone answers is read with bounds in length, number and time;
echoes, unsolicited codes (RING, +CREG: ...) and garbage between the lines are stepped over. The other side, the phone
of the emulator, is in `atphone`.
"""

from __future__ import annotations

import time
from typing import Callable, Optional, Sequence

from minisyncml.errors import LinkError, UsageError
from minisyncml.transport.atlines import LINE, Answer, LineReader, is_response, result_code, unsolicited
from minisyncml.transport.atswitches import NAMES, Identity, Switch, by_name, order_of_tries
from minisyncml.transport.link import Link

LINES = 256         # lines of one answer
PATIENCE = 3.0      # seconds for an answer
PROBE = b"\xff\x00\x08\xcbATZ\r"    # an OBEX ABORT whose ConnectionID reads as a command (wire fact of obexftp)
SPEEDS = (57_600, 19_200, 115_200, 9_600)     # Siemens, then others; USB and Bluetooth do not care


class Dialogue:
    """Commands and answers over a line that is in AT mode.

    :ivar identity: what the phone said of itself, None until it was asked
    :ivar speed: the baud rate at which it was found, 0 when none was tried
    :param link: the line; it stays the caller's
    :param wait: waits some seconds (pauses that phones need); tests hand in one that does not
    :param clock: seconds that only grow
    """

    def __init__(self, link: Link, *, wait: Callable[[float], object] = time.sleep,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.link = link
        self.identity: Optional[Identity] = None
        self.speed = 0
        self._wait = wait
        self._clock = clock

    def command(self, text: str, timeout: float = PATIENCE) -> Answer:
        """Send one command and read its answer.

        :param text: for example `AT+CGMI`
        :param timeout: seconds for the whole answer
        :returns: the answer; its `final` is empty when no result code came in time
        :raises LinkError: when the line dropped, or the answer has no end
        """
        self.link.write(text.encode("ascii", "replace") + b"\r", timeout)
        return self._answer(text, LineReader(), timeout)

    def prompt(self, text: str, body: bytes, timeout: float = PATIENCE) -> Answer:
        """Send a command that asks for a body with `>`, for example AT+CMGS (3GPP 27.005, section 3.5.1).

        :param text: the command
        :param body: the body; Ctrl-Z is put after it
        :param timeout: seconds for the prompt; the result may take ten times as long
        :returns: the answer
        :raises LinkError: when the line dropped, or the answer has no end
        """
        self.link.write(text.encode("ascii", "replace") + b"\r", timeout)
        reader = LineReader()
        answer = self._answer(text, reader, timeout, until=">")
        if answer.final != ">":
            return answer
        self.link.write(body + b"\x1a", timeout)
        return self._answer(body.decode("ascii", "replace"), LineReader(), 10 * timeout)

    def wake(self, speeds: Sequence[int] = ()) -> None:
        """Make sure that something answers AT.

        :param speeds: baud rates to try after the one that is set, when nothing answers at that
        :raises LinkError: when nothing does; the words say what is on the line instead
        """
        reader = LineReader()
        heard: "list[str]" = []
        for speed in (0, *speeds):
            if speed and not self.link.set_speed(speed):
                break
            self.speed = speed
            for start in (b"", b"\x1b\r"):     # Escape ends a prompt that an earlier program left open
                self.link.write(start + b"AT\r", PATIENCE)
                answer = self._answer("AT", reader, 1.0)
                if answer.lines[-1:] == ("0",):     # numeric result codes (ITU-T V.250, section 6.2.6)
                    answer = self.command("ATV1")
                if answer.final:
                    self._settle(0.1 if start else 0.0)
                    return
                heard += answer.lines
        raise LinkError(self._silence(reader, heard))

    def in_obex(self, timeout: float = 1.0) -> bool:
        """Whether the phone speaks OBEX already, for example after a program that was killed.

        :param timeout: seconds to listen; a phone in AT mode takes what is sent for a line of rubbish
        :returns: True when an OBEX packet came back
        :raises LinkError: when the line dropped
        """
        self._settle(0.0)
        self.link.write(PROBE, timeout)
        got = b""
        end = self._clock() + timeout
        while len(got) < LINE:
            data = self.link.read(max(0.0, end - self._clock()))
            if not data:
                break
            got += data
            if is_response(got):
                return True
            if b"AT" in got or b"OK" in got or b"ERR" in got:
                break       # an echo, or an answer of the command mode
        self._settle(0.2 if got else 0.0)   # the rest of it would pass for the answer to the next command
        return False

    def identify(self) -> Identity:
        """Ask maker, model and firmware (3GPP 27.007, sections 5.1 to 5.3), by the older names where those fail.

        :returns: what the phone says; empty where it does not answer
        :raises LinkError: when the line dropped
        """
        self.identity = Identity(*(self._ask(*names) for names in
                                   (("+CGMI", "+GMI"), ("+CGMM", "+GMM"), ("+CGMR", "+GMR"))))
        return self.identity

    def enter_obex(self, switch: str = "", identity: Optional[Identity] = None, patience: float = 1.0,
                   speeds: Sequence[int] = ()) -> str:
        """Switch to OBEX.

        :param switch: a name of :data:`NAMES`; tried first, then the others that the phone says it knows; empty: those
            of its maker first
        :param identity: what the phone says of itself; asked when it is needed and not given
        :param patience: seconds to listen for a phone that is in OBEX mode already
        :param speeds: baud rates to try when the phone is silent, see :data:`SPEEDS`
        :returns: the switch that worked, to be remembered; `none` when the phone was in OBEX mode already
        :raises LinkError: when the phone takes none of them
        :raises UsageError: when there is no switch of this name
        """
        if switch not in NAMES and switch:
            raise UsageError(f"there is no AT switch {switch!r}; known are {', '.join(NAMES)}")
        if switch == "none" or self.in_obex(patience):
            return "none"
        self.wake(speeds)
        if switch and self._enter(by_name(switch)):
            return self._ready(switch)
        # what was learnt may be out of date: another firmware, another phone on the same cable
        identity = identity or self.identify()
        for one in order_of_tries(identity):
            if one.name != switch and (not one.probe or self._offers(one)) and self._enter(one):
                return self._ready(one.name)
        raise LinkError(self._no_obex(identity))

    def leave(self, switch: str = "") -> bool:
        """Bring the phone back to AT mode, after OBEX was disconnected.

        :param switch: how it was entered; `none` leaves the phone as it is
        :returns: whether the phone answers AT again
        :raises LinkError: when the line dropped
        """
        if switch in ("none", "msync"):
            return switch == "msync"
        self._wait(by_name(switch).pause if switch else 1.0)
        if switch != "sqwe3" and self._awake():
            return True
        self.link.write(b"+++", PATIENCE)   # the second of silence around it is what makes it an escape
        if self._answer("+++", LineReader(), 2.0).ok or self._awake():
            return True
        self.link.send_break()
        self._wait(1.0)
        return self._awake()

    def _ready(self, switch: str) -> str:
        """Phones want a second between the switch and the first OBEX byte."""
        if switch == "msync":
            return switch       # now the phone speaks first
        self._wait(1.0)
        self._settle(0.0)
        return switch

    def _awake(self) -> bool:
        self._settle(0.0)
        return any(self.command("AT", 1.0).final for _ in range(2))

    def _enter(self, switch: Switch) -> bool:
        if switch.name == "sbfb":
            raise LinkError("this phone (Siemens x45) wraps OBEX in BFB frames, which are not supported; use its "
                            "infrared or Bluetooth, or a newer firmware that knows AT^SQWE=3")
        if switch.name == "sqwe3" and not any(line.endswith("0") for line in self.command("AT^SQWE?").lines):
            self.command("AT^SQWE=0")
            self._wait(1.0)
        return self.command(switch.command, 2 * PATIENCE).ok

    def _offers(self, switch: Switch) -> bool:
        answer = self.command(switch.probe)
        return answer.ok and switch.needs in " ".join(answer.lines).upper()

    def _ask(self, *names: str) -> str:
        for name in names:
            answer = self.command("AT" + name)
            if answer.ok and answer.lines:
                text = " ".join(answer.lines[:2] if name.endswith("R") else answer.lines[:1])
                prefix, colon, rest = text.partition(":")
                return (rest if colon and prefix == name else text).strip().strip('"').strip()[:64]
        return ""

    def _answer(self, text: str, reader: LineReader, timeout: float, until: str = "") -> Answer:
        end = self._clock() + timeout
        lines: "list[str]" = []
        while True:
            data = self.link.read(max(0.0, end - self._clock()))
            if not data:
                return Answer(tuple(lines), "")
            for line in reader.feed(data):
                final = result_code(line)
                if final:
                    return Answer(tuple(lines), final)
                if line != text and not unsolicited(line, text):
                    lines.append(line)
            if until and reader.pending() == until:
                return Answer(tuple(lines), until)
            if len(lines) > LINES or reader.text + reader.garbage > 4 * LINE * LINES or self._clock() >= end:
                if lines and len(lines) > LINES:
                    raise LinkError(f"{self.link.name}: the answer to {text} has no end; is this a phone?")
                return Answer(tuple(lines), "")

    def _settle(self, quiet: float) -> None:
        """Throw away what came unasked until nothing comes for so long; bounded: garbage may never end."""
        for _ in range(64):
            if not self.link.read(quiet):
                return

    def _silence(self, reader: LineReader, heard: "list[str]") -> str:
        name = self.link.name
        if reader.garbage > reader.text:
            return (f"{name} sends garbage: the speed may be wrong, or another program (ModemManager) uses the port at "
                    "the same time")
        if heard:
            return f"{name} answers no AT command but says {heard[0][:40]!r}: this is another port or no phone"
        if reader.text:
            return (f"{name} only sends back what it is sent: the cable has no phone at its end, or the phone is off")
        return (f"{name} is silent: the phone is off or locked, the cable is not its own, the speed is wrong, or this "
                "is another port of the phone (try its other ones); USB phones want their `PC Suite` mode")

    def _no_obex(self, identity: Identity) -> str:
        who = " ".join(part for part in (identity.manufacturer, identity.model) if part) or "the phone"
        return (f"{self.link.name}: {who} answers AT commands but takes none of the known commands that start OBEX; "
                "if it has Bluetooth, or a USB mode named `PC Suite`, use that")
