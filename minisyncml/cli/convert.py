"""`minisyncml convert`: items of one format made into another, from a file or a folder."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Iterable, Iterator, Optional

from minisyncml.cli.common import home_zone
from minisyncml.content.form import Form
from minisyncml.content.omafiles import safe_name
from minisyncml.errors import ItemError, UsageError
from minisyncml.gateway.itemfiles import CHOICES, Folder, Found, Kind, Made, files_in, items_of, made, named, write
from minisyncml.gateway.report import visible
from minisyncml.gateway.tailor import Tailor

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
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--to", choices=CHOICES, metavar="FORMAT", help="the format wanted, see below")
    wanted.add_argument("--for", dest="profile", metavar="NAME|FILE", help="as a phone with this profile gets items; "
                        "it loses what that cannot hold")
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
                        "(default: that of this machine, but for UTC)")
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
    return Form(zone=home_zone(args), charset_in=args.charset)


def run(args: "argparse.Namespace") -> int:
    """Convert a file or each file of a folder; what cannot be converted is named, and the rest goes on.

    :param args: source, result, to, given, zone, charset
    :returns: 0, or 1 when some items could not be converted
    :raises UsageError: when a file or folder cannot be read or written
    """
    source = source_form(args)
    paths, folder = files_in(args.source), os.path.isdir(args.source)
    if args.result != "-" and os.path.exists(args.result) and os.path.samefile(args.source, args.result):
        raise UsageError("IN and OUT are the same; what cannot be converted would get lost")
    if folder and args.result == "-":
        raise UsageError("converting a folder needs a folder to write to")
    into = folder or args.result != "-" and (args.result.endswith(os.sep) or os.path.isdir(args.result))
    output = Output(args.result, into)
    tailor = Tailor(args.profile, source) if args.profile else None

    def converted(path: str) -> "Iterator[tuple[Found, Made]]":
        for item in items_of(path, output.fail, given_type(args), whole=args.to == "file"):
            try:
                yield (item._replace(name=os.path.splitext(item.name)[0]), tailor.made(item) if tailor is not None
                       else made(item, args.to, Form(zone=source.zone), source))
            except ItemError as error:
                output.fail(f"{item.label}: {error}")

    for path in paths:
        if folder:
            output.take_file(os.path.basename(path), converted(path))
        else:
            output.take(converted(path))
    output.finish()
    return 1 if output.failed else 0


def given_type(args: "argparse.Namespace") -> str:
    """The media type that the user named.

    :param args: options of :func:`add_form_options`
    :returns: empty when there was none
    """
    return "" if args.given in (None, "sif") else named(args.given).type


class Output:
    """Where items go: one file, standard output, or a folder with a file for each.

    :param result: a path; - is standard output
    :param folder: whether it is a folder
    :param fresh: a folder has to be new or empty
    :ivar written: items
    :ivar failed: what was told by :meth:`fail`
    :raises UsageError: when the folder cannot be used
    """

    def __init__(self, result: str, folder: bool, fresh: bool = False) -> None:
        self.written = self.failed = 0
        self._result = result
        self._folder = Folder(result) if folder else None
        if fresh and folder and os.path.isdir(result) and os.listdir(result):
            raise UsageError(f"{result} is not empty; choose another folder")

    def fail(self, reason: str) -> None:
        """Say what did not work, and go on.

        :param reason: with the item's name
        """
        self.failed += 1
        print(visible(reason), file=sys.stderr)

    def take(self, pairs: "Iterable[tuple[Found, Made]]") -> None:
        """Write items: each into a file of its own where it is a folder.

        :param pairs: where each comes from, and the item
        :raises UsageError: when it cannot be written
        """
        if self._folder is None:
            data, _ = self._together(pairs)
            if self._result == "-":
                sys.stdout.buffer.write(data)
            elif data:
                write(self._result, data)
            return
        for item, one in pairs:
            stem, suffix = safe_name((one.name or item.name) + one.kind.suffix), one.kind.suffix
            if one.name and not suffix:
                stem, suffix = os.path.splitext(safe_name(one.name))
            self._folder.write(stem[:len(stem) - len(suffix)] if stem.endswith(suffix) else stem, suffix, one.body)
            self.written += 1

    def finish(self) -> None:
        """Make durable what went into a folder.

        :raises UsageError: when that fails
        """
        if self._folder is not None:
            self._folder.finish()

    def take_file(self, name: str, pairs: "Iterable[tuple[Found, Made]]") -> None:
        """Write the items of one file: into one where the format can hold several, else each into one of its own.

        :param name: of the file
        :param pairs: where each comes from, and the item
        :raises UsageError: when it cannot be written
        """
        assert self._folder is not None
        singles: "list[tuple[Found, Made]]" = []
        data, kind = self._together(pairs, singles)
        if kind is not None:
            self._folder.write(os.path.splitext(name)[0], kind.suffix, data, (name,))
        self.take((item._replace(name=os.path.splitext(name)[0]), one) for item, one in singles)

    def _together(self, pairs: "Iterable[tuple[Found, Made]]",
                  singles: "Optional[list[tuple[Found, Made]]]" = None) -> "tuple[bytes, Optional[Kind]]":
        parts: "list[bytes]" = []
        kind: "Optional[Kind]" = None
        for item, one in pairs:
            if singles is not None and not one.kind.many:
                singles.append((item, one))
            elif parts and not one.kind.many:
                self.fail(f"{item.label}: one file holds one item of this format; let it be a folder")
            else:
                parts.append(one.body)
                kind = one.kind
                self.written += 1
        return b"".join(parts), kind
