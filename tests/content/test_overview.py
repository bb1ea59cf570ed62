"""The map of the room names what is in it."""

from __future__ import annotations

from pathlib import Path

from minisyncml import content


def test_every_module_is_on_the_map() -> None:
    text = content.__doc__ or ""
    named = set(text.split("`")[1::2])
    modules = {path.stem for path in Path(content.__file__ or "").parent.glob("*.py")} - {"__init__"}
    assert named == modules
