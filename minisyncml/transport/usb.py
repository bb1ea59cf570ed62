"""Phones with a CDC OBEX interface on USB, through pyusb (extra `usb`). Untried on hardware, only on a model.

A phone in its `PC Suite` mode has several such interfaces (class 0x02, subclass 0x0b: CDC WMC 1.1, section 7), told
apart by a string that many models lack: so each is asked with a CONNECT of the caller's, the one named SYNCML-SYNC
first. Bytes go over the bulk endpoints of the data interface that the union descriptor names.
"""

from __future__ import annotations

import errno
import time
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence

from minisyncml.errors import LinkError, TransportError, UsageError
from minisyncml.transport.link import Link

PACKET = 32_768
CHUNK = 16_384          # a multiple of every packet size that USB knows
COMM, OBEX, DATA = 0x02, 0x0B, 0x0A
CS_INTERFACE, UNION = 0x24, 0x06
BULK, IN = 0x02, 0x80
LABEL = "SYNCML-SYNC"
OTHER_LABELS = ("SYNCML-DM",)   # device management: never what we want

Accept = Callable[[Link], bool]


class Id(NamedTuple):
    """Which device, and optionally which of its interfaces; 0 and 0 take any that has an OBEX interface."""

    vendor: int
    product: int
    interface: int = -1


class ObexInterface(NamedTuple):
    """One OBEX endpoint of a device: interface numbers, the setting that has endpoints, their addresses, its name."""

    control: int
    data: int
    setting: int
    out: int
    into: int
    size: int
    label: str


class UsbLink(Link):
    """An OBEX interface of a USB device, claimed for us.

    :param device: a device of pyusb; it is given back on close
    :param interface: which of its interfaces
    :param name: what people call it
    :raises LinkError: when it cannot be claimed
    """

    def __init__(self, device: Any, interface: ObexInterface, name: str) -> None:
        import usb.core
        import usb.util
        self.name = name
        self.packet = PACKET
        self.interface = interface
        self._device = device
        self._late = usb.core.USBTimeoutError
        self._error = usb.core.USBError
        self._util = usb.util
        self._claimed: "list[int]" = []
        try:
            for number in dict.fromkeys((interface.control, interface.data)):
                self._free(number)
                usb.util.claim_interface(device, number)
                self._claimed.append(number)
            device.set_interface_altsetting(interface.data, interface.setting)
        except usb.core.USBError as error:
            self.close()
            raise refused(name, error) from None

    def read(self, timeout: float) -> bytes:
        """Wait for bytes, see :meth:`minisyncml.transport.link.Link.read`.

        :param timeout: seconds
        :returns: at least one byte, or nothing when nothing came in time
        :raises LinkError: when the phone is gone
        """
        end = time.monotonic() + timeout
        while True:
            try:
                data = bytes(self._device.read(self.interface.into, CHUNK, milliseconds(end)))
            except self._late:
                return b""
            except self._error as error:
                raise self._dropped(error) from None
            if data or time.monotonic() >= end:     # an empty packet only ends a transfer
                return data

    def write(self, data: bytes, timeout: float) -> None:
        """Send all of it, see :meth:`minisyncml.transport.link.Link.write`.

        :param data: the bytes
        :param timeout: seconds without any progress
        :raises LinkError: when the phone is gone or takes nothing
        """
        try:
            start = 0
            while start < len(data):
                count = self._device.write(self.interface.out, data[start:start + CHUNK], int(timeout * 1000) + 1)
                if not count:
                    raise LinkError(self._blocked(timeout))
                start += count
            if data and len(data) % self.interface.size == 0:   # the end of a transfer that fills its last packet
                self._device.write(self.interface.out, b"", int(timeout * 1000) + 1)
        except self._late:
            raise LinkError(self._blocked(timeout)) from None
        except self._error as error:
            raise self._dropped(error) from None

    def close(self) -> None:
        """Give the interface back to the phone and the system."""
        steps: "list[tuple[Any, ...]]" = []
        if self.interface.data in self._claimed:
            steps.append((self._device.set_interface_altsetting, self.interface.data, 0))
        steps += [(self._util.release_interface, self._device, number) for number in reversed(self._claimed)]
        steps.append((self._util.dispose_resources, self._device))
        self._claimed = []
        for call, *arguments in steps:
            try:
                call(*arguments)
            except self._error:
                pass    # the phone is gone

    def _free(self, number: int) -> None:
        try:
            if self._device.is_kernel_driver_active(number):
                self._device.detach_kernel_driver(number)
        except NotImplementedError:
            pass    # systems where drivers do not stand in the way

    def _blocked(self, timeout: float) -> str:
        return f"{self.name} took nothing for {timeout:g} s: the phone hangs"

    def _dropped(self, error: Exception) -> LinkError:
        return LinkError(f"the line {self.name} dropped: the phone was unplugged or switched off ({words(error)})")


def identity(text: str) -> Id:
    """Take `VENDOR:PRODUCT[:INTERFACE]` apart: two hexadecimal numbers and a decimal one; empty means any phone.

    :param text: what stands after `usb://`
    :returns: the parts
    :raises UsageError: when it is something else
    """
    parts = text.strip("/").split(":")
    if parts == [""]:
        return Id(0, 0)
    hexadecimal = len(parts) in (2, 3) and all(0 < len(part) <= 4 and part.isalnum() for part in parts)
    try:
        if hexadecimal and text.isascii():
            return Id(int(parts[0], 16), int(parts[1], 16), int(parts[2]) if len(parts) == 3 else -1)
    except ValueError:
        pass
    raise UsageError(f"{text!r} is no USB device; write usb://VENDOR:PRODUCT, for example usb://0421:0508")


def open_usb(wanted: Id, accept: Optional[Accept] = None, backend: Any = None) -> Link:
    """Open the OBEX interface of a USB phone that answers as the caller wants.

    :param wanted: which device
    :param accept: is handed each interface in turn, open, and says whether it is the right one, for example by an
        OBEX CONNECT with the SyncML target; None takes the most likely one. Its TransportError counts as no
    :param backend: a backend of pyusb in place of libusb
    :returns: the line; what `accept` connected stays connected
    :raises LinkError: when there is no such phone, or none of its interfaces is accepted
    """
    label = f"usb://{wanted.vendor:04x}:{wanted.product:04x}" if wanted.vendor else "usb://"
    found = False
    last: Optional[Exception] = None
    for device in find(wanted, backend):
        name = f"usb://{int(device.idVendor):04x}:{int(device.idProduct):04x}"
        for interface in in_order(list(interfaces(device))):
            if wanted.interface in (-1, interface.control):
                found = True
                try:
                    link = UsbLink(device, interface, f"{name}:{interface.control}")
                    if asks(link, accept):
                        return link
                except TransportError as error:
                    last = error
    if last is not None:
        raise last if isinstance(last, LinkError) else LinkError(f"{label}: {last}")
    if found:
        raise LinkError(f"{label}: the phone refused SyncML on each of its OBEX interfaces; choose `PC Suite` mode on "
                        "its screen and close every open dialog")
    raise LinkError(f"{label}: no phone with an OBEX interface is there; choose its `PC Suite` USB mode (mass storage "
                    "and camera modes have none)")


def asks(link: Link, accept: Optional[Accept]) -> bool:
    """Let the caller try an interface, and close it when it is not the one.

    :param link: the interface, open
    :param accept: see :func:`open_usb`
    :returns: whether to keep it
    """
    kept = False
    try:
        kept = accept is None or accept(link)
    finally:
        if not kept:
            link.close()
    return kept


def find(wanted: Id, backend: Any = None) -> "list[Any]":
    """The devices that match.

    :param wanted: vendor and product, 0 for any
    :param backend: a backend of pyusb
    :returns: devices of pyusb
    :raises LinkError: when pyusb or libusb are missing
    """
    try:
        import usb.core
    except ImportError:
        raise LinkError("USB phones need one more package: pip install 'minisyncml[usb]'") from None
    ids = {"idVendor": wanted.vendor, "idProduct": wanted.product} if wanted.vendor else {}
    try:
        return list(usb.core.find(find_all=True, backend=backend, **ids))
    except usb.core.NoBackendError:
        raise LinkError("USB phones need libusb: install the package libusb-1.0-0 (or libusb)") from None
    except usb.core.USBError as error:
        raise LinkError(f"the USB devices cannot be listed ({words(error)})") from None


def interfaces(device: Any) -> "Iterator[ObexInterface]":
    """The OBEX interfaces of a device.

    :param device: a device of pyusb
    :returns: those that have a data interface with two bulk endpoints
    """
    import usb.core
    import usb.util
    try:
        settings = [setting for setting in device.get_active_configuration()]
    except (usb.core.USBError, NotImplementedError):
        return      # not ours to open, or not configured: then it is no phone in PC Suite mode
    for control in settings:
        if (control.bInterfaceClass, control.bInterfaceSubClass) != (COMM, OBEX) or control.bAlternateSetting:
            continue
        number = union(control.extra_descriptors, control.bInterfaceNumber)
        for data in settings:
            out, into = bulk(data)
            if data.bInterfaceNumber == number and data.bInterfaceClass == DATA and out and into:
                try:
                    label = usb.util.get_string(device, control.iInterface) if control.iInterface else ""
                except (usb.core.USBError, ValueError):
                    label = ""      # a phone may name a string that it does not have
                yield ObexInterface(control.bInterfaceNumber, number, data.bAlternateSetting, out.bEndpointAddress,
                                    into.bEndpointAddress, int(out.wMaxPacketSize) & 0x7FF or 64, str(label or ""))
                break


def bulk(setting: Any) -> "tuple[Any, Any]":
    """The bulk endpoints of an interface setting.

    :param setting: an interface of pyusb
    :returns: out and in, None where there is none
    """
    pair = [None, None]
    for endpoint in setting:
        if int(endpoint.bmAttributes) & 3 == BULK:
            pair[1 if int(endpoint.bEndpointAddress) & IN else 0] = endpoint
    return pair[0], pair[1]


def union(extra: Sequence[int], control: int) -> int:
    """The data interface of a control interface (CDC 1.2, section 5.2.3.2).

    :param extra: the functional descriptors
    :param control: number of the control interface
    :returns: number of the data interface; the next one when no union descriptor says so
    """
    at = 0
    while at + 2 < len(extra):
        size = extra[at]
        if size < 3:
            break
        if extra[at + 1] == CS_INTERFACE and extra[at + 2] == UNION and size >= 5 and at + 5 <= len(extra):
            return int(extra[at + 4])
        at += size
    return control + 1


def in_order(found: "list[ObexInterface]") -> "list[ObexInterface]":
    """Which interfaces to ask first: the one named for SyncML, then those without a name, then the others.

    :param found: interfaces of one device
    :returns: the same without those for device management
    """
    wanted = [one for one in found if one.label.upper() not in OTHER_LABELS]
    return sorted(wanted, key=lambda one: 0 if one.label.upper() == LABEL else 1 if not one.label else 2)


def milliseconds(end: float) -> int:
    """What is left until a moment; at least 1, since 0 means for ever to libusb.

    :param end: the moment, on the monotonic clock
    :returns: milliseconds
    """
    return max(1, int((end - time.monotonic()) * 1000))


def refused(name: str, error: Exception) -> LinkError:
    """Words for an interface that cannot be had.

    :param name: the device
    :param error: what pyusb raised
    :returns: the error to raise
    """
    code = getattr(error, "errno", None)
    if code in (errno.EACCES, errno.EPERM):
        return LinkError(f"no right to open {name}: add a udev rule for the phone that sets MODE=\"0660\" and "
                         "GROUP=\"plugdev\", be in that group, and plug it in again")
    if code == errno.EBUSY:
        return LinkError(f"{name} is in use by another program or driver")
    return LinkError(f"{name} cannot be opened ({words(error)})")


def words(error: Exception) -> str:
    """What an error of pyusb says.

    :param error: the error
    :returns: its words, one line
    """
    return str(getattr(error, "strerror", None) or error).partition("\n")[0].lower()
