"""What a phone says without being changed: who it is by AT commands, which OBEX services it has."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

from minisyncml.errors import Error, LinkError, ObexError
from minisyncml.gateway.archive import called
from minisyncml.message.devinf import DataStore, DevInf
from minisyncml.obex import codes
from minisyncml.profile import Identity
from minisyncml.transport.at import SPEEDS, Dialogue
from minisyncml.transport.link import Link
from minisyncml.transport.obex import ObexClient

ASKING = 10.0       #: seconds for each service to answer
#: what may be asked for, in this order, and what it is good for
TARGETS = (("SyncML", codes.SYNCML), ("IrMC", codes.IRMC), ("file browsing", codes.FOLDERS), ("object push", b""))


class Service(NamedTuple):
    """What a phone said when it was asked for an OBEX service."""

    name: str
    there: bool
    words: str


class Survey:
    """One look at a phone. Each part can be asked for once, in this order; :meth:`close` brings it back to AT mode.

    :param link: the open line; closed with the survey
    :param wait: waits some seconds, as phones need
    :ivar identity: what it says of itself
    :ivar switch: how OBEX was entered, `none` when the phone was there already
    """

    def __init__(self, link: Link, wait: "Callable[[float], object]") -> None:
        self.link = link
        self.identity = Identity()
        self.switch = "none"
        self.speed = 0
        self._left = False      # a session ended properly, and none began since
        self._dialogue = Dialogue(link, wait=wait)

    def answers(self, patience: float) -> bool:
        """Find out in which mode the phone is.

        :param patience: seconds to listen for one in OBEX mode
        :returns: True when it answers AT commands, False when it is in OBEX mode already
        :raises LinkError: when nothing there speaks either; the words say what is there instead
        """
        if self._dialogue.in_obex(patience):
            return False
        self._dialogue.wake(SPEEDS)
        self.speed = self._dialogue.speed
        return True

    def identify(self) -> Identity:
        """Ask who it is, in AT mode.

        :returns: maker, model and firmware
        :raises LinkError: when the line drops
        """
        said = self._dialogue.identify()
        self.identity = Identity(said.manufacturer, said.model, said.firmware)
        return self.identity

    def enter(self, switch: str) -> str:
        """Go from AT mode to OBEX.

        :param switch: the one to try first
        :returns: the one that worked
        :raises LinkError: when none does
        """
        self.switch = self._dialogue.enter_obex(switch, self._dialogue.identity, patience=0.0)
        return self.switch

    def services(self, password: str = "", timeout: float = ASKING) -> "list[Service]":
        """Ask for each OBEX service.

        :param password: the one that is set on the phone
        :param timeout: seconds for each
        :returns: what it said, until it fell silent
        """
        found: "list[Service]" = []
        for name, target in TARGETS:
            try:
                self._visit(target, password, timeout)
                found.append(Service(name, True, "answers"))
            except ObexError as error:
                found.append(Service(name, False, words_of(error)))
            except Error as error:
                found.append(Service(name, False, str(error)))
                if isinstance(error, LinkError):
                    return found
        there = [target for (_, target), one in zip(TARGETS, found) if one.there]
        if there and not self._left:
            self._visit(there[0], password, timeout)    # a phone that refused waits for another try, not for commands
        return found

    def _visit(self, target: bytes, password: str, timeout: float) -> None:
        if self._left and self.switch != "none":
            self._dialogue.enter_obex(self.switch, patience=0.2)    # it left OBEX with the last service
        self._left = False
        client = ObexClient(self.link, timeout=timeout, password=password)
        client.connect(target)
        client.disconnect()
        self._left = True

    def close(self) -> None:
        """Hang up, and bring the phone back to AT mode. Never raises."""
        try:
            if self.switch != "none":
                self._dialogue.leave(self.switch)
        except Error:
            pass
        finally:
            self.link.close()

    def __enter__(self) -> "Survey":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def words_of(error: ObexError) -> str:
    """A refusal in words.

    :param error: what the phone answered
    :returns: for example `forbidden (0x43): look at the phone's screen ...`
    """
    if error.code == codes.NOT_FOUND:
        return "is not there (0x44)"
    return codes.words(error.code)


def store_words(store: DataStore) -> str:
    """A database of a phone in words.

    :param store: from its DevInf
    :returns: its name and the types that it takes, the preferred one first
    """
    types = [kind for kind in (store.rx_pref, *store.rx) if kind is not None]
    names = dict.fromkeys(f"{kind.type} {kind.version or ''}".strip() for kind in types)
    label = f" ({store.display_name})" if store.display_name and store.display_name != store.source_ref else ""
    return f"{store.source_ref}{label}: " + (", ".join(names) or "it does not say what it takes")


def name_of(devinf: Optional[DevInf], identity: Identity) -> str:
    """What people call a phone.

    :param devinf: what it said by SyncML
    :param identity: what it said by AT
    :returns: for example `Nokia 6230`, or `the phone`
    """
    man, mod = (devinf.man or "", devinf.mod or "") if devinf is not None else ("", "")
    return called(man or identity.man, mod or identity.mod) or "the phone"
