"""Contacts as computers write them and as an old phone does, and what such a phone says of itself."""

from __future__ import annotations

from forgetful import described

from minisyncml.message.devinf import DevInf
from minisyncml.store.memory import MemoryStore

NEW, OLD = ("text/vcard", "3.0"), ("text/x-vcard", "2.1")


def modern(name: int, word: str) -> bytes:
    """A contact as computers write it. ROLE and X-SECRET are nothing that the phone knows."""
    return (f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:uuid:{name:032d}\r\nFN:{name} Person\r\nN:Person;{name}\r\n"
            f"TEL;TYPE=CELL:{1000000 + name}\r\nROLE:role {name}\r\nX-SECRET:secret {name}\r\n"
            f"NOTE:{word}\\, {'ü' * (name * 37 % 200)}\r\nEND:VCARD\r\n").encode()


def old(name: int, word: str) -> bytes:
    """The same as it is made on the phone."""
    note = "".join(f"={byte:02X}" for byte in f"{word}, {'ü' * (name * 37 % 200)}".encode())
    return (f"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Person;{name}\r\nTEL;CELL:{1000000 + name}\r\n"
            f"NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{note}\r\nEND:VCARD\r\n").encode()


def name_of(body: bytes) -> int:
    return int(body.split(b"N:Person;")[1].split(b"\r\n")[0])


def modern_store() -> MemoryStore:
    store = MemoryStore((OLD, NEW))
    store.form = NEW
    return store


def presented(devinf: DevInf) -> DevInf:
    """What the phone says of itself."""
    kinds = {store.source_ref: "contacts" for store in devinf.datastores}
    return described(devinf._replace(dev_type="phone", man="Old", mod="Phone", exts=()), kinds)
