"""`minisyncml import`, `export`, and `convert` between formats."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from minisyncml.cli.main import main

CARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Lovelace;Ada\r\nTEL;CELL:1\r\nEND:VCARD\r\n"
CARDS = (CARD + b"BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY:odd\r\nEND:VNOTE\r\n"
         b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Babbage;Charles\r\nTEL;CELL:2\r\nEND:VCARD\r\n")
CALENDAR = (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:one-that-is-long-enough\r\nSUMMARY:Tea\r\n"
            b"DTSTART:20240102T100000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\n"
            b"UID:one-that-is-long-enough\r\nRECURRENCE-ID:20240103T100000Z\r\nSUMMARY:Tea, late\r\n"
            b"DTSTART:20240103T120000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:another-that-is-long\r\n"
            b"SUMMARY:Cake\r\nDTSTART:20240105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
NOTE = "Milk\nKäse".encode()


class Bench:
    """A folder to work in, and the command."""

    def __init__(self, place: Path, capsys: "pytest.CaptureFixture[str]") -> None:
        self.place = place
        self.capsys = capsys

    def run(self, *words: object) -> "tuple[int, str, str]":
        code = main([*map(str, words), "--data", str(self.place / "data")])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def file(self, name: str, body: bytes) -> Path:
        path = self.place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        return path

    def bodies(self, name: str) -> "list[bytes]":
        return sorted(path.read_bytes() for path in (self.place / name).rglob("*") if path.is_file())


@pytest.fixture
def bench(tmp_path: Path, capsys: "pytest.CaptureFixture[str]") -> Bench:
    return Bench(tmp_path, capsys)


@pytest.mark.parametrize("place", ["contacts", "contacts={}/c", "contacts=tinydb:{}/c.tinydb"])
def test_an_import_adds_what_is_not_there_in_the_form_of_the_store(bench: Bench, place: str) -> None:
    cards, local = bench.file("in/cards.vcf", CARDS), place.format(bench.place)
    for number, said in enumerate(("2 added, 0 already there, 1 failed\n", "0 added, 2 already there, 1 failed\n")):
        code, out, err = bench.run("import", cards.parent, local)
        assert (code, out) == (1, said), number
        assert err == f"{cards}: item 2: text/x-vnote does not belong there\n"
    code, out, _ = bench.run("export", local, bench.place / "all.vcf")
    assert (code, out) == (0, "2 written, 0 failed\n")
    found = (bench.place / "all.vcf").read_bytes()
    assert found.count(b"VERSION:3.0") == 2 and b"N:Lovelace;Ada" in found and b"TEL;TYPE=CELL:2" in found.replace(
        b"TYPE=cell", b"TYPE=CELL")


def test_an_import_of_another_version_replaces_only_when_it_is_told_to(bench: Bench) -> None:
    card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:one-that-is-long-enough\r\nFN:%s\r\nN:%s\r\nEND:VCARD\r\n"
    local = f"contacts={bench.place}/c"
    one, two = (bench.file(name, card % (name.encode(), name.encode())) for name in ("Ada", "Eve"))
    assert bench.run("import", one, local)[1] == "1 added, 0 already there, 0 failed\n"
    assert bench.run("import", two, local) == (
        0, "0 added, 1 already there, 0 failed\n", f"{two}: item 1: another version of it is there\n")
    assert b"Ada" in bench.bodies("c")[0]
    assert bench.run("import", two, local, "--replace")[1] == "0 added, 1 replaced, 0 already there, 0 failed\n"
    assert len(bench.bodies("c")) == 1 and b"Eve" in bench.bodies("c")[0]
    status = bench.run("status", "--json")[1]
    assert json.loads(status)["datastores"][0]["trash"] == 1


def test_a_dry_import_writes_nothing(bench: Bench) -> None:
    cards = bench.file("cards.vcf", CARDS)
    for _ in range(2):
        code, out, _ = bench.run("import", cards, f"contacts={bench.place}/c", "--dry-run")
        assert (code, out) == (1, "2 added, 0 already there, 1 failed (dry run: nothing was written)\n")
    assert os.listdir(bench.place) == ["cards.vcf"]
    bench.run("import", cards, f"contacts={bench.place}/c")
    assert bench.run("import", cards, f"contacts={bench.place}/c", "--dry-run")[1].startswith("0 added, 2 already")


def test_an_event_and_its_exceptions_are_one_item(bench: Bench) -> None:
    calendar = bench.file("c.ics", CALENDAR)
    assert bench.run("import", calendar, f"calendar={bench.place}/c")[1] == "2 added, 0 already there, 0 failed\n"
    one, two = sorted(bench.bodies("c"), key=len)
    assert (two.count(b"BEGIN:VEVENT"), one.count(b"BEGIN:VEVENT")) == (2, 1) and b"Tea, late" in two
    assert two.count(b"VCALENDAR") == 2


@pytest.mark.parametrize("charset", ["utf-16", "utf-8-sig"])
def test_files_of_windows_are_read(bench: Bench, charset: str) -> None:
    cards = bench.file("c.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Käthe\r\nN:Käthe\r\nEND:VCARD\r\n".encode(charset))
    assert bench.run("import", cards, f"contacts={bench.place}/c")[1] == "1 added, 0 already there, 0 failed\n"
    assert "FN:Käthe".encode() in bench.bodies("c")[0]


def test_many_items_go_in_and_out(bench: Bench) -> None:
    """More than become durable at once; names that are equal, and none that is no name."""
    cards = b"".join(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:../%d\r\nN:../%d\r\nTEL:%d\r\nEND:VCARD\r\n"
                     % (number % 7, number % 7, 5_000_000 + number) for number in range(1200))
    local = f"contacts=tinydb:{bench.place}/c.tinydb"
    assert bench.run("import", bench.file("many.vcf", cards), local)[1] == "1200 added, 0 already there, 0 failed\n"
    assert bench.run("export", local, bench.place / "each")[1] == "1200 written, 0 failed\n"
    assert len(os.listdir(bench.place / "each")) == 1200
    assert sorted(os.listdir(bench.place)) == ["c.tinydb", "data", "each", "many.vcf"]
    assert bench.run("import", bench.place / "each", local)[1] == "0 added, 1200 already there, 0 failed\n"


def test_an_export_overwrites_no_folder(bench: Bench) -> None:
    bench.run("import", bench.file("n.txt", NOTE), "notes")
    assert bench.run("export", "notes", bench.place)[0] == 2
    code, _, err = bench.run("export", f"notes={bench.place}/none", bench.place / "x.txt")
    assert (code, err) == (2, f"minisyncml: {bench.place}/none does not exist\n")


def test_files_go_in_and_out_with_their_names(bench: Bench) -> None:
    odd = bench.file("in/odd.vcf", CARDS)
    bench.file("in/b", b"\0")
    local = f"files={bench.place}/f"
    assert bench.run("import", odd.parent, local)[1] == "2 added, 0 already there, 0 failed\n"
    assert bench.run("import", odd.parent, local)[1] == "0 added, 2 already there, 0 failed\n"
    assert bench.run("export", local, bench.place / "out")[0] == 0
    for folder in ("f", "out"):
        assert {name: (bench.place / folder / name).read_bytes() for name in os.listdir(bench.place / folder)} \
            == {"odd.vcf": CARDS, "b": b"\0"}
    assert bench.run("export", local, bench.place / "objects", "--to", "file")[0] == 0
    assert sorted(os.listdir(bench.place / "objects")) == ["b.xml", "odd.vcf.xml"]


@pytest.mark.parametrize("words, complaint", [
    (["import", "x.vcf"], "import wants files"), (["import"], "import wants files"),
    (["export", "contacts"], "export wants a datastore"),
    (["import", "/no/such/file", "contacts"], "cannot read /no/such/file"),
    (["import", "/etc/hostname", "no:name"], "NAME=PLACE"),
    (["convert", "/etc/hostname", "--to", "vnote", "--zone", "Mars/North"], "is no time zone"),
    (["convert", "/etc/hostname", "--to", "vnote", "--charset", "klingon"], "is no charset"),
])
def test_what_is_wrong_is_said(words: "list[str]", complaint: str, capsys: "pytest.CaptureFixture[str]",
                               tmp_path: Path) -> None:
    assert main(words + (["--data", str(tmp_path)] if words[0] != "convert" else [])) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("body, to, holds", [
    (CARD, "vcard4.0", b"TEL;TYPE=cell:1"),
    (CARD, "sif", b"<LastName>Lovelace</LastName>"),
    (NOTE, "vnote", b"BEGIN:VNOTE"), (NOTE, "icalendar", b"BEGIN:VJOURNAL"), (NOTE, "sif", b"<Subject>Milk</Subject>"),
    (NOTE, "file", b"<name>item.txt</name>"),
    (b"BEGIN:VBKM\r\nVERSION:1.0\r\nTITLE:x\r\nURL:http://x/\r\nEND:VBKM\r\n", "url", b"http://x/"),
    (b"<Email><emailitem>Subject: x\r\n\r\nHello</emailitem></Email>", "rfc822", b"Subject: x\r\n\r\nHello"),
    (b'<File><name>a</name><body enc="base64">AAE=</body></File>', "raw", b"\0\1"),
])
def test_conversions(bench: Bench, body: bytes, to: str, holds: bytes) -> None:
    source = bench.file("item.txt", body)
    assert main(["convert", str(source), str(bench.place / "made"), "--to", to]) == 0
    assert holds in (bench.place / "made").read_bytes()
    assert main(["convert", str(bench.place / "made"), str(bench.place / "odd"), "--to",
                 "url" if to.startswith("v") else "vcard3.0" if "sif" not in to or body == NOTE else "vnote"]) == 1
    assert not (bench.place / "odd").exists()


def test_a_conversion_for_a_phone(bench: Bench) -> None:
    """In its format; what phones do not have is named."""
    card = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ada\r\nN:Lovelace;Ada\r\nTEL:1\r\nEND:VCARD\r\n"
    bench.file("in/a.vcf", card)
    bench.file("in/b.eml", b"Subject: x\r\n\r\nHello\r\n")
    assert main(["convert", str(bench.place / "in"), str(bench.place / "out"), "--for", "sony-ericsson-w595"]) == 1
    assert "message/rfc822 is not known" in bench.capsys.readouterr().err
    made = (bench.place / "out" / "a.vcf").read_bytes()
    assert b"\r\nVERSION:2.1\r\n" in made and b"N:Lovelace;Ada" in made
    assert main(["convert", str(bench.place / "in"), str(bench.place / "out"), "--for", "no-such-phone"]) == 2


def test_a_folder_of_all_sorts(bench: Bench) -> None:
    """Each gets the suffix of what it is now; two of one name get a file each; what has no such form is named."""
    bench.file("in/a.vcf", CARDS)
    bench.file("in/a.txt", NOTE)
    bench.file("in/a.text", NOTE)
    code = main(["convert", str(bench.place / "in"), str(bench.place / "out"), "--to", "sif"])
    assert code == 0
    assert sorted(os.listdir(bench.place / "out")) == ["a-2.sifc", "a-2.sifn", "a-3.sifn", "a.sifc", "a.sifn"]
    code = main(["convert", str(bench.place / "in"), str(bench.place / "cards"), "--to", "vcard3.0"])
    assert code == 1 and "text/x-vnote cannot be made into vcard3.0" in bench.capsys.readouterr().err
    assert os.listdir(bench.place / "cards") == ["a.vcf"]


def test_one_file_holds_one_item_of_some_formats(bench: Bench) -> None:
    cards = bench.file("c.vcf", CARD + CARD)
    assert main(["convert", str(cards), str(bench.place / "one.sifc"), "--to", "sif"]) == 1
    assert "let it be a folder" in bench.capsys.readouterr().err
    assert main(["convert", str(cards), str(bench.place / "more") + os.sep, "--to", "vcard3.0"]) == 0
    assert sorted(os.listdir(bench.place / "more")) == ["c-2.vcf", "c.vcf"]


def test_what_it_is_can_be_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = bench.file("x", NOTE), io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["convert", str(source), "--to", "email", "--from", "rfc822"]) == 0
    out.seek(0)
    assert "<emailitem" in out.read()


@pytest.mark.parametrize("body", [b"", b"\0" * 5000, b"BEGIN:VCARD\r\n" * 3000, b"<File>" * 3000, b"\xff\xfe" * 500,
                                  b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"])
def test_odd_files_end_in_words(bench: Bench, body: bytes) -> None:
    source = bench.file("odd", body)
    for to in ("vcard3.0", "icalendar", "sif", "rfc822", "raw"):
        assert main(["convert", str(source), str(bench.place / "made"), "--to", to]) in (0, 1)
    for name in ("contacts", "calendar", "notes", "files"):
        assert bench.run("import", source, name)[0] in (0, 1)
