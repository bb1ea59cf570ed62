"""`minisyncml convert`: items of one format made into another, from a file or a folder."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Iterator

from minisyncml.content.form import Form
from minisyncml.content.omafiles import safe_name
from minisyncml.errors import ItemError, UsageError
from minisyncml.gateway.itemfiles import CHOICES, Folder, Found, Made, files_in, items_of, made, named, write
from minisyncml.gateway.zone import zone_of

if TYPE_CHECKING:
    import argparse

WORDS = """formats: vcard2.1, vcard3.0, vcard4.0 and sifc are contacts; vcalendar, icalendar, sife (events) and sift
(tasks) are calendars; vnote, text, icalendar and sifn are notes; vbookmark and url are bookmarks; email and rfc822 are
mail; file (a file object of OMA DS) and raw are files. sif is the one for what an item is.
What it is made from shows in the file itself; --from says it where it does not."""


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("convert", help="make items of one format into another", epilog=WORDS)
    parser.add_argument("source", metavar="IN", help="a file, with many items if it likes, or a folder of files")
    parser.add_argument("result", nargs="?", default="-", metavar="OUT",
                        help="where to write: a file, or a folder for a folder; a folder for a file gets one file for "
                        "each item; - is standard output")
    parser.add_argument("--to", required=True, choices=CHOICES, metavar="FORMAT", help="the format wanted, see below")
    add_form_options(parser)
    parser.set_defaults(run=run)
    return parser


VERBS = {"convert": _add}


def add_form_options(parser: "argparse.ArgumentParser") -> None:
    """How items are read.

    :param parser: of a verb that reads or writes formats
    """
    parser.add_argument("--from", dest="given", choices=CHOICES, metavar="FORMAT", help="what the items are")
    parser.add_argument("--zone", metavar="NAME", help="the time zone of times that name none, as Europe/Berlin "
                        "(default: that of this machine)")
    parser.add_argument("--charset", default="utf-8", metavar="NAME", help="of texts that name none "
                        "(default: %(default)s)")


def source_form(args: "argparse.Namespace") -> Form:
    """How items are to be read.

    :param args: options of :func:`add_form_options`
    :returns: the form
    :raises UsageError: when there is no such zone or charset
    """
    import codecs
    try:
        codecs.lookup(args.charset)
    except (LookupError, ValueError):
        raise UsageError(f"{args.charset!r} is no charset") from None
    return Form(zone=zone_of(args.zone), charset_in=args.charset)


def run(args: "argparse.Namespace") -> int:
    """Convert a file or each file of a folder; what cannot be converted is named, and the rest goes on.

    :param args: source, result, to, given, zone, charset
    :returns: 0, or 1 when some items could not be converted
    :raises UsageError: when a file or folder cannot be read or written
    """
    job = _Job(args)
    sources, folder = files_in(args.source), os.path.isdir(args.source)
    if args.result != "-" and os.path.exists(args.result) and os.path.samefile(args.source, args.result):
        raise UsageError("IN and OUT are the same; what cannot be converted would get lost")
    if folder and args.result == "-":
        raise UsageError("converting a folder needs a folder to write to")
    if folder or args.result != "-" and (args.result.endswith(os.sep) or os.path.isdir(args.result)):
        job.to_folder(sources, Folder(args.result), whole=folder)
    else:
        job.to_file(sources[0], args.result)
    return 1 if job.failed else 0


class _Job:
    """One run: what was asked for, and whether something failed."""

    def __init__(self, args: "argparse.Namespace") -> None:
        self._choice: str = args.to
        self._source = source_form(args)
        self._form = Form(zone=self._source.zone)
        self._type = "" if args.given in (None, "sif") else named(args.given).type
        self.failed = False

    def _fail(self, reason: str) -> None:
        self.failed = True
        print(reason, file=sys.stderr)

    def _items(self, path: str) -> "Iterator[tuple[Found, Made]]":
        for item in items_of(path, self._fail, self._type):
            try:
                yield item, made(item, self._choice, self._form, self._source)
            except ItemError as error:
                self._fail(f"{item.label}: {error}")

    def to_file(self, source: str, result: str) -> None:
        """All items into one file."""
        parts: "list[bytes]" = []
        kind = None
        for item, one in self._items(source):
            if parts and kind is not None and not kind.many:
                self._fail(f"{item.label}: one file holds one item of {self._choice}; let OUT be a folder")
                continue
            parts.append(one.body)
            kind = one.kind
        if result == "-":
            sys.stdout.buffer.write(b"".join(parts))
        elif parts:
            write(result, b"".join(parts))

    def to_folder(self, sources: "list[str]", folder: Folder, whole: bool) -> None:
        """A file for each, or for each item where one file holds no more."""
        for source in sources:
            name = os.path.basename(source)
            stem = os.path.splitext(name)[0]
            parts: "list[bytes]" = []
            kind = None
            for _, one in self._items(source):
                if whole and one.kind.many:
                    parts.append(one.body)
                    kind = one.kind
                else:
                    _write_one(folder, stem, one)
            if kind is not None:
                folder.write(stem, kind.suffix, b"".join(parts), (name,))


def _write_one(folder: Folder, stem: str, one: Made) -> None:
    suffix = one.kind.suffix
    if one.name and one.kind == named("raw"):
        stem, suffix = os.path.splitext(safe_name(one.name))
    folder.write(stem, suffix, one.body)
