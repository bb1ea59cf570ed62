"""What items are known by and how much they resemble each other: across formats, time zones and poor devices."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content import keys
from minisyncml.content.facts import Facts, facts
from minisyncml.content.form import Form
from minisyncml.content.formats import convert
from minisyncml.content.kind import kind
from minisyncml.content.moments import OTHER, POSSIBLE, SAME, Moment, compare, days, duration, moment
from minisyncml.content.score import NEAR, SURE, score

UID = "UID:12345678-1234-1234-1234-1234567890ab"


def card(*lines: str, version: str = "3.0", end: str = "\r\n") -> bytes:
    return end.join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", "")).encode()


def event(*lines: str, version: str = "2.0", part: str = "VEVENT", before: "tuple[str, ...]" = ()) -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", f"VERSION:{version}", *before, f"BEGIN:{part}", *lines, f"END:{part}",
                        "END:VCALENDAR", "")).encode()


def of(body: bytes, zone: str = "") -> Facts:
    return facts(kind(body), body, zone)


def points(one: bytes, other: bytes, zone: str = "") -> int:
    a, b = of(one, zone), of(other, zone)
    assert score(a, b) == score(b, a)
    if score(a, b) >= NEAR:
        assert set(a.blocks) & set(b.blocks), "they would never meet"
    return score(a, b)


JOHN = card("N:Doe;John;;;", "TEL;TYPE=CELL:+49 170 1234567", "EMAIL:John@Example.org")
TEA = ("SUMMARY:Tea with Åsa", "DTSTART:20260710T100000Z", "DTEND:20260710T110000Z")

SURELY = {
    "the other version": (JOHN, card("N:DOE;JOHN", "TEL;CELL:0170-1234567", "EMAIL;INTERNET:john@example.org",
                                     version="2.1")),
    "name turned round": (JOHN, card("FN:John Doe", "TEL:01701234567")),
    "one name more": (JOHN, card("N:Doe;John;Michael", "TEL:+491701234567")),
    "accents": (card("N:Müller;Zoë", "TEL:123456789"), card("N:Muller;Zoe", "TEL:123456789")),
    "only one number is shared": (card("N:Doe;John", "TEL:1111111", "TEL:2222222"),
                                  card("N:Doe;John", "TEL:2222222", "TEL:3333333")),
    "other mail address": (JOHN, card("N:Doe;John", "TEL:+491701234567", "EMAIL:jd@example.net")),
    "the peer keeps no numbers": (JOHN, card("N:Doe;John")),
    "a company": (card("ORG:Acme Ltd", "TEL:5551234"), card("N:;;;;", "ORG:ACME Ltd;", "TEL:+1 555 1234")),
    "no name at all": (card("TEL:5551234"), card("TEL:5551234", "NOTE:who?")),
    "pause in a number": (card("N:Doe;John", "TEL:5551234p99"), card("N:Doe;John", "TEL:5551234")),
    "an event in UTC and with its zone": (
        event(*TEA), event(TEA[0], "DTSTART;TZID=Europe/Berlin:20260710T120000",
                           "DTEND;TZID=Europe/Berlin:20260710T130000")),
    "an event with the zone of a mail program": (
        event(*TEA), event(TEA[0], "DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20260710T120000")),
    "an event in UTC and by some clock": (
        event(*TEA), event(TEA[0], "DTSTART:20260710T120000", "DTEND:20260710T130000", version="1.0")),
    "late in the evening": (event("SUMMARY:Tea", "DTSTART:20260710T230000Z"),
                            event("SUMMARY:Tea", "DTSTART:20260711T010000")),
    "a whole day": (event("SUMMARY:Fair", "DTSTART;VALUE=DATE:20260710", "DTEND;VALUE=DATE:20260712"),
                    event("SUMMARY:Fair", "DTSTART:20260710T000000", "DTEND:20260711T235900", version="1.0")),
    "a day to 24:00": (event("SUMMARY:Fair", "DTSTART;VALUE=DATE:20260710"),
                       event("SUMMARY:Fair", "DTSTART:20260710T000000", "DTEND:20260710T240000", version="1.0")),
    "a day in UTC": (event("SUMMARY:Fair", "DTSTART;VALUE=DATE:20260710"),
                     event("SUMMARY:Fair", "DTSTART:20260709T220000Z", "DTEND:20260710T220000Z", version="1.0")),
    "a rule in both grammars": (event(*TEA, "RRULE:FREQ=WEEKLY;COUNT=4"), event(*TEA, "RRULE:W1 #4", version="1.0")),
    "a title cut short": (event("SUMMARY:The quarterly meeting of all departments", *TEA[1:]),
                          event("SUMMARY:The quarterly meeting of", *TEA[1:], version="1.0")),
    "a zone's own dates": (event(*TEA), event(*TEA, before=(
        "BEGIN:VTIMEZONE", "TZID:x", "BEGIN:STANDARD", "DTSTART:16010101T000000", "END:STANDARD", "END:VTIMEZONE"))),
    "an alarm's text": (event(*TEA), event(*TEA, "BEGIN:VALARM", "DESCRIPTION:wake up", "TRIGGER:-PT5M", "END:VALARM")),
    "a task without dates": (event("SUMMARY:Buy milk", part="VTODO"),
                             event("SUMMARY:buy milk", "STATUS:NEEDS ACTION", part="VTODO", version="1.0")),
    "a task that is due": (event("SUMMARY:Taxes", "DUE;VALUE=DATE:20260531", part="VTODO"),
                           event("SUMMARY:Taxes", "DTSTART:20260501T080000", "DUE:20260531T000000", part="VTODO")),
    "a note and its vNote": (b"Shopping\r\nmilk\r\n  tea", b"BEGIN:VNOTE\r\nVERSION:1.1\r\n"
                             b"BODY;ENCODING=QUOTED-PRINTABLE:Shopping=0D=0Amilk=0D=0Atea\r\nEND:VNOTE\r\n"),
    "a note and its journal": (b"Shopping\nmilk, tea",
                               event("SUMMARY:Shopping", "DESCRIPTION:milk\\, tea", part="VJOURNAL")),
    "a bookmark": (b"BEGIN:VBKM\r\nVERSION:1.0\r\nURL:http://Example.org/\r\nTITLE:one\r\nEND:VBKM\r\n",
                   b"BEGIN:VBKM\r\nVERSION:1.0\r\nTITLE:two\r\nURL:http://example.org\r\nEND:VBKM\r\n"),
}
PERHAPS = {
    "number": (card("N:Doe;John", "TEL:1111111"), card("N:Doe;John", "TEL:2222222")),
    "household and person": (card("N:Doe", "TEL:5551234"), card("N:Doe;John", "TEL:5551234", "EMAIL:j@example.org")),
    "first name only": (card("N:Mom"), card("N:Mom", "TEL:5551234")),
    "her name before": (card("N:Roe;Jane", "TEL:5551234", "EMAIL:jane@example.org"),
                        card("N:Doe;Jane", "TEL:5551234", "EMAIL:jane@example.org")),
    "once and every week": (event(*TEA), event(*TEA, "RRULE:FREQ=WEEKLY")),
    "somewhere else": (event(*TEA, "LOCATION:Hall 1", "DESCRIPTION:first"),
                       event(*TEA[:2], "DTEND:20260710T120000Z", "LOCATION:Room 7", "DESCRIPTION:second")),
    "a note with one word more": (b"Shopping\nmilk tea", b"Shopping\nmilk tea bread"),
    "case of a note": (b"buy milk", b"Buy milk"),
    "a task due later": (event("SUMMARY:Taxes", "DUE:20260531T000000", part="VTODO"),
                         event("SUMMARY:Taxes", "DUE:20260601T000000", part="VTODO")),
}
NEVER = {
    "a couple": (card("N:Doe;John", "TEL:5551234"), card("N:Doe;Jane", "TEL:5551234")),
    "colleagues": (card("N:Doe;John", "ORG:Acme", "TEL:5551234"), card("N:Roe;Mary", "ORG:Acme", "TEL:5551234")),
    "another day": (event(*TEA), event(TEA[0], "DTSTART:20260711T100000Z")),
    "another hour": (event(*TEA), event(TEA[0], "DTSTART:20260710T113000Z")),
    "event and task": (event(*TEA), event(*TEA, part="VTODO")),
    "another title": (event(*TEA), event("SUMMARY:Coffee", *TEA[1:])),
    "notes": (b"buy milk", b"call home"),
    "card and event": (JOHN, event(*TEA)),
}


@pytest.mark.parametrize("one, other", SURELY.values(), ids=SURELY)
def test_the_same(one: bytes, other: bytes) -> None:
    assert points(one, other) >= SURE


@pytest.mark.parametrize("one, other", PERHAPS.values(), ids=PERHAPS)
def test_somebody_should_look(one: bytes, other: bytes) -> None:
    assert NEAR <= points(one, other) < SURE
    assert of(one).meaning != of(other).meaning


@pytest.mark.parametrize("one, other", NEVER.values(), ids=NEVER)
def test_not_the_same(one: bytes, other: bytes) -> None:
    assert points(one, other) < NEAR
    assert of(one).meaning != of(other).meaning


def test_a_known_zone_decides() -> None:
    floating = event(TEA[0], "DTSTART:20260710T120000")
    assert points(event(*TEA), floating, "Europe/Berlin") > points(event(*TEA), floating)
    assert points(event(*TEA), floating, "Asia/Tokyo") < NEAR


def test_one_uid_with_other_dates_of_a_series() -> None:
    series, exception = event(*TEA, UID), event(*TEA, UID, "RECURRENCE-ID:20260717T100000Z")
    assert of(series).uid and of(series).uid != of(exception).uid
    assert of(event(*TEA, UID, "LOCATION:Hall")).uid == of(series).uid
    assert of(event(*TEA, "UID:7")).uid == 0


class TestMeaning:
    @pytest.mark.parametrize("other", (
        card("TEL;TYPE=CELL:+49 170 1234567", "N:Doe;John;;;", "EMAIL:John@Example.org"),
        card("N:Doe;John;;;", "TEL;CELL;VOICE:+49 170 1234567", "EMAIL;INTERNET:John@Example.org", version="2.1"),
        card("N:Doe;John;;;", "TEL;TYPE=CELL:+49 170 1234567", "EMAIL:John@Example.org", "NOTE:", "REV:2026",
             UID, end="\n"),
    ))
    def test_dress_does_not_count(self, other: bytes) -> None:
        assert of(other).meaning == of(JOHN).meaning

    @pytest.mark.parametrize("line", ("NOTE:x", "TEL:7", "N:Doe;Johnny", "EMAIL:john@example.com", "X-ANNIVERSARY:1"))
    def test_all_that_is_seen_counts(self, line: str) -> None:
        assert of(JOHN.replace(b"END:VCARD", line.encode() + b"\r\nEND:VCARD")).meaning != of(JOHN).meaning


@pytest.mark.parametrize("body, title", (
    (JOHN, "Doe John"), (card("FN:John Doe", "N:Doe;John"), "John Doe"), (card("TEL:5551234"), "5551234"),
    (event(*TEA), "Tea with Åsa, 2026-07-10"), (event("DTSTART:20260101"), "2026-01-01"),
    (b"Shopping\nmilk", "Shopping"), (b"", ""), (card(), ""), (event("DTSTART:99991231T990000"), ""),
    (event("DTSTART;TZID=Asia/Tokyo:00010101T000000"), "0001-12-31"),
))
def test_titles(body: bytes, title: str) -> None:
    assert of(body).title == title


def test_a_key_of_your_own_names_an_item() -> None:
    keys.register("x-test/thing", lambda body: body[:1].decode())
    try:
        one, two, three = (facts("x-test/thing", body) for body in (b"abc", b"axy", b"bcd"))
        assert one.uid == two.uid != three.uid
        assert one.meaning != two.meaning
    finally:
        del keys._KEYS["x-test/thing"]


def test_large_items_cost_little() -> None:
    """What is compared has a bound, and so has what an index holds."""
    many = card("N:Doe;John", *(f"TEL:{number:07}" for number in range(5000)), "NOTE:" + "word " * 200_000)
    known = of(many)
    assert len(known.blocks) <= 40 and score(known, of(many)) >= SURE
    text = b" ".join(b"word%d" % number for number in range(200_000))
    assert sum(map(len, of(text).sets["words"])) < 5000 and score(of(text), of(text + b"\n")) >= SURE


class TestMoments:
    @pytest.mark.parametrize("text, zone, wanted", (
        ("19700102", "", Moment("D", 1440)), ("1970-01-02", "", Moment("D", 1440)),
        ("19700101T010000Z", "", Moment("U", 60)), ("1970-01-01T01:00:00", "", Moment("F", 60)),
        ("19700101T240000", "", Moment("F", 1440)), ("19700101T010000", "Europe/Berlin", Moment("U", 0)),
        ("19700101T010000", "No/Where", Moment("F", 60)), ("19700101T0100", "..", Moment("F", 60)),
        ("19700101T010000Z", "Europe/Berlin", Moment("U", 60)),
        ("", "", None), ("soon", "", None), ("20261340", "", None), ("2026010", "", None), ("20260101Txx", "", None),
        ("20240229", "", Moment("D", 19782 * 1440)), ("20001231", "", Moment("D", 11322 * 1440)),
    ))
    def test_read(self, text: str, zone: str, wanted: "Moment | None") -> None:
        assert moment(text, zone) == wanted

    @pytest.mark.parametrize("one, other, wanted", (
        (Moment("U", 60), Moment("U", 60), SAME), (Moment("U", 60), Moment("F", 120), POSSIBLE),
        (Moment("U", 60), Moment("F", 61), OTHER), (Moment("U", 0), Moment("F", 15 * 60), OTHER),
        (Moment("D", 0), Moment("F", 0), SAME), (Moment("D", 0), Moment("U", -120), POSSIBLE),
        (Moment("F", 0), Moment("F", 60), OTHER),
    ))
    def test_compared(self, one: Moment, other: Moment, wanted: int) -> None:
        assert compare(one, other) == compare(other, one) == wanted
        if wanted != OTHER:
            assert set(days(one)) & set(days(other))

    @pytest.mark.parametrize("text, wanted", (("PT1H30M", 90), ("P1D", 1440), ("P2W", 20160), ("", None), ("x", None),
                                              ("PT5", None), ("P1DT12H", 2160)))
    def test_durations(self, text: str, wanted: "int | None") -> None:
        assert duration(text) == wanted

    @given(st.text(max_size=30), st.text(max_size=20))
    def test_nothing_upsets_them(self, text: str, zone: str) -> None:
        moment(text, zone)
        moment("20260101T" + text, zone)
        duration(text)


LINES = st.lists(st.sampled_from((
    b"BEGIN:VCARD", b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", b"BEGIN:VTODO", b"BEGIN:VNOTE", b"END:VEVENT", b"N:a;b;c;d",
    b"BEGIN:VTIMEZONE", b"N;ENCODING=QUOTED-PRINTABLE:=C3=", b"=", b" folded", b"TEL:+1 2", b"UID:" + b"x" * 20,
    b"SUMMARY:s", b"DTSTART:20260101T100000", b"DTSTART;TZID=Europe/Berlin:20260101", b"DTEND:99999999T999999",
    b"DURATION:P1D", b"RRULE:", b"\xff\xfe", b"a:b:c", b"EMAIL;TYPE=x:mailto:y@z", b"", b"URL:http://", b"BODY:x",
)), max_size=14).map(b"\r\n".join)
XML = st.lists(st.sampled_from((
    b"<contact>", b"</contact>", b"<appointment>", b"<Start>x</Start>", b"<note>", b"<Body>a</Body>", b"<", b"&#xD;",
    b"<File><name>a</name>", b"<body enc='base64'>YQ", b"</File>", b"<Email><emailitem>", b"]]>", b"<![CDATA[",
)), max_size=10).map(b"".join)
TYPES = st.sampled_from((
    "text/vcard", "text/x-vcard", "text/calendar", "text/plain", "text/x-vnote", "x/y", "", "text/x-s4j-sifc",
    "text/x-s4j-sife", "text/x-s4j-sifn", "message/rfc822", "application/vnd.omads-email+xml",
    "application/vnd.omads-file+xml"))


@settings(deadline=None)
@given(st.lists(st.tuples(TYPES, st.one_of(st.binary(max_size=200), LINES, XML)), min_size=2, max_size=4))
def test_nothing_upsets_them(items: "list[tuple[str, bytes]]") -> None:
    known = [facts(*item) for item in items]
    for one, other in combinations(known, 2):
        assert score(one, other) == score(other, one)
    for one, item in zip(known, items):
        assert one.meaning < 1 << 64 and len(one.title) <= 80
        assert score(one, one) == score(one, facts(*item))


FORMS = {
    JOHN: (("text/x-vcard", "2.1"), ("text/vcard", "4.0"), ("text/x-s4j-sifc", "")),
    event("SUMMARY:Tea\\, green", "DTSTART;TZID=Europe/Berlin:20260710T120000",
          "DTEND;TZID=Europe/Berlin:20260710T130000", "RRULE:FREQ=WEEKLY;COUNT=4", "LOCATION:Hall"):
        (("text/x-vcalendar", "1.0"), ("text/x-s4j-sife", "")),
    event("SUMMARY:Fair", "DTSTART;VALUE=DATE:20260710", "DTEND;VALUE=DATE:20260712"):
        (("text/x-vcalendar", "1.0"), ("text/x-s4j-sife", "")),
    event("SUMMARY:Taxes", "DUE;VALUE=DATE:20260531", "PRIORITY:1", part="VTODO"):
        (("text/x-vcalendar", "1.0"), ("text/x-s4j-sift", "")),
    b"Shopping\nmilk, tea": (("text/x-vnote", "1.1"), ("text/x-s4j-sifn", "")),
}


@pytest.mark.parametrize("body, form", [(body, form) for body, forms in FORMS.items() for form in forms],
                         ids=lambda part: part[0] if isinstance(part, tuple) else "")
def test_every_form_of_an_item_is_the_same(body: bytes, form: "tuple[str, str]") -> None:
    one, other = of(body), facts(form[0], convert(body, kind(body), Form(*form)))
    assert one.family == other.family and score(one, other) >= SURE and set(one.blocks) & set(other.blocks)


def test_a_mail_is_known_by_its_message_id() -> None:
    mail = b"From: a@b\r\nMessage-ID:\r\n <x@y>\r\nSubject: Hi\r\n\r\nbody\r\n"
    known = facts("message/rfc822", mail)
    wrapped = facts("application/vnd.omads-email+xml", convert(mail, "message/rfc822",
                                                               Form("application/vnd.omads-email+xml")))
    assert (known.family, known.title) == ("mail", "Hi")
    assert known.uid == wrapped.uid != facts("message/rfc822", mail.replace(b"x@y", b"z@y")).uid
    assert known.meaning == wrapped.meaning
