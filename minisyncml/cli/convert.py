"""`minisyncml convert`: vCards of one version made into another, from a file or a folder."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Iterator

from minisyncml.content.cards import VERSIONS as CARDS
from minisyncml.content.cards import convert
from minisyncml.content.pieces import pieces
from minisyncml.errors import ItemError, UsageError
from minisyncml.store.files import Files

if TYPE_CHECKING:
    import argparse


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("convert", help="make vCards of one version into another")
    parser.add_argument("source", metavar="IN", help="a file, with many items if it likes, or a folder of files")
    parser.add_argument("result", nargs="?", default="-", metavar="OUT",
                        help="where to write: a file, or a folder for a folder; - is standard output")
    parser.add_argument("--to", required=True, choices=[f"vcard{version}" for version in CARDS], help="the form wanted")
    parser.set_defaults(run=run)
    return parser


VERBS = {"convert": _add}


def run(args: "argparse.Namespace") -> int:
    """Convert a file or each file of a folder; what cannot be converted is named, and the rest goes on.

    :param args: source, result, to
    :returns: 0, or 1 when some items could not be converted
    :raises UsageError: when a file or folder cannot be read or written
    """
    version = str(args.to)[len("vcard"):]
    try:
        if args.result != "-" and os.path.exists(args.result) and os.path.samefile(args.source, args.result):
            raise UsageError("IN and OUT are the same; what cannot be converted would get lost")
        if not os.path.isdir(args.source):
            return _file(args.source, args.result, version)
        if args.result == "-":
            raise UsageError("converting a folder needs a folder to write to")
        os.makedirs(args.result, exist_ok=True)
        names = sorted(entry.name for entry in os.scandir(args.source)
                       if entry.is_file() and not entry.name.startswith("."))
        return max([_file(os.path.join(args.source, name), os.path.join(args.result, name), version)
                    for name in names], default=0)
    except OSError as error:
        raise UsageError(f"cannot convert {error.filename}: {(error.strerror or str(error)).lower()}") from None


def _file(source: str, result: str, version: str) -> int:
    with open(source, "rb") as file:
        data = file.read()
    failed: "list[str]" = []
    done = b"".join(_items(data, version, failed))
    for reason in failed:
        print(f"{source}: {reason}", file=sys.stderr)
    if result == "-":
        sys.stdout.buffer.write(done)
    elif done:
        _replace(result, done)
    return 1 if failed else 0


def _replace(path: str, data: bytes) -> None:
    """A file that is there stays whole until the new one is."""
    files, beside = Files(), f"{path}.{os.getpid()}.tmp"
    fd = files.open(beside, fresh=True, mode=0o666)
    try:
        files.write(fd, data, 0)
        files.sync(fd)
    finally:
        files.close(fd)
    files.replace(beside, path)


def _items(data: bytes, version: str, failed: "list[str]") -> "Iterator[bytes]":
    number = 0
    for number, item in enumerate(pieces(data), 1):
        try:
            yield convert(item, version)
        except ItemError as error:
            failed.append(f"item {number}: {error}")
    if not number:
        failed.append("there is no item in it")
