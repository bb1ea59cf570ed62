"""What is written into a trace: sessions with all that an equal run of them needs, and what went over the wire.

Secrets never get here into the file (see masking.py); personal data does unless it is anonymised. The random bytes of a
traced session all come from one seed that stands in the trace, so that a replay draws the same.
"""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Mapping, Optional, TypeVar

from minisyncml import codec
from minisyncml.codec.node import Node
from minisyncml.codec.text import readable
from minisyncml.digest import digest
from minisyncml.errors import EncodeError, Error
from minisyncml.gateway import masking
from minisyncml.gateway.anonymise import Anonymiser
from minisyncml.gateway.tracefile import LINE, Lines, base64
from minisyncml.store.base import Entry, Item, Parked, Row
from minisyncml.transport.base import Packet

T = TypeVar("T", bound="Recorder")
PAGE = 200      #: rows in one line


class Recorder:
    """Writes one trace. Hand it to a :class:`~minisyncml.gateway.client.Client` or
    :class:`~minisyncml.gateway.serve.Server`; close it at the end. May be used by many threads.

    :param path: the file; one that is there is replaced
    :param anonymise: write made-up data of the same shape in place of personal data
    :param clock: seconds that only go forward
    :param random: gives so many random bytes
    :param log: is told in one line when nothing more can be written
    :raises TraceError: when the file cannot be made
    """

    def __init__(self, path: str, *, anonymise: bool = False, clock: Callable[[], float] = time.monotonic,
                 random: Callable[[int], bytes] = os.urandom, log: Callable[[str], None] = lambda line: None) -> None:
        self._random = random
        self.anonymiser = Anonymiser(random(16)) if anonymise else None
        self.lines = Lines(path, anonymise, clock, log)
        self._sessions = 0

    def session(self) -> "Recording":
        """A session begins.

        :returns: what to tell about it
        """
        self._sessions += 1
        return Recording(self, self._sessions, self._random(16))

    def close(self) -> None:
        """Close the file."""
        self.lines.close()

    def __enter__(self: T) -> T:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def note(self, words: str) -> None:
        """Write something for people.

        :param words: one line
        """
        self.lines.write("note", words=self.words(words))

    def stray(self, packet: Packet, error: Error) -> None:
        """A message that belongs to no session.

        :param packet: the message
        :param error: why
        """
        self.message(0, "in", packet)
        self.lines.write("error", session=0, error=type(error).__name__, words=self.words(str(error)), left=False)

    def packet(self, link: str, way: str, data: bytes) -> None:
        """Write bytes of a line.

        :param link: its name
        :param way: `in` or `out`
        :param data: without secrets, see :mod:`minisyncml.gateway.traced_link`
        """
        self.lines.write("packet", link=link, dir=way, raw=data if self.anonymiser is None else
                         self.anonymiser.line(data))

    def message(self, session: int, way: str, packet: Packet, doubt: bool = False) -> None:
        """Write a message, without its secrets.

        :param session: its number; 0 when it belongs to none
        :param way: `in` or `out`
        :param packet: the message
        :param doubt: see :meth:`Recording.message`
        """
        names: "list[list[str]]" = []
        fields: "dict[str, object]" = {"type": packet.content_type, **({"doubt": True} if doubt else {})}
        try:
            body = masking.rewrite(packet.body, packet.content_type, self._change(f"{session}{way}", names))
            xml = _xml(body)
            fields.update({"xml": xml} if len(xml) < LINE // 6 else {})
        except Error as error:
            hide = isinstance(error, EncodeError) or self.anonymiser is not None
            body = bytes(len(packet.body)) if hide else masking.blind(packet.body)
            fields["unread"] = str(error)
        if names:
            fields["names"] = names
        if packet.to:
            fields["to"] = self.address(masking.url(packet.to))
        if packet.hmac:
            fields["hmac"] = masking.header(packet.hmac)
        self.lines.write("message", session=session, dir=way, **fields, raw=body)

    def address(self, text: str) -> str:
        """A text without the number of a telephone, where that is asked for.

        :param text: any text
        :returns: what to write
        """
        return text if self.anonymiser is None else self.anonymiser.address(text)

    def person(self, text: str) -> str:
        """A text of a person, or another one, where that is asked for.

        :param text: any text
        :returns: what to write
        """
        return text if self.anonymiser is None else self.anonymiser.text(text)

    def words(self, text: str) -> str:
        """What people are told, without names of files and the like, where that is asked for.

        :param text: one line
        :returns: what to write
        """
        return text if self.anonymiser is None else self.anonymiser.words(text)

    def told(self, value: Any) -> Any:
        """A report, with :meth:`words` in place of words.

        :param value: JSON-able values
        :returns: what to write
        """
        if isinstance(value, dict):
            return {key: self.told(one) if not isinstance(one, str) else self.words(one) if key in ("words", "error")
                    else self.person(one) if key.startswith("title") else self.plain(one) for key, one in value.items()}
        return [self.told(one) for one in value] if isinstance(value, (list, tuple)) else self.plain(value)

    def body(self, data: bytes, names: "list[list[str]]") -> bytes:
        """The body of an item as it may be written.

        :param data: the body
        :param names: gets the digests of it, before and after
        :returns: the same bytes, or as many others
        """
        if self.anonymiser is None:
            return data
        new = self.anonymiser.body(data)
        names.append([base64(self.digest(digest(data))), base64(digest(new))])
        return new

    def digest(self, name: bytes) -> bytes:
        """The digest of a body as it may be written.

        :param name: the digest
        :returns: the same, or a name for it that says nothing about the body
        """
        return name if self.anonymiser is None else self.anonymiser.name(name)

    def plain(self, value: Any) -> Any:
        """JSON-able values without numbers of telephones, where that is asked for.

        :param value: the values
        :returns: what to write
        """
        if self.anonymiser is None:
            return value
        if isinstance(value, str):
            return self.address(value)
        if isinstance(value, dict):
            return {self.address(str(key)): self.plain(one) for key, one in value.items()}
        return [self.plain(one) for one in value] if isinstance(value, (list, tuple)) else value

    def _change(self, way: str, names: "list[list[str]]") -> masking.Change:
        hidden = self.anonymiser

        def change(parents: "list[Node]", node: Node) -> Optional[bytes]:
            new = masking.credentials(parents, node, self.user)
            if new is not None or hidden is None:
                return new
            new = hidden.change(parents, node, way)
            if new is not None and node.tag == "Data":
                names.append([base64(self.digest(digest(node.data()))), base64(digest(new))])
            return new

        return change

    def user(self, name: str) -> str:
        """The name of a user as it may be written.

        :param name: the name
        :returns: the same, or another
        """
        return name if self.anonymiser is None else self.anonymiser.text(name)


class Recording:
    """One session of a trace.

    :param recorder: of the file
    :param number: of the session
    :param seed: of its random bytes
    """

    def __init__(self, recorder: Recorder, number: int, seed: bytes) -> None:
        self._recorder = recorder
        self._number = number
        self.seed = seed
        self.random = Drawn(seed)
        self._ended = False

    def begin(self, **settings: object) -> None:
        """Write the settings.

        :param settings: JSON-able values
        """
        self._write("session", seed=self.seed, **self._recorder.plain(settings))

    def user(self, name: str) -> str:
        """See :meth:`Recorder.user`.

        :param name: of a user
        :returns: what to write
        """
        return self._recorder.user(name)

    def message(self, way: str, packet: Optional[Packet], doubt: bool = False) -> None:
        """Write a message.

        :param way: `in` or `out`
        :param packet: the message; None when there is none to send
        :param doubt: it may come from anybody, see :meth:`minisyncml.gateway.exchange.Exchange.doubt`
        """
        if packet is None:
            self._write("silence")
        else:
            self._recorder.message(self._number, way, packet, doubt)

    def error(self, name: str, words: str, left: bool) -> None:
        """Write what a message led to.

        :param name: class of the error
        :param words: for people
        :param left: whether it ended the session
        """
        self._write("error", error=name, words=self._recorder.words(words), left=left)

    def end(self, report: "Mapping[str, object]") -> None:
        """Write how it ended, once.

        :param report: JSON-able values
        """
        if not self._ended:
            self._ended = True
            user = report.get("user")
            self._write("end", report=self._recorder.told(
                {**report, "user": self.user(user) if isinstance(user, str) else ""}))

    # -- what an equal run needs

    def known(self, device: str, facts: "Mapping[str, object]") -> None:
        """What is known of a peer.

        :param device: its key
        :param facts: JSON-able values
        """
        key, found, user = device.partition("|")
        self._write("memory", device=self._recorder.address(key) + found + self.user(user),
                    facts=self._recorder.plain(dict(facts)))

    def devinf(self, version: str, facts: "Mapping[str, object]") -> None:
        """What we say of ourselves.

        :param version: SyncML version
        :param facts: our device information, JSON-able
        """
        self._write("memory", version=version, devinf=self._recorder.plain(dict(facts)))

    def fingerprint(self, name: str) -> None:
        """The name of our device information: it says whether that has to be told again.

        :param name: as it was computed
        """
        self._write("memory", fingerprint=name)

    def store(self, name: str, types: "tuple[tuple[str, str], ...]", form: "tuple[str, str]") -> None:
        """A datastore.

        :param name: of it
        :param types: that it takes
        :param form: that it keeps items in
        """
        self._write("store", store=name, types=types, **({"form": [form]} if form[0] else {}))

    def items(self, store: str, last: int, revision: int, rows: "list[Row]") -> None:
        """Some of its items.

        :param store: its name
        :param last: the highest id so far
        :param revision: the highest revision so far
        :param rows: the items
        """
        self._write("items", store=store, last=last, revision=revision, rows=[
            [row.id, row.revision, base64(self._recorder.digest(row.digest))] for row in rows])

    def peer(self, store: str, peer: str, facts: "Mapping[str, object]", entries: "list[Entry]",
             parked: "list[Parked]") -> None:
        """What is known of items at a peer.

        :param store: its name
        :param peer: key of the peer
        :param facts: of the peer
        :param entries: some of them
        :param parked: some items that wait
        """
        names: "list[list[str]]" = []
        hidden = self._recorder.digest
        known = [[entry.id, entry.remote, entry.seen, base64(hidden(entry.digest)) if entry.digest else "", entry.flags]
                 for entry in entries]
        waiting = [[one.remote, one.type, base64(self._recorder.body(one.body, names))] for one in parked]
        self._write("peer", store=store, peer=self._recorder.address(peer), facts=self._recorder.plain(dict(facts)),
                    entries=known, parked=waiting, names=names)

    def shadow(self, store: str, peer: str, id: str, body: bytes) -> None:
        """What a peer had of an item.

        :param store: its name
        :param peer: key of the peer
        :param id: the item
        :param body: the shadow
        """
        names: "list[list[str]]" = []
        self._write("shadow", store=store, peer=self._recorder.address(peer), id=id,
                    data=base64(self._recorder.body(body, names)), names=names)

    def body(self, store: str, item: Item) -> None:
        """The body of an item that the session read.

        :param store: its name
        :param item: the item
        """
        names: "list[list[str]]" = []
        self._write("body", store=store, id=item.id, type=item.type,
                    data=self._recorder.body(item.body, names), names=names)

    def _write(self, kind: str, **fields: object) -> None:
        self._recorder.lines.write(kind, session=self._number, **fields)


class Drawn:
    """Random bytes that can be drawn once more: they depend on the seed only.

    :param seed: random bytes
    """

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, size: int) -> bytes:
        """Draw.

        :param size: so many bytes
        :returns: the next ones
        """
        parts = []
        for _ in range(-(-size // 16)):
            self._count += 1
            parts.append(digest(self._seed + self._count.to_bytes(8, "big")))
        return b"".join(parts)[:size]


def _xml(body: bytes) -> str:
    """A message for people."""
    if codec.encoding_of(body) == "xml":
        return body.decode("utf-8", "replace")
    return readable(body).decode("utf-8", "replace")

