"""What a contact says, read slowly and apart from the package: the judge of what a conversion loses.

Facts come from vCard 2.1, RFC 2426, RFC 6350; order, folding, names of parameters and spelling of dates do not count.
"""

from __future__ import annotations

import base64
import quopri
import re
from collections import Counter
from typing import Counter as Bag

STRUCTURED = ("N", "ADR", "ORG", "GENDER")
LISTS = ("CATEGORIES", "NICKNAME")
DATES = ("BDAY", "ANNIVERSARY", "DEATHDATE", "REV")
MEDIA = ("PHOTO", "LOGO", "SOUND", "KEY")
MEDIA_TYPES = {"APPLICATION/PGP-KEYS": "PGP", "APPLICATION/PKIX-CERT": "X509"}
MAGIC = ((b"\xff\xd8", "JPEG"), (b"\x89PNG", "PNG"), (b"GIF8", "GIF"))
USUAL = ("TEXT", "DATE", "DATE-TIME", "DATE-AND-OR-TIME", "PHONE-NUMBER", "UTC-OFFSET", "BINARY", "INLINE")
KEPT = "X-MINISYNCML-KEPT"
Fact = "tuple[object, ...]"


def facts(card: bytes, derived: bool = False) -> "Bag[tuple[object, ...]]":
    """All that a card says: group, name, types, other parameters and value of each property.

    :param card: of any version
    :param derived: FN and N count too (some versions demand them, and a conversion adds them)
    """
    version, rows = _rows(card)
    said = []
    for group, name, params, value in rows:
        if name in ("BEGIN", "END", "VERSION", "", KEPT) or name in ("FN", "N") and not derived:
            continue
        label = dict(params).get("LABEL") if name == "ADR" else None
        row = _fact(version, group, name, params, value)
        said.append(row)
        if label is not None:
            text = label.strip('"').replace("^^", "\0").replace("^'", '"').replace("\0", "^")
            said.append((group.upper(), "LABEL", row[2], (),
                         _unescaped(text, version)))
    return Counter(said)


def _rows(card: bytes) -> "tuple[str, list[tuple[str, str, list[tuple[str, str]], bytes]]]":
    version = re.search(rb"(?im)^VERSION:\s*(\S+)", card)
    number = version.group(1).decode() if version else "2.1"
    rows, whole = [], bytearray()
    lines = re.split(rb"\r?\n", card)
    for line, after in zip(lines, [*lines[1:], b""]):
        whole += line
        head = bytes(whole).partition(b":")[0].upper()
        if b"QUOTED-PRINTABLE" in head and line.rstrip().endswith(b"="):
            whole = bytearray(whole.rstrip().rstrip(b"="))
            continue
        if after[:1] in (b" ", b"\t") and after.strip():
            whole += b"\0"
            continue
        number_two = number == "2.1" and b"BASE64" not in head
        line, whole = re.sub(rb"\0" if number_two else rb"\0[ \t]", b"", bytes(whole)), bytearray()
        found = re.match(rb'((?:[^":]|"[^"]*")*):(.*)', line, re.S)
        if not found:
            continue
        words = re.findall(r'(?:[^";]|"[^"]*")+', found.group(1).decode())
        group, _, name = words[0].rpartition(".")
        params = [(word.partition("=")[0].upper(), word.partition("=")[2]) if "=" in word else ("", word)
                  for word in words[1:]]
        rows.append((group, name.upper(), params, found.group(2)))
    return number, rows


def _fact(version: str, group: str, name: str, params: "list[tuple[str, str]]", data: bytes) -> "tuple[object, ...]":
    types, rest, quoted, binary = set(), set(), False, False
    charset = "utf-8"
    for key, value in params:
        if key == "CHARSET":
            charset = value
        elif key in ("", "ENCODING") and value.upper() in ("QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"):
            quoted, binary = quoted or value[0] in "Qq", binary or value.upper() in ("B", "BASE64")
        elif key in ("", "TYPE"):
            types |= {word.strip().upper() for word in value.replace('"', "").split(",") if word.strip()}
        elif (key, value) == ("PREF", "1"):
            types.add("PREF")
        elif key == "VALUE":
            value = value.upper().replace("URL", "URI")
            rest |= {(key, value)} if value not in USUAL and name != "TEL" and name not in MEDIA else set()
        elif (key, name) != ("LABEL", "ADR"):
            rest.add((key, value.strip('"')))
    text = (quopri.decodestring(data) if quoted else data).decode(charset)
    value = _value(version, name, text, types, binary, quoted)
    return (group.upper(), name, frozenset(types), tuple(sorted(rest)), *value)


def _value(version: str, name: str, text: str, types: "set[str]", binary: bool, quoted: bool) -> "tuple[object, ...]":
    if name in MEDIA and text.startswith("data:") and ";base64," in text:
        media, _, text = text[5:].partition(";base64,")
        types |= {MEDIA_TYPES.get(media.upper(), media.rpartition("/")[2].upper())} - {"OCTET-STREAM"}
        binary = True
    if binary:
        photo = base64.b64decode(re.sub(r"\s", "", text) + "==")
        types |= {word for magic, word in MAGIC if photo.startswith(magic)}
        return (photo,)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if name == "TEL":
        text = re.sub("^(?i:tel):", "", text)
    if name in DATES:
        text = re.sub(r"(?<!T)[-:](?=\d)", "", text) if re.match(r"\d{4}-\d\d-\d\d", text) else text
        return (re.sub("T0000(00)?Z?$", "", text) if name != "REV" else text,)
    if name == "GEO":
        return tuple(re.sub("^geo:", "", text).replace(",", ";").split(";"))
    if name == "TZ":
        return (text.replace(":", "") if text[:1] in "+-" else text,)
    if name in STRUCTURED or name == "SOUND":
        several = name in ("N", "ADR", "SOUND") and version != "2.1"
        fields = [_list(part, version, several, quoted) for part in _cut(text, ";")]
        while fields and fields[-1] == ("",):
            fields.pop()
        return tuple(fields)
    if name in LISTS:
        parts = _cut(text, ";") if version == "2.1" else [text]
        return (tuple(word for part in parts for word in _list(part, version, True, quoted)),)
    return (_unescaped(text, version, quoted),)


def _list(text: str, version: str, cut: bool, quoted: bool) -> "tuple[str, ...]":
    words = _cut(text, ",") if cut else [text]
    return tuple(_unescaped(word, version, quoted, True) for word in words)


def _cut(text: str, sign: str) -> "list[str]":
    return [part.replace("\0", "\\\\").replace("\1", "\\" + sign)
            for part in text.replace("\\\\", "\0").replace("\\" + sign, "\1").split(sign)]


def _unescaped(text: str, version: str, quoted: bool = False, part: bool = False) -> str:
    if version != "2.1":
        return re.sub(r"\\([\\,;:nN])", lambda found: "\n" if found.group(1) in "nN" else found.group(1), text)
    if part:
        return re.sub(r"\\([\\,;])" if quoted else r"\\([\\,;n])",
                      lambda found: "\n" if found.group(1) == "n" else found.group(1), text)

    def meant(found: "re.Match[str]") -> str:
        if found.group(1):
            return "\\" + found.group(2)
        if found.group(2) in "nN":
            return found.group(0) if quoted or text[:found.start()].endswith(":") else "\n"
        return found.group(2)
    return re.sub(r"\\(\\?)([;,nN])", meant, text)
