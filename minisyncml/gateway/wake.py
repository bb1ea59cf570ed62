"""From a notification to the session that it asks for: which of our datastores, how, under which SessionID."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Optional

from minisyncml import status as codes
from minisyncml.content.kind import bare, fits
from minisyncml.engine.config import VERSIONS
from minisyncml.errors import PeerError
from minisyncml.gateway.names import resolve
from minisyncml.notify import base
from minisyncml.notify.base import Wanted
from minisyncml.notify.inbox import Inbox, Received, read
from minisyncml.notify.legacy import Legacy, alerts
from minisyncml.notify.san import key
from minisyncml.store.base import Store
from minisyncml.sync.run import MODE_NAMES
from minisyncml.sync.uris import plain_uri
from minisyncml.transport.base import Packet

#: what a client asks for when it is alerted (DS Protocol 1.2.1, section 12; Sync Protocol 1.1, section 8)
ANSWERS = {
    base.TWO_WAY: codes.ALERT_TWO_WAY,
    base.FROM_CLIENT: codes.ALERT_ONE_WAY_FROM_CLIENT,
    base.REFRESH_FROM_CLIENT: codes.ALERT_REFRESH_FROM_CLIENT,
    base.FROM_SERVER: codes.ALERT_ONE_WAY_FROM_SERVER,
    base.REFRESH_FROM_SERVER: codes.ALERT_REFRESH_FROM_SERVER,
}
_REFRESH = (codes.ALERT_REFRESH_FROM_CLIENT, codes.ALERT_REFRESH_FROM_SERVER)


class Reply(NamedTuple):
    """A Status that the client owes to a notification in the old form; fields as in a Status."""

    msg_ref: str
    cmd_ref: str
    cmd: str
    target: Optional[str]
    source: Optional[str]
    code: int


class Order(NamedTuple):
    """A session to be run, for :meth:`minisyncml.gateway.client.Client.sync` and what drives an exchange itself."""

    modes: "Mapping[str, str]"          #: our datastores, and a key of MODES for each
    remotes: "Mapping[str, str]"        #: the server's URIs of them, those that are known
    session_id: str = ""                #: empty: ours to choose
    version: str = ""                   #: SyncML version that the server speaks
    encoding: str = ""                  #: "wbxml" or "xml"; empty: the notification does not show it
    server_id: str = ""
    replies: "tuple[Reply, ...]" = ()


def judge(packet: Packet, user: str, password: str, policy: str) -> Received:
    """Check a single notification against the account at the server: it may be signed with the user's name, or with the
    server's identifier (SAN 1.2.1).

    :param packet: as the bearer delivered it
    :param user: our user name at the server, empty when there is none
    :param password: its password
    :param policy: one of :data:`minisyncml.notify.base.POLICIES`
    :returns: for :func:`order_of`
    :raises RemoteProtocolError: when it is no notification
    :raises AuthError: when its proof is wrong or missing
    """
    names = (user, read(packet).notification.server_id) if user else ()
    received = Inbox([key(name, password) for name in names], policy=policy).take(packet, 0.0)
    assert received is not None     # a new inbox knows no repeats
    return received


def order_of(received: Received, stores: "Mapping[str, Store]", remotes: "Optional[Mapping[str, str]]" = None) -> Order:
    """What a notification means for us. A refresh, which replaces everything at one end, is only done for a trusted
    one; otherwise it becomes two-way, as a client may choose (DS Protocol 1.2.1, section 12).

    :param received: from :meth:`minisyncml.notify.inbox.Inbox.take`
    :param stores: our datastores by name
    :param remotes: the server's URIs of them that are settled
    :returns: the session to run
    :raises PeerError: when it asks for nothing that we have
    """
    notification = received.notification
    remotes = remotes or {}
    modes: "dict[str, str]" = {}
    found: "dict[str, str]" = {}
    known: "set[Wanted]" = set()
    for wanted in notification.wanted:
        name = _meant(wanted, {name: store for name, store in stores.items() if name not in modes}, remotes)
        if name is not None:
            known.add(wanted)
            modes[name] = _mode(wanted.code, received.trusted)
            if wanted.uri:
                found[name] = wanted.uri
    if not notification.wanted:
        modes = dict.fromkeys(stores, MODE_NAMES[codes.ALERT_TWO_WAY])
    if not modes:
        names = ", ".join(repr(wanted.uri[:60]) for wanted in notification.wanted)
        raise PeerError(f"the server wants to sync {names or 'everything'}: there is nothing like it here",
                        codes.NOT_FOUND)
    legacy = received.form if isinstance(received.form, Legacy) else None
    version = notification.version if notification.version in VERSIONS else ""
    return Order(modes, found, notification.session_id, version, legacy.encoding if legacy is not None else "",
                 notification.server_id, _replies(legacy, known) if legacy is not None else ())


def _meant(wanted: Wanted, stores: "Mapping[str, Store]", remotes: "Mapping[str, str]") -> Optional[str]:
    """Which of our datastores, by our name of it, the server's, one that is known for the same, at last by type."""
    if wanted.target:
        name = resolve(wanted.target, stores)
        if name is not None:
            return name
    for name in stores:
        if name in remotes and plain_uri(remotes[name]) == plain_uri(wanted.uri):
            return name
    name = resolve(wanted.uri, [name for name in stores if name not in remotes]) if wanted.uri else None
    if name is not None or not wanted.type:
        return name
    fitting = [name for name, store in stores.items() if fits(bare(wanted.type), store.types)]
    return fitting[0] if len(fitting) == 1 else None


def _mode(code: int, trusted: bool) -> str:
    answer = ANSWERS.get(code, code)
    if answer in _REFRESH and not trusted:
        answer = codes.ALERT_TWO_WAY
    return MODE_NAMES.get(answer, MODE_NAMES[codes.ALERT_TWO_WAY])


def _replies(form: Legacy, known: "set[Wanted]") -> "tuple[Reply, ...]":
    header = form.message.header
    found = [Reply(header.msg_id, "0", "SyncHdr", header.target, header.source, codes.OK)]
    wanted = iter(form.notification.wanted)
    for alert in alerts(form.message):
        for item in alert.items:
            code = codes.OK if next(wanted) in known else codes.NOT_FOUND
            found.append(Reply(header.msg_id, alert.cmd_id, "Alert", item.target, item.source, code))
    return tuple(found)
