"""What a user says before a run: config file, places, users, passwords, addresses. It reads; nothing here syncs."""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
import os
import sys
from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence

from minisyncml.engine.auth import Secret
from minisyncml.errors import UsageError

DATASTORES = ("contacts", "calendar", "tasks", "notes")     #: what `serve` keeps when it is told nothing
DEFAULT_PORT = 8080
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Listen(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK or self.host.startswith("127.")


def data_folder(environ: Mapping[str, str] = os.environ) -> str:
    """Where state is kept when the user names no folder (XDG Base Directory Specification).

    :param environ: the environment
    :returns: a path
    """
    base = environ.get("XDG_DATA_HOME") or ""
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(base, "minisyncml")


def read_config(path: str, verb: str, options: "Mapping[str, type]") -> "dict[str, object]":
    """The options that a TOML file sets: at its top for all verbs, in a table named like a verb for that verb, as
    `[serve]` or `[phone.sync]`.

    Names are those of the command line without `--`; `local` and `remote` may be lists of NAME=PLACE or tables.

    :param path: the file
    :param verb: the verb that is run
    :param options: the options of that verb, `list` for those that may be repeated
    :returns: option names with `-` as `_`, and their values
    :raises UsageError: when it cannot be read, or sets what does not exist
    """
    tables = _load(path)
    own: "Any" = tables
    for word in verb.split():
        own = own.get(word, {}) if isinstance(own, dict) else {}
    found: "dict[str, object]" = {}
    for key, value in [*tables.items(), *(own.items() if isinstance(own, dict) else ())]:
        name = key.replace("-", "_")
        if name in options:
            found[name] = _value(path, key, value, options[name])
        elif isinstance(own, dict) and key in own:
            raise UsageError(f"{path}: {verb} has no option {key!r}")
    return found


def _load(path: str) -> "dict[str, object]":
    if sys.version_info >= (3, 11):
        import tomllib as toml
    else:
        import tomli as toml
    try:
        with open(path, encoding="utf-8") as file:
            return dict(toml.loads(file.read()))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None
    except (toml.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from None


def _value(path: str, key: str, value: object, kind: type) -> object:
    if kind is list:
        if isinstance(value, dict):
            value = [f"{name}={place}" for name, place in value.items()]
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return value
    elif isinstance(value, kind) and isinstance(value, bool) == (kind is bool):
        return value
    words = {str: "text", int: "a number", bool: "true or false", list: "a list of texts"}
    raise UsageError(f"{path}: {key} must be {words[kind]}")


def pairs(values: Sequence[str], what: str) -> "dict[str, str]":
    """NAME=VALUE arguments; NAME alone has an empty value.

    :param values: the arguments
    :param what: how to call them in an error message
    :returns: names and values in order
    :raises UsageError: when a name is missing, odd or given twice
    """
    found: "dict[str, str]" = {}
    for value in values:
        name, _, rest = value.partition("=")
        if not name or name.startswith(".") or any(c in "/\\:" or c < " " for c in name):
            raise UsageError(f"{value!r} is no {what}")
        if name in found:
            raise UsageError(f"{name} is given twice")
        found[name] = rest
    return found


def listen_address(text: str, loopback: bool) -> Listen:
    """HOST:PORT, HOST, :PORT or PORT.

    :param text: what the user gave, may be empty
    :param loopback: whether a missing host means this machine only
    :returns: the address
    :raises UsageError: when the port is none
    """
    host, colon, port = text.rpartition(":")
    if text.startswith("[") and text.endswith("]"):
        host, port = text, ""
    elif not colon:
        host, port = ("", text) if text.isdigit() else (text, "")
    if port and not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise UsageError(f"{text!r} is no HOST:PORT")
    host = host.strip("[]") or ("127.0.0.1" if loopback else "0.0.0.0")
    return Listen(host, int(port) if port else DEFAULT_PORT)


def read_password_file(path: str) -> "list[str]":
    """The lines of a password file that are not empty.

    :param path: the file; `-` is standard input
    :returns: at least one line
    :raises UsageError: when there is none
    """
    try:
        with open(0 if path == "-" else path, encoding="utf-8", closefd=path != "-") as file:
            lines = [line.rstrip("\r\n") for line in file]
    except (OSError, UnicodeDecodeError) as error:
        words = (getattr(error, "strerror", "") or str(error)).lower()
        raise UsageError(f"cannot read the password file {path}: {words}") from None
    lines = [line for line in lines if line]
    if not lines:
        raise UsageError(f"the password file {path} is empty")
    return lines


def login(user: str, password_file: Optional[str], environ: Mapping[str, str],
          prompt: Callable[[str], str]) -> "tuple[str, str]":
    """User and password of a client.

    :param user: NAME or NAME:PASSWORD
    :param password_file: a file whose first line is the password
    :param environ: may hold MINISYNCML_PASSWORD
    :param prompt: asks the user as the last resort
    :returns: (name, password)
    :raises UsageError: when there is no name
    """
    name, colon, password = user.partition(":")
    if not name:
        raise UsageError("--user wants NAME or NAME:PASSWORD")
    if colon:
        return name, password
    if password_file:
        return name, read_password_file(password_file)[0]
    if "MINISYNCML_PASSWORD" in environ:
        return name, environ["MINISYNCML_PASSWORD"]
    return name, prompt(f"Password of {name}: ")


def server_users(users: Sequence[str], password_file: Optional[str], environ: Mapping[str, str],
                 prompt: Callable[[str], str]) -> "dict[str, str]":
    """Users and passwords of a server.

    :param users: NAME:PASSWORD or NAME each
    :param password_file: a file with a line NAME:PASSWORD for each user, or one password for those named without
    :param environ: may hold MINISYNCML_PASSWORD
    :param prompt: asks the user as the last resort
    :returns: passwords by name
    :raises UsageError: when a name is empty or given twice
    """
    found: "dict[str, str]" = {}
    entries = list(users)
    if password_file and all(":" in user for user in users):
        entries += read_password_file(password_file)
        password_file = None
        if any(":" not in entry for entry in entries):
            raise UsageError("the password file wants a line NAME:PASSWORD for each user")
    for entry in entries:
        name, password = login(entry, password_file, environ, prompt)
        if name in found:
            raise UsageError(f"user {name} is given twice")
        found[name] = password
    return found


def secret_of(password: str) -> Secret:
    """What a server keeps of a password.

    :param password: the password, or `{md5}` and B64(MD5(user:password)), which SyncML 1.1 and later can do with
    :returns: the secret
    """
    return Secret(ha1=password[5:]) if password.startswith("{md5}") else Secret(password)
