"""The conflict policies that look into items, or ask a person: see :mod:`minisyncml.sync.conflict`."""

from __future__ import annotations

from minisyncml import status as codes
from minisyncml.content.written import written
from minisyncml.sync.asking import Theirs, keep
from minisyncml.sync.conflict import REASON, Clash, Policy, policy


class Newest(Policy):
    """The item's own word counts. No clock of ours is asked."""

    def settle(self, clash: Clash) -> int:
        ours, theirs = written(clash.mine.body), written(clash.came)
        wins = "server-wins" if ours is not None and theirs is not None and ours > theirs else "client-wins"
        return policy(wins).settle(clash)

    def edit_beats_deletion(self, by_client: bool) -> bool:
        return True


class Merge(Policy):
    """Both count, field by field; what contradicts is for a person to sort out.

    :param otherwise: name of the policy where both changed the same
    """

    wants_shadow = True

    def __init__(self, otherwise: str = "keep-both") -> None:
        self._otherwise = otherwise

    @property
    def in_slow(self) -> Policy:
        return Merge("server-wins") if self._otherwise == "keep-both" else self

    def settle(self, clash: Clash) -> int:
        both, mine, entry = clash.merged(), clash.mine, clash.entry._replace(flags=0)
        if both is None:
            return policy(self._otherwise).settle(clash)
        if both == mine.body:
            clash.batch.set_entry(clash.peer, entry)
            return codes.CONFLICT_SERVER_WON        # theirs says nothing more
        row = clash.batch.put(mine.id, mine.type, both, REASON)
        if both != clash.body:
            clash.batch.set_entry(clash.peer, entry)    # it goes out
            return codes.CONFLICT_MERGED
        clash.batch.set_entry(clash.peer, entry._replace(seen=row.revision))
        return codes.CONFLICT_CLIENT_WON

    def edit_beats_deletion(self, by_client: bool) -> bool:
        return True


class Ask(Policy):
    """Both versions are kept, and neither goes anywhere, until a person says which one counts."""

    wants_shadow = asks = True

    def settle(self, clash: Clash) -> int:
        keep(clash.batch, clash.peer, clash.entry, Theirs(clash.type, clash.body), clash.merged())
        return codes.CONFLICT

    def edit_beats_deletion(self, by_client: bool) -> bool:
        return True


POLICIES: "dict[str, Policy]" = {"newest": Newest(), "merge": Merge(), "ask": Ask()}
