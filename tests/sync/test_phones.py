"""What clients that are not ours do: names used again, commands repeated, odd commands, items without sense."""

from __future__ import annotations

import pytest
from pair import bodies, edit, fill
from probe import Probe, add, children, delete, replace
from scenes import TEXT

from minisyncml import status as codes
from minisyncml.message import commands as c
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore


@pytest.fixture
def phone() -> Probe:
    """A phone that has synced the items a, b and c as L1, L2 and L3."""
    probe = Probe({"notes": MemoryStore(TEXT)})
    probe.session(add("L1", "a"), add("L2", "b"), add("L3", "c"), code=201)
    assert bodies(probe.stores["notes"]) == [b"a", b"b", b"c"]
    return probe


def notes(probe: Probe) -> Store:
    return probe.stores["notes"]


def changes(probe: Probe, *commands: c.Command) -> "list[int]":
    """The Statuses of some commands in a sync of their own; the session is finished after it."""
    probe.new().begin()
    assert probe.codes("Alert") == [200]
    probe.send(probe.sync(*commands))
    found = [x.code for x in probe.statuses() if x.cmd not in ("SyncHdr", "Sync", "Results", "Alert", "Get", "Put")]
    probe.send(*([c.Map("", "./notes", "./mine", pairs)] if (pairs := fresh(probe)) else ()))
    return found


def fresh(probe: Probe) -> "tuple[c.MapItem, ...]":
    return tuple(c.MapItem(item.source or "", f"s{item.source}") for change in children(probe.reply)
                 if isinstance(change, c.Add) for item in change.items)


class TestNames:
    def test_a_luid_is_used_again_in_one_session(self, phone: Probe) -> None:
        assert changes(phone, delete("L2"), add("L2", "new")) == [200, 201]
        assert bodies(notes(phone)) == [b"a", b"c", b"new"]
        assert changes(phone, replace("L2", "newer")) == [200]
        assert bodies(notes(phone)) == [b"a", b"c", b"newer"]
        assert [x.body for x in notes(phone).trash()] == [b"b"]

    def test_a_luid_is_used_again_by_a_replace(self, phone: Probe) -> None:
        assert changes(phone, delete("L2"), replace("L2", "new"))[0] == 200
        assert bodies(notes(phone)) == [b"a", b"c", b"new"]

    def test_a_luid_is_used_again_with_the_same_item(self, phone: Probe) -> None:
        changes(phone, delete("L2"), add("L2", "b"))
        assert bodies(notes(phone)) == [b"a", b"b", b"c"]

    def test_a_luid_is_used_again_and_deleted_again(self, phone: Probe) -> None:
        changes(phone, delete("L2"), add("L2", "new"), delete("L2"))
        assert bodies(notes(phone)) == [b"a", b"c"]

    def test_an_add_of_a_known_luid_is_not_done_twice(self, phone: Probe) -> None:
        assert changes(phone, add("L2", "b")) == [200]
        assert bodies(notes(phone)) == [b"a", b"b", b"c"]

    def test_an_add_of_a_known_luid_with_other_data_replaces(self, phone: Probe) -> None:
        assert changes(phone, add("L2", "B")) == [200]
        assert bodies(notes(phone)) == [b"B", b"a", b"c"]

    def test_the_same_add_twice_in_one_message(self, phone: Probe) -> None:
        assert changes(phone, add("L9", "new"), add("L9", "new")) == [201, 200]
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"new"]

    def test_two_items_with_equal_data_are_two_items(self, phone: Probe) -> None:
        assert changes(phone, add("L8", "a"), add("L9", "a")) == [201, 201]
        assert bodies(notes(phone)) == [b"a", b"a", b"a", b"b", b"c"]

    def test_a_replace_of_an_unknown_luid_adds(self, phone: Probe) -> None:
        assert changes(phone, replace("L9", "new")) == [201]
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"new"]

    def test_a_delete_of_an_unknown_luid(self, phone: Probe) -> None:
        assert changes(phone, delete("L9")) == [211]

    def test_a_delete_twice(self, phone: Probe) -> None:
        assert changes(phone, delete("L1"), delete("L1"))[0] == 200
        assert bodies(notes(phone)) == [b"b", b"c"]

    def test_edits_of_one_item_in_one_message(self, phone: Probe) -> None:
        assert changes(phone, replace("L1", "A"), replace("L1", "AA")) == [200, 200]
        assert bodies(notes(phone)) == [b"AA", b"b", b"c"]

    def test_only_a_target_names_the_item(self, phone: Probe) -> None:
        item = c.Item(target="L1", data=b"A")
        assert changes(phone, c.Replace("", (item,), c.Meta(type="text/plain"))) == [200]
        assert bodies(notes(phone)) == [b"A", b"b", b"c"]

    def test_names_of_all_kinds(self, phone: Probe) -> None:
        names = ("./IMEI/42", "ünïcode", "a b", "0", "-1", "x" * 200)
        assert changes(phone, *(add(name, f"item {name}") for name in names)) == [201] * len(names)
        assert changes(phone, *(delete(name) for name in names)) == [200] * len(names)
        assert bodies(notes(phone)) == [b"a", b"b", b"c"]


class TestOddCommands:
    def test_a_copy_with_data_is_an_add(self, phone: Probe) -> None:
        assert changes(phone, c.Copy("", (c.Item(source="L9", data=b"copy"),), c.Meta(type="text/plain"))) == [201]
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"copy"]

    def test_a_copy_without_data(self, phone: Probe) -> None:
        assert changes(phone, c.Copy("", (c.Item(source="L1", target="L9"),))) == [406]

    def test_a_move(self, phone: Probe) -> None:
        assert changes(phone, c.Move("", (c.Item(source="L1"),))) == [406]

    def test_several_items_in_one_command(self, phone: Probe) -> None:
        items = (c.Item(source="L8", data=b"x"), c.Item(source="L9", data=b"y"))
        assert changes(phone, c.Add("", items, c.Meta(type="text/plain"))) == [201, 201]
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"x", b"y"]
        refs = [x.source_refs for x in phone.statuses() if x.cmd == "Add"]
        assert not refs     # the last message has only the Status of the header

    def test_an_item_with_no_name(self, phone: Probe) -> None:
        assert changes(phone, add(None, "x")) == [412]

    def test_an_item_with_no_data(self, phone: Probe) -> None:
        assert changes(phone, add("L9", None), replace("L1", None)) == [412, 412]
        assert bodies(notes(phone)) == [b"a", b"b", b"c"]

    def test_a_command_with_no_item(self, phone: Probe) -> None:
        assert changes(phone, c.Add(""), c.Delete("")) == [412, 412]

    def test_an_item_of_the_wrong_type(self, phone: Probe) -> None:
        card = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe\r\nEND:VCARD\r\n"
        assert changes(phone, add("L8", card, "text/x-vcard"), add("L9", "fine")) == [415, 201]
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"fine"]
        assert phone.exchange.report.exit_code == 1

    def test_an_item_of_no_type(self, phone: Probe) -> None:
        assert changes(phone, add("L9", "x", None)) == [201]

    def test_base64(self, phone: Probe) -> None:
        assert changes(phone, add("L8", "eA==", format="b64"), add("L9", "?!", format="b64")) == [201, 415]
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"x"]

    def test_an_empty_item(self, phone: Probe) -> None:
        assert changes(phone, add("L9", "")) == [201]
        assert bodies(notes(phone)) == [b"", b"a", b"b", b"c"]

    def test_a_sequence_is_done_in_order(self, phone: Probe) -> None:
        inside = (replace("L1", "A"), delete("L2"), add("L2", "B"))
        assert changes(phone, c.Sequence("", inside)) == [200, 200, 200, 201]
        assert bodies(notes(phone)) == [b"A", b"B", b"c"]

    def test_an_atomic_is_refused_whole(self, phone: Probe) -> None:
        assert changes(phone, c.Atomic("", (replace("L1", "A"), delete("L2"))), add("L9", "x")) == [406, 215, 215, 201]
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"x"]

    def test_no_answer_is_given_where_none_is_wanted(self, phone: Probe) -> None:
        assert changes(phone, add("L8", "x")._replace(no_resp=True), add("L9", "y")) == [201]
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"x", b"y"]


class TestSoftDelete:
    def test_the_item_stays_here(self, phone: Probe) -> None:
        assert changes(phone, delete("L1", soft=True)) == [200]
        assert bodies(notes(phone)) == [b"a", b"b", b"c"]
        assert not phone.session()

    def test_a_change_brings_it_back(self, phone: Probe) -> None:
        changes(phone, delete("L1", soft=True))
        edit(notes(phone), "1", "A")
        back = phone.session(luids={b"A": "L7"})
        assert [(c.name_of(x), x.items[0].data) for x in back] == [("Add", b"A")]
        assert not phone.session()
        assert changes(phone, replace("L7", "AA")) == [200]
        assert bodies(notes(phone)) == [b"AA", b"b", b"c"]

    def test_a_soft_delete_is_no_reason_to_stop(self, phone: Probe) -> None:
        assert changes(phone, *(delete(luid, soft=True) for luid in ("L1", "L2", "L3"))) == [200] * 3
        assert phone.exchange.report.exit_code == 0
        assert len(notes(phone)) == 3

    def test_archive(self, phone: Probe) -> None:
        # what is deleted is in the trash: that is an archive
        assert changes(phone, delete("L1", archive=True)) == [200]
        assert [x.body for x in notes(phone).trash()] == [b"a"]


class TestMaps:
    def test_a_map_names_what_was_added(self, phone: Probe) -> None:
        fill(notes(phone), "d")
        sent = phone.session(luids={b"d": "L4"})
        assert [x.items[0].data for x in sent] == [b"d"]
        assert changes(phone, replace("L4", "D")) == [200]
        assert bodies(notes(phone)) == [b"D", b"a", b"b", b"c"]

    def test_a_map_comes_twice(self, phone: Probe) -> None:
        ids = fill(notes(phone), "d")
        phone.session(luids={b"d": "L4"})
        phone.new().begin()
        again = c.Map("", "./notes", "./mine", (c.MapItem(ids[0], "L4"),))
        phone.send(again, phone.sync(replace("L4", "D")))
        assert phone.codes("Map") == [200] and phone.codes("Replace") == [200]
        assert bodies(notes(phone)) == [b"D", b"a", b"b", b"c"]

    def test_a_cached_map_comes_before_the_changes_of_the_next_session(self, phone: Probe) -> None:
        ids = fill(notes(phone), "d")
        phone.new().begin()
        phone.send(phone.sync())
        assert [x.items[0].data for x in children(phone.reply)] == [b"d"]
        phone.new().begin()     # nobody was there for the Map
        slow = phone.codes("Alert") == [508]
        phone.send(c.Map("", "./notes", "./mine", (c.MapItem(ids[0], "L4"),)),
                   phone.sync(*(replace(f"L{n}", t) for n, t in enumerate("abcd", 1)) if slow else ()))
        assert not children(phone.reply)
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"d"]

    @pytest.mark.parametrize("guid", ("999", "", "x", "0", "9" * 30))
    def test_a_map_of_nothing_harms_nobody(self, phone: Probe, guid: str) -> None:
        phone.new().begin()
        phone.send(c.Map("", "./notes", "./mine", (c.MapItem(guid, "L77"),)), phone.sync(add("L4", "d")))
        assert phone.codes("Add") == [201]
        phone.send()
        assert bodies(notes(phone)) == [b"a", b"b", b"c", b"d"]
        assert not phone.session()

    def test_a_map_for_an_unknown_datastore(self, phone: Probe) -> None:
        phone.new().begin()
        phone.send(c.Map("", "./nothing", "./nowhere", (c.MapItem("1", "L77"),)), phone.sync())
        assert phone.codes("Map") == [404]


class TestAnswers:
    """How the phone may answer what we send."""

    @pytest.mark.parametrize("code", (200, 201, 207, 208, 418))
    def test_taken(self, phone: Probe, code: int) -> None:
        self.answer(phone, code)
        assert not phone.session()

    @pytest.mark.parametrize("code", (400, 404, 405, 412, 415, 500, 510))
    def test_refused_is_tried_again(self, phone: Probe, code: int) -> None:
        self.answer(phone, code)
        assert phone.exchange.report.exit_code == 1
        assert len(phone.session()) == 1

    @pytest.mark.parametrize("code", (404, 211))
    def test_deleting_what_is_gone_is_done(self, phone: Probe, code: int) -> None:
        with notes(phone).begin() as batch:
            batch.remove("1")
            batch.commit()
        phone.new().begin()
        phone.send(phone.sync())
        self.reply(phone, code)
        assert not phone.session()

    def test_a_full_phone_is_sent_no_more_additions(self, phone: Probe) -> None:
        fill(notes(phone), *(f"new {number}" for number in range(60)))
        phone.new().begin()
        phone.send(phone.sync(), size=2000)
        first = len(children(phone.reply))
        assert 0 < first < 60
        self.reply(phone, codes.DEVICE_FULL)
        assert not [x for x in children(phone.reply) if isinstance(x, c.Add)]

    def answer(self, phone: Probe, code: int) -> None:
        edit(notes(phone), "1", "A")
        phone.new().begin()
        phone.send(phone.sync())
        assert len(children(phone.reply)) == 1
        self.reply(phone, code)

    def reply(self, phone: Probe, code: int) -> None:
        statuses = [x._replace(code=code) if x.cmd in ("Add", "Replace", "Delete") else x for x in phone.answers()]
        phone.send(*statuses, answer=False, size=2000)
