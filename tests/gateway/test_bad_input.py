"""What a client can do wrong, and what it is answered: a table of messages, each sent in every state of a session.

After each the session goes on where it can, Ada's notes are what they should be, and Bob is served as ever.
"""

from __future__ import annotations

import http.client
from typing import Callable, NamedTuple

import pytest
from helpers import serving
from hostile import ALERT, BASE, PASSWORD, Talker, World, add, cred, sync

from minisyncml.engine.auth import b64
from minisyncml.errors import DecodeError, LimitError, MessageError, RemoteProtocolError

ITEMS = ("Sync", "Add", "Replace", "Delete", "Copy")
STATES = ("before login", "after init", "in changes", "object open", "after end")


class Row(NamedTuple):
    """`body` is the commands of the message, `answers` their Statuses once logged in, in order; `adds` what it adds to
    Ada's notes. `cuts` says that an open object is given up for it."""

    name: str
    body: str
    answers: str
    adds: "tuple[str, ...]" = ()
    cuts: bool = False


LONG = "x" * 512
ROWS = [
    # commands that are not whole
    Row("no commands", "", ""),
    Row("Add outside of a Sync", add("L9", "x"), "Add 405"),
    Row("Delete outside of a Sync", "<Delete><CmdID>1</CmdID><Item/></Delete>", "Delete 405"),
    Row("Add without CmdID", sync(add("L9", "x").replace("<CmdID>3</CmdID>", "")), "Sync 200, Add 201", ("x",), True),
    Row("all without CmdID", sync(add("L9", "x")).replace("<CmdID>3</CmdID>", "").replace("<CmdID>2</CmdID>", ""),
        "Sync 200, Add 201", ("x",), True),
    Row("one CmdID for all", sync(add("L8", "x"), add("L9", "y")), "Sync 200, Add 201, Add 201", ("x", "y"), True),
    Row("Add without items", sync("<Add><CmdID>3</CmdID></Add>"), "Sync 200, Add 412"),
    Row("an empty item", sync("<Add><CmdID>3</CmdID><Item/></Add>"), "Sync 200, Add 412", (), True),
    Row("an item without data", sync(add("L9", "").replace("<Data></Data>", "")), "Sync 200, Add 412", (), True),
    Row("an item without name", sync(add("", "x")), "Sync 200, Add 412", (), True),
    Row("Delete without name", sync("<Delete><CmdID>3</CmdID><Item/></Delete>"), "Sync 200, Delete 412", (), True),
    Row("Delete of what is not there", sync(add("L9", "", command="Delete")), "Sync 200, Delete 211", (), True),
    Row("one good among bad", sync("<Add/>", add("L9", "x"), "<Replace/>"), "Sync 200, Add 412, Add 201, Replace 412",
        ("x",), True),
    Row("Sync of nothing", "<Sync/>", "Sync 404"),
    Row("Sync of the unknown", sync(add("L9", "x")).replace("./notes", "./n0tes").replace("./mine", "./m"),
        "Sync 404, Add 405", (), True),
    Row("Map of nothing", "<Map/>", "Map 404"),
    Row("Map of the unknown", "<Map><CmdID>1</CmdID><Target><LocURI>./notes</LocURI></Target><MapItem/></Map>",
        "Map 200"),
    Row("Get of nothing", "<Get/>", "Get 412"),
    Row("Put of nothing", "<Put/>", "Put 412"),
    Row("Results of nothing", "<Results/>", "Results 412"),
    Row("Alert of nothing", "<Alert/>", "Alert 412"),
    # commands that are none, or at a wrong place
    Row("Exec", "<Exec><CmdID>1</CmdID></Exec>", "Exec 406"),
    Row("Search", "<Search><CmdID>1</CmdID></Search>", "Search 406"),
    Row("Atomic", "<Atomic><CmdID>1</CmdID>" + sync(add("L9", "x")) + "</Atomic>", "Atomic 406, Sync 215, Add 215"),
    Row("Status in a Sync", sync("<Status><CmdID>3</CmdID><Data>500</Data></Status>"), "Sync 200"),
    Row("Alert in a Sync", sync(ALERT), "Sync 200, Alert 501"),
    Row("Sync in a Sync", sync(sync(add("L9", "x"))), "Sync 200, Sync 406, Add 215"),
    Row("Atomic in a Sync", sync(f"<Atomic>{add('L9', 'x')}</Atomic>"), "Sync 200, Atomic 406, Add 215"),
    Row("a Sequence of much", sync("<Sequence><Exec/>" + add("L9", "x") + "<Add/></Sequence>"),
        "Sync 200, Sequence 200, Exec 406, Add 201, Add 412", ("x",), True),
    Row("an unknown alert", "<Alert><CmdID>1</CmdID><Data>999</Data></Alert>", "Alert 406"),
    Row("an alert that is no number", "<Alert><CmdID>1</CmdID><Data>0x65</Data></Alert>", "Alert 412"),
    # wrong types and lies
    Row("a wrong type", sync(add("L9", "BEGIN:VCARD\r\nEND:VCARD\r\n").replace("text/plain", "text/x-vcard")),
        "Sync 200, Add 415", (), True),
    Row("no base64", sync(add("L9", "?", "<Format>b64</Format>")), "Sync 200, Add 415", (), True),
    Row("NumberOfChanges lies", sync(add("L9", "x"), more="<NumberOfChanges>99999999999</NumberOfChanges>"),
        "Sync 200, Add 201", ("x",), True),
    Row("Size lies", sync(add("L9", "x", "<Size>99999999999</Size>")), "Sync 200, Add 201", ("x",), True),
    Row("a larger object than allowed", sync(add("L9", "x", "<Size>99999999999</Size>", more=True)),
        "Sync 200, Add 416", (), True),
    Row("an object without Size", sync(add("L9", "x", more=True)), "Sync 200, Add 411", (), True),
    Row("MaxMsgSize of everything", "<Alert><CmdID>1</CmdID><Data>100</Data><Item><Meta><MaxMsgSize>1</MaxMsgSize>"
        "<MaxObjSize>1</MaxObjSize></Meta></Item></Alert>", "Alert 200"),
    Row("DevInf that is none", "<Put><CmdID>1</CmdID><Item><Source><LocURI>./devinf12</LocURI></Source><Data>x</Data>"
        "</Item></Put>", "Put 400"),
    Row("DevInf of nothing", "<Put><CmdID>1</CmdID><Item><Source><LocURI>./devinf12</LocURI></Source><Data><DevInf/>"
        "</Data></Item></Put>", "Put 200"),
    Row("DevInf that lies", "<Put><CmdID>1</CmdID><Item><Source><LocURI>./devinf12</LocURI></Source><Data><DevInf>"
        "<DataStore><MaxGUIDSize>-1</MaxGUIDSize><DSMem><MaxID>many</MaxID></DSMem><SyncCap><SyncType>99</SyncType>"
        "</SyncCap></DataStore></DevInf></Data></Item></Put>", "Put 200"),
    # references into the blue
    Row("Statuses of nothing", "<Status/><Status><CmdID>1</CmdID><MsgRef>99</MsgRef><CmdRef>99</CmdRef><Cmd>Add</Cmd>"
        "<Data>500</Data></Status><Status><MsgRef>1</MsgRef><CmdRef>-1</CmdRef><Data>x</Data></Status>", ""),
    Row("our header refused by a client", "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr"
        "</Cmd><Chal><Meta><NextNonce>?</NextNonce></Meta></Chal><Data>401</Data></Status>", ""),
    Row("Results of what nobody asked", "<Results><CmdID>1</CmdID><MsgRef>99</MsgRef><CmdRef>99</CmdRef><Item><Source>"
        "<LocURI>./x</LocURI></Source></Item></Results>", "Results 406"),
    # names
    Row("long names", sync(add(LONG, "x")), "Sync 200, Add 201", ("x",), True),
    Row("names that lead elsewhere", sync(add("../../etc/passwd", "x")), "Sync 200, Add 201", ("x",), True),
    Row("a datastore that leads elsewhere", sync(add("L9", "x")).replace("./notes", "../notes/../../etc")
        .replace("./mine", "../mine"), "Sync 404, Add 405", (), True),
]
BY_NAME = [pytest.param(row, id=row.name) for row in ROWS]


def bring(talker: Talker, state: str) -> "list[str]":
    """Take a session to a state; what Ada's notes have gained so far."""
    if state != "before login":
        assert talker.login() == ["SyncHdr 212", "Alert 200"]
    if state in ("in changes", "object open", "after end"):
        assert talker.change()[-1] == "Add 201"
    if state == "object open":
        assert talker.part(1)[-1] == "Add 213"
    if state == "after end":
        assert talker.finish()[-1] == "Add 201"
        return ["first", "last"]
    return [] if state in ("before login", "after init") else ["first"]


def go_on(talker: Talker, state: str, cut: bool = False) -> "list[str]":
    """The rest of the session; what Ada's notes gain by it."""
    if state == "after end":
        return []
    gained = ["last"]
    if state == "before login":
        assert talker.login() == ["SyncHdr 212", "Alert 200"]
    if state == "object open":
        assert talker.part(2)[-1] == "Add 201"
        gained.append("56789" if cut else "0123456789")
    assert talker.finish()[-1] == "Add 201"
    return gained


@pytest.mark.parametrize("encoding", ("xml", "wbxml"))
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("row", BY_NAME)
def test_commands(row: Row, state: str, encoding: str) -> None:
    world = World()
    talker = Talker(world, encoding)
    gained = bring(talker, state)
    answers = talker.say(row.body)
    if state == "before login":
        assert answers[0] == "SyncHdr 407" and {answer.split()[1] for answer in answers} == {"407"}
        assert len(answers) > row.answers.count(",") + bool(row.answers)
    elif state == "after end" and "<Sync>" in row.body:
        wanted = ["SyncHdr", *(answer.split()[0] for answer in filter(None, row.answers.split(", ")))]
        assert [answer.split()[0] for answer in answers] == wanted
        assert all(answer.split()[1] == "215" or answer.split()[1] >= "400" for answer in answers[1:]
                   if answer.split()[0] in ITEMS)
    else:
        assert answers == ["SyncHdr 200", *filter(None, row.answers.split(", "))]
        gained += row.adds
    assert not [s for s in talker.statuses() if s.cmd == "Status"], "no Status for a Status"
    gained += go_on(talker, state, row.cuts)
    assert world.notes == sorted([*BASE, *gained])
    assert world.works() and world.works("ada") and world.log == []


class Broken(NamedTuple):
    """A message that is none: `spoil` makes it of a good one. `only` is the encoding that it is about."""

    name: str
    spoil: "Callable[[bytes], bytes]"
    error: "type[RemoteProtocolError]"
    words: str
    only: str = ""


def swap(old: bytes, new: bytes) -> "Callable[[bytes], bytes]":
    """Replaces what must be there."""
    def spoil(body: bytes) -> bytes:
        assert old in body
        return body.replace(old, new, 1)
    return spoil


def with_body(text: str) -> "Callable[[bytes], bytes]":
    """Commands that no reader can make anything of."""
    return swap(b"<SyncBody>", b"<SyncBody>" + text.encode())


BROKEN = [
    Broken("nothing", lambda body: b"", DecodeError, ""),
    Broken("half of it", lambda body: body[:len(body) // 2], DecodeError, ""),
    Broken("all but the end", lambda body: body[:-1], DecodeError, ""),
    Broken("noise", lambda body: bytes(range(256)) * 4, RemoteProtocolError, ""),
    Broken("another version of WBXML", lambda body: b"\x7f" + body[1:], DecodeError, "", "wbxml"),
    Broken("a charset that is none", lambda body: body[:2] + b"\x8f\xff\xff\x7f" + body[3:], DecodeError, "", "wbxml"),
    Broken("a string table beyond the end", lambda body: body[:3] + b"\x8f\xff\x7f", DecodeError, "", "wbxml"),
    Broken("a length without end", swap(b"\x03phone-9\0", b"\xc3" + b"\xff" * 40), DecodeError, "", "wbxml"),
    Broken("a length beyond the end", swap(b"\x03phone-9\0", b"\xc3\x8f\xff\x7f"), DecodeError, "", "wbxml"),
    Broken("a reference beyond the string table", swap(b"\x03phone-9\0", b"\x83\x8f\x7f"), DecodeError, "", "wbxml"),
    Broken("a bare page switch", swap(b"\x03phone-9\0", b"\0"), RemoteProtocolError, "", "wbxml"),
    Broken("too many ends", lambda body: body[:10] + b"\1" * 100, RemoteProtocolError, "", "wbxml"),
    Broken("elements that cross", swap(b"</SyncHdr>", b"</SyncBody>"), DecodeError, "no XML document", "xml"),
    Broken("a byte that is no UTF-8", swap(b"phone", b"ph\xff"), DecodeError, "no XML document", "xml"),
    Broken("an encoding that is none", lambda body: b"<?xml version='1.0' encoding='x-none'?>" + body, DecodeError,
           "no XML document", "xml"),
    Broken("an entity of its own", lambda body: b"<!DOCTYPE SyncML [<!ENTITY e 'x'>]>" + swap(b"phone", b"&e;")(body),
           DecodeError, "entity", "xml"),
    Broken("an entity of a file", lambda body: b"<!DOCTYPE SyncML [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>" +
           swap(b"phone", b"&e;")(body), DecodeError, "entity", "xml"),
    Broken("an entity that nobody made", swap(b"phone", b"&e;"), DecodeError, "", "xml"),
    Broken("too deep", with_body("<Sync>" * 100 + "</Sync>" * 100), LimitError, "deep", "xml"),
    Broken("much too deep", with_body("<a>" * 100_000), DecodeError, "", "xml"),
    Broken("another document", lambda body: b"<html><body>Sign in</body></html>", MessageError, "html", "xml"),
    Broken("no header", lambda body: b"<SyncML><SyncBody><Final/></SyncBody></SyncML>", MessageError, "SyncHdr", "xml"),
    Broken("no version", lambda body: swap(b"<VerDTD>1.2</VerDTD>", b"")(
        swap(b"<VerProto>SyncML/1.2</VerProto>", b"")(body)), MessageError, "VerDTD", "xml"),
    Broken("no SessionID", swap(b"<SessionID>7</SessionID>", b""), MessageError, "SessionID", "xml"),
    Broken("an empty SessionID", swap(b"<SessionID>7<", b"<SessionID> <"), MessageError, "SessionID", "xml"),
    Broken("no Source", swap(b"<Source><LocURI>phone-9</LocURI></Source>", b""), MessageError, "Source", "xml"),
    Broken("a Source without LocURI", swap(b"<LocURI>phone-9</LocURI>", b"phone-9"), MessageError, "Source", "xml"),
    Broken("a Source of 10,000 letters", swap(b"phone-9", b"x" * 10_000), LimitError, "10000 bytes", "xml"),
    Broken("a Target of 10,000 letters", swap(b"http://box.lan/sync", b"x" * 10_000), LimitError, "10000 bytes", "xml"),
    Broken("a SessionID of 10,000 letters", swap(b"<SessionID>7", b"<SessionID>" + b"7" * 10_000), LimitError,
           "too long", "xml"),
    Broken("a LUID of 10,000 letters", with_body(sync(add("x" * 10_000, "x"))), LimitError, "10000 bytes", "xml"),
]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in BROKEN])
def test_no_message(row: Broken, state: str) -> None:
    for encoding in (row.only,) if row.only else ("xml", "wbxml"):
        world = World()
        talker = Talker(world, encoding)
        gained = bring(talker, state)
        body = row.spoil(talker.encode(talker.text(sync(add("L8", "never")))))
        with pytest.raises(row.error) as caught:
            talker.post(body)
        assert row.words in str(caught.value) and len(str(caught.value)) < 300
        gained += go_on(talker, state)
        assert world.notes == sorted([*BASE, *gained])
        assert world.works() and world.log == []


HEADERS: "list[tuple[str, dict[str, str], str]]" = [     # what, the header, the answer: a Status, or words of the error
    ("no Target", {"Target": ""}, "212"),
    ("an empty Target", {"Target": "<Target/>"}, "212"),
    ("the Target of another", {"Target": "<Target><LocURI>http://elsewhere/</LocURI></Target>"}, "212"),
    ("no VerProto", {"VerProto": ""}, "212"),
    ("no VerDTD", {"VerDTD": ""}, "212"),
    ("a version that is none", {"VerDTD": "<VerDTD>" + "9" * 5000 + "</VerDTD>"}, "505"),
    ("a protocol that is none", {"VerProto": "<VerProto>HTTP/1.1</VerProto>"}, "513"),
    ("a MsgID that is none", {"MsgID": "<MsgID>first</MsgID>"}, "212"),
    ("a MsgID below zero", {"MsgID": "<MsgID>-1</MsgID>"}, "212"),
    ("a large MsgID", {"MsgID": f"<MsgID>{'9' * 100}</MsgID>"}, "212"),
    ("no MsgID", {"MsgID": ""}, "MsgID"),
    ("a name that leads elsewhere", {"Source": "<Source><LocURI>../../../etc</LocURI></Source>"}, "212"),
    ("a name of markup", {"Source": "<Source><LocURI>&lt;b&gt;&amp;</LocURI></Source>"}, "212"),
    ("sizes that are none", {"Meta": "<Meta><MaxMsgSize>-5</MaxMsgSize><MaxObjSize>x</MaxObjSize></Meta>"}, "212"),
    ("a message of one byte", {"Meta": "<Meta><MaxMsgSize>1</MaxMsgSize><MaxObjSize>0</MaxObjSize></Meta>"}, "212"),
    ("a message without end", {"Meta": f"<Meta><MaxMsgSize>{'9' * 18}</MaxMsgSize></Meta>"}, "212"),
    ("a RespURI of ours", {"RespURI": "<RespURI>http://elsewhere/</RespURI>"}, "212"),
    ("everything twice", {"MsgID": "<MsgID>1</MsgID><MsgID>2</MsgID>", "Cred": cred() + cred("bob", "x")}, "212"),
]


@pytest.mark.parametrize("encoding", ("xml", "wbxml"))
@pytest.mark.parametrize("head, answer", [row[1:] for row in HEADERS], ids=[row[0] for row in HEADERS])
def test_headers(head: "dict[str, str]", answer: str, encoding: str) -> None:
    world = World()
    talker = Talker(world, encoding)
    head = {"Cred": cred(), **head}
    if answer.isdigit():
        talker.say(ALERT, final=True, answer=False, **head)
        assert talker.statuses()[0][3:5] == ("SyncHdr", int(answer))
    else:
        with pytest.raises(MessageError, match=answer):
            talker.say(ALERT, final=True, answer=False, **head)
    other = Talker(world, encoding, device="phone-8")
    assert other.login() == ["SyncHdr 212", "Alert 200"] and other.finish()[-1] == "Add 201"
    assert world.works() and world.log == []


def given(data: "str | bytes", type: str = "syncml:auth-basic", form: str = "b64") -> str:
    """Credentials of any content."""
    data = data if isinstance(data, str) else b64(data).decode()
    return f"<Cred><Meta><Format>{form}</Format><Type>{type}</Type></Meta><Data>{data}</Data></Cred>"


LOGINS = [
    ("right", cred(), 212),
    ("right without Meta", "<Cred><Data>" + b64(f"ada:{PASSWORD}".encode()).decode() + "</Data></Cred>", 212),
    ("none", "", 407),
    ("empty", "<Cred/>", 401),
    ("without Data", "<Cred><Meta><Type>syncml:auth-basic</Type></Meta></Cred>", 401),
    ("no base64", given("?" * 50), 401),
    ("no UTF-8", given(b"\xff\xfe:\xff"), 401),
    ("no colon", given(b"ada"), 401),
    ("nobody", given(b":"), 401),
    ("a user without password", given(b"ada:"), 401),
    ("part of the password", cred("ada", PASSWORD.partition(":")[0]), 401),
    ("another's password spelled otherwise", cred("ada", PASSWORD.replace("ä", "a\u0308")), 401),
    ("a user that ends early", cred("ada\0", PASSWORD), 401),
    ("a user in capitals", cred("ADA", PASSWORD), 401),
    ("a user that leads elsewhere", cred("../ada", PASSWORD), 401),
    ("a user of 100,000 letters", cred("ada" * 33_333, PASSWORD), 401),
    ("a digest without nonce", given(b"\0" * 16, "syncml:auth-md5"), 401),
    ("a digest of nothing", given("", "syncml:auth-md5"), 401),
    ("a scheme that is none", given(b"ada:x", "syncml:auth-x"), 401),
]


@pytest.mark.parametrize("given, code", [row[1:] for row in LOGINS], ids=[row[0] for row in LOGINS])
def test_logins(given: str, code: int) -> None:
    world = World()
    talker = Talker(world)
    talker.say(ALERT, final=True, answer=False, Cred=given)
    assert talker.statuses()[0].code == code
    if code != 212:
        assert {s.code for s in talker.statuses()} == {code} and talker.statuses()[0].chal is not None
        assert talker.login() == ["SyncHdr 212", "Alert 200"]
    assert PASSWORD.encode() not in talker.raw and talker.finish()[-1] == "Add 201"
    assert world.works() and world.log == []


def test_message_numbers() -> None:
    world = World()
    talker = Talker(world)
    talker.login()
    talker.msg = 4711       # a jump
    assert talker.change() == ["SyncHdr 200", "Sync 200", "Add 201"]
    for back in (4710, 2, 4711):
        talker.msg = back
        with pytest.raises(RemoteProtocolError, match="MsgID"):
            talker.say(sync(add("L8", "never")), MsgID=f"<MsgID>{back}</MsgID>")
    talker.msg = 4712
    assert talker.finish()[-1] == "Add 201"
    assert world.notes == sorted([*BASE, "first", "last"]) and world.works()


def test_another_session_at_our_address() -> None:
    """Who has the address of a session and not its SessionID changes nothing in it."""
    world = World()
    talker = Talker(world)
    talker.login()
    with pytest.raises(RemoteProtocolError, match="session"):
        talker.say(sync(add("L8", "never")), SessionID="<SessionID>8</SessionID>")
    assert talker.change()[-1] == "Add 201" and talker.finish()[-1] == "Add 201"
    assert world.notes == sorted([*BASE, "first", "last"])


def test_never_final() -> None:
    """It is asked to go on, so often; then it is told that this leads nowhere, and the next session has it all."""
    world = World()
    talker = Talker(world)
    talker.login()
    talker.change()
    with pytest.raises(RemoteProtocolError, match="never says that it is done"):
        for _ in range(1000):
            talker.say("<Alert><CmdID>1</CmdID><Data>222</Data></Alert>")
    assert talker.msg < 50 and world.works() and world.notes == [*BASE]      # "first" is parked
    assert talker.finish()[-1] == "Add 201"     # and if it says so after all
    assert world.notes == sorted([*BASE, "first", "last"])


HTTP = [
    ("no SyncML", b"hello", "application/vnd.syncml+xml", 400),
    ("no type that we know", b"<SyncML/>", "application/json", 415),
    ("no header", b"<SyncML/>", "application/vnd.syncml+xml", 400),
    ("a string table beyond the end", b"\x02\xa4\x01\x6a\x8f\x7f", "application/vnd.syncml+wbxml", 400),
    ("XML that says it is WBXML", b"<SyncML>", "application/vnd.syncml+wbxml", 400),
    ("a bomb", b"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(
        b"<!ENTITY %c '%s'>" % (98 + at, b"&%c;" % (97 + at) * 10) for at in range(9)) + b"]><SyncML>&j;</SyncML>",
        "application/vnd.syncml+xml", 400),
    ("10,000 levels", b"<a>" * 10_000, "application/vnd.syncml+xml", 400),
    ("too many commands", b"<SyncML><SyncHdr><VerDTD>1.2</VerDTD><SessionID>1</SessionID><MsgID>1</MsgID><Source>"
     b"<LocURI>x</LocURI></Source></SyncHdr><SyncBody>" + b"<Exec/>" * 70_000 + b"</SyncBody></SyncML>", "text/xml",
     413),
]


def test_over_a_socket() -> None:
    world = World()
    with serving(world.server.wsgi_app) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for what, body, kind, status in HTTP:
            connection.request("POST", "/sync", body, {"Content-Type": kind})
            response = connection.getresponse()
            words = response.read()
            assert (what, response.status) == (what, status)
            assert 0 < len(words) < 400 and b"Traceback" not in words
        connection.close()
    assert world.works() and world.log == []
