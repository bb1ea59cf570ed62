"""Values of vCard properties in the words of each version: escapes, components, lists, dates. One value at a time;
parameters are none of its business.
"""

from __future__ import annotations

from typing import Sequence

from minisyncml.content.escapes import escaped, split, unescaped
from minisyncml.content.form import KEPT

TEXT, NAME, COMPANY, LIST, PLAIN, DATE, STAMP, MEDIA, PLACE, ZONE, ASIDE = range(11)

#: what the value of a property is; X- properties and all others are TEXT whose commas and semicolons may divide
KINDS = {
    **dict.fromkeys(("FN", "NOTE", "TITLE", "ROLE", "LABEL", "MAILER", "SORT-STRING", "TEL", "EMAIL", "CLASS"), TEXT),
    **dict.fromkeys(("N", "ADR"), NAME), "ORG": COMPANY, "GENDER": COMPANY,
    **dict.fromkeys(("CATEGORIES", "NICKNAME"), LIST),
    **dict.fromkeys(("URL", "UID", "IMPP", "SOURCE", "FBURL", "CALURI", "CALADRURI", "MEMBER", "RELATED"), PLAIN),
    **dict.fromkeys(("BDAY", "ANNIVERSARY", "DEATHDATE"), DATE), "REV": STAMP,
    **dict.fromkeys(("PHOTO", "LOGO", "SOUND", "KEY"), MEDIA),
    "GEO": PLACE, "TZ": ZONE, KEPT: ASIDE,
}


def to_old(kind: "int | None", value: str) -> str:
    """A hub value as vCard 2.1 has it, where phones escape nothing but the semicolons of components.

    :param kind: of :data:`KINDS`
    :param value: as vCard 3.0 has it
    :returns: the value, decoded: line breaks are LF
    """
    if kind in (DATE, STAMP):
        return basic(value)
    if "\\" not in value and (kind != LIST or ";" not in value):
        return value
    if kind == NAME:
        return ";".join([",".join([_component(unescaped(word)) for word in split(part, ",")])
                         for part in split(value, ";")])
    if kind == COMPANY:
        return ";".join([_component(unescaped(part)) for part in split(value, ";")])
    if kind == LIST:
        return ",".join([_component(unescaped(word)) for word in split(value, ",")])
    return unescaped(value) if kind in (ASIDE, PLAIN) else _guarded(unescaped(value))


def _component(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;")


def _guarded(text: str) -> str:
    """A backslash that would be taken for an escape gets one before it."""
    if "\\" in text:
        for sign in ";,nN":
            text = text.replace("\\" + sign, "\\\\" + sign)
    return text


def from_old(kind: "int | None", value: str, quoted: bool) -> str:
    """A value of vCard 2.1 as the hub has it.

    :param kind: of :data:`KINDS`
    :param value: decoded
    :param quoted: whether it was quoted-printable, where a line break is one and `\\n` is not
    :returns: the value as vCard 3.0 has it
    """
    if kind in (DATE, STAMP):
        return extended(" ".join(value.split()), kind == STAMP)
    if kind in (PLAIN, MEDIA, PLACE, ZONE):     # a line break here could begin a property of its own
        return " ".join(value.splitlines()) if "\n" in value or "\r" in value else value
    if "," not in value and "\\" not in value and "\n" not in value and "\r" not in value and (
            ";" not in value or kind in (NAME, COMPANY)):
        return value
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if kind == ASIDE:
        return escaped(value)
    if kind in (NAME, COMPANY):
        return ";".join([escaped(_part(part, quoted)) for part in split(value, ";")])
    if kind == LIST:
        return ",".join([escaped(_part(word, quoted)) for part in split(value, ";") for word in split(part, ",")])
    return escaped(_text(value, quoted))


def _part(text: str, quoted: bool) -> str:
    """A component, where a backslash is doubled by those who escape it."""
    if "\\" not in text:
        return text
    parts = text.split("\\\\")
    for sign, word in (("\\,", ","), ("\\;", ";")) if quoted else (("\\,", ","), ("\\;", ";"), ("\\n", "\n")):
        parts = [part.replace(sign, word) for part in parts]
    return "\\".join(parts)


def _text(text: str, quoted: bool) -> str:
    """Text in which few phones escape anything: `C:\\dir` and `\\\\server` are what they are."""
    made: "list[str]" = []
    at = 0
    while True:
        back = text.find("\\", at)
        if back < 0:
            return "".join([*made, text[at:]])
        made.append(text[at:back])
        sign, next_ = text[back + 1:back + 2], text[back + 2:back + 3]
        if sign == "\\" and next_ and next_ in ";,nN":
            made.append("\\" + next_)
            at = back + 3
        elif sign and sign in ";,":
            made.append(sign)
            at = back + 2
        elif sign and sign in "nN" and not quoted and text[back - 1:back] != ":":
            made.append("\n")
            at = back + 2
        else:
            made.append("\\")
            at = back + 1


def normal(kind: "int | None", value: str) -> str:
    """A hub value written in one way only, for comparing.

    :param kind: of :data:`KINDS`
    :param value: as vCard 3.0 has it, by whomever
    :returns: the value
    """
    if kind == MEDIA:
        return value
    if kind in (DATE, STAMP):
        return basic(extended(value, kind == STAMP))
    if kind == NAME:
        return ";".join([normal(LIST, part) for part in split(value, ";")]).rstrip(";")
    if kind == COMPANY:
        return ";".join([escaped(unescaped(part)) for part in split(value, ";")]).rstrip(";")
    if kind == LIST:
        return ",".join([escaped(unescaped(word)) for word in split(value, ",")])
    if kind is None:
        return ";".join([normal(LIST, part) for part in split(value, ";")])
    if kind == PLACE:
        return value.replace(",", ";").replace(" ", "")
    if kind == ZONE:
        return offset(value, ":")
    return escaped(unescaped(value))


def full_name(parts: "Sequence[str]") -> str:
    """A name as it is shown, where it is only known in parts.

    :param parts: of N: family name, given name, more names, title, what follows
    :returns: title, given name, more names, family name, and what follows
    """
    return " ".join([parts[at] for at in (3, 1, 2, 0, 4) if at < len(parts) and parts[at]])


def basic(value: str) -> str:
    """A date as vCard 2.1 and 4.0 write it.

    :param value: in any spelling
    :returns: YYYYMMDD, with THHMMSS and zone when there are; what is no date stays
    """
    date, time, clock = value.strip().partition("T")
    if len(date) == 10 and date[4] == date[7] == "-" and date.replace("-", "").isdigit():
        return date.replace("-", "") + time + clock.replace(":", "")
    if len(date) == 7 and date[:2] == "--" and date[4] == "-":
        return date[:4] + date[5:] + time + clock.replace(":", "")
    return value.strip()


def extended(value: str, midnight: bool = False) -> str:
    """A date as vCard 3.0 has it. A midnight says that somebody had no other word for a day: it is not shifted.

    :param value: in any spelling
    :param midnight: whether midnight is a time like others
    :returns: YYYY-MM-DD; with a time as it stands there; what is no date stays
    """
    value = basic(value)
    date, time, clock = value.partition("T")
    if len(date) != 8 or not date.isdigit() or not date.isascii():
        return value
    date = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    if not clock or not midnight and clock.rstrip("Z") in ("000000", "0000", "00"):
        return date
    if len(clock) >= 6 and clock[:6].isdigit():
        return f"{date}T{clock[:2]}:{clock[2:4]}:{clock[4:6]}{clock[6:]}"
    return date + time + clock


def offset(value: str, colon: str) -> str:
    """An offset to UTC.

    :param value: `-0500` or `-05:00`
    :param colon: what is to stand between hours and minutes
    :returns: the offset; a name of a zone stays
    """
    digits = value.strip()[1:].replace(":", "")
    if value.strip()[:1] in ("+", "-") and len(digits) == 4 and digits.isdigit():
        return f"{value.strip()[0]}{digits[:2]}{colon}{digits[2:]}"
    return value
