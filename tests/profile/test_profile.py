"""Profiles: which one a peer gets, which layer wins, what a file may say; and the files that come with the package."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from helpers import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.errors import UsageError
from minisyncml.profile import DEFAULT, FieldLimit, Identity, capability, explain, find, layers, names
from minisyncml.profile.checks import PROOFS, SWITCHES
from minisyncml.profile.layers import FOLDER, read
from minisyncml.profile.match import candidates
from minisyncml.profile.patterns import fits
from minisyncml.transport import at

NEEDED = {"nokia", "nokia-s40", "nokia-s60", "nokia-n900", "sony-ericsson", "sony-ericsson-k750i", "sony-ericsson-w595",
          "sony-ericsson-t68i", "uiq-p900", "siemens", "siemens-sx1", "samsung", "motorola", "lg", "funambol", "sync4j",
          "synthesis", "syncevolution", "pysyncml"}


def write(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


class TestFinding:
    @pytest.mark.parametrize("identity, name", [
        (Identity("Nokia", "Nokia N900", "21"), "nokia-n900"),
        (Identity("NOKIA", "N95"), "nokia-s60"),
        (Identity("nokia", "Nokia 6230i"), "nokia-s40"),
        (Identity("Nokia", "7210c"), "nokia-7210c"),
        (Identity("Nokia", "6301"), "nokia-6301"),
        (Identity("Nokia", "5800 XpressMusic"), "nokia-5800"),
        (Identity("Nokia", "9210i"), "nokia-9210"),
        (Identity("Nokia", "something of tomorrow"), "nokia"),
        (Identity(usb="0421:0508"), "nokia"),
        (Identity(bluetooth="0001:0084"), "nokia-s60"),
        (Identity("SonyEricsson", "K750i", "R1CA021"), "sony-ericsson-k750i"),
        (Identity("SONY ERICSSON", "W595"), "sony-ericsson-w595"),
        (Identity("Ericsson", "T68i", "R2A"), "sony-ericsson-t68i"),
        (Identity("SonyEricsson", "S500i"), "sony-ericsson"),
        (Identity("Sony Ericsson", "P900", "R5B02"), "uiq-p900"),
        (Identity("Motorola", "A1000"), "uiq-p900"),
        (Identity("SIEMENS", "S65"), "siemens"),
        (Identity("SIEMENS", "SX1"), "siemens-sx1"),
        (Identity("BenQ", "E71"), "siemens"),
        (Identity("Motorola CE, Copyright 2000", "V3"), "motorola"),
        (Identity("LG Electronics Inc.", "KU800"), "lg"),
        (Identity("SAMSUNG", "B2100"), "samsung"),
        (Identity(source="sc-pim-outlook"), "funambol"),
        (Identity(source="fwm-0E232B741AFE0"), "sync4j"),
        (Identity("Synthesis AG", "SySync Client PalmOS STD"), "synthesis"),
        (Identity("Patrick Ohly", "SyncEvolution"), "syncevolution"),
        (Identity("pysyncml", "x"), "pysyncml"),
        (Identity("minisyncml", "minisyncml"), "default"),
        (Identity("Algorithmics", "lg"), "default"),
        (Identity(), "default"),
    ])
    def test_by_what_it_says(self, identity: Identity, name: str) -> None:
        assert find(identity).name == name

    def test_the_users_word_counts_more(self) -> None:
        assert find(Identity("Nokia", "N95"), "siemens-sx1").name == "siemens-sx1"
        with pytest.raises(UsageError, match="no profile 'nokja'.*known are .*nokia-n900"):
            find(user="nokja")

    def test_one_identity_on_top_of_the_other(self) -> None:
        at_says = Identity("SONY ERICSSON", "AAB-1021011-CN", usb="0fce:d016")
        assert at_says.merged(Identity("SonyEricsson", "K750i")) == Identity("SonyEricsson", "K750i", usb="0fce:d016")

    def test_no_file_is_read_for_who_has_none(self) -> None:
        """Neither the parser nor a file: memory that most sessions never need."""
        code = ("import sys; from minisyncml.profile import *; import os; real = os.listdir\n"
                "import builtins; builtins.open = os.listdir = None\n"
                "p = find(Identity('minisyncml', 'minisyncml', '1', 'minisyncml-0123456789abcdef'))\n"
                "print(p is DEFAULT, 'tomllib' in sys.modules or 'tomli' in sys.modules)")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
        assert done.stdout.split() == ["True", "False"]

    def test_capability_object(self) -> None:
        text = (b'<?xml version="1.0"?>\r\n<Capability Version="1.0"><General><Manufacturer>SonyEricsson</Manufacturer>'
                b"<Model>W595</Model><FW Version=\"R3EF001\" Date=\"20090101\"/></General></Capability>")
        assert capability(text) == Identity("SonyEricsson", "W595", "R3EF001")
        assert capability(b"\xff\xfe nothing") == Identity()


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
@settings(max_examples=200)
def test_patterns(pattern: str, text: str) -> None:
    def slow(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(slow(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
        return text[:1] == pattern[0] and slow(pattern[1:], text[1:])
    assert fits(pattern, text) == slow(pattern, text)


def test_patterns_take_bounded_time() -> None:
    assert not fits("*a" * 50 + "b", "a" * 200)


class TestLayers:
    def test_default_maker_model_firmware_user_learnt(self, tmp_path: Path) -> None:
        """Each one wins over those before it."""
        k700 = Identity("SonyEricsson", "SEMC Phone", "R3B01")
        own = write(tmp_path / "own.toml", "[values]\nmax_msg = 5000\nserver_id = 'me'\n")
        profile = find(k700, own, {"max_msg": 3000})
        rows = {row.switch: row for row in explain(profile)}
        assert {name: rows[name].layer.split()[0] for name in
                ("qp", "charset_in", "protocol", "time_mode", "server_id", "max_msg")} == {
            "qp": "default", "charset_in": "maker", "protocol": "model", "time_mode": "firmware",
            "server_id": "user", "max_msg": "learnt"}
        assert (profile.charset_in, profile.protocol, profile.time_mode, profile.server_id, profile.max_msg) == (
            "latin-1", "1.1", "local", "me", 3000)
        assert find(k700._replace(fwv="R4A")).time_mode == "auto"

    @pytest.mark.parametrize("man, mod, switch", [
        ("SAMSUNG", "SGH-F480i", "syncml-mobexstart"), ("SAMSUNG", "GT-B2100", "tsspcsw"), ("SIEMENS", "S65", "sqwe3"),
        ("SIEMENS", "S45i", "sbfb"), ("SIEMENS", "MC75", ""), ("Motorola", "V3", "mode22"), ("Motorola", "MOTO L7", ""),
        ("Motorola", "A780", "msync"), ("SonyEricsson", "K750i", "eobex"), ("Nokia", "6230", "none")])
    def test_the_way_into_obex_depends_on_the_model(self, man: str, mod: str, switch: str) -> None:
        assert find(Identity(man, mod)).at_switch == switch

    def test_every_switch_is_explained(self) -> None:
        rows = explain(find(Identity("Nokia", "7210c")))
        assert [row.switch for row in rows][:len(SWITCHES)] == list(SWITCHES)
        stores = {row.switch: row.value for row in rows if row.switch.startswith("stores.")}
        assert stores == {"stores.contacts": "Contacts", "stores.calendar": "Calendar with tasks",
                          "stores.notes": "Notes"}
        assert {row.proof for row in rows} <= {*PROOFS, "default"}
        assert all(row.why for row in rows if row.proof != "default")
        assert {row.layer for row in explain(DEFAULT)} == {"default"}

    def test_a_users_file_on_a_parent(self, tmp_path: Path) -> None:
        own = write(tmp_path / "own.toml", "parent = 'nokia-s60'\ntitle = 'mine'\n[values]\nmax_msg = 4000\n")
        profile = find(Identity("Samsung", "x"), own)
        assert (profile.title, profile.max_msg, profile.min_date) == ("mine", 4000, "1980-01-01")

    def test_the_example_in_the_documentation(self, tmp_path: Path) -> None:
        example = (layers.__doc__ or "").partition("::\n")[2].partition("\n\nA file of the package")[0]
        profile = find(user=write(tmp_path / "own.toml", textwrap.dedent(example)))
        assert (profile.title, profile.max_msg, profile.server_id, profile.store("contacts").name) == (
            "my phone", 5000, "PC Suite", "Kontakte")

    def test_a_store_is_replaced_as_a_whole(self) -> None:
        profile = find(user="nokia-5800")
        assert (profile.store("calendar").name, profile.store("contacts").name) == ("calendar", "Contacts")

    def test_stores(self) -> None:
        nokia, semc, uiq = find(user="nokia"), find(user="sony-ericsson"), find(user="uiq-p900")
        assert nokia.store("tasks") == nokia.store("calendar") and semc.store("tasks").name == "Task"
        assert uiq.store("tasks").kind == "calendar" and uiq.store("notes").name == ""
        assert uiq.kind_of("C:\\documents\\Agenda\\agenda") == "calendar"
        assert nokia.kind_of("./contacts?since=1") == "contacts" and nokia.kind_of("") == nokia.kind_of("x") == ""

    def test_field_limits(self) -> None:
        limits = {limit.name: limit for limit in find(user="nokia-7210c").field_limits}
        assert limits["NOTE"] == FieldLimit("NOTE", 0, 80) and limits["TEL"].most == 5 and limits["N"].length == 50

    def test_what_was_learnt_and_is_no_value_is_forgotten(self) -> None:
        learnt: "dict[str, object]" = {"max_msg": "much", "no such": 1, "san": ["1.1"], "wait_222": True}
        profile = find(learnt=learnt)
        assert profile._replace(layers=()) == DEFAULT._replace(san=("1.1",), wait_222=True)

    def test_modes(self) -> None:
        phone = find(user="nokia-7210c")
        phone.require_mode("two-way")
        with pytest.raises(UsageError, match="a Nokia phone .* cannot do refresh-from-server; it can do two-way, slow"):
            phone.require_mode("refresh-from-server")


@pytest.mark.parametrize("text, words", [
    ("[values]\nmax_mgs = 1\n", "no switch 'max_mgs'"),
    ("[values]\nmax_msg = 'big'\n", "max_msg must be a number, not 'big'"),
    ("[values]\nmax_msg = true\n", "max_msg must be a number"),
    ("[values]\nmax_msg = -1\n", "max_msg must be a number"),
    ("[values]\nwait_222 = 1\n", "wait_222 must be true or false"),
    ("[values]\nprotocol = '1.3'\n", "protocol must be one of auto, 1.0, 1.1, 1.2, not '1.3'"),
    ("[values]\nsan = '1.2'\n", "san must be a list of texts"),
    ("[values]\nmodes = ['both-ways']\n", "modes must be a list of texts out of two-way"),
    ("[values]\nmin_date = '1980'\n", "min_date must be text"),
    ("[values]\nname = 'x'\n", "no switch 'name'"),
    ("[values]\nmax_msg = { value = 1, prof = 'x' }\n", "max_msg has no 'prof'"),
    ("[values]\nmax_msg = { value = 1, proof = 'rumour' }\n", "proof must be one of device"),
    ("values = 3\n", "values must be a table"),
    ("[stores]\ncontacts = 'Contacts'\n", "stores.contacts: a store must be a table"),
    ("[stores.contacts]\nnames = 'x'\n", "stores.contacts has no 'names'"),
    ("[stores.contacts]\naliases = 'x'\n", "aliases must be a list"),
    ("[field_limits.TEL]\ncount = 'x'\n", "field_limits.TEL: count must be a number"),
    ("[match]\nmaker = ['x']\n", "match has no 'maker'"),
    ("[match]\nman = 'x'\n", "match.man must be a list"),
    ("firmware = 1\n", "firmware must be a list"),
    ("parent = 1\n", "parent must be text"),
    ("parent = 'nokja'\n", "no profile 'nokja'"),
    ("colour = 'red'\n", "a profile has no 'colour'"),
    ("[values\n", "is no TOML"),
    ("\udcff", "is no TOML"),
])
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as caught:
        find(user=str(path))
    assert words in str(caught.value) and ("own.toml" in str(caught.value) or "no profile" in words)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read .*none.toml: no such file"):
        find(user=str(tmp_path / "none.toml"))


class TestFiles:
    def test_all_are_there(self) -> None:
        assert NEEDED <= set(names())

    @pytest.mark.parametrize("name", names())
    def test_every_value_has_a_proof_and_a_reason(self, name: str) -> None:
        file = read(f"{FOLDER}/{name}.toml", name)
        assert file.rules and file.title
        for part in (file, *file.firmware):
            for key, value in part.values.items():
                assert value.proof in PROOFS and value.why, (name, key)

    @pytest.mark.parametrize("name", names())
    def test_the_index_leads_to_it(self, name: str) -> None:
        """Else it would never be found: the index is all that is looked at for a peer without a profile."""
        rules = read(f"{FOLDER}/{name}.toml", name).rules
        for field in ("man", "source", "usb", "bluetooth"):
            for pattern in rules.get(field, ()):
                said: Any = {field: pattern.replace("*", "")}
                assert name in candidates(Identity(**said)), (name, pattern)

    @pytest.mark.parametrize("name", names())
    def test_an_emulated_one_is_known_again(self, name: str) -> None:
        """What a profile says of itself leads to it."""
        profile = find(user=name)
        if profile.mod:     # those of a maker whose models have files of their own have none
            assert find(Identity(profile.man, profile.mod, profile.fwv, profile.device_id)).name == name
            assert not profile.at_man or find(Identity(profile.at_man, profile.mod)).name == name

    def test_at_switches_are_those_that_exist(self) -> None:
        for name in names():
            assert find(user=name).at_switch in ("", *at.NAMES), name

