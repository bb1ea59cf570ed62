"""A USB phone in memory, behind pyusb's own backend interface: descriptors, strings, bulk endpoints, rights."""

from __future__ import annotations

import errno
from typing import Any, Callable, NamedTuple, Optional

import usb.backend
from usb.core import USBError, USBTimeoutError


class Endpoint:
    bLength, bDescriptorType, bInterval, bRefresh, bSynchAddress = 7, 5, 0, 0, 0
    extra_descriptors: "list[int]" = []

    def __init__(self, address: int, kind: int = 2, size: int = 64) -> None:
        self.bEndpointAddress, self.bmAttributes, self.wMaxPacketSize = address, kind, size


class Setting:
    bLength, bDescriptorType, bInterfaceProtocol = 9, 4, 0

    def __init__(self, number: int, alternate: int, kind: "tuple[int, int]", endpoints: "list[Endpoint]",
                 label: int = 0, extra: "tuple[int, ...]" = ()) -> None:
        self.bInterfaceNumber, self.bAlternateSetting, self.iInterface = number, alternate, label
        self.bInterfaceClass, self.bInterfaceSubClass = kind
        self.endpoints, self.bNumEndpoints, self.extra_descriptors = endpoints, len(endpoints), list(extra)


class Wanted(NamedTuple):
    """One OBEX function of a model phone."""

    label: str
    far: Callable[[bytes], bytes]
    union: bool = True


class Phone:
    """The device: a modem interface, then OBEX functions, each a control and a data interface."""

    bLength, bDescriptorType, bcdUSB, bDeviceClass, bDeviceSubClass, bDeviceProtocol = 18, 1, 0x200, 2, 0, 0
    bMaxPacketSize0, bcdDevice, iManufacturer, iProduct, iSerialNumber, bNumConfigurations = 64, 1, 0, 0, 0, 1
    address, bus, port_number, port_numbers, speed = 4, 1, 1, (1,), 3

    def __init__(self, vendor: int, product: int, *functions: Wanted) -> None:
        self.idVendor, self.idProduct = vendor, product
        self.strings = [function.label for function in functions]
        self.settings = [[Setting(0, 0, (2, 2), [Endpoint(0x81, 3)])]]
        self.far: "dict[int, Callable[[bytes], bytes]]" = {}
        for number, function in enumerate(functions):
            control, data, ends = 1 + 2 * number, 2 + 2 * number, (2 + number, 0x82 + number)
            extra = (5, 0x24, 0, 0x10, 1, 5, 0x24, 0x11, 0, 1, 5, 0x24, 6, control, data)
            self.settings.append([Setting(control, 0, (2, 11), [], number + 1 if function.label else 0,
                                          extra if function.union else ())])
            self.settings.append([Setting(data, 0, (10, 0), []),
                                  Setting(data, 1, (10, 0), [Endpoint(end) for end in ends])])
            self.far[ends[0]] = function.far


class Configuration:
    bLength, bDescriptorType, bConfigurationValue, iConfiguration, bmAttributes, bMaxPower = 9, 2, 1, 0, 0x80, 50
    extra_descriptors: "list[int]" = []

    def __init__(self, phone: Phone) -> None:
        self.bNumInterfaces, self.wTotalLength = len(phone.settings), 0


class Bus(usb.backend.IBackend):    # type: ignore[misc]
    """The backend. What it did stands in `log`.

    :param phones: what is plugged in
    :param refuse: raised when an interface is claimed
    """

    def __init__(self, *phones: Phone, refuse: int = 0, driver: Optional[int] = None) -> None:
        self.phones, self.refuse, self.driver = phones, refuse, driver
        self.log: "list[tuple[Any, ...]]" = []
        self.coming: "dict[int, bytes]" = {}
        self.gone = self.deaf = False

    def enumerate_devices(self) -> Any:
        return iter(self.phones)

    def get_parent(self, dev: Any) -> Any:
        return None

    def get_device_descriptor(self, dev: Any) -> Any:
        return dev

    def get_configuration_descriptor(self, dev: Any, config: int) -> Any:
        if config:
            raise IndexError(config)
        return Configuration(dev)

    def get_interface_descriptor(self, dev: Any, intf: int, alt: int, config: int) -> Any:
        return dev.settings[intf][alt]

    def get_endpoint_descriptor(self, dev: Any, ep: int, intf: int, alt: int, config: int) -> Any:
        return dev.settings[intf][alt].endpoints[ep]

    def open_device(self, dev: Any) -> Any:
        return dev

    def close_device(self, dev_handle: Any) -> None:
        self.log.append(("close",))

    def get_configuration(self, dev_handle: Any) -> int:
        return 1

    def set_interface_altsetting(self, dev_handle: Any, intf: int, altsetting: int) -> None:
        self._alive()
        self.log.append(("setting", intf, altsetting))

    def claim_interface(self, dev_handle: Any, intf: int) -> None:
        if self.refuse:
            raise USBError("refused", None, self.refuse)
        self.log.append(("claim", intf))

    def release_interface(self, dev_handle: Any, intf: int) -> None:
        self._alive()
        self.log.append(("release", intf))

    def bulk_write(self, dev_handle: Any, ep: int, intf: int, data: Any, timeout: int) -> int:
        self._alive()
        if self.deaf:
            raise USBTimeoutError("Operation timed out", None, errno.ETIMEDOUT)
        self.log.append(("write", ep, len(data)))
        if len(data):
            self.coming[ep] = self.coming.get(ep, b"") + dev_handle.far[ep](bytes(data))
        return len(data)

    def bulk_read(self, dev_handle: Any, ep: int, intf: int, buff: Any, timeout: int) -> int:
        self._alive()
        assert timeout > 0, "0 waits for ever"
        waiting = self.coming.get(ep & 0x7F, b"")
        if not waiting:
            raise USBTimeoutError("Operation timed out", None, errno.ETIMEDOUT)
        part = waiting[:len(buff)]
        self.coming[ep & 0x7F] = waiting[len(part):]
        for at, byte in enumerate(part):
            buff[at] = byte
        return len(part)

    def ctrl_transfer(self, dev_handle: Any, bmRequestType: int, bRequest: int, wValue: int, wIndex: int, data: Any,
                      timeout: int) -> int:
        index = wValue & 0xFF
        text = dev_handle.strings[index - 1] if index else ""
        if text == "?":
            raise USBError("Pipe error", None, errno.EPIPE)
        body = text.encode("utf-16-le") if index else b"\x09\x04"
        answer = bytes([2 + len(body), 3]) + body
        for at, byte in enumerate(answer[:len(data)]):
            data[at] = byte
        return min(len(answer), len(data))

    def is_kernel_driver_active(self, dev_handle: Any, intf: int) -> bool:
        return intf == self.driver

    def detach_kernel_driver(self, dev_handle: Any, intf: int) -> None:
        self.log.append(("detach", intf))

    def _alive(self) -> None:
        if self.gone:
            raise USBError("No such device (it may have been disconnected)", None, errno.ENODEV)
