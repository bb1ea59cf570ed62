"""The rescue: a copy of a phone that changes nothing on it, and back onto a phone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Iterator

import pytest
from pair import bodies, fill
from phones import SAMPLE, Bench, Cables, Cut, Switchboard, gists, put

from minisyncml.errors import DecodeError, LimitError, LinkError, ObexError, StoreError, UsageError
from minisyncml.gateway import archive as archives
from minisyncml.gateway import irmc
from minisyncml.gateway.archive import Archive, items
from minisyncml.gateway.backup import Line, Taken, backup
from minisyncml.gateway.dial import Opener
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.irmc import IrMCService
from minisyncml.gateway.irmcclient import IrMC
from minisyncml.gateway.restore import Restored, restore
from minisyncml.limits import DEFAULT
from minisyncml.obex import codes
from minisyncml.obex.server import Get
from minisyncml.profile import find, names
from minisyncml.store.base import Store
from minisyncml.store.memory import MemoryStore
from minisyncml.store.place import KINDS, open_store
from minisyncml.transport.link import Link
from minisyncml.transport.obex import Reply, serve

WOKEN = [name for name in names() if find(user=name).san and find(user=name).stores]


@pytest.fixture(scope="module")
def cables() -> Iterator[Cables]:
    with Cables() as made:
        yield made


def line(opener: Opener, **more: Any) -> Line:
    return Line(opener, **{"timeout": 5.0, "patience": 0.05, "wait": lambda seconds: None, **more})


def saved(folder: Path) -> "dict[str, list[bytes]]":
    found: "dict[str, list[bytes]]" = {}
    for one in items(str(folder)):
        found.setdefault(one.kind, []).append(one.body)
    return {kind: sorted(some) for kind, some in found.items()}


def held(phone: "dict[str, Store]") -> "dict[str, list[bytes]]":
    return {kind: sorted(bodies(store)) for kind, store in phone.items() if len(store)}


def state(phone: "dict[str, Store]") -> "list[object]":
    """All that a phone could notice of a sync: items, changes, and what it remembers of computers."""
    return [(store.revision, bodies(store), [store.facts(peer).get("confirmed") for peer in store.peers()])
            for store in phone.values()]


@pytest.mark.parametrize("name", ["", *WOKEN])
def test_all_that_a_phone_has_is_in_the_folder_and_nothing_changed_on_it(name: str, cables: Cables, tmp_path: Path,
                                                                        ) -> None:
    bench = Bench(name)
    before = [(store.revision, bodies(store)) for store in bench.phone.values()]
    told = name if bench.profile.server_id != "PC Suite" else ""        # who lets in nobody else has to be named
    taken = backup(line(cables(bench.emulator), profile=told), str(tmp_path / "rescue"))
    assert (taken.error, taken.failures, taken.via) == (None, [], "syncml")
    assert saved(tmp_path / "rescue") == held(bench.phone)
    assert [(store.revision, bodies(store)) for store in bench.phone.values()] == before
    assert not (tmp_path / "rescue" / "INCOMPLETE").exists()
    says = json.loads((tmp_path / "rescue" / "backup.json").read_text("utf-8"))
    assert (says["format"], says["version"], says["phone"]["mod"]) == ("minisyncml backup", 1,
                                                                      bench.profile.mod or "emulator")


def test_a_phone_that_is_in_sync_with_a_computer_stays_so(cables: Cables, tmp_path: Path) -> None:
    """The phone promotes no anchor, and the next sync with the other program moves nothing."""
    bench = Bench("sony-ericsson-w595")
    opener = cables(bench.emulator)
    caller = bench.caller(opener, at=True)
    assert caller.sync().exit_code == 0
    before = state(bench.phone)
    assert backup(line(opener), str(tmp_path / "rescue")).error is None
    assert state(bench.phone) == before
    report = caller.sync()
    assert report.error is None
    assert not any(part.local or part.remote for part in report.datastores.values())


def test_a_backup_can_be_kept_in_step_afterwards(cables: Cables, tmp_path: Path) -> None:
    """The folders are places for `phone sync`: what is on the phone is known again."""
    bench = Bench("sony-ericsson-w595", kinds=("contacts", "calendar", "notes"))
    opener = cables(bench.emulator)
    backup(line(opener), str(tmp_path / "rescue"))
    bench.ours = {kind: open_store(str(tmp_path / "rescue" / kind), kind, str(tmp_path / "data"))
                  for kind in bench.ours}
    report = bench.caller(opener, at=True).sync()
    assert report.exit_code == 0 and bench.equal()
    assert not any(part.local or part.remote for part in report.datastores.values())
    for store in bench.ours.values():
        store.close()


def test_twins_are_two_files_and_tasks_have_a_folder(cables: Cables, tmp_path: Path) -> None:
    bench = Bench("nokia-s40", items=0)
    put(bench.phone["contacts"], "contacts", "Twin", "Twin")
    fill(bench.phone["calendar"], SAMPLE["calendar"] % "Party", SAMPLE["tasks"] % "Tidy up",
         type="text/x-vcalendar")
    taken = backup(line(cables(bench.emulator)), str(tmp_path))
    assert taken.counts == {"contacts": 2, "calendar": 1, "tasks": 1, "notes": 0}
    assert [one.kind for one in items(str(tmp_path))] == ["contacts", "contacts", "calendar", "tasks"]


def test_files_are_named_alike_each_time(cables: Cables, tmp_path: Path) -> None:
    bench = Bench("nokia-s60")
    opener = cables(bench.emulator)
    for name in "ab":
        backup(line(opener), str(tmp_path / name))
    first, second = (sorted(path.relative_to(tmp_path / name).as_posix() for path in (tmp_path / name).rglob("*"))
                     for name in "ab")
    assert first == second
    assert any(name.startswith("contacts/Ada_contacts_0_of_the_phone-") for name in first)


def test_a_complete_backup_is_never_overwritten(cables: Cables, tmp_path: Path) -> None:
    opener = cables(Bench("nokia-s60").emulator)
    backup(line(opener), str(tmp_path))
    before = saved(tmp_path)
    with pytest.raises(UsageError, match="holds a backup already, of Nokia"):
        backup(line(opener), str(tmp_path))
    assert saved(tmp_path) == before


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="not empty"):
        Archive(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.jpg"]


def test_a_backup_that_broke_off_is_marked_and_kept(cables: Cables, tmp_path: Path) -> None:
    bench = Bench("nokia-s60", items=200)
    opener = cables(bench.emulator)
    taken = backup(line(lambda: Cut(opener(), 60, False)), str(tmp_path), "syncml")
    assert isinstance(taken.error, LinkError)
    assert (tmp_path / "INCOMPLETE").exists() and not (tmp_path / "backup.json").exists()
    part = saved(tmp_path)
    assert 0 < sum(map(len, part.values())) < 600
    assert backup(line(opener), str(tmp_path)).error is None
    assert saved(tmp_path) == held(bench.phone)
    assert saved(tmp_path / "interrupted-1") == part


def test_a_phone_that_wants_to_be_given_instead_is_hung_up_on(cables: Cables, tmp_path: Path) -> None:
    """The direction is set on the phone: an empty computer would empty it."""
    bench = Bench("nokia-s60")
    phone = bench.emulator

    def stubborn(*_: object) -> Any:
        exchange = Exchange.client(phone.options, phone.stores, phone.peers, "PC Suite")
        return exchange, exchange.start("refresh-from-server")

    phone.begin = stubborn  # type: ignore[method-assign]
    before = held(bench.phone)
    taken = backup(line(cables(bench.emulator)), str(tmp_path), "syncml")
    assert "wants to replace all" in str(taken.error)
    assert held(bench.phone) == before and list(tmp_path.iterdir()) == []


def test_what_has_no_end_is_cut(monkeypatch: pytest.MonkeyPatch, cables: Cables, tmp_path: Path) -> None:
    monkeypatch.setattr(archives, "MAX_ITEMS", 50)
    taken = backup(line(cables(Bench("nokia-s60", items=100).emulator)), str(tmp_path))
    assert isinstance(taken.error, DecodeError) and "more than 50 items" in str(taken.error)
    assert sum(map(len, saved(tmp_path).values())) == 50
    assert (tmp_path / "INCOMPLETE").exists()


# -- phones without SyncML

class Irmc:
    """A phone that serves IrMC objects only."""

    def __init__(self, items: int = 3, target: bytes = codes.IRMC, refuse: "tuple[str, ...]" = (),
                 code: int = codes.NOT_FOUND) -> None:
        self.stores: "dict[str, Store]" = {}
        for kind in ("contacts", "calendar", "tasks", "notes"):
            self.stores[kind] = MemoryStore(KINDS[kind][0])
            put(self.stores[kind], kind, *(f"{kind} {number}" for number in range(items)))
        self.target, self.refuse, self.code = target, refuse, code

    def answer(self, link: Link) -> None:
        serve(link, {self.target: self.service}, wait=10.0)

    def service(self) -> IrMCService:
        refuse, code = self.refuse, self.code

        class Picky(IrMCService):
            def get(self, request: Get) -> Reply:
                if request.headers.name in refuse:
                    raise ObexError("nothing there", code)
                return super().get(request)

        return Picky(self.stores, {"MANU": "Siemens", "MOD": "S55"})


def of(phone: Irmc, folder: Path, via: str = "auto") -> Taken:
    with Switchboard(phone.answer) as board:
        return backup(line(board, at=False), str(folder), via)


def meaning(found: "dict[str, list[bytes]]") -> "dict[str, list[bytes]]":
    """Items without the names that one phone has for them."""
    return {kind: sorted(b"".join(line for line in body.splitlines(True) if not line.startswith(b"X-IRMC-LUID"))
                         for body in some) for kind, some in found.items()}


@pytest.mark.parametrize("target", [codes.IRMC, b""])
def test_irmc_is_read_where_there_is_no_syncml(target: bytes, tmp_path: Path) -> None:
    phone = Irmc(target=target)
    taken = of(phone, tmp_path)
    assert (taken.error, taken.via) == (None, "irmc")
    assert (taken.phone["man"], taken.phone["mod"]) == ("Siemens", "S55")
    assert meaning(saved(tmp_path)) == held(phone.stores)
    assert sorted(path.name for path in (tmp_path / "irmc").iterdir()) == ["cal.vcs", "nt.vnt", "pb.vcf"]


def test_an_empty_calendar_that_is_refused_is_no_failure(tmp_path: Path) -> None:
    phone = Irmc(refuse=("telecom/cal.vcs",))
    phone.stores.update(calendar=MemoryStore(KINDS["calendar"][0]), tasks=MemoryStore(KINDS["tasks"][0]))
    taken = of(phone, tmp_path)
    assert taken.error is None and taken.counts == {"contacts": 3, "calendar": 0, "tasks": 0, "notes": 3}
    assert [remark[:12] for remark in taken.remarks] == ["no calendar:"]


def test_what_answered_is_said_when_nothing_was_given(tmp_path: Path) -> None:
    class Mean(IrMCService):
        def get(self, request: Get) -> Reply:
            raise ObexError("no", codes.FORBIDDEN)

    with Switchboard(lambda link: serve(link, {codes.IRMC: lambda: Mean({})}, wait=10.0)) as board:
        taken = backup(line(board, at=False), str(tmp_path))
    assert taken.exit_code == 3 and str(taken.error).startswith("SyncML: ")
    assert "gives nothing there" in str(taken.error) and "forbidden (0x43)" in str(taken.error)
    assert list(tmp_path.iterdir()) == []


FILES = ("telecom/pb.vcf", "telecom/cal.vcs", "telecom/nt.vnt", "telecom/nt.vcf", "telecom/nt/notes.vnt")


def test_yes_to_everything_is_no_backup(tmp_path: Path) -> None:
    class Nodding(IrMCService):
        def get(self, request: Get) -> Reply:
            return Reply(b"")

    with Switchboard(lambda link: serve(link, {codes.IRMC: lambda: Nodding({})}, wait=10.0)) as board:
        taken = backup(line(board, at=False), str(tmp_path), "irmc")
    assert "gives nothing there" in str(taken.error)
    assert list(tmp_path.iterdir()) == []


def test_single_objects_are_read_where_there_are_no_whole_files(tmp_path: Path) -> None:
    taken = of(Irmc(refuse=FILES), tmp_path)
    assert (taken.exit_code, taken.remarks, taken.failures) == (0, [], [])
    assert taken.counts == {"contacts": 3, "calendar": 3, "tasks": 3, "notes": 3}


def test_an_object_that_is_not_to_be_read_is_told(tmp_path: Path) -> None:
    phone = Irmc(refuse=(*FILES, "telecom/pb/1.vcf"))
    taken = of(phone, tmp_path)
    assert taken.error is None and taken.exit_code == 1 and taken.counts["contacts"] == 2
    assert [one.id for one in taken.failures] == ["contacts"]
    assert taken.failures[0].words == "the phone says that it has 3, and gives 2"
    done = back(phone, tmp_path, via="irmc")
    assert "not to be read" in str(done.error) and len(phone.stores["contacts"]) == 3      # nothing is there twice


def test_what_a_phone_has_and_keeps_to_itself_is_no_success(tmp_path: Path) -> None:
    phone = Irmc(refuse=("telecom/cal.vcs", *(f"telecom/cal/{number}.vcs" for number in range(2000))),
                 code=codes.FORBIDDEN)
    taken = of(phone, tmp_path)
    assert taken.error is None and taken.exit_code == 1 and taken.counts["contacts"] == 3
    assert [one.id for one in taken.failures] == ["calendar"]


def test_nobody_there_leaves_an_empty_folder(tmp_path: Path) -> None:
    def none() -> Link:
        raise LinkError("there is no port")

    taken = backup(line(none), str(tmp_path / "rescue"))
    assert (str(taken.error), taken.exit_code) == ("there is no port", 3)
    assert list((tmp_path / "rescue").iterdir()) == []


def test_irmc_can_be_asked_for_where_there_is_syncml(tmp_path: Path) -> None:
    assert of(Irmc(), tmp_path, "irmc").via == "irmc"
    with pytest.raises(UsageError, match="not by 'radio'"):
        of(Irmc(), tmp_path / "x", "radio")


# -- and back

@pytest.mark.parametrize("name", ["", "sony-ericsson-w595", "nokia-s40", "sony-ericsson-k750i"])
def test_a_new_phone_gets_all_and_keeps_its_own(name: str, cables: Cables, tmp_path: Path) -> None:
    old, new = Bench("sony-ericsson-w595"), Bench(name, items=1)
    put(new.phone["contacts"], "contacts", "Only here")
    backup(line(cables(old.emulator)), str(tmp_path))
    before = saved(tmp_path)
    opener = cables(new.emulator)
    tried = restore(line(opener), str(tmp_path), dry_run=True)
    assert {kind: len(found) for kind, found in tried.titles.items() if found}["contacts"] == 2
    assert len(new.phone["contacts"]) == 2
    done = restore(line(opener), str(tmp_path))
    assert (done.error, done.failures) == (None, [])
    everything = gists(new.phone["contacts"])
    assert len(everything) == 4 and set(gists(old.phone["contacts"])) < set(everything)
    there = sorted(gist for kind in ("calendar", "tasks") if kind in new.phone for gist in gists(new.phone[kind]))
    assert there == sorted(gist for kind in ("calendar", "tasks") for gist in gists(old.phone[kind]))
    again = restore(line(opener), str(tmp_path))
    assert (again.error, sum(again.counts.values())) == (None, 0)
    assert saved(tmp_path) == before


def test_the_phones_own_version_of_an_item_stays(cables: Cables, tmp_path: Path) -> None:
    bench = Bench("nokia-s60", items=2)
    opener = cables(bench.emulator)
    backup(line(opener), str(tmp_path))
    with bench.phone["contacts"].begin() as batch:
        row = next(batch.rows())
        item = batch.get(row.id)
        assert item is not None
        edited = item.body.replace(b"END:VCARD", b"NOTE:new\r\nEND:VCARD")
        batch.put(row.id, item.type, edited)
        batch.commit()
    assert restore(line(opener), str(tmp_path)).error is None
    assert len(bench.phone["contacts"]) == 2 and edited in bodies(bench.phone["contacts"])


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_phone_that_wants_to_be_replaced_is_hung_up_on(dry_run: bool, cables: Cables, tmp_path: Path) -> None:
    bench = Bench("nokia-s60")
    opener = cables(bench.emulator)
    backup(line(opener), str(tmp_path))
    phone = bench.emulator
    put(bench.phone["contacts"], "contacts", "Not in the backup")

    def stubborn(*_: object) -> Any:
        exchange = Exchange.client(phone.options, phone.stores, phone.peers, "PC Suite")
        return exchange, exchange.start("refresh-from-server")

    phone.begin = stubborn  # type: ignore[method-assign]
    before = held(bench.phone)
    done = restore(line(opener), str(tmp_path), via="syncml", dry_run=dry_run)
    assert "wants to replace all" in str(done.error)
    assert held(bench.phone) == before


def test_trying_to_replace_changes_nothing(cables: Cables, tmp_path: Path) -> None:
    bench = Bench("nokia-s60")
    opener = cables(bench.emulator)
    backup(line(opener), str(tmp_path))
    put(bench.phone["contacts"], "contacts", "Not in the backup")
    before = held(bench.phone)
    assert restore(line(opener), str(tmp_path), replace=True, dry_run=True).error is None
    assert held(bench.phone) == before


def test_replacing_has_to_be_asked_for_and_wants_a_complete_backup(cables: Cables, tmp_path: Path) -> None:
    old, new = Bench("nokia-s60", items=2), Bench("nokia-s60", items=0)
    put(new.phone["contacts"], "contacts", "Somebody else")
    backup(line(cables(old.emulator)), str(tmp_path))
    assert restore(line(cables(new.emulator)), str(tmp_path), replace=True).error is None
    assert held(new.phone) == held(old.phone)
    (tmp_path / "INCOMPLETE").write_text("")
    with pytest.raises(UsageError, match="broke off"):
        restore(line(cables(new.emulator)), str(tmp_path), replace=True)


def back(phone: Irmc, folder: Path, **more: Any) -> Restored:
    with Switchboard(phone.answer) as board:
        return restore(line(board, at=False), str(folder), **more)


def test_irmc_takes_what_it_lacks(tmp_path: Path) -> None:
    of(Irmc(), tmp_path)
    phone = Irmc(items=1)
    tried = back(phone, tmp_path, dry_run=True)
    assert sum(map(len, tried.titles.values())) == 8 and sum(map(len, phone.stores.values())) == 4
    done = back(phone, tmp_path)
    assert (done.error, done.via, done.counts) == (None, "irmc", dict.fromkeys(phone.stores, 2))
    assert done.phone["mod"] == "S55"
    assert held(phone.stores) == held(Irmc().stores)
    assert sum(back(phone, tmp_path).counts.values()) == 0


def test_a_phone_that_takes_no_single_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of(Irmc(), tmp_path)
    monkeypatch.setattr(irmc, "_put", refuse)
    done = back(Irmc(items=0), tmp_path, via="irmc")
    assert "takes no single items by IrMC" in str(done.error) and len(done.failures) == 1


def refuse(*_: object) -> str:
    raise ObexError("no", codes.FORBIDDEN)


class Endless(IrMCService):
    """Gives a phone book without an end, as far as the line is concerned."""

    def get(self, request: Get) -> Reply:
        return Reply(b"BEGIN:VCARD\r\n" * 100_000)


def test_an_object_without_end_is_bounded(tmp_path: Path) -> None:
    def answer(link: Link) -> None:
        serve(link, {codes.IRMC: lambda: Endless({})}, wait=10.0)

    with Switchboard(answer, packet=60_000) as board:
        with line(board, at=False).call(lambda count: None, DEFAULT._replace(max_message=100_000)) as call:
            with pytest.raises(LimitError):
                list(IrMC(call).whole())


def test_a_phone_book_of_nothing_but_beginnings(tmp_path: Path) -> None:
    def answer(link: Link) -> None:
        serve(link, {codes.IRMC: lambda: Endless({})}, wait=10.0)

    with Switchboard(answer, packet=60_000) as board:
        taken = backup(line(board, at=False), str(tmp_path), "irmc")
    assert taken.error is None and taken.counts["contacts"] == 1        # one that never ends, and it is kept
    assert (tmp_path / "irmc" / "pb.vcf").stat().st_size == 1_300_000


def test_irmc_is_replaced_by_whole_files(tmp_path: Path) -> None:
    of(Irmc(items=2), tmp_path)
    phone = Irmc(items=4)
    tried = back(phone, tmp_path, replace=True, dry_run=True)
    assert sum(map(len, tried.titles.values())) == 8 and not tried.counts
    done = back(phone, tmp_path, replace=True)
    assert (done.error, done.counts) == (None, dict.fromkeys(phone.stores, 2))
    assert held(phone.stores) == held(Irmc(items=2).stores)


def test_what_a_phone_refused_to_replace_is_not_told_as_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of(Irmc(items=2), tmp_path)
    monkeypatch.setattr(irmc, "_replace_all", refuse)
    done = back(Irmc(items=4), tmp_path, replace=True, via="irmc")
    assert done.exit_code and not done.counts


def test_only_files_with_something_in_them_are_items(tmp_path: Path) -> None:
    (tmp_path / "contacts").mkdir()
    os.mkfifo(tmp_path / "contacts" / "pipe.vcf")
    (tmp_path / "contacts" / "empty.vcf").touch()
    (tmp_path / "secret").write_bytes(b"BEGIN:VCARD\r\nEND:VCARD\r\n")
    (tmp_path / "contacts" / "link.vcf").symlink_to(tmp_path / "secret")
    assert list(items(str(tmp_path))) == []


def test_nothing_is_restored_from_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to restore"):
        restore(line(Switchboard(Irmc().answer)), str(tmp_path))


@pytest.mark.parametrize(("text", "words"), [('{"format": "minisyncml backup", "version": 9}', "newer version"),
                                             ("{", "damaged"), ("[]", "not of a backup")])
def test_a_manifest_that_is_none_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "backup.json").write_text(text)
    with pytest.raises(StoreError, match=words):
        restore(line(Switchboard(Irmc().answer)), str(tmp_path))
