"""Each phone that we know by its profile, with the memory of an old phone: after three round trips with edits on
alternating sides, what is here says what people meant. Judged by vobject and icalendar, which know nothing of us.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest
from forgetful import Forgetful, described, edited, says
from hub import Handset, Hub, change
from samples import CARD, EVENTS, NOTES, TASKS, meaning

from minisyncml.profile import Profile, find
from minisyncml.profile.layers import names
from minisyncml.store.place import KINDS

OURS = {"contacts": (CARD,), "calendar": EVENTS, "tasks": TASKS, "notes": NOTES}
#: what the owner of the phone changes, and the owner of the hub afterwards
ON_PHONE = {"contacts": ("NOTE", "First line", "Erste Zeile"), "calendar": ("SUMMARY", "Meeting", "Big meeting"),
            "tasks": ("SUMMARY", "notes", "letters")}
AGAIN = {"contacts": ("TEL", "5550 100", "5550 111"), "calendar": ("SUMMARY", "Big", "Bigger"),
         "tasks": ("SUMMARY", "letters", "lemmas")}
ON_HUB = {"contacts": ("TITLE:Programmer", "TITLE:First programmer"),
          "calendar": ("LOCATION:Room 5", "LOCATION:Room 7"), "tasks": ("A to G", "A to H")}


def phones() -> "Iterator[Any]":
    for name in names():
        profile = find(user=name)
        if "contacts" in {value.kind for value in profile.stores}:
            yield pytest.param(profile, id=name)


def handset(profile: Profile) -> Handset:
    """The phone, with its memory; it says what it keeps."""
    stores, kinds = {}, {}
    for value in profile.stores:
        name = value.name or value.kind
        stores[name] = Forgetful(value.kind, value.types or KINDS[value.kind][0][:1], profile.charset_out,
                                 profile.charset_in)
        kinds[name] = kinds[f"./{name}"] = value.kind
    return Handset(profile, stores, says=lambda devinf: described(devinf, kinds))


@pytest.mark.parametrize("profile", list(phones()))
def test_three_round_trips(profile: Profile, tmp_path: Path) -> None:
    told = tmp_path / "told.toml"       # an emulated phone wants to hear good news, too
    told.write_text(f'parent = "{profile.name}"\n[values]\nitem_status = "each"\n')
    hub, phone = Hub(OURS, profile=str(told)), handset(profile)
    kinds = [kind for kind in OURS if OURS[kind] and profile.store(kind).name]
    writes = profile.charset_in
    expected = {kind: list(OURS[kind]) for kind in kinds}
    phone.fine(hub)
    for kind in kinds:
        assert [body.decode() for body in hub.bodies(kind)] == expected[kind], "nothing was edited yet"
        assert len(phone.items(kind)) == len(expected[kind])
    assert phone.quiet(hub)
    for edits in (ON_PHONE, ON_HUB, AGAIN):
        for kind in kinds:
            if kind not in edits:
                continue
            old, new = edits[kind][-2:]
            if edits is ON_HUB:
                hub.edit(kind, old, new)
            else:
                [item] = [item for item in phone.items(kind) if says(item.body, edits[kind][0], old, writes)]
                change(phone.stores[phone.name(kind)], item, edited(item.body, edits[kind][0], {old: new}, writes))
                if kind == "calendar":      # the alarm says it as well, and is not edited
                    old, new = f"SUMMARY:{old}", f"SUMMARY:{new}"
            expected[kind] = [body.replace(old, new) for body in expected[kind]]
        phone.fine(hub)
        assert phone.quiet(hub)
        for kind in kinds:
            assert [meaning(body) for body in hub.bodies(kind)] == [meaning(body.encode()) for body in expected[kind]]
            assert len(phone.items(kind)) == len(expected[kind])


@pytest.mark.parametrize("profile", list(phones()))
def test_the_phone_has_what_it_can_hold(profile: Profile) -> None:
    if profile.store("contacts").types[:1] != (("text/x-vcard", "2.1"),):
        pytest.skip("its cards are none of the old kind")
    hub, phone = Hub({**OURS, "calendar": (), "tasks": (), "notes": ()}, profile=profile.name), handset(profile)
    phone.fine(hub)
    [card] = phone.items("contacts")
    there = {line.partition(b":")[0].partition(b";")[0].decode() for line in card.body.splitlines()}
    assert {"N", "TEL", "ADR", "NOTE", "BDAY"} - set(profile.strip_props) <= there
