"""SIF-E and SIF-T, the appointments and tasks of Funambol's clients: whole items to the hub of calendars and back.

Elements that the hub has no property for become X-SIF- properties; what SIF cannot say stands in elements
X-MINISYNCML-KEPT, as in :mod:`minisyncml.content.vcalendar`.
"""

from __future__ import annotations

from typing import Sequence

from minisyncml.content.components import ITEMS, tree, zones_of
from minisyncml.content.elements import Element, read_elements, write_elements
from minisyncml.content.form import KEPT, Form
from minisyncml.content.formats import Format
from minisyncml.content.fromsifcalendar import new_part
from minisyncml.content.lines import Property
from minisyncml.content.slots import PRODID, calendar_of, restored, unsaid, without_exceptions
from minisyncml.content.tosifcalendar import elements_of
from minisyncml.content.zones import Zones
from minisyncml.errors import ItemError
from minisyncml.status import UNSUPPORTED_TYPE


class Sif(Format):
    """SIF-E or SIF-T.

    :param type: media type
    :param kind: the component of the hub that it says
    :param roots: names of the root element, the one that is written first
    """

    version, family = "1.0", "calendar"

    def __init__(self, type: str, kind: str, *roots: str) -> None:
        self.type, self.kind, self.roots = type, kind, roots

    def read(self, body: bytes, form: Form) -> "list[Property]":
        found = read_elements(body, self.roots)
        zones = Zones(form.zone)
        part = new_part(self.kind, found, form, zones)
        texts = [each.text for each in found if each.name == KEPT]
        beside = restored(part, texts, zones, form) if texts else []
        return calendar_of([Property("VERSION", "2.0"), PRODID], [part, *beside])

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        root = tree(found)
        items = [part for part in root.parts if part.name in ITEMS]
        part = next((each for each in items if each.first("RECURRENCE-ID") is None), items[0])
        if part.name != self.kind:
            raise ItemError(f"{self.type} has no place for a {part.name}", UNSUPPORTED_TYPE)
        others = [each for each in items if each is not part]
        zones = Zones(form.zone, zones_of(root))
        shown = without_exceptions(part, others, zones) if others else part
        elements = elements_of(shown, form, zones)
        if form.keeps:
            again = new_part(self.kind, elements, form, Zones(form.zone))
            elements += [Element(KEPT, each.value) for each in unsaid(part, others, again, form, zones)]
        return write_elements(self.roots[0], [each for each in elements if each.name not in form.strip])


FORMATS: "tuple[Format, ...]" = (Sif("text/x-s4j-sife", "VEVENT", "appointment", "calendar"),
                                 Sif("text/x-s4j-sift", "VTODO", "task"))
