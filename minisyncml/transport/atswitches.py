"""The makers' ways from AT mode into OBEX, as a table, and which to try on which phone. Nothing is sent here."""

from __future__ import annotations

from typing import NamedTuple

from minisyncml.errors import UsageError


class Identity(NamedTuple):
    """What a phone says of itself; empty where it does not."""

    manufacturer: str
    model: str
    firmware: str


class Switch(NamedTuple):
    """One maker's way into OBEX.

    `probe` must be answered OK, with the word `needs` in the answer; `makers` are words of the manufacturers' names
    whose phones know it; on the models `not_on` it must not be tried; `pause` is how many seconds a phone needs after
    OBEX was disconnected until it takes commands.
    """

    name: str
    command: str
    probe: str = ""
    needs: str = ""
    makers: "tuple[str, ...]" = ()
    not_on: "tuple[str, ...]" = ()
    pause: float = 1.0


#: in the order of tries; a switch of the phone's own maker comes before all others
SWITCHES = (
    Switch("cprot", "AT+CPROT=0", "AT+CPROT=?", makers=("sagem",)),
    Switch("sqwe3", "AT^SQWE=3", "AT^SQWE?", makers=("siemens", "benq")),
    Switch("sbfb", "AT^SBFB=1", "AT^SBFB=?", makers=("siemens",)),
    Switch("syncml-mobexstart", "AT+SYNCML=MOBEXSTART", "AT+SYNCML=?", "MOBEXSTART", ("samsung",), pause=2.0),
    Switch("tsspcsw", "AT$TSSPCSW=1", "AT$TSSPCSW=?", "1", ("samsung",), pause=2.0),
    Switch("mode22", "AT+MODE=22", "AT+MODE=2", makers=("motorola",),
           not_on=("U6", "L7", "K1", "Z6C", "V180", "E790", "A1200", "A1200E", "MC75", "J700", "J750", "D980")),
    Switch("eobex", "AT*EOBEX", "AT*EOBEX=?", makers=("ericsson", "sony")),
    Switch("xlnk", "AT+XLNK", makers=("sharp",)),
    Switch("msync", "AT+MSYNC"),
)
NAMES = ("none",) + tuple(switch.name for switch in SWITCHES)


def by_name(name: str) -> Switch:
    """The switch of a name.

    :param name: one of :data:`NAMES` but `none`
    :returns: the switch
    :raises UsageError: when there is none
    """
    for switch in SWITCHES:
        if switch.name == name:
            return switch
    raise UsageError(f"there is no AT switch {name!r}; known are {', '.join(NAMES)}")


def order_of_tries(identity: Identity) -> "list[Switch]":
    """Which switches to try on a phone, and in which order.

    :param identity: what it says of itself
    :returns: switches of its maker first, then all others that can be probed; BFB framing, which is not spoken here,
        comes last and only for a Siemens, to be named in the error
    """
    maker, model = identity.manufacturer.lower(), identity.model.upper()
    allowed = [switch for switch in SWITCHES if not any(bad in words(model) for bad in switch.not_on)]
    own = [switch for switch in allowed if any(name in maker for name in switch.makers)]
    rest = [switch for switch in allowed if switch not in own and switch.probe and switch.name != "sbfb"]
    return sorted(own + rest, key=lambda switch: switch.name == "sbfb")


def words(text: str) -> "list[str]":
    """Letters and digits that stand together.

    :param text: for example `MOTO L7-GSM`
    :returns: for example MOTO, L7, GSM
    """
    return "".join(letter if letter.isalnum() else " " for letter in text).split()
