"""The rules of vCalendar 1.0 and those of iCalendar: tables, and occurrences told by somebody else."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisyncml.content import recurrence
from minisyncml.content.form import Form
from minisyncml.content.formats import convert
from minisyncml.content.lines import parse

OLD, NEW = Form("text/x-vcalendar", "1.0"), Form("text/calendar", "2.0")
START = "20060406T160000Z"      # a Thursday, the first one of the month


def new(rule: str, start: str = START, form: Form = OLD) -> str:
    """A rule of vCalendar 1.0 as iCalendar says it; empty when there is none."""
    lines = ["BEGIN:VCALENDAR", "VERSION:1.0", "BEGIN:VEVENT", f"DTSTART:{start}", rule, "END:VEVENT",
             "END:VCALENDAR", ""]
    made = convert("\r\n".join(lines).encode(), "text/x-vcalendar", NEW, form)
    made = made[made.index(b"BEGIN:VEVENT"):]       # time zones have rules too
    return next((each.value for each in parse(made) if each.name in ("RRULE", "EXRULE")), "")


def old(rule: str, start: str = START, form: Form = OLD) -> str:
    """A rule of iCalendar as vCalendar 1.0 says it; empty when it cannot."""
    body = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n"
            f"DTSTART{'' if start[0] == ';' else ':'}{start}\r\n{rule}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    made = convert(body.encode(), "text/calendar", form)
    return next((each.value for each in parse(made) if each.name in ("RRULE", "EXRULE")), "")


@pytest.mark.parametrize("before, after", [
    ("D1 #0", "FREQ=DAILY"),
    ("D2 #5", "FREQ=DAILY;INTERVAL=2;COUNT=5"),
    ("D1", "FREQ=DAILY;COUNT=2"),
    ("D1 1600 #3", "FREQ=DAILY;COUNT=3"),
    ("W1 TH 20060427T000000Z", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20060427T160000Z"),
    ("W1 TH 20060427T160000Z", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20060427T160000Z"),
    ("W1 TH 20060427T155959Z", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20060427T155959Z"),
    ("W1 TH 20060427", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20060427T160000Z"),
    ("W1 TH 2006-04-27", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20060427T160000Z"),
    ("W2 MO WE TH #0", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,TH"),
    ("W1 TU TH #5", "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=10"),            # five weeks
    ("W1 #4", "FREQ=WEEKLY;BYDAY=TH;COUNT=4"),
    ("w1 th #0", "FREQ=WEEKLY;BYDAY=TH"),
    ("MP1 1+ SU #2", "FREQ=MONTHLY;BYDAY=1SU;COUNT=2"),
    ("MP1 1- FR #0", "FREQ=MONTHLY;BYDAY=-1FR"),
    ("MP2 1+ 1- FR #3", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,1FR;COUNT=3"),
    ("MP1 1+ SU 2+ MO TU #0", "FREQ=MONTHLY;BYDAY=1SU,2MO,2TU"),
    ("MP1 #3", "FREQ=MONTHLY;BYDAY=1TH;COUNT=3"),
    ("MP12 1+ SU #0", "FREQ=YEARLY;BYMONTH=4;BYDAY=1SU"),
    ("MD1 6 #3", "FREQ=MONTHLY;BYMONTHDAY=6;COUNT=3"),
    ("MD1 LD #0", "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ("MD1 2- 15 #0", "FREQ=MONTHLY;BYMONTHDAY=-2,15"),
    ("MD3 #0", "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=6"),
    ("YM1 4 #2", "FREQ=YEARLY;BYMONTH=4;COUNT=2"),
    ("YM1 #0", "FREQ=YEARLY;BYMONTH=4"),
    ("YM2 1 6 20100101T000000Z", "FREQ=YEARLY;INTERVAL=2;BYMONTH=1,6;UNTIL=20100101T160000Z"),
    ("YD1 100 #0", "FREQ=YEARLY;BYYEARDAY=100"),
    ("YD1 #4", "FREQ=YEARLY;BYYEARDAY=96;COUNT=4"),
])
def test_to_icalendar(before: str, after: str) -> None:
    assert new(f"RRULE:{before}") == after
    assert new(f"EXRULE:{before}") == after


@pytest.mark.parametrize("rule", [
    "M60 #12", "D2 0600 1200 1500 #2", "YM1 6 #10 W1 TU TH #4", "W2 MO$ TU #2", "W1 XX #2", "MP1 9+ SU #2", "MD1 32 #2",
    "D0 #2", "", "D", "#2", "MP1 1+ SU 2+ #2", "D1 99999999T000000Z", "YD1 367 #1", "D1 #99999999999999"])
def test_what_icalendar_cannot_say_comes_back(rule: str) -> None:
    body = (f"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nDTSTART:{START}\r\nSUMMARY:a\r\nRRULE:{rule}\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n").encode()
    ours = convert(body, "text/x-vcalendar", NEW)
    assert b"\nRRULE" not in ours
    assert f"RRULE:{rule}\r\n".encode() in convert(ours, "text/calendar", OLD)


@pytest.mark.parametrize("before, after", [
    ("FREQ=DAILY", "D1 #0"),
    ("FREQ=DAILY;COUNT=3", "D1 #3"),
    ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "W1 MO TU WE TH FR #0"),
    ("FREQ=WEEKLY", "W1 TH #0"),
    ("FREQ=WEEKLY;COUNT=2", "W1 TH #2"),
    ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", "W1 TU TH 20060413T160000Z"),     # TH, TU, TH
    ("FREQ=WEEKLY;UNTIL=20060427", "W1 TH 20060427T160000Z"),
    ("FREQ=WEEKLY;UNTIL=20060427T000000Z", "W1 TH 20060426T160000Z"),
    ("FREQ=MONTHLY", "MD1 6 #0"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "MD1 LD #0"),
    ("FREQ=MONTHLY;BYDAY=-1SU;INTERVAL=2", "MP2 1- SU #0"),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2", "MP1 2+ MO #0"),
    ("FREQ=YEARLY", "YM1 4 #0"),
    ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=6", "YM1 4 #0"),
    ("FREQ=YEARLY;BYMONTH=4;BYDAY=1TH", "MP12 1+ TH #0"),
    ("FREQ=YEARLY;BYYEARDAY=100", "YD1 100 #0"),
    ("FREQ=WEEKLY;WKST=SU", "W1 TH #0"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ""),
    ("FREQ=YEARLY;BYWEEKNO=20", ""),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,TH", ""),
    ("FREQ=HOURLY", ""),
    ("FREQ=SECONDLY;COUNT=100000000", ""),
    ("FREQ=MONTHLY;BYMONTHDAY=31,30;COUNT=99999", ""),
    ("nonsense", ""),
])
def test_to_vcalendar(before: str, after: str) -> None:
    assert old(f"RRULE:{before}") == after


def test_weekdays_follow_the_clock_of_the_phone() -> None:
    berlin = OLD._replace(time="utc", zone="Europe/Berlin")
    assert old("RRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=2", ";TZID=Europe/Berlin:20060406T003000", berlin) == "W1 TH #2"
    # half past midnight in Tokyo is an afternoon in Berlin
    assert old("RRULE:FREQ=WEEKLY;BYDAY=TH", ";TZID=Asia/Tokyo:20060406T003000", berlin) == "W1 WE #0"


def test_a_phone_may_send_weekdays_by_its_own_clock_or_by_that_of_utc() -> None:
    berlin = OLD._replace(time="utc", zone="Europe/Berlin")
    assert new("RRULE:W1 TH #0", "20060405T223000Z", berlin) == "FREQ=WEEKLY;BYDAY=TH"
    assert new("RRULE:W1 WE #0", "20060405T223000Z", berlin) == "FREQ=WEEKLY;BYDAY=TH"
    assert new("RRULE:MD1 5 #0", "20060405T223000Z", berlin) == "FREQ=MONTHLY;BYMONTHDAY=6"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(("D", "W", "MP", "MD", "YM", "YD")), st.integers(1, 4), st.data(),
       st.dates(date(1990, 1, 1), date(2030, 12, 31)))
def test_the_days_are_those_that_somebody_else_finds(kind: str, interval: int, data: st.DataObject,
                                                     start: date) -> None:
    from dateutil.rrule import rrulestr
    some = {"min_size": 1, "max_size": 3, "unique": True}
    days = {"W": st.tuples(st.just(0), st.integers(0, 6)),
            "MP": st.tuples(st.sampled_from((-2, -1, 1, 2, 3, 4, 5)), st.integers(0, 6))}.get(kind)
    numbers = {"MD": st.sampled_from((-3, -1, 1, 6, 15, 29, 30, 31)), "YM": st.integers(1, 12),
               "YD": st.sampled_from((1, 60, 100, 365, 366))}.get(kind)
    rule = recurrence.Plain(kind, interval,
                            tuple(sorted(data.draw(st.lists(days, **some)))) if days is not None else (),
                            tuple(sorted(data.draw(st.lists(numbers, **some)))) if numbers is not None else ())
    words = recurrence.write_rule(recurrence.of_plain(rule, start))
    theirs = [when.date() for when, _ in zip(rrulestr(words, dtstart=datetime(start.year, start.month, start.day)),
                                             range(20)) if when.year < 2090]
    ours = [day for day, _ in zip(recurrence.occurrences(rule, start), range(20)) if day.year < 2090]
    assert ours == theirs


def test_a_rule_without_end_is_not_expanded() -> None:
    plain = recurrence.Plain("D", 1)
    assert recurrence.nth(plain, date(2006, 4, 6), 10 ** 9) is None
    never = recurrence.Plain("MD", 1, (), (31,))
    assert recurrence.nth(recurrence.Plain("MD", 12, (), (31,)), date(2006, 4, 6), 2) is None, "no April has 31 days"
    assert recurrence.nth(never, date(2006, 4, 6), 2) == date(2006, 7, 31)
    assert next(recurrence.occurrences(recurrence.Plain("D", 999_999), date(9998, 1, 1))) == date(9998, 1, 1)
