"""Too much of everything: what an attack costs the server in memory and steps, and that it costs nobody else anything.

Memory is what Python allocates at most while the message is answered; work is the number of calls, which no other job
on the machine changes.
"""

from __future__ import annotations

import sys
import tracemalloc
from typing import Any, Callable

import pytest
from hostile import ALERT, BASE, Talker, World, add, cred, sync

from minisyncml.errors import DecodeError, LimitError, RemoteProtocolError
from minisyncml.limits import DEFAULT

MB = 1 << 20
LIMITS = DEFAULT._replace(max_message=MB // 2, max_commands=8192)   # an eighth of what they are, to be quick
EXEC = "<Exec><CmdID>1</CmdID></Exec>"
STATUS = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>7</CmdRef><Cmd>Add</Cmd><Data>200</Data></Status>"
GET = "<Get><CmdID>1</CmdID><Item><Target><LocURI>./devinf12</LocURI></Target></Item></Get>"
ENDLESS = f"<Meta><MaxMsgSize>{'9' * 18}</MaxMsgSize></Meta>"
TINY = "<Meta><MaxMsgSize>1</MaxMsgSize></Meta>"


def peak(work: "Callable[[], Any]") -> int:
    """Bytes that were in use at most, beyond what was before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def calls(work: "Callable[[], Any]") -> int:
    """How many functions were called."""
    count = 0

    def profile(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event == "call" or event == "c_call"

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def talker() -> Talker:
    talker = Talker(World(LIMITS))
    assert talker.login() == ["SyncHdr 212", "Alert 200"]
    return talker


def fine(talker: Talker, *gained: str) -> bool:
    """Whether the session goes on to its end, and everybody else is served."""
    assert talker.finish()[-1] == "Add 201"
    world = talker.world
    return bool(world.notes == sorted([*BASE, "last", *gained]) and world.works() and world.log == [])


REFUSED = [
    ("too many commands", "<Exec/>" * 70_000, LimitError),
    ("too many items", sync(f"<Add>{'<Item/>' * 70_000}</Add>"), LimitError),
    ("a long message", sync(add("L9", "x" * 600_000)), LimitError),
    ("too many Statuses", STATUS * 8_000, LimitError),
    ("many levels", "<a>" * 150_000, DecodeError),
    ("a MsgID of 10,000 letters", "", LimitError),
]


@pytest.mark.parametrize("body, error", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(talker: Talker, body: str, error: "type[RemoteProtocolError]") -> None:
    head = {} if body else {"MsgID": f"<MsgID>{'1' * 10_000}</MsgID>"}
    text = talker.text(body, **head).encode()

    def attack() -> None:
        with pytest.raises(error):
            talker.post(text)

    assert peak(attack) < 25 * MB
    assert fine(talker)


ANSWERED = [    # what, the commands, the header, the largest answer in bytes
    ("many Statuses", STATUS * 5_000, {}, 10_000),
    ("8,000 commands and an endless answer", EXEC * 8000, {"Meta": ENDLESS}, LIMITS.max_message),
    ("4,000 commands and a small answer", EXEC * 4000, {"Meta": TINY}, LIMITS.min_msg_size),
    ("a long CmdID that each item brings back", sync(add("L9", "x").replace("<CmdID>3", "<CmdID>" + "3" * 200_000)
     .replace("</Add>", "<Item/>" * 2000 + "</Add>")), {"Meta": ENDLESS}, MB),
    ("a command with a long name", "<Get" + "t" * 40_000 + "><CmdID>1</CmdID></Get" + "t" * 40_000 + ">",
     {"Meta": ENDLESS}, 10_000),
    ("1,000 questions", GET * 1000, {"Meta": ENDLESS}, MB // 2),
    ("1,000 objects that are begun", sync(*(add(f"M{at}", "x", "<Size>9</Size>", more=True) for at in range(1000))),
     {}, 10_000),
]


@pytest.mark.parametrize("body, head, most", [row[1:] for row in ANSWERED], ids=[row[0] for row in ANSWERED])
def test_answered(talker: Talker, body: str, head: "dict[str, str]", most: int) -> None:
    text = talker.text(body, **head).encode()
    assert peak(lambda: talker.post(text)) < 25 * MB
    assert 0 < len(talker.raw) <= most
    while any(s.msg_ref == "2" for s in talker.statuses()) and talker.msg < 5:
        talker.say("", Meta=ENDLESS)        # what did not fit comes later
    assert talker.world.works() and talker.world.log == []


def test_answers_that_nobody_fetches(talker: Talker) -> None:
    for _ in range(2):
        talker.say(EXEC * 5000, answer=False, Meta=TINY)
    with pytest.raises(LimitError, match="not answered yet"):
        talker.say(EXEC, answer=False, Meta=TINY)
    assert talker.world.works()


@pytest.mark.parametrize("data", ("x", ""))
def test_an_object_in_crumbs(data: str) -> None:
    """Four times as many crumbs cost four times as much, not sixteen times."""
    costs = []
    for count in (100, 400):
        talker = Talker(World())
        talker.login()
        crumbs = [add("L2", data, "" if at else "<Size>30000000</Size>", more=True) for at in range(count)]
        text = talker.text(sync(*crumbs)).encode()
        costs.append(calls(lambda talker=talker, text=text: talker.post(text)))  # type: ignore[misc]
        assert talker.world.works()
    assert costs[1] < 5 * costs[0]


def test_guesses(talker: Talker) -> None:
    """Each guess is refused like the first, the server keeps nothing of it, and who is logged in does not notice."""
    thief = Talker(talker.world, device="phone-9", sender="10.6.6.6")
    for number in range(50):
        thief.say(ALERT, answer=False, Cred=cred("ada", f"guess {number}"))
        assert {s.code for s in thief.statuses()} == {401}
    assert len(talker.world.server._sessions) == 2
    assert fine(talker)


def test_strangers() -> None:
    seats = 8
    talker = Talker(World(LIMITS._replace(max_sessions_unauthenticated=seats)))
    talker.login()

    def attack() -> None:
        for number in range(seats + 2):
            stranger = Talker(talker.world, device=f"stranger {number}")
            stranger.post(stranger.text(EXEC * 1000, Meta=ENDLESS).encode())
            assert {s.code for s in stranger.statuses()} == {407} and len(stranger.raw) <= DEFAULT.default_peer_msg_size

    attack()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    attack()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < MB // 2      # an answer of 16 kB for each seat, and what a session weighs
    assert len(talker.world.server._sessions) <= seats + 1
    assert fine(talker)


def test_a_session_that_goes_on_for_ever() -> None:
    talker = Talker(World(DEFAULT._replace(max_messages=20)))
    talker.login()
    with pytest.raises(LimitError, match="too many messages"):
        for number in range(30):
            talker.say(sync(add(f"M{number}", f"note {number}")))
    again = Talker(talker.world)
    again.login()
    assert again.finish()[-1] == "Add 201" and len(talker.world.notes) == len(BASE) + 1
    assert talker.world.works()
