"""One property or element at a time of the formats that are no hub: what a table of conversions runs over."""

from __future__ import annotations

from typing import Tuple

#: lines of a vCalendar 1.0 beside start, end and summary
OLD_CALENDAR: "list[Tuple[str, Tuple[str, ...]]]" = [
    ("VEVENT SUMMARY", ("SUMMARY:b",)),
    ("VEVENT DESCRIPTION, quoted-printable", (
        "DESCRIPTION;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:one=0D=0Atw=C3=B6",)),
    ("VEVENT LOCATION", ("LOCATION:Room 1",)),
    ("VEVENT AALARM", ("AALARM:20060406T154500Z",)),
    ("VEVENT AALARM, repeated", ("AALARM:20060406T154500Z;PT5M;2;chime.wav",)),
    ("VEVENT DALARM", ("DALARM:20060406T154500Z;;;a",)),
    ("VEVENT MALARM", ("MALARM:20060406T154500Z;;;ada@example.org;a",)),
    ("VEVENT PALARM", ("PALARM:20060406T154500Z;;;file:///alarm",)),
    ("VEVENT RRULE, daily", ("RRULE:D1 #0",)),
    ("VEVENT RRULE, weekly", ("RRULE:W1 TU TH 20060504T160000Z",)),
    ("VEVENT RRULE, monthly by position", ("RRULE:MP1 1+ SU #2",)),
    ("VEVENT RRULE, monthly by day", ("RRULE:MD1 6 #3",)),
    ("VEVENT RRULE, yearly", ("RRULE:YM1 4 #2",)),
    ("VEVENT EXDATE", ("RRULE:D1 #0", "EXDATE:20060408T160000Z;20060409T160000Z")),
    ("VEVENT RDATE", ("RDATE:20060410T160000Z",)),
    ("VEVENT CATEGORIES", ("CATEGORIES:MEETING;PRIVATE",)),
    ("VEVENT CLASS", ("CLASS:CONFIDENTIAL",)),
    ("VEVENT STATUS", ("STATUS:CONFIRMED",)),
    ("VEVENT PRIORITY", ("PRIORITY:2",)),
    ("VEVENT TRANSP", ("TRANSP:1",)),
    ("VEVENT ATTENDEE", ("ATTENDEE;ROLE=ATTENDEE;STATUS=ACCEPTED;RSVP=YES:Ada <ada@example.org>",)),
    ("VEVENT ATTENDEE, who called", ("ATTENDEE;ROLE=ORGANIZER:Ada <ada@example.org>",)),
    ("VEVENT ATTACH", ("ATTACH;VALUE=URL:http://example.org/a.pdf",)),
    ("VEVENT URL", ("URL:http://example.org/",)),
    ("VEVENT UID", ("UID:a@example.org",)),
    ("VEVENT DCREATED", ("DCREATED:20060401T120000Z",)),
    ("VEVENT LAST-MODIFIED", ("LAST-MODIFIED:20060401T120000Z",)),
    ("VEVENT SEQUENCE", ("SEQUENCE:2",)),
    ("VEVENT RELATED-TO", ("RELATED-TO:b@example.org",)),
    ("VEVENT RESOURCES", ("RESOURCES:ROOM;PROJECTOR",)),
    ("VEVENT RNUM", ("RNUM:3",)),
    ("VEVENT X-EPOCAGENDAENTRYTYPE", ("X-EPOCAGENDAENTRYTYPE:APPOINTMENT",)),
    ("VEVENT X- properties", ("X-OTHER;X-PARAM=b:c",)),
    ("VTODO DUE", ("DUE:20060408T160000Z",)),
    ("VTODO STATUS, open", ("STATUS:NEEDS ACTION",)),
    ("VTODO STATUS, done", ("STATUS:COMPLETED",)),
    ("VTODO COMPLETED", ("STATUS:COMPLETED", "COMPLETED:20060407T120000Z")),
    ("VTODO PRIORITY", ("PRIORITY:3",)),
    ("VTODO AALARM", ("AALARM:20060406T154500Z",)),
]

_PLACES = [(f"{place}Address{part}", "x") for place in ("Home", "Business", "Other")
           for part in ("PostOfficeBox", "Street", "City", "State", "PostalCode", "Country")]
#: elements of a SIF-C beside the first and last name, and a value
SIF_CONTACT: "list[Tuple[str, str]]" = [
    ("MiddleName", "Augusta"), ("Title", "Countess"), ("Suffix", "OBE"), ("FileAs", "Lovelace, A."),
    ("NickName", "Ada"), ("JobTitle", "Analyst"), ("CompanyName", "Engines"), ("Department", "Research"),
    ("OfficeLocation", "Room 1"), ("Birthday", "1815-12-10"), ("Anniversary", "1835-07-08"), ("Body", "one&#10;two"),
    ("Categories", "Friends, Work"), ("Sensitivity", "2"), ("Spouse", "William"), ("ManagerName", "Charles"),
    ("AssistantName", "Max"), ("Children", "Byron"), ("Subject", "Ada L."), ("YomiFirstName", "Eda"),
    ("YomiLastName", "Rabu"), ("YomiCompanyName", "Enjin"), ("WebPage", "http://example.org/"),
    ("HomeWebPage", "http://example.org/h"), ("BusinessWebPage", "http://example.org/b"),
    *((name, "+44 1") for name in (
        "MobileTelephoneNumber", "PagerNumber", "CarTelephoneNumber", "HomeFaxNumber", "BusinessFaxNumber",
        "CompanyMainTelephoneNumber", "HomeTelephoneNumber", "BusinessTelephoneNumber", "OtherFaxNumber",
        "AssistantTelephoneNumber", "CallbackTelephoneNumber", "RadioTelephoneNumber", "TelexNumber",
        "PrimaryTelephoneNumber", "OtherTelephoneNumber")),
    ("Email1Address", "ada@example.org"), *_PLACES,
    *((name, "x") for name in (
        "BillingInformation", "ComputerNetworkName", "CustomerID", "Folder", "FTPSite", "GovernmentIDNumber", "Hobby",
        "IMAddress", "Initials", "Language", "Mileage", "OrganizationalIDNumber", "ReferredBy",
        "TTYTDDTelephoneNumber", "User1")),
    ("Gender", "1"), ("Importance", "1"),
]
#: of a SIF-E beside start, end and subject
SIF_EVENT: "list[Tuple[str, Tuple[Tuple[str, str], ...]]]" = [
    ("Subject", (("Subject", "b"),)), ("Body", (("Body", "one&#10;two"),)), ("Location", (("Location", "Room 1"),)),
    ("AllDayEvent", (("AllDayEvent", "1"), ("Start", "2006-04-06"), ("End", "2006-04-07"))),
    ("BusyStatus", (("BusyStatus", "3"),)), ("Categories", (("Categories", "Work, Private"),)),
    ("Importance", (("Importance", "2"),)), ("Sensitivity", (("Sensitivity", "2"),)),
    ("ReminderSet", (("ReminderSet", "1"), ("ReminderMinutesBeforeStart", "15"))),
    ("ReminderSoundFile", (("ReminderSet", "1"), ("ReminderMinutesBeforeStart", "15"),
                           ("ReminderSoundFile", "chime.wav"))),
    ("IsRecurring, daily", (("IsRecurring", "1"), ("RecurrenceType", "0"), ("Interval", "2"), ("NoEndDate", "1"))),
    ("IsRecurring, weekly", (("IsRecurring", "1"), ("RecurrenceType", "1"), ("Interval", "1"), ("DayOfWeekMask", "20"),
                             ("NoEndDate", "0"), ("Occurrences", "4"))),
    ("MeetingStatus", (("MeetingStatus", "1"),)), ("Companies", (("Companies", "x"),)),
    ("Mileage", (("Mileage", "12"),)), ("BillingInformation", (("BillingInformation", "x"),)),
    ("ReplyTime", (("ReplyTime", "20060401T120000Z"),)), ("Folder", (("Folder", "x"),)),
]
#: of a SIF-T beside start, due date and subject
SIF_TASK: "list[Tuple[str, Tuple[Tuple[str, str], ...]]]" = [
    ("Subject", (("Subject", "b"),)), ("Body", (("Body", "one&#10;two"),)), ("DueDate", (("DueDate", "2006-04-08"),)),
    ("Status", (("Status", "1"),)), ("Status, waiting", (("Status", "3"),)),
    ("PercentComplete", (("PercentComplete", "40"),)),
    ("Complete", (("Complete", "1"), ("Status", "2"), ("PercentComplete", "100"),
                  ("DateCompleted", "20060407T120000Z"))),
    ("Importance", (("Importance", "0"),)), ("Sensitivity", (("Sensitivity", "2"),)),
    ("Categories", (("Categories", "Work"),)), ("ReminderSet", (("ReminderSet", "1"),
                                                                 ("ReminderTime", "20060406T080000Z"))),
    ("ActualWork", (("ActualWork", "60"),)), ("TotalWork", (("TotalWork", "120"),)), ("Owner", (("Owner", "x"),)),
    ("TeamTask", (("TeamTask", "1"),)), ("Companies", (("Companies", "x"),)), ("Mileage", (("Mileage", "12"),)),
]
#: lines of a VJOURNAL beside its text
JOURNAL: "list[Tuple[str, Tuple[str, ...]]]" = [
    ("DESCRIPTION", ("DESCRIPTION:a\\nmarker\\, one\\ntwo",)), ("SUMMARY, the first line", ("SUMMARY:a",)),
    ("SUMMARY, something else", ("SUMMARY:Title",)), ("CATEGORIES", ("CATEGORIES:Private,Food\\, drink",)),
    ("CLASS", ("CLASS:PRIVATE",)), ("DTSTART", ("DTSTART;VALUE=DATE:20090401",)), ("COLOR", ("COLOR:yellow",)),
    ("STATUS", ("STATUS:FINAL",)), ("UID", ("UID:a@example.org",)), ("DTSTAMP", ("DTSTAMP:20090401T145153Z",)),
    ("CREATED", ("CREATED:20090401T145153Z",)), ("LAST-MODIFIED", ("LAST-MODIFIED:20090402T145153Z",)),
    ("ATTACH", ("ATTACH:http://example.org/a.png",)), ("X- properties", ("X-EXAMPLE;X-PARAM=1:c",)),
]
#: lines of a vNote beside its body
VNOTE: "list[Tuple[str, Tuple[str, ...]]]" = [
    ("BODY", ("BODY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:a=0D=0Amarker=0D=0A=C3=A4 two",)),
    ("DCREATED", ("DCREATED:20090401T145153Z",)), ("LAST-MODIFIED", ("LAST-MODIFIED:20090402T145153Z",)),
    ("CATEGORIES", ("CATEGORIES:Private,Food",)), ("CLASS", ("CLASS:PRIVATE",)),
    ("X-IRMC-LUID", ("X-IRMC-LUID:000001000000",)), ("X- properties", ("X-EXAMPLE:c",)),
]
#: elements of a SIF-N beside its body
SIF_NOTE: "list[Tuple[str, Tuple[Tuple[str, str], ...]]]" = [
    ("Body", (("Body", "a&#10;marker&#10;two"),)), ("Subject, the first line", (("Subject", "a"),)),
    ("Subject, something else", (("Subject", "Title"),)), ("Categories", (("Categories", "Private, Food"),)),
    ("Date", (("Date", "2009-04-01"),)), ("Color", (("Color", "3"),)),
    *((name, ((name, "80"),)) for name in ("Height", "Width", "Left", "Top")), ("Folder", (("Folder", "x"),)),
]
#: elements of an OMA email object beside the message
EMAIL: "list[Tuple[str, Tuple[Tuple[str, str], ...]]]" = [
    *((name, ((name, "true"),)) for name in ("read", "forwarded", "replied", "deleted", "flagged")),
    *((name, ((name, "20090409T080000Z"),)) for name in ("received", "created", "modified")),
    ("Ext", (("Ext", "<XNam>x-size</XNam><XVal>1234</XVal>"),)),
]
#: elements of an OMA file object beside its name and its content
FILE: "list[Tuple[str, Tuple[Tuple[str, str], ...]]]" = [
    ("name", (("name", "caf\u00e9 &amp; co.bin"),)), ("cttype", (("cttype", "application/x-made-up"),)),
    *((name, ((name, "20090401T120000Z"),)) for name in ("created", "modified", "accessed")),
    ("attributes", (("attributes", "<h>true</h><r>true</r>"),)),
    ("Ext", (("Ext", "<XNam>x-rating</XNam><XVal>5</XVal>"),)),
]
