"""A card for each property that is known here: what a table of conversions runs over."""

from __future__ import annotations

from minisyncml.content import formats
from minisyncml.content.form import Form

TYPES = {"2.1": "text/x-vcard", "3.0": "text/vcard", "4.0": "text/vcard"}
JPEG = "/9j/4AAQSkZJRgABAQEASABIAAD/2Q=="
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

#: (what it shows, the property lines of a vCard 3.0 beside N and FN)
SAMPLES: "list[tuple[str, tuple[str, ...]]]" = [
    ("N with additional names", ("N:Lovelace;Ada;Augusta,King;Countess;OBE",)),
    ("N with signs", ("N:O\\;Neil\\, Jr.;Back\\\\slash;;;",)),
    ("FN", ("FN:Dr. Ada Lovelace\\, OBE",)),
    ("NICKNAME", ("NICKNAME:Ada,Enchantress",)),
    ("NICKNAME with a comma", ("NICKNAME:Ada\\, the Countess",)),
    ("PHOTO embedded, JPEG", (f"PHOTO;TYPE=JPEG;ENCODING=b:{JPEG}",)),
    ("PHOTO embedded, PNG", (f"PHOTO;ENCODING=b;TYPE=PNG:{PNG}",)),
    ("PHOTO embedded, no type", (f"PHOTO;ENCODING=b:{JPEG}",)),
    ("PHOTO by address", ("PHOTO;VALUE=uri:http://example.org/a.jpg",)),
    ("BDAY", ("BDAY:1815-12-10",)),
    ("BDAY without dashes", ("BDAY:18151210",)),
    ("BDAY with a time", ("BDAY:1815-12-10T13:30:00Z",)),
    ("BDAY at midnight", ("BDAY:1815-12-10T00:00:00Z",)),
    ("BDAY without a year", ("BDAY:--1210",)),
    ("BDAY in words", ("BDAY;VALUE=text:in winter",)),
    ("ANNIVERSARY", ("ANNIVERSARY:1835-07-08",)),
    ("X-ANNIVERSARY", ("X-ANNIVERSARY:1835-07-08",)),
    ("X-EVOLUTION-ANNIVERSARY", ("X-EVOLUTION-ANNIVERSARY:1835-07-08",)),
    ("ADR", ("ADR;TYPE=HOME:PO 1;2nd floor;12 St James's Square;London;Greater London;SW1Y 4JH;UK",)),
    ("ADR with line breaks", ("ADR;TYPE=WORK:;;Line 1\\nLine 2\\, rear;Town;;;",)),
    ("ADR with several in one", ("ADR;TYPE=HOME,PREF:;;Line 1,Line 2;Town;;;",)),
    ("LABEL", ("ADR;TYPE=HOME:;;12 St James's Square;London;;;", "LABEL;TYPE=HOME:12 St James's Square\\nLondon")),
    ("LABEL of no address", ("LABEL;TYPE=WORK:Dean St 4\\nLondon",)),
    ("LABEL with quotation marks", ("ADR:;;A;B;;;", "LABEL:say \"A\" ^n\\nthen C:\\\\new")),
    ("TEL, cell", ("TEL;TYPE=CELL,VOICE:+44 20 7946 0000",)),
    ("TEL, work fax, preferred", ("TEL;TYPE=WORK,FAX,PREF:+44 20 7946 0001",)),
    ("TEL, pager, car, modem", ("TEL;TYPE=PAGER:1", "TEL;TYPE=CAR:2", "TEL;TYPE=MODEM,ISDN,BBS:3")),
    ("TEL with a pause", ("TEL;TYPE=HOME:+44\\,\\,12p34w#*",)),
    ("TEL with a type of its own", ("TEL;TYPE=X-Mine,HOME:+44 1",)),
    ("EMAIL", ("EMAIL;TYPE=INTERNET,PREF:ada@example.org", "EMAIL;TYPE=WORK:a.l@example.org")),
    ("MAILER", ("MAILER:Babbage Mail 1.0",)),
    ("TZ", ("TZ:-05:00",)),
    ("TZ by name", ("TZ;VALUE=text:Europe/London",)),
    ("GEO", ("GEO:51.507;-0.134",)),
    ("TITLE", ("TITLE:Analyst\\, Engines",)),
    ("ROLE", ("ROLE:Programmer",)),
    ("LOGO", (f"LOGO;TYPE=PNG;ENCODING=b:{PNG}",)),
    ("ORG", ("ORG:Analytical Engines\\, Ltd.;Research\\;Development;Room 1",)),
    ("ORG with a bare comma", ("ORG:Analytical Engines, Ltd.",)),
    ("CATEGORIES", ("CATEGORIES:Friends,Work",)),
    ("CATEGORIES with a comma", ("CATEGORIES:Friends\\, old ones,Work",)),
    ("NOTE", ("NOTE:first line\\n\\nthird\\, with comma\\; semicolon: colon",)),
    ("NOTE with umlauts", ("NOTE:Grüße aus Köln – 漢字 😀",)),
    ("NOTE with backslashes", ("NOTE:C:\\\\new\\\\dir \\\\\\\\server \\\\\\; end\\\\",)),
    ("NOTE with equals signs", ("NOTE:a =3D0D=0A b= ",)),
    ("NOTE, long", ("NOTE:" + "word " * 400 + "end",)),
    ("PRODID", ("PRODID:-//Example//Made up//EN",)),
    ("REV", ("REV:2008-11-10T22:27:10Z",)),
    ("SORT-STRING", ("SORT-STRING:Lovelace",)),
    ("SOUND", ("SOUND;TYPE=BASIC;ENCODING=b:AAEC",)),
    ("SOUND, how a name is read", ("SOUND;TYPE=X-IRMC-N:Rabu;Eda;;;",)),
    ("UID", ("UID:19950401-080045-40000F192713-0052",)),
    ("URL", ("URL;TYPE=WORK:http://example.org/a?b=1,2;c",)),
    ("CLASS", ("CLASS:PRIVATE",)),
    ("KEY", ("KEY;TYPE=X509;ENCODING=b:AAEC",)),
    ("KEY, PGP", ("KEY;TYPE=PGP;ENCODING=b:AAEC",)),
    ("KEY as text", ("KEY;TYPE=PGP:-----BEGIN\\nabc",)),
    ("AGENT inside", ("AGENT:BEGIN:VCARD\\nVERSION:3.0\\nFN:Max\\nEND:VCARD\\n",)),
    ("IMPP", ("IMPP;TYPE=HOME:xmpp:ada@example.org",)),
    ("X-JABBER", ("X-JABBER:ada@example.org",)),
    ("X-AIM and the like", ("X-AIM;TYPE=HOME:ada", "X-ICQ:1", "X-MSN:a@example.org", "X-YAHOO:ada", "X-SKYPE:ada")),
    ("KIND and MEMBER", ("KIND:group", "MEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af")),
    ("GENDER", ("GENDER:F;grrl",)),
    ("LANG", ("LANG;PREF=1:en", "LANG;PREF=2:fr")),
    ("RELATED", ("RELATED;TYPE=FRIEND:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",)),
    ("FBURL, CALURI", ("FBURL:http://example.org/fb", "CALURI:http://example.org/cal")),
    ("SOURCE", ("SOURCE:ldap://example.org/cn=Ada",)),
    ("groups", ("item1.TEL:+44 3", "item1.X-ABLabel:Summer house")),
    ("X- with its own parameter", ("EMAIL;TYPE=WORK;X-EVOLUTION-UI-SLOT=1:ada@example.org",)),
    ("X- with text", ("X-EVOLUTION-FILE-AS:Lovelace\\, Ada",)),
    ("X- in parts", ("X-ABRELATEDNAMES:a;b\\;c,d",)),
    ("X-EVOLUTION", ("X-EVOLUTION-SPOUSE:William", "X-EVOLUTION-MANAGER:Charles", "X-EVOLUTION-ASSISTANT:Max")),
    ("X-PHONETIC", ("X-PHONETIC-FIRST-NAME:Eda", "X-PHONETIC-LAST-NAME:Rabu")),
    ("LANGUAGE", ("TITLE;LANGUAGE=fr:Analyste",)),
    ("parameters of 4.0", ("N;SORT-AS=\"Lovelace,Ada\":Lovelace;Ada;;;", "TEL;PREF=2;TYPE=HOME:+44 4")),
    ("empty", ("TITLE:", "EMAIL:", "ADR;TYPE=HOME:;;;;;;", "CATEGORIES:")),
    ("equal ones", ("TEL;TYPE=HOME:+44 5", "TEL;TYPE=HOME:+44 5")),
]


#: the same for what only vCard 4.0 says, or says in another way
SAMPLES_40: "list[tuple[str, tuple[str, ...]]]" = [
    ("N with a sort key", ('N;SORT-AS="Harten,Rene":van der Harten;Rene,J.;Sir;R.D.O.N.;',)),
    ("FN in two languages", ("FN;ALTID=1;LANGUAGE=en:Ada", "FN;ALTID=1;LANGUAGE=fr:Ada de L.")),
    ("PHOTO embedded", (f"PHOTO:data:image/jpeg;base64,{JPEG}",)),
    ("PHOTO embedded, as in 3.0", (f"PHOTO;ENCODING=b;TYPE=JPEG:{JPEG}",)),
    ("PHOTO by address", ("PHOTO;MEDIATYPE=image/gif:http://example.org/a.gif",)),
    ("KEY embedded", ("KEY:data:application/pgp-keys;base64,AAEC",)),
    ("SOUND embedded", ("SOUND;PREF=1:data:audio/ogg;base64,AAEC",)),
    ("BDAY", ("BDAY:18151210",)),
    ("BDAY without a year", ("BDAY:--1210",)),
    ("BDAY without a day", ("BDAY:1815-12",)),
    ("BDAY with a time and a zone", ("BDAY:18151210T231000-0500",)),
    ("BDAY in words", ("BDAY;VALUE=text:circa 1800",)),
    ("ANNIVERSARY", ("ANNIVERSARY:18350708",)),
    ("DEATHDATE, BIRTHPLACE", ("DEATHDATE:18521127", "BIRTHPLACE:London\\, UK")),
    ("ADR with a label", ('ADR;LABEL="12 St James\'s Square\\nLondon";TYPE=home:;;12 St James\'s Square;London;;;',)),
    ("ADR with place and zone", ('ADR;GEO="geo:12.3457,78.910";TZ=Europe/London:;;A;B;;;',)),
    ("TEL as an address", ("TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+1-555-555-5555",)),
    ("TEL with an extension", ("TEL;VALUE=uri:tel:+1-555-555-5555;ext=5555",)),
    ("TEL by ranks", ("TEL;PREF=2;TYPE=home:1", "TEL;PREF=1;TYPE=work:2")),
    ("EMAIL", ("EMAIL;PID=4.1,5.2;TYPE=work:jdoe@example.com",)),
    ("IMPP, LANG", ("IMPP;PREF=1:xmpp:alice@example.com", "LANG;TYPE=work;PREF=1:en")),
    ("TZ by name", ("TZ:Raleigh/North America",)),
    ("TZ as an offset", ("TZ;VALUE=utc-offset:-0500",)),
    ("GEO", ("GEO:geo:37.386013,-122.082932",)),
    ("GEO with more", ("GEO:geo:37.386013,-122.082932;u=35",)),
    ("ORG with a sort key", ('ORG;SORT-AS="ABC":ABC\\, Inc.;North American Division;Marketing',)),
    ("KIND, MEMBER, RELATED", ("KIND:group", "MEMBER:urn:uuid:1", "RELATED;TYPE=friend:urn:uuid:2")),
    ("GENDER", ("GENDER:O;it's complicated",)),
    ("CLIENTPIDMAP", ("CLIENTPIDMAP:1;urn:uuid:3df403f4-5924-4bb7-b077-3c711d9eb34b",)),
    ("HOBBY, EXPERTISE", ("HOBBY;INDEX=1;LEVEL=high:reading", "EXPERTISE;LEVEL=expert:chemistry")),
    ("REV", ("REV:19951031T222710Z",)),
    ("XML", ("XML:<a xmlns=\"b\">c</a>",)),
]


def card(rows: "tuple[str, ...]", version: str = "3.0") -> bytes:
    """A vCard of a sample.

    :param rows: its lines
    :param version: whose lines they are
    :returns: the card, with N and FN
    """
    names = {row.partition(":")[0].partition(";")[0] for row in rows}
    frame = [row for row in ("N:Lovelace;Ada;;;", "FN:Ada Lovelace") if row[:row.index(":")] not in names]
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *frame, *rows, "END:VCARD", ""]).encode()


def convert(body: bytes, version: str) -> bytes:
    """A vCard of another version.

    :param body: of any version
    :param version: which is wanted
    :returns: the card
    """
    return formats.convert(body, "text/vcard", Form(TYPES[version], version))
