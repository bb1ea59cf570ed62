"""The command `minisyncml`: takes arguments apart, runs a verb, turns errors into one line and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, Iterator, Optional, Sequence

from minisyncml import codec
from minisyncml.errors import Error
from minisyncml.gateway.config import read_config
from minisyncml.store.files import failure
from minisyncml.version import VERSION

#: the modules of this room that have verbs, most called like their verb: only the one that is wanted is loaded
VERBS = ("demo", "phone", "serve", "sync", "everyday", "status", "history", "conflicts", "restore", "dedupe",
         "convert", "items", "notify", "wbxml", "trace")
#: verbs that share a module with others
MODULES = {**dict.fromkeys(("contacts", "calendar", "tasks", "notes", "files"), "everyday"),
           "import": "items", "export": "items"}
POSITIONAL = ("target", "port", "local", "folder")
EXIT_CODES = """exit codes: 0 all synced; 1 some items failed or a conflict is open; 2 wrong usage; 3 could not connect;
4 credentials refused; 5 the peer broke the protocol; 6 data at risk, stopped"""


class Help(argparse.RawDescriptionHelpFormatter):
    """Knows the width by itself: argparse would load shutil, with three compressors, for each option.

    :param prog: the program's name
    """

    def __init__(self, prog: str, **more: Any) -> None:
        super().__init__(prog, width=_width() - 2, **more)


class Parser(argparse.ArgumentParser):
    """A parser with our help."""

    def __init__(self, **more: Any) -> None:
        more.setdefault("formatter_class", Help)
        super().__init__(**more)


def _width() -> int:
    """Columns of the terminal, 80 when there is none."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and len(columns) < 6 and int(columns) > 10:
        return int(columns)
    try:
        return max(os.get_terminal_size(1).columns, 0) or 80
    except (OSError, ValueError):
        return 80


def build_parser(verb: str = "") -> "tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]":
    """The parser of the command.

    :param verb: the only one that is wanted; all are there when this is none
    :returns: a parser whose result has `run`, the function of the verb; and the parsers of the verbs, and of the
        actions of those that have some, as `phone sync`
    """
    from importlib import import_module
    parser = Parser(
        prog="minisyncml", description="Synchronize contacts, calendars, tasks and notes over SyncML.",
        epilog=EXIT_CODES)
    parser.add_argument("--version", action="version", version=f"minisyncml {VERSION}\ncodec: {codec.IMPLEMENTATION}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    wanted = MODULES.get(verb, verb)
    modules = [import_module(f"minisyncml.cli.{name}") for name in VERBS if name == wanted or wanted not in VERBS]
    found: "dict[str, argparse.ArgumentParser]" = {}
    for module in modules:
        for name, add in module.VERBS.items():
            made = add(verbs)
            found.update(made if isinstance(made, dict) else {name: made})
    return parser, found


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Take arguments apart; what a config file sets stands in front of the options that are given.

    :param argv: the arguments without the program's name
    :returns: the options, and `run`
    :raises UsageError: when the config file cannot be used
    """
    parser, verbs = build_parser(next((word for word in argv if not word.startswith("-")), ""))
    args = _taken(parser, argv)
    if not getattr(args, "config", None):
        return args
    action = str(getattr(args, "action", ""))
    verb = f"{args.verb} {action}" if f"{args.verb} {action}" in verbs else str(args.verb)
    defaults = vars(verbs[verb].parse_args([]))
    kinds = {name: str if value is None else type(value) for name, value in defaults.items()
             if name not in ("run", "config")}
    found = read_config(args.config, verb, kinds)
    words = {name: found.pop(name) for name in POSITIONAL if name in found}
    at = list(argv).index(args.verb) + 1
    at = at if verb == args.verb else list(argv).index(action, at) + 1
    args = _taken(parser, [*argv[:at], *_arguments(found), *argv[at:]])
    for name, value in words.items():
        setattr(args, name, getattr(args, name) or value)
    return args


def _taken(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace:
    """Take arguments apart; argparse gives up at words that stand behind an option."""
    args, rest = parser.parse_known_args(argv)
    for name in POSITIONAL:
        if rest and not rest[0].startswith("-") and vars(args).get(name, "") is None:
            setattr(args, name, rest.pop(0))
    if rest and ("local" not in vars(args) or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        args.local = [*args.local, *rest]
    return args


def _arguments(options: "dict[str, object]") -> "Iterator[str]":
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            yield flag
        elif value is not False:
            yield from (f"{flag}={entry}" for entry in (value if isinstance(value, list) else [value]))


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run one command.

    :param argv: the arguments without the program's name; those of the process by default
    :returns: the exit code
    """
    try:
        args = parse(sys.argv[1:] if argv is None else argv)
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except Error as error:
        print(f"minisyncml: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # the reader of our output has left, or the disk that it goes to is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            print(f"minisyncml: {failure('the output', error)}", file=sys.stderr)
        return 1
