"""SIF-C, the contacts of Funambol's clients: flat XML with the field names of Outlook, read into the hub of contacts
and written from it.

Elements that no vCard property says become X-SIF- properties. What SIF-C cannot say stands in X-MINISYNCML-KEPT
elements as lines of a vCard 3.0; with the attribute `for` they are what an element was, unless it was changed.
"""

from __future__ import annotations

from typing import Iterator, Optional, Sequence

from minisyncml.content.cardlines import meaning, media_type, sorted_params
from minisyncml.content.cards import FRAME, shown_name, units
from minisyncml.content.cardvalues import extended
from minisyncml.content.elements import Element, read_elements, write_elements
from minisyncml.content.escapes import escaped, split, unescaped
from minisyncml.content.form import KEPT, Form
from minisyncml.content.formats import Format
from minisyncml.content.kept import as_lines, fingerprint, found_in
from minisyncml.content.lines import MAX_SIZE, Property, is_binary
from minisyncml.content.sif import CLASSES, NO_YEAR, broken, list_in, list_out, other_in, other_out
from minisyncml.errors import ItemError

_NAMES = ("LastName", "FirstName", "MiddleName", "Title", "Suffix")
_COMPANY = ("CompanyName", "Department", "OfficeLocation")
_PLACES = {"Home": "HOME", "Business": "WORK", "Other": ""}
_PARTS = ("PostOfficeBox", "", "Street", "City", "State", "PostalCode", "Country")
#: number by number, the more special ones first
_NUMBERS = {
    "MobileTelephoneNumber": "CELL", "PagerNumber": "PAGER", "CarTelephoneNumber": "CAR",
    "HomeFaxNumber": "HOME,FAX", "BusinessFaxNumber": "WORK,FAX", "CompanyMainTelephoneNumber": "WORK,PREF",
    "HomeTelephoneNumber": "HOME", "Home2TelephoneNumber": "HOME", "BusinessTelephoneNumber": "WORK",
    "Business2TelephoneNumber": "WORK", "OtherFaxNumber": "FAX", "AssistantTelephoneNumber": "X-EVOLUTION-ASSISTANT",
    "CallbackTelephoneNumber": "X-EVOLUTION-CALLBACK", "RadioTelephoneNumber": "X-EVOLUTION-RADIO",
    "TelexNumber": "X-EVOLUTION-TELEX", "PrimaryTelephoneNumber": "PREF", "OtherTelephoneNumber": "",
}
_MAILS = ("Email1Address", "Email2Address", "Email3Address")
#: the property that is made of an element, and others that it can hold
_TEXTS = {
    "FileAs": ("X-EVOLUTION-FILE-AS",), "JobTitle": ("TITLE",), "Profession": ("ROLE",), "NickName": ("NICKNAME",),
    "Body": ("NOTE",), "Birthday": ("BDAY",), "Categories": ("CATEGORIES",), "Sensitivity": ("CLASS",),
    "Anniversary": ("X-EVOLUTION-ANNIVERSARY", "ANNIVERSARY", "X-ANNIVERSARY"), "Photo": ("PHOTO",),
    "Spouse": ("X-EVOLUTION-SPOUSE", "X-SPOUSE"), "ManagerName": ("X-EVOLUTION-MANAGER", "X-MANAGER"),
    "AssistantName": ("X-EVOLUTION-ASSISTANT", "X-ASSISTANT"), "Children": ("X-CHILDREN",), "Subject": ("FN",),
    "YomiFirstName": ("X-PHONETIC-FIRST-NAME",), "YomiLastName": ("X-PHONETIC-LAST-NAME",),
    "YomiCompanyName": ("X-PHONETIC-ORG",),
    "WebPage": ("URL",), "HomeWebPage": ("URL",), "BusinessWebPage": ("URL",),
}
_PAGES = {"HomeWebPage": "HOME", "BusinessWebPage": "WORK", "WebPage": ""}
_SINGLE = {name: field for field, names in _TEXTS.items() for name in names if name != "URL"}
_OTHERS = ("BillingInformation", "ComputerNetworkName", "CustomerID", "Folder", "FTPSite", "Gender",
           "GovernmentIDNumber", "Hobby", "IMAddress", "Importance", "Initials", "Language", "Mileage",
           "OrganizationalIDNumber", "ReferredBy", "TTYTDDTelephoneNumber", "User1", "User2", "User3", "User4")
_FIELDS = {each.lower(): each for each in (*_NAMES, *_COMPANY, *_NUMBERS, *_MAILS, *_TEXTS)}
_FIELDS.update({f"{said}address{part}".lower(): f"{place}Address{part}" for part in _PARTS if part
                for said, place in (*zip(_PLACES, _PLACES), ("Work", "Business"))})
_CASED = {name.upper(): name for name in _OTHERS}
#: what a client of Funambol wants to see even when it is empty: what is not there it takes for unchanged
_ALWAYS = (*_NAMES, *_COMPANY, *(name for name in _NUMBERS if name[:4] not in ("Tele", "Call", "Prim", "Comp")),
           *_MAILS,
           *(f"{place}Address{part}" for place in _PLACES for part in _PARTS if part and part != "PostOfficeBox"),
           *(name for name in _TEXTS if name not in ("Sensitivity", "Subject", "Photo")))


class Contact(Format):
    """SIF-C."""

    type = "text/x-s4j-sifc"
    family = "contact"
    partial = True

    def completed(self, body: bytes, earlier: bytes) -> bytes:
        """See :meth:`minisyncml.content.formats.Format.completed`. A client writes all tags that it knows."""
        said = read_elements(body, "contact", MAX_SIZE)
        names = {_field(each.name) or each.name for each in said}
        try:
            had = read_elements(earlier, "contact", MAX_SIZE)
        except ItemError:
            return body
        rest = [each for each in had if (_field(each.name) or each.name) not in names]
        return write_elements("contact", [*said, *rest])

    def read(self, body: bytes, form: Form) -> "list[Property]":
        texts: "dict[str, str]" = {}
        others: "list[Property]" = []
        kept: "list[Element]" = []
        for each in read_elements(body, "contact", MAX_SIZE):
            name = _field(each.name)
            if name is None or name in texts:
                kept += [each] if each.name == KEPT else []
                others += _other(each) if each.name != KEPT else ()
            else:
                texts[name] = each.text
        found = _properties(texts)
        slots: "set[str]" = set()
        for each in kept:
            slot = each.attribute("for")
            if slot not in slots:
                _take_back(each, slot, found)
            slots.update([slot] if slot else ())
        inner = [each for lines in found.values() for each in lines]
        return [Property("BEGIN", "VCARD"), Property("VERSION", "3.0"), *inner, *others, Property("END", "VCARD")]

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        texts: "dict[str, str]" = {}
        placed: "dict[str, list[Property]]" = {}
        aside: "list[Element]" = []
        others: "list[Element]" = []
        for unit in units([each for each in found if each.name not in FRAME]):
            slot = _place(unit[0], texts)
            if slot:
                placed[slot] = unit
            elif len(unit) == 1 and _named(unit[0]):
                others.append(Element(_named(unit[0]), unescaped(unit[0].value)))
            else:
                aside.append(Element(KEPT, as_lines(unit)))
        full = texts.pop("Subject", "")     # few clients have it, and it would seem to be deleted by the others
        texts.setdefault("FileAs", full)
        back = _properties(texts)
        for slot in [*placed, *(slot for slot in back if slot not in placed)]:
            made, unit = back.get(slot, []), placed.get(slot, [])
            if len(unit) != 1 or [meaning(each) for each in made] != [meaning(each) for each in unit]:
                aside.append(Element(KEPT, as_lines(unit), (("for", slot), ("was", fingerprint(as_lines(made))))))
        names = dict.fromkeys((*(_ALWAYS if form.empty else ()), *texts))
        whole = [Element("SIFVersion", "1.1"), *(Element(name, broken(texts.get(name, ""), form)) for name in names)]
        return write_elements("contact", [*whole, *others, *(aside if form.keeps else [])])


FORMATS = (Contact(),)


def _field(name: str) -> Optional[str]:
    """The element in our spelling; None for one that we do not know."""
    return _FIELDS.get(name.lower())


def _other(each: Element) -> "Iterator[Property]":
    """An element that no vCard property says."""
    name = each.name.upper()
    usual = name == "SIFVERSION" or name.endswith("ADDRESSTYPE") and each.text.strip() in ("", "SMTP")
    if each.text.strip() and not usual and name.isascii():
        yield other_in(each, _CASED)


def _named(each: Property) -> str:
    """The element of an X-SIF- property; empty when there is none."""
    plain = not each.group and all(name == "X-CASE" for name, _ in each.params)
    name = other_out(each, _CASED) if plain else ""
    return name if name and _field(name) is None and unescaped(each.value).strip() else ""


def _properties(texts: "dict[str, str]") -> "dict[str, list[Property]]":
    """What elements say, by slot: an element, or what a group of them has in common."""
    made: "dict[str, list[Property]]" = {}

    def add(slot: str, name: str, value: str, types: str = "", params: "tuple[tuple[str, str], ...]" = ()) -> None:
        if value.strip(" ;"):
            made[slot] = [Property(name, value, (*((("TYPE", types),) if types else ()), *params))]

    add("Name", "N", ";".join([escaped(texts.get(name, "")) for name in _NAMES]))
    title = texts.get("FileAs", "")
    full = escaped(texts.get("Subject", "") or (title if "," not in title else ""))
    full = full or (shown_name(made["Name"][0].value) if "Name" in made else escaped(title))
    add("Subject", "FN", full)
    if title and escaped(title) != full:
        add("FileAs", "X-EVOLUTION-FILE-AS", escaped(title))
    add("Company", "ORG", ";".join([escaped(texts.get(name, "")) for name in _COMPANY]).rstrip(";"))
    for place, types in _PLACES.items():
        add(place, "ADR", ";".join([escaped(texts.get(f"{place}Address{part}", "")) for part in _PARTS]), types)
    for field, types in _NUMBERS.items():
        add(field, "TEL", escaped(texts.get(field, "")), types)
    for field in _MAILS:
        add(field, "EMAIL", escaped(texts.get(field, "")))
    for field, types in _PAGES.items():
        add(field, "URL", texts.get(field, "").replace("\n", " "), types)
    for field, names in _TEXTS.items():
        text = texts.get(field, "")
        if not text.strip() or field in ("FileAs", "Subject", *_PAGES):
            continue
        if field == "Photo":
            add(field, "PHOTO", "".join(text.split()), _photo_type(text), (("ENCODING", "b"),))
        else:
            add(field, names[0], _value(names[0], text))
    return made


def _photo_type(text: str) -> str:
    media = media_type("PHOTO", [], text.strip())
    return media[6:].upper() if media.startswith("image/") else ""


def _value(name: str, text: str) -> str:
    if name in ("BDAY", "X-EVOLUTION-ANNIVERSARY"):
        date = extended(" ".join(text.split()))
        return "" if date[:4].isdecimal() and int(date[:4]) >= NO_YEAR else date
    if name in ("CATEGORIES", "NICKNAME"):
        return list_in(text)
    if name == "CLASS":
        return "" if text.strip() == "0" else CLASSES.get(text.strip(), escaped(text))
    return escaped(text)


def _place(each: Property, texts: "dict[str, str]") -> str:
    """Put a property into elements that are still free.

    :returns: the slot; empty when there is none
    """
    if not each.value.strip(" ;") or each.name == KEPT:
        return ""
    types = set(sorted_params(each)[0]) if each.params else set()
    if each.name in ("N", "ORG"):
        fields = _NAMES if each.name == "N" else _COMPANY
        free = not any(field in texts for field in fields)
        if free:
            texts.update(_filled(fields, split(each.value, ";")))
        return ("Name" if each.name == "N" else "Company") if free else ""
    if each.name == "ADR":
        return _address(each, types, texts)
    slot = _slot(each.name, types, texts)
    text = _said(each, slot) if slot else ""
    if text:
        texts[slot] = text
    return slot if text else ""


def _filled(fields: "Sequence[str]", parts: "Sequence[str]") -> "Iterator[tuple[str, str]]":
    for field, part in zip(fields, parts):
        if field and part:
            yield field, " ".join([unescaped(word) for word in split(part, ",")])


def _address(each: Property, types: "set[str]", texts: "dict[str, str]") -> str:
    place = "Home" if "HOME" in types else "Business" if "WORK" in types else "Other"
    if any(field.startswith(place + "Address") for field in texts):
        return ""
    parts = split(each.value, ";")
    texts.update(_filled([part and f"{place}Address{part}" for part in _PARTS], parts))
    street = [unescaped(word) for part in (*parts[2:3], *parts[1:2]) for word in split(part, ",") if word]
    if street:
        texts[place + "AddressStreet"] = "\n".join(street)
    return place


def _slot(name: str, types: "set[str]", texts: "dict[str, str]") -> str:
    if name == "EMAIL":
        return next((field for field in _MAILS if field not in texts), "")
    if name not in ("TEL", "URL"):
        slot = _SINGLE.get(name, "")
        return slot if slot not in texts else ""
    table = _NUMBERS if name == "TEL" else _PAGES
    best, most = "", -1
    for field, wanted in table.items():
        words = set(wanted.split(",")) if wanted else set()
        if field not in texts and words <= types and len(words) > most:
            best, most = field, len(words)
    return best


def _said(each: Property, slot: str) -> str:
    """The text of an element; empty when it cannot be said."""
    if slot == "Photo":
        return each.value if is_binary(each) else ""
    if slot in _PAGES:
        return each.value
    if slot in ("Birthday", "Anniversary"):
        date = extended(each.value)
        return date if date[:4].isdigit() and date[4:5] == "-" and date[7:8] == "-" else ""
    if slot in ("Categories", "NickName"):
        return list_out([each])
    if slot == "Sensitivity":
        return next((number for number, word in CLASSES.items() if word == each.value.upper()), "")
    return unescaped(each.value)


def _take_back(each: Element, slot: str, found: "dict[str, list[Property]]") -> None:
    """Put what was kept where it was, unless the element says another thing now."""
    if slot and each.attribute("was") != fingerprint(as_lines(found.get(slot, []))):
        return
    found[slot or f"{len(found)} kept"] = [line for line in found_in(each.text) if line.name not in FRAME]
