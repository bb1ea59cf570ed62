"""The names of datastores: one store answers to every spelling that clients and phones are known to use."""

from __future__ import annotations

from typing import Callable, Iterable, Optional

# Spellings in lower case, without ./ in front. Clients ship with them, phones let users type them, and some phones name
# their databases in the language of their menus.
SPELLINGS = {
    "contacts": ("contact", "card", "cards", "addressbook", "addressbooks", "address book", "phonebook", "people",
                 "vcard", "scard", "scard3", "telecom/pb.vcf", "pb.vcf", "con",
                 "kontakte", "adressbuch", "telefonbuch", "répertoire", "contactos", "contatti", "rubrica", "contatos",
                 "contacten", "contactpersonen", "kontakter", "yhteystiedot", "kontakty", "контакты", "névjegyek",
                 "kişiler"),
    "calendar": ("calendars", "cal", "agenda", "event", "events", "vcal", "vcalendar", "scal", "telecom/cal.vcs",
                 "cal.vcs", "ical",
                 "kalender", "calendrier", "calendario", "calendário", "kalenteri", "kalendarz", "kalendář",
                 "календарь", "naptár", "takvim"),
    "tasks": ("task", "todo", "todos", "to-do", "stask", "telecom/todo.vcs", "jobs",
              "aufgaben", "tâches", "tareas", "attività", "tarefas", "taken", "uppgifter", "opgaver", "oppgaver",
              "tehtävät", "zadania", "úkoly", "задачи", "feladatok", "görevler"),
    "notes": ("note", "memo", "memos", "memotoo", "snote", "text", "telecom/nt.vnt", "nt.vnt",
              "notizen", "notas", "appunti", "notities", "anteckningar", "noter", "notater", "muistiinpanot",
              "notatki", "poznámky", "заметки", "jegyzetek", "notlar"),
    "files": ("file", "briefcase"),
    "mail": ("email", "mails", "emails", "inbox"),
}
KINDS = {spelling: kind for kind, spellings in SPELLINGS.items() for spelling in (kind, *spellings)}


def resolve(uri: str, names: Iterable[str], kind_of: Callable[[str], str] = lambda uri: "",
            exact: bool = False) -> Optional[str]:
    """Which of our datastores a URI means.

    An exact name wins over one that differs in case, that over a known other spelling. A query part (filters of some
    phones), `./`, `/` and a server URL in front do not count.

    :param uri: a LocURI or a name as a user types it
    :param names: the names of our datastores
    :param kind_of: what a peer is known to keep behind a URI, empty where it is not
    :param exact: take nothing but an exact name
    :returns: one of `names`, or None
    """
    names = list(names)
    plain = _plain(uri)
    for spelling in (uri, plain):
        if spelling in names:
            return spelling
    if exact:
        return None
    folded = {name.lower(): name for name in reversed(names)}
    for key in (plain.lower(), plain.lower().rpartition("/")[2], kind_of(uri)):
        if key in folded:
            return folded[key]
        kind = KINDS.get(key)
        if kind is not None:
            for name in names:
                if KINDS.get(name.lower()) == kind:
                    return name
    return None


def _plain(uri: str) -> str:
    plain = uri.partition("?")[0]
    if "://" in plain:
        plain = plain.partition("://")[2].partition("/")[2]
    while plain.startswith(("./", "/")):
        plain = plain.partition("/")[2]
    return plain.strip().rstrip("/")
