from __future__ import annotations

from pathlib import Path

import pytest

from minisyncml.engine.auth import Secret
from minisyncml.errors import UsageError
from minisyncml.gateway import config

OPTIONS = {"data": str, "max_msg_size": int, "json": bool, "user": list, "local": list}


def write(folder: Path, text: str) -> str:
    path = folder / "minisyncml.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_read_config(tmp_path: Path) -> None:
    path = write(tmp_path, 'data = "/srv"\nmode = "slow"\nuser = ["ada:pw", "bob:x"]\n'
                           '[serve]\nmax-msg-size = 5000\njson = true\ndata = "/other"\n'
                           '[local]\ncontacts = "./c"\nnotes = ""\n[sync]\nnonsense = 1\n')
    assert config.read_config(path, "serve", OPTIONS) == {
        "data": "/other", "user": ["ada:pw", "bob:x"], "max_msg_size": 5000, "json": True,
        "local": ["contacts=./c", "notes="]}


@pytest.mark.parametrize("text, words", [
    ("[serve]\nnonsense = 1", "no option 'nonsense'"),
    ("data = 5", "data must be text"),
    ("json = 1", "json must be true or false"),
    ("max-msg-size = true", "max-msg-size must be a number"),
    ("user = [1]", "user must be a list of texts"),
    ("data = ", "is no TOML"),
])
def test_config_that_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        config.read_config(write(tmp_path, text), "serve", OPTIONS)
    assert "minisyncml.toml" in str(caught.value)


def test_config_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read .*none.toml: no such file"):
        config.read_config(str(tmp_path / "none.toml"), "serve", OPTIONS)


def test_data_folder() -> None:
    assert config.data_folder({"XDG_DATA_HOME": "/x"}) == "/x/minisyncml"
    assert config.data_folder({"XDG_DATA_HOME": "relative"}).endswith("/.local/share/minisyncml")


def test_pairs() -> None:
    assert config.pairs(["contacts=./a=b", "notes"], "LOCAL") == {"contacts": "./a=b", "notes": ""}
    for values in (["=x"], [""], ["../x=y"], ["a/b=c"], ["a:b=c"], [".hidden=x"], ["a=1", "a=2"]):
        with pytest.raises(UsageError):
            config.pairs(values, "LOCAL")


@pytest.mark.parametrize("text, loopback, expected", [
    ("", True, ("127.0.0.1", 8080)), ("", False, ("0.0.0.0", 8080)),
    ("9000", True, ("127.0.0.1", 9000)), (":0", False, ("0.0.0.0", 0)),
    ("box.lan", True, ("box.lan", 8080)), ("box.lan:81", True, ("box.lan", 81)),
    ("[::1]:81", True, ("::1", 81)), ("[::]", True, ("::", 8080)), ("127.0.0.1:", False, ("127.0.0.1", 8080)),
])
def test_listen_address(text: str, loopback: bool, expected: "tuple[str, int]") -> None:
    assert config.listen_address(text, loopback) == expected


@pytest.mark.parametrize("text", ["host:port", "host:70000", "host:-1", "1.2.3.4:٣"])
def test_no_listen_address(text: str) -> None:
    with pytest.raises(UsageError):
        config.listen_address(text, True)


def test_loopback() -> None:
    assert [config.Listen(host, 1).loopback for host in ("127.0.0.1", "127.3.2.1", "::1", "localhost", "0.0.0.0")] == [
        True, True, True, True, False]


def no_prompt(question: str) -> str:
    raise AssertionError("asked")


def test_login(tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text("from file\nsecond\n")
    environ = {"MINISYNCML_PASSWORD": "from env"}
    assert config.login("ada:a:b", str(file), environ, no_prompt) == ("ada", "a:b")
    assert config.login("ada", str(file), environ, no_prompt) == ("ada", "from file")
    assert config.login("ada", None, environ, no_prompt) == ("ada", "from env")
    assert config.login("ada", None, {}, lambda question: f"<{question}>") == ("ada", "<Password of ada: >")
    with pytest.raises(UsageError):
        config.login(":pw", None, {}, no_prompt)
    with pytest.raises(UsageError, match="none"):
        config.login("ada", str(tmp_path / "none"), {}, no_prompt)
    file.write_text("\n\n")
    with pytest.raises(UsageError, match="empty"):
        config.login("ada", str(file), {}, no_prompt)


def test_server_users(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text("ada:one\nbob:{md5}abc=\n")
    assert config.server_users([], str(file), {}, no_prompt) == {"ada": "one", "bob": "{md5}abc="}
    assert config.server_users(["eve:x"], str(file), {}, no_prompt) == {"eve": "x", "ada": "one", "bob": "{md5}abc="}
    with pytest.raises(UsageError, match="twice"):
        config.server_users(["ada:x"], str(file), {}, no_prompt)
    file.write_text("just a password\n")
    assert config.server_users(["ada"], str(file), {}, no_prompt) == {"ada": "just a password"}
    with pytest.raises(UsageError, match="NAME:PASSWORD"):
        config.server_users(["eve:x"], str(file), {}, no_prompt)


def test_secret_of() -> None:
    assert config.secret_of("pw") == Secret("pw")
    assert config.secret_of("{md5}abc=") == Secret(ha1="abc=")
