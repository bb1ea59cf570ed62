"""vCards of all versions (vCard 2.1; RFC 2426; RFC 6350) read into the hub of contacts, which is vCard 3.0, and written
from it. Which fields a peer wants is not decided here, and no card is judged.

What the other version cannot say stands behind its property in X-MINISYNCML-KEPT, `<version> <line>`, and comes back on
return, unless somebody changed the property in between. What has no property in the other version stands alone:
`<version>/alone <lines>`.
"""

from __future__ import annotations

from typing import Callable, Iterator, Optional, Sequence

from minisyncml.content.cardlines import from_21, from_40, meaning, mended, sorted_params, to_21, to_40
from minisyncml.content.cardvalues import ASIDE, DATE, KINDS, MEDIA, PLAIN, TEXT, full_name
from minisyncml.content.escapes import escaped, split, unescaped
from minisyncml.content.form import KEPT, Form
from minisyncml.content.formats import Format
from minisyncml.content.kept import as_lines, found_in
from minisyncml.content.kind import BLANK, kind
from minisyncml.content.lines import Property, behind, is_binary, parse, write
from minisyncml.errors import ItemError

VERSIONS = ("2.1", "3.0", "4.0")
FRAME = ("BEGIN", "VERSION", "END")
_WHOLE = (TEXT, PLAIN, MEDIA, ASIDE)    # values that are not taken apart
_TO_HUB: "dict[str, Callable[[Property], tuple[Property, bool]]]" = {"2.1": from_21, "4.0": from_40}
_FROM_HUB: "dict[str, Callable[[Property, Form], tuple[Optional[Property], bool]]]" = {"2.1": to_21, "4.0": to_40}
_LONG = 2000        # characters: no larger photo is kept twice, because of a parameter
_MOST = 5           # a property with what is kept of it
_ANY = Form()
_HUGE = 100_000     # characters: no name, address or list


class Card(Format):
    """vCards.

    :param media_type: under which peers know it
    :param version: to write; any is read
    """

    family = "contact"

    def __init__(self, media_type: str, version: str) -> None:
        self.type, self.version = media_type, version

    def read(self, body: bytes, form: Form) -> "list[Property]":
        """See :meth:`minisyncml.content.formats.Format.read`. What a card says of its version counts."""
        version, found = _inside(body, form)
        if version == "3.0":
            return found
        made: "list[Property]" = []
        there = {each.name for each in found}
        for unit in units(found[2:-1]):
            lines = _taken(unit, version)
            if unit[0].name != KEPT or lines[0].name not in there or KINDS.get(lines[0].name) != DATE:
                made += lines       # a birthday that the phone could not have, unless it got one since
        return [found[0]._replace(raw=b""), Property("VERSION", "3.0"), *_named(made, version == "2.1"),
                Property("END", "VCARD")]

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        inner = [each for each in found if each.name not in FRAME]
        if self.version == "3.0":
            frame = [each for each in found if each.name in FRAME and each.raw]
            made = frame[:2] if len(frame) > 2 else [Property("BEGIN", "VCARD"), Property("VERSION", "3.0")]
            for unit in units(inner):
                made += _fresh(unit) if unit[-1].name == KEPT else unit
            made.append(frame[2] if len(frame) > 2 else Property("END", "VCARD"))
            return write(made, False, form)
        made = [Property("BEGIN", "VCARD"), Property("VERSION", self.version)]
        aside = form.keeps
        labels = _labels(inner) if self.version == "4.0" else {}
        for unit in units(list(_named(inner, self.version == "4.0"))):
            label = labels.get(_place(unit[0])) if labels else None
            if unit[0] is not label:
                lines = _given(unit, self.version, form)
                if label is not None and lines and unit[0].name == "ADR":
                    lines[0] = lines[0]._replace(params=(*lines[0].params, ("LABEL", _quoted(label.value))), raw=b"")
                made += lines if aside else [each for each in lines if each.name != KEPT]
        return write([*made, Property("END", "VCARD")], self.version == "2.1", form)


FORMATS = (Card("text/vcard", "3.0"), Card("text/x-vcard", "2.1"), Card("text/vcard", "4.0"),
           Card("text/vcard", "2.1"), Card("text/x-vcard", "3.0"))


def _inside(body: bytes, form: Form) -> "tuple[str, list[Property]]":
    """The version of a card and its properties, in a whole frame. What is no property, or a card inside, is aside."""
    if b"\n" not in body:
        body = body.replace(b"\r", b"\r\n")
    found = parse(body.lstrip(BLANK), form.charset_in or "utf-8")
    if not found or found[0].name != "BEGIN" or found[0].value.strip().upper() != "VCARD":
        raise ItemError("this is no vCard")
    said = next((each for each in found if each.name == "VERSION"), None)
    version = said.value.strip() if said else ""
    if version not in VERSIONS:
        version, said = "2.1" if kind(body) == "text/x-vcard" else "3.0", None
    made = [found[0], said or Property("VERSION", version)]
    end: Optional[Property] = None
    at = 1
    while at < len(found):
        each, after = found[at], at + 1
        if end is not None:
            after = len(found)
            if any(one.name == "BEGIN" and one.value.strip().upper() == "VCARD" for one in found[at:]):
                raise ItemError("more than one vCard: each has to be an item of its own")
            made += _aside(found[at:after], version)
        elif each.name == "END":
            end = each
        elif each.name == "BEGIN" or each.name == "AGENT" and after < len(found) and found[after].name == "BEGIN":
            # where the END inside is missing, the last one of all belongs to the outer card
            after = behind(found, at if each.name == "BEGIN" else after) or len(found) - (found[-1].name == "END")
            made += _aside(found[at:after], version)
        elif not each.name:
            made += _aside(found[at:after], version)
        elif each.name != "VERSION":
            if len(each.value) > _HUGE and KINDS.get(each.name) not in _WHOLE and not is_binary(each):
                raise ItemError(f"{each.name} has {len(each.value)} characters", 413)
            made.append(mended(each) if each.params and version == "3.0" else each)
        at = after
    made.append(end or Property("END", "VCARD"))
    return version, made


def _aside(found: "Sequence[Property]", version: str) -> "Iterator[Property]":
    raw = b"".join(each.raw for each in found)
    if raw.strip(b" \t\r\n\0"):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        text = f"{version}/alone {text}".replace("\r\n", "\n").rstrip("\n")
        whole = version == "3.0" and raw.endswith(b"\n")
        yield Property(KEPT, text if version == "2.1" else escaped(text), raw=raw if whole else b"")


def units(found: "Sequence[Property]") -> "Iterator[list[Property]]":
    """Each property with what is kept behind it.

    :param found: properties of a card, without its frame
    :returns: lists of one or more
    """
    unit: "list[Property]" = []
    for each in found:
        if each.name == KEPT and unit and unit[0].name != KEPT and each.value[3:4] == " " and len(unit) < _MOST:
            unit.append(each)
            continue
        if unit:
            yield unit
        unit = [each]
    if unit:
        yield unit


def _origin(kept: Property, version: str) -> Optional[Property]:
    """The property that was kept, when it is one of this version."""
    if not kept.value.startswith(version + " "):
        return None
    found = found_in(unescaped(kept.value)[len(version) + 1:])
    return found[0] if found and found[0].name not in (*FRAME, KEPT) else None


def _returned(kept: Property, version: str) -> Property:
    """What stood alone in a card of another version, as it was, when this is its own."""
    if not kept.value.startswith(version + "/alone "):
        return kept
    text = unescaped(kept.value).partition(" ")[2]
    if version == "3.0" and "\n" not in text:
        return _origin(kept._replace(value=escaped("3.0 " + text)), "3.0") or kept
    return Property("", "", raw=text.replace("\n", "\r\n").encode("utf-8", "replace") + b"\r\n")


def _taken(unit: "list[Property]", version: str) -> "list[Property]":
    """What stands in a card of another version, for the hub."""
    each = unit[0]
    behind = [Property(KEPT, escaped(kept.value) if version == "2.1" else kept.value) for kept in unit[1:]]
    if each.name == KEPT:
        return [_returned(Property(KEPT, escaped(each.value) if version == "2.1" else each.value), "3.0")]
    label = each.param("LABEL") if version == "4.0" and each.name == "ADR" else None
    if label is not None:
        each = each._replace(params=tuple(pair for pair in each.params if pair[0] != "LABEL"))
    made, whole = _TO_HUB[version](each)
    others: "list[Property]" = []
    for kept in behind:
        back = _origin(kept, "3.0")
        there = _FROM_HUB[version](back, _ANY)[0] if back else None
        if back is None:
            others.append(kept)
        elif there is not None and meaning(_TO_HUB[version](there)[0]) == meaning(made):
            made, whole = back, True
    if not whole:
        others.insert(0, Property(KEPT, escaped(f"{version} {as_lines([each])}")))
    if label is not None:
        types = tuple(pair for pair in made.params if pair[0] == "TYPE")
        others.append(Property("LABEL", escaped(_unquoted(label)), types, made.group))
    return [made, *others]


def _given(unit: "list[Property]", version: str, form: Form) -> "list[Property]":
    """What is in the hub, for a card of another version."""
    each = unit[0]
    if each.name == KEPT:
        returned = _returned(each, version)
        return [returned if returned is not each else _said(each, version)]
    others = []
    for kept in unit[1:]:
        back = _origin(kept, version)
        if back is None:
            others.append(_said(kept, version))
        elif meaning(_TO_HUB[version](back)[0]) == meaning(each):
            return [back, *others]
    made, whole = _FROM_HUB[version](each, form)
    if made is None:
        return [_said(Property(KEPT, escaped(f"3.0/alone {as_lines([each])}")), version), *others]
    if not whole and (len(each.value) < _LONG or not is_binary(each)):
        others.insert(0, _said(Property(KEPT, escaped(f"3.0 {as_lines([each])}")), version))
    return [made, *others]


def _said(kept: Property, version: str) -> Property:
    return Property(KEPT, unescaped(kept.value) if version == "2.1" else kept.value)


def _fresh(unit: "list[Property]") -> "list[Property]":
    """Without what was kept of a property that somebody changed since."""
    if unit[0].name == KEPT:
        return [unit[0] if unit[0].raw else _returned(unit[0], "3.0")]
    said = meaning(unit[0])
    backs = [(kept, _origin(kept, "4.0")) for kept in unit[1:]]
    return [unit[0], *(kept for kept, back in backs if back and meaning(from_40(back)[0]) == said)]


def _place(each: Property) -> "tuple[str, frozenset[str]]":
    return each.group, frozenset(sorted_params(each)[0])


def _labels(found: "Sequence[Property]") -> "dict[tuple[str, frozenset[str]], Property]":
    """The labels that belong to one address each."""
    places: "dict[tuple[str, frozenset[str]], list[Property]]" = {}
    for each in found:
        if each.name in ("ADR", "LABEL"):
            places.setdefault(_place(each), []).append(each)
    return {place: max(both, key=lambda each: each.name) for place, both in places.items()
            if sorted(each.name for each in both) == ["ADR", "LABEL"]}


def _quoted(value: str) -> str:
    """Text as the value of a parameter (RFC 6350 section 6.3.1, RFC 6868)."""
    text = unescaped(value).replace("^", "^^").replace('"', "^'").replace("\\", "\\\\").replace("\n", "\\n")
    return f'"{text}"'


def _unquoted(value: str) -> str:
    text = unescaped(value.strip('"'))
    return text.replace("^^", "\0").replace("^'", '"').replace("^n", "\n").replace("\0", "^")


def _named(found: "Sequence[Property]", full: bool) -> "Iterator[Property]":
    """Add the name that a version demands: FN (3.0 and 4.0) or N (2.1 and 3.0)."""
    names = {each.name: each for each in reversed(found) if each.name in ("N", "FN", "ORG", "EMAIL", "TEL")}
    if full and "FN" not in names:
        text = shown_name(names["N"].value) if "N" in names else ""
        text = text or next((names[name].value.partition(";")[0] for name in ("ORG", "EMAIL", "TEL")
                             if name in names), "")
        if text:
            yield Property("FN", text)
    if not full and "N" not in names and "FN" in names:
        yield Property("N", escaped(unescaped(names["FN"].value)))
    yield from found


def shown_name(value: str) -> str:
    """FN where only N is known.

    :param value: of N
    :returns: the value of FN, with escapes
    """
    return full_name([" ".join(split(part, ",")).strip() for part in split(value, ";")])
