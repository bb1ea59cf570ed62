"""Status slots: one for each command and item received, filled once, emitted in order. Plain lists, so that they
travel in the state of a session.

Order and refs: Representation 1.2.2, section 6.1.15 (Status).
"""

from __future__ import annotations

from collections import deque
from typing import Deque, Optional, Sequence

from minisyncml import status as codes
from minisyncml.codec.node import Node
from minisyncml.errors import LocalProtocolError
from minisyncml.message.commands import Item, Meta, Status

# one slot: [msg_ref, cmd_ref, cmd, target_ref, source_ref, quiet, code (0: open), echoed anchor, texts, chal]
FAILURES = 2    # quiet: only errors are of interest
MSG, CMD_REF, CMD, TARGET, SOURCE, QUIET, CODE, ANCHOR, TEXTS, CHAL = range(10)


class Slots:
    """The answers owed to the peer.

    :param state: plain values from an earlier `state`, or None
    """

    def __init__(self, state: "Optional[list[object]]" = None) -> None:
        self.first: int = state[0] if state else 0  # type: ignore[assignment]
        self.rows: "Deque[list[object]]" = deque(list(row) for row in state[1]) if state else deque()  # type: ignore[attr-defined]
        self._parted: "list[object]" = []       # MsgRef and CmdRef of a command that has no common answer

    def state(self) -> "list[object]":
        """Everything as plain values.

        :returns: a list for the constructor
        """
        return [self.first, [list(row) for row in self.rows]]

    def open(self, msg: str, cmd_id: str, cmd: str, target: Optional[str] = None, source: Optional[str] = None,
             quiet: bool = False, bad_news: bool = False) -> int:
        """A new slot at the end.

        :param msg: MsgID of the message answered
        :param cmd_id: CmdID of the command answered, `0` for SyncHdr
        :param cmd: its element name
        :param target: TargetRef
        :param source: SourceRef
        :param quiet: the sender wants no answer (NoResp); the slot is filled all the same
        :param bad_news: the sender wants none but an error
        :returns: the number of the slot
        """
        self.rows.append([msg, cmd_id, cmd, target, source, quiet or (FAILURES if bad_news else False), 0, None,
                          (), None])
        return self.first + len(self.rows) - 1

    def fill(self, slot: int, code: int, anchor: Optional[str] = None, texts: "Sequence[str | tuple[str, str]]" = (),
             chal: Optional[Meta] = None) -> None:
        """Answer a slot.

        :param slot: its number
        :param code: SyncML status code
        :param anchor: the peer's Next anchor, echoed to an Alert
        :param texts: one Item/Data each: explanations, versions; or source and target of an Item
        :param chal: a challenge
        :raises LocalProtocolError: when it was filled before
        """
        row = self.rows[slot - self.first]
        if row[CODE]:
            raise LocalProtocolError(f"status slot {slot} ({row[CMD]}) filled twice")
        row[CODE:] = [code, anchor, list(texts), list(chal[:6]) if chal else None]

    def take(self, together: bool = False) -> "tuple[Optional[Status], int]":
        """The next Status to send, without removing it; its CmdID is still empty.

        :param together: whether one Status may answer all items of a command alike
        :returns: the Status, None when all are sent; how many slots it answers
        :raises LocalProtocolError: when the next one was never filled
        """
        while self.rows and _silent(self.rows[0]):
            self.taken()
        if not self.rows:
            return None, 0
        count, whole = self._alike() if together else (1, False)
        msg, ref, cmd, target, source, _, code, anchor, texts, chal = self.rows[0]
        if not code:
            raise LocalProtocolError(f"status slot {self.first} ({cmd} {ref}) never filled")
        if count > 1:
            run = [] if whole else [self.rows[number] for number in range(count)]
            targets, sources = (tuple(str(row[ref]) for row in run if row[ref] is not None) for ref in (TARGET, SOURCE))
            return Status("", str(msg), str(ref), str(cmd), int(code), targets, sources), count  # type: ignore[call-overload]
        items = tuple(Item(data=text.encode()) if isinstance(text, str) else Item(text[0] or None, text[1] or None)
                      for text in texts)  # type: ignore[attr-defined]
        if anchor is not None:
            items = (Item(data=Node("Data", [Node("Anchor", [Node("Next", [str(anchor)])])])),) + items
        return Status("", str(msg), str(ref), str(cmd), int(code),  # type: ignore[call-overload]
                      () if target is None else (str(target),), () if source is None else (str(source),),
                      Meta(*chal) if chal else None, items), 1  # type: ignore[misc]

    def _alike(self) -> "tuple[int, bool]":
        """How many of the first slots one Status may answer, and whether those are all of their command: then it need
        not name them."""
        first = self.rows[0]
        whole = self._parted != first[:CMD]
        if first[ANCHOR] is not None or first[TEXTS] or first[CHAL]:
            return 1, False
        what, count = first[QUIET:], 0
        for row in self.rows:
            if row[:TARGET] != first[:TARGET]:
                break
            if row[QUIET:] != what:
                self._parted, whole = first[:CMD], False
                break
            count += 1
        return count, whole

    def taken(self, count: int = 1) -> None:
        """The Status of :meth:`take` is on its way.

        :param count: how many slots it answers
        """
        for _ in range(count):
            self.rows.popleft()
        self.first += count

    def forget(self) -> None:
        """Nothing more is owed."""
        self.first += len(self.rows)
        self.rows.clear()

    def only_header(self) -> bool:
        """Whether nothing is owed but the good news that a message arrived, which a client keeps to itself.

        :returns: True when there is nothing but successful Statuses for SyncHdr
        """
        return all(row[QUIET] is True or _silent(row) or _welcome(row) for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def _welcome(row: "list[object]") -> bool:
    return row[CMD] == "SyncHdr" and codes.succeeded(row[CODE])     # type: ignore[arg-type]


def _silent(row: "list[object]") -> bool:
    """Whether a slot is filled with what the peer does not want to hear."""
    if row[QUIET] == FAILURES:
        return codes.succeeded(row[CODE])   # type: ignore[arg-type]
    return bool(row[QUIET] and row[CODE])
