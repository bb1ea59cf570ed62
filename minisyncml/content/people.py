"""Attendees and organizers: `Name <address>` of vCalendar 1.0, and CN with a mailto: URI of iCalendar."""

from __future__ import annotations

from minisyncml.content.lines import Property, as_param

_STATUS = {"NEEDS-ACTION": "NEEDS ACTION", "ACCEPTED": "ACCEPTED", "DECLINED": "DECLINED", "TENTATIVE": "TENTATIVE",
           "DELEGATED": "DELEGATED", "COMPLETED": "COMPLETED", "IN-PROCESS": "CONFIRMED"}
_STATUS_BACK = {word: name for name, word in _STATUS.items()}
_ROLES = {"CHAIR": ("ROLE", "OWNER"), "REQ-PARTICIPANT": ("EXPECT", "REQUIRE"),
          "OPT-PARTICIPANT": ("EXPECT", "REQUEST"), "NON-PARTICIPANT": ("EXPECT", "FYI")}
_ROLES_BACK = {pair: role for role, pair in _ROLES.items()}
_ORGANIZER = ("ROLE", "ORGANIZER")


def address(value: str) -> str:
    """The mail address of a person.

    :param value: of ATTENDEE, ORGANIZER or EMAIL
    :returns: without `mailto:`
    """
    value = value.strip()
    return value[7:] if value[:7].lower() == "mailto:" else value


def old_person(each: Property) -> Property:
    """A person of vCalendar 1.0.

    :param each: ATTENDEE or ORGANIZER of the hub
    :returns: ATTENDEE
    """
    name, params = "", [_ORGANIZER] if each.name == "ORGANIZER" else []
    for key, value in each.params:
        plain = value.strip('"')
        if key == "CN":
            name = plain
        elif key == "PARTSTAT" and plain.upper() in _STATUS:
            params.append(("STATUS", _STATUS[plain.upper()]))
        elif key == "RSVP":
            params.append((key, "YES" if plain.upper() == "TRUE" else "NO"))
        elif key == "ROLE" and plain.upper() in _ROLES:
            params.append(_ROLES[plain.upper()])
        elif key not in ("CHARSET", "ENCODING"):
            params.append((key, value))
    mail = address(each.value)
    return Property("ATTENDEE", f"{name} <{mail}>" if name else mail, tuple(params))


def new_person(each: Property) -> Property:
    """A person of the hub.

    :param each: ATTENDEE or ORGANIZER of vCalendar 1.0, or written as in iCalendar
    :returns: ATTENDEE or ORGANIZER
    """
    name, text = each.name, each.value.strip()
    params = []
    for key, value in each.params:
        if (key, value.upper()) == _ORGANIZER and name == "ATTENDEE":
            name = "ORGANIZER"
        elif key == "STATUS" and value.upper().replace("-", " ") in _STATUS_BACK:
            params.append(("PARTSTAT", _STATUS_BACK[value.upper().replace("-", " ")]))
        elif key == "RSVP":
            params.append((key, "TRUE" if value.upper() in ("YES", "TRUE") else "FALSE"))
        elif (key, value.upper()) in _ROLES_BACK:
            params.append(("ROLE", _ROLES_BACK[key, value.upper()]))
        else:
            params.append((key, value))
    shown, _, mail = text.rpartition("<")
    if text.endswith(">") and shown.strip():
        text = mail[:-1].strip()
        params.insert(0, ("CN", as_param(shown.strip().strip('"'))))
    if "@" in text and ":" not in text:
        text = f"mailto:{text}"
    return Property(name, text, tuple(params))
