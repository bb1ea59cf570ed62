"""What all formats of Funambol's clients have in common (SIF-C, SIF-E, SIF-T, SIF-N: flat XML after the fields of
Outlook): lists, line breaks, classes, and the elements that no property says, which the hubs hold as X-SIF- properties.
"""

from __future__ import annotations

from typing import Iterable, Mapping

from minisyncml.content.elements import Element
from minisyncml.content.escapes import escaped, split, unescaped
from minisyncml.content.form import Form
from minisyncml.content.lines import Property

PREFIX = "X-SIF-"
CLASSES = {"0": "PUBLIC", "1": "X-PERSONAL", "2": "PRIVATE", "3": "CONFIDENTIAL"}     #: Sensitivity
NO_YEAR = 4500          #: from this year on Outlook has what has no date


def list_in(text: str) -> str:
    """Categories and the like for the hub.

    :param text: of an element
    :returns: the value of a property; empty when there are none
    """
    words = (word.strip() for word in text.replace(";", ",").split(","))
    return ",".join([escaped(word) for word in words if word])


def list_out(found: "Iterable[Property]") -> str:
    """Categories and the like for an element.

    :param found: the properties that hold some
    :returns: the text
    """
    return ", ".join([unescaped(word).strip() for each in found for word in split(each.value, ",")])


def broken(text: str, form: Form) -> str:
    """Text with the line breaks that a peer wants.

    :param text: any text
    :param form: of the peer
    :returns: the text of an element
    """
    return text.replace("\r\n", "\n").replace("\n", "\r\n") if form.crlf and "\n" in text else text


def other_in(each: Element, cased: "Mapping[str, str]") -> Property:
    """An element that no property says.

    :param each: the element
    :param cased: how such elements are usually written, by their names in capitals
    :returns: an X-SIF- property
    """
    name = each.name.upper()
    case = () if cased.get(name) == each.name else (("X-CASE", each.name),)
    return Property(PREFIX + name, escaped(each.text), case)


def other_out(each: Property, cased: "Mapping[str, str]") -> str:
    """What an X-SIF- property is called as an element.

    :param each: the property
    :param cased: as for :func:`other_in`
    :returns: empty when it is none, or would be no XML
    """
    if not each.name.startswith(PREFIX):
        return ""
    plain = each.name[len(PREFIX):]
    name = each.param("X-CASE") or cased.get(plain, plain.title())
    fine = name.isascii() and name.replace("-", "").replace("_", "").isalnum() and name[0].isalpha()
    return name if fine and name.upper() == plain else ""
