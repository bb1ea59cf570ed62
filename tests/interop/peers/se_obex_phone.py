#!/usr/bin/python3
"""An OBEX responder for SYNCML-SYNC in front of SyncEvolution's D-Bus server: a real SyncML *client* that is woken by a
notification. (BlueZ's obexd had a plug-in for that, which Debian does not build: so this one is our own.)

Usage: dbus-run-session -- /usr/bin/python3 se_obex_phone.py (--tcp PORT | --tty PATH)
Prints a line when it takes calls, and one for whatever happens. A PUT of any type goes to Connection.Process(), a GET
is answered with the next Connection.Reply. Run by /usr/bin/python3 (python3-dbus, python3-gi from apt).
"""
import argparse
import os
import queue
import socket
import subprocess
import threading
import time
import tty

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

SE = "org.syncevolution"
SERVER = "/usr/libexec/syncevo-dbus-server"
CALLER = "00:AA:BB:CC:DD:EE+11"     # matched against the obex-bt:// syncURLs
PACKET = 4096
PATIENCE = 60


def say(words):
    print(words, flush=True)


def header(number, value):
    if number >> 6 < 2:
        return bytes([number]) + (len(value) + 3).to_bytes(2, "big") + value
    return bytes([number]) + value


def headers(data):
    """{id: value}, bodies joined."""
    found = {}
    while data:
        number, kind = data[0], data[0] >> 6
        size = int.from_bytes(data[1:3], "big") if kind < 2 else 2 if kind == 2 else 5
        if size < 2 or size > len(data):
            raise ValueError("headers do not fit their packet")
        value, data = data[3 if kind < 2 else 1:size], data[size:]
        number = 0x48 if number == 0x49 else number
        found[number] = found.get(number, b"") + value
    return found


class Session:
    """One session of SyncEvolution, in the thread of its bus."""

    def __init__(self, bus):
        self.bus, self.connection, self.replies = bus, None, queue.Queue()
        self.answered = threading.Event()
        self.answered.set()

    def on_loop(self, call):
        """Run something in the thread of the bus, and wait for it."""
        done = queue.Queue()

        def go():
            try:
                done.put((call(), None))
            except dbus.DBusException as error:
                done.put((None, error))
            return False

        GLib.idle_add(go)
        value, error = done.get(timeout=PATIENCE)
        if error:
            say("D-Bus: %s" % error)
            self.abort()
        return value

    def begin(self):
        server = dbus.Interface(self.bus.get_object(SE, "/org/syncevolution/Server"), SE + ".Server")
        path = server.Connect({"description": "OBEX", "transport": "org.openobex.obexd",
                               "transport_description": "loopback", "id": CALLER}, False, "")
        self.connection = dbus.Interface(self.bus.get_object(SE, path), SE + ".Connection")
        for name, call in (("Reply", self.reply), ("Abort", self.abort)):
            self.bus.add_signal_receiver(call, name, SE + ".Connection", SE, path)

    def put(self, kind, body):
        def process():
            if self.connection is None:
                self.begin()
            self.connection.Process(dbus.ByteArray(body), kind, byte_arrays=True)

        say("got %d bytes of %s" % (len(body), kind))
        self.answered.clear()
        self.on_loop(process)

    def get(self):
        try:
            return self.replies.get(timeout=PATIENCE)
        except queue.Empty:
            return None

    def reply(self, data, kind, meta, final, session):
        body = bytes(bytearray(data))
        say("SyncEvolution says %d bytes of %s%s" % (len(body), kind, ", its last" if final else ""))
        if final:
            self.close(True)
        else:
            self.replies.put(body)
        self.answered.set()

    def abort(self):
        say("SyncEvolution gives up")
        self.replies.put(None)
        self.answered.set()

    def close(self, good):
        if self.connection is not None:
            self.connection.Close(good, "", reply_handler=lambda: None, error_handler=lambda error: None)
            self.connection = None


class Responder:
    """One OBEX line."""

    def __init__(self, bus, file):
        self.bus, self.file, self.session = bus, file, Session(bus)
        self.theirs, self.kind, self.body, self.out = 255, b"", b"", None

    def run(self):
        data = b""
        while True:
            try:
                more = os.read(self.file, 65536)
            except OSError:
                more = b""
            if not more:
                break
            data += more
            while len(data) >= 3 and len(data) >= int.from_bytes(data[1:3], "big") >= 3:
                size = int.from_bytes(data[1:3], "big")
                packet, data = data[:size], data[size:]
                answer = self.handle(packet[0], packet[3:])
                answer = answer[:1] + (len(answer) + 2).to_bytes(2, "big") + answer[1:]
                while answer:
                    answer = answer[os.write(self.file, answer):]
        self.hang_up()

    def hang_up(self):
        self.session.answered.wait(PATIENCE)    # to the last message it says only that it was the last
        self.session.on_loop(lambda: self.session.close(False))
        self.session = Session(self.bus)

    def handle(self, code, rest):
        """The answer to a packet, without its length."""
        if code == 0x80:
            self.hang_up()
            self.theirs = int.from_bytes(rest[2:4], "big")
            who = headers(rest[4:]).get(0x46, b"")
            return b"\xa0\x10\x00" + PACKET.to_bytes(2, "big") + header(0xCB, b"\0\0\0\1") + header(0x4A, who)
        if code & 0x7F == 0x02:
            return self.put(code & 0x80, headers(rest))
        if code & 0x7F == 0x03:
            return self.get()
        if code in (0x81, 0xFF):
            self.body, self.out = b"", None
            return b"\xa0"
        return b"\xd1"

    def put(self, final, found):
        self.kind = found.get(0x42, self.kind)
        self.body += found.get(0x48, b"")
        if not final:
            return b"\x90"
        kind, body, self.kind, self.body = self.kind, self.body, b"", b""
        self.session.put(kind.rstrip(b"\0").decode(), body)
        return b"\xa0"

    def get(self):
        lead = b""
        if self.out is None:
            self.out = self.session.get()
            if self.out is None:
                return b"\xc4"
            lead = header(0xC3, len(self.out).to_bytes(4, "big"))
        room = self.theirs - 3 - 3 - len(lead)
        part, self.out = self.out[:room], self.out[room:]
        if self.out:
            return b"\x90" + lead + header(0x48, part)
        self.out = None
        return b"\xa0" + lead + header(0x49, part)


def serve(bus, arguments):
    if arguments.tty:
        file = os.open(arguments.tty, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(file)
        say("ready")
        Responder(bus, file).run()
        return
    with socket.create_server(("127.0.0.1", arguments.tcp)) as listener:
        say("ready")
        while True:
            with listener.accept()[0] as caller:
                Responder(bus, caller.fileno()).run()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tcp", type=int)
    parser.add_argument("--tty")
    arguments = parser.parse_args()
    dbus.mainloop.glib.threads_init()
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    child = subprocess.Popen([SERVER, "-d", "1000000"], stdin=subprocess.DEVNULL)
    try:
        while not bus.name_has_owner(SE):
            time.sleep(0.05)
        threading.Thread(target=serve, args=(bus, arguments), daemon=True).start()
        GLib.MainLoop().run()
    finally:
        child.terminate()


if __name__ == "__main__":
    main()
