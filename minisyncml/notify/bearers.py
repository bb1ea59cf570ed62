"""The ways to push that are there: HTTP POST, a command of the user's, SMS, OBEX. What is pushed is not looked at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable, Sequence

from minisyncml.errors import Error, RefusedError, TransportError, UsageError
from minisyncml.limits import DEFAULT, Limits
from minisyncml.notify import sms, wap
from minisyncml.notify.bearer import Bearer
from minisyncml.obex import codes
from minisyncml.transport.at import Dialogue
from minisyncml.transport.http import Address, parse_url
from minisyncml.transport.link import Link
from minisyncml.transport.obex import ObexClient
from minisyncml.transport.ports import open_link
from minisyncml.version import VERSION

if TYPE_CHECKING:
    import http.client
    import subprocess

ANSWER = 65536          #: bytes read of the answer to a POST, all of which are dropped
COMMAND_TIMEOUT = 60.0  #: seconds
SENDING = 6.0           #: seconds for the prompt of AT+CMGS; the network may take ten times as long


class HttpBearer(Bearer):
    """One POST to a URL: a push gateway, or a device that listens.

    :param url: http or https
    :param limits: timeouts
    :raises UsageError: when it is no such URL
    """

    def __init__(self, url: str, limits: Limits = DEFAULT) -> None:
        self.address = parse_url(url)
        self.limits = limits

    def push(self, notification: bytes, content_type: str) -> None:
        from http.client import HTTPException
        headers = {"Content-Type": content_type, "X-Wap-Application-Id": wap.APPLICATION_NAME,
                   "User-Agent": f"minisyncml/{VERSION}", "Connection": "close"}
        connection = _connection(self.address, self.limits.connect_timeout)
        try:
            connection.request("POST", self.address.target, notification, headers)
            response = connection.getresponse()
            response.read(ANSWER)
        except (OSError, HTTPException) as error:
            words = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise TransportError(f"cannot push to {self.address.origin}: {words.lower()}") from None
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            raise RefusedError(f"{self.address.origin} refuses the notification: HTTP {response.status} "
                               f"{response.reason}".rstrip(), response.status)


def _connection(address: Address, timeout: float) -> "http.client.HTTPConnection":
    from http.client import HTTPConnection, HTTPSConnection
    make = HTTPSConnection if address.scheme == "https" else HTTPConnection
    return make(address.host, address.port, timeout=timeout)


class CommandBearer(Bearer):
    """A command of the user's, run without a shell. `{hex}`, `{file}` and `{type}` in its words stand for the
    notification as hex text, a file with it, and its media type; without `{hex}` and `{file}` it comes on standard
    input.

    :param words: program and arguments
    :param timeout: seconds until it must have ended
    :raises UsageError: when there are no words
    """

    def __init__(self, words: Sequence[str], timeout: float = COMMAND_TIMEOUT) -> None:
        if not words:
            raise UsageError("a command to push with is needed")
        self.words = tuple(words)
        self.timeout = timeout

    def push(self, notification: bytes, content_type: str) -> None:
        from tempfile import NamedTemporaryFile
        if not any("{file}" in word for word in self.words):
            self._run(notification, content_type, "")
            return
        with NamedTemporaryFile(prefix="notification-") as file:
            file.write(notification)
            file.flush()
            self._run(notification, content_type, file.name)

    def _run(self, notification: bytes, content_type: str, file: str) -> None:
        import subprocess
        values = {"{hex}": notification.hex(), "{file}": file, "{type}": content_type}
        given = any(mark in word for word in self.words for mark in ("{hex}", "{file}"))
        try:
            done = subprocess.run([_filled(word, values) for word in self.words], input=b"" if given else notification,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=self.timeout)
        except OSError as error:
            raise UsageError(f"cannot run {self.words[0]}: {(error.strerror or str(error)).lower()}") from None
        except subprocess.TimeoutExpired:
            raise TransportError(f"{self.words[0]} did not end within {self.timeout:g} seconds") from None
        if done.returncode:
            raise RefusedError(_complaint(self.words[0], done), done.returncode)


def _filled(word: str, values: "dict[str, str]") -> str:
    for mark, value in values.items():
        word = word.replace(mark, value)
    return word


def _complaint(name: str, done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"{name} ended with {done.returncode}" + (f": {lines[-1][:200]}" if lines else "")


class PduBearer(Bearer):
    """Writes the short messages as hex text, for a tool that sends SMS.

    :param number: of the phone
    :param write: is given the PDUs, one by one
    :param random: gives so many random bytes
    """

    def __init__(self, number: str, write: "Callable[[str], object]",
                 random: "Callable[[int], bytes]" = os.urandom) -> None:
        self.number = number
        self._write = write
        self._random = random

    def push(self, notification: bytes, content_type: str) -> None:
        for part in _parts(self.number, notification, content_type, self._random):
            self._write(part.pdu)


class SmsBearer(Bearer):
    """Sends short messages through a phone or modem that answers AT commands (3GPP 27.005, sections 3.2.3 and 3.5.1).

    :param link: a line to it, closed with the bearer
    :param number: of the phone that is to be notified
    :param random: gives so many random bytes
    """

    def __init__(self, link: Link, number: str, random: "Callable[[int], bytes]" = os.urandom) -> None:
        self._link = link
        self.number = number
        self._random = random

    def push(self, notification: bytes, content_type: str) -> None:
        parts = _parts(self.number, notification, content_type, self._random)
        modem = Dialogue(self._link)
        modem.wake()
        if not modem.command("AT+CMGF=0").ok:
            raise RefusedError(f"{self._link.name}: the phone takes no SMS as a PDU (AT+CMGF=0)", 0)
        for number, part in enumerate(parts, 1):
            answer = modem.prompt(f"AT+CMGS={part.length}", part.pdu.encode("ascii"), SENDING)
            if not answer.ok:
                raise RefusedError(f"{self._link.name}: SMS {number} of {len(parts)} was not sent: "
                                   f"{answer.final or 'no answer'}", 0)

    def close(self) -> None:
        self._link.close()


class ObexBearer(Bearer):
    """PUT to the SyncML service of a phone on a line (SyncML OBEX binding 1.2.1).

    :param client: on an open line that is in OBEX mode; closed with the bearer
    :raises ObexError: when the phone has no such service
    :raises LinkError: when nothing that speaks OBEX is there
    """

    def __init__(self, client: ObexClient) -> None:
        self.client = client
        client.connect(codes.SYNCML)

    def push(self, notification: bytes, content_type: str) -> None:
        self.client.put(notification, type=content_type)

    def close(self) -> None:
        self.client.close()


class PortBearer(ObexBearer):
    """An :class:`ObexBearer` on a port; a serial one is switched from AT commands to OBEX, and back when closed.

    :param port: as for :func:`minisyncml.transport.ports.open_link`
    :param switch: how to enter OBEX, a name of :data:`minisyncml.transport.at.NAMES`; empty finds out
    :param timeout: for one answer, in seconds
    :raises LinkError: when there is no phone, or none that speaks OBEX
    :raises ObexError: when it has no SyncML
    """

    def __init__(self, port: str, switch: str = "", timeout: float = 30.0) -> None:
        self._link = open_link(port)
        self._switch = "none"
        self._dialogue = Dialogue(self._link)
        try:
            if "://" not in port:
                self._switch = self._dialogue.enter_obex(switch)
            super().__init__(ObexClient(self._link, timeout=timeout))
        except Error:
            self._link.close()
            raise

    def close(self) -> None:
        try:
            self.client.disconnect()
            if self._switch != "none":
                self._dialogue.leave(self._switch)
        except Error:
            pass        # the phone was told; how it ends the line is its own affair
        self._link.close()


def _parts(number: str, notification: bytes, content_type: str,
           random: "Callable[[int], bytes]") -> "list[sms.Submit]":
    transaction, reference = random(2)
    return sms.submits(number, wap.push(notification, content_type, transaction), reference)
