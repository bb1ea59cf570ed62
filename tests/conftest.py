"""For all tests: no proxy of this machine between two ends on loopback, no state outside temporary folders."""

from __future__ import annotations

import gc

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: no collection of garbage need look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> "object":
    patch = pytest.MonkeyPatch()
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        patch.delenv(name, raising=False)
        patch.delenv(name.upper(), raising=False)
    patch.delenv("MINISYNCML_PASSWORD", raising=False)
    patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("xdg")))
    yield None
    patch.undo()
