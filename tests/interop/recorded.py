"""Recorded sessions of real devices: reading the files, and playing the device against a server that answers otherwise.

A folder holds `syncml_client_SM.xml` and `syncml_server_SM.xml`: message M (from 0) of session S.
"""

from __future__ import annotations

import base64
import http.client
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from interop.processes import HOST

XML = "application/vnd.syncml+xml"


class Exchange(NamedTuple):
    """What the device sent, and what the server of that day answered."""

    name: str
    request: bytes
    answer: bytes


class Command(NamedTuple):
    """One command of a message, inside or outside Sync. `uris` are (target, source) of each item."""

    message: str
    id: str
    name: str
    uris: "Tuple[Tuple[str, str], ...]"
    bodies: "Tuple[bytes, ...]"


class Status(NamedTuple):
    """One Status. `refs` are the TargetRef, SourceRef and item URIs it names."""

    message: str
    command: str
    name: str
    code: str
    refs: "Tuple[str, ...]"


def sessions(folder: Path) -> List[List[Exchange]]:
    """The sessions of a device in order."""
    found: Dict[str, List[Exchange]] = {}
    for path in sorted(folder.glob("syncml_client_*.xml")):
        answer = path.with_name(path.name.replace("client", "server"))
        found.setdefault(path.stem[-2], []).append(
            Exchange(path.stem, path.read_bytes(), answer.read_bytes() if answer.exists() else b""))
    return list(found.values())


def tree(message: bytes) -> ET.Element:
    """A message as elements without namespaces."""
    root = ET.fromstring(message)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text(element: ET.Element, path: str) -> str:
    """The text of a child, empty when there is none."""
    return (element.findtext(path) or "").strip()


def commands(message: bytes) -> List[Command]:
    """All commands of a message that want a Status, the header first."""
    root = tree(message)
    number = text(root, "SyncHdr/MsgID")
    found = [Command(number, "0", "SyncHdr", (), ())]
    found += [one for element in root.findall("SyncBody/*") for one in _commands(number, element)]
    return found


def _commands(number: str, element: ET.Element) -> Iterator[Command]:
    if element.tag in ("Status", "Final"):
        return
    items = element.findall("Item")
    uris = tuple((text(item, "Target/LocURI"), text(item, "Source/LocURI")) for item in items)
    bodies = tuple(_body(item, element) for item in items)
    yield Command(number, text(element, "CmdID"), element.tag, uris, bodies)
    if element.tag in ("Sync", "Atomic", "Sequence"):
        for child in element:
            if child.find("CmdID") is not None:
                yield from _commands(number, child)


def _body(item: ET.Element, command: ET.Element) -> bytes:
    data = (item.findtext("Data") or "").encode("utf-8")
    coded = "b64" in (text(item, "Meta/Format"), text(command, "Meta/Format"))
    return base64.b64decode(data) if coded else data


def says(body: bytes) -> "tuple[bytes, ...]":
    """Title and day of an item: the server of that day wrote both in other words than we do, and our folder
    has iCalendar, in which what lasts from midnight to midnight is whole days."""
    names = rb"SUMMARY|DTSTART" if b"BEGIN:VEVENT" in body else b"SUMMARY"    # tasks of this phone begin at no time
    words = re.findall(rb"^(" + names + rb")(?:;VALUE=DATE)?:([^\r\nT]*)", body, re.M)
    return tuple(sorted(b":".join(pair) for pair in words))


def statuses(message: bytes) -> List[Status]:
    """All Statuses of a message."""
    return [Status(text(one, "MsgRef"), text(one, "CmdRef"), text(one, "Cmd"), text(one, "Data"),
                   tuple((ref.text or "").strip() for path in ("TargetRef", "SourceRef", "Item//LocURI")
                         for ref in one.findall(path)))
            for one in tree(message).findall("SyncBody/Status")]


def unanswered(request: bytes, answer: bytes, sparing: bool = False) -> List[str]:
    """What of a request has no Status in the answer: commands, and single items of a command with several.

    With `sparing` items may have none: the device gets no good news of them.
    """
    given: Dict[Tuple[str, str], List[Status]] = {}
    for status in statuses(answer):
        given.setdefault((status.command, status.name), []).append(status)
    missing = []
    for command in commands(request):
        if sparing and command.name in ("Add", "Replace", "Delete"):
            continue
        got = given.get((command.id, command.name), [])
        if not got:
            missing.append(f"{command.name} {command.id}")
        elif len(got) > 1 or any(status.refs for status in got):
            named = {ref for status in got for ref in status.refs}
            if command.name in ("Add", "Replace", "Delete") and len(got) < len(command.uris):
                missing += [f"{command.name} {command.id} item {source or target}"
                            for target, source in command.uris if not named & {target, source}]
    return missing


class Device:
    """Plays the device: sends its recorded messages with references that fit what the server said this time.

    :param port: where the server listens
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.path = "/"
        self.sent: Dict[Tuple[str, str], Command] = {}
        self.guids: Dict[str, str] = {}
        self.recorded: Dict[Tuple[str, str], Command] = {}

    def post(self, body: bytes) -> Tuple[int, bytes]:
        """Send one message; the next goes where the answer says (RespURI)."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.request("POST", self.path, body, {"Content-Type": XML})
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status == 200:
            uri = text(tree(answer), "SyncHdr/RespURI")
            self.path = "/" + urlsplit(uri).path.lstrip("/") + (f"?{urlsplit(uri).query}" if "?" in uri else "") \
                if uri else self.path
        return response.status, answer

    def begin(self) -> None:
        """A new session."""
        self.path, self.sent, self.recorded = "/", {}, {}

    def say(self, exchange: Exchange) -> Tuple[bytes, bytes]:
        """Send one recorded message, adapted.

        :returns: what was sent, and the answer
        """
        request = self.adapt(exchange.request)
        status, answer = self.post(request)
        assert status == 200, (exchange.name, status, answer)
        for command in commands(answer):
            self.sent[command.message, command.id] = command
        for command in commands(exchange.answer):
            self.recorded[command.message, command.id] = command
        self._learn()
        return request, answer

    def _learn(self) -> None:
        """Pair the GUIDs of then with those of now, by what the Adds say."""
        now = {says(body): source for command in self.sent.values() if command.name == "Add"
               for (_, source), body in zip(command.uris, command.bodies)}
        for command in self.recorded.values():
            if command.name == "Add":
                for (_, source), body in zip(command.uris, command.bodies):
                    if says(body) in now:
                        self.guids[source] = now[says(body)]

    def adapt(self, request: bytes) -> bytes:
        """Put this time's message and command numbers and GUIDs in the place of the recorded ones."""
        for then, guid in self.guids.items():
            request = request.replace(b">" + then.encode() + b"<", b">" + guid.encode() + b"<")
        return re.sub(rb"<Status>.*?</Status>\s*", self._status, request, flags=re.DOTALL)

    def _status(self, match: "re.Match[bytes]") -> bytes:
        block = match[0]
        [status] = statuses(b"<SyncML><SyncBody>" + block + b"</SyncBody></SyncML>")
        if status.command == "0":
            return block
        found = self._counterpart(status)
        if found is None:
            return b""
        block = re.sub(rb"(<MsgRef>)[^<]*", rb"\g<1>" + found.message.encode(), block)
        return re.sub(rb"(<CmdRef>)[^<]*", rb"\g<1>" + found.id.encode(), block)

    def _counterpart(self, status: Status) -> Optional[Command]:
        for command in self.sent.values():
            if command.name == status.name:
                uris = {uri for pair in command.uris for uri in pair if uri}
                if command.name not in ("Add", "Replace", "Delete") or uris & set(status.refs):
                    return command
        return None
