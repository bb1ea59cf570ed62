"""Made-up notes, bookmarks, mails and files with everything in them that their formats can say."""

from __future__ import annotations

import base64
from typing import NamedTuple, Tuple


class Sample(NamedTuple):
    """One item. `version` is that of its type, as in DevInf."""

    name: str
    type: str
    version: str
    body: bytes


def lines(*texts: str) -> bytes:
    """Lines with CR LF behind each."""
    return "".join(text + "\r\n" for text in texts).encode()


def _journal(*inner: str) -> bytes:
    return lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//made up//EN", "BEGIN:VJOURNAL", *inner,
                 "END:VJOURNAL", "END:VCALENDAR")


def sif(*pairs: "Tuple[str, str]") -> bytes:
    """A SIF-N note of such elements."""
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in pairs)
    return f'<?xml version="1.0" encoding="UTF-8"?><note>{inner}</note>'.encode()


CONTENT = bytes(range(256)) * 3
MESSAGE = lines("From: Ada <ada@example.org>", "To: Charles <charles@example.org>", "Subject: =?utf-8?q?Caf=C3=A9?=",
                "Date: Thu, 09 Apr 2009 10:00:00 +0200", "MIME-Version: 1.0", "", "Dear Charles,", "",
                "a = b ]]> &amp;", ".", "trailing blank ", "äöü")
BOOKMARK = lines("BEGIN:VBKM", "VERSION:1.0", "URL;CHARSET=UTF-8:http://example.org/?q=1&r=2",
                 "TITLE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Caf=C3=A9", "X-FOLDER:News", "BEGIN:ENV",
                 "X-IRMC-URL;QUOTED-PRINTABLE:=", "[InternetShortcut] =", "URL=http://example.org/?q=1&r=2", "END:ENV",
                 "END:VBKM")
EMAIL = (b'<?xml version="1.0" encoding="UTF-8"?><Email><read>true</read><forwarded>false</forwarded>'
         b"<replied>true</replied><received>20090409T080000Z</received><created>20090409T075900Z</created>"
         b"<modified>20090410T080000Z</modified><deleted>false</deleted><flagged>true</flagged>"
         b"<Ext><XNam>x-size</XNam><XVal>1234</XVal></Ext>"
         b'<emailitem enc="base64">' + base64.b64encode(MESSAGE) + b"</emailitem></Email>")
FILE = (b'<?xml version="1.0" encoding="UTF-8"?><File><name>caf\xc3\xa9 &amp; co.bin</name>'
        b"<created>20090401T120000Z</created><modified>20090402T120000Z</modified><accessed>20090403T120000Z</accessed>"
        b"<attributes><h>false</h><s>false</s><a>true</a><d>true</d><w>true</w><r>true</r><x>false</x></attributes>"
        b"<cttype>application/x-made-up</cttype><size>768</size>"
        b"<Ext><XNam>x-rating</XNam><XVal>5</XVal></Ext>"
        b'<body enc="base64">' + base64.b64encode(CONTENT) + b"</body></File>")
FOLDER = (b"<Folder><name>Inbox</name><created>20090401T120000Z</created><attributes><h>true</h></attributes>"
          b"<role>inbox</role></Folder>")

SAMPLES = (
    Sample("plain text", "text/plain", "1.0", "Shopping\r\nbread, milk; eggs\r\n\r\näöü €\r\nC:\\new\r\n".encode()),
    Sample("one line", "text/plain", "1.0", b"Just a title"),
    Sample("nothing", "text/plain", "1.0", b""),
    Sample("journal without its title in the text", "text/calendar", "2.0", _journal(
        "UID:9f5b0c1e-6b1d-4c0e-9c50-0a1b2c3d4e5f", "DTSTAMP:20090401T145153Z", "CREATED:20090401T145153Z",
        "LAST-MODIFIED:20090402T145153Z", "SUMMARY:Shopping\\, today", "DESCRIPTION:bread\\, milk\\; eggs\\näöü",
        "CATEGORIES:Private,Food\\, drink", "CLASS:PRIVATE", "DTSTART;VALUE=DATE:20090401", "COLOR:yellow",
        "STATUS:FINAL", "X-EXAMPLE;X-PARAM=1:kept")),
    Sample("journal with its title in the text", "text/calendar", "2.0", _journal(
        "SUMMARY:Title", "DESCRIPTION:Title\\nand more")),
    Sample("journal of a title", "text/calendar", "2.0", _journal("SUMMARY:Only this")),
    Sample("journal of a text", "text/calendar", "2.0", _journal("DESCRIPTION:No title\\nat all")),
    Sample("vNote of a phone", "text/x-vnote", "1.1", lines(
        "BEGIN:VNOTE", "VERSION:1.1", "BODY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Shopping=0D=0Abread=2C milk; =",
        "eggs=0D=0A=C3=A4=C3=B6=C3=BC", "DCREATED:20090401T145153Z", "LAST-MODIFIED:20090402T145153Z",
        "CATEGORIES:Private,Food", "CLASS:PRIVATE", "X-IRMC-LUID:000001000000", "END:VNOTE")),
    Sample("SIF-N", "text/x-s4j-sifn", "1.1", sif(
        ("SIFVersion", "1.1"), ("Subject", "Shopping"), ("Body", "Shopping\r\nbread &amp; milk\r\näöü"),
        ("Categories", "Private, Food"), ("Date", "2009-04-01"), ("Color", "3"), ("Height", "166"), ("Width", "200"),
        ("Left", "80"), ("Top", "81"), ("Folder", "DEFAULT_FOLDER"))),
    Sample("vBookmark", "text/x-vbookmark", "1.0", BOOKMARK),
    Sample("shortcut", "application/x-mswinurl", "", lines("[InternetShortcut]", "URL=http://a.example/", "Title=Caf")),
    Sample("message", "message/rfc822", "", MESSAGE),
    Sample("email object", "application/vnd.omads-email+xml", "1.2", EMAIL),
    Sample("plain file", "application/octet-stream", "", CONTENT),
    Sample("file object", "application/vnd.omads-file+xml", "1.2", FILE),
    Sample("folder object", "application/vnd.omads-folder+xml", "1.2", FOLDER),
)
