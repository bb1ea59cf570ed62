"""Our stores, each against the suite."""

from __future__ import annotations

from pathlib import Path

from minisyncml.limits import Limits
from minisyncml.store.batch import Keeper
from minisyncml.store.memory import MemoryStore
from minisyncml.store.tiny import TinyStore
from minisyncml.store.vdir import VdirStore

from .suite import StoreTests

TYPES = (("text/x-vcard", "2.1"), ("text/vcard", "3.0"))


class TestMemory(StoreTests):
    lasting = False

    def make(self, where: Path, limits: Limits) -> Keeper:
        return MemoryStore(TYPES, limits)


class TestTiny(StoreTests):
    def make(self, where: Path, limits: Limits) -> Keeper:
        return TinyStore(str(where / "data" / "contacts.tinydb"), TYPES, limits)


class TestVdir(StoreTests):
    def make(self, where: Path, limits: Limits) -> Keeper:
        return VdirStore(str(where / "contacts"), str(where / "data" / "contacts.journal"), TYPES, ".vcf", limits)
