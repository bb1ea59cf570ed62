"""What may stand in the switches of a profile: kinds of values and choices. Loaded only where a file is read.
"""

from __future__ import annotations

from typing import Optional, Tuple

from minisyncml.errors import UsageError
from minisyncml.profile.values import DEFAULT, MODES, Profile

PROOFS = ("device", "recording", "source", "guess")     #: how sure a value is, the surest first
#: what may stand in a switch that is no free text, or in each entry of one that is a list
CHOICES = {
    "protocol": ("auto", "1.0", "1.1", "1.2"),
    "encoding": ("auto", "wbxml", "xml"),
    "namespace": ("declared", "none", "echo"),
    "devinf_out": ("no-ctcap", "no-size", "no-get"),
    "item_status": ("each", "omit"),
    "open_conflict": ("409", "202"),
    "slow_cmd": ("replace", "add"),
    "modes": MODES,
    "san": ("1.2", "1.1", "1.0"),
    "at_switch": ("", "none", "cprot", "sqwe3", "sbfb", "syncml-mobexstart", "tsspcsw", "mode22", "eobex", "xlnk",
                  "msync"),
    "eob_mode": ("body-last", "empty-last"),
    "store_name_match": ("exact", "ignore-case", "source"),
    "time_mode": ("auto", "utc", "local", "tz", "received-as-utc"),
    "alarm_mode": ("auto", "absolute", "relative"),
    "charset_in": ("utf-8", "latin-1", "cp1252"),
    "charset_out": ("utf-8", "latin-1", "cp1252"),
    "eol": ("crlf", "lf"),
    "all_day": ("date", "epoc", "next-midnight"),
    "devinf_sizes": ("trust", "ignore"),
    "empty_props": ("keep", "drop"),
}
#: the switches: what a file may set one by one; `stores` and `field_limits` are tables of their own
SWITCHES = tuple(name for name in Profile._fields if name not in ("name", "title", "layers", "stores", "field_limits"))


def checked(switch: str, value: object, where: str) -> object:
    """A value as the profile holds it.

    :param switch: its name
    :param value: as read
    :param where: the file, for the message
    :returns: the value; a list as a tuple, a whole number as a float where one belongs
    :raises UsageError: when there is no such switch, or the value is none for it
    """
    if switch not in SWITCHES:
        raise UsageError(f"{where}: there is no switch {switch!r}")
    default = getattr(DEFAULT, switch)
    choices = CHOICES.get(switch)
    if isinstance(default, tuple):
        return texts(value, where, switch, choices)
    if isinstance(default, bool):
        good, words = isinstance(value, bool), "true or false"
    elif isinstance(default, (int, float)):
        kinds = (int, float) if isinstance(default, float) else int
        good = isinstance(value, kinds) and not isinstance(value, bool) and 0 <= value < 2 ** 31
        words = "a number"
    else:
        good, words = isinstance(value, str) and (choices is None or value in choices), "text"
        words = f"one of {', '.join(choice or repr(choice) for choice in choices)}" if choices else words
        good = good and (switch != "min_date" or _is_date(str(value)))
    if not good:
        raise UsageError(f"{where}: {switch} must be {words}, not {value!r}")
    return float(value) if isinstance(default, float) and isinstance(value, int) else value


def texts(value: object, where: str, key: str, choices: "Optional[Tuple[str, ...]]" = None) -> "Tuple[str, ...]":
    """A list of texts.

    :param value: as read
    :param where: the file, for the message
    :param key: what is set, for the message
    :param choices: what the texts may be, None: anything
    :returns: the texts
    :raises UsageError: when it is none
    """
    found = tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, (list, tuple)) else None
    if found is None or len(found) != len(value) or choices and not set(found) <= set(choices):  # type: ignore[arg-type]
        of = f" out of {', '.join(choices)}" if choices else ""
        raise UsageError(f"{where}: {key} must be a list of texts{of}, not {value!r}")
    return found


def _is_date(text: str) -> bool:
    return not text or len(text) == 10 and text.replace("-", "").isdigit() and text[4] == text[7] == "-"
