"""A phone keeps appointments and tasks in one database, we in two datastores: each item is where it belongs, on both
sides, and nothing is lost or doubled when a datastore is added to an account that has synced before.
"""

from __future__ import annotations

from typing import Any, Mapping

import pytest
from hub import URL, Handset, Hub, change, datastore, put
from phones import Bench, Switchboard, gists

from minisyncml.gateway.client import Client
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.profile import find
from minisyncml.store.base import Store
from minisyncml.store.combined import Combined
from minisyncml.store.memory import MemoryStore
from minisyncml.transport.pipe import Pipe

PHONE = "nokia-s60"
BOTH = "calendar+tasks"
OTHERS: "dict[str, tuple[str, ...]]" = {"contacts": (), "notes": ()}


def event(name: str, version: str = "2.0") -> str:
    return (f"BEGIN:VCALENDAR\r\nVERSION:{version}\r\nBEGIN:VEVENT\r\nSUMMARY:{name}\r\nDTSTART:20260301T090000\r\n"
            f"DTEND:20260301T100000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


def task(name: str, version: str = "2.0") -> str:
    return (f"BEGIN:VCALENDAR\r\nVERSION:{version}\r\nBEGIN:VTODO\r\nSUMMARY:{name}\r\nEND:VTODO\r\n"
            f"END:VCALENDAR\r\n")


def names(store: Store) -> "list[str]":
    return [gist.decode() for gist in gists(store)]


class World:
    """A phone with one database, and a hub; the hub may get `tasks` later."""

    def __init__(self, tasks: bool = True) -> None:
        contents: "dict[str, tuple[str, ...]]" = {"calendar": (event("ours"),), **OTHERS}
        self.hub = Hub({**contents, "tasks": (task("our task"),)} if tasks else contents, profile=PHONE)
        self.phone = Handset(find(user=PHONE))
        self.there = self.phone.stores[self.phone.name("calendar")]
        put(self.there, event("theirs", "1.0"), task("their task", "1.0"))

    def with_tasks(self) -> Store:
        """The hub begins to keep tasks."""
        self.hub.stores["tasks"] = datastore("tasks")
        return self.hub.stores["tasks"]

    def check(self, calendar: "set[str]", tasks: "set[str]") -> None:
        assert names(self.hub.stores["calendar"]) == sorted(calendar)
        assert names(self.hub.stores["tasks"]) == sorted(tasks)
        assert names(self.there) == sorted(calendar | tasks)


def test_each_item_is_where_it_belongs() -> None:
    world = World()
    world.phone.fine(world.hub)
    assert BOTH in world.hub.reports[-1].datastores and len(world.hub.reports[-1].datastores) == 3
    world.check({"ours", "theirs"}, {"our task", "their task"})
    assert world.phone.quiet(world.hub)


def test_edits_and_deletions_reach_the_right_one() -> None:
    world = World()
    world.phone.fine(world.hub)
    for item in world.phone.items("tasks"):
        change(world.there, item, item.body.replace(b"SUMMARY:", b"SUMMARY:done "))
    world.hub.edit("calendar", "SUMMARY:theirs", "SUMMARY:theirs moved")
    world.phone.fine(world.hub)
    world.check({"ours", "theirs moved"}, {"done our task", "done their task"})
    with world.there.begin() as batch:
        for item in world.phone.items("tasks")[:1]:
            batch.remove(item.id)
        batch.commit()
    world.phone.fine(world.hub)
    assert len(names(world.hub.stores["tasks"])) == 1 and len(names(world.hub.stores["calendar"])) == 2
    with world.hub.stores["tasks"].begin() as batch:
        batch.remove(next(batch.rows()).id)
        batch.commit()
    world.phone.fine(world.hub)
    world.check({"ours", "theirs moved"}, set())
    assert world.phone.quiet(world.hub)


@pytest.mark.parametrize("mode", ["slow", "two-way"])
def test_a_slow_sync_changes_nothing(mode: str) -> None:
    world = World()
    world.phone.fine(world.hub)
    assert world.phone.sync(world.hub, mode).exit_code == 0
    world.check({"ours", "theirs"}, {"our task", "their task"})


def test_a_hub_without_tasks_takes_all() -> None:
    world = World(tasks=False)
    world.phone.fine(world.hub)
    assert "calendar" in world.hub.reports[-1].datastores
    assert names(world.hub.stores["calendar"]) == ["ours", "their task", "theirs"] == names(world.there)


def test_tasks_begin_to_be_kept_later() -> None:
    world = World(tasks=False)
    world.phone.fine(world.hub)
    put(world.with_tasks(), task("our task"), task("also there"))
    put(world.there, task("also there", "1.0"))
    world.phone.fine(world.hub)
    assert names(world.hub.stores["calendar"]) == ["ours", "their task", "theirs"]
    assert names(world.hub.stores["tasks"]) == ["also there", "our task"]
    assert names(world.there) == ["also there", "our task", "ours", "their task", "theirs"]
    assert world.phone.quiet(world.hub)
    del world.hub.stores["tasks"]       # and no longer
    world.phone.fine(world.hub)
    assert len(names(world.there)) == 5 and set(names(world.hub.stores["calendar"])) >= {"ours", "theirs"}


def test_tasks_are_left_out_for_once() -> None:
    """What the calendar took meanwhile for its own goes again, and not the tasks."""
    world = World()
    world.phone.fine(world.hub)
    tasks = world.hub.stores.pop("tasks")
    world.phone.fine(world.hub)
    assert names(world.hub.stores["calendar"]) == ["our task", "ours", "their task", "theirs"]
    world.hub.stores["tasks"] = tasks
    world.phone.fine(world.hub)
    world.check({"ours", "theirs"}, {"our task", "their task"})
    assert world.phone.quiet(world.hub)


def test_a_phone_that_has_two_databases_keeps_two() -> None:
    hub = Hub({"calendar": (event("ours"),), "tasks": (task("our task"),), **OTHERS}, profile="sony-ericsson-w595")
    phone = Handset(find(user="sony-ericsson-w595"))
    phone.fine(hub)
    assert {"calendar", "tasks"} <= set(hub.reports[-1].datastores)
    assert names(phone.stores[phone.name("calendar")]) == ["ours"]
    assert names(phone.stores[phone.name("tasks")]) == ["our task"]


@pytest.mark.parametrize("name", ["nokia", "nokia-6301", "samsung", "siemens"])
def test_we_call_the_phone(name: str) -> None:
    bench = Bench(name, switch="none")
    bench.ours["tasks"] = MemoryStore(bench.ours["calendar"].types)
    put(bench.phone["calendar"], task("their task", "1.0"))
    put(bench.ours["tasks"], task("our task", "1.0"))
    with Switchboard(bench.emulator.answer) as line:
        caller = bench.caller(line, profile=name)
        report = caller.sync()
        assert report.exit_code == 0 and BOTH in report.datastores, report.table()
        assert names(bench.ours["tasks"]) == ["our task", "their task"]
        assert len(names(bench.ours["calendar"])) == 3 and len(names(bench.phone["calendar"])) == 5
        again = caller.sync()
    assert again.exit_code == 0 and not any(part.slow for part in again.datastores.values())
    assert not any(part.local or part.remote for part in again.datastores.values())


class Laptop:
    """A client with two datastores, whose server has one for both."""

    def __init__(self) -> None:
        self.server_store = datastore("calendar")
        self.server = Server({"calendar": self.server_store})
        self.stores: "dict[str, Store]" = {"calendar": datastore("calendar"), "tasks": datastore("tasks")}
        self.remotes: "Mapping[str, str]" = {"calendar": "calendar", "tasks": "calendar"}

    def sync(self, *kinds: str, **options: Any) -> Report:
        kept = options.pop("peers", None)
        client = Client(URL, {kind: self.stores[kind] for kind in kinds or self.stores},
                        remotes={kind: self.remotes[kind] for kind in kinds or self.stores}, peers=kept,
                        transport=lambda: Pipe(self.server.handle, URL), device_id="laptop")
        report = client.sync()
        assert report.exit_code == 0, report.table()
        return report


def test_a_server_with_one_database_for_both() -> None:
    laptop = Laptop()
    put(laptop.server_store, event("theirs"), task("their task"))
    put(laptop.stores["calendar"], event("ours"))
    put(laptop.stores["tasks"], task("our task"))
    assert list(laptop.sync().datastores) == [BOTH]
    assert names(laptop.stores["calendar"]) == ["ours", "theirs"]
    assert names(laptop.stores["tasks"]) == ["our task", "their task"]
    assert names(laptop.server_store) == ["our task", "ours", "their task", "theirs"]
    part = laptop.sync().datastores[BOTH]
    assert not part.slow and not part.local and not part.remote


def test_a_client_adds_tasks_later_and_drops_them_again() -> None:
    laptop = Laptop()
    put(laptop.server_store, *(event(f"their {number}") for number in range(4)))
    put(laptop.stores["calendar"], *(event(f"our {number}") for number in range(4)))
    laptop.sync("calendar")
    put(laptop.stores["tasks"], *(task(f"task {number}") for number in range(4)))
    there = sorted([*(f"their {number}" for number in range(4)), *(f"our {number}" for number in range(4))])
    tasks = [f"task {number}" for number in range(4)]
    assert laptop.sync().datastores[BOTH].slow
    assert names(laptop.stores["calendar"]) == there and names(laptop.stores["tasks"]) == tasks
    assert names(laptop.server_store) == sorted(there + tasks)
    edited = next(item for item in (laptop.server_store.get(row.id) for row in laptop.server_store.rows())
                  if item is not None and b"their 2" in item.body)
    change(laptop.server_store, edited, edited.body.replace(b"their 2", b"their new"))
    part = laptop.sync().datastores[BOTH]
    assert not part.slow and part.local.replaced == 1
    assert names(laptop.stores["calendar"]) == sorted({*there, "their new"} - {"their 2"})
    assert laptop.sync("calendar").datastores["calendar"].slow
    assert set(names(laptop.stores["calendar"])) >= {*there, "their new"} - {"their 2"}
    assert names(laptop.server_store) == sorted([*({*there, "their new"} - {"their 2"}), *tasks])


def test_a_phone_that_has_a_database_for_tasks_as_well() -> None:
    """It says so: then its calendar is nothing else, whatever others of its make do."""
    world = World()
    other = MemoryStore(world.there.types)
    other.form = world.there.form
    world.phone.stores["Tasks"] = other
    world.phone.emulator.stores = world.phone.stores
    put(other, task("elsewhere", "1.0"))
    world.phone.fine(world.hub)
    assert names(world.hub.stores["tasks"]) == ["elsewhere", "our task"]


def test_types_and_form_of_both() -> None:
    one, other = datastore("calendar"), MemoryStore((("text/x-task", "1"),))
    both = Combined(("calendar", "tasks"), one, other, lambda type, body: 0)
    assert both.types == (*one.types, ("text/x-task", "1")) and both.form == ("", "")
    assert Combined(("a", "b"), one, datastore("tasks"), lambda type, body: 0).form == one.form
