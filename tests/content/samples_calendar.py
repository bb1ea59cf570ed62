"""Events and tasks of iCalendar, one for each property that is known: what becomes of it in other formats."""

from __future__ import annotations

from typing import List, Tuple

EVENT = ("DTSTART:20060406T160000Z", "DTEND:20060406T163000Z", "SUMMARY:a")
TASK = ("DTSTART:20060406T160000Z", "DUE:20060407T160000Z", "SUMMARY:a")

#: (component and what is shown, the lines beside those above or in their place)
SAMPLES: "List[Tuple[str, Tuple[str, ...]]]" = [
    ("VEVENT SUMMARY", ()),
    ("VEVENT DESCRIPTION", ("DESCRIPTION:one\\ntwo\\, three\\; four",)),
    ("VEVENT LOCATION", ("LOCATION:Grüner Baum\\; hinten",)),
    ("VEVENT DTSTART, a day", ("DTSTART;VALUE=DATE:20060406", "DTEND;VALUE=DATE:20060408")),
    ("VEVENT DTSTART, no zone", ("DTSTART:20060406T160000", "DTEND:20060406T163000")),
    ("VEVENT DTSTART with TZID", ("DTSTART;TZID=Europe/Berlin:20060406T160000",
                                 "DTEND;TZID=Europe/Berlin:20060406T163000")),
    ("VEVENT DURATION", ("DTSTART:20060406T160000Z", "DURATION:PT30M")),
    ("VEVENT RRULE, daily", ("RRULE:FREQ=DAILY",)),
    ("VEVENT RRULE, weekly", ("RRULE:FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20060504T160000Z",)),
    ("VEVENT RRULE, monthly", ("RRULE:FREQ=MONTHLY;BYDAY=1SU;COUNT=2",)),
    ("VEVENT RRULE, yearly", ("RRULE:FREQ=YEARLY;BYMONTH=4;COUNT=2",)),
    ("VEVENT RRULE, BYSETPOS", ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",)),
    ("VEVENT RRULE, hourly", ("RRULE:FREQ=HOURLY;INTERVAL=6;COUNT=4",)),
    ("VEVENT EXRULE", ("RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY;BYDAY=SU")),
    ("VEVENT EXDATE", ("RRULE:FREQ=DAILY", "EXDATE:20060408T160000Z,20060409T160000Z")),
    ("VEVENT RDATE", ("RDATE:20060410T160000Z",)),
    ("VEVENT RDATE, a period", ("RDATE;VALUE=PERIOD:20060410T160000Z/PT2H",)),
    ("VEVENT VALARM, sound", ("BEGIN:VALARM", "ACTION:AUDIO", "TRIGGER:-PT15M", "END:VALARM")),
    ("VEVENT VALARM, text", ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:d", "TRIGGER:-PT15M", "END:VALARM")),
    ("VEVENT VALARM, mail", ("BEGIN:VALARM", "ACTION:EMAIL", "DESCRIPTION:b", "SUMMARY:c", "TRIGGER:-P1D",
                                "ATTENDEE:mailto:ada@example.org", "END:VALARM")),
    ("VEVENT VALARM, repeated", ("BEGIN:VALARM", "ACTION:AUDIO", "TRIGGER:-PT15M", "REPEAT:2", "DURATION:PT5M",
                                    "END:VALARM")),
    ("VEVENT VALARM at a time", ("BEGIN:VALARM", "ACTION:AUDIO", "TRIGGER;VALUE=DATE-TIME:20060406T150000Z",
                                    "END:VALARM")),
    ("VEVENT CATEGORIES", ("CATEGORIES:Work,Long\\, boring",)),
    ("VEVENT CLASS", ("CLASS:PRIVATE",)),
    ("VEVENT TRANSP", ("TRANSP:TRANSPARENT",)),
    ("VEVENT STATUS", ("STATUS:TENTATIVE",)),
    ("VEVENT PRIORITY", ("PRIORITY:1",)),
    ("VEVENT ATTENDEE",
     ("ATTENDEE;CN=Ada;PARTSTAT=ACCEPTED;RSVP=TRUE;ROLE=REQ-PARTICIPANT:mailto:ada@example.org",)),
    ("VEVENT ORGANIZER", ("ORGANIZER;CN=Ada:mailto:ada@example.org",)),
    ("VEVENT ATTACH, an address", ("ATTACH:http://example.org/a.pdf",)),
    ("VEVENT ATTACH, bytes", ("ATTACH;ENCODING=BASE64;VALUE=BINARY:AAECAwQ=",)),
    ("VEVENT URL", ("URL:http://example.org/",)),
    ("VEVENT UID", ("UID:a@example.org",)),
    ("VEVENT DTSTAMP", ("DTSTAMP:20060401T120000Z",)),
    ("VEVENT CREATED", ("CREATED:20060401T120000Z",)),
    ("VEVENT LAST-MODIFIED", ("LAST-MODIFIED:20060401T120000Z",)),
    ("VEVENT SEQUENCE", ("SEQUENCE:2",)),
    ("VEVENT GEO", ("GEO:37.386013;-122.082932",)),
    ("VEVENT RESOURCES", ("RESOURCES:Room,Screen",)),
    ("VEVENT RELATED-TO", ("RELATED-TO:b@example.org",)),
    ("VEVENT CONTACT", ("CONTACT:Bob\\, at the door",)),
    ("VEVENT COMMENT", ("COMMENT:b",)),
    ("VEVENT COLOR", ("COLOR:red",)),
    ("VEVENT X- properties", ("X-OTHER;X-PARAM=b:c",)),
    ("VTODO DUE", ()),
    ("VTODO DUE, a day", ("DTSTART;VALUE=DATE:20060406", "DUE;VALUE=DATE:20060407")),
    ("VTODO DUE with TZID", ("DTSTART;TZID=Europe/Berlin:20060406T160000",
                             "DUE;TZID=Europe/Berlin:20060407T160000")),
    ("VTODO STATUS, open", ("STATUS:NEEDS-ACTION",)),
    ("VTODO STATUS, begun", ("STATUS:IN-PROCESS",)),
    ("VTODO STATUS, done", ("STATUS:COMPLETED",)),
    ("VTODO STATUS, cancelled", ("STATUS:CANCELLED",)),
    ("VTODO COMPLETED", ("COMPLETED:20060407T120000Z",)),
    ("VTODO PERCENT-COMPLETE", ("PERCENT-COMPLETE:40",)),
    ("VTODO VALARM", ("BEGIN:VALARM", "ACTION:AUDIO", "TRIGGER:-PT15M", "END:VALARM")),
]


def calendar(name: str, lines: "Tuple[str, ...]") -> bytes:
    """A calendar with one item of a sample."""
    kind = name.split()[0]
    own = lines[:lines.index("BEGIN:VALARM")] if "BEGIN:VALARM" in lines else lines
    given = {line.partition(":")[0].partition(";")[0] for line in own}
    usual = [line for line in (EVENT if kind == "VEVENT" else TASK)
             if line.partition(":")[0] not in given and not ("DURATION" in given and line.startswith("DTEND"))]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//a//b//EN", f"BEGIN:{kind}", *usual, *lines, f"END:{kind}",
             "END:VCALENDAR", ""]
    return "\r\n".join(whole).encode()
