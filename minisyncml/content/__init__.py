"""What is inside the items: what they say, in which format, and what makes two of them the same thing to a person.

A body is told by its first lines (`kind`), read into the *hub* of its family, a list of properties that can say what
all its formats say, and written from there in another format (`formats`, where to begin). How somebody wants items is a
`form`. Nothing here knows stores, peers or sync.

Bodies
  as they are: `kind`, `title`, `uid`, `written`, `pieces` (files of many), `charsets`
  lists of properties: `lines`, `escapes`, `components` (their tree) · XML: `elements`
Formats, by family
  all: `formats`, `form`, `kept` (what a format cannot say, put aside in it), `sif` (what the SIF formats share)
  contacts: `cards`, `cardlines` (one property), `cardvalues` (one value), `sifc`
  calendars: `icalendar` (the hub), `vcalendar` with `fromvcalendar` and `tovcalendar`, `sifcalendar` with
  `fromsifcalendar` and `tosifcalendar`; `slots` (what got lost on the way), `alarms`, `people`
  notes: `notes` · bookmarks: `bookmarks` · mail: `mail` · files: `omafiles`; `omads` (what mail and files share)
Time
  `times` (values), `zones`, `vtimezone` (zones written down), `clocks` (a time by a peer's clock), `recurrence`,
  `schedule` (all of that in one item)
What a peer sees, and what it changed
  `view` (where to begin), `fields` (properties as they are compared), `caps` and `shape` (what goes to it), `photos`,
  `merge` (what was changed), `edit` (the change made in ours), `beside` (two versions for a person)
Which items are the same thing
  `facts` (what an item is known by), `moments`, `score`; `keys` (one text for each item, and keys of your own)
"""
