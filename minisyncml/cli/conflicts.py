"""`minisyncml conflicts`: the items that both sides changed and that wait for a person, and what is decided."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Iterator, Optional

from minisyncml.cli.common import add_common, datastores_of
from minisyncml.content.beside import Difference, differences, is_marked, marked
from minisyncml.errors import UsageError
from minisyncml.gateway.outcome import stamp
from minisyncml.gateway.report import visible
from minisyncml.gateway.solving import KEEP, Question, answer, questions
from minisyncml.store.base import Store

if TYPE_CHECKING:
    import argparse

LETTERS = {"o": "ours", "t": "theirs", "b": "both", "m": "merged", "e": "edit", "s": "skip", "q": "quit"}
NARROW = 24     #: columns of one side at least


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("conflicts", help="show and solve what `--conflict ask` left for you")
    parser.add_argument("local", nargs="*", default=[], metavar="[solve [ID]] NAME[=PLACE]",
                        help="solve one, or one after the other; without it they are only shown. A datastore is to be "
                        "named where it is outside the data folder")
    parser.add_argument("--keep", metavar="|".join((*KEEP, "FILE")), default="", help="what counts: our version, "
                        "theirs, both, both in one where they do not contradict, or what is in a file")
    parser.add_argument("--edit", action="store_true", help="edit both versions in $EDITOR; what you save counts")
    parser.add_argument("--peer", metavar="DEVICE", default="", help="with whom, where several have versions of theirs")
    parser.add_argument("--user", metavar="NAME", help="whose datastores, on a server with users")
    add_common(parser)
    parser.set_defaults(run=run)
    return parser


VERBS = {"conflicts": _add}


def run(args: "argparse.Namespace") -> int:
    """Show or solve.

    :param args: the options
    :returns: 1 while any is open, else 0
    :raises UsageError: when it is not clear which one is meant, or what is to count
    :raises StoreError: when a datastore cannot be read or written
    """
    solving = args.local[:1] == ["solve"]
    key = ""
    if solving:
        del args.local[0]
        if args.local and "/" in args.local[0].partition("=")[0]:
            key = args.local.pop(0)
    elif args.keep or args.edit:
        raise UsageError("say which one: conflicts solve NAME/NUMBER")
    with datastores_of(args, writing=solving) as stores:
        found = [(store, one) for name, store in stores for one in _refreshed(name, store, solving)
                 if args.peer in ("", one.device)]
        if solving:
            return _solve(args, found, key)
    _show(args, [one for _, one in found])
    return int(bool(found))


def _refreshed(name: str, store: Store, writing: bool) -> "Iterator[Question]":
    if writing:
        store.refresh()
    return questions(name, store)


def _show(args: "argparse.Namespace", found: "list[Question]") -> None:
    if args.json:
        import json
        print(json.dumps([_as_dict(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        print("\n".join(_table(one)))
    print(f"{len(found)} open; minisyncml conflicts solve ID" if found else "no conflict is open")


def _as_dict(one: Question) -> "dict[str, object]":
    theirs = one.conflict.theirs
    ours = one.mine.body if one.mine is not None else b""
    return {"id": one.key, "peer": one.conflict.peer, "title": one.title, "type": theirs.type,
            "ours": ours.decode("utf-8", "replace"), "theirs": theirs.body.decode("utf-8", "replace"),
            "merged": None if one.merged is None else one.merged.decode("utf-8", "replace"),
            "differences": [each._asdict() for each in differences(theirs.type, ours, theirs.body)[0]]}


def _table(one: Question) -> "list[str]":
    """Both versions side by side."""
    theirs, ours = one.conflict.theirs, one.mine.body if one.mine is not None else b""
    rows, equal = differences(theirs.type, ours, theirs.body)
    rows.insert(0, Difference("", "ours" if ours else "ours (deleted)", "theirs"))
    name = max(len(row.field) for row in rows)
    side = max(NARROW, min((_columns() - name - 8) // 2, max(len(row.ours) for row in rows)))
    lines = [f"{one.key}  {one.title}  (theirs: {one.device})"]
    for row in rows:
        left, right = _wrapped(row.ours, side), _wrapped(row.theirs, side)
        for at in range(max(len(left), len(right))):
            lines.append(f"  {row.field if not at else '':{name}}  {left[at] if at < len(left) else '':{side}} | "
                         f"{right[at] if at < len(right) else ''}".rstrip())
    lines.append(f"  {equal} more are equal" + ("; both can be merged" if one.merged is not None else ""))
    return [visible(line) for line in lines]


def _columns() -> int:
    try:
        return os.get_terminal_size(1).columns or 80
    except (OSError, ValueError):
        return 80


def _wrapped(text: str, width: int) -> "list[str]":
    return [text[at:at + width] for at in range(0, len(text), width)] or [""]


# -- solving


def _solve(args: "argparse.Namespace", found: "list[tuple[Store, Question]]", key: str) -> int:
    if key:
        found = [(store, one) for store, one in found if one.key == key]
        if not found:
            raise UsageError(f"{key} is no open conflict; minisyncml conflicts shows them")
        if len(found) > 1:
            raise UsageError(f"{key} is open with several: say --peer " + " or ".join(one.device for _, one in found)
                             + ", or --user NAME")
    elif args.keep or args.edit:
        raise UsageError("say which one: conflicts solve NAME/NUMBER")
    if not (args.keep or args.edit) and not (sys.stdin and sys.stdin.isatty()):
        raise UsageError("say what counts: --keep " + "|".join((*KEEP, "FILE")) + ", or --edit")
    left = 0
    for store, one in found:
        done = _one(args, store, one)
        left += not done
        if done is None:
            return 1
    return int(left > 0)


def _one(args: "argparse.Namespace", store: Store, one: Question) -> Optional[bool]:
    """Solve one; whether that was done, None to stop."""
    keep, body = args.keep, b""
    if not keep and not args.edit:
        print("\n".join(_table(one)))
        keep = _asked(one)
    if keep in ("skip", "quit"):
        return False if keep == "skip" else None
    if keep == "edit" or args.edit:
        keep, body = "", _edited(one)
    elif keep not in KEEP:
        keep, body = "", _read(args.keep)
    answer(store, one, keep, body, f"conflicts {stamp(time.time())}")
    store.checkpoint()
    print(f"{one.key}: {keep or 'your version'} counts; it goes out with the next sync")
    return True


def _asked(one: Question) -> str:
    """What a person at a terminal answers."""
    words = {letter: word for letter, word in LETTERS.items() if word != "merged" or one.merged is not None}
    question = ", ".join(f"[{word[0]}]{word[1:]}" for word in words.values())
    while True:
        try:
            said = input(f"keep {question}? ").strip().lower()
        except EOFError:
            return "quit"
        if said in words or said in words.values():
            return words.get(said, said)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"--keep wants {', '.join(KEEP)} or a file; {path}: "
                         f"{(error.strerror or str(error)).lower()}") from None


def _edited(one: Question) -> bytes:
    """What a person makes of both versions in an editor."""
    import tempfile
    ours = one.mine.body if one.mine is not None else b""
    start = one.merged.replace(b"\r\n", b"\n") if one.merged is not None else marked(ours, one.conflict.theirs.body)
    suffix = {"contacts": ".vcf", "calendar": ".ics", "tasks": ".ics"}.get(one.name, ".txt")
    try:
        with tempfile.TemporaryDirectory(prefix="minisyncml-") as folder:
            path = os.path.join(folder, one.key.replace("/", "-") + suffix)
            with open(path, "wb") as file:
                file.write(start)
            if _editor(path):
                raise UsageError("the editor gave up; nothing was changed")
            with open(path, "rb") as file:
                text = file.read()
    except OSError as error:
        raise UsageError(f"cannot edit: {(error.strerror or str(error)).lower()}") from None
    if is_marked(text):
        raise UsageError("the marks <<<<<<<, ======= and >>>>>>> are still there; nothing was changed")
    return text


def _editor(path: str) -> int:
    import shlex
    import subprocess
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    return subprocess.call([*shlex.split(command), path])
