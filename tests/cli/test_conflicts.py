"""`conflicts`, `restore` and `history`, as a person uses them after a sync."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from commands import cli, contents, fill, served
from helpers import ROOT

from minisyncml.cli.main import main
from minisyncml.content.uid import apart
from minisyncml.errors import StoreError
from minisyncml.gateway.client import Client
from minisyncml.gateway.serve import Server
from minisyncml.store.peersfile import FilePeers
from minisyncml.store.place import open_store
from minisyncml.transport.pipe import Pipe


def card(tel: str, note: str) -> bytes:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", "UID:a-card-of-some-length", "N:Lovelace;Ada;;;",
                        "FN:Ada Lovelace", f"TEL;TYPE=HOME:{tel}", f"NOTE:{note}", "END:VCARD", ""]).encode()


class Said(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


class House:
    """A server and a client with one card each, in folders."""

    def __init__(self, tmp_path: Path, capsys: "pytest.CaptureFixture[str]", conflict: str, *bodies: bytes) -> None:
        self.here, self.there, self.data, self.state = (tmp_path / name for name in ("here", "there", "c", "s"))
        for folder in (self.here, self.there, self.data, self.state):
            folder.mkdir(parents=True)
        for number, body in enumerate(bodies):
            (self.here / f"{number}.vcf").write_bytes(body)
        self.capsys, self.conflict = capsys, conflict
        assert self.sync() == 0 and len(contents(self.there)) == len(bodies)

    def sync(self) -> int:
        """One session, at its end all is closed; the exit code of the client."""
        stores = [{"contacts": open_store(str(folder), "contacts", str(state))}
                  for folder, state in ((self.here, self.data), (self.there, self.state))]
        peers = [FilePeers(str(state / "peers")) for state in (self.data, self.state)]
        server = Server(stores[1], peers=peers[1], conflict=self.conflict, log=lambda line: None)
        report = Client("pipe://box", stores[0], peers=peers[0], transport=lambda: Pipe(server.handle)).sync()
        server.close()
        for store in (*stores[0].values(), *stores[1].values()):
            store.close()
        for one in peers:
            one.close()
        return report.exit_code

    def edit(self, folder: Path, body: bytes) -> None:
        path = min(folder.glob("*.vcf"))
        path.write_bytes(body)

    def both(self) -> "tuple[list[bytes], list[bytes]]":
        return contents(self.here), contents(self.there)

    def call(self, verb: str, *words: str, data: "Path | None" = None) -> Said:
        """A command beside the server's data."""
        self.capsys.readouterr()
        code = main([verb, *words, "--data", str(data or self.state)])
        return Said(code, *self.capsys.readouterr())

    def conflicts(self, *words: str) -> Said:
        return self.call("conflicts", *words)

    def taken(self) -> "list[dict[str, Any]]":
        """What `restore` shows."""
        found: "list[dict[str, Any]]" = json.loads(self.call("restore", "--json").out)
        return found


@pytest.fixture
def house(tmp_path: Path, capsys: "pytest.CaptureFixture[str]") -> House:
    """With an open conflict."""
    made = House(tmp_path, capsys, "ask", card("1", "old"))
    made.edit(made.here, card("2", "mine"))
    made.edit(made.there, card("1", "theirs"))
    assert made.sync() == 1
    return made


def test_both_are_shown_side_by_side(house: House) -> None:
    done = house.conflicts()
    lines = done.out.splitlines()
    assert done.code == 1 and lines[0].startswith("contacts/1  Ada Lovelace  (theirs: minisyncml-")
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "ours | theirs", "TEL 1 (home) | 2 (home)", "NOTE theirs | mine", "2 more are equal",
        "1 open; minisyncml conflicts solve ID"]
    shown, = json.loads(house.conflicts("--json").out)
    assert (shown["id"], shown["ours"], shown["theirs"]) == (
        "contacts/1", card("1", "theirs").decode(), card("2", "mine").decode())
    assert "1 conflicts open" in house.call("status").out
    assert house.both() == ([card("2", "mine")], [card("1", "theirs")])


@pytest.mark.parametrize("keep, left", [
    ("ours", [card("1", "theirs")]), ("theirs", [card("2", "mine")]),
    ("both", sorted([apart("text/vcard", card("1", "theirs")), card("2", "mine")])), ("file", [card("3", "edited")]),
])
def test_what_is_kept_goes_out(house: House, tmp_path: Path, keep: str, left: "list[bytes]") -> None:
    (tmp_path / "made.vcf").write_bytes(card("3", "edited").replace(b"\r\n", b"\n"))
    word = str(tmp_path / "made.vcf") if keep == "file" else keep
    assert house.sync() == 1        # it is sent again, and waits still
    done = house.conflicts("solve", "contacts/1", "--keep", word)
    assert done.code == 0 and "goes out with the next sync" in done.out, done
    assert house.sync() == 0 and house.both() == (left, left)
    assert house.conflicts()[:2] == (0, "no conflict is open\n")
    assert house.sync() == 0 and house.both() == (left, left)


def test_a_folder_that_could_not_be_opened_is_in_nobodys_way(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"no folder")
    with pytest.raises(StoreError):
        open_store(str(tmp_path / "file"), "contacts", str(house.state)).refresh()
    solved = house.conflicts("solve", "contacts/1", "--keep", "theirs")
    assert (solved.code, solved.err) == (0, "")


def test_what_does_not_solve_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "false")
    for words, said in (
        (("solve", "contacts/7", "--keep", "ours"), "contacts/7 is no open conflict"),
        (("solve", "contacts/1"), "say what counts: --keep ours|theirs|both|merged|FILE, or --edit"),
        (("--keep", "ours"), "say which one: conflicts solve NAME/NUMBER"),
        (("solve", "--keep", "ours"), "say which one: conflicts solve NAME/NUMBER"),
        (("solve", "contacts/1", "--keep", "merged"), "both sides changed the same, so nothing can be merged"),
        (("solve", "contacts/1", "--keep", "/no/such/file"), "--keep wants ours, theirs, both, merged or a file"),
        (("solve", "contacts/1", "--keep", os.devnull), "an empty item; nothing was changed"),
        (("solve", "contacts/1", "--keep", __file__), "that is no text/vcard that can be kept"),
        (("solve", "contacts/1", "--edit"), "the editor gave up; nothing was changed"),
        (("solve", "contacts/1", "notes", "--keep", "ours"), "there is no notes under"),
    ):
        done = house.conflicts(*words)
        assert done.code == 2 and said in done.err, done
    assert house.conflicts("contacts").code == 1


def editor(tmp_path: Path, program: str) -> str:
    path = tmp_path / "editor.py"
    path.write_text("import sys\npath = sys.argv[1]\ntext = open(path).read()\n"
                    f"{program}\nopen(path, 'w').write(text)\n")
    return f"{sys.executable} {path}"


def test_edit_shows_both_and_takes_what_is_saved(house: House, tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", editor(tmp_path, "pass"))
    untouched = house.conflicts("solve", "contacts/1", "--edit")
    assert untouched.code == 2 and "the marks <<<<<<<" in untouched.err
    monkeypatch.setenv("VISUAL", editor(tmp_path, """
before, _, rest = text.partition('<<<<<<< ours\\n')
block, _, after = rest.partition('>>>>>>> theirs\\n')
ours, _, theirs = block.partition('=======\\n')
assert ours == 'TEL;TYPE=HOME:1\\nNOTE:theirs\\n' and theirs == 'TEL;TYPE=HOME:2\\nNOTE:mine\\n', text
text = before + 'TEL;TYPE=HOME:2\\nNOTE:theirs\\n' + after"""))
    done = house.conflicts("solve", "contacts/1", "--edit")
    assert done.code == 0, done.err
    wanted = [card("2", "theirs")]
    assert house.sync() == 0 and house.both() == (wanted, wanted)


def test_one_after_the_other_at_a_terminal(house: House) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "minisyncml", "conflicts", "solve", "--data", str(house.state)],
                               stdin=theirs, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    os.write(ours, b"x\nt\n")
    said = process.communicate(timeout=60)[0].decode()
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0 and "keep [o]urs, [t]heirs, [b]oth, [e]dit, [s]kip, [q]uit?" in said
    assert house.sync() == 0 and house.both() == ([card("2", "mine")],) * 2


def test_a_folder_that_was_edited_meanwhile_is_read_first(house: House) -> None:
    house.edit(house.there, card("1", "later"))
    assert house.conflicts("solve", "contacts/1", "--keep", "ours").code == 0
    assert house.sync() == 0 and house.both() == ([card("1", "later")],) * 2


def test_what_is_open_is_durable(house: House) -> None:
    """Each session and each command opens the files anew."""
    first = house.conflicts("--json").out
    assert house.sync() == 1 and house.conflicts("--json").out == first


# -- restore and history


def test_what_a_session_deleted_comes_back(tmp_path: Path, capsys: "pytest.CaptureFixture[str]") -> None:
    other = card("b", "b").replace(b"some", b"another").replace(b"Ada", b"Bo")
    house = House(tmp_path, capsys, "keep-both", card("a", "a"), other)
    before = house.both()[1]
    (house.here / "1.vcf").unlink()
    assert house.sync() == 0 and len(contents(house.there)) == 1
    assert house.call("restore", data=house.data).out == "the trash is empty\n"
    taken, = house.taken()
    assert taken["items"] == {"contacts": ["Bo Lovelace"]} and taken["peer"].startswith("minisyncml-")
    assert "contacts: 1 (Bo Lovelace)" in house.call("restore").out
    past = house.call("history").out
    assert f"minisyncml restore {taken['session']}" in past and "contacts: 1 deleted here" in past
    done = house.call("restore", taken["session"])
    assert done.code == 0 and "contacts: Bo Lovelace is back\n" in done.out, done
    assert house.sync() == 0 and house.both() == (before, before)
    assert house.call("restore", taken["session"]).code == 2


def test_a_newer_edit_stays_beside_what_comes_back(tmp_path: Path, capsys: "pytest.CaptureFixture[str]") -> None:
    house = House(tmp_path, capsys, "client-wins", card("1", "old"))
    house.edit(house.here, card("1", "mine"))
    house.edit(house.there, card("1", "theirs"))
    assert house.sync() == 0
    house.edit(house.there, card("1", "later"))
    taken, = house.taken()
    done = house.call("restore", taken["session"], "contacts")
    assert "is back: beside the item that is there now, which stays as it is" in done.out
    assert contents(house.there) == sorted([card("1", "later"), apart("text/vcard", card("1", "theirs"))])


def test_history(tmp_path: Path, capsys: "pytest.CaptureFixture[str]") -> None:
    house = House(tmp_path, capsys, "keep-both", card("1", "old"))
    house.sync()
    past = house.call("history", "--sessions", "1", data=house.data).out.splitlines()
    assert past[0].endswith("pipe://box  contacts: nothing to do") and len(past) == 1, "and nothing to bring back"
    assert house.call("history", "--peer", "nobody").out == "nothing was synced yet\n"
    one = json.loads(house.call("history", "--json").out.splitlines()[-1])
    assert one["role"] == "server" and one["datastores"][0]["local"]["added"] == 1
    assert house.call("history", data=tmp_path / "here").out == "nothing was synced yet\n"
    assert house.call("history", data=tmp_path / "no").code == 2


def test_what_never_came_to_a_sync_offers_nothing_back(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    assert cli("contacts", "http://127.0.0.1:1/", tmp_path / "here", "--data", tmp_path / "c").returncode == 3
    past = cli("history", "--data", tmp_path / "c").stdout
    assert b"cannot connect" in past and b"restore" not in past


def test_through_processes(tmp_path: Path) -> None:
    """All of it once, as people do it."""
    here, there, ours = tmp_path / "here", tmp_path / "there", ("--data", tmp_path / "s")
    fill(here, 1)
    there.mkdir()
    with served(*ours, "--conflict", "ask", f"contacts={there}") as (url, _):
        sync = ("sync", url, f"contacts={here}", "--data", tmp_path / "c")
        assert cli(*sync).returncode == 0
        for folder, name in ((here, b"mine"), (there, b"theirs")):
            path, = folder.glob("*.vcf")
            path.write_bytes(path.read_bytes().replace(b"Jane", name))
        done = cli(*sync)
        assert done.returncode == 1 and b"waits for somebody to say there which version counts" in done.stdout
        assert cli("conflicts", *ours).returncode == 1
        assert cli("conflicts", "solve", "contacts/1", "--keep", "theirs", *ours).returncode == 0
        assert cli(*sync).returncode == 0 and contents(here) == contents(there)
        assert b"mine" in contents(there)[0]


def test_of_several_users_and_peers_one_is_to_be_named(tmp_path: Path, capsys: "pytest.CaptureFixture[str]") -> None:
    for user in ("ada", "bob"):
        made = House(tmp_path / user, capsys, "ask", card("1", "old"))
        made.edit(made.here, card("2", "mine"))
        made.edit(made.there, card("1", "theirs"))
        assert made.sync() == 1
        (tmp_path / "all").mkdir(exist_ok=True)
        (made.state / "_anonymous").rename(tmp_path / "all" / user)
    made.state = tmp_path / "all"
    shown = json.loads(made.conflicts("--json").out)
    assert [one["id"] for one in shown] == ["contacts/1", "contacts/1"]
    unclear = made.conflicts("solve", "contacts/1", "--keep", "ours")
    assert unclear.code == 2 and "say --peer minisyncml-" in unclear.err
    assert made.conflicts("solve", "contacts/1", "--keep", "ours", "--user", "bob").code == 0
    device = shown[0]["peer"].partition("|")[0]
    assert made.conflicts("solve", "contacts/1", "--keep", "ours", "--peer", device).code == 0
    assert made.conflicts().code == 0
