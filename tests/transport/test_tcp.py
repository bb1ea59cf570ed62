"""TCP lines on real sockets."""

from __future__ import annotations

import threading

import pytest

from minisyncml.errors import LinkError, UsageError
from minisyncml.transport import tcp

ANY = bytes(range(256))


@pytest.mark.parametrize("text, parts", [
    ("127.0.0.1:650", ("127.0.0.1", 650)), ("phone.example", ("phone.example", 650)), ("[::1]:6500", ("::1", 6500)),
    ("[::1]", ("::1", 650)), ("h:0", ("h", 0)), ("h:65535", ("h", 65535)),
])
def test_addresses(text: str, parts: "tuple[str, int]") -> None:
    assert tcp.address(text) == parts


@pytest.mark.parametrize("text", ["", ":650", "::1", "h:x", "h:65536", "h:-1", "h:", "[]:1", "h:\u0661"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError):
        tcp.address(text)


def test_call_and_be_called() -> None:
    with tcp.listen("127.0.0.1", 0) as listener:
        assert listener.port and listener.name == f"tcp://127.0.0.1:{listener.port}"
        assert listener.accept(0) is None
        with tcp.connect("127.0.0.1", listener.port) as ours:
            theirs = listener.accept(5)
            assert theirs is not None and theirs.packet == ours.packet == tcp.PACKET
            assert theirs.name == f"{listener.name} from 127.0.0.1"
            ours.write(ANY, 1)
            assert theirs.read(5) == ANY
            assert theirs.read(0) == b""
            data = ANY * 20_000
            writer = threading.Thread(target=theirs.write, args=(data, 10))
            writer.start()
            got = b""
            while len(got) < len(data):
                got += ours.read(5)
            writer.join()
            assert got == data
            with pytest.raises(LinkError, match="took nothing for 0.01 s"):
                ours.write(bytes(1 << 25), 0.01)
            theirs.close()
            with pytest.raises(LinkError, match="dropped"):
                while True:
                    ours.read(5)


def test_a_listener_goes_on_after_a_caller_is_gone() -> None:
    with tcp.listen("127.0.0.1", 0) as listener:
        for number in b"12":
            with tcp.connect("127.0.0.1", listener.port) as link:
                link.write(bytes([number]), 1)
            called = listener.accept(5)
            assert called is not None and called.read(5) == bytes([number])
            with pytest.raises(LinkError, match="dropped"):
                called.read(5)
            called.close()
    with pytest.raises(LinkError, match="takes no calls any more"):
        listener.accept(0)


def test_nobody_there() -> None:
    with tcp.listen("127.0.0.1", 0) as listener:
        port = listener.port
        with pytest.raises(LinkError, match=f"cannot listen on 127.0.0.1 port {port}: address already in use"):
            tcp.listen("127.0.0.1", port)
    with pytest.raises(LinkError, match=f"^tcp://127.0.0.1:{port}: nobody listens there$"):
        tcp.connect("127.0.0.1", port)
    with pytest.raises(LinkError, match="there is no such host"):
        tcp.connect("name.invalid.", 650)
    with pytest.raises(LinkError, match="there is no such host"):
        tcp.listen("a" * 70, 0)
