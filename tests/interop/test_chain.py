"""From a phone to a CardDAV and CalDAV server and back, through programs as their users run them."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Callable, Iterator

import pytest

from interop import chain
from interop.chain import Dav, Desk, Handset, Run, held, meaning, uid_of, vcard, vevent
from interop.ours import Served

pytestmark = [pytest.mark.interop, pytest.mark.skipif(bool(chain.missing()), reason=chain.missing())]


class Chain:
    """All links."""

    def __init__(self, phone: Handset, desk: Desk, dav: Dav) -> None:
        self.phone, self.desk, self.dav = phone, desk, dav

    def up(self) -> None:
        """What is new on the phone goes to the server."""
        assert self.desk.phone(self.phone.port).exit == 0
        done = self.desk.dav()
        assert done.exit == 0, done.output

    def down(self) -> None:
        """What is new on the server goes to the phone."""
        done = self.desk.dav()
        assert done.exit == 0, done.output
        assert self.desk.phone(self.phone.port).exit == 0

    def sides(self, kind: str) -> "list[dict[str, tuple[object, ...]]]":
        """What phone, folder and server hold, by UID."""
        return [{uid_of(body): meaning(body) for body in items.values()}
                for items in (held(self.phone.folder / kind, kind), self.desk.items(kind), self.dav.items(kind))]

    def equal(self, kind: str, *uids: str) -> bool:
        """Whether all three hold these and only these, all the same."""
        phone, folder, server = self.sides(kind)
        return sorted(phone) == sorted(uids) and phone == folder == server

    def quiet(self) -> bool:
        """Whether nothing is transferred on any hop."""
        first, second, third = self.desk.phone(self.phone.port), self.desk.dav(), self.desk.phone(self.phone.port)
        return first.idle and third.idle and (second.exit, second.moved) == (0, [])


@pytest.fixture
def links(tmp_path: Path) -> "Iterator[Chain]":
    with Dav(tmp_path / "dav") as dav, Handset(tmp_path / "handset") as phone:
        yield Chain(phone, Desk(tmp_path / "desk", dav), dav)


def test_from_the_phone_to_the_server_and_back(links: Chain) -> None:
    phone, desk, dav = links.phone, links.desk, links.dav
    for uid, name in (("ada-1", "Ada"), ("grace-1", "Grace"), ("zoe-1", "Zoë")):
        (phone.folder / "contacts" / f"{uid[0]}.vcf").write_bytes(vcard(uid, "Müller", name, "+49 30 5550 102"))
    for uid, words in (("dentist", "Dentist"), ("lunch", "Lunch\\, with Grace")):
        (phone.folder / "calendar" / f"{uid}.ics").write_bytes(vevent(uid, words, "20260301T090000"))
    # as the README says
    for command in chain.commands():
        done = desk.run(*(phone.port if word == "/dev/ttyACM0" else word for word in command))
        assert done.exit == 0, done.output
    assert links.equal("contacts", "ada-1", "grace-1", "zoe-1") and links.equal("calendar", "dentist", "lunch")
    assert links.quiet()

    # the owner's phone: one more, one changed, one gone
    place = phone.folder / "contacts"
    (place / "emmy.vcf").write_bytes(vcard("emmy-1", "Noether", "Emmy", "+49 9131 555 104"))
    (place / "a.vcf").write_bytes(vcard("ada-1", "Lovelace", "Ada", "+44 20 5550 100"))
    (place / "g.vcf").unlink()
    (phone.folder / "calendar" / "dentist.ics").write_bytes(vevent("dentist", "Dentist", "20260302T110000"))
    links.up()
    assert links.equal("contacts", "ada-1", "emmy-1", "zoe-1") and links.equal("calendar", "dentist", "lunch")
    assert b"FN:Ada Lovelace" in dav.items("contacts")["ada-1.vcf"]
    assert b"DTSTART:20260302T110000" in dav.items("calendar")["dentist.ics"]
    # another program on the server: the same
    dav.put("contacts", "alan-1", vcard("alan-1", "Turing", "Alan", "+44 20 5550 103"))
    dav.put("contacts", "zoe-1", vcard("zoe-1", "Müller", "Zoë", "+49 30 5550 199"))
    dav.delete("contacts", "emmy-1")
    dav.put("calendar", "pi", vevent("pi", "Pi day", "20260314T150000"))
    dav.delete("calendar", "lunch")
    links.down()
    assert links.equal("contacts", "ada-1", "alan-1", "zoe-1") and links.equal("calendar", "dentist", "pi")
    assert b"5550 199" in (place / "z.vcf").read_bytes()
    assert links.quiet()


OLD_CARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Hopper;Grace\r\nTEL;CELL:+1 202 555 0101\r\nEND:VCARD\r\n"
OLD_EVENT = (b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:Dentist\r\nDTSTART:20260701T090000\r\n"
             b"DTEND:20260701T100000\r\nAALARM:20260701T084500\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


def test_what_old_phones_write_is_what_servers_take(links: Chain) -> None:
    """vCard 2.1 and vCalendar 1.0, without UID; in the folder and on the server they are what RFCs want."""
    phone, desk, dav = links.phone, links.desk, links.dav
    card, event = phone.folder / "contacts" / "old.vcf", phone.folder / "calendar" / "old.ics"
    card.write_bytes(OLD_CARD)
    event.write_bytes(OLD_EVENT)
    assert desk.phone(phone.port).exit == 0 and desk.run("vdirsyncer", "discover").exit == 0
    links.up()
    for kind, version, said in (("contacts", b"3.0", b"TEL;TYPE=CELL:+1 202 555 0101"),
                                ("calendar", b"2.0", b"TRIGGER:-PT15M")):
        (here, body), = desk.items(kind).items()
        (_, there), = dav.items(kind).items()
        assert uid_of(body) and uid_of(body) == uid_of(there) == here.partition(".")[0]
        for each in (body, there):
            assert b"VERSION:" + version in each and said in each
    assert (card.read_bytes(), event.read_bytes()) == (OLD_CARD, OLD_EVENT) and links.quiet()
    # the phone's owner changes both: the same items elsewhere
    before = {kind: dav.names(kind) for kind in chain.KINDS}
    card.write_bytes(OLD_CARD.replace(b"0101", b"0199"))
    event.write_bytes(OLD_EVENT.replace(b"SUMMARY:Dentist", b"SUMMARY:Dentist again"))
    links.up()
    (name, there), = dav.items("contacts").items()
    (number, when), = dav.items("calendar").items()
    assert b"0199" in there and b"SUMMARY:Dentist again" in when and b"TRIGGER:-PT15M" in when
    # another program does, with lines as it ends them
    dav.put("contacts", name[:-4], there.replace(b"0199", b"0177"))
    dav.put("calendar", number[:-4], when.replace(b"T090000", b"T091500").replace(b"T100000", b"T101500"))
    links.down()
    assert {kind: dav.names(kind) for kind in chain.KINDS} == before
    assert b"VERSION:2.1" in card.read_bytes() and b"TEL;CELL:+1 202 555 0177" in card.read_bytes()
    assert b"DTSTART:20260701T091500" in event.read_bytes() and links.quiet()


def test_what_comes_without_uid_reaches_the_server(links: Chain) -> None:
    """Items that need no conversion: they get one in the folder, and the phone hears nothing of it."""
    phone, desk, dav = links.phone, links.desk, links.dav
    bare = vcard("", "Turing", "Alan", "+44 20 5550 103").replace(b"UID:\r\n", b"")
    event = vevent("", "Pi day", "20260314T150000").replace(b"UID:\r\n", b"")
    card, day = phone.folder / "contacts" / "bare.vcf", phone.folder / "calendar" / "bare.ics"
    card.write_bytes(bare)
    day.write_bytes(event)
    assert desk.phone(phone.port).exit == 0 and desk.run("vdirsyncer", "discover").exit == 0
    links.up()
    for kind, came in (("contacts", bare), ("calendar", event)):
        (name, body), = desk.items(kind).items()
        uid = uid_of(body)
        assert uid and body.replace(f"UID:{uid}\r\n".encode(), b"") == came
        assert [uid_of(there) for there in dav.items(kind).values()] == [uid] and name.startswith(uid)
    assert (card.read_bytes(), day.read_bytes()) == (bare, event) and links.quiet()
    # the phone's owner changes it
    card.write_bytes(bare.replace(b"5550 103", b"5550 104"))
    links.up()
    (name, there), = dav.items("contacts").items()
    assert b"5550 104" in there and links.quiet()
    # and another program
    dav.put("contacts", name[:-4], there.replace(b"5550 104", b"5550 105"))
    links.down()
    assert b"5550 105" in card.read_bytes() and len(held(card.parent, "contacts")) == 1 and links.quiet()


def test_what_such_a_server_refuses_stays_on_the_phone(links: Chain) -> None:
    """A file that somebody wrote without UID. All else goes on; nothing is lost, nothing is deleted."""
    phone, desk, dav = links.phone, links.desk, links.dav
    bare = vcard("", "Turing", "Alan", "+44 20 5550 103").replace(b"UID:\r\n", b"")
    place = desk.folder / "contacts"
    place.mkdir(parents=True)
    for name, body in (("bare", bare), ("new", vcard("ada-1", "Lovelace", "Ada", "+44 20 5550 100"))):
        (place / f"{name}.vcf").write_bytes(body)
    assert desk.phone(phone.port).exit == 0 and desk.run("vdirsyncer", "discover").exit == 0
    done = desk.dav()
    assert done.exit == 1 and done.output.count("error: Unknown error occurred for contacts/contacts: 400") == 1
    assert dav.names("contacts") == ["ada-1.vcf"]
    # its owner changes it, and it goes as far as it can
    (place / "bare.vcf").write_bytes(bare.replace(b"5550 103", b"5550 104"))
    assert desk.phone(phone.port).exit == 0 and desk.dav().exit == 1
    assert desk.phone(phone.port).idle
    there = held(phone.folder / "contacts", "contacts")
    here = desk.items("contacts").values()
    assert sorted(map(meaning, here)) == sorted(map(meaning, there.values())) and len(here) == len(there) == 2
    assert dav.names("contacts") == ["ada-1.vcf"]


def test_an_edit_that_drops_the_uid_reaches_the_server(links: Chain) -> None:
    phone, desk, dav = links.phone, links.desk, links.dav
    dav.put("contacts", "ada-1", vcard("ada-1", "Lovelace", "Ada", "+44 20 5550 100"))
    dav.put("contacts", "zoe-1", vcard("zoe-1", "Müller", "Zoë", "+49 30 5550 102"))
    desk.folder.joinpath("contacts").mkdir(parents=True)
    desk.folder.joinpath("calendar").mkdir()
    assert desk.run("vdirsyncer", "discover").exit == 0
    links.down()
    assert links.equal("contacts", "ada-1", "zoe-1")
    body = desk.items("contacts")["ada-1.vcf"]
    path = phone.folder / "contacts" / "ada-1.vcf"
    edited = path.read_bytes().replace(b"UID:ada-1\r\n", b"").replace(b"5550 100", b"5550 199")
    assert uid_of(edited) == "" and b"\r" not in body
    path.write_bytes(edited)
    links.up()
    assert desk.items("contacts")["ada-1.vcf"] == body.replace(b"5550 100", b"5550 199")
    assert dav.names("contacts") == ["ada-1.vcf", "zoe-1.vcf"] and b"5550 199" in dav.items("contacts")["ada-1.vcf"]
    assert path.read_bytes() == edited and links.quiet()


def test_nobody_wins_where_both_sides_changed_an_item(links: Chain) -> None:
    phone, desk, dav = links.phone, links.desk, links.dav
    path = phone.folder / "contacts" / "ada.vcf"
    path.write_bytes(vcard("ada-1", "Lovelace", "Ada", "+44 20 5550 100"))
    assert desk.phone(phone.port).exit == 0 and desk.run("vdirsyncer", "discover").exit == 0
    links.up()
    path.write_bytes(vcard("ada-1", "Lovelace", "Ada", "+44 20 5550 111"))
    dav.put("contacts", "ada-1", vcard("ada-1", "Lovelace", "Ada", "+44 20 5550 222"))
    assert desk.phone(phone.port).exit == 0
    done = desk.dav()
    assert done.exit == 1 and "conflict" in done.output
    assert b"5550 111" in desk.items("contacts")["ada-1.vcf"] and b"5550 222" in dav.items("contacts")["ada-1.vcf"]
    config = desk.home / ".config" / "vdirsyncer" / "config"
    config.write_text(config.read_text().replace("[pair contacts]", '[pair contacts]\nconflict_resolution = "b wins"'))
    assert desk.run("vdirsyncer", "discover").exit == 0
    links.down()
    assert links.equal("contacts", "ada-1") and b"5550 222" in path.read_bytes()


class Owner:
    """Somebody who adds, edits and deletes contacts of his own at one place, and syncs after each.

    :ivar live: what is to be everywhere in the end, by UID
    """

    def __init__(self, name: str, put: "Callable[[str, bytes], None]", drop: "Callable[[str], None]",
                 sync: "Callable[[], Run]") -> None:
        self.name, self.put, self.drop, self.sync = name, put, drop, sync
        self.live: "dict[str, bytes]" = {}
        self.failed: "list[str]" = []

    def act(self, rounds: int) -> None:
        """Each round two are new, one of those before changes and one goes."""
        for turn in range(rounds):
            self.write(f"{self.name}-{turn}-stays", "1")
            self.write(f"{self.name}-{turn}-goes", "1")
            if turn:
                self.write(f"{self.name}-{turn - 1}-stays", "2")
                del self.live[f"{self.name}-{turn - 1}-goes"]
                self.drop(f"{self.name}-{turn - 1}-goes")
            done = self.sync()
            if done.exit:
                self.failed.append(done.output)

    def write(self, uid: str, phone: str) -> None:
        """A contact is made or changed."""
        self.live[uid] = vcard(uid, "Noether", uid, f"+49 9131 555 10{phone}")
        self.put(uid, self.live[uid])


def in_folder(name: str, folder: Path, sync: "Callable[[], Run]") -> Owner:
    """The owner of a folder of contacts; files appear at once, as programs write them."""
    def put(uid: str, body: bytes) -> None:
        (folder / f".{uid}").write_bytes(body)
        (folder / f".{uid}").replace(folder / f"{uid}.vcf")
    folder.mkdir(exist_ok=True)
    return Owner(name, put, lambda uid: (folder / f"{uid}.vcf").unlink(), sync)


def test_all_at_once(links: Chain, tmp_path: Path) -> None:
    """A phone on a cable, a program that dials `serve`, and vdirsyncer, on the same data at the same time."""
    phone, desk, dav = links.phone, links.desk, links.dav
    data = ("--data", str(desk.home / "data"))
    tablet = tmp_path / "tablet"
    with Served(desk.home, [f"contacts={desk.folder / 'contacts'}"]) as served:
        def dial() -> Run:
            return desk.run("minisyncml", "sync", served.url, f"contacts={tablet}", "--data", f"{tablet}.data",
                            "--json")

        assert desk.phone(phone.port, *data).exit == 0 and desk.run("vdirsyncer", "discover").exit == 0
        owners = [in_folder("phone", phone.folder / "contacts", lambda: desk.phone(phone.port, *data)),
                  in_folder("tablet", tablet, dial),
                  Owner("server", lambda uid, body: dav.put("contacts", uid, body),
                        lambda uid: dav.delete("contacts", uid), desk.dav)]
        threads = [Thread(target=owner.act, args=(4,)) for owner in owners]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # vdirsyncer gives up on a file that changes under its hands, and takes it next time
        assert owners[0].failed == owners[1].failed == []
        for _ in range(2):
            for owner in owners:
                done = owner.sync()
                assert done.exit == 0, done.output
        wanted = {uid: meaning(body) for owner in owners for uid, body in owner.live.items()}
        assert len(wanted) == 3 * 5
        sides = [*links.sides("contacts"), {uid_of(body): meaning(body) for body in held(tablet, "contacts").values()}]
        assert all(side == wanted for side in sides)
        assert [len(held(folder, "contacts")) for folder in (desk.folder / "contacts", tablet)] == [len(wanted)] * 2
        assert links.desk.phone(phone.port, *data).idle and dial().idle and desk.dav().moved == []
