"""`sync` where only the host of the server is given, and `sync --explain`."""

from __future__ import annotations

import json
from pathlib import Path

from commands import cli, contents, fill, served

from minisyncml.store.peersfile import FilePeers


def test_only_the_host_is_given(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    fill(here, 2)
    there.mkdir()
    with served("--data", tmp_path / "s", "--user", "ada:pw", f"contacts={there}") as (url, _):
        host = url.partition("//")[2].rstrip("/")
        sync = ("sync", host, f"contacts={here}", "--data", tmp_path / "c", "--user", "ada:pw")
        assert cli(*sync, "--dry-run").returncode == 0
        assert cli(*sync).returncode == 0
        assert contents(here) == contents(there) and len(contents(there)) == 2
        again = json.loads(cli(*sync, "--json").stdout)
        assert again["peer"] == url and not again["datastores"][0]["slow"]
        plan = json.loads(cli(*sync, "--json", "--dry-run").stdout)
        assert plan["datastores"][0]["remote"]["added"] == 0        # it is known whom that host means


def test_an_address_that_is_none_any_more_is_looked_for_again(tmp_path: Path) -> None:
    fill(tmp_path / "here", 1)
    (tmp_path / "c").mkdir()
    with served("--data", tmp_path / "s", "contacts") as (url, _):
        host = url.partition("//")[2].rstrip("/")
        peers = FilePeers(str(tmp_path / "c" / "peers"))
        peers.set(host, {"url": f"http://{host}/nowhere/"})
        peers.close()
        done = cli("sync", host, f"contacts={tmp_path / 'here'}", "--data", tmp_path / "c", "--json")
        assert done.returncode == 0, done


def test_no_server_there(tmp_path: Path) -> None:
    done = cli("sync", "127.0.0.1:9", "notes", "--data", tmp_path / "c")
    assert done.returncode == 3 and done.stderr.startswith(b"minisyncml: no SyncML server was found on 127.0.0.1:9. ")
    assert b"http://127.0.0.1:9/: " in done.stderr and b"https://127.0.0.1:9/: " in done.stderr


def test_explain_syncs_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "here", 2)
    (tmp_path / "there").mkdir()
    with served("--data", tmp_path / "s", f"contacts={tmp_path / 'there'}", "memo") as (url, _):
        explain = ("sync", url, f"contacts={tmp_path / 'here'}", "notes", "--data", tmp_path / "c", "--explain")
        done = cli(*explain)
        assert (done.returncode, done.stderr) == (0, b"")
        said = done.stdout.decode().splitlines()
        assert said[:3] == [
            "contacts -> ./contacts  (80: it is called so)",
            "    not ./memo  (0: it takes only text/plain, application/octet-stream)",
            "notes -> ./memo  (62: './memo' is another word for notes)"]
        assert len(said) == 4 and said[3].startswith("    not ./contacts  (0: it takes only text/")
        assert json.loads(cli(*explain, "--json").stdout)[0]["uri"] == "./contacts"
        assert contents(tmp_path / "there") == []
        assert b"http" not in cli("status", "--data", tmp_path / "s").stdout
        assert cli("sync", "http://127.0.0.1:9/", "notes", "--data", tmp_path / "c", "--explain").returncode == 3
