#!/usr/bin/python3
"""Enough of bluetoothd's D-Bus face (org.bluez.ProfileManager1) to run the real bluez-obexd as
OBEX *server* with no Bluetooth: obexd registers its profiles here, and each connection that
arrives on a loopback TCP port (or a pty) is handed to it with Profile1.NewConnection.

Usage (inside obexd_server.sh): fake_bluetoothd.py [--listen UUID16=PORT]... [--tty UUID16=PATH]...
UUID16: 1105 OPP object push, 1106 FTP file transfer, 1104 IrMC sync, 112f PBAP, 1132 MAP
Run by /usr/bin/python3 (apt python3-dbus, python3-gi); DBUS_SYSTEM_BUS_ADDRESS must be private.
"""
import argparse
import os
import select
import socket
import sys
import termios
import threading
import tty

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

ADAPTER, DEVICE = '/org/bluez/hci0', '/org/bluez/hci0/dev_02_00_00_00_00_01'


class Root(dbus.service.Object):
    @dbus.service.method('org.freedesktop.DBus.ObjectManager', out_signature='a{oa{sa{sv}}}')
    def GetManagedObjects(self):
        return {dbus.ObjectPath(ADAPTER): {'org.bluez.Adapter1': {
                    'Address': '02:00:00:00:00:02', 'Powered': True, 'Alias': 'fake'}},
                dbus.ObjectPath(DEVICE): {'org.bluez.Device1': {
                    'Address': '02:00:00:00:00:01', 'Paired': True, 'Trusted': True, 'Connected': True,
                    'Adapter': dbus.ObjectPath(ADAPTER)}}}


class Manager(dbus.service.Object):
    def __init__(self, bus, path):
        super().__init__(bus, path)
        self.profiles = {}

    @dbus.service.method('org.bluez.ProfileManager1', in_signature='osa{sv}', sender_keyword='sender')
    def RegisterProfile(self, path, uuid, options, sender=None):
        self.profiles[str(uuid).lower()] = (sender, str(path))
        print('RegisterProfile %s %s %s' % (uuid, path, sorted(map(str, options))), flush=True)

    @dbus.service.method('org.bluez.ProfileManager1', in_signature='o')
    def UnregisterProfile(self, path):
        pass


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--listen', action='append', default=[])
    ap.add_argument('--tty', action='append', default=[])
    a = ap.parse_args()
    if not os.environ.get('DBUS_SYSTEM_BUS_ADDRESS'):
        sys.exit('set DBUS_SYSTEM_BUS_ADDRESS to a private bus')
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    Root(bus, '/')
    man = Manager(bus, '/org/bluez')
    name = dbus.service.BusName('org.bluez', bus)            # noqa: F841

    def hand_over(uuid16, sock):
        uuid = '0000%s-0000-1000-8000-00805f9b34fb' % uuid16.lower()
        who = man.profiles.get(uuid)
        if not who:
            print('no profile %s' % uuid, flush=True)
            sock.close()
            return
        obj = bus.get_object(who[0], who[1], introspect=False)
        obj.NewConnection(dbus.ObjectPath(DEVICE), dbus.types.UnixFd(sock.fileno()),
                          dbus.Dictionary({}, signature='sv'),
                          dbus_interface='org.bluez.Profile1', signature='oha{sv}',
                          reply_handler=lambda: print('NewConnection %s accepted' % uuid16, flush=True),
                          error_handler=lambda e: print('NewConnection failed: %s' % e, flush=True))
        sock.close()

    def pump(t, s, keep):
        """bytes between a descriptor and obexd's socket until either ends"""
        try:
            while True:
                r, _, _ = select.select([t, s], [], [])
                if t in r:
                    d = os.read(t, 4096)
                    if not d:
                        break
                    s.sendall(d)
                if s in r:
                    d = s.recv(4096)
                    if not d:
                        break
                    while d:
                        d = d[os.write(t, d):]
        except OSError:
            pass
        s.close()
        if keep:
            keep.close()

    def relay(uuid16, t, keep):
        # a Unix socket pair, because obexd waits for the hang-up event which RFCOMM and Unix
        # sockets give, and which a half-closed TCP connection does not (obexd then spins)
        mine, theirs = socket.socketpair()
        threading.Thread(target=pump, args=(t, mine, keep), daemon=True).start()
        hand_over(uuid16, theirs)

    for spec in a.listen:
        uuid16, port = spec.split('=')
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('127.0.0.1', int(port)))
        s.listen(2)

        def on(fd, cond, s=s, uuid16=uuid16):
            c, _ = s.accept()
            relay(uuid16, c.fileno(), c)
            return True
        GLib.io_add_watch(s.fileno(), GLib.IO_IN, on)

    for spec in a.tty:
        uuid16, path = spec.split('=')
        t = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(t, termios.TCSANOW)

        def first(fd, cond, uuid16=uuid16, t=t):          # hand over at the first byte
            relay(uuid16, t, None)
            return False
        GLib.io_add_watch(t, GLib.IO_IN, first)
    GLib.MainLoop().run()


if __name__ == '__main__':
    main()
