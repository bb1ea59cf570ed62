"""SyncEvolution 2.0 as SyncML client and server, over HTTP and OBEX, with the file backend: one vCard per file.

All are quiet (no debug log, no dumps of the data), which makes them some twenty times faster than by default.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

from interop.processes import HOST, Background, free_port, wait_until

PEERS = Path(__file__).resolve().parent / "peers"
DBUS_SERVER = "/usr/libexec/syncevo-dbus-server"
HTTP_SERVER = "/usr/bin/syncevo-http-server"
QUIET = ("logLevel=1", "dumpData=0", "printChanges=0", "maxlogdirs=0")

#: our name of a mode -> the word for `syncevolution --sync`
MODES = {
    "two-way": "two-way",
    "slow": "slow",
    "one-way-from-client": "one-way-from-client",
    "one-way-from-server": "one-way-from-server",
    "refresh-from-client": "refresh-from-client",
    "refresh-from-server": "refresh-from-server",
}


def missing() -> str:
    """Why SyncEvolution cannot run here, empty when it can."""
    for need in ("syncevolution", "dbus-run-session", "gcc"):
        if not shutil.which(need):
            return f"{need} is not installed (apt-get install syncevolution syncevolution-http dbus gcc)"
    for path in (DBUS_SERVER, HTTP_SERVER):
        if not os.path.exists(path):
            return f"{path} is not there (apt-get install syncevolution-dbus syncevolution-http)"
    return ""


class Source(NamedTuple):
    """A source of SyncEvolution's file backend.

    :ivar name: one of its template's
    :ivar format: media type of its files
    :ivar settings: more of them, as `syncFormat=text/x-vcard`
    """

    name: str = "addressbook"
    format: str = "text/vcard"
    settings: "tuple[str, ...]" = ()


ADDRESSBOOK = Source()


class Counts(NamedTuple):
    """What a sync did to one side: items added, changed, removed, and those that failed."""

    added: int
    changed: int
    removed: int
    failed: int


class Result(NamedTuple):
    """The report of one sync as SyncEvolution filed it. `status` is 200 when all went well; `mode` is what ran."""

    status: int
    mode: str
    local: Counts
    remote: Counts
    conflicts: int
    output: str
    stats: Dict[str, int]

    @property
    def idle(self) -> bool:
        """Whether nothing was transferred or changed on either side."""
        return not any(self.local) and not any(self.remote)


def environment(folder: Path) -> Dict[str, str]:
    """An environment whose home is `folder`, with no session bus but the one that is started inside."""
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("XDG_", "DBUS_", "LD_PRELOAD", "http_proxy", "HTTP_PROXY"))}
    env.update(HOME=str(folder), XDG_CONFIG_HOME=f"{folder}/.config", XDG_CACHE_HOME=f"{folder}/.cache",
               XDG_DATA_HOME=f"{folder}/.local", no_proxy="*", LC_ALL="C.UTF-8")
    return env


def configure(folder: Path, *words: str) -> None:
    """Run `syncevolution --configure`.

    :raises RuntimeError: with its output, when it refuses
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["dbus-run-session", "--", "syncevolution", "--daemon=no", "--keyring=no", "--configure", *words],
        env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError(f"configure {words}: {done.stdout.decode('utf-8', 'replace')}")


def reports(folder: Path, config: str, logs: str = ".cache/syncevolution") -> List[Path]:
    """The filed reports of a configuration, oldest first; one appears when its session is over."""
    found = folder.glob(f"{logs}/*{config}-*/status.ini")
    return sorted((p for p in found if b"\nend = " in b"\n" + p.read_bytes()),
                  key=lambda p: (p.stat().st_mtime_ns, p.parent.name))


def read_report(path: Path, source: str = "addressbook", output: str = "") -> Result:
    """Read one filed report."""
    parser = configparser.ConfigParser()
    parser.read_string("[all]\n" + path.read_text("utf-8"))
    raw = parser["all"]
    prefix = f"source-{source}-stat-"
    stats = {key[len(prefix):]: int(value) for key, value in raw.items() if key.startswith(prefix)}

    def counts(side: str) -> Counts:
        kinds = ("added", "updated", "removed")
        failed = sum(stats.get(f"{side}-{kind}-error", 0) for kind in (*kinds, "any"))
        added, changed, removed = (stats.get(f"{side}-{kind}-total", 0) for kind in kinds)
        return Counts(added, changed, removed, failed)

    conflicts = sum(n for key, n in stats.items() if "conflict" in key)
    return Result(int(raw.get("status", "0")), raw.get(f"source-{source}-mode", ""), counts("local"),
                  counts("remote"), conflicts, output, stats)


def shim(name: str = "curlshim") -> Path:
    """A preload, compiled once per user and machine.

    :param name: `curlshim` repairs the HTTP client of Debian's build, `sanshim` its notifications of SyncML 1.1, and
        `btshim` leads its Bluetooth sockets elsewhere, and `waitshim` shortens its waits for itself
    """
    folder = Path(tempfile.gettempdir()) / f"minisyncml-peers-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    built = folder / f"{name}.so"
    source = next(path for path in (PEERS / f"{name}.c", PEERS / "shim" / f"{name}.c") if path.exists())
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        beside = folder / f"{name}.{os.getpid()}"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(beside), str(source), "-ldl"], check=True)
        beside.rename(built)
    return built


def run(home: Path, config: str, command: Sequence[str], env: Mapping[str, str], timeout: float = 120.0,
        source: str = "addressbook") -> Result:
    """Run a command that syncs once.

    :returns: the report that it filed; when the sync never came to one, status is the negative exit code
    """
    before = len(reports(home, config))
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout)
    output = done.stdout.decode("utf-8", "replace")
    after = reports(home, config)
    if len(after) == before:
        nothing = Counts(0, 0, 0, 0)
        return Result(-abs(done.returncode), "", nothing, nothing, 0, output, {})
    result = read_report(after[-1], source, output)
    return result if done.returncode == 0 or result.status != 200 else result._replace(status=-done.returncode)


class SyncEvolutionClient:
    """SyncEvolution as client of one server.

    :param home: its private folder
    :param url: where the server is
    :param uri: the server's name of the address book
    :param wbxml: WBXML, else XML
    :param version: SyncML version, 1.0, 1.1 or 1.2
    :param auth: "basic" or "md5": what it sends first (a challenge may change it); unused without a user
    :param max_msg_size: the MaxMsgSize it announces, bytes
    """

    config = "server@client"

    def __init__(self, home: Path, url: str, uri: str = "contacts", *, wbxml: bool = True, version: str = "1.2",
                 user: str = "", password: str = "", auth: str = "md5", max_msg_size: int = 150_000,
                 max_obj_size: int = 4_000_000, device_id: str = "sc-client-1", source: Source = ADDRESSBOOK) -> None:
        self.home = home
        self.source = source
        self.folder = home / "contacts"
        self.folder.mkdir(parents=True, exist_ok=True)
        configure(home, "backend=file", f"databaseFormat={source.format}", f"database=file://{self.folder}",
                  f"deviceId={device_id}", "@client", source.name)
        configure(home, "--template", "SyncEvolution", f"syncURL={url}", f"username={user}", f"password={password}",
                  f"clientAuthType={auth}", f"enableWBXML={int(wbxml)}", f"SyncMLVersion={version}",
                  f"maxMsgSize={max_msg_size}", f"maxObjSize={max_obj_size}", f"uri={uri}", "sync=two-way",
                  "preventSlowSync=0", "retryInterval=5", "retryDuration=30", *QUIET, *source.settings, self.config,
                  source.name)

    def set(self, **settings: object) -> None:
        """Change settings by their SyncEvolution names."""
        configure(self.home, *(f"{key}={value}" for key, value in settings.items()), self.config, self.source.name)

    def command(self, mode: str = "two-way") -> List[str]:
        """The command line of a sync."""
        return ["dbus-run-session", "--", "env", f"LD_PRELOAD={shim()}", "syncevolution", "--daemon=no",
                "--keyring=no", "--sync", MODES[mode], self.config, self.source.name]

    def run(self, mode: str = "two-way", timeout: float = 120.0) -> Result:
        """Sync once.

        :param mode: our name of the mode
        :returns: its report; when the sync never came to one, status is the negative exit code
        """
        return run(self.home, self.config, self.command(mode), environment(self.home), timeout, self.source.name)


class Account:
    """One client that a :class:`SyncEvolutionServer` knows: a device id, credentials, an address book of its own.

    Its reports are in a folder of their own: SyncEvolution runs out of names after some thirty in a minute.
    """

    def __init__(self, home: Path, name: str, device_id: str, source: Source = ADDRESSBOOK) -> None:
        self.home = home
        self.source = source
        self.config = f"peer@{name}"
        self.device_id = device_id
        self.folder = home / f"contacts-{name}"
        self.logs = f"logs-{name}"
        self.seen = 0

    def result(self) -> Result:
        """The report of the session after the one asked for last; waits until the server has filed it."""
        wait_until(lambda: len(reports(self.home, self.config, self.logs)) > self.seen, f"report of {self.config}")
        found = reports(self.home, self.config, self.logs)
        self.seen += 1
        return read_report(found[self.seen - 1], self.source.name)


class SyncEvolutionServer:
    """SyncEvolution as server on a free port. Use as a context manager; :meth:`account` adds clients at any time.

    :param home: its private folder
    :param port: where to listen
    """

    uri = "addressbook"

    def __init__(self, home: Path, port: Optional[int] = None) -> None:
        self.home = home
        self.port = port or free_port()
        self.accounts = 0
        self.url = f"http://{HOST}:{self.port}/syncevolution"
        home.mkdir(parents=True, exist_ok=True)
        self.background = Background(
            ["dbus-run-session", "--", "/usr/bin/python3", HTTP_SERVER, "-q", self.url], home / "server.log",
            {**environment(home), "LD_PRELOAD": str(shim("waitshim"))})

    def account(self, device_id: str, user: str = "", password: str = "", max_msg_size: int = 150_000,
                max_obj_size: int = 4_000_000, source: Source = ADDRESSBOOK) -> Account:
        """Make an address book for one client, or another source.

        :param device_id: the SyncHdr Source of that client; no other gets in
        :param user: empty: no credentials are asked
        :param max_msg_size: the MaxMsgSize it announces, bytes
        """
        self.accounts += 1
        account = Account(self.home, f"account{self.accounts}", device_id, source)
        account.folder.mkdir()
        configure(self.home, "backend=file", f"databaseFormat={source.format}", f"database=file://{account.folder}",
                  account.config[4:], source.name)
        configure(self.home, "--template", "SyncEvolution_Client", f"username={user}", f"password={password}",
                  f"remoteDeviceId={device_id}", f"maxMsgSize={max_msg_size}", f"maxObjSize={max_obj_size}",
                  "preventSlowSync=0", f"logdir={self.home / account.logs}", f"uri={self.uri}", "sync=two-way", *QUIET,
                  *source.settings, account.config, source.name)
        return account

    def __enter__(self) -> "SyncEvolutionServer":
        self.background.start().wait_port(self.port)
        return self

    def __exit__(self, *exc: object) -> None:
        self.background.stop()


class SyncEvolutionCaller:
    """SyncEvolution as SyncML server that calls a phone over OBEX: it wakes it, fetches its messages and answers them.

    :param home: its private folder
    :param wbxml: WBXML, else XML
    :param version: SyncML version, 1.2, or 1.1 with the notification of that
    :param user: what the phone has to log in with, and the name that signs the notification
    :param channel: of the phone; 0: it asks the phone's service discovery
    """

    config = "phone@pc"
    ADDRESS = "00:11:22:33:44:55"

    def __init__(self, home: Path, *, wbxml: bool = True, version: str = "1.2", user: str = "", password: str = "",
                 channel: int = 11, max_msg_size: int = 16_000, max_obj_size: int = 4_000_000) -> None:
        self.home = home
        self.folder = home / "contacts"
        self.folder.mkdir(parents=True, exist_ok=True)
        url = f"obex-bt://{self.ADDRESS}" + (f"+{channel}" if channel else "")
        configure(home, "--template", "none", "PeerIsClient=1", f"syncURL={url}", f"username={user}",
                  f"password={password}", "remoteIdentifier=PC Suite", f"SyncMLVersion={version}",
                  f"enableWBXML={int(wbxml)}", "remoteDeviceId=", "retryDuration=20s", "retryInterval=5s",
                  f"maxMsgSize={max_msg_size}", f"maxObjSize={max_obj_size}", "preventSlowSync=0", *QUIET, self.config)
        configure(home, "backend=file", "databaseFormat=text/vcard", f"database=file://{self.folder}", "@pc",
                  "addressbook")
        configure(home, "sync=two-way", "uri=Contacts", self.config, "addressbook")

    def set(self, **settings: object) -> None:
        """Change settings by their SyncEvolution names."""
        configure(self.home, *(f"{key}={value}" for key, value in settings.items()), self.config)

    def call(self, air: Mapping[str, str], mode: str = "two-way", timeout: float = 120.0) -> Result:
        """Sync once.

        :param air: variables of the preload `btshim`: where its radio leads to
        :param mode: our name of the mode
        """
        command = ["dbus-run-session", "--", "env", f"LD_PRELOAD={shim('btshim')}:{shim('sanshim')}", "syncevolution",
                   "--daemon=no", "--keyring=no", "--sync", MODES[mode], self.config, "addressbook"]
        return run(self.home, self.config, command, {**environment(self.home), **air}, timeout)


class SyncEvolutionPhone:
    """SyncEvolution as the phone: a SyncML client that a notification wakes over OBEX. Use as a context manager.

    :param home: its private folder
    :param link: where it is called: the number of a TCP port, or the name of a terminal
    :param wbxml: WBXML, else XML
    """

    config = "pc@phone"

    def __init__(self, home: Path, link: str, *, wbxml: bool = True, max_msg_size: int = 16_000,
                 max_obj_size: int = 4_000_000) -> None:
        self.home = home
        self.folder = home / "contacts"
        self.folder.mkdir(parents=True, exist_ok=True)
        configure(home, "backend=file", "databaseFormat=text/vcard", f"database=file://{self.folder}",
                  "deviceId=sc-phone-1", "@phone", "addressbook")
        configure(home, "--template", "none", "PeerIsClient=0", "syncURL=obex-bt://00:AA:BB:CC:DD:EE", "username=",
                  "password=", f"enableWBXML={int(wbxml)}", f"maxMsgSize={max_msg_size}",
                  f"maxObjSize={max_obj_size}", "preventSlowSync=0", "retryDuration=30s", "uri=Contacts",
                  "sync=two-way", *QUIET, self.config, "addressbook")
        self.background = Background(
            ["dbus-run-session", "--", "/usr/bin/python3", str(PEERS / "se_obex_phone.py"),
             "--tcp" if link.isdigit() else "--tty", link], home / "phone.log", environment(home))
        self.seen = 0

    def result(self) -> Result:
        """The report of the session after the one asked for last; waits until it is filed."""
        wait_until(lambda: len(reports(self.home, self.config)) > self.seen, f"report of {self.config}")
        found = reports(self.home, self.config)
        self.seen += 1
        return read_report(found[self.seen - 1], output=self.background.output())

    def __enter__(self) -> "SyncEvolutionPhone":
        self.background.start()
        wait_until(lambda: "ready\n" in self.background.output(), "SyncEvolution as a phone")
        return self

    def __exit__(self, *exc: object) -> None:
        self.background.stop()
