"""SIF-E and SIF-T as Funambol's clients send and want them."""

from __future__ import annotations

import pytest

from minisyncml.content.elements import read_elements
from minisyncml.content.form import Form
from minisyncml.content.formats import convert
from minisyncml.errors import ItemError

HUB = Form("text/calendar", "2.0")
EVENT, TASK = Form("text/x-s4j-sife", "1.0", time="utc", zone="Europe/Berlin"), Form("text/x-s4j-sift", "1.0")


def sif(root: str, **texts: str) -> bytes:
    return (f"<{root}>" + "".join(f"<{name}>{text}</{name}>" for name, text in texts.items()) + f"</{root}>").encode()


def lines(body: bytes, form: Form) -> "list[str]":
    made = convert(body, form.type, HUB, form).replace(b"\r\n ", b"").decode().split("\r\n")
    start = next(at for at, line in enumerate(made) if line in ("BEGIN:VEVENT", "BEGIN:VTODO"))
    return made[start + 1:-3]


def texts(kind: str, form: Form, *found: str) -> "dict[str, str]":
    body = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", f"BEGIN:{kind}", *found, f"END:{kind}", "END:VCALENDAR", ""])
    made = convert(body.encode(), "text/calendar", form)
    return {each.name: each.text for each in read_elements(made) if each.name != "X-MINISYNCML-KEPT"}


def test_an_appointment() -> None:
    body = sif("appointment", AllDayEvent="0", Start="20070107T220000Z", End="20070107T223000Z", Body="Alarm &lt;b&gt;",
               BusyStatus="2", Categories="holiday, work", Importance="1", IsRecurring="0", Location="here, there",
               Mileage="12", ReminderMinutesBeforeStart="30", ReminderSet="1", Sensitivity="2", Subject="Client2",
               RecurrenceType="1", Interval="1", DayOfWeekMask="1", NoEndDate="1", Occurrences="")
    assert lines(body, EVENT) == [
        "DTSTART:20070107T220000Z", "DTEND:20070107T223000Z", "SUMMARY:Client2", "DESCRIPTION:Alarm <b>",
        "LOCATION:here\\, there", "CATEGORIES:holiday,work", "CLASS:PRIVATE", "PRIORITY:5", "X-SIF-MILEAGE:12",
        "TRANSP:OPAQUE", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT30M", "DESCRIPTION:Client2", "END:VALARM"]
    back = convert(convert(body, EVENT.type, HUB, EVENT), "text/calendar", EVENT)
    mine = {each.name: each.text for each in read_elements(back)}
    theirs = {each.name: each.text for each in read_elements(body)}
    assert {name: text for name, text in theirs.items() if mine.get(name) != text and text} == {
        "RecurrenceType": "1", "Interval": "1", "DayOfWeekMask": "1", "NoEndDate": "1"}, "of what does not recur"


@pytest.mark.parametrize("start, end, first, last", [
    ("2007-01-01", "2007-01-01", "20070101", "20070102"), ("2007-01-01", "2007-01-03", "20070101", "20070104"),
    ("20070101T000000", "20070102T000000", "20070101", "20070102"),
    ("20061231T230000Z", "20070101T225900Z", "20070101", "20070102"), ("2007-01-01", "", "20070101", "20070102"),
])
def test_whole_days(start: str, end: str, first: str, last: str) -> None:
    body = sif("appointment", AllDayEvent="1", Start=start, End=end, Subject="a")
    assert lines(body, EVENT) == [f"DTSTART;VALUE=DATE:{first}", f"DTEND;VALUE=DATE:{last}", "SUMMARY:a"]
    made = texts("VEVENT", EVENT, *lines(body, EVENT))
    assert (made["AllDayEvent"], made["Start"]) == ("1", "2007-01-01")


@pytest.mark.parametrize("rule, words", [
    ("FREQ=DAILY", {"RecurrenceType": "0", "Interval": "1", "NoEndDate": "1"}),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;COUNT=5", {"RecurrenceType": "1", "Interval": "2", "DayOfWeekMask": "3",
                                                   "Occurrences": "5", "NoEndDate": "0"}),
    ("FREQ=MONTHLY;BYMONTHDAY=6;UNTIL=20060806T160000Z",
     {"RecurrenceType": "2", "DayOfMonth": "6", "PatternEndDate": "20060806T160000Z"}),
    ("FREQ=MONTHLY;BYDAY=-1FR", {"RecurrenceType": "3", "Instance": "5", "DayOfWeekMask": "32"}),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", {"RecurrenceType": "3", "Instance": "5", "DayOfWeekMask": "62"}),
    ("FREQ=YEARLY;BYMONTH=4", {"RecurrenceType": "5", "MonthOfYear": "4", "DayOfMonth": "6"}),
    ("FREQ=YEARLY;BYMONTH=4;BYDAY=1TH", {"RecurrenceType": "6", "MonthOfYear": "4", "Instance": "1",
                                         "DayOfWeekMask": "16"}),
])
def test_rules(rule: str, words: "dict[str, str]") -> None:
    form = EVENT._replace(zone="")
    made = texts("VEVENT", form, "DTSTART:20060406T160000Z", f"RRULE:{rule}", "SUMMARY:a")
    assert made["IsRecurring"] == "1" and {name: made.get(name) for name in words} == words
    assert f"RRULE:{rule}" in lines(sif("appointment", **made), form)


def test_a_rule_without_words_is_kept_aside() -> None:
    body = (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//minisyncml//minisyncml//EN\r\n"
            b"BEGIN:VEVENT\r\nDTSTART:20060406T160000Z\r\n"
            b"SUMMARY:a\r\nRRULE:FREQ=HOURLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    there = convert(body, "text/calendar", EVENT)
    assert b"<IsRecurring>0</IsRecurring>" in there
    assert convert(there, EVENT.type, HUB, EVENT) == body


def test_exceptions_and_people() -> None:
    body = (b"<appointment><Start>20060406T160000Z</Start><End>20060406T170000Z</End><IsRecurring>1</IsRecurring>"
            b"<RecurrenceType>0</RecurrenceType><Interval>1</Interval><NoEndDate>1</NoEndDate><Exceptions><ExcludeDate>"
            b"20060408T160000Z</ExcludeDate><IncludeDate>20060409T180000Z</IncludeDate></Exceptions><Attendees><Attendee>"
            b"<AttendeeName>Ada</AttendeeName><AttendeeEmail>ada@example.org</AttendeeEmail><AttendeeStatus>1"
            b"</AttendeeStatus></Attendee></Attendees></appointment>")
    made = lines(body, EVENT._replace(zone=""))
    assert "EXDATE:20060408T160000Z" in made and "RDATE:20060409T180000Z" in made
    assert "ATTENDEE;CN=Ada;PARTSTAT=ACCEPTED:mailto:ada@example.org" in made
    assert "DTSTART;TZID=Europe/Berlin:20060406T180000" in lines(body, EVENT), "by the clock on the wall"


def test_a_task_is_done_on_a_day_of_the_clock_on_the_wall() -> None:
    body = sif("task", Subject="a", DateCompleted="2007-01-02")
    assert "COMPLETED:20070101T230000Z" in lines(body, TASK._replace(zone="Europe/Berlin"))
    assert "COMPLETED:20070102T000000" in lines(body, TASK)


def test_a_task() -> None:
    body = sif("task", Subject="a", StartDate="2007-01-01", DueDate="20070102T000000", Complete="0",
               PercentComplete="50", Status="3", Importance="2", Sensitivity="0", ReminderSet="1",
               ReminderTime="20070101T080000",
               TeamTask="0", DateCompleted="45001231T230000Z")
    assert lines(body, TASK) == [
        "DTSTART;VALUE=DATE:20070101", "DUE;VALUE=DATE:20070102", "SUMMARY:a", "CLASS:PUBLIC", "PRIORITY:1",
        "X-SIF-TEAMTASK:0", "STATUS:NEEDS-ACTION", "X-SIF-STATUS:3", "PERCENT-COMPLETE:50", "BEGIN:VALARM",
        "ACTION:DISPLAY", "TRIGGER:PT8H", "DESCRIPTION:a", "END:VALARM"]
    made = texts("VTODO", TASK, *lines(body, TASK))
    assert made["Status"] == "3" and made["DueDate"] == "2007-01-02" and made["ReminderTime"] == "20070101T080000"
    done = texts("VTODO", TASK, *(line.replace("NEEDS-ACTION", "COMPLETED") for line in lines(body, TASK)))
    assert (done["Status"], done["Complete"]) == ("2", "1")


@pytest.mark.parametrize("body", [b"<appointment>", b"<task/>", b"", b"<!DOCTYPE a [<!ENTITY b 'c'>]><appointment/>",
                                  b"BEGIN:VCALENDAR"])
def test_what_is_no_appointment(body: bytes) -> None:
    from minisyncml.content.formats import find
    format = find("text/x-s4j-sife")
    assert format is not None
    with pytest.raises(ItemError):
        format.read(body, EVENT)


def test_a_task_is_no_appointment() -> None:
    body = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nSUMMARY:a\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    with pytest.raises(ItemError, match="no place"):
        convert(body, "text/calendar", EVENT)


@pytest.mark.parametrize("type, kind", (("text/x-s4j-sife", "VEVENT"), ("text/x-s4j-sift", "VTODO")))
@pytest.mark.parametrize("crlf, wanted", ((True, b"<Body>one\r\ntwo</Body>"), (False, b"<Body>one\ntwo</Body>")))
def test_lines_of_a_text_end_as_the_client_wants(type: str, kind: str, crlf: bool, wanted: bytes) -> None:
    form = Form(type, "1.0", crlf=crlf)
    body = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:{kind}\r\nDESCRIPTION:one\\ntwo\r\nEND:{kind}\r\nEND:VCALENDAR\r\n"
    made = convert(body.encode(), "text/calendar", form)
    assert wanted in made and b"X-MINISYNCML-KEPT" not in made
    assert b"DESCRIPTION:one\\ntwo\r\n" in convert(made, type, HUB, form)
