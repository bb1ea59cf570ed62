"""The escapes in values of vCard 3.0, iCalendar and the hubs (RFC 2426 section 4, RFC 5545 section 3.3.11)."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Text as a value.

    :param text: plain; any kind of line break
    :returns: one line
    """
    if not text or text.isalnum():
        return text
    for sign, word in (("\\", "\\\\"), ("\r\n", "\n"), ("\r", "\n"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
        text = text.replace(sign, word)
    return text


def unescaped(value: str) -> str:
    """What a value says.

    :param value: with escapes
    :returns: plain text, line breaks are LF
    """
    if "\\" not in value:
        return value
    parts = value.split("\\\\")
    for sign, word in (("\\n", "\n"), ("\\N", "\n"), ("\\,", ","), ("\\;", ";"), ("\\:", ":")):
        parts = [part.replace(sign, word) for part in parts]
    return "\\".join(parts)


def one_line(value: str) -> str:
    """A value that means nothing to us, or has its escapes, without line breaks.

    :param value: with or without escapes
    :returns: the value; line breaks have become escapes
    """
    if "\n" in value or "\r" in value:
        return value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return value


def split(value: str, sign: str) -> "list[str]":
    """Cut a value at a sign that no backslash stands before.

    :param value: with escapes
    :param sign: a comma or semicolon
    :returns: the parts, with their escapes
    """
    if "\\" not in value:
        return value.split(sign)
    parts: "list[str]" = []
    start = at = 0
    while at < len(value):
        if value[at] == sign:
            parts.append(value[start:at])
            start = at + 1
        at += 2 if value[at] == "\\" else 1
    return [*parts, value[start:]]
