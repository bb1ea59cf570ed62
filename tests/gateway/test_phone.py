"""Our two ends over real lines: every profile, both dial directions, every AT switch, what phones refuse."""

from __future__ import annotations

from typing import Any, Iterator

import pytest
from phones import Bench, Cables, Switchboard, counts, put

from minisyncml.errors import ObexError, UsageError
from minisyncml.gateway.client import Client
from minisyncml.gateway.dial import Call, Dialled
from minisyncml.gateway.emulator import Emulator
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.listen import listen
from minisyncml.gateway.report import Report
from minisyncml.gateway.serve import Server
from minisyncml.message import document
from minisyncml.notify.base import PACKET
from minisyncml.profile import DEFAULT, find, names
from minisyncml.store.memory import MemoryStore
from minisyncml.store.peers import Peers
from minisyncml.transport.at import Dialogue
from minisyncml.transport.link import Link

WOKEN = [name for name in names() if find(user=name).san and find(user=name).at_switch not in ("sbfb", "msync")]


def good(report: Report) -> bool:
    return report.error is None and report.exit_code == 0


# -- every profile, both directions ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cables() -> "Iterator[Cables]":
    with Cables() as all_of_them:
        yield all_of_them


@pytest.mark.parametrize("name", WOKEN)
def test_we_call_a_phone_of_each_profile(name: str, cables: Cables) -> None:
    """Two syncs over a pty, with the AT switch of the profile; the third one finds nothing to do."""
    bench = Bench(name)
    told = name if bench.emulator.switch == "none" else ""      # else it says by AT what it is
    phone = bench.caller(cables(bench.emulator), at=True, profile=told)
    first = phone.sync()
    assert good(first), first.error or first.table()
    assert bench.equal() and sum(counts(first).values()) == 3 * len(bench.ours)
    for kind, store in bench.ours.items():
        put(store, kind, f"{kind} of ours")
    second = phone.sync()
    assert good(second) and bench.equal() and set(counts(second).values()) == {1}
    assert set(counts(phone.sync()).values()) == {0}
    assert not any(part.slow for part in second.datastores.values())


@pytest.mark.parametrize("name", names())
def test_a_phone_of_each_profile_calls_us(name: str, cables: Cables) -> None:
    bench = Bench(name)
    seen: "list[Report]" = []
    server = Server(bench.ours, on_report=seen.append)
    line = cables.put(lambda link: listen(link, server, stop=lambda: cables.over))
    for moved in (3, 1, 0):
        report = bench.emulator.call("obex", transport=lambda: Dialled(Call(line, at=False)))
        assert good(report), report.error or report.table()
        assert bench.equal()
        assert set(counts(report).values()) == {moved if bench.profile.item_status == "each" else 0}
        for kind, store in bench.phone.items() if moved == 3 else ():
            put(store, kind, f"{kind}, new")
    assert len(seen) == 3 and all(good(report) for report in seen)
    assert {report.peer for report in seen} == {bench.emulator.options.device}


# -- how the phone is reached ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", ["cprot", "eobex", "mode22", "sqwe3", "xlnk", "syncml-mobexstart", "tsspcsw"])
def test_each_way_from_at_to_obex_and_back(switch: str) -> None:
    makers = {"xlnk": "Sharp", "sqwe3": "SIEMENS", "mode22": "Motorola CE", "eobex": "ERICSSON"}
    bench = Bench(DEFAULT._replace(at_man=makers.get(switch, "SAMSUNG")), kinds=("notes",), switch=switch)
    with Switchboard(bench.emulator.answer) as line:
        with Call(line, at=True, wait=lambda seconds: None, patience=0.05) as call:
            assert call.switch == switch
            call.connect()
            call.close()
            link = line()
        with link:      # a fresh line to the same phone begins in AT mode
            link.write(b"AT\r", 1.0)
            assert b"OK" in link.read(5.0)
    with Switchboard(bench.emulator.answer) as line:
        assert good(bench.caller(line, at=True).sync()) and bench.equal()


def test_a_phone_that_has_to_be_told_to_call() -> None:
    """AT+MSYNC of Motorola's Linux phones: after it the phone speaks first."""
    bench = Bench("motorola", kinds=("contacts",), switch="msync")
    seen: "list[Report]" = []
    server = Server(bench.ours, on_report=seen.append)
    with Switchboard(bench.emulator.answer) as line, line() as link:
        assert Dialogue(link, wait=lambda seconds: None).enter_obex("msync", patience=0.05) == "msync"
        listen(link, server, once=True, timeout=5.0)
    assert [report.error for report in seen] == [None] and len(bench.ours["contacts"]) == 3


def test_a_client_of_a_server_over_a_line() -> None:
    """We call as client, and a server answers: the fourth way."""
    bench = Bench(kinds=("notes",))
    server = Server({"notes": bench.phone["notes"]})
    with Switchboard(lambda link: listen(link, server)) as line:
        client = Client("tcp://phone", bench.ours, transport=lambda: Dialled(Call(line, at=False)))
        assert good(client.sync()) and bench.equal()
        assert set(counts(client.sync()).values()) == {0}


def test_no_uri_is_told_on_a_line() -> None:
    bench, seen = Bench(kinds=("notes",)), []
    server = Server(bench.ours)
    with Switchboard(lambda link: listen(link, server, tap=lambda way, packet: seen.append((way, packet)))) as line:
        bench.emulator.call("obex", transport=lambda: Dialled(Call(line, at=False)))
    answers = [packet for way, packet in seen if way.endswith("<-")]
    assert answers and all(document.parse(packet.body).message.header.resp_uri is None for packet in answers)


def test_the_phone_is_known_by_its_device_id() -> None:
    """It was on ttyACM0 and is on ttyACM1 now: nothing is compared anew, and its names of databases stay."""
    bench = Bench("syncevolution", kinds=("contacts",))
    peers = Peers()
    with Switchboard(bench.emulator.answer) as line:
        assert good(bench.caller(line, port="/dev/ttyACM0", peers=peers).sync())
        report = bench.caller(line, port="/dev/ttyACM1", peers=peers).sync()
    assert good(report) and not report.datastores["contacts"].slow and counts(report) == {"contacts": 0}


# -- waking it -------------------------------------------------------------------------------------------------------


def forms(bench: Bench) -> "list[str]":
    """The notifications that were sent."""
    first = next(number for number, (way, _) in enumerate(bench.passed) if way == "<-")
    return ["1.2" if packet.content_type == PACKET else "1.1" for _, packet in bench.passed[:first]]


def test_the_older_form_when_the_newer_is_refused_and_what_worked_is_kept() -> None:
    bench = Bench(DEFAULT._replace(san=("1.1",), protocol="1.1"), kinds=("notes",))
    with Switchboard(bench.emulator.answer) as line:
        phone = bench.caller(line)
        assert good(phone.sync()) and forms(bench) == ["1.2", "1.1"]
        bench.passed.clear()
        assert good(phone.sync()) and forms(bench) == ["1.1"]
    message = document.parse(bench.passed[1][1].body).message
    assert message.header.version == "1.1" and bench.equal()


def test_the_profile_says_which_form() -> None:
    bench = Bench("sony-ericsson-k750i", kinds=("notes",), switch="none")
    with Switchboard(bench.emulator.answer) as line:
        assert good(bench.caller(line, profile="sony-ericsson-k750i").sync())
    assert forms(bench) == ["1.1"]


def test_a_phone_that_has_no_account_for_us() -> None:
    bench = Bench(DEFAULT._replace(server_id="LGPCSync"), kinds=("notes",))
    with Switchboard(bench.emulator.answer) as line:
        report = bench.caller(line).sync()
        assert isinstance(report.error, ObexError) and report.error.code == 0x43 and report.exit_code == 3
        assert "look at the phone's screen" in str(report.error)
        assert good(bench.caller(line, server_id="LGPCSync").sync()) and bench.equal()


def test_a_phone_that_takes_no_notification() -> None:
    bench = Bench("uiq-p900", kinds=("contacts",))
    with Switchboard(bench.emulator.answer) as line, pytest.raises(UsageError, match="it has to call us"):
        bench.caller(line, profile="uiq-p900").sync()


def test_a_message_that_is_not_ready_is_asked_for_again() -> None:
    bench, waits = Bench(kinds=("notes",), unready=2), []
    with Switchboard(bench.emulator.answer) as line:
        assert good(bench.caller(line, wait=waits.append).sync()) and bench.equal()
    assert waits == [1.0, 1.0] * 3


def test_another_phone_at_the_same_port() -> None:
    """What we thought of the first one does not keep us from the second."""
    first, second = Bench("lg", kinds=("contacts",)), Bench("nokia-s60", kinds=("contacts",))
    peers = Peers()
    with Switchboard(first.emulator.answer) as line:
        assert good(first.caller(line, profile="lg", peers=peers).sync()) and first.equal()
    with Switchboard(second.emulator.answer) as line:
        report = second.caller(line, peers=peers).sync()
        assert good(report) and second.equal() and report.peer == second.emulator.options.device
    with Switchboard(first.emulator.answer) as line:
        again = first.caller(line, profile="lg", peers=peers).sync()
    assert good(again) and not again.datastores["contacts"].slow


# -- what is synced --------------------------------------------------------------------------------------------------


def test_one_way_with_a_phone_that_can_only_do_both() -> None:
    """7210c: it would do a two-way sync; the phone must not be changed against the user's word."""
    bench = Bench("nokia-7210c", kinds=("notes",))
    put(bench.ours["notes"], "notes", "not for the phone")
    with Switchboard(bench.emulator.answer) as line:
        phone = bench.caller(line)
        assert good(phone.sync("one-way-from-client"))      # the first one is slow, and goes our way
        phone = bench.caller(line)
        report = phone.sync("one-way-from-client")
        assert report.exit_code == 5 and "instead of one-way-from-client" in str(report.datastores["notes"].error)
        assert len(bench.phone["notes"]) == 3 and len(bench.ours["notes"]) == 4
        with pytest.raises(UsageError, match="cannot do one-way-from-client"):
            bench.caller(line, profile="nokia-7210c").sync("one-way-from-client")


@pytest.mark.parametrize("mode, phone, ours", [
    ("one-way-from-client", 3, 4), ("one-way-from-server", 4, 1), ("refresh-from-client", 3, 3),
    ("refresh-from-server", 1, 1), ("slow", 4, 4), ("two-way", 4, 4)])
def test_modes(mode: str, phone: int, ours: int) -> None:
    bench = Bench(kinds=("notes",))
    put(bench.ours["notes"], "notes", "of ours")
    with Switchboard(bench.emulator.answer) as line:
        report = bench.caller(line).sync(mode)
    assert good(report), report.table()
    assert (len(bench.phone["notes"]), len(bench.ours["notes"])) == (phone, ours)


@pytest.mark.parametrize("mode", ("refresh-from-client", "refresh-from-server"))
@pytest.mark.parametrize("asked", ("two-way", "slow"))
def test_a_phone_that_wants_to_replace_unasked(asked: str, mode: str) -> None:
    """As one whose profile says `overwrite the computer`: neither side loses anything."""
    bench = Bench(kinds=("notes",))
    put(bench.ours["notes"], "notes", "of ours")
    phone = bench.emulator

    def stubborn(*_: object) -> Any:
        exchange = Exchange.client(phone.options, phone.stores, phone.peers, "PC Suite")
        return exchange, exchange.start(mode)

    phone.begin = stubborn  # type: ignore[method-assign]
    with Switchboard(phone.answer) as line:
        report = bench.caller(line).sync(asked)
    assert f"wants to replace all notes {mode}" in str(report.datastores["notes"].error)
    assert (len(bench.phone["notes"]), len(bench.ours["notes"])) == (3, 1)


def test_slow_can_be_demanded() -> None:
    bench = Bench(kinds=("notes",))
    with Switchboard(bench.emulator.answer) as line:
        phone = bench.caller(line)
        phone.sync()
        report = phone.sync("slow")
    assert good(report) and report.datastores["notes"].slow and counts(report) == {"notes": 0}


def test_what_the_phone_does_not_have() -> None:
    """The others are synced all the same, and each that is not gets a word."""
    bench = Bench("nokia", kinds=("contacts", "calendar"))
    bench.ours["stamps"] = MemoryStore((("application/x-stamp", "1.0"),))
    with Switchboard(bench.emulator.answer) as line:
        report = bench.caller(line, profile="nokia").sync()
    assert report.error is None and report.exit_code == 5
    errors = {name: str(part.error or "") for name, part in report.datastores.items()}
    assert "did not begin" in errors["stamps"]
    assert not errors["contacts"] and not errors["calendar"] and len(bench.ours["contacts"]) == 3


def test_a_session_for_each_datastore_where_the_phone_wants_that() -> None:
    bench = Bench("nokia-6301")
    with Switchboard(bench.emulator.answer) as line:
        report = bench.caller(line, profile="nokia-6301").sync()
    assert good(report) and bench.equal() and len(bench.reports) == len(bench.ours)


def test_names_that_are_settled_by_the_user() -> None:
    bench = Bench(kinds=())
    bench.ours = {"family": MemoryStore(bench.phone["contacts"].types)}
    with Switchboard(bench.emulator.answer) as line:
        assert good(bench.caller(line, remotes={"family": "Contacts"}).sync())
    assert len(bench.ours["family"]) == 3


@pytest.mark.parametrize("password, code", [("secret", 0), ("wrong", 4), ("", 4)])
def test_the_phone_logs_in(password: str, code: int) -> None:
    bench = Bench(kinds=("notes",), user="ada" if password else "", password=password)
    with Switchboard(bench.emulator.answer) as line:
        report = bench.caller(line, user="ada", password="secret").sync()
    assert report.exit_code == code and len(bench.ours["notes"]) == (0 if code else 3)
    assert not code or "enter user and password in its profile" in str(report.error)


def test_small_messages_and_what_the_phone_says_of_itself() -> None:
    bench = Bench("sony-ericsson-t68i", kinds=("contacts",), items=60, switch="none")
    peers = Peers()
    put(bench.ours["contacts"], "contacts", *(f"ours {number}" for number in range(60)))
    with Switchboard(bench.emulator.answer) as line:
        assert good(bench.caller(line, profile="sony-ericsson-t68i", peers=peers).sync()) and bench.equal()
    sizes = [len(packet.body) for _, packet in bench.passed]
    assert max(sizes) <= bench.profile.max_msg and len(sizes) > 10
    said = peers.get(bench.emulator.options.device)["devinf"]
    assert (said["man"], said["mod"]) == ("Ericsson", "T68i")    # type: ignore[index, call-overload]


# -- bad lines -------------------------------------------------------------------------------------------------------


def noise(link: Link) -> None:
    while link.read(5.0):
        link.write(b"\x17\x93garbage\xff" * 20, 5.0)


def echo(link: Link) -> None:
    while True:
        link.write(link.read(5.0) or b"", 5.0)


def silence(link: Link) -> None:
    while link.read(5.0):
        pass


def hang_up(link: Link) -> None:
    link.read(5.0)


@pytest.mark.parametrize("peer, at", [(noise, False), (echo, False), (silence, False), (silence, True),
                                      (hang_up, False), (hang_up, True)])
def test_what_is_no_phone(peer: Any, at: bool) -> None:
    bench = Bench(kinds=("notes",))
    with Switchboard(peer) as line:
        report = bench.caller(line, at=at, timeout=0.1).sync()
    assert report.exit_code == 3 and str(report.error) and "\n" not in str(report.error)
    assert not bench.passed or bench.passed[-1][0] == "->"


def test_a_phone_that_begins_nothing() -> None:
    bench = Bench(kinds=("notes",))

    class Forgetful(Emulator):
        def begin(self, order: Any, content_type: str = "") -> Any:
            exchange, _ = super().begin(order)
            return exchange, None

    with Switchboard(Forgetful(bench.emulator.stores, bench.profile).answer) as line:
        report = bench.caller(line).sync()
    assert report.exit_code == 3 and "began no sync" in str(report.error)
