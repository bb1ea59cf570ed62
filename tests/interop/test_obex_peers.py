"""OBEX against programs that are not ours: obexftp, obex_test, gammu and obexd, as callers and as responders."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest
from obexline import on_pty, on_tcp

from interop.processes import Background, free_port, wait_until
from minisyncml.errors import ObexError
from minisyncml.gateway.folders import FolderService, capability
from minisyncml.gateway.irmc import IrMCService
from minisyncml.obex import codes
from minisyncml.obex.packets import BODY_LAST, EMPTY_LAST
from minisyncml.store.memory import MemoryStore
from minisyncml.transport import tcp
from minisyncml.transport.obex import ObexClient, Services
from minisyncml.transport.serial import PtyLink

pytestmark = pytest.mark.interop

PEERS = Path(__file__).with_name("peers")
OBEXD = "/usr/libexec/bluetooth/obexd"
SOME = random.Random(1).randbytes(3000)
MEGABYTE = random.Random(2).randbytes(1 << 20)
CARD = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:{0};Ada\r\nTEL;CELL:+1555{1:04}\r\nEND:VCARD\r\n"
EVENT = ("BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nDTSTART:20300102T100000\r\nDTEND:20300102T110000\r\n"
         "SUMMARY:Planning\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


def needs(*programs: str) -> Any:
    """Skips a test where a peer is not installed."""
    absent = [name for name in programs if not (shutil.which(name) or os.path.exists(name))]
    return pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(absent)}")


def script(name: str, *words: object, cwd: "Path | None" = None, env: "dict[str, str] | None" = None,
           timeout: float = 90) -> str:
    """What a peer says."""
    command = [str(PEERS / name) if (PEERS / name).exists() else name, *map(str, words)]
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


class World:
    """A folder and a phone book behind one responder; `cli` is where the callers work."""

    def __init__(self, path: Path) -> None:
        self.root, self.cli = path / "root", path / "cli"
        self.cli.mkdir()
        (self.root / "sub").mkdir(parents=True)
        (self.root / "down.bin").write_bytes(SOME)
        (self.cli / "up.bin").write_bytes(SOME[::-1])
        (self.root / "big.bin").write_bytes(MEGABYTE)
        (self.cli / "large.bin").write_bytes(MEGABYTE[::-1])
        self.contacts = MemoryStore((("text/x-vcard", "2.1"),))
        self.calendar = MemoryStore((("text/x-vcalendar", "1.0"),))
        with self.contacts.begin() as batch:
            for number in range(2):
                batch.put(None, "text/x-vcard", CARD.format(f"Name{number}", number).encode())
            batch.commit()
        with self.calendar.begin() as batch:
            batch.put(None, "text/x-vcalendar", EVENT.encode())
            batch.commit()
        about = capability("Test", "ToyPhone", "1234")
        stores = {"contacts": self.contacts, "calendar": self.calendar}
        self.services: Services = {
            codes.FOLDERS: lambda: FolderService(self.root, about), codes.PUSH: lambda: FolderService(self.root),
            codes.IRMC: lambda: IrMCService(stores, {"MANU": "Test", "MOD": "ToyPhone"})}

    def up(self, *path: str) -> bool:
        return self.root.joinpath(*path).read_bytes() == SOME[::-1]

    def down(self, name: str = "down.bin") -> bool:
        return (self.cli / name).read_bytes() == SOME

    def names(self) -> "list[str]":
        return [item.body.decode() for row in self.contacts.rows() for item in [self.contacts.get(row.id)] if item]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


SIZES = pytest.mark.parametrize("packet", [255, 1024, 65_535])
ENDS = pytest.mark.parametrize("eob", [BODY_LAST, EMPTY_LAST])


# -- obexftp calls us

@needs("obexftp")
@SIZES
def test_obexftp_over_tcp(world: World, packet: int) -> None:
    with on_tcp(world.services, packet) as port:
        at = ("-n", f"127.0.0.1:{port}")
        said = script("obexftp", *at, "-l", "-c", "sub", "-p", "up.bin", "-c", "", "-g", "down.bin", cwd=world.cli)
        assert world.up("sub", "up.bin") and world.down(), said
        assert "big.bin" in said and '<folder name="sub"/>' in said
        script("obexftp", *at, "-k", "down.bin", cwd=world.cli)
        assert not (world.root / "down.bin").exists()
        script("obexftp", *at, "-C", "new", cwd=world.cli)
        assert (world.root / "new").is_dir()
        assert "ToyPhone" in script("obexftp", *at, "-X", cwd=world.cli)


@needs("obexftp")
@ENDS
def test_obexftp_moves_a_megabyte(world: World, eob: str) -> None:
    with on_tcp(world.services, 32_767, eob=eob) as port:
        said = script("obexftp", "-n", f"127.0.0.1:{port}", "-p", "large.bin", "-g", "big.bin", cwd=world.cli)
        assert (world.root / "large.bin").read_bytes() == MEGABYTE[::-1], said
        assert (world.cli / "big.bin").read_bytes() == MEGABYTE, said


@needs("obexftp")
def test_obexftp_pushes_and_reads_irmc(world: World) -> None:
    with on_tcp(world.services) as port:
        at = ("-n", f"127.0.0.1:{port}")
        script("obexftp", *at, "-U", "none", "-S", "-H", "-p", "up.bin", cwd=world.cli)
        assert world.up("up.bin")
        script("obexftp", *at, "-U", "IRMC", "-S", "-g", "telecom/devinfo.txt", cwd=world.cli)
        assert "MOD:ToyPhone" in (world.cli / "devinfo.txt").read_text()


@needs("obexftp")
@pytest.mark.parametrize("packet", [255, 1024, 8192])
def test_obexftp_over_a_serial_line(world: World, packet: int) -> None:
    """It probes with an ABORT before CONNECT, offers 1024 bytes and has room for 500."""
    with on_pty(world.services, packet) as phone:
        said = script("obexftp", "-t", phone.link.name, "-U", "none", "-S", "-p", "up.bin", "-g", "down.bin",
                      cwd=world.cli)
        assert world.up("up.bin") and world.down(), said
        assert phone.log == []


# -- obex_test calls us

OBEX_TEST = ("p up.bin put.bin", "x up.bin", "g down.bin", "t sub")


@needs("obex_test", "gcc")
@SIZES
def test_obex_test_over_tcp(world: World, packet: int) -> None:
    with on_tcp(world.services, packet) as port:
        said = script("obextest_client.sh", "-p", port, *OBEX_TEST, cwd=world.cli)
        assert world.up("put.bin") and world.up("up.bin") and world.down(), said


@needs("obex_test", "gcc")
@ENDS
def test_obex_test_over_a_serial_line(world: World, eob: str) -> None:
    with on_pty(world.services, eob=eob) as phone:
        said = script("obextest_client.sh", "-t", phone.link.name, *OBEX_TEST, cwd=world.cli)
        assert world.up("put.bin") and world.up("up.bin") and world.down(), said


@needs("obex_test", "gcc")
def test_obex_test_moves_a_megabyte(world: World) -> None:
    with on_tcp(world.services, 32_767) as port:
        said = script("obextest_client.sh", "-p", port, "x large.bin", "g big.bin", cwd=world.cli)
        assert (world.root / "large.bin").read_bytes() == MEGABYTE[::-1], said
        assert (world.cli / "big.bin").read_bytes() == MEGABYTE, said


# -- gammu calls us

@needs("gammu", "socat")
@SIZES
def test_gammu_irmc(world: World, tmp_path: Path, packet: int) -> None:
    (world.cli / "carol.vcf").write_text(CARD.format("Carol", 77), newline="")
    with on_tcp(world.services, packet) as port:

        def gammu(*words: str) -> str:
            return script("gammu_peer.sh", f"tcp:{port}", "obexirmc", *words, cwd=world.cli)

        assert "ToyPhone" in gammu("--identify")
        said = gammu("--getallmemory", "ME")
        assert "+15550000" in said and "+15550001" in said, said
        assert "Planning" in gammu("--getallcalendar")
        said = gammu("--addnew", "carol.vcf", "-yes", "-memory", "ME")
        assert len(world.names()) == 3 and "Carol" in world.names()[2], said
        said = gammu("--backup", "all.backup", "-yes")
        backup = (world.cli / "all.backup").read_text("utf-16")
        assert "Carol" in backup and "+15550001" in backup, said


@needs("gammu", "socat")
def test_gammu_irmc_over_a_serial_line(world: World) -> None:
    with on_pty(world.services) as phone:
        said = script("gammu_peer.sh", f"tty:{phone.link.name}", "obexirmc", "--getallmemory", "ME", cwd=world.cli)
        assert "+15550000" in said and "+15550001" in said, said


@needs("gammu", "socat")
def test_gammu_files(world: World) -> None:
    with on_pty(world.services) as phone:

        def gammu(*words: str) -> str:
            return script("gammu_peer.sh", f"tty:{phone.link.name}", "obexfs", *words, cwd=world.cli)

        assert "down.bin" in gammu("--getfilesystem")
        said = gammu("--getfiles", "down.bin") + gammu("--addfile", "sub", "up.bin")
        assert world.down() and world.up("sub", "up.bin"), said
        said = gammu("--deletefiles", "down.bin")
        assert not (world.root / "down.bin").exists(), said


@needs("gammu", "socat")
def test_gammu_push(world: World) -> None:
    with on_tcp(world.services) as port:
        said = script("gammu_peer.sh", f"tcp:{port}", "obexnone", "--sendfile", "up.bin", cwd=world.cli)
        assert world.up("up.bin"), said


# -- obexd calls us

@needs(OBEXD, "dbus-daemon", "gcc")
@SIZES
def test_obexd_calls_over_tcp(world: World, packet: int) -> None:
    cli = world.cli
    with on_tcp(world.services, packet) as port:
        said = script("obexd_client.sh", f"tcp:{port}", "opp", f"send {cli}/up.bin")
        assert world.up("up.bin"), said
        said = script("obexd_client.sh", f"tcp:{port}", "ftp", "ls", "cd sub", f"put {cli}/up.bin n.bin",
                      f"get n.bin {cli}/got.bin", "mkdir new", "cd new", f"put {cli}/large.bin large.bin",
                      f"get large.bin {cli}/got.large", "rm large.bin")
        assert world.up("sub", "n.bin") and (cli / "got.bin").read_bytes() == SOME[::-1], said
        assert (cli / "got.large").read_bytes() == MEGABYTE[::-1], said
        assert os.listdir(world.root / "sub" / "new") == [], said


@needs(OBEXD, "dbus-daemon", "gcc")
def test_obexd_calls_for_the_phone_book(world: World) -> None:
    with on_pty(world.services) as phone:
        book = world.cli / "pb.vcf"
        said = script("obexd_client.sh", f"tty:{phone.link.name}", "sync", "loc int", f"getpb {book}", f"putpb {book}")
        assert book.read_bytes().count(b"X-IRMC-LUID:") == 2, said
        assert len(world.names()) == 2 and "+15550001" in world.names()[1], said


# -- we call obex_test

@needs("obex_test", "gcc")
@ENDS
@SIZES
def test_we_call_obex_test_over_a_serial_line(world: World, tmp_path: Path, packet: int, eob: str) -> None:
    command = ["sh", "-c", 'cd "$1" && exec "$2" -t "$3" 1', "sh", str(world.root), str(PEERS / "obextest_server.sh")]
    with PtyLink() as line, Background([*command, line.name], tmp_path / "log"):
        with ObexClient(line, packet=packet, eob=eob, timeout=20) as client:
            client.connect()
            client.put(SOME[::-1], name="up.bin")
            wait_until(lambda: (world.root / "up.bin").exists() and world.up("up.bin"), "the object is kept")
            assert client.get(name="down.bin") == SOME
            client.put(MEGABYTE[::-1], name="large.bin")
            assert client.get(name="big.bin") == MEGABYTE
            with pytest.raises(ObexError, match="not found") as caught:
                client.get(name="absent.bin")
            assert caught.value.code == codes.NOT_FOUND
        wait_until(lambda: (world.root / "large.bin").stat().st_size == 1 << 20, "the large object is kept")
        assert (world.root / "large.bin").read_bytes() == MEGABYTE[::-1]


@needs("obex_test", "unshare", "ip")
def test_we_call_obex_test_over_tcp(world: World, tmp_path: Path) -> None:
    """Port 650 of all addresses is its only one: both ends run in a network of their own."""
    program = ("import sys\nfrom minisyncml.transport import tcp\nfrom minisyncml.transport.obex import ObexClient\n"
               "from interop.processes import wait_until, listening\n"
               "with ObexClient(tcp.connect('127.0.0.1', 650)) as c:\n"
               "    c.connect()\n    c.put(open('up.bin', 'rb').read(), name='sent.bin')\n"
               "    open('down.bin', 'wb').write(c.get(name='down.bin'))\n")
    shell = ('cd "$1"; "$2" -i 1 & i=0; while ! grep -q ":028A .* 0A " /proc/net/tcp /proc/net/tcp6; do '
             'i=$((i+1)); [ $i -lt 500 ] || exit 1; sleep 0.02; done; cd "$3"; "$4" -c "$5"; wait')
    import sys
    root = Path(__file__).resolve().parents[2]
    said = script("netns.sh", "sh", "-c", shell, "sh", world.root, PEERS / "obextest_server.sh", world.cli,
                  sys.executable, program, env={"PYTHONPATH": f"{root}:{root / 'tests'}"})
    if "Operation not permitted" in said:
        pytest.skip("no network of its own is to be had")
    assert world.up("sent.bin") and world.down(), said


# -- we call obexd

@pytest.fixture
def obexd(world: World, tmp_path: Path) -> "Iterator[dict[str, int]]":
    ports = {"1106": free_port(), "1105": free_port(), "1104": free_port()}
    words: "list[str]" = []
    for service, port in ports.items():
        words += ["--listen", f"{service}={port}"]
    with Background([str(PEERS / "obexd_server.sh"), str(world.root), *words], tmp_path / "log") as peer:
        peer.wait_port(ports["1104"])
        wait_until(lambda: peer.output().count("RegisterProfile") >= 5, "obexd registers its services")
        yield ports


@needs(OBEXD, "dbus-daemon", "gcc")
@ENDS
@pytest.mark.parametrize("packet", [255, 32_767])
def test_we_call_obexd(world: World, obexd: "dict[str, int]", packet: int, eob: str) -> None:
    with ObexClient(tcp.connect("127.0.0.1", obexd["1106"]), packet=packet, eob=eob, timeout=20) as client:
        client.connect(codes.FOLDERS)
        assert client.connection is not None
        client.setpath("sub")
        client.put(SOME[::-1], name="up.bin")
        client.put(MEGABYTE[::-1], name="large.bin")
        assert client.get(name="large.bin") == MEGABYTE[::-1]
        client.setpath(None, up=True)
        assert client.get(name="down.bin") == SOME
        assert b'name="sub"' in client.get(type="x-obex/folder-listing")
        client.setpath("fresh", create=True)
        client.setpath("")
        client.delete("down.bin")
        with pytest.raises(ObexError) as caught:
            client.get(name="down.bin")
        assert caught.value.code == codes.NOT_FOUND
        with pytest.raises(ObexError, match="(?i)forbidden|not found"):
            client.setpath("nowhere")
    assert world.up("sub", "up.bin") and (world.root / "fresh").is_dir()
    assert not (world.root / "down.bin").exists()


@needs(OBEXD, "dbus-daemon", "gcc")
def test_we_push_to_obexd_and_read_its_phone_book(world: World, obexd: "dict[str, int]") -> None:
    with ObexClient(tcp.connect("127.0.0.1", obexd["1105"]), timeout=20) as client:
        client.connect()
        client.put(SOME[::-1], name="pushed.bin")
    wait_until(lambda: (world.root / "pushed.bin").exists() and world.up("pushed.bin"), "the pushed object is kept")
    with ObexClient(tcp.connect("127.0.0.1", obexd["1104"]), timeout=20) as client:
        client.connect(codes.IRMC)
        assert b"IRMC-VERSION" in client.get(name="telecom/devinfo.txt")
    with ObexClient(tcp.connect("127.0.0.1", obexd["1104"]), timeout=20) as client, pytest.raises(ObexError):
        client.connect(codes.SYNCML)


@needs(OBEXD, "dbus-daemon", "gcc")
def test_we_call_obexd_over_a_serial_line(world: World, tmp_path: Path) -> None:
    with PtyLink(8192) as line:
        words = [str(PEERS / "obexd_server.sh"), str(world.root), "--tty", f"1106={line.name}"]
        with Background(words, tmp_path / "log") as peer:
            wait_until(lambda: peer.output().count("RegisterProfile") >= 5, "obexd registers its services")
            with ObexClient(line, timeout=20) as client:
                client.connect(codes.FOLDERS)
                client.put(MEGABYTE, name="large.bin")
                assert client.get(name="large.bin") == MEGABYTE
