"""Made-up vCards, and what of a vCard must survive a peer that writes it anew."""

from __future__ import annotations

import os
import quopri
import re
from collections import Counter
from pathlib import Path
from typing import FrozenSet, Iterator, Tuple

Fields = FrozenSet[Tuple[str, str]]

KEPT = ("N", "FN", "TEL", "EMAIL", "NOTE")
_FAMILY = ("Müller", "Ståhl", "Okafor", "García", "Nguyễn", "Smith", "Ωmega", "Dvořák")
_GIVEN = ("Ada", "Björn", "Chloé", "Dmitri", "Esra", "Fumiko", "Gül", "Håkan")


def vcard(number: int, edit: str = "", note: int = 0) -> bytes:
    """One vCard 3.0, the same one for the same arguments.

    :param number: which person
    :param edit: a changed version of that person: goes into the note
    :param note: about so many bytes of note more
    """
    family, given = _FAMILY[number % 8], _GIVEN[number // 8 % 8]
    text = f"At stand {number}\\, hall {number % 7}; likes \u201ctea\u201d{' ' + edit if edit else ''}"
    text += "".join(f" line {i} of a long story\\n" for i in range(0, note // 22))
    lines = ("BEGIN:VCARD", "VERSION:3.0", f"N:{family}{number};{given};;;", f"FN:{given} {family}{number}",
             f"TEL;TYPE=CELL:+4930{number:07d}", f"TEL;TYPE=WORK:+4989{number:07d}",
             f"EMAIL;TYPE=HOME:person{number}@example.org", *_fold("NOTE:" + text.replace("; ", "\\; ")), "END:VCARD")
    return ("\r\n".join(lines) + "\r\n").encode("utf-8")


def _fold(line: str) -> Iterator[str]:
    for start in range(0, len(line), 70):
        yield (" " if start else "") + line[start:start + 70]


def fields(card: bytes) -> Fields:
    """The kept properties of a vCard 2.1 or 3.0 as (name, text): unfolded, decoded, empty ones left out."""
    found = set()
    for line in _lines(card):
        head, _, value = line.partition(b":")
        name, *parameters = head.decode("ascii", "replace").upper().split(";")
        name = name.rpartition(".")[2]
        if name in KEPT:
            text = _text(value, parameters)
            if text.strip(";"):
                found.add((name, text.rstrip(";") if name == "N" else text))
    return frozenset(found)


def _lines(card: bytes) -> Iterator[bytes]:
    card = card.replace(b"\r\n", b"\n")
    if b"QUOTED-PRINTABLE" in card.upper():
        card = card.replace(b"=\n", b"")
    return iter(re.sub(b"\n[ \t]", b"", card).split(b"\n"))


def _text(value: bytes, parameters: "list[str]") -> str:
    if any("QUOTED-PRINTABLE" in p for p in parameters):
        value = quopri.decodestring(value)
    charset = next((p.partition("=")[2] for p in parameters if p.startswith("CHARSET=")), "UTF-8")
    text = value.decode(charset, "replace")
    text = re.sub(r"\\([nN,;:\\])", lambda m: "\n" if m[1] in "nN" else m[1], text)
    return text.replace("\r\n", "\n").rstrip()


def people(folder: Path) -> "Counter[Fields]":
    """All vCards of a folder by their kept fields: equal counters mean equal address books, no double hides."""
    return Counter(fields(path.read_bytes()) for path in cards(folder))


def cards(folder: Path) -> "list[Path]":
    """The vCard files of a folder."""
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))


def find(folder: Path, number: int) -> Path:
    """The file that holds the person of this number, whatever a peer called it."""
    needle = b"+4930%07d" % number
    [found] = [path for path in cards(folder) if needle in path.read_bytes()]
    return found


def write(path: Path, body: bytes) -> None:
    """Write a file so that the change shows in its time stamp, whatever the resolution a peer looks at."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_bytes(body)
    changed = path.stat().st_mtime_ns
    if changed - before < 2_000_000_000:
        os.utime(path, ns=(before + 2_000_000_000, before + 2_000_000_000))


def fill(folder: Path, numbers: "range", edit: str = "") -> None:
    """Put the people of these numbers into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number}.vcf").write_bytes(vcard(number, edit))
