"""What an old phone holds, shown by programs for such folders; and what is written there, on the phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop import chain
from interop.chain import Desk, Handset, held

pytestmark = [pytest.mark.interop, pytest.mark.skipif(bool(chain.missing()), reason=chain.missing())]

CARD = (b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Zo=C3=AB;;Dr.\r\n"
        b"TEL;CELL:+1 202 555 0101\r\nTEL;WORK;VOICE:+49 30 5550 102\r\nEMAIL;INTERNET:zoe@example.org\r\n"
        b"ADR;HOME:;;Main Street 5;Town;;12345;Germany\r\nBDAY:19700412\r\nORG:Example;Lab\r\n"
        b"NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0Atwo\r\nEND:VCARD\r\n")
EVENT = (b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY:Dentist\r\nDTSTART:20260701T090000\r\n"
         b"DTEND:20260701T100000\r\nAALARM:20260701T084500\r\nRRULE:W1 WE #3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
KHARD = "[addressbooks]\n[[pim]]\npath = ~/pim/contacts\n[general]\neditor = true\nmerge_editor = true\n"
KHAL = ("[calendars]\n[[pim]]\npath = ~/pim/calendar\n[locale]\nlocal_timezone = Europe/Berlin\n"
        "default_timezone = Europe/Berlin\ntimeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
        "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n[default]\ndefault_calendar = pim\n")


def test_khard_and_khal_read_and_write_what_a_phone_holds(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    desk.configure("khard/khard.conf", KHARD)
    desk.configure("khal/config", KHAL)
    with Handset(tmp_path / "handset") as phone:
        card, event = phone.folder / "contacts" / "old.vcf", phone.folder / "calendar" / "old.ics"
        card.write_bytes(CARD)
        event.write_bytes(EVENT)
        assert desk.phone(phone.port).exit == 0

        shown = desk.run("khard", "show", "m\u00fcller")
        assert shown.exit == 0, shown.output
        for said in ("Name: Dr. Zo\u00eb M\u00fcller", "CELL: +1 202 555 0101", "WORK, VOICE: +49 30 5550 102",
                     "INTERNET: zoe@example.org", "Main Street 5", "12345 Town", "Germany", "Birthday: ", "- Example",
                     "- Lab"):
            assert said in shown.output
        assert [line.strip() for line in shown.output.splitlines()][-2:] == ["one", "two"]
        listed = desk.run("khal", "list", "2026-06-25", "40d")
        assert listed.exit == 0 and listed.output.split("\n")[:-1] == [
            "Wednesday, 2026-07-01", "09:00-10:00 Dentist \u27f3", "Wednesday, 2026-07-08",
            "09:00-10:00 Dentist \u27f3", "Wednesday, 2026-07-15", "09:00-10:00 Dentist \u27f3"], listed.output

        made = desk.run("khard", "new", "-a", "pim", "-i", "/dev/stdin", said=(
            'First name: Grace\nLast name: Hopper\nPhone:\n    cell: "+1 202 555 0177"\nBirthday: 1906-12-09\n'
            "Note: |\n    three\n    four\n"))
        assert made.exit == 0, made.output
        assert desk.run("khal", "new", "-a", "pim", "2026-07-02", "10:00", "11:00", "Lunch").exit == 0
        assert desk.phone(phone.port).exit == 0
        (grace,) = (body for body in held(phone.folder / "contacts", "contacts").values() if b"Hopper" in body)
        (lunch,) = (body for body in held(phone.folder / "calendar", "calendar").values() if b"Lunch" in body)
        for said in (b"VERSION:2.1", b"N:Hopper;Grace", b"TEL;CELL:+1 202 555 0177", b"BDAY:19061209",
                     b"NOTE;ENCODING=QUOTED-PRINTABLE:three=0D=0Afour"):
            assert said in grace
        for said in (b"VERSION:1.0", b"DTSTART:20260702T080000Z", b"DTEND:20260702T090000Z"):
            assert said in lunch
        assert desk.phone(phone.port).idle
        assert (card.read_bytes(), event.read_bytes()) == (CARD, EVENT)
