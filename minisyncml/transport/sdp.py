"""Bluetooth service discovery without IO: the question for a service, its answer, and answering for records of ours.

Bluetooth Core specification, volume 3 part B. RFCOMM channels are found by UUID at each connect and never stored:
they differ between phones, and between firmwares of one phone. Sockets are in `rfcomm`.
"""

from __future__ import annotations

from typing import Iterator, Mapping, NamedTuple, Optional, Sequence

from minisyncml.errors import DecodeError, LimitError
from minisyncml.transport import sdpdata
from minisyncml.transport.sdpdata import SEQ, TEXT, UINT, UUID, Element, build, parse_at, seq, short, text, uint, uuid

SYNCML = bytes.fromhex("0000100080000002ee000002")
NOKIA = bytes.fromhex("0000100080000002ee000001")
SYNCML_CLIENT = b"\0\0\0\2" + SYNCML    #: a phone that a server may call
SYNCML_SERVER = b"\0\0\0\1" + NOKIA     #: a server that phones may call, in the form that most stacks register
SYNCML_SERVER_2 = b"\0\0\0\1" + SYNCML  #: the same in the form of libsyncml and Wireshark
PC_SUITE = b"\0\0\x50\x05" + NOKIA      #: Nokia's OBEX service for its PC software
IRMC, PUSH, FTP = (short(number) for number in (0x1104, 0x1105, 0x1106))
L2CAP, RFCOMM, OBEX, PUBLIC = (short(number) for number in (0x0100, 0x0003, 0x0008, 0x1002))
NAMES = {SYNCML_CLIENT: "SyncML client", SYNCML_SERVER: "SyncML server", SYNCML_SERVER_2: "SyncML server",
         PC_SUITE: "Nokia PC Suite", IRMC: "IrMC sync", PUSH: "object push", FTP: "file transfer"}

PHONE = (SYNCML_CLIENT, PC_SUITE)       #: where a phone is called for SyncML, in this order
FILES = (IRMC, PC_SUITE, FTP, PUSH)     #: where a phone without SyncML is asked for its phone book
SERVER = (SYNCML_SERVER, SYNCML_SERVER_2)   #: where a server is called

ERROR, SEARCH, ATTRIBUTES, SEARCH_ATTRIBUTES = 1, 2, 4, 6   # requests; an answer has the next number
HANDLE, CLASSES, PROTOCOLS, BROWSE, LANGUAGES, NAME = 0x0000, 0x0001, 0x0004, 0x0005, 0x0006, 0x0100
WANTED = seq(uint(CLASSES, 2), uint(PROTOCOLS, 2), uint(NAME, 2))
MOST = 65_536           # bytes of attributes that one search may bring
ROUNDS = 256            # answers that one search may take
MTU = 672               # of an L2CAP channel unless agreed otherwise
BAD_HANDLE, BAD_SYNTAX, BAD_SIZE, BAD_CONTINUATION = 2, 3, 4, 5


class Service(NamedTuple):
    """A service of another device: its UUIDs, its RFCOMM channel (0 when it has none) and its name."""

    uuids: "tuple[bytes, ...]"
    channel: int
    name: str


class Search:
    """One question: which services have this UUID? Send :meth:`request` until :meth:`feed` says that it is done.

    :param wanted: 16 bytes
    """

    def __init__(self, wanted: bytes) -> None:
        self._pattern = build(seq(uuid(wanted)))
        self._transaction = 0
        self._more = b""
        self._got = bytearray()

    def request(self) -> bytes:
        """The next packet to send (ServiceSearchAttributeRequest, section 4.7.1).

        :returns: its bytes
        """
        self._transaction += 1
        body = self._pattern + b"\xff\xff" + build(WANTED) + bytes([len(self._more)]) + self._more
        return packet(SEARCH_ATTRIBUTES, self._transaction, body)

    def feed(self, data: bytes) -> bool:
        """Take the answer.

        :param data: one packet
        :returns: whether that was all
        :raises DecodeError: when it is no answer to the last request
        :raises LimitError: when the answers have no end
        """
        kind, transaction, body = unpack(data)
        if kind == ERROR:
            raise DecodeError(f"SDP: the phone refused the search (error {int.from_bytes(body[:2], 'big')})")
        if kind != SEARCH_ATTRIBUTES + 1 or transaction != self._transaction or len(body) < 3:
            raise DecodeError("SDP: this is no answer to the search")
        size = int.from_bytes(body[:2], "big")
        rest = body[2 + size:]
        if not rest or len(rest) != 1 + rest[0] or rest[0] > 16:
            raise DecodeError("SDP: the lengths of the answer do not fit")
        self._got += body[2:2 + size]
        self._more = rest[1:]
        if len(self._got) > MOST or self._transaction >= ROUNDS:
            raise LimitError("SDP: the answer has no end")
        return not self._more

    def services(self) -> "list[Service]":
        """The services found.

        :returns: those in the answers, in their order
        :raises DecodeError: when the answers hold no list of services
        """
        return [service(attributes(record)) for record in sdpdata.parse(bytes(self._got)).items()]


def attributes(record: Element) -> "dict[int, Element]":
    """The attributes of a record: numbers and values take turns in it (section 2.2).

    :param record: a sequence
    :returns: the values by number
    """
    items = record.items()
    return {key.number(): value for key, value in zip(items[::2], items[1::2]) if key.kind == UINT}


def service(record: "Mapping[int, Element]") -> Service:
    """What a record says, as far as it matters here.

    :param record: its attributes
    :returns: the service
    """
    classes = record.get(CLASSES, seq()).items()
    label = record.get(NAME, seq())
    name = label.value if label.kind == TEXT and isinstance(label.value, bytes) else b""
    return Service(tuple(item.value for item in classes if isinstance(item.value, bytes)),
                   channel(record.get(PROTOCOLS, seq())), name.decode("utf-8", "replace").rstrip("\0")[:64])


def channel(protocols: Element) -> int:
    """The RFCOMM channel in a ProtocolDescriptorList (section 5.1.5).

    :param protocols: the list, or alternatives of lists
    :returns: 1 to 30, or 0 when there is none
    """
    for protocol in protocols.items():
        items = protocol.items()
        if len(items) > 1 and items[0].value == RFCOMM and 1 <= items[1].number() <= 30:
            return items[1].number()
        inner = channel(protocol) if items and items[0].kind == SEQ else 0
        if inner:
            return inner
    return 0


def pick(services: Sequence[Service]) -> Optional[Service]:
    """The service to call.

    :param services: what was found for one UUID
    :returns: the first that has a channel
    """
    for one in services:
        if one.channel:
            return one
    return None


def record(handle: int, kind: bytes, number: int, name: str) -> Element:
    """A record of ours: OBEX over RFCOMM.

    :param handle: 32 bits, unique on this machine; 0x10000 and above
    :param kind: the UUID of the service
    :param number: RFCOMM channel
    :param name: what people see
    :returns: the attribute list
    """
    return seq(
        uint(HANDLE, 2), uint(handle, 4),
        uint(CLASSES, 2), seq(uuid(kind)),
        uint(PROTOCOLS, 2), seq(seq(uuid(L2CAP)), seq(uuid(RFCOMM), uint(number, 1)), seq(uuid(OBEX))),
        uint(BROWSE, 2), seq(uuid(PUBLIC)),
        uint(LANGUAGES, 2), seq(uint(0x656E, 2), uint(106, 2), uint(NAME, 2)),   # English in UTF-8
        uint(NAME, 2), text(name))


class Responder:
    """Answers searches for records of ours; it keeps nothing between two packets.

    :param records: attribute lists, see :func:`record`
    :param mtu: the largest packet to send, in bytes
    """

    def __init__(self, records: Sequence[Element], mtu: int = MTU) -> None:
        self._records = tuple(records)
        self._mtu = mtu

    def answer(self, data: bytes) -> bytes:
        """Answer one request.

        :param data: a packet
        :returns: the packet to send back, an error when it was no request
        """
        transaction = int.from_bytes(data[1:3], "big")
        try:
            kind, transaction, body = unpack(data)
            return self._answer(kind, transaction, body)
        except Refused as refused:
            code = refused.code
        except DecodeError:
            code = BAD_SYNTAX
        return packet(ERROR, transaction, code.to_bytes(2, "big"))

    def _answer(self, kind: int, transaction: int, body: bytes) -> bytes:
        if kind == SEARCH:
            pattern, at = parse_at(body, 0)
            most, start = counts(body, at)
            handles = [attributes(one)[HANDLE].number().to_bytes(4, "big") for one in self._matching(pattern)][:most]
            room = (self._mtu - 5 - 4 - 5) // 4 * 4
            part, more = cut(b"".join(handles), start, room)
            return packet(SEARCH + 1, transaction,
                          len(handles).to_bytes(2, "big") + (len(part) // 4).to_bytes(2, "big") + part + more)
        if kind == ATTRIBUTES:
            number = int.from_bytes(body[:4], "big")
            found = [one for one in self._records if attributes(one)[HANDLE].number() == number]
            if not found:
                raise Refused(BAD_HANDLE)
            most, at = int.from_bytes(body[4:6], "big"), 6
        elif kind == SEARCH_ATTRIBUTES:
            pattern, at = parse_at(body, 0)
            found = list(self._matching(pattern))
            most, at = int.from_bytes(body[at:at + 2], "big"), at + 2
        else:
            raise Refused(BAD_SYNTAX)
        asked, at = parse_at(body, at)
        if most < 7:
            raise Refused(BAD_SYNTAX)
        lists = [chosen(one, asked) for one in found]
        part, more = cut(build(lists[0] if kind == ATTRIBUTES else seq(*lists)), offset(body, at),
                         min(most, self._mtu - 5 - 2 - 5))
        return packet(kind + 1, transaction, len(part).to_bytes(2, "big") + part + more)

    def _matching(self, pattern: Element) -> "Iterator[Element]":
        wanted = [item.value for item in pattern.items() if item.kind == UUID]
        if not 1 <= len(wanted) <= 12 or len(wanted) != len(pattern.items()):
            raise Refused(BAD_SYNTAX)
        for one in self._records:
            present = set(uuids(one))
            if all(value in present for value in wanted):
                yield one


class Refused(Exception):
    """A request that gets an error for its answer.

    :param code: the SDP error code (section 4.4.1)
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def counts(body: bytes, at: int) -> "tuple[int, int]":
    """The tail of a ServiceSearchRequest: how many handles at most, and from which byte on.

    :param body: the request
    :param at: where the tail begins
    :returns: both
    :raises Refused: when they are missing
    """
    most = int.from_bytes(body[at:at + 2], "big")
    if not most:
        raise Refused(BAD_SYNTAX)
    return most, offset(body, at + 2)


def offset(body: bytes, at: int) -> int:
    """Our continuation state: how many bytes of the whole answer were sent already.

    :param body: the request
    :param at: where the state begins; it ends the request
    :returns: the number, 0 for a first request
    :raises Refused: when it is none of ours
    """
    state = body[at:]
    if not state or len(state) != 1 + state[0]:
        raise Refused(BAD_SIZE)
    if state[0] not in (0, 4):
        raise Refused(BAD_CONTINUATION)
    return int.from_bytes(state[1:], "big")


def cut(whole: bytes, start: int, room: int) -> "tuple[bytes, bytes]":
    """A part of an answer, and the continuation state after it.

    :param whole: the answer
    :param start: from which byte on
    :param room: how many bytes at most
    :returns: both
    :raises Refused: when the answer is not that long
    """
    if start and start >= len(whole):
        raise Refused(BAD_CONTINUATION)
    end = min(len(whole), start + room)
    return whole[start:end], b"\0" if end == len(whole) else b"\4" + end.to_bytes(4, "big")


def chosen(one: Element, asked: Element) -> Element:
    """The attributes of a record that were asked for (section 4.6.1: numbers, and ranges as 32 bits).

    :param one: the record
    :param asked: the list in the request
    :returns: the record with only these
    """
    ranges = [(item.number() >> 16, item.number() & 0xFFFF) if item.size == 4 else (item.number(), item.number())
              for item in asked.items() if item.kind == UINT]
    items = []
    for key, value in sorted(attributes(one).items()):
        if any(low <= key <= high for low, high in ranges):
            items += [uint(key, 2), value]
    return seq(*items)


def uuids(element: Element) -> "Iterator[bytes]":
    """All UUIDs anywhere in an element.

    :param element: for example a record
    :returns: 16 bytes each
    """
    if element.kind == UUID and isinstance(element.value, bytes):
        yield element.value
    for item in element.items():
        yield from uuids(item)


def packet(kind: int, transaction: int, body: bytes) -> bytes:
    """An SDP packet (section 4.2).

    :param kind: its number
    :param transaction: ties request and answer
    :param body: its parameters
    :returns: the bytes
    """
    return bytes([kind]) + (transaction & 0xFFFF).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def unpack(data: bytes) -> "tuple[int, int, bytes]":
    """Take an SDP packet apart.

    :param data: the bytes
    :returns: number, transaction, parameters
    :raises DecodeError: when its length is not the one it says
    """
    if len(data) < 5 or len(data) - 5 != int.from_bytes(data[3:5], "big"):
        raise DecodeError("SDP: this is no packet")
    return data[0], int.from_bytes(data[1:3], "big"), data[5:]
