"""Complaint 16: two phones and one computer do not settle, because their fields differ; each sync reports new changes
and conflicts. Each phone is compared with what it has itself, field by field.
"""

from __future__ import annotations

from typing import Any, Tuple

import pytest
from forgetful import Forgetful, edited
from hub import Handset, Hub, change
from samples import CARD, meaning

from minisyncml.message.devinf import CTCap, DevInf, Property
from minisyncml.profile import find

#: what each of the phones has fields for, and what its owner changes there
PHONES: "Tuple[Tuple[str, Tuple[str, ...], str, str, str], ...]" = (
    ("nokia-s60", ("N", "TEL", "NOTE"), "TEL", "5550 100", "5550 111"),
    ("sony-ericsson-w595", ("N", "EMAIL", "ORG", "TITLE", "BDAY"), "TITLE", "Programmer", "First programmer"),
    ("siemens", ("N", "TEL", "ADR", "EMAIL"), "EMAIL", "ada@example.org", "ada@example.net"),
)


class Memory(Forgetful):
    """A phone book with few fields."""

    def __init__(self, keeps: "tuple[str, ...]", charset: str, writes: str) -> None:
        super().__init__("contacts", (("text/x-vcard", "2.1"),), charset, writes)
        self.keeps = keeps

    def remembered(self, body: bytes, charset: str) -> bytes:
        lines, kept, inside = super().remembered(body, charset).splitlines(True), [], False
        for line in lines:
            if line[:1] not in b" \r\n":
                name = line.partition(b":")[0].partition(b";")[0].decode()
                inside = name in ("BEGIN", "VERSION", "END", *self.keeps)
            if inside:
                kept.append(line)
        return b"".join(kept)


def handset(name: str, keeps: "tuple[str, ...]", told: bool) -> Handset:
    profile = find(user=name)
    store = Memory(keeps, profile.charset_out, profile.charset_in)

    def says(devinf: DevInf) -> DevInf:
        cap = CTCap("text/x-vcard", "2.1", tuple(map(Property, ("BEGIN", "VERSION", "END", *keeps))) if told else ())
        if devinf.version != "1.2":
            return devinf._replace(ct_caps=(cap,))
        return devinf._replace(datastores=tuple(one._replace(ct_caps=(cap,)) for one in devinf.datastores))
    return Handset(profile, {profile.store("contacts").name or "contacts": store}, device=f"IMEI:{name}", says=says)


@pytest.mark.parametrize("policy", ["keep-both", "merge"])
def test_phones_with_different_fields_settle(policy: str) -> None:
    hub = Hub({"contacts": (CARD,)}, conflict=policy)
    phones = [handset(name, keeps, True) for name, keeps, *_ in PHONES]
    expected = CARD
    settle(hub, phones)
    assert hub.bodies("contacts") == [CARD.encode()]
    for at, (_, _, name, old, new) in enumerate(PHONES):
        edit(phones[at], name, old, new)
        expected = expected.replace(old, new)
        phones[at].fine(hub)
        settle(hub, phones)
        assert [meaning(body) for body in hub.bodies("contacts")] == [meaning(expected.encode())]
    assert all(len(phone.items("contacts")) == 1 for phone in phones)


def test_phones_that_do_not_say_what_they_forget_report_nothing_either() -> None:
    hub = Hub({"contacts": (CARD,)})
    phones = [handset(name, keeps, False) for name, keeps, *_ in PHONES]
    settle(hub, phones)
    assert hub.bodies("contacts") == [CARD.encode()]


def test_a_slow_sync_finds_nothing_new() -> None:
    hub = Hub({"contacts": (CARD,)})
    phones = [handset(name, keeps, True) for name, keeps, *_ in PHONES]
    settle(hub, phones)
    for phone in phones:
        before = [item.body for item in phone.items("contacts")]
        assert phone.sync(hub, "slow").exit_code == 0
        assert hub.bodies("contacts") == [CARD.encode()]
        assert [item.body for item in phone.items("contacts")] == before
    settle(hub, phones)


def test_edits_on_two_phones_between_two_syncs_are_both_kept() -> None:
    hub = Hub({"contacts": (CARD,)}, conflict="merge")
    phones = [handset(name, keeps, True) for name, keeps, *_ in PHONES]
    settle(hub, phones)
    expected = CARD
    for phone, (_, _, name, old, new) in zip(phones, PHONES):
        edit(phone, name, old, new)
        expected = expected.replace(old, new)
    for phone in phones:
        phone.fine(hub)
    settle(hub, phones)
    assert [meaning(body) for body in hub.bodies("contacts")] == [meaning(expected.encode())]


def edit(phone: Handset, name: str, old: str, new: str) -> None:
    [item] = phone.items("contacts")
    change(phone.stores[phone.name("contacts")], item,
           edited(item.body, name, {old: new}, phone.profile.charset_in))


def settle(hub: Hub, phones: "list[Any]") -> None:
    """Each phone may call once; then none finds anything to do."""
    for phone in phones:
        phone.fine(hub)
    assert [phone.quiet(hub) for phone in phones] == [True] * len(phones)
