"""The address of a server of which only the host is known: the paths that SyncML servers use are tried one after the
other with a first message, without credentials and items. What answered is remembered under the name that was given.
"""

from __future__ import annotations

import os
import time
from typing import Callable, Optional

from minisyncml.errors import Error, RefusedError, RemoteProtocolError, TransportError, UsageError
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.manners import learn
from minisyncml.gateway.options import Options
from minisyncml.limits import DEFAULT, Limits
from minisyncml.message import document
from minisyncml.store.peers import Peers
from minisyncml.transport.http import HttpTransport

#: the root of a server of its own, then what servers are known by: Funambol, Horde, eGroupware, Open-Xchange, Oracle
PATHS = ("/", "/syncml", "/sync", "/funambol/ds", "/rpc.php", "/horde/rpc.php", "/egroupware/rpc.php",
         "/servlet/syncml", "/sync/server", "/mobilesync/server", "/services/syncml")
SECONDS = 60.0                  #: for all tries together
#: what a web server says of an address that is none any more
GONE = (404, 405, 410)
#: what servers answer that take XML only
NOT_WBXML = (400, 406, 415, 500, 501)
URL = "url"                     #: where the memory of a name keeps what it led to


def is_host(target: str) -> bool:
    """Whether a target leaves open where on a host the server is.

    :param target: what the user gave
    :returns: True for `example.org`, `example.org:8080`, `https://example.org`
    """
    scheme, found, rest = target.rpartition("://")
    return (not found or scheme.lower() in ("http", "https")) and bool(rest) and not set("/?#=@") & set(rest)


def remembered(peers: Peers, target: str) -> str:
    """Where a host led to the last time.

    :param peers: what is known of devices
    :param target: what the user gave
    :returns: a URL, empty when nothing is remembered
    """
    url = peers.get(target).get(URL)
    return url if isinstance(url, str) else ""


def near(host: str) -> bool:
    """Whether what is sent to a host stays on this machine or in its own network.

    :param host: name or address
    :returns: True for this machine and for addresses that are not routed; names of other machines are never near
    """
    import ipaddress
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host.lower() == "localhost"
    return address.is_loopback or address.is_private or address.is_link_local


class Search:
    """Looks for a server on a host.

    :param peers: where the outcome is remembered
    :param reach: makes the way to an address, within bounds
    :param device: what we call ourselves
    :param limits: bounds of a session; those of a try are tighter
    :param progress: is told which address is tried
    :param clock: seconds that only go forward
    :param seconds: for all tries together
    """

    def __init__(self, peers: Peers, reach: "Callable[[str, Limits], HttpTransport]", device: str = "",
                 limits: Limits = DEFAULT, progress: Callable[[str], None] = lambda words: None,
                 clock: Callable[[], float] = time.monotonic, seconds: float = SECONDS) -> None:
        self._peers, self._reach, self._progress, self._clock = peers, reach, progress, clock
        self._options = Options(device or peers.identity, os.urandom, clock)
        self._limits = limits._replace(connect_timeout=min(limits.connect_timeout, 5.0), retries=0,
                                       read_timeout=min(limits.read_timeout, 10.0))
        self._seconds = seconds
        self._tried: "list[str]" = []
        self._dead = False      # the host did not even answer
        self._open = False      # the user wants it without TLS

    def find(self, target: str) -> str:
        """The address of the SyncML server on a host. Without https nothing is asked of a host that is not near, unless
        the user wrote http://.

        :param target: for example `example.org`, `192.168.1.5:8080` or `http://example.org`
        :returns: its URL
        :raises TransportError: when none of the addresses answers as one; the words name them
        :raises UsageError: when it is no host
        """
        given, _, rest = target.rpartition("://")
        schemes = (given.lower(),) if given else _schemes(rest)
        end, self._tried = self._clock() + self._seconds, []
        for scheme in schemes:
            for path in PATHS:
                url = f"{scheme}://{rest}{path}"
                self._open = given.lower() == "http"
                if self._clock() >= end:
                    raise self._failed(target, f"no time was left after {self._seconds:.0f} seconds")
                said = self._try(url)
                if said is None:
                    self._peers.set(target, {URL: url})
                    return url
                self._tried.append(f"{url}: {said}")
                if self._dead:
                    break
        only_https = "" if given or len(schemes) > 1 else f"http:// was not tried; say http://{rest} if you want that"
        raise self._failed(target, only_https)

    def _failed(self, target: str, more: str) -> TransportError:
        return TransportError(f"no SyncML server was found on {target}. Tried " + "; ".join(
            [*self._tried, *([more] if more else [])]))

    def _try(self, url: str) -> Optional[str]:
        """Send a first message.

        :returns: None when SyncML was answered, else what is there instead
        """
        self._progress(f"trying {url}")
        for encoding in ("wbxml", "xml"):
            try:
                said = self._ask(self._reach(url, self._limits), url, encoding)
            except RefusedError as error:
                if error.code in NOT_WBXML and encoding == "wbxml":
                    continue
                return f"HTTP {error.code}"
            except UsageError:
                raise
            except Error as error:
                return str(error)
            if said is None and encoding == "xml":
                learn(self._peers, url, {"encoding": "xml"})
            return said
        return "HTTP error"

    def _ask(self, way: HttpTransport, url: str, encoding: str) -> Optional[str]:
        exchange = Exchange.client(self._options._replace(encoding=encoding), {}, Peers(), url)
        packet = exchange.inquire(tell=False)
        try:
            answer = way.send(packet) if packet is not None else None
        finally:
            way.close()
            self._dead = not way.reached
        if not self._open and way.landed.lower().startswith("http:") and not near(_host(way.landed.split("/")[2])):
            return f"it leads to {way.landed}, which is not encrypted"
        if answer is None:
            return "an empty answer"
        try:
            document.parse(answer.body, answer.content_type, self._limits)      # a refusal is an answer, too
        except RemoteProtocolError:
            return "something that is no SyncML"
        return None


def _schemes(rest: str) -> "tuple[str, ...]":
    """What to try at `HOST:PORT`. A server on a port of its own in the house mostly is one without TLS, and would let
    who wants that wait."""
    host, port = _host(rest), rest.rpartition("]")[2].rpartition(":")[2]
    if not near(host):
        return ("https",)
    return ("http", "https") if ":" in rest.rpartition("]")[2] and not port.endswith("443") else ("https", "http")


def _host(rest: str) -> str:
    """The host of `HOST:PORT`."""
    if rest.startswith("["):
        return rest.partition("]")[0][1:]
    return rest.partition(":")[0]
