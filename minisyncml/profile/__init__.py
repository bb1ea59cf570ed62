"""What a peer is like where the protocol leaves a choice: values, not branches, found by what it says of itself.

A profile is layers of values, one on top of the other: default, maker, model, firmware, the user's file, and what was
learnt with the very device. The files are in profiles/.
"""

from __future__ import annotations

from minisyncml.profile.layers import Row, explain, find, names
from minisyncml.profile.match import UNKNOWN, Identity, capability
from minisyncml.profile.values import DEFAULT, MODES, FieldLimit, Profile, StoreValue

__all__ = ["DEFAULT", "MODES", "UNKNOWN", "FieldLimit", "Identity", "Profile", "Row", "StoreValue", "capability",
           "explain", "find", "names"]
